/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Unit tests of proc: identities of real processes, with names meant to mislead. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "error.h"
#include "proc.h"

/* A child that sleeps until it is killed, under the name @name. */
static pid_t start_child(const char *name)
{
	int ready[2];
	char byte;
	pid_t pid;

	assert_int_equal(pipe2(ready, O_CLOEXEC), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (name)
			prctl(PR_SET_NAME, name);
		close(ready[0]);
		close(ready[1]);
		for (;;)
			pause();
	}
	close(ready[1]);
	assert_int_equal(read(ready[0], &byte, 1), 0); /* the name is set */
	close(ready[0]);
	return pid;
}

/* Kills the child and leaves a zombie. */
static void kill_child(pid_t pid)
{
	siginfo_t info;

	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT), 0);
}

static void reap_child(pid_t pid)
{
	assert_int_equal(waitpid(pid, NULL, 0), pid);
}

static struct proc_id id_of(pid_t pid)
{
	struct proc_id id = { .pid = pid };
	struct error err = ERROR_INIT;

	assert_int_equal(proc_stat(pid, &id.start, NULL, &err), 0);
	return id;
}

static void test_proc_stat_reads_start_and_state(void **state)
{
	struct error err = ERROR_INIT;
	struct timespec now;
	uint64_t start = 0;
	char letter = 0;

	(void)state;
	assert_int_equal(proc_stat(getpid(), &start, &letter, &err), 0);
	assert_int_equal(letter, 'R');
	/* The test has just started: within the last five minutes, however slow the machine is. */
	assert_int_equal(clock_gettime(CLOCK_BOOTTIME, &now), 0);
	assert_true(start <= (uint64_t)(now.tv_sec + 1) * (uint64_t)sysconf(_SC_CLK_TCK));
	assert_true(start + 300 * (uint64_t)sysconf(_SC_CLK_TCK) >=
		    (uint64_t)now.tv_sec * (uint64_t)sysconf(_SC_CLK_TCK));
}

/* 15 characters are all that a process can choose; each of these would mislead a simpler parser. */
static void test_proc_stat_is_not_misled_by_names(void **state)
{
	static const char *const names[] = { "a b c d e f g h",
					     ") Z 1 2 3 4 5 6",
					     "(((",
					     ")))",
					     "x) R 1 (y",
					     "\n1 (x) Z 1 1",
					     "",
					     " ",
					     ") ",
					     "\\) Z",
					     "\xff\xfe) Z" };
	struct error err = ERROR_INIT;
	uint64_t plain, start;
	char letter;
	pid_t pid;

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		pid = start_child(NULL);
		assert_int_equal(proc_stat(pid, &plain, NULL, &err), 0);
		kill_child(pid);
		reap_child(pid);

		pid = start_child(names[i]);
		assert_int_equal(proc_stat(pid, &start, &letter, &err), 0);
		assert_true(letter == 'S' || letter == 'R');
		assert_true(start >= plain && start < plain + 1000);
		kill_child(pid);
		assert_int_equal(proc_stat(pid, NULL, &letter, &err), 0);
		assert_int_equal(letter, 'Z');
		reap_child(pid);
	}
}

static void test_proc_stat_refuses_what_is_no_process(void **state)
{
	struct error err = ERROR_INIT;
	uint64_t start = 77;
	char letter = 'q';
	pid_t pid = start_child(NULL);

	(void)state;
	kill_child(pid);
	reap_child(pid);
	assert_int_equal(proc_stat(pid, &start, &letter, &err), -ESRCH);
	assert_int_equal(proc_stat(0, &start, &letter, &err), -ESRCH);
	assert_int_equal(proc_stat(-1, &start, &letter, &err), -ESRCH);
	assert_string_equal(err.msg, "process -1 does not exist");
	assert_int_equal(start, 77);
	assert_int_equal(letter, 'q');
}

static void test_proc_is_alive_tells_the_living_from_zombies(void **state)
{
	pid_t pid = start_child(NULL);
	struct proc_id id = id_of(pid);

	(void)state;
	assert_true(proc_is_alive(&id));
	kill_child(pid);
	assert_false(proc_is_alive(&id));
	reap_child(pid);
	assert_false(proc_is_alive(&id));
}

static void test_proc_is_alive_notices_a_reused_number(void **state)
{
	struct proc_id id = id_of(getpid());
	const struct proc_id none = { 0 };

	(void)state;
	assert_true(proc_is_alive(&id));
	id.start++;
	assert_false(proc_is_alive(&id));
	assert_false(proc_is_alive(&none));
}

static void test_proc_open_returns_a_pidfd_of_that_process(void **state)
{
	struct error err = ERROR_INIT;
	pid_t pid = start_child(NULL);
	struct proc_id id = id_of(pid);
	int fd;

	(void)state;
	fd = proc_open(&id, &err);
	assert_true(fd >= 0);
	assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
	assert_int_equal(pidfd_send_signal(fd, SIGKILL, NULL, 0), 0);
	assert_int_equal(proc_wait_dead(fd, -1, &err), 0);
	reap_child(pid);
	close(fd);
}

static void test_proc_open_refuses_a_reused_number(void **state)
{
	struct error err = ERROR_INIT;
	struct proc_id id = id_of(getpid());

	(void)state;
	id.start--;
	assert_int_equal(proc_open(&id, &err), -ESRCH);
	assert_non_null(strstr(err.msg, "its number is in use again"));
}

static void test_proc_open_refuses_the_dead(void **state)
{
	struct error err = ERROR_INIT;
	pid_t pid = start_child(NULL);
	struct proc_id id = id_of(pid);
	const struct proc_id none = { 0 };

	(void)state;
	kill_child(pid);
	assert_int_equal(proc_open(&id, &err), -ESRCH);
	assert_non_null(strstr(err.msg, "is dead"));
	reap_child(pid);
	assert_int_equal(proc_open(&id, &err), -ESRCH);
	assert_int_equal(proc_open(&none, &err), -ESRCH);
}

static void *thread_main(void *data)
{
	int *fds = data, tid = (int)syscall(SYS_gettid);
	char byte;

	assert_int_equal(write(fds[1], &tid, sizeof(tid)), sizeof(tid));
	assert_int_equal(read(fds[2], &byte, 1), 0); /* until the test is done with us */
	return NULL;
}

/* A number may come back as that of a thread, for which pidfd_open(2) has an error of its own. */
static void test_proc_open_refuses_a_thread(void **state)
{
	struct error err = ERROR_INIT;
	struct proc_id id = { .start = 1 };
	int fds[4];
	pthread_t thread;

	(void)state;
	assert_int_equal(pipe(fds), 0);
	assert_int_equal(pipe(fds + 2), 0);
	assert_int_equal(pthread_create(&thread, NULL, thread_main, fds), 0);
	assert_int_equal(read(fds[0], &id.pid, sizeof(id.pid)), sizeof(id.pid));
	assert_int_equal(proc_stat(id.pid, &id.start, NULL, &err), 0);
	assert_int_equal(proc_open(&id, &err), -ESRCH);
	close(fds[3]);
	pthread_join(thread, NULL);
	for (int i = 0; i < 3; i++)
		close(fds[i]);
}

static void *outlive(void *unused)
{
	(void)pause();
	return unused;
}

/* Its first thread is a zombie, and the process lives: it can be killed, and waited for. */
static void test_proc_is_alive_without_its_first_thread(void **state)
{
	struct error err = ERROR_INIT;
	struct proc_id id;
	pid_t pid = fork();
	char path[64];
	int fd = -1;

	(void)state;
	assert_true(pid >= 0);
	if (pid == 0) {
		pthread_t thread;

		if (pthread_create(&thread, NULL, outlive, NULL) != 0)
			_exit(1);
		(void)syscall(SYS_exit, 0); /* of this thread alone */
	}
	(void)snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	for (int i = 0; i < 1000; i++) { /* until the kernel says so of the first thread */
		char line[4096] = "";
		int stat_fd = open(path, O_RDONLY | O_CLOEXEC);

		assert_true(stat_fd >= 0);
		assert_true(read(stat_fd, line, sizeof(line) - 1) > 0);
		close(stat_fd);
		if (strstr(line, ") Z "))
			break;
		(void)poll(NULL, 0, 10);
	}
	id = id_of(pid);
	assert_true(proc_is_alive(&id));
	fd = proc_open(&id, &err);
	assert_true(fd >= 0);
	assert_int_equal(proc_wait_dead(fd, 0, &err), -ETIMEDOUT);
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(proc_wait_dead(fd, 10000, &err), 0);
	assert_false(proc_is_alive(&id));
	reap_child(pid);
	close(fd);
}

static void test_proc_wait_dead_times_out(void **state)
{
	struct error err = ERROR_INIT;
	pid_t pid = start_child(NULL);
	int fd = pidfd_open(pid, 0);

	(void)state;
	assert_int_equal(proc_wait_dead(fd, 0, &err), -ETIMEDOUT);
	assert_int_equal(proc_wait_dead(fd, 20, &err), -ETIMEDOUT);
	kill_child(pid);
	assert_int_equal(proc_wait_dead(fd, 0, &err), 0); /* a zombie is dead */
	reap_child(pid);
	assert_int_equal(proc_wait_dead(fd, -1, &err), 0);
	close(fd);
}

static void on_alarm(int signal)
{
	(void)signal;
}

static void test_proc_wait_dead_is_not_ended_by_signals(void **state)
{
	const struct sigaction action = { .sa_handler = on_alarm }; /* no SA_RESTART */
	const struct itimerval often = { { 0, 2000 }, { 0, 2000 } }, never = { 0 };
	struct timespec before, after;
	struct error err = ERROR_INIT;
	pid_t pid = start_child(NULL);
	int fd = pidfd_open(pid, 0);
	long ms;

	(void)state;
	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &often, NULL);
	clock_gettime(CLOCK_MONOTONIC, &before);
	assert_int_equal(proc_wait_dead(fd, 50, &err), -ETIMEDOUT);
	clock_gettime(CLOCK_MONOTONIC, &after);
	setitimer(ITIMER_REAL, &never, NULL);
	ms = (after.tv_sec - before.tv_sec) * 1000 + (after.tv_nsec - before.tv_nsec) / 1000000;
	assert_true(ms >= 48);
	kill_child(pid);
	reap_child(pid);
	close(fd);
}

static void test_proc_wait_dead_refuses_what_is_no_descriptor(void **state)
{
	struct error err = ERROR_INIT;

	(void)state;
	assert_int_equal(proc_wait_dead(1 << 20, -1, &err), -EBADF);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_proc_stat_reads_start_and_state),
		cmocka_unit_test(test_proc_stat_is_not_misled_by_names),
		cmocka_unit_test(test_proc_stat_refuses_what_is_no_process),
		cmocka_unit_test(test_proc_is_alive_tells_the_living_from_zombies),
		cmocka_unit_test(test_proc_is_alive_notices_a_reused_number),
		cmocka_unit_test(test_proc_open_returns_a_pidfd_of_that_process),
		cmocka_unit_test(test_proc_open_refuses_a_reused_number),
		cmocka_unit_test(test_proc_open_refuses_the_dead),
		cmocka_unit_test(test_proc_open_refuses_a_thread),
		cmocka_unit_test(test_proc_is_alive_without_its_first_thread),
		cmocka_unit_test(test_proc_wait_dead_times_out),
		cmocka_unit_test(test_proc_wait_dead_is_not_ended_by_signals),
		cmocka_unit_test(test_proc_wait_dead_refuses_what_is_no_descriptor),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
