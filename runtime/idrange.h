/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * idrange - owns the table of exclusive 64K id ranges: who has which, across every --root and every engine.
 *
 * One file of fixed-size records below PATHS_RUN, indexed by block number, each written in one pwrite(2), changed only
 * under flock(2): a crash leaves a record either old or new. A record names its container's state folder and the
 * process that is creating it; a block whose folder and creator are both gone is swept. Freed blocks rest before reuse.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "accounts.h"

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

/*
 * State folders of all containers, under whatever --root: those who hold a block, and those who share ids. Each once;
 * malloc'ed, each and the NULL-terminated list: state_list_free().
 */
int idrange_list_containers(const char *table_path, char ***ret, struct error *err);

/**
 * idrange_share() - Put on record that a container uses host ids that it did not take from the table
 * @spans:	all host ids that its user namespace maps, uids and gids
 * @userns:	inode of that namespace, when it joins one; 0: it is about to make one, with mappings of its own
 * @state_path:	of the container; what it shared before is replaced
 * @ret_foreign: whether some of these ids are in no container's block
 *
 * The block of another container is shared only by joining its user namespace, and stays held until the last one leaves.
 * Other ids are the host's to give: -EPERM, with the reason, where they are below 65536, a local account's, in a held
 * block, or in use by a container in another user namespace.
 */
int idrange_share(const char *table_path, const struct id_span *spans, size_t n, uint64_t userns,
		  const char *state_path, bool *ret_foreign, struct error *err);

/* Which user namespace maps what @state_path took or shares, now that there is one. @base: of its block, or 0. */
int idrange_note_userns(const char *table_path, uint32_t base, const char *state_path,
			uint64_t userns, struct error *err);

/* Ends all that @state_path holds or shares; a block that others share becomes theirs. */
int idrange_leave(const char *table_path, const char *state_path, struct error *err);

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
int idrange_share_on(const struct idrange_host *host, const char *table_path,
		     const struct id_span *spans, size_t n, uint64_t userns, const char *state_path,
		     bool *ret_foreign, struct error *err);
int idrange_note_userns_on(const struct idrange_host *host, const char *table_path, uint32_t base,
			   const char *state_path, uint64_t userns, struct error *err);
int idrange_leave_on(const struct idrange_host *host, const char *table_path,
		     const char *state_path, struct error *err);

extern const struct idrange_host idrange_this_host;
