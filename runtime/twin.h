/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * twin - owns the twin overlay: an engine's overlay root put together again on id-mapped clones of its layers.
 *
 * A merged overlay cannot be id-mapped (EINVAL), its layers can. The twin has the engine's lower and upper folders and a
 * work folder of its own beside the upper one: two overlays on one work folder destroy each other's copy-ups. It is made
 * with the container root's fsuid, or overlayfs, which acts with its maker's credentials, could not write to the upper
 * layer and would silently be read-only. Nothing on disk is chowned: 0:0 stays 0:0.
 */
#pragma once

#include <stdint.h>

struct error;
struct mountinfo_entry;
struct source_view;
struct twin;

#define TWIN_WORK_NAME "work-bulwark"
#define TWIN_LAYERS_MAX 512 /* overlayfs takes 500 */

/**
 * twin_plan() - Read the engine's overlay and open its layers
 * @overlay:	its mount; borrowed
 *
 * Each layer is checked to be out of other users' reach (source_check_layer()). @ret is owned by the caller.
 */
int twin_plan(const struct mountinfo_entry *overlay, struct source_view *view, struct twin **ret,
	      struct error *err);

/* Absolute path of the work folder that twin_mount() makes; NULL for a read-only overlay without an upper layer. */
const char *twin_work_path(const struct twin *twin);

/**
 * twin_mount() - Clone, id-map, assemble
 * @userns_fd:	the container's user namespace
 * @scratch_path: a folder of ours to attach clones below in this mount namespace, where the kernel needs that
 *
 * The caller's fsuid and fsgid are the container root's, its capabilities complete, its mount namespace private.
 * Return: a detached mount, owned by the caller.
 */
int twin_mount(struct twin *twin, int userns_fd, const char *scratch_path, struct error *err);

void twin_free(struct twin *twin); /* accepts NULL */

/* Removes the work folder of a container that is gone: only a path that twin_work_path() could have given. */
int twin_remove_work(const char *work_path, struct error *err);
