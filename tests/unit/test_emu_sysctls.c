/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Unit tests of sysctls: parsing as the kernel does it, and values that outlive the worker. */
#include "emu_fixture.h"

static const struct emu_sysctl *named(const char *name)
{
	for (size_t i = 0; i < emu_sysctls_n; i++)
		if (str_eq(emu_sysctls[i].name, name))
			return &emu_sysctls[i];
	fail_msg("no sysctl %s", name);
	return NULL;
}

static ssize_t parse(const char *name, const char *text, uint64_t *value)
{
	struct emu_sysctl_value v = { { *value } };
	ssize_t n = emu_sysctl_parse_numbers(named(name), 0, text, strlen(text), &v);

	*value = v.number[0];
	return n;
}

/* What a table of texts does to one sysctl: the number it has then, or an errno. */
struct row {
	const char *text;
	ssize_t answer;
	int64_t value;
};

static void check_rows(const char *name, const struct row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		uint64_t value = 42;
		ssize_t r = parse(name, rows[i].text, &value);

		if (r != rows[i].answer || (int64_t)value != rows[i].value)
			fail_msg("%s: '%s': answers %zd and has %lld, not %zd and %lld", name,
				 rows[i].text, r, (long long)value, rows[i].answer,
				 (long long)rows[i].value);
	}
}

static void test_emu_sysctl_parse_numbers_reads_an_int(void **state)
{
	static const struct row rows[] = {
		{ "1\n", 2, 1 },
		{ "1", 1, 1 },
		{ "  7\n", 4, 7 },
		{ "\t\n7 \n", 5, 7 },
		{ "0x10\n", 5, 16 },
		{ "0X1f", 4, 31 },
		{ "010\n", 4, 8 },
		{ "08\n", -EINVAL, 42 },
		{ "0x\n", -EINVAL, 42 },
		{ "-5\n", 3, -5 },
		{ "-\n", -EINVAL, 42 },
		{ "--1\n", -EINVAL, 42 },
		{ "+1\n", -EINVAL, 42 },
		{ "", -EINVAL, 42 },
		{ " \n", -EINVAL, 42 },
		{ "1x\n", -EINVAL, 42 },
		{ "x", -EINVAL, 42 },
		{ "1,2\n", -EINVAL, 42 },
		{ "2147483647\n", 11, INT32_MAX },
		{ "2147483648\n", -EINVAL, 42 },
		{ "-2147483648\n", 12, INT32_MIN },
		{ "-2147483649\n", -EINVAL, 42 },
		{ "18446744073709551617\n", -EINVAL, 42 },
		{ "000000000000000000001", -EINVAL, 42 }, /* 21 characters are too many */
		{ "00000000000000000001", 20, 1 },
		{ "1 2\n", 2, 1 }, /* the rest is left: the next write is at an offset, and swallowed */
	};

	(void)state;
	check_rows("panic", rows, sizeof(rows) / sizeof(rows[0]));
}

static void test_emu_sysctl_parse_numbers_keeps_ranges(void **state)
{
	static const struct row swappiness[] = { { "200\n", 4, 200 },
						 { "201\n", -EINVAL, 42 },
						 { "0\n", 2, 0 },
						 { "-1\n", -EINVAL, 42 } };
	static const struct row runtime[] = { { "-1\n", 3, -1 }, { "-2\n", -EINVAL, 42 } };

	(void)state;
	check_rows("swappiness", swappiness, 4);
	check_rows("sched_rt_runtime_us", runtime, 2);
}

static void test_emu_sysctl_parse_numbers_reads_uint_and_ulong(void **state)
{
	static const struct row nr_open[] = {
		{ "1024\n", 5, 1024 },
		{ "-1\n", -EINVAL, 42 },
		{ "63\n", -EINVAL, 42 },
		{ "2147483584\n", 11, 2147483584 },
		{ "2147483585\n", -EINVAL, 42 },
		{ "1024 5\n", 7, 1024 }, /* takes all without a word */
	};
	static const struct row file_max[] = {
		{ "9223372036854775807\n", 20, INT64_MAX },
		{ "9223372036854775808\n", -EINVAL, 42 },
		{ "-1\n", -EINVAL, 42 },
	};
	static const struct row pipes[] = { { "1\n", 2, 4096 },
					    { "4097\n", 5, 8192 },
					    { "0\n", -EINVAL, 42 },
					    { "2147483648\n", 11, 2147483648 },
					    { "2147483649\n", -EINVAL, 42 } };

	(void)state;
	check_rows("nr_open", nr_open, sizeof(nr_open) / sizeof(nr_open[0]));
	check_rows("file-max", file_max, sizeof(file_max) / sizeof(file_max[0]));
	check_rows("pipe-max-size", pipes, sizeof(pipes) / sizeof(pipes[0]));
}

static void test_emu_sysctl_parse_numbers_reads_a_parameter_as_modules_do(void **state)
{
	static const struct row rows[] = {
		{ "100\n", 4, 100 },
		{ "+100", 4, 100 },
		{ " 100", -EINVAL, 42 },
		{ "100 ", -EINVAL, 42 },
		{ "100\n\n", -EINVAL, 42 },
		{ "0\n", -EINVAL, 42 },
		{ "4294967296\n", -ERANGE, 42 },
		{ "99999999999999999999\n", -ERANGE, 42 },
		{ "0x10\n", 5, 16 },
		{ "-1\n", -EINVAL, 42 },
	};

	(void)state;
	check_rows("hashsize", rows, sizeof(rows) / sizeof(rows[0]));
}

static void test_emu_sysctl_parse_numbers_takes_a_vector_in_part(void **state)
{
	struct emu_sysctl_value v = { { 4, 4, 1, 7 } };

	(void)state;
	assert_int_equal(emu_sysctl_parse_numbers(named("printk"), 0, "3 5\n", 4, &v), 4);
	assert_int_equal(v.number[0], 3);
	assert_int_equal(v.number[1], 5);
	assert_int_equal(v.number[2], 1);
	assert_int_equal(emu_sysctl_parse_numbers(named("printk"), 0, "1\t2\t3\t4\t5\n", 10, &v), 8);
	assert_int_equal(v.number[3], 4);
	/* In front of what is wrong, it is taken. */
	assert_int_equal(emu_sysctl_parse_numbers(named("printk"), 0, "9 x", 3, &v), -EINVAL);
	assert_int_equal(v.number[0], 9);
	assert_int_equal(v.number[1], 2);
}

static void test_emu_sysctl_parse_numbers_swallows_what_comes_later(void **state)
{
	struct emu_sysctl_value v = { { 5 } };

	(void)state;
	assert_int_equal(emu_sysctl_parse_numbers(named("panic"), 1, "7\n", 2, &v), 2);
	assert_int_equal(v.number[0], 5);
}

static void test_emu_sysctl_parse_string_goes_on_where_it_is_told(void **state)
{
	char buf[EMU_SYSCTL_STRING_MAX] = "";

	(void)state;
	assert_int_equal(emu_sysctl_parse_string(0, "core.%p\n", 8, 128, buf), 8);
	assert_string_equal(buf, "core.%p");
	assert_int_equal(emu_sysctl_parse_string(7, ".%e\nrest", 8, 128, buf), 8);
	assert_string_equal(buf, "core.%p.%e");
	assert_int_equal(emu_sysctl_parse_string(4, "x", 1, 128, buf), 1);
	assert_string_equal(buf, "corex");
	assert_int_equal(emu_sysctl_parse_string(6, "behind", 6, 128, buf), 6);
	assert_string_equal(buf, "corex");
	assert_int_equal(emu_sysctl_parse_string(0, "123456789", 9, 5, buf), 9);
	assert_string_equal(buf, "1234");
	assert_int_equal(emu_sysctl_parse_string(0, "a\0b", 3, 128, buf), 3);
	assert_string_equal(buf, "a");
}

static void test_emu_sysctls_have_ids_of_their_own(void **state)
{
	(void)state;
	for (size_t i = 0; i < emu_sysctls_n; i++) {
		const struct emu_sysctl *s = &emu_sysctls[i];

		assert_ptr_equal(emu_sysctl_by_id(s->id), s); /* the first with that id */
		assert_true(s->id > 0 && s->dir > 0 && s->dir < EMU_SYSCTL_DIRS);
		assert_true(s->n <= EMU_SYSCTL_NUMBERS);
		assert_true(s->type == EMU_SYSCTL_UTS || s->fallback);
		if (s->pair)
			assert_int_equal(emu_sysctl_by_id(s->pair)->pair, s->id);
		if (s->type == EMU_SYSCTL_STRING)
			assert_true(s->min < EMU_SYSCTL_STRINGS && s->max <= EMU_SYSCTL_STRING_MAX);
	}
	assert_null(emu_sysctl_by_id(255));
}

/* ---- in a container ---- */

static int start(void **state)
{
	int r = fixture_setup(state);
	struct fixture *f = *state;

	put(f, "/cgroup/cgroup.controllers", "");
	put(f, "/cgroup/c/cgroup.procs", "");
	fixture_start(f, "0::/c\n");
	return r;
}

static ssize_t tell_at(struct fixture *f, const char *path, off_t pos, const char *text)
{
	struct error err = ERROR_INIT;
	struct emu_node node;
	ssize_t n;

	assert_int_equal(emu_find(f->emu, path, &node), 0);
	n = emu_write(f->emu, &node, pos, text, strlen(text), &err);
	assert_int_equal(n < 0, err.code != 0);
	return n;
}

static ssize_t tell(struct fixture *f, const char *path, const char *text)
{
	return tell_at(f, path, 0, text);
}

static void test_emu_write_is_read_back_and_survives_the_worker(void **state)
{
	struct fixture *f = *state;

	assert_string_equal(show(f, "/proc/sys/vm/swappiness"), "60\n");
	assert_int_equal(tell(f, "/proc/sys/vm/swappiness", "10\n"), 3);
	assert_string_equal(show(f, "/proc/sys/vm/swappiness"), "10\n");
	assert_int_equal(tell(f, "/proc/sys/vm/swappiness", "201\n"), -EINVAL);
	assert_string_equal(show(f, "/proc/sys/vm/swappiness"), "10\n");
	assert_int_equal(tell(f, "/proc/sys/kernel/core_pattern", "/tmp/core.%p\n"), 13);
	assert_int_equal(tell(f, "/proc/sys/kernel/printk", "3 5\n"), 4);
	assert_string_equal(show(f, "/proc/sys/kernel/printk"), "3\t5\t1\t7\n");
	assert_int_equal(tell(f, "/sys/module/nf_conntrack/parameters/hashsize", "4096\n"), 5);
	restart_worker(f);
	assert_string_equal(show(f, "/proc/sys/vm/swappiness"), "10\n");
	assert_string_equal(show(f, "/proc/sys/kernel/core_pattern"), "/tmp/core.%p\n");
	assert_string_equal(show(f, "/proc/sys/kernel/printk"), "3\t5\t1\t7\n");
	assert_string_equal(show(f, "/sys/module/nf_conntrack/parameters/hashsize"), "4096\n");
}

static void test_emu_write_leaves_the_host_alone(void **state)
{
	struct fixture *f = *state;
	char text[8] = "";
	int fd;

	assert_int_equal(tell(f, "/proc/sys/vm/swappiness", "10\n"), 3);
	fd = openat(f->fd, "proc/sys/vm/swappiness", O_RDONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(read(fd, text, sizeof(text) - 1), 3);
	close(fd);
	assert_string_equal(text, "60\n");
}

static void test_emu_write_follows_the_host_until_written(void **state)
{
	struct fixture *f = *state;

	put(f, "/proc/sys/vm/swappiness", "100\n");
	assert_string_equal(show(f, "/proc/sys/vm/swappiness"), "100\n");
	/* What the host does not have, or does not show, is the kernel's default. */
	assert_string_equal(show(f, "/proc/sys/fs/protected_hardlinks"), "1\n");
	put(f, "/proc/sys/vm/swappiness", "garbage\n");
	assert_string_equal(show(f, "/proc/sys/vm/swappiness"), "60\n");
}

static void test_emu_write_knows_which_of_a_pair_counts(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(tell(f, "/proc/sys/vm/dirty_bytes", "1048576\n"), 8);
	assert_string_equal(show(f, "/proc/sys/vm/dirty_ratio"), "0\n");
	assert_int_equal(tell(f, "/proc/sys/vm/dirty_bytes", "4096\n"), -EINVAL);
	assert_int_equal(tell(f, "/proc/sys/vm/dirty_ratio", "30\n"), 3);
	assert_string_equal(show(f, "/proc/sys/vm/dirty_bytes"), "0\n");
	restart_worker(f);
	assert_string_equal(show(f, "/proc/sys/vm/dirty_bytes"), "0\n");
	assert_string_equal(show(f, "/proc/sys/vm/dirty_ratio"), "30\n");
}

static void test_emu_write_cannot_undo_what_sticks(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(tell(f, "/proc/sys/kernel/yama/ptrace_scope", "2\n"), 2);
	assert_int_equal(tell(f, "/proc/sys/kernel/yama/ptrace_scope", "3\n"), 2);
	assert_int_equal(tell(f, "/proc/sys/kernel/yama/ptrace_scope", "1\n"), -EINVAL);
	assert_int_equal(tell(f, "/proc/sys/kernel/yama/ptrace_scope", "3\n"), 2);
}

static void test_emu_write_is_bounded(void **state)
{
	struct fixture *f = *state;
	static char spaces[70001];

	memset(spaces, ' ', sizeof(spaces) - 1);
	assert_int_equal(tell(f, "/proc/sys/vm/swappiness", spaces), -EINVAL);
	assert_int_equal(tell_at(f, "/proc/sys/vm/swappiness", 4096, spaces), 70000);
	assert_int_equal(tell_at(f, "/proc/sys/vm/swappiness", EMU_SYSCTL_POS_MAX, "1"), -EFBIG);
	assert_int_equal(tell_at(f, "/proc/sys/vm/swappiness", -1, "1"), -EINVAL);
	assert_int_equal(tell(f, "/proc/sys/vm/swappiness", ""), 0);
	assert_int_equal(tell(f, "/proc/meminfo", "1"), -EACCES);
	memset(spaces, 'x', sizeof(spaces) - 1);
	assert_int_equal(tell(f, "/proc/sys/kernel/core_pattern", spaces), 70000);
	assert_int_equal(strlen(show(f, "/proc/sys/kernel/core_pattern")), 128);
}

static void test_emu_state_with_damage_begins_anew_in_that_part(void **state)
{
	struct fixture *f = *state;
	struct emu_state *s = f->state;

	assert_int_equal(tell(f, "/proc/sys/vm/swappiness", "10\n"), 3);
	assert_int_equal(tell(f, "/proc/sys/vm/dirty_ratio", "30\n"), 3);
	s->sysctls.slots[64].bank[0].number[0] = 999; /* swappiness: out of its range */
	s->sysctls.slots[64].bank[1].number[0] = 999;
	s->sysctls.slots[255].set = 1; /* none */
	s->sysctls.slots[63].set = 7;
	restart_worker(f);
	assert_string_equal(show(f, "/proc/sys/vm/swappiness"), "60\n");
	assert_string_equal(show(f, "/proc/sys/vm/dirty_ratio"), "30\n");
	s->version++;
	restart_worker(f);
	assert_string_equal(show(f, "/proc/sys/vm/dirty_ratio"), "20\n");
}

/* Random bytes in all of it: nothing crashes, and each value can be rendered. */
static void test_emu_state_of_random_bytes_does_no_harm(void **state)
{
	struct fixture *f = *state;
	struct emu_state *s = f->state;
	uint32_t random = 7;

	for (int round = 0; round < 20; round++) {
		unsigned char *bytes = f->state;

		for (size_t i = 0; i < sizeof(*s); i++) {
			random = random * 1103515245 + 12345;
			bytes[i] = (unsigned char)(random >> (round + 8) % 24);
		}
		s->magic = EMU_STATE_MAGIC;
		s->version = EMU_STATE_VERSION;
		s->size = sizeof(*s);
		restart_worker(f);
		for (size_t i = 0; i < emu_sysctls_n; i++) {
			struct emu_text text = EMU_TEXT_INIT;

			if (emu_sysctls[i].type != EMU_SYSCTL_UTS)
				assert_int_equal(emu_sysctl_render(f->emu, &emu_sysctls[i], &text),
						 0);
			emu_text_done(&text);
		}
		assert_non_null(strstr(show(f, "/proc/stat"), "cpu7 "));
		show(f, "/proc/loadavg");
	}
}

static char uts_names[2][EMU_SYSCTL_STRING_MAX];

static int uts_get(void *arg, bool domain, char *buf, size_t size)
{
	assert_ptr_equal(arg, uts_names);
	return str_format(buf, size, "%s", uts_names[domain]);
}

static int uts_set(void *arg, bool domain, const char *name)
{
	assert_ptr_equal(arg, uts_names);
	if (str_eq(name, "forbidden"))
		return -EPERM;
	return str_format(uts_names[domain], sizeof(uts_names[domain]), "%s", name);
}

static void test_emu_write_hands_the_hostname_on(void **state)
{
	const struct emu_uts uts = { uts_get, uts_set, uts_names };
	struct fixture *f = *state;
	struct error err = ERROR_INIT;
	struct emu_node node;

	assert_int_equal(emu_find(f->emu, "/proc/sys/kernel/hostname", &node), -ENOENT);
	emu_free(f->emu);
	assert_int_equal(emu_new(&f->sources, f->state, false, &uts, &f->emu, &err), 0);
	strcpy(uts_names[0], "box");
	assert_string_equal(show(f, "/proc/sys/kernel/hostname"), "box\n");
	assert_int_equal(tell(f, "/proc/sys/kernel/hostname", "other\n"), 6);
	assert_string_equal(uts_names[0], "other");
	assert_int_equal(tell(f, "/proc/sys/kernel/domainname", "example\n"), 8);
	assert_string_equal(show(f, "/proc/sys/kernel/domainname"), "example\n");
	assert_int_equal(tell(f, "/proc/sys/kernel/hostname", "forbidden"), -EPERM);
	assert_string_equal(uts_names[0], "other");
}

#define IN_CONTAINER(test) cmocka_unit_test_setup_teardown(test, start, fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_emu_sysctl_parse_numbers_reads_an_int),
		cmocka_unit_test(test_emu_sysctl_parse_numbers_keeps_ranges),
		cmocka_unit_test(test_emu_sysctl_parse_numbers_reads_uint_and_ulong),
		cmocka_unit_test(test_emu_sysctl_parse_numbers_reads_a_parameter_as_modules_do),
		cmocka_unit_test(test_emu_sysctl_parse_numbers_takes_a_vector_in_part),
		cmocka_unit_test(test_emu_sysctl_parse_numbers_swallows_what_comes_later),
		cmocka_unit_test(test_emu_sysctl_parse_string_goes_on_where_it_is_told),
		cmocka_unit_test(test_emu_sysctls_have_ids_of_their_own),
		IN_CONTAINER(test_emu_write_is_read_back_and_survives_the_worker),
		IN_CONTAINER(test_emu_write_leaves_the_host_alone),
		IN_CONTAINER(test_emu_write_follows_the_host_until_written),
		IN_CONTAINER(test_emu_write_knows_which_of_a_pair_counts),
		IN_CONTAINER(test_emu_write_cannot_undo_what_sticks),
		IN_CONTAINER(test_emu_write_is_bounded),
		IN_CONTAINER(test_emu_state_with_damage_begins_anew_in_that_part),
		IN_CONTAINER(test_emu_state_of_random_bytes_does_no_harm),
		IN_CONTAINER(test_emu_write_hands_the_hostname_on),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
