/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * engine - owns the domain of the engines, so that who may talk to one, but is not root, cannot have it do what he may not:
 * what an engine's daemon becomes by execve(2), and what it starts, all outside of containers. In the domain only listed
 * programs are executed, what is guarded against engines is not changed, and the daemon itself does not listen on TCP; what
 * it may leave where is storage.bpf.h's.
 *
 * Each of the two has a mode of its own in the map `engine`; with both off a task of the host costs one look at that map where
 * these programs are, and opening a file for reading nothing at all. Host root is trusted: who can write the map, or the
 * programs' files, is none of our attackers.
 *
 * A daemon is known by its file, or by its name wherever it lies, so that an upgrade, and the copies of itself that it
 * starts, are it, too. Whoever else gives his program that name takes rights from himself alone.
 *
 * Not covered: what engines start while the programs are exchanged by a reload; what ran before the guard was on and is no
 * daemon, as a shim; a daemon that was listening before; reading.
 */
#pragma once

#include "record.bpf.h"

#define AF_INET 2
#define AF_INET6 10

/* NULL: nothing is held against engines at all. */
static __always_inline struct lsm_engine *engine_map(void)
{
	__u32 zero = 0;
	struct lsm_engine *guard = bpf_map_lookup_elem(&engine, &zero);

	return guard && (guard->policy.mode >= LSM_MODE_AUDIT || guard->files.mode >= LSM_MODE_AUDIT) ?
		       guard :
		       NULL;
}

/* Of an engine that ran before the layer was loaded the first thread alone is marked: user space cannot name the others. */
static __always_inline __u32 engine_marks(void)
{
	struct task_struct *task = bpf_get_current_task_btf();
	__u32 *marks = bpf_task_storage_get(&engine_tasks, task, 0, 0);

	if (!marks)
		marks = bpf_task_storage_get(&engine_tasks, task->group_leader, 0, 0);
	return marks ? *marks : 0;
}

/* What the guard holds against the current task, which is in no container; NULL: nothing. */
static __always_inline struct lsm_engine *engine_of_current(__u32 mark)
{
	struct lsm_engine *guard = engine_map();

	return guard && guard->policy.mode >= LSM_MODE_AUDIT && (engine_marks() & mark) ? guard :
											  NULL;
}

static __always_inline __u32 guard_name_hash(const struct dentry *dentry)
{
	char name[LSM_GUARD_NAME] = {};
	__u32 hash = LSM_GUARD_START;

	bpf_probe_read_kernel_str(name, sizeof(name), BPF_CORE_READ(dentry, d_name.name));
	for (int i = 0; i < LSM_GUARD_NAME && name[i]; i++)
		hash = LSM_GUARD_STEP(hash, name[i]);
	return hash;
}

static __always_inline __u32 engine_role(struct file *file)
{
	const struct inode *inode = BPF_CORE_READ(file, f_inode);
	struct lsm_guard_key key = { .inode = BPF_CORE_READ(inode, i_ino),
				     .device = BPF_CORE_READ(inode, i_sb, s_dev) };
	struct lsm_guard_key by_name = { .name = guard_name_hash(BPF_CORE_READ(file, f_path.dentry)) };
	__u32 *found = bpf_map_lookup_elem(&engine_files, &key);
	__u32 role = found ? *found : 0;

	found = bpf_map_lookup_elem(&engine_files, &by_name);
	return role | (found ? *found : 0);
}

/* A daemon that executes its own program again stays one. */
static __always_inline bool is_service(__u32 marks)
{
	return (marks & LSM_ENGINE_IS_DAEMON) ||
	       BPF_CORE_READ(bpf_get_current_task_btf(), real_parent, tgid) == 1;
}

/* execve(2), of a script also: its interpreter is none of the list's affair. */
static __always_inline int engine_exec(struct file *file)
{
	struct lsm_engine *guard = engine_map();
	struct object object = {};
	__u32 role, before, *marks;

	if (!guard)
		return 0;
	role = engine_role(file);
	before = engine_marks();
	if ((role & LSM_ENGINE_SERVICE) && is_service(before))
		role |= LSM_ENGINE_DAEMON;
	if (!before && !(role & LSM_ENGINE_DAEMON))
		return 0;
	if (before && guard->restrict_exec && !(role & (LSM_ENGINE_MAY_EXEC | LSM_ENGINE_DAEMON))) {
		int r;

		object_of_dentry(&object, BPF_CORE_READ(file, f_path.dentry));
		r = refuse(&guard->policy, LSM_HOOK_bprm_creds_for_exec, &object, EACCES);
		if (r)
			return r;
	}
	marks = bpf_task_storage_get(&engine_tasks, bpf_get_current_task_btf(), 0,
				     BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (marks)
		*marks = LSM_ENGINE_IN_DOMAIN | (role & LSM_ENGINE_DAEMON ? LSM_ENGINE_IS_DAEMON : 0);
	return 0;
}

/* fork(2), of threads also: the mark goes along. */
static __always_inline int engine_fork(struct task_struct *child)
{
	__u32 marks;

	if (!engine_map() || !task_is_of_host())
		return 0;
	marks = engine_marks();
	if (marks)
		bpf_task_storage_get(&engine_tasks, child, &marks, BPF_LOCAL_STORAGE_GET_F_CREATE);
	return 0;
}

/* What an engine starts may listen: it forwards the ports of containers. */
static __always_inline int engine_listen(struct socket *sock)
{
	struct lsm_engine *guard;
	struct sock *sk;
	__u16 family;

	if (!task_is_of_host())
		return 0;
	guard = engine_of_current(LSM_ENGINE_IS_DAEMON);
	if (!guard || !guard->refuse_tcp)
		return 0;
	sk = BPF_CORE_READ(sock, sk);
	family = BPF_CORE_READ(sk, __sk_common.skc_family);
	if (family != AF_INET && family != AF_INET6)
		return 0;
	return refuse_detail(&guard->policy, LSM_HOOK_socket_listen, family);
}
