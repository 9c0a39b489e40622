/* SPDX-License-Identifier: GPL-2.0-or-later */
/* error - see error.h. Runs after clone(2): no allocation, no locale, no stdio stream. */
#include "error.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/* A line under construction: apart from err->msg, because the arguments may point into that. */
struct line {
	char text[ERROR_MSG_MAX];
	size_t len;
	bool cut;
};

static void line_append(struct line *line, const char *s)
{
	size_t room = sizeof(line->text) - 1 - line->len;
	size_t n = strlen(s);

	if (n > room) {
		n = room;
		line->cut = true;
	}
	memcpy(line->text + line->len, s, n);
	line->len += n;
}

/* Only on an empty line. */
__attribute__((format(printf, 2, 0))) static void line_vformat(struct line *line, const char *fmt,
							       va_list ap)
{
	int n = vsnprintf(line->text, sizeof(line->text), fmt, ap);

	if (n < 0) /* EOVERFLOW, EILSEQ: the rest of the line still says something */
		n = 0;
	line->cut = (size_t)n >= sizeof(line->text);
	line->len = line->cut ? sizeof(line->text) - 1 : (size_t)n;
}

/*
 * Whoever quotes what came from outside shows it escaped; where that was forgotten, nothing of it may yet break the line
 * or move a terminal's cursor.
 */
static void line_tame(struct line *line)
{
	for (size_t i = 0; i < line->len; i++)
		if ((unsigned char)line->text[i] < ' ' || line->text[i] == 0x7f)
			line->text[i] = '?';
}

static void line_store(struct line *line, struct error *err)
{
	static const char mark[] = "...";

	line_tame(line);
	if (line->cut)
		memcpy(line->text + sizeof(line->text) - sizeof(mark), mark, sizeof(mark));
	else
		line->text[line->len] = '\0';
	memcpy(err->msg, line->text, line->cut ? sizeof(line->text) : line->len + 1);
}

int error_set(struct error *err, int errnum, const char *fmt, ...)
{
	struct line line = { .len = 0 };
	const char *reason;
	va_list ap;

	if (!err)
		return -errnum;
	va_start(ap, fmt);
	line_vformat(&line, fmt, ap);
	va_end(ap);

	reason = strerrordesc_np(errnum); /* strerror(3) may allocate and translate */
	line_append(&line, ": ");
	line_append(&line, reason ? reason : "unknown error");
	err->code = errnum;
	line_store(&line, err);
	return -errnum;
}

int error_text(struct error *err, int errnum, const char *fmt, ...)
{
	struct line line = { .len = 0 };
	va_list ap;

	if (!err)
		return -errnum;
	va_start(ap, fmt);
	line_vformat(&line, fmt, ap);
	va_end(ap);

	err->code = errnum;
	line_store(&line, err);
	return -errnum;
}

/* Minus the code in @err; without one there was no cause, and the caller must not take that for success. */
static int kept_code(struct error *err)
{
	if (!err)
		return -EIO;
	if (err->code <= 0)
		err->code = EIO;
	return -err->code;
}

int error_wrap(struct error *err, const char *fmt, ...)
{
	struct line line = { .len = 0 };
	va_list ap;

	if (!err)
		return kept_code(err);
	va_start(ap, fmt);
	line_vformat(&line, fmt, ap);
	va_end(ap);

	if (err->msg[0]) {
		line_append(&line, ": ");
		line_append(&line, err->msg);
	}
	line_store(&line, err);
	return kept_code(err);
}

int error_prefix(struct error *err, const char *prefix)
{
	struct line line = { .len = 0 };

	if (!err)
		return kept_code(err);
	line_append(&line, prefix);
	line_append(&line, err->msg);
	line_store(&line, err);
	return kept_code(err);
}
