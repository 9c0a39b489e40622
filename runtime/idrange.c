/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * idrange - see idrange.h. The files are idrange_table.c's, the host's accounts idrange_host.c's, sharing
 * idrange_share.c's.
 *
 * A held block ends in one of three ways: its container frees it; its record is found with neither a state folder nor a
 * living creator (swept); or its state folder's name comes again with another container, which proves that the first one
 * is gone, because that folder is the lock of a container's name. Where another container shares the ids then, the block
 * becomes that one's instead of free.
 */
#include "idrange.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "accounts.h"
#include "error.h"
#include "idrange_host.h"
#include "idrange_table.h"
#include "proc.h"
#include "str.h"

#define SWEEP_EVERY_MS                                                                             \
	10000 /* a sweep looks at every held block: not for each of a thousand containers */

static uint64_t boottime_ms(void)
{
	struct timespec t = { 0 };

	(void)clock_gettime(CLOCK_BOOTTIME, &t); /* cannot fail: Linux 2.6.39 */
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

const struct idrange_host idrange_this_host = {
	.etc_path = "/etc",
	.kubelet_path = "/var/lib/kubelet",
	.now_ms = boottime_ms,
};

/* ---- who is gone ------------------------------------------------------------------------------ */

static bool is_alive(const struct creator *creator)
{
	const struct proc_id id = { .pid = (pid_t)creator->pid, .start = creator->start };

	return proc_is_alive(&id);
}

static bool is_gone(const char *state_path, const struct creator *creator)
{
	struct stat st;

	return lstat(state_path, &st) < 0 && errno == ENOENT && !is_alive(creator);
}

int creator_fill(struct creator *creator, struct error *err)
{
	uint64_t start = 0;
	int r = proc_stat(getpid(), &start, NULL, err);

	*creator = (struct creator){ (uint32_t)getpid(), start };
	return r;
}

size_t block_of(uint32_t first)
{
	return first < IDRANGE_FIRST || (first - IDRANGE_FIRST) % IDRANGE_SIZE ?
		       BLOCKS :
		       (first - IDRANGE_FIRST) / IDRANGE_SIZE;
}

/* ---- free ------------------------------------------------------------------------------------- */

int share_free(struct table *table, size_t index, struct error *err)
{
	int r = table_save_share(table, index, &(struct share){ .state = RECORD_FREE }, err);

	return r < 0 ? r : table_tidy_shares(table, err);
}

/* Who else uses a block that its holder gives up; table->n_shares: nobody. */
static size_t find_heir(const struct table *table, size_t block)
{
	const char *holder = table->records[block].state_path;

	for (size_t i = 0; i < table->n_shares; i++) {
		const struct share *share = &table->shares[i];

		if (share->state == RECORD_HELD &&
		    share->first == IDRANGE_FIRST + block * IDRANGE_SIZE &&
		    !str_eq(share->state_path, holder) &&
		    !is_gone(share->state_path, &share->creator))
			return i;
	}
	return table->n_shares;
}

/* The block's record first: a crash in between leaves an heir that is on record twice, and gives up both. */
static int hand_over(struct table *table, size_t block, size_t heir, struct error *err)
{
	const struct share *share = &table->shares[heir];
	struct record record = {
		.state = RECORD_HELD,
		.creator = share->creator,
		.userns = share->userns,
	};
	int r;

	memcpy(record.state_path, share->state_path, sizeof(record.state_path));
	r = table_save_record(table, block, &record, err);
	return r < 0 ? r : share_free(table, heir, err);
}

int block_free(struct table *table, size_t block, struct error *err)
{
	const struct record record = {
		.state = RECORD_FREE,
		.freed_ms = table->now_ms ? table->now_ms : 1,
	};
	size_t heir = find_heir(table, block);

	return heir < table->n_shares ? hand_over(table, block, heir, err) :
					table_save_record(table, block, &record, err);
}

/* Shares first, so that no block goes to an heir that is gone. */
int table_sweep(struct table *table, struct error *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < table->n_shares; i++) {
		const struct share *share = &table->shares[i];

		if (share->state == RECORD_HELD && is_gone(share->state_path, &share->creator))
			r = share_free(table, i, err);
	}
	for (size_t i = 0; r == 0 && i < table->n; i++) {
		const struct record *record = &table->records[i];

		if (record->state == RECORD_HELD && is_gone(record->state_path, &record->creator))
			r = block_free(table, i, err);
	}
	table->header.swept_ms = table->now_ms;
	return r < 0 ? r : table_save_header(table, err);
}

int table_free_same_name(struct table *table, const char *state_path, struct error *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < table->n_shares; i++) {
		const struct share *share = &table->shares[i];

		if (share->state == RECORD_HELD && str_eq(share->state_path, state_path) &&
		    !is_alive(&share->creator))
			r = share_free(table, i, err);
	}
	for (size_t i = 0; r == 0 && i < table->n; i++) {
		const struct record *record = &table->records[i];

		if (record->state == RECORD_HELD && str_eq(record->state_path, state_path) &&
		    !is_alive(&record->creator))
			r = block_free(table, i, err);
	}
	return r;
}

/* ---- take ------------------------------------------------------------------------------------- */

static bool is_sweep_due(const struct table *table)
{
	uint64_t last = table->header.swept_ms;

	return last == 0 || table->now_ms < last || table->now_ms - last >= SWEEP_EVERY_MS;
}

/* A clock behind the record's is another boot's: whatever ran then is over. */
static bool has_rested(const struct table *table, const struct record *record)
{
	return record->freed_ms == 0 || table->now_ms < record->freed_ms ||
	       table->now_ms - record->freed_ms >= IDRANGE_REST_MS;
}

/* First fit; BLOCKS when there is none below @end. */
static size_t find_rested(const struct table *table, const struct taken *taken, size_t end)
{
	for (size_t i = 0; i < end; i++) {
		const struct record *record = table_record(table, i);

		if (record->state == RECORD_FREE && !taken_has(taken, i) && has_rested(table, record))
			return i;
	}
	return BLOCKS;
}

static size_t find_longest_free(const struct table *table, const struct taken *taken)
{
	size_t best = BLOCKS;

	for (size_t i = 0; i < BLOCKS; i++) {
		const struct record *record = table_record(table, i);

		if (record->state == RECORD_FREE && !taken_has(taken, i) &&
		    (best == BLOCKS || record->freed_ms < table_record(table, best)->freed_ms))
			best = i;
	}
	return best;
}

/* What was swept rests, too; it serves the containers after this one, and this one when all else is taken. */
static int find_block(struct table *table, const struct taken *taken, size_t *ret, struct error *err)
{
	size_t block = find_rested(table, taken, table->n);
	int r = 0;

	if (block == BLOCKS && table->n > 0 && is_sweep_due(table))
		r = table_sweep(table, err);
	if (r == 0 && block == BLOCKS)
		block = find_rested(table, taken, BLOCKS);
	if (r == 0 && block == BLOCKS)
		r = table_sweep(table, err);
	if (r == 0 && block == BLOCKS)
		block = find_longest_free(table, taken);
	if (r < 0)
		return r;
	if (block == BLOCKS)
		return error_text(err, ENOSPC, "every id range between %u and %u is taken",
				  IDRANGE_FIRST, IDRANGE_LAST);
	*ret = block;
	return 0;
}

static int hold(struct table *table, size_t block, const char *state_path, struct error *err)
{
	struct record record = { .state = RECORD_HELD };
	int r = creator_fill(&record.creator, err);

	if (r == 0)
		r = table_save_header(table, err);
	if (r < 0)
		return r;
	(void)str_format(record.state_path, sizeof(record.state_path), "%s",
			 state_path); /* its length was checked */
	return table_save_record(table, block, &record, err);
}

static int take_from(struct table *table, const char *state_path, uint32_t *ret_base,
		     struct error *err)
{
	struct taken taken;
	size_t block = 0;
	int r = taken_mark_host(&taken, table->host, err);

	if (r == 0)
		r = table_free_same_name(table, state_path, err);
	for (size_t i = 0; r == 0 && i < table->n_shares; i++)
		if (table->shares[i].state == RECORD_HELD)
			taken_mark(&taken, table->shares[i].first, table->shares[i].size);
	if (r == 0)
		r = find_block(table, &taken, &block, err);
	if (r == 0)
		r = hold(table, block, state_path, err);
	if (r == 0)
		*ret_base = IDRANGE_FIRST + (uint32_t)block * IDRANGE_SIZE;
	return r;
}

int idrange_take_on(const struct idrange_host *host, const char *table_path, const char *state_path,
		    uint32_t *ret_base, struct error *err)
{
	struct table table = { 0 };
	int r = table_check_state_path(state_path, err);

	if (r == 0)
		r = table_open(&table, host, table_path, true, err);
	if (r < 0)
		return r;
	r = take_from(&table, state_path, ret_base, err);
	table_done(&table);
	return r;
}

int idrange_free_on(const struct idrange_host *host, const char *table_path, uint32_t base,
		    const char *state_path, struct error *err)
{
	struct table table = { 0 };
	size_t block = block_of(base);
	int r = table_open(&table, host, table_path, false, err);

	if (r < 0)
		return r;
	if (block < table.n && table.records[block].state == RECORD_HELD &&
	    str_eq(table.records[block].state_path, state_path))
		r = block_free(&table, block, err);
	table_done(&table);
	return r;
}

static int list_held(const struct table *table, struct idrange_entry **ret, size_t *ret_n,
		     struct error *err)
{
	struct idrange_entry *entries;
	size_t n = 0;

	for (size_t i = 0; i < table->n; i++)
		n += table->records[i].state == RECORD_HELD;
	entries = calloc(n + 1, sizeof(*entries));
	if (!entries)
		return error_set(err, ENOMEM, "id ranges");
	n = 0;
	for (size_t i = 0; i < table->n; i++) {
		const struct record *record = &table->records[i];

		if (record->state != RECORD_HELD)
			continue;
		entries[n].base = IDRANGE_FIRST + (uint32_t)i * IDRANGE_SIZE;
		memcpy(entries[n++].state_path, record->state_path, sizeof(record->state_path));
	}
	*ret = entries;
	*ret_n = n;
	return 0;
}

int idrange_list(const char *table_path, struct idrange_entry **ret, size_t *ret_n, struct error *err)
{
	struct table table = { 0 };
	int r = table_open(&table, &idrange_this_host, table_path, false, err);

	if (r < 0)
		return r;
	r = list_held(&table, ret, ret_n, err);
	table_done(&table);
	return r;
}

static bool has_path(char *const *paths, const char *path)
{
	for (; *paths; paths++)
		if (str_eq(*paths, path))
			return true;
	return false;
}

static int list_paths(const struct table *table, char **paths)
{
	size_t n = 0;

	for (size_t i = 0; i < table->n; i++)
		if (table->records[i].state == RECORD_HELD &&
		    !(paths[n++] = strdup(table->records[i].state_path)))
			return -ENOMEM;
	for (size_t i = 0; i < table->n_shares; i++)
		if (table->shares[i].state == RECORD_HELD &&
		    !has_path(paths, table->shares[i].state_path) &&
		    !(paths[n++] = strdup(table->shares[i].state_path)))
			return -ENOMEM;
	return 0;
}

int idrange_list_containers(const char *table_path, char ***ret, struct error *err)
{
	struct table table = { 0 };
	char **paths;
	int r = table_open(&table, &idrange_this_host, table_path, false, err);

	if (r < 0)
		return r;
	paths = calloc(table.n + table.n_shares + 1, sizeof(*paths));
	if (!paths || list_paths(&table, paths) < 0) {
		for (char **path = paths; path && *path; path++)
			free(*path);
		free(paths);
		r = error_set(err, ENOMEM, "id ranges");
	} else {
		*ret = paths;
	}
	table_done(&table);
	return r;
}

/* ---- on this host ----------------------------------------------------------------------------- */

int idrange_take(const char *table_path, const char *state_path, uint32_t *ret_base, struct error *err)
{
	return idrange_take_on(&idrange_this_host, table_path, state_path, ret_base, err);
}

int idrange_free(const char *table_path, uint32_t base, const char *state_path, struct error *err)
{
	return idrange_free_on(&idrange_this_host, table_path, base, state_path, err);
}
