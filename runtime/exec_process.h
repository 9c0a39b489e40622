/* SPDX-License-Identifier: GPL-2.0-or-later */
/* exec_process - owns what `exec` runs: a process document, or the bundle's with the command line laid over it. */
#pragma once

#include <jansson.h>

struct arena;
struct error;
struct exec_options;
struct process;

/**
 * exec_process_load() - The process of an exec, parsed and checked
 * @bundle:	of the container: its config.json is the base where there is no --process
 * @config:	what create was given instead of that; NULL: nothing
 * @ret_json:	new reference that @ret_process borrows from; owned by the caller
 */
int exec_process_load(const struct exec_options *options, const char *bundle, const char *config,
		      struct arena *arena, json_t **ret_json, struct process **ret_process,
		      struct error *err);
