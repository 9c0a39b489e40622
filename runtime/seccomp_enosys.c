/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * seccomp_enosys - see seccomp_enosys.h. What is put in front:
 *
 *	a = architecture
 *	if a == FIRST:  a = number; if a > NEWEST: ENOSYS; else the filter
 *	if a == SECOND: ...
 *	the filter; it has its own word for other architectures
 *	ENOSYS:
 *	the filter:
 *
 * x86_64 and x32 are one architecture to the kernel: x32's numbers have a bit of their own.
 */
#include "seccomp_enosys.h"

#include <errno.h>
#include <linux/seccomp.h>
#include <seccomp.h> /* libseccomp's */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "fd.h"
#include "seccomp.h"

#define X32_BIT 0x40000000U /* __X32_SYSCALL_BIT */
#define SECTION_MAX 6
#define STUB_MAX (1 + SECTION_MAX * SECCOMP_ARCHS_MAX + 2)
_Static_assert(STUB_MAX < 256, "conditional jumps reach over 255 instructions");

struct stub {
	struct sock_filter insns[STUB_MAX];
	size_t n;
};

/* Placeholders, until it is known where these are. */
#define TO_ENOSYS 254
#define TO_FILTER 255

static void add(struct stub *stub, uint16_t code, uint32_t k, uint8_t yes, uint8_t no)
{
	stub->insns[stub->n++] = (struct sock_filter){ code, yes, no, k };
}

static const struct seccomp_newest *find(const struct seccomp_newest *list, size_t n, uint32_t arch)
{
	for (size_t i = 0; i < n; i++)
		if (list[i].arch == arch)
			return &list[i];
	return NULL;
}

/* @x32: numbers with its bit; NULL: the filter knows what to say to those. */
static void add_section(struct stub *stub, uint32_t arch, const struct seccomp_newest *plain,
			const struct seccomp_newest *x32)
{
	bool split = arch == SCMP_ARCH_X86_64;
	size_t start = stub->n;

	add(stub, BPF_JMP | BPF_JEQ | BPF_K, arch, 0, 0); /* no: over this section, see below */
	add(stub, BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr), 0, 0);
	if (split) {
		add(stub, BPF_JMP | BPF_JGE | BPF_K, X32_BIT, 0, 1);
		if (x32)
			add(stub, BPF_JMP | BPF_JGT | BPF_K, x32->nr, TO_ENOSYS, TO_FILTER);
		else
			add(stub, BPF_JMP | BPF_JGE | BPF_K, 0, TO_FILTER, TO_FILTER);
	}
	if (plain)
		add(stub, BPF_JMP | BPF_JGT | BPF_K, plain->nr, TO_ENOSYS, TO_FILTER);
	else
		add(stub, BPF_JMP | BPF_JGE | BPF_K, 0, TO_FILTER, TO_FILTER);
	stub->insns[start].jf = (uint8_t)(stub->n - start - 1);
}

static uint8_t resolve(uint8_t target, size_t at, size_t n)
{
	if (target == TO_ENOSYS) /* the last but one of the stub's instructions is a jump over it */
		return (uint8_t)(n - 1 - (at + 1));
	return target == TO_FILTER ? (uint8_t)(n - (at + 1)) : target;
}

static void make_stub(struct stub *stub, const struct seccomp_newest *list, size_t n)
{
	add(stub, BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch), 0, 0);
	for (size_t i = 0; i < n; i++) {
		if (list[i].arch == SCMP_ARCH_X32) {
			if (!find(list, n, SCMP_ARCH_X86_64))
				add_section(stub, SCMP_ARCH_X86_64, NULL, &list[i]);
			continue;
		}
		add_section(stub, list[i].arch, &list[i],
			    list[i].arch == SCMP_ARCH_X86_64 ? find(list, n, SCMP_ARCH_X32) : NULL);
	}
	add(stub, BPF_JMP | BPF_JA, 1, 0, 0); /* over the next */
	add(stub, BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS, 0, 0);
	for (size_t i = 0; i < stub->n; i++) {
		struct sock_filter *in = &stub->insns[i];

		if (BPF_CLASS(in->code) != BPF_JMP || BPF_OP(in->code) == BPF_JA)
			continue;
		in->jt = resolve(in->jt, i, stub->n);
		in->jf = resolve(in->jf, i, stub->n);
	}
}

int seccomp_enosys_prepend(const struct seccomp_newest *list, size_t n,
			   struct seccomp_program *program, struct error *err)
{
	_cleanup_free_ struct sock_filter *insns = NULL;
	struct stub stub = { .n = 0 };

	if (n == 0)
		return 0;
	make_stub(&stub, list, n);
	if (program->n + stub.n > BPF_MAXINSNS)
		return error_text(err, E2BIG,
				  "linux.seccomp: the filter has %zu instructions, the kernel takes %d: name "
				  "fewer architectures or system calls",
				  program->n + stub.n, BPF_MAXINSNS);
	insns = calloc(program->n + stub.n, sizeof(*insns));
	if (!insns)
		return error_set(err, ENOMEM, "linux.seccomp");
	memcpy(insns, stub.insns, stub.n * sizeof(*insns));
	memcpy(insns + stub.n, program->insns, program->n * sizeof(*insns));
	free(program->insns);
	program->insns = take_ptr(insns);
	program->n = (uint16_t)(program->n + stub.n);
	return 0;
}
