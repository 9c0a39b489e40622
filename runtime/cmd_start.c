/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cmd_start - owns the words of `start`. */
#include "command.h"
#include "lifecycle.h"

static int run(const struct globals *globals, const void *options, int argc, char **argv,
	       struct error *err)
{
	(void)options;
	(void)argc;
	return start_container(globals, argv[0], NULL, err);
}

const struct command command_start = {
	.name = "start",
	.usage = "<container-id>",
	.summary = "let a created container run its process",
	.min_args = 1,
	.max_args = 1,
	.flags = COMMAND_NEEDS_ROOT,
	.run = run,
	.fail_status = 1,
};
