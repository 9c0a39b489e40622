/* SPDX-License-Identifier: GPL-2.0-or-later */
/* undo - see undo.h. */
#include "undo.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "bpf_lsm.h"
#include "cgroup.h"
#include "error.h"
#include "fd.h"
#include "fuse_connections.h"
#include "idrange.h"
#include "intel_rdt.h"
#include "monitor.h"
#include "path.h"
#include "paths.h"
#include "state.h"
#include "str.h"
#include "twin.h"

#define CGROUP_SOON_MS 1000
#define CGROUP_REMOVE_MS                                                                           \
	10000 /* reaping a killed container; a task in uninterruptible sleep may take longer */

static int end_cgroup(struct cgroup *cgroup, int timeout_ms, struct error *err)
{
	int r = cgroup_kill(cgroup, err);

	if (r == 0) /* before the folder goes: without its file of events systemd does not notice that it is empty */
		r = cgroup_stop_unit(cgroup, err);
	return r < 0 ? r : cgroup_remove(cgroup, timeout_ms, err);
}

static int undo_cgroup(const struct state *state, struct cgroup *cgroup, struct error *err)
{
	__attribute__((cleanup(cgroup_freep))) struct cgroup *opened = NULL;
	int r;

	if (!cgroup) {
		if (!state->cgroup)
			return 0;
		r = cgroup_from_json(state->cgroup, &opened, err);
		if (r < 0)
			return r;
		cgroup = opened;
	}
	r = end_cgroup(cgroup, CGROUP_SOON_MS, err);
	if (r != -EBUSY)
		return r;
	fuse_connections_abort(state);
	return end_cgroup(cgroup, CGROUP_REMOVE_MS, err);
}

/* What joined another's ids, and a create that died before it could write state.json, are on record under the folder. */
static int undo_range(const char *state_path, const struct state *state, struct error *err)
{
	return state->id_base ? idrange_free(PATHS_IDS, state->id_base, state_path, err) :
				idrange_leave(PATHS_IDS, state_path, err);
}

static void keep_first(int *first, int r, const struct error *from, struct error *err)
{
	if (r < 0 && *first == 0) {
		*first = r;
		if (err)
			*err = *from;
	}
}

int undo_container(const char *root, int state_fd, const struct state *state, struct cgroup *cgroup,
		   struct error *err)
{
	struct error e = ERROR_INIT;
	char path[PATH_MAX];
	const char *id;
	int first = 0, r = path_of_fd(state_fd, path, err);

	if (r < 0)
		return r;
	id = strrchr(path, '/') + 1;
	keep_first(&first, undo_cgroup(state, cgroup, &e), &e, err);
	monitor_end(state);
	keep_first(&first, intel_rdt_remove(state->rdt_group, state->rdt_monitor, state->rdt_own, &e),
		   &e, err);
	if (state->twin_work)
		keep_first(&first, twin_remove_work(state->twin_work, &e), &e, err);
	if (first < 0)
		return first; /* processes may live on: their ids stay theirs */
	keep_first(&first, bpf_lsm_forget(state, &e), &e, err);
	keep_first(&first, undo_range(path, state, &e), &e, err);
	if (first == 0)
		keep_first(&first, state_remove(root, id, &e), &e, err);
	return first;
}
