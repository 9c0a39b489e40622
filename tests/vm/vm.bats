#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2154 # $status, $output, $lines and $stderr are set by run
# vm - scripts/vm itself, and that what fails in a guest fails here. Runs on this machine, without a runtime.

bats_require_minimum_version 1.5.0

setup() {
	TOP=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
	export TMPDIR=$BATS_TEST_TMPDIR/left # what a guest leaves would be there
	mkdir "$TMPDIR"
}

vm() {
	timeout -k 5 400 "$TOP/scripts/vm" --kernel "${KERNEL:-6.12}" --console "$BATS_TEST_TMPDIR/console" "$@" 3>&- 4>&-
}

# bats shows it when the test fails.
teardown() {
	printf '%s\n' "${stderr-}"
	tail -n 20 "$BATS_TEST_TMPDIR/console" 2>/dev/null || :
}

# The guest's process and its files.
nothing_left() {
	local end=$((SECONDS + 30))
	[ -z "$(ls -A "$TMPDIR")" ]
	while pgrep -f "qemu-system.*$BATS_TEST_TMPDIR"; do # it was killed, and nobody waited for it
		[ $SECONDS -lt $end ]
		sleep 0.1
	done
}

@test "vm: output, errors and exit status are the command's, byte for byte" {
	local status=0
	vm -- sh -c 'printf "a\tb\r\n\0end"; echo oops >&2; exit 7' \
		>"$BATS_TEST_TMPDIR/stdout" 2>"$BATS_TEST_TMPDIR/stderr" || status=$?
	[ "$status" -eq 7 ]
	printf 'a\tb\r\n\0end' | cmp - "$BATS_TEST_TMPDIR/stdout"
	grep -qx oops "$BATS_TEST_TMPDIR/stderr"
	nothing_left
}

@test "vm: a guest is another kernel with BPF LSM, pure cgroup v2, and this machine's files, which it cannot change" {
	echo before >"$BATS_TEST_TMPDIR/stdout"
	KERNEL=6.1 run --separate-stderr vm -- sh -c "uname -r; cat /sys/kernel/security/lsm; echo; stat -f -c %T /sys/fs/cgroup
		cat /sys/fs/cgroup/cgroup.controllers; pwd; findmnt -n -o FSTYPE -T \$TMPDIR
		cat $BATS_TEST_TMPDIR/stdout; echo after >$BATS_TEST_TMPDIR/stdout; cat $BATS_TEST_TMPDIR/stdout"
	[ "$status" -eq 0 ]
	[[ $stderr == *"guest: Linux 6.1"* ]]
	[[ ${lines[0]} == 6.1.* ]]
	[[ ,${lines[1]}, == *,bpf,* ]]
	[ "${lines[2]}" = cgroup2fs ]
	[[ ${lines[3]} == *memory* ]]
	[ "${lines[4]}" = "$TOP" ]
	[ "${lines[5]}" = ext4 ]
	[ "${lines[6]}" = before ]
	[ "${lines[7]}" = after ]
	[ "$(cat "$BATS_TEST_TMPDIR/stdout")" = before ]
	nothing_left
}

# bats test_tags=full
@test "vm: users of the guest reach a project in root's home" {
	local home=$BATS_TEST_TMPDIR/home
	mkdir -m 0700 "$home"
	mkdir "$home/project"
	cp -r "$TOP/scripts" "$home/project/"
	run --separate-stderr timeout -k 5 400 "$home/project/scripts/vm" --kernel 6.12 -- \
		setpriv --reuid 1000 --regid 1000 --clear-groups cat "$home/project/scripts/guest/boot"
	[ "$status" -eq 0 ]
	[[ $output == *"owns what pid 1 of a guest without systemd does"* ]]
	[ "$(stat -c %a "$home")" = 700 ] # not here
}

# bats test_tags=full
@test "vm: --no-bpf has no bpf among the LSMs; --icount counts instructions" {
	run --separate-stderr vm --no-bpf --icount -- sh -c 'cat /sys/kernel/security/lsm; echo; nproc'
	[ "$status" -eq 0 ]
	[[ ,${lines[0]}, == *,yama,* ]]
	[[ ,${lines[0]}, != *,bpf,* ]]
	[ "${lines[1]}" = 1 ]
	# Two readings of the clock in one shell are the same number of instructions apart, but for what interrupts them.
	run --separate-stderr vm --icount -- bash -c 'for i in 1 2 3; do a=$EPOCHREALTIME; b=$EPOCHREALTIME; echo $((${b/./} - ${a/./})); done'
	[ "$status" -eq 0 ]
	[ "${lines[2]}" -lt 1000 ]
}

@test "vm: a guest over its time is ended, with 124" {
	run vm --timeout 15 -- sleep 100
	[ "$status" -eq 124 ]
	[[ $output == *"did not end within 15 s"* ]]
	nothing_left
}

@test "vm: a guest that does not get to its command is begun once more, then it is 125" {
	run vm --boot 1 -- true
	[ "$status" -eq 125 ]
	[[ $output == *"within 1 s; once more"*"within 1 s" ]]
	nothing_left
}

# bats test_tags=full
@test "vm: a guest that dies is 125, and the end of its console is shown" {
	run vm -- sh -c 'echo c >/proc/sysrq-trigger; sleep 60'
	[ "$status" -eq 125 ]
	[[ $output == *"Kernel panic"* ]]
	nothing_left
}

@test "vm: an interrupted run leaves neither guest nor files" {
	vm -- sleep 100 >/dev/null 2>"$BATS_TEST_TMPDIR/stderr" &
	local pid=$!
	until grep -q '^guest: Linux' "$BATS_TEST_TMPDIR/stderr"; do
		kill -0 $pid # which ends by itself when there is nothing to wait for
		sleep 0.2
	done
	# More than once, and with timeout(1) passing it on to the whole group: what cleans up is hit as well.
	for _ in 1 2 3 4 5 6; do
		pkill -TERM -f "scripts/vm .*$BATS_TEST_TMPDIR" || break
		sleep 0.02
	done
	wait $pid || :
	nothing_left
}

# bats test_tags=full
@test "vm-cache: a kernel that lost a file is fetched again" {
	local cache=$BATS_TEST_TMPDIR/cache folder
	mkdir "$cache"
	cp -a --reflink=auto "$("$TOP/scripts/vm-cache" kernel 6.12)" "$cache/kernel-6.12"
	folder=$(BULWARK_VM_CACHE=$cache "$TOP/scripts/vm-cache" kernel 6.12)
	[ "$folder" = "$cache/kernel-6.12" ]
	[ ! -e "$cache/apt-trixie" ] # it was whole: nothing was fetched
	rm "$folder"/lib/modules/*/kernel/fs/9p/9p.ko*
	run --separate-stderr env BULWARK_VM_CACHE="$cache" "$TOP/scripts/vm-cache" kernel 6.12
	[ "$status" -eq 0 ]
	[[ $stderr == *fetching* ]]
	[ -n "$(find "$folder/lib/modules/" -name '9p.ko*')" ]
}

@test "run-tests: a test that fails in a guest fails the tier" {
	run env -u STRICT VM_KERNELS=6.12 VM_TESTS=tests/vm/deliberate "$TOP/scripts/run-tests" vm
	[ "$status" -eq 1 ]
	[[ $output == *"guest: Linux 6.12"* ]]
	[[ $output == *"vm: 6.12: deliberate: fails"* ]]
	[[ ${lines[-1]} == "1 passed, 1 failed, 0 skipped" ]]
}
