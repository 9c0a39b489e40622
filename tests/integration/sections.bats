#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# sections - smaller sections of config.json: memoryPolicy, netDevices, intelRdt, resources beside the common ones.

load helpers

# ---------------------------------------------------------------- memoryPolicy

requires_numa() {
	[ -e /proc/self/numa_maps ] || skip_or_fail "this kernel has no NUMA"
}

# bats test_tags=vm-oldest
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

@test "memoryPolicy: each mode and flag, nodes left out where they may be" {
	local row shown
	requires_numa
	while IFS='|' read -r shown row; do
		config_set ".linux.memoryPolicy = $row"
		runtime_run cat /proc/self/numa_maps
		assert_status 0
		[[ "${lines[0]}" == *" $shown "* ]] || fail "$row: ${lines[0]}"
	done <<-'END'
		default|{mode: "MPOL_DEFAULT"}
		default|{mode: "MPOL_DEFAULT", nodes: ""}
		prefer:0|{mode: "MPOL_PREFERRED", nodes: "0"}
		local|{mode: "MPOL_LOCAL"}
		bind=relative:0|{mode: "MPOL_BIND", nodes: "0", flags: ["MPOL_F_RELATIVE_NODES"]}
		prefer (many):0|{mode: "MPOL_PREFERRED_MANY", nodes: "0-0"}
		weighted interleave:0|{mode: "MPOL_WEIGHTED_INTERLEAVE", nodes: "0"}
	END
	for row in '{nodes: "0"}' '{mode: "MPOL_BIND"}' '{mode: "MPOL_BIND", nodes: "0", flags: ["MPOL_F_NO"]}' \
		'{mode: "MPOL_BIND", nodes: "1-0"}' '{mode: "MPOL_BIND", nodes: "x"}'; do
		config_set ".linux.memoryPolicy = $row"
		run_aside container_create
		assert_refused linux.memoryPolicy
	done
}

# ---------------------------------------------------------------- netDevices

# A network namespace to play in, and a policy of its own that lets interfaces $1... be moved: the machine's are not
# touched. From then on $RUNTIME runs there.
world_new() {
	local names
	requires ip unshare nsenter
	names=$(jq -n -c '$ARGS.positional' --args -- "$@")
	# shellcheck disable=SC2016 # the inner shell expands
	unshare --net --mount --propagation private sh -c 'mount -t tmpfs -o mode=755 tmpfs /run/bulwark-test &&
		mkdir -p "${1%/*}" && umask 077 && printf "%s\n" "$2" >"$1" && : >/run/bulwark-test/ready && exec sleep 1000' \
		sh "$POLICY" '{"bpfLsm": {"value": "preferred"}, "netDevices": {"value": '"$names"'}}' 3>&- 4>&- &
	WORLD=$!
	HELPERS+=("$WORLD")
	wait_for test -e "/proc/$WORLD/root/run/bulwark-test/ready"
	printf '#!/bin/sh\nexec nsenter -t %s -n -m -- %s "$@"\n' "$WORLD" "$RUNTIME" >"$WORK/bulwark"
	chmod 755 "$WORK/bulwark"
	RUNTIME=$WORK/bulwark
}

in_world() {
	nsenter -t "$WORLD" -n -m -- "$@"
}

# A container in it needs it for its end.
teardown() {
	containers_delete
	common_teardown
}

# v0, up, with addresses that go along and one that does not.
veth_new() {
	in_world ip link add v0 type veth peer name p0 || skip_or_fail "this kernel has no veth"
	in_world ip addr add 10.9.8.7/24 brd + dev v0
	in_world ip addr add 169.254.3.4/16 scope link dev v0
	in_world ip addr add 10.9.8.99/24 dev v0 valid_lft 1000 preferred_lft 1000
	in_world ip -6 addr add fd00::7/64 dev v0 nodad
	in_world ip link set v0 up
	in_world ip link set p0 up
}

assert_veth_untouched() {
	output=$(in_world ip addr show dev v0)
	assert_contains "UP"
	assert_contains 10.9.8.7/24
	assert_contains fd00::7/64
}

@test "netDevices: an interface moves in, named anew, up, with its permanent global addresses" {
	requires_bulwark
	world_new v0
	veth_new
	config_set '.linux.netDevices = {v0: {name: "eth7"}}'
	container_start sleep 1000
	run -0 runtime exec "$ID" ip addr show dev eth7 </dev/null
	assert_contains "UP"
	assert_contains "inet 10.9.8.7/24 brd 10.9.8.255"
	assert_contains "inet6 fd00::7/64"
	assert_lacks 169.254.3.4
	assert_lacks 10.9.8.99
	run ! in_world ip link show dev v0
	in_world ip addr add 10.9.8.1/24 dev p0
	in_world busybox ping -c 1 -W 5 10.9.8.7
	runtime delete --force "$ID"
	wait_for world_lacks p0 # and with one end goes the other
}

world_lacks() {
	! in_world ip link show dev "$1" >/dev/null 2>&1
}

@test "netDevices: without a name it keeps its own, and %d leaves the number to the kernel" {
	requires_bulwark
	world_new v0 p0
	veth_new
	config_set '.linux.netDevices = {v0: {}, p0: {name: "port%d"}}'
	runtime_run ip -o link
	assert_status 0
	assert_contains " v0@"
	assert_contains " port0@"
}

@test "netDevices: what the policy does not name stays on the host" {
	requires_bulwark
	world_new p0 other
	veth_new
	config_set '.linux.netDevices = {v0: {}}'
	run_aside container_create
	assert_refused netDevices "'v0'" administrator
	assert_veth_untouched

	in_world ip link property add dev v0 altname other
	config_set '.linux.netDevices = {other: {}}'
	run_aside container_create
	assert_refused other "'v0'"
	assert_veth_untouched
}

@test "netDevices: a create that fails gives them back as they were" {
	requires_bulwark
	world_new v0
	veth_new
	config_set '.linux.netDevices = {v0: {name: "eth7"}} | .process.args = ["/no/such/program"]'
	run_aside container_create
	[ "$status" -ne 0 ]
	assert_contains /no/such/program
	assert_veth_untouched
}

@test "netDevices: what cannot be is refused before anything moves" {
	requires_bulwark
	local config
	world_new v0 br0 lo gone
	veth_new
	in_world ip link add br0 type bridge
	while IFS='|' read -r config word; do
		config_set --argjson devices "$config" '.linux.netDevices = $devices'
		run_aside container_create
		assert_refused netDevices "$word"
		assert_veth_untouched
	done <<-'END'
		{"v0": {}, "gone": {}}|gone
		{"v0": {"name": "lo"}}|lo
		{"v0": {"name": "e"}, "gone": {"name": "e"}}|two interfaces
		{"v0": {}, "br0": {}}|br0
		{"lo": {"name": "x"}}|lo
		{"v0": {"name": "sixteen-letters-"}}|sixteen
		{"v0": {"name": "a/b"}}|a/b
		{"v0": {"name": "e%d%d"}}|e%d%d
		{"v0": {"name": "\u001b[31m"}}|name
		{"v0": []}|object
	END
}

# ---------------------------------------------------------------- intelRdt

@test "intelRdt: where there is no resctrl it is refused, and nothing stays" {
	requires_bulwark
	! grep -q ' - resctrl ' /proc/self/mountinfo || skip "this host has resctrl"
	config_set '.linux.intelRdt = {schemata: ["L3:0=f"]}'
	run_aside container_create
	assert_refused linux.intelRdt resctrl
	config_set '.linux.intelRdt = {closID: "../x"}'
	run_aside container_create
	assert_refused linux.intelRdt.closID ../x
}

# ---------------------------------------------------------------- resources

has_controller() { # of v1, mounted, or of v2
	cgroup_is_v2 "$1" || awk -v c="$1" '$(NF-2) == "cgroup" { n = split($NF, a, ",")
		for (i = 1; i <= n; i++) if (a[i] == c) found = 1 } END { exit !found }' /proc/self/mountinfo
}

# bats test_tags=vm-oldest
@test "resources: hugepageLimits hold for what is reserved and for what is used" {
	local pid size
	has_controller hugetlb || skip_or_fail "this host has no hugetlb cgroup controller"
	[ -d /sys/kernel/mm/hugepages/hugepages-2048kB ] || skip_or_fail "this host has no huge pages of 2MB"
	config_set '.linux.resources.hugepageLimits = [{pageSize: "2MB", limit: 8388608}]'
	container_start sleep 1000
	pid=$(container_pid)
	assert_equal "$(cgroup_read "$pid" hugetlb hugetlb.2MB.rsvd.limit_in_bytes hugetlb.2MB.rsvd.max)" 8388608
	assert_equal "$(cgroup_read "$pid" hugetlb hugetlb.2MB.limit_in_bytes hugetlb.2MB.max)" 8388608
	runtime delete --force "$ID"
	for size in 3MB 64kB 2MB/x; do
		config_set --arg size "$size" '.linux.resources.hugepageLimits = [{pageSize: $size, limit: 1}]'
		run_aside container_create
		assert_refused hugepageLimits pageSize "$size"
	done
}

@test "resources: unified reaches its file, and names what it cannot" {
	local key
	cgroup_is_v2 hugetlb || skip_or_fail "cgroup v2 has no hugetlb controller on this host"
	config_set '.linux.resources.unified = {"hugetlb.2MB.max": "4194304", "cgroup.pressure": "0"}'
	container_start sleep 1000
	assert_equal "$(cgroup_read "$(container_pid)" hugetlb - hugetlb.2MB.max)" 4194304
	assert_equal "$(cgroup_read "$(container_pid)" hugetlb - cgroup.pressure)" 0
	runtime delete --force "$ID"
	for key in ../x hugetlb/x cgroup.procs cgroup.max.depth nosuch.max hugetlb.nosuch; do
		config_set --arg key "$key" '.linux.resources.unified = {($key): "1"}'
		run_aside container_create
		assert_refused unified "$key"
	done
}

# bats test_tags=vm-oldest
@test "resources: cpu.idle, burst" {
	local pid
	config_set '.linux.resources.cpu = {quota: 50000, period: 100000, burst: 20000, idle: 1}'
	container_start sleep 1000
	pid=$(container_pid)
	assert_equal "$(cgroup_read "$pid" cpu cpu.idle cpu.idle)" 1
	assert_equal "$(cgroup_read "$pid" cpu cpu.cfs_burst_us cpu.max.burst)" 20000
	# each of the three is checked against the others' old values
	echo '{"cpu": {"quota": 10000, "burst": 5000, "idle": 0, "shares": 512}}' |
		runtime update --resources - "$ID"
	assert_equal "$(cgroup_read "$pid" cpu cpu.idle cpu.idle)" 0
	assert_equal "$(cgroup_read "$pid" cpu cpu.cfs_burst_us cpu.max.burst)" 5000
	echo '{"cpu": {"quota": 60000, "burst": 60000}}' | runtime update --resources - "$ID"
	assert_equal "$(cgroup_read "$pid" cpu cpu.cfs_burst_us cpu.max.burst)" 60000
}

@test "resources: a limit without its controller is refused by name" {
	local config word
	while IFS='|' read -r config word; do
		! has_controller "$word" || continue
		config_set --argjson resources "$config" '.linux.resources = $resources'
		run_aside container_create
		assert_refused linux.resources "$word"
	done <<-'END'
		{"rdma": {"mlx5_0": {"hcaHandles": 1}}}|rdma
		{"network": {"classID": 1048577}}|net_cls
		{"network": {"priorities": [{"name": "lo", "priority": 3}]}}|net_prio
	END
	config_set '.linux.resources = {rdma: {"mlx5_0": {}}}'
	run_aside container_create
	assert_refused "rdma['mlx5_0']" hcaHandles
}

@test "resources: weights of devices, where a scheduler knows them, and else a sentence" {
	config_set '.linux.resources.blockIO = {weightDevice: [{major: 8, minor: 0, leafWeight: 100}]}'
	run_aside container_create
	assert_refused blockIO
	config_set '.linux.resources.blockIO = {weightDevice: [{major: 8, minor: 0}]}'
	run_aside container_create
	assert_refused "blockIO.weightDevice[0]" leafWeight
}

# ---------------------------------------------------------------- selinuxLabel, mountLabel; features

@test "selinuxLabel, mountLabel: where there is no SELinux they are refused, and nothing stays" {
	requires_bulwark
	[ ! -e /sys/fs/selinux/context ] || skip "this host has SELinux"
	config_set '.process.selinuxLabel = "system_u:system_r:container_t:s0:c1,c2"'
	run_aside container_create
	assert_refused process.selinuxLabel container_t SELinux
	config_set 'del(.process.selinuxLabel) | .linux.mountLabel = "system_u:object_r:container_file_t:s0:c1,c2"'
	run_aside container_create
	assert_refused linux.mountLabel container_file_t SELinux
	config_set '.process.selinuxLabel = "" | .linux.mountLabel = ""'
	runtime_run true
	assert_status 0
}

@test "features: every field of the specification" {
	requires_bulwark
	run runtime features
	assert_status 0
	jq -e '.ociVersionMin == "1.0.0" and .ociVersionMax == "1.3.0" and (.hooks | length) == 6 and
		(.annotations | has("io.github.seccomp.libseccomp.version")) and
		(.potentiallyUnsafeConfigAnnotations | type) == "array" and (.linux |
		(.namespaces | length) == 8 and (.capabilities | length) == 41 and
		(.cgroup | keys) == ["rdma", "systemd", "systemdUser", "v1", "v2"] and
		(.seccomp | [.actions, .operators, .archs, .knownFlags, .supportedFlags] | all(length > 0)) and
		.apparmor.enabled and .selinux.enabled and .intelRdt.enabled and .intelRdt.schemata and
		.intelRdt.monitoring and (.memoryPolicy.modes | length) == 7 and (.memoryPolicy.flags | length) == 3 and
		.mountExtensions.idmap.enabled and .netDevices.enabled)' <<<"$output"
}
