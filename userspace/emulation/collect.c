/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The host's frame (cpus, memory), and the container's cpus, cpu time, memory nodes, io and pressure. */
#include "emu.h"

#include <string.h>

#include "str.h"

/* ---- the host ---- */

static void read_host(struct emu *emu, struct emu_host *host)
{
	static const struct emu_key keys[] = {
		{ "MemTotal", offsetof(struct emu_host, total) },
		{ "SwapTotal", offsetof(struct emu_host, swap) },
		{ "VmallocTotal", offsetof(struct emu_host, vmalloc_total) },
		{ "Hugepagesize", offsetof(struct emu_host, hugepage_size) },
	};
	const char *text = emu_read(emu, emu->sources->proc_fd, "meminfo", true);

	if (text)
		emu_scan_keys(text, keys, sizeof(keys) / sizeof(keys[0]), host);
	text = emu_read(emu, emu->sources->sys_fd, "cpu/online", true);
	if (!text || emu_scan_list(text, EMU_CPUS_MAX, host->online.word) < 0 ||
	    emu_cpuset_count(&host->online) == 0)
		emu_cpuset_add(&host->online, 0);
	text = emu_read(emu, emu->sources->sys_fd, "node/online", true);
	if (!text || emu_scan_list(text, EMU_NODES_MAX, &host->nodes) < 0 || !host->nodes)
		host->nodes = 1;
}

const struct emu_host *emu_collect_host(struct emu *emu)
{
	struct emu_host host = { .valid = true, .at_ns = emu->now.boot_ns };

	if (!emu->host.valid || emu->now.boot_ns - emu->host.at_ns >= EMU_HOST_NS ||
	    emu->now.boot_ns < emu->host.at_ns) {
		read_host(emu, &host);
		emu->host = host;
	}
	return &emu->host;
}

static int32_t topology_number(struct emu *emu, unsigned cpu, const char *name)
{
	char path[64];
	const char *text;
	uint64_t n;

	if (str_format(path, sizeof(path), "cpu/cpu%u/topology/%s", cpu, name) < 0)
		return -1;
	text = emu_read(emu, emu->sources->sys_fd, path, false);
	return text && emu_scan_number(text, &n) == 0 && n <= INT32_MAX ? (int32_t)n : -1;
}

/* Read once, and again when cpus or nodes come and go. */
const struct emu_topology *emu_collect_topology(struct emu *emu)
{
	const struct emu_host *host = emu_collect_host(emu);
	struct emu_topology *t = &emu->topology;
	const char *text;
	char path[64];

	if (t->valid && t->nodes == host->nodes &&
	    memcmp(&t->cpus, &host->online, sizeof(t->cpus)) == 0)
		return t;
	*t = (struct emu_topology){ .valid = true, .cpus = host->online, .nodes = host->nodes };
	emu_cpuset_each(cpu, &t->cpus)
	{
		t->package[cpu] = topology_number(emu, cpu, "physical_package_id");
		t->core[cpu] = topology_number(emu, cpu, "core_id");
	}
	for (unsigned node = 0; node < EMU_NODES_MAX; node++) {
		if (!(t->nodes >> node & 1) ||
		    str_format(path, sizeof(path), "node/node%u/cpulist", node) < 0)
			continue;
		text = emu_read(emu, emu->sources->sys_fd, path, false);
		if (!text || emu_scan_list(text, EMU_CPUS_MAX, t->node_cpus[node].word) < 0)
			t->node_cpus[node] = t->nodes == 1 ? t->cpus : (struct emu_cpuset){ 0 };
	}
	return t;
}

/* ---- cpus ---- */

static bool read_quota(struct emu *emu, const struct emu_level *level, struct emu_quota *ret)
{
	const char *text;

	if (level->cgroup == EMU_CGROUP_V2) {
		text = emu_level_read(emu, level, "cpu.max");
		return text && emu_scan_cpu_max(text, &ret->quota_us, &ret->period_us) == 0;
	}
	text = emu_level_read(emu, level, "cpu.cfs_quota_us");
	if (!text || emu_scan_number(text, &ret->quota_us) < 0)
		return false;
	if (ret->quota_us == EMU_NO_LIMIT)
		return true;
	text = emu_level_read(emu, level, "cpu.cfs_period_us");
	return text && emu_scan_number(text, &ret->period_us) == 0 && ret->period_us > 0 &&
	       ret->period_us != EMU_NO_LIMIT;
}

/* The nearest list at @level or above: v2's controller may stop at some depth, inside the container or above it. */
static bool read_cpuset(struct emu *emu, struct emu_level level, const char *v1, const char *v2,
			unsigned max, uint64_t *words)
{
	const char *text;

	do {
		text = emu_level_read(emu, &level, level.cgroup == EMU_CGROUP_V2 ? v2 : v1);
		if (text && emu_scan_list(text, max, words) == 0)
			for (unsigned i = 0; i < (max + 63) / 64; i++)
				if (words[i])
					return true;
	} while (emu_level_up(emu, &level, true));
	return false;
}

static enum emu_cgroup prefer(const struct emu *emu, enum emu_cgroup v1)
{
	return emu_has_cgroup(emu, v1) ? v1 : EMU_CGROUP_V2;
}

/* Whether a nested cgroup's cpuset leaves it less than the container has. */
static bool has_own_cpuset(struct emu *emu, const struct emu_level *level,
			   const struct emu_cpuset *allowed)
{
	struct emu_level own = { .cgroup = level->cgroup };
	struct emu_cpuset all = { 0 };

	return *level->path &&
	       read_cpuset(emu, own, "cpuset.effective_cpus", "cpuset.cpus.effective", EMU_CPUS_MAX,
			   all.word) &&
	       memcmp(&all, allowed, sizeof(all)) != 0;
}

void emu_collect_cpus(struct emu *emu, const struct emu_reader *reader, struct emu_cpu_facts *ret,
		      char ret_path[EMU_PATH_MAX])
{
	struct emu_level level;
	bool nested = false;

	*ret = (struct emu_cpu_facts){ .online = emu_collect_host(emu)->online,
				       .seed = emu->sources->cpu_seed };
	*ret_path = '\0';
	emu_level_begin(reader, prefer(emu, EMU_CGROUP_CPUSET), &level);
	if (read_cpuset(emu, level, "cpuset.effective_cpus", "cpuset.cpus.effective", EMU_CPUS_MAX,
			ret->allowed.word) &&
	    has_own_cpuset(emu, &level, &ret->allowed)) {
		memcpy(ret_path, level.path, sizeof(level.path));
		nested = true;
	}
	emu_level_begin(reader, prefer(emu, EMU_CGROUP_CPU), &level);
	do {
		struct emu_quota *q = &ret->quotas[ret->n_quotas];

		if (!read_quota(emu, &level, q) || q->quota_us == EMU_NO_LIMIT)
			continue;
		ret->n_quotas++;
		if (!nested && *level.path) {
			memcpy(ret_path, level.path, sizeof(level.path));
			nested = true;
		}
	} while (ret->n_quotas < EMU_LEVELS_MAX && emu_level_up(emu, &level, true));
}

void emu_see_cpus(struct emu *emu, const struct emu_reader *reader, struct emu_cpuset *ret)
{
	struct emu_cpu_facts facts;
	char path[EMU_PATH_MAX];

	emu_collect_cpus(emu, reader, &facts, path);
	emu_compute_cpus(&facts, ret);
}

/* ---- cpu time ---- */

static bool read_usage_v1(struct emu *emu, const struct emu_level *level, struct emu_usage *ret)
{
	const char *text = emu_level_read(emu, level, "cpuacct.usage_all");
	struct emu_span line;
	uint64_t user, system;
	unsigned cpu;

	while (text && emu_next_line(&text, &line)) {
		if (!emu_scan_usage_line(line, &cpu, &user, &system))
			continue;
		for (; ret->n <= cpu; ret->n++)
			ret->cpu_user_ns[ret->n] = ret->cpu_system_ns[ret->n] = 0;
		ret->cpu_user_ns[cpu] = user;
		ret->cpu_system_ns[cpu] = system;
		ret->user_ns += user;
		ret->system_ns += system;
		ret->per_cpu = true;
	}
	return ret->per_cpu;
}

struct cpu_stat {
	uint64_t usage, user, system; /* us */
};

static bool read_usage_v2(struct emu *emu, const struct emu_level *level, struct emu_usage *ret)
{
	static const struct emu_key keys[] = {
		{ "usage_usec", offsetof(struct cpu_stat, usage) },
		{ "user_usec", offsetof(struct cpu_stat, user) },
		{ "system_usec", offsetof(struct cpu_stat, system) },
	};
	const char *text = emu_level_read(emu, level, "cpu.stat");
	struct cpu_stat stat = { 0 };

	if (!text || emu_scan_keys(text, keys, 3, &stat) == 0 || stat.user > UINT64_MAX / 4000 ||
	    stat.system > UINT64_MAX / 4000)
		return false;
	ret->user_ns = stat.user * 1000;
	ret->system_ns = stat.system * 1000;
	return true;
}

const struct emu_usage *emu_collect_usage(struct emu *emu, const char *path)
{
	struct emu_usage *usage = &emu->usage;
	struct emu_level level = { .cgroup = EMU_CGROUP_CPUACCT };

	usage->per_cpu = false;
	usage->n = 0;
	usage->user_ns = usage->system_ns = 0;
	memcpy(level.path, path, strnlen(path, sizeof(level.path) - 1));
	if (emu_has_cgroup(emu, EMU_CGROUP_CPUACCT) && read_usage_v1(emu, &level, usage))
		return usage;
	level.cgroup = EMU_CGROUP_V2;
	if (emu_has_cgroup(emu, EMU_CGROUP_V2))
		(void)read_usage_v2(emu, &level, usage); /* else it used nothing that we know of */
	return usage;
}

/* ---- nodes, io, pressure ---- */

uint64_t emu_collect_nodes(struct emu *emu, const struct emu_reader *reader,
			   const struct emu_cpuset *cpus)
{
	const struct emu_topology *topology = emu_collect_topology(emu);
	struct emu_level level;
	uint64_t nodes = 0;

	emu_level_begin(reader, prefer(emu, EMU_CGROUP_CPUSET), &level);
	if (!read_cpuset(emu, level, "cpuset.effective_mems", "cpuset.mems.effective",
			 EMU_NODES_MAX, &nodes))
		nodes = 0;
	nodes &= topology->nodes;
	for (unsigned node = 0; node < EMU_NODES_MAX; node++)
		for (size_t i = 0; i < EMU_CPUS_MAX / 64; i++)
			if ((topology->nodes >> node & 1) &&
			    topology->node_cpus[node].word[i] & cpus->word[i])
				nodes |= UINT64_C(1) << node;
	return nodes ? nodes : topology->nodes & -topology->nodes;
}

void emu_collect_io(struct emu *emu, struct emu_devices *ret)
{
	static const char *const bytes[] = { "blkio.throttle.io_service_bytes_recursive",
					     "blkio.bfq.io_service_bytes_recursive" };
	static const char *const operations[] = { "blkio.throttle.io_serviced_recursive",
						  "blkio.bfq.io_serviced_recursive" };
	struct emu_level level = { .cgroup = prefer(emu, EMU_CGROUP_BLKIO) };
	const char *text;

	ret->n = 0;
	if (level.cgroup == EMU_CGROUP_V2) {
		text = emu_level_read(emu, &level, "io.stat");
		if (text)
			emu_scan_io_stat(text, ret);
		return;
	}
	for (size_t i = 0; i < 2 && ret->n == 0; i++) {
		text = emu_level_read(emu, &level, bytes[i]);
		if (text)
			emu_scan_blkio(text, true, ret);
		text = emu_level_read(emu, &level, operations[i]);
		if (text)
			emu_scan_blkio(text, false, ret);
	}
}

void emu_collect_pressure(struct emu *emu, const struct emu_reader *reader, const char *file,
			  struct emu_pressure *ret)
{
	struct emu_level level;
	const char *text;

	if (emu_has_cgroup(emu, EMU_CGROUP_V2)) {
		emu_level_begin(reader, EMU_CGROUP_V2, &level);
		do {
			text = emu_level_read(emu, &level, file);
			if (text && emu_scan_pressure(text, ret) == 0)
				return;
		} while (emu_level_up(emu, &level, false));
	}
	*ret = (struct emu_pressure){ .some.there = true, .full.there = true };
}
