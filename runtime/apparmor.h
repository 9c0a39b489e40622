/* SPDX-License-Identifier: GPL-2.0-or-later */
/* apparmor - owns the AppArmor profile that a container's process changes to at its execve(2). */
#pragma once

struct error;

/**
 * apparmor_check() - Whether this host can give a process the profile it asks for
 * @profile:	process.apparmorProfile; NULL, "" or "unconfined" can be had everywhere
 *
 * Return: 0; -ENOTSUP without AppArmor, -ENOENT for a profile that is not loaded: a confinement that was asked for and
 * is not there is refused, not dropped.
 */
int apparmor_check(const char *profile, struct error *err);

/**
 * apparmor_open() - The file through which the calling process names the profile of its next execve(2)
 * @folder_fd:	its folder of the host's /proc: what is mounted at the container's may be anything
 *
 * @ret_fd:	owned by the caller; -EBADF where nothing needs to be named
 *
 * Linux lets only the process that opened it write to it. proc_pid_attr(5).
 */
int apparmor_open(int folder_fd, const char *profile, int *ret_fd, struct error *err);

/* @fd: from apparmor_open(); -EBADF: nothing is done. Allocates nothing. A profile that is not loaded: -ENOENT. */
int apparmor_change_on_exec(int fd, const char *profile, struct error *err);
