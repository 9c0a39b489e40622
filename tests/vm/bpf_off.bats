#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2154 # $status and $output are set by run
# bpf_off - in a guest with Linux 6.1 that is booted without `bpf` in lsm=: programs load and attach there, and enforce
# nothing. (6.12 at least refuses the map of inode storage.)

load ../integration/helpers

setup_file() {
	export CTL=$BUILD/bulwarkctl
	! grep -q bpf /sys/kernel/security/lsm || { echo 'bpf is in lsm=: scripts/vm --no-bpf' >&2 && return 1; }
	common_setup_file
}

@test "bpf off: load is refused with the words for this kernel's command line" {
	run "$CTL" load
	echo "$output"
	[ "$status" -eq 1 ]
	[[ "$output" =~ lsm=([a-z,]*,)?bpf ]]
	[[ "$output" != *capability,* ]] || [[ "$output" == *"(it has "*capability* ]]
	[ -z "$(ls /sys/fs/bpf)" ]
}

@test "bpf off: status says so, and which parameter the kernel wants" {
	run "$CTL" status
	echo "$output"
	[ "$status" -eq 1 ]
	[[ "$output" == *"not loaded"*"without the BPF LSM"*lsm=*bpf* ]]
	run "$CTL" status --json
	[ "$status" -eq 3 ]
	[ "$(jq -r .kernelParameter <<<"$output")" = "lsm=$(sed 's/capability,//' /sys/kernel/security/lsm),bpf" ]
}

# Were the list wrong, the self-test is what tells: everything else succeeds.
@test "bpf off: the self-test finds out by itself" {
	echo bpf >"$BATS_TEST_TMPDIR/lsm"
	mount --bind "$BATS_TEST_TMPDIR/lsm" /sys/kernel/security/lsm
	run "$CTL" load
	umount /sys/kernel/security/lsm
	echo "$output"
	[ "$status" -eq 1 ]
	[[ "$output" == *"self-test"*"does not enforce"* ]]
	[ -z "$(ls /sys/fs/bpf)" ]
}

@test "bpf off: required, a container is refused with those words; preferred, it runs and is shown as degraded" {
	config_args sleep 1000
	policy_write '{"bpfLsm": {"value": "required"}}'
	run_aside runtime create --bundle "$BUNDLE" "$ID"
	echo "$output"
	assert_refused 'BPF LSM' lsm= preferred "$POLICY"
	[[ "$output" =~ lsm=([a-z,]*,)?bpf ]]
	policy_write
	container_create
	runtime start "$ID"
	assert_equal "$(runtime state "$ID" | jq -r '.annotations["io.bulwark.degraded"]')" bpf-lsm
	run runtime list
	assert_contains DEGRADED
	run runtime exec "$ID" id -u
	assert_equal "$output" 0
	# The reason is kept for a while, or every container would pay for another attempt.
	grep -q lsm= /run/bulwark-test/run/bpf-lsm-failure
}
