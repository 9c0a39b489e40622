/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Unit tests of intel_rdt, on a folder that looks like resctrl: what is made, written, compared, refused, removed. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "arena.h"
#include "error.h"
#include "fd.h"
#include "intel_rdt.h"
#include "path.h"
#include "state.h"
#include "str.h"

static struct arena arena;
static json_t *document; /* owner of the strings */
static char base[64];

static int parse(const char *text, struct intel_rdt *out, struct error *err)
{
	json_decref(document);
	document = json_loads(text, JSON_DECODE_ANY, NULL);
	assert_non_null(document);
	*out = (struct intel_rdt){ 0 };
	return intel_rdt_parse(&arena, document, out, err);
}

/* ---- a folder that looks like resctrl ---- */

static void make(const char *name)
{
	char path[PATH_MAX];

	(void)str_format(path, sizeof(path), "%s/%s", base, name);
	assert_int_equal(mkdir(path, 0755), 0);
}

static void put(const char *name, const char *text)
{
	int dir_fd = open(base, O_PATH | O_DIRECTORY | O_CLOEXEC);
	int fd = openat(dir_fd, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	fd_close(fd);
	fd_close(dir_fd);
}

static void assert_has(const char *name, const char *want)
{
	_cleanup_free_ char *text = NULL;
	char path[PATH_MAX];

	(void)str_format(path, sizeof(path), "%s/%s", base, name);
	assert_int_equal(fd_read_file(AT_FDCWD, path, 65536, &text, NULL, NULL), 0);
	assert_string_equal(text, want);
}

static bool is_there(const char *name)
{
	char path[PATH_MAX];
	struct stat st;

	(void)str_format(path, sizeof(path), "%s/%s", base, name);
	return stat(path, &st) == 0;
}

static void empty_base(void)
{
	int tmp_fd = open("/tmp", O_PATH | O_DIRECTORY | O_CLOEXEC);

	assert_int_equal(path_remove_tree(tmp_fd, base + strlen("/tmp/"), NULL), 0);
	fd_close(tmp_fd);
}

static int setup(void **state)
{
	(void)state;
	(void)str_format(base, sizeof(base), "/tmp/test_intel_rdt.XXXXXX");
	if (!mkdtemp(base))
		return -1;
	make("info");
	make("mon_groups");
	put("tasks", "");
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	empty_base();
	return 0;
}

/* ---- the section ---- */

static void test_intel_rdt_parse_reads_all_of_it(void **state)
{
	struct intel_rdt rdt;

	(void)state;
	assert_int_equal(parse("{\"closID\":\"gold\",\"l3CacheSchema\":\"L3:0=f\",\"memBwSchema\":\"MB:0=20\","
			       "\"schemata\":[\"L2:0=f\"],\"enableMonitoring\":true,\"enableCMT\":true}",
			       &rdt, NULL),
			 0);
	assert_true(rdt.set && rdt.enable_monitoring);
	assert_string_equal(rdt.clos_id, "gold");
	assert_string_equal(rdt.schemata[0], "L2:0=f");
	assert_int_equal(parse("{}", &rdt, NULL), 0);
	assert_true(rdt.set);
	assert_null(rdt.clos_id);
	assert_int_equal(parse("{\"closID\":\"\",\"l3CacheSchema\":\"\"}", &rdt, NULL), 0);
	assert_null(rdt.clos_id);
	assert_null(rdt.l3_cache_schema);
	assert_int_equal(parse("{\"closID\":\"/\"}", &rdt, NULL), 0);
}

static void test_intel_rdt_parse_refuses_the_rest(void **state)
{
	static const struct {
		const char *text, *word;
	} rows[] = {
		{ "[]", "expected an object" },
		{ "{\"closID\":1}", "closID" },
		{ "{\"closID\":\"..\"}", ".closID: '..'" },
		{ "{\"closID\":\".\"}", ".closID" },
		{ "{\"closID\":\"a/b\"}", ".closID" },
		{ "{\"closID\":\"../x\"}", ".closID" },
		{ "{\"closID\":\"/gold\"}", ".closID" },
		{ "{\"closID\":\"info\"}", ".closID" },
		{ "{\"closID\":\"mon_groups\"}", ".closID" },
		{ "{\"closID\":\"a\\nb\"}", "'a\\x0ab'" },
		{ "{\"memBwSchema\":\"L3:0=f\"}", ".memBwSchema: does not start with MB:" },
		{ "{\"memBwSchema\":\"MB:0=1\\nL3:0=f\"}", ".memBwSchema: has a control character" },
		{ "{\"l3CacheSchema\":\"L3:0=f\\r\"}", ".l3CacheSchema" },
		{ "{\"schemata\":\"L3:0=f\"}", "schemata" },
		{ "{\"schemata\":[\"L3:0=f\",\"\"]}", ".schemata[1]" },
		{ "{\"schemata\":[\"L3:0=f\\nMB:0=1\"]}", ".schemata[0]" },
		{ "{\"enableMonitoring\":1}", "enableMonitoring" },
	};
	struct intel_rdt rdt;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct error err = ERROR_INIT;

		if (parse(rows[i].text, &rdt, &err) != -EINVAL)
			fail_msg("'%s' was accepted", rows[i].text);
		if (!strstr(err.msg, rows[i].word))
			fail_msg("'%s': '%s' is not in '%s'", rows[i].text, rows[i].word, err.msg);
		assert_false(rdt.set);
	}
}

static void test_intel_rdt_parse_has_limits(void **state)
{
	struct intel_rdt rdt;
	char *large = malloc(65600);
	json_t *value;

	(void)state;
	memset(large, 'f', 65599);
	large[65599] = '\0';
	memcpy(large, "MB:", 3);
	value = json_pack("{s:s}", "l3CacheSchema", large);
	assert_int_equal(intel_rdt_parse(&arena, value, &rdt, NULL), -E2BIG);
	json_decref(value);
	value = json_pack("{s:[s]}", "schemata", large);
	assert_int_equal(intel_rdt_parse(&arena, value, &rdt, NULL), -E2BIG);
	json_decref(value);
	value = json_pack("{s:s}", "closID", large);
	assert_int_equal(intel_rdt_parse(&arena, value, &rdt, NULL), -EINVAL);
	json_decref(value);
	free(large);
}

/* ---- groups ---- */

static int plan(const char *text, struct intel_rdt *rdt, struct intel_rdt_group *group,
		struct error *err)
{
	assert_int_equal(parse(text, rdt, err), 0);
	return intel_rdt_plan(rdt, base, "c1", group, err);
}

static void test_intel_rdt_makes_and_removes_the_containers_own(void **state)
{
	struct intel_rdt_group group;
	struct intel_rdt rdt;
	char pid[16];

	(void)state;
	(void)str_format(pid, sizeof(pid), "%d", getpid());
	assert_int_equal(plan("{\"schemata\":[\"L3:0=f;1=3\",\"MB:0=50\"],\"enableMonitoring\":true}",
			      &rdt, &group, NULL),
			 0);
	assert_true(group.is_new);
	assert_false(is_there("c1"));
	make("c1"); /* what the kernel does with the next line */
	make("c1/mon_groups");
	group.is_new = false;
	assert_int_equal(intel_rdt_make(&rdt, &group, NULL), 0);
	group.is_new = true;
	assert_true(is_there("c1/mon_groups/c1"));
	put("c1/schemata", "");
	put("c1/tasks", "");
	put("c1/mon_groups/c1/tasks", "");
	assert_int_equal(intel_rdt_configure(&rdt, &group, NULL), 0);
	assert_has("c1/schemata", "L3:0=f;1=3\nMB:0=50\n");
	assert_int_equal(intel_rdt_enter(group.path, group.monitor, getpid(), NULL), 0);
	assert_has("c1/tasks", pid);
	assert_has("c1/mon_groups/c1/tasks", pid);
}

static void test_intel_rdt_make_and_remove_are_folders(void **state)
{
	struct intel_rdt_group group;
	struct intel_rdt rdt;

	(void)state;
	assert_int_equal(plan("{}", &rdt, &group, NULL), 0);
	assert_int_equal(intel_rdt_make(&rdt, &group, NULL), 0);
	assert_true(group.is_new && is_there("c1"));
	assert_int_equal(intel_rdt_remove(group.path, NULL, false, NULL), 0);
	assert_true(is_there("c1")); /* another's */
	assert_int_equal(intel_rdt_remove(group.path, NULL, true, NULL), 0);
	assert_false(is_there("c1"));
	assert_int_equal(intel_rdt_remove(group.path, "/nowhere/x", true, NULL), 0);
	assert_int_equal(intel_rdt_remove(NULL, NULL, true, NULL), 0);
}

static void test_intel_rdt_make_tells_what_it_did_not_make(void **state)
{
	struct intel_rdt_group group;
	struct error err = ERROR_INIT;
	struct intel_rdt rdt;

	(void)state;
	assert_int_equal(plan("{\"closID\":\"gold\",\"memBwSchema\":\"MB:0=5\"}", &rdt, &group, NULL),
			 0);
	make("gold"); /* another container is quicker */
	assert_int_equal(intel_rdt_make(&rdt, &group, NULL), 0);
	assert_false(group.is_new);

	assert_int_equal(plan("{}", &rdt, &group, NULL), 0);
	make("c1");
	assert_int_equal(intel_rdt_make(&rdt, &group, &err), -EEXIST);
	assert_false(group.is_new);

	assert_int_equal(plan("{\"closID\":\"/\",\"enableMonitoring\":true}", &rdt, &group, NULL), 0);
	make("mon_groups/c1");
	assert_int_equal(intel_rdt_make(&rdt, &group, &err), -EEXIST);
	assert_string_equal(group.monitor, "");
}

static void test_intel_rdt_plan_refuses_what_the_specification_does(void **state)
{
	struct intel_rdt_group group;
	struct error err = ERROR_INIT;
	struct intel_rdt rdt;

	(void)state;
	assert_int_equal(plan("{\"closID\":\"gold\"}", &rdt, &group, &err), -ENOENT);
	assert_non_null(strstr(err.msg, "no resctrl group 'gold'"));
	assert_int_equal(plan("{\"closID\":\"gold\",\"enableMonitoring\":true}", &rdt, &group, &err),
			 -ENOENT);
	make("gold");
	assert_int_equal(plan("{\"closID\":\"gold\"}", &rdt, &group, &err), 0);
	assert_false(group.is_new);
	make("c1");
	assert_int_equal(plan("{}", &rdt, &group, &err), -EEXIST);
	assert_non_null(strstr(err.msg, "'c1'"));
	assert_int_equal(plan("{\"closID\":\"/\"}", &rdt, &group, &err), 0);
	assert_false(group.is_new);
	assert_string_equal(group.path, base);
	assert_int_equal(intel_rdt_plan(&rdt, base, "info", &group, &err), -EINVAL);
}

static void test_intel_rdt_configure_joins_old_fields(void **state)
{
	static const struct {
		const char *spec, *want;
	} rows[] = {
		{ "{\"l3CacheSchema\":\"L3:0=f\",\"memBwSchema\":\"MB:0=20\"}", "L3:0=f\nMB:0=20\n" },
		{ "{\"l3CacheSchema\":\"L3:0=f\"}", "L3:0=f\n" },
		{ "{\"l3CacheSchema\":\"L3:0=f\\nMB:0=9\"}", "L3:0=f\nMB:0=9\n" },
		{ "{\"l3CacheSchema\":\"MB:0=9\\nL3:0=f\\n\",\"memBwSchema\":\"MB:0=20\"}",
		  "L3:0=f\nMB:0=20\n" },
		{ "{\"memBwSchema\":\"MB:0=20\"}", "MB:0=20\n" },
		{ "{}", "" },
	};
	struct intel_rdt_group group = { .is_new = true };
	struct intel_rdt rdt;

	(void)state;
	(void)str_format(group.path, sizeof(group.path), "%s", base);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		put("schemata", "");
		assert_int_equal(parse(rows[i].spec, &rdt, NULL), 0);
		assert_int_equal(intel_rdt_configure(&rdt, &group, NULL), 0);
		assert_has("schemata", rows[i].want);
	}
}

static void test_intel_rdt_configure_never_changes_what_was_there(void **state)
{
	static const char *const current = "    L3:0=007f0;1=0001f\n    MB:0= 20;1=100\n";
	static const struct {
		const char *spec;
		bool good;
	} rows[] = {
		{ "{\"l3CacheSchema\":\"L3:0=7f0;1=1f\"}", true },
		{ "{\"l3CacheSchema\":\"L3:1=1F\",\"memBwSchema\":\"MB:0=20\"}", true },
		{ "{\"schemata\":[\"MB:1=100;0=20\",\"L3:0=7f0\"]}", true },
		{ "{\"l3CacheSchema\":\"L3:0=7f1\"}", false },
		{ "{\"l3CacheSchema\":\"L3:0=7f0;2=1\"}", false },
		{ "{\"memBwSchema\":\"MB:0=2\"}", false },
		{ "{\"memBwSchema\":\"MB:0=200\"}", false },
		{ "{\"schemata\":[\"L3:0=7f0\",\"L2:0=f\"]}", false },
		{ "{\"schemata\":[\"L3:0\"]}", false },
		{ "{\"schemata\":[\"L3:0=7f0 and more\"]}", false },
		{ "{\"schemata\":[\"L3:x=y\"]}", false },
	};
	struct intel_rdt_group group = { .is_new = false };
	struct intel_rdt rdt;

	(void)state;
	(void)str_format(group.path, sizeof(group.path), "%s", base);
	put("schemata", current);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct error err = ERROR_INIT;

		assert_int_equal(parse(rows[i].spec, &rdt, NULL), 0);
		if (intel_rdt_configure(&rdt, &group, &err) != (rows[i].good ? 0 : -EPERM))
			fail_msg("'%s': %s", rows[i].spec, err.msg);
		assert_has("schemata", current);
	}
}

static void test_intel_rdt_update_changes_the_containers_own(void **state)
{
	struct state s = { .rdt_group = base, .rdt_own = true };
	_cleanup_free_ char *before = NULL;

	(void)state;
	put("schemata", "L3:0=f\n");
	assert_int_equal(intel_rdt_update(&s, "L3:0=3", "MB:0=20", &before, NULL), 0);
	assert_has("schemata", "L3:0=3\nMB:0=20\n");
	assert_string_equal(before, "L3:0=f\n");
	put("schemata", "");
	assert_int_equal(intel_rdt_restore(&s, before, NULL), 0);
	assert_has("schemata", "L3:0=f\n");
}

static void test_intel_rdt_update_refuses_the_rest(void **state)
{
	static const struct {
		const char *l3, *mb, *word;
		bool has_group, is_own;
	} rows[] = {
		{ "L3:0=3", NULL, "without it", false, false },
		{ "L3:0=3", NULL, "before the container", true, false },
		{ NULL, "L3:0=3", "memBwSchema: does not start with MB:", true, true },
		{ NULL, "MB:0=1\nL3:0=1", "memBwSchema: has a control character", true, true },
		{ "L3:0=1\r", "MB:0=1", "l3CacheSchema", true, true },
	};

	(void)state;
	put("schemata", "L3:0=f\n");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct state s = { .rdt_group = rows[i].has_group ? base : NULL,
				   .rdt_own = rows[i].is_own };
		struct error err = ERROR_INIT;
		char *before = NULL;

		assert_true(intel_rdt_update(&s, rows[i].l3, rows[i].mb, &before, &err) < 0);
		assert_non_null(strstr(err.msg, rows[i].word));
		assert_null(before);
		assert_has("schemata", "L3:0=f\n");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_intel_rdt_parse_reads_all_of_it),
		cmocka_unit_test(test_intel_rdt_parse_refuses_the_rest),
		cmocka_unit_test(test_intel_rdt_parse_has_limits),
#define ON_FOLDER(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
		ON_FOLDER(test_intel_rdt_makes_and_removes_the_containers_own),
		ON_FOLDER(test_intel_rdt_make_and_remove_are_folders),
		ON_FOLDER(test_intel_rdt_make_tells_what_it_did_not_make),
		ON_FOLDER(test_intel_rdt_plan_refuses_what_the_specification_does),
		ON_FOLDER(test_intel_rdt_configure_joins_old_fields),
		ON_FOLDER(test_intel_rdt_configure_never_changes_what_was_there),
		ON_FOLDER(test_intel_rdt_update_changes_the_containers_own),
		ON_FOLDER(test_intel_rdt_update_refuses_the_rest),
	};
	int r = cmocka_run_group_tests_name("intel_rdt", tests, NULL, NULL);

	json_decref(document);
	arena_done(&arena);
	return r;
}
