/* SPDX-License-Identifier: GPL-2.0-or-later */
/* memory_policy - owns linux.memoryPolicy: on which NUMA nodes the container's processes get their memory. */
#pragma once

#include <sched.h>
#include <stdbool.h>

#include "json.h"

struct error;

/* OCI config-linux.md, "Memory policy"; set_mempolicy(2). */
struct memory_policy {
	bool set;
	int mode;	   /* with its flags */
	const char *nodes; /* as the spec has it, for messages; "" when absent; in the arena */
	cpu_set_t mask;	   /* the same as bits: nodes and CPUs are listed alike, up to 1023 */
};

/* Custom parser of the object; @out is a struct memory_policy. */
int memory_policy_parse(struct arena *arena, json_t *value, void *out, struct error *err);

/**
 * memory_policy_apply() - Set it for the calling thread; it outlives execve(2), and children have it too
 *
 * After the cgroup is entered, whose cpuset.mems limits the nodes.
 */
int memory_policy_apply(const struct memory_policy *policy, struct error *err);

/* What `features` lists: new reference to {"modes": [...], "flags": [...]}. */
json_t *memory_policy_features(void);
