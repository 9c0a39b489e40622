/* SPDX-License-Identifier: GPL-2.0-or-later */
/* caps - owns process.capabilities: names to the five sets, and putting them on a process. capabilities(7). */
#pragma once

#include <stdint.h>

#include "json.h"

struct error;

struct caps { /* bit N is capability N */
	uint64_t bounding;
	uint64_t effective;
	uint64_t inheritable;
	uint64_t permitted;
	uint64_t ambient;
};

extern const struct json_field caps_fields[]; /* process.capabilities, OCI config.md "Linux Process" */

/* "CAP_SYS_ADMIN" (any case) to its bit: 0, or -EINVAL for a name nobody knows. */
int caps_parse_name(const char *name, uint64_t *ret_bit, struct error *err);

/* Drops what is not in @caps->bounding. Before the change of user. Allocates nothing. */
int caps_apply_bounding(const struct caps *caps, struct error *err);

/**
 * caps_apply() - Set permitted, effective, inheritable, then ambient
 *
 * After the change of user, which the caller makes under PR_SET_KEEPCAPS. Capabilities beyond cap_last_cap of the
 * running kernel are left out. Allocates nothing.
 */
int caps_apply(const struct caps *caps, struct error *err);

/*
 * As caps_apply(), but leaves @kept in the permitted and effective sets until caps_drop_kept(), for the one call
 * that needs it in between.
 */
int caps_apply_keeping(const struct caps *caps, uint64_t kept, struct error *err);

/* The end of caps_apply_keeping(): one capset(2) and nothing else, because a seccomp filter may be loaded by now. */
int caps_drop_kept(const struct caps *caps, struct error *err);

/*
 * Takes out what the kernel would not grant: effective beyond permitted, inheritable beyond bounding, ambient beyond
 * permitted and inheritable. caps_apply() does it on a copy; OCI config.md asks for a warning, not for an error.
 */
void caps_limit(struct caps *caps);

/* Writes names ("CAP_CHOWN", ...) for `features` and `spec`: new reference to an array. */
json_t *caps_names(void);
