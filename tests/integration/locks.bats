#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# locks - every mount a container starts with is locked by the kernel, against its root with every capability; and what
# else root of a --privileged container tries against the host. The attackers are probes/locks.c and probes/breakout.c.

load helpers

# Mounts worth attacking: read-only, without setuid, without programs; folders, a file, one below another.
attacked_mounts() {
	volume_new vol
	mkdir "$VOL/below"
	echo file >"$VOL/file"
	config_mount "$VOL" /ro rbind ro
	config_mount "$VOL" /flags rbind rw nosuid nodev noexec
	config_mount "$VOL/file" /etc/one-file bind ro
	config_set '.mounts += [{destination: "/ro-tmpfs", type: "tmpfs", source: "tmpfs", options: ["ro", "nosuid"]},
		{destination: "/vol", type: "tmpfs", source: "tmpfs", options: ["nodev", "noexec"]}]'
	config_mount "$VOL" /vol/on-top rbind ro
}

assert_nothing_broken() { # after locks or breakout
	assert_contains TRIED
	run grep BROKEN <<<"$output"
	assert_equal "$output" ""
}

@test "locks: under runc container root lifts masks, clears flags and moves mounts" {
	local RUNTIME=$RUNC
	requires_runc
	bundle_new
	attacked_mounts
	config_caps_all
	runtime_run locks spare-superblocks
	assert_contains TRIED
	for attack in remount mount_setattr clear-in-copy umount lift-in-deep-copy uncover-by-bind fresh-proc; do
		grep -q "BROKEN .*$attack" <<<"$output" || fail "the probe's $attack does not work at all"
	done
}

# bats test_tags=vm-full
@test "locks: masks and mounts hold against root with every capability" {
	requires_bulwark
	attacked_mounts
	config_caps_all
	config_set '.process.noNewPrivileges = false'
	runtime_run locks
	assert_status 0
	assert_equal "$(grep -c ^TRIED <<<"$output")" 4
	assert_nothing_broken
}

# bats test_tags=vm-oldest
@test "locks: a --privileged container" {
	requires_bulwark
	attacked_mounts
	config_privileged
	runtime_run locks
	assert_status 0
	assert_equal "$(grep -c ^TRIED <<<"$output")" 4
	assert_nothing_broken
}

# bats test_tags=vm-full
@test "locks: an overlay root, read-only" {
	requires_bulwark
	overlay_new
	attacked_mounts
	config_privileged
	config_set '.root.readonly = true'
	runtime_run locks
	overlay_done
	assert_status 0
	assert_nothing_broken
}

# bats test_tags=vm-full
@test "locks: a process that joins by exec" {
	requires_bulwark
	attacked_mounts
	config_privileged
	container_start sleep 100
	run runtime exec "$ID" locks </dev/null
	assert_status 0
	assert_nothing_broken
}

@test "locks: the words of the manual: mount -o remount,rw and umount fail, a write still does" {
	requires_bulwark
	attacked_mounts
	config_privileged
	runtime_run sh -c 'mount -o remount,rw /ro; mount -o remount,rw,bind /ro; umount /ro; umount -l /ro
		umount /etc/one-file; touch /ro/f; unshare -m mount -o remount,rw,bind /ro; unshare -mUr umount -l /ro; echo end'
	assert_contains end
	assert_contains "Read-only file system"
	assert_equal "$(ls "$VOL")" "below
file"
	[ "$(grep -ciE "not permitted|invalid argument|denied" <<<"$output")" -ge 6 ] || fail "$output"
}

# bats test_tags=vm-oldest
@test "locks: a container's own mounts are its own: tmpfs, bind, remount, umount, unshare -m" {
	requires_bulwark
	config_privileged
	# remount names its source: otherwise busybox repeats the options it sees, and the kernel shows tmpfs's uid= as the
	# host has it
	runtime_run sh -ec 'mount -t tmpfs t /mnt; echo x >/mnt/f; mount -o remount,ro t /mnt; ! touch /mnt/g 2>/dev/null
		mount -o remount,rw t /mnt; touch /mnt/g; mkdir /mnt/b; mount --bind /mnt/b /opt 2>/dev/null || mkdir /opt
		mount --bind /mnt/b /opt; umount /opt; mount -t tmpfs t2 /proc/acpi 2>/dev/null || :
		umount /mnt; unshare -m sh -ec "mount -t tmpfs t /mnt; umount /mnt"; echo works'
	assert_status 0
	assert_contains works
}

# ---------------------------------------------------------------- beyond mounts

@test "breakout: under runc root of a privileged container reaches the host's switches" {
	local RUNTIME=$RUNC
	requires_runc
	bundle_new
	volume_new vol
	config_mount "$VOL" /vol
	config_privileged
	runtime_run breakout /vol
	assert_contains TRIED
	[ ! -e /proc/sysrq-trigger ] || assert_contains "BROKEN open-for-writing /proc/sysrq-trigger"
	assert_contains "BROKEN open-for-writing /proc/sys/kernel/core_pattern"
	assert_contains "BROKEN mknod-and-open"
}

# bats test_tags=vm
@test "breakout: nothing of it works in a --privileged container" {
	requires_bulwark
	volume_new vol
	config_mount "$VOL" /vol
	config_privileged
	runtime_run breakout /vol
	assert_status 0
	assert_nothing_broken
}

@test "breakout: nor through a user's folder" {
	requires_bulwark
	public_new
	config_mount "$PUBLIC/home" /vol
	config_privileged
	runtime_run breakout /vol
	assert_nothing_broken
}

@test "breakout: host settings are as before, whatever privileged root writes to /proc/sys" {
	requires_bulwark
	local files="kernel/core_pattern kernel/panic vm/swappiness fs/file-max kernel/hostname net/ipv4/ip_forward" file
	for file in $files; do
		cat "/proc/sys/$file"
	done >"$WORK/before"
	config_privileged
	runtime_run sh -c "for f in $files; do echo 1 >/proc/sys/\$f; done; hostname mine; date -s 2001-01-01; :" || :
	for file in $files; do
		cat "/proc/sys/$file"
	done >"$WORK/after"
	diff "$WORK/before" "$WORK/after"
	[ "$(date +%Y)" -gt 2020 ]
}

@test "breakout: cgroup folders cannot be made where the mount is read-only (CVE-2023-25809)" {
	requires_bulwark
	config_caps_all
	runtime_run sh -c 'grep " - cgroup" /proc/self/mountinfo | cut -d" " -f5 | while read -r d; do
		mkdir "$d/kid" 2>/dev/null && echo "made $d/kid"; done; echo end'
	assert_equal "$output" end
}
