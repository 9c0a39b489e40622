/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * checkpoint - owns `checkpoint`: an image of a running container on disk, made by criu(8), for those who want to look
 * into it. The container goes on: there is no way back from an image (see checkpoint_check()).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "command.h"

struct arena;
struct error;

#define CHECKPOINT_ARGS_MAX 64

struct checkpoint_options {
	const char *image_path; /* absolute, as the next two */
	const char *work_path;
	const char *parent_path; /* --prev-images-dir: relative to image_path, as criu has it */
	bool leave_running;
	bool tcp_established;
	bool ext_unix_sk;
	bool shell_job;
	bool lazy_pages;
	bool status_fd;		 /* was given */
	const char *page_server; /* ADDRESS:PORT */
	bool file_locks;
	bool pre_dump;
	const char *manage_cgroups_mode; /* NULL: criu's default, soft */
	const struct option_list *empty_ns;
	bool auto_dedup;
};

/**
 * checkpoint_check() - What cannot be done, or would be of no use, before anything is
 *
 * Without --leave-running criu ends the container, and this version cannot restore one: refused, and so is what only
 * helps a restore (--lazy-pages, --status-fd). Modes, namespaces and addresses are checked too. -EINVAL, -ENOTSUP.
 */
int checkpoint_check(const struct checkpoint_options *options, struct error *err);

/**
 * checkpoint_args() - criu's words
 * @init:	the container's first process, as the host sees it
 * @freezer:	folder of its freezer, or NULL
 * @ret:	CHECKPOINT_ARGS_MAX; the first is criu's name; NULL-terminated; in @arena or borrowed
 */
int checkpoint_args(const struct checkpoint_options *options, pid_t init, const char *freezer,
		    struct arena *arena, const char **ret, struct error *err);

/* Runs criu for a container that runs. "criu is not installed" where it is not. */
int checkpoint_container(const struct globals *globals, const char *id,
			 const struct checkpoint_options *options, struct error *err);
