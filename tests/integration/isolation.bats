#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# isolation - namespaces that are forced, host namespaces, devices and host paths that are refused.

load helpers

# ---------------------------------------------------------------- namespaces

# bats test_tags=vm-oldest
@test "namespaces: none is the host's, whatever the spec leaves out" {
	local ns
	requires_bulwark
	config_set '.linux.namespaces |= map(select(.type != "user" and .type != "cgroup" and .type != "time"))'
	container_start sleep 100
	for ns in cgroup ipc mnt net pid time user uts; do
		[ "$(readlink "/proc/$(container_pid)/ns/$ns")" != "$(readlink "/proc/self/ns/$ns")" ] ||
			fail "shares the $ns namespace with the host"
	done
}

@test "namespaces: a spec without one shares the host's: it works under runc" {
	local RUNTIME=$RUNC
	requires_runc
	bundle_new
	config_set '.linux.namespaces |= map(select(.type != "uts" and .type != "ipc")) | del(.hostname)'
	runtime_run sh -c 'readlink /proc/self/ns/uts; readlink /proc/self/ns/ipc'
	assert_status 0
	assert_equal "${lines[0]}" "$(readlink /proc/self/ns/uts)"
	assert_equal "${lines[1]}" "$(readlink /proc/self/ns/ipc)"
}

@test "namespaces: leaving one out is refused, and the refusal names it" {
	local type
	requires_bulwark
	cp "$BUNDLE/config.json" "$WORK/config.json"
	for type in mount pid network ipc uts; do
		cp "$WORK/config.json" "$BUNDLE/config.json"
		config_set --arg type "$type" '.linux.namespaces |= map(select(.type != $type))'
		runtime_run true
		assert_status 1
		assert_refused "$type" namespace host
		assert_equal "$(leftovers)" ""
	done
}

@test "namespaces: the path of the host's is refused, under whatever name" {
	local type proc path
	requires_bulwark
	cp "$BUNDLE/config.json" "$WORK/config.json"
	touch "$WORK/alias"
	for type in mount:mnt pid:pid network:net ipc:ipc uts:uts user:user cgroup:cgroup time:time; do
		proc=${type#*:}
		type=${type%:*}
		ln -sf "/proc/$$/ns/$proc" "$WORK/link"
		[ "$proc" = mnt ] || mount --bind "/proc/$$/ns/$proc" "$WORK/alias"
		for path in "/proc/$$/ns/$proc" "$WORK/link" "$WORK/alias"; do
			[ "$proc:$path" = "mnt:$WORK/alias" ] && continue # the kernel itself refuses such a bind
			cp "$WORK/config.json" "$BUNDLE/config.json"
			config_set --arg type "$type" --arg path "$path" \
				'.linux.namespaces |= (map(select(.type != $type)) + [{type: $type, path: $path}])'
			runtime_run true
			[ "$proc" = mnt ] || [ "$path" != "$WORK/alias" ] || umount "$WORK/alias"
			assert_status 1
			assert_refused "$type" namespace
		done
	done
}

@test "namespaces: a path of another kind, a duplicate, an unknown type" {
	config_set '.linux.namespaces |= (map(select(.type != "network")) + [{type: "network", path: "/proc/self/ns/ipc"}])'
	runtime_run true
	assert_status 1
	requires_bulwark
	config_set '.linux.namespaces |= (map(select(.type != "network")) + [{type: "network"}, {type: "network"}])'
	runtime_run true
	assert_status 1
	assert_contains network
	config_set '.linux.namespaces = [{type: "sideways"}]'
	runtime_run true
	assert_status 1
	assert_contains sideways
}

@test "namespaces: host processes are not seen" {
	runtime_run sh -c 'ls -d /proc/[0-9]* | wc -l; cat /proc/1/comm; :'
	[ "${lines[0]}" -le 3 ]
	assert_equal "${lines[1]}" sh
}

# ---------------------------------------------------------------- devices

devices=(
	"/dev/sda b 8 0" "/dev/vda b 254 0" "/dev/loop0 b 7 0" "/dev/dm-0 b 253 0" "/dev/nvme0n1 b 259 0"
	"/dev/mem c 1 1" "/dev/kmem c 1 2" "/dev/port c 1 4" "/dev/kmsg c 1 11" "/dev/tty0 c 4 0" "/dev/tty1 c 4 1"
	"/dev/vcs1 c 7 1" "/dev/ttyS0 c 4 64" "/dev/sg0 c 21 0" "/dev/loop-control c 10 237"
	"/dev/mapper/control c 10 236" "/dev/uinput c 10 223" "/dev/vhost-net c 10 238" "/dev/vhost-vsock c 10 241"
	"/dev/kvm c 10 232"
)

# The first of the list that root of this machine may open at all: some machines keep their disks from root.
openable_device() {
	local device
	for device in "${devices[@]}"; do
		if (exec 9<"${device%% *}") 2>/dev/null; then
			echo "$device"
			return 0
		fi
	done
	return 1
}

@test "devices: one asked for by name opens under runc" {
	local RUNTIME=$RUNC device
	requires_runc
	device=$(openable_device) || skip_or_fail "this machine has no device that root may open"
	bundle_new
	# shellcheck disable=SC2086 # four words
	config_device $device
	# shellcheck disable=SC2086
	set -- $device
	config_set --arg t "$2" --argjson a "$3" --argjson i "$4" \
		'.linux.resources.devices += [{allow: true, type: $t, access: "rwm", major: $a, minor: $i}]'
	runtime_run sh -c "exec 9<$1 && echo opened"
	assert_equal "$output" opened
}

@test "devices: what is not on the list is refused by name" {
	local device
	requires_bulwark
	cp "$BUNDLE/config.json" "$WORK/config.json"
	for device in "${devices[@]}"; do
		cp "$WORK/config.json" "$BUNDLE/config.json"
		# shellcheck disable=SC2086 # four words
		config_device $device
		runtime_run true
		[ "$status" -eq 1 ] || fail "$device: exit status $status, expected 1"
		assert_refused "${device%% *}"
	done
}

@test "devices: the host's console is left out, whatever asks for it" {
	requires_bulwark
	config_device /dev/console c 5 1
	runtime_run sh -c 'ls -l /dev | grep " 5, *1 " && echo "has the console"; :'
	assert_status 0
	assert_equal "$output" ""
	config_device /dev/other c 5 1
	runtime_run sh -c 'ls -l /dev | grep " 5, *1 " && echo "has the console"; :'
	assert_lacks "has the console"
}

@test "devices: a harmless name does not hide a disk" {
	requires_bulwark
	config_device /dev/harmless b 8 0
	runtime_run true
	assert_status 1
	assert_refused /dev/harmless
	bundle_new
	config_device /dev/null b 8 0
	runtime_run true
	assert_status 1
	assert_refused /dev/null
}

@test "devices: a rule that allows a disk is refused, mknod alone is not" {
	requires_bulwark
	config_set '.linux.resources.devices += [{allow: true, type: "b", major: 8, minor: 0, access: "rw"}]'
	runtime_run true
	assert_status 1
	assert_refused 8:0
	bundle_new
	config_set '.linux.resources.devices += [{allow: true, type: "c", access: "m"}, {allow: true, type: "b", access: "m"}]'
	runtime_run true
	assert_status 0
}

@test "devices: of a --privileged list the rest is dropped" {
	local device
	requires_bulwark
	for device in "${devices[@]}" "/dev/fuse c 10 229"; do
		# shellcheck disable=SC2086 # four words
		config_device $device
	done
	config_privileged
	runtime_run sh -c 'find /dev \( -type b -o -type c \) | grep -v /dev/pts/ | sort'
	assert_status 0
	assert_lacks /dev/sda
	assert_equal "$(grep -vxE '/dev/(null|zero|full|random|urandom|tty|ptmx|fuse|net/tun|console)' <<<"$output")" ""
}

@test "devices: fuse and net/tun when asked for" {
	requires_bulwark
	config_device /dev/fuse c 10 229
	config_device /dev/net/tun c 10 200
	config_set '.linux.resources.devices += [{allow: true, type: "c", major: 10, minor: 229, access: "rwm"},
		{allow: true, type: "c", major: 10, minor: 200, access: "rwm"}]'
	runtime_run stat -c '%n %t:%T %u:%g' /dev/fuse /dev/net/tun
	assert_status 0
	assert_equal "$output" "/dev/fuse a:e5 0:0
/dev/net/tun a:c8 0:0"
}

@test "devices: a node in a volume does not open" {
	volume_new vol
	mknod "$VOL/disk" b "$(awk 'NR > 2 { print $1; exit }' /proc/partitions)" \
		"$(awk 'NR > 2 { print $2; exit }' /proc/partitions)"
	mknod "$VOL/mem" c 1 1
	config_mount "$VOL" /vol
	config_privileged
	is_bulwark || config_set '.linux.resources.devices = [{allow: false, access: "rwm"}]'
	runtime_run sh -c 'for n in disk mem; do head -c 1 /vol/$n >/dev/null && echo "opened $n"; done'
	assert_lacks opened
}

# ---------------------------------------------------------------- host paths

source_refused() { # SOURCE [word in the refusal]
	bundle_new
	config_mount "$1" /x rbind ro
	runtime_run true
	[ "$status" -eq 1 ] || fail "$1: exit status $status, expected 1:" "$output"
	assert_refused "${2:-$1}"
}

@test "sources: the host's secrets are a bind away under runc" {
	local RUNTIME=$RUNC
	requires_runc
	bundle_new
	config_mount /etc /x bind ro
	runtime_run sh -c 'test -r /x/shadow && echo readable'
	assert_contains readable
}

@test "sources: restricted host paths are refused by name" {
	local path
	requires_bulwark
	for path in / /etc /boot /usr /lib /lib64 /root /run /var/run /dev /proc /sys \
		/etc/passwd /etc/shadow /usr/bin /proc/sys /proc/1/root /sys/kernel /dev/null /dev/shm /run/lock /var; do
		[ -e "$path" ] || continue
		source_refused "$path"
	done
}

@test "sources: the policy store and what the runtime keeps are refused" {
	requires_bulwark
	source_refused "${POLICY%/*}"
	source_refused "$POLICY"
	source_refused /run/bulwark-test
	source_refused "$WORK/state-bulwark" "$WORK"
}

@test "sources: other names of a restricted path" {
	requires_bulwark
	ln -s /etc "$WORK/link"
	ln -s /etc/passwd "$WORK/file-link"
	ln -s link "$WORK/link-to-link"
	mkdir "$WORK/alias"
	source_refused "$WORK/link"
	source_refused "$WORK/file-link"
	source_refused "$WORK/link-to-link/ssl"
	source_refused "$WORK/../../../../../../etc"
	source_refused "//etc/."
	source_refused /proc/self/root/etc
	source_refused "/proc/$$/cwd"
	mount --bind /etc "$WORK/alias"
	source_refused "$WORK/alias"
	umount "$WORK/alias"
}

@test "sources: a restricted path mounted below one that is allowed" {
	requires_bulwark
	public_new
	install -d -o $USER_ID -g $USER_ID "$PUBLIC/home/below"
	mount --bind /etc "$PUBLIC/home/below"
	source_refused "$PUBLIC/home"
	# without what is mounted below it is nobody's business
	bundle_new
	config_mount "$PUBLIC/home" /x bind ro
	runtime_run ls /x/below
	umount "$PUBLIC/home/below"
	assert_status 0
	assert_equal "$output" ""
}

@test "sources: a folder that holds a restricted one" {
	requires_bulwark
	source_refused /var/lib
	source_refused "$(dirname "$TEST_TMP")"
}

@test "sources: an engine's socket, also under another name" {
	requires_bulwark
	local made='' socket=/run/docker.sock name
	if [ ! -e $socket ]; then
		"$PROBES/recvtty" $socket </dev/null >/dev/null 2>&1 3>&- 4>&- &
		made=$!
		HELPERS+=("$made")
		wait_for [ -S $socket ]
	fi
	touch "$WORK/other"
	ln -s $socket "$WORK/link"
	mount --bind $socket "$WORK/other"
	for name in $socket "$WORK/link" "$WORK/other"; do
		bundle_new
		config_mount "$name" /x bind
		runtime_run true
		echo "$name: $status: $output"
	done >"$WORK/said"
	umount "$WORK/other"
	[ -z "$made" ] || { kill "$made"; rm $socket; }
	run cat "$WORK/said"
	assert_equal "$(grep -c ': 1: ' <<<"$output")" 3
	assert_contains "socket of an engine"
}

@test "sources: a folder of root that others can reach has no owner to map it to" {
	requires_bulwark
	public_new
	source_refused "$PUBLIC"
	assert_contains root
}

@test "sources: a file system that cannot be id-mapped is named" {
	requires_bulwark
	public_new
	install -d -o $USER_ID -g $USER_ID "$PUBLIC/home/o" "$PUBLIC/home/l" "$WORK/u" "$WORK/w"
	mount -t overlay -o "lowerdir=$PUBLIC/home/l,upperdir=$WORK/u,workdir=$WORK/w" overlay "$PUBLIC/home/o"
	chown $USER_ID:$USER_ID "$PUBLIC/home/o"
	source_refused "$PUBLIC/home/o" overlay || status=failed
	umount "$PUBLIC/home/o"
	[ "$status" != failed ]
}

@test "sources: folders of users are allowed, wherever they are" {
	requires_bulwark
	local place dir
	for place in "$TEST_TMP" /home /srv; do
		[ -d "$place" ] || continue
		dir=$(mktemp -d "$place/bulwark-it.XXXXXX")
		chown $USER_ID:$USER_ID "$dir"
		bundle_new
		config_mount "$dir" /x
		runtime_run sh -c 'echo new >/x/f && stat -c %u:%g /x /x/f'
		stat -c %u:%g "$dir/f" >"$WORK/owner"
		rm -rf "$dir"
		assert_status 0
		assert_equal "$output" "0:0
0:0"
		assert_equal "$(cat "$WORK/owner")" $USER_ID:$USER_ID
	done
}

@test "sources: propagation to or from the host is refused" {
	local word
	requires_bulwark
	public_new
	for word in shared rshared slave rslave; do
		bundle_new
		config_mount "$PUBLIC/home" /x rbind "$word"
		runtime_run true
		assert_status 1
		assert_refused "${word#r}" propagation
	done
	for word in private rprivate; do
		bundle_new
		config_mount "$PUBLIC/home" /x rbind "$word"
		runtime_run true
		assert_status 0
	done
}

@test "sources: what the host mounts later does not appear inside" {
	public_new
	mkdir "$PUBLIC/home/later"
	config_mount "$PUBLIC/home" /x
	container_start sleep 100
	mount -t tmpfs tmpfs "$PUBLIC/home/later"
	touch "$PUBLIC/home/later/secret"
	run runtime exec "$ID" ls /x/later </dev/null
	umount "$PUBLIC/home/later"
	assert_equal "$output" ""
}
