/* SPDX-License-Identifier: GPL-2.0-or-later */
/* sysctl - owns linux.sysctl: which keys belong to the container's own namespaces, and writing them. */
#pragma once

#include "json.h"

struct error;

/* Refuses keys the kernel does not keep per namespace (a table of names and prefixes), "..", '/' tricks. */
int sysctl_check(const struct json_strmap *sysctls, struct error *err);

/**
 * sysctl_apply() - Write the settings through a private procfs
 * @proc_fd:	root of a detached procfs mount nothing was ever mounted on
 *
 * The caller has joined the container's network and ipc namespaces. openat2(2) with RESOLVE_BENEATH | NO_SYMLINKS |
 * NO_XDEV. kernel.domainname is skipped: init sets it. A '.' inside an interface name is written '/', as in sysctl(8).
 */
int sysctl_apply(int proc_fd, const struct json_strmap *sysctls, struct error *err);
