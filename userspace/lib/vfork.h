/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vfork - owns a child that is to execute a program and borrows our memory until then, as vfork(2)'s does.
 *
 * Why: a fork(2) copies page tables, and then, one by one, each page that we write to while the child has not executed its
 * program: docs/performance.md says what that was.
 */
#pragma once

#include <stdint.h>
#include <sys/types.h>

/**
 * vfork_child() - Run @main in a child, and wait until it executes a program or ends
 * @flags:	of clone3(2) beside CLONE_VM and CLONE_VFORK: none that shares anything, none that makes a user namespace
 * @cgroup_fd:	with CLONE_INTO_CGROUP (Linux 5.7)
 * @main:	does not return. It runs on a stack of 64 KiB, with our variables: what it changes is changed. All signals are
 *		blocked, as our handlers are not for it: it resets those first. What it waits for, we wait for.
 *
 * Only for a process with one thread. The child has a copy of our memory, and nobody waits, where nobody has written the few
 * instructions (all but x86-64), with AddressSanitizer or gcov, and where the kernel refuses to share memory (Linux before 6.2,
 * when our children are to be in another time namespace).
 *
 * Return: its pid, ours to reap (SIGCHLD), or a negative errno.
 */
pid_t vfork_child(uint64_t flags, int cgroup_fd, void (*main)(void *data), void *data);
