/* SPDX-License-Identifier: GPL-2.0-or-later */
/* accounts - see accounts.h. */
#include "accounts.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "fd.h"
#include "str.h"

int accounts_read(const char *etc_path, const char *name, struct accounts_file *ret, struct error *err)
{
	struct error e = ERROR_INIT;
	char path[PATH_MAX];
	int r = str_format(path, sizeof(path), "%s/%s", etc_path, name);

	if (r < 0)
		return error_set(err, -r, "'%s'", name);
	r = fd_read_file(AT_FDCWD, path, ACCOUNTS_TEXT_MAX, &ret->text, &ret->len, &e);
	if (r == -ENOENT) {
		*ret = (struct accounts_file){ NULL, 0 };
		return 0;
	}
	if (r < 0 && err)
		*err = e;
	return r;
}

void accounts_done(struct accounts_file *file)
{
	free(file->text);
	*file = (struct accounts_file){ NULL, 0 };
}

/* ---- lines ------------------------------------------------------------------------------------ */

static size_t split(const char *line, size_t len, struct accounts_field *fields, size_t max)
{
	const char *end = line + len;
	size_t n = 0;

	while (n < max) {
		const char *colon = memchr(line, ':', (size_t)(end - line));
		const char *stop = colon ? colon : end;

		fields[n++] = (struct accounts_field){ line, (size_t)(stop - line) };
		if (!colon)
			break;
		line = colon + 1;
	}
	return n;
}

bool accounts_next(const struct accounts_file *file, size_t *cursor, struct accounts_field *fields,
		   size_t n)
{
	while (*cursor < file->len) {
		const char *line = file->text + *cursor;
		const char *newline = memchr(line, '\n', file->len - *cursor);
		size_t len = newline ? (size_t)(newline - line) : file->len - *cursor;

		*cursor += len + 1;
		if (len > 0 && line[0] != '#' && split(line, len, fields, n) == n)
			return true;
	}
	return false;
}

bool accounts_field_is(const struct accounts_field *field, const char *text)
{
	return strlen(text) == field->len && memcmp(field->text, text, field->len) == 0;
}

bool accounts_field_u32(const struct accounts_field *field, uint32_t *ret)
{
	char digits[16];

	if (field->len >= sizeof(digits))
		return false;
	memcpy(digits, field->text, field->len);
	digits[field->len] = '\0';
	return strlen(digits) == field->len && parse_u32(digits, ret) == 0;
}

/* ---- accounts --------------------------------------------------------------------------------- */

bool accounts_find(const struct accounts_file *passwd, uint32_t uid, struct account *ret)
{
	struct accounts_field f[4];
	uint32_t id, gid;

	for (size_t cursor = 0; accounts_next(passwd, &cursor, f, 4);) {
		if (!accounts_field_u32(&f[2], &id) || id != uid)
			continue;
		if (!accounts_field_u32(&f[3], &gid) || f[0].len >= sizeof(ret->name))
			continue;
		memcpy(ret->name, f[0].text, f[0].len);
		ret->name[f[0].len] = '\0';
		ret->uid = uid;
		ret->gid = gid;
		return true;
	}
	return false;
}

bool accounts_has(const struct accounts_file *passwd, const struct accounts_field *owner)
{
	struct accounts_field f[3];
	uint32_t owner_id, id;
	bool is_number = accounts_field_u32(owner, &owner_id);

	for (size_t cursor = 0; accounts_next(passwd, &cursor, f, 3);) {
		if (f[0].len == owner->len && memcmp(f[0].text, owner->text, owner->len) == 0)
			return true;
		if (is_number && accounts_field_u32(&f[2], &id) && id == owner_id)
			return true;
	}
	return false;
}

bool accounts_has_gid(const struct accounts_file *group, uint32_t gid)
{
	struct accounts_field f[3];
	uint32_t id;

	for (size_t cursor = 0; accounts_next(group, &cursor, f, 3);)
		if (accounts_field_u32(&f[2], &id) && id == gid)
			return true;
	return false;
}

/* ---- subordinate ids -------------------------------------------------------------------------- */

bool accounts_span(const struct accounts_field *fields, struct id_span *ret)
{
	uint32_t first, size;

	if (!accounts_field_u32(&fields[1], &first) || !accounts_field_u32(&fields[2], &size) ||
	    size == 0)
		return false;
	if ((uint64_t)first + size > UINT32_MAX)
		return false;
	*ret = (struct id_span){ first, size };
	return true;
}

static bool overlaps_any(const struct id_span *span, const struct id_span *list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (span->first < (uint64_t)list[i].first + list[i].size &&
		    list[i].first < (uint64_t)span->first + span->size)
			return true;
	return false;
}

size_t accounts_subids(const struct accounts_file *file, uint32_t uid, const char *name,
		       uint32_t min, struct id_span *ret, size_t max)
{
	struct accounts_field f[3];
	size_t n = 0;

	for (size_t cursor = 0; n < max && accounts_next(file, &cursor, f, 3);) {
		struct id_span span;
		uint32_t id;

		if (!(name && accounts_field_is(&f[0], name)) &&
		    !(accounts_field_u32(&f[0], &id) && id == uid))
			continue;
		if (!accounts_span(f, &span) || span.first < min || overlaps_any(&span, ret, n))
			continue;
		ret[n++] = span;
	}
	return n;
}
