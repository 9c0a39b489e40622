/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * engine - owns the domain of the engines, so that who may talk to one, but is not root, cannot have it do what he may not:
 * what an engine's daemon becomes by execve(2), and what it starts, all outside of containers. In the domain only listed
 * programs are executed, what is guarded against engines is not changed, and the daemon itself does not listen on TCP.
 *
 * Off unless the map `engine` says a mode: then a task of the host costs one look at that map where these programs are, and
 * opening a file for reading nothing at all. Host root is trusted: who can write the map, or the programs' files, is none of
 * our attackers.
 *
 * Not covered: engines that ran before the guard was on, until they are started again, and what they start while the programs
 * are exchanged by a reload; a daemon that was listening before; reading.
 */
#pragma once

#include "record.bpf.h"

#define AF_INET 2
#define AF_INET6 10

/* NULL: the guard is off. */
static __always_inline struct lsm_engine *engine_guard(void)
{
	__u32 zero = 0;
	struct lsm_engine *guard = bpf_map_lookup_elem(&engine, &zero);

	return guard && guard->policy.mode >= LSM_MODE_AUDIT ? guard : NULL;
}

/* What the guard holds against the current task, which is in no container; NULL: nothing. */
static __always_inline struct lsm_engine *engine_of_current(__u32 mark)
{
	struct lsm_engine *guard = engine_guard();
	__u32 *marks;

	if (!guard)
		return NULL;
	marks = bpf_task_storage_get(&engine_tasks, bpf_get_current_task_btf(), 0, 0);
	return marks && (*marks & mark) ? guard : NULL;
}

static __always_inline __u32 engine_role(struct file *file)
{
	const struct inode *inode = BPF_CORE_READ(file, f_inode);
	struct lsm_guard_key key = { .inode = BPF_CORE_READ(inode, i_ino),
				     .device = BPF_CORE_READ(inode, i_sb, s_dev) };
	__u32 *role = bpf_map_lookup_elem(&engine_files, &key);

	return role ? *role : 0;
}

/* execve(2), of a script also: its interpreter is none of the list's affair. */
static __always_inline int engine_exec(struct file *file)
{
	struct lsm_engine *guard = engine_guard();
	struct task_struct *task = bpf_get_current_task_btf();
	struct object object = {};
	__u32 role, *marks;

	if (!guard)
		return 0;
	role = engine_role(file);
	marks = bpf_task_storage_get(&engine_tasks, task, 0,
				     role & LSM_ENGINE_DAEMON ? BPF_LOCAL_STORAGE_GET_F_CREATE : 0);
	if (!marks)
		return 0;
	if (*marks && guard->restrict_exec && !(role & (LSM_ENGINE_MAY_EXEC | LSM_ENGINE_DAEMON))) {
		int r;

		object_of_dentry(&object, BPF_CORE_READ(file, f_path.dentry));
		r = refuse(&guard->policy, LSM_HOOK_bprm_creds_for_exec, &object, EACCES);
		if (r)
			return r;
	}
	*marks = LSM_ENGINE_IN_DOMAIN | (role & LSM_ENGINE_DAEMON ? LSM_ENGINE_IS_DAEMON : 0);
	return 0;
}

/* fork(2), of threads also: the mark goes along. */
static __always_inline int engine_fork(struct task_struct *child)
{
	__u32 *marks;

	if (!engine_guard())
		return 0;
	marks = bpf_task_storage_get(&engine_tasks, bpf_get_current_task_btf(), 0, 0);
	if (marks)
		bpf_task_storage_get(&engine_tasks, child, marks, BPF_LOCAL_STORAGE_GET_F_CREATE);
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
