/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Unit tests of join: whose a namespace is, and which may be shared. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "error.h"
#include "join.h"
#include "str.h"

static bool write_text(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	bool ok = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);

	close(fd);
	return ok;
}

/* Without a mapping no user namespace can be made in it. */
static bool map_root(void)
{
	return write_text("/proc/self/uid_map", "0 0 1") &&
	       write_text("/proc/self/setgroups", "deny") &&
	       write_text("/proc/self/gid_map", "0 0 1");
}

/* A process in namespaces of its own: each of @steps is one unshare(2). */
static pid_t in_namespaces(const int *steps)
{
	int fds[2];
	char byte;
	pid_t pid;

	assert_int_equal(pipe(fds), 0);
	pid = fork();
	if (pid == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (; *steps; steps++)
			if (unshare(*steps) < 0 || ((*steps & CLONE_NEWUSER) && !map_root()))
				_exit(1);
		if (write(fds[1], "", 1) != 1)
			_exit(1);
		(void)pause();
		_exit(0);
	}
	close(fds[1]);
	assert_int_equal(read(fds[0], &byte, 1), 1);
	close(fds[0]);
	return pid;
}

static void end(pid_t pid)
{
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
}

static const char *ns_path(pid_t pid, const char *name)
{
	static char paths[4][64];
	static size_t next;
	char *path = paths[next++ % 4];

	(void)str_format(path, sizeof(paths[0]), "/proc/%d/ns/%s", pid, name);
	return path;
}

static int open_path(enum ns_type type, const char *path, struct joined *joined, struct error *err)
{
	struct namespaces ns = { .named = { true, true, true, true, true } };

	ns.path[type] = path;
	*joined = (struct joined)JOINED_INIT;
	*err = ERROR_INIT;
	return join_open(&ns, joined, err);
}

static int setup(void **state)
{
	(void)state;
	return 0;
}

#define NEEDS_ROOT()                                                                               \
	do {                                                                                       \
		if (geteuid() != 0)                                                                \
			skip();                                                                    \
	} while (0)

static void test_join_open_refuses_the_hosts_under_any_name(void **state)
{
	struct joined joined;
	struct error err;

	(void)state;
	assert_int_equal(open_path(NS_UTS, "/proc/self/ns/uts", &joined, &err), -EPERM);
	assert_non_null(strstr(err.msg, "uts namespace with the host"));
	assert_int_equal(open_path(NS_USER, "/proc/self/ns/user", &joined, &err), -EPERM);
	assert_non_null(strstr(err.msg, "user namespace with the host"));
	join_done(&joined);
}

static void test_join_open_refuses_what_is_no_namespace(void **state)
{
	struct joined joined;
	struct error err;

	(void)state;
	assert_int_equal(open_path(NS_UTS, "/nowhere\n", &joined, &err), -ENOENT);
	assert_non_null(strstr(err.msg, "uts namespace '/nowhere\\x0a': "));
	assert_int_equal(open_path(NS_NETWORK, "/etc/passwd", &joined, &err), -EINVAL);
	assert_non_null(strstr(err.msg, "'/etc/passwd' is no network namespace"));
	assert_int_equal(open_path(NS_NETWORK, "/proc/self/ns/ipc", &joined, &err), -EINVAL);
	join_done(&joined);
}

static void test_join_open_takes_a_network_of_the_hosts_user_namespace(void **state)
{
	pid_t pid;
	struct joined joined;
	struct error err;

	(void)state;
	NEEDS_ROOT();
	pid = in_namespaces((const int[]){ CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS, 0 });
	assert_int_equal(open_path(NS_NETWORK, ns_path(pid, "net"), &joined, &err), 0);
	assert_true(joined.network_is_hosts);
	assert_false(join_has(&joined, NS_USER));
	join_done(&joined);
	assert_false(join_has(&joined, NS_NETWORK));
	assert_int_equal(open_path(NS_IPC, ns_path(pid, "ipc"), &joined, &err), -EPERM);
	assert_non_null(strstr(err.msg, "belongs to the host's user namespace"));
	join_done(&joined);
	end(pid);
}

static void test_join_open_joins_the_owner_too(void **state)
{
	pid_t pid;
	struct joined joined;
	struct error err;
	struct stat st;

	(void)state;
	NEEDS_ROOT();
	pid = in_namespaces((const int[]){ CLONE_NEWUSER, CLONE_NEWNET | CLONE_NEWIPC, 0 });
	assert_int_equal(open_path(NS_IPC, ns_path(pid, "ipc"), &joined, &err), 0);
	assert_true(join_has(&joined, NS_USER) && !joined.network_is_hosts);
	assert_int_equal(stat(ns_path(pid, "user"), &st), 0);
	assert_int_equal(joined.userns_inode, st.st_ino);
	join_done(&joined);
	end(pid);
}

/* Root of a container could make one that maps what it likes of its own ids. */
static void test_join_open_refuses_nested_user_namespaces(void **state)
{
	pid_t pid;
	struct joined joined;
	struct error err;

	(void)state;
	NEEDS_ROOT();
	pid = in_namespaces((const int[]){ CLONE_NEWUSER, CLONE_NEWUSER | CLONE_NEWNET, 0 });
	assert_int_equal(open_path(NS_NETWORK, ns_path(pid, "net"), &joined, &err), -EPERM);
	assert_non_null(strstr(err.msg, "made inside a container"));
	join_done(&joined);
	assert_int_equal(open_path(NS_USER, ns_path(pid, "user"), &joined, &err), -EPERM);
	join_done(&joined);
	end(pid);
}

static void test_join_open_refuses_two_owners(void **state)
{
	static const int steps[] = { CLONE_NEWUSER, CLONE_NEWNET | CLONE_NEWIPC, 0 };
	struct namespaces ns = { 0 };
	struct joined joined = JOINED_INIT;
	struct error err = ERROR_INIT;
	pid_t a, b;

	(void)state;
	NEEDS_ROOT();
	a = in_namespaces(steps);
	b = in_namespaces(steps);
	ns.path[NS_NETWORK] = ns_path(a, "net");
	ns.path[NS_IPC] = ns_path(b, "ipc");
	assert_int_equal(join_open(&ns, &joined, &err), -EPERM);
	assert_non_null(strstr(err.msg, "another container than the others"));
	join_done(&joined);
	ns.path[NS_IPC] = ns_path(a, "ipc");
	ns.path[NS_USER] = ns_path(a, "user");
	assert_int_equal(join_open(&ns, &joined, &err), 0);
	join_done(&joined);
	end(a);
	end(b);
}

static void test_join_open_refuses_mount_and_cgroup(void **state)
{
	pid_t pid;
	struct joined joined;
	struct error err;

	(void)state;
	NEEDS_ROOT();
	pid = in_namespaces((const int[]){ CLONE_NEWUSER, CLONE_NEWNS | CLONE_NEWCGROUP, 0 });
	assert_int_equal(open_path(NS_MOUNT, ns_path(pid, "mnt"), &joined, &err), -ENOTSUP);
	join_done(&joined);
	assert_int_equal(open_path(NS_CGROUP, ns_path(pid, "cgroup"), &joined, &err), -ENOTSUP);
	assert_non_null(strstr(err.msg, "cgroup namespace cannot be joined"));
	join_done(&joined);
	end(pid);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_join_open_refuses_the_hosts_under_any_name),
		cmocka_unit_test(test_join_open_refuses_what_is_no_namespace),
		cmocka_unit_test(test_join_open_takes_a_network_of_the_hosts_user_namespace),
		cmocka_unit_test(test_join_open_joins_the_owner_too),
		cmocka_unit_test(test_join_open_refuses_nested_user_namespaces),
		cmocka_unit_test(test_join_open_refuses_two_owners),
		cmocka_unit_test(test_join_open_refuses_mount_and_cgroup),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
