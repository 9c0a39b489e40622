/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Unit tests of gvariant: the texts that are values, and those that are not. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "gvariant.h"

static void test_gvariant_parse_reads_integers(void **state)
{
	static const struct {
		const char *text;
		bool negative;
		uint64_t magnitude;
	} rows[] = {
		{ "0", false, 0 },
		{ " 5 ", false, 5 },
		{ "+5", false, 5 },
		{ "-5", true, 5 },
		{ "2147483647", false, INT32_MAX },
		{ "-2147483648", true, 1U << 31 },
		{ "uint64 18446744073709551615", false, UINT64_MAX },
		{ "@t 5", false, 5 },
		{ "int64 -1", true, 1 },
		{ "byte 0xff", false, 255 },
		{ "0x1E", false, 30 },
		{ "uint64 123456789", false, 123456789 },
	};
	struct gvariant value;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (gvariant_parse(rows[i].text, &value) < 0)
			fail_msg("'%s' is refused", rows[i].text);
		assert_int_equal(value.kind, GVARIANT_INTEGER);
		assert_int_equal(value.negative, rows[i].negative);
		assert_true(value.magnitude == rows[i].magnitude);
	}
}

static void test_gvariant_parse_reads_the_other_kinds(void **state)
{
	struct gvariant value;

	(void)state;
	assert_int_equal(gvariant_parse("true", &value), 0);
	assert_true(value.kind == GVARIANT_BOOL && value.boolean);
	assert_int_equal(gvariant_parse("boolean false", &value), 0);
	assert_true(value.kind == GVARIANT_BOOL && !value.boolean);
	assert_int_equal(gvariant_parse("1.5", &value), 0);
	assert_true(value.kind == GVARIANT_DOUBLE && value.number > 1.4 && value.number < 1.6);
	assert_int_equal(gvariant_parse("double 2", &value), 0);
	assert_true(value.kind == GVARIANT_DOUBLE);
	assert_int_equal(gvariant_parse("'it\\'s'", &value), 0);
	assert_true(value.kind == GVARIANT_STRING);
	assert_string_equal(value.strings[0], "it's");
	assert_int_equal(gvariant_parse("@s \"a'b\"", &value), 0);
	assert_string_equal(value.strings[0], "a'b");
	assert_int_equal(gvariant_parse("['a', \"bc\" ]", &value), 0);
	assert_true(value.kind == GVARIANT_STRINGS && value.n == 2);
	assert_string_equal(value.strings[1], "bc");
	assert_int_equal(gvariant_parse("@as []", &value), 0);
	assert_true(value.kind == GVARIANT_STRINGS && value.n == 0);
}

static void test_gvariant_parse_refuses(void **state)
{
	static const char *const texts[] = {
		"",
		" ",
		"tru",
		"truer",
		"true false",
		"5 5",
		"05",
		"5x",
		"0x",
		"0x11111111111111111",
		"--5",
		"2147483648",
		"-2147483649",
		"byte 256",
		"byte -1",
		"uint64 -1",
		"uint64 18446744073709551616",
		"int16 32768",
		"uint64 'a'",
		"string 5",
		"'a",
		"a'",
		"'a\"",
		"'a' 'b'",
		"'a\nb'",
		"'\xc3\xa4'",
		"'a\\nb'",
		"'\\",
		"['a'",
		"['a' 'b']",
		"[,]",
		"[5]",
		"[['a']]",
		"@zz 5",
		"@",
		"@t",
		"uint64",
		"nan",
		"inf",
		"1e999",
		"1.5.5",
		"double x",
		"(1, 2)",
		"{'a': 5}",
		"<5>",
		"nothing",
		"just 5",
		"b'a'",
	};
	struct gvariant value;

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (gvariant_parse(texts[i], &value) != -EINVAL)
			fail_msg("\"%s\" is taken", texts[i]);
}

static void test_gvariant_parse_has_bounds(void **state)
{
	static char text[2 * GVARIANT_TEXT_MAX];
	struct gvariant value;
	char *p = text;

	(void)state;
	memset(text, 'a', sizeof(text) - 1);
	text[0] = '\'';
	text[GVARIANT_TEXT_MAX] = '\'';
	text[GVARIANT_TEXT_MAX + 1] = '\0'; /* one byte for the NUL: just fits */
	assert_int_equal(gvariant_parse(text, &value), 0);
	text[GVARIANT_TEXT_MAX] = 'a';
	text[GVARIANT_TEXT_MAX + 1] = '\'';
	text[GVARIANT_TEXT_MAX + 2] = '\0';
	assert_int_equal(gvariant_parse(text, &value), -EINVAL);
	*p++ = '[';
	for (int i = 0; i <= GVARIANT_STRINGS_MAX; i++, p += 3)
		memcpy(p, "'',", 3);
	memcpy(p, "]", 2);
	assert_int_equal(gvariant_parse(text, &value), -EINVAL);
	memcpy(p - 3, "]", 2);
	assert_int_equal(gvariant_parse(text, &value), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_gvariant_parse_reads_integers),
		cmocka_unit_test(test_gvariant_parse_reads_the_other_kinds),
		cmocka_unit_test(test_gvariant_parse_refuses),
		cmocka_unit_test(test_gvariant_parse_has_bounds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
