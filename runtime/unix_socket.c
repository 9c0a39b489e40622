/* SPDX-License-Identifier: GPL-2.0-or-later */
/* unix_socket - see unix_socket.h. */
#include "unix_socket.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "error.h"
#include "fd.h"
#include "str.h"

/* What does not fit into an address is named through a descriptor of its folder. */
static int make_address(const char *what, const char *path, struct sockaddr_un *ret,
			int *ret_dir_fd, struct error *err)
{
	const char *slash = strrchr(path, '/');
	char folder[PATH_MAX];

	*ret = (struct sockaddr_un){ .sun_family = AF_UNIX };
	if (!*path)
		return error_text(err, EINVAL, "%s needs a path", what);
	if (str_format(ret->sun_path, sizeof(ret->sun_path), "%s", path) == 0)
		return 0;
	if (!slash || str_format(folder, sizeof(folder), "%.*s", (int)(slash - path + 1), path) < 0)
		return error_text(err, ENAMETOOLONG, "%s: the path is too long", what);
	*ret_dir_fd = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (*ret_dir_fd < 0)
		return error_set(err, errno, "%s: cannot open the folder '%s'", what, folder);
	if (str_format(ret->sun_path, sizeof(ret->sun_path), "/proc/self/fd/%d%s", *ret_dir_fd,
		       slash) < 0)
		return error_text(err, ENAMETOOLONG, "%s: the name is too long", what);
	return 0;
}

static int connect_to(const char *what, const char *path, int type,
		      const struct sockaddr_un *address, struct error *err)
{
	_cleanup_close_ int sock_fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);

	if (sock_fd < 0)
		return error_set(err, errno, "%s: cannot make a socket", what);
	while (connect(sock_fd, (const struct sockaddr *)address, sizeof(*address)) < 0)
		if (errno != EINTR)
			return error_set(err, errno, "%s: cannot connect to '%s'", what, path);
	return take_fd(&sock_fd);
}

int unix_socket_connect(const char *what, const char *path, struct error *err)
{
	_cleanup_close_ int dir_fd = -EBADF;
	struct sockaddr_un address;
	int r = make_address(what, path, &address, &dir_fd, err);

	return r < 0 ? r : connect_to(what, path, SOCK_STREAM, &address, err);
}

int unix_socket_connect_fd(const char *what, int socket_fd, int type, struct error *err)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	(void)str_format(address.sun_path, sizeof(address.sun_path), "/proc/self/fd/%d", socket_fd);
	return connect_to(what, address.sun_path, type, &address, err);
}

int unix_socket_send_fd(const char *what, const char *path, int fd, const char *text,
			struct error *err)
{
	_cleanup_close_ int sock_fd = unix_socket_connect(what, path, err);
	int r;

	if (sock_fd < 0)
		return sock_fd;
	r = fd_send(sock_fd, text, strlen(text), &fd, 1, err);
	return r < 0 ? error_wrap(err, "%s", what) : 0;
}

int unix_socket_bind(int dir_fd, const char *name, int type, struct error *err)
{
	_cleanup_close_ int sock_fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	if (sock_fd < 0)
		return error_set(err, errno, "cannot make a socket");
	if (str_format(address.sun_path, sizeof(address.sun_path), "/proc/self/fd/%d/%s", dir_fd,
		       name) < 0)
		return error_text(err, ENAMETOOLONG, "socket '%s'", name);
	if (bind(sock_fd, (const struct sockaddr *)&address, sizeof(address)) < 0)
		return error_set(err, errno, "cannot bind the socket '%s'", name);
	return take_fd(&sock_fd);
}
