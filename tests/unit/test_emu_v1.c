/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Unit tests of the emulation on cgroup v1 and on hybrid hosts: the same container, told by other files. */
#include "emu_fixture.h"

#define MEMBERSHIP                                                                                 \
	"6:name=systemd:/docker/c\n5:blkio:/docker/c\n4:memory:/docker/c\n3:cpuset:/docker/c\n"    \
	"2:cpu,cpuacct:/docker/c\n0::/docker/c\n"
#define MEMORY "/cgroup/memory/docker/c"
#define CPU "/cgroup/cpu,cpuacct/docker/c"
#define CPUSET "/cgroup/cpuset/docker/c"
#define BLKIO "/cgroup/blkio/docker/c"
#define UNIFIED "/cgroup/unified/docker/c"

static const char memory_stat[] =
	"cache 1\nrss 2\nhierarchical_memory_limit 268435456\n"
	"hierarchical_memsw_limit 402653184\ntotal_cache 52428800\n"
	"total_rss 10485760\ntotal_rss_huge 2097152\ntotal_shmem 1048576\n"
	"total_mapped_file 20971520\ntotal_dirty 65536\ntotal_writeback 32768\n"
	"total_swap 4194304\ntotal_pgpgin 999\ntotal_pgfault 1000\n"
	"total_pgmajfault 7\ntotal_inactive_anon 9437184\n"
	"total_active_anon 2097152\ntotal_inactive_file 31457280\n"
	"total_active_file 19922944\ntotal_unevictable 4096\n";

static int setup(void **state)
{
	int r = fixture_setup(state);
	struct fixture *f = *state;

	put(f, "/cgroup/memory/tasks", "");
	put(f, "/cgroup/cpu,cpuacct/tasks", "");
	put(f, "/cgroup/cpuset/tasks", "");
	put(f, "/cgroup/blkio/tasks", "");
	put(f, MEMORY "/memory.stat", memory_stat);
	put(f, MEMORY "/memory.limit_in_bytes", "268435456\n");
	put(f, MEMORY "/memory.usage_in_bytes", "73400320\n");
	put(f, MEMORY "/memory.oom_control", "oom_kill_disable 0\nunder_oom 0\noom_kill 3\n");
	put(f, CPU "/cpu.cfs_quota_us", "150000\n");
	put(f, CPU "/cpu.cfs_period_us", "100000\n");
	put(f, "/cgroup/cpu,cpuacct/docker/cpu.cfs_quota_us", "-1\n");
	put(f, CPU "/cpuacct.usage_all",
	    "cpu user system\n0 0 0\n1 0 0\n2 20000000000 5000000000\n"
	    "3 1000000000 0\n4 3000000000 1000000000\n5 0 0\n6 0 0\n7 0 0\n");
	put(f, CPU "/tasks", "100\n101\n");
	put(f, "/proc/101/stat", "101 (w) R 1\n");
	put(f, CPUSET "/cpuset.effective_cpus", "2-5\n");
	put(f, CPUSET "/cpuset.effective_mems", "0\n");
	put(f, BLKIO "/blkio.throttle.io_service_bytes_recursive",
	    "8:0 Read 1048576\n8:0 Write 2097152\n8:0 Sync 0\n8:0 Async 0\n8:0 Discard 4096\n8:0 Total 1\nTotal 1\n");
	put(f, BLKIO "/blkio.throttle.io_serviced_recursive",
	    "8:0 Read 10\n8:0 Write 20\n8:0 Discard 1\nTotal 31\n");
	return r;
}

static int start(void **state)
{
	int r = setup(state);

	fixture_start(*state, MEMBERSHIP);
	return r;
}

static void test_emu_render_v1_memory(void **state)
{
	struct fixture *f = *state;
	const char *text = show(f, "/proc/meminfo");

	assert_int_equal(value_of(text, "MemTotal"), 262144);
	assert_int_equal(value_of(text, "MemFree"), 190464);
	assert_int_equal(value_of(text, "MemAvailable"), 190464 + 50176);
	assert_int_equal(value_of(text, "Cached"), 51200);
	assert_int_equal(value_of(text, "AnonPages"), 10240);
	assert_int_equal(value_of(text, "AnonHugePages"), 2048);
	assert_int_equal(value_of(text, "Mapped"), 20480);
	assert_int_equal(value_of(text, "Dirty"), 64);
	assert_int_equal(value_of(text, "Shmem"), 1024);
	/* 384 MiB of both, 256 of them memory. */
	assert_int_equal(value_of(text, "SwapTotal"), 131072);
	assert_int_equal(value_of(text, "SwapFree"), 126976);
	assert_int_equal(value_of(show(f, "/proc/vmstat"), "oom_kill"), 3);
	assert_int_equal(value_of(show(f, "/proc/vmstat"), "pgfault"), 1000);
	assert_int_equal(value_of(show(f, "/proc/vmstat"), "pgpgin"),
			 1024); /* io, not v1's pages charged */
}

static void test_emu_render_v1_swap_limits(void **state)
{
	struct fixture *f = *state;

	/* No swap at all: both limits are the same. */
	put(f, MEMORY "/memory.stat",
	    "hierarchical_memory_limit 268435456\nhierarchical_memsw_limit 268435456\n");
	pass(EMU_FRESH_NS);
	assert_int_equal(value_of(show(f, "/proc/meminfo"), "SwapTotal"), 0);
	/* No limit of both: the host's. */
	put(f, MEMORY "/memory.stat",
	    "hierarchical_memory_limit 268435456\nhierarchical_memsw_limit 9223372036854771712\ntotal_swap 1024\n");
	pass(EMU_FRESH_NS);
	assert_int_equal(value_of(show(f, "/proc/meminfo"), "SwapTotal"), 2097152);
	assert_int_equal(value_of(show(f, "/proc/meminfo"), "SwapFree"), 2097151);
	/* No accounting of swap. */
	put(f, MEMORY "/memory.stat", "hierarchical_memory_limit 268435456\n");
	pass(EMU_FRESH_NS);
	assert_int_equal(value_of(show(f, "/proc/meminfo"), "SwapTotal"), 2097152);
	/* No limit whatever. */
	put(f, MEMORY "/memory.stat", "hierarchical_memory_limit 9223372036854771712\n");
	pass(EMU_FRESH_NS);
	assert_int_equal(value_of(show(f, "/proc/meminfo"), "MemTotal"), 16777216);
}

static void test_emu_render_v1_cpu_time_is_of_each_cpu(void **state)
{
	struct fixture *f = *state;

	/* What cpu 4 did, which is not shown, went to cpu 3 and 2; 30 s in all. */
	assert_string_equal(show(f, "/sys/devices/system/cpu/online"), "2-3\n");
	assert_ptr_equal(strstr(show(f, "/proc/stat"), "cpu  2400 0 600 17000 0 0 0 0 0 0\n"
						       "cpu2 2150 0 550 7300 0 0 0 0 0 0\n"
						       "cpu3 250 0 50 9700 0 0 0 0 0 0\n"),
			 f->text.data);
}

static void test_emu_render_v1_quota_of_an_ancestor(void **state)
{
	struct fixture *f = *state;

	put(f, "/cgroup/cpu,cpuacct/docker/cpu.cfs_quota_us", "20000\n");
	put(f, "/cgroup/cpu,cpuacct/docker/cpu.cfs_period_us", "100000\n");
	pass(EMU_FRESH_NS);
	assert_string_equal(show(f, "/sys/devices/system/cpu/online"), "2\n");
	/* The root's is none of ours. */
	put(f, "/cgroup/cpu,cpuacct/docker/cpu.cfs_quota_us", "-1\n");
	put(f, CPU "/cpu.cfs_quota_us", "-1\n");
	put(f, "/cgroup/cpu,cpuacct/cpu.cfs_quota_us", "20000\n");
	put(f, "/cgroup/cpu,cpuacct/cpu.cfs_period_us", "100000\n");
	pass(EMU_FRESH_NS);
	assert_string_equal(show(f, "/sys/devices/system/cpu/online"), "2-5\n");
}

static void test_emu_render_v1_io(void **state)
{
	struct fixture *f = *state;

	assert_string_equal(show(f, "/proc/diskstats"),
			    "   8       0 sda 10 0 2048 0 20 0 4096 0 0 0 0 1 0 8 0 0 0\n");
	put(f, BLKIO "/blkio.throttle.io_service_bytes_recursive", "Total 0\n");
	put(f, BLKIO "/blkio.throttle.io_serviced_recursive", "Total 0\n");
	pass(EMU_FRESH_NS);
	assert_string_equal(show(f, "/proc/diskstats"), "");
}

static void test_emu_render_v1_has_tasks_and_no_pressure(void **state)
{
	struct fixture *f = *state;

	assert_non_null(strstr(show(f, "/proc/loadavg"), " 1/2 0\n"));
	assert_string_equal(show(f, "/proc/pressure/io"),
			    "some avg10=0.00 avg60=0.00 avg300=0.00 total=0\n"
			    "full avg10=0.00 avg60=0.00 avg300=0.00 total=0\n");
	assert_string_equal(show(f, "/sys/devices/system/node/online"),
			    "0\n"); /* cpus 2 and 3, memory of node 0 */
}

static void test_emu_render_v1_nested(void **state)
{
	struct fixture *f = *state;

	put(f, "/proc/200/cgroup",
	    "4:memory:/docker/c/in\n3:cpuset:/docker/c/in\n2:cpu,cpuacct:/docker/c/in\n");
	put(f, MEMORY "/in/memory.limit_in_bytes", "67108864\n");
	put(f, MEMORY "/in/memory.usage_in_bytes", "1048576\n");
	put(f, MEMORY "/in/memory.stat",
	    "hierarchical_memory_limit 67108864\nhierarchical_memsw_limit 67108864\ntotal_rss 524288\n");
	put(f, CPUSET "/in/cpuset.effective_cpus", "2-5\n");
	put(f, CPU "/in/cpu.cfs_quota_us", "100000\n");
	put(f, CPU "/in/cpu.cfs_period_us", "100000\n");
	put(f, CPU "/in/cpuacct.usage_all", "cpu user system\n2 1000000000 0\n5 1000000000 0\n");
	assert_int_equal(value_of(show_to(f, 200, "/proc/meminfo"), "MemTotal"), 65536);
	assert_int_equal(value_of(show_to(f, 200, "/proc/meminfo"), "AnonPages"), 512);
	assert_int_equal(value_of(show_to(f, 200, "/proc/meminfo"), "SwapTotal"), 0);
	assert_non_null(strstr(show_to(f, 200, "/proc/stat"), "cpu  200 0 0 9800 0"));
	assert_string_equal(show_to(f, 200, "/proc/cpuinfo"),
			    "processor\t: 2\nmodel name\t: Example\nphysical id\t: 0\nsiblings\t: 1\n"
			    "core id\t\t: 2\ncpu cores\t: 1\n\n");
	/* A session without limits of its own. */
	put(f, MEMORY "/in/memory.limit_in_bytes", "9223372036854771712\n");
	pass(EMU_FRESH_NS);
	assert_int_equal(value_of(show_to(f, 200, "/proc/meminfo"), "MemTotal"), 262144);
	assert_int_equal(value_of(show_to(f, 200, "/proc/meminfo"), "AnonPages"), 10240);
}

/* Controllers in v1, pressure and tasks in v2, which has cpu.stat without a controller too. */
static void test_emu_render_hybrid(void **state)
{
	struct fixture *f = *state;

	put(f, "/cgroup/unified/cgroup.controllers", "");
	put(f, UNIFIED "/cgroup.threads", "100\n101\n102\n");
	put(f, UNIFIED "/sub/cgroup.threads", "103\n");
	put(f, UNIFIED "/cpu.pressure", "some avg10=1.00 avg60=2.00 avg300=3.00 total=4\n");
	put(f, UNIFIED "/cpu.stat", "usage_usec 77\nuser_usec 77\nsystem_usec 0\n");
	fixture_start(f, MEMBERSHIP);
	assert_int_equal(value_of(show(f, "/proc/meminfo"), "MemTotal"), 262144);
	assert_string_equal(show(f, "/sys/devices/system/cpu/online"), "2-3\n");
	assert_non_null(strstr(show(f, "/proc/stat"), "cpu  2400 0 600"));
	assert_non_null(strstr(show(f, "/proc/loadavg"), "/4 0\n"));
	assert_string_equal(show(f, "/proc/pressure/cpu"),
			    "some avg10=1.00 avg60=2.00 avg300=3.00 total=4\n");
	/* Without cpuacct, v2's totals. */
	put(f, CPU "/cpuacct.usage_all", "");
	put(f, UNIFIED "/cpu.stat", "usage_usec 90000000\nuser_usec 90000000\nsystem_usec 0\n");
	restart_worker(f);
	pass(EMU_FRESH_NS);
	assert_non_null(strstr(show(f, "/proc/stat"), "cpu  9000 0"));
}

static void test_emu_sources_open_takes_what_is_there(void **state)
{
	struct fixture *f = *state;
	struct emu_places places = {
		.proc = "/nowhere", .sys = "/nowhere", .cgroup = "/nowhere", .membership = ""
	};
	struct emu_sources sources = EMU_SOURCES_INIT;
	struct error err = ERROR_INIT;
	char proc[96], cgroup[96];

	assert_int_equal(emu_sources_open(&sources, &places, &err), -ENOENT);
	assert_int_equal(sources.proc_fd, -EBADF);
	snprintf(proc, sizeof(proc), "%s/proc", f->root);
	places.proc = proc;
	assert_int_equal(emu_sources_open(&sources, &places, &err), 0);
	assert_int_equal(sources.sys_fd, -EBADF);
	for (int i = 0; i < EMU_CGROUPS; i++)
		assert_int_equal(sources.cgroup_fd[i], -EBADF);
	emu_sources_done(&sources);
	places.init_pid = 555;
	assert_int_equal(emu_sources_open(&sources, &places, &err), -ENOENT);
	/* In the roots of hierarchies, where the numbers are the host's. */
	places.init_pid = 0;
	places.membership = "4:memory:/\n0::/\n";
	snprintf(cgroup, sizeof(cgroup), "%s/cgroup", f->root);
	places.cgroup = cgroup;
	put(f, "/cgroup/memory/tasks", "");
	put(f, "/cgroup/memory/memory.usage_in_bytes", "1\n");
	assert_int_equal(emu_sources_open(&sources, &places, &err), 0);
	assert_int_equal(sources.cgroup_fd[EMU_CGROUP_MEMORY], -EBADF);
	assert_int_equal(sources.cgroup_fd[EMU_CGROUP_V2], -EBADF);
	emu_sources_done(&sources);
	/* One machine without cgroups and /sys still has one cpu and its memory. */
	fixture_start(f, "");
	assert_int_equal(f->sources.start_ns, 900 * SECOND);
	assert_int_equal(f->sources.boottime_offset_ns, -900 * SECOND);
	assert_string_equal(show(f, "/sys/devices/system/cpu/online"), "0-7\n");
	assert_int_equal(value_of(show(f, "/proc/meminfo"), "MemFree"), 16777216);
	assert_string_equal(show(f, "/proc/loadavg"), "0.00 0.00 0.00 1/1 0\n");
	assert_string_equal(show(f, "/proc/diskstats"), "");
}

static void test_emu_reader_of_cuts_long_paths_at_a_folder(void **state)
{
	struct fixture *f = *state;
	char text[2048] = "4:memory:/docker/c";
	struct emu_reader reader;

	for (int i = 0; i < 100; i++)
		strcat(text, "/0123456789");
	strcat(text, "\n");
	put(f, "/proc/300/cgroup", text);
	put(f, MEMORY "/0123456789/tasks", "");
	emu_reader_of(f->emu, 300, &reader);
	assert_int_equal(strlen(reader.path[EMU_CGROUP_MEMORY]), 46 * 11 - 1);
	assert_string_equal(reader.path[EMU_CGROUP_CPU], "");
	put(f, "/proc/301/cgroup", "4:memory:/docker/c/../../etc\n");
	emu_reader_of(f->emu, 301, &reader);
	assert_string_equal(reader.path[EMU_CGROUP_MEMORY], "");
}

#define STARTED(test) cmocka_unit_test_setup_teardown(test, start, fixture_teardown)
#define PREPARED(test) cmocka_unit_test_setup_teardown(test, setup, fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		STARTED(test_emu_render_v1_memory),
		STARTED(test_emu_render_v1_swap_limits),
		STARTED(test_emu_render_v1_cpu_time_is_of_each_cpu),
		STARTED(test_emu_render_v1_quota_of_an_ancestor),
		STARTED(test_emu_render_v1_io),
		STARTED(test_emu_render_v1_has_tasks_and_no_pressure),
		STARTED(test_emu_render_v1_nested),
		PREPARED(test_emu_render_hybrid),
		cmocka_unit_test_setup_teardown(test_emu_sources_open_takes_what_is_there,
						fixture_setup, fixture_teardown),
		STARTED(test_emu_reader_of_cuts_long_paths_at_a_folder),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
