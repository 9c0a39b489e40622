/* SPDX-License-Identifier: GPL-2.0-or-later */
/* scheduler - see scheduler.h. */
#include "scheduler.h"

#include <errno.h>
#include <linux/ioprio.h>
#include <linux/sched.h>
#include <linux/sched/types.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "arena.h"
#include "error.h"
#include "str.h"

#ifndef SCHED_ISO
#define SCHED_ISO 4 /* reserved by the kernel, which refuses it */
#endif
#define IO_LEVELS 8

struct word {
	const char *name;
	uint64_t value;
};

static const struct word policies[] = {
	{ "SCHED_OTHER", SCHED_NORMAL },
	{ "SCHED_FIFO", SCHED_FIFO },
	{ "SCHED_RR", SCHED_RR },
	{ "SCHED_BATCH", SCHED_BATCH },
	{ "SCHED_ISO", SCHED_ISO },
	{ "SCHED_IDLE", SCHED_IDLE },
	{ "SCHED_DEADLINE", SCHED_DEADLINE },
	{ NULL, 0 },
};

static const struct word flag_words[] = {
	{ "SCHED_FLAG_RESET_ON_FORK", SCHED_FLAG_RESET_ON_FORK },
	{ "SCHED_FLAG_RECLAIM", SCHED_FLAG_RECLAIM },
	{ "SCHED_FLAG_DL_OVERRUN", SCHED_FLAG_DL_OVERRUN },
	{ "SCHED_FLAG_KEEP_POLICY", SCHED_FLAG_KEEP_POLICY },
	{ "SCHED_FLAG_KEEP_PARAMS", SCHED_FLAG_KEEP_PARAMS },
	{ "SCHED_FLAG_UTIL_CLAMP_MIN", SCHED_FLAG_UTIL_CLAMP_MIN },
	{ "SCHED_FLAG_UTIL_CLAMP_MAX", SCHED_FLAG_UTIL_CLAMP_MAX },
	{ NULL, 0 },
};

static const struct word io_classes[] = {
	{ "IOPRIO_CLASS_RT", IOPRIO_CLASS_RT },
	{ "IOPRIO_CLASS_BE", IOPRIO_CLASS_BE },
	{ "IOPRIO_CLASS_IDLE", IOPRIO_CLASS_IDLE },
	{ NULL, 0 },
};

static int look_up(const struct word *table, const char *what, const char *name, uint64_t *ret,
		   struct error *err)
{
	char quoted[64];

	for (; table->name; table++) {
		if (str_eq(table->name, name)) {
			*ret = table->value;
			return 0;
		}
	}
	return error_text(err, EINVAL, ".%s: unknown value '%s'", what,
			  str_quote(name, quoted, sizeof(quoted)));
}

/* ---- scheduler -------------------------------------------------------------------------------- */

/* As it stands in the document. */
struct scheduler_text {
	const char *policy;
	struct opt_i64 nice, priority;
	const char **flags;
	struct opt_u64 runtime, deadline, period;
};

static const struct json_field scheduler_fields[] = {
	JSON_F_REQUIRED(struct scheduler_text, policy, "policy", JSON_STRING_FIELD),
	JSON_F(struct scheduler_text, nice, "nice", JSON_OPT_I64_FIELD),
	JSON_F(struct scheduler_text, priority, "priority", JSON_OPT_I64_FIELD),
	JSON_F(struct scheduler_text, flags, "flags", JSON_STRV_FIELD),
	JSON_F(struct scheduler_text, runtime, "runtime", JSON_OPT_U64_FIELD),
	JSON_F(struct scheduler_text, deadline, "deadline", JSON_OPT_U64_FIELD),
	JSON_F(struct scheduler_text, period, "period", JSON_OPT_U64_FIELD),
	JSON_F_END,
};

static int check_numbers(const struct scheduler_text *text, struct error *err)
{
	if (text->nice.value < -20 || text->nice.value > 19)
		return error_text(err, EINVAL, ".nice: %lld is not between -20 and 19",
				  (long long)text->nice.value);
	if (text->priority.value < 0 || text->priority.value > 99)
		return error_text(err, EINVAL, ".priority: %lld is not between 0 and 99",
				  (long long)text->priority.value);
	return 0;
}

int scheduler_parse(struct arena *arena, json_t *value, void *out, struct error *err)
{
	struct scheduler *s = arena_alloc(arena, 1, sizeof(*s));
	struct scheduler_text text = { 0 };
	uint64_t number = 0;
	int r;

	if (!s)
		return error_set(err, ENOMEM, ": no memory");
	if (!json_is_object(value))
		return error_text(err, EINVAL, ": expected an object, got %s", json_type_text(value));
	r = json_parse_object(arena, value, scheduler_fields, &text, err);
	if (r < 0)
		return error_prefix(err, ".");
	r = look_up(policies, "policy", text.policy, &number, err);
	if (r == 0)
		r = check_numbers(&text, err);
	s->policy = (uint32_t)number;
	for (size_t i = 0; r == 0 && text.flags && text.flags[i]; i++) {
		r = look_up(flag_words, "flags", text.flags[i], &number, err);
		s->flags |= number;
	}
	if (r < 0)
		return r;
	s->nice = (int32_t)text.nice.value;
	s->priority = (uint32_t)text.priority.value;
	s->runtime = text.runtime.value;
	s->deadline = text.deadline.value;
	s->period = text.period.value;
	*(struct scheduler **)out = s;
	return 0;
}

int scheduler_apply(pid_t pid, const struct scheduler *s, struct error *err)
{
	struct sched_attr attr = { .size = sizeof(attr) };

	if (!s)
		return 0;
	attr.sched_policy = s->policy;
	attr.sched_flags = s->flags;
	attr.sched_nice = s->nice;
	attr.sched_priority = s->priority;
	attr.sched_runtime = s->runtime;
	attr.sched_deadline = s->deadline;
	attr.sched_period = s->period;
	if (syscall(SYS_sched_setattr, pid, &attr, 0) < 0)
		return error_set(err, errno, "process.scheduler: cannot set it");
	return 0;
}

/* ---- ioPriority ------------------------------------------------------------------------------- */

struct io_priority_text {
	const char *class;
	struct opt_i64 priority;
};

static const struct json_field io_priority_fields[] = {
	JSON_F_REQUIRED(struct io_priority_text, class, "class", JSON_STRING_FIELD),
	JSON_F(struct io_priority_text, priority, "priority", JSON_OPT_I64_FIELD),
	JSON_F_END,
};

int io_priority_parse(struct arena *arena, json_t *value, void *out, struct error *err)
{
	struct io_priority *p = arena_alloc(arena, 1, sizeof(*p));
	struct io_priority_text text = { 0 };
	uint64_t number = 0;
	int r;

	if (!p)
		return error_set(err, ENOMEM, ": no memory");
	if (!json_is_object(value))
		return error_text(err, EINVAL, ": expected an object, got %s", json_type_text(value));
	r = json_parse_object(arena, value, io_priority_fields, &text, err);
	if (r < 0)
		return error_prefix(err, ".");
	r = look_up(io_classes, "class", text.class, &number, err);
	if (r == 0 && (text.priority.value < 0 || text.priority.value >= IO_LEVELS))
		r = error_text(err, EINVAL, ".priority: %lld is not between 0 and %d",
			       (long long)text.priority.value, IO_LEVELS - 1);
	if (r < 0)
		return r;
	*p = (struct io_priority){ (int)number, (int)text.priority.value };
	*(struct io_priority **)out = p;
	return 0;
}

int io_priority_apply(pid_t pid, const struct io_priority *p, struct error *err)
{
	if (!p)
		return 0;
	if (syscall(SYS_ioprio_set, IOPRIO_WHO_PROCESS, pid, IOPRIO_PRIO_VALUE(p->class, p->level)) <
	    0)
		return error_set(err, errno, "process.ioPriority: cannot set it");
	return 0;
}
