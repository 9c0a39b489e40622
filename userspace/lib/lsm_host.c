/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * lsm_host - owns the list of what no container touches on any host: engines' configuration, data and sockets, and our own
 * policy and state. None of it is mounted into a container in the first place; this is the second lock.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "error.h"
#include "fd.h"
#include "lsm_map.h"
#include "lsm_private.h"

/* Their entries are guarded with them: whatever is made there later, too. */
static const char *const folders[] = {
	/* ours */
	"/etc/bulwark",
	"/run/bulwark",
	"/var/cache/bulwark",
	"/var/lib/bulwark",
	/* engines: configuration */
	"/etc/cni",
	"/etc/cni/net.d",
	"/etc/containerd",
	"/etc/containers",
	"/etc/crio",
	"/etc/docker",
	"/etc/kubernetes",
	/* data roots: what lies directly in them is for the engine to name */
	"/var/lib/containerd",
	"/var/lib/containers",
	"/var/lib/crio",
	"/var/lib/docker",
	"/var/lib/kubelet",
	/* sockets */
	"/run/buildkit",
	"/run/containerd",
	"/run/crio",
	"/run/docker",
	"/run/podman",
};

/* In /run, where others have files as well. */
static const char *const run_entries[] = {
	"cri-dockerd.sock", "crio.sock",   "docker.pid", "docker.sock",
	"dockershim.sock",  "podman.sock", "nri.sock",
};

/* Without the lock, and most often nothing is to be done: this is asked by every create. */
static bool is_guarded(struct lsm *lsm, const struct stat *st)
{
	const struct lsm_guard_key key = {
		.inode = st->st_ino,
		.device = major(st->st_dev) << 20 | minor(st->st_dev),
	};
	uint32_t value;

	return lsm_map_lookup(lsm->map_fds[LSM_MAP_GUARDED], &key, &value) == 0 &&
	       (value & LSM_GUARD_ENTRIES);
}

/* -ENOTSUP (Btrfs) is no reason to do without the rest. */
static int guard_folder(struct lsm *lsm, const char *path, struct error *err)
{
	_cleanup_close_ int fd = -EBADF;
	struct stat st;
	int r;

	if (lstat(path, &st) < 0 || !S_ISDIR(st.st_mode) || is_guarded(lsm, &st))
		return 0;
	fd = open(path, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return 0; /* gone again */
	r = lsm_guard(lsm, fd, NULL, true, err);
	return r == -ENOTSUP ? 0 : r;
}

int lsm_guard_host_folders(struct lsm *lsm, struct error *err)
{
	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
		int r = guard_folder(lsm, folders[i], err);

		if (r < 0)
			return error_wrap(err, "'%s'", folders[i]);
	}
	return 0;
}

int lsm_guard_host(struct lsm *lsm, struct error *err)
{
	_cleanup_close_ int run_fd = open("/run", O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	int r = lsm_guard_host_folders(lsm, err);

	for (size_t i = 0;
	     r == 0 && run_fd >= 0 && i < sizeof(run_entries) / sizeof(run_entries[0]); i++) {
		r = lsm_guard(lsm, run_fd, run_entries[i], true, err);
		if (r == -ENOTSUP)
			r = 0;
	}
	return r;
}
