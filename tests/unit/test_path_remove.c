/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Unit tests of path_remove_tree(): links, mounts, depth, and folders that are shut. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "error.h"
#include "path.h"
#include "str.h"

#define NOBODY 65534

/* /tmp/test_remove.XXXXXX/ with "root", for trees to remove, and "outside", which must stay. */
struct scratch {
	char path[64];
	int fd;
	int root_fd;
	int outside_fd;
	struct error err;
};

static int setup(void **state)
{
	struct scratch *s = calloc(1, sizeof(*s));

	if (!s || str_format(s->path, sizeof(s->path), "/tmp/test_remove.XXXXXX") < 0 ||
	    !mkdtemp(s->path))
		return -1;
	s->fd = open(s->path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (mkdirat(s->fd, "root", 0755) < 0 || mkdirat(s->fd, "outside", 0755) < 0)
		return -1;
	s->root_fd = openat(s->fd, "root", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	s->outside_fd = openat(s->fd, "outside", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	*state = s;
	return s->root_fd < 0 || s->outside_fd < 0 ? -1 : 0;
}

static int teardown(void **state)
{
	struct scratch *s = *state;
	char command[128];

	close(s->fd);
	close(s->root_fd);
	close(s->outside_fd);
	/* Not with the function under test. */
	if (str_format(command, sizeof(command), "chmod -R u+rwx %s; rm -rf %s", s->path, s->path) <
		    0 ||
	    system(command) != 0)
		return -1;
	free(s);
	return 0;
}

static void make_link(int dir_fd, const char *name, const char *target)
{
	assert_int_equal(symlinkat(target, dir_fd, name), 0);
}

static void make_dir(int dir_fd, const char *name)
{
	assert_int_equal(mkdirat(dir_fd, name, 0755), 0);
}

static void make_file(int dir_fd, const char *name, const char *text)
{
	int fd = openat(dir_fd, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

/* Type and permission bits of a name, not followed; 0 when it is missing. */
static mode_t mode_of(int dir_fd, const char *name)
{
	struct stat st;

	return fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 ? st.st_mode : 0;
}

static void expect_empty(int dir_fd)
{
	DIR *dir = fdopendir(openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
	struct dirent *entry;

	assert_non_null(dir);
	while ((entry = readdir(dir)))
		assert_int_equal(entry->d_name[0], '.'); /* "." and "..": nothing here makes others */
	closedir(dir);
}

static void test_path_remove_tree_removes_all_kinds(void **state)
{
	struct scratch *s = *state;

	make_file(s->outside_fd, "precious", "x");
	make_dir(s->fd, "t");
	make_dir(s->fd, "t/d");
	make_dir(s->fd, "t/d/e");
	make_file(s->fd, "t/d/e/f", "x");
	make_link(s->fd, "t/d/out", "../../outside");
	make_link(s->fd, "t/abs", s->path);
	assert_int_equal(mkfifoat(s->fd, "t/fifo", 0600), 0);
	assert_int_equal(path_remove_tree(s->fd, "t", &s->err), 0);
	assert_int_equal(mode_of(s->fd, "t"), 0);
	assert_int_equal(mode_of(s->outside_fd, "precious"), S_IFREG | 0644);
}

static void test_path_remove_tree_removes_a_link_and_not_its_target(void **state)
{
	struct scratch *s = *state;

	make_file(s->outside_fd, "precious", "x");
	make_link(s->fd, "t", "outside");
	assert_int_equal(path_remove_tree(s->fd, "t", &s->err), 0);
	assert_int_equal(mode_of(s->fd, "t"), 0);
	assert_int_equal(mode_of(s->outside_fd, "precious"), S_IFREG | 0644);
}

static void test_path_remove_tree_takes_files_and_nothing(void **state)
{
	struct scratch *s = *state;

	make_file(s->fd, "f", "x");
	assert_int_equal(path_remove_tree(s->fd, "f", &s->err), 0);
	assert_int_equal(mode_of(s->fd, "f"), 0);
	assert_int_equal(path_remove_tree(s->fd, "f", &s->err), 0);
}

static void test_path_remove_tree_takes_one_name_only(void **state)
{
	static const char *const bad[] = { "", ".", "..", "outside/precious", "/", "root/.." };
	struct scratch *s = *state;

	make_file(s->outside_fd, "precious", "x");
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		assert_int_equal(path_remove_tree(s->fd, bad[i], &s->err), -EINVAL);
	assert_int_equal(mode_of(s->outside_fd, "precious"), S_IFREG | 0644);
}

static void test_path_remove_tree_removes_many_names(void **state)
{
	struct scratch *s = *state;
	char name[32];

	make_dir(s->fd, "t");
	for (int i = 0; i < 3000; i++) {
		assert_int_equal(str_format(name, sizeof(name), "t/%s%d", i % 3 ? "f" : "d", i), 0);
		if (i % 3)
			make_file(s->fd, name, "");
		else
			make_dir(s->fd, name);
	}
	assert_int_equal(path_remove_tree(s->fd, "t", &s->err), 0);
}

/* Deeper than PATH_MAX, than the number of descriptors, and with names that get in the way of moved ones. */
static void test_path_remove_tree_removes_deep_trees(void **state)
{
	struct scratch *s = *state;
	struct rlimit few, saved;
	int fd, next;

	make_dir(s->fd, "t");
	make_file(s->fd, "t/.removed-0", "");
	make_dir(s->fd, "t/.removed-1");
	fd = openat(s->fd, "t", O_PATH | O_DIRECTORY | O_CLOEXEC);
	for (int i = 0; i < 5000; i++) {
		make_dir(fd, "deep");
		if (i % 100 == 0)
			make_file(fd, "file", "");
		next = openat(fd, "deep", O_PATH | O_DIRECTORY | O_CLOEXEC);
		assert_true(next >= 0);
		close(fd);
		fd = next;
	}
	close(fd);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &saved), 0);
	few = (struct rlimit){ 128, saved.rlim_max };
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
	assert_int_equal(path_remove_tree(s->fd, "t", &s->err), 0);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &saved), 0);
	assert_int_equal(mode_of(s->fd, "t"), 0);
}

/* Runs @body in a child; its return is the exit status. 77: not possible here. */
static void in_child(struct scratch *s, int (*body)(struct scratch *s))
{
	int status;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		int result = body(s);

		if (result && result != 77)
			(void)fprintf(stderr, "child: %s\n", s->err.msg);
		_exit(result);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 77) {
		print_message("this needs a user and mount namespace, which cannot be made here\n");
		skip();
	}
	assert_int_equal(status, 0);
}

/* The administrator passes every permission check, so be somebody else. */
static int remove_locked_folders(struct scratch *s)
{
	int fd;

	if (geteuid() == 0) {
		if (fchownat(s->fd, "root", NOBODY, NOBODY, 0) < 0 || setgroups(0, NULL) < 0 ||
		    setresgid(NOBODY, NOBODY, NOBODY) < 0 || setresuid(NOBODY, NOBODY, NOBODY) < 0)
			return 2;
		prctl(PR_SET_DUMPABLE, 1); /* or /proc/self/fd belongs to root */
	}
	if (mkdirat(s->root_fd, "t", 0700) < 0)
		return 3;
	fd = openat(s->root_fd, "t", O_PATH | O_DIRECTORY | O_CLOEXEC);
	for (mode_t mode = 0; mode < 8; mode++) {
		char name[16], inner[32];

		if (str_format(name, sizeof(name), "m%o", mode) < 0 || mkdirat(fd, name, 0700) < 0 ||
		    str_format(inner, sizeof(inner), "%s/inner", name) < 0 ||
		    mkdirat(fd, inner, 0700) < 0 ||
		    str_format(inner, sizeof(inner), "%s/inner/x", name) < 0 ||
		    mkdirat(fd, inner, 0) < 0 || fchmodat(fd, name, mode << 6, 0) < 0)
			return 4;
	}
	if (fchmodat(s->root_fd, "t", 0, 0) < 0)
		return 5;
	return path_remove_tree(s->root_fd, "t", &s->err) == 0 ? 0 : 1;
}

static void test_path_remove_tree_opens_folders_without_permission_bits(void **state)
{
	struct scratch *s = *state;

	in_child(s, remove_locked_folders);
	expect_empty(s->root_fd);
}

static int enter_mount_namespace(void)
{
	if (unshare(CLONE_NEWUSER | CLONE_NEWNS) < 0)
		return 77;
	return mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ? 77 : 0;
}

/* A bind mount of the same file system has the same st_dev: only the mount's id tells. */
static int remove_around_a_mount(struct scratch *s)
{
	char from[128], to[128];
	int r = enter_mount_namespace(), root_fd;

	if (r)
		return r;
	make_dir(s->root_fd, "t");
	make_dir(s->root_fd, "t/mnt");
	make_dir(s->root_fd, "t/sub");
	make_file(s->root_fd, "t/sub/f", "");
	make_file(s->outside_fd, "precious", "x");
	if (str_format(from, sizeof(from), "%s/outside", s->path) < 0 ||
	    str_format(to, sizeof(to), "%s/root/t/mnt", s->path) < 0 ||
	    mount(from, to, NULL, MS_BIND, NULL) < 0)
		return 2;
	/* The descriptor of the first namespace does not see the mount. */
	if (str_format(to, sizeof(to), "%s/root", s->path) < 0)
		return 2;
	root_fd = open(to, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (mode_of(root_fd, "t/mnt/precious") == 0)
		return 2;
	if (path_remove_tree(root_fd, "t", &s->err) != -EBUSY)
		return 3;
	if (!str_eq(s->err.msg, "cannot remove 'mnt' below 't': Device or resource busy"))
		return 4;
	if (mode_of(s->root_fd, "t/sub") != 0) /* the rest is gone all the same */
		return 5;
	return mode_of(s->outside_fd, "precious") ? 0 : 6;
}

static void test_path_remove_tree_does_not_cross_mounts(void **state)
{
	in_child(*state, remove_around_a_mount);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(test_path_remove_tree_removes_all_kinds),
		T(test_path_remove_tree_removes_a_link_and_not_its_target),
		T(test_path_remove_tree_takes_files_and_nothing),
		T(test_path_remove_tree_takes_one_name_only),
		T(test_path_remove_tree_removes_many_names),
		T(test_path_remove_tree_removes_deep_trees),
		T(test_path_remove_tree_opens_folders_without_permission_bits),
		T(test_path_remove_tree_does_not_cross_mounts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
