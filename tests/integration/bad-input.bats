#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# bad-input - what is wrong gets one clear sentence, the right exit status, a JSON log line when asked, and leaves nothing.

load helpers

# create must refuse the bundle as it is: status 1, one line with the words, nothing left, and the same line in a JSON log.
create_refused() {
	local word
	rm -f "$WORK/log.json"
	# into a file: a container that is made after all must not keep us waiting at a pipe
	runtime --log "$WORK/log.json" --log-format json create --bundle "$BUNDLE" --pid-file "$WORK/$ID.pid" "$ID" \
		</dev/null >"$WORK/refused.out" 2>&1 && status=0 || status=$?
	output=$(cat "$WORK/refused.out")
	mapfile -t lines <"$WORK/refused.out"
	[ "$status" -ne 0 ] || fail "accepted: $(cat "$BUNDLE/config.json")"
	assert_status 1
	[ "${#lines[@]}" -le 1 ] || fail "more than one line:" "$output"
	jq -es 'map(select(.level == "error")) | length == 1 and .[0].msg != "" and
		(.[0].time | test("^[0-9]{4}-[0-9]{2}-[0-9]{2}T"))' "$WORK/log.json" >/dev/null ||
		fail "not one error line in the log:" "$(cat "$WORK/log.json")"
	for word; do
		grep -qiF -- "$word" "$WORK/log.json" || fail "'$word' not found in:" "$(cat "$WORK/log.json")"
	done
	[ ! -e "$WORK/$ID.pid" ] || fail "a pid file stays"
	assert_equal "$(leftovers)" ""
}

@test "bad input: no bundle, no config" {
	requires_bulwark
	local bundle=$BUNDLE
	BUNDLE=$WORK/nowhere
	create_refused nowhere
	BUNDLE=$bundle
	rm "$BUNDLE/config.json"
	create_refused config.json
	mkdir "$BUNDLE/config.json"
	create_refused config.json
}

@test "bad input: broken JSON, with its place" {
	requires_bulwark
	local text
	for text in '' '{' '{"ociVersion": }' '[]' 'null' '"x"' '{} {}' $'{"ociVersion": "1.0.2",\n "process": {"args": [}' \
		$'{"ociVersion": "1.0.2\xff"}' "$(printf '[%.0s' {1..20000})"; do
		printf '%s' "$text" >"$BUNDLE/config.json"
		create_refused config.json
	done
	printf '{"ociVersion": "1.0.2",\n "process": {"args": [}' >"$BUNDLE/config.json"
	create_refused "config.json" "line 2"
}

@test "bad input: wrong types and values, with the path of the key" {
	requires_bulwark
	local line filter key
	cp "$BUNDLE/config.json" "$WORK/config.json"
	while IFS='|' read -r key filter; do
		[ -n "$key" ] || continue
		jq "$filter" "$WORK/config.json" >"$BUNDLE/config.json"
		create_refused "$key"
	done <<-'END'
		ociVersion|del(.ociVersion)
		ociVersion|.ociVersion = 1
		ociVersion|.ociVersion = "9.0.0"
		root|del(.root)
		root|.root = "rootfs"
		root.path|.root.path = 7
		root.path|.root.path = ""
		process.args|.process.args = "sh"
		process.args|.process.args = [1]
		process.args|.process.args = []
		process.cwd|.process.cwd = {}
		process.env|.process.env = "A=1"
		process.env|.process.env = [null]
		process.user.uid|.process.user.uid = "0"
		process.user.uid|.process.user.uid = -1
		process.user.uid|.process.user.uid = 4294967296
		process.user.uid|.process.user.uid = 1.5
		process.capabilities|.process.capabilities = []
		process.rlimits|.process.rlimits = [{"type": "RLIMIT_CORE", "soft": -1, "hard": 1}]
		process.terminal|.process.terminal = "yes"
		hostname|.hostname = 5
		mounts|.mounts = {}
		mounts|.mounts = [{"type": "tmpfs"}]
		mounts|.mounts = [{"destination": "/x", "type": "tmpfs", "options": "ro"}]
		hooks|.hooks = {"createRuntime": {"path": "/bin/true"}}
		hooks|.hooks = {"createRuntime": [{"path": "relative"}]}
		hooks|.hooks = {"createRuntime": [{"path": "/bin/true", "timeout": 0}]}
		linux.namespaces|.linux.namespaces = {"type": "pid"}
		linux.namespaces|.linux.namespaces = ["pid"]
		linux.resources.memory.limit|.linux.resources.memory.limit = "1G"
		linux.resources.pids|.linux.resources.pids = 5
		linux.maskedPaths|.linux.maskedPaths = "/proc/kcore"
		linux.sysctl|.linux.sysctl = ["a"]
		linux.seccomp|.linux.seccomp = {"syscalls": []}
		annotations|.annotations = {"a": 1}
	END
}

@test "bad input: NUL bytes in strings that become paths and words" {
	requires_bulwark
	local filter
	cp "$BUNDLE/config.json" "$WORK/config.json"
	for filter in '.process.args = ["sh\u0000x"]' '.root.path = "rootfs\u0000/x"' '.process.cwd = "/\u0000"' \
		'.mounts += [{destination: "/x\u0000y", type: "tmpfs", source: "t"}]' '.hostname = "a\u0000b"' \
		'.process.env = ["A=\u0000"]' '.linux.cgroupsPath = "/a\u0000/.."'; do
		jq "$filter" "$WORK/config.json" >"$BUNDLE/config.json"
		create_refused
	done
}

@test "bad input: paths far longer than any buffer (CVE-2021-43784)" {
	requires_bulwark
	local n
	cp "$BUNDLE/config.json" "$WORK/config.json"
	for n in 4096 65530 65536 140000; do
		for filter in '.linux.namespaces[0].path = $long' '.root.path = $long' '.process.cwd = $long' \
			'.mounts[0].destination = $long' '.linux.cgroupsPath = $long' '.hostname = $long'; do
			jq --argjson n $n "(\"/\" + (\"a\" * \$n)) as \$long | $filter" "$WORK/config.json" >"$BUNDLE/config.json"
			create_refused
		done
	done
}

@test "bad input: ids that are no name" {
	local id
	config_args true
	for id in a/b /x ../x .. . "" "a b" $'a\nb' "é" "$(printf 'x%.0s' {1..300})" 'a*' '$(id)'; do
		run_aside runtime create --bundle "$BUNDLE" -- "$id" </dev/null
		[ "$status" -ne 0 ] || fail "id '$id' was taken"
		if is_bulwark; then
			assert_status 1
			[ "${#lines[@]}" -eq 1 ] || fail "not one line for '$id':" "$output"
		fi
		run runtime state -- "$id"
		[ "$status" -ne 0 ]
		run runtime delete --force -- "$id"
	done
	[ ! -e "$WORK/x" ]
	assert_equal "$(leftovers)" ""
}

@test "bad input: ids that are" {
	local id
	config_args true
	for id in a A.b_c-d+e 0 -- ; do
		[ "$id" != -- ] || id=$(printf 'y%.0s' {1..200})
		run runtime run --bundle "$BUNDLE" "$id" </dev/null
		assert_status 0
	done
}

@test "bad input: an unknown verb, unknown options, missing and surplus words" {
	requires_bulwark
	run "$RUNTIME" levitate
	assert_status 3 # as runc
	assert_contains levitate
	run "$RUNTIME" --levitate list
	assert_status 1
	assert_contains levitate
	run_aside runtime create --levitate "$ID"
	assert_status 1
	assert_contains levitate
	run runtime state
	assert_status 1
	run runtime state a b
	assert_status 1
	run runtime --log-format yaml list
	assert_status 1
	assert_contains yaml
}

@test "bad input: a full disk for the state: one sentence at whatever point it comes, and nothing left" {
	requires_bulwark
	local pages room failed=0
	mkdir "$WORK/full"
	config_args sleep 100
	for pages in 1 2 3 4 6 8; do
		mount -t tmpfs -o "size=$((pages * 4))k,mode=0700" tmpfs "$WORK/full"
		head -c 4096 /dev/zero >"$WORK/full/filler"
		timeout 60 "$RUNTIME" --root "$WORK/full" create --bundle "$BUNDLE" "$ID" </dev/null >"$WORK/refused.out" 2>&1 &&
			status=0 || status=$?
		output=$(cat "$WORK/refused.out")
		mapfile -t lines <"$WORK/refused.out"
		if [ "$status" -ne 0 ]; then
			failed=$((failed + 1))
			[ "$status" -eq 1 ] && [ "${#lines[@]}" -eq 1 ] && [[ "$output" == *"No space left"* ]] ||
				{ umount "$WORK/full"; fail "with $pages pages:" "$output"; }
			room=$(ls "$WORK/full")
			[ "$room" = filler ] || { umount "$WORK/full"; fail "stays with $pages pages: $room"; }
		else
			timeout 60 "$RUNTIME" --root "$WORK/full" delete --force "$ID" </dev/null
		fi
		umount "$WORK/full"
		assert_equal "$(leftovers)" ""
	done
	[ $failed -ge 1 ] || fail "no run hit the full disk"
}

@test "bad input: no inode left for the state" {
	requires_bulwark
	mkdir "$WORK/full"
	mount -t tmpfs -o nr_inodes=2,mode=0700 tmpfs "$WORK/full"
	touch "$WORK/full/filler"
	config_args true
	run_aside timeout 60 "$RUNTIME" --root "$WORK/full" create --bundle "$BUNDLE" "$ID" </dev/null
	umount "$WORK/full"
	assert_status 1
	assert_contains "No space left"
}

@test "bad input: a file where the state folder should be" {
	touch "$WORK/state-${RUNTIME##*/}"
	config_args true
	run_aside runtime create --bundle "$BUNDLE" "$ID" </dev/null
	assert_status 1
	rm "$WORK/state-${RUNTIME##*/}"
	assert_equal "$(leftovers)" ""
}

@test "bad input: --pid-file and --log do not follow links" {
	requires_bulwark
	echo precious >"$WORK/precious"
	ln -s precious "$WORK/link"
	config_args sleep 100
	run_aside runtime create --bundle "$BUNDLE" --pid-file "$WORK/link" "$ID" </dev/null
	runtime delete --force "$ID"
	run runtime --log "$WORK/link" state nobody
	assert_equal "$(cat "$WORK/precious")" precious
}

@test "bad input: a pid file that cannot be written undoes create" {
	config_args sleep 100
	run_aside runtime create --bundle "$BUNDLE" --pid-file "$WORK/no/such/pid" "$ID" </dev/null
	assert_status 1
	assert_equal "$(leftovers)" ""
}

@test "bad input: a console socket nobody listens at undoes create" {
	config_set '.process.terminal = true'
	run_aside runtime create --bundle "$BUNDLE" --console-socket "$WORK/none.sock" "$ID" </dev/null
	assert_status 1
	assert_equal "$(leftovers)" ""
}

@test "bad input: no process: create works, start fails" {
	requires_bulwark
	config_set 'del(.process)'
	container_create
	run runtime start "$ID"
	assert_status 1
	assert_contains process
}

@test "bad input: exec with a broken process document" {
	local text
	container_start sleep 100
	for text in '' '{' '{"args": []}' '{"args": "sh", "cwd": "/"}' '{"args": ["true"]}'; do
		printf '%s' "$text" >"$WORK/process.json"
		run runtime exec --process "$WORK/process.json" "$ID" </dev/null
		[ "$status" -ne 0 ]
		if is_bulwark; then
			assert_status 255
			[ "${#lines[@]}" -eq 1 ] || fail "$output"
		fi
	done
	assert_equal "$(container_status)" running
}

@test "bad input: unknown keys and annotations are ignored" {
	config_set '.nonsense = {a: [1]} | .linux.nonsense = 1 | .process.nonsense = null | .mounts[0].nonsense = "x" |
		.annotations = {"org.bulwark.privileged": "true", "": "empty"}'
	runtime_run echo fine
	assert_status 0
	assert_equal "$output" fine
}

@test "bad input: nothing a container's user writes relaxes policy" {
	requires_bulwark
	config_set '.annotations = {"bulwark.policy": "off", "org.bulwark.userns": "host", "run.oci.userns": "host"} |
		.process.env += ["BULWARK_POLICY=off", "SYSBOX_SKIP_UID_SHIFT=1"]'
	export BULWARK_POLICY=off BULWARK_ROOT=/ BULWARK_PREFIX=/tmp
	runtime_run cat /proc/self/uid_map
	assert_status 0
	[[ "$output" =~ ^\ *0\ +[1-9][0-9]{5,}\ +65536$ ]]
}
