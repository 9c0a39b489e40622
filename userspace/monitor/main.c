/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * bulwark-monitor - serves one container's emulated files of /proc and /sys.
 *
 *	bulwark-monitor keeper ID SLICE	the keeper of that container; `bulwark create` starts it (monitor_abi.h)
 *	bulwark-monitor worker		a worker; the keeper starts it (shared.h)
 *
 * By hand neither does anything: they find no descriptors.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "keeper.h"
#include "monitor_abi.h"
#include "shared.h"
#include "str.h"
#include "worker.h"

static bool is_socket(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && S_ISSOCK(st.st_mode);
}

int main(int argc, char **argv)
{
	if (argc == 2 && str_eq(argv[1], "worker")) {
		static struct settings settings;

		if (pread(WORKER_SETTINGS_FD, &settings, sizeof(settings), 0) != sizeof(settings) ||
		    settings.version != SHARED_VERSION || settings.size != sizeof(struct shared))
			return EXIT_FAILURE;
		return worker_main(&settings, false);
	}
	if (argc == 4 && str_eq(argv[1], "keeper") && is_socket(MONITOR_SOCK_FD))
		return keeper_main(argv[3]);
	(void)fputs("bulwark-monitor: 'bulwark create' starts it, nobody else\n", stderr);
	return EXIT_FAILURE;
}
