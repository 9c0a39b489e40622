/* SPDX-License-Identifier: GPL-2.0-or-later */
/* claim - see claim.h. */
#include "claim.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "bpf_lsm.h"
#include "container.h"
#include "error.h"
#include "fd.h"
#include "idmap.h"
#include "idrange.h"
#include "lifecycle.h"
#include "path.h"
#include "paths.h"
#include "str.h"

/* ---- state ---------------------------------------------------------------------------------------- */

static char *now_text(void)
{
	struct timespec now;
	struct tm tm;

	(void)clock_gettime(CLOCK_REALTIME, &now);
	(void)gmtime_r(&now.tv_sec, &tm);
	return str_dupf("%04d-%02d-%02dT%02d:%02d:%02d.%09ldZ", tm.tm_year + 1900, tm.tm_mon + 1,
			tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec, now.tv_nsec);
}

static json_t *hooks_of(const struct spec *spec, const char *name)
{
	return json_incref(json_object_get(json_object_get(spec->json, "hooks"), name));
}

static int fill_state(struct container *c, struct error *err)
{
	struct state *s = &c->state;

	s->id = strdup(c->options->id);
	s->oci_version = strdup(c->spec->oci_version);
	s->bundle = strdup(c->bundle);
	s->config = c->options->config ? strdup(c->options->config) : NULL;
	s->rootfs = strdup(c->rootfs);
	s->created = now_text();
	if ((c->options->config && !s->config) || !s->id || !s->oci_version || !s->bundle ||
	    !s->rootfs || !s->created)
		return error_set(err, ENOMEM, "state");
	s->owner = getuid();
	s->annotations = json_incref(json_object_get(c->spec->json, "annotations"));
	s->poststart = hooks_of(c->spec, "poststart");
	s->poststop = hooks_of(c->spec, "poststop");
	return 0;
}

/* The spec as it was, for `exec`; the process's environment, where secrets live, stays in the bundle. */
static int save_config(const struct container *c, struct error *err)
{
	_cleanup_json_ json_t *copy = json_copy(c->spec->json);
	json_t *process = json_object_get(copy, "process");
	_cleanup_free_ char *text = NULL;

	if (process) {
		json_t *without = json_copy(process);

		json_object_del(without, "env");
		json_object_set_new(copy, "process", without);
	}
	text = json_to_text(copy);
	if (!text)
		return error_set(err, ENOMEM, STATE_CONFIG);
	return fd_replace_file(c->state_fd, STATE_CONFIG, text, strlen(text), 0600, err);
}

/* ---- ids ------------------------------------------------------------------------------------------ */

/* Every host id of a map once; uids and gids are mostly the same. */
static size_t list_spans(const struct idmap *map, struct id_span spans[2 * IDMAP_MAX])
{
	const bool alike = map->n_uids == map->n_gids &&
			   memcmp(map->uids, map->gids, map->n_uids * sizeof(map->uids[0])) == 0;
	size_t n = 0;

	for (size_t i = 0; i < map->n_uids; i++)
		spans[n++] = (struct id_span){ map->uids[i].host_id, map->uids[i].size };
	for (size_t i = 0; i < map->n_gids && !alike; i++)
		spans[n++] = (struct id_span){ map->gids[i].host_id, map->gids[i].size };
	return n;
}

/* Ids that are not ours to give: the user namespace is another's, or its mappings are the spec's. */
static int share_ids(struct container *c, const struct idmap *asked, struct error *err)
{
	struct id_span spans[2 * IDMAP_MAX];
	struct idmap *map = &c->state.map;
	bool joins = join_has(&c->joined, NS_USER);
	int r = 0;

	if (asked->n_uids || asked->n_gids) {
		r = idmap_check(asked->uids, asked->n_uids, err);
		if (r == 0)
			r = idmap_check(asked->gids, asked->n_gids, err);
	}
	if (r < 0)
		return error_wrap(err, "linux.uidMappings, linux.gidMappings");
	if (!joins)
		*map = *asked;
	else
		r = idmap_of_userns(c->joined.fds[NS_USER], map, err);
	if (r == 0 && joins && asked->n_uids && !idmap_equal(asked, map))
		r = error_text(err, EINVAL,
			       "linux.uidMappings: they are not those of the user namespace that is joined");
	if (r == 0)
		r = idrange_share(PATHS_IDS, spans, list_spans(map, spans),
				  joins ? c->joined.userns_inode : 0, c->scratch, &c->foreign_ids,
				  err);
	return r;
}

/* A block of its own, unless the spec says whose ids it has. */
static int take_ids(struct container *c, struct error *err)
{
	const struct spec_linux *l = &c->spec->linux_;
	struct idmap asked = { 0 };
	int r;

	if (idmap_set(&asked, &l->uid_mappings, &l->gid_mappings) < 0)
		return error_text(err, EINVAL, "linux.uidMappings: more than the kernel's %d",
				  IDMAP_MAX);
	if (join_has(&c->joined, NS_USER) || asked.n_uids || asked.n_gids) {
		r = share_ids(c, &asked, err);
	} else {
		r = idrange_take(PATHS_IDS, c->scratch, &c->state.id_base, err);
		if (r == 0)
			idmap_set_block(&c->state.map, c->state.id_base);
	}
	if (r < 0)
		return r;
	if (!idmap_host_uid(&c->state.map, 0, &c->root_uid) ||
	    !idmap_host_gid(&c->state.map, 0, &c->root_gid))
		return error_text(err, EINVAL,
				  "linux.uidMappings, linux.gidMappings: id 0 of the container must be mapped: its root builds it");
	return 0;
}

/* ---- all of it ------------------------------------------------------------------------------------- */

int claim_container(struct container *c, struct error *err)
{
	int r = fill_state(c, err);

	if (r == 0)
		r = state_create(c->globals->root, c->options->id, &c->state_fd, err);
	if (r == 0)
		r = path_of_fd(c->state_fd, c->scratch, err);
	if (r == 0)
		r = take_ids(c, err);
	if (r == 0)
		r = save_config(c, err);
	if (r == 0)
		r = state_save(c->state_fd, &c->state, err);
	return r;
}

/* ---- cgroup --------------------------------------------------------------------------------------- */

static int save_cgroup(struct container *c, struct error *err)
{
	json_decref(c->state.cgroup);
	c->state.cgroup = cgroup_to_json(c->cgroup);
	if (!c->state.cgroup)
		return error_text(err, EINVAL,
				  "cgroup: no memory, or a path that is not UTF-8 and cannot be put on record");
	return state_save(c->state_fd, &c->state, err);
}

int claim_plan_cgroup(struct container *c, struct error *err)
{
	const struct spec_linux *l = &c->spec->linux_;
	int r;

	if (c->globals->cgroup_disabled)
		r = cgroup_plan_none(&l->namespaces, &c->cgroup, err);
	else if (c->globals->systemd_cgroup)
		r = cgroup_plan_unit(l->cgroups_path, c->options->id, &l->resources, &c->devices,
				     &c->spec->annotations, &c->cgroup, err);
	else
		r = cgroup_plan(l->cgroups_path, c->options->id, &c->cgroup, err);
	if (r == 0)
		r = save_cgroup(c, err);
	return r < 0 ? error_wrap(err, "cgroup") : 0;
}

int claim_make_cgroup(struct container *c, struct error *err)
{
	const struct spec_linux *l = &c->spec->linux_;
	int r = cgroup_start_unit(c->cgroup, c->init_pid, err);

	if (r == 0 && cgroup_has_unit(c->cgroup))
		r = save_cgroup(c, err);
	if (r == 0)
		r = cgroup_make(c->cgroup, err);
	if (r == 0)
		r = bpf_lsm_plan(c, err);
	if (r == 0)
		r = save_cgroup(c, err);
	if (r == 0)
		r = cgroup_apply(c->cgroup, &l->resources,
				 cgroup_is_none(c->cgroup) ? NULL : &c->devices, err);
	if (r == 0)
		r = cgroup_delegate(c->cgroup, c->root_uid, c->root_gid, err);
	return r < 0 ? error_wrap(err, "cgroup") : 0;
}
