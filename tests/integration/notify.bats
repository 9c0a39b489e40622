#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# What linux.seccomp with SCMP_ACT_NOTIFY promises: a listener reaches its agent, whatever the filter asks about, and
# only an agent that the administrator allows.
# shellcheck disable=SC2154 # $status, $output and $lines are set by run

load helpers

# A policy of this test's own: seen by the runtime alone, in a mount namespace, as other tests have the common one.
setup() {
	common_setup
	requires_bulwark
	AGENT_DIR=$(mktemp -d /run/bulwark-test/agent.XXXXXX)
	AGENT=$AGENT_DIR/sock
	mkdir "$WORK/policy"
	policy_folders "$AGENT_DIR"
}

teardown() {
	common_teardown
	rm -rf "$AGENT_DIR"
}

policy_folders() {
	jq -n --args '{configurationFileVersion: 2, bpfLsm: {value: "preferred"},
		seccompListenerFolders: {value: $ARGS.positional}}' "$@" >"$WORK/policy/admin-settings.json"
}

runtime() {
	# shellcheck disable=SC2016 # the inner shell expands
	timeout -k 5 $PATIENCE unshare --mount sh -c 'mount --bind "$1" "$2" && shift 2 && exec "$@"' sh \
		"$WORK/policy" "${POLICY%/*}" "$RUNTIME" --root "$WORK/state-${RUNTIME##*/}" "$@" 3>&- 4>&-
}

# agent_start [NR=ERRNO...]
agent_start() {
	"$PROBES/agent" "$AGENT" "$@" >"$WORK/agent.out" 2>&1 3>&- 4>&- &
	HELPERS+=($!)
	wait_for [ -S "$AGENT" ]
}

# profile_notify NAME...: a profile that asks the agent about these, and allows the others
profile_notify() {
	jq --arg agent "$AGENT" '.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", listenerPath: $agent,
		listenerMetadata: "for \"you\"", syscalls: [{names: $ARGS.positional, action: "SCMP_ACT_NOTIFY"}]}' \
		"$BUNDLE/config.json" --args -- "$@" >"$BUNDLE/config.json.new" &&
		mv "$BUNDLE/config.json.new" "$BUNDLE/config.json"
}

# What the agent was told of the N-th process, as JSON.
agent_state() {
	sed -n 's/^STATE 1 //p' "$WORK/agent.out" | sed -n "${1}p"
}

calls_seen() {
	grep -c "^CALL $1 " "$WORK/agent.out" || :
}

@test "notify: the agent gets the listener and decides, for run" {
	profile_notify mkdir mkdirat
	agent_start 83=95 258=95 # mkdir, mkdirat: EOPNOTSUPP
	runtime_run sh -c 'mkdir /tmp/x; touch /tmp/y && echo touched; echo $$'
	assert_contains "not supported"
	assert_contains touched
	[ ! -e "$ROOTFS/tmp/x" ]
	[ "$(calls_seen 83)" -eq 1 ]
	agent_state 1 | jq -e --arg id "$ID" --arg bundle "$BUNDLE" '(.ociVersion | test("^1\\.")) and .fds == ["seccompFd"] and
		.metadata == "for \"you\"" and .pid > 1 and .state.pid == .pid and .state.id == $id and
		.state.status == "creating" and .state.bundle == $bundle and (.state.ociVersion | test("^1\\."))'
}

@test "notify: create, start and exec: one listener for each, with the pid that the host sees" {
	profile_notify mkdir mkdirat
	agent_start
	container_start sleep 100
	assert_equal "$(agent_state 1 | jq .pid)" "$(container_pid)"
	runtime exec --detach --pid-file "$WORK/exec.pid" "$ID" sh -c 'mkdir /tmp/x; sleep 100' </dev/null >/dev/null 2>&1
	wait_for [ -d "$ROOTFS/tmp/x" ]
	agent_state 2 | jq -e --argjson pid "$(cat "$WORK/exec.pid")" --argjson init "$(container_pid)" \
		'.pid == $pid and .state.pid == $init and .state.status == "running"'
	[ "$(calls_seen 83)" -eq 1 ]
	run runtime exec "$ID" sh -c 'exit 7' </dev/null
	assert_status 7
	[ "$(grep -c ^STATE "$WORK/agent.out")" -eq 3 ]
	# nothing of the way there stays in the process
	run runtime exec "$ID" sh -c 'for f in /proc/$$/fd/* /proc/1/fd/*; do [ ! -L "$f" ] || echo "${f##*/}"; done' </dev/null
	assert_equal "$(tr '\n' ' ' <<<"$output")" "0 1 2 0 1 2 "
}

# bats test_tags=vm-once
@test "notify: the filter may ask about all that a way there could need" {
	local names all
	# everything the runtime itself does on its way, and what is left after the filter: capset, execve
	names="write writev sendmsg sendto sendmmsg fcntl close close_range capset execve futex nanosleep clock_nanosleep
		sched_yield exit read prctl mmap munmap clone rt_sigprocmask"
	# shellcheck disable=SC2086 # a list of words
	profile_notify $names
	agent_start
	for all in true false; do # with and without no_new_privs
		config_set --argjson nnp $all '.process.noNewPrivileges = $nnp'
		runtime_run echo through
		assert_status 0
		assert_equal "$output" through
	done
	[ "$(calls_seen 59)" -ge 2 ] # execve: both
	[ "$(calls_seen 126)" -ge 1 ] # capset, without no_new_privs
	config_set '.process.user = {uid: 1000, gid: 1000}'
	container_start sleep 100
	run runtime exec "$ID" echo again </dev/null
	assert_status 0
	assert_equal "$output" again
}

@test "notify: flags of the filter: LOG, TSYNC, SPEC_ALLOW, WAIT_KILLABLE_RECV" {
	profile_notify mkdir mkdirat
	config_set '.linux.seccomp.flags = ["SECCOMP_FILTER_FLAG_LOG", "SECCOMP_FILTER_FLAG_TSYNC",
		"SECCOMP_FILTER_FLAG_SPEC_ALLOW", "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV"]'
	agent_start
	runtime_run mkdir /tmp/x
	assert_status 0
	[ -d "$ROOTFS/tmp/x" ]
	[ "$(calls_seen 83)" -eq 1 ]
}

@test "notify: a large document arrives whole" {
	profile_notify mkdir
	config_set '.annotations = ([range(3000) | {key: "org.example.\(.)", value: ("x" * 100)}] | from_entries)'
	agent_start
	runtime_run true
	assert_status 0
	assert_equal "$(agent_state 1 | jq '.state.annotations | keys | map(select(startswith("org.example."))) | length')" 3000
}

@test "notify: startContainer hooks run before the filter" {
	profile_notify execve
	printf '#!/bin/sh\necho hook >/tmp/hook\n' >"$ROOTFS/hook"
	chmod +x "$ROOTFS/hook"
	config_set '.hooks.startContainer = [{path: "/hook"}]'
	agent_start 59=13
	runtime_run true
	[ "$status" -ne 0 ]
	[ -e "$ROOTFS/tmp/hook" ]
	[ "$(calls_seen 59)" -eq 1 ]
}

# ---------------------------------------------------------------- refusals

@test "notify: a folder that the policy does not list is refused, and nothing is made" {
	profile_notify mkdir
	agent_start
	for folders in "" "$AGENT_DIR/below" "${AGENT_DIR}x" "${AGENT_DIR%?}"; do
		# shellcheck disable=SC2086 # none, or one
		policy_folders $folders
		run_aside runtime create --bundle "$BUNDLE" "$ID"
		assert_refused linux.seccomp.listenerPath "$AGENT" seccompListenerFolders
	done
	[ "$(grep -c STATE "$WORK/agent.out")" -eq 0 ]
	[ ! -e "$WORK/state-bulwark/$ID" ]
}

@test "notify: links, dots, other kinds, folders that others may write to" {
	profile_notify mkdir
	agent_start
	ln -s sock "$AGENT_DIR/link"
	ln -s . "$AGENT_DIR/here"
	touch "$AGENT_DIR/file"
	mkdir "$AGENT_DIR/open"
	chmod 0777 "$AGENT_DIR/open"
	for path in "$AGENT_DIR/link" "$AGENT_DIR/here/sock" "$AGENT_DIR/../${AGENT_DIR##*/}/sock" "$AGENT_DIR/file" \
		"$AGENT_DIR/open/sock" "$AGENT_DIR" "$AGENT_DIR/none" sock; do
		config_set --arg path "$path" '.linux.seccomp.listenerPath = $path'
		run_aside runtime create --bundle "$BUNDLE" "$ID"
		assert_refused linux.seccomp.listenerPath
	done
	policy_folders /tmp "$AGENT_DIR/../x"
	run_aside runtime create --bundle "$BUNDLE" "$ID"
	assert_refused 'seccompListenerFolders.value[1]'
}

@test "notify: without listenerPath, and as the default action, it is refused" {
	profile_notify mkdir
	config_set 'del(.linux.seccomp.listenerPath)'
	run_aside runtime create --bundle "$BUNDLE" "$ID"
	assert_refused linux.seccomp.listenerPath SCMP_ACT_NOTIFY
	profile_notify mkdir
	config_set '.linux.seccomp.defaultAction = "SCMP_ACT_NOTIFY"'
	run_aside runtime create --bundle "$BUNDLE" "$ID"
	assert_refused linux.seccomp.defaultAction SCMP_ACT_NOTIFY
}

@test "notify: a listenerPath that no rule needs means nothing, wherever it is" {
	config_set '.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", listenerPath: "/nowhere", flags:
		["SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV"]}'
	runtime_run echo fine
	assert_status 0
	assert_equal "$output" fine
}

@test "notify: a profile's own listener takes the place of the one for sysinfo, and the container is marked" {
	profile_notify mkdir
	config_set '.linux.resources.memory.limit = 268435456'
	agent_start
	container_start sleep 100
	assert_equal "$(runtime state "$ID" | jq -r '.annotations["io.bulwark.degraded"] | split(",") | last')" emulated-calls
	# then it is the kernel's
	assert_equal "$(runtime exec "$ID" figures sysinfo 64 | cut -d" " -f1)" "$("$PROBES/figures" sysinfo 64 | cut -d" " -f1)"
}

@test "notify: an agent that is gone at start or exec is an error, and the container stays as it was" {
	profile_notify mkdir
	agent_start
	config_args sleep 100
	container_create
	kill "${HELPERS[@]}"
	"$PROBES/await" "${HELPERS[0]}" 5000
	run runtime start "$ID"
	assert_refused linux.seccomp.listenerPath
	assert_equal "$(container_status)" created
	rm "$AGENT"
	run runtime start "$ID"
	assert_refused linux.seccomp.listenerPath "$AGENT"
	HELPERS=()
	agent_start
	runtime start "$ID"
	assert_equal "$(container_status)" running
	kill "${HELPERS[@]}"
	"$PROBES/await" "${HELPERS[0]}" 5000
	run runtime exec "$ID" true </dev/null
	assert_status 255
	assert_contains linux.seccomp.listenerPath
}

@test "notify: no room for the thread that sends: the process fails, nothing hangs" {
	profile_notify mkdir
	config_set '.linux.resources.pids.limit = 1'
	agent_start
	run_aside runtime run --bundle "$BUNDLE" "$ID"
	[ "$status" -ne 0 ]
	assert_contains "seccomp listener"
	[ ! -e "$WORK/state-bulwark/$ID" ]
}
