/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fuzzes what the emulation reads: kernel files, in part named by containers, what a container writes to a sysctl, and what a
 * killed worker left in memory. The first byte says which: 'w' a write, 'd' damage, 'r' the texts of files between NULs, of
 * which every node is rendered; any other: each scanner by itself.
 */
#include "fuzz.h"

#include <sys/stat.h>

#include "emu.h"
#include "nodes.h"
#include "str.h"

/* ---- each scanner alone ---- */

static void check_list(const char *text)
{
	uint64_t words[EMU_CPUS_MAX / 64] = { 1, 2, 3 }, again[EMU_CPUS_MAX / 64];
	struct emu_text out = EMU_TEXT_INIT;
	struct emu_cpuset set;

	if (emu_scan_list(text, EMU_CPUS_MAX, words) < 0) {
		FUZZ_CHECK(words[0] == 1 && words[1] == 2 && words[2] == 3);
		return;
	}
	memcpy(set.word, words, sizeof(words));
	emu_text_list(&out, &set);
	emu_text_bytes(&out, "", 1);
	FUZZ_CHECK(!out.failed && emu_scan_list(out.data, EMU_CPUS_MAX, again) == 0);
	FUZZ_CHECK(memcmp(words, again, sizeof(words)) == 0);
	emu_text_done(&out);
}

static void check_membership(const char *text)
{
	for (int role = 0; role < EMU_CGROUPS; role++) {
		struct emu_span path;

		if (emu_scan_membership(text, (enum emu_cgroup)role, &path) < 0)
			continue;
		FUZZ_CHECK(path.p >= text && path.p + path.len <= text + strlen(text));
		FUZZ_CHECK(path.len > 0 && path.p[0] == '/' && !memchr(path.p, '\n', path.len));
		FUZZ_CHECK(path.len < 3 || memcmp(path.p + path.len - 3, "/..", 3) != 0);
		FUZZ_CHECK(!memmem(path.p, path.len, "/../", 4));
	}
}

static void check_scanners(const char *text)
{
	uint64_t a = 7, b = 8;
	int64_t ns = 9;
	struct emu_pressure pressure = { 0 };
	struct emu_devices devices = { 0 };
	struct emu_task task;

	if (emu_scan_number(text, &a) < 0)
		FUZZ_CHECK(a == 7);
	a = 7;
	if (emu_scan_cpu_max(text, &a, &b) < 0)
		FUZZ_CHECK(a == 7 && b == 8);
	else
		FUZZ_CHECK(b > 0);
	if (emu_scan_pressure(text, &pressure) == 0) {
		FUZZ_CHECK(pressure.some.there || pressure.full.there);
		for (int i = 0; i < 3; i++)
			FUZZ_CHECK(pressure.some.avg[i] <= 10099 && pressure.full.avg[i] <= 10099);
	}
	emu_scan_io_stat(text, &devices);
	emu_scan_blkio(text, true, &devices);
	emu_scan_blkio(text, false, &devices);
	FUZZ_CHECK(devices.n <= EMU_DEVICES_MAX);
	(void)emu_scan_state(text);
	if (emu_scan_task(text, &task) == 0)
		FUZZ_CHECK(task.tgid > 0 && task.n > 0 && task.n <= EMU_PID_LEVELS);
	if (emu_scan_boottime_offset(text, &ns) < 0)
		FUZZ_CHECK(ns == 9);
	b = 8;
	if (emu_scan_start(text, &b) < 0)
		FUZZ_CHECK(b == 8);
	check_list(text);
	check_membership(text);
}

/* ---- a sysctl: its number, then what is written ---- */

static bool may_be(const struct emu_sysctl *s, uint64_t number)
{
	if (s->type == EMU_SYSCTL_INT)
		return (int64_t)number >= s->min &&
		       (s->max > INT64_MAX || (int64_t)number <= (int64_t)s->max) &&
		       (int64_t)number >= INT32_MIN && (int64_t)number <= INT32_MAX;
	return number >= (uint64_t)s->min && number <= s->max &&
	       (s->type == EMU_SYSCTL_ULONG || number <= UINT32_MAX);
}

static void check_numbers(const struct emu_sysctl *s, const char *data, size_t size)
{
	struct emu_sysctl_value value = { { 11, 12, 13, 14 } }, old = value, again;
	ssize_t n = emu_sysctl_parse_numbers(s, 0, data, size, &value);
	char text[128];

	FUZZ_CHECK(n == -EINVAL || n == -ERANGE || (n > 0 && (size_t)n <= size));
	for (unsigned i = 0; i < EMU_SYSCTL_NUMBERS; i++)
		FUZZ_CHECK(value.number[i] == old.number[i] ||
			   (i < s->n && may_be(s, value.number[i])));
	if (n < 0)
		return;
	/* What is shown of it can be written. */
	again = value;
	FUZZ_CHECK(str_format(text, sizeof(text), s->type == EMU_SYSCTL_INT ? "%lld" : "%llu",
			      (unsigned long long)value.number[0]) == 0);
	FUZZ_CHECK(emu_sysctl_parse_numbers(s, 0, text, strlen(text), &again) ==
		   (ssize_t)strlen(text));
	FUZZ_CHECK(again.number[0] == value.number[0]);
	FUZZ_CHECK(emu_sysctl_parse_numbers(s, 1, data, size, &value) > 0 ||
		   s->type == EMU_SYSCTL_PARAM);
	FUZZ_CHECK(s->type == EMU_SYSCTL_PARAM || memcmp(&value, &again, sizeof(value)) == 0);
}

static void check_sysctl(const uint8_t *data, size_t size)
{
	const struct emu_sysctl *s;
	char buf[EMU_SYSCTL_STRING_MAX] = "old";

	if (size < 2)
		return;
	s = &emu_sysctls[data[0] % emu_sysctls_n];
	if (s->type == EMU_SYSCTL_STRING || s->type == EMU_SYSCTL_UTS) {
		FUZZ_CHECK(emu_sysctl_parse_string(data[1] % 8, (const char *)data + 2, size - 2,
						   65, buf) == (ssize_t)size - 2);
		FUZZ_CHECK(strnlen(buf, 65) < 65 && !strchr(buf, '\n'));
		return;
	}
	check_numbers(s, (const char *)data + 1, size - 1);
}

/* ---- everything: @texts are what files say ---- */

static const char *texts, *texts_end, *next_text;

/* In the place of read.c: no file is opened. */
const char *emu_read(struct emu *emu, int dir_fd, const char *path, bool keep)
{
	const char *text = next_text;

	(void)emu;
	(void)keep;
	FUZZ_CHECK(*path);
	if (dir_fd < 0 || texts == texts_end)
		return NULL;
	next_text += strlen(text) + 1;
	if (next_text >= texts_end)
		next_text = texts;
	return text;
}

static struct emu_clock now;

static void fuzz_clock(struct emu_clock *ret)
{
	now.boot_ns += EMU_FRESH_NS; /* nothing is fresh */
	now.real_ns += EMU_FRESH_NS;
	*ret = now;
}

static void render(struct emu *emu, const struct emu_reader *reader, const char *path)
{
	static struct emu_text out = { .max = EMU_CONTENT_MAX };
	struct error err = ERROR_INIT;
	struct emu_node node;
	int r;

	if (emu_find(emu, path, &node) < 0 || !S_ISREG(node.mode))
		return;
	r = emu_render(emu, &node, reader, &out, &err);
	fuzz_check_answer(r, &err, texts, (size_t)(texts_end - texts), NULL);
	FUZZ_CHECK(r < 0 || out.len == 0 || out.data[out.len - 1] == '\n');
}

/* Of sysctls, which are many and alike, one of each kind. */
static void render_all(struct emu *emu, const struct emu_reader *reader)
{
	static const char *const more[] = {
		"/sys/devices/system/cpu/online",
		"/sys/devices/system/cpu/cpu0/topology/core_cpus",
		"/sys/devices/system/cpu/cpu1/topology/core_id",
		"/sys/devices/system/node/online",
		"/sys/devices/system/node/node0/cpulist",
		"/sys/devices/system/node/node0/meminfo",
		"/sys/devices/system/node/node0/distance",
		"/proc/sys/kernel/printk",
		"/proc/sys/kernel/core_pattern",
		"/proc/sys/fs/file-max",
		"/proc/sys/fs/nr_open",
	};
	struct emu_cpuset cpus;

	for (const char *const *path = emu_mounts(); strncmp(*path, "/proc/sys/", 10) != 0; path++)
		render(emu, reader, *path);
	for (size_t i = 0; i < sizeof(more) / sizeof(more[0]); i++)
		render(emu, reader, more[i]);
	emu_see_cpus(emu, reader, &cpus);
	FUZZ_CHECK(emu_cpuset_count(&cpus) > 0);
}

static char state[EMU_STATE_SIZE] __attribute__((aligned(64)));

static void check_render(uint8_t which, const char *data, size_t size)
{
	struct emu_sources sources = EMU_SOURCES_INIT;
	struct error err = ERROR_INIT;
	struct emu_reader reader;
	struct emu *emu = NULL;

	texts = next_text = data;
	texts_end = data + size;
	/* Numbers of no descriptor: whatever is opened without emu_read() is not there. */
	sources.proc_fd = sources.sys_fd = 1000000;
	for (int i = 0; i < EMU_CGROUPS; i++)
		if (which >> i & 1) {
			sources.cgroup_fd[i] = 1000000;
			strcpy(sources.cgroup_path[i], "/a/b");
		}
	memset(state, 0, sizeof(struct emu_state));
	now = (struct emu_clock){ 1000 * EMU_NSEC_PER_SEC, 2000 * EMU_NSEC_PER_SEC };
	FUZZ_CHECK(emu_new(&sources, state, true, NULL, &emu, &err) == 0);
	emu->clock = fuzz_clock;
	emu_reader_of(emu, 5, &reader);
	render_all(emu, &reader);
	/* Another worker takes what this one left. */
	emu_free(emu);
	FUZZ_CHECK(emu_new(&sources, state, false, NULL, &emu, &err) == 0);
	emu->clock = fuzz_clock;
	render(emu, &reader, "/proc/stat");
	emu_free(emu);
}

/* A worker that finds this in the memory that the last one left: 2 bytes say where it begins, the rest is repeated. */
static void check_damage(const uint8_t *data, size_t size)
{
	static const char *const shown[] = { "/proc/stat", "/proc/loadavg", "/proc/sys/kernel/printk",
					     "/proc/sys/kernel/core_pattern",
					     "/proc/sys/vm/swappiness" };
	struct emu_state *s = (struct emu_state *)state;
	struct emu_sources sources = EMU_SOURCES_INIT;
	struct error err = ERROR_INIT;
	struct emu_reader reader = { 0 };
	struct emu *emu = NULL;
	size_t at;

	if (size < 3)
		return;
	memset(state, 0, sizeof(*s));
	at = (data[0] | (size_t)data[1] << 8) * 8;
	for (size_t i = 0; at + i < sizeof(*s) && i < 4096; i++)
		state[at + i] = (char)data[2 + i % (size - 2)];
	s->magic = EMU_STATE_MAGIC;
	s->version = EMU_STATE_VERSION;
	s->size = sizeof(*s);
	texts = next_text = texts_end = "";
	sources.proc_fd = 1000000;
	now = (struct emu_clock){ 1000 * EMU_NSEC_PER_SEC, 2000 * EMU_NSEC_PER_SEC };
	FUZZ_CHECK(emu_new(&sources, state, false, NULL, &emu, &err) == 0);
	emu->clock = fuzz_clock;
	for (size_t i = 0; i < sizeof(shown) / sizeof(shown[0]); i++)
		render(emu, &reader, shown[i]);
	(void)emu_tick_ms(emu);
	emu_free(emu);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text;

	if (size < 2)
		return 0;
	text = malloc(size);
	FUZZ_CHECK(text);
	memcpy(text, data + 1, size - 1);
	text[size - 1] = '\0';
	if (data[0] == 'r')
		check_render((uint8_t)text[0], text + 1, size - 2);
	else if (data[0] == 'w')
		check_sysctl(data + 1, size - 1);
	else if (data[0] == 'd')
		check_damage(data + 1, size - 1);
	else
		check_scanners(text);
	free(text);
	return 0;
}
