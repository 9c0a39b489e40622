/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cmd_delete - owns the words of `delete`. */
#include "command.h"
#include "lifecycle.h"

struct options {
	bool force;
};

static const struct option options_table[] = {
	{ "force", 'f', OPTION_FLAG, offsetof(struct options, force), NULL,
	  "kill it first; succeed when it is gone" },
	{ NULL },
};

static int run(const struct globals *globals, const void *options, int argc, char **argv,
	       struct error *err)
{
	const struct options *o = options;

	(void)argc;
	return delete_container(globals, argv[0], o->force, err);
}

const struct command command_delete = {
	.name = "delete",
	.usage = "<container-id>",
	.summary = "remove a stopped container and all that it holds",
	.options = options_table,
	.options_size = sizeof(struct options),
	.min_args = 1,
	.max_args = 1,
	.flags = COMMAND_NEEDS_ROOT,
	.run = run,
	.fail_status = 1,
};
