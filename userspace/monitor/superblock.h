/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * superblock - owns the process that builds a container's FUSE file system inside the container's user namespace, and hands
 * its files, each a detached mount, to `bulwark create`.
 */
#pragma once

#include <sys/types.h>

struct error;
struct monitor_message;

struct superblock {
	int dev_fd;	 /* the host's /dev */
	int empty_ns_fd; /* a mount namespace with nothing in it */
	int control_fd;	 /* to `bulwark create`: FILES and READY go there */
};

/* Forks the builder, which waits for a user namespace. @ret_sock is the caller's. */
int superblock_start(const struct superblock *superblock, pid_t *ret_pid, int *ret_sock,
		     struct error *err);

/* The builder goes on when it has been sent USERNS with a descriptor. */
int superblock_go(int sock, const struct monitor_message *userns, int userns_fd, struct error *err);

/**
 * superblock_hear() - Wait until it has made the superblock
 * @ret_fuse_fd: /dev/fuse, connected, not served yet; owned by the caller
 *
 * Then the builder waits for somebody to serve, sends, and exits: 0, or not when something failed.
 */
int superblock_hear(int sock, int *ret_fuse_fd, struct error *err);
