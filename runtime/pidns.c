/* SPDX-License-Identifier: GPL-2.0-or-later */
/* pidns - see pidns.h. */
#include "pidns.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/nsfs.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "error.h"
#include "fd.h"
#include "proc.h"
#include "str.h"

#define DEPTH_MAX 33 /* MAX_PID_NS_LEVEL of the kernel, and the first */

struct list {
	pid_t *items;
	size_t n, room;
};

static int open_ns(pid_t pid)
{
	char path[64];

	(void)str_format(path, sizeof(path), "/proc/%d/ns/pid", (int)pid);
	return open(path, O_RDONLY | O_CLOEXEC);
}

/* Whether @pid is in the namespace, or in one below it. */
static bool is_in(const struct stat *ns, pid_t pid)
{
	_cleanup_close_ int fd = open_ns(pid);
	struct stat st;

	for (int depth = 0; fd >= 0 && depth < DEPTH_MAX; depth++) {
		int parent;

		if (fstat(fd, &st) < 0)
			return false;
		if (st.st_dev == ns->st_dev && st.st_ino == ns->st_ino)
			return true;
		parent = ioctl(fd, NS_GET_PARENT); /* EPERM: ours, or above it; ioctl_nsfs(2) */
		fd = fd_close(fd);
		fd = parent;
	}
	return false;
}

static int add(struct list *list, pid_t pid)
{
	pid_t *items;

	if (list->n == list->room) {
		size_t room = list->room ? 2 * list->room : 64;

		items = realloc(list->items, room * sizeof(*items));
		if (!items)
			return -ENOMEM;
		list->items = items;
		list->room = room;
	}
	list->items[list->n++] = pid;
	return 0;
}

static int scan(const struct stat *ns, struct list *list, struct error *err)
{
	DIR *dir = opendir("/proc");
	struct dirent *entry;
	uint32_t pid;
	int r = 0;

	if (!dir)
		return error_set(err, errno, "cannot open '/proc'");
	while (r == 0 && (entry = readdir(dir)))
		if (parse_u32(entry->d_name, &pid) == 0 && is_in(ns, (pid_t)pid))
			r = add(list, (pid_t)pid);
	(void)closedir(dir);
	return r < 0 ? error_set(err, -r, "list of processes") : 0;
}

/* The namespace of @init, certainly. -ESRCH: it is dead. */
static int identify(const struct proc_id *init, struct stat *ret)
{
	_cleanup_close_ int fd = open_ns(init->pid);

	if (fd < 0 || fstat(fd, ret) < 0 || !proc_is_alive(init))
		return -ESRCH;
	return 0;
}

int pidns_pids(const struct proc_id *init, pid_t **ret, size_t *ret_n, struct error *err)
{
	struct list list = { 0 };
	struct stat ns;
	int r = 0;

	if (identify(init, &ns) == 0)
		r = scan(&ns, &list, err);
	if (r < 0) {
		free(list.items);
		return r;
	}
	*ret = list.items;
	*ret_n = list.n;
	return 0;
}

int pidns_signal(const struct proc_id *init, int signal, struct error *err)
{
	_cleanup_free_ pid_t *pids = NULL;
	struct stat ns;
	size_t n = 0;
	int r;

	if (identify(init, &ns) < 0)
		return error_text(err, ESRCH, "container not running");
	r = pidns_pids(init, &pids, &n, err);
	for (size_t i = 0; r == 0 && i < n; i++) {
		_cleanup_close_ int fd = (int)syscall(SYS_pidfd_open, pids[i], 0);

		/* alive when it is sent to, so it has had its number since before it was looked at again */
		if (fd >= 0 && is_in(&ns, pids[i]) &&
		    syscall(SYS_pidfd_send_signal, fd, signal, NULL, 0) < 0 && errno != ESRCH)
			r = error_set(err, errno, "cannot send signal %d to process %d", signal,
				      (int)pids[i]);
	}
	return r;
}
