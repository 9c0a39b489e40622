/* SPDX-License-Identifier: GPL-2.0-or-later */
/* restricted - owns the table of host paths, file systems and sockets that no container gets to see. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "location.h"

struct error;
struct mountinfo;
struct restricted;

/* Where each place of the table really is on this host, in this mount namespace. @ret: restricted_free() */
int restricted_open(const struct mountinfo *info, struct restricted **ret, struct error *err);
void restricted_free(struct restricted *restricted);

/**
 * restricted_find() - The restricted place that @location is, contains or (with @below) lies in
 * @ret_relation:	how it stands to that place
 *
 * Return: the place's path in the table, or NULL.
 */
const char *restricted_find(const struct restricted *restricted, const struct location *location,
			    bool below, enum location_relation *ret_relation);

/**
 * restricted_find_tree() - The place whose private file system this is
 *
 * What is mounted below /run or /dev, and there only, belongs to it: /run/user/1000 is a tmpfs of its own.
 * @ignored:	mounts below these do not count, as an engine mounts there what its users ask for; ends with NULL
 */
const char *restricted_find_tree(const struct mountinfo *info, dev_t dev, const char *const *ignored);

/* Why nothing of a file system of that type can be a source: a phrase after "which", or NULL. */
const char *restricted_fs_type(const char *fs_type);

/* Whether a socket of that name is an engine's, wherever it is. */
bool restricted_is_engine_socket(const char *name);

/* Whether the file at this path is one of the engines' own init programs, which may be shown read-only. */
bool restricted_is_init_program(const struct mountinfo *info, const struct location *location);
