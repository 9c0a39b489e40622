/* SPDX-License-Identifier: GPL-2.0-or-later */
/* command - see command.h. */
#include "command.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "fd.h"
#include "str.h"

static const struct command *const commands[] = {
	&command_create,     &command_run,     &command_start,	&command_exec, &command_state,
	&command_kill,	     &command_delete,  &command_list,	&command_ps,   &command_pause,
	&command_resume,     &command_update,  &command_events, &command_spec, &command_features,
	&command_checkpoint, &command_restore,
};

#define COMMANDS (sizeof(commands) / sizeof(commands[0]))

const struct command *command_find(const char *name)
{
	for (size_t i = 0; i < COMMANDS; i++)
		if (str_eq(commands[i]->name, name))
			return commands[i];
	return NULL;
}

static const struct option *option_find(const struct option *options, const char *name, size_t len)
{
	for (const struct option *o = options; o && o->name; o++) {
		if (strlen(o->name) == len && strncmp(o->name, name, len) == 0)
			return o;
		if (len == 1 && o->short_name && o->short_name == name[0])
			return o;
	}
	return NULL;
}

/* The words that Go's strconv.ParseBool() takes, as runc's callers may use any. */
static int parse_bool(const char *text, bool *ret)
{
	static const char *const truths[] = { "1", "t", "T", "true", "TRUE", "True" };
	static const char *const lies[] = { "0", "f", "F", "false", "FALSE", "False" };

	for (size_t i = 0; i < sizeof(truths) / sizeof(truths[0]); i++) {
		if (str_eq(text, truths[i]) || str_eq(text, lies[i])) {
			*ret = str_eq(text, truths[i]);
			return 0;
		}
	}
	return -EINVAL;
}

static int option_store(const struct option *option, const char *value, void *out, struct error *err)
{
	char *at = (char *)out + option->offset;
	struct option_list *list = (struct option_list *)(void *)at;
	char quoted[64];

	switch (option->kind) {
	case OPTION_FLAG:
		if (parse_bool(value ? value : "true", (bool *)(void *)at) < 0)
			return error_text(err, EINVAL,
					  "option --%s takes 'true' or 'false', not '%s'",
					  option->name, str_quote(value, quoted, sizeof(quoted)));
		return 0;
	case OPTION_STRING:
		*(const char **)(void *)at = value;
		return 0;
	case OPTION_U32:
		if (parse_u32(value, (uint32_t *)(void *)at) < 0)
			return error_text(err, EINVAL, "option --%s takes a number, not '%s'",
					  option->name, str_quote(value, quoted, sizeof(quoted)));
		return 0;
	case OPTION_LIST:
		if (list->n == OPTION_LIST_MAX)
			return error_text(err, E2BIG, "option --%s is given more than %d times",
					  option->name, OPTION_LIST_MAX);
		list->items[list->n++] = value;
		return 0;
	}
	return error_text(err, EINVAL, "option --%s is of no known kind", option->name);
}

/* One option at argv[*i]; *i is moved on to the word that held its value. */
static int option_take(const struct option *options, void *out, int argc, char **argv, int *i,
		       struct error *err)
{
	const char *name = argv[*i] + (argv[*i][1] == '-' ? 2 : 1);
	const char *equals = strchr(name, '=');
	size_t len = equals ? (size_t)(equals - name) : strlen(name);
	const struct option *option = option_find(options, name, len);
	const char *value = equals ? equals + 1 : NULL;
	char quoted[64];

	if (!option && (str_eq(name, "help") || str_eq(name, "h")))
		return OPTION_HELP;
	if (!option)
		return error_text(err, EINVAL, "unknown option '%s'",
				  str_quote(argv[*i], quoted, sizeof(quoted)));
	if (!value && option->kind != OPTION_FLAG) {
		if (*i + 1 >= argc)
			return error_text(err, EINVAL, "option --%s needs a value", option->name);
		value = argv[++*i];
	}
	return option_store(option, value, out, err);
}

int option_parse(const struct option *options, void *out, bool mixed, int *argc, char **argv,
		 struct error *err)
{
	bool ended = false;
	int n = 0;

	for (int i = 0; i < *argc; i++) {
		if (ended || argv[i][0] != '-' ||
		    argv[i][1] == '\0') { /* "-" alone is a word: standard input */
			argv[n++] = argv[i];
			ended = ended || !mixed;
		} else if (str_eq(argv[i], "--")) {
			ended = true;
		} else {
			int r = option_take(options, out, *argc, argv, &i, err);

			if (r != 0)
				return r;
		}
	}
	*argc = n;
	argv[n] = NULL;
	return 0;
}

int command_parse(const struct command *command, int *argc, char **argv, void **ret_options,
		  struct error *err)
{
	/* at least a byte, as NULL would tell of memory that is short */
	_cleanup_free_ void *options = calloc(1, command->options_size + 1);
	int r;

	if (!options)
		return error_set(err, ENOMEM, "%s", command->name);
	r = option_parse(command->options, options, command->max_args >= 0, argc, argv, err);
	if (r < 0)
		return error_wrap(err, "%s", command->name);
	if (r > 0)
		return r;
	if (*argc < command->min_args || (command->max_args >= 0 && *argc > command->max_args))
		return error_text(err, EINVAL, "%s: too %s arguments: usage: bulwark %s [options] %s",
				  command->name, *argc < command->min_args ? "few" : "many",
				  command->name, command->usage);
	*ret_options = take_ptr(options);
	return 0;
}

static void help_options(const struct option *options)
{
	for (const struct option *o = options; o && o->name; o++) {
		char left[64];
		char short_name[8] = "";

		if (o->short_name)
			(void)str_format(short_name, sizeof(short_name), "-%c, ", o->short_name);
		(void)str_format(left, sizeof(left), "%s--%s%s%s", short_name, o->name,
				 o->value ? " " : "", o->value ? o->value : "");
		printf("  %-30s %s\n", left, o->help);
	}
	printf("  %-30s %s\n", "-h, --help", "show this help");
}

void command_help(const struct command *command, const struct option *global_options)
{
	if (command) {
		printf("Usage: bulwark [global options] %s [options] %s\n\n%s\n\nOptions:\n",
		       command->name, command->usage, command->summary);
		help_options(command->options);
		return;
	}
	printf("Usage: bulwark [global options] COMMAND [options] [arguments]\n\n"
	       "Runs OCI containers, each with users and files of its own.\n\nCommands:\n");
	for (size_t i = 0; i < COMMANDS; i++)
		printf("  %-30s %s\n", commands[i]->name, commands[i]->summary);
	printf("\nGlobal options:\n");
	help_options(global_options);
	printf("\n'bulwark COMMAND --help' shows the options of one command.\n");
}

int command_print_json(const json_t *value, struct error *err)
{
	if (!value)
		return error_set(err, ENOMEM, "cannot make the JSON document");
	if (json_dumpf(value, stdout, JSON_INDENT(2)) < 0 || putchar('\n') == EOF)
		return error_set(err, errno ? errno : EIO, "cannot write to standard output");
	return 0;
}

int command_absolute_path(const char *path, char **ret, struct error *err)
{
	_cleanup_free_ char *cwd = NULL;
	char *text;

	if (!path) {
		*ret = NULL;
		return 0;
	}
	if (path[0] != '/') {
		cwd = getcwd(NULL, 0);
		if (!cwd)
			return error_set(err, errno,
					 "cannot find the current folder, from which '%s' counts",
					 path);
	}
	text = str_dupf("%s%s%s", cwd ? cwd : "", cwd ? "/" : "", path);
	if (!text)
		return error_set(err, ENOMEM, "cannot resolve '%s'", path);
	*ret = text;
	return 0;
}
