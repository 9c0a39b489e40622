/* SPDX-License-Identifier: GPL-2.0-or-later */
/* worker - owns serving one container's FUSE requests, on a connection that a predecessor may have begun. */
#pragma once

#include <stdbool.h>

#define WORKER_SETTINGS_FD 3  /* struct settings, when the worker is executed */
#define WORKER_READ_MAX 16384 /* bytes of a READ: the kernel pins a reader's pages for as many */
#define WORKER_WRITE_MAX 4096 /* of a WRITE: no sysctl is longer */

struct settings;

/* The @first has memory that nobody had before. Returns when the connection is gone; with the exit status. */
int worker_main(const struct settings *settings, bool first);
