/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * coherence - owns that the engine's overlay and its twin, the container's root, show the same: when one side is used, what the
 * kernel remembers of the other one's names is dropped.
 */
#pragma once

#include <sys/types.h>

struct coherence;
struct error;
struct loop;

/**
 * coherence_new() - Make what needs rights that the keeper is about to give up
 * @uid:	who the kernel counts the two fanotify(7) groups for: of one user there may be 128
 */
int coherence_new(struct loop *loop, uid_t uid, struct coherence **ret, struct error *err);

/* The two overlays, detached mounts that are taken over. From now on they are watched. */
int coherence_begin(struct coherence *coherence, int engine_fd, int twin_fd, struct error *err);
