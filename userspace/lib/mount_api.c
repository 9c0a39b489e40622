/* SPDX-License-Identifier: GPL-2.0-or-later */
/* mount_api - see mount_api.h. */
#include "mount_api.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "error.h"
#include "fd.h"
#include "sys.h"

#ifndef MOVE_MOUNT_T_EMPTY_PATH
#define MOVE_MOUNT_T_EMPTY_PATH 0x00000040
#endif

/* The kernel's last message of a context, "e overlay: ...", without its kind; empty when there is none. */
static const char *fs_message(int fs_fd, char *buf, size_t size)
{
	ssize_t n = read(fs_fd, buf, size - 1);

	buf[n > 0 ? n : 0] = 0;
	buf[strcspn(buf, "\n")] = 0;
	return n > 2 && buf[1] == ' ' ? buf + 2 : buf;
}

static int fs_error(int fs_fd, int errnum, const char *what, const char *name, struct error *err)
{
	char buf[256];
	const char *message = fs_message(fs_fd, buf, sizeof(buf));

	if (*message)
		return error_set(err, errnum, "%s '%s' (%s)", what, name, message);
	return error_set(err, errnum, "%s '%s'", what, name);
}

int mount_fs_open(const char *fs_type, struct error *err)
{
	int fd = fsopen(fs_type, FSOPEN_CLOEXEC);

	if (fd < 0)
		return error_set(err, errno, "cannot open a file system of type '%s'", fs_type);
	return fd;
}

int mount_fs_set(int fs_fd, const char *key, const char *value, struct error *err)
{
	unsigned int cmd = value ? FSCONFIG_SET_STRING : FSCONFIG_SET_FLAG;

	if (fsconfig(fs_fd, cmd, key, value, 0) < 0)
		return fs_error(fs_fd, errno, "the kernel refuses mount option", key, err);
	return 0;
}

int mount_fs_set_fd(int fs_fd, const char *key, int fd, struct error *err)
{
	if (fsconfig(fs_fd, FSCONFIG_SET_FD, key, NULL, fd) < 0)
		return fs_error(fs_fd, errno, "the kernel refuses mount option", key, err);
	return 0;
}

int mount_fs_create(int fs_fd, uint64_t attr, struct error *err)
{
	int fd;

	if (fsconfig(fs_fd, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
		return fs_error(fs_fd, errno, "cannot make the", "superblock", err);
	fd = fsmount(fs_fd, FSMOUNT_CLOEXEC, (unsigned int)attr);
	if (fd < 0)
		return fs_error(fs_fd, errno, "cannot make the", "mount", err);
	return fd;
}

int mount_fs_pick(int mount_fd, struct error *err)
{
	int fd = fspick(mount_fd, "", FSPICK_EMPTY_PATH | FSPICK_CLOEXEC);

	if (fd < 0)
		return error_set(err, errno, "cannot open the mount's file system");
	return fd;
}

int mount_fs_reconfigure(int fs_fd, struct error *err)
{
	if (fsconfig(fs_fd, FSCONFIG_CMD_RECONFIGURE, NULL, NULL, 0) < 0)
		return fs_error(fs_fd, errno, "cannot change the", "superblock", err);
	return 0;
}

int mount_id(int fd, uint64_t *ret, struct error *err)
{
	struct statx stx;

	if (statx(fd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_MNT_ID, &stx) < 0)
		return error_set(err, errno, "cannot look at the mount");
	if (!(stx.stx_attributes & STATX_ATTR_MOUNT_ROOT))
		return -EINVAL;
	*ret = stx.stx_mnt_id;
	return 0;
}

int mount_clone(int fd, bool recursive, struct error *err)
{
	unsigned int flags = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH;
	int mount_fd = open_tree(fd, "", flags | (recursive ? AT_RECURSIVE : 0));

	if (mount_fd < 0)
		return error_set(err, errno, "cannot clone the mount");
	return mount_fd;
}

int mount_change(int mount_fd, uint64_t set, uint64_t clear, uint64_t propagation, bool recursive,
		 struct error *err)
{
	struct mount_attr attr = { .attr_set = set, .attr_clr = clear, .propagation = propagation };

	if (mount_setattr(mount_fd, "", AT_EMPTY_PATH | (recursive ? AT_RECURSIVE : 0), &attr,
			  sizeof(attr)) < 0)
		return error_set(err, errno, "cannot change the mount's attributes");
	return 0;
}

int mount_idmap(int mount_fd, int userns_fd, bool recursive, struct error *err)
{
	struct mount_attr attr = { .attr_set = MOUNT_ATTR_IDMAP, .userns_fd = (uint64_t)userns_fd };

	if (mount_setattr(mount_fd, "", AT_EMPTY_PATH | (recursive ? AT_RECURSIVE : 0), &attr,
			  sizeof(attr)) < 0)
		return error_set(err, errno, "cannot id-map the mount");
	return 0;
}

int mount_attach(int mount_fd, int target_fd, struct error *err)
{
	if (move_mount(mount_fd, "", target_fd, "",
		       MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) < 0)
		return error_set(err, errno, "cannot attach the mount");
	return 0;
}
