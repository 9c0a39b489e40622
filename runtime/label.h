/* SPDX-License-Identifier: GPL-2.0-or-later */
/* label - owns which of AppArmor and SELinux a process is confined by: a kernel has one of them at work. */
#pragma once

#include <stdbool.h>

struct error;
struct process;

/* A confinement that this host cannot give is refused, not dropped. -ENOTSUP, -ENOENT, -EINVAL. */
int label_check(const struct process *process, struct error *err);

/* Whether label_open() has something to open. */
bool label_is_asked(const struct process *process);

/**
 * label_open() - The file through which the calling process names what confines it from its next execve(2) on
 * @folder_fd:	its folder of the host's /proc: what is mounted at the container's may be anything
 * @ret_fd:	owned by the caller; -EBADF where nothing needs to be named
 *
 * Linux lets only the process that opened it write to it. proc_pid_attr(5).
 */
int label_open(int folder_fd, const struct process *process, int *ret_fd, struct error *err);

/* @fd: from label_open(); -EBADF: nothing is done. Allocates nothing. */
int label_change_on_exec(int fd, const struct process *process, struct error *err);
