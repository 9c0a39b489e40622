#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2154 # $status and $output are set by run
# bpf_docker - Debian's Docker Engine on a machine where nobody loaded the BPF LSM layer: its first containers have it loaded.

load ../integration/helpers

setup_file() {
	[ "${BULWARK_GUEST-}" = 1 ] || { echo 'not in a guest: scripts/vm' >&2 && return 1; }
	export CTL=$BUILD/bulwarkctl
	common_setup_file
	cp "$BUILD/vm-probes/attack" "$FILE_WORK/rootfs/bin/attack"
	modprobe af_alg # without the layer its sockets can be had
	docker_start
}

teardown_file() {
	docker_stop
	"$CTL" unload --force
	common_teardown_file
}

setup() {
	common_setup
}

teardown() {
	[ ! -e "$CTL.away" ] || mv "$CTL.away" "$CTL"
	docker_clean
	common_teardown
}

# programs: the ids of all that are ours
programs() {
	bpftool -j prog | jq -c '[.[] | select(.name // "" | test("^(lsm|witness)_")) | .id]'
}

# What the runtime starts to load the layer is bulwarkctl; what each of these says is kept in $WORK/loads.
loads_keep_what_they_say() {
	mv "$CTL" "$CTL.away"
	cat >"$CTL" <<END
#!/bin/sh
said=\$("$CTL.away" "\$@" 2>&1)
code=\$?
printf '%s\n' "\$said" | tee -a "$WORK/loads"
exit \$code
END
	chmod 0755 "$CTL"
}

# bats test_tags=vm-full
@test "docker run: twenty first containers at once load, pin and self-test the layer once" {
	local i pids=() ours
	"$CTL" unload --force >/dev/null # tests of the same guest may have loaded it
	assert_equal "$(ls /sys/fs/bpf) $(programs)" ' []'
	loads_keep_what_they_say
	for i in {1..20}; do
		timeout 600 "$DOCKER_CLI" --config "$DOCKER_DIR/client" -H "unix://$DOCKER_DIR/docker.sock" \
			run --rm --network none --runtime bulwark bb attack alg >"$WORK/out.$i" 2>&1 3>&- 4>&- &
		pids+=($!)
	done
	wait "${pids[@]}" || true # what each said tells more than a status
	[ -e "$WORK/loads" ] || fail 'the layer was not loaded' "$(head -n 3 "$WORK"/out.*)" "$(tail -n 20 "$DOCKER_DIR/dockerd.log")"
	cat "$WORK/loads"
	for i in {1..20}; do
		assert_equal "$(cat "$WORK/out.$i")" "alg EPERM"
	done
	# Who came while the first was at it waited, and found the work done; who came later did not have to ask.
	assert_equal "$(grep -c '^loaded: [0-9]* programs, self-test passed' "$WORK/loads")" 1
	[ "$(grep -c '^loaded already' "$WORK/loads")" -ge 1 ]
	[ "$(grep -c '^loaded' "$WORK/loads")" -le 20 ]
	assert_equal "$(ls /sys/fs/bpf)" bulwark
	assert_equal "$(stat -c '%a %U' /sys/fs/bpf/bulwark)" '700 root'
	ours=$(programs)
	assert_equal "$(jq length <<<"$ours")" "$(find /sys/fs/bpf/bulwark/links -type f | wc -l)"
	assert_equal "$("$CTL" status --json | jq -c '[.state, .containers]')" '["enforcing",[]]'
	assert_equal "$("$CTL" events --json | jq -r '"\(.hook) \(.verdict)"' | sort | uniq -c | awk '{ print $1, $2, $3 }')" \
		'20 socket_create refused'
	# And none of them after that.
	docker_run --rm --network none bb true
	assert_equal "$(grep -c '^loaded: ' "$WORK/loads")" 1
	assert_equal "$(programs)" "$ours"
}
