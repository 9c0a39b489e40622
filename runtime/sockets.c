/* SPDX-License-Identifier: GPL-2.0-or-later */
/* sockets - see sockets.h. */
#include "sockets.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "error.h"
#include "fd.h"
#include "location.h"
#include "mountinfo.h"
#include "path.h"
#include "str.h"

#define UNIX_TEXT_MAX (64U << 20)
#define ACCEPTS 0x10000UL /* __SO_ACCEPTCON in the column of flags */

struct socket_place {
	dev_t dev;
	char *path; /* inside the file system */
	char *seen;
};

struct sockets {
	struct socket_place *items;
	size_t n;
};

/* "ffff...: 00000002 00000000 00010000 0001 01 12345 /run/x.sock"; the path may have spaces, and may be missing. */
static char *parse_line(char *line)
{
	char *word = line, *end;
	unsigned long flags = 0;

	for (int column = 0; column < 7; column++) {
		word += strcspn(word, " ");
		word += strspn(word, " ");
		if (column == 2) {
			flags = strtoul(word, &end, 16);
			if (end == word)
				return NULL;
		}
	}
	return *word == '/' && flags & ACCEPTS ? word : NULL;
}

char *sockets_next_path(char **text)
{
	while (**text) {
		char *line = *text, *newline = strchr(line, '\n'), *path;

		*text = newline ? newline + 1 : line + strlen(line);
		if (newline)
			*newline = '\0';
		path = parse_line(line);
		if (path)
			return path;
	}
	return NULL;
}

/* 1 if it is a socket of root's that can be reached in this mount namespace. */
static int locate(const struct mountinfo *info, const char *path, struct location *ret)
{
	_cleanup_close_ int fd = open(path, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISSOCK(st.st_mode) || st.st_uid != 0)
		return 0;
	return location_of_fd(info, fd, ret, NULL) == 0;
}

static int add(struct sockets *sockets, const struct location *location)
{
	struct socket_place *items = realloc(sockets->items, (sockets->n + 1) * sizeof(*items));
	struct socket_place *place;

	if (!items)
		return -ENOMEM;
	sockets->items = items;
	place = &items[sockets->n++];
	*place = (struct socket_place){ location->dev, strdup(location->path),
					strdup(location->seen) };
	return place->path && place->seen ? 0 : -ENOMEM;
}

int sockets_read(const struct mountinfo *info, struct sockets **ret, struct error *err)
{
	_cleanup_free_ char *text = NULL;
	struct sockets *sockets;
	struct location location;
	char *rest, *path;
	int r = fd_read_file(AT_FDCWD, "/proc/net/unix", UNIX_TEXT_MAX, &text, NULL, err);

	if (r < 0)
		return r;
	sockets = calloc(1, sizeof(*sockets));
	r = sockets ? 0 : -ENOMEM;
	for (rest = text; r == 0 && (path = sockets_next_path(&rest));) {
		/* /run is out of bounds as a whole, and most of them are there */
		if (!path_is_below(path, "/run") && !path_is_below(path, "/var/run") &&
		    locate(info, path, &location))
			r = add(sockets, &location);
	}
	if (r < 0) {
		sockets_free(sockets);
		return error_set(err, -r, "list of sockets");
	}
	*ret = sockets;
	return 0;
}

void sockets_free(struct sockets *sockets)
{
	if (!sockets)
		return;
	for (size_t i = 0; i < sockets->n; i++) {
		free(sockets->items[i].path);
		free(sockets->items[i].seen);
	}
	free(sockets->items);
	free(sockets);
}

const char *sockets_find_below(const struct sockets *sockets, const struct location *location)
{
	for (size_t i = 0; i < sockets->n; i++) {
		const struct socket_place *place = &sockets->items[i];

		if (place->dev == location->dev && path_is_below(place->path, location->path))
			return place->seen;
	}
	return NULL;
}
