/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cmd_exec - owns the words of `exec`. */
#include <errno.h>

#include "command.h"
#include "error.h"
#include "fd.h"
#include "lifecycle.h"
#include "log.h"
#include "terminal.h"

struct options {
	const char *console_socket;
	const char *pidfd_socket;
	const char *cwd;
	struct option_list env;
	bool tty;
	const char *user;
	struct option_list additional_gids;
	const char *process;
	bool detach;
	const char *pid_file;
	const char *process_label;
	const char *apparmor;
	bool no_new_privs;
	struct option_list caps;
	uint32_t preserve_fds;
	struct option_list cgroup;
	bool ignore_paused;
};

#define O(member) offsetof(struct options, member)
static const struct option options_table[] = {
	{ "console-socket", 0, OPTION_STRING, O(console_socket), "SOCKET",
	  "where to send the terminal's master" },
	{ "pidfd-socket", 0, OPTION_STRING, O(pidfd_socket), "SOCKET",
	  "where to send a pidfd of the process" },
	{ "cwd", 0, OPTION_STRING, O(cwd), "FOLDER", "current folder, inside the container" },
	{ "env", 'e', OPTION_LIST, O(env), "NAME=VALUE", "set a variable; may be repeated" },
	{ "tty", 't', OPTION_FLAG, O(tty), NULL, "give it a terminal" },
	{ "user", 'u', OPTION_STRING, O(user), "UID[:GID]", "ids inside the container" },
	{ "additional-gids", 'g', OPTION_LIST, O(additional_gids), "GID",
	  "one more group; may be repeated" },
	{ "process", 'p', OPTION_STRING, O(process), "FILE", "the OCI process to run, as JSON" },
	{ "detach", 'd', OPTION_FLAG, O(detach), NULL, "return once the process runs" },
	{ "pid-file", 0, OPTION_STRING, O(pid_file), "FILE", "write the process id here" },
	{ "process-label", 0, OPTION_STRING, O(process_label), "LABEL", "SELinux label to change to" },
	{ "apparmor", 0, OPTION_STRING, O(apparmor), "PROFILE", "AppArmor profile to change to" },
	{ "no-new-privs", 0, OPTION_FLAG, O(no_new_privs), NULL, "set no_new_privs" },
	{ "cap", 'c', OPTION_LIST, O(caps), "CAPABILITY", "add a capability; may be repeated" },
	{ "preserve-fds", 0, OPTION_U32, O(preserve_fds), "N",
	  "pass on N file descriptors after the standard ones" },
	{ "cgroup", 0, OPTION_LIST, O(cgroup), "[CONTROLLER:]PATH",
	  "an existing cgroup below the container's; may be repeated" },
	{ "ignore-paused", 0, OPTION_FLAG, O(ignore_paused), NULL, "also in a paused container" },
	{ NULL },
};

static int run(const struct globals *globals, const void *options, int argc, char **argv,
	       struct error *err)
{
	const struct options *o = options;
	_cleanup_free_ char *console_socket = NULL, *pidfd_socket = NULL, *pid_file = NULL;
	struct exec_options exec = {
		.id = argv[0],
		.process_path = o->process,
		.args = argv + 1,
		.cwd = o->cwd,
		.env = &o->env,
		.user = o->user,
		.additional_gids = &o->additional_gids,
		.caps = &o->caps,
		.tty = o->tty,
		.no_new_privs = o->no_new_privs,
		.detach = o->detach,
		.apparmor = o->apparmor,
		.label = o->process_label,
		.cgroups = &o->cgroup,
		.ignore_paused = o->ignore_paused,
		.preserve_fds = o->preserve_fds,
	};
	int status = 0;
	int r = command_absolute_path(o->console_socket, &console_socket, err);

	if (r == 0)
		r = command_absolute_path(o->pidfd_socket, &pidfd_socket, err);
	if (r == 0)
		r = command_absolute_path(o->pid_file, &pid_file, err);
	if (r < 0)
		return r;
	exec.console_socket = console_socket;
	exec.pidfd_socket = pidfd_socket;
	exec.pid_file = pid_file;
	if (argc < 2 && !o->process)
		return error_text(err, EINVAL,
				  "exec: no command: give its words after the container id, or --process");
	if (globals->log && !o->tty &&
	    !o->console_socket) /* then our standard error becomes the process's */
		log_leave_stderr();
	if (!o->detach) {
		r = foreground_block_signals(err); /* before a signal could be meant for it */
		if (r < 0)
			return r;
	}
	r = exec_container(globals, &exec, &status, err);
	return r < 0 ? r : status;
}

const struct command command_exec = {
	.name = "exec",
	.usage = "<container-id> <command> [arguments]",
	.summary = "run one more process in a container",
	.options = options_table,
	.options_size = sizeof(struct options),
	.min_args = 1,
	.max_args = -1,
	.flags = COMMAND_NEEDS_ROOT,
	.run = run,
	.fail_status = 255, /* so that it is none of the process's own */
};
