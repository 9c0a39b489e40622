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
#include "idmap.h"
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

/* config.md, "Linux mount options", as its table has them, with runc's own additions last. */
#define A(n) MOUNT_ATTR_##n
#define ATIME A(_ATIME)
struct expected {
	const char *name;
	uint64_t set, clear, set_all, clear_all, propagation;
	bool bind, recursive, propagate_all, data, copy_up, remount, idmap;
};
static const struct expected table[] = {
	{ "async", .data = true },
	{ "atime", .clear = ATIME },
	{ "bind", .bind = true },
	{ "defaults" },
	{ "dev", .clear = A(NODEV) },
	{ "diratime", .clear = A(NODIRATIME) },
	{ "dirsync", .data = true },
	{ "exec", .clear = A(NOEXEC) },
	{ "iversion" },
	{ "lazytime", .data = true },
	{ "loud" },
	{ "mand", .data = true },
	{ "noatime", .set = A(NOATIME), .clear = ATIME },
	{ "nodev", .set = A(NODEV) },
	{ "nodiratime", .set = A(NODIRATIME) },
	{ "noexec", .set = A(NOEXEC) },
	{ "noiversion" },
	{ "nolazytime", .data = true },
	{ "nomand", .data = true },
	{ "norelatime" },
	{ "nostrictatime", .clear = ATIME },
	{ "nosuid", .set = A(NOSUID) },
	{ "nosymfollow", .set = A(NOSYMFOLLOW) },
	{ "private", .propagation = MS_PRIVATE },
	{ "ratime", .clear_all = ATIME },
	{ "rbind", .bind = true, .recursive = true },
	{ "rdev", .clear_all = A(NODEV) },
	{ "rdiratime", .clear_all = A(NODIRATIME) },
	{ "relatime", .set = A(RELATIME), .clear = ATIME },
	{ "remount", .remount = true },
	{ "rexec", .clear_all = A(NOEXEC) },
	{ "rnoatime", .set_all = A(NOATIME), .clear_all = ATIME },
	{ "rnodev", .set_all = A(NODEV) },
	{ "rnodiratime", .set_all = A(NODIRATIME) },
	{ "rnoexec", .set_all = A(NOEXEC) },
	{ "rnorelatime" },
	{ "rnostrictatime", .clear_all = ATIME },
	{ "rnosuid", .set_all = A(NOSUID) },
	{ "rnosymfollow", .set_all = A(NOSYMFOLLOW) },
	{ "ro", .set = A(RDONLY) },
	{ "rprivate", .propagation = MS_PRIVATE, .propagate_all = true },
	{ "rrelatime", .set_all = A(RELATIME), .clear_all = ATIME },
	{ "rro", .set_all = A(RDONLY) },
	{ "rrw", .clear_all = A(RDONLY) },
	{ "rshared", .propagation = MS_SHARED, .propagate_all = true },
	{ "rslave", .propagation = MS_SLAVE, .propagate_all = true },
	{ "rstrictatime", .set_all = A(STRICTATIME), .clear_all = ATIME },
	{ "rsuid", .clear_all = A(NOSUID) },
	{ "rsymfollow", .clear_all = A(NOSYMFOLLOW) },
	{ "runbindable", .propagation = MS_UNBINDABLE, .propagate_all = true },
	{ "rw", .clear = A(RDONLY) },
	{ "shared", .propagation = MS_SHARED },
	{ "silent" },
	{ "slave", .propagation = MS_SLAVE },
	{ "strictatime", .set = A(STRICTATIME), .clear = ATIME },
	{ "suid", .clear = A(NOSUID) },
	{ "symfollow", .clear = A(NOSYMFOLLOW) },
	{ "sync", .data = true },
	{ "tmpcopyup", .copy_up = true },
	{ "unbindable", .propagation = MS_UNBINDABLE },
	{ "idmap", .idmap = true },
	{ "ridmap", .idmap = true },
	{ "acl" },
};
#define N_TABLE (sizeof(table) / sizeof(table[0]))

static bool is_as_expected(const struct expected *e)
{
	const char *options[] = { e->name, NULL }, **data;
	struct mount_options o = parse("tmpfs", options, &data);

	return o.set == e->set && o.clear == e->clear && o.set_all == e->set_all &&
	       o.clear_all == e->clear_all && o.propagation == e->propagation &&
	       o.bind == e->bind && o.recursive == e->recursive &&
	       o.propagate_all == e->propagate_all && o.copy_up == e->copy_up &&
	       o.remount == e->remount && o.idmap == e->idmap && (data[0] != NULL) == e->data;
}

static void test_mount_options_parse_does_what_the_specification_says(void **state)
{
	(void)state;
	for (size_t i = 0; i < N_TABLE; i++)
		if (!is_as_expected(&table[i]))
			fail_msg("'%s' is not parsed as it should be", table[i].name);
}

static void test_mounts_option_names_are_those_of_the_specification(void **state)
{
	json_t *names = mounts_option_names(), *name;
	bool seen[N_TABLE] = { false };
	size_t i;

	(void)state;
	assert_int_equal(json_array_size(names), N_TABLE);
	json_array_foreach(names, i, name) {
		for (size_t k = 0; k < N_TABLE; k++)
			seen[k] = seen[k] || strcmp(table[k].name, json_string_value(name)) == 0;
	}
	for (size_t k = 0; k < N_TABLE; k++)
		if (!seen[k])
			fail_msg("'%s' is not listed", table[k].name);
	json_decref(names);
}

static void test_mount_options_parse_takes_back_one_word_of_atime(void **state)
{
	const char *kept[] = { "noatime", "norelatime", "nostrictatime", NULL };
	const char *taken[] = { "noatime", "atime", NULL };
	const char *taken_all[] = { "rstrictatime", "rnostrictatime", NULL };
	const char **data;
	struct mount_options o = parse("bind", kept, &data);

	(void)state;
	assert_int_equal(o.set, MOUNT_ATTR_NOATIME);
	assert_int_equal(o.clear, ATIME);
	o = parse("bind", taken, &data);
	assert_int_equal(o.set, 0);
	assert_int_equal(o.clear, ATIME);
	o = parse("bind", taken_all, &data);
	assert_int_equal(o.set_all, 0);
	assert_int_equal(o.clear_all, ATIME);
}

static void test_mounts_check_lets_a_remount_have_no_type(void **state)
{
	const char *options[] = { "remount", "ro", NULL };
	const char *copy_up[] = { "remount", "tmpcopyup", NULL };
	struct error err = ERROR_INIT;

	(void)state;
	assert_int_equal(check(NULL, NULL, options, &err), 0);
	assert_int_equal(check("ext4", "/dev/sda", options, &err),
			 0); /* and nothing of it is looked at */
	assert_int_equal(check(NULL, NULL, copy_up, &err), -EINVAL);
	assert_int_equal(check(NULL, NULL, NULL, &err), -EPERM);
}

static int check_mapped(const char *type, const char **options, struct id_mapping *uids,
			size_t n_uids, struct id_mapping *gids, size_t n_gids, struct error *err)
{
	struct spec_mount mount = { .destination = "/x",
				    .type = type,
				    .source = "/y",
				    .options = options,
				    .uid_mappings = { uids, n_uids },
				    .gid_mappings = { gids, n_gids } };
	struct json_array mounts = { &mount, 1 };

	return mounts_check(&arena, &mounts, err);
}

static void test_mounts_check_wants_mappings_that_make_sense(void **state)
{
	struct id_mapping map = { 0, 100000, 65536 }, empty = { 0, 100000, 0 };
	const char *idmap[] = { "bind", "idmap", NULL }, *remount[] = { "remount", "idmap", NULL };
	const char *ridmap[] = { "rbind", "ridmap", NULL }, *none[] = { NULL };
	struct error err = ERROR_INIT;

	(void)state;
	assert_int_equal(check_mapped("bind", idmap, NULL, 0, NULL, 0, &err), 0);
	assert_int_equal(check_mapped("bind", ridmap, &map, 1, &map, 1, &err), 0);
	assert_int_equal(check_mapped("bind", none, &map, 1, &map, 1, &err), 0);
	assert_int_equal(check_mapped("bind", idmap, &map, 1, NULL, 0, &err), -EINVAL);
	assert_non_null(strstr(err.msg, "go together"));
	assert_int_equal(check_mapped("bind", idmap, &empty, 1, &map, 1, &err), -EINVAL);
	assert_non_null(strstr(err.msg, "mounts[0]: uidMappings: id mapping 0 is empty"));
	assert_int_equal(check_mapped("bind", idmap, &map, 1, &empty, 1, &err), -EINVAL);
	assert_non_null(strstr(err.msg, "gidMappings"));
	assert_int_equal(check_mapped("tmpfs", idmap + 1, NULL, 0, NULL, 0, &err), -EINVAL);
	assert_int_equal(check_mapped("tmpfs", none, &map, 1, &map, 1, &err), -EINVAL);
	assert_int_equal(check_mapped("bind", remount, NULL, 0, NULL, 0, &err), -EINVAL);
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
		cmocka_unit_test(test_mount_options_parse_does_what_the_specification_says),
		cmocka_unit_test(test_mounts_option_names_are_those_of_the_specification),
		cmocka_unit_test(test_mount_options_parse_takes_back_one_word_of_atime),
		cmocka_unit_test(test_mounts_check_lets_a_remount_have_no_type),
		cmocka_unit_test(test_mounts_check_wants_mappings_that_make_sense),
	};

	return cmocka_run_group_tests_name("mounts", tests, NULL, teardown);
}
