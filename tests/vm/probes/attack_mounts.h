/* SPDX-License-Identifier: GPL-2.0-or-later */
/* attack_mounts - owns the attempts on mounts. For attack.c alone, which has the table. */
#pragma once

#include "attack.h"

static long try_remount_bind(const char *a)
{
	return mount(NULL, a, NULL, MS_REMOUNT | MS_BIND, NULL);
}

static long try_remount(const char *a)
{
	return mount(NULL, a, NULL, MS_REMOUNT | MS_NOEXEC, NULL);
}

static long try_fspick(const char *a)
{
	int fd = fspick(AT_FDCWD, a, 0);
	long r;

	if (fd < 0)
		return -1;
	r = fsconfig(fd, FSCONFIG_SET_FLAG, "sync", NULL, 0);
	if (r == 0)
		r = fsconfig(fd, FSCONFIG_CMD_RECONFIGURE, NULL, NULL, 0);
	(void)close(fd);
	return r;
}

/* Among more mounts of the same file system than anybody looks at one by one. */
static long fspick_among_many(const char *a)
{
	if (unshare(CLONE_NEWNS) < 0)
		_exit(250);
	for (int i = 0; i < 40; i++)
		if (mount(a, "/mnt", NULL, MS_BIND, NULL) < 0)
			_exit(250);
	return try_fspick(a);
}

static long try_fspick_among_many(const char *a)
{
	return in_child(fspick_among_many, a);
}

/* What must keep working: a file system of one's own that is mounted in many places. */
static long fspick_own_among_many(const char *a)
{
	(void)a;
	if (unshare(CLONE_NEWNS) < 0 || mount("t", "/mnt", "tmpfs", 0, NULL) < 0)
		_exit(250);
	for (int i = 0; i < 40; i++)
		if (mount("/mnt", "/mnt", NULL, MS_BIND, NULL) < 0)
			_exit(250);
	return try_fspick("/mnt");
}

static long try_fspick_own_among_many(const char *a)
{
	return in_child(fspick_own_among_many, a);
}

static long try_move_mount(const char *a)
{
	return move_mount(AT_FDCWD, a, AT_FDCWD, "/mnt", 0);
}

static long try_ms_move(const char *a)
{
	return mount(a, "/mnt", NULL, MS_MOVE, NULL);
}

static long try_umount(const char *a)
{
	return umount2(a, 0);
}

static long try_umount_lazy(const char *a)
{
	return umount2(a, MNT_DETACH);
}

static long try_setattr(const char *a)
{
	struct mount_attr attr = { .attr_clr = MOUNT_ATTR_RDONLY };

	return mount_setattr(AT_FDCWD, a, 0, &attr, sizeof(attr));
}

static long try_setattr32(const char *a)
{
	const struct mount_attr attr = { .attr_clr = MOUNT_ATTR_RDONLY };

	return call32(442, (uint32_t)AT_FDCWD, low(a, strlen(a) + 1), 0, low(&attr, sizeof(attr)),
		      sizeof(attr));
}

static long try_fspick32(const char *a)
{
	int fd = (int)call32(433, (uint32_t)AT_FDCWD, low(a, strlen(a) + 1), 0, 0, 0);
	long r = fd < 0 ? -1 : call32(431, (uint32_t)fd, FSCONFIG_CMD_RECONFIGURE, 0, 0, 0);

	(void)closed(fd);
	return r;
}

static long try_umount32(const char *a)
{
	return call32(52, low(a, strlen(a) + 1), MNT_DETACH, 0, 0, 0);
}

static long try_remount32(const char *a)
{
	return call32(21, 0, low(a, strlen(a) + 1), 0, MS_REMOUNT | MS_BIND, 0);
}

static long try_ms_move32(const char *a)
{
	return call32(21, low(a, strlen(a) + 1), low("/mnt", 5), 0, MS_MOVE, 0);
}

static long try_move_mount32(const char *a)
{
	return call32(429, (uint32_t)AT_FDCWD, low(a, strlen(a) + 1), (uint32_t)AT_FDCWD,
		      low("/mnt", 5), 0);
}

static long try_pivot32(const char *a)
{
	const uint32_t path = low(a, strlen(a) + 1);

	return call32(217, path, path, 0, 0, 0);
}

static long try_setattr_all(const char *a)
{
	struct mount_attr attr = { .attr_clr = MOUNT_ATTR_RDONLY };

	(void)a;
	return mount_setattr(AT_FDCWD, "/", AT_RECURSIVE, &attr, sizeof(attr));
}

static long try_clone_setattr(const char *a)
{
	struct mount_attr attr = { .attr_clr = MOUNT_ATTR_RDONLY };
	int fd = open_tree(AT_FDCWD, a, OPEN_TREE_CLONE);
	long r = fd < 0 ? -1 : mount_setattr(fd, "", AT_EMPTY_PATH, &attr, sizeof(attr));

	(void)closed(fd);
	return r;
}

static long bind_and_remount(const char *a)
{
	if (mount(a, "/mnt", NULL, MS_BIND, NULL) < 0)
		_exit(250);
	return mount(NULL, "/mnt", NULL, MS_REMOUNT | MS_BIND, NULL);
}

static long try_bind_remount(const char *a)
{
	long r = bind_and_remount(a);
	int saved = errno;

	(void)umount2("/mnt", MNT_DETACH);
	errno = saved;
	return r;
}

static long rbind_and_umount(const char *a)
{
	char path[256];

	if (unshare(CLONE_NEWNS) < 0 || mount("/", "/mnt", NULL, MS_BIND | MS_REC, NULL) < 0)
		_exit(250);
	(void)snprintf(path, sizeof(path), "/mnt%s", a);
	return umount2(path, MNT_DETACH);
}

static long try_rbind_umount(const char *a)
{
	return in_child(rbind_and_umount, a);
}

static long try_bind_below(const char *a)
{
	(void)a;
	return mount("/", "/mnt", NULL, MS_BIND, NULL);
}

static long try_pivot(const char *a)
{
	return syscall(SYS_pivot_root, a, a);
}

static long remount_in_copy(const char *a)
{
	if (unshare(CLONE_NEWNS) < 0)
		_exit(250);
	return try_remount_bind(a);
}

static long try_unshare_remount(const char *a)
{
	return in_child(remount_in_copy, a);
}

/* What must keep working: mounts of one's own, with every flag, moved and taken away. */
static long own_mounts(const char *a)
{
	(void)a;
	if (unshare(CLONE_NEWNS) < 0 || mount("t", "/mnt", "tmpfs", MS_RDONLY | MS_NOSUID, NULL) < 0)
		return -1;
	if (mount(NULL, "/mnt", NULL, MS_REMOUNT | MS_BIND, NULL) < 0 ||
	    mount(NULL, "/mnt", NULL, MS_REMOUNT, "size=1m") < 0)
		return -1;
	if (mkdir("/mnt/a", 0755) < 0 || mkdir("/mnt/b", 0755) < 0 ||
	    mount("t", "/mnt/a", "tmpfs", 0, NULL) < 0)
		return -1;
	if (mount("/mnt/a", "/mnt/b", NULL, MS_MOVE, NULL) < 0 || try_fspick("/mnt/b") < 0 ||
	    umount2("/mnt/b", 0) < 0)
		return -1;
	return umount2("/mnt", 0);
}

static long mount_type(const char *a)
{
	return unshare(CLONE_NEWNS) < 0 ? -1 : mount("x", "/mnt", a, 0, NULL);
}

static long try_mount_type(const char *a)
{
	return in_child(mount_type, a);
}

static long try_fsopen_type(const char *a)
{
	int fd = fsopen(a, 0);
	long r = fd < 0 ? -1 : fsconfig(fd, FSCONFIG_CMD_CREATE, NULL, NULL, 0);

	if (r == 0)
		r = closed(fsmount(fd, 0, 0));
	(void)closed(fd);
	return r;
}

/* The mount has relatime. */
static long try_remount_atime(const char *a)
{
	return mount(NULL, a, NULL,
		     MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_NOATIME,
		     NULL);
}

/* What must keep working: a remount that clears nothing. */
static long try_remount_same(const char *a)
{
	return mount(NULL, a, NULL,
		     MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL);
}

static long try_bind_leaked(const char *a)
{
	(void)a;
	return closed(open_tree(LEAKED_FD, "", OPEN_TREE_CLONE | AT_EMPTY_PATH));
}

static long try_own_mounts(const char *a)
{
	return in_child(own_mounts, a);
}
