#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# sections - smaller sections of config.json: memoryPolicy, netDevices, intelRdt.

load helpers

# ---------------------------------------------------------------- memoryPolicy

requires_numa() {
	[ -e /proc/self/numa_maps ] || skip_or_fail "this kernel has no NUMA"
}

# bats test_tags=vm
@test "memoryPolicy: what the container's processes show, those of exec too" {
	requires_numa
	config_set '.linux.memoryPolicy = {mode: "MPOL_BIND", nodes: "0"}'
	container_start sleep 1000
	grep -q ' bind:0 .*stack' "/proc/$(container_pid)/numa_maps"
	runtime exec "$ID" cat /proc/self/numa_maps >"$WORK/maps" </dev/null
	grep -q ' bind:0 .*stack' "$WORK/maps"
	runtime delete --force "$ID"

	config_set '.linux.memoryPolicy = {mode: "MPOL_INTERLEAVE", nodes: "0", flags: ["MPOL_F_STATIC_NODES"]}'
	runtime_run cat /proc/self/numa_maps
	assert_contains interleave=static:0

	config_set 'del(.linux.memoryPolicy)'
	runtime_run cat /proc/self/numa_maps
	assert_lacks interleave
	assert_contains default
}

@test "memoryPolicy: nodes that are not there are refused by create, and nothing stays" {
	requires_numa
	config_set '.linux.memoryPolicy = {mode: "MPOL_BIND", nodes: "1023"}'
	run_aside container_create
	assert_refused linux.memoryPolicy 1023
	config_set '.linux.memoryPolicy = {mode: "MPOL_BOND", nodes: "0"}'
	run_aside container_create
	assert_refused linux.memoryPolicy.mode MPOL_BOND
}
