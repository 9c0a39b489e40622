#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# What callers pass on the command line and in the environment, beside the bundle: sockets, readiness, flags of verbs.
# shellcheck disable=SC2154 # $status, $output and $lines are set by run

load helpers

# ---------------------------------------------------------------- --pidfd-socket

pidfd_receive() {
	"$PROBES/recvtty" "$WORK/pidfd.sock" </dev/null >"$WORK/pidfd.out" 2>&1 3>&- 4>&- &
	HELPERS+=($!)
	wait_for [ -S "$WORK/pidfd.sock" ]
}

@test "--pidfd-socket: create sends init's, exec its process's" {
	pidfd_receive
	config_args sleep 100
	runtime create --bundle "$BUNDLE" --pid-file "$WORK/$ID.pid" --pidfd-socket "$WORK/pidfd.sock" "$ID" </dev/null \
		>"$WORK/out" 2>&1
	wait_for [ -s "$WORK/pidfd.out" ]
	assert_equal "$(cat "$WORK/pidfd.out")" "name=standard pid=$(container_pid)"
	runtime start "$ID"
	rm "$WORK/pidfd.sock"
	pidfd_receive
	cd "$WORK" # a relative name counts from the caller's folder
	runtime exec --detach --pid-file "$WORK/exec.pid" --pidfd-socket pidfd.sock "$ID" sleep 100 </dev/null >"$WORK/out" 2>&1
	wait_for [ -s "$WORK/pidfd.out" ]
	assert_equal "$(cat "$WORK/pidfd.out")" "name=setns pid=$(cat "$WORK/exec.pid")"
}

@test "--pidfd-socket: run sends it; where nobody listens nothing is left" {
	pidfd_receive
	config_args true
	runtime run --bundle "$BUNDLE" --pidfd-socket "$WORK/pidfd.sock" "$ID" </dev/null >"$WORK/out" 2>&1
	wait_for grep -q "^name=standard pid=[0-9]" "$WORK/pidfd.out"
	run_aside runtime create --bundle "$BUNDLE" --pidfd-socket "$WORK/pidfd.sock" "$ID"
	assert_status 1
	assert_contains --pidfd-socket
	[ ! -e "$WORK/state-${RUNTIME##*/}/$ID" ]
	container_start sleep 100
	run runtime exec --pidfd-socket "$WORK/none" "$ID" touch /tmp/ran </dev/null
	assert_status 255
	assert_contains --pidfd-socket
	[ ! -e "$ROOTFS/tmp/ran" ]
}
