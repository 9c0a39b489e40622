/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <cmocka.h>

#include "error.h"
#include "fd.h"
#include "location.h"
#include "mountinfo.h"
#include "reach.h"
#include "restricted.h"
#include "sockets.h"
#include "str.h"

#define DEV makedev(8, 1)

/* ---- location ----------------------------------------------------------------------------------------------- */

static struct location at(dev_t dev, const char *path)
{
	struct location location = { .dev = dev };

	(void)str_format(location.path, sizeof(location.path), "%s", path);
	(void)str_format(location.seen, sizeof(location.seen), "%s", path);
	return location;
}

static void test_location_relate_goes_by_whole_names(void **state)
{
	struct location root = at(DEV, "/"), etc = at(DEV, "/etc"), below = at(DEV, "/etc/a"),
			like = at(DEV, "/etcetera");

	(void)state;
	assert_int_equal(location_relate(&etc, DEV, "/etc"), LOCATION_EQUAL);
	assert_int_equal(location_relate(&below, DEV, "/etc"), LOCATION_BELOW);
	assert_int_equal(location_relate(&etc, DEV, "/etc/a"), LOCATION_ABOVE);
	assert_int_equal(location_relate(&root, DEV, "/etc"), LOCATION_ABOVE);
	assert_int_equal(location_relate(&etc, DEV, "/"), LOCATION_BELOW);
	assert_int_equal(location_relate(&like, DEV, "/etc"), LOCATION_ELSEWHERE);
	assert_int_equal(location_relate(&etc, DEV, "/etcetera"), LOCATION_ELSEWHERE);
	assert_int_equal(location_relate(&etc, DEV + 1, "/etc"), LOCATION_ELSEWHERE);
}

static void assert_through(const char *path, const char *root, const char *target,
			   const char *expected)
{
	struct mountinfo_entry mount = { .dev = DEV, .root = root, .target = target };
	struct location location = at(DEV, path);
	char buf[PATH_MAX];

	if (!expected) {
		assert_false(location_through(&location, &mount, buf));
		return;
	}
	assert_true(location_through(&location, &mount, buf));
	assert_string_equal(buf, expected);
	mount.dev = DEV + 1;
	assert_false(location_through(&location, &mount, buf));
}

static void test_location_through_puts_paths_together(void **state)
{
	(void)state;
	assert_through("/a/b", "/", "/", "/a/b");
	assert_through("/a/b", "/", "/mnt", "/mnt/a/b");
	assert_through("/a/b", "/a", "/mnt", "/mnt/b");
	assert_through("/a/b", "/a", "/", "/b");
	assert_through("/a/b", "/a/b", "/mnt", "/mnt");
	assert_through("/", "/", "/mnt", "/mnt");
	assert_through("/", "/", "/", "/");
	assert_through("/a/b", "/a/bc", "/mnt", NULL);
	assert_through("/a/bc", "/a/b", "/mnt", NULL);
	assert_through("/a", "net:[4026531840]", "/run/netns/x", NULL);
}

static void test_location_of_fd_finds_the_mount(void **state)
{
	_cleanup_close_ int fd = open("/proc/sys", O_PATH | O_CLOEXEC);
	struct location location;
	struct mountinfo info;

	(void)state;
	assert_int_equal(mountinfo_read(&info, NULL), 0);
	assert_int_equal(location_of_fd(&info, fd, &location, NULL), 0);
	assert_string_equal(location.seen, "/proc/sys");
	if (str_eq(location.mount->target, "/proc")) /* some hosts mount over it */
		assert_string_equal(location.path, "/sys");
	info.n = 0;
	assert_int_equal(location_of_fd(&info, fd, &location, NULL), -EPERM);
	mountinfo_done(&info);
}

static void test_location_of_fd_refuses_what_is_deleted(void **state)
{
	char path[] = "/tmp/test_location.XXXXXX";
	_cleanup_close_ int fd = mkostemp(path, O_CLOEXEC);
	struct location location;
	struct mountinfo info;

	(void)state;
	assert_int_equal(mountinfo_read(&info, NULL), 0);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(location_of_fd(&info, fd, &location, NULL), -ENOENT);
	mountinfo_done(&info);
}

/* ---- reach -------------------------------------------------------------------------------------------------- */

static bool closed(mode_t mode, uid_t uid, gid_t gid, bool has_acl)
{
	const struct stat st = { .st_mode = mode, .st_uid = uid, .st_gid = gid };

	return reach_is_closed(&st, has_acl);
}

static void test_reach_is_closed_lets_only_root_pass(void **state)
{
	(void)state;
	assert_true(closed(S_IFDIR | 0700, 0, 0, false));
	assert_true(closed(S_IFDIR | 0744, 0, 5, false)); /* its names can be read, nothing behind them */
	assert_true(closed(S_IFDIR | 0710, 0, 0, false));
	assert_false(closed(S_IFDIR | 0710, 0, 5, false));
	assert_false(closed(S_IFDIR | 0710, 0, 0, true)); /* the bits may be another's */
	assert_true(closed(S_IFDIR | 0700, 0, 0, true));
	assert_false(closed(S_IFDIR | 0701, 0, 0, false));
	assert_false(closed(S_IFDIR | 0700, 1000, 0, false));
	assert_false(closed(S_IFREG | 0600, 0, 0, false));
}

/* ---- restricted --------------------------------------------------------------------------------------------- */

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

/* ---- sockets ------------------------------------------------------------------------------------------------ */

static void test_sockets_next_path_finds_listeners_with_a_path(void **state)
{
	char text[] = "Num       RefCount Protocol Flags    Type St Inode Path\n"
		      "ffff88800: 00000002 00000000 00010000 0001 01 12345 /run/a b.sock\n"
		      "ffff88800: 00000002 00000000 00000000 0001 03 12345 /connected\n"
		      "ffff88800: 00000002 00000000 00010000 0001 01 12345 @abstract\n"
		      "ffff88800: 00000002 00000000 00010000 0001 01 12345\n"
		      "ffff88800: 00000002 00000000 00010000 0005 01     7 /seqpacket\n"
		      "garbage\n"
		      "\n"
		      "ffff88800: 00000002 00000000 00010000 0001 01 12345 relative\n"
		      "ffff88800: 00000002 00000000 00010000 0001 01 12345 /last";
	char *rest = text;

	(void)state;
	assert_string_equal(sockets_next_path(&rest), "/run/a b.sock");
	assert_string_equal(sockets_next_path(&rest), "/seqpacket");
	assert_string_equal(sockets_next_path(&rest), "/last");
	assert_null(sockets_next_path(&rest));
	assert_null(sockets_next_path(&rest));
}

#define P(f) cmocka_unit_test_setup_teardown(f, setup_places, teardown_places)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_location_relate_goes_by_whole_names),
		cmocka_unit_test(test_location_through_puts_paths_together),
		cmocka_unit_test(test_location_of_fd_finds_the_mount),
		cmocka_unit_test(test_location_of_fd_refuses_what_is_deleted),
		cmocka_unit_test(test_reach_is_closed_lets_only_root_pass),
		P(test_restricted_find_names_the_nearest_place),
		P(test_restricted_find_without_below),
		cmocka_unit_test(test_restricted_find_tree_wants_no_mount_elsewhere),
		cmocka_unit_test(test_restricted_names),
		cmocka_unit_test(test_sockets_next_path_finds_listeners_with_a_path),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
