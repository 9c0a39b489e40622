/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cmd_create - owns the words of `create`. */
#include "command.h"
#include "fd.h"
#include "lifecycle.h"
#include "listen_fds.h"
#include "log.h"
#include "notify_socket.h"

struct options {
	const char *bundle;
	const char *config;
	const char *console_socket;
	const char *pidfd_socket;
	const char *pid_file;
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
	{ "no-pivot", 0, OPTION_FLAG, O(no_pivot), NULL, "accepted; pivot_root(2) is always used" },
	{ "no-new-keyring", 0, OPTION_FLAG, O(no_new_keyring), NULL,
	  "accepted; a container never gets the caller's keyring" },
	{ "preserve-fds", 0, OPTION_U32, O(preserve_fds), "N",
	  "pass on N file descriptors after the standard ones" },
	{ NULL },
};

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
	return create_container(globals, &create, NULL, err);
}

const struct command command_create = {
	.name = "create",
	.usage = "<container-id>",
	.summary = "make a container that waits for 'start'",
	.options = options_table,
	.options_size = sizeof(struct options),
	.min_args = 1,
	.max_args = 1,
	.flags = COMMAND_NEEDS_ROOT,
	.run = run,
	.fail_status = 1,
};
