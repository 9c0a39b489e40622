/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * path - see path.h.
 *
 * How making a path works: the kernel looks the whole path up first, which is all there is to do when it exists.
 * Otherwise a walk goes down name by name, each opened below the descriptor of its parent without following links.
 * A link's text is put in front of what remains to be walked, so that it is resolved inside the root like any
 * other name; the kernel has nothing to resolve that could lead out. Missing names are made on the way.
 */
#include "path.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <stdio.h> /* renameat2(2) */
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include "error.h"
#include "fd.h"
#include "str.h"
#include "sys.h"

#define LOOKUP_TRIES 32	       /* any rename(2) or mount(2) may ask for one more, openat2(2) */
#define MAKE_TRIES 32	       /* somebody may remove what we make, or make what we found missing */
#define LINKS_MAX 40	       /* as the kernel allows, path_resolution(7) */
#define REMOVE_DEPTH_MAX 32    /* folders open at a time; deeper ones are moved up first */
#define REMOVE_PASSES 64       /* over one folder that somebody keeps filling */
#define REMOVE_MOVES_MAX 65536 /* a depth of two million, if nobody keeps digging */

/* openat2(2), again while a racing rename confuses it. -1 and errno. */
static int open_how(int dir_fd, const char *path, uint64_t flags, uint64_t resolve)
{
	const struct open_how how = {
		.flags = flags | O_CLOEXEC,
		.mode = flags & O_CREAT || (flags & O_TMPFILE) == O_TMPFILE ? 0600 : 0, /* else EINVAL */
		.resolve = resolve,
	};
	int fd;

	for (int i = 0; i < LOOKUP_TRIES; i++) {
		fd = sys_openat2(dir_fd, path, &how);
		if (fd >= 0 || (errno != EAGAIN && errno != EINTR))
			break;
	}
	return fd;
}

int path_open_in_root(int root_fd, const char *path, int flags, struct error *err)
{
	int fd = open_how(root_fd, path, (uint64_t)(unsigned int)flags,
			  RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS);

	if (fd < 0)
		return error_set(err, errno, "cannot open '%s' in the rootfs", path);
	return fd;
}

/* ---- making paths ---- */

enum make_kind { MAKE_DIR, MAKE_FILE };

/* A walk from the root towards what is to be made. */
struct walk {
	int root_fd;
	int fd;		     /* owned: the folder reached */
	enum make_kind kind; /* of the last name */
	mode_t dir_mode;
	unsigned int links, tries;
	char reached[PATH_MAX]; /* names from the root to fd, "/a/b"; free of links and dots; "" is the root */
	char left[PATH_MAX]; /* what is still to be walked */
};

/* mkdir(2) or an empty file, with exactly these permission bits. */
static int make_node(int dir_fd, const char *name, enum make_kind kind, mode_t mode)
{
	mode_t saved = umask(0);
	int r = kind == MAKE_DIR ? mkdirat(dir_fd, name, mode) :
				   mknodat(dir_fd, name, S_IFREG | mode, 0);

	if (r < 0)
		r = -errno;
	(void)umask(saved);
	return r;
}

/* Takes the next name off w->left: 1, or 0 when none remains, -ENAMETOOLONG. */
static int walk_next_name(struct walk *w, char *name)
{
	size_t skip = strspn(w->left, "/");
	size_t len = strcspn(w->left + skip, "/");
	const char *rest = w->left + skip + len;

	if (len == 0)
		return 0;
	if (len > NAME_MAX)
		return -ENAMETOOLONG;
	memcpy(name, w->left + skip, len);
	name[len] = '\0';
	memmove(w->left, rest, strlen(rest) + 1);
	return 1;
}

static bool walk_is_at_last_name(const struct walk *w)
{
	return w->left[strspn(w->left, "/")] == '\0';
}

/* Takes ownership of @fd, the folder @name below the one reached. */
static int walk_enter(struct walk *w, const char *name, int fd)
{
	size_t len = strlen(w->reached);
	int r = str_format(w->reached + len, sizeof(w->reached) - len, "/%s", name);

	fd_close(w->fd);
	w->fd = fd;
	return r;
}

/* Back to the folder that w->reached names. It has no links; if somebody put one there by now, this fails. */
static int walk_reopen(struct walk *w)
{
	int fd = open_how(w->root_fd, *w->reached ? w->reached : "/", O_PATH | O_DIRECTORY,
			  RESOLVE_IN_ROOT | RESOLVE_NO_SYMLINKS);

	if (fd < 0)
		return -errno;
	fd_close(w->fd);
	w->fd = fd;
	return 0;
}

static int walk_up(struct walk *w)
{
	char *slash = strrchr(w->reached, '/');

	if (slash)
		*slash = '\0';
	return walk_reopen(w); /* not "..": the folder may have been moved out of the root */
}

/* Puts the text of the link @link_fd in front of what is left. */
static int walk_follow(struct walk *w, int link_fd)
{
	char target[PATH_MAX], joined[PATH_MAX];
	struct statfs fs;
	ssize_t n;
	int r;

	if (++w->links > LINKS_MAX)
		return -ELOOP;
	/* Magic links are on procfs; nobody needs a folder made behind a link there. */
	if (fstatfs(link_fd, &fs) < 0)
		return -errno;
	if (fs.f_type == PROC_SUPER_MAGIC)
		return -ELOOP;
	n = readlinkat(link_fd, "", target, sizeof(target));
	if (n < 0)
		return -errno;
	if (n == 0)
		return -ENOENT;
	if ((size_t)n >= sizeof(target))
		return -ENAMETOOLONG;
	target[n] = '\0';
	r = str_format(joined, sizeof(joined), "%s/%s", target, w->left);
	if (r < 0)
		return r;
	memcpy(w->left, joined, strlen(joined) + 1);
	if (target[0] != '/')
		return 0;
	w->reached[0] = '\0';
	return walk_reopen(w);
}

/* Opens @name below the folder reached, made first if it is missing. -errno. */
static int walk_open_or_make(struct walk *w, const char *name)
{
	enum make_kind kind = walk_is_at_last_name(w) ? w->kind : MAKE_DIR;
	int fd, r;

	for (;;) {
		fd = open_how(w->fd, name, O_PATH | O_NOFOLLOW,
			      RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS);
		if (fd >= 0)
			return fd;
		if (errno != ENOENT)
			return -errno;
		if (w->tries++ >= MAKE_TRIES)
			return -EAGAIN;
		r = make_node(w->fd, name, kind, kind == MAKE_DIR ? w->dir_mode : 0644);
		if (r < 0 && r != -EEXIST)
			return r;
	}
}

/* One name. Returns 1 and *@ret_fd when the file has been reached, else 0. */
static int walk_step(struct walk *w, const char *name, int *ret_fd)
{
	_cleanup_close_ int fd = -EBADF;
	struct stat st;

	if (str_eq(name, "."))
		return 0;
	if (str_eq(name, ".."))
		return walk_up(w);
	fd = walk_open_or_make(w, name);
	if (fd < 0)
		return fd;
	if (fstat(fd, &st) < 0)
		return -errno;
	if (S_ISLNK(st.st_mode))
		return walk_follow(w, fd);
	if (S_ISDIR(st.st_mode))
		return walk_enter(w, name, take_fd(&fd));
	if (w->kind != MAKE_FILE || !walk_is_at_last_name(w))
		return -ENOTDIR;
	*ret_fd = take_fd(&fd);
	return 1;
}

/* Returns the descriptor of what has been reached or made, or -errno. */
static int walk_run(struct walk *w)
{
	char name[NAME_MAX + 1];
	int fd = -EBADF, r;

	for (;;) {
		r = walk_next_name(w, name);
		if (r <= 0)
			break;
		r = walk_step(w, name, &fd);
		if (r < 0)
			return r;
		if (r > 0)
			return fd;
	}
	if (r < 0)
		return r;
	return w->kind == MAKE_DIR ? take_fd(&w->fd) : -EISDIR;
}

static int make_in_root(int root_fd, const char *path, enum make_kind kind, mode_t dir_mode)
{
	struct walk w = { .root_fd = root_fd, .fd = -EBADF, .kind = kind, .dir_mode = dir_mode };
	int r;

	if (!*path)
		return -ENOENT;
	r = str_format(w.left, sizeof(w.left), "%s", path);
	if (r == 0)
		r = walk_reopen(&w);
	if (r == 0)
		r = walk_run(&w);
	fd_close(w.fd);
	return r;
}

int path_make_dir_in_root(int root_fd, const char *path, mode_t mode, struct error *err)
{
	int fd = open_how(root_fd, path, O_PATH | O_DIRECTORY,
			  RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS);

	if (fd >= 0)
		return fd;
	fd = errno == ENOENT ? make_in_root(root_fd, path, MAKE_DIR, mode) : -errno;
	if (fd < 0)
		return error_set(err, -fd, "cannot make the folder '%s' in the rootfs", path);
	return fd;
}

int path_make_file_in_root(int root_fd, const char *path, mode_t dir_mode, struct error *err)
{
	_cleanup_close_ int fd = -EBADF;
	struct stat st;

	fd = open_how(root_fd, path, O_PATH, RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS);
	if (fd < 0)
		fd = errno == ENOENT ? make_in_root(root_fd, path, MAKE_FILE, dir_mode) : -errno;
	if (fd < 0)
		return error_set(err, -fd, "cannot make the file '%s' in the rootfs", path);
	if (fstat(fd, &st) < 0)
		return error_set(err, errno, "cannot stat '%s' in the rootfs", path);
	if (S_ISDIR(st.st_mode))
		return error_set(err, EISDIR, "cannot make the file '%s' in the rootfs", path);
	return take_fd(&fd);
}

int path_make_own_dir(const char *path, struct error *err)
{
	char partial[PATH_MAX];
	struct stat st;
	int r;

	if (stat(path, &st) == 0 && S_ISDIR(st.st_mode))
		return 0;
	r = str_format(partial, sizeof(partial), "%s", path);
	if (r < 0 || !*path)
		return error_set(err, *path ? ENAMETOOLONG : ENOENT, "cannot make the folder '%s'",
				 path);

	for (char *p = partial + strspn(partial, "/"); *p;) {
		size_t len = strcspn(p, "/");
		size_t slashes = strspn(p + len, "/");
		bool last = p[len + slashes] == '\0';
		char kept = p[len];

		p[len] = '\0';
		r = make_node(AT_FDCWD, partial, MAKE_DIR, last ? 0700 : 0755);
		if (r < 0 && r != -EEXIST)
			return error_set(err, -r, "cannot make the folder '%s'", partial);
		p[len] = kept;
		p += len + slashes;
	}
	if (stat(path, &st) < 0)
		return error_set(err, errno, "cannot make the folder '%s'", path);
	if (!S_ISDIR(st.st_mode))
		return error_set(err, ENOTDIR, "cannot make the folder '%s'", path);
	return 0;
}

/* ---- names of descriptors ---- */

/* Both are the same file, reached through the same mount. */
static bool is_same_place(const struct statx *a, const struct statx *b)
{
	return a->stx_dev_major == b->stx_dev_major && a->stx_dev_minor == b->stx_dev_minor &&
	       a->stx_ino == b->stx_ino && a->stx_mnt_id == b->stx_mnt_id;
}

int path_of_fd(int fd, char *buf, struct error *err)
{
	char link[64], path[PATH_MAX];
	struct statx by_fd, by_path;
	ssize_t n;

	(void)str_format(link, sizeof(link), "/proc/self/fd/%d", fd); /* always fits */
	n = readlink(link, path, sizeof(path));
	if (n < 0)
		return error_set(err, errno == ENOENT ? EBADF : errno,
				 "cannot find the path of descriptor %d", fd);
	if ((size_t)n >= sizeof(path))
		return error_set(err, ENAMETOOLONG, "cannot find the path of descriptor %d", fd);
	path[n] = '\0';

	/* The text alone proves nothing: deleted files, other mount namespaces and detached mounts have one, too. */
	if (path[0] != '/')
		return error_text(err, ENOENT, "descriptor %d has no path", fd);
	if (statx(fd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_INO | STATX_MNT_ID, &by_fd) < 0)
		return error_set(err, errno, "cannot stat '%s'", path);
	if (statx(AT_FDCWD, path, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_STATX_DONT_SYNC,
		  STATX_INO | STATX_MNT_ID, &by_path) < 0)
		return error_set(err, errno == ENOTDIR ? ENOENT : errno, "cannot stat '%s'", path);
	if (!is_same_place(&by_fd, &by_path))
		return error_text(err, ENOENT, "'%s' is deleted or out of reach", path);
	memcpy(buf, path, (size_t)n + 1);
	return 0;
}

bool path_has_dots(const char *path)
{
	for (const char *p = path; *p; p += strspn(p, "/")) {
		size_t len = strcspn(p, "/");

		if ((len == 2 && strncmp(p, "..", 2) == 0) || (len == 1 && *p == '.'))
			return true;
		p += len;
	}
	return false;
}

bool path_is_below(const char *path, const char *dir)
{
	const char *rest;

	if (str_eq(dir, "/"))
		return path[0] == '/';
	rest = str_after(path, dir);
	return rest && (*rest == '\0' || *rest == '/');
}

/* ---- removing trees ---- */

struct removal {
	int top_fd;	    /* of the tree; where what lies too deep is moved to */
	unsigned int moved; /* names used for that */
	bool again;	    /* something was moved to the top since its last pass */
	int first_result;   /* -errno of the first failure; the rest is removed all the same */
	char first_name[NAME_MAX + 1];
};

static void removal_failed(struct removal *rm, const char *name, int result)
{
	if (rm->first_result < 0)
		return;
	rm->first_result = result;
	(void)str_format(rm->first_name, sizeof(rm->first_name), "%s", name); /* NAME_MAX, readdir(3) */
}

/* For a folder of ours whose owner has shut himself out. */
static int open_up(int dir_fd, const char *name)
{
	_cleanup_close_ int fd = open_how(dir_fd, name, O_PATH | O_DIRECTORY | O_NOFOLLOW,
					  RESOLVE_BENEATH | RESOLVE_NO_XDEV | RESOLVE_NO_SYMLINKS);
	char link[64];

	if (fd < 0)
		return -errno;
	(void)str_format(link, sizeof(link), "/proc/self/fd/%d", fd); /* always fits */
	return chmod(link, 0700) < 0 ? -errno : 0;
}

/* The folder @name itself: no link, nothing mounted on it (-EBUSY). */
static int open_doomed(int dir_fd, const char *name)
{
	const uint64_t flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW;
	const uint64_t resolve = RESOLVE_BENEATH | RESOLVE_NO_XDEV | RESOLVE_NO_SYMLINKS;
	struct stat st;
	int fd = open_how(dir_fd, name, flags, resolve);

	if (fd < 0 && errno == EACCES && open_up(dir_fd, name) == 0)
		fd = open_how(dir_fd, name, flags, resolve);
	if (fd < 0) /* a mount point is busy, as rmdir(2) would say */
		return errno == EXDEV ? -EBUSY : -errno;
	if (fstat(fd, &st) == 0 && (st.st_mode & 0700) != 0700)
		(void)fchmod(fd, 0700); /* if that was needed, unlinkat(2) will say so */
	return fd;
}

/* Moves a folder that lies too deep to the top of the tree, where a later pass finds it. */
static int move_to_top(struct removal *rm, int dir_fd, const char *name)
{
	char new_name[64];

	/* A folder whose ".." changes must be writable; if it is not, rename(2) tells. */
	(void)open_up(dir_fd, name);
	while (rm->moved < REMOVE_MOVES_MAX) {
		/* Always fits. */
		(void)str_format(new_name, sizeof(new_name), ".removed-%u", rm->moved++);
		if (renameat2(dir_fd, name, rm->top_fd, new_name, RENAME_NOREPLACE) == 0) {
			rm->again = true;
			return 0;
		}
		if (errno != EEXIST)
			return -errno;
	}
	return -E2BIG;
}

static void empty_folder(struct removal *rm, int fd, unsigned int depth);

/* Returns whether the name is gone. */
static bool remove_entry(struct removal *rm, int dir_fd, const char *name, unsigned int depth)
{
	int fd, r;

	if (unlinkat(dir_fd, name, 0) == 0 || errno == ENOENT)
		return true;
	if (errno != EISDIR) {
		removal_failed(rm, name, -errno);
		return false;
	}
	if (unlinkat(dir_fd, name, AT_REMOVEDIR) == 0)
		return true;
	if (depth >= REMOVE_DEPTH_MAX) {
		r = move_to_top(rm, dir_fd, name);
		if (r < 0)
			removal_failed(rm, name, r);
		return r == 0;
	}
	fd = open_doomed(dir_fd, name);
	if (fd == -ENOENT)
		return true;
	if (fd < 0) {
		removal_failed(rm, name, fd);
		return false;
	}
	if (depth == 0)
		rm->top_fd = fd;
	empty_folder(rm, fd, depth + 1);
	if (unlinkat(dir_fd, name, AT_REMOVEDIR) == 0 || errno == ENOENT)
		return true;
	removal_failed(rm, name, -errno);
	return false;
}

/* Takes ownership of @fd. Passes go on while they remove something: names may come while we look. */
static void empty_folder(struct removal *rm, int fd, unsigned int depth)
{
	bool progress = true;
	struct dirent *entry;
	DIR *dir;

	dir = fdopendir(fd);
	if (!dir) {
		removal_failed(rm, ".", -errno);
		fd_close(fd);
		return;
	}
	for (int pass = 0; progress && pass < REMOVE_PASSES; pass++) {
		progress = false;
		if (depth == 1 && rm->again) {
			pass = 0; /* these are not somebody else's names */
			rm->again = false;
		}
		rewinddir(dir);
		while ((entry = readdir(dir))) {
			if (str_eq(entry->d_name, ".") || str_eq(entry->d_name, ".."))
				continue;
			if (remove_entry(rm, fd, entry->d_name, depth))
				progress = true;
		}
	}
	closedir(dir);
}

int path_remove_tree(int dir_fd, const char *name, struct error *err)
{
	struct removal rm = { .top_fd = -EBADF };

	if (!*name || str_eq(name, ".") || str_eq(name, "..") || strchr(name, '/') ||
	    strlen(name) > NAME_MAX)
		return error_text(err, EINVAL, "'%s' is not the name of something to remove", name);
	if (remove_entry(&rm, dir_fd, name, 0) || rm.first_result == 0)
		return 0;
	if (str_eq(rm.first_name, name))
		return error_set(err, -rm.first_result, "cannot remove '%s'", name);
	return error_set(err, -rm.first_result, "cannot remove '%s' below '%s'", rm.first_name, name);
}
