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

/* A procfs of the container's pid namespace, detached: `pidns=` of Linux 6.17, a helper inside it before. */
int mount_tree_new_proc(struct container *c, struct error *err);

void mount_tree_done(struct container *c);
