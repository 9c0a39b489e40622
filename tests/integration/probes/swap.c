/* SPDX-License-Identifier: GPL-2.0-or-later */
/* swap A B - exchanges two names as fast as it can, until it is killed: what a container with a shared volume can do. */
#include <fcntl.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <signal.h>

int main(int argc, char **argv)
{
	if (argc != 3 || prctl(PR_SET_PDEATHSIG, SIGKILL) < 0)
		return 2;
	for (;;)
		(void)renameat2(AT_FDCWD, argv[1], AT_FDCWD, argv[2],
				RENAME_EXCHANGE); /* one may be busy: again */
}
