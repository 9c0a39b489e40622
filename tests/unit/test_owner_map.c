/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Unit tests of owner_map: under which ids a user's files appear. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "fd.h"
#include "idmap.h"
#include "owner_map.h"
#include "path.h"
#include "str.h"

#define BASE 300000U

static char etc[64];

static int setup(void **state)
{
	(void)state;
	return str_format(etc, sizeof(etc), "/tmp/test_owner_map.XXXXXX") < 0 || !mkdtemp(etc) ? -1 :
												 0;
}

static int teardown(void **state)
{
	int tmp_fd = open("/tmp", O_PATH | O_DIRECTORY | O_CLOEXEC);
	int r = path_remove_tree(tmp_fd, etc + strlen("/tmp/"), NULL);

	(void)state;
	close(tmp_fd);
	return r;
}

static void write_etc(const char *name, const char *text)
{
	int fd = open(etc, O_PATH | O_DIRECTORY | O_CLOEXEC);

	assert_int_equal(fd_replace_file(fd, name, text, strlen(text), 0644, NULL), 0);
	close(fd);
}

static void make(uid_t uid, gid_t gid, struct idmap *ret)
{
	struct idmap container;

	idmap_set_block(&container, BASE);
	assert_int_equal(owner_map_make(etc, uid, gid, &container, ret, NULL), 0);
	assert_int_equal(idmap_check(ret->uids, ret->n_uids, NULL), 0);
	assert_int_equal(idmap_check(ret->gids, ret->n_gids, NULL), 0);
}

static void assert_map(const struct id_mapping *map, uint32_t on_disk, uint32_t id, uint32_t size)
{
	assert_int_equal(map->container_id, on_disk);
	assert_int_equal(map->host_id, id);
	assert_int_equal(map->size, size);
}

static void test_owner_map_make_maps_the_owner_and_his_subordinate_ids(void **state)
{
	struct idmap map;

	(void)state;
	write_etc("passwd", "ann:x:1000:1001::/:/bin/sh\n");
	write_etc("subuid", "bob:100000:65536\nann:165536:1000\nann:500000:10\n");
	write_etc("subgid", "ann:165536:2000\n");
	make(1000, 1001, &map);
	assert_int_equal(map.n_uids, 3);
	assert_map(&map.uids[0], 1000, BASE, 1);
	assert_map(&map.uids[1], 165536, BASE + 1, 1000);
	assert_map(&map.uids[2], 500000, BASE + 1001, 10);
	assert_int_equal(map.n_gids, 2);
	assert_map(&map.gids[0], 1001, BASE, 1);
	assert_map(&map.gids[1], 165536, BASE + 1, 2000);
}

static void test_owner_map_make_stays_in_the_containers_range(void **state)
{
	struct idmap map;

	(void)state;
	write_etc("subuid", "1000:100000:65536\n1000:500000:65536\n");
	write_etc("subgid", "1000:100000:65530\n1000:500000:65536\n1000:900000:1\n");
	make(1000, 1000, &map);
	assert_int_equal(map.n_uids, 2);
	assert_map(&map.uids[1], 100000, BASE + 1, 65535);
	assert_int_equal(map.n_gids, 3);
	assert_map(&map.gids[2], 500000, BASE + 65531, 5);
}

static void test_owner_map_make_takes_the_owners_own_group(void **state)
{
	struct idmap map;

	(void)state;
	write_etc("passwd", "ann:x:1000:1001::/:/bin/sh\nzero:x:1002:0::/:/bin/sh\n");
	make(1000, 42, &map); /* a folder of hers that is shadow's: no set-group-ID programs of shadow */
	assert_map(&map.gids[0], 1001, BASE, 1);
	make(1000, 0, &map);
	assert_map(&map.gids[0], 1001, BASE, 1);
	make(1002, 0, &map);
	assert_map(&map.gids[0], 65534, BASE, 1);
}

static void test_owner_map_make_of_an_owner_without_account(void **state)
{
	struct idmap map;

	(void)state;
	write_etc("group", "shadow:x:42:\nann:x:1000:\n");
	make(1000, 1000, &map);
	assert_map(&map.gids[0], 1000, BASE, 1);
	make(1000, 5000, &map); /* a directory service's, as its owner */
	assert_map(&map.gids[0], 5000, BASE, 1);
	make(1000, 42, &map);
	assert_map(&map.gids[0], 65534, BASE, 1);
	make(1000, 0, &map);
	assert_map(&map.gids[0], 65534, BASE, 1);
}

static void test_owner_map_make_never_maps_root_or_an_id_twice(void **state)
{
	struct idmap map;

	(void)state;
	write_etc("passwd", "ann:x:200000:200000::/:/bin/sh\n");
	write_etc("subuid", "ann:0:100\nann:999:1\nann:199999:2\nann:300000:5\nann:300004:5\n");
	write_etc("subgid", "ann:200000:1\n");
	make(200000, 200000, &map);
	assert_int_equal(map.n_uids, 2);
	assert_map(&map.uids[1], 300000, BASE + 1, 5);
	assert_int_equal(map.n_gids, 1);
}

static void test_owner_map_make_bounds_the_spans(void **state)
{
	char text[OWNER_MAP_SPANS_MAX * 2 * 20], *p = text;
	struct idmap map;

	(void)state;
	for (unsigned int i = 0; i < OWNER_MAP_SPANS_MAX * 2; i++) {
		assert_int_equal(str_format(p, 20, "1000:%u:1\n", 4000000000U + i * 2), 0);
		p += strlen(p);
	}
	write_etc("subuid", text);
	make(1000, 1000, &map);
	assert_int_equal(map.n_uids, OWNER_MAP_SPANS_MAX + 1);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_owner_map_make_maps_the_owner_and_his_subordinate_ids),
		T(test_owner_map_make_stays_in_the_containers_range),
		T(test_owner_map_make_takes_the_owners_own_group),
		T(test_owner_map_make_of_an_owner_without_account),
		T(test_owner_map_make_never_maps_root_or_an_id_twice),
		T(test_owner_map_make_bounds_the_spans),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
