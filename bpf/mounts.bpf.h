/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mounts - owns the second lock on the mounts a container starts with. The first is the kernel's: they are MNT_LOCKED, and
 * so are their flags, because they were made in a mount namespace of another user namespace.
 *
 * A sealed superblock has a mount that is MNT_LOCKED in a mount namespace of the container's own user namespace, or belongs
 * to a user namespace that is not the container's. What a nested user namespace copies is locked there, but not sealed here.
 *
 * Not covered, because no kernel has a hook there: mount_setattr(2), open_tree(2), fsopen(2), fsmount(2); and because the
 * kernel refuses before its hook: umount(2) of what is locked. mount(2) with MS_MOVE has its source as text only. In all of
 * these the kernel's own locks refuse, and witness.bpf.h makes the records.
 */
#pragma once

#include "record.bpf.h"

#define MS_RDONLY 1
#define MS_NOSUID 2
#define MS_NODEV 4
#define MS_NOEXEC 8
#define MS_REMOUNT 32
#define MS_NOATIME 1024
#define MS_NODIRATIME 2048
#define MS_BIND 4096
#define MS_RELATIME (1 << 21)
#define MS_STRICTATIME (1 << 24)

#define MNT_NOSUID 0x01
#define MNT_NODEV 0x02
#define MNT_NOEXEC 0x04
#define MNT_NOATIME 0x08
#define MNT_NODIRATIME 0x10
#define MNT_RELATIME 0x20
#define MNT_ATIME (MNT_NOATIME | MNT_NODIRATIME | MNT_RELATIME)
#define MNT_READONLY 0x40
#define MNT_LOCK_ATIME 0x040000
#define MNT_LOCK_NOEXEC 0x080000
#define MNT_LOCK_NOSUID 0x100000
#define MNT_LOCK_NODEV 0x200000
#define MNT_LOCK_READONLY 0x400000
#define MNT_LOCKED 0x800000

/* The mounts of a superblock that are looked at; one that has more counts as sealed. */
#define SEALED_MOUNTS 4096

static __always_inline bool mount_is_error(const void *pointer)
{
	return (__u64)pointer >= (__u64)-4095;
}

static __always_inline bool mount_seals_in(struct mount *mount, __u32 userns)
{
	struct mnt_namespace *ns = BPF_CORE_READ(mount, mnt_ns);

	if (!(BPF_CORE_READ(mount, mnt.mnt_flags) & MNT_LOCKED) || !ns || mount_is_error(ns))
		return false;
	return BPF_CORE_READ(ns, user_ns, ns.inum) == userns;
}

static __always_inline bool mount_seals(struct mount *mount, const struct lsm_container *container)
{
	return mount_seals_in(mount, container->userns);
}

/*
 * The walk through a superblock's mounts. The container may add and remove mounts meanwhile: none that the walk has reached is
 * freed before it ends (RCU), what is behind a removed one is still behind it, and sealed ones stay. Before Linux 6.18 the
 * oldest come first, and what the container started with is the oldest; since then they come last.
 */
struct seal_walk {
	__u64 at;   /* struct mount, or struct list_head */
	__u64 head; /* of the list, where the last one points to */
	__u32 userns;
	__u32 sealed; /* found one, or could not tell */
	__u32 ended;
};

static long seal_step_chained(__u32 i, struct seal_walk *walk)
{
	struct mount *mount = (void *)walk->at;

	if (!mount) {
		walk->ended = 1;
		return 1;
	}
	if (mount_seals_in(mount, walk->userns)) {
		walk->sealed = 1;
		return 1;
	}
	walk->at = (__u64)compat_next_chained(mount);
	return 0;
}

static long seal_step_listed(__u32 i, struct seal_walk *walk)
{
	struct list_head *at = (void *)walk->at;

	if (walk->at == walk->head) {
		walk->ended = 1;
		return 1;
	}
	/* A poisoned or unreadable link is no end: whoever unmounts at this moment shall not cut the walk short. */
	if (!at || mount_seals_in(compat_listed_mount(at), walk->userns)) {
		walk->sealed = 1;
		return 1;
	}
	walk->at = (__u64)BPF_CORE_READ(at, next);
	return 0;
}

static __always_inline bool has_seal(struct super_block *sb, const struct lsm_container *container)
{
	struct seal_walk walk = { .userns = container->userns };

	if (compat_mounts_are_chained()) {
		walk.at = (__u64)compat_first_chained(sb);
		bpf_loop(SEALED_MOUNTS, seal_step_chained, &walk, 0);
	} else {
		struct list_head *head = compat_mounts_list(sb);

		walk.head = (__u64)head;
		walk.at = (__u64)BPF_CORE_READ(head, next);
		bpf_loop(SEALED_MOUNTS, seal_step_listed, &walk, 0);
	}
	return walk.sealed || !walk.ended;
}

static __always_inline bool superblock_is_sealed(struct super_block *sb,
						 const struct lsm_container *container)
{
	if (!userns_is_of(BPF_CORE_READ(sb, s_user_ns), container))
		return true;
	return has_seal(sb, container);
}

static __always_inline int mounts_refuse(struct lsm_container *container, enum lsm_hook hook,
					 const struct dentry *root, __u64 flags)
{
	struct object object = { .detail = flags };

	object_of_dentry(&object, root);
	return refuse(container, hook, &object, EPERM);
}

/* What the kernel makes of a remount's flags; without any it leaves them. */
static __always_inline int atime_after(int flags, unsigned long wanted)
{
	if (!(wanted & (MS_NOATIME | MS_NODIRATIME | MS_RELATIME | MS_STRICTATIME)))
		return flags & MNT_ATIME;
	flags = wanted & MS_NODIRATIME ? MNT_NODIRATIME : 0;
	if (wanted & MS_STRICTATIME)
		return flags;
	return flags | (wanted & MS_NOATIME ? MNT_NOATIME : MNT_RELATIME);
}

/* Whether a remount with @wanted (MS_*) would clear what is locked in @flags (MNT_*). */
static __always_inline bool clears_locked_flag(int flags, unsigned long wanted)
{
	return ((flags & MNT_LOCK_READONLY) && (flags & MNT_READONLY) && !(wanted & MS_RDONLY)) ||
	       ((flags & MNT_LOCK_NOSUID) && (flags & MNT_NOSUID) && !(wanted & MS_NOSUID)) ||
	       ((flags & MNT_LOCK_NODEV) && (flags & MNT_NODEV) && !(wanted & MS_NODEV)) ||
	       ((flags & MNT_LOCK_ATIME) && (flags & MNT_ATIME) != atime_after(flags, wanted)) ||
	       ((flags & MNT_LOCK_NOEXEC) && (flags & MNT_NOEXEC) && !(wanted & MS_NOEXEC));
}

/* mount(2): only remounts are looked at; new mounts are the container's own affair. */
static __always_inline int mounts_mount(const struct path *path, unsigned long flags)
{
	struct lsm_container *container;

	if (!(flags & MS_REMOUNT))
		return 0;
	container = container_of_current();
	if (!container_is_armed(container))
		return 0;
	if (flags & MS_BIND) {
		if (!clears_locked_flag(BPF_CORE_READ(path, mnt, mnt_flags), flags))
			return 0;
	} else if (!superblock_is_sealed(BPF_CORE_READ(path, mnt, mnt_sb), container)) {
		return 0;
	}
	return mounts_refuse(container, LSM_HOOK_sb_mount, path->dentry, flags);
}

#define FS_TYPE_TEXT 16

/* The bit of a type by its name; the runtime has no strcmp() here. */
static __always_inline __u32 fs_type_bit(const struct file_system_type *type)
{
	char text[FS_TYPE_TEXT] = {};

	bpf_probe_read_kernel_str(text, sizeof(text), BPF_CORE_READ(type, name));
#define FS_TYPE_TEST(name)                                                                         \
	{                                                                                          \
		const char wanted[] = #name;                                                       \
		bool same = true;                                                                  \
                                                                                                   \
		for (__u32 i = 0; i < sizeof(wanted); i++)                                         \
			same &= text[i] == wanted[i];                                              \
		if (same)                                                                          \
			return LSM_FS(name);                                                       \
	}
	LSM_FS_TYPES(FS_TYPE_TEST)
#undef FS_TYPE_TEST
	return LSM_FS_OTHER;
}

/* A file system that is about to be mounted, by mount(2) or fsconfig(2); binds, and mounts of the kernel's own, are none. */
static __always_inline int mounts_new(struct super_block *sb)
{
	struct lsm_container *container = container_of_current();
	struct object object = {};

	if (!container_is_armed(container) || !container->fs_refused ||
	    !(container->fs_refused & fs_type_bit(BPF_CORE_READ(sb, s_type))))
		return 0;
	object.name = BPF_CORE_READ(sb, s_type, name);
	object.device = BPF_CORE_READ(sb, s_dev);
	return refuse(container, LSM_HOOK_sb_kern_mount, &object, EPERM);
}

/* fspick(2) and fsconfig(2). A superblock that the container's user namespace owns has no other lock than this one. */
static __always_inline int mounts_remount(struct super_block *sb)
{
	struct lsm_container *container = container_of_current();
	struct object object = {};

	if (!container_is_armed(container) || !superblock_is_sealed(sb, container))
		return 0;
	object.name = BPF_CORE_READ(sb, s_type, name);
	object.device = BPF_CORE_READ(sb, s_dev);
	return refuse(container, LSM_HOOK_sb_remount, &object, EPERM);
}

/* A path that is the root of a locked mount: it can neither be moved, nor become the root. */
static __always_inline int mounts_locked(const struct path *path, enum lsm_hook hook)
{
	struct lsm_container *container = container_of_current();

	if (!container_is_armed(container))
		return 0;
	if (!(BPF_CORE_READ(path, mnt, mnt_flags) & MNT_LOCKED) ||
	    path->dentry != BPF_CORE_READ(path, mnt, mnt_root))
		return 0;
	return mounts_refuse(container, hook, path->dentry, 0);
}
