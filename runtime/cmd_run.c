/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cmd_run - owns the words of `run`: create, start, wait, delete. */
#include <errno.h>
#include <sys/wait.h>

#include "command.h"
#include "error.h"
#include "fd.h"
#include "lifecycle.h"
#include "listen_fds.h"
#include "log.h"
#include "loop.h"
#include "notify_socket.h"
#include "terminal.h"

struct options {
	const char *bundle;
	const char *config;
	const char *console_socket;
	const char *pidfd_socket;
	const char *pid_file;
	bool detach;
	bool keep;
	bool no_subreaper;
	bool no_pivot;
	bool no_new_keyring;
	uint32_t preserve_fds;
};

#define O(member) offsetof(struct options, member)
static const struct option options_table[] = {
	{ "bundle", 'b', OPTION_STRING, O(bundle), "FOLDER",
	  "folder of config.json (default: the current one)" },
	{ "config", 'f', OPTION_STRING, O(config), "FILE", "instead of config.json of the bundle" },
	{ "console-socket", 0, OPTION_STRING, O(console_socket), "SOCKET",
	  "where to send the terminal's master" },
	{ "pidfd-socket", 0, OPTION_STRING, O(pidfd_socket), "SOCKET",
	  "where to send a pidfd of the process" },
	{ "pid-file", 0, OPTION_STRING, O(pid_file), "FILE", "write the process id of init here" },
	{ "detach", 'd', OPTION_FLAG, O(detach), NULL, "return once the container runs" },
	{ "keep", 0, OPTION_FLAG, O(keep), NULL, "do not delete the container when it ends" },
	/* With a pid namespace always there, orphans are init's: there is nothing to reap. */
	{ "no-subreaper", 0, OPTION_FLAG, O(no_subreaper), NULL,
	  "accepted; bulwark is never a subreaper" },
	{ "no-pivot", 0, OPTION_FLAG, O(no_pivot), NULL, "accepted; pivot_root(2) is always used" },
	{ "no-new-keyring", 0, OPTION_FLAG, O(no_new_keyring), NULL,
	  "accepted; a container never gets the caller's keyring" },
	{ "preserve-fds", 0, OPTION_U32, O(preserve_fds), "N",
	  "pass on N file descriptors after the standard ones" },
	{ NULL },
};

/* What remains is removed, but what is told is the first failure, which @err keeps. */
static void clean_up(const struct globals *globals, const char *id)
{
	struct error err = ERROR_INIT;

	if (delete_container(globals, id, true, &err) < 0)
		log_warning("cannot delete container '%s': %s", id, err.msg);
}

/* We are who the service manager started, and stay that: no MAINPID. */
static void pass_on_ready(int notify_sock, bool *told)
{
	struct error err = ERROR_INIT;

	if (*told || !notify_socket_take(notify_sock))
		return;
	*told = true;
	if (notify_socket_tell(0, &err) < 0)
		log_warning("%s", err.msg);
}

static int on_notify(struct loop *loop, int fd, uint32_t events, void *data, struct error *err)
{
	bool *told = data;

	(void)events;
	pass_on_ready(fd, told);
	return *told ? loop_unwatch(loop, fd, err) : 0;
}

static int start_and_wait(const struct globals *globals, const char *id,
			  const struct created *created, int *ret_status, struct error *err)
{
	_cleanup_close_ int notify_sock = -EBADF;
	bool told = false;
	int r;

	foreground_prepare(created->master_fd);
	r = start_container(globals, id, &notify_sock, err);
	if (r < 0)
		return r;
	r = foreground_wait_with(created->pid, created->pidfd, created->master_fd, notify_sock,
				 on_notify, &told, ret_status, err);
	if (notify_sock >= 0) /* what it said right before its end */
		pass_on_ready(notify_sock, &told);
	return r < 0 ? error_wrap(err, "run: waiting for the container") : 0;
}

static int run_foreground(const struct globals *globals, const struct create_options *create,
			  bool keep, struct error *err)
{
	struct created created = { .pidfd = -EBADF, .master_fd = -EBADF };
	int status = 0;
	int r = foreground_block_signals(err); /* before a signal could be meant for it */

	if (r < 0)
		return r;
	r = create_container(globals, create, &created, err);
	if (r < 0)
		return r;
	r = start_and_wait(globals, create->id, &created, &status, err);
	fd_close(created.pidfd);
	fd_close(created.master_fd);
	if (r < 0 || !keep)
		clean_up(globals, create->id);
	if (r < 0)
		return r;
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

static int run_detached(const struct globals *globals, const struct create_options *create,
			struct error *err)
{
	int r = create_container(globals, create, NULL, err);

	if (r < 0)
		return r;
	r = start_container(globals, create->id, NULL, err);
	if (r < 0)
		clean_up(globals, create->id);
	return r;
}

static int run(const struct globals *globals, const void *options, int argc, char **argv,
	       struct error *err)
{
	const struct options *o = options;
	_cleanup_free_ char *config = NULL, *console_socket = NULL, *pidfd_socket = NULL,
			    *pid_file = NULL;
	struct create_options create = {
		.id = argv[0],
		.bundle = o->bundle ? o->bundle : ".",
		.no_pivot = o->no_pivot,
		.no_new_keyring = o->no_new_keyring,
		.preserve_fds = o->preserve_fds,
		.foreground = !o->detach,
	};
	int r = listen_fds_count(&create.listen_fds, err);

	(void)argc;
	if (r == 0)
		r = command_absolute_path(o->console_socket, &console_socket, err);
	if (r == 0)
		r = command_absolute_path(o->config, &config, err);
	if (r == 0)
		r = command_absolute_path(o->pidfd_socket, &pidfd_socket, err);
	if (r == 0)
		r = command_absolute_path(o->pid_file, &pid_file, err);
	if (r < 0)
		return r;
	create.notify = notify_socket_host() != NULL;
	create.preserve_fds += create.listen_fds; /* those come first */
	create.config = config;
	create.console_socket = console_socket;
	create.pidfd_socket = pidfd_socket;
	create.pid_file = pid_file;
	if (globals->log && !o->console_socket) /* our stderr becomes the container's */
		log_leave_stderr();
	return o->detach ? run_detached(globals, &create, err) :
			   run_foreground(globals, &create, o->keep, err);
}

const struct command command_run = {
	.name = "run",
	.usage = "<container-id>",
	.summary = "create and start a container, and wait for its end",
	.options = options_table,
	.options_size = sizeof(struct options),
	.min_args = 1,
	.max_args = 1,
	.flags = COMMAND_NEEDS_ROOT,
	.run = run,
	.fail_status = 1,
};
