#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2154 # $status, $output and $lines are set by run
# bpf_ctl - bulwarkctl: reload under attack and killed half-way, what it leaves, what it says. In guests, as bpf.bats is, with
# the same containers made by probes/contain.c; the attacker that never rests is probes/hammer.c.

bats_require_minimum_version 1.5.0
# shellcheck source=tests/jq.bash
. "$BATS_TEST_DIRNAME/../jq.bash"

setup_file() {
	TOP=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
	export TOP
	BUILD=${BULWARK_BUILD:-build}
	[ "${BUILD:0:1}" = / ] || BUILD=$TOP/$BUILD
	export CTL=$BUILD/bulwarkctl BUILD PROBES=$BUILD/vm-probes PINS=/sys/fs/bpf/bulwark
	export PATH=$PATH:/usr/sbin
	[ "${BULWARK_GUEST-}" = 1 ] || { echo 'not in a guest: scripts/vm' >&2 && return 1; }
	sysctl -q -w kernel.unprivileged_bpf_disabled=0 user.max_user_namespaces=10000
	modprobe af_alg
	"$CTL" load 3>&-
}

teardown_file() {
	"$CTL" unload --force
}

setup() {
	HOST_PIDS=()
	"$CTL" load 3>&- # what the test before left
}

teardown() {
	if [ ${#HOST_PIDS[@]} -gt 0 ]; then
		pkill -KILL -x hammer || true
		wait "${HOST_PIDS[@]}" 2>/dev/null || true
	fi
	rmdir /sys/fs/cgroup/bpf-test-* 2>/dev/null || true
}

# ---------------------------------------------------------------- helpers

assert_equal() {
	[ "$1" = "$2" ] || { printf -- '-- is:\n%s\n-- should be:\n%s\n' "$1" "$2" >&2 && return 1; }
}

wait_for() { # COMMAND...
	local i
	for i in {1..1200}; do
		"$@" 2>/dev/null && return
		sleep 0.1
	done
	echo "waited in vain for: $*" >&2
	return 1
}

# containers N [OPTION...]: each hammers; what it says at the end is in hammer.ID
containers() {
	local n=$1 i pause
	shift
	mkdir -p "$BULWARK_TEST_TMP/leaked"
	echo secret >"$BULWARK_TEST_TMP/leaked/secret"
	chmod 0755 "$BULWARK_TEST_TMP/leaked"
	pause=$((n > 5 ? n : 5)) # the machine has other things to do as well
	for ((i = 1; i <= n; i++)); do
		"$PROBES/contain" --id "h$i" --mode enforce --leak "100=$BULWARK_TEST_TMP/leaked" "$@" -- \
			"$PROBES/hammer" "$pause" >"$BATS_TEST_TMPDIR/hammer.h$i" 2>&1 3>&- &
		HOST_PIDS+=($!)
	done
	wait_for sh -c "[ \$(pgrep -c -x hammer) -eq $n ]"
}

# All of them have had refusals only, and each of these was counted once.
hammers_never_succeeded() {
	local n=$1 i attempts
	pkill -TERM -x hammer
	for ((i = 1; i <= n; i++)); do
		wait_for grep -q '^attempts' "$BATS_TEST_TMPDIR/hammer.h$i"
	done
	"$CTL" status --json >"$BATS_TEST_TMPDIR/status"
	for ((i = 1; i <= n; i++)); do
		attempts=$(sed -n 's/^attempts \([0-9]*\), successes 0$/\1/p' "$BATS_TEST_TMPDIR/hammer.h$i")
		[ -n "$attempts" ] || { cat "$BATS_TEST_TMPDIR/hammer.h$i" >&2 && return 1; }
		[ "$attempts" -gt 20 ] || { echo "h$i: only $attempts attempts" >&2 && return 1; }
		assert_equal "h$i $(jq --arg id "h$i" '.containers[] | select(.id == $id) | .refusals | add' \
			"$BATS_TEST_TMPDIR/status")" "h$i $attempts"
		echo "h$i: $attempts attempts"
	done
	pkill -KILL -x hammer
	wait "${HOST_PIDS[@]}" || true
	HOST_PIDS=()
}

programs() {
	bpftool -j prog | jq '[.[] | select(.name // "" | test("^(lsm|witness)_")) | .id]'
}

# One set of programs, pinned where it belongs, and nothing else of ours.
one_set() {
	local hooks
	hooks=$("$CTL" status --json | jq '[.hooks[] | select(.state == "attached")] | length')
	assert_equal "$(ls /sys/fs/bpf)" bulwark
	assert_equal "$(find $PINS/links -type f | wc -l)" "$hooks"
	assert_equal "$(programs | jq length)" "$hooks"
}

# ---------------------------------------------------------------- reload

# bats test_tags=vm-once
@test "bpf ctl: reload under containers that attack: none succeeds, each refusal is counted once" {
	local n=20 rounds=1 before i
	[ "${FULL-}" != 1 ] || n=200 rounds=10
	containers "$n"
	before=$(programs)
	for ((i = 0; i < rounds; i++)); do
		run "$CTL" reload
		echo "$output"
		[ "$status" -eq 0 ]
		[[ "$output" =~ ^reloaded:\ [0-9]+\ programs,\ self-test\ passed ]]
	done
	# All of them are others than before.
	assert_equal "$(programs | jq --argjson before "$before" '. - (. - $before)')" '[]'
	one_set
	run "$CTL" unload
	[ "$status" -eq 1 ]
	[[ "$output" == *"$n containers would lose"* ]]
	hammers_never_succeeded "$n"
}

# As soon as it has a folder for the new pins.
reload_killed_at_its_pins() {
	local pid
	"$CTL" reload 3>&- 4>&- &
	pid=$!
	until [ -e /sys/fs/bpf/bulwark_load ]; do
		kill -0 $pid
	done
	kill -KILL $pid
	wait $pid || :
}

# bats test_tags=vm-oldest
@test "bpf ctl: reload that is killed, whenever: one whole set enforces, the next load clears the rest" {
	local start=$EPOCHREALTIME us i left=0 points=2
	[ "${FULL-}" != 1 ] || points=15
	"$CTL" reload
	us=$((${EPOCHREALTIME/./} - ${start/./}))
	containers 2
	for ((i = 1; i <= points + 1; i++)); do
		if [ $i -le $points ]; then
			timeout -s KILL "$(awk "BEGIN { print $us * $i / ($points + 1) / 1000000 }")" "$CTL" reload 3>&- || true
		else
			reload_killed_at_its_pins
		fi
		"$CTL" status
		[ ! -e /sys/fs/bpf/bulwark_load ] || left=$((left + 1))
		run "$CTL" load
		assert_equal "$output" 'loaded already'
		one_set
	done
	echo "$left of $((points + 1)) left something"
	[ "$left" -gt 0 ]
	run "$CTL" reload
	[ "$status" -eq 0 ]
	one_set
	assert_equal "$("$CTL" status --json | jq '.containers | length')" 2
	hammers_never_succeeded 2
}

# bats test_tags=vm-once
@test "bpf ctl: reloads and loads at a time wait for each other" {
	local i pids=()
	for i in 1 2; do
		"$CTL" reload >"$BATS_TEST_TMPDIR/reload.$i" 2>&1 3>&- &
		pids+=($!)
		"$CTL" load >"$BATS_TEST_TMPDIR/load.$i" 2>&1 3>&- &
		pids+=($!)
	done
	wait "${pids[@]}"
	cat "$BATS_TEST_TMPDIR"/*load.*
	assert_equal "$(cat "$BATS_TEST_TMPDIR"/reload.* | grep -c '^reloaded: ')" 2
	assert_equal "$(cat "$BATS_TEST_TMPDIR"/load.* | grep -c '^loaded already')" 2
	one_set
}

# newer/ is this version with one hook more at the end of the table: statfs(2) is refused.
# bats test_tags=vm-once
@test "bpf ctl: reload of a version that has one hook more, under containers that attack, and back" {
	local newer=$BUILD/newer/bulwarkctl older before pid
	older=$("$CTL" status --json | jq '.hooks | length')
	containers 3
	before=$(programs)
	pid=$(pgrep -x hammer | head -n 1)
	assert_equal "$("$PROBES/contain" --enter "$pid" -- stat -f -c statfs / 2>&1)" $'before-exec: ok\nstatfs'
	assert_equal "$("$newer" status --json | jq -c '[.state, .hooks[-1].state]')" '["degraded","later"]'
	run "$newer" reload
	echo "$output"
	[ "$status" -eq 0 ]
	[[ "$output" =~ ^reloaded:\ [0-9]+\ programs,\ self-test\ passed ]]
	assert_equal "$(programs | jq --argjson before "$before" '. - (. - $before)')" '[]'
	assert_equal "$("$newer" status --json | jq -c '[.abi, (.hooks | length), .hooks[-1].hook, .hooks[-1].state]')" \
		"[$("$CTL" status --json | jq .abi),$((older + 1)),\"sb_statfs\",\"attached\"]"
	# What was there before has the new one, and its counters, which are older than the hook, have room for it.
	run "$PROBES/contain" --enter "$pid" -- stat -f -c statfs /
	[[ "$output" == "before-exec: ok"*"Operation not permitted"* ]]
	assert_equal "$("$newer" status --json | jq -c '[.containers[].refusals.sb_statfs // empty]')" '[1]'
	# To the one before, it is a number that it does not know.
	run "$CTL" reload
	[ "$status" -eq 0 ]
	assert_equal "$("$PROBES/contain" --enter "$pid" -- stat -f -c statfs / 2>&1)" $'before-exec: ok\nstatfs'
	one_set
	hammers_never_succeeded 3
}

# stamp_abi N: as if another version had loaded what is loaded
stamp_abi() {
	local value
	value=$(bpftool -j map dump pinned $PINS/state | jq -r '.[0].value[4:] | map(ltrimstr("0x")) | join(" ")')
	# shellcheck disable=SC2086 # a list of bytes
	bpftool map update pinned $PINS/state key 0 0 0 0 value hex "$1" 00 00 00 $value
}

# bats test_tags=vm-oldest
@test "bpf ctl: reload of another version's maps: refused under containers, done without" {
	local abi
	abi=$(bpftool -j map dump pinned $PINS/state | jq -r '.[0].value[0] | ltrimstr("0x")')
	containers 1
	stamp_abi 63
	run "$CTL" reload
	echo "$output"
	[ "$status" -eq 1 ]
	[[ "$output" == *"1 container is under it: end it, then run 'bulwarkctl unload' and 'bulwarkctl load'"* ]]
	run "$CTL" unload
	[ "$status" -eq 1 ]
	[[ "$output" == *"1 container would lose"* ]]
	stamp_abi "$abi"
	hammers_never_succeeded 1
	stamp_abi 63
	run "$CTL" load
	[ "$status" -eq 1 ]
	run "$CTL" reload
	echo "$output"
	[ "$status" -eq 0 ]
	[[ "$output" == "loaded anew"* ]]
	one_set
}

# bats test_tags=vm-once
@test "bpf ctl: reload with a map of another size: refused under containers, done without" {
	containers 1
	rm $PINS/guarded
	bpftool map create $PINS/guarded type hash key 16 value 8 entries 16 name guarded
	run "$CTL" reload
	echo "$output"
	[ "$status" -eq 1 ]
	[[ "$output" == *"the map 'guarded' has another layout"*"1 container is under it"* ]]
	hammers_never_succeeded 1
	run "$CTL" reload
	[ "$status" -eq 0 ]
	[[ "$output" == "loaded anew"* ]]
	one_set
}

# bats test_tags=vm-once
@test "bpf ctl: a container is registered before unload, which then refuses, or not at all" {
	local i unloaded=0 refused=0 pids
	for i in 1 2; do
		"$CTL" load
		flock $PINS sleep 2 3>&- &
		pids=($!)
		sleep 0.5
		"$CTL" unload >"$BATS_TEST_TMPDIR/unload" 2>&1 3>&- &
		pids+=($!)
		"$PROBES/contain" --id "race$i" --mode enforce -- sleep 5 >"$BATS_TEST_TMPDIR/race" 2>&1 3>&- || true
		wait "${pids[@]}" || true
		cat "$BATS_TEST_TMPDIR/unload" "$BATS_TEST_TMPDIR/race"
		if grep -qx unloaded "$BATS_TEST_TMPDIR/unload"; then
			grep -q 'unloaded meanwhile\|is not loaded' "$BATS_TEST_TMPDIR/race"
			unloaded=$((unloaded + 1))
		else
			grep -q '1 container would lose' "$BATS_TEST_TMPDIR/unload"
			assert_equal "$(cat "$BATS_TEST_TMPDIR/race")" ''
			refused=$((refused + 1))
		fi
		rmdir "/sys/fs/cgroup/bpf-test-race$i" 2>/dev/null || true
	done
	assert_equal $((unloaded + refused)) 2
}

# bats test_tags=vm-once
@test "bpf ctl: unload leaves no program, link, map or pin" {
	local maps
	maps=$(bpftool -j map | jq -c '[.[] | .name]')
	[[ "$maps" == *containers* ]]
	"$CTL" reload
	run "$CTL" unload
	assert_equal "$output" unloaded
	assert_equal "$(ls /sys/fs/bpf)" ''
	assert_equal "$(programs)" '[]'
	assert_equal "$(bpftool -j link | jq '[.[] | select(.attach_type == "lsm_mac")] | length')" 0
	# Maps go a grace period after the last program.
	wait_for sh -c '! bpftool map | grep -E "containers|namespaces|counters|setup_tasks|proc_rules|bulwark"'
	run "$CTL" reload
	[ "$status" -eq 0 ]
	[[ "$output" == "loaded: "* ]]
}

# ---------------------------------------------------------------- what is said

# bats test_tags=vm-oldest
@test "bpf ctl: status says what is missing on this host, and what helps" {
	run "$CTL" status --json
	assert_equal "$(jq -r '[.loaded, .state] | join(" ")' <<<"$output")" 'true enforcing'
	rm $PINS/links/sb_mount
	run "$CTL" status
	[ "$status" -eq 0 ]
	[[ "$output" == *"; degraded"*"gone, as somebody removed its pin, until 'bulwarkctl reload' brings it back: sb_mount: "* ]]
	run "$CTL" status --json
	assert_equal "$(jq -r '[.state, (.hooks[] | select(.state == "removed") | .hook, .state)] | join(" ")' <<<"$output")" \
		'degraded sb_mount removed'
	"$CTL" reload
	one_set
	"$CTL" unload
	run "$CTL" status
	[ "$status" -eq 1 ]
	[[ "$output" == *"not loaded: run 'bulwarkctl load'"* ]]
	run "$CTL" status --json
	[ "$status" -eq 3 ]
	assert_equal "$(jq -r '[.loaded, .state, .kernelParameter] | map(tostring) | join(" ")' <<<"$output")" 'false not loaded null'
	run unshare -m sh -c 'mount -t tmpfs t /sys/kernel/btf && "$CTL" status'
	[ "$status" -eq 1 ]
	[[ "$output" == *"not loaded"*CONFIG_DEBUG_INFO_BTF=y* ]]
	echo capability,landlock,yama >"$BATS_TEST_TMPDIR/lsm"
	run unshare -m sh -c 'mount --bind "$1" /sys/kernel/security/lsm && "$CTL" status --json' sh "$BATS_TEST_TMPDIR/lsm"
	[ "$status" -eq 3 ]
	assert_equal "$(jq -r .kernelParameter <<<"$output")" lsm=landlock,yama,bpf
}

# bats test_tags=vm-once
@test "bpf ctl: events --follow ends when the layer is unloaded, and goes on through a reload" {
	local out=$BATS_TEST_TMPDIR/follow pid
	timeout 200 "$CTL" events --follow --json >"$out" 2>&1 3>&- &
	pid=$!
	"$PROBES/contain" --id follow1 --mode enforce -- "$PROBES/attack" alg
	wait_for grep -q '"id":"follow1"' "$out"
	"$CTL" reload
	"$PROBES/contain" --id follow2 --mode enforce -- "$PROBES/attack" alg
	wait_for grep -q '"id":"follow2"' "$out"
	"$CTL" unload
	wait $pid
	assert_equal "$(grep -c . "$out")" 2
}

# bats test_tags=vm
@test "bpf ctl: docs/bpf-hooks.md says of this kernel what this kernel says" {
	local kernel=sid
	case "$(uname -r)" in
	6.1.*) kernel=6.1 ;;
	6.12.*) kernel=6.12 ;;
	esac
	"$CTL" status --json | "$TOP/scripts/hooks-table" check $kernel
	# And it would be noticed were it not so.
	run "$TOP/scripts/hooks-table" check $kernel < <("$CTL" status --json | jq '.hooks[3].state = "removed"')
	[ "$status" -eq 1 ]
	[[ "$output" == *"scripts/hooks-table write"* ]]
}
