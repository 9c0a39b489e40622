/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fuse_connections - see fuse_connections.h. */
#include "fuse_connections.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "error.h"
#include "fd.h"
#include "idmap.h"
#include "idrange.h"
#include "log.h"
#include "mount_api.h"
#include "paths.h"
#include "proc.h"
#include "state.h"
#include "str.h"

#define CONTROL_ATTR (MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC)

/* One file system for the machine, which need not be mounted anywhere. */
static int open_control(struct error *err)
{
	_cleanup_close_ int fs_fd = mount_fs_open("fusectl", err);

	return fs_fd < 0 ? fs_fd : mount_fs_create(fs_fd, CONTROL_ATTR, err);
}

static DIR *opendir_at(int folder_fd)
{
	_cleanup_close_ int fd = openat(folder_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);

	if (dir)
		(void)take_fd(&fd);
	return dir;
}

/* The emulated files of a container, whose state folder it is. 0 without its monitor: the number may be another's by now. */
static uint32_t emulation_of(const char *state_path)
{
	__attribute__((cleanup(state_done))) struct state state = { 0 };
	_cleanup_close_ int fd = open(state_path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0 || state_load(fd, &state, NULL) < 0 || !proc_is_alive(&state.monitor))
		return 0;
	return state.emulation;
}

/* Emulated files of all containers, looked up once however many connections there are. */
struct spared {
	uint32_t *items;
	size_t n;
};

static int spare_emulations(struct spared *ret, struct error *err)
{
	char **containers = NULL;
	size_t n = 0;
	int r = idrange_list_containers(PATHS_IDS, &containers, err);

	if (r < 0)
		return r;
	while (containers[n])
		n++;
	ret->items = calloc(n + 1, sizeof(*ret->items));
	if (!ret->items)
		r = error_set(err, ENOMEM, "containers");
	for (; r == 0 && ret->n < n; ret->n++)
		ret->items[ret->n] = emulation_of(containers[ret->n]);
	state_list_free(containers);
	return r;
}

/* Its own may go with it. */
static bool is_spared(uint32_t connection, const struct state *state, const struct spared *spared)
{
	if (connection == state->emulation)
		return false;
	for (size_t i = 0; i < spared->n; i++)
		if (spared->items[i] == connection)
			return true;
	return false;
}

static void abort_one(int control_fd, const char *name, const struct state *state,
		      const struct spared *spared)
{
	_cleanup_close_ int fd = -EBADF;
	struct error err = ERROR_INIT;
	struct stat st;
	uint32_t number;

	if (parse_u32(name, &number) < 0 || fstatat(control_fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0 ||
	    !idmap_has_host_uid(&state->map, st.st_uid) || is_spared(number, state, spared))
		return;
	fd = openat(control_fd, name, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fd >= 0 && fd_write_file(fd, "abort", "1", &err) < 0)
		log_warning("container '%s': cannot end its FUSE connection %s: %s", state->id,
			    name, err.msg);
}

void fuse_connections_abort(const struct state *state)
{
	_cleanup_close_ int control_fd = -EBADF;
	struct error err = ERROR_INIT;
	struct spared spared = { 0 };
	struct dirent *entry;
	DIR *dir = NULL;

	if (state->map.n_uids == 0)
		return;
	/* -ENODEV: a kernel without FUSE, or without its module; so there are no connections */
	control_fd = open_control(&err);
	if (control_fd == -ENODEV)
		return;
	/* rather none than another container's emulation */
	if (control_fd < 0 || spare_emulations(&spared, &err) < 0)
		log_warning("container '%s': its FUSE connections are left: %s", state->id, err.msg);
	else
		dir = opendir_at(control_fd);
	while (dir && (entry = readdir(dir)))
		abort_one(control_fd, entry->d_name, state, &spared);
	if (dir)
		(void)closedir(dir);
	free(spared.items);
}

uint32_t fuse_connection_of(int mount_fd)
{
	struct statx stx;

	/* who asks for nothing is told the device, though FUSE shows a container's mount to nobody outside (fuse_getattr()) */
	if (statx(mount_fd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, 0, &stx) < 0)
		return 0;
	return stx.stx_dev_minor;
}
