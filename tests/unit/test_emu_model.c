/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Unit tests of model: what a container has, computed of numbers alone. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "model.h"

#define SECOND EMU_NSEC_PER_SEC
#define MIB (UINT64_C(1) << 20)

/* ---- cpus ---- */

static struct emu_cpuset cpus_of(uint64_t online, uint64_t allowed, uint64_t quota, uint64_t period,
				 uint32_t seed)
{
	struct emu_cpu_facts facts = { .seed = seed };
	struct emu_cpuset set;

	facts.online.word[0] = online;
	facts.allowed.word[0] = allowed;
	if (quota) {
		facts.n_quotas = 1;
		facts.quotas[0] = (struct emu_quota){ quota, period };
	}
	emu_compute_cpus(&facts, &set);
	return set;
}

static void test_emu_compute_cpus_takes_the_cpuset(void **state)
{
	(void)state;
	assert_int_equal(cpus_of(0xff, 0x0c, 0, 0, 0).word[0], 0x0c);
	assert_int_equal(cpus_of(0xff, 0, 0, 0, 0).word[0], 0xff);
	assert_int_equal(cpus_of(0x0f, 0x18, 0, 0, 0).word[0], 0x08); /* 4 is offline */
	assert_int_equal(cpus_of(0x0f, 0x10, 0, 0, 0).word[0], 0x0f);
}

static void test_emu_compute_cpus_rounds_a_quota_up(void **state)
{
	(void)state;
	assert_int_equal(cpus_of(0xff, 0, 150000, 100000, 0).word[0], 0x03);
	assert_int_equal(cpus_of(0xff, 0, 200000, 100000, 0).word[0], 0x03);
	assert_int_equal(cpus_of(0xff, 0, 200001, 100000, 0).word[0], 0x07);
	assert_int_equal(cpus_of(0xff, 0, 1000, 100000, 0).word[0], 0x01);
	assert_int_equal(cpus_of(0xff, 0xf0, 150000, 100000, 0).word[0], 0x30);
	assert_int_equal(cpus_of(0x03, 0, 900000, 100000, 0).word[0], 0x03);
	assert_int_equal(cpus_of(0xff, 0, EMU_NO_LIMIT, 100000, 0).word[0], 0xff);
	assert_int_equal(cpus_of(0xff, 0, EMU_NO_LIMIT - 1, 1, 0).word[0], 0xff);
}

static void test_emu_compute_cpus_never_gives_none(void **state)
{
	(void)state;
	assert_int_equal(cpus_of(0, 0, 0, 0, 0).word[0], 1);
	assert_int_equal(cpus_of(0, 0xf0, 1, 100000, 0).word[0], 1);
}

static void test_emu_compute_cpus_turns_by_the_seed_within_the_cpuset(void **state)
{
	(void)state;
	assert_int_equal(cpus_of(0xff, 0xf0, 200000, 100000, 1).word[0], 0x60);
	assert_int_equal(cpus_of(0xff, 0xf0, 200000, 100000, 3).word[0], 0x90); /* round the corner */
	assert_int_equal(cpus_of(0xff, 0xf0, 200000, 100000, 4).word[0], 0x30);
	/* What a nested quota leaves is part of what the outer one does. */
	assert_int_equal(cpus_of(0xff, 0xf0, 100000, 100000, 3).word[0], 0x80);
}

static void test_emu_compute_cpus_takes_the_tightest_quota(void **state)
{
	struct emu_cpu_facts facts = { .n_quotas = 3 };
	struct emu_cpuset set;

	(void)state;
	facts.online.word[0] = 0xff;
	facts.quotas[0] = (struct emu_quota){ 300000, 100000 };
	facts.quotas[1] = (struct emu_quota){ 20000, 10000 };
	facts.quotas[2] = (struct emu_quota){ EMU_NO_LIMIT, 100000 };
	emu_compute_cpus(&facts, &set);
	assert_int_equal(emu_cpuset_count(&set), 2);
}

static void test_emu_cpuset_next_crosses_words(void **state)
{
	struct emu_cpuset set = { 0 };

	(void)state;
	emu_cpuset_add(&set, 63);
	emu_cpuset_add(&set, 64);
	emu_cpuset_add(&set, EMU_CPUS_MAX - 1);
	emu_cpuset_add(&set, EMU_CPUS_MAX);
	assert_int_equal(emu_cpuset_next(&set, 0), 63);
	assert_int_equal(emu_cpuset_next(&set, 64), 64);
	assert_int_equal(emu_cpuset_next(&set, 65), EMU_CPUS_MAX - 1);
	assert_int_equal(emu_cpuset_next(&set, EMU_CPUS_MAX), EMU_CPUS_MAX);
	assert_int_equal(emu_cpuset_count(&set), 3);
}

/* ---- time ---- */

struct times_test {
	struct emu_times times;
	struct emu_usage usage;
	struct emu_cpuset visible;
};

static int times_setup(void **state)
{
	struct times_test *t = calloc(1, sizeof(*t));

	t->times.now_ns = 10 * SECOND;
	t->visible.word[0] = 3;
	*state = t;
	return 0;
}

static int times_teardown(void **state)
{
	free(*state);
	return 0;
}

static uint64_t busy_of(const struct emu_times *times)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; i < times->n; i++)
		sum += times->cpu[i].user_ns + times->cpu[i].system_ns;
	return sum;
}

static void test_emu_times_step_spreads_totals_evenly(void **state)
{
	struct times_test *t = *state;

	t->usage.user_ns = 3 * SECOND;
	t->usage.system_ns = SECOND;
	emu_times_step(&t->times, &t->usage, &t->visible, 20 * SECOND);
	assert_int_equal(t->times.cpu[0].user_ns, 3 * SECOND / 2);
	assert_int_equal(t->times.cpu[0].system_ns, SECOND / 2);
	assert_int_equal(t->times.cpu[1].user_ns, 3 * SECOND / 2);
	assert_int_equal(t->times.cpu[0].idle_ns, 8 * SECOND);
	assert_int_equal(t->times.cpu[1].idle_ns, 8 * SECOND);
}

static void test_emu_times_step_keeps_each_cpus_own(void **state)
{
	struct times_test *t = *state;

	t->usage.per_cpu = true;
	t->usage.n = 2;
	t->usage.cpu_user_ns[0] = 5 * SECOND;
	t->usage.cpu_system_ns[1] = SECOND;
	emu_times_step(&t->times, &t->usage, &t->visible, 20 * SECOND);
	assert_int_equal(t->times.cpu[0].user_ns, 5 * SECOND);
	assert_int_equal(t->times.cpu[0].idle_ns, 5 * SECOND);
	assert_int_equal(t->times.cpu[1].system_ns, SECOND);
	assert_int_equal(t->times.cpu[1].user_ns, 0);
	assert_int_equal(t->times.cpu[1].idle_ns, 9 * SECOND);
}

/* A quota of two cpus, on a host where the work happens to run on four. */
static void test_emu_times_step_moves_what_ran_elsewhere(void **state)
{
	struct times_test *t = *state;

	t->usage.per_cpu = true;
	t->usage.n = 4;
	t->usage.cpu_user_ns[0] = 9 * SECOND;
	t->usage.cpu_user_ns[2] = 2 * SECOND;
	t->usage.cpu_system_ns[3] = 2 * SECOND;
	emu_times_step(&t->times, &t->usage, &t->visible, 20 * SECOND);
	assert_int_equal(busy_of(&t->times), 13 * SECOND);
	/* cpu 0 had one second left, cpu 1 takes the rest. */
	assert_int_equal(t->times.cpu[0].user_ns + t->times.cpu[0].system_ns, 10 * SECOND);
	assert_int_equal(t->times.cpu[0].idle_ns, 0);
	assert_int_equal(t->times.cpu[1].idle_ns, 7 * SECOND);
	assert_int_equal(t->times.cpu[0].user_ns + t->times.cpu[1].user_ns, 11 * SECOND);
	assert_int_equal(t->times.cpu[2].user_ns, 0);
}

static void test_emu_times_step_never_goes_back(void **state)
{
	struct times_test *t = *state;
	struct emu_times before;
	uint64_t used = 0;
	int64_t now = 10 * SECOND;
	uint32_t random = 1;

	for (int i = 0; i < 2000; i++) {
		random = random * 1103515245 + 12345;
		before = t->times;
		t->visible.word[0] = 1 + (random >> 16) % 15;
		t->usage.per_cpu = random >> 8 & 1;
		t->usage.n = 4;
		t->usage.user_ns = t->usage.system_ns = 0;
		for (int cpu = 0; cpu < 4; cpu++) {
			t->usage.cpu_user_ns[cpu] += (random >> cpu) % 1000000;
			t->usage.cpu_system_ns[cpu] += (random >> (cpu + 4)) % 777777;
			t->usage.user_ns += t->usage.cpu_user_ns[cpu];
			t->usage.system_ns += t->usage.cpu_system_ns[cpu];
		}
		now += (random >> 12) % 2000000;
		emu_times_step(&t->times, &t->usage, &t->visible, i % 7 ? now : now - SECOND);
		for (int cpu = 0; cpu < 4; cpu++) {
			assert_true(t->times.cpu[cpu].user_ns >= before.cpu[cpu].user_ns);
			assert_true(t->times.cpu[cpu].system_ns >= before.cpu[cpu].system_ns);
			assert_true(t->times.cpu[cpu].idle_ns >= before.cpu[cpu].idle_ns);
		}
		assert_true(busy_of(&t->times) >= used);
		used = busy_of(&t->times);
	}
}

static void test_emu_times_step_conserves_the_total(void **state)
{
	struct times_test *t = *state;

	for (int i = 1; i <= 100; i++) {
		t->usage.user_ns += 1234567;
		t->usage.system_ns += 7654321;
		t->visible.word[0] = i % 3 ? 7 : 1;
		emu_times_step(&t->times, &t->usage, &t->visible, 10 * SECOND + i * 3000000);
		assert_int_equal(busy_of(&t->times), t->usage.user_ns + t->usage.system_ns);
	}
}

/* The kernel books a running task's time late: the clock says 10 ms, the cgroup 0, then 20. */
static void test_emu_times_step_does_not_invent_idle_time(void **state)
{
	struct times_test *t = *state;
	int64_t now = 10 * SECOND;

	t->visible.word[0] = 1;
	for (int i = 0; i < 1000; i++) {
		t->usage.user_ns = (uint64_t)(i / 2) * 20000000;
		now += 10000000;
		emu_times_step(&t->times, &t->usage, &t->visible, now);
	}
	assert_true(t->times.cpu[0].idle_ns <= 20000000);
}

static void test_emu_times_step_survives_counters_that_were_reset(void **state)
{
	struct times_test *t = *state;

	t->usage.user_ns = 4 * SECOND;
	emu_times_step(&t->times, &t->usage, &t->visible, 20 * SECOND);
	t->usage.user_ns = SECOND;
	emu_times_step(&t->times, &t->usage, &t->visible, 21 * SECOND);
	assert_int_equal(busy_of(&t->times), 4 * SECOND);
	t->usage.user_ns = 2 * SECOND;
	emu_times_step(&t->times, &t->usage, &t->visible, 22 * SECOND);
	assert_int_equal(busy_of(&t->times), 5 * SECOND);
}

/* ---- memory ---- */

static void test_emu_compute_memory_takes_the_lowest_limit(void **state)
{
	struct emu_memory_facts facts = { .host_total = 1000 * MIB, .n = 3 };
	struct emu_memory m;

	(void)state;
	facts.levels[0] = (struct emu_memory_level){ 500 * MIB, 100 * MIB, EMU_NO_LIMIT, 0 };
	facts.levels[1] = (struct emu_memory_level){ 300 * MIB, 250 * MIB, EMU_NO_LIMIT, 0 };
	facts.levels[2] = (struct emu_memory_level){ EMU_NO_LIMIT, 0, EMU_NO_LIMIT, 0 };
	facts.stat.active_file = 30 * MIB;
	facts.stat.inactive_file = 10 * MIB;
	facts.stat.slab_reclaimable = 5 * MIB;
	emu_compute_memory(&facts, &m);
	assert_int_equal(m.total, 300 * MIB);
	assert_int_equal(m.free, 50 * MIB); /* siblings use the rest of the ancestor's */
	assert_int_equal(m.available, 95 * MIB);
}

static void test_emu_compute_memory_without_a_limit_has_the_hosts(void **state)
{
	struct emu_memory_facts facts = { .host_total = 1000 * MIB, .host_swap = 100 * MIB, .n = 1 };
	struct emu_memory m;

	(void)state;
	facts.levels[0] = (struct emu_memory_level){ EMU_NO_LIMIT, 400 * MIB, EMU_NO_LIMIT, 7 * MIB };
	emu_compute_memory(&facts, &m);
	assert_int_equal(m.total, 1000 * MIB);
	assert_int_equal(m.free, 600 * MIB);
	assert_int_equal(m.swap_total, 100 * MIB);
	assert_int_equal(m.swap_free, 93 * MIB);
	facts.n = 0;
	emu_compute_memory(&facts, &m);
	assert_int_equal(m.free, 1000 * MIB);
}

/* A limit lowered below what is in use, counters read one after the other: nothing wraps. */
static void test_emu_compute_memory_saturates(void **state)
{
	struct emu_memory_facts facts = { .host_total = 1000 * MIB, .host_swap = 10 * MIB, .n = 1 };
	struct emu_memory m;

	(void)state;
	facts.levels[0] = (struct emu_memory_level){ 100 * MIB, 101 * MIB, 1 * MIB, 2 * MIB };
	facts.stat.active_file = UINT64_MAX;
	facts.stat.inactive_file = UINT64_MAX;
	emu_compute_memory(&facts, &m);
	assert_int_equal(m.free, 0);
	assert_int_equal(m.available, 100 * MIB);
	assert_int_equal(m.swap_total, 1 * MIB);
	assert_int_equal(m.swap_free, 0);
}

/* ---- load ---- */

static void test_emu_load_step_rises_and_falls_as_the_kernels(void **state)
{
	struct emu_load load = { 0 };
	const uint64_t one = 1 << EMU_LOAD_SHIFT;

	(void)state;
	assert_int_equal(emu_load_due(&load, 4 * SECOND), 0);
	for (int i = 1; i <= 12; i++)
		emu_load_step(&load, 2, 0, 0, i * EMU_LOAD_PERIOD_NS);
	/* After one minute of two tasks: 2 * (1 - 1/e) = 1.26 */
	assert_in_range(load.average[0], one * 125 / 100, one * 128 / 100);
	assert_in_range(load.average[1], one * 35 / 100, one * 38 / 100);
	assert_in_range(load.average[2], one * 12 / 100, one * 14 / 100);
	assert_int_equal(load.running, 2);
	for (int i = 13; i <= 24; i++)
		emu_load_step(&load, 0, 0, 0, i * EMU_LOAD_PERIOD_NS);
	assert_in_range(load.average[0], one * 45 / 100, one * 48 / 100);
}

static void test_emu_load_step_counts_blocked_tasks(void **state)
{
	struct emu_load load = { 0 };

	(void)state;
	for (int i = 1; i <= 1000; i++)
		emu_load_step(&load, 1, 3, 0, i * EMU_LOAD_PERIOD_NS);
	assert_int_equal(load.average[0], 4 << EMU_LOAD_SHIFT);
	assert_int_equal(load.average[1], 4 << EMU_LOAD_SHIFT);
	assert_int_equal(load.blocked, 3);
}

/* Nobody looked for an hour, in which one and a half cpus were busy. */
static void test_emu_load_step_fills_a_gap_with_cpu_time(void **state)
{
	struct emu_load load = { 0 };
	const uint64_t one = 1 << EMU_LOAD_SHIFT;

	(void)state;
	emu_load_step(&load, 0, 0, 5400 * (uint64_t)SECOND, 3600 * SECOND);
	assert_in_range(load.average[1], one * 147 / 100, one * 150 / 100);
	assert_in_range(load.average[0], one * 130 / 100, one * 150 / 100);
	assert_int_equal(load.now_ns, 3600 * SECOND);
	/* A clock that jumped, and a counter that fell. */
	emu_load_step(&load, 0, 0, 0, INT64_MAX / 2);
	assert_in_range(load.average[2], 0, one / 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_emu_compute_cpus_takes_the_cpuset),
		cmocka_unit_test(test_emu_compute_cpus_rounds_a_quota_up),
		cmocka_unit_test(test_emu_compute_cpus_never_gives_none),
		cmocka_unit_test(test_emu_compute_cpus_turns_by_the_seed_within_the_cpuset),
		cmocka_unit_test(test_emu_compute_cpus_takes_the_tightest_quota),
		cmocka_unit_test(test_emu_cpuset_next_crosses_words),
		cmocka_unit_test_setup_teardown(test_emu_times_step_spreads_totals_evenly,
						times_setup, times_teardown),
		cmocka_unit_test_setup_teardown(test_emu_times_step_keeps_each_cpus_own,
						times_setup, times_teardown),
		cmocka_unit_test_setup_teardown(test_emu_times_step_moves_what_ran_elsewhere,
						times_setup, times_teardown),
		cmocka_unit_test_setup_teardown(test_emu_times_step_never_goes_back, times_setup,
						times_teardown),
		cmocka_unit_test_setup_teardown(test_emu_times_step_conserves_the_total,
						times_setup, times_teardown),
		cmocka_unit_test_setup_teardown(test_emu_times_step_does_not_invent_idle_time,
						times_setup, times_teardown),
		cmocka_unit_test_setup_teardown(test_emu_times_step_survives_counters_that_were_reset,
						times_setup, times_teardown),
		cmocka_unit_test(test_emu_compute_memory_takes_the_lowest_limit),
		cmocka_unit_test(test_emu_compute_memory_without_a_limit_has_the_hosts),
		cmocka_unit_test(test_emu_compute_memory_saturates),
		cmocka_unit_test(test_emu_load_step_rises_and_falls_as_the_kernels),
		cmocka_unit_test(test_emu_load_step_counts_blocked_tasks),
		cmocka_unit_test(test_emu_load_step_fills_a_gap_with_cpu_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
