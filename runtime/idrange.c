/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * idrange - see idrange.h.
 *
 * The table: a header, then one record for each block from IDRANGE_FIRST on. A hole reads as zeros, which is a block
 * that was never used. What the header says is only when the table was last swept.
 *
 * A held block ends in one of three ways: its container frees it; its record is found with neither a state folder nor a
 * living creator (swept); or its state folder's name comes again with another container, which proves that the first one
 * is gone, because that folder is the lock of a container's name.
 */
#include "idrange.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>

#include "accounts.h"
#include "error.h"
#include "fd.h"
#include "path.h"
#include "proc.h"
#include "str.h"

#define BLOCKS ((IDRANGE_LAST - IDRANGE_FIRST) / IDRANGE_SIZE)
#define SWEEP_EVERY_MS                                                                             \
	10000 /* a sweep looks at every held block: not for each of a thousand containers */
#define OPEN_TRIES 100 /* somebody may remove the table between our open(2) and flock(2) */
#define LOCAL_IDS_FIRST                                                                            \
	65536U /* below are the host's own accounts, whether passwd(5) names them or not */

/* Kubernetes, "User Namespaces": pods get 64K blocks from 65536 on unless /etc/subuid names the kubelet. */
#define KUBELET_FIRST 65536U
#define KUBELET_SIZE                                                                               \
	(1024U * 65536U) /* --max-pods is 110 by default; a thousand is the largest in practice */

enum record_state { RECORD_FREE, RECORD_HELD };

#define TABLE_MAGIC 0x6c644957bULL /* changes with the layout */

struct header {
	uint64_t magic;
	uint64_t swept_ms;
	uint8_t unused[496];
};
_Static_assert(sizeof(struct header) == 512, "on disk");

struct record {
	uint32_t state; /* enum record_state */
	uint32_t creator_pid;
	uint64_t creator_start; /* struct proc_id */
	uint64_t freed_ms;	/* 0: never used */
	char state_path[401];
	uint8_t unused[87];
};
_Static_assert(sizeof(struct record) == 512,
	       "on disk, and within one page: a write(2) of it is whole or none");

struct table {
	const struct idrange_host *host;
	int fd; /* locked */
	uint64_t now_ms;
	struct header header;
	const struct record *records; /* mapped: shows at once what is written */
	size_t n;
	void *map; /* of the whole file; NULL when it is empty */
	size_t map_len;
};

/* ---- the host --------------------------------------------------------------------------------- */

static uint64_t boottime_ms(void)
{
	struct timespec t = { 0 };

	(void)clock_gettime(CLOCK_BOOTTIME, &t); /* cannot fail: Linux 2.6.39 */
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static const struct idrange_host this_host = {
	.etc_path = "/etc",
	.kubelet_path = "/var/lib/kubelet",
	.now_ms = boottime_ms,
};

/* ---- table ------------------------------------------------------------------------------------ */

static int make_folder(const char *table_path, struct error *err)
{
	_cleanup_free_ char *dir = strdup(table_path);
	char *slash = dir ? strrchr(dir, '/') : NULL;

	if (!dir)
		return error_set(err, ENOMEM, "id ranges");
	if (!slash || slash == dir)
		return 0;
	*slash = '\0';
	return path_make_own_dir(dir, err);
}

/* Whether the file behind @fd is still the one that the path leads to. */
static bool is_current(int fd, const char *path)
{
	struct stat a, b;

	return fstat(fd, &a) == 0 && stat(path, &b) == 0 && a.st_dev == b.st_dev &&
	       a.st_ino == b.st_ino;
}

static int check_file(int fd, const char *path, struct error *err)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return error_set(err, errno, "cannot stat '%s'", path);
	if (!S_ISREG(st.st_mode) || st.st_uid != geteuid())
		return error_text(err, EPERM, "'%s' is not a regular file of ours", path);
	return 0;
}

static int open_locked(const char *path, bool make, struct error *err)
{
	int flags = O_RDWR | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | (make ? O_CREAT : 0);

	for (int i = 0; i < OPEN_TRIES; i++) {
		_cleanup_close_ int fd = open(path, flags, 0600);
		int r;

		if (fd < 0 && errno == ENOENT && !make)
			return -ENOENT;
		if (fd < 0)
			return error_set(err, errno, "cannot open '%s'", path);
		r = check_file(fd, path, err);
		if (r < 0)
			return r;
		do
			r = flock(fd, LOCK_EX);
		while (r < 0 && errno == EINTR);
		if (r < 0)
			return error_set(err, errno, "cannot lock '%s'", path);
		if (is_current(fd, path))
			return take_fd(&fd);
	}
	return error_text(err, EAGAIN, "'%s' is removed again and again", path);
}

static int write_at(int fd, const void *data, size_t size, size_t offset, struct error *err)
{
	ssize_t n;

	do
		n = pwrite(fd, data, size, (off_t)offset);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return error_set(err, errno, "cannot write the table of id ranges");
	if ((size_t)n != size)
		return error_text(err, ENOSPC, "cannot write the table of id ranges: no space left");
	return 0;
}

static int save_record(struct table *table, size_t block, const struct record *record,
		       struct error *err)
{
	return write_at(table->fd, record, sizeof(*record),
			sizeof(struct header) + block * sizeof(*record), err);
}

static int save_header(struct table *table, struct error *err)
{
	table->header.magic = TABLE_MAGIC;
	return write_at(table->fd, &table->header, sizeof(table->header), 0, err);
}

static bool is_record_sane(const struct record *record)
{
	if (record->state == RECORD_FREE)
		return true;
	return record->state == RECORD_HELD && record->state_path[0] == '/' &&
	       memchr(record->state_path, '\0', sizeof(record->state_path));
}

/* What lies beyond the end of the file was never used. */
static const struct record *record_of(const struct table *table, size_t block)
{
	static const struct record unused = { .state = RECORD_FREE };

	return block < table->n ? &table->records[block] : &unused;
}

static int check_table(struct table *table, const char *path, struct error *err)
{
	if (table->map_len < sizeof(struct header))
		return error_text(err, EUCLEAN, "'%s' is not a table of id ranges", path);
	memcpy(&table->header, table->map, sizeof(struct header));
	if (table->header.magic != TABLE_MAGIC)
		return error_text(err, EUCLEAN, "'%s' is not a table of id ranges", path);
	table->records = (const struct record *)((const char *)table->map + sizeof(struct header));
	/* what a full disk cut off was never ours */
	table->n = (table->map_len - sizeof(struct header)) / sizeof(struct record);
	if (table->n > BLOCKS)
		return error_text(err, EUCLEAN, "'%s' has more blocks than there are", path);
	for (size_t i = 0; i < table->n; i++)
		if (!is_record_sane(&table->records[i]))
			return error_text(err, EUCLEAN, "'%s' is damaged at block %zu", path, i);
	return 0;
}

/* A mapping, because a thousand containers make half a megabyte, of which few pages are of interest. */
static int read_table(struct table *table, const char *path, struct error *err)
{
	struct stat st;
	void *map;

	if (fstat(table->fd, &st) < 0)
		return error_set(err, errno, "cannot stat '%s'", path);
	if (st.st_size == 0)
		return 0;
	map = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_SHARED | MAP_POPULATE, table->fd, 0);
	if (map == MAP_FAILED)
		return error_set(err, errno, "cannot map '%s'", path);
	table->map = map;
	table->map_len = (size_t)st.st_size;
	return check_table(table, path, err);
}

static void table_done(struct table *table)
{
	if (table->map)
		(void)munmap(table->map, table->map_len); /* fails for no mapping of ours */
	table->fd = fd_close(table->fd);		  /* unlocks */
}

/* Without @make a table that does not exist is an empty one. */
static int table_open(struct table *table, const struct idrange_host *host, const char *path,
		      bool make, struct error *err)
{
	int r = make ? make_folder(path, err) : 0;

	*table = (struct table){ .host = host, .fd = -EBADF };
	if (r < 0)
		return r;
	r = open_locked(path, make, err);
	if (r == -ENOENT && !make)
		return 0;
	if (r < 0)
		return r;
	table->fd = r;
	table->now_ms = host->now_ms();
	r = read_table(table, path, err);
	if (r < 0)
		table_done(table);
	return r;
}

/* ---- ids that are somebody's ------------------------------------------------------------------ */

struct taken {
	uint8_t bits[(BLOCKS + 7) / 8]; /* blocks that overlap ids of accounts */
};

static void mark(struct taken *taken, uint64_t first, uint64_t size)
{
	uint64_t end = first + size;

	if (size == 0 || end <= IDRANGE_FIRST)
		return;
	first = first < IDRANGE_FIRST ? 0 : (first - IDRANGE_FIRST) / IDRANGE_SIZE;
	end = (end - 1 - IDRANGE_FIRST) / IDRANGE_SIZE;
	for (uint64_t block = first; block <= end && block < BLOCKS; block++)
		taken->bits[block / 8] |= (uint8_t)(1U << (block % 8));
}

static bool is_taken(const struct taken *taken, size_t block)
{
	return taken->bits[block / 8] & (1U << (block % 8));
}

/* Files of accounts, and in which fields of them there are ids. */
static const struct id_file {
	const char *name;
	size_t fields[2]; /* 0: none */
	bool spans;	  /* "owner:first:size" instead */
} id_files[] = {
	{ "passwd", { 2, 3 }, false },
	{ "group", { 2, 0 }, false },
	{ "subuid", { 0, 0 }, true },
	{ "subgid", { 0, 0 }, true },
};

static void mark_file(struct taken *taken, const struct id_file *kind,
		      const struct accounts_file *file)
{
	struct accounts_field f[4] = { 0 };
	size_t n_fields = kind->fields[1] ? kind->fields[1] + 1 : 3;
	struct id_span span;
	uint32_t id;

	for (size_t cursor = 0; accounts_next(file, &cursor, f, n_fields);) {
		if (kind->spans && accounts_span(f, &span))
			mark(taken, span.first, span.size);
		for (size_t i = 0; !kind->spans && i < 2; i++)
			if (kind->fields[i] && accounts_field_u32(&f[kind->fields[i]], &id))
				mark(taken, id, 1);
	}
}

static int mark_host(struct taken *taken, const struct idrange_host *host, struct error *err)
{
	struct stat st;

	*taken = (struct taken){ 0 };
	for (size_t i = 0; i < sizeof(id_files) / sizeof(id_files[0]); i++) {
		struct accounts_file file = { 0 };
		int r = accounts_read(host->etc_path, id_files[i].name, &file, err);

		if (r < 0)
			return r;
		mark_file(taken, &id_files[i], &file);
		accounts_done(&file);
	}
	if (stat(host->kubelet_path, &st) == 0)
		mark(taken, KUBELET_FIRST, KUBELET_SIZE);
	return 0;
}

/* ---- take and free ---------------------------------------------------------------------------- */

static bool is_creator_alive(const struct record *record)
{
	const struct proc_id creator = { .pid = (pid_t)record->creator_pid,
					 .start = record->creator_start };

	return proc_is_alive(&creator);
}

static bool is_abandoned(const struct record *record)
{
	struct stat st;

	return lstat(record->state_path, &st) < 0 && errno == ENOENT && !is_creator_alive(record);
}

static int free_record(struct table *table, size_t block, struct error *err)
{
	const struct record record = {
		.state = RECORD_FREE,
		.freed_ms = table->now_ms ? table->now_ms : 1,
	};

	return save_record(table, block, &record, err);
}

static int sweep(struct table *table, struct error *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < table->n; i++)
		if (table->records[i].state == RECORD_HELD && is_abandoned(&table->records[i]))
			r = free_record(table, i, err);
	table->header.swept_ms = table->now_ms;
	return r < 0 ? r : save_header(table, err);
}

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
		const struct record *record = record_of(table, i);

		if (record->state == RECORD_FREE && !is_taken(taken, i) && has_rested(table, record))
			return i;
	}
	return BLOCKS;
}

static size_t find_longest_free(const struct table *table, const struct taken *taken)
{
	size_t best = BLOCKS;

	for (size_t i = 0; i < BLOCKS; i++) {
		const struct record *record = record_of(table, i);

		if (record->state == RECORD_FREE && !is_taken(taken, i) &&
		    (best == BLOCKS || record->freed_ms < record_of(table, best)->freed_ms))
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
		r = sweep(table, err);
	if (r == 0 && block == BLOCKS)
		block = find_rested(table, taken, BLOCKS);
	if (r == 0 && block == BLOCKS)
		r = sweep(table, err);
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

static int free_same_name(struct table *table, const char *state_path, struct error *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < table->n; i++)
		if (table->records[i].state == RECORD_HELD &&
		    str_eq(table->records[i].state_path, state_path) &&
		    !is_creator_alive(&table->records[i]))
			r = free_record(table, i, err);
	return r;
}

static int hold(struct table *table, size_t block, const char *state_path, struct error *err)
{
	struct record record = { .state = RECORD_HELD, .creator_pid = (uint32_t)getpid() };
	int r = proc_stat(getpid(), &record.creator_start, NULL, err);

	if (r == 0 && table->header.magic != TABLE_MAGIC)
		r = save_header(table, err);
	if (r < 0)
		return r;
	(void)str_format(record.state_path, sizeof(record.state_path), "%s",
			 state_path); /* its length was checked */
	return save_record(table, block, &record, err);
}

static int take_from(struct table *table, const char *state_path, uint32_t *ret_base,
		     struct error *err)
{
	struct taken taken;
	size_t block = 0;
	int r = mark_host(&taken, table->host, err);

	if (r == 0)
		r = free_same_name(table, state_path, err);
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
	struct table table;
	int r;

	if (state_path[0] != '/')
		return error_text(err, EINVAL, "the state folder '%s' is not an absolute path",
				  state_path);
	if (strlen(state_path) >= sizeof(((struct record *)0)->state_path))
		return error_text(err, ENAMETOOLONG,
				  "the path of the state folder is longer than 400 bytes");
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
	struct table table;
	size_t block;
	int r = table_open(&table, host, table_path, false, err);

	if (r < 0)
		return r;
	block = (base - IDRANGE_FIRST) / IDRANGE_SIZE;
	if (base >= IDRANGE_FIRST && (base - IDRANGE_FIRST) % IDRANGE_SIZE == 0 &&
	    block < table.n && table.records[block].state == RECORD_HELD &&
	    str_eq(table.records[block].state_path, state_path))
		r = free_record(&table, block, err);
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
	struct table table;
	int r = table_open(&table, &this_host, table_path, false, err);

	if (r < 0)
		return r;
	r = list_held(&table, ret, ret_n, err);
	table_done(&table);
	return r;
}

/* ---- mappings that a spec brings -------------------------------------------------------------- */

struct foreign {
	uint64_t first, end;
};

static bool touches(const struct foreign *foreign, uint64_t first, uint64_t size)
{
	return first < foreign->end && foreign->first < first + size;
}

/* Ranges of "containers" and "kubelet" are there to be mapped by Podman and the kubelet; those of people are not. */
static int check_line(const struct foreign *foreign, const struct id_file *kind,
		      const struct accounts_field *f, const struct accounts_file *passwd,
		      struct error *err)
{
	struct id_span span;
	uint32_t id;

	for (size_t i = 0; !kind->spans && i < 2; i++)
		if (kind->fields[i] && accounts_field_u32(&f[kind->fields[i]], &id) &&
		    touches(foreign, id, 1))
			return error_text(err, EPERM,
					  "host ids from %ju on cannot be mapped: id %u is in /etc/%s of this host",
					  (uintmax_t)foreign->first, id, kind->name);
	if (!kind->spans || !accounts_span(f, &span) || !touches(foreign, span.first, span.size))
		return 0;
	if (accounts_field_is(&f[0], "kubelet") || !accounts_has(passwd, &f[0]))
		return 0;
	return error_text(err, EPERM,
			  "host ids from %ju on cannot be mapped: /etc/%s gives %u and up to a local account",
			  (uintmax_t)foreign->first, kind->name, span.first);
}

static int check_accounts(const struct idrange_host *host, const struct foreign *foreign,
			  struct error *err)
{
	struct accounts_file passwd = { 0 };
	int r = accounts_read(host->etc_path, "passwd", &passwd, err);

	for (size_t i = 0; r == 0 && i < sizeof(id_files) / sizeof(id_files[0]); i++) {
		const struct id_file *kind = &id_files[i];
		size_t cursor = 0, n_fields = kind->fields[1] ? kind->fields[1] + 1 : 3;
		struct accounts_field f[4] = { 0 };
		struct accounts_file file = { 0 };

		r = accounts_read(host->etc_path, kind->name, &file, err);
		while (r == 0 && accounts_next(&file, &cursor, f, n_fields))
			r = check_line(foreign, kind, f, &passwd, err);
		accounts_done(&file);
	}
	accounts_done(&passwd);
	return r;
}

static int check_held(const struct table *table, const struct foreign *foreign, struct error *err)
{
	for (size_t i = 0; i < table->n; i++)
		if (table->records[i].state == RECORD_HELD &&
		    touches(foreign, IDRANGE_FIRST + i * IDRANGE_SIZE, IDRANGE_SIZE))
			return error_text(err, EPERM,
					  "host ids from %ju on cannot be mapped: they belong to the container at '%s'",
					  (uintmax_t)foreign->first, table->records[i].state_path);
	return 0;
}

int idrange_check_foreign_on(const struct idrange_host *host, const char *table_path,
			     uint32_t host_id, uint32_t size, struct error *err)
{
	const struct foreign foreign = { host_id, (uint64_t)host_id + size };
	struct table table;
	int r;

	if (size == 0 || foreign.end > UINT32_MAX)
		return error_text(err, EINVAL, "%u host ids from %u on are no range", size, host_id);
	if (host_id < LOCAL_IDS_FIRST)
		return error_text(err, EPERM,
				  "host ids from %u on cannot be mapped: those below %u are the host's own accounts",
				  host_id, LOCAL_IDS_FIRST);
	r = check_accounts(host, &foreign, err);
	if (r < 0)
		return r;
	r = table_open(&table, host, table_path, false, err);
	if (r < 0)
		return r;
	r = check_held(&table, &foreign, err);
	table_done(&table);
	return r;
}

/* ---- on this host ----------------------------------------------------------------------------- */

int idrange_take(const char *table_path, const char *state_path, uint32_t *ret_base, struct error *err)
{
	return idrange_take_on(&this_host, table_path, state_path, ret_base, err);
}

int idrange_free(const char *table_path, uint32_t base, const char *state_path, struct error *err)
{
	return idrange_free_on(&this_host, table_path, base, state_path, err);
}

int idrange_check_foreign(const char *table_path, uint32_t host_id, uint32_t size, struct error *err)
{
	return idrange_check_foreign_on(&this_host, table_path, host_id, size, err);
}
