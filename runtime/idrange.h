/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * idrange - owns the table of exclusive 64K id ranges: who has which, across every --root and every engine.
 *
 * One file of fixed-size records below PATHS_RUN, indexed by block number, each written in one pwrite(2), changed only
 * under flock(2): a crash leaves a record either old or new. A record names its container's state folder and the
 * process that is creating it; a block whose folder and creator are both gone is swept. Freed blocks rest before reuse.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct error;

#define IDRANGE_SIZE 65536U
#define IDRANGE_FIRST 100000U /* base of block 0 */
#define IDRANGE_LAST                                                                               \
	0x7fff0000U /* no range reaches beyond: 2^31 is where ids start to break programs */
#define IDRANGE_REST_MS                                                                            \
	(60 * 1000) /* before a freed block is used again, unless nothing else is left */

/**
 * idrange_take() - An exclusive range, uid and gid alike
 * @table_path:	PATHS_IDS; tests use their own. Its folder is made if missing.
 * @state_path:	absolute path of the container's state folder, which exists already
 * @ret_base:	first host id
 *
 * First fit. Never a block that overlaps /etc/subuid, /etc/subgid, a uid or gid of /etc/passwd and /etc/group, the
 * kubelet's ranges (where /var/lib/kubelet exists), or a block that is held. Sweeps when that saves growing.
 * Return: 0; -ENOSPC when all are taken; -ENAMETOOLONG for a state path over 400 bytes; errors of the file system.
 */
int idrange_take(const char *table_path, const char *state_path, uint32_t *ret_base,
		 struct error *err);

/* Gives the block back if @state_path holds it; freeing what is free or another's is 0 and changes nothing. */
int idrange_free(const char *table_path, uint32_t base, const char *state_path, struct error *err);

struct idrange_entry {
	uint32_t base;
	char state_path[401];
};

/* Blocks held now. @ret is malloc'ed, owned by the caller. */
int idrange_list(const char *table_path, struct idrange_entry **ret, size_t *ret_n,
		 struct error *err);

/**
 * idrange_check_foreign() - Whether mappings that a spec brings itself may be used
 *
 * -EPERM with the reason where [@host_id, +@size) touches ids below 65536, a local account's ids, or a held block.
 */
int idrange_check_foreign(const char *table_path, uint32_t host_id, uint32_t size, struct error *err);

/* What decisions look at. The functions above use the host's own; tests give theirs to the ones below. */
struct idrange_host {
	const char *etc_path;	  /* where passwd, group, subuid and subgid are */
	const char *kubelet_path; /* if it exists, the kubelet's default ranges are its own */
	uint64_t (*now_ms)(void); /* a clock that also runs while the machine sleeps */
};

int idrange_take_on(const struct idrange_host *host, const char *table_path, const char *state_path,
		    uint32_t *ret_base, struct error *err);
int idrange_free_on(const struct idrange_host *host, const char *table_path, uint32_t base,
		    const char *state_path, struct error *err);
int idrange_check_foreign_on(const struct idrange_host *host, const char *table_path,
			     uint32_t host_id, uint32_t size, struct error *err);
