/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * scan - owns reading what kernel files say: strict, without allocation, of NUL-terminated text.
 *
 * Some of that text is chosen by a container (names of cgroups, of devices), some comes from kernels that do not exist yet:
 * a line that is not as expected counts as missing, and never as a number.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "emulation.h"

#define EMU_NO_LIMIT UINT64_MAX

struct emu_span {
	const char *p;
	size_t len;
};

/* The next line without its newline, an empty one too; @text moves on. False at the end. */
bool emu_next_line(const char **text, struct emu_span *ret);

/* The next word of a line; spaces and tabs separate. The line shrinks. */
bool emu_next_word(struct emu_span *line, struct emu_span *ret);

bool emu_span_is(struct emu_span span, const char *s);
bool emu_span_starts(struct emu_span span, const char *s, struct emu_span *ret_rest);

/* Digits alone, within 64 bits. */
bool emu_span_u64(struct emu_span span, uint64_t *ret);

/* A file that is one number: "123\n"; "max" and "-1" are EMU_NO_LIMIT. 0, or -EINVAL and @ret as it was. */
int emu_scan_number(const char *text, uint64_t *ret);

/* v2's cpu.max, "QUOTA PERIOD": 0 or -EINVAL; "max" is EMU_NO_LIMIT. A period of 0 is refused. */
int emu_scan_cpu_max(const char *text, uint64_t *ret_quota, uint64_t *ret_period);

/* One word per key: where the number of the line "KEY NUMBER" or "KEY: NUMBER kB" goes. */
struct emu_key {
	const char *name;
	size_t offset; /* of a uint64_t */
};

/* Fills in what is there; bytes where a unit of kB is given. What is missing or garbled stays. Return: how many were found. */
size_t emu_scan_keys(const char *text, const struct emu_key *keys, size_t n, void *ret);

/* A list such as "0-3,8\n" into bits; numbers from @max on are left out. An empty one is fine. 0 or -EINVAL. */
int emu_scan_list(const char *text, unsigned max, uint64_t *words);

/* Line "CPU USER SYSTEM" of cpuacct.usage_all, in nanoseconds. False for the heading and for what is garbled. */
bool emu_scan_usage_line(struct emu_span line, unsigned *ret_cpu, uint64_t *ret_user,
			 uint64_t *ret_system);

struct emu_pressure_line {
	bool there;
	uint32_t avg[3]; /* hundredths of a percent */
	uint64_t total_us;
};

struct emu_pressure {
	struct emu_pressure_line some, full;
};

/* A pressure file: 0 or -EINVAL when no line of it is right. */
int emu_scan_pressure(const char *text, struct emu_pressure *ret);

enum emu_io {
	EMU_IO_READ,
	EMU_IO_WRITE,
	EMU_IO_DISCARD,
	EMU_IO_KINDS,
};

#define EMU_DEVICES_MAX 128

struct emu_device {
	uint32_t major, minor;
	uint64_t bytes[EMU_IO_KINDS];
	uint64_t operations[EMU_IO_KINDS];
};

struct emu_devices {
	size_t n; /* what is above EMU_DEVICES_MAX is left out */
	struct emu_device items[EMU_DEVICES_MAX];
};

/* v2's io.stat, added to @ret. */
void emu_scan_io_stat(const char *text, struct emu_devices *ret);

/* v1's io_service_bytes (@bytes) or io_serviced, "MAJOR:MINOR Read N", added to @ret. */
void emu_scan_blkio(const char *text, bool bytes, struct emu_devices *ret);

/* A line of /proc/diskstats: which device, and its name. */
bool emu_scan_diskstats_line(struct emu_span line, uint32_t *ret_major, uint32_t *ret_minor,
			     struct emu_span *ret_name);

/**
 * emu_scan_membership() - The path that /proc/PID/cgroup names for a role
 * @text:	"7:cpu,cpuacct:/docker/ID\n0::/..."
 *
 * Return: 0 and the path, which starts with '/' and has no "..", or -ENOENT.
 */
int emu_scan_membership(const char *text, enum emu_cgroup role, struct emu_span *ret);

/* The state letter in /proc/PID/stat, whose second field a process chooses; 0 when there is none. */
char emu_scan_state(const char *text);

#define EMU_PID_LEVELS 33 /* MAX_PID_NS_LEVEL of the kernel, and the outermost */

struct emu_task {
	uint32_t tgid;
	unsigned n;		      /* at least 1 */
	uint32_t ids[EMU_PID_LEVELS]; /* its number in each pid namespace, from the reader's of procfs to its own */
};

/* Tgid and NSpid of /proc/PID/status: 0 or -EINVAL. */
int emu_scan_task(const char *text, struct emu_task *ret);

/* The start time in clock ticks, field 22 of it: 0 or -EINVAL. */
int emu_scan_start(const char *text, uint64_t *ret_ticks);

/* Of /proc/PID/timens_offsets, the line of "boottime": 0 or -EINVAL. */
int emu_scan_boottime_offset(const char *text, int64_t *ret_ns);

/* The number behind "processor<TAB>: ", the line that begins a cpu's block in /proc/cpuinfo. */
bool emu_scan_processor(struct emu_span line, unsigned *ret_cpu);
