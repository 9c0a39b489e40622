/* SPDX-License-Identifier: GPL-2.0-or-later */
/* await PID MS - waits for the end of a process that need not be a child; 0: it ended, 1: it did not in time. */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	struct pollfd p = { .events = POLLIN };

	if (argc != 3) {
		fprintf(stderr, "usage: await PID MS\n");
		return 2;
	}
	p.fd = (int)syscall(SYS_pidfd_open, (pid_t)strtol(argv[1], NULL, 10), 0);
	if (p.fd < 0) {
		if (errno == ESRCH || errno == EINVAL)
			return 0;
		perror("pidfd_open");
		return 2;
	}
	return poll(&p, 1, (int)strtol(argv[2], NULL, 10)) == 1 ? 0 : 1;
}
