/* SPDX-License-Identifier: GPL-2.0-or-later */
/* resources - see resources.h. */
#include "resources.h"

#include <errno.h>
#include <net/if.h>
#include <string.h>

#include "arena.h"
#include "error.h"
#include "str.h"

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

static int parse_weight_device(struct arena *arena, json_t *value,
			       struct resources_weight_device *ret, struct error *err)
{
	int r;

	if (!json_is_object(value))
		return error_text(err, EINVAL, ": expected an object, got %s", json_type_text(value));
	r = json_parse_object(arena, value, weight_device_fields, ret, err);
	if (r < 0)
		return error_prefix(err, ".");
	if (!ret->weight.set && !ret->leaf_weight.set)
		return error_text(err, EINVAL, ": needs weight, leafWeight or both");
	return 0;
}

static int parse_weight_devices(struct arena *arena, json_t *value, void *out, struct error *err)
{
	struct resources_weight_device *devices;
	size_t n = json_array_size(value);
	char prefix[32];

	if (!json_is_array(value))
		return error_text(err, EINVAL, ": expected an array, got %s", json_type_text(value));
	if (n > JSON_ITEMS_MAX)
		return error_text(err, E2BIG, ": more than %d elements", JSON_ITEMS_MAX);
	devices = arena_alloc(arena, n, sizeof(*devices));
	if (!devices)
		return error_set(err, ENOMEM, ": no memory");
	for (size_t i = 0; i < n; i++) {
		int r = parse_weight_device(arena, json_array_get(value, i), &devices[i], err);

		if (r < 0) {
			(void)str_format(prefix, sizeof(prefix), "[%zu]", i);
			return error_prefix(err, prefix);
		}
	}
	*(struct json_array *)out = (struct json_array){ devices, n };
	return 0;
}

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
	JSON_F_CUSTOM(struct resources_block_io, weight_device, "weightDevice", parse_weight_devices),
	THROTTLE(throttle_read_bps_device, "throttleReadBpsDevice"),
	THROTTLE(throttle_write_bps_device, "throttleWriteBpsDevice"),
	THROTTLE(throttle_read_iops_device, "throttleReadIOPSDevice"),
	THROTTLE(throttle_write_iops_device, "throttleWriteIOPSDevice"),
	JSON_F_END,
};

/* config-linux.md: <size><unit-prefix>B. */
static int parse_page_size(struct arena *arena, json_t *value, void *out, struct error *err)
{
	const char *text = json_string_value(value);
	size_t digits = text ? strspn(text, "0123456789") : 0;
	char quoted[64];

	(void)arena;
	if (!text)
		return error_text(err, EINVAL, ": expected a string, got %s", json_type_text(value));
	if (digits == 0 || digits > 9 || *text == '0' ||
	    !(str_eq(text + digits, "KB") || str_eq(text + digits, "MB") ||
	      str_eq(text + digits, "GB")))
		return error_text(err, EINVAL, ": '%s' is no size of a page, such as 2MB",
				  str_quote(text, quoted, sizeof(quoted)));
	*(const char **)out = text;
	return 0;
}

static const struct json_field hugepage_fields[] = {
	{ .name = "pageSize",
	  .kind = JSON_CUSTOM_FIELD,
	  .required = true,
	  .offset = offsetof(struct resources_hugepage, page_size),
	  .parse = parse_page_size },
	JSON_F_REQUIRED(struct resources_hugepage, limit, "limit", JSON_U64_FIELD),
	JSON_F_END,
};

/* One word of a line that the kernel takes apart at spaces. */
static bool is_word(const char *text, size_t max)
{
	size_t len = strlen(text);

	for (size_t i = 0; i < len; i++)
		if (text[i] <= ' ' || text[i] > '~')
			return false;
	return len > 0 && len < max;
}

static const struct json_field rdma_fields[] = {
	JSON_F(struct resources_rdma, hca_handles, "hcaHandles", JSON_OPT_U32_FIELD),
	JSON_F(struct resources_rdma, hca_objects, "hcaObjects", JSON_OPT_U32_FIELD),
	JSON_F_END,
};

static int parse_rdma_device(struct arena *arena, const char *key, json_t *value,
			     struct resources_rdma *ret, struct error *err)
{
	int r;

	if (!is_word(key, 64)) /* IB_DEVICE_NAME_MAX */
		return error_text(err, EINVAL, ": that is no name of a device");
	if (!json_is_object(value))
		return error_text(err, EINVAL, ": expected an object, got %s", json_type_text(value));
	ret->device = key;
	r = json_parse_object(arena, value, rdma_fields, ret, err);
	if (r < 0)
		return error_prefix(err, ".");
	if (!ret->hca_handles.set && !ret->hca_objects.set)
		return error_text(err, EINVAL, ": needs hcaHandles, hcaObjects or both");
	return 0;
}

static int parse_rdma(struct arena *arena, json_t *value, void *out, struct error *err)
{
	struct resources_rdma *devices;
	char quoted[64], prefix[80];
	const char *key;
	json_t *item;
	size_t n = 0;

	if (!json_is_object(value))
		return error_text(err, EINVAL, ": expected an object, got %s", json_type_text(value));
	if (json_object_size(value) > JSON_ITEMS_MAX)
		return error_text(err, E2BIG, ": more than %d devices", JSON_ITEMS_MAX);
	devices = arena_alloc(arena, json_object_size(value), sizeof(*devices));
	if (!devices)
		return error_set(err, ENOMEM, ": no memory");
	json_object_foreach(value, key, item) {
		int r = parse_rdma_device(arena, key, item, &devices[n++], err);

		if (r < 0) {
			(void)str_format(prefix, sizeof(prefix), "['%s']",
					 str_quote(key, quoted, sizeof(quoted)));
			return error_prefix(err, prefix);
		}
	}
	*(struct json_array *)out = (struct json_array){ devices, n };
	return 0;
}

static int parse_interface(struct arena *arena, json_t *value, void *out, struct error *err)
{
	const char *name = json_string_value(value);
	char quoted[64];

	(void)arena;
	if (!name)
		return error_text(err, EINVAL, ": expected a string, got %s", json_type_text(value));
	if (!is_word(name, IF_NAMESIZE))
		return error_text(err, EINVAL, ": '%s' is no name of an interface",
				  str_quote(name, quoted, sizeof(quoted)));
	*(const char **)out = name;
	return 0;
}

static const struct json_field priority_fields[] = {
	{ .name = "name",
	  .kind = JSON_CUSTOM_FIELD,
	  .required = true,
	  .offset = offsetof(struct resources_net_priority, name),
	  .parse = parse_interface },
	JSON_F_REQUIRED(struct resources_net_priority, priority, "priority", JSON_U32_FIELD),
	JSON_F_END,
};

static const struct json_field network_fields[] = {
	JSON_F(struct resources_network, class_id, "classID", JSON_OPT_U32_FIELD),
	JSON_F_ARRAY(struct resources_network, priorities, "priorities", priority_fields,
		     struct resources_net_priority),
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
	JSON_F_CUSTOM(struct resources, rdma, "rdma", parse_rdma),
	JSON_F_OBJECT(struct resources, network, "network", network_fields),
	JSON_F(struct resources, unified, "unified", JSON_STRMAP_FIELD),
	JSON_F_END,
};
