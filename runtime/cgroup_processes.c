/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cgroup_processes - owns what is in the container's folders: listing it, killing it, freezing it, removing it. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "cgroup_internal.h"
#include "error.h"
#include "fd.h"
#include "str.h"

#define TREE_DEPTH_MAX 64 /* of a walk; more than a container can make */
#define KILL_ROUNDS_MAX 100
#define POLL_NS 2000000 /* between two looks at what the kernel takes its time for */
#define FREEZE_MS 10000

/* ---- list ------------------------------------------------------------------------------------------------------ */

struct pid_list {
	pid_t *items;
	size_t n, room;
};

static int add_pids(int fd, struct pid_list *list, struct error *err)
{
	_cleanup_free_ char *text = NULL;
	char *save = NULL;
	uint32_t pid;
	int r = fd_read_file(fd, "cgroup.procs", CGROUP_FILE_MAX, &text, NULL, err);

	if (r < 0)
		return r == -ENOENT || r == -ENODEV ? 0 : r; /* removed meanwhile */
	for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		if (parse_u32(line, &pid) < 0 || pid == 0)
			continue;
		if (list->n == list->room) {
			size_t room = list->room ? list->room * 2 : 64;
			pid_t *more = reallocarray(list->items, room, sizeof(*more));

			if (!more)
				return error_set(err, ENOMEM, "processes");
			list->items = more;
			list->room = room;
		}
		list->items[list->n++] = (pid_t)pid;
	}
	return 0;
}

/* kernfs counts folders, and nothing else, among a folder's links. */
static bool has_folders(int fd)
{
	struct stat st;

	return fstat(fd, &st) < 0 || st.st_nlink != 2;
}

/* Calls @each for @fd and every folder below, children first. */
static int walk(int fd, int depth,
		int (*each)(int parent_fd, const char *name, int fd, void *data, struct error *err),
		int parent_fd, const char *name, void *data, struct error *err)
{
	_cleanup_close_ int copy = -EBADF;
	struct dirent *entry;
	int r = 0;
	DIR *dir;

	if (!has_folders(fd))
		return each(parent_fd, name, fd, data, err);
	copy = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (copy < 0)
		return errno == ENOENT ? 0 : error_set(err, errno, "cannot read a cgroup");
	if (depth == 0)
		return error_text(err, ELOOP, "cgroups are nested too deeply");
	dir = fdopendir(take_fd(&copy));
	if (!dir)
		return error_set(err, errno, "cannot read a cgroup");
	while (r == 0 && (entry = readdir(dir))) {
		_cleanup_close_ int child = -EBADF;

		if (entry->d_type != DT_DIR || str_eq(entry->d_name, ".") ||
		    str_eq(entry->d_name, ".."))
			continue;
		child = openat(fd, entry->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (child >= 0)
			r = walk(child, depth - 1, each, fd, entry->d_name, data, err);
	}
	(void)closedir(dir);
	return r < 0 ? r : each(parent_fd, name, fd, data, err);
}

static int collect(int parent_fd, const char *name, int fd, void *data, struct error *err)
{
	int r = add_pids(fd, data, err);

	(void)parent_fd;
	/* A threaded folder, and one that waits to become one: the folder that its threads belong to lists the processes. */
	return name && r == -EOPNOTSUPP ? 0 : r;
}

/* Where every process of the container is listed: v2 where it is, else the first hierarchy that is left. */
static struct hierarchy *any_hierarchy(struct cgroup *cgroup)
{
	struct hierarchy *h = cgroup_v2_find(cgroup);

	if (h && h->fd >= 0)
		return h;
	for (size_t i = 0; i < cgroup->n; i++)
		if (cgroup->list[i].fd >= 0)
			return &cgroup->list[i];
	return NULL;
}

int cgroup_pids(const struct cgroup *cgroup, pid_t **ret, size_t *ret_n, struct error *err)
{
	struct hierarchy *h = any_hierarchy((struct cgroup *)cgroup);
	struct pid_list list = { 0 };
	int r = h ? walk(h->fd, TREE_DEPTH_MAX, collect, -EBADF, NULL, &list, err) : 0;

	if (r < 0) {
		free(list.items);
		return r;
	}
	*ret = list.items;
	*ret_n = list.n;
	return 0;
}

/* ---- signal ---------------------------------------------------------------------------------------------------- */

#define SIGNAL_BATCH 256 /* descriptors at a time: engines give us 1024 */

static bool has_pid(const pid_t *pids, size_t n, pid_t pid)
{
	for (size_t i = 0; i < n; i++)
		if (pids[i] == pid)
			return true;
	return false;
}

/*
 * A number may be reused between reading and signalling. So: descriptors first, then the list again. A process that is alive
 * when its signal is sent has had its number throughout, and the second list says that it is the container's.
 */
static int signal_batch(const struct cgroup *cgroup, const pid_t *pids, size_t n, int signal,
			struct error *err)
{
	int pidfds[SIGNAL_BATCH], result = 0, r;
	_cleanup_free_ pid_t *again = NULL;
	size_t n_again = 0;

	for (size_t i = 0; i < n; i++)
		pidfds[i] = (int)syscall(SYS_pidfd_open, pids[i], 0);
	r = cgroup_pids(cgroup, &again, &n_again, err);
	for (size_t i = 0; i < n; i++) {
		if (r == 0 && pidfds[i] >= 0 && has_pid(again, n_again, pids[i]) &&
		    syscall(SYS_pidfd_send_signal, pidfds[i], signal, NULL, 0) < 0 &&
		    errno != ESRCH && result == 0)
			result = error_set(err, errno, "cannot send signal %d to process %d",
					   signal, (int)pids[i]);
		fd_close(pidfds[i]);
	}
	return r < 0 ? r : result;
}

int cgroup_signal(const struct cgroup *cgroup, const pid_t *pids, size_t n, int signal,
		  struct error *err)
{
	struct error ignored = ERROR_INIT;
	int first = 0;

	for (size_t i = 0; i < n; i += SIGNAL_BATCH) {
		size_t batch = n - i < SIGNAL_BATCH ? n - i : SIGNAL_BATCH;
		int r = signal_batch(cgroup, pids + i, batch, signal, first < 0 ? &ignored : err);

		if (first == 0)
			first = r;
	}
	return first;
}

/* ---- kill ------------------------------------------------------------------------------------------------------ */

static void nap(void)
{
	const struct timespec pause = { .tv_nsec = POLL_NS };

	(void)nanosleep(&pause, NULL);
}

/*
 * On v1 an empty list is to be believed without a freezer: the kernel lists a child behind its parent, so a walk that meets
 * nobody has missed nobody who forked and ended, and only the host's root moves processes between folders. On v2 the
 * container's root does, and may have one that goes where the walk has been.
 */
static bool is_empty_v1(const struct cgroup *cgroup)
{
	struct hierarchy *v2 = cgroup_v2_find((struct cgroup *)cgroup);
	_cleanup_free_ pid_t *pids = NULL;
	size_t n;

	return !(v2 && v2->fd >= 0) && cgroup_pids(cgroup, &pids, &n, NULL) == 0 && n == 0;
}

/*
 * Without cgroup.kill (Linux 5.14): what is frozen cannot fork, so each round leaves fewer. Most often nobody is left, as
 * init's death ended all others, and the freezer is not for nothing: the machine's first FROZEN and last THAWED change the
 * kernel's code (static key freezer_active), which takes milliseconds in a virtual machine.
 */
static int kill_by_list(struct cgroup *cgroup, struct error *err)
{
	for (int round = 0; round < KILL_ROUNDS_MAX; round++) {
		_cleanup_free_ pid_t *pids = NULL;
		size_t n = 0;
		bool frozen;
		int r;

		if (is_empty_v1(cgroup))
			return 0;
		frozen = cgroup_freeze(cgroup, true, NULL) == 0;
		r = cgroup_pids(cgroup, &pids, &n, err);
		if (r == 0)
			r = cgroup_signal(cgroup, pids, n, SIGKILL, err);
		if (frozen)
			(void)cgroup_freeze(cgroup, false, NULL);
		if (r < 0 || n == 0)
			return r;
		nap();
	}
	return error_text(err, EBUSY, "processes of the container survive SIGKILL");
}

int cgroup_kill(struct cgroup *cgroup, struct error *err)
{
	struct hierarchy *h = cgroup_v2_find(cgroup);

	if (!cgroup->made)
		return 0; /* never proved empty: what is in it may be another's */
	if (!h || h->fd < 0 || fd_write_file(h->fd, "cgroup.kill", "1", NULL) < 0)
		return kill_by_list(cgroup, err);
	if (cgroup_is_frozen(cgroup)) /* what v1's freezer holds is not dead yet */
		return cgroup_freeze(cgroup, false, err);
	return 0;
}

/* ---- freezer --------------------------------------------------------------------------------------------------- */

static bool file_holds(int fd, const char *file, const char *text)
{
	_cleanup_free_ char *content = NULL;

	return fd_read_file(fd, file, CGROUP_FILE_MAX, &content, NULL, NULL) == 0 &&
	       strstr(content, text);
}

/* A descriptor keeps a folder that was removed, without its files. */
static bool is_gone(int fd)
{
	return faccessat(fd, "cgroup.procs", F_OK, 0) < 0;
}

/* -ENOENT: the folder was removed meanwhile, as systemd does with that of a scope in which nobody is left. */
static int wait_until(int fd, const char *file, const char *text, struct error *err)
{
	for (int waited = 0; waited < FREEZE_MS; waited += POLL_NS / 1000000) {
		if (file_holds(fd, file, text))
			return 0;
		if (is_gone(fd))
			return error_text(err, ENOENT, "the cgroup is gone");
		nap();
	}
	return error_set(err, ETIMEDOUT, "the freezer does not say '%s'", text);
}

int cgroup_freeze(struct cgroup *cgroup, bool frozen, struct error *err)
{
	struct hierarchy *v1 = cgroup_v1_find(cgroup, "freezer"), *v2 = cgroup_v2_find(cgroup);
	const char *state = frozen ? "FROZEN" : "THAWED";
	int r;

	if (v1 && v1->fd >= 0) {
		r = fd_write_file(v1->fd, "freezer.state", state, err);
		if (r == 0)
			r = wait_until(v1->fd, "freezer.state", state, err);
	} else if (v2 && v2->fd >= 0) {
		r = fd_write_file(v2->fd, "cgroup.freeze", frozen ? "1" : "0", err);
		if (r == 0)
			r = wait_until(v2->fd, "cgroup.events", frozen ? "frozen 1" : "frozen 0",
				       err);
	} else {
		return error_text(err, ENOTSUP, "this host has no cgroup freezer");
	}
	if (!frozen && (r == -ENOENT || r == -ENODEV)) /* nobody is left who could be frozen */
		return 0;
	if (r < 0 && frozen) { /* half frozen is worse than running */
		if (v1 && v1->fd >= 0)
			(void)fd_write_file(v1->fd, "freezer.state", "THAWED", NULL);
		else
			(void)fd_write_file(v2->fd, "cgroup.freeze", "0", NULL);
	}
	return r;
}

bool cgroup_is_frozen(const struct cgroup *cgroup)
{
	struct hierarchy *v1 = cgroup_v1_find((struct cgroup *)cgroup, "freezer");
	struct hierarchy *v2 = cgroup_v2_find((struct cgroup *)cgroup);

	if (v1 && v1->fd >= 0)
		return file_holds(v1->fd, "freezer.state", "FR"); /* FREEZING, FROZEN; else THAWED */
	return v2 && v2->fd >= 0 && file_holds(v2->fd, "cgroup.freeze", "1");
}

/* ---- remove ---------------------------------------------------------------------------------------------------- */

static int remove_one(int parent_fd, const char *name, int fd, void *data, struct error *err)
{
	(void)fd;
	(void)data;
	if (name && unlinkat(parent_fd, name, AT_REMOVEDIR) < 0 && errno != ENOENT)
		return error_set(err, errno, "cannot remove the cgroup '%s'", name);
	return 0;
}

static int remove_folder(struct hierarchy *h, bool made, struct error *err)
{
	_cleanup_close_ int parent_fd = -EBADF;
	_cleanup_free_ char *copy = strdup(h->path);
	char *slash = copy ? strrchr(copy, '/') : NULL;
	int r;

	if (!copy)
		return error_set(err, ENOMEM, "cgroup");
	if (slash)
		*slash = 0;
	parent_fd = slash ? cgroup_open_folder(h->mount, copy, err) :
			    open(h->mount, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (parent_fd < 0)
		return parent_fd == -ENOENT ? 0 : -errno;
	if (!made) { /* empty, or not ours */
		(void)unlinkat(parent_fd, slash ? slash + 1 : copy, AT_REMOVEDIR);
		return 0;
	}
	r = walk(h->fd, TREE_DEPTH_MAX, remove_one, parent_fd, slash ? slash + 1 : copy, NULL, err);
	if (r == 0)
		h->fd = fd_close(h->fd);
	return r;
}

/*
 * A scope that systemd may be about to start, for a create that is dead: it ends with its process, which systemd learns
 * from a file in its folder, and then removes that.
 */
static bool is_left_to_systemd(const struct cgroup *cgroup, const struct hierarchy *h)
{
	return cgroup->unit && !cgroup->unit_started &&
	       (h->is_v2 || str_eq(h->options, CGROUP_SYSTEMD_OPTIONS));
}

int cgroup_remove(struct cgroup *cgroup, int timeout_ms, struct error *err)
{
	for (size_t i = 0; i < cgroup->n; i++) {
		struct hierarchy *h = &cgroup->list[i];
		int r = h->fd < 0 || is_left_to_systemd(cgroup, h) ?
				0 :
				remove_folder(h, cgroup->made, err);

		/* who has a descriptor of it elsewhere makes folders no longer; only root may write to this */
		if (r == -EBUSY && h->is_v2 && cgroup->made)
			(void)fd_write_file(h->fd, "cgroup.max.descendants", "0", NULL);
		for (; r == -EBUSY && timeout_ms > 0; timeout_ms -= POLL_NS / 1000000) {
			(void)cgroup_kill(cgroup, NULL); /* a process that was just moving in */
			nap();
			r = remove_folder(h, cgroup->made, err);
		}
		if (r < 0)
			return r;
	}
	return 0;
}
