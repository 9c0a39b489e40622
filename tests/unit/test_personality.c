/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>
#include <sys/personality.h>

#include "arena.h"
#include "error.h"
#include "personality.h"

static int parse(const char *text, struct personality *out, struct error *err)
{
	struct arena arena = ARENA_INIT;
	json_t *value = json_loads(text, JSON_DECODE_ANY, NULL);
	int r;

	assert_non_null(value);
	r = personality_parse(&arena, value, out, err);
	json_decref(value);
	arena_done(&arena);
	return r;
}

static void test_personality_parse_knows_two_domains(void **state)
{
	struct personality p = { 0 };

	(void)state;
	assert_int_equal(parse("{\"domain\":\"LINUX32\"}", &p, NULL), 0);
	assert_true(p.set);
	assert_int_equal(p.domain, PER_LINUX32);
	assert_int_equal(parse("{\"domain\":\"LINUX\",\"flags\":[]}", &p, NULL), 0);
	assert_int_equal(p.domain, PER_LINUX);
}

static void test_personality_parse_refuses_the_rest(void **state)
{
	struct personality p = { 0 };
	struct error err = ERROR_INIT;

	(void)state;
	assert_int_equal(parse("{\"domain\":\"BSD\"}", &p, &err), -EINVAL);
	assert_string_equal(err.msg, ".domain: unknown value 'BSD'");
	assert_int_equal(parse("{\"domain\":\"LINUX\",\"flags\":[\"ADDR_NO_RANDOMIZE\"]}", &p, &err),
			 -EINVAL);
	assert_string_equal(err.msg, ".flags: unknown flag 'ADDR_NO_RANDOMIZE'");
	assert_int_equal(parse("{}", &p, &err), -EINVAL);
	assert_int_equal(parse("[]", &p, &err), -EINVAL);
	assert_false(p.set);
}

static void test_personality_apply_sets_what_is_set(void **state)
{
	const struct personality none = { 0 }, linux32 = { true, PER_LINUX32 },
				 linux64 = { true, PER_LINUX };

	(void)state;
	assert_int_equal(personality_apply(&linux32, NULL), 0);
	assert_int_equal(personality(0xffffffff), PER_LINUX32);
	assert_int_equal(personality_apply(&none, NULL), 0);
	assert_int_equal(personality(0xffffffff), PER_LINUX32);
	assert_int_equal(personality_apply(&linux64, NULL), 0);
	assert_int_equal(personality(0xffffffff), PER_LINUX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_personality_parse_knows_two_domains),
		cmocka_unit_test(test_personality_parse_refuses_the_rest),
		cmocka_unit_test(test_personality_apply_sets_what_is_set),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
