/* SPDX-License-Identifier: GPL-2.0-or-later */
/* rlimit - see rlimit.h. */
#include "rlimit.h"

#include <errno.h>
#include <sys/resource.h>
#include <unistd.h>

#include "arena.h"
#include "error.h"
#include "str.h"

static const struct {
	const char *name;
	int resource;
} resources[] = {
	{ "RLIMIT_AS", RLIMIT_AS },
	{ "RLIMIT_CORE", RLIMIT_CORE },
	{ "RLIMIT_CPU", RLIMIT_CPU },
	{ "RLIMIT_DATA", RLIMIT_DATA },
	{ "RLIMIT_FSIZE", RLIMIT_FSIZE },
	{ "RLIMIT_LOCKS", RLIMIT_LOCKS },
	{ "RLIMIT_MEMLOCK", RLIMIT_MEMLOCK },
	{ "RLIMIT_MSGQUEUE", RLIMIT_MSGQUEUE },
	{ "RLIMIT_NICE", RLIMIT_NICE },
	{ "RLIMIT_NOFILE", RLIMIT_NOFILE },
	{ "RLIMIT_NPROC", RLIMIT_NPROC },
	{ "RLIMIT_RSS", RLIMIT_RSS },
	{ "RLIMIT_RTPRIO", RLIMIT_RTPRIO },
	{ "RLIMIT_RTTIME", RLIMIT_RTTIME },
	{ "RLIMIT_SIGPENDING", RLIMIT_SIGPENDING },
	{ "RLIMIT_STACK", RLIMIT_STACK },
};
#define N_RESOURCES (sizeof(resources) / sizeof(resources[0]))

/* As the document has it. */
struct rlimit_json {
	const char *type;
	uint64_t soft;
	uint64_t hard;
};

static const struct json_field rlimit_json_fields[] = {
	JSON_F_REQUIRED(struct rlimit_json, type, "type", JSON_STRING_FIELD),
	JSON_F_REQUIRED(struct rlimit_json, soft, "soft", JSON_U64_FIELD),
	JSON_F_REQUIRED(struct rlimit_json, hard, "hard", JSON_U64_FIELD),
	JSON_F_END,
};

static const char *resource_name(int resource)
{
	for (size_t i = 0; i < N_RESOURCES; i++)
		if (resources[i].resource == resource)
			return resources[i].name;
	return "unknown limit";
}

static int find_resource(const char *name, int *ret, struct error *err)
{
	char quoted[64];

	for (size_t i = 0; i < N_RESOURCES; i++) {
		if (str_eq(resources[i].name, name)) {
			*ret = resources[i].resource;
			return 0;
		}
	}
	return error_text(err, EINVAL, ".type: unknown limit '%s'",
			  str_quote(name, quoted, sizeof(quoted)));
}

/* @done: bit N is set for a resource N that an earlier entry has. */
static int parse_entry(struct arena *arena, json_t *value, uint32_t *done, struct rlimit_entry *ret,
		       struct error *err)
{
	struct rlimit_json entry = { 0 };
	int r;

	if (!json_is_object(value))
		return error_text(err, EINVAL, ": expected an object, got %s", json_type_text(value));
	r = json_parse_object(arena, value, rlimit_json_fields, &entry, err);
	if (r < 0)
		return error_prefix(err, ".");
	r = find_resource(entry.type, &ret->resource, err);
	if (r < 0)
		return r;
	if (*done & (1U << ret->resource))
		return error_text(err, EINVAL, ".type: %s is named twice", entry.type);
	if (entry.soft > entry.hard)
		return error_text(err, EINVAL, ".soft: %llu is above the hard limit %llu",
				  (unsigned long long)entry.soft, (unsigned long long)entry.hard);
	*done |= 1U << ret->resource;
	ret->soft = entry.soft;
	ret->hard = entry.hard;
	return 0;
}

int rlimit_parse(struct arena *arena, json_t *value, void *out, struct error *err)
{
	struct json_array *array = out;
	struct rlimit_entry *entries;
	uint32_t done = 0;
	char prefix[32];
	size_t n;

	if (!json_is_array(value))
		return error_text(err, EINVAL, ": expected an array, got %s", json_type_text(value));
	n = json_array_size(value);
	/* One more than there can be without a duplicate is enough to find one: no list is ever longer. */
	entries = arena_alloc(arena, n < N_RESOURCES ? n : N_RESOURCES + 1, sizeof(*entries));
	if (!entries)
		return error_set(err, ENOMEM, ": no memory");
	for (size_t i = 0; i < n; i++) {
		int r = parse_entry(arena, json_array_get(value, i), &done, &entries[i], err);

		if (r < 0) {
			(void)str_format(prefix, sizeof(prefix), "[%zu]", i);
			return error_prefix(err, prefix);
		}
	}
	array->items = entries;
	array->n = n;
	return 0;
}

static int set_all(pid_t pid, const struct json_array *rlimits, struct error *err)
{
	const struct rlimit_entry *entries = rlimits->items;

	for (size_t i = 0; i < rlimits->n; i++) {
		const struct rlimit limit = { .rlim_cur = entries[i].soft,
					      .rlim_max = entries[i].hard };

		if (prlimit(pid, (__rlimit_resource_t)entries[i].resource, &limit, NULL) < 0)
			return error_set(err, errno, "process.rlimits: cannot set %s to %llu:%llu",
					 resource_name(entries[i].resource),
					 (unsigned long long)entries[i].soft,
					 (unsigned long long)entries[i].hard);
	}
	return 0;
}

int rlimit_apply(pid_t pid, uid_t owner, const struct json_array *rlimits, struct error *err)
{
	int r = set_all(pid, rlimits, err);

	if (r != -EPERM)
		return r;
	if (seteuid(owner) < 0)
		return error_set(err, errno, "process.rlimits: cannot act as the container's root");
	r = set_all(pid, rlimits, err);
	if (seteuid(0) < 0)
		return error_set(err, errno, "process.rlimits: cannot act as the host's root again");
	return r;
}
