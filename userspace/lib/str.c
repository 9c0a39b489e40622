/* SPDX-License-Identifier: GPL-2.0-or-later */
/* str - see str.h. */
#include "str.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int str_format(char *buf, size_t size, const char *fmt, ...)
{
	va_list ap;
	int n;

	if (size == 0)
		return -ENAMETOOLONG;
	va_start(ap, fmt);
	n = vsnprintf(buf, size, fmt, ap);
	va_end(ap);
	if (n < 0 || (size_t)n >= size) {
		buf[0] = '\0';
		return -ENAMETOOLONG;
	}
	return 0;
}

char *str_dupf(const char *fmt, ...)
{
	va_list ap;
	char *s;
	int n;

	va_start(ap, fmt);
	n = vasprintf(&s, fmt, ap);
	va_end(ap);
	return n < 0 ? NULL : s; /* s is undefined on failure, asprintf(3) */
}

const char *str_after(const char *s, const char *prefix)
{
	size_t n = strlen(prefix);

	return strncmp(s, prefix, n) == 0 ? s + n : NULL;
}

/* Digits of @base (8 or 10) up to @max. The form is judged before the size: "99999999999999999999x" is no number. */
static int parse_digits(const char *s, unsigned int base, uint64_t max, uint64_t *ret_value)
{
	uint64_t value = 0;
	bool over = false;

	if (!*s)
		return -EINVAL;
	for (; *s; s++) {
		unsigned int digit = (unsigned int)(unsigned char)*s - '0';

		if (digit >= base)
			return -EINVAL;
		if (__builtin_mul_overflow(value, base, &value) ||
		    __builtin_add_overflow(value, digit, &value))
			over = true;
	}
	if (over || value > max)
		return -ERANGE;
	*ret_value = value;
	return 0;
}

int parse_u32(const char *s, uint32_t *ret_value)
{
	uint64_t value;
	int r = parse_digits(s, 10, UINT32_MAX, &value);

	if (r == 0)
		*ret_value = (uint32_t)value;
	return r;
}

int parse_u64(const char *s, uint64_t *ret_value)
{
	return parse_digits(s, 10, UINT64_MAX, ret_value);
}

int parse_i64(const char *s, int64_t *ret_value)
{
	bool negative = *s == '-';
	uint64_t value;
	int r = parse_digits(s + negative, 10, (uint64_t)INT64_MAX + negative, &value);

	if (r < 0)
		return r;
	if (!negative)
		*ret_value = (int64_t)value;
	else if (value > (uint64_t)INT64_MAX)
		*ret_value = INT64_MIN;
	else
		*ret_value = -(int64_t)value;
	return 0;
}

int parse_mode(const char *s, uint32_t *ret_mode)
{
	uint64_t value;
	int r = parse_digits(s, 8, 07777, &value);

	if (r == 0)
		*ret_mode = (uint32_t)value;
	return r;
}

/* Writes how @c is shown to @out (4 bytes at least); returns the length. */
static size_t quote_byte(unsigned char c, char *out)
{
	static const char hex[] = "0123456789abcdef";

	if (c >= ' ' && c <= '~') {
		out[0] = (char)c;
		return 1;
	}
	out[0] = '\\';
	out[1] = 'x';
	out[2] = hex[c >> 4];
	out[3] = hex[c & 15];
	return 4;
}

const char *str_quote(const char *s, char *buf, size_t size)
{
	size_t len = 0,
	       whole = 0; /* whole: bytes that leave room for "..." and end at a character's end */
	char shown[4];

	if (size < 4) {
		if (size)
			buf[0] = '\0';
		return size ? buf : "";
	}
	for (; *s; s++) {
		size_t n = quote_byte((unsigned char)*s, shown);

		if (n > size - 1 - len) {
			memcpy(buf + whole, "...", 4);
			return buf;
		}
		memcpy(buf + len, shown, n);
		len += n;
		if (len <= size - 4)
			whole = len;
	}
	buf[len] = '\0';
	return buf;
}
