/* SPDX-License-Identifier: GPL-2.0-or-later */
/* selinux - owns SELinux labels: process.selinuxLabel at the process's execve(2), linux.mountLabel of file systems. */
#pragma once

struct error;

#define SELINUX_LABEL_MAX 4096 /* bytes with the NUL; the kernel takes less than a page */

/**
 * selinux_check() - Whether this host can give what a label asks for
 * @key:	where the label stands, for messages
 * @label:	NULL or "": none is asked for
 *
 * Return: 0; -EINVAL for what no policy calls a label, or what this host's does not; -ENOTSUP without SELinux: a
 * confinement that was asked for and is not there is refused, not dropped.
 */
int selinux_check(const char *key, const char *label, struct error *err);

/* The same with another place for selinuxfs(5); for tests. */
int selinux_check_at(const char *fs_path, const char *key, const char *label, struct error *err);

/**
 * selinux_open() - The file through which the calling thread names the label of its next execve(2)
 * @folder_fd:	its folder of the host's /proc; what is opened below it is checked to be procfs
 * @ret_fd:	owned by the caller
 */
int selinux_open(int folder_fd, int *ret_fd, struct error *err);

/* @fd: from selinux_open(). Allocates nothing. */
int selinux_change_on_exec(int fd, const char *label, struct error *err);
