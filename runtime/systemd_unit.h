/* SPDX-License-Identifier: GPL-2.0-or-later */
/* systemd_unit - owns the names that linux.cgroupsPath stands for with systemd: a scope, its slice, its folder. */
#pragma once

#include <limits.h>

struct error;

#define SYSTEMD_NAME_MAX 255 /* bytes of a unit's name: systemd.unit(5) */

struct systemd_unit {
	char name[SYSTEMD_NAME_MAX + 1];  /* "docker-1234.scope" */
	char slice[SYSTEMD_NAME_MAX + 1]; /* "machine-a.slice" */
	char path[PATH_MAX]; /* of the cgroup, absolute: "/machine.slice/machine-a.slice/docker-1234.scope" */
};

/**
 * systemd_unit_parse() - "slice:prefix:name", as runc has it
 * @cgroups_path: linux.cgroupsPath; NULL or empty: "system.slice:bulwark:ID", with what a unit's name cannot have escaped
 *
 * An empty slice is system.slice; the unit is "prefix-name.scope". A name that ends in ".slice" is refused: a slice holds
 * other units, and no processes (systemd.slice(5)).
 */
int systemd_unit_parse(const char *cgroups_path, const char *id, struct systemd_unit *ret,
		       struct error *err);

/**
 * systemd_slice_path() - Where a slice is: "a-b.slice" lies in "a.slice"
 * @ret_path:	PATH_MAX bytes: "/a.slice/a-b.slice"; empty for "-.slice", the root
 */
int systemd_slice_path(const char *slice, char *ret_path, struct error *err);
