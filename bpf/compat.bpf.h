/* SPDX-License-Identifier: GPL-2.0-or-later */
/* compat - owns what differs between kernels: one accessor for each field or argument that moved. */
#pragma once

#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

/* struct super_block.s_mounts: a list_head of mount.mnt_instance until Linux 6.17, then a chain by mnt_next_for_sb, newest first. */
struct mount___listed {
	struct list_head mnt_instance;
} __attribute__((preserve_access_index));

struct super_block___listed {
	struct list_head s_mounts;
} __attribute__((preserve_access_index));

struct mount___chained {
	struct mount *mnt_next_for_sb;
} __attribute__((preserve_access_index));

struct super_block___chained {
	struct mount *s_mounts;
} __attribute__((preserve_access_index));

/*
 * Which of the two it is decides between two loops, not inside of one: clang moves the offsets of both in front of a loop,
 * and an offset that the kernel lacks is an instruction that its verifier refuses wherever it is reached.
 */
static __always_inline bool compat_mounts_are_chained(void)
{
	struct mount___chained *no_mount = 0;

	return bpf_core_field_exists(no_mount->mnt_next_for_sb);
}

static __always_inline struct mount *compat_first_chained(struct super_block *sb)
{
	struct super_block___chained *chained = (void *)sb;

	return BPF_CORE_READ(chained, s_mounts);
}

static __always_inline struct mount *compat_next_chained(struct mount *mount)
{
	struct mount___chained *chained = (void *)mount;

	return BPF_CORE_READ(chained, mnt_next_for_sb);
}

static __always_inline struct list_head *compat_mounts_list(struct super_block *sb)
{
	struct super_block___listed *listed = (void *)sb;

	return (void *)sb + bpf_core_field_offset(listed->s_mounts);
}

static __always_inline struct mount *compat_listed_mount(struct list_head *at)
{
	struct mount___listed *no_mount = 0;

	return (void *)at - bpf_core_field_offset(no_mount->mnt_instance);
}

/*
 * The user ids of an id-mapped mount: vfsmount.mnt_userns until Linux 6.2, vfsmount.mnt_idmap from then on, which holds
 * the maps themselves since Linux 6.7 and a user namespace (`owner`) before.
 */
struct vfsmount___userns {
	struct user_namespace *mnt_userns;
} __attribute__((preserve_access_index));

struct mnt_idmap___owner {
	struct user_namespace *owner;
} __attribute__((preserve_access_index));

struct mnt_idmap___maps {
	struct uid_gid_map uid_map;
} __attribute__((preserve_access_index));

struct vfsmount___idmap {
	struct mnt_idmap___maps *mnt_idmap;
} __attribute__((preserve_access_index));

/* NULL: the mount is not id-mapped, or that cannot be told. @idmap is what the kernel hands to hooks of inodes. */
static __always_inline struct uid_gid_map *compat_idmap_uids(void *idmap)
{
	struct vfsmount___userns *no_mount = 0;
	struct mnt_idmap___owner *owned = idmap;
	struct mnt_idmap___maps *maps = idmap;
	struct user_namespace *ns = idmap;

	if (!bpf_core_field_exists(no_mount->mnt_userns)) {
		if (bpf_core_field_exists(maps->uid_map))
			return (void *)idmap + bpf_core_field_offset(maps->uid_map);
		ns = BPF_CORE_READ(owned, owner);
	}
	return (void *)ns + bpf_core_field_offset(ns->uid_map);
}

/* What hooks of inodes get as their first argument, for a mount. */
static __always_inline void *compat_idmap_of(const struct vfsmount *mnt)
{
	struct vfsmount___userns *older = (void *)mnt;
	struct vfsmount___idmap *newer = (void *)mnt;

	if (bpf_core_field_exists(older->mnt_userns))
		return BPF_CORE_READ(older, mnt_userns);
	return BPF_CORE_READ(newer, mnt_idmap);
}

/* struct sock_common.skc_net is of a typedef without a struct's name. */
struct sock_common___net {
	struct {
		struct net *net;
	} skc_net;
} __attribute__((preserve_access_index));

static __always_inline __u32 compat_netns_of(struct sock *sock)
{
	struct sock_common___net *common = (void *)&sock->__sk_common;

	return BPF_CORE_READ(common, skc_net.net, ns.inum);
}

/* Ids are typedefs of structs without a name. */
struct inode___owned {
	struct {
		__u32 val;
	} i_uid, i_gid;
	void *i_acl;
} __attribute__((preserve_access_index));

struct iattr___owned {
	struct {
		__u32 val;
	} ia_uid, ia_gid;
} __attribute__((preserve_access_index));

static __always_inline __u32 compat_uid_of(const struct inode *inode)
{
	struct inode___owned *owned = (void *)inode;

	return BPF_CORE_READ(owned, i_uid.val);
}

static __always_inline __u32 compat_gid_of(const struct inode *inode)
{
	struct inode___owned *owned = (void *)inode;

	return BPF_CORE_READ(owned, i_gid.val);
}

/*
 * inode.i_state: a number of 64 bits until Linux 6.11, where I_OVL_INUSE is bit 14; of 32 bits from 6.12 on, with bit 13; in a
 * struct of its own since Linux 6.19, with an enum that tells.
 */
struct inode___numbered {
	__u32 i_state;
} __attribute__((preserve_access_index));

enum inode_state_flags_enum___named {
	I_OVL_INUSE = 1 << 14,
};

struct inode_state_flags___packed {
	enum inode_state_flags_enum___named __state;
};

struct inode___packed {
	struct inode_state_flags___packed i_state;
} __attribute__((preserve_access_index));

/* Whether a folder is the upper layer or the work folder of a mounted overlay; false where a kernel does not say. */
static __always_inline bool compat_is_overlays(const struct inode *inode)
{
	const struct inode___numbered *numbered = (void *)inode;
	const struct inode___packed *packed = (void *)inode;
	__u32 state = 0, bit = 0;

	if (bpf_core_field_exists(packed->i_state.__state)) {
		state = BPF_CORE_READ(packed, i_state.__state);
		bit = bpf_core_enum_value(enum inode_state_flags_enum___named, I_OVL_INUSE);
	} else if (bpf_core_field_exists(numbered->i_state)) {
		bpf_probe_read_kernel(&state, sizeof(state),
				      (void *)inode + bpf_core_field_offset(numbered->i_state));
		bit = bpf_core_field_size(numbered->i_state) == sizeof(state) ? 1 << 13 : 1 << 14;
	}
	return state & bit;
}

/* Whether an ACL is known to the kernel already: ~0 stands for one that was not looked for yet. */
static __always_inline bool compat_has_acl(const struct inode *inode)
{
	struct inode___owned *owned = (void *)inode;
	void *acl = NULL;

	if (bpf_core_field_exists(owned->i_acl))
		acl = BPF_CORE_READ(owned, i_acl);
	return acl && (__u64)acl != ~0ULL;
}

static __always_inline __u32 compat_uid_of_attr(const struct iattr *attr)
{
	struct iattr___owned *owned = (void *)attr;

	return BPF_CORE_READ(owned, ia_uid.val);
}

static __always_inline __u32 compat_gid_of_attr(const struct iattr *attr)
{
	struct iattr___owned *owned = (void *)attr;

	return BPF_CORE_READ(owned, ia_gid.val);
}

/* The last arguments of inode_setattr(), which got another one in front of them with Linux 6.8. */
static __always_inline void *compat_argument_from_end(void *ctx, __u32 index)
{
	__u64 value = 0;

	bpf_get_func_arg(ctx, bpf_get_func_arg_cnt(ctx) - 1 - index, &value);
	return (void *)value;
}

/* Linux 6.2 has file_truncate() for that; vfsmount.mnt_userns went at about the same time. */
static __always_inline bool compat_open_asks_path_truncate(void)
{
	struct vfsmount___userns *no_mount = 0;

	return bpf_core_field_exists(no_mount->mnt_userns);
}

/*
 * Since Linux 6.2 the verifier takes each pointer that a hook is given for one that is never NULL, and drops what stands
 * behind `if (!pointer)`. For arguments that may be NULL (task_kill's cred): their bits, which it knows nothing of.
 */
static __always_inline __u64 compat_nullable_argument(unsigned long long *ctx, int index)
{
	__u64 bits = 0;

	bpf_probe_read_kernel(&bits, sizeof(bits), ctx + index);
	return bits;
}

/* path_truncate() and others: d_inode may be NULL for the verifier since Linux 6.17; a test is harmless before. */
static __always_inline struct inode *compat_inode_of(const struct dentry *dentry)
{
	return BPF_CORE_READ(dentry, d_inode);
}

/* struct mount around a vfsmount: a negative offset, which the verifier only lets probe reads take. */
static __always_inline struct mount *compat_mount_of(const struct vfsmount *mnt)
{
	return (void *)mnt - bpf_core_field_offset(struct mount, mnt);
}

/*
 * Arguments of system calls, on x86-64; other processors have other fields, and functions with other names, so that the
 * programs that ask are left out there.
 */
static __always_inline __u64 compat_syscall_argument(struct pt_regs *regs, int index)
{
	if (!bpf_core_field_exists(regs->orig_ax))
		return 0;
	switch (index) {
	case 0:
		return BPF_CORE_READ(regs, di);
	case 1:
		return BPF_CORE_READ(regs, si);
	case 2:
		return BPF_CORE_READ(regs, dx);
	default:
		return BPF_CORE_READ(regs, r10);
	}
}

/* The same of 32-bit calls, int 0x80 among them, whatever program makes them. Only a processor of 64 bits has both. */
static __always_inline __u64 compat_syscall_argument32(struct pt_regs *regs, int index)
{
	if (!bpf_core_field_exists(regs->orig_ax))
		return 0;
	switch (index) {
	case 0:
		return (__u32)BPF_CORE_READ(regs, bx);
	case 1:
		return (__u32)BPF_CORE_READ(regs, cx);
	case 2:
		return (__u32)BPF_CORE_READ(regs, dx);
	default:
		return (__u32)BPF_CORE_READ(regs, si);
	}
}

/* Of the call that the current task is in; 0 where that cannot be told. */
static __always_inline __u64 compat_syscall_number(void)
{
	struct pt_regs *regs = (void *)bpf_task_pt_regs(bpf_get_current_task_btf());

	return bpf_core_field_exists(regs->orig_ax) ? BPF_CORE_READ(regs, orig_ax) : 0;
}

/* The superblock that a descriptor of fspick(2) is for. Of another descriptor: anything, or NULL. */
static __always_inline struct super_block *compat_sb_of_context(struct task_struct *task, __u32 fd)
{
	struct fdtable *table = BPF_CORE_READ(task, files, fdt);
	struct file **files = BPF_CORE_READ(table, fd);
	struct file *file = NULL;
	struct fs_context *context;

	if (fd >= BPF_CORE_READ(table, max_fds))
		return NULL;
	bpf_probe_read_kernel(&file, sizeof(file), files + fd);
	context = BPF_CORE_READ(file, private_data);
	return BPF_CORE_READ(context, root, d_sb);
}
