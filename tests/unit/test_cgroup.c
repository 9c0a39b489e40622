/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Unit tests of cgroup: where folders are planned, state there and back, v1's numbers in v2's terms. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "cgroup.h"
#include "cgroup_internal.h"
#include "devices.h"
#include "error.h"
#include "resources.h"

static void test_cgroup_plan_puts_absolute_paths_below_each_root(void **state)
{
	struct error err = ERROR_INIT;
	struct cgroup *cgroup;

	(void)state;
	assert_int_equal(cgroup_plan("/docker/x1", "x1", &cgroup, &err), 0);
	assert_true(cgroup->n >= 1);
	for (size_t i = 0; i < cgroup->n; i++) {
		assert_string_equal(cgroup->list[i].path, "docker/x1");
		assert_int_equal(cgroup->list[i].mount[0], '/');
		assert_int_equal(cgroup->list[i].fd, -EBADF); /* planned, not made */
	}
	assert_false(cgroup->made);
	cgroup_free(cgroup);
}

static void test_cgroup_membership_is_what_proc_says_of_a_process_in_it(void **state)
{
	struct cgroup cgroup = {
		.n = 3,
		.list = { { .options = (char *)"cpu,cpuacct", .path = (char *)"a/b" },
			  { .options = (char *)"none,name=systemd", .path = (char *)"a/b" },
			  { .is_v2 = true, .options = (char *)"", .path = (char *)"u" } },
	};
	char buf[64], small[16];

	(void)state;
	assert_int_equal(cgroup_membership(&cgroup, buf, sizeof(buf)), 0);
	assert_string_equal(buf, "1:cpu,cpuacct:/a/b\n2:name=systemd:/a/b\n0::/u\n");
	assert_int_equal(cgroup_membership(&cgroup, small, sizeof(small)), -ENAMETOOLONG);
	cgroup.n = 0;
	assert_int_equal(cgroup_membership(&cgroup, buf, sizeof(buf)), 0);
	assert_string_equal(buf, "");
}

static void test_cgroup_plan_defaults_to_the_id(void **state)
{
	static const char *const paths[] = { NULL, "", "/", "//" };
	struct error err = ERROR_INIT;
	struct cgroup *cgroup;

	(void)state;
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		assert_int_equal(cgroup_plan(paths[i], "x1", &cgroup, &err), 0);
		assert_string_equal(cgroup->list[0].path, "x1"); /* never the root itself */
		cgroup_free(cgroup);
	}
}

static void test_cgroup_plan_refuses_ways_out(void **state)
{
	static const char *const paths[] = { "/../x", "/a/../../x", "..", "a/..", "/a/./b", "/.." };
	struct cgroup *cgroup = NULL;

	(void)state;
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		struct error err = ERROR_INIT;

		assert_int_equal(cgroup_plan(paths[i], "x1", &cgroup, &err), -EINVAL);
		assert_non_null(strstr(err.msg, "linux.cgroupsPath"));
	}
	assert_null(cgroup);
}

static void test_cgroup_plan_refuses_the_systemd_form_by_name(void **state)
{
	struct cgroup *cgroup = NULL;
	struct error err = ERROR_INIT;

	(void)state;
	assert_int_equal(cgroup_plan("system.slice:docker:x1", "x1", &cgroup, &err), -EINVAL);
	assert_non_null(strstr(err.msg, "systemd"));
	assert_int_equal(cgroup_plan("/a:b:c", "x1", &cgroup, &err), 0); /* a folder may be called so */
	cgroup_free(cgroup);
}

static void test_cgroup_to_json_comes_back(void **state)
{
	struct error err = ERROR_INIT;
	struct cgroup *cgroup, *back;
	json_t *json;

	(void)state;
	assert_int_equal(cgroup_plan("/bulwark-no-such-cgroup/x1", "x1", &cgroup, &err), 0);
	cgroup->made = true;
	json = cgroup_to_json(cgroup);
	assert_non_null(json);
	assert_int_equal(cgroup_from_json(json, &back, &err), 0); /* folders that are gone are fine */
	assert_int_equal(back->n, cgroup->n);
	assert_true(back->made);
	assert_string_equal(back->list[0].path, cgroup->list[0].path);
	assert_string_equal(back->list[0].options, cgroup->list[0].options);
	json_decref(json);
	cgroup_free(back);
	cgroup_free(cgroup);
}

static void test_cgroup_to_json_says_who_made_it(void **state)
{
	static const struct {
		const char *unit, *driver;
	} rows[] = { { NULL, "cgroupfs" }, { "docker-x1.scope", "systemd" } };

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct error err = ERROR_INIT;
		struct cgroup *cgroup, *back;
		json_t *json;

		assert_int_equal(cgroup_plan("/bulwark-no-such-cgroup/x1", "x1", &cgroup, &err), 0);
		cgroup->unit = rows[i].unit ? strdup(rows[i].unit) : NULL;
		cgroup->unit_started = rows[i].unit != NULL;
		json = cgroup_to_json(cgroup);
		assert_string_equal(json_string_value(json_object_get(json, "driver")),
				    rows[i].driver);
		assert_int_equal(cgroup_from_json(json, &back, &err), 0);
		assert_int_equal(cgroup_has_unit(back), rows[i].unit != NULL);
		assert_int_equal(back->unit_started, rows[i].unit != NULL);
		if (rows[i].unit)
			assert_string_equal(back->unit, rows[i].unit);
		json_decref(json);
		cgroup_free(back);
		cgroup_free(cgroup);
	}
}

static void test_cgroup_from_json_knows_its_folder_again(void **state)
{
	static const struct {
		json_int_t other;
		bool is_ours;
	} rows[] = { { 0, true }, { 1, false } };
	struct stat st;

	(void)state;
	assert_int_equal(stat("/tmp", &st), 0);
	for (size_t i = 0; i < 2; i++) {
		json_t *json = json_pack("{s:b, s:[{s:b, s:s, s:s, s:s, s:s, s:I}]}", "made", 1,
					 "hierarchies", "v2", 1, "name", "x", "options", "",
					 "mount", "/", "path", "tmp", "inode",
					 (json_int_t)st.st_ino + rows[i].other);
		struct error err = ERROR_INIT;
		struct cgroup *cgroup;

		assert_int_equal(cgroup_from_json(json, &cgroup, &err), 0);
		assert_int_equal(cgroup->list[0].fd >= 0, rows[i].is_ours);
		json_decref(json);
		cgroup_free(cgroup);
	}
}

/* In none of these is systemd asked: where it is not there, it would be an error. */
static void test_cgroup_stop_unit_leaves_alone_what_is_not_ours(void **state)
{
	static const struct {
		bool has_unit, started, made;
	} rows[] = {
		{ false, false, true }, /* cgroupfs */
		{ true, false,
		  false }, /* planned, and it was not started: of that name there may be another's */
		{ true, true, true }, /* its folder is gone */
	};

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		struct error err = ERROR_INIT;
		struct cgroup *cgroup;

		assert_int_equal(cgroup_plan("/bulwark-no-such-cgroup/x1", "x1", &cgroup, &err), 0);
		cgroup->unit = rows[i].has_unit ? strdup("bulwark-no-such.scope") : NULL;
		cgroup->unit_started = rows[i].started;
		cgroup->made = rows[i].made;
		cgroup->unit_properties = strdup("");
		assert_int_equal(cgroup_stop_unit(cgroup, &err), 0);
		cgroup_free(cgroup);
	}
}

static void test_cgroup_plan_unit_needs_systemd(void **state)
{
	const struct resources resources = { 0 };
	const struct json_strmap annotations = { 0 };
	static const struct device_plan devices;
	struct error err = ERROR_INIT;
	struct cgroup *cgroup = NULL;
	int r = cgroup_plan_unit("a-b.slice:docker:x1", "x1", &resources, &devices, &annotations,
				 &cgroup, &err);

	(void)state;
	if (access("/run/systemd/system", F_OK) < 0) {
		assert_int_equal(r, -ENOTSUP);
		assert_non_null(strstr(err.msg, "native.cgroupdriver=cgroupfs"));
		return;
	}
	assert_int_equal(r, 0);
	assert_string_equal(cgroup->unit, "docker-x1.scope");
	assert_string_equal(cgroup->list[0].path, "a.slice/a-b.slice/docker-x1.scope");
	assert_non_null(strstr(cgroup->unit_properties, "\n0 Slice s a-b.slice\n"));
	assert_non_null(strstr(cgroup->unit_properties, "\n0 Delegate b true\n"));
	cgroup_free(cgroup);
}

static void test_cgroup_to_json_refuses_what_it_cannot_put_on_record(void **state)
{
	struct error err = ERROR_INIT;
	struct cgroup *cgroup;

	(void)state;
	assert_int_equal(cgroup_plan("/bulwark-\xff", "x1", &cgroup, &err), 0);
	assert_null(cgroup_to_json(cgroup));
	cgroup_free(cgroup);
}

static void test_cgroup_from_json_refuses_what_it_did_not_write(void **state)
{
	static const char *const texts[] = { "{}", "{\"hierarchies\":{}}", "{\"hierarchies\":[1]}",
					     "{\"hierarchies\":[{\"v2\":true}]}" };
	struct cgroup *cgroup = NULL;

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		json_t *json = json_loads(texts[i], 0, NULL);
		struct error err = ERROR_INIT;

		assert_int_equal(cgroup_from_json(json, &cgroup, &err), -EINVAL);
		json_decref(json);
	}
	assert_null(cgroup);
}

static void test_cgroup_kill_spares_what_was_never_ours(void **state)
{
	struct error err = ERROR_INIT;
	struct cgroup *cgroup;

	(void)state;
	assert_int_equal(cgroup_plan("/x", "x1", &cgroup, &err), 0);
	assert_int_equal(cgroup_kill(cgroup, &err), 0); /* not made: nothing is written anywhere */
	cgroup_free(cgroup);
}

static void test_cgroup_shares_to_weight_meets_the_fixed_points(void **state)
{
	(void)state;
	assert_int_equal(cgroup_shares_to_weight(0), 0);
	assert_int_equal(cgroup_shares_to_weight(2), 1);
	assert_int_equal(cgroup_shares_to_weight(1024), 100);
	assert_int_equal(cgroup_shares_to_weight(262144), 10000);
	assert_int_equal(cgroup_shares_to_weight(UINT64_MAX), 10000);
	for (uint64_t s = 2; s < 262144; s += 97)
		assert_true(cgroup_shares_to_weight(s) <= cgroup_shares_to_weight(s + 97));
}

static void test_cgroup_blkio_to_io_weight_meets_the_ends(void **state)
{
	(void)state;
	assert_int_equal(cgroup_blkio_to_io_weight(0), 0);
	assert_int_equal(cgroup_blkio_to_io_weight(10), 1);
	assert_int_equal(cgroup_blkio_to_io_weight(1000), 10000);
}

static void put(int fd, const char *name, const char *text)
{
	int file = openat(fd, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_true(file >= 0);
	assert_int_equal(write(file, text, strlen(text)), (ssize_t)strlen(text));
	assert_int_equal(close(file), 0);
}

/* A scope of systemd's whose last process is killed goes at any moment; to wait for what it says would be in vain. */
static void test_cgroup_freeze_does_not_wait_for_a_folder_that_is_gone(void **state)
{
	char folder[] = "/tmp/test_cgroup.XXXXXX";
	struct error err = ERROR_INIT;
	struct cgroup cgroup = {
		.n = 1,
		.list = { { .is_v2 = true, .options = (char *)"", .path = (char *)"u" } },
	};
	int fd;

	(void)state;
	assert_non_null(mkdtemp(folder));
	fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(fd >= 0);
	cgroup.list[0].fd = fd;
	put(fd, "cgroup.procs", "");
	put(fd, "cgroup.freeze", "");
	put(fd, "cgroup.events", "populated 0\nfrozen 0\n");
	assert_int_equal(cgroup_freeze(&cgroup, false, &err), 0);
	/* removed after it was told */
	assert_int_equal(unlinkat(fd, "cgroup.events", 0), 0);
	assert_int_equal(unlinkat(fd, "cgroup.procs", 0), 0);
	alarm(9); /* less than what is waited for one that is there */
	assert_int_equal(cgroup_freeze(&cgroup, false, &err), 0);
	assert_int_equal(cgroup_freeze(&cgroup, true, &err), -ENOENT);
	/* and before */
	assert_int_equal(unlinkat(fd, "cgroup.freeze", 0), 0);
	assert_int_equal(cgroup_freeze(&cgroup, false, &err), 0);
	alarm(0);
	(void)close(fd);
	assert_int_equal(rmdir(folder), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cgroup_plan_puts_absolute_paths_below_each_root),
		cmocka_unit_test(test_cgroup_membership_is_what_proc_says_of_a_process_in_it),
		cmocka_unit_test(test_cgroup_plan_defaults_to_the_id),
		cmocka_unit_test(test_cgroup_plan_refuses_ways_out),
		cmocka_unit_test(test_cgroup_plan_refuses_the_systemd_form_by_name),
		cmocka_unit_test(test_cgroup_to_json_comes_back),
		cmocka_unit_test(test_cgroup_to_json_says_who_made_it),
		cmocka_unit_test(test_cgroup_from_json_knows_its_folder_again),
		cmocka_unit_test(test_cgroup_stop_unit_leaves_alone_what_is_not_ours),
		cmocka_unit_test(test_cgroup_plan_unit_needs_systemd),
		cmocka_unit_test(test_cgroup_to_json_refuses_what_it_cannot_put_on_record),
		cmocka_unit_test(test_cgroup_from_json_refuses_what_it_did_not_write),
		cmocka_unit_test(test_cgroup_kill_spares_what_was_never_ours),
		cmocka_unit_test(test_cgroup_freeze_does_not_wait_for_a_folder_that_is_gone),
		cmocka_unit_test(test_cgroup_shares_to_weight_meets_the_fixed_points),
		cmocka_unit_test(test_cgroup_blkio_to_io_weight_meets_the_ends),
	};

	return cmocka_run_group_tests_name("cgroup", tests, NULL, NULL);
}
