/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Unit tests of the emulation on cgroup v2: a container of 256 MiB and 1.5 cpus, in a pod of 512 MiB. */
#include "emu_fixture.h"

#define C "/cgroup/pod/c"
#define C_FILE(name) ("cgroup/pod/c/" name) /* below the fixture's folder */

static const char memory_stat[] =
	"anon 10485760\nfile 52428800\nkernel 3145728\nkernel_stack 131072\n"
	"pagetables 262144\nsec_pagetables 4096\npercpu 8192\nsock 0\n"
	"vmalloc 16384\nshmem 1048576\nzswap 2048\nzswapped 8192\n"
	"file_mapped 20971520\nfile_dirty 65536\nfile_writeback 32768\n"
	"swapcached 12288\nanon_thp 2097152\nfile_thp 4194304\nshmem_thp 0\n"
	"inactive_anon 9437184\nactive_anon 2097152\ninactive_file 31457280\n"
	"active_file 19922944\nunevictable 4096\nslab_reclaimable 1048576\n"
	"slab_unreclaimable 524288\nslab 1572864\n"
	"workingset_refault_anon 3\nworkingset_refault_file 4\npgfault 1000\n"
	"pgmajfault 7\npgscan 11\npgsteal 12\nthp_fault_alloc 1\nnew_in_linux_9 1 2\n";

static int setup(void **state)
{
	int r = fixture_setup(state);
	struct fixture *f = *state;

	put(f, "/cgroup/cgroup.controllers", "cpuset cpu io memory pids\n");
	put(f, "/cgroup/pod/memory.max", "536870912\n");
	put(f, "/cgroup/pod/memory.current", "104857600\n");
	put(f, "/cgroup/pod/cpu.max", "max 100000\n");
	put(f, C "/memory.max", "268435456\n");
	put(f, C "/memory.current", "73400320\n");
	put(f, C "/memory.swap.max", "134217728\n");
	put(f, C "/memory.swap.current", "4194304\n");
	put(f, C "/memory.stat", memory_stat);
	put(f, C "/memory.events", "low 0\nhigh 0\nmax 0\noom 2\noom_kill 1\n");
	put(f, C "/cpu.max", "150000 100000\n");
	put(f, C "/cpuset.cpus.effective", "2-5\n");
	put(f, C "/cpuset.mems.effective", "0-1\n");
	put(f, C "/cpu.stat", "usage_usec 40000000\nuser_usec 30000000\nsystem_usec 10000000\n");
	put(f, C "/io.stat",
	    "8:0 rbytes=1048576 wbytes=2097152 rios=10 wios=20 dbytes=4096 dios=1\n");
	put(f, C "/memory.pressure",
	    "some avg10=1.50 avg60=0.20 avg300=0.03 total=123\n"
	    "full avg10=0.00 avg60=0.00 avg300=0.00 total=45\n");
	put(f, C "/cgroup.threads", "100\n101\n102\n");
	put(f, "/proc/101/stat", "101 (w) R 1\n");
	put(f, "/proc/102/stat", "102 (d) D 1\n");
	return r;
}

static int start(void **state)
{
	int r = setup(state);

	fixture_start(*state, "0::/pod/c\n");
	return r;
}

static void test_emu_render_meminfo_is_the_containers(void **state)
{
	static const char expected[] = "MemTotal:         262144 kB\n"
				       "MemFree:          190464 kB\n"
				       "MemAvailable:     241664 kB\n"
				       "Buffers:               0 kB\n"
				       "Cached:            51200 kB\n"
				       "SwapCached:           12 kB\n"
				       "Active:            21504 kB\n"
				       "Inactive:          39936 kB\n"
				       "Active(anon):       2048 kB\n"
				       "Inactive(anon):     9216 kB\n"
				       "Active(file):      19456 kB\n"
				       "Inactive(file):    30720 kB\n"
				       "Unevictable:           4 kB\n"
				       "Mlocked:               0 kB\n"
				       "SwapTotal:        131072 kB\n"
				       "SwapFree:         126976 kB\n"
				       "Zswap:                 2 kB\n"
				       "Zswapped:              8 kB\n"
				       "Dirty:                64 kB\n"
				       "Writeback:            32 kB\n"
				       "AnonPages:         10240 kB\n"
				       "Mapped:            20480 kB\n"
				       "Shmem:              1024 kB\n"
				       "KReclaimable:       1024 kB\n"
				       "Slab:               1536 kB\n"
				       "SReclaimable:       1024 kB\n"
				       "SUnreclaim:          512 kB\n"
				       "KernelStack:         128 kB\n"
				       "PageTables:          256 kB\n"
				       "SecPageTables:         4 kB\n"
				       "NFS_Unstable:          0 kB\n"
				       "Bounce:                0 kB\n"
				       "WritebackTmp:          0 kB\n"
				       "CommitLimit:      262144 kB\n"
				       "Committed_AS:          0 kB\n"
				       "VmallocTotal:   34359738367 kB\n"
				       "VmallocUsed:          16 kB\n"
				       "VmallocChunk:          0 kB\n"
				       "Percpu:                8 kB\n"
				       "HardwareCorrupted:     0 kB\n"
				       "AnonHugePages:      2048 kB\n"
				       "ShmemHugePages:        0 kB\n"
				       "ShmemPmdMapped:        0 kB\n"
				       "FileHugePages:      4096 kB\n"
				       "FilePmdMapped:         0 kB\n"
				       "HugePages_Total:       0\n"
				       "HugePages_Free:        0\n"
				       "HugePages_Rsvd:        0\n"
				       "HugePages_Surp:        0\n"
				       "Hugepagesize:       2048 kB\n"
				       "Hugetlb:               0 kB\n";

	assert_string_equal(show(*state, "/proc/meminfo"), expected);
}

static void test_emu_render_cpu_views_agree(void **state)
{
	struct fixture *f = *state;
	struct emu_reader reader;
	struct emu_node node, dir;
	struct emu_cpuset cpus;
	uint64_t pos = 0;
	char folders[128] = "";

	/* 1.5 cpus are two, the lowest of the cpuset. */
	assert_string_equal(show(f, "/sys/devices/system/cpu/online"), "2-3\n");
	assert_string_equal(show(f, "/sys/devices/system/cpu/present"), "2-3\n");
	assert_string_equal(show(f, "/sys/devices/system/cpu/possible"), "2-3\n");
	assert_string_equal(show(f, "/sys/devices/system/cpu/offline"), "\n");
	assert_string_equal(show(f, "/sys/devices/system/cpu/isolated"), "\n");
	assert_string_equal(show(f, "/sys/devices/system/cpu/kernel_max"), "8191\n");
	assert_string_equal(show(f, "/proc/cpuinfo"),
			    "processor\t: 2\nmodel name\t: Example\nphysical id\t: 0\nsiblings\t: 2\n"
			    "core id\t\t: 2\ncpu cores\t: 2\n\n"
			    "processor\t: 3\nmodel name\t: Example\nphysical id\t: 0\nsiblings\t: 2\n"
			    "core id\t\t: 3\ncpu cores\t: 2\n\n");
	emu_reader_of(f->emu, 0, &reader);
	assert_int_equal(emu_cpus(f->emu, &reader, &cpus, NULL), 0);
	assert_int_equal(cpus.word[0], 0x0c);
	assert_int_equal(emu_find(f->emu, "/sys/devices/system/cpu", &dir), 0);
	while (emu_list(f->emu, dir.id, &reader, &pos, &node) > 0)
		if (S_ISDIR(node.mode))
			strcat(folders, node.name);
	assert_string_equal(folders, "cpu2cpu3");
	assert_int_equal(emu_lookup(f->emu, dir.id, "cpu1", &reader, &node), -ENOENT);
	assert_int_equal(emu_lookup(f->emu, dir.id, "cpu02", &reader, &node), -ENOENT);
	assert_int_equal(emu_lookup(f->emu, dir.id, "cpu2", &reader, &node), 0);
	assert_true(node.varies);
	assert_string_equal(show(f, "/proc/interrupts"), "           CPU2       CPU3       \n");
	assert_ptr_equal(strstr(show(f, "/proc/softirqs"), "                    CPU2       CPU3       \n"
							   "          HI:          0          0\n"),
			 f->text.data);
	assert_string_equal(show(f, "/proc/schedstat"),
			    "version 15\ntimestamp 0\ncpu2 0 0 0 0 0 0 0 0 0\ncpu3 0 0 0 0 0 0 0 0 0\n");
	assert_string_equal(show(f, "/proc/zoneinfo"), "");
	assert_string_equal(show(f, "/proc/buddyinfo"), "");
	/* A changed limit shows at once. */
	put(f, C "/cpu.max", "max 100000\n");
	pass(EMU_FRESH_NS);
	assert_string_equal(show(f, "/sys/devices/system/cpu/online"), "2-5\n");
	assert_int_equal(emu_lookup(f->emu, dir.id, "cpu5", &reader, &node), 0);
}

static void test_emu_render_topology_is_narrowed(void **state)
{
	struct fixture *f = *state;

	put(f, C "/cpu.max", "max 100000\n");
	put(f, C "/cpuset.cpus.effective", "0-1,4\n");
	assert_string_equal(show(f, "/sys/devices/system/cpu/cpu0/topology/thread_siblings_list"),
			    "0,4\n");
	assert_string_equal(show(f, "/sys/devices/system/cpu/cpu0/topology/thread_siblings"), "11\n");
	assert_string_equal(show(f, "/sys/devices/system/cpu/cpu1/topology/core_cpus_list"), "1\n");
	assert_string_equal(show(f, "/sys/devices/system/cpu/cpu1/topology/package_cpus_list"),
			    "0-1,4\n");
	assert_string_equal(show(f, "/sys/devices/system/cpu/cpu1/topology/core_siblings"), "13\n");
	assert_string_equal(show(f, "/sys/devices/system/cpu/cpu4/topology/core_id"), "0\n");
	assert_string_equal(show(f, "/sys/devices/system/cpu/cpu4/topology/physical_package_id"),
			    "0\n");
	assert_string_equal(show(f, "/sys/devices/system/cpu/cpu4/online"), "1\n");
	assert_string_equal(show(f, "/sys/devices/system/cpu/cpu4/cache/index0/size"), "32K\n");
	assert_string_equal(show(f, "/sys/devices/system/cpu/cpu4/cache/index0/shared_cpu_list"),
			    "0,4\n");
	assert_string_equal(show(f, "/sys/devices/system/cpu/cpu1/cache/index0/shared_cpu_map"),
			    "02\n");
	assert_non_null(strstr(show(f, "/proc/cpuinfo"),
			       "siblings\t: 3\ncore id\t\t: 1\ncpu cores\t: 2\n"));
}

static void test_emu_render_stat_adds_up(void **state)
{
	/* 40 s in 100 s on two cpus; booted when the container began; no number of the host's. */
	assert_string_equal(show(*state, "/proc/stat"),
			    "cpu  3000 0 1000 16000 0 0 0 0 0 0\n"
			    "cpu2 1500 0 500 8000 0 0 0 0 0 0\n"
			    "cpu3 1500 0 500 8000 0 0 0 0 0 0\n"
			    "intr 0\nctxt 0\nbtime 1699999900\nprocesses 0\nprocs_running 1\nprocs_blocked 1\n"
			    "softirq 0 0 0 0 0 0 0 0 0 0 0\n");
}

static void test_emu_render_stat_goes_on_after_a_kill(void **state)
{
	struct fixture *f = *state;

	show(f, "/proc/stat");
	put(f, C "/cpu.stat", "usage_usec 50000000\nuser_usec 40000000\nsystem_usec 10000000\n");
	pass(10 * SECOND);
	restart_worker(f);
	assert_non_null(strstr(show(f, "/proc/stat"), "cpu  4000 0 1000 17000 0"));
	/* One cpu less: its line goes, its time stays in the sum. */
	put(f, C "/cpu.max", "100000 100000\n");
	pass(10 * SECOND);
	assert_non_null(strstr(show(f, "/proc/stat"), "cpu  4000 0 1000 18000 0"));
	assert_null(strstr(f->text.data, "cpu3"));
}

/* Read a little later each time, across the border of a second. */
static void test_emu_render_stat_has_a_btime_that_stands_still(void **state)
{
	struct fixture *f = *state;

	fixture_now.real_ns = 1700000000 * SECOND;
	assert_int_equal(value_of(show(f, "/proc/stat"), "btime"), 1699999900);
	pass(SECOND);
	fixture_now.real_ns -= 300; /* between the two clocks' readings */
	assert_int_equal(value_of(show(f, "/proc/stat"), "btime"), 1699999900);
	fixture_now.real_ns -= 5 * SECOND; /* somebody set the clock */
	pass(SECOND);
	assert_int_equal(value_of(show(f, "/proc/stat"), "btime"), 1699999894);
}

static void test_emu_render_swaps_has_one_row(void **state)
{
	struct fixture *f = *state;

	assert_string_equal(show(f, "/proc/swaps"),
			    "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n"
			    "none                                    partition\t131072\t\t4096\t\t-2\n");
	put(f, C "/memory.swap.max", "0\n");
	pass(EMU_FRESH_NS);
	assert_string_equal(show(f, "/proc/swaps"),
			    "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n");
	assert_int_equal(value_of(show(f, "/proc/meminfo"), "SwapTotal"), 0);
	assert_int_equal(value_of(show(f, "/proc/meminfo"), "SwapFree"), 0);
}

static void test_emu_render_io_is_per_device(void **state)
{
	struct fixture *f = *state;

	assert_string_equal(show(f, "/proc/diskstats"),
			    "   8       0 sda 10 0 2048 0 20 0 4096 0 0 0 0 1 0 8 0 0 0\n");
	assert_int_equal(value_of(show(f, "/proc/vmstat"), "pgpgin"), 1024);
	assert_int_equal(value_of(show(f, "/proc/vmstat"), "pgpgout"), 2048);
	assert_int_equal(value_of(show(f, "/proc/vmstat"), "oom_kill"), 1);
	assert_int_equal(value_of(show(f, "/proc/vmstat"), "pgfault"), 1000);
	assert_int_equal(value_of(show(f, "/proc/vmstat"), "pgscan_direct"), 11);
	assert_int_equal(value_of(show(f, "/proc/vmstat"), "nr_file_pages"),
			 52428800 / sysconf(_SC_PAGESIZE));
	assert_string_equal(show(f, "/proc/partitions"), "major minor  #blocks  name\n\n");
	/* A device that the host's list does not have any more. */
	put(f, C "/io.stat", "9:9 rbytes=512 wbytes=0 rios=1 wios=0 dbytes=0 dios=0\n");
	pass(EMU_FRESH_NS);
	assert_string_equal(show(f, "/proc/diskstats"),
			    "   9       9 9:9 1 0 1 0 0 0 0 0 0 0 0 0 0 0 0 0 0\n");
}

static void test_emu_render_pressure_is_the_cgroups(void **state)
{
	struct fixture *f = *state;

	assert_string_equal(show(f, "/proc/pressure/memory"),
			    "some avg10=1.50 avg60=0.20 avg300=0.03 total=123\n"
			    "full avg10=0.00 avg60=0.00 avg300=0.00 total=45\n");
	/* The kernel does not say: zero, not the host's. */
	put(f, "/proc/pressure/cpu", "some avg10=99.00 avg60=99.00 avg300=99.00 total=99\n");
	assert_string_equal(show(f, "/proc/pressure/cpu"),
			    "some avg10=0.00 avg60=0.00 avg300=0.00 total=0\n"
			    "full avg10=0.00 avg60=0.00 avg300=0.00 total=0\n");
}

static void test_emu_render_nodes_share_memory(void **state)
{
	struct fixture *f = *state;
	struct emu_node node;

	put(f, C "/cpu.max", "max 100000\n");
	assert_string_equal(show(f, "/sys/devices/system/node/online"), "0-1\n");
	assert_string_equal(show(f, "/sys/devices/system/node/possible"), "0-1\n");
	assert_string_equal(show(f, "/sys/devices/system/node/node0/cpulist"), "2-3\n");
	assert_string_equal(show(f, "/sys/devices/system/node/node1/cpulist"), "4-5\n");
	assert_string_equal(show(f, "/sys/devices/system/node/node1/cpumap"), "30\n");
	assert_string_equal(show(f, "/sys/devices/system/node/node1/distance"), "21 10\n");
	assert_ptr_equal(strstr(show(f, "/sys/devices/system/node/node1/meminfo"),
				"Node 1 MemTotal:         131072 kB\nNode 1 MemFree:           95232 kB\n"
				"Node 1 MemUsed:           35840 kB\n"),
			 f->text.data);
	assert_non_null(strstr(show(f, "/sys/devices/system/node/node0/meminfo"),
			       "MemTotal:         131072 kB"));
	assert_int_equal(2 * 131072, value_of(show(f, "/proc/meminfo"), "MemTotal"));
	assert_string_equal(show(f, "/sys/devices/system/node/node1/cpu5/topology/core_id"), "1\n");
	assert_int_equal(emu_find(f->emu, "/sys/devices/system/node/node1/cpu3", &node), -ENOENT);
	assert_int_equal(emu_find(f->emu, "/sys/devices/system/node/node0/cpu3", &node), 0);
	/* Bound to one node, with cpus there alone: the other one is not there. */
	put(f, C "/cpuset.mems.effective", "1\n");
	put(f, C "/cpuset.cpus.effective", "4\n");
	pass(EMU_FRESH_NS);
	assert_string_equal(show(f, "/sys/devices/system/node/online"), "1\n");
	assert_string_equal(show(f, "/sys/devices/system/node/node1/distance"), "10\n");
	/* cpus of one node and memory of the other. */
	put(f, C "/cpuset.cpus.effective", "0\n");
	pass(EMU_FRESH_NS);
	assert_string_equal(show(f, "/sys/devices/system/node/online"), "0-1\n");
	assert_string_equal(show(f, "/sys/devices/system/node/has_cpu"), "0\n");
}

static void test_emu_render_loadavg_samples_tasks(void **state)
{
	struct fixture *f = *state;

	/* Nobody looked for 100 s: 0.4 cpus were busy. Now one task runs and one is blocked. */
	assert_string_equal(show(f, "/proc/loadavg"), "0.45 0.14 0.06 1/3 0\n");
	assert_int_equal(value_of(show(f, "/proc/stat"), "procs_blocked"), 1);
	assert_in_range(emu_tick_ms(f->emu), 1, 5001);
	for (int i = 0; i < 11; i++) {
		pass(5 * SECOND);
		assert_int_equal(emu_tick_ms(f->emu), 1);
		emu_tick(f->emu);
	}
	/* The tick is due a minute after the last reader, and then not any more. */
	pass(5 * SECOND);
	assert_int_equal(emu_tick_ms(f->emu), 0);
	emu_tick(f->emu);
	assert_in_range(emu_state_load(f->emu->state)->average[0],
			(1 << EMU_LOAD_SHIFT) * 135 / 100, (1 << EMU_LOAD_SHIFT) * 142 / 100);
}

static void test_emu_sysinfo_says_the_same(void **state)
{
	struct fixture *f = *state;
	struct emu_reader reader;
	struct emu_sysinfo info;
	struct error err = ERROR_INIT;

	emu_reader_of(f->emu, 0, &reader);
	assert_int_equal(emu_sysinfo(f->emu, &reader, &info, &err), 0);
	assert_int_equal(info.uptime_s, 100);
	assert_int_equal(info.total_bytes, 268435456);
	assert_int_equal(info.free_bytes, 268435456 - 73400320);
	assert_int_equal(info.shared_bytes, 1048576);
	assert_int_equal(info.swap_total_bytes, 134217728);
	assert_int_equal(info.swap_free_bytes, 134217728 - 4194304);
	assert_int_equal(info.procs, 3);
	assert_in_range(info.load[0], 65536 * 44 / 100, 65536 * 46 / 100);
}

/* ---- limits elsewhere ---- */

static void test_emu_render_counts_an_ancestors_limit(void **state)
{
	struct fixture *f = *state;

	put(f, "/cgroup/pod/memory.max", "134217728\n");
	put(f, "/cgroup/pod/cpu.max", "50000 100000\n");
	fixture_start(f, "0::/pod/c\n");
	assert_int_equal(value_of(show(f, "/proc/meminfo"), "MemTotal"), 131072);
	assert_int_equal(value_of(show(f, "/proc/meminfo"), "MemFree"), 131072 - 102400);
	assert_string_equal(show(f, "/sys/devices/system/cpu/online"), "2\n");
}

/* The controllers end above the container. */
static void test_emu_render_takes_an_ancestors_cpuset_where_the_container_has_none(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(unlinkat(f->fd, C_FILE("cpuset.cpus.effective"), 0), 0);
	assert_int_equal(unlinkat(f->fd, C_FILE("cpu.max"), 0), 0);
	put(f, "/cgroup/pod/cpuset.cpus.effective", "6-7\n");
	fixture_start(f, "0::/pod/c\n");
	assert_string_equal(show(f, "/sys/devices/system/cpu/online"), "6-7\n");
}

static void test_emu_render_without_limits_has_the_hosts_size(void **state)
{
	struct fixture *f = *state;

	put(f, "/cgroup/pod/memory.max", "max\n");
	put(f, C "/memory.max", "max\n");
	put(f, C "/memory.swap.max", "max\n");
	put(f, C "/cpu.max", "max 100000\n");
	put(f, C "/cpuset.cpus.effective", "0-7\n");
	fixture_start(f, "0::/pod/c\n");
	assert_int_equal(value_of(show(f, "/proc/meminfo"), "MemTotal"), 16777216);
	/* Not the host's MemFree: what the container does not use. */
	assert_int_equal(value_of(show(f, "/proc/meminfo"), "MemFree"), 16777216 - 71680);
	assert_int_equal(value_of(show(f, "/proc/meminfo"), "SwapTotal"), 2097152);
	assert_string_equal(show(f, "/sys/devices/system/cpu/online"), "0-7\n");
}

static void put_nested(struct fixture *f, pid_t pid, const char *path)
{
	char file[64], text[256];

	snprintf(file, sizeof(file), "/proc/%d/cgroup", pid);
	snprintf(text, sizeof(text), "0::%s\n", path);
	put(f, file, text);
}

static void test_emu_render_shows_a_nested_cgroup_its_own_limits(void **state)
{
	struct fixture *f = *state;

	put(f, C "/inner/memory.max", "67108864\n");
	put(f, C "/inner/memory.current", "1048576\n");
	put(f, C "/inner/memory.stat", "anon 524288\nfile 0\n");
	put(f, C "/inner/cpu.max", "100000 100000\n");
	put(f, C "/inner/cpu.stat", "usage_usec 2000000\nuser_usec 2000000\nsystem_usec 0\n");
	put(f, C "/inner/deep/memory.max", "max\n");
	put(f, C "/inner/deep/memory.current", "4096\n");
	put_nested(f, 200, "/pod/c/inner/deep");
	put_nested(f, 201, "/pod/c");
	put_nested(f, 202, "/elsewhere/inner");
	put_nested(f, 203, "/pod/cat/inner");
	fixture_start(f, "0::/pod/c\n");
	/* "deep" has no limit: it sees what "inner" has and uses. */
	assert_int_equal(value_of(show_to(f, 200, "/proc/meminfo"), "MemTotal"), 65536);
	assert_int_equal(value_of(show_to(f, 200, "/proc/meminfo"), "MemFree"), 65536 - 1024);
	assert_int_equal(value_of(show_to(f, 200, "/proc/meminfo"), "AnonPages"), 512);
	assert_string_equal(show_to(f, 200, "/sys/devices/system/cpu/online"), "2\n");
	assert_non_null(strstr(show_to(f, 200, "/proc/stat"), "cpu  200 0 0 9800 0"));
	for (pid_t pid = 201; pid <= 204; pid++) { /* 204 is no process */
		assert_int_equal(value_of(show_to(f, pid, "/proc/meminfo"), "MemTotal"), 262144);
		assert_string_equal(show_to(f, pid, "/sys/devices/system/cpu/online"), "2-3\n");
		assert_non_null(strstr(show_to(f, pid, "/proc/stat"), "cpu  3000 0 1000 16000 0"));
	}
}

/* A session of systemd inside: "free" tells of the container, not of the session. */
static void test_emu_render_shows_a_nested_cgroup_without_limits_the_container(void **state)
{
	struct fixture *f = *state;

	put(f, C "/user.slice/memory.max", "max\n");
	put(f, C "/user.slice/memory.current", "4096\n");
	put(f, C "/user.slice/cpu.max", "max 100000\n");
	put(f, C "/user.slice/cpuset.cpus.effective", "2-5\n");
	put(f, C "/user.slice/cpu.stat", "usage_usec 1\nuser_usec 1\nsystem_usec 0\n");
	put_nested(f, 200, "/pod/c/user.slice");
	fixture_start(f, "0::/pod/c\n");
	assert_int_equal(value_of(show_to(f, 200, "/proc/meminfo"), "MemFree"), 190464);
	assert_int_equal(value_of(show_to(f, 200, "/proc/meminfo"), "AnonPages"), 10240);
	assert_non_null(strstr(show_to(f, 200, "/proc/stat"), "cpu  3000 0 1000 16000 0"));
}

static void test_emu_render_shows_a_nested_cpuset(void **state)
{
	struct fixture *f = *state;

	put(f, C "/pinned/cpuset.cpus.effective", "5\n");
	put(f, C "/pinned/cpu.stat", "usage_usec 1000000\nuser_usec 1000000\nsystem_usec 0\n");
	put_nested(f, 200, "/pod/c/pinned");
	fixture_start(f, "0::/pod/c\n");
	assert_string_equal(show_to(f, 200, "/sys/devices/system/cpu/online"), "5\n");
	assert_non_null(strstr(show_to(f, 200, "/proc/stat"), "cpu5 100 0 0 9900 0"));
}

/* ---- hostile and missing files ---- */

static void test_emu_render_survives_garbage(void **state)
{
	static const char *const garbage[] = { "",
					       "\n\n\n",
					       "max",
					       "-5\n",
					       "99999999999999999999999\n",
					       "\xff\xfe\x01 x\ty=\n=\n:::",
					       "0 0\n",
					       "cpu\n1 2 3 4 5 6\n" };
	static const char *const files[] = {
		C "/memory.max",
		C "/memory.current",
		C "/memory.swap.max",
		C "/memory.swap.current",
		C "/memory.stat",
		C "/memory.events",
		C "/cpu.max",
		C "/cpu.stat",
		C "/io.stat",
		C "/memory.pressure",
		C "/cgroup.threads",
		C "/cpuset.cpus.effective",
		C "/cpuset.mems.effective",
		"/sys/cpu/online",
		"/sys/node/online",
		"/sys/node/node0/cpulist",
		"/sys/cpu/cpu2/topology/core_id",
		"/proc/cpuinfo",
		"/proc/diskstats",
		"/proc/sys/vm/swappiness",
	};
	struct fixture *f = *state;

	for (size_t g = 0; g < sizeof(garbage) / sizeof(garbage[0]); g++) {
		for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
			put(f, files[i], garbage[g]);
		pass(2 * SECOND);
		for (const char *const *path = emu_mounts(); *path; path++) {
			struct emu_node node;

			if (emu_find(f->emu, *path, &node) == 0 && S_ISREG(node.mode))
				assert_non_null(show(f, *path));
		}
		assert_in_range(value_of(show(f, "/proc/meminfo"), "MemTotal"), 0, 16777216);
		assert_non_null(strstr(show(f, "/proc/stat"), "\ncpu"));
		assert_int_not_equal(*show(f, "/sys/devices/system/cpu/online"), '\n');
		assert_int_not_equal(*show(f, "/sys/devices/system/node/online"), '\n');
	}
}

static void test_emu_render_refuses_without_the_hosts_memory(void **state)
{
	struct fixture *f = *state;
	struct emu_reader reader;
	struct error err = ERROR_INIT;
	struct emu_sysinfo info;
	struct emu_node node;

	put(f, "/proc/meminfo", "MemTotal:        0 kB\n");
	put(f, "/cgroup/pod/memory.max", "max\n");
	fixture_start(f, "0::/pod/c\n");
	emu_reader_of(f->emu, 0, &reader);
	assert_int_equal(emu_find(f->emu, "/proc/meminfo", &node), 0);
	assert_int_equal(emu_render(f->emu, &node, &reader, &f->text, &err), -EIO);
	assert_int_equal(emu_sysinfo(f->emu, &reader, &info, &err), -EIO);
}

/* Ended cgroups give ENODEV to who has a file of theirs open; the next one has the same path. */
static void test_emu_render_opens_again_what_went(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(value_of(show(f, "/proc/meminfo"), "MemTotal"), 262144);
	for (size_t i = 0; i < f->emu->n_kept; i++) {
		int null_fd = open("/", O_RDONLY | O_CLOEXEC); /* EISDIR at read(2) */

		assert_int_equal(dup3(null_fd, f->emu->kept[i].fd, O_CLOEXEC), f->emu->kept[i].fd);
		close(null_fd);
	}
	put(f, C "/memory.max", "134217728\n");
	pass(2 * SECOND);
	assert_int_equal(value_of(show(f, "/proc/meminfo"), "MemTotal"), 131072);
}

#define STARTED(test) cmocka_unit_test_setup_teardown(test, start, fixture_teardown)
#define PREPARED(test) cmocka_unit_test_setup_teardown(test, setup, fixture_teardown)

/* The first worker does not look at memory that nobody had; what it makes of that is what a look would make of it. */
static void test_emu_new_begins_a_fresh_state_like_a_zeroed_one(void **state)
{
	struct fixture *f = *state;
	void *fresh = aligned_alloc(8, EMU_STATE_SIZE), *zeroed = aligned_alloc(8, EMU_STATE_SIZE);
	struct error err = ERROR_INIT;
	struct emu *emu = NULL;

	assert_true(fresh && zeroed);
	memset(fresh, 0, EMU_STATE_SIZE);
	memset(zeroed, 0, EMU_STATE_SIZE);
	assert_int_equal(emu_new(&f->sources, fresh, true, NULL, &emu, &err), 0);
	emu_free(emu);
	assert_int_equal(emu_new(&f->sources, zeroed, false, NULL, &emu, &err), 0);
	emu_free(emu);
	assert_memory_equal(fresh, zeroed, EMU_STATE_SIZE);
	free(fresh);
	free(zeroed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		STARTED(test_emu_render_meminfo_is_the_containers),
		STARTED(test_emu_render_cpu_views_agree),
		STARTED(test_emu_render_topology_is_narrowed),
		STARTED(test_emu_render_stat_adds_up),
		STARTED(test_emu_render_stat_goes_on_after_a_kill),
		STARTED(test_emu_new_begins_a_fresh_state_like_a_zeroed_one),
		STARTED(test_emu_render_stat_has_a_btime_that_stands_still),
		STARTED(test_emu_render_swaps_has_one_row),
		STARTED(test_emu_render_io_is_per_device),
		STARTED(test_emu_render_pressure_is_the_cgroups),
		STARTED(test_emu_render_nodes_share_memory),
		STARTED(test_emu_render_loadavg_samples_tasks),
		STARTED(test_emu_sysinfo_says_the_same),
		PREPARED(test_emu_render_counts_an_ancestors_limit),
		PREPARED(test_emu_render_takes_an_ancestors_cpuset_where_the_container_has_none),
		PREPARED(test_emu_render_without_limits_has_the_hosts_size),
		PREPARED(test_emu_render_shows_a_nested_cgroup_its_own_limits),
		PREPARED(test_emu_render_shows_a_nested_cgroup_without_limits_the_container),
		PREPARED(test_emu_render_shows_a_nested_cpuset),
		STARTED(test_emu_render_survives_garbage),
		PREPARED(test_emu_render_refuses_without_the_hosts_memory),
		STARTED(test_emu_render_opens_again_what_went),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
