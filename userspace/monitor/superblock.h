/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * superblock - owns the process that builds a container's FUSE file system inside the container's user namespace, and hands
 * its files, each a detached mount, to `bulwark create`.
 */
#pragma once

#include <sys/types.h>

struct error;

struct superblock {
	int userns_fd;	/* the container's */
	int dev_fd;	/* the host's /dev */
	int control_fd; /* to `bulwark create`: FILES and READY go there */
};

/* Forks the builder. @ret_sock, owned by the caller, is for superblock_hear(). */
int superblock_start(const struct superblock *superblock, pid_t *ret_pid, int *ret_sock,
		     struct error *err);

/**
 * superblock_hear() - Wait until it has made the superblock
 * @ret_fuse_fd: /dev/fuse, connected, not served yet; owned by the caller
 *
 * Then the builder waits for somebody to serve, sends, and exits: 0, or not when something failed.
 */
int superblock_hear(int sock, int *ret_fuse_fd, struct error *err);
