/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * join - owns what a container shares with others: it opens each namespace that the spec names by path, once, and decides
 * whose it is.
 *
 * Two kinds may be joined. One that belongs to the user namespace of another container: then that user namespace is
 * joined, too, and with it the other's ids. And a network namespace that belongs to the host's user namespace without
 * being the host's own: engines make such for containers. The container keeps a user namespace of its own then, and its
 * root has no power over that network.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "namespaces.h"

struct error;

struct joined {
	int fds[NS_TYPES];     /* -EBADF: the container gets a new one */
	uint64_t userns_inode; /* of fds[NS_USER] */
	bool network_is_hosts; /* the network namespace belongs to the host's user namespace */
};

#define JOINED_INIT                                                                                \
	{                                                                                          \
		.fds = { -EBADF, -EBADF, -EBADF, -EBADF, -EBADF, -EBADF, -EBADF, -EBADF }          \
	}

/**
 * join_open() - Open and check all paths of linux.namespaces
 * @ret:	initialised by JOINED_INIT; join_done() closes
 *
 * Return: 0; -EPERM where a namespace is the host's, or belongs to neither kind; -EINVAL where a path leads to something
 * else; -ENOTSUP for mount and cgroup namespaces, which a container always has for itself.
 */
int join_open(const struct namespaces *ns, struct joined *ret, struct error *err);
void join_done(struct joined *joined);

static inline bool join_has(const struct joined *joined, enum ns_type type)
{
	return joined->fds[type] >= 0;
}

/* setns(2) into all but the user and the network namespace; then into the user namespace. In a process that is to be
 * the parent of the container's first one. */
int join_enter(const struct joined *joined, struct error *err);
