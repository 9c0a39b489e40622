/* SPDX-License-Identifier: GPL-2.0-or-later */
/* update - see update.h. */
#include "update.h"

#include <errno.h>
#include <string.h>

#include "arena.h"
#include "cgroup.h"
#include "error.h"
#include "fd.h"
#include "intel_rdt.h"
#include "json.h"
#include "log.h"
#include "resources.h"
#include "state.h"
#include "str.h"

/* ---- documents -------------------------------------------------------------------------------- */

static bool says_nothing(const json_t *value)
{
	return json_is_null(value) || (json_is_integer(value) && json_integer_value(value) == 0) ||
	       (json_is_string(value) && json_string_length(value) == 0) ||
	       (json_is_array(value) && json_array_size(value) == 0);
}

/* Zeroes that do say something: to weigh normally again, never to swap. */
static bool zero_counts(const char *key)
{
	return str_eq(key, "idle") || str_eq(key, "burst") || str_eq(key, "swappiness");
}

/* Lays @over over @object, two levels deep: sections, and what is in them. */
static int lay_over(json_t *object, json_t *over, bool sections)
{
	const char *key;
	json_t *value;

	json_object_foreach(over, key, value) {
		json_t *below = json_object_get(object, key);
		int r;

		if (sections && str_eq(key, "devices"))
			continue;
		if (says_nothing(value) && !(json_is_integer(value) && zero_counts(key)))
			continue;
		if (sections && json_is_object(value) && json_is_object(below))
			r = lay_over(below, value, false);
		else
			r = json_object_set_new(object, key, json_deep_copy(value));
		if (r < 0)
			return r;
	}
	return 0;
}

json_t *update_merge(json_t *recorded, json_t *update)
{
	json_t *merged = recorded ? json_deep_copy(recorded) : json_object();

	if (merged && lay_over(merged, update, true) < 0) {
		json_decref(merged);
		return NULL;
	}
	return merged;
}

static bool is_given(json_t *section, const char *key)
{
	json_t *value = json_object_get(section, key);

	return value && !says_nothing(value);
}

/* @key of a section from the record, if the update has @other but not it. */
static int bring_along(json_t *section, json_t *recorded, const char *other, const char *key)
{
	json_t *value = json_object_get(recorded, key);

	if (!is_given(section, other) || is_given(section, key) || !value)
		return 0;
	return json_object_set(section, key, value);
}

json_t *update_complete(json_t *recorded, json_t *update)
{
	_cleanup_json_ json_t *complete = update_merge(NULL, update);
	json_t *cpu = json_object_get(complete, "cpu"), *memory = json_object_get(complete, "memory");
	json_t *old_cpu = json_object_get(recorded, "cpu");
	json_t *old_memory = json_object_get(recorded, "memory");

	if (!complete || bring_along(cpu, old_cpu, "quota", "period") < 0 ||
	    bring_along(cpu, old_cpu, "period", "quota") < 0 ||
	    bring_along(memory, old_memory, "swap", "limit") < 0)
		return NULL;
	if (json_integer_value(json_object_get(memory, "limit")) == -1 &&
	    !is_given(memory, "swap") && json_object_set_new(memory, "swap", json_integer(-1)) < 0)
		return NULL;
	return take_ptr(complete);
}

/* ---- the container ---------------------------------------------------------------------------- */

static int apply(struct cgroup *cgroup, json_t *document, struct error *err)
{
	struct resources resources = { 0 };
	struct arena arena = { 0 };
	int r = json_parse_object(&arena, document, resources_fields, &resources, err);

	if (r == 0)
		r = cgroup_update(cgroup, &resources, err);
	arena_done(&arena);
	return r;
}

static int save_config(int state_fd, json_t *config, struct error *err)
{
	_cleanup_free_ char *text = json_dumps(config, JSON_COMPACT);

	if (!text)
		return error_set(err, ENOMEM, STATE_CONFIG);
	return fd_replace_file(state_fd, STATE_CONFIG, text, strlen(text), 0600, err);
}

/* linux.resources of the record, made if it is not there; borrowed from @config. */
static json_t *resources_of(json_t *config)
{
	json_t *section = json_object_get(config, "linux");
	json_t *resources;

	if (!section) {
		section = json_object();
		if (json_object_set_new(config, "linux", section) < 0)
			return NULL;
	}
	resources = json_object_get(section, "resources");
	if (!json_is_object(resources)) {
		resources = json_object();
		if (json_object_set_new(section, "resources", resources) < 0)
			return NULL;
	}
	return resources;
}

static int change(int state_fd, struct cgroup *cgroup, json_t *update, struct error *err)
{
	_cleanup_json_ json_t *config = NULL, *complete = NULL, *merged = NULL;
	json_t *recorded;
	int r = json_read_file(state_fd, STATE_CONFIG, &config, err);

	if (r < 0)
		return r;
	recorded = resources_of(config);
	complete = recorded ? update_complete(recorded, update) : NULL;
	merged = recorded ? update_merge(recorded, complete) : NULL;
	if (!complete || !merged)
		return error_set(err, ENOMEM, "limits");
	r = apply(cgroup, complete, err);
	if (r < 0) {
		if (apply(cgroup, recorded, NULL) < 0)
			log_warning("update: the limits from before could not be put back, either");
		return r;
	}
	if (json_object_set(json_object_get(config, "linux"), "resources", merged) < 0)
		return error_set(err, ENOMEM, "limits");
	return save_config(state_fd, config, err);
}

static bool is_asked(const char *schema)
{
	return schema && *schema;
}

/* The group first: of the two it is the one that can be put back as a whole. */
static int change_all(int state_fd, const struct state *state, const struct update_request *request,
		      struct error *err)
{
	struct cgroup *cgroup __attribute__((cleanup(cgroup_freep))) = NULL;
	_cleanup_free_ char *before = NULL;
	int r = cgroup_from_json(state->cgroup, &cgroup, err);

	if (r == 0 && (is_asked(request->l3_cache_schema) || is_asked(request->mem_bw_schema)))
		r = intel_rdt_update(state, request->l3_cache_schema, request->mem_bw_schema,
				     &before, err);
	if (r < 0)
		return r;
	r = change(state_fd, cgroup, request->limits, err);
	if (r < 0 && before && intel_rdt_restore(state, before, NULL) < 0)
		log_warning("update: the schemata from before could not be put back, either");
	return r;
}

int update_container(const struct globals *globals, const char *id,
		     const struct update_request *request, struct error *err)
{
	_cleanup_close_ int state_fd = -EBADF;
	struct state state = { 0 };
	int r;

	if (!json_is_object(request->limits))
		return error_text(err, EINVAL, "limits: expected an object, got %s",
				  json_type_text(request->limits));
	r = state_open(globals->root, id, true, &state_fd, err);
	if (r == 0)
		r = state_load(state_fd, &state, err);
	if (r == 0 && state_status(state_fd, &state) == CONTAINER_STOPPED)
		r = error_text(err, ESRCH, "container not running: it is stopped");
	if (r == 0)
		r = change_all(state_fd, &state, request, err);
	state_done(&state);
	return r;
}
