/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lsm_engine - owns the maps `engine` and `engine_files`: the guard of engines. See lsm.h. */
#include <errno.h>
#include <string.h>

#include "error.h"
#include "fd.h"
#include "lsm_map.h"
#include "lsm_private.h"

int lsm_set_engine_guard(struct lsm *lsm, const struct lsm_engine_guard *guard, struct error *err)
{
	struct lsm_engine value = {
		.restrict_exec = guard->restrict_exec,
		.refuse_tcp = guard->refuse_tcp,
		.policy = { .mode = guard->mode,
			    .armed_mode = guard->mode,
			    .cgroup_id = LSM_ENGINE_CGROUP,
			    .id = LSM_ENGINE_ID },
	};
	static const struct lsm_counters none;
	uint64_t id = LSM_ENGINE_CGROUP;
	uint32_t key = 0;

	if (guard->mode != LSM_MODE_OFF && guard->mode != LSM_MODE_AUDIT &&
	    guard->mode != LSM_MODE_ENFORCE)
		return error_text(err, EINVAL,
				  "the guard of engines is off, in audit mode, or enforced");
	/* The counters stay: they tell what was refused until now. */
	if (guard->mode != LSM_MODE_OFF &&
	    lsm_map_update(lsm->map_fds[LSM_MAP_COUNTERS], &id, &none, BPF_NOEXIST) < 0 &&
	    errno != EEXIST)
		return error_set(err, errno, "cannot count what is refused to engines");
	if (lsm_map_update(lsm->map_fds[LSM_MAP_ENGINE], &key, &value, BPF_ANY) < 0)
		return error_set(err, errno, "cannot set the guard of engines");
	return 0;
}

int lsm_set_engine_file(struct lsm *lsm, int fd, uint32_t roles, struct error *err)
{
	int map = lsm->map_fds[LSM_MAP_ENGINE_FILES];
	struct lsm_guard_key key;
	bool is_folder;
	int r = lsm_guard_key_of(fd, &key, &is_folder, err);

	if (r < 0)
		return r;
	if (is_folder)
		return error_text(err, EINVAL, "a folder is no program of an engine");
	if (roles ? lsm_map_update(map, &key, &roles, BPF_ANY) < 0 :
		    lsm_map_delete(map, &key) < 0 && errno != ENOENT)
		return errno == E2BIG ?
			       error_text(err, ENOSPC,
					  "the BPF LSM layer has room for %d programs of engines",
					  LSM_GUARDS_MAX) :
			       error_set(err, errno, "cannot list a program of an engine");
	return 0;
}
