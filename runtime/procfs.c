/* SPDX-License-Identifier: GPL-2.0-or-later */
/* procfs - see procfs.h. */
#include "procfs.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include "error.h"
#include "fd.h"
#include "mount_api.h"
#include "str.h"
#include "sys.h"

static int set_options(int fs_fd, const char *const *options, struct error *err)
{
	char key[64];

	for (size_t i = 0; options && options[i]; i++) {
		const char *value = strchr(options[i], '=');
		int r;

		if (!value) {
			r = mount_fs_set(fs_fd, options[i], NULL, err);
		} else {
			if (str_format(key, sizeof(key), "%.*s", (int)(value - options[i]),
				       options[i]) < 0)
				return error_text(err, EINVAL, "mount option '%s' is too long",
						  options[i]);
			r = mount_fs_set(fs_fd, key, value + 1, err);
		}
		if (r < 0)
			return r;
	}
	return 0;
}

/* The helper: two vforks deep, because setns(2) moves only one's children into a pid namespace. */
struct helper {
	int pidns_fd;
	int fs_fd; /* the result: appears in our table, which the helpers share */
	int errnum;
	char *inner_stack;
};

#define HELPER_STACK 65536
#define HELPER_FLAGS (CLONE_VM | CLONE_VFORK | CLONE_FILES | SIGCHLD)

static int helper_inside(void *data)
{
	struct helper *h = data;

	h->fs_fd = fsopen("proc", FSOPEN_CLOEXEC);
	if (h->fs_fd < 0)
		h->errnum = errno;
	_exit(0);
}

static int helper_outside(void *data)
{
	struct helper *h = data;
	pid_t pid;

	if (setns(h->pidns_fd, CLONE_NEWPID) < 0)
		h->errnum = errno;
	else {
		pid = clone(helper_inside, h->inner_stack + HELPER_STACK, HELPER_FLAGS, h);
		if (pid < 0)
			h->errnum = errno;
		else
			(void)waitpid(pid, NULL, 0);
	}
	_exit(0);
}

/* FIXME: remove when Linux 6.17 is the oldest supported. proc takes the pid namespace of who opens the context. */
static int open_inside(int pidns_fd, struct error *err)
{
	struct helper h = { .pidns_fd = pidns_fd, .fs_fd = -EBADF };
	char *stacks = mmap(NULL, 2 * HELPER_STACK, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	pid_t pid;

	if (stacks == MAP_FAILED)
		return error_set(err, errno, "cannot make a stack");
	h.inner_stack = stacks;
	pid = clone(helper_outside, stacks + 2 * HELPER_STACK, HELPER_FLAGS, &h);
	if (pid < 0)
		h.errnum = errno;
	else
		(void)waitpid(pid, NULL, 0);
	(void)munmap(stacks, 2 * HELPER_STACK);
	if (h.fs_fd < 0)
		return error_set(err, h.errnum ? h.errnum : EIO,
				 "cannot open a procfs in the container's pid namespace");
	return h.fs_fd;
}

int procfs_new(int pidns_fd, const char *const *options, uint64_t attr, struct error *err)
{
	_cleanup_close_ int fs_fd = mount_fs_open("proc", err);
	int r;

	if (fs_fd < 0)
		return fs_fd;
	if (fsconfig(fs_fd, FSCONFIG_SET_FD, "pidns", NULL, pidns_fd) < 0) {
		fd_close(fs_fd);
		fs_fd = open_inside(pidns_fd, err);
		if (fs_fd < 0)
			return fs_fd;
	}
	(void)mount_fs_set(fs_fd, "source", "proc", NULL); /* a name for mountinfo, no more */
	r = set_options(fs_fd, options, err);
	return r < 0 ? r : mount_fs_create(fs_fd, attr, err);
}
