/* SPDX-License-Identifier: GPL-2.0-or-later */
/* systemd_annotations - owns annotations "org.systemd.property.NAME": which are taken, and what their values mean. */
#pragma once

#include <stdio.h>

#include "json.h"

struct error;

/**
 * systemd_annotations_write() - The properties that annotations ask for, one a line, for bulwark-systemd
 *
 * Values are texts as GVariant has them: true, 5, uint64 5, 'text', ['a', 'b']. A name that ends in "Sec", as systemd's
 * manual pages have it, is its "USec" with the value in seconds.
 * Return: 0; -EPERM for a property that no annotation may set, -EINVAL for a value; the sentence names the annotation.
 */
int systemd_annotations_write(FILE *out, const struct json_strmap *annotations, struct error *err);
