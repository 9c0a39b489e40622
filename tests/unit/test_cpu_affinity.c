/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>

#include "arena.h"
#include "cpu_affinity.h"
#include "error.h"

static void test_cpu_affinity_parse_list_takes_numbers_and_ranges(void **state)
{
	cpu_set_t set;

	(void)state;
	assert_int_equal(cpu_affinity_parse_list("0-2,7,1023", &set), 0);
	assert_int_equal(CPU_COUNT(&set), 5);
	assert_true(CPU_ISSET(0, &set) && CPU_ISSET(1, &set) && CPU_ISSET(2, &set));
	assert_true(CPU_ISSET(7, &set) && CPU_ISSET(1023, &set));
	assert_int_equal(cpu_affinity_parse_list("5", &set), 0);
	assert_int_equal(CPU_COUNT(&set), 1);
}

static void test_cpu_affinity_parse_list_refuses_everything_else(void **state)
{
	static const char *const lists[] = { "",     "-",  "1-",    "-1",     "2-1",
					     "1,",   ",1", "1,,2",  "0x1",    "1 2",
					     "1024", "a",  "1-2-3", "0-1024", "99999999999999999999" };
	cpu_set_t set;

	(void)state;
	CPU_ZERO(&set);
	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++)
		if (cpu_affinity_parse_list(lists[i], &set) != -EINVAL)
			fail_msg("'%s' was taken", lists[i]);
	assert_int_equal(CPU_COUNT(&set), 0);
}

static int parse(const char *text, struct arena *arena, struct cpu_affinity **out, struct error *err)
{
	json_t *value = json_loads(text, JSON_DECODE_ANY, NULL);
	int r;

	assert_non_null(value);
	r = cpu_affinity_parse(arena, value, out, err);
	json_decref(value);
	return r;
}

static void test_cpu_affinity_parse_knows_which_is_given(void **state)
{
	struct cpu_affinity *affinity = NULL;
	struct arena arena = ARENA_INIT;
	struct error err = ERROR_INIT;

	(void)state;
	assert_int_equal(parse("{\"final\":\"0\"}", &arena, &affinity, &err), 0);
	assert_false(affinity->has_initial);
	assert_true(affinity->has_final);
	assert_int_equal(parse("{\"initial\":\"0\",\"final\":\"\"}", &arena, &affinity, &err), 0);
	assert_true(affinity->has_initial);
	assert_false(affinity->has_final);
	assert_int_equal(parse("{\"initial\":\"x\"}", &arena, &affinity, &err), -EINVAL);
	assert_string_equal(err.msg, ".initial: 'x' is not a list of CPUs, such as 0-2,7");
	assert_int_equal(parse("7", &arena, &affinity, &err), -EINVAL);
	arena_done(&arena);
}

static void test_cpu_affinity_set_does_what_is_asked_for_alone(void **state)
{
	struct cpu_affinity affinity = { .has_final = true };
	struct error err = ERROR_INIT;
	cpu_set_t before, after;

	(void)state;
	assert_int_equal(sched_getaffinity(0, sizeof(before), &before), 0);
	assert_int_equal(cpu_affinity_set_initial(0, NULL, &err), 0);
	assert_int_equal(cpu_affinity_set_initial(0, &affinity, &err), 0);
	assert_int_equal(sched_getaffinity(0, sizeof(after), &after), 0);
	assert_true(CPU_EQUAL(&before, &after));
	CPU_ZERO(&affinity.final);
	assert_int_equal(cpu_affinity_set_final(0, &affinity, &err), -EINVAL); /* no CPU at all */
	for (int cpu = 0; cpu < CPU_SETSIZE && CPU_COUNT(&affinity.final) == 0; cpu++)
		if (CPU_ISSET(cpu, &before))
			CPU_SET(cpu, &affinity.final);
	assert_int_equal(cpu_affinity_set_final(0, &affinity, &err), 0);
	assert_int_equal(sched_getaffinity(0, sizeof(after), &after), 0);
	assert_true(CPU_EQUAL(&affinity.final, &after));
	assert_int_equal(sched_setaffinity(0, sizeof(before), &before), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cpu_affinity_parse_list_takes_numbers_and_ranges),
		cmocka_unit_test(test_cpu_affinity_parse_list_refuses_everything_else),
		cmocka_unit_test(test_cpu_affinity_parse_knows_which_is_given),
		cmocka_unit_test(test_cpu_affinity_set_does_what_is_asked_for_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
