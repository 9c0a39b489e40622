/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Unit tests of terminal: pseudo-terminals, the console socket, and the relay of foreground_wait().
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include <cmocka.h>

#include "error.h"
#include "fd.h"
#include "path.h"
#include "str.h"
#include "terminal.h"

static char top[64];

static int setup(void **state)
{
	(void)state;
	(void)str_format(top, sizeof(top), "/tmp/test_terminal.XXXXXX");
	return mkdtemp(top) ? 0 : -1;
}

static int teardown(void **state)
{
	_cleanup_close_ int tmp_fd = open("/tmp", O_PATH | O_DIRECTORY | O_CLOEXEC);

	(void)state;
	return path_remove_tree(tmp_fd, top + strlen("/tmp/"), NULL);
}

/* A pseudo-terminal of the host's, which any user may have. */
static void open_pty(int *ret_master, int *ret_slave)
{
	*ret_master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
	assert_true(*ret_master >= 0);
	assert_int_equal(unlockpt(*ret_master), 0);
	*ret_slave = ioctl(*ret_master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
	assert_true(*ret_slave >= 0);
}

/* ---- terminal_open ---- */

static void test_terminal_open_refuses_a_folder_that_is_no_devpts(void **state)
{
	struct error err = ERROR_INIT;
	char path[128], name[128];
	int master = -EBADF, slave = -EBADF, root_fd = open(top, O_PATH | O_DIRECTORY | O_CLOEXEC);

	(void)state;
	assert_int_equal(str_format(path, sizeof(path), "%s/dev", top), 0);
	assert_int_equal(mkdir(path, 0755), 0);
	assert_int_equal(terminal_open(root_fd, 0, 0, &master, &slave, name, &err), -ENOENT);
	assert_int_equal(str_format(path, sizeof(path), "%s/dev/pts", top), 0);
	assert_int_equal(mkdir(path, 0755), 0);
	assert_int_equal(terminal_open(root_fd, 0, 0, &master, &slave, name, &err), -EINVAL);
	assert_non_null(strstr(err.msg, "is no devpts"));
	assert_int_equal(master, -EBADF);
	fd_close(root_fd);
}

static void test_terminal_open_does_not_leave_the_root_by_a_link(void **state)
{
	struct error err = ERROR_INIT;
	char path[128], name[128];
	int master = -EBADF, slave = -EBADF, root_fd = open(top, O_PATH | O_DIRECTORY | O_CLOEXEC);

	(void)state;
	assert_int_equal(str_format(path, sizeof(path), "%s/dev", top), 0);
	assert_int_equal(symlink("/dev", path), 0); /* to itself, inside the root */
	assert_true(terminal_open(root_fd, 0, 0, &master, &slave, name, &err) < 0);
	assert_int_equal(master, -EBADF);
	fd_close(root_fd);
}

static void test_terminal_open_makes_a_pair_of_the_asked_size(void **state)
{
	struct error err = ERROR_INIT;
	struct winsize size;
	char name[128], text[8] = "";
	int master = -EBADF, slave = -EBADF, root_fd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	int r = terminal_open(root_fd, 24, 80, &master, &slave, name, &err);

	(void)state;
	fd_close(root_fd);
	if (r == -EACCES || r == -ENOENT)
		skip(); /* the host's own ptmx is mode 000, or there is no devpts */
	assert_int_equal(r, 0);
	assert_int_equal(ioctl(slave, TIOCGWINSZ, &size), 0);
	assert_int_equal(size.ws_row, 24);
	assert_int_equal(size.ws_col, 80);
	assert_ptr_equal(strstr(name, "/dev/pts/"), name);
	assert_true(fcntl(master, F_GETFD) & FD_CLOEXEC);
	assert_true(fcntl(slave, F_GETFD) & FD_CLOEXEC);
	assert_false(fcntl(master, F_GETFL) & O_NONBLOCK);
	assert_int_equal(write(slave, "hi\n", 3), 3);
	assert_int_equal(read(master, text, sizeof(text)), 4);
	assert_string_equal(text, "hi\r\n");
	fd_close(master);
	fd_close(slave);
}

static void test_terminal_open_refuses_a_size_no_terminal_has(void **state)
{
	struct error err = ERROR_INIT;
	char name[128];
	int master = -EBADF, slave = -EBADF, root_fd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	int r = terminal_open(root_fd, 65536, 80, &master, &slave, name, &err);

	(void)state;
	fd_close(root_fd);
	if (r == -EACCES || r == -ENOENT)
		skip(); /* as above */
	assert_int_equal(r, -EINVAL);
	assert_non_null(strstr(err.msg, "process.consoleSize"));
	assert_int_equal(master, -EBADF);
}

/* ---- terminal_send_master ---- */

static int listen_at(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_int_equal(str_format(address.sun_path, sizeof(address.sun_path), "%s", path), 0);
	assert_int_equal(bind(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(fd, 1), 0);
	return fd;
}

static void assert_arrives(int listen_fd, int sent_fd)
{
	struct error err = ERROR_INIT;
	struct stat a, b;
	char text[64] = "";
	int fd = -EBADF, peer = accept4(listen_fd, NULL, NULL, SOCK_CLOEXEC);
	size_t n = 0;

	assert_true(peer >= 0);
	assert_int_equal(fd_recv(peer, text, sizeof(text) - 1, &fd, 1, &n, &err), 10);
	assert_int_equal(n, 1);
	assert_string_equal(text, "/dev/pts/3");
	assert_int_equal(fstat(fd, &a), 0);
	assert_int_equal(fstat(sent_fd, &b), 0);
	assert_int_equal(a.st_rdev, b.st_rdev);
	fd_close(fd);
	fd_close(peer);
}

static void test_terminal_send_master_sends_descriptor_and_name(void **state)
{
	struct error err = ERROR_INIT;
	char path[128];
	int listen_fd, sent_fd = open("/dev/null", O_RDWR | O_CLOEXEC);

	(void)state;
	assert_int_equal(str_format(path, sizeof(path), "%s/sock", top), 0);
	listen_fd = listen_at(path);
	assert_int_equal(terminal_send_master(path, sent_fd, "/dev/pts/3", &err), 0);
	assert_arrives(listen_fd, sent_fd);
	fd_close(listen_fd);
	fd_close(sent_fd);
}

static void test_terminal_send_master_reaches_a_socket_in_a_deep_folder(void **state)
{
	struct error err = ERROR_INIT;
	char folder[256], path[300], deep[121];
	int listen_fd, sent_fd = open("/dev/null", O_RDWR | O_CLOEXEC);

	(void)state;
	memset(deep, 'd', sizeof(deep) - 1);
	deep[sizeof(deep) - 1] = '\0';
	assert_int_equal(str_format(folder, sizeof(folder), "%s/%s", top, deep), 0);
	assert_int_equal(mkdir(folder, 0700), 0);
	assert_int_equal(chdir(folder), 0);
	listen_fd = listen_at("sock");
	assert_int_equal(chdir("/"), 0);
	assert_int_equal(str_format(path, sizeof(path), "%s/sock", folder), 0);
	assert_int_equal(terminal_send_master(path, sent_fd, "/dev/pts/3", &err), 0);
	assert_arrives(listen_fd, sent_fd);
	fd_close(listen_fd);
	fd_close(sent_fd);
}

static void test_terminal_send_master_says_that_nobody_listens(void **state)
{
	struct error err = ERROR_INIT;
	char path[128];

	(void)state;
	assert_int_equal(str_format(path, sizeof(path), "%s/sock", top), 0);
	assert_int_equal(terminal_send_master(path, 0, "/dev/pts/3", &err), -ENOENT);
	assert_non_null(strstr(err.msg, "--console-socket"));
	assert_int_equal(terminal_send_master("", 0, "/dev/pts/3", &err), -EINVAL);
}

/* ---- terminal_become ---- */

static bool is_controlling(int fd)
{
	return isatty(fd) && tcgetsid(fd) == getpid() && !(fcntl(fd, F_GETFD) & FD_CLOEXEC);
}

static void test_terminal_become_gives_session_and_stdio(void **state)
{
	int master, slave, status;
	pid_t pid;

	(void)state;
	open_pty(&master, &slave);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		struct error err = ERROR_INIT;
		bool well = terminal_become(slave, &err) == 0;

		_exit(well && is_controlling(0) && is_controlling(1) && is_controlling(2) ? 0 : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	fd_close(master);
	fd_close(slave);
}

static void test_terminal_become_works_when_the_terminal_is_a_standard_stream_already(void **state)
{
	int master, slave, status;
	pid_t pid;

	(void)state;
	open_pty(&master, &slave);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		struct error err = ERROR_INIT;
		bool well = dup3(slave, 1, O_CLOEXEC) == 1 && setsid() > 0 &&
			    terminal_become(1, &err) == 0;

		_exit(well && is_controlling(0) && is_controlling(1) ? 0 : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	fd_close(master);
	fd_close(slave);
}

/* ---- foreground_wait ---- */

struct run {
	pid_t pid; /* stands for bulwark */
	int to;	   /* write end of its standard input, or -EBADF */
	int from;  /* read end of its standard output, or -EBADF */
};

/* In the process that stands for bulwark: makes the child, waits for it, and ends as it did. */
static _Noreturn void wait_in_foreground(bool terminal, void (*child)(void))
{
	struct error err = ERROR_INIT;
	int master = -EBADF, slave = -EBADF, status = 0, pidfd;
	pid_t pid;

	if (terminal) {
		master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
		(void)unlockpt(master);
		slave = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
		foreground_prepare(master);
	}
	if (foreground_block_signals(&err) < 0)
		_exit(101);
	pid = fork();
	if (pid == 0) {
		sigset_t none;

		fd_close(master); /* so that the end of its holder is a hang-up */
		(void)sigemptyset(&none);
		(void)sigprocmask(SIG_SETMASK, &none, NULL);
		if (terminal && terminal_become(slave, &err) < 0)
			_exit(102);
		child();
		_exit(0);
	}
	fd_close(slave);
	pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	if (foreground_wait(pid, pidfd, master, &status, &err) < 0) {
		fprintf(stderr, "foreground_wait: %s\n", err.msg);
		_exit(103);
	}
	_exit(WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status));
}

/* @in, @out: descriptors for its streams; -EBADF: pipes, whose ends are in the result. */
static struct run run_foreground(bool terminal, int in, int out, void (*child)(void))
{
	struct run run = { .to = -EBADF, .from = -EBADF };
	int in_pipe[2] = { -EBADF, -EBADF }, out_pipe[2] = { -EBADF, -EBADF };

	if (in < 0) {
		assert_int_equal(pipe2(in_pipe, O_CLOEXEC), 0);
		in = in_pipe[0];
	}
	if (out < 0) {
		assert_int_equal(pipe2(out_pipe, O_CLOEXEC), 0);
		out = out_pipe[1];
	}
	run.pid = fork();
	assert_true(run.pid >= 0);
	if (run.pid == 0) {
		(void)signal(SIGPIPE, SIG_IGN);
		(void)dup2(in, 0);
		(void)dup2(out, 1);
		(void)fd_close(in_pipe[1]);
		(void)fd_close(out_pipe[0]);
		wait_in_foreground(terminal, child);
	}
	fd_close(in_pipe[0]);
	fd_close(out_pipe[1]);
	run.to = in_pipe[1];
	run.from = out_pipe[0];
	return run;
}

static int end_of(struct run *run)
{
	int status;

	run->to = fd_close(run->to);
	run->from = fd_close(run->from);
	assert_int_equal(waitpid(run->pid, &status, 0), run->pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void await_text(int fd, const char *text)
{
	char seen[4096] = "";
	size_t n = 0;

	while (!strstr(seen, text)) {
		ssize_t r = read(fd, seen + n, sizeof(seen) - 1 - n);

		assert_true(r > 0);
		n += (size_t)r;
		seen[n] = '\0';
	}
}

static void child_exits_7(void)
{
	_exit(7);
}

static void child_dies(void)
{
	(void)raise(SIGKILL);
}

static void child_says_ready_and_waits(void)
{
	(void)!write(1, "ready\n", 6);
	for (;;)
		(void)pause();
}

static void test_foreground_wait_gives_the_childs_status(void **state)
{
	struct run run = run_foreground(false, -EBADF, -EBADF, child_exits_7);

	(void)state;
	assert_int_equal(end_of(&run), 7);
	run = run_foreground(false, -EBADF, -EBADF, child_dies);
	assert_int_equal(end_of(&run), 128 + SIGKILL);
	run = run_foreground(true, -EBADF, -EBADF, child_exits_7);
	assert_int_equal(end_of(&run), 7);
}

static void test_foreground_wait_passes_signals_on(void **state)
{
	struct run run = run_foreground(false, -EBADF, -EBADF, child_says_ready_and_waits);

	(void)state;
	await_text(run.from, "ready");
	assert_int_equal(kill(run.pid, SIGUSR1), 0);
	assert_int_equal(end_of(&run), 128 + SIGUSR1);
	run = run_foreground(true, -EBADF, -EBADF, child_says_ready_and_waits);
	await_text(run.from, "ready");
	assert_int_equal(kill(run.pid, SIGTERM), 0);
	assert_int_equal(end_of(&run), 128 + SIGTERM);
}

static void child_echoes_lines(void)
{
	char line[256];

	while (fgets(line, sizeof(line), stdin)) {
		printf("<%.*s>\n", (int)strcspn(line, "\n"), line);
		(void)fflush(stdout);
		if (strncmp(line, "end", 3) == 0)
			_exit(3);
	}
}

static void test_foreground_wait_relays_both_ways(void **state)
{
	struct run run = run_foreground(true, -EBADF, -EBADF, child_echoes_lines);

	(void)state;
	assert_int_equal(write(run.to, "one\n", 4), 4);
	await_text(run.from,
		   "<one>\n"); /* no carriage return: that is for the caller's terminal to add */
	assert_int_equal(write(run.to, "end\n", 4), 4);
	await_text(run.from, "<end>\n");
	assert_int_equal(end_of(&run), 3);
}

#define MUCH (300 * 1024)

static void child_writes_much(void)
{
	char line[1024];

	memset(line, 'x', sizeof(line));
	for (size_t n = 0; n < MUCH; n += sizeof(line))
		if (write(1, line, sizeof(line)) != sizeof(line))
			_exit(1);
	(void)!write(1, "END", 3);
}

/* The reader begins when nothing moves any more: pipe, buffer and terminal are full. */
static void test_foreground_wait_loses_nothing_with_a_slow_reader(void **state)
{
	struct run run = run_foreground(true, -EBADF, -EBADF, child_writes_much);
	struct pollfd poll_fd = { .fd = run.from, .events = POLLIN };
	char bytes[4096], last[3] = "";
	size_t total = 0;
	ssize_t n;

	(void)state;
	assert_int_equal(poll(&poll_fd, 1, -1), 1);
	while ((n = read(run.from, bytes, sizeof(bytes))) > 0) {
		total += (size_t)n;
		if (n >= 3)
			memcpy(last, bytes + n - 3, 3);
	}
	assert_int_equal(total, MUCH + 3);
	assert_memory_equal(last, "END", 3);
	assert_int_equal(end_of(&run), 0);
}

/* While nobody reads, the process neither spins nor forgets signals. */
static void test_foreground_wait_rests_while_its_reader_does_not_read(void **state)
{
	struct run run = run_foreground(true, -EBADF, -EBADF, child_writes_much);
	char path[64], *text = NULL;
	unsigned long user = 0, system = 0;
	int full = 0;

	(void)state;
	/* until the pipe holds all it takes */
	for (int last = -1; full != last || full == 0;) {
		last = full;
		(void)usleep(50000); /* FIXME: no event tells that nothing happens */
		assert_int_equal(ioctl(run.from, FIONREAD, &full), 0);
	}
	(void)usleep(200000);
	assert_int_equal(str_format(path, sizeof(path), "/proc/%d/stat", (int)run.pid), 0);
	assert_int_equal(fd_read_file(AT_FDCWD, path, 4096, &text, NULL, NULL), 0);
	assert_int_equal(sscanf(strrchr(text, ')') + 1,
				" %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user,
				&system),
			 2);
	free(text);
	assert_true(user + system < 15); /* ticks of 10 ms, of which a busy loop would use 20 at least */
	assert_int_equal(kill(run.pid, SIGKILL), 0);
	run.to = fd_close(run.to);
	run.from = fd_close(run.from);
	assert_int_equal(waitpid(run.pid, NULL, 0), run.pid);
}

static void test_foreground_wait_goes_on_when_its_reader_is_gone(void **state)
{
	struct run run = run_foreground(true, -EBADF, -EBADF, child_writes_much);

	(void)state;
	run.from = fd_close(run.from);
	assert_int_equal(end_of(&run), 0); /* the child could write all it had to say */
}

static void child_reads_file(void)
{
	char line[64];

	while (fgets(line, sizeof(line), stdin))
		if (strcmp(line, "last\n") == 0)
			_exit(5);
	_exit(6);
}

static void test_foreground_wait_takes_a_file_and_appends_to_one(void **state)
{
	char path[128], out_path[128], *text = NULL;
	int in, out;
	struct run run;

	(void)state;
	assert_int_equal(str_format(path, sizeof(path), "%s/in", top), 0);
	assert_int_equal(str_format(out_path, sizeof(out_path), "%s/out", top), 0);
	in = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	out = open(out_path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	assert_int_equal(write(in, "first\nlast\n", 11), 11);
	assert_int_equal(write(out, "before\n", 7), 7);
	assert_int_equal(lseek(in, 0, SEEK_SET), 0);
	run = run_foreground(true, in, out, child_reads_file);
	assert_int_equal(end_of(&run), 5);
	assert_int_equal(fd_read_file(AT_FDCWD, out_path, 4096, &text, NULL, NULL), 0);
	assert_ptr_equal(strstr(text, "before\n"), text);
	assert_non_null(strstr(text, "last")); /* the terminal's echo */
	free(text);
	fd_close(in);
	fd_close(out);
}

static void child_reopens_its_terminal(void)
{
	char name[64];

	if (ttyname_r(0, name, sizeof(name)) != 0)
		_exit(1);
	(void)!write(1, "one\n", 4);
	(void)close(0);
	(void)close(1);
	(void)close(2);
	(void)usleep(100000); /* long enough for a relay to see a hang-up, were there one */
	if (open(name, O_RDWR) != 0)
		_exit(2);
	(void)!write(0, "two\n", 4);
}

static void test_foreground_wait_outlives_a_terminal_closed_and_opened_again(void **state)
{
	struct run run = run_foreground(true, -EBADF, -EBADF, child_reopens_its_terminal);

	(void)state;
	await_text(run.from, "two\n");
	assert_int_equal(end_of(&run), 0);
}

static void child_prints_size(void)
{
	struct winsize size;

	(void)ioctl(0, TIOCGWINSZ, &size);
	printf("%dx%d\n", size.ws_row, size.ws_col);
	(void)fflush(stdout);
	(void)signal(SIGWINCH, SIG_IGN);
	while (size.ws_row != 50)
		(void)ioctl(0, TIOCGWINSZ, &size);
	printf("%dx%d\n", size.ws_row, size.ws_col);
	(void)fflush(stdout);
}

static void test_foreground_wait_keeps_the_size_and_restores_the_callers_terminal(void **state)
{
	struct winsize size = { .ws_row = 30, .ws_col = 90 };
	struct termios before, after;
	int master, slave;
	struct run run;

	(void)state;
	open_pty(&master, &slave);
	assert_int_equal(ioctl(master, TIOCSWINSZ, &size), 0);
	assert_int_equal(tcgetattr(slave, &before), 0);
	run = run_foreground(true, slave, -EBADF, child_prints_size);
	await_text(run.from, "30x90\n");
	assert_int_equal(tcgetattr(slave, &after), 0);
	assert_false(after.c_lflag & (ICANON | ECHO | ISIG)); /* raw meanwhile */
	size.ws_row = 50;
	assert_int_equal(ioctl(master, TIOCSWINSZ, &size),
			 0); /* no session of ours has this terminal: no signal */
	assert_int_equal(kill(run.pid, SIGWINCH), 0);
	await_text(run.from, "50x90\n");
	assert_int_equal(end_of(&run), 0);
	assert_int_equal(tcgetattr(slave, &after), 0);
	assert_int_equal(after.c_lflag, before.c_lflag);
	assert_int_equal(after.c_iflag, before.c_iflag);
	assert_int_equal(after.c_oflag, before.c_oflag);
	fd_close(master);
	fd_close(slave);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_terminal_open_refuses_a_folder_that_is_no_devpts),
		TEST(test_terminal_open_does_not_leave_the_root_by_a_link),
		TEST(test_terminal_open_makes_a_pair_of_the_asked_size),
		TEST(test_terminal_open_refuses_a_size_no_terminal_has),
		TEST(test_terminal_send_master_sends_descriptor_and_name),
		TEST(test_terminal_send_master_reaches_a_socket_in_a_deep_folder),
		TEST(test_terminal_send_master_says_that_nobody_listens),
		TEST(test_terminal_become_gives_session_and_stdio),
		TEST(test_terminal_become_works_when_the_terminal_is_a_standard_stream_already),
		TEST(test_foreground_wait_gives_the_childs_status),
		TEST(test_foreground_wait_passes_signals_on),
		TEST(test_foreground_wait_relays_both_ways),
		TEST(test_foreground_wait_loses_nothing_with_a_slow_reader),
		TEST(test_foreground_wait_rests_while_its_reader_does_not_read),
		TEST(test_foreground_wait_goes_on_when_its_reader_is_gone),
		TEST(test_foreground_wait_takes_a_file_and_appends_to_one),
		TEST(test_foreground_wait_outlives_a_terminal_closed_and_opened_again),
		TEST(test_foreground_wait_keeps_the_size_and_restores_the_callers_terminal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
