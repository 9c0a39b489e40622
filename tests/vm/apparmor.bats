#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# apparmor - processes of a container have the AppArmor profile the spec names. In guests: the machines where bulwark is
# made have no AppArmor.

load ../integration/helpers

setup_file() {
	[ -d /sys/kernel/security/apparmor ] || { echo 'no AppArmor here: scripts/vm' >&2 && return 1; }
	common_setup_file
	profile_load bulwark-test 'deny /tmp/denied rw,'
	profile_load bulwark-test-2 'deny /tmp/denied-2 rw,'
	docker_start
}

teardown_file() {
	docker_stop
	common_teardown_file
}

teardown() {
	docker_clean
	common_teardown
}

profile_load() { # NAME RULES
	apparmor_parser --replace --skip-cache --quiet <<-END
		profile $1 flags=(attach_disconnected,mediate_deleted) {
			file, capability, network, mount, umount, pivot_root, signal, ptrace, unix,
			$2
		}
	END
}

profile_set() {
	config_set --arg profile "$1" '.process.apparmorProfile = $profile'
}

LABEL='cat /proc/self/attr/apparmor/current; echo x >/tmp/denied && echo wrote; echo x >/tmp/denied-2 && echo wrote-2; :'

# bats test_tags=vm-oldest
@test "apparmor: run under a profile, which denies; without one nothing is denied" {
	runtime_run sh -c "$LABEL"
	assert_status 0
	assert_contains unconfined
	assert_contains "wrote"
	profile_set bulwark-test
	runtime_run sh -c "$LABEL"
	assert_status 0
	assert_contains "bulwark-test (enforce)"
	[[ ! "$output" =~ (^|$'\n')wrote($|$'\n') ]]
	assert_contains wrote-2
}

@test "apparmor: also with no_new_privs, capabilities dropped and a filter" {
	profile_set bulwark-test
	config_set '.process.noNewPrivileges = true | .process.capabilities = {} | .process.user = {uid: 1000, gid: 1000}'
	runtime_run sh -c "$LABEL"
	assert_contains "bulwark-test (enforce)"
	assert_contains wrote-2
}

# bats test_tags=vm-oldest
@test "apparmor: exec has the container's profile, or the one that it names" {
	profile_set bulwark-test
	container_start sleep 1000
	assert_equal "$(cat "/proc/$(container_pid)/attr/apparmor/current")" "bulwark-test (enforce)"
	run runtime exec "$ID" sh -c "$LABEL"
	assert_contains "bulwark-test (enforce)"
	assert_contains wrote-2
	run runtime exec --apparmor bulwark-test-2 "$ID" sh -c "$LABEL"
	assert_contains "bulwark-test-2 (enforce)"
	[[ "$output" =~ (^|$'\n')wrote($|$'\n') ]]
	jq '.process | .args = ["cat", "/proc/self/attr/apparmor/current"] | .apparmorProfile = "bulwark-test-2"' \
		"$BUNDLE/config.json" >"$WORK/process.json"
	run runtime exec --process "$WORK/process.json" "$ID"
	assert_equal "$output" "bulwark-test-2 (enforce)"
}

# bats test_tags=vm-oldest
@test "apparmor: a profile that is not loaded is refused by name, and nothing is left" {
	profile_set no-such-profile
	runtime_run true
	assert_refused no-such-profile "not loaded"
	profile_set bulwark-test
	container_start sleep 1000
	run runtime exec --apparmor no-such-profile "$ID" true
	assert_refused no-such-profile "not loaded"
}

# bats test_tags=vm-oldest
@test "apparmor: startContainer hooks are not under the container's profile" {
	profile_set bulwark-test
	config_set '.hooks.startContainer = [{path: "/bin/sh", args: ["sh", "-c", "echo x >/tmp/denied"]}]'
	runtime_run cat /tmp/denied
	assert_lacks x # the process may not even read it
	[ -s "$ROOTFS/tmp/denied" ]
}

# bats test_tags=vm-oldest
@test "apparmor: Docker's default profile, for run and exec" {
	run docker_run --rm bb cat /proc/self/attr/apparmor/current
	assert_equal "$output" "docker-default (enforce)"
	docker_run -d --name c1 bb sleep 1000
	assert_equal "$(docker exec c1 cat /proc/self/attr/apparmor/current)" "docker-default (enforce)"
	run docker_run --rm --security-opt apparmor=unconfined bb cat /proc/self/attr/apparmor/current
	assert_equal "$output" unconfined
}
