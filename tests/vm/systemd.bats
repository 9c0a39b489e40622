#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2154 # $status and $output are set by run
# systemd - in the guest with systemd: Debian 13's own Docker and Podman, as services set them up, run bulwark.
#
# Their cgroup driver is cgroupfs here; systemd-cgroup.bats is about the other.

bats_require_minimum_version 1.5.0

setup_file() {
	local rootfs=/data/rootfs applet
	TOP=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
	export RUNTIME=$TOP/${BULWARK_BUILD:-build}/test/bulwark
	[ "$(cat /proc/1/comm)" = systemd ] || { echo 'not in a guest with systemd: scripts/vm --systemd' >&2 && return 1; }
	mkdir -p /run/bulwark-test/etc/bulwark
	(umask 077 && echo '{"configurationFileVersion": 2, "bpfLsm": {"value": "preferred"}}' \
		>/run/bulwark-test/etc/bulwark/admin-settings.json)
	mkdir -p $rootfs/{bin,dev,etc,proc,sys,tmp}
	cp "$(command -v busybox)" $rootfs/bin/
	for applet in sh cat id ls sleep true mount stat; do
		ln -s busybox $rootfs/bin/$applet
	done
	echo 'root:x:0:0:root:/:/bin/sh' >$rootfs/etc/passwd
	jq -n --arg runtime "$RUNTIME" '{runtimes: {bulwark: {path: $runtime}},
		"exec-opts": ["native.cgroupdriver=cgroupfs"]}' >/etc/docker/daemon.json
	systemctl restart docker
	tar -C $rootfs -c . | docker import - bb >/dev/null
	tar -C $rootfs -c . | podman import - bb >/dev/null
}

@test "systemd: everything is up, on cgroup v2" {
	run systemctl --failed --no-legend
	[ -z "$output" ]
	[ "$(systemctl is-active docker)" = active ]
	[ "$(docker info --format '{{.CgroupVersion}}')" = 2 ]
	[[ "$(docker version --format '{{.Server.Version}}')" == 26.* ]]
	[[ "$(podman --version)" == *" 5."* ]]
}

@test "systemd: Docker 26 runs a container: exit code, output, root is nobody outside" {
	run docker run --rm --runtime bulwark bb sh -c 'cat /proc/self/uid_map; exit 42'
	echo "$output"
	[ "$status" -eq 42 ]
	[[ "$output" =~ ^\ *0\ +([0-9]+)\ +65536$ ]]
	[ "${BASH_REMATCH[1]}" -ge 100000 ]
}

@test "systemd: Docker 26: exec, limits, stop and rm" {
	docker run -d --name c1 --runtime bulwark -m 64m --pids-limit 50 bb sleep 1000
	[ "$(docker exec c1 cat /proc/1/comm)" = sleep ]
	run docker inspect -f '{{.State.Pid}}' c1
	local folder
	folder=/sys/fs/cgroup$(sed -n 's/^0:://p' "/proc/$output/cgroup")
	[ "$(cat "$folder/memory.max")" = 67108864 ]
	[ "$(cat "$folder/pids.max")" = 50 ]
	docker rm -f c1
	[ ! -e "$folder" ]
}

@test "systemd: Podman 5 runs a container: exit code, output, root is nobody outside" {
	# Its default network is podman.bats' matter: netavark wants nft(8), which the image does not have.
	run podman --runtime "$RUNTIME" --cgroup-manager cgroupfs run --rm --network none bb \
		sh -c 'cat /proc/self/uid_map; exit 42'
	echo "$output"
	[ "$status" -eq 42 ]
	[[ "$output" =~ 0\ +([0-9]+)\ +65536 ]]
	[ "${BASH_REMATCH[1]}" -ge 100000 ]
}

@test "systemd: Podman 5: --tmpfs starts with what the image has there, --read-only" {
	run podman --runtime "$RUNTIME" --cgroup-manager cgroupfs run --rm --network none --read-only --tmpfs /etc bb \
		sh -c 'cat /etc/passwd; echo x >/etc/new && echo written; echo x >/bin/x || echo read-only'
	echo "$output"
	[ "$status" -eq 0 ]
	[[ "$output" == *root:x:0:0* ]]
	[[ "$output" == *written* ]]
	[[ "$output" == *read-only* ]]
}
