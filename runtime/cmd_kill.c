/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cmd_kill - owns the words of `kill`. */
#include <signal.h>

#include "command.h"
#include "lifecycle.h"
#include "signals.h"

struct options {
	bool all;
};

static const struct option options_table[] = {
	{ "all", 'a', OPTION_FLAG, offsetof(struct options, all), NULL,
	  "send it to every process of the container" },
	{ NULL },
};

static int run(const struct globals *globals, const void *options, int argc, char **argv,
	       struct error *err)
{
	const struct options *o = options;
	int signal = SIGTERM;
	int r = argc > 1 ? signals_parse(argv[1], &signal, err) : 0;

	return r < 0 ? r : kill_container(globals, argv[0], signal, o->all, err);
}

const struct command command_kill = {
	.name = "kill",
	.usage = "<container-id> [signal]",
	.summary = "send a signal (default: TERM) to a container's init",
	.options = options_table,
	.options_size = sizeof(struct options),
	.min_args = 1,
	.max_args = 2,
	.flags = COMMAND_NEEDS_ROOT,
	.run = run,
	.fail_status = 1,
};
