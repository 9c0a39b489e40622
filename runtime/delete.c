/* SPDX-License-Identifier: GPL-2.0-or-later */
/* delete - owns the end: kill if asked, undo what create did, run the poststop hooks. */
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "arena.h"
#include "error.h"
#include "fd.h"
#include "hooks.h"
#include "lifecycle.h"
#include "log.h"
#include "path.h"
#include "state.h"
#include "undo.h"

#define DEATH_SOON_MS 50 /* unless a freezer holds it; to ask opens every cgroup */
#define DEATH_MS 10000	 /* a killed init in uninterruptible sleep may take its time */

static int check_deletable(const struct state *state, enum container_status status, bool force,
			   struct error *err)
{
	/* created: its process has not run, so nothing is lost; runc does the same */
	if (force || status == CONTAINER_STOPPED || status == CONTAINER_CREATED)
		return 0;
	return error_text(err, EBUSY, "cannot delete container %s that is not stopped: %s",
			  state->id, container_status_text(status));
}

static int kill_init(const struct state *state, struct error *err)
{
	_cleanup_close_ int pidfd = -EBADF;

	if (!state->init.pid)
		return 0;
	pidfd = proc_open(&state->init, NULL);
	if (pidfd < 0)
		return 0; /* gone, or a zombie that its parent has yet to reap */
	if (syscall(SYS_pidfd_send_signal, pidfd, SIGKILL, NULL, 0) < 0 && errno != ESRCH)
		return error_set(err, errno, "cannot kill the container's init");
	if (proc_wait_dead(pidfd, DEATH_SOON_MS, NULL) == 0)
		return 0;
	kill_let_die(state); /* paused, or left so by a `kill --all` that was killed itself */
	return proc_wait_dead(pidfd, DEATH_MS, err);
}

/* Failures only warn: OCI runtime.md, "Lifecycle", step 13. */
static void run_poststop(const struct state *state)
{
	__attribute__((cleanup(arena_done))) struct arena arena = ARENA_INIT;
	_cleanup_json_ json_t *section = NULL, *oci = NULL;
	_cleanup_free_ char *text = NULL;
	struct error err = ERROR_INIT;
	struct hooks hooks = { 0 };

	if (!json_array_size(state->poststop))
		return;
	section = json_pack("{s:O}", "poststop", state->poststop);
	oci = state_to_oci(state, CONTAINER_STOPPED, 0);
	text = oci ? json_to_text(oci) : NULL;
	if (!section || !text) {
		log_warning("poststop: no memory");
		return;
	}
	if (json_parse_object(&arena, section, hooks_fields, &hooks, &err) < 0 ||
	    hooks_run("poststop", &hooks.poststop, text, state->bundle, NULL, NULL, &err) < 0)
		log_warning("%s", err.msg);
}

/* Before the lock is waited for: its holder may be a `start` that waits for a hook of this very container. */
static void kill_unlocked(const struct globals *globals, const char *id)
{
	__attribute__((cleanup(state_done))) struct state state = { 0 };
	_cleanup_close_ int state_fd = -EBADF;

	if (state_open(globals->root, id, false, &state_fd, NULL) == 0 &&
	    state_load(state_fd, &state, NULL) == 0)
		(void)kill_init(&state, NULL); /* tried again, and reported, under the lock */
}

/* A newer or an older bulwark's, a lack of memory: processes may live, and their ids must not become another's. */
static int refuse_unreadable(int state_fd, struct error *err)
{
	char path[PATH_MAX];

	if (path_of_fd(state_fd, path, NULL) < 0)
		path[0] = '\0';
	return error_wrap(err,
			  "what it is made of is unknown, so nothing is removed; if it stays so, end its "
			  "processes and remove '%s'",
			  path);
}

int delete_container(const struct globals *globals, const char *id, bool force, struct error *err)
{
	__attribute__((cleanup(state_done))) struct state state = { 0 };
	_cleanup_close_ int state_fd = -EBADF;
	int r;

	if (force)
		kill_unlocked(globals, id);
	r = state_open(globals->root, id, true, &state_fd, err);

	if (r < 0)
		return force && r == -ENOENT ? 0 : r;
	r = state_load(state_fd, &state, err);
	if (r < 0 && force && r != -ENOENT)
		return refuse_unreadable(state_fd, err);
	if (r < 0 && !force)
		return r;
	if (r == 0) {
		r = check_deletable(&state, state_status(state_fd, &state), force, err);
		if (r == 0)
			r = kill_init(&state, err);
		if (r < 0)
			return r;
	}
	/* without a state it is what a create left that was killed early: little was made by then */
	r = undo_container(globals->root, state_fd, &state, NULL, err);
	if (r < 0)
		return r;
	run_poststop(&state);
	return 0;
}
