#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# update - a running container is paused, let go on, and given other limits.

load helpers

# Its processor time stands still exactly when the container does.
counter_start() {
	container_start sh -c 'echo counting >/tmp/count; while :; do :; done'
	wait_for test -s "$ROOTFS/tmp/count"
}

cpu_ticks() {
	awk '{ print $14 + $15 }' "/proc/$(container_pid)/stat"
}

ticks_moved() {
	[ "$(cpu_ticks)" -gt "$1" ]
}

# bats test_tags=vm-oldest
@test "pause: every process stands still until resume" {
	counter_start
	run runtime pause "$ID"
	assert_status 0
	assert_equal "$(container_status)" paused
	local ticks
	ticks=$(cpu_ticks)
	sleep 0.3 # of which a busy loop would have used most
	assert_equal "$(cpu_ticks)" "$ticks"
	run runtime resume "$ID"
	assert_status 0
	assert_equal "$(container_status)" running
	wait_for ticks_moved "$ticks"
}

@test "pause: exec is refused meanwhile, and kill -KILL ends it" {
	counter_start
	runtime pause "$ID"
	run runtime exec "$ID" true
	assert_status 255
	assert_contains "paused"
	runtime kill "$ID" KILL
	container_wait
	assert_equal "$(container_status)" stopped
}

@test "pause: exec --ignore-paused waits for resume" {
	local job
	counter_start
	runtime pause "$ID"
	runtime exec --ignore-paused "$ID" echo thawed </dev/null >"$WORK/thawed" 2>&1 3>&- 4>&- &
	job=$!
	sleep 0.2
	[ ! -s "$WORK/thawed" ] || fail "$(cat "$WORK/thawed")"
	runtime resume "$ID"
	wait $job
	assert_equal "$(cat "$WORK/thawed")" thawed
}

@test "pause: delete wants --force, which ends a paused container" {
	counter_start
	runtime pause "$ID"
	run runtime delete "$ID"
	[ "$status" -ne 0 ]
	run runtime delete --force "$ID"
	assert_status 0
	run runtime state "$ID"
	assert_contains "does not exist"
}

@test "pause, resume: refused in other states, in runc's words" {
	counter_start
	run runtime resume "$ID"
	assert_status 1
	assert_contains "container not paused"
	runtime pause "$ID"
	run runtime pause "$ID"
	assert_status 1
	assert_contains "container not running"
	runtime kill "$ID" KILL
	container_wait
	run runtime pause "$ID"
	assert_status 1
	assert_contains "container not running"
	run runtime resume no-such-container
	assert_status 1
	assert_contains "does not exist"
}

limit_is() { # CONTROLLER FILE-OF-V1 FILE-OF-V2 VALUE
	assert_equal "$(cgroup_read "$(container_pid)" "$1" "$2" "$3")" "$4"
}

@test "update: limits as flags; what is not named stays" {
	config_set '.linux.resources.memory.limit = 67108864 | .linux.resources.pids.limit = 50'
	container_start sleep 1000
	run runtime update --memory 96m "$ID"
	assert_status 0
	limit_is memory memory.limit_in_bytes memory.max 100663296
	limit_is pids pids.max pids.max 50
	run runtime update --pids-limit 70 --cpu-share 512 --cpuset-cpus 0 "$ID"
	assert_status 0
	limit_is pids pids.max pids.max 70
	limit_is memory memory.limit_in_bytes memory.max 100663296
	limit_is cpuset cpuset.cpus cpuset.cpus 0
	assert_equal "$(runtime exec "$ID" nproc)" 1
}

@test "update: each other flag of a limit reaches its file" {
	requires_bulwark # runc has the burst since 1.2
	container_start sleep 1000
	runtime update --memory 64m --memory-swap 96m --memory-reservation 32m --kernel-memory 16m --cpu-quota 30000 \
		--cpu-period 90000 --cpu-burst 1000 --cpuset-mems 0 "$ID"
	limit_is memory memory.soft_limit_in_bytes memory.low 33554432
	limit_is cpuset cpuset.mems cpuset.mems 0
	limit_is cpu cpu.cfs_burst_us cpu.max.burst 1000
	if cgroup_is_v2 memory; then
		limit_is memory '' memory.swap.max 33554432
	else
		limit_is memory memory.memsw.limit_in_bytes '' 100663296
		runtime update --kernel-memory-tcp 8m "$ID"
		limit_is memory memory.kmem.tcp.limit_in_bytes '' 8388608
	fi
	cgroup_is_v2 cpu || limit_is cpu cpu.cfs_period_us '' 90000
	runtime update --cpu-burst 0 --cpu-idle 1 "$ID"
	limit_is cpu cpu.idle cpu.idle 1
}

@test "update: a quota without its period keeps the period, and the other way round" {
	config_set '.linux.resources.cpu = {quota: 50000, period: 100000}'
	container_start sleep 1000
	runtime update --cpu-quota 20000 "$ID"
	if cgroup_is_v2 cpu; then
		limit_is cpu '' cpu.max '20000 100000'
		runtime update --cpu-period 50000 "$ID"
		limit_is cpu '' cpu.max '20000 50000'
	else
		limit_is cpu cpu.cfs_quota_us '' 20000
		limit_is cpu cpu.cfs_period_us '' 100000
		runtime update --cpu-period 50000 "$ID"
		limit_is cpu cpu.cfs_quota_us '' 20000
		limit_is cpu cpu.cfs_period_us '' 50000
	fi
}

@test "update: memory and swap grow together, and are lifted together" {
	config_set '.linux.resources.memory = {limit: 33554432, swap: 33554432}'
	container_start sleep 1000
	run runtime update --memory 128m --memory-swap 256m "$ID"
	assert_status 0
	limit_is memory memory.limit_in_bytes memory.max 134217728
	run runtime update --memory 64m --memory-swap 64m "$ID"
	assert_status 0
	limit_is memory memory.limit_in_bytes memory.max 67108864
	run runtime update --memory -1 "$ID"
	assert_status 0
	if cgroup_is_v2 memory; then
		limit_is memory '' memory.max max
	else
		[ "$(cgroup_read "$(container_pid)" memory memory.limit_in_bytes '')" -gt 1000000000000 ]
	fi
}

# bats test_tags=vm-oldest
@test "update: --resources from standard input and from a file, as engines send them" {
	container_start sleep 1000
	# What containerd sends for docker update: zeroes for what stays, and devices, which are no limits.
	local before
	before=$(cgroup_read "$(container_pid)" cpu cpu.shares cpu.weight)
	run runtime update --resources - "$ID" <<-'END'
		{"devices": [{"allow": true, "access": "rwm"}], "memory": {"limit": 83886080, "swap": 0, "reservation": 0},
		 "cpu": {"shares": 0, "quota": 0, "period": 0, "cpus": "", "mems": ""}, "pids": {"limit": 33}, "blockIO": {"weight": 0}}
	END
	assert_status 0
	limit_is memory memory.limit_in_bytes memory.max 83886080
	limit_is pids pids.max pids.max 33
	limit_is cpu cpu.shares cpu.weight "$before"
	run runtime exec "$ID" sh -c 'mknod /tmp/mem c 1 1 && cat /tmp/mem'
	[ "$status" -ne 0 ]
	echo '{"pids": {"limit": 44}}' >"$WORK/limits.json"
	run runtime update --resources "$WORK/limits.json" "$ID"
	assert_status 0
	limit_is pids pids.max pids.max 44
}

@test "update: one limit that cannot be set leaves all as they were" {
	config_set '.linux.resources.memory.limit = 67108864 | .linux.resources.pids.limit = 50'
	container_start sleep 1000
	run runtime update --memory 96m --cpuset-cpus 4000 "$ID"
	assert_status 1
	assert_contains cpuset.cpus
	limit_is memory memory.limit_in_bytes memory.max 67108864
	run runtime update --pids-limit 60 "$ID"
	assert_status 0
	limit_is memory memory.limit_in_bytes memory.max 67108864
}

@test "update: what is no limit is refused by name" {
	container_start sleep 1000
	run runtime update --memory lots "$ID"
	assert_refused --memory lots
	run runtime update --pids-limit 1.5 "$ID"
	assert_refused --pids-limit 1.5
	run runtime update --resources - "$ID" <<<'{"memory": {"limit": "5m"}}'
	assert_refused memory.limit
	run runtime update --resources - "$ID" <<<'[]'
	assert_refused object
	runtime kill "$ID" KILL
	container_wait
	run runtime update --pids-limit 10 "$ID"
	assert_refused "not running"
}

@test "update: cache and memory bandwidth of a container that has no resctrl group are refused, and its limits stay" {
	requires_bulwark
	config_set '.linux.resources.pids.limit = 50'
	container_start sleep 1000
	run runtime update --l3-cache-schema 'L3:0=f' --pids-limit 60 "$ID"
	assert_refused linux.intelRdt resctrl
	run runtime update --mem-bw-schema 'L3:0=f' --pids-limit 60 "$ID"
	assert_refused linux.intelRdt.memBwSchema MB:
	limit_is pids pids.max pids.max 50
}
