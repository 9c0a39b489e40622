/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Ranges are those of Linux 6.1 to 6.18. Ids are for ever: a worker of a newer version reads what an older one stored, and
 * kernels remember node ids. New ones take new ids.
 *
 * Each is one more mount in every container: here is what tools, engines and services write, not all that can be written.
 */
#include "sysctls.h"

/* clang-format off */
/* id, folder, name, least, most, default; behind these what struct emu_sysctl has further on */
#define INT(id_, dir_, name_, ...) { id_, EMU_SYSCTL_##dir_, name_, EMU_SYSCTL_INT, 1, __VA_ARGS__ }
#define UINT(id_, dir_, name_, ...) { id_, EMU_SYSCTL_##dir_, name_, EMU_SYSCTL_UINT, 1, __VA_ARGS__ }
#define ULONG(id_, dir_, name_, ...) { id_, EMU_SYSCTL_##dir_, name_, EMU_SYSCTL_ULONG, 1, __VA_ARGS__ }

#define ANY INT64_MIN, UINT64_MAX
#define NOT_NEGATIVE 0, UINT64_MAX
#define BOOLEAN 0, 1
#define ALL 0, UINT64_MAX

const struct emu_sysctl emu_sysctls[] = {
	INT(1, KERNEL, "panic", ANY, "0"),
	INT(2, KERNEL, "panic_on_oops", ANY, "0"),
	{ .id = 4, .dir = EMU_SYSCTL_KERNEL, .name = "printk", .type = EMU_SYSCTL_INT, .n = 4,
	  .min = INT64_MIN, .max = UINT64_MAX, .fallback = "4 4 1 7" },
	{ .id = 5, .dir = EMU_SYSCTL_KERNEL, .name = "core_pattern", .type = EMU_SYSCTL_STRING,
	  .min = 0 /* place among the strings */, .max = 128, .fallback = "core" },
	INT(6, KERNEL, "randomize_va_space", ANY, "2"),
	INT(7, KERNEL, "dmesg_restrict", BOOLEAN, "0"),
	INT(8, KERNEL, "kptr_restrict", 0, 2, "0"),
	INT(9, KERNEL, "sysrq", ANY, "1"),
	INT(10, KERNEL, "threads-max", 1, 0x3fffffff, "65536"),
	INT(11, KERNEL, "core_uses_pid", ANY, "0"),
	INT(13, KERNEL, "perf_event_paranoid", ANY, "2"),
	INT(16, KERNEL, "sched_rt_period_us", 1, UINT64_MAX, "1000000"),
	INT(17, KERNEL, "sched_rt_runtime_us", -1, UINT64_MAX, "950000"),
	INT(18, KERNEL, "sched_rr_timeslice_ms", ANY, "100"),
	UINT(19, KERNEL, "sched_autogroup_enabled", BOOLEAN, "1"),
	UINT(20, KERNEL, "sched_cfs_bandwidth_slice_us", 1, UINT64_MAX, "5000"),
	UINT(21, KERNEL, "sched_child_runs_first", ALL, "0"),
	INT(22, KERNEL, "sched_schedstats", BOOLEAN, "0"),
	UINT(23, KERNEL, "sched_deadline_period_max_us", ALL, "4194304"),
	UINT(24, KERNEL, "sched_deadline_period_min_us", ALL, "100"),
	{ .id = 26, .dir = EMU_SYSCTL_KERNEL, .name = "hostname", .type = EMU_SYSCTL_UTS },
	{ .id = 27, .dir = EMU_SYSCTL_KERNEL, .name = "domainname", .type = EMU_SYSCTL_UTS,
	  .flags = EMU_SYSCTL_DOMAIN },

	UINT(40, KEYS, "maxkeys", 1, INT32_MAX, "200"),
	UINT(41, KEYS, "maxbytes", 1, INT32_MAX, "20000"),
	UINT(42, KEYS, "root_maxkeys", 1, INT32_MAX, "1000000"),
	UINT(43, KEYS, "root_maxbytes", 1, INT32_MAX, "25000000"),

	INT(50, YAMA, "ptrace_scope", 0, 3, "1", .flags = EMU_SYSCTL_STICKY),

	INT(60, VM, "overcommit_memory", 0, 2, "0"),
	INT(61, VM, "overcommit_ratio", ANY, "50", .pair = 62),
	ULONG(62, VM, "overcommit_kbytes", ALL, "0", .pair = 61),
	INT(63, VM, "max_map_count", NOT_NEGATIVE, "65530"),
	INT(64, VM, "swappiness", 0, 200, "60"),
	INT(65, VM, "vfs_cache_pressure", NOT_NEGATIVE, "100"),
	INT(66, VM, "dirty_ratio", 0, 100, "20", .pair = 67),
	ULONG(67, VM, "dirty_bytes", 8192, UINT64_MAX, "0", .pair = 66),
	INT(68, VM, "dirty_background_ratio", 0, 100, "10", .pair = 69),
	ULONG(69, VM, "dirty_background_bytes", 1, UINT64_MAX, "0", .pair = 68),
	UINT(70, VM, "dirty_expire_centisecs", ALL, "3000"),
	UINT(71, VM, "dirty_writeback_centisecs", ALL, "500"),
	INT(73, VM, "panic_on_oom", 0, 2, "0"),
	INT(76, VM, "min_free_kbytes", NOT_NEGATIVE, "65536"),
	ULONG(77, VM, "mmap_min_addr", ALL, "65536"),

	ULONG(100, FS, "file-max", 0, INT64_MAX, "9223372036854775807"),
	UINT(101, FS, "nr_open", 64, 2147483584, "1048576"),
	ULONG(102, FS, "aio-max-nr", ALL, "65536"),
	INT(103, FS, "suid_dumpable", 0, 2, "0"),
	INT(104, FS, "protected_hardlinks", BOOLEAN, "1", .flags = EMU_SYSCTL_PRIVATE),
	INT(105, FS, "protected_symlinks", BOOLEAN, "1", .flags = EMU_SYSCTL_PRIVATE),
	INT(106, FS, "protected_fifos", 0, 2, "1", .flags = EMU_SYSCTL_PRIVATE),
	INT(107, FS, "protected_regular", 0, 2, "2", .flags = EMU_SYSCTL_PRIVATE),
	UINT(108, FS, "pipe-max-size", 1, 2147483648, "1048576", .flags = EMU_SYSCTL_PAGES),
	ULONG(109, FS, "pipe-user-pages-hard", ALL, "0"),
	ULONG(110, FS, "pipe-user-pages-soft", ALL, "16384"),

	INT(120, INOTIFY, "max_queued_events", NOT_NEGATIVE, "16384"),
	INT(121, INOTIFY, "max_user_instances", NOT_NEGATIVE, "128"),
	INT(122, INOTIFY, "max_user_watches", NOT_NEGATIVE, "65536"),

	INT(130, NET_CORE, "rmem_default", 2304, UINT64_MAX, "212992"),
	INT(131, NET_CORE, "rmem_max", 2304, UINT64_MAX, "212992"),
	INT(132, NET_CORE, "wmem_default", 4608, UINT64_MAX, "212992"),
	INT(133, NET_CORE, "wmem_max", 4608, UINT64_MAX, "212992"),

	INT(140, NET, "nf_conntrack_max", NOT_NEGATIVE, "262144"),
	INT(141, NETFILTER, "nf_conntrack_max", NOT_NEGATIVE, "262144"),
	{ .id = 142, .dir = EMU_SYSCTL_NF_CONNTRACK, .name = "hashsize", .type = EMU_SYSCTL_PARAM,
	  .n = 1, .min = 1, .max = UINT64_MAX, .fallback = "65536", .flags = EMU_SYSCTL_PRIVATE },
};
/* clang-format on */

const size_t emu_sysctls_n = sizeof(emu_sysctls) / sizeof(emu_sysctls[0]);

const struct emu_sysctl *emu_sysctl_by_id(unsigned id)
{
	for (size_t i = 0; i < emu_sysctls_n; i++)
		if (emu_sysctls[i].id == id)
			return &emu_sysctls[i];
	return NULL;
}

const char *emu_sysctl_host_dir(const struct emu_sysctl *sysctl)
{
	static const char *const dirs[EMU_SYSCTL_DIRS] = {
		[EMU_SYSCTL_KERNEL] = "sys/kernel",
		[EMU_SYSCTL_KEYS] = "sys/kernel/keys",
		[EMU_SYSCTL_YAMA] = "sys/kernel/yama",
		[EMU_SYSCTL_VM] = "sys/vm",
		[EMU_SYSCTL_FS] = "sys/fs",
		[EMU_SYSCTL_INOTIFY] = "sys/fs/inotify",
		[EMU_SYSCTL_NET_CORE] = "sys/net/core",
		[EMU_SYSCTL_NET] = "sys/net",
		[EMU_SYSCTL_NETFILTER] = "sys/net/netfilter",
		[EMU_SYSCTL_NF_CONNTRACK] = NULL, /* below /sys, and readable by root alone */
	};

	return dirs[sysctl->dir];
}
