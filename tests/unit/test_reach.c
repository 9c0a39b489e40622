/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Unit tests of reach: which folders keep users out. How whole paths are judged: test_source.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "reach.h"

static bool closed(mode_t mode, uid_t uid, gid_t gid, bool has_acl)
{
	const struct stat st = { .st_mode = mode, .st_uid = uid, .st_gid = gid };

	return reach_is_closed(&st, has_acl);
}

static void test_reach_is_closed_lets_only_root_pass(void **state)
{
	(void)state;
	assert_true(closed(S_IFDIR | 0700, 0, 0, false));
	assert_true(closed(S_IFDIR | 0744, 0, 5, false)); /* its names can be read, nothing behind them */
	assert_true(closed(S_IFDIR | 0710, 0, 0, false));
	assert_false(closed(S_IFDIR | 0710, 0, 5, false));
	assert_false(closed(S_IFDIR | 0710, 0, 0, true)); /* the bits may be another's */
	assert_true(closed(S_IFDIR | 0700, 0, 0, true));
	assert_false(closed(S_IFDIR | 0701, 0, 0, false));
	assert_false(closed(S_IFDIR | 0700, 1000, 0, false));
	assert_false(closed(S_IFREG | 0600, 0, 0, false));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reach_is_closed_lets_only_root_pass),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
