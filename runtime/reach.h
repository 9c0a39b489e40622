/* SPDX-License-Identifier: GPL-2.0-or-later */
/* reach - owns the question whether any user but root can get to a file, by any of its names. */
#pragma once

#include <stdbool.h>

struct error;
struct location;
struct mountinfo;
struct stat;

/**
 * reach_is_closed() - Whether a folder with these bits lets nobody but root and its group pass
 * @has_acl:	it has an access control list, so that the group's bits are also a mask of others' rights
 */
bool reach_is_closed(const struct stat *st, bool has_acl);

/**
 * reach_is_private() - Whether the file itself or a folder above it is closed, whichever mount leads there
 * @fd:		the file at @location
 *
 * A container may leave set-user-ID files of root only where this is so.
 * Return: 1 or 0, or -errno.
 */
int reach_is_private(const struct mountinfo *info, const struct location *location, int fd,
		     struct error *err);
