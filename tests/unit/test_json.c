/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Unit tests of json: what each kind of field takes and refuses, and how messages name the place. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "arena.h"
#include "error.h"
#include "json.h"
#include "str.h"

struct user {
	uint32_t uid;
	const char *name;
};

struct item {
	const char *destination;
	int64_t weight;
};

struct document {
	const char *text;
	bool flag;
	uint32_t u32;
	uint64_t u64;
	int64_t i64;
	struct opt_bool opt_bool;
	struct opt_u32 opt_u32;
	struct opt_u64 opt_u64;
	struct opt_i64 opt_i64;
	const char **args;
	struct json_array gids;
	struct json_strmap labels;
	struct user user;
	struct user *extra;
	struct json_array mounts;
	int custom;
};

static const struct json_field user_fields[] = {
	JSON_F(struct user, uid, "uid", JSON_U32_FIELD),
	JSON_F(struct user, name, "name", JSON_STRING_FIELD),
	JSON_F_END,
};

static const struct json_field item_fields[] = {
	JSON_F_REQUIRED(struct item, destination, "destination", JSON_STRING_FIELD),
	JSON_F(struct item, weight, "weight", JSON_I64_FIELD),
	JSON_F_END,
};

/* Fails with the text it is given; "ok" succeeds; a number is an entry of a table of its own. */
static int parse_custom(struct arena *arena, json_t *value, void *out, struct error *err)
{
	if (json_is_object(value)) {
		struct user user = { 0 };
		int r = json_parse_object(arena, value, user_fields, &user, err);

		return r < 0 ? error_prefix(err, ".") : 0;
	}
	if (!json_is_string(value))
		return error_text(err, EINVAL, ": expected a string, got %s", json_type_text(value));
	if (!str_eq(json_string_value(value), "ok"))
		return error_text(err, ERANGE, "%s", json_string_value(value));
	*(int *)out = 42;
	return 0;
}

static const struct json_field fields[] = {
	JSON_F(struct document, text, "text", JSON_STRING_FIELD),
	JSON_F(struct document, flag, "flag", JSON_BOOL_FIELD),
	JSON_F(struct document, u32, "u32", JSON_U32_FIELD),
	JSON_F(struct document, u64, "u64", JSON_U64_FIELD),
	JSON_F(struct document, i64, "i64", JSON_I64_FIELD),
	JSON_F(struct document, opt_bool, "optBool", JSON_OPT_BOOL_FIELD),
	JSON_F(struct document, opt_u32, "optU32", JSON_OPT_U32_FIELD),
	JSON_F(struct document, opt_u64, "optU64", JSON_OPT_U64_FIELD),
	JSON_F(struct document, opt_i64, "optI64", JSON_OPT_I64_FIELD),
	JSON_F(struct document, args, "args", JSON_STRV_FIELD),
	JSON_F(struct document, gids, "gids", JSON_U32S_FIELD),
	JSON_F(struct document, labels, "labels", JSON_STRMAP_FIELD),
	JSON_F_OBJECT(struct document, user, "user", user_fields),
	JSON_F_POINTER(struct document, extra, "extra", user_fields, struct user),
	JSON_F_ARRAY(struct document, mounts, "mounts", item_fields, struct item),
	JSON_F_CUSTOM(struct document, custom, "custom", parse_custom),
	JSON_F_END,
};

struct fixture {
	struct arena arena;
	json_t *tree;
	struct document doc;
	struct error err;
};

static int setup(void **state)
{
	*state = calloc(1, sizeof(struct fixture));
	return *state ? 0 : -1;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	json_decref(f->tree);
	arena_done(&f->arena);
	free(f);
	return 0;
}

/* Parses @text, in which ' stands for ". */
static int parse(struct fixture *f, const char *text)
{
	char *copy = strdup(text);
	int r;

	for (char *p = copy; *p; p++)
		if (*p == '\'')
			*p = '"';
	json_decref(f->tree);
	f->tree = NULL;
	f->err = ERROR_INIT;
	memset(&f->doc, 0, sizeof(f->doc));
	r = json_read_text(copy, strlen(copy), "test", &f->tree, &f->err);
	free(copy);
	return r < 0 ? r : json_parse_object(&f->arena, f->tree, fields, &f->doc, &f->err);
}

static void refuse(struct fixture *f, const char *text, const char *message)
{
	assert_int_equal(parse(f, text), -EINVAL);
	assert_int_equal(f->err.code, EINVAL);
	assert_string_equal(f->err.msg, message);
}

static void test_json_parse_object_fills_every_kind(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(parse(f, "{'text':'t','flag':true,'u32':1,'u64':2,'i64':-3,'optBool':false,"
				  "'optU32':0,'optU64':0,'optI64':0,'args':['a','b'],'gids':[5,6],"
				  "'labels':{'x':'1','y':'2'},'user':{'uid':7,'name':'n'},'extra':{'uid':8},"
				  "'mounts':[{'destination':'/a'},{'destination':'/b','weight':-9}],"
				  "'custom':'ok'}"),
			 0);
	assert_string_equal(f->doc.text, "t");
	assert_true(f->doc.flag);
	assert_int_equal(f->doc.u32, 1);
	assert_int_equal(f->doc.u64, 2);
	assert_int_equal(f->doc.i64, -3);
	assert_true(f->doc.opt_bool.set && !f->doc.opt_bool.value);
	assert_true(f->doc.opt_u32.set && f->doc.opt_u64.set && f->doc.opt_i64.set);
	assert_string_equal(f->doc.args[0], "a");
	assert_string_equal(f->doc.args[1], "b");
	assert_null(f->doc.args[2]);
	assert_int_equal(f->doc.gids.n, 2);
	assert_int_equal(((uint32_t *)f->doc.gids.items)[1], 6);
	assert_int_equal(f->doc.labels.n, 2);
	assert_string_equal(f->doc.labels.items[1].key, "y");
	assert_string_equal(f->doc.labels.items[1].value, "2");
	assert_int_equal(f->doc.user.uid, 7);
	assert_string_equal(f->doc.user.name, "n");
	assert_int_equal(f->doc.extra->uid, 8);
	assert_int_equal(f->doc.mounts.n, 2);
	assert_int_equal(((struct item *)f->doc.mounts.items)[1].weight, -9);
	assert_int_equal(f->doc.custom, 42);
}

static void test_json_parse_object_leaves_what_is_absent_or_null(void **state)
{
	static const char *const texts[] = {
		"{}",
		"{'text':null,'flag':null,'u32':null,'optU32':null,'args':null,'gids':null,'labels':null,"
		"'user':null,'extra':null,'mounts':null,'custom':null}",
	};
	const struct document zero = { 0 };
	struct fixture *f = *state;

	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(parse(f, texts[i]), 0);
		assert_memory_equal(&f->doc, &zero, sizeof(zero));
	}
}

static void test_json_parse_object_ignores_unknown_keys(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(parse(f, "{'unknown':{'u32':'x'},'u32':4,'user':{'future':1}}"), 0);
	assert_int_equal(f->doc.u32, 4);
}

static void test_json_parse_object_tells_empty_from_absent(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(parse(f, "{'args':[],'extra':{},'labels':{},'mounts':[]}"), 0);
	assert_non_null(f->doc.args);
	assert_null(f->doc.args[0]);
	assert_non_null(f->doc.extra);
	assert_int_equal(f->doc.labels.n, 0);
	assert_int_equal(f->doc.mounts.n, 0);
}

static void test_json_parse_object_names_wrong_types(void **state)
{
	struct fixture *f = *state;

	refuse(f, "{'text':1}", "text: expected a string, got an integer");
	refuse(f, "{'flag':'true'}", "flag: expected a boolean, got a string");
	refuse(f, "{'flag':0}", "flag: expected a boolean, got an integer");
	refuse(f, "{'u32':'1'}", "u32: expected an integer, got a string");
	refuse(f, "{'u64':[]}", "u64: expected an integer, got an array");
	refuse(f, "{'i64':true}", "i64: expected an integer, got a boolean");
	refuse(f, "{'args':'sh'}", "args: expected an array, got a string");
	refuse(f, "{'gids':{}}", "gids: expected an array, got an object");
	refuse(f, "{'labels':[]}", "labels: expected an object, got an array");
	refuse(f, "{'user':[]}", "user: expected an object, got an array");
	refuse(f, "{'extra':5}", "extra: expected an object, got an integer");
	refuse(f, "{'mounts':{}}", "mounts: expected an array, got an object");
	refuse(f, "{'optBool':1}", "optBool: expected a boolean, got an integer");
	assert_false(f->doc.opt_bool.set);
	refuse(f, "{'optI64':'max'}", "optI64: expected an integer, got a string");
	assert_false(f->doc.opt_i64.set);
}

static void test_json_parse_object_names_the_whole_path(void **state)
{
	struct fixture *f = *state;

	refuse(f, "{'user':{'uid':'0'}}", "user.uid: expected an integer, got a string");
	refuse(f, "{'extra':{'name':{}}}", "extra.name: expected a string, got an object");
	refuse(f, "{'mounts':[{'destination':'/'},{'destination':'/','weight':1.5}]}",
	       "mounts[1].weight: expected an integer, got a real number");
	refuse(f, "{'mounts':[{'destination':'/'},7]}",
	       "mounts[1]: expected an object, got an integer");
	refuse(f, "{'mounts':[null]}", "mounts[0]: expected an object, got null");
	refuse(f, "{'args':['a',null]}", "args[1]: expected a string, got null");
	refuse(f, "{'gids':[1,2,-1]}", "gids[2]: -1 is out of range (0 to 4294967295)");
	refuse(f, "{'labels':{'a.b\\n':1}}",
	       "labels[\"a.b\\x0a\"]: expected a string, got an integer");
}

static void test_json_parse_object_names_missing_keys(void **state)
{
	struct fixture *f = *state;

	refuse(f, "{'mounts':[{'destination':'/'},{}]}", "mounts[1].destination: missing");
	refuse(f, "{'mounts':[{'destination':null}]}", "mounts[0].destination: missing");
}

static void test_json_parse_object_refuses_a_document_that_is_none(void **state)
{
	refuse(*state, "[]", "expected an object, got an array");
}

static void test_json_parse_object_joins_custom_messages(void **state)
{
	struct fixture *f = *state;

	refuse(f, "{'custom':1}", "custom: expected a string, got an integer");
	refuse(f, "{'custom':{'uid':''}}", "custom.uid: expected an integer, got a string");
	assert_int_equal(parse(f, "{'custom':'plain text'}"), -ERANGE);
	assert_string_equal(f->err.msg, "custom: plain text");
	assert_int_equal(parse(f, "{'custom':'[3].key: bad'}"), -ERANGE);
	assert_string_equal(f->err.msg, "custom[3].key: bad");
}

static void test_json_parse_object_takes_numbers_to_the_end_of_their_range(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(parse(f,
			       "{'u32':4294967295,'u64':9223372036854775807,'i64':-9223372036854775808}"),
			 0);
	assert_true(f->doc.u32 == UINT32_MAX);
	assert_true(f->doc.u64 == INT64_MAX);
	assert_true(f->doc.i64 == INT64_MIN);
	assert_int_equal(parse(f, "{'i64':9223372036854775807}"), 0);
	assert_true(f->doc.i64 == INT64_MAX);
}

static void test_json_parse_object_refuses_numbers_out_of_range(void **state)
{
	struct fixture *f = *state;

	refuse(f, "{'u32':4294967296}", "u32: 4294967296 is out of range (0 to 4294967295)");
	refuse(f, "{'u32':-1}", "u32: -1 is out of range (0 to 4294967295)");
	refuse(f, "{'optU32':4294967296}", "optU32: 4294967296 is out of range (0 to 4294967295)");
	refuse(f, "{'u64':-1}", "u64: -1 is out of range (0 to 18446744073709551615)");
	refuse(f, "{'u32':18446744073709551615}",
	       "u32: 18446744073709551615 is out of range (0 to 4294967295)");
	refuse(f, "{'i64':9223372036854775808}",
	       "i64: 9223372036854775808 is out of range (-9223372036854775808 to 9223372036854775807)");
}

static void test_json_parse_object_refuses_reals_even_if_integral(void **state)
{
	struct fixture *f = *state;

	refuse(f, "{'u32':1.0}", "u32: expected an integer, got a real number");
	refuse(f, "{'u64':1e3}", "u64: expected an integer, got a real number");
	refuse(f, "{'i64':-2.0}", "i64: expected an integer, got a real number");
	refuse(f, "{'u64':1e300}", "u64: expected an integer, got a real number");
}

/* process.rlimits of every `docker run --ulimit core=-1`; jansson alone refuses the document. */
static void test_json_read_text_takes_unsigned_64_bit_integers(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(parse(f, "{'u64':18446744073709551615,'optU64':18446744073709547520}"), 0);
	assert_true(f->doc.u64 == UINT64_MAX);
	assert_true(f->doc.opt_u64.value == 18446744073709547520U);
	assert_int_equal(parse(f, "{'u64':9223372036854775808}"), 0);
	assert_true(f->doc.u64 == (uint64_t)INT64_MAX + 1);
	assert_int_equal(parse(f, "{'text':'18446744073709551615 \\'18446744073709551615',"
				  "'u64':18446744073709551615}"),
			 0);
	assert_string_equal(f->doc.text, "18446744073709551615 \"18446744073709551615");
	assert_true(f->doc.u64 == UINT64_MAX);
}

/* What cannot be kept exactly is refused, never rounded. */
static void test_json_read_text_refuses_integers_it_cannot_keep(void **state)
{
	static const char *const texts[] = {
		"{'u64':18446744073709551614}",	 "{'u64':9223372036854775809}",
		"{'u64':18446744073709551616}",	 "{'i64':-9223372036854775809}",
		"{'i64':-18446744073709551615}", "{'u64':018446744073709551615}"
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		assert_int_equal(parse(f, texts[i]), -EINVAL);
		assert_non_null(strstr(f->err.msg, "test: line 1, column "));
	}
}

static void test_json_to_text_keeps_unsigned_64_bit_integers(void **state)
{
	struct fixture *f = *state;
	char *text;

	assert_int_equal(parse(f, "{'u64':18446744073709551615}"), 0);
	text = json_to_text(f->tree);
	assert_int_equal(parse(f, text), 0);
	assert_true(f->doc.u64 == UINT64_MAX);
	free(text);
}

static char *many(const char *open, const char *item, size_t n, const char *close)
{
	size_t len = strlen(item);
	char *text = malloc(strlen(open) + n * (len + 1) + strlen(close) + 1), *p = text;

	p = stpcpy(p, open);
	for (size_t i = 0; i < n; i++) {
		p = stpcpy(p, i ? "," : "");
		p = stpcpy(p, item);
	}
	stpcpy(p, close);
	return text;
}

static void test_json_parse_object_takes_the_maximum_of_elements(void **state)
{
	struct fixture *f = *state;
	char *text = many("{'gids':[", "1", JSON_ITEMS_MAX, "]}");

	assert_int_equal(parse(f, text), 0);
	assert_int_equal(f->doc.gids.n, JSON_ITEMS_MAX);
	free(text);
}

static void test_json_parse_object_refuses_one_element_more(void **state)
{
	struct fixture *f = *state;
	char *text = many("{'gids':[", "1", JSON_ITEMS_MAX + 1, "]}");

	assert_int_equal(parse(f, text), -E2BIG);
	assert_string_equal(f->err.msg, "gids: 65537 elements, at most 65536 are supported");
	free(text);
}

static void test_json_parse_object_refuses_too_many_keys(void **state)
{
	struct fixture *f = *state;
	json_t *map = json_object(), *tree = json_object();
	char key[16];

	for (int i = 0; i <= JSON_ITEMS_MAX; i++) {
		assert_int_equal(str_format(key, sizeof(key), "%d", i), 0);
		json_object_set_new(map, key, json_string("v"));
	}
	json_object_set_new(tree, "labels", map);
	assert_int_equal(json_parse_object(&f->arena, tree, fields, &f->doc, &f->err), -E2BIG);
	assert_string_equal(f->err.msg, "labels: 65537 keys, at most 65536 are supported");
	json_decref(tree);
}

static void test_json_parse_object_accepts_no_error(void **state)
{
	struct fixture *f = *state;
	json_t *tree = json_pack("{s:{s:s}}", "user", "uid", "x");

	assert_int_equal(json_parse_object(&f->arena, tree, fields, &f->doc, NULL), -EINVAL);
	json_decref(tree);
}

static void test_json_read_text_names_line_and_column(void **state)
{
	refuse(*state, "{\n  'u32': oops\n}", "test: line 2, column 13: invalid token near 'oops'");
}

static void test_json_read_text_refuses_what_is_ambiguous(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(parse(f, "{'u32':1,'u32':2}"), -EINVAL);
	assert_non_null(strstr(f->err.msg, "duplicate object key"));
	assert_int_equal(parse(f, "{} x"), -EINVAL);
	assert_int_equal(parse(f, ""), -EINVAL);
	assert_int_equal(parse(f, "{'text':'a\\u0000b'}"), -EINVAL);
	assert_int_equal(parse(f, "{'text':'\xff'}"), -EINVAL);
	assert_int_equal(parse(f, "5"), -EINVAL);
}

static void test_json_read_text_shows_hostile_text_escaped(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(parse(f, "{'u32':\x1b[31m}"), -EINVAL);
	for (const char *p = f->err.msg; *p; p++)
		assert_in_range(*p, ' ', '~');
}

static void test_json_read_text_survives_deep_nesting(void **state)
{
	enum { DEPTH = 1000000 };
	struct fixture *f = *state;
	char *text = malloc(DEPTH + 1);

	memset(text, '[', DEPTH);
	text[DEPTH] = '\0';
	assert_int_equal(parse(f, text), -EINVAL);
	free(text);
}

static void test_json_read_text_refuses_more_than_the_maximum(void **state)
{
	struct fixture *f = *state;
	char *text = calloc(1, JSON_DOCUMENT_MAX + 1);

	memset(text, ' ', JSON_DOCUMENT_MAX);
	memcpy(text, "{}", 2);
	assert_int_equal(json_read_text(text, JSON_DOCUMENT_MAX, "big", &f->tree, &f->err), 0);
	assert_int_equal(json_read_text(text, JSON_DOCUMENT_MAX + 1, "big", &f->tree, &f->err),
			 -EFBIG);
	free(text);
}

/* Every way to damage a document by one byte ends in an answer, under the sanitizers too. */
static void test_json_read_text_survives_damaged_documents(void **state)
{
	static const char good[] =
		"{'text':'a\\u00e4\\n','u64':18446744073709551615,'args':['x',null],"
		"'labels':{'k':'v'},'mounts':[{'destination':'/','weight':-1}]}";
	static const char bytes[] = "'{}[]:,\\0.-eE+ \n\x80\xff";
	struct fixture *f = *state;
	char text[sizeof(good)];

	for (size_t i = 0; i < sizeof(good) - 1; i++) {
		for (size_t k = 0; k < sizeof(bytes) - 1; k++) {
			memcpy(text, good, sizeof(good));
			text[i] = bytes[k];
			(void)parse(f, text);
		}
		memcpy(text, good, sizeof(good));
		text[i] = '\0';
		(void)parse(f, text);
	}
}

static void test_json_read_file_names_the_file(void **state)
{
	struct fixture *f = *state;
	char path[] = "/tmp/test_json.XXXXXX";
	int fd = mkstemp(path);

	assert_int_equal(write(fd, "{\"u32\":}", 8), 8);
	assert_int_equal(json_read_file(AT_FDCWD, path, &f->tree, &f->err), -EINVAL);
	assert_non_null(strstr(f->err.msg, path));
	assert_int_equal(pwrite(fd, "{\"u32\":3", 8, 0), 8);
	assert_int_equal(pwrite(fd, "}", 1, 8), 1);
	assert_int_equal(json_read_file(AT_FDCWD, path, &f->tree, &f->err), 0);
	close(fd);
	unlink(path);
	json_decref(f->tree);
	f->tree = NULL;
	assert_int_equal(json_read_file(AT_FDCWD, path, &f->tree, &f->err), -ENOENT);
}

static void test_json_to_text_is_compact_and_keeps_the_order(void **state)
{
	struct fixture *f = *state;
	char *text;

	assert_int_equal(parse(f, "{ 'z' : 1, 'a' : [ 'x', true ] }"), 0);
	text = json_to_text(f->tree);
	assert_string_equal(text, "{\"z\":1,\"a\":[\"x\",true]}");
	free(text);
}

static void test_json_has_field_goes_by_the_table(void **state)
{
	(void)state;
	assert_true(json_has_field(item_fields, item_fields[0].name));
	assert_false(json_has_field(item_fields, "no such key"));
	assert_false(json_has_field(item_fields, ""));
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(test_json_parse_object_fills_every_kind),
		T(test_json_parse_object_leaves_what_is_absent_or_null),
		T(test_json_parse_object_ignores_unknown_keys),
		T(test_json_parse_object_tells_empty_from_absent),
		T(test_json_parse_object_names_wrong_types),
		T(test_json_parse_object_names_the_whole_path),
		T(test_json_parse_object_names_missing_keys),
		T(test_json_parse_object_refuses_a_document_that_is_none),
		T(test_json_parse_object_joins_custom_messages),
		T(test_json_parse_object_takes_numbers_to_the_end_of_their_range),
		T(test_json_parse_object_refuses_numbers_out_of_range),
		T(test_json_parse_object_refuses_reals_even_if_integral),
		T(test_json_read_text_takes_unsigned_64_bit_integers),
		T(test_json_read_text_refuses_integers_it_cannot_keep),
		T(test_json_to_text_keeps_unsigned_64_bit_integers),
		T(test_json_parse_object_takes_the_maximum_of_elements),
		T(test_json_parse_object_refuses_one_element_more),
		T(test_json_parse_object_refuses_too_many_keys),
		T(test_json_parse_object_accepts_no_error),
		T(test_json_read_text_names_line_and_column),
		T(test_json_read_text_refuses_what_is_ambiguous),
		T(test_json_read_text_shows_hostile_text_escaped),
		T(test_json_read_text_survives_deep_nesting),
		T(test_json_read_text_refuses_more_than_the_maximum),
		T(test_json_read_text_survives_damaged_documents),
		T(test_json_read_file_names_the_file),
		T(test_json_to_text_is_compact_and_keeps_the_order),
		cmocka_unit_test(test_json_has_field_goes_by_the_table),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
