/* SPDX-License-Identifier: GPL-2.0-or-later */
/* intel_rdt - see intel_rdt.h. */
#include "intel_rdt.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "error.h"
#include "fd.h"
#include "mountinfo.h"
#include "state.h"
#include "str.h"

#define SCHEMATA_MAX 65536 /* bytes of a schemata file, and of what is asked for */

/* ---- config.json ------------------------------------------------------------------------------------------- */

static const struct json_field intel_rdt_fields[] = {
	JSON_F(struct intel_rdt, clos_id, "closID", JSON_STRING_FIELD),
	JSON_F(struct intel_rdt, l3_cache_schema, "l3CacheSchema", JSON_STRING_FIELD),
	JSON_F(struct intel_rdt, mem_bw_schema, "memBwSchema", JSON_STRING_FIELD),
	JSON_F(struct intel_rdt, schemata, "schemata", JSON_STRV_FIELD),
	JSON_F(struct intel_rdt, enable_monitoring, "enableMonitoring", JSON_BOOL_FIELD),
	JSON_F_END,
};

/* Folders that every group has, so no group can have their names. */
static const char *const reserved[] = { ".", "..", "info", "mon_data", "mon_groups" };

static bool is_group_name(const char *name)
{
	size_t len = strlen(name);

	for (size_t i = 0; i < sizeof(reserved) / sizeof(reserved[0]); i++)
		if (str_eq(reserved[i], name))
			return false;
	for (size_t i = 0; i < len; i++)
		if (name[i] == '/' || name[i] < ' ' || name[i] > '~')
			return false;
	return len > 0 && len <= NAME_MAX;
}

/* A line of a schemata file and nothing else: "L3:0=7f0;1=1f". */
static bool is_printable(const char *line)
{
	for (; *line; line++)
		if (*line < ' ' || *line > '~')
			return false;
	return true;
}

static int check_text(const char *key, const char *text, bool many_lines, struct error *err)
{
	if (!text)
		return 0;
	for (const char *p = text; *p; p++)
		if ((*p < ' ' || *p > '~') && !(many_lines && *p == '\n'))
			return error_text(err, EINVAL, ".%s: has a control character or a new line",
					  key);
	if (strlen(text) >= SCHEMATA_MAX)
		return error_text(err, E2BIG, ".%s: too long", key);
	return 0;
}

static int check_schemata(const char **lines, struct error *err)
{
	size_t sum = 0;

	for (size_t i = 0; lines && lines[i]; i++) {
		if (!is_printable(lines[i]) || !strchr(lines[i], ':'))
			return error_text(err, EINVAL,
					  ".schemata[%zu]: not a line such as L3:0=7f0;1=1f", i);
		sum += strlen(lines[i]) + 1;
		if (sum >= SCHEMATA_MAX)
			return error_text(err, E2BIG, ".schemata: too long");
	}
	return 0;
}

static const char *unless_empty(const char *text)
{
	return text && *text ? text : NULL;
}

int intel_rdt_parse(struct arena *arena, json_t *value, void *out, struct error *err)
{
	struct intel_rdt rdt = { 0 };
	char quoted[64];
	int r;

	if (!json_is_object(value))
		return error_text(err, EINVAL, ": expected an object, got %s", json_type_text(value));
	r = json_parse_object(arena, value, intel_rdt_fields, &rdt, err);
	if (r < 0)
		return error_prefix(err, ".");
	rdt.set = true;
	rdt.clos_id = unless_empty(rdt.clos_id);
	rdt.l3_cache_schema = unless_empty(rdt.l3_cache_schema);
	rdt.mem_bw_schema = unless_empty(rdt.mem_bw_schema);
	if (rdt.clos_id && !str_eq(rdt.clos_id, "/") && !is_group_name(rdt.clos_id))
		return error_text(err, EINVAL, ".closID: '%s' is no name of a resctrl group",
				  str_quote(rdt.clos_id, quoted, sizeof(quoted)));
	if (rdt.mem_bw_schema && !str_after(rdt.mem_bw_schema, "MB:"))
		return error_text(err, EINVAL, ".memBwSchema: does not start with MB:");
	r = check_text("l3CacheSchema", rdt.l3_cache_schema, true, err);
	if (r == 0)
		r = check_text("memBwSchema", rdt.mem_bw_schema, false, err);
	if (r == 0)
		r = check_schemata(rdt.schemata, err);
	if (r == 0)
		*(struct intel_rdt *)out = rdt;
	return r;
}

/* ---- the group --------------------------------------------------------------------------------------------- */

int intel_rdt_find(char *ret, struct error *err)
{
	__attribute__((cleanup(mountinfo_done))) struct mountinfo info = { 0 };
	int r = mountinfo_read(&info, err);

	for (size_t i = 0; r == 0 && i < info.n; i++)
		if (str_eq(info.items[i].fs_type, "resctrl") && str_eq(info.items[i].root, "/"))
			return str_format(ret, PATH_MAX, "%s", info.items[i].target);
	return r < 0 ? r :
		       error_text(err, ENOTSUP,
				  "linux.intelRdt: this host has no resctrl file system: see resctrl in the kernel's "
				  "documentation, and mount it on /sys/fs/resctrl");
}

static bool has_schema(const struct intel_rdt *rdt)
{
	return rdt->l3_cache_schema || rdt->mem_bw_schema || (rdt->schemata && rdt->schemata[0]);
}

static bool is_there(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0;
}

int intel_rdt_plan(const struct intel_rdt *rdt, const char *base, const char *id,
		   struct intel_rdt_group *ret, struct error *err)
{
	bool is_root = rdt->clos_id && str_eq(rdt->clos_id, "/");
	const char *name = rdt->clos_id ? rdt->clos_id : id;
	struct intel_rdt_group group = { 0 };
	int r;

	if (!is_group_name(id))
		return error_text(err, EINVAL,
				  "linux.intelRdt: a resctrl group cannot be called '%s', as this container is",
				  id);
	r = is_root ? str_format(group.path, sizeof(group.path), "%s", base) :
		      str_format(group.path, sizeof(group.path), "%s/%s", base, name);
	if (r == 0 && rdt->enable_monitoring)
		r = str_format(group.monitor, sizeof(group.monitor), "%s/mon_groups/%s", group.path,
			       id);
	if (r < 0)
		return error_text(err, EINVAL, "linux.intelRdt.closID: too long");
	group.is_new = !is_root && !is_there(group.path);
	if (group.is_new && rdt->clos_id && !has_schema(rdt))
		return error_text(err, ENOENT,
				  "linux.intelRdt.closID: there is no resctrl group '%s': make it first, or say with a schema "
				  "what it should be",
				  name);
	if (!group.is_new && !rdt->clos_id)
		return error_text(err, EEXIST,
				  "linux.intelRdt: there is a resctrl group '%s' already, which is not this container's: "
				  "remove it, or name it as closID",
				  name);
	*ret = group;
	return 0;
}

static int make_group(const struct intel_rdt *rdt, struct intel_rdt_group *group, struct error *err)
{
	if (!group->is_new || mkdir(group->path, 0755) == 0)
		return 0;
	group->is_new = false;
	if (errno == EEXIST && rdt->clos_id)
		return 0;
	if (errno == ENOSPC)
		return error_text(err, ENOSPC,
				  "linux.intelRdt: this host has no class of service left for '%s'",
				  group->path);
	return error_set(err, errno, "linux.intelRdt: cannot make '%s'", group->path);
}

int intel_rdt_make(const struct intel_rdt *rdt, struct intel_rdt_group *group, struct error *err)
{
	int r = make_group(rdt, group, err);

	if (r < 0) {
		*group->monitor = '\0';
		return r;
	}
	if (!*group->monitor || mkdir(group->monitor, 0755) == 0)
		return 0;
	r = error_set(err, errno, "linux.intelRdt.enableMonitoring: cannot make '%s'",
		      group->monitor);
	*group->monitor = '\0';
	return r;
}

/* ---- schemata ---------------------------------------------------------------------------------------------- */

/* Lines of @text to the end of @buf, each with its newline; those of memory bandwidth are left out if @but_mb. */
static void append_lines(char *buf, const char *text, bool but_mb)
{
	size_t at = strlen(buf);

	for (const char *line = text; line && *line;) {
		size_t len = strcspn(line, "\n");

		if (len && !(but_mb && str_after(line, "MB:"))) {
			memcpy(buf + at, line, len);
			at += len;
			buf[at++] = '\n';
		}
		line += len + (line[len] == '\n');
	}
	buf[at] = '\0';
}

/* Old fields first, then `schemata`: each is one write, as the kernel checks what it gets in one go. */
static char *old_schema(const struct intel_rdt *rdt)
{
	char *buf = calloc(2, SCHEMATA_MAX + 1);

	if (buf) {
		append_lines(buf, rdt->l3_cache_schema, rdt->mem_bw_schema);
		append_lines(buf, rdt->mem_bw_schema, false);
	}
	return buf;
}

static char *new_schema(const struct intel_rdt *rdt)
{
	char *buf = calloc(1, SCHEMATA_MAX + 1);

	for (size_t i = 0; buf && rdt->schemata && rdt->schemata[i]; i++)
		append_lines(buf, rdt->schemata[i], false);
	return buf;
}

/* Why the kernel refused the last write to a group. */
static void last_status(const char *path, char *ret, size_t size)
{
	_cleanup_free_ char *text = NULL;
	char *slash, base[PATH_MAX];

	(void)str_format(base, sizeof(base), "%s", path);
	slash = strrchr(base, '/');
	if (slash)
		*slash = '\0';
	*ret = '\0';
	if (str_format(base + strlen(base), sizeof(base) - strlen(base), "/info/last_cmd_status") < 0 ||
	    fd_read_file(AT_FDCWD, base, 4096, &text, NULL, NULL) < 0)
		return;
	text[strcspn(text, "\n")] = '\0';
	(void)str_quote(text, ret, size);
}

static int write_schema(const struct intel_rdt_group *group, const char *text, struct error *err)
{
	char path[PATH_MAX + 16], status[160];
	int r;

	if (!*text)
		return 0;
	(void)str_format(path, sizeof(path), "%s/schemata", group->path);
	r = fd_write_file(AT_FDCWD, path, text, err);
	if (r != -EINVAL && r != -ENODEV)
		return r < 0 ? error_wrap(err, "linux.intelRdt") : 0;
	last_status(group->path, status, sizeof(status));
	return error_text(err, EINVAL, "linux.intelRdt: the kernel refuses the schemata for '%s'%s%s",
			  group->path, *status ? ": " : "", status);
}

/* "0= 7f0" at *@p, which is moved behind it. Numbers, as the kernel pads them. Both bit masks and per cents are read as hex. */
static bool take_entry(const char **p, uint64_t *ret_id, uint64_t *ret_value)
{
	char *end;

	*ret_id = strtoull(*p, &end, 10);
	if (end == *p || *end != '=')
		return false;
	*p = end + 1;
	*ret_value = strtoull(*p, &end, 16);
	if (end == *p)
		return false;
	*p = end;
	return true;
}

/* What a schemata file has for one cache of the resource "L3". */
static bool find_value(const char *current, const char *resource, uint64_t id, uint64_t *ret)
{
	size_t len = strlen(resource);

	for (const char *line = current; *line; line += *line == '\n') {
		const char *p = line + strspn(line, " ");
		uint64_t other;

		line += strcspn(line, "\n");
		if (strncmp(p, resource, len) != 0 || p[len] != ':')
			continue;
		for (p += len + 1; p < line && take_entry(&p, &other, ret); p += *p == ';')
			if (other == id)
				return true;
	}
	return false;
}

/* Whether everything that @line asks for is so in @current. @line is taken to pieces. */
static bool agrees(const char *current, char *line)
{
	char *entries = strchr(line, ':'), *save = NULL;

	if (!entries)
		return false;
	*entries++ = '\0';
	line += strspn(line, " ");
	for (char *word = strtok_r(entries, ";", &save); word; word = strtok_r(NULL, ";", &save)) {
		const char *p = word;
		uint64_t id, wanted, value;

		if (!take_entry(&p, &id, &wanted) || *p || !find_value(current, line, id, &value) ||
		    value != wanted)
			return false;
	}
	return true;
}

static int compare_schema(const struct intel_rdt_group *group, char *text, struct error *err)
{
	_cleanup_free_ char *current = NULL;
	char path[PATH_MAX + 16], quoted[64], *save = NULL;
	int r;

	if (!*text)
		return 0;
	(void)str_format(path, sizeof(path), "%s/schemata", group->path);
	r = fd_read_file(AT_FDCWD, path, SCHEMATA_MAX, &current, NULL, err);
	if (r < 0)
		return error_wrap(err, "linux.intelRdt");
	for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		(void)str_quote(line, quoted, sizeof(quoted));
		if (!agrees(current, line))
			return error_text(err, EPERM,
					  "linux.intelRdt: the resctrl group '%s' is there already, and '%s' is not what it has: "
					  "it is not changed for one container: change it yourself, or use another closID",
					  group->path, quoted);
	}
	return 0;
}

int intel_rdt_configure(const struct intel_rdt *rdt, const struct intel_rdt_group *group,
			struct error *err)
{
	_cleanup_free_ char *first = old_schema(rdt), *last = new_schema(rdt);
	int r;

	if (!first || !last)
		return error_set(err, ENOMEM, "linux.intelRdt");
	r = group->is_new ? write_schema(group, first, err) : compare_schema(group, first, err);
	if (r < 0)
		return r;
	return group->is_new ? write_schema(group, last, err) : compare_schema(group, last, err);
}

static int put_on_record(const struct intel_rdt_group *group, struct state *state, struct error *err)
{
	free(state->rdt_group);
	free(state->rdt_monitor);
	state->rdt_own = group->is_new;
	state->rdt_group = strdup(group->path);
	state->rdt_monitor = *group->monitor ? strdup(group->monitor) : NULL;
	if (!state->rdt_group || (*group->monitor && !state->rdt_monitor))
		return error_set(err, ENOMEM, "linux.intelRdt");
	return 0;
}

int intel_rdt_claim(const struct intel_rdt *rdt, int state_fd, struct state *state, struct error *err)
{
	struct intel_rdt_group group = { 0 };
	char base[PATH_MAX];
	int made, r;

	if (!rdt->set)
		return 0;
	r = intel_rdt_find(base, err);
	if (r == 0)
		r = intel_rdt_plan(rdt, base, state->id, &group, err);
	if (r == 0)
		r = put_on_record(&group, state, err);
	if (r == 0)
		r = state_save(state_fd, state, err);
	if (r < 0)
		return r;
	made = intel_rdt_make(rdt, &group, err);
	r = put_on_record(&group, state, made < 0 ? NULL : err);
	if (made < 0 || r < 0)
		return made < 0 ? made : r;
	return intel_rdt_configure(rdt, &group, err);
}

/* ---- update ------------------------------------------------------------------------------------------------ */

/* What a specification may say, as `update` has no words of its own for that. */
static int check_update(struct intel_rdt *rdt, struct error *err)
{
	int r = 0;

	rdt->l3_cache_schema = unless_empty(rdt->l3_cache_schema);
	rdt->mem_bw_schema = unless_empty(rdt->mem_bw_schema);
	if (rdt->mem_bw_schema && !str_after(rdt->mem_bw_schema, "MB:"))
		r = error_text(err, EINVAL, ".memBwSchema: does not start with MB:");
	if (r == 0)
		r = check_text("l3CacheSchema", rdt->l3_cache_schema, true, err);
	if (r == 0)
		r = check_text("memBwSchema", rdt->mem_bw_schema, false, err);
	return r < 0 ? error_prefix(err, "linux.intelRdt") : 0;
}

static int own_group(const struct state *state, struct intel_rdt_group *ret, struct error *err)
{
	*ret = (struct intel_rdt_group){ .is_new = true };
	if (!state->rdt_group)
		return error_text(err, ENOTSUP,
				  "linux.intelRdt: the container was made without it, and has no resctrl group to change");
	if (!state->rdt_own)
		return error_text(err, EPERM,
				  "linux.intelRdt: the resctrl group '%s' was there before the container: it is not changed for "
				  "one container: change it yourself",
				  state->rdt_group);
	return str_format(ret->path, sizeof(ret->path), "%s", state->rdt_group);
}

int intel_rdt_update(const struct state *state, const char *l3_cache_schema,
		     const char *mem_bw_schema, char **ret_before, struct error *err)
{
	struct intel_rdt rdt = { .l3_cache_schema = l3_cache_schema, .mem_bw_schema = mem_bw_schema };
	_cleanup_free_ char *text = NULL, *before = NULL;
	struct intel_rdt_group group;
	char path[PATH_MAX + 16];
	int r = check_update(&rdt, err);

	if (r == 0)
		r = own_group(state, &group, err);
	if (r < 0)
		return r;
	text = old_schema(&rdt);
	if (!text)
		return error_set(err, ENOMEM, "linux.intelRdt");
	(void)str_format(path, sizeof(path), "%s/schemata", group.path);
	r = fd_read_file(AT_FDCWD, path, SCHEMATA_MAX, &before, NULL, err);
	if (r < 0)
		return error_wrap(err, "linux.intelRdt");
	r = write_schema(&group, text, err);
	if (r == 0)
		*ret_before = take_ptr(before);
	return r;
}

int intel_rdt_restore(const struct state *state, const char *before, struct error *err)
{
	struct intel_rdt_group group;
	int r = own_group(state, &group, err);

	return r < 0 ? r : write_schema(&group, before, err);
}

/* ---- processes, and the end -------------------------------------------------------------------------------- */

static int add_task(const char *path, pid_t pid, struct error *err)
{
	char file[PATH_MAX + 16], number[16];
	int r;

	if (!path || !*path)
		return 0;
	(void)str_format(number, sizeof(number), "%d", pid);
	if (str_format(file, sizeof(file), "%s/tasks", path) < 0)
		return error_text(err, ENAMETOOLONG, "linux.intelRdt: '%s' is too long", path);
	r = fd_write_file(AT_FDCWD, file, number, err);
	return r < 0 ? error_wrap(err, "linux.intelRdt") : 0;
}

int intel_rdt_enter(const char *path, const char *monitor, pid_t pid, struct error *err)
{
	int r = add_task(path, pid, err);

	return r < 0 ? r : add_task(monitor, pid, err); /* a monitor counts tasks of its group alone */
}

static int remove_group(const char *path, struct error *err)
{
	if (path && *path && rmdir(path) < 0 && errno != ENOENT && errno != ENOTDIR)
		return error_set(err, errno, "linux.intelRdt: cannot remove '%s'", path);
	return 0;
}

int intel_rdt_remove(const char *path, const char *monitor, bool is_own, struct error *err)
{
	int r = remove_group(monitor, err);

	return r < 0 || !is_own ? r : remove_group(path, err);
}

json_t *intel_rdt_features(void)
{
	return json_pack("{s:b, s:b, s:b}", "enabled", 1, "schemata",
			 (int)json_has_field(intel_rdt_fields, "schemata"), "monitoring",
			 (int)json_has_field(intel_rdt_fields, "enableMonitoring"));
}
