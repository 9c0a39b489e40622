/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Tests of runtime/process.c. process_become() is tried in a child with a user namespace of its own, which takes the
 * right to write id maps: those tests skip without it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <linux/capability.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "arena.h"
#include "error.h"
#include "fd.h"
#include "process.h"
#include "seccomp.h"

#define BIT(cap) (UINT64_C(1) << (cap))
#define HOST_BASE 1000000 /* ids nobody has */

static char folder[] = "/tmp/test-process-XXXXXX";

static int setup(void **state)
{
	char command[512];

	(void)state;
	memcpy(strrchr(folder, '-'), "-XXXXXX", 7);
	if (!mkdtemp(folder) || chmod(folder, 0755) < 0)
		return -1;
	(void)snprintf(command, sizeof(command),
		       "cd %s && mkdir bin other dir && printf '#!/bin/sh\\nexec true\\n' > bin/tool && "
		       "cp bin/tool bin/plain && chmod 755 bin/tool && chmod 644 bin/plain && cp bin/plain other/tool && "
		       "ln -s tool bin/link && mkfifo bin/fifo && chmod 755 bin/fifo",
		       folder);
	return system(command);
}

static int teardown(void **state)
{
	char command[64];

	(void)state;
	(void)snprintf(command, sizeof(command), "rm -rf %s", folder);
	return system(command);
}

/* ---- the section ---- */

static int parse(const char *text, struct process *process, struct arena *arena, struct error *err)
{
	json_t *value = json_loads(text, 0, NULL);
	int r;

	assert_non_null(value);
	*process = (struct process){ 0 };
	r = json_parse_object(arena, value, process_fields, process, err);
	if (r == 0)
		r = process_check(process, err);
	json_decref(value);
	return r;
}

static void assert_refused(const char *text, const char *message)
{
	struct arena arena = ARENA_INIT;
	struct error err = ERROR_INIT;
	struct process process;

	assert_int_equal(parse(text, &process, &arena, &err), -EINVAL);
	assert_string_equal(err.msg, message);
	arena_done(&arena);
}

static void test_process_fields_fill_the_struct(void **state)
{
	struct arena arena = ARENA_INIT;
	struct error err = ERROR_INIT;
	struct process process;

	(void)state;
	assert_int_equal(parse("{\"terminal\":true,\"consoleSize\":{\"height\":25,\"width\":80},\"user\":{\"uid\":1,\"gid\":2,"
			       "\"umask\":63,\"additionalGids\":[3,65535]},\"cwd\":\"/\",\"args\":[\"a\"],\"env\":[\"A=\","
			       "\"B=c=d\"],\"capabilities\":{\"bounding\":[\"CAP_KILL\"]},\"noNewPrivileges\":true,"
			       "\"oomScoreAdj\":-1000,\"rlimits\":[{\"type\":\"RLIMIT_CORE\",\"soft\":0,\"hard\":0}]}",
			       &process, &arena, &err),
			 0);
	assert_true(process.terminal && process.no_new_privileges);
	assert_int_equal(process.console_size.width, 80);
	assert_int_equal(process.user.uid, 1);
	assert_int_equal(process.user.gid, 2);
	assert_int_equal(process.user.umask.value, 077);
	assert_int_equal(process.user.additional_gids.n, 2);
	assert_int_equal(process.capabilities->bounding, BIT(CAP_KILL));
	assert_int_equal(process.oom_score_adj.value, -1000);
	assert_int_equal(process.rlimits.n, 1);
	arena_done(&arena);
}

static void test_process_check_refuses_ids_beyond_the_range(void **state)
{
	(void)state;
	assert_refused("{\"cwd\":\"/\",\"args\":[\"a\"],\"user\":{\"uid\":65536}}",
		       "process.user.uid: 65536 is outside of the container's ids, 0 to 65535");
	assert_refused("{\"cwd\":\"/\",\"args\":[\"a\"],\"user\":{\"gid\":4294967295}}",
		       "process.user.gid: 4294967295 is outside of the container's ids, 0 to 65535");
	assert_refused("{\"cwd\":\"/\",\"args\":[\"a\"],\"user\":{\"additionalGids\":[0,65536]}}",
		       "process.user.additionalGids[1]: 65536 is outside of the container's ids, 0 to 65535");
}

static void test_process_check_refuses_what_cannot_run(void **state)
{
	(void)state;
	assert_refused("{\"cwd\":\"/\",\"args\":[]}", "process.args: empty: there is nothing to run");
	assert_refused("{\"cwd\":\"/\"}", "process.args: empty: there is nothing to run");
	assert_refused("{\"cwd\":\"\",\"args\":[\"a\"]}", "process.cwd: '' is not absolute");
	assert_refused("{\"cwd\":\"a\",\"args\":[\"a\"]}", "process.cwd: 'a' is not absolute");
	assert_refused("{\"cwd\":\"/\",\"args\":[\"a\"],\"oomScoreAdj\":1001}",
		       "process.oomScoreAdj: 1001 is not between -1000 and 1000");
	assert_refused("{\"cwd\":\"/\",\"args\":[\"a\"],\"user\":{\"umask\":4096}}",
		       "process.user.umask: 4096 is not a mode");
}

static void test_process_check_refuses_bad_env_without_showing_it(void **state)
{
	(void)state;
	assert_refused("{\"cwd\":\"/\",\"args\":[\"a\"],\"env\":[\"A=b\",\"hunter2\"]}",
		       "process.env[1]: no '='; expected NAME=value");
	assert_refused("{\"cwd\":\"/\",\"args\":[\"a\"],\"env\":[\"=x\"]}",
		       "process.env[0]: the name is empty");
}

static void test_process_check_labels_refuses_confinement_the_host_lacks(void **state)
{
	struct process process = { .apparmor_profile = "docker-default" };
	struct error err = ERROR_INIT;

	(void)state;
	if (access("/sys/module/apparmor/parameters/enabled", F_OK) != 0) {
		assert_int_equal(process_check_labels(&process, &err), -ENOTSUP);
		assert_non_null(strstr(err.msg, "this host has no AppArmor"));
	}
	process.apparmor_profile = "unconfined";
	assert_int_equal(process_check_labels(&process, &err), 0);
	if (access("/sys/fs/selinux/context", F_OK) != 0) {
		process.selinux_label = "system_u:system_r:container_t:s0";
		assert_int_equal(process_check_labels(&process, &err), -ENOTSUP);
		assert_non_null(strstr(err.msg, "this host has no SELinux"));
	}
	process.selinux_label = "nonsense";
	assert_int_equal(process_check_labels(&process, &err), -EINVAL);
}

static void test_process_prepare_raises_oom_score_adj(void **state)
{
	struct process process = { .oom_score_adj = { true, 1000 } };
	struct error err = ERROR_INIT;
	char path[64], *text = NULL;
	pid_t pid = fork();

	(void)state;
	assert_true(pid >= 0);
	if (pid == 0) {
		(void)pause();
		_exit(0);
	}
	assert_int_equal(process_prepare(&process, pid, geteuid(), &err), 0);
	assert_int_equal(process_prepare(&process, pid, geteuid(), &err), 0);
	(void)snprintf(path, sizeof(path), "/proc/%d/oom_score_adj", pid);
	assert_int_equal(fd_read_file(AT_FDCWD, path, 64, &text, NULL, &err), 0);
	assert_string_equal(text, "1000\n");
	free(text);
	(void)kill(pid, SIGKILL);
	(void)waitpid(pid, NULL, 0);
}

/* ---- finding the program ---- */

/* @path_env: with %s for the folder, or NULL. The result in the error's text on failure. */
static int find(const char *name, const char *path_env, char *ret_path, struct error *err)
{
	char path_entry[256];
	const char *args[] = { name, NULL };
	const char *env[] = { "PATH=/wrong", path_entry, NULL }, *no_env[] = { NULL };
	struct process process = {
		.cwd = folder,
		.args = args,
		.env = path_env ? env : no_env,
		.user = { .uid = geteuid(), .gid = getegid() },
	};

	if (path_env) {
		char format[128];

		(void)snprintf(format, sizeof(format), "PATH=%s", path_env);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
		(void)snprintf(path_entry, sizeof(path_entry), format, folder, folder);
#pragma GCC diagnostic pop
	}
	return process_find_executable(&process, ret_path, err);
}

static void assert_found(const char *name, const char *path_env, const char *below_folder)
{
	struct error err = ERROR_INIT;
	char path[PATH_MAX], expected[PATH_MAX];

	if (find(name, path_env, path, &err) < 0)
		fail_msg("%s", err.msg);
	(void)snprintf(expected, sizeof(expected), "%s/%s", folder, below_folder);
	assert_string_equal(path, expected);
}

static void assert_not_found(const char *name, const char *path_env, int errnum, const char *message)
{
	struct error err = ERROR_INIT;
	char path[PATH_MAX];

	assert_int_equal(find(name, path_env, path, &err), -errnum);
	assert_string_equal(err.msg, message);
}

static void test_process_find_executable_searches_path(void **state)
{
	(void)state;
	assert_found("tool", "/nowhere:%s/other:%s/bin", "bin/tool"); /* other/tool has no execute bit */
	assert_found("tool", "%s/bin/:", "bin//tool");
	assert_found("link", "%s/bin", "bin/link");
}

static void test_process_find_executable_speaks_as_go_does(void **state)
{
	(void)state;
	assert_not_found("nothing", "%s/bin", ENOENT,
			 "exec: \"nothing\": executable file not found in $PATH");
	assert_not_found("", "%s/bin", ENOENT, "exec: \"\": executable file not found in $PATH");
	assert_not_found("plain", "%s/bin", ENOENT,
			 "exec: \"plain\": executable file not found in $PATH");
	assert_not_found("/no/x", NULL, ENOENT,
			 "exec: \"/no/x\": stat /no/x: no such file or directory");
	assert_not_found("/etc/passwd/x", NULL, ENOTDIR,
			 "exec: \"/etc/passwd/x\": stat /etc/passwd/x: not a directory");
	assert_not_found("/etc", NULL, EACCES, "exec: \"/etc\": permission denied");
	assert_not_found("/etc/passwd", NULL, EACCES, "exec: \"/etc/passwd\": permission denied");
	assert_not_found("bin/fifo", NULL, EACCES, "exec: \"bin/fifo\": permission denied");
}

static void test_process_find_executable_does_not_search_relative_elements(void **state)
{
	(void)state;
	assert_int_equal(chdir(folder), 0);
	assert_not_found("tool", "bin::.", ENOENT,
			 "exec: \"tool\": executable file not found in $PATH");
	assert_int_equal(chdir("/"), 0);
}

static void test_process_find_executable_takes_relative_names_from_cwd(void **state)
{
	struct error err = ERROR_INIT;
	char path[PATH_MAX];

	(void)state;
	assert_int_equal(find("bin/tool", NULL, path, &err), 0);
	assert_string_equal(path, "bin/tool");
	assert_not_found("./nothing", NULL, ENOENT,
			 "exec: \"./nothing\": stat ./nothing: no such file or directory");
}

static void test_process_find_executable_follows_no_magic_link(void **state)
{
	(void)state;
	assert_not_found("/proc/self/exe", NULL, ELOOP,
			 "exec: \"/proc/self/exe\": stat /proc/self/exe: too many levels of symbolic links");
}

static void test_process_find_executable_looks_with_the_users_eyes(void **state)
{
	const char *args[] = { "bin/tool", NULL };
	struct process process = { .cwd = folder, .args = args, .user = { .uid = 4711, .gid = 4711 } };
	struct caps caps = { .effective = BIT(CAP_DAC_OVERRIDE) };
	struct error err = ERROR_INIT;
	char path[PATH_MAX], file[96];

	(void)state;
	(void)snprintf(file, sizeof(file), "%s/bin/tool", folder);
	assert_int_equal(chmod(file, 0744), 0); /* for the owner only */
	assert_int_equal(process_find_executable(&process, path, &err), -EACCES);
	process.capabilities = &caps;
	assert_int_equal(process_find_executable(&process, path, &err), 0);
	process.capabilities = NULL;
	process.user.uid = geteuid();
	assert_int_equal(process_find_executable(&process, path, &err), 0);
}

/* ---- HOME ---- */

static void test_process_find_home_leaves_a_given_one(void **state)
{
	const char *env[] = { "HOME=/x", NULL };
	struct process process = { .env = env };
	char home[PROCESS_HOME_MAX] = "?";

	(void)state;
	process_find_home(&process, home);
	assert_string_equal(home, "");
}

/* In a child with a root of its own: /etc/passwd with @content. -1: no right to do so. */
static int home_of(const char *content, size_t len, uint32_t uid, char *ret_home)
{
	struct process process = { .user = { .uid = uid } };
	char path[96];
	int pipe_fds[2], fd, status;
	pid_t pid;

	(void)snprintf(path, sizeof(path), "%s/etc", folder);
	(void)mkdir(path, 0755);
	(void)snprintf(path, sizeof(path), "%s/etc/passwd", folder);
	fd = open(path, O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0644);
	assert_true(fd >= 0 && write(fd, content, len) == (ssize_t)len);
	(void)close(fd);
	assert_int_equal(pipe(pipe_fds), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		char home[PROCESS_HOME_MAX];

		if (unshare(CLONE_NEWUSER) < 0 || chroot(folder) < 0)
			_exit(1);
		process_find_home(&process, home);
		_exit(write(pipe_fds[1], home, sizeof(home)) == sizeof(home) ? 0 : 2);
	}
	(void)close(pipe_fds[1]);
	status = read(pipe_fds[0], ret_home, PROCESS_HOME_MAX) == PROCESS_HOME_MAX ? 0 : -1;
	(void)close(pipe_fds[0]);
	(void)waitpid(pid, NULL, 0);
	return status;
}

static void assert_home(const char *content, size_t len, uint32_t uid, const char *expected)
{
	char home[PROCESS_HOME_MAX];

	if (home_of(content, len, uid, home) < 0)
		skip(); /* no unprivileged user namespaces here */
	assert_string_equal(home, expected);
}

static void test_process_find_home_reads_passwd(void **state)
{
	const char *passwd =
		"root:x:0:0:root:/root:/bin/sh\nbroken\nb:x:+7:7::/plus:\nc:x:7:7::/home/c:/bin/sh\n"
		"d:x:7:7::/second:/bin/sh\ne:x:8:8::relative:\nlast:x:9:9::/last:/bin/sh";

	(void)state;
	assert_home(passwd, strlen(passwd), 0, "/root");
	assert_home(passwd, strlen(passwd), 7, "/home/c");
	assert_home(passwd, strlen(passwd), 8, "/");
	assert_home(passwd, strlen(passwd), 9, "/last"); /* no newline at the end */
	assert_home(passwd, strlen(passwd), 10, "/");
	assert_home("", 0, 0, "/");
}

/* A line that no buffer holds is nobody's, and the one after it is found. */
static void test_process_find_home_survives_hostile_files(void **state)
{
	size_t len = 100000;
	char *text = malloc(len + 64);

	(void)state;
	assert_non_null(text);
	memset(text, ':', len);
	memcpy(text + len, "\nx:x:5:5::/five:\n", 17);
	assert_home(text, len + 17, 5, "/five");
	memset(text, 'a', len);
	memcpy(text + len - 20, "x:x:5:5::/not-a-line", 20); /* the tail of the long line */
	assert_home(text, len, 5, "/");
	memset(text, 0, len);
	assert_home(text, len, 0, "/");
	free(text);
}

/* ---- becoming the process ---- */

struct snapshot {
	uint32_t uid, gid, umask, n_groups, groups[4];
	uint64_t permitted, effective, inheritable;
	int ambient_chown, bounding_kill, bounding_chown, no_new_privs, securebits, dumpable,
		getppid_errno;
	int r;
	char cwd[128];
	struct error err;
};

static void take_snapshot(struct snapshot *s)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = { 0 };
	gid_t groups[4];
	int n = getgroups(4, groups);

	s->uid = geteuid();
	s->gid = getegid();
	s->umask = umask(0);
	s->n_groups = (uint32_t)n;
	for (int i = 0; i < n; i++)
		s->groups[i] = groups[i];
	(void)syscall(SYS_capget, &header, data);
	s->permitted = data[0].permitted | (uint64_t)data[1].permitted << 32;
	s->effective = data[0].effective | (uint64_t)data[1].effective << 32;
	s->inheritable = data[0].inheritable | (uint64_t)data[1].inheritable << 32;
	s->ambient_chown = prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, CAP_CHOWN, 0, 0);
	s->bounding_kill = prctl(PR_CAPBSET_READ, CAP_KILL, 0, 0, 0);
	s->bounding_chown = prctl(PR_CAPBSET_READ, CAP_CHOWN, 0, 0, 0);
	s->no_new_privs = prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0);
	s->securebits = prctl(PR_GET_SECUREBITS, 0, 0, 0, 0);
	s->dumpable = prctl(PR_GET_DUMPABLE, 0, 0, 0, 0);
	errno = 0;
	s->getppid_errno = syscall(SYS_getppid) < 0 ? errno : 0;
	if (!getcwd(s->cwd, sizeof(s->cwd)))
		s->cwd[0] = '\0';
}

static int write_map(pid_t pid, const char *name)
{
	char path[64], text[64];

	(void)snprintf(path, sizeof(path), "/proc/%d/%s", pid, name);
	(void)snprintf(text, sizeof(text), "0 %d 65536\n", HOST_BASE);
	return fd_write_file(AT_FDCWD, path, text, NULL);
}

/* process_become() as root of a fresh user namespace. */
static void become(const struct process *process, const struct seccomp_program *filter,
		   struct snapshot *ret)
{
	int to_child[2], to_parent[2], ok;
	char byte = 0;
	pid_t pid;

	memset(ret, 0, sizeof(*ret));
	assert_int_equal(pipe(to_child), 0);
	assert_int_equal(pipe(to_parent), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		static struct snapshot s;

		/* As init has it: NO_SETUID_FIXUP must not reach the container. */
		if (unshare(CLONE_NEWUSER) < 0 || write(to_parent[1], "u", 1) != 1 ||
		    read(to_child[0], &byte, 1) != 1 || setresgid(0, 0, 0) < 0 ||
		    setresuid(0, 0, 0) < 0 || prctl(PR_SET_SECUREBITS, 1 << 2, 0, 0, 0) < 0)
			_exit(1);
		s.r = process_become(process, filter, -EBADF, &s.err);
		if (s.r == 0)
			take_snapshot(&s);
		_exit(write(to_parent[1], &s, sizeof(s)) == sizeof(s) ? 0 : 2);
	}
	(void)close(to_parent[1]); /* or a child that dies would leave us waiting */
	ok = read(to_parent[0], &byte, 1) == 1 && write_map(pid, "uid_map") == 0 &&
	     write_map(pid, "gid_map") == 0;
	if (ok)
		(void)!write(to_child[1], "g", 1);
	(void)close(to_child[1]);
	(void)close(to_child[0]);
	if (ok)
		ok = read(to_parent[0], ret, sizeof(*ret)) == sizeof(*ret);
	else
		(void)kill(pid, SIGKILL);
	(void)close(to_parent[0]);
	(void)waitpid(pid, NULL, 0);
	if (!ok && geteuid() == 0)
		fail_msg("the child ended early");
	if (!ok)
		skip(); /* only root may map 65536 ids */
}

static void test_process_become_gives_up_everything_by_default(void **state)
{
	uint32_t gids[] = { 10, 20 };
	struct process process = {
		.cwd = "/usr", .user = { .uid = 1000, .gid = 100, .additional_gids = { gids, 2 } }
	};
	struct snapshot s;

	(void)state;
	become(&process, NULL, &s);
	if (s.r < 0)
		fail_msg("%s", s.err.msg);
	assert_int_equal(s.uid, 1000);
	assert_int_equal(s.gid, 100);
	assert_int_equal(s.n_groups, 2);
	assert_int_equal(s.groups[1], 20);
	assert_int_equal(s.umask, 022);
	assert_int_equal(s.permitted | s.effective | s.inheritable, 0);
	assert_int_equal(s.bounding_kill, 0);
	assert_int_equal(s.no_new_privs, 0);
	assert_int_equal(s.securebits, 0);
	assert_int_equal(s.dumpable, 0);
	assert_string_equal(s.cwd, "/usr");
}

static void test_process_become_keeps_what_is_named_for_any_user(void **state)
{
	struct caps caps = {
		.bounding = BIT(CAP_CHOWN) | BIT(CAP_SYS_ADMIN),
		.permitted = BIT(CAP_CHOWN) | BIT(CAP_NET_RAW),
		.effective = BIT(CAP_CHOWN),
		.inheritable = BIT(CAP_CHOWN) | BIT(CAP_KILL), /* the latter is not in the bounding set */
		.ambient = BIT(CAP_CHOWN) | BIT(CAP_KILL),
	};
	struct process process = {
		.cwd = "/",
		.user = { .uid = 1000, .gid = 0, .umask = { true, 0777 } },
		.capabilities = &caps,
		.no_new_privileges = true,
	};
	struct snapshot s;

	(void)state;
	become(&process, NULL, &s);
	if (s.r < 0)
		fail_msg("%s", s.err.msg);
	assert_int_equal(s.permitted, BIT(CAP_CHOWN) | BIT(CAP_NET_RAW));
	assert_int_equal(s.effective, BIT(CAP_CHOWN));
	assert_int_equal(s.inheritable, BIT(CAP_CHOWN));
	assert_int_equal(s.ambient_chown, 1);
	assert_int_equal(s.bounding_chown, 1);
	assert_int_equal(s.bounding_kill, 0);
	assert_int_equal(s.no_new_privs, 1);
	assert_int_equal(s.umask, 0777);
	assert_int_equal(s.n_groups, 0);
}

/* Only what is needed after it: the change of user and folder comes before the filter. */
static void make_filter(struct seccomp_program *ret)
{
	static struct sock_filter insns[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_getppid, 5, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_setgroups, 5, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_setresuid, 4, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_openat2, 3, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_fchdir, 2, 0),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | 77),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
	};

	*ret = (struct seccomp_program){ .insns = insns, .n = sizeof(insns) / sizeof(insns[0]) };
}

static void test_process_become_loads_the_filter_with_and_without_no_new_privs(void **state)
{
	struct process process = { .cwd = "/", .user = { .uid = 1000, .gid = 1000 } };
	struct seccomp_program filter;
	struct snapshot s;

	(void)state;
	make_filter(&filter);
	for (int i = 0; i < 2; i++) {
		process.no_new_privileges = i;
		become(&process, &filter, &s);
		if (s.r < 0)
			fail_msg("%s", s.err.msg);
		assert_int_equal(s.getppid_errno, 77);
		assert_int_equal(s.no_new_privs, i);
		assert_int_equal(s.permitted | s.effective,
				 0); /* CAP_SYS_ADMIN, kept for the filter, is gone */
	}
}

static void test_process_become_says_why_cwd_fails(void **state)
{
	struct process process = { .cwd = "/no/such", .user = { .uid = 1000, .gid = 1000 } };
	struct snapshot s;

	(void)state;
	become(&process, NULL, &s);
	assert_int_equal(s.r, -ENOENT);
	assert_string_equal(s.err.msg,
			    "chdir to cwd (\"/no/such\") set in config.json failed: no such file or directory");
	process.cwd = "/root"; /* of a uid the namespace does not map, 0700 */
	become(&process, NULL, &s);
	assert_int_equal(s.r, -EACCES);
	assert_string_equal(s.err.msg,
			    "chdir to cwd (\"/root\") set in config.json failed: permission denied");
}

/* CVE-2024-21626: a descriptor of a host folder, reached through a magic link. */
static void test_process_become_follows_no_magic_link(void **state)
{
	struct process process = { .user = { .uid = 0, .gid = 0 } };
	int fd = open("/usr", O_PATH | O_DIRECTORY);
	struct snapshot s;
	char cwd[64];

	(void)state;
	(void)snprintf(cwd, sizeof(cwd), "/proc/self/fd/%d", fd);
	process.cwd = cwd;
	become(&process, NULL, &s);
	(void)close(fd);
	assert_int_equal(s.r, -ELOOP);
}

/* ---- execve ---- */

/* Output of `cat /proc/self/environ` with that environment. */
static void assert_environment(const char **env, const char *home, const char *expected, size_t len)
{
	const char *args[] = { "cat", "/proc/self/environ", NULL };
	struct process process = { .args = args, .env = env };
	char out[256];
	ssize_t n;
	int fds[2];
	pid_t pid;

	assert_int_equal(pipe(fds), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		struct error err;

		(void)dup2(fds[1], STDOUT_FILENO);
		(void)process_exec(&process, "/bin/cat", home, &err);
		_exit(1);
	}
	(void)close(fds[1]);
	(void)waitpid(pid, NULL, 0);
	n = read(fds[0], out, sizeof(out));
	(void)close(fds[0]);
	assert_int_equal(n, len);
	assert_memory_equal(out, expected, len);
}

static void test_process_exec_passes_each_variable_once(void **state)
{
	const char *env[] = { "A=1", "B=2", "A=3", "AB=4", NULL },
		   *with_home[] = { "HOME=", "C=1", NULL };
	const char expected[] = "B=2\0A=3\0AB=4", added[] = "C=1\0HOME=/h";

	(void)state;
	assert_environment(env, "", expected, sizeof(expected));
	assert_environment(with_home, "/h", added, sizeof(added));
	assert_environment(NULL, "", "", 0);
}

static void test_process_exec_speaks_as_go_does(void **state)
{
	const char *args[] = { "x", NULL };
	struct process process = { .args = args };
	struct error err = ERROR_INIT;
	char path[96];
	int fd;

	(void)state;
	assert_int_equal(process_exec(&process, "/no/x", "", &err), -ENOENT);
	assert_string_equal(err.msg, "exec /no/x: no such file or directory");
	assert_int_equal(process_exec(&process, "/etc/passwd", "", &err), -EACCES);
	assert_string_equal(err.msg, "exec /etc/passwd: permission denied");

	(void)snprintf(path, sizeof(path), "%s/bin/text", folder);
	fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0755);
	assert_true(fd >= 0 && write(fd, "text", 4) == 4);
	(void)close(fd);
	assert_int_equal(process_exec(&process, path, "", &err), -ENOEXEC);
	assert_non_null(strstr(err.msg, "/bin/text: exec format error"));
}

#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_process_fields_fill_the_struct),
		cmocka_unit_test(test_process_check_refuses_ids_beyond_the_range),
		cmocka_unit_test(test_process_check_refuses_what_cannot_run),
		cmocka_unit_test(test_process_check_refuses_bad_env_without_showing_it),
		cmocka_unit_test(test_process_check_labels_refuses_confinement_the_host_lacks),
		cmocka_unit_test(test_process_prepare_raises_oom_score_adj),
		IN_FOLDER(test_process_find_executable_searches_path),
		IN_FOLDER(test_process_find_executable_speaks_as_go_does),
		IN_FOLDER(test_process_find_executable_does_not_search_relative_elements),
		IN_FOLDER(test_process_find_executable_takes_relative_names_from_cwd),
		cmocka_unit_test(test_process_find_executable_follows_no_magic_link),
		IN_FOLDER(test_process_find_executable_looks_with_the_users_eyes),
		cmocka_unit_test(test_process_find_home_leaves_a_given_one),
		IN_FOLDER(test_process_find_home_reads_passwd),
		IN_FOLDER(test_process_find_home_survives_hostile_files),
		cmocka_unit_test(test_process_become_gives_up_everything_by_default),
		cmocka_unit_test(test_process_become_keeps_what_is_named_for_any_user),
		cmocka_unit_test(test_process_become_loads_the_filter_with_and_without_no_new_privs),
		cmocka_unit_test(test_process_become_says_why_cwd_fails),
		cmocka_unit_test(test_process_become_follows_no_magic_link),
		cmocka_unit_test(test_process_exec_passes_each_variable_once),
		IN_FOLDER(test_process_exec_speaks_as_go_does),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
