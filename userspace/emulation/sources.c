/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include "emulation.h"
#include "error.h"
#include "fd.h"
#include "model.h"
#include "scan.h"
#include "str.h"

#define PROC_FILE_MAX 65536

void emu_sources_done(struct emu_sources *sources)
{
	fd_close(sources->proc_fd);
	fd_close(sources->sys_fd);
	for (int i = 0; i < EMU_CGROUPS; i++)
		fd_close(sources->cgroup_fd[i]);
	*sources = EMU_SOURCES_INIT;
}

/* A folder, as the root of a copy of its mount from where no ".." leads on. */
static int open_place(const char *path, bool detach, struct error *err)
{
	int fd;

	if (detach)
		fd = open_tree(AT_FDCWD, path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
	else
		fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? error_set(err, errno, "cannot open '%s' for the emulation", path) : fd;
}

/* Where a role's hierarchy is mounted below @root: under its own name, or that of all its controllers. */
static int open_hierarchy(const char *root, enum emu_cgroup role, bool detach, struct error *err)
{
	static const char *const names[EMU_CGROUPS][3] = {
		[EMU_CGROUP_V2] = { "unified", "." },
		[EMU_CGROUP_MEMORY] = { "memory" },
		[EMU_CGROUP_CPU] = { "cpu", "cpu,cpuacct", "cpuacct,cpu" },
		[EMU_CGROUP_CPUACCT] = { "cpuacct", "cpu,cpuacct", "cpuacct,cpu" },
		[EMU_CGROUP_CPUSET] = { "cpuset" },
		[EMU_CGROUP_BLKIO] = { "blkio" },
	};
	char path[4096], probe[4160];

	for (size_t i = 0; i < 3 && names[role][i]; i++) {
		if (str_format(path, sizeof(path), "%s/%s", root, names[role][i]) < 0 ||
		    str_format(probe, sizeof(probe), "%s/%s", path,
			       role == EMU_CGROUP_V2 ? "cgroup.controllers" : "tasks") < 0)
			return error_text(err, ENAMETOOLONG, "the path of the cgroups is too long");
		if (access(probe, F_OK) == 0)
			return open_place(path, detach, err);
	}
	return -ENOENT;
}

static int open_cgroup(struct emu_sources *s, const struct emu_places *places, enum emu_cgroup role,
		       struct error *err)
{
	_cleanup_close_ int root_fd = -EBADF;
	struct emu_span path;
	const char *below;
	int r;

	if (emu_scan_membership(places->membership, role, &path) < 0)
		return 0;
	if (path.len == 1) /* the root: nobody's limits, and what the whole machine uses */
		return 0;
	if (path.len >= EMU_PATH_MAX)
		return error_text(err, ENAMETOOLONG,
				  "the container's cgroup path is longer than %d bytes",
				  EMU_PATH_MAX - 1);
	r = open_hierarchy(places->cgroup, role, places->detach, err);
	if (r == -ENOENT)
		return 0;
	if (r < 0)
		return r;
	root_fd = r;
	memcpy(s->cgroup_path[role], path.p, path.len);
	for (below = s->cgroup_path[role]; *below == '/';)
		below++;
	s->cgroup_fd[role] =
		openat(root_fd, *below ? below : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (s->cgroup_fd[role] < 0 && errno != ENOENT)
		return error_set(err, errno, "cannot open the container's cgroup '%s'",
				 s->cgroup_path[role]);
	if (s->cgroup_fd[role] < 0)
		s->cgroup_path[role][0] = '\0';
	return 0;
}

static int read_start(struct emu_sources *s, pid_t pid, struct error *err)
{
	_cleanup_free_ char *stat = NULL, *offsets = NULL;
	long hz = sysconf(_SC_CLK_TCK);
	char path[64];
	uint64_t ticks;
	int r;

	if (str_format(path, sizeof(path), "%d/stat", pid) < 0)
		return error_text(err, EINVAL, "process %d is none", pid);
	r = fd_read_file(s->proc_fd, path, PROC_FILE_MAX, &stat, NULL, err);
	if (r < 0)
		return r;
	if (hz <= 0 || emu_scan_start(stat, &ticks) < 0 ||
	    ticks > (uint64_t)(INT64_MAX / EMU_NSEC_PER_SEC))
		return error_text(err, EINVAL, "no start time in /proc/%d/stat", pid);
	s->start_ns = (int64_t)(ticks / (uint64_t)hz) * EMU_NSEC_PER_SEC +
		      (int64_t)(ticks % (uint64_t)hz) * (EMU_NSEC_PER_SEC / hz);
	(void)str_format(path, sizeof(path), "%d/timens_offsets", pid);
	/* Not there: a kernel without time namespaces. */
	if (fd_read_file(s->proc_fd, path, PROC_FILE_MAX, &offsets, NULL, NULL) == 0 &&
	    emu_scan_boottime_offset(offsets, &s->boottime_offset_ns) < 0)
		return error_text(err, EINVAL, "no boottime in /proc/%d/timens_offsets", pid);
	return 0;
}

int emu_sources_open(struct emu_sources *sources, const struct emu_places *places, struct error *err)
{
	struct emu_sources s = EMU_SOURCES_INIT;
	int r;

	r = open_place(places->proc, places->detach, err);
	if (r < 0)
		return r;
	s.proc_fd = r;
	s.sys_fd = open_place(places->sys, places->detach, NULL); /* without it there is one cpu */
	if (s.sys_fd < 0)
		s.sys_fd = -EBADF;
	for (int role = 0; role < EMU_CGROUPS && r >= 0; role++)
		r = open_cgroup(&s, places, (enum emu_cgroup)role, err);
	if (r >= 0 && places->init_pid > 0)
		r = read_start(&s, places->init_pid, err);
	if (r < 0) {
		emu_sources_done(&s);
		return r;
	}
	*sources = s;
	return 0;
}
