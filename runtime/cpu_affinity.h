/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cpu_affinity - owns process.execCPUAffinity: the CPUs on which `exec` enters a container, and its process goes on. */
#pragma once

#include <sched.h>
#include <stdbool.h>
#include <sys/types.h>

#include "json.h"

struct error;

/* config.md "Linux Process": of exec alone, not of the container's first process. */
struct cpu_affinity {
	bool has_initial, has_final;
	cpu_set_t initial; /* before the cgroup is entered */
	cpu_set_t final;   /* in it, before execve(2) */
};

/* Custom parser: @out is a pointer to the struct, in the arena. Lists are cpuset(7)'s: "0-2,7". */
int cpu_affinity_parse(struct arena *arena, json_t *value, void *out, struct error *err);

/* "0-2,7" as a set; -EINVAL when it is none, or names a CPU above CPU_SETSIZE - 1. */
int cpu_affinity_parse_list(const char *text, cpu_set_t *ret);

/* @affinity: NULL: nothing is done. @pid 0: the caller. */
int cpu_affinity_set_initial(pid_t pid, const struct cpu_affinity *affinity, struct error *err);
int cpu_affinity_set_final(pid_t pid, const struct cpu_affinity *affinity, struct error *err);
