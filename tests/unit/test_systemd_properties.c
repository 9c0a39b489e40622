/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Unit tests of systemd_properties: linux.resources as config.json has it, and the lines that come of it. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "arena.h"
#include "devices.h"
#include "error.h"
#include "resources.h"
#include "systemd_properties.h"

static char *write_all(const char *document, bool v2, int *ret, struct error *err)
{
	json_t *tree = json_loads(document, 0, NULL);
	struct resources resources = { 0 };
	struct arena arena = ARENA_INIT;
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	assert_non_null(tree);
	assert_non_null(out);
	assert_int_equal(json_parse_object(&arena, tree, resources_fields, &resources, err), 0);
	*ret = systemd_properties_write(out, &resources, v2, err);
	(void)fclose(out);
	arena_done(&arena);
	json_decref(tree);
	return text;
}

struct row {
	const char *document, *lines;
};

static void check_rows(const struct row *rows, size_t n, bool v2)
{
	for (size_t i = 0; i < n; i++) {
		struct error err = ERROR_INIT;
		int r;
		char *text = write_all(rows[i].document, v2, &r, &err);

		if (r < 0)
			fail_msg("%s: %s", rows[i].document, err.msg);
		assert_string_equal(text, rows[i].lines);
		free(text);
	}
}

static void test_systemd_properties_write_v2(void **state)
{
	static const struct row rows[] = {
		{ "{}", "" },
		{ "{\"memory\": {\"limit\": 0, \"swap\": 0}, \"cpu\": {\"shares\": 0, \"quota\": 0}, "
		  "\"pids\": {\"limit\": 0}}",
		  "" },
		{ "{\"memory\": {\"limit\": 67108864, \"reservation\": 1048576, \"swap\": 100663296}}",
		  "0 MemoryMax t 67108864\n0 MemoryLow t 1048576\n0 MemorySwapMax t 33554432\n" },
		{ "{\"memory\": {\"limit\": 67108864, \"swap\": 67108864}}", /* no swap at all */
		  "0 MemoryMax t 67108864\n0 MemorySwapMax t 0\n" },
		{ "{\"memory\": {\"limit\": -1, \"swap\": -1}}",
		  "0 MemoryMax t 18446744073709551615\n0 MemorySwapMax t 18446744073709551615\n" },
		{ "{\"cpu\": {\"shares\": 1024}}", "0 CPUWeight t 100\n" },
		{ "{\"cpu\": {\"shares\": 1024, \"idle\": 1}}", "252 CPUWeight t 0\n" },
		{ "{\"cpu\": {\"quota\": 50000, \"period\": 100000}}",
		  "242 CPUQuotaPeriodUSec t 100000\n0 CPUQuotaPerSecUSec t 500000\n" },
		{ "{\"cpu\": {\"quota\": 33333}}", "0 CPUQuotaPerSecUSec t 340000\n" }, /* rounded up */
		{ "{\"cpu\": {\"quota\": 1000, \"period\": 1000000}}",
		  "242 CPUQuotaPeriodUSec t 1000000\n0 CPUQuotaPerSecUSec t 10000\n" },
		{ "{\"cpu\": {\"quota\": -1, \"period\": 50000}}",
		  "242 CPUQuotaPeriodUSec t 50000\n0 CPUQuotaPerSecUSec t 18446744073709551615\n" },
		{ "{\"cpu\": {\"quota\": 9223372036854775807, \"period\": 1}}",
		  "242 CPUQuotaPeriodUSec t 1\n0 CPUQuotaPerSecUSec t 18446744073709551615\n" },
		{ "{\"cpu\": {\"cpus\": \"0-1,9\", \"mems\": \"0\"}}",
		  "244 AllowedCPUs ay 0302\n244 AllowedMemoryNodes ay 01\n" },
		{ "{\"pids\": {\"limit\": 50}}", "0 TasksMax t 50\n" },
		{ "{\"pids\": {\"limit\": -1}}", "0 TasksMax t 18446744073709551615\n" },
		{ "{\"blockIO\": {\"weight\": 1000}}", "0 IOWeight t 10000\n" },
	};

	(void)state;
	check_rows(rows, sizeof(rows) / sizeof(rows[0]), true);
}

static void test_systemd_properties_write_unified(void **state)
{
	static const struct row rows[] = {
		{ "{\"unified\": {\"memory.max\": \"1048576\"}}", "0 MemoryMax t 1048576\n" },
		{ "{\"unified\": {\"memory.high\": \"max\"}}",
		  "0 MemoryHigh t 18446744073709551615\n" },
		{ "{\"unified\": {\"memory.min\": \"0\"}}", "0 MemoryMin t 0\n" },
		{ "{\"unified\": {\"pids.max\": \"7\"}}", "0 TasksMax t 7\n" },
		{ "{\"unified\": {\"cpu.weight\": \"200\"}}", "0 CPUWeight t 200\n" },
		{ "{\"unified\": {\"cpu.idle\": \"1\"}}", "252 CPUWeight t 0\n" },
		{ "{\"unified\": {\"cpu.max\": \"20000 50000\"}}",
		  "242 CPUQuotaPeriodUSec t 50000\n0 CPUQuotaPerSecUSec t 400000\n" },
		{ "{\"unified\": {\"cpu.max\": \"max\"}}",
		  "242 CPUQuotaPeriodUSec t 100000\n0 CPUQuotaPerSecUSec t 18446744073709551615\n" },
		{ "{\"unified\": {\"cpuset.cpus\": \"3\"}}", "244 AllowedCPUs ay 08\n" },
		{ "{\"unified\": {\"cpuset.mems\": \"0-1\"}}", "244 AllowedMemoryNodes ay 03\n" },
		/* the kernel says what is wrong with it, and what systemd does not know it is not told */
		{ "{\"unified\": {\"memory.max\": \"1M\", \"cpu.max\": \"x y\"}}", "" },
		{ "{\"unified\": {\"cpu.max\": \"1 0\", \"memory.max\": \"0\"}}", "" },
		{ "{\"unified\": {\"memory.oom.group\": \"1\", \"hugetlb.2MB.max\": \"0\"}}", "" },
		{ "{\"unified\": {\"Slice\": \"x\", \"a\\n0 PIDs au 1\": \"5\"}}", "" },
	};

	(void)state;
	check_rows(rows, sizeof(rows) / sizeof(rows[0]), true);
}

static void test_systemd_properties_write_v1(void **state)
{
	static const struct row rows[] = {
		{ "{\"memory\": {\"limit\": 67108864, \"swap\": 100663296}}",
		  "0 MemoryLimit t 67108864\n" },
		{ "{\"cpu\": {\"shares\": 1024, \"cpus\": \"0\", \"quota\": 50000}}",
		  "0 CPUShares t 1024\n0 CPUQuotaPerSecUSec t 500000\n" },
		{ "{\"cpu\": {\"shares\": 1}}", "0 CPUShares t 2\n" },
		{ "{\"pids\": {\"limit\": 50}}", "0 TasksMax t 50\n" },
		{ "{\"blockIO\": {\"weight\": 5}}", "0 BlockIOWeight t 10\n" },
		{ "{\"unified\": {\"memory.max\": \"1048576\"}}", "" },
	};

	(void)state;
	check_rows(rows, sizeof(rows) / sizeof(rows[0]), false);
}

static void test_systemd_properties_write_refuses_what_is_no_list(void **state)
{
	static const char *const lists[] = {
		"x", "1-", "-1", "3-1", "0,,1", "8192", "0-99999999999", "0 1", "0\\n0 PIDs au 1",
		","
	};
	char document[128];

	(void)state;
	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
		struct error err = ERROR_INIT;
		int r;
		char *text;

		(void)snprintf(document, sizeof(document), "{\"cpu\": {\"cpus\": \"%s\"}}", lists[i]);
		text = write_all(document, true, &r, &err);
		if (r != -EINVAL || !strstr(err.msg, "linux.resources.cpu.cpus"))
			fail_msg("%s: %d %s", lists[i], r, err.msg);
		assert_string_equal(text, "");
		free(text);
	}
}

static void test_systemd_properties_write_devices_lists_the_plan(void **state)
{
	static struct device_plan plan = {
		.rules = { { .type = 'c', .major = 1, .minor = 3 },
			   { .type = 'c', .major = 136, .minor = DEVICE_ANY } },
		.n_rules = 2,
	};
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	(void)state;
	assert_non_null(out);
	systemd_properties_write_devices(out, &plan);
	(void)fclose(out);
	assert_string_equal(text, "0 DevicePolicy s strict\n"
				  "0 DeviceAllow a(ss) /dev/char/1:3 rwm char-136 rwm\n");
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_systemd_properties_write_v2),
		cmocka_unit_test(test_systemd_properties_write_unified),
		cmocka_unit_test(test_systemd_properties_write_v1),
		cmocka_unit_test(test_systemd_properties_write_refuses_what_is_no_list),
		cmocka_unit_test(test_systemd_properties_write_devices_lists_the_plan),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
