/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Unit tests of path: lookups and new names below a root that somebody hostile has arranged; removing trees. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "error.h"
#include "fd.h"
#include "path.h"
#include "str.h"

#define NOBODY 65534

/* /tmp/test_path.XXXXXX/ with "root", the root of a container, and "outside", which it must not reach. */
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

	if (!s || str_format(s->path, sizeof(s->path), "/tmp/test_path.XXXXXX") < 0 ||
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

/* @fd, which is closed, is what @dir_fd calls @name. */
static void expect_same(int fd, int dir_fd, const char *name)
{
	struct stat a, b;

	assert_true(fd >= 0);
	assert_int_equal(fstat(fd, &a), 0);
	assert_int_equal(fstatat(dir_fd, name, &b, AT_SYMLINK_NOFOLLOW), 0);
	assert_true(a.st_dev == b.st_dev && a.st_ino == b.st_ino);
	assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
	close(fd);
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

/* ---- path_open_in_root ---- */

static void test_path_open_in_root_resolves_links_inside(void **state)
{
	struct scratch *s = *state;

	make_dir(s->root_fd, "etc");
	make_file(s->root_fd, "etc/passwd", "inner");
	make_link(s->root_fd, "absolute", "/etc/passwd");
	make_link(s->root_fd, "up", "../../../../../../../../../etc/passwd");
	make_link(s->root_fd, "dir", "/etc");
	expect_same(path_open_in_root(s->root_fd, "absolute", O_RDONLY, &s->err), s->root_fd,
		    "etc/passwd");
	expect_same(path_open_in_root(s->root_fd, "up", O_RDONLY, &s->err), s->root_fd, "etc/passwd");
	expect_same(path_open_in_root(s->root_fd, "/dir/passwd", O_PATH, &s->err), s->root_fd,
		    "etc/passwd");
	expect_same(path_open_in_root(s->root_fd, "../../../etc/passwd", O_PATH, &s->err),
		    s->root_fd, "etc/passwd");
	expect_same(path_open_in_root(s->root_fd, "dir/../../..", O_PATH, &s->err), s->fd, "root");
	expect_same(path_open_in_root(s->root_fd, "/", O_RDONLY | O_DIRECTORY, &s->err), s->fd,
		    "root");
}

static void test_path_open_in_root_cannot_reach_outside(void **state)
{
	struct scratch *s = *state;
	char target[128];

	make_file(s->outside_fd, "secret", "x");
	assert_int_equal(str_format(target, sizeof(target), "%s/outside/secret", s->path), 0);
	make_link(s->root_fd, "a", target);
	make_link(s->root_fd, "b", "../outside/secret");
	assert_int_equal(path_open_in_root(s->root_fd, "a", O_RDONLY, &s->err), -ENOENT);
	assert_int_equal(path_open_in_root(s->root_fd, "b", O_RDONLY, &s->err), -ENOENT);
	assert_int_equal(path_open_in_root(s->root_fd, "../outside/secret", O_RDONLY, &s->err),
			 -ENOENT);
	assert_non_null(
		strstr(s->err.msg, "cannot open '../outside/secret' in the rootfs: No such file"));
}

/* A root with a procfs: the whole machine's. A plain open(2) of these names succeeds. */
static void test_path_open_in_root_refuses_magic_links(void **state)
{
	struct scratch *s = *state;
	int root_fd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	char path[64];

	assert_int_equal(str_format(path, sizeof(path), "proc/self/fd/%d", s->outside_fd), 0);
	assert_int_equal(path_open_in_root(root_fd, path, O_RDONLY, &s->err), -ELOOP);
	assert_int_equal(path_open_in_root(root_fd, path, O_PATH, &s->err), -ELOOP);
	assert_int_equal(path_open_in_root(root_fd, "proc/self/root/etc", O_PATH, &s->err), -ELOOP);
	assert_int_equal(path_open_in_root(root_fd, "proc/self/cwd", O_PATH, &s->err), -ELOOP);
	assert_int_equal(path_open_in_root(root_fd, "proc/self/exe", O_RDONLY, &s->err), -ELOOP);
	close(root_fd);
}

static void test_path_open_in_root_passes_flags_on(void **state)
{
	struct scratch *s = *state;
	int fd;

	make_file(s->root_fd, "f", "");
	make_link(s->root_fd, "l", "f");
	assert_int_equal(path_open_in_root(s->root_fd, "l", O_RDONLY | O_NOFOLLOW, &s->err), -ELOOP);
	expect_same(path_open_in_root(s->root_fd, "l", O_PATH | O_NOFOLLOW, &s->err), s->root_fd,
		    "l");
	assert_int_equal(path_open_in_root(s->root_fd, "f", O_PATH | O_DIRECTORY, &s->err), -ENOTDIR);
	fd = path_open_in_root(s->root_fd, "f", O_RDWR | O_APPEND, &s->err);
	assert_int_equal(fcntl(fd, F_GETFL) & (O_ACCMODE | O_APPEND), O_RDWR | O_APPEND);
	close(fd);
}

static void test_path_open_in_root_does_not_stall_on_a_fifo(void **state)
{
	struct scratch *s = *state;

	assert_int_equal(mkfifoat(s->root_fd, "fifo", 0666), 0);
	make_link(s->root_fd, "passwd", "/fifo");
	alarm(10);
	expect_same(path_open_in_root(s->root_fd, "passwd", O_RDONLY | O_NONBLOCK, &s->err),
		    s->root_fd, "fifo");
	expect_same(path_open_in_root(s->root_fd, "passwd", O_PATH, &s->err), s->root_fd, "fifo");
	alarm(0);
}

/* ---- path_make_dir_in_root ---- */

static void test_path_make_dir_in_root_makes_what_is_missing(void **state)
{
	struct scratch *s = *state;
	mode_t saved = umask(077);

	make_dir(s->root_fd, "a");
	expect_same(path_make_dir_in_root(s->root_fd, "/a/b//./c/", 0755, &s->err), s->root_fd,
		    "a/b/c");
	assert_int_equal(umask(saved), 077);
	assert_int_equal(mode_of(s->root_fd, "a/b"), S_IFDIR | 0755);
	assert_int_equal(mode_of(s->root_fd, "a/b/c"), S_IFDIR | 0755);
	assert_int_equal(mode_of(s->root_fd, "a"), S_IFDIR | 0700); /* not ours */
	expect_same(path_make_dir_in_root(s->root_fd, "t", 01777, &s->err), s->root_fd, "t");
	assert_int_equal(mode_of(s->root_fd, "t"), S_IFDIR | 01777);
}

static void test_path_make_dir_in_root_takes_what_is_there(void **state)
{
	struct scratch *s = *state;

	make_dir(s->root_fd, "a");
	expect_same(path_make_dir_in_root(s->root_fd, "a", 0700, &s->err), s->root_fd, "a");
	assert_int_equal(mode_of(s->root_fd, "a"), S_IFDIR | 0755);
	expect_same(path_make_dir_in_root(s->root_fd, "/", 0700, &s->err), s->fd, "root");
	expect_same(path_make_dir_in_root(s->root_fd, "..", 0700, &s->err), s->fd, "root");
}

static void test_path_make_dir_in_root_goes_through_links_inside(void **state)
{
	struct scratch *s = *state;

	make_dir(s->root_fd, "run");
	make_dir(s->root_fd, "var");
	make_link(s->root_fd, "var/run", "/run");
	expect_same(path_make_dir_in_root(s->root_fd, "var/run/x/y", 0755, &s->err), s->root_fd,
		    "run/x/y");
	make_link(s->root_fd, "var/rel", "../run/./x/../z");
	expect_same(path_make_dir_in_root(s->root_fd, "var/rel/q", 0755, &s->err), s->root_fd,
		    "run/z/q");
}

static void test_path_make_dir_in_root_makes_the_target_of_a_dangling_link(void **state)
{
	struct scratch *s = *state;

	make_dir(s->root_fd, "var");
	make_link(s->root_fd, "var/run", "/run");
	expect_same(path_make_dir_in_root(s->root_fd, "var/run", 0755, &s->err), s->root_fd, "run");
	make_link(s->root_fd, "one", "two");
	make_link(s->root_fd, "two", "/three/four/");
	expect_same(path_make_dir_in_root(s->root_fd, "one/five", 0755, &s->err), s->root_fd,
		    "three/four/five");
}

static void test_path_make_dir_in_root_keeps_every_dot_dot_inside(void **state)
{
	struct scratch *s = *state;

	make_link(s->root_fd, "up", "../../../../outside/made");
	make_dir(s->root_fd, "d");
	make_link(s->root_fd, "d/up", "../../outside/deep");
	expect_same(path_make_dir_in_root(s->root_fd, "../../outside/x", 0755, &s->err), s->root_fd,
		    "outside/x");
	expect_same(path_make_dir_in_root(s->root_fd, "up", 0755, &s->err), s->root_fd,
		    "outside/made");
	expect_same(path_make_dir_in_root(s->root_fd, "d/up/y", 0755, &s->err), s->root_fd,
		    "outside/deep/y");
	expect_same(path_make_dir_in_root(s->root_fd, "n1/n2/../../../../n3", 0755, &s->err),
		    s->root_fd, "n3");
	expect_empty(s->outside_fd);
}

static void test_path_make_dir_in_root_keeps_absolute_links_inside(void **state)
{
	struct scratch *s = *state;
	char target[128], inner[128];

	assert_int_equal(str_format(target, sizeof(target), "%s/outside/made", s->path), 0);
	make_link(s->root_fd, "l", target);
	assert_int_equal(str_format(inner, sizeof(inner), "%s/x", target + 1), 0);
	expect_same(path_make_dir_in_root(s->root_fd, "l/x", 0755, &s->err), s->root_fd, inner);
	expect_empty(s->outside_fd);
}

static void test_path_make_dir_in_root_refuses_link_loops(void **state)
{
	struct scratch *s = *state;

	make_link(s->root_fd, "a", "b/x");
	make_link(s->root_fd, "b", "a");
	assert_int_equal(path_make_dir_in_root(s->root_fd, "a/y", 0755, &s->err), -ELOOP);
	/* The kernel stops at the missing name before it sees the loop; the walk must not spin either. */
	assert_int_equal(path_make_dir_in_root(s->root_fd, "missing/../a/y", 0755, &s->err), -ELOOP);
	make_link(s->root_fd, "grow", "missing/../grow/x");
	assert_true(path_make_dir_in_root(s->root_fd, "grow", 0755, &s->err) < 0);
}

static void test_path_make_dir_in_root_refuses_files_in_the_way(void **state)
{
	struct scratch *s = *state;

	make_file(s->root_fd, "f", "");
	make_link(s->root_fd, "l", "f");
	assert_int_equal(path_make_dir_in_root(s->root_fd, "f", 0755, &s->err), -ENOTDIR);
	assert_int_equal(path_make_dir_in_root(s->root_fd, "f/x", 0755, &s->err), -ENOTDIR);
	assert_int_equal(path_make_dir_in_root(s->root_fd, "l/x", 0755, &s->err), -ENOTDIR);
	assert_int_equal(path_make_dir_in_root(s->root_fd, "missing/../f/x", 0755, &s->err),
			 -ENOTDIR);
	assert_string_equal(s->err.msg,
			    "cannot make the folder 'missing/../f/x' in the rootfs: Not a directory");
}

static void test_path_make_dir_in_root_refuses_names_that_are_too_long(void **state)
{
	struct scratch *s = *state;
	char name[NAME_MAX + 2], *path;

	memset(name, 'n', sizeof(name) - 1);
	name[NAME_MAX + 1] = '\0';
	assert_int_equal(path_make_dir_in_root(s->root_fd, name, 0755, &s->err), -ENAMETOOLONG);
	name[NAME_MAX] = '\0';
	expect_same(path_make_dir_in_root(s->root_fd, name, 0755, &s->err), s->root_fd, name);
	path = malloc(PATH_MAX + 1);
	memset(path, '/', PATH_MAX);
	path[PATH_MAX] = '\0';
	assert_int_equal(path_make_dir_in_root(s->root_fd, path, 0755, &s->err), -ENAMETOOLONG);
	free(path);
	assert_int_equal(path_make_dir_in_root(s->root_fd, "", 0755, &s->err), -ENOENT);
}

/* With a procfs in reach (the machine's own root), a descriptor of ours must not become a way out. */
static void test_path_make_dir_in_root_refuses_magic_links(void **state)
{
	struct scratch *s = *state;
	int root_fd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	char path[128];

	assert_int_equal(str_format(path, sizeof(path), "proc/self/fd/%d/made", s->outside_fd), 0);
	assert_int_equal(path_make_dir_in_root(root_fd, path, 0755, &s->err), -ELOOP);
	/* The kernel stops at the missing name, and the walk comes to the magic link. */
	assert_int_equal(str_format(path, sizeof(path), "%s/m/../../../proc/self/fd/%d/made",
				    s->path, s->outside_fd),
			 0);
	assert_int_equal(path_make_dir_in_root(root_fd, path, 0755, &s->err), -ELOOP);
	expect_empty(s->outside_fd);
	close(root_fd);
}

/* Swaps a folder and a link to the outside until it is killed. */
static pid_t start_swapping(struct scratch *s, const char *folder, const char *link)
{
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid > 0)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (;;)
		(void)renameat2(s->root_fd, folder, s->root_fd, link, RENAME_EXCHANGE);
}

static void test_path_make_dir_in_root_wins_every_race(void **state)
{
	struct scratch *s = *state;
	char target[128], path[64];
	int status, fd, made = 0;
	pid_t pid;

	assert_int_equal(str_format(target, sizeof(target), "%s/outside", s->path), 0);
	make_dir(s->root_fd, "d");
	make_link(s->root_fd, "l", target);
	make_link(s->root_fd, "up", "../outside");
	pid = start_swapping(s, "d", "l");
	for (int i = 0; i < 3000; i++) {
		assert_int_equal(str_format(path, sizeof(path), "d/x%d/y/../../z%d", i, i), 0);
		fd = path_make_dir_in_root(s->root_fd, path, 0755, &s->err);
		made += fd >= 0;
		fd_close(fd);
	}
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	assert_true(made > 0);
	expect_empty(s->outside_fd);
}

/* ---- path_make_file_in_root ---- */

static void test_path_make_file_in_root_makes_an_empty_file_with_folders(void **state)
{
	struct scratch *s = *state;
	mode_t saved = umask(077);

	expect_same(path_make_file_in_root(s->root_fd, "etc/x/resolv.conf", 0750, &s->err),
		    s->root_fd, "etc/x/resolv.conf");
	umask(saved);
	assert_int_equal(mode_of(s->root_fd, "etc"), S_IFDIR | 0750);
	assert_int_equal(mode_of(s->root_fd, "etc/x"), S_IFDIR | 0750);
	assert_int_equal(mode_of(s->root_fd, "etc/x/resolv.conf"), S_IFREG | 0644);
}

static void test_path_make_file_in_root_takes_what_is_there(void **state)
{
	struct scratch *s = *state;
	struct stat st;

	make_file(s->root_fd, "f", "content");
	make_link(s->root_fd, "l", "/f");
	assert_int_equal(mkfifoat(s->root_fd, "fifo", 0600), 0);
	expect_same(path_make_file_in_root(s->root_fd, "f", 0755, &s->err), s->root_fd, "f");
	expect_same(path_make_file_in_root(s->root_fd, "l", 0755, &s->err), s->root_fd, "f");
	assert_int_equal(fstatat(s->root_fd, "f", &st, 0), 0);
	assert_int_equal(st.st_size, 7);
	alarm(10);
	expect_same(path_make_file_in_root(s->root_fd, "fifo", 0755, &s->err), s->root_fd, "fifo");
	alarm(0);
}

static void test_path_make_file_in_root_makes_the_target_of_a_dangling_link(void **state)
{
	struct scratch *s = *state;

	make_dir(s->root_fd, "etc");
	make_link(s->root_fd, "etc/resolv.conf", "../run/systemd/resolve/stub-resolv.conf");
	expect_same(path_make_file_in_root(s->root_fd, "etc/resolv.conf", 0755, &s->err),
		    s->root_fd, "run/systemd/resolve/stub-resolv.conf");
	make_link(s->root_fd, "out", "../../../../outside/made");
	expect_same(path_make_file_in_root(s->root_fd, "out", 0755, &s->err), s->root_fd,
		    "outside/made");
	expect_empty(s->outside_fd);
}

static void test_path_make_file_in_root_refuses_a_folder(void **state)
{
	struct scratch *s = *state;

	make_dir(s->root_fd, "d");
	make_link(s->root_fd, "l", "d");
	assert_int_equal(path_make_file_in_root(s->root_fd, "d", 0755, &s->err), -EISDIR);
	assert_int_equal(path_make_file_in_root(s->root_fd, "l", 0755, &s->err), -EISDIR);
	assert_int_equal(path_make_file_in_root(s->root_fd, "/", 0755, &s->err), -EISDIR);
	assert_int_equal(path_make_file_in_root(s->root_fd, "new/..", 0755, &s->err), -EISDIR);
}

static void test_path_make_file_in_root_refuses_a_file_in_the_way(void **state)
{
	struct scratch *s = *state;

	make_file(s->root_fd, "f", "");
	assert_int_equal(path_make_file_in_root(s->root_fd, "f/x", 0755, &s->err), -ENOTDIR);
	assert_int_equal(path_make_file_in_root(s->root_fd, "", 0755, &s->err), -ENOENT);
}

/* ---- path_of_fd ---- */

static void test_path_of_fd_follows_renames(void **state)
{
	struct scratch *s = *state;
	char buf[PATH_MAX], expected[128];
	int fd;

	make_file(s->fd, "f", "");
	fd = openat(s->fd, "f", O_PATH | O_CLOEXEC);
	assert_int_equal(renameat(s->fd, "f", s->fd, "moved (deleted)"), 0);
	assert_int_equal(path_of_fd(fd, buf, &s->err), 0);
	assert_int_equal(str_format(expected, sizeof(expected), "%s/moved (deleted)", s->path), 0);
	assert_string_equal(buf, expected);
	close(fd);
}

static void test_path_of_fd_names_links_and_folders(void **state)
{
	struct scratch *s = *state;
	char buf[PATH_MAX], expected[128];
	int fd;

	make_link(s->fd, "l", "nowhere");
	fd = openat(s->fd, "l", O_PATH | O_NOFOLLOW | O_CLOEXEC);
	assert_int_equal(path_of_fd(fd, buf, &s->err), 0);
	assert_int_equal(str_format(expected, sizeof(expected), "%s/l", s->path), 0);
	assert_string_equal(buf, expected);
	close(fd);
	assert_int_equal(path_of_fd(s->fd, buf, &s->err), 0);
	assert_string_equal(buf, s->path);
}

static void test_path_of_fd_refuses_what_is_gone(void **state)
{
	struct scratch *s = *state;
	char buf[PATH_MAX] = "untouched";
	int fd;

	make_file(s->fd, "f", "");
	fd = openat(s->fd, "f", O_PATH | O_CLOEXEC);
	assert_int_equal(unlinkat(s->fd, "f", 0), 0);
	assert_int_equal(path_of_fd(fd, buf, &s->err), -ENOENT);
	make_file(s->fd, "f (deleted)", ""); /* what the link's text now names is another file */
	assert_int_equal(path_of_fd(fd, buf, &s->err), -ENOENT);
	assert_string_equal(buf, "untouched");
	close(fd);
}

static void test_path_of_fd_refuses_what_has_no_path(void **state)
{
	struct scratch *s = *state;
	char buf[PATH_MAX];
	int fds[2];

	assert_int_equal(pipe(fds), 0);
	assert_int_equal(path_of_fd(fds[0], buf, &s->err), -ENOENT);
	close(fds[0]);
	close(fds[1]);
	assert_int_equal(path_of_fd(fds[0], buf, &s->err), -EBADF);
	assert_int_equal(path_of_fd(-1, buf, &s->err), -EBADF);
}

/* ---- path_make_own_dir, path_is_below ---- */

static void test_path_make_own_dir_sets_modes(void **state)
{
	struct scratch *s = *state;
	mode_t saved = umask(0);
	char path[128];

	assert_int_equal(str_format(path, sizeof(path), "%s/a//b/c/", s->path), 0);
	assert_int_equal(path_make_own_dir(path, &s->err), 0);
	umask(saved);
	assert_int_equal(mode_of(s->fd, "a"), S_IFDIR | 0755);
	assert_int_equal(mode_of(s->fd, "a/b"), S_IFDIR | 0755);
	assert_int_equal(mode_of(s->fd, "a/b/c"), S_IFDIR | 0700);
	assert_int_equal(fchmodat(s->fd, "a/b/c", 0711, 0), 0);
	assert_int_equal(path_make_own_dir(path, &s->err), 0);
	assert_int_equal(mode_of(s->fd, "a/b/c"), S_IFDIR | 0711);
}

static void test_path_make_own_dir_refuses_files(void **state)
{
	struct scratch *s = *state;
	char path[128];

	make_file(s->fd, "f", "");
	assert_int_equal(str_format(path, sizeof(path), "%s/f", s->path), 0);
	assert_int_equal(path_make_own_dir(path, &s->err), -ENOTDIR);
	assert_int_equal(str_format(path, sizeof(path), "%s/f/x", s->path), 0);
	assert_int_equal(path_make_own_dir(path, &s->err), -ENOTDIR);
	assert_int_equal(path_make_own_dir("", &s->err), -ENOENT);
}

static void test_path_has_dots_looks_at_whole_names(void **state)
{
	static const char *const with[] = { ".",       "..",	 "/..",	 "../x",
					    "/a/../b", "/a/./b", "a/..", "//..//" };
	static const char *const without[] = { "", "/", "/...", "/..a/b..", "/a..b", ".a", "/a//b" };

	(void)state;
	for (size_t i = 0; i < sizeof(with) / sizeof(with[0]); i++)
		assert_true(path_has_dots(with[i]));
	for (size_t i = 0; i < sizeof(without) / sizeof(without[0]); i++)
		assert_false(path_has_dots(without[i]));
}

static void test_path_is_below_compares_whole_names(void **state)
{
	(void)state;
	assert_true(path_is_below("/a/b", "/a"));
	assert_true(path_is_below("/a", "/a"));
	assert_true(path_is_below("/a", "/"));
	assert_true(path_is_below("/", "/"));
	assert_false(path_is_below("/ab", "/a"));
	assert_false(path_is_below("/", "/a"));
	assert_false(path_is_below("/b/a", "/a"));
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

static int enter_mount_namespace(void)
{
	if (unshare(CLONE_NEWUSER | CLONE_NEWNS) < 0)
		return 77;
	return mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ? 77 : 0;
}

static int name_what_is_covered(struct scratch *s)
{
	char buf[PATH_MAX], path[128];
	int r = enter_mount_namespace(), below;

	if (r)
		return r;
	if (str_format(path, sizeof(path), "%s/root", s->path) < 0)
		return 2;
	below = open(path, O_PATH | O_CLOEXEC);
	if (path_of_fd(below, buf, &s->err) < 0 || mount(path, path, NULL, MS_BIND, NULL) < 0)
		return 3;
	/* The same folder and the same text, but what we hold is below the mount. */
	if (path_of_fd(below, buf, &s->err) != -ENOENT)
		return 4;
	return path_of_fd(open(path, O_PATH | O_CLOEXEC), buf, &s->err) == 0 && str_eq(buf, path) ?
		       0 :
		       5;
}

static void test_path_of_fd_refuses_what_a_mount_covers(void **state)
{
	in_child(*state, name_what_is_covered);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(test_path_open_in_root_resolves_links_inside),
		T(test_path_open_in_root_cannot_reach_outside),
		T(test_path_open_in_root_refuses_magic_links),
		T(test_path_open_in_root_passes_flags_on),
		T(test_path_open_in_root_does_not_stall_on_a_fifo),
		T(test_path_make_dir_in_root_makes_what_is_missing),
		T(test_path_make_dir_in_root_takes_what_is_there),
		T(test_path_make_dir_in_root_goes_through_links_inside),
		T(test_path_make_dir_in_root_makes_the_target_of_a_dangling_link),
		T(test_path_make_dir_in_root_keeps_every_dot_dot_inside),
		T(test_path_make_dir_in_root_keeps_absolute_links_inside),
		T(test_path_make_dir_in_root_refuses_link_loops),
		T(test_path_make_dir_in_root_refuses_files_in_the_way),
		T(test_path_make_dir_in_root_refuses_names_that_are_too_long),
		T(test_path_make_dir_in_root_refuses_magic_links),
		T(test_path_make_dir_in_root_wins_every_race),
		T(test_path_make_file_in_root_makes_an_empty_file_with_folders),
		T(test_path_make_file_in_root_takes_what_is_there),
		T(test_path_make_file_in_root_makes_the_target_of_a_dangling_link),
		T(test_path_make_file_in_root_refuses_a_folder),
		T(test_path_make_file_in_root_refuses_a_file_in_the_way),
		T(test_path_of_fd_follows_renames),
		T(test_path_of_fd_names_links_and_folders),
		T(test_path_of_fd_refuses_what_is_gone),
		T(test_path_of_fd_refuses_what_has_no_path),
		T(test_path_of_fd_refuses_what_a_mount_covers),
		T(test_path_make_own_dir_sets_modes),
		T(test_path_make_own_dir_refuses_files),
		cmocka_unit_test(test_path_has_dots_looks_at_whole_names),
		cmocka_unit_test(test_path_is_below_compares_whole_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
