#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# monitor - bulwark-monitor: the container's own figures in /proc and /sys, served by a process that may be killed.
#
# What the files say is tested in tests/unit/test_emu*.c; here is that they are there, whose they are, and what becomes of
# them. FULL=1 lets the crash test run for thirty seconds.

load helpers
load monitor

setup() {
	common_setup
	requires_fuse
}

pss_is_below() { # KIB KEEPER
	[ "$(awk '/^Pss:/ { n += $2 } END { print n }' "/proc/$2/smaps_rollup" \
		"/proc/$(worker_pid "$2")/smaps_rollup")" -lt "$1" ]
}

# ---------------------------------------------------------------- what is seen

# bats test_tags=vm-oldest
@test "monitor: free, nproc and the files of /proc and /sys follow the limits" {
	limited sleep 1000
	run runtime exec "$ID" sh -c 'grep ^MemTotal: /proc/meminfo; nproc; grep -c ^processor /proc/cpuinfo;
		cat /sys/devices/system/cpu/online; grep -c "^cpu[0-9]" /proc/stat; ls -d /sys/devices/system/cpu/cpu[0-9]*'
	assert_status 0
	assert_equal "$output" "MemTotal:         262144 kB
1
1
0
1
/sys/devices/system/cpu/cpu0"
}

@test "monitor: another limit shows at once" {
	limited sleep 1000
	runtime update --memory 128M "$ID"
	run runtime exec "$ID" grep ^MemTotal: /proc/meminfo
	assert_equal "$output" "MemTotal:         131072 kB"
}

# bats test_tags=vm-once
@test "monitor: the files are read whole by read(2), by sendfile(2) and from a kept descriptor" {
	limited sleep 1000
	# busybox's cat is sendfile(2); dd is read(2)
	run runtime exec "$ID" sh -c 'for i in 1 2 3; do
		for file in /proc/meminfo /proc/cpuinfo /proc/swaps /proc/sys/vm/swappiness /sys/devices/system/cpu/online; do
			a=$(cat $file | wc -l) b=$(dd if=$file bs=100 2>/dev/null | wc -l)
			[ "$a" -gt 0 ] && [ "$a" = "$b" ] || echo "$file: $a and $b lines"
			[ "$(cat $file | tr -d "\\0" | wc -c)" = "$(cat $file | wc -c)" ] || echo "$file: NULs"
			[ "$(tail -n 1 $file)" = "$(dd if=$file bs=64k 2>/dev/null | tail -n 1)" ] || echo "$file: tail"
		done; done'
	assert_status 0
	assert_equal "$output" ""
}

@test "monitor: the files belong to the container's root, are locked, and read-only where procfs is" {
	config_privileged
	config_set '.linux.readonlyPaths = ["/proc/sys/vm"]'
	container_start sleep 1000
	run runtime exec "$ID" sh -c 'stat -c "%u:%g %a" /proc/meminfo /proc/sys/kernel/panic
		umount /proc/meminfo 2>&1; umount -l /proc/sys/kernel/panic 2>&1
		echo 5 >/proc/sys/kernel/panic && cat /proc/sys/kernel/panic
		echo 5 >/proc/sys/vm/swappiness; echo 5 >/proc/meminfo' 2>&1
	assert_contains "0:0 444
0:0 644"
	assert_contains "umount: can't unmount /proc/meminfo: Invalid argument"
	assert_contains "umount: can't unmount /proc/sys/kernel/panic: Invalid argument"
	assert_contains "
5
"
	assert_contains "can't create /proc/sys/vm/swappiness: Read-only file system"
	assert_contains "can't create /proc/meminfo: Read-only file system"
}

# bats test_tags=vm-once
@test "monitor: a sysctl that is written stays the container's, beyond the death of the worker" {
	local before keeper old
	before=$(cat /proc/sys/kernel/panic /proc/sys/vm/swappiness)
	config_privileged
	container_start sleep 1000
	runtime exec "$ID" sh -c 'echo 7 >/proc/sys/kernel/panic; echo 11 >/proc/sys/vm/swappiness'
	keeper=$(keeper_pid)
	old=$(worker_pid "$keeper")
	kill -KILL "$old"
	wait_for has_new_worker "$keeper" "$old"
	run runtime exec "$ID" cat /proc/sys/kernel/panic /proc/sys/vm/swappiness
	assert_equal "$output" "7
11"
	assert_equal "$(cat /proc/sys/kernel/panic /proc/sys/vm/swappiness)" "$before"
	run runtime exec "$ID" sh -c 'echo nonsense >/proc/sys/kernel/panic'
	assert_status 1
	assert_contains "Invalid argument"
}

@test "monitor: who writes a sysctl reads what he wrote, at once and by the same process" {
	config_privileged
	container_start sleep 1000
	run runtime exec "$ID" sh -c 'for i in $(seq 100 140); do
			sh -c "echo $i >/proc/sys/kernel/panic; exec cat /proc/sys/kernel/panic"
		done'
	assert_equal "$output" "$(seq 100 140)"
}

@test "monitor: masked paths stay masked, and what a container mounts there itself stays its own" {
	local VOL
	volume_new figures
	echo "mine" >"$VOL/stat"
	config_mount "$VOL/stat" /proc/stat bind
	config_set '.linux.maskedPaths = ["/proc/diskstats"]'
	container_start sleep 1000
	run runtime exec "$ID" cat /proc/stat /proc/diskstats
	assert_equal "$output" "mine"
}

# ---------------------------------------------------------------- whose it is

# bats test_tags=vm-once
@test "monitor: keeper and worker are out of the container's sight, and have given up what they can" {
	local keeper worker id
	config_privileged
	container_start sleep 1000
	keeper=$(keeper_pid) worker=$(worker_pid "$(keeper_pid)")
	id=$(container_base)
	assert_equal "$(awk '/^CapEff|^CapPrm|^CapInh|^CapAmb/ { print $2 }' "/proc/$worker/status" | sort -u)" 0000000000000000
	assert_equal "$(awk '/^Seccomp:|^NoNewPrivs:/ { print $2 }' "/proc/$worker/status")" "1
2"
	assert_equal "$(awk '/^Uid:/ { print $2, $3, $4, $5 }' "/proc/$worker/status")" "$id $id $id $id"
	# six capabilities: SYS_ADMIN, KILL, SETUID, SETGID, DAC_OVERRIDE, SYS_PTRACE
	assert_equal "$(awk '/^CapEff|^CapBnd/ { print $2 }' "/proc/$keeper/status" | sort -u)" 00000000002800e2
	for pid in "$keeper" "$worker"; do
		assert_equal "$(wc -l <"/proc/$pid/mountinfo")" 1
		[ "$(readlink "/proc/$pid/ns/pid")" = "$(readlink /proc/self/ns/pid)" ]
		[ "$(readlink "/proc/$pid/ns/user")" = "$(readlink /proc/self/ns/user)" ]
		! grep -q "$ID" "/proc/$pid/cgroup" || fail "in the container's cgroup"
		for fd in 0 1 2; do
			assert_equal "$(readlink "/proc/$pid/fd/$fd")" /dev/null
		done
	done
	run runtime exec "$ID" ps
	assert_lacks bulwark-
}

# Where its work is seen: v1, or v2 with the controller
slice_cpu_us() {
	local slice=bulwark-test.slice
	if [ -e /sys/fs/cgroup/cpuacct/$slice/cpuacct.usage ]; then
		echo $(($(cat /sys/fs/cgroup/cpuacct/$slice/cpuacct.usage) / 1000))
	else
		awk '$1 == "usage_usec" { print $2 }' /sys/fs/cgroup/$slice/cpu.stat
	fi
}

# bats test_tags=vm-once
@test "monitor: monitors are in a cgroup of their own, where what readers cost is seen, and weigh as much as one container" {
	local keeper pid before
	container_start sleep 1000
	keeper=$(keeper_pid)
	for pid in "$keeper" "$(worker_pid "$keeper")"; do
		run cat "/proc/$pid/cgroup"
		if [ -e /sys/fs/cgroup/cgroup.controllers ]; then
			assert_equal "$output" 0::/bulwark-test.slice
		else
			[ "$(grep -cE ':(cpu|cpuacct|cpu,cpuacct):/bulwark-test.slice$' <<<"$output")" -ge 1 ]
			assert_lacks "$ID"
		fi
	done
	run cat /sys/fs/cgroup/bulwark-test.slice/cpu.weight /sys/fs/cgroup/cpu/bulwark-test.slice/cpu.shares
	[[ " ${lines[*]} " =~ \ (100|1024)\  ]]
	before=$(slice_cpu_us)
	runtime exec "$ID" readers read 2 2 /proc/meminfo /proc/stat >/dev/null
	[ $(($(slice_cpu_us) - before)) -gt 100000 ]
	kill -KILL "$(worker_pid "$keeper")" # and whoever comes after it
	wait_for has_worker "$keeper"
	grep -q bulwark-test.slice "/proc/$(worker_pid "$keeper")/cgroup"
}

# bats test_tags=vm-once
@test "monitor: nothing on the host waits for a monitor that does not answer" {
	local keeper worker pid
	container_start sleep 1000
	keeper=$(keeper_pid) worker=$(worker_pid "$(keeper_pid)") pid=$(container_pid)
	sync # what others wrote is not what is waited for below
	kill -STOP "$keeper" "$worker"
	run timeout $PATIENCE cat "/proc/$pid/root/proc/meminfo"
	assert_status 1
	run timeout $PATIENCE ls -la "/proc/$pid/root/proc" "/proc/$pid/root/sys/devices/system"
	[ "$status" -ne 124 ]
	timeout $PATIENCE df -a >/dev/null || [ $? -ne 124 ]
	timeout $PATIENCE findmnt >/dev/null
	timeout $PATIENCE findmnt -N "$pid" >/dev/null || [ $? -ne 124 ]
	timeout $PATIENCE sync
	kill -CONT "$keeper" "$worker"
	run runtime exec "$ID" grep -c ^MemTotal: /proc/meminfo
	assert_equal "$output" 1
}

# ---------------------------------------------------------------- its death

# bats test_tags=vm-once
@test "monitor: its worker killed every 20 ms while eight read every file: no read fails" {
	local keeper worker kills=0 seconds=8 answers=0 list files reader end=$((SECONDS + 2 * PATIENCE))
	[ "${FULL:-0}" != 1 ] || seconds=30
	container_start sleep 1000
	list=$(emulated)
	# shellcheck disable=SC2206 # a list of words
	files=($list)
	[ ${#files[@]} -gt 20 ]
	keeper=$(keeper_pid)
	exec {sleeper}<> <(:)
	# Once is enough, but for a guest on a busy machine.
	until [ $kills -gt 24 ] && [ $answers -gt 200 ]; do
		[ $SECONDS -lt $end ] || fail "$kills kills, $answers answers"
		runtime exec "$ID" readers read 8 $seconds "${files[@]}" >"$WORK/readers" 2>&1 &
		reader=$!
		while kill -0 $reader 2>/dev/null; do
			read -r -t 0.02 -u $sleeper || :
			read -r worker <"/proc/$keeper/task/$keeper/children" || :
			[ -n "$worker" ] || continue
			kill -KILL "${worker%% *}" 2>/dev/null && kills=$((kills + 1))
		done
		wait $reader || fail "$(cat "$WORK/readers")"
		echo "# $kills kills: $(tail -n 1 "$WORK/readers")" >&3
		[[ "$(cat "$WORK/readers")" =~ ^ok=([0-9]+)\ failed=0\ short=0\  ]] || fail "$(cat "$WORK/readers")"
		answers=$((answers + BASH_REMATCH[1]))
	done
	exec {sleeper}<&-
}

# bats test_tags=vm-once
@test "monitor: a reader that waits for a dead worker can be killed" {
	local keeper worker reader
	container_start sleep 1000
	keeper=$(keeper_pid) worker=$(worker_pid "$(keeper_pid)")
	kill -STOP "$keeper" "$worker"
	runtime exec --detach --pid-file "$WORK/reader" "$ID" cat /proc/stat >/dev/null
	reader=$(cat "$WORK/reader")
	wait_for grep -q "fuse\|request_wait" "/proc/$reader/stack"
	kill -KILL "$worker" "$reader"
	kill -CONT "$keeper"
	"$PROBES/await" "$reader" $((PATIENCE * 1000))
	run runtime exec "$ID" grep -c ^cpu0 /proc/stat
	assert_equal "$output" 1
}

# bats test_tags=vm-once
@test "monitor: its keeper killed: clear errors inside, bulwarkctl names it, nothing on the host hangs, delete cleans up" {
	local keeper worker pid
	ctl_make
	container_start sleep 1000
	keeper=$(keeper_pid) worker=$(worker_pid "$(keeper_pid)")
	[ "$(runtime state "$ID" | jq -r '.annotations["io.bulwark.degraded"]')" != emulation ]
	sync
	kill -KILL "$keeper"
	"$PROBES/await" "$worker" $((PATIENCE * 1000))
	run timeout $PATIENCE "$RUNTIME" --root "$WORK/state-bulwark" exec "$ID" cat /proc/meminfo
	[ "$status" -ne 124 ] && [ "$status" -ne 0 ]
	assert_contains "not connected"
	run timeout $PATIENCE "$RUNTIME" --root "$WORK/state-bulwark" exec "$ID" echo alive
	assert_equal "$output" alive
	assert_equal "$(runtime state "$ID" | jq -r '.annotations["io.bulwark.degraded"] | split(",") | last')" emulation
	run timeout $PATIENCE "$CTL" status --json
	jq -e --arg id "$ID" '.degraded[] | select(.id == $id) | .missing | split(",") | index("emulation")' <<<"$output"
	run timeout $PATIENCE "$CTL" status
	grep -q "^degraded: $ID below $WORK/state-bulwark runs without .*emulation" <<<"$output"
	pid=$(container_pid)
	for command in "df -a" "ls -la /proc/$pid/root/proc /proc/$pid/root/sys/devices/system/cpu" "findmnt -N $pid" findmnt sync \
		"cat /proc/$pid/mountinfo" "cat /proc/$pid/root/proc/meminfo"; do
		# shellcheck disable=SC2086 # words
		timeout $PATIENCE $command >/dev/null 2>&1 || [ $? -ne 124 ] || fail "$command hangs"
	done
	# of all that is mounted, in a namespace of its own, and in a copy of the container's
	timeout $PATIENCE unshare --mount --propagation private umount -a >/dev/null 2>&1 || [ $? -ne 124 ]
	timeout $PATIENCE nsenter --mount --root --target "$pid" unshare --mount umount -a >/dev/null 2>&1 || [ $? -ne 124 ]
	runtime delete --force "$ID"
	"$PROBES/await" "$pid" $((PATIENCE * 1000))
	[ ! -e "$WORK/state-bulwark/$ID" ]
}

# bats test_tags=vm-oldest
@test "monitor: it ends with the container, whoever ends that" {
	local keeper worker
	container_start sleep 1000
	keeper=$(keeper_pid) worker=$(worker_pid "$(keeper_pid)")
	kill -KILL "$(container_pid)"
	"$PROBES/await" "$keeper" $((PATIENCE * 1000))
	"$PROBES/await" "$worker" $((PATIENCE * 1000))
	runtime delete "$ID"
	bundle_new
	container_create "$ID"
	keeper=$(keeper_pid) worker=$(worker_pid "$(keeper_pid)")
	runtime delete --force "$ID"
	process_is_dead "$keeper"
	wait_for process_is_dead "$worker"
}

# bats test_tags=vm-once
@test "monitor: a worker that turns against its keeper gains nothing, and spoils nothing but its container's files" {
	local keeper old memory
	[ -x "$BUILD/hostile/bulwark-monitor" ] || make -s -C "$TOP" B="$BUILD" "$BUILD/hostile/bulwark-monitor"
	config_args sleep 1000
	unshare --mount --propagation private bash -c 'mount --bind "$0/hostile/bulwark-monitor" "$0/bulwark-monitor" && exec "$@"' \
		"$BUILD" "$RUNTIME" --root "$WORK/state-bulwark" create --bundle "$BUNDLE" --pid-file "$WORK/$ID.pid" "$ID" \
		</dev/null >"$WORK/out" 2>&1 3>&- 4>&-
	runtime start "$ID"
	keeper=$(keeper_pid)
	old=$(worker_pid "$keeper")
	memory=$(find "/proc/$keeper/fd" -lname '/memfd:bulwark-monitor*' | while read -r fd; do
		[ "$(stat -Lc %s "$fd")" -lt 100000 ] || echo "$fd"; done)
	runtime exec --detach "$ID" sh -c 'exec figures guard >/tmp/guard' >/dev/null # asks all the time
	kill -KILL "$old"
	wait_for grep -qa "^TOO MUCH" "$memory"
	wait_for eval '! has_worker "$keeper"' # the memory is spoilt: who finds it so gives up
	run strings "$memory"
	echo "$output" | grep -A20 ^HOSTILE >&2 || :
	assert_contains HOSTILE
	assert_lacks GAINED
	assert_lacks "nobody asked"
	[[ "$output" =~ refused\ ([0-9]+)\ system\ calls ]]
	[ "${BASH_REMATCH[1]}" -gt 900 ]
	run timeout $PATIENCE "$RUNTIME" --root "$WORK/state-bulwark" exec "$ID" cat /proc/meminfo # it left nothing to go on with
	[ "$status" -ne 124 ]
	assert_contains "not connected"
	assert_equal "$(cat "$ROOTFS/tmp/guard")" "its own bytes"
	run timeout $PATIENCE "$RUNTIME" --root "$WORK/state-bulwark" exec "$ID" figures sysinfo 64
	assert_equal "$output" ENOSYS
	kill -0 "$keeper"
	run runtime exec "$ID" echo alive
	assert_equal "$output" alive
}

# ---------------------------------------------------------------- limits

@test "monitor: a container that opens 100,000 files gets an error, and goes on when it has closed them" {
	config_set '.process.rlimits = []'
	container_start sleep 1000
	run runtime exec "$ID" readers open 100000 /proc/meminfo
	assert_status 0
	assert_equal "$output" "opened=4096 ENFILE"
	run runtime exec "$ID" grep -c ^MemTotal: /proc/meminfo
	assert_equal "$output" 1
}

@test "monitor: a write of one GiB to a sysctl is an error, and changes nothing" {
	config_privileged
	container_start sleep 1000
	run runtime exec "$ID" sh -c 'cat /proc/sys/vm/swappiness; readers write 1024 /proc/sys/vm/swappiness
		cat /proc/sys/vm/swappiness'
	assert_equal "${lines[1]}" "written=0 EINVAL"
	assert_equal "${lines[0]}" "${lines[2]}"
}

@test "monitor: keeper and worker together take less than one MiB when nobody reads or calls" {
	local keeper
	container_start sleep 1000
	runtime exec "$ID" cat /proc/meminfo /proc/stat /proc/cpuinfo >/dev/null
	runtime exec "$ID" nproc >/dev/null
	keeper=$(keeper_pid)
	wait_for pss_is_below 1024 "$keeper" # it takes a second without a request
}

# ---------------------------------------------------------------- the engine's overlay and its twin

host_sees() { # TEXT FILE
	[ "$(cat "$MERGED$2" 2>/dev/null)" = "$1" ]
}

container_sees() { # TEXT FILE
	[ "$(runtime exec "$ID" cat "$2" 2>/dev/null)" = "$1" ]
}

# bats test_tags=vm-once
@test "monitor: what the host changes in an engine's overlay shows inside, also names that were looked up before" {
	overlay_new
	container_start sleep 1000
	run ! runtime exec "$ID" cat /tmp/new /srv/new
	container_sees middle /etc/middle # so it has it, from the lower layer
	echo 1 >"$MERGED/tmp/new"
	mkdir "$MERGED/srv" && echo 2 >"$MERGED/srv/new"
	echo 3 >"$MERGED/etc/middle"
	wait_for container_sees 1 /tmp/new
	wait_for container_sees 2 /srv/new
	wait_for container_sees 3 /etc/middle
	runtime exec "$ID" sh -c 'echo 4 >/tmp/new && echo 4 >/srv/new && echo 4 >/etc/middle'
	rm "$MERGED/tmp/new"
	ls "$MERGED/tmp" >/dev/null # an open, which a removal alone is not
	wait_for eval '! container_sees 4 /tmp/new'
	runtime delete --force "$ID"
	overlay_done
}

# bats test_tags=vm-once
@test "monitor: what the container changes shows in the engine's overlay, also names that were looked up before" {
	overlay_new
	container_start sleep 1000
	[ ! -e "$MERGED/tmp/new" ] && [ ! -e "$MERGED/opt/new" ]
	host_sees middle /etc/middle
	runtime exec "$ID" sh -c 'echo 1 >/tmp/new; mkdir /opt; echo 2 >/opt/new; echo 3 >/etc/middle'
	wait_for host_sees 1 /tmp/new
	wait_for host_sees 2 /opt/new
	wait_for host_sees 3 /etc/middle
	runtime exec "$ID" rm /tmp/new
	ls "$MERGED/tmp" >/dev/null
	wait_for eval '! host_sees 1 /tmp/new'
	runtime delete --force "$ID"
	overlay_done
}

@test "monitor: a host that reads an engine's overlay all the time has ten drops of names a second at most" {
	requires strace
	overlay_new
	container_start sleep 1000
	strace -qq -e trace=fspick -o "$WORK/drops" -p "$(keeper_pid)" 3>&- 4>&- &
	HELPERS+=($!)
	wait_for grep -q "^TracerPid:.[1-9]" "/proc/$(keeper_pid)/status"
	local begin=$SECONDS
	timeout 4 bash -c 'while :; do find "$0" >/dev/null; done' "$MERGED" || :
	kill $!
	wait $! || :
	[ "$(grep -c fspick "$WORK/drops")" -ge 4 ]
	[ "$(grep -c fspick "$WORK/drops")" -le $((2 * 10 * (SECONDS - begin))) ] # two sides, ten times a second
	runtime delete --force "$ID"
	overlay_done
}

@test "monitor: the engine can unmount its overlay while the container runs, and mount it again" {
	overlay_new
	container_start sleep 1000
	umount "$MERGED"
	overlay_mount
	runtime exec "$ID" sh -c 'echo 1 >/tmp/new'
	runtime delete --force "$ID"
	host_sees 1 /tmp/new
	overlay_done
}

# ---------------------------------------------------------------- without it

@test "monitor: a host without /dev/fuse runs the container without it, and says so" {
	run unshare --mount --propagation private bash -c 'mount --bind /dev/null /dev/fuse && exec "$@"' bash \
		"$RUNTIME" --root "$WORK/state-bulwark" run --bundle "$BUNDLE" "$ID" </dev/null
	config_args sh -c 'grep -c " - fuse" /proc/self/mountinfo; echo ran'
	run unshare --mount --propagation private bash -c 'mount --bind /dev/null /dev/fuse && exec "$@"' bash \
		"$RUNTIME" --root "$WORK/state-bulwark" run --bundle "$BUNDLE" "$ID" </dev/null
	assert_contains "has no emulated files in /proc and /sys, and is degraded"
	assert_contains "ran"
	config_args sleep 1000
	unshare --mount --propagation private bash -c 'mount --bind /dev/null /dev/fuse && exec "$@"' bash \
		"$RUNTIME" --root "$WORK/state-bulwark" create --bundle "$BUNDLE" --pid-file "$WORK/$ID.pid" "$ID" \
		</dev/null >/dev/null 2>&1 3>&- 4>&-
	assert_equal "$(runtime state "$ID" | jq -r '.annotations["io.bulwark.degraded"] | split(",") | last')" emulation
	assert_equal "$(keeper_pid)" 0
}
