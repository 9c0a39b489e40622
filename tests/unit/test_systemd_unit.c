/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Unit tests of systemd_unit: cgroupsPath to unit, slice and folder. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "error.h"
#include "systemd_unit.h"

static void test_systemd_slice_path_expands_levels(void **state)
{
	static const struct {
		const char *slice, *path;
	} rows[] = {
		{ "system.slice", "/system.slice" },
		{ "a-b-c.slice", "/a.slice/a-b.slice/a-b-c.slice" },
		{ "kubepods-burstable-pod12_3.slice",
		  "/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod12_3.slice" },
		{ "a.b.slice", "/a.b.slice" },
		{ "-.slice", "" },
	};
	char path[PATH_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct error err = ERROR_INIT;

		assert_int_equal(systemd_slice_path(rows[i].slice, path, &err), 0);
		assert_string_equal(path, rows[i].path);
	}
}

static void test_systemd_slice_path_refuses_what_is_no_slice(void **state)
{
	static const char *const names[] = { "",	   ".slice",	"system",     "a.scope",
					     "-a.slice",   "a-.slice",	"a--b.slice", "a/b.slice",
					     "../x.slice", "--.slice",	"a b.slice",  "a\n.slice",
					     "a@b.slice",  "a.slice.x", "\xff.slice" };
	char path[PATH_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct error err = ERROR_INIT;

		if (systemd_slice_path(names[i], path, &err) != -EINVAL)
			fail_msg("'%s' is taken", names[i]);
		assert_non_null(strstr(err.msg, "linux.cgroupsPath"));
	}
}

static void test_systemd_unit_parse_reads_three_parts(void **state)
{
	static const struct {
		const char *cgroups_path, *name, *slice, *path;
	} rows[] = {
		{ "system.slice:docker:1a2b", "docker-1a2b.scope", "system.slice",
		  "/system.slice/docker-1a2b.scope" },
		{ "machine-x.slice:libpod:ff", "libpod-ff.scope", "machine-x.slice",
		  "/machine.slice/machine-x.slice/libpod-ff.scope" },
		{ ":docker:x", "docker-x.scope", "system.slice", "/system.slice/docker-x.scope" },
		{ "-.slice:docker:x", "docker-x.scope", "-.slice", "/docker-x.scope" },
		{ "a.slice::x", "-x.scope", "a.slice", "/a.slice/-x.scope" },
		{ "", "bulwark-web.scope", "system.slice", "/system.slice/bulwark-web.scope" },
		{ NULL, "bulwark-web.scope", "system.slice", "/system.slice/bulwark-web.scope" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct error err = ERROR_INIT;
		struct systemd_unit unit;

		assert_int_equal(systemd_unit_parse(rows[i].cgroups_path, "web", &unit, &err), 0);
		assert_string_equal(unit.name, rows[i].name);
		assert_string_equal(unit.slice, rows[i].slice);
		assert_string_equal(unit.path, rows[i].path);
	}
}

static void test_systemd_unit_parse_escapes_an_id(void **state)
{
	struct error err = ERROR_INIT;
	struct systemd_unit unit;

	(void)state;
	assert_int_equal(systemd_unit_parse(NULL, "a+b", &unit, &err), 0);
	assert_string_equal(unit.name, "bulwark-a\\x2bb.scope");
}

static void test_systemd_unit_parse_refuses(void **state)
{
	static const struct {
		const char *cgroups_path, *why;
	} rows[] = {
		{ "/docker/x", "slice:prefix:name" },
		{ "docker", "slice:prefix:name" },
		{ "system.slice:docker", "slice:prefix:name" },
		{ "system.slice:docker:x:y", "slice:prefix:name" },
		{ "system.slice:docker:", "empty" },
		{ "system:docker:x", "name of a slice" },
		{ "/system.slice:docker:x", "name of a slice" },
		{ "system.slice:docker:a/b", "characters" },
		{ "system.slice:../x:y", "characters" },
		{ "system.slice:docker:a b", "characters" },
		{ "system.slice:docker:a\nb", "characters" },
		{ "system.slice:docker:x.slice", "holds no processes" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct error err = ERROR_INIT;
		struct systemd_unit unit;

		assert_int_equal(systemd_unit_parse(rows[i].cgroups_path, "web", &unit, &err),
				 -EINVAL);
		if (!strstr(err.msg, rows[i].why) || !strstr(err.msg, "linux.cgroupsPath"))
			fail_msg("'%s': %s", rows[i].cgroups_path, err.msg);
		for (const char *p = err.msg; *p; p++)
			assert_true(*p >= ' ' && *p <= '~');
	}
}

static void test_systemd_unit_parse_refuses_long_names(void **state)
{
	struct error err = ERROR_INIT;
	struct systemd_unit unit;
	char id[SYSTEMD_NAME_MAX + 1], path[700];

	(void)state;
	memset(id, 'a', sizeof(id) - 1);
	id[sizeof(id) - 1] = '\0';
	assert_int_equal(systemd_unit_parse(NULL, id, &unit, &err), -EINVAL);
	id[SYSTEMD_NAME_MAX - strlen("bulwark-.scope")] = '\0';
	assert_int_equal(systemd_unit_parse(NULL, id, &unit, &err), 0);
	assert_int_equal(strlen(unit.name), SYSTEMD_NAME_MAX);
	/* "a-a-a-....slice": each level repeats those above */
	for (size_t i = 0; i < 240; i++)
		path[i] = i % 2 ? '-' : 'a';
	memcpy(path + 239, ".slice:x:y", sizeof(".slice:x:y"));
	assert_int_equal(systemd_unit_parse(path, "x", &unit, &err), -EINVAL);
	memset(path, 'a', sizeof(path));
	memcpy(path + 600, ".slice:x:y", sizeof(".slice:x:y"));
	assert_int_equal(systemd_unit_parse(path, "x", &unit, &err), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_systemd_slice_path_expands_levels),
		cmocka_unit_test(test_systemd_slice_path_refuses_what_is_no_slice),
		cmocka_unit_test(test_systemd_unit_parse_reads_three_parts),
		cmocka_unit_test(test_systemd_unit_parse_escapes_an_id),
		cmocka_unit_test(test_systemd_unit_parse_refuses),
		cmocka_unit_test(test_systemd_unit_parse_refuses_long_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
