/* SPDX-License-Identifier: GPL-2.0-or-later */
/* unix_socket - owns unix(7) addresses: connecting to a socket that a caller names, binding one in a folder of ours. */
#pragma once

struct error;

/**
 * unix_socket_connect() - Connect to a listening SOCK_STREAM socket
 * @what:	how messages call it: "--console-socket"
 * @path:	of any length: an address holds 107 bytes, and engines' folders can be deeper
 *
 * Return: a descriptor owned by the caller, or -errno.
 */
int unix_socket_connect(const char *what, const char *path, struct error *err);

/* As unix_socket_connect(), to a socket that is open (O_PATH) already, and will not be another by then; @type: SOCK_*. */
int unix_socket_connect_fd(const char *what, int socket_fd, int type, struct error *err);

/* Connects, and sends @fd with @text as data. */
int unix_socket_send_fd(const char *what, const char *path, int fd, const char *text,
			struct error *err);

/**
 * unix_socket_bind() - A socket of ours, by @name in the folder @dir_fd
 * @type:	SOCK_* with its flags; SOCK_CLOEXEC is added
 *
 * Return: a descriptor owned by the caller, or -errno (-EADDRINUSE: the name is taken).
 */
int unix_socket_bind(int dir_fd, const char *name, int type, struct error *err);
