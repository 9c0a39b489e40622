/* SPDX-License-Identifier: GPL-2.0-or-later */
/* unload - owns `bulwarkctl unload`: nothing of ours is left in the kernel when it ends. */
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "ctl.h"
#include "error.h"
#include "fd.h"
#include "lsm.h"
#include "pins.h"
#include "slice.h"

static int refuse_while_used(struct error *err)
{
	unsigned int n = 0;
	int r = pins_count_containers(&n, err);

	if (r < 0)
		return error_wrap(err, "--force unloads all the same");
	if (n > 0)
		return error_text(err, EBUSY,
				  "%u container%s would lose the BPF LSM layer: end %s first, or say --force",
				  n, n == 1 ? "" : "s", n == 1 ? "it" : "them");
	return 0;
}

/* Under the lock of the maps: no container is registered between the count and the end. */
static int take_away(const struct ctl_options *options, struct pins_programs *programs,
		     struct error *err)
{
	_cleanup_close_ int fd = pins_lock_maps(err);
	int r = 0;

	if (fd == -ENOENT)
		return 0; /* the one before us did it */
	if (fd < 0)
		return fd;
	if (!options->force)
		r = refuse_while_used(err);
	if (r == 0 && rename(LSM_PIN_DIR, PINS_OLD) < 0)
		r = error_set(err, errno, "cannot move '%s' away", LSM_PIN_DIR);
	return r == 0 ? pins_remove(PINS_OLD, programs, err) : r;
}

/* As runtime/paths.h has it. */
#define SLICE "bulwark.slice"

int ctl_unload(const struct ctl_options *options, struct error *err)
{
	struct pins_programs programs = { .n = 0 };
	int lock_fd, r;

	slice_remove(SLICE); /* unless there is a monitor */
	/* A crash may have left programs that are pinned elsewhere: the lock clears them. */
	if (access(LSM_PIN_DIR, F_OK) < 0 && access(CTL_WORK_DIR, F_OK) < 0) {
		printf("nothing is loaded\n");
		return 0;
	}
	lock_fd = pins_lock(err);
	if (lock_fd < 0)
		return lock_fd;
	r = take_away(options, &programs, err);
	if (r == 0)
		r = pins_await(&programs, err);
	pins_unlock(lock_fd);
	if (r == 0)
		printf("unloaded\n");
	return r;
}
