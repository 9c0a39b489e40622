/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * monitor_abi - owns the words between `bulwark create` and the bulwark-monitor it starts, on a SOCK_SEQPACKET pair.
 *
 *	create		USERNS, as soon as there is one, and the cgroup
 *	monitor		FILES, as often as needed: detached mounts and where they belong
 *	monitor		READY: that was all
 *	create		COMMIT, before the mounts are sealed, when init is in all its namespaces. From then on the monitor ends
 *			with init; before, with its end of the socket
 *
 * With COMMIT comes a SOCK_DGRAM socket that `create` has bound at MONITOR_CALLS_SOCKET in the container's state folder, where
 * only the host's root can reach it. From then on each datagram there, one byte, carries the listener of a seccomp filter
 * (emulated_calls.h): `create` sends init's, each `exec` its own. There is no answer; a monitor that is dead is a socket that
 * cannot be connected to, and whose listeners are closed, which the kernel answers with ENOSYS.
 *
 * FAILED takes the place of what the monitor should have said.
 *
 * And between `bulwarkctl upgrade` and the keeper of a container that is there, on a SOCK_SEQPACKET socket in its state folder,
 * which only the host's root can reach: one struct monitor_request, one struct monitor_answer. Keepers live as long as their
 * containers, so these two never change.
 */
#pragma once

#include <stdint.h>

#include "error.h"
#include "fd.h"

#define MONITOR_SOCK_FD                                                                            \
	3 /* the monitor's end, when it is executed; 0 to 2 are /dev/null, and nothing else is open */
#define MONITOR_VERSION 2 /* both are installed together: other versions refuse each other */
#define MONITOR_CALLS_SOCKET "calls.sock"
#define MONITOR_PATH_MAX 96
#define MONITOR_FILES_MAX FD_PASS_MAX

enum monitor_word {
	MONITOR_USERNS =
		1, /* descriptors: the container's user namespace; where it can be asked: MONITOR_SOCKET */
	MONITOR_FILES,
	MONITOR_READY,
	MONITOR_COMMIT, /* descriptors: pidfd of init; the socket of listeners; if there is one, an engine's overlay and its twin, both detached */
	MONITOR_FAILED,
};

#define MONITOR_MEMBERSHIP_MAX 8192

struct monitor_userns {
	uint32_t root_uid, root_gid; /* of the container's root, on the host */
	uint32_t has_twin;	     /* two overlays come with COMMIT */
	uint32_t no_sysctls; /* those of the container are read-only: then the kernel's own will do */
	char membership[MONITOR_MEMBERSHIP_MAX]; /* its cgroups, as /proc/PID/cgroup has them */
};

struct monitor_commit {
	int32_t init_pid;
};

/* Descriptors: one mount for each. */
struct monitor_files {
	uint32_t n;
	char paths[MONITOR_FILES_MAX][MONITOR_PATH_MAX]; /* absolute in the container, below /proc or /sys */
};

#define MONITOR_SOCKET "monitor.sock" /* in the state folder */

/* Descriptor: the program that its workers are to be from now on. */
struct monitor_request {
	uint32_t word; /* MONITOR_REQUEST_UPGRADE */
	uint32_t pad;
};
#define MONITOR_REQUEST_UPGRADE 1

struct monitor_answer {
	int32_t code; /* an errno; 0: done */
	char why[252];
};

struct monitor_message {
	uint32_t word;
	uint32_t version;
	union {
		struct monitor_userns userns;
		struct monitor_commit commit;
		struct monitor_files files;
		struct error error;
	};
};
