/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cmd_list - owns the words of `list`: every container below one --root, or under all of them. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "command.h"
#include "error.h"
#include "fd.h"
#include "idrange.h"
#include "json.h"
#include "log.h"
#include "paths.h"
#include "state.h"
#include "str.h"

struct options {
	const char *format;
	bool quiet;
	bool all_roots;
};

static const struct option options_table[] = {
	{ "format", 'f', OPTION_STRING, offsetof(struct options, format), "FORMAT",
	  "table (default) or json" },
	{ "quiet", 'q', OPTION_FLAG, offsetof(struct options, quiet), NULL, "print ids alone" },
	{ "all-roots", 0, OPTION_FLAG, offsetof(struct options, all_roots), NULL,
	  "containers of every --root, and so of every engine" },
	{ NULL },
};

/* runc's columns, and one that is there only when some layer of the isolation is missing. */
static const struct column {
	const char *title;
	const char *key; /* in the OCI state */
} columns[] = {
	{ "ID", "id" },
	{ "PID", "pid" },
	{ "STATUS", "status" },
	{ "BUNDLE", "bundle" },
	{ "CREATED", "created" },
	{ "OWNER", "owner" },
	{ "DEGRADED", "degraded" },
};

#define COLUMNS (sizeof(columns) / sizeof(columns[0]))
#define COLUMN_WIDTH_MIN 12
#define COLUMN_GAP 3

/*
 * New reference; NULL where there is nothing to show: created only in part, or deleted while we
 * look.
 */
static json_t *read_state(const char *root, const char *id)
{
	_cleanup_close_ int state_fd = -EBADF;
	struct error err = ERROR_INIT;
	struct state state = { 0 };
	json_t *oci;
	int r = state_open(root, id, false, &state_fd, &err);

	if (r == 0)
		r = state_load(state_fd, &state, &err);
	if (r < 0) {
		if (state_fd >= 0)
			log_warning("list: container '%s': %s", id, err.msg);
		return NULL;
	}
	oci = state_to_oci(&state, state_status(state_fd, &state), 0);
	state_done(&state);
	return oci;
}

static const char *cell_text(json_t *oci, size_t column, char *buf, size_t size)
{
	const char *key = columns[column].key;
	const json_t *value = json_object_get(oci, key);

	if (str_eq(key, "degraded"))
		value = json_object_get(json_object_get(oci, "annotations"), "io.bulwark.degraded");
	if (json_is_string(value))
		return json_string_value(value);
	if (!json_is_integer(value))
		return "-";
	(void)str_format(buf, size, "%lld", (long long)json_integer_value(value));
	return buf;
}

static void print_table(json_t *states)
{
	int widths[COLUMNS] = { 0 };
	bool any_degraded = false;
	char buf[32];
	json_t *oci;
	size_t i;

	json_array_foreach(states, i, oci) {
		any_degraded |= json_object_get(json_object_get(oci, "annotations"),
						"io.bulwark.degraded") != NULL;
		for (size_t c = 0; c < COLUMNS; c++) {
			int width = (int)strlen(cell_text(oci, c, buf, sizeof(buf))) + COLUMN_GAP;

			widths[c] = width > widths[c] ? width : widths[c];
		}
	}
	for (size_t row = 0; row <= json_array_size(states); row++) {
		size_t last = any_degraded ? COLUMNS - 1 : COLUMNS - 2;

		for (size_t c = 0; c <= last; c++) {
			oci = row > 0 ? json_array_get(states, row - 1) : NULL;
			printf("%-*s",
			       c == last		    ? 0 :
			       widths[c] < COLUMN_WIDTH_MIN ? COLUMN_WIDTH_MIN :
							      widths[c],
			       oci ? cell_text(oci, c, buf, sizeof(buf)) : columns[c].title);
		}
		putchar('\n');
	}
}

static int print_states(const char *root, char **ids, bool as_json, struct error *err)
{
	_cleanup_json_ json_t *states = json_array();

	for (char **id = ids; *id; id++) {
		json_t *oci = read_state(root, *id);

		if (oci && json_array_append_new(states, oci) < 0)
			return error_set(err, ENOMEM, "list");
	}
	if (as_json)
		return command_print_json(states, err);
	print_table(states);
	return 0;
}

/* A state folder's path is its --root and its id: both are part of the JSON, and the table shows what it always shows. */
static int list_all_roots(const struct options *o, bool as_json, struct error *err)
{
	_cleanup_json_ json_t *states = json_array();
	char **paths = NULL;
	int r = idrange_list_containers(PATHS_IDS, &paths, err);

	if (r < 0)
		return r;
	for (char **path = paths; *path; path++) {
		char *slash = strrchr(*path, '/');
		json_t *oci;

		if (!slash || slash == *path)
			continue;
		*slash = 0;
		if (o->quiet) {
			puts(slash + 1);
			continue;
		}
		oci = read_state(*path, slash + 1);
		if (oci && (json_object_set_new(oci, "root", json_string(*path)) < 0 ||
			    json_array_append_new(states, oci) < 0))
			r = error_set(err, ENOMEM, "list");
	}
	state_list_free(paths);
	if (r < 0 || o->quiet)
		return r;
	if (as_json)
		return command_print_json(states, err);
	print_table(states);
	return 0;
}

static int run(const struct globals *globals, const void *options, int argc, char **argv,
	       struct error *err)
{
	const struct options *o = options;
	bool as_json = o->format && str_eq(o->format, "json");
	char **ids = NULL;
	int r;

	(void)argc;
	(void)argv;
	if (o->format && !as_json && !str_eq(o->format, "table"))
		return error_text(err, EINVAL, "list: --format must be 'table' or 'json'");
	if (o->all_roots)
		return list_all_roots(o, as_json, err);
	r = state_list(globals->root, &ids, err);
	if (r < 0)
		return r;
	if (o->quiet)
		for (char **id = ids; *id; id++)
			puts(*id);
	else
		r = print_states(globals->root, ids, as_json, err);
	state_list_free(ids);
	return r;
}

const struct command command_list = {
	.name = "list",
	.usage = "",
	.summary = "list the containers below --root",
	.options = options_table,
	.options_size = sizeof(struct options),
	.min_args = 0,
	.max_args = 0,
	.run = run,
	.fail_status = 1,
};
