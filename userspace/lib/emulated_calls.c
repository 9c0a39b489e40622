/* SPDX-License-Identifier: GPL-2.0-or-later */
/* emulated_calls - see emulated_calls.h. */
#include "emulated_calls.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "error.h"

#define X32_BIT                                                                                    \
	0x40000000 /* __X32_SYSCALL_BIT; x32 has the numbers of these calls, and their structs, from 64 bits */

/* ---- what is asked ---------------------------------------------------------------------------------------- */

/* By number, not by SYS_*: each program knows those of its own architecture only. */
#if defined(__x86_64__)
#define ARCH64 AUDIT_ARCH_X86_64
#define ARCH32 AUDIT_ARCH_I386
enum { SYSINFO64 = 99, AFFINITY64 = 204, SYSINFO32 = 116, AFFINITY32 = 242 };
_Static_assert(SYSINFO64 == SYS_sysinfo && AFFINITY64 == SYS_sched_getaffinity, "of this one");
#elif defined(__aarch64__)
#define ARCH64 AUDIT_ARCH_AARCH64
#define ARCH32 AUDIT_ARCH_ARM
enum { SYSINFO64 = 179, AFFINITY64 = 123, SYSINFO32 = 116, AFFINITY32 = 242 };
_Static_assert(SYSINFO64 == SYS_sysinfo && AFFINITY64 == SYS_sched_getaffinity, "of this one");
#else
/* cppcheck-suppress preprocessorErrorDirective */
#error "no emulated system calls for this architecture"
#endif

enum emulated_call emulated_call_of(uint32_t arch, int nr, bool *ret_is_32)
{
	bool is_32 = arch == ARCH32;

	if (arch != ARCH64 && !is_32)
		return EMULATED_NONE;
	if (arch == AUDIT_ARCH_X86_64)
		nr &= ~X32_BIT;
	*ret_is_32 = is_32;
	if (nr == (is_32 ? SYSINFO32 : SYSINFO64))
		return EMULATED_SYSINFO;
	return nr == (is_32 ? AFFINITY32 : AFFINITY64) ? EMULATED_AFFINITY : EMULATED_NONE;
}

void emulated_affinity_cut(uint64_t *mask, size_t len, const uint64_t *visible, size_t n)
{
	uint64_t left = 0;

	for (size_t i = 0; i < len / 8 && i < n; i++)
		left |= mask[i] & visible[i];
	for (size_t i = 0; left && i < len / 8; i++)
		mask[i] &= i < n ? visible[i] : 0;
}

/* ---- the filter ------------------------------------------------------------------------------------------- */

/* Both offsets are constants, and so is the verdict of each other call: the kernel does not even run it for these. */
/* clang-format off */
#define FILTER(verdict) { \
	/*  0 */ BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)), \
	/*  1 */ BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ARCH64, 4, 0), \
	/*  2 */ BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ARCH32, 0, 8), \
	/*  3 */ BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)), \
	/*  4 */ BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYSINFO32, 5, 0), \
	/*  5 */ BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AFFINITY32, 4, 5), \
	/*  6 */ BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)), \
	/*  7 */ BPF_STMT(BPF_ALU | BPF_AND | BPF_K, ~(uint32_t)X32_BIT), \
	/*  8 */ BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYSINFO64, 1, 0), \
	/*  9 */ BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AFFINITY64, 0, 1), \
	/* 10 */ BPF_STMT(BPF_RET | BPF_K, verdict), \
	/* 11 */ BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW), \
}
/* clang-format on */

static const struct sock_filter filters[][12] = {
	[EMULATED_ASK] = FILTER(SECCOMP_RET_USER_NOTIF),
	[EMULATED_REFUSE] = FILTER(SECCOMP_RET_ERRNO | ENOSYS),
};

int emulated_calls_filter(enum emulated_answer answer, struct error *err)
{
	const struct sock_fprog program = {
		.len = sizeof(filters[answer]) / sizeof(filters[answer][0]),
		.filter = (struct sock_filter *)filters[answer],
	};
	/* SPEC_ALLOW: no slower branches because of us. WAIT_KILLABLE_RECV: a signal interrupts no question (Linux 5.19) */
	unsigned int flags = SECCOMP_FILTER_FLAG_SPEC_ALLOW;
	long r;

	if (answer == EMULATED_ASK)
		flags |= SECCOMP_FILTER_FLAG_NEW_LISTENER | SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV;
	r = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program);
	return r < 0 ? error_set(err, errno, "cannot load the filter of emulated system calls") :
		       (int)r;
}
