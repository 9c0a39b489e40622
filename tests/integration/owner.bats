#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# owner - root of a container leaves setuid programs and file capabilities wherever it can write; a user of the host who
# started that container, and may read the folder, must not become anybody else by running them.
#
# Each way into the host has two tests: the attack under runc, and what is left of it under bulwark. bb holds `ids`, which
# prints who it runs as, and `setfcap`.

load helpers

setup_file() {
	common_setup_file
	docker_start
	chmod 0711 "$DOCKER_DIR" # the data root below keeps others out by itself, as Debian's does
	chown 0:$USER_ID "$DOCKER_DIR/docker.sock" # the user is of "group docker"
	chmod 0660 "$DOCKER_DIR/docker.sock"
}

teardown_file() {
	docker_stop
	common_teardown_file
}

setup() {
	common_setup
	public_new
	HOME_DIR=$PUBLIC/home/d
	install -d -m 0755 -o $USER_ID -g $USER_ID "$HOME_DIR"
}

teardown() {
	docker_clean
	common_teardown
}

# What root of a container leaves in the folder $1 (inside): every way to make a program somebody else's. Some steps fail
# under bulwark; that is one of the defences.
LEAVE='
	cd "$1" || exit 1
	for id in 0 1 2 33 999 1000 1001 65534; do
		cp /bin/ids "setuid-$id"; chown $id:$id "setuid-$id"; chmod 6755 "setuid-$id"
		cp /bin/ids "setgid-$id"; chown 0:$id "setgid-$id"; chmod 2755 "setgid-$id"
	done
	cp /bin/ids capable; chmod 755 capable; setfcap capable
	cp /bin/ids capable-user; chmod 755 capable-user; chown 1000:1000 capable-user; setfcap capable-user
	cp /bin/ids kept; chmod 4755 kept; ln kept linked
	mkdir sub; chmod 2777 sub; cp /bin/ids sub/in-sub; chmod 6755 sub/in-sub
	cp /bin/ids moved-; chmod 6755 moved-; mv moved- moved
	tar -cf t.tar kept; mkdir untarred; tar -xpf t.tar -C untarred
	mkdir -p /tmp/elsewhere; cp /bin/ids /tmp/elsewhere/copied; chmod 4755 /tmp/elsewhere/copied
	cp -a /tmp/elsewhere/copied copied
	mv /tmp/elsewhere/copied renamed
	exit 0
'

leave_in_container() { # DOCKER-RUN-OPTION... -- FOLDER
	local options=()
	while [ "$1" != -- ]; do
		options+=("$1")
		shift
	done
	docker_run --name leaver "${options[@]}" bb sh -c "$LEAVE" sh "$2" >"$WORK/leave.log" 2>&1 ||
		fail "docker run: $?" "$(cat "$WORK/leave.log")"
}

# Whether somebody else's setuid, setgid or capable file lies there, run or not.
foreign() {
	find "$1" -type f \( -perm /6000 -not -uid $USER_ID -o -perm /2000 -not -gid $USER_ID \)
	# those that count only in user namespaces whose root the user is give him nothing he has not got
	getcap -rn "$1" | grep -v "rootid=$USER_ID\]" || :
}

assert_harmless() { # FOLDER
	[ "$(find "$1" -type f | wc -l)" -gt 3 ] || fail "nothing was left in $1:" "$(cat "$WORK/leave.log")"
	run gains "$1"
	assert_equal "$output" ""
	run foreign "$1"
	assert_equal "$output" ""
}

assert_harmful() { # FOLDER
	run gains "$1"
	assert_contains "uid=$USER_ID,0,0"
	assert_contains "eff=000001"
}

# ---------------------------------------------------------------- -v $HOME/d

@test "owner: -v of a home folder: the attack works under runc" {
	requires_runc
	DOCKER_RUNTIME=runc leave_in_container -v "$HOME_DIR:/d" -- /d
	assert_harmful "$HOME_DIR"
}

# bats test_tags=vm-once
@test "owner: -v of a home folder" {
	requires_bulwark
	leave_in_container -v "$HOME_DIR:/d" -- /d
	assert_harmless "$HOME_DIR"
}

@test "owner: -v of a home folder, --privileged, by exec, from a nested user namespace" {
	requires_bulwark
	docker_run -d --privileged --name c1 -v "$HOME_DIR:/d" bb sleep 1000 >/dev/null
	docker exec --privileged c1 sh -c "$LEAVE" sh /d >"$WORK/leave.log" 2>&1
	docker exec --privileged c1 sh -c "mkdir /d/nested; unshare -mUr sh -c 'cp /bin/ids /d/nested/ids
		chmod 6755 /d/nested/ids; setfcap /d/nested/ids'" >>"$WORK/leave.log" 2>&1 || :
	docker exec --privileged c1 sh -c 'mount --bind /d /mnt && cp /bin/ids /mnt/bound && chmod 6755 /mnt/bound' || :
	assert_harmless "$HOME_DIR"
}

@test "owner: -v of a folder below one that others cannot enter" {
	requires_bulwark
	chmod 0700 "$PUBLIC/home" # homes are closed; their owner is not kept out
	leave_in_container -v "$HOME_DIR:/d" -- /d
	assert_harmless "$HOME_DIR"
}

@test "owner: -v of one file" {
	requires_bulwark
	cp "$PROBES/ids" "$HOME_DIR/program"
	chown $USER_ID:$USER_ID "$HOME_DIR/program"
	docker_run --name c1 -v "$HOME_DIR/program:/p" bb sh -c 'cat /bin/ids >/p; chown 0:0 /p; chmod 6755 /p; setfcap /p' \
		>"$WORK/leave.log" 2>&1 || :
	run gains "$HOME_DIR"
	assert_equal "$output" ""
	run foreign "$HOME_DIR"
	assert_equal "$output" ""
}

# ---------------------------------------------------------------- a volume with device=

@test "owner: a volume with device=: the attack works under runc" {
	requires_runc
	docker volume create -o type=none -o o=bind -o "device=$HOME_DIR" vol >/dev/null
	DOCKER_RUNTIME=runc leave_in_container -v vol:/d -- /d
	assert_harmful "$HOME_DIR"
}

@test "owner: a volume with device=" {
	requires_bulwark
	docker volume create -o type=none -o o=bind -o "device=$HOME_DIR" vol >/dev/null
	leave_in_container -v vol:/d -- /d
	assert_harmless "$HOME_DIR"
}

# ---------------------------------------------------------------- a volume shared by containers

@test "owner: a shared volume: the attack works under runc" {
	requires_runc
	docker run -d --runtime runc --name holder -v "$HOME_DIR:/d" bb sleep 1000 >/dev/null
	DOCKER_RUNTIME=runc leave_in_container --volumes-from holder -- /d
	assert_harmful "$HOME_DIR"
}

@test "owner: a shared volume: what one leaves, another and the host see harmless" {
	requires_bulwark
	docker_run -d --name holder -v "$HOME_DIR:/d" bb sleep 1000 >/dev/null
	leave_in_container --volumes-from holder -- /d
	docker exec holder sh -c 'mkdir -p /d/second; cp /bin/ids /d/second/ids; chmod 6755 /d/second/ids; chown 1:1 /d/second/ids' \
		>>"$WORK/leave.log" 2>&1 || :
	assert_harmless "$HOME_DIR"
}

@test "owner: a named volume: its files are 0:0 on disk, where the user cannot get at them" {
	local data
	leave_in_container -v named:/d -- /d
	data=$(docker volume inspect -f '{{.Mountpoint}}' named)
	assert_equal "$(stat -c '%u:%g %a' "$data/kept")" "0:0 4755"
	run as_user "$data/kept"
	assert_status 126
	run as_user ls "$DOCKER_DIR/data/volumes"
	[ "$status" -ne 0 ]
}

@test "owner: the container's root: its files are 0:0 on disk, where the user cannot get at them" {
	local upper
	leave_in_container -- /root
	upper=$(docker inspect -f '{{.GraphDriver.Data.UpperDir}}' leaver)
	assert_equal "$(stat -c '%u:%g %a' "$upper/root/kept")" "0:0 4755"
	run as_user "$upper/root/kept"
	assert_status 126
}

@test "owner: a running container's root through /proc/PID/root and cwd" {
	requires_bulwark
	local pid link
	docker_run -d --name c1 bb sh -c 'cp /bin/ids /suid; chmod 6755 /suid; echo >/ready; sleep 1000' >/dev/null
	wait_for docker exec c1 test -e /ready
	pid=$(docker_pid c1)
	for link in root cwd exe; do
		run as_user "/proc/$pid/$link/suid"
		[ "$status" -ne 0 ]
	done
}

# ---------------------------------------------------------------- docker cp

user_docker() {
	as_user env HOME="$PUBLIC/home" "$DOCKER_CLI" --config "$PUBLIC/home/.docker" \
		-H "unix://$DOCKER_DIR/docker.sock" "$@" 3>&- 4>&-
}

@test "owner: docker cp to a home folder by the user himself" {
	leave_in_container -- /root
	user_docker cp leaver:/root "$HOME_DIR/copied"
	find "$HOME_DIR" -type f -exec chmod u+x {} + # as he could
	assert_harmless "$HOME_DIR"
}

@test "owner: docker cp into a container: what arrives has the same ids inside and on disk" {
	local upper
	docker create --runtime bulwark --name c1 bb sleep 1000 >/dev/null
	install -m 4755 "$PROBES/ids" "$HOME_DIR/mine"
	chown $USER_ID:$USER_ID "$HOME_DIR/mine"
	chmod 4755 "$HOME_DIR/mine"
	user_docker cp "$HOME_DIR/mine" c1:/bin/mine
	docker start c1 >/dev/null
	upper=$(docker inspect -f '{{.GraphDriver.Data.UpperDir}}' c1)
	run docker exec c1 stat -c '%u:%g %a' /bin/mine # Docker keeps the ids of the tar stream
	assert_equal "$output" "$USER_ID:$USER_ID 4755"
	assert_equal "$(stat -c '%u:%g %a' "$upper/bin/mine")" "$USER_ID:$USER_ID 4755"
	run as_user "$upper/bin/mine"
	assert_status 126
}

# The engine itself writes here, as host root, through the volume of a running container: no runtime is asked. It is shown so
# that nobody takes it for covered where the BPF layer is not loaded; engines.bats shows that the layer refuses it.
@test "owner: docker cp through a mounted home folder is the engine's own write: the attack works without the BPF layer" {
	[ ! -e /sys/fs/bpf/bulwark ] || skip_or_fail 'the BPF layer is loaded, which refuses it'
	docker_run -d --name c1 -v "$HOME_DIR:/d" bb sh -c 'cp /bin/ids /suid; chmod 4755 /suid; echo >/ready; sleep 1000' >/dev/null
	wait_for docker exec c1 test -e /ready
	user_docker cp c1:/suid - >"$WORK/suid.tar"
	user_docker cp - c1:/d <"$WORK/suid.tar"
	run gains "$HOME_DIR"
	assert_contains "uid=$USER_ID,0,"
}
