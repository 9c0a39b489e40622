/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * procguard - owns which nodes of procfs and sysfs no container sees or writes, on every instance: those it starts with, a
 * fresh one of a nested container, a bind of a part.
 *
 * Every mount of procfs is a superblock of its own with inode numbers of its own, so that only the path below the
 * superblock's root tells what a node is. Paths of processes (/proc/PID/...) start with a number and match no rule.
 * Not covered: stat(2), readlink(2), and O_PATH, which open nothing.
 */
#pragma once

#include "confine.bpf.h"

#define PROC_SUPER_MAGIC 0x9fa0
#define SYSFS_MAGIC 0x62656572
#define PATH_WALK_MAX                                                                              \
	16 /* deeper nodes have the rule of none; the deepest rule has LSM_PATH_DEPTH components */

struct node_path {
	struct dentry *parts[LSM_PATH_DEPTH]; /* those nearest to the root, in order; NULL behind the last */
};

static __always_inline void node_path_of(struct dentry *dentry, struct node_path *path)
{
	for (int i = 0; i < PATH_WALK_MAX; i++) {
		struct dentry *parent = BPF_CORE_READ(dentry, d_parent);

		if (parent == dentry)
			break;
		for (int k = LSM_PATH_DEPTH - 1; k > 0; k--)
			path->parts[k] = path->parts[k - 1];
		path->parts[0] = dentry;
		dentry = parent;
	}
}

static __always_inline __u32 mask_at(__u64 cgroup_id, __u64 path)
{
	struct lsm_mask_key key = { .cgroup_id = cgroup_id, .path = path };
	struct lsm_mask_value *mask = bpf_map_lookup_elem(&masks, &key);

	return mask ? mask->node : 0;
}

/*
 * Of whoever is in none of the cgroups of a pod: what any of its containers must not. Global, so that the verifier walks it
 * once, and not with each component of a path: that made three quarters of a million instructions, of a million that it takes.
 */
__noinline __u32 mask_of_pod(__u32 userns, __u64 path)
{
	struct lsm_namespace *ns = bpf_map_lookup_elem(&namespaces, &userns);
	__u32 node = 0;

	if (!ns)
		return LSM_NODE_DENY; /* it goes just now */
	for (int i = 0; i < LSM_POD_MASKED_MAX && ns->masked[i]; i++)
		node |= mask_at(ns->masked[i], path);
	return node;
}

/* The container's own rule for a path. What cannot be found without a first one is not looked for. */
static __always_inline __u32 mask_of(const struct lsm_container *container, __u64 path)
{
	if (!container->first_mask)
		return 0;
	if (container->first_mask == LSM_MASKS_TOO_MANY)
		return LSM_NODE_DENY;
	if (container->first_mask == LSM_MASKS_OF_POD)
		return mask_of_pod(container->userns, path);
	return mask_at(container->cgroup_id, path);
}

/*
 * A rule covers what is below its node. Of those for all containers the most specific one, the last that matches, counts;
 * of the container's own each does, as it does with mounts.
 */
static __always_inline __u32 node_rule(const struct node_path *path, __u64 hash,
				       const struct lsm_container *container)
{
	bool fixed = !(container->allow & LSM_ALLOW_PROC_NODES);
	__u32 rule = 0, masked = 0;

	for (int i = 0; i < LSM_PATH_DEPTH; i++) {
		struct dentry *part = path->parts[i];
		char name[LSM_PATH_NAME] = {};
		__u32 *found;

		if (!part)
			break;
		bpf_probe_read_kernel_str(name, sizeof(name), BPF_CORE_READ(part, d_name.name));
		if (i == 0 && name[0] >= '0' && name[0] <= '9')
			return 0; /* a process */
		for (int k = 0; k < LSM_PATH_NAME && name[k]; k++)
			hash = LSM_PATH_STEP(hash, name[k]);
		hash = LSM_PATH_STEP(hash, '/');
		found = bpf_map_lookup_elem(&proc_rules, &hash);
		if (fixed && found)
			rule = *found;
		masked |= mask_of(container, hash);
	}
	return rule | masked;
}

static __always_inline int procguard_open(struct lsm_container *container, struct file *file)
{
	__u64 magic = file->f_inode->i_sb->s_magic;
	struct node_path path = {};
	struct object object = {};
	__u32 rule;

	if (magic != PROC_SUPER_MAGIC && magic != SYSFS_MAGIC)
		return 0;
	if ((container->allow & LSM_ALLOW_PROC_NODES) && !container->first_mask)
		return 0;
	node_path_of(file->f_path.dentry, &path);
	rule = node_rule(&path, magic, container);
	if (!(rule & LSM_NODE_DENY) && !((rule & LSM_NODE_READ_ONLY) && (file->f_mode & FMODE_WRITE)))
		return 0;
	object_of_dentry(&object, file->f_path.dentry);
	object.detail = rule;
	return refuse(container, LSM_HOOK_file_open, &object, EACCES);
}
