/* SPDX-License-Identifier: GPL-2.0-or-later */
/* reach - see reach.h. */
#include "reach.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#include "error.h"
#include "fd.h"
#include "location.h"
#include "mountinfo.h"
#include "str.h"
#include "sys.h"

#define DEPTH_MAX 2048 /* folders above a file: a path of PATH_MAX bytes has no more */

bool reach_is_closed(const struct stat *st, bool has_acl)
{
	if (!S_ISDIR(st->st_mode) || st->st_uid != 0 || st->st_mode & S_IXOTH)
		return false;
	return !(st->st_mode & S_IXGRP) || (st->st_gid == 0 && !has_acl);
}

/* In doubt there is one. */
static bool has_acl(int fd)
{
	char link[64];

	(void)str_format(link, sizeof(link), "/proc/self/fd/%d", fd); /* always fits */
	return getxattr(link, "system.posix_acl_access", NULL, 0) >= 0 ||
	       (errno != ENODATA && errno != EOPNOTSUPP);
}

static bool is_same_folder(const struct statx *a, const struct statx *b)
{
	return a->stx_ino == b->stx_ino && a->stx_dev_major == b->stx_dev_major &&
	       a->stx_dev_minor == b->stx_dev_minor && a->stx_mnt_id == b->stx_mnt_id;
}

static int stat_both(int fd, struct stat *st, struct statx *stx, struct error *err)
{
	if (fstat(fd, st) < 0 ||
	    statx(fd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_INO | STATX_MNT_ID, stx) < 0)
		return error_set(err, errno, "cannot stat a folder");
	return 0;
}

/* Takes ownership of @fd, a folder. Up to the root: 1 as soon as one is closed. */
static int walk_up(int fd, struct error *err)
{
	_cleanup_close_ int dir_fd = fd;
	struct statx stx, above;
	struct stat st;
	int r = stat_both(dir_fd, &st, &stx, err);

	for (int i = 0; r == 0 && i < DEPTH_MAX; i++) {
		int up_fd;

		if (reach_is_closed(&st, st.st_mode & S_IXGRP && has_acl(dir_fd)))
			return 1;
		up_fd = openat(dir_fd, "..", O_PATH | O_DIRECTORY | O_CLOEXEC);
		if (up_fd < 0)
			return error_set(err, errno, "cannot open the folder above");
		fd_close(dir_fd);
		dir_fd = up_fd;
		r = stat_both(dir_fd, &st, &above, err);
		if (r == 0 && is_same_folder(&stx, &above))
			return 0;
		stx = above;
	}
	return r < 0 ? r : error_text(err, ELOOP, "too many folders above");
}

/* The path is one that the kernel gave, so it has no links. -ENOENT when something else is there by now. */
static int open_plain(const char *path, int flags)
{
	const struct open_how how = {
		.flags = (uint64_t)(O_PATH | O_NOFOLLOW | O_CLOEXEC | flags),
		.resolve = RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS,
	};
	int fd = sys_openat2(AT_FDCWD, path, &how);

	return fd < 0 ? -errno : fd;
}

static int open_parent(const char *path, struct error *err)
{
	char parent[PATH_MAX];
	char *slash;
	int fd;

	(void)str_format(parent, sizeof(parent), "%s", path); /* as long as its like */
	slash = strrchr(parent, '/');
	slash[slash == parent] = '\0';
	fd = open_plain(parent, O_DIRECTORY);
	return fd < 0 ? error_set(err, -fd, "cannot open '%s'", parent) : fd;
}

/* One name of the file @fd, which is at @path. */
static int is_name_private(const char *path, int fd, struct error *err)
{
	struct stat st;
	int dir_fd;

	if (fstat(fd, &st) < 0)
		return error_set(err, errno, "cannot stat '%s'", path);
	if (S_ISDIR(st.st_mode))
		dir_fd = openat(fd, ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	else
		dir_fd = open_parent(path, err);
	if (dir_fd < 0 && S_ISDIR(st.st_mode))
		return error_set(err, errno, "cannot open '%s'", path);
	return dir_fd < 0 ? dir_fd : walk_up(dir_fd, err);
}

/* Another mount may show the file, too, or no longer because something is mounted over it. */
static int is_alias_private(const struct mountinfo_entry *mount, const char *path, int fd,
			    struct error *err)
{
	_cleanup_close_ int alias_fd = open_plain(path, 0);
	struct statx a, b;

	if (alias_fd < 0)
		return alias_fd == -ENOENT || alias_fd == -ENOTDIR ?
			       1 :
			       error_set(err, -alias_fd, "cannot open '%s'", path);
	if (statx(fd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_INO | STATX_MNT_ID, &a) < 0 ||
	    statx(alias_fd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_INO | STATX_MNT_ID, &b) < 0)
		return error_set(err, errno, "cannot stat '%s'", path);
	if (b.stx_mnt_id != (uint64_t)mount->id || a.stx_ino != b.stx_ino)
		return 1; /* hidden */
	return is_name_private(path, alias_fd, err);
}

int reach_is_private(const struct mountinfo *info, const struct location *location, int fd,
		     struct error *err)
{
	char path[PATH_MAX];
	int r = is_name_private(location->seen, fd, err);

	for (size_t i = 0; r > 0 && i < info->n; i++) {
		const struct mountinfo_entry *mount = &info->items[i];

		if (mount != location->mount && location_through(location, mount, path))
			r = is_alias_private(mount, path, fd, err);
	}
	return r;
}
