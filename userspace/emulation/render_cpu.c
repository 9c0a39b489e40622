/* SPDX-License-Identifier: GPL-2.0-or-later */
/* /proc/stat, cpuinfo, and /sys/devices/system/{cpu,node}: all of the same set of cpus. */
#include <errno.h>
#include <string.h>

#include "emu.h"
#include "nodes.h"
#include "str.h"

void emu_text_list(struct emu_text *text, const struct emu_cpuset *set)
{
	const char *comma = "";

	emu_cpuset_each(first, set)
	{
		unsigned last = first;

		if (first > 0 && emu_cpuset_has(set, first - 1))
			continue;
		while (emu_cpuset_has(set, last + 1))
			last++;
		emu_text_str(text, comma);
		emu_text_u64(text, first, 0);
		if (last > first) {
			emu_text_str(text, "-");
			emu_text_u64(text, last, 0);
		}
		comma = ",";
	}
	emu_text_str(text, "\n");
}

/* Words of 32 bits, the highest first, the first of them as wide as @bits leaves it: bitmap_print_to_pagebuf(). */
void emu_text_mask(struct emu_text *text, const struct emu_cpuset *set, unsigned bits)
{
	unsigned words = bits > 0 ? (bits + 31) / 32 : 1;
	unsigned rest = bits % 32 ? bits % 32 : 32;

	for (unsigned i = words; i-- > 0;) {
		uint32_t word = (uint32_t)(set->word[i / 2] >> i % 2 * 32);

		emu_text_add(text, "%0*x%s", i + 1 == words ? (int)(rest + 3) / 4 : 8, word,
			     i > 0 ? "," : "\n");
	}
}

/* ---- /proc/stat ---- */

static void add_cpu_line(struct emu_text *out, uint64_t user, uint64_t system, uint64_t idle)
{
	emu_text_str(out, " ");
	emu_text_u64(out, user / EMU_TICK_NS, 0);
	emu_text_str(out, " 0 ");
	emu_text_u64(out, system / EMU_TICK_NS, 0);
	emu_text_str(out, " ");
	emu_text_u64(out, idle / EMU_TICK_NS, 0);
	emu_text_str(out, " 0 0 0 0 0 0\n");
}

/* When the container's CLOCK_BOOTTIME was 0. The clocks are two readings, so a change below 20 ms is none. */
static int64_t btime(struct emu *emu)
{
	int64_t ns = emu->now.real_ns - emu->now.boot_ns - emu->sources->boottime_offset_ns;
	int64_t *shown = &emu->state->btime_ns;

	if (*shown == 0 || ns - *shown > 2 * EMU_TICK_NS || *shown - ns > 2 * EMU_TICK_NS)
		__atomic_store_n(shown, ns, __ATOMIC_RELEASE);
	return *shown / EMU_NSEC_PER_SEC;
}

int emu_render_stat(struct emu *emu, const struct emu_request *request, struct emu_text *out)
{
	uint64_t user = 0, system = 0, idle = 0;
	const struct emu_times *times;
	const struct emu_load *load;
	struct emu_cpu_facts facts;
	struct emu_cpuset cpus;
	char path[EMU_PATH_MAX];

	emu_collect_cpus(emu, request->reader, &facts, path);
	emu_compute_cpus(&facts, &cpus);
	emu_collect_usage(emu, path);
	times = emu_state_times(emu->state, path, emu->sources->start_ns, &emu->usage, &cpus,
				emu->now.boot_ns);
	/* Of all cpus it ever had, as the kernel sums up those that are offline too: nothing goes back. */
	for (uint32_t cpu = 0; cpu < times->n; cpu++) {
		user += times->cpu[cpu].user_ns;
		system += times->cpu[cpu].system_ns;
		idle += times->cpu[cpu].idle_ns;
	}
	emu_text_str(out, "cpu ");
	add_cpu_line(out, user, system, idle);
	emu_cpuset_each(cpu, &cpus)
	{
		emu_text_str(out, "cpu");
		emu_text_u64(out, cpu, 0);
		add_cpu_line(out, times->cpu[cpu].user_ns, times->cpu[cpu].system_ns,
			     times->cpu[cpu].idle_ns);
	}
	emu_sample_load(emu);
	load = emu_state_load(emu->state);
	emu_text_add(out,
		     "intr 0\nctxt 0\nbtime %lld\nprocesses 0\nprocs_running %u\nprocs_blocked %u\n"
		     "softirq 0 0 0 0 0 0 0 0 0 0 0\n",
		     (long long)btime(emu), load->running > 0 ? load->running : 1, load->blocked);
	return 0;
}

/* ---- /proc/cpuinfo ---- */

struct package {
	unsigned siblings, cores;
};

/* How many of @cpus share @cpu's package, and on how many cores. */
static struct package package_of(const struct emu_topology *t, const struct emu_cpuset *cpus,
				 unsigned cpu)
{
	struct package p = { 0 };

	emu_cpuset_each(other, cpus)
	{
		bool new_core = true;

		if (t->package[other] != t->package[cpu])
			continue;
		p.siblings++;
		emu_cpuset_each(before, cpus)
		{
			if (before == other)
				break;
			if (t->package[before] == t->package[other] &&
			    t->core[before] == t->core[other])
				new_core = false;
		}
		p.cores += new_core;
	}
	return p;
}

/* @line is "siblings\t: 8": the number after @name is ours. */
static bool add_counted(struct emu_text *out, struct emu_span line, const char *name, unsigned n)
{
	struct emu_span rest, word;

	if (!emu_span_starts(line, name, &rest) || !emu_next_word(&rest, &word) ||
	    !emu_span_is(word, ":"))
		return false;
	emu_text_add(out, "%s\t: %u\n", name, n);
	return true;
}

/* The host's blocks of the cpus that are shown; a block ends with an empty line. */
int emu_render_cpuinfo(struct emu *emu, const struct emu_request *request, struct emu_text *out)
{
	const struct emu_topology *topology = emu_collect_topology(emu);
	struct package package = { 0 };
	struct emu_cpuset cpus;
	struct emu_span line;
	const char *text;
	bool shown = false;
	unsigned cpu;

	emu_see_cpus(emu, request->reader, &cpus);
	text = emu_read(emu, emu->sources->proc_fd, "cpuinfo", true);
	while (text && emu_next_line(&text, &line)) {
		if (emu_scan_processor(line, &cpu)) {
			shown = emu_cpuset_has(&cpus, cpu);
			if (shown)
				package = package_of(topology, &cpus, cpu);
		}
		if (!shown || add_counted(out, line, "siblings", package.siblings) ||
		    add_counted(out, line, "cpu cores", package.cores))
			continue;
		emu_text_bytes(out, line.p, line.len);
		emu_text_str(out, "\n");
		if (line.len == 0)
			shown = false;
	}
	return 0;
}

/* ---- what has a column or a line per cpu, and nothing of a container in it ---- */

/* /proc/interrupts and softirqs: their headings tell how many cpus there are. */
int emu_render_interrupts(struct emu *emu, const struct emu_request *request, struct emu_text *out)
{
	static const char *const softirqs[] = { "HI",	    "TIMER",   "NET_TX", "NET_RX",  "BLOCK",
						"IRQ_POLL", "TASKLET", "SCHED",	 "HRTIMER", "RCU" };
	bool soft = request->kind == EMU_KIND_SOFTIRQS;
	struct emu_cpuset cpus;

	emu_see_cpus(emu, request->reader, &cpus);
	emu_text_add(out, "%*s", soft ? 20 : 11, "");
	emu_cpuset_each(cpu, &cpus) emu_text_add(out, "CPU%-8u", cpu);
	emu_text_str(out, "\n");
	for (size_t i = 0; soft && i < sizeof(softirqs) / sizeof(softirqs[0]); i++) {
		emu_text_add(out, "%12s:", softirqs[i]);
		emu_cpuset_each(cpu, &cpus) emu_text_str(out, "          0");
		emu_text_str(out, "\n");
	}
	return 0;
}

/* Version 15: nine numbers per cpu, and lines of domains, which may be missing. */
int emu_render_schedstat(struct emu *emu, const struct emu_request *request, struct emu_text *out)
{
	struct emu_cpuset cpus;

	emu_see_cpus(emu, request->reader, &cpus);
	emu_text_str(out, "version 15\ntimestamp 0\n");
	emu_cpuset_each(cpu, &cpus) emu_text_add(out, "cpu%u 0 0 0 0 0 0 0 0 0\n", cpu);
	return 0;
}

/* /proc/zoneinfo and buddyinfo: the machine's memory, page by page. */
int emu_render_nothing(struct emu *emu, const struct emu_request *request, struct emu_text *out)
{
	(void)emu;
	(void)request;
	(void)out;
	return 0;
}

/* ---- /sys/devices/system/cpu ---- */

int emu_render_cpu_list(struct emu *emu, const struct emu_request *request, struct emu_text *out)
{
	struct emu_cpuset cpus;

	emu_see_cpus(emu, request->reader, &cpus);
	emu_text_list(out, &cpus);
	return 0;
}

int emu_render_empty_list(struct emu *emu, const struct emu_request *request, struct emu_text *out)
{
	(void)emu;
	(void)request;
	emu_text_str(out, "\n");
	return 0;
}

/* Of the kernel's configuration, not of the machine; whoever sizes a mask by it needs the kernel's number. */
int emu_render_kernel_max(struct emu *emu, const struct emu_request *request, struct emu_text *out)
{
	const char *text = emu_read(emu, emu->sources->sys_fd, "cpu/kernel_max", true);
	uint64_t max = EMU_CPUS_MAX - 1;

	(void)request;
	if (text)
		(void)emu_scan_number(text, &max); /* garbled: ours */
	emu_text_u64(out, max, 0);
	emu_text_str(out, "\n");
	return 0;
}

/* The cpus that are shown, when @number is one of them. */
static int see_cpu(struct emu *emu, const struct emu_request *request, struct emu_cpuset *ret)
{
	emu_see_cpus(emu, request->reader, ret);
	return emu_cpuset_has(ret, request->number) ? 0 : -ENOENT;
}

int emu_render_cpu_online(struct emu *emu, const struct emu_request *request, struct emu_text *out)
{
	struct emu_cpuset cpus;
	int r = see_cpu(emu, request, &cpus);

	emu_text_str(out, "1\n");
	return r;
}

/* Bits that a mask has: up to the highest cpu that is shown. */
static unsigned mask_bits(const struct emu_cpuset *cpus)
{
	unsigned bits = 0;

	emu_cpuset_each(cpu, cpus) bits = cpu + 1;
	return bits;
}

int emu_render_topology(struct emu *emu, const struct emu_request *request, struct emu_text *out)
{
	const struct emu_topology *t = emu_collect_topology(emu);
	struct emu_cpuset cpus, siblings = { 0 };
	unsigned cpu = request->number;
	int r = see_cpu(emu, request, &cpus);
	bool same_core = false;

	if (r < 0)
		return r;
	switch (request->kind) {
	case EMU_KIND_PACKAGE_ID:
		emu_text_add(out, "%d\n", t->package[cpu]);
		return 0;
	case EMU_KIND_CORE_ID:
		emu_text_add(out, "%d\n", t->core[cpu]);
		return 0;
	case EMU_KIND_CORE_CPUS:
	case EMU_KIND_CORE_CPUS_LIST:
	case EMU_KIND_THREAD_SIBLINGS:
	case EMU_KIND_THREAD_SIBLINGS_LIST:
		same_core = true;
		break;
	default:
		break;
	}
	emu_cpuset_each(other, &cpus) if (t->package[other] == t->package[cpu] &&
					  (!same_core || t->core[other] == t->core[cpu]))
		emu_cpuset_add(&siblings, other);
	switch (request->kind) {
	case EMU_KIND_CORE_CPUS:
	case EMU_KIND_THREAD_SIBLINGS:
	case EMU_KIND_PACKAGE_CPUS:
	case EMU_KIND_CORE_SIBLINGS:
		emu_text_mask(out, &siblings, mask_bits(&cpus));
		return 0;
	default:
		emu_text_list(out, &siblings);
		return 0;
	}
}

/* The host's file of that cache, with the cpus that share it narrowed down. */
int emu_render_cache(struct emu *emu, const struct emu_request *request, struct emu_text *out)
{
	struct emu_cpuset cpus, shared = { 0 };
	char path[96];
	const char *text;
	int r = see_cpu(emu, request, &cpus);
	bool is_mask = request->kind == EMU_KIND_CACHE_SHARED_MAP;
	bool is_list = request->kind == EMU_KIND_CACHE_SHARED_LIST;

	if (r < 0)
		return r;
	if (str_format(path, sizeof(path), "cpu/cpu%u/cache/index%u/%s", request->number,
		       request->index, is_mask ? "shared_cpu_list" : emu_kind_name(request->kind)) < 0)
		return -ENOENT;
	text = emu_read(emu, emu->sources->sys_fd, path, false);
	if (!text)
		return -ENOENT;
	if (!is_mask && !is_list) {
		emu_text_str(out, text);
		return 0;
	}
	if (emu_scan_list(text, EMU_CPUS_MAX, shared.word) < 0)
		return -EIO;
	for (size_t i = 0; i < EMU_CPUS_MAX / 64; i++)
		shared.word[i] &= cpus.word[i];
	if (is_mask)
		emu_text_mask(out, &shared, mask_bits(&cpus));
	else
		emu_text_list(out, &shared);
	return 0;
}

/* ---- /sys/devices/system/node ---- */

int emu_render_node_list(struct emu *emu, const struct emu_request *request, struct emu_text *out)
{
	struct emu_cpuset cpus, list = { 0 };
	const struct emu_topology *topology = emu_collect_topology(emu);

	emu_see_cpus(emu, request->reader, &cpus);
	list.word[0] = emu_collect_nodes(emu, request->reader, &cpus);
	if (request->kind == EMU_KIND_NODE_HAS_CPU)
		for (unsigned node = 0; node < EMU_NODES_MAX; node++) {
			bool has = false;

			for (size_t i = 0; i < EMU_CPUS_MAX / 64; i++)
				has |= (topology->node_cpus[node].word[i] & cpus.word[i]) != 0;
			if (!has)
				list.word[0] &= ~(UINT64_C(1) << node);
		}
	emu_text_list(out, &list);
	return 0;
}

static int see_node(struct emu *emu, const struct emu_request *request, struct emu_cpuset *cpus,
		    uint64_t *nodes)
{
	emu_see_cpus(emu, request->reader, cpus);
	*nodes = emu_collect_nodes(emu, request->reader, cpus);
	return request->number < EMU_NODES_MAX && (*nodes >> request->number & 1) ? 0 : -ENOENT;
}

int emu_render_node_cpus(struct emu *emu, const struct emu_request *request, struct emu_text *out)
{
	const struct emu_topology *topology = emu_collect_topology(emu);
	struct emu_cpuset cpus, of_node = { 0 };
	uint64_t nodes;
	int r = see_node(emu, request, &cpus, &nodes);

	if (r < 0)
		return r;
	for (size_t i = 0; i < EMU_CPUS_MAX / 64; i++)
		of_node.word[i] = cpus.word[i] & topology->node_cpus[request->number].word[i];
	if (request->kind == EMU_KIND_NODE_CPUMAP)
		emu_text_mask(out, &of_node, mask_bits(&cpus));
	else
		emu_text_list(out, &of_node);
	return 0;
}

/* The host's row has a column for each node that is online, in order: those of ours. */
int emu_render_node_distance(struct emu *emu, const struct emu_request *request, struct emu_text *out)
{
	struct emu_cpuset cpus;
	struct emu_span line = { "", 0 }, word;
	uint64_t nodes, distance;
	const char *text, *space = "";
	char path[64];
	int r = see_node(emu, request, &cpus, &nodes);

	if (r < 0)
		return r;
	(void)str_format(path, sizeof(path), "node/node%u/distance", request->number);
	text = emu_read(emu, emu->sources->sys_fd, path, false);
	if (text)
		(void)emu_next_line(&text, &line);
	for (unsigned node = 0; node < EMU_NODES_MAX; node++) {
		if (!(emu->topology.nodes >> node & 1))
			continue;
		if (!emu_next_word(&line, &word) || !emu_span_u64(word, &distance))
			distance = node == request->number ? 10 : 20; /* the kernel's own defaults */
		if (!(nodes >> node & 1))
			continue;
		emu_text_str(out, space);
		emu_text_u64(out, distance, 0);
		space = " ";
	}
	emu_text_str(out, "\n");
	return 0;
}
