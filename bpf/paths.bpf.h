/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * paths - owns which sockets of the host no container may reach: an engine's, above all. Known by device and inode, so that
 * a bind, a rename, a hard link or a moved socket is the same one.
 *
 * Not covered: abstract sockets, which have no inode; a socket that its owner made anew and nobody registered again.
 */
#pragma once

#include "record.bpf.h"

static __always_inline int paths_socket(struct sock *sock, enum lsm_hook hook)
{
	struct unix_sock *peer = (struct unix_sock *)sock;
	struct lsm_container *container = container_of_current();
	struct lsm_inode key = {};
	struct object object = {};
	struct dentry *dentry;

	if (!container_is_armed(container))
		return 0;
	dentry = BPF_CORE_READ(peer, path.dentry);
	if (!dentry)
		return 0;
	object_of_dentry(&object, dentry);
	key.inode = object.inode;
	key.device = object.device;
	if (!bpf_map_lookup_elem(&guarded, &key))
		return 0;
	return refuse(container, hook, &object, EACCES);
}
