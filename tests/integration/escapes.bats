#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# escapes - images and containers that attack whoever builds or enters them: the ways that worked on other runtimes.
#
# Each test sets a canary folder on the host, which nothing may list, change or fill.

load helpers

setup() {
	common_setup
	canary_new
}

teardown() {
	common_teardown
	rm -rf --one-file-system "$NEST"
}

# Everybody may change it: nothing but where paths lead is to protect it.
canary_new() {
	local name
	NEST=$(mktemp -d "$TEST_TMP/bulwark-it-canary.XXXXXX")
	CANARY=$NEST/canary
	mkdir -p "$CANARY/sub"
	for name in null ptmx console f pts/0; do
		mkdir -p "$(dirname "$CANARY/$name")"
		echo "canary" >"$CANARY/$name"
	done
	chmod -R a+rwX "$NEST"
	canary_list >"$WORK/canary.before"
}

canary_list() {
	(cd "$CANARY" && find . -printf '%p %y %s %m %U:%G %T@ %l\n' | sort && cat null ptmx console f pts/0)
}

# Untouched on disk, and no mount on it.
canary_lives() {
	canary_list >"$WORK/canary.after"
	diff "$WORK/canary.before" "$WORK/canary.after" || fail "the canary was touched"
	assert_equal "$(mounts_below "$CANARY")" ""
}

# A link out of the image in four spellings; sets $TARGET. Relative ones climb more than deep enough.
targets() {
	printf '%s\n' "$CANARY" "../../../../../../../../../../..$CANARY" "/proc/1/root$CANARY" "/proc/self/cwd/../../..$CANARY"
}

# ---------------------------------------------------------------- links in the image

@test "escapes: /proc, /sys, /dev and below as links (CVE-2019-19921, CVE-2026-41579)" {
	local where target
	requires_bulwark
	while read -r target; do
		for where in proc sys dev dev/pts dev/shm dev/mqueue etc run; do
			bundle_new
			rm -rf "${ROOTFS:?}/$where"
			mkdir -p "$(dirname "$ROOTFS/$where")"
			ln -s "$target" "$ROOTFS/$where"
			[ "${where#dev/}" = "$where" ] || config_set '.mounts |= map(select(.destination != "/dev"))'
			# whether it runs or is refused: proc is a procfs with its masks, and the canary lives
			runtime_run sh -c 'stat -f -c "proc %T" /proc; head -c 1 /proc/timer_list; ls /proc/acpi'
			canary_lives
			[ "$status" -ne 0 ] || assert_contains "proc proc"
		done
	done < <(targets)
}

@test "escapes: something else in the place of /proc (CVE-2019-16884)" {
	requires_bulwark
	volume_new fake
	mkdir -p "$VOL/self/attr" "$VOL/sys/net/ipv4" "$VOL/self/fd"
	echo 0 >"$VOL/sys/net/ipv4/ip_forward"
	config_set '.linux.sysctl = {"net.ipv4.ip_forward": "1", "kernel.msgmax": "4444"}'
	config_set --arg fake "$VOL" '.mounts |= map(if .destination == "/proc"
		then {destination: "/proc", type: "bind", source: $fake, options: ["rbind"]} else . end)'
	runtime_run true
	assert_equal "$(cat "$VOL/sys/net/ipv4/ip_forward")" 0
	assert_equal "$(find "$VOL" -type f)" "$VOL/sys/net/ipv4/ip_forward"
}

@test "escapes: a tmpfs over /proc/sys swallows no setting (CVE-2025-52881)" {
	requires_bulwark
	config_set '.linux.sysctl = {"net.ipv4.ip_forward": "1"} |
		.mounts += [{destination: "/proc/sys", type: "tmpfs", source: "t"}]'
	runtime_run sh -c 'ls -A /proc/sys; mount -t proc p /mnt 2>/dev/null; cat /mnt/sys/net/ipv4/ip_forward 2>/dev/null'
	assert_lacks net
	canary_lives
}

@test "escapes: destinations through links and dots (CVE-2019-18837)" {
	local target
	requires_bulwark
	while read -r target; do
		bundle_new
		ln -s "$target" "$ROOTFS/link"
		mkdir "$ROOTFS/way"
		ln -s ../link "$ROOTFS/way/on"
		config_set '.mounts += [
			{destination: "/link/made", type: "tmpfs", source: "t"},
			{destination: "/way/on/made2", type: "tmpfs", source: "t"},
			{destination: "/link/sub", type: "tmpfs", source: "t"}]'
		volume_new vol
		echo x >"$VOL/file"
		config_mount "$VOL" /link/volume
		config_mount "$VOL/file" /link/f bind ro
		runtime_run true
		canary_lives
	done < <(targets)
	bundle_new
	config_set --arg c "/../../../../../../..$CANARY" '.mounts += [{destination: $c, type: "tmpfs", source: "t"}]'
	runtime_run true
	canary_lives
}

@test "escapes: masked and read-only paths through links; a false /dev/null (CVE-2025-31133)" {
	local host
	requires_bulwark
	host=$(cat /proc/sys/kernel/core_pattern)
	config_set --arg c "$CANARY" '.mounts |= map(select(.destination != "/dev" and (.destination | startswith("/dev/") | not))) |
		.linux.maskedPaths += ["/etc/secret", "/link/f", "/link"] | .linux.readonlyPaths += ["/link/sub", "/link"]'
	echo secret >"$ROOTFS/etc/secret"
	ln -s "$CANARY" "$ROOTFS/link"
	ln -sf /proc/sys/kernel/core_pattern "$ROOTFS/dev/null"
	runtime_run sh -c 'cat /etc/secret; echo "|/evil" >/dev/null; echo "|/evil" >/etc/secret; cat /proc/timer_list'
	assert_lacks secret$'\n'
	assert_equal "$(cat /proc/sys/kernel/core_pattern)" "$host"
	canary_lives
}

@test "escapes: /dev/console and /dev/pts as links (CVE-2025-52565)" {
	local target name
	requires_bulwark
	while read -r target; do
		for name in console ptmx pts/ptmx pts; do
			bundle_new
			config_set '.process.terminal = true | .mounts |= map(select(.destination != "/dev"))'
			rm -rf "${ROOTFS:?}/dev/$name"
			mkdir -p "$(dirname "$ROOTFS/dev/$name")"
			ln -s "$target/$name" "$ROOTFS/dev/$name"
			config_args sh -c 'echo secret-output; ls -l /dev/console'
			rm -f "$WORK/c.sock"
			"$PROBES/recvtty" "$WORK/c.sock" </dev/null >"$WORK/screen" 2>&1 3>&- 4>&- &
			HELPERS+=($!)
			wait_for [ -S "$WORK/c.sock" ]
			run_aside runtime create --bundle "$BUNDLE" --console-socket "$WORK/c.sock" "$ID" </dev/null
			[ "$status" -ne 0 ] || runtime start "$ID"
			runtime delete --force "$ID"
			canary_lives
		done
	done < <(targets)
}

@test "escapes: root.path is a link" {
	local target
	requires_bulwark
	for target in / /etc "$CANARY" /proc/1/root; do
		bundle_new
		mv "$ROOTFS" "$BUNDLE/real"
		ln -s "$target" "$ROOTFS"
		runtime_run true
		[ "$status" -ne 0 ] || fail "root.path led to $target"
		canary_lives
	done
	bundle_new
	mv "$ROOTFS" "$BUNDLE/real"
	ln -s real "$ROOTFS" # an honest one may work; it must not harm
	runtime_run true
	canary_lives
}

@test "escapes: root.path is a restricted host path" {
	local path
	requires_bulwark
	for path in / /etc /usr /root /proc; do
		config_set --arg p "$path" '.root.path = $p'
		runtime_run true
		assert_status 1
		assert_refused root
	done
}

@test "escapes: a FIFO, a socket, a device in the place of a program or a file stalls nobody" {
	requires_bulwark
	mkfifo -m 0777 "$ROOTFS/fifo"
	runtime_run /fifo
	assert_status 1
	rm "$ROOTFS/etc/passwd"
	mkfifo "$ROOTFS/etc/passwd"
	config_set '.linux.maskedPaths += ["/fifo"] | .linux.readonlyPaths += ["/etc/passwd"]'
	runtime_run true
	assert_status 0
	volume_new vol
	echo x >"$VOL/file"
	config_mount "$VOL/file" /fifo bind ro
	runtime_run true
}

# ---------------------------------------------------------------- descriptors and cwd

@test "escapes: cwd through a leaked descriptor, in run and exec (CVE-2024-21626)" {
	local n
	requires_bulwark
	exec 7<"$CANARY" 21</
	ln -s /proc/self/fd/7 "$ROOTFS/seven"
	ln -s /proc/self/cwd "$ROOTFS/here"
	for n in /proc/self/fd/{3,4,5,6,7,8,9,10,11,12,13,14,15,21} /proc/self/fd/7/sub /proc/self/fd/7/.. /seven /here /proc/1/cwd; do
		config_set --arg cwd "$n" '.process.cwd = $cwd'
		runtime_run sh -c 'ls; ls ..; ls ../../..; cat f'
		assert_lacks canary
		assert_lacks bulwark-it
	done
	config_set '.process.cwd = "/"'
	container_start sleep 100
	for n in /proc/self/fd/{3,4,5,6,7,8,9,10,11,12,13,14,15,21} /seven /proc/1/cwd; do
		run runtime exec --cwd "$n" "$ID" sh -c 'ls; ls ..; cat f' </dev/null
		assert_lacks canary
		assert_lacks bulwark-it
	done
	exec 7<&- 21<&-
	canary_lives
}

@test "escapes: what the runtime makes or copies through links of the image stays in it (CVE-2025-24965)" {
	local target
	requires_bulwark
	while read -r target; do
		bundle_new
		ln -s "$target" "$ROOTFS/link"
		config_set '.process.cwd = "/link/made/by/cwd" | .mounts += [
			{destination: "/link/copied", type: "tmpfs", source: "t", options: ["tmpcopyup"]}]'
		runtime_run true
		canary_lives
		# a tmpfs is filled with what the image has there: never with the host's
		config_set '.process.cwd = "/" | .mounts[-1].destination = "/link"'
		runtime_run sh -c 'cat /link/f /f'
		assert_lacks canary
		canary_lives
	done < <(targets)
}

@test "escapes: the caller's descriptors do not reach init, hooks or exec" {
	requires_bulwark
	exec 7<"$CANARY" 200<"$CANARY"
	config_set --arg out "$WORK/hook-fds" '.hooks = {createRuntime: [{path: "/bin/sh", args: ["sh", "-c",
		"for f in /proc/$$/fd/*; do [ ! -L $f ] || readlink $f; done >\($out)"]}]}'
	container_start sleep 100
	run sh -c "readlink /proc/$(container_pid)/fd/*"
	assert_lacks canary
	run cat "$WORK/hook-fds"
	assert_lacks canary
	runtime exec --detach --pid-file "$WORK/exec.pid" "$ID" sleep 100 </dev/null >/dev/null 2>&1
	run sh -c "readlink /proc/$(cat "$WORK/exec.pid")/fd/*"
	assert_lacks canary
	exec 7<&- 200<&-
}

@test "escapes: exec of a user by number is not root (CVE-2026-30892)" {
	local uid
	container_start sleep 100
	for uid in 1 1000 65534; do
		run runtime exec --user "$uid" "$ID" sh -c 'id -u; grep ^CapEff /proc/self/status' </dev/null
		assert_status 0
		assert_equal "$(tr -d '\t' <<<"$output")" "$uid"$'\n'CapEff:0000000000000000
	done
	jq '.process | .user = {uid: 1, gid: 1} | .args = ["id", "-u"]' "$BUNDLE/config.json" >"$WORK/process.json"
	run runtime exec --process "$WORK/process.json" "$ID" </dev/null
	assert_equal "$output" 1
}

@test "escapes: spec and exec --cap give no inheritable capabilities (CVE-2022-29162)" {
	jq -e '(.process.capabilities.inheritable // []) == []' "$BUNDLE/config.json"
	container_start sleep 100
	run runtime exec --cap CAP_NET_RAW --cap CAP_SYS_ADMIN "$ID" grep ^CapInh /proc/self/status </dev/null
	assert_status 0
	assert_equal "$output" $'CapInh:\t0000000000000000'
}

# ---------------------------------------------------------------- the runtime's own program and process

@test "escapes: /proc/self/exe as the program does not lead to the runtime (CVE-2019-5736)" {
	local before
	requires_bulwark
	before=$(sha256sum <"$RUNTIME")
	ln -s /proc/self/exe "$ROOTFS/bin/evil"
	for program in /proc/self/exe evil /proc/self/fd/3 /proc/1/exe; do
		runtime_run "$program" --version
		assert_lacks "version"
	done
	container_start sleep 100
	for program in /proc/self/exe evil /proc/self/fd/3; do
		run runtime exec "$ID" "$program" --version </dev/null
		assert_lacks "bulwark version"
	done
	assert_equal "$(sha256sum <"$RUNTIME")" "$before"
}

# The kernel resolves an interpreter, and finds the runtime there, which then runs inside as the container's own process. What
# is left to it: it is a program of the host that nobody inside can change. Where the BPF layer is loaded it does not start:
# confinement.bats.
@test "escapes: #!/proc/self/exe runs the runtime's program inside, and nobody there can change it (CVE-2019-5736)" {
	requires_bulwark
	local before i
	before=$(sha256sum <"$RUNTIME")
	printf '#!/proc/self/exe --version\n' >"$ROOTFS/bin/evil"
	printf '#!/proc/self/exe\n' >"$ROOTFS/bin/evil2"
	chmod 0755 "$ROOTFS"/bin/evil*
	config_caps_all
	runtime_run evil
	assert_contains 'bulwark version' # it is that program
	runtime_run evil2
	[ "$status" -ne 0 ]
	container_start sh -c 'exewriter /stop >/writer.out; sleep 100'
	for i in {1..100}; do
		runtime exec "$ID" evil </dev/null >/dev/null 2>&1 || :
	done
	touch "$ROOTFS/stop"
	wait_for grep -q MET "$ROOTFS/writer.out"
	run tail -n 1 "$ROOTFS/writer.out"
	[[ "$output" =~ ^MET\ [1-9][0-9]*\ READ\ [0-9]+\ CHANGED\ 0$ ]] || fail "$(head -n 20 "$ROOTFS/writer.out")" "$output"
	assert_equal "$(sha256sum <"$RUNTIME")" "$before"
}

# bats test_tags=vm-full
@test "escapes: root of the container gets no hold of who enters it (CVE-2016-9962)" {
	requires_bulwark
	local i
	config_privileged
	container_start sh -c 'spy bulwark /stop >/spy.out 2>&1 & spy bulwark /stop >/spy2.out 2>&1 & echo >/ready; wait; sleep 100'
	wait_for [ -e "$ROOTFS/ready" ]
	for i in $(seq 60); do
		runtime exec "$ID" true </dev/null
		runtime exec --user 1000:1000 "$ID" true </dev/null
	done
	touch "$ROOTFS/stop"
	wait_for grep -q SAW "$ROOTFS/spy.out"
	wait_for grep -q SAW "$ROOTFS/spy2.out"
	run cat "$ROOTFS/spy.out" "$ROOTFS/spy2.out"
	assert_lacks BROKEN
	[ "$(awk '/SAW/ { n += $2 } END { print n }' "$ROOTFS"/spy*.out)" -gt 0 ] || echo "# the spies met nobody" >&3
}

# The runtime's process that is in the pid namespace of $ID, where root can kill it.
enterer_find() {
	local namespace pid
	namespace=$(readlink "/proc/$(container_pid)/ns/pid")
	# One find(1), not a readlink(1) per process: what is held must still be there when it is found.
	for pid in $(find /proc/[0-9]*/exe -maxdepth 0 -lname "$(readlink -f "$RUNTIME")" 2>/dev/null | cut -d / -f 3); do
		[ "$(readlink "/proc/$pid/ns/pid")" = "$namespace" ] || continue
		ENTERER=$pid
		return 0
	done
	return 1
}

# what_is_open PID: a link each; "/proc/PID alone" is a mount of that folder, of which no ".." leads out
what_is_open() {
	local fd
	for fd in "/proc/$1/fd/"*; do
		if [ "$fd/." -ef "/proc/$1" ] && [ "$fd/.." -ef "$fd/." ]; then
			echo "/proc/PID alone"
		else
			readlink "$fd"
		fi
	done
}

# held_still CALL COMMAND...: a verb whose processes wait at each such call until it was looked at $ENTERER: $OPEN, $ROOT_MODE.
# Then strace ends, which leaves the verb to go on.
held_still() {
	local call=$1
	shift
	requires strace
	strace -f -qq -o "$WORK/trace" -e trace="$call" -e inject="$call:delay_enter=600000000" "$@" \
		</dev/null >/dev/null 2>&1 3>&- 4>&- &
	HELD=$!
	OPEN=
	if wait_for enterer_find && wait_for grep -q "^$ENTERER  *$call" "$WORK/trace"; then
		OPEN=$(what_is_open "$ENTERER")
		ROOT_MODE=$(stat -L -c '%a %u' "/proc/$ENTERER/root")
	fi
	kill -KILL "$HELD" # it waits, and would take note of no other signal
	wait "$HELD" || :
	[ -n "$OPEN" ]
	wait_for [ ! -e "/proc/$ENTERER" ]
}

# Standard streams, sockets, the pipe of `start`.
assert_nothing_of_the_host() {
	grep -q '^socket:' <<<"$OPEN"
	run grep -vE '^(socket:|pipe:|/dev/null$|.*/start\.fifo$|/proc/PID alone$)' <<<"$OPEN"
	assert_equal "$output" ""
}

# A process that dies has no memory, whose owner the kernel would ask: before "user_dumpable" (2026) pidfd_getfd(2) gave root of
# a container what it still had.
@test "escapes: who enters by exec has nothing of the host open that could be taken when it is killed" {
	requires_bulwark
	config_privileged
	container_start sleep 1000
	held_still setsid "$RUNTIME" --root "$WORK/state-bulwark" exec "$ID" true
	assert_nothing_of_the_host
}

@test "escapes: nor has the first process of a container that joins another's pid namespace" {
	requires_bulwark
	config_privileged
	container_start sleep 1000
	local first=$BUNDLE other=$ID-other
	bundle_new
	config_args true
	config_set --arg path "/proc/$(container_pid)/ns/pid" --arg cgroup "$CGROUP/$other" \
		'(.linux.namespaces[] | select(.type == "pid")).path = $path | .linux.cgroupsPath = $cgroup'
	held_still setgroups "$RUNTIME" --root "$WORK/state-bulwark" run --bundle "$BUNDLE" "$other"
	BUNDLE=$first
	assert_nothing_of_the_host
	assert_equal "$ROOT_MODE" "700 0" # the state folder, in which it may look nothing up, ".." neither
}

@test "escapes: a container that kills, stops and floods those who enter it only hurts itself" {
	requires_bulwark
	config_privileged
	container_start sh -c 'echo >/ready; while :; do kill -STOP -1 2>/dev/null; kill -KILL -1 2>/dev/null; done'
	wait_for [ -e "$ROOTFS/ready" ]
	for _ in 1 2 3 4 5; do
		run timeout 20 "$RUNTIME" --root "$WORK/state-bulwark" exec "$ID" sleep 1 </dev/null 3>&- 4>&-
		[ "$status" -ne 124 ] || fail "exec hangs"
	done
	runtime delete --force "$ID"
	assert_equal "$(leftovers)" ""
}

# ---------------------------------------------------------------- races

@test "escapes: a destination swapped for a link while it is mounted (CVE-2021-30465, CVE-2024-45310)" {
	requires_bulwark
	local target swapper
	for target in "$CANARY" "../../../../../../../..$CANARY"; do
		bundle_new
		volume_new vol
		mkdir -p "$VOL/dir/sub"
		ln -s "$target" "$VOL/link"
		"$PROBES/swap" "$VOL/dir" "$VOL/link" 3>&- 4>&- &
		swapper=$!
		HELPERS+=("$swapper")
		config_mount "$VOL" /vol
		config_set '.mounts += [{destination: "/vol/dir/sub", type: "tmpfs", source: "t"},
			{destination: "/vol/dir/new", type: "tmpfs", source: "t"}] | .linux.maskedPaths += ["/vol/dir/f"]'
		for _ in $(seq 20); do
			runtime_run true
			[ "$status" -eq 0 ] || [ "$status" -eq 1 ]
		done
		kill "$swapper"
		canary_lives
	done
}

@test "escapes: a masked or read-only path swapped for a link while it is covered (GHSA-3q8j-pf29-vwv8)" {
	requires_bulwark
	local swapper
	volume_new vol
	mkdir -p "$VOL/dir/sub"
	echo seen >"$VOL/dir/f"
	ln -s "$CANARY" "$VOL/link"
	"$PROBES/swap" "$VOL/dir" "$VOL/link" 3>&- 4>&- &
	swapper=$!
	HELPERS+=("$swapper")
	config_mount "$VOL" /vol
	# each a try of its own
	config_set '.linux.maskedPaths += [range(100) | "/vol/dir/f", "/vol/dir/sub"] |
		.linux.readonlyPaths += [range(100) | "/vol/dir", "/vol/dir/sub"]'
	for _ in 1 2 3 4 5; do
		runtime_run sh -c 'cat /vol/dir/f /vol/link/f; echo x >/vol/dir/sub/x; :'
		[ "$status" -eq 0 ] || [ "$status" -eq 1 ]
		assert_lacks canary
	done
	kill $swapper
	canary_lives
}

@test "escapes: a source swapped for a link to a restricted path" {
	requires_bulwark
	local i swapper
	public_new
	install -d -o $USER_ID -g $USER_ID "$PUBLIC/home/dir"
	ln -s /etc "$PUBLIC/home/link"
	"$PROBES/swap" "$PUBLIC/home/dir" "$PUBLIC/home/link" 3>&- 4>&- &
	swapper=$!
	HELPERS+=("$swapper")
	config_mount "$PUBLIC/home/dir" /x rbind ro
	for i in $(seq 40); do
		runtime_run ls /x
		assert_lacks passwd
		assert_lacks shadow
	done
	kill $swapper
}
