#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# cgroups - limits that reach the kernel's files, the device rules, and where the container's processes are.

load helpers

# bats test_tags=vm-oldest
@test "cgroups: the container's processes are where cgroupsPath says, in every hierarchy" {
	container_start sh -c 'sleep 101 & wait'
	run grep -vE ":$CGROUP/$ID\$" "/proc/$(container_pid)/cgroup"
	assert_equal "$output" ""
}

@test "cgroups: without cgroupsPath the place is /ID" {
	config_set 'del(.linux.cgroupsPath)'
	container_start sleep 100
	grep -q "/$ID\$" "/proc/$(container_pid)/cgroup"
	runtime delete --force "$ID"
	assert_equal "$(cgroup_folders "/$ID")" ""
}

@test "cgroups: a relative cgroupsPath counts from the runtime's own cgroup, and is the same place each time" {
	config_set --arg path "$ID" '.linux.cgroupsPath = $path'
	for _ in 1 2; do
		container_start sleep 100
		sed -E "s|:/$|:|; s|$|/$ID|" /proc/self/cgroup | sort >"$WORK/expected"
		sort "/proc/$(container_pid)/cgroup" | diff "$WORK/expected" -
		runtime delete --force "$ID"
	done
}

@test "cgroups: a path with .. is refused" {
	config_set '.linux.cgroupsPath = "/../../escaped"'
	runtime_run true
	if is_bulwark; then
		assert_status 1
		assert_refused cgroupsPath
	fi
	assert_equal "$(cgroup_folders /../escaped)" ""
	cgroup_folders /escaped | xargs -r rmdir
}

@test "cgroups: two containers in one place are refused" {
	requires_bulwark
	container_start sleep 100
	config_args sleep 100
	run_aside runtime create --bundle "$BUNDLE" "$ID-b" </dev/null
	assert_status 1
	assert_contains "$CGROUP/$ID"
	assert_equal "$(container_status)" running
}

# bats test_tags=vm-oldest
@test "cgroups: limits of memory, pids and cpu are in the kernel's files" {
	local pid
	config_set '.linux.resources.memory = {limit: 67108864, reservation: 33554432} |
		.linux.resources.pids = {limit: 77} |
		.linux.resources.cpu = {shares: 512, quota: 50000, period: 100000}'
	container_start sleep 100
	pid=$(container_pid)
	assert_equal "$(cgroup_read "$pid" memory memory.limit_in_bytes memory.max)" 67108864
	assert_equal "$(cgroup_read "$pid" memory memory.soft_limit_in_bytes memory.low)" 33554432
	assert_equal "$(cgroup_read "$pid" pids pids.max pids.max)" 77
	if cgroup_is_v2 cpu; then
		assert_equal "$(cgroup_read "$pid" cpu - cpu.max)" "50000 100000"
		[ "$(cgroup_read "$pid" cpu - cpu.weight)" -gt 1 ]
	else
		assert_equal "$(cgroup_read "$pid" cpu cpu.shares -)" 512
		assert_equal "$(cgroup_read "$pid" cpu cpu.cfs_quota_us -)" 50000
		assert_equal "$(cgroup_read "$pid" cpu cpu.cfs_period_us -)" 100000
	fi
}

# bats test_tags=vm-oldest
@test "cgroups: swap, cpus and nodes are in the kernel's files; of v1 swappiness, the OOM killer, real time too" {
	local pid
	config_set '.linux.resources.memory = {limit: 67108864, swap: 100663296, checkBeforeUpdate: true, kernel: 33554432} |
		.linux.resources.cpu = {cpus: "0", mems: "0"}'
	cgroup_is_v2 memory || config_set '.linux.resources.memory += {swappiness: 7, disableOOMKiller: true, kernelTCP: 8388608}'
	container_start sleep 100
	pid=$(container_pid)
	assert_equal "$(cgroup_read "$pid" cpuset cpuset.cpus cpuset.cpus)" 0
	assert_equal "$(cgroup_read "$pid" cpuset cpuset.mems cpuset.mems)" 0
	if cgroup_is_v2 memory; then
		assert_equal "$(cgroup_read "$pid" memory - memory.swap.max)" 33554432
	else
		assert_equal "$(cgroup_read "$pid" memory memory.memsw.limit_in_bytes -)" 100663296
		assert_equal "$(cgroup_read "$pid" memory memory.swappiness -)" 7
		! is_bulwark || assert_equal "$(cgroup_read "$pid" memory memory.kmem.tcp.limit_in_bytes -)" 8388608
		cgroup_read "$pid" memory memory.oom_control - | grep -qx 'oom_kill_disable 1'
	fi
}

@test "cgroups: limits that make no sense are refused, and nothing stays" {
	local filter word
	requires_bulwark
	while IFS='|' read -r word filter; do
		config_set ".linux.resources = $filter"
		run_aside container_create
		assert_refused "$word"
		assert_equal "$(leftovers)" ""
	done <<-'END'
		memory|{memory: {limit: 67108864, swap: 33554432}}
		memory.swap|{memory: {swap: "1g"}}
		memory.limit|{memory: {limit: 1.5}}
		cpuset.cpus|{cpu: {cpus: "4000"}}
		cpuset.mems|{cpu: {mems: "1000"}}
		cpu|{cpu: {quota: 1, period: 100000}}
		cpu.shares|{cpu: {shares: -1}}
		pids.limit|{pids: {limit: "5"}}
		blockIO.weight|{blockIO: {weight: -1}}
		blockIO.throttleReadBpsDevice|{blockIO: {throttleReadBpsDevice: [{major: 8, rate: 1}]}}
	END
}

# bats test_tags=vm-oldest
@test "cgroups: a pids limit of -1 is none; 0 is none before version 1.3.0 of the specification, then the first process alone" {
	requires_bulwark
	local row
	for row in 1.2.0/-1/max 1.3.0/-1/max 1.0.2-dev/0/max 1.2.1/0/max 1.3.0/0/1 1.4.0/0/1; do
		IFS=/ read -r version limit shown <<<"$row"
		config_set --arg version "$version" --argjson limit "$limit" '.ociVersion = $version | .linux.resources.pids.limit = $limit'
		container_start sleep 100
		assert_equal "$row $(cgroup_read "$(container_pid)" pids pids.max pids.max)" "$row $shown"
		runtime delete --force "$ID"
	done
}

@test "cgroups: the pids limit holds against root of the container" {
	config_set '.linux.resources.pids = {limit: 8}'
	config_privileged
	runtime_run sh -c 'i=0; while [ $i -lt 20 ]; do sleep 5 & i=$((i+1)); done; ls -d /proc/[0-9]* | wc -l'
	[[ "$output" == *"can't fork"* ]]
}

@test "cgroups: the memory limit holds" {
	config_set '.linux.resources.memory = {limit: 16777216}'
	runtime_run sh -c 'head -c 100000000 /dev/zero | tail -c 90000000 | wc -c; echo $?'
	assert_lacks 90000000
}

# A block device of the machine that takes throttles: they are set for a cgroup of the test's own alone.
block_device() {
	local dev
	for dev in /sys/block/*/dev; do
		case $dev in */ram* | */loop*) continue ;; esac
		cat "$dev"
		return
	done
}

@test "cgroups: blockIO: throttles of a device are in the kernel's files" {
	local dev pid
	dev=$(block_device)
	[ -n "$dev" ] || skip_or_fail "this host has no block device"
	config_set --argjson major "${dev%:*}" --argjson minor "${dev#*:}" '.linux.resources.blockIO = ({
		throttleReadBpsDevice: 1048576, throttleWriteBpsDevice: 2097152, throttleReadIOPSDevice: 100, throttleWriteIOPSDevice: 200} |
		map_values([{major: $major, minor: $minor, rate: .}]))'
	container_start sleep 100
	pid=$(container_pid)
	if cgroup_is_v2 io; then
		assert_equal "$(cgroup_read "$pid" io - io.max)" "$dev rbps=1048576 wbps=2097152 riops=100 wiops=200"
	else
		assert_equal "$(cgroup_read "$pid" blkio blkio.throttle.read_bps_device -)" "$dev 1048576"
		assert_equal "$(cgroup_read "$pid" blkio blkio.throttle.write_bps_device -)" "$dev 2097152"
		assert_equal "$(cgroup_read "$pid" blkio blkio.throttle.read_iops_device -)" "$dev 100"
		assert_equal "$(cgroup_read "$pid" blkio blkio.throttle.write_iops_device -)" "$dev 200"
	fi
}

# bats test_tags=vm-oldest
@test "cgroups: root of a privileged container cannot raise its own limits" {
	requires_bulwark
	local pid
	config_set '.linux.resources.memory = {limit: 67108864} | .linux.resources.pids = {limit: 50}'
	config_privileged
	container_start sh -c 'find /sys/fs/cgroup -name memory.limit_in_bytes -o -name memory.max -o -name pids.max |
		while read -r f; do echo -1 >$f; echo max >$f; done 2>/dev/null; echo >/done; exec sleep 100'
	wait_for [ -e "$ROOTFS/done" ]
	pid=$(container_pid)
	assert_equal "$(cgroup_read "$pid" memory memory.limit_in_bytes memory.max)" 67108864
	assert_equal "$(cgroup_read "$pid" pids pids.max pids.max)" 50
}

@test "cgroups: the container sees its own cgroup as the root" {
	requires_bulwark
	runtime_run cat /proc/self/cgroup
	assert_status 0
	run grep -v ':/$' <<<"$output"
	assert_equal "$output" ""
}

@test "cgroups: exec enters them, kill and delete empty and remove them" {
	container_start sh -c 'sleep 101 & sleep 102 & exec sleep 103'
	runtime exec --detach "$ID" sleep 104 </dev/null >/dev/null 2>&1
	runtime delete --force "$ID"
	assert_equal "$(leftovers)" ""
}

@test "cgroups: an unknown limit's controller is named" {
	requires_bulwark
	config_set '.linux.resources.hugepageLimits = [{pageSize: "3MB", limit: 0}]'
	runtime_run true
	assert_status 1
	assert_contains 3MB
}

@test "cgroups: unified files cannot leave the cgroup" {
	requires_bulwark
	config_set '.linux.resources.unified = {"../cgroup.procs": "0"}'
	runtime_run true
	assert_status 1
	assert_contains ../cgroup.procs
}

# bats test_tags=vm-oldest
@test "cgroups: v2: root inside owns its folder and what the kernel delegates, where its mount is writable" {
	requires_bulwark
	requires_cgroup2
	local script='cd /sys/fs/cgroup; [ ! -d unified ] || cd unified
		mkdir below && echo $$ >below/cgroup.procs && grep -q "^0::/below$" /proc/self/cgroup && echo made
		for f in cgroup.max.depth cgroup.max.descendants cgroup.freeze; do (echo 0 >$f) 2>/dev/null && echo "wrote $f"; done
		find . -maxdepth 1 -type f -user 0 | wc -l'
	config_privileged
	runtime_run sh -c "$script"
	assert_contains made
	assert_lacks wrote
	[ "${lines[-1]}" -ge 3 ]
	[ "${lines[-1]}" -le "$(wc -l </sys/kernel/cgroup/delegate)" ]
	config_set '(.mounts[] | select(.type == "cgroup") | .options) += ["ro"]'
	runtime_run sh -c "$script"
	assert_contains "Read-only file system"
	assert_lacks made
	assert_lacks wrote
}

# As with systemd inside.
# bats test_tags=vm-oldest
@test "cgroups: v2: exec goes to where init is, once the container's own cgroup has controllers for those below" {
	requires_bulwark
	requires_cgroup2
	config_privileged
	container_start sh -c 'cd /sys/fs/cgroup; [ ! -d unified ] || cd unified
		mkdir -p init.scope/inner && echo $$ >init.scope/inner/cgroup.procs && read -r controllers <cgroup.controllers &&
			echo "+${controllers##* }" >cgroup.subtree_control && echo ready; exec sleep 1000'
	wait_for grep -q ready "$WORK/$ID.out"
	run runtime exec "$ID" grep ^0:: /proc/self/cgroup
	assert_status 0
	assert_equal "$output" 0::/init.scope/inner
	runtime exec --detach "$ID" sleep 1000 </dev/null >/dev/null 2>&1
	# and nothing of it is outside
	runtime delete --force "$ID"
	[ -z "$(cgroup_folders "$CGROUP/$ID")" ]
}

# bats test_tags=vm-once
@test "cgroups: device rules: what the table allows opens, and nothing else" {
	config_privileged
	config_set '.linux.resources.devices = [{allow: false, access: "rwm"}]'
	# the node of a disk on a mount without nodev: only the device rules are left to refuse it
	runtime_run sh -c 'mknod /tmp/disk b 8 0 2>/dev/null; mknod /tmp/mem c 1 1 2>/dev/null
		for n in /tmp/disk /tmp/mem; do head -c 1 $n >/dev/null 2>&1 && echo "opened $n"; done
		for d in null zero full random urandom; do head -c 1 /dev/$d >/dev/null 2>&1 || echo "no $d"; done
		[ -e /dev/ptmx ] && echo ptmx'
	assert_lacks opened
	assert_lacks "no zero"
	assert_contains ptmx
}
