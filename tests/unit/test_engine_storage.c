/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Unit tests of engine_storage: layouts of engines' data roots. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <sys/sysmacros.h>

#include <cmocka.h>

#include "engine_storage.h"
#include "location.h"
#include "mountinfo.h"
#include "str.h"

#define DEV makedev(8, 1)

static void assert_root(const char *rootfs_path, const char *root, bool bundle)
{
	bool is_bundle = !bundle;
	size_t len = engine_storage_root_of(rootfs_path, &is_bundle);

	assert_int_equal(len, strlen(root));
	assert_memory_equal(rootfs_path, root, len);
	if (len > 0)
		assert_int_equal(is_bundle, bundle);
}

static void test_engine_storage_root_of_knows_the_layouts(void **state)
{
	(void)state;
	assert_root("/var/lib/docker/overlay2/0123/merged", "/var/lib/docker", false);
	assert_root("/d/fuse-overlayfs/0123/merged", "/d", false);
	assert_root("/d/vfs/dir/0123", "/d", false);
	assert_root("/d/rootfs/overlayfs/0123", "/d", false);
	assert_root("/d/btrfs/subvolumes/0123", "/d", false);
	assert_root("/d/overlay/0123/merged", "/d", false);
	assert_root("/d/plugins/0123/rootfs", "/d", false);
	assert_root("/d/buildkit/executor/0123/rootfs", "/d", false);
	assert_root("/overlay2/x/overlay2/0123/merged", "/overlay2/x", false);
	assert_root("/some/bundle/rootfs", "/some/bundle", true);
}

static void test_engine_storage_root_of_wants_the_whole_pattern(void **state)
{
	(void)state;
	assert_root("/d/overlay2/merged", "", false);
	assert_root("/d/overlay2/a/b/merged", "", false);
	assert_root("/d/overlay2/a/merged/x", "", false);
	assert_root("/d/xoverlay2/a/merged", "", false);
	assert_root("/vfs/dir/x", "", false); /* the root of the host is no data root */
	assert_root("/rootfs", "", false);
	assert_root("/", "", false);
	assert_root("", "", false);
}

static void test_engine_storage_match_allows_what_containers_use(void **state)
{
	(void)state;
	assert_true(engine_storage_match("/volumes/v/_data")->tmpfs);
	assert_non_null(engine_storage_match("/volumes/v/_data/a/b"));
	assert_true(engine_storage_match("/containers/0123/resolv.conf")->made);
	assert_non_null(engine_storage_match("/containers/0123/hosts"));
	assert_non_null(engine_storage_match("/containers/0123/hostname"));
	assert_true(engine_storage_match("/containers/0123/mounts/shm")->writable);
	assert_false(engine_storage_match("/containers/0123/mounts/secrets/one")->writable);
	assert_non_null(engine_storage_match("/overlay-containers/0123/userdata/hosts"));
	assert_true(engine_storage_match("/vfs-containers/0123/userdata/shm")->writable);
	assert_non_null(engine_storage_match("/buildkit/executor/resolv.conf"));
}

static void test_engine_storage_match_refuses_the_rest(void **state)
{
	static const char *const rest[] = {
		"",
		"/",
		"/volumes",
		"/volumes/",
		"/volumes/v",
		"/volumes/v/_datax",
		"/volumes/metadata.db",
		"/volumes/v/x/_data",
		"/containers/0123",
		"/containers/0123/config.v2.json",
		"/containers/0123/hosts/x",
		"/containers/0123/mounts",
		"/containers/hosts",
		"/overlay2/0123/diff",
		"/overlay2/volumes/v/_data",
		"/overlay-containers/0123",
		"/containers/0123/userdata",
		"/buildkit",
		"/buildkit/content.db",
		"/swarm",
		"volumes/v/_data",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rest) / sizeof(rest[0]); i++)
		if (engine_storage_match(rest[i]))
			fail_msg("'%s' was allowed", rest[i]);
}

static struct location at(dev_t dev, const char *path)
{
	struct location location = { .dev = dev };

	(void)str_format(location.path, sizeof(location.path), "%s", path);
	return location;
}

static void test_engine_storage_judge_goes_by_file_system_and_path(void **state)
{
	struct engine_storage storage = {
		.roots = { { .dev = DEV, .path = (char[]){ "/lib/docker" } },
			   { .dev = DEV, .path = (char[]){ "/b" }, .bundle = true } },
		.n = 2
	};
	const struct engine_path *row = NULL;
	struct location volume = at(DEV, "/lib/docker/volumes/v/_data"),
			root = at(DEV, "/lib/docker");
	struct location above = at(DEV, "/lib"), beside = at(DEV, "/lib/dockerx/volumes/v/_data");
	struct location elsewhere = at(DEV + 1, "/lib/docker/volumes/v/_data"),
			bundled = at(DEV, "/b/x/y");

	(void)state;
	assert_int_equal(engine_storage_judge(&storage, &volume, false, &row), ENGINE_ALLOWED);
	assert_true(row && row->tree && !row->made);
	assert_int_equal(engine_storage_judge(&storage, &root, false, &row), ENGINE_FORBIDDEN);
	assert_int_equal(engine_storage_judge(&storage, &above, false, &row), ENGINE_FORBIDDEN);
	assert_int_equal(engine_storage_judge(&storage, &beside, false, &row), ENGINE_ELSEWHERE);
	assert_int_equal(engine_storage_judge(&storage, &elsewhere, false, &row), ENGINE_ELSEWHERE);
	assert_int_equal(engine_storage_judge(&storage, &bundled, false, &row), ENGINE_ELSEWHERE);
	assert_int_equal(engine_storage_judge(&storage, &bundled, true, &row), ENGINE_ALLOWED);
	assert_int_equal(engine_storage_judge(&storage, &volume, true, &row), ENGINE_ELSEWHERE);
}

/* What an engine reads again must not be a container's to change. */
static void test_engine_storage_judge_of_a_bundle_allows_few_files(void **state)
{
	struct engine_storage storage = {
		.roots = { { .dev = DEV, .path = (char[]){ "/b" }, .bundle = true, .files = true } },
		.n = 1
	};
	static const char *const allowed[] = { "/b/hostname", "/b/hosts", "/b/resolv.conf",
					       "/b/run/.containerenv" };
	static const char *const others[] = { "/b",	"/b/config.json", "/b/hosts/x",
					      "/b/run", "/b/mnt/rootfs",  "/b/hostname2" };
	const struct engine_path *row = NULL;

	(void)state;
	for (size_t i = 0; i < sizeof(allowed) / sizeof(allowed[0]); i++) {
		struct location location = at(DEV, allowed[i]);

		assert_int_equal(engine_storage_judge(&storage, &location, true, &row),
				 ENGINE_ALLOWED);
		assert_true(row->made && !row->tree && !row->writable);
	}
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		struct location location = at(DEV, others[i]);

		assert_int_not_equal(engine_storage_judge(&storage, &location, true, &row),
				     ENGINE_ALLOWED);
	}
}

static void test_engine_storage_tmpfs_wants_one_mount_at_the_engines_place(void **state)
{
	struct engine_storage storage = {
		.roots = { { .dev = DEV, .path = (char[]){ "/d" }, .seen = (char[]){ "/data" } } },
		.n = 1
	};
	struct mountinfo_entry items[] = {
		{ .id = 1, .dev = 5, .root = "/", .target = "/data/volumes/v/_data", .fs_type = "tmpfs" },
		{ .id = 2, .dev = 6, .root = "/", .target = "/data/overlay2/x", .fs_type = "tmpfs" },
		{ .id = 3, .dev = 7, .root = "/", .target = "/data/volumes/w/_data", .fs_type = "tmpfs" },
		{ .id = 4, .dev = 7, .root = "/", .target = "/elsewhere", .fs_type = "tmpfs" },
		{ .id = 5, .dev = 8, .root = "/", .target = "/data/volumes/x/_data", .fs_type = "ext4" },
		{ .id = 6, .dev = 9, .root = "/sub", .target = "/data/volumes/y/_data", .fs_type = "tmpfs" },
		{ .id = 7,
		  .dev = 10,
		  .root = "/",
		  .target = "/data/containers/x/hosts",
		  .fs_type = "tmpfs" },
	};
	struct mountinfo info = { items, sizeof(items) / sizeof(items[0]), NULL };
	struct location location = { .mount = NULL };

	(void)state;
	for (size_t i = 0; i < info.n; i++) {
		const struct engine_path *row;

		location.mount = &items[i];
		row = engine_storage_tmpfs(&storage, &info, &location);
		if (i == 0)
			assert_non_null(row);
		else
			assert_null(row);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_engine_storage_root_of_knows_the_layouts),
		cmocka_unit_test(test_engine_storage_root_of_wants_the_whole_pattern),
		cmocka_unit_test(test_engine_storage_match_allows_what_containers_use),
		cmocka_unit_test(test_engine_storage_match_refuses_the_rest),
		cmocka_unit_test(test_engine_storage_judge_goes_by_file_system_and_path),
		cmocka_unit_test(test_engine_storage_judge_of_a_bundle_allows_few_files),
		cmocka_unit_test(test_engine_storage_tmpfs_wants_one_mount_at_the_engines_place),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
