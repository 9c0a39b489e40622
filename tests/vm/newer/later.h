/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * later - owns the hook that tests append, for a bulwarkctl that is one version newer than the one that is installed:
 * statfs(2), which is refused. bpf/abi.h takes it in; bpf_ctl.bats reloads from one to the other and back.
 */
#pragma once

#define LSM_HOOKS_LATER(HOOK, WITNESS) HOOK(sb_statfs, "surface", "statfs(2)")
