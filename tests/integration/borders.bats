#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# borders - what a hostile review of the runtime got through with, each attack as it was made.

load helpers

# The attack needs a caller with a session keyring: it is what an engine's unit or a login gives it.
@test "keyring: under runc's --no-new-keyring a container sees and changes the caller's keys" {
	requires_runc
	RUNTIME=$RUNC
	bundle_new
	config_args /bin/keys spy
	run "$PROBES/keys" host timeout 60 "$RUNTIME" --root "$WORK/state-${RUNTIME##*/}" run --no-new-keyring \
		--bundle "$BUNDLE" "$ID" </dev/null
	assert_contains host-secret
	assert_contains "host: overwritten"
}

@test "keyring: neither the container nor exec has the caller's" {
	requires_bulwark
	config_privileged
	config_args /bin/keys spy
	run "$PROBES/keys" host timeout 60 "$RUNTIME" --root "$WORK/state-${RUNTIME##*/}" run --no-new-keyring \
		--bundle "$BUNDLE" "$ID" </dev/null
	assert_contains LOOKED
	assert_lacks host-secret
	assert_contains "host: untouched"
	container_start sleep 100
	run "$PROBES/keys" host timeout 60 "$RUNTIME" --root "$WORK/state-${RUNTIME##*/}" exec "$ID" /bin/keys spy </dev/null
	assert_contains LOOKED
	assert_lacks host-secret
	assert_contains "host: untouched"
}

@test "cgroups: a folder that is another's parent is refused, and what is in it lives on" {
	requires_bulwark
	config_set ".linux.cgroupsPath = \"$CGROUP/parent/victim\""
	container_start sleep 100
	config_set ".linux.cgroupsPath = \"$CGROUP/parent\""
	run_aside runtime create --bundle "$BUNDLE" "$ID-b"
	assert_status 1
	assert_contains "in use already"
	assert_equal "$(container_status)" running
	[ -n "$(cgroup_folders "$CGROUP/parent/victim")" ]
	runtime delete --force "$ID"
	cgroup_folders "$CGROUP/parent" | xargs -r rmdir
}

# Where the hierarchy is delegated (v2): a name that begins with a dot, and depth without end.
@test "cgroups: what a container hides or nests does not keep it from being deleted" {
	requires_bulwark
	config_privileged
	config_set '.mounts |= map(if .destination == "/sys/fs/cgroup" then .options -= ["ro"] else . end)'
	container_start sh -c 'cd /sys/fs/cgroup; [ -d unified ] && cd unified
		mkdir -p .hidden/x; for i in $(seq 100); do mkdir d 2>/dev/null && cd d || break; done; echo nested; exec sleep 100'
	wait_for grep -q nested "$WORK/$ID.out"
	runtime delete --force "$ID"
	assert_equal "$(leftovers)" ""
}

@test "devices: no node is made in a volume below /dev" {
	requires_bulwark
	public_new
	config_mount "$PUBLIC/home" /dev/net
	config_set '.linux.devices = [{path: "/dev/net/tun", type: "c", major: 10, minor: 200}]'
	runtime_run true
	assert_status 1
	assert_contains "something is mounted on 'net'"
	assert_equal "$(ls -A "$PUBLIC/home")" ""
}

@test "devices: a node for the host's console in the image opens nothing" {
	requires_bulwark
	mknod "$ROOTFS/con" c 5 1
	config_privileged
	runtime_run sh -c 'cat </con; echo "status $?"'
	assert_contains "status 1"
}

@test "sources: dev and rdev do not lift nodev of a bind" {
	local option
	requires_bulwark
	public_new
	for option in dev rdev; do
		config_set 'del(.mounts[] | select(.destination == "/v"))'
		config_mount "$PUBLIC/home" /v rbind "$option"
		runtime_run sh -c 'grep " /v " /proc/self/mountinfo'
		assert_status 0
		assert_contains nodev
	done
}

@test "sources: a folder of a system account is refused, one of a user is not" {
	requires_bulwark
	public_new
	install -d -o 6 -g 12 "$PUBLIC/man"
	config_mount "$PUBLIC/man" /v
	runtime_run true
	assert_status 1
	assert_contains "system account"
	config_set 'del(.mounts[] | select(.destination == "/v"))'
	config_mount "$PUBLIC/home" /v
	runtime_run true
	assert_status 0
}

@test "exec: --preserve-fds passes on what the caller opened, and nothing of the runtime's" {
	requires_bulwark
	container_start sleep 100
	run runtime exec --preserve-fds 4 "$ID" ls -l /proc/self/fd </dev/null
	assert_status 255
	assert_contains "--preserve-fds 4: descriptor 3 is not open"
	echo given >"$WORK/given"
	run timeout 60 "$RUNTIME" --root "$WORK/state-${RUNTIME##*/}" exec --preserve-fds 1 "$ID" sh -c 'cat <&3' \
		</dev/null 3<"$WORK/given"
	assert_equal "$output" given
}
