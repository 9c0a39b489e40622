/* SPDX-License-Identifier: GPL-2.0-or-later */
/* copy_up - see copy_up.h. Everything goes by descriptors and names of one component. */
#include "copy_up.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include "error.h"
#include "fd.h"
#include "str.h"
#include "sys.h"

#define CHUNK (1U << 20) /* bytes at a time */

struct copy {
	long long bytes;
	long files;
	int depth;
};

static int copy_folder(struct copy *copy, int from_fd, int to_fd, struct error *err);

static int refuse(const char *name, const char *what, struct error *err)
{
	char quoted[96];

	return error_text(err, E2BIG, "tmpcopyup: '%s': %s",
			  str_quote(name, quoted, sizeof(quoted)), what);
}

static int fail(const char *name, int errnum, struct error *err)
{
	char quoted[96];

	return error_set(err, errnum, "tmpcopyup: cannot copy '%s'",
			 str_quote(name, quoted, sizeof(quoted)));
}

/* Owner first: chown(2) clears set-user-ID bits. Times last: everything before changes them. */
static int copy_attributes(int to_fd, const struct stat *st)
{
	const struct timespec times[2] = { st->st_atim, st->st_mtim };

	if (fchown(to_fd, st->st_uid, st->st_gid) < 0 || fchmod(to_fd, st->st_mode & 07777) < 0 ||
	    futimens(to_fd, times) < 0)
		return -errno;
	return 0;
}

/* Without following a link, or leaving the mount that the folder is on. */
static int open_entry(int dir_fd, const char *name, int flags)
{
	const struct open_how how = {
		.flags = (uint64_t)(O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC | flags),
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS |
			   RESOLVE_NO_XDEV,
	};
	int fd = sys_openat2(dir_fd, name, &how);

	return fd < 0 ? -errno : fd;
}

static int copy_data(struct copy *copy, const char *name, int from_fd, int to_fd, struct error *err)
{
	for (;;) {
		ssize_t n = sendfile(to_fd, from_fd, NULL, CHUNK);

		if (n < 0)
			return fail(name, errno, err);
		if (n == 0)
			return 0;
		copy->bytes += n;
		if (copy->bytes > COPY_UP_BYTES_MAX)
			return refuse(name, "the folder holds more than 1 GiB", err);
	}
}

static int copy_file(struct copy *copy, int from_dir_fd, int to_dir_fd, const char *name,
		     struct error *err)
{
	_cleanup_close_ int from_fd = open_entry(from_dir_fd, name, 0), to_fd = -EBADF;
	struct stat st;
	int r;

	if (from_fd < 0)
		return fail(name, -from_fd, err);
	if (fstat(from_fd, &st) < 0)
		return fail(name, errno, err);
	if (!S_ISREG(st.st_mode)) /* something else by now */
		return 0;
	to_fd = openat(to_dir_fd, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (to_fd < 0)
		return fail(name, errno, err);
	r = copy_data(copy, name, from_fd, to_fd, err);
	if (r == 0) {
		r = copy_attributes(to_fd, &st);
		if (r < 0)
			(void)fail(name, -r, err);
	}
	return r;
}

static int copy_subfolder(struct copy *copy, int from_dir_fd, int to_dir_fd, const char *name,
			  struct error *err)
{
	_cleanup_close_ int from_fd = open_entry(from_dir_fd, name, O_DIRECTORY), to_fd = -EBADF;
	int r;

	if (from_fd == -EXDEV) { /* the point of a mount of its own: its folder, empty */
		if (mkdirat(to_dir_fd, name, 0755) < 0)
			return fail(name, errno, err);
		return 0;
	}
	if (from_fd < 0)
		return fail(name, -from_fd, err);
	if (mkdirat(to_dir_fd, name, 0700) < 0)
		return fail(name, errno, err);
	to_fd = openat(to_dir_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (to_fd < 0)
		return fail(name, errno, err);
	if (++copy->depth > COPY_UP_DEPTH_MAX)
		return refuse(name, "folders are nested too deeply", err);
	r = copy_folder(copy, from_fd, to_fd, err);
	copy->depth--;
	return r;
}

static int copy_link(int from_dir_fd, int to_dir_fd, const char *name, const struct stat *st,
		     struct error *err)
{
	char target[PATH_MAX];
	ssize_t n = readlinkat(from_dir_fd, name, target, sizeof(target) - 1);

	if (n < 0)
		return fail(name, errno, err);
	target[n] = '\0';
	if (symlinkat(target, to_dir_fd, name) < 0 ||
	    fchownat(to_dir_fd, name, st->st_uid, st->st_gid, AT_SYMLINK_NOFOLLOW) < 0)
		return fail(name, errno, err);
	return 0;
}

static int copy_fifo(int to_dir_fd, const char *name, const struct stat *st, struct error *err)
{
	if (mkfifoat(to_dir_fd, name, 0600) < 0 ||
	    fchownat(to_dir_fd, name, st->st_uid, st->st_gid, AT_SYMLINK_NOFOLLOW) < 0 ||
	    fchmodat(to_dir_fd, name, st->st_mode & 07777, 0) < 0)
		return fail(name, errno, err);
	return 0;
}

static int copy_entry(struct copy *copy, int from_fd, int to_fd, const char *name, struct error *err)
{
	struct stat st;

	if (++copy->files > COPY_UP_FILES_MAX)
		return refuse(name, "the folder holds more than 65536 files", err);
	if (fstatat(from_fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return fail(name, errno, err);
	switch (st.st_mode & S_IFMT) {
	case S_IFREG:
		return copy_file(copy, from_fd, to_fd, name, err);
	case S_IFDIR:
		return copy_subfolder(copy, from_fd, to_fd, name, err);
	case S_IFLNK:
		return copy_link(from_fd, to_fd, name, &st, err);
	case S_IFIFO:
		return copy_fifo(to_fd, name, &st, err);
	default:
		return 0;
	}
}

static int copy_folder(struct copy *copy, int from_fd, int to_fd, struct error *err)
{
	int list_fd = fcntl(from_fd, F_DUPFD_CLOEXEC, 3);
	DIR *dir = list_fd < 0 ? NULL : fdopendir(list_fd);
	const struct dirent *entry;
	struct stat st;
	int r = 0;

	if (!dir || fstat(from_fd, &st) < 0) {
		r = error_set(err, errno, "tmpcopyup: cannot list a folder");
		if (dir)
			(void)closedir(dir);
		else
			fd_close(list_fd);
		return r;
	}
	while (r == 0) {
		errno = 0;
		entry = readdir(dir);
		if (!entry) {
			r = errno ? error_set(err, errno, "tmpcopyup: cannot list a folder") : 0;
			break;
		}
		if (!str_eq(entry->d_name, ".") && !str_eq(entry->d_name, ".."))
			r = copy_entry(copy, from_fd, to_fd, entry->d_name, err);
	}
	(void)closedir(dir);
	if (r == 0) {
		r = copy_attributes(to_fd, &st);
		if (r < 0)
			(void)error_set(err, -r, "tmpcopyup: cannot set a folder's owner");
	}
	return r;
}

int copy_up(int from_fd, int to_fd, struct error *err)
{
	struct copy copy = { 0 };

	return copy_folder(&copy, from_fd, to_fd, err);
}
