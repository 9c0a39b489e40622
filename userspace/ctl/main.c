/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * main - owns bulwarkctl's command line. For the administrator: runs as root, once, and trusts its caller; it takes no input
 * from containers but the records of the ring, which it quotes.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "ctl.h"
#include "error.h"
#include "str.h"

#ifndef BULWARK_VERSION /* the Makefile says it */
#define BULWARK_VERSION "0.1.0"
#endif

const char ctl_version[] = BULWARK_VERSION;

#define EXIT_USAGE 2

struct command {
	const char *name;
	const char *options; /* those it takes, in one string */
	const char *help;
	const char *status; /* what its exit status says beyond the usual; or NULL */
	int (*run)(const struct ctl_options *options, struct error *err);
};

static const struct command commands[] = {
	{ "load", "debug", "load the BPF LSM programs, test that they refuse, and pin them", NULL,
	  ctl_load },
	{ "reload", "debug",
	  "load this version's programs in the place of those that are loaded, without a gap", NULL,
	  ctl_reload },
	{ "unload", "force", "remove the programs and all their pins", NULL, ctl_unload },
	{ "upgrade", "",
	  "have the monitors of all containers serve from the program that is installed now",
	  "1 also when a container keeps the one it had", ctl_upgrade },
	{ "status", "json", "what is loaded, what is missing and why, and the containers",
	  "3 with --json: nothing is loaded", ctl_status },
	{ "events", "json follow journal", "what was refused to containers, as it was recorded",
	  NULL, ctl_events },
};

#define COMMANDS (sizeof(commands) / sizeof(commands[0]))

static const struct {
	const char *name;
	size_t offset;
	const char *help;
} options_known[] = {
	{ "json", offsetof(struct ctl_options, json), "print JSON; for events, one object a line" },
	{ "follow", offsetof(struct ctl_options, follow), "wait for more" },
	{ "journal", offsetof(struct ctl_options, journal),
	  "hand them to systemd's journal, as an unprivileged process, until unloaded" },
	{ "force", offsetof(struct ctl_options, force), "although containers are registered" },
	{ "debug", offsetof(struct ctl_options, debug), "show what libbpf and the verifier say" },
};

#define OPTIONS (sizeof(options_known) / sizeof(options_known[0]))

static void help(void)
{
	printf("Usage: bulwarkctl COMMAND [--option...]\n\nCommands:\n");
	for (size_t i = 0; i < COMMANDS; i++)
		printf("  %-10s %s\n", commands[i].name, commands[i].help);
	printf("\n'bulwarkctl COMMAND --help' says more of one; --version prints the version.\n"
	       "Exit status: 0; 1 and one sentence on standard error; %d: it was called wrongly.\n",
	       EXIT_USAGE);
}

static void help_of(const struct command *command)
{
	printf("Usage: bulwarkctl %s [--option...]\n\n%s\n\nOptions:\n", command->name,
	       command->help);
	for (size_t i = 0; i < OPTIONS; i++)
		if (strstr(command->options, options_known[i].name))
			printf("  --%-8s %s\n", options_known[i].name, options_known[i].help);
	printf("  --%-8s print this\n\nExit status: 0; 1 and one sentence on standard error; %d: it was "
	       "called wrongly%s%s.\n",
	       "help", EXIT_USAGE, command->status ? "; " : "",
	       command->status ? command->status : "");
}

static int take_option(const char *word, const char *allowed, struct ctl_options *options,
		       struct error *err)
{
	char quoted[64];

	for (size_t i = 0; i < OPTIONS; i++) {
		if (str_eq(word, options_known[i].name) && strstr(allowed, word)) {
			*(bool *)((char *)options + options_known[i].offset) = true;
			return 0;
		}
	}
	return error_text(err, EINVAL, "unknown option '--%s'",
			  str_quote(word, quoted, sizeof(quoted)));
}

/* Sets @ret_help where only words about the command are wanted. */
static int parse(int argc, char **argv, const struct command *command, struct ctl_options *ret,
		 bool *ret_help, struct error *err)
{
	char quoted[64];

	for (int i = 2; i < argc; i++) {
		const char *word = str_after(argv[i], "--");

		if (str_eq(argv[i], "--help") || str_eq(argv[i], "-h")) {
			*ret_help = true;
			return 0;
		}
		if (!word)
			return error_text(err, EINVAL, "%s: takes no argument '%s'", command->name,
					  str_quote(argv[i], quoted, sizeof(quoted)));
		if (take_option(word, command->options, ret, err) < 0)
			return error_wrap(err, "%s", command->name);
	}
	return 0;
}

static const struct command *find_command(const char *name, struct error *err)
{
	char quoted[64];

	for (size_t i = 0; i < COMMANDS; i++)
		if (str_eq(name, commands[i].name))
			return &commands[i];
	(void)error_text(err, EINVAL, "unknown command '%s': see 'bulwarkctl --help'",
			 str_quote(name, quoted, sizeof(quoted)));
	return NULL;
}

static int run(const struct command *command, const struct ctl_options *options, struct error *err)
{
	int r;

	if (geteuid() != 0)
		return error_text(err, EPERM,
				  "%s: only root may look at or change what protects containers",
				  command->name);
	r = command->run(options, err);
	return r < 0 ? error_wrap(err, "%s", command->name) : r;
}

int main(int argc, char **argv)
{
	struct error err = ERROR_INIT;
	struct ctl_options options = { 0 };
	const struct command *command;
	bool help_wanted = false;
	int r;

	if (argc < 2 || str_eq(argv[1], "--help") || str_eq(argv[1], "-h")) {
		help();
		return argc < 2 ? EXIT_USAGE : 0;
	}
	if (str_eq(argv[1], "--version")) {
		printf("bulwarkctl %s\n", ctl_version);
		return 0;
	}
	command = find_command(argv[1], &err);
	if (!command || parse(argc, argv, command, &options, &help_wanted, &err) < 0) {
		fprintf(stderr, "bulwarkctl: %s\n", err.msg);
		return EXIT_USAGE;
	}
	if (help_wanted) {
		help_of(command);
		return 0;
	}
	r = run(command, &options, &err);
	if (r < 0) {
		fprintf(stderr, "bulwarkctl: %s\n", err.msg);
		return 1;
	}
	return r;
}
