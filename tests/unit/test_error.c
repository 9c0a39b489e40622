/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Unit tests of error: how lines are started, extended and cut. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "error.h"

static void test_error_set_appends_the_reason(void **state)
{
	struct error err = ERROR_INIT;

	(void)state;
	assert_int_equal(error_set(&err, EACCES, "cannot open '%s'", "etc/passwd"), -EACCES);
	assert_int_equal(err.code, EACCES);
	assert_string_equal(err.msg, "cannot open 'etc/passwd': Permission denied");
}

static void test_error_set_keeps_the_line_one_line(void **state)
{
	struct error err = ERROR_INIT;

	(void)state;
	(void)error_text(&err, EINVAL, "name '%s'", "a\nb\x1b[2J\x7f\xc3\xa4");
	assert_string_equal(err.msg, "name 'a?b?[2J?\xc3\xa4'");
}

static void test_error_set_replaces_an_older_line(void **state)
{
	struct error err = ERROR_INIT;

	(void)state;
	error_set(&err, EACCES, "a long line that came first");
	assert_int_equal(error_set(&err, ENOENT, "new"), -ENOENT);
	assert_int_equal(err.code, ENOENT);
	assert_string_equal(err.msg, "new: No such file or directory");
}

static void test_error_set_survives_an_unknown_number(void **state)
{
	struct error err = ERROR_INIT;

	(void)state;
	assert_int_equal(error_set(&err, 123456, "odd"), -123456);
	assert_string_equal(err.msg, "odd: unknown error");
}

static void test_error_text_is_the_text_alone(void **state)
{
	struct error err = ERROR_INIT;

	(void)state;
	assert_int_equal(error_text(&err, EINVAL, "%d is odd", 3), -EINVAL);
	assert_int_equal(err.code, EINVAL);
	assert_string_equal(err.msg, "3 is odd");
}

static void test_error_wrap_puts_text_in_front_and_keeps_the_code(void **state)
{
	struct error err = ERROR_INIT;

	(void)state;
	error_set(&err, ENOENT, "cannot open 'x'");
	assert_int_equal(error_wrap(&err, "process.%s", "user"), -ENOENT);
	assert_int_equal(error_wrap(&err, "create"), -ENOENT);
	assert_string_equal(err.msg,
			    "create: process.user: cannot open 'x': No such file or directory");
}

static void test_error_wrap_may_quote_the_old_line(void **state)
{
	struct error err = ERROR_INIT;

	(void)state;
	error_text(&err, EINVAL, "old");
	error_wrap(&err, "<%s>", err.msg);
	assert_string_equal(err.msg, "<old>: old");
}

static void test_error_wrap_without_a_cause_is_still_a_failure(void **state)
{
	struct error err = ERROR_INIT;

	(void)state;
	assert_int_equal(error_wrap(&err, "create"), -EIO);
	assert_int_equal(err.code, EIO);
	assert_string_equal(err.msg, "create");
}

static void test_error_prefix_adds_no_separator(void **state)
{
	struct error err = ERROR_INIT;

	(void)state;
	error_text(&err, EINVAL, ": missing");
	assert_int_equal(error_prefix(&err, "uid"), -EINVAL);
	assert_int_equal(error_prefix(&err, "user."), -EINVAL);
	assert_string_equal(err.msg, "user.uid: missing");
}

static void test_error_prefix_without_a_cause_is_still_a_failure(void **state)
{
	struct error err = ERROR_INIT;

	(void)state;
	assert_int_equal(error_prefix(&err, "x"), -EIO);
}

static void test_error_functions_accept_no_error(void **state)
{
	(void)state;
	assert_int_equal(error_set(NULL, ENOENT, "x"), -ENOENT);
	assert_int_equal(error_text(NULL, EPERM, "x"), -EPERM);
	assert_int_equal(error_wrap(NULL, "x"), -EIO);
	assert_int_equal(error_prefix(NULL, "x"), -EIO);
}

/* 507 characters fit, one more does not. */
static void test_error_text_cuts_only_what_does_not_fit(void **state)
{
	struct error err = ERROR_INIT;

	(void)state;
	error_text(&err, EINVAL, "%0507d", 0);
	assert_int_equal(strlen(err.msg), ERROR_MSG_MAX - 1);
	assert_null(strchr(err.msg, '.'));

	error_text(&err, EINVAL, "%0508d", 0);
	assert_int_equal(strlen(err.msg), ERROR_MSG_MAX - 1);
	assert_string_equal(err.msg + ERROR_MSG_MAX - 5, "0...");
}

static void test_error_set_cuts_in_the_reason(void **state)
{
	struct error err = ERROR_INIT;

	(void)state;
	error_set(&err, EACCES, "%0500d", 0); /* 500 + 2 + 17 */
	assert_int_equal(strlen(err.msg), ERROR_MSG_MAX - 1);
	assert_string_equal(err.msg + 500, ": Pe...");
}

static void test_error_wrap_keeps_cutting_to_the_same_length(void **state)
{
	struct error err = ERROR_INIT;

	(void)state;
	error_text(&err, EINVAL, "cause");
	for (int i = 0; i < 200; i++) {
		assert_int_equal(error_wrap(&err, "level %d", i), -EINVAL);
		assert_true(strlen(err.msg) < ERROR_MSG_MAX);
	}
	assert_int_equal(strncmp(err.msg, "level 199: level 198: ", 22), 0);
	assert_string_equal(err.msg + strlen(err.msg) - 3, "...");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_error_set_appends_the_reason),
		cmocka_unit_test(test_error_set_keeps_the_line_one_line),
		cmocka_unit_test(test_error_set_replaces_an_older_line),
		cmocka_unit_test(test_error_set_survives_an_unknown_number),
		cmocka_unit_test(test_error_text_is_the_text_alone),
		cmocka_unit_test(test_error_wrap_puts_text_in_front_and_keeps_the_code),
		cmocka_unit_test(test_error_wrap_may_quote_the_old_line),
		cmocka_unit_test(test_error_wrap_without_a_cause_is_still_a_failure),
		cmocka_unit_test(test_error_prefix_adds_no_separator),
		cmocka_unit_test(test_error_prefix_without_a_cause_is_still_a_failure),
		cmocka_unit_test(test_error_functions_accept_no_error),
		cmocka_unit_test(test_error_text_cuts_only_what_does_not_fit),
		cmocka_unit_test(test_error_set_cuts_in_the_reason),
		cmocka_unit_test(test_error_wrap_keeps_cutting_to_the_same_length),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
