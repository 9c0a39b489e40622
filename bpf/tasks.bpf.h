/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * tasks - owns the border around a container's processes: ptrace, /proc/PID and pidfd_getfd(2), signals, priorities,
 * schedulers, limits.
 *
 * The border is the registered user namespace: the containers of a pod that share one are one side. What crosses it from
 * outside is not looked at, nor is what the kernel sends by itself (SIGCHLD, terminals, timers). Moving the memory of others
 * (move_pages(2)) asks for ptrace first. Not covered: what others may be asked for (sched_getaffinity(2), getpgid(2)).
 */
#pragma once

#include "record.bpf.h"

#define PTRACE_MODE_NOAUDIT 0x04

static __always_inline struct lsm_container *container_across(struct task_struct *target)
{
	struct lsm_container *container = container_of_current();

	if (!container_is_armed(container))
		return NULL;
	return userns_is_of(BPF_CORE_READ(target, real_cred, user_ns), container) ? NULL : container;
}

static __always_inline int tasks_refuse(struct lsm_container *container, enum lsm_hook hook,
					struct task_struct *target, __u64 detail)
{
	struct object object = { .detail = detail, .name = target->comm };

	object.target_pid = BPF_CORE_READ(target, tgid);
	return refuse(container, hook, &object, EPERM);
}

/* Readers of /proc/PID/stat ask with NOAUDIT what they may see: they see less, and nobody tried anything. */
static __always_inline int tasks_ptrace(struct task_struct *target, unsigned int mode)
{
	struct lsm_container *container = container_across(target);

	if (!container)
		return 0;
	if (mode & PTRACE_MODE_NOAUDIT) {
		if (container->mode != LSM_MODE_ENFORCE || task_is_setup())
			return 0;
		return opaque_eperm();
	}
	return tasks_refuse(container, LSM_HOOK_ptrace_access_check, target, mode);
}

/* With @cred the signal is from somebody else than the current task (USB's asynchronous I/O). */
static __always_inline int tasks_kill(struct task_struct *target, int sig, __u64 cred)
{
	struct lsm_container *container;

	if (cred)
		return 0;
	container = container_across(target);
	return container ? tasks_refuse(container, LSM_HOOK_task_kill, target, sig) : 0;
}

/* Reached only where user ids are the same, or the caller has the capability over the target. */
static __always_inline int tasks_change(struct task_struct *target, enum lsm_hook hook, __u64 detail)
{
	struct lsm_container *container = container_across(target);

	return container ? tasks_refuse(container, hook, target, detail) : 0;
}

/* Asked with credentials, not with a task: whose they are, the record cannot say. */
static __always_inline int tasks_prlimit(const struct cred *target, unsigned int flags)
{
	struct lsm_container *container = container_of_current();

	if (!container_is_armed(container) || userns_is_of(BPF_CORE_READ(target, user_ns), container))
		return 0;
	return refuse_detail(container, LSM_HOOK_task_prlimit, flags);
}
