#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# leaks.sh RUNTIME PROBES WORK BUNDLE CGROUP WHAT - the cycles of leaks.bats; pid 1 of a pid namespace of its own.
set -eu

RUNTIME=$1 PROBES=$2 WORK=$3 BUNDLE=$4 CGROUP=$5 WHAT=$6
PREFIX=/run/bulwark-test
STATE=$WORK/state-${RUNTIME##*/}
ROOTFS=$BUNDLE/rootfs

mkdir -p $PREFIX
mount -t tmpfs -o mode=0755 tmpfs $PREFIX # an id table of our own
mkdir -p $PREFIX/etc/bulwark
(umask 077 && echo '{"configurationFileVersion": 2, "bpfLsm": {"value": "preferred"}}' >$PREFIX/etc/bulwark/admin-settings.json)
mount -t overlay -o "lowerdir=$ROOTFS,upperdir=$WORK/ov/diff,workdir=$WORK/ov/work" overlay "$WORK/ov/merged"

runtime() {
	timeout -k 5 60 "$RUNTIME" --root "$STATE" "$@" </dev/null
}

# Config of cycle $1: a plain root and an engine's overlay in turn.
bundle() {
	local root=rootfs
	[ $(($1 % 2)) -eq 0 ] || root=$WORK/ov/merged
	jq --arg root "$root" --arg cgroup "$CGROUP/leak-$1" '.root.path = $root | .linux.cgroupsPath = $cgroup' \
		"$BUNDLE/config.json" >"$BUNDLE/config.json.new"
	mv "$BUNDLE/config.json.new" "$BUNDLE/config.json"
}

cgroups() {
	awk '$(NF-2) ~ /^cgroup2?$/ { print $5 }' /proc/self/mountinfo | sort -u | while read -r mount; do
		[ ! -d "$mount$CGROUP" ] || find "$mount$CGROUP" -mindepth 1 -type d
	done
}

# Records of the id table that name a container; freed ones may keep when they were freed, not whose they were.
held_ranges() {
	if [ -e $PREFIX/run/ids ]; then
		strings -n 8 $PREFIX/run/ids | grep -c "$STATE" || :
	else
		echo 0
	fi
}

# Names of live processes other than this shell and its copies; without help of others, which would count.
processes() {
	local folder key value name state
	for folder in /proc/[0-9]*; do
		name='' state=''
		while read -r key value; do
			case $key in
			Name:) name=$value ;;
			State:) state=${value%% *} && break ;;
			esac
		done 2>/dev/null <"$folder/status" || continue
		case $state:$name in
		: | Z:* | X:* | *:bash) ;;
		*) printf '%s ' "$name" ;;
		esac
	done
}

# One line for each thing that could leak. The parent cgroup stays, as with runc.
count() {
	echo "mounts: $(sort /proc/self/mountinfo | awk '{ print $5 }' | tr '\n' ' ')"
	echo "cgroups: $(cgroups | tr '\n' ' ')"
	echo "processes: $(processes)"
	echo "namespaces: $(lsns -n -o NS,TYPE | grep -c .)"
	echo "id ranges: $(held_ranges)"
	echo "state: $(find "$STATE" -mindepth 1 2>/dev/null | tr '\n' ' ')"
	echo "overlay: $(cd "$WORK/ov" && find . -maxdepth 2 -not -path './merged/*' -not -path './diff/*' | sort | tr '\n' ' ')"
	echo "bundle: $(cd "$BUNDLE" && find . | sort | cksum)"
}

# Ends of processes are asynchronous: the counts must come back to what they were within ten seconds.
compare() {
	local end=$((SECONDS + 10))
	while :; do
		count >"$WORK/after"
		cmp -s "$WORK/before" "$WORK/after" && return 0
		[ $SECONDS -lt $end ] || break
		sleep 0.1
	done
	echo "LEAK after $1:"
	diff "$WORK/before" "$WORK/after" || :
	ps -e -o pid,ppid,stat,args
	exit 1
}

verb_create() {
	runtime create --bundle "$BUNDLE" --pid-file "$WORK/pid" "leak-$1" >"$WORK/out" 2>&1
}

# Runs a verb in the background and kills it after a random part of $1 microseconds; children of its own are left alone.
kill_at_random() {
	local limit=$1 pid
	shift
	"$RUNTIME" --root "$STATE" "$@" </dev/null >"$WORK/out" 2>&1 &
	pid=$!
	sleep "$(awk -v l="$limit" -v r=$RANDOM 'BEGIN { printf "%.6f", l * r / 32768 / 1000000 }')"
	kill -KILL $pid 2>/dev/null || :
	wait $pid 2>/dev/null || :
}

duration_us() {
	local begin=$EPOCHREALTIME end
	"$@"
	end=$EPOCHREALTIME
	echo $((${end/./} - ${begin/./}))
}

do_cycles() {
	local i
	for i in $(seq 50); do
		bundle "$i"
		verb_create "$i"
		case $((i % 3)) in
		0) runtime delete --force "leak-$i" ;; # never started
		1)
			runtime start "leak-$i"
			runtime exec "leak-$i" true
			runtime delete --force "leak-$i"
			;;
		2)
			runtime start "leak-$i"
			runtime kill "leak-$i" KILL
			"$PROBES/await" "$(cat "$WORK/pid")" 10000
			runtime delete "leak-$i"
			;;
		esac
	done
	echo "50 cycles"
}

do_create() {
	local i limit
	bundle 0
	limit=$(duration_us verb_create 0)
	runtime delete --force leak-0
	for i in $(seq 24); do
		bundle "$i"
		kill_at_random $((limit + limit / 10)) create --bundle "$BUNDLE" "leak-$i"
		runtime delete --force "leak-$i" || { echo "delete --force of leak-$i: $?"; exit 1; }
		[ $((i % 8)) -ne 0 ] || compare "create killed $i times"
	done
	echo "killed 24 times within $limit us"
}

do_verbs() {
	local i limit
	for i in $(seq 1 6); do
		bundle "$i"
		kill_at_random 30000 run --bundle "$BUNDLE" "leak-$i"
		runtime delete --force "leak-$i"
	done
	compare "run killed"
	for i in $(seq 11 16); do
		bundle "$i"
		verb_create "$i"
		kill_at_random 4000 start "leak-$i"
		runtime delete --force "leak-$i"
	done
	compare "start killed"
	bundle 20
	verb_create 20
	runtime start leak-20
	limit=$(duration_us runtime exec leak-20 true)
	for i in $(seq 21 28); do
		kill_at_random "$limit" exec leak-20 sleep 1000
	done
	runtime delete --force leak-20
	compare "exec killed"
	for i in $(seq 31 40); do
		bundle "$i"
		verb_create "$i"
		[ $((i % 2)) -eq 0 ] || runtime start "leak-$i"
		kill_at_random 15000 delete --force "leak-$i"
		runtime delete --force "leak-$i"
	done
	compare "delete killed"
	echo "killed 30 times"
}

# Each fails at another step.
do_failures() {
	local i=0 filter
	cp "$BUNDLE/config.json" "$WORK/good.json"
	while read -r filter; do
		i=$((i + 1))
		jq "$filter" "$WORK/good.json" >"$BUNDLE/config.json"
		bundle "$i"
		if verb_create "$i"; then
			echo "'$filter' was not refused"
			exit 1
		fi
		cp "$WORK/good.json" "$BUNDLE/config.json"
		bundle 0
		compare "a create that failed because of $filter"
	done <<-'END'
		.process.args = ["no-such-program"]
		.mounts += [{destination: "/x", type: "bind", source: "/no/such/source", options: ["rbind"]}]
		.mounts += [{destination: "/x", type: "nosuchfs", source: "x"}]
		.hooks = {createRuntime: [{path: "/bin/false"}]}
		.hooks = {createContainer: [{path: "/bin/false"}]}
		.linux.sysctl = {"net.no.such.key": "1"}
		.linux.namespaces |= map(select(.type != "uts"))
		.mounts += [{destination: "/x", type: "bind", source: "/etc", options: ["rbind"]}]
		.linux.resources.hugepageLimits = [{pageSize: "3MB", limit: 0}]
		.linux.seccomp = {defaultAction: "SCMP_ACT_NOSUCH"}
		.process.terminal = true
		.process.rlimits = [{type: "RLIMIT_NOFILE", soft: 2, hard: 1}]
	END
}

do_wiped() {
	local i
	for i in 1 2 3; do
		bundle "$i"
		verb_create "$i"
		kill -KILL "$(cat "$WORK/pid")"
		rm -rf "${STATE:?}/leak-$i" # what a reboot or an admin does
		cgroups | xargs -r rmdir 2>/dev/null || :
	done
	# sweeping is create's business, and done at most every ten seconds
	local end=$((SECONDS + 20))
	i=10
	while [ "$(held_ranges)" -gt 0 ] && [ $SECONDS -lt $end ]; do
		bundle "$i"
		verb_create "$i"
		runtime delete --force "leak-$i"
		i=$((i + 1))
	done
	cgroups | xargs -r rmdir 2>/dev/null || :
	bundle 0
}

bundle 0
mkdir -p "$STATE"
verb_create 0 # lays the table and the cgroup parents
runtime delete --force leak-0
count >"$WORK/before"
"do_$WHAT"
bundle 0
compare "$WHAT"
umount "$WORK/ov/merged"
