/* SPDX-License-Identifier: GPL-2.0-or-later */
/* undo - see undo.h. */
#include "undo.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "cgroup.h"
#include "error.h"
#include "fd.h"
#include "idrange.h"
#include "intel_rdt.h"
#include "path.h"
#include "paths.h"
#include "state.h"
#include "str.h"
#include "twin.h"

#define CGROUP_REMOVE_MS                                                                           \
	10000 /* reaping a killed container; a task in uninterruptible sleep may take longer */

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
	r = cgroup_kill(cgroup, err);
	if (r == 0)
		r = cgroup_remove(cgroup, CGROUP_REMOVE_MS, err);
	return r;
}

/* A create that died before it could write state.json still has its block on record, under its folder's name. */
static int undo_range(const char *state_path, const struct state *state, struct error *err)
{
	_cleanup_free_ struct idrange_entry *entries = NULL;
	size_t n = 0;
	int r;

	if (state->id_base)
		return state->own_range ? idrange_free(PATHS_IDS, state->id_base, state_path, err) :
					  0;
	r = idrange_list(PATHS_IDS, &entries, &n, err);
	for (size_t i = 0; r == 0 && i < n; i++)
		if (str_eq(entries[i].state_path, state_path))
			r = idrange_free(PATHS_IDS, entries[i].base, state_path, err);
	return r;
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
	keep_first(&first, intel_rdt_remove(state->rdt_group, state->rdt_monitor, state->rdt_own, &e),
		   &e, err);
	if (state->twin_work)
		keep_first(&first, twin_remove_work(state->twin_work, &e), &e, err);
	if (first < 0)
		return first; /* processes may live on: their ids stay theirs */
	keep_first(&first, undo_range(path, state, &e), &e, err);
	if (first == 0)
		keep_first(&first, state_remove(root, id, &e), &e, err);
	return first;
}
