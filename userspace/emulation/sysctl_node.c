/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reads and writes of a container's sysctls: store, host's value or default, and what one write does to another. */
#include <errno.h>
#include <string.h>

#include "emu.h"
#include "error.h"
#include "str.h"

/* What the host has; NULL when that cannot be read (mode 0600, a module that is not loaded). */
static const char *host_text(struct emu *emu, const struct emu_sysctl *s)
{
	const char *dir = emu_sysctl_host_dir(s);
	char path[96];

	if (!dir || str_format(path, sizeof(path), "%s/%s", dir, s->name) < 0)
		return NULL;
	return emu_read(emu, emu->sources->proc_fd, path, false);
}

static bool parse_all(const struct emu_sysctl *s, const char *text, struct emu_sysctl_value *ret)
{
	struct emu_sysctl open = *s; /* what is in effect is right, whatever may be written */
	struct emu_sysctl_value value = { 0 };

	open.min = s->type == EMU_SYSCTL_INT ? INT64_MIN : 0;
	open.max = UINT64_MAX;
	open.flags = 0;
	if (emu_sysctl_parse_numbers(&open, 0, text, strlen(text), &value) < 0)
		return false;
	*ret = value;
	return true;
}

static void current(struct emu *emu, const struct emu_sysctl *s, struct emu_sysctl_value *ret)
{
	const char *text;

	if (emu_sysctl_get(&emu->state->sysctls, s, ret))
		return;
	text = host_text(emu, s);
	if (text && parse_all(s, text, ret))
		return;
	if (!parse_all(s, s->fallback, ret))
		*ret = (struct emu_sysctl_value){ 0 };
}

/* NUL-terminated, without a newline. */
static void current_string(struct emu *emu, const struct emu_sysctl *s,
			   char buf[EMU_SYSCTL_STRING_MAX])
{
	const char *text = emu_sysctl_get_string(&emu->state->sysctls, s);

	if (!text)
		text = host_text(emu, s);
	if (!text)
		text = s->fallback;
	*buf = '\0';
	(void)emu_sysctl_parse_string(0, text, strlen(text), (size_t)s->max, buf);
}

static int current_name(struct emu *emu, const struct emu_sysctl *s, char *buf)
{
	int r;

	if (!emu->uts.get)
		return -ENOENT;
	*buf = '\0';
	r = emu->uts.get(emu->uts.arg, s->flags & EMU_SYSCTL_DOMAIN, buf, EMU_SYSCTL_STRING_MAX);
	buf[EMU_SYSCTL_STRING_MAX - 1] = '\0';
	return r;
}

int emu_sysctl_render(struct emu *emu, const struct emu_sysctl *s, struct emu_text *out)
{
	struct emu_sysctl_value value = { 0 };
	char text[EMU_SYSCTL_STRING_MAX];
	int r = 0;

	switch (s->type) {
	case EMU_SYSCTL_STRING:
		current_string(emu, s, text);
		break;
	case EMU_SYSCTL_UTS:
		r = current_name(emu, s, text);
		break;
	default:
		current(emu, s, &value);
		for (unsigned i = 0; i < s->n; i++) {
			emu_text_str(out, i > 0 ? "\t" : "");
			if (s->type == EMU_SYSCTL_INT)
				emu_text_add(out, "%lld", (long long)value.number[i]);
			else
				emu_text_u64(out, value.number[i], 0);
		}
		emu_text_str(out, "\n");
		return 0;
	}
	if (r < 0)
		return r;
	emu_text_str(out, text);
	emu_text_str(out, "\n");
	return 0;
}

static ssize_t write_name(struct emu *emu, const struct emu_sysctl *s, uint64_t pos,
			  const char *data, size_t len)
{
	char name[EMU_SYSCTL_STRING_MAX];
	ssize_t n;
	int r = current_name(emu, s, name);

	if (r < 0)
		return r;
	if (!emu->uts.set)
		return -EPERM;
	n = emu_sysctl_parse_string(pos, data, len, 65, name); /* __NEW_UTS_LEN and a NUL */
	r = emu->uts.set(emu->uts.arg, s->flags & EMU_SYSCTL_DOMAIN, name);
	return r < 0 ? r : n;
}

static ssize_t write_string(struct emu *emu, const struct emu_sysctl *s, uint64_t pos,
			    const char *data, size_t len)
{
	char text[EMU_SYSCTL_STRING_MAX];
	ssize_t n;

	current_string(emu, s, text);
	n = emu_sysctl_parse_string(pos, data, len, (size_t)s->max, text);
	emu_sysctl_set_string(&emu->state->sysctls, s, text);
	return n;
}

static ssize_t write_numbers(struct emu *emu, const struct emu_sysctl *s, uint64_t pos,
			     const char *data, size_t len)
{
	const struct emu_sysctl *pair = s->pair ? emu_sysctl_by_id(s->pair) : NULL;
	struct emu_sysctl_value old, value;
	ssize_t n;

	current(emu, s, &old);
	value = old;
	n = emu_sysctl_parse_numbers(s, pos, data, len, &value);
	if (pos != 0 || (n < 0 && memcmp(&old, &value, sizeof(old)) == 0))
		return n;
	emu_sysctl_set(&emu->state->sysctls, s, &value);
	/* vm.dirty_bytes and vm.dirty_ratio say the same thing in two ways; the last one written counts. */
	if (pair && n >= 0 && memcmp(&old, &value, sizeof(old)) != 0) {
		value = (struct emu_sysctl_value){ 0 };
		emu_sysctl_set(&emu->state->sysctls, pair, &value);
	}
	return n;
}

ssize_t emu_sysctl_write(struct emu *emu, const struct emu_sysctl *s, uint64_t pos,
			 const char *data, size_t len, struct error *err)
{
	ssize_t n;

	if (pos >= EMU_SYSCTL_POS_MAX)
		return error_text(err, EFBIG, "'%s' is written to beyond %d bytes", s->name,
				  EMU_SYSCTL_POS_MAX);
	if (len == 0)
		return 0;
	emu_take_time(emu);
	switch (s->type) {
	case EMU_SYSCTL_STRING:
		n = write_string(emu, s, pos, data, len);
		break;
	case EMU_SYSCTL_UTS:
		n = write_name(emu, s, pos, data, len);
		break;
	default:
		n = write_numbers(emu, s, pos, data, len);
		break;
	}
	return n < 0 ? error_set(err, (int)-n, "cannot set '%s'", s->name) : n;
}
