/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Tests of runtime/seccomp.c. What a filter does is learnt by running it: in an interpreter for every system call and
 * architecture, and once for real in a child of this process.
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
#include <linux/seccomp.h>
#include <seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "arena.h"
#include "error.h"
#include "fd.h"
#include "seccomp.h"

/* Classic BPF as seccomp(2) runs it; what libseccomp does not emit is a failure. */
static uint32_t run_filter(const struct seccomp_program *program, const struct seccomp_data *data)
{
	uint32_t a = 0;

	for (size_t pc = 0; pc < program->n; pc++) {
		const struct sock_filter *in = &program->insns[pc];
		bool yes;

		switch (in->code) {
		case BPF_LD | BPF_W | BPF_ABS:
			assert_true(in->k + sizeof(a) <= sizeof(*data));
			memcpy(&a, (const char *)data + in->k, sizeof(a));
			continue;
		case BPF_ALU | BPF_AND | BPF_K:
			a &= in->k;
			continue;
		case BPF_RET | BPF_K:
			return in->k;
		case BPF_JMP | BPF_JA:
			pc += in->k;
			continue;
		case BPF_JMP | BPF_JEQ | BPF_K:
			yes = a == in->k;
			break;
		case BPF_JMP | BPF_JGT | BPF_K:
			yes = a > in->k;
			break;
		case BPF_JMP | BPF_JGE | BPF_K:
			yes = a >= in->k;
			break;
		default:
			fail_msg("instruction %zu has code %#x", pc, in->code);
			return 0;
		}
		pc += yes ? in->jt : in->jf;
	}
	fail_msg("the filter has no end");
	return 0;
}

/* As the section comes from a document; @arena keeps it. */
static int parse(struct arena *arena, json_t *section, struct seccomp **ret, struct error *err)
{
	return seccomp_parse(arena, section, ret, err);
}

static void compile_json(json_t *section, struct seccomp_program *ret)
{
	struct arena arena = ARENA_INIT;
	struct error err = ERROR_INIT;
	struct seccomp *seccomp = NULL;

	assert_non_null(section);
	if (parse(&arena, section, &seccomp, &err) < 0 ||
	    seccomp_compile(seccomp, section, false, ret, &err) < 0)
		fail_msg("%s", err.msg);
	arena_done(&arena);
}

static void compile(const char *text, struct seccomp_program *ret)
{
	json_t *section = json_loads(text, 0, NULL);

	compile_json(section, ret);
	json_decref(section);
}

static void assert_refused(const char *text, int errnum, const char *message)
{
	json_t *section = json_loads(text, 0, NULL);
	struct arena arena = ARENA_INIT;
	struct error err = ERROR_INIT;
	struct seccomp *seccomp = NULL;

	assert_non_null(section);
	assert_int_equal(parse(&arena, section, &seccomp, &err), -errnum);
	assert_null(seccomp);
	assert_string_equal(err.msg, message);
	arena_done(&arena);
	json_decref(section);
}

static uint32_t verdict_of(const struct seccomp_program *program, uint32_t arch, int nr,
			   const uint64_t *args)
{
	struct seccomp_data data = { .nr = nr, .arch = arch };

	if (args)
		memcpy(data.args, args, sizeof(data.args));
	return run_filter(program, &data);
}

static uint32_t verdict(const struct seccomp_program *program, const char *name)
{
	return verdict_of(program, seccomp_arch_native(), seccomp_syscall_resolve_name(name), NULL);
}

/* With @value as the second argument and @first as the first. */
static uint32_t verdict_args(const struct seccomp_program *program, const char *name,
			     uint64_t first, uint64_t value)
{
	const uint64_t args[6] = { first, value };

	return verdict_of(program, seccomp_arch_native(), seccomp_syscall_resolve_name(name), args);
}

#define ERRNO(n) (SECCOMP_RET_ERRNO | (n))

static void test_seccomp_parse_refuses_unknown_words_with_their_path(void **state)
{
	(void)state;
	assert_refused("{}", EINVAL, ".defaultAction: missing");
	assert_refused("[]", EINVAL, ": expected an object, got an array");
	assert_refused("{\"defaultAction\":\"ALLOW\"}", EINVAL,
		       ".defaultAction: unknown action 'ALLOW'");
	assert_refused("{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"architectures\":[\"SCMP_ARCH_X86\",\"VAX\"]}",
		       EINVAL, ".architectures[1]: unknown architecture 'VAX'");
	assert_refused("{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"flags\":[\"SECCOMP_FILTER_FLAG_X\"]}",
		       EINVAL, ".flags[0]: unknown flag 'SECCOMP_FILTER_FLAG_X'");
	assert_refused("{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"syscalls\":[{\"names\":[\"read\"],"
		       "\"action\":\"SCMP_ACT_\\u0007\"}]}",
		       EINVAL, ".syscalls[0].action: unknown action 'SCMP_ACT_\\x07'");
}

static void test_seccomp_parse_refuses_bad_arguments(void **state)
{
	(void)state;
	assert_refused("{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"syscalls\":[{\"names\":[\"read\"],\"action\":"
		       "\"SCMP_ACT_ERRNO\",\"args\":[{\"index\":6,\"value\":0,\"op\":\"SCMP_CMP_EQ\"}]}]}",
		       EINVAL,
		       ".syscalls[0].args[0].index: 6, the last argument of a system call is 5");
	assert_refused("{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"syscalls\":[{\"names\":[\"read\"],\"action\":"
		       "\"SCMP_ACT_ERRNO\",\"args\":[{\"index\":5,\"value\":0,\"op\":\"EQ\"}]}]}",
		       EINVAL, ".syscalls[0].args[0].op: unknown operator 'EQ'");
	assert_refused("{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"syscalls\":[{\"names\":[],\"action\":"
		       "\"SCMP_ACT_ERRNO\"}]}",
		       EINVAL, ".syscalls[0].names: empty");
}

static void test_seccomp_parse_refuses_an_errno_where_it_means_nothing(void **state)
{
	(void)state;
	assert_refused("{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"defaultErrnoRet\":1}", EINVAL,
		       ".defaultErrnoRet: SCMP_ACT_ALLOW takes none");
	assert_refused("{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"defaultErrnoRet\":4096}", EINVAL,
		       ".defaultErrnoRet: 4096 is above 4095");
}

#define NOTIFY_MOUNT "\"syscalls\":[{\"names\":[\"mount\"],\"action\":\"SCMP_ACT_NOTIFY\"}]"

static void test_seccomp_parse_refuses_notifications_that_nobody_gets(void **state)
{
	(void)state;
	assert_refused("{\"defaultAction\":\"SCMP_ACT_ALLOW\"," NOTIFY_MOUNT "}", EINVAL,
		       ".listenerPath: missing: SCMP_ACT_NOTIFY needs the socket of who decides");
	assert_refused("{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"listenerPath\":\"\"," NOTIFY_MOUNT
		       "}",
		       EINVAL,
		       ".listenerPath: missing: SCMP_ACT_NOTIFY needs the socket of who decides");
	assert_refused("{\"defaultAction\":\"SCMP_ACT_NOTIFY\",\"listenerPath\":\"/run/x\"}", EINVAL,
		       ".defaultAction: SCMP_ACT_NOTIFY cannot be the default: name the system calls to "
		       "be notified of");
	assert_refused("{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"syscalls\":[{\"names\":[\"mount\"],"
		       "\"action\":\"SCMP_ACT_NOTIFY\",\"errnoRet\":1}]}",
		       EINVAL, ".syscalls[0].errnoRet: SCMP_ACT_NOTIFY takes none");
}

/* The listener of a section, and the flags its filter is loaded with. */
static const struct seccomp_listener *listener_of(struct arena *arena, json_t *section,
						  uint32_t *ret_flags)
{
	struct seccomp_program program = { 0 };
	struct seccomp *seccomp = NULL;

	assert_non_null(section);
	assert_int_equal(parse(arena, section, &seccomp, NULL), 0);
	assert_int_equal(seccomp_compile(seccomp, section, false, &program, NULL), 0);
	*ret_flags = program.flags;
	seccomp_program_done(&program);
	return seccomp_listener(seccomp);
}

#define ALL_FLAGS                                                                                  \
	"\"flags\":[\"SECCOMP_FILTER_FLAG_LOG\",\"SECCOMP_FILTER_FLAG_TSYNC\","                    \
	"\"SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV\"]"

static void test_seccomp_listener_is_there_when_a_rule_notifies(void **state)
{
	json_t *with = json_loads("{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"listenerPath\":\"/run/x\","
				  "\"listenerMetadata\":\"m\"," ALL_FLAGS "," NOTIFY_MOUNT "}",
				  0, NULL);
	json_t *without = json_loads("{\"defaultAction\":\"SCMP_ACT_ALLOW\","
				     "\"listenerPath\":\"/run/x\"," ALL_FLAGS "}",
				     0, NULL);
	struct arena arena = ARENA_INIT;
	const struct seccomp_listener *listener;
	uint32_t flags;

	(void)state;
	listener = listener_of(&arena, with, &flags);
	assert_non_null(listener);
	assert_string_equal(listener->path, "/run/x");
	assert_string_equal(listener->metadata, "m");
	assert_int_equal(flags, SECCOMP_FILTER_FLAG_LOG | SECCOMP_FILTER_FLAG_NEW_LISTENER |
					SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV);
	assert_null(listener_of(&arena, without, &flags));
	assert_int_equal(flags, SECCOMP_FILTER_FLAG_LOG | SECCOMP_FILTER_FLAG_TSYNC);
	arena_done(&arena);
	json_decref(with);
	json_decref(without);
}

static void test_seccomp_compile_gives_each_action_its_value(void **state)
{
	struct seccomp_program program = { 0 };

	(void)state;
	compile("{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"syscalls\":["
		"{\"names\":[\"read\",\"write\"],\"action\":\"SCMP_ACT_ALLOW\"},"
		"{\"names\":[\"mount\"],\"action\":\"SCMP_ACT_ERRNO\",\"errnoRet\":38},"
		"{\"names\":[\"umount2\"],\"action\":\"SCMP_ACT_TRACE\"},"
		"{\"names\":[\"ptrace\"],\"action\":\"SCMP_ACT_KILL\"},"
		"{\"names\":[\"bpf\"],\"action\":\"SCMP_ACT_KILL_PROCESS\"},"
		"{\"names\":[\"reboot\"],\"action\":\"SCMP_ACT_TRAP\"},"
		"{\"names\":[\"chroot\"],\"action\":\"SCMP_ACT_LOG\"}]}",
		&program);
	assert_int_equal(verdict(&program, "read"), SECCOMP_RET_ALLOW);
	assert_int_equal(verdict(&program, "write"), SECCOMP_RET_ALLOW);
	assert_int_equal(verdict(&program, "mount"), ERRNO(ENOSYS));
	assert_int_equal(verdict(&program, "umount2"), SECCOMP_RET_TRACE | EPERM);
	assert_int_equal(verdict(&program, "ptrace"), SECCOMP_RET_KILL_THREAD);
	assert_int_equal(verdict(&program, "bpf"), SECCOMP_RET_KILL_PROCESS);
	assert_int_equal(verdict(&program, "reboot"), SECCOMP_RET_TRAP);
	assert_int_equal(verdict(&program, "chroot"), SECCOMP_RET_LOG);
	assert_int_equal(verdict(&program, "getpid"), ERRNO(EPERM));
	seccomp_program_done(&program);
}

static void test_seccomp_compile_skips_what_the_default_does_and_unknown_calls(void **state)
{
	struct seccomp_program program = { 0 };

	(void)state;
	compile("{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"defaultErrnoRet\":38,\"syscalls\":["
		"{\"names\":[\"mount\"],\"action\":\"SCMP_ACT_ERRNO\",\"errnoRet\":38},"
		"{\"names\":[\"no_such_call\",\"read\"],\"action\":\"SCMP_ACT_ALLOW\"}]}",
		&program);
	assert_int_equal(verdict(&program, "mount"), ERRNO(ENOSYS));
	assert_int_equal(verdict(&program, "read"), SECCOMP_RET_ALLOW);
	seccomp_program_done(&program);
}

static void test_seccomp_compile_compares_64_bits_by_every_operator(void **state)
{
	static const struct {
		const char *op;
		bool below, equal, above;
	} cases[] = {
		{ "SCMP_CMP_NE", true, false, true }, { "SCMP_CMP_LT", true, false, false },
		{ "SCMP_CMP_LE", true, true, false }, { "SCMP_CMP_EQ", false, true, false },
		{ "SCMP_CMP_GE", false, true, true }, { "SCMP_CMP_GT", false, false, true },
	};
	const uint64_t value = 0x100000000; /* a filter of 32 bits would take it for 0 */

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct seccomp_program program = { 0 };
		char text[512];

		(void)snprintf(text, sizeof(text),
			       "{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"syscalls\":[{\"names\":[\"ioctl\"],\"action\":"
			       "\"SCMP_ACT_ALLOW\",\"args\":[{\"index\":1,\"value\":4294967296,\"op\":\"%s\"}]}]}",
			       cases[i].op);
		compile(text, &program);
		assert_int_equal(verdict_args(&program, "ioctl", 0, value - 1) == SECCOMP_RET_ALLOW,
				 cases[i].below);
		assert_int_equal(verdict_args(&program, "ioctl", 0, value) == SECCOMP_RET_ALLOW,
				 cases[i].equal);
		assert_int_equal(verdict_args(&program, "ioctl", 0, value + 1) == SECCOMP_RET_ALLOW,
				 cases[i].above);
		seccomp_program_done(&program);
	}
}

/* As Docker's rule for clone(2): none of the namespace flags. */
static void test_seccomp_compile_masks_with_value_and_compares_with_value_two(void **state)
{
	struct seccomp_program program = { 0 };

	(void)state;
	compile("{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"syscalls\":[{\"names\":[\"clone\"],\"action\":\"SCMP_ACT_ALLOW\","
		"\"args\":[{\"index\":0,\"value\":2114060288,\"valueTwo\":0,\"op\":\"SCMP_CMP_MASKED_EQ\"}]}]}",
		&program);
	assert_int_equal(verdict_args(&program, "clone", 0x11, 0), SECCOMP_RET_ALLOW);
	assert_int_equal(verdict_args(&program, "clone", 0x10000011 /* CLONE_NEWUSER */, 0),
			 ERRNO(EPERM));
	seccomp_program_done(&program);
}

static void test_seccomp_compile_ands_conditions_on_different_arguments(void **state)
{
	struct seccomp_program program = { 0 };

	(void)state;
	compile("{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"syscalls\":[{\"names\":[\"ioctl\"],\"action\":\"SCMP_ACT_ALLOW\","
		"\"args\":[{\"index\":0,\"value\":1,\"op\":\"SCMP_CMP_EQ\"},{\"index\":1,\"value\":2,\"op\":\"SCMP_CMP_EQ\"}"
		"]}]}",
		&program);
	assert_int_equal(verdict_args(&program, "ioctl", 1, 2), SECCOMP_RET_ALLOW);
	assert_int_equal(verdict_args(&program, "ioctl", 1, 3), ERRNO(EPERM));
	assert_int_equal(verdict_args(&program, "ioctl", 0, 2), ERRNO(EPERM));
	seccomp_program_done(&program);
}

static void test_seccomp_compile_ors_conditions_on_the_same_argument(void **state)
{
	struct seccomp_program program = { 0 };

	(void)state;
	compile("{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"syscalls\":[{\"names\":[\"personality\"],\"action\":"
		"\"SCMP_ACT_ALLOW\",\"args\":[{\"index\":0,\"value\":8,\"op\":\"SCMP_CMP_EQ\"},"
		"{\"index\":0,\"value\":4294967295,\"op\":\"SCMP_CMP_EQ\"},{\"index\":0,\"value\":0,\"op\":\"SCMP_CMP_EQ\"}"
		"]}]}",
		&program);
	assert_int_equal(verdict_args(&program, "personality", 8, 0), SECCOMP_RET_ALLOW);
	assert_int_equal(verdict_args(&program, "personality", 0xffffffff, 0), SECCOMP_RET_ALLOW);
	assert_int_equal(verdict_args(&program, "personality", 0, 0), SECCOMP_RET_ALLOW);
	assert_int_equal(verdict_args(&program, "personality", 9, 0), ERRNO(EPERM));
	seccomp_program_done(&program);
}

/* Seven conditions on the same argument: more than a rule of libseccomp holds. */
static void test_seccomp_compile_takes_more_conditions_than_arguments(void **state)
{
	struct seccomp_program program = { 0 };

	(void)state;
	compile("{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"syscalls\":[{\"names\":[\"personality\"],\"action\":"
		"\"SCMP_ACT_ALLOW\",\"args\":[{\"index\":0,\"value\":1,\"op\":\"SCMP_CMP_EQ\"},"
		"{\"index\":0,\"value\":2,\"op\":\"SCMP_CMP_EQ\"},{\"index\":0,\"value\":3,\"op\":\"SCMP_CMP_EQ\"},"
		"{\"index\":0,\"value\":4,\"op\":\"SCMP_CMP_EQ\"},{\"index\":0,\"value\":5,\"op\":\"SCMP_CMP_EQ\"},"
		"{\"index\":0,\"value\":6,\"op\":\"SCMP_CMP_EQ\"},{\"index\":0,\"value\":7,\"op\":\"SCMP_CMP_EQ\"}]}]}",
		&program);
	for (uint64_t value = 1; value <= 7; value++)
		assert_int_equal(verdict_args(&program, "personality", value, 0), SECCOMP_RET_ALLOW);
	assert_int_equal(verdict_args(&program, "personality", 8, 0), ERRNO(EPERM));
	seccomp_program_done(&program);
}

static void test_seccomp_compile_kills_what_comes_by_another_architecture(void **state)
{
	struct seccomp_program program = { 0 };

	(void)state;
	compile("{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"architectures\":[]}", &program);
	assert_int_equal(verdict_of(&program, seccomp_arch_native(), 0, NULL), SECCOMP_RET_ALLOW);
	assert_int_equal(verdict_of(&program, SCMP_ARCH_S390X, 0, NULL), SECCOMP_RET_KILL_THREAD);
	seccomp_program_done(&program);
}

/* The highest number that a list of names has in an architecture. */
static int newest_of(json_t *names, uint32_t arch)
{
	int newest = -1;

	for (size_t i = 0; i < json_array_size(names); i++) {
		int nr = seccomp_syscall_resolve_name_arch(arch, json_string_value(
									 json_array_get(names, i)));

		newest = nr > newest ? nr : newest;
	}
	return newest;
}

static void test_seccomp_compile_says_enosys_to_what_is_newer_than_the_profile(void **state)
{
	struct seccomp_program program = { 0 };

	(void)state;
	if (seccomp_arch_native() != SCMP_ARCH_X86_64)
		skip(); /* the numbers below are those of x86 */
	/* membarrier: 324 on x86_64, 375 on x86; whatever a rule says of it, the profile knows it */
	compile("{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"architectures\":[\"SCMP_ARCH_X86\"],\"syscalls\":["
		"{\"names\":[\"read\"],\"action\":\"SCMP_ACT_ALLOW\"},"
		"{\"names\":[\"membarrier\"],\"action\":\"SCMP_ACT_ERRNO\"}]}",
		&program);
	assert_int_equal(verdict_of(&program, SCMP_ARCH_X86_64, 0, NULL), SECCOMP_RET_ALLOW);
	assert_int_equal(verdict_of(&program, SCMP_ARCH_X86_64, 324, NULL), ERRNO(EPERM));
	assert_int_equal(verdict_of(&program, SCMP_ARCH_X86_64, 325, NULL), ERRNO(ENOSYS));
	assert_int_equal(verdict_of(&program, SCMP_ARCH_X86_64, 9999, NULL), ERRNO(ENOSYS));
	assert_int_equal(verdict_of(&program, SCMP_ARCH_X86, 375, NULL), ERRNO(EPERM));
	assert_int_equal(verdict_of(&program, SCMP_ARCH_X86, 376, NULL), ERRNO(ENOSYS));
	/* architectures that are not in it, x32 among them, stay the filter's */
	assert_int_equal(verdict_of(&program, SCMP_ARCH_S390X, 9999, NULL), SECCOMP_RET_KILL_THREAD);
	assert_int_equal(verdict_of(&program, SCMP_ARCH_X86_64, 0x40000000, NULL),
			 SECCOMP_RET_KILL_THREAD);
	seccomp_program_done(&program);
}

static void test_seccomp_compile_leaves_newer_calls_to_a_default_that_lets_them_pass(void **state)
{
	static const struct {
		const char *text;
		uint32_t verdict;
	} rows[] = {
		{ "\"SCMP_ACT_ALLOW\"", SECCOMP_RET_ALLOW },
		{ "\"SCMP_ACT_LOG\"", SECCOMP_RET_LOG },
		{ "\"SCMP_ACT_TRACE\",\"defaultErrnoRet\":7", SECCOMP_RET_TRACE | 7 },
		{ "\"SCMP_ACT_KILL_PROCESS\"", ERRNO(ENOSYS) },
		{ "\"SCMP_ACT_ERRNO\",\"defaultErrnoRet\":1", ERRNO(ENOSYS) },
	};
	char text[256];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct seccomp_program program = { 0 };

		(void)snprintf(text, sizeof(text),
			       "{\"defaultAction\":%s,\"syscalls\":[{\"names\":[\"getppid\"],"
			       "\"action\":\"SCMP_ACT_ERRNO\",\"errnoRet\":5}]}",
			       rows[i].text);
		compile(text, &program);
		assert_int_equal(verdict_of(&program, seccomp_arch_native(), 9999, NULL),
				 rows[i].verdict);
		assert_int_equal(verdict_of(&program, seccomp_arch_native(), SYS_getppid, NULL),
				 ERRNO(5));
		seccomp_program_done(&program);
	}
}

/* Odd numbers allowed, on three architectures at once: the binary tree has to find each of them. */
static void test_seccomp_compile_decides_every_call_of_every_architecture(void **state)
{
	static const uint32_t arches[] = { SCMP_ARCH_X86_64, SCMP_ARCH_X86 };
	struct seccomp_program program = { 0 };
	json_t *names = json_array(), *section;

	(void)state;
	if (seccomp_arch_native() != SCMP_ARCH_X86_64)
		skip(); /* the numbers below are those of x86 */
	for (int nr = 1; nr < 470; nr += 2) {
		char *name = seccomp_syscall_resolve_num_arch(SCMP_ARCH_X86_64, nr);

		if (name)
			(void)json_array_append_new(names, json_string(name));
		free(name);
	}
	section = json_pack("{s:s, s:[s, s, s], s:[{s:O, s:s}]}", "defaultAction", "SCMP_ACT_ERRNO",
			    "architectures", "SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32",
			    "syscalls", "names", names, "action", "SCMP_ACT_ALLOW");
	compile_json(section, &program);
	for (size_t i = 0; i < sizeof(arches) / sizeof(arches[0]); i++) {
		int newest = newest_of(names, arches[i]);

		for (int nr = 0; nr < 470; nr++) {
			char *name = seccomp_syscall_resolve_num_arch(arches[i], nr);
			bool allowed = false;

			for (size_t j = 0; name && j < json_array_size(names); j++)
				allowed |= strcmp(json_string_value(json_array_get(names, j)),
						  name) == 0;
			if (verdict_of(&program, arches[i], nr, NULL) !=
			    (allowed ? SECCOMP_RET_ALLOW : ERRNO(nr > newest ? ENOSYS : EPERM)))
				fail_msg("call %d '%s' of architecture %#x", nr, name ? name : "?",
					 arches[i]);
			free(name);
		}
	}
	/* x32: numbers of x86_64 with bit 30. */
	assert_int_equal(verdict_of(&program, SCMP_ARCH_X86_64, 0x40000000 | SYS_write, NULL),
			 SECCOMP_RET_ALLOW);
	assert_int_equal(verdict_of(&program, SCMP_ARCH_X86_64, 0x40000000 | SYS_read, NULL),
			 ERRNO(EPERM));
	seccomp_program_done(&program);
	json_decref(section);
	json_decref(names);
}

static void assert_flags(const char *list, uint32_t expected)
{
	struct seccomp_program program = { 0 };
	char text[256];

	(void)snprintf(text, sizeof(text), "{\"defaultAction\":\"SCMP_ACT_ALLOW\"%s%s}",
		       *list ? ",\"flags\":" : "", list);
	compile(text, &program);
	assert_int_equal(program.flags, expected);
	seccomp_program_done(&program);
}

static void test_seccomp_compile_takes_flags_from_the_section(void **state)
{
	(void)state;
	assert_flags("", SECCOMP_FILTER_FLAG_SPEC_ALLOW);
	assert_flags("[]", 0);
	assert_flags("[\"SECCOMP_FILTER_FLAG_LOG\",\"SECCOMP_FILTER_FLAG_TSYNC\"]",
		     SECCOMP_FILTER_FLAG_LOG | SECCOMP_FILTER_FLAG_TSYNC);
	/* The kernel refuses this one without a listener. */
	assert_flags("[\"SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV\"]", 0);
}

static void test_seccomp_install_makes_the_kernel_obey(void **state)
{
	struct seccomp_program program = { 0 };
	int status = 0;
	pid_t pid;

	(void)state;
	compile("{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"syscalls\":[{\"names\":[\"getppid\"],\"action\":\"SCMP_ACT_ERRNO\","
		"\"errnoRet\":77}],\"flags\":[\"SECCOMP_FILTER_FLAG_TSYNC\",\"SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV\"]}",
		&program);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		struct error err = ERROR_INIT;

		if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || seccomp_install(&program, &err) < 0)
			_exit(1);
		_exit(syscall(SYS_getppid) < 0 && errno == 77 && getpid() > 0 ? 0 : 2);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
	seccomp_program_done(&program);
}

/* What `features` promises is what the parser takes. */
static void test_seccomp_features_lists_what_is_accepted(void **state)
{
	json_t *features = seccomp_features(), *name;
	size_t i;

	(void)state;
	assert_true(json_is_true(json_object_get(features, "enabled")));
	json_array_foreach(json_object_get(features, "actions"), i, name) {
		/* as a rule: one of them cannot be the default */
		json_t *section = json_pack("{s:s, s:s, s:[{s:[s], s:O}]}", "defaultAction",
					    "SCMP_ACT_ALLOW", "listenerPath", "/run/x", "syscalls",
					    "names", "read", "action", name);
		struct seccomp_program program = { 0 };

		compile_json(section, &program);
		seccomp_program_done(&program);
		json_decref(section);
	}
	assert_int_equal(i, 9);
	json_array_foreach(json_object_get(features, "operators"), i, name) {
		json_t *section = json_pack("{s:s, s:[{s:[s], s:s, s:[{s:i, s:i, s:O}]}]}",
					    "defaultAction", "SCMP_ACT_ALLOW", "syscalls", "names",
					    "read", "action", "SCMP_ACT_ERRNO", "args", "index", 0,
					    "value", 1, "op", name);
		struct seccomp_program program = { 0 };

		compile_json(section, &program);
		seccomp_program_done(&program);
		json_decref(section);
	}
	assert_int_equal(i, 7);
	assert_int_equal(json_array_size(json_object_get(features, "knownFlags")), 4);
	json_decref(features);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_seccomp_parse_refuses_unknown_words_with_their_path),
		cmocka_unit_test(test_seccomp_parse_refuses_bad_arguments),
		cmocka_unit_test(test_seccomp_parse_refuses_an_errno_where_it_means_nothing),
		cmocka_unit_test(test_seccomp_parse_refuses_notifications_that_nobody_gets),
		cmocka_unit_test(test_seccomp_listener_is_there_when_a_rule_notifies),
		cmocka_unit_test(test_seccomp_compile_gives_each_action_its_value),
		cmocka_unit_test(test_seccomp_compile_skips_what_the_default_does_and_unknown_calls),
		cmocka_unit_test(test_seccomp_compile_compares_64_bits_by_every_operator),
		cmocka_unit_test(test_seccomp_compile_masks_with_value_and_compares_with_value_two),
		cmocka_unit_test(test_seccomp_compile_ands_conditions_on_different_arguments),
		cmocka_unit_test(test_seccomp_compile_ors_conditions_on_the_same_argument),
		cmocka_unit_test(test_seccomp_compile_takes_more_conditions_than_arguments),
		cmocka_unit_test(test_seccomp_compile_kills_what_comes_by_another_architecture),
		cmocka_unit_test(test_seccomp_compile_says_enosys_to_what_is_newer_than_the_profile),
		cmocka_unit_test(
			test_seccomp_compile_leaves_newer_calls_to_a_default_that_lets_them_pass),
		cmocka_unit_test(test_seccomp_compile_decides_every_call_of_every_architecture),
		cmocka_unit_test(test_seccomp_compile_takes_flags_from_the_section),
		cmocka_unit_test(test_seccomp_install_makes_the_kernel_obey),
		cmocka_unit_test(test_seccomp_features_lists_what_is_accepted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
