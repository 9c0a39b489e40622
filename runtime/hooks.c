/* SPDX-License-Identifier: GPL-2.0-or-later */
/* hooks - see hooks.h. Nothing is allocated, because startContainer hooks are run by the container's init. */
#include "hooks.h"

#include <errno.h>

#include "error.h"
#include "program.h"
#include "str.h"

static const struct json_field hook_fields[] = {
	JSON_F_REQUIRED(struct hook, path, "path", JSON_STRING_FIELD),
	JSON_F(struct hook, args, "args", JSON_STRV_FIELD),
	JSON_F(struct hook, env, "env", JSON_STRV_FIELD),
	JSON_F(struct hook, timeout, "timeout", JSON_OPT_I64_FIELD),
	JSON_F_END,
};

const struct json_field hooks_fields[] = {
	JSON_F_ARRAY(struct hooks, prestart, "prestart", hook_fields, struct hook),
	JSON_F_ARRAY(struct hooks, create_runtime, "createRuntime", hook_fields, struct hook),
	JSON_F_ARRAY(struct hooks, create_container, "createContainer", hook_fields, struct hook),
	JSON_F_ARRAY(struct hooks, start_container, "startContainer", hook_fields, struct hook),
	JSON_F_ARRAY(struct hooks, poststart, "poststart", hook_fields, struct hook),
	JSON_F_ARRAY(struct hooks, poststop, "poststop", hook_fields, struct hook),
	JSON_F_END,
};

static int check_list(const char *name, const struct json_array *list, struct error *err)
{
	const struct hook *hooks = list->items;
	char quoted[160];

	for (size_t i = 0; i < list->n; i++) {
		if (hooks[i].path[0] != '/')
			return error_text(err, EINVAL, "hooks.%s[%zu].path: '%s' is not absolute",
					  name, i, str_quote(hooks[i].path, quoted, sizeof(quoted)));
		if (hooks[i].timeout.set && hooks[i].timeout.value < 1)
			return error_text(err, EINVAL,
					  "hooks.%s[%zu].timeout: %lld is not a number of seconds above 0",
					  name, i, (long long)hooks[i].timeout.value);
	}
	return 0;
}

int hooks_check(const struct hooks *hooks, struct error *err)
{
	const struct {
		const char *name;
		const struct json_array *list;
	} lists[] = {
		{ "prestart", &hooks->prestart },
		{ "createRuntime", &hooks->create_runtime },
		{ "createContainer", &hooks->create_container },
		{ "startContainer", &hooks->start_container },
		{ "poststart", &hooks->poststart },
		{ "poststop", &hooks->poststop },
	};
	int r = 0;

	for (size_t i = 0; r == 0 && i < sizeof(lists) / sizeof(lists[0]); i++)
		r = check_list(lists[i].name, lists[i].list, err);
	return r;
}

static int verdict(struct program_end *end, struct error *err)
{
	const char *line = program_last_line(end);
	char quoted[300] = "";

	if (end->exited && end->status == 0)
		return 0;
	if (*line)
		(void)str_quote(line, quoted, sizeof(quoted));
	return error_text(err, EIO, "%s %d%s%s", end->exited ? "exit status" : "killed by signal",
			  end->status, *quoted ? ": " : "", quoted);
}

static int run_one(const struct hook *hook, const char *state_json, const char *bundle,
		   int (*enter)(void *data, struct error *err), void *data, struct error *err)
{
	const struct program program = {
		.path = hook->path,
		.args = hook->args,
		.env = hook->env,
		.input = state_json,
		.bundle = bundle,
		.enter = enter,
		.data = data,
		.timeout_s = hook->timeout.set ? hook->timeout.value : 0,
	};
	struct program_end end;
	int r = program_run(&program, &end, err);

	return r < 0 ? r : verdict(&end, err);
}

int hooks_run(const char *name, const struct json_array *list, const char *state_json,
	      const char *bundle, int (*enter)(void *data, struct error *err), void *data,
	      struct error *err)
{
	const struct hook *hooks = list->items;
	char quoted[160];
	int r = 0;

	for (size_t i = 0; r == 0 && i < list->n; i++) {
		r = run_one(&hooks[i], state_json, bundle, enter, data, err);
		if (r < 0)
			r = error_wrap(err, "hooks.%s[%zu] '%s'", name, i,
				       str_quote(hooks[i].path, quoted, sizeof(quoted)));
	}
	return r;
}
