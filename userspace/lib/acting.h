/* SPDX-License-Identifier: GPL-2.0-or-later */
/* acting - owns root's acting as another user for a moment, with its capabilities kept (SECBIT_NO_SETUID_FIXUP). */
#pragma once

#include <sys/types.h>

struct error;

/* The effective uid, and with it the file system's, is @uid until acting_end(). On an error, too: end it all the same. */
int acting_begin(uid_t uid, struct error *err);

/* Root again, and nothing of it left for a program that is executed later. */
int acting_end(struct error *err);
