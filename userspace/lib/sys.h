/* SPDX-License-Identifier: GPL-2.0-or-later */
/* sys - owns the system calls that Debian 12's C library has no wrapper for. */
#pragma once

#include <linux/openat2.h>
#include <linux/sched.h>
#include <linux/types.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x00000080
#endif

/* openat2(2), Linux 5.6. -1 and errno on failure, as a libc wrapper would. */
static inline int sys_openat2(int dir_fd, const char *path, const struct open_how *how)
{
	return (int)syscall(SYS_openat2, dir_fd, path, how, sizeof(*how));
}

/* clone3(2), Linux 5.3. Only without CLONE_VM: the child returns from here on a copy of the stack. */
static inline pid_t sys_clone3(const struct clone_args *args)
{
	return (pid_t)syscall(SYS_clone3, args, sizeof(*args));
}

static inline int sys_pivot_root(const char *new_root, const char *put_old)
{
	return (int)syscall(SYS_pivot_root, new_root, put_old);
}
