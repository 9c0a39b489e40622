/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * notify_socket - owns NOTIFY_SOCKET: the socket a container says that it is ready at, and telling the host's service
 * manager so, sd_notify(3). Only READY=1 gets through: the rest of that protocol is not for a container to say.
 */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

struct error;

#define NOTIFY_SOCKET_INSIDE "/run/notify/notify.sock" /* as runc */

/* The host's NOTIFY_SOCKET, from the environment; NULL: nobody wants to know. */
const char *notify_socket_host(void);

/* ---- create ---- */

/**
 * notify_socket_make() - The folder of the socket
 * @state_fd:	the container's folder
 * @state_path:	of it, in the caller's mount namespace
 *
 * Return: an O_PATH descriptor that can be mounted from this namespace, owned by the caller, or -errno.
 */
int notify_socket_make(int state_fd, const char *state_path, struct error *err);

/* Mounts it in the new root, read-only: the container can talk to the socket, and not put one of its own there. */
int notify_socket_mount(int folder_fd, int root_fd, struct error *err);

/* ---- start, run ---- */

/* The socket, before init is released. Return: a descriptor, or -errno; -ENOENT without a message: made without one. */
int notify_socket_bind(int state_fd, struct error *err);

/* Takes what has come up to the first message that says that the container is ready: then true. */
bool notify_socket_take(int sock);

/**
 * notify_socket_tell() - READY=1 to the host, and waits until it has been dealt with, sd_notify_barrier(3)
 * @main_pid:	who the service is from now on; 0: still the caller
 */
int notify_socket_tell(pid_t main_pid, struct error *err);

/* Until the container is ready, and the host knows, or until it has ended. */
int notify_socket_serve(int sock, int pidfd, pid_t pid, struct error *err);
