/* SPDX-License-Identifier: GPL-2.0-or-later */
/* claim - owns what a create takes for its container before anything is built: its name and state folder, ids, a cgroup. */
#pragma once

struct container;
struct error;

/**
 * claim_container() - Take the container's name and its ids
 *
 * The state folder is the lock. Its ids are a block of its own, or, where the spec says so, those of a user namespace that
 * is joined, or mappings that the spec brings. All of it is on record before it is used.
 */
int claim_container(struct container *c, struct error *err);

/* Says which cgroup it is to be, and puts that on record. */
int claim_plan_cgroup(struct container *c, struct error *err);

/* Makes it, with its limits. With systemd's driver once there is an init, because a scope starts around a process. */
int claim_make_cgroup(struct container *c, struct error *err);
