/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * kill - owns signals from outside: to a container's init, or to all of its processes. See
 * lifecycle.h.
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "cgroup.h"
#include "error.h"
#include "fd.h"
#include "fuse_connections.h"
#include "lifecycle.h"
#include "log.h"
#include "pidns.h"
#include "proc.h"
#include "state.h"

#define LET_DIE_MS 1000 /* what most need is some 10 */

/* The words that containerd and CRI-O look for. */
#define NOT_RUNNING "container not running"

/* pidfd_send_signal(2) and pidfd_open(2), Linux 5.3. */
static int send_signal(int pidfd, int signal)
{
	return syscall(SYS_pidfd_send_signal, pidfd, signal, NULL, 0) < 0 ? -errno : 0;
}

static int kill_init(const struct state *state, int signal, struct error *err)
{
	_cleanup_close_ int pidfd = -EBADF;
	int r;

	if (state->init.pid == 0)
		return error_text(err, ESRCH, NOT_RUNNING);
	pidfd = proc_open(&state->init, err);
	if (pidfd < 0 && pidfd != -ESRCH)
		return pidfd;
	r = pidfd < 0 ? pidfd : send_signal(pidfd, signal);
	if (r == -ESRCH)
		return error_text(err, ESRCH, NOT_RUNNING);
	if (r < 0)
		return error_set(err, -r, "cannot send signal %d to the container's init", signal);
	return 0;
}

/*
 * Frozen meanwhile where the host can, so that nobody forks away; without a freezer the newest may
 * be missed.
 */
static int signal_all(struct cgroup *cgroup, int signal, struct error *err)
{
	_cleanup_free_ pid_t *pids = NULL;
	size_t n = 0;
	bool was_frozen = cgroup_is_frozen(cgroup);
	bool froze = !was_frozen && cgroup_freeze(cgroup, true, NULL) == 0;
	int r = cgroup_pids(cgroup, &pids, &n, err);

	if (r == 0 && n == 0)
		r = error_text(err, ESRCH, NOT_RUNNING);
	if (r == 0)
		r = cgroup_signal(cgroup, pids, n, signal, err);
	if (froze && cgroup_freeze(cgroup, false, NULL) < 0)
		log_warning("kill: cannot thaw the container after the signal");
	return r;
}

static int kill_all(const struct state *state, int signal, struct error *err)
{
	struct cgroup *cgroup __attribute__((cleanup(cgroup_freep))) = NULL;
	_cleanup_free_ pid_t *pids = NULL;
	size_t n = 0;
	int r;

	if (!state->cgroup)
		return kill_init(state, signal, err);
	r = cgroup_from_json(state->cgroup, &cgroup, err);
	if (r < 0)
		return r;
	if (cgroup_is_none(cgroup)) /* with init dies its pid namespace */
		return signal == SIGKILL ? kill_init(state, signal, err) :
					   pidns_signal(&state->init, signal, err);
	if (signal != SIGKILL)
		return signal_all(cgroup, signal, err);
	/* what keeps us from listing them keeps nobody alive */
	if (cgroup_pids(cgroup, &pids, &n, NULL) == 0 && n == 0)
		return error_text(err, ESRCH, NOT_RUNNING);
	return cgroup_kill(cgroup, err);
}

static void thaw(const struct state *state)
{
	struct cgroup *cgroup __attribute__((cleanup(cgroup_freep))) = NULL;

	if (!state->cgroup || cgroup_from_json(state->cgroup, &cgroup, NULL) < 0 ||
	    !cgroup_is_frozen(cgroup))
		return;
	if (cgroup_freeze(cgroup, false, NULL) < 0)
		log_warning("cannot thaw the paused container: it dies when it is resumed");
}

void kill_let_die(const struct state *state)
{
	_cleanup_close_ int pidfd = -EBADF;

	thaw(state);
	pidfd = state->init.pid ? proc_open(&state->init, NULL) : -ESRCH;
	if (pidfd >= 0 && proc_wait_dead(pidfd, LET_DIE_MS, NULL) < 0)
		fuse_connections_abort(state);
}

int kill_container(const struct globals *globals, const char *id, int signal, bool all,
		   struct error *err)
{
	_cleanup_close_ int state_fd = -EBADF;
	struct state state = { 0 };
	int r;

	/* Without the lock: a verb that hangs in a hook must not stop a kill. */
	r = state_open(globals->root, id, false, &state_fd, err);
	if (r < 0)
		return r;
	r = state_load(state_fd, &state, err);
	if (r == -ENOENT)
		return error_text(err, ESRCH, NOT_RUNNING);
	if (r < 0)
		return r;
	r = all ? kill_all(&state, signal, err) : kill_init(&state, signal, err);
	if (r == 0 && signal == SIGKILL)
		kill_let_die(&state);
	state_done(&state);
	return r;
}
