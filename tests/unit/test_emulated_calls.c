/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Unit tests of emulated_calls: which calls the filter asks about, in every way that a process can make them. */
#include <errno.h>
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "emulated_calls.h"
#include "error.h"
#include "fd.h"

#define X32 0x40000000L

static void test_emulated_affinity_cut_leaves_what_both_have(void **state)
{
	uint64_t mask[4] = { 0xff, 1, 0xf0, 7 };
	const uint64_t visible[3] = { 0x0e, 0, 0x30 };

	(void)state;
	emulated_affinity_cut(mask, sizeof(mask), visible, 3);
	assert_int_equal(mask[0], 0x0e);
	assert_int_equal(mask[1], 0);
	assert_int_equal(mask[2], 0x30);
	assert_int_equal(mask[3], 0); /* beyond what is shown */
}

static void test_emulated_affinity_cut_keeps_the_mask_when_nothing_would_be_left(void **state)
{
	uint64_t mask[2] = { 0xf0, 1 };
	const uint64_t visible[2] = { 0x0f, 2 };

	(void)state;
	emulated_affinity_cut(mask, sizeof(mask), visible, 2);
	assert_int_equal(mask[0], 0xf0);
	assert_int_equal(mask[1], 1);
	emulated_affinity_cut(mask, 0, visible, 2); /* no room: nothing to read */
}

static void test_emulated_call_of_knows_architectures(void **state)
{
	bool is_32 = false;

	(void)state;
	assert_int_equal(emulated_call_of(AUDIT_ARCH_PPC64, 116, &is_32), EMULATED_NONE);
#ifdef __x86_64__
	assert_int_equal(emulated_call_of(AUDIT_ARCH_X86_64, 99, &is_32), EMULATED_SYSINFO);
	assert_false(is_32);
	assert_int_equal(emulated_call_of(AUDIT_ARCH_X86_64, 99 | (int)X32, &is_32),
			 EMULATED_SYSINFO);
	assert_false(is_32);
	assert_int_equal(emulated_call_of(AUDIT_ARCH_I386, 116, &is_32), EMULATED_SYSINFO);
	assert_true(is_32);
	assert_int_equal(emulated_call_of(AUDIT_ARCH_I386, 242, &is_32), EMULATED_AFFINITY);
	assert_int_equal(emulated_call_of(AUDIT_ARCH_I386, 99, &is_32), EMULATED_NONE); /* statfs(2) */
	assert_int_equal(emulated_call_of(AUDIT_ARCH_X86_64, 116, &is_32),
			 EMULATED_NONE); /* setgroups(2) */
#endif
}

#ifdef __x86_64__
static long call32(long nr)
{
	long result;

	/* no argument is a pointer that anybody follows */
	__asm__ volatile("int $0x80"
			 : "=a"(result)
			 : "a"(nr), "b"(0L), "c"(0L), "d"(0L)
			 : "memory", "r8", "r9", "r10", "r11");
	return result;
}
#endif

#ifdef __x86_64__
/* A kernel without CONFIG_IA32_EMULATION kills who tries. */
static bool has_32(void)
{
	int status = 0;
	pid_t pid = fork();

	if (pid == 0) {
		(void)signal(SIGSEGV, SIG_DFL); /* not cmocka's */
		_exit(call32(20) > 0 ? 0 : 1);	/* getpid(2) */
	}
	return waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}
#endif

/* What each call is answered with, by number; of no interest: with what the kernel says. */
static int call_them(bool with_32)
{
	if (syscall(SYS_sysinfo, NULL) >= 0 || errno != EDOM)
		return 1;
	if (syscall(SYS_sched_getaffinity, 0, 0, NULL) >= 0 || errno != ERANGE)
		return 2;
	if (syscall(SYS_getppid) < 0)
		return 3;
#ifdef __x86_64__
	if (syscall(SYS_sysinfo | X32, NULL) >= 0 || errno != EDOM)
		return 4;
	if (syscall(SYS_sched_getaffinity | X32, 0, 0, NULL) >= 0 || errno != ERANGE)
		return 5;
	if (with_32 && call32(116) != -EDOM)
		return 6;
	if (with_32 && call32(242) != -ERANGE)
		return 7;
	if (with_32 && call32(99) != -EFAULT) /* statfs(2): number 99 of the other architecture */
		return 8;
#else
	(void)with_32;
#endif
	return 0;
}

static _Noreturn void child(int sock, bool with_32)
{
	int fd;

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		_exit(100);
	fd = emulated_calls_filter(EMULATED_ASK, NULL);
	if (fd < 0 || fd_send(sock, "", 1, &fd, 1, NULL) < 0)
		_exit(101);
	close(fd);
	if (emulated_calls_filter(EMULATED_ASK, NULL) != -EBUSY)
		_exit(102);
	_exit(call_them(with_32));
}

/* The other side: EDOM for one, ERANGE for the other. Until nobody has the filter any more. */
static void answer_all(int listener)
{
	for (;;) {
		struct seccomp_notif notif = { 0 };
		struct seccomp_notif_resp answer = { 0 };
		enum emulated_call call;
		bool is_32;

		if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &notif) < 0)
			return;
		call = emulated_call_of(notif.data.arch, notif.data.nr, &is_32);
		answer.id = notif.id;
		answer.error = call == EMULATED_SYSINFO	 ? -EDOM :
			       call == EMULATED_AFFINITY ? -ERANGE :
							   -EIO;
		if (ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &answer) < 0)
			return;
	}
}

static void test_emulated_calls_filter_asks_about_these_calls_alone(void **state)
{
	int pair[2], listener = -1, status;
	size_t n = 0;
	bool with_32 = false;
	char byte;
	pid_t pid, helper;

	(void)state;
#ifdef __x86_64__
	with_32 = has_32();
	if (!with_32)
		print_message("the kernel runs no 32-bit programs: their way is not tried\n");
#endif
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	pid = fork();
	if (pid == 0)
		child(pair[1], with_32);
	close(pair[1]);
	assert_int_equal(fd_recv(pair[0], &byte, 1, &listener, 1, &n, NULL), 1);
	assert_int_equal(n, 1);
	helper = fork(); /* RECV does not end by itself on older kernels */
	if (helper == 0) {
		answer_all(listener);
		_exit(0);
	}
	close(listener);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	(void)kill(helper, SIGKILL);
	(void)waitpid(helper, NULL, 0);
	close(pair[0]);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

static void test_emulated_calls_filter_refuses_at_once_when_nobody_is_there(void **state)
{
	int status;
	pid_t pid = fork();

	(void)state;
	if (pid == 0) {
		struct {
			char bytes[EMULATED_SYSINFO_SIZE];
		} info;

		if (syscall(SYS_sysinfo, &info) < 0)
			_exit(1); /* as long as there is no filter */
		if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
		    emulated_calls_filter(EMULATED_REFUSE, NULL) != 0)
			_exit(2);
		if (syscall(SYS_sysinfo, &info) >= 0 || errno != ENOSYS)
			_exit(3);
		_exit(syscall(SYS_sched_getaffinity, 0, sizeof(info), &info) < 0 && errno == ENOSYS ?
			      0 :
			      4);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_emulated_affinity_cut_leaves_what_both_have),
		cmocka_unit_test(test_emulated_affinity_cut_keeps_the_mask_when_nothing_would_be_left),
		cmocka_unit_test(test_emulated_call_of_knows_architectures),
		cmocka_unit_test(test_emulated_calls_filter_asks_about_these_calls_alone),
		cmocka_unit_test(test_emulated_calls_filter_refuses_at_once_when_nobody_is_there),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
