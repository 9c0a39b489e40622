/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mount_idmap - see mount_idmap.h. OCI config.md, "POSIX-platform Mounts": idmap, ridmap, uidMappings, gidMappings.
 *
 * A mount's mapping says which ids on disk are which ids of the host while they are looked at through the mount, and the
 * container's user namespace makes its own of those. Whoever chooses it freely chooses whose files are the container's
 * root's: with {containerID: 0, hostID: BASE} those of the host's root, with {containerID: 1000, hostID: BASE} those of an
 * account, with {containerID: 200000, hostID: BASE} those of another container. Therefore:
 *
 *  - engine storage, which no user of the host can reach: the container's own mapping, 0 to 0 as seen from inside. It is
 *    what such a mount gets without a word, so asking for it (containerd does, for each volume of a pod with users of its
 *    own) changes nothing. A mapping of another kind is refused, not quietly replaced.
 *  - a user's folder: its owner is the container's root, and nothing else is promised (owner_map.h). 0 to 0 would let the
 *    container leave a program there that is set-user-ID root on the host.
 *  - what is not mapped at all, an engine's file on a file system that cannot be: the word asks for a mapping.
 */
#include "mount_idmap.h"

#include <errno.h>

#include "error.h"
#include "mounts.h"
#include "source.h"
#include "str.h"

static int check_own(const char *name, const struct json_array *own, const struct id_mapping *maps,
		     size_t n, struct error *err)
{
	if (idmap_says_the_same(own->items, own->n, maps, n))
		return 0;
	return error_text(err, EPERM,
			  "%s: a mount's own mapping must be that of the container's user namespace, because any other "
			  "could make files of the host or of another container its root's: leave uidMappings and "
			  "gidMappings out",
			  name);
}

int mount_idmap_check(const struct spec_mount *mount, const struct source *source,
		      const struct idmap *map, struct error *err)
{
	char quoted[160];
	int r = 0;

	(void)str_quote(source->path, quoted, sizeof(quoted));
	if (source->kind == SOURCE_OWNER)
		return error_text(err, EPERM,
				  "'%s' belongs to user %u and cannot be id-mapped as the container is, because the container "
				  "could leave files of the host's root in it: leave idmap, uidMappings and gidMappings out, then "
				  "its owner is the container's root",
				  quoted, source->uid);
	if (source->kind == SOURCE_AS_IS)
		return error_text(err, EPERM,
				  "'%s' belongs to an id of the container already, and would be shifted twice: leave idmap, "
				  "uidMappings and gidMappings out",
				  quoted);
	if (source->kind == SOURCE_PLAIN)
		return error_text(err, EPERM,
				  "'%s' cannot be id-mapped, because its file system cannot or it is the engine's own: leave "
				  "idmap, uidMappings and gidMappings out, then it is mounted as it is",
				  quoted);
	if (mount->uid_mappings.n)
		r = check_own("uidMappings", &mount->uid_mappings, map->uids, map->n_uids, err);
	if (r == 0 && mount->gid_mappings.n)
		r = check_own("gidMappings", &mount->gid_mappings, map->gids, map->n_gids, err);
	return r;
}
