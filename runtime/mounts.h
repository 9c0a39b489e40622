/* SPDX-License-Identifier: GPL-2.0-or-later */
/* mounts - owns the mounts section: its parse, its options table, and what of it is refused before any work is done. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "json.h"

struct error;

/* OCI config.md, "Mounts". */
struct spec_mount {
	const char *destination; /* relative ones count from "/" */
	const char *type;
	const char *source;
	const char **options;
	struct json_array uid_mappings; /* struct id_mapping */
	struct json_array gid_mappings;
};

extern const struct json_field spec_mount_fields[];

/* The options of one mount, sorted by who understands them. */
struct mount_options {
	uint64_t set;	  /* MOUNT_ATTR_* */
	uint64_t clear;	  /* MOUNT_ATTR_* */
	uint64_t set_all; /* of "rro" and its kin: recursively */
	uint64_t clear_all;
	bool bind;
	bool recursive;	      /* "rbind" */
	uint64_t propagation; /* MS_SHARED, MS_SLAVE, MS_PRIVATE, MS_UNBINDABLE; 0: not said */
	bool propagate_all;   /* "rshared", ... */
	bool copy_up;	      /* "tmpcopyup" */
	bool remount;	      /* a mount that an earlier entry made */
	bool idmap; /* "idmap", "ridmap": one and the same, as a bind is mapped as a whole or not made */
};

/**
 * mount_options_parse() - Look each option up in the one table
 * @mount:	its options
 * @ret_data:	options not in the table: for the file system, in order; in the arena, NULL-terminated
 */
int mount_options_parse(struct arena *arena, const struct spec_mount *mount,
			struct mount_options *ret, const char ***ret_data, struct error *err);

/**
 * mounts_check() - What needs no look at the host
 *
 * File system types are an allow-list: the runtime mounts with the host's rights, and "ext4 on /dev/sda" is the host's
 * disk. Binds need an absolute source; shared or slave propagation of a bind reaches the host and is refused. A mount's
 * own id mappings must be ones the kernel would take; whether they may be had is for mount_idmap.h.
 */
int mounts_check(struct arena *arena, const struct json_array *mounts, struct error *err);

/* What `features` lists as mountOptions: new reference to an array of names. */
json_t *mounts_option_names(void);
