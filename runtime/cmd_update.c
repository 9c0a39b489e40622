/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cmd_update - owns the words of `update`: limits as flags, or as a document. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "command.h"
#include "error.h"
#include "fd.h"
#include "json.h"
#include "str.h"
#include "update.h"

#define DOCUMENT_MAX (1U << 20) /* bytes; of limits alone */

enum {
	BLKIO_WEIGHT,
	CPU_PERIOD,
	CPU_QUOTA,
	CPU_BURST,
	CPU_SHARE,
	CPU_RT_PERIOD,
	CPU_RT_RUNTIME,
	CPU_IDLE,
	CPUSET_CPUS,
	CPUSET_MEMS,
	KERNEL_MEMORY,
	KERNEL_MEMORY_TCP,
	MEMORY,
	MEMORY_RESERVATION,
	MEMORY_SWAP,
	PIDS_LIMIT,
	N_LIMITS
};

struct options {
	const char *resources;
	const char *limits[N_LIMITS];
	const char *l3_cache_schema;
	const char *mem_bw_schema;
};

enum value_kind { NUMBER, BYTES, TEXT };

/* Where the value of a flag goes in linux.resources. */
static const struct limit_row {
	const char *flag, *section, *key;
	enum value_kind kind;
} limit_rows[N_LIMITS] = {
	[BLKIO_WEIGHT] = { "blkio-weight", "blockIO", "weight", NUMBER },
	[CPU_PERIOD] = { "cpu-period", "cpu", "period", NUMBER },
	[CPU_QUOTA] = { "cpu-quota", "cpu", "quota", NUMBER },
	[CPU_BURST] = { "cpu-burst", "cpu", "burst", NUMBER },
	[CPU_SHARE] = { "cpu-share", "cpu", "shares", NUMBER },
	[CPU_RT_PERIOD] = { "cpu-rt-period", "cpu", "realtimePeriod", NUMBER },
	[CPU_RT_RUNTIME] = { "cpu-rt-runtime", "cpu", "realtimeRuntime", NUMBER },
	[CPU_IDLE] = { "cpu-idle", "cpu", "idle", NUMBER },
	[CPUSET_CPUS] = { "cpuset-cpus", "cpu", "cpus", TEXT },
	[CPUSET_MEMS] = { "cpuset-mems", "cpu", "mems", TEXT },
	[KERNEL_MEMORY] = { "kernel-memory", "memory", "kernel", BYTES },
	[KERNEL_MEMORY_TCP] = { "kernel-memory-tcp", "memory", "kernelTCP", BYTES },
	[MEMORY] = { "memory", "memory", "limit", BYTES },
	[MEMORY_RESERVATION] = { "memory-reservation", "memory", "reservation", BYTES },
	[MEMORY_SWAP] = { "memory-swap", "memory", "swap", BYTES },
	[PIDS_LIMIT] = { "pids-limit", "pids", "limit", NUMBER },
};

#define O(member) offsetof(struct options, member)
#define LIMIT(index, name, value, help)                                                            \
	{                                                                                          \
		name, 0, OPTION_STRING, O(limits[index]), value, help                              \
	}
static const struct option options_table[] = {
	{ "resources", 'r', OPTION_STRING, O(resources), "FILE",
	  "read the limits as JSON, linux.resources of the OCI; - for standard input. Flags of limits are ignored then" },
	LIMIT(BLKIO_WEIGHT, "blkio-weight", "N", "weight of block I/O, 10 to 1000"),
	LIMIT(CPU_PERIOD, "cpu-period", "US", "period of the CPU quota"),
	LIMIT(CPU_QUOTA, "cpu-quota", "US", "CPU time per period; -1: no limit"),
	LIMIT(CPU_BURST, "cpu-burst", "US", "CPU time that may be saved up"),
	LIMIT(CPU_SHARE, "cpu-share", "N", "CPU weight beside other containers"),
	LIMIT(CPU_RT_PERIOD, "cpu-rt-period", "US", "period of real-time CPU (cgroup v1)"),
	LIMIT(CPU_RT_RUNTIME, "cpu-rt-runtime", "US", "real-time CPU per period (cgroup v1)"),
	LIMIT(CPU_IDLE, "cpu-idle", "0|1", "SCHED_IDLE for the whole container"),
	LIMIT(CPUSET_CPUS, "cpuset-cpus", "LIST", "CPUs to run on: 0-2,7"),
	LIMIT(CPUSET_MEMS, "cpuset-mems", "LIST", "memory nodes to use"),
	LIMIT(KERNEL_MEMORY, "kernel-memory", "BYTES", "taken and ignored, as the kernel does"),
	LIMIT(KERNEL_MEMORY_TCP, "kernel-memory-tcp", "BYTES", "memory of TCP buffers (cgroup v1)"),
	LIMIT(MEMORY, "memory", "BYTES", "memory limit; 512m, 2g; -1: no limit"),
	LIMIT(MEMORY_RESERVATION, "memory-reservation", "BYTES", "memory that is reclaimed last"),
	LIMIT(MEMORY_SWAP, "memory-swap", "BYTES", "memory and swap together; -1: no limit"),
	LIMIT(PIDS_LIMIT, "pids-limit", "N", "processes and threads; -1: no limit"),
	{ "l3-cache-schema", 0, OPTION_STRING, O(l3_cache_schema), "SCHEMA",
	  "of the container's own resctrl group: L3:0=7f0;1=1f" },
	{ "mem-bw-schema", 0, OPTION_STRING, O(mem_bw_schema), "SCHEMA",
	  "of the container's own resctrl group: MB:0=20;1=70" },
	{ NULL },
};

/* Docker's sizes: a number, k m g t p of 1024, and "b" or "ib" behind. */
static int parse_bytes(const char *text, int64_t *ret)
{
	static const char units[] = "kmgtp";
	char number[32];
	size_t digits = strspn(text, "0123456789");
	const char *unit = text + digits;
	const char *known = *unit ? strchr(units, *unit | 0x20) : NULL;
	unsigned int shift = 0;
	int64_t value;

	if (str_format(number, sizeof(number), "%.*s", (int)digits, text) < 0 ||
	    parse_i64(number, &value) < 0)
		return -EINVAL;
	if (known) {
		shift = 10 * (unsigned int)(known - units + 1);
		unit++;
		if ((*unit | 0x20) == 'i')
			unit++;
	}
	if ((*unit | 0x20) == 'b')
		unit++;
	if (*unit || value > INT64_MAX >> shift)
		return -EINVAL;
	*ret = value << shift;
	return 0;
}

static json_t *parse_limit(const struct limit_row *row, const char *text, struct error *err)
{
	int64_t value;
	int r;

	if (row->kind == TEXT)
		return json_string(text);
	r = row->kind == BYTES && !str_eq(text, "-1") ? parse_bytes(text, &value) :
							parse_i64(text, &value);
	if (r == 0)
		return json_integer(value);
	(void)error_text(err, EINVAL, "--%s: '%s' is not a %s", row->flag, text,
			 row->kind == BYTES ? "size in bytes, such as 512m, or -1" : "number");
	return NULL;
}

static int limits_from_flags(const struct options *o, json_t **ret, struct error *err)
{
	_cleanup_json_ json_t *limits = json_object();

	for (size_t i = 0; i < N_LIMITS; i++) {
		const struct limit_row *row = &limit_rows[i];
		json_t *section, *value;

		if (!o->limits[i] || !*o->limits[i])
			continue;
		value = parse_limit(row, o->limits[i], err);
		if (!value)
			return -EINVAL;
		section = json_object_get(limits, row->section);
		if (!section) {
			section = json_object();
			if (json_object_set_new(limits, row->section, section) < 0)
				section = NULL;
		}
		if (json_object_set_new(section, row->key, value) < 0)
			return error_set(err, ENOMEM, "update");
	}
	*ret = take_ptr(limits);
	return 0;
}

static int limits_from_file(const char *path, json_t **ret, struct error *err)
{
	bool is_stdin = str_eq(path, "-");
	_cleanup_close_ int opened = -EBADF;
	_cleanup_free_ char *text = NULL;
	size_t len;
	int r;

	if (!is_stdin) {
		opened = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
		if (opened < 0)
			return error_set(err, errno, "cannot open '%s'", path);
	}
	r = fd_read_all(is_stdin ? STDIN_FILENO : opened, DOCUMENT_MAX, &text, &len, err);
	return r < 0 ? r : json_read_text(text, len, is_stdin ? "standard input" : path, ret, err);
}

static int run(const struct globals *globals, const void *options, int argc, char **argv,
	       struct error *err)
{
	const struct options *o = options;
	_cleanup_json_ json_t *limits = NULL;
	int r = o->resources ? limits_from_file(o->resources, &limits, err) :
			       limits_from_flags(o, &limits, err);
	const struct update_request request = { limits, o->l3_cache_schema, o->mem_bw_schema };

	(void)argc;
	return r < 0 ? r : update_container(globals, argv[0], &request, err);
}

const struct command command_update = {
	.name = "update",
	.usage = "<container-id>",
	.summary = "change the limits of a container",
	.options = options_table,
	.options_size = sizeof(struct options),
	.min_args = 1,
	.max_args = 1,
	.flags = COMMAND_NEEDS_ROOT,
	.run = run,
	.fail_status = 1,
};
