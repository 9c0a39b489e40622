/* SPDX-License-Identifier: GPL-2.0-or-later */
/* idmap - see idmap.h. */
#include "idmap.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "error.h"
#include "fd.h"
#include "idrange.h"
#include "proc.h"
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

/* ---- look up ---------------------------------------------------------------------------------- */

void idmap_set_block(struct idmap *map, uint32_t base)
{
	map->uids[0] = map->gids[0] = (struct id_mapping){ 0, base, IDRANGE_SIZE };
	map->n_uids = map->n_gids = 1;
}

int idmap_set(struct idmap *map, const struct json_array *uids, const struct json_array *gids)
{
	if (uids->n > IDMAP_MAX || gids->n > IDMAP_MAX)
		return -E2BIG;
	if (uids->n)
		memcpy(map->uids, uids->items, uids->n * sizeof(map->uids[0]));
	if (gids->n)
		memcpy(map->gids, gids->items, gids->n * sizeof(map->gids[0]));
	map->n_uids = uids->n;
	map->n_gids = gids->n;
	return 0;
}

json_t *idmap_to_json(const struct id_mapping *maps, size_t n)
{
	json_t *array = json_array();

	for (size_t i = 0; array && i < n; i++)
		if (json_array_append_new(array, json_pack("{s:I, s:I, s:I}", "containerID",
							   (json_int_t)maps[i].container_id,
							   "hostID", (json_int_t)maps[i].host_id,
							   "size", (json_int_t)maps[i].size)) < 0) {
			json_decref(array);
			return NULL;
		}
	return array;
}

static bool find_host(const struct id_mapping *maps, size_t n, uint32_t id, uint32_t *ret)
{
	for (size_t i = 0; i < n; i++) {
		if (id < maps[i].container_id || id - maps[i].container_id >= maps[i].size)
			continue;
		*ret = maps[i].host_id + (id - maps[i].container_id);
		return true;
	}
	return false;
}

bool idmap_host_uid(const struct idmap *map, uint32_t uid, uint32_t *ret)
{
	return find_host(map->uids, map->n_uids, uid, ret);
}

bool idmap_host_gid(const struct idmap *map, uint32_t gid, uint32_t *ret)
{
	return find_host(map->gids, map->n_gids, gid, ret);
}

bool idmap_has_host_uid(const struct idmap *map, uint32_t host_uid)
{
	for (size_t i = 0; i < map->n_uids; i++)
		if (host_uid >= map->uids[i].host_id &&
		    host_uid - map->uids[i].host_id < map->uids[i].size)
			return true;
	return false;
}

static int by_container_id(const void *a, const void *b)
{
	const struct id_mapping *x = a, *y = b;

	return x->container_id < y->container_id ? -1 : x->container_id > y->container_id;
}

/* Sorted, with neighbours joined: two maps say the same if they then are the same. Return: how many are left. */
static size_t settle(const struct id_mapping *maps, size_t n, struct id_mapping *ret)
{
	size_t left = 0;

	memcpy(ret, maps, n * sizeof(*maps));
	qsort(ret, n, sizeof(*ret), by_container_id);
	for (size_t i = 0; i < n; i++) {
		struct id_mapping *last = left ? &ret[left - 1] : NULL;

		if (last && last->container_id + last->size == ret[i].container_id &&
		    last->host_id + last->size == ret[i].host_id)
			last->size += ret[i].size;
		else
			ret[left++] = ret[i];
	}
	return left;
}

bool idmap_says_the_same(const struct id_mapping *a, size_t n_a, const struct id_mapping *b,
			 size_t n_b)
{
	struct id_mapping settled_a[IDMAP_MAX], settled_b[IDMAP_MAX];

	if (n_a == 0 || n_b == 0 || n_a > IDMAP_MAX || n_b > IDMAP_MAX)
		return n_a == 0 && n_b == 0;
	n_a = settle(a, n_a, settled_a);
	n_b = settle(b, n_b, settled_b);
	return n_a == n_b &&
	       memcmp(settled_a, settled_b, n_a * sizeof(*a)) == 0; /* three words, no padding */
}

bool idmap_equal(const struct idmap *a, const struct idmap *b)
{
	return idmap_says_the_same(a->uids, a->n_uids, b->uids, b->n_uids) &&
	       idmap_says_the_same(a->gids, a->n_gids, b->gids, b->n_gids);
}

size_t idmap_compose(const struct id_mapping *inner, size_t n_inner, const struct id_mapping *outer,
		     size_t n_outer, struct id_mapping *ret, size_t max)
{
	size_t n = 0;

	for (size_t i = 0; i < n_inner; i++) {
		const uint64_t first = inner[i].host_id, end = first + inner[i].size;

		for (size_t k = 0; k < n_outer && n < max; k++) {
			const uint64_t low = outer[k].container_id, high = low + outer[k].size;
			const uint64_t from = first > low ? first : low, to = end < high ? end : high;

			if (from < to)
				ret[n++] = (struct id_mapping){
					inner[i].container_id + (uint32_t)(from - first),
					outer[k].host_id + (uint32_t)(from - low),
					(uint32_t)(to - from),
				};
		}
	}
	return n;
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

int idmap_write(pid_t pid, const struct idmap *map, struct error *err)
{
	int r = write_map(pid, "uid_map", map->uids, map->n_uids, err);

	return r < 0 ? r : write_map(pid, "gid_map", map->gids, map->n_gids, err);
}

/* ---- user namespaces to map with ---------------------------------------------------------------- */

/* Lives until the other end of the socket is closed, also by its maker's death. */
static _Noreturn void carrier_main(const int pair[2], int join_fd)
{
	char byte = 0;

	(void)close(pair[0]);
	if (join_fd >= 0 &&
	    (setns(join_fd, CLONE_NEWUSER) < 0 || send(pair[1], &byte, 1, MSG_NOSIGNAL) != 1))
		_exit(1);
	while (read(pair[1], &byte, 1) < 0 && errno == EINTR)
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

/* Makes the carrier in a user namespace of its own, or, with @join_fd, in an existing one. */
static int carrier_start(int join_fd, pid_t *ret_pid, int *ret_fd, struct error *err)
{
	const struct clone_args args = { .flags = join_fd < 0 ? CLONE_NEWUSER : 0,
					 .exit_signal = SIGCHLD };
	int pair[2];
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		return error_set(err, errno, "socketpair");
	pid = sys_clone3(&args);
	if (pid == 0)
		carrier_main(pair, join_fd);
	fd_close(pair[1]);
	if (pid < 0) {
		int r = error_set(err, errno, "cannot make a process for a user namespace");

		fd_close(pair[0]);
		return r;
	}
	*ret_pid = pid;
	*ret_fd = pair[0];
	return 0;
}

static void carrier_end(pid_t pid, int fd)
{
	fd_close(fd);
	(void)reap(pid); /* the namespace lives on in its descriptors */
}

int idmap_make_userns(const struct idmap *map, struct error *err)
{
	int sock = -EBADF, fd = -EBADF, r;
	pid_t pid = 0;

	r = idmap_check(map->uids, map->n_uids, err);
	if (r == 0)
		r = idmap_check(map->gids, map->n_gids, err);
	if (r == 0)
		r = carrier_start(-EBADF, &pid, &sock, err);
	if (r < 0)
		return r;
	r = idmap_write(pid, map, err);
	if (r == 0)
		r = fd = proc_open_ns(pid, "user", err);
	carrier_end(pid, sock);
	return r < 0 ? r : fd;
}

/* ---- read ------------------------------------------------------------------------------------- */

static int read_map(pid_t pid, const char *name, struct id_mapping *maps, size_t *ret_n,
		    struct error *err)
{
	_cleanup_free_ char *text = NULL;
	char path[64], *save = NULL;
	size_t n = 0;
	int r;

	(void)str_format(path, sizeof(path), "/proc/%d/%s", pid, name); /* always fits */
	r = fd_read_file(AT_FDCWD, path, MAP_TEXT_MAX * 4, &text, NULL, err);
	if (r < 0)
		return r;
	for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		struct id_mapping *m = &maps[n];

		if (n == IDMAP_MAX)
			return error_text(err, E2BIG, "%s has more than %d lines", path, IDMAP_MAX);
		if (sscanf(line, "%u %u %u", &m->container_id, &m->host_id, &m->size) != 3)
			return error_text(err, EINVAL, "%s cannot be understood", path);
		n++;
	}
	*ret_n = n;
	return n ? 0 : error_text(err, ENOTSUP, "the user namespace maps no ids");
}

/* The carrier's byte says that it has joined. */
static int wait_joined(int sock, struct error *err)
{
	char byte;
	ssize_t n;

	do
		n = read(sock, &byte, 1);
	while (n < 0 && errno == EINTR);
	return n == 1 ? 0 : error_text(err, EPERM, "the user namespace cannot be joined");
}

int idmap_of_userns(int userns_fd, struct idmap *ret, struct error *err)
{
	int sock = -EBADF, r;
	pid_t pid = 0;

	r = carrier_start(userns_fd, &pid, &sock, err);
	if (r < 0)
		return r;
	r = wait_joined(sock, err);
	if (r == 0)
		r = read_map(pid, "uid_map", ret->uids, &ret->n_uids, err);
	if (r == 0)
		r = read_map(pid, "gid_map", ret->gids, &ret->n_gids, err);
	carrier_end(pid, sock);
	return r;
}
