/* SPDX-License-Identifier: GPL-2.0-or-later */
/* sockets - owns the list of unix(7) sockets that root's programs listen on, by where they are. */
#pragma once

#include <stddef.h>

struct error;
struct location;
struct mountinfo;
struct sockets;

/**
 * sockets_read() - From /proc/net/unix: those of the network namespace this process is in
 *
 * Sockets of other users are left out, and so are abstract ones and those whose file is gone.
 */
int sockets_read(const struct mountinfo *info, struct sockets **ret, struct error *err);
void sockets_free(struct sockets *sockets);

/* The path of one that lies at or below @location, or NULL. */
const char *sockets_find_below(const struct sockets *sockets, const struct location *location);

/**
 * sockets_next_path() - Step through the text of /proc/net/unix
 * @text:	advanced to the next line; each line visited is cut
 *
 * Return: the next path that somebody listens on, "/...", or NULL at the end.
 */
char *sockets_next_path(char **text);
