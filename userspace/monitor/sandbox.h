/* SPDX-License-Identifier: GPL-2.0-or-later */
/* sandbox - owns what keeper and worker give up. */
#pragma once

#include <sys/types.h>

struct error;

/* The keeper: a mount namespace with an empty, read-only root, of its own. What is open stays open. */
int sandbox_leave_mounts(struct error *err);

/* The keeper, early: the capabilities that it will not need later, for whatever it executes. */
int sandbox_bound(struct error *err);

/* The keeper: and for itself. */
int sandbox_keeper(struct error *err);

/* A worker: ids of the container's root, no capability, no way to any, and it ends with @keeper. */
int sandbox_worker(uid_t uid, gid_t gid, pid_t keeper, struct error *err);

/* A worker: from now on the system calls of a FUSE server that reads files, and no others. */
int sandbox_filter(struct error *err);
