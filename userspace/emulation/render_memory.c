/* SPDX-License-Identifier: GPL-2.0-or-later */
/* /proc/meminfo, vmstat, swaps, and a memory node's meminfo: one struct emu_memory in four layouts. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "emu.h"

#define NONE SIZE_MAX
#define MEMORY(field) offsetof(struct emu_memory, field)
#define STAT(field) offsetof(struct emu_memory, stat.field)

/* A row is the sum of up to two fields. NONE: a container has no such number, so it is 0. */
struct row {
	const char *name;
	size_t a, b;
};

/* In the kernel's order. What is not here says something of the host alone: DirectMap*, Balloon, Cma*. */
static const struct row meminfo[] = {
	{ "MemTotal", MEMORY(total), NONE },
	{ "MemFree", MEMORY(free), NONE },
	{ "MemAvailable", MEMORY(available), NONE },
	{ "Buffers", NONE, NONE }, /* a cgroup counts them as file */
	{ "Cached", STAT(file), NONE },
	{ "SwapCached", STAT(swapcached), NONE },
	{ "Active", STAT(active_anon), STAT(active_file) },
	{ "Inactive", STAT(inactive_anon), STAT(inactive_file) },
	{ "Active(anon)", STAT(active_anon), NONE },
	{ "Inactive(anon)", STAT(inactive_anon), NONE },
	{ "Active(file)", STAT(active_file), NONE },
	{ "Inactive(file)", STAT(inactive_file), NONE },
	{ "Unevictable", STAT(unevictable), NONE },
	{ "Mlocked", NONE, NONE },
	{ "SwapTotal", MEMORY(swap_total), NONE },
	{ "SwapFree", MEMORY(swap_free), NONE },
	{ "Zswap", STAT(zswap), NONE },
	{ "Zswapped", STAT(zswapped), NONE },
	{ "Dirty", STAT(file_dirty), NONE },
	{ "Writeback", STAT(file_writeback), NONE },
	{ "AnonPages", STAT(anon), NONE },
	{ "Mapped", STAT(file_mapped), NONE },
	{ "Shmem", STAT(shmem), NONE },
	{ "KReclaimable", STAT(slab_reclaimable), NONE },
	{ "Slab", STAT(slab_reclaimable), STAT(slab_unreclaimable) },
	{ "SReclaimable", STAT(slab_reclaimable), NONE },
	{ "SUnreclaim", STAT(slab_unreclaimable), NONE },
	{ "KernelStack", STAT(kernel_stack), NONE },
	{ "PageTables", STAT(pagetables), NONE },
	{ "SecPageTables", STAT(sec_pagetables), NONE },
	{ "NFS_Unstable", NONE, NONE },
	{ "Bounce", NONE, NONE },
	{ "WritebackTmp", NONE, NONE },
};

/* Behind the rows that are computed on the spot. */
static const struct row meminfo_end[] = {
	{ "VmallocUsed", STAT(vmalloc), NONE },	   { "VmallocChunk", NONE, NONE },
	{ "Percpu", STAT(percpu), NONE },	   { "HardwareCorrupted", NONE, NONE },
	{ "AnonHugePages", STAT(anon_thp), NONE }, { "ShmemHugePages", STAT(shmem_thp), NONE },
	{ "ShmemPmdMapped", NONE, NONE },	   { "FileHugePages", STAT(file_thp), NONE },
	{ "FilePmdMapped", NONE, NONE },
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static uint64_t field(const struct emu_memory *memory, size_t offset)
{
	uint64_t value = 0;

	if (offset != NONE)
		memcpy(&value, (const char *)memory + offset, sizeof(value));
	return value;
}

/* "Name:" in 16 columns, then the number in 8; a longer name has 5 behind a space. */
static void add_kb(struct emu_text *out, const char *prefix, const char *name, uint64_t bytes)
{
	size_t len = strlen(name) + 1;

	emu_text_str(out, prefix);
	emu_text_str(out, name);
	emu_text_str(out, ":");
	emu_text_bytes(out, "                ", len < 16 ? 16 - len : 1);
	emu_text_u64(out, bytes / 1024, len > 16 ? 5 : 8);
	emu_text_str(out, " kB\n");
}

static void add_rows(struct emu_text *out, const struct row *rows, size_t n,
		     const struct emu_memory *memory)
{
	for (size_t i = 0; i < n; i++)
		add_kb(out, "", rows[i].name, field(memory, rows[i].a) + field(memory, rows[i].b));
}

int emu_render_meminfo(struct emu *emu, const struct emu_request *request, struct emu_text *out)
{
	const struct emu_host *host = emu_collect_host(emu);
	struct emu_memory memory;

	emu_see_memory(emu, request->reader, &memory);
	if (memory.total == 0)
		return -EIO; /* programs divide by it */
	add_rows(out, meminfo, COUNT(meminfo), &memory);
	/* vm.overcommit_ratio is 50 unless somebody changes it, and its effect is the host's alone. */
	add_kb(out, "", "CommitLimit", memory.total / 2 + memory.swap_total);
	add_kb(out, "", "Committed_AS", 0);
	add_kb(out, "", "VmallocTotal", host->vmalloc_total); /* the architecture's */
	add_rows(out, meminfo_end, COUNT(meminfo_end), &memory);
	emu_text_str(out, "HugePages_Total:       0\n"
			  "HugePages_Free:        0\n"
			  "HugePages_Rsvd:        0\n"
			  "HugePages_Surp:        0\n");
	add_kb(out, "", "Hugepagesize", host->hugepage_size); /* the architecture's */
	add_kb(out, "", "Hugetlb", 0);
	return 0;
}

/* ---- vmstat ---- */

enum unit { PAGES, COUNTS };

struct vmstat_row {
	const char *name;
	size_t offset;
	enum unit unit;
};

static const struct vmstat_row vmstat[] = {
	{ "nr_free_pages", MEMORY(free), PAGES },
	{ "nr_zone_inactive_anon", STAT(inactive_anon), PAGES },
	{ "nr_zone_active_anon", STAT(active_anon), PAGES },
	{ "nr_zone_inactive_file", STAT(inactive_file), PAGES },
	{ "nr_zone_active_file", STAT(active_file), PAGES },
	{ "nr_zone_unevictable", STAT(unevictable), PAGES },
	{ "nr_inactive_anon", STAT(inactive_anon), PAGES },
	{ "nr_active_anon", STAT(active_anon), PAGES },
	{ "nr_inactive_file", STAT(inactive_file), PAGES },
	{ "nr_active_file", STAT(active_file), PAGES },
	{ "nr_unevictable", STAT(unevictable), PAGES },
	{ "nr_slab_reclaimable", STAT(slab_reclaimable), PAGES },
	{ "nr_slab_unreclaimable", STAT(slab_unreclaimable), PAGES },
	{ "workingset_nodes", NONE, COUNTS },
	{ "workingset_refault_anon", STAT(refault_anon), COUNTS },
	{ "workingset_refault_file", STAT(refault_file), COUNTS },
	{ "workingset_activate_anon", STAT(activate_anon), COUNTS },
	{ "workingset_activate_file", STAT(activate_file), COUNTS },
	{ "workingset_restore_anon", STAT(restore_anon), COUNTS },
	{ "workingset_restore_file", STAT(restore_file), COUNTS },
	{ "workingset_nodereclaim", STAT(nodereclaim), COUNTS },
	{ "nr_anon_pages", STAT(anon), PAGES },
	{ "nr_mapped", STAT(file_mapped), PAGES },
	{ "nr_file_pages", STAT(file), PAGES },
	{ "nr_dirty", STAT(file_dirty), PAGES },
	{ "nr_writeback", STAT(file_writeback), PAGES },
	{ "nr_shmem", STAT(shmem), PAGES },
	{ "nr_page_table_pages", STAT(pagetables), PAGES },
	{ "nr_swapcached", STAT(swapcached), PAGES },
};

/* After pgpgin and pgpgout. */
static const struct vmstat_row vmstat_end[] = {
	{ "pswpin", STAT(pswpin), COUNTS },
	{ "pswpout", STAT(pswpout), COUNTS },
	{ "pgactivate", STAT(pgactivate), COUNTS },
	{ "pgdeactivate", STAT(pgdeactivate), COUNTS },
	{ "pglazyfree", STAT(pglazyfree), COUNTS },
	{ "pglazyfreed", STAT(pglazyfreed), COUNTS },
	{ "pgfault", STAT(pgfault), COUNTS },
	{ "pgmajfault", STAT(pgmajfault), COUNTS },
	{ "pgrefill", STAT(pgrefill), COUNTS },
	{ "pgsteal_kswapd", NONE, COUNTS },
	{ "pgsteal_direct", STAT(pgsteal), COUNTS },
	{ "pgscan_kswapd", NONE, COUNTS },
	{ "pgscan_direct", STAT(pgscan), COUNTS },
	{ "oom_kill", STAT(oom_kills), COUNTS },
	{ "thp_fault_alloc", STAT(thp_fault), COUNTS },
	{ "thp_collapse_alloc", STAT(thp_collapse), COUNTS },
};

static void add_vmstat(struct emu_text *out, const char *name, uint64_t value)
{
	emu_text_str(out, name);
	emu_text_str(out, " ");
	emu_text_u64(out, value, 0);
	emu_text_str(out, "\n");
}

static void add_vmstat_rows(struct emu_text *out, const struct vmstat_row *rows, size_t n,
			    const struct emu_memory *memory)
{
	uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);

	for (size_t i = 0; i < n; i++) {
		uint64_t value = field(memory, rows[i].offset);

		add_vmstat(out, rows[i].name, rows[i].unit == PAGES ? value / page : value);
	}
}

int emu_render_vmstat(struct emu *emu, const struct emu_request *request, struct emu_text *out)
{
	struct emu_devices devices;
	struct emu_memory memory;
	uint64_t in = 0, written = 0;

	emu_see_memory(emu, request->reader, &memory);
	emu_collect_io(emu, &devices);
	for (size_t i = 0; i < devices.n; i++) {
		in += devices.items[i].bytes[EMU_IO_READ];
		written += devices.items[i].bytes[EMU_IO_WRITE];
	}
	add_vmstat_rows(out, vmstat, COUNT(vmstat), &memory);
	add_vmstat(out, "pgpgin", in / 1024); /* kB, whatever the name says */
	add_vmstat(out, "pgpgout", written / 1024);
	add_vmstat_rows(out, vmstat_end, COUNT(vmstat_end), &memory);
	return 0;
}

/* ---- swaps ---- */

int emu_render_swaps(struct emu *emu, const struct emu_request *request, struct emu_text *out)
{
	struct emu_memory memory;
	uint64_t size, used;

	emu_see_memory(emu, request->reader, &memory);
	emu_text_str(out, "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n");
	size = memory.swap_total / 1024;
	used = (memory.swap_total - memory.swap_free) / 1024;
	if (size > 0)
		emu_text_add(out, "%-40spartition\t%lu\t%s%lu\t%s%d\n", "none", size,
			     size < 10000000 ? "\t" : "", used, used < 10000000 ? "\t" : "", -2);
	return 0;
}

/* ---- a node ---- */

static const struct row node_meminfo[] = {
	{ "MemTotal", MEMORY(total), NONE },
	{ "MemFree", MEMORY(free), NONE },
	{ "MemUsed", NONE, NONE }, /* total - free */
	{ "Active", STAT(active_anon), STAT(active_file) },
	{ "Inactive", STAT(inactive_anon), STAT(inactive_file) },
	{ "Active(anon)", STAT(active_anon), NONE },
	{ "Inactive(anon)", STAT(inactive_anon), NONE },
	{ "Active(file)", STAT(active_file), NONE },
	{ "Inactive(file)", STAT(inactive_file), NONE },
	{ "Unevictable", STAT(unevictable), NONE },
	{ "Dirty", STAT(file_dirty), NONE },
	{ "Writeback", STAT(file_writeback), NONE },
	{ "FilePages", STAT(file), NONE },
	{ "Mapped", STAT(file_mapped), NONE },
	{ "AnonPages", STAT(anon), NONE },
	{ "Shmem", STAT(shmem), NONE },
	{ "KernelStack", STAT(kernel_stack), NONE },
	{ "PageTables", STAT(pagetables), NONE },
	{ "SReclaimable", STAT(slab_reclaimable), NONE },
	{ "SUnreclaim", STAT(slab_unreclaimable), NONE },
};

/* No cgroup file says it for all fields, so each node has an equal part, and the sum is right. */
static uint64_t part(uint64_t bytes, unsigned parts, bool last)
{
	uint64_t each = bytes / 1024 / parts;

	return (last ? bytes / 1024 - each * (parts - 1) : each) * 1024;
}

int emu_render_node_meminfo(struct emu *emu, const struct emu_request *request, struct emu_text *out)
{
	struct emu_cpuset cpus;
	struct emu_memory memory;
	char prefix[24] = "Node ";
	unsigned parts, node = request->number;
	uint64_t nodes;
	bool last;

	emu_see_cpus(emu, request->reader, &cpus);
	nodes = emu_collect_nodes(emu, request->reader, &cpus);
	if (node >= EMU_NODES_MAX || !(nodes >> node & 1))
		return -ENOENT;
	parts = (unsigned)__builtin_popcountll(nodes);
	last = nodes >> node == 1;
	emu_see_memory(emu, request->reader, &memory);
	if (node >= 10)
		prefix[5] = (char)('0' + node / 10);
	prefix[node >= 10 ? 6 : 5] = (char)('0' + node % 10);
	prefix[node >= 10 ? 7 : 6] = ' ';
	for (size_t i = 0; i < COUNT(node_meminfo); i++) {
		const struct row *row = &node_meminfo[i];
		uint64_t bytes = part(field(&memory, row->a), parts, last) +
				 part(field(&memory, row->b), parts, last);

		if (row->a == NONE)
			bytes = part(memory.total, parts, last) - part(memory.free, parts, last);
		add_kb(out, prefix, row->name, bytes);
	}
	emu_text_add(out,
		     "%sHugePages_Total:     0\n%sHugePages_Free:      0\n"
		     "%sHugePages_Surp:      0\n",
		     prefix, prefix, prefix);
	return 0;
}
