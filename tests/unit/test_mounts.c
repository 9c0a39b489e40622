/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Unit tests of mounts: options and what is refused before the host is looked at. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mount.h>

#include <cmocka.h>

#include "arena.h"
#include "error.h"
#include "json.h"
#include "mounts.h"

static struct arena arena;

static struct mount_options parse(const char *type, const char **options, const char ***data)
{
	struct spec_mount mount = {
		.destination = "/x", .type = type, .source = "/y", .options = options
	};
	struct mount_options ret;
	struct error err = ERROR_INIT;

	assert_int_equal(mount_options_parse(&arena, &mount, &ret, data, &err), 0);
	return ret;
}

static int check(const char *type, const char *source, const char **options, struct error *err)
{
	struct spec_mount mount = {
		.destination = "/x", .type = type, .source = source, .options = options
	};
	struct json_array mounts = { &mount, 1 };

	return mounts_check(&arena, &mounts, err);
}

static void test_mount_options_parse_sorts_flags_from_data(void **state)
{
	const char *options[] = { "nosuid", "noexec", "mode=755", "size=64k", "sync", NULL };
	const char **data;
	struct mount_options o = parse("tmpfs", options, &data);

	(void)state;
	assert_int_equal(o.set, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC);
	assert_false(o.bind);
	assert_string_equal(data[0], "mode=755");
	assert_string_equal(data[1], "size=64k");
	assert_string_equal(data[2], "sync");
	assert_null(data[3]);
}

static void test_mount_options_parse_lets_the_last_word_win(void **state)
{
	const char *ro_rw[] = { "ro", "rw", NULL }, *rw_ro[] = { "rw", "ro", NULL };
	const char **data;
	struct mount_options o = parse("tmpfs", ro_rw, &data);

	(void)state;
	assert_int_equal(o.set, 0);
	assert_int_equal(o.clear, MOUNT_ATTR_RDONLY);
	o = parse("tmpfs", rw_ro, &data);
	assert_int_equal(o.set, MOUNT_ATTR_RDONLY);
	assert_int_equal(o.clear, 0);
}

static void test_mount_options_parse_clears_all_of_atime(void **state)
{
	const char *options[] = { "noatime", "strictatime", NULL };
	const char **data;
	struct mount_options o = parse("tmpfs", options, &data);

	(void)state;
	assert_int_equal(o.set,
			 MOUNT_ATTR_STRICTATIME); /* never two of them: mount_setattr(2) gives EINVAL */
	assert_int_equal(o.clear, MOUNT_ATTR__ATIME);
}

static void test_mount_options_parse_knows_binds(void **state)
{
	const char *rbind[] = { "rbind", "rro", NULL }, *none[] = { NULL };
	const char **data;
	struct mount_options o = parse("none", rbind, &data);

	(void)state;
	assert_true(o.bind);
	assert_true(o.recursive);
	assert_int_equal(o.set_all, MOUNT_ATTR_RDONLY);
	assert_int_equal(o.set, 0);
	o = parse("bind", none, &data);
	assert_true(o.bind);
	assert_false(o.recursive);
}

static void test_mounts_check_refuses_foreign_file_systems(void **state)
{
	static const char *const foreign[] = { "ext4",	  "overlay", "nfs", "fuse",
					       "debugfs", "bpf",     "",    "devtmpfs" };
	static const char *const own[] = { "proc",   "sysfs",  "tmpfs",	 "devpts",
					   "mqueue", "cgroup", "cgroup2" };
	struct error err = ERROR_INIT;

	(void)state;
	for (size_t i = 0; i < sizeof(foreign) / sizeof(foreign[0]); i++) {
		assert_int_equal(check(foreign[i], "/dev/sda", NULL, &err), -EPERM);
		assert_non_null(strstr(err.msg, "mounts[0]: file system type"));
	}
	for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++)
		assert_int_equal(check(own[i], own[i], NULL, &err), 0);
	assert_int_equal(check("ext4\n", "/dev/sda", NULL, &err), -EPERM);
	assert_non_null(strstr(err.msg, "type 'ext4\\x0a'"));
}

static void test_mounts_check_refuses_propagation_to_the_host(void **state)
{
	static const char *const bad[] = { "shared", "rshared", "slave", "rslave" };
	static const char *const good[] = { "private", "rprivate", "unbindable" };
	struct error err = ERROR_INIT;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		const char *options[] = { "rbind", bad[i], NULL };

		assert_int_equal(check("bind", "/home/u", options, &err), -EPERM);
		assert_non_null(strstr(err.msg, "propagation"));
		assert_int_equal(check("bind", "/\x1b", options, &err), -EPERM);
		assert_non_null(strstr(err.msg, "'/\\x1b' cannot"));
	}
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		const char *options[] = { "rbind", good[i], NULL };

		assert_int_equal(check("bind", "/home/u", options, &err), 0);
	}
}

static void test_mounts_check_wants_an_absolute_bind_source(void **state)
{
	struct error err = ERROR_INIT;

	(void)state;
	assert_int_equal(check("bind", "etc", NULL, &err), -EINVAL);
	assert_int_equal(check("bind", NULL, NULL, &err), -EINVAL);
	assert_int_equal(check("bind", "/srv/x", NULL, &err), 0);
}

static void test_mounts_check_names_what_is_not_supported(void **state)
{
	const char *options[] = { "bind", "idmap", NULL };
	struct error err = ERROR_INIT;

	(void)state;
	assert_int_equal(check("bind", "/srv/x", options, &err), -ENOTSUP);
	assert_non_null(strstr(err.msg, "'idmap'"));
}

static void test_mounts_option_names_hold_what_engines_probe(void **state)
{
	json_t *names = mounts_option_names(), *name;
	bool rro = false, idmap = false;
	size_t i;

	(void)state;
	json_array_foreach(names, i, name) {
		rro = rro || strcmp(json_string_value(name), "rro") == 0;
		idmap = idmap || strcmp(json_string_value(name), "idmap") == 0;
	}
	assert_true(rro);
	assert_false(idmap); /* what is refused is not advertised */
	json_decref(names);
}

static int teardown(void **state)
{
	(void)state;
	arena_done(&arena);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_mount_options_parse_sorts_flags_from_data),
		cmocka_unit_test(test_mount_options_parse_lets_the_last_word_win),
		cmocka_unit_test(test_mount_options_parse_clears_all_of_atime),
		cmocka_unit_test(test_mount_options_parse_knows_binds),
		cmocka_unit_test(test_mounts_check_refuses_foreign_file_systems),
		cmocka_unit_test(test_mounts_check_refuses_propagation_to_the_host),
		cmocka_unit_test(test_mounts_check_wants_an_absolute_bind_source),
		cmocka_unit_test(test_mounts_check_names_what_is_not_supported),
		cmocka_unit_test(test_mounts_option_names_hold_what_engines_probe),
	};

	return cmocka_run_group_tests_name("mounts", tests, NULL, teardown);
}
