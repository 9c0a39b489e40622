#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# checkpoint calls criu as asked, never ends a container, and restore says why it is refused. criu is played by a script,
# in the folder where the test build looks for it: Debian 12 has no criu.
# shellcheck disable=SC2154 # $status, $output and $lines are set by run

load helpers

CRIU=/run/bulwark-test/usr/sbin/criu

setup() {
	common_setup
	requires_bulwark
}

teardown() {
	rm -f "$CRIU"
	common_teardown
}

# criu_is STATUS: a criu that writes down its words, and ends so
criu_is() {
	mkdir -p "${CRIU%/*}"
	printf '#!/bin/sh\necho "$@" >%s\nls /proc/self/fd >%s\nexit %s\n' "$WORK/words" "$WORK/fds" "$1" >"$CRIU"
	chmod 0755 "$CRIU"
}

@test "checkpoint: without criu it says so, and leaves nothing" {
	container_start sleep 100
	run runtime checkpoint --leave-running --image-path "$WORK/image" "$ID"
	assert_refused "criu is not installed"
	[ ! -e "$WORK/image" ]
	assert_equal "$(container_status)" running
}

@test "checkpoint: criu gets the container's first process and what was asked" {
	criu_is 0
	container_start sleep 100
	cd "$WORK"
	runtime checkpoint --leave-running --image-path image --work-path work --tcp-established --file-locks "$ID"
	run cat words
	assert_contains "dump --tree $(container_pid) --images-dir $WORK/image --work-dir $WORK/work"
	assert_contains "--leave-running"
	assert_contains "--tcp-established --file-locks"
	assert_contains "--freeze-cgroup /sys/fs/cgroup/"
	assert_equal "$(stat -c %a image)" 700
	assert_equal "$(tr '\n' ' ' <fds)" "0 1 2 3 " # 3 is that of ls
	runtime checkpoint --pre-dump "$ID"
	run cat words
	assert_contains "pre-dump --tree $(container_pid) --images-dir $WORK/checkpoint"
	assert_lacks "--leave-running"
	assert_equal "$(container_status)" running
}

@test "checkpoint: a criu that fails, and containers that do not run" {
	criu_is 9
	container_start sleep 100
	run runtime checkpoint --leave-running --image-path "$WORK/image" "$ID"
	assert_refused "exit status 9" "$WORK/image/dump.log"
	rm "$WORK/words"
	runtime pause "$ID"
	run runtime checkpoint --leave-running --image-path "$WORK/image" "$ID"
	assert_refused paused
	runtime resume "$ID"
	runtime kill "$ID" KILL
	container_wait
	run runtime checkpoint --leave-running --image-path "$WORK/image" "$ID"
	assert_refused "container not running"
	run runtime checkpoint --leave-running --image-path "$WORK/image" none
	assert_refused "container does not exist"
	[ ! -e "$WORK/words" ]
}

@test "checkpoint: what would end the container, and restore, are refused" {
	criu_is 0
	container_start sleep 100
	run runtime checkpoint --image-path "$WORK/image" "$ID"
	assert_refused "--leave-running"
	run runtime checkpoint --leave-running --lazy-pages --status-fd 7 "$ID"
	assert_refused "--lazy-pages"
	run runtime restore --bundle "$BUNDLE" --detach --pid-file x --image-path i --work-path w --no-pivot --no-subreaper \
		--tcp-established --ext-unix-sk --shell-job --file-locks --manage-cgroups-mode soft --empty-ns network \
		--auto-dedup --lazy-pages --console-socket s other
	assert_refused "restore is not supported"
	[ ! -e "$WORK/words" ]
	[ ! -e "$WORK/image" ]
	assert_equal "$(container_status)" running
}
