/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * model - owns computing what a container has from what was collected: numbers in, numbers out, no file and no clock.
 *
 * Every file and system call that shows cpus, memory, swap or time shows these.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "emulation.h"
#include "scan.h"

#define EMU_NSEC_PER_SEC 1000000000LL
#define EMU_TICK_NS                                                                                \
	(EMU_NSEC_PER_SEC / 100) /* USER_HZ is 100 on every architecture with Linux' current ABI */

/* ---- sets of cpus ---- */

static inline bool emu_cpuset_has(const struct emu_cpuset *set, unsigned cpu)
{
	return cpu < EMU_CPUS_MAX && (set->word[cpu / 64] >> cpu % 64 & 1);
}

static inline void emu_cpuset_add(struct emu_cpuset *set, unsigned cpu)
{
	if (cpu < EMU_CPUS_MAX)
		set->word[cpu / 64] |= UINT64_C(1) << cpu % 64;
}

unsigned emu_cpuset_count(const struct emu_cpuset *set);

/* The first cpu from @cpu on, or EMU_CPUS_MAX. */
unsigned emu_cpuset_next(const struct emu_cpuset *set, unsigned cpu);

#define emu_cpuset_each(cpu, set)                                                                  \
	for (unsigned cpu = emu_cpuset_next(set, 0); cpu < EMU_CPUS_MAX;                           \
	     cpu = emu_cpuset_next(set, cpu + 1))

/* ---- cpus ---- */

#define EMU_LEVELS_MAX 32 /* cgroups from the reader's up to the root */

/* cpu.max, or cpu.cfs_quota_us and cpu.cfs_period_us, of one cgroup. */
struct emu_quota {
	uint64_t quota_us; /* EMU_NO_LIMIT */
	uint64_t period_us;
};

struct emu_cpu_facts {
	struct emu_cpuset online;  /* the host's */
	struct emu_cpuset allowed; /* the cpuset's; empty: there is none */
	size_t n_quotas;
	struct emu_quota quotas[EMU_LEVELS_MAX];
	uint32_t seed;
};

/* At least one cpu, whatever the facts: programs divide by their number. */
void emu_compute_cpus(const struct emu_cpu_facts *facts, struct emu_cpuset *ret);

/* ---- time that cpus spent ---- */

struct emu_usage {
	bool per_cpu; /* false: @user_ns and @system_ns alone */
	uint64_t user_ns, system_ns;
	unsigned n; /* cpus below this number are in the arrays */
	uint64_t cpu_user_ns[EMU_CPUS_MAX];
	uint64_t cpu_system_ns[EMU_CPUS_MAX];
};

/* What /proc/stat showed last, so that nothing in it goes back. In the state: fixed layout. */
struct emu_times_cpu {
	uint64_t user_ns, system_ns;	     /* shown */
	uint64_t idle_ns;		     /* shown */
	uint64_t wall_ns;		     /* how long it was among the container's cpus */
	uint64_t raw_user_ns, raw_system_ns; /* collected */
};

struct emu_times {
	int64_t now_ns; /* of the last step; begins as the container's start */
	uint64_t raw_user_ns, raw_system_ns;
	uint32_t n; /* cpus below this number have an entry */
	uint32_t pad;
	struct emu_times_cpu cpu[EMU_CPUS_MAX];
};
_Static_assert(sizeof(struct emu_times) == 32 + 48 * EMU_CPUS_MAX, "kept for the next version");

/**
 * emu_times_step() - Account for what was used since the last step
 * @times:	zeroed, with now_ns set, before the first
 * @visible:	on which cpus it is shown; what was used elsewhere is spread over them
 *
 * The sum over all cpus grows by exactly what the cgroup used. No counter ever falls.
 */
void emu_times_step(struct emu_times *times, const struct emu_usage *usage,
		    const struct emu_cpuset *visible, int64_t now_ns);

/* ---- memory ---- */

/* memory.stat under v2's names, in bytes; v1's are mapped to them. Counters are counts. */
struct emu_memory_stat {
	uint64_t anon, file, kernel_stack, pagetables, sec_pagetables, percpu, vmalloc, shmem;
	uint64_t zswap, zswapped, file_mapped, file_dirty, file_writeback, swapcached;
	uint64_t anon_thp, file_thp, shmem_thp;
	uint64_t inactive_anon, active_anon, inactive_file, active_file, unevictable;
	uint64_t slab_reclaimable, slab_unreclaimable;
	uint64_t swap;					 /* v1 only */
	uint64_t hierarchy_limit, hierarchy_memsw_limit; /* v1 only */
	uint64_t refault_anon, refault_file, activate_anon, activate_file, restore_anon,
		restore_file, nodereclaim;
	uint64_t pgfault, pgmajfault, pgrefill, pgscan, pgsteal, pgactivate, pgdeactivate,
		pglazyfree, pglazyfreed, thp_fault, thp_collapse, pswpin, pswpout;
	uint64_t oom_kills;
};

struct emu_memory_level {
	uint64_t limit, usage;		 /* bytes; EMU_NO_LIMIT */
	uint64_t swap_limit, swap_usage; /* of swap alone: v1's memsw is taken apart by who collects */
};

struct emu_memory_facts {
	uint64_t host_total, host_swap; /* bytes: what "no limit" means */
	size_t n;
	struct emu_memory_level levels[EMU_LEVELS_MAX]; /* [0]: the reader's; usages are 0 where nobody looked */
	struct emu_memory_stat stat;			/* the reader's */
};

struct emu_memory {
	uint64_t total, free, available; /* bytes */
	uint64_t swap_total, swap_free;
	struct emu_memory_stat stat;
};

void emu_compute_memory(const struct emu_memory_facts *facts, struct emu_memory *ret);

/* ---- load ---- */

#define EMU_LOAD_SHIFT 11 /* as the kernel's FSHIFT */
#define EMU_LOAD_PERIOD_NS (5 * EMU_NSEC_PER_SEC)

/* In the state: fixed layout. */
struct emu_load {
	int64_t now_ns;	   /* of the last sample; begins as the container's start */
	uint64_t usage_ns; /* cpu time used until then */
	uint64_t average[3];
	uint32_t running, blocked; /* tasks in that sample */
	uint32_t tasks;
	uint32_t pad;
};
_Static_assert(sizeof(struct emu_load) == 56, "kept for the next version");

/* How many periods are over since the last sample. 0: nothing to do. */
uint64_t emu_load_due(const struct emu_load *load, int64_t now_ns);

/**
 * emu_load_step() - Fold one sample in
 * @running:	tasks that run or wait for a cpu
 * @blocked:	tasks in uninterruptible sleep
 * @usage_ns:	cpu time the container has used so far
 *
 * Nobody sampled in the periods before the last one, because nobody looked: for those, the cpus that were busy on average
 * stand for the tasks that ran.
 */
void emu_load_step(struct emu_load *load, uint32_t running, uint32_t blocked, uint64_t usage_ns,
		   int64_t now_ns);
