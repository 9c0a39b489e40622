/* SPDX-License-Identifier: GPL-2.0-or-later */
/* masks - see masks.h. */
#include "masks.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>

#include "error.h"
#include "fd.h"
#include "hardware.h"
#include "json.h"
#include "mount_api.h"
#include "mounts.h"
#include "path.h"
#include "str.h"
#include "sysctl.h"

#define MASK_ATTR (MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC)

/* What stands on every masked path. */
struct mask_source {
	int top_fd;  /* folders of hardware.h */
	int dir_fd;  /* an empty folder */
	int file_fd; /* a null device: writes vanish, reads end at once */
};

static void mask_source_done(struct mask_source *source)
{
	fd_close(source->top_fd);
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
	r = hardware_make_folders(mount_fd, err);
	if (r < 0)
		return r;
	if (mknodat(mount_fd, "null", S_IFCHR | 0666, makedev(1, 3)) < 0 ||
	    fchmodat(mount_fd, "null", 0666, 0) < 0)
		return error_set(err, errno, "cannot make the masks");
	dir_fd = openat(mount_fd, "empty", O_PATH | O_CLOEXEC);
	file_fd = openat(mount_fd, "null", O_PATH | O_CLOEXEC);
	if (dir_fd < 0 || file_fd < 0)
		return error_set(err, errno, "cannot open the masks");
	ret->top_fd = take_fd(&mount_fd);
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

static int put_on(int mask_fd, bool is_dir, int target_fd, struct error *err)
{
	_cleanup_close_ int mount_fd = mount_clone(mask_fd, false, err);
	int r;

	if (mount_fd < 0)
		return mount_fd;
	/* a device on a nodev mount cannot be opened at all; a masked file must read as empty */
	r = mount_change(mount_fd, is_dir ? MASK_ATTR : MASK_ATTR & ~(unsigned long)MOUNT_ATTR_NODEV,
			 0, 0, false, err);
	return r < 0 ? r : mount_attach(mount_fd, target_fd, err);
}

static int mask_one(int root_fd, const struct mask_source *source, const char *path, struct error *err)
{
	_cleanup_close_ int target_fd = open_existing(root_fd, path, err);
	struct stat st, own;

	if (target_fd < 0)
		return target_fd == -ENOENT ? 0 : target_fd;
	if (fstat(target_fd, &st) < 0 || fstat(source->dir_fd, &own) < 0)
		return error_set(err, errno, "cannot stat it");
	if (st.st_dev == own.st_dev) /* the host's hardware, hidden already */
		return 0;
	return put_on(S_ISDIR(st.st_mode) ? source->dir_fd : source->file_fd, S_ISDIR(st.st_mode),
		      target_fd, err);
}

/*
 * Files of a network namespace that are one switch for all of the host, which whoever is root in any user namespace may turn: on
 * for good, in this case. In a network namespace that a container makes later the BPF LSM layer alone keeps it from that.
 */
static int lock_switches(int root_fd, struct error *err)
{
	char path[PATH_MAX];
	const char *name;
	int r = 0;

	for (size_t i = 0; r == 0 && (name = sysctl_global(i)); i++) {
		(void)str_format(path, sizeof(path), "/proc/sys/%s", name);
		r = make_readonly(root_fd, path, err);
	}
	return r < 0 ? error_wrap(err, "switches of the kernel in /proc/sys/net") : 0;
}

/* ---- the host's hardware ---------------------------------------------------------------------------------- */

#define KEPT_MAX 8

/* A file or folder of the kernel's own; -ENOENT: something else, or nothing. */
static int open_kernels(int root_fd, const char *path, struct error *err)
{
	_cleanup_close_ int fd = open_existing(root_fd, path, err);
	struct statfs fs;

	if (fd < 0)
		return fd == -ELOOP ? -ENOENT : fd;
	if (fstatfs(fd, &fs) < 0)
		return error_set(err, errno, "cannot stat '%s'", path);
	return fs.f_type == SYSFS_MAGIC || fs.f_type == PROC_SUPER_MAGIC ? take_fd(&fd) : -ENOENT;
}

/* By its own words: who mounts there wants to see it there. */
static bool is_mounted_below(const struct json_array *mounts, const char *path)
{
	const struct spec_mount *list = mounts->items;

	for (size_t i = 0; i < mounts->n; i++) {
		const char *rest = list[i].destination ? str_after(list[i].destination, path) : NULL;

		if (rest && (!*rest || *rest == '/'))
			return true;
	}
	return false;
}

static int hide_one(int root_fd, const struct mask_source *source,
		    const struct hardware_hidden *hidden, struct error *err)
{
	_cleanup_close_ int target_fd = open_kernels(root_fd, hidden->path, err);
	_cleanup_close_ int from_fd = -EBADF;

	if (target_fd < 0)
		return target_fd == -ENOENT ? 0 : target_fd;
	if (!hidden->in_place)
		return put_on(source->file_fd, false, target_fd, err);
	from_fd = openat(source->top_fd, hidden->in_place, O_PATH | O_CLOEXEC);
	if (from_fd < 0)
		return error_set(err, errno, "cannot open the mask of '%s'", hidden->path);
	return put_on(from_fd, true, target_fd, err);
}

/* Clones of what is to be seen again, made before it is hidden. */
static int take_kept(int root_fd, int ret[KEPT_MAX], struct error *err)
{
	for (size_t i = 0; hardware_kept[i]; i++) {
		_cleanup_close_ int fd = open_kernels(root_fd, hardware_kept[i], err);

		if (fd == -ENOENT)
			continue;
		if (fd >= 0)
			ret[i] = mount_clone(fd, true, err);
		if (fd < 0 || ret[i] < 0)
			return fd < 0 ? fd : ret[i];
	}
	return 0;
}

static int put_kept(int root_fd, const struct mask_source *source, const int kept[KEPT_MAX],
		    struct error *err)
{
	struct stat own, st;
	int r = 0;

	if (fstat(source->dir_fd, &own) < 0)
		return error_set(err, errno, "cannot stat the masks");
	for (size_t i = 0; r == 0 && hardware_kept[i]; i++) {
		_cleanup_close_ int target_fd = -EBADF;

		if (kept[i] < 0)
			continue;
		target_fd = open_existing(root_fd, hardware_kept[i], err);
		if (target_fd == -ENOENT)
			continue;
		if (target_fd < 0)
			return target_fd;
		/* otherwise it was not hidden */
		if (fstat(target_fd, &st) == 0 && st.st_dev == own.st_dev)
			r = mount_attach(kept[i], target_fd, err);
	}
	return r;
}

static int hide_hardware(int root_fd, const struct mask_source *source,
			 const struct json_array *mounts, struct error *err)
{
	int kept[KEPT_MAX] = { -EBADF, -EBADF, -EBADF, -EBADF, -EBADF, -EBADF, -EBADF, -EBADF };
	int r = take_kept(root_fd, kept, err);

	for (size_t i = 0; r == 0 && i < hardware_n_hidden; i++)
		if (!is_mounted_below(mounts, hardware_hidden[i].path))
			r = hide_one(root_fd, source, &hardware_hidden[i], err);
	if (r == 0)
		r = put_kept(root_fd, source, kept, err);
	for (size_t i = 0; i < KEPT_MAX; i++)
		fd_close(kept[i]);
	return r;
}

int masks_apply(int root_fd, const char *scratch_path, const struct json_array *mounts,
		const char *label, const char *const *masked, const char *const *readonly,
		struct error *err)
{
	__attribute__((cleanup(mask_source_done))) struct mask_source source = { -EBADF, -EBADF,
										 -EBADF };
	int r = mask_source_make(scratch_path, label, &source, err);

	if (r == 0)
		r = hide_hardware(root_fd, &source, mounts, err);
	if (r < 0)
		return error_wrap(err, "the host's hardware in /proc and /sys");
	r = lock_switches(root_fd, err);
	if (r < 0)
		return r;
	for (size_t i = 0; readonly && readonly[i]; i++) {
		r = make_readonly(root_fd, readonly[i], err);
		if (r < 0)
			return error_wrap(err, "linux.readonlyPaths[%zu] '%s'", i, readonly[i]);
	}
	for (size_t i = 0; masked && masked[i]; i++) {
		r = mask_one(root_fd, &source, masked[i], err);
		if (r < 0)
			return error_wrap(err, "linux.maskedPaths[%zu] '%s'", i, masked[i]);
	}
	return 0;
}
