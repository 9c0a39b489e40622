/* SPDX-License-Identifier: GPL-2.0-or-later */
/* location - see location.h. */
#include "location.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>

#include "error.h"
#include "fd.h"
#include "mountinfo.h"
#include "path.h"
#include "str.h"
#include "sys.h"

/* What follows the folder @dir in @path: "" or "/..."; NULL when @path is not there. */
static const char *rest_after(const char *path, const char *dir)
{
	if (!path_is_below(path, dir))
		return NULL;
	if (str_eq(dir, "/"))
		return str_eq(path, "/") ? "" : path;
	return path + strlen(dir);
}

/* @dir and @rest as one path; @rest as rest_after() gives it. */
static int join(char *buf, const char *dir, const char *rest)
{
	if (*rest && str_eq(dir, "/"))
		dir = "";
	return str_format(buf, PATH_MAX, "%s%s", dir, rest);
}

/* @ret->seen is known. */
static int locate(const struct mountinfo *info, int fd, struct location *ret, struct error *err)
{
	const char *rest;
	struct statx stx;

	if (statx(fd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_MNT_ID, &stx) < 0)
		return error_set(err, errno, "cannot stat '%s'", ret->seen);
	if (!(stx.stx_mask & STATX_MNT_ID))
		return error_text(err, ENOSYS, "this kernel tells no mount ids: Linux 5.8 is needed");
	ret->mount = mountinfo_by_id(info, (int)stx.stx_mnt_id);
	if (!ret->mount)
		return error_text(err, EPERM, "'%s' is in another mount namespace", ret->seen);
	rest = rest_after(ret->seen, ret->mount->target);
	if (!rest)
		return error_text(err, EPERM, "'%s' is out of reach", ret->seen);
	ret->dev = ret->mount->dev;
	if (join(ret->path, ret->mount->root, rest) < 0)
		return error_text(err, ENAMETOOLONG, "'%s' is too deep in its file system",
				  ret->seen);
	return 0;
}

int location_of_fd(const struct mountinfo *info, int fd, struct location *ret, struct error *err)
{
	int r = path_of_fd(fd, ret->seen, err);

	return r < 0 ? r : locate(info, fd, ret, err);
}

int location_of_path(const struct mountinfo *info, const char *path, struct location *ret,
		     struct error *err)
{
	const struct open_how how = { .flags = O_PATH | O_CLOEXEC, .resolve = RESOLVE_NO_SYMLINKS };
	_cleanup_close_ int fd = sys_openat2(AT_FDCWD, path, &how);
	bool is_plain =
		fd >= 0; /* what leads there without a link is where it is, and saves three calls */
	int r;

	if (fd < 0 && errno == ELOOP)
		fd = open(path, O_PATH | O_CLOEXEC);
	if (fd < 0 && (errno == ENOENT || errno == ENOTDIR || errno == ELOOP))
		return 0;
	if (fd < 0)
		return error_set(err, errno, "cannot open '%s'", path);
	if (!is_plain)
		r = location_of_fd(info, fd, ret, err);
	else if (str_format(ret->seen, sizeof(ret->seen), "%s", path) == 0)
		r = locate(info, fd, ret, err);
	else
		r = error_text(err, ENAMETOOLONG, "'%s' is too long", path);
	return r < 0 ? r : 1;
}

int location_of_mount(const struct mountinfo_entry *mount, struct location *ret, struct error *err)
{
	ret->mount = mount;
	ret->dev = mount->dev;
	if (str_format(ret->path, sizeof(ret->path), "%s", mount->root) < 0 ||
	    str_format(ret->seen, sizeof(ret->seen), "%s", mount->target) < 0)
		return error_text(err, ENAMETOOLONG, "a mount's path is too long");
	return 0;
}

enum location_relation location_relate(const struct location *location, dev_t dev, const char *path)
{
	if (location->dev != dev)
		return LOCATION_ELSEWHERE;
	if (str_eq(location->path, path))
		return LOCATION_EQUAL;
	if (path_is_below(location->path, path))
		return LOCATION_BELOW;
	return path_is_below(path, location->path) ? LOCATION_ABOVE : LOCATION_ELSEWHERE;
}

bool location_through(const struct location *location, const struct mountinfo_entry *mount, char *buf)
{
	const char *rest;

	if (mount->dev != location->dev)
		return false;
	rest = rest_after(location->path, mount->root);
	return rest && join(buf, mount->target, rest) == 0;
}
