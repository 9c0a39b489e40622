/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What needs no kernel that loads programs; the rest is tests/vm/bpf.bats. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>

#include "error.h"
#include "fd.h"
#include "lsm.h"
#include "str.h"

#define MAGIC 0x9fa0

static void test_lsm_path_hash_tells_paths_apart(void **state)
{
	(void)state;
	assert_true(lsm_path_hash(MAGIC, "sys/kernel") != 0);
	assert_true(lsm_path_hash(MAGIC, "sys/kernel") != lsm_path_hash(MAGIC, "syskernel"));
	assert_true(lsm_path_hash(MAGIC, "sys/kernel") != lsm_path_hash(MAGIC, "sysk/ernel"));
	assert_true(lsm_path_hash(MAGIC, "sys/kernel") != lsm_path_hash(MAGIC + 1, "sys/kernel"));
}

/* The program hashes component by component, each with a '/' behind it: the same number, or no rule ever matches. */
static void test_lsm_path_hash_is_that_of_the_program(void **state)
{
	uint64_t hash = MAGIC;

	(void)state;
	for (const char *c = "sys/kernel/"; *c; c++)
		hash = LSM_PATH_STEP(hash, *c);
	assert_true(lsm_path_hash(MAGIC, "sys/kernel") == hash);
}

static void test_lsm_path_hash_refuses_what_the_program_cannot_see(void **state)
{
	(void)state;
	assert_true(lsm_path_hash(MAGIC, "") == 0);
	assert_true(lsm_path_hash(MAGIC, "/sys") == 0);
	assert_true(lsm_path_hash(MAGIC, "sys/") == 0);
	assert_true(lsm_path_hash(MAGIC, "a//b") == 0);
	assert_true(lsm_path_hash(MAGIC, "a/b/c/d/e/f") != 0);
	assert_true(lsm_path_hash(MAGIC, "a/b/c/d/e/f/g") == 0);
	assert_true(lsm_path_hash(MAGIC, "1234567890123456789012345678901") != 0);
	assert_true(lsm_path_hash(MAGIC, "12345678901234567890123456789012") == 0);
}

static void test_lsm_set_proc_rule_says_what_is_wrong(void **state)
{
	struct lsm lsm = LSM_INIT;
	struct error err = ERROR_INIT;

	(void)state;
	assert_int_equal(lsm_set_proc_rule(&lsm, MAGIC, "a//\033", LSM_NODE_DENY, &err), -EINVAL);
	assert_non_null(strstr(err.msg, "a//\\x1b"));
}

static void test_lsm_modes_and_allowances_have_names(void **state)
{
	enum lsm_mode mode = LSM_MODE_OFF;

	(void)state;
	assert_true(lsm_mode_parse("enforce", &mode));
	assert_int_equal(mode, LSM_MODE_ENFORCE);
	assert_string_equal(lsm_mode_name(LSM_MODE_ARM_ON_EXEC), "arm-on-exec");
	assert_false(lsm_mode_parse("on", &mode));
	assert_int_equal(mode, LSM_MODE_ENFORCE);
	assert_null(lsm_mode_name((enum lsm_mode)77));
	assert_int_equal(lsm_allow_parse("keys"), LSM_ALLOW_KEYS);
	assert_int_equal(lsm_allow_parse("everything"), 0);
}

static void test_lsm_hooks_are_in_the_order_of_the_counters(void **state)
{
	(void)state;
	assert_string_equal(lsm_hooks[LSM_HOOK_file_open].name, "file_open");
	assert_int_equal(offsetof(struct lsm_counters, file_open), LSM_HOOK_file_open * 8);
	assert_int_equal(offsetof(struct lsm_counters, unix_may_send), LSM_HOOK_unix_may_send * 8);
	/* bpffs takes no dots, and the kernel 15 bytes. */
	for (size_t i = 0; i < LSM_MAP_COUNT; i++) {
		assert_null(strchr(lsm_map_names[i], '.'));
		assert_true(strlen(lsm_map_names[i]) <= 15);
	}
}

static void test_lsm_register_refuses_what_is_no_container(void **state)
{
	struct lsm_registration registration = { .id = "x" };
	struct lsm lsm = LSM_INIT;
	struct error err = ERROR_INIT;
	uint64_t id = 7;

	(void)state;
	registration.cgroup_fd = open("/", O_PATH | O_CLOEXEC);
	registration.userns_fd = open("/proc/self/ns/user", O_RDONLY | O_CLOEXEC);
	assert_int_equal(lsm_register(&lsm, &registration, &id, &err), -EINVAL);
	assert_non_null(strstr(err.msg, "cgroup v2"));
	assert_int_equal(id, 7);
	(void)fd_close(registration.cgroup_fd);
	(void)fd_close(registration.userns_fd);
}

static void test_lsm_userns_of_takes_user_namespaces_only(void **state)
{
	int user = open("/proc/self/ns/user", O_RDONLY | O_CLOEXEC);
	int uts = open("/proc/self/ns/uts", O_RDONLY | O_CLOEXEC);
	struct error err = ERROR_INIT;
	uint32_t inum = 0;

	(void)state;
	assert_int_equal(lsm_userns_of(user, &inum, &err), 0);
	assert_true(inum != 0);
	assert_int_equal(lsm_userns_of(uts, &inum, &err), -EINVAL);
	(void)fd_close(user);
	(void)fd_close(uts);
}

static void test_lsm_open_says_that_nothing_is_loaded(void **state)
{
	struct lsm lsm = LSM_INIT;
	struct error err = ERROR_INIT;

	(void)state;
	if (access(LSM_PIN_DIR, F_OK) == 0 || errno != ENOENT) {
		print_message("skip: '%s' is there, or cannot be looked for\n", LSM_PIN_DIR);
		skip();
	}
	assert_int_equal(lsm_open(&lsm, &err), -ENOENT);
	assert_non_null(strstr(err.msg, "bulwarkctl load"));
	assert_int_equal(lsm.dir_fd, -EBADF);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lsm_path_hash_tells_paths_apart),
		cmocka_unit_test(test_lsm_path_hash_is_that_of_the_program),
		cmocka_unit_test(test_lsm_path_hash_refuses_what_the_program_cannot_see),
		cmocka_unit_test(test_lsm_set_proc_rule_says_what_is_wrong),
		cmocka_unit_test(test_lsm_modes_and_allowances_have_names),
		cmocka_unit_test(test_lsm_hooks_are_in_the_order_of_the_counters),
		cmocka_unit_test(test_lsm_register_refuses_what_is_no_container),
		cmocka_unit_test(test_lsm_userns_of_takes_user_namespaces_only),
		cmocka_unit_test(test_lsm_open_says_that_nothing_is_loaded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
