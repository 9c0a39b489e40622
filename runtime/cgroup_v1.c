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

/*
 * A quota is checked against the period and the burst that are set: which of them comes first depends on their old
 * values. So those two are written before it, and again after it if they were refused.
 */
static int apply_quota(int fd, const struct resources_cpu *c, struct error *err)
{
	const struct {
		const char *file;
		bool asked;
		uint64_t value;
	} rows[] = {
		{ "cpu.cfs_period_us", c->period.set && c->period.value, c->period.value },
		{ "cpu.cfs_burst_us", c->burst.set, c->burst.value },
	};
	bool quota = c->quota.set && c->quota.value, refused[2] = { false, false };
	int r = 0;

	for (size_t i = 0; r == 0 && i < 2; i++) {
		if (!rows[i].asked)
			continue;
		r = cgroup_write_i64(fd, rows[i].file, (int64_t)rows[i].value, NULL,
				     quota ? NULL : err);
		refused[i] = r < 0 && quota;
		r = refused[i] ? 0 : r;
	}
	if (r == 0 && quota)
		r = cgroup_write_i64(fd, "cpu.cfs_quota_us", c->quota.value, "-1", err);
	for (size_t i = 0; r == 0 && i < 2; i++)
		if (refused[i])
			r = cgroup_write_i64(fd, rows[i].file, (int64_t)rows[i].value, NULL, err);
	return r;
}

static int apply_cpu(int fd, const struct resources_cpu *c, struct error *err)
{
	bool wakes = c->idle.set && c->idle.value == 0; /* an idle group takes no shares */
	int r = 0;

	if (wakes)
		r = cgroup_write_i64(fd, "cpu.idle", 0, NULL, err);
	if (r == 0 && c->shares.set && c->shares.value)
		r = cgroup_write_i64(fd, "cpu.shares", (int64_t)c->shares.value, NULL, err);
	if (r == 0)
		r = apply_quota(fd, c, err);
	if (r == 0 && c->realtime_period.set && c->realtime_period.value)
		r = cgroup_write_i64(fd, "cpu.rt_period_us", (int64_t)c->realtime_period.value,
				     NULL, err);
	if (r == 0 && c->realtime_runtime.set && c->realtime_runtime.value)
		r = cgroup_write_i64(fd, "cpu.rt_runtime_us", c->realtime_runtime.value, NULL, err);
	if (r == 0 && c->idle.set && !wakes)
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

/* ---- block_io ------------------------------------------------------------------------------------------ */

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

/* Weights are CFQ's on kernels before 5.0, whose leaf weights nobody has taken over, and BFQ's where that is loaded. */
static int weight_file(int fd, const char *key, const char *cfq, const char *bfq, const char **ret,
		       struct error *err)
{
	if (faccessat(fd, cfq, F_OK, 0) == 0)
		*ret = cfq;
	else if (bfq && faccessat(fd, bfq, F_OK, 0) == 0)
		*ret = bfq;
	else
		return error_text(err, ENOTSUP,
				  "linux.resources.blockIO.%s: no I/O scheduler of this host knows weights of that kind",
				  key);
	return 0;
}

static int apply_weight(int fd, const char *key, const struct opt_u32 *weight, const char *cfq,
			const char *bfq, struct error *err)
{
	const char *file;
	int r;

	if (!weight->set || !weight->value)
		return 0;
	r = weight_file(fd, key, cfq, bfq, &file, err);
	return r < 0 ? r : cgroup_write_i64(fd, file, weight->value, NULL, err);
}

static int apply_device_weight(int fd, const struct resources_weight_device *device,
			       const struct opt_u32 *weight, const char *cfq, const char *bfq,
			       struct error *err)
{
	const char *file;
	char line[96];
	int r;

	if (!weight->set || !weight->value)
		return 0;
	r = weight_file(fd, "weightDevice", cfq, bfq, &file, err);
	if (r < 0)
		return r;
	(void)str_format(line, sizeof(line), "%" PRId64 ":%" PRId64 " %" PRIu32, device->major,
			 device->minor, weight->value);
	return fd_write_file(fd, file, line, err);
}

static int apply_weights(int fd, const struct resources_block_io *b, struct error *err)
{
	const struct resources_weight_device *items = b->weight_device.items;
	int r = apply_weight(fd, "weight", &b->weight, "blkio.weight", "blkio.bfq.weight", err);

	if (r == 0)
		r = apply_weight(fd, "leafWeight", &b->leaf_weight, "blkio.leaf_weight", NULL, err);
	for (size_t i = 0; r == 0 && i < b->weight_device.n; i++) {
		r = apply_device_weight(fd, &items[i], &items[i].weight, "blkio.weight_device",
					"blkio.bfq.weight_device", err);
		if (r == 0)
			r = apply_device_weight(fd, &items[i], &items[i].leaf_weight,
						"blkio.leaf_weight_device", NULL, err);
	}
	return r;
}

static int apply_block_io(int fd, const struct resources_block_io *b, struct error *err)
{
	int r = apply_weights(fd, b, err);

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
	return (b->weight.set && b->weight.value) || (b->leaf_weight.set && b->leaf_weight.value) ||
	       b->weight_device.n || b->throttle_read_bps_device.n ||
	       b->throttle_write_bps_device.n || b->throttle_read_iops_device.n ||
	       b->throttle_write_iops_device.n;
}

/* ---- network: v2 has neither of the two controllers ------------------------------------------------------------- */

static int apply_network(struct cgroup *cgroup, const struct resources_network *n, struct error *err)
{
	const struct resources_net_priority *items = n->priorities.items;
	int fd = -EBADF, r = 0;
	char line[64];

	if (n->class_id.set && n->class_id.value) {
		r = folder_of(cgroup, "net_cls", "network.classID", &fd, err);
		if (r > 0)
			r = cgroup_write_i64(fd, "net_cls.classid", n->class_id.value, NULL, err);
	}
	if (r >= 0 && n->priorities.n)
		r = folder_of(cgroup, "net_prio", "network.priorities", &fd, err);
	for (size_t i = 0; r >= 0 && i < n->priorities.n; i++) {
		(void)str_format(line, sizeof(line), "%s %" PRIu32, items[i].name, items[i].priority);
		r = fd_write_file(fd, "net_prio.ifpriomap", line, err);
		if (r < 0)
			return error_wrap(err, "linux.resources.network.priorities[%zu]", i);
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
	/* 0: engines that have no limit say so (Docker 20.10); one that leaves no room for a task is no limit of a container */
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
			r = cgroup_limit_hugepages(fd, &resources->hugepage_limits,
						   "limit_in_bytes", err);
	}
	if (r >= 0 && resources->rdma.n) {
		r = folder_of(cgroup, "rdma", "rdma", &fd, err);
		if (r > 0)
			r = cgroup_limit_rdma(fd, &resources->rdma, err);
	}
	if (r >= 0)
		r = apply_network(cgroup, &resources->network, err);
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
