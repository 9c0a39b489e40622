#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2154 # $status, $output and $lines are set by run
# host - the BPF LSM layer, loaded and with containers under it, changes nothing for others: other runtimes behave as without.

load ../integration/helpers

setup_file() {
	[ "${BULWARK_GUEST-}" = 1 ] || { echo 'not in a guest: scripts/vm' >&2 && return 1; }
	export CTL=$BUILD/bulwarkctl
	common_setup_file
}

teardown_file() {
	"$CTL" unload --force
	common_teardown_file
}

# suite RUNTIME BATS-ARGUMENT...: "ok NAME" and "not ok NAME" of each test of ours, run for another runtime
suite() {
	local runtime=$1
	shift
	(cd "$TOP" && env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root BULWARK_GUEST=1 BULWARK_BUILD="$BUILD" BULWARK_TEST_TMP="$TEST_TMP" \
		RUNTIME="$runtime" bats --formatter tap "$@" 3>&- 4>&- </dev/null) | sed -nE 's/^((not )?ok) [0-9]+/\1/p'
}

# bats test_tags=vm-full
@test "host: runc passes tests of its lifecycle beside a container of ours" {
	local results
	container_start sleep 1000
	[ "$("$CTL" status --json | jq '.containers | length')" = 1 ]
	results=$(suite "$RUNC" -f '^(run|ps|hooks):' tests/integration/lifecycle.bats)
	echo "$results"
	[ "$(grep -c '^ok' <<<"$results")" -ge 10 ]
	run ! grep '^not ok' <<<"$results"
	assert_equal "$("$CTL" events)" ''
}

# the_same_results AT-LEAST FILE: of crun, which is a Debian package and nothing of ours, without the layer, and with it
the_same_results() {
	local before after
	"$CTL" unload --force
	before=$(suite /usr/bin/crun "tests/integration/$2")
	echo "$before"
	[ "$(grep -c '^ok' <<<"$before")" -ge "$1" ]
	"$CTL" load >/dev/null # in its own time: a container's create has a limit
	container_start sleep 3000
	[ "$("$CTL" status --json | jq '.containers | length')" = 1 ]
	after=$(suite /usr/bin/crun "tests/integration/$2")
	diff <(echo "$before") <(echo "$after")
	assert_equal "$("$CTL" status --json | jq -c '[.state, (.containers | length)]')" '["enforcing",1]'
	assert_equal "$("$CTL" events)" ''
}

# bats test_tags=vm-full
@test "host: crun's results are the same with the layer and without it: lifecycle" {
	the_same_results 20 lifecycle.bats
}

# bats test_tags=vm-full
@test "host: crun's results are the same with the layer and without it: processes" {
	the_same_results 20 process.bats
}

# bats test_tags=vm-full
@test "host: crun's results are the same with the layer and without it: file systems" {
	the_same_results 8 filesystem.bats
}
