/* SPDX-License-Identifier: GPL-2.0-or-later */
/* resources - owns linux.resources as parsed; cgroup_v1 and cgroup_v2 apply it. */
#pragma once

#include "devices.h"
#include "json.h"

struct resources_memory {
	struct opt_i64 limit; /* bytes; -1: unlimited, here and below */
	struct opt_i64 reservation;
	struct opt_i64 swap; /* memory+swap */
	struct opt_i64 kernel;
	struct opt_i64 kernel_tcp;
	struct opt_u64 swappiness;
	struct opt_bool disable_oom_killer;
	struct opt_bool use_hierarchy;
	struct opt_bool check_before_update;
};

struct resources_cpu {
	struct opt_u64 shares;
	struct opt_i64 quota; /* us per period */
	struct opt_u64 burst;
	struct opt_u64 period; /* us */
	struct opt_i64 realtime_runtime;
	struct opt_u64 realtime_period;
	const char *cpus;
	const char *mems;
	struct opt_i64 idle;
};

struct resources_pids {
	struct opt_i64 limit;
};

struct resources_weight_device {
	int64_t major, minor;
	struct opt_u32 weight;
	struct opt_u32 leaf_weight;
};

struct resources_throttle_device {
	int64_t major, minor;
	uint64_t rate;
};

struct resources_block_io {
	struct opt_u32 weight;
	struct opt_u32 leaf_weight;
	struct json_array weight_device;	    /* resources_weight_device */
	struct json_array throttle_read_bps_device; /* resources_throttle_device */
	struct json_array throttle_write_bps_device;
	struct json_array throttle_read_iops_device;
	struct json_array throttle_write_iops_device;
};

struct resources_hugepage {
	const char *page_size; /* "2MB": part of a file's name, and checked to be no more than that */
	uint64_t limit;
};

struct resources_rdma {
	const char *device; /* the key, such as mlx5_1 */
	struct opt_u32 hca_handles;
	struct opt_u32 hca_objects;
};

struct resources_net_priority {
	const char *name; /* of an interface in the runtime's network namespace */
	uint32_t priority;
};

struct resources_network {
	struct opt_u32 class_id;
	struct json_array priorities; /* resources_net_priority */
};

struct resources {
	struct json_array devices; /* struct device_rule; meant for devices_plan() */
	struct resources_memory memory;
	struct resources_cpu cpu;
	struct resources_pids pids;
	struct resources_block_io block_io;
	struct json_array hugepage_limits; /* resources_hugepage */
	struct json_array rdma;		   /* resources_rdma */
	struct resources_network network;
	struct json_strmap unified; /* v2 files by name */
};

extern const struct json_field resources_fields[];
