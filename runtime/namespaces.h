/* SPDX-License-Identifier: GPL-2.0-or-later */
/* namespaces - owns linux.namespaces: which are new, which are joined, and which requests to share the host's are refused. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "json.h"

struct error;

enum ns_type {
	NS_MOUNT,
	NS_PID,
	NS_NETWORK,
	NS_IPC,
	NS_UTS,
	NS_USER,
	NS_CGROUP,
	NS_TIME,
	NS_TYPES,
};

struct ns_info {
	const char *oci_name;  /* "network" */
	const char *proc_name; /* "net" of /proc/PID/ns */
	int clone_flag;
	bool forced; /* made even where the spec does not ask for it: engines leave it out for no bad reason */
};

extern const struct ns_info ns_infos[NS_TYPES];

struct namespaces {
	bool named[NS_TYPES];	    /* the spec has an entry */
	const char *path[NS_TYPES]; /* to join; NULL: new */
};

/* linux.timeOffsets: what the container's clock shows minus the host's. time_namespaces(7). */
struct time_offset {
	struct opt_i64 secs;
	struct opt_u32 nanosecs;
};
struct time_offsets {
	struct time_offset monotonic;
	struct time_offset boottime;
};
extern const struct json_field time_offsets_fields[];

/* Custom parser of the array: duplicates and unknown types are refused. */
int namespaces_parse(struct arena *arena, json_t *value, void *out, struct error *err);

/* -EPERM where mount, pid, network, ipc or uts has no entry, which asks for the host's. Paths are join.h's. */
int namespaces_check(const struct namespaces *ns, struct error *err);

/* The refusal's text; @how the spec asks for it. */
int namespaces_refuse_host(enum ns_type type, const char *how, struct error *err);
