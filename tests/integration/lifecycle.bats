#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# lifecycle - the verbs: create, start, run, state, kill, delete, list, ps, spec, features, and hooks.

load helpers

# bats test_tags=vm
@test "create: the process waits, start lets it run, delete leaves nothing" {
	local pid
	config_args sh -c 'echo ran >/ran; exec sleep 100'
	container_create
	assert_equal "$(container_status)" created
	[ ! -e "$ROOTFS/ran" ]
	runtime start "$ID"
	wait_for [ -s "$ROOTFS/ran" ]
	assert_equal "$(container_status)" running
	pid=$(container_pid)
	runtime kill "$ID" KILL
	container_wait
	assert_equal "$(container_status)" stopped
	runtime delete "$ID"
	process_is_dead "$pid"
	run runtime state "$ID"
	assert_status 1
	assert_contains "container does not exist"
	assert_equal "$(leftovers)" ""
}

@test "create: the pid file holds init's pid, and state agrees" {
	config_args sleep 100
	container_create
	[[ "$(cat "$WORK/$ID.pid")" =~ ^[0-9]+$ ]]
	assert_equal "$(runtime state "$ID" | jq .pid)" "$(container_pid)"
}

@test "create: init is the caller's to reap, and no helper process stays" {
	local parent
	config_args sleep 100
	container_create
	parent=$(awk '/^PPid/ { print $2 }' "/proc/$(container_pid)/status")
	# the caller is gone: whoever reaps orphans here (pid 1 or a subreaper) has it, never a process of the runtime
	[[ "$(readlink "/proc/$parent/exe")" != *"${RUNTIME##*/}" ]]
	run pgrep -f -- "$WORK/state"
	assert_lacks $'\n' # init itself, which is a copy of the runtime until it executes something
}

@test "state: OCI's keys, with runc's names" {
	config_set '.annotations = {"org.example.key": "value"}'
	config_args sleep 100
	container_create
	run runtime state "$ID"
	assert_status 0
	assert_equal "$(jq -r .id <<<"$output")" "$ID"
	assert_equal "$(jq -r .bundle <<<"$output")" "$BUNDLE"
	assert_equal "$(jq -r .rootfs <<<"$output")" "$ROOTFS"
	assert_equal "$(jq -r '.annotations["org.example.key"]' <<<"$output")" value
	jq -e '.ociVersion | test("^1\\.[0-9]+")' <<<"$output"
	jq -e '.created | test("^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}(\\.[0-9]+)?(Z|[+-][0-9:]{5})$")' <<<"$output"
}

@test "state: a stopped container has no pid" {
	container_start true
	container_wait
	assert_equal "$(container_status)" stopped
	assert_equal "$(runtime state "$ID" | jq '.pid // 0')" 0
}

@test "run: gives the process's exit code, and deletes the container" {
	runtime_run sh -c 'echo out; echo err >&2; exit 7'
	assert_status 7
	assert_contains out
	assert_contains err
	run runtime state "$ID"
	assert_contains "container does not exist"
	assert_equal "$(leftovers)" ""
}

@test "run: passes standard input on" {
	config_args cat
	output=$(echo through | runtime run --bundle "$BUNDLE" "$ID")
	assert_equal "$output" through
}

@test "run: the bundle is the current folder unless it is named" {
	config_args echo here
	cd "$BUNDLE"
	run runtime run "$ID" </dev/null
	assert_status 0
	assert_equal "$output" here
}

@test "run: death by a signal is 128 and the signal" {
	local job
	config_args sleep 100
	runtime run --bundle "$BUNDLE" --pid-file "$WORK/$ID.pid" "$ID" </dev/null >/dev/null &
	job=$!
	wait_for container_runs
	runtime kill "$ID" KILL
	status=0
	wait $job || status=$?
	assert_equal "$status" 137
}

container_runs() {
	[ "$(container_status 2>/dev/null)" = running ]
}

@test "run: passes signals on to the process" {
	local pid
	config_args sh -c 'trap "echo got it; exit 5" TERM; echo ready; while :; do sleep 0.05; done'
	"$RUNTIME" --root "$WORK/state-${RUNTIME##*/}" run --bundle "$BUNDLE" "$ID" \
		</dev/null >"$WORK/out" 2>&1 3>&- 4>&- &
	pid=$!
	HELPERS+=("$pid")
	wait_for grep -q ready "$WORK/out"
	kill -TERM $pid
	wait $pid || status=$?
	assert_equal "$status" 5
	grep -q "got it" "$WORK/out"
}

@test "kill: names, SIG-names, numbers, and TERM when none is given" {
	local signal
	for signal in "" TERM SIGTERM 15 USR1:USR1 sigusr1:USR1; do
		container_start sh -c 'trap "echo TERM >/got; exit" TERM; trap "echo USR1 >/got; exit" USR1; echo 1 >/ready
			while :; do sleep 0.05; done'
		wait_for [ -s "$ROOTFS/ready" ]
		# shellcheck disable=SC2086 # no word at all when empty
		runtime kill "$ID" ${signal%:*}
		container_wait
		case $signal in *USR1) assert_equal "$(cat "$ROOTFS/got")" USR1 ;; *) assert_equal "$(cat "$ROOTFS/got")" TERM ;; esac
		runtime delete "$ID"
		rm -f "$ROOTFS/ready" "$ROOTFS/got"
	done
}

@test "kill: an unknown signal is refused without effect" {
	container_start sleep 100
	run runtime kill "$ID" NOSUCH
	assert_status 1
	assert_contains NOSUCH
	assert_equal "$(container_status)" running
}

@test "kill --all: reaches every process" {
	# USR1, not KILL: init's death would end the others anyhow
	container_start sh -c 'for i in 1 2; do
			sh -c "trap \"echo >/got$i; exit\" USR1; echo >/ready$i; while :; do sleep 0.1; done" &
		done
		trap "echo >/got0" USR1; echo >/ready0; while :; do sleep 0.1; done'
	for i in 0 1 2; do
		wait_for [ -e "$ROOTFS/ready$i" ]
	done
	runtime kill "$ID" USR1
	wait_for [ -e "$ROOTFS/got0" ]
	[ ! -e "$ROOTFS/got1" ]
	[ ! -e "$ROOTFS/got2" ]
	rm "$ROOTFS/got0"
	runtime kill --all "$ID" USR1
	for i in 0 1 2; do
		wait_for [ -e "$ROOTFS/got$i" ]
	done
	runtime kill --all "$ID" KILL
	container_wait
	assert_equal "$(container_status)" stopped
}

@test "start: a second one fails, a stopped container cannot be started" {
	container_start sleep 100
	run runtime start "$ID"
	assert_status 1
	assert_equal "$(container_status)" running
	runtime kill "$ID" KILL
	container_wait
	run runtime start "$ID"
	assert_status 1
	assert_equal "$(container_status)" stopped
}

@test "kill: a stopped container is \"container not running\"" {
	container_start true
	container_wait
	run runtime kill "$ID" KILL
	assert_status 1
	assert_contains "container not running"
}

@test "delete: a running container stays, --force takes it" {
	local pid
	container_start sleep 100
	pid=$(container_pid)
	run runtime delete "$ID"
	assert_status 1
	assert_equal "$(container_status)" running
	[ -d "/proc/$pid" ]
	runtime delete --force "$ID"
	run ! runtime state "$ID"
	assert_equal "$(leftovers)" ""
}

@test "delete: a created container that never started" {
	config_args sleep 100
	container_create
	runtime delete --force "$ID"
	assert_equal "$(leftovers)" ""
}

@test "delete --force: an unknown container is no error, without it it is" {
	runtime delete --force nobody
	run runtime delete nobody
	assert_status 1
	assert_contains "container does not exist"
}

@test "verbs: an unknown container does not exist" {
	local verb
	for verb in state start kill delete ps; do
		run runtime $verb nobody
		assert_status 1
		assert_contains "container does not exist"
	done
	run runtime exec nobody true
	assert_status 255
	assert_contains "container does not exist"
}

@test "create: an id that is taken is refused, and the first container stays" {
	container_start sleep 100
	run_aside runtime create --bundle "$BUNDLE" "$ID" </dev/null
	assert_status 1
	assert_contains "already exists"
	assert_equal "$(container_status)" running
}

@test "create: config changes after create have no effect" {
	config_args sh -c 'echo one >/which'
	container_create
	config_args sh -c 'echo two >/which'
	runtime start "$ID"
	container_wait
	assert_equal "$(cat "$ROOTFS/which")" one
}

@test "ociVersion: every 1.x starts, with words nobody knows; another major or none is refused" {
	local version
	for version in 1.0.0 1.0.2-dev 1.1.0+dev 1.2.1 1.3.0; do
		config_set --arg version $version '.ociVersion = $version | .linux.fromTomorrow = {"a": [1]}'
		runtime_run echo "$version"
		assert_equal "$output" "$version"
	done
	requires_bulwark # runc reads no more than that there is one
	for version in 0.9.0 2.0.0 10.1.0 1 1. 1.x x ""; do
		config_set --arg version "$version" '.ociVersion = $version'
		run_aside container_create
		assert_refused ociVersion
	done
}

@test "list: table, ids alone, JSON" {
	config_args sleep 100
	container_create
	config_set --arg path "$CGROUP/$ID-b" '.linux.cgroupsPath = $path'
	container_create "$ID-b"
	run runtime list
	assert_status 0
	[[ "${lines[0]}" =~ ^ID.*PID.*STATUS.*BUNDLE.*CREATED.*OWNER ]]
	run runtime list -q
	assert_equal "$output" "$ID"$'\n'"$ID-b"
	run runtime list --format json
	assert_equal "$(jq -r '.[1].id + " " + .[1].status' <<<"$output")" "$ID-b created"
}

@test "list: an empty or missing root is an empty list" {
	run "$RUNTIME" --root "$WORK/none" list --format json
	assert_status 0
	[[ "$output" == null || "$output" == "[]" ]]
}

@test "ps: pids as the host sees them, JSON for engines" {
	container_start sh -c 'sleep 101 & echo >/ready; wait'
	wait_for [ -e "$ROOTFS/ready" ]
	run runtime ps --format json "$ID"
	assert_status 0
	assert_equal "$(jq length <<<"$output")" 2
	jq -e --argjson pid "$(container_pid)" 'index([$pid]) != null' <<<"$output"
	run runtime ps "$ID"
	assert_status 0
	assert_contains PID
	assert_contains "sleep 101"
}

@test "spec: a template that runs, made only once" {
	mkdir "$WORK/new"
	"$RUNTIME" spec --bundle "$WORK/new"
	jq -e '.process.args and .root.path == "rootfs" and (.process.capabilities.inheritable // []) == []' \
		"$WORK/new/config.json"
	run "$RUNTIME" spec --bundle "$WORK/new"
	[ "$status" -ne 0 ]
}

@test "features: what engines ask for" {
	run "$RUNTIME" features
	assert_status 0
	jq -e '.ociVersionMin and .ociVersionMax and (.hooks | index("createRuntime")) and
		(.mountOptions | index("rbind")) and (.linux.namespaces | index("user")) and
		.linux.seccomp.enabled' <<<"$output"
	if is_bulwark; then
		jq -e '(.mountOptions | index("rro")) and (.linux.namespaces | index("time")) and .linux.cgroup.systemd and
			(.potentiallyUnsafeConfigAnnotations | index("org.systemd.property."))' <<<"$output"
	fi
}

@test "--version, --help: name, version, spec; every verb" {
	local verb
	run "$RUNTIME" --version
	assert_status 0
	[[ "${lines[0]}" =~ ^${RUNTIME##*/}\ version\ [0-9] ]]
	assert_contains "spec: 1."
	run "$RUNTIME" --help
	assert_status 0
	for verb in create start run exec state kill delete list ps pause resume update events spec features; do
		assert_contains "$verb"
	done
}

@test "--systemd-cgroup: what it cannot do is a clear error, and nothing is left" {
	requires_bulwark
	config_args true
	run runtime --systemd-cgroup run --bundle "$BUNDLE" "$ID" </dev/null
	assert_status 1
	if [ -e /run/systemd/system ]; then # more of that: tests/vm/systemd-cgroup.bats
		assert_refused linux.cgroupsPath slice:prefix:name
	else
		assert_refused systemd native.cgroupdriver=cgroupfs
	fi
	run runtime state "$ID"
	assert_status 1
	config_set '.linux.cgroupsPath = "system.slice:docker:x"'
	run runtime run --bundle "$BUNDLE" "$ID" </dev/null
	assert_refused linux.cgroupsPath --systemd-cgroup
}

@test "bulwark-systemd: says in one line what failed" {
	requires_bulwark
	local program=$BUILD/bulwark-systemd words
	for words in "" "start" "start a b" "restart x.scope"; do
		# shellcheck disable=SC2086 # a list of words
		run "$program" $words </dev/null
		assert_status 2
	done
	run "$program" start x.scope <<<'what is this'
	assert_status 1
	assert_refused "start 'x.scope'" property
	[ ! -e /run/systemd/system ] || return 0
	run "$program" stop x.scope </dev/null
	assert_status 1
	assert_refused "stop 'x.scope'" "nobody answers"
}

# ---------------------------------------------------------------- hooks

# A folder that hooks can write whoever they run as, also through a mount inside.
hooks_new() {
	public_new
	HOOKS=$PUBLIC/home
	chmod 0777 "$HOOKS"
	touch "$HOOKS/order"
	chmod 0666 "$HOOKS/order"
	chown $USER_ID:$USER_ID "$HOOKS/order"
	cat >"$HOOKS/hook" <<-'END'
		#!/bin/sh
		# hook FOLDER NAME
		cat >"$1/$2.json"
		env >"$1/$2.env"
		echo "$2" >>"$1/order"
	END
	chmod 0755 "$HOOKS/hook"
	config_mount "$HOOKS" /hooks
}

# bats test_tags=vm-oldest
@test "hooks: the order of the spec, the state on stdin, only their own environment" {
	local hook
	requires_bulwark # runc 1.1 runs poststart hooks in create
	hooks_new
	config_set --arg d "$HOOKS" '
		def hook($dir; $name): {path: ($dir + "/hook"), args: ["hook", $dir, $name], env: ["OWN=\($name)"]};
		.hooks = {
			prestart: [hook($d; "prestart")], createRuntime: [hook($d; "createRuntime")],
			createContainer: [hook($d; "createContainer")], startContainer: [hook("/hooks"; "startContainer")],
			poststart: [hook($d; "poststart-1"), hook($d; "poststart-2")], poststop: [hook($d; "poststop")]}'
	config_args sh -c 'echo process >>/hooks/order; exec sleep 100'
	export CALLERS_SECRET=1
	container_create
	assert_equal "$(tr '\n' ' ' <"$HOOKS/order")" "prestart createRuntime createContainer "
	runtime start "$ID"
	wait_for grep -q process "$HOOKS/order"
	assert_equal "$(grep -v process "$HOOKS/order" | tr '\n' ' ')" \
		"prestart createRuntime createContainer startContainer poststart-1 poststart-2 "
	runtime delete --force "$ID"
	assert_equal "$(tail -n 1 "$HOOKS/order")" poststop

	for hook in prestart createRuntime createContainer startContainer poststart-1 poststop; do
		assert_equal "$hook $(jq -r .id "$HOOKS/$hook.json")" "$hook $ID"
		assert_equal "$(jq -r .bundle "$HOOKS/$hook.json")" "$BUNDLE"
		grep -qx "OWN=$hook" "$HOOKS/$hook.env"
		! grep -q CALLERS_SECRET "$HOOKS/$hook.env" || fail "$hook saw the caller's environment"
	done
	assert_equal "$(jq .pid "$HOOKS/createRuntime.json")" "$(container_pid)"
	[[ "$(jq -r .status "$HOOKS/createRuntime.json")" =~ ^creat ]]
	assert_equal "$(jq -r .status "$HOOKS/poststart-1.json")" running
	assert_equal "$(jq -r .status "$HOOKS/poststop.json")" stopped
}

@test "hooks: createRuntime sees the container's network namespace" {
	config_set --arg out "$WORK/net" '.hooks = {createRuntime: [{path: "/bin/sh", args: ["sh", "-c",
		"pid=$(jq .pid) && readlink /proc/$pid/ns/net >\($out)"], env: ["PATH=\(env.PATH)"]}]}'
	config_args sleep 100
	container_create
	assert_equal "$(cat "$WORK/net")" "$(readlink "/proc/$(container_pid)/ns/net")"
	[ "$(cat "$WORK/net")" != "$(readlink /proc/self/ns/net)" ]
}

@test "hooks: one that fails before start undoes create, with its words in the error" {
	local name
	for name in prestart createRuntime createContainer; do
		config_set --arg name "$name" '.hooks = {($name): [{path: "/bin/sh", args: ["sh", "-c",
			"echo no such luck >&2; exit 3"]}]}'
		config_args sleep 100
		run_aside runtime create --bundle "$BUNDLE" "$ID" </dev/null
		assert_status 1
		assert_contains "no such luck"
		assert_equal "$(leftovers)" ""
	done
}

@test "hooks: a failing poststart stops the container" {
	requires_bulwark
	config_set '.hooks = {poststart: [{path: "/bin/false"}]}'
	config_args sleep 100
	container_create
	run runtime start "$ID"
	assert_status 1
	assert_contains poststart
	container_wait
	[ "$(container_status)" != running ]
}

@test "hooks: a failing poststop is only a warning" {
	config_set '.hooks = {poststop: [{path: "/bin/false"}]}'
	container_start true
	container_wait
	runtime delete "$ID"
	assert_equal "$(leftovers)" ""
}

@test "hooks: the time limit ends one that hangs" {
	local begin=$SECONDS
	config_set '.hooks = {createRuntime: [{path: "/bin/sleep", args: ["sleep", "50"], timeout: 1}]}'
	config_args sleep 100
	run_aside runtime create --bundle "$BUNDLE" "$ID" </dev/null
	assert_status 1
	[ $((SECONDS - begin)) -lt 20 ]
	assert_equal "$(leftovers)" ""
}

@test "list --all-roots: containers of every --root; bulwarkctl status names those that run with something missing" {
	requires_bulwark
	container_start sleep 100
	run runtime list --all-roots --format json
	assert_status 0
	assert_equal "$(jq -r --arg id "$ID" '.[] | select(.id == $id) | .root' <<<"$output")" "$WORK/state-bulwark"
	run timeout 60 "$RUNTIME" --root "$WORK/elsewhere" list --all-roots --quiet
	grep -qx "$ID" <<<"$output"
	run timeout 60 "$RUNTIME" --root "$WORK/elsewhere" list --quiet
	assert_equal "$output" ''
	# beside a runtime of its own bulwarkctl asks that one
	mkdir "$WORK/sbin"
	cp "$BUILD/bulwarkctl" "$WORK/sbin/"
	ln "$RUNTIME" "$WORK/sbin/bulwark" 2>/dev/null || cp "$RUNTIME" "$WORK/sbin/bulwark"
	run "$WORK/sbin/bulwarkctl" status --json
	assert_equal "$(jq -c --arg id "$ID" '[.degraded[] | select(.id == $id) | .root]' <<<"$output")" \
		"$(runtime state "$ID" | jq -c --arg root "$WORK/state-bulwark" 'if .annotations["io.bulwark.degraded"] then [$root] else [] end')"
}
