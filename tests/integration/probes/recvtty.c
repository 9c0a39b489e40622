/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * recvtty SOCKET - an engine's end of --console-socket and --pidfd-socket: takes one descriptor, says what it is, then
 * relays it if it is a terminal.
 *
 * Prints "name=NAME tty=1 rows=R cols=C", then what the terminal shows; its own standard input goes to the terminal.
 * For a pidfd it is "name=NAME pid=PID".
 * The socket appears under its name only when it listens, so that a test can wait for the file.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <termios.h>
#include <unistd.h>

static int listen_at(const char *path)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || (size_t)snprintf(addr.sun_path, sizeof(addr.sun_path), "%s.new", path) >=
			      sizeof(addr.sun_path))
		return -1;
	if (bind(fd, (struct sockaddr *)&addr, sizeof(addr)) < 0 || listen(fd, 1) < 0 ||
	    rename(addr.sun_path, path) < 0)
		return -1;
	return fd;
}

static int receive(int sock, char *name, size_t size)
{
	union {
		char bytes[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control;
	struct iovec iov = { .iov_base = name, .iov_len = size - 1 };
	struct msghdr msg = { .msg_iov = &iov,
			      .msg_iovlen = 1,
			      .msg_control = control.bytes,
			      .msg_controllen = sizeof(control.bytes) };
	struct cmsghdr *c;
	ssize_t n = recvmsg(sock, &msg, MSG_CMSG_CLOEXEC);
	int fd;

	if (n < 0)
		return -1;
	name[n] = '\0';
	c = CMSG_FIRSTHDR(&msg);
	if (!c || c->cmsg_type != SCM_RIGHTS || c->cmsg_len != CMSG_LEN(sizeof(int)))
		return -1;
	memcpy(&fd, CMSG_DATA(c), sizeof(fd));
	return fd;
}

/* Of a pidfd: proc_pid_fdinfo(5). 0: it is none. */
static int pid_of(int fd)
{
	char path[64], line[128];
	int pid = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	f = fopen(path, "re");
	while (f && pid == 0 && fgets(line, sizeof(line), f))
		(void)sscanf(line, "Pid: %d", &pid);
	if (f)
		fclose(f);
	return pid;
}

static int copy(int from, int to)
{
	char buf[4096];
	ssize_t n = read(from, buf, sizeof(buf));

	if (n <= 0)
		return -1; /* EIO: the last holder of the terminal is gone */
	return write(to, buf, (size_t)n) == n ? 0 : -1;
}

int main(int argc, char **argv)
{
	struct winsize size = { 0 };
	char name[4096];
	struct pollfd p[2];
	int sock, conn, tty;

	if (argc != 2)
		return 2;
	sock = listen_at(argv[1]);
	conn = sock < 0 ? -1 : accept4(sock, NULL, NULL, SOCK_CLOEXEC);
	tty = conn < 0 ? -1 : receive(conn, name, sizeof(name));
	if (tty < 0) {
		perror("recvtty");
		return 1;
	}
	if (pid_of(tty) > 0) {
		printf("name=%s pid=%d\n", name, pid_of(tty));
		return 0;
	}
	(void)ioctl(tty, TIOCGWINSZ, &size); /* zeros say enough */
	printf("name=%s tty=%d rows=%d cols=%d\n", name, isatty(tty), size.ws_row, size.ws_col);
	fflush(stdout);

	p[0] = (struct pollfd){ .fd = tty, .events = POLLIN };
	p[1] = (struct pollfd){ .fd = 0, .events = POLLIN };
	while (poll(p, 2, -1) > 0 || errno == EINTR) {
		if (p[0].revents && copy(tty, 1) < 0)
			break;
		if (p[1].revents && copy(0, tty) < 0)
			p[1].fd = -1; /* our input ended; the terminal lives on */
	}
	return 0;
}
