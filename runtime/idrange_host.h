/* SPDX-License-Identifier: GPL-2.0-or-later */
/* idrange_host - owns which ids of the host are somebody's: local accounts, their subordinate ids, the kubelet's pods. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "idrange_table.h"

struct error;

/* Blocks that are not to be given out. */
struct taken {
	uint8_t bits[(BLOCKS + 7) / 8];
};

void taken_mark(struct taken *taken, uint64_t first, uint64_t size);
bool taken_has(const struct taken *taken, size_t block);
int taken_mark_host(struct taken *taken, const struct idrange_host *host, struct error *err);

/* Host ids that a user namespace maps which is not made by us. */
struct foreign {
	uint64_t first, end;
};

bool foreign_touches(const struct foreign *foreign, uint64_t first, uint64_t size);

/* -EPERM with the reason where they are the host's or a local account's; -EINVAL where they are no range. */
int foreign_check(const struct idrange_host *host, const struct foreign *foreign, struct error *err);
