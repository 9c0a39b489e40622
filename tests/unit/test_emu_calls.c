/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Unit tests of the emulation's system calls: their structs, and whom a process means by a number. */
#include <sys/sysinfo.h>

#include "emu_fixture.h"
#include "emulated_calls.h"

#define GIB (1024ULL * 1024 * 1024)

static const struct emu_sysinfo small = {
	.uptime_s = 77,
	.load = { 1, 2, 3 },
	.total_bytes = 3 * GIB + 5,
	.free_bytes = 2 * GIB,
	.shared_bytes = 7,
	.buffer_bytes = 8,
	.swap_total_bytes = 9,
	.swap_free_bytes = 10,
	.procs = 70000,
};

static void test_emu_sysinfo_layout_is_the_c_librarys(void **state)
{
	struct sysinfo info;

	(void)state;
	assert_int_equal(sizeof(info), EMULATED_SYSINFO_SIZE);
	memset(&info, 0xff, sizeof(info));
	emu_sysinfo_layout(&small, false, &info);
	assert_int_equal(info.uptime, 77);
	assert_int_equal(info.loads[2], 3);
	assert_int_equal(info.totalram, 3 * GIB + 5);
	assert_int_equal(info.freeram, 2 * GIB);
	assert_int_equal(info.sharedram, 7);
	assert_int_equal(info.bufferram, 8);
	assert_int_equal(info.totalswap, 9);
	assert_int_equal(info.freeswap, 10);
	assert_int_equal(info.procs, 65535); /* as many as there is room for */
	assert_int_equal(info.totalhigh, 0);
	assert_int_equal(info.freehigh, 0);
	assert_int_equal(info.mem_unit, 1);
}

static uint32_t word_of(const uint32_t *words, size_t offset)
{
	return words[offset / 4];
}

static void test_emu_sysinfo_layout_counts_pages_where_32_bits_are_too_few(void **state)
{
	uint32_t words[EMULATED_SYSINFO_SIZE32 / 4];
	struct emu_sysinfo large = small;

	(void)state;
	emu_sysinfo_layout(&small, true, words);
	assert_int_equal(word_of(words, 0), 77);
	assert_int_equal(word_of(words, 16), 3 * GIB + 5);
	assert_int_equal(word_of(words, 36), 10);
	assert_int_equal(word_of(words, 52), 1);
	large.swap_total_bytes = 4 * GIB; /* swap alone is enough */
	emu_sysinfo_layout(&large, true, words);
	assert_int_equal(word_of(words, 16), 3 * GIB / 4096);
	assert_int_equal(word_of(words, 20), 2 * GIB / 4096);
	assert_int_equal(word_of(words, 32), 4 * GIB / 4096);
	assert_int_equal(word_of(words, 40) & 0xffff, 65535);
	assert_int_equal(word_of(words, 52), 4096);
}

/* ---- whom a number means ---- */

static void put_task(struct fixture *f, unsigned id, unsigned tgid, const char *ids)
{
	char path[64], text[160];

	snprintf(path, sizeof(path), "/proc/%u/status", id);
	snprintf(text, sizeof(text),
		 "Name:\tNSpid: 1\\nTgid: 2\nUmask:\t0022\nTgid:\t%u\nPid:\t%u\nNSpid:\t%s\n", tgid,
		 id, ids);
	put(f, path, text);
	snprintf(path, sizeof(path), "/proc/%u/task/%u/status", tgid, id);
	put(f, path, text);
}

/* Process 100 with thread 101; 200 beside it; 300 and 400 in two namespaces below, beside each other. */
static int start(void **state)
{
	int r = fixture_setup(state);
	struct fixture *f = *state;

	put(f, "/cgroup/cgroup.controllers", "memory\n");
	put(f, "/cgroup/c/cgroup.threads", "100\n101\n200\n");
	put(f, "/cgroup/c/nested/cgroup.threads", "300\n301\n400\n");
	put_task(f, 100, 100, "100\t1");
	put_task(f, 101, 100, "101\t5");
	put_task(f, 200, 200, "200\t7");
	put_task(f, 300, 300, "300\t8\t1");
	put_task(f, 301, 300, "301\t9\t2");
	put_task(f, 400, 400, "400\t10\t1");
	put_task(f, 500, 500, "500\t11"); /* another container's */
	fixture_start(f, "0::/c\n");
	return r;
}

static void test_emu_find_task_is_the_caller_itself(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(emu_find_task(f->emu, 100, 1), 100);
	assert_int_equal(emu_find_task(f->emu, 101, 5), 101);
	assert_int_equal(emu_find_task(f->emu, 301, 2), 301);
}

static void test_emu_find_task_is_a_thread_of_the_callers_process(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(emu_find_task(f->emu, 100, 5), 101);
	assert_int_equal(emu_find_task(f->emu, 301, 1), 300);
}

static void test_emu_find_task_is_a_process_of_the_container(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(emu_find_task(f->emu, 100, 7), 200);
	assert_int_equal(emu_find_task(f->emu, 100, 8), 300); /* as 100 sees it */
	assert_int_equal(emu_find_task(f->emu, 200, 5), 101);
}

static void test_emu_find_task_does_not_guess(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(emu_find_task(f->emu, 100, 11), 0);  /* another container's */
	assert_int_equal(emu_find_task(f->emu, 100, 100), 0); /* the host's number is none inside */
	assert_int_equal(emu_find_task(f->emu, 301, 3), 0);   /* in a namespace of its own */
	assert_int_equal(emu_find_task(f->emu, 100, -1), 0);
	assert_int_equal(emu_find_task(f->emu, 999, 1), 0); /* dead */
	assert_int_equal(emu_find_task(f->emu, 0, 1), 0);
}

static void test_emu_scan_task_refuses_what_is_garbled(void **state)
{
	struct emu_task task;
	char text[512] = "Tgid:\t1\nNSpid:";

	(void)state;
	assert_int_equal(emu_scan_task("Tgid:\t1\n", &task), -EINVAL);
	assert_int_equal(emu_scan_task("Tgid:\tx\nNSpid:\t1\n", &task), -EINVAL);
	assert_int_equal(emu_scan_task("Tgid:\t1\nNSpid:\t99999999999\n", &task), -EINVAL);
	assert_int_equal(emu_scan_task("NSpid:\t1\n", &task), -EINVAL);
	for (int i = 0; i < EMU_PID_LEVELS; i++)
		strcat(text, "\t7");
	assert_int_equal(emu_scan_task(text, &task), 0);
	assert_int_equal(task.n, EMU_PID_LEVELS);
	strcat(text, "\t7");
	assert_int_equal(emu_scan_task(text, &task), -EINVAL);
}

#define STARTED(test) cmocka_unit_test_setup_teardown(test, start, fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_emu_sysinfo_layout_is_the_c_librarys),
		cmocka_unit_test(test_emu_sysinfo_layout_counts_pages_where_32_bits_are_too_few),
		STARTED(test_emu_find_task_is_the_caller_itself),
		STARTED(test_emu_find_task_is_a_thread_of_the_callers_process),
		STARTED(test_emu_find_task_is_a_process_of_the_container),
		STARTED(test_emu_find_task_does_not_guess),
		cmocka_unit_test(test_emu_scan_task_refuses_what_is_garbled),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
