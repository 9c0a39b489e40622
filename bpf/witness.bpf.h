/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * witness - owns the records of what the kernel's own mount locks refuse where no LSM hook is reached. The verdict is the
 * kernel's, in every mode: these programs run when it has been given, behind functions that only mount calls reach.
 *
 * Each looks at one cause alone, the one that EINVAL or EPERM stands for there, because most of both mean nothing: a path
 * that is no mount. Where a hook of mounts.bpf.h recorded the same call already, there is nothing more to say.
 * Not covered: the attributes of mount_setattr(2) are read again from the caller's memory, so that who changes them meanwhile
 * escapes the record.
 */
#pragma once

#include "confine.bpf.h"

#define MNT_UNBINDABLE 0x2000
#define SYS_MOVE_MOUNT 429 /* of every architecture */
#define FSCONFIG_CMD_RECONFIGURE 7

/* linux/mount.h */
#define MOUNT_ATTR_RDONLY 0x1
#define MOUNT_ATTR_NOSUID 0x2
#define MOUNT_ATTR_NODEV 0x4
#define MOUNT_ATTR_NOEXEC 0x8
#define MOUNT_ATTR_ATIME 0x70
#define MOUNT_ATTR_LOCKABLE                                                                        \
	(MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC |            \
	 MOUNT_ATTR_ATIME)

/* What a function with whatever number of arguments returned. */
static __always_inline __u64 returned(void *ctx)
{
	__u64 value = 0;

	bpf_get_func_ret(ctx, &value);
	return value;
}

static __always_inline int witness_path(struct lsm_container *container, enum lsm_hook hook,
					const struct path *path, __u64 detail, int error)
{
	struct object object = { .detail = detail };

	object_of_dentry(&object, BPF_CORE_READ(path, dentry));
	return witness(container, hook, &object, error);
}

/* path_umount(): the one it was given was let go, but what is locked stays. */
static __always_inline int witness_of_umount(void *ctx, const struct path *path, int flags)
{
	struct lsm_container *container = container_of_current();
	struct vfsmount *mnt;

	if (!container_is_armed(container) || (int)returned(ctx) != -EINVAL)
		return 0;
	mnt = BPF_CORE_READ(path, mnt);
	if (BPF_CORE_READ(path, dentry) != BPF_CORE_READ(mnt, mnt_root) ||
	    !mount_seals(compat_mount_of(mnt), container))
		return 0;
	return witness_path(container, LSM_HOOK_witness_umount, path, flags, EINVAL);
}

/* do_move_mount(), for mount(2) with MS_MOVE; in move_mount(2) the hook of that name saw it first. */
static __always_inline int witness_of_move(void *ctx, const struct path *from)
{
	struct lsm_container *container = container_of_current();
	struct vfsmount *mnt;

	if (!container_is_armed(container) || (int)returned(ctx) != -EINVAL ||
	    compat_syscall_number() == SYS_MOVE_MOUNT)
		return 0;
	mnt = BPF_CORE_READ(from, mnt);
	if (BPF_CORE_READ(from, dentry) != BPF_CORE_READ(mnt, mnt_root) ||
	    !mount_seals(compat_mount_of(mnt), container))
		return 0;
	return witness_path(container, LSM_HOOK_witness_move, from, 0, EINVAL);
}

/* __do_loopback(): a bind of what is another's, or one that would leave locked mounts behind. open_tree(2), too. */
static __always_inline int witness_of_bind(void *ctx, const struct path *path, int recurse)
{
	struct lsm_container *container = container_of_current();
	struct vfsmount *mnt;
	struct mnt_namespace *ns;

	if (!container_is_armed(container) || returned(ctx) != (__u64)-EINVAL)
		return 0;
	mnt = BPF_CORE_READ(path, mnt);
	if (mount_is_of(mnt, container)) {
		ns = BPF_CORE_READ(compat_mount_of(mnt), mnt_ns);
		if (recurse || !ns || mount_is_error(ns) ||
		    BPF_CORE_READ(ns, user_ns, ns.inum) != container->userns ||
		    (BPF_CORE_READ(mnt, mnt_flags) & MNT_UNBINDABLE))
			return 0;
	}
	return witness_path(container, LSM_HOOK_witness_bind, path, recurse, EINVAL);
}

/* mount_setattr(2) and open_tree_attr(2): attr_clr of struct mount_attr, at @user, where nothing is id-mapped. */
static __always_inline int witness_of_setattr(void *ctx, __u64 user, enum lsm_hook hook)
{
	struct lsm_container *container = container_of_current();
	__u64 attr[4] = {}; /* attr_set, attr_clr, propagation, userns_fd */
	struct object object = {};

	if (!container_is_armed(container) || (int)returned(ctx) != -EPERM)
		return 0;
	if (bpf_probe_read_user(attr, sizeof(attr), (void *)user))
		return 0;
	if (!(attr[1] & MOUNT_ATTR_LOCKABLE) || attr[3])
		return 0;
	object.detail = attr[1];
	return witness(container, hook, &object, EPERM);
}

/* fsconfig(2): the superblock is none that the caller's user namespace has power over, or sb_remount is asked. */
static __always_inline int witness_of_fsconfig(void *ctx, __u32 fd, __u32 command, enum lsm_hook hook)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct lsm_container *container = container_of_current();
	struct object object = {};
	struct super_block *sb;

	if (!container_is_armed(container) || (int)returned(ctx) != -EPERM ||
	    command != FSCONFIG_CMD_RECONFIGURE)
		return 0;
	sb = compat_sb_of_context(task, fd);
	if (!sb || userns_is_at_or_below(BPF_CORE_READ(sb, s_user_ns), task->real_cred->user_ns))
		return 0;
	object.name = BPF_CORE_READ(sb, s_type, name);
	object.device = BPF_CORE_READ(sb, s_dev);
	return witness(container, hook, &object, EPERM);
}

/* mount_too_revealing(): of procfs or sysfs, where something covers a part of each that the caller has. */
static __always_inline int witness_of_reveal(void *ctx, const struct super_block *sb)
{
	struct lsm_container *container = container_of_current();
	struct object object = {};

	if (!container_is_armed(container) || !(returned(ctx) & 0xff))
		return 0;
	object.name = BPF_CORE_READ(sb, s_type, name);
	object.device = BPF_CORE_READ(sb, s_dev);
	return witness(container, LSM_HOOK_witness_reveal, &object, EPERM);
}
