/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Unit tests of signals: what `kill` accepts as a signal. */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "error.h"
#include "signals.h"

static int parse(const char *text)
{
	struct error err = ERROR_INIT;
	int signal = -1;

	assert_int_equal(signals_parse(text, &signal, &err), 0);
	assert_int_equal(err.code, 0);
	return signal;
}

static void refuse(const char *text)
{
	struct error err = ERROR_INIT;
	int signal = 12345;

	assert_int_equal(signals_parse(text, &signal, &err), -EINVAL);
	assert_int_equal(signal, 12345);
	assert_non_null(strstr(err.msg, "unknown signal"));
}

static void test_signals_parse_takes_names_with_and_without_sig(void **state)
{
	(void)state;
	assert_int_equal(parse("SIGTERM"), SIGTERM);
	assert_int_equal(parse("TERM"), SIGTERM);
	assert_int_equal(parse("sigkill"), SIGKILL);
	assert_int_equal(parse("winch"), SIGWINCH);
	assert_int_equal(parse("SIGPOLL"), SIGIO);
	assert_int_equal(parse("CLD"), SIGCHLD);
}

static void test_signals_parse_takes_numbers_up_to_64(void **state)
{
	(void)state;
	assert_int_equal(parse("0"), 0);
	assert_int_equal(parse("9"), SIGKILL);
	assert_int_equal(parse("15"), SIGTERM);
	assert_int_equal(parse("33"), 33);
	assert_int_equal(parse("64"), 64);
	refuse("65");
	refuse("4294967305"); /* 9 in 32 bits */
	refuse("-9");
	refuse("+9");
	refuse("9 ");
}

static void test_signals_parse_takes_real_time_signals(void **state)
{
	(void)state;
	assert_int_equal(parse("RTMIN"), 34);
	assert_int_equal(parse("SIGRTMIN"), 34);
	assert_int_equal(parse("SIGRTMIN+3"), 37);
	assert_int_equal(parse("rtmax"), 64);
	assert_int_equal(parse("RTMAX-14"), 50);
	assert_int_equal(parse("RTMIN+30"), 64);
	refuse("RTMIN+31");
	refuse("RTMAX-31");
	refuse("RTMIN-1");
	refuse("RTMAX+1");
	refuse("RTMIN+");
	refuse("RTMIN3");
}

static void test_signals_parse_refuses_what_is_no_signal(void **state)
{
	(void)state;
	refuse("");
	refuse("SIG");
	refuse("SIGSIGTERM");
	refuse("TERMINATE");
	refuse("TERM\n");
	refuse("SIG15");
}

static void test_signals_parse_quotes_what_it_prints(void **state)
{
	struct error err = ERROR_INIT;
	int signal;

	(void)state;
	assert_int_equal(signals_parse("\033[31m", &signal, &err), -EINVAL);
	assert_null(strchr(err.msg, '\033'));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_signals_parse_takes_names_with_and_without_sig),
		cmocka_unit_test(test_signals_parse_takes_numbers_up_to_64),
		cmocka_unit_test(test_signals_parse_takes_real_time_signals),
		cmocka_unit_test(test_signals_parse_refuses_what_is_no_signal),
		cmocka_unit_test(test_signals_parse_quotes_what_it_prints),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
