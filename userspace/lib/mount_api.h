/* SPDX-License-Identifier: GPL-2.0-or-later */
/* mount_api - owns the thin layer over fsopen(2), fsmount(2), open_tree(2), move_mount(2), mount_setattr(2). */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct error;

/* A file system context with the log of the kernel behind it; close the descriptor with fd_close(). */
int mount_fs_open(const char *fs_type, struct error *err);

/* fsconfig(2): "key=value" or "flag". */
int mount_fs_set(int fs_fd, const char *key, const char *value, struct error *err);
int mount_fs_set_fd(int fs_fd, const char *key, int fd, struct error *err);

/**
 * mount_fs_create() - Make the superblock and a detached mount of it
 * @attr:	MOUNT_ATTR_* of the mount
 *
 * Return: a mount descriptor owned by the caller, or -errno with the kernel's own words, if it left any.
 */
int mount_fs_create(int fs_fd, uint64_t attr, struct error *err);

/* The file system of a mount that is there, to be changed by mount_fs_set() and then mount_fs_reconfigure(). */
int mount_fs_pick(int mount_fd, struct error *err);
int mount_fs_reconfigure(int fs_fd, struct error *err);

/* The mount's id, if @fd (any descriptor, also O_PATH) is the root of one: -EINVAL, without a text, if it is not. */
int mount_id(int fd, uint64_t *ret, struct error *err);

/* Detached copy of the mount behind @fd: what @fd points to becomes its root. */
int mount_clone(int fd, bool recursive, struct error *err);

/* Sets and clears MOUNT_ATTR_*; @propagation 0: leave, or MS_PRIVATE, MS_SLAVE... */
int mount_change(int mount_fd, uint64_t set, uint64_t clear, uint64_t propagation, bool recursive,
		 struct error *err);

/* MOUNT_ATTR_IDMAP on a detached mount. */
int mount_idmap(int mount_fd, int userns_fd, bool recursive, struct error *err);

/* Attaches a detached mount on what @target_fd (O_PATH) points to, and on nothing else. */
int mount_attach(int mount_fd, int target_fd, struct error *err);
