/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * property - owns the step from a line of text to a unit's property on D-Bus.
 *
 * A line is "SINCE NAME SIGNATURE VALUE": SINCE is the version of systemd that first knows the property, 0 for all. By
 * signature a value is: s, the rest of the line; b, true or false; t and i, decimal; as and au, words; ay, hexadecimal
 * digits, two a byte; a(ss), words, in pairs. Words are parted by single spaces.
 */
#pragma once

#include <stdint.h>
#include <systemd/sd-bus.h>

struct error;

struct property {
	uint32_t since;
	const char *name;
	const char *signature;
	const char *value;
};

/* Takes a line apart, in place. -EINVAL: it is of another form. */
int property_parse(char *line, struct property *ret, struct error *err);

/* Appends a (sv) to an open array. */
int property_append(sd_bus_message *message, const struct property *property, struct error *err);
