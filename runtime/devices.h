/* SPDX-License-Identifier: GPL-2.0-or-later */
/* devices - owns which device nodes a container has: one allow-list for /dev and for the device cgroup. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "json.h"

struct error;
struct idmap;

struct device_node { /* linux.devices[], OCI config-linux.md "Devices" */
	const char *path;
	const char *type; /* "c", "u", "b", "p" */
	int64_t major;
	int64_t minor;
	struct opt_u32 file_mode;
	struct opt_u32 uid; /* inside the container */
	struct opt_u32 gid;
};

struct device_rule { /* linux.resources.devices[] */
	bool allow;
	const char *type;     /* "a", "c", "b"; NULL means "a" */
	struct opt_i64 major; /* unset or -1: any */
	struct opt_i64 minor;
	const char *access; /* of "rwm" */
};

extern const struct json_field device_node_fields[];
extern const struct json_field device_rule_fields[];

#define DEVICE_NODES_MAX 32
#define DEVICE_RULES_MAX 64

struct device_entry {	/* resolved: all fields are meaningful */
	char type;	/* 'c' or 'p' */
	uint32_t major; /* DEVICE_ANY in rules: any */
	uint32_t minor;
	char path[128]; /* below the root, "/dev/null"; empty in rules */
	uint32_t mode;
	uint32_t uid;
	uint32_t gid;
};
#define DEVICE_ANY UINT32_MAX

/* What the container gets. */
struct device_plan {
	struct device_entry nodes[DEVICE_NODES_MAX]; /* made below /dev */
	size_t n_nodes;
	struct device_entry rules[DEVICE_RULES_MAX]; /* allowed "rwm"; everything else is denied */
	size_t n_rules;
	size_t dropped; /* nodes of a --privileged list that were left out */
};

/**
 * devices_plan() - Check what the spec asks for against the allow-list
 * @nodes:	linux.devices
 * @rules:	linux.resources.devices
 *
 * Always there: null, zero, full, random, urandom, tty (and the rules for ptmx and pts). net/tun and fuse when
 * asked for. A node or an allow rule for anything else is refused by name, except where the rules hold an "allow a
 * rwm", the mark of `--privileged`: there the rest is dropped, and counted. Rules for mknod alone ("m") are ignored:
 * there is no mknod in a user namespace.
 * Return: 0, or -EPERM with a text that names the device and what to do.
 */
int devices_plan(const struct json_array *nodes, const struct json_array *rules,
		 struct device_plan *ret, struct error *err);

/**
 * devices_make() - mknod(2) each node below /dev, and the links fd, stdin, stdout, stderr, ptmx, core
 * @root_fd:	the container's root
 * @dev_is_ours: on its /dev the runtime has mounted a tmpfs. Else nothing is written there: nodes that exist with the
 *		right type and number are kept, and a missing one is an error
 * @map:	the container's ids
 *
 * The caller has all capabilities in the initial user namespace and the fsuid of its root. Paths are resolved inside the root.
 */
int devices_make(int root_fd, const struct device_plan *plan, bool dev_is_ours,
		 const struct idmap *map, struct error *err);
