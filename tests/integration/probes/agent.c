/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * agent SOCKET [NR=ERRNO...] - decides about system calls, as what listens at linux.seccomp.listenerPath does.
 *
 * Calls go on, but for those that are named: they fail with ERRNO. One line for each thing that happens:
 *   STATE N JSON       a container process state came, with N descriptors in its first message
 *   CALL NR PID        somebody made this call
 */
#include <errno.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define LISTENERS_MAX 32

static struct {
	int nr, errnum;
} denied[64];
static int denied_n;

/* The whole document, to the end of the stream, as it may come in pieces; the listener, or -1. */
static int receive(int sock)
{
	static char text[1 << 20];
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(8 * sizeof(int))];
	struct iovec iov = { text, sizeof(text) - 1 };
	struct msghdr msg = { .msg_iov = &iov,
			      .msg_iovlen = 1,
			      .msg_control = control,
			      .msg_controllen = sizeof(control) };
	ssize_t n = recvmsg(sock, &msg, MSG_CMSG_CLOEXEC), more;
	struct cmsghdr *cmsg = CMSG_FIRSTHDR(&msg);
	int fds[8] = { -1 }, fds_n = 0;

	if (n <= 0)
		return -1;
	if (cmsg && cmsg->cmsg_type == SCM_RIGHTS) {
		fds_n = (int)((cmsg->cmsg_len - CMSG_LEN(0)) / sizeof(int));
		memcpy(fds, CMSG_DATA(cmsg), (size_t)fds_n * sizeof(int));
	}
	while ((more = read(sock, text + n, sizeof(text) - 1 - (size_t)n)) > 0)
		n += more;
	text[n] = '\0';
	printf("STATE %d %s\n", fds_n, text);
	return fds[0];
}

/* One call. -1: nobody has the filter any more. */
static int serve(int listener)
{
	struct seccomp_notif call = { 0 };
	struct seccomp_notif_resp answer = { .flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE };

	if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &call) < 0)
		return errno == ENOENT || errno == EINTR ? 0 : -1;
	printf("CALL %d %u\n", call.data.nr, call.pid);
	answer.id = call.id;
	for (int i = 0; i < denied_n; i++)
		if (denied[i].nr == call.data.nr) {
			answer.flags = 0;
			answer.error = -denied[i].errnum;
		}
	(void)ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &answer); /* ENOENT: a signal came first */
	return 0;
}

int main(int argc, char **argv)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	struct pollfd fds[1 + LISTENERS_MAX];
	int sock = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), n = 1;

	if (argc < 2 || strlen(argv[1]) + 1 >= sizeof(address.sun_path))
		return 2;
	/* it has its name when it listens, so that a test can wait for the file */
	(void)snprintf(address.sun_path, sizeof(address.sun_path), "%s.", argv[1]);
	for (int i = 2; i < argc; i++, denied_n++)
		if (sscanf(argv[i], "%d=%d", &denied[denied_n].nr, &denied[denied_n].errnum) != 2)
			return 2;
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (bind(sock, (struct sockaddr *)&address, sizeof(address)) < 0 || listen(sock, 8) < 0 ||
	    rename(address.sun_path, argv[1]) < 0) {
		perror(argv[1]);
		return 1;
	}
	fds[0] = (struct pollfd){ .fd = sock, .events = POLLIN };
	for (;;) {
		if (poll(fds, (nfds_t)n, -1) < 0)
			return 1;
		for (int i = n - 1; i > 0; i--) {
			if (!fds[i].revents)
				continue;
			if (!(fds[i].revents & POLLIN) || serve(fds[i].fd) < 0) {
				close(fds[i].fd);
				fds[i] = fds[--n];
			}
		}
		if (fds[0].revents && n <= LISTENERS_MAX) {
			int peer = accept(sock, NULL, NULL);
			int listener = peer < 0 ? -1 : receive(peer);

			if (listener >= 0)
				fds[n++] = (struct pollfd){ .fd = listener, .events = POLLIN };
			close(peer);
		}
	}
}
