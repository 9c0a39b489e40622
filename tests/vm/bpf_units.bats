#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2154 # $status and $output are set by run
# bpf_units - in the guest with systemd: the layer is loaded before an engine starts, which does not start without it; records
# go to the journal, whatever is killed.

bats_require_minimum_version 1.5.0
load bpf

setup_file() {
	TOP=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
	BUILD=$TOP/${BULWARK_BUILD:-build}
	export CTL=/usr/local/sbin/bulwarkctl PROBES=$BUILD/vm-probes UNITS=$TOP/userspace/units
	[ "$(cat /proc/1/comm)" = systemd ] || { echo 'not in a guest with systemd: scripts/vm --systemd' >&2 && return 1; }
	cp "$BUILD/bulwarkctl" $CTL
	local unit
	for unit in "$UNITS"/*.service; do
		sed 's|@SBIN@|/usr/local/sbin|g' "$unit" >"/etc/systemd/system/${unit##*/}"
	done
	systemctl daemon-reload
	sysctl -q -w kernel.unprivileged_bpf_disabled=0
}

teardown_file() {
	systemctl disable --now bulwark-audit.service
	systemctl disable bulwark.service
	$CTL unload --force
	rm -rf /etc/systemd/system/bulwark*.service*
	systemctl daemon-reload
}

# attack ID N: a container that wants N sockets of AF_ALG, and gets none
attack() {
	local attempts
	mapfile -t attempts < <(yes alg | head -n "$2")
	assert_equal "$("$PROBES/contain" --id "$1" --mode enforce -- "$PROBES/attack" "${attempts[@]}" | sort -u)" 'alg EPERM'
	rmdir "/sys/fs/cgroup/bpf-test-$1" 2>/dev/null || true
}

# entries ID: the journal's
entries() {
	journalctl -q -o json -t bulwark "BULWARK_ID=$1"
}

has_entries() { # ID N
	[ "$(entries "$1" | wc -l)" -eq "$2" ]
}

@test "bpf units: systemd has nothing to say about them" {
	run systemd-analyze verify --man=no /etc/systemd/system/bulwark.service /etc/systemd/system/bulwark-audit.service
	assert_equal "$output" ''
	[ "$status" -eq 0 ]
	# 0 is sealed off, 10 is not at all.
	run systemd-analyze security --no-pager bulwark-audit.service
	echo "${output##*$'\n'}"
	[[ "${output##*$'\n'}" =~ :\ [0-3]\.[0-9]\ OK ]]
}

@test "bpf units: the layer is loaded, and engines need it from then on" {
	systemctl enable --now bulwark.service
	run $CTL status --json
	assert_equal "$(jq -r .state <<<"$output")" enforcing
	run systemctl show docker.service -p Requires -p After
	[[ "$output" == *Requires=*bulwark.service* ]]
	[[ "$output" == *After=*bulwark.service* ]]
	run systemctl reload bulwark.service
	echo "$output"
	[ "$status" -eq 0 ]
	run journalctl -q -o cat -u bulwark.service
	[[ "$output" == *"loaded: "* ]]
	[[ "$output" == *"reloaded: "*" programs, self-test passed"* ]]
}

@test "bpf units: nobody stops it by accident" {
	run systemctl stop bulwark.service
	[ "$status" -ne 0 ]
	assert_equal "$(systemctl is-active docker.service)" active
	assert_equal "$($CTL status --json | jq -r .state)" enforcing
}

@test "bpf units: an engine does not start where the layer cannot be loaded, and says what to do" {
	mkdir -p /etc/systemd/system/bulwark.service.d
	printf '[Unit]\nRefuseManualStop=no\n' >/etc/systemd/system/bulwark.service.d/test.conf
	systemctl daemon-reload
	systemctl stop docker.socket docker.service bulwark.service
	$CTL unload
	echo lockdown,capability,yama,apparmor >"$BATS_TEST_TMPDIR/lsm"
	mount --bind "$BATS_TEST_TMPDIR/lsm" /sys/kernel/security/lsm
	run systemctl start docker.service
	umount /sys/kernel/security/lsm
	echo "$output"
	[ "$status" -ne 0 ]
	run journalctl -q -o cat -u bulwark.service
	[[ "$output" == *"lsm=lockdown,yama,apparmor,bpf"* ]]
	systemctl reset-failed
	systemctl start docker.service
	assert_equal "$(systemctl is-active docker.service bulwark.service)" $'active\nactive'
	assert_equal "$($CTL status --json | jq -r .state)" enforcing
}

@test "bpf units: records go to the journal, by a process that is nobody and may nothing" {
	local pid
	systemctl enable --now bulwark-audit.service
	pid=$(systemctl show -P MainPID bulwark-audit.service)
	wait_for grep -q '^Uid:	65534	65534	65534	65534$' "/proc/$pid/status"
	assert_equal "$(grep -E '^(Groups|Cap(Inh|Prm|Eff|Amb)|NoNewPrivs|Seccomp):' "/proc/$pid/status" | tr -d ' \t')" \
		$'Groups:\nCapInh:0000000000000000\nCapPrm:0000000000000000\nCapEff:0000000000000000\nCapAmb:0000000000000000\nNoNewPrivs:1\nSeccomp:2'
	# Of the maps it has kept the ring, which cannot be written by a descriptor.
	assert_equal "$(find "/proc/$pid/fd" -lname 'anon_inode:bpf-map' | wc -l)" 1
	attack journal1 3
	wait_for has_entries journal1 3
	run entries journal1
	assert_equal "$(head -n 1 <<<"$output" | jq -r '[.BULWARK_HOOK, .BULWARK_TOPIC, .BULWARK_VERDICT, .BULWARK_MODE, .BULWARK_COMM,
		.BULWARK_UID, .BULWARK_ERRNO, .BULWARK_DETAIL, .PRIORITY, ._UID, ._SYSTEMD_UNIT] | join(" ")')" \
		'socket_create surface refused enforce attack 100000 1 38 4 65534 bulwark-audit.service'
	[[ "$(head -n 1 <<<"$output" | jq -r .MESSAGE)" == 'socket_create refused in container journal1: by attack (pid '* ]]
	# Each record goes to one reader.
	run $CTL events
	[ "$status" -eq 1 ]
	[[ "$output" == *bulwark-audit.service* ]]
}

@test "bpf units: no record is lost when the reader is killed, or the journal is started again" {
	systemctl kill -s KILL bulwark-audit.service
	attack journal2 5
	wait_for has_entries journal2 5
	systemctl restart systemd-journald.service
	attack journal3 5
	wait_for has_entries journal3 5
	assert_equal "$(systemctl is-active bulwark-audit.service)" active
	[ "$(cat "/sys/fs/cgroup$(systemctl show -P ControlGroup bulwark-audit.service)/memory.peak")" -lt $((16 * 1024 * 1024)) ]
}

@test "bpf units: after unload it waits for the next load; a reload it does not notice" {
	local pid
	pid=$(systemctl show -P MainPID bulwark-audit.service)
	$CTL reload
	attack journal4 2
	wait_for has_entries journal4 2
	assert_equal "$(systemctl show -P MainPID bulwark-audit.service)" "$pid"
	$CTL unload
	wait_for sh -c "[ \"\$(systemctl show -P MainPID bulwark-audit.service)\" != $pid ]"
	$CTL load
	wait_for systemctl is-active bulwark-audit.service
	attack journal5 2
	wait_for has_entries journal5 2
}
