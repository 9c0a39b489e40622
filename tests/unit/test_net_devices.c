/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Unit tests of net_devices: names, and whose interfaces are nobody's to take. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "arena.h"
#include "error.h"
#include "net_devices.h"
#include "policy.h"

static struct arena arena;
static json_t *document; /* owner of the names */

static int parse(const char *text, struct json_array *out, struct error *err)
{
	json_decref(document);
	document = json_loads(text, JSON_DECODE_ANY, NULL);
	assert_non_null(document);
	return net_devices_parse(&arena, document, out, err);
}

static void test_net_devices_parse_reads_names(void **state)
{
	struct json_array devices = { 0 };
	const struct net_device *d;

	(void)state;
	assert_int_equal(parse("{\"eth1\":{\"name\":\"a\"},\"b0\":{},\"b1\":{\"name\":\"\"},"
			       "\"c0\":{\"name\":\"x%d\"},\"c1\":{\"name\":\"x%d\"}}",
			       &devices, NULL),
			 0);
	d = devices.items;
	assert_int_equal(devices.n, 5);
	assert_string_equal(d[0].host_name, "eth1");
	assert_string_equal(d[0].name, "a");
	assert_null(d[1].name);
	assert_null(d[2].name);
	assert_string_equal(d[4].name, "x%d");
	assert_int_equal(parse("{\"fifteen-letters\":{\"name\":\"fifteen-again-x\"}}", &devices, NULL),
			 0);
}

static void test_net_devices_parse_refuses_what_the_kernel_would(void **state)
{
	static const struct {
		const char *text, *word;
	} rows[] = {
		{ "[]", "expected an object" },
		{ "{\"\":{}}", "['']: that is no name" },
		{ "{\".\":{}}", "no name" },
		{ "{\"..\":{}}", "no name" },
		{ "{\"sixteen-letters-\":{}}", "no name" },
		{ "{\"a b\":{}}", "no name" },
		{ "{\"a/b\":{}}", "no name" },
		{ "{\"a:1\":{}}", "no name" },
		{ "{\"eth%d\":{}}", "no name" }, /* a template names none on the host */
		{ "{\"a\\u001b[m\":{}}", "['a\\x1b[m']" },
		{ "{\"a\":[]}", "['a']: expected an object" },
		{ "{\"a\":{\"name\":1}}", "['a'].name" },
		{ "{\"a\":{\"name\":\"%d\"}}", ".name: '%d'" },
		{ "{\"a\":{\"name\":\"e%s\"}}", ".name" },
		{ "{\"a\":{\"name\":\"%de\"}}", ".name" },
		{ "{\"a\":{\"name\":\"e%d%d\"}}", ".name" },
		{ "{\"a\":{\"name\":\"e\\u00e9\"}}", ".name" },
		{ "{\"a\":{\"name\":\"x\"},\"b\":{\"name\":\"x\"}}", "two interfaces" },
		{ "{\"a\":{\"name\":\"b\"},\"b\":{}}", "two interfaces" },
	};
	struct json_array devices = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct error err = ERROR_INIT;

		if (parse(rows[i].text, &devices, &err) != -EINVAL)
			fail_msg("'%s' was accepted", rows[i].text);
		if (!strstr(err.msg, rows[i].word))
			fail_msg("'%s': '%s' is not in '%s'", rows[i].text, rows[i].word, err.msg);
	}
	assert_int_equal(devices.n, 0);
}

static void test_net_devices_parse_has_a_limit(void **state)
{
	struct json_array devices = { 0 };
	json_t *many = json_object();
	char name[16];

	(void)state;
	for (int i = 0; i < NET_DEVICES_MAX; i++) {
		(void)snprintf(name, sizeof(name), "e%d", i);
		json_object_set_new(many, name, json_object());
	}
	assert_int_equal(net_devices_parse(&arena, many, &devices, NULL), 0);
	assert_int_equal(devices.n, NET_DEVICES_MAX);
	json_object_set_new(many, "more", json_object());
	assert_int_equal(net_devices_parse(&arena, many, &devices, NULL), -E2BIG);
	json_decref(many);
}

static void test_net_devices_check_asks_the_policy(void **state)
{
	struct policy none = { 0 }, some = { .net_devices = { "eth1", "eth2" } };
	struct json_array devices = { 0 };
	struct error err = ERROR_INIT;

	(void)state;
	assert_int_equal(net_devices_check(&devices, &none, &err), 0);
	assert_int_equal(parse("{\"eth2\":{\"name\":\"eth0\"},\"eth1\":{}}", &devices, NULL), 0);
	assert_int_equal(net_devices_check(&devices, &some, &err), 0);
	assert_int_equal(net_devices_check(&devices, &none, &err), -EPERM);
	assert_non_null(strstr(err.msg, "linux.netDevices: the interface 'eth2'"));
	assert_int_equal(parse("{\"eth1\":{},\"eth0\":{\"name\":\"eth2\"}}", &devices, NULL), 0);
	assert_int_equal(net_devices_check(&devices, &some, &err),
			 -EPERM); /* what counts is the host's */
	assert_non_null(strstr(err.msg, "'eth0'"));
}

static int teardown(void **state)
{
	(void)state;
	json_decref(document);
	arena_done(&arena);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_net_devices_parse_reads_names),
		cmocka_unit_test(test_net_devices_parse_refuses_what_the_kernel_would),
		cmocka_unit_test(test_net_devices_parse_has_a_limit),
		cmocka_unit_test(test_net_devices_check_asks_the_policy),
	};

	return cmocka_run_group_tests_name("net_devices", tests, NULL, teardown);
}
