/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * monitor_abi - owns the words between `bulwark create` and the bulwark-monitor it starts, on a SOCK_SEQPACKET pair.
 *
 *	create		START, as soon as the container's namespaces are there; with its user namespace and init's pidfd
 *	monitor		FILES, as often as needed: detached mounts and where they belong
 *	monitor		READY: that was all
 *	create		COMMIT, before the mounts are sealed; with the engine's overlay and its twin, detached, if there is one
 *	monitor		COMMITTED. From now on it ends with init; before, with its end of the socket
 *
 * FAILED takes the place of what the monitor should have said.
 */
#pragma once

#include <stdint.h>

#include "error.h"
#include "fd.h"

#define MONITOR_SOCK_FD                                                                            \
	3 /* the monitor's end, when it is executed; 0 to 2 are /dev/null, and nothing else is open */
#define MONITOR_VERSION 1 /* both are installed together: other versions refuse each other */
#define MONITOR_PATH_MAX 96
#define MONITOR_FILES_MAX FD_PASS_MAX

enum monitor_word {
	MONITOR_START = 1,
	MONITOR_FILES,
	MONITOR_READY,
	MONITOR_COMMIT,
	MONITOR_COMMITTED,
	MONITOR_FAILED,
};

/* Descriptors: user namespace, pidfd of init. */
struct monitor_start {
	int32_t init_pid;
	uint32_t root_uid, root_gid; /* of the container's root, on the host */
	uint32_t has_twin;	     /* two overlays come with COMMIT */
};

/* Descriptors: one mount for each. */
struct monitor_files {
	uint32_t n;
	char paths[MONITOR_FILES_MAX][MONITOR_PATH_MAX]; /* absolute in the container, below /proc or /sys */
};

struct monitor_message {
	uint32_t word;
	uint32_t version;
	union {
		struct monitor_start start;
		struct monitor_files files;
		struct error error;
	};
};
