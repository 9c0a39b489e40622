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
