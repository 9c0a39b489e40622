/* SPDX-License-Identifier: GPL-2.0-or-later */
/* mount_tree - owns the mounts section at work: opens its sources, then mounts all of it below the new root. */
#pragma once

struct container;
struct error;

/* Opens and decides about each bind's source, in M1 and before anything of the container exists. */
int mount_tree_plan(struct container *c, struct error *err);

/**
 * mount_tree_build() - Everything of mounts[], in order, then the nodes of /dev and the terminal's /dev/console
 *
 * The caller is R: initial user namespace, all capabilities, fsuid and fsgid of the container's root, in the
 * container's network, ipc and cgroup namespaces (sysfs, mqueue and cgroup take those of their maker), and c->root_fd
 * is attached in its mount namespace.
 */
int mount_tree_build(struct container *c, struct error *err);

/* What is asked to be read-only and is filled first, by then: before the pivot, after the last hook that may write. */
int mount_tree_finish(struct container *c, struct error *err);

/**
 * mount_tree_propagate() - "shared", "slave", "unbindable" and their like, of every mount that is reached by its name
 *
 * The caller is I, sealed: a peer group made before would be that of the tree which vanishes. Nothing leaves the
 * container by this: no mount of it has a peer elsewhere, and binds that ask for one are refused (mounts_check()).
 */
int mount_tree_propagate(const struct container *c, struct error *err);

/* A procfs of the container's pid namespace, detached: `pidns=` of Linux 6.17, a helper inside it before. */
int mount_tree_new_proc(struct container *c, struct error *err);

void mount_tree_done(struct container *c);
