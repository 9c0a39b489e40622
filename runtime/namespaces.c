/* SPDX-License-Identifier: GPL-2.0-or-later */
/* namespaces - see namespaces.h. */
#include "namespaces.h"

#include <errno.h>
#include <sched.h>

#include "error.h"
#include "str.h"

const struct ns_info ns_infos[NS_TYPES] = {
	[NS_MOUNT] = { "mount", "mnt", CLONE_NEWNS, false },
	[NS_PID] = { "pid", "pid", CLONE_NEWPID, false },
	[NS_NETWORK] = { "network", "net", CLONE_NEWNET, false },
	[NS_IPC] = { "ipc", "ipc", CLONE_NEWIPC, false },
	[NS_UTS] = { "uts", "uts", CLONE_NEWUTS, false },
	[NS_USER] = { "user", "user", CLONE_NEWUSER, true },
	[NS_CGROUP] = { "cgroup", "cgroup", CLONE_NEWCGROUP, true },
	[NS_TIME] = { "time", "time", CLONE_NEWTIME, true },
};

static const struct json_field time_offset_fields[] = {
	JSON_F(struct time_offset, secs, "secs", JSON_OPT_I64_FIELD),
	JSON_F(struct time_offset, nanosecs, "nanosecs", JSON_OPT_U32_FIELD),
	JSON_F_END,
};

const struct json_field time_offsets_fields[] = {
	JSON_F_OBJECT(struct time_offsets, monotonic, "monotonic", time_offset_fields),
	JSON_F_OBJECT(struct time_offsets, boottime, "boottime", time_offset_fields),
	JSON_F_END,
};

struct ns_entry {
	const char *type;
	const char *path;
};

static const struct json_field ns_entry_fields[] = {
	JSON_F_REQUIRED(struct ns_entry, type, "type", JSON_STRING_FIELD),
	JSON_F(struct ns_entry, path, "path", JSON_STRING_FIELD),
	JSON_F_END,
};

static int parse_entry(struct arena *arena, json_t *value, struct namespaces *ns, struct error *err)
{
	struct ns_entry entry = { 0 };
	char quoted[64];
	int r;

	if (!json_is_object(value))
		return error_text(err, EINVAL, ": expected an object, got %s", json_type_text(value));
	r = json_parse_object(arena, value, ns_entry_fields, &entry, err);
	if (r < 0)
		return error_prefix(err, ".");
	for (int type = 0; type < NS_TYPES; type++) {
		if (!str_eq(ns_infos[type].oci_name, entry.type))
			continue;
		if (ns->named[type])
			return error_text(err, EINVAL, ": '%s' is named twice", entry.type);
		ns->named[type] = true;
		ns->path[type] = entry.path && *entry.path ? entry.path : NULL;
		return 0;
	}
	return error_text(err, EINVAL, ": unknown namespace type '%s'",
			  str_quote(entry.type, quoted, sizeof(quoted)));
}

int namespaces_parse(struct arena *arena, json_t *value, void *out, struct error *err)
{
	struct namespaces ns = { 0 };
	char prefix[32];

	if (!json_is_array(value))
		return error_text(err, EINVAL, ": expected an array, got %s", json_type_text(value));
	for (size_t i = 0; i < json_array_size(value); i++) {
		int r = parse_entry(arena, json_array_get(value, i), &ns, err);

		if (r < 0) {
			(void)str_format(prefix, sizeof(prefix), "[%zu]", i);
			return error_prefix(err, prefix);
		}
	}
	*(struct namespaces *)out = ns;
	return 0;
}

int namespaces_refuse_host(enum ns_type type, const char *how, struct error *err)
{
	return error_text(err, EPERM,
			  "linux.namespaces: a container cannot share the %s namespace with the host (%s), because its "
			  "root would act on the host's: leave it private or join another container's",
			  ns_infos[type].oci_name, how);
}

int namespaces_check(const struct namespaces *ns, struct error *err)
{
	for (int type = 0; type < NS_TYPES; type++)
		if (!ns->named[type] && !ns_infos[type].forced)
			return namespaces_refuse_host(type, "the specification has no entry for it",
						      err);
	return 0;
}
