#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2154 # $status and $output are set by run
# systemd-cgroup - in the guest with systemd: containers are scopes, alone, with Docker's systemd driver and with Podman's.

bats_require_minimum_version 1.5.0

setup_file() {
	local rootfs=/data/rootfs applet
	TOP=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
	export RUNTIME=$TOP/${BULWARK_BUILD:-build}/test/bulwark
	export STATE=/run/bulwark-test-scopes BUNDLE=/data/bundle
	[ "$(cat /proc/1/comm)" = systemd ] || { echo 'not in a guest with systemd: scripts/vm --systemd' >&2 && return 1; }
	mkdir -p /run/bulwark-test/etc/bulwark
	(umask 077 && echo '{"configurationFileVersion": 2, "bpfLsm": {"value": "preferred"}}' \
		>/run/bulwark-test/etc/bulwark/admin-settings.json)
	mkdir -p $rootfs/{bin,dev,etc,proc,sys,tmp}
	cp "$(command -v busybox)" $rootfs/bin/
	for applet in sh cat id ls sleep true mkdir tail; do
		ln -sf busybox $rootfs/bin/$applet
	done
	echo 'root:x:0:0:root:/:/bin/sh' >$rootfs/etc/passwd
	mkdir -m 0700 $BUNDLE
	cp -a $rootfs $BUNDLE/rootfs
	"$RUNTIME" spec --bundle $BUNDLE
	cp $BUNDLE/config.json $BUNDLE/plain.json
}

setup() {
	config '.'
}

teardown() {
	local id
	for id in $(runtime list -q); do
		runtime delete --force "$id"
	done
	[ -z "${DBUS_STOPPED-}" ] || kill -CONT "$DBUS_STOPPED"
	systemctl stop try-c1.scope 2>/dev/null || : # one that is not ours
}

# No flag: the verbs after create go by what is on record.
runtime() {
	timeout -k 5 120 "$RUNTIME" --root "$STATE" "$@" 3>&- 4>&-
}

# config JQ-FILTER: of the plain configuration, a container that sleeps
config() {
	jq ".process.terminal = false | .root.readonly = false | .process.args = [\"sleep\", \"1000\"] |
		.linux.cgroupsPath = \"system.slice:try:c1\" | $1" $BUNDLE/plain.json >$BUNDLE/config.json
}

# create [ID]: in the background's descriptors, or bats would wait for the container
create() {
	runtime --systemd-cgroup create --bundle $BUNDLE --pid-file /data/pid "${1:-c1}" </dev/null >/data/out 2>&1 ||
		{ cat /data/out && return 1; }
}

# refused WORD...: create fails in one line that has the words, and leaves neither state nor unit
refused() {
	local word
	run create
	echo "$output"
	[ "$status" -eq 1 ]
	[ "$(wc -l </data/out)" -eq 1 ]
	for word; do
		[[ "$output" == *"$word"* ]]
	done
	[ -z "$(runtime list -q)" ]
	run systemctl list-units --all --no-legend '*try-c1*'
	[ -z "$output" ]
}

show() { # PROPERTY [UNIT]
	systemctl show --value --property "$1" "${2:-try-c1.scope}"
}

# gone UNIT: systemd does not know it any more
gone() {
	[ "$(show LoadState "$1")" = not-found ]
}

active() {
	[ "$(show ActiveState "$1")" = active ]
}

stopped() {
	[ "$(runtime state "$1" | jq -r .status)" = stopped ]
}

wait_for() {
	local end=$((SECONDS + 60))
	until "$@"; do
		[ $SECONDS -lt $end ] || { echo "waited in vain for: $*" && return 1; }
		sleep 0.1
	done
}

@test "systemd-cgroup: a container is a scope in its slice, with init in it" {
	local folder=/sys/fs/cgroup/machine.slice/machine-x.slice/try-c1.scope
	config '.linux.cgroupsPath = "machine-x.slice:try:c1"'
	create
	[ "$(show ActiveState)" = active ]
	[ "$(show ControlGroup)" = /machine.slice/machine-x.slice/try-c1.scope ]
	[ "$(show Slice)" = machine-x.slice ]
	[ "$(show Delegate)" = yes ]
	[ "$(show DefaultDependencies)" = no ]
	[ "$(show CollectMode)" = inactive-or-failed ]
	[ "$(show Description)" = 'bulwark container c1' ]
	grep -qx "$(cat /data/pid)" $folder/cgroup.procs
	[ "$(jq -r '.cgroup.driver + " " + .cgroup.unit' $STATE/c1/state.json)" = 'systemd try-c1.scope' ]
	runtime start c1
	# it is its own root inside, which it may part further
	[ "$(runtime exec c1 cat /proc/self/cgroup)" = 0::/ ]
	[ "$(stat -c %u $folder)" -ge 100000 ]
	runtime delete --force c1
	[ ! -e $folder ]
	gone try-c1.scope
	[ "$(systemctl is-active machine-x.slice)" = active ]
}

@test "systemd-cgroup: without cgroupsPath it is bulwark-ID.scope in system.slice" {
	config 'del(.linux.cgroupsPath)'
	create c+1
	[ "$(show ControlGroup 'bulwark-c\x2b1.scope')" = '/system.slice/bulwark-c\x2b1.scope' ]
	runtime delete --force c+1
}

@test "systemd-cgroup: limits are systemd's and the kernel's, and stay through a reload" {
	local folder=/sys/fs/cgroup/system.slice/try-c1.scope
	config '.linux.resources += {memory: {limit: 67108864, swap: 100663296, reservation: 1048576},
		cpu: {shares: 512, quota: 12345, period: 50000, cpus: "0-1", mems: "0"}, pids: {limit: 1},
		blockIO: {weight: 500}, unified: {"memory.high": "50331648"}}'
	create # also: a limit of one process is none too few
	check() {
		[ "$(cat $folder/memory.max) $(cat $folder/memory.swap.max)" = '67108864 33554432' ]
		[ "$(cat $folder/memory.low) $(cat $folder/memory.high)" = '1048576 50331648' ]
		[ "$(cat $folder/cpu.weight)" = 59 ]
		[ "$(cat $folder/cpuset.cpus) $(cat $folder/cpuset.mems)" = '0-1 0' ]
		[ "$(cat $folder/pids.max)" = 1 ]
	}
	check
	[ "$(cat $folder/cpu.max)" = '12345 50000' ] # exactly; systemd rounds
	[ "$(show MemoryMax) $(show MemorySwapMax) $(show MemoryLow) $(show MemoryHigh)" = '67108864 33554432 1048576 50331648' ]
	[ "$(show CPUWeight) $(show TasksMax)" = '59 1' ]
	[ "$(show CPUQuotaPerSecUSec) $(show CPUQuotaPeriodUSec)" = '250ms 50ms' ]
	[ "$(show AllowedCPUs) $(show AllowedMemoryNodes)" = '0-1 0' ]
	[ "$(show IOWeight)" = 4950 ]
	systemctl daemon-reload
	check
}

@test "systemd-cgroup: device rules are systemd's, too, and hold after a reload" {
	create
	runtime start c1
	[ "$(show DevicePolicy)" = strict ]
	[[ "$(show DeviceAllow)" == *"/dev/char/1:3 rwm"* ]]
	[[ "$(show DeviceAllow)" == *"char-136 rwm"* ]]
	systemctl daemon-reload
	[ "$(runtime exec c1 sh -c 'cat /dev/null && echo x >/dev/null && echo opened')" = opened ]
}

@test "systemd-cgroup: update tells systemd and the kernel; one that fails changes neither" {
	local folder=/sys/fs/cgroup/system.slice/try-c1.scope
	config '.linux.resources += {memory: {limit: 67108864}, pids: {limit: 50}}'
	create
	runtime start c1
	runtime update --memory 33554432 --cpu-quota 30000 --cpu-period 100000 --pids-limit 20 c1
	[ "$(cat $folder/memory.max) $(cat $folder/pids.max) $(cat $folder/cpu.max)" = '33554432 20 30000 100000' ]
	[ "$(show MemoryMax) $(show TasksMax) $(show CPUQuotaPerSecUSec)" = '33554432 20 300ms' ]
	systemctl daemon-reload
	[ "$(cat $folder/memory.max) $(cat $folder/pids.max) $(cat $folder/cpu.max)" = '33554432 20 30000 100000' ]
	run runtime update --pids-limit 10 --cpuset-cpus 77 c1
	[ "$status" -eq 1 ]
	[ "$(cat $folder/pids.max) $(show TasksMax)" = '20 20' ]
}

@test "systemd-cgroup: pause, resume, events, ps, kill and state need no flag" {
	config '.linux.resources.memory = {limit: 67108864}'
	create
	runtime start c1
	runtime pause c1
	[ "$(runtime state c1 | jq -r .status)" = paused ]
	runtime resume c1
	[ "$(runtime state c1 | jq -r .status)" = running ]
	[ "$(runtime events --stats c1 | jq .data.memory.usage.limit)" = 67108864 ]
	[ "$(runtime ps -f json c1)" = "[$(cat /data/pid)]" ]
	runtime kill --all c1 KILL
	wait_for stopped c1
	wait_for gone try-c1.scope # by itself
	runtime delete c1
}

@test "systemd-cgroup: folders a container made below are removed with it" {
	config '.mounts |= map(if .destination == "/sys/fs/cgroup" then .options -= ["ro"] else . end) |
		.process.args = ["sh", "-c", "mkdir -p /sys/fs/cgroup/a/b && echo $$ >/sys/fs/cgroup/a/b/cgroup.procs; sleep 1000"]'
	create
	runtime start c1
	wait_for grep -sq . /sys/fs/cgroup/system.slice/try-c1.scope/a/b/cgroup.procs # whose size is 0
	runtime pause c1 # what is frozen has to go, too
	runtime delete --force c1
	[ ! -e /sys/fs/cgroup/system.slice/try-c1.scope ]
	gone try-c1.scope
}

@test "systemd-cgroup: systemctl stop ends it, delete finds nothing left to do" {
	config '.annotations = {"org.systemd.property.TimeoutStopSec": "2"}'
	create
	runtime start c1
	[ "$(show TimeoutStopUSec)" = 2s ]
	systemctl stop try-c1.scope # sleep as pid 1 does not heed SIGTERM
	[ "$(runtime state c1 | jq -r .status)" = stopped ]
	wait_for gone try-c1.scope
	runtime delete c1
}

@test "systemd-cgroup: annotations set what they may, and nothing else" {
	config '.annotations = {"org.systemd.property.TimeoutStopUSec": "uint64 45000000",
		"org.systemd.property.KillSignal": "37", "org.systemd.property.DefaultDependencies": "true",
		"org.systemd.property.After": "[\u0027docker.service\u0027]",
		"org.systemd.property.RuntimeMaxSec": "3600", "org.systemd.property.Delegate": "true",
		"org.systemd.property.CollectMode": "\u0027inactive-or-failed\u0027"}'
	create
	[ "$(show TimeoutStopUSec) $(show KillSignal) $(show DefaultDependencies)" = '45s 37 yes' ]
	[ "$(show RuntimeMaxUSec)" = 1h ]
	[[ "$(show After)" == *docker.service* ]]
	runtime delete --force c1
	config '.annotations = {"org.systemd.property.MemoryMax": "uint64 5"}'
	refused annotations.org.systemd.property.MemoryMax TimeoutStopUSec
	config '.annotations = {"org.systemd.property.TimeoutStopUSec": "uint64 18446744073709551615"}'
	refused annotations.org.systemd.property.TimeoutStopUSec
}

@test "systemd-cgroup: a scope that failed leaves nothing behind" {
	local begin=$SECONDS
	create
	runtime start c1
	runtime delete --force c1
	# Its time begins within create, and must not be over before start is.
	config ".annotations = {\"org.systemd.property.TimeoutStopSec\": \"1\",
		\"org.systemd.property.RuntimeMaxSec\": \"$((3 * (SECONDS - begin) + 3))\"}"
	create
	runtime start c1
	wait_for gone try-c1.scope
	wait_for stopped c1
	runtime delete c1
	create # its name is free
}

@test "systemd-cgroup: a unit of that name is another's, and stays" {
	systemd-run --quiet --scope --unit try-c1 sleep 1000 3>&- 4>&- &
	wait_for active try-c1.scope
	run create
	echo "$output"
	[ "$status" -eq 1 ]
	[[ "$output" == *try-c1.scope*already* ]]
	[ -z "$(runtime list -q)" ]
	[ "$(show ActiveState)" = active ]
	systemctl stop try-c1.scope
}

@test "systemd-cgroup: delete spares a scope of the same name that came later" {
	create
	runtime start c1
	runtime kill c1 KILL
	wait_for gone try-c1.scope
	create c2 # the same cgroupsPath
	runtime delete c1
	[ "$(show ActiveState)" = active ]
	[ "$(runtime state c2 | jq -r .status)" = created ]
	runtime delete --force c2
	gone try-c1.scope
}

@test "systemd-cgroup: other paths, slices and names are refused" {
	config '.linux.cgroupsPath = "/docker/c1"'
	refused linux.cgroupsPath slice:prefix:name
	config '.linux.cgroupsPath = "system.slice:try:c1.slice"'
	refused linux.cgroupsPath 'holds no processes'
	config '.linux.cgroupsPath = "a--b.slice:try:c1"'
	refused linux.cgroupsPath 'name of a slice'
	config '.linux.resources.cpu = {cpus: "no"}'
	refused linux.resources.cpu.cpus
}

# What "holds no processes" rests on.
@test "systemd-cgroup: systemd itself takes no processes into a slice" {
	run bash -c "printf '0 PIDs au %d\n' \$\$ | ${RUNTIME%/test/bulwark}/bulwark-systemd start try-c1.slice"
	echo "$output"
	[ "$status" -eq 1 ]
	[[ "$output" == *PIDs* ]]
}

@test "systemd-cgroup: a create that fails later stops its scope" {
	config '.mounts += [{destination: "/x", type: "tmpfs", source: "tmpfs", options: ["size=nonsense"]}]'
	refused
	[ ! -e /sys/fs/cgroup/system.slice/try-c1.scope ]
}

@test "systemd-cgroup: a create that is killed at any time leaves nothing that delete --force does not remove" {
	local wait
	for wait in 0.2 0.4 0.5 0.6 0.7 0.8 1.0; do
		"$RUNTIME" --root "$STATE" --systemd-cgroup create --bundle $BUNDLE c1 </dev/null >/data/out 2>&1 3>&- 4>&- &
		sleep $wait
		kill -KILL $! 2>/dev/null || :
		wait $! || :
		runtime delete --force c1
		wait_for gone try-c1.scope
		[ ! -e /sys/fs/cgroup/system.slice/try-c1.scope ]
		[ -z "$(runtime list -q)" ]
	done
}

# What a create that is killed may leave: its init is a zombie when systemd comes to it, for which 257 starts the scope.
@test "systemd-cgroup: a scope in which nothing runs is collected, one with a process is not" {
	local program=${RUNTIME%/test/bulwark}/bulwark-systemd parent zombie
	# which waits for nobody
	bash -c '(until grep -qx sleep "/proc/$$/comm"; do sleep 0.1; done) & echo $! >/data/zombie; exec sleep 1000' 3>&- 4>&- &
	parent=$!
	zombie_is_there() { grep -q 'State:.Z' "/proc/$(cat /data/zombie)/status"; }
	wait_for zombie_is_there
	zombie=$(cat /data/zombie)
	printf '236 CollectMode s inactive-or-failed\n0 PIDs au %d\n' "$zombie" | "$program" start try-c1.scope || : # some refuse it
	"$program" collect try-c1.scope </dev/null
	gone try-c1.scope
	printf '0 PIDs au %d\n' "$parent" | "$program" start try-c1.scope
	"$program" collect try-c1.scope </dev/null
	active try-c1.scope
	"$program" stop try-c1.scope </dev/null
	gone try-c1.scope
}

@test "systemd-cgroup: a bus that does not answer is an error in time" {
	DBUS_STOPPED=$(systemctl show --value --property MainPID dbus.service)
	kill -STOP "$DBUS_STOPPED"
	run create
	echo "$output"
	kill -CONT "$DBUS_STOPPED"
	DBUS_STOPPED=
	[ "$status" -eq 1 ]
	[[ "$output" == *"systemd: no answer within 30 seconds to 'start try-c1.scope'"* ]]
	[ -z "$(runtime list -q)" ]
	wait_for gone try-c1.scope
}

@test "systemd-cgroup: without a bus, systemd's own socket will do" {
	systemctl stop dbus.socket dbus.service 2>/dev/null
	mv /run/dbus/system_bus_socket /run/dbus/away 2>/dev/null || :
	run create
	echo "$output"
	mv /run/dbus/away /run/dbus/system_bus_socket 2>/dev/null || :
	systemctl start dbus.socket
	[ "$status" -eq 0 ]
	[ "$(show ActiveState)" = active ]
}

# ---------------------------------------------------------------- engines

@test "systemd-cgroup: Docker 26 with the systemd driver: run, exec, limits, update, pause, stop and rm" {
	local pid folder id
	jq -n --arg runtime "$RUNTIME" '{runtimes: {bulwark: {path: $runtime}},
		"exec-opts": ["native.cgroupdriver=systemd"]}' >/etc/docker/daemon.json
	systemctl restart docker
	[ "$(docker info --format '{{.CgroupDriver}}')" = systemd ]
	tar -C /data/rootfs -c . | docker import - bb >/dev/null
	run docker run --rm --runtime bulwark bb sh -c 'cat /proc/self/uid_map; exit 42'
	echo "$output"
	[ "$status" -eq 42 ]
	[[ "$output" =~ ^\ *0\ +([0-9]+)\ +65536$ ]]
	id=$(docker run -d --name c1 --runtime bulwark -m 64m --pids-limit 50 bb sleep 1000)
	[ "$(docker exec c1 cat /proc/1/comm)" = sleep ]
	pid=$(docker inspect -f '{{.State.Pid}}' c1)
	[ "$(sed -n 's/^0:://p' "/proc/$pid/cgroup")" = "/system.slice/docker-$id.scope" ]
	folder=/sys/fs/cgroup/system.slice/docker-$id.scope
	[ "$(cat "$folder/memory.max") $(cat "$folder/pids.max")" = '67108864 50' ]
	docker update --memory 32m --memory-swap 32m --pids-limit 20 c1
	[ "$(show MemoryMax "docker-$id.scope") $(cat "$folder/memory.max")" = '33554432 33554432' ]
	docker pause c1
	[ "$(docker inspect -f '{{.State.Status}}' c1)" = paused ]
	docker unpause c1
	docker stop -t 1 c1
	docker start c1
	docker rm -f c1
	[ ! -e "$folder" ]
	gone "docker-$id.scope"
	run systemctl list-units --failed --no-legend
	[ -z "$output" ]
}

@test "systemd-cgroup: Docker 26: --cgroup-parent is a slice" {
	local pid
	docker run -d --name c2 --runtime bulwark --cgroup-parent try-deep.slice bb sleep 1000
	pid=$(docker inspect -f '{{.State.Pid}}' c2)
	[[ "$(cat "/proc/$pid/cgroup")" == 0::/try.slice/try-deep.slice/docker-*.scope ]]
	docker rm -f c2
}

@test "systemd-cgroup: Podman 5 with its default manager: run, exec, limits, rm" {
	local pid folder
	tar -C /data/rootfs -c . | podman import - bb >/dev/null
	[ "$(podman info --format '{{.Host.CgroupManager}}')" = systemd ]
	run podman --runtime "$RUNTIME" run --rm --network none bb sh -c 'cat /proc/self/uid_map; exit 42'
	echo "$output"
	[ "$status" -eq 42 ]
	[[ "$output" =~ 0\ +([0-9]+)\ +65536 ]]
	podman --runtime "$RUNTIME" run -d --name p1 --network none --memory 64m --pids-limit 50 bb sleep 1000 3>&- 4>&-
	[ "$(podman exec p1 cat /proc/1/comm)" = sleep ]
	pid=$(podman inspect -f '{{.State.Pid}}' p1)
	[[ "$(cat "/proc/$pid/cgroup")" == 0::/machine.slice/libpod-*.scope* ]]
	folder=/sys/fs/cgroup$(sed -n 's/^0:://p' "/proc/$pid/cgroup")
	[ "$(cat "$folder/memory.max") $(cat "$folder/pids.max")" = '67108864 50' ]
	podman rm -f -t 0 p1
	[ ! -e "$folder" ]
}
