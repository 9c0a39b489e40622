/* SPDX-License-Identifier: GPL-2.0-or-later */
/* scheduler - owns process.scheduler and process.ioPriority: when a process gets the CPU and the disks. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "json.h"

struct error;

/* process.scheduler; sched_setattr(2). */
struct scheduler {
	uint32_t policy; /* SCHED_* */
	int32_t nice;
	uint32_t priority;
	uint64_t flags;			    /* SCHED_FLAG_* */
	uint64_t runtime, deadline, period; /* ns; SCHED_DEADLINE */
};

/* process.ioPriority; ioprio_set(2). */
struct io_priority {
	int class; /* IOPRIO_CLASS_* */
	int level; /* 0, the highest, to 7 */
};

/* Custom parsers: @out is a pointer to the struct, in the arena. Unknown words are refused by name. */
int scheduler_parse(struct arena *arena, json_t *value, void *out, struct error *err);
int io_priority_parse(struct arena *arena, json_t *value, void *out, struct error *err);

/*
 * On another process, by the runtime: real-time policies and classes take CAP_SYS_NICE in the initial user namespace.
 * @scheduler, @priority: NULL: nothing is done.
 */
int scheduler_apply(pid_t pid, const struct scheduler *scheduler, struct error *err);
int io_priority_apply(pid_t pid, const struct io_priority *priority, struct error *err);
