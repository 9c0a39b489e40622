/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cmd_ps - owns the words of `ps`: the container's processes, as numbers or as the lines that ps(1)
 * prints for them.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "cgroup.h"
#include "command.h"
#include "error.h"
#include "fd.h"
#include "json.h"
#include "pidns.h"
#include "state.h"
#include "str.h"

#define PS_OUTPUT_MAX (64U << 20) /* bytes; of all processes of the host */
#define BLANKS " \t"

struct options {
	const char *format;
};

static const struct option options_table[] = {
	{ "format", 'f', OPTION_STRING, offsetof(struct options, format), "FORMAT",
	  "table (default) or json" },
	{ NULL },
};

struct pids {
	pid_t *items; /* sorted */
	size_t n;
};

static int compare_pids(const void *a, const void *b)
{
	pid_t x = *(const pid_t *)a, y = *(const pid_t *)b;

	return (x > y) - (x < y);
}

static int read_pids(const char *root, const char *id, struct pids *ret, struct error *err)
{
	struct cgroup *cgroup __attribute__((cleanup(cgroup_freep))) = NULL;
	_cleanup_close_ int state_fd = -EBADF;
	struct state state = { 0 };
	int r = state_open(root, id, false, &state_fd, err);

	if (r == 0)
		r = state_load(state_fd, &state, err);
	if (r == 0 && state.cgroup) {
		r = cgroup_from_json(state.cgroup, &cgroup, err);
		if (r == 0 && cgroup_is_none(cgroup))
			r = pidns_pids(&state.init, &ret->items, &ret->n, err);
		else if (r == 0)
			r = cgroup_pids(cgroup, &ret->items, &ret->n, err);
	}
	state_done(&state);
	if (r == 0 && ret->n > 0)
		qsort(ret->items, ret->n, sizeof(pid_t), compare_pids);
	return r;
}

static int print_json(const struct pids *pids, struct error *err)
{
	_cleanup_json_ json_t *list = json_array();

	for (size_t i = 0; i < pids->n; i++)
		if (json_array_append_new(list, json_integer(pids->items[i])) < 0)
			return error_set(err, ENOMEM, "ps");
	if (json_dumpf(list, stdout, JSON_COMPACT) < 0 || putchar('\n') == EOF)
		return error_set(err, EIO, "cannot write to standard output");
	return 0;
}

/* Runs ps(1) with its standard output going to @out_fd. */
static int spawn_ps(char **words, int out_fd, pid_t *ret_pid, struct error *err)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attr;
	sigset_t pipe_signal;
	int r;

	(void)sigemptyset(&pipe_signal);
	(void)sigaddset(&pipe_signal, SIGPIPE); /* which we ignore */
	r = posix_spawn_file_actions_init(&actions);
	if (r != 0)
		return error_set(err, r, "cannot run ps");
	r = posix_spawnattr_init(&attr);
	if (r != 0) {
		(void)posix_spawn_file_actions_destroy(&actions);
		return error_set(err, r, "cannot run ps");
	}
	r = posix_spawn_file_actions_adddup2(&actions, out_fd, STDOUT_FILENO);
	if (r == 0)
		r = posix_spawnattr_setsigdefault(&attr, &pipe_signal);
	if (r == 0)
		r = posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGDEF);
	if (r == 0)
		r = posix_spawnp(ret_pid, "ps", &actions, &attr, words, environ);
	(void)posix_spawnattr_destroy(&attr);
	(void)posix_spawn_file_actions_destroy(&actions);
	return r == 0 ? 0 : error_set(err, r, "cannot run ps");
}

static int read_ps(char **words, char **ret, struct error *err)
{
	_cleanup_close_ int read_fd = -EBADF;
	_cleanup_free_ char *text = NULL;
	int ends[2], status, r;
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return error_set(err, errno, "cannot make a pipe");
	read_fd = ends[0];
	r = spawn_ps(words, ends[1], &pid, err);
	fd_close(ends[1]);
	if (r < 0)
		return r;
	r = fd_read_all(read_fd, PS_OUTPUT_MAX, &text, NULL, err);
	read_fd = fd_close(read_fd); /* so that it ends even where we stopped reading */
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return error_set(err, errno, "cannot wait for ps");
	if (r < 0)
		return r;
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
		return error_text(err, EIO, "ps failed: its message is above");
	*ret = take_ptr(text);
	return 0;
}

/* Number of the column titled PID, or -1. */
static int find_pid_column(const char *header, size_t len)
{
	const char *end = header + len;
	int column = 0;

	for (const char *word = header; word < end; column++) {
		size_t n;

		word += strspn(word, BLANKS);
		n = strcspn(word, BLANKS "\n");
		if (n == 3 && word < end && strncmp(word, "PID", 3) == 0)
			return column;
		word += n ? n : 1;
	}
	return -1;
}

/* Whether the number in that column is one of @pids. */
static bool line_is_ours(const char *line, int column, const struct pids *pids)
{
	char digits[16] = "";
	uint32_t number;
	pid_t pid;

	for (;; column--) {
		line += strspn(line, BLANKS);
		if (column == 0)
			break;
		line += strcspn(line, BLANKS "\n");
	}
	(void)str_format(digits, sizeof(digits), "%.*s", (int)strcspn(line, BLANKS "\n"), line);
	if (parse_u32(digits, &number) < 0 || number > INT32_MAX)
		return false;
	pid = (pid_t)number;
	return pids->n > 0 && bsearch(&pid, pids->items, pids->n, sizeof(pid_t), compare_pids);
}

static int print_table(const struct pids *pids, char **words, struct error *err)
{
	_cleanup_free_ char *text = NULL;
	size_t len;
	int column;
	int r = read_ps(words, &text, err);

	if (r < 0)
		return r;
	column = find_pid_column(text, strcspn(text, "\n"));
	if (column < 0)
		return error_text(err, EINVAL,
				  "ps: its output has no PID column: choose options that show one");
	for (const char *line = text; *line; line += len) {
		len = strcspn(line, "\n");
		len += line[len] == '\n';
		if (line == text || line_is_ours(line, column, pids))
			(void)fwrite(line, 1, len, stdout); /* main looks at ferror(3) */
	}
	return 0;
}

static int run(const struct globals *globals, const void *options, int argc, char **argv,
	       struct error *err)
{
	char name[] = "ps", all_of_them[] = "-ef";
	char *default_words[] = { name, all_of_them, NULL };
	const struct options *o = options;
	bool as_json = o->format && str_eq(o->format, "json");
	_cleanup_free_ pid_t *items = NULL;
	struct pids pids = { 0 };
	int r;

	if (o->format && !as_json && !str_eq(o->format, "table"))
		return error_text(err, EINVAL, "ps: --format must be 'table' or 'json'");
	r = read_pids(globals->root, argv[0], &pids, err);
	items = pids.items;
	if (r < 0)
		return r;
	if (as_json)
		return print_json(&pids, err);
	argv[0] = name; /* what follows the id is for ps(1) */
	return print_table(&pids, argc > 1 ? argv : default_words, err);
}

const struct command command_ps = {
	.name = "ps",
	.usage = "<container-id> [options of ps]",
	.summary = "list the processes of a container",
	.options = options_table,
	.options_size = sizeof(struct options),
	.min_args = 1,
	.max_args = -1,
	.flags = COMMAND_NEEDS_ROOT,
	.run = run,
	.fail_status = 1,
};
