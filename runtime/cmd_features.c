/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cmd_features - owns the words of `features`: OCI features.md, from the tables that the parsers
 * work with.
 */
#include "caps.h"
#include "cgroup.h"
#include "command.h"
#include "hooks.h"
#include "mounts.h"
#include "namespaces.h"
#include "seccomp.h"

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

/* features-linux.md. What is false here is refused when a specification asks for it. */
static json_t *linux_features(void)
{
	return json_pack("{s:o, s:o, s:o, s:o, s:{s:b}, s:{s:b}, s:{s:b}, s:{s:{s:b}}, s:{s:b}}",
			 "namespaces", namespace_names(), "capabilities", caps_names(), "cgroup",
			 cgroup_features(), "seccomp", seccomp_features(), "apparmor", "enabled", 1,
			 "selinux", "enabled", 0, "intelRdt", "enabled", 0, "mountExtensions",
			 "idmap", "enabled", 0, "netDevices", "enabled", 0);
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
	features = json_pack("{s:s, s:s, s:o, s:o, s:o, s:{s:s}, s:[s]}", "ociVersionMin", "1.0.0",
			     "ociVersionMax", BULWARK_SPEC_VERSION, "hooks", hook_names(),
			     "mountOptions", mounts_option_names(), "linux", linux_features(),
			     "annotations", "io.bulwark.version", BULWARK_VERSION,
			     "potentiallyUnsafeConfigAnnotations", "org.systemd.property.");
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
