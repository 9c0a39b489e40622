/* SPDX-License-Identifier: GPL-2.0-or-later */
/* engine_storage - owns the table of engines' layouts: where data roots are, and what below them a container may see. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct error;
struct location;
struct mountinfo;

#define ENGINE_STORAGE_MAX 5

/* What below a data root may be the source of a bind mount. */
struct engine_path {
	const char *pattern; /* relative to the data root; '*' stands for part of one name */
	bool tree;	     /* with all that is in it; otherwise this one file */
	bool made; /* the engine's own small file or folder: shown as it is where ids cannot be mapped, ... */
	bool writable; /* ... and only then: not read-only */
	bool tmpfs;    /* the engine may have mounted a tmpfs exactly there */
};

struct engine_root {
	dev_t dev;
	char *path;  /* inside the file system */
	char *seen;  /* as this process sees it */
	bool bundle; /* not an engine's, but the folder of a bundle: counts after restricted paths */
	bool files;  /* of a bundle: not all that is in it, but the files that engines make there */
};

struct engine_storage {
	struct engine_root roots[ENGINE_STORAGE_MAX];
	size_t n;
};

/**
 * engine_storage_find() - The data roots: the one that @rootfs_path lies in, and the well-known ones; and the bundle
 * @bundle_path: where config.json is, absolute
 *
 * Only those of root that nobody else can write to count. Whether other users can reach a source in one is another question:
 * reach.h.
 */
int engine_storage_find(const struct mountinfo *info, const char *rootfs_path,
			const char *bundle_path, struct engine_storage *ret, struct error *err);
void engine_storage_done(struct engine_storage *storage);

/* Length of the data root in @rootfs_path, by the layouts' patterns; 0: none fits. @ret_bundle: it is a bundle's. */
size_t engine_storage_root_of(const char *rootfs_path, bool *ret_bundle);

enum engine_verdict {
	ENGINE_ELSEWHERE, /* not below a data root */
	ENGINE_FORBIDDEN, /* below one, and not in the table */
	ENGINE_ALLOWED,
};

/* Goes by where the file is, so a volume with `device=` is judged as that device. @ret: the row, of ENGINE_ALLOWED. */
enum engine_verdict engine_storage_judge(const struct engine_storage *storage,
					 const struct location *location, bool bundle,
					 const struct engine_path **ret);

/* The row of a tmpfs that the engine made and mounted at one place only, which @location is on; else NULL. */
const struct engine_path *engine_storage_tmpfs(const struct engine_storage *storage,
					       const struct mountinfo *info,
					       const struct location *location);

/* The row that a path below a data root falls under; NULL: none. "" is the root itself. */
const struct engine_path *engine_storage_match(const char *rest);
