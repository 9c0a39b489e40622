#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2154 # $status, $output and $lines are set by run
# confinement - containers of the runtime under the BPF LSM layer, from create to delete. In guests: the machines where bulwark
# is made do not load BPF LSM programs. What the layer refuses, attack by attack: bpf.bats.

load ../integration/helpers

setup_file() {
	[ "${BULWARK_GUEST-}" = 1 ] || { echo 'not in a guest: scripts/vm' >&2 && return 1; }
	export CTL=$BUILD/bulwarkctl ATTACK=$BUILD/vm-probes/attack
	common_setup_file
	cp "$ATTACK" "$FILE_WORK/rootfs/bin/attack"
	modprobe -a af_alg vsock
	sysctl -q -w kernel.unprivileged_bpf_disabled=0
}

teardown_file() {
	"$CTL" unload --force
	common_teardown_file
}

setup() {
	common_setup
	policy_write
	"$CTL" load >/dev/null
	"$CTL" events >/dev/null # of whoever was before
}

teardown() {
	local left
	common_teardown || return 1
	left=$("$CTL" status --json | jq -c '.containers')
	[ "$left" = '[]' ] || fail "still known to the BPF LSM layer: $left"
}

# "MODE" of the container $1, as the layer has it
mode_of() {
	"$CTL" status --json | jq -r --arg id "$1" '.containers[]? | select(.id == $id) | .mode'
}

mode_is() { # ID MODE
	[ "$(mode_of "$1")" = "$2" ]
}

# "HOOK VERDICT ID" of each record since the last time
recorded() {
	"$CTL" events --json | jq -r '"\(.hook) \(.verdict) \(.id)"'
}

# ---------------------------------------------------------------- life

# bats test_tags=vm-full
@test "bpf lsm: twenty first containers at once load the layer once" {
	local i pids=() base
	"$CTL" unload >/dev/null
	[ ! -e /sys/fs/bpf/bulwark ]
	config_args attack alg
	config_set 'del(.linux.cgroupsPath)'
	for i in {1..20}; do
		cp -a "$BUNDLE" "$WORK/bundle-$i"
		config_set --arg path "$CGROUP/first-$i" '.linux.cgroupsPath = $path'
		cp "$BUNDLE/config.json" "$WORK/bundle-$i/"
	done
	for i in {1..20}; do
		timeout 300 "$RUNTIME" --root "$WORK/state-bulwark" run --bundle "$WORK/bundle-$i" "first-$i" \
			</dev/null >"$WORK/first-$i.out" 2>&1 3>&- 4>&- &
		pids+=($!)
	done
	wait "${pids[@]}"
	for i in {1..20}; do
		assert_equal "$(cat "$WORK/first-$i.out")" 'alg EPERM'
	done
	run "$CTL" load
	assert_equal "$output" 'loaded already'
	assert_equal "$(recorded | sort | uniq -c | awk '{ print $1, $2, $3 }' | sort -u)" '1 socket_create refused'
	[ ! -e /sys/fs/bpf/bulwark_load ]
}

# bats test_tags=vm-once
@test "bpf lsm: registered by create, armed by the execve(2) that start allows, forgotten by delete" {
	config_args sleep 1000
	container_create
	assert_equal "$(mode_of "$ID")" off
	run runtime state "$ID"
	assert_lacks degraded
	runtime start "$ID"
	wait_for mode_is "$ID" enforce
	run runtime list
	assert_lacks DEGRADED
	runtime kill "$ID" KILL
	container_wait
	assert_equal "$(mode_of "$ID")" enforce
	runtime delete "$ID"
	assert_equal "$(mode_of "$ID")" ''
}

# bats test_tags=vm-oldest
@test "bpf lsm: a create that fails late leaves nothing in the maps" {
	config_set '.hooks = {createRuntime: [{path: "/bin/false"}]}'
	config_args true
	run_aside runtime create --bundle "$BUNDLE" "$ID"
	[ "$status" -ne 0 ]
	assert_equal "$("$CTL" status --json | jq -c .containers)" '[]'
}

# bats test_tags=vm
@test "bpf lsm: an attack with the layer off, in audit mode, enforced" {
	"$CTL" unload >/dev/null
	policy_write '{"bpfLsm": {"value": "preferred"}}'
	mv "$CTL" "$CTL.away" # or it would be loaded
	runtime_run attack alg userns
	mv "$CTL.away" "$CTL"
	assert_equal "$output" $'alg ok\nuserns ok'
	"$CTL" load >/dev/null
	policy_write '{"bpfLsmMode": {"value": "audit"}}'
	runtime_run attack alg
	assert_equal "$output" 'alg ok'
	assert_equal "$(recorded)" "socket_create audited $ID"
	policy_write
	runtime_run attack alg
	assert_equal "$output" 'alg EPERM'
	assert_equal "$(recorded)" "socket_create refused $ID"
	policy_write '{"bpfLsmAllow": {"value": ["af_alg"]}}'
	runtime_run attack alg bpf
	assert_equal "$output" $'alg ok\nbpf EPERM'
}

# bats test_tags=vm-oldest
@test "bpf lsm: user namespaces inside, four deep, work" {
	config_caps_all # to map root takes CAP_SETFCAP
	runtime_run unshare -Ur unshare -Ur unshare -Ur unshare -Ur id -u
	assert_status 0
	assert_equal "$output" 0
	runtime_run unshare -Ur unshare -Ur unshare -Ur unshare -Ur unshare -Ur id -u
	[ "$status" -ne 0 ]
	assert_equal "$(recorded)" "userns_create refused $ID"
}

# What mounts hide at first, the kernel hides in every copy, and it lets nobody make a fresh procfs beside them: what these
# rules are worth is shown in bpf.bats, without the mounts.
# bats test_tags=vm-once
@test "bpf lsm: masked and read-only paths become rules of the container" {
	config_set '.linux.maskedPaths = ["/proc/interrupts", "/sys/firmware", "/etc/other"] |
		.linux.readonlyPaths = ["/proc/sys/kernel/domainname"]'
	config_args sleep 1000
	container_create
	assert_equal "$(bpftool -j map dump pinned /sys/fs/bpf/bulwark/masks | jq length)" 3
	runtime delete --force "$ID"
	assert_equal "$(bpftool -j map dump pinned /sys/fs/bpf/bulwark/masks | jq length)" 0
	config_set '.linux.maskedPaths = [range(5000) | "/proc/sys/x\(.)"]'
	run_aside runtime create --bundle "$BUNDLE" "$ID"
	assert_refused maskedPaths
}

# ---------------------------------------------------------------- who enters

# bats test_tags=vm-oldest
@test "bpf lsm: exec enters unhindered, and what it runs is confined" {
	container_start sleep 1000
	run runtime exec "$ID" attack alg keyctl
	assert_status 0
	assert_equal "$output" $'alg EPERM\nkeyctl EPERM'
	assert_equal "$(recorded)" "socket_create refused $ID"$'\n'"key_permission refused $ID"
	run runtime exec --user 1000:1000 "$ID" id -u
	assert_equal "$output" 1000
	run runtime exec --tty "$ID" tty </dev/null
	assert_contains /dev/pts/
	assert_equal "$(recorded)" ''
}

# bats test_tags=vm-oldest
@test "bpf lsm: standard input, output and error can be opened again; host's null by any number of containers" {
	local i
	container_start sleep 1000
	# >/dev/stdout of a file of the host
	runtime exec "$ID" sh -c 'chmod 666 /dev/stdout; echo hello >/dev/stdout' </dev/null >"$WORK/out" 2>&1 || cat "$WORK/out"
	run runtime exec "$ID" sh -c 'cat /dev/stdin; echo "cat $?"' </dev/null
	assert_equal "$output" 'cat 0'
	for i in {1..10}; do
		config_set --arg path "$CGROUP/null-$i" '.linux.cgroupsPath = $path'
		config_args sleep 1000
		container_create "$ID-$i"
		runtime start "$ID-$i"
	done
	for i in 1 10; do
		run runtime exec "$ID-$i" sh -c 'cat /proc/1/fd/0; echo "cat $?"' </dev/null
		assert_equal "$output" 'cat 0'
	done
}

# bats test_tags=vm-once
@test "bpf lsm: a folder that leaks with --preserve-fds leads nowhere" {
	mkdir -m 0755 "$WORK/leak"
	echo secret >"$WORK/leak/file"
	chmod 0711 "$WORK"
	config_args sh -c 'cat /proc/self/fd/3/file'
	run timeout $PATIENCE "$RUNTIME" --root "$WORK/state-bulwark" run --preserve-fds 1 --bundle "$BUNDLE" "$ID" \
		</dev/null 3<"$WORK/leak" 4>&-
	[ "$status" -ne 0 ]
	assert_lacks secret
	assert_equal "$(recorded)" "file_open refused $ID"
	policy_write '{"bpfLsmMode": {"value": "audit"}}'
	run timeout $PATIENCE "$RUNTIME" --root "$WORK/state-bulwark" run --preserve-fds 1 --bundle "$BUNDLE" "$ID" \
		</dev/null 3<"$WORK/leak" 4>&-
	assert_contains secret # without the layer it is read
}

# Without the layer the runtime's program runs inside, where nobody can change it: escapes.bats.
# bats test_tags=vm
@test "bpf lsm: the runtime's own program, as the program or its interpreter, is not run inside (CVE-2019-5736)" {
	local want
	printf '#!/proc/self/exe --version\n' >"$ROOTFS/bin/evil"
	chmod 0755 "$ROOTFS/bin/evil"
	policy_write '{"bpfLsmMode": {"value": "audit"}}'
	runtime_run evil
	assert_contains 'bulwark version'
	want="file_open audited $ID"
	# As the program is on an overlay here, Linux 6.1 asks for the file below it, too, by the same name.
	[[ "$(uname -r)" != 6.1.* ]] || want+=$'\n'$want
	assert_equal "$(recorded)" "$want"
	policy_write
	run_aside runtime run --bundle "$BUNDLE" "$ID"
	assert_lacks 'bulwark version'
	[ "$status" -ne 0 ]
	assert_equal "$("$CTL" events --json | jq -r '"\(.hook) \(.verdict) \(.id) \(.object)"')" "file_open refused $ID bulwark"
	bundle_new
	printf '#!/proc/self/exe --version\n' >"$ROOTFS/bin/evil"
	chmod 0755 "$ROOTFS/bin/evil"
	container_start sleep 1000
	run runtime exec "$ID" evil </dev/null
	[ "$status" -ne 0 ]
	assert_lacks 'bulwark version'
	assert_equal "$("$CTL" events --json | jq -r '"\(.hook) \(.verdict) \(.id) \(.object)"')" "file_open refused $ID bulwark"
}

# ---------------------------------------------------------------- pods

# config_join TYPE PATH
config_join() {
	config_set --arg type "$1" --arg path "$2" '(.linux.namespaces |= map(select(.type != $type))) |
		.linux.namespaces += [{type: $type, path: $path}]'
}

# bats test_tags=vm-once
@test "bpf lsm: a second container in the first one's user namespace, with a policy of its own" {
	local first
	policy_write '{"bpfLsmAllow": {"value": ["af_alg"]}}'
	container_start sleep 1000
	first=$(container_pid)
	policy_write
	bundle_new
	config_set --arg path "$CGROUP/other" '.linux.cgroupsPath = $path |
		.hooks = {createContainer: [{path: "/bin/sh", args: ["sh", "-c", "echo hooked >>out; exit 0"]}]}'
	config_join network "/proc/$first/ns/net"
	config_join ipc "/proc/$first/ns/ipc"
	config_args sleep 1000
	container_create "$ID-other"
	assert_equal "$(mode_of "$ID-other")" off
	run runtime state "$ID-other"
	assert_lacks degraded # its monitor built a file system in a user namespace that is armed
	runtime start "$ID-other"
	wait_for mode_is "$ID-other" enforce
	run runtime exec "$ID-other" attack alg
	assert_equal "$output" 'alg EPERM'
	run runtime exec "$ID" attack alg
	assert_equal "$output" 'alg ok'
	assert_equal "$(recorded)" "socket_create refused $ID-other"
	runtime delete --force "$ID-other"
	run runtime exec "$ID" attack alg bpf
	assert_equal "$output" $'alg ok\nbpf EPERM'
}

# Whose policy is that of the whole namespace: whoever is in no cgroup that is known.
# bats test_tags=vm-once
@test "bpf lsm: a container without a cgroup is confined, whatever else its pod has, started or not" {
	local first
	config_args sh -c 'until [ -e /tmp/go ]; do sleep 0.1; done; attack alg; exec sleep 1000'
	run_aside runtime --cgroup-manager disabled create --bundle "$BUNDLE" --pid-file "$WORK/$ID.pid" "$ID"
	assert_status 0
	first=$(container_pid)
	local out=$WORK/aside.out rootfs=$ROOTFS
	bundle_new
	config_set --arg path "$CGROUP/other" '.linux.cgroupsPath = $path'
	config_join user "/proc/$first/ns/user"
	config_join network "/proc/$first/ns/net"
	config_join ipc "/proc/$first/ns/ipc"
	config_args sleep 1000
	container_create "$ID-other"
	runtime start "$ID"
	wait_for mode_is "$ID" enforce
	touch "$rootfs/tmp/go"
	wait_for grep -q alg "$out"
	assert_equal "$(cat "$out")" 'alg EPERM'
	assert_equal "$(recorded)" "socket_create refused $ID"
	# And it stays so when the pod changes.
	runtime start "$ID-other"
	runtime delete --force "$ID-other"
	run runtime exec "$ID" attack alg
	assert_equal "$output" 'alg EPERM'
}

# ---------------------------------------------------------------- what is left when things are gone

# namespace_of_seven_lines PID: it has a user namespace of its own by now, and that one gets a map that is not kept as shorter
# ones are.
namespace_of_seven_lines() {
	[ "$(readlink "/proc/$1/ns/user")" != "$(readlink /proc/self/ns/user)" ] || return 1
	printf '%s\n' '0 0 1' '1 300001 1' '2 300002 1' '3 300003 1' '4 300004 1' '5 300005 1' '6 300006 1' >"$WORK/map"
	cat "$WORK/map" >"/proc/$1/uid_map" # in one write(2)
}

# bats test_tags=vm-once
@test "bpf lsm: the namespace number of a container that has stopped makes nobody else a container" {
	local number i
	container_start sleep 1000
	number=$("$CTL" status --json | jq -r '.containers[0].userNamespace')
	runtime kill "$ID" KILL
	container_wait
	# The lowest number that is free is given out: processes of the host hold theirs until one has the container's.
	for ((i = 0; i < 100 && $(cat "$WORK"/attacked.* 2>/dev/null | wc -l) == 0; i++)); do
		# shellcheck disable=SC2016 # the inner shell expands it
		unshare -U sh -c 'until [ -e "$3.mapped" ]; do sleep 0.05; done
			[ "$(stat -Lc %i /proc/self/ns/user)" != "$1" ] || "$2" alg >"$3"; : >"$3.done"; exec sleep 1000' \
			sh "$number" "$ATTACK" "$WORK/attacked.$i" 3>&- 4>&- &
		HELPERS+=($!)
		wait_for namespace_of_seven_lines $!
		: >"$WORK/attacked.$i.mapped"
		wait_for test -e "$WORK/attacked.$i.done"
	done
	assert_equal "$(cat "$WORK"/attacked.*)" 'alg ok'
	assert_equal "$(recorded)" ''
}

# bats test_tags=vm-once
@test "bpf lsm: a layer that was unloaded since create stops start, not exec" {
	config_args sleep 1000
	container_create
	run "$CTL" unload
	assert_contains '1 container would lose'
	"$CTL" unload --force
	run_aside runtime start "$ID"
	assert_refused 'BPF LSM' unloaded 'create it again'
	runtime delete --force "$ID"
	container_start sleep 1000 # loads it again
	assert_equal "$(mode_of "$ID")" enforce
	"$CTL" unload --force
	run runtime exec "$ID" echo still
	assert_status 0
	assert_contains still
	"$CTL" load
}

# bats test_tags=vm
@test "bpf lsm: confined with every process of bulwark killed" {
	container_start sh -c 'while ! [ -e /tmp/go ]; do sleep 0.1; done; attack alg >/tmp/answer; sleep 1000'
	pkill -KILL -f "$BUILD/" || true # none is needed
	touch "$ROOTFS/tmp/go"
	wait_for test -s "$ROOTFS/tmp/answer"
	assert_equal "$(cat "$ROOTFS/tmp/answer")" 'alg EPERM'
}

# ---------------------------------------------------------------- engines

# bats test_tags=vm-once
@test "bpf lsm: engines' sockets are out of reach, also where the engine came after the layer" {
	local contain=$BUILD/vm-probes/contain socket
	rm -rf /run/crio # tmpfs of the guest
	"$CTL" unload >/dev/null
	"$CTL" load >/dev/null
	mkdir -m 0755 /run/crio
	runtime_run true # looks for engines that are new
	for socket in /run/docker.sock /run/crio/any.sock; do
		"$ATTACK" "serve=$socket=/etc/passwd" >/dev/null 2>&1 3>&- 4>&- &
		HELPERS+=($!)
		wait_for test -S $socket
		chmod 0777 $socket
		assert_equal "$("$contain" --mode off -- "$ATTACK" "connect=$socket")" 'connect ok'
		assert_equal "$("$contain" --mode enforce -- "$ATTACK" "connect=$socket")" 'connect EACCES'
		assert_equal "$("$CTL" events --json | jq -r .hook)" unix_stream_connect
		rm $socket
	done
	rmdir /run/crio
}

# ---------------------------------------------------------------- where it cannot be

# without_btf COMMAND...: where this kernel describes none of its types; no kernel of Debian's is so
without_btf() {
	unshare -m sh -c 'mount -t tmpfs none /sys/kernel/btf && exec "$@"' sh "$@"
}

# bats test_tags=vm-once
@test "bpf lsm: a kernel without BTF: required, nothing is started; preferred, containers are shown as degraded" {
	"$CTL" unload >/dev/null
	config_args sleep 1000
	run_aside without_btf timeout $PATIENCE "$RUNTIME" --root "$WORK/state-bulwark" create --bundle "$BUNDLE" "$ID"
	assert_refused 'BPF LSM' CONFIG_DEBUG_INFO_BTF=y preferred "$POLICY"
	[ -z "$(ls /sys/fs/bpf)" ]
	policy_write '{"bpfLsm": {"value": "preferred"}}'
	run_aside without_btf timeout $PATIENCE "$RUNTIME" --root "$WORK/state-bulwark" create --bundle "$BUNDLE" "$ID"
	assert_status 0
	runtime start "$ID"
	assert_equal "$(runtime state "$ID" | jq -r '.annotations["io.bulwark.degraded"]')" bpf-lsm
	run runtime list
	assert_contains DEGRADED
	run without_btf "$CTL" status
	assert_contains CONFIG_DEBUG_INFO_BTF=y
	rm -f /run/bulwark-test/run/bpf-lsm-failure # or who prefers the layer would not ask again for a while
	"$CTL" load >/dev/null # as the other tests leave it
}

# bats test_tags=vm-once
@test "bpf lsm: a container without a cgroup of its own is known by its user namespace" {
	config_args attack alg
	run_aside runtime --cgroup-manager disabled run --bundle "$BUNDLE" "$ID"
	assert_status 0
	assert_equal "$output" 'alg EPERM'
	assert_equal "$(recorded)" "socket_create refused $ID"
	config_args sleep 1000
	run_aside runtime --cgroup-manager disabled create --bundle "$BUNDLE" --pid-file "$WORK/$ID.pid" "$ID"
	assert_status 0
	runtime start "$ID"
	wait_for mode_is "$ID" enforce
	run runtime exec "$ID" attack alg
	assert_equal "$output" 'alg EPERM'
	assert_equal "$("$CTL" status --json | jq -c '.containers[0].cgroup')" 0
}

# bats test_tags=vm-oldest
@test "bpf lsm: a cgroup that is too deep for the programs is refused" {
	local deep=$CGROUP/1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/16
	config_set --arg path "$deep" '.linux.cgroupsPath = $path'
	config_args true
	run_aside runtime run --bundle "$BUNDLE" "$ID"
	assert_refused '16 levels' cgroupsPath
	rmdir -p "/sys/fs/cgroup${deep%/*}" 2>/dev/null || true
}
