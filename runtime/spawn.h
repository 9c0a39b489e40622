/* SPDX-License-Identifier: GPL-2.0-or-later */
/* spawn - owns the making of I, the container's first process, as a child of R: in namespaces of its own, or in others'. */
#pragma once

struct container;
struct error;

/**
 * spawn_init() - Clone I, map its ids, put it into the cgroups, let it go on
 *
 * Where the container joins another's user namespace, a middle process enters that, and all that belongs to it, and
 * clones I from there, with CLONE_PARENT, so that I is R's child all the same. Sets the container's init_pid,
 * init_pidfd, sock, userns_fd, pidns_fd, and state.init, which is saved before I runs.
 */
int spawn_init(struct container *c, struct error *err);

/* Waits until I has its namespaces, sets the clocks' offsets, waits until I has finished with its names. */
int spawn_finish_namespaces(struct container *c, struct error *err);
