#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2154 # $status, $output and $lines are set by run
# bpf - the BPF LSM layer: attack by attack, with it off, in audit mode, and enforced; loading, unloading, what is shown. In
# guests: the machines where bulwark is made do not load BPF LSM programs.
#
# Containers are made by probes/contain.c, without a runtime, and attack by probes/attack.c.

bats_require_minimum_version 1.5.0

load bpf

setup_file() {
	common_setup_file
	"$CTL" unload --force >/dev/null # tests of the same guest may have loaded them
	# Twenty at once: the programs are loaded by one of them.
	local i pids=()
	for i in {1..20}; do
		"$CTL" load >"$BATS_FILE_TMPDIR/load.$i" 2>&1 3>&- &
		pids+=($!)
	done
	wait "${pids[@]}"
	cat "$BATS_FILE_TMPDIR"/load.* >"$BATS_FILE_TMPDIR/loads"
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

# ---------------------------------------------------------------- loading

# bats test_tags=vm
@test "bpf: twenty parallel loads load once" {
	cat "$BATS_FILE_TMPDIR/loads"
	assert_equal "$(grep -c '^loaded: [0-9]* programs, self-test passed' "$BATS_FILE_TMPDIR/loads")" 1
	assert_equal "$(grep -c '^loaded already' "$BATS_FILE_TMPDIR/loads")" 19
	assert_equal "$(stat -c '%a %U' /sys/fs/bpf/bulwark)" '700 root'
	[ ! -e /sys/fs/bpf/bulwark_load ]
	# No hook of the table is missing on the kernels that are tested here, but for what they have no system call for.
	run "$CTL" status --json
	assert_equal "$(jq -c '[.loaded, (.hooks | map(select(.state != "attached").hook))]' <<<"$output")" '[true,["witness_tree","witness_tree32"]]'
}

# bats test_tags=vm
@test "bpf: load says what is missing: BTF, bpf in lsm=, bpffs" {
	run unshare -m sh -c 'mount -t tmpfs t /sys/kernel/btf && "$CTL" load'
	[ "$status" -eq 1 ]
	[[ "$output" == *CONFIG_DEBUG_INFO_BTF=y* ]]
	echo lockdown,capability,yama,apparmor >"$BATS_TEST_TMPDIR/lsm"
	run unshare -m sh -c 'mount --bind "$1" /sys/kernel/security/lsm && "$CTL" load' sh "$BATS_TEST_TMPDIR/lsm"
	[ "$status" -eq 1 ]
	[[ "$output" == *"lsm=lockdown,yama,apparmor,bpf"* ]]
	run unshare -m sh -c 'umount -l /sys/fs/bpf && "$CTL" load'
	[ "$status" -eq 1 ]
	[[ "$output" == *"mount -t bpf"* ]]
}

# bats test_tags=vm
@test "bpf: bpftool shows programs and containers by name" {
	aside "$CONTAIN" --id shown --mode enforce -- sleep 1000
	wait_for sh -c 'bpftool map dump pinned /sys/fs/bpf/bulwark/containers | grep -q LSM_MODE_ENFORCE'
	run bpftool map dump pinned /sys/fs/bpf/bulwark/containers
	echo "$output"
	[[ "$output" == *'"id": "shown"'* ]]
	run bpftool link
	[[ "$output" == *lsm_mac* ]]
	run bpftool prog
	[[ "$output" == *lsm_file_open* ]]
	pkill -KILL -P "${HOST_PIDS[0]}"
	wait_for sh -c '! bpftool map dump pinned /sys/fs/bpf/bulwark/containers | grep -q shown'
}

# ---------------------------------------------------------------- topics

# bats test_tags=vm
@test "bpf: surface: modules are not loaded on a container's behalf" {
	modprobe -r vsock 2>/dev/null || true
	assert_equal "$("$CONTAIN" --mode enforce --allow af_vsock -- "$ATTACK" vsock)" 'vsock EAFNOSUPPORT'
	# The kernel asks for net-pf-40 and, where that says nothing, for net-pf-40 again by protocol.
	assert_equal "$(recorded | sort -u)" 'kernel_module_request refused'
	assert_equal "$("$CONTAIN" --mode enforce --allow af_vsock --allow modules -- "$ATTACK" vsock)" 'vsock ok'
	assert_equal "$(recorded)" ''
}

# bats test_tags=vm
@test "bpf: surface: bpf, perf, keys, io_uring, userfaultfd, AF_ALG, AF_VSOCK, user namespaces" {
	modprobe -a af_alg vsock
	matrix '
		bpf ok EPERM bpf
		perf ok EPERM perf_event_open
		add_key ok EPERM key_alloc
		keyctl ok EPERM key_permission
		io_uring ok EPERM inode_init_security_anon
		userfaultfd ok EPERM inode_init_security_anon
		alg ok EPERM socket_create
		alg32 ok EPERM socket_create
		vsock ok EPERM socket_create
		vsock32 ok EPERM socket_create
		userns ok EPERM userns_create'
}

# bats test_tags=vm
@test "bpf: surface: what policy allows, and no more; user namespaces by depth" {
	matrix '
		bpf ok ok -
		perf ok EPERM perf_event_open
		alg ok ok -
		io_uring ok ok -
		userns ok ok -
		userns2 ok EPERM userns_create' --allow bpf --allow af_alg --allow io_uring --depth 1
}

# bats test_tags=vm
@test "bpf: tasks: signals, priorities, schedulers and limits stop at the border; a debugger works inside" {
	aside setpriv --reuid 100000 --regid 100000 --clear-groups sleep 1000
	local pid=${HOST_PIDS[0]}
	wait_for grep -q sleep "/proc/$pid/comm"
	matrix "
		kill=$pid ok EPERM task_kill
		ptrace=$pid EPERM EPERM -
		debug-own ok ok -"
	matrix "
		nice=$pid ok EPERM task_setnice
		ioprio=$pid ok EPERM task_setioprio
		affinity=$pid ok EPERM task_setscheduler
		scheduler=$pid ok EPERM task_setscheduler
		prlimit=$pid ok EPERM task_prlimit
		tune-own ok ok -"
	"$CONTAIN" --mode enforce -- "$ATTACK" "term=$pid"
	assert_equal "$(events | jq -c '[.hook, .object, .targetPid, .detail, .errno, .comm, .id, .uid]')" \
		"[\"task_kill\",\"sleep\",$pid,15,1,\"attack\",\"c1\",100000]"
	kill -0 "$pid"
}

# bats test_tags=vm
@test "bpf: mounts: attacks on what is locked, and on superblocks: one record of each, whoever refuses" {
	matrix "
		umount=$RO EINVAL EINVAL witness_umount
		umount-lazy=$RO EINVAL EINVAL witness_umount
		umount=/usr/share EINVAL EINVAL -
		umount=/none ENOENT ENOENT -
		remount-bind=$RO EPERM EPERM sb_mount
		remount-atime=$RO EPERM EPERM sb_mount
		remount-same=$RO ok ok -
		setattr=$RO EPERM EPERM witness_setattr
		setattr-all EPERM EPERM witness_setattr
		clone-setattr=$RO EPERM EPERM witness_setattr
		bind-remount=$RO EPERM EPERM sb_mount
		ms_move=$RO EINVAL EINVAL witness_move
		move_mount=$RO EINVAL EPERM move_mount
		rbind-umount=$RO EINVAL EINVAL witness_umount
		bind-below EINVAL EINVAL witness_bind
		pivot=$RO EINVAL EPERM sb_pivotroot
		unshare-remount=$RO EPERM EPERM sb_mount
		remount=$RO EPERM EPERM sb_mount
		fspick=$RO EPERM EPERM witness_fsconfig
		fspick=$MQ ok EPERM sb_remount
		remount=$MQ ok EPERM sb_mount
		fspick-among-many=$MQ ok EPERM sb_remount
		fspick-own-among-many ok ok -
		own-mounts ok ok -" --mqueue "$MQ"
	# int 0x80: other numbers, other entries into the kernel, and the same records.
	matrix "
		umount32=$RO EINVAL EINVAL witness_umount
		remount-bind32=$RO EPERM EPERM sb_mount
		setattr32=$RO EPERM EPERM witness_setattr32
		ms_move32=$RO EINVAL EINVAL witness_move
		move_mount32=$RO EINVAL EPERM move_mount
		pivot32=$RO EINVAL EPERM sb_pivotroot
		fspick32=$RO EPERM EPERM witness_fsconfig32
		fspick32=$MQ ok EPERM sb_remount" --mqueue "$MQ"
	matrix '
		read-fresh=cpuinfo EPERM EPERM witness_reveal' --mqueue /proc/bus
	fresh_files
	matrix '
		bind-leaked EINVAL EINVAL witness_bind' --leak "100=$DIR"
}

# bats test_tags=vm
@test "bpf: mounts: types of file systems, where a container has a list" {
	matrix '
		mount-type=tmpfs ok ok -
		mount-type=ramfs ok EPERM sb_kern_mount
		fsopen-type=tmpfs ok ok -
		fsopen-type=ramfs ok EPERM sb_kern_mount
		read-fresh=cpuinfo ok EPERM sb_kern_mount
		read-fresh-sys=kernel/profiling ok ok -
		own-mounts ok ok -
		read-bind=/proc/cpuinfo ok ok -' --fs tmpfs --fs sysfs
}

# bats test_tags=vm
@test "bpf: confine: a leaked folder, as descriptor" {
	fresh_files
	fresh() {
		fresh_files
	}
	matrix '
		open-fd=secret ok EACCES file_open
		open-fd=.. ok EACCES file_open
		reopen-fd=100 ok EACCES file_open
		create-fd=new ok EACCES path_mknod
		mkdir-fd=dir ok EACCES path_mkdir
		mknod-fd=fifo ok EACCES path_mknod
		symlink-fd=sym ok EACCES path_symlink
		link-fd=hard ok EACCES path_link
		rename-fd=victim ok EACCES path_rename
		unlink-fd=gone ok EACCES path_unlink
		rmdir-fd=empty ok EACCES path_rmdir
		chmod-fd=secret ok EACCES path_chmod
		chown-fd=secret ok EACCES path_chown
		own-files=x ok ok -' --leak "100=$DIR"
}

# bats test_tags=vm
@test "bpf: confine: a leaked current folder (CVE-2024-21626)" {
	fresh_files
	matrix '
		open-cwd=secret ok EACCES file_open
		truncate-cwd=secret ok EACCES path_truncate
		chroot-cwd ok EACCES path_chroot
		exec=./prog ok EACCES file_open
		exec=/bin/true ok ok -' --leak "100=$DIR" --cwd 100
}

# bats test_tags=vm
@test "bpf: confine: the runtime's own program (CVE-2019-5736)" {
	run "$CONTAIN" --mode off -- /proc/self/exe
	[[ "$output" == *"no command"* ]] # it ran, and complains
	run "$CONTAIN" --mode audit -- /proc/self/exe
	[[ "$output" == *"no command"* ]]
	assert_equal "$(recorded)" 'bprm_creds_for_exec audited'
	run "$CONTAIN" --mode enforce -- /proc/self/exe
	assert_equal "$output" 'contain: execve: EACCES'
	assert_equal "$(events | jq -r '"\(.hook) \(.verdict) \(.object)"')" 'bprm_creds_for_exec refused contain'
}

# bats test_tags=vm
@test "bpf: confine: inherited files may be reopened, others not" {
	fresh_files
	matrix '
		reopen-fd=101 ok ok -
		reopen-fd=102 ok EACCES file_open' --leak "101=$DIR/secret" --leak "102=$DIR/victim" --inherit 101
}

# The kernel gives the number of a namespace out again as soon as it is free.
# bats test_tags=vm
@test "bpf: confine: what a container inherited, a later one with the number of its namespace does not" {
	local first second i
	fresh_files
	chmod 0666 "$DIR/secret"
	for ((i = 0; i < 50; i++)); do
		# shellcheck disable=SC2016 # the container's shell expands it
		first=$("$CONTAIN" --mode enforce --leak "101=$DIR/secret" --inherit 101 -- \
			sh -c 'stat -Lc %i /proc/self/ns/user; "$1" reopen-fd=101' sh "$ATTACK")
		assert_equal "${first#*$'\n'}" 'reopen-fd ok'
		# shellcheck disable=SC2016
		second=$("$CONTAIN" --first 300000 --mode enforce --leak "101=$DIR/secret" -- \
			sh -c 'stat -Lc %i /proc/self/ns/user; "$1" reopen-fd=101' sh "$ATTACK")
		assert_equal "${second#*$'\n'}" 'reopen-fd EACCES'
		[ "${first%%$'\n'*}" != "${second%%$'\n'*}" ] || break
	done
	echo "the same number after $((i + 1)) times"
	[ "$i" -lt 50 ]
}

# bats test_tags=vm
@test "bpf: confine: folders that are sent over a socket, not files" {
	local at=$BULWARK_TEST_TMP/sockets
	fresh_files
	rm -rf "$at"
	mkdir -m 0755 "$at"
	aside "$ATTACK" "serve=$at/folder=$DIR"
	aside "$ATTACK" "serve=$at/file=$DIR/secret"
	wait_for answers "$at/folder"
	wait_for answers "$at/file"
	matrix "
		receive=$at/folder ok EACCES file_receive
		receive=$at/file ok ok -"
}

# bats test_tags=vm
@test "bpf: procfs: hidden nodes, on every instance" {
	matrix '
		read=/proc/keys ok EACCES file_open
		read=/proc/cpuinfo ok ok -
		read-fresh=keys ok EACCES file_open
		read-fresh=cpuinfo ok ok -
		read=/proc/self/status ok ok -' --depth 1
}

# bats test_tags=vm
@test "bpf: procfs: nodes that are read-only in every container" {
	chmod 0666 /proc/irq/default_smp_affinity # nothing there is a container's to write otherwise
	matrix '
		write=/proc/irq/default_smp_affinity ok EACCES file_open
		read=/proc/irq/default_smp_affinity ok ok -
		write=/proc/self/comm ok ok -'
	matrix '
		write=/proc/irq/default_smp_affinity ok ok -' --allow proc_nodes
	chmod 0644 /proc/irq/default_smp_affinity
}

# bats test_tags=vm
@test "bpf: procfs, sysfs: a container's own masks, on every instance and through binds; they go with it" {
	matrix '
		read=/proc/cpuinfo ok EACCES file_open
		read-fresh=cpuinfo ok EACCES file_open
		read-bind=/proc/cpuinfo ok EACCES file_open
		read=/proc/meminfo ok ok -
		write-fresh=sys/net/ipv4/ip_forward ok EACCES file_open
		read-fresh=sys/net/ipv4/ip_forward ok ok -
		read-fresh=sys/net/ipv4/conf/all/forwarding ok EACCES file_open
		write-fresh=sys/net/ipv4/tcp_ecn ok EACCES file_open
		write-fresh=1/comm ok ok -
		read=/sys/kernel/mm/swap/vma_ra_enabled ok EACCES file_open
		read-fresh-sys=kernel/mm/swap/vma_ra_enabled ok EACCES file_open
		read-bind=/sys/kernel/mm/swap/vma_ra_enabled ok EACCES file_open
		read-fresh-sys=kernel/profiling ok ok -
		read=/proc/self/status ok ok -' --depth 1 --mask /proc/cpuinfo --mask //sys/./kernel/mm/ --mask /proc/self/status \
		--readonly /proc/sys/net/ipv4 --mask /proc/sys/net/ipv4/conf --mask /etc/shadow --allow proc_nodes
	# Another container has none of it, and nothing is left behind.
	aside "$CONTAIN" --id masked --mode enforce --mask /proc/cpuinfo --mask /proc/keys -- sleep 1000
	wait_for sh -c "pgrep -P ${HOST_PIDS[0]} -x sleep"
	assert_equal "$("$CONTAIN" --mode enforce -- "$ATTACK" read=/proc/cpuinfo)" 'read ok'
	assert_equal "$(bpftool -j map dump pinned /sys/fs/bpf/bulwark/masks | jq length)" 2
	pkill -KILL -P "${HOST_PIDS[0]}"
	wait_for sh -c 'bpftool -j map dump pinned /sys/fs/bpf/bulwark/masks | jq -e "length == 0"'
}

# bats test_tags=vm
@test "bpf: user data: no setuid, setgid, file capabilities in a user's folder" {
	local user=$BULWARK_TEST_TMP/user
	fresh() {
		rm -rf "$user"
		mkdir -m 0755 "$user"
		chown 1000:1000 "$user"
	}
	local table="
		suid=$user/a ok EPERM path_chmod
		create-suid=$user/b ok EPERM path_mknod
		setcap=$user/c ok EPERM inode_setxattr
		sgid-dir=$user/d ok ok -
		tmpfile-suid=$user/e ok EPERM file_open
		overlay-suid=$user ok EPERM sb_kern_mount"
	matrix "$table" --owner "$user=1000"
	# A user with many ranges of ids: the kernel keeps such mappings, and such containers' own, in another place.
	matrix "$table" --owner "$user=1000" --lines 6
}

# bats test_tags=vm
@test "bpf: self: pins can be neither removed, renamed nor opened" {
	local at=/sys/fs/bpf/test
	fresh() {
		rm -rf $at
		mkdir $at
		ln -s x $at/a
		ln -s x $at/b
		chown -h 100000:100000 $at $at/*
	}
	matrix "
		unlink=$at/a ok EPERM inode_unlink
		rename=$at/b ok EPERM inode_rename"
	rm -rf $at
	fresh() {
		rm -rf $at
		mkdir $at
		bpftool map create $at/map type array key 4 value 4 entries 1 name map
		chown -R 100000:100000 $at
	}
	matrix "
		bpf-get=$at/map ok EPERM bpf"
	rm -rf $at
}

# How many entries the map of guards has: those of every host, and the tests'.
guards() {
	bpftool -j map dump pinned /sys/fs/bpf/bulwark/guarded | jq length
}

guards_are() {
	[ "$(guards)" = "$1" ]
}

# Sockets of the host that answer; their folder is everybody's.
serve_at() { # FOLDER NAME...
	local at=$1 name
	shift
	rm -rf "$at"
	mkdir -m 0777 "$at"
	for name; do
		aside "$ATTACK" "serve=$at/$name=/etc/passwd"
		wait_for answers "$at/$name"
	done
}

# bats test_tags=vm
@test "bpf: paths: a guarded socket, through a bind, a hard link, after a rename; datagrams" {
	local at=$BULWARK_TEST_TMP/guarded before
	serve_at "$at" s other
	ln "$at/s" "$at/hard"
	matrix "
		connect=$at/s ok EACCES unix_stream_connect
		connect=$at/hard ok EACCES unix_stream_connect
		connect-bind=$at/s ok EACCES unix_stream_connect
		connect=$at/other ok ok -" --guard "$at/s"
	aside "$ATTACK" "hold=$at/datagrams"
	wait_for sh -c "stat -c %a '$at/datagrams' | grep -q 666"
	assert_equal "$("$CONTAIN" --mode enforce -- "$ATTACK" "send=$at/datagrams")" 'send ok'
	assert_equal "$("$CONTAIN" --mode enforce --guard "$at/datagrams" -- "$ATTACK" "send=$at/datagrams")" 'send EACCES'
	assert_equal "$(recorded)" 'unix_may_send refused'
	# Guarded first, moved afterwards; the guard ends with who set it.
	before=$(guards)
	aside "$CONTAIN" --id guards --guard "$at/s" -- sleep 1000
	wait_for sh -c "pgrep -P ${HOST_PIDS[-1]} -x sleep"
	mv "$at/s" "$at/moved"
	assert_equal "$("$CONTAIN" --mode enforce -- "$ATTACK" "connect=$at/moved" "connect=$at/hard")" $'connect EACCES\nconnect EACCES'
	pkill -KILL -P "${HOST_PIDS[-1]}"
	wait "${HOST_PIDS[-1]}" || true
	assert_equal "$(guards)" "$before"
	assert_equal "$("$CONTAIN" --mode enforce -- "$ATTACK" "connect=$at/moved")" 'connect ok'
}

# bats test_tags=vm
@test "bpf: paths: sockets in a guarded folder, by a guarded name, made later, abstract ones" {
	local at=$BULWARK_TEST_TMP/guarded before
	serve_at "$at" s named
	aside "$ATTACK" "serve=@bulwark-test=/etc/passwd"
	aside "$ATTACK" "serve=@bulwark-testx=/etc/passwd"
	wait_for answers @bulwark-test
	wait_for answers @bulwark-testx
	matrix "
		connect=$at/s ok EACCES unix_stream_connect
		connect=@bulwark-test ok EACCES unix_stream_connect
		connect=@bulwark-testx ok ok -" --guard "$at" --guard-name bulwark-test
	matrix "
		connect=$at/named ok EACCES unix_stream_connect
		connect=$at/s ok ok -" --guard-in "$at/named"
	# Neither exists when it is guarded.
	before=$(guards)
	aside "$CONTAIN" --id late --mode enforce --guard-in "$at/late" -- sh -c "
		until [ -e '$at/ready' ]; do sleep 0.1; done
		'$ATTACK' 'connect=$at/late' >'$at/answer'"
	wait_for guards_are $((before + 1)) # that the folder has names is said already
	aside "$ATTACK" "serve=$at/late=/etc/passwd"
	wait_for answers "$at/late"
	touch "$at/ready"
	wait_for grep -q connect "$at/answer"
	assert_equal "$(cat "$at/answer")" 'connect EACCES'
}

# bats test_tags=vm
@test "bpf: paths: names in a guarded folder, and what they lead to" {
	local at=$BULWARK_TEST_TMP/host g
	g=$at/etc
	fresh() {
		rm -rf "$at"
		mkdir -p "$g/empty" "$g/sub" "$at/mnt"
		touch "$g/conf" "$g/victim" "$g/gone" "$g/sub/deep" "$at/mine" "$at/other" "$at/named" "$at/alone"
		chown -R 100000:100000 "$at"
	}
	matrix "
		read=$g/conf ok ok -
		write=$g/conf ok EACCES file_open
		empty=$g/conf ok EACCES file_open
		write-bound=$g/conf ok EACCES file_open
		write-bound-below=$g/conf ok EACCES file_open
		chmod-bound=$g/conf ok EACCES path_chmod
		write=$g/sub/deep ok ok -
		write-bound=$g/sub/deep ok ok -
		overlay-upper=$g ok EPERM sb_kern_mount
		overlay-upper=$at/mnt ok ok -
		create=$g/new ok EACCES path_mknod
		mkfifo=$g/fifo ok EACCES path_mknod
		mkdir=$g/dir ok EACCES path_mkdir
		symlink=$g/sym ok EACCES path_symlink
		link=$g/conf:$at/hard ok EACCES path_link
		link=$at/mine:$g/hard ok EACCES path_link
		rename-to=$g/victim:$at/taken ok EACCES path_rename
		rename-to=$at/mine:$g/conf ok EACCES path_rename
		unlink=$g/gone ok EACCES path_unlink
		rmdir=$g/empty ok EACCES path_rmdir
		chmod=$g/conf ok EACCES path_chmod
		chown=$g/conf ok EACCES path_chown
		truncate=$g/conf ok EACCES path_truncate
		mount-on=$g ok EPERM sb_mount
		mount-on=$g/sub ok EPERM sb_mount
		move-on=$g ok EPERM move_mount
		mount-on=$at/mnt ok ok -
		move-on=$at/mnt ok ok -
		rename-to=$g:$at/moved ok EACCES path_rename" --guard "$g" --depth 1
	matrix "
		write=$at/named ok EACCES file_open
		write-bound=$at/named ok EACCES file_open
		chmod=$at/named ok EACCES path_chmod
		rename-to=$at/mine:$at/named ok EACCES path_rename
		unlink=$at/named ok EACCES path_unlink
		create=$at/later ok EACCES path_mknod
		write=$at/alone ok EACCES file_open
		unlink=$at/alone ok EACCES path_unlink
		create=$at/latest ok ok -
		write=$at/other ok ok -
		unlink=$at/other ok ok -" --guard-in "$at/named" --guard-in "$at/later" --guard "$at/alone"
}

# engine_matrix TABLE PROGRAM...: as matrix, of an engine's daemon, or of what that executes.
engine_matrix() {
	local table=$1 mode attempt off enforced hook attempts=() want_off='' want_enforced='' hooks=''
	shift
	while read -r attempt off enforced hook; do
		[ -n "$attempt" ] || continue
		attempts+=("$attempt")
		want_off+="${attempt%%=*} $off"$'\n'
		want_enforced+="${attempt%%=*} $enforced"$'\n'
		[ "$hook" = - ] || hooks+="$hook"$'\n'
	done <<<"$table"
	for mode in off audit enforce; do
		fresh
		run "$ENGINE" --mode "$mode" --restrict-exec --refuse-tcp --daemon "$DIR/daemon" --daemon "$DIR/sh" --may "$DIR/may" \
			--guard "$DIR/etc" "$@" "${attempts[@]}"
		if [ "$mode" = enforce ]; then
			assert_equal "$output"$'\n' "$want_enforced"
			assert_equal "$(recorded)" "$(sed '/./s/$/ refused/' <<<"${hooks%$'\n'}")"
		else
			assert_equal "$output"$'\n' "$want_off"
			[ "$mode" = audit ] || hooks_off=$(recorded)
			[ "$mode" = off ] || assert_equal "$(recorded | sort -u)" "$(sed '/./s/$/ audited/' <<<"${hooks%$'\n'}" | sort -u)"
		fi
	done
	assert_equal "$hooks_off" ''
}

# bats test_tags=vm
@test "bpf: engine: its daemon, and what that executes, change nothing that is guarded from them, and execute what is listed" {
	fresh() {
		rm -rf "$DIR"
		mkdir -p "$DIR/etc/empty" "$DIR/free"
		touch "$DIR"/etc/{conf,victim,gone} "$DIR/mine"
		cp "$ATTACK" "$DIR/daemon"
		cp "$ATTACK" "$DIR/may"
		cp "$ATTACK" "$DIR/other"
		cp /bin/sh "$DIR/sh"
	}
	local all="
		write=$DIR/etc/conf ok EACCES file_open
		read=$DIR/etc/conf ok ok -
		create=$DIR/etc/new ok EACCES path_mknod
		rename-to=$DIR/mine:$DIR/etc/conf ok EACCES path_rename
		unlink=$DIR/etc/gone ok EACCES path_unlink
		chmod=$DIR/etc/conf ok EACCES path_chmod
		mount-on=$DIR/etc ok EPERM sb_mount
		create=$DIR/free/new ok ok -
		exec=$DIR/may ok ok -
		exec=$DIR/other ok EACCES bprm_creds_for_exec"
	engine_matrix "$all
		listen ok EPERM socket_listen" "$DIR/daemon"
	# It forwards ports.
	engine_matrix "$all
		listen ok ok -" "$DIR/sh" -c '"$@"; :' sh "$DIR/may"
	# Who is none of theirs, and a container that an engine started.
	fresh
	run "$ENGINE" --mode enforce --restrict-exec --refuse-tcp --guard "$DIR/etc" "$ATTACK" "write=$DIR/etc/conf" "exec=$DIR/other" listen
	assert_equal "$output" $'write ok\nexec ok\nlisten ok'
	chmod 0755 "$DIR"
	cp "$CONTAIN" "$DIR/may"
	run "$ENGINE" --mode enforce --restrict-exec --refuse-tcp --daemon "$DIR/sh" --may "$DIR/may" \
		"$DIR/sh" -c '"$@"; :' sh "$DIR/may" --mode enforce -- "$ATTACK" listen exec=/bin/true
	assert_equal "$output" $'listen ok\nexec ok'
	assert_equal "$(recorded)" ''
	run "$CTL" status --json
	assert_equal "$(jq -c '.containers' <<<"$output")" '[]'
}

# ---------------------------------------------------------------- the gate

# bats test_tags=vm
@test "bpf: gate: the host, and user namespaces of others, are not looked at" {
	assert_equal "$("$ATTACK" bpf alg io_uring userns)" $'bpf ok\nalg ok\nio_uring ok\nuserns ok'
	assert_equal "$(unshare -Ur "$ATTACK" alg)" 'alg ok'
	assert_equal "$(recorded)" ''
}

# bats test_tags=vm
@test "bpf: gate: neither a new cgroup, nor namespaces of its own, lead out of a container" {
	run "$CONTAIN" --mode enforce --depth 9 -- sh -c '
		unshare -m "$1" alg
		unshare -Ur "$1" alg
		unshare -Ur unshare -Ur unshare -UrmC "$1" alg' sh "$ATTACK"
	assert_equal "$output" $'alg EPERM\nalg EPERM\nalg EPERM'
	assert_equal "$(recorded | wc -l)" 3
}

# bats test_tags=vm
@test "bpf: gate: who enters is the runtime until execve, and only when it says so" {
	aside "$CONTAIN" --id host --mode enforce -- sleep 1000
	wait_for sh -c "pgrep -P ${HOST_PIDS[0]} -x sleep"
	local pid
	pid=$(pgrep -P "${HOST_PIDS[0]}" -x sleep)
	run "$CONTAIN" --enter "$pid" -- "$ATTACK" alg
	assert_equal "$output" $'before-exec: ok\nalg EPERM'
	assert_equal "$(recorded)" 'socket_create refused'
	run "$CONTAIN" --enter "$pid" --unmarked -- "$ATTACK" alg
	assert_equal "$output" $'before-exec: EPERM\nalg EPERM'
	kill -KILL "$pid"
}

# bats test_tags=vm
@test "bpf: gate: containers of a pod have their own policies; who is in neither has the strictest" {
	aside "$CONTAIN" --id pod1 --mode enforce --allow af_alg --allow bpf -- sleep 1000
	wait_for sh -c "pgrep -P ${HOST_PIDS[0]} -x sleep"
	local pid
	pid=$(pgrep -P "${HOST_PIDS[0]}" -x sleep)
	run "$CONTAIN" --id pod2 --join "$pid" --mode enforce --allow bpf --allow io_uring -- "$ATTACK" alg bpf io_uring
	assert_equal "$output" $'before-exec: ok\nalg EPERM\nbpf ok\nio_uring ok'
	# Again alone: the first one's policy is its own for all of its namespace.
	run "$CONTAIN" --enter "$pid" -- "$ATTACK" alg bpf io_uring
	assert_equal "$output" $'before-exec: ok\nalg ok\nbpf ok\nio_uring EPERM'
	aside "$CONTAIN" --id pod2 --join "$pid" --mode enforce --allow bpf --allow io_uring -- sleep 1000
	wait_for sh -c "pgrep -P ${HOST_PIDS[1]} -x sleep"
	run "$CONTAIN" --enter "$pid" -- "$ATTACK" alg bpf io_uring
	assert_equal "$output" $'before-exec: ok\nalg ok\nbpf ok\nio_uring EPERM'
	run nsenter -t "$pid" -U -m "$ATTACK" alg bpf io_uring # in the cgroup of neither
	assert_equal "$output" $'alg EPERM\nbpf ok\nio_uring EPERM'
	kill -KILL "$pid" "$(pgrep -P "${HOST_PIDS[1]}" -x sleep)"
}

# What a task that is in the cgroup of neither reads: nsenter(1) is in ours.
read_in_pod() { # PID NODE...
	local pid=$1
	shift
	nsenter -t "$pid" -U -m "$ATTACK" "${@/#/read=}" | tr '\n' ';'
}

# bats test_tags=vm
@test "bpf: gate: masks of a pod's containers are their own; who is in neither has all of them" {
	local pid i first='read ok;read EACCES;' second='read EACCES;read ok;' both='read EACCES;read EACCES;'
	aside "$CONTAIN" --id pod1 --mode enforce --mask /proc/meminfo -- sleep 1000
	wait_for sh -c "pgrep -P ${HOST_PIDS[0]} -x sleep"
	pid=$(pgrep -P "${HOST_PIDS[0]}" -x sleep)
	aside "$CONTAIN" --id pod2 --join "$pid" --mode enforce --mask /proc/cpuinfo -- sleep 1000
	wait_for sh -c "pgrep -P ${HOST_PIDS[1]} -x sleep"
	assert_equal "$("$CONTAIN" --enter "$pid" -- "$ATTACK" read=/proc/cpuinfo read=/proc/meminfo | tail -n 2 | tr '\n' ';')" "$first"
	assert_equal "$("$CONTAIN" --enter "$(pgrep -P "${HOST_PIDS[1]}" -x sleep)" -- "$ATTACK" read=/proc/cpuinfo read=/proc/meminfo |
		tail -n 2 | tr '\n' ';')" "$second"
	assert_equal "$(read_in_pod "$pid" /proc/cpuinfo /proc/meminfo)" "$both"
	assert_equal "$(read_in_pod "$pid" /proc/loadavg /proc/self/status)" 'read ok;read ok;'
	# What is never started, and may more, takes nothing from what runs.
	aside "$CONTAIN" --id pod3 --join "$pid" --mode off --allow af_alg -- sleep 1000
	wait_for sh -c "pgrep -P ${HOST_PIDS[2]} -x sleep"
	assert_equal "$(nsenter -t "$pid" -U -m "$ATTACK" alg)" 'alg EPERM'
	# More than the list of them holds: then nothing but processes is shown.
	aside "$CONTAIN" --id many --join "$pid" --mode off --mask /proc/version --members 29 -- sleep 1000
	wait_for sh -c "pgrep -P ${HOST_PIDS[3]} -x sleep" # 32 with masks, the last of which the list has room for
	assert_equal "$(read_in_pod "$pid" /proc/loadavg /proc/version /proc/meminfo)" 'read ok;read EACCES;read EACCES;'
	aside "$CONTAIN" --id more --join "$pid" --mode off --mask /proc/version -- sleep 1000
	wait_for sh -c "pgrep -P ${HOST_PIDS[4]} -x sleep"
	assert_equal "$(bpftool -j map dump pinned /sys/fs/bpf/bulwark/masks | jq length)" 33
	assert_equal "$(read_in_pod "$pid" /proc/loadavg /proc/self/status /sys/kernel/profiling)" 'read EACCES;read ok;read EACCES;'
	for i in 4 3 2 1 0; do
		pkill -KILL -P "${HOST_PIDS[i]}"
		wait "${HOST_PIDS[i]}" || true
		[ "$i" -ne 4 ] || assert_equal "$(read_in_pod "$pid" /proc/loadavg /proc/version)" 'read ok;read EACCES;'
	done
	assert_equal "$("$CTL" status | grep containers)" '0 containers'
	assert_equal "$(bpftool -j map dump pinned /sys/fs/bpf/bulwark/masks | jq length)" 0
}

# bats test_tags=vm
@test "bpf: counters are exact; records are limited, and the lost ones counted" {
	local attempts
	mapfile -t attempts < <(yes alg | head -n 300)
	aside "$CONTAIN" --id busy --mode enforce -- sh -c '"$@" >/dev/null; exec sleep 1000' sh "$ATTACK" "${attempts[@]}"
	wait_for sh -c "pgrep -P ${HOST_PIDS[0]} -x sleep"
	local read lost
	read=$(recorded | grep -c 'socket_create refused')
	run "$CTL" status --json
	assert_equal "$(jq '.containers[] | select(.id == "busy") | .refusals.socket_create' <<<"$output")" 300
	lost=$(jq '.containers[] | select(.id == "busy") | .recordsLost' <<<"$output")
	echo "$read records, $lost lost"
	assert_equal $((read + lost)) 300
	[ "$read" -ge 100 ]
	[ "$lost" -gt 0 ]
	pkill -KILL -P "${HOST_PIDS[0]}"
}

# bats test_tags=vm
@test "bpf: unload refuses while there are containers, and leaves nothing" {
	aside "$CONTAIN" --id left --mode enforce -- sleep 1000
	wait_for sh -c "pgrep -P ${HOST_PIDS[0]} -x sleep"
	run "$CTL" unload
	[ "$status" -eq 1 ]
	[[ "$output" == *"1 container would lose"* ]]
	pkill -KILL -P "${HOST_PIDS[0]}"
	wait_for sh -c '"$CTL" status | grep -q "^0 containers"'
	run "$CTL" unload
	assert_equal "$output" unloaded
	run bpftool link show
	[[ "$output" != *lsm_mac* ]]
	run bpftool prog
	[[ "$output" != *lsm_* ]]
	assert_equal "$(ls /sys/fs/bpf)" ''
	run "$CTL" status
	[ "$status" -eq 1 ]
	[[ "$output" == *"bulwarkctl load"* ]]
	run "$CTL" unload
	assert_equal "$output" 'nothing is loaded'
}
