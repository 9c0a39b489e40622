/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * selftest - see selftest.h.
 *
 * The child is registered under a cgroup id that no cgroup has: alone in its user namespace, it is found by that.
 */
#include "selftest.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "error.h"
#include "fd.h"
#include "lsm.h"
#include "lsm_map.h"
#include "proc.h"
#include "str.h"

#define SELFTEST_SECONDS 60 /* under emulation everything is slow */

/* What the child says after each order: errno values of its two attempts. */
struct answer {
	int socket_errno;
	int userns_errno;
};

static int try_userns(void)
{
	pid_t pid = fork();
	int status;

	if (pid == 0)
		_exit(unshare(CLONE_NEWUSER) < 0 ? errno : 0);
	if (pid < 0 || waitpid(pid, &status, 0) < 0 || !WIFEXITED(status))
		return ECHILD;
	return WEXITSTATUS(status);
}

/* The user namespace, then one answer for each byte that arrives. Ends when the parent is gone. */
static void child(int sock)
{
	struct answer answer = { 0 };
	char order;

	(void)alarm(SELFTEST_SECONDS);
	if (unshare(CLONE_NEWUSER) < 0)
		answer.userns_errno = errno;
	if (write(sock, &answer, sizeof(answer)) != sizeof(answer))
		_exit(1);
	while (read(sock, &order, 1) == 1) {
		int fd = socket(AF_ALG, SOCK_SEQPACKET, 0);

		answer.socket_errno = fd < 0 ? errno : 0;
		(void)fd_close(fd);
		answer.userns_errno = try_userns();
		if (write(sock, &answer, sizeof(answer)) != sizeof(answer))
			_exit(1);
	}
	_exit(0);
}

static int ask(int sock, struct answer *ret, struct error *err)
{
	ssize_t n;

	if (write(sock, "?", 1) != 1)
		return error_set(err, errno, "self-test: cannot ask the child");
	do {
		n = read(sock, ret, sizeof(*ret));
	} while (n < 0 && errno == EINTR);
	return n == sizeof(*ret) ? 0 : error_text(err, EIO, "self-test: the child died");
}

/* Who has no id in a namespace cannot nest another one in it. */
static int map_ids(pid_t pid, struct error *err)
{
	static const char *const names[] = { "uid_map", "gid_map" };
	char path[64];

	for (size_t i = 0; i < 2; i++) {
		(void)str_format(path, sizeof(path), "/proc/%d/%s", pid, names[i]);
		if (fd_write_file(AT_FDCWD, path, "0 0 1", err) < 0)
			return error_wrap(err, "self-test");
	}
	return 0;
}

static int register_child(struct lsm *lsm, pid_t pid, struct error *err)
{
	struct lsm_container container = { .cgroup_id = SELFTEST_CGROUP, .id = "self-test" };
	static const struct lsm_counters none;
	struct lsm_namespace ns = { .members = 1, .level = 1 };
	_cleanup_close_ int fd = -EBADF;
	int r;

	fd = proc_open_ns(pid, "user", err);
	if (fd < 0)
		return error_wrap(err, "self-test");
	r = lsm_userns_of(fd, &container.userns, err);
	if (r < 0)
		return r;
	ns.strictest = container;
	if (lsm_map_update(lsm->map_fds[LSM_MAP_CONTAINERS], &container.cgroup_id, &container,
			   BPF_ANY) < 0 ||
	    lsm_map_update(lsm->map_fds[LSM_MAP_COUNTERS], &container.cgroup_id, &none, BPF_ANY) < 0 ||
	    lsm_map_update(lsm->map_fds[LSM_MAP_NAMESPACES], &container.userns, &ns, BPF_ANY) < 0)
		return error_set(err, errno, "self-test: cannot register the child");
	return 0;
}

static int check_counters(struct lsm *lsm, uint64_t wanted, struct error *err)
{
	struct lsm_counters counts;
	int r = lsm_read_counters(lsm, SELFTEST_CGROUP, &counts, err);

	if (r == 0 && wanted && !counts.socket_create && !counts.userns_create)
		return error_text(err, EACCES,
				  "self-test: the programs are attached, and never called: this kernel does not enforce them");
	if (r == 0 && (counts.socket_create != wanted || counts.userns_create != wanted))
		r = error_text(err, EACCES,
			       "self-test: refusals were not counted as they should be (socket: %llu, user "
			       "namespace: %llu, and not %llu)",
			       (unsigned long long)counts.socket_create,
			       (unsigned long long)counts.userns_create, (unsigned long long)wanted);
	return r;
}

/* Each mode, what the child sees there, and what is counted until then. */
static int check_modes(struct lsm *lsm, unsigned int sets, int sock, struct error *err)
{
	struct answer answer;
	int r = ask(sock, &answer, err);

	if (r == 0 && (answer.socket_errno == EPERM || answer.userns_errno != 0))
		r = error_text(err, EACCES,
			       "self-test: something else refuses what is to be tested (socket: %d, "
			       "user namespace: %d)",
			       answer.socket_errno, answer.userns_errno);
	if (r == 0)
		r = lsm_set_mode(lsm, SELFTEST_CGROUP, LSM_MODE_AUDIT, LSM_MODE_OFF, 0, err);
	if (r == 0)
		r = ask(sock, &answer, err);
	if (r == 0 && (answer.socket_errno == EPERM || answer.userns_errno != 0))
		r = error_text(err, EACCES, "self-test: in mode audit something was refused");
	if (r == 0)
		r = check_counters(lsm, sets, err);
	if (r == 0)
		r = lsm_set_mode(lsm, SELFTEST_CGROUP, LSM_MODE_ENFORCE, LSM_MODE_OFF, 0, err);
	if (r == 0)
		r = ask(sock, &answer, err);
	if (r == 0 && (answer.socket_errno != EPERM || answer.userns_errno != EPERM))
		r = error_text(err, EACCES,
			       "self-test: the programs are attached, and refused nothing to a child that must not "
			       "have it (socket: %d, user namespace: %d): this kernel does not enforce them",
			       answer.socket_errno, answer.userns_errno);
	if (r == 0)
		r = check_counters(lsm, sets + 1, err);
	return r;
}

static int run_with_child(struct lsm *lsm, unsigned int sets, pid_t pid, int sock, struct error *err)
{
	struct answer answer = { 0 };
	int r;

	if (read(sock, &answer, sizeof(answer)) != sizeof(answer))
		return error_text(err, EIO, "self-test: the child died");
	if (answer.userns_errno)
		return error_set(err, answer.userns_errno, "self-test: cannot make a user namespace");
	r = map_ids(pid, err);
	if (r == 0)
		r = register_child(lsm, pid, err);
	if (r == 0)
		r = check_modes(lsm, sets, sock, err);
	if (lsm_unregister(lsm, SELFTEST_CGROUP, r < 0 ? NULL : err) < 0 && r == 0)
		r = error_wrap(err, "self-test");
	return r;
}

void selftest_clear(struct lsm *lsm)
{
	(void)lsm_unregister(lsm, SELFTEST_CGROUP, NULL); /* then the next one does */
}

/* The records of the self-test are no news to anybody: whoever reads the ring knows them by their cgroup. */
int selftest_run(struct lsm *lsm, unsigned int sets, struct error *err)
{
	int socks[2], r;
	pid_t pid;

	selftest_clear(lsm);
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, socks) < 0)
		return error_set(err, errno, "self-test: cannot make a socket");
	pid = fork();
	if (pid == 0) {
		(void)fd_close(socks[0]);
		child(socks[1]);
	}
	(void)fd_close(socks[1]);
	if (pid < 0)
		r = error_set(err, errno, "self-test: cannot fork");
	else
		r = run_with_child(lsm, sets, pid, socks[0], err);
	(void)fd_close(socks[0]);
	if (pid > 0)
		(void)waitpid(pid, NULL, 0);
	return r;
}
