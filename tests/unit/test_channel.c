/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Unit tests of channel: words, descriptors and errors that cross between two processes. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "channel.h"
#include "error.h"
#include "fd.h"

static int pair[2];

static int open_pair(void **state)
{
	(void)state;
	return channel_make(pair, NULL);
}

static int close_pair(void **state)
{
	(void)state;
	pair[0] = fd_close(pair[0]);
	pair[1] = fd_close(pair[1]);
	return 0;
}

static void test_channel_hear_takes_word_value_and_descriptor(void **state)
{
	_cleanup_close_ int null_fd = open("/dev/null", O_RDONLY | O_CLOEXEC), got_fd = -EBADF;
	struct error err = ERROR_INIT;
	int32_t value = 0;

	(void)state;
	assert_int_equal(channel_say(pair[0], CHANNEL_JOINED, 4711, null_fd, &err), 0);
	assert_int_equal(channel_hear(pair[1], CHANNEL_JOINED, &value, &got_fd, &err), 0);
	assert_int_equal(value, 4711);
	assert_true(got_fd >= 0);
	assert_int_equal(fcntl(got_fd, F_GETFD), FD_CLOEXEC);
}

static void test_channel_hear_closes_a_descriptor_nobody_wants(void **state)
{
	_cleanup_close_ int null_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	int before, after;

	(void)state;
	before = dup(null_fd); /* the lowest free number */
	fd_close(before);
	assert_int_equal(channel_say(pair[0], CHANNEL_SEALED, 0, null_fd, NULL), 0);
	assert_int_equal(channel_hear(pair[1], CHANNEL_SEALED, NULL, NULL, NULL), 0);
	after = dup(null_fd);
	fd_close(after);
	assert_int_equal(before, after);
}

static void test_channel_fail_carries_the_error(void **state)
{
	struct error why = ERROR_INIT, err = ERROR_INIT;

	(void)state;
	(void)error_set(&why, ENOENT, "cannot open '%s'", "/x");
	channel_fail(pair[0], &why);
	assert_int_equal(channel_hear(pair[1], CHANNEL_SEALED, NULL, NULL, &err), -ENOENT);
	assert_string_equal(err.msg, why.msg);
}

static void test_channel_hear_refuses_another_word(void **state)
{
	struct error err = ERROR_INIT;

	(void)state;
	assert_int_equal(channel_say(pair[0], CHANNEL_NAMED, 0, -EBADF, &err), 0);
	assert_int_equal(channel_hear(pair[1], CHANNEL_SEALED, NULL, NULL, &err), -EPROTO);
}

static void test_channel_hear_notices_the_death_of_the_peer(void **state)
{
	struct error err = ERROR_INIT;

	(void)state;
	pair[0] = fd_close(pair[0]);
	assert_int_equal(channel_hear(pair[1], CHANNEL_SEALED, NULL, NULL, &err), -EPIPE);
}

static void test_channel_hear_refuses_what_is_no_message(void **state)
{
	struct error err = ERROR_INIT;

	(void)state;
	assert_int_equal(send(pair[0], "x", 1, 0), 1);
	assert_int_equal(channel_hear(pair[1], CHANNEL_SEALED, NULL, NULL, &err), -EPROTO);
}

#define WITH_PAIR(test) cmocka_unit_test_setup_teardown(test, open_pair, close_pair)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_PAIR(test_channel_hear_takes_word_value_and_descriptor),
		WITH_PAIR(test_channel_hear_closes_a_descriptor_nobody_wants),
		WITH_PAIR(test_channel_fail_carries_the_error),
		WITH_PAIR(test_channel_hear_refuses_another_word),
		WITH_PAIR(test_channel_hear_notices_the_death_of_the_peer),
		WITH_PAIR(test_channel_hear_refuses_what_is_no_message),
	};

	return cmocka_run_group_tests_name("channel", tests, NULL, NULL);
}
