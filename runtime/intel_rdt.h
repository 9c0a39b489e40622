/* SPDX-License-Identifier: GPL-2.0-or-later */
/* intel_rdt - owns linux.intelRdt: the resctrl groups that share out cache and memory bandwidth, or count their use. */
#pragma once

#include <limits.h>
#include <stdbool.h>
#include <sys/types.h>

#include "json.h"

struct error;
struct state;

/* OCI config-linux.md, "IntelRdt"; Linux, Documentation/filesystems/resctrl.rst. */
struct intel_rdt {
	bool set;
	const char *clos_id; /* closID: name of the group; "/": the root group; NULL: one of the container's own */
	const char *l3_cache_schema; /* "L3:0=7f0;1=1f" */
	const char *mem_bw_schema;   /* "MB:0=20;1=70" */
	const char **schemata;	     /* any lines, written last */
	bool enable_monitoring;
};

/* Custom parser of the object; @out is a struct intel_rdt. */
int intel_rdt_parse(struct arena *arena, json_t *value, void *out, struct error *err);

/* Where a container belongs. */
struct intel_rdt_group {
	char path[PATH_MAX];
	char monitor[PATH_MAX]; /* "": none */
	bool is_new;		/* to be made; to be removed again if this container is not made */
};

/* Where resctrl is mounted; -ENOTSUP if it is not. @ret: PATH_MAX bytes */
int intel_rdt_find(char *ret, struct error *err);

/**
 * intel_rdt_plan() - Which group, and whether it is there; nothing is made
 * @base:	as intel_rdt_find() says
 * @id:		the container's
 *
 * A group that is named without a schema must be there. The container's own must not.
 */
int intel_rdt_plan(const struct intel_rdt *rdt, const char *base, const char *id,
		   struct intel_rdt_group *ret, struct error *err);

/*
 * Makes the folders. Afterwards @group has what was made, also on failure: ->is_new is false if another container was
 * quicker with a group they share, ->monitor is empty if there was one of that name.
 */
int intel_rdt_make(const struct intel_rdt *rdt, struct intel_rdt_group *group, struct error *err);

/**
 * intel_rdt_configure() - Write the schemata of a group that was made, or see that those of one that was there agree
 *
 * Of a group that was there nothing is changed, also for `schemata`: it is the administrator's or other containers' too,
 * and what one container may have is not for the next to decide. -EPERM says which line does not agree.
 */
int intel_rdt_configure(const struct intel_rdt *rdt, const struct intel_rdt_group *group,
			struct error *err);

/* All of that for a new container, on record in @state and its file before it is done. Nothing if the section is absent. */
int intel_rdt_claim(const struct intel_rdt *rdt, int state_fd, struct state *state,
		    struct error *err);

/**
 * intel_rdt_update() - Change the schemata of a running container's own group
 * @ret_before:	what the group had, for intel_rdt_restore(); to be freed
 *
 * A group that was there before the container, or that others share, is not changed: see intel_rdt_configure().
 */
int intel_rdt_update(const struct state *state, const char *l3_cache_schema,
		     const char *mem_bw_schema, char **ret_before, struct error *err);
int intel_rdt_restore(const struct state *state, const char *before, struct error *err);

/* Puts a process, and what it will fork, into the group and its monitor; both may be NULL. */
int intel_rdt_enter(const char *path, const char *monitor, pid_t pid, struct error *err);

/* Removes what is not there for others: the monitor, and the group if it @is_own. Nothing there any more is success. */
int intel_rdt_remove(const char *path, const char *monitor, bool is_own, struct error *err);

/* What `features` says: new reference to {"enabled": ..., "schemata": ..., "monitoring": ...}. */
json_t *intel_rdt_features(void);
