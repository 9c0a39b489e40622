/* SPDX-License-Identifier: GPL-2.0-or-later */
/* pins - see pins.h. */
#include "pins.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ctl.h"
#include "error.h"
#include "fd.h"
#include "str.h"

static int remove_entries(DIR *dir, const char *path, struct error *err)
{
	struct dirent *entry;

	while ((errno = 0, entry = readdir(dir))) {
		if (str_eq(entry->d_name, ".") || str_eq(entry->d_name, ".."))
			continue;
		if (unlinkat(dirfd(dir), entry->d_name, 0) < 0 &&
		    unlinkat(dirfd(dir), entry->d_name, AT_REMOVEDIR) < 0)
			return error_set(err, errno, "cannot remove '%s/%s'", path, entry->d_name);
	}
	return errno ? error_set(err, errno, "cannot list '%s'", path) : 0;
}

int pins_remove(const char *path, struct error *err)
{
	DIR *dir = opendir(path);
	int r;

	if (!dir)
		return errno == ENOENT ? 0 : error_set(err, errno, "cannot open '%s'", path);
	r = remove_entries(dir, path, err);
	(void)closedir(dir);
	if (r == 0 && rmdir(path) < 0)
		r = error_set(err, errno, "cannot remove '%s'", path);
	return r;
}

static int open_work_dir(struct error *err)
{
	_cleanup_close_ int fd = -EBADF;
	struct stat st;

	if (mkdir(CTL_WORK_DIR, 0700) < 0 && errno != EEXIST)
		return error_set(err, errno, "cannot make '%s'", CTL_WORK_DIR);
	fd = open(CTL_WORK_DIR, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT)
		return -EAGAIN; /* the one before us has just removed it */
	if (fd < 0 || fstat(fd, &st) < 0)
		return error_set(err, errno, "cannot open '%s'", CTL_WORK_DIR);
	if (st.st_uid != 0 || (st.st_mode & 077))
		return error_text(err, EPERM, "'%s' is not root's alone: remove it", CTL_WORK_DIR);
	return take_fd(&fd);
}

int pins_lock(struct error *err)
{
	for (;;) {
		_cleanup_close_ int fd = open_work_dir(err);
		struct stat held, there;

		if (fd == -EAGAIN)
			continue;
		if (fd < 0)
			return fd;
		while (flock(fd, LOCK_EX) < 0)
			if (errno != EINTR)
				return error_set(err, errno, "cannot lock '%s'", CTL_WORK_DIR);
		/* Who held the lock removed the folder: ours may not be the one that the others wait for. */
		if (fstat(fd, &held) < 0)
			return error_set(err, errno, "cannot stat '%s'", CTL_WORK_DIR);
		if (stat(CTL_WORK_DIR, &there) < 0 || there.st_ino != held.st_ino)
			continue;
		if (pins_remove(PINS_NEW, err) < 0 || pins_remove(PINS_OLD, err) < 0)
			return error_wrap(err, "cannot clear what a crash left");
		return take_fd(&fd);
	}
}

void pins_unlock(int lock_fd)
{
	(void)rmdir(CTL_WORK_DIR); /* what is left in it is for the next one to clear */
	(void)fd_close(lock_fd);
}
