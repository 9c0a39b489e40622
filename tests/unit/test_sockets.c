/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Unit tests of sockets: the text of /proc/net/unix. How folders are judged by it: test_source.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "sockets.h"

static void test_sockets_next_path_finds_listeners_with_a_path(void **state)
{
	char text[] = "Num       RefCount Protocol Flags    Type St Inode Path\n"
		      "ffff88800: 00000002 00000000 00010000 0001 01 12345 /run/a b.sock\n"
		      "ffff88800: 00000002 00000000 00000000 0001 03 12345 /connected\n"
		      "ffff88800: 00000002 00000000 00010000 0001 01 12345 @abstract\n"
		      "ffff88800: 00000002 00000000 00010000 0001 01 12345\n"
		      "ffff88800: 00000002 00000000 00010000 0005 01     7 /seqpacket\n"
		      "garbage\n"
		      "\n"
		      "ffff88800: 00000002 00000000 00010000 0001 01 12345 relative\n"
		      "ffff88800: 00000002 00000000 00010000 0001 01 12345 /last";
	char *rest = text;

	(void)state;
	assert_string_equal(sockets_next_path(&rest), "/run/a b.sock");
	assert_string_equal(sockets_next_path(&rest), "/seqpacket");
	assert_string_equal(sockets_next_path(&rest), "/last");
	assert_null(sockets_next_path(&rest));
	assert_null(sockets_next_path(&rest));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sockets_next_path_finds_listeners_with_a_path),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
