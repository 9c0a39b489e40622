/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * storage - owns what an engine's daemon must not leave outside of its own storage: setuid and setgid programs, file
 * capabilities, devices. Who may talk to an engine has it write, as the host's root, what he says and where he says:
 * `docker cp - c1:/d` into a volume that is his own folder, the first copy of an image's files to a volume with device=.
 * No runtime is asked there.
 *
 * How this works: a file is in storage when none but root gets to it: in some folder above it, which is root's, nobody else
 * may search, and neither that folder nor any above it can be replaced by others. All data roots are so; no list of them is
 * needed. Where no such folder is on the file system itself, all of its mounts must lie below one (a layer that is a file
 * system of its own); or it is the root that the daemon's worker was put into. Overlays are not judged: their upper layer is.
 * All of it costs nothing but where such a thing is done, by a daemon.
 *
 * Folders may have the setgid bit, which only hands on their group. Whatever is no daemon's any more is not held: the host's
 * administrator, programs that an engine starts, and containers, of whatever runtime.
 * Not covered: files that were so before; what has no name yet (O_TMPFILE) before it is linked; ACLs that the kernel has not
 * read yet; storage that root shows elsewhere by a bind mount;
 * where the host's root is an overlay, what a daemon renames out of a folder of mode 0 at that root (is_copied_up() below).
 */
#pragma once

#include "paths.bpf.h"
#include "userdata.bpf.h"

#define OVERLAYFS_MAGIC 0x794c7630

#define S_IFBLK 0060000
#define S_ISVTX 01000
#define S_IWGRP 0020
#define S_IXGRP 0010
#define S_IWOTH 0002
#define S_IXOTH 0001

#define ATTR_MODE (1 << 0)
#define ATTR_UID (1 << 1)
#define ATTR_GID (1 << 2)

#define STORAGE_DEPTH 64   /* folders above a file; what lies deeper is not in storage */
#define STORAGE_MOUNTS 64  /* mounts of a file system: a new one shows in many namespaces */
#define STORAGE_PARENTS 64 /* processes between an engine and process 1 */

/* Who owns and may search a folder. */
struct folder {
	umode_t mode;
	__u32 uid;
	__u32 gid;
};

static __always_inline struct folder folder_of(const struct inode *inode)
{
	return (struct folder){ .mode = BPF_CORE_READ(inode, i_mode),
				.uid = compat_uid_of(inode),
				.gid = compat_gid_of(inode) };
}

/* Nobody but root puts something else in the place of what is in it. */
static __always_inline bool folder_is_roots(const struct folder *folder)
{
	if (folder->uid != 0)
		return false;
	if (folder->mode & S_ISVTX)
		return true;
	return !(folder->mode & S_IWOTH) && (!(folder->mode & S_IWGRP) || folder->gid == 0);
}

/* As reach_is_closed() of the runtime. */
static __always_inline bool folder_is_closed(const struct folder *folder)
{
	return folder->uid == 0 && !(folder->mode & S_IXOTH) &&
	       (!(folder->mode & S_IXGRP) || folder->gid == 0);
}

/* Docker's data root with userns-remap lets the group in that its containers' root has, which is nobody's on the host. */
static __always_inline bool folder_is_data_root(const struct dentry *dentry,
						const struct inode *inode,
						const struct folder *folder)
{
	return folder->uid == 0 && !(folder->mode & S_IXOTH) &&
	       (guard_of(inode, BPF_CORE_READ(dentry, d_sb, s_dev), 0) & LSM_GUARD_ENTRIES);
}

struct storage_climb {
	__u64 at;  /* dentry */
	__u64 own; /* dentry, or 0 */
	__u32 inside;
	__u32 found; /* what was so at the root of the file system; 0 as long as that is not reached */
};

static long storage_climb_step(__u32 i, struct storage_climb *climb)
{
	const struct dentry *at = (void *)climb->at, *up = BPF_CORE_READ(at, d_parent);
	const struct inode *inode = BPF_CORE_READ(at, d_inode);
	struct folder is = folder_of(inode);

	if (climb->at == climb->own)
		climb->inside = 1;
	else if (!folder_is_roots(&is))
		climb->inside = 0;
	else if (folder_is_closed(&is))
		climb->inside |= !(is.mode & S_IXGRP) || !compat_has_acl(inode);
	else
		climb->inside |= folder_is_data_root(at, inode, &is);
	if (up == at) {
		climb->found = climb->inside;
		return 1;
	}
	climb->at = (__u64)up;
	return !up;
}

/*
 * Whether what is in @folder, a dentry, is in storage by it and the folders above it, up to the root of their file system;
 * @own, a dentry or 0, is one that counts whoever may search it. Global, so that it is verified once: such a function takes
 * numbers alone, and what a hook was given is none for the verifier, while what a probe read is.
 */
__noinline int storage_walk(__u64 folder, __u64 own)
{
	struct storage_climb climb = { .at = folder, .own = own };

	if (folder)
		bpf_loop(STORAGE_DEPTH, storage_climb_step, &climb, 0);
	return climb.found != 0;
}

/* 1: a mount that only root gets to; 0: others may, or it is a namespace's root; -1: one of no namespace, which nobody sees. */
static __always_inline int storage_mount(struct mount *mount, __u64 own)
{
	struct mnt_namespace *ns = BPF_CORE_READ(mount, mnt_ns);
	struct dentry *point = BPF_CORE_READ(mount, mnt_mountpoint);
	struct dentry *folder = BPF_CORE_READ(point, d_parent);

	if (!ns || mount_is_error(ns))
		return -1;
	if (BPF_CORE_READ(mount, mnt_parent) == mount || folder == point)
		return 0;
	return storage_walk((__u64)folder, own);
}

struct storage_mounts {
	__u64 at;   /* struct mount, or list_head in the older form */
	__u64 head; /* of that list */
	__u64 own;  /* as storage_walk()'s: a volume is mounted there, for the worker alone */
	__u32 inside, outside, ended;
};

static __always_inline long storage_mounts_count(struct storage_mounts *mounts, int r)
{
	mounts->inside |= r > 0;
	mounts->outside = r == 0;
	return mounts->outside; /* one is enough */
}

static long storage_mounts_step_chained(__u32 i, struct storage_mounts *mounts)
{
	struct mount *mount = (void *)mounts->at;

	if (!mount) {
		mounts->ended = 1;
		return 1;
	}
	mounts->at = (__u64)compat_next_chained(mount);
	return storage_mounts_count(mounts, storage_mount(mount, mounts->own));
}

static long storage_mounts_step_listed(__u32 i, struct storage_mounts *mounts)
{
	struct list_head *at = (void *)mounts->at;

	if (!at || mounts->at == mounts->head) {
		mounts->ended = 1;
		return 1;
	}
	mounts->at = (__u64)BPF_CORE_READ(at, next);
	return storage_mounts_count(mounts, storage_mount(compat_listed_mount(at), mounts->own));
}

/* Whether all mounts of a superblock are in storage; too many to look at, or none: no. */
__noinline int storage_mounted(__u64 superblock, __u64 own)
{
	struct super_block *sb = (void *)superblock;
	struct storage_mounts mounts = { .own = own };

	if (compat_mounts_are_chained()) {
		mounts.at = (__u64)compat_first_chained(sb);
		bpf_loop(STORAGE_MOUNTS, storage_mounts_step_chained, &mounts, 0);
	} else {
		struct list_head *head = compat_mounts_list(sb);

		mounts.head = (__u64)head;
		mounts.at = (__u64)BPF_CORE_READ(head, next);
		bpf_loop(STORAGE_MOUNTS, storage_mounts_step_listed, &mounts, 0);
	}
	return mounts.ended && mounts.inside && !mounts.outside;
}

/*
 * The root that the current task was put into, by chroot(2) or pivot_root(2); NULL: it is that of process 1, or that cannot be
 * told. A daemon's worker unpacks in one: the root file system of a container, or of a layer.
 */
static __always_inline struct dentry *worker_root(void)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	struct dentry *root = BPF_CORE_READ(task, fs, root.dentry);

	for (int i = 0; i < STORAGE_PARENTS; i++) {
		if (BPF_CORE_READ(task, tgid) == 1)
			return BPF_CORE_READ(task, fs, root.dentry) == root ? NULL : root;
		task = BPF_CORE_READ(task, real_parent);
	}
	return NULL;
}

static __always_inline bool is_in_storage(const struct dentry *dentry, const struct dentry *own)
{
	return storage_walk((__u64)BPF_CORE_READ(dentry, d_parent), (__u64)own) ||
	       storage_mounted((__u64)BPF_CORE_READ(dentry, d_sb), (__u64)own);
}

/* What the current task must not do outside of storage is recorded with; NULL: it may. */
static __always_inline struct lsm_container *storage_policy(const struct dentry *dentry)
{
	struct lsm_engine *guard;

	if (!task_is_of_host())
		return NULL;
	guard = engine_map();
	if (!guard || guard->files.mode < LSM_MODE_AUDIT || !(engine_marks() & LSM_ENGINE_IS_DAEMON))
		return NULL;
	return BPF_CORE_READ(dentry, d_sb, s_magic) == OVERLAYFS_MAGIC ? NULL : &guard->files;
}

static __noinline int storage_refuse(struct lsm_container *policy, const struct dentry *dentry,
				     enum lsm_hook hook, __u64 detail)
{
	struct object object = { .detail = detail };

	if (is_in_storage(dentry, worker_root()))
		return 0;
	object_of_dentry(&object, dentry);
	return refuse(policy, hook, &object, EPERM);
}

static __always_inline int storage_create(const struct dentry *dentry, umode_t mode)
{
	struct lsm_container *policy;

	if (!(mode & (S_ISUID | S_ISGID)))
		return 0;
	policy = storage_policy(dentry);
	return policy ? storage_refuse(policy, dentry, LSM_HOOK_inode_create, mode) : 0;
}

/* An overlay's mark for what is deleted is a device with the number 0. */
static __always_inline int storage_mknod(const struct dentry *dentry, umode_t mode, dev_t device)
{
	bool is_device = (mode & S_IFMT) == S_IFBLK || ((mode & S_IFMT) == S_IFCHR && device);
	struct lsm_container *policy;

	if (!is_device && !(mode & (S_ISUID | S_ISGID)))
		return 0;
	policy = storage_policy(dentry);
	return policy ? storage_refuse(policy, dentry, LSM_HOOK_inode_mknod, mode) : 0;
}

/* A worker that opens to others what they could not reach yet: what it left inside would be outside of storage then. */
static __always_inline int storage_open_folder(const struct dentry *dentry,
					       const struct folder *before,
					       const struct folder *after)
{
	struct lsm_container *policy;

	if (!folder_is_closed(before) || folder_is_closed(after))
		return 0;
	policy = storage_policy(dentry);
	if (!policy || !worker_root())
		return 0;
	return storage_refuse(policy, dentry, LSM_HOOK_inode_setattr, after->mode);
}

static __always_inline int storage_setattr(const struct dentry *dentry, const struct iattr *attr)
{
	__u32 valid = BPF_CORE_READ(attr, ia_valid);
	struct lsm_container *policy;
	struct folder before, after;

	if (!(valid & (ATTR_MODE | ATTR_UID | ATTR_GID)))
		return 0;
	before = folder_of(compat_inode_of(dentry));
	after = before;
	if (valid & ATTR_MODE)
		after.mode = BPF_CORE_READ(attr, ia_mode);
	if (valid & ATTR_UID)
		after.uid = compat_uid_of_attr(attr);
	if (valid & ATTR_GID)
		after.gid = compat_gid_of_attr(attr);
	if ((before.mode & S_IFMT) == S_IFDIR)
		return storage_open_folder(dentry, &before, &after);
	if (!(valid & ATTR_MODE) || !(after.mode & (S_ISUID | S_ISGID)))
		return 0;
	policy = storage_policy(dentry);
	return policy ? storage_refuse(policy, dentry, LSM_HOOK_inode_setattr, after.mode) : 0;
}

static __always_inline int storage_xattr(const struct dentry *dentry, const char *name)
{
	struct lsm_container *policy = storage_policy(dentry);

	if (!policy || !is_capability_name(name))
		return 0;
	return storage_refuse(policy, dentry, LSM_HOOK_inode_setxattr, 0);
}

/*
 * Whether overlayfs itself gives @dentry its name in an upper layer, in a copy-up: out of its work folder, which looks like
 * storage because none but the kernel gets to it. Where the host's own root is an overlay, a daemon does that all the time.
 */
static __always_inline bool is_copied_up(const struct dentry *dentry)
{
	const struct task_struct *task = bpf_get_current_task_btf();
	const struct dentry *work = BPF_CORE_READ(dentry, d_parent);

	return task->cred != task->real_cred && !(BPF_CORE_READ(work, d_inode, i_mode) & 07777) &&
	       compat_is_overlays(BPF_CORE_READ(work, d_parent, d_inode));
}

/* A new name: for what is setuid, or comes out of storage, which may hold what nobody outside is to have. */
static __noinline int storage_move_refuse(struct lsm_container *policy, const struct dentry *from,
					  const struct dentry *to, enum lsm_hook hook)
{
	umode_t mode = BPF_CORE_READ(from, d_inode, i_mode);
	struct dentry *own = worker_root();
	struct object object = { .detail = mode };

	if (is_in_storage(to, own))
		return 0;
	if (((mode & S_IFMT) == S_IFDIR || !(mode & (S_ISUID | S_ISGID))) &&
	    (is_copied_up(from) || !is_in_storage(from, own)))
		return 0;
	object_of_dentry(&object, to);
	return refuse(policy, hook, &object, EPERM);
}

static __always_inline int storage_move(const struct dentry *from, const struct dentry *to,
					enum lsm_hook hook)
{
	struct lsm_container *policy = storage_policy(to);

	return policy ? storage_move_refuse(policy, from, to, hook) : 0;
}
