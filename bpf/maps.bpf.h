/* SPDX-License-Identifier: GPL-2.0-or-later */
/* maps - owns the maps. All are pinned below LSM_PIN_DIR under these names, of at most 15 characters. */
#pragma once

#include "vmlinux.h"
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#include "abi.h"

/* The policy of each container, by the id of its cgroup (v2): the inode number of its folder. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, LSM_CONTAINERS_MAX);
	__type(key, __u64);
	__type(value, struct lsm_container);
} containers SEC(".maps");

/* Which user namespaces are containers', by inode number. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, LSM_CONTAINERS_MAX);
	__type(key, __u32);
	__type(value, struct lsm_namespace);
} namespaces SEC(".maps");

/* Refusals, by the id of the container's cgroup. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, LSM_CONTAINERS_MAX);
	__type(key, __u64);
	__type(value, struct lsm_counters);
} counters SEC(".maps");

/* Tasks of the runtime that are inside a container but have not executed its program yet; user space marks them by pidfd. */
struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, __u32);
} setup_tasks SEC(".maps");

/* Files that containers inherited as standard input, output and error. */
struct {
	__uint(type, BPF_MAP_TYPE_INODE_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct lsm_inherited);
} inherited SEC(".maps");

/* Nodes of procfs and sysfs that are hidden or read-only in every container, by lsm_path_hash(). */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 1024);
	__type(key, __u64);
	__type(value, __u32); /* enum lsm_node */
} proc_rules SEC(".maps");

/* The same for one container each: maskedPaths and readonlyPaths of its config. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, LSM_MASKS_ALL);
	__type(key, struct lsm_mask_key);
	__type(value, struct lsm_mask_value);
} masks SEC(".maps");

/* Folders, files and sockets of the host that no container may change, mount or connect to. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, LSM_GUARDS_MAX);
	__type(key, struct lsm_guard_key);
	__type(value, __u32); /* enum lsm_guard */
} guarded SEC(".maps");

/* Sockets of the host that have no inode. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, LSM_GUARDS_MAX);
	__type(key, struct lsm_socket_name);
	__type(value, __u32);
} guarded_names SEC(".maps");

/* The engine guard: whether it is on. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct lsm_engine);
} engine SEC(".maps");

/* The programs of engines, and what engines may execute. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, LSM_GUARDS_MAX);
	__type(key, struct lsm_guard_key);
	__type(value, __u32); /* enum lsm_engine_role */
} engine_files SEC(".maps");

/* Who is an engine, or was started by one. */
struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, __u32); /* enum lsm_engine_task */
} engine_tasks SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, LSM_RING_BYTES);
} events SEC(".maps");

/* The loader's stamp. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct lsm_state);
} state SEC(".maps");
