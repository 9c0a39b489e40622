/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * tiny - owns what the measured containers run: nothing, or waiting for a signal.
 *
 *   tiny        ends with status 0
 *   tiny wait   sleeps until a signal ends it
 *
 * Whatever a container's program itself costs is in every row of every runtime, so it should cost nothing.
 */
#include <signal.h>
#include <string.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	if (argc == 1)
		_exit(0);
	if (strcmp(argv[1], "wait") != 0)
		_exit(2);
	/* A pid 1 gets no signal that it has no handler for, SIGKILL from outside excepted. */
	signal(SIGTERM, _exit);
	for (;;)
		pause();
}
