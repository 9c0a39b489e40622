/* SPDX-License-Identifier: GPL-2.0-or-later */
/* resources - see resources.h. */
#include "resources.h"

static const struct json_field memory_fields[] = {
	JSON_F(struct resources_memory, limit, "limit", JSON_OPT_I64_FIELD),
	JSON_F(struct resources_memory, reservation, "reservation", JSON_OPT_I64_FIELD),
	JSON_F(struct resources_memory, swap, "swap", JSON_OPT_I64_FIELD),
	JSON_F(struct resources_memory, kernel, "kernel", JSON_OPT_I64_FIELD),
	JSON_F(struct resources_memory, kernel_tcp, "kernelTCP", JSON_OPT_I64_FIELD),
	JSON_F(struct resources_memory, swappiness, "swappiness", JSON_OPT_U64_FIELD),
	JSON_F(struct resources_memory, disable_oom_killer, "disableOOMKiller", JSON_OPT_BOOL_FIELD),
	JSON_F(struct resources_memory, use_hierarchy, "useHierarchy", JSON_OPT_BOOL_FIELD),
	JSON_F(struct resources_memory, check_before_update, "checkBeforeUpdate", JSON_OPT_BOOL_FIELD),
	JSON_F_END,
};

static const struct json_field cpu_fields[] = {
	JSON_F(struct resources_cpu, shares, "shares", JSON_OPT_U64_FIELD),
	JSON_F(struct resources_cpu, quota, "quota", JSON_OPT_I64_FIELD),
	JSON_F(struct resources_cpu, burst, "burst", JSON_OPT_U64_FIELD),
	JSON_F(struct resources_cpu, period, "period", JSON_OPT_U64_FIELD),
	JSON_F(struct resources_cpu, realtime_runtime, "realtimeRuntime", JSON_OPT_I64_FIELD),
	JSON_F(struct resources_cpu, realtime_period, "realtimePeriod", JSON_OPT_U64_FIELD),
	JSON_F(struct resources_cpu, cpus, "cpus", JSON_STRING_FIELD),
	JSON_F(struct resources_cpu, mems, "mems", JSON_STRING_FIELD),
	JSON_F(struct resources_cpu, idle, "idle", JSON_OPT_I64_FIELD),
	JSON_F_END,
};

static const struct json_field pids_fields[] = {
	JSON_F(struct resources_pids, limit, "limit", JSON_OPT_I64_FIELD),
	JSON_F_END,
};

static const struct json_field weight_device_fields[] = {
	JSON_F_REQUIRED(struct resources_weight_device, major, "major", JSON_I64_FIELD),
	JSON_F_REQUIRED(struct resources_weight_device, minor, "minor", JSON_I64_FIELD),
	JSON_F(struct resources_weight_device, weight, "weight", JSON_OPT_U32_FIELD),
	JSON_F(struct resources_weight_device, leaf_weight, "leafWeight", JSON_OPT_U32_FIELD),
	JSON_F_END,
};

static const struct json_field throttle_fields[] = {
	JSON_F_REQUIRED(struct resources_throttle_device, major, "major", JSON_I64_FIELD),
	JSON_F_REQUIRED(struct resources_throttle_device, minor, "minor", JSON_I64_FIELD),
	JSON_F_REQUIRED(struct resources_throttle_device, rate, "rate", JSON_U64_FIELD),
	JSON_F_END,
};

#define THROTTLE(member, key)                                                                      \
	JSON_F_ARRAY(struct resources_block_io, member, key, throttle_fields,                      \
		     struct resources_throttle_device)

static const struct json_field block_io_fields[] = {
	JSON_F(struct resources_block_io, weight, "weight", JSON_OPT_U32_FIELD),
	JSON_F(struct resources_block_io, leaf_weight, "leafWeight", JSON_OPT_U32_FIELD),
	JSON_F_ARRAY(struct resources_block_io, weight_device, "weightDevice", weight_device_fields,
		     struct resources_weight_device),
	THROTTLE(throttle_read_bps_device, "throttleReadBpsDevice"),
	THROTTLE(throttle_write_bps_device, "throttleWriteBpsDevice"),
	THROTTLE(throttle_read_iops_device, "throttleReadIOPSDevice"),
	THROTTLE(throttle_write_iops_device, "throttleWriteIOPSDevice"),
	JSON_F_END,
};

static const struct json_field hugepage_fields[] = {
	JSON_F_REQUIRED(struct resources_hugepage, page_size, "pageSize", JSON_STRING_FIELD),
	JSON_F_REQUIRED(struct resources_hugepage, limit, "limit", JSON_U64_FIELD),
	JSON_F_END,
};

const struct json_field resources_fields[] = {
	JSON_F_ARRAY(struct resources, devices, "devices", device_rule_fields, struct device_rule),
	JSON_F_OBJECT(struct resources, memory, "memory", memory_fields),
	JSON_F_OBJECT(struct resources, cpu, "cpu", cpu_fields),
	JSON_F_OBJECT(struct resources, pids, "pids", pids_fields),
	JSON_F_OBJECT(struct resources, block_io, "blockIO", block_io_fields),
	JSON_F_ARRAY(struct resources, hugepage_limits, "hugepageLimits", hugepage_fields,
		     struct resources_hugepage),
	JSON_F(struct resources, unified, "unified", JSON_STRMAP_FIELD),
	JSON_F_END,
};
