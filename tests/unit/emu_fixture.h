/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * emu_fixture - owns a fake host in a temporary folder: /proc, /sys/devices/system and cgroups, as files that a test writes.
 *
 * 8 cpus on 4 cores with two threads each (0 and 4, 1 and 5, ...), 16 GiB of memory and 2 GiB of swap, booted 1,000 s ago;
 * the container began 100 s ago, in a time namespace of its own.
 */
#pragma once

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "emu.h"
#include "emulation.h"
#include "error.h"
#include "path.h"
#include "str.h"

#define SECOND EMU_NSEC_PER_SEC

struct fixture {
	char root[64];
	int fd;
	struct emu_sources sources;
	void *state;
	struct emu *emu;
	struct emu_text text;
};

static struct emu_clock fixture_now;

static inline void fixture_clock(struct emu_clock *ret)
{
	*ret = fixture_now;
}

static inline void pass(int64_t ns)
{
	fixture_now.boot_ns += ns;
	fixture_now.real_ns += ns;
}

/* Writes a file below the fixture's root, with its folders. */
static inline void put(struct fixture *f, const char *path, const char *text)
{
	char dir[512];
	struct error err = ERROR_INIT;
	int dir_fd, fd;

	assert_int_equal(str_format(dir, sizeof(dir), "%s", path), 0);
	*strrchr(dir, '/') = '\0';
	dir_fd = path_make_dir_in_root(f->fd, dir, 0755, &err);
	assert_true(dir_fd >= 0);
	fd = openat(dir_fd, strrchr(path, '/') + 1, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
	close(dir_fd);
}

static inline void put_cpu(struct fixture *f, unsigned cpu)
{
	char path[128], text[64];

	snprintf(path, sizeof(path), "/sys/cpu/cpu%u/topology/physical_package_id", cpu);
	put(f, path, "0\n");
	snprintf(path, sizeof(path), "/sys/cpu/cpu%u/topology/core_id", cpu);
	snprintf(text, sizeof(text), "%u\n", cpu % 4);
	put(f, path, text);
	snprintf(path, sizeof(path), "/sys/cpu/cpu%u/cache/index0/level", cpu);
	put(f, path, "1\n");
	snprintf(path, sizeof(path), "/sys/cpu/cpu%u/cache/index0/size", cpu);
	put(f, path, "32K\n");
	snprintf(path, sizeof(path), "/sys/cpu/cpu%u/cache/index0/shared_cpu_map", cpu);
	put(f, path, "ff\n");
	snprintf(path, sizeof(path), "/sys/cpu/cpu%u/cache/index0/shared_cpu_list", cpu);
	snprintf(text, sizeof(text), "%u,%u\n", cpu % 4, cpu % 4 + 4);
	put(f, path, text);
}

static inline void put_host(struct fixture *f)
{
	char cpuinfo[2048];
	int at = 0;

	put(f, "/proc/meminfo",
	    "MemTotal:       16777216 kB\nMemFree:         1234567 kB\nSwapTotal:       2097152 kB\n"
	    "SwapFree:        2097152 kB\nVmallocTotal:   34359738367 kB\nHugepagesize:       2048 kB\n"
	    "DirectMap4k:      123456 kB\n");
	for (unsigned cpu = 0; cpu < 8; cpu++)
		at += snprintf(cpuinfo + at, sizeof(cpuinfo) - (size_t)at,
			       "processor\t: %u\nmodel name\t: Example\nphysical id\t: 0\n"
			       "siblings\t: 8\ncore id\t\t: %u\ncpu cores\t: 4\n\n",
			       cpu, cpu % 4);
	put(f, "/proc/cpuinfo", cpuinfo);
	put(f, "/proc/diskstats",
	    "   8       0 sda 1 2 3 4 5 6 7 8 9 10 11\n"
	    "   8       1 sda1 1 2 3 4 5 6 7 8 9 10 11\n"
	    " 253       0 dm-0 1 2 3 4 5 6 7 8 9 10 11\n");
	put(f, "/proc/sys/vm/swappiness", "60\n");
	put(f, "/proc/sys/kernel/printk", "7\t4\t1\t7\n");
	put(f, "/sys/cpu/online", "0-7\n");
	put(f, "/sys/cpu/kernel_max", "8191\n");
	put(f, "/sys/node/online", "0-1\n");
	put(f, "/sys/node/node0/cpulist", "0-3\n");
	put(f, "/sys/node/node1/cpulist", "4-7\n");
	put(f, "/sys/node/node0/distance", "10 21\n");
	put(f, "/sys/node/node1/distance", "21 10\n");
	for (unsigned cpu = 0; cpu < 8; cpu++)
		put_cpu(f, cpu);
	/* The name is chosen to look like the fields behind it. */
	put(f, "/proc/100/stat",
	    "100 (a) R 1 2) S 1 1 1 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 90000 1 2\n");
	put(f, "/proc/100/timens_offsets",
	    "monotonic           0         0\nboottime         -900         0\n");
}

/* Opens the sources once the test has put its cgroups. */
static inline void fixture_start(struct fixture *f, const char *membership)
{
	char proc[96], sys[96], cgroup[96];
	struct emu_places places = {
		.proc = proc, .sys = sys, .cgroup = cgroup, .membership = membership, .init_pid = 100
	};
	struct error err = ERROR_INIT;

	snprintf(proc, sizeof(proc), "%s/proc", f->root);
	snprintf(sys, sizeof(sys), "%s/sys", f->root);
	snprintf(cgroup, sizeof(cgroup), "%s/cgroup", f->root);
	if (emu_sources_open(&f->sources, &places, &err) < 0)
		fail_msg("%s", err.msg);
	assert_int_equal(emu_new(&f->sources, f->state, false, NULL, &f->emu, &err), 0);
	f->emu->clock = fixture_clock;
}

/* What happens when the worker is killed and another one goes on. */
static inline void restart_worker(struct fixture *f)
{
	struct error err = ERROR_INIT;

	emu_free(f->emu);
	assert_int_equal(emu_new(&f->sources, f->state, false, NULL, &f->emu, &err), 0);
	f->emu->clock = fixture_clock;
}

static inline int fixture_setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	f->sources = EMU_SOURCES_INIT;
	f->text = EMU_TEXT_INIT;
	f->state = calloc(1, EMU_STATE_SIZE);
	strcpy(f->root, "/tmp/bulwark-emu-XXXXXX");
	assert_non_null(mkdtemp(f->root));
	f->fd = open(f->root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(f->fd >= 0);
	fixture_now = (struct emu_clock){ .boot_ns = 1000 * SECOND,
					  .real_ns = 1700000000 * SECOND + 500000000 };
	put_host(f);
	*state = f;
	return 0;
}

static inline int fixture_teardown(void **state)
{
	struct fixture *f = *state;
	struct error err = ERROR_INIT;
	int tmp_fd;

	emu_free(f->emu);
	emu_sources_done(&f->sources);
	emu_text_done(&f->text);
	close(f->fd);
	tmp_fd = open("/tmp", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(path_remove_tree(tmp_fd, f->root + strlen("/tmp/"), &err), 0);
	close(tmp_fd);
	free(f->state);
	free(f);
	return 0;
}

/* The content of a path in the tree as process @pid sees it, NUL-terminated. */
static inline const char *show_to(struct fixture *f, pid_t pid, const char *path)
{
	struct emu_reader reader;
	struct error err = ERROR_INIT;
	struct emu_node node;

	emu_reader_of(f->emu, pid, &reader);
	if (emu_find(f->emu, path, &node) < 0)
		fail_msg("no node %s", path);
	if (emu_render(f->emu, &node, &reader, &f->text, &err) < 0)
		fail_msg("%s: %s", path, err.msg);
	emu_text_bytes(&f->text, "", 1);
	assert_int_equal(f->text.failed, 0);
	return f->text.data;
}

static inline const char *show(struct fixture *f, const char *path)
{
	return show_to(f, 0, path);
}

/* A number of meminfo, vmstat and the like: in kB or as it stands. */
static inline uint64_t value_of(const char *text, const char *name)
{
	struct emu_span line, word;
	uint64_t n;

	while (emu_next_line(&text, &line)) {
		if (!emu_next_word(&line, &word))
			continue;
		if (word.p[word.len - 1] == ':')
			word.len--;
		if (emu_span_is(word, name) && emu_next_word(&line, &word) && emu_span_u64(word, &n))
			return n;
	}
	fail_msg("no '%s'", name);
	return 0;
}
