/* SPDX-License-Identifier: GPL-2.0-or-later */
/* owner_map - see owner_map.h. */
#include "owner_map.h"

#include <stdbool.h>

#include "accounts.h"
#include "error.h"
#include "idrange.h"

#define NOGROUP 65534
#define SUBIDS_FIRST                                                                               \
	1000 /* a line with less gives the ids of system accounts away; newuidmap(1) users have more */

struct host_files {
	struct accounts_file passwd, group, subuid, subgid;
};

static void files_done(struct host_files *files)
{
	accounts_done(&files->passwd);
	accounts_done(&files->group);
	accounts_done(&files->subuid);
	accounts_done(&files->subgid);
}

static int files_read(const char *etc_path, struct host_files *ret, struct error *err)
{
	int r = accounts_read(etc_path, "passwd", &ret->passwd, err);

	if (r == 0)
		r = accounts_read(etc_path, "group", &ret->group, err);
	if (r == 0)
		r = accounts_read(etc_path, "subuid", &ret->subuid, err);
	if (r == 0)
		r = accounts_read(etc_path, "subgid", &ret->subgid, err);
	return r;
}

/* Which group on disk is the container's group 0. */
static uint32_t root_group(const struct host_files *files, const struct account *account,
			   uint32_t uid, uint32_t gid)
{
	if (account)
		return account->gid != 0 ? account->gid : NOGROUP;
	if (gid != 0 && (gid == uid || !accounts_has_gid(&files->group, gid)))
		return gid;
	return NOGROUP;
}

static bool holds(const struct id_span *span, uint32_t id)
{
	return id >= span->first && id - span->first < span->size;
}

/* To the container's ids. */
static size_t fill(struct id_mapping maps[OWNER_MAP_SPANS_MAX + 1], uint32_t root,
		   const struct id_span *spans, size_t n_spans)
{
	uint32_t used = 1;
	size_t n = 1;

	maps[0] = (struct id_mapping){ root, 0, 1 };
	for (size_t i = 0; i < n_spans && used < IDRANGE_SIZE; i++) {
		uint32_t size = spans[i].size;

		if (holds(&spans[i], root)) /* an id can be mapped once */
			continue;
		if (size > IDRANGE_SIZE - used)
			size = IDRANGE_SIZE - used;
		maps[n++] = (struct id_mapping){ spans[i].first, used, size };
		used += size;
	}
	return n;
}

int owner_map_make(const char *etc_path, uid_t uid, gid_t gid, const struct idmap *container,
		   struct idmap *ret, struct error *err)
{
	struct id_mapping maps[OWNER_MAP_SPANS_MAX + 1];
	struct id_span spans[OWNER_MAP_SPANS_MAX];
	struct host_files files = { 0 };
	struct account account;
	bool known;
	size_t n;
	int r = files_read(etc_path, &files, err);

	if (r == 0) {
		known = accounts_find(&files.passwd, uid, &account);
		n = accounts_subids(&files.subuid, uid, known ? account.name : NULL, SUBIDS_FIRST,
				    spans, OWNER_MAP_SPANS_MAX);
		n = fill(maps, uid, spans, n);
		ret->n_uids = idmap_compose(maps, n, container->uids, container->n_uids, ret->uids,
					    IDMAP_MAX);
		n = accounts_subids(&files.subgid, uid, known ? account.name : NULL, SUBIDS_FIRST,
				    spans, OWNER_MAP_SPANS_MAX);
		n = fill(maps, root_group(&files, known ? &account : NULL, uid, gid), spans, n);
		ret->n_gids = idmap_compose(maps, n, container->gids, container->n_gids, ret->gids,
					    IDMAP_MAX);
	}
	files_done(&files);
	return r;
}
