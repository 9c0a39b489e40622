/* SPDX-License-Identifier: GPL-2.0-or-later */
/* owner_map - owns under which ids a user's files appear in a container: his own is root, his subordinate ones follow. */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "idmap.h"

struct error;

#define OWNER_MAP_SPANS_MAX                                                                        \
	64 /* subordinate spans that are looked at: with 33 bytes each, all fit into a page */

/**
 * owner_map_make() - The map of one owner
 * @etc_path:	where passwd, group, subuid and subgid are
 * @uid:	the owner; never 0
 * @gid:	group of the source, which counts only for an owner without an account
 * @container:	the container's own mappings
 * @ret:	for mount_setattr(2): "inside" are ids on disk, "outside" the host's ids of the container
 *
 * The container's group 0 is never a group of the host that gives rights: not 0, and of an owner without an account not
 * one that /etc/group lists. Where nothing else is left it is 65534, because without any group root could make no files.
 */
int owner_map_make(const char *etc_path, uid_t uid, gid_t gid, const struct idmap *container,
		   struct idmap *ret, struct error *err);
