/* SPDX-License-Identifier: GPL-2.0-or-later */
/* idmap - see idmap.h. */
#include "idmap.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>

#include "error.h"
#include "fd.h"
#include "str.h"
#include "sys.h"

#define MAP_TEXT_MAX                                                                               \
	4096 /* a map must be written at once, in less than a page: user_namespaces(7) */

const struct json_field idmap_fields[] = {
	JSON_F_REQUIRED(struct id_mapping, container_id, "containerID", JSON_U32_FIELD),
	JSON_F_REQUIRED(struct id_mapping, host_id, "hostID", JSON_U32_FIELD),
	JSON_F_REQUIRED(struct id_mapping, size, "size", JSON_U32_FIELD),
	JSON_F_END,
};

/* ---- check ------------------------------------------------------------------------------------ */

static bool overlaps(uint32_t a, uint32_t a_size, uint32_t b, uint32_t b_size)
{
	return a < (uint64_t)b + b_size && b < (uint64_t)a + a_size;
}

/* The last id, 2^32 - 1, means "none" to the kernel and cannot be mapped. */
static bool wraps(uint32_t first, uint32_t size)
{
	return (uint64_t)first + size > UINT32_MAX;
}

static int check_one(const struct id_mapping *maps, size_t i, struct error *err)
{
	const struct id_mapping *m = &maps[i];

	if (m->size == 0)
		return error_text(err, EINVAL, "id mapping %zu is empty", i);
	if (wraps(m->container_id, m->size))
		return error_text(err, EINVAL,
				  "id mapping %zu: %u container ids from %u on go beyond 2^32 - 2",
				  i, m->size, m->container_id);
	if (wraps(m->host_id, m->size))
		return error_text(err, EINVAL,
				  "id mapping %zu: %u host ids from %u on go beyond 2^32 - 2", i,
				  m->size, m->host_id);
	for (size_t k = 0; k < i; k++) {
		if (overlaps(m->container_id, m->size, maps[k].container_id, maps[k].size))
			return error_text(err, EINVAL, "id mapping %zu overlaps mapping %zu inside",
					  i, k);
		if (overlaps(m->host_id, m->size, maps[k].host_id, maps[k].size))
			return error_text(err, EINVAL,
					  "id mapping %zu overlaps mapping %zu on the host", i, k);
	}
	return 0;
}

int idmap_check(const struct id_mapping *maps, size_t n, struct error *err)
{
	int r = 0;

	if (n == 0)
		return error_text(err, EINVAL, "there is no id mapping");
	if (n > IDMAP_MAX)
		return error_text(err, EINVAL, "%zu id mappings are more than the kernel's %d", n,
				  IDMAP_MAX);
	for (size_t i = 0; r == 0 && i < n; i++)
		r = check_one(maps, i, err);
	return r;
}

/* ---- write ------------------------------------------------------------------------------------ */

static int write_map(pid_t pid, const char *name, const struct id_mapping *maps, size_t n,
		     struct error *err)
{
	_cleanup_free_ char *text = malloc(MAP_TEXT_MAX);
	char path[64];
	size_t len = 0;

	if (!text)
		return error_set(err, ENOMEM, "%s", name);
	for (size_t i = 0; i < n; i++) {
		int r = snprintf(text + len, MAP_TEXT_MAX - len, "%u %u %u\n", maps[i].container_id,
				 maps[i].host_id, maps[i].size);

		if (r < 0 || (size_t)r >= MAP_TEXT_MAX - len)
			return error_text(err, E2BIG,
					  "%s: %zu id mappings do not fit into the page that the "
					  "kernel reads: use fewer",
					  name, n);
		len += (size_t)r;
	}
	(void)str_format(path, sizeof(path), "/proc/%d/%s", pid, name); /* always fits */
	return fd_write_file(AT_FDCWD, path, text, err);
}

int idmap_write(pid_t pid, const struct id_mapping *uids, size_t n_uids,
		const struct id_mapping *gids, size_t n_gids, struct error *err)
{
	int r = write_map(pid, "uid_map", uids, n_uids, err);

	return r < 0 ? r : write_map(pid, "gid_map", gids, n_gids, err);
}

/* ---- user namespaces to map with ---------------------------------------------------------------- */

/* Lives until the other end of the pipe is closed, also by its maker's death. */
static _Noreturn void carrier_main(const int pipe_fds[2])
{
	char byte;

	(void)close(pipe_fds[1]);
	while (read(pipe_fds[0], &byte, 1) < 0 && errno == EINTR)
		;
	_exit(0);
}

static int reap(pid_t pid)
{
	while (waitpid(pid, NULL, 0) < 0)
		if (errno != EINTR)
			return -errno; /* ECHILD: SIGCHLD is ignored, and it is gone all the same */
	return 0;
}

static int open_userns(pid_t pid, struct error *err)
{
	char path[64];
	int fd;

	(void)str_format(path, sizeof(path), "/proc/%d/ns/user", pid); /* always fits */
	fd = open(path, O_RDONLY | O_CLOEXEC);
	return fd < 0 ? error_set(err, errno, "cannot open '%s'", path) : fd;
}

int idmap_make_userns(const struct id_mapping *uids, size_t n_uids, const struct id_mapping *gids,
		      size_t n_gids, struct error *err)
{
	const struct clone_args args = { .flags = CLONE_NEWUSER, .exit_signal = SIGCHLD };
	int pipe_fds[2], r, fd = -EBADF;
	pid_t pid;

	r = idmap_check(uids, n_uids, err);
	if (r == 0)
		r = idmap_check(gids, n_gids, err);
	if (r < 0)
		return r;
	if (pipe2(pipe_fds, O_CLOEXEC) < 0)
		return error_set(err, errno, "pipe");
	pid = sys_clone3(&args);
	if (pid == 0)
		carrier_main(pipe_fds);
	if (pid < 0) {
		r = error_set(err, errno, "cannot make a user namespace to id-map mounts with");
	} else {
		r = idmap_write(pid, uids, n_uids, gids, n_gids, err);
		if (r == 0)
			r = fd = open_userns(pid, err);
	}
	fd_close(pipe_fds[0]);
	fd_close(pipe_fds[1]);
	if (pid > 0)
		(void)reap(pid); /* the namespace lives on in the descriptor */
	return r < 0 ? r : fd;
}
