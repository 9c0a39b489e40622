#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# crash - SIGKILL at any system call of any process of a verb leaves nothing that `delete --force` does not remove, nothing
# that hangs, and a state that is true.
#
# crash.sh has the verbs, probes/killat.c kills, census.bash counts. With FULL=1 each verb is killed at every call; otherwise
# `create`, which makes some 2,300, at every 8th and the others at every 12th, from a random one on.

load helpers
load census

SOME=12
MANY=8
[ "${FULL:-0}" != 1 ] || SOME=1 MANY=1

# crash VERB-ROOT STEP
crash() {
	requires_bulwark
	census_world crash.sh "$@"
	assert_status 0
	assert_contains "killed"
	echo "# ${lines[-1]}" >&3 # how many kills these were
}

@test "crash: create, on a folder" {
	crash create-plain $MANY
}

@test "crash: create, on an engine's overlay" {
	crash create-twin $MANY
}

@test "crash: run" {
	crash run-plain $SOME
}

@test "crash: run --detach, on an engine's overlay" {
	crash detach-twin $SOME
}

@test "crash: create, joining another container" {
	crash join-plain $SOME
}

@test "crash: start" {
	crash start-twin $SOME
}

@test "crash: exec" {
	crash exec-plain $SOME
}

@test "crash: delete" {
	crash delete-twin $SOME
}

@test "crash: delete --force" {
	crash force-plain $SOME
}

@test "crash: kill" {
	crash kill-plain $SOME
}

@test "crash: kill --all" {
	crash all-plain $SOME
}

@test "crash: pause" {
	crash pause-plain $SOME
}

@test "crash: resume" {
	crash resume-plain $SOME
}

@test "crash: update" {
	crash update-plain $SOME
}

# bats test_tags=vm-full
@test "crash: create, joining, start, exec and delete, at some thirty system calls" {
	local scenario
	for scenario in create-plain:6 create-twin:6 start-plain:4 exec-plain:4 delete-plain:4 join-plain:5; do
		CRASH_KILLS=${scenario#*:} crash "${scenario%:*}" 1
	done
}

@test "crash: exec does not hang when the process that joins dies before its word" {
	crash exec-plain 1:sendmsg:1
}

@test "crash: start that died after its byte was read: the container runs, and the next start does the rest" {
	crash start-plain 0:unlinkat:1
}

@test "crash: delete --force of a container that a killed kill --all left frozen" {
	crash all-plain 0:pidfd_send_signal:1
}

@test "crash: a hook does not outlive the create that waits for it" {
	crash hook-plain 0:poll:2
}

# ---------------------------------------------------------------- the harness itself

leak() { # KIND MESSAGE...
	local kind=$1 message
	shift
	requires_bulwark
	CENSUS_WAIT_MS=300 census_world crash.sh leak "$kind"
	assert_status 1
	for message; do
		assert_contains "$message"
	done
	containers_delete # what the leak of a test left is the test's to remove
	leftovers_remove
}

@test "crash: the harness notices a mount" {
	leak mount "LEAK after leak process 0 syscall 1 (openat2), then delete --force" "left behind: mount: " "/aside/leak "
}

@test "crash: the harness notices a process, and what it holds" {
	leak process "left behind: process: " " sleep" "left behind: descriptor: 1 of process "
}

@test "crash: the harness notices a cgroup" {
	leak cgroup "left behind: cgroup: /sys/fs/cgroup/"
}

@test "crash: the harness notices a file in the state folder" {
	leak file "left behind: file: $WORK/state-bulwark/.leak"
}

@test "crash: the harness notices a namespace" {
	leak namespace "left behind: namespace: uts:["
}

@test "crash: the harness notices another container's id block, cgroup, state and namespaces" {
	leak container "left behind: id block: 1: $WORK/state-bulwark/other" "left behind: cgroup: " \
		"left behind: file: $WORK/state-bulwark/other/state.json" "left behind: namespace: user:["
}

@test "crash: the harness notices a verb that hangs, and says in what" {
	leak hang "HUNG: the command did not end within 2000 ms" "process 0 hangs in wait4"
}
