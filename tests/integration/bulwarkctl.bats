#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2154 # $status, $output and $stderr are set by run
# bulwarkctl - its command line, its manual page, and what `make install` makes of it and its units. What it does in the kernel
# is ../vm/bpf_ctl.bats' matter.

bats_require_minimum_version 1.5.0

setup_file() {
	TOP=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
	BUILD=${BULWARK_BUILD:-build}
	[ "${BUILD:0:1}" = / ] || BUILD=$TOP/$BUILD
	export TOP BUILD CTL=$BUILD/bulwarkctl MAN=$TOP/docs/man/bulwarkctl.8
}

verbs() {
	"$CTL" --help | sed -n '/^Commands:/,/^$/s/^  \([a-z]*\) .*/\1/p'
}

@test "bulwarkctl: each verb has a --help, and the manual page has each verb and option" {
	local verb option n=0
	for verb in $(verbs); do
		run --separate-stderr "$CTL" "$verb" --help
		[ "$status" -eq 0 ]
		[ -z "$stderr" ]
		[[ "$output" == "Usage: bulwarkctl $verb "* ]]
		grep -qx "\.B bulwarkctl $verb.*" "$MAN"
		for option in $(sed -n 's/^  --\([a-z]*\) .*/\1/p' <<<"$output"); do
			echo "$verb --$option"
			grep -q -e "\\\\-\\\\-$option" "$MAN"
			n=$((n + 1))
		done
	done
	[ "$n" -ge 10 ]
	run --separate-stderr "$CTL" --version
	[ "$status" -eq 0 ]
	[[ "$output" == "bulwarkctl "[0-9]* ]]
}

@test "bulwarkctl: called wrongly is 2, with one sentence on standard error" {
	local words
	for words in 'frobnicate' 'load x' 'load --force' 'unload --debug' 'status --follow' 'events --js' 'reload --'; do
		# shellcheck disable=SC2086 # words
		run --separate-stderr "$CTL" $words
		echo "$words: $stderr"
		[ "$status" -eq 2 ]
		[ -z "$output" ]
		[[ "$stderr" == "bulwarkctl: "* ]]
		[[ "$stderr" != *$'\n'* ]]
	done
	run --separate-stderr "$CTL"
	[ "$status" -eq 2 ]
	run --separate-stderr "$CTL" $'load\e[31m'
	[ "$status" -eq 2 ]
	[[ "$stderr" != *$'\e'* ]]
}

@test "bulwarkctl: who is not root is told so" {
	local verb
	for verb in $(verbs); do
		run --separate-stderr unshare -U "$CTL" "$verb"
		[ "$status" -eq 1 ]
		[[ "$stderr" == "bulwarkctl: $verb: only root "* ]]
	done
}

@test "bulwarkctl: make install puts the units where systemd looks, with the path of the program; uninstall removes all" {
	local to=$BATS_TEST_TMPDIR/root unit units=/usr/lib/systemd/system
	make -s -C "$TOP" B="${BULWARK_BUILD:-build}" install DESTDIR="$to" UNITDIR=$units
	for unit in bulwark bulwark-audit; do
		[ "$(stat -c %a "$to$units/$unit.service")" = 644 ]
		run grep -h '^Exec' "$to$units/$unit.service"
		[[ "$output" == "ExecStart=/usr/local/sbin/bulwarkctl "* ]]
		run ! grep '@[A-Z]*@' "$to$units/$unit.service"
	done
	grep -qx 'CPUWeight=100' "$to$units/bulwark.slice"
	[ -x "$to/usr/local/sbin/bulwarkctl" ]
	make -s -C "$TOP" B="${BULWARK_BUILD:-build}" uninstall DESTDIR="$to" UNITDIR=$units
	[ -z "$(find "$to" -type f)" ]
}
