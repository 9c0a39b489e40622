/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * paths - owns which folders, files and sockets of the host no container may change, mount or connect to, should they ever
 * be within its reach: an engine's configuration and socket, data roots, the policy store. The first defence is that they
 * are not mounted.
 *
 * Known by device and inode, so that a bind, a rename, a hard link or a moved socket is the same one. A guarded folder guards
 * what lies directly in it, now or later; no ancestor but the parent is looked at. An entry may be guarded by its name in a
 * folder that is not, and then a file or socket that is made anew under that name is guarded, too. What is the root of one of
 * the mounts that a container starts with was given to it: its parent does not count there. It does where the container, or
 * who is below it, has bound a single file.
 *
 * Not covered: reading; the times of a file, and its extended attributes; a bind by mount(2), whose source is text, and
 * open_tree(2): what is guarded stays so behind it.
 */
#pragma once

#include "confine.bpf.h"
#include "engine.bpf.h"

static __always_inline __u32 guard_of(const struct inode *inode, __u32 device, __u32 name)
{
	struct lsm_guard_key key = { .device = device, .name = name };
	__u32 *found;

	if (!inode)
		return 0;
	key.inode = BPF_CORE_READ(inode, i_ino);
	found = bpf_map_lookup_elem(&guarded, &key);
	return found ? *found : 0;
}

/*
 * An entry of @folder, which may not exist yet; @against is what its guard must say beside, or 0. Not inlined: a dozen
 * programs ask, some of them twice.
 */
static __noinline int entry_is_guarded(const struct dentry *folder, const struct dentry *dentry,
				       __u32 against)
{
	__u32 device = BPF_CORE_READ(dentry, d_sb, s_dev);
	const struct inode *inode = BPF_CORE_READ(folder, d_inode);
	__u32 guard = guard_of(inode, device, 0);
	__u32 wanted = LSM_GUARD_ENTRIES | against;

	if ((guard & wanted) == wanted)
		return 1;
	wanted = LSM_GUARD_SELF | against;
	if ((guard & LSM_GUARD_NAMES) &&
	    (guard_of(inode, device, guard_name_hash(dentry)) & wanted) == wanted)
		return 1;
	return (guard_of(BPF_CORE_READ(dentry, d_inode), device, 0) & wanted) == wanted;
}

/* Who the guards are asked for. */
struct subject {
	struct lsm_container *policy; /* NULL: nobody */
	__u32 against; /* LSM_GUARD_ENGINES for a task of the host, whose mounts are its own */
};

static __always_inline struct subject subject_of_current(void)
{
	struct subject subject = { .policy = container_of_current() };
	struct lsm_engine *guard;

	if (subject.policy) {
		if (!container_is_armed(subject.policy))
			subject.policy = NULL;
		return subject;
	}
	if (!task_is_of_host())
		return subject;
	guard = engine_of_current(LSM_ENGINE_IN_DOMAIN);
	if (guard) {
		subject.policy = &guard->policy;
		subject.against = LSM_GUARD_ENGINES;
	}
	return subject;
}

/* Whether a mount is none that a container has. */
static __always_inline bool is_foreign(const struct vfsmount *mnt, const struct subject *subject)
{
	return !subject->against && !mount_is_of(mnt, subject->policy);
}

/* What a path leads to. */
static __always_inline bool path_is_guarded(const struct path *path, const struct subject *subject)
{
	const struct dentry *dentry = path->dentry;
	const struct dentry *parent = BPF_CORE_READ(dentry, d_parent);

	if (!subject->against && dentry == BPF_CORE_READ(path, mnt, mnt_root) &&
	    mount_seals(compat_mount_of(path->mnt), subject->policy))
		parent = dentry;
	return entry_is_guarded(parent, dentry, subject->against);
}

/* Names that come, go or change: @dentry in @dir. */
static __always_inline int paths_entry(const struct path *dir, const struct dentry *dentry,
				       enum lsm_hook hook)
{
	struct subject subject = subject_of_current();

	if (!subject.policy)
		return 0;
	if (!is_foreign(dir->mnt, &subject) && !entry_is_guarded(dir->dentry, dentry, subject.against))
		return 0;
	return confine_refuse(subject.policy, hook, dentry);
}

/* Both names are on one mount, or the kernel refuses: the second one's is not looked at. */
static __always_inline int paths_entries(const struct path *dir, const struct dentry *dentry,
					 const struct dentry *other_dir, const struct dentry *other,
					 enum lsm_hook hook)
{
	struct subject subject = subject_of_current();

	if (!subject.policy)
		return 0;
	if (!is_foreign(dir->mnt, &subject) &&
	    !entry_is_guarded(dir->dentry, dentry, subject.against) &&
	    !entry_is_guarded(other_dir, other, subject.against))
		return 0;
	return confine_refuse(subject.policy, hook, dentry);
}

/* Its owner, mode or length. */
static __always_inline int paths_change(const struct path *path, enum lsm_hook hook)
{
	struct subject subject = subject_of_current();

	if (!subject.policy)
		return 0;
	if (!is_foreign(path->mnt, &subject) && !path_is_guarded(path, &subject))
		return 0;
	return confine_refuse(subject.policy, hook, path->dentry);
}

/* Before Linux 6.2 this is asked by open(2) with O_TRUNC, too: `>/dev/stdout`. */
static __always_inline int paths_truncate(const struct path *path)
{
	struct subject subject = subject_of_current();

	if (!subject.policy)
		return 0;
	if (is_foreign(path->mnt, &subject)) {
		if (compat_open_asks_path_truncate() &&
		    file_is_inherited(path->dentry->d_inode, subject.policy))
			return 0;
	} else if (!path_is_guarded(path, &subject)) {
		return 0;
	}
	return confine_refuse(subject.policy, LSM_HOOK_path_truncate, path->dentry);
}

/* An open file that is to be written, or is emptied: O_TRUNC does that with O_RDONLY, too, and since Linux 6.2 unasked. */
static __always_inline bool file_is_changed(struct file *file)
{
	return (file->f_mode & FMODE_WRITE) || (file->f_flags & O_TRUNC);
}

static __always_inline int paths_open(struct lsm_container *container, struct file *file)
{
	const struct subject subject = { .policy = container };

	if (!file_is_changed(file) || !path_is_guarded(&file->f_path, &subject))
		return 0;
	return confine_refuse(container, LSM_HOOK_file_open, file->f_path.dentry);
}

/* The same by a task that is in no container. */
static __always_inline int paths_open_by_engine(struct file *file)
{
	struct subject subject = { .against = LSM_GUARD_ENGINES };
	struct lsm_engine *guard;

	if (!file_is_changed(file) || !task_is_of_host())
		return 0;
	guard = engine_of_current(LSM_ENGINE_IN_DOMAIN);
	if (!guard || !path_is_guarded(&file->f_path, &subject))
		return 0;
	return confine_refuse(&guard->policy, LSM_HOOK_file_open, file->f_path.dentry);
}

/* What is moved, or mounted upon. */
static __always_inline int paths_mount(const struct path *path, enum lsm_hook hook)
{
	struct subject subject = subject_of_current();

	if (!subject.policy || !path_is_guarded(path, &subject))
		return 0;
	return mounts_refuse(subject.policy, hook, path->dentry, 0);
}

/* ---- sockets ---- */

/* A name that starts with NUL; @object gets the rest of it. */
static __always_inline bool abstract_is_guarded(struct unix_sock *peer, struct object *object)
{
	struct unix_address *address = BPF_CORE_READ(peer, addr);
	struct lsm_socket_name key = {};
	const char *text;
	__u32 n;

	if (!address)
		return false;
	/* sun_family, then the NUL, then the name. */
	n = (__u32)BPF_CORE_READ(address, len) - sizeof(__u16) - 1;
	text = (void *)address + bpf_core_field_offset(address->name) + sizeof(__u16) + 1;
	if (n == 0 || n > LSM_SOCKET_NAME_MAX)
		return false;
	barrier_var(n); /* clang may not know the bound any more, or it drops the mask, which is what the verifier knows it by */
	bpf_probe_read_kernel(key.name, n & (sizeof(key.name) - 1), text);
	key.netns = compat_netns_of(&peer->sk);
	object->name = text;
	return bpf_map_lookup_elem(&guarded_names, &key);
}

static __always_inline int paths_socket(struct sock *sock, enum lsm_hook hook)
{
	struct unix_sock *peer = (struct unix_sock *)sock;
	struct lsm_container *container = container_of_current();
	struct object object = {};
	struct dentry *dentry;

	if (!container_is_armed(container))
		return 0;
	dentry = BPF_CORE_READ(peer, path.dentry);
	if (dentry) {
		if (!entry_is_guarded(BPF_CORE_READ(dentry, d_parent), dentry, 0))
			return 0;
		object_of_dentry(&object, dentry);
	} else if (!abstract_is_guarded(peer, &object)) {
		return 0;
	}
	return refuse(container, hook, &object, EACCES);
}
