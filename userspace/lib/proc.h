/* SPDX-License-Identifier: GPL-2.0-or-later */
/* proc - owns the identity of processes: a number and a start time, or a pidfd. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct error;

struct proc_id {
	pid_t pid;	/* in this process's pid namespace; 0: none */
	uint64_t start; /* start time in clock ticks since boot: field 22 of /proc/PID/stat, proc(5) */
};

/*
 * Reads the start time, and the state letter ('R', 'S', 'Z', ...). A process whose first thread has ended while others live
 * is none that is dead: 'S'. -ESRCH when there is no such process.
 */
int proc_stat(pid_t pid, uint64_t *ret_start, char *ret_state, struct error *err);

/* Whether that very process exists and is no zombie. */
bool proc_is_alive(const struct proc_id *id);

/**
 * proc_open() - A pidfd of that very process
 *
 * pidfd_open(2) first, the start time after it, so that a reused number is noticed.
 * Return: the pidfd, owned by the caller; -ESRCH when it is gone, a zombie or another process.
 */
int proc_open(const struct proc_id *id, struct error *err);

/**
 * proc_open_ns() - A namespace that a process is in, namespaces(7)
 * @pid:	0: this process
 * @name:	as in /proc/PID/ns: "net", "mnt", "user", ...
 *
 * Return: a descriptor owned by the caller, or -errno.
 */
int proc_open_ns(pid_t pid, const char *name, struct error *err);

/**
 * proc_clone_folder() - /proc/PID as a mount of its own that is attached nowhere, open_tree(2)
 *
 * For a process that must not get to anything else of this /proc: no ".." leads out. -EPERM without CAP_SYS_ADMIN.
 * Return: a mount descriptor owned by the caller, or -errno.
 */
int proc_clone_folder(pid_t pid, struct error *err);

/* Waits until the process of a pidfd is dead: 0, or -ETIMEDOUT after @timeout_ms (-1: for ever). */
int proc_wait_dead(int pidfd, int timeout_ms, struct error *err);

/**
 * proc_reset_signals() - Default handling of every signal, none blocked: what a fresh program expects
 *
 * What is ignored would stay so across execve(2). The C library hides two signals (32, 33) from sigaction(2), which a
 * caller may have left ignored all the same; so the system call itself is used. Allocates nothing.
 */
void proc_reset_signals(void);
