/* SPDX-License-Identifier: GPL-2.0-or-later */
/* path - owns lookups below a directory that somebody hostile may have arranged: openat2(2) only. */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

struct error;

/**
 * path_open_in_root() - Open a path as a process chrooted to @root_fd would see it
 * @flags:	open(2) flags; O_CLOEXEC is added; give O_NONBLOCK or O_PATH, or a FIFO stalls the caller
 *
 * Symbolic links are followed inside the root, magic links never: RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS.
 * EAGAIN (a racing rename) is retried a bounded number of times.
 * Return: a descriptor owned by the caller, or -errno.
 */
int path_open_in_root(int root_fd, const char *path, int flags, struct error *err);

/**
 * path_make_dir_in_root() - mkdir -p inside the root
 * @mode:	of the folders made, whatever the umask
 *
 * Each component is opened as path_open_in_root() does and the missing ones are made one by one below the
 * descriptor of their parent, so that no name is looked up twice. New folders belong to the caller's fsuid.
 * Return: an O_PATH|O_DIRECTORY descriptor of the last one, or -errno (-ENOTDIR: something else is there).
 */
int path_make_dir_in_root(int root_fd, const char *path, mode_t mode, struct error *err);

/**
 * path_make_file_in_root() - Open a file to mount on, made empty (0644) with its folders if it is missing
 *
 * Return: an O_PATH descriptor, or -errno (-EISDIR: a folder is there).
 */
int path_make_file_in_root(int root_fd, const char *path, mode_t dir_mode, struct error *err);

/**
 * path_of_fd() - Where a descriptor is, as this process sees it: readlink(2) of /proc/self/fd/N
 * @buf:	PATH_MAX bytes
 *
 * Return: 0, -ENOENT for what is unlinked or out of reach, -ENAMETOOLONG.
 */
int path_of_fd(int fd, char *buf, struct error *err);

/* mkdir -p of one of our own paths (state, cache), 0700; parents 0755. Existing folders are left as they are. */
int path_make_own_dir(const char *path, struct error *err);

/* Whether @path is @dir or lies below it; both absolute and free of "..", as realpath(3) gives them. */
bool path_is_below(const char *path, const char *dir);

/* Whether some component is "." or "..". */
bool path_has_dots(const char *path);

/* rm -rf of @name below @dir_fd, never following a link, never crossing a mount. -ENOENT is success. */
int path_remove_tree(int dir_fd, const char *name, struct error *err);
