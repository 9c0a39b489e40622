/* SPDX-License-Identifier: GPL-2.0-or-later */
/* status - owns `bulwarkctl status`: what is loaded, what this kernel lacks, which containers there are. */
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "ctl.h"
#include "error.h"
#include "lsm.h"
#include "selftest.h"
#include "str.h"

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

static int add_container(const struct lsm_container *container, void *data)
{
	struct walk *walk = data;
	struct lsm_counters counts;
	const char *mode = lsm_mode_name(container->mode);
	char id[4 * LSM_ID_MAX];
	json_t *object;

	if (container->cgroup_id == SELFTEST_CGROUP)
		return 0;
	/* Of a container that went just now, there are no counters. */
	if (lsm_read_counters(walk->lsm, container->cgroup_id, &counts, NULL) < 0)
		memset(&counts, 0, sizeof(counts));
	object = json_pack("{s:s, s:s, s:I, s:I, s:o, s:I}", "id",
			   str_quote(container->id, id, sizeof(id)), "mode",
			   mode ? mode : "unknown", "cgroup", (json_int_t)container->cgroup_id,
			   "userNamespace", (json_int_t)container->userns, "refusals",
			   refusals_of(&counts), "recordsLost", (json_int_t)counts.records_lost);
	return json_array_append_new(walk->containers, object) < 0 ? -ENOMEM : 0;
}

static json_t *hooks_of(const struct lsm_state *state)
{
	json_t *array = json_array();

	for (int i = 0; i < LSM_HOOK_COUNT; i++) {
		bool attached = state->hooks[i] == LSM_HOOK_ATTACHED;
		json_t *object = json_pack("{s:s, s:s, s:s}", "hook", lsm_hooks[i].name, "topic",
					   lsm_hooks[i].topic, "state",
					   attached ? "attached" : "missing");

		if (!attached)
			(void)json_object_set_new(object, "notEnforced",
						  json_string(lsm_hooks[i].lost));
		(void)json_array_append_new(array, object);
	}
	return array;
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

static void print_text(const json_t *status)
{
	json_t *hooks = json_object_get(status, "hooks"),
	       *containers = json_object_get(status, "containers"), *at;
	size_t i, missing = 0;

	json_array_foreach(hooks, i, at) {
		missing += json_object_get(at, "notEnforced") != NULL;
	}
	printf("loaded by version %s, self-test passed\n%zu hooks attached\n",
	       json_string_value(json_object_get(status, "version")),
	       json_array_size(hooks) - missing);
	json_array_foreach(hooks, i, at) {
		if (json_object_get(at, "notEnforced"))
			printf("not enforced on this kernel, which has no hook %s: %s\n",
			       json_string_value(json_object_get(at, "hook")),
			       json_string_value(json_object_get(at, "notEnforced")));
	}
	printf("%zu containers\n", json_array_size(containers));
	json_array_foreach(containers, i, at) {
		print_container(at);
	}
}

int ctl_status(const struct ctl_options *options, struct error *err)
{
	struct lsm lsm = LSM_INIT;
	struct walk walk = { .lsm = &lsm };
	struct lsm_state state;
	json_t *status;
	int r = lsm_open(&lsm, err);

	if (r == -ENOENT && options->json)
		return printf("{\"loaded\": false}\n") < 0 ? 1 : 3;
	if (r < 0)
		return r;
	r = lsm_read_state(&lsm, &state, err);
	walk.containers = json_array();
	if (r == 0)
		r = lsm_each_container(&lsm, add_container, &walk, err);
	lsm_done(&lsm);
	if (r < 0) {
		json_decref(walk.containers);
		return r;
	}
	state.version[sizeof(state.version) - 1] = '\0';
	status = json_pack("{s:b, s:i, s:s, s:o, s:o}", "loaded", 1, "abi", (int)state.abi, "version",
			   state.version, "hooks", hooks_of(&state), "containers", walk.containers);
	if (!status)
		return error_set(err, ENOMEM, "cannot make the JSON document");
	if (options->json) {
		(void)json_dumpf(status, stdout, JSON_INDENT(2));
		printf("\n");
	} else {
		print_text(status);
	}
	json_decref(status);
	return 0;
}
