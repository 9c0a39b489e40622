/* SPDX-License-Identifier: GPL-2.0-or-later */
/* exec_process - see exec_process.h. */
#include "exec_process.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "caps.h"
#include "error.h"
#include "fd.h"
#include "json.h"
#include "lifecycle.h"
#include "process.h"
#include "spec.h"
#include "str.h"

static int set(json_t *object, const char *key, json_t *value, struct error *err)
{
	return json_object_set_new(object, key, value) < 0 ? error_set(err, ENOMEM, "%s", key) : 0;
}

/* UID or UID:GID, numbers both: names are an engine's business. */
static int lay_user(json_t *process, const char *text, struct error *err)
{
	json_t *user = json_object_get(process, "user");
	_cleanup_free_ char *copy = strdup(text);
	char *colon = copy ? strchr(copy, ':') : NULL;
	uint32_t uid, gid = 0;
	char quoted[64];
	int r;

	if (!copy)
		return error_set(err, ENOMEM, "--user");
	if (colon)
		*colon++ = 0;
	if (parse_u32(copy, &uid) < 0 || (colon && parse_u32(colon, &gid) < 0))
		return error_text(err, EINVAL, "--user '%s': expected UID or UID:GID, as numbers",
				  str_quote(text, quoted, sizeof(quoted)));
	if (!json_is_object(user)) {
		user = json_object();
		r = set(process, "user", user, err);
		if (r < 0)
			return r;
	}
	r = set(user, "uid", json_integer(uid), err);
	return r < 0 || !colon ? r : set(user, "gid", json_integer(gid), err);
}

static int lay_gids(json_t *process, const struct option_list *list, struct error *err)
{
	json_t *user = json_object_get(process, "user"), *gids = json_array();
	char quoted[64];
	uint32_t gid;
	int r;

	for (size_t i = 0; i < list->n; i++) {
		if (parse_u32(list->items[i], &gid) < 0) {
			json_decref(gids);
			return error_text(err, EINVAL, "--additional-gids '%s': expected a number",
					  str_quote(list->items[i], quoted, sizeof(quoted)));
		}
		json_array_append_new(gids, json_integer(gid));
	}
	if (!json_is_object(user)) {
		user = json_object();
		r = set(process, "user", user, err);
		if (r < 0) {
			json_decref(gids);
			return r;
		}
	}
	return set(user, "additionalGids", gids, err);
}

/* As runc: what is asked for joins bounding, effective and permitted, never inheritable or ambient (CVE-2022-29162). */
static int lay_caps(json_t *process, const struct option_list *list, struct error *err)
{
	static const char *const sets[] = { "bounding", "effective", "permitted" };
	json_t *caps = json_object_get(process, "capabilities");
	uint64_t bit;
	int r = 0;

	if (!json_is_object(caps)) {
		caps = json_object();
		r = set(process, "capabilities", caps, err);
	}
	for (size_t i = 0; r == 0 && i < list->n; i++)
		r = caps_parse_name(list->items[i], &bit, err);
	for (size_t s = 0; r == 0 && s < sizeof(sets) / sizeof(sets[0]); s++) {
		json_t *names = json_object_get(caps, sets[s]);

		if (!json_is_array(names)) {
			names = json_array();
			r = set(caps, sets[s], names, err);
		}
		for (size_t i = 0; r == 0 && i < list->n; i++)
			json_array_append_new(names, json_string(list->items[i]));
	}
	return r < 0 ? error_wrap(err, "--cap") : 0;
}

static int lay_strings(json_t *process, const char *key, const char *const *items, size_t n,
		       bool append, struct error *err)
{
	json_t *array = json_object_get(process, key);
	int r = 0;

	if (!append || !json_is_array(array)) {
		array = json_array();
		r = set(process, key, array, err);
	}
	for (size_t i = 0; r == 0 && i < n; i++) {
		json_t *text = json_string(items[i]);

		if (!text)
			return error_text(err, EINVAL, "process.%s[%zu] is not valid UTF-8", key, i);
		json_array_append_new(array, text);
	}
	return r;
}

static int lay_text(json_t *process, const char *key, const char *value, const char *option,
		    struct error *err)
{
	json_t *text = json_string(value);

	if (!text)
		return error_text(err, EINVAL, "--%s is not valid UTF-8", option);
	return set(process, key, text, err);
}

static int lay_over(json_t *process, const struct exec_options *o, struct error *err)
{
	size_t n_args = 0;
	int r;

	while (o->args && o->args[n_args])
		n_args++;
	r = lay_strings(process, "args", (const char *const *)o->args, n_args, false, err);
	if (r == 0)
		r = set(process, "terminal", json_boolean(o->tty), err);
	if (r == 0 && o->cwd)
		r = lay_text(process, "cwd", o->cwd, "cwd", err);
	if (r == 0 && o->apparmor)
		r = lay_text(process, "apparmorProfile", o->apparmor, "apparmor", err);
	if (r == 0 && o->label)
		r = lay_text(process, "selinuxLabel", o->label, "process-label", err);
	if (r == 0 && o->no_new_privs)
		r = set(process, "noNewPrivileges", json_true(), err);
	if (r == 0 && o->user)
		r = lay_user(process, o->user, err);
	if (r == 0 && o->additional_gids && o->additional_gids->n)
		r = lay_gids(process, o->additional_gids, err);
	if (r == 0 && o->env && o->env->n)
		r = lay_strings(process, "env", o->env->items, o->env->n, true, err);
	if (r == 0 && o->caps && o->caps->n)
		r = lay_caps(process, o->caps, err);
	return r;
}

static int load_from_bundle(const struct exec_options *options, const char *bundle,
			    const char *config_path, json_t **ret, struct error *err)
{
	_cleanup_json_ json_t *config = NULL, *process = NULL;
	char path[PATH_MAX];
	int r;

	if (str_format(path, sizeof(path), "%s%s", config_path ? config_path : bundle,
		       config_path ? "" : "/config.json") < 0)
		return error_text(err, ENAMETOOLONG, "bundle '%s'", bundle);
	r = json_read_file(AT_FDCWD, path, &config, err);
	if (r < 0)
		return r;
	process = json_incref(json_object_get(config, "process")); /* the rest goes */
	if (!json_is_object(process))
		return error_text(err, EINVAL,
				  "the container's config.json has no process to start from");
	r = lay_over(process, options, err);
	if (r == 0)
		*ret = take_ptr(process);
	return r;
}

int exec_process_load(const struct exec_options *options, const char *bundle, const char *config,
		      struct arena *arena, json_t **ret_json, struct process **ret_process,
		      struct error *err)
{
	_cleanup_json_ json_t *process = NULL;
	int r;

	if (options->process_path)
		r = json_read_file(AT_FDCWD, options->process_path, &process, err);
	else
		r = load_from_bundle(options, bundle, config, &process, err);
	if (r == 0)
		r = spec_parse_process(arena, process, ret_process, err);
	if (r == 0)
		*ret_json = take_ptr(process);
	return r;
}
