/* SPDX-License-Identifier: GPL-2.0-or-later */
/* personality - owns linux.personality: which Linux uname(2) shows. */
#pragma once

#include "json.h"

struct error;

struct personality {
	bool set;
	unsigned long domain; /* PER_*, <linux/personality.h> */
};

/* Custom parser, into the struct itself. Domains LINUX and LINUX32; flags are not specified yet, so any is refused. */
int personality_parse(struct arena *arena, json_t *value, void *out, struct error *err);

/* personality(2) on the caller; inherited through execve(2). Before a filter is loaded. Allocates nothing. */
int personality_apply(const struct personality *personality, struct error *err);
