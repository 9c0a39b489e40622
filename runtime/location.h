/* SPDX-License-Identifier: GPL-2.0-or-later */
/* location - owns where a file really is: in which file system and where in it, whatever mount or link leads there. */
#pragma once

#include <limits.h>
#include <stdbool.h>
#include <sys/types.h>

struct error;
struct mountinfo;
struct mountinfo_entry;

struct location {
	const struct mountinfo_entry *mount; /* borrowed from the snapshot */
	dev_t dev;	     /* of the file system, as mountinfo has it: one for all of a btrfs */
	char path[PATH_MAX]; /* inside the file system */
	char seen[PATH_MAX]; /* as this process sees it */
};

/**
 * location_of_fd() - Where the file behind a descriptor is
 * @fd:		O_PATH will do
 *
 * Return: 0; -EPERM when its mount is not in @info (another mount namespace, a detached mount); -ENOENT when it is deleted
 * or hidden by a mount.
 */
int location_of_fd(const struct mountinfo *info, int fd, struct location *ret, struct error *err);

/**
 * location_of_path() - The same for a path of the host; links in it are followed
 * @path:	absolute, without "." and "..", and no "/" at its end
 *
 * Return: 1, 0 when nothing is there, else negative as location_of_fd().
 */
int location_of_path(const struct mountinfo *info, const char *path, struct location *ret,
		     struct error *err);

/* Of what is mounted: the mount's root. */
int location_of_mount(const struct mountinfo_entry *mount, struct location *ret, struct error *err);

enum location_relation {
	LOCATION_ELSEWHERE,
	LOCATION_EQUAL, /* the place itself */
	LOCATION_BELOW, /* in the place */
	LOCATION_ABOVE, /* the place is in it */
};

/* How @location stands to the place @path of the file system @dev. */
enum location_relation location_relate(const struct location *location, dev_t dev, const char *path);

/* Path of @location as @mount shows it; false when it does not. @buf: PATH_MAX bytes. */
bool location_through(const struct location *location, const struct mountinfo_entry *mount,
		      char *buf);
