/* SPDX-License-Identifier: GPL-2.0-or-later */
/* engine_storage - see engine_storage.h. */
#include "engine_storage.h"

#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "error.h"
#include "fd.h"
#include "location.h"
#include "mountinfo.h"
#include "path.h"
#include "reach.h"
#include "str.h"

/* ---- tables ----------------------------------------------------------------------------------- */

/* Where engines put a container's root, relative to their data root. */
static const struct layout_row {
	const char *pattern;
	bool bundle;
} layout_rows[] = {
	/* Docker: storage drivers, plugins, BuildKit, and from 29 on containerd's snapshotters */
	{ "overlay2/*/merged", false },
	{ "fuse-overlayfs/*/merged", false },
	{ "btrfs/subvolumes/*", false },
	{ "zfs/graph/*", false },
	{ "aufs/mnt/*", false },
	{ "devicemapper/mnt/*/rootfs", false },
	{ "vfs/dir/*", false },
	{ "rootfs/overlayfs/*", false },
	{ "rootfs/native/*", false },
	{ "plugins/*/rootfs", false },
	{ "buildkit/executor/*/rootfs", false },
	/* Podman, CRI-O, Buildah: containers/storage; its vfs and btrfs are named as Docker's */
	{ "overlay/*/merged", false },
	/* a bundle as the OCI draws it, "rootfs" beside config.json: what whoever made it put there, too, is his to give */
	{ "rootfs", true },
};

/* Data roots that count wherever this container's own root is. */
static const char *const well_known_roots[] = {
	"/var/lib/docker",
	"/var/lib/containers/storage",
	"/run/containers/storage",
};
_Static_assert(sizeof(well_known_roots) / sizeof(well_known_roots[0]) + 2 <= ENGINE_STORAGE_MAX,
	       "and the container's own, and its bundle");

static const struct engine_path engine_paths[] = {
	/* Docker */
	{ "volumes/*/_data", .tree = true, .tmpfs = true },
	{ "containers/*/resolv.conf", .made = true },
	{ "containers/*/hosts", .made = true },
	{ "containers/*/hostname", .made = true },
	{ "containers/*/mounts/shm", .tree = true, .made = true, .writable = true, .tmpfs = true },
	{ "containers/*/mounts/*", .tree = true, .made = true, .tmpfs = true }, /* secrets, configs */
	{ "buildkit/executor", .tree = true, .made = true, .tmpfs = true },
	/* containers/storage; below the graph root or the run root */
	{ "*-containers/*/userdata/shm", .tree = true, .made = true, .writable = true, .tmpfs = true },
	{ "*-containers/*/userdata", .tree = true, .made = true, .tmpfs = true },
	/* CRI sandboxes of containerd come with a later stage */
};

/* All of a bundle's folder, where the root file system is in it, too. */
static const struct engine_path whole_bundle = { "", .tree = true };

/* Elsewhere it is full of things that an engine reads again. Buildah makes these there. */
static const struct engine_path bundle_paths[] = {
	{ "hostname", .made = true },
	{ "hosts", .made = true },
	{ "resolv.conf", .made = true },
	{ "run/.containerenv", .made = true },
};

/* ---- patterns --------------------------------------------------------------------------------- */

static size_t count_names(const char *path)
{
	size_t n = *path != '\0';

	for (; *path; path++)
		n += *path == '/';
	return n;
}

/* The first @n names of @path, into @buf; false when it has fewer. */
static bool first_names(const char *path, size_t n, char *buf)
{
	const char *end = path;

	for (size_t i = 0; i < n; i++) {
		if (i > 0 && *end++ != '/')
			return false;
		end += strcspn(end, "/");
	}
	return str_format(buf, PATH_MAX, "%.*s", (int)(end - path), path) == 0;
}

static const struct engine_path *match(const struct engine_path *rows, size_t n_rows, const char *rest)
{
	char start[PATH_MAX];

	if (*rest++ != '/')
		return NULL;
	for (size_t i = 0; i < n_rows; i++) {
		const struct engine_path *row = &rows[i];
		size_t n = count_names(row->pattern);

		if (!first_names(rest, n, start) || fnmatch(row->pattern, start, FNM_PATHNAME) != 0)
			continue;
		if (row->tree || str_eq(start, rest))
			return row;
	}
	return NULL;
}

const struct engine_path *engine_storage_match(const char *rest)
{
	return match(engine_paths, sizeof(engine_paths) / sizeof(engine_paths[0]), rest);
}

size_t engine_storage_root_of(const char *rootfs_path, bool *ret_bundle)
{
	for (size_t i = 0; i < sizeof(layout_rows) / sizeof(layout_rows[0]); i++) {
		const char *end = rootfs_path + strlen(rootfs_path);

		for (size_t n = count_names(layout_rows[i].pattern); end && n > 0; n--)
			end = end == rootfs_path ?
				      NULL :
				      memrchr(rootfs_path, '/', (size_t)(end - rootfs_path));
		if (!end || end == rootfs_path ||
		    fnmatch(layout_rows[i].pattern, end + 1, FNM_PATHNAME) != 0)
			continue;
		*ret_bundle = layout_rows[i].bundle;
		return (size_t)(end - rootfs_path);
	}
	return 0;
}

/* ---- data roots ------------------------------------------------------------------------------- */

static bool is_known(const struct engine_storage *storage, const struct location *location)
{
	for (size_t i = 0; i < storage->n; i++)
		if (location_relate(location, storage->roots[i].dev, storage->roots[i].path) ==
		    LOCATION_EQUAL)
			return true;
	return false;
}

/*
 * An engine's data root has nothing in it that another user put there. Who else can reach what is in it is asked for
 * each source: Podman's graph root lets everybody look, and closes the folders in it. A bundle's folder has no such table.
 */
static int may_be_root(const struct mountinfo *info, const struct location *location, int fd,
		       bool whole, struct error *err)
{
	struct stat st;

	if (whole)
		return reach_is_private(info, location, fd, err);
	if (fstat(fd, &st) < 0)
		return error_set(err, errno, "cannot stat '%s'", location->seen);
	return st.st_uid == 0 && !(st.st_mode & (S_IWGRP | S_IWOTH));
}

static int add_root(const struct mountinfo *info, const char *path, bool bundle, bool files,
		    struct engine_storage *storage, struct error *err)
{
	_cleanup_close_ int fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct location location;
	struct engine_root *root = &storage->roots[storage->n];
	int r;

	if (fd < 0 && (errno == ENOENT || errno == ENOTDIR))
		return 0;
	if (fd < 0)
		return error_set(err, errno, "cannot open '%s'", path);
	r = location_of_fd(info, fd, &location, err);
	if (r < 0 || is_known(storage, &location))
		return r;
	r = may_be_root(info, &location, fd, bundle && !files, err);
	if (r <= 0)
		return r;
	*root = (struct engine_root){
		.dev = location.dev,
		.path = strdup(location.path),
		.seen = strdup(location.seen),
		.bundle = bundle,
		.files = files,
	};
	storage->n++;
	return root->path && root->seen ? 0 : error_set(err, ENOMEM, "engine storage");
}

int engine_storage_find(const struct mountinfo *info, const char *rootfs_path,
			const char *bundle_path, struct engine_storage *ret, struct error *err)
{
	struct engine_storage storage = { .n = 0 };
	char path[PATH_MAX];
	bool bundle = false;
	size_t len = engine_storage_root_of(rootfs_path, &bundle);
	int r = 0;

	if (len > 0) {
		r = str_format(path, sizeof(path), "%.*s", (int)len, rootfs_path);
		r = r < 0 ? error_set(err, -r, "'%s'", rootfs_path) :
			    add_root(info, path, bundle, false, &storage, err);
	}
	for (size_t i = 0; r == 0 && i < sizeof(well_known_roots) / sizeof(well_known_roots[0]); i++)
		r = add_root(info, well_known_roots[i], false, false, &storage, err);
	if (r == 0)
		r = add_root(info, bundle_path, true, true, &storage, err);
	if (r < 0) {
		engine_storage_done(&storage);
		(void)error_wrap(err, "engine storage");
		return r;
	}
	*ret = storage;
	return 0;
}

void engine_storage_done(struct engine_storage *storage)
{
	for (size_t i = 0; i < storage->n; i++) {
		free(storage->roots[i].path);
		free(storage->roots[i].seen);
	}
	*storage = (struct engine_storage){ .n = 0 };
}

/* ---- verdicts --------------------------------------------------------------------------------- */

/* What is left of @path below @dir: "" or "/...". */
static const char *below(const char *path, const char *dir)
{
	return str_eq(dir, "/") ? path : path + strlen(dir);
}

static const struct engine_path *match_in(const struct engine_root *root, const char *rest)
{
	if (root->files)
		return match(bundle_paths, sizeof(bundle_paths) / sizeof(bundle_paths[0]), rest);
	return root->bundle ? &whole_bundle : engine_storage_match(rest);
}

enum engine_verdict engine_storage_judge(const struct engine_storage *storage,
					 const struct location *location, bool bundle,
					 const struct engine_path **ret)
{
	for (size_t i = 0; i < storage->n; i++) {
		const struct engine_root *root = &storage->roots[i];
		enum location_relation relation = location_relate(location, root->dev, root->path);
		const struct engine_path *row;

		if (root->bundle != bundle || relation == LOCATION_ELSEWHERE)
			continue;
		if (bundle && relation != LOCATION_BELOW) /* other rules apply to what it lies in */
			continue;
		if (relation != LOCATION_BELOW)
			return ENGINE_FORBIDDEN;
		row = match_in(root, below(location->path, root->path));
		if (row)
			*ret = row;
		return row ? ENGINE_ALLOWED : ENGINE_FORBIDDEN;
	}
	return ENGINE_ELSEWHERE;
}

/* A tmpfs that is mounted elsewhere, too, is not the engine's: `device=/run/user/1000` looks just like it. */
static bool is_mounted_once(const struct mountinfo *info, const struct mountinfo_entry *mount)
{
	for (size_t i = 0; i < info->n; i++)
		if (info->items[i].dev == mount->dev && &info->items[i] != mount)
			return false;
	return true;
}

const struct engine_path *engine_storage_tmpfs(const struct engine_storage *storage,
					       const struct mountinfo *info,
					       const struct location *location)
{
	const struct mountinfo_entry *mount = location->mount;

	if (!str_eq(mount->fs_type, "tmpfs") || !str_eq(mount->root, "/") ||
	    !is_mounted_once(info, mount))
		return NULL;
	for (size_t i = 0; i < storage->n; i++) {
		const struct engine_root *root = &storage->roots[i];
		const struct engine_path *row;

		if (root->bundle || !path_is_below(mount->target, root->seen))
			continue;
		row = engine_storage_match(below(mount->target, root->seen));
		if (row && row->tmpfs)
			return row;
	}
	return NULL;
}
