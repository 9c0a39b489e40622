/* SPDX-License-Identifier: GPL-2.0-or-later */
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
#include <sys/stat.h>
#include <unistd.h>

#include "copy_up.h"
#include "error.h"
#include "fd.h"
#include "path.h"

struct scratch {
	char path[64];
	int from_fd, to_fd;
};

static int set_up(void **state)
{
	struct scratch *s = calloc(1, sizeof(*s));
	char path[80];

	assert_non_null(s);
	(void)strcpy(s->path, "/tmp/bulwark-unit.XXXXXX");
	assert_non_null(mkdtemp(s->path));
	for (int i = 0; i < 2; i++) {
		(void)snprintf(path, sizeof(path), "%s/%s", s->path, i ? "to" : "from");
		assert_int_equal(mkdir(path, 0755), 0);
		*(i ? &s->to_fd : &s->from_fd) = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	}
	*state = s;
	return 0;
}

static int tear_down(void **state)
{
	struct scratch *s = *state;
	char command[96];

	fd_close(s->from_fd);
	fd_close(s->to_fd);
	(void)snprintf(command, sizeof(command), "rm -rf %s", s->path);
	assert_int_equal(system(command), 0); // NOLINT(cert-env33-c): a name of our own
	free(s);
	return 0;
}

static void put(int dir_fd, const char *name, const char *text, mode_t mode)
{
	_cleanup_close_ int fd = openat(dir_fd, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	assert_int_equal(fchmod(fd, mode), 0);
}

static void assert_text(int dir_fd, const char *name, const char *text)
{
	_cleanup_free_ char *got = NULL;

	assert_int_equal(fd_read_file(dir_fd, name, 64, &got, NULL, NULL), 0);
	assert_string_equal(got, text);
}

static struct stat stat_of(int dir_fd, const char *name)
{
	struct stat st;

	assert_int_equal(fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW), 0);
	return st;
}

static void test_copy_up_copies_files_folders_links_and_fifos(void **state)
{
	const struct timespec old[2] = { { 1000, 5 }, { 2000, 7 } };
	struct scratch *s = *state;
	char target[64] = "";

	put(s->from_fd, "file", "text", 04755);
	assert_int_equal(utimensat(s->from_fd, "file", old, 0), 0);
	put(s->from_fd, "empty", "", 0600);
	assert_int_equal(mkdirat(s->from_fd, "dir", 01777), 0);
	assert_int_equal(fchmodat(s->from_fd, "dir", 01777, 0), 0);
	put(s->from_fd, "dir/inner", "more", 0640);
	assert_int_equal(symlinkat("/etc/passwd", s->from_fd, "link"), 0);
	assert_int_equal(mkfifoat(s->from_fd, "fifo", 0622), 0);
	assert_int_equal(fchmod(s->from_fd, 0751), 0);

	assert_int_equal(copy_up(s->from_fd, s->to_fd, NULL), 0);
	assert_text(s->to_fd, "file", "text");
	assert_text(s->to_fd, "empty", "");
	assert_text(s->to_fd, "dir/inner", "more");
	assert_int_equal(stat_of(s->to_fd, "file").st_mode & 07777, 04755);
	assert_int_equal(stat_of(s->to_fd, "file").st_mtim.tv_sec, 2000);
	assert_int_equal(stat_of(s->to_fd, "file").st_mtim.tv_nsec, 7);
	assert_int_equal(stat_of(s->to_fd, "dir").st_mode & 07777, 01777);
	assert_int_equal(stat_of(s->to_fd, "dir/inner").st_mode & 07777, 0640);
	assert_true(S_ISFIFO(stat_of(s->to_fd, "fifo").st_mode));
	assert_int_equal(stat_of(s->to_fd, ".").st_mode & 07777, 0751);
	assert_int_equal(readlinkat(s->to_fd, "link", target, sizeof(target) - 1), 11);
	assert_string_equal(target, "/etc/passwd");
}

static void test_copy_up_keeps_owners(void **state)
{
	struct scratch *s = *state;

	if (geteuid() != 0) {
		print_message("skip: only root gives files away\n");
		skip();
	}
	put(s->from_fd, "file", "x", 06755);
	assert_int_equal(fchownat(s->from_fd, "file", 100033, 100044, 0), 0);
	assert_int_equal(fchmodat(s->from_fd, "file", 06755, 0), 0);
	assert_int_equal(symlinkat("x", s->from_fd, "link"), 0);
	assert_int_equal(fchownat(s->from_fd, "link", 7, 8, AT_SYMLINK_NOFOLLOW), 0);
	assert_int_equal(fchown(s->from_fd, 100001, 100002), 0);
	assert_int_equal(copy_up(s->from_fd, s->to_fd, NULL), 0);
	assert_int_equal(stat_of(s->to_fd, "file").st_uid, 100033);
	assert_int_equal(stat_of(s->to_fd, "file").st_gid, 100044);
	assert_int_equal(stat_of(s->to_fd, "file").st_mode & 07777, 06755);
	assert_int_equal(stat_of(s->to_fd, "link").st_uid, 7);
	assert_int_equal(stat_of(s->to_fd, ".").st_uid, 100001);
}

static void test_copy_up_never_writes_over_what_is_there(void **state)
{
	struct scratch *s = *state;
	struct error err = ERROR_INIT;

	put(s->from_fd, "file", "theirs", 0644);
	assert_int_equal(symlinkat("/tmp/bulwark-unit-victim", s->to_fd, "file"), 0);
	assert_int_equal(copy_up(s->from_fd, s->to_fd, &err), -EEXIST);
	assert_int_equal(access("/tmp/bulwark-unit-victim", F_OK), -1);
}

static void test_copy_up_stops_at_its_depth(void **state)
{
	struct scratch *s = *state;
	struct error err = ERROR_INIT;
	int fd = fcntl(s->from_fd, F_DUPFD_CLOEXEC, 3);

	for (int i = 0; i < COPY_UP_DEPTH_MAX + 1; i++) {
		int next;

		assert_int_equal(mkdirat(fd, "d", 0755), 0);
		next = openat(fd, "d", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		assert_true(next >= 0);
		fd_close(fd);
		fd = next;
	}
	fd_close(fd);
	assert_int_equal(copy_up(s->from_fd, s->to_fd, &err), -E2BIG);
	assert_non_null(strstr(err.msg, "nested too deeply"));
}

static void test_copy_up_stops_at_its_bytes(void **state)
{
	struct scratch *s = *state;
	struct error err = ERROR_INIT;
	_cleanup_close_ int fd = openat(s->from_fd, "big", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	/* sparse: what is copied is not */
	assert_int_equal(ftruncate(fd, COPY_UP_BYTES_MAX + 1), 0);
	assert_int_equal(copy_up(s->from_fd, s->to_fd, &err), -E2BIG);
	assert_non_null(strstr(err.msg, "more than 1 GiB"));
}

#define T(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_copy_up_copies_files_folders_links_and_fifos),
		T(test_copy_up_keeps_owners),
		T(test_copy_up_never_writes_over_what_is_there),
		T(test_copy_up_stops_at_its_depth),
		T(test_copy_up_stops_at_its_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
