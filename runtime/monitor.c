/* SPDX-License-Identifier: GPL-2.0-or-later */
/* monitor - see monitor.h. */
#include "monitor.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "container.h"
#include "error.h"
#include "fd.h"
#include "fuse_connections.h"
#include "log.h"
#include "monitor_abi.h"
#include "monitor_calls.h"
#include "mount_api.h"
#include "path.h"
#include "paths.h"
#include "proc.h"
#include "slice.h"
#include "str.h"
#include "sys.h"
#include "unix_socket.h"
#include "vfork.h"

#define ANSWER_S 10 /* seconds that one answer may take: it has less to do than we */
#define END_MS 2000 /* it has one process to wait for */

/* Without it. What is in its place is not worth an error: see monitor.h. */
static void do_without(struct container *c, const struct error *why)
{
	c->monitor_fd = fd_close(c->monitor_fd); /* it ends, if it is there */
	c->calls_fd = fd_close(c->calls_fd);
	c->state.monitor = (struct proc_id){ 0 };
	c->state.no_emulation = true;
	log_warning("container '%s' has no emulated files in /proc and /sys, and is degraded: %s",
		    c->options->id, why->msg);
}

/* ---- start ------------------------------------------------------------------------------------------------ */

/* What it finds open: its end of the socket, and nothing. */
static bool keep_one(int sock)
{
	int null_fd;

	/* a number that is the right one already is not duplicated, and keeps its flag */
	if (dup2(sock, MONITOR_SOCK_FD) < 0 || fcntl(MONITOR_SOCK_FD, F_SETFD, 0) < 0)
		return false;
	null_fd = open("/dev/null", O_RDWR);
	for (int fd = 0; fd < MONITOR_SOCK_FD; fd++)
		if (dup2(null_fd, fd) < 0)
			return false;
	return close_range(MONITOR_SOCK_FD + 1, ~0U, 0) == 0;
}

struct newborn {
	char *id;
	int sock;
};

/* In the child; what goes wrong is what we hear of it first. A session of its own: a terminal's signals are not for it. */
static void become_monitor(void *data)
{
	const struct newborn *newborn = data;
	char *const args[] = { (char *)"bulwark-monitor", (char *)"keeper", newborn->id,
			       (char *)PATHS_SLICE, NULL };
	char *const env[] = { NULL };
	struct monitor_message m = { .word = MONITOR_FAILED, .version = MONITOR_VERSION };

	/* first: a signal of a terminal must not stop who is waited for */
	if (setsid() < 0 || chdir("/") < 0)
		_exit(EXIT_FAILURE);
	proc_reset_signals();
	if (!keep_one(newborn->sock))
		_exit(EXIT_FAILURE);
	(void)execve(PATHS_MONITOR, args, env);
	if (errno == ENOENT)
		(void)error_text(&m.error, ENOENT,
				 "'" PATHS_MONITOR "' is not installed: 'make install' does it");
	else
		(void)error_set(&m.error, errno, "cannot execute '" PATHS_MONITOR "'");
	(void)fd_send(MONITOR_SOCK_FD, &m, sizeof(m), NULL, 0, NULL);
	_exit(EXIT_FAILURE);
}

/* On v2 born where it belongs: a move would wait for a grace period of RCU, and all forks of the host with it. */
static pid_t clone_monitor(struct newborn *newborn)
{
	_cleanup_close_ int slice_fd = slice_open_v2(PATHS_SLICE);
	pid_t pid = -1;

	if (slice_fd >= 0)
		pid = vfork_child(CLONE_INTO_CGROUP, slice_fd, become_monitor, newborn);
	return pid > 0 ? pid : vfork_child(0, -EBADF, become_monitor, newborn);
}

static int make_socket(int ret_pair[2], struct error *err)
{
	const struct timeval limit = { .tv_sec = ANSWER_S };

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ret_pair) < 0)
		return error_set(err, errno, "cannot make a socket pair");
	(void)setsockopt(ret_pair[0], SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	return 0;
}

static int start(struct container *c, struct error *err)
{
	struct newborn newborn = { .id = (char *)c->options->id };
	int pair[2], r;
	pid_t pid;

	r = make_socket(pair, err);
	if (r < 0)
		return r;
	newborn.sock = pair[1];
	pid = clone_monitor(&newborn);
	fd_close(pair[1]);
	c->monitor_fd = pair[0];
	if (pid < 0)
		return error_set(err, -pid, "cannot make a process for the monitor");
	c->calls_fd = monitor_calls_bind(c->state_fd, err);
	if (c->calls_fd < 0)
		return c->calls_fd;
	c->state.monitor.pid = pid;
	return proc_stat(pid, &c->state.monitor.start, NULL, err);
}

void monitor_start(struct container *c)
{
	struct error err = ERROR_INIT;

	if (start(c, &err) < 0)
		do_without(c, &err);
}

void monitor_keep_engine(struct container *c)
{
	if (c->monitor_fd >= 0 && c->twin) /* a path of M1, which nobody else changes */
		c->engine_fd = open_tree(AT_FDCWD, c->rootfs, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
}

/* All sysctls, by a path of the spec: then a write is refused before it gets to anybody. */
static bool has_readonly_sysctls(const struct container *c)
{
	const char *const *paths = c->spec->linux_.readonly_paths;

	for (; paths && *paths; paths++) {
		const char *rest = str_after(*paths, "/proc/sys");

		if (rest && strspn(rest, "/") == strlen(rest))
			return true;
	}
	return false;
}

/* Without a cgroup of its own it is in the caller's. */
static int describe_cgroup(const struct container *c, char *buf, size_t size, struct error *err)
{
	_cleanup_free_ char *text = NULL;
	int r;

	if (cgroup_is_none(c->cgroup)) {
		r = fd_read_file(AT_FDCWD, "/proc/self/cgroup", size, &text, NULL, err);
		if (r < 0)
			return r;
		r = str_format(buf, size, "%s", text);
	} else {
		r = cgroup_membership(c->cgroup, buf, size);
	}
	return r < 0 ? error_text(err, ENAMETOOLONG, "the paths of its cgroups are too long") : 0;
}

void monitor_build(struct container *c)
{
	struct monitor_message m = {
		.word = MONITOR_USERNS,
		.version = MONITOR_VERSION,
		.userns = {
			.root_uid = c->root_uid,
			.root_gid = c->root_gid,
			.has_twin = c->engine_fd >= 0,
			.no_sysctls = has_readonly_sysctls(c),
		},
	};
	_cleanup_close_ int listen_fd = -EBADF;
	struct error err = ERROR_INIT;
	int r, fds[2];

	if (c->monitor_fd < 0)
		return;
	/* what reaches this folder is the host's root alone; a name that it has already is only a monitor without upgrades */
	listen_fd =
		unix_socket_bind(c->state_fd, MONITOR_SOCKET, SOCK_SEQPACKET | SOCK_NONBLOCK, NULL);
	fds[0] = c->userns_fd;
	fds[1] = listen_fd;
	r = describe_cgroup(c, m.userns.membership, sizeof(m.userns.membership), &err);
	if (r == 0)
		r = fd_send(c->monitor_fd, &m, sizeof(m), fds, listen_fd < 0 ? 1 : 2, &err);
	if (r < 0)
		do_without(c, &err);
}

/* ---- its files -------------------------------------------------------------------------------------------- */

static int hear(int sock, struct monitor_message *m, int fds[MONITOR_FILES_MAX], size_t *ret_n_fds,
		struct error *err)
{
	ssize_t n = fd_recv(sock, m, sizeof(*m), fds, MONITOR_FILES_MAX, ret_n_fds, err);

	if (n == -EAGAIN)
		return error_text(err, ETIMEDOUT, "the monitor does not answer");
	if (n < 0)
		return (int)n;
	if (n == 0)
		return error_text(err, EPIPE, "the monitor died");
	if (n != sizeof(*m) || m->version != MONITOR_VERSION)
		return error_text(err, EPROTO, "the monitor is of another version");
	if (m->word != MONITOR_FAILED)
		return 0;
	m->error.msg[sizeof(m->error.msg) - 1] = 0;
	return error_text(err, m->error.code > 0 ? m->error.code : EIO, "%s", m->error.msg);
}

/* What it may cover: a file or folder of procfs or sysfs. -ENOENT: it is not there, or something else is. */
static int open_covered(const struct container *c, const char *path, bool *ret_readonly,
			struct error *err)
{
	_cleanup_close_ int fd = path_open_in_root(c->root_fd, path, O_PATH, err);
	struct statfs fs;

	if (fd == -ENOTDIR || fd == -EACCES || fd == -ELOOP)
		return -ENOENT;
	if (fd < 0)
		return fd;
	if (fstatfs(fd, &fs) < 0)
		return error_set(err, errno, "cannot stat '%s'", path);
	if (fs.f_type != PROC_SUPER_MAGIC && fs.f_type != SYSFS_MAGIC)
		return -ENOENT;
	*ret_readonly = fs.f_flags & ST_RDONLY;
	return take_fd(&fd);
}

static int mount_one(const struct container *c, const char *path, int mount_fd, struct error *err)
{
	_cleanup_close_ int target_fd = -EBADF;
	bool readonly = false;
	int r = 0;

	if (!str_after(path, "/proc/") && !str_after(path, "/sys/"))
		return error_text(err, EPROTO, "the monitor has a file for another place");
	target_fd = open_covered(c, path, &readonly, err);
	if (target_fd < 0)
		return target_fd == -ENOENT ? 0 : target_fd;
	if (readonly)
		r = mount_change(mount_fd, MOUNT_ATTR_RDONLY, 0, 0, false, err);
	return r < 0 ? r : mount_attach(mount_fd, target_fd, err);
}

#define FILES_MAX                                                                                  \
	256 /* more than the monitor has, and fewer than descriptors that a process may have */

struct files {
	int fds[FILES_MAX]; /* detached mounts */
	char paths[FILES_MAX][MONITOR_PATH_MAX];
	size_t n;
};

static void files_done(struct files *files)
{
	for (size_t i = 0; i < files->n; i++)
		fd_close(files->fds[i]);
}

/* Takes the descriptors over. */
static int keep(struct files *files, const struct monitor_message *m, const int *fds, size_t n_fds,
		struct error *err)
{
	bool ok = m->word == MONITOR_FILES && m->files.n == n_fds && files->n + n_fds <= FILES_MAX;

	for (size_t i = 0; i < n_fds; i++) {
		if (!ok) {
			fd_close(fds[i]);
			continue;
		}
		memcpy(files->paths[files->n], m->files.paths[i], MONITOR_PATH_MAX);
		files->paths[files->n][MONITOR_PATH_MAX - 1] = 0;
		files->fds[files->n++] = fds[i];
	}
	return ok ? 0 :
		    error_text(err, EPROTO, "the monitor says %u, with %zu files", m->word, n_fds);
}

/* All of them or none: one whose server died on the way is an error for ever. */
static int collect(struct container *c, struct files *files, struct error *err)
{
	struct monitor_message m;
	int fds[MONITOR_FILES_MAX];
	size_t n_fds = 0;
	int r;

	for (;;) {
		r = hear(c->monitor_fd, &m, fds, &n_fds, err);
		if (r < 0 || m.word == MONITOR_READY)
			return r;
		r = keep(files, &m, fds, n_fds, err);
		if (r < 0)
			return r;
	}
}

int monitor_mount(struct container *c, struct error *err)
{
	__attribute__((cleanup(files_done))) struct files files = { .n = 0 };
	struct error why = ERROR_INIT;
	int r = 0;

	if (c->monitor_fd < 0)
		return 0;
	if (collect(c, &files, &why) < 0) {
		do_without(c, &why);
		return 0;
	}
	if (files.n > 0)
		c->state.emulation = fuse_connection_of(files.fds[0]);
	for (size_t i = 0; r == 0 && i < files.n; i++)
		r = mount_one(c, files.paths[i], files.fds[i], err);
	return r < 0 ? error_wrap(err, "emulated files of /proc and /sys") : 0;
}

int monitor_commit(struct container *c, struct error *err)
{
	const struct monitor_message m = { .word = MONITOR_COMMIT,
					   .version = MONITOR_VERSION,
					   .commit = { c->init_pid } };
	_cleanup_close_ int twin_fd = -EBADF;
	int fds[4], r;

	if (c->monitor_fd < 0)
		return 0;
	if (c->engine_fd >= 0) /* a copy: the mount itself is to go when the container does */
		twin_fd = mount_clone(c->root_fd, false, NULL);
	fds[0] = c->init_pidfd;
	fds[1] = c->calls_fd;
	fds[2] = c->engine_fd;
	fds[3] = twin_fd;
	r = fd_send(c->monitor_fd, &m, sizeof(m), fds, twin_fd < 0 ? 2 : 4, err);
	c->calls_fd = fd_close(c->calls_fd);
	c->engine_fd = fd_close(c->engine_fd);
	c->monitor_fd = fd_close(c->monitor_fd);
	return r < 0 ? error_wrap(err, "emulated files of /proc and /sys") : 0;
}

/* ---- the end ---------------------------------------------------------------------------------------------- */

void monitor_end(const struct state *state)
{
	_cleanup_close_ int pidfd = -EBADF;

	if (!state->monitor.pid)
		return;
	pidfd = proc_open(&state->monitor, NULL);
	if (pidfd < 0 || proc_wait_dead(pidfd, END_MS, NULL) == 0)
		return;
	(void)syscall(SYS_pidfd_send_signal, pidfd, SIGKILL, NULL, 0);
	if (proc_wait_dead(pidfd, END_MS, NULL) < 0)
		log_warning("container '%s': its monitor, process %d, does not die", state->id,
			    (int)state->monitor.pid);
}
