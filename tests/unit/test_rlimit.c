/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tests of runtime/rlimit.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "arena.h"
#include "error.h"
#include "rlimit.h"

static int parse(const char *text, struct arena *arena, struct json_array *ret, struct error *err)
{
	json_t *value = json_loads(text, 0, NULL);
	int r;

	assert_non_null(value);
	r = rlimit_parse(arena, value, ret, err);
	json_decref(value);
	return r;
}

static void assert_refused(const char *text, const char *message)
{
	struct arena arena = ARENA_INIT;
	struct error err = ERROR_INIT;
	struct json_array list = { 0 };

	assert_int_equal(parse(text, &arena, &list, &err), -EINVAL);
	assert_string_equal(err.msg, message);
	assert_null(list.items);
	arena_done(&arena);
}

static void test_rlimit_parse_keeps_order_and_values(void **state)
{
	struct arena arena = ARENA_INIT;
	struct error err = ERROR_INIT;
	struct json_array list = { 0 };
	struct rlimit_entry *entries;

	(void)state;
	assert_int_equal(parse("[{\"type\":\"RLIMIT_NOFILE\",\"soft\":1024,\"hard\":4096},"
			       "{\"type\":\"RLIMIT_CORE\",\"hard\":0,\"soft\":0}]",
			       &arena, &list, &err),
			 0);
	assert_int_equal(list.n, 2);
	entries = list.items;
	assert_int_equal(entries[0].resource, RLIMIT_NOFILE);
	assert_int_equal(entries[0].soft, 1024);
	assert_int_equal(entries[0].hard, 4096);
	assert_int_equal(entries[1].resource, RLIMIT_CORE);
	arena_done(&arena);
}

/* What Docker writes for --ulimit core=-1: RLIM_INFINITY does not fit into jansson's integers. */
static void test_rlimit_parse_takes_infinity(void **state)
{
	const char *text =
		"[{\"type\":\"RLIMIT_CORE\",\"soft\":18446744073709551615,\"hard\":18446744073709551615}]";
	struct arena arena = ARENA_INIT;
	struct error err = ERROR_INIT;
	struct json_array list = { 0 };
	json_t *value = NULL;

	(void)state;
	assert_int_equal(json_read_text(text, strlen(text), "rlimits", &value, &err), 0);
	assert_int_equal(rlimit_parse(&arena, value, &list, &err), 0);
	assert_true(((struct rlimit_entry *)list.items)->hard == RLIM_INFINITY);
	json_decref(value);
	arena_done(&arena);
}

static void test_rlimit_parse_refuses_duplicates(void **state)
{
	(void)state;
	assert_refused("[{\"type\":\"RLIMIT_CORE\",\"soft\":0,\"hard\":0},{\"type\":\"RLIMIT_CORE\",\"soft\":0,\"hard\":0}]",
		       "[1].type: RLIMIT_CORE is named twice");
}

static void test_rlimit_parse_refuses_unknown_names(void **state)
{
	(void)state;
	assert_refused("[{\"type\":\"RLIMIT_FUN\",\"soft\":0,\"hard\":0}]",
		       "[0].type: unknown limit 'RLIMIT_FUN'");
	assert_refused("[{\"type\":\"nofile\",\"soft\":0,\"hard\":0}]",
		       "[0].type: unknown limit 'nofile'");
}

static void test_rlimit_parse_refuses_soft_above_hard(void **state)
{
	(void)state;
	assert_refused("[{\"type\":\"RLIMIT_CORE\",\"soft\":2,\"hard\":1}]",
		       "[0].soft: 2 is above the hard limit 1");
}

static void test_rlimit_parse_refuses_wrong_types(void **state)
{
	(void)state;
	assert_refused("{}", ": expected an array, got an object");
	assert_refused("[7]", "[0]: expected an object, got an integer");
	assert_refused("[{\"type\":\"RLIMIT_CORE\",\"soft\":1}]", "[0].hard: missing");
}

/* More entries than there are limits: found as a duplicate, whatever the length. */
static void test_rlimit_parse_takes_all_sixteen_and_not_one_more(void **state)
{
	static const char *const names[] = {
		"RLIMIT_AS",	 "RLIMIT_CORE",	  "RLIMIT_CPU",	       "RLIMIT_DATA",
		"RLIMIT_FSIZE",	 "RLIMIT_LOCKS",  "RLIMIT_MEMLOCK",    "RLIMIT_MSGQUEUE",
		"RLIMIT_NICE",	 "RLIMIT_NOFILE", "RLIMIT_NPROC",      "RLIMIT_RSS",
		"RLIMIT_RTPRIO", "RLIMIT_RTTIME", "RLIMIT_SIGPENDING", "RLIMIT_STACK",
	};
	json_t *value = json_array();
	struct arena arena = ARENA_INIT;
	struct error err = ERROR_INIT;
	struct json_array list = { 0 };

	(void)state;
	for (size_t i = 0; i < 16; i++)
		(void)json_array_append_new(value, json_pack("{s:s, s:i, s:i}", "type", names[i],
							     "soft", 1, "hard", 1));
	assert_int_equal(rlimit_parse(&arena, value, &list, &err), 0);
	assert_int_equal(list.n, 16);
	for (size_t i = 0; i < 50; i++)
		(void)json_array_append(value, json_array_get(value, 0));
	assert_int_equal(rlimit_parse(&arena, value, &list, &err), -EINVAL);
	assert_string_equal(err.msg, "[16].type: RLIMIT_AS is named twice");
	json_decref(value);
	arena_done(&arena);
}

static void test_rlimit_apply_limits_another_process(void **state)
{
	struct rlimit_entry entry = { .resource = RLIMIT_CORE, .soft = 0, .hard = 0 };
	const struct json_array list = { &entry, 1 };
	struct error err = ERROR_INIT;
	struct rlimit limit = { .rlim_max = 1 };
	pid_t pid = fork();

	(void)state;
	assert_true(pid >= 0);
	if (pid == 0) {
		(void)pause();
		_exit(0);
	}
	assert_int_equal(rlimit_apply(pid, geteuid(), &list, &err), 0);
	assert_int_equal(prlimit(pid, RLIMIT_CORE, NULL, &limit), 0);
	assert_int_equal(limit.rlim_max, 0);
	(void)kill(pid, SIGKILL);
	(void)waitpid(pid, NULL, 0);
	/* Dead and gone: the error says which limit. */
	assert_int_equal(rlimit_apply(pid, geteuid(), &list, &err), -ESRCH);
	assert_non_null(strstr(err.msg, "process.rlimits: cannot set RLIMIT_CORE to 0:0: "));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rlimit_parse_keeps_order_and_values),
		cmocka_unit_test(test_rlimit_parse_takes_infinity),
		cmocka_unit_test(test_rlimit_parse_refuses_duplicates),
		cmocka_unit_test(test_rlimit_parse_refuses_unknown_names),
		cmocka_unit_test(test_rlimit_parse_refuses_soft_above_hard),
		cmocka_unit_test(test_rlimit_parse_refuses_wrong_types),
		cmocka_unit_test(test_rlimit_parse_takes_all_sixteen_and_not_one_more),
		cmocka_unit_test(test_rlimit_apply_limits_another_process),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
