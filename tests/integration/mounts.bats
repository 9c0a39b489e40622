#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# mounts - what the words in mounts[].options come to, as the container's mountinfo shows it; remount; idmap.

load helpers

# config_fs DESTINATION OPTION...: a tmpfs
config_fs() {
	jq '.mounts += [{destination: $ARGS.positional[0], type: "tmpfs", source: "tmpfs", options: $ARGS.positional[1:]}]' \
		"$BUNDLE/config.json" --args -- "$@" >"$BUNDLE/config.json.new" &&
		mv "$BUNDLE/config.json.new" "$BUNDLE/config.json"
}

# config_remount DESTINATION OPTION...
config_remount() {
	jq '.mounts += [{destination: $ARGS.positional[0], options: (["remount"] + $ARGS.positional[1:])}]' \
		"$BUNDLE/config.json" --args -- "$@" >"$BUNDLE/config.json.new" &&
		mv "$BUNDLE/config.json.new" "$BUNDLE/config.json"
}

# Of the mount at $1, from $output: flags of the mount; optional fields; what the superblock says.
flags() { awk -v at="$1" '$5 == at { print $6 }' <<<"$output"; }
peers() { awk -v at="$1" '$5 == at { for (i = 7; $i != "-"; i++) printf "%s ", $i }' <<<"$output"; }
super() { awk -v at="$1" '$5 == at { print $NF }' <<<"$output"; }

# ---------------------------------------------------------------- flags

# bats test_tags=vm-oldest
@test "mounts: each flag of a mount, and what takes it back" {
	config_fs /set ro nosuid nodev noexec noatime nodiratime nosymfollow
	config_fs /back ro nosuid nodev noexec noatime nodiratime nosymfollow \
		rw suid dev exec atime diratime symfollow
	config_fs /strict noatime strictatime
	config_fs /kept noatime norelatime nostrictatime
	config_fs /plain defaults loud silent iversion noiversion
	runtime_run cat /proc/self/mountinfo
	assert_status 0
	assert_equal "$(flags /set)" ro,nosuid,nodev,noexec,noatime,nodiratime,nosymfollow
	assert_equal "$(flags /back)" rw,relatime
	assert_equal "$(flags /strict)" rw
	assert_equal "$(flags /kept)" rw,noatime
	assert_equal "$(flags /plain)" rw,relatime
}

@test "mounts: recursive flags on a file system of its own" {
	config_fs /r rro rnosuid rnodev rnoexec rnoatime rnodiratime rnosymfollow
	config_fs /later noatime rstrictatime
	config_fs /wins ro rrw
	runtime_run cat /proc/self/mountinfo
	assert_status 0
	assert_equal "$(flags /r)" ro,nosuid,nodev,noexec,noatime,nodiratime,nosymfollow
	assert_equal "$(flags /later)" rw
	assert_equal "$(flags /wins)" rw,relatime
}

@test "mounts: rro of a bind reaches what is mounted below it, ro does not" {
	volume_new vol
	mkdir "$VOL/sub"
	mount -t tmpfs -o mode=700 sub "$VOL/sub"
	config_mount "$VOL" /plain rbind ro
	config_mount "$VOL" /all rbind rro rnosuid
	config_mount "$VOL" /last rbind rw rro
	runtime_run cat /proc/self/mountinfo
	umount "$VOL/sub"
	assert_status 0
	[[ "$(flags /plain)" == ro,* && "$(flags /plain/sub)" == rw,* ]]
	[[ "$(flags /all)" == ro,nosuid,* && "$(flags /all/sub)" == ro,nosuid,* ]]
	[[ "$(flags /last)" == ro,* && "$(flags /last/sub)" == ro,* ]]
}

@test "mounts: nosymfollow: a link on such a mount leads nowhere, also below with rnosymfollow" {
	volume_new vol
	mkdir "$VOL/sub"
	mount -t tmpfs -o mode=700 sub "$VOL/sub"
	echo text >"$VOL/f"
	ln -s f "$VOL/link"
	ln -s ../f "$VOL/sub/link"
	config_mount "$VOL" /one rbind nosymfollow
	config_mount "$VOL" /all rbind rnosymfollow
	config_mount "$VOL" /back rbind nosymfollow symfollow
	runtime_run sh -c 'for f in /one/link /one/sub/link /all/link /all/sub/link /back/link; do
		cat $f >/dev/null 2>&1 && echo $f; done; :'
	umount "$VOL/sub"
	assert_status 0
	assert_equal "$output" "/one/sub/link
/back/link"
}

@test "mounts: flags of a superblock, and what takes them back" {
	config_fs /set sync dirsync lazytime mand
	config_fs /back sync async lazytime nolazytime mand nomand
	runtime_run cat /proc/self/mountinfo
	assert_status 0
	[[ ,$(super /set), == *,sync,dirsync,*lazytime,* ]]
	[[ $(super /back) != *sync* && $(super /back) != *lazytime* && $(super /back) != *mand* ]]
}

@test "mounts: a word nobody knows is the file system's to refuse" {
	config_fs /x nosuchoption
	run_aside container_create
	assert_refused mounts /x nosuchoption
}

@test "mounts: a read-only tmpfs takes the mounts of later entries" {
	config_fs /ro ro mode=755
	config_fs /ro/below/deep
	runtime_run sh -c 'cat /proc/self/mountinfo; touch /ro/below/deep/f && echo deep; touch /ro/f'
	assert_contains deep
	assert_contains "Read-only file system"
	[[ "$(flags /ro)" == ro,* && "$(flags /ro/below/deep)" == rw,* ]]
}

# ---------------------------------------------------------------- propagation

# bats test_tags=vm-oldest
@test "mounts: propagation of a file system of its own stays inside" {
	config_fs /shared shared
	config_fs /slave rslave
	config_fs /private rprivate
	config_fs /unbindable unbindable
	runtime_run cat /proc/self/mountinfo
	assert_status 0
	[[ "$(peers /shared)" =~ ^shared:[0-9]+\ $ ]]
	assert_equal "$(peers /unbindable)" "unbindable "
	assert_equal "$(peers /slave)$(peers /private)" ""
	local group
	group=$(peers /shared)
	! grep -qF " ${group% } " /proc/self/mountinfo
}

@test "mounts: a private mount in a shared root" {
	config_fs /private private
	config_fs /like-root
	config_set '.linux.rootfsPropagation = "rshared"'
	runtime_run cat /proc/self/mountinfo
	assert_status 0
	assert_equal "$(peers /private)" ""
	[[ "$(peers /like-root)" == shared:* ]]
}

@test "mounts: a bind that would share mounts with the host is refused" {
	local word
	volume_new vol
	for word in shared rshared slave rslave; do
		config_set '.mounts |= map(select(.destination != "/v"))'
		config_mount "$VOL" /v rbind $word
		run_aside container_create
		assert_refused "$VOL" propagation
	done
}

# ---------------------------------------------------------------- remount

# bats test_tags=vm-oldest
@test "mounts: remount of /dev: read-only, what is not named stays, its devices are made all the same" {
	config_remount /dev ro noexec
	runtime_run sh -c 'cat /proc/self/mountinfo; echo x >/dev/null && echo null; ls -l /dev/fd; touch /dev/f'
	assert_contains null
	assert_contains /proc/self/fd
	assert_contains "Read-only file system"
	[[ "$(flags /dev)" == ro,nosuid,noexec* ]]
}

@test "mounts: remount changes a tmpfs's data, and takes flags back" {
	config_fs /t ro nosuid size=1m
	config_remount /t rw suid size=2m
	runtime_run sh -c 'cat /proc/self/mountinfo; touch /t/f && echo written'
	assert_status 0
	assert_contains written
	assert_equal "$(flags /t)" rw,relatime
	[[ "$(super /t)" == *size=2048k* ]]
}

@test "mounts: remount of a bind: its flags, and never those that are the host's" {
	volume_new vol
	mkdir "$VOL/d"
	config_mount "$VOL" /v rbind
	config_remount /v bind ro dev nosymfollow
	runtime_run sh -c 'cat /proc/self/mountinfo; touch /v/f'
	assert_contains "Read-only file system"
	[[ "$(flags /v)" == ro,nodev,relatime,nosymfollow* ]]
	[ ! -e "$VOL/f" ]

	config_remount /v sync # its superblock is the host's
	run_aside container_create
	assert_refused /v sync
}

@test "mounts: remount of /proc and of the root" {
	config_remount /proc hidepid=2
	config_remount / ro dev
	config_fs /made/later
	runtime_run sh -c 'cat /proc/self/mountinfo; touch /f'
	assert_contains "Read-only file system"
	[[ "$(super /proc)" == *hidepid=* ]]
	[[ ,$(flags /), == *,ro,*nodev,* ]]
	[[ "$(flags /made/later)" == rw,* ]]

	config_remount / rro
	run_aside container_create
	assert_refused rro
}

@test "mounts: remount of what no earlier entry has mounted is refused" {
	local at
	volume_new vol
	mkdir "$VOL/sub"
	mount -t tmpfs -o mode=700 sub "$VOL/sub"
	config_mount "$VOL" /v rbind
	for at in /etc /nowhere /etc/passwd/x /v/sub /t; do
		config_set --arg at "$at" '.mounts |= map(select((.options // []) | index("remount") | not)) |
			.mounts += [{destination: $at, options: ["remount", "rw", "suid"]}]'
		run_aside container_create
		assert_refused mounts "$at" remount
	done
	umount "$VOL/sub"
}

@test "mounts: remount of a cgroup mount does not reach the host's superblock" {
	local before
	before=$(grep -F ' - cgroup' /proc/self/mountinfo)
	config_set '.mounts += [{destination: "/sys/fs/cgroup", options: ["remount", "ro", "sync"]}]'
	run_aside container_create
	assert_refused /sys/fs/cgroup sync
	assert_equal "$(grep -F ' - cgroup' /proc/self/mountinfo)" "$before"
}

# ---------------------------------------------------------------- idmap

# bats test_tags=vm-oldest
@test "mounts: idmap and ridmap of engine storage are what a volume has anyway" {
	local word
	volume_new vol
	touch "$VOL/root" "$VOL/user"
	chown 1000:1000 "$VOL/user"
	for word in idmap ridmap; do
		config_set '.mounts |= map(select(.destination != "/v"))'
		config_mount "$VOL" /v rbind $word
		runtime_run stat -c %u:%g /v/root /v/user
		assert_status 0
		assert_equal "${lines[*]}" "0:0 1000:1000"
	done
}

@test "mounts: idmap of a user's folder is refused: its owner is the container's root, 0 to 0 it is not" {
	public_new
	config_mount "$PUBLIC/home" /home rbind idmap
	run_aside container_create
	assert_refused "$PUBLIC/home" $USER_ID idmap
	config_set '.mounts[-1].options = ["rbind"]'
	runtime_run stat -c %u /home
	assert_equal "$output" 0
}

@test "mounts: a mount's own mapping may not make others' files the container's" {
	local host inside
	volume_new vol
	while read -r inside host; do
		config_set '.mounts |= map(select(.destination != "/v"))'
		config_mount "$VOL" /v rbind idmap
		config_set --argjson inside "$inside" --argjson host "$host" '
			.mounts[-1].uidMappings = [{containerID: $inside, hostID: $host, size: 65536}] |
			.mounts[-1].gidMappings = .mounts[-1].uidMappings'
		run_aside container_create
		assert_refused mounts uidMappings
	done <<-END
		0 0
		0 1000
		0 $((USER_ID + 65536))
		165536 100000
	END
	config_set 'del(.mounts[-1].gidMappings)'
	run_aside container_create
	assert_refused gidMappings
}

@test "mounts: idmap of a file system of the container's own is refused" {
	config_fs /t idmap
	run_aside container_create
	assert_refused mounts idmap
}

@test "features: mount options are those of the parser, and idmap is among the extensions" {
	local option
	run runtime features
	assert_status 0
	jq -e '.linux.mountExtensions.idmap.enabled and ((["remount", "idmap", "ridmap", "rro", "iversion",
		"lazytime", "tmpcopyup"] - .mountOptions) == [])' <<<"$output"
	# what is listed never reaches the file system as a word that it does not know
	mapfile -t OPTIONS < <(jq -r '.mountOptions[]' <<<"$output")
	volume_new vol
	for option in "${OPTIONS[@]}"; do
		case $option in
		remount | *shared | *slave) continue ;; # of an earlier mount; refused for a bind
		esac
		config_mount "$VOL" "/v-$option" bind "$option"
		case $option in
		*bind | *idmap) ;;
		*) config_fs "/t-$option" "$option" ;;
		esac
	done
	runtime_run true
	assert_status 0
}
