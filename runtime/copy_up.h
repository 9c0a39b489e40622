/* SPDX-License-Identifier: GPL-2.0-or-later */
/* copy_up - owns "tmpcopyup": a tmpfs that starts with what the image has at its place. */
#pragma once

struct error;

#define COPY_UP_BYTES_MAX                                                                          \
	(1LL << 30) /* of all files: the memory is charged to the runtime, not to the container */
#define COPY_UP_FILES_MAX 65536
#define COPY_UP_DEPTH_MAX 128

/**
 * copy_up() - Copy what is in a folder to another
 * @from_fd:	readable folder, which an image filled: links in it are copied, not followed, and mounts not entered
 * @to_fd:	empty folder
 *
 * Folders, regular files, symbolic links and FIFOs, with owner, mode and times of modification; also those of the folder
 * itself. Sockets, devices and extended attributes stay behind, and hard links become files of their own.
 * Return: 0; -E2BIG above the limits; -ENOSPC when @to_fd is full.
 */
int copy_up(int from_fd, int to_fd, struct error *err);
