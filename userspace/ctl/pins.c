/* SPDX-License-Identifier: GPL-2.0-or-later */
/* pins - see pins.h. */
#include "pins.h"

#include <bpf/bpf.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "ctl.h"
#include "error.h"
#include "fd.h"
#include "lsm_map.h"
#include "selftest.h"
#include "str.h"

#define DETACH_SECONDS                                                                             \
	120 /* a grace period of the kernel for each program, on a busy machine under emulation */
#define KEY_MAX 64

/* ---- folders ---- */

static void add_program(const char *path, struct pins_programs *programs)
{
	struct bpf_link_info info = { 0 };
	uint32_t len = sizeof(info);
	int fd = bpf_obj_get(path);

	if (fd >= 0 && programs->n < PINS_PROGRAMS_MAX && bpf_obj_get_info_by_fd(fd, &info, &len) == 0)
		programs->ids[programs->n++] = info.prog_id;
	(void)fd_close(fd);
}

static int remove_entries(DIR *dir, const char *folder, struct pins_programs *programs,
			  struct error *err)
{
	const bool links = str_eq(folder + strlen(folder) - strlen(CTL_LINKS), CTL_LINKS);
	struct dirent *entry;
	char path[512];
	int r = 0;

	while (r == 0 && (errno = 0, entry = readdir(dir))) {
		struct stat st;

		if (str_eq(entry->d_name, ".") || str_eq(entry->d_name, ".."))
			continue;
		if (str_format(path, sizeof(path), "%s/%s", folder, entry->d_name) < 0 ||
		    lstat(path, &st) < 0)
			return error_set(err, errno, "cannot stat '%s/%s'", folder, entry->d_name);
		if (S_ISDIR(st.st_mode)) {
			r = pins_remove(path, programs, err);
			continue;
		}
		if (links)
			add_program(path, programs);
		if (unlink(path) < 0)
			r = error_set(err, errno, "cannot remove '%s'", path);
	}
	return r == 0 && errno ? error_set(err, errno, "cannot list '%s'", folder) : r;
}

/* No deeper than what pins_make_folder() makes: an engine's or a container's folders are never below ours. */
int pins_remove(const char *path, struct pins_programs *programs, struct error *err)
{
	DIR *dir = opendir(path);
	int r;

	if (!dir)
		return errno == ENOENT ? 0 : error_set(err, errno, "cannot open '%s'", path);
	r = remove_entries(dir, path, programs, err);
	(void)closedir(dir);
	if (r == 0 && rmdir(path) < 0)
		r = error_set(err, errno, "cannot remove '%s'", path);
	return r;
}

int pins_make_folder(const char *path, struct error *err)
{
	static const char *const below[] = { "", "/reader", CTL_LINKS };
	char name[128];

	for (size_t i = 0; i < sizeof(below) / sizeof(below[0]); i++) {
		if (str_format(name, sizeof(name), "%s%s", path, below[i]) < 0 ||
		    mkdir(name, 0700) < 0)
			return error_set(err, errno, "cannot make '%s%s'", path, below[i]);
	}
	return 0;
}

int pins_exchange(const char *a, const char *b, struct error *err)
{
	if (renameat2(AT_FDCWD, a, AT_FDCWD, b, RENAME_EXCHANGE) < 0)
		return error_set(err, errno, "cannot exchange '%s' for '%s'", b, a);
	return 0;
}

/* ---- programs ---- */

static bool program_is_there(uint32_t id)
{
	int fd = bpf_prog_get_fd_by_id(id);

	(void)fd_close(fd);
	return fd >= 0;
}

int pins_await(const struct pins_programs *programs, struct error *err)
{
	const struct timespec pause = { .tv_nsec = 10 * 1000000 };
	size_t gone = 0;

	for (size_t tries = 0; tries < DETACH_SECONDS * 100; tries++) {
		while (gone < programs->n && !program_is_there(programs->ids[gone]))
			gone++;
		if (gone == programs->n)
			return 0;
		(void)nanosleep(&pause, NULL); /* the kernel tells nobody when it is done */
	}
	return error_text(err, EBUSY, "the pins are gone, but somebody else holds a program");
}

/* ---- containers ---- */

int pins_count_containers(unsigned int *ret_n, struct error *err)
{
	_cleanup_close_ int fd = lsm_map_open(LSM_PIN_DIR "/containers");
	const uint64_t selftest = SELFTEST_CGROUP;
	struct bpf_map_info info = { 0 };
	uint32_t len = sizeof(info);
	char keys[2][KEY_MAX] = { 0 };
	unsigned int n = 0;
	bool first = true;

	*ret_n = 0;
	if (fd < 0 && errno == ENOENT)
		return 0;
	if (fd < 0 || bpf_obj_get_info_by_fd(fd, &info, &len) < 0)
		return error_set(err, errno, "cannot tell whether there are containers");
	if (info.key_size > KEY_MAX)
		return error_text(err, EPROTO, "cannot tell whether there are containers");
	for (; n < info.max_entries; first = false) {
		if (lsm_map_next(fd, first ? NULL : keys[0], keys[1]) < 0)
			break;
		memcpy(keys[0], keys[1], KEY_MAX);
		n += memcmp(keys[0], &selftest, sizeof(selftest)) != 0;
	}
	*ret_n = n;
	return 0;
}

/* ---- locks ---- */

static int lock_folder(const char *path, int *ret_fd, struct error *err)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct stat held, there;

	if (fd < 0)
		return error_set(err, errno, "cannot open '%s'", path);
	if (fstat(fd, &held) < 0)
		return error_set(err, errno, "cannot stat '%s'", path);
	if (held.st_uid != 0 || (held.st_mode & 077))
		return error_text(err, EPERM, "'%s' is not root's alone: remove it", path);
	while (flock(fd, LOCK_EX) < 0)
		if (errno != EINTR)
			return error_set(err, errno, "cannot lock '%s'", path);
	/* Who held the lock removed the folder: ours may not be the one that the others wait for. */
	if (stat(path, &there) < 0 || there.st_ino != held.st_ino)
		return -EAGAIN;
	*ret_fd = take_fd(&fd);
	return 0;
}

int pins_lock_maps(struct error *err)
{
	int fd = -EBADF, r;

	do {
		r = lock_folder(LSM_PIN_DIR, &fd, err);
	} while (r == -EAGAIN);
	return r < 0 ? r : fd;
}

static int clear_leftovers(struct error *err)
{
	struct pins_programs programs = { .n = 0 };

	if (pins_remove(PINS_NEW, &programs, err) < 0 ||
	    pins_remove(PINS_OLD, &programs, err) < 0 || pins_await(&programs, err) < 0)
		return error_wrap(err, "cannot clear what a crash left");
	return 0;
}

int pins_lock(struct error *err)
{
	for (;;) {
		_cleanup_close_ int fd = -EBADF;
		int r;

		if (mkdir(CTL_WORK_DIR, 0700) < 0 && errno != EEXIST)
			return error_set(err, errno, "cannot make '%s'", CTL_WORK_DIR);
		r = lock_folder(CTL_WORK_DIR, &fd, err);
		if (r == -EAGAIN || r == -ENOENT)
			continue; /* the one before us has just removed it */
		if (r == 0)
			r = clear_leftovers(err);
		return r < 0 ? r : take_fd(&fd);
	}
}

void pins_unlock(int lock_fd)
{
	struct pins_programs programs = { .n = 0 };

	/* What failed half-way is taken back here; what cannot be is for the next one to clear. */
	(void)pins_remove(PINS_NEW, &programs, NULL);
	(void)pins_remove(PINS_OLD, &programs, NULL);
	(void)rmdir(CTL_WORK_DIR);
	(void)fd_close(lock_fd);
}
