/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * seccomp_cache - see seccomp_cache.h.
 *
 * A file is a header and the instructions as seccomp(2) takes them. The checksum finds damage, not malice: who may
 * write here could also write a checksum, and so owner and mode of the folder and of the file are what is trusted.
 */
#include "seccomp_cache.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/bpf_common.h>
#include <seccomp.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "error.h"
#include "fd.h"
#include "path.h"
#include "seccomp.h"
#include "str.h"

#ifndef BULWARK_VERSION
#define BULWARK_VERSION "unknown"
#endif
#ifndef BULWARK_COMMIT
#define BULWARK_COMMIT "unknown"
#endif

#define CACHE_MAGIC 0x31465342U /* "BSF1"; changes with the layout */
#define CACHE_FILE_MAX (sizeof(struct cache_header) + BPF_MAXINSNS * sizeof(struct sock_filter))

struct cache_header {
	uint32_t magic;
	uint32_t n;		      /* instructions that follow */
	uint8_t digest[SHA256_BYTES]; /* of the key, @n and the instructions */
};
_Static_assert(sizeof(struct cache_header) == 40, "on disk");

int seccomp_cache_key(const json_t *section, char ret_key[SHA256_HEX_SIZE], struct error *err)
{
	const struct scmp_version *version = seccomp_version();
	_cleanup_free_ char *text = json_dumps(section, JSON_SORT_KEYS | JSON_COMPACT);
	uint8_t digest[SHA256_BYTES];
	struct sha256 ctx;
	char rest[128];
	int r;

	if (!text)
		return error_set(err, ENOMEM, "linux.seccomp: no memory for its text");
	r = str_format(rest, sizeof(rest),
		       "libseccomp %u.%u.%u arch %x build " BULWARK_VERSION " " BULWARK_COMMIT,
		       version->major, version->minor, version->micro, seccomp_arch_native());
	if (r < 0)
		return error_set(err, -r, "linux.seccomp: cannot describe this build");
	sha256_init(&ctx);
	sha256_update(&ctx, rest, strlen(rest) + 1); /* the NUL keeps the two texts apart */
	sha256_update(&ctx, text, strlen(text));
	sha256_final(&ctx, digest);
	sha256_to_hex(digest, ret_key);
	return 0;
}

/* Only we can have written to it: our own, and nobody else may write. */
static bool is_ours_alone(const struct stat *st)
{
	return st->st_uid == geteuid() && !(st->st_mode & (S_IWGRP | S_IWOTH));
}

int seccomp_cache_open(const char *path, struct error *err)
{
	const int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
	_cleanup_close_ int fd = open(path, flags);
	struct stat st;
	int r;

	if (fd < 0 && errno == ENOENT) {
		r = path_make_own_dir(path, err);
		if (r < 0)
			return r;
		fd = open(path, flags);
	}
	if (fd < 0 || fstat(fd, &st) < 0)
		return error_set(err, errno, "cannot open the folder '%s'", path);
	if (!is_ours_alone(&st))
		return error_text(err, EPERM,
				  "'%s' belongs to uid %u with mode %04o: it has to be ours, and nobody else "
				  "may write to it",
				  path, st.st_uid, st.st_mode & 07777);
	return take_fd(&fd);
}

static void digest_program(const char *key, const struct sock_filter *insns, uint32_t n,
			   uint8_t ret_digest[SHA256_BYTES])
{
	struct sha256 ctx;

	sha256_init(&ctx);
	sha256_update(&ctx, key, strlen(key));
	sha256_update(&ctx, &n, sizeof(n));
	sha256_update(&ctx, insns, n * sizeof(*insns));
	sha256_final(&ctx, ret_digest);
}

/* A file's content as a program. */
static int decode(const char *key, const char *data, size_t len, struct seccomp_program *ret,
		  struct error *err)
{
	struct sock_filter *insns;
	struct cache_header header;
	uint8_t digest[SHA256_BYTES];
	size_t bytes;

	if (len < sizeof(header))
		return error_text(err, EBADMSG, "'%s' is too short", key);
	memcpy(&header, data, sizeof(header));
	bytes = len - sizeof(header);
	if (header.magic != CACHE_MAGIC || header.n < 1 || header.n > BPF_MAXINSNS ||
	    bytes != header.n * sizeof(*insns))
		return error_text(err, EBADMSG, "'%s' is not a filter of ours", key);
	insns = malloc(bytes);
	if (!insns)
		return error_set(err, ENOMEM, "'%s'", key);
	memcpy(insns, data + sizeof(header), bytes);
	digest_program(key, insns, header.n, digest);
	if (memcmp(digest, header.digest, sizeof(digest)) != 0) {
		free(insns);
		return error_text(err, EBADMSG, "'%s' is damaged: its checksum is wrong", key);
	}
	ret->insns = insns;
	ret->n = (uint16_t)header.n;
	return 0;
}

int seccomp_cache_load(int dir_fd, const char *key, struct seccomp_program *ret, struct error *err)
{
	_cleanup_close_ int fd =
		openat(dir_fd, key, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	_cleanup_free_ char *data = NULL;
	struct stat st;
	size_t len;
	int r;

	if (fd < 0 || fstat(fd, &st) < 0)
		return error_set(err, errno == ELOOP ? EPERM : errno, "cannot open '%s'", key);
	if (!S_ISREG(st.st_mode) || !is_ours_alone(&st) || st.st_nlink != 1)
		return error_text(err, EPERM, "'%s' is not a file that nobody but us may write to",
				  key);
	r = fd_read_all(fd, CACHE_FILE_MAX, &data, &len, err);
	if (r < 0)
		return r == -EFBIG ? error_text(err, EBADMSG, "'%s' is too long", key) : r;
	return decode(key, data, len, ret, err);
}

static bool is_older(const struct stat *a, const struct stat *b)
{
	if (a->st_mtim.tv_sec != b->st_mtim.tv_sec)
		return a->st_mtim.tv_sec < b->st_mtim.tv_sec;
	return a->st_mtim.tv_nsec < b->st_mtim.tv_nsec;
}

/* Counts what lies in the folder, and says which is the oldest. */
static int survey(DIR *dir, size_t *ret_n, char *ret_oldest, struct error *err)
{
	struct stat oldest = { 0 };
	struct dirent *entry;
	size_t n = 0;

	rewinddir(dir);
	while (errno = 0, (entry = readdir(dir))) {
		struct stat st;

		if (str_eq(entry->d_name, ".") || str_eq(entry->d_name, ".."))
			continue;
		if (fstatat(dirfd(dir), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0 ||
		    S_ISDIR(st.st_mode))
			continue; /* gone already: another runtime evicts, too */
		if (n++ == 0 || is_older(&st, &oldest)) {
			oldest = st;
			if (str_format(ret_oldest, NAME_MAX + 1, "%s", entry->d_name) < 0)
				return error_text(err, ENAMETOOLONG,
						  "the cache holds an overlong name");
		}
	}
	if (errno)
		return error_set(err, errno, "cannot list the cache");
	*ret_n = n;
	return 0;
}

/* Makes room for one more. */
static int evict(int dir_fd, struct error *err)
{
	int fd = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	char oldest[NAME_MAX + 1];
	size_t n = 0;
	int r;

	if (!dir) {
		r = error_set(err, errno, "cannot list the cache");
		(void)fd_close(fd);
		return r;
	}
	for (;;) {
		r = survey(dir, &n, oldest, err);
		if (r < 0 || n < SECCOMP_CACHE_ENTRIES_MAX)
			break;
		if (unlinkat(dir_fd, oldest, 0) < 0 && errno != ENOENT) {
			r = error_set(err, errno, "cannot remove '%s' from the cache", oldest);
			break;
		}
	}
	(void)closedir(dir);
	return r;
}

int seccomp_cache_store(int dir_fd, const char *key, const struct seccomp_program *program,
			struct error *err)
{
	const size_t bytes = program->n * sizeof(*program->insns),
		     len = sizeof(struct cache_header) + bytes;
	struct cache_header header = { .magic = CACHE_MAGIC, .n = program->n };
	_cleanup_free_ char *data = malloc(len);
	int r;

	if (!data)
		return error_set(err, ENOMEM, "'%s'", key);
	r = evict(dir_fd, err);
	if (r < 0)
		return r;
	digest_program(key, program->insns, program->n, header.digest);
	memcpy(data, &header, sizeof(header));
	memcpy(data + sizeof(header), program->insns, bytes);
	return fd_replace_file(dir_fd, key, data, len, 0600, err);
}
