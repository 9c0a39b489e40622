/* SPDX-License-Identifier: GPL-2.0-or-later */
/* init - owns I: the child of R that makes the container's namespaces, seals its mounts, waits, and becomes the process. */
#pragma once

struct container;
struct error;

/*
 * In who clones I from inside another's namespaces, where others are: its root, and then that of I, is the container's state folder, in which it may look up nothing, until there is the
 * container's own.
 */
int init_leave_root(const struct container *c, struct error *err);

/* In I, or in who clones it: closes all of R's descriptors but those that I needs. */
int init_close_inherited(struct container *c, struct error *err);

/* Runs in the child that clone3(2) made, and never returns. */
_Noreturn void init_main(struct container *c);
