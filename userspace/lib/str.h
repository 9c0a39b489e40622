/* SPDX-License-Identifier: GPL-2.0-or-later */
/* str - owns strings and numbers as text: formatting that refuses to truncate, strict parsing. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* snprintf(3) that refuses instead of truncating: 0, or -ENAMETOOLONG and an empty @buf. */
int str_format(char *buf, size_t size, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* asprintf(3): malloc'ed text owned by the caller, or NULL when memory is short. */
char *str_dupf(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

static inline bool str_eq(const char *a, const char *b)
{
	return __builtin_strcmp(a, b) == 0;
}

/* What follows @prefix in @s, or NULL when @s does not start so. */
const char *str_after(const char *s, const char *prefix);

/* Decimal digits only, no sign, no space: 0, -EINVAL, or -ERANGE. @ret_value changes on success only. */
int parse_u32(const char *s, uint32_t *ret_value);
int parse_u64(const char *s, uint64_t *ret_value);
int parse_i64(const char *s, int64_t *ret_value); /* one leading '-' allowed */

/* Octal digits only, at most 07777. */
int parse_mode(const char *s, uint32_t *ret_mode);

/**
 * str_quote() - Make text from a container safe to print: printable ASCII stays, the rest becomes \xNN
 * @buf:	at least 8 bytes; longer text is cut and ends in "..."
 *
 * Return: @buf.
 */
const char *str_quote(const char *s, char *buf, size_t size);
