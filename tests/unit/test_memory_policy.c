/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Unit tests of memory_policy: modes, nodes and flags; what the kernel is told. */
#include <errno.h>
#include <linux/mempolicy.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cmocka.h>

#include "arena.h"
#include "error.h"
#include "memory_policy.h"

static struct arena arena;

static int parse(const char *text, struct memory_policy *out, struct error *err)
{
	json_t *value = json_loads(text, JSON_DECODE_ANY, NULL);
	int r;

	assert_non_null(value);
	r = memory_policy_parse(&arena, value, out, err);
	json_decref(value);
	return r;
}

static void test_memory_policy_parse_knows_every_mode_it_lists(void **state)
{
	json_t *features = memory_policy_features(), *name;
	struct memory_policy p;
	size_t i;

	(void)state;
	assert_int_equal(json_array_size(json_object_get(features, "modes")), 7);
	json_array_foreach(json_object_get(features, "modes"), i, name) {
		const char *mode = json_string_value(name);
		bool none = !strcmp(mode, "MPOL_DEFAULT") || !strcmp(mode, "MPOL_LOCAL");
		json_t *value = json_pack("{s:s, s:s}", "mode", mode, "nodes", none ? "" : "0");

		p = (struct memory_policy){ 0 };
		assert_int_equal(memory_policy_parse(&arena, value, &p, NULL), 0);
		assert_true(p.set);
		json_decref(value);
	}
	assert_int_equal(json_array_size(json_object_get(features, "flags")), 3);
	json_array_foreach(json_object_get(features, "flags"), i, name) {
		json_t *value = json_pack("{s:s, s:s, s:[s]}", "mode", "MPOL_BIND", "nodes", "0",
					  "flags", json_string_value(name));

		assert_int_equal(memory_policy_parse(&arena, value, &p, NULL), 0);
		assert_int_not_equal(p.mode, MPOL_BIND);
		json_decref(value);
	}
	json_decref(features);
}

static void test_memory_policy_parse_reads_nodes_and_flags(void **state)
{
	struct memory_policy p = { 0 };

	(void)state;
	assert_int_equal(parse("{\"mode\":\"MPOL_INTERLEAVE\",\"nodes\":\"0-2,1023\","
			       "\"flags\":[\"MPOL_F_STATIC_NODES\"]}",
			       &p, NULL),
			 0);
	assert_int_equal(p.mode, MPOL_INTERLEAVE | MPOL_F_STATIC_NODES);
	assert_int_equal(CPU_COUNT(&p.mask), 4);
	assert_true(CPU_ISSET(1023, &p.mask));
	assert_string_equal(p.nodes, "0-2,1023");
	assert_int_equal(parse("{\"mode\":\"MPOL_PREFERRED\"}", &p, NULL), 0);
	assert_int_equal(CPU_COUNT(&p.mask), 0);
}

static void test_memory_policy_parse_refuses_the_rest(void **state)
{
	static const struct {
		const char *text, *word;
	} rows[] = {
		{ "{}", "mode" },
		{ "[]", "expected an object" },
		{ "{\"mode\":\"MPOL_MAX\"}", ".mode: unknown value 'MPOL_MAX'" },
		{ "{\"mode\":\"mpol_bind\",\"nodes\":\"0\"}", ".mode" },
		{ "{\"mode\":2,\"nodes\":\"0\"}", ".mode" },
		{ "{\"mode\":\"MPOL_BIND\"}", ".nodes: MPOL_BIND needs at least one" },
		{ "{\"mode\":\"MPOL_BIND\",\"nodes\":\"\"}", ".nodes" },
		{ "{\"mode\":\"MPOL_LOCAL\",\"nodes\":\"0\"}", ".nodes: MPOL_LOCAL has none" },
		{ "{\"mode\":\"MPOL_BIND\",\"nodes\":\"-1\"}", ".nodes" },
		{ "{\"mode\":\"MPOL_BIND\",\"nodes\":\"3-1\"}", ".nodes" },
		{ "{\"mode\":\"MPOL_BIND\",\"nodes\":\"1024\"}", ".nodes" },
		{ "{\"mode\":\"MPOL_BIND\",\"nodes\":\"0\\n\"}", "'0\\x0a'" },
		{ "{\"mode\":\"MPOL_BIND\",\"nodes\":\"0\",\"flags\":[\"MPOL_F_NODE\"]}",
		  ".flags[0]" },
		{ "{\"mode\":\"MPOL_BIND\",\"nodes\":\"0\",\"flags\":[\"MPOL_F_STATIC_NODES\","
		  "\"MPOL_F_RELATIVE_NODES\"]}",
		  "exclude each other" },
		{ "{\"mode\":\"MPOL_DEFAULT\",\"flags\":[\"MPOL_F_STATIC_NODES\"]}", ".flags" },
	};
	struct memory_policy p = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct error err = ERROR_INIT;

		if (parse(rows[i].text, &p, &err) != -EINVAL)
			fail_msg("'%s' was accepted", rows[i].text);
		if (!strstr(err.msg, rows[i].word))
			fail_msg("'%s': '%s' is not in '%s'", rows[i].text, rows[i].word, err.msg);
	}
	assert_false(p.set);
}

static void test_memory_policy_apply_tells_the_kernel(void **state)
{
	struct memory_policy bind = { 0 }, back = { 0 }, missing = { 0 }, none = { 0 };
	struct error err = ERROR_INIT;
	cpu_set_t mask;
	int mode = -1;

	(void)state;
	CPU_ZERO(&mask);
	if (syscall(SYS_get_mempolicy, &mode, NULL, 0, NULL, 0) < 0) {
		print_message("skip: no NUMA in this kernel\n");
		skip();
	}
	assert_int_equal(parse("{\"mode\":\"MPOL_BIND\",\"nodes\":\"0\"}", &bind, NULL), 0);
	assert_int_equal(parse("{\"mode\":\"MPOL_DEFAULT\"}", &back, NULL), 0);
	assert_int_equal(parse("{\"mode\":\"MPOL_BIND\",\"nodes\":\"1023\"}", &missing, NULL), 0);
	assert_int_equal(memory_policy_apply(&bind, &err), 0);
	assert_int_equal(memory_policy_apply(&none, &err), 0); /* changes nothing */
	assert_int_equal(syscall(SYS_get_mempolicy, &mode, &mask, CPU_SETSIZE + 1, NULL, 0), 0);
	assert_int_equal(mode, MPOL_BIND);
	assert_int_equal(CPU_COUNT(&mask), 1);
	assert_true(CPU_ISSET(0, &mask));
	assert_int_equal(memory_policy_apply(&missing, &err), -EINVAL);
	assert_non_null(strstr(err.msg, "'1023'"));
	assert_int_equal(memory_policy_apply(&back, &err), 0);
}

static int teardown(void **state)
{
	(void)state;
	arena_done(&arena);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_memory_policy_parse_knows_every_mode_it_lists),
		cmocka_unit_test(test_memory_policy_parse_reads_nodes_and_flags),
		cmocka_unit_test(test_memory_policy_parse_refuses_the_rest),
		cmocka_unit_test(test_memory_policy_apply_tells_the_kernel),
	};

	return cmocka_run_group_tests_name("memory_policy", tests, NULL, teardown);
}
