/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * shared - owns what a worker is given: settings, which no worker can change, the memory that outlives workers, and the
 * questions that it is asked.
 *
 * Both are memfds, sealed against change of size, so that no worker can take the pages away under the keeper; settings also
 * against writing, or one worker could choose who the next one is. The keeper reads nothing in the memory but @began and
 * @served, as signs of life; a worker believes nothing it finds there without a look.
 */
#pragma once

#include <stdint.h>

#include "emulated_calls.h"
#include "emulation.h"

/*
 * Raised when anything changes that a worker finds: these structs, or what emulation/ keeps in @state. A worker of another
 * version ends at once, and `bulwarkctl upgrade` leaves the container with the one it has.
 */
#define SHARED_VERSION 1

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

/* The keeper's. Descriptors have the same numbers in a worker. */
struct settings {
	uint32_t version; /* SHARED_VERSION; the first in any */
	uint32_t size;	  /* of struct shared */
	struct emu_sources sources;
	int32_t fuse_fd;
	int32_t shared_fd; /* struct shared */
	int32_t ask_fd;	   /* struct question comes, struct answer goes */
	uint32_t uid, gid; /* who a worker becomes */
	int32_t keeper_pid;
};

/* The workers'. */
struct shared {
	int64_t boottime_offset_ns; /* the keeper's, who learns of it when there is a worker: see emulation.h */
	uint64_t began;		    /* workers that got as far as to serve */
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

/* The keeper's: a system call of the container's, whose numbers it wants. One message, and one at a time. */
struct question {
	uint64_t number;
	uint32_t call;	/* enum emulated_call */
	int32_t caller; /* host's number of the thread */
	int32_t whom;	/* that it asks about, in its own pid namespace; 0: itself */
	uint32_t is_32; /* its longs have 32 bits */
};

/* The worker's. Values for the caller, and nothing that the keeper goes by but @whom, whose cpus it asks the kernel for. */
struct answer {
	uint64_t number; /* of the question */
	int32_t error;	 /* 0; or an errno: there is no answer */
	int32_t whom;	 /* host's number; 0: cannot be told */
	union {
		char sysinfo[EMULATED_SYSINFO_SIZE]; /* of 32 bits: the beginning of it */
		uint64_t cpus[EMU_CPUS_MAX / 64];    /* that the caller is shown */
	};
};
