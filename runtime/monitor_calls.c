/* SPDX-License-Identifier: GPL-2.0-or-later */
/* monitor_calls - see monitor_calls.h. */
#include "monitor_calls.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "container.h"
#include "emulated_calls.h"
#include "error.h"
#include "fd.h"
#include "log.h"
#include "monitor_abi.h"
#include "unix_socket.h"

#define PATIENCE_S 1

/*
 * SO_PASSCRED from the start: the kernel notes who sends when he sends, and init's listener may be sent before the keeper has
 * this socket. unix(7)
 */
int monitor_calls_bind(int state_fd, struct error *err)
{
	_cleanup_close_ int fd = unix_socket_bind(state_fd, MONITOR_CALLS_SOCKET, SOCK_DGRAM, err);
	const int on = 1;

	if (fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_PASSCRED, &on, sizeof(on)) < 0)
		return error_set(err, errno, "SO_PASSCRED of '" MONITOR_CALLS_SOCKET "'");
	return take_fd(&fd);
}

enum monitor_calls monitor_calls_plan(struct container *c)
{
	if (!c->state.monitor.pid)
		return MONITOR_CALLS_NONE;
	if (!c->listener)
		return MONITOR_CALLS_ASK;
	c->state.no_calls = true;
	/* no warning: it is what the spec asks for, and its output may be read; `state` and `list` say it */
	log_info("container '%s' is degraded: its seccomp profile has a listener of its own, so sysinfo(2) and "
		 "sched_getaffinity(2) are the kernel's",
		 c->options->id);
	return MONITOR_CALLS_NONE;
}

/* -ENOENT: a container of an older version. -ECONNREFUSED: it is dead. */
static int meet(int state_fd, struct error *err)
{
	const struct timeval limit = { .tv_sec = PATIENCE_S };
	_cleanup_close_ int fd =
		openat(state_fd, MONITOR_CALLS_SOCKET, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	int sock;

	if (fd < 0)
		return error_set(err, errno, "cannot open '" MONITOR_CALLS_SOCKET "'");
	sock = unix_socket_connect_fd("the monitor", fd, SOCK_DGRAM, err);
	if (sock >= 0)
		(void)setsockopt(sock, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
	return sock;
}

int monitor_calls_begin(struct container *c, int32_t value, int listener_fd, struct error *err)
{
	_cleanup_close_ int sock = -EBADF;
	int r;

	if (value < 0) {
		c->state.no_calls = true;
		log_warning("container '%s' is degraded: sysinfo(2) and sched_getaffinity(2) are the kernel's, as the "
			    "filter for them could not be loaded: %s",
			    c->options->id,
			    value == -EBUSY ? "bulwark itself runs under one" : strerror(-value));
	}
	if (listener_fd < 0)
		return 0;
	sock = meet(c->state_fd, err);
	r = sock < 0 ? sock : fd_send(sock, "", 1, &listener_fd, 1, err);
	return r < 0 ? error_wrap(err, "emulated system calls") : 0;
}

enum monitor_calls monitor_calls_meet(int state_fd, const struct state *state, bool own_listener,
				      int *ret_sock)
{
	int sock;

	if (!state->monitor.pid || state->no_calls || own_listener)
		return MONITOR_CALLS_NONE;
	sock = meet(state_fd, NULL);
	if (sock < 0)
		return sock == -ENOENT ? MONITOR_CALLS_NONE : MONITOR_CALLS_REFUSE;
	*ret_sock = sock;
	return MONITOR_CALLS_ASK;
}

void monitor_calls_hand_over(int sock, int listener_fd)
{
	struct error err = ERROR_INIT;

	if (listener_fd >= 0 && fd_send(sock, "", 1, &listener_fd, 1, &err) < 0)
		log_warning("sysinfo(2) and sched_getaffinity(2) say ENOSYS in this process: the monitor takes no "
			    "questions: %s",
			    err.msg);
}

int monitor_calls_load(enum monitor_calls calls, int *ret_listener_fd, struct error *err)
{
	int r = 0;

	if (calls == MONITOR_CALLS_ASK)
		r = emulated_calls_filter(EMULATED_ASK, err);
	*ret_listener_fd = calls == MONITOR_CALLS_ASK && r >= 0 ? r : -EBADF;
	if (calls == MONITOR_CALLS_REFUSE)
		r = emulated_calls_filter(EMULATED_REFUSE, err);
	return r < 0 ? r : 0;
}
