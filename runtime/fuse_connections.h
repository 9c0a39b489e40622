/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fuse_connections - owns ending the FUSE connections of a container that does not die.
 *
 * Who waits for an answer that a server has taken the question of cannot be killed. The kernel ends a connection with the
 * last descriptor of it, but that may be open in the very process that waits: then neither goes, and pid 1 waits for both.
 */
#pragma once

#include <stdint.h>

struct state;

/**
 * fuse_connections_abort() - End all that are of the container's users, through fusectl
 *
 * For one whose processes have all had their SIGKILL. Containers that share its ids lose theirs, too, but for the emulated
 * files of /proc and /sys. Warns of what fails.
 */
void fuse_connections_abort(const struct state *state);

/* The connection of a mount, as fusectl calls it; 0: none. Asks its server nothing. */
uint32_t fuse_connection_of(int mount_fd);
