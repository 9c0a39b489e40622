/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * source - owns what of the host may appear in a container, and under whose ids: restricted paths, engine storage,
 * users' folders.
 *
 * Everything is decided about a descriptor: where its file really is (file system and path inside it, whatever bind
 * mount or link leads there), what is mounted below it, who owns it. The descriptor decided about is the one mounted.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct error;
struct idmap;
struct source_view;

enum source_kind {
	SOURCE_ENGINE, /* engine storage no other user can reach: id 0 on disk is the container's root */
	SOURCE_OWNER, /* a user's folder: its owner is the container's root, his subordinate ids are 1 and up */
	SOURCE_AS_IS, /* its ids are the container's already: mappings of the spec's own, and who brings them chowns */
	SOURCE_PLAIN, /* engine-made file on a file system that cannot be id-mapped: as it is, read-only unless shm */
};

struct source {
	int fd; /* O_PATH; owned */
	enum source_kind kind;
	bool is_dir;
	bool force_readonly; /* of SOURCE_PLAIN */
	uid_t uid;	     /* owner on disk */
	gid_t gid;
	char *path; /* where it is, for messages; owned */
};

/**
 * source_view_open() - What decisions rest on, read once: mounts, restricted places, engine storage
 * @rootfs_path: the spec's root.path, absolute: tells which engine's storage this container lives in
 * @bundle_path: where config.json is, absolute
 * @map:	the container's ids, borrowed
 * @foreign:	it is not of a block of ours: files may have its ids on disk already
 *
 * Called after unshare(CLONE_NEWNS), so that mount ids and descriptors belong to the namespace that is built in.
 * @ret:	owned by the caller, source_view_free()
 */
int source_view_open(const char *rootfs_path, const char *bundle_path, const struct idmap *map,
		     bool foreign, struct source_view **ret, struct error *err);
void source_view_free(struct source_view *view);
static inline void source_view_freep(struct source_view **view)
{
	source_view_free(*view);
}

/**
 * source_open() - Open the source of a bind mount and decide about it
 * @path:	as the spec has it, absolute
 * @recursive:	what is mounted below comes along ("rbind"), and is decided about too
 * @readonly:	the mount will be read-only
 *
 * Return: 0; -EPERM where policy refuses (restricted path, engine socket, root-owned folder, file system that cannot be
 * id-mapped, shared with a text that says what, why and what to do); -errno of the lookup.
 */
int source_open(struct source_view *view, const char *path, bool recursive, bool readonly,
		struct source *ret, struct error *err);

/* As source_open(), for root.path itself when it is a plain folder: must be SOURCE_ENGINE-like (no other user can
 * reach it) or a user's own folder. */
int source_open_rootfs(struct source_view *view, const char *path, struct source *ret,
		       struct error *err);

/**
 * source_clone() - A detached, private, id-mapped copy of the mount, ready for move_mount(2)
 * @userns_fd:	the container's user namespace
 *
 * Return: a mount descriptor owned by the caller; -EPERM naming the file system where it cannot be id-mapped.
 */
int source_clone(struct source_view *view, const struct source *source, bool recursive,
		 int userns_fd, struct error *err);

/**
 * source_check_layer() - Whether a folder of an overlay (lower, upper) may be mapped 0 to 0
 *
 * For twin overlays: the layer must lie where no other user can reach it. @fd is the opened folder.
 */
int source_check_layer(struct source_view *view, int fd, struct error *err);

void source_done(struct source *source);
