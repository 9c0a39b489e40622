/* SPDX-License-Identifier: GPL-2.0-or-later */
/* undo - owns taking a container's traces off the host, for `delete` and for a `create` that failed. */
#pragma once

struct cgroup;
struct error;
struct state;

/**
 * undo_container() - Kill what is left in the cgroup, remove it, wait for the monitor, remove the twin's work folder, the id range, the state folder
 * @root:	--root
 * @state_fd:	ROOT/ID, locked by the caller
 * @state:	what is known; empty where create had not got far
 * @cgroup:	opened already, or NULL: from the state
 *
 * init must be dead or doomed. Goes on after a failure, so that one thing that resists does not keep the rest; the state
 * folder, which is the memory of what is left to do, goes last and only when all else succeeded.
 * Return: 0, or the first failure.
 */
int undo_container(const char *root, int state_fd, const struct state *state, struct cgroup *cgroup,
		   struct error *err);
