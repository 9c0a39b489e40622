#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# poking - whatever system calls a container makes on its emulated files, and whatever it writes there: the worker neither
# dies nor grows. FULL=1 does it for ten minutes each.

load helpers
load monitor

setup() {
	common_setup
	requires_fuse
	SECONDS_TO_POKE=6
	[ "${FULL:-0}" != 1 ] || SECONDS_TO_POKE=600
}

# poke_all: files and folders, by four processes; $output is what became of it. A line a minute, or who watches for a test
# that hangs would end this one.
poke_all() {
	local list files poker waited=0
	list=$(emulated; printf '%s\n' /sys/devices/system/cpu /sys/devices/system/node)
	# shellcheck disable=SC2206 # a list of words
	files=($list)
	[ ${#files[@]} -gt 20 ]
	timeout -k 5 $((SECONDS_TO_POKE + 60)) "$RUNTIME" --root "$WORK/state-bulwark" exec "$ID" \
		poke "$SECONDS_TO_POKE" 4 "${files[@]}" >"$WORK/poked" 2>&1 3>&- 4>&- &
	poker=$!
	while kill -0 $poker 2>/dev/null; do
		sleep 1
		waited=$((waited + 1))
		[ $((waited % 60)) -ne 0 ] || echo "# minute $((waited / 60))" >&3
		[ $waited -ne "$1" ] || "$2"
	done
	wait $poker
	output=$(cat "$WORK/poked")
	echo "# $output" >&3
	[[ "$output" =~ ^calls=([0-9]+)\ ok=([0-9]+)\ lost=0$ ]] || fail "$output"
	[ "${BASH_REMATCH[1]}" -gt 1000 ] && [ "${BASH_REMATCH[2]}" -gt 300 ]
}

rss_kib() {
	awk '/^VmRSS:/ { print $2 }' "/proc/$(worker_pid "$(keeper_pid)")/status"
}

note_rss() {
	RSS=$(rss_kib)
}

@test "poking: a worker under AddressSanitizer and UndefinedBehaviorSanitizer survives every call and every write" {
	local keeper worker sanitized=$TOP/build/san-address-undefined/bulwark-monitor
	env -u MAKEFLAGS -u MAKELEVEL make -s -j"$(nproc)" -C "$TOP" SANITIZE=address,undefined "build/san-address-undefined/bulwark-monitor" >&2
	config_privileged
	config_args sleep 100000
	# shellcheck disable=SC2016 # the inner shell expands
	unshare --mount --propagation private bash -c 'mount --bind "$0" "$1/bulwark-monitor" && shift && exec "$@"' \
		"$sanitized" "$BUILD" "$RUNTIME" --root "$WORK/state-bulwark" create --bundle "$BUNDLE" --pid-file "$WORK/$ID.pid" "$ID" \
		</dev/null >"$WORK/out" 2>&1 3>&- 4>&- || fail "$(cat "$WORK/out")"
	runtime start "$ID"
	keeper=$(keeper_pid) worker=$(worker_pid "$(keeper_pid)")
	grep -q libasan "/proc/$worker/maps"
	poke_all 0 :
	# a report would have been its end; a worker of this build cannot even be executed again
	[ "$(worker_pid "$keeper")" = "$worker" ]
	run runtime exec "$ID" grep -c ^MemTotal: /proc/meminfo
	assert_equal "$output" 1
}

@test "poking: the worker has not grown by more than 256 KiB from the first minute to the end, and is the same" {
	local keeper worker RSS=
	config_privileged
	container_start sleep 100000
	keeper=$(keeper_pid) worker=$(worker_pid "$(keeper_pid)")
	poke_all $((SECONDS_TO_POKE / 10 + 1)) note_rss
	[ -n "$RSS" ]
	echo "# ${RSS} KiB, and $(rss_kib) KiB in the end" >&3
	[ $(($(rss_kib) - RSS)) -le 256 ]
	[ "$(worker_pid "$keeper")" = "$worker" ]
}
