/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * surface - owns which parts of the kernel a container may talk to at all.
 *
 * Not covered: an io_uring or a userfaultfd that was made before the container was armed, or that was sent to it, can be
 * used; what a container asks a process of the host to do for it.
 */
#pragma once

#include "record.bpf.h"

#define AF_ALG 38
#define AF_VSOCK 40

/* The current container where it lacks the permission; NULL: nothing to refuse. */
static __always_inline struct lsm_container *container_without(__u32 allow)
{
	struct lsm_container *container = container_of_current();

	if (!container_is_armed(container) || (container->allow & allow))
		return NULL;
	return container;
}

static __always_inline int surface_require(__u32 allow, enum lsm_hook hook, __u64 detail)
{
	struct lsm_container *container = container_without(allow);

	return container ? refuse_detail(container, hook, detail) : 0;
}

/* The kernel makes sockets of its own in the context of whoever is current. Through 32-bit socketcall(2), too. */
static __always_inline int surface_socket(int family, int kern)
{
	if (kern)
		return 0;
	if (family == AF_ALG)
		return surface_require(LSM_ALLOW_AF_ALG, LSM_HOOK_socket_create, family);
	if (family == AF_VSOCK)
		return surface_require(LSM_ALLOW_AF_VSOCK, LSM_HOOK_socket_create, family);
	return 0;
}

/* security_create_user_ns(): @cred still has the parent. */
static __always_inline int surface_userns(const struct cred *cred)
{
	struct lsm_container *container = container_of_current();
	__u32 depth;

	if (!container_is_armed(container))
		return 0;
	depth = userns_depth_of(cred, container);
	if (depth <= container->userns_depth)
		return 0;
	return refuse_detail(container, LSM_HOOK_userns_create, depth);
}

/* Before Linux 6.16 io_uring_setup(2) has no hook but that of its file, whose name is "[io_uring]". */
static __always_inline int surface_anon_inode(const struct qstr *name)
{
	struct object object = {};
	struct lsm_container *container;
	char text[4] = {};
	__u32 allow;

	container = container_of_current();
	if (!container_is_armed(container))
		return 0;
	object.name = BPF_CORE_READ(name, name);
	bpf_probe_read_kernel(text, sizeof(text), object.name);
	if (text[1] == 'i' && text[2] == 'o' && text[3] == '_')
		allow = LSM_ALLOW_IO_URING;
	else if (text[1] == 'u' && text[2] == 's' && text[3] == 'e')
		allow = LSM_ALLOW_USERFAULTFD;
	else
		return 0;
	if (container->allow & allow)
		return 0;
	return refuse(container, LSM_HOOK_inode_init_security_anon, &object, EPERM);
}

static __always_inline int surface_module(const char *name)
{
	struct lsm_container *container = container_without(LSM_ALLOW_MODULES);
	struct object object = { .name = name };

	return container ? refuse(container, LSM_HOOK_kernel_module_request, &object, EPERM) : 0;
}
