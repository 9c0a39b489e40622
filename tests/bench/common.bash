# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# common - owns what the benchmarks share: where their files lie, the private view they measure in, the bundles, the table.
#
# Who includes it sets WORK, a folder of its own below which all bundles lie, and TOP, the top of the sources.

B=${B:-build}
BUILD=$B # as make has it
[ "${B:0:1}" = / ] || B=$TOP/$B
OUT=$B/bench # programs, measures, samples, charts
BENCH=$TOP/tests/bench
BULWARK=$B/test/bulwark
PREFIX=/run/bulwark-test # of the test build: runtime/paths.h
BASE=100000              # first host id of the peers' containers

die()
{
	printf '%s: %s\n' "${0##*/}" "$*" >&2
	exit 1
}

requires()
{
	local tool
	for tool; do
		command -v "$tool" >/dev/null || die "$tool is not installed: scripts/setup test"
	done
}

# What run-tests built may be all but the benchmarks' own programs. How a make that called us was called is not ours.
build_programs()
{
	env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL make -s -C "$TOP" B="$BUILD" "$BUILD/test/bulwark" bench-programs ||
		die 'bulwark or the programs of tests/bench do not build'
}

# ---------------------------------------------------------------- the private view

# In a mount namespace of our own: no v2 tree beside v1 controllers, which crun refuses. Nobody else sees it.
view_tidy_cgroups()
{
	local mounts
	mounts=$(awk '$(NF-2) ~ /^cgroup2?$/ { print $(NF-2), $5, $NF }' /proc/self/mountinfo)
	if grep -qE '^cgroup .*\b(memory|pids|devices)\b' <<<"$mounts"; then
		awk '$1 == "cgroup2" { print $2 }' <<<"$mounts" | while read -r mount; do
			umount "$mount"
		done
	fi
}

# Policy, id table and filter cache of the test build: ours alone, empty.
view_bulwark()
{
	mkdir -p $PREFIX
	mount -t tmpfs -o mode=0755 tmpfs $PREFIX
	# crun gives its standard streams to the container's root: the machine's /dev/null shall not be one of them
	mknod -m 0666 $PREFIX/null c 1 3
	mount --bind $PREFIX/null /dev/null
	mkdir -p $PREFIX/etc/bulwark
	(umask 077 && echo '{"configurationFileVersion": 2, "bpfLsm": {"value": "preferred"}}' \
		>$PREFIX/etc/bulwark/admin-settings.json)
}

# ---------------------------------------------------------------- cgroups

cgroup_folders()
{
	local mount
	awk '$(NF-2) ~ /^cgroup2?$/ { print $5 }' /proc/self/mountinfo | sort -u | while read -r mount; do
		[ ! -d "$mount$1" ] || find "$mount$1" -depth -type d
	done
}

cgroups_remove()
{
	local folder tries
	for tries in 1 2 3 4 5 6 7 8 9 10; do # a process that was killed leaves its cgroup when it pleases
		cgroup_folders "$1" | while read -r folder; do
			rmdir "$folder" 2>/dev/null || :
		done
		[ -n "$(cgroup_folders "$1")" ] || return 0
		sleep 0.2
	done
	cgroup_folders "$1" >&2
	return "$tries"
}

# ---------------------------------------------------------------- bundles

# The config of a real Docker container, once per version of the engine.
docker_config()
{
	local version=none
	requires dockerd docker containerd jq unshare ip tar
	[ ! -f "$OUT/docker.version" ] || version=$(cat "$OUT/docker.version")
	if [ "$version" != "$(dockerd --version)" ] || [ ! -s "$OUT/docker.json" ]; then
		unshare --mount --pid --net --fork --kill-child --mount-proc "$BENCH/capture_config" "$OUT/docker.json" ||
			die 'no config.json of Docker'
		dockerd --version >"$OUT/docker.version"
	fi
}

# root_make FOLDER: a root file system with the few names that mounts and masks need
root_make()
{
	mkdir -p "$1"/{bin,dev,etc,mnt/point,proc,sys,tmp}
	cp "$OUT/tiny" "$OUT/operations" "$1/bin/"
	cp "$OUT/tiny" "$1/mnt/" # for operations
	: >"$1/etc/hosts"
	: >"$1/etc/hostname"
	: >"$1/etc/resolv.conf"
}

# side_make SIDE: a root and the engine's files for the bundles of one side.
#   ours   belongs to root and is reached by nobody else, as an engine's storage is; user namespace, ids and id-mapped
#          mounts are bulwark's own affair
#   peers  belongs to the container's root, as an engine with userns-remap has it; user namespace and ids are in the config
side_make()
{
	local side=$WORK/$1 name
	mkdir -m 0700 "$side"
	root_make "$side/rootfs"
	for name in hosts hostname resolv.conf; do
		printf '127.0.0.1 localhost\n' >"$side/$name"
	done
}

# Two settings of Docker's are left out: its hook, which would call that dockerd, and ping_group_range, whose "0 2147483647"
# has no meaning in a user namespace of 65,536 ids (Docker leaves it out there itself).
# bundle_make SIDE NAME CGROUP [JQ-FILTER]
bundle_make()
{
	local bundle=$WORK/$1/$2
	mkdir -p "$bundle"
	jq --arg side "$WORK/$1" --arg cgroup "$3" --argjson base $BASE --arg who "$1" '
		del(.hooks)
		| .root.path = $side + "/rootfs"
		| .process.args = ["/bin/tiny"]
		| .linux.cgroupsPath = $cgroup
		| del(.linux.sysctl."net.ipv4.ping_group_range")
		| .mounts |= map(if .type == "bind" then .source = $side + "/" + (.source | split("/") | last) else . end)
		| .linux.namespaces |= (map(select(.type != "cgroup")) + [{type: "cgroup"}])
		| if $who == "peers" then
			.linux.namespaces += [{type: "user"}]
			| .linux.uidMappings = [{containerID: 0, hostID: $base, size: 65536}]
			| .linux.gidMappings = .linux.uidMappings
		  else . end
		| '"${4:-.}" "$OUT/docker.json" >"$bundle/config.json.new" || die "no bundle $1/$2"
	mv "$bundle/config.json.new" "$bundle/config.json"
}

side_finish()
{
	[ "$1" != peers ] || chown -R -h $BASE:$BASE "$WORK/peers"
}

# ---------------------------------------------------------------- the table

# measure ROW UNIT WHO VALUE...: adds a line with median, p90, least and most of the values
measure()
{
	local row=$1 unit=$2 who=$3
	shift 3
	[ $# -gt 0 ] || die "$row: nothing was measured of $who"
	printf '%s\n' "$@" | sort -g | awk -v OFS='\t' -v row="$row" -v unit="$unit" -v who="$who" '
		{ v[NR] = $1 }
		END {
			median = NR % 2 ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2
			print row, unit, who, NR, median, v[int((NR * 9 + 9) / 10)], v[1], v[NR]
		}' >>"$MEASURES"
}

# table_write PART: rows of one benchmark, from $MEASURES; bench.tsv is the parts that are there
table_write()
{
	local part=$OUT/rows-$1.tsv status=0
	awk -f "$BENCH/report.awk" "$BENCH/goals.tsv" "$MEASURES" >"$part" || status=1
	{
		printf 'name\tours\tpeer\tpeers\tratio\tgoal\tunit\tours_p90\tpeers_p90\tsamples\tmet\n'
		cat "$OUT"/rows-*.tsv
	} >"$B/bench.tsv.new"
	mv "$B/bench.tsv.new" "$B/bench.tsv"
	column -t -s $'\t' <(head -n 1 "$B/bench.tsv" && cat "$part")
	awk -F '\t' '$NF == "no" { printf "missed: %s against %s: %s %s, theirs %s; goal %s\n", $1, $3, $2, $7, $4, $6 }' "$part"
	return "$status"
}

# charts SET SUBTITLE: draws what $MEASURES holds, $OUT/*.svg
charts()
{
	local name unit title contenders data
	data=$(mktemp -d)
	awk -v set="$1" -v folder="$data" -f "$BENCH/charts.awk" "$MEASURES" || die 'a chart lacks its data'
	while IFS=$'\t' read -r name unit title contenders; do
		gnuplot -e "file='$data/$name.dat'; out='$OUT/$name.svg'; unit='$unit'; heading='$title'" \
			-e "subtitle='$2'; contenders='$contenders'" "$BENCH/charts.gnuplot" </dev/null ||
			die "gnuplot: no chart '$name'"
	done <"$data/charts.tsv"
	rm -rf "$data"
}
