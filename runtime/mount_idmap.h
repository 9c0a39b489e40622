/* SPDX-License-Identifier: GPL-2.0-or-later */
/* mount_idmap - owns whether a bind mount may have the id mapping that its entry in mounts[] asks for. */
#pragma once

#include <stddef.h>

#include "idmap.h"

struct error;
struct source;
struct spec_mount;

/**
 * mount_idmap_check() - Refuse every mapping but the container's own, and that one where it would be dangerous
 * @mount:	with "idmap" or "ridmap", or mappings of its own; checked by mounts_check()
 * @source:	as source_open() decided about it
 * @map:	what the container's user namespace maps
 *
 * Every bind is id-mapped here whether its entry asks for that or not, so this is never about doing more than usual. Entries
 * of a map may be split up and ordered otherwise than the container's.
 * Return: 0: what the entry asks for is what source_clone() does; -EPERM with what to do instead.
 */
int mount_idmap_check(const struct spec_mount *mount, const struct source *source,
		      const struct idmap *map, struct error *err);
