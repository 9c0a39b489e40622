/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Unit tests of linux.resources: what its parser takes and refuses, and what the controllers are told, in folders that
 * look like a v1 and a v2 hierarchy.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "arena.h"
#include "cgroup_internal.h"
#include "error.h"
#include "fd.h"
#include "path.h"
#include "resources.h"
#include "str.h"

static struct arena arena;
static json_t *document; /* owner of the strings */

static int parse(const char *text, struct resources *out, struct error *err)
{
	json_decref(document);
	document = json_loads(text, JSON_DECODE_ANY, NULL);
	assert_non_null(document);
	*out = (struct resources){ 0 };
	return json_parse_object(&arena, document, resources_fields, out, err);
}

/* ---- the section ---- */

static void test_resources_parse_reads_rdma_and_network(void **state)
{
	const struct resources_net_priority *priorities;
	const struct resources_rdma *rdma;
	struct resources r;

	(void)state;
	assert_int_equal(parse("{\"rdma\":{\"mlx5_1\":{\"hcaHandles\":3,\"hcaObjects\":10000},"
			       "\"rxe3\":{\"hcaObjects\":0}},\"network\":{\"classID\":1048577,"
			       "\"priorities\":[{\"name\":\"eth0\",\"priority\":500}]}}",
			       &r, NULL),
			 0);
	rdma = r.rdma.items;
	assert_int_equal(r.rdma.n, 2);
	assert_string_equal(rdma[0].device, "mlx5_1");
	assert_int_equal(rdma[0].hca_objects.value, 10000);
	assert_false(rdma[1].hca_handles.set);
	assert_true(rdma[1].hca_objects.set);
	assert_int_equal(r.network.class_id.value, 1048577);
	priorities = r.network.priorities.items;
	assert_string_equal(priorities[0].name, "eth0");
	assert_int_equal(priorities[0].priority, 500);
}

/* Our own samples of what the specification's schema calls bad, and their like. */
static void test_resources_parse_refuses_bad_samples(void **state)
{
	static const struct {
		const char *text, *word;
	} rows[] = {
		{ "{\"rdma\":[]}", "rdma: expected an object" },
		{ "{\"rdma\":{\"mlx5_1\":{}}}", "rdma['mlx5_1']: needs" },
		{ "{\"rdma\":{\"mlx5_1\":3}}", "rdma['mlx5_1']: expected an object" },
		{ "{\"rdma\":{\"mlx5_1\":{\"hcaHandles\":\"not a number\"}}}", "hcaHandles" },
		{ "{\"rdma\":{\"mlx5_1\":{\"hcaHandles\":-1}}}", "hcaHandles" },
		{ "{\"rdma\":{\"mlx5_1\":{\"hcaObjects\":4294967296}}}", "hcaObjects" },
		{ "{\"rdma\":{\"\":{\"hcaObjects\":1}}}", "rdma['']" },
		{ "{\"rdma\":{\"a b\":{\"hcaObjects\":1}}}", "rdma['a b']" },
		{ "{\"rdma\":{\"a\\nb\":{\"hcaObjects\":1}}}", "rdma['a\\x0ab']" },
		{ "{\"network\":{\"classID\":-1}}", "network.classID" },
		{ "{\"network\":{\"classID\":4294967296}}", "network.classID" },
		{ "{\"network\":{\"priorities\":{}}}", "network.priorities" },
		{ "{\"network\":{\"priorities\":[{\"name\":\"eth0\"}]}}", "priorities[0].priority" },
		{ "{\"network\":{\"priorities\":[{\"priority\":1}]}}", "priorities[0].name" },
		{ "{\"network\":{\"priorities\":[{\"name\":\"eth0 9\",\"priority\":1}]}}",
		  "'eth0 9'" },
		{ "{\"network\":{\"priorities\":[{\"name\":\"sixteen-letters-\",\"priority\":1}]}}",
		  "name" },
		{ "{\"hugepageLimits\":[{\"limit\":1}]}", "hugepageLimits[0].pageSize: missing" },
		{ "{\"hugepageLimits\":[{\"pageSize\":\"2MB\"}]}", "limit" },
		{ "{\"hugepageLimits\":[{\"pageSize\":\"64kB\",\"limit\":1}]}", "'64kB'" },
		{ "{\"hugepageLimits\":[{\"pageSize\":\"2\",\"limit\":1}]}", "'2'" },
		{ "{\"hugepageLimits\":[{\"pageSize\":\"02MB\",\"limit\":1}]}", "'02MB'" },
		{ "{\"hugepageLimits\":[{\"pageSize\":\"MB\",\"limit\":1}]}", "'MB'" },
		{ "{\"hugepageLimits\":[{\"pageSize\":\"2MB/../x\",\"limit\":1}]}", "pageSize" },
		{ "{\"hugepageLimits\":[{\"pageSize\":\"2MB\\n\",\"limit\":1}]}", "'2MB\\x0a'" },
		{ "{\"hugepageLimits\":[{\"pageSize\":\"1234567890KB\",\"limit\":1}]}", "pageSize" },
		{ "{\"hugepageLimits\":[{\"pageSize\":2,\"limit\":1}]}", "pageSize" },
		{ "{\"hugepageLimits\":[{\"pageSize\":\"2MB\",\"limit\":-1}]}", "limit" },
		{ "{\"blockIO\":{\"weightDevice\":[{\"major\":8,\"minor\":0}]}}",
		  "blockIO.weightDevice[0]: needs" },
		{ "{\"blockIO\":{\"weightDevice\":[{\"major\":8,\"weight\":5}]}}",
		  "blockIO.weightDevice[0].minor: missing" },
		{ "{\"blockIO\":{\"weightDevice\":[8]}}", "weightDevice[0]: expected an object" },
		{ "{\"blockIO\":{\"weightDevice\":{}}}", "weightDevice: expected an array" },
		{ "{\"unified\":{\"memory.high\":1}}", "unified" },
	};
	struct resources r;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct error err = ERROR_INIT;

		if (parse(rows[i].text, &r, &err) != -EINVAL)
			fail_msg("'%s' was accepted", rows[i].text);
		if (!strstr(err.msg, rows[i].word))
			fail_msg("'%s': '%s' is not in '%s'", rows[i].text, rows[i].word, err.msg);
	}
}

/* ---- folders that look like a cgroup ---- */

static char folder[64];
static int folder_fd = -EBADF;

static void put(const char *name, const char *text)
{
	int fd = openat(folder_fd, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	fd_close(fd);
}

static void assert_has(const char *name, const char *want)
{
	_cleanup_free_ char *text = NULL;

	if (fd_read_file(folder_fd, name, 4096, &text, NULL, NULL) < 0)
		fail_msg("'%s' is not there", name);
	if (strcmp(text, want) != 0)
		fail_msg("'%s' has '%s', expected '%s'", name, text, want);
}

static int setup(void **state)
{
	(void)state;
	(void)str_format(folder, sizeof(folder), "/tmp/test_resources.XXXXXX");
	if (!mkdtemp(folder))
		return -1;
	folder_fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return folder_fd < 0 ? -1 : 0;
}

static int teardown(void **state)
{
	int tmp_fd = open("/tmp", O_PATH | O_DIRECTORY | O_CLOEXEC);
	int r = path_remove_tree(tmp_fd, folder + strlen("/tmp/"), NULL);

	(void)state;
	folder_fd = fd_close(folder_fd);
	fd_close(tmp_fd);
	return r;
}

static int apply(bool is_v2, const char *controllers, const char *text, struct error *err)
{
	struct cgroup cgroup = { .n = 1,
				 .list = { { .is_v2 = is_v2,
					     .options = is_v2 ? (char *)"" : (char *)controllers,
					     .fd = folder_fd } } };
	struct resources r;

	if (is_v2)
		put("cgroup.controllers", controllers);
	assert_int_equal(parse(text, &r, err), 0);
	return is_v2 ? cgroup_v2_apply(&cgroup, &r, err) : cgroup_v1_apply(&cgroup, &r, err);
}

static int v1(const char *controllers, const char *text, struct error *err)
{
	return apply(false, controllers, text, err);
}

static int v2(const char *controllers, const char *text, struct error *err)
{
	return apply(true, controllers, text, err);
}

static void test_hugepages_are_limited_by_reservation_first(void **state)
{
	struct error err = ERROR_INIT;

	(void)state;
	assert_int_equal(v1("hugetlb", "{\"hugepageLimits\":[{\"pageSize\":\"2MB\",\"limit\":7}]}",
			    &err),
			 -ENOTSUP);
	assert_string_equal(err.msg,
			    "linux.resources.hugepageLimits[0].pageSize: this host has no huge pages of '2MB'");
	put("hugetlb.2MB.limit_in_bytes", "");
	put("hugetlb.2MB.max", "");
	assert_int_equal(v1("hugetlb", "{\"hugepageLimits\":[{\"pageSize\":\"2MB\",\"limit\":7}]}",
			    &err),
			 0);
	assert_has("hugetlb.2MB.limit_in_bytes", "7"); /* a kernel without reservations: Linux 5.6 */
	put("hugetlb.2MB.rsvd.limit_in_bytes", "");
	put("hugetlb.2MB.rsvd.max", "");
	assert_int_equal(v1("hugetlb", "{\"hugepageLimits\":[{\"pageSize\":\"2MB\",\"limit\":9}]}",
			    &err),
			 0);
	assert_has("hugetlb.2MB.rsvd.limit_in_bytes", "9");
	assert_has("hugetlb.2MB.limit_in_bytes", "9");
	assert_int_equal(v2("hugetlb", "{\"hugepageLimits\":[{\"pageSize\":\"2MB\",\"limit\":11}]}",
			    &err),
			 0);
	assert_has("hugetlb.2MB.rsvd.max", "11");
	assert_has("hugetlb.2MB.max", "11");
}

static void test_rdma_is_one_line_for_a_device(void **state)
{
	struct error err = ERROR_INIT;

	(void)state;
	put("rdma.max", "");
	assert_int_equal(v1("rdma",
			    "{\"rdma\":{\"mlx5_1\":{\"hcaHandles\":3,\"hcaObjects\":10000}}}", &err),
			 0);
	assert_has("rdma.max", "mlx5_1 hca_handle=3 hca_object=10000");
	put("rdma.max", "");
	assert_int_equal(v2("cpu rdma", "{\"rdma\":{\"rxe3\":{\"hcaObjects\":0}}}", &err), 0);
	assert_has("rdma.max", "rxe3 hca_handle=max hca_object=0");
	assert_int_equal(v1("memory", "{\"rdma\":{\"rxe3\":{\"hcaObjects\":0}}}", &err), -ENOTSUP);
	assert_non_null(strstr(err.msg, "linux.resources.rdma: this host has no 'rdma'"));
}

static void test_network_is_for_v1_alone(void **state)
{
	struct error err = ERROR_INIT;

	(void)state;
	put("net_cls.classid", "");
	put("net_prio.ifpriomap", "");
	assert_int_equal(v1("net_cls,net_prio",
			    "{\"network\":{\"classID\":1048577,\"priorities\":[{\"name\":\"eth0\",\"priority\":5}]}}",
			    &err),
			 0);
	assert_has("net_cls.classid", "1048577");
	assert_has("net_prio.ifpriomap", "eth0 5");
	assert_int_equal(v1("memory", "{\"network\":{\"classID\":1}}", &err), -ENOTSUP);
	assert_non_null(strstr(err.msg, "network.classID"));
	assert_int_equal(v1("net_cls",
			    "{\"network\":{\"priorities\":[{\"name\":\"eth0\",\"priority\":5}]}}",
			    &err),
			 -ENOTSUP);
	assert_non_null(strstr(err.msg, "network.priorities"));
	assert_int_equal(v1("memory", "{\"network\":{\"classID\":0}}", &err), 0);
}

#define WEIGHTS                                                                                    \
	"{\"blockIO\":{\"weight\":100,\"weightDevice\":[{\"major\":8,\"minor\":16,\"weight\":500}]}}"
#define LEAVES                                                                                     \
	"{\"blockIO\":{\"leafWeight\":20,\"weightDevice\":[{\"major\":8,\"minor\":16,\"leafWeight\":30}]}}"

static void test_block_io_weights_of_v1_find_their_scheduler(void **state)
{
	struct error err = ERROR_INIT;

	(void)state;
	assert_int_equal(v1("blkio", WEIGHTS, &err), -ENOTSUP);
	assert_non_null(strstr(err.msg, "blockIO.weight: no I/O scheduler"));
	put("blkio.bfq.weight", "");
	put("blkio.bfq.weight_device", "");
	assert_int_equal(v1("blkio", WEIGHTS, &err), 0);
	assert_has("blkio.bfq.weight", "100");
	assert_has("blkio.bfq.weight_device", "8:16 500");
	assert_int_equal(v1("blkio", LEAVES, &err), -ENOTSUP); /* BFQ has none */
	assert_non_null(strstr(err.msg, "leafWeight"));
	put("blkio.leaf_weight", "");
	put("blkio.leaf_weight_device", "");
	assert_int_equal(v1("blkio", LEAVES, &err), 0);
	assert_has("blkio.leaf_weight", "20");
	assert_has("blkio.leaf_weight_device", "8:16 30");
}

static void test_block_io_weights_of_v2_are_converted(void **state)
{
	struct error err = ERROR_INIT;

	(void)state;
	put("io.weight", "");
	assert_int_equal(v2("io", "{\"blockIO\":{\"weight\":1000}}", &err), 0);
	assert_has("io.weight", "10000");
	put("io.weight", "");
	assert_int_equal(v2("io",
			    "{\"blockIO\":{\"weightDevice\":[{\"major\":8,\"minor\":0,\"weight\":10}]}}",
			    &err),
			 0);
	assert_has("io.weight", "8:0 1");
	put("io.bfq.weight", "");
	assert_int_equal(v2("io",
			    "{\"blockIO\":{\"weightDevice\":[{\"major\":8,\"minor\":0,\"weight\":10}]}}",
			    &err),
			 0);
	assert_has("io.bfq.weight", "8:0 10");
	assert_int_equal(v2("io", LEAVES, &err), -ENOTSUP);
	assert_non_null(strstr(err.msg, "leafWeight"));
}

static void test_block_io_throttles(void **state)
{
	struct error err = ERROR_INIT;

	(void)state;
	put("blkio.throttle.read_bps_device", "");
	put("blkio.throttle.write_iops_device", "");
	put("io.max", "");
	assert_int_equal(v1("blkio",
			    "{\"blockIO\":{\"throttleReadBpsDevice\":[{\"major\":8,\"minor\":0,\"rate\":600}],"
			    "\"throttleWriteIOPSDevice\":[{\"major\":8,\"minor\":16,\"rate\":0}]}}",
			    &err),
			 0);
	assert_has("blkio.throttle.read_bps_device", "8:0 600");
	assert_has("blkio.throttle.write_iops_device", "8:16 0");
	assert_int_equal(v2("io",
			    "{\"blockIO\":{\"throttleWriteBpsDevice\":[{\"major\":8,\"minor\":0,\"rate\":600}]}}",
			    &err),
			 0);
	assert_has("io.max", "8:0 wbps=600");
	put("io.max", "");
	assert_int_equal(v2("io",
			    "{\"blockIO\":{\"throttleReadIOPSDevice\":[{\"major\":8,\"minor\":0,\"rate\":0}]}}",
			    &err),
			 0);
	assert_has("io.max", "8:0 riops=max");
}

static void test_memory_check_before_update(void **state)
{
	struct error err = ERROR_INIT;

	(void)state;
	put("memory.current", "5000\n");
	put("memory.max", "max");
	put("memory.swap.max", "max");
	assert_int_equal(v2("memory", "{\"memory\":{\"limit\":4999,\"checkBeforeUpdate\":true}}",
			    &err),
			 -EBUSY);
	assert_non_null(strstr(err.msg, "memory.limit: 4999"));
	assert_int_equal(v2("memory",
			    "{\"memory\":{\"limit\":-1,\"swap\":4999,\"checkBeforeUpdate\":true}}",
			    &err),
			 -EBUSY);
	assert_non_null(strstr(err.msg, "memory.swap: 4999"));
	assert_has("memory.max", "max");
	put("memory.max", "");
	assert_int_equal(v2("memory", "{\"memory\":{\"limit\":4999}}", &err), 0);
	assert_has("memory.max", "4999");
	put("memory.max", "");
	assert_int_equal(v2("memory", "{\"memory\":{\"limit\":5000,\"checkBeforeUpdate\":true}}",
			    &err),
			 0);
	assert_has("memory.max", "5000");
}

static void test_cpu_idle_and_burst(void **state)
{
	struct error err = ERROR_INIT;

	(void)state;
	put("cpu.idle", "");
	put("cpu.shares", "");
	put("cpu.cfs_quota_us", "");
	put("cpu.cfs_burst_us", "");
	put("cpu.weight", "");
	put("cpu.max", "");
	put("cpu.max.burst", "");
	assert_int_equal(v1("cpu", "{\"cpu\":{\"idle\":1,\"quota\":5000,\"burst\":2000,\"shares\":9}}",
			    &err),
			 0);
	assert_has("cpu.idle", "1");
	assert_has("cpu.shares", "9");
	assert_has("cpu.cfs_quota_us", "5000");
	assert_has("cpu.cfs_burst_us", "2000");
	put("cpu.idle", "");
	assert_int_equal(v2("cpu", "{\"cpu\":{\"idle\":1,\"quota\":5000,\"burst\":2000,\"shares\":9}}",
			    &err),
			 0);
	assert_has("cpu.idle", "1");
	assert_has("cpu.weight", ""); /* the kernel gives an idle group none */
	assert_has("cpu.max", "5000 100000");
	assert_has("cpu.max.burst", "2000");
}

static void test_v2_refuses_what_only_v1_has(void **state)
{
	static const struct {
		const char *text, *word;
	} rows[] = {
		{ "{\"memory\":{\"limit\":5000,\"swappiness\":0}}", "memory.swappiness" },
		{ "{\"memory\":{\"limit\":5000,\"disableOOMKiller\":true}}",
		  "memory.disableOOMKiller" },
		{ "{\"memory\":{\"limit\":5000,\"kernelTCP\":4096}}", "memory.kernelTCP" },
		{ "{\"cpu\":{\"quota\":5000,\"realtimeRuntime\":900}}", "cpu.realtimeRuntime" },
		{ "{\"cpu\":{\"quota\":5000,\"realtimePeriod\":900}}", "cpu.realtimePeriod" },
	};
	struct error err = ERROR_INIT;

	(void)state;
	put("memory.max", "was");
	put("cpu.max", "was");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(v2("memory cpu", rows[i].text, &err), -ENOTSUP);
		assert_non_null(strstr(err.msg, rows[i].word));
	}
	assert_has("memory.max", "was");
	assert_has("cpu.max", "was");
	/* those that say nothing, and controllers that v1 has */
	assert_int_equal(v2("memory cpu",
			    "{\"memory\":{\"disableOOMKiller\":false,\"kernelTCP\":-1},"
			    "\"cpu\":{\"realtimeRuntime\":0,\"realtimePeriod\":0}}",
			    &err),
			 0);
	assert_int_equal(v2("hugetlb",
			    "{\"memory\":{\"swappiness\":5},\"cpu\":{\"realtimePeriod\":9}}", &err),
			 0);
}

static void test_pids_zero_is_no_limit(void **state)
{
	(void)state;
	put("pids.max", "was");
	assert_int_equal(v1("pids", "{\"pids\":{\"limit\":0}}", NULL), 0);
	assert_int_equal(v2("pids", "{\"pids\":{\"limit\":0}}", NULL), 0);
	assert_has("pids.max", "was");
	put("pids.max", "");
	assert_int_equal(v1("pids", "{\"pids\":{\"limit\":-1}}", NULL), 0);
	assert_has("pids.max", "max");
	put("pids.max", "");
	assert_int_equal(v2("pids", "{\"pids\":{\"limit\":5}}", NULL), 0);
	assert_has("pids.max", "5");
}

static void test_unified_writes_files_of_controllers_that_are_there(void **state)
{
	static const struct {
		const char *name, *word;
	} bad[] = {
		{ "../memory.high", "not the name of a limit" },
		{ "memory/high", "not the name of a limit" },
		{ "memory", "not the name of a limit" },
		{ "", "not the name of a limit" },
		{ "..", "not the name of a limit" },
		{ ".hidden", "not the name of a limit" },
		{ "cgroup.procs", "not the name of a limit" },
		{ "cgroup.max.depth", "not the name of a limit" },
		{ "cgroup.kill", "not the name of a limit" },
		{ "cgroup.freeze", "not the name of a limit" },
		{ "cgroup.subtree_control", "not the name of a limit" },
		{ "io.max", "controller" },
		{ "mem.high", "controller" },
		{ "memory.\x1b", "'memory.\\x1b'" },
		{ "memory.future", "no limit 'memory.future'" },
	};
	char text[160];

	(void)state;
	put("memory.high", "");
	put("io.max", "");
	put("cgroup.pressure", "");
	put("cgroup.procs", "");
	assert_int_equal(v2("memory",
			    "{\"unified\":{\"memory.high\":\"7\",\"cgroup.pressure\":\"0\"}}", NULL),
			 0);
	assert_has("memory.high", "7");
	assert_has("cgroup.pressure", "0");
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct error err = ERROR_INIT;
		json_t *name = json_string(bad[i].name);
		char *quoted = json_dumps(name, JSON_ENCODE_ANY);

		(void)str_format(text, sizeof(text), "{\"unified\":{%s:\"1\"}}", quoted);
		if (v2("memory", text, &err) == 0)
			fail_msg("'%s' was accepted", bad[i].name);
		if (!strstr(err.msg, bad[i].word))
			fail_msg("'%s': '%s' is not in '%s'", bad[i].name, bad[i].word, err.msg);
		free(quoted);
		json_decref(name);
	}
	assert_has("io.max", "");
	assert_has("cgroup.procs", "");
}

static void test_unified_writes_line_by_line(void **state)
{
	(void)state;
	put("io.max", "--------------------");
	assert_int_equal(v2("io", "{\"unified\":{\"io.max\":\"8:0 rbps=100\\n8:16 wbps=7\\n\"}}",
			    NULL),
			 0);
	assert_has("io.max", "8:16 wbps=70--------"); /* one write over the other */
}

int main(void)
{
#define ON_FOLDER(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_resources_parse_reads_rdma_and_network),
		cmocka_unit_test(test_resources_parse_refuses_bad_samples),
		ON_FOLDER(test_hugepages_are_limited_by_reservation_first),
		ON_FOLDER(test_rdma_is_one_line_for_a_device),
		ON_FOLDER(test_network_is_for_v1_alone),
		ON_FOLDER(test_block_io_weights_of_v1_find_their_scheduler),
		ON_FOLDER(test_block_io_weights_of_v2_are_converted),
		ON_FOLDER(test_block_io_throttles),
		ON_FOLDER(test_memory_check_before_update),
		ON_FOLDER(test_cpu_idle_and_burst),
		ON_FOLDER(test_v2_refuses_what_only_v1_has),
		ON_FOLDER(test_pids_zero_is_no_limit),
		ON_FOLDER(test_unified_writes_files_of_controllers_that_are_there),
		ON_FOLDER(test_unified_writes_line_by_line),
	};
	int r = cmocka_run_group_tests_name("resources", tests, NULL, NULL);

	json_decref(document);
	arena_done(&arena);
	return r;
}
