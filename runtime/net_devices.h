/* SPDX-License-Identifier: GPL-2.0-or-later */
/* net_devices - owns linux.netDevices: interfaces of the engine's network namespace that become the container's. */
#pragma once

#include <sys/types.h>

#include "json.h"

struct error;
struct net_devices_moved;
struct policy;

#define NET_DEVICES_MAX 64

/* OCI config-linux.md, "Network Devices". */
struct net_device {
	const char *host_name;
	const char *name; /* inside; "eth%d" leaves the number to the kernel; NULL: as it is */
};

/* Custom parser of the object; @out is a struct json_array of struct net_device. Names are checked as the kernel would. */
int net_devices_parse(struct arena *arena, json_t *value, void *out, struct error *err);

/* Whether the administrator lets each of them be moved: -EPERM with what to do. */
int net_devices_check(const struct json_array *devices, const struct policy *policy,
		      struct error *err);

/**
 * net_devices_move() - Give the interfaces to the network namespace of process @pid, and set them up there
 * @ret:	what was done, also on failure; for net_devices_restore() and net_devices_free(). NULL: nothing
 *
 * Addresses that are permanent and of global scope come along. The caller is in the namespace the interfaces are in now.
 */
int net_devices_move(const struct json_array *devices, pid_t pid, struct net_devices_moved **ret,
		     struct error *err);

/*
 * After a create that failed: gives them back, with their names, addresses and state. What cannot be given back is logged
 * and left to the kernel, which does the same as at the end of a container: hardware returns to the machine's first
 * network namespace, software interfaces (veth, VLAN) vanish.
 */
void net_devices_restore(struct net_devices_moved *moved);
void net_devices_free(struct net_devices_moved *moved);
