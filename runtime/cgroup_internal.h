/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cgroup_internal - owns what the files cgroup*.c share of struct cgroup. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cgroup.h"
#include "json.h"

#define CGROUP_FILE_MAX                                                                            \
	(4U << 20) /* bytes of a cgroup file: cgroup.procs of the largest container */

#define CGROUP_SYSTEMD_OPTIONS                                                                     \
	"none,name=systemd" /* of the hierarchy without controllers that systemd has for itself */

struct hierarchy {
	bool is_v2;
	char *name;	/* last component of where it is mounted */
	char *options;	/* v1: controllers, or "none,name=systemd"; v2: "" */
	char *mount;	/* where it is mounted on the host */
	char *path;	/* the container's folder below that, without a leading slash */
	int fd;		/* the folder; -EBADF: not made, or gone */
	uint64_t inode; /* of a record; 0: not known */
};

struct cgroup {
	struct hierarchy list[CGROUP_HIERARCHIES_MAX];
	size_t n;
	bool made;  /* by us, and empty at that time: its processes are the container's */
	char *unit; /* systemd's, which holds the folders; NULL: the folders are ours alone */
	char *unit_properties; /* what it is to be started with; NULL: read from a record */
	bool unit_started;     /* by us: systemd refuses a unit that exists */
	pid_t unit_pid;	       /* whom it was started with; 0: read from a record */
};

/* A line of /proc/PID/cgroup: "7:cpu,cpuacct:/path"; v2 is "0::/path". */
struct membership {
	const char *controllers; /* "": v2 */
	const char *path;
};

/* Takes @text, the whole file, apart; borrows from it. Returns how many there are, @max at most. */
size_t cgroup_parse_memberships(char *text, struct membership *ret, size_t max);

/* The v1 hierarchy a controller is attached to; NULL: none, or not there. */
struct hierarchy *cgroup_v1_find(struct cgroup *cgroup, const char *controller);
struct hierarchy *cgroup_v2_find(struct cgroup *cgroup);

/* A folder below where a hierarchy is mounted, for reading; no link and no ".." is followed. */
int cgroup_open_folder(const char *mount, const char *path, struct error *err);

/* v1: a new cpuset has no cpus and no memory nodes, and takes no process before it has: the parent's, cpuset(7). */
int cgroup_v1_inherit_cpuset(int parent_fd, int fd, struct error *err);
int cgroup_v1_apply(struct cgroup *cgroup, const struct resources *resources, struct error *err);
int cgroup_v1_allow_devices(struct cgroup *cgroup, const struct device_plan *devices,
			    struct error *err);

/* v2: makes every controller of @fd available to the folders below it, as far as the kernel lets us. */
void cgroup_v2_enable_controllers(int fd);
int cgroup_v2_apply(struct cgroup *cgroup, const struct resources *resources, struct error *err);
int cgroup_v2_allow_devices(struct cgroup *cgroup, const struct device_plan *devices,
			    struct error *err);

/* Whether v2 has @controller for the container's folder. */
bool cgroup_v2_has(struct cgroup *cgroup, const char *controller);

/* Writes a number, or -1 as @unlimited. An error names the file. */
int cgroup_write_i64(int fd, const char *file, int64_t value, const char *unlimited,
		     struct error *err);

/* @fd: the folder; @suffix: "limit_in_bytes" or "max". */
int cgroup_limit_hugepages(int fd, const struct json_array *list, const char *suffix,
			   struct error *err);
int cgroup_limit_rdma(int fd, const struct json_array *list, struct error *err);

/* Conversions of v1's numbers to v2's. */
uint64_t cgroup_shares_to_weight(uint64_t shares);
uint64_t cgroup_blkio_to_io_weight(uint64_t weight);
