/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * pins - owns the folders below /sys/fs/bpf: everything of ours appears, and vanishes, by one rename(2).
 *
 * How this works: who loads or unloads holds a lock on CTL_WORK_DIR, builds in its folder `new` or takes things apart in
 * `old`, and removes it in the end. A crash leaves that folder, which the next one clears.
 */
#pragma once

#include <stdbool.h>

struct error;

#define PINS_NEW CTL_WORK_DIR "/new"
#define PINS_OLD CTL_WORK_DIR "/old"

/* Makes CTL_WORK_DIR, waits for its lock, clears what a crash left. Return: the lock, for pins_unlock(). */
int pins_lock(struct error *err);

/* Removes CTL_WORK_DIR, and lets the next one in. */
void pins_unlock(int lock_fd);

/* Removes the pins in a folder, and the folder. One that is not there is no error. */
int pins_remove(const char *path, struct error *err);
