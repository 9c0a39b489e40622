// SPDX-License-Identifier: GPL-2.0-or-later
/* bulwark.bpf - owns the program of the hook that later.h appends; all others are the real ones. */
#include "later.h"

#include "../../../bpf/bulwark.bpf.c"

SEC("lsm/sb_statfs")
int BPF_PROG(lsm_sb_statfs)
{
	return surface_require(0, LSM_HOOK_sb_statfs, 0);
}
