/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Unit tests of restricted: the tables, and the places of this host. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "fd.h"
#include "location.h"
#include "mountinfo.h"
#include "restricted.h"

static struct mountinfo info;
static struct restricted *places;

static int setup_places(void **state)
{
	(void)state;
	return mountinfo_read(&info, NULL) < 0 || restricted_open(&info, &places, NULL) < 0 ? -1 : 0;
}

static int teardown_places(void **state)
{
	(void)state;
	restricted_free(places);
	mountinfo_done(&info);
	return 0;
}

static const char *found_place(const char *path, bool below, enum location_relation *ret)
{
	_cleanup_close_ int fd = open(path, O_PATH | O_CLOEXEC);
	struct location location;

	assert_true(fd >= 0);
	assert_int_equal(location_of_fd(&info, fd, &location, NULL), 0);
	return restricted_find(places, &location, below, ret);
}

static void test_restricted_find_names_the_nearest_place(void **state)
{
	enum location_relation relation = LOCATION_ELSEWHERE;

	(void)state;
	assert_string_equal(found_place("/", true, &relation), "/");
	assert_int_equal(relation, LOCATION_EQUAL);
	assert_string_equal(found_place("/etc", true, &relation), "/etc");
	assert_int_equal(relation, LOCATION_EQUAL);
	assert_string_equal(found_place("/etc/passwd", true, &relation), "/etc");
	assert_int_equal(relation, LOCATION_BELOW);
	assert_non_null(found_place("/var", true, &relation));
	assert_int_equal(relation, LOCATION_ABOVE);
	assert_null(found_place("/tmp", true, &relation));
}

static void test_restricted_find_without_below(void **state)
{
	enum location_relation relation = LOCATION_ELSEWHERE;

	(void)state;
	assert_null(found_place("/etc/passwd", false, &relation));
	assert_non_null(found_place("/etc", false, &relation));
	assert_non_null(found_place("/var", false, &relation));
	assert_non_null(found_place("/", false, &relation));
}

static void test_restricted_find_tree_wants_no_mount_elsewhere(void **state)
{
	struct mountinfo_entry items[] = {
		{ .dev = 1, .target = "/" },
		{ .dev = 2, .target = "/run" },
		{ .dev = 3, .target = "/run/user/1000" },
		{ .dev = 4, .target = "/run/media/disk" },
		{ .dev = 4, .target = "/home/ann/disk" },
		{ .dev = 1, .target = "/run/rootfs" },
		{ .dev = 5, .target = "/run/user/5" },
		{ .dev = 5, .target = "/data/volumes/v/_data" },
		{ .dev = 6, .target = "/runner" },
	};
	const struct mountinfo mounts = { items, sizeof(items) / sizeof(items[0]), NULL };
	const char *const none[] = { NULL }, *const data[] = { "/data", NULL };

	(void)state;
	assert_string_equal(restricted_find_tree(&mounts, 3, none), "/run");
	assert_null(restricted_find_tree(&mounts, 4, none));
	assert_null(restricted_find_tree(&mounts, 1, none));
	assert_null(restricted_find_tree(&mounts, 5, none));
	assert_string_equal(restricted_find_tree(&mounts, 5, data),
			    "/run"); /* a volume with device=/run/user/5 */
	assert_null(restricted_find_tree(&mounts, 6, none));
}

static void test_restricted_names(void **state)
{
	(void)state;
	assert_non_null(restricted_fs_type("proc"));
	assert_non_null(restricted_fs_type("cgroup2"));
	assert_non_null(restricted_fs_type("overlay"));
	assert_null(restricted_fs_type("ext4"));
	assert_null(restricted_fs_type("tmpfs"));
	assert_true(restricted_is_engine_socket("docker.sock"));
	assert_true(restricted_is_engine_socket("podman.sock"));
	assert_false(restricted_is_engine_socket("postgres.sock"));
}

#define P(f) cmocka_unit_test_setup_teardown(f, setup_places, teardown_places)

int main(void)
{
	const struct CMUnitTest tests[] = {
		P(test_restricted_find_names_the_nearest_place),
		P(test_restricted_find_without_below),
		cmocka_unit_test(test_restricted_find_tree_wants_no_mount_elsewhere),
		cmocka_unit_test(test_restricted_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
