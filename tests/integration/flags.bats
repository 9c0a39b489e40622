#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# What callers pass on the command line and in the environment, beside the bundle: sockets, readiness, flags of verbs.
# shellcheck disable=SC2154 # $status, $output and $lines are set by run

load helpers

# ---------------------------------------------------------------- --pidfd-socket

pidfd_receive() {
	"$PROBES/recvtty" "$WORK/pidfd.sock" </dev/null >"$WORK/pidfd.out" 2>&1 3>&- 4>&- &
	HELPERS+=($!)
	wait_for [ -S "$WORK/pidfd.sock" ]
}

@test "--pidfd-socket: create sends init's, exec its process's" {
	pidfd_receive
	config_args sleep 1000
	runtime create --bundle "$BUNDLE" --pid-file "$WORK/$ID.pid" --pidfd-socket "$WORK/pidfd.sock" "$ID" </dev/null \
		>"$WORK/out" 2>&1
	wait_for [ -s "$WORK/pidfd.out" ]
	assert_equal "$(cat "$WORK/pidfd.out")" "name=standard pid=$(container_pid)"
	runtime start "$ID"
	rm "$WORK/pidfd.sock"
	pidfd_receive
	cd "$WORK" # a relative name counts from the caller's folder
	runtime exec --detach --pid-file "$WORK/exec.pid" --pidfd-socket pidfd.sock "$ID" sleep 1000 </dev/null >"$WORK/out" 2>&1
	wait_for [ -s "$WORK/pidfd.out" ]
	assert_equal "$(cat "$WORK/pidfd.out")" "name=setns pid=$(cat "$WORK/exec.pid")"
}

@test "--pidfd-socket: run sends it; where nobody listens nothing is left" {
	pidfd_receive
	config_args true
	runtime run --bundle "$BUNDLE" --pidfd-socket "$WORK/pidfd.sock" "$ID" </dev/null >"$WORK/out" 2>&1
	wait_for grep -q "^name=standard pid=" "$WORK/pidfd.out" # -1 when it is dead already
	run_aside runtime create --bundle "$BUNDLE" --pidfd-socket "$WORK/pidfd.sock" "$ID"
	assert_status 1
	assert_contains --pidfd-socket
	[ ! -e "$WORK/state-${RUNTIME##*/}/$ID" ]
	container_start sleep 1000
	run runtime exec --pidfd-socket "$WORK/none" "$ID" touch /tmp/ran </dev/null
	assert_status 255
	assert_contains --pidfd-socket
	[ ! -e "$ROOTFS/tmp/ran" ]
}

# ---------------------------------------------------------------- NOTIFY_SOCKET

manager_start() {
	cp "$PROBES/notifyd" "$ROOTFS/bin/"
	"$PROBES/notifyd" "$1" >"$WORK/manager.out" 2>&1 3>&- 4>&- &
	HELPERS+=($!)
	wait_for grep -q listening "$WORK/manager.out"
	export NOTIFY_SOCKET=$1
}

is_running() {
	[ "$(container_status)" = running ]
}

# The runtime waits until the manager has taken the last message, not until it is printed.
manager_heard_in_time() {
	wait_for heard "$1" || assert_equal "$(manager_heard)" "$1"
}

heard() {
	[ "$(manager_heard)" = "$1" ]
}

manager_heard() {
	sed -n '1!p' "$WORK/manager.out" | tr '\n' ' '
}

# shellcheck disable=SC2016 # the shell in the container expands
READY='notifyd -s "$NOTIFY_SOCKET" STATUS=starting MAINPID=1 "FDSTORE=1" "READY=2" "X=1
READY=1" && sleep 1000'

@test "NOTIFY_SOCKET: start returns when the container is ready, and the manager hears who it is, and nothing else" {
	manager_start "$WORK/manager.sock"
	config_set '.process.user = {uid: 1000, gid: 1000}'
	config_args sh -c "while [ ! -e /tmp/go ]; do sleep 0.02; done; $READY"
	container_create
	runtime start "$ID" &
	start=$!
	wait_for is_running
	sleep 0.2 # for a start that would not wait to be gone
	kill -0 $start
	touch "$ROOTFS/tmp/go"
	wait $start
	manager_heard_in_time "MAINPID=$(container_pid)|READY=1 BARRIER=1 "
	run runtime exec "$ID" sh -c 'touch /run/notify/x; mv /run/notify/notify.sock /run/notify/y; grep " /run/notify " /proc/self/mountinfo' </dev/null
	assert_contains "Read-only file system"
	assert_contains "ro,nosuid,nodev,noexec"
}

@test "NOTIFY_SOCKET: an abstract one; run stays the manager's main process" {
	manager_start "@${WORK##*/}"
	config_args sh -c "${READY% && *}; exit 5"
	run runtime run --bundle "$BUNDLE" "$ID" </dev/null
	assert_status 5
	manager_heard_in_time "READY=1 BARRIER=1 "
}

@test "NOTIFY_SOCKET: run --detach waits as start does" {
	manager_start "$WORK/manager.sock"
	config_args sh -c "$READY"
	runtime run --detach --pid-file "$WORK/$ID.pid" --bundle "$BUNDLE" "$ID" </dev/null >"$WORK/out" 2>&1
	manager_heard_in_time "MAINPID=$(container_pid)|READY=1 BARRIER=1 "
}

@test "NOTIFY_SOCKET: a container that ends unready does not keep start; without the variable there is nothing" {
	manager_start "$WORK/manager.sock"
	config_args true
	container_create
	runtime start "$ID"
	assert_equal "$(manager_heard)" ""
	runtime delete --force "$ID"
	unset NOTIFY_SOCKET
	container_start sleep 1000
	run runtime exec "$ID" cat /proc/self/mountinfo </dev/null
	assert_lacks notify
	run cat "/proc/$(container_pid)/environ"
	assert_lacks NOTIFY_SOCKET
}

@test "NOTIFY_SOCKET: a manager that is gone is an error that stops nobody else" {
	export NOTIFY_SOCKET=$WORK/none
	cp "$PROBES/notifyd" "$ROOTFS/bin/"
	config_args sh -c "${READY% && *}; exit 5"
	run runtime run --bundle "$BUNDLE" "$ID" </dev/null
	assert_status 5
	assert_contains "$WORK/none"
	config_args sh -c "$READY"
	container_create
	run runtime start "$ID"
	assert_status 1
	assert_contains "$WORK/none"
	assert_equal "$(container_status)" running
}

# ---------------------------------------------------------------- LISTEN_FDS

@test "LISTEN_FDS: descriptors and variables reach the process, before those of --preserve-fds" {
	echo three >"$WORK/three"
	echo four >"$WORK/four"
	echo five >"$WORK/five"
	# shellcheck disable=SC2016 # the shell in the container expands
	config_args sh -c 'cat <&3; cat <&4; [ ! -e /proc/self/fd/5 ] || cat <&5; echo $LISTEN_FDS $LISTEN_PID $LISTEN_FDNAMES'
	config_set '.process.env += ["LISTEN_FDS=9", "LISTEN_PID=77"]'
	local run=("$RUNTIME" --root "$WORK/state-${RUNTIME##*/}" run --bundle "$BUNDLE")
	# shellcheck disable=SC2016 # the inner shell expands
	local as_manager='export LISTEN_FDS=2 LISTEN_FDNAMES=web:admin LISTEN_PID=$$; exec "$@"'
	output=$(timeout 60 sh -c "$as_manager" sh "${run[@]}" "$ID" </dev/null 3<"$WORK/three" 4<"$WORK/four" 5<"$WORK/five")
	assert_equal "$(tr '\n' ' ' <<<"$output")" "three four 2 1 web:admin "
	output=$(timeout 60 sh -c "$as_manager" sh "${run[@]}" --preserve-fds 1 "$ID" </dev/null 3<"$WORK/three" \
		4<"$WORK/four" 5<"$WORK/five")
	assert_equal "$(tr '\n' ' ' <<<"$output")" "three four five 2 1 web:admin "
}

@test "LISTEN_FDS: meant for another process it means nothing; broken it is refused" {
	echo three >"$WORK/three"
	# shellcheck disable=SC2016 # the shell in the container expands
	config_args sh -c 'echo "${LISTEN_FDS-none}"; [ ! -e /proc/self/fd/3 ] || cat <&3'
	local run=("$RUNTIME" --root "$WORK/state-${RUNTIME##*/}" run --bundle "$BUNDLE" "$ID")
	output=$(LISTEN_FDS=1 LISTEN_PID=1 timeout 60 "${run[@]}" </dev/null 3<"$WORK/three")
	assert_equal "$output" none
	for n in -1 x 99999999999 5000; do
		# shellcheck disable=SC2016 # the inner shell expands
		run timeout 60 sh -c 'export LISTEN_FDS=$1 LISTEN_PID=$$; shift; exec "$@"' sh "$n" "${run[@]}" </dev/null 3>&-
		assert_refused LISTEN_FDS
	done
	# shellcheck disable=SC2016 # the inner shell expands
	run timeout 60 sh -c 'export LISTEN_FDS=50 LISTEN_PID=$$; exec "$@"' sh "${run[@]}" </dev/null 3>&-
	assert_status 1
}

# ---------------------------------------------------------------- exec

# A cgroup "sub/deep" below the container's in every hierarchy, fit for a process.
sub_cgroups_make() {
	local folder file
	cgroup_folders "$CGROUP/$ID" | while read -r folder; do
		for sub in "$folder/sub" "$folder/sub/deep"; do
			mkdir "$sub"
			for file in cpuset.cpus cpuset.mems; do
				[ ! -e "$folder/$file" ] || [ ! -e "$folder/tasks" ] || cat "$folder/$file" >"$sub/$file"
			done
		done
	done
}

# exec_cgroup CONTROLLER ARG...: where a process of exec is, below the container's cgroup
exec_cgroup() {
	local controller=$1
	shift
	rm -f "$WORK/exec.pid"
	runtime exec --detach --pid-file "$WORK/exec.pid" "$@" "$ID" sleep 1000 </dev/null >/dev/null 2>&1 || return
	awk -F: -v c="$controller" -v base="$CGROUP/$ID" '{ n = split($2, a, ","); for (i = 1; i <= n; i++) if (a[i] == c) {
		sub(".*" base, "", $3); print $3; exit } }' "/proc/$(cat "$WORK/exec.pid")/cgroup"
}

# bats test_tags=vm-oldest
@test "exec --cgroup: a path for all hierarchies" {
	local line
	container_start sleep 1000
	sub_cgroups_make
	exec_cgroup pids --cgroup sub/deep
	while IFS=: read -r _ _ line; do
		case $line in
		*"$CGROUP/$ID/sub/deep") ;;
		*) fail "in '$line'" ;;
		esac
	done < <(grep -F "$CGROUP" "/proc/$(cat "$WORK/exec.pid")/cgroup")
	exec_cgroup pids --cgroup /sub
	grep -q "$CGROUP/$ID/sub$" "/proc/$(cat "$WORK/exec.pid")/cgroup"
	exec_cgroup pids --cgroup /
	run cat "/proc/$(cat "$WORK/exec.pid")/cgroup"
	assert_lacks sub
}

@test "exec --cgroup: one for some controllers of v1" {
	requires_bulwark
	cgroup_is_v2 pids && skip_or_fail "cgroup v2 only"
	container_start sleep 1000
	sub_cgroups_make
	assert_equal "$(exec_cgroup pids --cgroup pids:sub)" /sub
	assert_equal "$(exec_cgroup memory --cgroup pids:sub)" ""
	assert_equal "$(exec_cgroup memory --cgroup pids:sub --cgroup memory:sub/deep)" /sub/deep
	assert_equal "$(exec_cgroup cpuacct --cgroup cpu,cpuacct,pids:sub)" /sub
}

@test "exec --cgroup: what is elsewhere, not there or said twice is refused" {
	requires_bulwark
	local word
	container_start sleep 1000
	sub_cgroups_make
	for word in ../other sub/../../x none bogus:sub :sub pids,:sub ,pids:sub cgroup.procs; do
		run runtime exec --cgroup "$word" "$ID" touch /tmp/ran </dev/null
		assert_status 255
		assert_contains "--cgroup"
	done
	run runtime exec --cgroup sub --cgroup sub/deep "$ID" touch /tmp/ran </dev/null
	assert_status 255
	assert_contains CONTROLLER
	[ ! -e "$ROOTFS/tmp/ran" ]
	if ! cgroup_is_v2 pids; then
		run runtime exec --cgroup pids:sub --cgroup pids:sub/deep "$ID" touch /tmp/ran </dev/null
		assert_refused "--cgroup" "already"
	fi
}

@test "exec: the short flags, and those of labels" {
	container_start sleep 1000
	run runtime exec -u 1000:1001 -g 7 -g 8 -e A=1 -e A=2 -e PATH=/nowhere "$ID" /bin/sh -c \
		'echo $A; /bin/id -u; /bin/id -g; /bin/grep ^Groups: /proc/self/status' </dev/null
	assert_equal "$(tr -s ' \t\n' ' ' <<<"$output")" "2 1000 1001 Groups: 7 8 "
	run runtime exec --no-new-privs "$ID" grep NoNewPrivs /proc/self/status </dev/null
	assert_equal "$output" $'NoNewPrivs:\t1'
	run runtime exec -u root "$ID" true </dev/null
	assert_status 255
	if is_bulwark; then
		run runtime exec --process-label system_u:system_r:container_t:s0 "$ID" true </dev/null
		assert_refused selinuxLabel
	fi
}

@test "exec --preserve-fds: passes on what it counts" {
	echo three >"$WORK/three"
	container_start sleep 1000
	output=$(timeout 60 "$RUNTIME" --root "$WORK/state-${RUNTIME##*/}" exec --preserve-fds 1 "$ID" \
		sh -c 'cat <&3; [ -e /proc/self/fd/4 ] || echo no 4' </dev/null 3<"$WORK/three" 4</)
	assert_equal "$(tr '\n' ' ' <<<"$output")" "three no 4 "
}

# ---------------------------------------------------------------- what a program that does not run says

@test "a program that cannot run: run, exec and create say it in the words engines look for" {
	local what
	mkdir "$ROOTFS/folder"
	touch "$ROOTFS/tmp/plain"
	printf '#!/no/such/interpreter\n' >"$ROOTFS/tmp/script"
	echo nonsense >"$ROOTFS/tmp/nonsense"
	chmod +x "$ROOTFS/tmp/script" "$ROOTFS/tmp/nonsense"
	container_start sleep 1000
	config_set --arg cgroup "$CGROUP/other" '.linux.cgroupsPath = $cgroup'
	while IFS='|' read -r program words; do
		run runtime exec "$ID" "$program" </dev/null
		assert_status 255
		assert_contains "$words"
		config_args "$program"
		run_aside runtime create --bundle "$BUNDLE" other
		assert_status 1
		assert_contains "$words"
	done <<'END'
nothing|exec: "nothing": executable file not found in $PATH
/no/thing|exec: "/no/thing": stat /no/thing: no such file or directory
./thing|exec: "./thing": stat ./thing: no such file or directory
/etc/passwd/x|exec: "/etc/passwd/x": stat /etc/passwd/x: not a directory
/tmp/plain|exec: "/tmp/plain": permission denied
END
	run runtime exec "$ID" /folder </dev/null
	assert_contains "permission denied"
	# found, but the kernel will not have it: known only when it runs
	for what in "/tmp/script|no such file or directory" "/tmp/nonsense|exec format error"; do
		run runtime exec "$ID" "${what%|*}" </dev/null
		assert_status 255
		assert_contains "exec ${what%|*}: ${what#*|}"
		config_args "${what%|*}"
		run runtime run --bundle "$BUNDLE" other </dev/null
		assert_status 255
		assert_contains "exec ${what%|*}: ${what#*|}"
	done
}

# ---------------------------------------------------------------- --cgroup-manager

# Of a process, without the hierarchies that the test's own shell may be moved in meanwhile: none is.
cgroups_of() {
	sort "/proc/$1/cgroup"
}

# no cgroups here: what the test's own process is in, it stays in
without_cgroup() {
	config_set 'del(.linux.cgroupsPath) | .mounts += [{destination: "/sys/fs/cgroup", type: "cgroup", source: "cgroup",
		options: ["nosuid", "noexec", "nodev"]}]'
}

no_cgroup_made() {
	assert_equal "$(find /sys/fs/cgroup -type d -newer "$BUNDLE/config.json" -name "*$ID*")" ""
}

# bats test_tags=vm-oldest
@test "--cgroup-manager disabled: a container in the caller's cgroups, and none is touched" {
	requires_bulwark
	without_cgroup
	config_args sleep 1000
	runtime --cgroup-manager disabled create --bundle "$BUNDLE" --pid-file "$WORK/$ID.pid" "$ID" </dev/null >"$WORK/out" 2>&1
	runtime --cgroup-manager=disabled start "$ID"
	assert_equal "$(cgroups_of "$(container_pid)")" "$(cgroups_of $$)"
	no_cgroup_made
	runtime exec --cap CAP_SYS_ADMIN --detach --pid-file "$WORK/exec.pid" "$ID" unshare -p -f sleep 1000 </dev/null >/dev/null 2>&1
	assert_equal "$(cgroups_of "$(cat "$WORK/exec.pid")")" "$(cgroups_of $$)"
	run runtime exec "$ID" sh -c 'find /sys/fs/cgroup | wc -l; mknod /tmp/sda b 8 0; mkdir /sys/fs/cgroup/x' </dev/null
	assert_contains "Operation not permitted"
	assert_equal "${lines[0]}" 1
	wait_for ps_shows 3
	assert_contains "$(container_pid)"
	for verb in "pause" "update --memory 100M" "update --pids-limit 10"; do
		# shellcheck disable=SC2086 # words
		run runtime $verb "$ID"
		assert_status 1
	done
	# all of it, a nested pid namespace too, and nobody else
	runtime kill --all "$ID" TERM
	wait_for process_is_dead "$(cat "$WORK/exec.pid")"
	runtime kill --all "$ID" KILL
	container_wait
	assert_equal "$(container_status)" stopped
	runtime delete "$ID"
	no_cgroup_made
	kill -0 $$
}

ps_shows() {
	run runtime ps --format json "$ID"
	[ "$(jq length <<<"$output")" -eq "$1" ]
}

@test "--cgroup-manager disabled: delete --force; limits are refused; a device node of the image does nothing" {
	requires_bulwark
	without_cgroup
	mknod "$ROOTFS/node" c 1 5 # zero
	chmod 0666 "$ROOTFS/node"
	config_args sh -c 'head -c 1 /dev/zero | wc -c; head -c 1 /node'
	run runtime --cgroup-manager disabled run --bundle "$BUNDLE" "$ID" </dev/null
	assert_contains 1
	assert_contains denied
	config_args sleep 1000
	runtime --cgroup-manager disabled run --detach --bundle "$BUNDLE" --pid-file "$WORK/$ID.pid" "$ID" </dev/null >"$WORK/out" 2>&1
	runtime delete --force "$ID"
	process_is_dead "$(container_pid)"
	for limit in '.memory.limit = 100000000' '.pids.limit = 10' '.cpu.quota = 1000' '.unified = {"pids.max": "5"}'; do
		bundle_new
		without_cgroup
		config_set ".linux.resources$limit"
		run_aside runtime --cgroup-manager disabled create --bundle "$BUNDLE" "$ID"
		assert_refused cgroup
	done
}

@test "--cgroup-manager: cgroupfs is the default, others are refused, so are contradictions" {
	requires_bulwark
	config_args true
	runtime --cgroup-manager cgroupfs run --bundle "$BUNDLE" "$ID" </dev/null
	run runtime --cgroup-manager none run --bundle "$BUNDLE" "$ID" </dev/null
	assert_refused --cgroup-manager none
	run runtime --systemd-cgroup --cgroup-manager disabled run --bundle "$BUNDLE" "$ID" </dev/null
	assert_refused --systemd-cgroup disabled
	if [ ! -d /run/systemd/system ]; then
		run runtime --cgroup-manager systemd run --bundle "$BUNDLE" "$ID" </dev/null
		assert_refused systemd
	fi
}

# ---------------------------------------------------------------- --config; what is refused by name

@test "--config: another file than the bundle's, for create, run and what exec starts from" {
	requires_bulwark
	config_args sh -c 'echo from $WHERE; sleep 1000'
	jq '.process.env += ["WHERE=elsewhere"] | .process.cwd = "/tmp"' "$BUNDLE/config.json" >"$WORK/other.json"
	rm "$BUNDLE/config.json"
	cd "$WORK" # a relative name counts from here, not from the bundle
	runtime create --bundle "$BUNDLE" --config other.json --pid-file "$WORK/$ID.pid" "$ID" </dev/null >"$WORK/out" 2>&1
	runtime start "$ID"
	wait_for grep -q "from elsewhere" "$WORK/out"
	run runtime exec "$ID" sh -c 'echo $WHERE; pwd' </dev/null
	assert_equal "$(tr '\n' ' ' <<<"$output")" "elsewhere /tmp "
	runtime delete --force "$ID"
	jq '.process.args = ["sh", "-c", "echo $WHERE"]' other.json >run.json
	run runtime run -f "$WORK/run.json" --bundle "$BUNDLE" "$ID" </dev/null
	assert_equal "$output" elsewhere
	run_aside runtime create --bundle "$BUNDLE" --config "$WORK/none.json" "$ID"
	assert_status 1
	assert_contains none.json
}

@test "exit codes: an unknown command is 3, what is refused 1, of exec 255; unknown options are named" {
	requires_bulwark
	run runtime no-such-verb
	assert_status 3
	for words in "kill --regex x" "delete --regex x" "create" "run --nonsense x" "state" "start a b" "pause none"; do
		# shellcheck disable=SC2086 # words
		run runtime $words
		assert_status 1
	done
	run runtime kill --regex x
	assert_contains --regex
	run runtime exec none true
	assert_status 255
	run runtime exec
	assert_status 1
	run runtime spec --rootless
	assert_refused rootless
}

@test "run --keep: the container stays, with what it left" {
	config_args true
	runtime run --keep --no-subreaper --bundle "$BUNDLE" "$ID" </dev/null
	assert_equal "$(container_status)" stopped
	run runtime list -q
	assert_equal "$output" "$ID"
	runtime delete "$ID"
}

# ---------------------------------------------------------------- whole command lines

@test "calls: as containerd's shim and BuildKit make them" {
	local json=(--log "$WORK/log.json" --log-format json)
	config_args sleep 1000
	runtime --root "$WORK/state-${RUNTIME##*/}" "${json[@]}" --rootless=false --debug create --bundle "$BUNDLE" \
		--pid-file "$WORK/$ID.pid" --no-pivot --no-new-keyring "$ID" </dev/null >"$WORK/out" 2>&1
	runtime "${json[@]}" start "$ID"
	assert_equal "$(runtime "${json[@]}" state "$ID" | jq -r .status)" running
	assert_equal "$(runtime "${json[@]}" list --format=json | jq -r '.[].id')" "$ID"
	assert_equal "$(runtime "${json[@]}" ps --format json "$ID" | jq -c .)" "[$(container_pid)]"
	runtime "${json[@]}" events --stats "$ID" | jq -e '.type == "stats" and .id and (.data | has("pids") and has("memory"))'
	runtime "${json[@]}" update --resources=- "$ID" <<<'{"pids": {"limit": 40}}'
	run runtime "${json[@]}" exec --process "$WORK/none.json" --detach --pid-file "$WORK/exec.pid" "$ID"
	assert_status 255
	jq -es 'map(select(.level == "error")) | length == 1 and (.[0] | .msg and .time)' "$WORK/log.json"
	runtime "${json[@]}" pause "$ID"
	runtime "${json[@]}" resume "$ID"
	runtime "${json[@]}" kill --all "$ID" 9
	container_wait
	runtime "${json[@]}" delete "$ID"
	runtime "${json[@]}" run --bundle "$BUNDLE" --keep --no-pivot "$ID" </dev/null >"$WORK/out" 2>&1 &
	wait_for test -d "$WORK/state-${RUNTIME##*/}/$ID"
	wait_for runs
	runtime "${json[@]}" kill "$ID" 9
	wait_for stopped
	runtime "${json[@]}" delete --force "$ID"
}

runs() { [ "$(container_status 2>/dev/null)" = running ]; }
stopped() { [ "$(container_status)" = stopped ]; }

@test "calls: as conmon, CRI-O, Podman and Buildah make them" {
	config_args sleep 1000
	echo kept >"$WORK/kept"
	timeout 60 "$RUNTIME" --root "$WORK/state-${RUNTIME##*/}" --log-format=json --log="$WORK/log.json" create \
		--bundle "$BUNDLE" --pid-file "$WORK/$ID.pid" --no-pivot --no-new-keyring --preserve-fds 1 "$ID" \
		</dev/null >"$WORK/out" 2>&1 3<"$WORK/kept" 4>&-
	runtime start "$ID"
	jq '.process | .args = ["sh", "-c", "echo probe; exit 3"]' "$BUNDLE/config.json" >"$WORK/process.json"
	run runtime exec --process "$WORK/process.json" "$ID" </dev/null
	assert_status 3
	assert_equal "$output" probe
	runtime exec --pid-file "$WORK/exec.pid" --process "$WORK/process.json" --detach --preserve-fds 0 "$ID" </dev/null >"$WORK/out" 2>&1
	runtime update --resources - "$ID" <<<'{"pids": {"limit": 40}}'
	echo '{"pids": {"limit": 41}}' >"$WORK/limits"
	runtime update --resources="$WORK/limits" "$ID"
	[[ "$(runtime state "$ID" | jq -r .status)" =~ ^(creating|created|running|stopped)$ ]]
	runtime kill "$ID" SIGWINCH
	runtime kill -a "$ID" KILL
	container_wait
	run runtime kill "$ID" TERM
	assert_status 1
	assert_contains "container not running"
	runtime delete --force "$ID"
	runtime delete --force "$ID"
}

@test "--rootless, --log-format: what cannot be is refused by name" {
	requires_bulwark
	run runtime --rootless=true list
	assert_refused --rootless=true
	run runtime --rootless=maybe list
	assert_refused --rootless
	run runtime --log-format xml list
	assert_refused --log-format
	run runtime --log "$WORK/none/log" list
	assert_status 1
}
