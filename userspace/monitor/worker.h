/* SPDX-License-Identifier: GPL-2.0-or-later */
/* worker - owns serving one container's FUSE requests, on a connection that a predecessor may have begun. */
#pragma once

#define WORKER_SHARED_FD 3    /* struct shared, when the worker is executed */
#define WORKER_READ_MAX 16384 /* bytes of a READ: the kernel pins a reader's pages for as many */
#define WORKER_WRITE_MAX 4096 /* of a WRITE: no sysctl is longer */

/* Returns when the connection is gone; with the exit status. */
int worker_main(void);
