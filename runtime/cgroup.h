/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cgroup - owns the container's cgroup: one folder in each hierarchy the host has (v1, hybrid, v2), from making it
 * to removing it. What differs is in cgroup_v1.c and cgroup_v2.c; cgroup_processes.c is about the processes in it.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct cgroup;
struct device_plan;
struct error;
struct namespaces;
struct json_strmap;
struct resources;

#define CGROUP_HIERARCHIES_MAX 24

/* A mounted hierarchy, for the container's own /sys/fs/cgroup. Strings live as long as the struct cgroup. */
struct cgroup_hierarchy {
	bool is_v2;
	const char *name; /* folder below /sys/fs/cgroup: "cpu,cpuacct", "systemd", "unified"; "" on pure v2 */
	const char *options; /* for mount(2) of a v1 hierarchy: "cpu,cpuacct", "none,name=systemd"; "" for v2 */
};

/**
 * cgroup_plan() - Decide where the folders belong, and make nothing yet
 * @cgroups_path: linux.cgroupsPath: absolute from each hierarchy's mounted root, relative below the caller's own
 *		  cgroup, NULL: "/ID" as runc does. "slice:prefix:name" is refused: that is for --systemd-cgroup.
 * @ret:	owned by the caller, cgroup_free()
 *
 * So that the plan can be on record (cgroup_to_json()) before the first folder is. ".." is refused.
 */
int cgroup_plan(const char *cgroups_path, const char *id, struct cgroup **ret, struct error *err);

/**
 * cgroup_plan_unit() - The same for systemd's driver: the folders are those of a scope that systemd is to start
 * @cgroups_path: "slice:prefix:name", see systemd_unit.h
 * @annotations: of the specification: see systemd_annotations.h
 *
 * The limits are put into systemd's terms here, so that what cannot be is refused before anything is made.
 * Return: also -ENOTSUP where systemd is not the host's init.
 */
int cgroup_plan_unit(const char *cgroups_path, const char *id, const struct resources *resources,
		     const struct device_plan *devices, const struct json_strmap *annotations,
		     struct cgroup **ret, struct error *err);

/**
 * cgroup_start_unit() - Have systemd start the planned scope and move a process into it
 * @pid:	the container's init, which waits meanwhile: a scope cannot be empty
 *
 * Does nothing without a unit. When this fails, or we die, nothing is left that does not end with @pid. Afterwards come
 * cgroup_make(), for the hierarchies that systemd leaves alone, and the exact limits.
 */
int cgroup_start_unit(struct cgroup *cgroup, pid_t pid, struct error *err);

/*
 * Stops the scope if it is there, and waits; does nothing without one. What is in it should be dead already: one that is not
 * known to be ours is stopped only when it is empty.
 */
int cgroup_stop_unit(const struct cgroup *cgroup, struct error *err);

bool cgroup_has_unit(const struct cgroup *cgroup);

/**
 * cgroup_plan_none() - A container without a cgroup of its own, --cgroup-manager=disabled: it stays in the caller's
 *
 * Nothing of the host's cgroups is written to. Limits are errors then, as their controllers are missing; which devices
 * it has is decided by what stands in its /dev alone, as device nodes elsewhere do not work (nodev, user namespace).
 * Return: 0; -EPERM with a pid namespace that is joined: nothing would tell the container's processes from others.
 */
int cgroup_plan_none(const struct namespaces *ns, struct cgroup **ret, struct error *err);
bool cgroup_is_none(const struct cgroup *cgroup);

/**
 * cgroup_make() - Make the folders
 *
 * Folders that exist are used, but must hold no process (-EBUSY), or another container would share them. On v2 the
 * controllers are enabled down the path (cgroup.subtree_control) as far as the host allows. What a failure leaves is
 * for cgroup_remove().
 */
int cgroup_make(struct cgroup *cgroup, struct error *err);

void cgroup_free(struct cgroup *cgroup); /* closes descriptors; touches nothing on the host */
static inline void cgroup_freep(struct cgroup **cgroup)
{
	cgroup_free(*cgroup);
}

/* For state.json and back. _to_json: new reference. _from_json opens the folders; those that are gone are skipped. */
json_t *cgroup_to_json(const struct cgroup *cgroup);
int cgroup_from_json(json_t *value, struct cgroup **ret, struct error *err);

/* Text as in /proc/PID/cgroup of a process in it, cgroups(7), whether there is one yet or not. -ENAMETOOLONG. */
int cgroup_membership(const struct cgroup *cgroup, char *buf, size_t size);

size_t cgroup_hierarchies(const struct cgroup *cgroup, struct cgroup_hierarchy *ret, size_t max);

/**
 * cgroup_apply() - Limits before the first process enters
 *
 * @resources or @devices may be NULL. A limit whose controller the host lacks is an error that names both.
 * On v2 the device rules become a BPF_PROG_TYPE_CGROUP_DEVICE program, attached to the folder; on v1 devices.allow.
 */
int cgroup_apply(struct cgroup *cgroup, const struct resources *resources,
		 const struct device_plan *devices, struct error *err);

/* New limits for one that runs: cgroup_apply(), and with a unit systemd is told what it is to keep. */
int cgroup_update(struct cgroup *cgroup, const struct resources *resources, struct error *err);

/* v2: the folder and the files of /sys/kernel/cgroup/delegate to the container's root. v1: nothing (unsafe there). */
int cgroup_delegate(struct cgroup *cgroup, uid_t uid, gid_t gid, struct error *err);

/*
 * Moves a process (0: the caller, which has no other thread) into every hierarchy; skips those it is in already. To move
 * another process takes a grace period of RCU, some 10 ms, and so it does on v2, where one is cloned into the folder instead:
 * cgroup_v2_fd(). A process of one thread that moves itself on v1 waits for nothing (Linux 5.6).
 */
int cgroup_enter(struct cgroup *cgroup, pid_t pid, struct error *err);

/**
 * cgroup_open_entries() - For a child that is cloned into the v2 folder, and may open the others no more itself
 * @ret_fds:	one for each hierarchy of v1, closed by the caller; room for CGROUP_HIERARCHIES_MAX
 *
 * Who writes to them moves, by the rights of who opened them (Linux 5.16, and what was repaired since).
 */
int cgroup_open_entries(const struct cgroup *cgroup, int *ret_fds, size_t *ret_n, struct error *err);

/* The caller, which has no other thread. */
int cgroup_enter_opened(const int *fds, size_t n, struct error *err);

/* The v2 folder for CLONE_INTO_CGROUP, borrowed; -EBADF where there is none. */
int cgroup_v2_fd(const struct cgroup *cgroup);

/* All processes in the cgroup and below, each once. @ret is malloc'ed, owned by the caller. */
int cgroup_pids(const struct cgroup *cgroup, pid_t **ret, size_t *ret_n, struct error *err);

/*
 * Sends to those of @pids, a list of cgroup_pids(), that are the container's still: a number that was reused meanwhile is
 * noticed. The first error is returned, after all were tried.
 */
int cgroup_signal(const struct cgroup *cgroup, const pid_t *pids, size_t n, int signal,
		  struct error *err);

/*
 * SIGKILL to everything in it, however fast it forks (cgroup.kill, or freeze-kill-thaw), without waiting for the ends.
 * Nothing is killed in folders that cgroup_make() never proved to be ours.
 */
int cgroup_kill(struct cgroup *cgroup, struct error *err);

/* Freezes or thaws, and waits until it is done: -ENOTSUP where the host has no freezer. */
int cgroup_freeze(struct cgroup *cgroup, bool frozen, struct error *err);
bool cgroup_is_frozen(const struct cgroup *cgroup);
bool cgroup_json_is_frozen(json_t *value); /* of a record; opens no more than it needs */

/**
 * cgroup_remove() - rmdir the folders and all below, deepest first
 *
 * Retries EBUSY while processes are being reaped, at most @timeout_ms. Folders that are gone are fine. Parents made by
 * cgroup_make() stay, as with runc (an engine's parent is the engine's).
 */
int cgroup_remove(struct cgroup *cgroup, int timeout_ms, struct error *err);

/* What `features` says: new reference to OCI features-linux.md "cgroup". */
json_t *cgroup_features(void);
