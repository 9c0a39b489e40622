/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tests of runtime/program.c with /bin/sh; more of it is tested by way of hooks, test_hooks.c. */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "error.h"
#include "program.h"
#include "str.h"

static int run(const char *script, int64_t timeout_s, struct program_end *end, struct error *err)
{
	const char *const args[] = { "sh", "-c", script, NULL };
	const struct program program = {
		.path = "/bin/sh", .args = args, .input = "one\ntwo\n", .timeout_s = timeout_s
	};

	return program_run(&program, end, err);
}

static void test_program_run_gives_input_and_takes_output(void **state)
{
	struct program_end end;
	struct error err = ERROR_INIT;

	(void)state;
	assert_int_equal(run("cat; exit 3", 10, &end, &err), 0);
	assert_true(end.exited);
	assert_int_equal(end.status, 3);
	assert_string_equal(end.output, "one\ntwo\n");
	assert_string_equal(program_last_line(&end), "two");
}

static void test_program_run_gives_no_environment(void **state)
{
	struct program_end end;
	struct error err = ERROR_INIT;

	(void)state;
	assert_int_equal(run("tr '\\0' '\\n' </proc/self/environ | grep -c HOME", 10, &end, &err), 0);
	assert_string_equal(program_last_line(&end), "0");
}

static void test_program_run_tells_a_signal(void **state)
{
	struct program_end end;
	struct error err = ERROR_INIT;

	(void)state;
	assert_int_equal(run("kill -KILL $$", 10, &end, &err), 0);
	assert_false(end.exited);
	assert_int_equal(end.status, SIGKILL);
	assert_string_equal(program_last_line(&end), "");
}

static void test_program_run_ends_in_time(void **state)
{
	struct program_end end;
	struct error err = ERROR_INIT;

	(void)state;
	assert_int_equal(run("sleep 100", 1, &end, &err), -ETIMEDOUT);
	assert_string_equal(err.msg, "killed after its time-out of 1 seconds");
}

static void test_program_run_says_what_cannot_be_executed(void **state)
{
	const struct program program = { .path = "/no/such/program", .input = "" };
	struct program_end end;
	struct error err = ERROR_INIT;

	(void)state;
	assert_int_equal(program_run(&program, &end, &err), -ENOENT);
	assert_non_null(str_after(err.msg, "cannot execute it: "));
}

static void test_program_run_keeps_the_end_of_the_output(void **state)
{
	struct program_end end;
	struct error err = ERROR_INIT;

	(void)state;
	assert_int_equal(run("yes | head -c 100000; echo; echo last", 10, &end, &err), 0);
	assert_int_equal(end.output_len, PROGRAM_OUTPUT_MAX);
	assert_string_equal(program_last_line(&end), "last");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_program_run_gives_input_and_takes_output),
		cmocka_unit_test(test_program_run_gives_no_environment),
		cmocka_unit_test(test_program_run_tells_a_signal),
		cmocka_unit_test(test_program_run_ends_in_time),
		cmocka_unit_test(test_program_run_says_what_cannot_be_executed),
		cmocka_unit_test(test_program_run_keeps_the_end_of_the_output),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
