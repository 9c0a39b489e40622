/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cpu_affinity - see cpu_affinity.h. */
#include "cpu_affinity.h"

#include <errno.h>
#include <string.h>

#include "arena.h"
#include "error.h"
#include "str.h"

struct affinity_text {
	const char *initial;
	const char *final;
};

static const struct json_field affinity_fields[] = {
	JSON_F(struct affinity_text, initial, "initial", JSON_STRING_FIELD),
	JSON_F(struct affinity_text, final, "final", JSON_STRING_FIELD),
	JSON_F_END,
};

/* A number at the front of @text, which is moved behind it. */
static int take_number(const char **text, uint32_t *ret)
{
	char digits[16];
	size_t n = strspn(*text, "0123456789");

	if (str_format(digits, sizeof(digits), "%.*s", (int)n, *text) < 0 ||
	    parse_u32(digits, ret) < 0)
		return -EINVAL;
	*text += n;
	return 0;
}

int cpu_affinity_parse_list(const char *text, cpu_set_t *ret)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	for (;;) {
		uint32_t first, last;

		if (take_number(&text, &first) < 0)
			return -EINVAL;
		last = first;
		if (*text == '-') {
			text++;
			if (take_number(&text, &last) < 0)
				return -EINVAL;
		}
		if (first > last || last >= CPU_SETSIZE)
			return -EINVAL;
		for (uint32_t cpu = first; cpu <= last; cpu++)
			CPU_SET(cpu, &set);
		if (*text == '\0')
			break;
		if (*text++ != ',')
			return -EINVAL;
	}
	*ret = set;
	return 0;
}

static int parse_one(const char *key, const char *text, cpu_set_t *ret, bool *ret_given,
		     struct error *err)
{
	char quoted[64];

	if (!text || !*text)
		return 0;
	if (cpu_affinity_parse_list(text, ret) < 0)
		return error_text(err, EINVAL, ".%s: '%s' is not a list of CPUs, such as 0-2,7",
				  key, str_quote(text, quoted, sizeof(quoted)));
	*ret_given = true;
	return 0;
}

int cpu_affinity_parse(struct arena *arena, json_t *value, void *out, struct error *err)
{
	struct cpu_affinity *affinity = arena_alloc(arena, 1, sizeof(*affinity));
	struct affinity_text text = { 0 };
	int r;

	if (!affinity)
		return error_set(err, ENOMEM, ": no memory");
	if (!json_is_object(value))
		return error_text(err, EINVAL, ": expected an object, got %s", json_type_text(value));
	r = json_parse_object(arena, value, affinity_fields, &text, err);
	if (r < 0)
		return error_prefix(err, ".");
	r = parse_one("initial", text.initial, &affinity->initial, &affinity->has_initial, err);
	if (r == 0)
		r = parse_one("final", text.final, &affinity->final, &affinity->has_final, err);
	if (r == 0)
		*(struct cpu_affinity **)out = affinity;
	return r;
}

static int set(pid_t pid, const char *key, const cpu_set_t *cpus, struct error *err)
{
	if (sched_setaffinity(pid, sizeof(*cpus), cpus) < 0)
		return error_set(err, errno, "process.execCPUAffinity.%s: cannot set it", key);
	return 0;
}

int cpu_affinity_set_initial(pid_t pid, const struct cpu_affinity *affinity, struct error *err)
{
	return affinity && affinity->has_initial ? set(pid, "initial", &affinity->initial, err) : 0;
}

int cpu_affinity_set_final(pid_t pid, const struct cpu_affinity *affinity, struct error *err)
{
	return affinity && affinity->has_final ? set(pid, "final", &affinity->final, err) : 0;
}
