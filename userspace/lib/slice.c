/* SPDX-License-Identifier: GPL-2.0-or-later */
/* slice - see slice.h. */
#include "slice.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stddef.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "fd.h"

/* Where every distribution mounts them; "cpu" and "cpuacct" may be links to one folder. */
static const char *const v2_roots[] = { "/sys/fs/cgroup", "/sys/fs/cgroup/unified" };
static const char *const v1_roots[] = { "/sys/fs/cgroup/cpu", "/sys/fs/cgroup/cpuacct",
					"/sys/fs/cgroup/systemd" };

#define V2_ROOTS (sizeof(v2_roots) / sizeof(v2_roots[0]))
#define V1_ROOTS (sizeof(v1_roots) / sizeof(v1_roots[0]))

static int open_root(const char *path, unsigned long type)
{
	_cleanup_close_ int fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct statfs fs;

	if (fd < 0 || fstatfs(fd, &fs) < 0 || (unsigned long)fs.f_type != type)
		return -EBADF;
	return take_fd(&fd);
}

static int open_folder(int root_fd, const char *name)
{
	int fd = openat(root_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

static int make_folder(int root_fd, const char *name)
{
	int fd = open_folder(root_fd, name);

	if (fd != -ENOENT)
		return fd;
	if (mkdirat(root_fd, name, 0755) < 0 && errno != EEXIST)
		return -errno;
	return open_folder(root_fd, name);
}

int slice_open_v2(const char *name)
{
	for (size_t i = 0; i < V2_ROOTS; i++) {
		_cleanup_close_ int root_fd = open_root(v2_roots[i], CGROUP2_SUPER_MAGIC);
		int fd;

		if (root_fd < 0)
			continue;
		if (faccessat(root_fd, name, F_OK, 0) <
		    0) /* without the controller they weigh nothing as a whole */
			(void)fd_write_file(root_fd, "cgroup.subtree_control", "+cpu", NULL);
		fd = make_folder(root_fd, name);
		return fd < 0 ? -EBADF : fd;
	}
	return -EBADF;
}

void slice_enter_v1(const char *name)
{
	for (size_t i = 0; i < V1_ROOTS; i++) {
		_cleanup_close_ int root_fd = open_root(v1_roots[i], CGROUP_SUPER_MAGIC), fd = -EBADF;

		if (root_fd >= 0)
			fd = make_folder(root_fd, name);
		if (fd >= 0)
			(void)fd_write_file(fd, "tasks", "0", NULL);
	}
}

static void remove_below(const char *root, unsigned long type, const char *name)
{
	_cleanup_close_ int root_fd = open_root(root, type);

	if (root_fd >= 0)
		(void)unlinkat(root_fd, name, AT_REMOVEDIR); /* EBUSY: somebody is in it */
}

void slice_remove(const char *name)
{
	for (size_t i = 0; i < V2_ROOTS; i++)
		remove_below(v2_roots[i], CGROUP2_SUPER_MAGIC, name);
	for (size_t i = 0; i < V1_ROOTS; i++)
		remove_below(v1_roots[i], CGROUP_SUPER_MAGIC, name);
}
