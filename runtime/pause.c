/* SPDX-License-Identifier: GPL-2.0-or-later */
/* pause - owns freezing a container and letting it go on: see lifecycle.h. */
#include <errno.h>

#include "cgroup.h"
#include "error.h"
#include "fd.h"
#include "lifecycle.h"
#include "state.h"

/* runc's words, which containerd and Podman look for. */
static int check_status(enum container_status status, bool pause, struct error *err)
{
	if (pause && status != CONTAINER_RUNNING && status != CONTAINER_CREATED)
		return error_text(err, EINVAL, "container not running: it is %s",
				  container_status_text(status));
	if (!pause && status != CONTAINER_PAUSED)
		return error_text(err, EINVAL, "container not paused: it is %s",
				  container_status_text(status));
	return 0;
}

int pause_container(const struct globals *globals, const char *id, bool pause, struct error *err)
{
	struct cgroup *cgroup __attribute__((cleanup(cgroup_freep))) = NULL;
	_cleanup_close_ int state_fd = -EBADF;
	struct state state = { 0 };
	int r = state_open(globals->root, id, true, &state_fd, err);

	if (r == 0)
		r = state_load(state_fd, &state, err);
	if (r == 0)
		r = check_status(state_status(state_fd, &state), pause, err);
	if (r == 0)
		r = cgroup_from_json(state.cgroup, &cgroup, err);
	if (r == 0 && cgroup_is_none(cgroup))
		r = error_text(err, ENOTSUP,
			       "the container has no cgroup of its own (--cgroup-manager=disabled), so there is nothing to "
			       "%s it by",
			       pause ? "pause" : "resume");
	if (r == 0)
		r = cgroup_freeze(cgroup, pause, err);
	state_done(&state);
	return r;
}
