#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# containerd - Debian's containerd with bulwark below its shim, driven by ctr: no engine's spec, but containerd's own.

load helpers

setup_file() {
	common_setup_file
	containerd_start
}

teardown_file() {
	containerd_stop
	common_teardown_file
}

setup() {
	common_setup
}

teardown() {
	local name
	for name in $(ctr task ls -q); do
		ctr task rm -f "$name" >/dev/null 2>&1 || :
	done
	for name in $(ctr container ls -q); do
		ctr container rm "$name" >/dev/null 2>&1 || :
	done
	common_teardown
}

containerd_start() {
	requires containerd ctr unshare
	CONTAINERD_DIR=$(mktemp -d "$TEST_TMP/bulwark-it.XXXXXX")
	CONTAINERD_CGROUP=/${CONTAINERD_DIR##*/}
	CONTAINERD_CGROUP=${CONTAINERD_CGROUP//./-}
	export CONTAINERD_DIR CONTAINERD_CGROUP
	printf 'version = 2\ndisabled_plugins = ["io.containerd.grpc.v1.cri"]\n' >"$CONTAINERD_DIR/config.toml"
	# ctr hands --runc-binary on only where it asks for no user namespace: the shim finds "runc" in its PATH then.
	mkdir "$CONTAINERD_DIR/bin"
	ln -s "$RUNTIME" "$CONTAINERD_DIR/bin/runc"
	PATH=$CONTAINERD_DIR/bin:$PATH unshare --net containerd --config "$CONTAINERD_DIR/config.toml" --root "$CONTAINERD_DIR/root" \
		--state "$CONTAINERD_DIR/state" --address "$CONTAINERD_DIR/containerd.sock" \
		</dev/null >"$CONTAINERD_DIR/log" 2>&1 3>&- 4>&- &
	export CONTAINERD_PID=$!
	wait_for ctr_answers || { tail -n 20 "$CONTAINERD_DIR/log" >&2 && return 1; }
	tar -C "$FILE_WORK/rootfs" -cf "$CONTAINERD_DIR/layer.tar" .
	image_make
	ctr image import "$CONTAINERD_DIR/image.tar" >/dev/null
}

containerd_stop() {
	local folder
	[ -n "$CONTAINERD_DIR" ] || return 0
	kill -TERM "$CONTAINERD_PID" 2>/dev/null || :
	"$PROBES/await" "$CONTAINERD_PID" 15000 || :
	cgroup_folders "$CONTAINERD_CGROUP" | while read -r folder; do
		rmdir "$folder" 2>/dev/null || wait_for rmdir "$folder" 2>/dev/null || :
	done
	mounts_below "$CONTAINERD_DIR" | tac | while read -r folder; do
		umount -l "$folder"
	done
	rm -rf --one-file-system "$CONTAINERD_DIR"
}

# An OCI image of one layer: no registry is asked for anything.
image_make() {
	local dir=$CONTAINERD_DIR/image layer config manifest
	mkdir -p "$dir/blobs/sha256"
	layer=$(blob "$CONTAINERD_DIR/layer.tar")
	jq -n --arg layer "sha256:$layer" '{architecture: "amd64", os: "linux", config: {Cmd: ["sh"], Env: ["PATH=/bin"]},
		rootfs: {type: "layers", diff_ids: [$layer]}}' >"$CONTAINERD_DIR/blob"
	config=$(blob "$CONTAINERD_DIR/blob")
	jq -n --argjson config "$(descriptor config.v1+json "$config")" --argjson layer "$(descriptor layer.v1.tar "$layer")" \
		'{schemaVersion: 2, config: $config, layers: [$layer]}' >"$CONTAINERD_DIR/blob"
	manifest=$(blob "$CONTAINERD_DIR/blob")
	jq -n --argjson manifest "$(descriptor manifest.v1+json "$manifest")" '{schemaVersion: 2,
		manifests: [$manifest + {annotations: {"io.containerd.image.name": "localhost/bb:latest"}}]}' >"$dir/index.json"
	echo '{"imageLayoutVersion": "1.0.0"}' >"$dir/oci-layout"
	tar -C "$dir" -cf "$CONTAINERD_DIR/image.tar" .
}

# Puts a file among the blobs, and says its digest.
blob() {
	local digest
	digest=$(sha256sum "$1" | cut -d ' ' -f 1)
	cp "$1" "$CONTAINERD_DIR/image/blobs/sha256/$digest"
	echo "$digest"
}

# descriptor MEDIA-TYPE DIGEST
descriptor() {
	jq -n --arg type "application/vnd.oci.image.$1" --arg digest "sha256:$2" \
		--argjson size "$(stat -c %s "$CONTAINERD_DIR/image/blobs/sha256/$2")" \
		'{mediaType: $type, digest: $digest, size: $size}'
}

ctr() {
	timeout -k 5 60 ctr --address "$CONTAINERD_DIR/containerd.sock" "$@" </dev/null 3>&- 4>&-
}

ctr_answers() {
	ctr version >/dev/null 2>&1
}

# ctr_run [OPTION...] ID COMMAND...
ctr_run() {
	local id=${CTR_ID:-c1}
	ctr run --runc-binary "$RUNTIME" --cgroup "$CONTAINERD_CGROUP/$id" "${CTR_OPTIONS[@]}" localhost/bb:latest "$id" "$@"
}

task_pid() {
	ctr task ls | awk -v id="$1" '$1 == id { print $2 }'
}

@test "ctr run: root is nobody outside; exit code and output arrive" {
	CTR_OPTIONS=(--rm)
	run ctr_run sh -c 'cat /proc/self/uid_map; stat -c %u:%g /etc/passwd; exit 42'
	assert_status 42
	[[ "${lines[0]}" =~ ^\ *0\ +([0-9]+)\ +65536$ ]]
	[ "${BASH_REMATCH[1]}" -ge 100000 ]
	assert_equal "${lines[1]}" 0:0
}

@test "ctr task: exec, ps, pause, resume, metrics, kill, rm" {
	CTR_OPTIONS=(-d)
	ctr_run sleep 1000
	run ctr task exec --exec-id e1 c1 sh -c 'echo inside; exit 7'
	assert_status 7
	assert_contains inside
	run ctr task ps c1
	assert_contains "$(task_pid c1)"
	ctr task pause c1
	run ctr task ls
	assert_contains PAUSED
	ctr task resume c1
	run ctr task metrics c1
	assert_status 0
	ctr task kill -s KILL c1
	wait_for eval '[[ "$(ctr task ls)" == *STOPPED* ]]'
	ctr task rm c1 >/dev/null 2>&1 || : # its exit code is the task's: 137
	ctr container rm c1
	run ctr task ls -q
	assert_equal "$output" ""
}

@test "ctr run: limits, a read-only root, a mount, privileged" {
	volume_new data
	CTR_OPTIONS=(-d --memory-limit 67108864 --read-only)
	ctr_run sleep 1000
	assert_equal "$(cgroup_read "$(task_pid c1)" memory memory.limit_in_bytes memory.max)" 67108864
	run ctr task exec --exec-id e1 c1 touch /x
	[ "$status" -ne 0 ]
	CTR_OPTIONS=(--rm --privileged) CTR_ID=c2
	local before numbers
	before=$(cat /proc/sys/kernel/panic)
	run ctr_run sh -c 'id -u; echo 1 >/proc/sys/kernel/sysrq; echo 77 >/proc/sys/kernel/panic; cat /proc/sys/kernel/panic'
	numbers=$(grep -xE '[0-9]+' <<<"$output") # what was written to which of two pipes first, nobody knows
	assert_equal "${numbers%%$'\n'*}" 0
	[ "${numbers##*$'\n'}" = 77 ] || assert_contains "can't create /proc/sys/kernel/panic" # the container's own, or nobody's
	assert_contains "can't create /proc/sys/kernel/sysrq"
	assert_equal "$(cat /proc/sys/kernel/panic)" "$before"
}

@test "ctr run: --with-ns joins another container's, with its user namespace; the host's is refused" {
	CTR_OPTIONS=(-d)
	ctr_run sleep 1000
	local pid
	pid=$(task_pid c1)
	CTR_OPTIONS=(--rm --with-ns "network:/proc/$pid/ns/net" --with-ns "ipc:/proc/$pid/ns/ipc") CTR_ID=c2
	run ctr_run sh -c 'for i in net ipc user; do readlink /proc/self/ns/$i; done'
	assert_status 0
	assert_equal "$output" "$(for i in net ipc user; do readlink "/proc/$pid/ns/$i"; done)"
	CTR_OPTIONS=(--rm --net-host)
	run ctr_run true
	[ "$status" -ne 0 ]
	assert_contains "network namespace with the host"
}

@test "ctr run: a user namespace that containerd asks for" {
	CTR_OPTIONS=(--rm --uidmap 0:1900000000:65536 --gidmap 0:1900000000:65536 --remap-labels)
	run ctr_run sh -c 'cat /proc/self/uid_map; stat -c %u:%g /etc/passwd'
	assert_status 0
	[[ "${lines[0]}" =~ 0\ +1900000000\ +65536 ]]
	assert_equal "${lines[1]}" 0:0
}
