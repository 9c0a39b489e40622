/* SPDX-License-Identifier: GPL-2.0-or-later */
/* stats - owns the figures of a container's use of the host, as runc's `events` prints them. */
#pragma once

#include <jansson.h>
#include <stdint.h>

struct cgroup;
struct error;

/**
 * stats_collect() - The "data" of a "stats" event
 *
 * runc's keys and units, from v1, hybrid and v2 alike: bytes, ns, counts. What a hierarchy does not say is 0 or absent; no
 * limit is 2^63 - 1, the largest that a JSON reader can be trusted with.
 * Return: new reference, or NULL for want of memory, with @err set.
 */
json_t *stats_collect(struct cgroup *cgroup, struct error *err);

/* The number behind @key in lines of "KEY NUMBER", as memory.stat and its kin have them; 0: not there, or @text is NULL. */
int64_t stats_find_number(const char *text, const char *key);
