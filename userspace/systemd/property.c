/* SPDX-License-Identifier: GPL-2.0-or-later */
/* property - see property.h. */
#include "property.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "fd.h"
#include "str.h"

/* The next word; the separator behind it becomes its end. NULL: no more. */
static char *take_word(char **text)
{
	char *word = *text, *space;

	if (!word || !*word)
		return NULL;
	space = strchr(word, ' ');
	if (space)
		*space++ = '\0';
	*text = space;
	return word;
}

int property_parse(char *line, struct property *ret, struct error *err)
{
	char *rest = line, *since = take_word(&rest);
	struct property p = { .name = take_word(&rest), .signature = take_word(&rest) };

	p.value = rest ? rest : "";
	if (!since || parse_u32(since, &p.since) < 0 || !p.name || !*p.name || !p.signature)
		return error_text(err, EINVAL, "a line that is no property");
	*ret = p;
	return 0;
}

/* ---- one kind of value each: 0, or -errno of sd-bus; -EINVAL for text that is not of the kind -------------------- */

static int append_string(sd_bus_message *m, char *value)
{
	return sd_bus_message_append_basic(m, 's', value);
}

static int append_bool(sd_bus_message *m, char *value)
{
	int truth = str_eq(value, "true");

	return truth || str_eq(value, "false") ? sd_bus_message_append_basic(m, 'b', &truth) :
						 -EINVAL;
}

static int append_u64(sd_bus_message *m, char *value)
{
	uint64_t number;

	return parse_u64(value, &number) < 0 ? -EINVAL : sd_bus_message_append_basic(m, 't', &number);
}

static int append_i32(sd_bus_message *m, char *value)
{
	int64_t number;
	int32_t small;

	if (parse_i64(value, &number) < 0 || number < INT32_MIN || number > INT32_MAX)
		return -EINVAL;
	small = (int32_t)number;
	return sd_bus_message_append_basic(m, 'i', &small);
}

static int append_words(sd_bus_message *m, char *value)
{
	int r = sd_bus_message_open_container(m, 'a', "s");

	for (char *word = take_word(&value); r >= 0 && word; word = take_word(&value))
		r = sd_bus_message_append_basic(m, 's', word);
	return r < 0 ? r : sd_bus_message_close_container(m);
}

static int append_u32s(sd_bus_message *m, char *value)
{
	int r = sd_bus_message_open_container(m, 'a', "u");
	uint32_t number;

	for (char *word = take_word(&value); r >= 0 && word; word = take_word(&value))
		r = parse_u32(word, &number) < 0 ? -EINVAL :
						   sd_bus_message_append_basic(m, 'u', &number);
	return r < 0 ? r : sd_bus_message_close_container(m);
}

static int hex_digit(char c)
{
	static const char digits[] = "0123456789abcdef";
	const char *at = c ? strchr(digits, c) : NULL;

	return at ? (int)(at - digits) : -EINVAL;
}

static int append_bytes(sd_bus_message *m, char *value)
{
	size_t n = strlen(value) / 2;
	_cleanup_free_ uint8_t *bytes = malloc(n + 1);

	if (!bytes)
		return -ENOMEM;
	if (strlen(value) % 2)
		return -EINVAL;
	for (size_t i = 0; i < n; i++) {
		int high = hex_digit(value[2 * i]), low = hex_digit(value[2 * i + 1]);

		if (high < 0 || low < 0)
			return -EINVAL;
		bytes[i] = (uint8_t)(high << 4 | low);
	}
	return sd_bus_message_append_array(m, 'y', bytes, n);
}

static int append_pairs(sd_bus_message *m, char *value)
{
	int r = sd_bus_message_open_container(m, 'a', "(ss)");

	for (char *first = take_word(&value); r >= 0 && first; first = take_word(&value)) {
		const char *second = take_word(&value);

		r = second ? sd_bus_message_append(m, "(ss)", first, second) : -EINVAL;
	}
	return r < 0 ? r : sd_bus_message_close_container(m);
}

static const struct {
	const char *signature;
	int (*append)(sd_bus_message *m, char *value);
} kinds[] = {
	{ "s", append_string }, { "b", append_bool },	   { "t", append_u64 },
	{ "i", append_i32 },	{ "as", append_words },	   { "au", append_u32s },
	{ "ay", append_bytes }, { "a(ss)", append_pairs },
};

static int append_value(sd_bus_message *m, const struct property *p)
{
	_cleanup_free_ char *value = strdup(p->value);

	if (!value)
		return -ENOMEM;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (str_eq(p->signature, kinds[i].signature))
			return kinds[i].append(m, value);
	return -EINVAL;
}

int property_append(sd_bus_message *message, const struct property *property, struct error *err)
{
	int r = sd_bus_message_open_container(message, 'r', "sv");

	if (r >= 0)
		r = sd_bus_message_append_basic(message, 's', property->name);
	if (r >= 0)
		r = sd_bus_message_open_container(message, 'v', property->signature);
	if (r >= 0)
		r = append_value(message, property);
	if (r >= 0)
		r = sd_bus_message_close_container(message);
	if (r >= 0)
		r = sd_bus_message_close_container(message);
	return r < 0 ? error_set(err, -r, "property %s: '%s %s'", property->name,
				 property->signature, property->value) :
		       0;
}
