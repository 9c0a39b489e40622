/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * emu - owns one container's emulation between requests: descriptors kept open, short caches, the state in shared memory.
 *
 * Inside this folder and its tests only; everybody else includes emulation.h.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "emulation.h"
#include "model.h"
#include "sysctls.h"
#include "text.h"

#define EMU_KEPT_MAX 64		       /* descriptors of files that are read again and again */
#define EMU_READ_MAX (4 * 1024 * 1024) /* the largest kernel file we take: cpuinfo */
#define EMU_READ_KEEP (64 * 1024)      /* memory that stays with us after it */
#define EMU_HOST_NS EMU_NSEC_PER_SEC   /* how long the host's swap and cpus are taken for granted */
#define EMU_FRESH_NS 10000000	       /* how long an answer is given again */
#define EMU_READERS 8
#define EMU_RENDERED 8
#define EMU_RENDERED_LEN (16 * 1024)

/* ---- state: survives the worker ---- */

#define EMU_STATE_MAGIC UINT64_C(0x31756d65746c7762) /* "bwltemu1" */
#define EMU_STATE_VERSION 1
#define EMU_SLOTS                                                                                  \
	4 /* [0]: the container; the others: nested cgroups with limits, as looked at last */

/*
 * Two banks: the one that is not @active is written, then one store makes it active. Who dies in between leaves the old
 * numbers.
 */
struct emu_slot {
	uint32_t valid;
	uint32_t active;
	uint64_t used; /* grows with each use: the smallest is given away */
	char path[EMU_PATH_MAX];
	struct emu_times bank[2];
};

struct emu_state {
	uint64_t magic;
	uint32_t version;
	uint32_t size;
	int64_t btime_ns; /* shown last: two clocks are read one after the other, and btime must not flicker */
	uint32_t load_active;
	uint32_t load_valid;
	struct emu_load load[2];
	struct emu_sysctl_store sysctls;
	struct emu_slot slots[EMU_SLOTS];
};
_Static_assert(sizeof(struct emu_state) <= EMU_STATE_SIZE, "fits what the keeper gives");

/* Of memory that is all zero. */
void emu_state_begin(struct emu_state *state, int64_t start_ns);

/* Begins anew what is not ours or not sound. */
void emu_state_check(struct emu_state *state, int64_t start_ns);

/* The times of a cgroup below the container's ("": its own), stepped to now. Valid until the next call. */
const struct emu_times *emu_state_times(struct emu_state *state, const char *path, int64_t start_ns,
					const struct emu_usage *usage,
					const struct emu_cpuset *visible, int64_t now_ns);

const struct emu_load *emu_state_load(const struct emu_state *state);
void emu_state_set_load(struct emu_state *state, const struct emu_load *load);

/* ---- context ---- */

struct emu_clock {
	int64_t boot_ns; /* CLOCK_BOOTTIME */
	int64_t real_ns; /* CLOCK_REALTIME */
};

struct emu_kept {
	int dir_fd;
	int fd;
	char path[80];
};

struct emu_host {
	bool valid;
	int64_t at_ns;
	uint64_t total, swap, vmalloc_total, hugepage_size; /* bytes; MemTotal, SwapTotal, ... */
	struct emu_cpuset online;
	uint64_t nodes; /* memory nodes that are online */
};

struct emu_topology {
	bool valid;
	struct emu_cpuset cpus; /* for which it was read */
	uint64_t nodes;
	int32_t package[EMU_CPUS_MAX]; /* physical_package_id; -1: unknown */
	int32_t core[EMU_CPUS_MAX];    /* core_id within the package */
	struct emu_cpuset node_cpus[EMU_NODES_MAX];
};

struct emu_known_reader {
	bool valid;
	int64_t at_ns;
	struct emu_reader reader;
};

struct emu_rendered {
	uint64_t id;
	int64_t at_ns;
	size_t len;
	char *data;
};

struct emu {
	const struct emu_sources *sources;
	struct emu_state *state;
	struct emu_uts uts;
	void (*clock)(struct emu_clock *ret); /* tests have their own */
	struct emu_clock now;		      /* of the request at hand */
	char *text;			      /* what was read last */
	size_t room;
	struct emu_kept kept[EMU_KEPT_MAX];
	size_t n_kept;
	struct emu_host host;
	struct emu_topology topology;
	struct emu_known_reader readers[EMU_READERS];
	size_t next_reader;
	struct emu_rendered rendered[EMU_RENDERED];
	size_t next_rendered;
	int64_t load_wanted_ns; /* somebody reads the load until then */
	int64_t tasks_ns;	/* when tasks were counted */
	uint32_t tasks;
	struct emu_usage usage; /* large */
};

void emu_take_time(struct emu *emu);

/* ---- reading ---- */

/**
 * emu_read() - A whole file of the kernel below one of our descriptors
 * @keep:	its descriptor stays open, for what is read at every request
 *
 * Return: NUL-terminated text, valid until the next call, or NULL: not there, not readable, too large.
 */
const char *emu_read(struct emu *emu, int dir_fd, const char *path, bool keep);

/* Walks from a reader's cgroup up to the container's and, with @ancestors, on to below the root. */
struct emu_level {
	enum emu_cgroup cgroup;
	char path[EMU_PATH_MAX]; /* below the container's folder */
	unsigned up;		 /* above it */
};

void emu_level_begin(const struct emu_reader *reader, enum emu_cgroup cgroup, struct emu_level *ret);

/* False at the top: the container's own level, or, with @ancestors, the last one below the root. */
bool emu_level_up(const struct emu *emu, struct emu_level *level, bool ancestors);

/* A file of the cgroup at that level. */
const char *emu_level_read(struct emu *emu, const struct emu_level *level, const char *file);

bool emu_has_cgroup(const struct emu *emu, enum emu_cgroup cgroup);

/* ---- collect ---- */

const struct emu_host *emu_collect_host(struct emu *emu);
const struct emu_topology *emu_collect_topology(struct emu *emu);

/* Also the cgroup whose cpus those are: the nearest one with a quota or cpuset of its own, "" the container's. */
void emu_collect_cpus(struct emu *emu, const struct emu_reader *reader, struct emu_cpu_facts *ret,
		      char ret_path[EMU_PATH_MAX]);

/* Of a cgroup below the container's; into emu->usage. */
const struct emu_usage *emu_collect_usage(struct emu *emu, const char *path);

void emu_collect_memory(struct emu *emu, const struct emu_reader *reader,
			struct emu_memory_facts *ret);

/* Bits of memory nodes: the cpuset's, or those of @cpus. */
uint64_t emu_collect_nodes(struct emu *emu, const struct emu_reader *reader,
			   const struct emu_cpuset *cpus);

void emu_collect_io(struct emu *emu, struct emu_devices *ret);

/* @file: "cpu.pressure". All zero, with both lines, where the kernel does not say. */
void emu_collect_pressure(struct emu *emu, const struct emu_reader *reader, const char *file,
			  struct emu_pressure *ret);

struct emu_tasks {
	uint32_t n;	  /* all of the container's */
	uint32_t running; /* scaled up when only a part was looked at */
	uint32_t blocked;
};

/* @states: look at what each of them does; else they are counted. */
void emu_collect_tasks(struct emu *emu, bool states, struct emu_tasks *ret);

#define EMU_TASKS_MAX 512 /* tasks that are looked at one by one: 10 us each */

/* Host's numbers of the container's tasks: how many there are in @ret. */
size_t emu_list_tasks(struct emu *emu, uint32_t ret[EMU_TASKS_MAX]);

/* ---- both steps in one, for who renders ---- */

void emu_see_cpus(struct emu *emu, const struct emu_reader *reader, struct emu_cpuset *ret);
void emu_see_memory(struct emu *emu, const struct emu_reader *reader, struct emu_memory *ret);

/* Looks at what tasks do, if that was 5 s ago or more. */
void emu_sample_load(struct emu *emu);

/* The same, and from now on somebody wants it. */
const struct emu_load *emu_see_load(struct emu *emu);

/* ---- render ---- */

struct emu_request {
	const struct emu_reader *reader;
	unsigned number; /* the N of cpuN, nodeN */
	unsigned index;	 /* of a cache */
	unsigned kind;	 /* enum emu_kind: for renderers of several files */
};

/* 0, or -ENOENT for a cpu that is not there. */
typedef int emu_render_fn(struct emu *emu, const struct emu_request *request, struct emu_text *out);

emu_render_fn emu_render_meminfo, emu_render_vmstat, emu_render_swaps, emu_render_stat,
	emu_render_cpuinfo, emu_render_loadavg, emu_render_diskstats, emu_render_pressure,
	emu_render_partitions, emu_render_interrupts, emu_render_schedstat, emu_render_nothing,
	emu_render_cpu_list, emu_render_empty_list, emu_render_kernel_max, emu_render_cpu_online,
	emu_render_topology, emu_render_cache, emu_render_node_list, emu_render_node_cpus,
	emu_render_node_meminfo, emu_render_node_distance;

/* "0-3,8\n" and "00000003\n" */
void emu_text_list(struct emu_text *text, const struct emu_cpuset *set);
void emu_text_mask(struct emu_text *text, const struct emu_cpuset *set, unsigned bits);

/* ---- sysctls of one container ---- */

int emu_sysctl_render(struct emu *emu, const struct emu_sysctl *sysctl, struct emu_text *out);
ssize_t emu_sysctl_write(struct emu *emu, const struct emu_sysctl *sysctl, uint64_t pos,
			 const char *data, size_t len, struct error *err);
