/* SPDX-License-Identifier: GPL-2.0-or-later */
/* accounts - owns the reading of passwd(5), group(5), subuid(5) and subgid(5): static programs have no name service. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct error;

#define ACCOUNTS_TEXT_MAX (32U << 20) /* bytes of one such file */
#define ACCOUNTS_NAME_MAX 256	      /* bytes of a name with its NUL; longer ones are nobody's */

/* One file as text; lines that cannot be understood are skipped, as login tools do. */
struct accounts_file {
	char *text; /* malloc'ed */
	size_t len;
};

/* A file that is missing is empty. */
int accounts_read(const char *etc_path, const char *name, struct accounts_file *ret,
		  struct error *err);
void accounts_done(struct accounts_file *file);

struct accounts_field {
	const char *text; /* not NUL-terminated */
	size_t len;
};

/**
 * accounts_next() - The next line that has at least @n fields
 * @cursor:	offset into the file; 0 to begin with
 *
 * Comments and shorter lines are skipped. Return: false at the end.
 */
bool accounts_next(const struct accounts_file *file, size_t *cursor, struct accounts_field *fields,
		   size_t n);

bool accounts_field_is(const struct accounts_field *field, const char *text);

/* Decimal digits only. */
bool accounts_field_u32(const struct accounts_field *field, uint32_t *ret);

struct account {
	char name[ACCOUNTS_NAME_MAX];
	uint32_t uid;
	uint32_t gid; /* primary group */
};

/* First line of a passwd(5) with that uid. */
bool accounts_find(const struct accounts_file *passwd, uint32_t uid, struct account *ret);

/* Whether a passwd(5) knows the owner field of a subuid(5) line, by name or by number. */
bool accounts_has(const struct accounts_file *passwd, const struct accounts_field *owner);

bool accounts_has_gid(const struct accounts_file *group, uint32_t gid);

struct id_span {
	uint32_t first;
	uint32_t size; /* at least 1; first + size is at most 2^32 - 1 */
};

/**
 * accounts_subids() - Spans of a subuid(5) or subgid(5)
 * @uid:	whose: lines that name @uid ...
 * @name:	... or this; NULL: no name known
 * @ret:	room for @max; overlapping spans, and those that touch ids below @min, are left out
 *
 * Return: how many, in the file's order.
 */
size_t accounts_subids(const struct accounts_file *file, uint32_t uid, const char *name,
		       uint32_t min, struct id_span *ret, size_t max);

/* The line of a subuid(5) as a span; false if it is none. @fields: the three of it. */
bool accounts_span(const struct accounts_field *fields, struct id_span *ret);
