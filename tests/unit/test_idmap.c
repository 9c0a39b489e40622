/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Unit tests of idmap: which mappings are refused, and namespaces to map with. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "arena.h"
#include "error.h"
#include "fd.h"
#include "idmap.h"
#include "str.h"

static void test_idmap_check_accepts_ranges_that_touch(void **state)
{
	const struct id_mapping maps[] = {
		{ 0, 100000, 1000 },
		{ 1000, 101000, 1 },
		{ 1001, 99999, 1 },
	};

	(void)state;
	assert_int_equal(idmap_check(maps, 3, NULL), 0);
}

static void test_idmap_check_refuses_overlap_by_one(void **state)
{
	const struct id_mapping maps[] = { { 0, 100000, 1000 }, { 999, 101000, 1 } };
	struct error err = ERROR_INIT;

	(void)state;
	assert_int_equal(idmap_check(maps, 2, &err), -EINVAL);
	assert_non_null(strstr(err.msg, "mapping 1 overlaps mapping 0"));
}

static void test_idmap_check_refuses_overlap_on_the_host(void **state)
{
	const struct id_mapping maps[] = {
		{ 0, 100000, 1000 },
		{ 5000, 1, 10 },
		{ 1000, 100999, 1 },
	};
	struct error err = ERROR_INIT;

	(void)state;
	assert_int_equal(idmap_check(maps, 3, &err), -EINVAL);
	assert_non_null(strstr(err.msg, "mapping 2 overlaps mapping 0 on the host"));
}

static void test_idmap_check_refuses_an_outer_range_around_an_inner_one(void **state)
{
	const struct id_mapping maps[] = { { 10, 100000, 1 }, { 0, 200000, 100 } };

	(void)state;
	assert_int_equal(idmap_check(maps, 2, NULL), -EINVAL);
}

static void test_idmap_check_refuses_an_empty_range(void **state)
{
	const struct id_mapping maps[] = { { 0, 100000, 1 }, { 1, 100001, 0 } };
	struct error err = ERROR_INIT;

	(void)state;
	assert_int_equal(idmap_check(maps, 2, &err), -EINVAL);
	assert_non_null(strstr(err.msg, "mapping 1 is empty"));
}

static void test_idmap_check_knows_the_last_id(void **state)
{
	const struct id_mapping last[] = { { UINT32_MAX - 1, UINT32_MAX - 1, 1 } };
	const struct id_mapping inside[] = { { UINT32_MAX - 1, 0, 2 } };
	const struct id_mapping outside[] = { { 0, UINT32_MAX, 1 } };
	const struct id_mapping all[] = { { 1, 0, UINT32_MAX } };

	(void)state;
	assert_int_equal(idmap_check(last, 1, NULL), 0);
	assert_int_equal(idmap_check(inside, 1, NULL), -EINVAL);
	assert_int_equal(idmap_check(outside, 1, NULL), -EINVAL);
	assert_int_equal(idmap_check(all, 1, NULL), -EINVAL);
}

static void test_idmap_check_counts(void **state)
{
	struct id_mapping maps[IDMAP_MAX + 1];

	(void)state;
	for (uint32_t i = 0; i <= IDMAP_MAX; i++)
		maps[i] = (struct id_mapping){ i * 2, i * 2, 1 };
	assert_int_equal(idmap_check(maps, IDMAP_MAX, NULL), 0);
	assert_int_equal(idmap_check(maps, IDMAP_MAX + 1, NULL), -EINVAL);
	assert_int_equal(idmap_check(maps, 0, NULL), -EINVAL);
}

static int parse(const char *text, struct id_mapping *ret, struct error *err)
{
	struct arena arena = ARENA_INIT;
	json_t *json = json_loads(text, 0, NULL);
	int r;

	assert_non_null(json);
	*ret = (struct id_mapping){ 0 };
	r = json_parse_object(&arena, json, idmap_fields, ret, err);
	json_decref(json);
	arena_done(&arena);
	return r;
}

static void test_idmap_fields_are_those_of_the_spec(void **state)
{
	struct id_mapping map;

	(void)state;
	assert_int_equal(parse("{\"containerID\": 1, \"hostID\": 2, \"size\": 3}", &map, NULL), 0);
	assert_int_equal(map.container_id, 1);
	assert_int_equal(map.host_id, 2);
	assert_int_equal(map.size, 3);
}

static void test_idmap_fields_must_all_be_there(void **state)
{
	struct error err = ERROR_INIT;
	struct id_mapping map;

	(void)state;
	assert_int_equal(parse("{\"containerID\": 1, \"size\": 3}", &map, &err), -EINVAL);
	assert_non_null(strstr(err.msg, "hostID"));
	assert_int_equal(parse("{\"containerID\": 1, \"hostID\": -2, \"size\": 3}", &map, NULL),
			 -EINVAL);
}

static void test_idmap_host_ids_of_a_block(void **state)
{
	struct idmap map;
	uint32_t id = 0;

	(void)state;
	idmap_set_block(&map, 300000);
	assert_true(idmap_host_uid(&map, 0, &id));
	assert_int_equal(id, 300000);
	assert_true(idmap_host_gid(&map, 65535, &id));
	assert_int_equal(id, 365535);
	assert_false(idmap_host_uid(&map, 65536, &id));
	assert_true(idmap_has_host_uid(&map, 300000) && idmap_has_host_uid(&map, 365535));
	assert_false(idmap_has_host_uid(&map, 299999) || idmap_has_host_uid(&map, 365536));
}

static void test_idmap_equal_in_any_order(void **state)
{
	const struct idmap a = { .uids = { { 0, 10, 1 }, { 1, 20, 5 } },
				 .n_uids = 2,
				 .gids = { { 0, 10, 1 } },
				 .n_gids = 1 };
	struct idmap b = { .uids = { { 1, 20, 5 }, { 0, 10, 1 } },
			   .n_uids = 2,
			   .gids = { { 0, 10, 1 } },
			   .n_gids = 1 };

	(void)state;
	assert_true(idmap_equal(&a, &b));
	b.uids[0].size = 4;
	assert_false(idmap_equal(&a, &b));
	b.uids[0].size = 5;
	b.n_gids = 0;
	assert_false(idmap_equal(&a, &b) || idmap_equal(&b, &a));
}

static void test_idmap_compose_splits_and_drops(void **state)
{
	const struct id_mapping outer[] = { { 0, 1000, 10 }, { 10, 5000, 10 } };
	const struct id_mapping inner[] = { { 70, 5, 10 }, { 200, 19, 7 }, { 300, 20, 1 } };
	struct id_mapping ret[4] = { 0 };

	(void)state;
	assert_int_equal(idmap_compose(inner, 3, outer, 2, ret, 4), 3);
	assert_memory_equal(ret,
			    ((const struct id_mapping[]){
				    { 70, 1005, 5 }, { 75, 5000, 5 }, { 200, 5009, 1 } }),
			    3 * sizeof(ret[0]));
	assert_int_equal(idmap_compose(inner, 3, outer, 2, ret, 2), 2);
}

static void test_idmap_of_userns_refuses_one_without_ids(void **state)
{
	struct idmap map = { 0 };
	struct error err = ERROR_INIT;
	int fd, fds[2], go[2];
	char byte;
	pid_t pid;

	(void)state;
	assert_int_equal(pipe(fds), 0);
	assert_int_equal(pipe(go), 0);
	pid = fork();
	if (pid == 0) {
		close(go[1]);
		if (unshare(CLONE_NEWUSER) < 0 || write(fds[1], "", 1) != 1)
			_exit(1);
		_exit(read(go[0], &byte, 1) != 0);
	}
	close(fds[1]);
	if (read(fds[0], &byte, 1) == 1) {
		char path[64];

		(void)str_format(path, sizeof(path), "/proc/%d/ns/user", pid);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		assert_true(fd >= 0);
		assert_int_equal(idmap_of_userns(fd, &map, &err), -ENOTSUP);
		assert_non_null(strstr(err.msg, "maps no ids"));
		close(fd);
	}
	close(fds[0]);
	close(go[0]);
	close(go[1]);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
}

static void test_idmap_write_refuses_more_than_a_page(void **state)
{
	struct idmap map = { .n_uids = IDMAP_MAX, .n_gids = IDMAP_MAX };
	struct error err = ERROR_INIT;

	(void)state;
	for (uint32_t i = 0; i < IDMAP_MAX; i++)
		map.uids[i] = map.gids[i] =
			(struct id_mapping){ 1000000000 + i * 2, 2000000000 + i * 2, 1 };
	assert_int_equal(idmap_write(getpid(), &map, &err), -E2BIG);
	assert_non_null(strstr(err.msg, "uid_map"));
}

static void test_idmap_make_userns_checks_first(void **state)
{
	const struct id_mapping good = { 0, 100000, 1 }, bad = { 0, 100000, 0 };
	struct idmap map = { .uids = { bad }, .gids = { good }, .n_uids = 1, .n_gids = 1 };

	(void)state;
	assert_int_equal(idmap_make_userns(&map, NULL), -EINVAL);
	map.uids[0] = good;
	map.gids[0] = bad;
	assert_int_equal(idmap_make_userns(&map, NULL), -EINVAL);
}

/* What a process sees that joins the namespace: 0 when both maps are the expected ones. */
static int read_maps(int userns_fd, const char *uid_map, const char *gid_map)
{
	int status;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		char *uids = NULL, *gids = NULL;

		if (setns(userns_fd, CLONE_NEWUSER) < 0 ||
		    fd_read_file(AT_FDCWD, "/proc/self/uid_map", 4096, &uids, NULL, NULL) < 0 ||
		    fd_read_file(AT_FDCWD, "/proc/self/gid_map", 4096, &gids, NULL, NULL) < 0)
			_exit(2);
		_exit(strcmp(uids, uid_map) || strcmp(gids, gid_map));
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void test_idmap_make_userns_carries_both_maps(void **state)
{
	const struct idmap map = {
		.uids = { { 1000, 100000, 1 }, { 200000, 100001, 65535 } },
		.gids = { { 1001, 100000, 1 } },
		.n_uids = 2,
		.n_gids = 1,
	};
	struct idmap read = { 0 };
	struct error err = ERROR_INIT;
	int fd = idmap_make_userns(&map, &err);

	(void)state;
	if (fd == -EPERM && geteuid() != 0) {
		print_message("skip: mapping other ids needs root\n");
		skip();
	}
	if (fd < 0)
		fail_msg("%s", err.msg);
	assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
	assert_int_equal(read_maps(fd,
				   "      1000     100000          1\n"
				   "    200000     100001      65535\n",
				   "      1001     100000          1\n"),
			 0);
	assert_int_equal(idmap_of_userns(fd, &read, &err), 0);
	assert_true(idmap_equal(&map, &read));
	close(fd);
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1); /* no child is left */
	assert_int_equal(errno, ECHILD);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_idmap_check_accepts_ranges_that_touch),
		cmocka_unit_test(test_idmap_check_refuses_overlap_by_one),
		cmocka_unit_test(test_idmap_check_refuses_overlap_on_the_host),
		cmocka_unit_test(test_idmap_check_refuses_an_outer_range_around_an_inner_one),
		cmocka_unit_test(test_idmap_check_refuses_an_empty_range),
		cmocka_unit_test(test_idmap_check_knows_the_last_id),
		cmocka_unit_test(test_idmap_check_counts),
		cmocka_unit_test(test_idmap_fields_are_those_of_the_spec),
		cmocka_unit_test(test_idmap_fields_must_all_be_there),
		cmocka_unit_test(test_idmap_host_ids_of_a_block),
		cmocka_unit_test(test_idmap_equal_in_any_order),
		cmocka_unit_test(test_idmap_compose_splits_and_drops),
		cmocka_unit_test(test_idmap_of_userns_refuses_one_without_ids),
		cmocka_unit_test(test_idmap_write_refuses_more_than_a_page),
		cmocka_unit_test(test_idmap_make_userns_checks_first),
		cmocka_unit_test(test_idmap_make_userns_carries_both_maps),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
