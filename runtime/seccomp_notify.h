/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * seccomp_notify - owns the way of a filter's listener: from the process that loads the filter, through the runtime, to
 * the agent at linux.seccomp.listenerPath.
 */
#pragma once

#include <sys/types.h>

#include "state.h"

struct error;
struct policy;
struct seccomp_listener;
struct seccomp_program;

#define SECCOMP_NOTIFY_SOCKET "seccomp.sock" /* in the state folder: where `start` meets init */

/* ---- in the runtime ---- */

/**
 * seccomp_notify_check() - May this listenerPath be used, and is there a socket?
 *
 * It has to lie below one of the policy's seccompListenerFolders, where nobody but root can have put it, and no part
 * of it may be a link. Before a container is made, so that a refusal leaves nothing behind.
 */
int seccomp_notify_check(const struct seccomp_listener *listener, const struct policy *policy,
			 struct error *err);

/* The checks again, and connects to what was checked: a descriptor owned by the caller, or -errno. */
int seccomp_notify_connect(const struct seccomp_listener *listener, const struct policy *policy,
			   struct error *err);

/**
 * seccomp_notify_deliver() - Wait for the listener, and hand it to the agent with the container process state
 * @channel:	to the process that loads the filter
 * @agent_fd:	from seccomp_notify_connect(); one message goes there, and no other after it
 * @pid:	that process, as the runtime sees it
 *
 * Return: 0; -EPIPE: the process ended before it had loaded its filter, maybe for a reason of its own; or -errno.
 */
int seccomp_notify_deliver(int channel, int agent_fd, const struct seccomp_listener *listener,
			   const struct state *state, enum container_status status, pid_t pid,
			   struct error *err);

/* ---- init and `start`, which did not know each other before ---- */

/* The socket that init is to have: -errno or a descriptor. @state_fd: the container's folder. */
int seccomp_notify_listen(int state_fd, struct error *err);

/* `start`, before it releases init: its end of the channel. */
int seccomp_notify_meet(int state_fd, struct error *err);

/* Init, once released: its end. Of several starts the last one counts, as the others were killed. */
int seccomp_notify_accept(int listen_fd, struct error *err);

/* ---- in the process that loads the filter ---- */

/**
 * seccomp_notify_install() - seccomp_install(), and sends the listener over @channel
 *
 * The filter may ask about every system call, and nobody answers before the listener is where it belongs. So after
 * seccomp(2) the caller makes none until that is done: a thread without the filter, which shares its descriptors, sends.
 * Where it cannot, the caller dies by a signal, as it could not even say so. Allocates nothing.
 */
int seccomp_notify_install(const struct seccomp_program *program, int channel, struct error *err);
