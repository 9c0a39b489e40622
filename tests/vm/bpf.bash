# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# bpf - owns what the tests of the BPF layer have in common: containers by probes/contain.c, what they do by probes/attack.c,
# and the matrix that compares that with the layer off, in audit mode, and enforced.

# shellcheck source=tests/jq.bash
. "${BASH_SOURCE[0]%/*}/../jq.bash"

common_setup_file() {
	TOP=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
	BUILD=${BULWARK_BUILD:-build}
	[ "${BUILD:0:1}" = / ] || BUILD=$TOP/$BUILD
	export CTL=$BUILD/bulwarkctl CONTAIN=$BUILD/vm-probes/contain ATTACK=$BUILD/vm-probes/attack ENGINE=$BUILD/vm-probes/engine
	export PATH=$PATH:/usr/sbin
	[ "${BULWARK_GUEST-}" = 1 ] || { echo 'not in a guest: scripts/vm' >&2 && return 1; }
	# What the kernel leaves to everybody here would otherwise be refused before any hook is reached.
	sysctl -q -w kernel.unprivileged_bpf_disabled=0 kernel.perf_event_paranoid=1 kernel.yama.ptrace_scope=0
	chmod 0711 /sys/fs/bpf
	export RO=/run/bpf-test/ro MQ=/run/bpf-test/mq
	mkdir -p $RO $MQ
	mount -t tmpfs -o ro,nosuid,nodev,noexec ro $RO
}

common_teardown_file() {
	"$CTL" unload --force
	umount $RO
}

common_setup() {
	DIR=$BULWARK_TEST_TMP/files
	HOST_PIDS=()
	events >/dev/null # of whoever was before
}

common_teardown() {
	if [ ${#HOST_PIDS[@]} -gt 0 ]; then # and not all children: bats's own clock is one of them
		kill -KILL "${HOST_PIDS[@]}" 2>/dev/null || true
		wait "${HOST_PIDS[@]}" || true
	fi
	rmdir /sys/fs/cgroup/bpf-test-* 2>/dev/null || true
}

# Files of the host that are the container's root's by DAC; made before each mode of a matrix, where a test says so.
fresh_files() {
	rm -rf "$DIR"
	mkdir -p "$DIR/empty"
	echo secret >"$DIR/secret"
	touch "$DIR/victim" "$DIR/gone"
	cp /bin/true "$DIR/prog"
	chown -R 100000:100000 "$DIR"
	chmod 0777 "$DIR"
}

assert_equal() {
	[ "$1" = "$2" ] || { printf -- '-- is:\n%s\n-- should be:\n%s\n' "$1" "$2" >&2 && return 1; }
}

events() {
	"$CTL" events --json
}

# "HOOK VERDICT" of each record since the last time.
recorded() {
	local verdict hook
	"$CTL" events | while read -r _ _ verdict hook _; do # TIME ID VERDICT HOOK ...
		echo "$hook $verdict"
	done
}

wait_for() { # COMMAND...
	local i
	for i in {1..600}; do
		"$@" 2>/dev/null && return
		sleep 0.1
	done
	echo "waited in vain for: $*" >&2
	return 1
}

# To the host, at a path or an abstract name.
answers() {
	[ "$("$ATTACK" "connect=$1")" = 'connect ok' ]
}

# A process of the host; its standard output is not bats's.
aside() {
	"$@" >"$BATS_TEST_TMPDIR/aside.$RANDOM" 2>&1 3>&- &
	HOST_PIDS+=($!)
}

# matrix TABLE [OPTION-OF-CONTAIN...]: lines of ATTEMPT OFF ENFORCED HOOK. With the layer off, and in audit mode, the answer
# is OFF; enforced it is ENFORCED, with exactly one record, by HOOK; `-` is no record at all.
matrix() {
	local table=$1 attempt off enforced hook attempts=() want_off='' want_enforced='' hooks=''
	shift
	while read -r attempt off enforced hook; do
		[ -n "$attempt" ] || continue
		attempts+=("$attempt")
		want_off+="${attempt%%=*} $off"$'\n'
		want_enforced+="${attempt%%=*} $enforced"$'\n'
		[ "$hook" = - ] || hooks+="$hook"$'\n'
	done <<<"$table"
	fresh
	assert_equal "$("$CONTAIN" "$@" --mode off -- "$ATTACK" "${attempts[@]}")"$'\n' "$want_off"
	assert_equal "$(recorded)" ''
	fresh
	assert_equal "$("$CONTAIN" "$@" --mode audit -- "$ATTACK" "${attempts[@]}")"$'\n' "$want_off"
	assert_equal "$(recorded | sort -u)" "$(sort -u <<<"${hooks%$'\n'}" | sed '/./s/$/ audited/; /^witness/s/audited/refused/')"
	fresh
	assert_equal "$("$CONTAIN" "$@" --mode enforce -- "$ATTACK" "${attempts[@]}")"$'\n' "$want_enforced"
	assert_equal "$(recorded)" "$(sed '/./s/$/ refused/' <<<"${hooks%$'\n'}")"
}

# What a matrix makes anew before each of its modes.
fresh() {
	:
}
