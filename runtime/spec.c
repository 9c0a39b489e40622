/* SPDX-License-Identifier: GPL-2.0-or-later */
/* spec - see spec.h. The tables here name the sections; each section's own table is in its own file. */
#include "spec.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "mounts.h"
#include "net_devices.h"
#include "seccomp.h"
#include "str.h"
#include "sysctl.h"

static const struct json_field root_fields[] = {
	JSON_F_REQUIRED(struct spec_root, path, "path", JSON_STRING_FIELD),
	JSON_F(struct spec_root, readonly, "readonly", JSON_BOOL_FIELD),
	JSON_F_END,
};

const struct json_field spec_linux_fields[] = {
	JSON_F_ARRAY(struct spec_linux, uid_mappings, "uidMappings", idmap_fields, struct id_mapping),
	JSON_F_ARRAY(struct spec_linux, gid_mappings, "gidMappings", idmap_fields, struct id_mapping),
	JSON_F(struct spec_linux, sysctl, "sysctl", JSON_STRMAP_FIELD),
	JSON_F_OBJECT(struct spec_linux, resources, "resources", resources_fields),
	JSON_F(struct spec_linux, cgroups_path, "cgroupsPath", JSON_STRING_FIELD),
	JSON_F_CUSTOM(struct spec_linux, namespaces, "namespaces", namespaces_parse),
	JSON_F_ARRAY(struct spec_linux, devices, "devices", device_node_fields, struct device_node),
	JSON_F_CUSTOM(struct spec_linux, net_devices, "netDevices", net_devices_parse),
	JSON_F_CUSTOM(struct spec_linux, seccomp, "seccomp", seccomp_parse),
	JSON_F(struct spec_linux, rootfs_propagation, "rootfsPropagation", JSON_STRING_FIELD),
	JSON_F(struct spec_linux, masked_paths, "maskedPaths", JSON_STRV_FIELD),
	JSON_F(struct spec_linux, readonly_paths, "readonlyPaths", JSON_STRV_FIELD),
	JSON_F(struct spec_linux, mount_label, "mountLabel", JSON_STRING_FIELD),
	JSON_F_OBJECT(struct spec_linux, time_offsets, "timeOffsets", time_offsets_fields),
	JSON_F_CUSTOM(struct spec_linux, personality, "personality", personality_parse),
	JSON_F_CUSTOM(struct spec_linux, memory_policy, "memoryPolicy", memory_policy_parse),
	JSON_F_CUSTOM(struct spec_linux, intel_rdt, "intelRdt", intel_rdt_parse),
	JSON_F_END,
};

static const struct json_field spec_fields[] = {
	JSON_F_REQUIRED(struct spec, oci_version, "ociVersion", JSON_STRING_FIELD),
	JSON_F_POINTER(struct spec, process, "process", process_fields, struct process),
	JSON_F_POINTER(struct spec, root, "root", root_fields, struct spec_root),
	JSON_F(struct spec, hostname, "hostname", JSON_STRING_FIELD),
	JSON_F(struct spec, domainname, "domainname", JSON_STRING_FIELD),
	JSON_F_ARRAY(struct spec, mounts, "mounts", spec_mount_fields, struct spec_mount),
	JSON_F_OBJECT(struct spec, hooks, "hooks", hooks_fields),
	JSON_F(struct spec, annotations, "annotations", JSON_STRMAP_FIELD),
	JSON_F_OBJECT(struct spec, linux_, "linux", spec_linux_fields),
	JSON_F_END,
};

static int check_paths(const char *name, const char **paths, struct error *err)
{
	char quoted[160];

	for (size_t i = 0; paths && paths[i]; i++)
		if (paths[i][0] != '/')
			return error_text(err, EINVAL, "linux.%s[%zu]: '%s' is not absolute", name,
					  i, str_quote(paths[i], quoted, sizeof(quoted)));
	return 0;
}

/* What comes behind 1.MINOR says nothing about the document. */
static int check_version(const char *version, uint32_t *ret_minor, struct error *err)
{
	const char *minor = str_after(version, "1.");
	char quoted[64], digits[16];

	if (!minor ||
	    str_format(digits, sizeof(digits), "%.*s", (int)strspn(minor, "0123456789"), minor) < 0 ||
	    parse_u32(digits, ret_minor) < 0)
		return error_text(err, EINVAL, "ociVersion: '%s' is not a 1.x version",
				  str_quote(version, quoted, sizeof(quoted)));
	return 0;
}

/*
 * Documents of before 1.3 that say 0 mean no limit: that is what engines write for it, and what runtimes made of it. Since
 * then 0 is a number like others: the first process alone, which is what a limit of 1 says. It goes into the document too,
 * as `update` starts from what is on record.
 */
static int settle_pids_limit(struct spec *spec, uint32_t minor, struct error *err)
{
	struct opt_i64 *limit = &spec->linux_.resources.pids.limit;
	json_t *section = json_object_get(spec->json, "linux");

	if (minor < 3 || !limit->set || limit->value != 0)
		return 0;
	section = json_object_get(json_object_get(section, "resources"), "pids");
	if (json_object_set_new(section, "limit", json_integer(1)) < 0)
		return error_set(err, ENOMEM, "linux.resources.pids.limit");
	limit->value = 1;
	return 0;
}

static int check(struct spec *spec, struct error *err)
{
	uint32_t minor;
	int r = check_version(spec->oci_version, &minor, err);

	if (r == 0)
		r = settle_pids_limit(spec, minor, err);
	if (r < 0)
		return r;
	if (!spec->root)
		return error_text(err, EINVAL, "root: missing");
	if (!*spec->root->path)
		return error_text(err, EINVAL, "root.path: empty");
	if (spec->process) {
		r = process_check(spec->process, err);
		if (r < 0)
			return r;
	}
	r = hooks_check(&spec->hooks, err);
	if (r < 0)
		return r;
	r = mounts_check(&spec->arena, &spec->mounts, err);
	if (r < 0)
		return r;
	r = sysctl_check(&spec->linux_.sysctl, err);
	if (r < 0)
		return r;
	r = check_paths("maskedPaths", spec->linux_.masked_paths, err);
	if (r < 0)
		return r;
	return check_paths("readonlyPaths", spec->linux_.readonly_paths, err);
}

int spec_parse(json_t *document, struct spec **ret, struct error *err)
{
	struct spec *spec = calloc(1, sizeof(*spec));
	int r;

	if (!spec)
		return error_set(err, ENOMEM, "config.json");
	spec->json = json_incref(document);
	r = json_parse_object(&spec->arena, document, spec_fields, spec, err);
	if (r == 0)
		r = check(spec, err);
	if (r < 0) {
		spec_free(spec);
		return r;
	}
	*ret = spec;
	return 0;
}

int spec_load(int dir_fd, const char *name, struct spec **ret, struct error *err)
{
	_cleanup_json_ json_t *document = NULL;
	int r = json_read_file(dir_fd, name, &document, err);

	if (r < 0)
		return r;
	r = spec_parse(document, ret, err);
	return r < 0 ? error_wrap(err, "%s", name) : 0;
}

void spec_free(struct spec *spec)
{
	if (!spec)
		return;
	arena_done(&spec->arena);
	json_decref(spec->json);
	free(spec);
}

int spec_parse_process(struct arena *arena, json_t *document, struct process **ret, struct error *err)
{
	struct process *process = arena_alloc(arena, 1, sizeof(*process));
	int r;

	if (!process)
		return error_set(err, ENOMEM, "process");
	r = json_parse_object(arena, document, process_fields, process, err);
	if (r < 0)
		return r;
	r = process_check(process, err);
	if (r < 0)
		return r;
	*ret = process;
	return 0;
}
