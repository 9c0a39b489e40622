/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * overlays - owns where an overlay of a container's own may write to: into no folder of a user, and into none that is guarded.
 * The kernel writes to an overlay's upper layer by itself, past every hook that knows a mount: a setuid program that is copied
 * up, or made in the overlay, would be one in the user's folder.
 *
 * Not covered: an upper layer that a guarded folder lies below of. Kernels whose overlays are a module that was not there when
 * the programs were loaded, which bulwarkctl asks for before; there, no overlay of a container's own is looked at.
 */
#pragma once

#include "paths.bpf.h"
#include "userdata.bpf.h"

/* Of the module overlay, or of the kernel itself. */
struct ovl_layer {
	struct vfsmount *mnt; /* the kernel's own mount of it */
} __attribute__((preserve_access_index));

struct ovl_fs {
	struct ovl_layer *layers; /* the upper one is the first, without a mount where there is none */
} __attribute__((preserve_access_index));

/* The mount of an overlay's upper layer; NULL: it has none, or is no overlay. */
static __always_inline struct vfsmount *upper_of(struct super_block *sb)
{
	struct ovl_fs *overlay = BPF_CORE_READ(sb, s_fs_info);
	struct ovl_layer *layers;

	if (!bpf_core_field_exists(overlay->layers) ||
	    fs_type_bit(BPF_CORE_READ(sb, s_type)) != LSM_FS(overlay))
		return NULL;
	layers = BPF_CORE_READ(overlay, layers);
	return BPF_CORE_READ(layers, mnt);
}

/* An overlay that is about to be mounted, by mount(2) or fsconfig(2). */
static __always_inline int overlays_new(struct super_block *sb)
{
	struct lsm_container *container = container_of_current();
	struct object object = {};
	struct vfsmount *upper;
	struct dentry *root;

	if (!container_is_armed(container))
		return 0;
	upper = upper_of(sb);
	if (!upper)
		return 0;
	root = BPF_CORE_READ(upper, mnt_root);
	if (!idmap_is_of_user(compat_idmap_of(upper)) &&
	    !entry_is_guarded(BPF_CORE_READ(root, d_parent), root, 0))
		return 0;
	object_of_dentry(&object, root);
	return refuse(container, LSM_HOOK_sb_kern_mount, &object, EPERM);
}
