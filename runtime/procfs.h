/* SPDX-License-Identifier: GPL-2.0-or-later */
/* procfs - owns the making of proc file systems for another pid namespace. */
#pragma once

#include <stdint.h>

struct error;

/**
 * procfs_new() - A detached procfs of a pid namespace the caller is not in
 * @options:	"hidepid=2", ...; NULL-terminated, or NULL
 * @attr:	MOUNT_ATTR_*
 *
 * Linux 6.17 takes the namespace as an option; before that a helper that shares our descriptors makes the superblock
 * from inside. The superblock belongs to the user namespace that owns the pid namespace.
 * Return: a mount descriptor, owned by the caller.
 */
int procfs_new(int pidns_fd, const char *const *options, uint64_t attr, struct error *err);
