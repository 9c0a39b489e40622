#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# upgrade - bulwarkctl upgrade: another bulwark-monitor serves containers that are running, and no reader notices.

load helpers
load monitor

setup() {
	common_setup
	requires_fuse
	ctl_make
	install -m 0755 "$BUILD/bulwark-monitor" "$WORK/new"
	echo newer >>"$WORK/new"
}

# upgrade PROGRAM [MODE]: as if `make install` had put it where it belongs
upgrade() {
	# shellcheck disable=SC2016 # the inner shell expands
	timeout -k 5 $PATIENCE unshare --mount --propagation private bash -c '
		mount -t tmpfs -o mode=0755 tmpfs /usr/local && mkdir -p /usr/local/libexec/bulwark &&
		install -m "$2" "$1" /usr/local/libexec/bulwark/bulwark-monitor && eval "$4" && exec "$3/bulwarkctl" upgrade' \
		bash "$1" "${2:-0755}" "$WORK/sbin" "${3:-:}" </dev/null 2>&1 3>&- 4>&-
}

broken() { # NAME
	[ "$BUILD/hostile/$1" -nt "$TESTS/hostile/$1.c" ] || make -s -C "$TOP" B="$BUILD" "$BUILD/hostile/$1"
	echo "$BUILD/hostile/$1"
}

old_serves() { # KEEPER
	cmp -s "/proc/$(worker_pid "$1")/exe" "$BUILD/bulwark-monitor"
}

is_newer() { # PID
	[ "$(tail -c 6 "/proc/$1/exe")" = newer ]
}

# bats test_tags=vm-once
@test "upgrade: workers move to the new program under eight readers, and no read fails" {
	local keeper old reader pid
	container_start sleep 1000
	keeper=$(keeper_pid) old=$(worker_pid "$keeper") pid=$(container_pid)
	runtime exec "$ID" readers read 8 6 /proc/meminfo /proc/stat /proc/cpuinfo /proc/swaps /proc/loadavg \
		/sys/devices/system/cpu/online >"$WORK/readers" 2>&1 &
	reader=$!
	for i in 1 2 3; do
		run upgrade "$WORK/new"
		assert_status 0
		[[ "$output" =~ ^[0-9]+\ containers\ have\ the\ monitor\ that\ is\ installed,.*,\ 0\ kept\ theirs$ ]]
		[ "$(worker_pid "$keeper")" != "$old" ]
		old=$(worker_pid "$keeper")
		is_newer "$old"
	done
	wait $reader || fail "$(cat "$WORK/readers")"
	echo "# $(tail -n 1 "$WORK/readers")" >&3
	[[ "$(cat "$WORK/readers")" =~ ^ok=([0-9]+)\ failed=0\ short=0\  ]] || fail "$(cat "$WORK/readers")"
	[ "$(keeper_pid)" = "$keeper" ] && [ "$(container_pid)" = "$pid" ] # nothing else was started again
	# and it is what its successors are
	kill -KILL "$old"
	wait_for has_new_worker "$keeper" "$old"
	wait_for is_newer "$(worker_pid "$keeper")"
}

@test "upgrade: a program that is none, that does nothing or that dies when it has begun: the old one goes on" {
	local keeper name reader
	config_privileged
	container_start sleep 1000
	runtime exec "$ID" sh -c 'echo 7 >/proc/sys/kernel/panic'
	keeper=$(keeper_pid)
	broken quitter && broken sleeper
	runtime exec "$ID" readers read 8 12 /proc/meminfo /proc/stat /sys/devices/system/cpu/online >"$WORK/readers" 2>&1 &
	reader=$!
	run upgrade "$(command -v busybox)"
	assert_status 1
	assert_contains "container '$ID': the new program's worker died at once, so its workers go on with the old one"
	echo "not a program" >"$WORK/text"
	run upgrade "$WORK/text"
	assert_status 1
	assert_contains "died at once"
	run upgrade "$(broken sleeper)"
	assert_status 1
	assert_contains "the new program does nothing, so its workers go on with the old one"
	run upgrade "$(broken quitter)" # it looked well enough: found out later
	wait $reader || fail "$(cat "$WORK/readers")"
	[[ "$(cat "$WORK/readers")" =~ ^ok=([0-9]+)\ failed=0\ short=0\  ]] || fail "$(cat "$WORK/readers")"
	wait_for old_serves "$keeper"
	run runtime exec "$ID" cat /proc/sys/kernel/panic
	assert_equal "$output" 7
	[ "$(keeper_pid)" = "$keeper" ]
}

@test "upgrade: what others than root can write to is not run; nobody else can ask; a container without a monitor is named" {
	local keeper old
	container_start sleep 1000
	keeper=$(keeper_pid) old=$(worker_pid "$keeper")
	run upgrade "$WORK/new" 0775
	assert_status 1
	assert_contains "container '$ID': the new program is not root's alone to write to"
	run upgrade "$WORK/new" 0755 'chown 1000 /usr/local/libexec/bulwark/bulwark-monitor'
	assert_status 1
	assert_contains "not root's alone"
	run upgrade "$WORK/new" 0755 'chmod 0777 /usr/local/libexec'
	assert_status 1
	assert_contains "others than root may write to a folder of '/usr/local/libexec/bulwark'"
	run upgrade "$WORK/new" 0755 'rm /usr/local/libexec/bulwark/bulwark-monitor'
	assert_status 1
	assert_contains "'make install' puts it there"
	[ "$(worker_pid "$keeper")" = "$old" ]
	# the folder is root's
	[ -S "$WORK/state-bulwark/$ID/monitor.sock" ]
	assert_equal "$(stat -c '%u %a' "$WORK/state-bulwark/$ID")" "0 700"
	kill -KILL "$keeper"
	"$PROBES/await" "$keeper" $((PATIENCE * 1000))
	run upgrade "$WORK/new"
	assert_status 0
	assert_contains "$ID: it has no monitor that could be upgraded"
}
