/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * state - owns a container's folder below --root: state.json (written atomically), the config it
 * was created from, the start FIFO, and the lock that verbs take in turn.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "idmap.h"
#include "proc.h"

struct error;

#define STATE_ID_MAX 255 /* bytes: one path component */
#define STATE_FIFO "start.fifo"
#define STATE_CONFIG "config.json" /* the spec without the process's environment */

enum container_status {
	CONTAINER_CREATING,
	CONTAINER_CREATED,
	CONTAINER_RUNNING,
	CONTAINER_PAUSED,
	CONTAINER_STOPPED,
};

const char *container_status_text(enum container_status status); /* "created", ... */

/* What state.json holds. Strings are malloc'ed and owned; state_done() frees. */
struct state {
	char *id;
	char *oci_version;
	char *bundle;	     /* absolute */
	char *config;	     /* what --config named, absolute; NULL: config.json of the bundle */
	char *rootfs;	     /* absolute, on the host */
	char *created;	     /* RFC 3339 with nanoseconds, UTC */
	struct proc_id init; /* pid 0: not made yet */
	uint32_t id_base; /* of the block it took; 0: none, or the ids are another's or the spec's own */
	struct idmap map;	/* what its user namespace maps; empty: not known yet */
	uid_t owner;		/* who called create */
	char *twin_work;	/* work folder of the twin overlay, to be removed; NULL: none */
	char *rdt_group;	/* resctrl group of its processes; NULL: none */
	char *rdt_monitor;	/* of that group, to be removed; NULL: none */
	bool rdt_own;		/* the group is to be removed, too */
	bool degraded;		/* the BPF LSM layer is missing on this host */
	struct proc_id monitor; /* keeper of its bulwark-monitor; pid 0: none */
	bool no_emulation;	/* nor a monitor: degraded, too */
	bool no_calls;		/* or one that is not asked about system calls: degraded, too */
	uint32_t emulation;	/* fuse_connection_of() its emulated files; 0: none, or not known */
	uint64_t bpf_cgroup;	/* by which the BPF LSM layer knows it; 0: not at all */
	json_t *cgroup;		/* cgroup_to_json() */
	json_t *annotations;	/* of the spec */
	json_t *poststart;	/* hooks, as the spec has them */
	json_t *poststop;
};

void state_done(struct state *state);

/*
 * runc's rule: [a-zA-Z0-9_+.-]+, not "." or "..", at most STATE_ID_MAX. -EINVAL with one sentence.
 */
int state_check_id(const char *id, struct error *err);

/**
 * state_create() - Make ROOT/ID, 0700, and take its lock
 * @ret_fd:	descriptor of the folder, which also holds the lock (flock(2)); owned by the caller
 *
 * Return: 0; -EEXIST "container with given ID already exists".
 */
int state_create(const char *root, const char *id, int *ret_fd, struct error *err);

/**
 * state_open() - Open ROOT/ID
 * @lock:	wait for the verb that is at work on it. Afterwards the folder may be gone: then
 *		it is -ENOENT too.
 *
 * Return: 0; -ENOENT "container does not exist".
 */
int state_open(const char *root, const char *id, bool lock, int *ret_fd, struct error *err);

int state_save(int state_fd, const struct state *state, struct error *err);
int state_load(int state_fd, struct state *ret, struct error *err); /* -ENOENT: created only in part */

/**
 * state_status() - What the container is doing, from the kernel: pid and start time, FIFO, freezer
 *
 * stopped: init is dead or a zombie. created: the FIFO is there. creating: no init yet.
 */
enum container_status state_status(int state_fd, const struct state *state);

/*
 * The OCI state: runtime.md "State", in runc's order of keys. `pid` is 0 once it is stopped, and
 * @pid instead if not 0.
 */
json_t *state_to_oci(const struct state *state, enum container_status status, pid_t pid);

/* Removes the folder and what is in it; the last step of delete. */
int state_remove(const char *root, const char *id, struct error *err);

/*
 * Ids below @root, sorted; malloc'ed, each and the NULL-terminated list. A missing root is an empty
 * list.
 */
int state_list(const char *root, char ***ret, struct error *err);
void state_list_free(char **ids);
