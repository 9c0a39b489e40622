/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * self - owns that pins are out of a container's reach, should a bpffs of the host ever be mounted in one. bpf(2) itself is
 * the surface's. Host root can undo everything, and is trusted.
 */
#pragma once

#include "record.bpf.h"

#define BPF_FS_MAGIC 0xcafe4a11

static __always_inline int self_pins(const struct dentry *dentry, enum lsm_hook hook)
{
	struct lsm_container *container;
	struct object object = {};

	if (BPF_CORE_READ(dentry, d_sb, s_magic) != BPF_FS_MAGIC)
		return 0;
	container = container_of_current();
	if (!container_is_armed(container))
		return 0;
	object_of_dentry(&object, dentry);
	return refuse(container, hook, &object, EPERM);
}
