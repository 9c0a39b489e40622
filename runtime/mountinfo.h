/* SPDX-License-Identifier: GPL-2.0-or-later */
/* mountinfo - owns a snapshot of /proc/self/mountinfo: every mount this process sees, by id. proc_pid_mountinfo(5). */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct error;

struct mountinfo_entry {
	int id;
	int parent;
	dev_t dev;
	const char *root;    /* path of the mounted folder inside its file system, unescaped */
	const char *target;  /* mount point as this process sees it, unescaped */
	const char *options; /* per mount */
	const char *fs_type;
	const char *source;
	const char *fs_options; /* of the superblock: lowerdir= and the like, unescaped */
};

struct mountinfo {
	struct mountinfo_entry *items; /* in the kernel's order: of two with the same target the later one is on top */
	size_t n;
	char *text; /* what the strings point into */
};

#define MOUNTINFO_TEXT_MAX (64U << 20)

int mountinfo_read(struct mountinfo *ret, struct error *err);
/* The same from text, which is malloc'ed and taken over, also on failure. */
int mountinfo_parse(char *text, struct mountinfo *ret, struct error *err);
void mountinfo_done(struct mountinfo *info);

const struct mountinfo_entry *mountinfo_by_id(const struct mountinfo *info, int id);

/* Value of `key=` in a comma-separated option list; overlay's "\," and "\:" stay escaped. "" of a bare `key`. NULL when absent; malloc'ed. */
char *mountinfo_option(const char *options, const char *key);

/* Value of SELinux's `context=`, which stands in quotes where it has commas. NULL when absent; malloc'ed. */
char *mountinfo_label(const char *options);
