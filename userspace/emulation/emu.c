/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "emu.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>

#include "asan.h"
#include "error.h"
#include "fd.h"
#include "str.h"

#define LOAD_WANTED_NS                                                                             \
	(60 * EMU_NSEC_PER_SEC) /* how long a reader of the load keeps the sampler going */
#define NSEC_PER_MSEC 1000000

static int64_t clock_ns(clockid_t id)
{
	struct timespec t = { 0 };

	(void)clock_gettime(id, &t); /* neither clock can fail */
	return t.tv_sec * EMU_NSEC_PER_SEC + t.tv_nsec;
}

static void real_clock(struct emu_clock *ret)
{
	ret->boot_ns = clock_ns(CLOCK_BOOTTIME);
	ret->real_ns = clock_ns(CLOCK_REALTIME);
}

void emu_take_time(struct emu *emu)
{
	emu->clock(&emu->now);
}

/* Not calloc(3)'s, which writes to each page: most are for hosts with many processors. Under ASan it is, for its red zones. */
static struct emu *memory_new(void)
{
	void *memory;

	if (UNDER_ASAN)
		return calloc(1, sizeof(struct emu));
	memory = mmap(NULL, sizeof(struct emu), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
		      -1, 0);
	return memory == MAP_FAILED ? NULL : memory;
}

static void memory_free(struct emu *emu)
{
	if (UNDER_ASAN)
		free(emu);
	else
		(void)munmap(emu, sizeof(*emu));
}

int emu_new(const struct emu_sources *sources, void *state, bool fresh, const struct emu_uts *uts,
	    struct emu **ret, struct error *err)
{
	struct emu *emu;

	if (sources->proc_fd < 0)
		return error_text(err, EINVAL, "emulation needs a procfs of the host");
	emu = memory_new();
	if (!emu)
		return error_set(err, ENOMEM, "cannot set up the emulation");
	emu->sources = sources;
	emu->state = state;
	if (uts)
		emu->uts = *uts;
	emu->clock = real_clock;
	if (fresh)
		emu_state_begin(state, sources->start_ns);
	else
		emu_state_check(state, sources->start_ns);
	*ret = emu;
	return 0;
}

void emu_free(struct emu *emu)
{
	if (!emu)
		return;
	for (size_t i = 0; i < emu->n_kept; i++)
		fd_close(emu->kept[i].fd);
	for (size_t i = 0; i < EMU_RENDERED; i++)
		free(emu->rendered[i].data);
	free(emu->text);
	memory_free(emu);
}

/* ---- readers ---- */

/* What of @path is below the container's @base, without the '/' between them; "" when nothing is, or it is elsewhere. */
static void below(struct emu_span path, const char *base, char ret[EMU_PATH_MAX])
{
	size_t n = strlen(base), len;

	while (n > 0 && base[n - 1] == '/')
		n--;
	*ret = '\0';
	if (path.len <= n + 1 || memcmp(path.p, base, n) != 0 || path.p[n] != '/')
		return;
	len = path.len - n - 1;
	if (len >= EMU_PATH_MAX) { /* whole components only */
		for (len = EMU_PATH_MAX - 1; len > 0 && path.p[n + 1 + len] != '/';)
			len--;
	}
	memcpy(ret, path.p + n + 1, len);
	ret[len] = '\0';
}

/* A folder has two links and one for each in it. To ask for that is ten times cheaper than to look for the reader. */
static bool has_nested(const struct emu *emu)
{
	struct stat st;

	for (int role = 0; role < EMU_CGROUPS; role++)
		if (emu_has_cgroup(emu, (enum emu_cgroup)role) &&
		    (fstat(emu->sources->cgroup_fd[role], &st) < 0 || st.st_nlink != 2))
			return true;
	return false;
}

static void find_reader(struct emu *emu, pid_t pid, struct emu_reader *ret)
{
	char path[32];
	const char *text;

	*ret = (struct emu_reader){ .pid = pid };
	if (pid <= 0 || !has_nested(emu) || str_format(path, sizeof(path), "%d/cgroup", pid) < 0)
		return;
	text = emu_read(emu, emu->sources->proc_fd, path, false);
	for (int role = 0; text && role < EMU_CGROUPS; role++) {
		struct emu_span where;

		if (emu_has_cgroup(emu, (enum emu_cgroup)role) &&
		    emu_scan_membership(text, (enum emu_cgroup)role, &where) == 0)
			below(where, emu->sources->cgroup_path[role], ret->path[role]);
	}
}

void emu_reader_of(struct emu *emu, pid_t pid, struct emu_reader *ret)
{
	struct emu_known_reader *known;

	emu_take_time(emu);
	for (size_t i = 0; i < EMU_READERS; i++) {
		known = &emu->readers[i];
		if (known->valid && known->reader.pid == pid &&
		    emu->now.boot_ns - known->at_ns < EMU_FRESH_NS &&
		    emu->now.boot_ns >= known->at_ns) {
			*ret = known->reader;
			return;
		}
	}
	find_reader(emu, pid, ret);
	known = &emu->readers[emu->next_reader++ % EMU_READERS];
	*known = (struct emu_known_reader){ true, emu->now.boot_ns, *ret };
}

/* ---- load ---- */

void emu_sample_load(struct emu *emu)
{
	struct emu_load load = *emu_state_load(emu->state);
	struct emu_tasks tasks;

	if (emu_load_due(&load, emu->now.boot_ns) == 0)
		return;
	emu_collect_tasks(emu, true, &tasks);
	load.tasks = tasks.n;
	emu_collect_usage(emu, "");
	emu_load_step(&load, tasks.running, tasks.blocked,
		      emu->usage.user_ns + emu->usage.system_ns, emu->now.boot_ns);
	emu_state_set_load(emu->state, &load);
}

const struct emu_load *emu_see_load(struct emu *emu)
{
	emu_sample_load(emu);
	emu->load_wanted_ns = emu->now.boot_ns + LOAD_WANTED_NS;
	return emu_state_load(emu->state);
}

uint32_t emu_tick_ms(const struct emu *emu)
{
	int64_t due = emu_state_load(emu->state)->now_ns + EMU_LOAD_PERIOD_NS;
	struct emu_clock now;

	emu->clock(&now);
	if (now.boot_ns >= emu->load_wanted_ns)
		return 0;
	return due > now.boot_ns ? (uint32_t)((due - now.boot_ns) / NSEC_PER_MSEC + 1) : 1;
}

void emu_tick(struct emu *emu)
{
	emu_take_time(emu);
	if (emu->now.boot_ns < emu->load_wanted_ns)
		emu_sample_load(emu);
}
