/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Unit tests of str: formatting, numbers, quoting. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "str.h"

static void test_str_format_takes_what_just_fits(void **state)
{
	char buf[6] = "xxxxx";

	(void)state;
	assert_int_equal(str_format(buf, sizeof(buf), "%s", "abcde"), 0);
	assert_string_equal(buf, "abcde");
}

static void test_str_format_refuses_one_byte_more(void **state)
{
	char buf[6] = "xxxxx";

	(void)state;
	assert_int_equal(str_format(buf, sizeof(buf), "%s", "abcdef"), -ENAMETOOLONG);
	assert_string_equal(buf, "");
	assert_int_equal(str_format(buf, 0, "%s", ""), -ENAMETOOLONG);
}

static void test_str_dupf_returns_text_of_any_length(void **state)
{
	char *s = str_dupf("%05000d", 7);

	(void)state;
	assert_non_null(s);
	assert_int_equal(strlen(s), 5000);
	assert_string_equal(s + 4998, "07");
	free(s);
}

static void test_str_after_returns_the_rest_or_nothing(void **state)
{
	(void)state;
	assert_string_equal(str_after("lowerdir=/a", "lowerdir="), "/a");
	assert_string_equal(str_after("ab", "ab"), "");
	assert_string_equal(str_after("ab", ""), "ab");
	assert_null(str_after("a", "ab"));
	assert_null(str_after("xab", "ab"));
}

static void test_parse_u32_takes_its_whole_range(void **state)
{
	uint32_t value = 1;

	(void)state;
	assert_int_equal(parse_u32("0", &value), 0);
	assert_int_equal(value, 0);
	assert_int_equal(parse_u32("4294967295", &value), 0);
	assert_int_equal(value, UINT32_MAX);
	assert_int_equal(parse_u32("0000000000000000000000007", &value), 0);
	assert_int_equal(value, 7);
}

static void test_parse_u32_refuses_what_is_above(void **state)
{
	uint32_t value = 77;

	(void)state;
	assert_int_equal(parse_u32("4294967296", &value), -ERANGE);
	assert_int_equal(parse_u32("18446744073709551616", &value), -ERANGE); /* 2^64 wraps to 0 */
	assert_int_equal(value, 77);
}

static void test_parse_u32_refuses_what_strtoul_accepts(void **state)
{
	static const char *const bad[] = { "",	 "-1",	"+1", " 1",   "1 ",	      "0x1", "1e3",
					   "1.", "1\n", "-0", "\xb2", "\xef\xbc\x91", "a",   "/" };
	uint32_t value = 77;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		assert_int_equal(parse_u32(bad[i], &value), -EINVAL);
	assert_int_equal(parse_u32("99999999999999999999x", &value), -EINVAL);
	assert_int_equal(value, 77);
}

static void test_parse_u64_ends_at_its_maximum(void **state)
{
	uint64_t value = 77;

	(void)state;
	assert_int_equal(parse_u64("18446744073709551616", &value), -ERANGE);
	assert_int_equal(parse_u64("184467440737095516150", &value), -ERANGE);
	assert_true(value == 77);
	assert_int_equal(parse_u64("18446744073709551615", &value), 0);
	assert_true(value == UINT64_MAX);
}

static void test_parse_i64_takes_both_ends(void **state)
{
	int64_t value = 77;

	(void)state;
	assert_int_equal(parse_i64("9223372036854775807", &value), 0);
	assert_true(value == INT64_MAX);
	assert_int_equal(parse_i64("-9223372036854775808", &value), 0);
	assert_true(value == INT64_MIN);
	assert_int_equal(parse_i64("-1", &value), 0);
	assert_true(value == -1);
	assert_int_equal(parse_i64("-0", &value), 0);
	assert_true(value == 0);
}

static void test_parse_i64_refuses_what_is_beyond(void **state)
{
	int64_t value = 77;

	(void)state;
	assert_int_equal(parse_i64("9223372036854775808", &value), -ERANGE);
	assert_int_equal(parse_i64("-9223372036854775809", &value), -ERANGE);
	assert_int_equal(parse_i64("-", &value), -EINVAL);
	assert_int_equal(parse_i64("--1", &value), -EINVAL);
	assert_int_equal(parse_i64("+1", &value), -EINVAL);
	assert_int_equal(parse_i64("", &value), -EINVAL);
	assert_true(value == 77);
}

static void test_parse_mode_is_octal_up_to_07777(void **state)
{
	uint32_t mode = 77;

	(void)state;
	assert_int_equal(parse_mode("755", &mode), 0);
	assert_int_equal(mode, 0755);
	assert_int_equal(parse_mode("07777", &mode), 0);
	assert_int_equal(mode, 07777);
	assert_int_equal(parse_mode("10000", &mode), -ERANGE);
	assert_int_equal(parse_mode("8", &mode), -EINVAL);
	assert_int_equal(parse_mode("", &mode), -EINVAL);
	assert_int_equal(parse_mode("0o7", &mode), -EINVAL);
	assert_int_equal(mode, 07777);
}

static void test_str_quote_shows_what_is_not_printable(void **state)
{
	char buf[64];

	(void)state;
	assert_string_equal(str_quote("a b~'\\", buf, sizeof(buf)), "a b~'\\");
	assert_string_equal(str_quote("\x1b[2J\n\t\x7f\xff", buf, sizeof(buf)),
			    "\\x1b[2J\\x0a\\x09\\x7f\\xff");
	assert_string_equal(str_quote("", buf, sizeof(buf)), "");
}

static void test_str_quote_cuts_between_characters(void **state)
{
	char buf[9];

	(void)state;
	assert_string_equal(str_quote("12345678", buf, sizeof(buf)), "12345678");
	assert_string_equal(str_quote("123456789", buf, sizeof(buf)), "12345...");
	assert_string_equal(str_quote("1\n2\n", buf, sizeof(buf)), "1\\x0a...");
	assert_string_equal(str_quote("12\n34", buf, sizeof(buf)), "12\\x0a34");
	assert_string_equal(str_quote("12\n345", buf, sizeof(buf)), "12...");
	assert_string_equal(str_quote("\n\n", buf, sizeof(buf)), "\\x0a\\x0a");
	assert_string_equal(str_quote("\n\n\n", buf, sizeof(buf)), "\\x0a...");
}

/* Whatever the input and the size are, what comes out fits, ends, and is printable. */
static void test_str_quote_stays_inside_its_buffer(void **state)
{
	char text[64], guarded[80];

	(void)state;
	srandom(1);
	for (int round = 0; round < 20000; round++) {
		size_t len = (size_t)random() % sizeof(text), size = 8 + (size_t)random() % 60;

		for (size_t i = 0; i < len; i++)
			text[i] = (char)(1 + random() % 255);
		text[len ? len - 1 : 0] = '\0';
		memset(guarded, '#', sizeof(guarded));
		str_quote(text, guarded, size);
		assert_true(strnlen(guarded, size) < size);
		assert_int_equal(guarded[size], '#');
		for (const char *p = guarded; *p; p++)
			assert_in_range(*p, ' ', '~');
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_str_format_takes_what_just_fits),
		cmocka_unit_test(test_str_format_refuses_one_byte_more),
		cmocka_unit_test(test_str_dupf_returns_text_of_any_length),
		cmocka_unit_test(test_str_after_returns_the_rest_or_nothing),
		cmocka_unit_test(test_parse_u32_takes_its_whole_range),
		cmocka_unit_test(test_parse_u32_refuses_what_is_above),
		cmocka_unit_test(test_parse_u32_refuses_what_strtoul_accepts),
		cmocka_unit_test(test_parse_u64_ends_at_its_maximum),
		cmocka_unit_test(test_parse_i64_takes_both_ends),
		cmocka_unit_test(test_parse_i64_refuses_what_is_beyond),
		cmocka_unit_test(test_parse_mode_is_octal_up_to_07777),
		cmocka_unit_test(test_str_quote_shows_what_is_not_printable),
		cmocka_unit_test(test_str_quote_cuts_between_characters),
		cmocka_unit_test(test_str_quote_stays_inside_its_buffer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
