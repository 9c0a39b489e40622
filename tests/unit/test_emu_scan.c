/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Unit tests of scan: kernel files as they are, and as they are not. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "scan.h"

static void test_emu_scan_number_takes_numbers_and_max(void **state)
{
	uint64_t n = 7;

	(void)state;
	assert_int_equal(emu_scan_number("123\n", &n), 0);
	assert_int_equal(n, 123);
	assert_int_equal(emu_scan_number("max\n", &n), 0);
	assert_int_equal(n, EMU_NO_LIMIT);
	assert_int_equal(emu_scan_number("0", &n), 0);
	assert_int_equal(n, 0);
	assert_int_equal(emu_scan_number("-1\n", &n), 0);
	assert_int_equal(n, EMU_NO_LIMIT);
	assert_int_equal(emu_scan_number("18446744073709551615\n", &n), 0);
	assert_int_equal(n, UINT64_MAX);
}

static void test_emu_scan_number_refuses_what_is_none(void **state)
{
	static const char *const bad[] = {
		"", "\n", " ", "12x\n", "-2\n", "1 2\n", "1\n2\n", "0x10\n", "1.5\n", "maximum\n", "18446744073709551616\n"
	};
	uint64_t n = 7;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(emu_scan_number(bad[i], &n), -EINVAL);
		assert_int_equal(n, 7);
	}
}

static void test_emu_scan_cpu_max_takes_both_forms(void **state)
{
	uint64_t quota, period;

	(void)state;
	assert_int_equal(emu_scan_cpu_max("150000 100000\n", &quota, &period), 0);
	assert_int_equal(quota, 150000);
	assert_int_equal(period, 100000);
	assert_int_equal(emu_scan_cpu_max("max 100000\n", &quota, &period), 0);
	assert_int_equal(quota, EMU_NO_LIMIT);
	assert_int_equal(emu_scan_cpu_max("1000\n", &quota, &period), -EINVAL);
	assert_int_equal(emu_scan_cpu_max("1000 0\n", &quota, &period), -EINVAL);
	assert_int_equal(emu_scan_cpu_max("", &quota, &period), -EINVAL);
}

static void test_emu_scan_list_takes_ranges(void **state)
{
	uint64_t words[EMU_CPUS_MAX / 64];

	(void)state;
	assert_int_equal(emu_scan_list("0-2,5,64-65\n", EMU_CPUS_MAX, words), 0);
	assert_int_equal(words[0], 0x27);
	assert_int_equal(words[1], 3);
	assert_int_equal(emu_scan_list("\n", EMU_CPUS_MAX, words), 0);
	assert_int_equal(words[0], 0);
	assert_int_equal(emu_scan_list("", EMU_CPUS_MAX, words), 0);
	assert_int_equal(emu_scan_list("0-4294967295\n", 64, words), 0);
	assert_int_equal(words[0], UINT64_MAX);
}

static void test_emu_scan_list_refuses_and_changes_nothing(void **state)
{
	static const char *const bad[] = { "3-1\n",	   "a\n",  "1,\n",   "0-4:1/2\n", "1--2\n",
					   "4294967296\n", ",1\n", "1,,2\n", "0-\n",	  "-1\n" };
	uint64_t words[EMU_CPUS_MAX / 64] = { 42 };

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(emu_scan_list(bad[i], EMU_CPUS_MAX, words), -EINVAL);
		assert_int_equal(words[0], 42);
	}
	assert_int_equal(emu_scan_list("0\n", EMU_CPUS_MAX + 1, words), -EINVAL);
}

struct two {
	uint64_t a, b;
};

static void test_emu_scan_keys_finds_in_any_order(void **state)
{
	static const struct emu_key keys[] = { { "a", offsetof(struct two, a) },
					       { "b", offsetof(struct two, b) } };
	struct two t = { 1, 2 };

	(void)state;
	assert_int_equal(emu_scan_keys("b 20\nab 5\na 10\n", keys, 2, &t), 2);
	assert_int_equal(t.a, 10);
	assert_int_equal(t.b, 20);
	assert_int_equal(emu_scan_keys("a:       3 kB\nb: 4 MB\n", keys, 2, &t), 1);
	assert_int_equal(t.a, 3072);
	assert_int_equal(t.b, 20);
	/* Garbled lines are lines that are not there. */
	assert_int_equal(emu_scan_keys("a\nb \n\n \na -1\nb 1x\na 18446744073709551616\n", keys, 2,
				       &t),
			 0);
	assert_int_equal(emu_scan_keys("a: 18446744073709551615 kB", keys, 2, &t), 0);
	assert_int_equal(t.a, 3072);
}

static void test_emu_scan_pressure_takes_both_lines(void **state)
{
	struct emu_pressure p = { 0 };

	(void)state;
	assert_int_equal(emu_scan_pressure("some avg10=1.23 avg60=0.00 avg300=100.00 total=55\n"
					   "full avg10=0.01 avg60=0.02 avg300=0.03 total=7\n",
					   &p),
			 0);
	assert_int_equal(p.some.avg[0], 123);
	assert_int_equal(p.some.avg[2], 10000);
	assert_int_equal(p.some.total_us, 55);
	assert_true(p.full.there);
	assert_int_equal(p.full.avg[2], 3);
	/* Before Linux 5.13 cpu has no second line. */
	assert_int_equal(emu_scan_pressure("some avg10=0.00 avg60=0.00 avg300=0.00 total=1\n", &p),
			 0);
	assert_false(p.full.there);
	assert_int_equal(emu_scan_pressure("some avg10=0.00 avg60=0.00 total=1\n", &p), -EINVAL);
	assert_int_equal(emu_scan_pressure("some avg10=101.00 avg60=0.00 avg300=0.00 total=1\n", &p),
			 -EINVAL);
	assert_int_equal(emu_scan_pressure("some avg10=1.5 avg60=0.00 avg300=0.00 total=1\n", &p),
			 -EINVAL);
	assert_int_equal(emu_scan_pressure("", &p), -EINVAL);
}

static void test_emu_scan_io_stat_takes_devices(void **state)
{
	struct emu_devices d = { 0 };

	(void)state;
	emu_scan_io_stat("8:0 rbytes=1024 wbytes=2048 rios=3 wios=4 dbytes=5 dios=6\n"
			 "253:0 wbytes=1 cost.vrate=100.00\n7:0 \n",
			 &d);
	assert_int_equal(d.n, 2);
	assert_int_equal(d.items[0].major, 8);
	assert_int_equal(d.items[0].bytes[EMU_IO_READ], 1024);
	assert_int_equal(d.items[0].operations[EMU_IO_DISCARD], 6);
	assert_int_equal(d.items[1].bytes[EMU_IO_WRITE], 1);
	/* As Linux 5.15 may print it. */
	d.n = 0;
	emu_scan_io_stat("7:0 7:1 8:0 rbytes=3 rios=1\n", &d);
	assert_int_equal(d.n, 1);
	assert_int_equal(d.items[0].major, 8);
	assert_int_equal(d.items[0].bytes[EMU_IO_READ], 3);
	d.n = 0;
	emu_scan_io_stat("x:0 rbytes=1\n8:x rbytes=1\n8 rbytes=1\n4294967296:0 rbytes=1\n", &d);
	assert_int_equal(d.n, 0);
}

static void test_emu_scan_blkio_takes_devices_and_no_total(void **state)
{
	struct emu_devices d = { 0 };

	(void)state;
	emu_scan_blkio("8:0 Read 100\n8:0 Write 200\n8:0 Sync 1\n8:0 Discard 3\n8:0 Total 300\nTotal 300\n",
		       true, &d);
	emu_scan_blkio("8:0 Read 1\n8:0 Write 2\n", false, &d);
	assert_int_equal(d.n, 1);
	assert_int_equal(d.items[0].bytes[EMU_IO_READ], 100);
	assert_int_equal(d.items[0].bytes[EMU_IO_WRITE], 200);
	assert_int_equal(d.items[0].bytes[EMU_IO_DISCARD], 3);
	assert_int_equal(d.items[0].operations[EMU_IO_WRITE], 2);
}

static void test_emu_scan_devices_are_bounded(void **state)
{
	static char text[EMU_DEVICES_MAX * 64];
	struct emu_devices d = { 0 };
	size_t at = 0;

	(void)state;
	for (int i = 0; i < 2 * EMU_DEVICES_MAX; i++)
		at += (size_t)snprintf(text + at, sizeof(text) - at, "8:%d rbytes=1\n", i);
	emu_scan_io_stat(text, &d);
	assert_int_equal(d.n, EMU_DEVICES_MAX);
}

static void check_path(const char *text, enum emu_cgroup role, const char *expected)
{
	struct emu_span path;

	if (!expected) {
		assert_int_equal(emu_scan_membership(text, role, &path), -ENOENT);
		return;
	}
	assert_int_equal(emu_scan_membership(text, role, &path), 0);
	assert_true(emu_span_is(path, expected));
}

static void test_emu_scan_membership_finds_roles(void **state)
{
	static const char hybrid[] = "5:name=systemd:/s\n4:memory:/m\n3:cpu,cpuacct:/c:d\n0::/u\n";

	(void)state;
	check_path(hybrid, EMU_CGROUP_MEMORY, "/m");
	check_path(hybrid, EMU_CGROUP_CPU, "/c:d");
	check_path(hybrid, EMU_CGROUP_CPUACCT, "/c:d");
	check_path(hybrid, EMU_CGROUP_V2, "/u");
	check_path(hybrid, EMU_CGROUP_BLKIO, NULL);
	/* Of a process that is outside of our cgroup namespace. */
	check_path("0::/../x\n", EMU_CGROUP_V2, NULL);
	check_path("0::/a/..\n", EMU_CGROUP_V2, NULL);
	check_path("0::/a..b\n", EMU_CGROUP_V2, "/a..b");
	check_path("0::relative\n", EMU_CGROUP_V2, NULL);
	check_path("garbage\n", EMU_CGROUP_V2, NULL);
}

static void test_emu_scan_stat_is_not_misled_by_a_name(void **state)
{
	uint64_t start = 0;

	(void)state;
	assert_int_equal(emu_scan_state("12 (x) R (y) S 1 2\n"), 'S');
	assert_int_equal(emu_scan_state("12 (x) D 1\n"), 'D');
	assert_int_equal(emu_scan_state("12 (x"), 0);
	assert_int_equal(emu_scan_state(""), 0);
	assert_int_equal(emu_scan_start("1 (a) b) S 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22222 23\n",
					&start),
			 0);
	assert_int_equal(start, 22222);
	assert_int_equal(emu_scan_start("1 (a) S 4 5 6\n", &start), -EINVAL);
}

static void test_emu_scan_boottime_offset_takes_negative_ones(void **state)
{
	int64_t ns = 0;

	(void)state;
	assert_int_equal(emu_scan_boottime_offset("monotonic 5 0\nboottime -2 500000000\n", &ns), 0);
	assert_int_equal(ns, -1500000000);
	assert_int_equal(emu_scan_boottime_offset("boottime 3 1\n", &ns), 0);
	assert_int_equal(ns, 3000000001);
	assert_int_equal(emu_scan_boottime_offset("boottime 3 1000000000\n", &ns), -EINVAL);
	assert_int_equal(emu_scan_boottime_offset("boottime 9223372036854775807 0\n", &ns), -EINVAL);
	assert_int_equal(emu_scan_boottime_offset("monotonic 1 1\n", &ns), -EINVAL);
}

static void test_emu_scan_processor_takes_the_heading_alone(void **state)
{
	struct emu_span line = { "processor\t: 12", 14 };
	unsigned cpu = 0;

	(void)state;
	assert_true(emu_scan_processor(line, &cpu));
	assert_int_equal(cpu, 12);
	line = (struct emu_span){ "Processor\t: 12", 14 };
	assert_false(emu_scan_processor(line, &cpu));
	line = (struct emu_span){ "processor\t: 1024", 16 };
	assert_false(emu_scan_processor(line, &cpu));
	line = (struct emu_span){ "processor x\t: 1", 15 };
	assert_false(emu_scan_processor(line, &cpu));
}

static void test_emu_scan_usage_line_skips_the_heading(void **state)
{
	struct emu_span line = { "3 10 20", 7 };
	uint64_t user, system;
	unsigned cpu;

	(void)state;
	assert_true(emu_scan_usage_line(line, &cpu, &user, &system));
	assert_int_equal(cpu, 3);
	assert_int_equal(user, 10);
	assert_int_equal(system, 20);
	line = (struct emu_span){ "cpu user system", 15 };
	assert_false(emu_scan_usage_line(line, &cpu, &user, &system));
	line = (struct emu_span){ "1024 10 20", 10 };
	assert_false(emu_scan_usage_line(line, &cpu, &user, &system));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_emu_scan_number_takes_numbers_and_max),
		cmocka_unit_test(test_emu_scan_number_refuses_what_is_none),
		cmocka_unit_test(test_emu_scan_cpu_max_takes_both_forms),
		cmocka_unit_test(test_emu_scan_list_takes_ranges),
		cmocka_unit_test(test_emu_scan_list_refuses_and_changes_nothing),
		cmocka_unit_test(test_emu_scan_keys_finds_in_any_order),
		cmocka_unit_test(test_emu_scan_pressure_takes_both_lines),
		cmocka_unit_test(test_emu_scan_io_stat_takes_devices),
		cmocka_unit_test(test_emu_scan_blkio_takes_devices_and_no_total),
		cmocka_unit_test(test_emu_scan_devices_are_bounded),
		cmocka_unit_test(test_emu_scan_membership_finds_roles),
		cmocka_unit_test(test_emu_scan_stat_is_not_misled_by_a_name),
		cmocka_unit_test(test_emu_scan_boottime_offset_takes_negative_ones),
		cmocka_unit_test(test_emu_scan_processor_takes_the_heading_alone),
		cmocka_unit_test(test_emu_scan_usage_line_skips_the_heading),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
