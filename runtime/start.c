/* SPDX-License-Identifier: GPL-2.0-or-later */
/* start - owns letting a created container go: one byte into the FIFO that its init waits at. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "arena.h"
#include "bpf_lsm.h"
#include "error.h"
#include "fd.h"
#include "hooks.h"
#include "lifecycle.h"
#include "log.h"
#include "notify_socket.h"
#include "policy.h"
#include "seccomp.h"
#include "seccomp_notify.h"
#include "state.h"

/*
 * ENXIO: no reader, so init, which holds the FIFO open both ways, is dead; or its process runs, because an earlier start
 * was killed after its byte was read: then what that start had left to do is done now. A second byte hurts nobody.
 */
static int release_init(int state_fd, const struct proc_id *init, int *ret_fifo_fd, struct error *err)
{
	_cleanup_close_ int fd =
		openat(state_fd, STATE_FIFO, O_WRONLY | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0 && errno != ENXIO)
		return error_set(err, errno, "cannot open the start FIFO");
	if (fd < 0 && !proc_is_alive(init))
		return error_text(err, ESRCH, "cannot start a container that has stopped");
	if (fd >= 0 && write(fd, "s", 1) != 1)
		return error_set(err, errno, "cannot write to the start FIFO");
	if (unlinkat(state_fd, STATE_FIFO, 0) < 0)
		return error_set(err, errno, "cannot remove the start FIFO");
	*ret_fifo_fd = take_fd(&fd);
	return 0;
}

/*
 * The FIFO's last reader goes when init calls execve(2), as its end is close-on-exec, or when it dies: the kernel tells
 * the writer, poll(2) "POLLERR". Only then has the process run, and the startContainer hooks before it.
 */
static int wait_for_execve(int fifo_fd, struct error *err)
{
	struct pollfd fd = { .fd = fifo_fd };
	int r;

	if (fifo_fd < 0)
		return 0; /* no reader any more: see release_init() */
	do
		r = poll(&fd, 1, -1);
	while (r < 0 && errno == EINTR);
	return r < 0 ? error_set(err, errno, "cannot wait for the container's process") : 0;
}

static int run_poststart(const struct state *state, struct error *err)
{
	__attribute__((cleanup(arena_done))) struct arena arena = ARENA_INIT;
	_cleanup_json_ json_t *section = NULL, *oci = NULL;
	_cleanup_free_ char *text = NULL;
	struct hooks hooks = { 0 };
	int r;

	section = json_pack("{s:O}", "poststart", state->poststart);
	oci = state_to_oci(state, CONTAINER_RUNNING, state->init.pid);
	text = oci ? json_to_text(oci) : NULL;
	if (!section || !text)
		return error_set(err, ENOMEM, "poststart");
	r = json_parse_object(&arena, section, hooks_fields, &hooks, err);
	return r < 0 ? r :
		       hooks_run("poststart", &hooks.poststart, text, state->bundle, NULL, NULL, err);
}

/* What the saved config says about starting. */
struct plan {
	struct arena arena;
	json_t *config;				 /* what follows is borrowed from it */
	const struct seccomp_listener *listener; /* NULL: the filter asks nobody */
	int agent_fd;				 /* who is asked */
	int notify_sock;			 /* where it says that it is ready */
	int channel;				 /* to init */
};

static void plan_done(struct plan *plan)
{
	fd_close(plan->agent_fd);
	fd_close(plan->notify_sock);
	fd_close(plan->channel);
	json_decref(plan->config);
	arena_done(&plan->arena);
}

/* All that can fail does so before init is released. */
static int plan_listener(struct plan *plan, int state_fd, struct error *err)
{
	json_t *section = json_object_get(json_object_get(plan->config, "linux"), "seccomp");
	struct seccomp *seccomp = NULL;
	struct policy policy;
	int r;

	if (!json_object_get(section, "listenerPath"))
		return 0;
	r = seccomp_parse(&plan->arena, section, &seccomp, err);
	if (r < 0)
		return error_wrap(err, "linux.seccomp");
	plan->listener = seccomp_listener(seccomp);
	if (!plan->listener)
		return 0;
	r = policy_load(&policy, err);
	if (r < 0)
		return r;
	plan->agent_fd = seccomp_notify_connect(plan->listener, &policy, err);
	if (plan->agent_fd < 0)
		return plan->agent_fd;
	plan->channel = seccomp_notify_meet(state_fd, err);
	return plan->channel < 0 ? plan->channel : 0;
}

/* A container that was made when nobody wanted to know has none. */
static int plan_notify(struct plan *plan, int state_fd, struct error *err)
{
	if (!notify_socket_host())
		return 0;
	plan->notify_sock = notify_socket_bind(state_fd, err);
	return plan->notify_sock < 0 && plan->notify_sock != -ENOENT ? plan->notify_sock : 0;
}

/* @created: init still waits; otherwise an earlier start, which was killed, has released it. */
static int make_plan(struct plan *plan, int state_fd, bool created, struct error *err)
{
	int r = json_read_file(state_fd, STATE_CONFIG, &plan->config, err);

	if (r < 0)
		return r;
	if (!json_object_get(plan->config, "process")) /* OCI runtime.md, "Start" */
		return error_text(err, EINVAL,
				  "cannot start a container whose config.json has no process");
	r = plan_notify(plan, state_fd, err);
	return r < 0 || !created ? r : plan_listener(plan, state_fd, err);
}

static int check_created(int state_fd, enum container_status status, struct error *err)
{
	if (status == CONTAINER_CREATED)
		return 0;
	if (status == CONTAINER_STOPPED)
		return error_text(err, ESRCH, "cannot start a container that has stopped");
	if (status == CONTAINER_CREATING)
		return error_text(err, EAGAIN,
				  "cannot start a container that is still being created");
	if (status == CONTAINER_RUNNING &&
	    faccessat(state_fd, STATE_FIFO, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
		return 0; /* what an earlier start, which was killed, had left to do: see release_init() */
	return error_text(err, EINVAL, "cannot start an already running container");
}

/* What has to happen once init is released. */
static int follow_up(const struct plan *plan, const struct state *state, int fifo_fd,
		     struct error *err)
{
	int r = 0;

	if (plan->listener)
		r = seccomp_notify_deliver(plan->channel, plan->agent_fd, plan->listener, state,
					   CONTAINER_CREATING, state->init.pid, err);
	if (r < 0 || !json_array_size(state->poststart))
		return r;
	r = wait_for_execve(fifo_fd, err);
	return r < 0 ? r : run_poststart(state, err);
}

int start_container(const struct globals *globals, const char *id, int *ret_notify_sock,
		    struct error *err)
{
	__attribute__((cleanup(state_done))) struct state state = { 0 };
	__attribute__((cleanup(plan_done))) struct plan plan = {
		.arena = ARENA_INIT,
		.agent_fd = -EBADF,
		.channel = -EBADF,
		.notify_sock = -EBADF,
	};
	_cleanup_close_ int state_fd = -EBADF, pidfd = -EBADF, fifo_fd = -EBADF;
	enum container_status status;
	int r = state_open(globals->root, id, true, &state_fd, err);

	if (r == 0)
		r = state_load(state_fd, &state, err);
	if (r < 0)
		return r;
	status = state_status(state_fd, &state);
	r = check_created(state_fd, status, err);
	if (r == 0)
		r = make_plan(&plan, state_fd, status == CONTAINER_CREATED, err);
	if (r < 0)
		return r;
	pidfd = proc_open(&state.init, err);
	if (pidfd < 0)
		return pidfd;
	r = bpf_lsm_arm(state_fd, &state, err);
	if (r == 0)
		r = release_init(state_fd, &state.init, &fifo_fd, err);
	if (r < 0)
		return r;
	r = follow_up(&plan, &state, fifo_fd, err);
	if (r < 0) { /* OCI 1.3: the container must not go on */
		(void)syscall(SYS_pidfd_send_signal, pidfd, SIGKILL, NULL, 0);
		return r;
	}
	if (ret_notify_sock)
		*ret_notify_sock = take_fd(&plan.notify_sock);
	state_fd = fd_close(state_fd); /* with its lock: the container may take its time */
	return plan.notify_sock < 0 ?
		       0 :
		       notify_socket_serve(plan.notify_sock, pidfd, state.init.pid, err);
}
