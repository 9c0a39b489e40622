/* SPDX-License-Identifier: GPL-2.0-or-later */
/* idmap - owns uid and gid mappings: checks them, writes /proc/PID/{uid,gid}_map, makes user namespaces to map with. */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "json.h"

struct error;

#define IDMAP_MAX 340 /* lines per map since Linux 4.15, user_namespaces(7) */

/* One entry of uidMappings: OCI config-linux.md, "User namespace mappings". */
struct id_mapping {
	uint32_t container_id; /* containerID: first ID inside the namespace */
	uint32_t host_id;      /* hostID: first ID in the parent namespace */
	uint32_t size;	       /* count of IDs, at least 1 */
};

extern const struct json_field idmap_fields[]; /* of one struct id_mapping */

/**
 * idmap_check() - Refuse what the kernel would refuse, but say which entry is at fault
 * @maps:	entries in config order; borrowed, not kept
 * @n:		count of @maps, 1 to IDMAP_MAX
 *
 * Return: 0, or -EINVAL if a range is empty, wraps past 2^32 - 1 or overlaps an earlier one on either side.
 */
int idmap_check(const struct id_mapping *maps, size_t n, struct error *err);

/* Writes both maps of a process that was just cloned with CLONE_NEWUSER. Allocates on the heap. */
int idmap_write(pid_t pid, const struct id_mapping *uids, size_t n_uids,
		const struct id_mapping *gids, size_t n_gids, struct error *err);

/**
 * idmap_make_userns() - A user namespace that exists only to id-map mounts with
 *
 * A throw-away child (clone(2) with CLONE_NEWUSER | CLONE_VM | CLONE_VFORK is not possible, as its maps are written
 * while it lives) carries it until the descriptor is open. Both maps are checked first.
 * Return: a descriptor of the user namespace, owned by the caller, or -errno.
 */
int idmap_make_userns(const struct id_mapping *uids, size_t n_uids, const struct id_mapping *gids,
		      size_t n_gids, struct error *err);
