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

# ---------------------------------------------------------------- NOTIFY_SOCKET

manager_start() {
	cp "$PROBES/notifyd" "$ROOTFS/bin/"
	"$PROBES/notifyd" "$1" >"$WORK/manager.out" 2>&1 3>&- 4>&- &
	HELPERS+=($!)
	wait_for grep -q listening "$WORK/manager.out"
	export NOTIFY_SOCKET=$1
}

is_running() {
	[ "$(container_status)" = running ]
}

manager_heard() {
	sed -n '1!p' "$WORK/manager.out" | tr '\n' ' '
}

# shellcheck disable=SC2016 # the shell in the container expands
READY='notifyd -s "$NOTIFY_SOCKET" STATUS=starting MAINPID=1 "FDSTORE=1" "READY=2" "X=1
READY=1" && sleep 100'

@test "NOTIFY_SOCKET: start returns when the container is ready, and the manager hears who it is, and nothing else" {
	manager_start "$WORK/manager.sock"
	config_set '.process.user = {uid: 1000, gid: 1000}'
	config_args sh -c "while [ ! -e /tmp/go ]; do sleep 0.02; done; $READY"
	mkdir -m 1777 -p "$ROOTFS/tmp"
	container_create
	runtime start "$ID" &
	start=$!
	wait_for is_running
	sleep 0.2 # for a start that would not wait to be gone
	kill -0 $start
	touch "$ROOTFS/tmp/go"
	wait $start
	assert_equal "$(manager_heard)" "MAINPID=$(container_pid)|READY=1 BARRIER=1 "
	run runtime exec "$ID" sh -c 'touch /run/notify/x; mv /run/notify/notify.sock /run/notify/y; grep " /run/notify " /proc/self/mountinfo' </dev/null
	assert_contains "Read-only file system"
	assert_contains "ro,nosuid,nodev,noexec"
}

@test "NOTIFY_SOCKET: an abstract one; run stays the manager's main process" {
	manager_start "@${WORK##*/}"
	config_args sh -c "${READY% && *}; exit 5"
	run runtime run --bundle "$BUNDLE" "$ID" </dev/null
	assert_status 5
	assert_equal "$(manager_heard)" "READY=1 BARRIER=1 "
}

@test "NOTIFY_SOCKET: run --detach waits as start does" {
	manager_start "$WORK/manager.sock"
	config_args sh -c "$READY"
	runtime run --detach --pid-file "$WORK/$ID.pid" --bundle "$BUNDLE" "$ID" </dev/null >"$WORK/out" 2>&1
	assert_equal "$(manager_heard)" "MAINPID=$(container_pid)|READY=1 BARRIER=1 "
}

@test "NOTIFY_SOCKET: a container that ends unready does not keep start; without the variable there is nothing" {
	manager_start "$WORK/manager.sock"
	config_args true
	container_create
	runtime start "$ID"
	assert_equal "$(manager_heard)" ""
	runtime delete --force "$ID"
	unset NOTIFY_SOCKET
	container_start sleep 100
	run runtime exec "$ID" cat /proc/self/mountinfo </dev/null
	assert_lacks notify
	run cat "/proc/$(container_pid)/environ"
	assert_lacks NOTIFY_SOCKET
}

@test "NOTIFY_SOCKET: a manager that is gone is an error that stops nobody else" {
	export NOTIFY_SOCKET=$WORK/none
	cp "$PROBES/notifyd" "$ROOTFS/bin/"
	config_args sh -c "${READY% && *}; exit 5"
	run runtime run --bundle "$BUNDLE" "$ID" </dev/null
	assert_status 5
	assert_contains "$WORK/none"
	config_args sh -c "$READY"
	container_create
	run runtime start "$ID"
	assert_status 1
	assert_contains "$WORK/none"
	assert_equal "$(container_status)" running
}

# ---------------------------------------------------------------- LISTEN_FDS

@test "LISTEN_FDS: descriptors and variables reach the process, before those of --preserve-fds" {
	echo three >"$WORK/three"
	echo four >"$WORK/four"
	echo five >"$WORK/five"
	# shellcheck disable=SC2016 # the shell in the container expands
	config_args sh -c 'cat <&3; cat <&4; [ ! -e /proc/self/fd/5 ] || cat <&5; echo $LISTEN_FDS $LISTEN_PID $LISTEN_FDNAMES'
	config_set '.process.env += ["LISTEN_FDS=9", "LISTEN_PID=77"]'
	local run=("$RUNTIME" --root "$WORK/state-${RUNTIME##*/}" run --bundle "$BUNDLE")
	# shellcheck disable=SC2016 # the inner shell expands
	local as_manager='export LISTEN_FDS=2 LISTEN_FDNAMES=web:admin LISTEN_PID=$$; exec "$@"'
	output=$(timeout 60 sh -c "$as_manager" sh "${run[@]}" "$ID" </dev/null 3<"$WORK/three" 4<"$WORK/four" 5<"$WORK/five")
	assert_equal "$(tr '\n' ' ' <<<"$output")" "three four 2 1 web:admin "
	output=$(timeout 60 sh -c "$as_manager" sh "${run[@]}" --preserve-fds 1 "$ID" </dev/null 3<"$WORK/three" \
		4<"$WORK/four" 5<"$WORK/five")
	assert_equal "$(tr '\n' ' ' <<<"$output")" "three four five 2 1 web:admin "
}

@test "LISTEN_FDS: meant for another process it means nothing; broken it is refused" {
	echo three >"$WORK/three"
	# shellcheck disable=SC2016 # the shell in the container expands
	config_args sh -c 'echo "${LISTEN_FDS-none}"; [ ! -e /proc/self/fd/3 ] || cat <&3'
	local run=("$RUNTIME" --root "$WORK/state-${RUNTIME##*/}" run --bundle "$BUNDLE" "$ID")
	output=$(LISTEN_FDS=1 LISTEN_PID=1 timeout 60 "${run[@]}" </dev/null 3<"$WORK/three")
	assert_equal "$output" none
	for n in -1 x 99999999999 5000; do
		# shellcheck disable=SC2016 # the inner shell expands
		run timeout 60 sh -c 'export LISTEN_FDS=$1 LISTEN_PID=$$; shift; exec "$@"' sh "$n" "${run[@]}" </dev/null 3>&-
		assert_refused LISTEN_FDS
	done
	# shellcheck disable=SC2016 # the inner shell expands
	run timeout 60 sh -c 'export LISTEN_FDS=50 LISTEN_PID=$$; exec "$@"' sh "${run[@]}" </dev/null 3>&-
	assert_status 1
}
