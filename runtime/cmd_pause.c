/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cmd_pause - owns the words of `pause` and `resume`. */
#include "command.h"
#include "lifecycle.h"

static int run_pause(const struct globals *globals, const void *options, int argc, char **argv,
		     struct error *err)
{
	(void)options;
	(void)argc;
	return pause_container(globals, argv[0], true, err);
}

static int run_resume(const struct globals *globals, const void *options, int argc, char **argv,
		      struct error *err)
{
	(void)options;
	(void)argc;
	return pause_container(globals, argv[0], false, err);
}

const struct command command_pause = {
	.name = "pause",
	.usage = "<container-id>",
	.summary = "suspend all processes of a container",
	.min_args = 1,
	.max_args = 1,
	.flags = COMMAND_NEEDS_ROOT,
	.run = run_pause,
	.fail_status = 1,
};

const struct command command_resume = {
	.name = "resume",
	.usage = "<container-id>",
	.summary = "let a paused container go on",
	.min_args = 1,
	.max_args = 1,
	.flags = COMMAND_NEEDS_ROOT,
	.run = run_resume,
	.fail_status = 1,
};
