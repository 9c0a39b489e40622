/* SPDX-License-Identifier: GPL-2.0-or-later */
/* memory_policy - see memory_policy.h. */
#include "memory_policy.h"

#include <errno.h>
#include <linux/mempolicy.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "arena.h"
#include "cpu_affinity.h"
#include "error.h"
#include "str.h"

struct memory_policy_text {
	const char *mode;
	const char *nodes;
	const char **flags;
};

static const struct json_field memory_policy_fields[] = {
	JSON_F_REQUIRED(struct memory_policy_text, mode, "mode", JSON_STRING_FIELD),
	JSON_F(struct memory_policy_text, nodes, "nodes", JSON_STRING_FIELD),
	JSON_F(struct memory_policy_text, flags, "flags", JSON_STRV_FIELD),
	JSON_F_END,
};

enum nodes_wanted {
	NODES_NONE,
	NODES_OPTIONAL,
	NODES_NEEDED,
};

static const struct mode_row {
	const char *name;
	int mode;
	enum nodes_wanted nodes;
} modes[] = {
	{ "MPOL_DEFAULT", MPOL_DEFAULT, NODES_NONE },
	{ "MPOL_BIND", MPOL_BIND, NODES_NEEDED },
	{ "MPOL_INTERLEAVE", MPOL_INTERLEAVE, NODES_NEEDED },
	{ "MPOL_WEIGHTED_INTERLEAVE", 6, NODES_NEEDED }, /* Linux 6.9 */
	{ "MPOL_PREFERRED", MPOL_PREFERRED, NODES_OPTIONAL },
	{ "MPOL_PREFERRED_MANY", MPOL_PREFERRED_MANY, NODES_NEEDED },
	{ "MPOL_LOCAL", MPOL_LOCAL, NODES_NONE },
};

static const struct flag_row {
	const char *name;
	int flag;
} flags[] = {
	{ "MPOL_F_NUMA_BALANCING", MPOL_F_NUMA_BALANCING },
	{ "MPOL_F_RELATIVE_NODES", MPOL_F_RELATIVE_NODES },
	{ "MPOL_F_STATIC_NODES", MPOL_F_STATIC_NODES },
};

#define LEN(array) (sizeof(array) / sizeof((array)[0]))

static const struct mode_row *find_mode(const char *name)
{
	for (size_t i = 0; i < LEN(modes); i++)
		if (str_eq(modes[i].name, name))
			return &modes[i];
	return NULL;
}

static int parse_flags(const char **names, int *ret, struct error *err)
{
	const int both = MPOL_F_RELATIVE_NODES | MPOL_F_STATIC_NODES;
	char quoted[64];
	int all = 0;

	for (size_t i = 0; names && names[i]; i++) {
		size_t k = 0;

		while (k < LEN(flags) && !str_eq(flags[k].name, names[i]))
			k++;
		if (k == LEN(flags))
			return error_text(err, EINVAL, ".flags[%zu]: unknown flag '%s'", i,
					  str_quote(names[i], quoted, sizeof(quoted)));
		all |= flags[k].flag;
	}
	if ((all & both) == both)
		return error_text(err, EINVAL,
				  ".flags: MPOL_F_RELATIVE_NODES and MPOL_F_STATIC_NODES exclude each other");
	*ret = all;
	return 0;
}

static int parse_nodes(const struct mode_row *mode, const char *text, cpu_set_t *ret,
		       struct error *err)
{
	char quoted[64];

	CPU_ZERO(ret);
	if (*text && cpu_affinity_parse_list(text, ret) < 0)
		return error_text(err, EINVAL,
				  ".nodes: '%s' is not a list of memory nodes, such as 0-2,7",
				  str_quote(text, quoted, sizeof(quoted)));
	if (*text && mode->nodes == NODES_NONE)
		return error_text(err, EINVAL, ".nodes: %s has none", mode->name);
	if (!*text && mode->nodes == NODES_NEEDED)
		return error_text(err, EINVAL, ".nodes: %s needs at least one", mode->name);
	return 0;
}

int memory_policy_parse(struct arena *arena, json_t *value, void *out, struct error *err)
{
	struct memory_policy_text text = { 0 };
	struct memory_policy policy = { .set = true };
	const struct mode_row *mode;
	char quoted[64];
	int bits = 0, r;

	if (!json_is_object(value))
		return error_text(err, EINVAL, ": expected an object, got %s", json_type_text(value));
	r = json_parse_object(arena, value, memory_policy_fields, &text, err);
	if (r < 0)
		return error_prefix(err, ".");
	mode = find_mode(text.mode);
	if (!mode)
		return error_text(err, EINVAL, ".mode: unknown value '%s'",
				  str_quote(text.mode, quoted, sizeof(quoted)));
	policy.nodes = arena_strdup(arena, text.nodes ? text.nodes : "");
	if (!policy.nodes)
		return error_set(err, ENOMEM, ".nodes");
	r = parse_nodes(mode, policy.nodes, &policy.mask, err);
	if (r == 0)
		r = parse_flags(text.flags, &bits, err);
	if (r < 0)
		return r;
	if (bits && mode->mode == MPOL_DEFAULT)
		return error_text(err, EINVAL, ".flags: MPOL_DEFAULT has none");
	policy.mode = mode->mode | bits;
	*(struct memory_policy *)out = policy;
	return 0;
}

int memory_policy_apply(const struct memory_policy *policy, struct error *err)
{
	char quoted[64];

	/* the kernel reads one bit less than it is told: set_mempolicy(2) */
	if (!policy->set ||
	    syscall(SYS_set_mempolicy, policy->mode, &policy->mask, CPU_SETSIZE + 1) == 0)
		return 0;
	(void)str_quote(policy->nodes, quoted, sizeof(quoted));
	if (errno == EINVAL)
		return error_text(err, EINVAL,
				  "linux.memoryPolicy: this kernel does not know the mode or its flags, or not one of "
				  "the nodes '%s' is there and in the container's cpuset",
				  quoted);
	return error_set(err, errno, "linux.memoryPolicy: cannot set it for the nodes '%s'", quoted);
}

json_t *memory_policy_features(void)
{
	json_t *mode_names = json_array(), *flag_names = json_array();

	for (size_t i = 0; i < LEN(modes); i++) /* out of memory: json_pack() fails on the NULL */
		(void)json_array_append_new(mode_names, json_string(modes[i].name));
	for (size_t i = 0; i < LEN(flags); i++)
		(void)json_array_append_new(flag_names, json_string(flags[i].name));
	return json_pack("{s:o, s:o}", "modes", mode_names, "flags", flag_names);
}
