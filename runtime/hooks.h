/* SPDX-License-Identifier: GPL-2.0-or-later */
/* hooks - owns hooks: parse and run, with state on stdin, only their own environment, and a time limit. */
#pragma once

#include <stdint.h>

#include "json.h"

struct error;

struct hook {
	const char *path; /* absolute */
	const char **args;
	const char **env;
	struct opt_i64 timeout; /* seconds, at least 1 */
};

/* OCI config.md, "POSIX-platform Hooks": arrays of struct hook, in order. */
struct hooks {
	struct json_array prestart; /* deprecated by the spec, used by Docker up to 27 */
	struct json_array create_runtime;
	struct json_array create_container;
	struct json_array start_container;
	struct json_array poststart;
	struct json_array poststop;
};

extern const struct json_field hooks_fields[];

int hooks_check(const struct hooks *hooks, struct error *err);

/**
 * hooks_run() - Run the hooks of one list, one after the other, until one fails
 * @name:	"prestart", "createRuntime", ...: for messages
 * @state_json:	OCI state, written to each hook's standard input
 * @bundle:	their current folder, or NULL: leave it
 * @enter:	called in the child before execve(2), to join namespaces or change credentials; may be NULL
 *
 * Children inherit no descriptor but 0, 1, 2 (1 and 2 go to a pipe whose last 4 KiB become part of the error text),
 * have default signal handling and an own session. On time-out the hook's process is killed.
 * Return: 0, or the first failure: "hooks.prestart[1] '/x': exit status 2: its last line of output".
 */
int hooks_run(const char *name, const struct json_array *list, const char *state_json,
	      const char *bundle, int (*enter)(void *data, struct error *err), void *data,
	      struct error *err);
