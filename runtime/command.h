/* SPDX-License-Identifier: GPL-2.0-or-later */
/* command - owns the command line: global flags, the table of verbs, their options and help. */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct error;

#ifndef BULWARK_VERSION /* the Makefile says it */
#define BULWARK_VERSION "0.1.0"
#endif
#ifndef BULWARK_COMMIT
#define BULWARK_COMMIT "unknown"
#endif
#define BULWARK_SPEC_VERSION "1.3.0" /* newest runtime-spec that we read in full */

/* runc's global flags, which precede the verb. */
struct globals {
	const char *root; /* state folder, absolute, no links; PATHS_CONTAINERS unless --root */
	const char *log;
	const char *log_format; /* "text" or "json" */
	bool debug;
	bool systemd_cgroup;
	bool cgroup_disabled;	    /* --cgroup-manager=disabled; crun's */
	const char *cgroup_manager; /* as given */
	const char *rootless;
};

enum option_kind {
	OPTION_FLAG,   /* bool *; --x, --x=true, --x=false */
	OPTION_STRING, /* const char ** */
	OPTION_U32,    /* uint32_t * */
	OPTION_LIST,   /* struct option_list *; may be repeated */
};

#define OPTION_LIST_MAX 256

struct option_list {
	const char *items[OPTION_LIST_MAX];
	size_t n;
};

struct option {
	const char *name; /* without the dashes; NULL ends the table */
	char short_name;  /* 0: none */
	enum option_kind kind;
	size_t offset;	   /* in the command's struct of options */
	const char *value; /* name of the value in help; NULL for flags */
	const char *help;
};

#define OPTION_HELP 1 /* --help or -h was there */

/**
 * option_parse() - Take the options out of a list of words, as runc (urfave/cli) does
 * @options:	-x and --x alike, the value after "=" or in the next word
 * @out:	zeroed struct that they land in; strings are borrowed from @argv
 * @mixed:	options may follow other words; false: the first word that is no option ends
 *		them. "--" always does.
 * @argc:	count of @argv, which has a NULL behind the last word. Afterwards: what is left
 * @argv:	what is left is moved to the front, NULL-terminated
 *
 * Return: 0; OPTION_HELP; -EINVAL (unknown option, missing or bad value), -E2BIG (OPTION_LIST_MAX).
 */
int option_parse(const struct option *options, void *out, bool mixed, int *argc, char **argv,
		 struct error *err);

enum command_flags {
	COMMAND_NEEDS_ROOT = 1 << 0,
};

struct command {
	const char *name;
	const char *usage; /* "<container-id> [signal]" */
	const char *summary;
	const struct option *options; /* NULL: none */
	size_t options_size;	      /* of the struct they land in: run() gets it, zeroed before */
	/* Of the words that are no options; max -1: any, and options end at the first of them. */
	int min_args, max_args;
	unsigned int flags; /* enum command_flags */
	/*
	 * @argv is NULL-terminated. Return: the exit status of the program (0, or a container's),
	 * or -errno with @err set: main prints it and leaves with fail_status.
	 */
	int (*run)(const struct globals *globals, const void *options, int argc, char **argv,
		   struct error *err);
	int fail_status; /* 1; exec: 255, as runc */
};

extern const struct command command_create, command_run, command_start, command_exec, command_state,
	command_kill, command_delete, command_list, command_ps, command_pause, command_resume,
	command_update, command_events, command_spec, command_features, command_checkpoint,
	command_restore;

/* Looks a verb up in the one table; NULL: unknown. */
const struct command *command_find(const char *name);

/**
 * command_parse() - The words after a verb
 * @ret_options: malloc'ed, owned by the caller
 *
 * Otherwise as option_parse(). Also -EINVAL when words are missing or too many.
 */
int command_parse(const struct command *command, int *argc, char **argv, void **ret_options,
		  struct error *err);

/* Prints help: of the program with its global flags (NULL), or of a verb. */
void command_help(const struct command *command, const struct option *global_options);

/* Prints a document on standard output, keys in the order they were set. */
int command_print_json(const json_t *value, struct error *err);

/*
 * For files named on the command line that are opened after the current folder changed. @ret is
 * malloc'ed, owned by the caller; NULL stays NULL.
 */
int command_absolute_path(const char *path, char **ret, struct error *err);
