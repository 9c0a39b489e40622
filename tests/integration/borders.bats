#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# borders - what a hostile review of the runtime got through with, each attack as it was made.

load helpers
load monitor

# The attack needs a caller with a session keyring: it is what an engine's unit or a login gives it.
@test "keyring: under runc's --no-new-keyring a container sees and changes the caller's keys" {
	requires_runc
	RUNTIME=$RUNC
	bundle_new
	config_args /bin/keys spy
	run "$PROBES/keys" host timeout 60 "$RUNTIME" --root "$WORK/state-${RUNTIME##*/}" run --no-new-keyring \
		--bundle "$BUNDLE" "$ID" </dev/null
	assert_contains host-secret
	assert_contains "host: overwritten"
}

@test "keyring: neither the container nor exec has the caller's" {
	requires_bulwark
	config_privileged
	config_args /bin/keys spy
	run "$PROBES/keys" host timeout 60 "$RUNTIME" --root "$WORK/state-${RUNTIME##*/}" run --no-new-keyring \
		--bundle "$BUNDLE" "$ID" </dev/null
	assert_contains LOOKED
	assert_lacks host-secret
	assert_contains "host: untouched"
	container_start sleep 100
	run "$PROBES/keys" host timeout 60 "$RUNTIME" --root "$WORK/state-${RUNTIME##*/}" exec "$ID" /bin/keys spy </dev/null
	assert_contains LOOKED
	assert_lacks host-secret
	assert_contains "host: untouched"
}

@test "cgroups: a folder that is another's parent is refused, and what is in it lives on" {
	requires_bulwark
	config_set ".linux.cgroupsPath = \"$CGROUP/parent/victim\""
	container_start sleep 100
	config_set ".linux.cgroupsPath = \"$CGROUP/parent\""
	run_aside runtime create --bundle "$BUNDLE" "$ID-b"
	assert_status 1
	assert_contains "in use already"
	assert_equal "$(container_status)" running
	[ -n "$(cgroup_folders "$CGROUP/parent/victim")" ]
	runtime delete --force "$ID"
	cgroup_folders "$CGROUP/parent" | xargs -r rmdir
}

# Where the hierarchy is delegated (v2): a name that begins with a dot, and depth without end.
@test "cgroups: what a container hides or nests does not keep it from being deleted" {
	requires_bulwark
	config_privileged
	config_set '.mounts |= map(if .destination == "/sys/fs/cgroup" then .options -= ["ro"] else . end)'
	container_start sh -c 'cd /sys/fs/cgroup; [ -d unified ] && cd unified
		mkdir -p .hidden/x; for i in $(seq 100); do mkdir d 2>/dev/null && cd d || break; done; echo nested; exec sleep 100'
	wait_for grep -q nested "$WORK/$ID.out"
	runtime delete --force "$ID"
	assert_equal "$(leftovers)" ""
}

@test "devices: no node is made in a volume below /dev" {
	requires_bulwark
	public_new
	config_mount "$PUBLIC/home" /dev/net
	config_set '.linux.devices = [{path: "/dev/net/tun", type: "c", major: 10, minor: 200}]'
	runtime_run true
	assert_status 1
	assert_contains "something is mounted on 'net'"
	assert_equal "$(ls -A "$PUBLIC/home")" ""
}

@test "devices: nor in one that a link of the image leads to /dev" {
	requires_bulwark
	public_new
	ln -s /dev "$ROOTFS/foo"
	config_mount "$PUBLIC/home" /foo
	runtime_run true
	assert_status 1
	assert_contains /dev
	assert_equal "$(ls -A "$PUBLIC/home")" ""
}

@test "devices: a node for the host's console in the image opens nothing" {
	requires_bulwark
	mknod "$ROOTFS/con" c 5 1
	config_privileged
	runtime_run sh -c 'cat </con; echo "status $?"'
	assert_contains "status 1"
}

@test "sources: dev and rdev do not lift nodev of a bind" {
	local option
	requires_bulwark
	public_new
	for option in dev rdev; do
		config_set 'del(.mounts[] | select(.destination == "/v"))'
		config_mount "$PUBLIC/home" /v rbind "$option"
		runtime_run sh -c 'grep " /v " /proc/self/mountinfo'
		assert_status 0
		assert_contains nodev
	done
}

@test "sources: a folder of a system account is refused, one of a user is not" {
	requires_bulwark
	public_new
	install -d -o 6 -g 12 "$PUBLIC/man"
	config_mount "$PUBLIC/man" /v
	runtime_run true
	assert_status 1
	assert_contains "system account"
	config_set 'del(.mounts[] | select(.destination == "/v"))'
	config_mount "$PUBLIC/home" /v
	runtime_run true
	assert_status 0
}

@test "exec: --preserve-fds passes on what the caller opened, and nothing of the runtime's" {
	requires_bulwark
	container_start sleep 100
	run runtime exec --preserve-fds 4 "$ID" ls -l /proc/self/fd </dev/null
	assert_status 255
	assert_contains "--preserve-fds 4: descriptor 3 is not open"
	echo given >"$WORK/given"
	run timeout 60 "$RUNTIME" --root "$WORK/state-${RUNTIME##*/}" exec --preserve-fds 1 "$ID" sh -c 'cat <&3' \
		</dev/null 3<"$WORK/given"
	assert_equal "$output" given
}

# ---------------------------------------------------------------- what is used up, and what never ends

# The user namespace of a container belongs to its maker, and so does what is used up in it.
used_up_by() { # COMMAND...: how many instances of inotify(7) fewer the host's root is given while that holds 20: TAKEN
	local before
	before=$("$PROBES/usedup" count)
	"$@" >"$WORK/held" 2>&1 3>&- 4>&- &
	HELPERS+=($!)
	wait_for grep -q '^HELD 20 20$' "$WORK/held"
	TAKEN=$((before - $("$PROBES/usedup" count)))
}

# bats test_tags=vm-once
@test "used up: what a user namespace of root's uses up is missing for root: instances of inotify; not so with a container" {
	requires_bulwark
	used_up_by unshare --user --map-root-user "$PROBES/usedup" hold 20
	[ "$TAKEN" -ge 10 ] # others of root come and go
	config_privileged
	container_start sleep 1000
	used_up_by timeout 600 "$RUNTIME" --root "$WORK/state-bulwark" exec "$ID" usedup hold 20
	[ "$TAKEN" -lt 10 ]
	# all that its own limit gives are not too many
	runtime exec "$ID" usedup count >"$WORK/all"
	[ "$(cat "$WORK/all")" -ge 20 ]
}

# A thread takes the question that another one waits for, and never answers: neither can be killed.
# bats test_tags=vm-oldest
@test "fuse: a container that waits for its own server for ever does not die of SIGKILL; kill and delete --force end it" {
	requires_bulwark
	requires_fuse
	local pid way
	for way in delete kill; do
		bundle_new
		config_privileged
		config_device /dev/fuse c 10 229
		container_start sh -c 'mkdir -p /tmp/hang; exec fusehang /tmp/hang'
		wait_for grep -q '^HELD' "$WORK/$ID.out"
		pid=$(container_pid)
		if [ $way = delete ]; then
			kill -KILL "$pid"
			run ! "$PROBES/await" "$pid" 1500
		else
			runtime kill "$ID" KILL
			"$PROBES/await" "$pid" $((PATIENCE * 1000))
		fi
		runtime delete --force "$ID"
		"$PROBES/await" "$pid" 0
		assert_equal "$(leftovers)" ""
	done
}

# In a pod with one pid namespace its processes outlive its init; and the other's emulated files stay.
@test "fuse: one of a pod that waits for ever is deleted, and its sibling keeps its emulated files" {
	requires_bulwark
	requires_fuse
	local first=$BUNDLE other=$ID-other
	container_start sleep 1000
	bundle_new
	config_privileged
	config_device /dev/fuse c 10 229
	config_set --arg path "/proc/$(container_pid)/ns/pid" --arg cgroup "$CGROUP/$other" '.linux.cgroupsPath = $cgroup |
		(.linux.namespaces[] | select(.type == "pid")).path = $path'
	config_args sh -c 'mkdir -p /tmp/hang; fusehang /tmp/hang & exec sleep 1000'
	container_create "$other"
	runtime start "$other"
	wait_for grep -q '^HELD' "$WORK/$other.out"
	runtime kill "$other" KILL
	wait_for eval '[ "$(container_status "$other")" = stopped ]'
	runtime delete --force "$other"
	BUNDLE=$first
	run runtime exec "$ID" grep -c ^MemTotal: /proc/meminfo
	assert_equal "$output" 1
}

cgroup2_of() { # ID
	local folder
	folder=$(awk '$(NF-2) == "cgroup2" { print $5; exit }' /proc/self/mountinfo)
	echo "$folder$(sed -n 's/^0:://p' "/proc/$(container_pid "$1")/cgroup")"
}

# Who shares its user namespace, and was handed a descriptor of its cgroup.
@test "cgroups: v2: folders that somebody else goes on making in it do not keep it from being deleted" {
	requires_bulwark
	requires_cgroup2
	config_privileged
	container_start sleep 1000
	for _ in 1 2 3; do
		# shellcheck disable=SC2016 # perl expands
		setpriv --reuid "$(container_base)" --regid "$(container_base)" --clear-groups perl -e \
			'chdir shift or die; for (;;) { mkdir "x$$-" . $n++ % 1000 }' "$(cgroup2_of "$ID")" 3>&- 4>&- &
		HELPERS+=($!)
	done
	wait_for eval 'compgen -G "$(cgroup2_of "$ID")/x*" >/dev/null'
	runtime delete --force "$ID"
	assert_equal "$(leftovers)" ""
}

# Its list of processes cannot be read: the folder above has them.
# bats test_tags=vm-oldest
@test "cgroups: v2: a threaded folder inside hides nobody from ps and kill --all" {
	requires_bulwark
	requires_cgroup2
	config_privileged
	container_start sh -c 'cd /sys/fs/cgroup; [ ! -d unified ] || cd unified
		mkdir t && echo threaded >t/cgroup.type; cat t/cgroup.procs; cat t/cgroup.type; exec sleep 1000'
	wait_for grep -qx threaded "$WORK/$ID.out"
	run runtime ps --format json "$ID"
	assert_equal "$(jq length <<<"$output")" 1
	runtime kill --all "$ID" CONT
	runtime kill --all "$ID" KILL
	container_wait
}

# A socket that root listens on is found in the list of the host's network, not in that of the container's.
@test "sources: a folder with a socket of root's is refused to who joins another's network as well" {
	requires_bulwark
	local folder=$WORK/ci socket=$WORK/ci/engine.sock
	mkdir "$folder"
	chown "$USER_ID:$USER_ID" "$folder"
	perl -MIO::Socket::UNIX -e 'my $s = IO::Socket::UNIX->new(Local => shift, Listen => 1) or die; sleep' "$socket" 3>&- 4>&- &
	HELPERS+=($!)
	wait_for [ -S "$socket" ]
	container_start sleep 1000
	bundle_new
	config_mount "$folder" /vol
	config_set '.linux.cgroupsPath += "-other"'
	run_aside runtime run --bundle "$BUNDLE" "$ID-other"
	assert_refused "a socket that a program of root listens on"
	config_set --arg path "/proc/$(container_pid)/ns/net" \
		'(.linux.namespaces[] | select(.type == "network")).path = $path'
	run_aside runtime run --bundle "$BUNDLE" "$ID-other"
	assert_refused "a socket that a program of root listens on"
}

@test "sysctl: a switch that is one for all networks is refused" {
	requires_bulwark
	config_set '.linux.sysctl = {"net.netfilter.nf_hooks_lwtunnel": "1"}'
	run_aside runtime create --bundle "$BUNDLE" "$ID"
	assert_refused nf_hooks_lwtunnel "set it on the host"
}

@test "delete --force: a state of another version frees no ids and removes nothing" {
	requires_bulwark
	local state=$WORK/state-bulwark/$ID/state.json pid
	container_start sleep 1000
	pid=$(container_pid)
	cp "$state" "$WORK/kept.json"
	jq '.version = 1000' "$WORK/kept.json" >"$state"
	run_aside runtime delete --force "$ID"
	assert_refused "another version of bulwark" "nothing is removed"
	kill -0 "$pid"
	cp "$WORK/kept.json" "$state"
	runtime delete --force "$ID"
	"$PROBES/await" "$pid" 0
}
