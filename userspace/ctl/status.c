/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * status - owns `bulwarkctl status`: what is loaded, what is missing and what helps, which containers there are. It takes the
 * stamp's word for the kernel, and looks for itself whether the links are still pinned.
 */
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "ctl.h"
#include "degraded.h"
#include "error.h"
#include "lsm.h"
#include "probe.h"
#include "selftest.h"
#include "status.h"
#include "str.h"

#define EXIT_NOT_LOADED 3

struct walk {
	struct lsm *lsm;
	json_t *containers;
};

static json_t *refusals_of(const struct lsm_counters *counts)
{
	const uint64_t *by_hook = (const uint64_t *)counts;
	json_t *object = json_object();

	for (int i = 0; i < LSM_HOOK_COUNT; i++)
		if (by_hook[i])
			(void)json_object_set_new(object, lsm_hooks[i].name,
						  json_integer((json_int_t)by_hook[i]));
	return object;
}

static json_t *container_json(struct lsm *lsm, const struct lsm_container *container)
{
	struct lsm_counters counts;
	const char *mode = lsm_mode_name(container->mode);
	char id[4 * LSM_ID_MAX];

	/* Of a container that went just now, there are no counters. */
	if (lsm_read_counters(lsm, container->cgroup_id, &counts, NULL) < 0)
		memset(&counts, 0, sizeof(counts));
	return json_pack("{s:s, s:s, s:I, s:I, s:o, s:I}", "id",
			 str_quote(container->id, id, sizeof(id)), "mode", mode ? mode : "unknown",
			 "cgroup", (json_int_t)lsm_cgroup_shown(container->cgroup_id),
			 "userNamespace", (json_int_t)container->userns, "refusals",
			 refusals_of(&counts), "recordsLost", (json_int_t)counts.records_lost);
}

static int add_container(const struct lsm_container *container, void *data)
{
	struct walk *walk = data;

	if (container->cgroup_id == SELFTEST_CGROUP)
		return 0;
	return json_array_append_new(walk->containers, container_json(walk->lsm, container)) < 0 ?
		       -ENOMEM :
		       0;
}

/* The counters are those of both of their policies; the mode is that of the one that is always there. */
static json_t *engines_json(struct lsm *lsm)
{
	struct lsm_engine engine;
	json_t *object;

	if (lsm_read_engine(lsm, &engine, NULL) < 0)
		return json_null();
	object = container_json(lsm, &engine.files);
	(void)json_object_del(object, "cgroup");
	(void)json_object_del(object, "userNamespace");
	return object;
}

/* Somebody removed a pin, and with it what it kept in the kernel. */
static bool link_is_gone(const char *hook)
{
	char path[128];

	return str_format(path, sizeof(path), LSM_PIN_DIR CTL_LINKS "/%s", hook) < 0 ||
	       access(path, F_OK) < 0;
}

static json_t *hooks_of(const struct lsm_state *state)
{
	json_t *array = json_array();

	for (int i = 0; i < LSM_HOOK_COUNT; i++) {
		const struct lsm_hook_info *hook = &lsm_hooks[i];
		const char *is = "attached";
		json_t *object;

		if (state->hooks[i] == 0) /* who loaded it never heard of it */
			is = "later";
		else if (state->hooks[i] != LSM_HOOK_ATTACHED)
			is = "missing";
		else if (link_is_gone(hook->name))
			is = "removed";
		object = json_pack("{s:s, s:s, s:s, s:s}", "hook", hook->name, "topic", hook->topic,
				   "state", is, "covers", hook->lost);
		if (!str_eq(is, "attached"))
			(void)json_object_set_new(object, "notEnforced", json_string(hook->lost));
		(void)json_array_append_new(array, object);
	}
	return array;
}

static const char *text_of(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "";
}

/* A witness that is missing takes records, and no protection. */
static bool is_degraded(const json_t *hooks)
{
	for (int i = 0; i < LSM_HOOK_COUNT; i++) {
		const char *is = text_of(json_array_get(hooks, (size_t)i), "state");

		if (!str_eq(is, "attached") &&
		    (lsm_hooks[i].witness_args == 0 || str_eq(is, "removed")))
			return true;
	}
	return false;
}

static void print_container(const json_t *container)
{
	json_t *refusals = json_object_get(container, "refusals");

	printf("  %s %s", json_string_value(json_object_get(container, "id")),
	       json_string_value(json_object_get(container, "mode")));
	for (void *at = json_object_iter(refusals); at; at = json_object_iter_next(refusals, at))
		printf(" %s=%lld", json_object_iter_key(at),
		       (long long)json_integer_value(json_object_iter_value(at)));
	printf("\n");
}

void status_print_missing(const struct lsm_hook_info *hook)
{
	if (hook->witness_args == 0)
		printf("not enforced on this kernel, which has no hook %s: %s\n", hook->name,
		       hook->lost);
	else
		printf("not recorded on this kernel, which has no function %s to look at: %s\n",
		       hook->function, hook->lost);
}

static void print_hook(const struct lsm_hook_info *hook, const char *is)
{
	if (str_eq(is, "missing"))
		status_print_missing(hook);
	if (str_eq(is, "later"))
		printf("of a later version than what is loaded, until 'bulwarkctl reload' brings it: %s: %s\n",
		       hook->name, hook->lost);
	if (str_eq(is, "removed"))
		printf("gone, as somebody removed its pin, until 'bulwarkctl reload' brings it back: %s: %s\n",
		       hook->name, hook->lost);
}

static void print_text(const json_t *status)
{
	json_t *hooks = json_object_get(status, "hooks"),
	       *containers = json_object_get(status, "containers"), *at;
	size_t i, attached = 0;

	json_array_foreach(hooks, i, at) {
		attached += str_eq(text_of(at, "state"), "attached");
	}
	printf("loaded by version %s, self-test passed%s\n%zu programs attached\n",
	       text_of(status, "version"),
	       str_eq(text_of(status, "state"), "degraded") ? "; degraded" : "", attached);
	json_array_foreach(hooks, i, at) {
		print_hook(&lsm_hooks[i], text_of(at, "state"));
	}
	if (json_is_object(json_object_get(status, "engines")))
		print_container(json_object_get(status, "engines"));
	printf("%zu containers\n", json_array_size(containers));
	json_array_foreach(containers, i, at) {
		print_container(at);
	}
}

static void print_degraded(const json_t *degraded)
{
	json_t *at;
	size_t i;

	json_array_foreach(degraded, i, at) {
		printf("degraded: %s below %s runs without %s\n", text_of(at, "id"),
		       text_of(at, "root"), text_of(at, "missing"));
	}
}

static int print_json(json_t *status, struct error *err)
{
	if (!status)
		return error_set(err, ENOMEM, "cannot make the JSON document");
	(void)json_dumpf(status, stdout, JSON_INDENT(2));
	printf("\n");
	json_decref(status);
	return fflush(stdout) == EOF ? error_set(err, errno, "cannot write") : 0;
}

/* Why, and what helps on this host. */
static int not_loaded(const struct ctl_options *options, const struct error *why, json_t *degraded,
		      struct error *err)
{
	char parameter[512] = "";
	json_t *status;
	int r;

	if (!options->json) {
		print_degraded(degraded);
		*err = *why;
		return -why->code;
	}
	status = json_pack("{s:b, s:s, s:s, s:O}", "loaded", 0, "state", "not loaded", "reason",
			   why->msg, "degraded", degraded);
	if (status && probe_lsm_parameter(parameter, sizeof(parameter)) == 0)
		(void)json_object_set_new(status, "kernelParameter", json_string(parameter));
	r = print_json(status, err);
	return r < 0 ? r : EXIT_NOT_LOADED;
}

static json_t *describe(struct lsm *lsm, struct error *err)
{
	struct walk walk = { .lsm = lsm, .containers = json_array() };
	struct lsm_state state;
	json_t *hooks;

	if (lsm_read_state(lsm, &state, err) < 0 ||
	    lsm_each_container(lsm, add_container, &walk, err) < 0) {
		json_decref(walk.containers);
		return NULL;
	}
	state.version[sizeof(state.version) - 1] = '\0';
	hooks = hooks_of(&state);
	return json_pack("{s:b, s:s, s:i, s:s, s:o, s:o, s:o}", "loaded", 1, "state",
			 is_degraded(hooks) ? "degraded" : "enforcing", "abi", (int)state.abi,
			 "version", state.version, "hooks", hooks, "engines", engines_json(lsm),
			 "containers", walk.containers);
}

static int show(const struct ctl_options *options, json_t *degraded, struct error *err)
{
	struct error why = ERROR_INIT;
	struct lsm lsm = LSM_INIT;
	json_t *status;
	int r = lsm_open(&lsm, &why);

	/* What keeps this kernel from having it says more than that it has it not. */
	if (r == -ENOENT && probe_kernel(&why) < 0)
		(void)error_wrap(&why, "the BPF LSM layer is not loaded");
	if (r < 0)
		return not_loaded(options, &why, degraded, err);
	status = describe(&lsm, err);
	lsm_done(&lsm);
	if (!status || json_object_set(status, "degraded", degraded) < 0) {
		json_decref(status);
		return err->code ? -err->code :
				   error_set(err, ENOMEM, "cannot make the JSON document");
	}
	if (options->json)
		return print_json(status, err);
	print_text(status);
	print_degraded(degraded);
	json_decref(status);
	return 0;
}

int ctl_status(const struct ctl_options *options, struct error *err)
{
	json_t *degraded;
	int r;

	*err = ERROR_INIT;
	degraded = degraded_list(err);
	if (!degraded)
		return -err->code;
	r = show(options, degraded, err);
	json_decref(degraded);
	return r;
}
