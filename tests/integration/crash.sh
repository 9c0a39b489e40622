#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# crash.sh VERB-ROOT STEP           kills VERB with SIGKILL at every STEP-th system call of each of its processes
# crash.sh VERB-ROOT PROCESS:CALL:N  ... of that process at its Nth CALL, as in 1:sendmsg:1
# crash.sh leak KIND                 leaves something behind on purpose: the harness must notice
#
# Run by census_world. For each kill: set up, run the verb under probes/killat, look at what is there, `delete --force`,
# count. VERB is one that words_VERB below knows, ROOT is plain (a folder) or twin (an engine's overlay). CRASH_KILLS in the
# environment says how many kills there shall be, instead of STEP.
set -eu

HERE=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/integration/census.bash
source "$HERE/census.bash"

WHAT=$1 STEP=$2
ID=crash
LEAKY= # a program that runs the verb
HANG_MS=15000 # a verb that is not done by then hangs

die() {
	printf '%s\n' "$@"
	exit 1
}

# ---------------------------------------------------------------- bundles

# bundle_make NAME ROOT VOLUME ARGS...: $WORK/bundle-NAME, whose config makes all of create's code run
bundle_make() {
	local bundle=$WORK/bundle-$1 root=$2 volume=$3
	shift 3
	mkdir -p "$bundle" "$volume"
	echo file >"$volume/file"
	jq --arg root "$root" --arg cgroup "$CGROUP/$ID" --arg vol "$volume" --arg true "$(command -v busybox)" '
		def hook($path): {path: $path, args: ["true"]};
		.root.path = $root | .process.args = $ARGS.positional | .linux.cgroupsPath = $cgroup |
		.mounts += [{destination: "/vol", type: "bind", source: $vol, options: ["rbind", "ro"]},
			{destination: "/etc/file", type: "bind", source: ($vol + "/file"), options: ["bind"]},
			{destination: "/tmpfs", type: "tmpfs", source: "tmpfs", options: ["nodev"]}] |
		.linux.maskedPaths = ["/proc/kcore", "/proc/keys", "/sys/firmware"] |
		.linux.readonlyPaths = ["/proc/sys", "/proc/bus"] |
		.linux.sysctl = {"net.ipv4.ip_forward": "1"} |
		.linux.resources = {pids: {limit: 64}, memory: {limit: 268435456}, cpu: {shares: 512},
			devices: [{allow: false, access: "rwm"},
				{allow: true, type: "c", major: 10, minor: 229, access: "rw"}]} |
		.linux.devices = [{path: "/dev/fuse", type: "c", major: 10, minor: 229, fileMode: 438, uid: 0, gid: 0}] |
		.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", syscalls: [{names: ["personality", "ptrace"],
			action: "SCMP_ACT_ERRNO"}]} |
		.hooks = {createRuntime: [hook($true)], createContainer: [hook($true)],
			startContainer: [hook("/bin/busybox")], poststart: [hook($true)], poststop: [hook($true)]}' \
		"$BUNDLE/config.json" --args -- "$@" >"$bundle/config.json"
}

bundles_make() {
	local ends
	for ends in sleep-1000 true; do
		bundle_make "plain-${ends%-*}" "$ROOTFS" "$BUNDLE/volumes/vol/_data" ${ends/-/ }
		bundle_make "twin-${ends%-*}" "$MERGED" "$VOLUMES/vol/_data" ${ends/-/ }
	done
}

# ---------------------------------------------------------------- one kill

AT=    # where it was killed, for messages
KILLED=0 # kills so far

# killat PROCESS N VERB...: 0 killed, 1 it made fewer calls; ends the script when the verb hangs. N may be "CALL:N".
killat() {
	local process=$1 n=${2#*:} call=() status=0
	[ "$n" = "$2" ] || call=(--call "${2%:*}")
	shift 2
	"$PROBES/killat" --out "$ASIDE/verb.out" --timeout $HANG_MS --process "$process" "${call[@]}" --syscall "$n" -- \
		${LEAKY:+"$LEAKY"} "$RUNTIME" --root "$STATE" "$@" >"$ASIDE/killat.out" 9<&- || status=$?
	AT="$WHAT $(head -n 1 "$ASIDE/killat.out")"
	case $status in
	0) KILLED=$((KILLED + 1)) ;;
	3) return 1 ;;
	*) die "$AT" "$(cat "$ASIDE/killat.out" "$ASIDE/verb.out")" ;;
	esac
}

# must COMMAND...: within a minute, with status 0; its output in $ASIDE/must.out
must() {
	local status=0
	"$@" >"$ASIDE/must.out" 2>&1 || status=$?
	[ $status -eq 0 ] ||
		die "FAILED after $AT: $* (status $status): $(cat "$ASIDE/must.out")" "the verb: $(cat "$ASIDE/verb.out")"
}

status_is() { # WORD...: one of them
	local word
	must runtime state $ID
	STATUS=$(sed -n 's/^ *"status": "\(.*\)",*$/\1/p' "$ASIDE/must.out")
	for word; do
		[ "$STATUS" != "$word" ] || return 0
	done
	die "FAILED after $AT: state says '$STATUS', not one of '$*'"
}

gone() {
	must runtime delete --force $ID
	census_after nothing "$AT, then delete --force" || exit 1
}

created() {
	must runtime create --bundle "$WORK/bundle-$ROOT-sleep" --pid-file "$ASIDE/pid" $ID
}

started() {
	created
	must runtime start $ID
}

# The one container of verbs that share it.
kept_gone() {
	[ "$VERB" != join ] || must runtime delete --force partner
	gone
}

# The whole life of a container of the same id.
full_life() {
	started
	status_is running
	gone
}

# ---------------------------------------------------------------- the verbs: before_X sets up, words_X is X, after_X looks

before_create() { :; }
words_create() { echo "create --bundle $WORK/bundle-$ROOT-sleep --pid-file $BUNDLE/pid $ID"; }
after_create() { rm -f "$BUNDLE/pid"; gone; }

before_run() { :; }
words_run() { echo "run --bundle $WORK/bundle-$ROOT-true $ID"; }
after_run() { gone; }

# Detached: then init is followed up to its own end.
before_detach() { :; }
words_detach() { echo "run --detach --bundle $WORK/bundle-$ROOT-true $ID"; }
after_detach() { gone; }

# With a hook that takes its time: it must not outlive the runtime.
before_hook() {
	local bundle=$WORK/bundle-$ROOT-hook
	mkdir -p "$bundle"
	jq '.hooks.createRuntime[0].args = ["sleep", "1000"]' "$WORK/bundle-$ROOT-sleep/config.json" >"$bundle/config.json"
}
words_hook() { echo "create --bundle $WORK/bundle-$ROOT-hook $ID"; }
after_hook() { gone; }

# A container that joins another one, which must not notice.
before_join() {
	local bundle=$WORK/bundle-$ROOT-join partner
	[ ! -e "$ASIDE/census.partner" ] || return 0
	mkdir -p "$bundle"
	jq --arg cgroup "$CGROUP/partner" '.linux.cgroupsPath = $cgroup | del(.hooks)' "$WORK/bundle-$ROOT-sleep/config.json" \
		>"$bundle/config.json"
	must runtime create --bundle "$bundle" --pid-file "$ASIDE/partner" partner
	must runtime start partner
	partner=/proc/$(cat "$ASIDE/partner")/ns
	jq --arg ns "$partner" '.linux.namespaces |= map(if .type == "network" then .path = $ns + "/net"
		elif .type == "ipc" or .type == "uts" or .type == "pid" then .path = $ns + "/" + .type else . end)' \
		"$WORK/bundle-$ROOT-sleep/config.json" >"$bundle/config.json"
	census_before partner
}
words_join() { echo "create --bundle $WORK/bundle-$ROOT-join $ID"; }
after_join() {
	must runtime delete --force $ID
	census_after partner "$AT, then delete --force" || exit 1
}

before_start() { created; }
words_start() { echo "start $ID"; }
after_start() {
	status_is created running stopped
	if [ "$STATUS" = created ] || { [ "$STATUS" = running ] && [ -e "$STATE/$ID/start.fifo" ]; }; then
		must runtime start $ID # what was left to do, its poststart hooks among it
		status_is running
		[ ! -e "$STATE/$ID/start.fifo" ] || die "the start FIFO is still there $AT"
	fi
	gone
}

# One container for all of them: it must not notice.
before_exec() {
	[ ! -e "$ASIDE/census.running" ] || return 0
	started
	census_before running
}
words_exec() { echo "exec $ID true"; }
after_exec() {
	census_after running "$AT" || exit 1
	status_is running
	must runtime exec $ID true
}

before_delete() {
	started
	must runtime kill $ID KILL
	must "$PROBES/await" "$(cat "$ASIDE/pid")" 10000
}
words_delete() { echo "delete $ID"; }
after_delete() { gone; }

before_force() { started; }
words_force() { echo "delete --force $ID"; }
after_force() { gone; }

before_kill() { started; }
words_kill() { echo "kill $ID KILL"; }
after_kill() { status_is running stopped; gone; }

before_all() { started; }
words_all() { echo "kill --all $ID USR1"; }
after_all() { status_is running paused stopped; gone; }

before_pause() { started; }
words_pause() { echo "pause $ID"; }
after_pause() { status_is running paused; gone; }

before_resume() {
	started
	must runtime pause $ID
}
words_resume() { echo "resume $ID"; }
after_resume() {
	status_is running paused
	[ "$STATUS" = running ] || must runtime resume $ID
	gone
}

before_update() { started; }
words_update() { echo "update --pids-limit 32 --memory 128M --cpu-share 256 $ID"; }
after_update() {
	status_is running
	must runtime exec $ID true
	gone
}

# ---------------------------------------------------------------- all of a verb

# Processes and how many calls each makes: $ASIDE/calls, "PROCESS CALLS".
measure() {
	"before_$VERB"
	# shellcheck disable=SC2046 # words
	"$PROBES/killat" --count --out "$ASIDE/verb.out" --timeout $HANG_MS -- "$RUNTIME" --root "$STATE" \
		$("words_$VERB") >"$ASIDE/killat.out" 9<&- || die "$WHAT: $(cat "$ASIDE/killat.out" "$ASIDE/verb.out")"
	grep -q 'ended with status 0$' "$ASIDE/killat.out" ||
		die "$WHAT fails without being killed: $(cat "$ASIDE/killat.out" "$ASIDE/verb.out")"
	sed -n 's/^process \([0-9]*\): \([0-9]*\)$/\1 \2/p' "$ASIDE/killat.out" >"$ASIDE/calls"
	AT="$WHAT, which was not killed"
	"after_$VERB"
}

# Every STEP-th call of process $1, from a random one on; past the last that was counted, until there is none more.
kill_process() {
	local process=$1 calls=$2 n tries=0 own=1
	case $VERB in create | detach | join) own=0 ;; esac # whose process 1 is the monitor's keeper
	for ((n = STEP > 1 ? RANDOM % STEP + 1 : 1; ; n += STEP)); do
		"before_$VERB"
		# shellcheck disable=SC2046 # words
		if ! killat "$process" "$n" $("words_$VERB"); then
			grep -q 'ended with status 0$' "$ASIDE/killat.out" ||
				die "$AT, of $calls: $(cat "$ASIDE/killat.out" "$ASIDE/verb.out")"
			"after_$VERB"
			# a few calls depend on who is first; many mean that it failed, of the verb's own processes
			[ "$n" -le $((calls * 9 / 10)) ] || return 0
			# the monitor's processes are born when they are, and the verb does not wait until they are done
			tries=$((tries + 1))
			if [ $tries -gt 5 ]; then
				# on a busy machine it is far from done when the verb is: said, and no failure of the verb
				[ "$process" -gt $own ] || die "$AT, of $calls: $(cat "$ASIDE/killat.out")"
				echo "process $process was seen up to its call $((n - 1)) of $calls"
				return 0
			fi
			n=$((n - STEP))
			continue
		fi
		tries=0
		"after_$VERB"
		$KEEPS || [ $((KILLED % 50)) -ne 0 ] || full_life
	done
}

crash() {
	local total process calls list
	measure
	mapfile -t list <"$ASIDE/calls"
	total=$(awk '{ n += $2 } END { print n }' "$ASIDE/calls")
	[ -z "${CRASH_KILLS:-}" ] || STEP=$((total / CRASH_KILLS + 1))
	for process in "${!list[@]}"; do
		calls=${list[process]#* }
		kill_process "$process" "$calls"
	done
	! $KEEPS || kept_gone
	echo "$WHAT: killed at $KILLED of $total system calls in ${#list[@]} processes, $SECONDS s"
}

# One kill, at a call by its name.
crash_at() {
	"before_$VERB"
	# shellcheck disable=SC2046 # words
	killat "${1%%:*}" "${1#*:}" $("words_$VERB") || die "$AT: there is no $1"
	"after_$VERB"
	! $KEEPS || kept_gone
	echo "$AT: killed"
}

# A verb that leaves something behind before it does its work, and is killed then.
leak() {
	LEAKY=$ASIDE/leaky
	printf '#!/bin/bash\nset -e\n%s\nexec "$@"\n' "$1" >"$LEAKY"
	chmod +x "$LEAKY"
	# shellcheck disable=SC2046 # words
	killat 0 openat2:1 $(words_create) || die "$AT: not killed"
	after_create
}

# shellcheck disable=SC2016 # the leaky program expands
leak_command() { # KIND
	case $1 in
	mount) echo "mkdir $ASIDE/leak && mount -t tmpfs tmpfs $ASIDE/leak" ;;
	process) echo 'sleep 1000 &' ;;
	cgroup) echo "mkdir $(find /sys/fs/cgroup -maxdepth 2 -name "${CGROUP#/}" | head -n 1)/leak" ;;
	file) echo "touch $STATE/.leak" ;;
	namespace) echo "touch $ASIDE/leak && unshare --uts=$ASIDE/leak true" ;;
	container) echo "$RUNTIME --root $STATE create --bundle $WORK/bundle-twin-sleep other" ;;
	hang) echo 'sleep 1000' ;;
	*) die "no leak '$1'" ;;
	esac
}

VERB=${WHAT%-*} ROOT=${WHAT#*-}
KEEPS=false # one container through all kills
case $VERB in
exec | join) KEEPS=true ;;
esac
[ "$WHAT" != leak ] || VERB=create ROOT=plain
declare -F "words_$VERB" >/dev/null || die "no verb '$VERB'"
census_enter "$BUNDLE" "$WORK"/bundle-{plain,twin}-{sleep,true}
bundles_make
created # lays the id table, the parent cgroup, the cache of filters, and the mount points
must runtime start $ID
must runtime delete --force $ID
census_before nothing
case $WHAT:$STEP in
leak:*)
	[ "$STEP" != hang ] || HANG_MS=2000 # the others run a whole create
	leak "$(leak_command "$STEP")"
	;;
*:*:*) crash_at "$STEP" ;;
*) crash ;;
esac
census_after nothing "all of it" || exit 1
census_notes
census_leave
