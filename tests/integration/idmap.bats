#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# idmap - exclusive ranges, what the host sees of a container's processes, and who owns files on either side.

load helpers

# bats test_tags=vm
@test "idmap: uid_map and gid_map are 0 BASE 65536, BASE at least 100000" {
	requires_bulwark
	runtime_run cat /proc/self/uid_map /proc/self/gid_map
	assert_status 0
	[[ "${lines[0]}" =~ ^\ *0\ +([0-9]+)\ +65536$ ]]
	[ "${BASH_REMATCH[1]}" -ge 100000 ]
	assert_equal "${lines[1]}" "${lines[0]}"
	assert_equal "${#lines[@]}" 2
}

# bats test_tags=vm-full
@test "idmap: live containers have disjoint ranges, also when they are made at once" {
	requires_bulwark
	local i jobs=()
	config_args sleep 100
	for i in 1 2 3 4 5 6 7 8 9 10 11 12; do
		config_set --arg path "$CGROUP/$ID-$i" '.linux.cgroupsPath = $path'
		cp -a "$BUNDLE" "$WORK/bundle-$i"
	done
	for i in 1 2 3 4 5 6 7 8 9 10 11 12; do
		runtime create --bundle "$WORK/bundle-$i" --pid-file "$WORK/$ID-$i.pid" "$ID-$i" \
			</dev/null >"$WORK/$ID-$i.out" 2>&1 &
		jobs+=($!)
	done
	for i in "${jobs[@]}"; do
		wait "$i" || { cat "$WORK"/*.out >&2; return 1; }
	done
	for i in 1 2 3 4 5 6 7 8 9 10 11 12; do
		echo "$(($(container_base "$ID-$i") - 100000))"
	done | sort -n >"$WORK/bases"
	assert_equal "$(sort -nu "$WORK/bases" | wc -l)" 12
	# blocks of 65536: different bases of the same grid cannot overlap
	assert_equal "$(awk '$1 % 65536' "$WORK/bases")" ""
}

@test "idmap: a freed range rests before it is used again" {
	requires_bulwark
	runtime_run cat /proc/self/uid_map
	local first=$output
	runtime_run cat /proc/self/uid_map
	[ "$output" != "$first" ]
}

@test "idmap: a range is not given away while its container lives, though its maker is gone" {
	requires_bulwark
	local base i
	container_start sleep 100
	base=$(container_base)
	config_set 'del(.linux.cgroupsPath)'
	for i in 1 2 3; do
		config_args cat /proc/self/uid_map
		run runtime run --bundle "$BUNDLE" "$ID-$i" </dev/null
		assert_status 0
		[ "$(awk '{ print $2 }' <<<"$output")" != "$base" ]
	done
}

@test "idmap: no range overlaps /etc/subuid, /etc/subgid or a local account" {
	requires_bulwark
	local base
	container_start sleep 100
	base=$(container_base)
	awk -F: -v b="$base" '$2 < b + 65536 && b < $2 + $3 { bad = 1 } END { exit bad }' /etc/subuid /etc/subgid 2>/dev/null ||
		fail "overlaps a subordinate range"
	awk -F: -v b="$base" '$3 >= b && $3 < b + 65536 { bad = 1 } END { exit bad }' /etc/passwd /etc/group
}

@test "idmap: the host sees no process of the container as uid 0" {
	requires_bulwark
	local base pid field
	config_privileged
	container_start sh -c 'sleep 101 & (sleep 102 & wait) & echo >/ready; wait'
	wait_for [ -e "$ROOTFS/ready" ]
	runtime exec --detach "$ID" sleep 103 </dev/null >/dev/null 2>&1
	base=$(container_base)
	runtime ps --format json "$ID" | jq '.[]' >"$WORK/pids"
	[ "$(wc -l <"$WORK/pids")" -ge 4 ]
	while read -r pid; do
		for field in $(awk '/^[UG]id:/ { print $2, $3, $4, $5 }' "/proc/$pid/status"); do
			[ "$field" -ge "$base" ] || fail "process $pid has id $field on the host"
			[ "$field" -lt $((base + 65536)) ]
		done
	done <"$WORK/pids"
}

@test "idmap: under runc root inside is root outside" {
	local RUNTIME=$RUNC
	requires_runc
	bundle_new
	container_start sleep 100
	assert_equal "$(awk '/^Uid:/ { print $2 }' "/proc/$(container_pid)/status")" 0
}

# What a container does to its root, and what must be on disk afterwards in $1.
OWNERS='umask 022; touch /f; mkdir /d; touch /u && chown 1000:1001 /u; touch /s && chmod 4755 /s; ln -s f /l
	chown -h 3:4 /l; touch /last && chown 65535:65535 /last; rm /etc/group; mv /etc/passwd /etc/moved; touch /tmp/t'

check_owners() {
	assert_equal "$(cd "$1" && stat -c '%n %u:%g %a' f d u s l last etc/moved tmp/t)" "f 0:0 644
d 0:0 755
u 1000:1001 644
s 0:0 4755
l 3:4 777
last 65535:65535 644
etc/moved 0:0 644
tmp/t 0:0 644"
}

# bats test_tags=vm
@test "idmap: plain root: on disk files have the ids they have inside" {
	config_caps_all
	runtime_run sh -c "$OWNERS"
	assert_status 0
	check_owners "$ROOTFS"
	[ ! -e "$ROOTFS/etc/group" ]
}

# bats test_tags=vm
@test "idmap: overlay root: the upper holds the ids inside, lowers stay as they were" {
	overlay_new
	(cd "$ROOTFS" && find . -exec stat -c '%n %u:%g %a %Y' {} +) | sort >"$WORK/before"
	config_caps_all
	runtime_run sh -c "$OWNERS; cat /etc/middle"
	overlay_done
	assert_status 0
	assert_equal "$output" middle
	check_owners "$UPPER"
	[ -c "$UPPER/etc/group" ] # a whiteout
	(cd "$ROOTFS" && find . -exec stat -c '%n %u:%g %a %Y' {} +) | sort >"$WORK/after"
	diff "$WORK/before" "$WORK/after"
}

@test "idmap: overlay root: the engine's own mount sees what the container did, once it is gone" {
	overlay_new
	runtime_run sh -c 'echo changed >/etc/middle; echo new >/new'
	assert_status 0
	overlay_done # as an engine does; and mounts it again to export
	overlay_mount
	output=$(cat "$MERGED/etc/middle" "$MERGED/new")
	overlay_done
	assert_equal "$output" "changed
new"
}

@test "idmap: overlay root: setuid programs and file capabilities of the image work inside" {
	cp "$PROBES/ids" "$ROOTFS/bin/suid-ids"
	chmod 4755 "$ROOTFS/bin/suid-ids"
	overlay_new
	config_set '.process.user = {uid: 1000, gid: 1000} | .process.noNewPrivileges = false'
	runtime_run suid-ids
	overlay_done
	assert_status 0
	assert_contains "uid=1000,0,0"
}

@test "idmap: overlay root: a read-only engine mount (no upper)" {
	overlay_new
	overlay_done
	mount -t overlay -o "ro,lowerdir=$LOWERS" overlay "$MERGED"
	config_set '.root.readonly = true'
	runtime_run cat /etc/middle
	overlay_done
	assert_status 0
	assert_equal "$output" middle
}

@test "idmap: inside nobody owns anything" {
	requires_bulwark
	chown 1000:1000 "$ROOTFS/var/tmp"
	overlay_new
	volume_new vol
	touch "$VOL/root" "$VOL/user"
	chown 1000:1000 "$VOL/user"
	public_new
	touch "$PUBLIC/home/theirs"
	chown $USER_ID:$USER_ID "$PUBLIC/home/theirs"
	config_mount "$VOL" /vol
	config_mount "$PUBLIC/home" /home
	runtime_run sh -c 'find / \( -path /proc -o -path /sys \) -prune -o \( -user 65534 -o -group 65534 \) -print
		stat -c "%n %u:%g" / /bin/busybox /var/tmp /vol/root /vol/user /home/theirs /dev /dev/pts /dev/shm /dev/mqueue \
			/dev/null'
	overlay_done
	assert_status 0
	assert_equal "$output" "/ 0:0
/bin/busybox 0:0
/var/tmp 1000:1000
/vol/root 0:0
/vol/user 1000:1000
/home/theirs 0:0
/dev 0:0
/dev/pts 0:0
/dev/shm 0:0
/dev/mqueue 0:0
/dev/null 0:0"
}

@test "idmap: two containers with different ranges share a volume and agree about owners" {
	requires_bulwark
	volume_new vol
	config_mount "$VOL" /vol
	config_caps_all
	runtime_run sh -c 'echo one >/vol/f; touch /vol/u; chown 7:8 /vol/u; chmod 600 /vol/f'
	assert_status 0
	ID=$ID-b
	runtime_run sh -c 'stat -c %u:%g /vol/f /vol/u; cat /vol/f; echo two >>/vol/f'
	assert_status 0
	assert_equal "$output" "0:0
7:8
one"
	assert_equal "$(stat -c %u:%g "$VOL/f" "$VOL/u")" "0:0
7:8"
}

@test "idmap: a user's folder: subordinate ids are 1 and up, everybody else is nobody" {
	requires_bulwark
	public_new
	local dir=$PUBLIC/home
	touch "$dir/owner" "$dir/root" "$dir/other"
	chown $USER_ID:$USER_ID "$dir/owner"
	chown 4242:4242 "$dir/other"
	config_mount "$dir" /x
	config_privileged
	runtime_run sh -c 'stat -c "%n %u:%g" /x/owner /x/root /x/other
		chown 0:0 /x/root 2>/dev/null && echo took root; chown 0:0 /x/other 2>/dev/null && echo took other
		echo x 2>/dev/null >/x/root && echo wrote root; :'
	assert_equal "$output" "/x/owner 0:0
/x/root 65534:65534
/x/other 65534:65534"
	assert_equal "$(stat -c %u:%g "$dir/root" "$dir/other")" "0:0
4242:4242"
}
