/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <jansson.h>

#include "json.h"
#include "update.h"

static json_t *parse(const char *text)
{
	json_t *value = json_loads(text, 0, NULL);

	assert_non_null(value);
	return value;
}

typedef json_t *(*transform)(json_t *recorded, json_t *update);

static void check(transform fn, const char *recorded, const char *update, const char *want)
{
	_cleanup_json_ json_t *a = recorded ? parse(recorded) : NULL;
	_cleanup_json_ json_t *b = parse(update), *expected = parse(want);
	_cleanup_json_ json_t *before = json_deep_copy(a), *got = fn(a, b);

	assert_non_null(got);
	if (!json_equal(got, expected))
		fail_msg("got %s, expected %s", json_dumps(got, JSON_SORT_KEYS), want);
	assert_true(!a || json_equal(a, before)); /* what was given is not changed */
}

static void test_update_merge_replaces_values_and_keeps_the_rest(void **state)
{
	(void)state;
	check(update_merge, "{\"memory\":{\"limit\":1,\"swap\":2},\"pids\":{\"limit\":9}}",
	      "{\"memory\":{\"limit\":5},\"cpu\":{\"shares\":7}}",
	      "{\"memory\":{\"limit\":5,\"swap\":2},\"pids\":{\"limit\":9},\"cpu\":{\"shares\":7}}");
}

static void test_update_merge_takes_zero_and_nothing_for_unchanged(void **state)
{
	(void)state;
	check(update_merge, "{\"memory\":{\"limit\":1},\"cpu\":{\"cpus\":\"0\"}}",
	      "{\"memory\":{\"limit\":0},\"cpu\":{\"cpus\":\"\",\"shares\":null},\"hugepageLimits\":[]}",
	      "{\"memory\":{\"limit\":1},\"cpu\":{\"cpus\":\"0\"}}");
}

static void test_update_merge_takes_a_zero_that_says_something(void **state)
{
	(void)state;
	check(update_merge, "{\"cpu\":{\"idle\":1,\"burst\":5},\"memory\":{\"swappiness\":60}}",
	      "{\"cpu\":{\"idle\":0,\"burst\":0},\"memory\":{\"swappiness\":0}}",
	      "{\"cpu\":{\"idle\":0,\"burst\":0},\"memory\":{\"swappiness\":0}}");
}

static void test_update_merge_never_takes_devices(void **state)
{
	(void)state;
	check(update_merge, "{\"devices\":[{\"allow\":false}]}",
	      "{\"devices\":[{\"allow\":true,\"access\":\"rwm\"}],\"pids\":{\"limit\":3}}",
	      "{\"devices\":[{\"allow\":false}],\"pids\":{\"limit\":3}}");
	check(update_merge, NULL, "{\"devices\":[{\"allow\":true}]}", "{}");
}

static void test_update_complete_brings_quota_and_period_together(void **state)
{
	const char *recorded = "{\"cpu\":{\"quota\":50000,\"period\":100000,\"shares\":3}}";

	(void)state;
	check(update_complete, recorded, "{\"cpu\":{\"quota\":20000}}",
	      "{\"cpu\":{\"quota\":20000,\"period\":100000}}");
	check(update_complete, recorded, "{\"cpu\":{\"period\":50000}}",
	      "{\"cpu\":{\"quota\":50000,\"period\":50000}}");
	check(update_complete, recorded, "{\"cpu\":{\"shares\":5}}", "{\"cpu\":{\"shares\":5}}");
}

static void test_update_complete_lifts_swap_with_memory(void **state)
{
	(void)state;
	check(update_complete, "{\"memory\":{\"limit\":64,\"swap\":128}}",
	      "{\"memory\":{\"limit\":-1}}", "{\"memory\":{\"limit\":-1,\"swap\":-1}}");
	check(update_complete, "{\"memory\":{\"limit\":64,\"swap\":128}}",
	      "{\"memory\":{\"swap\":256}}", "{\"memory\":{\"limit\":64,\"swap\":256}}");
	check(update_complete, "{\"memory\":{\"limit\":64,\"swap\":128}}",
	      "{\"memory\":{\"limit\":32}}", "{\"memory\":{\"limit\":32}}");
}

static void test_update_merge_bears_sections_of_another_type(void **state)
{
	(void)state;
	/* which the parser of limits then refuses by name */
	check(update_merge, "{\"memory\":{\"limit\":1}}", "{\"memory\":\"x\"}", "{\"memory\":\"x\"}");
	check(update_complete, "{\"cpu\":[1]}", "{\"cpu\":{\"quota\":5}}", "{\"cpu\":{\"quota\":5}}");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_update_merge_replaces_values_and_keeps_the_rest),
		cmocka_unit_test(test_update_merge_takes_zero_and_nothing_for_unchanged),
		cmocka_unit_test(test_update_merge_takes_a_zero_that_says_something),
		cmocka_unit_test(test_update_merge_never_takes_devices),
		cmocka_unit_test(test_update_complete_brings_quota_and_period_together),
		cmocka_unit_test(test_update_complete_lifts_swap_with_memory),
		cmocka_unit_test(test_update_merge_bears_sections_of_another_type),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
