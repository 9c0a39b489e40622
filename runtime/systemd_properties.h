/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * systemd_properties - owns linux.resources and the device rules in systemd's terms, as text for bulwark-systemd.
 *
 * A line is a property: "SINCE NAME SIGNATURE VALUE", where SINCE is the version of systemd that knows it first (an older
 * one is not told), SIGNATURE its type on D-Bus: s, b, t, i, "as" and "au" (words), "ay" (hexadecimal), "a(ss)" (words, in
 * pairs). systemd is told so that it does not write values of its own over ours, at a daemon-reload say; what is written
 * to the kernel's files by cgroup_apply() counts.
 */
#pragma once

#include <stdbool.h>
#include <stdio.h>

struct device_plan;
struct error;
struct resources;

/**
 * systemd_properties_write() - Limits, one a line
 * @v2:		systemd's controllers are those of the unified hierarchy
 *
 * What is 0 or not there is left out: it says "as it is". Limits that systemd does not know are left out, too.
 * Return: 0; -EINVAL for numbers of CPUs that are no list.
 */
int systemd_properties_write(FILE *out, const struct resources *resources, bool v2,
			     struct error *err);

/* DevicePolicy and DeviceAllow: at a daemon-reload systemd v1 writes its own rules to devices.allow. */
void systemd_properties_write_devices(FILE *out, const struct device_plan *devices);
