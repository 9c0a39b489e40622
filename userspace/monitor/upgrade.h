/* SPDX-License-Identifier: GPL-2.0-or-later */
/* upgrade - owns the socket by which the host's root gives a keeper another program for its workers. */
#pragma once

struct error;
struct loop;
struct upgrade;

/*
 * Has workers be @exe_fd from now on, which it takes over; upgrade_answer() says later how that went. An error is the answer at
 * once.
 */
typedef int (*upgrade_begin)(void *data, int exe_fd, struct error *err);

/* Takes @listen_fd over: a bound SOCK_SEQPACKET socket that only the host's root reaches, see monitor_abi.h. */
int upgrade_new(struct loop *loop, int listen_fd, upgrade_begin begin, void *data,
		struct upgrade **ret, struct error *err);

/* @why: NULL, or what went wrong. Does nothing when nobody waits for it. */
void upgrade_answer(struct upgrade *upgrade, const struct error *why);
