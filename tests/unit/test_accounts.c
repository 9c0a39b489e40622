/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Unit tests of accounts: files that a static program reads by itself. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "accounts.h"

static struct accounts_file file(const char *text)
{
	return (struct accounts_file){ (char *)(uintptr_t)text, strlen(text) };
}

static void test_accounts_read_takes_a_missing_file_for_empty(void **state)
{
	struct accounts_file f = { (char *)1, 1 };

	(void)state;
	assert_int_equal(accounts_read("/nonexistent", "passwd", &f, NULL), 0);
	assert_null(f.text);
	assert_int_equal(f.len, 0);
}

static void test_accounts_read_refuses_a_folder(void **state)
{
	struct accounts_file f = { NULL, 0 };

	(void)state;
	assert_int_equal(accounts_read("/", "tmp", &f, NULL), -EISDIR);
}

static void test_accounts_next_skips_what_is_no_line(void **state)
{
	struct accounts_file f = file("# a:b:c\n\na:b\nx:y:z\n:::\np:q:r:s");
	struct accounts_field fields[3];
	size_t cursor = 0;

	(void)state;
	assert_true(accounts_next(&f, &cursor, fields, 3));
	assert_true(accounts_field_is(&fields[0], "x"));
	assert_true(accounts_field_is(&fields[2], "z"));
	assert_true(accounts_next(&f, &cursor, fields, 3));
	assert_true(accounts_field_is(&fields[2], ""));
	assert_true(accounts_next(&f, &cursor, fields, 3));
	assert_true(accounts_field_is(&fields[2], "r"));
	assert_false(accounts_next(&f, &cursor, fields, 3));
	assert_false(accounts_next(&f, &cursor, fields, 3));
}

static void test_accounts_next_goes_past_a_nul(void **state)
{
	struct accounts_file f = { (char[]){ 'a', '\0', ':', '7', '\0', '\n', 'b', ':', '8', '\n' },
				   10 };
	struct accounts_field fields[2];
	size_t cursor = 0;
	uint32_t id;

	(void)state;
	assert_true(accounts_next(&f, &cursor, fields, 2));
	assert_false(accounts_field_is(&fields[0], "a"));
	assert_false(accounts_field_u32(&fields[1], &id));
	assert_true(accounts_next(&f, &cursor, fields, 2));
	assert_true(accounts_field_u32(&fields[1], &id));
	assert_int_equal(id, 8);
}

static void test_accounts_find_takes_the_first_whole_line(void **state)
{
	struct accounts_file f = file(
		"bad:x:1000\nbad:x:1000:x\nann:x:1000:100::/:/bin/sh\nbob:x:1000:200::/:/bin/sh\n");
	struct account account;

	(void)state;
	assert_true(accounts_find(&f, 1000, &account));
	assert_string_equal(account.name, "ann");
	assert_int_equal(account.gid, 100);
	assert_false(accounts_find(&f, 100, &account));
	assert_string_equal(account.name, "ann");
}

static void test_accounts_find_leaves_out_a_name_without_end(void **state)
{
	char text[ACCOUNTS_NAME_MAX + 32];
	struct account account;
	struct accounts_file f;

	(void)state;
	memset(text, 'n', ACCOUNTS_NAME_MAX - 1);
	(void)stpcpy(text + ACCOUNTS_NAME_MAX - 1, ":x:5:6:");
	f = file(text);
	assert_true(accounts_find(&f, 5, &account));
	memset(text, 'n', ACCOUNTS_NAME_MAX);
	(void)stpcpy(text + ACCOUNTS_NAME_MAX, ":x:5:6:");
	f = file(text);
	assert_false(accounts_find(&f, 5, &account));
}

static void test_accounts_has_goes_by_name_and_number(void **state)
{
	struct accounts_file passwd = file("ann:x:1000:100::/:/bin/sh\n1001:x:5:5::/:/bin/sh\n");
	struct accounts_field ann = { "ann", 3 }, an = { "an", 2 }, number = { "1000", 4 },
			      odd = { "1001", 4 };

	(void)state;
	assert_true(accounts_has(&passwd, &ann));
	assert_false(accounts_has(&passwd, &an));
	assert_true(accounts_has(&passwd, &number));
	assert_true(accounts_has(&passwd, &odd)); /* a name may look like a number */
}

static void test_accounts_subids_are_the_owners_alone(void **state)
{
	struct accounts_file f = file(
		"ann:100000:65536\nbob:200000:65536\n1000:300000:10\nanna:400000:5\n10:500000:5\n");
	struct id_span spans[8];

	(void)state;
	assert_int_equal(accounts_subids(&f, 1000, "ann", 0, spans, 8), 2);
	assert_int_equal(spans[0].first, 100000);
	assert_int_equal(spans[0].size, 65536);
	assert_int_equal(spans[1].first, 300000);
	assert_int_equal(accounts_subids(&f, 1000, NULL, 0, spans, 8), 1);
	assert_int_equal(accounts_subids(&f, 1000, "ann", 0, spans, 1), 1);
	assert_int_equal(accounts_subids(&f, 7, "", 0, spans, 8), 0);
}

static void test_accounts_subids_drops_what_cannot_be_mapped(void **state)
{
	struct accounts_file f = file(
		"a:100000:65536\na:165535:2\na:99999:2\na:4294967295:1\na:4294967294:1\n"
		"a:4294967294:2\na:500:1000\na:0:1\na:200000:0\na:300000:4294967296\na:-5:5\na: 7:7\n"
		"a:165536:1\n");
	struct id_span spans[8];

	(void)state;
	assert_int_equal(accounts_subids(&f, 1, "a", 1000, spans, 8), 3);
	assert_int_equal(spans[0].first, 100000);
	assert_int_equal(spans[1].first, 4294967294U);
	assert_int_equal(spans[2].first, 165536);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_accounts_read_takes_a_missing_file_for_empty),
		cmocka_unit_test(test_accounts_read_refuses_a_folder),
		cmocka_unit_test(test_accounts_next_skips_what_is_no_line),
		cmocka_unit_test(test_accounts_next_goes_past_a_nul),
		cmocka_unit_test(test_accounts_find_takes_the_first_whole_line),
		cmocka_unit_test(test_accounts_find_leaves_out_a_name_without_end),
		cmocka_unit_test(test_accounts_has_goes_by_name_and_number),
		cmocka_unit_test(test_accounts_subids_are_the_owners_alone),
		cmocka_unit_test(test_accounts_subids_drops_what_cannot_be_mapped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
