/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * upgrade - see upgrade.h.
 *
 * Who may ask: the socket lies in a folder that only root may enter, and who connects is looked at once more. What comes is a
 * word and a descriptor; no path is looked up here, as the keeper has none. The program is looked at too, although who sent it
 * could do all that it can: a slip (a build folder of a user's) should not become a hole.
 *
 * One caller at a time; a second one is told so.
 */
#include "upgrade.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "error.h"
#include "fd.h"
#include "loop.h"
#include "monitor_abi.h"
#include "str.h"

#define BACKLOG 4

struct upgrade {
	struct loop *loop;
	int listen_fd;
	int client_fd; /* -EBADF: nobody */
	upgrade_begin begin;
	void *data;
};

static void answer(int fd, const struct error *why)
{
	struct monitor_answer m = { .code = why ? why->code : 0 };

	if (why)
		(void)str_format(m.why, sizeof(m.why), "%.*s", (int)sizeof(m.why) - 1, why->msg);
	/* to one who does not take it, it is lost */
	(void)send(fd, &m, sizeof(m), MSG_NOSIGNAL | MSG_DONTWAIT);
}

void upgrade_answer(struct upgrade *upgrade, const struct error *why)
{
	if (!upgrade || upgrade->client_fd < 0)
		return;
	answer(upgrade->client_fd, why);
	(void)loop_unwatch(upgrade->loop, upgrade->client_fd, NULL);
	upgrade->client_fd = fd_close(upgrade->client_fd);
}

/* The kernel has the last word when it is executed. */
static int check_program(int fd, struct error *err)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return error_set(err, errno, "cannot stat the new program");
	if (!S_ISREG(st.st_mode) || !(st.st_mode & S_IXUSR))
		return error_text(err, EINVAL, "the new program is no executable file");
	if (st.st_uid != 0 || st.st_mode & (S_IWGRP | S_IWOTH))
		return error_text(err, EPERM,
				  "the new program is not root's alone to write to: install it so");
	return 0;
}

static int hear(struct upgrade *u, struct error *err)
{
	_cleanup_close_ int exe_fd = -EBADF;
	struct monitor_request m = { 0 };
	size_t n_fds = 0;
	ssize_t n = fd_recv(u->client_fd, &m, sizeof(m), &exe_fd, 1, &n_fds, err);
	int r;

	if (n < 0)
		return (int)n;
	if (n != sizeof(m) || m.word != MONITOR_REQUEST_UPGRADE || n_fds != 1)
		return error_text(err, EPROTO, "this monitor does not know such a request");
	r = check_program(exe_fd, err);
	return r < 0 ? r : u->begin(u->data, take_fd(&exe_fd), err);
}

/* A request; or its end, and then nobody wants an answer. What goes wrong is the caller's, and never the keeper's end. */
static int on_client(struct loop *loop, int fd, uint32_t events, void *data, struct error *err)
{
	struct upgrade *u = data;
	struct error why = ERROR_INIT;

	(void)loop;
	(void)fd;
	(void)err;
	(void)events;
	if (hear(u, &why) < 0)
		upgrade_answer(u, &why);
	else if (u->client_fd >= 0) /* a hangup meanwhile is of no interest */
		(void)loop_unwatch(u->loop, u->client_fd, NULL);
	return 0;
}

static int on_listen(struct loop *loop, int fd, uint32_t events, void *data, struct error *err)
{
	struct upgrade *u = data;
	struct error busy = ERROR_INIT;
	struct ucred peer = { .uid = (uid_t)-1 };
	socklen_t len = sizeof(peer);
	_cleanup_close_ int client_fd = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	(void)events;
	(void)err;
	if (client_fd < 0 || getsockopt(client_fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) < 0 ||
	    peer.uid != 0)
		return 0;
	if (u->client_fd >= 0) {
		(void)error_text(&busy, EBUSY, "it is being upgraded already");
		answer(client_fd, &busy);
		return 0;
	}
	if (loop_watch(loop, client_fd, EPOLLIN, on_client, u, NULL) == 0)
		u->client_fd = take_fd(&client_fd);
	return 0;
}

int upgrade_new(struct loop *loop, int listen_fd, upgrade_begin begin, void *data,
		struct upgrade **ret, struct error *err)
{
	struct upgrade *u = malloc(sizeof(*u));
	int r;

	if (!u)
		return error_set(err, ENOMEM, "upgrade");
	*u = (struct upgrade){
		.loop = loop, .listen_fd = listen_fd, .client_fd = -EBADF, .begin = begin, .data = data
	};
	if (listen(listen_fd, BACKLOG) < 0)
		r = error_set(err, errno, "cannot listen");
	else
		r = loop_watch(loop, listen_fd, EPOLLIN, on_listen, u, err);
	if (r < 0)
		free(u);
	else
		*ret = u;
	return r;
}
