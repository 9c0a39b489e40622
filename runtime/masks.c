/* SPDX-License-Identifier: GPL-2.0-or-later */
/* masks - see masks.h. */
#include "masks.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "error.h"
#include "fd.h"
#include "mount_api.h"
#include "path.h"

#define MASK_ATTR (MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC)

/* What stands on every masked path. */
struct mask_source {
	int dir_fd;  /* an empty folder */
	int file_fd; /* a null device: writes vanish, reads end at once */
};

static void mask_source_done(struct mask_source *source)
{
	fd_close(source->dir_fd);
	fd_close(source->file_fd);
}

/* Attached outside the new root, where nothing of the container comes: Linux before 6.15 clones nothing detached. */
static int mask_source_attach(int mount_fd, const char *scratch_path, struct error *err)
{
	_cleanup_close_ int target_fd =
		open(scratch_path, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (target_fd < 0)
		return error_set(err, errno, "cannot open '%s'", scratch_path);
	return mount_attach(mount_fd, target_fd, err);
}

static int mask_source_make(const char *scratch_path, const char *label, struct mask_source *ret,
			    struct error *err)
{
	_cleanup_close_ int fs_fd = mount_fs_open("tmpfs", err);
	_cleanup_close_ int mount_fd = -EBADF, dir_fd = -EBADF, file_fd = -EBADF;
	int r;

	if (fs_fd < 0)
		return fs_fd;
	(void)mount_fs_set(fs_fd, "source", "mask", NULL); /* a name for mountinfo, no more */
	r = mount_fs_set(fs_fd, "mode", "755", err);
	if (r == 0)
		r = mount_fs_set(fs_fd, "size", "4k", err);
	if (r == 0 && label && *label)
		r = mount_fs_set(fs_fd, "context", label, err);
	if (r < 0)
		return r;
	mount_fd = mount_fs_create(fs_fd, 0, err);
	if (mount_fd < 0)
		return mount_fd;
	r = mask_source_attach(mount_fd, scratch_path, err);
	if (r < 0)
		return r;
	if (mkdirat(mount_fd, "empty", 0555) < 0 ||
	    mknodat(mount_fd, "null", S_IFCHR | 0666, makedev(1, 3)) < 0 ||
	    fchmodat(mount_fd, "null", 0666, 0) < 0)
		return error_set(err, errno, "cannot make the masks");
	dir_fd = openat(mount_fd, "empty", O_PATH | O_CLOEXEC);
	file_fd = openat(mount_fd, "null", O_PATH | O_CLOEXEC);
	if (dir_fd < 0 || file_fd < 0)
		return error_set(err, errno, "cannot open the masks");
	ret->dir_fd = take_fd(&dir_fd);
	ret->file_fd = take_fd(&file_fd);
	return 0;
}

/* -ENOENT: nothing to do. A component that is no folder hides the path just as well. */
static int open_existing(int root_fd, const char *path, struct error *err)
{
	int fd = path_open_in_root(root_fd, path, O_PATH, err);

	return fd == -ENOTDIR || fd == -EACCES ? -ENOENT : fd;
}

static int make_readonly(int root_fd, const char *path, struct error *err)
{
	_cleanup_close_ int target_fd = open_existing(root_fd, path, err);
	_cleanup_close_ int mount_fd = -EBADF;
	int r;

	if (target_fd < 0)
		return target_fd == -ENOENT ? 0 : target_fd;
	/* recursive: what is mounted below stays there, and read-only applies to it too */
	mount_fd = mount_clone(target_fd, true, err);
	if (mount_fd < 0)
		return mount_fd;
	r = mount_change(mount_fd, MOUNT_ATTR_RDONLY, 0, 0, true, err);
	return r < 0 ? r : mount_attach(mount_fd, target_fd, err);
}

static int mask_one(int root_fd, const struct mask_source *source, const char *path, struct error *err)
{
	_cleanup_close_ int target_fd = open_existing(root_fd, path, err);
	_cleanup_close_ int mount_fd = -EBADF;
	struct stat st;
	int r;

	if (target_fd < 0)
		return target_fd == -ENOENT ? 0 : target_fd;
	if (fstat(target_fd, &st) < 0)
		return error_set(err, errno, "cannot stat it");
	mount_fd = mount_clone(S_ISDIR(st.st_mode) ? source->dir_fd : source->file_fd, false, err);
	if (mount_fd < 0)
		return mount_fd;
	/* a device on a nodev mount cannot be opened at all; a masked file must read as empty */
	r = mount_change(mount_fd,
			 S_ISDIR(st.st_mode) ? MASK_ATTR :
					       MASK_ATTR & ~(unsigned long)MOUNT_ATTR_NODEV,
			 0, 0, false, err);
	return r < 0 ? r : mount_attach(mount_fd, target_fd, err);
}

int masks_apply(int root_fd, const char *scratch_path, const char *label, const char *const *masked,
		const char *const *readonly, struct error *err)
{
	__attribute__((cleanup(mask_source_done))) struct mask_source source = { -EBADF, -EBADF };
	int r;

	for (size_t i = 0; readonly && readonly[i]; i++) {
		r = make_readonly(root_fd, readonly[i], err);
		if (r < 0)
			return error_wrap(err, "linux.readonlyPaths[%zu] '%s'", i, readonly[i]);
	}
	if (!masked || !masked[0])
		return 0;
	r = mask_source_make(scratch_path, label, &source, err);
	for (size_t i = 0; r == 0 && masked[i]; i++) {
		r = mask_one(root_fd, &source, masked[i], err);
		if (r < 0)
			return error_wrap(err, "linux.maskedPaths[%zu] '%s'", i, masked[i]);
	}
	return r;
}
