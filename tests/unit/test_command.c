/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Unit tests of command: how words become options and arguments, as callers of runc write them. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "command.h"
#include "error.h"

struct sample {
	bool flag;
	const char *string;
	uint32_t number;
	struct option_list list;
};

static const struct option sample_options[] = {
	{ "flag", 'f', OPTION_FLAG, offsetof(struct sample, flag), NULL, "a flag" },
	{ "string", 's', OPTION_STRING, offsetof(struct sample, string), "TEXT", "a string" },
	{ "number", 0, OPTION_U32, offsetof(struct sample, number), "N", "a number" },
	{ "list", 'l', OPTION_LIST, offsetof(struct sample, list), "ITEM", "a list" },
	{ NULL },
};

#define WORDS_MAX 300

struct words {
	char *argv[WORDS_MAX + 1];
	int argc;
};

/* In a list that the parser may rearrange. */
static struct words words_from(const char *const *list)
{
	struct words words = { .argc = 0 };

	for (; list[words.argc]; words.argc++) {
		assert_true(words.argc < WORDS_MAX);
		/* The parser moves words, and writes into none. */
		words.argv[words.argc] = (char *)(uintptr_t)list[words.argc];
	}
	words.argv[words.argc] = NULL;
	return words;
}
#define words_of(...) words_from((const char *const[]){ __VA_ARGS__, NULL })

static struct sample parse(bool mixed, struct words *words)
{
	struct sample sample = { 0 };
	struct error err = ERROR_INIT;

	assert_int_equal(option_parse(sample_options, &sample, mixed, &words->argc, words->argv, &err),
			 0);
	assert_null(words->argv[words->argc]);
	return sample;
}

static void refuse(struct words words, int code, const char *text)
{
	struct sample sample = { 0 };
	struct error err = ERROR_INIT;

	assert_int_equal(option_parse(sample_options, &sample, true, &words.argc, words.argv, &err),
			 code);
	assert_int_equal(err.code, -code);
	assert_non_null(strstr(err.msg, text));
}

static void test_option_parse_takes_one_dash_or_two(void **state)
{
	struct words words =
		words_of("-flag", "--string", "a", "-number=7", "--l", "x", "-l=y", "id");
	struct sample sample = parse(false, &words);

	(void)state;
	assert_true(sample.flag);
	assert_string_equal(sample.string, "a");
	assert_int_equal(sample.number, 7);
	assert_int_equal(sample.list.n, 2);
	assert_string_equal(sample.list.items[1], "y");
	assert_int_equal(words.argc, 1);
	assert_string_equal(words.argv[0], "id");
}

static void test_option_parse_takes_values_that_look_like_options(void **state)
{
	struct words words = words_of("--string", "--flag", "--list", "--", "-s=", "-l", "A=-b=c");
	struct sample sample = parse(true, &words);

	(void)state;
	assert_false(sample.flag);
	assert_string_equal(sample.string, "");
	assert_string_equal(sample.list.items[0], "--");
	assert_string_equal(sample.list.items[1], "A=-b=c");
	assert_int_equal(words.argc, 0);
}

static void test_option_parse_takes_go_words_for_flags(void **state)
{
	struct words words = words_of("--flag=true", "-f=0", "-f=T");

	(void)state;
	assert_true(parse(true, &words).flag);
	words = words_of("--flag", "--flag=false");
	assert_false(parse(true, &words).flag);
	refuse(words_of("--flag=yes"), -EINVAL, "'true' or 'false', not 'yes'");
	refuse(words_of("--flag="), -EINVAL, "'true' or 'false'");
}

static void test_option_parse_does_not_take_a_flags_value_from_the_next_word(void **state)
{
	struct words words = words_of("--flag", "false");

	(void)state;
	assert_true(parse(true, &words).flag);
	assert_int_equal(words.argc, 1);
	assert_string_equal(words.argv[0], "false");
}

static void test_option_parse_stops_at_the_first_word_unless_mixed(void **state)
{
	struct words words = words_of("-f", "id", "ls", "-l", "--", "x");
	struct sample sample = parse(false, &words);

	(void)state;
	assert_int_equal(sample.list.n, 0);
	assert_int_equal(words.argc, 5);
	assert_string_equal(words.argv[2], "-l");
	assert_string_equal(words.argv[3], "--");

	words = words_of("id", "9", "-f");
	sample = parse(true, &words);
	assert_true(sample.flag);
	assert_int_equal(words.argc, 2);
	assert_string_equal(words.argv[1], "9");
}

static void test_option_parse_ends_options_at_two_dashes(void **state)
{
	struct words words = words_of("--", "-f", "--");
	struct sample sample = parse(true, &words);

	(void)state;
	assert_false(sample.flag);
	assert_int_equal(words.argc, 2);
	assert_string_equal(words.argv[0], "-f");
	assert_string_equal(words.argv[1], "--");
}

static void test_option_parse_takes_a_dash_alone_as_a_word(void **state)
{
	struct words words = words_of("-", "-f");

	(void)state;
	assert_true(parse(true, &words).flag);
	assert_int_equal(words.argc, 1);
	assert_string_equal(words.argv[0], "-");
}

static void test_option_parse_refuses_what_it_does_not_know(void **state)
{
	(void)state;
	refuse(words_of("--flags"), -EINVAL, "unknown option '--flags'");
	refuse(words_of("--fla"), -EINVAL, "unknown option '--fla'");
	refuse(words_of("-9"), -EINVAL, "unknown option '-9'");
	refuse(words_of("-fs"), -EINVAL, "unknown option '-fs'");
	refuse(words_of("---f"), -EINVAL, "unknown option '---f'");
	refuse(words_of("--\033[0m"), -EINVAL, "unknown option '--\\x1b[0m'");
}

static void test_option_parse_refuses_missing_and_bad_values(void **state)
{
	(void)state;
	refuse(words_of("id", "--string"), -EINVAL, "option --string needs a value");
	refuse(words_of("--number", "-1"), -EINVAL, "option --number takes a number, not '-1'");
	refuse(words_of("--number=4294967296"), -EINVAL, "takes a number");
	refuse(words_of("--number="), -EINVAL, "takes a number");
}

static void test_option_parse_refuses_a_list_that_is_too_long(void **state)
{
	struct words words = { .argc = 0 };
	struct sample sample;
	char item[] = "-l=x";

	(void)state;
	for (; words.argc < OPTION_LIST_MAX; words.argc++)
		words.argv[words.argc] = item;
	sample = parse(true, &words);
	assert_int_equal(sample.list.n, OPTION_LIST_MAX);

	for (words.argc = 0; words.argc <= OPTION_LIST_MAX; words.argc++)
		words.argv[words.argc] = item;
	words.argv[words.argc] = NULL;
	refuse(words, -E2BIG, "more than 256 times");
}

static void test_option_parse_sees_help_but_not_as_a_value(void **state)
{
	struct words words = words_of("-s", "--help");
	struct sample sample = { 0 };
	struct error err = ERROR_INIT;

	(void)state;
	assert_string_equal(parse(true, &words).string, "--help");
	words = words_of("id", "-h");
	assert_int_equal(option_parse(sample_options, &sample, true, &words.argc, words.argv, &err),
			 OPTION_HELP);
	words = words_of("--help", "--bogus");
	assert_int_equal(option_parse(NULL, NULL, true, &words.argc, words.argv, &err), OPTION_HELP);
}

static void test_command_find_knows_each_verb_and_no_other(void **state)
{
	static const char *const verbs[] = { "create", "start", "run", "exec", "state",	  "kill",
					     "delete", "list",	"ps",  "spec", "features" };

	(void)state;
	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++) {
		assert_non_null(command_find(verbs[i]));
		assert_string_equal(command_find(verbs[i])->name, verbs[i]);
	}
	assert_non_null(command_find("checkpoint"));
	assert_non_null(command_find("restore"));
	assert_null(command_find(""));
	assert_null(command_find("creat"));
}

static int parse_command(const char *verb, struct words *words, struct error *err)
{
	void *options = NULL;
	int r = command_parse(command_find(verb), &words->argc, words->argv, &options, err);

	free(options);
	return r;
}

static void test_command_parse_counts_arguments(void **state)
{
	struct error err = ERROR_INIT;
	struct words words = words_from((const char *const[]){ NULL });

	(void)state;
	assert_int_equal(parse_command("state", &words, &err), -EINVAL);
	assert_string_equal(err.msg,
			    "state: too few arguments: usage: bulwark state [options] <container-id>");
	words = words_of("a");
	assert_int_equal(parse_command("state", &words, &err), 0);
	words = words_of("a", "b");
	assert_int_equal(parse_command("state", &words, &err), -EINVAL);
	assert_non_null(strstr(err.msg, "too many arguments"));
}

static void test_command_parse_takes_the_calls_of_engines(void **state)
{
	struct error err = ERROR_INIT;
	struct words words;

	(void)state;
	words = words_of("--bundle", "/b", "--pid-file", "/b/init.pid", "--console-socket",
			 "/tmp/s", "--no-pivot", "--no-new-keyring", "--preserve-fds", "2", "ID");
	assert_int_equal(parse_command("create", &words, &err), 0);
	words = words_of("--process", "/tmp/p", "--console-socket", "/tmp/s", "--detach",
			 "--pid-file", "/b/1.pid", "ID");
	assert_int_equal(parse_command("exec", &words, &err), 0);
	words = words_of("--all", "ID", "9");
	assert_int_equal(parse_command("kill", &words, &err), 0);
	words = words_of("ID", "KILL", "-a");
	assert_int_equal(parse_command("kill", &words, &err), 0);
	words = words_of("ID", "--force");
	assert_int_equal(parse_command("delete", &words, &err), 0);
	words = words_of("--format", "json", "ID");
	assert_int_equal(parse_command("ps", &words, &err), 0);
	words = words_of("--format=json");
	assert_int_equal(parse_command("list", &words, &err), 0);
}

static void test_command_parse_leaves_a_process_its_own_options(void **state)
{
	struct error err = ERROR_INIT;
	struct words words = words_of("-t", "-e", "A=b", "ID", "ls", "-l", "--force");

	(void)state;
	assert_int_equal(parse_command("exec", &words, &err), 0);
	assert_int_equal(words.argc, 4);
	assert_string_equal(words.argv[0], "ID");
	assert_string_equal(words.argv[3], "--force");
	words = words_of("ID", "-o", "pid,comm");
	assert_int_equal(parse_command("ps", &words, &err), 0);
	assert_int_equal(words.argc, 3);
}

static void test_command_parse_names_the_verb_in_errors(void **state)
{
	struct error err = ERROR_INIT;
	struct words words = words_of("--bogus", "ID");

	(void)state;
	assert_int_equal(parse_command("create", &words, &err), -EINVAL);
	assert_string_equal(err.msg, "create: unknown option '--bogus'");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_option_parse_takes_one_dash_or_two),
		cmocka_unit_test(test_option_parse_takes_values_that_look_like_options),
		cmocka_unit_test(test_option_parse_takes_go_words_for_flags),
		cmocka_unit_test(test_option_parse_does_not_take_a_flags_value_from_the_next_word),
		cmocka_unit_test(test_option_parse_stops_at_the_first_word_unless_mixed),
		cmocka_unit_test(test_option_parse_ends_options_at_two_dashes),
		cmocka_unit_test(test_option_parse_takes_a_dash_alone_as_a_word),
		cmocka_unit_test(test_option_parse_refuses_what_it_does_not_know),
		cmocka_unit_test(test_option_parse_refuses_missing_and_bad_values),
		cmocka_unit_test(test_option_parse_refuses_a_list_that_is_too_long),
		cmocka_unit_test(test_option_parse_sees_help_but_not_as_a_value),
		cmocka_unit_test(test_command_find_knows_each_verb_and_no_other),
		cmocka_unit_test(test_command_parse_counts_arguments),
		cmocka_unit_test(test_command_parse_takes_the_calls_of_engines),
		cmocka_unit_test(test_command_parse_leaves_a_process_its_own_options),
		cmocka_unit_test(test_command_parse_names_the_verb_in_errors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
