#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# podman - Debian's Podman and Buildah with bulwark as their runtime: default network, pods, mappings, volumes, builds.
#
# They run in mount and network namespaces of the test's own, so that their usual places are the test's folders, and
# bridges and NAT rules end with it. No daemon; conmon is a container's parent.

load helpers

setup_file() {

	common_setup_file
	podman_start
}

teardown_file() {
	podman_stop
	common_teardown_file
}

setup() {
	common_setup
}

teardown() {
	podman pod rm -fa -t 0 >/dev/null 2>&1 || :
	podman rm -fa -t 0 >/dev/null 2>&1 || :
	podman volume rm -fa >/dev/null 2>&1 || :
	common_teardown
}

podman_start() {
	requires podman buildah conmon catatonit nsenter unshare
	[ -x /usr/lib/podman/netavark ] || skip_or_fail "netavark is not installed"
	PODMAN_DIR=$(mktemp -d "$TEST_TMP/bulwark-it.XXXXXX")
	PODMAN_CGROUP=/${PODMAN_DIR##*/}
	PODMAN_CGROUP=${PODMAN_CGROUP//./-}
	export PODMAN_DIR PODMAN_CGROUP
	mkdir "$PODMAN_DIR"/{lib,networks}
	# Without CAP_SYS_RESOURCE the limits that Podman asks for by itself cannot be set, by no runtime.
	printf '[containers]\ndefault_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]\n[network]\n%s\n' \
		"network_config_dir = \"$PODMAN_DIR/networks\"" >"$PODMAN_DIR/containers.conf"
	mkdir -p /run/containers /run/libpod /run/netns /var/lib/containers
	# shellcheck disable=SC2016 # the inner shell expands
	unshare --net --mount sh -c 'ip link set lo up && mount --bind "$1/lib" /var/lib/containers &&
		for dir in /run/containers /run/libpod /run/netns /dev/shm; do mount -t tmpfs tmpfs $dir || exit; done
		touch "$1/ready" && exec sleep 3600' sh "$PODMAN_DIR" </dev/null >/dev/null 2>&1 3>&- 4>&- &
	export PODMAN_NS=$!
	wait_for test -e "$PODMAN_DIR/ready"
	tar -C "$FILE_WORK/rootfs" -cf "$PODMAN_DIR/bb.tar" .
	podman import "$PODMAN_DIR/bb.tar" bb >/dev/null 2>&1
}

podman_stop() {
	local folder pid
	[ -n "$PODMAN_DIR" ] || return 0
	podman system migrate >/dev/null 2>&1 || : # ends what waits for the next command
	kill "$PODMAN_NS" 2>/dev/null || :
	cgroup_folders "$PODMAN_CGROUP" | while read -r folder; do
		while read -r pid; do
			kill -KILL "$pid" 2>/dev/null && "$PROBES/await" "$pid" 5000
		done <"$folder/cgroup.procs"
		rmdir "$folder" 2>/dev/null || wait_for rmdir "$folder" 2>/dev/null || :
	done
	rm -rf --one-file-system "$PODMAN_DIR"
}

inside() {
	timeout -k 5 90 nsenter --target "$PODMAN_NS" --net --mount env CONTAINERS_CONF="$PODMAN_DIR/containers.conf" "$@" \
		</dev/null 3>&- 4>&-
}

podman() {
	inside podman --runtime "$RUNTIME" --cgroup-manager cgroupfs --storage-driver overlay --events-backend file "$@"
}

podman_run() {
	podman run --cgroup-parent "$PODMAN_CGROUP" "$@"
}

podman_pid() {
	podman inspect -f '{{.State.Pid}}' "$1"
}

@test "podman run: root is nobody outside; exit code and output arrive" {
	run podman_run --rm bb sh -c 'cat /proc/self/uid_map; stat -c %u:%g /etc/passwd; exit 42'
	assert_status 42
	[[ "${lines[0]}" =~ ^\ *0\ +([0-9]+)\ +65536$ ]]
	[ "${BASH_REMATCH[1]}" -ge 100000 ]
	assert_equal "${lines[1]}" 0:0
	run podman_run --rm bb nowhere
	assert_status 127
	run podman_run --rm bb /etc
	assert_status 126
}

@test "podman run: the default network is Podman's; ports below 1024, ping, the name of a neighbour" {
	podman_run -d --name c1 bb sh -c 'while :; do echo hello | nc -l -p 80; done' >/dev/null
	local address
	address=$(podman inspect -f '{{.NetworkSettings.IPAddress}}' c1)
	run podman_run --rm bb sh -c "nc $address 80 && /bin/icmp $address"
	assert_status 0
	assert_contains hello
	assert_contains "reply 0"
	[ "$(readlink "/proc/$(podman_pid c1)/ns/user")" != "$(readlink /proc/self/ns/user)" ]
	run podman exec c1 ip link set eth0 down
	[ "$status" -ne 0 ] # it is not the container's
}

@test "podman run: --network none is the container's own" {
	podman_run -d --name c1 --network none --cap-add NET_ADMIN bb sleep 1000 >/dev/null
	run podman exec c1 sh -c 'ip link set lo down && ip link set lo up && ip addr'
	assert_status 0
	assert_lacks eth0
}

@test "podman exec, logs, stop, start, top, stats, pause, update, rm" {
	podman_run -d --name c1 bb sh -c 'echo started; trap "exit 3" TERM; while :; do sleep 0.1; done' >/dev/null
	wait_for eval '[ "$(podman logs c1)" = started ]'
	run podman exec -w /tmp -e X=y c1 sh -c 'pwd; echo $X; exit 7'
	assert_status 7
	assert_equal "$output" "/tmp
y"
	run podman top c1 pid user
	assert_status 0
	run podman stats --no-stream --format '{{.Name}} {{.PIDs}}' c1
	assert_contains c1
	podman pause c1
	assert_equal "$(podman inspect -f '{{.State.Status}}' c1)" paused
	podman unpause c1
	podman stop -t 10 c1 >/dev/null
	assert_equal "$(podman inspect -f '{{.State.ExitCode}}' c1)" 3
	podman start c1 >/dev/null
	assert_equal "$(podman exec c1 id -u)" 0
	podman rm -f -t 0 c1 >/dev/null
	run podman ps -aq
	assert_equal "$output" ""
}

@test "podman pod: the containers share what the pod has, and one user namespace" {
	podman pod create --name p1 --cgroup-parent "$PODMAN_CGROUP" >/dev/null
	podman run -d --pod p1 --name c1 bb sh -c 'hostname; while :; do echo one | nc -l -p 8080; done' >/dev/null
	podman run -d --pod p1 --name c2 bb sleep 1000 >/dev/null
	local kind a b
	a=$(podman_pid c1) b=$(podman_pid c2)
	for kind in net ipc uts user; do
		assert_equal "$(readlink "/proc/$a/ns/$kind")" "$(readlink "/proc/$b/ns/$kind")"
	done
	[ "$(readlink "/proc/$a/ns/mnt")" != "$(readlink "/proc/$b/ns/mnt")" ]
	run podman exec c2 nc 127.0.0.1 8080
	assert_equal "$output" one
	assert_equal "$(podman exec c2 hostname)" p1
	podman pod stop -t 0 p1 >/dev/null
	podman pod start p1 >/dev/null
	assert_equal "$(podman exec c2 hostname)" p1
}

@test "podman run: --uidmap and --userns=auto are honoured" {
	run podman_run --rm --uidmap 0:1900000000:65536 --gidmap 0:1900000000:65536 -v data:/v bb \
		sh -c 'cat /proc/self/uid_map; touch /v/x /x; stat -c %u:%g /v/x /x /etc/passwd'
	assert_status 0
	[[ "${lines[0]}" =~ 0\ +1900000000\ +65536 ]]
	assert_equal "${lines[1]} ${lines[2]} ${lines[3]}" "0:0 0:0 0:0"
	grep -q ^containers: /etc/subuid || {
		inside sh -c "echo containers:1800000000:1000000 | cat /etc/subuid - >$PODMAN_DIR/subuid &&
			mount --bind $PODMAN_DIR/subuid /etc/subuid && mount --bind $PODMAN_DIR/subuid /etc/subgid"
	}
	run podman_run --rm --userns=auto bb sh -c 'cat /proc/self/uid_map; stat -c %u:%g /etc/passwd'
	assert_status 0
	assert_equal "${lines[1]}" 0:0
}

@test "podman run: volumes keep their owners, and a user's folder is his" {
	public_new
	podman_run --rm -v data:/v bb sh -c 'echo x >/v/f; chown 5:6 /v/f'
	run podman_run --rm -v data:/v:ro bb stat -c %u:%g /v/f
	assert_equal "$output" 5:6
	assert_equal "$(stat -c %u:%g "$PODMAN_DIR/lib/storage/volumes/data/_data/f")" 5:6
	podman_run --rm -v "$PUBLIC/home:/h" bb sh -c 'echo x >/h/f'
	assert_equal "$(stat -c %u:%g "$PUBLIC/home/f")" $USER_ID:$USER_ID
}

@test "podman run: the host's namespaces and folders are refused, --privileged or not" {
	requires_bulwark
	local kind
	for kind in network pid ipc uts; do
		run podman_run --rm --privileged --$kind host bb true
		[ "$status" -ne 0 ]
		assert_contains "$kind namespace with the host"
	done
	run podman_run --rm --privileged -v /:/h bb true
	[ "$status" -ne 0 ]
	assert_contains "restricted"
}

@test "buildah: bud and run" {
	local context=$PODMAN_DIR/context
	mkdir -p "$context"
	printf 'FROM localhost/bb\nRUN id -u >/id && cat /proc/self/uid_map >/map && touch /made && chown 33:33 /made\nUSER 33\nCMD ["stat", "-c", "%%u:%%g", "/made"]\n' \
		>"$context/Containerfile"
	run inside buildah --storage-driver overlay bud --runtime "$RUNTIME" --isolation oci --cgroup-parent "$PODMAN_CGROUP/bud" \
		--network none -t built "$context"
	assert_status 0
	run podman_run --rm built
	assert_equal "$output" 33:33
	run podman_run --rm built cat /map
	[[ "$output" =~ ^\ *0\ +[1-9][0-9]{5,}\ +65536$ ]]
	local name
	name=$(inside buildah --storage-driver overlay from bb)
	run inside buildah --storage-driver overlay run --runtime "$RUNTIME" --isolation oci --network none "$name" -- \
		sh -c 'cat /proc/self/uid_map; exit 3'
	assert_status 3
	[[ "${lines[0]}" =~ ^\ *0\ +[1-9][0-9]{5,}\ +65536$ ]]
	inside buildah --storage-driver overlay rm "$name" >/dev/null
}
