/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * shared - owns the memory that outlives a worker: what its successor needs to go on in the middle of a request.
 *
 * A memfd, sealed against change of size, so that no worker can take the pages away under the keeper. The keeper fills the
 * first part in, once; the rest is the workers'. It reads back nothing but @served, as a sign of life.
 */
#pragma once

#include <stdint.h>

#include "emulation.h"

#define SHARED_REQUEST_MAX                                                                         \
	12288 /* more than FUSE_MIN_READ_BUFFER, and than WORKER_WRITE_MAX with its headers */
#define SHARED_INIT_MAX 256
#define SHARED_HANDLES_MAX 4096 /* open files of a container; the next open(2) gets ENFILE */

/* An open file. What it says is in the worker's own memory: after its death the same is made again, up to @len. */
struct shared_handle {
	uint64_t unique; /* of the request that opened it; 0: free */
	uint64_t node_id;
	uint32_t len; /* bytes of what was read last */
	uint32_t pad;
};

struct shared {
	/* the keeper's */
	struct emu_sources sources; /* its descriptors have these numbers in the worker, too */
	int32_t fuse_fd;	    /* so has /dev/fuse */
	uint32_t uid, gid;	    /* who a worker becomes */
	uint32_t keeper_pid;

	/* the workers' */
	uint64_t served;   /* requests */
	uint64_t answered; /* number of the last one */
	uint32_t attempts; /* how often the one in @request was begun */
	uint32_t request_len;
	uint32_t init_len;
	uint32_t spliced;	    /* somebody reads through the page cache: files.c */
	char init[SHARED_INIT_MAX]; /* FUSE_INIT, whose outcome the kernel keeps */
	char request[SHARED_REQUEST_MAX]
		__attribute__((aligned(4096))); /* read(2) of /dev/fuse goes here */
	struct shared_handle handles[SHARED_HANDLES_MAX];
	char state[EMU_STATE_SIZE] __attribute__((aligned(16)));
};
