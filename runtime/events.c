/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * events - owns the stream of what happens to a container: its figures every so often, and that it ran out of memory. See
 * lifecycle.h.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "cgroup_internal.h"
#include "error.h"
#include "fd.h"
#include "json.h"
#include "lifecycle.h"
#include "log.h"
#include "proc.h"
#include "state.h"
#include "stats.h"
#include "str.h"

struct watch {
	const char *id;
	struct cgroup *cgroup;
	int pidfd, timer_fd;
	int oom_fd; /* -EBADF: this host tells nobody */
	bool oom_v2;
	int64_t oom_kills; /* v2: a file changes for other reasons, too */
};

static int print_event(const char *type, const char *id, json_t *data, struct error *err)
{
	_cleanup_json_ json_t *event = json_pack("{s:s, s:s}", "type", type, "id", id);

	if (!event || (data && json_object_set(event, "data", data) < 0))
		return error_set(err, ENOMEM, "events");
	if (json_dumpf(event, stdout, JSON_COMPACT) < 0 || putchar('\n') == EOF ||
	    fflush(stdout) == EOF)
		return error_set(err, errno, "cannot write to standard output");
	return 0;
}

static int print_stats(const struct watch *watch, struct error *err)
{
	_cleanup_json_ json_t *stats = stats_collect(watch->cgroup, err);

	return stats ? print_event("stats", watch->id, stats, err) : -ENOMEM;
}

/* ---- out of memory ---------------------------------------------------------------------------- */

static int64_t count_oom_kills(int fd)
{
	_cleanup_free_ char *text = NULL;

	(void)fd_read_file(fd, "memory.events", 4096, &text, NULL,
			   NULL); /* none: none that we know of */
	return stats_find_number(text, "oom_kill");
}

/* v1: an eventfd, and the file that it is about, named to cgroup.event_control. */
static int watch_oom_v1(int fd)
{
	_cleanup_close_ int control_fd = openat(fd, "memory.oom_control", O_RDONLY | O_CLOEXEC);
	_cleanup_close_ int event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	char text[32];

	if (control_fd < 0 || event_fd < 0)
		return -EBADF;
	(void)str_format(text, sizeof(text), "%d %d", event_fd, control_fd);
	if (fd_write_file(fd, "cgroup.event_control", text, NULL) < 0)
		return -EBADF;
	return take_fd(&event_fd);
}

static int watch_oom_v2(int fd)
{
	_cleanup_close_ int inotify_fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	char path[64];

	(void)str_format(path, sizeof(path), "/proc/self/fd/%d/memory.events", fd);
	if (inotify_fd < 0 || inotify_add_watch(inotify_fd, path, IN_MODIFY) < 0)
		return -EBADF;
	return take_fd(&inotify_fd);
}

static void watch_oom(struct watch *watch)
{
	struct hierarchy *v1 = cgroup_v1_find(watch->cgroup, "memory");
	struct hierarchy *v2 = cgroup_v2_find(watch->cgroup);

	watch->oom_v2 = !v1;
	if (v1 && v1->fd >= 0) {
		watch->oom_fd = watch_oom_v1(v1->fd);
	} else if (!v1 && v2 && v2->fd >= 0) {
		watch->oom_fd = watch_oom_v2(v2->fd);
		watch->oom_kills = count_oom_kills(v2->fd);
	}
	if (watch->oom_fd < 0)
		log_warning("events: this host does not tell when the container runs out of memory");
}

static int take_oom(struct watch *watch, struct error *err)
{
	char buf[4096] __attribute__((aligned(8)));
	int64_t kills;

	(void)!read(watch->oom_fd, buf, sizeof(buf)); /* what it says is in the files */
	if (!watch->oom_v2)
		return print_event("oom", watch->id, NULL, err);
	kills = count_oom_kills(cgroup_v2_find(watch->cgroup)->fd);
	if (kills <= watch->oom_kills)
		return 0;
	watch->oom_kills = kills;
	return print_event("oom", watch->id, NULL, err);
}

/* ---- the stream ------------------------------------------------------------------------------- */

static int follow(struct watch *watch, struct error *err)
{
	struct pollfd fds[] = {
		{ .fd = watch->pidfd, .events = POLLIN },
		{ .fd = watch->timer_fd, .events = POLLIN },
		{ .fd = watch->oom_fd, .events = POLLIN }, /* poll(2) ignores what is below 0 */
	};
	uint64_t expirations;

	for (;;) {
		int r = poll(fds, 3, -1);

		if (r < 0 && errno != EINTR)
			return error_set(err, errno, "cannot wait for events");
		if (r < 0)
			continue;
		r = fds[2].revents ? take_oom(watch, err) : 0;
		if (r < 0)
			return r;
		if (fds[0].revents)
			return 0; /* the container has ended */
		if (!fds[1].revents)
			continue;
		(void)!read(watch->timer_fd, &expirations, sizeof(expirations));
		r = print_stats(watch, err);
		if (r < 0)
			return r;
	}
}

static int start_timer(struct watch *watch, uint64_t interval_ms, struct error *err)
{
	const struct timespec every = { (time_t)(interval_ms / 1000),
					(long)(interval_ms % 1000) * 1000000 };
	const struct itimerspec spec = { every, every };

	watch->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (watch->timer_fd < 0 || timerfd_settime(watch->timer_fd, 0, &spec, NULL) < 0)
		return error_set(err, errno, "cannot set a timer");
	return 0;
}

static int open_container(const struct globals *globals, struct watch *watch, struct error *err)
{
	__attribute__((cleanup(state_done))) struct state state = { 0 };
	_cleanup_close_ int state_fd = -EBADF;
	int r = state_open(globals->root, watch->id, false, &state_fd, err);

	if (r == 0)
		r = state_load(state_fd, &state, err);
	if (r < 0)
		return r;
	watch->pidfd = state.init.pid ? proc_open(&state.init, NULL) : -ESRCH;
	if (watch->pidfd < 0)
		return error_text(err, ESRCH, "container with id %s is not running", watch->id);
	return cgroup_from_json(state.cgroup, &watch->cgroup, err);
}

int events_container(const struct globals *globals, const char *id, uint64_t interval_ms, bool once,
		     struct error *err)
{
	struct watch watch = { .id = id, .pidfd = -EBADF, .timer_fd = -EBADF, .oom_fd = -EBADF };
	int r = open_container(globals, &watch, err);

	if (r == 0 && once) {
		r = print_stats(&watch, err);
	} else if (r == 0) {
		watch_oom(&watch);
		r = start_timer(&watch, interval_ms, err);
		if (r == 0)
			r = follow(&watch, err);
	}
	cgroup_free(watch.cgroup);
	fd_close(watch.pidfd);
	fd_close(watch.timer_fd);
	fd_close(watch.oom_fd);
	return r;
}
