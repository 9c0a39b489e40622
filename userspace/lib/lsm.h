/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * lsm - owns a container's entries in the pinned maps of the BPF LSM layer: bpf(2) calls only, no ELF, no libbpf.
 *
 * In the order of a container's life: lsm_register() once its user namespace and cgroup exist (nothing is enforced yet),
 * lsm_set_masks() for its config's masks, lsm_allow_inherited() for its standard input, output and error, lsm_arm() just
 * before it is let go, lsm_unregister().
 * Who enters a container later, or joins the user namespace of a pod, is marked by lsm_mark_setup() before it does.
 */
#pragma once

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "abi.h"

struct error;

enum lsm_map {
	LSM_MAP_CONTAINERS,
	LSM_MAP_NAMESPACES,
	LSM_MAP_COUNTERS,
	LSM_MAP_SETUP_TASKS,
	LSM_MAP_INHERITED,
	LSM_MAP_PROC_RULES,
	LSM_MAP_MASKS,
	LSM_MAP_GUARDED,
	LSM_MAP_GUARDED_NAMES,
	LSM_MAP_ENGINE,
	LSM_MAP_ENGINE_FILES,
	LSM_MAP_ENGINE_TASKS,
	LSM_MAP_EVENTS,
	LSM_MAP_STATE,
	LSM_MAP_COUNT,
};

/* Names of maps, which are those of their pins too. */
extern const char *const lsm_map_names[LSM_MAP_COUNT];

struct lsm_hook_info {
	const char *name;  /* "file_open" */
	const char *topic; /* "confine" */
	const char *lost; /* what is not enforced, by a witness not recorded, on a kernel without it */
	const char *program;  /* "lsm_file_open" */
	const char *function; /* what it is attached to: "bpf_lsm_file_open" */
	int witness_args; /* of the function that a witness looks at; 0: it is a hook of the LSM */
};
extern const struct lsm_hook_info lsm_hooks[LSM_HOOK_COUNT];

/* "off", "arm-on-exec", "audit", "enforce". NULL, or false, for what is none of these. */
const char *lsm_mode_name(enum lsm_mode mode);
bool lsm_mode_parse(const char *name, enum lsm_mode *ret_mode);

/* Bits by name: "bpf", "keys", "io_uring" and so on; 0 for what is none. */
uint32_t lsm_allow_parse(const char *name);

/* "tmpfs": LSM_FS(tmpfs); LSM_FS_OTHER for what is not in the list. */
uint32_t lsm_fs_parse(const char *type);

struct lsm {
	int dir_fd; /* of LSM_PIN_DIR: its lock; -EBADF while the loader tests what is not pinned yet */
	int map_fds[LSM_MAP_COUNT];
};
#define LSM_INIT ((struct lsm){ -EBADF, { [0 ... LSM_MAP_COUNT - 1] = -EBADF } })

/**
 * lsm_open() - Find the maps that the loader pinned
 * @ret_lsm:	for lsm_done()
 *
 * Return: 0; -ENOENT when nothing is loaded; -EPROTO when what is loaded is of another LSM_ABI, or never passed its
 * self-test; -EPERM when LSM_PIN_DIR is not root's alone.
 */
int lsm_open(struct lsm *ret_lsm, struct error *err);
void lsm_done(struct lsm *lsm);

struct lsm_registration {
	const char *id; /* of the container; borrowed */
	/*
	 * Its folder in cgroup v2, at most LSM_CGROUP_LEVEL_MAX below the root; borrowed. -EBADF: it has none, and is known by
	 * its user namespace alone; in a pod it then has the strictest policy of all.
	 */
	int cgroup_fd;
	int userns_fd; /* its user namespace; borrowed */
	/*
	 * Host id of the first line of its uid_map, or, with more than LSM_UID_LINES, of the line with the lowest id inside:
	 * nobody else's while it is registered.
	 */
	uint32_t first_uid;
	enum lsm_mode armed_mode; /* for lsm_arm(): audit or enforce */
	uint32_t allow;		  /* enum lsm_allow */
	uint32_t userns_depth;	  /* user namespaces that may be nested in its own */
	uint32_t fs_refused; /* LSM_FS(type) of each type that it may not mount; 0: none. An allow-list is its complement */
};

/**
 * lsm_register() - Make a container known, in mode off
 * @ret_cgroup_id:	what the other calls know it by
 *
 * Containers that share the user namespace become a pod, whose unregistered tasks get the strictest policy of all.
 * Entries of containers whose cgroup is gone are dropped where they stand in the way.
 * Return: 0; -EEXIST when the cgroup has an entry, or a second one of a pod has none; -EINVAL for an fd that is no cgroup v2 folder, no user namespace, or the
 * host's; -ENOSPC when there are LSM_CONTAINERS_MAX already.
 */
int lsm_register(struct lsm *lsm, const struct lsm_registration *registration,
		 uint64_t *ret_cgroup_id, struct error *err);

/* One of maskedPaths or readonlyPaths. */
struct lsm_mask {
	const char *path; /* as the config has it: below /proc or /sys, or anything else; borrowed */
	uint32_t node;	  /* enum lsm_node */
};

/**
 * lsm_set_masks() - Hide nodes of procfs and sysfs from a container, or make them read-only, on every instance
 * @masks:	in any order; what is named twice has both rules
 *
 * Once in a container's life, before lsm_set_mode(). A path that cannot be a rule is passed over, as the config's mounts are
 * there without us: one that is not below /proc or /sys, of a process (/proc/self, /proc/1), with "..", deeper than
 * LSM_PATH_DEPTH, or with a component of LSM_PATH_NAME bytes. A rule is for the path as it is written: symbolic links in it
 * are not followed.
 *
 * Return: how many rules were set; -E2BIG for more than LSM_MASKS_MAX; -ENOSPC when there are LSM_MASKS_ALL in all; -EEXIST
 * when the container has some; -ENOENT when it has no entry. No rule is set then.
 */
int lsm_set_masks(struct lsm *lsm, uint64_t cgroup_id, const struct lsm_mask *masks, size_t n,
		  struct error *err);

/**
 * lsm_set_mode() - Say what happens to a container from now on
 * @armed_mode:	for LSM_MODE_ARM_ON_EXEC: audit or enforce; otherwise ignored
 * @arm_pid:	for LSM_MODE_ARM_ON_EXEC: whose execve(2), in the first pid namespace; 0: anyone's inside
 *
 * Return: 0; -ENOENT when there is no such entry.
 */
int lsm_set_mode(struct lsm *lsm, uint64_t cgroup_id, enum lsm_mode mode, enum lsm_mode armed_mode,
		 uint32_t arm_pid, struct error *err);

/**
 * lsm_arm() - The next execve(2) of a container's init makes its mode what it was registered with
 * @arm_pid:	that init, in the first pid namespace; 0: anyone's execve(2) inside
 *
 * Only from mode off: what is armed, or waits for its execve(2), stays as it is, so that nothing is ever disarmed by this.
 * Return: 0; -ENOENT when there is no such entry.
 */
int lsm_arm(struct lsm *lsm, uint64_t cgroup_id, uint32_t arm_pid, struct error *err);

/* The cgroup of an entry, for people: 0 where it has none. */
static inline uint64_t lsm_cgroup_shown(uint64_t cgroup_id)
{
	return cgroup_id & LSM_NO_CGROUP ? 0 : cgroup_id;
}

/* Forgets a container, its masks and its counters. One that is not there is no error. */
int lsm_unregister(struct lsm *lsm, uint64_t cgroup_id, struct error *err);

/*
 * A process of a single thread (0: the caller) is the runtime's until its next execve(2), wherever it goes: nothing is
 * refused to it. What it forks is not marked. Another one has to be a child of ours, or its number might be a stranger's.
 */
int lsm_mark_setup(struct lsm *lsm, pid_t pid, struct error *err);

/*
 * A container, and those of its pod, may reopen the file of @fd. Return: 0; -EBADF for O_PATH; -ENOENT when the container has
 * no entry.
 */
int lsm_allow_inherited(struct lsm *lsm, uint64_t cgroup_id, int fd, struct error *err);

/**
 * lsm_guard() - Keep every container from something of the host, should it ever be in its reach
 * @fd:		O_PATH or any other; a folder, whose entries are guarded with it, a file, or a unix(7) socket; borrowed
 * @name:	NULL; or the name of one entry of the folder @fd, which may not exist yet, or be replaced: it is guarded, the
 *		folder and its other entries are not
 * @on:	false: no longer. What is not guarded is no error
 *
 * Guarded is: no connection, no mount on it or moved from it, not opened for writing, not made, removed, renamed or linked,
 * no other owner, mode or length.
 * Return: 0; -EINVAL for a @name that is empty, "." or "..", has a '/' or LSM_GUARD_NAME bytes, or whose @fd is no folder;
 * -ENOTSUP on Btrfs, where a subvolume's numbers are not those of its inodes; -ENOSPC for more than LSM_GUARDS_MAX.
 */
int lsm_guard(struct lsm *lsm, int fd, const char *name, bool on, struct error *err);

/*
 * lsm_guard_host() - Guard what no container touches on any host: engines' configuration, data, sockets; our policy and state
 *
 * Folders that are not there are passed over: lsm_guard_host_folders() looks for those again, and is cheap.
 */
int lsm_guard_host(struct lsm *lsm, struct error *err);
int lsm_guard_host_folders(struct lsm *lsm, struct error *err);

/**
 * lsm_guard_abstract() - The same for connections to an abstract unix(7) socket, which has no inode
 * @netns_fd:	the network namespace that it is in; borrowed
 * @name:	without the NUL in front; @len bytes, of which any may be NUL
 *
 * Return: 0; -EINVAL for a name that is empty or longer than a socket's, and for an fd that is no network namespace; -ENOSPC.
 */
int lsm_guard_abstract(struct lsm *lsm, int netns_fd, const char *name, size_t len, bool on,
		       struct error *err);

/* A rule on a node: @magic is procfs's or sysfs's, @path below its root without a leading '/'; @node 0 removes it. */
int lsm_set_proc_rule(struct lsm *lsm, uint64_t magic, const char *path, uint32_t node,
		      struct error *err);

/* The key of that rule; 0 when a component is empty, too long for LSM_PATH_NAME, or there are more than LSM_PATH_DEPTH. */
uint64_t lsm_path_hash(uint64_t magic, const char *path);

/* As lsm_guard(), and engines must not change it either. @on false: they may again, containers still may not. */
int lsm_guard_from_engines(struct lsm *lsm, int fd, const char *name, bool on, struct error *err);

struct lsm_engine_guard {
	enum lsm_mode mode; /* off, audit or enforce */
	bool restrict_exec; /* engines and what they start execute nothing but what lsm_set_engine_file() lists */
	bool refuse_tcp; /* an engine's daemon does not listen on TCP */
};

/**
 * lsm_set_engine_guard() - Turn the guard of engines on, off, or into another mode
 *
 * What engines must not change is lsm_guard_from_engines()'s. Records and counters have the id LSM_ENGINE_ID and the cgroup
 * LSM_ENGINE_CGROUP.
 * Return: 0; -EINVAL for another mode.
 */
int lsm_set_engine_guard(struct lsm *lsm, const struct lsm_engine_guard *guard, struct error *err);

/**
 * lsm_set_engine_files() - Say what happens when an engine's daemon leaves what it must not outside of its own storage
 * @mode:	off, audit or enforce: setuid and setgid files, file capabilities, devices; see bpf/storage.bpf.h
 *
 * Apart from the guard above. Return: 0; -EINVAL for another mode.
 */
int lsm_set_engine_files(struct lsm *lsm, enum lsm_mode mode, struct error *err);

/*
 * lsm_know_engines() - Have the daemons of known engines taken for engines, by the names of their programs: those that run,
 * and those that are started from now on
 *
 * What runs is found in /proc: a process that the caller does not see there is known after its next execve(2).
 */
int lsm_know_engines(struct lsm *lsm, struct error *err);

/* Says what the program at @fd is to engines: bits of enum lsm_engine_role, 0 for nothing. Errors: those of lsm_guard(). */
int lsm_set_engine_file(struct lsm *lsm, int fd, uint32_t roles, struct error *err);

/* One entry, or its counters: 0 or -ENOENT. */
int lsm_read_container(struct lsm *lsm, uint64_t cgroup_id, struct lsm_container *ret,
		       struct error *err);
int lsm_read_counters(struct lsm *lsm, uint64_t cgroup_id, struct lsm_counters *ret,
		      struct error *err);
int lsm_read_engine(struct lsm *lsm, struct lsm_engine *ret, struct error *err);
int lsm_read_state(struct lsm *lsm, struct lsm_state *ret, struct error *err);

/* Calls @visit for every registered container until it returns other than 0, and returns that. */
int lsm_each_container(struct lsm *lsm,
		       int (*visit)(const struct lsm_container *container, void *data), void *data,
		       struct error *err);

/* The inode number of a namespace, by which the maps know it. */
int lsm_userns_of(int userns_fd, uint32_t *ret_userns, struct error *err);
