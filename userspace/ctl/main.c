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

static const struct {
	const char *name;
	const char *options;
	const char *help;
	int (*run)(const struct ctl_options *options, struct error *err);
} commands[] = {
	{ "load", "debug", "load the BPF LSM programs, test that they refuse, and pin them",
	  ctl_load },
	{ "reload", "debug",
	  "load this version's programs in the place of those that are loaded, without a gap",
	  ctl_reload },
	{ "unload", "force", "remove the programs and all their pins", ctl_unload },
	{ "status", "json", "what is loaded, what this kernel lacks, and the containers", ctl_status },
	{ "events", "json follow", "what was refused to containers, as it was recorded", ctl_events },
};

#define COMMANDS (sizeof(commands) / sizeof(commands[0]))

static const struct {
	const char *name;
	size_t offset;
	const char *help;
} options_known[] = {
	{ "json", offsetof(struct ctl_options, json), "print JSON" },
	{ "follow", offsetof(struct ctl_options, follow), "wait for more" },
	{ "force", offsetof(struct ctl_options, force), "although containers are registered" },
	{ "debug", offsetof(struct ctl_options, debug), "show what libbpf and the verifier say" },
};

#define OPTIONS (sizeof(options_known) / sizeof(options_known[0]))

static void help(void)
{
	printf("Usage: bulwarkctl COMMAND [--option...]\n\nCommands:\n");
	for (size_t i = 0; i < COMMANDS; i++)
		printf("  %-10s %s\n", commands[i].name, commands[i].help);
	printf("\nOptions:\n");
	for (size_t i = 0; i < OPTIONS; i++) {
		printf("  --%-8s %s (", options_known[i].name, options_known[i].help);
		for (size_t k = 0, n = 0; k < COMMANDS; k++)
			if (strstr(commands[k].options, options_known[i].name))
				printf("%s%s", n++ ? ", " : "", commands[k].name);
		printf(")\n");
	}
	printf("  --%-8s print the version\n", "version");
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

static int run(int argc, char **argv, struct error *err)
{
	struct ctl_options options = { 0 };
	char quoted[64];
	size_t c = 0;
	int r;

	while (c < COMMANDS && !str_eq(argv[1], commands[c].name))
		c++;
	if (c == COMMANDS)
		return error_text(err, EINVAL, "unknown command '%s': see 'bulwarkctl --help'",
				  str_quote(argv[1], quoted, sizeof(quoted)));
	for (int i = 2; i < argc; i++) {
		const char *word = str_after(argv[i], "--");

		if (!word)
			return error_text(err, EINVAL, "%s: takes no argument '%s'", argv[1],
					  str_quote(argv[i], quoted, sizeof(quoted)));
		if (take_option(word, commands[c].options, &options, err) < 0)
			return error_wrap(err, "%s", argv[1]);
	}
	if (geteuid() != 0)
		return error_text(err, EPERM,
				  "%s: only root may look at or change the BPF LSM layer", argv[1]);
	r = commands[c].run(&options, err);
	return r < 0 ? error_wrap(err, "%s", argv[1]) : r;
}

int main(int argc, char **argv)
{
	struct error err = ERROR_INIT;
	int r;

	if (argc < 2 || str_eq(argv[1], "--help") || str_eq(argv[1], "-h")) {
		help();
		return argc < 2 ? 2 : 0;
	}
	if (str_eq(argv[1], "--version")) {
		printf("bulwarkctl %s\n", ctl_version);
		return 0;
	}
	r = run(argc, argv, &err);
	if (r < 0) {
		fprintf(stderr, "bulwarkctl: %s\n", err.msg);
		return 1;
	}
	return r;
}
