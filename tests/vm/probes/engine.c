/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * engine - owns the guard of engines for the tests of the BPF layer: sets it, runs a command, and takes it away again.
 *
 *   engine [--mode M] [--files M] [--restrict-exec] [--refuse-tcp] [--daemon PROGRAM] [--may PROGRAM] [--guard PATH] -- COMMAND [ARGUMENT...]
 *
 * --files is the mode for what a daemon leaves outside of its storage, enforce unless given, and again afterwards.
 * --daemon, --may and --guard may be repeated. Its exit status is COMMAND's; 125: the guard could not be set.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "error.h"
#include "lsm.h"

#define FILES_MAX 8

static struct {
	int fd;
	uint32_t role; /* 0: guarded */
} files[FILES_MAX];
static size_t n_files;
static enum lsm_mode files_mode = LSM_MODE_ENFORCE;

static void add(const char *path, uint32_t role)
{
	if (n_files == FILES_MAX || (files[n_files].fd = open(path, O_PATH | O_CLOEXEC)) < 0) {
		fprintf(stderr, "engine: %s: %m\n", path);
		exit(125);
	}
	files[n_files++].role = role;
}

static void set(struct lsm *lsm, const struct lsm_engine_guard *guard, bool on)
{
	struct error err = ERROR_INIT;
	int r = 0;

	for (size_t i = 0; r == 0 && i < n_files; i++)
		r = files[i].role ?
			    lsm_set_engine_file(lsm, files[i].fd, on ? files[i].role : 0, &err) :
		    on ? lsm_guard_from_engines(lsm, files[i].fd, NULL, true, &err) :
			 lsm_guard(lsm, files[i].fd, NULL, false, &err);
	if (r == 0)
		r = lsm_set_engine_guard(lsm, guard, &err);
	if (r == 0)
		r = lsm_set_engine_files(lsm, on ? files_mode : LSM_MODE_ENFORCE, &err);
	if (r < 0) {
		fprintf(stderr, "engine: %s\n", err.msg);
		exit(125);
	}
}

static void parse(int argc, char **argv, struct lsm_engine_guard *guard)
{
	static const struct option longs[] = {
		{ "mode", 1, NULL, 'm' },	   { "files", 1, NULL, 'f' },
		{ "restrict-exec", 0, NULL, 'x' }, { "refuse-tcp", 0, NULL, 't' },
		{ "daemon", 1, NULL, 'd' },	   { "may", 1, NULL, 'y' },
		{ "guard", 1, NULL, 'g' },	   { 0 },
	};
	int c;

	while ((c = getopt_long(argc, argv, "+", longs, NULL)) != -1) {
		if (c == 'm' && lsm_mode_parse(optarg, &guard->mode))
			continue;
		if (c == 'f' && lsm_mode_parse(optarg, &files_mode))
			continue;
		if (c == 'x')
			guard->restrict_exec = true;
		else if (c == 't')
			guard->refuse_tcp = true;
		else if (c == 'd')
			add(optarg, LSM_ENGINE_DAEMON);
		else if (c == 'y')
			add(optarg, LSM_ENGINE_MAY_EXEC);
		else if (c == 'g')
			add(optarg, 0);
		else
			exit(125);
	}
}

int main(int argc, char **argv)
{
	struct lsm_engine_guard guard = { .mode = LSM_MODE_OFF };
	const struct lsm_engine_guard none = { .mode = LSM_MODE_OFF };
	struct error err = ERROR_INIT;
	struct lsm lsm = LSM_INIT;
	int status = 0;
	pid_t pid;

	parse(argc, argv, &guard);
	if (lsm_open(&lsm, &err) < 0) {
		fprintf(stderr, "engine: %s\n", err.msg);
		return 125;
	}
	set(&lsm, &guard, true);
	pid = fork();
	if (pid == 0) {
		(void)execvp(argv[optind], argv + optind);
		_exit(126);
	}
	(void)waitpid(pid, &status, 0);
	set(&lsm, &none, false);
	lsm_done(&lsm);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 124;
}
