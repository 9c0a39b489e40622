/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cmd_checkpoint - owns the words of `checkpoint` and `restore`. */
#include <errno.h>

#include "checkpoint.h"
#include "command.h"
#include "error.h"
#include "fd.h"

struct options {
	const char *image_path;
	const char *work_path;
	const char *parent_path;
	bool leave_running;
	bool tcp_established;
	bool ext_unix_sk;
	bool shell_job;
	bool lazy_pages;
	const char *status_fd;
	const char *page_server;
	bool file_locks;
	bool pre_dump;
	const char *manage_cgroups_mode;
	struct option_list empty_ns;
	bool auto_dedup;
};

#define O(member) offsetof(struct options, member)
static const struct option options_table[] = {
	{ "image-path", 0, OPTION_STRING, O(image_path), "FOLDER",
	  "where the image goes (default: checkpoint)" },
	{ "work-path", 0, OPTION_STRING, O(work_path), "FOLDER", "where criu's log goes" },
	{ "parent-path", 0, OPTION_STRING, O(parent_path), "FOLDER",
	  "image of an earlier --pre-dump, relative to --image-path" },
	{ "leave-running", 0, OPTION_FLAG, O(leave_running), NULL, "needed: there is no restore" },
	{ "tcp-established", 0, OPTION_FLAG, O(tcp_established), NULL, "allow open TCP connections" },
	{ "ext-unix-sk", 0, OPTION_FLAG, O(ext_unix_sk), NULL, "allow unix sockets to the outside" },
	{ "shell-job", 0, OPTION_FLAG, O(shell_job), NULL, "allow a terminal from outside" },
	{ "lazy-pages", 0, OPTION_FLAG, O(lazy_pages), NULL, "refused: it serves a restore" },
	{ "status-fd", 0, OPTION_STRING, O(status_fd), "FD", "refused: it serves a restore" },
	{ "page-server", 0, OPTION_STRING, O(page_server), "ADDRESS:PORT",
	  "send memory to a criu that listens there" },
	{ "file-locks", 0, OPTION_FLAG, O(file_locks), NULL, "allow file locks" },
	{ "pre-dump", 0, OPTION_FLAG, O(pre_dump), NULL, "memory alone, for a later --parent-path" },
	{ "manage-cgroups-mode", 0, OPTION_STRING, O(manage_cgroups_mode), "MODE",
	  "soft (default), full, strict or ignore" },
	{ "empty-ns", 0, OPTION_LIST, O(empty_ns), "NAMESPACE",
	  "leave out what is in it; network only" },
	{ "auto-dedup", 0, OPTION_FLAG, O(auto_dedup), NULL, "drop what the parent image has" },
	{ NULL },
};

static int run(const struct globals *globals, const void *options, int argc, char **argv,
	       struct error *err)
{
	const struct options *o = options;
	_cleanup_free_ char *image_path = NULL, *work_path = NULL;
	struct checkpoint_options checkpoint = {
		.parent_path = o->parent_path,
		.leave_running = o->leave_running,
		.tcp_established = o->tcp_established,
		.ext_unix_sk = o->ext_unix_sk,
		.shell_job = o->shell_job,
		.lazy_pages = o->lazy_pages,
		.status_fd = o->status_fd != NULL,
		.page_server = o->page_server,
		.file_locks = o->file_locks,
		.pre_dump = o->pre_dump,
		.manage_cgroups_mode = o->manage_cgroups_mode,
		.empty_ns = &o->empty_ns,
		.auto_dedup = o->auto_dedup,
	};
	int r = command_absolute_path(o->image_path ? o->image_path : "checkpoint", &image_path, err);

	(void)argc;
	if (r == 0)
		r = command_absolute_path(o->work_path, &work_path, err);
	if (r < 0)
		return r;
	checkpoint.image_path = image_path;
	checkpoint.work_path = work_path;
	return checkpoint_container(globals, argv[0], &checkpoint, err);
}

const struct command command_checkpoint = {
	.name = "checkpoint",
	.usage = "<container-id>",
	.summary = "write an image of a running container, which goes on, by way of criu",
	.options = options_table,
	.options_size = sizeof(struct options),
	.min_args = 1,
	.max_args = 1,
	.flags = COMMAND_NEEDS_ROOT,
	.run = run,
	.fail_status = 1,
};

/* ---- restore ---------------------------------------------------------------------------------- */

/* Every flag of runc is known, so that the answer is the same one, whatever an engine passes. */
struct restore_options {
	const char *string;
	struct option_list list;
	bool flag;
};

#define R(member) offsetof(struct restore_options, member)
#define RESTORE_FLAG(name)                                                                         \
	{                                                                                          \
		name, 0, OPTION_FLAG, R(flag), NULL, "of no use"                                   \
	}
#define RESTORE_VALUE(name)                                                                        \
	{                                                                                          \
		name, 0, OPTION_STRING, R(string), "VALUE", "of no use"                            \
	}
static const struct option restore_table[] = {
	RESTORE_VALUE("console-socket"),
	RESTORE_VALUE("image-path"),
	RESTORE_VALUE("work-path"),
	RESTORE_FLAG("tcp-established"),
	RESTORE_FLAG("ext-unix-sk"),
	RESTORE_FLAG("shell-job"),
	RESTORE_FLAG("file-locks"),
	RESTORE_VALUE("manage-cgroups-mode"),
	{ "bundle", 'b', OPTION_STRING, R(string), "FOLDER", "of no use" },
	{ "detach", 'd', OPTION_FLAG, R(flag), NULL, "of no use" },
	RESTORE_VALUE("pid-file"),
	RESTORE_FLAG("no-subreaper"),
	RESTORE_FLAG("no-pivot"),
	{ "empty-ns", 0, OPTION_LIST, R(list), "NAMESPACE", "of no use" },
	RESTORE_FLAG("auto-dedup"),
	RESTORE_FLAG("lazy-pages"),
	RESTORE_VALUE("lsm-profile"),
	RESTORE_VALUE("lsm-mount-context"),
	{ NULL },
};

/*
 * criu restores user namespaces by itself, with the maps of the image: the ids would be the ones of then, which may be
 * another container's by now, and its mounts would be made in a namespace of the container's own, so none would be locked.
 */
static int run_restore(const struct globals *globals, const void *options, int argc, char **argv,
		       struct error *err)
{
	(void)globals;
	(void)options;
	(void)argc;
	(void)argv;
	return error_text(err, ENOTSUP,
			  "restore is not supported by this version of bulwark: criu would give the container the ids it "
			  "had, which may be another's by now, and mounts that are not locked: create a new container");
}

const struct command command_restore = {
	.name = "restore",
	.usage = "<container-id>",
	.summary = "refused: a container cannot be restored as isolated as it was",
	.options = restore_table,
	.options_size = sizeof(struct restore_options),
	.min_args = 1,
	.max_args = 1,
	.flags = COMMAND_NEEDS_ROOT,
	.run = run_restore,
	.fail_status = 1,
};
