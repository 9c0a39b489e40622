/* SPDX-License-Identifier: GPL-2.0-or-later */
/* gvariant - see gvariant.h. */
#include "gvariant.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "str.h"

#define BLANKS " \t\n\r"
#define NUMBER_MAX 64 /* bytes of a number's text */

static const struct {
	const char *word;
	const char *signature;
	enum gvariant_kind kind;
	uint64_t min, max; /* of an integer: how far below and above 0 it reaches */
} types[] = {
	{ "boolean", "b", GVARIANT_BOOL, 0, 0 },
	{ "byte", "y", GVARIANT_INTEGER, 0, UINT8_MAX },
	{ "int16", "n", GVARIANT_INTEGER, 1U << 15, INT16_MAX },
	{ "uint16", "q", GVARIANT_INTEGER, 0, UINT16_MAX },
	{ "int32", "i", GVARIANT_INTEGER, 1U << 31, INT32_MAX },
	{ "uint32", "u", GVARIANT_INTEGER, 0, UINT32_MAX },
	{ "int64", "x", GVARIANT_INTEGER, 1ULL << 63, INT64_MAX },
	{ "uint64", "t", GVARIANT_INTEGER, 0, UINT64_MAX },
	{ "double", "d", GVARIANT_DOUBLE, 0, 0 },
	{ "string", "s", GVARIANT_STRING, 0, 0 },
	{ "", "as", GVARIANT_STRINGS, 0, 0 }, /* has no word */
};

#define INT32 4 /* what a number is that names no type */
#define NO_TYPE SIZE_MAX

static void skip_blanks(const char **p)
{
	*p += strspn(*p, BLANKS);
}

/* A type in front of the value, if there is one. -EINVAL: one that we do not know. */
static int take_type(const char **p, size_t *ret)
{
	bool is_signature = **p == '@';
	const char *start = *p + is_signature;
	size_t len = strcspn(start, BLANKS "[\"'");

	*ret = NO_TYPE;
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		const char *name = is_signature ? types[i].signature : types[i].word;

		if (len == strlen(name) && len > 0 && strncmp(start, name, len) == 0) {
			*ret = i;
			*p = start + len;
			skip_blanks(p);
			return 0;
		}
	}
	return is_signature ? -EINVAL : 0;
}

/* 'a\'b' or "a"; appended to ret->text, of which @used bytes are taken. */
static int take_string(const char **p, struct gvariant *ret, size_t *used)
{
	const char *s = *p;
	char quote = *s++;

	if ((quote != '\'' && quote != '"') || ret->n == GVARIANT_STRINGS_MAX)
		return -EINVAL;
	ret->strings[ret->n++] = ret->text + *used;
	for (; *s != quote; s++) {
		if (*s == '\\') {
			s++;
			if (*s != '\\' && *s != '\'' && *s != '"')
				return -EINVAL;
		}
		if (*s < ' ' || *s > '~' || *used + 2 > sizeof(ret->text))
			return -EINVAL; /* the end of the text, too */
		ret->text[(*used)++] = *s;
	}
	ret->text[(*used)++] = '\0';
	*p = s + 1;
	return 0;
}

static int take_strings(const char **p, struct gvariant *ret)
{
	size_t used = 0;

	ret->kind = GVARIANT_STRINGS;
	for ((*p)++, skip_blanks(p); **p != ']'; skip_blanks(p)) {
		if (take_string(p, ret, &used) < 0)
			return -EINVAL;
		skip_blanks(p);
		if (**p == ',')
			(*p)++;
		else if (**p != ']')
			return -EINVAL;
	}
	(*p)++;
	return 0;
}

static int parse_integer(const char *word, struct gvariant *ret)
{
	const char *hex;
	char *end;

	ret->kind = GVARIANT_INTEGER;
	ret->negative = *word == '-';
	word += *word == '-' || *word == '+';
	hex = str_after(word, "0x");
	if (!hex)
		return (word[0] == '0' && word[1]) || parse_u64(word, &ret->magnitude) < 0 ? -EINVAL :
											     0;
	if (!*hex || strlen(hex) > 16 || strspn(hex, "0123456789abcdefABCDEF") != strlen(hex))
		return -EINVAL;
	ret->magnitude = strtoull(hex, &end, 16);
	return 0;
}

static int take_number(const char **p, bool is_double, struct gvariant *ret)
{
	size_t len = strcspn(*p, BLANKS);
	char word[NUMBER_MAX], *end;

	if (len == 0 || str_format(word, sizeof(word), "%.*s", (int)len, *p) < 0)
		return -EINVAL;
	*p += len;
	if (!is_double && (strstr(word, "0x") || !strpbrk(word, ".eE")))
		return parse_integer(word, ret);
	if (strspn(word, "+-.0123456789eE") != len)
		return -EINVAL;
	ret->kind = GVARIANT_DOUBLE;
	ret->number = strtod(word, &end);
	return *end || !isfinite(ret->number) ? -EINVAL : 0;
}

static int take_value(const char **p, size_t type, struct gvariant *ret)
{
	size_t used = 0;

	if (**p == '[')
		return take_strings(p, ret);
	if (**p == '\'' || **p == '"') {
		ret->kind = GVARIANT_STRING;
		return take_string(p, ret, &used);
	}
	for (int truth = 0; truth < 2; truth++) {
		const char *rest = str_after(*p, truth ? "true" : "false");

		if (rest) {
			ret->kind = GVARIANT_BOOL;
			ret->boolean = truth;
			*p = rest;
			return 0;
		}
	}
	return take_number(p, type != NO_TYPE && types[type].kind == GVARIANT_DOUBLE, ret);
}

static bool fits(const struct gvariant *value, size_t type)
{
	if (type == NO_TYPE && value->kind != GVARIANT_INTEGER)
		return true;
	if (type == NO_TYPE)
		type = INT32;
	return value->kind == types[type].kind &&
	       (value->kind != GVARIANT_INTEGER ||
		value->magnitude <= (value->negative ? types[type].min : types[type].max));
}

int gvariant_parse(const char *text, struct gvariant *ret)
{
	const char *p = text;
	size_t type;

	memset(ret, 0, sizeof(*ret));
	skip_blanks(&p);
	if (take_type(&p, &type) < 0 || take_value(&p, type, ret) < 0)
		return -EINVAL;
	skip_blanks(&p);
	return *p || !fits(ret, type) ? -EINVAL : 0;
}
