#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2016 # jq expands
# events - what a container uses, in runc's words, and that it ran out of memory.

load helpers

# The keys of a document, without what names a device, a page size or a counter of the kernel's.
keys_of() {
	jq -c 'del(.data.memory.raw, .data.blkio, .data.hugetlb) | [paths | map(select(type == "string")) | join(".")] | unique'
}

# bats test_tags=vm-oldest
@test "events --stats: figures that agree with the kernel's" {
	config_set '.linux.resources.memory.limit = 67108864 | .linux.resources.pids.limit = 50'
	container_start sleep 1000
	run runtime events --stats "$ID"
	assert_status 0
	assert_equal "${#lines[@]}" 1
	assert_equal "$(jq -r '.type, .id' <<<"$output" | tr '\n' ' ')" "stats $ID "
	assert_equal "$(jq .data.memory.usage.limit <<<"$output")" 67108864
	assert_equal "$(jq .data.pids.current <<<"$output")" 1
	assert_equal "$(jq .data.pids.limit <<<"$output")" 50
	[ "$(jq .data.memory.usage.usage <<<"$output")" -gt 0 ]
	[ "$(jq .data.cpu.usage.total <<<"$output")" -gt 0 ]
	[ "$(jq '.data.memory.raw | length' <<<"$output")" -gt 10 ]
	assert_equal "$(jq -c '.data.blkio | keys' <<<"$output")" '["ioServiceBytesRecursive","ioServicedRecursive"]'
}

@test "events --stats: has the keys of runc's" {
	requires_runc
	local theirs
	container_start sleep 1000
	runtime events --stats "$ID" | keys_of >"$WORK/ours"
	runtime delete --force "$ID"
	if RUNTIME=$RUNC container_start sleep 1000; then
		theirs=$(RUNTIME=$RUNC runtime events --stats "$ID" | keys_of)
		# what runc has and we have not: nothing but what belongs to hardware and networks
		run jq -nr --argjson theirs "$theirs" --argjson ours "$(cat "$WORK/ours")" \
			'$theirs - $ours | .[] | select(test("cpuset|network_interfaces|intel_rdt|percpu_|psi") | not)'
		assert_equal "$output" ""
	else
		fail "runc does not start"
	fi
}

@test "events: a line every so often, until the container ends" {
	container_start sleep 1000
	runtime events --interval 100ms "$ID" >"$WORK/events" 2>&1 &
	local pid=$!
	wait_for eval '[ "$(wc -l <"$WORK/events")" -ge 3 ]'
	runtime kill "$ID" KILL
	wait $pid
	assert_equal "$(jq -r .type "$WORK/events" | sort -u)" stats
}

# bats test_tags=vm-oldest
@test "events: out of memory is told" {
	config_set '.linux.resources.memory = {limit: 33554432, swap: 33554432}'
	container_start sleep 1000
	runtime events --interval 100ms "$ID" >"$WORK/events" 2>&1 &
	local pid=$!
	wait_for test -s "$WORK/events" # by its first figures it listens
	run runtime exec "$ID" sh -c 'x=aaaaaaaaaaaaaaaa; while :; do x=$x$x; done'
	[ "$status" -ne 0 ]
	wait_for grep -q '"type":"oom"' "$WORK/events"
	runtime kill "$ID" KILL
	wait $pid
}

@test "events: a container that is not running, and a bad interval, are refused" {
	run runtime events no-such-container
	assert_status 1
	assert_contains "does not exist"
	container_start true
	container_wait
	run runtime events --stats "$ID"
	assert_refused "is not running"
	run runtime events --interval 5 "$ID"
	assert_refused --interval "5s"
	run runtime events --interval 0s "$ID"
	assert_refused --interval
}
