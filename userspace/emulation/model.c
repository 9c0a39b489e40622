/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model.h"

#include <string.h>

static uint64_t at_most(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* a - b, and never below 0: counters are read one after the other, while the container runs. */
static uint64_t less(uint64_t a, uint64_t b)
{
	return a > b ? a - b : 0;
}

static uint64_t plus(uint64_t a, uint64_t b)
{
	uint64_t sum;

	return __builtin_add_overflow(a, b, &sum) ? UINT64_MAX : sum;
}

/* ---- cpus ---- */

unsigned emu_cpuset_count(const struct emu_cpuset *set)
{
	unsigned n = 0;

	for (size_t i = 0; i < EMU_CPUS_MAX / 64; i++)
		n += (unsigned)__builtin_popcountll(set->word[i]);
	return n;
}

unsigned emu_cpuset_next(const struct emu_cpuset *set, unsigned cpu)
{
	while (cpu < EMU_CPUS_MAX) {
		uint64_t rest = set->word[cpu / 64] >> cpu % 64;

		if (rest)
			return cpu + (unsigned)__builtin_ctzll(rest);
		cpu = (cpu / 64 + 1) * 64;
	}
	return EMU_CPUS_MAX;
}

/* How many cpus the tightest quota is worth, rounded up; at least 1. */
static unsigned quota_cpus(const struct emu_cpu_facts *facts)
{
	uint64_t least = EMU_CPUS_MAX;

	for (size_t i = 0; i < facts->n_quotas; i++) {
		const struct emu_quota *q = &facts->quotas[i];

		if (q->quota_us == EMU_NO_LIMIT || q->period_us == 0)
			continue;
		least = at_most(least, q->quota_us / q->period_us +
					       (q->quota_us % q->period_us > 0 ? 1 : 0));
	}
	return least > 0 ? (unsigned)least : 1;
}

void emu_compute_cpus(const struct emu_cpu_facts *facts, struct emu_cpuset *ret)
{
	struct emu_cpuset all = { 0 }, chosen = { 0 };
	unsigned n, want, cpu, skip;

	for (size_t i = 0; i < EMU_CPUS_MAX / 64; i++)
		all.word[i] = facts->online.word[i] & facts->allowed.word[i];
	if (emu_cpuset_count(&all) == 0)
		all = facts->online; /* no cpuset, or one that is being changed under us */
	if (emu_cpuset_count(&all) == 0)
		emu_cpuset_add(&all, 0);
	n = emu_cpuset_count(&all);
	want = quota_cpus(facts);
	if (want >= n) {
		*ret = all;
		return;
	}
	/* A lower quota below takes the first of those: nested views are subsets. */
	cpu = emu_cpuset_next(&all, 0);
	for (skip = facts->seed % n; skip > 0; skip--)
		cpu = emu_cpuset_next(&all, cpu + 1);
	for (; want > 0; want--) {
		emu_cpuset_add(&chosen, cpu);
		cpu = emu_cpuset_next(&all, cpu + 1);
		if (cpu == EMU_CPUS_MAX)
			cpu = emu_cpuset_next(&all, 0);
	}
	*ret = chosen;
}

/* ---- time ---- */

/* What one step adds to the cpus shown. */
struct step {
	uint64_t wall;
	uint64_t surplus_user, surplus_system; /* used, but on no cpu that is shown */
	struct emu_cpuset visible;
	uint64_t user[EMU_CPUS_MAX], system[EMU_CPUS_MAX];
	uint64_t share[EMU_CPUS_MAX]; /* of the surplus */
};

static void take_own(struct step *step, struct emu_times *times, const struct emu_usage *usage)
{
	unsigned n = usage->n < EMU_CPUS_MAX ? usage->n : EMU_CPUS_MAX;

	for (unsigned cpu = 0; usage->per_cpu && cpu < n; cpu++) {
		struct emu_times_cpu *t = &times->cpu[cpu];
		uint64_t user = less(usage->cpu_user_ns[cpu], t->raw_user_ns);
		uint64_t system = less(usage->cpu_system_ns[cpu], t->raw_system_ns);

		t->raw_user_ns = usage->cpu_user_ns[cpu];
		t->raw_system_ns = usage->cpu_system_ns[cpu];
		if (emu_cpuset_has(&step->visible, cpu)) {
			step->user[cpu] = user;
			step->system[cpu] = system;
		} else {
			step->surplus_user += user;
			step->surplus_system += system;
		}
	}
	if (!usage->per_cpu) {
		step->surplus_user = less(usage->user_ns, times->raw_user_ns);
		step->surplus_system = less(usage->system_ns, times->raw_system_ns);
	}
	times->raw_user_ns = usage->user_ns;
	times->raw_system_ns = usage->system_ns;
}

/* Evenly, onto cpus that have time left; what no cpu has time for, evenly onto all. */
static void share_surplus(struct step *step)
{
	uint64_t left = step->surplus_user + step->surplus_system;
	unsigned n = emu_cpuset_count(&step->visible);

	while (left > 0) {
		unsigned open = 0;
		uint64_t each, before = left;

		emu_cpuset_each(cpu, &step->visible)
			open += step->user[cpu] + step->system[cpu] + step->share[cpu] < step->wall;
		if (open == 0)
			break;
		each = left / open + (left % open > 0 ? 1 : 0);
		emu_cpuset_each(cpu, &step->visible)
		{
			uint64_t used = step->user[cpu] + step->system[cpu] + step->share[cpu];
			uint64_t part = at_most(at_most(each, left), less(step->wall, used));

			step->share[cpu] += part;
			left -= part;
		}
		if (left == before)
			break;
	}
	emu_cpuset_each(cpu, &step->visible)
	{
		uint64_t part = left / n;

		step->share[cpu] += part;
		left -= part;
		n--;
	}
}

/* Each cpu's share is user and system time in the surplus' own proportion, and the sums come out exactly. */
static void split_surplus(struct step *step)
{
	uint64_t all = step->surplus_user + step->surplus_system;
	uint64_t shared = 0, user_before = 0;

	if (all == 0)
		return;
	emu_cpuset_each(cpu, &step->visible)
	{
		uint64_t user;

		shared += step->share[cpu];
		user = (uint64_t)((unsigned __int128)step->surplus_user * shared / all);
		step->user[cpu] += user - user_before;
		step->system[cpu] += step->share[cpu] - (user - user_before);
		user_before = user;
	}
}

void emu_times_step(struct emu_times *times, const struct emu_usage *usage,
		    const struct emu_cpuset *visible, int64_t now_ns)
{
	static struct step step; /* large; one thread */

	memset(&step, 0, sizeof(step));
	step.visible = *visible;
	if (emu_cpuset_count(visible) == 0)
		emu_cpuset_add(&step.visible, 0);
	if (now_ns > times->now_ns) {
		step.wall = (uint64_t)(now_ns - times->now_ns);
		times->now_ns = now_ns;
	}
	take_own(&step, times, usage);
	share_surplus(&step);
	split_surplus(&step);
	emu_cpuset_each(cpu, &step.visible)
	{
		struct emu_times_cpu *t = &times->cpu[cpu];
		uint64_t idle;

		t->user_ns += step.user[cpu];
		t->system_ns += step.system[cpu];
		t->wall_ns += step.wall;
		/* The kernel books time in lumps: where a cpu was busier than the clock ran, idle time waits. */
		idle = less(t->wall_ns, t->user_ns + t->system_ns);
		if (idle > t->idle_ns)
			t->idle_ns = idle;
		if (cpu >= times->n)
			times->n = cpu + 1;
	}
	if (usage->per_cpu && usage->n > times->n && usage->n <= EMU_CPUS_MAX)
		times->n = usage->n;
}

/* ---- memory ---- */

void emu_compute_memory(const struct emu_memory_facts *facts, struct emu_memory *ret)
{
	struct emu_memory m = { .total = facts->host_total, .swap_total = facts->host_swap };
	uint64_t reclaimable, usage = facts->n > 0 ? facts->levels[0].usage : 0;
	uint64_t swap_usage = facts->n > 0 ? facts->levels[0].swap_usage : 0;

	for (size_t i = 0; i < facts->n; i++) {
		m.total = at_most(m.total, facts->levels[i].limit);
		m.swap_total = at_most(m.swap_total, facts->levels[i].swap_limit);
	}
	m.free = less(m.total, usage);
	m.swap_free = less(m.swap_total, swap_usage);
	for (size_t i = 0; i < facts->n; i++) { /* siblings may have used up what an ancestor allows */
		const struct emu_memory_level *l = &facts->levels[i];

		if (l->limit != EMU_NO_LIMIT)
			m.free = at_most(m.free, less(l->limit, l->usage));
		if (l->swap_limit != EMU_NO_LIMIT)
			m.swap_free = at_most(m.swap_free, less(l->swap_limit, l->swap_usage));
	}
	reclaimable = plus(plus(facts->stat.inactive_file, facts->stat.active_file),
			   facts->stat.slab_reclaimable);
	m.available = at_most(plus(m.free, at_most(reclaimable, usage)), m.total);
	m.stat = facts->stat;
	*ret = m;
}

/* ---- load ---- */

/* Periods until nothing of an older load is left: 15 minutes are 180. */
#define LOAD_PERIODS_MAX 4000

uint64_t emu_load_due(const struct emu_load *load, int64_t now_ns)
{
	return now_ns > load->now_ns ? (uint64_t)(now_ns - load->now_ns) / EMU_LOAD_PERIOD_NS : 0;
}

static void fold(struct emu_load *load, uint64_t active, uint64_t periods)
{
	/* exp(-5 s / 1, 5, 15 min) in fixed point */
	static const uint64_t decay[3] = { 1884, 2014, 2037 };
	const uint64_t one = UINT64_C(1) << EMU_LOAD_SHIFT;

	for (size_t i = 0; i < 3; i++)
		for (uint64_t n = at_most(periods, LOAD_PERIODS_MAX); n > 0; n--) {
			uint64_t sum = load->average[i] * decay[i] + active * (one - decay[i]);

			if (active >= load->average[i])
				sum += one - 1; /* up to what it tends to, not to one below */
			load->average[i] = sum / one;
		}
}

void emu_load_step(struct emu_load *load, uint32_t running, uint32_t blocked, uint64_t usage_ns,
		   int64_t now_ns)
{
	const uint64_t one = UINT64_C(1) << EMU_LOAD_SHIFT;
	uint64_t periods = emu_load_due(load, now_ns), wall, busy;

	if (periods == 0)
		return;
	if (periods > 1) {
		wall = (uint64_t)(now_ns - load->now_ns);
		busy = (uint64_t)((unsigned __int128)less(usage_ns, load->usage_ns) * one / wall);
		fold(load, at_most(busy, EMU_CPUS_MAX * one), periods - 1);
	}
	fold(load, (running + (uint64_t)blocked) * one, 1);
	load->now_ns += (int64_t)(periods * EMU_LOAD_PERIOD_NS);
	load->usage_ns = usage_ns;
	load->running = running;
	load->blocked = blocked;
}
