/* SPDX-License-Identifier: GPL-2.0-or-later */
/* channel - owns the words that R and I (or an exec's helpers) exchange over a socket pair, one message each. */
#pragma once

#include <stdint.h>
#include <sys/types.h>

struct error;

enum channel_word {
	CHANNEL_FAILED, /* carries the error */
	CHANNEL_MAPPED, /* R: ids mapped, cgroups entered; carries I's folder of the host's /proc: proc_clone_folder() */
	CHANNEL_NAMESPACES, /* I: its namespaces exist */
	CHANNEL_OFFSETS,    /* R: time offsets are written, I may enter */
	CHANNEL_NAMED,	    /* I: in its time namespace, host name set, loopback up */
	CHANNEL_ROOT,	    /* R: the mount tree is complete, carries its root */
	CHANNEL_PIVOTED, /* R: nothing more is to come; may carry the terminal's slave; monitor_calls.h */
	CHANNEL_SEALED, /* I: own mount namespace, every mount locked; waits for `start`; may carry a listener: monitor_calls.h */
	CHANNEL_JOINED, /* exec's helper: in the container, carries the child's pid, maybe the terminal's master */
	CHANNEL_GO, /* exec: the child may go on; may carry its folder of the host's /proc: proc_clone_folder() */
	CHANNEL_LISTENER, /* carries the listener of a seccomp filter that is loaded: seccomp_notify.h */
};

int channel_make(int ret_pair[2], struct error *err);

/* @fd: -EBADF or a descriptor to pass on. @value: a pid or 0. Allocates nothing. */
int channel_say(int sock, enum channel_word word, int32_t value, int fd, struct error *err);

/* Tells the peer why there will be no more words. */
void channel_fail(int sock, const struct error *why);

/**
 * channel_hear() - Wait for one word
 * @ret_value,@ret_fd: may be NULL; a descriptor nobody wants is closed. @ret_fd is -EBADF when none came.
 *
 * CHANNEL_FAILED makes the peer's error ours; the end of the stream is -EPIPE, any other word -EPROTO.
 */
int channel_hear(int sock, enum channel_word word, int32_t *ret_value, int *ret_fd,
		 struct error *err);

/**
 * channel_hear_middle() - Wait for one word of a middle process, CHANNEL_JOINED or one before that, or for its end
 * @middle:	a child of the caller, not reaped yet
 *
 * Whom it clones has the same socket: if it dies before it can say who that is, for which a memory limit is enough, the
 * stream does not end, and both would wait for each other. -EPIPE then; the caller closes its side.
 */
int channel_hear_middle(int sock, pid_t middle, enum channel_word word, int32_t *ret_value,
			int *ret_fd, struct error *err);
