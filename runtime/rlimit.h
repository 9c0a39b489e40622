/* SPDX-License-Identifier: GPL-2.0-or-later */
/* rlimit - owns process.rlimits. */
#pragma once

#include <stdint.h>
#include <sys/types.h>

#include "json.h"

struct error;

struct rlimit_entry {
	int resource; /* RLIMIT_* */
	uint64_t soft;
	uint64_t hard;
};

/* Custom parser of one "POSIXRlimit" array into a struct json_array of rlimit_entry; duplicates are refused. */
int rlimit_parse(struct arena *arena, json_t *value, void *out, struct error *err);

/**
 * rlimit_apply() - prlimit(2) each entry on @pid
 * @owner:	host uid of who made the user namespace of @pid
 *
 * By the runtime, from outside, the file system's uid being 0: raising a hard limit takes CAP_SYS_RESOURCE in the initial
 * user namespace. To set another's limits at all takes it in his, where the owner has it when the runtime has not.
 */
int rlimit_apply(pid_t pid, uid_t owner, const struct json_array *rlimits, struct error *err);
