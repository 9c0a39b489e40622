/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lsm_private - owns what lsm.c and its topics have in common. Not for callers of lsm.h. */
#pragma once

#include "lsm.h"

/* Released by closing the descriptor that is returned; -EBADF, which is no error, where there are no pins yet. */
int lsm_lock_maps(struct lsm *lsm, int *ret_fd, struct error *err);

/* The entry of a namespace follows those of its containers. Under the lock. */
int lsm_refresh_namespace(struct lsm *lsm, uint32_t userns, struct error *err);

/* Removes a container's entries of `masks`, whose own entry is gone already. Under the lock. */
void lsm_forget_masks(struct lsm *lsm, const struct lsm_container *container);
