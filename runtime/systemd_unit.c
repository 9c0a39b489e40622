/* SPDX-License-Identifier: GPL-2.0-or-later */
/* systemd_unit - see systemd_unit.h. */
#include "systemd_unit.h"

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "error.h"
#include "str.h"

#define DEFAULT_SLICE "system.slice"
#define SUFFIX ".slice"

/* What systemd.unit(5) lets a name have, without '@', which stands for a template; ':' is what parts are told by. */
static const char name_chars[] =
	"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.\\-";

static bool ends_with(const char *s, const char *suffix)
{
	size_t len = strlen(s), n = strlen(suffix);

	return len >= n && str_eq(s + len - n, suffix);
}

static int refuse(const char *text, const char *why, struct error *err)
{
	char quoted[160];

	return error_text(err, EINVAL, "linux.cgroupsPath: '%s' %s",
			  str_quote(text, quoted, sizeof(quoted)), why);
}

/* Dashes are the levels: none at an end, no two together. */
static bool has_empty_level(const char *slice)
{
	return slice[0] == '-' || strstr(slice, "--") || strstr(slice, "-" SUFFIX);
}

int systemd_slice_path(const char *slice, char *ret_path, struct error *err)
{
	char path[PATH_MAX] = "";
	size_t used = 0;

	if (str_eq(slice, "-" SUFFIX)) {
		*ret_path = '\0';
		return 0;
	}
	if (strlen(slice) > SYSTEMD_NAME_MAX || strspn(slice, name_chars) != strlen(slice) ||
	    !ends_with(slice, SUFFIX) || str_eq(slice, SUFFIX) || has_empty_level(slice))
		return refuse(slice, "is not the name of a slice, such as 'system.slice'", err);
	/* each dash ends the name of a parent; the last level is the name itself */
	for (const char *dash = strchr(slice, '-'); dash; dash = strchr(dash + 1, '-')) {
		if (str_format(path + used, sizeof(path) - used, "/%.*s" SUFFIX,
			       (int)(dash - slice), slice) < 0)
			return refuse(slice, "has too many levels", err);
		used += strlen(path + used);
	}
	if (str_format(path + used, sizeof(path) - used, "/%s", slice) < 0)
		return refuse(slice, "has too many levels", err);
	memcpy(ret_path, path, sizeof(path));
	return 0;
}

/* An id may have a '+'; as systemd-escape(1) writes it. */
static int escape_id(const char *id, char *buf, size_t size)
{
	size_t used = 0;

	for (; *id; id++) {
		if (str_format(buf + used, size - used, *id == '+' ? "\\x2b" : "%c", *id) < 0)
			return -ENAMETOOLONG;
		used += strlen(buf + used);
	}
	return 0;
}

static int name_unit(const char *prefix, const char *name, struct systemd_unit *unit,
		     struct error *err)
{
	if (!*name)
		return refuse(name, "is empty where a name should be", err);
	if (ends_with(name, SUFFIX))
		return refuse(name,
			      "names a slice, which holds no processes: give a name for a scope",
			      err);
	if (strspn(prefix, name_chars) != strlen(prefix) || strspn(name, name_chars) != strlen(name))
		return refuse(*name && strspn(name, name_chars) != strlen(name) ? name : prefix,
			      "has characters that a systemd unit cannot have in its name", err);
	if (str_format(unit->name, sizeof(unit->name), "%s-%s.scope", prefix, name) < 0)
		return refuse(name, "is too long for the name of a systemd unit", err);
	return 0;
}

/* Takes "slice:prefix:name" apart, in place. */
static int split(char *text, const char **parts)
{
	size_t n = 0;

	for (char *p = text; p; n++) {
		char *colon = strchr(p, ':');

		if (n == 3)
			return -EINVAL;
		parts[n] = p;
		if (colon)
			*colon++ = '\0';
		p = colon;
	}
	return n == 3 ? 0 : -EINVAL;
}

int systemd_unit_parse(const char *cgroups_path, const char *id, struct systemd_unit *ret,
		       struct error *err)
{
	char text[3 * (SYSTEMD_NAME_MAX + 1)], escaped[4 * SYSTEMD_NAME_MAX + 1] = "";
	const char *parts[3] = { "", "bulwark", escaped };
	struct systemd_unit unit = { 0 };
	char folder[PATH_MAX];
	int r;

	if (!cgroups_path || !*cgroups_path) {
		if (escape_id(id, escaped, sizeof(escaped)) < 0)
			return error_text(err, ENAMETOOLONG,
					  "the id is too long for the name of a systemd unit");
	} else if (str_format(text, sizeof(text), "%s", cgroups_path) < 0 || split(text, parts) < 0) {
		return refuse(cgroups_path,
			      "is not of the form 'slice:prefix:name', which the systemd cgroup driver takes: "
			      "a folder is for the cgroupfs driver",
			      err);
	}
	if (str_format(unit.slice, sizeof(unit.slice), "%s", *parts[0] ? parts[0] : DEFAULT_SLICE) < 0)
		return refuse(parts[0], "is too long for the name of a slice", err);
	r = systemd_slice_path(unit.slice, folder, err);
	if (r == 0)
		r = name_unit(parts[1], parts[2], &unit, err);
	if (r == 0 && str_format(unit.path, sizeof(unit.path), "%s/%s", folder, unit.name) < 0)
		r = refuse(cgroups_path ? cgroups_path : id, "is too long a path", err);
	if (r == 0)
		*ret = unit;
	return r;
}
