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

static void test_idmap_write_refuses_more_than_a_page(void **state)
{
	struct id_mapping maps[IDMAP_MAX];
	struct error err = ERROR_INIT;

	(void)state;
	for (uint32_t i = 0; i < IDMAP_MAX; i++)
		maps[i] = (struct id_mapping){ 1000000000 + i * 2, 2000000000 + i * 2, 1 };
	assert_int_equal(idmap_write(getpid(), maps, IDMAP_MAX, maps, IDMAP_MAX, &err), -E2BIG);
	assert_non_null(strstr(err.msg, "uid_map"));
}

static void test_idmap_make_userns_checks_first(void **state)
{
	const struct id_mapping good[] = { { 0, 100000, 1 } };
	const struct id_mapping bad[] = { { 0, 100000, 0 } };

	(void)state;
	assert_int_equal(idmap_make_userns(bad, 1, good, 1, NULL), -EINVAL);
	assert_int_equal(idmap_make_userns(good, 1, bad, 1, NULL), -EINVAL);
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
	const struct id_mapping uids[] = { { 1000, 100000, 1 }, { 200000, 100001, 65535 } };
	const struct id_mapping gids[] = { { 1001, 100000, 1 } };
	struct error err = ERROR_INIT;
	int fd = idmap_make_userns(uids, 2, gids, 1, &err);

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
		cmocka_unit_test(test_idmap_write_refuses_more_than_a_page),
		cmocka_unit_test(test_idmap_make_userns_checks_first),
		cmocka_unit_test(test_idmap_make_userns_carries_both_maps),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
