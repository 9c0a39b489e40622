/* SPDX-License-Identifier: GPL-2.0-or-later */
/* spec - owns config.json as a whole: the document, and one struct that the sections' parsers fill. */
#pragma once

#include <stdbool.h>

#include "arena.h"
#include "hooks.h"
#include "idmap.h"
#include "intel_rdt.h"
#include "json.h"
#include "memory_policy.h"
#include "namespaces.h"
#include "personality.h"
#include "process.h"
#include "resources.h"

struct error;
struct seccomp;

struct spec_root {
	const char *path; /* relative to the bundle, or absolute */
	bool readonly;
};

struct spec_linux {
	struct json_array uid_mappings; /* struct id_mapping */
	struct json_array gid_mappings;
	struct json_strmap sysctl;
	struct resources resources;
	const char *cgroups_path;
	struct namespaces namespaces;
	struct json_array devices;     /* struct device_node */
	struct json_array net_devices; /* struct net_device */
	struct seccomp *seccomp;       /* NULL: none */
	const char *rootfs_propagation;
	const char **masked_paths;
	const char **readonly_paths;
	const char *mount_label;
	struct time_offsets time_offsets;
	struct personality personality;
	struct memory_policy memory_policy;
	struct intel_rdt intel_rdt;
};

struct spec {
	struct arena arena;
	json_t *json; /* owner of every string below */

	const char *oci_version;
	struct process *process; /* NULL: absent; then `start` fails, OCI runtime.md */
	struct spec_root *root;
	const char *hostname;
	const char *domainname;
	struct json_array mounts; /* struct spec_mount, see mounts.h */
	struct hooks hooks;
	struct json_strmap annotations;
	struct spec_linux linux_;
};

extern const struct json_field spec_linux_fields[]; /* of struct spec_linux */

/**
 * spec_load() - Read and check a config.json
 * @dir_fd:	the bundle
 * @name:	"config.json"
 * @ret:	owned by the caller, spec_free()
 *
 * Every check that needs no knowledge of the host is made here.
 */
int spec_load(int dir_fd, const char *name, struct spec **ret, struct error *err);

/* The same from a document; takes its own reference. For the fuzzer and tests. */
int spec_parse(json_t *document, struct spec **ret, struct error *err);

void spec_free(struct spec *spec);
static inline void spec_freep(struct spec **spec)
{
	spec_free(*spec);
}

/* A process document (`exec --process`): parsed into @arena, which like @document must outlive it. */
int spec_parse_process(struct arena *arena, json_t *document, struct process **ret,
		       struct error *err);
