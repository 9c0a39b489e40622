/* SPDX-License-Identifier: GPL-2.0-or-later */
/* listen_fds - owns socket activation, sd_listen_fds(3): what the caller's variables say, and what the process gets. */
#pragma once

#include <stdint.h>

struct arena;
struct error;
struct process;

/**
 * listen_fds_count() - How many descriptors from 3 up are for the container
 *
 * 0 unless LISTEN_PID is this process: then the variables are meant for another. -EINVAL, -E2BIG: LISTEN_FDS is no count.
 */
int listen_fds_count(uint32_t *ret, struct error *err);

/* Adds LISTEN_FDS, LISTEN_PID=1 and, if the caller has it, LISTEN_FDNAMES to @process->env; 0 of them: nothing. */
int listen_fds_add_env(struct arena *arena, struct process *process, uint32_t count,
		       struct error *err);
