/* SPDX-License-Identifier: GPL-2.0-or-later */
/* sysctl - owns linux.sysctl: which keys belong to the container's own namespaces, and writing them. */
#pragma once

#include "json.h"

struct error;
struct idmap;

/* Refuses keys the kernel does not keep per namespace (a table of names and prefixes), "..", '/' tricks. */
int sysctl_check(const struct json_strmap *sysctls, struct error *err);

/*
 * Settings below /proc/sys that each namespace has a file for, though one value is all of the host's, by number; NULL after
 * the last. masks.c locks them, bulwarkctl's load.c has them for namespaces that a container makes.
 */
const char *sysctl_global(size_t i);

/**
 * sysctl_apply() - Write the settings through a private procfs
 * @proc_fd:	root of a detached procfs mount nothing was ever mounted on
 *
 * The caller has joined the container's network and ipc namespaces. openat2(2) with RESOLVE_BENEATH | NO_SYMLINKS |
 * NO_XDEV. kernel.domainname is skipped: init sets it. A '.' inside an interface name is written '/', as in sysctl(8).
 * Groups in net.ipv4.ping_group_range are the container's.
 */
int sysctl_apply(int proc_fd, const struct json_strmap *sysctls, const struct idmap *map,
		 struct error *err);

/**
 * sysctl_open_network() - Make up for what the container's root cannot do in a network of the host's user namespace
 *
 * Ports below 1024 and ICMP echo sockets want no privilege there afterwards, as Docker sets its own networks up; what
 * @sysctls sets stays. Best effort: on a kernel without them, those who need them see it.
 */
void sysctl_open_network(int proc_fd, const struct json_strmap *sysctls, const struct idmap *map);
