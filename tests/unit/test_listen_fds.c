/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Unit tests of listen_fds: whom the variables are meant for, and what the process gets. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "arena.h"
#include "error.h"
#include "listen_fds.h"
#include "process.h"
#include "str.h"

static void set(const char *fds, const char *pid, const char *names)
{
	char ours[16];

	(void)str_format(ours, sizeof(ours), "%d", (int)getpid());
	unsetenv("LISTEN_FDS");
	unsetenv("LISTEN_PID");
	unsetenv("LISTEN_FDNAMES");
	if (fds)
		setenv("LISTEN_FDS", fds, 1);
	if (pid)
		setenv("LISTEN_PID", *pid ? pid : ours, 1); /* "": ours */
	if (names)
		setenv("LISTEN_FDNAMES", names, 1);
}

static uint32_t count(const char *fds, const char *pid)
{
	uint32_t n = 77;

	set(fds, pid, NULL);
	assert_int_equal(listen_fds_count(&n, NULL), 0);
	return n;
}

static void test_listen_fds_count_is_0_unless_they_are_ours(void **state)
{
	(void)state;
	assert_int_equal(count("3", ""), 3);
	assert_int_equal(count("0", ""), 0);
	assert_int_equal(count("3", NULL), 0);
	assert_int_equal(count(NULL, ""), 0);
	assert_int_equal(count("3", "1"), 0);
	assert_int_equal(count("x", "1"), 0);
	assert_int_equal(count("3", "-1"), 0);
}

static void test_listen_fds_count_refuses_what_is_no_count(void **state)
{
	static const char *const bad[] = { "", "-1", "3x", "4294967296", "1025" };
	struct error err = ERROR_INIT;
	uint32_t n;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		set(bad[i], "", NULL);
		assert_true(listen_fds_count(&n, &err) < 0);
		assert_non_null(strstr(err.msg, "LISTEN_FDS"));
		assert_int_equal(n, 0);
	}
}

static void test_listen_fds_add_env_comes_behind_the_spec(void **state)
{
	const char *env[] = { "LISTEN_PID=9", NULL };
	struct process process = { .env = env };
	struct arena arena = ARENA_INIT;

	(void)state;
	set("2", "", "a:b");
	assert_int_equal(listen_fds_add_env(&arena, &process, 0, NULL), 0);
	assert_ptr_equal(process.env, env);
	assert_int_equal(listen_fds_add_env(&arena, &process, 2, NULL), 0);
	assert_string_equal(process.env[0], "LISTEN_PID=9");
	assert_string_equal(process.env[1], "LISTEN_FDS=2");
	assert_string_equal(process.env[2], "LISTEN_PID=1");
	assert_string_equal(process.env[3], "LISTEN_FDNAMES=a:b");
	assert_null(process.env[4]);
	process.env = NULL;
	set("2", "", NULL);
	assert_int_equal(listen_fds_add_env(&arena, &process, 2, NULL), 0);
	assert_string_equal(process.env[0], "LISTEN_FDS=2");
	assert_null(process.env[2]);
	arena_done(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_listen_fds_count_is_0_unless_they_are_ours),
		cmocka_unit_test(test_listen_fds_count_refuses_what_is_no_count),
		cmocka_unit_test(test_listen_fds_add_env_comes_behind_the_spec),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
