/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * main - owns the start and the end of the program `bulwark`: a sane process, the global flags, the
 * verb, its one error.
 *
 * Stages:
 *  1. what a careless or hostile caller may have left: closed standard streams, ignored or blocked
 *     signals, a umask;
 *  2. the global flags, and the log that they name;
 *  3. the verb's words;
 *  4. the verb. Root's rights are needed throughout and given up nowhere here: only the container's
 *     own processes (init.c, exec.c) give them up.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "command.h"
#include "error.h"
#include "fd.h"
#include "log.h"
#include "paths.h"
#include "str.h"

#define STATUS_UNKNOWN_COMMAND 3 /* as runc */

struct main_options {
	struct globals globals;
	bool version;
};

#define G(member) offsetof(struct main_options, globals.member)
static const struct option main_options[] = {
	{ "root", 0, OPTION_STRING, G(root), "FOLDER",
	  "state of the containers (default: " PATHS_CONTAINERS ")" },
	{ "log", 0, OPTION_STRING, G(log), "FILE", "append messages to this file" },
	{ "log-format", 0, OPTION_STRING, G(log_format), "FORMAT",
	  "of the log file: text (default) or json" },
	{ "debug", 0, OPTION_FLAG, G(debug), NULL, "log more" },
	{ "systemd-cgroup", 0, OPTION_FLAG, G(systemd_cgroup), NULL,
	  "have systemd make cgroups: cgroupsPath is slice:prefix:name" },
	{ "cgroup-manager", 0, OPTION_STRING, G(cgroup_manager), "MANAGER",
	  "cgroupfs (default), systemd, or disabled: no cgroup for new containers" },
	{ "rootless", 0, OPTION_STRING, G(rootless), "MODE",
	  "auto (default) or false; true is refused" },
	{ "version", 'v', OPTION_FLAG, offsetof(struct main_options, version), NULL,
	  "print the version" },
	{ NULL },
};

/* A descriptor opened by us as 0, 1 or 2 would be given to the container as its own. */
static int open_missing_streams(struct error *err)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
		if (fcntl(fd, F_GETFD) >= 0)
			continue;
		if (open("/dev/null", O_RDWR) !=
		    fd) /* the lowest free number: not close-on-exec, as streams are */
			return error_set(err, errno,
					 "cannot open /dev/null in place of a closed standard stream");
	}
	return 0;
}

static int prepare_process(struct error *err)
{
	struct sigaction ignore = { .sa_handler = SIG_IGN };
	struct sigaction standard = { .sa_handler = SIG_DFL };
	sigset_t none;

	(void)sigemptyset(&none);
	if (sigprocmask(SIG_SETMASK, &none, NULL) < 0)
		return error_set(err, errno, "cannot unblock signals");
	/* An ignored SIGCHLD would reap our children behind our back: wait(2). */
	if (sigaction(SIGCHLD, &standard, NULL) < 0 || sigaction(SIGPIPE, &ignore, NULL) < 0)
		return error_set(err, errno, "cannot set signal handling");
	(void)umask(0022); /* cannot fail */
	return open_missing_streams(err);
}

/*
 * One spelling for one folder, as id ranges name their owner by the path of its state: links are
 * resolved in what exists, and what does not exist yet is appended as it was given.
 */
static int resolve_root(const char *root, char *buf, size_t size, struct error *err)
{
	char path[PATH_MAX], head[PATH_MAX], resolved[PATH_MAX], cwd[PATH_MAX] = "";
	size_t end;

	if (root[0] != '/' && !getcwd(cwd, sizeof(cwd)))
		return error_set(err, errno, "--root '%s': cannot find the current folder", root);
	if (str_format(path, sizeof(path), "%s/%s", cwd, root) < 0)
		return error_text(err, ENAMETOOLONG, "--root: the path is too long");
	for (end = strlen(path); end > 1 && path[end - 1] == '/'; end--)
		path[end - 1] = '\0';
	for (;;) {
		(void)str_format(head, sizeof(head), "%.*s", (int)end, end > 0 ? path : "/");
		if (realpath(end > 0 ? head : "/", resolved))
			break;
		if (errno != ENOENT)
			return error_set(err, errno, "--root '%s'", root);
		while (end > 0 && path[--end] != '/')
			;
	}
	if (strstr(path + end, "/.."))
		return error_text(err, EINVAL,
				  "--root '%s': '..' below a folder that does not exist", root);
	if (str_format(buf, size, "%s%s", str_eq(resolved, "/") ? "" : resolved, path + end) < 0)
		return error_text(err, ENAMETOOLONG, "--root: the path is too long");
	return 0;
}

static int check_cgroup_manager(struct globals *globals, struct error *err)
{
	const char *manager = globals->cgroup_manager;
	char quoted[64];

	if (!manager)
		return 0;
	if (str_eq(manager, "systemd"))
		globals->systemd_cgroup = true;
	else if (str_eq(manager, "disabled"))
		globals->cgroup_disabled = true;
	else if (!str_eq(manager, "cgroupfs"))
		return error_text(err, EINVAL,
				  "--cgroup-manager '%s': must be 'cgroupfs', 'systemd' or 'disabled'",
				  str_quote(manager, quoted, sizeof(quoted)));
	if (globals->systemd_cgroup && !str_eq(manager, "systemd"))
		return error_text(err, EINVAL,
				  "--systemd-cgroup and --cgroup-manager=%s contradict", manager);
	return 0;
}

static int check_globals(struct globals *globals, char *root_buf, size_t root_size, struct error *err)
{
	const char *rootless = globals->rootless;

	if (!globals->log_format)
		globals->log_format = "text";
	if (!str_eq(globals->log_format, "text") && !str_eq(globals->log_format, "json"))
		return error_text(err, EINVAL, "--log-format '%s': must be 'text' or 'json'",
				  globals->log_format);
	if (rootless && str_eq(rootless, "true"))
		return error_text(err, ENOTSUP,
				  "rootless containers are not supported: run bulwark as root, without "
				  "--rootless=true");
	if (rootless && !str_eq(rootless, "auto") && !str_eq(rootless, "false"))
		return error_text(err, EINVAL, "--rootless must be 'auto' or 'false'");
	if (check_cgroup_manager(globals, err) < 0)
		return -err->code;
	if (globals->root && !*globals->root)
		return error_text(err, EINVAL, "--root needs a folder");
	if (resolve_root(globals->root ? globals->root : PATHS_CONTAINERS, root_buf, root_size,
			 err) < 0)
		return -err->code;
	globals->root = root_buf;
	return 0;
}

static int check_command(const struct command *command, struct error *err)
{
	if ((command->flags & COMMAND_NEEDS_ROOT) && geteuid() != 0)
		return error_text(err, EPERM,
				  "%s: only root can do this: containers are made with the host's rights",
				  command->name);
	return 0;
}

static int fail(const struct error *err, int status)
{
	log_error("%s", err->msg);
	return status;
}

/*
 * What was written may still sit in a buffer, and the disk be full: an engine must not read half an
 * answer as one.
 */
static int flush_output(int status, struct error *err)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return status;
	(void)error_set(err, errno, "cannot write to standard output");
	return fail(err, EXIT_FAILURE);
}

/* As soon as the global flags are known: from here on every failure is in the log. */
static int open_log(const struct globals *globals, struct error *err)
{
	const struct log_settings settings = {
		.path = globals->log,
		.format = globals->log_format && str_eq(globals->log_format, "json") ?
				  LOG_FORMAT_JSON :
				  LOG_FORMAT_TEXT,
		.debug = globals->debug,
	};

	return log_open(&settings, err);
}

static int run_command(const struct command *command, struct globals *globals, int argc,
		       char **argv, struct error *err)
{
	_cleanup_free_ void *options = NULL;
	static char root[PATH_MAX]; /* @globals refers to it for good */
	int r = command_parse(command, &argc, argv, &options, err);

	if (r > 0) {
		command_help(command, NULL);
		return flush_output(EXIT_SUCCESS, err);
	}
	if (r == 0)
		r = check_globals(globals, root, sizeof(root), err);
	if (r == 0)
		r = check_command(command, err);
	if (r < 0)
		return fail(err, EXIT_FAILURE);
	r = command->run(globals, options, argc, argv, err);
	if (r < 0)
		return fail(err, command->fail_status);
	return flush_output(r, err);
}

/* "COMMAND ...", "help", "help COMMAND"; @help: --help stood among the global flags. */
static int run_words(struct globals *globals, bool help, int argc, char **argv, struct error *err)
{
	const struct command *command;
	char quoted[64];

	if (argc > 0 && str_eq(argv[0], "help")) {
		help = true;
		argc--;
		argv++;
	}
	command = argc > 0 ? command_find(argv[0]) : NULL;
	if (argc > 0 && !command) {
		(void)error_text(err, EINVAL, "unknown command '%s': 'bulwark --help' lists them",
				 str_quote(argv[0], quoted, sizeof(quoted)));
		return fail(err, STATUS_UNKNOWN_COMMAND);
	}
	if (help || !command) {
		command_help(command, main_options);
		return flush_output(EXIT_SUCCESS, err);
	}
	return run_command(command, globals, argc - 1, argv + 1, err);
}

int main(int argc, char **argv)
{
	struct main_options options = { 0 };
	struct error err = ERROR_INIT, log_err = ERROR_INIT;
	int words = argc - 1;
	int r;

	if (argc < 1) /* execve(2) with no argv at all: argv + 1 would be the environment */
		return EXIT_FAILURE;
	if (prepare_process(&err) < 0)
		return fail(&err, EXIT_FAILURE);
	r = option_parse(main_options, &options, false, &words, argv + 1, &err);
	if (open_log(&options.globals, &log_err) < 0)
		return fail(&log_err, EXIT_FAILURE);
	if (r < 0)
		return fail(&err, EXIT_FAILURE);
	if (options.version) {
		printf("bulwark version " BULWARK_VERSION "\ncommit: " BULWARK_COMMIT
		       "\nspec: " BULWARK_SPEC_VERSION "\n");
		return flush_output(EXIT_SUCCESS, &err);
	}
	/* after --help the words were not taken apart */
	return run_words(&options.globals, r > 0, r > 0 ? 0 : words, argv + 1, &err);
}
