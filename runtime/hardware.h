/* SPDX-License-Identifier: GPL-2.0-or-later */
/* hardware - owns what of the host's hardware no container's /proc and /sys show, a privileged one's neither. */
#pragma once

#include <stddef.h>

struct error;

struct hardware_hidden {
	const char *path;     /* absolute in the container, below /proc or /sys */
	const char *in_place; /* folder that stands there, of those that hardware_make_folders() makes; NULL: a file, read as empty */
};

extern const struct hardware_hidden hardware_hidden[];
extern const size_t hardware_n_hidden;

/* What is kept below a hidden folder, as it is: NULL at the end. */
extern const char *const hardware_kept[];

/* In an empty folder: those that stand in the place of hidden ones, with room for what is kept. */
int hardware_make_folders(int dir_fd, struct error *err);
