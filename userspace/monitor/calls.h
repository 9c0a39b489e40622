/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * calls - owns the keeper's side of system calls that are answered: the listeners of a container's filters, the one question
 * that is with a worker, and the answer's way into the caller's memory.
 */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#define CALLS_LISTENERS_MAX                                                                        \
	256 /* of init and of each exec whose processes live; the next one is refused, with ENOSYS */

struct calls;
struct error;
struct loop;

/**
 * calls_new() - Make what is needed before there is a worker
 * @proc_fd:	procfs of the host; borrowed
 * @worker:	who is asked, 0 while there is none; borrowed. One that says what it was not asked for is killed
 * @ret:	owned by the caller, who keeps it for as long as it lives
 */
int calls_new(struct loop *loop, int proc_fd, const pid_t *worker, struct calls **ret,
	      struct error *err);

/* The worker's end of the socket: the number is the same in every worker. */
int calls_worker_fd(const struct calls *calls);

/* From now on listeners arrive on this socket, which is taken over: monitor_abi.h. */
int calls_begin(struct calls *calls, int sock_fd, struct error *err);

/**
 * calls_next_worker() - Before a worker begins, when no other lives: what the last one left is forgotten, and asked again
 * @crashed:	it ended by itself, so the question may be why; not so often, or the caller gets ENOSYS
 */
void calls_next_worker(struct calls *calls, bool crashed);

/* There will be no worker any more: who waits, and who calls from now on, gets ENOSYS. */
void calls_end(struct calls *calls);
