/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * lsm_masks - owns a container's entries of the map `masks`: maskedPaths and readonlyPaths of its config that lie below /proc
 * or /sys. See lsm.h.
 *
 * How this works: each entry names the next one's path, and the container's own entry names the first, so that what was set
 * is found again without walking a map of all containers. The first is named before any exists: after a crash at any
 * moment, removal finds a chain whose end is missing, and never an entry that nobody names.
 */
#include <errno.h>
#include <linux/magic.h>
#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "fd.h"
#include "lsm_map.h"
#include "lsm_private.h"
#include "str.h"

struct rule {
	uint64_t path;
	uint32_t node;
};

/* Nodes of processes: the rule would be one for their number, and "self" is a symbolic link. */
static bool is_of_process(const char *path)
{
	return (*path >= '0' && *path <= '9') || str_eq(path, "self") || str_after(path, "self/") ||
	       str_eq(path, "thread-self") || str_after(path, "thread-self/");
}

/* What the kernel does with "//" and "/./" on its way: the same path without them. False: too long, or with "..". */
static bool normalize(const char *path, char *ret, size_t size)
{
	size_t n = 0;

	while (*path) {
		size_t len = strcspn(path, "/");

		if (len == 2 && path[0] == '.' && path[1] == '.')
			return false;
		if (len > 0 && !(len == 1 && path[0] == '.')) {
			if (n + 1 + len + 1 > size)
				return false;
			if (n > 0)
				ret[n++] = '/';
			memcpy(ret + n, path, len);
			n += len;
		}
		path += len;
		path += strspn(path, "/");
	}
	ret[n] = '\0';
	return n > 0;
}

/* 0: it cannot be a rule. */
static uint64_t mask_hash(const char *path)
{
	static const struct {
		const char *prefix;
		uint64_t magic;
	} places[] = { { "proc/", PROC_SUPER_MAGIC }, { "sys/", SYSFS_MAGIC } };
	char text[(LSM_PATH_DEPTH + 1) * LSM_PATH_NAME];

	if (*path != '/' || !normalize(path, text, sizeof(text)))
		return 0;
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		const char *below = str_after(text, places[i].prefix);

		if (below && !(places[i].magic == PROC_SUPER_MAGIC && is_of_process(below)))
			return lsm_path_hash(places[i].magic, below);
	}
	return 0;
}

static int compare_rules(const void *a, const void *b)
{
	const struct rule *x = a, *y = b;

	return (x->path > y->path) - (x->path < y->path);
}

/* The rules that @masks are, each path once: the number of them. */
static size_t make_rules(const struct lsm_mask *masks, size_t n, struct rule *rules)
{
	size_t all = 0, kept = 0;

	for (size_t i = 0; i < n; i++) {
		rules[all] = (struct rule){ .path = mask_hash(masks[i].path), .node = masks[i].node };
		all += rules[all].path != 0;
	}
	qsort(rules, all, sizeof(rules[0]), compare_rules);
	for (size_t i = 0; i < all; i++) {
		if (kept > 0 && rules[kept - 1].path == rules[i].path)
			rules[kept - 1].node |= rules[i].node;
		else
			rules[kept++] = rules[i];
	}
	return kept;
}

static int insert_rules(struct lsm *lsm, uint64_t cgroup_id, const struct rule *rules, size_t n,
			struct error *err)
{
	_cleanup_free_ struct lsm_mask_key *keys = calloc(n, sizeof(*keys));
	_cleanup_free_ struct lsm_mask_value *values = calloc(n, sizeof(*values));
	int fd = lsm->map_fds[LSM_MAP_MASKS], saved;
	uint32_t done = 0;

	if (!keys || !values)
		return error_set(err, ENOMEM, "cannot set the container's masks");
	for (size_t i = 0; i < n; i++) {
		keys[i] = (struct lsm_mask_key){ .cgroup_id = cgroup_id, .path = rules[i].path };
		values[i] = (struct lsm_mask_value){ .node = rules[i].node,
						     .next = i + 1 < n ? rules[i + 1].path : 0 };
	}
	if (lsm_map_update_batch(fd, keys, values, (uint32_t)n, &done) == 0)
		return 0;
	saved = errno;
	for (size_t i = 0; i < n; i++)
		(void)lsm_map_delete(fd, &keys[i]);
	return saved == E2BIG ?
		       error_text(err, ENOSPC,
				  "the BPF LSM layer has room for %d masked and read-only paths",
				  LSM_MASKS_ALL) :
		       error_set(err, saved, "cannot set the container's masks");
}

int lsm_set_masks(struct lsm *lsm, uint64_t cgroup_id, const struct lsm_mask *masks, size_t n,
		  struct error *err)
{
	_cleanup_close_ int lock_fd = -EBADF;
	_cleanup_free_ struct rule *rules = NULL;
	struct lsm_namespace ns = { 0 };
	struct lsm_container container = { 0 };
	int r;

	if (n > LSM_MASKS_MAX)
		return error_text(err, E2BIG,
				  "%zu paths are more than the %d that a container may mask or make read-only",
				  n, LSM_MASKS_MAX);
	rules = calloc(n + 1, sizeof(*rules)); /* one more than needed: none is no failure */
	if (!rules)
		return error_set(err, ENOMEM, "cannot set the container's masks");
	n = make_rules(masks, n, rules);
	r = lsm_lock_maps(lsm, &lock_fd, err);
	if (r == 0)
		r = lsm_find_container(lsm, cgroup_id, &container, &ns, err);
	if (r < 0)
		return r;
	if (container.first_mask)
		return error_text(err, EEXIST,
				  "the container has masks in the BPF LSM layer already");
	if (n == 0)
		return 0;
	container.first_mask = rules[0].path;
	r = lsm_write_container(lsm, &container, &ns, err);
	if (r == 0)
		r = insert_rules(lsm, cgroup_id, rules, n, err);
	if (r < 0) {
		container.first_mask = 0;
		(void)lsm_write_container(lsm, &container, &ns, NULL);
		return r;
	}
	return (int)n;
}

void lsm_forget_masks(struct lsm *lsm, const struct lsm_container *container)
{
	struct lsm_mask_key key = { .cgroup_id = container->cgroup_id, .path = container->first_mask };
	struct lsm_mask_value mask;

	for (size_t i = 0; key.path && i < LSM_MASKS_MAX; i++) {
		if (lsm_map_take(lsm->map_fds[LSM_MAP_MASKS], &key, &mask) < 0)
			return;
		key.path = mask.next;
	}
}
