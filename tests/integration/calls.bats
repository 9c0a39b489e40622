#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# calls - sysinfo(2) and sched_getaffinity(2) say what /proc and /sys say, whoever asks, and whatever becomes of who answers.
#
# What the numbers are is tested in tests/unit/test_emu*.c; what a worker may do that was taken over, in monitor.bats.

load helpers
load monitor

setup() {
	common_setup
	requires_fuse
}

listeners() { # KEEPER
	find "/proc/$1/fd" -lname 'anon_inode:seccomp notify' | wc -l
}

has_listeners() { # KEEPER COUNT
	[ "$(listeners "$1")" -eq "$2" ]
}

# One cpu of two, by quota alone: the kernel's own mask has both
limited() { # COMMAND...
	config_set '.linux.resources.memory.limit = 268435456 | .linux.resources.cpu = {quota: 90000, period: 100000}'
	container_start "$@"
}

both_show() { # exec's options: the limits, in the files and in the calls
	run runtime exec "$@" sh -c 'free -b | awk "/^Mem:/ { print \$2 }"; awk "/^MemTotal:/ { print \$2 * 1024 }" /proc/meminfo
		nproc; grep -c ^processor /proc/cpuinfo; figures affinity 64 | tr -d cpus=; cat /sys/devices/system/cpu/online'
	assert_status 0
	assert_equal "${lines[0]} ${lines[1]}" "268435456 268435456"
	assert_equal "${lines[2]} ${lines[3]}" "1 1"
	assert_equal "${lines[4]}" "${lines[5]}"
}

# ---------------------------------------------------------------- who asks

# bats test_tags=vm-once
@test "calls: free and nproc agree with the files, in init, by exec, as another user and without new privileges" {
	[ "$(nproc)" -ge 2 ] || skip_or_fail "one cpu alone"
	config_set '.process.noNewPrivileges = false'
	limited sh -c 'free -b >/tmp/free; nproc >/tmp/nproc; exec sleep 1000'
	wait_for [ -s "$ROOTFS/tmp/nproc" ]
	assert_equal "$(awk '/^Mem:/ { print $2 }' "$ROOTFS/tmp/free")" 268435456
	assert_equal "$(cat "$ROOTFS/tmp/nproc")" 1
	both_show "$ID"
	both_show --user 1000:1000 "$ID"
	both_show --no-new-privs --user 1000:1000 "$ID"
	run runtime exec "$ID" unshare -U sh -c 'id -u; figures sysinfo 64; nproc' # in a user namespace below
	assert_equal "${lines[0]}" 65534
	assert_contains "total=268435456 "
	assert_equal "${lines[2]}" 1
	# without us: all that the machine has
	[ "$(free -b | awk '/^Mem:/ { print $2 }')" -gt 268435456 ]
}

# bats test_tags=vm
@test "calls: 32-bit and x32 programs are told the same, and memory is written as the kernel would" {
	local way
	limited sleep 1000
	for way in 64 x32 32; do
		if [ $way = 32 ] && ! "$PROBES/figures" has32; then
			[ "${BULWARK_GUEST:-0}" = 0 ] || fail "a guest's kernel runs 32-bit programs"
			continue
		fi
		run runtime exec "$ID" figures sysinfo $way
		assert_status 0
		assert_contains "total=268435456 "
		run runtime exec "$ID" figures affinity $way
		assert_equal "$output" "cpus=$(runtime exec "$ID" cat /sys/devices/system/cpu/online)"
	done
	run runtime exec "$ID" figures edges
	assert_equal "$output" right
}

@test "calls: other tasks are named by their numbers inside" {
	local online
	limited sleep 1000
	online=$(runtime exec "$ID" cat /sys/devices/system/cpu/online)
	assert_equal "$(runtime exec "$ID" figures affinity 64 1)" "cpus=$online"
	run ! runtime exec "$ID" figures affinity 64 "$(container_pid)" # the host's number means nobody
	assert_equal "$output" ESRCH
}

@test "calls: a mask of the process's own is cut to what is shown, and left alone where nothing would be left" {
	local online
	[ "$(nproc)" -ge 2 ] || skip_or_fail "one cpu alone"
	limited sleep 1000
	online=$(runtime exec "$ID" cat /sys/devices/system/cpu/online)
	assert_equal "$(runtime exec "$ID" taskset 3 figures affinity 64)" "cpus=$online"
	assert_equal "$(runtime exec "$ID" taskset $((2 - online)) figures affinity 64)" "cpus=$((1 - online))"
}

# nested_folders: below the container's, "sub" with half its memory. On v2 its processes make room first, as systemd inside does.
nested_folders() {
	cgroup_folders "$CGROUP/$ID" | while read -r folder; do
		if [ -e "$folder/cgroup.subtree_control" ] && cgroup_is_v2 memory; then
			mkdir "$folder/leaf"
			container_pid >"$folder/leaf/cgroup.procs"
			echo +memory >"$folder/cgroup.subtree_control"
		fi
		mkdir "$folder/sub"
		[ ! -e "$folder/sub/memory.limit_in_bytes" ] || echo 64M >"$folder/sub/memory.limit_in_bytes"
		[ ! -e "$folder/sub/memory.max" ] || echo 64M >"$folder/sub/memory.max"
		[ ! -e "$folder/sub/cpuset.cpus" ] || cat "$folder/cpuset.cpus" >"$folder/sub/cpuset.cpus"
		[ ! -e "$folder/sub/cpuset.mems" ] || cat "$folder/cpuset.mems" >"$folder/sub/cpuset.mems"
	done
}

# bats test_tags=vm-once
@test "calls: another limit shows at once, and a process in a nested cgroup is told its own" {
	limited sleep 1000
	runtime update --memory 128M "$ID"
	assert_equal "$(runtime exec "$ID" free -b | awk '/^Mem:/ { print $2 }')" 134217728
	nested_folders
	run runtime exec --cgroup sub "$ID" sh -c 'free -b | awk "/^Mem:/ { print \$2 }"; awk "/^MemTotal:/ { print \$2 * 1024 }" /proc/meminfo'
	assert_equal "$output" "67108864
67108864"
	assert_equal "$(runtime exec "$ID" free -b | awk '/^Mem:/ { print $2 }')" 134217728
}

@test "calls: a profile that allows them does not stand in the way, one that refuses them decides" {
	config_set '.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", syscalls: [
		{names: ["sched_getaffinity"], action: "SCMP_ACT_ERRNO", errnoRet: 95}, {names: ["sysinfo"], action: "SCMP_ACT_LOG"}]}'
	limited sleep 1000
	run ! runtime exec "$ID" figures affinity 64
	assert_equal "$output" EOPNOTSUPP
	run runtime exec "$ID" figures sysinfo 64
	assert_contains "total=268435456 "
	[[ "$(runtime state "$ID" | jq -r '.annotations["io.bulwark.degraded"]')" != *emul* ]]
}

@test "calls: a filter of the container's own with a listener is refused, one without works" {
	limited sleep 1000
	run runtime exec "$ID" figures listener
	assert_equal "$output" EBUSY
}

# ---------------------------------------------------------------- the death of who answers

# bats test_tags=vm-once
@test "calls: the worker killed every 20 ms while eight threads ask: no answer fails or differs" {
	local keeper worker kills=0 answers=0 asker end=$((SECONDS + 2 * PATIENCE))
	limited sleep 1000
	keeper=$(keeper_pid)
	exec {sleeper}<> <(:)
	# Once is enough, but for a guest on a busy machine.
	until [ $kills -ge 18 ] && [ $answers -gt 50 ]; do
		[ $SECONDS -lt $end ] || fail "$kills kills, $answers answers"
		runtime exec "$ID" figures load 6 8 >"$WORK/answers" 2>&1 &
		asker=$!
		while kill -0 $asker 2>/dev/null; do
			read -r -t 0.02 -u $sleeper || :
			worker=$(worker_pid "$keeper")
			[ -n "$worker" ] || continue
			kill -KILL "$worker" 2>/dev/null && kills=$((kills + 1))
		done
		wait $asker || fail "$(cat "$WORK/answers")"
		echo "# $kills kills: $(cat "$WORK/answers")" >&3
		[[ "$(cat "$WORK/answers")" =~ ^ok=([0-9]+)\ failed=0$ ]] || fail "$(cat "$WORK/answers")"
		answers=$((answers + BASH_REMATCH[1]))
	done
	exec {sleeper}<&-
}

# bats test_tags=vm-once
@test "calls: the keeper killed: ENOSYS for who waits, who runs and who comes, nothing hangs, delete leaves nothing" {
	local keeper worker
	limited sh -c 'while [ ! -e /tmp/go ]; do sleep 0.1; done; figures sysinfo 64 >/tmp/init; free >/tmp/free 2>&1; nproc >/tmp/nproc 2>&1
		touch /tmp/done; exec sleep 1000'
	keeper=$(keeper_pid) worker=$(worker_pid "$(keeper_pid)")
	kill -STOP "$keeper"
	runtime exec --detach "$ID" sh -c 'figures wait >/tmp/wait' >/dev/null
	wait_for grep -q asks "$ROOTFS/tmp/wait"
	kill -KILL "$keeper"
	"$PROBES/await" "$worker" $((PATIENCE * 1000))
	wait_for grep -q ENOSYS "$ROOTFS/tmp/wait"
	touch "$ROOTFS/tmp/go"
	wait_for [ -e "$ROOTFS/tmp/done" ]
	assert_equal "$(cat "$ROOTFS/tmp/init")" ENOSYS
	run timeout $PATIENCE "$RUNTIME" --root "$WORK/state-bulwark" exec "$ID" figures sysinfo 64
	assert_equal "$output" ENOSYS
	run timeout $PATIENCE "$RUNTIME" --root "$WORK/state-bulwark" exec "$ID" figures affinity 64
	assert_equal "$output" ENOSYS
	run timeout $PATIENCE "$RUNTIME" --root "$WORK/state-bulwark" exec "$ID" nproc
	[ "$status" -ne 124 ]
	assert_equal "$(runtime state "$ID" | jq -r '.annotations["io.bulwark.degraded"] | split(",") | last')" emulation
	runtime delete --force "$ID"
}

@test "calls: a keeper that does not answer holds up nobody but who asks, and who asks can be killed" {
	local keeper asker
	limited sleep 1000
	keeper=$(keeper_pid)
	kill -STOP "$keeper"
	run timeout $PATIENCE "$RUNTIME" --root "$WORK/state-bulwark" exec "$ID" echo alive
	assert_equal "$output" alive
	runtime exec --detach --pid-file "$WORK/asker" "$ID" sh -c 'exec figures wait >/tmp/wait' >/dev/null
	asker=$(cat "$WORK/asker")
	wait_for grep -q asks "$ROOTFS/tmp/wait"
	kill -KILL "$asker"
	"$PROBES/await" "$asker" $((PATIENCE * 1000))
	kill -CONT "$keeper"
	assert_equal "$(runtime exec "$ID" nproc)" 1
}

# ---------------------------------------------------------------- limits

@test "calls: a listener goes with the last process that has its filter" {
	local keeper
	limited sh -c 'while :; do sleep 1000 & wait $!; done' # who reaps: before Linux 6.11 a zombie has its filter
	keeper=$(keeper_pid)
	wait_for has_listeners "$keeper" 1 # it takes them by and by
	runtime exec --detach --pid-file "$WORK/a" "$ID" sh -c 'sleep 1000 & exec sleep 1000' >/dev/null
	runtime exec "$ID" true
	wait_for has_listeners "$keeper" 2
	wait_for pgrep -P "$(cat "$WORK/a")" >/dev/null
	kill -KILL "$(cat "$WORK/a")" # its child lives on
	"$PROBES/await" "$(cat "$WORK/a")" $((PATIENCE * 1000))
	assert_equal "$(runtime exec "$ID" nproc)" 1
	wait_for has_listeners "$keeper" 2
	runtime exec "$ID" killall -KILL sleep # but not pid 1, which nobody inside can kill
	wait_for has_listeners "$keeper" 1
}

@test "calls: 300 listeners at once: those beyond 256 get ENOSYS, and all is well when they are gone" {
	local keeper
	limited sleep 1000
	keeper=$(keeper_pid)
	"$PROBES/figures" listeners 300 "$WORK/state-bulwark/$ID/calls.sock" >"$WORK/many" 3>&- 4>&- &
	HELPERS+=($!)
	wait_for grep -q "^sent" "$WORK/many"
	wait_for has_listeners "$keeper" 256
	run runtime exec "$ID" figures sysinfo 64
	assert_equal "$output" ENOSYS
	kill -0 "$keeper"
	kill -KILL "${HELPERS[0]}"
	wait "${HELPERS[0]}" || :
	wait_for has_listeners "$keeper" 1
	run runtime exec "$ID" figures sysinfo 64
	assert_contains "total=268435456 "
}

@test "calls: the keeper takes listeners from the host's root alone, and nothing else" {
	local keeper open
	limited sleep 1000
	keeper=$(keeper_pid)
	assert_equal "$(stat -c %U:%a "$WORK/state-bulwark/$ID")" root:700
	wait_for has_listeners "$keeper" 1
	open=$(find "/proc/$keeper/fd" | wc -l)
	"$PROBES/figures" junk "$WORK/state-bulwark/$ID/calls.sock"
	chmod 755 "$WORK" "$WORK/state-bulwark" "$WORK/state-bulwark/$ID"
	chmod 777 "$WORK/state-bulwark/$ID/calls.sock" # somebody may reach it all the same
	cp "$PROBES/figures" "$WORK/figures" # the build may be in root's home
	as_user "$WORK/figures" listeners 1 "$WORK/state-bulwark/$ID/calls.sock" >"$WORK/many" 3>&- 4>&- &
	HELPERS+=($!)
	wait_for grep -q "^sent" "$WORK/many"
	assert_equal "$(runtime exec "$ID" nproc)" 1 # so it has seen all that came before
	wait_for has_listeners "$keeper" 1
	assert_equal "$(find "/proc/$keeper/fd" | wc -l)" "$open"
	pkill -KILL -f "^$WORK/figures listeners 1 " # the helper is a shell that waits for it
}
