#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# views - what programs that everybody uses make of a container's limits: procps, util-linux, coreutils, OpenJDK, Go. All of
# them have to come to the same.
#
# Go's part is played by Debian's runc, which runs no container here: Go's scheduler says of any program, when asked to, how
# many processors it has found. (Of memory it has no idea; what it is told by GOMEMLIMIT is its user's.)

load helpers
load monitor

setup_file() {
	requires java free top uptime lscpu nproc runc
	common_setup_file
	tools_add "$FILE_WORK/rootfs"
}

setup() {
	DOCKER_DIR=
	common_setup
	requires_fuse
}

teardown() {
	docker_stop # of the one test that has an engine
	common_teardown
}

# Debian's own programs at their usual places, with their libraries, in the place of busybox's.
tools_add() { # ROOT
	local root=$1 tool java home
	mkdir -p "$root"/{usr/bin,lib/terminfo/d,lib64}
	for tool in free top uptime lscpu nproc runc; do
		tool=$(readlink -f "$(command -v $tool)")
		cp "$tool" "$root/usr/bin/"
		libraries_add "$root" "$tool"
	done
	cp /lib/terminfo/d/dumb "$root/lib/terminfo/d/"
	java=$(readlink -f "$(command -v java)")
	home=${java%/bin/java}
	mkdir -p "$root/jre/bin" "$root/jre/lib"
	cp "$java" "$root/jre/bin/"
	cp -rL "$home"/lib/{modules,jvm.cfg,server} "$home"/lib/lib{java,jimage,jli,nio,net,zip,verify,management,extnet}.so "$root/jre/lib/"
	[ ! -d "$home/conf" ] || cp -rL "$home/conf" "$root/jre/"
	libraries_add "$root" "$java" "$home/lib/server/libjvm.so" "$home/lib/libjava.so" "$home/lib/libzip.so"
}

libraries_add() { # ROOT FILE...
	local root=$1 library
	shift
	ldd "$@" | grep -oE '/[^ ]+\.so[^ :]*' | grep -v '^/usr/lib/jvm' | sort -u | while read -r library; do
		[ -e "$root$library" ] || install -D -m 0755 "$library" "$root$library"
	done
}

# For a shell in the container: one line for each view. What is counted in bytes is said in KiB.
# shellcheck disable=SC2016 # that shell expands
VIEWS='export PATH=/usr/bin:/bin TERM=dumb
	echo free $(($(/usr/bin/free -b | awk "/^Mem:/ { print \$2 }") / 1024))
	awk "/^MemTotal:/ { print \"meminfo\", \$2 }" /proc/meminfo
	/usr/bin/top -bn1 | awk "/^MiB Mem/ { print \"top\", \$4 * 1024 }"
	/jre/bin/java -XX:+UseSerialGC -XshowSettings:system -version 2>&1 | awk "
		/Effective CPU Count:/ { print \"java-cpus\", \$4 }"
	/jre/bin/java -XX:+UseSerialGC -Xlog:gc+init -version 2>/dev/null | awk "/ Memory: / { sub(/M/, \"\", \$NF); print \"java\", \$NF * 1024 }"
	/jre/bin/java -XX:+UseSerialGC -XX:+PrintFlagsFinal -version 2>/dev/null | awk "\$2 == \"MaxHeapSize\" { print \"java-heap\", \$4 / 1024 }"
	echo swap-free $(($(/usr/bin/free -b | awk "/^Swap:/ { print \$2 }") / 1024))
	awk "/^SwapTotal:/ { print \"swap-meminfo\", \$2 }" /proc/meminfo
	awk "NR > 1 { n += \$3 } END { print \"swap-swaps\", n + 0 }" /proc/swaps
	echo nproc-cpus $(/usr/bin/nproc)
	echo all-cpus $(/usr/bin/nproc --all)
	echo cpuinfo-cpus $(grep -c ^processor /proc/cpuinfo)
	echo stat-cpus $(grep -c "^cpu[0-9]" /proc/stat)
	/usr/bin/lscpu | awk -F: "/^CPU\(s\):/ { print \"lscpu-cpus\", \$2 + 0 } /^On-line CPU\(s\) list:/ { print \"lscpu-list\", \$2 + 0 }"
	echo top-cpus $(/usr/bin/top -1 -bn1 | tr "," "\n" | grep -c "^ *%Cpu[0-9]")
	GODEBUG=schedtrace=1 /usr/bin/runc --version 2>&1 | sed -n "1s/.*gomaxprocs=\([0-9]*\).*/go-cpus \1/p"
	echo seconds $(cut -d. -f1 /proc/uptime)
	/usr/bin/uptime | sed "s/.*up \([0-9]*\) min.*load average: [0-9.]*, [0-9.]*, [0-9.]*$/uptime \1/"
	echo seconds $(cut -d. -f1 /proc/uptime)
	for i in 1 2 3 4 5; do # it may be another a moment later
		[ "$(cut -d" " -f1-3 /proc/loadavg)" = "$(/usr/bin/uptime | sed "s/.*load average: //; s/,//g")" ] || continue
		echo loadavg same
		break
	done'

# assert_views BEGIN: 256 MiB, one cpu, the first, and half of it again by quota, which is no more than the one; begun at
# $SECONDS = BEGIN or later
assert_views() {
	local swap age
	for view in free meminfo top java; do
		grep -qx "$view 262144" <<<"$output" || fail "$view:" "$output"
	done
	# its heap is a quarter, as it believes the limit; the machine has far more
	[ "$(awk '$1 == "java-heap" { print $2 }' <<<"$output")" -le 131072 ]
	for view in nproc all cpuinfo stat lscpu java go top; do
		grep -qx "$view-cpus 1" <<<"$output" || fail "$view-cpus:" "$output"
	done
	grep -qx "lscpu-list 0" <<<"$output"
	read -r -d '' -a age < <(awk '$1 == "seconds" { print $2 }' <<<"$output") || :
	[ "${age[1]}" -le $((SECONDS - $1 + 1)) ] || fail "uptime:" "$output"
	grep -qxE "uptime ($((age[0] / 60))|$((age[1] / 60)))" <<<"$output" || fail "uptime:" "$output"
	grep -qx "loadavg same" <<<"$output" || fail "loadavg:" "$output"
	swap=$(awk '$1 == "swap-meminfo" { print $2 }' <<<"$output")
	grep -qx "swap-free $swap" <<<"$output"
	grep -qx "swap-swaps $swap" <<<"$output" || fail "swap:" "$output"
}

# bats test_tags=vm-once
@test "views: programs agree with the limits of a container" {
	config_set '.linux.resources.memory.limit = 268435456 | .linux.resources.cpu = {cpus: "0", quota: 150000, period: 100000}'
	local begin=$SECONDS
	container_start sleep 1000
	run runtime exec "$ID" sh -c "$VIEWS"
	assert_status 0
	echo "$output"
	assert_views $begin
}

@test "views: and so they do under docker run -m 256m --cpus 1.5 --cpuset-cpus 0" {
	docker_start
	local begin=$SECONDS
	run docker_run --rm -m 256m --cpus 1.5 --cpuset-cpus 0 bb sh -c "$VIEWS"
	assert_status 0
	echo "$output"
	assert_views $begin
}
