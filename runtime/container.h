/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * container - owns the struct that `create` fills step by step and hands to the modules that build a container.
 *
 * Two processes: R, the runtime, and I, the container's future pid 1, R's child. create.c has the order.
 */
#pragma once

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "cgroup.h"
#include "devices.h"
#include "join.h"
#include "lifecycle.h"
#include "lsm.h"
#include "mounts.h"
#include "policy.h"
#include "seccomp.h"
#include "source.h"
#include "spec.h"
#include "state.h"

/* One entry of mounts[], opened and decided about before anything is made. */
struct planned_mount {
	const struct spec_mount *spec;
	struct mount_options options;
	const char **data;    /* options for the file system */
	struct source source; /* of a bind; .fd -EBADF otherwise */
	uint64_t id;	      /* of the mount, once it is attached; 0 before */
	int readonly_fd;      /* the mount, if it becomes read-only when all is in it; -EBADF */
};

struct mount_plan {
	struct planned_mount *items;
	size_t n;
};

/* Where the root file system comes from. */
enum root_kind {
	ROOT_FOLDER, /* an id-mapped bind of a plain folder */
	ROOT_TWIN,   /* an engine's overlay, assembled again on id-mapped layers: twin.c */
};

struct container {
	const struct globals *globals;
	const struct create_options *options;

	char bundle[PATH_MAX];
	char rootfs[PATH_MAX]; /* absolute, links resolved */
	struct spec *spec;
	struct policy policy;
	struct device_plan devices;
	struct seccomp_program filter;
	const struct seccomp_listener *listener; /* of the filter; NULL: none, or no filter */

	int state_fd; /* ROOT/ID, locked; -EBADF until it is ours */
	struct state state;
	struct cgroup *cgroup;
	char scratch[PATH_MAX]; /* path of that folder: in M1, something may be mounted over it */
	uint32_t root_uid, root_gid; /* of the container's root, on the host */
	bool foreign_ids; /* mappings of the spec's own, or of a user namespace that is */
	struct joined joined;
	struct lsm lsm; /* LSM_INIT: policy had to make do without */
	int fifo_fd;
	int notify_fd;	/* folder of its NOTIFY_SOCKET, in M1 */
	int monitor_fd; /* socket to its monitor; -EBADF: none, or it is on its own by now */
	int calls_fd;	/* where its monitor hears of listeners, until it has that; -EBADF */
	bool asks;	/* I's: to load the filter of monitor_calls.h */
	int engine_fd; /* detached copy of the mount that the root's twin is one of; -EBADF: none */
	int listener_fd; /* I's: where `start` meets it, if the filter has a listener */

	int host_mnt_fd, host_net_fd; /* namespaces R came from: hooks run there */
	int host_cgroup_ns_fd; /* and its cgroup namespace, if a hook is to be moved out of it */
	int cwd_fd;	       /* and its current folder: paths of the command line count from it */
	struct source_view *view;
	struct source root_source; /* ROOT_FOLDER */
	struct twin *twin;	   /* ROOT_TWIN */
	enum root_kind root_kind;
	struct mount_plan mounts;

	int init_sock;	/* I's end; closed in R once I exists */
	int sock;	/* R's end of the socket to I */
	pid_t init_pid; /* 0: not made yet */
	int init_pidfd;
	int userns_fd, pidns_fd;
	int label_fd; /* I's: see label_open() */

	struct net_devices_moved *net_devices; /* NULL: none */

	int root_fd; /* the new root, O_PATH */
	int master_fd, slave_fd;
};
