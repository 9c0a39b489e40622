/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * idrange_table - owns the two files behind idrange.h: their layout, their lock, and what a crash may leave of them.
 *
 * The table: a header, then one record for each block from IDRANGE_FIRST on. A hole reads as zeros, which is a block
 * that was never used. Beside it, ".shared", the list of those who use ids that they did not take from the table; it is
 * there only where somebody ever did. One lock, the table's, is for both.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "idrange.h"

#define BLOCKS ((IDRANGE_LAST - IDRANGE_FIRST) / IDRANGE_SIZE)
struct error;

#define TABLE_PATH_SIZE 401 /* of a state folder's path, with its NUL */

enum record_state { RECORD_FREE, RECORD_HELD };

/* Who is at work on a container whose state folder is not there yet, or not any more: struct proc_id. */
struct creator {
	uint32_t pid;
	uint64_t start;
} __attribute__((packed)); /* on disk */

int creator_fill(struct creator *creator, struct error *err); /* with this process */

struct record {
	uint32_t state; /* enum record_state */
	struct creator creator;
	uint64_t freed_ms; /* 0: never used */
	char state_path[TABLE_PATH_SIZE];
	uint8_t unused[7];
	uint64_t userns; /* inode of the user namespace; 0: not made yet */
	uint8_t unused_too[72];
};
_Static_assert(sizeof(struct record) == 512,
	       "on disk, and within one page: a write(2) of it is whole or none");

/* One span of host ids in use by a container whose block it is not. */
struct share {
	uint32_t state; /* enum record_state */
	struct creator creator;
	uint64_t userns;
	uint32_t first, size;
	char state_path[TABLE_PATH_SIZE];
	uint8_t unused[79];
};
_Static_assert(sizeof(struct share) == 512, "on disk, as struct record");

struct header {
	uint64_t magic;
	uint64_t swept_ms;
	uint8_t unused[496];
};
_Static_assert(sizeof(struct header) == 512, "on disk");

struct table {
	const struct idrange_host *host;
	const char *path; /* borrowed */
	int fd;		  /* locked */
	uint64_t now_ms;
	struct header header;
	const struct record *records; /* mapped: shows at once what is written */
	size_t n;
	void *map; /* of the whole file; NULL when it is empty */
	size_t map_len;
	int shares_fd;	      /* -EBADF: no such file */
	struct share *shares; /* a copy, kept in step; malloc'ed */
	size_t n_shares;
};

/* Opens and locks. Without @make a table that does not exist is an empty one. */
int table_open(struct table *table, const struct idrange_host *host, const char *path, bool make,
	       struct error *err);
void table_done(struct table *table); /* unlocks */

/* What lies beyond the end of the file was never used. */
const struct record *table_record(const struct table *table, size_t block);
int table_save_record(struct table *table, size_t block, const struct record *record,
		      struct error *err);
int table_save_header(struct table *table, struct error *err);

/* @index: of an existing one, or table->n_shares for one more. The file is made if missing. */
int table_save_share(struct table *table, size_t index, const struct share *share, struct error *err);

/* -EINVAL, -ENAMETOOLONG: cannot be in a record. */
int table_check_state_path(const char *state_path, struct error *err);

/* The block that begins at an id; BLOCKS if none does. */
size_t block_of(uint32_t first);

/* A block that others share becomes theirs; without them it rests. */
int block_free(struct table *table, size_t block, struct error *err);
int share_free(struct table *table, size_t index, struct error *err);

int table_sweep(struct table *table,
		struct error *err); /* what neither a folder nor a creator is left of */

/* What a container of that name held that is no more. */
int table_free_same_name(struct table *table, const char *state_path, struct error *err);

/* With the last of them the file goes: most hosts never need it. */
int table_tidy_shares(struct table *table, struct error *err);

/* What is in a file, checked; for the fuzzer too, which has none. */
int table_check(struct table *table, const char *path, struct error *err);
int table_check_shares(struct table *table, const char *path, struct error *err);
