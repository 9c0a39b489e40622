#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# leaks - what a container used is given back, also when a verb is killed in the middle: counted before and after.
#
# The cycles (leaks.sh) run in a world of their own: census.bash. Kills at every single system call are in crash.bats.

load helpers
load census

# bats test_tags=vm-once
@test "leaks: cycles of create, start, delete leave nothing" {
	census_world leaks.sh cycles
	assert_status 0
	assert_contains "$([ "${BULWARK_GUEST:-0}" = 0 ] && echo 50 || echo 12) cycles"
}

# bats test_tags=vm-full
@test "leaks: create killed with SIGKILL at a random moment, then delete --force" {
	requires_bulwark
	census_world leaks.sh create
	assert_status 0
	assert_contains "killed"
}

@test "leaks: run, start, exec and delete killed with SIGKILL at a random moment, then delete --force" {
	requires_bulwark
	census_world leaks.sh verbs
	assert_status 0
	assert_contains "killed"
}

@test "leaks: a create that fails gives everything back" {
	requires_bulwark
	census_world leaks.sh failures
	assert_status 0
}

@test "leaks: id ranges of containers whose state was wiped are swept" {
	requires_bulwark
	census_world leaks.sh wiped
	assert_status 0
}
