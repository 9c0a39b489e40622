/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cgroup_sub - owns which cgroup below the container's a process of `exec` is to be in. */
#pragma once

#include <stddef.h>
#include <sys/types.h>

struct cgroup;
struct error;

/**
 * cgroup_descend() - From the container's own folders to existing ones below them
 * @cgroup:	the container's; afterwards cgroup_enter() goes to the others, and nothing else should be done with it
 * @words:	one "PATH", for every hierarchy, or any number of "CONTROLLER[,CONTROLLER...]:PATH" for v1, as runc has it
 *
 * Each path is looked up once, beneath the container's folder, whose root may have made what is there.
 * Return: 0, -EINVAL, -ENOENT, -EPERM; after a failure @cgroup is of no use.
 */
int cgroup_descend(struct cgroup *cgroup, const char *const *words, size_t n, struct error *err);

/**
 * cgroup_follow() - From the container's v2 folder to the one below it that a process of the container is in
 *
 * For a folder that takes no process because it has controllers for those below, cgroups(7), "no internal processes", as with
 * systemd inside. Then a newcomer goes to where init is, as with runc.
 *
 * @pid:	in our pid namespace
 *
 * Return: 0; -EBUSY: it is in no folder below; else as cgroup_descend().
 */
int cgroup_follow(struct cgroup *cgroup, pid_t pid, struct error *err);
