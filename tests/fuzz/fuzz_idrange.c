/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fuzzes what decides on id ranges: the table, as a file that a crash or a full disk may have left, and the host's files
 * of accounts. The first byte says which.
 */
#include "fuzz.h"

#include "idrange_table.c"
#include "idrange_host.c"
#include "idrange_share.c"
#include "idrange.c" /* the file is opened with O_NOFOLLOW and locked: what reads it is behind that */

static void check_listed(const struct table *table)
{
	struct error err = ERROR_INIT;
	struct idrange_entry *entries = NULL;
	size_t n = 0;

	FUZZ_CHECK(list_held(table, &entries, &n, &err) == 0 && n <= table->n);
	for (size_t i = 0; i < n; i++) {
		FUZZ_CHECK(entries[i].base >= IDRANGE_FIRST &&
			   (entries[i].base - IDRANGE_FIRST) % IDRANGE_SIZE == 0);
		FUZZ_CHECK((uint64_t)entries[i].base + IDRANGE_SIZE <= IDRANGE_LAST);
		FUZZ_CHECK(i == 0 || entries[i].base > entries[i - 1].base);
		FUZZ_CHECK(entries[i].state_path[0] == '/' &&
			   memchr(entries[i].state_path, '\0', sizeof(entries[i].state_path)));
	}
	free(entries);
}

/* Nobody may map what a container holds. */
static void check_foreign(const struct table *table)
{
	for (size_t i = 0; i < table->n && i < 64; i++) {
		const uint64_t base = IDRANGE_FIRST + i * IDRANGE_SIZE;
		const struct foreign last = { base + IDRANGE_SIZE - 1, base + IDRANGE_SIZE };
		struct error err = ERROR_INIT;
		int r = check_held(table, &last, &err);

		FUZZ_CHECK((r < 0) == (table->records[i].state == RECORD_HELD));
	}
}

/* A block is given out only when nobody holds it and no account has an id in it. */
static void check_choice(struct table *table, uint64_t now_ms)
{
	struct taken taken = { 0 };
	size_t rested, freed;

	table->now_ms = now_ms;
	taken_mark(&taken, IDRANGE_FIRST + IDRANGE_SIZE, 3);
	rested = find_rested(table, &taken, BLOCKS);
	freed = find_longest_free(table, &taken);
	FUZZ_CHECK(rested <= BLOCKS && freed <= BLOCKS && rested != 1 && freed != 1);
	FUZZ_CHECK(rested == BLOCKS || table_record(table, rested)->state == RECORD_FREE);
	FUZZ_CHECK(freed < BLOCKS && table_record(table, freed)->state == RECORD_FREE);
	(void)is_sweep_due(table);
}

static void fuzz_table(const uint8_t *data, size_t size)
{
	struct table table = {
		.fd = -EBADF, .shares_fd = -EBADF, .map = malloc(size + !size), .map_len = size
	};
	struct error err = ERROR_INIT;
	int r;

	FUZZ_CHECK(table.map);
	memcpy(table.map, data, size);
	r = table_check(&table, "/run/ids", &err);
	fuzz_check_answer(r, &err, data, size, NULL);
	if (r == 0) {
		FUZZ_CHECK(table.n <= BLOCKS);
		check_listed(&table);
		check_foreign(&table);
		check_choice(&table, table.header.swept_ms + IDRANGE_REST_MS / 2);
	}
	free(table.map);
}

/* An id that a file of accounts names is in no block that is given out. */
static void fuzz_accounts(const struct id_file *kind, const uint8_t *data, size_t size)
{
	struct accounts_file file = { malloc(size + !size), size };
	size_t n_fields = kind->fields[1] ? kind->fields[1] + 1 : 3;
	struct accounts_field f[4] = { 0 };
	struct taken taken = { 0 };
	uint32_t id;

	FUZZ_CHECK(file.text);
	memcpy(file.text, data, size);
	mark_file(&taken, kind, &file);
	for (size_t cursor = 0; accounts_next(&file, &cursor, f, n_fields);) {
		struct error err = ERROR_INIT;
		struct id_span span;
		struct foreign foreign;

		if (kind->spans && accounts_span(f, &span))
			id = span.first + span.size - 1;
		else if (kind->spans || !accounts_field_u32(&f[2], &id))
			continue;
		if (id >= IDRANGE_FIRST && (id - IDRANGE_FIRST) / IDRANGE_SIZE < BLOCKS)
			FUZZ_CHECK(taken_has(&taken, (id - IDRANGE_FIRST) / IDRANGE_SIZE));
		/* each owner is an account: the same text is the passwd(5) */
		foreign = (struct foreign){ id, (uint64_t)id + 1 };
		FUZZ_CHECK(check_line(&foreign, kind, f, &file, &err) ==
			   (kind->spans && accounts_field_is(&f[0], "kubelet") ? 0 : -EPERM));
	}
	accounts_done(&file);
}

/* Whoever shares ids keeps them from everybody else. */
static void fuzz_shares(const uint8_t *data, size_t size)
{
	struct table table = { .fd = -EBADF,
			       .shares_fd = -EBADF,
			       .shares = malloc(size + !size),
			       .n_shares = size / sizeof(struct share) };
	struct error err = ERROR_INIT;
	int r;

	FUZZ_CHECK(table.shares);
	memcpy(table.shares, data, size);
	r = table_check_shares(&table, "/run/ids", &err);
	fuzz_check_answer(r, &err, data, size, NULL);
	for (size_t i = 0; r == 0 && i < table.n_shares; i++) {
		const struct share *share = &table.shares[i];
		const struct foreign last = { (uint64_t)share->first + share->size - 1,
					      (uint64_t)share->first + share->size };

		if (share->state == RECORD_HELD)
			FUZZ_CHECK(check_shared(&table, &last, 0, "/another", &err) == -EPERM);
	}
	free(table.shares);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const size_t kinds = sizeof(id_files) / sizeof(id_files[0]);

	if (size == 0 || data[0] > kinds + 1)
		return -1;
	if (data[0] == 0)
		fuzz_table(data + 1, size - 1);
	else if (data[0] == kinds + 1)
		fuzz_shares(data + 1, size - 1);
	else
		fuzz_accounts(&id_files[data[0] - 1], data + 1, size - 1);
	return 0;
}
