/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "emu.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fd.h"
#include "str.h"

static bool make_room(struct emu *emu, size_t need)
{
	size_t room = emu->room ? emu->room : 8192;
	char *text;

	while (room < need)
		room *= 2;
	if (room == emu->room)
		return true;
	text = realloc(emu->text, room);
	if (!text)
		return false;
	emu->text = text;
	emu->room = room;
	return true;
}

/* The file from its beginning, whatever was read before: seq_file makes it anew at offset 0. */
static const char *read_fd(struct emu *emu, int fd)
{
	size_t len = 0;
	ssize_t n;

	if (emu->room > EMU_READ_KEEP) {
		free(emu->text);
		emu->text = NULL;
		emu->room = 0;
	}
	for (;;) {
		if (len + 1 >= EMU_READ_MAX || !make_room(emu, len + 4096))
			return NULL;
		n = pread(fd, emu->text + len, emu->room - len - 1, (off_t)len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return NULL;
		if (n == 0)
			break;
		len += (size_t)n;
	}
	emu->text[len] = '\0';
	return emu->text;
}

static struct emu_kept *find_kept(struct emu *emu, int dir_fd, const char *path)
{
	for (size_t i = 0; i < emu->n_kept; i++)
		if (emu->kept[i].dir_fd == dir_fd && str_eq(emu->kept[i].path, path))
			return &emu->kept[i];
	return NULL;
}

static void drop_kept(struct emu *emu, struct emu_kept *kept)
{
	fd_close(kept->fd);
	*kept = emu->kept[--emu->n_kept];
}

static void keep(struct emu *emu, int dir_fd, const char *path, int *fd)
{
	struct emu_kept *kept = &emu->kept[emu->n_kept];

	if (emu->n_kept == EMU_KEPT_MAX || str_format(kept->path, sizeof(kept->path), "%s", path) < 0)
		return;
	kept->dir_fd = dir_fd;
	kept->fd = take_fd(fd);
	emu->n_kept++;
}

const char *emu_read(struct emu *emu, int dir_fd, const char *path, bool keep_it)
{
	struct emu_kept *kept = keep_it ? find_kept(emu, dir_fd, path) : NULL;
	_cleanup_close_ int fd = -EBADF;
	const char *text;

	if (dir_fd < 0)
		return NULL;
	if (kept) {
		text = read_fd(emu, kept->fd);
		if (text)
			return text;
		drop_kept(emu, kept); /* the cgroup went, or came again: look once more */
	}
	fd = openat(dir_fd, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0)
		return NULL;
	text = read_fd(emu, fd);
	if (text && keep_it)
		keep(emu, dir_fd, path, &fd);
	return text;
}

bool emu_has_cgroup(const struct emu *emu, enum emu_cgroup cgroup)
{
	return emu->sources->cgroup_fd[cgroup] >= 0;
}

void emu_level_begin(const struct emu_reader *reader, enum emu_cgroup cgroup, struct emu_level *ret)
{
	ret->cgroup = cgroup;
	ret->up = 0;
	memcpy(ret->path, reader->path[cgroup], sizeof(ret->path));
}

/* Ancestors that can have limits: those between the container's cgroup and the root. */
static unsigned ancestors_of(const struct emu *emu, enum emu_cgroup cgroup)
{
	unsigned n = 0;

	for (const char *p = emu->sources->cgroup_path[cgroup]; *p; p++)
		n += *p == '/' && p[1] && p[1] != '/';
	return n > 1 ? n - 1 : 0;
}

bool emu_level_up(const struct emu *emu, struct emu_level *level, bool ancestors)
{
	char *slash;

	if (*level->path) {
		slash = strrchr(level->path, '/');
		*(slash ? slash : level->path) = '\0';
		return true;
	}
	if (!ancestors || level->up >= ancestors_of(emu, level->cgroup))
		return false;
	level->up++;
	return true;
}

const char *emu_level_read(struct emu *emu, const struct emu_level *level, const char *file)
{
	char path[EMU_PATH_MAX + 3 * EMU_LEVELS_MAX + 64] = "";
	size_t at = 0;

	if (level->up > EMU_LEVELS_MAX)
		return NULL;
	for (unsigned i = 0; i < level->up; i++, at += 3)
		memcpy(path + at, "../", 4);
	if (str_format(path + at, sizeof(path) - at, "%s%s%s", level->path, *level->path ? "/" : "",
		       file) < 0)
		return NULL;
	return emu_read(emu, emu->sources->cgroup_fd[level->cgroup], path, !*level->path);
}
