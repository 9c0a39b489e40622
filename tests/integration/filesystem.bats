#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# filesystem - root, mounts, masked and read-only paths, /dev, and the spec's words about the machine: hostname, sysctl.

load helpers

# ---------------------------------------------------------------- root

@test "root.readonly: nothing below / can be written, its mounts can" {
	config_set '.root.readonly = true'
	runtime_run sh -c 'touch /f; touch /etc/f; touch /dev/shm/f && echo shm'
	assert_contains "Read-only file system"
	assert_contains shm
	[ ! -e "$ROOTFS/f" ]
}

@test "root: writes land in the bundle's root, and nowhere else" {
	runtime_run sh -c 'echo x >/f; ls -d /..; cat /../../../f'
	assert_status 0
	assert_equal "$(cat "$ROOTFS/f")" x
	[ ! -e /f ]
}

@test "root.path: absolute, and a missing one is refused" {
	config_set --arg root "$ROOTFS" '.root.path = $root'
	runtime_run true
	assert_status 0
	config_set '.root.path = "nowhere"'
	runtime_run true
	assert_status 1
	assert_contains nowhere
}

@test "rootfs: the runtime's own mount points and nothing else are made in it" {
	local before
	before=$(find "$ROOTFS" | sort)
	runtime_run true
	assert_status 0
	assert_equal "$(find "$ROOTFS" | sort)" "$before"
}

@test "hostname and domainname" {
	config_set '.hostname = "walls"'
	runtime_run hostname
	assert_equal "$output" walls
	requires_bulwark
	config_set '.domainname = "example.org"'
	runtime_run cat /proc/sys/kernel/domainname
	assert_equal "$output" example.org
}

@test "hostname and domainname: longer than the kernel takes is refused, an empty one is none" {
	local name
	name=$(printf 'x%.0s' {1..65})
	config_set --arg name "$name" '.hostname = $name'
	run_aside container_create
	assert_status 1
	requires_bulwark
	assert_refused hostname
	config_set --arg name "$name" 'del(.hostname) | .domainname = $name'
	run_aside container_create
	assert_refused domainname
	config_set '.hostname = "" | .domainname = ""'
	runtime_run true
	assert_status 0
}

# ---------------------------------------------------------------- mounts

mount_options() { # of the mount at $1, from a container's output of /proc/self/mountinfo
	awk -v at="$1" '$5 == at { print $6 }' <<<"$output"
}

# bats test_tags=vm-oldest
@test "mounts: tmpfs with its data and flags; a missing destination is made" {
	config_set '.mounts += [{destination: "/made/here", type: "tmpfs", source: "tmpfs",
		options: ["nosuid", "noexec", "nodev", "size=1m", "mode=1770"]}]'
	runtime_run sh -c 'cat /proc/self/mountinfo; stat -c "mode %a owner %u:%g" /made/here; df -k /made/here'
	assert_status 0
	[[ "$(mount_options /made/here)" == *nosuid*nodev*noexec* ]]
	assert_contains "mode 1770 owner 0:0"
	[[ "$output" =~ [[:space:]]1024[[:space:]] ]]
}

@test "mounts: a bind of engine storage, read-write and read-only" {
	volume_new vol
	echo host >"$VOL/f"
	config_mount "$VOL" /rw rbind rw
	config_mount "$VOL" /ro rbind ro
	runtime_run sh -c 'cat /ro/f; stat -c %u:%g /rw/f; echo new >/rw/g; cat /ro/g; touch /ro/h'
	assert_status 1
	assert_equal "${lines[0]} ${lines[1]} ${lines[2]}" "host 0:0 new"
	assert_contains "Read-only file system"
	assert_equal "$(stat -c %u:%g "$VOL/g")" 0:0
	[ ! -e "$VOL/h" ]
}

@test "mounts: one file" {
	volume_new vol
	echo content >"$VOL/file"
	config_mount "$VOL/file" /etc/one-file bind ro
	runtime_run cat /etc/one-file
	assert_status 0
	assert_equal "$output" content
}

@test "mounts: rbind brings what is mounted below, bind does not" {
	volume_new tree
	mkdir "$VOL/below"
	mount -t tmpfs -o mode=0700 tmpfs "$VOL/below"
	echo below >"$VOL/below/f"
	config_mount "$VOL" /deep rbind ro
	config_mount "$VOL" /flat bind ro
	runtime_run sh -c 'ls /deep/below /flat/below'
	umount "$VOL/below"
	assert_status 0
	[[ "$output" =~ /deep/below:.*f.*/flat/below: ]]
}

@test "mounts: rro makes what is mounted below read-only too" {
	requires_bulwark
	volume_new tree
	mkdir "$VOL/below"
	mount -t tmpfs -o mode=0700 tmpfs "$VOL/below"
	config_mount "$VOL" /deep rbind rro
	runtime_run touch /deep/below/f
	umount "$VOL/below"
	[ "$status" -ne 0 ]
	assert_contains "Read-only file system"
}

@test "mounts: flags of a bind; a source that is missing is refused by name" {
	volume_new vol
	config_mount "$VOL" /vol rbind nosuid nodev noexec
	runtime_run cat /proc/self/mountinfo
	[[ "$(mount_options /vol)" == *nosuid*nodev*noexec* ]]
	config_mount "$WORK/nowhere" /x
	runtime_run true
	assert_status 1
	assert_contains "$WORK/nowhere"
}

@test "mounts: in the order of the spec, a later one on an earlier one" {
	config_set '.mounts += [
		{destination: "/a", type: "tmpfs", source: "tmpfs", options: ["mode=755"]},
		{destination: "/a/b", type: "tmpfs", source: "tmpfs", options: ["mode=711"]}]'
	runtime_run sh -c 'stat -c %a /a /a/b'
	assert_status 0
	assert_equal "$output" "755
711"
}

@test "mounts: a relative destination is below the root" {
	config_set '.process.cwd = "/tmp" | .mounts += [{destination: "made/rel", type: "tmpfs", source: "tmpfs", options: ["mode=711"]}]'
	runtime_run sh -c 'stat -c %a /made/rel; stat -f -c %T /made/rel'
	assert_status 0
	assert_equal "${lines[*]: -2}" "711 tmpfs" # runc warns before
}

@test "mounts: the runtime's own file systems are there" {
	runtime_run sh -c 'cat /proc/self/mountinfo; ls /dev/pts/ptmx /sys/kernel /dev/mqueue -d; ls /proc/self/stat'
	assert_status 0
	assert_contains " - proc "
	assert_contains " - sysfs "
	assert_contains " - devpts "
	assert_contains " - mqueue "
	[[ "$(mount_options /sys)" == ro* ]]
}

@test "mounts: nothing of the container appears on the host" {
	config_set '.mounts += [{destination: "/made", type: "tmpfs", source: "tmpfs"}]'
	container_start sleep 100
	assert_equal "$(mounts_below "$WORK")" ""
}

# bats test_tags=vm-oldest
@test "tmpcopyup: a tmpfs starts with what the image has there, owners and modes too, and nothing of it reaches the image" {
	mkdir -p "$ROOTFS/data/sub"
	echo text >"$ROOTFS/data/file"
	chmod 4755 "$ROOTFS/data/file"
	chown 33:44 "$ROOTFS/data/sub"
	ln -s /etc/passwd "$ROOTFS/data/link"
	config_set '.mounts += [{destination: "/data", type: "tmpfs", source: "tmpfs", options: ["tmpcopyup", "size=1m"]},
		{destination: "/data-ro", type: "tmpfs", source: "tmpfs", options: ["tmpcopyup", "ro"]}]'
	mkdir "$ROOTFS/data-ro"
	echo kept >"$ROOTFS/data-ro/f"
	runtime_run sh -c 'cat /data/file; stat -c "%u:%g %a" /data/file /data/sub; readlink /data/link; echo new >/data/new
		stat -f -c %T /data; cat /data-ro/f; echo x >/data-ro/x || echo read-only'
	assert_status 0
	assert_equal "${lines[0]}" text
	assert_equal "${lines[1]}" "0:0 4755"
	assert_equal "${lines[2]}" "33:44 755"
	assert_equal "${lines[3]}" /etc/passwd
	assert_equal "${lines[4]}" tmpfs
	assert_equal "${lines[5]}" kept
	assert_contains read-only
	[ ! -e "$ROOTFS/data/new" ]
}

@test "tmpcopyup: more than the tmpfs holds is refused, and leaves nothing" {
	mkdir -p "$ROOTFS/data"
	head -c 2000000 /dev/zero >"$ROOTFS/data/big"
	config_set '.mounts += [{destination: "/data", type: "tmpfs", source: "tmpfs", options: ["tmpcopyup", "size=1m"]}]'
	runtime_run true
	assert_refused tmpcopyup big
}

@test "tmpcopyup: what is mounted below is not copied" {
	volume_new v
	echo secret >"$VOL/secret"
	mkdir -p "$ROOTFS/data/vol"
	config_mount "$VOL" /data/vol
	config_set '.mounts += [{destination: "/data", type: "tmpfs", source: "tmpfs", options: ["tmpcopyup"]}]'
	runtime_run ls -A /data /data/vol
	assert_status 0
	assert_contains vol
	assert_lacks secret
}

# ---------------------------------------------------------------- masks

@test "maskedPaths: a listed file reads as empty, a folder is empty" {
	mkdir "$ROOTFS/etc/secrets"
	echo secret >"$ROOTFS/etc/secret"
	echo secret >"$ROOTFS/etc/secrets/one"
	config_set '.linux.maskedPaths += ["/etc/secret", "/etc/secrets", "/etc/none"]'
	runtime_run sh -c 'cat /etc/secret; ls -A /etc/secrets; touch /etc/secrets/new || echo refused'
	assert_status 0
	assert_lacks secret$'\n'
	assert_lacks one
	assert_contains refused
}

@test "maskedPaths: the defaults below /proc and /sys" {
	runtime_run sh -c 'for f in kcore keys timer_list sched_debug; do [ ! -e /proc/$f ] || wc -c <"/proc/$f"; done
		ls -A /sys/firmware /proc/acpi /proc/scsi 2>/dev/null | grep -v :; :'
	assert_status 0
	[[ "$output" =~ ^[0[:space:]]*$ ]]
}

@test "readonlyPaths: can be read, cannot be written" {
	mkdir "$ROOTFS/etc/fixed"
	echo fixed >"$ROOTFS/etc/fixed/f"
	config_set '.linux.readonlyPaths += ["/etc/fixed", "/etc/none"]'
	runtime_run sh -c 'cat /etc/fixed/f; echo x >/etc/fixed/f'
	[ "$status" -ne 0 ]
	assert_contains fixed
	assert_contains "Read-only file system"
	runtime_run sh -c 'echo 1 >/proc/sys/net/ipv4/ip_forward'
	assert_contains "Read-only file system"
}

@test "maskedPaths, readonlyPaths: a relative one is refused, a missing one is not made" {
	local key
	requires_bulwark
	for key in maskedPaths readonlyPaths; do
		config_set --arg key $key '.linux[$key] = ["/nowhere/at/all"]'
		runtime_run ls -d /nowhere
		[ "$status" -ne 0 ]
		config_set --arg key $key '.linux[$key] = ["etc"]'
		run_aside container_create
		assert_refused "linux.${key}[0]" "'etc'"
		config_set --arg key $key 'del(.linux[$key])'
	done
}

@test "rootfsPropagation: what mountinfo shows of the root; another word is refused" {
	local row
	requires_bulwark
	for row in private: rprivate: slave: shared:shared: unbindable:unbindable runbindable:unbindable; do
		config_set --arg word "${row%%:*}" '.linux.rootfsPropagation = $word'
		runtime_run awk '$5 == "/" { for (i = 7; $i != "-"; i++) print $i }' /proc/self/mountinfo
		assert_status 0
		[[ "$output" == "${row#*:}"* ]] || fail "$row: '$output'"
		[ -n "${row#*:}" ] || assert_lacks shared
	done
	config_set '.linux.rootfsPropagation = "sideways"'
	run_aside container_create
	assert_refused linux.rootfsPropagation sideways
}

# ---------------------------------------------------------------- /dev

@test "dev: the default devices work and belong to root" {
	runtime_run sh -c 'cd /dev; for d in null zero full random urandom tty; do
			[ -c $d ] || echo no $d; stat -c "%u:%g %a" $d; done | sort -u
		echo x >null; head -c 4 zero | xxd -p; head -c 4 urandom | wc -c
		echo x 2>/dev/null >full || echo full
		for l in fd stdin stdout stderr; do readlink $l; done
		[ -c /dev/ptmx ] || [ -L /dev/ptmx ] || echo no ptmx'
	assert_equal "$output" "0:0 666
00000000
4
full
/proc/self/fd
/proc/self/fd/0
/proc/self/fd/1
/proc/self/fd/2"
}

@test "dev: a user can use them too" {
	config_set '.process.user = {uid: 1000, gid: 1000}'
	runtime_run sh -c 'echo x >/dev/null && head -c 1 /dev/urandom | wc -c'
	assert_status 0
	assert_equal "$output" 1
}

# ---------------------------------------------------------------- sysctl

# bats test_tags=vm-oldest
@test "sysctl: the container's own, and the host's stays" {
	local host
	host=$(cat /proc/sys/net/ipv4/ip_forward /proc/sys/kernel/msgmax)
	config_set '.linux.sysctl = {"net.ipv4.ip_forward": "1", "kernel.msgmax": "4321", "net/ipv4/tcp_fin_timeout": "33"}'
	runtime_run sh -c 'cd /proc/sys; cat net/ipv4/ip_forward kernel/msgmax net/ipv4/tcp_fin_timeout'
	assert_status 0
	assert_equal "$output" "1
4321
33"
	assert_equal "$(cat /proc/sys/net/ipv4/ip_forward /proc/sys/kernel/msgmax)" "$host"
}

@test "sysctl: what docker sets in every container" {
	config_set '.linux.sysctl = {"net.ipv4.ip_unprivileged_port_start": "0",
		"net.ipv4.ping_group_range": "0 2147483647"}'
	runtime_run cat /proc/sys/net/ipv4/ip_unprivileged_port_start
	assert_status 0
	assert_equal "$output" 0
}

@test "sysctl: one that is the host's is refused by name" {
	local key
	for key in kernel.panic vm.swappiness fs.file-max kernel.core_pattern; do
		config_set --arg key "$key" '.linux.sysctl = {($key): "1"}'
		runtime_run true
		assert_status 1
		assert_contains "$key"
	done
	for key in ../../etc/passwd net/../kernel/panic net.ipv4.../../../kernel/panic; do
		config_set --arg key "$key" '.linux.sysctl = {($key): "1"}'
		runtime_run true
		assert_status 1
	done
}

# ---------------------------------------------------------------- network and time

@test "network: only a loopback, and it is up" {
	runtime_run sh -c 'ip link; ping -c 1 -w 5 127.0.0.1 >/dev/null && echo alive'
	assert_contains "lo:"
	assert_lacks "eth0"
	if is_bulwark; then
		assert_contains LOOPBACK,UP
	fi
}

@test "time: the spec's offsets" {
	requires_bulwark
	config_set '.linux.timeOffsets = {boottime: {secs: 5000000, nanosecs: 7}, monotonic: {secs: 6000000, nanosecs: 9}}'
	runtime_run sh -c 'cut -d. -f1 /proc/uptime; cat /proc/self/timens_offsets'
	assert_status 0
	[ "${lines[0]}" -ge 5000000 ]
	assert_equal "$(tr -s ' ' <<<"${lines[1]}")" "monotonic 6000000 9" # of these /proc/uptime shows nothing
	assert_equal "$(tr -s ' ' <<<"${lines[2]}")" "boottime 5000000 7"
}

@test "time: offsets that no clock can have are refused" {
	local offsets
	requires_bulwark
	for offsets in '{boottime: {secs: -999999999}}' '{monotonic: {secs: -999999999}}' \
		'{monotonic: {secs: 1, nanosecs: 1000000000}}' '{boottime: {secs: "1"}}' '{boottime: {nanosecs: -1}}'; do
		config_set ".linux.timeOffsets = $offsets"
		run_aside container_create
		assert_refused linux.timeOffsets
	done
}
