#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# census - owns the world of its own in which a scenario runs, and counting what is there before and after.
#
# A test:             load helpers; load census; census_world SCRIPT WHAT...
# SCRIPT, inside:     source census.bash; census_enter; ...; census_before NAME; something;
#                     census_after NAME "what happened"
#
# Inside, the script is pid 1 of a pid namespace, in a mount namespace that is shared as a host's usually is, with a
# /run/bulwark-test and an id table of its own: whatever else there is was made there. What is counted is the table `kinds`
# of probes/census.c: a kind of thing more is a line there, and each scenario of each script counts it.
# shellcheck disable=SC2034 # ROOTFS, VOLUMES and MERGED are for the scripts
# shellcheck disable=SC2154 # $output is set by run

PREFIX=/run/bulwark-test
CENSUS_WAIT_MS=${CENSUS_WAIT_MS:-10000} # ends of processes, cgroups and BPF objects are asynchronous

# ---------------------------------------------------------------- for a test

# census_world SCRIPT ARGUMENT...: its output and status are run's
census_world() {
	local script=$1
	shift
	config_args sleep 1000
	RUNTIME=$RUNTIME PROBES=$PROBES WORK=$WORK BUNDLE=$BUNDLE CGROUP=$CGROUP \
		run timeout -k 5 "${CENSUS_SECONDS:-300}" \
		unshare --mount --pid --fork --kill-child --mount-proc --propagation private \
		bash "$TESTS/$script" "$@" </dev/null 3>&- 4>&- 9</proc/self/mountinfo
	census_thaw
	echo "$output"
}

# What a scenario left in a freezer could not die with its world.
census_thaw() {
	local file
	for file in /sys/fs/cgroup/freezer"$CGROUP"/*/freezer.state; do
		[ ! -e "$file" ] || echo THAWED >"$file"
	done
}

# ---------------------------------------------------------------- for a script

# The world: $STATE, $ROOTFS, $MERGED (an engine's overlay root, laid out as Docker's) and $VOLUMES of that engine; $ASIDE,
# which is not counted. What is counted of files: $PREFIX, $STATE, the engine's, and each DIR.
census_enter() { # DIR...
	local dir layer=$WORK/data/overlay2/top
	: "${RUNTIME:?}" "${PROBES:?}" "${WORK:?}" "${BUNDLE:?}" "${CGROUP:?}"
	STATE=$WORK/state-${RUNTIME##*/}
	ROOTFS=$BUNDLE/rootfs
	ASIDE=$WORK/aside
	MERGED=$layer/merged
	VOLUMES=$WORK/data/volumes
	mount --make-rshared / # with peers that are ours alone: what a runtime forgets to make private shows up here
	mkdir -p "$PREFIX" "$STATE" "$ASIDE" "$layer/diff" "$layer/work" "$MERGED"
	mount -t tmpfs -o mode=0755 tmpfs "$PREFIX"
	mkdir -p "$PREFIX/etc/bulwark"
	(umask 077 && echo '{"configurationFileVersion": 2, "bpfLsm": {"value": "preferred"}}' \
		>"$PREFIX/etc/bulwark/admin-settings.json")
	# The BPF LSM layer is there before anything is counted, or known not to be.
	if grep -qw bpf /sys/kernel/security/lsm 2>/dev/null; then
		"${RUNTIME%/test/*}/bulwarkctl" load >/dev/null || return 1
	else
		(umask 077 && mkdir "$PREFIX/run" && echo 'not tried in this test' >"$PREFIX/run/bpf-lsm-failure")
	fi
	mount -t overlay -o "lowerdir=$ROOTFS,upperdir=$layer/diff,workdir=$layer/work" overlay "$MERGED"
	CENSUS=("$PROBES/census" --cgroup "$CGROUP" --ids "$PREFIX/run/ids" --host 9 "${WORK##*/}" --bpf bulwark
		--pins /sys/fs/bpf)
	for dir in "$PREFIX" "$STATE" "$WORK/data" "$@"; do
		CENSUS+=(--tree "$dir")
	done
	# The verbs, under a time limit; a test has a function of this name already.
	# shellcheck disable=SC2317 # called by the scripts
	runtime() {
		timeout -k 5 60 "$RUNTIME" --root "$STATE" "$@" </dev/null 9<&-
	}
}

census_leave() {
	umount "$MERGED"
}

# census_before NAME: keeps what is there under a name
census_before() {
	"${CENSUS[@]}" --out "$ASIDE/census.$1"
}

# census_after NAME WHAT: whether all that and nothing else is there again; if not, says so and fails
census_after() {
	"${CENSUS[@]}" --compare "$ASIDE/census.$1" "$CENSUS_WAIT_MS" >"$ASIDE/census.diff" \
		2>>"$ASIDE/census.err" && return 0
	echo "LEAK after $2:"
	cat "$ASIDE/census.diff" "$ASIDE/census.err"
	return 1
}

# What is not counted on this machine, once for each reason.
census_notes() {
	[ ! -s "$ASIDE/census.err" ] || sort -u "$ASIDE/census.err"
}
