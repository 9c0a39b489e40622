/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "text.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_ROOM 2048

void emu_text_done(struct emu_text *text)
{
	free(text->data);
	*text = (struct emu_text){ .max = text->max };
}

void emu_text_clear(struct emu_text *text)
{
	text->len = 0;
	text->failed = 0;
}

/* Room for @more bytes: where they go, or NULL. */
static char *reserve(struct emu_text *text, size_t more)
{
	size_t need, room = text->room ? text->room : FIRST_ROOM;
	char *data;

	if (text->failed)
		return NULL;
	if (__builtin_add_overflow(text->len, more, &need) || need > text->max) {
		text->failed = -EFBIG;
		return NULL;
	}
	if (need <= text->room)
		return text->data + text->len;
	while (room < need)
		room *= 2;
	data = realloc(text->data, room);
	if (!data) {
		text->failed = -ENOMEM;
		return NULL;
	}
	text->data = data;
	text->room = room;
	return data + text->len;
}

void emu_text_bytes(struct emu_text *text, const char *bytes, size_t len)
{
	char *to = len > 0 ? reserve(text, len) : NULL;

	if (to) {
		memcpy(to, bytes, len);
		text->len += len;
	}
}

void emu_text_str(struct emu_text *text, const char *s)
{
	emu_text_bytes(text, s, strlen(s));
}

void emu_text_add(struct emu_text *text, const char *fmt, ...)
{
	char line[512];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	if (n < 0 || (size_t)n >= sizeof(line)) {
		if (!text->failed)
			text->failed = -EFBIG;
		return;
	}
	emu_text_bytes(text, line, (size_t)n);
}

void emu_text_u64(struct emu_text *text, uint64_t value, unsigned width)
{
	char digits[64];
	size_t at = sizeof(digits);

	do {
		digits[--at] = (char)('0' + value % 10);
		value /= 10;
	} while (value > 0);
	while (sizeof(digits) - at < width && at > 0)
		digits[--at] = ' ';
	emu_text_bytes(text, digits + at, sizeof(digits) - at);
}
