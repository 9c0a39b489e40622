/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * json - owns the step from JSON text to C structs: a table per object says which key goes where.
 *
 * Strings are borrowed from the json_t tree, which must outlive the struct; arrays and optional objects live
 * in the arena. Unknown keys are ignored, as the OCI runtime spec demands ("Extensibility"); null counts as
 * absent. An error starts with the JSON path: "linux.resources.memory.limit: expected an integer, got a string".
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;
struct error;

#define JSON_DOCUMENT_MAX                                                                          \
	(16U << 20)	     /* bytes of a config.json; a privileged Docker spec has 100 KiB */
#define JSON_ITEMS_MAX 65536 /* elements of one array or object */

/* Optional numbers, where 0 and absent differ. */
struct opt_i64 {
	bool set;
	int64_t value;
};
struct opt_u64 {
	bool set;
	uint64_t value;
};
struct opt_u32 {
	bool set;
	uint32_t value;
};
struct opt_bool {
	bool set;
	bool value;
};

struct json_array {
	void *items; /* in the arena: n structs of the field's item size */
	size_t n;
};

struct json_pair {
	const char *key;
	const char *value;
};

struct json_strmap {
	struct json_pair *items;
	size_t n;
};

enum json_kind {
	JSON_STRING_FIELD,   /* const char * */
	JSON_BOOL_FIELD,     /* bool */
	JSON_U32_FIELD,	     /* uint32_t */
	JSON_U64_FIELD,	     /* uint64_t */
	JSON_I64_FIELD,	     /* int64_t */
	JSON_OPT_BOOL_FIELD, /* struct opt_bool */
	JSON_OPT_U32_FIELD,  /* struct opt_u32 */
	JSON_OPT_U64_FIELD,  /* struct opt_u64 */
	JSON_OPT_I64_FIELD,  /* struct opt_i64 */
	JSON_STRV_FIELD,     /* const char **, NULL-terminated; NULL when absent */
	JSON_U32S_FIELD,     /* struct json_array of uint32_t */
	JSON_STRMAP_FIELD,   /* struct json_strmap */
	JSON_OBJECT_FIELD,   /* the struct itself, described by .fields */
	JSON_POINTER_FIELD, /* pointer to such a struct in the arena; NULL when absent; needs .size */
	JSON_ARRAY_FIELD,   /* struct json_array of such structs; needs .size */
	JSON_CUSTOM_FIELD, /* .parse decides */
};

struct json_field {
	const char *name; /* NULL ends the table */
	enum json_kind kind;
	bool required;
	size_t offset;
	size_t size; /* of one item */
	const struct json_field *fields;
	/* @out is at .offset. The error it sets starts with ": TEXT", ".key..." or "[0]...", or is plain text. */
	int (*parse)(struct arena *arena, json_t *value, void *out, struct error *err);
};

#define JSON_F(type, member, key, k)                                                               \
	{                                                                                          \
		.name = (key), .kind = (k), .offset = offsetof(type, member)                       \
	}
#define JSON_F_REQUIRED(type, member, key, k)                                                      \
	{                                                                                          \
		.name = (key), .kind = (k), .offset = offsetof(type, member), .required = true     \
	}
#define JSON_F_OBJECT(type, member, key, table)                                                    \
	{                                                                                          \
		.name = (key), .kind = JSON_OBJECT_FIELD, .offset = offsetof(type, member),        \
		.fields = (table)                                                                  \
	}
#define JSON_F_POINTER(type, member, key, table, item)                                             \
	{                                                                                          \
		.name = (key), .kind = JSON_POINTER_FIELD, .offset = offsetof(type, member),       \
		.size = sizeof(item), .fields = (table)                                            \
	}
#define JSON_F_ARRAY(type, member, key, table, item)                                               \
	{                                                                                          \
		.name = (key), .kind = JSON_ARRAY_FIELD, .offset = offsetof(type, member),         \
		.size = sizeof(item), .fields = (table)                                            \
	}
#define JSON_F_CUSTOM(type, member, key, fn)                                                       \
	{                                                                                          \
		.name = (key), .kind = JSON_CUSTOM_FIELD, .offset = offsetof(type, member),        \
		.parse = (fn)                                                                      \
	}
#define JSON_F_END                                                                                 \
	{                                                                                          \
		.name = NULL                                                                       \
	}

/**
 * json_parse_object() - Fill a zeroed struct from an object
 * @value:	must be an object; stays the owner of all strings
 * @fields:	table ended by JSON_F_END
 * @out:	the struct, zeroed by the caller
 *
 * Return: 0, -EINVAL (missing key, wrong type, number out of range), -E2BIG (JSON_ITEMS_MAX), -ENOMEM.
 */
int json_parse_object(struct arena *arena, json_t *value, const struct json_field *fields,
		      void *out, struct error *err);

/* Whether the parser with that table knows the key. */
bool json_has_field(const struct json_field *fields, const char *key);

/* Name of a JSON type for messages: "an object", "a string", ... */
const char *json_type_text(const json_t *value);

/**
 * json_read_text() - Parse a whole document
 * @what:	how messages name it, such as "config.json"
 * @ret:	new reference, owned by the caller
 *
 * Duplicate keys and trailing text are refused. Integers from 2^63 to 2^64 - 1, which jansson lacks, become
 * reals that only the unsigned kinds accept, and only where nothing is rounded; the others are refused.
 * Return: 0, or -EINVAL with line and column.
 */
int json_read_text(const char *text, size_t len, const char *what, json_t **ret, struct error *err);

/* fd_read_file() and json_read_text(). */
int json_read_file(int dir_fd, const char *path, json_t **ret, struct error *err);

/* Compact text, malloc'ed, owned by the caller; NULL when memory is short. */
char *json_to_text(const json_t *value);

/* json_decrefp() is jansson's own (2.14). */
#define _cleanup_json_ __attribute__((cleanup(json_decrefp)))
