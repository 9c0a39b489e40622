#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# visible - what /proc and /sys of a container show of the host, and that nothing that is written there reaches it: the worst
# case, a privileged container.

load helpers

setup() {
	common_setup
	requires_bulwark
}

# What names this host's devices: disks, PCI addresses, addresses of network cards, serial numbers
host_names() {
	{
		ls /sys/block /sys/bus/pci/devices
		cat /sys/class/net/*/address
		cat /sys/class/dmi/id/{product_uuid,product_serial,board_serial,chassis_serial}
	} 2>/dev/null | grep -vxE '(00:)*00|(ff:)*ff|None|Not Specified|0|' | grep -E '.{4,}' | sort -u
}

# bats test_tags=vm-once
@test "visible: no hardware of the host, also to a privileged container; its own interfaces, cpus and nodes" {
	local look='ls -d /sys/block/* /sys/bus/* /sys/class/* /sys/firmware/* /sys/dev/* /sys/devices/* /sys/devices/virtual/* 2>/dev/null'
	if [ -x "$RUNC" ]; then # what is there without us
		RUNTIME=$RUNC runtime_run sh -c "$look"
		assert_contains /sys/devices/virtual/tty
	fi
	config_privileged
	container_start sleep 1000
	run runtime exec "$ID" sh -c "$look"
	assert_equal "$output" "/sys/class/net
/sys/devices/system
/sys/devices/virtual
/sys/devices/virtual/net"
	run runtime exec "$ID" sh -c 'cat /sys/class/net/lo/mtu; ls /sys/devices/virtual/net; ls /sys/devices/system; cat /proc/iomem /proc/ioports; ls /proc/bus /proc/irq'
	assert_equal "$output" "65536
lo
clocksource
cpu
node
/proc/bus:

/proc/irq:"
	# it has every capability in its namespaces, and the mounts are the host's
	run runtime exec "$ID" sh -c 'umount /sys/devices; umount -l /sys/class; mount -o remount,rw /sys/block; mkdir /tmp/s; mount -t sysfs s /tmp/s; ls /tmp/s; ls /sys/class'
	assert_contains "can't unmount /sys/devices"
	assert_equal "${lines[-1]}" net
}

@test "visible: what a specification itself mounts below hidden folders is there" {
	local VOL
	volume_new id
	echo "mine" >"$VOL/product_uuid"
	config_set '.linux.maskedPaths = []'
	config_mount "$VOL" /sys/firmware bind
	runtime_run cat /sys/firmware/product_uuid
	assert_status 0
	assert_equal "$output" mine
}

# bats test_tags=vm-once
@test "visible: what kernel files show to a privileged container is on the list, and names no device of the host" {
	local allowed
	config_privileged
	cp "$PROBES/settings" "$ROOTFS/bin/"
	config_args settings read /proc /proc/sys /sys
	runtime run --bundle "$BUNDLE" "$ID" </dev/null >"$WORK/shown"
	[ "$(wc -l <"$WORK/shown")" -gt 1000 ]
	allowed=$(grep -v '^#' "$TESTS/visible.list" | cut -f 1 | sed 's/.*/^(&)$/' | paste -sd '|')
	run bash -c 'cut -f 1 "$0" | grep -vE "$1"' "$WORK/shown" "$allowed"
	assert_equal "$output" ""
	host_names >"$WORK/names"
	[ -s "$WORK/names" ]
	run grep -F -f "$WORK/names" <(grep -v '^/proc/cmdline' "$WORK/shown")
	assert_equal "$output" ""
	# on the host they are found this way
	"$PROBES/settings" read /proc /sys | grep -qF -f "$WORK/names"
}

# Values that move by themselves, and why
MOVING='^(/proc/sys/kernel/(ns_last_pid|pty/nr|random/.*|perf_event_max_sample_rate)|/proc/sys/fs/([a-z-]*-nr|[a-z]*-state|quota/.*)|/proc/sys/net/netfilter/nf_conntrack_(count|buckets)|/sys/devices/virtual/(bdi/.*/(max|min)_bytes|net/.*)|/sys/devices/.*/(uevent|wakeup.*|runtime.*)|/sys/kernel/slab/.*)	'
# number of the last process; open terminals; entropy and uuids; lowered by the kernel when interrupts take long
# open files and inodes; connections
# from the memory that is free; interfaces of others; of devices that wake up; counters

# bats test_tags=vm-once
@test "visible: a privileged container writes to every file of /proc/sys and /sys, and no setting of the host changes" {
	config_privileged
	cp "$PROBES/settings" "$ROOTFS/bin/"
	"$PROBES/settings" read -w /proc/sys /sys | grep -vE "$MOVING" >"$WORK/before"
	[ "$(wc -l <"$WORK/before")" -gt 500 ]
	runtime_run settings write /proc/sys /sys
	assert_status 0
	[[ "$output" =~ ^files=([0-9]+)\ opened=([0-9]+)\ taken=([0-9]+)$ ]]
	[ "${BASH_REMATCH[1]}" -gt 500 ] && [ "${BASH_REMATCH[3]}" -gt 200 ] # its own are written to
	"$PROBES/settings" read -w /proc/sys /sys | grep -vE "$MOVING" >"$WORK/after"
	run diff "$WORK/before" "$WORK/after"
	assert_equal "$output" ""
	# one that is the network namespace's by its place alone: whoever is root of any could turn it on, for good
	if [ -e /proc/sys/net/netfilter/nf_hooks_lwtunnel ]; then
		runtime_run sh -c 'echo 1 >/proc/sys/net/netfilter/nf_hooks_lwtunnel'
		assert_status 1
		assert_contains "Read-only file system"
	fi
	# and in one that a container makes itself, no mount is in the way
	if grep -qw bpf /sys/kernel/security/lsm 2>/dev/null; then
		runtime_run sh -c 'unshare -n sh -c "mount -o remount,rw /proc/sys; cat /proc/sys/net/netfilter/nf_hooks_lwtunnel; echo 1 >/proc/sys/net/netfilter/nf_hooks_lwtunnel"'
		echo "$output"
		[ "$status" -ne 0 ] || [ "$(cat /proc/sys/net/netfilter/nf_hooks_lwtunnel)" = 0 ]
	fi
}
