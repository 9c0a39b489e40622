/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Unit tests of location: where a file is, in terms of file systems. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_location_relate_goes_by_whole_names),
		cmocka_unit_test(test_location_through_puts_paths_together),
		cmocka_unit_test(test_location_of_fd_finds_the_mount),
		cmocka_unit_test(test_location_of_fd_refuses_what_is_deleted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
