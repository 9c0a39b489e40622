/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cmd_state - owns the words of `state`. */
#include <errno.h>

#include "command.h"
#include "error.h"
#include "fd.h"
#include "json.h"
#include "state.h"

static int run(const struct globals *globals, const void *options, int argc, char **argv,
	       struct error *err)
{
	_cleanup_close_ int state_fd = -EBADF;
	_cleanup_json_ json_t *oci = NULL;
	struct state state = { 0 };
	int r;

	(void)options;
	(void)argc;
	r = state_open(globals->root, argv[0], false, &state_fd, err);
	if (r < 0)
		return r;
	r = state_load(state_fd, &state, err);
	if (r < 0)
		return r;
	oci = state_to_oci(&state, state_status(state_fd, &state), 0);
	state_done(&state);
	return command_print_json(oci, err);
}

const struct command command_state = {
	.name = "state",
	.usage = "<container-id>",
	.summary = "print the state of a container as JSON",
	.min_args = 1,
	.max_args = 1,
	.run = run,
	.fail_status = 1,
};
