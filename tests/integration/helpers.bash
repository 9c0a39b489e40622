#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# helpers - owns what the integration tests stand on: bundles, a container's verbs, leak checks, an engine of our own.
#
# Variables a caller may set:
#   RUNTIME           the runtime under test; build/test/bulwark, whose places lie below /run/bulwark-test
#   RUNC              the runtime that shows that an attack works without us; /usr/sbin/runc
#   BULWARK_BUILD     build folder; the probes are made in probes/ below it
#   BULWARK_TEST_TMP  where bundles and data roots go; its file system must take id-mapped mounts (ext4, xfs, btrfs,
#                     tmpfs since Linux 6.3)
#   STRICT            1: a test that cannot run here fails instead of being skipped
# shellcheck disable=SC2154 # $status, $output and $lines are set by run
# shellcheck disable=SC2034 # $ID, $BUNDLE, $ROOTFS, $VOL and their like are for the tests

bats_require_minimum_version 1.5.0
# shellcheck source=tests/jq.bash
. "${BASH_SOURCE[0]%/*}/../jq.bash"

TESTS=$(cd "${BASH_SOURCE[0]%/*}" && pwd)
TOP=$(cd "$TESTS/../.." && pwd)
BUILD=${BULWARK_BUILD:-build}
[ "${BUILD:0:1}" = / ] || BUILD=$TOP/$BUILD
PROBES=$BUILD/probes
RUNTIME=${RUNTIME:-$BUILD/test/bulwark}
RUNC=${RUNC:-/usr/sbin/runc}
TEST_TMP=${BULWARK_TEST_TMP:-/tmp}
POLICY=/run/bulwark-test/etc/bulwark/admin-settings.json
USER_ID=1000 # the unprivileged account of owner tests; it need not exist
PATIENCE=60 # seconds for one verb
[ "${BULWARK_GUEST:-0}" = 0 ] || PATIENCE=180 # emulation is slow, and another guest runs beside

# ---------------------------------------------------------------- verdicts

fail() {
	printf '%s\n' "$@" >&2
	return 1
}

# A test that cannot run here says why; STRICT=1 does not accept that.
skip_or_fail() {
	if [ "${STRICT:-0}" = 1 ]; then
		fail "cannot run here (STRICT=1): $*"
		exit 1
	fi
	skip "$*"
}

requires() {
	local tool
	for tool; do
		command -v "$tool" >/dev/null || skip_or_fail "$tool is not installed"
	done
}

requires_runc() {
	[ -x "$RUNC" ] || skip_or_fail "$RUNC is not installed"
}

is_bulwark() {
	[ "${RUNTIME##*/}" = bulwark ]
}

requires_cgroup2() {
	awk '$(NF-2) == "cgroup2" { found = 1 } END { exit !found }' /proc/self/mountinfo || skip_or_fail "this host has no cgroup v2"
}

# For what runc does not promise: only while the tests themselves are developed against it is this ever skipped.
requires_bulwark() {
	is_bulwark || skip_or_fail "a promise of bulwark, and RUNTIME is $RUNTIME"
}

assert_status() {
	[ "$status" -eq "$1" ] || fail "exit status $status, expected $1; output:" "$output"
}

assert_contains() {
	case $output in
	*"$1"*) ;;
	*) fail "'$1' not found in:" "$output" ;;
	esac
}

assert_lacks() {
	case $output in
	*"$1"*) fail "'$1' found in:" "$output" ;;
	esac
}

assert_equal() {
	[ "$1" = "$2" ] || fail "got      '$1'" "expected '$2'"
}

# One clear sentence: status $1 (1 unless given), one line, which names $2..., and no word by which an engine would take
# it for a missing program (docker: 126 and 127).
assert_refused() {
	local word
	[ "$status" -ne 0 ] || fail "was not refused; output:" "$output"
	[ "${#lines[@]}" -eq 1 ] || fail "not one line, but ${#lines[@]}:" "$output"
	for word; do
		grep -qiF -- "$word" <<<"$output" || fail "the refusal does not name '$word':" "$output"
	done
	for word in "permission denied" "is a directory" "not a directory" "no such file or directory" \
		"executable file not found"; do
		if grep -qiF "$word" <<<"$output"; then
			fail "engines take '$word' for a missing program:" "$output"
			return 1
		fi
	done
}

# wait_for COMMAND...: until it succeeds, for as long as one verb may take.
wait_for() {
	local end=$((SECONDS + PATIENCE))
	until "$@"; do
		if [ $SECONDS -ge $end ]; then
			fail "waited in vain for: $*"
			return 1
		fi
		sleep 0.02
	done
}

# ---------------------------------------------------------------- set-up and clean-up

# bats looks at each command before it runs, which takes ten times as long as most commands of bash do. What every test does
# goes without: untraced FUNCTION [ARGUMENT...]. A failure inside is shown as one of this line.
untraced() {
	local status
	set +T
	"$@"
	status=$? # where set -e is off: in teardown()
	set -T
	return $status
}

probes_build() {
	local src name
	for src in "$TESTS"/probes/*.c; do
		name=${src##*/}
		if [ ! "$PROBES/${name%.c}" -nt "$src" ]; then
			make -s -C "$TOP" B="$BUILD" probes
			return
		fi
	done
}

# Where the BPF LSM layer can be, it has to be.
bpf_lsm_value() {
	if grep -qw bpf /sys/kernel/security/lsm 2>/dev/null; then
		echo required
	else
		echo preferred
	fi
}

# policy_write [JSON]: {} and what every test has
# shellcheck disable=SC2120 # tests in guests give it more
policy_write() {
	is_bulwark || return 0
	local want
	want=$(jq -nc --arg value "$(bpf_lsm_value)" --argjson more "${1:-{\}}" \
		'{configurationFileVersion: 2, bpfLsm: {value: $value}} * $more')
	[ "$(cat "$POLICY" 2>/dev/null)" = "$want" ] && return 0
	(umask 022 && mkdir -p "${POLICY%/*}")
	(umask 077 && printf '%s\n' "$want" >"$POLICY.$$")
	mv "$POLICY.$$" "$POLICY"
}

# A root file system of one static program, at $1. It has the names that tests mention: each costs every test its time.
rootfs_make() {
	mkdir -p "$1"/{bin,dev,etc,mnt,proc,root,run,sys,tmp,var/tmp}
	chmod 1777 "$1/tmp" "$1/var/tmp"
	cp "$(command -v busybox)" "$PROBES"/{ids,setfcap,locks,breakout,spy,exewriter,keys,icmp,readers,poke,figures,usedup,fusehang} "$1/bin/"
	busybox --list | grep -xFf "$FILE_WORK/words" | "$PROBES/links" busybox "$1/bin"
	printf 'root:x:0:0:root:/root:/bin/sh\nuser:x:1000:1000::/tmp:/bin/sh\n' >"$1/etc/passwd"
	printf 'root:x:0:\nuser:x:1000:\n' >"$1/etc/group"
}

common_setup_file() {
	untraced do_common_setup_file
}

do_common_setup_file() {
	[ "$(id -u)" -eq 0 ] || { echo "the integration tests need root" >&2; return 1; }
	[ -x "$RUNTIME" ] || { echo "no runtime at $RUNTIME: run make first" >&2; return 1; }
	probes_build
	policy_write
	umask 022
	FILE_WORK=$(mktemp -d "$TEST_TMP/bulwark-it.XXXXXX")
	export FILE_WORK
	grep -ohE '[a-z0-9_]+' "$TOP"/tests/{integration,vm}/*.{bats,bash,sh} 2>/dev/null | sort -u >"$FILE_WORK/words"
	rootfs_make "$FILE_WORK/rootfs"
	"$RUNTIME" spec --bundle "$FILE_WORK"
	jq '.process.terminal = false | .root.readonly = false | .linux.cgroupsPath = "@CGROUP@"' \
		"$FILE_WORK/config.json" >"$FILE_WORK/config.template"
}

common_teardown_file() {
	# of the test build; another run may be using it
	rmdir /sys/fs/cgroup/bulwark-test.slice /sys/fs/cgroup/*/bulwark-test.slice 2>/dev/null || :
	[ -z "$FILE_WORK" ] || rm -rf --one-file-system "$FILE_WORK"
}

common_setup() {
	untraced do_common_setup
}

do_common_setup() {
	umask 022
	WORK=$(mktemp -d "$TEST_TMP/bulwark-it.XXXXXX") # 0700: engine-like storage, which no other user can reach
	CGROUP=/${WORK##*/}
	CGROUP=${CGROUP//./-}
	ID=it-${WORK##*.}
	PUBLIC= # a folder others can reach: public_new
	HELPERS=() # processes of the test itself, ended with it
	bundle_new
}

# Deletes what the test made, then looks for what is left: a leak fails the test whatever it was about.
common_teardown() {
	untraced do_common_teardown
}

do_common_teardown() {
	local left
	[ ${#HELPERS[@]} -eq 0 ] || kill "${HELPERS[@]}" 2>/dev/null || :
	containers_delete
	left=$(leftovers)
	if [ -n "$left" ]; then
		leftovers_remove
	else
		cgroup_parents_remove
	fi
	[ -z "$PUBLIC" ] || rm -rf --one-file-system "$PUBLIC"
	rm -rf --one-file-system "$WORK"
	[ -z "$left" ] || fail "left behind:" "$left"
}

setup_file() { common_setup_file; }
teardown_file() { common_teardown_file; }
setup() { common_setup; }
teardown() { common_teardown; }

# This and what follows comes with each test, and a process costs a guest 30 ms: bash alone does it.
mounts_below() {
	local table line point
	mapfile -t table </proc/self/mountinfo
	for line in "${table[@]}"; do
		point=${line#* * * * }
		point=${point%% *}
		case $point in "$1" | "$1"/*) printf '%s\n' "$point" ;; esac
	done
}

# CGROUP_MOUNTS: where hierarchies of cgroups are mounted
cgroup_mounts() {
	local table line point
	CGROUP_MOUNTS=()
	mapfile -t table </proc/self/mountinfo
	for line in "${table[@]}"; do
		case $line in *" - cgroup "* | *" - cgroup2 "*) ;; *) continue ;; esac
		point=${line#* * * * }
		CGROUP_MOUNTS+=("${point%% *}")
	done
}

# The cgroup folder $1 in every hierarchy that has it, deepest first.
cgroup_folders() {
	local point folders=()
	cgroup_mounts
	for point in "${CGROUP_MOUNTS[@]}"; do
		[ ! -d "$point$1" ] || folders+=("$point$1")
	done
	[ ${#folders[@]} -eq 0 ] || find "${folders[@]}" -depth -type d
}

# The folders of $CGROUP itself, which stay behind each container, as with runc
cgroup_parents_remove() {
	local point folders=()
	cgroup_mounts
	for point in "${CGROUP_MOUNTS[@]}"; do
		[ ! -d "$point$CGROUP" ] || folders+=("$point$CGROUP")
	done
	[ ${#folders[@]} -eq 0 ] || rmdir "${folders[@]}" 2>/dev/null || for point in "${folders[@]}"; do
		[ ! -d "$point" ] || wait_for rmdir "$point" 2>/dev/null || :
	done
}

# What a test of its own name must not leave: mounts, cgroups of containers, processes in them, state.
leftovers() {
	local point folder pid
	mounts_below "$WORK"
	cgroup_mounts
	for point in "${CGROUP_MOUNTS[@]}"; do
		[ -d "$point$CGROUP" ] || continue
		while read -r pid; do
			echo "process in $point$CGROUP: $pid"
		done <"$point$CGROUP/cgroup.procs"
		for folder in "$point$CGROUP"/*/; do
			[ ! -d "$folder" ] || echo "cgroup $folder"
		done
	done
	for folder in "$WORK"/state-*/*; do
		[ ! -e "$folder" ] || echo "state $folder"
	done
}

leftovers_remove() {
	local folder pid mount
	cgroup_folders "$CGROUP" | while read -r folder; do
		[ ! -e "$folder/freezer.state" ] || echo THAWED >"$folder/freezer.state" # or it cannot die
		while read -r pid; do
			kill -KILL "$pid" 2>/dev/null && "$PROBES/await" "$pid" 5000
		done <"$folder/cgroup.procs"
		rmdir "$folder" 2>/dev/null || wait_for rmdir "$folder" 2>/dev/null || :
	done
	mounts_below "$WORK" | tac | while read -r mount; do
		umount -l "$mount"
	done
}

# ---------------------------------------------------------------- bundles

# A fresh bundle: $BUNDLE, $ROOTFS. Its config is the runtime's own template, without a terminal and with a root that
# can be written.
bundle_new() {
	local n=${BUNDLES:-0} # a test may make many; and several at once, in subshells
	while ! mkdir -m 700 "$WORK/bundle.$n" 2>/dev/null; do n=$((n + 1)); done
	BUNDLE=$WORK/bundle.$n
	BUNDLES=$((n + 1))
	ROOTFS=$BUNDLE/rootfs
	VOLUMES=$BUNDLE/volumes
	cp -R --preserve=mode,links "$FILE_WORK/rootfs" "$ROOTFS"
	local template
	template=$(<"$FILE_WORK/config.template")
	printf '%s\n' "${template/@CGROUP@/$CGROUP/$ID}" >"$BUNDLE/config.json"
}

# An engine's root instead of the bundle's own: an overlay on $ROOTFS and a layer with /etc/middle, laid out as Docker's
# data root; $UPPER. The test unmounts it: overlay_done.
overlay_new() {
	local data=$WORK/data
	VOLUMES=$data/volumes
	UPPER=$data/overlay2/top/diff
	MERGED=$data/overlay2/top/merged
	LOWERS=$data/overlay2/middle/diff:$ROOTFS
	mkdir -p "$UPPER" "$data/overlay2/top/work" "$MERGED" "$data/overlay2/middle/diff/etc"
	echo middle >"$data/overlay2/middle/diff/etc/middle"
	overlay_mount
	config_set --arg root "$MERGED" '.root.path = $root'
}

overlay_mount() {
	mount -t overlay -o "lowerdir=$LOWERS,upperdir=$UPPER,workdir=${UPPER%/*}/work" overlay "$MERGED"
}

overlay_done() {
	umount "$MERGED"
}

# A folder of the engine's that a container may have, 0 to 0: $VOL
volume_new() {
	VOL=$VOLUMES/$1/_data
	mkdir -p "$VOL"
}

# config_set [jq options] FILTER
config_set() {
	jq "$@" "$BUNDLE/config.json" >"$BUNDLE/config.json.new" && mv "$BUNDLE/config.json.new" "$BUNDLE/config.json"
}

config_device() { # PATH TYPE MAJOR MINOR
	config_set --arg p "$1" --arg t "$2" --argjson a "$3" --argjson i "$4" \
		'.linux.devices += [{path: $p, type: $t, major: $a, minor: $i, fileMode: 438, uid: 0, gid: 0}]'
}

# Each test does this, and in a guest jq takes a third of a second: text is replaced where jq itself laid it out.
config_args() {
	untraced do_config_args "$@"
}

do_config_args() {
	local text word list='' rest LC_ALL=C
	text=$(<"$BUNDLE/config.json")
	rest=$text
	[ ${#text} -gt 50000 ] || rest=${text#*$'\n    "args": [\n'} # whose time grows with the square of it
	for word; do
		word=${word//\\/\\\\}
		word=${word//\"/\\\"}
		word=${word//$'\n'/\\n}
		word=${word//$'\t'/\\t}
		list+=,$'\n'"      \"$word\""
	done
	if [ "$rest" = "$text" ] || [[ $list == *[[:cntrl:]]* && ${list//$'\n'/} == *[[:cntrl:]]* ]]; then
		jq '.process.args = $ARGS.positional' "$BUNDLE/config.json" --args -- "$@" >"$BUNDLE/config.json.new"
	else
		printf '%s\n    "args": [%s\n    ]%s\n' "${text:0:${#text}-${#rest}-15}" "${list#,}" "${rest#*$'\n    ]'}" \
			>"$BUNDLE/config.json.new"
	fi && mv "$BUNDLE/config.json.new" "$BUNDLE/config.json"
}

# config_mount SOURCE DESTINATION [OPTION...]: a bind mount; OPTIONS default to rbind
config_mount() {
	jq '.mounts += [{source: $ARGS.positional[0], destination: $ARGS.positional[1], type: "bind",
		options: (if ($ARGS.positional | length) > 2 then $ARGS.positional[2:] else ["rbind"] end)}]' \
		"$BUNDLE/config.json" --args -- "$@" >"$BUNDLE/config.json.new" &&
		mv "$BUNDLE/config.json.new" "$BUNDLE/config.json"
}

ALL_CAPS="CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER FSETID KILL SETGID SETUID SETPCAP LINUX_IMMUTABLE NET_BIND_SERVICE
NET_BROADCAST NET_ADMIN NET_RAW IPC_LOCK IPC_OWNER SYS_MODULE SYS_RAWIO SYS_CHROOT SYS_PTRACE SYS_PACCT SYS_ADMIN
SYS_BOOT SYS_NICE SYS_RESOURCE SYS_TIME SYS_TTY_CONFIG MKNOD LEASE AUDIT_WRITE AUDIT_CONTROL SETFCAP MAC_OVERRIDE
MAC_ADMIN SYSLOG WAKE_ALARM BLOCK_SUSPEND AUDIT_READ PERFMON BPF CHECKPOINT_RESTORE"

# Every capability. Without a user namespace nobody can have one the machine itself was denied, so runc is not asked to.
config_caps_all() {
	local n=0 name list=() have
	have=$((16#$(awk '/^CapBnd/ { print $2 }' /proc/self/status)))
	for name in $ALL_CAPS; do
		if is_bulwark || [ $((have >> n & 1)) -eq 1 ]; then
			list+=("CAP_$name")
		fi
		n=$((n + 1))
	done
	jq '.process.capabilities = ({} | .bounding = $ARGS.positional | .effective = $ARGS.positional |
		.permitted = $ARGS.positional | .inheritable = $ARGS.positional | .ambient = $ARGS.positional)' \
		"$BUNDLE/config.json" --args -- "${list[@]}" >"$BUNDLE/config.json.new" &&
		mv "$BUNDLE/config.json.new" "$BUNDLE/config.json"
}

# What an engine makes of --privileged.
config_privileged() {
	config_caps_all
	config_set '.process.noNewPrivileges = false | .linux.maskedPaths = [] | .linux.readonlyPaths = [] |
		del(.linux.seccomp) | .linux.resources.devices = [{allow: true, access: "rwm"}] |
		(.mounts[] | select(.type == "sysfs" or .type == "cgroup") | .options) -= ["ro"]'
}

# A folder of $USER_ID that everybody can reach, as a home is: $PUBLIC/home
public_new() {
	PUBLIC=$(mktemp -d "$TEST_TMP/bulwark-it-public.XXXXXX")
	chmod 0755 "$PUBLIC"
	install -d -m 0755 -o $USER_ID -g $USER_ID "$PUBLIC/home"
}

# Through a shell: setpriv itself still has the capabilities it drops when it looks its command up.
as_user() {
	# shellcheck disable=SC2016 # the inner shell expands
	setpriv --reuid $USER_ID --regid $USER_ID --clear-groups sh -c 'exec "$@"' sh "$@"
}

# Runs every program below $1 as the user; prints those that made him somebody else. Ids that are the user's own by
# /etc/subuid are himself.
gains() {
	local file said
	find "$1" -type f | while read -r file; do
		said=$(as_user "$file" 2>/dev/null) || continue
		case $said in
		"uid=$USER_ID,$USER_ID,$USER_ID gid=$USER_ID,$USER_ID,$USER_ID eff=0000000000000000") ;;
		*) echo "$file: $said" ;;
		esac
	done
}

# ---------------------------------------------------------------- a container's verbs

# Under a time limit, with a state folder of the test's own, and without bats's descriptors: a container that holds one
# would keep bats waiting.
runtime() {
	timeout -k 5 $PATIENCE "$RUNTIME" --root "$WORK/state-${RUNTIME##*/}" "$@" 3>&- 4>&-
}

# As run, for a create: an init that should not have come to life would hold the pipe that run waits at.
run_aside() {
	status=0
	"$@" </dev/null >"$WORK/aside.out" 2>&1 3>&- 4>&- || status=$?
	output=$(cat "$WORK/aside.out")
	lines=()
	[ -z "$output" ] || mapfile -t lines <<<"$output"
}

# Runs a command in a new container of $BUNDLE, in the foreground.
runtime_run() {
	config_args "$@"
	run runtime run --bundle "$BUNDLE" "$ID" </dev/null
}

# container_create [ID]: with its output in $WORK/ID.out, and the verb's own too (an engine's pipes do the same)
container_create() {
	local id=${1:-$ID}
	runtime create --bundle "$BUNDLE" --pid-file "$WORK/$id.pid" "$id" </dev/null >"$WORK/$id.out" 2>&1 ||
		{ cat "$WORK/$id.out" >&2; return 1; }
}

# container_start COMMAND...: $ID with that command, running
container_start() {
	config_args "$@"
	container_create "$ID"
	runtime start "$ID"
}

container_status() {
	local state
	state=$(runtime state "${1:-$ID}") || return
	[[ $state =~ \"status\":\ *\"([a-z]*)\" ]] && echo "${BASH_REMATCH[1]}"
}

container_pid() {
	cat "$WORK/${1:-$ID}.pid"
}

# Gone, or a zombie that whoever has it now did not reap yet.
process_is_dead() {
	local state
	state=$(awk '/^State/ { print $2 }' "/proc/$1/status" 2>/dev/null) || return 0
	[ "$state" = Z ] || [ -z "$state" ]
}

# Until init of container $1 is dead; no polling.
container_wait() {
	"$PROBES/await" "$(container_pid "${1:-$ID}")" 15000
}

containers_delete() {
	local runtime id
	for runtime in "$RUNTIME" "$RUNC"; do
		for id in "$WORK/state-${runtime##*/}"/*/; do
			[ -d "$id" ] || continue
			id=${id%/}
			RUNTIME=$runtime runtime delete --force "${id##*/}" </dev/null >>"$WORK/delete.log" 2>&1 || :
		done
	done
}

# Host's view: first id of the container's range
container_base() {
	awk '$1 == 0 { print $2 }' "/proc/$(container_pid "${1:-$ID}")/uid_map"
}

# cgroup_read PID CONTROLLER FILE-OF-V1 FILE-OF-V2
cgroup_read() {
	local path mount
	path=$(awk -F: -v c="$2" '{ n = split($2, a, ","); for (i = 1; i <= n; i++) if (a[i] == c) print $3 }' \
		"/proc/$1/cgroup")
	if [ -n "$path" ]; then
		mount=$(awk -v c="$2" '$(NF-2) == "cgroup" { n = split($NF, a, ",")
			for (i = 1; i <= n; i++) if (a[i] == c) { print $5; exit } }' /proc/self/mountinfo)
		cat "$mount$path/$3"
	else
		path=$(awk -F: '$1 == 0 { print $3 }' "/proc/$1/cgroup")
		mount=$(awk '$(NF-2) == "cgroup2" { print $5; exit }' /proc/self/mountinfo)
		cat "$mount$path/$4"
	fi
}

# cgroup_is_v2 CONTROLLER: whether the unified hierarchy has it
cgroup_is_v2() {
	local mount
	mount=$(awk '$(NF-2) == "cgroup2" { print $5; exit }' /proc/self/mountinfo)
	[ -n "$mount" ] && grep -qw "$1" "$mount/cgroup.controllers"
}

# ---------------------------------------------------------------- an engine of our own

# Debian's dockerd, in a network namespace of its own: bridges, NAT rules and forwarding end with it, and the machine's
# are never touched. Its mounts are the machine's, as usual.
# docker_start [OPTION OF DOCKERD...]
docker_start() {
	requires dockerd containerd iptables ip unshare
	DOCKER_DIR=$(mktemp -d "$TEST_TMP/bulwark-it.XXXXXX")
	DOCKER_CLI=/usr/bin/docker
	[ -x $DOCKER_CLI ] || DOCKER_CLI=$(command -v docker)
	DOCKER_CGROUP=/${DOCKER_DIR##*/}
	DOCKER_CGROUP=${DOCKER_CGROUP//./-}
	export DOCKER_DIR DOCKER_CLI DOCKER_CGROUP
	# It gives its containerd 15 seconds, which in a guest that others run beside may be too few.
	if ! docker_launch "$@" && ! docker_launch "$@" && ! docker_launch "$@"; then
		tail -n 20 "$DOCKER_DIR/dockerd.log" >&2
		return 1
	fi
	tar -C "$FILE_WORK/rootfs" -c . | docker import - bb >/dev/null
}

# docker_launch [OPTION...]: false when it ended, or did not answer in time
docker_launch() {
	# shellcheck disable=SC2016 # the inner shell expands
	unshare --net sh -c 'ip link set lo up && exec dockerd "$@"' sh \
		--data-root "$DOCKER_DIR/data" --exec-root "$DOCKER_DIR/exec" --pidfile "$DOCKER_DIR/dockerd.pid" \
		--host "unix://$DOCKER_DIR/docker.sock" --group 0 --storage-driver overlay2 \
		--cgroup-parent "$DOCKER_CGROUP" --add-runtime "bulwark=$RUNTIME" "$@" \
		</dev/null >"$DOCKER_DIR/dockerd.log" 2>&1 3>&- 4>&- &
	DOCKERD=$!
	wait_for docker_answers_or_ended
	docker_answers && return 0
	kill -KILL "$DOCKERD" 2>/dev/null || :
	pkill -KILL -f "$DOCKER_DIR/exec/containerd" || :
	return 1
}

docker_answers_or_ended() {
	docker_answers || ! kill -0 "$DOCKERD" 2>/dev/null
}

docker_answers() {
	docker version >/dev/null 2>&1
}

docker() {
	timeout -k 5 $((PATIENCE + 30)) "$DOCKER_CLI" --config "$DOCKER_DIR/client" -H "unix://$DOCKER_DIR/docker.sock" "$@" 3>&- 4>&-
}

# docker run with the runtime under test; DOCKER_RUNTIME=runc shows the attack without us
docker_run() {
	docker run --runtime "${DOCKER_RUNTIME:-bulwark}" "$@"
}

docker_pid() {
	docker inspect -f '{{.State.Pid}}' "$1"
}

# Removes every container, volume and network of ours; for teardown()
docker_clean() {
	local list
	[ -d "$DOCKER_DIR" ] || return 0
	list=$(docker ps -aq)
	# shellcheck disable=SC2086 # a list of words
	[ -z "$list" ] || docker rm -fv $list >/dev/null 2>&1 || :
	list=$(docker volume ls -q) # prune keeps those with options
	# shellcheck disable=SC2086
	[ -z "$list" ] || docker volume rm -f $list >/dev/null 2>&1 || :
	docker network prune -f >/dev/null 2>&1 || :
}

docker_stop() {
	local pid mount folder
	[ -d "${DOCKER_DIR-}" ] || return 0 # it was never started, or a test has stopped it
	docker_clean
	for pid in "$DOCKER_DIR/dockerd.pid" "$DOCKER_DIR/exec/containerd/containerd.pid"; do
		pid=$(cat "$pid" 2>/dev/null) || continue
		kill -TERM "$pid" 2>/dev/null || continue
		"$PROBES/await" "$pid" 15000 || { kill -KILL "$pid"; "$PROBES/await" "$pid" 5000; }
	done
	cgroup_folders "$DOCKER_CGROUP" | while read -r folder; do
		while read -r pid; do
			kill -KILL "$pid" 2>/dev/null && "$PROBES/await" "$pid" 5000
		done <"$folder/cgroup.procs"
		rmdir "$folder" 2>/dev/null || wait_for rmdir "$folder" 2>/dev/null || :
	done
	mounts_below "$DOCKER_DIR" | tac | while read -r mount; do
		umount -l "$mount"
	done
	rm -rf --one-file-system "$DOCKER_DIR"
}
