/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Memory of a reader: that of the nearest cgroup with a limit of its own, or of the container. A session of systemd inside
 * has no limit, and sees what the whole container uses; an inner container with one sees its own.
 */
#include "emu.h"

#include <string.h>

#define STAT(name_, field_)                                                                        \
	{                                                                                          \
		name_, offsetof(struct emu_memory_stat, field_)                                    \
	}
#define SAME(field_) STAT(#field_, field_)

static const struct emu_key v2_keys[] = {
	SAME(anon),
	SAME(file),
	SAME(kernel_stack),
	SAME(pagetables),
	SAME(sec_pagetables),
	SAME(percpu),
	SAME(vmalloc),
	SAME(shmem),
	SAME(zswap),
	SAME(zswapped),
	SAME(file_mapped),
	SAME(file_dirty),
	SAME(file_writeback),
	SAME(swapcached),
	SAME(anon_thp),
	SAME(file_thp),
	SAME(shmem_thp),
	SAME(inactive_anon),
	SAME(active_anon),
	SAME(inactive_file),
	SAME(active_file),
	SAME(unevictable),
	SAME(slab_reclaimable),
	SAME(slab_unreclaimable),
	STAT("workingset_refault_anon", refault_anon),
	STAT("workingset_refault_file", refault_file),
	STAT("workingset_activate_anon", activate_anon),
	STAT("workingset_activate_file", activate_file),
	STAT("workingset_restore_anon", restore_anon),
	STAT("workingset_restore_file", restore_file),
	STAT("workingset_nodereclaim", nodereclaim),
	SAME(pswpin),
	SAME(pswpout),
	SAME(pgscan),
	SAME(pgsteal),
	SAME(pgfault),
	SAME(pgmajfault),
	SAME(pgrefill),
	SAME(pgactivate),
	SAME(pgdeactivate),
	SAME(pglazyfree),
	SAME(pglazyfreed),
	STAT("thp_fault_alloc", thp_fault),
	STAT("thp_collapse_alloc", thp_collapse),
};

static const struct emu_key v1_keys[] = {
	STAT("hierarchical_memory_limit", hierarchy_limit),
	STAT("hierarchical_memsw_limit", hierarchy_memsw_limit),
	STAT("total_cache", file),
	STAT("total_rss", anon),
	STAT("total_rss_huge", anon_thp),
	STAT("total_shmem", shmem),
	STAT("total_mapped_file", file_mapped),
	STAT("total_dirty", file_dirty),
	STAT("total_writeback", file_writeback),
	STAT("total_workingset_refault_anon", refault_anon),
	STAT("total_workingset_refault_file", refault_file),
	STAT("total_swap", swap),
	STAT("total_swapcached", swapcached),
	STAT("total_pgfault", pgfault),
	STAT("total_pgmajfault", pgmajfault),
	STAT("total_inactive_anon", inactive_anon),
	STAT("total_active_anon", active_anon),
	STAT("total_inactive_file", inactive_file),
	STAT("total_active_file", active_file),
	STAT("total_unevictable", unevictable),
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* The number in a file of that level, or @otherwise. What the host does not have is no limit. */
static uint64_t number(struct emu *emu, const struct emu_level *level, const char *file,
		       uint64_t otherwise)
{
	const char *text = emu_level_read(emu, level, file);
	uint64_t n = otherwise;

	if (text)
		(void)emu_scan_number(text, &n); /* garbled: as if it were not there */
	return n;
}

static uint64_t limit(struct emu *emu, const struct emu_level *level, const char *file, uint64_t host)
{
	uint64_t n = number(emu, level, file, EMU_NO_LIMIT);

	return n >= host ? EMU_NO_LIMIT : n;
}

static void read_stat(struct emu *emu, const struct emu_level *level, const struct emu_key *keys,
		      size_t n, struct emu_memory_stat *ret)
{
	static const struct emu_key event[] = { STAT("oom_kill", oom_kills) };
	const char *text = emu_level_read(emu, level, "memory.stat");

	if (text)
		emu_scan_keys(text, keys, n, ret);
	text = emu_level_read(emu, level,
			      level->cgroup == EMU_CGROUP_V2 ? "memory.events" :
							       "memory.oom_control");
	if (text)
		emu_scan_keys(text, event, 1, ret);
}

static void collect_v2(struct emu *emu, const struct emu_reader *reader, struct emu_memory_facts *ret)
{
	struct emu_level level;
	bool found = false;

	emu_level_begin(reader, EMU_CGROUP_V2, &level);
	do {
		struct emu_memory_level *l = &ret->levels[ret->n];

		l->limit = limit(emu, &level, "memory.max", ret->host_total);
		l->swap_limit = ret->host_swap == 0 ?
					EMU_NO_LIMIT :
					limit(emu, &level, "memory.swap.max", ret->host_swap);
		l->usage = l->swap_usage = 0;
		if (!found && *level.path && l->limit == EMU_NO_LIMIT)
			continue; /* nested, and it has nothing to say; a swap limit alone moves nobody */
		if (!found || l->limit != EMU_NO_LIMIT)
			l->usage = number(emu, &level, "memory.current", 0);
		if (ret->host_swap > 0 && (!found || l->swap_limit != EMU_NO_LIMIT))
			l->swap_usage = number(emu, &level, "memory.swap.current", 0);
		if (!found)
			read_stat(emu, &level, v2_keys, COUNT(v2_keys), &ret->stat);
		found = true;
		ret->n++;
	} while (ret->n < EMU_LEVELS_MAX && emu_level_up(emu, &level, true));
}

/* v1's second limit is of memory and swap together. */
static uint64_t swap_part(uint64_t both, uint64_t memory)
{
	if (both == EMU_NO_LIMIT)
		return EMU_NO_LIMIT;
	return both > memory ? both - memory : 0;
}

/* memory.stat knows what the ancestors allow; only cgroups inside the container are looked at one by one. */
static void collect_v1(struct emu *emu, const struct emu_reader *reader, struct emu_memory_facts *ret)
{
	uint64_t none = ret->host_total + ret->host_swap; /* from there on, a limit of both is none */
	struct emu_level level;

	emu_level_begin(reader, EMU_CGROUP_MEMORY, &level);
	do {
		struct emu_memory_level *l = &ret->levels[ret->n];
		bool first = ret->n == 0;

		l->limit = EMU_NO_LIMIT;
		if (*level.path || !first)
			l->limit = limit(emu, &level, "memory.limit_in_bytes", ret->host_total);
		l->swap_limit = EMU_NO_LIMIT;
		l->swap_usage = 0;
		if (first && *level.path && l->limit == EMU_NO_LIMIT)
			continue;
		l->usage = number(emu, &level, "memory.usage_in_bytes", 0);
		ret->n++;
		if (!first)
			continue;
		ret->stat.hierarchy_limit = ret->stat.hierarchy_memsw_limit = EMU_NO_LIMIT;
		read_stat(emu, &level, v1_keys, COUNT(v1_keys), &ret->stat);
		if (ret->stat.hierarchy_limit < ret->host_total)
			l->limit = ret->stat.hierarchy_limit;
		if (ret->stat.hierarchy_memsw_limit < none)
			l->swap_limit =
				swap_part(ret->stat.hierarchy_memsw_limit,
					  l->limit < ret->host_total ? l->limit : ret->host_total);
		l->swap_usage = ret->stat.swap;
	} while (ret->n < EMU_LEVELS_MAX && emu_level_up(emu, &level, false));
}

void emu_collect_memory(struct emu *emu, const struct emu_reader *reader, struct emu_memory_facts *ret)
{
	const struct emu_host *host = emu_collect_host(emu);

	ret->host_total = host->total;
	ret->host_swap = host->swap;
	ret->n = 0;
	memset(&ret->stat, 0, sizeof(ret->stat));
	if (emu_has_cgroup(emu, EMU_CGROUP_MEMORY))
		collect_v1(emu, reader, ret);
	else if (emu_has_cgroup(emu, EMU_CGROUP_V2))
		collect_v2(emu, reader, ret);
}

void emu_see_memory(struct emu *emu, const struct emu_reader *reader, struct emu_memory *ret)
{
	struct emu_memory_facts facts;

	emu_collect_memory(emu, reader, &facts);
	emu_compute_memory(&facts, ret);
}
