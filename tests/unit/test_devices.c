/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Unit tests of devices_plan(): the allow-list, and what an engine may ask for. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "devices.h"
#include "error.h"

#define NUMBER(n)                                                                                  \
	{                                                                                          \
		.set = true, .value = (n)                                                          \
	}

static const struct json_array none = { NULL, 0 };

static int plan_node(const char *type, int64_t major, int64_t minor, const char *path,
		     struct device_plan *plan, struct error *err)
{
	struct device_node node = { .path = path, .type = type, .major = major, .minor = minor };
	struct json_array nodes = { &node, 1 };

	return devices_plan(&nodes, &none, plan, err);
}

static const struct device_entry *find_node(const struct device_plan *plan, const char *path)
{
	for (size_t i = 0; i < plan->n_nodes; i++)
		if (strcmp(plan->nodes[i].path, path) == 0)
			return &plan->nodes[i];
	return NULL;
}

static bool allows(const struct device_plan *plan, uint32_t major, uint32_t minor)
{
	for (size_t i = 0; i < plan->n_rules; i++)
		if (plan->rules[i].major == major &&
		    (plan->rules[i].minor == minor || plan->rules[i].minor == DEVICE_ANY))
			return true;
	return false;
}

static void test_devices_plan_has_the_harmless_ones_always(void **state)
{
	static const char *const paths[] = { "/dev/null",   "/dev/zero",    "/dev/full",
					     "/dev/random", "/dev/urandom", "/dev/tty" };
	struct error err = ERROR_INIT;
	struct device_plan plan;

	(void)state;
	assert_int_equal(devices_plan(&none, &none, &plan, &err), 0);
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
		assert_non_null(find_node(&plan, paths[i]));
	assert_int_equal(plan.n_nodes, sizeof(paths) / sizeof(paths[0]));
	assert_true(allows(&plan, 5, 2));    /* ptmx */
	assert_true(allows(&plan, 136, 77)); /* every pts */
	assert_false(allows(&plan, 8, 0));
	assert_false(allows(&plan, 10, 200));
}

static void test_devices_plan_gives_tun_and_fuse_when_asked(void **state)
{
	struct error err = ERROR_INIT;
	struct device_plan plan;

	(void)state;
	assert_int_equal(plan_node("c", 10, 200, "/dev/net/tun", &plan, &err), 0);
	assert_non_null(find_node(&plan, "/dev/net/tun"));
	assert_true(allows(&plan, 10, 200));
	assert_false(allows(&plan, 10, 229));
	assert_int_equal(plan_node("c", 10, 229, "/dev/fuse", &plan, &err), 0);
	assert_true(allows(&plan, 10, 229));
}

static void test_devices_plan_refuses_what_acts_on_the_host(void **state)
{
	static const struct {
		const char *type, *path;
		int64_t major, minor;
	} bad[] = {
		{ "b", "/dev/sda", 8, 0 },
		{ "b", "/dev/null", 1, 3 }, /* the block device of that number */
		{ "c", "/dev/mem", 1, 1 },
		{ "c", "/dev/kmsg", 1, 11 },
		{ "c", "/dev/tty0", 4, 0 },
		{ "c", "/dev/loop-control", 10, 237 },
		{ "c", "/dev/vhost-net", 10, 238 },
		{ "c", "/dev/kvm", 10, 232 },
		{ "c", "/dev/null", 1, 1 }, /* mem under another name */
		{ "c", "/dev/x", -1, -1 },
	};
	struct device_plan plan = { .n_nodes = 99 };

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct error err = ERROR_INIT;

		assert_int_equal(plan_node(bad[i].type, bad[i].major, bad[i].minor, bad[i].path,
					   &plan, &err),
				 -EPERM);
		assert_non_null(strstr(err.msg, "linux.devices[0]"));
		assert_non_null(strstr(err.msg, bad[i].path));
		assert_int_equal(plan.n_nodes, 99); /* outputs change only on success */
	}
}

static void test_devices_plan_drops_the_rest_of_a_privileged_list(void **state)
{
	struct device_node nodes[] = {
		{ .path = "/dev/sda", .type = "b", .major = 8, .minor = 0 },
		{ .path = "/dev/mem", .type = "c", .major = 1, .minor = 1 },
		{ .path = "/dev/fuse", .type = "c", .major = 10, .minor = 229 },
		{ .path = "/dev/null", .type = "c", .major = 1, .minor = 3, .uid = { true, 100000 } },
	};
	struct device_rule all = { .allow = true, .access = "rwm" };
	struct json_array node_list = { nodes, 4 }, rules = { &all, 1 };
	struct error err = ERROR_INIT;
	struct device_plan plan;

	(void)state;
	assert_int_equal(devices_plan(&node_list, &rules, &plan, &err), 0);
	assert_int_equal(plan.dropped, 2);
	assert_null(find_node(&plan, "/dev/sda"));
	assert_non_null(find_node(&plan, "/dev/fuse"));
	assert_int_equal(find_node(&plan, "/dev/null")->uid,
			 0); /* the host's owners mean nothing here */
	assert_false(allows(&plan, 8, 0));
	assert_false(allows(&plan, 1, 1));
}

static void test_devices_plan_takes_the_rules_that_engines_write(void **state)
{
	struct device_rule rules[] = {
		{ .allow = false, .access = "rwm" },
		{ .allow = true, .type = "c", .major = NUMBER(-1), .minor = NUMBER(-1), .access = "m" },
		{ .allow = true, .type = "b", .access = "m" },
		{ .allow = true, .type = "c", .major = NUMBER(1), .minor = NUMBER(5), .access = "rwm" },
		{ .allow = true, .type = "c", .major = NUMBER(5), .minor = NUMBER(1), .access = "rwm" },
		{ .allow = true, .type = "c", .major = NUMBER(136), .minor = NUMBER(-1), .access = "rwm" },
		{ .allow = true, .type = "c", .major = NUMBER(136), .access = "rwm" },
		{ .allow = false, .type = "c", .major = NUMBER(10), .minor = NUMBER(229), .access = "rwm" },
		{ .allow = true, .type = "c", .major = NUMBER(10), .minor = NUMBER(200), .access = "rwm" },
	};
	struct json_array list = { rules, sizeof(rules) / sizeof(rules[0]) };
	struct error err = ERROR_INIT;
	struct device_plan plan;

	(void)state;
	assert_int_equal(devices_plan(&none, &list, &plan, &err), 0);
	assert_true(allows(&plan, 10, 200));
	assert_false(allows(&plan, 10, 229));
	assert_null(find_node(&plan, "/dev/net/tun")); /* a rule alone makes no node */
}

static void test_devices_plan_refuses_a_rule_for_the_hosts_devices(void **state)
{
	static const struct device_rule bad[] = {
		{ .allow = true, .type = "b", .major = NUMBER(8), .minor = NUMBER(0), .access = "r" },
		{ .allow = true, .type = "b", .access = "rwm" },
		{ .allow = true, .type = "c", .major = NUMBER(1), .access = "rw" },
		{ .allow = true, .type = "c", .access = "w" },
		{ .allow = true, .type = "\n", .access = "w" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct device_rule rule = bad[i];
		struct json_array list = { &rule, 1 };
		struct error err = ERROR_INIT;
		struct device_plan plan;

		assert_int_equal(devices_plan(&none, &list, &plan, &err), -EPERM);
		assert_non_null(strstr(err.msg, "linux.resources.devices[0]"));
		assert_null(strchr(err.msg, '\n'));
	}
}

static void test_devices_plan_checks_path_type_and_owner(void **state)
{
	static const char *const paths[] = { "/etc/null", "/dev/../etc/null", "/dev/..", "dev/null",
					     "/dev" };
	struct error err = ERROR_INIT;
	struct device_plan plan;

	(void)state;
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
		assert_int_equal(plan_node("c", 1, 3, paths[i], &plan, &err), -EINVAL);
	assert_int_equal(plan_node("x", 1, 3, "/dev/null", &plan, &err), -EINVAL);
	assert_int_equal(plan_node("\n", 1, 3, "/dev/null", &plan, &err), -EINVAL);
	assert_non_null(strstr(err.msg, ".type: '\\x0a' is none of"));
	assert_int_equal(plan_node("c", 1, 3, "\x1b", &plan, &err), -EINVAL);
	assert_non_null(strstr(err.msg, ".path: '\\x1b' is not"));
	assert_int_equal(plan_node("c", 8, 0, "/dev/\n", &plan, &err), -EPERM);
	assert_non_null(strstr(err.msg, "device '/dev/\\x0a' (c 8:0)"));
	assert_int_equal(plan_node("c", 1, 3, "/dev/mine", &plan, &err), 0);
	assert_int_equal(plan_node("p", 0, 0, "/dev/fifo", &plan, &err), 0);
	assert_int_equal(find_node(&plan, "/dev/fifo")->type, 'p');
}

static void test_devices_plan_lets_the_spec_choose_mode_and_owner(void **state)
{
	struct device_node node = {
		.path = "/dev/null",
		.type = "c",
		.major = 1,
		.minor = 3,
		.file_mode = { .set = true, .value = 0600 },
		.uid = { .set = true, .value = 7 },
	};
	struct json_array nodes = { &node, 1 };
	struct error err = ERROR_INIT;
	struct device_plan plan;

	(void)state;
	assert_int_equal(devices_plan(&nodes, &none, &plan, &err), 0);
	assert_int_equal(find_node(&plan, "/dev/null")->mode, 0600);
	assert_int_equal(find_node(&plan, "/dev/null")->uid, 7);
	assert_int_equal(plan.n_nodes, 6); /* the same node, not a second one */
	node.uid.value = 65536;
	assert_int_equal(devices_plan(&nodes, &none, &plan, &err), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_devices_plan_has_the_harmless_ones_always),
		cmocka_unit_test(test_devices_plan_gives_tun_and_fuse_when_asked),
		cmocka_unit_test(test_devices_plan_refuses_what_acts_on_the_host),
		cmocka_unit_test(test_devices_plan_drops_the_rest_of_a_privileged_list),
		cmocka_unit_test(test_devices_plan_takes_the_rules_that_engines_write),
		cmocka_unit_test(test_devices_plan_refuses_a_rule_for_the_hosts_devices),
		cmocka_unit_test(test_devices_plan_checks_path_type_and_owner),
		cmocka_unit_test(test_devices_plan_lets_the_spec_choose_mode_and_owner),
	};

	return cmocka_run_group_tests_name("devices", tests, NULL, NULL);
}
