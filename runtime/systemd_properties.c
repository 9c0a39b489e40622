/* SPDX-License-Identifier: GPL-2.0-or-later */
/* systemd_properties - see systemd_properties.h; the properties are those of systemd.resource-control(5). */
#include "systemd_properties.h"

#include <errno.h>
#include <inttypes.h>
#include <stdint.h>
#include <string.h>

#include "cgroup_internal.h"
#include "devices.h"
#include "error.h"
#include "resources.h"
#include "str.h"

#define CPUS_MAX 8192 /* CPUs or memory nodes: CONFIG_NR_CPUS of the largest kernels */
#define PERIOD_DEFAULT_US 100000
#define SECOND_US 1000000U
#define QUOTA_STEP_US 10000 /* systemd keeps whole percents of a CPU */

/* Versions of systemd that first knew a property; 0: all that we meet. */
#define SINCE_QUOTA_PERIOD 242
#define SINCE_CPUSET 244
#define SINCE_IDLE_WEIGHT 252

static void write_u64(FILE *out, int since, const char *name, uint64_t value)
{
	(void)fprintf(out, "%d %s t %" PRIu64 "\n", since, name, value);
}

/* A limit of the specification: 0 is none given, below 0 is no limit. */
static void write_limit(FILE *out, const char *name, const struct opt_i64 *limit)
{
	if (limit->set && limit->value)
		write_u64(out, 0, name, limit->value < 0 ? UINT64_MAX : (uint64_t)limit->value);
}

static uint64_t clamp(uint64_t value, uint64_t min, uint64_t max)
{
	return value < min ? min : value > max ? max : value;
}

/* ---- cpu -------------------------------------------------------------------------------------- */

/* Rounded up, or what a child may ask for within our own, exact limit would be above systemd's. */
static uint64_t quota_per_second(int64_t quota, uint64_t period)
{
	uint64_t us;

	if (quota <= 0 || __builtin_mul_overflow((uint64_t)quota, SECOND_US, &us))
		return UINT64_MAX;
	us /= period;
	return us > UINT64_MAX - QUOTA_STEP_US ?
		       UINT64_MAX :
		       (us + QUOTA_STEP_US - 1) / QUOTA_STEP_US * QUOTA_STEP_US;
}

static void write_quota(FILE *out, int64_t quota, uint64_t period)
{
	uint64_t us = quota_per_second(quota, period ? period : PERIOD_DEFAULT_US);

	if (period)
		write_u64(out, SINCE_QUOTA_PERIOD, "CPUQuotaPeriodUSec", period);
	write_u64(out, 0, "CPUQuotaPerSecUSec", us ? us : QUOTA_STEP_US);
}

static int mark_range(uint8_t *bits, uint32_t first, uint32_t last)
{
	if (first > last || last >= CPUS_MAX)
		return -EINVAL;
	for (uint32_t i = first; i <= last; i++)
		bits[i / 8] |= (uint8_t)(1U << (i % 8));
	return 0;
}

/* "0-3,8" */
static int parse_list(const char *list, uint8_t *bits)
{
	char word[32];

	for (const char *p = list; *p; p += *p == ',') {
		size_t len = strcspn(p, ",");
		uint32_t first, last;
		char *dash;

		if (str_format(word, sizeof(word), "%.*s", (int)(len < 32 ? len : 32), p) < 0)
			return -EINVAL;
		dash = strchr(word, '-');
		if (dash)
			*dash++ = '\0';
		if (parse_u32(word, &first) < 0 || parse_u32(dash ? dash : word, &last) < 0 ||
		    mark_range(bits, first, last) < 0)
			return -EINVAL;
		p += len;
	}
	return 0;
}

static int write_set(FILE *out, const char *name, const char *list, const char *what,
		     struct error *err)
{
	uint8_t bits[CPUS_MAX / 8] = { 0 };
	size_t n = sizeof(bits);
	char quoted[64];

	if (!list || !*list)
		return 0;
	if (parse_list(list, bits) < 0)
		return error_text(err, EINVAL, "linux.resources.%s: '%s' is no list such as '0-3,8'",
				  what, str_quote(list, quoted, sizeof(quoted)));
	while (n > 0 && bits[n - 1] == 0)
		n--;
	(void)fprintf(out, "%d %s ay ", SINCE_CPUSET, name);
	for (size_t i = 0; i < n; i++)
		(void)fprintf(out, "%02x", bits[i]);
	(void)fputc('\n', out);
	return 0;
}

static int write_cpu(FILE *out, const struct resources_cpu *c, bool v2, struct error *err)
{
	int r;

	if (v2 && c->idle.set && c->idle.value == 1)
		write_u64(out, SINCE_IDLE_WEIGHT, "CPUWeight", 0);
	else if (v2 && c->shares.set && c->shares.value)
		write_u64(out, 0, "CPUWeight", cgroup_shares_to_weight(c->shares.value));
	else if (c->shares.set && c->shares.value)
		write_u64(out, 0, "CPUShares", clamp(c->shares.value, 2, 262144));
	if ((c->quota.set && c->quota.value) || (c->period.set && c->period.value))
		write_quota(out, c->quota.value, c->period.value);
	if (!v2) /* systemd has no cpuset there */
		return 0;
	r = write_set(out, "AllowedCPUs", c->cpus, "cpu.cpus", err);
	return r < 0 ? r : write_set(out, "AllowedMemoryNodes", c->mems, "cpu.mems", err);
}

/* ---- memory, io ------------------------------------------------------------------------------- */

static void write_memory(FILE *out, const struct resources_memory *m, bool v2)
{
	struct opt_i64 swap = m->swap;

	if (!v2) {
		write_limit(out, "MemoryLimit", &m->limit);
		return;
	}
	write_limit(out, "MemoryMax", &m->limit);
	write_limit(out, "MemoryLow", &m->reservation);
	/* the specification's swap is memory and swap together; cgroup_v2_apply() refuses what is not above */
	if (swap.set && swap.value > 0 && m->limit.value > 0 && swap.value >= m->limit.value)
		write_u64(out, 0, "MemorySwapMax", (uint64_t)(swap.value - m->limit.value));
	else if (swap.set && swap.value < 0)
		write_u64(out, 0, "MemorySwapMax", UINT64_MAX);
}

static void write_block_io(FILE *out, const struct resources_block_io *b, bool v2)
{
	if (!b->weight.set || !b->weight.value)
		return;
	if (v2)
		write_u64(out, 0, "IOWeight",
			  clamp(cgroup_blkio_to_io_weight(b->weight.value), 1, 10000));
	else
		write_u64(out, 0, "BlockIOWeight", clamp(b->weight.value, 10, 1000));
}

/* ---- unified ---------------------------------------------------------------------------------- */

/* "max", or a number. -EINVAL: the kernel will say what is wrong with it. */
static int parse_max(const char *text, uint64_t *ret)
{
	if (str_eq(text, "max")) {
		*ret = UINT64_MAX;
		return 0;
	}
	return parse_u64(text, ret);
}

/* cpu.max: "QUOTA PERIOD" or "QUOTA" */
static void write_cpu_max(FILE *out, const char *text)
{
	uint64_t quota, period = PERIOD_DEFAULT_US;
	const char *space = strchr(text, ' ');
	char word[32];

	if (str_format(word, sizeof(word), "%.*s", (int)strcspn(text, " "), text) < 0 ||
	    parse_max(word, &quota) < 0 || (space && parse_u64(space + 1, &period) < 0) ||
	    period == 0)
		return;
	write_quota(out, quota > INT64_MAX ? -1 : (int64_t)quota, period);
}

static int write_unified(FILE *out, const struct json_pair *file, struct error *err)
{
	static const struct {
		const char *file;
		const char *property;
		uint64_t min; /* that systemd takes */
	} limits[] = {
		{ "cpu.weight", "CPUWeight", 1 },   { "io.weight", "IOWeight", 1 },
		{ "memory.high", "MemoryHigh", 1 }, { "memory.low", "MemoryLow", 0 },
		{ "memory.max", "MemoryMax", 1 },   { "memory.min", "MemoryMin", 0 },
		{ "pids.max", "TasksMax", 1 },	    { "memory.swap.max", "MemorySwapMax", 0 },
	};
	uint64_t value;

	for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++)
		if (str_eq(file->key, limits[i].file) && parse_max(file->value, &value) == 0 &&
		    value >= limits[i].min)
			write_u64(out, 0, limits[i].property, value);
	if (str_eq(file->key, "cpu.idle") && str_eq(file->value, "1"))
		write_u64(out, SINCE_IDLE_WEIGHT, "CPUWeight", 0);
	if (str_eq(file->key, "cpu.max"))
		write_cpu_max(out, file->value);
	if (str_eq(file->key, "cpuset.cpus"))
		return write_set(out, "AllowedCPUs", file->value, "unified.cpuset.cpus", err);
	if (str_eq(file->key, "cpuset.mems"))
		return write_set(out, "AllowedMemoryNodes", file->value, "unified.cpuset.mems", err);
	return 0;
}

/* ---- all of it -------------------------------------------------------------------------------- */

int systemd_properties_write(FILE *out, const struct resources *resources, bool v2, struct error *err)
{
	int r;

	write_memory(out, &resources->memory, v2);
	r = write_cpu(out, &resources->cpu, v2, err);
	write_limit(out, "TasksMax", &resources->pids.limit);
	write_block_io(out, &resources->block_io, v2);
	for (size_t i = 0; r == 0 && v2 && i < resources->unified.n; i++)
		r = write_unified(out, &resources->unified.items[i], err);
	return r;
}

void systemd_properties_write_devices(FILE *out, const struct device_plan *devices)
{
	(void)fputs("0 DevicePolicy s strict\n0 DeviceAllow a(ss)", out);
	for (size_t i = 0; i < devices->n_rules; i++) {
		const struct device_entry *rule = &devices->rules[i];

		if (rule->minor == DEVICE_ANY && rule->major == DEVICE_ANY)
			(void)fputs(" char-* rwm", out);
		else if (rule->minor == DEVICE_ANY)
			(void)fprintf(out, " char-%u rwm", rule->major);
		else
			(void)fprintf(out, " /dev/char/%u:%u rwm", rule->major, rule->minor);
	}
	(void)fputc('\n', out);
}
