#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# leaks.sh WHAT - the cycles of leaks.bats; run by census_world, which says what is counted.
set -eu

HERE=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/integration/census.bash
source "$HERE/census.bash"

WHAT=$1

# Config of cycle $1: a plain root and an engine's overlay in turn.
bundle() {
	local root=rootfs
	[ $(($1 % 2)) -eq 0 ] || root=$MERGED
	jq --arg root "$root" --arg cgroup "$CGROUP/leak-$1" '.root.path = $root | .linux.cgroupsPath = $cgroup' \
		"$BUNDLE/config.json" >"$BUNDLE/config.json.new"
	mv "$BUNDLE/config.json.new" "$BUNDLE/config.json"
}

cgroups() {
	awk '$(NF-2) ~ /^cgroup2?$/ { print $5 }' /proc/self/mountinfo | sort -u | while read -r mount; do
		[ ! -d "$mount$CGROUP" ] || find "$mount$CGROUP" -mindepth 1 -type d
	done
}

# Blocks of the id table that a container holds
held_ranges() {
	"${CENSUS[@]}" --out "$ASIDE/held"
	grep -c '^id block: ' "$ASIDE/held" || :
}

verb_create() {
	runtime create --bundle "$BUNDLE" --pid-file "$ASIDE/pid" "leak-$1" >"$ASIDE/out" 2>&1
}

# Runs a verb in the background and kills it after a random part of $1 microseconds; children of its own are left alone.
kill_at_random() {
	local limit=$1 pid
	shift
	"$RUNTIME" --root "$STATE" "$@" </dev/null >"$ASIDE/out" 2>&1 9<&- &
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
	local i count=50
	[ "${BULWARK_GUEST:-0}" = 0 ] || count=12 # the same four times: there it is slow
	for i in $(seq $count); do
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
			"$PROBES/await" "$(cat "$ASIDE/pid")" 10000
			runtime delete "leak-$i"
			;;
		esac
	done
	echo "$count cycles"
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
		[ $((i % 8)) -ne 0 ] || census_after nothing "create killed $i times"
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
	census_after nothing "run killed"
	for i in $(seq 11 16); do
		bundle "$i"
		verb_create "$i"
		kill_at_random 4000 start "leak-$i"
		runtime delete --force "leak-$i"
	done
	census_after nothing "start killed"
	bundle 20
	verb_create 20
	runtime start leak-20
	limit=$(duration_us runtime exec leak-20 true)
	for i in $(seq 21 28); do
		kill_at_random "$limit" exec leak-20 sleep 1000
	done
	runtime delete --force leak-20
	census_after nothing "exec killed"
	for i in $(seq 31 40); do
		bundle "$i"
		verb_create "$i"
		[ $((i % 2)) -eq 0 ] || runtime start "leak-$i"
		kill_at_random 15000 delete --force "leak-$i"
		runtime delete --force "leak-$i"
	done
	census_after nothing "delete killed"
	echo "killed 30 times"
}

# Each fails at another step.
do_failures() {
	local i=0 filter list
	cp "$BUNDLE/config.json" "$ASIDE/good.json"
	mapfile -t list <<-'END'
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
	for filter in "${list[@]}"; do
		i=$((i + 1))
		jq "$filter" "$ASIDE/good.json" >"$BUNDLE/config.json"
		bundle "$i"
		if verb_create "$i"; then
			echo "'$filter' was not refused"
			exit 1
		fi
		cp "$ASIDE/good.json" "$BUNDLE/config.json"
		bundle 0
		census_after nothing "a create that failed because of $filter"
	done
}

do_wiped() {
	local i
	for i in 1 2 3; do
		bundle "$i"
		verb_create "$i"
		kill -KILL "$(cat "$ASIDE/pid")"
		rm -rf "${STATE:?}/leak-$i" # what a reboot or an admin does
		cgroups | xargs -r rmdir 2>/dev/null || :
	done
	# sweeping is create's business, and done at most every ten seconds
	local end=$((SECONDS + 60))
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

census_enter "$BUNDLE"
bundle 0
verb_create 0 # lays the table, the cgroup parents and the mount points
runtime delete --force leak-0
census_before nothing
"do_$WHAT"
bundle 0
census_after nothing "$WHAT"
census_notes
census_leave
