/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Unit tests of monitor_calls: what the socket of listeners knows of who sends. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "error.h"
#include "fd.h"
#include "monitor_abi.h"
#include "monitor_calls.h"
#include "unix_socket.h"

/* The keeper drops what root did not send, and may look long after it was sent. */
static void test_monitor_calls_bind_notes_who_sends_before_anybody_looks(void **state)
{
	char folder[] = "/tmp/bulwark-unit.XXXXXX", byte;
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(struct ucred)) + CMSG_SPACE(sizeof(int))];
	struct iovec iov = { .iov_base = &byte, .iov_len = 1 };
	struct msghdr m = { .msg_iov = &iov,
			    .msg_iovlen = 1,
			    .msg_control = control,
			    .msg_controllen = sizeof(control) };
	struct ucred who = { .uid = (uid_t)-1 };
	struct error err = ERROR_INIT;
	int dir_fd, sock, path_fd, sender;

	(void)state;
	assert_non_null(mkdtemp(folder));
	dir_fd = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
	sock = monitor_calls_bind(dir_fd, &err);
	assert_true(sock >= 0);
	path_fd = openat(dir_fd, MONITOR_CALLS_SOCKET, O_PATH | O_CLOEXEC);
	sender = unix_socket_connect_fd("test", path_fd, SOCK_DGRAM, &err);
	assert_true(sender >= 0);
	assert_int_equal(fd_send(sender, "", 1, &dir_fd, 1, &err), 0);

	assert_int_equal(recvmsg(sock, &m, MSG_DONTWAIT | MSG_CMSG_CLOEXEC), 1);
	for (struct cmsghdr *h = CMSG_FIRSTHDR(&m); h; h = CMSG_NXTHDR(&m, h))
		if (h->cmsg_type == SCM_CREDENTIALS)
			memcpy(&who, CMSG_DATA(h), sizeof(who));
	assert_int_equal(who.uid, getuid());
	assert_int_equal(who.pid, getpid());

	close(sender);
	close(path_fd);
	close(sock);
	assert_int_equal(unlinkat(dir_fd, MONITOR_CALLS_SOCKET, 0), 0);
	close(dir_fd);
	assert_int_equal(rmdir(folder), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_monitor_calls_bind_notes_who_sends_before_anybody_looks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
