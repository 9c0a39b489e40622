/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lsm_private - owns what lsm.c and its topics have in common. Not for callers of lsm.h. */
#pragma once

#include "lsm.h"

/* Released by closing the descriptor that is returned; -EBADF, which is no error, where there are no pins yet. */
int lsm_lock_maps(struct lsm *lsm, int *ret_fd, struct error *err);

/*
 * A container's entry, and that of its namespace, of which only the numbers are looked at afterwards. Under the lock.
 * Return: 0; -ENOENT: one of the two is not there.
 */
int lsm_find_container(struct lsm *lsm, uint64_t cgroup_id, struct lsm_container *ret,
		       struct lsm_namespace *ret_ns, struct error *err);

/* Writes what was found, and changed; the entry of the namespace follows those of its containers. Under the lock. */
int lsm_write_container(struct lsm *lsm, const struct lsm_container *container,
			struct lsm_namespace *ns, struct error *err);

/* Removes a container's entries of `masks`, whose own entry is gone already. Under the lock. */
void lsm_forget_masks(struct lsm *lsm, const struct lsm_container *container);

/* The key in `guarded` and `engine_files` of what @fd is. -ENOTSUP on Btrfs. */
int lsm_guard_key_of(int fd, struct lsm_guard_key *ret, bool *ret_is_folder, struct error *err);

/* A name's part of such a key, as the programs hash it; 0 for what cannot be guarded. */
uint32_t lsm_guard_name_hash(const char *name);
