/* SPDX-License-Identifier: GPL-2.0-or-later */
/* rootfs - see rootfs.h. */
#include "rootfs.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "container.h"
#include "error.h"
#include "fd.h"
#include "mount_api.h"
#include "mountinfo.h"
#include "str.h"
#include "sys.h"
#include "twin.h"

/* The mount whose mount point is exactly @path: the topmost of them. */
static const struct mountinfo_entry *mount_at(const struct mountinfo *info, const char *path)
{
	for (size_t i = info->n; i-- > 0;)
		if (str_eq(info->items[i].target, path))
			return &info->items[i];
	return NULL;
}

static int plan_overlay(struct container *c, struct error *err)
{
	__attribute__((cleanup(mountinfo_done))) struct mountinfo info = { 0 };
	const struct mountinfo_entry *overlay;
	int r = mountinfo_read(&info, err);

	if (r < 0)
		return r;
	overlay = mount_at(&info, c->rootfs);
	if (!overlay || !str_eq(overlay->fs_type, "overlay") || !str_eq(overlay->root, "/"))
		return error_text(err, EPERM,
				  "root.path: '%s' is a folder inside an overlay, whose files cannot be id-mapped: use a "
				  "folder of another file system, or the overlay as a whole",
				  c->rootfs);
	c->root_kind = ROOT_TWIN;
	return twin_plan(overlay, c->view, &c->twin, err);
}

int rootfs_plan(struct container *c, struct error *err)
{
	_cleanup_close_ int fd = open(c->rootfs, O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct statfs fs;
	struct stat st;
	int r;

	if (fd < 0)
		return error_set(err, errno, "root.path: cannot open '%s'", c->rootfs);
	if (fstatfs(fd, &fs) < 0 || fstat(fd, &st) < 0)
		return error_set(err, errno, "root.path: cannot stat '%s'", c->rootfs);
	/* whoever brought mappings may have shifted the files, too: then it stays as it is, and source.c says so */
	if (fs.f_type == OVERLAYFS_SUPER_MAGIC && !(c->foreign_ids && st.st_uid == c->root_uid))
		return plan_overlay(c, err);

	c->root_kind = ROOT_FOLDER;
	r = source_open_rootfs(c->view, c->rootfs, &c->root_source, err);
	return r < 0 ? error_wrap(err, "root.path") : 0;
}

int rootfs_mount(struct container *c, struct error *err)
{
	_cleanup_close_ int mount_fd = -EBADF, target_fd = -EBADF;
	int r;

	if (c->root_kind == ROOT_TWIN)
		mount_fd = twin_mount(c->twin, c->userns_fd, c->scratch, err);
	else
		mount_fd = source_clone(c->view, &c->root_source, true, c->userns_fd, err);
	if (mount_fd < 0)
		return error_wrap(err, "root.path '%s'", c->rootfs);

	target_fd = open(c->rootfs, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (target_fd < 0)
		return error_set(err, errno, "root.path: cannot open '%s'", c->rootfs);
	r = mount_attach(mount_fd, target_fd, err);
	if (r < 0)
		return error_wrap(err, "root.path '%s'", c->rootfs);
	c->root_fd = take_fd(&mount_fd);
	return 0;
}

int rootfs_pivot(struct container *c, struct error *err)
{
	int r;

	if (c->spec->root->readonly) {
		r = mount_change(c->root_fd, MOUNT_ATTR_RDONLY, 0, 0, false, err);
		if (r < 0)
			return error_wrap(err, "root.readonly");
	}
	/* pivot_root(2), "pivot_root(".", ".")": the old root ends up on top of the new one, and is taken off. */
	if (fchdir(c->root_fd) < 0)
		return error_set(err, errno, "cannot enter the new root");
	if (sys_pivot_root(".", ".") < 0)
		return error_set(err, errno, "cannot pivot to the new root");
	if (umount2(".", MNT_DETACH) < 0)
		return error_set(err, errno, "cannot take the old root away");
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return error_set(err, errno, "cannot make the new root private");
	return 0;
}
