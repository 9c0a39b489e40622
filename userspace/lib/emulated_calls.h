/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * emulated_calls - owns which system calls of a container bulwark-monitor answers, for every architecture that a process may
 * have: the seccomp filter that asks it, and what a question is about.
 *
 * Its filter stands beside the container's own profile, whose answer counts wherever it is stricter: seccomp(2) takes KILL,
 * TRAP and ERRNO of any filter before this one's USER_NOTIF, and this one's before TRACE, LOG and ALLOW.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct error;

enum emulated_call {
	EMULATED_NONE,
	EMULATED_SYSINFO,  /* sysinfo(struct sysinfo *) */
	EMULATED_AFFINITY, /* sched_getaffinity(pid, bytes, mask) */
};

#define EMULATED_SYSINFO_SIZE 112  /* struct sysinfo of 64 bits, and of x32 */
#define EMULATED_SYSINFO_SIZE32 64 /* of 32 bits */

/**
 * emulated_call_of() - What a caller of the filter asks for
 * @arch:	AUDIT_ARCH_*, as in struct seccomp_data
 * @nr:		number of the system call there, x32's with its bit
 * @ret_is_32:	longs of the caller have 32 bits
 */
enum emulated_call emulated_call_of(uint32_t arch, int nr, bool *ret_is_32);

/**
 * emulated_affinity_cut() - Leave of a mask what a container is shown; where that is nothing, the mask as it was
 * @mask:	what sched_getaffinity(2) says: @len bytes, a multiple of 8
 * @visible:	@n words of 64 cpus; what has a higher number is not shown
 */
void emulated_affinity_cut(uint64_t *mask, size_t len, const uint64_t *visible, size_t n);

enum emulated_answer {
	EMULATED_ASK,	 /* by a listener */
	EMULATED_REFUSE, /* at once, with ENOSYS: nobody is there to be asked */
};

/**
 * emulated_calls_filter() - seccomp(2) SECCOMP_SET_MODE_FILTER on the calling process, and all it makes from then on
 *
 * Takes no_new_privs or CAP_SYS_ADMIN. Allocates nothing.
 * Return: with EMULATED_ASK the listener, owned by the caller, close-on-exec; else 0. -EBUSY: a filter that it has already
 * has a listener, and there can be one only.
 */
int emulated_calls_filter(enum emulated_answer answer, struct error *err);
