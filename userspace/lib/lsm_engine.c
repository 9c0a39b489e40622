/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * lsm_engine - owns the maps `engine`, `engine_files` and `engine_tasks`: what engines are held to, and who is one. See lsm.h.
 *
 * The one value of `engine` has two policies, each with its own caller; whoever writes one leaves the other as it is.
 */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "error.h"
#include "fd.h"
#include "lsm_map.h"
#include "lsm_private.h"
#include "str.h"

#define COMM_SIZE 17 /* of /proc/PID/comm, with the newline and a NUL */

/*
 * The daemons that write, as the host's root, what is told them by who may talk to them. By name, so that an upgrade or
 * another folder makes no difference. Podman is a daemon where systemd starts it for its socket, and a command otherwise.
 */
static const struct daemon {
	const char *name; /* shorter than COMM_SIZE - 2 */
	uint32_t role;
} daemons[] = {
	{ "buildkitd", LSM_ENGINE_DAEMON }, { "containerd", LSM_ENGINE_DAEMON },
	{ "crio", LSM_ENGINE_DAEMON },	    { "dockerd", LSM_ENGINE_DAEMON },
	{ "podman", LSM_ENGINE_SERVICE },
};

static const struct daemon *find_daemon(const char *name)
{
	for (size_t i = 0; i < sizeof(daemons) / sizeof(daemons[0]); i++)
		if (str_eq(daemons[i].name, name))
			return &daemons[i];
	return NULL;
}

/* ---- the two policies ---- */

static int check_mode(enum lsm_mode mode, struct error *err)
{
	if (mode == LSM_MODE_OFF || mode == LSM_MODE_AUDIT || mode == LSM_MODE_ENFORCE)
		return 0;
	return error_text(err, EINVAL, "the guard of engines is off, in audit mode, or enforced");
}

int lsm_read_engine(struct lsm *lsm, struct lsm_engine *ret, struct error *err)
{
	uint32_t key = 0;

	if (lsm_map_lookup(lsm->map_fds[LSM_MAP_ENGINE], &key, ret) < 0)
		return error_set(err, errno, "cannot read the guard of engines");
	return 0;
}

/* Counters that are there stay: they tell what was refused until now. */
static int write_engine(struct lsm *lsm, const struct lsm_engine *value, struct error *err)
{
	static const struct lsm_counters none;
	uint64_t id = LSM_ENGINE_CGROUP;
	uint32_t key = 0;

	if (lsm_map_update(lsm->map_fds[LSM_MAP_COUNTERS], &id, &none, BPF_NOEXIST) < 0 &&
	    errno != EEXIST)
		return error_set(err, errno, "cannot count what is refused to engines");
	if (lsm_map_update(lsm->map_fds[LSM_MAP_ENGINE], &key, value, BPF_ANY) < 0)
		return error_set(err, errno, "cannot set the guard of engines");
	return 0;
}

static struct lsm_container policy_of(enum lsm_mode mode)
{
	return (struct lsm_container){
		.mode = mode, .armed_mode = mode, .cgroup_id = LSM_ENGINE_CGROUP, .id = LSM_ENGINE_ID
	};
}

int lsm_set_engine_guard(struct lsm *lsm, const struct lsm_engine_guard *guard, struct error *err)
{
	_cleanup_close_ int lock_fd = -EBADF;
	struct lsm_engine value;
	int r = check_mode(guard->mode, err);

	if (r == 0)
		r = lsm_lock_maps(lsm, &lock_fd, err);
	if (r == 0)
		r = lsm_read_engine(lsm, &value, err);
	if (r < 0)
		return r;
	value.restrict_exec = guard->restrict_exec;
	value.refuse_tcp = guard->refuse_tcp;
	value.policy = policy_of(guard->mode);
	return write_engine(lsm, &value, err);
}

int lsm_set_engine_files(struct lsm *lsm, enum lsm_mode mode, struct error *err)
{
	_cleanup_close_ int lock_fd = -EBADF;
	struct lsm_engine value;
	int r = check_mode(mode, err);

	if (r == 0)
		r = lsm_lock_maps(lsm, &lock_fd, err);
	if (r == 0)
		r = lsm_read_engine(lsm, &value, err);
	if (r < 0)
		return r;
	value.files = policy_of(mode);
	return write_engine(lsm, &value, err);
}

/* ---- who is an engine ---- */

static int set_role(struct lsm *lsm, const struct lsm_guard_key *key, uint32_t roles,
		    struct error *err)
{
	int map = lsm->map_fds[LSM_MAP_ENGINE_FILES];

	if (roles ? lsm_map_update(map, key, &roles, BPF_ANY) < 0 :
		    lsm_map_delete(map, key) < 0 && errno != ENOENT)
		return errno == E2BIG ?
			       error_text(err, ENOSPC,
					  "the BPF LSM layer has room for %d programs of engines",
					  LSM_GUARDS_MAX) :
			       error_set(err, errno, "cannot list a program of an engine");
	return 0;
}

int lsm_set_engine_file(struct lsm *lsm, int fd, uint32_t roles, struct error *err)
{
	struct lsm_guard_key key;
	bool is_folder;
	int r = lsm_guard_key_of(fd, &key, &is_folder, err);

	if (r < 0)
		return r;
	if (is_folder)
		return error_text(err, EINVAL, "a folder is no program of an engine");
	return set_role(lsm, &key, roles, err);
}

static int read_comm(const char *pid, char *buf)
{
	_cleanup_close_ int fd = -EBADF;
	char path[64];
	ssize_t n;

	if (str_format(path, sizeof(path), "/proc/%s/comm", pid) < 0)
		return -ENAMETOOLONG;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? -1 : read(fd, buf, COMM_SIZE - 1);
	if (n <= 0)
		return -ESRCH;
	buf[n] = '\0';
	buf[strcspn(buf, "\n")] = '\0';
	return 0;
}

/* A process that ends meanwhile is none; the pidfd comes first, so that the name is not that of another with its number. */
static int mark_if_daemon(struct lsm *lsm, const char *pid, struct error *err)
{
	const struct daemon *daemon;
	uint32_t mark = LSM_ENGINE_IN_DOMAIN | LSM_ENGINE_IS_DAEMON;
	_cleanup_close_ int pidfd = -EBADF;
	char comm[COMM_SIZE];

	if (read_comm(pid, comm) < 0 || !find_daemon(comm))
		return 0;
	pidfd = (int)syscall(SYS_pidfd_open, (pid_t)strtol(pid, NULL, 10), 0);
	daemon = pidfd >= 0 && read_comm(pid, comm) == 0 ? find_daemon(comm) : NULL;
	if (!daemon || !(daemon->role & LSM_ENGINE_DAEMON) ||
	    syscall(SYS_pidfd_send_signal, pidfd, 0, NULL, 0) < 0)
		return 0;
	if (lsm_map_update(lsm->map_fds[LSM_MAP_ENGINE_TASKS], &pidfd, &mark, BPF_ANY) < 0 &&
	    errno != ESRCH)
		return error_set(err, errno, "cannot mark process %s, '%s', as an engine", pid, comm);
	return 0;
}

static int mark_running(struct lsm *lsm, struct error *err)
{
	DIR *dir = opendir("/proc");
	const struct dirent *entry;
	int r = 0;

	if (!dir)
		return error_set(err, errno, "cannot look for engines in '/proc'");
	while (r == 0 && (entry = readdir(dir)))
		if (isdigit((unsigned char)entry->d_name[0]))
			r = mark_if_daemon(lsm, entry->d_name, err);
	(void)closedir(dir);
	return r;
}

int lsm_know_engines(struct lsm *lsm, struct error *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < sizeof(daemons) / sizeof(daemons[0]); i++) {
		const struct lsm_guard_key key = { .name = lsm_guard_name_hash(daemons[i].name) };

		r = set_role(lsm, &key, daemons[i].role, err);
	}
	return r < 0 ? r : mark_running(lsm, err);
}
