/* SPDX-License-Identifier: GPL-2.0-or-later */
/* degraded - owns the question which containers run with something missing. */
#pragma once

#include <jansson.h>

struct error;

/**
 * degraded_list() - Ask the runtime, `bulwark list --all-roots`
 *
 * The runtime is the `bulwark` beside this program; where there is none, nobody runs under it, and the list is empty.
 * Return: a new reference to [{"id": ..., "root": ..., "missing": "bpf-lsm"}, ...]; NULL with @err set.
 */
json_t *degraded_list(struct error *err);
