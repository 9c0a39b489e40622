#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# Root of a container, with every capability, goes for each process that enters (exec), until it runs its program.
# FULL=1: a minute instead of ten seconds.
# shellcheck disable=SC2154 # $status, $output and $lines are set by run

load helpers

setup() {
	common_setup
	requires_bulwark
	SECONDS_EACH=${SECONDS_EACH:-10}
	[ "${FULL:-0}" != 1 ] || SECONDS_EACH=60
	cp "$PROBES/joiner" "$ROOTFS/bin/"
	config_privileged
}

# joiners_hunt [signals]: the hunt in a container, and processes that enter it meanwhile. Sets: $ENTERED
joiners_hunt() {
	ENTERED=0
	container_start sh -c "joiner $SECONDS_EACH $* >/hunt.new && mv /hunt.new /hunt; sleep 1000"
	while [ ! -e "$ROOTFS/hunt" ]; do
		one_enters "$@"
		ENTERED=$((ENTERED + 1))
		[ $ENTERED -lt 100000 ]
	done
	sed 's/^/# /' "$ROOTFS/hunt" | head -n 1 >&3
	echo "# $ENTERED entered" >&3
}

# It met somebody, and had nothing of them.
assert_nothing_got() {
	grep -q '^MET [1-9]' "$ROOTFS/hunt" || fail 'the hunt met nobody'
	assert_equal "$(grep -c '^GOT ' "$ROOTFS/hunt")" 19
	run grep '^GOT .* [1-9]' "$ROOTFS/hunt"
	assert_equal "$output" ''
}

# bats test_tags=vm-oldest
@test "joiner: what the hunt tries works at an ordinary process of the container" {
	runtime_run joiner sibling
	assert_status 0
	assert_lacks " 0"
	[ "$(grep -c '^GOT ' <<<"$output")" -ge 19 ]
}

# bats test_tags=vm-oldest
@test "joiner: nothing works at a process that has entered and not executed its program" {
	one_enters() { # what it executes may be hunted down, which is the container's own affair
		runtime exec "$ID" true </dev/null || echo "# exec: $?" >&3
		runtime exec --user 1000:1000 --cwd /tmp "$ID" true </dev/null || echo "# exec --user: $?" >&3
	}
	joiners_hunt
	assert_nothing_got
}

@test "joiner: with a terminal, a filter, no_new_privs" {
	config_set '.process.noNewPrivileges = true | .linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW",
		syscalls: [{names: ["acct"], action: "SCMP_ACT_ERRNO"}]}'
	one_enters() {
		runtime exec "$ID" true </dev/null || :
		runtime exec --tty --user 5 "$ID" true </dev/null >/dev/null || :
	}
	joiners_hunt
	assert_nothing_got
}

@test "joiner: signals end or stop who enters, never the runtime's say about it" {
	one_enters() {
		local code=0
		timeout -k 5 20 "$RUNTIME" --root "$WORK/state-bulwark" exec "$ID" sh -c 'exit 7' </dev/null >/dev/null 2>&1 3>&- 4>&- ||
			code=$?
		case $code in
		7 | 255 | 137 | 143) ;; # it ran; it was killed before, or after
		*) fail "exec ended with $code" ;;
		esac
	}
	joiners_hunt signals
	assert_nothing_got
	assert_equal "$(container_status)" running
}
