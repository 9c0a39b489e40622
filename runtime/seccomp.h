/* SPDX-License-Identifier: GPL-2.0-or-later */
/* seccomp - owns linux.seccomp: parse, compile with libseccomp (or take from the cache), load. */
#pragma once

#include <linux/filter.h>
#include <stdbool.h>
#include <stdint.h>

#include "json.h"

struct error;
struct seccomp; /* the parsed section */

/* A compiled filter, ready for seccomp(2); seccomp_program_done() frees it. */
struct seccomp_program {
	struct sock_filter *insns;
	uint16_t n;
	uint32_t flags; /* SECCOMP_FILTER_FLAG_*; NEW_LISTENER: load it by seccomp_notify_install() */
};

/* Who decides about calls with SCMP_ACT_NOTIFY: OCI config-linux.md, "Seccomp". */
struct seccomp_listener {
	const char *path;     /* listenerPath: its socket */
	const char *metadata; /* listenerMetadata; NULL: none */
};

/* Custom parser for linux.seccomp: @out is `struct seccomp **` in the arena. OCI config-linux.md "Seccomp". */
int seccomp_parse(struct arena *arena, json_t *value, void *out, struct error *err);

/* Borrowed from what was parsed; NULL where no rule notifies: then a listenerPath means nothing. */
const struct seccomp_listener *seccomp_listener(const struct seccomp *seccomp);

/**
 * seccomp_compile() - The section as a BPF program, from the cache if it was seen before
 * @section:	the same section as JSON: its canonical text is part of the cache key
 * @use_cache:	false: neither read nor write PATHS_SECCOMP_CACHE
 *
 * Unknown syscall names are skipped (debug log), unknown actions and operators are errors. Trouble with the cache
 * (unsafe owner or mode, damage) is a warning, and the filter is compiled.
 */
int seccomp_compile(const struct seccomp *seccomp, json_t *section, bool use_cache,
		    struct seccomp_program *ret, struct error *err);

void seccomp_program_done(struct seccomp_program *program);

/*
 * seccomp(2) SECCOMP_SET_MODE_FILTER on the calling thread. Allocates nothing. (seccomp_load() is libseccomp's.)
 * Return: 0, the listener's descriptor if @program has one, or -errno.
 */
int seccomp_install(const struct seccomp_program *program, struct error *err);

/* What `features` says of seccomp: new reference to the object of OCI features-linux.md "seccomp". */
json_t *seccomp_features(void);
