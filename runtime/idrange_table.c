/* SPDX-License-Identifier: GPL-2.0-or-later */
/* idrange_table - see idrange_table.h. */
#include "idrange_table.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "error.h"
#include "fd.h"
#include "path.h"
#include "str.h"

#define OPEN_TRIES 100	/* somebody may remove the table between our open(2) and flock(2) */
#define SHARES_MAX 4096 /* containers that share; a file with more is none of ours */
#define TABLE_MAGIC 0x6c644957bULL /* changes with the layout */

/* ---- the file ----------------------------------------------------------------------------------- */

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

int table_save_record(struct table *table, size_t block, const struct record *record,
		      struct error *err)
{
	return write_at(table->fd, record, sizeof(*record),
			sizeof(struct header) + block * sizeof(*record), err);
}

int table_save_header(struct table *table, struct error *err)
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

const struct record *table_record(const struct table *table, size_t block)
{
	static const struct record unused = { .state = RECORD_FREE };

	return block < table->n ? &table->records[block] : &unused;
}

int table_check(struct table *table, const char *path, struct error *err)
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
	return table_check(table, path, err);
}

int table_check_state_path(const char *state_path, struct error *err)
{
	if (state_path[0] != '/')
		return error_text(err, EINVAL, "the state folder '%s' is not an absolute path",
				  state_path);
	if (strlen(state_path) >= TABLE_PATH_SIZE)
		return error_text(err, ENAMETOOLONG,
				  "the path of the state folder is longer than 400 bytes");
	return 0;
}

/* ---- who shares --------------------------------------------------------------------------------- */

static bool is_share_sane(const struct share *share)
{
	if (share->state == RECORD_FREE)
		return true;
	return share->state == RECORD_HELD && share->state_path[0] == '/' && share->size > 0 &&
	       (uint64_t)share->first + share->size <= UINT32_MAX &&
	       memchr(share->state_path, '\0', sizeof(share->state_path));
}

int table_check_shares(struct table *table, const char *path, struct error *err)
{
	for (size_t i = 0; i < table->n_shares; i++)
		if (!is_share_sane(&table->shares[i]))
			return error_text(err, EUCLEAN, "'%s.shared' is damaged at record %zu",
					  path, i);
	return 0;
}

static int open_shares(struct table *table, bool make, struct error *err)
{
	int flags = O_RDWR | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | (make ? O_CREAT : 0);
	char path[PATH_MAX];

	if (str_format(path, sizeof(path), "%s.shared", table->path) < 0)
		return error_set(err, ENAMETOOLONG, "'%s'", table->path);
	table->shares_fd = open(path, flags, 0600);
	if (table->shares_fd >= 0)
		return check_file(table->shares_fd, path, err);
	if (errno == ENOENT && !make)
		return 0;
	return error_set(err, errno, "cannot open '%s'", path);
}

static int read_shares(struct table *table, struct error *err)
{
	struct stat st;
	size_t size;
	int r = open_shares(table, false, err);

	if (r < 0 || table->shares_fd < 0)
		return r;
	if (fstat(table->shares_fd, &st) < 0)
		return error_set(err, errno, "cannot stat '%s.shared'", table->path);
	table->n_shares = (size_t)st.st_size / sizeof(struct share); /* the rest was cut off */
	if (table->n_shares > SHARES_MAX)
		return error_text(err, EUCLEAN, "'%s.shared' has more than %d records", table->path,
				  SHARES_MAX);
	size = table->n_shares * sizeof(struct share);
	table->shares = malloc(size + !size);
	if (!table->shares)
		return error_set(err, ENOMEM, "id ranges");
	if (pread(table->shares_fd, table->shares, size, 0) != (ssize_t)size)
		return error_text(err, EIO, "cannot read '%s.shared'", table->path);
	return table_check_shares(table, table->path, err);
}

int table_save_share(struct table *table, size_t index, const struct share *share, struct error *err)
{
	int r = table->shares_fd < 0 ? open_shares(table, true, err) : 0;

	if (r == 0 && index >= SHARES_MAX)
		r = error_text(err, ENOSPC, "%d containers share ids: there is no room for more",
			       SHARES_MAX);
	if (r == 0 && index == table->n_shares) {
		struct share *more = reallocarray(table->shares, index + 1, sizeof(*more));

		if (!more)
			return error_set(err, ENOMEM, "id ranges");
		table->shares = more;
		table->n_shares = index + 1;
	}
	if (r < 0)
		return r;
	table->shares[index] = *share;
	return write_at(table->shares_fd, share, sizeof(*share), index * sizeof(*share), err);
}

int table_tidy_shares(struct table *table, struct error *err)
{
	char path[PATH_MAX];

	if (table->shares_fd < 0)
		return 0;
	for (size_t i = 0; i < table->n_shares; i++)
		if (table->shares[i].state != RECORD_FREE)
			return 0;
	if (str_format(path, sizeof(path), "%s.shared", table->path) < 0)
		return error_set(err, ENAMETOOLONG, "'%s'", table->path);
	if (unlink(path) < 0 && errno != ENOENT)
		return error_set(err, errno, "cannot remove '%s'", path);
	table->shares_fd = fd_close(table->shares_fd);
	table->n_shares = 0;
	return 0;
}

/* ---- both --------------------------------------------------------------------------------------- */

void table_done(struct table *table)
{
	if (table->map)
		(void)munmap(table->map, table->map_len); /* fails for no mapping of ours */
	free(table->shares);
	table->shares_fd = fd_close(table->shares_fd);
	table->fd = fd_close(table->fd); /* unlocks */
}

int table_open(struct table *table, const struct idrange_host *host, const char *path, bool make,
	       struct error *err)
{
	int r = make ? make_folder(path, err) : 0;

	*table = (struct table){ .host = host, .path = path, .fd = -EBADF, .shares_fd = -EBADF };
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
	if (r == 0)
		r = read_shares(table, err);
	if (r < 0)
		table_done(table);
	return r;
}
