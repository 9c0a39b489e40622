#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# docker - Debian's Docker Engine with bulwark as one of its runtimes: what people do with it every day.
#
# One dockerd for the file, with a data root, exec root, socket and network namespace of its own (helpers.bash).

load helpers

setup_file() {
	common_setup_file
	docker_start
}

teardown_file() {
	docker_stop
	common_teardown_file
}

setup() {
	common_setup
}

teardown() {
	docker_clean
	common_teardown
}

running() { # NAME [COMMAND...]: a container that stays
	local name=$1
	shift
	if [ $# -eq 0 ]; then
		set -- sleep 1000
	fi
	docker_run -d --name "$name" bb "$@" >/dev/null
}

upper_of() {
	docker inspect -f '{{.GraphDriver.Data.UpperDir}}' "$1"
}

# bats test_tags=vm-once
@test "docker run: uid_map is 0 BASE 65536; its exit code and output arrive" {
	run docker_run --rm bb cat /proc/self/uid_map
	assert_status 0
	if is_bulwark; then
		[[ "$output" =~ ^\ *0\ +([0-9]+)\ +65536$ ]]
		[ "${BASH_REMATCH[1]}" -ge 100000 ]
	fi
	run docker_run --rm bb sh -c 'echo out; echo err >&2; exit 42'
	assert_status 42
	assert_contains out
	assert_contains err
}

@test "docker run: under runc root inside is root outside" {
	local DOCKER_RUNTIME=runc
	requires_runc
	running c1
	assert_equal "$(awk '/^Uid:/ { print $2 }' "/proc/$(docker_pid c1)/status")" 0
}

@test "docker run: two live containers differ, and the host shows no uid 0" {
	requires_bulwark
	local name pid
	running c1
	running c2 sh -c 'sleep 1000 & wait'
	docker exec -d c2 sleep 1000
	[ "$(cat "/proc/$(docker_pid c1)/uid_map")" != "$(cat "/proc/$(docker_pid c2)/uid_map")" ]
	for name in c1 c2; do
		for pid in $(docker top "$name" -o pid | tail -n +2); do
			[ "$(awk '/^Uid:/ { print $2 }' "/proc/$pid/status")" -ge 100000 ]
		done
	done
}

@test "docker run: a file made inside is 0:0 in the upper, and the image shows its owners" {
	docker_run --name c1 bb sh -c 'touch /f; stat -c %u:%g /bin/busybox /etc/passwd /f' >"$WORK/out"
	assert_equal "$(cat "$WORK/out")" "0:0
0:0
0:0"
	assert_equal "$(stat -c %u:%g "$(upper_of c1)/f")" 0:0
	run docker_run --rm bb find / \( -path /proc -o -path /sys \) -prune -o \( -user 65534 -o -group 65534 \) -print
	assert_equal "$output" ""
}

@test "docker run: a missing program is 127, one that cannot run 126" {
	run -127 docker_run --rm bb no-such-program
	assert_status 127
	run docker_run --rm bb /etc/passwd
	assert_status 126
	run -127 docker_run --rm bb /no/such/program
	run docker_run --rm bb /etc
	assert_status 126
	docker_run -d --name c1 bb sleep 100
	DOCKER_RUNTIME=runc docker_run -d --name c2 bb sleep 100
	for program in no-such-program /no/such/program /etc/passwd /etc; do # 127 of new engines is 126 of old ones
		docker exec c2 "$program" && code=0 || code=$?
		docker exec c1 "$program" && ours=0 || ours=$?
		assert_equal "$ours" "$code"
		[ "$code" -ge 126 ]
	done
	run docker exec c1 sh -c 'exit 42'
	assert_status 42
}

@test "docker run -it: a terminal" {
	requires script
	run timeout 60 script -qec "$DOCKER_CLI --config $DOCKER_DIR/client -H unix://$DOCKER_DIR/docker.sock run --rm -it \
		--runtime bulwark bb sh -c 'tty; stty size; echo at the terminal'" /dev/null </dev/null
	assert_status 0
	assert_contains "/dev/"
	assert_contains "at the terminal"
	assert_lacks "not a tty"
}

@test "docker run -i: standard input" {
	run bash -c "echo through | $DOCKER_CLI --config $DOCKER_DIR/client -H unix://$DOCKER_DIR/docker.sock \
		run --rm -i --runtime bulwark bb cat" 3>&- 4>&-
	assert_status 0
	assert_equal "$output" through
}

@test "docker exec: output, exit code, user, terminal, detached, privileged" {
	running c1
	run docker exec c1 sh -c 'echo inside; exit 9'
	assert_status 9
	assert_equal "$output" inside
	run docker exec -u 1000:1000 -w /tmp -e A=1 c1 sh -c 'id -u; pwd; echo $A'
	assert_equal "$output" "1000
/tmp
1"
	run docker exec -t c1 tty
	assert_status 0
	docker exec -d c1 touch /tmp/detached
	wait_for docker exec c1 test -e /tmp/detached
	run docker exec c1 no-such-program
	[ "$status" -eq 126 ] || [ "$status" -eq 127 ] # 20.10 says 126 where later engines say 127
	if is_bulwark; then
		run docker exec --privileged c1 grep CapEff /proc/self/status
		assert_status 0
		assert_contains 3fffffffff # Docker 20.10 names the 38 it knows
	fi
	run docker exec -i c1 cat </dev/null
	assert_status 0
}

@test "docker logs, stop, start, restart, kill, rm" {
	docker_run -d --name c1 bb sh -c 'echo begin; trap "echo stopping; exit 3" TERM; while :; do sleep 0.1; done' >/dev/null
	wait_for logs_have c1 begin
	docker stop -t 20 c1
	logs_have c1 stopping
	assert_equal "$(docker inspect -f '{{.State.ExitCode}}' c1)" 3
	docker start c1
	wait_for logs_count c1 begin 2
	docker restart -t 20 c1
	wait_for logs_count c1 begin 3
	docker kill c1
	assert_equal "$(docker wait c1)" 137
	docker rm c1
	run docker inspect c1
	[ "$status" -ne 0 ]
}

logs_have() {
	docker logs "$1" 2>&1 | grep -q "$2"
}

logs_count() {
	[ "$(docker logs "$1" 2>&1 | grep -c "$2")" -eq "$3" ]
}

@test "docker rm -f: a running one; docker top and stats see its processes" {
	running c1 sh -c 'sleep 1000 & wait'
	run docker top c1
	assert_contains "sleep 1000"
	run docker stats --no-stream --format '{{.PIDs}}' c1
	assert_status 0
	assert_equal "$output" 2
	docker rm -f c1
	run docker ps -aq
	assert_equal "$output" ""
}

# ---------------------------------------------------------------- files

@test "docker cp: both ways, while it runs and when it is stopped" {
	local state
	mkdir "$WORK/in"
	echo payload >"$WORK/in/file"
	chmod 0640 "$WORK/in/file"
	running c1 sh -c 'echo made >/root/made; chown 1000:1000 /root/made; exec sleep 1000'
	wait_for docker exec c1 test -s /root/made
	for state in running stopped; do
		[ $state = running ] || docker kill c1 >/dev/null
		docker cp "$WORK/in" "c1:/tmp/$state"
		docker cp c1:/root/made "$WORK/made-$state"
		assert_equal "$(cat "$WORK/made-$state")" made
		docker cp "c1:/tmp/$state/file" "$WORK/back-$state"
		assert_equal "$(cat "$WORK/back-$state")" payload
		assert_equal "$(docker cp "c1:/root/made" - | tar -tv --numeric-owner | awk '{ print $2 }')" 1000/1000
		if [ $state = running ]; then
			run docker exec c1 sh -c 'cat /tmp/running/file; stat -c %u:%g /tmp/running/file'
			assert_equal "$output" "payload
0:0"
		fi
	done
	docker start c1
	run docker exec c1 stat -c '%u:%g %a' /tmp/running/file /tmp/stopped/file
	assert_equal "$output" "0:0 640
0:0 640"
}

diff_says() { # CONTAINER LINE
	docker diff "$1" | grep -qx "$2"
}

@test "docker cp and diff while it runs: also names that were looked up in vain before" {
	requires_bulwark
	running c1
	run ! docker exec c1 cat /tmp/late
	run ! docker cp c1:/tmp/made "$WORK/made"
	run diff_says c1 "A /tmp/made"
	assert_status 1
	echo payload >"$WORK/late"
	docker cp "$WORK/late" c1:/tmp/late
	wait_for docker exec c1 grep -qx payload /tmp/late
	docker exec c1 sh -c 'echo 1 >/tmp/made; rm /etc/group'
	wait_for docker cp c1:/tmp/made "$WORK/made"
	assert_equal "$(cat "$WORK/made")" 1
	wait_for diff_says c1 "A /tmp/made"
	wait_for diff_says c1 "D /etc/group"
}

@test "docker commit and diff: what changed, with the owners inside" {
	docker_run --name c1 bb sh -c 'echo new >/new; chown 7:8 /new; rm /etc/group; echo more >>/etc/passwd'
	run docker diff c1
	assert_contains "A /new"
	assert_contains "D /etc/group"
	assert_contains "C /etc/passwd"
	docker commit c1 bb:committed >/dev/null
	run docker_run --rm bb:committed sh -c 'stat -c %u:%g /new; cat /new; ls /etc/group'
	assert_contains "7:8"
	assert_contains "No such file"
	docker rmi -f bb:committed >/dev/null
}

@test "docker diff and commit of a running container" {
	running c1 sh -c 'echo one >/one; exec sleep 1000'
	wait_for docker exec c1 test -s /one
	run docker diff c1
	assert_contains "A /one"
	docker commit c1 bb:live >/dev/null
	run docker_run --rm bb:live cat /one
	assert_equal "$output" one
	docker rmi -f bb:live >/dev/null
}

@test "docker export: owners inside" {
	docker_run --name c1 bb sh -c 'touch /mine; chown 7:8 /mine'
	docker export c1 | tar -tv --numeric-owner >"$WORK/list"
	grep -q ' 7/8 .* mine$' "$WORK/list"
	grep -q ' 0/0 .* etc/passwd$' "$WORK/list"
}

@test "docker run -v: a user's home folder" {
	requires_bulwark
	public_new
	echo theirs >"$PUBLIC/home/f"
	chown $USER_ID:$USER_ID "$PUBLIC/home/f"
	run docker_run --rm -v "$PUBLIC/home:/w" bb sh -c 'cat /w/f; stat -c %u:%g /w /w/f; echo new >/w/new; mkdir /w/d'
	assert_status 0
	assert_equal "$output" "theirs
0:0
0:0"
	assert_equal "$(stat -c %u:%g "$PUBLIC/home/new" "$PUBLIC/home/d")" "$USER_ID:$USER_ID
$USER_ID:$USER_ID"
	run docker_run --rm -v "$PUBLIC/home:/w:ro" bb touch /w/x
	[ "$status" -ne 0 ]
	assert_contains "Read-only"
}

@test "docker volume: shared by two containers, right owners in both, 0:0 on disk" {
	local data
	docker volume create vol1 >/dev/null
	docker_run -d --name c1 -v vol1:/v bb sleep 1000 >/dev/null
	docker_run -d --name c2 -v vol1:/v bb sleep 1000 >/dev/null
	docker exec c1 sh -c 'echo one >/v/one; echo u >/v/user; chown 1000:1001 /v/user; chmod 600 /v/one'
	run docker exec c2 sh -c 'cat /v/one; stat -c %u:%g /v/one /v/user; echo two >>/v/one'
	assert_status 0
	assert_equal "$output" "one
0:0
1000:1001"
	assert_equal "$(docker exec c1 cat /v/one)" "one
two"
	data=$(docker volume inspect -f '{{.Mountpoint}}' vol1)
	assert_equal "$(stat -c %u:%g "$data/one" "$data/user")" "0:0
1000:1001"
}

@test "docker volume: an image's content is copied into a fresh one, with its owners" {
	docker_run --name c1 bb sh -c 'mkdir /data; echo seed >/data/seed; chown -R 33:33 /data'
	docker commit c1 bb:seed >/dev/null
	run docker_run --rm -v seeded:/data bb:seed sh -c 'cat /data/seed; stat -c %u:%g /data/seed /data'
	assert_equal "$output" "seed
33:33
33:33"
	docker rm c1 >/dev/null
	docker rmi -f bb:seed >/dev/null
}

@test "docker run --volumes-from, --mount, a single file" {
	mkdir "$WORK/x"
	docker_run -d --name c1 -v shared:/s bb sh -c 'echo s >/s/f; exec sleep 1000' >/dev/null
	wait_for docker exec c1 test -s /s/f
	run docker_run --rm --volumes-from c1 bb cat /s/f
	assert_equal "$output" s
	run docker_run --rm --mount type=volume,source=shared,target=/t,readonly bb sh -c 'cat /t/f; touch /t/g'
	assert_contains s
	assert_contains Read-only
}

@test "docker run --tmpfs" {
	run docker_run --rm --tmpfs /scratch:size=1m,mode=1777 bb sh -c 'df -k /scratch; touch /scratch/f && stat -c %u:%g /scratch/f'
	assert_status 0
	assert_contains 1024
	assert_contains 0:0
}

@test "docker run --read-only" {
	run docker_run --rm --read-only --tmpfs /tmp bb sh -c 'touch /f; touch /tmp/f && echo tmp'
	assert_contains Read-only
	assert_contains tmp
}

# ---------------------------------------------------------------- process

@test "docker run --user, --workdir, --env, --hostname, --ulimit, --group-add" {
	run docker_run --rm --user 1000:1001 --group-add 7 --workdir /tmp --env A=1 --hostname box --ulimit nofile=111:222 bb \
		sh -c 'id -u; id -g; pwd; echo $A; hostname; ulimit -n; grep ^Groups /proc/self/status'
	assert_status 0
	assert_equal "$(head -n 6 <<<"$output" | tr '\n' ' ')" "1000 1001 /tmp 1 box 111 "
	assert_contains 7
}

@test "docker run --init: an init reaps, and passes the signal on" {
	requires docker-init
	docker_run -d --init --name c1 bb sh -c 'trap "exit 4" TERM; while :; do sleep 0.1; done' >/dev/null
	run docker exec c1 cat /proc/1/comm
	assert_contains init
	docker stop -t 20 c1
	assert_equal "$(docker inspect -f '{{.State.ExitCode}}' c1)" 4
}

@test "docker run: memory, pids and cpu limits" {
	docker_run -d --name c1 --memory 64m --pids-limit 50 --cpus 0.5 bb sleep 1000 >/dev/null
	assert_equal "$(cgroup_read "$(docker_pid c1)" memory memory.limit_in_bytes memory.max)" 67108864
	assert_equal "$(cgroup_read "$(docker_pid c1)" pids pids.max pids.max)" 50
}

@test "docker update, pause, unpause" {
	docker_run -d --name c1 -m 64m --memory-swap 128m bb sleep 1000
	local pid
	pid=$(docker_pid c1)
	docker update -m 96m --pids-limit 77 --cpus 0.5 c1
	assert_equal "$(cgroup_read "$pid" memory memory.limit_in_bytes memory.max)" 100663296
	assert_equal "$(cgroup_read "$pid" pids pids.max pids.max)" 77
	if cgroup_is_v2 cpu; then
		assert_equal "$(cgroup_read "$pid" cpu '' cpu.max)" "50000 100000"
	else
		assert_equal "$(cgroup_read "$pid" cpu cpu.cfs_quota_us '')" 50000
	fi
	docker pause c1
	assert_equal "$(docker inspect -f '{{.State.Status}}' c1)" paused
	docker unpause c1
	assert_equal "$(docker inspect -f '{{.State.Status}}' c1)" running
	assert_equal "$(docker exec c1 echo alive)" alive
}

@test "docker run: default seccomp profile and capabilities" {
	run docker_run --rm bb grep -E '^(Seccomp|CapEff|NoNewPrivs):' /proc/self/status
	assert_contains $'Seccomp:\t2'
	assert_contains $'CapEff:\t00000000a80425fb'
	run docker_run --rm --security-opt no-new-privileges bb grep NoNewPrivs /proc/self/status
	assert_contains $'NoNewPrivs:\t1'
}

# ---------------------------------------------------------------- network

@test "docker network: DNS between two containers of a user's network" {
	docker network create net1 >/dev/null
	docker_run -d --name web --network net1 bb httpd -f -p 8080 -h /etc >/dev/null
	run docker_run --rm --network net1 bb sh -c 'nslookup web >/dev/null && wget -qO- http://web:8080/passwd'
	assert_status 0
	assert_contains root:x:0:0
}

@test "docker network: a published port, the default bridge, the way out" {
	docker_run -d --name web -p 127.0.0.1:18080:80 bb httpd -f -p 80 -h /etc >/dev/null
	wait_for nsenter --target "$(cat "$DOCKER_DIR/dockerd.pid")" --net busybox wget -qO /dev/null http://127.0.0.1:18080/passwd
	run nsenter --target "$(cat "$DOCKER_DIR/dockerd.pid")" --net busybox wget -qO- http://127.0.0.1:18080/passwd
	assert_status 0
	assert_contains root:x:0:0
	run docker_run --rm bb sh -c "wget -qO- http://$(docker inspect -f '{{.NetworkSettings.IPAddress}}' web)/hostname"
	assert_status 0
}

@test "docker network: root inside may configure its own, ping, and bind low ports" {
	run docker_run --rm --cap-add NET_ADMIN bb sh -c 'ip link add d0 type dummy 2>/dev/null; ip addr add 10.9.9.9/32 dev lo &&
		ping -c 1 -w 5 10.9.9.9 >/dev/null && echo configured'
	assert_contains configured
	run docker_run --rm --user 1000 bb sh -c 'nc -l -p 80 & sleep 0.2; kill $!; echo bound'
	assert_contains bound
	assert_lacks denied
}

@test "docker run --network none" {
	run docker_run --rm --network none bb ip link
	assert_status 0
	assert_lacks eth0
}

@test "docker run --network, --ipc, --pid container: one user namespace, and the rest its own" {
	local kind
	docker_run -d --name c1 --ipc shareable bb sh -c 'echo shared >/dev/shm/file; exec sleep 1000' >/dev/null
	for kind in net ipc pid user; do
		run docker_run --rm --network container:c1 --ipc container:c1 --pid container:c1 bb readlink /proc/self/ns/$kind
		assert_status 0
		assert_equal "$output" "$(docker exec c1 readlink /proc/self/ns/$kind)"
	done
	run docker_run --rm --ipc container:c1 bb cat /dev/shm/file
	assert_equal "$output" shared
	run docker_run --rm --pid container:c1 bb sh -c 'kill -0 1 && cat /proc/1/comm && cat /proc/1/root/dev/shm/file'
	assert_equal "$output" "sleep
shared"
	# It outlives its partner, and the ids stay its own.
	docker_run -d --name c2 --network container:c1 bb sleep 1000 >/dev/null
	docker rm -f c1 >/dev/null
	run docker exec c2 id -u
	assert_equal "$output" 0
}

@test "docker run --network container: refused when the other is not run by bulwark" {
	requires_bulwark
	requires_runc
	DOCKER_RUNTIME=runc docker_run -d --name c1 --ipc shareable bb sleep 1000 >/dev/null
	run docker_run --rm --ipc container:c1 bb true
	assert_status 125
	assert_contains "runs under bulwark"
	run docker_run --rm --pid container:c1 bb true
	assert_status 125
	# Its network is of the host's user namespace, as Podman makes them for everybody: used, not owned.
	run docker_run --rm --network container:c1 --cap-add NET_ADMIN bb sh -c 'ip addr show eth0 && ! ip link set eth0 down'
	assert_status 0
}

@test "docker network: services that find each other by name, as compose starts them" {
	docker network create front >/dev/null
	docker network create back >/dev/null
	docker_run -d --name db --network back --network-alias store bb sh -c 'while :; do echo rows | nc -l -p 5432; done' >/dev/null
	docker_run -d --name web --network front bb sh -c 'while :; do nc store 5432 | nc -l -p 80; done' >/dev/null
	docker network connect back web
	wait_for eval '[ "$(docker_run --rm --network front bb timeout 5 nc web 80)" = rows ]'
	run docker_run --rm --network front bb timeout 5 nc store 5432
	[ "$status" -ne 0 ]
}

# ---------------------------------------------------------------- what is not run as it was asked

@test "docker run: host namespaces are refused with 125, by name" {
	requires_bulwark
	local kind
	for kind in network pid ipc uts; do
		run docker_run --rm --$kind host bb true
		assert_status 125
		assert_contains $kind
		assert_contains namespace
		assert_equal "$(docker ps -q)" ""
	done
}

@test "docker run: free and nproc agree with the limits, under Docker's seccomp profile and privileged" {
	local option
	for option in --cpus=0.9 --privileged; do
		run docker_run --rm -m 256m --cpus 0.9 "$option" bb sh -c 'free -b | awk "/^Mem:/ { print \$2 }"; nproc
			awk "/^Seccomp_filters:/ { print \$2 }" /proc/self/status'
		assert_status 0
		assert_equal "${lines[0]} ${lines[1]}" "268435456 1"
	done
	assert_equal "${lines[2]}" 1 # ours alone
}

@test "docker run: --userns host and --cgroupns host change nothing" {
	requires_bulwark
	run docker_run --rm --userns host bb cat /proc/self/uid_map
	assert_status 0
	[[ "$output" =~ ^\ *0\ +[1-9][0-9]{5,} ]]
	if [ -f /sys/fs/cgroup/cgroup.controllers ]; then
		run docker_run --rm --cgroupns host bb readlink /proc/self/ns/cgroup
		[ "$output" != "$(readlink /proc/self/ns/cgroup)" ]
	fi
}

# bats test_tags=vm-full
@test "docker run --privileged: starts, and breaks out of nothing" {
	requires_bulwark
	public_new
	run docker_run --rm --privileged -v "$PUBLIC/home:/w" bb breakout /w
	assert_status 0
	assert_contains TRIED
	assert_lacks BROKEN
	run docker_run --rm --privileged -v "$PUBLIC/home:/w:ro" bb locks
	assert_status 0
	assert_contains TRIED
	assert_lacks BROKEN
	run docker_run --rm --privileged bb sh -c 'cat /proc/kcore | head -c 1; head -c 1 /proc/timer_list
		echo b 2>/dev/null >/proc/sysrq-trigger && echo pressed; find /dev -type b; grep CapEff /proc/self/status
		mount -t tmpfs t /mnt && umount /mnt && unshare -m true && echo own mounts'
	assert_contains "own mounts"
	assert_contains 3fffffffff # Docker 20.10 names the 38 it knows
	assert_lacks pressed
	assert_lacks /dev/
}

@test "docker run --cap-add ALL: masks hold" {
	requires_bulwark
	run docker_run --rm --cap-add ALL --security-opt seccomp=unconfined --security-opt apparmor=unconfined bb locks
	assert_status 0
	assert_contains TRIED
	assert_lacks BROKEN
	run docker_run --rm --cap-add ALL bb sh -c 'cat /proc/timer_list /proc/keys 2>/dev/null | wc -c'
	assert_equal "$output" 0
}

@test "docker run: restricted sources are refused with 125: the host's, the engine's own, its socket" {
	requires_bulwark
	local path
	ln -s "$DOCKER_DIR/docker.sock" "$WORK/sock"
	for path in / /etc /root /proc /sys /dev /run /usr "$DOCKER_DIR/data" "$DOCKER_DIR/exec" "$DOCKER_DIR/data/overlay2" \
		"$DOCKER_DIR/docker.sock" "$WORK/sock" "$DOCKER_DIR"; do
		run docker_run --rm -v "$path:/x" bb ls /x
		[ "$status" -eq 125 ] || fail "$path: exit status $status, expected 125" "$output"
	done
}

@test "docker volume with device=: a restricted path is refused all the same" {
	requires_bulwark
	docker volume create -o type=none -o o=bind -o device=/etc evil >/dev/null
	run docker_run --rm -v evil:/x bb cat /x/shadow
	assert_status 125
	assert_lacks root:
}

@test "docker volume with device=: a user's folder works" {
	requires_bulwark
	public_new
	docker volume create -o type=none -o o=bind -o "device=$PUBLIC/home" theirs >/dev/null
	run docker_run --rm -v theirs:/x bb sh -c 'touch /x/f; stat -c %u:%g /x/f'
	assert_status 0
	assert_equal "$output" 0:0
	assert_equal "$(stat -c %u:%g "$PUBLIC/home/f")" $USER_ID:$USER_ID
}

@test "docker run --device: a disk is refused with 125" {
	requires_bulwark
	run docker_run --rm --device /dev/loop0 bb true
	assert_status 125
	assert_contains /dev/loop0
	[ ! -e /dev/fuse ] || {
		run docker_run --rm --device /dev/fuse bb stat -c %u:%g /dev/fuse
		assert_equal "$output" 0:0
	}
}

# ---------------------------------------------------------------- the end

@test "docker: nothing is left when containers are gone" {
	local before after
	docker_clean
	before=$(mounts_below "$DOCKER_DIR" | wc -l)
	docker_run --rm bb true
	docker_run -d --name c1 -v v:/v bb sleep 1000 >/dev/null
	docker kill c1 >/dev/null
	docker rm -v c1 >/dev/null
	docker_run --rm bb no-such-program 2>/dev/null || :
	after=$(mounts_below "$DOCKER_DIR" | wc -l)
	assert_equal "$after" "$before"
	assert_equal "$(cgroup_folders "$DOCKER_CGROUP" | grep -c "$DOCKER_CGROUP/" || :)" 0
	assert_equal "$(ls "$DOCKER_DIR/exec/runtime-runc/moby" 2>/dev/null)" ""
	assert_equal "$(find "$DOCKER_DIR/data/overlay2" -maxdepth 2 -name '*bulwark*')" ""
}
