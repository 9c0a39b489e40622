#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2154 # $status, $output and $lines are set by run
# engines - what dockerd writes as the host's root for whoever may talk to it, past any runtime: under the BPF layer it leaves
# no setuid program, file capability or device where others get to it, and all else works. In guests.
#
# The attacks need no container that ever ran: each works with the layer unloaded, first, and is refused with exactly one
# record with it. bb holds `ids`, which prints who it runs as.

load ../integration/helpers

setup_file() {
	[ "${BULWARK_GUEST-}" = 1 ] || { echo 'not in a guest: scripts/vm' >&2 && return 1; }
	export CTL=$BUILD/bulwarkctl
	common_setup_file
	docker_start --bridge none --iptables=false # before the layer is loaded, which finds it
	chmod 0711 "$DOCKER_DIR"
	export TARS=$FILE_WORK/tars
	make_tars
	image_new
}

teardown_file() {
	"$CTL" unload --force
	docker_stop
	common_teardown_file
}

setup() {
	common_setup
	public_new
	HOME_DIR=$PUBLIC/home/d
	home_new
	docker create --name c1 -v "$HOME_DIR:/d" bb true >/dev/null
}

teardown() {
	"$CTL" unload --force
	docker_clean
	common_teardown
}

home_new() {
	rm -rf "$HOME_DIR"
	install -d -m 0755 -o $USER_ID -g $USER_ID "$HOME_DIR" "$HOME_DIR/below"
}

# One tar for each thing that must not be left; `plain` holds what may.
make_tars() {
	local at=$FILE_WORK/staging
	mkdir -p "$TARS" "$at"/{setuid,setgid,capable,disk,plain/folder,closed/priv,opened}
	install -m 4755 "$PROBES/ids" "$at/setuid/left"
	install -m 2755 "$PROBES/ids" "$at/setgid/left"
	install -m 0755 "$PROBES/ids" "$at/capable/left"
	setcap cap_setuid=ep "$at/capable/left"
	mknod -m 0666 "$at/disk/left" b 254 0
	install -m 0755 "$PROBES/ids" "$at/plain/left"
	mkfifo "$at/plain/fifo"
	ln -s left "$at/plain/link"
	ln "$at/plain/left" "$at/plain/linked"
	chmod 2777 "$at/plain/folder"
	# Where nobody gets to it, and then everybody does.
	chmod 0700 "$at/closed/priv"
	install -m 4755 "$PROBES/ids" "$at/closed/priv/left"
	mkdir -m 0755 "$at/opened/priv"
	for at in "$at"/*; do
		tar --xattrs --xattrs-include=security.capability -C "$at" -cf "$TARS/${at##*/}.tar" .
	done
}

# suid: an image with a setuid program, and one with capabilities, in its layers
image_new() {
	tar -C "$FILE_WORK/rootfs" -cf "$TARS/image.tar" .
	tar -C "$FILE_WORK/staging/setuid" --transform 's,^\.,./data,' -rf "$TARS/image.tar" .
	docker import "$TARS/image.tar" suid >/dev/null
}

# "HOOK VERDICT ID" of each record since the last time
recorded() {
	"$CTL" events --json | jq -r '"\(.hook) \(.verdict) \(.id)"'
}

# What lies below $HOME_DIR, where the user gets to it, and is more than he could make himself
left() {
	find "$HOME_DIR" \( -type d -uid 0 -not -perm /011 -prune \) -o \
		\( -type f -perm /6000 -o -type b -o -type c \) -printf '%y %U %m %P\n'
	getcap -rn "$HOME_DIR" | sed 's/.*/capable/'
}

# ---------------------------------------------------------------- attacks, each leaves something in $HOME_DIR

copy_in() { # TAR [CONTAINER]
	docker cp - "${2:-c1}:/d" <"$TARS/$1.tar"
}

attack_setuid() { copy_in setuid; }
attack_setgid() { copy_in setgid; }
attack_capable() { copy_in capable; }
attack_disk() { copy_in disk; }

attack_opened() {
	copy_in closed || return
	copy_in opened
}

# The first copy of an image's files to a volume that is his folder; at the latest when it is mounted for a `docker cp`.
attack_copy_up() {
	docker volume create -o type=none -o o=bind -o "device=$HOME_DIR/below" up >/dev/null
	docker create --name c2 -v up:/data suid true >/dev/null && docker cp "$TARS/plain.tar" c2:/data/plain.tar
}

# An overlay whose upper layer is his.
attack_overlay() {
	mkdir -p "$HOME_DIR"/{lower,upper,work}
	docker volume create -o type=overlay -o device=overlay \
		-o "o=lowerdir=$HOME_DIR/lower,upperdir=$HOME_DIR/upper,workdir=$HOME_DIR/work" over >/dev/null
	docker create --name c2 -v over:/d bb true >/dev/null
	copy_in setuid c2
}

# attack NAME: $output, $status
attack() {
	home_new
	"$CTL" events >/dev/null 2>&1 || :
	run "attack_$1"
	echo "$1: $status $output"
	case $1 in
	copy_up | overlay)
		docker rm c2 >/dev/null 2>&1 || :
		docker volume rm up over >/dev/null 2>&1 || :
		;;
	esac
}

ATTACKS='setuid setgid capable disk opened copy_up overlay'

refused_hook() {
	case $1 in
	setuid | setgid | opened | overlay) echo 'inode_create inode_setattr' ;;
	capable) echo inode_setxattr ;;
	disk) echo inode_mknod ;;
	*) echo inode_setattr ;;
	esac
}

all_attacks_are_refused() {
	local name record
	for name in $ATTACKS; do
		attack "$name"
		if [ "$name" != capable ]; then # for attributes Docker takes EPERM for a file system without them, and goes on
			[ "$status" -ne 0 ]
			assert_contains 'operation not permitted'
		fi
		assert_equal "$(left)" ''
		assert_equal "$(gains "$HOME_DIR")" ''
		record=$(recorded)
		[[ " $(refused_hook "$name") " == *" ${record%% *} "* ]] || fail "$name: $record"
		assert_equal "${record#* }" 'refused engines'
	done
}

# bats test_tags=vm-once
@test "engines: docker's own writes to a user's folder: the attacks work without the layer" {
	local name
	for name in $ATTACKS; do
		attack "$name"
		assert_status 0
		[ -n "$(left)" ] || fail "$name left nothing"
		[ "$name" = disk ] || [ -n "$(gains "$HOME_DIR")" ] || fail "$name gained nothing"
	done
}

# bats test_tags=vm-once
@test "engines: they are refused to a dockerd that ran before the layer was loaded, with one record each" {
	"$CTL" load >/dev/null
	all_attacks_are_refused
	run "$CTL" status
	assert_contains '  engines enforce '
}

# bats test_tags=vm-full
@test "engines: in audit mode they happen, and are recorded" {
	"$CTL" load >/dev/null
	attack_in_audit() {
		"$BUILD/vm-probes/engine" --files audit -- sh -c 'touch "$1/ready"; while ! [ -e "$1/done" ]; do sleep 0.1; done' sh "$WORK" 3>&- 4>&- &
		HELPERS+=($!)
		wait_for test -e "$WORK/ready"
		attack setuid
		touch "$WORK/done"
	}
	attack_in_audit
	assert_status 0
	[ -n "$(gains "$HOME_DIR")" ]
	assert_equal "$(recorded | sed 's/^[a-z_]* //' | sort -u)" 'audited engines'
}

# bats test_tags=vm-once
@test "engines: images, builds, commits, volumes and containers keep their setuid programs, a user's folder the rest" {
	local data upper
	"$CTL" load >/dev/null
	"$CTL" events >/dev/null
	docker import "$TARS/image.tar" suid2 >/dev/null
	docker save suid2 | docker load >/dev/null
	cp "$FILE_WORK/staging/setuid/left" "$WORK/left"
	chmod 4755 "$WORK/left"
	printf 'FROM suid2\nCOPY left /copied\n' >"$WORK/Dockerfile"
	docker build -q -t built "$WORK" >/dev/null
	docker rm -v c1 >/dev/null
	docker create --name c1 -v named:/data -v "$HOME_DIR:/d" built true >/dev/null
	docker cp - c1:/bin <"$TARS/setuid.tar"
	docker cp - c1:/root <"$TARS/capable.tar"
	docker cp - c1:/etc <"$TARS/disk.tar"
	docker cp - c1:/data <"$TARS/setgid.tar"
	copy_in plain
	assert_equal "$(stat -c '%u %a' "$HOME_DIR/left" "$HOME_DIR/folder")" $'0 755\n0 2777'
	[ -p "$HOME_DIR/fifo" ]
	docker commit c1 committed >/dev/null
	upper=$(docker inspect -f '{{.GraphDriver.Data.UpperDir}}' c1)
	assert_equal "$(stat -c %a "$upper/bin/left")" 4755
	[ -b "$upper/etc/left" ]
	getcap -n "$upper/root/left" | grep -q cap_
	data=$(docker volume inspect -f '{{.Mountpoint}}' named)
	assert_equal "$(stat -c %a "$data/left")" 2755
	# Not /copied: the classic builder's chown(2) behind its copy takes the bit away, with or without us.
	docker run --rm committed sh -c 'stat -c "%u %a" /data/left /bin/left' >"$WORK/out"
	assert_equal "$(cat "$WORK/out")" $'0 4755\n0 4755'
	# A file system of its own, which nobody else gets to.
	docker volume create -o type=tmpfs -o device=tmpfs memory >/dev/null
	docker create --name c2 -v memory:/d bb true >/dev/null
	copy_in setuid c2
	# The administrator's own shell.
	install -m 4755 "$PROBES/ids" "$HOME_DIR/mine"
	assert_equal "$(recorded)" ''
}

# podman_client ARGUMENT...: standard input is passed on
podman_client() {
	timeout -k 5 90 podman --url "unix://$WORK/podman.sock" "$@" 3>&- 4>&-
}

# bats test_tags=vm-full
@test "engines: Podman as a service is one, by hand it is its caller's" {
	requires podman
	local options=(--root "$WORK/podman/root" --runroot "$WORK/podman/run" --storage-driver vfs --cgroup-manager cgroupfs --network-config-dir "$WORK/podman")
	mkdir -p "$WORK/podman"
	chmod 0711 "$WORK"
	"$CTL" load >/dev/null
	# Process 1 is the parent of what is left alone.
	(setsid sh -c 'sleep 1; exec "$@"' sh podman "${options[@]}" system service -t 0 "unix://$WORK/podman.sock" \
		>"$WORK/podman.log" 2>&1 </dev/null 3>&- 4>&- &)
	wait_for test -S "$WORK/podman.sock"
	podman_client import "$TARS/image.tar" suid >/dev/null # keeps what is setuid in it
	podman_client create --name c1 --network none -v "$HOME_DIR:/d" suid true >/dev/null
	"$CTL" events >/dev/null
	run podman_client cp - c1:/d <"$TARS/setuid.tar"
	echo "$output"
	assert_equal "$(left)" ''
	assert_equal "$(gains "$HOME_DIR")" ''
	assert_equal "$(recorded | sed 's/^[a-z_]* //' | sort -u)" 'refused engines'
	podman_client cp - c1:/etc <"$TARS/setuid.tar"
	timeout -k 5 90 podman "${options[@]}" cp - c1:/d <"$TARS/setuid.tar" 3>&- 4>&-
	[ -n "$(gains "$HOME_DIR")" ]
	assert_equal "$(recorded)" ''
	pkill -f "system service -t 0 unix://$WORK/podman.sock"
	podman "${options[@]}" rm -f c1 >/dev/null 2>&1 3>&- 4>&-
	wait_for rm -rf "$WORK/podman"
}

# The last: the other tests have the daemon that setup_file started.
# bats test_tags=vm-full
@test "engines: a dockerd that is started under the layer, and a container of it that is not ours" {
	docker_stop
	"$CTL" load >/dev/null
	docker_start --bridge none --iptables=false
	chmod 0711 "$DOCKER_DIR"
	image_new
	docker create --name c1 -v "$HOME_DIR:/d" bb true >/dev/null
	all_attacks_are_refused
	docker run --rm -v "$HOME_DIR:/d" suid sh -c 'cp /data/left /d/runc; chmod 4755 /d/runc' # runc's, as before
	assert_equal "$(stat -c %a "$HOME_DIR/runc")" 4755
	assert_equal "$(recorded)" ''
	docker_stop
}
