/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fd - see fd.h. */
#include "fd.h"

#include <fcntl.h>
#include <limits.h>
#include <linux/close_range.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "error.h"
#include "str.h"

#define READ_FIRST 4096	    /* bytes of the first buffer when the size is not known */
#define SCM_FDS_MAX 253	    /* per message, unix(7): a peer cannot send more */
#define TEMPORARY_TRIES 100 /* names tried for a temporary file */

int fd_close(int fd)
{
	int saved = errno;

	if (fd >= 0)
		(void)close(fd); /* Linux frees the number whatever close(2) returns */
	errno = saved;
	return -EBADF;
}

/* Where to start: a regular file tells, and one byte more lets the last read(2) see the end. */
static size_t first_size(int fd, size_t max)
{
	struct stat st;
	size_t size = READ_FIRST;

	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size >= READ_FIRST)
		size = (uintmax_t)st.st_size < max ? (size_t)st.st_size + 1 : max;
	return size < max ? size : max;
}

int fd_read_all(int fd, size_t max, char **ret, size_t *ret_len, struct error *err)
{
	_cleanup_free_ char *buf = NULL;
	size_t size, len = 0;
	char *bigger;

	if (max >= SSIZE_MAX)
		return error_text(err, EINVAL, "a limit of %zu bytes is too large", max);
	/* One byte over the limit is room to notice that there is more, one is for the NUL. */
	size = first_size(fd, max + 1);
	buf = malloc(size + 1);
	if (!buf)
		return error_set(err, ENOMEM, "cannot read");
	for (;;) {
		ssize_t n = read(fd, buf + len, size - len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return error_set(err, errno, "cannot read");
		if (n == 0)
			break;
		len += (size_t)n;
		if (len > max)
			return error_text(err, EFBIG, "larger than %zu bytes", max);
		if (len < size)
			continue;
		size = size > max / 2 ? max + 1 : size * 2;
		bigger = realloc(buf, size + 1);
		if (!bigger)
			return error_set(err, ENOMEM, "cannot read");
		buf = bigger;
	}
	buf[len] = '\0';
	*ret = take_ptr(buf);
	if (ret_len)
		*ret_len = len;
	return 0;
}

int fd_read_file(int dir_fd, const char *path, size_t max, char **ret, size_t *ret_len,
		 struct error *err)
{
	_cleanup_close_ int fd = openat(dir_fd, path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	int r;

	if (fd < 0)
		return error_set(err, errno, "cannot open '%s'", path);
	r = fd_read_all(fd, max, ret, ret_len, err);
	if (r < 0)
		(void)error_wrap(err, "'%s'", path);
	return r;
}

int fd_write_all(int fd, const void *data, size_t len, struct error *err)
{
	const char *p = data;

	while (len > 0) {
		ssize_t n = write(fd, p, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return error_set(err, errno, "cannot write");
		if (n == 0) /* no file should do that; looping would not end */
			return error_set(err, EIO, "cannot write");
		p += n;
		len -= (size_t)n;
	}
	return 0;
}

int fd_write_file(int dir_fd, const char *path, const char *text, struct error *err)
{
	_cleanup_close_ int fd = openat(dir_fd, path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
	size_t len = strlen(text);
	char shown[64];
	ssize_t n;

	if (fd < 0)
		return error_set(err, errno, "cannot open '%s' for writing", path);
	do
		n = write(fd, text, len);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return error_set(err, errno, "cannot write '%s' to '%s'",
				 str_quote(text, shown, sizeof(shown)), path);
	if ((size_t)n != len)
		return error_text(err, EIO, "'%s' took only %zd of %zu bytes", path, n, len);
	return 0;
}

/* A new file beside @name, named into @temporary (PATH_MAX bytes). Returns its descriptor. */
static int open_temporary(int dir_fd, const char *name, char *temporary, struct error *err)
{
	const char *slash = strrchr(name, '/');
	int dir_len = slash ? (int)(slash - name + 1) : 0;
	uint64_t random;
	int fd, r;

	for (int i = 0; i < TEMPORARY_TRIES; i++) {
		if (getrandom(&random, sizeof(random), 0) != sizeof(random))
			return error_set(err, errno, "getrandom");
		/* Not made from the name, which may already be as long as a name can be. */
		r = str_format(temporary, PATH_MAX, "%.*s.tmp-%016jx", dir_len, name,
			       (uintmax_t)random);
		if (r < 0)
			return error_set(err, -r, "temporary file for '%s'", name);
		fd = openat(dir_fd, temporary,
			    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC | O_NOCTTY, 0600);
		if (fd >= 0)
			return fd;
		if (errno != EEXIST)
			break;
	}
	return error_set(err, errno, "cannot create '%s'", temporary);
}

int fd_replace_file(int dir_fd, const char *name, const void *data, size_t len, mode_t mode,
		    struct error *err)
{
	_cleanup_close_ int fd = -EBADF;
	char temporary[PATH_MAX];
	int r;

	/* PATH_MAX bounds the length of the folder's part, which open_temporary() prints with a precision. */
	if (strlen(name) >= PATH_MAX)
		return error_set(err, ENAMETOOLONG, "cannot write a file");
	fd = open_temporary(dir_fd, name, temporary, err);
	if (fd < 0)
		return fd;
	r = fd_write_all(fd, data, len, err);
	if (r < 0)
		(void)error_wrap(err, "'%s'", name);
	else if (fchmod(fd, mode) < 0) /* whatever the umask is */
		r = error_set(err, errno, "cannot set the mode of '%s'", name);
	else if (close(take_fd(&fd)) < 0) /* NFS and quotas report a full disk here */
		r = error_set(err, errno, "cannot write '%s'", name);
	else if (renameat(dir_fd, temporary, dir_fd, name) < 0)
		r = error_set(err, errno, "cannot replace '%s'", name);
	if (r < 0)
		(void)unlinkat(dir_fd, temporary, 0); /* the first failure is the one to report */
	return r;
}

int fd_send(int sock_fd, const void *data, size_t len, const int *fds, size_t n, struct error *err)
{
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(FD_PASS_MAX * sizeof(int))] = { 0 };
	struct iovec iov = { .iov_base = (void *)data, .iov_len = len }; /* sendmsg(2) only reads it */
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	ssize_t sent;

	if (n > FD_PASS_MAX || len == 0)
		return error_text(err, EINVAL,
				  "a message of %zu bytes with %zu descriptors cannot be sent", len,
				  n);
	if (n > 0) {
		struct cmsghdr *cmsg;

		msg.msg_control = control;
		msg.msg_controllen = CMSG_SPACE(n * sizeof(int));
		cmsg = CMSG_FIRSTHDR(&msg);
		cmsg->cmsg_level = SOL_SOCKET;
		cmsg->cmsg_type = SCM_RIGHTS;
		cmsg->cmsg_len = CMSG_LEN(n * sizeof(int));
		memcpy(CMSG_DATA(cmsg), fds, n * sizeof(int));
	}
	do
		sent = sendmsg(sock_fd, &msg, MSG_NOSIGNAL);
	while (sent < 0 && errno == EINTR);
	if (sent < 0)
		return error_set(err, errno, "cannot send a message");
	if ((size_t)sent !=
	    len) /* a stream socket that is full; the descriptors went with the first byte */
		return error_text(err, EIO, "only %zd of %zu bytes of a message could be sent",
				  sent, len);
	return 0;
}

/* Moves the descriptors of a received message to @fds (SCM_FDS_MAX of them); returns how many. */
static size_t collect_fds(struct msghdr *msg, int *fds)
{
	size_t n = 0;

	for (struct cmsghdr *cmsg = CMSG_FIRSTHDR(msg); cmsg; cmsg = CMSG_NXTHDR(msg, cmsg)) {
		size_t count;

		if (cmsg->cmsg_level != SOL_SOCKET || cmsg->cmsg_type != SCM_RIGHTS)
			continue;
		count = (cmsg->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		for (size_t i = 0; i < count; i++) {
			int fd;

			memcpy(&fd, CMSG_DATA(cmsg) + i * sizeof(int), sizeof(int));
			if (n < SCM_FDS_MAX)
				fds[n++] = fd;
			else
				fd_close(fd);
		}
	}
	return n;
}

ssize_t fd_recv(int sock_fd, void *data, size_t len, int *ret_fds, size_t max, size_t *ret_n,
		struct error *err)
{
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(SCM_FDS_MAX * sizeof(int))];
	struct iovec iov = { .iov_base = data, .iov_len = len };
	struct msghdr msg = { .msg_iov = &iov,
			      .msg_iovlen = 1,
			      .msg_control = control,
			      .msg_controllen = sizeof(control) };
	int fds[SCM_FDS_MAX];
	ssize_t received;
	size_t n;

	do
		received = recvmsg(sock_fd, &msg, MSG_CMSG_CLOEXEC);
	while (received < 0 && errno == EINTR);
	if (received < 0)
		return error_set(err, errno, "cannot receive a message");
	n = collect_fds(&msg, fds);
	if (n > max || (msg.msg_flags & (MSG_CTRUNC | MSG_TRUNC))) {
		for (size_t i = 0; i < n; i++)
			fd_close(fds[i]);
		return error_text(err, EMSGSIZE,
				  "a message had more than %zu bytes or %zu descriptors", len, max);
	}
	if (n > 0)
		memcpy(ret_fds, fds, n * sizeof(int));
	*ret_n = n;
	return received;
}

int fd_cloexec_from(int first, struct error *err)
{
	if (close_range((unsigned int)first, ~0U, CLOSE_RANGE_CLOEXEC) < 0)
		return error_set(err, errno, "cannot set close-on-exec from descriptor %d up", first);
	return 0;
}

int fd_close_all_but(int first, int *kept, size_t n, struct error *err)
{
	for (size_t i = 1; i < n; i++) /* few: sorted by insertion */
		for (size_t j = i; j > 0 && kept[j] < kept[j - 1]; j--) {
			int higher = kept[j - 1];

			kept[j - 1] = kept[j];
			kept[j] = higher;
		}
	for (size_t i = 0; i < n; i++) {
		if (kept[i] < first)
			continue;
		if (kept[i] > first &&
		    close_range((unsigned int)first, (unsigned int)kept[i] - 1, 0) < 0)
			return error_set(err, errno, "close_range");
		first = kept[i] + 1;
	}
	if (close_range((unsigned int)first, ~0U, 0) < 0)
		return error_set(err, errno, "close_range");
	return 0;
}

int fd_check_preserved(uint32_t n, struct error *err)
{
	for (uint32_t i = 0; i < n; i++) {
		int flags = fcntl(3 + (int)i, F_GETFD);

		if (flags < 0 || flags & FD_CLOEXEC)
			return error_text(err, EBADF,
					  "--preserve-fds %u: descriptor %u is not open", n, 3 + i);
	}
	return 0;
}

int fd_keep_preserved(uint32_t n, struct error *err)
{
	int r = fd_cloexec_from(3, err);

	for (uint32_t i = 0; r == 0 && i < n; i++)
		if (fcntl(3 + (int)i, F_SETFD, 0) < 0)
			r = error_set(err, errno, "--preserve-fds: descriptor %u", 3 + i);
	return r;
}
