/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * monitor_calls - owns the way of system calls to bulwark-monitor: who loads the filter that asks it, and how its listener
 * gets there.
 *
 * Init and each exec load one of their own before the container's profile; what it makes from then on has it, too. One filter
 * of a process can have a listener: where the spec's profile has one (SCMP_ACT_NOTIFY) it is the spec's, the kernel answers
 * these calls, and the container is degraded.
 *
 * A monitor that died leaves nobody to be asked. What has the filter then gets ENOSYS from the kernel, and an exec loads one
 * that says the same, so that all of a container is told alike, and nothing of the host.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct container;
struct error;
struct state;

/* How a process of a container asks. Also the value of CHANNEL_PIVOTED. */
enum monitor_calls {
	MONITOR_CALLS_NONE,   /* no filter */
	MONITOR_CALLS_ASK,    /* one with a listener */
	MONITOR_CALLS_REFUSE, /* one that says ENOSYS */
};

/* ---- in R ---- */

/* The socket that the monitor gets with COMMIT, bound in the state folder: -errno or a descriptor. */
int monitor_calls_bind(int state_fd, struct error *err);

/* What I is to load, once it is sure that there is a monitor. */
enum monitor_calls monitor_calls_plan(struct container *c);

/**
 * monitor_calls_begin() - Hand I's listener over
 * @value:	of CHANNEL_SEALED: 0, or -errno of loading the filter; then the container is degraded
 * @listener_fd: that came with it; borrowed
 */
int monitor_calls_begin(struct container *c, int32_t value, int listener_fd, struct error *err);

/* ---- in J ---- */

/**
 * monitor_calls_meet() - What a joiner is to load
 * @own_listener: its profile has one
 * @ret_sock:	with MONITOR_CALLS_ASK: for monitor_calls_hand_over(); owned by the caller
 */
enum monitor_calls monitor_calls_meet(int state_fd, const struct state *state, bool own_listener,
				      int *ret_sock);

/* Failing is none: who asks gets ENOSYS then. Waits for a second at most, where many wait for the monitor. */
void monitor_calls_hand_over(int sock, int listener_fd);

/* ---- in I and M ---- */

/* Loads it. @ret_listener_fd: owned by the caller, or -EBADF. Allocates nothing. */
int monitor_calls_load(enum monitor_calls calls, int *ret_listener_fd, struct error *err);
