/* SPDX-License-Identifier: GPL-2.0-or-later */
/* notify_socket - see notify_socket.h. */
#include "notify_socket.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "error.h"
#include "fd.h"
#include "log.h"
#include "mount_api.h"
#include "path.h"
#include "str.h"
#include "unix_socket.h"

#define FOLDER "notify"
#define NAME "notify.sock"
#define FOLDER_ATTR (MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC)
#define MESSAGES_MAX 64	 /* at a time: a container that floods must not keep signals waiting */
#define MESSAGE_MAX 4096 /* of a container; the rest of a longer one is lost */
#define BARRIER_MS 30000 /* as runc: for a manager that does not know barriers */

const char *notify_socket_host(void)
{
	const char *host = getenv("NOTIFY_SOCKET");

	return host && *host ? host : NULL;
}

/* ---- create --------------------------------------------------------------------------------------------------- */

int notify_socket_make(int state_fd, const char *state_path, struct error *err)
{
	char path[PATH_MAX];
	int fd;

	if (mkdirat(state_fd, FOLDER, 0755) < 0)
		return error_set(err, errno, "cannot make the folder of the notify socket");
	if (str_format(path, sizeof(path), "%s/" FOLDER, state_path) < 0)
		return error_text(err, ENAMETOOLONG, "notify socket: the path is too long");
	fd = open(path, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return fd < 0 ? error_set(err, errno, "cannot open '%s'", path) : fd;
}

int notify_socket_mount(int folder_fd, int root_fd, struct error *err)
{
	_cleanup_close_ int mount_fd = mount_clone(folder_fd, false, err);
	_cleanup_close_ int target_fd = -EBADF;
	int r = mount_fd;

	if (r >= 0)
		r = mount_change(mount_fd, FOLDER_ATTR, 0, MS_PRIVATE, false, err);
	if (r >= 0)
		r = target_fd = path_make_dir_in_root(root_fd, "/run/" FOLDER, 0755, err);
	if (r >= 0)
		r = mount_attach(mount_fd, target_fd, err);
	return r < 0 ? error_wrap(err, "notify socket") : 0;
}

/* ---- start, run ----------------------------------------------------------------------------------------------- */

int notify_socket_bind(int state_fd, struct error *err)
{
	_cleanup_close_ int folder_fd =
		openat(state_fd, FOLDER, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	_cleanup_close_ int sock = -EBADF;

	if (folder_fd < 0)
		return errno == ENOENT ? -ENOENT : error_set(err, errno, "cannot open '" FOLDER "'");
	if (unlinkat(folder_fd, NAME, 0) < 0 && errno != ENOENT) /* of a start that was killed */
		return error_set(err, errno, "cannot remove an old notify socket");
	sock = unix_socket_bind(folder_fd, NAME, SOCK_DGRAM | SOCK_NONBLOCK, err);
	if (sock < 0)
		return sock;
	/* whatever user the process is; nobody else of the host gets into the folder above */
	if (fchmodat(folder_fd, NAME, 0777, 0) < 0)
		return error_set(err, errno, "cannot open the notify socket to the container");
	return take_fd(&sock);
}

static bool says_ready(char *text)
{
	char *save = NULL;

	for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
		if (str_eq(line, "READY=1"))
			return true;
	return false;
}

/* No room for descriptors: the kernel closes those that come, which is what ends a barrier of the container's. */
bool notify_socket_take(int sock)
{
	char text[MESSAGE_MAX + 1];

	for (int i = 0; i < MESSAGES_MAX; i++) {
		ssize_t n = recv(sock, text, MESSAGE_MAX, MSG_DONTWAIT);

		if (n < 0)
			break;
		text[n] = '\0';
		if (says_ready(text))
			return true;
	}
	return false;
}

/* "/path", or "@name" in the abstract name space. */
static int connect_to_host(struct error *err)
{
	_cleanup_close_ int sock = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	const char *host = notify_socket_host();
	socklen_t len;

	if (sock < 0)
		return error_set(err, errno, "cannot make a socket");
	if (!host || (host[0] != '/' && host[0] != '@') ||
	    str_format(address.sun_path, sizeof(address.sun_path), "%s", host) < 0)
		return error_text(err, EINVAL,
				  "the path is neither absolute nor abstract, or too long");
	len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(host));
	if (host[0] == '@')
		address.sun_path[0] = '\0';
	if (connect(sock, (const struct sockaddr *)&address, len) < 0)
		return error_set(err, errno, "cannot connect to '%s'", host);
	return take_fd(&sock);
}

/* The manager closes what came with it once it has looked at all that came before. */
static int wait_for_barrier(int sock, struct error *err)
{
	_cleanup_close_ int read_fd = -EBADF, write_fd = -EBADF;
	struct pollfd fd;
	int pair[2], r;

	if (pipe2(pair, O_CLOEXEC) < 0)
		return error_set(err, errno, "pipe");
	read_fd = pair[0];
	write_fd = pair[1];
	r = fd_send(sock, "BARRIER=1", strlen("BARRIER=1"), &write_fd, 1, err);
	if (r < 0)
		return r;
	write_fd = fd_close(write_fd);
	fd = (struct pollfd){ .fd = read_fd };
	if (poll(&fd, 1, BARRIER_MS) == 0)
		log_debug("NOTIFY_SOCKET: the service manager does not answer to a barrier");
	return 0;
}

int notify_socket_tell(pid_t main_pid, struct error *err)
{
	_cleanup_close_ int sock = connect_to_host(err);
	char text[64] = "READY=1";
	int r = sock;

	if (main_pid > 0)
		(void)str_format(text, sizeof(text), "MAINPID=%d\nREADY=1", (int)main_pid);
	if (r >= 0)
		r = fd_send(sock, text, strlen(text), NULL, 0, err);
	if (r == 0)
		r = wait_for_barrier(sock, err);
	return r < 0 ? error_wrap(err, "NOTIFY_SOCKET") : 0;
}

int notify_socket_serve(int sock, int pidfd, pid_t pid, struct error *err)
{
	struct pollfd fds[] = {
		{ .fd = sock, .events = POLLIN },
		{ .fd = pidfd, .events = POLLIN },
	};

	for (;;) {
		if (poll(fds, 2, -1) < 0 && errno != EINTR)
			return error_set(err, errno, "cannot wait for the container to be ready");
		if (fds[0].revents && notify_socket_take(sock))
			return notify_socket_tell(pid, err);
		if (fds[1].revents && !fds[0].revents) /* what it said before its end still counts */
			return 0;
	}
}
