/* SPDX-License-Identifier: GPL-2.0-or-later */
/* channel - see channel.h. */
#include "channel.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "error.h"
#include "fd.h"

struct message {
	uint32_t word;
	int32_t value;
	struct error error; /* of CHANNEL_FAILED */
};

int channel_make(int ret_pair[2], struct error *err)
{
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ret_pair) < 0)
		return error_set(err, errno, "cannot make a socket pair");
	return 0;
}

int channel_say(int sock, enum channel_word word, int32_t value, int fd, struct error *err)
{
	struct message m = { .word = word, .value = value };

	return fd_send(sock, &m, sizeof(m), &fd, fd >= 0 ? 1 : 0, err);
}

void channel_fail(int sock, const struct error *why)
{
	struct message m = { .word = CHANNEL_FAILED, .error = *why };

	(void)fd_send(sock, &m, sizeof(m), NULL, 0, NULL); /* a peer that is gone does not care */
}

int channel_hear(int sock, enum channel_word word, int32_t *ret_value, int *ret_fd, struct error *err)
{
	_cleanup_close_ int fd = -EBADF;
	struct message m;
	size_t n_fds = 0;
	ssize_t n;

	n = fd_recv(sock, &m, sizeof(m), &fd, 1, &n_fds, err);
	if (n < 0)
		return (int)n;
	if (n == 0)
		return error_text(err, EPIPE, "the other side died");
	if (n != sizeof(m))
		return error_text(err, EPROTO, "a message of %zd bytes", n);
	if (m.word == CHANNEL_FAILED && m.error.code > 0) {
		m.error.msg[sizeof(m.error.msg) - 1] = 0;
		if (err)
			*err = m.error;
		return -m.error.code;
	}
	if (m.word != word)
		return error_text(err, EPROTO, "the other side said %u, not %u", m.word, word);
	if (ret_value)
		*ret_value = m.value;
	if (ret_fd)
		*ret_fd = take_fd(&fd);
	return 0;
}

int channel_hear_middle(int sock, pid_t middle, enum channel_word word, int32_t *ret_value,
			int *ret_fd, struct error *err)
{
	_cleanup_close_ int middle_fd = (int)syscall(SYS_pidfd_open, middle, 0);
	struct pollfd fds[] = {
		{ .fd = sock, .events = POLLIN },
		{ .fd = middle_fd, .events = POLLIN },
	};
	int r;

	if (middle_fd < 0)
		return error_set(err, errno, "pidfd_open");
	do
		r = poll(fds, 2, -1);
	while (r < 0 && errno == EINTR);
	if (r < 0)
		return error_set(err, errno, "cannot wait for the container to be joined");
	/* dead: what it said before is there by now */
	if (!fds[0].revents && poll(fds, 1, 0) <= 0)
		return error_text(err, EPIPE, "the process that joins the container died");
	return channel_hear(sock, word, ret_value, ret_fd, err);
}
