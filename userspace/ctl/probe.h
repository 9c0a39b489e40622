/* SPDX-License-Identifier: GPL-2.0-or-later */
/* probe - owns the question whether this kernel, as it was booted, can enforce anything by BPF. */
#pragma once

struct error;

/**
 * probe_kernel() - Look for BTF, for `bpf` in the list of LSMs, and for bpffs
 *
 * With `bpf` missing from lsm= everything loads and attaches, and nothing is enforced: Linux 6.1 to 7.2.
 * Return: 0, or -ENOTSUP with one sentence that says what to do on this host.
 */
int probe_kernel(struct error *err);
