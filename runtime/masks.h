/* SPDX-License-Identifier: GPL-2.0-or-later */
/* masks - owns what a container is not shown or may not write to: mounts of ours on top, which the seal then locks. */
#pragma once

struct error;
struct json_array;

/**
 * masks_apply() - The host's hardware first, then read-only paths, then masks
 * @root_fd:	the new root, attached in the caller's mount namespace
 * @scratch_path: a folder of ours outside the new root; something stays mounted there in this mount namespace
 * @mounts:	of struct spec_mount: what the spec has mounted below a folder of hardware.h uncovers that
 * @label:	linux.mountLabel, which what stands on masked paths has too; NULL or "": none
 *
 * Paths that are missing are skipped (OCI config-linux.md "Masked Paths"). Each is resolved once, inside the root. A
 * mask is an empty read-only folder or a null device out of one small tmpfs of our own: never the image's /dev/null,
 * which may be anything. The order matters: a read-only bind of /proc/sys made later would uncover masks below it.
 */
int masks_apply(int root_fd, const char *scratch_path, const struct json_array *mounts,
		const char *label, const char *const *masked, const char *const *readonly,
		struct error *err);
