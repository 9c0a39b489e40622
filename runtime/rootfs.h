/* SPDX-License-Identifier: GPL-2.0-or-later */
/* rootfs - owns the container's root: what kind it is, mounting it under the container's ids, making it "/". */
#pragma once

struct container;
struct error;

/* Resolves root.path, decides between twin overlay and id-mapped folder, opens what will be mounted. After M1. */
int rootfs_plan(struct container *c, struct error *err);

/**
 * rootfs_mount() - Mount the root over the place the spec names, in this mount namespace
 *
 * There hooks of the runtime namespace find it. Sets c->root_fd. The caller's fsuid is the container root's.
 */
int rootfs_mount(struct container *c, struct error *err);

/* root.readonly, then pivot_root(2): R and I, and whoever stood in the old root, stand in the new one. */
int rootfs_pivot(struct container *c, struct error *err);
