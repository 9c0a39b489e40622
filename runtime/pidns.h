/* SPDX-License-Identifier: GPL-2.0-or-later */
/* pidns - owns finding the processes of a pid namespace, for containers that have no cgroup to list them. */
#pragma once

#include <stddef.h>
#include <sys/types.h>

struct error;
struct proc_id;

/**
 * pidns_pids() - All processes of @init's pid namespace and of those below it
 * @ret:	malloc'ed, owned by the caller; empty once @init is dead, as then all are
 */
int pidns_pids(const struct proc_id *init, pid_t **ret, size_t *ret_n, struct error *err);

/* Sends to each; a number that was reused meanwhile is noticed. -ESRCH when @init is dead. */
int pidns_signal(const struct proc_id *init, int signal, struct error *err);
