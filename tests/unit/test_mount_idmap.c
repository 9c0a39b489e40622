/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Unit tests of mount_idmap: only the container's own mapping, and only where nobody of the host can reach. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "error.h"
#include "mount_idmap.h"
#include "mounts.h"
#include "source.h"

#define BASE 165536

static int check_as(enum source_kind kind, const struct id_mapping *uids, size_t n_uids,
		    const struct id_mapping *gids, size_t n_gids, struct error *err)
{
	struct idmap own;
	const struct spec_mount mount = {
		.uid_mappings = { (void *)uids, n_uids },
		.gid_mappings = { (void *)gids, n_gids },
	};
	struct source source = { .kind = kind, .uid = 1000, .path = "/srv/x" };

	idmap_set_block(&own, BASE);
	return mount_idmap_check(&mount, &source, &own, err);
}

static int check(const struct id_mapping *maps, size_t n, struct error *err)
{
	return check_as(SOURCE_ENGINE, maps, n, maps, n, err);
}

static void test_mount_idmap_check_takes_the_containers_own(void **state)
{
	const struct id_mapping same[] = { { 0, BASE, 65536 } };
	const struct id_mapping in_parts[] = { { 1000, BASE + 1000, 64536 }, { 0, BASE, 1000 } };

	(void)state;
	assert_int_equal(check(NULL, 0, NULL), 0);
	assert_int_equal(check(same, 1, NULL), 0);
	assert_int_equal(check(in_parts, 2, NULL), 0);
}

static void test_mount_idmap_check_refuses_every_other(void **state)
{
	static const struct id_mapping maps[][2] = {
		{ { 0, 0, 65536 } },		/* the host's own ids */
		{ { 0, 1000, 1 } },		/* an account */
		{ { 1000, BASE, 1 } },		/* the account's files are root's */
		{ { 200000, BASE, 65536 } },	/* those of another container are */
		{ { 0, BASE + 65536, 65536 } }, /* the next container's ids */
		{ { 0, BASE, 65535 } },		/* less */
		{ { 0, BASE, 65537 } },		/* more */
		{ { 0, BASE, 1 } },		/* root alone */
		{ { 0, BASE, 1000 }, { 1001, BASE + 1001, 64535 } }, /* a hole */
		{ { 1, BASE, 1 }, { 0, BASE + 1, 1 } },		     /* crossed */
	};
	struct error err = ERROR_INIT;

	(void)state;
	for (size_t i = 0; i < sizeof(maps) / sizeof(maps[0]); i++) {
		err = ERROR_INIT;
		if (check(maps[i], maps[i][1].size ? 2 : 1, &err) != -EPERM)
			fail_msg("mapping %zu was accepted", i);
		assert_non_null(strstr(err.msg, "uidMappings"));
	}
}

static void test_mount_idmap_check_looks_at_groups_too(void **state)
{
	const struct id_mapping same[] = { { 0, BASE, 65536 } }, other[] = { { 0, 0, 65536 } };
	struct error err = ERROR_INIT;

	(void)state;
	assert_int_equal(check_as(SOURCE_ENGINE, same, 1, other, 1, &err), -EPERM);
	assert_non_null(strstr(err.msg, "gidMappings"));
}

static void test_mount_idmap_check_never_maps_a_users_folder_to_root(void **state)
{
	const struct id_mapping same[] = { { 0, BASE, 65536 } };
	struct error err = ERROR_INIT;

	(void)state;
	assert_int_equal(check_as(SOURCE_OWNER, same, 1, same, 1, &err), -EPERM);
	assert_non_null(strstr(err.msg, "'/srv/x' belongs to user 1000"));
	assert_int_equal(check_as(SOURCE_OWNER, NULL, 0, NULL, 0, &err), -EPERM);
}

static void test_mount_idmap_check_says_what_cannot_be_mapped(void **state)
{
	struct error err = ERROR_INIT;

	(void)state;
	assert_int_equal(check_as(SOURCE_PLAIN, NULL, 0, NULL, 0, &err), -EPERM);
	assert_non_null(strstr(err.msg, "'/srv/x' cannot be id-mapped"));
}

static void test_mount_idmap_check_bears_more_than_a_kernel_takes(void **state)
{
	static struct id_mapping many[IDMAP_MAX + 1];

	(void)state;
	for (uint32_t i = 0; i <= IDMAP_MAX; i++)
		many[i] = (struct id_mapping){ i, BASE + i, 1 };
	assert_int_equal(check(many, IDMAP_MAX + 1, NULL), -EPERM);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_mount_idmap_check_takes_the_containers_own),
		cmocka_unit_test(test_mount_idmap_check_refuses_every_other),
		cmocka_unit_test(test_mount_idmap_check_looks_at_groups_too),
		cmocka_unit_test(test_mount_idmap_check_never_maps_a_users_folder_to_root),
		cmocka_unit_test(test_mount_idmap_check_says_what_cannot_be_mapped),
		cmocka_unit_test(test_mount_idmap_check_bears_more_than_a_kernel_takes),
	};

	return cmocka_run_group_tests_name("mount_idmap", tests, NULL, NULL);
}
