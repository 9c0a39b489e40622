/* SPDX-License-Identifier: GPL-2.0-or-later */
/* seccomp_enosys - owns the answer to system calls that are newer than a profile: they do not exist. */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct error;
struct seccomp_program;

#define SECCOMP_ARCHS_MAX 24

/* The highest number that a profile names, in one architecture. */
struct seccomp_newest {
	uint32_t arch; /* SCMP_ARCH_* */
	uint32_t nr;
};

/**
 * seccomp_enosys_prepend() - Have calls above these numbers fail with ENOSYS before the filter sees them
 * @list:	each architecture once; at most SECCOMP_ARCHS_MAX
 *
 * Who wrote the profile did not know them, so its default, often EPERM, was not meant for them: a C library that tries a
 * new call first and falls back on ENOSYS would fail. runc does the same.
 * Return: 0, -E2BIG when the filter gets too long, -ENOMEM.
 */
int seccomp_enosys_prepend(const struct seccomp_newest *list, size_t n,
			   struct seccomp_program *program, struct error *err);
