#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# joining - namespaces that are shared: those of another container, with its user namespace and its ids, and networks that
# an engine made outside of any container; and mappings that a spec brings itself.

load helpers

# ns_of PID NAME
ns_of() {
	readlink "/proc/$1/ns/$2"
}

# config_join TYPE PATH: the spec's entry of that type gets a path
config_join() {
	config_set --arg type "$1" --arg path "$2" \
		'(.linux.namespaces[] | select(.type == $type)).path = $path' # an entry that is not there is added:
	[ "$(jq --arg type "$1" '[.linux.namespaces[] | select(.type == $type)] | length' "$BUNDLE/config.json")" = 1 ] ||
		config_set --arg type "$1" --arg path "$2" '.linux.namespaces += [{type: $type, path: $path}]'
}

# Container $ID sleeps; then a bundle for a second one, $OTHER, that joins TYPE... of it.
join_first() {
	local type first
	config_args sleep 100
	container_create
	runtime start "$ID"
	first=$(container_pid)
	bundle_new
	OTHER=$ID-other
	config_set --arg cgroup "$CGROUP/$OTHER" '.linux.cgroupsPath = $cgroup'
	for type; do
		case $type in
		network) config_join network "/proc/$first/ns/net" ;;
		*) config_join "$type" "/proc/$first/ns/$type" ;;
		esac
	done
}

other_start() {
	config_args "$@"
	container_create "$OTHER"
	runtime start "$OTHER"
}

# bats test_tags=vm-oldest
@test "joining: network, ipc, uts and pid of another container, with its user namespace" {
	join_first network ipc uts pid
	other_start sleep 100
	local a b name
	a=$(container_pid) b=$(container_pid "$OTHER")
	for name in net ipc uts pid user; do
		assert_equal "$(ns_of "$b" $name)" "$(ns_of "$a" $name)"
	done
	for name in mnt cgroup; do
		[ "$(ns_of "$b" $name)" != "$(ns_of "$a" $name)" ]
	done
	assert_equal "$(container_base "$OTHER")" "$(container_base)"
	run runtime exec "$OTHER" sh -c 'ps | grep -c "sleep 100$"; cat /proc/self/uid_map; cat /proc/1/comm; id -u'
	assert_status 0
	assert_equal "${lines[0]}" 2
	assert_equal "$(awk '{ print $1, $2, $3 }' <<<"${lines[1]}")" "0 $(container_base) 65536"
	assert_equal "${lines[2]}" sleep
}

@test "joining: one namespace alone; the others are new" {
	join_first ipc
	other_start sleep 100
	local a b name
	a=$(container_pid) b=$(container_pid "$OTHER")
	assert_equal "$(ns_of "$b" ipc)" "$(ns_of "$a" ipc)"
	assert_equal "$(ns_of "$b" user)" "$(ns_of "$a" user)"
	for name in net pid uts mnt cgroup; do
		[ "$(ns_of "$b" $name)" != "$(ns_of "$a" $name)" ]
	done
	run runtime exec "$OTHER" sh -c 'echo $$; cat /proc/1/comm; ls -ld /dev/mqueue; ip link show lo'
	assert_status 0
	assert_equal "${lines[1]}" sleep
	assert_contains "root     root"
	assert_contains "LOOPBACK,UP"
}

@test "joining: by the path of the user namespace alone" {
	join_first user
	other_start sleep 100
	assert_equal "$(ns_of "$(container_pid "$OTHER")" user)" "$(ns_of "$(container_pid)" user)"
	[ "$(ns_of "$(container_pid "$OTHER")" net)" != "$(ns_of "$(container_pid)" net)" ]
}

@test "joining: what is locked in the one is locked in the other" {
	join_first pid network
	config_set '(.mounts[] | select(.destination == "/sys") | .options) += ["ro"]'
	config_caps_all
	other_start sleep 100
	run runtime exec "$OTHER" sh -c 'mount -o remount,rw,bind /sys; umount /proc; touch /sys/kernel/x'
	[ "$status" -ne 0 ]
	run runtime exec "$OTHER" /bin/locks
	assert_lacks "cleared"
}

@test "joining: the ids stay taken until the last container leaves" {
	local base third
	join_first ipc
	other_start sleep 100
	base=$(container_base)
	runtime delete --force "$ID"
	assert_equal "$(container_status "$OTHER")" running
	assert_equal "$(container_base "$OTHER")" "$base"
	run runtime exec "$OTHER" id -u
	assert_equal "$output" 0
	# Nobody gets them, although their first holder is gone, and a joiner of the joiner still does.
	bundle_new
	third=$ID-third
	config_set --arg cgroup "$CGROUP/$third" '.linux.cgroupsPath = $cgroup'
	config_join network "/proc/$(container_pid "$OTHER")/ns/net"
	config_args sleep 100
	container_create "$third"
	assert_equal "$(container_base "$third")" "$base"
	runtime delete --force "$OTHER"
	bundle_new
	config_set --arg cgroup "$CGROUP/$ID-fourth" '.linux.cgroupsPath = $cgroup'
	config_args sleep 100
	container_create "$ID-fourth"
	[ "$(container_base "$ID-fourth")" != "$base" ]
	grep -aq "$third" /run/bulwark-test/run/ids
	runtime delete --force "$third"
	run ! grep -aq "$third" /run/bulwark-test/run/ids
	run ! grep -aqs "$third" /run/bulwark-test/run/ids.shared
}

@test "joining: the end of the one that owns the pid namespace is the other's" {
	join_first pid
	other_start sleep 100
	runtime kill "$ID" KILL
	wait_for process_is_dead "$(container_pid "$OTHER")"
	assert_equal "$(container_status "$OTHER")" stopped
	runtime delete "$OTHER"
}

@test "joining: in another's pid namespace kill reaches what the process left behind" {
	join_first pid
	# shellcheck disable=SC2016
	other_start sh -c 'sleep 1717 & sleep 1718'
	local left
	wait_for pgrep -f '^sleep 1717$' >/dev/null # start does not wait for what it starts
	left=$(pgrep -f '^sleep 1717$')
	runtime kill "$OTHER" KILL
	wait_for process_is_dead "$(container_pid "$OTHER")"
	runtime delete "$OTHER"
	wait_for process_is_dead "$left"
	assert_equal "$(container_status)" running
}

@test "joining: hooks in the container see its process as what it is there" {
	join_first pid
	config_set '.hooks.startContainer = [{path: "/bin/sh", args: ["sh", "-c", "cat >/tmp/seen"]}]'
	config_args sh -c 'echo $$; cat /tmp/seen'
	run runtime run --bundle "$BUNDLE" "$OTHER" </dev/null
	assert_status 0
	[ "${lines[0]}" -gt 1 ]
	assert_equal "$(jq .pid <<<"${lines[1]}")" "${lines[0]}"
}

# ---------------------------------------------------------------- networks of the host's user namespace

# A network namespace as an engine makes one: $NETNS
netns_new() {
	unshare -n sleep 1000 3>&- 4>&- &
	HELPERS+=($!)
	NETNS=/proc/$!/ns/net
	wait_for eval '[ "$(readlink '"$NETNS"')" != "$(readlink /proc/self/ns/net)" ]'
	nsenter "--net=$NETNS" sh -c 'ip link add eth7 type veth peer name eth8 && ip addr add 192.0.2.7/24 dev eth7 && ip link set lo up'
}

# bats test_tags=vm-oldest
@test "joining: a network that the engine made: used, not owned" {
	requires ip nsenter
	netns_new
	config_join network "$NETNS"
	config_caps_all
	config_set '.process.noNewPrivileges = false'
	container_start sleep 100
	local pid
	pid=$(container_pid)
	assert_equal "$(ns_of "$pid" net)" "$(readlink "$NETNS")"
	[ "$(ns_of "$pid" user)" != "$(readlink /proc/self/ns/user)" ]
	run runtime exec "$ID" sh -c 'ip addr show eth7; ls /sys/class/net'
	assert_contains 192.0.2.7
	assert_contains eth7
	for attack in 'ip link set eth7 up' 'ip link del eth7' 'ip addr add 192.0.2.8/24 dev eth7' \
		'echo 1 >/proc/sys/net/ipv4/ip_forward'; do
		run runtime exec "$ID" sh -c "$attack"
		[ "$status" -ne 0 ] || fail "it worked: $attack"
		nsenter "--net=$NETNS" sh -c "$attack" # the attack's control: root of the host may
		[ "$attack" != 'ip link del eth7' ] || nsenter "--net=$NETNS" ip link add eth7 type veth peer name eth8
	done
}

@test "joining: in such a network low ports and ping want no privilege" {
	requires ip nsenter
	netns_new
	config_join network "$NETNS"
	container_start sleep 100
	local base
	base=$(container_base)
	run runtime exec "$ID" cat /proc/sys/net/ipv4/ip_unprivileged_port_start /proc/sys/net/ipv4/ping_group_range
	assert_equal "${lines[0]}" 0
	assert_equal "${lines[1]}" "$(printf '0\t65535')"
	run nsenter "--net=$NETNS" cat /proc/sys/net/ipv4/ping_group_range
	assert_equal "$output" "$(printf '%s\t%s' "$base" $((base + 65535)))"
	run runtime exec "$ID" /bin/icmp 127.0.0.1
	assert_equal "$output" "reply 0"
	run runtime exec "$ID" timeout 1 nc -l -p 80
	assert_lacks "denied"
}

@test "joining: settings of such a network are the spec's where it has them" {
	netns_new
	config_join network "$NETNS"
	config_set '.linux.sysctl = {"net.ipv4.ip_unprivileged_port_start": "500", "net.ipv4.ping_group_range": "0 5",
		"net.ipv4.ip_forward": "1"}'
	container_start sleep 100
	run runtime exec "$ID" sh -c 'cd /proc/sys/net/ipv4; cat ip_unprivileged_port_start ping_group_range ip_forward'
	assert_equal "$output" "$(printf '500\n0\t5\n1')"
}

@test "joining: two containers in one such network have ids of their own" {
	netns_new
	config_join network "$NETNS"
	container_start sleep 100
	bundle_new
	config_set --arg cgroup "$CGROUP/$ID-other" '.linux.cgroupsPath = $cgroup'
	config_join network "$NETNS"
	config_args sleep 100
	container_create "$ID-other"
	assert_equal "$(ns_of "$(container_pid)" net)" "$(ns_of "$(container_pid "$ID-other")" net)"
	[ "$(container_base)" != "$(container_base "$ID-other")" ]
}

@test "joining: a pod: its network the engine's, ipc and uts of its first container" {
	netns_new
	config_join network "$NETNS"
	container_start sleep 100
	local first
	first=$(container_pid)
	bundle_new
	OTHER=$ID-other
	config_set --arg cgroup "$CGROUP/$OTHER" '.linux.cgroupsPath = $cgroup | del(.hostname)'
	config_join network "$NETNS"
	config_join ipc "/proc/$first/ns/ipc"
	config_join uts "/proc/$first/ns/uts"
	other_start sleep 100
	local second name
	second=$(container_pid "$OTHER")
	for name in net ipc uts user; do
		assert_equal "$(ns_of "$second" $name)" "$(ns_of "$first" $name)"
	done
	[ "$(ns_of "$second" pid)" != "$(ns_of "$first" pid)" ]
	assert_equal "$(runtime exec "$OTHER" hostname)" "$(runtime exec "$ID" hostname)"
	run runtime exec "$OTHER" ip addr show eth7
	assert_contains 192.0.2.7
}

# ---------------------------------------------------------------- refusals

@test "joining: refused: the host's, another runtime's, and what is no such namespace" {
	requires_runc
	local pid
	config_join network /proc/self/ns/net
	run_aside runtime create --bundle "$BUNDLE" "$ID"
	assert_refused "network namespace with the host"
	config_join network /etc/passwd
	run_aside runtime create --bundle "$BUNDLE" "$ID"
	assert_refused "'/etc/passwd' is no network namespace"
	config_join network /proc/self/ns/uts
	run_aside runtime create --bundle "$BUNDLE" "$ID"
	assert_refused "is no network namespace"

	unshare -i -p -u --fork sleep 1000 3>&- 4>&- &
	HELPERS+=($!)
	pid=$!
	wait_for eval '[ "$(readlink /proc/'$pid'/ns/ipc)" != "$(readlink /proc/self/ns/ipc)" ]'
	config_set '(.linux.namespaces[] | select(.type == "network")) |= {type: "network"}'
	config_join ipc "/proc/$pid/ns/ipc"
	run_aside runtime create --bundle "$BUNDLE" "$ID"
	assert_refused "ipc namespace" "belongs to the host's user namespace" "runs under bulwark"
}

@test "joining: refused: mount and cgroup namespaces" {
	local type
	join_first
	for type in mount cgroup; do
		config_set --arg type $type --arg path "/proc/$(container_pid)/ns/${type/mount/mnt}" \
			'.linux.namespaces |= (map(select(.type != $type)) + [{type: $type, path: $path}])'
		run_aside runtime create --bundle "$BUNDLE" "$OTHER"
		assert_refused "a $type namespace cannot be joined"
		config_set --arg type $type '.linux.namespaces |= (map(select(.type != $type)) + [{type: $type}])'
	done
}

@test "joining: refused: namespaces of two containers, and one that a container made itself" {
	local nested
	join_first ipc
	config_caps_all
	config_set '.process.noNewPrivileges = false | del(.linux.seccomp)'
	other_start sleep 100
	bundle_new
	config_set --arg cgroup "$CGROUP/$ID-third" '.linux.cgroupsPath = $cgroup'
	config_args sleep 100
	container_create "$ID-third"
	bundle_new
	config_set --arg cgroup "$CGROUP/$ID-fourth" '.linux.cgroupsPath = $cgroup'
	config_join ipc "/proc/$(container_pid)/ns/ipc"
	config_join network "/proc/$(container_pid "$ID-third")/ns/net"
	run_aside runtime create --bundle "$BUNDLE" "$ID-fourth"
	assert_refused "belongs to another container than the others"

	config_set '(.linux.namespaces[] | select(.type == "network")) |= {type: "network"}'
	runtime exec --detach "$OTHER" unshare -U -r -i sleep 777 </dev/null >"$WORK/nested.out" 2>&1
	wait_for pgrep -f '^sleep 777$'
	nested=$(pgrep -f '^sleep 777$')
	config_join ipc "/proc/$nested/ns/ipc"
	run_aside runtime create --bundle "$BUNDLE" "$ID-fourth"
	assert_refused "made inside a container"
}

# ---------------------------------------------------------------- a spec's own mappings

FOREIGN=1900000000

# config_map SIZE [HOSTID]
config_map() {
	config_set --argjson size "$1" --argjson id "${2:-$FOREIGN}" \
		'.linux.uidMappings = [{containerID: 0, hostID: $id, size: $size}] | .linux.gidMappings = .linux.uidMappings'
}

# bats test_tags=vm-oldest
@test "own mappings: honoured, and exclusive while the container is there" {
	config_map 65536
	container_start sleep 100
	assert_equal "$(container_base)" $FOREIGN
	run runtime exec "$ID" sh -c 'touch /tmp/x; stat -c %u /tmp/x /etc/passwd /dev/null'
	assert_equal "$output" "$(printf '0\n0\n0')"
	assert_equal "$(stat -c %u "$ROOTFS/tmp/x")" 0 # engine storage keeps its owners
	bundle_new
	OTHER=$ID-other
	config_set --arg cgroup "$CGROUP/$OTHER" '.linux.cgroupsPath = $cgroup'
	config_map 1000 $((FOREIGN + 65535))
	run_aside runtime create --bundle "$BUNDLE" "$OTHER"
	assert_refused "host ids from $((FOREIGN + 65535)) on cannot be mapped" "belong to the container at"
	runtime delete --force "$ID"
	config_args true
	container_create "$OTHER"
}

@test "own mappings: a root file system that is shifted already stays as it is" {
	config_map 65536
	chown -R $FOREIGN:$FOREIGN "$ROOTFS"
	mkdir -m 0755 "$WORK/shifted"
	echo text >"$WORK/shifted/file"
	chown -R $((FOREIGN + 5)):$((FOREIGN + 6)) "$WORK/shifted"
	config_mount "$WORK/shifted" /mnt
	runtime_run sh -c 'touch /tmp/x; stat -c %u:%g /tmp/x /etc/passwd /mnt/file'
	assert_status 0
	assert_equal "$output" "$(printf '0:0\n0:0\n5:6')"
	assert_equal "$(stat -c %u "$ROOTFS/tmp/x")" $FOREIGN
}

@test "own mappings: the host's ids, accounts' and other containers' are refused" {
	local base
	container_start sleep 100
	base=$(container_base)
	bundle_new
	OTHER=$ID-other
	config_set --arg cgroup "$CGROUP/$OTHER" '.linux.cgroupsPath = $cgroup'
	config_map 65536 0
	run_aside runtime create --bundle "$BUNDLE" "$OTHER"
	assert_refused "below 65536 are the host's own accounts"
	config_map 65536 "$base"
	run_aside runtime create --bundle "$BUNDLE" "$OTHER"
	assert_refused "belong to the container at"
	config_map 10 $FOREIGN
	config_set '.linux.uidMappings[0].containerID = 1'
	run_aside runtime create --bundle "$BUNDLE" "$OTHER"
	assert_refused "id 0 of the container must be mapped"
	config_map 10 $FOREIGN
	config_set '.linux.gidMappings = []'
	run_aside runtime create --bundle "$BUNDLE" "$OTHER"
	assert_refused "linux.gidMappings" "there is no id mapping"
}

@test "own mappings: a container that joins says the same, or nothing" {
	config_map 65536
	container_start sleep 100
	local first
	first=$(container_pid)
	bundle_new
	OTHER=$ID-other
	config_set --arg cgroup "$CGROUP/$OTHER" '.linux.cgroupsPath = $cgroup'
	config_join ipc "/proc/$first/ns/ipc"
	config_map 65535
	run_aside runtime create --bundle "$BUNDLE" "$OTHER"
	assert_refused "not those of the user namespace that is joined"
	config_map 65536
	other_start sleep 100
	assert_equal "$(ns_of "$(container_pid "$OTHER")" user)" "$(ns_of "$first" user)"
	runtime delete --force "$ID"
	run runtime exec "$OTHER" id -u
	assert_equal "$output" 0
	# still in use
	bundle_new
	config_map 65536
	run_aside runtime create --bundle "$BUNDLE" "$ID-third"
	assert_refused "belong to the container at"
}
