/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * files - owns the file system as FUSE sees it: the tree of emulation.h, open files, and flat names for what is mounted.
 *
 * In the root there is "proc!meminfo" beside "proc": one name for each path of emu_mounts(), so that the builder of the mounts
 * (superblock.c) learns of all of them by reading one folder, and not by a request for each.
 */
#pragma once

#include <stddef.h>

struct emu;
struct error;
struct files;
struct fuse_session;
struct shared;

/* @shared is borrowed, and @emu. @ret is owned by the caller, who never frees it: it lives as long as the process. */
int files_new(struct emu *emu, struct shared *shared, struct files **ret, struct error *err);

/* A libfuse session that answers with these files; not connected yet. NULL: no memory. */
struct fuse_session *files_session(struct files *files);

/* The flat name of a path, "/proc/meminfo": -ENAMETOOLONG. */
int files_flat_name(const char *path, char *buf, size_t size);
