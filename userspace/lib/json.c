/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * json - see json.h.
 *
 * Two things come together here. Values: the table `kinds` has one function per kind of field, which checks
 * the type and stores. Paths: the function that finds the fault sets the bare reason (": missing") and each level
 * on the way out puts its part in front ("[3]", ".mounts"), so that nothing is paid for paths unless one is needed.
 * Within this file a message therefore starts with ':', '.' or '['; json_parse_object() takes a leading '.' off.
 */
#include "json.h"

#include <inttypes.h>
#include <string.h>

#include "arena.h"
#include "error.h"
#include "fd.h"
#include "str.h"

#define DOUBLE_2_POW_63 0x1p63
#define DOUBLE_2_POW_64 0x1p64

static int parse_fields(struct arena *arena, json_t *value, const struct json_field *fields,
			void *out, struct error *err);

const char *json_type_text(const json_t *value)
{
	static const char *const texts[] = {
		[JSON_OBJECT] = "an object",   [JSON_ARRAY] = "an array",
		[JSON_STRING] = "a string",    [JSON_INTEGER] = "an integer",
		[JSON_REAL] = "a real number", [JSON_TRUE] = "a boolean",
		[JSON_FALSE] = "a boolean",    [JSON_NULL] = "null",
	};

	return value ? texts[json_typeof(value)] : "nothing";
}

static int wrong_type(const json_t *value, const char *expected, struct error *err)
{
	return error_text(err, EINVAL, ": expected %s, got %s", expected, json_type_text(value));
}

static int no_memory(struct error *err)
{
	return error_text(err, ENOMEM, ": out of memory");
}

/* A message that a custom parser left as plain text becomes ": TEXT". */
static void ensure_separator(struct error *err)
{
	if (!err->msg[0] || !strchr(":.[", err->msg[0]))
		(void)error_prefix(err, ": ");
}

static void prefix_index(size_t i, struct error *err)
{
	char prefix[32];

	(void)str_format(prefix, sizeof(prefix), "[%zu]", i); /* 20 digits at most */
	(void)error_prefix(err, prefix);
}

/* Names from the document, not from a table, are shown as ["NAME"]: they may hold anything. */
static void prefix_name(const char *name, struct error *err)
{
	char shown[96], prefix[128];

	(void)str_format(prefix, sizeof(prefix), "[\"%s\"]", str_quote(name, shown, sizeof(shown)));
	(void)error_prefix(err, prefix);
}

static int check_array(const json_t *value, struct error *err)
{
	if (!json_is_array(value))
		return wrong_type(value, "an array", err);
	if (json_array_size(value) > JSON_ITEMS_MAX)
		return error_text(err, E2BIG, ": %zu elements, at most %d are supported",
				  json_array_size(value), JSON_ITEMS_MAX);
	return 0;
}

static int check_object(const json_t *value, struct error *err)
{
	if (!json_is_object(value))
		return wrong_type(value, "an object", err);
	if (json_object_size(value) > JSON_ITEMS_MAX)
		return error_text(err, E2BIG, ": %zu keys, at most %d are supported",
				  json_object_size(value), JSON_ITEMS_MAX);
	return 0;
}

/* ---- numbers ---- */

/*
 * OCI has unsigned 64-bit integers ("unlimited" is 2^64 - 1 in process.rlimits), jansson has signed ones:
 * json_read_text() turns those above into reals, which is where reals of 2^63 and more come from.
 */
static bool is_wide_integer(const json_t *value)
{
	return json_is_real(value) && json_real_value(value) >= DOUBLE_2_POW_63 &&
	       json_real_value(value) <= DOUBLE_2_POW_64;
}

static int parse_unsigned(const json_t *value, uint64_t max, uint64_t *ret, struct error *err)
{
	uint64_t number;

	if (is_wide_integer(value)) {
		double real = json_real_value(value);

		number = real < DOUBLE_2_POW_64 ? (uint64_t)real : UINT64_MAX;
	} else if (!json_is_integer(value)) {
		return wrong_type(value, "an integer", err);
	} else if (json_integer_value(value) < 0) {
		return error_text(err, EINVAL,
				  ": %" JSON_INTEGER_FORMAT " is out of range (0 to %" PRIu64 ")",
				  json_integer_value(value), max);
	} else {
		number = (uint64_t)json_integer_value(value);
	}
	if (number > max)
		return error_text(err, EINVAL, ": %" PRIu64 " is out of range (0 to %" PRIu64 ")",
				  number, max);
	*ret = number;
	return 0;
}

/* The functions below have this form; @field may be NULL for those that do not look into it. */
typedef int (*value_parser)(struct arena *arena, json_t *value, const struct json_field *field,
			    void *out, struct error *err);

static int parse_u32_value(struct arena *arena, json_t *value, const struct json_field *field,
			   void *out, struct error *err)
{
	uint64_t number;
	int r = parse_unsigned(value, UINT32_MAX, &number, err);

	(void)arena;
	(void)field;
	if (r == 0)
		*(uint32_t *)out = (uint32_t)number;
	return r;
}

static int parse_u64_value(struct arena *arena, json_t *value, const struct json_field *field,
			   void *out, struct error *err)
{
	(void)arena;
	(void)field;
	return parse_unsigned(value, UINT64_MAX, out, err);
}

static int parse_i64_value(struct arena *arena, json_t *value, const struct json_field *field,
			   void *out, struct error *err)
{
	(void)arena;
	(void)field;
	if (is_wide_integer(value))
		return error_text(err, EINVAL, ": %.0f is out of range (%" PRId64 " to %" PRId64 ")",
				  json_real_value(value), INT64_MIN, INT64_MAX);
	if (!json_is_integer(value))
		return wrong_type(value, "an integer", err);
	*(int64_t *)out = json_integer_value(value);
	return 0;
}

static int parse_bool_value(struct arena *arena, json_t *value, const struct json_field *field,
			    void *out, struct error *err)
{
	(void)arena;
	(void)field;
	if (!json_is_boolean(value))
		return wrong_type(value, "a boolean", err);
	*(bool *)out = json_boolean_value(value);
	return 0;
}

static int parse_opt_u32(struct arena *arena, json_t *value, const struct json_field *field,
			 void *out, struct error *err)
{
	struct opt_u32 *opt = out;
	int r = parse_u32_value(arena, value, field, &opt->value, err);

	opt->set = r == 0;
	return r;
}

static int parse_opt_u64(struct arena *arena, json_t *value, const struct json_field *field,
			 void *out, struct error *err)
{
	struct opt_u64 *opt = out;
	int r = parse_u64_value(arena, value, field, &opt->value, err);

	opt->set = r == 0;
	return r;
}

static int parse_opt_i64(struct arena *arena, json_t *value, const struct json_field *field,
			 void *out, struct error *err)
{
	struct opt_i64 *opt = out;
	int r = parse_i64_value(arena, value, field, &opt->value, err);

	opt->set = r == 0;
	return r;
}

static int parse_opt_bool(struct arena *arena, json_t *value, const struct json_field *field,
			  void *out, struct error *err)
{
	struct opt_bool *opt = out;
	int r = parse_bool_value(arena, value, field, &opt->value, err);

	opt->set = r == 0;
	return r;
}

/* ---- strings ---- */

static int parse_string(struct arena *arena, json_t *value, const struct json_field *field,
			void *out, struct error *err)
{
	(void)arena;
	(void)field;
	if (!json_is_string(value))
		return wrong_type(value, "a string", err);
	*(const char **)out = json_string_value(value); /* no NUL inside: jansson refuses \u0000 */
	return 0;
}

/* Each element of an array into items of @size bytes, which has room for @extra zeroed ones behind. */
static int parse_elements(struct arena *arena, json_t *value, const struct json_field *field,
			  value_parser parse, size_t size, size_t extra, struct json_array *ret,
			  struct error *err)
{
	struct json_array array = { .n = json_array_size(value) };
	int r = check_array(value, err);

	if (r < 0)
		return r;
	array.items = arena_alloc(arena, array.n + extra, size);
	if (!array.items)
		return no_memory(err);
	for (size_t i = 0; i < array.n; i++) {
		r = parse(arena, json_array_get(value, i), field, (char *)array.items + i * size,
			  err);
		if (r < 0) {
			prefix_index(i, err);
			return r;
		}
	}
	*ret = array;
	return 0;
}

static int parse_strv(struct arena *arena, json_t *value, const struct json_field *field, void *out,
		      struct error *err)
{
	struct json_array array;
	int r = parse_elements(arena, value, field, parse_string, sizeof(const char *), 1, &array,
			       err);

	if (r == 0)
		*(const char ***)out = array.items;
	return r;
}

static int parse_u32s(struct arena *arena, json_t *value, const struct json_field *field, void *out,
		      struct error *err)
{
	return parse_elements(arena, value, field, parse_u32_value, sizeof(uint32_t), 0, out, err);
}

static int parse_strmap(struct arena *arena, json_t *value, const struct json_field *field,
			void *out, struct error *err)
{
	struct json_strmap map = { .n = 0 };
	int r = check_object(value, err);
	const char *key;
	json_t *item;

	(void)field;
	if (r < 0)
		return r;
	map.items = arena_alloc(arena, json_object_size(value), sizeof(*map.items));
	if (!map.items)
		return no_memory(err);
	json_object_foreach(value, key, item) {
		if (!json_is_string(item)) {
			r = wrong_type(item, "a string", err);
			prefix_name(key, err);
			return r;
		}
		map.items[map.n++] = (struct json_pair){ key, json_string_value(item) };
	}
	*(struct json_strmap *)out = map;
	return 0;
}

/* ---- objects ---- */

static int parse_object(struct arena *arena, json_t *value, const struct json_field *field,
			void *out, struct error *err)
{
	return parse_fields(arena, value, field->fields, out, err);
}

static int parse_pointer(struct arena *arena, json_t *value, const struct json_field *field,
			 void *out, struct error *err)
{
	void *item = arena_alloc(arena, 1, field->size);
	int r;

	if (!item)
		return no_memory(err);
	r = parse_fields(arena, value, field->fields, item, err);
	if (r == 0)
		*(void **)out = item;
	return r;
}

static int parse_array(struct arena *arena, json_t *value, const struct json_field *field,
		       void *out, struct error *err)
{
	return parse_elements(arena, value, field, parse_object, field->size, 0, out, err);
}

static int parse_custom(struct arena *arena, json_t *value, const struct json_field *field,
			void *out, struct error *err)
{
	int r = field->parse(arena, value, out, err);

	if (r < 0)
		ensure_separator(err);
	return r;
}

static const value_parser kinds[] = {
	[JSON_STRING_FIELD] = parse_string,   [JSON_BOOL_FIELD] = parse_bool_value,
	[JSON_U32_FIELD] = parse_u32_value,   [JSON_U64_FIELD] = parse_u64_value,
	[JSON_I64_FIELD] = parse_i64_value,   [JSON_OPT_BOOL_FIELD] = parse_opt_bool,
	[JSON_OPT_U32_FIELD] = parse_opt_u32, [JSON_OPT_U64_FIELD] = parse_opt_u64,
	[JSON_OPT_I64_FIELD] = parse_opt_i64, [JSON_STRV_FIELD] = parse_strv,
	[JSON_U32S_FIELD] = parse_u32s,	      [JSON_STRMAP_FIELD] = parse_strmap,
	[JSON_OBJECT_FIELD] = parse_object,   [JSON_POINTER_FIELD] = parse_pointer,
	[JSON_ARRAY_FIELD] = parse_array,     [JSON_CUSTOM_FIELD] = parse_custom,
};

static int parse_field(struct arena *arena, json_t *value, const struct json_field *field,
		       void *out, struct error *err)
{
	if (!json_is_null(value) && value)
		return kinds[field->kind](arena, value, field, (char *)out + field->offset, err);
	return field->required ? error_text(err, EINVAL, ": missing") : 0;
}

/* Recursion is as deep as the tables are nested, whatever the document is like. */
static int parse_fields(struct arena *arena, json_t *value, const struct json_field *fields,
			void *out, struct error *err)
{
	int r = check_object(value, err);

	for (; r == 0 && fields->name; fields++) {
		r = parse_field(arena, json_object_get(value, fields->name), fields, out, err);
		if (r < 0) {
			(void)error_prefix(err, fields->name);
			(void)error_prefix(err, ".");
		}
	}
	return r;
}

bool json_has_field(const struct json_field *fields, const char *key)
{
	for (; fields->name; fields++)
		if (str_eq(fields->name, key))
			return true;
	return false;
}

int json_parse_object(struct arena *arena, json_t *value, const struct json_field *fields,
		      void *out, struct error *err)
{
	struct error local = ERROR_INIT; /* the prefixes need one */
	int r = parse_fields(arena, value, fields, out, &local);

	if (r == 0)
		return 0;
	if (local.msg[0] == '.')
		return error_text(err, -r, "%s", local.msg + 1);
	return error_text(err, -r, "%s", local.msg + strspn(local.msg, ": ")); /* the document itself */
}

/* ---- text ---- */

/*
 * Whether the digits are an integer that jansson cannot hold and is_wide_integer() can tell without loss:
 * 2^64 - 1, or a number that a double holds exactly. Others stay as they are, and jansson refuses them.
 */
static bool is_wide_digits(const char *digits, size_t n)
{
	char number[21];
	uint64_t value;

	if (n >= sizeof(number))
		return false;
	memcpy(number, digits, n);
	number[n] = '\0';
	if (parse_u64(number, &value) < 0 || value <= (uint64_t)INT64_MAX)
		return false;
	return value == UINT64_MAX || ((value & 0x7ff) == 0); /* 53 of 64 bits */
}

/* End of the string that starts at @text[@i] with a quote: behind its closing quote, or @len. */
static size_t skip_string(const char *text, size_t len, size_t i)
{
	for (i++; i < len; i++) {
		if (text[i] == '\\')
			i++;
		else if (text[i] == '"')
			return i + 1;
	}
	return len;
}

/* Where the next wide integer ends, from @i on; 0 when there is none. */
static size_t next_wide_integer(const char *text, size_t len, size_t i)
{
	while (i < len) {
		size_t start = i;

		if (text[i] == '"') {
			i = skip_string(text, len, i);
			continue;
		}
		while (i < len && text[i] >= '0' && text[i] <= '9')
			i++;
		if (i == start) {
			i++;
			continue;
		}
		if (i - start >= 19 && (start == 0 || !strchr("-+.eE", text[start - 1])) &&
		    (i == len || !strchr(".eE", text[i]) || !text[i]) &&
		    is_wide_digits(text + start, i - start))
			return i;
	}
	return 0;
}

/* A copy in which each wide integer is a real ("18446744073709551615.0"); NULL in *@ret when there is none. */
static int mark_wide_integers(const char *text, size_t len, char **ret, size_t *ret_len)
{
	size_t count = 0, from = 0, out = 0;
	char *copy;

	*ret = NULL;
	for (size_t end = next_wide_integer(text, len, 0); end;
	     end = next_wide_integer(text, len, end))
		count++;
	if (count == 0)
		return 0;
	copy = malloc(len + 2 * count + 1);
	if (!copy)
		return -ENOMEM;
	for (size_t end = next_wide_integer(text, len, 0); end;
	     end = next_wide_integer(text, len, end)) {
		memcpy(copy + out, text + from, end - from);
		out += end - from;
		memcpy(copy + out, ".0", 2);
		out += 2;
		from = end;
	}
	memcpy(copy + out, text + from, len - from);
	*ret = copy;
	*ret_len = out + len - from;
	return 0;
}

int json_read_text(const char *text, size_t len, const char *what, json_t **ret, struct error *err)
{
	_cleanup_free_ char *marked = NULL;
	char shown[JSON_ERROR_TEXT_LENGTH];
	json_error_t error;
	json_t *value;

	if (len > JSON_DOCUMENT_MAX)
		return error_text(err, EFBIG, "%s: larger than %u bytes", what, JSON_DOCUMENT_MAX);
	if (mark_wide_integers(text, len, &marked, &len) < 0)
		return error_set(err, ENOMEM, "%s", what);

	value = json_loadb(marked ? marked : text, len, JSON_REJECT_DUPLICATES, &error);
	if (!value && json_error_code(&error) == json_error_out_of_memory)
		return error_set(err, ENOMEM, "%s", what);
	if (!value)
		return error_text(err, EINVAL, "%s: line %d, column %d: %s", what, error.line,
				  error.column, str_quote(error.text, shown, sizeof(shown)));
	*ret = value;
	return 0;
}

int json_read_file(int dir_fd, const char *path, json_t **ret, struct error *err)
{
	_cleanup_free_ char *text = NULL;
	size_t len;
	int r;

	r = fd_read_file(dir_fd, path, JSON_DOCUMENT_MAX, &text, &len, err);
	if (r < 0)
		return r;
	return json_read_text(text, len, path, ret, err);
}

char *json_to_text(const json_t *value)
{
	return json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
}
