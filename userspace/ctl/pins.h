/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * pins - owns the folders below /sys/fs/bpf: everything of ours appears, and vanishes, by one rename(2).
 *
 * How this works: who loads or unloads holds a lock on CTL_WORK_DIR, builds in its folder `new` or takes things apart in
 * `old`, and removes it in the end. A crash leaves that folder, which the next one clears. What is in use is exchanged for
 * what was built by one rename(2), too (RENAME_EXCHANGE, which bpffs has since Linux 5.17).
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "lsm.h"

struct error;

#define PINS_NEW CTL_WORK_DIR "/new"
#define PINS_OLD CTL_WORK_DIR "/old"
#define PINS_PROGRAMS_MAX 256

/* The kernel's numbers of programs: once they are gone, nothing of them is called or left. */
struct pins_programs {
	uint32_t ids[PINS_PROGRAMS_MAX];
	size_t n;
};

/* Makes CTL_WORK_DIR, waits for its lock, clears what a crash left. Return: the lock, for pins_unlock(). */
int pins_lock(struct error *err);

/* Removes CTL_WORK_DIR, and lets the next one in. */
void pins_unlock(int lock_fd);

/**
 * pins_lock_maps() - Keep everybody from registering containers
 *
 * Who waits for it meanwhile gets -ESTALE from the functions of lsm.h when LSM_PIN_DIR is gone then.
 * Return: the lock, released by closing it; -ENOENT when nothing is loaded.
 */
int pins_lock_maps(struct error *err);

/* Containers in the pinned maps, whichever version made them. */
int pins_count_containers(unsigned int *ret_n, struct error *err);

/* Makes a folder of pins and those in it. */
int pins_make_folder(const char *path, struct error *err);

/* Exchanges two folders. */
int pins_exchange(const char *a, const char *b, struct error *err);

/* Removes pins and folders in a folder, and the folder; adds the programs of its links. One that is not there is no error. */
int pins_remove(const char *path, struct pins_programs *programs, struct error *err);

/* Waits until the kernel has let go of programs. -EBUSY when somebody else holds one. */
int pins_await(const struct pins_programs *programs, struct error *err);
