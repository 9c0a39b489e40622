/* SPDX-License-Identifier: GPL-2.0-or-later */
/* update - owns new limits for a container that exists: what of them is written, and what is kept of the old. */
#pragma once

#include <jansson.h>

#include "command.h"

struct error;

/**
 * update_merge() - linux.resources with an update laid over it
 * @recorded:	as the container has it; NULL: none
 *
 * Objects are merged, everything else is replaced. A zero says "as it is", which is what engines send for what they do
 * not change; so does an empty list. Devices are not a limit: an update's are ignored.
 * Return: new reference, or NULL for want of memory.
 */
json_t *update_merge(json_t *recorded, json_t *update);

/**
 * update_complete() - The update with what has to be written along with it
 *
 * A quota is nothing without its period, nor v2's swap without the memory limit; lifting the memory limit lifts that
 * of swap, as in runc.
 * Return: new reference, or NULL for want of memory.
 */
json_t *update_complete(json_t *recorded, json_t *update);

struct update_request {
	json_t *limits;		     /* linux.resources of config-linux.md */
	const char *l3_cache_schema; /* linux.intelRdt's; NULL or "": as it is */
	const char *mem_bw_schema;
};

/**
 * update_container() - Change the limits of a container
 *
 * They are on record when they hold; a limit that cannot be set puts the old ones back.
 */
int update_container(const struct globals *globals, const char *id,
		     const struct update_request *request, struct error *err);
