/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Counts a container's tasks, and samples what they do: the one thing no cgroup keeps a number of on every kernel. */
#include "emu.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "fd.h"
#include "str.h"

#define FOLDERS_MAX 256 /* nested cgroups that are looked into */
#define DEPTH_MAX 8	/* and how deep */

struct walk {
	const char *file; /* that lists threads */
	unsigned folders;
	uint32_t n;
	uint32_t n_ids;
	uint32_t ids[EMU_TASKS_MAX];
};

static void list_tasks(struct emu *emu, struct walk *walk, int dir_fd)
{
	const char *text = emu_read(emu, dir_fd, walk->file, false);
	struct emu_span line;
	uint64_t id;

	while (text && emu_next_line(&text, &line)) {
		if (!emu_span_u64(line, &id) || id == 0 || id > INT32_MAX)
			continue; /* 0: in a pid namespace that is not ours */
		walk->n++;
		if (walk->n_ids < EMU_TASKS_MAX)
			walk->ids[walk->n_ids++] = (uint32_t)id;
	}
}

static void close_dirp(DIR **dir)
{
	if (*dir)
		closedir(*dir);
}

static void walk_folder(struct emu *emu, struct walk *walk, int dir_fd, unsigned depth)
{
	__attribute__((cleanup(close_dirp))) DIR *dir = NULL;
	_cleanup_close_ int fd = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	const struct dirent *entry;

	list_tasks(emu, walk, dir_fd);
	if (fd < 0 || depth == DEPTH_MAX)
		return;
	dir = fdopendir(fd);
	if (!dir)
		return;
	(void)take_fd(&fd); /* closedir(3) closes it */
	while ((entry = readdir(dir))) {
		_cleanup_close_ int child_fd = -EBADF;

		if (entry->d_type != DT_DIR || entry->d_name[0] == '.' || walk->folders == FOLDERS_MAX)
			continue;
		walk->folders++;
		child_fd = openat(dirfd(dir), entry->d_name,
				  O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (child_fd >= 0)
			walk_folder(emu, walk, child_fd, depth + 1);
	}
}

/* The first hierarchy that knows of tasks: a container need not be in all of them. */
static void walk_container(struct emu *emu, struct walk *walk)
{
	static const enum emu_cgroup order[] = { EMU_CGROUP_V2, EMU_CGROUP_CPU, EMU_CGROUP_MEMORY,
						 EMU_CGROUP_CPUACCT };

	for (size_t i = 0; i < sizeof(order) / sizeof(order[0]) && walk->n == 0; i++) {
		if (!emu_has_cgroup(emu, order[i]))
			continue;
		walk->file = order[i] == EMU_CGROUP_V2 ? "cgroup.threads" : "tasks";
		walk->folders = 0;
		walk_folder(emu, walk, emu->sources->cgroup_fd[order[i]], 0);
	}
}

static uint32_t scaled(uint32_t n, const struct walk *walk)
{
	return (uint32_t)(((uint64_t)n * walk->n + walk->n_ids / 2) / walk->n_ids);
}

void emu_collect_tasks(struct emu *emu, bool states, struct emu_tasks *ret)
{
	struct walk walk = { 0 };
	char path[32];

	walk_container(emu, &walk);
	*ret = (struct emu_tasks){ .n = walk.n };
	emu->tasks = walk.n;
	emu->tasks_ns = emu->now.boot_ns;
	if (!states || walk.n_ids == 0)
		return;
	for (uint32_t i = 0; i < walk.n_ids; i++) {
		const char *text;
		char state;

		if (str_format(path, sizeof(path), "%u/stat", walk.ids[i]) < 0)
			continue;
		text = emu_read(emu, emu->sources->proc_fd, path, false);
		state = text ? emu_scan_state(text) : '\0'; /* gone meanwhile */
		ret->running += state == 'R';
		ret->blocked += state == 'D';
	}
	ret->running = scaled(ret->running, &walk);
	ret->blocked = scaled(ret->blocked, &walk);
}

size_t emu_list_tasks(struct emu *emu, uint32_t ret[EMU_TASKS_MAX])
{
	struct walk walk = { 0 };

	walk_container(emu, &walk);
	memcpy(ret, walk.ids, walk.n_ids * sizeof(walk.ids[0]));
	return walk.n_ids;
}
