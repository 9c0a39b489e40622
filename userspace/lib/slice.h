/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * slice - owns the cgroup that monitors live in: one folder for all of them, below the root of the hierarchies that count.
 *
 * Why: who reads emulated files has work done that his own cgroup does not pay for. In a cgroup of their own it is seen, all
 * monitors together weigh as much as one container, and no engine's unit that is stopped takes them along. Half of that weight
 * made `create`, which waits for a monitor, half as slow again on a busy host.
 *
 * On v2, and in the v2 tree of a hybrid host, a monitor is cloned into it. On v1 it moves itself (cpu, cpuacct, and systemd's
 * own), which waits for nothing. Whoever needs the folder first makes it; it stays, empty, until `bulwarkctl unload` or the next
 * boot. Nothing here is worth an error: a host where it cannot be has its monitors where `create` is.
 */
#pragma once

/* For CLONE_INTO_CGROUP; owned by the caller. -EBADF: the host has none, or it cannot be made. */
int slice_open_v2(const char *name);

/* This process, which has one thread, in each v1 hierarchy. */
void slice_enter_v1(const char *name);

/* Everywhere, if nobody is in it. */
void slice_remove(const char *name);
