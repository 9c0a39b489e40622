/* SPDX-License-Identifier: GPL-2.0-or-later */
/* bpf_lsm - see bpf_lsm.h. */
#include "bpf_lsm.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "container.h"
#include "error.h"
#include "fd.h"
#include "log.h"
#include "path.h"
#include "paths.h"
#include "policy.h"
#include "program.h"
#include "str.h"

/* Twenty that start together wait for each other; emulated machines are slow. */
#define LOAD_SECONDS 300

/* In PATHS_RUN: why the last load failed. For so long it is not tried again where it is only preferred. */
#define FAILURE_FILE "bpf-lsm-failure"
#define FAILURE_MAX 1024
#define FAILURE_SECONDS 600

/* Below the container's own: a rootless engine, a container of it, a browser's sandbox of two. */
#define USERNS_DEPTH 4

/* Of /proc/PID/ns/pid in the first pid namespace: linux/proc_ns.h. */
#define FIRST_PIDNS_INODE 0xEFFFFFFCU

bool bpf_lsm_is_there(const struct lsm *lsm)
{
	return lsm->dir_fd >= 0;
}

/* ---- loading at first use --------------------------------------------------------------------------- */

/* The reason why a recent load failed: malloc'ed, NULL: none did. */
static char *recent_failure(void)
{
	_cleanup_close_ int fd = open(PATHS_RUN "/" FAILURE_FILE, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	char *text = NULL;
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0 || st.st_uid != 0 ||
	    st.st_mtim.tv_sec > time(NULL) || /* somebody set the clock */
	    st.st_mtim.tv_sec + FAILURE_SECONDS < time(NULL))
		return NULL;
	return fd_read_all(fd, FAILURE_MAX, &text, NULL, NULL) < 0 ? NULL : text;
}

/* Only saves time: where it cannot be written, the next create tries again. */
static void note_failure(const char *reason)
{
	_cleanup_close_ int dir_fd = -EBADF;

	if (path_make_own_dir(PATHS_RUN, NULL) < 0)
		return;
	dir_fd = open(PATHS_RUN, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (dir_fd >= 0)
		(void)fd_replace_file(dir_fd, FAILURE_FILE, reason, strlen(reason), 0600, NULL);
}

/* bulwarkctl takes the lock that makes many at once load once, and says in its last line what is wrong with this host. */
static int run_loader(struct error *err)
{
	static const char *const args[] = { "bulwarkctl", "load", NULL };
	const struct program program = { .path = PATHS_CTL, .args = args, .timeout_s = LOAD_SECONDS };
	struct program_end end;
	const char *line, *reason;
	int r = program_run(&program, &end, err);

	if (r == -ENOENT)
		return error_text(err, ENOTSUP,
				  "the BPF LSM layer is not loaded, and '" PATHS_CTL
				  "', which loads it, is not installed");
	if (r < 0)
		return error_wrap(err, "'" PATHS_CTL "' load");
	if (end.exited && end.status == 0)
		return 0;
	line = program_last_line(&end);
	reason = str_after(line, "bulwarkctl: load: ");
	if (!*line)
		reason = "'" PATHS_CTL "' load failed";
	return error_text(err, ENOTSUP, "%s", reason ? reason : line);
}

static int find_layer(const struct policy *policy, struct lsm *ret, struct error *err)
{
	_cleanup_free_ char *failure = NULL;
	int r = lsm_open(ret, err);

	if (r != -ENOENT)
		return r;
	failure = policy->bpf_lsm == POLICY_BPF_LSM_REQUIRED ? NULL : recent_failure();
	if (failure)
		return error_text(err, ENOTSUP, "%s", failure);
	r = run_loader(err);
	if (r < 0) {
		note_failure(err->msg);
		return r;
	}
	return lsm_open(ret, err);
}

int bpf_lsm_open(const struct policy *policy, struct lsm *ret, struct error *err)
{
	struct error why = ERROR_INIT;

	*ret = LSM_INIT;
	if (find_layer(policy, ret, &why) == 0)
		return 0;
	if (policy->bpf_lsm == POLICY_BPF_LSM_REQUIRED)
		return error_text(err, ENOTSUP,
				  "the BPF LSM layer is required, and not there: %s. Or let containers run without it, "
				  "with {\"bpfLsm\": {\"value\": \"preferred\"}} in '" PATHS_POLICY_FILE
				  "'",
				  why.msg);
	log_info("without the BPF LSM layer: %s", why.msg);
	return 0;
}

/* Ours are those of the process that is made; one that is closed, or O_PATH, is nothing that could be opened again. */
static int allow_stdio(struct lsm *lsm, uint64_t bpf_cgroup, struct error *err)
{
	int r = 0;

	for (int fd = STDIN_FILENO; r == 0 && fd <= STDERR_FILENO; fd++) {
		r = lsm_allow_inherited(lsm, bpf_cgroup, fd, err);
		if (r == -EBADF)
			r = 0;
	}
	return r;
}

/* Where the programs find it: the kernel sorts maps of more lines. */
static uint32_t first_uid(const struct idmap *map)
{
	const struct id_mapping *first = &map->uids[0];

	for (size_t i = 1; map->n_uids > LSM_UID_LINES && i < map->n_uids; i++)
		if (map->uids[i].container_id < first->container_id)
			first = &map->uids[i];
	return first->host_id;
}

/* ---- create ---------------------------------------------------------------------------------------- */

/* Only preferred: the container does without. */
static int do_without(struct container *c, const struct error *why, struct error *err)
{
	if (c->policy.bpf_lsm == POLICY_BPF_LSM_REQUIRED) {
		*err = *why;
		return -why->code;
	}
	log_warning("container '%s' is degraded: %s", c->options->id, why->msg);
	c->state.degraded = true;
	c->state.bpf_cgroup = 0;
	return 0;
}

int bpf_lsm_plan(struct container *c, struct error *err)
{
	int fd = cgroup_v2_fd(c->cgroup);
	struct stat st;

	c->state.degraded = !bpf_lsm_is_there(&c->lsm);
	if (c->state.degraded)
		return 0;
	if (fd < 0) { /* --cgroup-manager disabled, or a host without cgroup v2: the user namespace tells whose it is */
		c->state.bpf_cgroup = LSM_NO_CGROUP | first_uid(&c->state.map);
		return 0;
	}
	if (fstat(fd, &st) < 0)
		return error_set(err, errno, "cannot stat the container's cgroup");
	c->state.bpf_cgroup = st.st_ino;
	return 0;
}

static size_t add_masks(struct lsm_mask *masks, size_t n, const char *const *paths, uint32_t node)
{
	for (size_t i = 0; paths && paths[i]; i++)
		masks[n++] = (struct lsm_mask){ .path = paths[i], .node = node };
	return n;
}

static size_t count(const char *const *paths)
{
	size_t n = 0;

	while (paths && paths[n])
		n++;
	return n;
}

/* What mounts hide at its start is hidden on every instance of procfs and sysfs that comes later. */
static int set_masks(struct container *c, struct error *err)
{
	const struct spec_linux *l = &c->spec->linux_;
	size_t n = count(l->masked_paths) + count(l->readonly_paths);
	_cleanup_free_ struct lsm_mask *masks = calloc(n + 1, sizeof(*masks)); /* none is no failure */
	int r;

	if (!masks)
		return error_set(err, ENOMEM, "linux.maskedPaths");
	n = add_masks(masks, 0, l->masked_paths, LSM_NODE_DENY);
	n = add_masks(masks, n, l->readonly_paths, LSM_NODE_READ_ONLY);
	r = lsm_set_masks(&c->lsm, c->state.bpf_cgroup, masks, n, err);
	return r < 0 ? error_wrap(err, "linux.maskedPaths, linux.readonlyPaths") : 0;
}

int bpf_lsm_register(struct container *c, struct error *err)
{
	struct lsm_registration registration = {
		.id = c->options->id,
		.cgroup_fd = cgroup_v2_fd(c->cgroup),
		.userns_fd = c->userns_fd,
		.first_uid = first_uid(&c->state.map),
		.armed_mode = c->policy.bpf_lsm_mode,
		.allow = c->policy.bpf_lsm_allow,
		.userns_depth = USERNS_DEPTH,
	};
	struct error why = ERROR_INIT;
	uint64_t cgroup_id;
	int r;

	if (!c->state.bpf_cgroup)
		return 0;
	r = lsm_guard_host_folders(&c->lsm, &why); /* an engine may have been installed since */
	if (r == 0)
		r = lsm_register(&c->lsm, &registration, &cgroup_id, &why);
	if (r == 0)
		r = set_masks(c, &why);
	if (r == 0)
		r = allow_stdio(&c->lsm, cgroup_id, &why);
	if (r == 0)
		return 0;
	(void)lsm_unregister(&c->lsm, c->state.bpf_cgroup, NULL);
	r = do_without(c, &why, err);
	return r < 0 ? r : state_save(c->state_fd, &c->state, err);
}

/* ---- start ------------------------------------------------------------------------------------------- */

/* The programs see pids of the first pid namespace; from inside of another one nobody can tell them. */
static uint32_t arm_pid(pid_t pid)
{
	struct stat st;

	return stat("/proc/self/ns/pid", &st) == 0 && st.st_ino == FIRST_PIDNS_INODE ? (uint32_t)pid :
										       0;
}

int bpf_lsm_arm(int state_fd, struct state *state, struct error *err)
{
	struct error why = ERROR_INIT;
	struct lsm lsm = LSM_INIT;
	struct policy policy;
	int r;

	if (!state->bpf_cgroup)
		return 0;
	r = lsm_open(&lsm, &why);
	if (r == 0)
		r = lsm_arm(&lsm, state->bpf_cgroup, arm_pid(state->init.pid), &why);
	lsm_done(&lsm);
	if (r == 0)
		return 0;
	r = policy_load(&policy, err);
	if (r < 0)
		return r;
	if (policy.bpf_lsm == POLICY_BPF_LSM_REQUIRED)
		return error_text(err, ENOTSUP,
				  "the BPF LSM layer is required, and was unloaded since the container was created: "
				  "delete it and create it again (%s)",
				  why.msg);
	log_warning("container '%s' is degraded: %s", state->id, why.msg);
	state->degraded = true;
	return state_save(state_fd, state, err);
}

/* ---- exec -------------------------------------------------------------------------------------------- */

int bpf_lsm_open_for_exec(const struct state *state, struct lsm *ret, struct error *err)
{
	struct lsm_container container;
	struct error why = ERROR_INIT;
	struct lsm lsm = LSM_INIT;
	int r;

	*ret = LSM_INIT;
	if (!state->bpf_cgroup)
		return 0;
	r = lsm_open(&lsm, &why);
	if (r == 0)
		r = lsm_read_container(&lsm, state->bpf_cgroup, &container, &why);
	if (r < 0) { /* nothing is refused to the container that runs: there is nobody to hide from */
		log_warning("container '%s' runs without the BPF LSM layer: %s", state->id, why.msg);
		lsm_done(&lsm);
		return 0;
	}
	r = allow_stdio(&lsm, state->bpf_cgroup, err);
	if (r < 0)
		lsm_done(&lsm);
	else
		*ret = lsm;
	return r;
}

int bpf_lsm_mark(struct lsm *lsm, pid_t pid, struct error *err)
{
	return bpf_lsm_is_there(lsm) ? lsm_mark_setup(lsm, pid, err) : 0;
}

/* ---- delete ------------------------------------------------------------------------------------------ */

int bpf_lsm_forget(const struct state *state, struct error *err)
{
	struct error why = ERROR_INIT;
	struct lsm lsm = LSM_INIT;
	int r;

	if (!state->bpf_cgroup)
		return 0;
	r = lsm_open(&lsm, &why);
	if (r == 0)
		r = lsm_unregister(&lsm, state->bpf_cgroup, err);
	else if (r != -ENOENT) /* another version's: the number of a cgroup that is gone is never another's */
		log_warning("container '%s' stays known to the BPF LSM layer: %s", state->id,
			    why.msg);
	else
		r = 0;
	lsm_done(&lsm);
	return r == -EPROTO || r == -EPERM ? 0 : r;
}
