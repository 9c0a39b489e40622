/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * superblock - see superblock.h.
 *
 * Why inside: a superblock belongs to the user namespace of who makes it. Files of this one belong to the container's root;
 * and nobody outside, the host's root included, may look anything up in it (EACCES), so that nothing on the host waits for a
 * server. /dev/fuse must have been opened in the same namespace, but by the host's root, whose alone it may be; look-ups take
 * an id of the namespace. From setns(2) on the builder has no capability on the host.
 */
#include "superblock.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "emulation.h"
#include "error.h"
#include "fd.h"
#include "files.h"
#include "lsm.h"
#include "monitor_abi.h"
#include "mount_api.h"
#include "str.h"

#define ATTR (MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC)

static int set_options(int fs_fd, int fuse_fd, struct error *err)
{
	static const struct {
		const char *key, *value;
	} options[] = {
		{ "source", "bulwark" },
		{ "rootmode", "40555" },
		{ "user_id", "0" },
		{ "group_id", "0" },
		{ "max_read", "16384" },
		{ "allow_other", NULL },
		{ "default_permissions", NULL },
	};
	char number[16];
	int r;

	(void)str_format(number, sizeof(number), "%d", fuse_fd);
	r = mount_fs_set(fs_fd, "fd", number, err);
	for (size_t i = 0; r == 0 && i < sizeof(options) / sizeof(options[0]); i++)
		r = mount_fs_set(fs_fd, options[i].key, options[i].value, err);
	return r;
}

/* On top of everything in a mount namespace of ours: before Linux 6.15 only what is attached can be cloned. */
static int attach_here(int mount_fd, struct error *err)
{
	if (move_mount(mount_fd, "", AT_FDCWD, "/", MOVE_MOUNT_F_EMPTY_PATH) < 0)
		return error_set(err, errno, "cannot attach the mount");
	return 0;
}

/* In a pod its other containers are under the BPF LSM layer, and whoever enters their user namespace is, too, unless marked. */
static int mark_self(struct error *err)
{
	struct lsm lsm;
	int r;

	if (lsm_open(&lsm, NULL) < 0)
		return 0; /* then nobody is */
	r = lsm_mark_setup(&lsm, 0, err);
	lsm_done(&lsm);
	return r;
}

/* The file system, for what is written to; and the same read-only. */
static int make_mounts(const struct superblock *s, int userns_fd, int *ret_fuse_fd, int *ret_rw_fd,
		       int *ret_ro_fd, struct error *err)
{
	_cleanup_close_ int fs_fd = -EBADF;
	int r = mark_self(err); /* while the pins can be seen */

	if (r < 0)
		return r;
	if (setns(s->empty_ns_fd, CLONE_NEWNS) <
	    0) /* or each of the host's mounts would be copied below */
		return error_set(err, errno, "cannot leave the host's mounts");
	if (setns(userns_fd, CLONE_NEWUSER) < 0)
		return error_set(err, errno, "cannot enter the container's user namespace");
	*ret_fuse_fd = openat(s->dev_fd, "fuse", O_RDWR | O_CLOEXEC);
	if (*ret_fuse_fd < 0)
		return error_set(err, errno, "cannot open /dev/fuse");
	if (setresgid(0, 0, 0) < 0 || setresuid(0, 0, 0) < 0)
		return error_set(err, errno, "cannot become the container's root");
	if (unshare(CLONE_NEWNS) < 0)
		return error_set(err, errno, "cannot make a mount namespace");
	fs_fd = mount_fs_open("fuse", err);
	if (fs_fd < 0)
		return fs_fd;
	r = set_options(fs_fd, *ret_fuse_fd, err);
	if (r == 0)
		r = *ret_rw_fd = mount_fs_create(fs_fd, ATTR, err);
	if (r >= 0)
		r = attach_here(*ret_rw_fd, err);
	if (r == 0)
		r = *ret_ro_fd = mount_clone(*ret_rw_fd, false, err);
	if (r >= 0)
		r = mount_change(*ret_ro_fd, MOUNT_ATTR_RDONLY, 0, 0, false, err);
	return r < 0 ? r : attach_here(*ret_ro_fd, err);
}

/* One folder read tells the kernel all names, by FUSE_READDIRPLUS, and no file costs a request of its own below. */
static int learn_names(int mount_fd, struct error *err)
{
	_cleanup_close_ int fd = openat(mount_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	char buf[16384];
	ssize_t n;

	if (fd < 0)
		return error_set(err, errno, "cannot open the emulated files");
	do
		n = syscall(SYS_getdents64, fd, buf, sizeof(buf));
	while (n > 0);
	return n < 0 ? error_set(err, errno, "cannot list the emulated files") : 0;
}

/* Detached, with the file as its root. -ENOENT: there is no such file here. */
static int clone_file(int mount_fd, const char *path, struct error *err)
{
	char name[MONITOR_PATH_MAX];
	int fd;

	if (files_flat_name(path, name, sizeof(name)) < 0)
		return error_text(err, ENAMETOOLONG, "'%s'", path);
	fd = open_tree(mount_fd, name, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
	if (fd >= 0)
		return fd;
	return errno == ENOENT ? -ENOENT : error_set(err, errno, "cannot clone '%s'", path);
}

static int send_batch(int control_fd, struct monitor_message *m, int *fds, struct error *err)
{
	int r = m->files.n ? fd_send(control_fd, m, sizeof(*m), fds, m->files.n, err) : 0;

	for (uint32_t i = 0; i < m->files.n; i++)
		fd_close(fds[i]);
	m->files.n = 0;
	return r;
}

static int send_files(int control_fd, bool no_sysctls, int rw_fd, int ro_fd, struct error *err)
{
	struct monitor_message m = { .word = MONITOR_FILES, .version = MONITOR_VERSION };
	const char *const *paths = emu_mounts();
	int fds[MONITOR_FILES_MAX] = { 0 };
	int r = 0;

	for (size_t i = 0; r == 0 && paths[i]; i++) {
		bool is_sysctl = str_after(paths[i], "/proc/sys/");
		int fd = is_sysctl && no_sysctls ?
				 -ENOENT :
				 clone_file(is_sysctl ? rw_fd : ro_fd, paths[i], err);

		if (fd == -ENOENT)
			continue;
		if (fd < 0)
			return fd;
		fds[m.files.n] = fd;
		r = str_format(m.files.paths[m.files.n++], MONITOR_PATH_MAX, "%s", paths[i]);
		if (r == 0 && m.files.n == MONITOR_FILES_MAX)
			r = send_batch(control_fd, &m, fds, err);
	}
	if (r == 0)
		r = send_batch(control_fd, &m, fds, err);
	if (r < 0)
		return r;
	m = (struct monitor_message){ .word = MONITOR_READY, .version = MONITOR_VERSION };
	return fd_send(control_fd, &m, sizeof(m), NULL, 0, err);
}

static _Noreturn void build(const struct superblock *s, int sock)
{
	struct monitor_message failed = { .word = MONITOR_FAILED, .version = MONITOR_VERSION };
	int userns_fd = -EBADF, fuse_fd = -EBADF, rw_fd = -EBADF, ro_fd = -EBADF, r;
	struct error err = ERROR_INIT;
	struct monitor_message m;
	size_t n_fds = 0;

	if (fd_recv(sock, &m, sizeof(m), &userns_fd, 1, &n_fds, NULL) != sizeof(m) || n_fds != 1)
		_exit(EXIT_FAILURE); /* the keeper died */
	r = make_mounts(s, userns_fd, &fuse_fd, &rw_fd, &ro_fd, &err);
	if (r == 0)
		r = fd_send(sock, "", 1, &fuse_fd, 1, &err);
	if (r < 0) {
		failed.error = err;
		(void)fd_send(sock, &failed, sizeof(failed), NULL, 0, NULL);
		_exit(EXIT_FAILURE);
	}
	/* without ours, the end of those who serve is an error here, and no endless wait */
	fd_close(fuse_fd);
	fd_close(sock);
	r = learn_names(ro_fd, &err);
	if (r == 0)
		r = send_files(s->control_fd, m.userns.no_sysctls, rw_fd, ro_fd, &err);
	if (r < 0) {
		failed.error = err;
		(void)fd_send(s->control_fd, &failed, sizeof(failed), NULL, 0, NULL);
	}
	_exit(r < 0 ? EXIT_FAILURE : EXIT_SUCCESS);
}

int superblock_go(int sock, const struct monitor_message *userns, int userns_fd, struct error *err)
{
	return fd_send(sock, userns, sizeof(*userns), &userns_fd, 1, err);
}

int superblock_hear(int sock, int *ret_fuse_fd, struct error *err)
{
	struct monitor_message m = { 0 };
	size_t n_fds = 0;
	ssize_t n = fd_recv(sock, &m, sizeof(m), ret_fuse_fd, 1, &n_fds, err);

	if (n < 0)
		return (int)n;
	if (n_fds == 1)
		return 0;
	if (n == sizeof(m) && m.error.code > 0) {
		*err = m.error;
		return -m.error.code;
	}
	return error_text(err, EPIPE, "the builder of the FUSE file system died");
}

int superblock_start(const struct superblock *superblock, pid_t *ret_pid, int *ret_sock,
		     struct error *err)
{
	int pair[2];
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return error_set(err, errno, "cannot make a socket pair");
	pid = fork();
	if (pid == 0) {
		fd_close(pair[0]);
		build(superblock, pair[1]);
	}
	fd_close(pair[1]);
	if (pid < 0) {
		fd_close(pair[0]);
		return error_set(err, errno, "cannot make a process");
	}
	*ret_pid = pid;
	*ret_sock = pair[0];
	return 0;
}
