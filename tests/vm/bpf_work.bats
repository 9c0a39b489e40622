#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2154 # $status, $output and $lines are set by run
# bpf_work - what must keep working in a container under the BPF LSM layer: each with the layer off, in audit mode and enforced,
# and without a record. In guests. What is refused: bpf.bats.

bats_require_minimum_version 1.5.0
load bpf

setup_file() {
	common_setup_file
	"$CTL" load
}

teardown_file() {
	common_teardown_file
}

setup() {
	common_setup
}

teardown() {
	common_teardown
}

# works COMMAND [OPTION-OF-CONTAIN...]: the shell's command prints `finished` at its end in each mode, in an empty folder that is
# the container's, and nothing is recorded. Options that give more than the tests need would hide what is refused.
works() {
	local command=$1 mode
	shift
	for mode in off audit enforce; do
		rm -rf "$DIR"
		mkdir -p "$DIR"
		echo 'not written' >"$DIR/out"
		chown -R 100000:100000 "$DIR"
		run "$CONTAIN" "$@" --mode "$mode" -- sh -ec "cd '$DIR'; export TMPDIR=\$PWD HOME=\$PWD; $command; echo finished"
		printf -- '-- %s\n%s\n' "$mode" "$output"
		[ "$status" -eq 0 ]
		[ "${lines[-1]}" = finished ]
		assert_equal "$(recorded)" ''
	done
}

# bats test_tags=vm
@test "bpf work: overlays, unnamed files, programs in memory, descriptors that are passed, a debugger, tuning, mounts" {
	matrix '
		own-files=x ok ok -
		own-overlay ok ok -
		memfd-exec ok ok -
		pass-own ok ok -
		debug-own ok ok -
		tune-own ok ok -
		own-mounts ok ok -'
}

# bats test_tags=vm
@test "bpf work: namespaces of one's own, with a root of one's own" {
	matrix '
		userns ok ok -
		userns2 ok ok -
		inner ok ok -' --depth 2
}

# bats test_tags=vm
@test "bpf work: standard output that is a file of the host is opened again" {
	local file=$BULWARK_TEST_TMP/stdout mode
	for mode in off audit enforce; do
		rm -f "$file"
		touch "$file"
		chown 100000:100000 "$file"
		"$CONTAIN" --leak "1=$file" --inherit 1 --mode "$mode" -- sh -c 'echo "again" >/dev/stdout'
		assert_equal "$(cat "$file")" again
		assert_equal "$(recorded)" ''
	done
	# What was not given for that stays closed. Another file: the next container may have the number of the last one's namespace.
	file=$file.other
	: >"$file"
	chown 100000:100000 "$file"
	run "$CONTAIN" --leak "1=$file" --mode enforce -- sh -c 'echo "again" >/dev/stdout'
	assert_equal "$(cat "$file")" ''
	assert_equal "$(recorded)" 'file_open refused'
}

# bats test_tags=vm
@test "bpf work: a debugger and a tracer of one's own program" {
	works 'gdb -batch -ex starti -ex "info registers rip" -ex continue /bin/true >out 2>&1 || cat out
		grep "^rip .*0x" out; grep "exited normally" out
		strace -f -o trace sh -c "/bin/true; :"; grep -q execve trace'
}

# bats test_tags=vm
@test "bpf work: a package is built, installed and removed" {
	works 'mkdir -p pkg/DEBIAN pkg/usr/bin root/var/lib/dpkg/updates root/var/lib/dpkg/info
		printf "Package: bulwark-test\nVersion: 1\nArchitecture: all\nMaintainer: t <t@t>\nDescription: t\n" >pkg/DEBIAN/control
		printf "#!/bin/sh\necho from-package\n" >pkg/usr/bin/tool
		chmod 755 pkg/usr/bin/tool
		ln pkg/usr/bin/tool pkg/usr/bin/hard
		ln -s tool pkg/usr/bin/soft
		dpkg-deb -b pkg p.deb
		: >root/var/lib/dpkg/status
		dpkg --root="$PWD/root" --log="$PWD/log" --force-not-root --force-bad-path -i p.deb
		root/usr/bin/soft | grep from-package
		dpkg --root="$PWD/root" --log="$PWD/log" --force-not-root --force-bad-path -r bulwark-test
		[ ! -e root/usr/bin/tool ]'
}

# bats test_tags=vm
@test "bpf work: a compiler, and what it makes" {
	works 'printf "int puts(const char *s);\nint main(void) { return puts(\"compiled\") < 0; }\n" >a.c
		TMPDIR=$PWD gcc -pipe -O1 -o a a.c
		./a | grep compiled'
}

# bats test_tags=vm
@test "bpf work: a database, with its journal, its locks and its memory maps" {
	works 'sqlite3 db "PRAGMA journal_mode=WAL; PRAGMA mmap_size=1048576; CREATE TABLE t(x); INSERT INTO t VALUES(1),(2),(39);"
		sqlite3 db "BEGIN; UPDATE t SET x=x+0; COMMIT; VACUUM; SELECT sum(x) FROM t;" | grep 42'
}
