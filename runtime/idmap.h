/* SPDX-License-Identifier: GPL-2.0-or-later */
/* idmap - owns uid and gid mappings: checks them, writes /proc/PID/{uid,gid}_map, makes user namespaces to map with. */
#pragma once

#include <stdbool.h>
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

/* What a user namespace maps: host ids are those of the runtime's own user namespace. */
struct idmap {
	struct id_mapping uids[IDMAP_MAX];
	struct id_mapping gids[IDMAP_MAX];
	size_t n_uids, n_gids;
};

/* From parsed arrays of struct id_mapping; -E2BIG beyond IDMAP_MAX. */
int idmap_set(struct idmap *map, const struct json_array *uids, const struct json_array *gids);

/* An array as the spec has it; new reference, or NULL. */
json_t *idmap_to_json(const struct id_mapping *maps, size_t n);

/* Ids 0 to 65535 to as many from @base on, uids and gids alike. */
void idmap_set_block(struct idmap *map, uint32_t base);

/* Which id of the host a container's id is; false: none. */
bool idmap_host_uid(const struct idmap *map, uint32_t uid, uint32_t *ret);
bool idmap_host_gid(const struct idmap *map, uint32_t gid, uint32_t *ret);
bool idmap_has_host_uid(const struct idmap *map,
			uint32_t host_uid); /* whether it is some id of the container */

/* Whether two maps are the same however they are ordered and split up. */
bool idmap_says_the_same(const struct id_mapping *a, size_t n_a, const struct id_mapping *b,
			 size_t n_b);
bool idmap_equal(const struct idmap *a, const struct idmap *b);

/**
 * idmap_compose() - Mappings to a container's ids become mappings to the host's
 * @inner:	.host_id is an id of the container
 * @outer:	the container's own
 * @ret:	room for @max; what @outer does not map, or what does not fit, is left out
 *
 * Return: how many.
 */
size_t idmap_compose(const struct id_mapping *inner, size_t n_inner, const struct id_mapping *outer,
		     size_t n_outer, struct id_mapping *ret, size_t max);

/**
 * idmap_of_userns() - What an existing user namespace maps
 *
 * A child joins it for a moment, because only /proc/PID tells. -ENOTSUP where it maps nothing, -E2BIG beyond IDMAP_MAX.
 */
int idmap_of_userns(int userns_fd, struct idmap *ret, struct error *err);

/**
 * idmap_check() - Refuse what the kernel would refuse, but say which entry is at fault
 * @maps:	entries in config order; borrowed, not kept
 * @n:		count of @maps, 1 to IDMAP_MAX
 *
 * Return: 0, or -EINVAL if a range is empty, wraps past 2^32 - 1 or overlaps an earlier one on either side.
 */
int idmap_check(const struct id_mapping *maps, size_t n, struct error *err);

/* Writes both maps of a process that was just cloned with CLONE_NEWUSER. Allocates on the heap. */
int idmap_write(pid_t pid, const struct idmap *map, struct error *err);

/**
 * idmap_make_userns() - A user namespace that exists only to id-map mounts with
 *
 * A throw-away child (clone(2) with CLONE_NEWUSER | CLONE_VM | CLONE_VFORK is not possible, as its maps are written
 * while it lives) carries it until the descriptor is open. Both maps are checked first.
 * Return: a descriptor of the user namespace, owned by the caller, or -errno.
 */
int idmap_make_userns(const struct idmap *map, struct error *err);
