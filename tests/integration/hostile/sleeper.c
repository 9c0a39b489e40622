/* SPDX-License-Identifier: GPL-2.0-or-later */
/* sleeper - owns a new version that does nothing at all: upgrade.bats. Linked in the place of the worker. */
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "shared.h"
#include "worker.h"

int __wrap_worker_main(const struct settings *settings);

int __wrap_worker_main(const struct settings *settings)
{
	(void)settings;
	for (;;)
		pause();
}
