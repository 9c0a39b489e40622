/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * state - see state.h. The folder and its lock are here; what state.json says is in state_json.c.
 *
 * The lock is flock(2) on the folder itself: it ends with its holder, however that ends, and needs
 * no file. Whoever waited for it may hold the lock of a folder that was removed meanwhile, so each
 * lock is followed by a look whether the folder still has its name. Every child that lives on
 * (init, hooks) must close the descriptor, or it holds the lock too: it is close-on-exec, and init
 * closes what it inherited.
 */
#include "state.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "error.h"
#include "fd.h"
#include "path.h"
#include "str.h"

/*
 * How often the same id may be removed and made again while we look; each round waits for a whole
 * verb.
 */
#define REOPEN_MAX 16

int state_check_id(const char *id, struct error *err)
{
	static const char allowed[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_+.-";
	size_t len = strlen(id);
	char quoted[64];

	if (len > 0 && len <= STATE_ID_MAX && strspn(id, allowed) == len && !str_eq(id, ".") &&
	    !str_eq(id, ".."))
		return 0;
	return error_text(err, EINVAL,
			  "invalid container id '%s': 1 to %d letters, digits and '_+-.', and neither '.' nor '..'",
			  str_quote(id, quoted, sizeof(quoted)), STATE_ID_MAX);
}

/*
 * Who may write here decides what delete removes and which process kill signals: nobody but root
 * may.
 */
static int check_root(int root_fd, const char *root, struct error *err)
{
	struct stat st;

	if (fstat(root_fd, &st) < 0)
		return error_set(err, errno, "cannot stat the state folder '%s'", root);
	if (st.st_uid != 0 && st.st_uid != geteuid())
		return error_text(err, EPERM,
				  "the state folder '%s' belongs to user %u: it must be root's",
				  root, st.st_uid);
	if (st.st_mode & (S_IWGRP | S_IWOTH))
		return error_text(err, EPERM,
				  "the state folder '%s' may be written by others than its owner: chmod 0700 it, or use another",
				  root);
	return 0;
}

/* -ENOENT is left to the caller to word: it may be nothing wrong. */
static int open_root(const char *root, struct error *err)
{
	_cleanup_close_ int fd = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int r;

	if (fd < 0 && errno == ENOENT)
		return -ENOENT;
	if (fd < 0)
		return error_set(err, errno, "cannot open the state folder '%s'", root);
	r = check_root(fd, root, err);
	return r < 0 ? r : take_fd(&fd);
}

static int lock_folder(int fd, struct error *err)
{
	while (flock(fd, LOCK_EX) < 0)
		if (errno != EINTR)
			return error_set(err, errno, "cannot lock the container's state");
	return 0;
}

/* Whether ROOT/ID is still the folder we have open. */
static bool is_named(int root_fd, const char *id, int fd)
{
	struct stat named, ours;

	return fstat(fd, &ours) == 0 && fstatat(root_fd, id, &named, AT_SYMLINK_NOFOLLOW) == 0 &&
	       named.st_dev == ours.st_dev && named.st_ino == ours.st_ino;
}

/* -ESTALE: gone between the two steps. */
static int open_folder(int root_fd, const char *id, bool lock, struct error *err)
{
	_cleanup_close_ int fd = openat(root_fd, id, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0 && errno == ENOENT)
		return -ENOENT;
	if (fd < 0)
		return error_set(err, errno, "cannot open the state of container '%s'", id);
	if (lock) {
		int r = lock_folder(fd, err);

		if (r < 0)
			return r;
		if (!is_named(root_fd, id, fd))
			return -ESTALE;
	}
	return take_fd(&fd);
}

int state_create(const char *root, const char *id, int *ret_fd, struct error *err)
{
	_cleanup_close_ int root_fd = -EBADF;
	int r = state_check_id(id, err);

	if (r < 0)
		return r;
	r = path_make_own_dir(root, err);
	if (r < 0)
		return r;
	root_fd = open_root(root, err);
	if (root_fd == -ENOENT)
		return error_set(err, ENOENT, "cannot open the state folder '%s'", root);
	if (root_fd < 0)
		return root_fd;
	if (mkdirat(root_fd, id, 0700) < 0) {
		if (errno == EEXIST)
			return error_text(err, EEXIST,
					  "container with given ID already exists: '%s'", id);
		return error_set(err, errno, "cannot make the state folder '%s/%s'", root, id);
	}
	r = open_folder(root_fd, id, true, err);
	if (r == -ENOENT || r == -ESTALE)
		return error_text(err, EBUSY,
				  "container '%s' was deleted while it was being created", id);
	if (r < 0) {
		(void)unlinkat(root_fd, id, AT_REMOVEDIR); /* empty, as we made it */
		return r;
	}
	*ret_fd = r;
	return 0;
}

int state_open(const char *root, const char *id, bool lock, int *ret_fd, struct error *err)
{
	_cleanup_close_ int root_fd = -EBADF;
	int r = state_check_id(id, err);

	if (r < 0)
		return r;
	root_fd = open_root(root, err);
	if (root_fd == -ENOENT)
		return error_text(err, ENOENT, "container does not exist");
	if (root_fd < 0)
		return root_fd;
	r = -ESTALE;
	for (int i = 0; i < REOPEN_MAX && r == -ESTALE; i++)
		r = open_folder(root_fd, id, lock, err);
	if (r == -ENOENT || r == -ESTALE)
		return error_text(err, ENOENT, "container does not exist");
	if (r < 0)
		return r;
	*ret_fd = r;
	return 0;
}

int state_remove(const char *root, const char *id, struct error *err)
{
	_cleanup_close_ int root_fd = -EBADF;
	int r = state_check_id(id, err);

	if (r < 0)
		return r;
	root_fd = open_root(root, err);
	if (root_fd == -ENOENT)
		return 0;
	if (root_fd < 0)
		return root_fd;
	return path_remove_tree(root_fd, id, err);
}

/* A folder whose name could be an id; what an editor or a mount left beside is no container. */
static bool is_container(int root_fd, const char *name)
{
	struct stat st;

	return state_check_id(name, NULL) == 0 &&
	       fstatat(root_fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(st.st_mode);
}

static int compare_ids(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

void state_list_free(char **ids)
{
	for (char **id = ids; id && *id; id++)
		free(*id);
	free(ids);
}

/* Keeps @ids NULL-terminated, so that it can be freed at any time. */
static int append_id(char ***ids, size_t *n, const char *id)
{
	char **grown = reallocarray(*ids, *n + 2, sizeof(char *));

	if (!grown)
		return -ENOMEM;
	*ids = grown;
	grown[*n] = id ? strdup(id) : NULL;
	grown[*n + 1] = NULL;
	if (id && !grown[*n])
		return -ENOMEM;
	*n += id ? 1 : 0;
	return 0;
}

static int read_ids(DIR *dir, char ***ids, size_t *n)
{
	const struct dirent *entry;

	errno = 0;
	while ((entry = readdir(dir))) {
		if (is_container(dirfd(dir), entry->d_name) && append_id(ids, n, entry->d_name) < 0)
			return -ENOMEM;
		errno = 0;
	}
	return -errno;
}

int state_list(const char *root, char ***ret, struct error *err)
{
	char **ids = NULL;
	size_t n = 0;
	DIR *dir;
	int root_fd = open_root(root, err);
	int r = append_id(&ids, &n, NULL);

	if (r < 0) {
		fd_close(root_fd);
		return error_set(err, ENOMEM, "cannot list containers");
	}
	if (root_fd == -ENOENT) { /* nothing was ever created here */
		*ret = ids;
		return 0;
	}
	dir = root_fd >= 0 ? fdopendir(root_fd) : NULL;
	if (!dir) {
		state_list_free(ids);
		if (root_fd < 0)
			return root_fd;
		fd_close(root_fd);
		return error_set(err, errno, "cannot list the state folder '%s'", root);
	}
	r = read_ids(dir, &ids, &n);
	(void)closedir(dir); /* opened for reading: nothing can be lost */
	if (r < 0) {
		state_list_free(ids);
		return error_set(err, -r, "cannot list the state folder '%s'", root);
	}
	qsort(ids, n, sizeof(char *), compare_ids);
	*ret = ids;
	return 0;
}
