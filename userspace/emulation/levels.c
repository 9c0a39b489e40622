/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>

#include "emu.h"
#include "str.h"

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
