/* SPDX-License-Identifier: GPL-2.0-or-later */
/* mountinfo - see mountinfo.h. */
#include "mountinfo.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>

#include "error.h"
#include "fd.h"
#include "str.h"

/* ---- parse ------------------------------------------------------------------------------------ */

static bool is_octal(char c)
{
	return c >= '0' && c <= '7';
}

/* "\040" and its kin, in place. */
static void unescape(char *s)
{
	char *out = s;

	for (; *s; s++) {
		if (s[0] == '\\' && s[1] >= '0' && s[1] <= '3' && is_octal(s[2]) && is_octal(s[3])) {
			*out++ = (char)((s[1] - '0') << 6 | (s[2] - '0') << 3 | (s[3] - '0'));
			s += 3;
		} else {
			*out++ = *s;
		}
	}
	*out = '\0';
}

/* The next word of a line, which it ends with a NUL; NULL at the end. An empty word is one, too: a source may be "". */
static char *next_word(char **rest)
{
	char *word = *rest, *end;

	if (!word)
		return NULL;
	end = strchr(word, ' ');
	*rest = end ? end + 1 : NULL;
	if (end)
		*end = '\0';
	return word;
}

static int parse_id(const char *word, int *ret)
{
	uint32_t value;

	if (!word || parse_u32(word, &value) < 0 || value > INT32_MAX)
		return -EINVAL;
	*ret = (int)value;
	return 0;
}

static int parse_dev(char *word, dev_t *ret)
{
	char *colon = word ? strchr(word, ':') : NULL;
	uint32_t major_nr, minor_nr;

	if (!colon)
		return -EINVAL;
	*colon = '\0';
	if (parse_u32(word, &major_nr) < 0 || parse_u32(colon + 1, &minor_nr) < 0)
		return -EINVAL;
	*ret = makedev(major_nr, minor_nr);
	return 0;
}

/* "36 35 98:0 /root /target rw,noatime shared:1 - ext4 /dev/sda1 rw,errors=continue" */
static int parse_line(char *line, struct mountinfo_entry *e)
{
	char *rest = line, *word, *texts[6];

	if (parse_id(next_word(&rest), &e->id) < 0 || parse_id(next_word(&rest), &e->parent) < 0 ||
	    parse_dev(next_word(&rest), &e->dev) < 0)
		return -EINVAL;
	for (size_t i = 0; i < 3; i++)
		texts[i] = next_word(&rest);
	do /* any number of tags, such as propagation */
		word = next_word(&rest);
	while (word && !str_eq(word, "-"));
	for (size_t i = 3; i < 6; i++)
		texts[i] = next_word(&rest);
	for (size_t i = 0; i < 6; i++) {
		if (!texts[i])
			return -EINVAL;
		unescape(texts[i]);
	}
	e->root = texts[0];
	e->target = texts[1];
	e->options = texts[2];
	e->fs_type = texts[3];
	e->source = texts[4];
	e->fs_options = texts[5];
	return 0;
}

static size_t count_lines(const char *text)
{
	size_t n = 0;

	for (; *text; n++) {
		text += strcspn(text, "\n");
		text += *text == '\n';
	}
	return n;
}

int mountinfo_parse(char *text, struct mountinfo *ret, struct error *err)
{
	struct mountinfo info = { .text = text };
	char *next;

	info.items = calloc(count_lines(text) + 1, sizeof(*info.items));
	if (!info.items) {
		free(text);
		return error_set(err, ENOMEM, "mountinfo");
	}
	for (char *line = text; line && *line; line = next) {
		next = strchr(line, '\n');
		if (next)
			*next++ = '\0';
		if (parse_line(line, &info.items[info.n]) < 0) {
			(void)error_text(err, EINVAL, "mountinfo: line %zu cannot be understood",
					 info.n + 1);
			mountinfo_done(&info);
			return -EINVAL;
		}
		info.n++;
	}
	*ret = info;
	return 0;
}

int mountinfo_read(struct mountinfo *ret, struct error *err)
{
	char *text;
	int r = fd_read_file(AT_FDCWD, "/proc/self/mountinfo", MOUNTINFO_TEXT_MAX, &text, NULL, err);

	return r < 0 ? r : mountinfo_parse(text, ret, err);
}

void mountinfo_done(struct mountinfo *info)
{
	free(info->items);
	free(info->text);
	*info = (struct mountinfo){ 0 };
}

/* ---- ask -------------------------------------------------------------------------------------- */

const struct mountinfo_entry *mountinfo_by_id(const struct mountinfo *info, int id)
{
	for (size_t i = 0; i < info->n; i++)
		if (info->items[i].id == id)
			return &info->items[i];
	return NULL;
}

/* Length up to the next comma; "\," is none. */
static size_t option_len(const char *s)
{
	size_t len = 0;

	while (s[len] && s[len] != ',')
		len += s[len] == '\\' && s[len + 1] ? 2 : 1;
	return len;
}

char *mountinfo_option(const char *options, const char *key)
{
	size_t key_len = strlen(key);

	while (*options) {
		size_t len = option_len(options);

		if (len >= key_len && memcmp(options, key, key_len) == 0) {
			if (len == key_len)
				return strdup("");
			if (options[key_len] == '=')
				return strndup(options + key_len + 1, len - key_len - 1);
		}
		options += len;
		options += *options == ',';
	}
	return NULL;
}

char *mountinfo_label(const char *options)
{
	const char *value = NULL;

	/* the end of a longer key, such as rootcontext=, is not it */
	for (const char *p = options; p && *p && !value; p = strchr(p, ','), p += p != NULL)
		value = str_after(p, "context=");
	if (!value)
		return NULL;
	return *value == '"' ? strndup(value + 1, strcspn(value + 1, "\"")) :
			       strndup(value, strcspn(value, ","));
}
