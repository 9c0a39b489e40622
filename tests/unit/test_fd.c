/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Unit tests of fd: reading, replacing, passing descriptors. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <dirent.h>
#include <unistd.h>

#include <cmocka.h>

#include "error.h"
#include "fd.h"
#include "str.h"

struct scratch {
	char path[64];
	int fd;
};

static int setup(void **state)
{
	struct scratch *s = calloc(1, sizeof(*s));

	if (!s || str_format(s->path, sizeof(s->path), "/tmp/test_fd.XXXXXX") < 0 ||
	    !mkdtemp(s->path))
		return -1;
	s->fd = open(s->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	*state = s;
	return s->fd < 0 ? -1 : 0;
}

/* All tests leave files only. */
static int teardown(void **state)
{
	struct scratch *s = *state;
	DIR *dir = fdopendir(dup(s->fd));
	struct dirent *entry;

	while ((entry = readdir(dir)))
		if (unlinkat(s->fd, entry->d_name, 0) < 0)
			(void)unlinkat(s->fd, entry->d_name, AT_REMOVEDIR); /* "." and ".." fail */
	closedir(dir);
	close(s->fd);
	rmdir(s->path);
	free(s);
	return 0;
}

static size_t count_names(const struct scratch *s)
{
	DIR *dir = opendir(s->path);
	size_t n = 0;

	while (readdir(dir))
		n++;
	closedir(dir);
	return n - 2;
}

static void make_file(const struct scratch *s, const char *name, const char *text)
{
	int fd = openat(s->fd, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

static void expect_content(const struct scratch *s, const char *name, const char *text)
{
	struct error err = ERROR_INIT;
	char *content = NULL;

	assert_int_equal(fd_read_file(s->fd, name, 1 << 20, &content, NULL, &err), 0);
	assert_string_equal(content, text);
	free(content);
}

static void test_fd_close_keeps_errno(void **state)
{
	(void)state;
	errno = ENOTTY;
	assert_int_equal(fd_close(-1), -EBADF);
	assert_int_equal(fd_close(1 << 20), -EBADF);
	assert_int_equal(errno, ENOTTY);
}

static void test_take_fd_empties_the_variable(void **state)
{
	int fd = 7;

	(void)state;
	assert_int_equal(take_fd(&fd), 7);
	assert_int_equal(fd, -EBADF);
}

static void test_take_ptr_empties_the_variable(void **state)
{
	char text[] = "x", *p = text;

	(void)state;
	assert_ptr_equal(take_ptr(p), text);
	assert_null(p);
}

static void test_fd_read_all_reads_a_pipe_to_its_end(void **state)
{
	struct error err = ERROR_INIT;
	char chunk[1000], *text;
	int fds[2];
	size_t len;

	(void)state;
	assert_int_equal(pipe(fds), 0);
	memset(chunk, 'x', sizeof(chunk));
	for (int i = 0; i < 20; i++) /* below the 64 KiB of a pipe */
		assert_int_equal(write(fds[1], chunk, sizeof(chunk)), sizeof(chunk));
	close(fds[1]);
	assert_int_equal(fd_read_all(fds[0], 20000, &text, &len, &err), 0);
	assert_int_equal(len, 20000);
	assert_int_equal(strlen(text), 20000);
	free(text);
	close(fds[0]);
}

static void test_fd_read_file_takes_the_maximum(void **state)
{
	struct error err = ERROR_INIT;
	char *text = NULL;
	size_t len = 0;

	make_file(*state, "f", "12345");
	assert_int_equal(fd_read_file(((struct scratch *)*state)->fd, "f", 5, &text, &len, &err), 0);
	assert_int_equal(len, 5);
	assert_string_equal(text, "12345");
	free(text);
}

static void test_fd_read_file_refuses_one_byte_more(void **state)
{
	const struct scratch *s = *state;
	struct error err = ERROR_INIT;
	char *text = NULL;
	size_t len = 77;

	make_file(s, "f", "123456");
	assert_int_equal(fd_read_file(s->fd, "f", 5, &text, &len, &err), -EFBIG);
	assert_string_equal(err.msg, "'f': larger than 5 bytes");
	assert_null(text);
	assert_int_equal(len, 77);
	assert_int_equal(fd_read_file(s->fd, "f", 0, &text, NULL, NULL), -EFBIG);
	assert_int_equal(fd_read_file(s->fd, "f", SIZE_MAX, &text, NULL, NULL), -EINVAL);
}

static void test_fd_read_file_reads_what_has_no_size(void **state)
{
	struct error err = ERROR_INIT;
	char *text = NULL;
	size_t len;

	(void)state;
	assert_int_equal(fd_read_file(AT_FDCWD, "/proc/self/status", 1 << 20, &text, &len, &err), 0);
	assert_true(len > 100);
	assert_memory_equal(text, "Name:\t", 6);
	free(text);
}

static void test_fd_read_file_reads_large_and_empty_files(void **state)
{
	const struct scratch *s = *state;
	char *big = malloc(100001), *text = NULL;
	struct error err = ERROR_INIT;

	memset(big, 'y', 100000);
	big[100000] = '\0';
	make_file(s, "big", big);
	assert_int_equal(fd_read_file(s->fd, "big", 1 << 20, &text, NULL, &err), 0);
	assert_string_equal(text, big);
	free(text);
	free(big);
	make_file(s, "empty", "");
	assert_int_equal(fd_read_file(s->fd, "empty", 0, &text, NULL, &err), 0);
	assert_string_equal(text, "");
	free(text);
}

static void test_fd_read_file_names_what_is_missing(void **state)
{
	struct error err = ERROR_INIT;
	char *text;

	assert_int_equal(fd_read_file(((struct scratch *)*state)->fd, "nope", 10, &text, NULL, &err),
			 -ENOENT);
	assert_string_equal(err.msg, "cannot open 'nope': No such file or directory");
	assert_int_equal(fd_read_file(AT_FDCWD, "/", 10, &text, NULL, &err), -EISDIR);
}

static void test_fd_write_file_writes_in_place(void **state)
{
	const struct scratch *s = *state;
	struct error err = ERROR_INIT;

	make_file(s, "f", "abcdef");
	assert_int_equal(fd_write_file(s->fd, "f", "XY", &err), 0);
	expect_content(s, "f", "XYcdef");
}

static void test_fd_write_file_never_creates(void **state)
{
	const struct scratch *s = *state;
	struct error err = ERROR_INIT;

	assert_int_equal(fd_write_file(s->fd, "f", "XY", &err), -ENOENT);
	assert_int_equal(count_names(s), 0);
}

static void test_fd_write_file_names_value_and_file(void **state)
{
	struct error err = ERROR_INIT;

	(void)state;
	assert_int_equal(fd_write_file(AT_FDCWD, "/dev/full", "1\n", &err), -ENOSPC);
	assert_string_equal(err.msg, "cannot write '1\\x0a' to '/dev/full': No space left on device");
}

static void test_fd_replace_file_sets_content_and_mode(void **state)
{
	const struct scratch *s = *state;
	struct error err = ERROR_INIT;
	struct stat st;
	mode_t saved = umask(077);

	assert_int_equal(fd_replace_file(s->fd, "f", "new", 3, 0644, &err), 0);
	umask(saved);
	expect_content(s, "f", "new");
	assert_int_equal(fstatat(s->fd, "f", &st, 0), 0);
	assert_int_equal(st.st_mode & 07777, 0644);
	assert_int_equal(fd_replace_file(s->fd, "f", "", 0, 0600, &err), 0);
	expect_content(s, "f", "");
	assert_int_equal(count_names(s), 1);
}

/* Who has the old file open keeps the old content: the new one is another file. */
static void test_fd_replace_file_leaves_the_old_file_alone(void **state)
{
	const struct scratch *s = *state;
	struct error err = ERROR_INIT;
	char buf[8] = "";
	int fd;

	make_file(s, "f", "old");
	fd = openat(s->fd, "f", O_RDONLY | O_CLOEXEC);
	assert_int_equal(fd_replace_file(s->fd, "f", "new", 3, 0600, &err), 0);
	assert_int_equal(read(fd, buf, sizeof(buf)), 3);
	assert_string_equal(buf, "old");
	close(fd);
}

static void test_fd_replace_file_does_not_write_through_a_link(void **state)
{
	const struct scratch *s = *state;
	struct error err = ERROR_INIT;

	make_file(s, "target", "precious");
	assert_int_equal(symlinkat("target", s->fd, "f"), 0);
	assert_int_equal(fd_replace_file(s->fd, "f", "new", 3, 0600, &err), 0);
	expect_content(s, "target", "precious");
	expect_content(s, "f", "new");
}

static void test_fd_replace_file_takes_paths_and_long_names(void **state)
{
	const struct scratch *s = *state;
	struct error err = ERROR_INIT;
	char path[400], name[256];

	assert_int_equal(str_format(path, sizeof(path), "%s/f", s->path), 0);
	assert_int_equal(fd_replace_file(AT_FDCWD, path, "x", 1, 0600, &err), 0);
	expect_content(s, "f", "x");
	memset(name, 'n', 255);
	name[255] = '\0';
	assert_int_equal(fd_replace_file(s->fd, name, "y", 1, 0600, &err), 0);
	expect_content(s, name, "y");
	assert_int_equal(count_names(s), 2);
}

static void test_fd_replace_file_removes_its_temporary_file_on_failure(void **state)
{
	const struct scratch *s = *state;
	struct error err = ERROR_INIT;

	assert_int_equal(mkdirat(s->fd, "folder", 0700), 0);
	assert_int_equal(fd_replace_file(s->fd, "folder", "x", 1, 0600, &err), -EISDIR);
	assert_int_equal(count_names(s), 1);
	assert_int_equal(fd_replace_file(s->fd, "missing/f", "x", 1, 0600, &err), -ENOENT);
}

/* A full disk, for which a file size limit stands in, keeps the old content. */
static void test_fd_replace_file_keeps_the_old_content_when_the_disk_is_full(void **state)
{
	const struct scratch *s = *state;
	int status;
	pid_t pid;

	make_file(s, "f", "old");
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		const struct rlimit limit = { 2, 2 };
		struct error err = ERROR_INIT;

		signal(SIGXFSZ, SIG_IGN);
		setrlimit(RLIMIT_FSIZE, &limit);
		_exit(fd_replace_file(s->fd, "f", "longer", 6, 0600, &err) == -EFBIG ? 0 : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	expect_content(s, "f", "old");
	assert_int_equal(count_names(s), 1);
}

static void test_fd_send_passes_descriptors_close_on_exec(void **state)
{
	int pair[2], pipe_fds[2], got[FD_PASS_MAX];
	struct error err = ERROR_INIT;
	char buf[16] = "";
	size_t n = 77;

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
	assert_int_equal(pipe(pipe_fds), 0);
	assert_int_equal(fd_send(pair[0], "hello", 5, pipe_fds, 2, &err), 0);
	assert_int_equal(fd_recv(pair[1], buf, sizeof(buf), got, FD_PASS_MAX, &n, &err), 5);
	assert_string_equal(buf, "hello");
	assert_int_equal(n, 2);
	assert_int_equal(fcntl(got[0], F_GETFD), FD_CLOEXEC);
	assert_int_equal(fcntl(got[1], F_GETFD), FD_CLOEXEC);
	assert_int_equal(write(got[1], "z", 1), 1); /* the same pipe */
	assert_int_equal(read(pipe_fds[0], buf, 1), 1);
	for (int i = 0; i < 2; i++) {
		close(got[i]);
		close(pair[i]);
		close(pipe_fds[i]);
	}
}

static void test_fd_recv_reports_the_end(void **state)
{
	struct error err = ERROR_INIT;
	int pair[2], got[1];
	char buf[4];
	size_t n = 77;

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
	close(pair[0]);
	assert_int_equal(fd_recv(pair[1], buf, sizeof(buf), got, 1, &n, &err), 0);
	assert_int_equal(n, 0);
	close(pair[1]);
}

static size_t count_open_fds(void)
{
	DIR *dir = opendir("/proc/self/fd");
	size_t n = 0;

	while (readdir(dir))
		n++;
	closedir(dir);
	return n;
}

/* A peer may send 253 descriptors in one message; none of them may stay open here. */
static void test_fd_recv_closes_what_is_too_many(void **state)
{
	struct error err = ERROR_INIT;
	int pair[2], many[253], got[4] = { -1, -1, -1, -1 };
	char control[CMSG_SPACE(sizeof(many))] = { 0 }, byte = 'x';
	struct iovec iov = { &byte, 1 };
	struct msghdr msg = { .msg_iov = &iov,
			      .msg_iovlen = 1,
			      .msg_control = control,
			      .msg_controllen = sizeof(control) };
	struct cmsghdr *cmsg = CMSG_FIRSTHDR(&msg);
	size_t before, n = 77;

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
	for (size_t i = 0; i < 253; i++)
		many[i] = STDIN_FILENO;
	cmsg->cmsg_level = SOL_SOCKET;
	cmsg->cmsg_type = SCM_RIGHTS;
	cmsg->cmsg_len = CMSG_LEN(sizeof(many));
	memcpy(CMSG_DATA(cmsg), many, sizeof(many));
	before = count_open_fds();
	assert_int_equal(sendmsg(pair[0], &msg, 0), 1);
	assert_int_equal(fd_recv(pair[1], &byte, 1, got, 4, &n, &err), -EMSGSIZE);
	assert_int_equal(count_open_fds(), before);
	assert_int_equal(got[0], -1);
	assert_int_equal(n, 77);
	close(pair[0]);
	close(pair[1]);
}

static void test_fd_recv_refuses_data_that_was_cut(void **state)
{
	struct error err = ERROR_INIT;
	int pair[2], got[1];
	char buf[4];
	size_t n;

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
	assert_int_equal(fd_send(pair[0], "12345", 5, NULL, 0, &err), 0);
	assert_int_equal(fd_recv(pair[1], buf, sizeof(buf), got, 1, &n, &err), -EMSGSIZE);
	close(pair[0]);
	close(pair[1]);
}

static void test_fd_send_refuses_what_cannot_be_sent(void **state)
{
	struct error err = ERROR_INIT;
	int pair[2], many[FD_PASS_MAX + 1] = { 0 };

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
	assert_int_equal(fd_send(pair[0], "x", 1, many, FD_PASS_MAX, &err), 0);
	assert_int_equal(fd_send(pair[0], "x", 1, many, FD_PASS_MAX + 1, &err), -EINVAL);
	assert_int_equal(fd_send(pair[0], "", 0, many, 1, &err), -EINVAL);
	close(pair[0]);
	close(pair[1]);
}

static void test_fd_send_to_a_closed_peer_is_no_signal(void **state)
{
	struct error err = ERROR_INIT;
	int pair[2];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
	close(pair[1]);
	assert_int_equal(fd_send(pair[0], "x", 1, NULL, 0, &err), -EPIPE);
	close(pair[0]);
}

static void test_fd_cloexec_from_marks_all_from_there(void **state)
{
	struct error err = ERROR_INIT;
	int low = fcntl(STDIN_FILENO, F_DUPFD, 100), high = fcntl(STDIN_FILENO, F_DUPFD, 101);

	(void)state;
	assert_true(low >= 100 && high > low);
	assert_int_equal(fd_cloexec_from(high, &err), 0);
	assert_int_equal(fcntl(low, F_GETFD), 0);
	assert_int_equal(fcntl(high, F_GETFD), FD_CLOEXEC);
	close(low);
	close(high);
}

/* In a child, which has no use for its descriptors. */
static void test_fd_close_all_but_closes_what_is_between_and_above(void **state)
{
	int status;
	pid_t pid;

	(void)state;
	pid = fork();
	if (pid == 0) {
		int kept[] = { 60, -EBADF, 52, 1 };
		bool ok = true;

		for (int fd = 50; fd <= 62; fd++)
			ok = ok && dup2(0, fd) == fd;
		ok = ok && fd_close_all_but(51, kept, 4, NULL) == 0;
		for (int fd = 50; fd <= 62; fd++)
			ok = ok && (fcntl(fd, F_GETFD) >= 0) == (fd == 50 || fd == 52 || fd == 60);
		_exit(ok ? 0 : 1);
	}
	assert_true(pid > 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

int main(void)
{
#define WITH_SCRATCH(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fd_close_keeps_errno),
		cmocka_unit_test(test_take_fd_empties_the_variable),
		cmocka_unit_test(test_take_ptr_empties_the_variable),
		cmocka_unit_test(test_fd_read_all_reads_a_pipe_to_its_end),
		WITH_SCRATCH(test_fd_read_file_takes_the_maximum),
		WITH_SCRATCH(test_fd_read_file_refuses_one_byte_more),
		cmocka_unit_test(test_fd_read_file_reads_what_has_no_size),
		WITH_SCRATCH(test_fd_read_file_reads_large_and_empty_files),
		WITH_SCRATCH(test_fd_read_file_names_what_is_missing),
		WITH_SCRATCH(test_fd_write_file_writes_in_place),
		WITH_SCRATCH(test_fd_write_file_never_creates),
		cmocka_unit_test(test_fd_write_file_names_value_and_file),
		WITH_SCRATCH(test_fd_replace_file_sets_content_and_mode),
		WITH_SCRATCH(test_fd_replace_file_leaves_the_old_file_alone),
		WITH_SCRATCH(test_fd_replace_file_does_not_write_through_a_link),
		WITH_SCRATCH(test_fd_replace_file_takes_paths_and_long_names),
		WITH_SCRATCH(test_fd_replace_file_removes_its_temporary_file_on_failure),
		WITH_SCRATCH(test_fd_replace_file_keeps_the_old_content_when_the_disk_is_full),
		cmocka_unit_test(test_fd_send_passes_descriptors_close_on_exec),
		cmocka_unit_test(test_fd_recv_reports_the_end),
		cmocka_unit_test(test_fd_recv_closes_what_is_too_many),
		cmocka_unit_test(test_fd_recv_refuses_data_that_was_cut),
		cmocka_unit_test(test_fd_send_refuses_what_cannot_be_sent),
		cmocka_unit_test(test_fd_send_to_a_closed_peer_is_no_signal),
		cmocka_unit_test(test_fd_cloexec_from_marks_all_from_there),
		cmocka_unit_test(test_fd_close_all_but_closes_what_is_between_and_above),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
