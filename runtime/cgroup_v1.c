/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cgroup_v1 - owns what the controllers of v1 hierarchies are told. Linux, Documentation/admin-guide/cgroup-v1. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cgroup_internal.h"
#include "devices.h"
#include "error.h"
#include "fd.h"
#include "resources.h"
#include "str.h"

#define CPUSET_TEXT_MAX 65536

static int read_set(int fd, const char *file, char **ret, struct error *err)
{
	int r = fd_read_file(fd, file, CPUSET_TEXT_MAX, ret, NULL, err);

	if (r == 0)
		(*ret)[strcspn(*ret, "\n")] = 0;
	return r;
}

/* Whoever comes first fills it: another create may have made the folder, and not have come to that yet. */
static int inherit(int parent_fd, int fd, const char *file, struct error *err)
{
	_cleanup_free_ char *own = NULL, *parents = NULL;
	int r = read_set(fd, file, &own, err);

	if (r < 0 || *own)
		return r;
	r = read_set(parent_fd, file, &parents, err);
	return r < 0 || !*parents ? r : fd_write_file(fd, file, parents, err);
}

int cgroup_v1_inherit_cpuset(int parent_fd, int fd, struct error *err)
{
	int r = inherit(parent_fd, fd, "cpuset.cpus", err);

	return r < 0 ? r : inherit(parent_fd, fd, "cpuset.mems", err);
}

/* The folder of a controller a limit was asked of. -ENOENT where neither v1 nor, as the caller tells, v2 has it. */
static int folder_of(struct cgroup *cgroup, const char *controller, const char *what, int *ret_fd,
		     struct error *err)
{
	struct hierarchy *h = cgroup_v1_find(cgroup, controller);

	if (h) {
		*ret_fd = h->fd;
		return 1;
	}
	if (cgroup_v2_has(cgroup, controller))
		return 0;
	return error_text(err, ENOTSUP, "linux.resources.%s: this host has no '%s' cgroup controller",
			  what, controller);
}

/* ---- memory ---------------------------------------------------------------------------------------------------- */

/* A fresh folder has no limits, so memory comes first; where both grow, that of memory and swap does. */
static bool swap_comes_first(int fd, const struct resources_memory *m)
{
	_cleanup_free_ char *text = NULL;
	uint64_t current;

	if (!m->swap.set || m->swap.value == 0)
		return false;
	if (m->swap.value < 0)
		return true;
	if (fd_read_file(fd, "memory.limit_in_bytes", 64, &text, NULL, NULL) < 0)
		return false;
	text[strcspn(text, "\n")] = '\0';
	return parse_u64(text, &current) == 0 && current < (uint64_t)m->swap.value;
}

/* The limit of memory and swap together must at no time be below that of memory. */
static int apply_memory(int fd, const struct resources_memory *m, struct error *err)
{
	bool swap_first = swap_comes_first(fd, m);
	const struct {
		const char *file;
		const struct opt_i64 *value;
	} rows[] = {
		{ swap_first ? "memory.memsw.limit_in_bytes" : "memory.limit_in_bytes",
		  swap_first ? &m->swap : &m->limit },
		{ swap_first ? "memory.limit_in_bytes" : "memory.memsw.limit_in_bytes",
		  swap_first ? &m->limit : &m->swap },
		{ "memory.soft_limit_in_bytes", &m->reservation },
		{ "memory.kmem.tcp.limit_in_bytes", &m->kernel_tcp },
		/* memory.kernel: deprecated, ignored as by runc; Linux 6.1 has no file for it */
	};
	int r = 0;

	for (size_t i = 0; r == 0 && i < sizeof(rows) / sizeof(rows[0]); i++)
		if (rows[i].value->set && rows[i].value->value != 0)
			r = cgroup_write_i64(fd, rows[i].file, rows[i].value->value, "-1", err);
	if (r == 0 && m->swappiness.set) {
		if (m->swappiness.value > 100)
			return error_text(err, EINVAL,
					  "linux.resources.memory.swappiness: %" PRIu64
					  " is above 100",
					  m->swappiness.value);
		r = cgroup_write_i64(fd, "memory.swappiness", (int64_t)m->swappiness.value, NULL,
				     err);
	}
	if (r == 0 && m->disable_oom_killer.set && m->disable_oom_killer.value)
		r = fd_write_file(fd, "memory.oom_control", "1", err);
	return r;
}

static bool memory_is_asked(const struct resources_memory *m)
{
	return (m->limit.set && m->limit.value) || (m->swap.set && m->swap.value) ||
	       (m->reservation.set && m->reservation.value) ||
	       (m->kernel_tcp.set && m->kernel_tcp.value) || m->swappiness.set ||
	       (m->disable_oom_killer.set && m->disable_oom_killer.value);
}

/* ---- cpu, cpuset, pids ------------------------------------------------------------------------------------------ */

/* A quota is checked against the period that is set: which of the two comes first depends on their old values. */
static int apply_quota(int fd, const struct resources_cpu *c, struct error *err)
{
	bool period = c->period.set && c->period.value, quota = c->quota.set && c->quota.value;
	int r = 0;

	if (period) {
		r = cgroup_write_i64(fd, "cpu.cfs_period_us", (int64_t)c->period.value, NULL,
				     quota ? NULL : err);
		if (r < 0 && !quota)
			return r;
	}
	if (quota) {
		int first = r;

		r = cgroup_write_i64(fd, "cpu.cfs_quota_us", c->quota.value, "-1", err);
		if (r == 0 && period && first < 0)
			r = cgroup_write_i64(fd, "cpu.cfs_period_us", (int64_t)c->period.value,
					     NULL, err);
	}
	if (r == 0 && c->burst.set)
		r = cgroup_write_i64(fd, "cpu.cfs_burst_us", (int64_t)c->burst.value, NULL, err);
	return r;
}

static int apply_cpu(int fd, const struct resources_cpu *c, struct error *err)
{
	int r = 0;

	if (c->shares.set && c->shares.value)
		r = cgroup_write_i64(fd, "cpu.shares", (int64_t)c->shares.value, NULL, err);
	if (r == 0)
		r = apply_quota(fd, c, err);
	if (r == 0 && c->realtime_period.set && c->realtime_period.value)
		r = cgroup_write_i64(fd, "cpu.rt_period_us", (int64_t)c->realtime_period.value,
				     NULL, err);
	if (r == 0 && c->realtime_runtime.set && c->realtime_runtime.value)
		r = cgroup_write_i64(fd, "cpu.rt_runtime_us", c->realtime_runtime.value, NULL, err);
	if (r == 0 && c->idle.set)
		r = cgroup_write_i64(fd, "cpu.idle", c->idle.value, NULL, err);
	return r;
}

static bool cpu_is_asked(const struct resources_cpu *c)
{
	return (c->shares.set && c->shares.value) || (c->quota.set && c->quota.value) ||
	       (c->period.set && c->period.value) || c->burst.set || c->idle.set ||
	       (c->realtime_period.set && c->realtime_period.value) ||
	       (c->realtime_runtime.set && c->realtime_runtime.value);
}

static int apply_cpuset(int fd, const struct resources_cpu *c, struct error *err)
{
	int r = 0;

	if (c->cpus && *c->cpus)
		r = fd_write_file(fd, "cpuset.cpus", c->cpus, err);
	if (r == 0 && c->mems && *c->mems)
		r = fd_write_file(fd, "cpuset.mems", c->mems, err);
	return r;
}

/* ---- block_io, hugetlb ------------------------------------------------------------------------------------------ */

static int apply_throttle(int fd, const char *file, const struct json_array *list, struct error *err)
{
	const struct resources_throttle_device *items = list->items;
	char line[96];
	int r = 0;

	for (size_t i = 0; r == 0 && i < list->n; i++) {
		(void)str_format(line, sizeof(line), "%" PRId64 ":%" PRId64 " %" PRIu64,
				 items[i].major, items[i].minor, items[i].rate);
		r = fd_write_file(fd, file, line, err);
	}
	return r;
}

/* The weight is CFQ's on old kernels, BFQ's on those that have it, and nobody's otherwise. */
static int apply_weight(int fd, uint32_t weight, struct error *err)
{
	const char *file = faccessat(fd, "blkio.weight", F_OK, 0) == 0 ? "blkio.weight" :
									 "blkio.bfq.weight";

	return cgroup_write_i64(fd, file, weight, NULL, err);
}

static int apply_block_io(int fd, const struct resources_block_io *b, struct error *err)
{
	int r = 0;

	if (b->weight.set && b->weight.value)
		r = apply_weight(fd, b->weight.value, err);
	if (r == 0)
		r = apply_throttle(fd, "blkio.throttle.read_bps_device",
				   &b->throttle_read_bps_device, err);
	if (r == 0)
		r = apply_throttle(fd, "blkio.throttle.write_bps_device",
				   &b->throttle_write_bps_device, err);
	if (r == 0)
		r = apply_throttle(fd, "blkio.throttle.read_iops_device",
				   &b->throttle_read_iops_device, err);
	if (r == 0)
		r = apply_throttle(fd, "blkio.throttle.write_iops_device",
				   &b->throttle_write_iops_device, err);
	return r;
}

static bool block_io_is_asked(const struct resources_block_io *b)
{
	return (b->weight.set && b->weight.value) || b->throttle_read_bps_device.n ||
	       b->throttle_write_bps_device.n || b->throttle_read_iops_device.n ||
	       b->throttle_write_iops_device.n;
}

static int apply_hugepages(int fd, const struct json_array *list, struct error *err)
{
	const struct resources_hugepage *items = list->items;
	char file[64];
	int r = 0;

	for (size_t i = 0; r == 0 && i < list->n; i++) {
		if (strchr(items[i].page_size, '/') ||
		    str_format(file, sizeof(file), "hugetlb.%s.limit_in_bytes", items[i].page_size) <
			    0)
			return error_text(err, EINVAL,
					  "linux.resources.hugepageLimits[%zu].pageSize: '%s'", i,
					  items[i].page_size);
		r = cgroup_write_i64(fd, file, (int64_t)items[i].limit, NULL, err);
	}
	return r;
}

/* ---- all of it --------------------------------------------------------------------------------------------------- */

int cgroup_v1_apply(struct cgroup *cgroup, const struct resources *resources, struct error *err)
{
	int fd = -EBADF, r = 0;

	if (memory_is_asked(&resources->memory)) {
		r = folder_of(cgroup, "memory", "memory", &fd, err);
		if (r > 0)
			r = apply_memory(fd, &resources->memory, err);
	}
	if (r >= 0 && cpu_is_asked(&resources->cpu)) {
		r = folder_of(cgroup, "cpu", "cpu", &fd, err);
		if (r > 0)
			r = apply_cpu(fd, &resources->cpu, err);
	}
	if (r >= 0 && ((resources->cpu.cpus && *resources->cpu.cpus) ||
		       (resources->cpu.mems && *resources->cpu.mems))) {
		r = folder_of(cgroup, "cpuset", "cpu", &fd, err);
		if (r > 0)
			r = apply_cpuset(fd, &resources->cpu, err);
	}
	if (r >= 0 && resources->pids.limit.set && resources->pids.limit.value) {
		r = folder_of(cgroup, "pids", "pids", &fd, err);
		if (r > 0)
			r = cgroup_write_i64(fd, "pids.max", resources->pids.limit.value, "max", err);
	}
	if (r >= 0 && block_io_is_asked(&resources->block_io)) {
		r = cgroup_v2_has(cgroup, "io") ? 0 : folder_of(cgroup, "blkio", "blockIO", &fd, err);
		if (r > 0)
			r = apply_block_io(fd, &resources->block_io, err);
	}
	if (r >= 0 && resources->hugepage_limits.n) {
		r = folder_of(cgroup, "hugetlb", "hugepageLimits", &fd, err);
		if (r > 0)
			r = apply_hugepages(fd, &resources->hugepage_limits, err);
	}
	return r < 0 ? r : 0;
}

static int number_text(char *buf, size_t size, uint32_t number)
{
	return number == DEVICE_ANY ? str_format(buf, size, "*") :
				      str_format(buf, size, "%u", number);
}

int cgroup_v1_allow_devices(struct cgroup *cgroup, const struct device_plan *devices,
			    struct error *err)
{
	int fd = cgroup_v1_find(cgroup, "devices")->fd;
	int r = fd_write_file(fd, "devices.deny", "a", err);

	for (size_t i = 0; r == 0 && i < devices->n_rules; i++) {
		char major[16], minor[16], line[64];

		(void)number_text(major, sizeof(major), devices->rules[i].major);
		(void)number_text(minor, sizeof(minor), devices->rules[i].minor);
		(void)str_format(line, sizeof(line), "%c %s:%s rwm", devices->rules[i].type, major,
				 minor);
		r = fd_write_file(fd, "devices.allow", line, err);
	}
	return r;
}
