#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# fails - a test that fails, on purpose: vm.bats sends it into a guest to see that its failure comes out again.

@test "deliberate: passes" {
	[ "$(stat -f -c %T /sys/fs/cgroup)" = cgroup2fs ]
}

@test "deliberate: fails" {
	false
}
