/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hammer - owns an attacker that never rests: what the BPF layer must refuse, again and again, from inside a container.
 *
 *   hammer [PAUSE-MS]
 *
 * In turn: a socket of AF_ALG, a user namespace, and, where descriptor 100 is a leaked folder, its file `secret`. On SIGTERM it
 * prints "attempts N, successes M", and does nothing from then on, until it is killed.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define LEAKED_FD 100

static volatile sig_atomic_t stopped;

static void stop(int signal)
{
	(void)signal;
	stopped = 1;
}

static int try_alg(void)
{
	return socket(AF_ALG, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
}

/* It stays in the namespace should it succeed: that counts all the same. */
static int try_userns(void)
{
	return unshare(CLONE_NEWUSER);
}

static int try_leak(void)
{
	return openat(LEAKED_FD, "secret", O_RDONLY | O_CLOEXEC);
}

int main(int argc, char **argv)
{
	int (*const attempts[])(void) = { try_alg, try_userns, try_leak };
	const size_t n = fcntl(LEAKED_FD, F_GETFD) >= 0 ? 3 : 2;
	const struct timespec pause_for = { .tv_nsec = 1000000L * (argc > 1 ? atoi(argv[1]) : 1) };
	unsigned long done = 0, successes = 0;

	if (signal(SIGTERM, stop) == SIG_ERR)
		return 1;
	while (!stopped) {
		int r = attempts[done++ % n]();

		if (r >= 0 || (errno != EPERM && errno != EACCES)) {
			successes++;
			fprintf(stderr, "hammer: attempt %lu: %s\n", done,
				r >= 0 ? "ok" : strerrorname_np(errno));
			if (r > 2)
				(void)close(r);
		}
		(void)nanosleep(&pause_for, NULL);
	}
	printf("attempts %lu, successes %lu\n", done, successes);
	(void)fflush(stdout);
	for (;;)
		(void)pause();
}
