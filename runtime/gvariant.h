/* SPDX-License-Identifier: GPL-2.0-or-later */
/* gvariant - owns the text form of a value, as GLib has it and annotations use it: true, uint64 5, 'text', ['a', 'b']. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define GVARIANT_TEXT_MAX 4096 /* bytes of a text */
#define GVARIANT_STRINGS_MAX 16

enum gvariant_kind {
	GVARIANT_BOOL,
	GVARIANT_INTEGER, /* of any width */
	GVARIANT_DOUBLE,
	GVARIANT_STRING,
	GVARIANT_STRINGS,
};

struct gvariant {
	enum gvariant_kind kind;
	bool boolean;
	bool negative;	    /* integer */
	uint64_t magnitude; /* integer, without its sign */
	double number;
	const char *strings[GVARIANT_STRINGS_MAX]; /* a string: the first; printable ASCII */
	size_t n;
	char text[GVARIANT_TEXT_MAX]; /* where they are; so a copy of the struct is of no use */
};

/**
 * gvariant_parse() - Read a value
 *
 * With a type in front ("uint64 5", "@t 5") the value must fit it. Of escapes in strings there are \\, \' and \"; what is
 * not printable ASCII is refused, as are kinds not listed above.
 * Return: 0, or -EINVAL.
 */
int gvariant_parse(const char *text, struct gvariant *ret);
