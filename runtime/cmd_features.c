/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cmd_features - owns the words of `features`: OCI features.md, from the tables that the parsers work with. What is said
 * to be enabled is what a table has a row for; nothing here is a list of its own.
 */
#include <seccomp.h> /* libseccomp's */

#include "caps.h"
#include "cgroup.h"
#include "command.h"
#include "hooks.h"
#include "intel_rdt.h"
#include "memory_policy.h"
#include "mounts.h"
#include "namespaces.h"
#include "process.h"
#include "resources.h"
#include "seccomp.h"
#include "spec.h"
#include "str.h"

/* Those that change what the host does: unit properties, from an allow-list of harmless ones. */
static json_t *unsafe_annotations(void)
{
	return json_pack("[s]", "org.systemd.property.");
}

static json_t *hook_names(void)
{
	json_t *names = json_array();

	for (const struct json_field *f = hooks_fields; f->name; f++)
		(void)json_array_append_new(names, json_string(f->name)); /* or run() fails */
	return names;
}

static json_t *namespace_names(void)
{
	json_t *names = json_array();

	for (int type = 0; type < NS_TYPES; type++)
		(void)json_array_append_new(names, json_string(ns_infos[type].oci_name));
	return names;
}

static json_t *enabled_if(bool known)
{
	return json_pack("{s:b}", "enabled", (int)known);
}

/* Of both: a process that is confined by labels cannot read files that have none. */
static bool knows_selinux(void)
{
	return json_has_field(process_fields, "selinuxLabel") &&
	       json_has_field(spec_linux_fields, "mountLabel");
}

static json_t *mount_extensions(void)
{
	bool idmap = json_has_field(spec_mount_fields, "uidMappings") &&
		     json_has_field(spec_mount_fields, "gidMappings");

	return json_pack("{s:o}", "idmap", enabled_if(idmap));
}

static json_t *cgroups(void)
{
	json_t *features = cgroup_features();

	(void)json_object_set_new(features, "rdma",
				  json_boolean(json_has_field(resources_fields, "rdma")));
	return features;
}

/* features-linux.md. */
static json_t *linux_features(void)
{
	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "namespaces",
			 namespace_names(), "capabilities", caps_names(), "cgroup", cgroups(),
			 "seccomp", seccomp_features(), "apparmor",
			 enabled_if(json_has_field(process_fields, "apparmorProfile")), "selinux",
			 enabled_if(knows_selinux()), "intelRdt", intel_rdt_features(),
			 "memoryPolicy", memory_policy_features(), "mountExtensions",
			 mount_extensions(), "netDevices",
			 enabled_if(json_has_field(spec_linux_fields, "netDevices")));
}

static json_t *annotations(void)
{
	const struct scmp_version *v = seccomp_version();
	char version[48] = "unknown";

	if (v)
		(void)str_format(version, sizeof(version), "%u.%u.%u", v->major, v->minor, v->micro);
	return json_pack("{s:s, s:s, s:s}", "io.bulwark.version", BULWARK_VERSION,
			 "io.bulwark.commit", BULWARK_COMMIT,
			 "io.github.seccomp.libseccomp.version", version);
}

static int run(const struct globals *globals, const void *options, int argc, char **argv,
	       struct error *err)
{
	json_t *features;
	int r;

	(void)globals;
	(void)options;
	(void)argc;
	(void)argv;
	features = json_pack("{s:s, s:s, s:o, s:o, s:o, s:o, s:o}", "ociVersionMin", "1.0.0",
			     "ociVersionMax", BULWARK_SPEC_VERSION, "hooks", hook_names(),
			     "mountOptions", mounts_option_names(), "linux", linux_features(),
			     "annotations", annotations(), "potentiallyUnsafeConfigAnnotations",
			     unsafe_annotations());
	r = command_print_json(features, err);
	json_decref(features);
	return r;
}

const struct command command_features = {
	.name = "features",
	.usage = "",
	.summary = "print what this runtime supports as JSON",
	.min_args = 0,
	.max_args = 0,
	.run = run,
	.fail_status = 1,
};
