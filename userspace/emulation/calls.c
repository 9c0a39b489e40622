/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What system calls say, from the same model as the files: sysinfo(2), sched_getaffinity(2). */
#include <dirent.h>
#include <fcntl.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include "emu.h"
#include "emulated_calls.h"
#include "error.h"
#include "fd.h"
#include "str.h"

/* ---- numbers ---- */

int emu_cpus(struct emu *emu, const struct emu_reader *reader, struct emu_cpuset *ret,
	     struct error *err)
{
	(void)err; /* what is missing has a meaning */
	emu_take_time(emu);
	emu_see_cpus(emu, reader, ret);
	return 0;
}

int emu_sysinfo(struct emu *emu, const struct emu_reader *reader, struct emu_sysinfo *ret,
		struct error *err)
{
	const struct emu_load *load;
	struct emu_memory memory;
	struct emu_tasks tasks;

	emu_take_time(emu);
	emu_see_memory(emu, reader, &memory);
	if (memory.total == 0)
		return error_text(err, EIO, "the host's /proc/meminfo cannot be read");
	load = emu_see_load(emu);
	if (emu->tasks_ns == 0 || emu->now.boot_ns - emu->tasks_ns >= EMU_HOST_NS)
		emu_collect_tasks(emu, false, &tasks);
	*ret = (struct emu_sysinfo){
		.uptime_s =
			(emu->now.boot_ns + emu->sources->boottime_offset_ns + EMU_NSEC_PER_SEC - 1) /
			EMU_NSEC_PER_SEC,
		.total_bytes = memory.total,
		.free_bytes = memory.free,
		.shared_bytes = memory.stat.shmem,
		.swap_total_bytes = memory.swap_total,
		.swap_free_bytes = memory.swap_free,
		.procs = emu->tasks,
	};
	for (size_t i = 0; i < 3; i++)
		ret->load[i] = load->average[i] << (16 - EMU_LOAD_SHIFT); /* SI_LOAD_SHIFT is 16 */
	return 0;
}

/* ---- layout: include/uapi/linux/sysinfo.h, and struct compat_sysinfo of kernel/sys.c ---- */

struct layout64 {
	int64_t uptime;
	uint64_t load[3];
	uint64_t total, free, shared, buffer, swap_total, swap_free;
	uint16_t procs, pad;
	uint32_t hole;
	uint64_t high_total, high_free;
	uint32_t unit, end;
};
_Static_assert(sizeof(struct layout64) == EMULATED_SYSINFO_SIZE, "as the kernel has it");

struct layout32 {
	int32_t uptime;
	uint32_t load[3];
	uint32_t total, free, shared, buffer, swap_total, swap_free;
	uint16_t procs, pad;
	uint32_t high_total, high_free;
	uint32_t unit;
	char end[8];
};
_Static_assert(sizeof(struct layout32) == EMULATED_SYSINFO_SIZE32, "as the kernel has it");

static uint16_t procs_of(const struct emu_sysinfo *info)
{
	return info->procs > UINT16_MAX ? UINT16_MAX : (uint16_t)info->procs;
}

static void lay_out_64(const struct emu_sysinfo *info, void *buf)
{
	const struct layout64 s = {
		.uptime = info->uptime_s,
		.load = { info->load[0], info->load[1], info->load[2] },
		.total = info->total_bytes,
		.free = info->free_bytes,
		.shared = info->shared_bytes,
		.buffer = info->buffer_bytes,
		.swap_total = info->swap_total_bytes,
		.swap_free = info->swap_free_bytes,
		.procs = procs_of(info),
		.unit = 1,
	};

	memcpy(buf, &s, sizeof(s));
}

/* The kernel's rule: pages, if total memory or total swap has more bytes than 32 bits can say. */
static void lay_out_32(const struct emu_sysinfo *info, void *buf)
{
	uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
	uint64_t unit = (info->total_bytes | info->swap_total_bytes) >> 32 ? page : 1;
	const struct layout32 s = {
		.uptime = (int32_t)info->uptime_s,
		.load = { (uint32_t)info->load[0], (uint32_t)info->load[1], (uint32_t)info->load[2] },
		.total = (uint32_t)(info->total_bytes / unit),
		.free = (uint32_t)(info->free_bytes / unit),
		.shared = (uint32_t)(info->shared_bytes / unit),
		.buffer = (uint32_t)(info->buffer_bytes / unit),
		.swap_total = (uint32_t)(info->swap_total_bytes / unit),
		.swap_free = (uint32_t)(info->swap_free_bytes / unit),
		.procs = procs_of(info),
		.unit = (uint32_t)unit,
	};

	memcpy(buf, &s, sizeof(s));
}

void emu_sysinfo_layout(const struct emu_sysinfo *info, bool is_32, void *buf)
{
	if (is_32)
		lay_out_32(info, buf);
	else
		lay_out_64(info, buf);
}

/* ---- whom a number means ---- */

#define THREADS_MAX 4096 /* of a process that are looked at */

static bool read_task(struct emu *emu, uint32_t id, struct emu_task *ret)
{
	char path[32];
	const char *text;

	if (str_format(path, sizeof(path), "%u/status", id) < 0)
		return false;
	text = emu_read(emu, emu->sources->proc_fd, path, false);
	return text && emu_scan_task(text, ret) == 0;
}

/* @level: how deep the namespace lies in which the number is @number. */
static bool is_number(struct emu *emu, uint32_t id, unsigned level, uint32_t number)
{
	struct emu_task task;

	return read_task(emu, id, &task) && level < task.n && task.ids[level] == number;
}

static void close_dirp(DIR **dir)
{
	if (*dir)
		closedir(*dir);
}

/* Threads of a process are all in one pid namespace. */
static pid_t find_thread(struct emu *emu, const struct emu_task *caller, uint32_t number)
{
	__attribute__((cleanup(close_dirp))) DIR *dir = NULL;
	_cleanup_close_ int fd = -EBADF;
	const struct dirent *entry;
	char path[32];
	uint32_t id;

	if (str_format(path, sizeof(path), "%u/task", caller->tgid) < 0)
		return 0;
	fd = openat(emu->sources->proc_fd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	dir = fd < 0 ? NULL : fdopendir(fd);
	if (!dir)
		return 0;
	(void)take_fd(&fd); /* closedir(3) closes it */
	for (unsigned i = 0; i < THREADS_MAX && (entry = readdir(dir)); i++)
		if (parse_u32(entry->d_name, &id) == 0 && is_number(emu, id, caller->n - 1, number))
			return (pid_t)id;
	return 0;
}

pid_t emu_find_task(struct emu *emu, pid_t caller, int32_t number)
{
	uint32_t ids[EMU_TASKS_MAX];
	struct emu_task task;
	size_t n;
	pid_t pid;

	if (caller <= 0 || number <= 0 || !read_task(emu, (uint32_t)caller, &task))
		return 0;
	if (task.ids[task.n - 1] == (uint32_t)number)
		return caller;
	pid = find_thread(emu, &task, (uint32_t)number);
	/* Deeper ones may be beside each other, each with its own task of that number. The first is the container's. */
	if (pid || task.n != 2)
		return pid;
	emu_take_time(emu);
	n = emu_list_tasks(emu, ids);
	for (size_t i = 0; i < n; i++)
		if (is_number(emu, ids[i], 1, (uint32_t)number))
			return (pid_t)ids[i];
	return 0;
}
