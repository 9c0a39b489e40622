/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Unit tests of location: where a file is, in terms of file systems. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <cmocka.h>

#include "fd.h"
#include "location.h"
#include "mountinfo.h"
#include "str.h"

#define DEV makedev(8, 1)

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

static void test_location_of_path_follows_links_and_misses_nothing(void **state)
{
	char dir[] = "/tmp/test_location.XXXXXX", folder[64], link[64], missing[64];
	struct location by_name, by_link, by_fd;
	_cleanup_close_ int fd = -EBADF;
	struct mountinfo info;

	(void)state;
	assert_non_null(mkdtemp(dir));
	assert_int_equal(str_format(folder, sizeof(folder), "%s/folder", dir), 0);
	assert_int_equal(str_format(link, sizeof(link), "%s/link", dir), 0);
	assert_int_equal(str_format(missing, sizeof(missing), "%s/folder/missing", dir), 0);
	assert_int_equal(mkdir(folder, 0700), 0);
	assert_int_equal(symlink("folder", link), 0);
	assert_int_equal(mountinfo_read(&info, NULL), 0);

	fd = open(folder, O_PATH | O_CLOEXEC);
	assert_int_equal(location_of_fd(&info, fd, &by_fd, NULL), 0);
	assert_int_equal(location_of_path(&info, folder, &by_name, NULL), 1);
	assert_int_equal(location_of_path(&info, link, &by_link, NULL), 1);
	assert_string_equal(by_name.seen, folder);
	assert_string_equal(by_link.seen, folder);
	assert_string_equal(by_name.path, by_fd.path);
	assert_string_equal(by_link.path, by_fd.path);
	assert_true(by_name.dev == by_fd.dev && by_link.dev == by_fd.dev);
	assert_int_equal(location_of_path(&info, missing, &by_name, NULL), 0);
	info.n = 0;
	assert_int_equal(location_of_path(&info, folder, &by_name, NULL), -EPERM);

	mountinfo_done(&info);
	assert_int_equal(unlink(link), 0);
	assert_int_equal(rmdir(folder), 0);
	assert_int_equal(rmdir(dir), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_location_relate_goes_by_whole_names),
		cmocka_unit_test(test_location_through_puts_paths_together),
		cmocka_unit_test(test_location_of_fd_finds_the_mount),
		cmocka_unit_test(test_location_of_fd_refuses_what_is_deleted),
		cmocka_unit_test(test_location_of_path_follows_links_and_misses_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
