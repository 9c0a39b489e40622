/* SPDX-License-Identifier: GPL-2.0-or-later */
/* record - owns the verdict and its trace: refuse() counts, records, and says what the hook returns. */
#pragma once

#include <asm-generic/errno-base.h>

#include "gate.bpf.h"

#define NS_PER_SECOND 1000000000ULL
#define RATE_TRIES                                                                                 \
	8 /* of a race for the counter of this second; then the record is lost, never the refusal */

/* What was asked for. */
struct object {
	__u64 inode;
	__u64 detail;
	__u32 device;
	__u32 target_pid;
	const void *name; /* kernel pointer, or NULL */
};

/*
 * Linux 6.12 verifies that an LSM program returns 0 or -errno, and does not follow what clang makes of `x ? -EPERM : 0`.
 * Constants that clang cannot see through are followed.
 */
static __always_inline int opaque_eperm(void)
{
	int r;

	asm volatile("%0 = -1" : "=r"(r));
	return r;
}

static __always_inline int opaque_eacces(void)
{
	int r;

	asm volatile("%0 = -13" : "=r"(r));
	return r;
}

/* Whether this second has room for one more record of a container. */
static __always_inline bool rate_allows(struct lsm_counters *counts)
{
	__u64 second = bpf_ktime_get_ns() / NS_PER_SECOND;

	for (int i = 0; i < RATE_TRIES; i++) {
		__u64 old = *(volatile __u64 *)&counts->rate;
		__u64 new = old >> 32 == second ? old + 1 : second << 32 | 1;

		if ((new & 0xffffffff) > LSM_RECORDS_PER_SECOND)
			return false;
		if (__sync_val_compare_and_swap(&counts->rate, old, new) == old)
			return true;
	}
	return false;
}

static __always_inline bool emit(const struct lsm_container *container, enum lsm_hook hook,
				 const struct object *object, __u32 error, enum lsm_mode mode)
{
	struct lsm_event *event = bpf_ringbuf_reserve(&events, sizeof(*event), 0);
	__u64 ids = bpf_get_current_pid_tgid();

	if (!event)
		return false;
	__builtin_memset(event, 0, sizeof(*event));
	event->time_ns = bpf_ktime_get_ns();
	event->cgroup_id = container->cgroup_id;
	event->inode = object->inode;
	event->device = object->device;
	event->detail = object->detail;
	event->target_pid = object->target_pid;
	event->pid = ids >> 32;
	event->tid = (__u32)ids;
	event->uid = (__u32)bpf_get_current_uid_gid();
	event->hook = hook;
	event->mode = mode;
	event->error = error;
	bpf_get_current_comm(event->comm, sizeof(event->comm));
	__builtin_memcpy(event->id, container->id, sizeof(event->id));
	if (object->name)
		bpf_probe_read_kernel_str(event->object, sizeof(event->object), object->name);
	bpf_ringbuf_submit(event, 0);
	return true;
}

/* Whether the current task is the runtime's, which user space said before it went inside. */
static __always_inline bool task_is_setup(void)
{
	return bpf_task_storage_get(&setup_tasks, bpf_get_current_task_btf(), 0, 0);
}

static __always_inline void count_and_emit(const struct lsm_container *container,
					   enum lsm_hook hook, const struct object *object,
					   __u32 error, enum lsm_mode mode)
{
	__u64 id = container->cgroup_id;
	struct lsm_counters *counts = bpf_map_lookup_elem(&counters, &id);

	if (!counts)
		return;
	if (hook < LSM_HOOK_COUNT)
		__sync_fetch_and_add((__u64 *)counts + hook, 1);
	if (!rate_allows(counts) || !emit(container, hook, object, error, mode))
		__sync_fetch_and_add(&counts->records_lost, 1);
}

/*
 * The current task of @container must not do what @hook is about: 0 in audit mode and for the runtime's own tasks, -EPERM or
 * -EACCES otherwise. One function, not inlined, so that thirty programs do not carry it each.
 */
static __noinline int refuse(struct lsm_container *container, enum lsm_hook hook,
			     const struct object *object, int error)
{
	if (!container || !object || container->mode < LSM_MODE_AUDIT)
		return 0;
	if (task_is_setup())
		return 0;
	count_and_emit(container, hook, object, error, container->mode);
	if (container->mode != LSM_MODE_ENFORCE)
		return 0;
	if (error == EACCES)
		return opaque_eacces();
	return opaque_eperm();
}

/* The kernel refused it to the current task, and no hook was reached. */
static __noinline int witness(struct lsm_container *container, enum lsm_hook hook,
			      const struct object *object, int error)
{
	if (!container || !object || container->mode < LSM_MODE_AUDIT || task_is_setup())
		return 0;
	count_and_emit(container, hook, object, error, LSM_MODE_ENFORCE);
	return 0;
}

static __always_inline int refuse_detail(struct lsm_container *container, enum lsm_hook hook,
					 __u64 detail)
{
	struct object object = { .detail = detail };

	return refuse(container, hook, &object, EPERM);
}

/* Fills in the file that a dentry names; its inode may be missing, for what is about to be made. */
static __always_inline void object_of_dentry(struct object *object, const struct dentry *dentry)
{
	struct inode *inode = compat_inode_of(dentry);

	object->name = BPF_CORE_READ(dentry, d_name.name);
	object->device = BPF_CORE_READ(dentry, d_sb, s_dev);
	object->inode = inode ? BPF_CORE_READ(inode, i_ino) : 0;
}
