/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * stats - see stats.h. v1's file names and v2's stand side by side; the kernel's Documentation/admin-guide/cgroup-v1 and
 * cgroup-v2.rst say what is in them.
 */
#include "stats.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cgroup_internal.h"
#include "error.h"
#include "fd.h"
#include "json.h"
#include "str.h"

#define FILE_MAX 65536
#define NO_LIMIT INT64_MAX

/* ---- files ------------------------------------------------------------------------------------ */

/* The folder of a controller; -EBADF: none. @ret_v2: of which kind. */
static int folder_of(struct cgroup *cgroup, const char *controller, bool *ret_v2)
{
	struct hierarchy *h = cgroup_v1_find(cgroup, controller);

	*ret_v2 = !h;
	if (!h && cgroup_v2_has(cgroup, controller))
		h = cgroup_v2_find(cgroup);
	return h ? h->fd : -EBADF;
}

/* Malloc'ed; NULL: no such file. */
static char *read_text(int fd, const char *file)
{
	char *text = NULL;

	return fd >= 0 && fd_read_file(fd, file, FILE_MAX, &text, NULL, NULL) == 0 ? text : NULL;
}

static int64_t parse_number(const char *text)
{
	char digits[24];
	uint64_t value;

	if (str_format(digits, sizeof(digits), "%.*s", (int)strspn(text, "0123456789"), text) < 0)
		return NO_LIMIT;
	if (parse_u64(digits, &value) < 0)
		return strncmp(text, "max", 3) == 0 ? NO_LIMIT : 0;
	return value > NO_LIMIT ? NO_LIMIT : (int64_t)value;
}

static int64_t read_number(int fd, const char *file)
{
	_cleanup_free_ char *text = read_text(fd, file);

	return text ? parse_number(text) : 0;
}

int64_t stats_find_number(const char *text, const char *key)
{
	size_t len = strlen(key);

	for (const char *line = text; line && *line;
	     line += strcspn(line, "\n"), line += *line == '\n')
		if (strncmp(line, key, len) == 0 && line[len] == ' ')
			return parse_number(line + len + 1);
	return 0;
}

static int64_t times(int64_t number, int64_t factor)
{
	int64_t product;

	return __builtin_mul_overflow(number, factor, &product) ? NO_LIMIT : product;
}

static void set(json_t *object, const char *key, json_t *value)
{
	(void)json_object_set_new(object, key, value); /* out of memory shows at the end */
}

static void set_number(json_t *object, const char *key, int64_t value)
{
	set(object, key, json_integer(value));
}

/* ---- cpu -------------------------------------------------------------------------------------- */

static json_t *list_numbers(const char *text)
{
	json_t *list = json_array();

	while (text && *(text += strspn(text, " \n"))) {
		(void)json_array_append_new(list, json_integer(parse_number(text)));
		text += strcspn(text, " \n");
	}
	return list;
}

static void cpu_usage_v1(int fd, json_t *usage)
{
	_cleanup_free_ char *percpu = read_text(fd, "cpuacct.usage_percpu");
	_cleanup_free_ char *stat = read_text(fd, "cpuacct.stat");
	int64_t tick = 1000000000 / sysconf(_SC_CLK_TCK); /* ns */

	set_number(usage, "total", read_number(fd, "cpuacct.usage"));
	set(usage, "percpu", list_numbers(percpu));
	set_number(usage, "kernel", times(stats_find_number(stat, "system"), tick));
	set_number(usage, "user", times(stats_find_number(stat, "user"), tick));
}

static json_t *collect_cpu(struct cgroup *cgroup)
{
	json_t *usage = json_object(), *throttling = json_object();
	bool v2 = false, usage_v2 = false;
	int usage_fd = folder_of(cgroup, "cpuacct", &usage_v2), fd = folder_of(cgroup, "cpu", &v2);
	_cleanup_free_ char *stat = read_text(fd, "cpu.stat");

	if (v2) {
		set_number(usage, "total", times(stats_find_number(stat, "usage_usec"), 1000));
		set_number(usage, "kernel", times(stats_find_number(stat, "system_usec"), 1000));
		set_number(usage, "user", times(stats_find_number(stat, "user_usec"), 1000));
	} else {
		cpu_usage_v1(usage_fd, usage);
	}
	set_number(throttling, "periods", stats_find_number(stat, "nr_periods"));
	set_number(throttling, "throttledPeriods", stats_find_number(stat, "nr_throttled"));
	set_number(throttling, "throttledTime",
		   v2 ? times(stats_find_number(stat, "throttled_usec"), 1000) :
			stats_find_number(stat, "throttled_time"));
	return json_pack("{s:o, s:o}", "usage", usage, "throttling", throttling);
}

/* ---- memory ----------------------------------------------------------------------------------- */

static json_t *memory_entry(int64_t limit, int64_t usage, int64_t max, int64_t failcnt)
{
	return json_pack("{s:I, s:I, s:I, s:I}", "limit", (json_int_t)limit, "usage",
			 (json_int_t)usage, "max", (json_int_t)max, "failcnt", (json_int_t)failcnt);
}

/* One of v1's four counters: "memory", "memory.memsw", ... */
static json_t *memory_entry_v1(int fd, const char *name)
{
	static const char *const suffixes[] = { "limit_in_bytes", "usage_in_bytes",
						"max_usage_in_bytes", "failcnt" };
	int64_t numbers[4];
	char file[64];

	for (size_t i = 0; i < 4; i++) {
		(void)str_format(file, sizeof(file), "%s.%s", name, suffixes[i]);
		numbers[i] = read_number(fd, file);
	}
	return memory_entry(numbers[0], numbers[1], numbers[2], numbers[3]);
}

static int64_t sum(int64_t a, int64_t b)
{
	int64_t total;

	return __builtin_add_overflow(a, b, &total) ? NO_LIMIT : total;
}

static void memory_v2(int fd, json_t *memory)
{
	_cleanup_free_ char *events = read_text(fd, "memory.events");
	int64_t limit = read_number(fd, "memory.max"), usage = read_number(fd, "memory.current");

	set(memory, "usage",
	    memory_entry(limit, usage, read_number(fd, "memory.peak"),
			 stats_find_number(events, "max")));
	/* as v1 counts it: memory and swap together */
	set(memory, "swap",
	    memory_entry(sum(limit, read_number(fd, "memory.swap.max")),
			 sum(usage, read_number(fd, "memory.swap.current")), 0, 0));
	set(memory, "kernel", memory_entry(0, 0, 0, 0));
	set(memory, "kernelTCP", memory_entry(0, 0, 0, 0));
}

static json_t *memory_raw(char *stat)
{
	json_t *raw = json_object();
	char *save = NULL;

	for (char *line = stat ? strtok_r(stat, "\n", &save) : NULL; line;
	     line = strtok_r(NULL, "\n", &save)) {
		char *space = strchr(line, ' ');

		if (!space)
			continue;
		*space = '\0';
		set_number(raw, line, parse_number(space + 1));
	}
	return raw;
}

static json_t *collect_memory(struct cgroup *cgroup)
{
	json_t *memory = json_object();
	bool v2 = false;
	int fd = folder_of(cgroup, "memory", &v2);
	_cleanup_free_ char *stat = read_text(fd, "memory.stat");

	set_number(memory, "cache", stats_find_number(stat, v2 ? "file" : "cache"));
	if (v2) {
		memory_v2(fd, memory);
	} else {
		set(memory, "usage", memory_entry_v1(fd, "memory"));
		set(memory, "swap", memory_entry_v1(fd, "memory.memsw"));
		set(memory, "kernel", memory_entry_v1(fd, "memory.kmem"));
		set(memory, "kernelTCP", memory_entry_v1(fd, "memory.kmem.tcp"));
	}
	set(memory, "raw", memory_raw(stat));
	return memory;
}

/* ---- pids, block I/O, hugepages --------------------------------------------------------------- */

static json_t *collect_pids(struct cgroup *cgroup)
{
	bool v2 = false;
	int fd = folder_of(cgroup, "pids", &v2);
	int64_t limit = read_number(fd, "pids.max");

	return json_pack("{s:I, s:I}", "current", (json_int_t)read_number(fd, "pids.current"),
			 "limit", (json_int_t)(limit == NO_LIMIT ? 0 : limit));
}

static void add_io(json_t *list, const char *device, const char *op, int64_t value)
{
	int64_t major = parse_number(device), minor;
	const char *colon = strchr(device, ':');

	if (!colon)
		return;
	minor = parse_number(colon + 1);
	(void)json_array_append_new(list, json_pack("{s:I, s:I, s:s, s:I}", "major",
						    (json_int_t)major, "minor", (json_int_t)minor,
						    "op", op, "value", (json_int_t)value));
}

/* v1: "8:0 Read 4096", and a sum, which names no device. */
static json_t *io_list_v1(int fd, const char *file)
{
	_cleanup_free_ char *text = read_text(fd, file);
	json_t *list = json_array();
	char *save = NULL;

	for (char *line = text ? strtok_r(text, "\n", &save) : NULL; line;
	     line = strtok_r(NULL, "\n", &save)) {
		char *op = strchr(line, ' '), *value = op ? strchr(op + 1, ' ') : NULL;

		if (!value)
			continue;
		*op++ = '\0';
		*value++ = '\0';
		add_io(list, line, op, parse_number(value));
	}
	return list;
}

/* v2: "8:0 rbytes=1 wbytes=2 rios=3 wios=4 ...". */
static void io_lists_v2(int fd, json_t *bytes, json_t *operations)
{
	const struct {
		const char *key, *op;
		json_t *list;
	} rows[] = {
		{ "rbytes=", "Read", bytes },
		{ "wbytes=", "Write", bytes },
		{ "rios=", "Read", operations },
		{ "wios=", "Write", operations },
	};
	_cleanup_free_ char *text = read_text(fd, "io.stat");
	char *save = NULL;

	for (char *line = text ? strtok_r(text, "\n", &save) : NULL; line;
	     line = strtok_r(NULL, "\n", &save))
		for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
			const char *found = strstr(line, rows[i].key);

			if (found)
				add_io(rows[i].list, line, rows[i].op,
				       parse_number(found + strlen(rows[i].key)));
		}
}

static json_t *collect_block_io(struct cgroup *cgroup)
{
	json_t *bytes, *operations;
	bool v2 = false;
	int fd = folder_of(cgroup, "blkio", &v2);

	if (!v2) {
		bytes = io_list_v1(fd, "blkio.throttle.io_service_bytes_recursive");
		operations = io_list_v1(fd, "blkio.throttle.io_serviced_recursive");
	} else {
		bytes = json_array();
		operations = json_array();
		fd = folder_of(cgroup, "io", &v2);
		io_lists_v2(fd, bytes, operations);
	}
	return json_pack("{s:o, s:o}", "ioServiceBytesRecursive", bytes, "ioServicedRecursive",
			 operations);
}

/* For each file that ends the name of a page size: hugetlb.2MB.current */
static json_t *collect_hugetlb(struct cgroup *cgroup)
{
	json_t *all = json_object();
	bool v2 = false;
	int folder_fd = folder_of(cgroup, "hugetlb", &v2);
	int fd = folder_fd < 0 ? -EBADF : openat(folder_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	const char *suffix = v2 ? ".current" : ".usage_in_bytes";

	if (!dir) {
		fd_close(fd);
		return all;
	}
	for (const struct dirent *entry; (entry = readdir(dir));) {
		const char *size = str_after(entry->d_name, "hugetlb."), *dot;
		char name[32], file[64], events[64];

		dot = size ? strchr(size, '.') : NULL;
		if (!dot || !str_eq(dot, suffix) ||
		    str_format(name, sizeof(name), "%.*s", (int)(dot - size), size) < 0 ||
		    str_format(file, sizeof(file), "hugetlb.%s.max_usage_in_bytes", name) < 0 ||
		    str_format(events, sizeof(events),
			       v2 ? "hugetlb.%s.events" : "hugetlb.%s.failcnt", name) < 0)
			continue;

		_cleanup_free_ char *text = read_text(folder_fd, events);

		set(all, name,
		    json_pack("{s:I, s:I, s:I}", "usage",
			      (json_int_t)read_number(folder_fd, entry->d_name), "max",
			      (json_int_t)read_number(folder_fd, file), "failcnt",
			      (json_int_t)(v2	? stats_find_number(text, "max") :
					   text ? parse_number(text) :
						  0)));
	}
	(void)closedir(dir);
	return all;
}

json_t *stats_collect(struct cgroup *cgroup, struct error *err)
{
	json_t *stats = json_pack("{s:o, s:o, s:o, s:o, s:o, s:{}}", "cpu", collect_cpu(cgroup),
				  "memory", collect_memory(cgroup), "pids", collect_pids(cgroup),
				  "blkio", collect_block_io(cgroup), "hugetlb",
				  collect_hugetlb(cgroup), "intel_rdt");

	if (!stats)
		(void)error_set(err, ENOMEM, "statistics");
	return stats;
}
