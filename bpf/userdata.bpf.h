/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * userdata - owns that no container leaves a setuid or setgid program, or one with file capabilities, in the folder of a
 * user of the host: its root's files there are that user's, and he could run them outside.
 *
 * Such a folder is known by its id-mapped mount: id 0 on disk is not mapped there. The engine's own storage maps it. Folders
 * may have the setgid bit, which only hands on their group. Not covered: files that were so before.
 */
#pragma once

#include "confine.bpf.h"

#define S_IFREG 0100000
#define S_ISUID 04000
#define S_ISGID 02000
#define __O_TMPFILE 020000000

static __always_inline bool idmap_is_of_user(void *idmap)
{
	struct uid_gid_map *map = compat_idmap_uids(idmap);
	__u32 extents = BPF_CORE_READ(map, nr_extents);

	if (extents == 0)
		return false;
	if (extents > LSM_UID_LINES) /* sorted, so that 0 would be the first */
		return BPF_CORE_READ(map, forward, first) != 0;
	for (__u32 i = 0; i < LSM_UID_LINES; i++)
		if (i < extents && BPF_CORE_READ(map, extent[i].first) == 0)
			return false;
	return true;
}

static __always_inline int userdata_mode(const struct path *path, const struct dentry *dentry,
					 umode_t mode, enum lsm_hook hook)
{
	struct lsm_container *container;
	struct object object = { .detail = mode };

	if (!(mode & (S_ISUID | S_ISGID)))
		return 0;
	container = container_of_current();
	if (!container_is_armed(container) || !idmap_is_of_user(compat_idmap_of(path->mnt)))
		return 0;
	object_of_dentry(&object, dentry);
	return refuse(container, hook, &object, EPERM);
}

/* A file that has no name yet, and gets one by link(2), which asks nobody what it is. */
static __always_inline int userdata_open(struct lsm_container *container, struct file *file)
{
	struct object object = { .detail = file->f_inode->i_mode };

	if (!(file->f_flags & __O_TMPFILE) || !(file->f_inode->i_mode & (S_ISUID | S_ISGID)) ||
	    !idmap_is_of_user(compat_idmap_of(file->f_path.mnt)))
		return 0;
	object_of_dentry(&object, file->f_path.dentry);
	return refuse(container, LSM_HOOK_file_open, &object, EPERM);
}

static __always_inline int userdata_chmod(const struct path *path, umode_t mode)
{
	struct inode *inode = compat_inode_of(path->dentry);

	if (inode && (BPF_CORE_READ(inode, i_mode) & S_IFMT) == S_IFDIR)
		return 0;
	return userdata_mode(path, path->dentry, mode, LSM_HOOK_path_chmod);
}

/* Whether the kernel's copy of a name is "security.capability"; the runtime has no memcmp() here. */
static __always_inline bool is_capability_name(const char *name)
{
	const char wanted[] = "security.capability";
	char text[sizeof(wanted)] = {};

	bpf_probe_read_kernel_str(text, sizeof(text), name);
	for (__u32 i = 0; i < sizeof(wanted); i++)
		if (text[i] != wanted[i])
			return false;
	return true;
}

static __always_inline int userdata_xattr(void *idmap, const struct dentry *dentry, const char *name)
{
	struct lsm_container *container = container_of_current();
	struct object object = {};

	if (!container_is_armed(container) || !is_capability_name(name) || !idmap_is_of_user(idmap))
		return 0;
	object_of_dentry(&object, dentry);
	return refuse(container, LSM_HOOK_inode_setxattr, &object, EPERM);
}
