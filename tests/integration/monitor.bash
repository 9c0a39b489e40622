#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# monitor - owns what tests need to know of a container's bulwark-monitor: who it is, and whether it was replaced.
# shellcheck disable=SC2154 # $WORK, $ID and their like are of helpers.bash
# shellcheck disable=SC2034 # $CTL is for the tests

requires_fuse() {
	requires_bulwark
	grep -qw fuse /proc/filesystems || modprobe fuse 2>/dev/null || skip_or_fail "the kernel has no FUSE"
}

keeper_pid() {
	jq .monitorPid "$WORK/state-bulwark/$ID/state.json"
}

worker_pid() { # KEEPER
	local children=
	read -r children <"/proc/$1/task/$1/children" || : # a line without an end
	echo "${children%% *}"
}

has_worker() {
	[ -n "$(worker_pid "$1")" ]
}

# A worker other than $2
has_new_worker() { # KEEPER OLD
	local now
	now=$(worker_pid "$1")
	[ -n "$now" ] && [ "$now" != "$2" ]
}

limited() { # COMMAND...
	config_set '.linux.resources.memory.limit = 268435456 | .linux.resources.cpu = {cpus: "0", quota: 150000, period: 100000}'
	container_start "$@"
}

# Every emulated file of the container that has something in it: diskstats is empty where nothing was read
emulated() {
	runtime exec "$ID" sh -c '{ grep " - fuse bulwark" /proc/self/mountinfo | cut -d" " -f5
		find /sys/devices/system/cpu /sys/devices/system/node -type f; } |
		while read -r file; do [ -d $file ] || [ -z "$(dd if=$file bs=64k 2>/dev/null)" ] || echo $file; done' | sort -u
}

# $CTL: beside a runtime bulwarkctl asks that one for its containers
ctl_make() {
	CTL=$WORK/sbin/bulwarkctl
	mkdir "$WORK/sbin"
	cp "$BUILD/bulwarkctl" "$CTL"
	ln "$RUNTIME" "$WORK/sbin/bulwark" 2>/dev/null || cp "$RUNTIME" "$WORK/sbin/bulwark"
}
