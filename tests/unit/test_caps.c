/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tests of runtime/caps.c. Dropping is tried in a child, with what this process happens to have. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "arena.h"
#include "caps.h"
#include "error.h"

#define BIT(cap) (UINT64_C(1) << (cap))

static int parse(const char *text, struct caps *caps, struct error *err)
{
	struct arena arena = ARENA_INIT;
	json_t *value = json_loads(text, 0, NULL);
	int r;

	assert_non_null(value);
	r = json_parse_object(&arena, value, caps_fields, caps, err);
	json_decref(value);
	arena_done(&arena);
	return r;
}

static void test_caps_parse_name_takes_any_case(void **state)
{
	struct error err = ERROR_INIT;
	uint64_t bit = 0;

	(void)state;
	assert_int_equal(caps_parse_name("CAP_SYS_ADMIN", &bit, &err), 0);
	assert_int_equal(bit, BIT(21));
	assert_int_equal(caps_parse_name("cap_checkpoint_Restore", &bit, &err), 0);
	assert_int_equal(bit, BIT(40));
}

static void test_caps_parse_name_refuses_what_nobody_knows(void **state)
{
	const char *names[] = { "",	 "CAP_", "SYS_ADMIN", "CAP_SYS_ADMIN ", "CAP_EVERYTHING",
				"CAP_\n" };
	uint64_t bit = 7;

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct error err = ERROR_INIT;

		assert_int_equal(caps_parse_name(names[i], &bit, &err), -EINVAL);
		assert_int_equal(bit, 7);
		assert_null(strchr(err.msg, '\n'));
	}
}

static void test_caps_names_can_all_be_parsed_in_order(void **state)
{
	json_t *names = caps_names(), *name;
	size_t i;

	(void)state;
	assert_int_equal(json_array_size(names), CAP_LAST_CAP + 1);
	json_array_foreach(names, i, name) {
		struct error err = ERROR_INIT;
		uint64_t bit;

		assert_int_equal(caps_parse_name(json_string_value(name), &bit, &err), 0);
		assert_int_equal(bit, BIT(i));
	}
	json_decref(names);
}

static void test_caps_fields_fill_the_five_sets(void **state)
{
	struct error err = ERROR_INIT;
	struct caps caps = { 0 };

	(void)state;
	assert_int_equal(parse("{\"bounding\":[\"CAP_CHOWN\",\"CAP_BPF\"],\"effective\":[\"CAP_KILL\"],\"inheritable\":[],"
			       "\"permitted\":[\"CAP_KILL\",\"CAP_KILL\"],\"ambient\":[\"CAP_MKNOD\"]}",
			       &caps, &err),
			 0);
	assert_int_equal(caps.bounding, BIT(CAP_CHOWN) | BIT(CAP_BPF));
	assert_int_equal(caps.effective, BIT(CAP_KILL));
	assert_int_equal(caps.inheritable, 0);
	assert_int_equal(caps.permitted, BIT(CAP_KILL));
	assert_int_equal(caps.ambient, BIT(CAP_MKNOD));
}

/* OCI config.md: a warning, and the container starts. */
static void test_caps_fields_leave_out_unknown_names(void **state)
{
	struct error err = ERROR_INIT;
	struct caps caps = { 0 };

	(void)state;
	assert_int_equal(parse("{\"bounding\":[\"CAP_OF_2040\",\"CAP_CHOWN\"]}", &caps, &err), 0);
	assert_int_equal(caps.bounding, BIT(CAP_CHOWN));
}

static void test_caps_fields_refuse_wrong_types(void **state)
{
	struct error err = ERROR_INIT;
	struct caps caps = { 0 };

	(void)state;
	assert_int_equal(parse("{\"bounding\":\"CAP_CHOWN\"}", &caps, &err), -EINVAL);
	assert_string_equal(err.msg, "bounding: expected an array, got a string");
	assert_int_equal(parse("{\"ambient\":[\"CAP_CHOWN\",1]}", &caps, &err), -EINVAL);
	assert_string_equal(err.msg, "ambient[1]: expected a string, got an integer");
}

static void test_caps_limit_takes_out_what_the_kernel_would_refuse(void **state)
{
	struct caps caps = { .bounding = 0x0f,
			     .permitted = 0x33,
			     .effective = 0xff,
			     .inheritable = 0xff,
			     .ambient = 0xff };

	(void)state;
	caps_limit(&caps);
	assert_int_equal(caps.effective, 0x33);
	assert_int_equal(caps.inheritable, 0x0f);
	assert_int_equal(caps.ambient, 0x03);
	assert_int_equal(caps.bounding, 0x0f);
}

/* What the process has now, as the kernel says. */
static uint64_t permitted_now(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = { 0 };

	if (syscall(SYS_capget, &header, data) < 0)
		return ~UINT64_C(0);
	return data[0].permitted | (uint64_t)data[1].permitted << 32;
}

/* Runs in a child; its exit status is the number of the step that failed. */
static int drop_all(void)
{
	const struct caps none = { 0 };
	struct error err = ERROR_INIT;

	if (prctl(PR_CAPBSET_READ, CAP_SETPCAP, 0, 0, 0) == 1 &&
	    (permitted_now() & BIT(CAP_SETPCAP)) &&
	    (caps_apply_bounding(&none, &err) < 0 || prctl(PR_CAPBSET_READ, CAP_CHOWN, 0, 0, 0) != 0))
		return 1;
	if (caps_apply(&none, &err) < 0)
		return 2;
	return permitted_now() == 0 ? 0 : 3;
}

static int keep_then_drop(void)
{
	const struct caps none = { 0 };
	uint64_t kept = permitted_now() & BIT(CAP_SYS_ADMIN);
	struct error err = ERROR_INIT;

	if (caps_apply_keeping(&none, kept, &err) < 0 || permitted_now() != kept)
		return 1;
	if (caps_drop_kept(&none, &err) < 0)
		return 2;
	return permitted_now() == 0 ? 0 : 3;
}

static int raise_beyond(void)
{
	const struct caps none = { 0 },
			  some = { .bounding = BIT(CAP_CHOWN), .permitted = BIT(CAP_CHOWN) };
	struct error err = ERROR_INIT;

	if (caps_apply(&none, &err) < 0)
		return 1;
	return caps_apply(&some, &err) == -EPERM && permitted_now() == 0 ? 0 : 2;
}

static void assert_in_child(int (*run)(void))
{
	int status = 0;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0)
		_exit(run());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

static void test_caps_apply_empties_all_sets(void **state)
{
	(void)state;
	assert_in_child(drop_all);
}

static void test_caps_apply_keeping_keeps_only_that(void **state)
{
	(void)state;
	assert_in_child(keep_then_drop);
}

static void test_caps_apply_fails_where_the_kernel_refuses(void **state)
{
	(void)state;
	assert_in_child(raise_beyond);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_caps_parse_name_takes_any_case),
		cmocka_unit_test(test_caps_parse_name_refuses_what_nobody_knows),
		cmocka_unit_test(test_caps_names_can_all_be_parsed_in_order),
		cmocka_unit_test(test_caps_fields_fill_the_five_sets),
		cmocka_unit_test(test_caps_fields_leave_out_unknown_names),
		cmocka_unit_test(test_caps_fields_refuse_wrong_types),
		cmocka_unit_test(test_caps_limit_takes_out_what_the_kernel_would_refuse),
		cmocka_unit_test(test_caps_apply_empties_all_sets),
		cmocka_unit_test(test_caps_apply_keeping_keeps_only_that),
		cmocka_unit_test(test_caps_apply_fails_where_the_kernel_refuses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
