/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fd - owns file descriptors' lives: closing, handing over, whole-file reads and writes. */
#pragma once

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/types.h>
#include <unistd.h>

struct error;

#define FD_PASS_MAX 16 /* descriptors in one SCM_RIGHTS message of ours */

/* close(2), errno kept; negative is fine. Always returns -EBADF, so that `fd = fd_close(fd)` reads well. */
int fd_close(int fd);

static inline void fd_closep(int *fd)
{
	*fd = fd_close(*fd);
}
#define _cleanup_close_ __attribute__((cleanup(fd_closep)))

static inline void freep(void *p)
{
	free(*(void **)p);
}
#define _cleanup_free_ __attribute__((cleanup(freep)))

/* Moves ownership out of a _cleanup_close_ variable. */
static inline int take_fd(int *fd)
{
	int r = *fd;

	*fd = -EBADF;
	return r;
}

#define take_ptr(p)                                                                                \
	({                                                                                         \
		__typeof__(p) *_p = &(p);                                                          \
		__typeof__(p) _v = *_p;                                                            \
		*_p = NULL;                                                                        \
		_v;                                                                                \
	})

/**
 * fd_read_all() - Read a descriptor to its end
 * @max:	refuse (-EFBIG) what is larger, in bytes without the NUL added here
 * @ret:	malloc'ed, NUL-terminated, owned by the caller
 * @ret_len:	bytes without the NUL; may be NULL
 */
int fd_read_all(int fd, size_t max, char **ret, size_t *ret_len, struct error *err);

/* open(2) below @dir_fd (or AT_FDCWD) with O_RDONLY, then fd_read_all(). For our own and the kernel's files. */
int fd_read_file(int dir_fd, const char *path, size_t max, char **ret, size_t *ret_len,
		 struct error *err);

/* write(2) until all @len bytes are out. */
int fd_write_all(int fd, const void *data, size_t len, struct error *err);

/* One write(2) of a string to an existing kernel file (cgroup, /proc): short writes are errors. */
int fd_write_file(int dir_fd, const char *path, const char *text, struct error *err);

/**
 * fd_replace_file() - Write a file so that a reader sees the old content or the new, never half
 * @mode:	permission bits of the new file
 *
 * A temporary file in the same folder (O_EXCL|O_NOFOLLOW), then renameat(2). It is removed on failure.
 */
int fd_replace_file(int dir_fd, const char *name, const void *data, size_t len, mode_t mode,
		    struct error *err);

/* Sends @data (1 byte or more) with @n descriptors over a unix(7) socket in one message. EINTR is retried. */
int fd_send(int sock_fd, const void *data, size_t len, const int *fds, size_t n, struct error *err);

/**
 * fd_recv() - Receive one message and its descriptors, born close-on-exec
 * @max:	room in @ret_fds; more than that is -EMSGSIZE, and all are closed
 * @ret_n:	descriptors received
 *
 * Return: bytes of data (0: the peer closed), or -errno.
 */
ssize_t fd_recv(int sock_fd, void *data, size_t len, int *ret_fds, size_t max, size_t *ret_n,
		struct error *err);

/* Sets close-on-exec on every descriptor from @first up: close_range(2), Linux 5.11. */
int fd_cloexec_from(int first, struct error *err);

/* Closes every descriptor from @first up but these, which it sorts; -EBADF among them is fine. close_range(2). */
int fd_close_all_but(int first, int *kept, size_t n, struct error *err);

/**
 * fd_check_preserved() - Whether descriptors 3 to 2 + @n are the caller's of this program
 *
 * Called before the program opens files that a container must not get: its own are close-on-exec, those that came
 * through execve(2) are not. -EBADF naming the first that is not open, or is our own.
 */
int fd_check_preserved(uint32_t n, struct error *err);

/* Before execve(2): of the descriptors from 3 up only the first @n stay open in the new program. */
int fd_keep_preserved(uint32_t n, struct error *err);
