/* SPDX-License-Identifier: GPL-2.0-or-later */
/* probe - owns the question whether this kernel, as it was booted, can enforce anything by BPF. */
#pragma once

#include <stddef.h>

struct error;

/**
 * probe_kernel() - Look for BTF, for `bpf` in the list of LSMs, and for bpffs
 *
 * With `bpf` missing from lsm= everything loads and attaches, and nothing is enforced: Linux 6.1 to 7.2.
 * Return: 0, or -ENOTSUP with one sentence that says what to do on this host.
 */
int probe_kernel(struct error *err);

/**
 * probe_lsm_parameter() - What this host's kernel has to be booted with: "lsm=..."
 *
 * Return: 0; -EALREADY when `bpf` is in the list of LSMs; -errno when nobody knows.
 */
int probe_lsm_parameter(char *buf, size_t size);
