/* SPDX-License-Identifier: GPL-2.0-or-later */
/* checkpoint - see checkpoint.h. */
#include "checkpoint.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "arena.h"
#include "error.h"
#include "fd.h"
#include "path.h"
#include "paths.h"
#include "program.h"
#include "state.h"
#include "str.h"

#define LOG_NAME "dump.log" /* as runc */

/* ---- the words -------------------------------------------------------------------------------- */

static bool is_one_of(const char *word, const char *const *words)
{
	for (; *words; words++)
		if (str_eq(word, *words))
			return true;
	return false;
}

/* "ADDRESS:PORT"; @ret_len: bytes of the address, which may have colons of its own. */
static int parse_page_server(const char *text, size_t *ret_len, const char **ret_port,
			     struct error *err)
{
	const char *colon = strrchr(text, ':');
	char shown[160];
	uint32_t port;

	if (!colon || colon == text || text[0] == '-' || parse_u32(colon + 1, &port) < 0 ||
	    port == 0 || port > 65535)
		return error_text(err, EINVAL, "--page-server '%s': expected ADDRESS:PORT",
				  str_quote(text, shown, sizeof(shown)));
	*ret_len = (size_t)(colon - text);
	*ret_port = colon + 1;
	return 0;
}

int checkpoint_check(const struct checkpoint_options *options, struct error *err)
{
	static const char *const modes[] = { "soft", "full", "strict", "ignore", NULL };
	char shown[160];
	const char *port;
	size_t len;

	if (options->lazy_pages || options->status_fd)
		return error_text(err, ENOTSUP,
				  "--%s serves a restore, which is not supported by this version of bulwark",
				  options->lazy_pages ? "lazy-pages" : "status-fd");
	if (!options->leave_running && !options->pre_dump)
		return error_text(err, ENOTSUP,
				  "a checkpoint without --leave-running ends the container, and this version of bulwark "
				  "cannot restore one: use --leave-running");
	if (options->manage_cgroups_mode && !is_one_of(options->manage_cgroups_mode, modes))
		return error_text(err, EINVAL,
				  "--manage-cgroups-mode '%s': must be soft, full, strict or ignore",
				  str_quote(options->manage_cgroups_mode, shown, sizeof(shown)));
	for (size_t i = 0; options->empty_ns && i < options->empty_ns->n; i++)
		if (!str_eq(options->empty_ns->items[i], "network"))
			return error_text(err, EINVAL, "--empty-ns '%s': must be network",
					  str_quote(options->empty_ns->items[i], shown,
						    sizeof(shown)));
	if (options->parent_path && options->parent_path[0] == '/') /* criu takes no other */
		return error_text(err, EINVAL,
				  "--parent-path '%s': must be relative to the folder of --image-path",
				  str_quote(options->parent_path, shown, sizeof(shown)));
	return options->page_server ? parse_page_server(options->page_server, &len, &port, err) : 0;
}

struct words {
	const char **items;
	size_t n;
};

static void say(struct words *words, const char *word)
{
	words->items[words->n++] = word;
}

static void say_if(struct words *words, bool given, const char *word)
{
	if (given)
		say(words, word);
}

static void say_value(struct words *words, const char *option, const char *value)
{
	if (!value)
		return;
	say(words, option);
	say(words, value);
}

/* Each word stands at most once, so that CHECKPOINT_ARGS_MAX is enough for any options. */
int checkpoint_args(const struct checkpoint_options *options, pid_t init, const char *freezer,
		    struct arena *arena, const char **ret, struct error *err)
{
	struct words words = { .items = ret };
	const char *pid = arena_format(arena, "%d", (int)init);
	const char *mode = options->manage_cgroups_mode ? options->manage_cgroups_mode : "soft";
	const char *cgroups = arena_format(arena, "--manage-cgroups=%s", mode);
	const char *address = NULL, *port = NULL;
	size_t len = 0;
	int r = 0;

	if (options->page_server) {
		r = parse_page_server(options->page_server, &len, &port, err);
		if (r < 0)
			return r;
		address = arena_format(arena, "%.*s", (int)len, options->page_server);
	}
	if (!pid || !cgroups || (options->page_server && !address))
		return error_set(err, ENOMEM, "checkpoint");
	say(&words, "criu");
	say(&words, options->pre_dump ? "pre-dump" : "dump");
	say_value(&words, "--tree", pid);
	say_value(&words, "--images-dir", options->image_path);
	say_value(&words, "--work-dir", options->work_path);
	say_value(&words, "--log-file", LOG_NAME);
	say(&words, "-v4");
	say_if(&words, !options->pre_dump, "--leave-running");
	say_if(&words, options->pre_dump || options->parent_path, "--track-mem");
	say_value(&words, "--prev-images-dir", options->parent_path);
	say_if(&words, options->tcp_established, "--tcp-established");
	say_if(&words, options->ext_unix_sk, "--ext-unix-sk");
	say_if(&words, options->shell_job, "--shell-job");
	say_if(&words, options->file_locks, "--file-locks");
	say_if(&words, options->auto_dedup, "--auto-dedup");
	say_if(&words, options->empty_ns && options->empty_ns->n, "--empty-ns=net");
	say_if(&words, options->page_server != NULL, "--page-server");
	say_value(&words, "--address", address);
	say_value(&words, "--port", port);
	say(&words, cgroups);
	say_value(&words, "--freeze-cgroup", freezer);
	say_value(&words, "--external", "mnt[]"); /* volumes: their files are not the image's */
	words.items[words.n] = NULL;
	return 0;
}

/* ---- running it ------------------------------------------------------------------------------- */

static int find_criu(char *ret_path, struct error *err)
{
	static const char *const folders[] = { PATHS_CRIU_FOLDERS };

	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++)
		if (str_format(ret_path, PATH_MAX, "%s/criu", folders[i]) == 0 &&
		    access(ret_path, X_OK) == 0)
			return 0;
	return error_text(err, ENOTSUP,
			  "criu is not installed: checkpoints are made by it, install its package");
}

static int check_running(int state_fd, const struct state *state, struct error *err)
{
	enum container_status status = state_status(state_fd, state);

	if (status == CONTAINER_RUNNING)
		return 0;
	if (status == CONTAINER_STOPPED)
		return error_text(err, ESRCH, "container not running");
	return error_text(err, EINVAL, "cannot checkpoint a container that is %s: it has to run",
			  container_status_text(status));
}

/* v1's freezer, or the v2 folder: what criu stops the container by. NULL: it stops each process. */
static const char *freezer_of(const struct state *state, struct arena *arena)
{
	json_t *list = json_object_get(state->cgroup, "hierarchies"), *item;
	const char *found = NULL;
	size_t i;

	json_array_foreach(list, i, item) {
		const char *options = json_string_value(json_object_get(item, "options"));
		bool v2 = json_is_true(json_object_get(item, "v2"));

		if ((options && str_eq(options, "freezer")) || (v2 && !found))
			found = arena_format(arena, "%s/%s",
					     json_string_value(json_object_get(item, "mount")),
					     json_string_value(json_object_get(item, "path")));
		if (found && !v2)
			break;
	}
	return found;
}

static int run_criu(const char *path, const char **args, const struct checkpoint_options *options,
		    struct error *err)
{
	static const char *const env[] = {
		"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", NULL
	};
	const struct program criu = { .path = path, .args = args, .env = env, .input = "" };
	struct program_end end = { 0 };
	int r = program_run(&criu, &end, err);

	if (r < 0)
		return error_wrap(err, "checkpoint");
	if (end.exited && end.status == 0)
		return 0;
	return error_text(err, EIO, "criu failed (%s %d): its log is '%s/" LOG_NAME "'",
			  end.exited ? "exit status" : "signal", end.status,
			  options->work_path ? options->work_path : options->image_path);
}

/* Folders of criu's: what is in them is the container's memory. */
static int make_folders(const struct checkpoint_options *options, struct error *err)
{
	int r = path_make_own_dir(options->image_path, err);

	if (r == 0 && options->work_path)
		r = path_make_own_dir(options->work_path, err);
	return r;
}

int checkpoint_container(const struct globals *globals, const char *id,
			 const struct checkpoint_options *options, struct error *err)
{
	__attribute__((cleanup(state_done))) struct state state = { 0 };
	__attribute__((cleanup(arena_done))) struct arena arena = ARENA_INIT;
	_cleanup_close_ int state_fd = -EBADF;
	const char *args[CHECKPOINT_ARGS_MAX];
	char path[PATH_MAX];
	int r = checkpoint_check(options, err);

	if (r == 0)
		r = state_open(globals->root, id, true, &state_fd, err);
	if (r == 0)
		r = state_load(state_fd, &state, err);
	if (r == 0)
		r = check_running(state_fd, &state, err);
	if (r == 0)
		r = find_criu(path, err);
	if (r == 0)
		r = make_folders(options, err);
	if (r == 0)
		r = checkpoint_args(options, state.init.pid, freezer_of(&state, &arena), &arena,
				    args, err);
	return r < 0 ? r : run_criu(path, args, options, err);
}
