/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * gate - owns the answer to "is this task in a container, and which one's policy is its?".
 *
 * How this works: the user namespace of `real_cred` (`cred` is not it: overlayfs swaps that one for the mounter's) and its
 * parents decide that a task is contained; a task of the host leaves after two loads. Where one container is in that
 * namespace, its policy is the answer. Where there are more (a pod), the nearest registered cgroup decides; a task in none
 * of them gets the strictest policy of the namespace: what any of its containers must not, by permissions and by masks. Nothing here reads what a task could change from inside.
 */
#pragma once

#include "compat.bpf.h"
#include "maps.bpf.h"

/* Levels of user namespaces: create_user_ns() refuses to nest deeper than 32. */
#define USERNS_LEVELS 33

/* The nearest registered cgroup that is in the same namespace, or NULL. */
static __always_inline struct lsm_container *container_by_cgroup(__u32 userns)
{
	struct lsm_container *nearest = NULL;

	/* Downwards, so that a container that nests cgroups without end costs no more. */
	for (int level = 1; level <= LSM_CGROUP_LEVEL_MAX; level++) {
		__u64 id = bpf_get_current_ancestor_cgroup_id(level);
		struct lsm_container *container;

		if (!id)
			break;
		container = bpf_map_lookup_elem(&containers, &id);
		if (container && container->userns == userns)
			nearest = container;
	}
	return nearest;
}

static __always_inline struct lsm_container *container_of_namespace(__u32 userns,
								    struct lsm_namespace *ns)
{
	struct lsm_container *container;
	__u64 id = ns->strictest.cgroup_id;

	if (ns->members == 1)
		container = bpf_map_lookup_elem(&containers, &id);
	else
		container = container_by_cgroup(userns);
	return container ? container : &ns->strictest;
}

/* Whether a namespace is the one that was registered, and not another that has its number now. */
static __always_inline bool userns_is_registered(struct user_namespace *userns,
						 const struct lsm_namespace *ns)
{
	/* More extents than that are stored elsewhere, sorted by the ids inside. */
	__u32 first = userns->uid_map.nr_extents > LSM_UID_LINES ?
			      BPF_CORE_READ(userns, uid_map.forward, lower_first) :
			      userns->uid_map.extent[0].lower_first;

	return first == ns->strictest.first_uid;
}

/* The container of the current task; NULL: it is in none. */
static __always_inline struct lsm_container *container_of_current(void)
{
	struct user_namespace *userns = bpf_get_current_task_btf()->real_cred->user_ns;

	if (userns->level == 0)
		return NULL;
	for (int i = 0; i < USERNS_LEVELS && userns; i++) {
		__u32 inum = userns->ns.inum;
		struct lsm_namespace *ns = bpf_map_lookup_elem(&namespaces, &inum);

		if (ns && userns_is_registered(userns, ns))
			return container_of_namespace(inum, ns);
		userns = userns->parent;
	}
	return NULL;
}

/* In no user namespace but the first. */
static __always_inline bool task_is_of_host(void)
{
	return bpf_get_current_task_btf()->real_cred->user_ns->level == 0;
}

/* Whether anything is to be looked at for it; the cheap answer before any other work. */
static __always_inline bool container_is_armed(const struct lsm_container *container)
{
	return container && container->mode >= LSM_MODE_AUDIT;
}

/* Whether a user namespace is a container's or below it. The pointer may come from a probe read. */
static __always_inline bool userns_is_of(struct user_namespace *userns,
					 const struct lsm_container *container)
{
	for (int i = 0; i < USERNS_LEVELS && userns; i++) {
		if (BPF_CORE_READ(userns, ns.inum) == container->userns)
			return true;
		userns = BPF_CORE_READ(userns, parent);
	}
	return false;
}

/* Whether whoever has a capability in @above has it in @userns, too. */
static __always_inline bool userns_is_at_or_below(struct user_namespace *userns,
						  struct user_namespace *above)
{
	__u32 inum = BPF_CORE_READ(above, ns.inum);

	for (int i = 0; i < USERNS_LEVELS && userns; i++) {
		if (BPF_CORE_READ(userns, ns.inum) == inum)
			return true;
		userns = BPF_CORE_READ(userns, parent);
	}
	return false;
}

/* The levels of user namespaces below a container's own, were the current task to make one. */
static __always_inline __u32 userns_depth_of(const struct cred *cred,
					     const struct lsm_container *container)
{
	__u32 inum = container->userns;
	struct lsm_namespace *ns = bpf_map_lookup_elem(&namespaces, &inum);

	return ns ? cred->user_ns->level + 1 - ns->level : USERNS_LEVELS;
}

/*
 * The policy that a container without a cgroup has in a pod is a copy, which user space makes anew from the container's own
 * entry. User space looks at that entry again after it wrote the copy; this is the other order, so that one of the two sees it.
 */
static __always_inline void arm_without_cgroup(const struct lsm_container *container)
{
	__u64 id = container->cgroup_id;
	__u32 userns = container->userns;
	struct lsm_container *own = bpf_map_lookup_elem(&containers, &id);
	struct lsm_namespace *ns;

	if (own && own->mode == LSM_MODE_ARM_ON_EXEC)
		own->mode = own->armed_mode;
	ns = bpf_map_lookup_elem(&namespaces, &userns);
	if (ns && ns->strictest.mode == LSM_MODE_ARM_ON_EXEC)
		ns->strictest.mode = ns->strictest.armed_mode;
}

/*
 * bprm_creds_for_exec: what the runtime did until now was not looked at; from here on the task is the container's. It is
 * the one moment at which the container's first process cannot call bpf(2) any more, and nothing of the container runs yet.
 * True when it was so just now: then the program was opened unseen.
 */
static __always_inline bool arm_current(struct lsm_container *container)
{
	bool fresh = bpf_task_storage_delete(&setup_tasks, bpf_get_current_task_btf()) == 0;
	__u32 tgid = bpf_get_current_pid_tgid() >> 32;

	if (container->mode == LSM_MODE_ARM_ON_EXEC &&
	    (!container->arm_pid || container->arm_pid == tgid)) {
		container->mode = container->armed_mode;
		if (container->cgroup_id & LSM_NO_CGROUP)
			arm_without_cgroup(container);
		fresh = true;
	}
	return fresh;
}
