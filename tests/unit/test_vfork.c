/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Unit tests of vfork: the child does what it is told, on a stack of its own, and we go on where we were. */
#include <errno.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "asan.h"
#include "vfork.h"

/* In memory that is shared with a child that has a copy of the rest as well. */
struct notes {
	pid_t pid, parent;
	uint64_t sum;
	int status;
};

static struct notes *notes_new(void)
{
	struct notes *notes = mmap(NULL, sizeof(*notes), PROT_READ | PROT_WRITE,
				   MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	assert_ptr_not_equal(notes, MAP_FAILED);
	return notes;
}

static int reap(pid_t pid)
{
	int status = 0;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void work(void *data)
{
	struct notes *notes = data;
	volatile char deep[32768]; /* half of what is promised */

	for (size_t i = 0; i < sizeof(deep); i++)
		deep[i] = (char)i;
	for (size_t i = 0; i < sizeof(deep); i++)
		notes->sum += (unsigned char)deep[i];
	notes->pid = getpid();
	notes->parent = getppid();
	_exit(notes->status);
}

static void test_vfork_child_runs_and_ends(void **state)
{
	struct notes *notes = notes_new();
	volatile uint64_t ours = UINT64_C(0x1122334455667788);
	pid_t pid;

	(void)state;
	for (int i = 0; i < 50; i++) {
		notes->status = i;
		notes->sum = 0;
		pid = vfork_child(0, -EBADF, work, notes);
		assert_true(pid > 0);
		assert_int_equal(reap(pid), i);
		assert_int_equal(notes->pid, pid);
		assert_int_equal(notes->parent, getpid());
		assert_int_equal(notes->sum, 32768 / 256 * (255 * 256 / 2));
		assert_true(ours == UINT64_C(0x1122334455667788)); /* its stack is another */
	}
	munmap(notes, sizeof(*notes));
}

static int ours;

static void change(void *data)
{
	(void)data;
	(void)usleep(20000);
	ours = 42;
	_exit(0);
}

/* Which is what it is for; vfork.h says where it is not so. */
static void test_vfork_child_borrows_memory_and_is_waited_for(void **state)
{
	pid_t pid;

	(void)state;
	ours = 1;
	pid = vfork_child(0, -EBADF, change, NULL);
	assert_true(pid > 0);
#if defined(__x86_64__) && !UNDER_ASAN && !defined(COVERAGE)
	assert_int_equal(ours, 42);
#else
	assert_int_equal(ours, 1);
#endif
	assert_int_equal(reap(pid), 0);
}

static void note_mask(void *data)
{
	sigset_t *mask = data;

	_exit(sigprocmask(SIG_SETMASK, NULL, mask) == 0 && sigismember(mask, SIGTERM) &&
			      sigismember(mask, SIGTSTP) ?
		      0 :
		      1);
}

static void test_vfork_child_has_all_signals_blocked_and_we_have_not(void **state)
{
	sigset_t before, child, after;
	pid_t pid;

	(void)state;
	assert_int_equal(sigprocmask(SIG_SETMASK, NULL, &before), 0);
	pid = vfork_child(0, -EBADF, note_mask, &child);
	assert_true(pid > 0);
	assert_int_equal(reap(pid), 0);
	assert_int_equal(sigprocmask(SIG_SETMASK, NULL, &after), 0);
	for (int sig = 1; sig < NSIG; sig++)
		assert_int_equal(sigismember(&before, sig), sigismember(&after, sig));
}

static void execute(void *data)
{
	static char *const env[] = { NULL };

	(void)execve("/bin/sh", data, env);
	_exit(127);
}

static void test_vfork_child_executes_a_program(void **state)
{
	char *const args[] = { (char *)"sh", (char *)"-c", (char *)"exit 42", NULL };
	pid_t pid;

	(void)state;
	pid = vfork_child(0, -EBADF, execute, (void *)args);
	assert_true(pid > 0);
	assert_int_equal(reap(pid), 42);
}

static void close_all(void *data)
{
	int *fd = data;

	(void)close(*fd);
	(void)signal(SIGUSR1, SIG_IGN);
	_exit(0);
}

static void test_vfork_child_has_descriptors_and_signals_of_its_own(void **state)
{
	struct sigaction is = { 0 };
	int fd = dup(2);
	pid_t pid;

	(void)state;
	assert_true(fd >= 0);
	pid = vfork_child(0, -EBADF, close_all, &fd);
	assert_true(pid > 0);
	assert_int_equal(reap(pid), 0);
	assert_int_equal(close(fd), 0);
	assert_int_equal(sigaction(SIGUSR1, NULL, &is), 0);
	assert_ptr_equal(is.sa_handler, SIG_DFL);
}

static void test_vfork_child_hands_errors_on(void **state)
{
	struct notes *notes = notes_new();

	(void)state;
	assert_int_equal(vfork_child(CLONE_SIGHAND | CLONE_THREAD | CLONE_NEWPID, -EBADF, work, notes),
			 -EINVAL);
	assert_int_equal(notes->pid, 0);
	munmap(notes, sizeof(*notes));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_vfork_child_runs_and_ends),
		cmocka_unit_test(test_vfork_child_borrows_memory_and_is_waited_for),
		cmocka_unit_test(test_vfork_child_has_all_signals_blocked_and_we_have_not),
		cmocka_unit_test(test_vfork_child_executes_a_program),
		cmocka_unit_test(test_vfork_child_has_descriptors_and_signals_of_its_own),
		cmocka_unit_test(test_vfork_child_hands_errors_on),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
