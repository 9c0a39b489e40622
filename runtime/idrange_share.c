/* SPDX-License-Identifier: GPL-2.0-or-later */
/* idrange_share - owns ids that a container uses without having taken them: another's block, or mappings of its spec. */
#include <errno.h>
#include <stdlib.h>

#include "error.h"
#include "idrange.h"
#include "idrange_host.h"
#include "idrange_table.h"
#include "str.h"

/* The block of the container whose user namespace it is. Inodes of namespaces are unique while somebody has them open. */
static bool is_block_of(const struct table *table, const struct id_span *span, uint64_t userns)
{
	const struct record *record = table_record(table, block_of(span->first));

	return span->size == IDRANGE_SIZE && record->state == RECORD_HELD && userns &&
	       record->userns == userns;
}

static int refuse(const struct foreign *foreign, const char *state_path, struct error *err)
{
	return error_text(err, EPERM,
			  "host ids from %ju on cannot be mapped: they belong to the container at '%s'",
			  (uintmax_t)foreign->first, state_path);
}

static int check_held(const struct table *table, const struct foreign *foreign, struct error *err)
{
	for (size_t i = 0; i < table->n; i++)
		if (table->records[i].state == RECORD_HELD &&
		    foreign_touches(foreign, IDRANGE_FIRST + i * IDRANGE_SIZE, IDRANGE_SIZE))
			return refuse(foreign, table->records[i].state_path, err);
	return 0;
}

/* In use by another container, unless in the very user namespace that is joined. */
static int check_shared(const struct table *table, const struct foreign *foreign, uint64_t userns,
			const char *state_path, struct error *err)
{
	for (size_t i = 0; i < table->n_shares; i++) {
		const struct share *share = &table->shares[i];

		if (share->state == RECORD_HELD && !str_eq(share->state_path, state_path) &&
		    foreign_touches(foreign, share->first, share->size) &&
		    (userns == 0 || share->userns != userns))
			return refuse(foreign, share->state_path, err);
	}
	return 0;
}

static int check_span(const struct table *table, const struct id_span *span, uint64_t userns,
		      const char *state_path, struct error *err)
{
	const struct foreign foreign = { span->first, (uint64_t)span->first + span->size };
	int r;

	if (is_block_of(table, span, userns))
		return 0;
	r = foreign_check(table->host, &foreign, err);
	if (r == 0)
		r = check_held(table, &foreign, err);
	return r < 0 ? r : check_shared(table, &foreign, userns, state_path, err);
}

static size_t find_free(const struct table *table)
{
	size_t i = 0;

	while (i < table->n_shares && table->shares[i].state != RECORD_FREE)
		i++;
	return i;
}

static int add(struct table *table, const struct id_span *span, uint64_t userns,
	       const char *state_path, struct error *err)
{
	struct share share = {
		.state = RECORD_HELD,
		.userns = userns,
		.first = span->first,
		.size = span->size,
	};
	int r = creator_fill(&share.creator, err);

	if (r < 0)
		return r;
	(void)str_format(share.state_path, sizeof(share.state_path), "%s",
			 state_path); /* its length was checked */
	return table_save_share(table, find_free(table), &share, err);
}

static int drop_all(struct table *table, const char *state_path, struct error *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < table->n_shares; i++)
		if (table->shares[i].state == RECORD_HELD &&
		    str_eq(table->shares[i].state_path, state_path))
			r = share_free(table, i, err);
	return r < 0 ? r :
		       table_tidy_shares(table,
					 err); /* what a crash left of a file that holds nothing */
}

static int share(struct table *table, const struct id_span *spans, size_t n, uint64_t userns,
		 const char *state_path, bool *ret_foreign, struct error *err)
{
	int r = table_free_same_name(table, state_path, err);

	if (r == 0)
		r = table_sweep(table, err); /* nobody is refused because of what is gone */
	*ret_foreign = false;
	for (size_t i = 0; r == 0 && i < n; i++) {
		*ret_foreign |= !is_block_of(table, &spans[i], userns);
		r = check_span(table, &spans[i], userns, state_path, err);
	}
	if (r == 0)
		r = drop_all(table, state_path, err);
	for (size_t i = 0; r == 0 && i < n; i++)
		r = add(table, &spans[i], userns, state_path, err);
	return r;
}

int idrange_share_on(const struct idrange_host *host, const char *table_path,
		     const struct id_span *spans, size_t n, uint64_t userns, const char *state_path,
		     bool *ret_foreign, struct error *err)
{
	struct table table = { 0 };
	int r = table_check_state_path(state_path, err);

	if (r == 0)
		r = table_open(&table, host, table_path, true, err);
	if (r < 0)
		return r;
	r = share(&table, spans, n, userns, state_path, ret_foreign, err);
	table_done(&table);
	return r;
}

int idrange_share(const char *table_path, const struct id_span *spans, size_t n, uint64_t userns,
		  const char *state_path, bool *ret_foreign, struct error *err)
{
	return idrange_share_on(&idrange_this_host, table_path, spans, n, userns, state_path,
				ret_foreign, err);
}

static int note_block(struct table *table, size_t block, const char *state_path, uint64_t userns,
		      struct error *err)
{
	struct record record = *table_record(table, block);

	if (record.state != RECORD_HELD || !str_eq(record.state_path, state_path))
		return error_text(err, EUCLEAN, "the container's id range is on record as another's");
	record.userns = userns;
	return table_save_record(table, block, &record, err);
}

static int note_shares(struct table *table, const char *state_path, uint64_t userns, struct error *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < table->n_shares; i++) {
		struct share share = table->shares[i];

		if (share.state != RECORD_HELD || !str_eq(share.state_path, state_path))
			continue;
		share.userns = userns;
		r = table_save_share(table, i, &share, err);
	}
	return r;
}

int idrange_note_userns_on(const struct idrange_host *host, const char *table_path, uint32_t base,
			   const char *state_path, uint64_t userns, struct error *err)
{
	struct table table = { 0 };
	int r = table_open(&table, host, table_path, false, err);

	if (r < 0)
		return r;
	r = base ? note_block(&table, block_of(base), state_path, userns, err) :
		   note_shares(&table, state_path, userns, err);
	table_done(&table);
	return r;
}

int idrange_note_userns(const char *table_path, uint32_t base, const char *state_path,
			uint64_t userns, struct error *err)
{
	return idrange_note_userns_on(&idrange_this_host, table_path, base, state_path, userns, err);
}

int idrange_leave_on(const struct idrange_host *host, const char *table_path,
		     const char *state_path, struct error *err)
{
	struct table table = { 0 };
	int r = table_open(&table, host, table_path, false, err);

	if (r < 0)
		return r;
	r = drop_all(&table, state_path, err);
	for (size_t i = 0; r == 0 && i < table.n; i++)
		if (table.records[i].state == RECORD_HELD &&
		    str_eq(table.records[i].state_path, state_path))
			r = block_free(&table, i, err);
	table_done(&table);
	return r;
}

int idrange_leave(const char *table_path, const char *state_path, struct error *err)
{
	return idrange_leave_on(&idrange_this_host, table_path, state_path, err);
}
