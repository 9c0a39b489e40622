/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Unit tests of nodes: the tree as a FUSE server walks it. */
#include "emu_fixture.h"
#include "nodes.h"

static int start(void **state)
{
	int r = fixture_setup(state);
	struct fixture *f = *state;

	put(f, "/cgroup/cgroup.controllers", "");
	put(f, "/cgroup/c/cpuset.cpus.effective", "1-3\n");
	put(f, "/cgroup/c/cpuset.mems.effective", "0\n");
	fixture_start(f, "0::/c\n");
	return r;
}

static const struct emu_reader nobody;

struct count {
	unsigned files, folders;
};

/* Everything below a folder can be listed, looked up, asked for by number and rendered. */
static void walk(struct fixture *f, uint64_t id, unsigned depth, struct count *count)
{
	struct emu_node node, again;
	struct error err = ERROR_INIT;
	uint64_t pos = 0;
	int r;

	assert_true(depth < 10);
	while ((r = emu_list(f->emu, id, &nobody, &pos, &node)) > 0) {
		assert_int_equal(node.parent_id, id);
		assert_int_equal(emu_node_of(f->emu, node.id, &again), 0);
		assert_memory_equal(&node, &again, sizeof(node));
		assert_int_equal(emu_lookup(f->emu, id, node.name, &nobody, &again), 0);
		assert_memory_equal(&node, &again, sizeof(node));
		if (S_ISDIR(node.mode)) {
			assert_int_equal(emu_render(f->emu, &node, &nobody, &f->text, &err), -EISDIR);
			count->folders++;
			walk(f, node.id, depth + 1, count);
		} else {
			assert_int_equal(emu_render(f->emu, &node, &nobody, &f->text, &err), 0);
			assert_int_equal(emu_lookup(f->emu, node.id, "x", &nobody, &again), -ENOTDIR);
			count->files++;
		}
	}
	assert_int_equal(r, 0);
	assert_int_equal(emu_list(f->emu, id, &nobody, &pos, &node), 0); /* the end stays the end */
}

static void test_emu_list_and_lookup_agree(void **state)
{
	struct fixture *f = *state;
	struct count count = { 0 };

	walk(f, EMU_ROOT_ID, 0, &count);
	/* 3 cpus, twice, with a topology of 10 files and a cache of 4 that the fixture has; 1 node. */
	assert_int_equal(count.files, 16 + 6 + 2 * 3 * (1 + 10 + 4) + 5 + 4 + emu_sysctls_n - 2);
	assert_int_equal(count.folders, 7 + 2 * 3 * 4 + 1 + 1 + 9 + 3);
}

static void test_emu_mounts_can_be_found(void **state)
{
	struct fixture *f = *state;
	unsigned n = 0, missing = 0;

	for (const char *const *path = emu_mounts(); *path; path++, n++) {
		struct emu_node node;
		int r = emu_find(f->emu, *path, &node);

		missing += r == -ENOENT; /* hostname, domainname: nobody told what answers */
		if (r == 0)
			assert_string_equal(node.name, strrchr(*path, '/') + 1);
	}
	assert_int_equal(missing, 2);
	assert_int_equal(n, 18 + emu_sysctls_n);
	assert_ptr_equal(emu_mounts(), emu_mounts());
}

/* A kernel remembers numbers across workers of different versions. If this fails, do not change the test. */
static void test_emu_node_ids_are_for_ever(void **state)
{
	static const struct {
		const char *path;
		uint64_t id;
	} known[] = {
		{ "/proc/meminfo", 10 },
		{ "/proc/stat", 11 },
		{ "/proc/pressure/io", 22 },
		{ "/sys/devices/system/cpu", 32 },
		{ "/sys/devices/system/cpu/cpu3", 40 | 3 << 16 },
		{ "/sys/devices/system/cpu/cpu3/topology/core_id", 44 | 3 << 16 },
		{ "/sys/devices/system/cpu/cpu2/cache/index0/size", 64 | 2 << 16 },
		{ "/sys/devices/system/node/node0/meminfo", 93 },
		{ "/sys/devices/system/node/node0/cpu3/online", 41 | 3 << 16 | UINT64_C(1) << 40 },
		{ "/proc/sys/kernel/panic", 0x1001 },
		{ "/proc/sys/vm/swappiness", 0x1000 + 64 },
		{ "/sys/module/nf_conntrack/parameters/hashsize", 0x1000 + 142 },
	};
	struct fixture *f = *state;
	struct emu_node node;

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		assert_int_equal(emu_find(f->emu, known[i].path, &node), 0);
		assert_int_equal(node.id, known[i].id);
	}
}

static void test_emu_node_of_refuses_numbers_that_are_none(void **state)
{
	static const uint64_t bad[] = {
		0,
		9,
		0xfff,
		0x1000,
		0x10ff,
		0x2000,
		10 | 1 << 16,		   /* meminfo of cpu 1 */
		40 | UINT64_C(1024) << 16, /* cpu1024 */
		90 | UINT64_C(64) << 16,   /* node64 */
		44 | UINT64_C(1) << 32,	   /* the core id of a cache */
		64 | UINT64_C(16) << 32,   /* index16 */
		10 | UINT64_C(1) << 63,
		40 | UINT64_C(65) << 40, /* cpu0 of node64 */
		93 | UINT64_C(1) << 40,	 /* a node in a node */
		UINT64_MAX,
	};
	struct fixture *f = *state;
	struct error err = ERROR_INIT;
	struct emu_node node;
	uint64_t pos = 0;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(emu_node_of(f->emu, bad[i], &node), -ESTALE);
		assert_int_equal(emu_lookup(f->emu, bad[i], "x", &nobody, &node), -ESTALE);
		assert_int_equal(emu_list(f->emu, bad[i], &nobody, &pos, &node), -ESTALE);
		node.id = bad[i];
		assert_int_equal(emu_render(f->emu, &node, &nobody, &f->text, &err), -ESTALE);
		assert_int_equal(emu_write(f->emu, &node, 0, "1", 1, &err), -ESTALE);
	}
}

static void test_emu_render_of_a_cpu_that_went_is_enoent(void **state)
{
	struct fixture *f = *state;
	struct error err = ERROR_INIT;
	struct emu_node node, dir;

	assert_int_equal(emu_find(f->emu, "/sys/devices/system/cpu/cpu3/topology/core_id", &node), 0);
	assert_int_equal(emu_render(f->emu, &node, &nobody, &f->text, &err), 0);
	put(f, "/cgroup/c/cpuset.cpus.effective", "1\n");
	pass(EMU_FRESH_NS);
	assert_int_equal(emu_render(f->emu, &node, &nobody, &f->text, &err), -ENOENT);
	assert_int_equal(emu_find(f->emu, "/sys/devices/system/cpu/cpu3", &dir), -ENOENT);
	/* GETATTR of what the kernel still knows does not fail. */
	assert_int_equal(emu_node_of(f->emu, node.id, &dir), 0);
}

static void test_emu_find_takes_clean_paths_alone(void **state)
{
	static const char *const bad[] = {
		"",
		"proc/meminfo",
		"/proc//meminfo",
		"/proc/meminfo/",
		"/proc/../proc",
		"/proc/nothing",
		"/proc/meminfo/x",
		"/",
		"/sys/devices/system/cpu/cpu1/cache/index7",
		"/sys/devices/system/node/node1",
		"/proc/a-name-that-is-longer-than-any-that-we-have-in-the-tree"
	};
	struct fixture *f = *state;
	struct emu_node node;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(emu_find(f->emu, bad[i], &node), -ENOENT);
}

static void test_emu_node_modes(void **state)
{
	struct fixture *f = *state;
	struct emu_node node;

	assert_int_equal(emu_find(f->emu, "/proc/meminfo", &node), 0);
	assert_int_equal(node.mode, S_IFREG | 0444);
	assert_false(node.varies);
	assert_int_equal(emu_find(f->emu, "/proc/sys/vm/swappiness", &node), 0);
	assert_int_equal(node.mode, S_IFREG | 0644);
	assert_int_equal(emu_find(f->emu, "/proc/sys/fs/protected_regular", &node), 0);
	assert_int_equal(node.mode, S_IFREG | 0600);
	assert_int_equal(emu_find(f->emu, "/sys/devices/system/cpu", &node), 0);
	assert_int_equal(node.mode, S_IFDIR | 0555);
	assert_false(node.varies);
	assert_int_equal(emu_find(f->emu, "/sys/devices/system/cpu/cpu1/online", &node), 0);
	assert_true(node.varies);
}

/* The same content again for 10 ms, and not a moment longer; a limit, a clock that jumps back. */
static void test_emu_render_is_fresh(void **state)
{
	struct fixture *f = *state;

	assert_string_equal(show(f, "/sys/devices/system/cpu/online"), "1-3\n");
	put(f, "/cgroup/c/cpuset.cpus.effective", "1-2\n");
	pass(EMU_FRESH_NS - 1);
	assert_string_equal(show(f, "/sys/devices/system/cpu/online"), "1-3\n");
	pass(1);
	assert_string_equal(show(f, "/sys/devices/system/cpu/online"), "1-2\n");
	put(f, "/cgroup/c/cpuset.cpus.effective", "3\n");
	pass(-SECOND);
	assert_string_equal(show(f, "/sys/devices/system/cpu/online"), "3\n");
}

static void test_emu_text_is_bounded(void **state)
{
	struct emu_text text = { .max = 10 };

	(void)state;
	emu_text_str(&text, "12345");
	emu_text_u64(&text, 67, 5);
	assert_int_equal(text.len, 10);
	assert_memory_equal(text.data, "12345   67", 10);
	emu_text_str(&text, "");
	assert_int_equal(text.failed, 0);
	emu_text_str(&text, "x");
	assert_int_equal(text.failed, -EFBIG);
	emu_text_clear(&text);
	emu_text_add(&text, "%d", 1);
	assert_int_equal(text.failed, 0);
	assert_int_equal(text.len, 1);
	emu_text_done(&text);
	assert_null(text.data);
}

static void test_emu_text_mask_is_as_wide_as_the_kernels(void **state)
{
	static const struct {
		unsigned cpu, bits;
		const char *text;
	} rows[] = {
		{ 0, 1, "1\n" },
		{ 1, 4, "2\n" },
		{ 4, 5, "10\n" },
		{ 0, 32, "00000001\n" },
		{ 32, 33, "1,00000000\n" },
		{ 64, 72, "01,00000000,00000000\n" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct emu_text text = EMU_TEXT_INIT;
		struct emu_cpuset set = { 0 };

		emu_cpuset_add(&set, rows[i].cpu);
		emu_text_mask(&text, &set, rows[i].bits);
		assert_int_equal(text.len, strlen(rows[i].text));
		assert_memory_equal(text.data, rows[i].text, text.len);
		emu_text_done(&text);
	}
}

#define STARTED(test) cmocka_unit_test_setup_teardown(test, start, fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		STARTED(test_emu_list_and_lookup_agree),
		STARTED(test_emu_mounts_can_be_found),
		STARTED(test_emu_node_ids_are_for_ever),
		STARTED(test_emu_node_of_refuses_numbers_that_are_none),
		STARTED(test_emu_render_of_a_cpu_that_went_is_enoent),
		STARTED(test_emu_find_takes_clean_paths_alone),
		STARTED(test_emu_node_modes),
		STARTED(test_emu_render_is_fresh),
		cmocka_unit_test(test_emu_text_is_bounded),
		cmocka_unit_test(test_emu_text_mask_is_as_wide_as_the_kernels),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
