#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# leaks - what a container used is given back, also when a verb is killed in the middle: counted before and after.
#
# The cycles run in mount and pid namespaces of their own (leaks.sh), with an empty state and id table: everything that is
# counted there was made there.

load helpers

leaks_run() { # WHAT
	config_args sleep 1000
	mkdir -p "$WORK/ov/diff" "$WORK/ov/work" "$WORK/ov/merged"
	run timeout 300 unshare --mount --pid --fork --kill-child --mount-proc --propagation private \
		bash "$TESTS/leaks.sh" "$RUNTIME" "$PROBES" "$WORK" "$BUNDLE" "$CGROUP" "$1" </dev/null 3>&- 4>&-
	echo "$output"
}

# bats test_tags=vm
@test "leaks: 50 cycles of create, start, delete leave nothing" {
	leaks_run cycles
	assert_status 0
	assert_contains "50 cycles"
}

# bats test_tags=vm
@test "leaks: create killed with SIGKILL at a random moment, then delete --force" {
	requires_bulwark
	leaks_run create
	assert_status 0
	assert_contains "killed"
}

@test "leaks: run, start, exec and delete killed with SIGKILL at a random moment, then delete --force" {
	requires_bulwark
	leaks_run verbs
	assert_status 0
	assert_contains "killed"
}

@test "leaks: a create that fails gives everything back" {
	requires_bulwark
	leaks_run failures
	assert_status 0
}

@test "leaks: id ranges of containers whose state was wiped are swept" {
	requires_bulwark
	leaks_run wiped
	assert_status 0
}
