/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * confine - owns the border around a container's files: what it opens, executes or changes must be reached through a mount
 * of a mount namespace that its user namespace owns, or through one of the kernel's (pipes, memfd, layers of overlays).
 * A folder that leaked from the host, as descriptor or as current folder (CVE-2024-21626), and the runtime's own program
 * (CVE-2019-5736) are not.
 *
 * Not covered, because these hooks have no mount: open(2) with O_PATH, access(2), readlink(2), fchdir(2), the xattr and
 * utime families, and, before Linux 7.2, connect(2) to a socket's path. stat(2) has one and is left alone: the host would pay.
 */
#pragma once

#include "mounts.bpf.h"

#define S_IFMT 00170000
#define S_IFDIR 0040000
#define S_IFCHR 0020000
#define FMODE_WRITE 2
#define O_TRUNC 01000

/* Whether a mount is the kernel's own, the container's, or one that was taken out of its tree. */
static __always_inline bool mount_is_of(const struct vfsmount *mnt,
					const struct lsm_container *container)
{
	struct mnt_namespace *ns = BPF_CORE_READ(compat_mount_of(mnt), mnt_ns);

	if (mount_is_error(ns))
		return true; /* MNT_NS_INTERNAL: kern_mount() */
	if (!ns)	     /* lazily unmounted: whose is the superblock? */
		return userns_is_of(BPF_CORE_READ(mnt, mnt_sb, s_user_ns), container);
	return userns_is_of(BPF_CORE_READ(ns, user_ns), container);
}

static __always_inline int confine_refuse(struct lsm_container *container, enum lsm_hook hook,
					  const struct dentry *dentry)
{
	struct object object = {};

	object_of_dentry(&object, dentry);
	return refuse(container, hook, &object, EACCES);
}

/* @dentry is what the record names: the file itself, or its name below @path. */
static __always_inline int confine_path(const struct path *path, const struct dentry *dentry,
					enum lsm_hook hook)
{
	struct lsm_container *container = container_of_current();

	if (!container_is_armed(container) || mount_is_of(path->mnt, container))
		return 0;
	return confine_refuse(container, hook, dentry);
}

/*
 * null, zero, full, random, urandom: the host's are what every container's are, and more containers have the host's null
 * for standard input than its inode could remember.
 */
#define HARMLESS_DEVICES (1 << 3 | 1 << 5 | 1 << 7 | 1 << 8 | 1 << 9)

static __always_inline bool inode_is_harmless_device(struct inode *inode)
{
	__u32 device = inode->i_rdev, minor = device & 0xfffff;

	return (inode->i_mode & S_IFMT) == S_IFCHR && device >> 20 == 1 && minor < 16 &&
	       (HARMLESS_DEVICES >> minor & 1);
}

/* Standard input, output and error may be opened again: `>/dev/stdout`. */
static __always_inline bool file_is_inherited(struct inode *inode,
					      const struct lsm_container *container)
{
	struct lsm_inherited *by;

	if (inode_is_harmless_device(inode))
		return true;
	by = bpf_inode_storage_get(&inherited, inode, 0, 0);
	if (!by)
		return false;
	for (int i = 0; i < LSM_INHERITED_MAX; i++)
		if (by->by[i].userns == container->userns &&
		    by->by[i].first_uid == container->first_uid)
			return true;
	return false;
}

static __always_inline int confine_open(struct lsm_container *container, struct file *file)
{
	if (mount_is_of(file->f_path.mnt, container) || file_is_inherited(file->f_inode, container))
		return 0;
	return confine_refuse(container, LSM_HOOK_file_open, file->f_path.dentry);
}

/* The file was opened while the task was still the runtime's; this is where it is judged. */
static __always_inline int confine_exec(struct lsm_container *container, struct file *file)
{
	if (!container_is_armed(container) || mount_is_of(BPF_CORE_READ(file, f_path.mnt), container))
		return 0;
	return confine_refuse(container, LSM_HOOK_bprm_creds_for_exec,
			      BPF_CORE_READ(file, f_path.dentry));
}

/*
 * SCM_RIGHTS and pidfd_getfd(2). A folder is a way to more files; a file or a pipe is what its sender meant to give, and
 * refusing these would break D-Bus, Wayland and logging.
 */
static __always_inline int confine_receive(struct file *file)
{
	struct lsm_container *container = container_of_current();

	if (!container_is_armed(container) || (file->f_inode->i_mode & S_IFMT) != S_IFDIR ||
	    mount_is_of(file->f_path.mnt, container))
		return 0;
	return confine_refuse(container, LSM_HOOK_file_receive, file->f_path.dentry);
}
