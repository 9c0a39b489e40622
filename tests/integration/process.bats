#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# process - what the process section promises: user, capabilities, limits, seccomp, terminal, descriptors; and exec.

load helpers

# ---------------------------------------------------------------- user, cwd, environment

@test "user: uid, gid, additional gids, umask" {
	config_set '.process.user = {uid: 1000, gid: 1001, umask: 63, additionalGids: [5, 2000]}'
	runtime_run sh -c 'id -u; id -g; grep ^Groups /proc/self/status; umask'
	assert_status 0
	assert_equal "${lines[0]} ${lines[1]}" "1000 1001"
	assert_equal "$(tr -s ' \t' ' ' <<<"${lines[2]}" | sed 's/ $//')" "Groups: 5 2000"
	assert_equal "${lines[3]}" 0077
}

@test "user: root has no additional groups of the caller" {
	runtime_run grep ^Groups /proc/self/status
	assert_equal "$(tr -d ' \t' <<<"$output")" Groups:
}

@test "user: an id outside the container's range is refused" {
	requires_bulwark
	config_set '.process.user = {uid: 65536, gid: 0}'
	runtime_run id
	assert_status 1
	assert_refused 65536
}

@test "cwd: is entered, and made when it is missing" {
	config_set '.process.cwd = "/usr/made/here"'
	runtime_run pwd
	assert_status 0
	assert_equal "$output" /usr/made/here
}

@test "cwd: a relative one is refused" {
	config_set '.process.cwd = "relative"'
	runtime_run pwd
	assert_status 1
	[[ "${output,,}" == *cwd* ]]
}

@test "env: exactly what the spec says" {
	config_set '.process.env = ["PATH=/bin", "A=1", "B=two words"]'
	export CALLERS_SECRET=1
	runtime_run env
	assert_status 0
	assert_contains "A=1"
	assert_contains "B=two words"
	assert_lacks CALLERS_SECRET
}

@test "args: a program that is not there, in the words engines look for" {
	runtime_run no-such-program
	assert_status 1
	assert_contains no-such-program
	assert_contains 'executable file not found in $PATH'
	runtime_run /no/such
	assert_status 1
	assert_contains "no such file or directory"
	runtime_run /etc/passwd
	assert_status 1
	assert_contains "permission denied"
}

@test "args: are passed on as they are" {
	runtime_run printf '[%s]' '' 'a b' '$PATH' "it's" $'new\nline'
	assert_equal "$output" "[][a b][\$PATH][it's]["$'new\nline]'
}

# ---------------------------------------------------------------- privileges

caps_of() {
	runtime_run sh -c 'while read -r name value; do case $name in Cap*) echo "$name$value";; esac; done \
		</proc/self/status'
}

@test "capabilities: each of the five sets" {
	config_set '.process.capabilities = {
		bounding: ["CAP_CHOWN", "CAP_FOWNER", "CAP_KILL"], effective: ["CAP_CHOWN", "CAP_KILL"],
		permitted: ["CAP_CHOWN", "CAP_FOWNER", "CAP_KILL"], inheritable: ["CAP_CHOWN", "CAP_KILL"],
		ambient: ["CAP_KILL"]} | .process.user = {uid: 1000, gid: 1000}'
	caps_of
	assert_status 0
	assert_equal "${lines[0]}" CapInh:0000000000000021
	# a user's execve(2): permitted and effective become the ambient set
	assert_equal "${lines[1]}" CapPrm:0000000000000020
	assert_equal "${lines[2]}" CapEff:0000000000000020
	assert_equal "${lines[3]}" CapBnd:0000000000000029
	assert_equal "${lines[4]}" CapAmb:0000000000000020
}

@test "capabilities: root is bound by the bounding set, and inherits nothing unasked (CVE-2022-29162)" {
	config_set '.process.capabilities = {bounding: ["CAP_CHOWN"], effective: ["CAP_CHOWN"], permitted: ["CAP_CHOWN"]}'
	caps_of
	assert_equal "$output" "CapInh:0000000000000000
CapPrm:0000000000000001
CapEff:0000000000000001
CapBnd:0000000000000001
CapAmb:0000000000000000"
}

@test "capabilities: none at all" {
	config_set '.process.capabilities = {}'
	caps_of
	assert_equal "$(grep -c 0000000000000000 <<<"$output")" 5
}

@test "capabilities: one that nobody knows grants nothing, and is said" {
	config_set '.process.capabilities = {bounding: ["CAP_CHOWN", "CAP_NO_SUCH"], effective: ["CAP_CHOWN", "CAP_NO_SUCH"],
		permitted: ["CAP_CHOWN", "CAP_NO_SUCH"]}'
	config_args grep ^CapEff /proc/self/status
	run runtime --log "$WORK/log" run --bundle "$BUNDLE" "$ID" </dev/null
	assert_status 0
	assert_equal "$output" $'CapEff:\t0000000000000001'
	grep -q "warn.*CAP_NO_SUCH" "$WORK/log"
}

@test "capabilities: all of them, as with --privileged" {
	requires_bulwark
	config_privileged
	runtime_run grep ^CapEff /proc/self/status
	assert_equal "$(tr -d ' \t' <<<"$output")" CapEff:000001ffffffffff
}

@test "noNewPrivileges: set and not set" {
	config_set '.process.noNewPrivileges = true'
	runtime_run grep NoNewPrivs /proc/self/status
	assert_equal "$(tr -d ' \t' <<<"$output")" NoNewPrivs:1
	config_set '.process.noNewPrivileges = false'
	runtime_run grep NoNewPrivs /proc/self/status
	assert_equal "$(tr -d ' \t' <<<"$output")" NoNewPrivs:0
}

@test "rlimits: soft and hard" {
	config_set '.process.rlimits = [{type: "RLIMIT_NOFILE", soft: 100, hard: 200},
		{type: "RLIMIT_CORE", soft: 0, hard: 0}]'
	runtime_run sh -c 'ulimit -Sn; ulimit -Hn; ulimit -Hc'
	assert_equal "$output" "100
200
0"
}

@test "rlimits: an unknown name and a duplicate are refused" {
	config_set '.process.rlimits = [{type: "RLIMIT_NOSUCH", soft: 1, hard: 1}]'
	runtime_run true
	assert_status 1
	assert_contains RLIMIT_NOSUCH
	requires_bulwark
	config_set '.process.rlimits = [{type: "RLIMIT_CORE", soft: 1, hard: 1}, {type: "RLIMIT_CORE", soft: 2, hard: 2}]'
	runtime_run true
	assert_status 1
	assert_contains RLIMIT_CORE
}

@test "rlimits: a soft limit above the hard one is refused" {
	config_set '.process.rlimits = [{type: "RLIMIT_CORE", soft: 2, hard: 1}]'
	run_aside container_create
	assert_status 1
	is_bulwark || return 0
	assert_refused "process.rlimits[0].soft" 2
}

@test "oomScoreAdj: a raised one" {
	config_set '.process.oomScoreAdj = 321'
	runtime_run cat /proc/self/oom_score_adj
	assert_equal "$output" 321
}

@test "oomScoreAdj: out of range is refused; without it the caller's stays" {
	local value
	for value in 1001 -1001; do
		config_set --argjson value $value '.process.oomScoreAdj = $value'
		run_aside container_create
		assert_status 1
		! is_bulwark || assert_refused process.oomScoreAdj " $value "
	done
	config_set 'del(.process.oomScoreAdj)'
	runtime_run cat /proc/self/oom_score_adj
	assert_equal "$output" "$(cat /proc/self/oom_score_adj)"
}

@test "seccomp: a listed call is refused with its errno, others work" {
	config_set '.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", architectures: ["SCMP_ARCH_X86_64"], syscalls: [
		{names: ["mkdir", "mkdirat"], action: "SCMP_ACT_ERRNO", errnoRet: 95},
		{names: ["no_such_syscall"], action: "SCMP_ACT_ERRNO"}]}'
	for _ in compiled cached; do
		runtime_run sh -c 'mkdir /tmp/x; touch /tmp/y && echo touched; grep ^Seccomp: /proc/self/status'
		assert_status 0
		assert_contains "not supported" # EOPNOTSUPP, 95
		assert_contains touched
		assert_contains $'Seccomp:\t2'
		rm "$ROOTFS/tmp/y"
	done
}

@test "seccomp: also without no_new_privs, and for a user" {
	config_set '.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", syscalls: [
		{names: ["mkdir", "mkdirat"], action: "SCMP_ACT_ERRNO", errnoRet: 1}]} |
		.process.noNewPrivileges = false | .process.user = {uid: 1000, gid: 1000}'
	runtime_run mkdir /tmp/x
	[ "$status" -ne 0 ]
	assert_contains "not permitted"
}

@test "seccomp: argument conditions" {
	# personality(0x20000) only
	config_set '.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", syscalls: [{names: ["personality"],
		action: "SCMP_ACT_ERRNO", errnoRet: 1, args: [{index: 0, value: 8, op: "SCMP_CMP_EQ"}]}]}'
	runtime_run sh -c 'linux64 true && echo 64; linux32 true || echo no 32'
	assert_contains 64
	assert_contains "no 32"
}

@test "seccomp: a rule's errno, the default's, and EPERM where neither says" {
	cp "$PROBES/calls" "$ROOTFS/bin/"
	config_set '.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", syscalls: [
		{names: ["acct"], action: "SCMP_ACT_ERRNO", errnoRet: 22}, {names: ["swapon"], action: "SCMP_ACT_ERRNO"}]}'
	runtime_run calls 163 167
	assert_contains "163: Invalid argument"
	assert_contains "167: Operation not permitted"
	requires_bulwark # runc's own start needs more than this list
	local names
	names=$("$PROBES/calls" list | jq -R . | jq -s 'map(select(. != "acct"))')
	config_set --argjson names "$names" '.linux.seccomp = {defaultAction: "SCMP_ACT_ERRNO", defaultErrnoRet: 22,
		syscalls: [{names: $names, action: "SCMP_ACT_ALLOW"}]}'
	runtime_run calls 163
	assert_contains "163: Invalid argument"
}

@test "seccomp: kill ends the process, another architecture's calls are no way round" {
	cp "$PROBES/calls" "$ROOTFS/bin/"
	config_set '.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", architectures: ["SCMP_ARCH_X86_64"],
		syscalls: [{names: ["acct"], action: "SCMP_ACT_KILL_PROCESS"}]}'
	runtime_run calls 163
	assert_status 159 # 128 and SIGSYS
	runtime_run calls $((1 << 30)) # x32's read(2)
	assert_status 159
}

@test "seccomp: flags, operators, architectures and errnos that do not exist are refused" {
	local filter word
	requires_bulwark
	while IFS='|' read -r word filter; do
		config_set ".linux.seccomp = ({defaultAction: \"SCMP_ACT_ALLOW\"} + $filter)"
		run_aside container_create
		assert_refused linux.seccomp "$word"
	done <<-'END'
		SECCOMP_FILTER_FLAG_NO|{flags: ["SECCOMP_FILTER_FLAG_NO"]}
		SCMP_ARCH_NO|{architectures: ["SCMP_ARCH_NO"]}
		defaultErrnoRet|{defaultErrnoRet: 1}
		errnoRet|{syscalls: [{names: ["acct"], action: "SCMP_ACT_KILL", errnoRet: 1}]}
		names|{syscalls: [{names: [], action: "SCMP_ACT_ERRNO"}]}
		SCMP_CMP_NO|{syscalls: [{names: ["acct"], action: "SCMP_ACT_ERRNO", args: [{index: 0, value: 1, op: "SCMP_CMP_NO"}]}]}
		args[0].index|{syscalls: [{names: ["acct"], action: "SCMP_ACT_ERRNO", args: [{index: 6, value: 1, op: "SCMP_CMP_EQ"}]}]}
		listenerPath|{listenerMetadata: "x"}
	END
}

@test "seccomp: a call that is newer than the profile does not exist, one that it left out is refused" {
	local names
	# what a small program needs, but for acct(2), number 163; the newest of them is above that
	names=$("$PROBES/calls" list | jq -R . | jq -s 'map(select(. != "acct"))')
	config_set --argjson names "$names" '.linux.seccomp = {defaultAction: "SCMP_ACT_ERRNO",
		syscalls: [{names: $names, action: "SCMP_ACT_ALLOW"}]}'
	cp "$PROBES/calls" "$ROOTFS/bin/"
	runtime_run calls 163 9999
	assert_status 0
	assert_contains "163: Operation not permitted"
	assert_contains "9999: Function not implemented"
}

@test "seccomp: an unknown action is refused" {
	config_set '.linux.seccomp = {defaultAction: "SCMP_ACT_NOSUCH"}'
	runtime_run true
	assert_status 1
	assert_contains SCMP_ACT_NOSUCH
}

# ---------------------------------------------------------------- descriptors

# The names a shell sees in its own fd folder; not the folder itself, which is closed again by then.
LIST_FDS='for f in /proc/$$/fd/*; do [ ! -L "$f" ] || echo "${f##*/}"; done'

@test "descriptors: the container has 0, 1 and 2, whatever the caller had open" {
	exec 5</etc 6</etc/hostname 27</
	runtime_run sh -c "$LIST_FDS"
	exec 5<&- 6<&- 27<&-
	assert_status 0
	assert_equal "$(tr '\n' ' ' <<<"$output")" "0 1 2 "
}

@test "--preserve-fds: passes on what it counts, and no more" {
	config_args sh -c "cat <&3; $LIST_FDS"
	echo kept >"$WORK/kept"
	output=$(timeout 60 "$RUNTIME" --root "$WORK/state-${RUNTIME##*/}" run --bundle "$BUNDLE" --preserve-fds 1 "$ID" \
		</dev/null 3<"$WORK/kept" 4</etc/hostname 5</)
	assert_equal "$(tr '\n' ' ' <<<"$output")" "kept 0 1 2 3 "
}

# ---------------------------------------------------------------- terminal

tty_receive() {
	mkfifo "$WORK/keys"
	"$PROBES/recvtty" "$WORK/console.sock" <>"$WORK/keys" >"$WORK/screen" 2>&1 3>&- 4>&- &
	HELPERS+=($!)
	wait_for [ -S "$WORK/console.sock" ]
}

@test "terminal: the master goes to the console socket, the container has the other end" {
	config_set '.process.terminal = true | .process.consoleSize = {height: 33, width: 101}'
	config_args sh -c 'tty; stty size; ls -l /dev/console; read line; echo "got <$line>"'
	tty_receive
	runtime create --bundle "$BUNDLE" --console-socket "$WORK/console.sock" --pid-file "$WORK/$ID.pid" "$ID" \
		</dev/null >"$WORK/$ID.out" 2>&1
	runtime start "$ID"
	wait_for grep -q /dev/console "$WORK/screen"
	echo typed >"$WORK/keys"
	wait_for grep -q "got <typed>" "$WORK/screen"
	container_wait
	output=$(cat "$WORK/screen")
	assert_contains "tty=1 rows=33 cols=101"
	assert_contains "33 101"
	grep -Eq '^/dev/(pts/[0-9]+|console)' "$WORK/screen"
	if is_bulwark; then
		grep -Eq '^/dev/pts/[0-9]+' "$WORK/screen"
	fi
}

@test "terminal: without a console socket create refuses, and a socket without a terminal is refused" {
	config_set '.process.terminal = true'
	run_aside runtime create --bundle "$BUNDLE" "$ID" </dev/null
	assert_status 1
	assert_contains console
	config_set '.process.terminal = false'
	tty_receive
	run_aside runtime create --bundle "$BUNDLE" --console-socket "$WORK/console.sock" "$ID" </dev/null
	assert_status 1
	assert_equal "$(leftovers)" ""
}

@test "terminal: run -t relays to the caller's own" {
	requires script
	config_set '.process.terminal = true'
	config_args sh -c 'tty; echo done'
	run timeout 30 script -qec "$RUNTIME --root $WORK/state-${RUNTIME##*/} run --bundle $BUNDLE $ID" /dev/null </dev/null
	assert_status 0
	assert_contains /dev/pts/
	assert_contains "done"
}

# ---------------------------------------------------------------- exec

# bats test_tags=vm-oldest
@test "exec: runs in the container's namespaces, and gives the exit code" {
	local ns
	container_start sleep 1000
	run runtime exec "$ID" sh -c 'echo inside; exit 9' </dev/null
	assert_status 9
	assert_equal "$output" inside
	for ns in cgroup ipc mnt net pid time user uts; do
		run runtime exec "$ID" readlink "/proc/self/ns/$ns" </dev/null
		assert_equal "$output" "$(readlink "/proc/$(container_pid)/ns/$ns")"
	done
	run runtime exec "$ID" cat /proc/self/uid_map </dev/null
	assert_equal "$output" "$(cat "/proc/$(container_pid)/uid_map")"
}

@test "exec: is in the container's cgroups" {
	container_start sleep 1000
	run runtime exec "$ID" sleep 0 </dev/null
	runtime exec --detach --pid-file "$WORK/exec.pid" "$ID" sleep 1000 </dev/null >/dev/null 2>&1
	assert_equal "$(cat "/proc/$(cat "$WORK/exec.pid")/cgroup")" "$(cat "/proc/$(container_pid)/cgroup")"
}

@test "exec: failures are 255, a missing program in the words engines look for" {
	container_start sleep 1000
	run runtime exec "$ID" no-such-program </dev/null
	assert_status 255
	assert_contains 'executable file not found in $PATH'
	run runtime exec "$ID" /etc/passwd </dev/null
	assert_status 255
	assert_contains "permission denied"
}

@test "exec: death by a signal is 128 and the signal" {
	container_start sleep 1000
	run runtime exec "$ID" sh -c 'kill -9 $$' </dev/null
	assert_status 137
}

@test "exec: in a container that does not run" {
	config_args sleep 1000
	container_create
	runtime kill "$ID" KILL
	container_wait
	run runtime exec "$ID" true </dev/null
	assert_status 255
	if is_bulwark; then
		assert_contains "container not running"
	fi
}

@test "exec --user, --cwd, --env, --additional-gids" {
	container_start sleep 1000
	run runtime exec --user 1000:1001 --cwd /tmp --env A=1 --env B=2 --additional-gids 7 "$ID" \
		sh -c 'id -u; id -g; pwd; echo $A$B; grep ^Groups /proc/self/status' </dev/null
	assert_status 0
	assert_equal "$(tr '\n' ' ' <<<"${lines[*]:0:4}")" "1000 1001 /tmp 12 "
	assert_equal "$(tr -d ' \t' <<<"${lines[4]}")" Groups:7
	run runtime exec --user 1 "$ID" id -u </dev/null # CVE-2026-30892
	assert_equal "$output" 1
}

@test "exec --cap: raises, and leaves inheritable and ambient alone for root" {
	container_start sleep 1000
	run runtime exec --cap CAP_NET_RAW "$ID" grep -E '^Cap(Eff|Inh)' /proc/self/status </dev/null
	assert_status 0
	assert_equal "${lines[0]}" $'CapInh:\t0000000000000000'
	[ $((16#$(cut -f2 <<<"${lines[1]}") >> 13 & 1)) -eq 1 ]
}

@test "exec --process --detach --pid-file: as shims and conmon call it" {
	local pid
	container_start sleep 1000
	jq -n '{terminal: false, user: {uid: 1000, gid: 1000}, args: ["sh", "-c", "id -u >/tmp/who; exec sleep 1000"],
		env: ["PATH=/bin"], cwd: "/tmp", capabilities: {}, noNewPrivileges: true}' >"$WORK/process.json"
	runtime exec --process "$WORK/process.json" --detach --pid-file "$WORK/exec.pid" "$ID" </dev/null >/dev/null 2>&1
	pid=$(cat "$WORK/exec.pid")
	wait_for [ -s "$ROOTFS/tmp/who" ]
	assert_equal "$(cat "$ROOTFS/tmp/who")" 1000
	assert_equal "$(readlink "/proc/$pid/ns/pid")" "$(readlink "/proc/$(container_pid)/ns/pid")"
	grep -q $'NoNewPrivs:\t1' "/proc/$pid/status"
}

@test "exec --tty with a console socket" {
	container_start sleep 1000
	tty_receive
	runtime exec --tty --console-socket "$WORK/console.sock" --detach --pid-file "$WORK/exec.pid" "$ID" \
		sh -c 'tty && echo on a terminal' </dev/null >/dev/null 2>&1
	wait_for grep -q "on a terminal" "$WORK/screen"
	grep -q tty=1 "$WORK/screen"
}

@test "scheduler, ioPriority: set on the process from outside, where real-time classes may be had" {
	config_set '.process.scheduler = {policy: "SCHED_BATCH", nice: 5} |
		.process.ioPriority = {class: "IOPRIO_CLASS_BE", priority: 6}'
	runtime_run sh -c 'cut -d " " -f 19,41 /proc/self/stat; ionice -p $$' # nice and policy, proc_pid_stat(5)
	assert_status 0
	assert_equal "${lines[0]}" "5 3" # SCHED_BATCH
	assert_equal "${lines[1]}" "best-effort: prio 6"
	config_set '.process.scheduler.policy = "SCHED_NOSUCH"'
	runtime_run true
	assert_refused process.scheduler.policy SCHED_NOSUCH
}

@test "scheduler, ioPriority: what is out of range or not known is refused" {
	local key filter
	requires_bulwark
	cp "$BUNDLE/config.json" "$WORK/config.json"
	while IFS='|' read -r key filter; do
		jq ".process |= . + $filter" "$WORK/config.json" >"$BUNDLE/config.json"
		run_aside container_create
		assert_refused "$key"
	done <<-'END'
		process.scheduler.policy|{scheduler: {nice: 1}}
		process.scheduler.nice|{scheduler: {policy: "SCHED_OTHER", nice: 20}}
		process.scheduler.priority|{scheduler: {policy: "SCHED_FIFO", priority: 100}}
		process.scheduler.flags|{scheduler: {policy: "SCHED_OTHER", flags: ["SCHED_FLAG_NO"]}}
		process.scheduler.runtime|{scheduler: {policy: "SCHED_DEADLINE", runtime: -1}}
		process.scheduler|{scheduler: {policy: "SCHED_DEADLINE", runtime: 2000000, deadline: 1000000, period: 1000000}}
		process.ioPriority.class|{ioPriority: {class: "IOPRIO_CLASS_NO", priority: 1}}
		process.ioPriority.priority|{ioPriority: {class: "IOPRIO_CLASS_BE", priority: 8}}
		process.execCPUAffinity.initial|{execCPUAffinity: {initial: "x"}}
	END
}

@test "scheduler: SCHED_DEADLINE with its three times, reset on fork" {
	requires chrt
	config_set '.process.scheduler = {policy: "SCHED_DEADLINE", runtime: 1000000, deadline: 20000000, period: 30000000,
		flags: ["SCHED_FLAG_RESET_ON_FORK"]}'
	container_start sleep 1000
	run chrt -p "$(container_pid)"
	assert_contains SCHED_DEADLINE
	assert_contains 1000000/20000000/30000000
	assert_contains RESET_ON_FORK
}

@test "personality: LINUX32 for run and exec" {
	runtime_run uname -m
	assert_equal "$output" x86_64
	config_set '.linux.personality = {domain: "LINUX32"}'
	runtime_run uname -m
	assert_equal "$output" i686
	container_start sleep 1000
	run runtime exec "$ID" uname -m
	assert_equal "$output" i686
}

@test "personality: another domain, and flags, are refused" {
	requires_bulwark
	config_set '.linux.personality = {domain: "LINUX64"}'
	run_aside container_create
	assert_refused linux.personality.domain LINUX64
	config_set '.linux.personality = {domain: "LINUX", flags: ["ADDR_NO_RANDOMIZE"]}'
	run_aside container_create
	assert_refused linux.personality.flags ADDR_NO_RANDOMIZE
	config_set '.linux.personality = {}'
	run_aside container_create
	assert_refused linux.personality domain
}

@test "exec: execCPUAffinity, and its process is scheduled as it says" {
	[ "$(nproc)" -gt 1 ] || skip_or_fail "one CPU only"
	container_start sleep 1000
	jq '.process | .args = ["sh", "-c", "taskset -p $$; cut -d \" \" -f 41 /proc/self/stat"] | .execCPUAffinity = {initial: "0", final: "1"} |
		.scheduler = {policy: "SCHED_IDLE"}' "$BUNDLE/config.json" >"$WORK/process.json"
	run runtime exec --process "$WORK/process.json" "$ID"
	assert_status 0
	[[ "${lines[0]}" == *": 2" ]]
	assert_equal "${lines[1]}" 5 # SCHED_IDLE
	# the first of the two is in force before the process is in the container's cgroup, and then no more: it is seen from outside
	requires strace
	strace -f -e trace=sched_setaffinity,setns -o "$WORK/trace" timeout -k 5 60 "$RUNTIME" --root "$WORK/state-${RUNTIME##*/}" \
		exec --process "$WORK/process.json" "$ID" </dev/null >/dev/null 3>&- 4>&-
	run sed -nE 's/^[0-9]+ +(sched_setaffinity|setns)\(.*(\[[0-9]\]).*/\1 \2/p; s/^[0-9]+ +(setns)\(.*/\1/p' "$WORK/trace"
	assert_equal "$(tr '\n' ' ' <<<"$output")" "sched_setaffinity [0] setns sched_setaffinity [1] "
	jq '.process | .args = ["true"] | .execCPUAffinity = {initial: "0-", final: "1"}' "$BUNDLE/config.json" \
		>"$WORK/process.json"
	run runtime exec --process "$WORK/process.json" "$ID"
	assert_refused execCPUAffinity.initial "0-"
}

@test "exec: seccomp, capabilities and no_new_privs of the container hold" {
	config_set '.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", syscalls: [
		{names: ["mkdir", "mkdirat"], action: "SCMP_ACT_ERRNO", errnoRet: 1}]}'
	container_start sleep 1000
	run runtime exec "$ID" mkdir /tmp/x </dev/null
	[ "$status" -ne 0 ]
	assert_contains "not permitted"
	run runtime exec "$ID" grep -E '^(CapBnd|NoNewPrivs|Seccomp):' /proc/self/status </dev/null
	assert_equal "$output" "$(runtime exec "$ID" grep -E '^(CapBnd|NoNewPrivs|Seccomp):' /proc/1/status </dev/null)"
}

@test "exec: passes standard input on, and leaks no descriptor" {
	container_start sleep 1000
	output=$(echo through | runtime exec "$ID" cat)
	assert_equal "$output" through
	exec 5</etc 27</
	run runtime exec "$ID" sh -c "$LIST_FDS" </dev/null
	exec 5<&- 27<&-
	assert_equal "$(tr '\n' ' ' <<<"$output")" "0 1 2 "
}

@test "exec: leaves what its process does not read on standard input" {
	container_start sleep 1000
	printf 'a\nb\n' >"$WORK/in"
	output=$( { runtime exec "$ID" true && cat; } <"$WORK/in")
	assert_equal "$output" $'a\nb'
	output=$( { runtime exec "$ID" sh -c 'read -r line; echo "process: $line"' && cat; } < <(printf 'a\n' && sleep 0.5 && printf 'b\n'))
	assert_equal "$output" $'process: a\nb'
}

@test "exec, run: end with their process, though standard input stays open and silent" {
	container_start sleep 1000
	mkfifo "$WORK/silent"
	exec 5<>"$WORK/silent"
	runtime exec "$ID" true <&5
	runtime delete --force "$ID"
	config_args true
	runtime run --bundle "$BUNDLE" "$ID" <&5
	exec 5<&-
}

@test "exec: many at once" {
	local i jobs=()
	container_start sleep 1000
	for i in 1 2 3 4 5 6 7 8; do
		runtime exec "$ID" sh -c "echo $i >>/tmp/many" </dev/null >/dev/null 2>&1 &
		jobs+=($!)
	done
	for i in "${jobs[@]}"; do
		wait "$i"
	done
	assert_equal "$(sort "$ROOTFS/tmp/many" | tr -d '\n')" 12345678
}
