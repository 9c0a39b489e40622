/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * coherence - see coherence.h.
 *
 * Two overlays on the same layers do not know of each other (runtime/twin.h): a name that one has looked up stays what it was
 * there, when the other one makes, replaces or removes it. A superblock that is reconfigured without any change drops all names
 * that are not in use at that moment, in 40 to 200 microseconds.
 *
 *  - The host opens something in the engine's overlay (`docker cp`, `diff`, `commit`): both sides are dropped, the twin's because
 *    of what may have been written, the engine's so that the next look finds what the container did until then.
 *  - The container has written a file: the engine's side is dropped, at most once a second. That is for names the host looked
 *    up without opening anything.
 *
 * A watch says no more than that something happened: it is taken away with the first event, and set again just before the names
 * are dropped, so that a busy side costs nothing in between and nothing that happens is missed. Overlays report opens and
 * closes only: a folder, link or removal alone, with nothing opened, is not seen.
 *
 * Events come with a descriptor of the file, which is closed unseen. It was opened with O_NONBLOCK: it may be a FIFO.
 */
#include "coherence.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/fanotify.h>
#include <sys/mount.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "acting.h"
#include "error.h"
#include "fd.h"
#include "loop.h"
#include "mount_api.h"

#define BURST 5		/* drops at once; */
#define REFILL_MS 200	/* one more after so long: ten at most within a second */
#define SETTLE_MS 2	/* what belongs together has happened by then, mostly */
#define WRITTEN_MS 1000 /* between two drops because the container writes */

#define ENGINE_EVENTS (FAN_OPEN | FAN_CLOSE_WRITE | FAN_ONDIR)
#define TWIN_EVENTS FAN_CLOSE_WRITE

struct side {
	struct coherence *owner;
	int fan_fd;
	int mount_fd;
	uint64_t events;
	bool is_watched;
	bool is_stale; /* to be dropped when the timer ends */
};

struct coherence {
	struct loop *loop;
	struct side engine, twin;
	int timer_fd;
	int64_t due_ms; /* of the timer; 0: it is not set */
	int tokens;
	int64_t refilled_ms, dropped_ms;
};

static int64_t now_ms(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now); /* cannot fail for this clock */
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int watch(struct side *side, struct error *err)
{
	if (side->is_watched)
		return 0;
	if (fanotify_mark(side->fan_fd, FAN_MARK_ADD | FAN_MARK_FILESYSTEM, side->events,
			  side->mount_fd, ".") < 0)
		return error_set(err, errno, "cannot watch an overlay");
	side->is_watched = true;
	return 0;
}

static void unwatch(struct side *side)
{
	(void)fanotify_mark(side->fan_fd, FAN_MARK_FLUSH | FAN_MARK_FILESYSTEM, 0, AT_FDCWD, NULL);
	side->is_watched = false;
}

static void drop(const struct side *side)
{
	int fs_fd = mount_fs_pick(side->mount_fd, NULL);

	if (fs_fd >= 0)
		(void)mount_fs_reconfigure(fs_fd,
					   NULL); /* stale a bit longer: the next event tries again */
	fd_close(fs_fd);
}

/* ---- when ------------------------------------------------------------------------------------------------- */

static int set_timer(struct coherence *c, int64_t due_ms, struct error *err)
{
	const struct itimerspec when = {
		.it_value = { due_ms / 1000, (due_ms % 1000) * 1000000 },
	};

	if (c->due_ms && c->due_ms <= due_ms)
		return 0;
	if (timerfd_settime(c->timer_fd, TFD_TIMER_ABSTIME, &when, NULL) < 0)
		return error_set(err, errno, "timerfd_settime");
	c->due_ms = due_ms;
	return 0;
}

static void refill(struct coherence *c, int64_t now)
{
	while (c->tokens < BURST && c->refilled_ms + REFILL_MS <= now) {
		c->tokens++;
		c->refilled_ms += REFILL_MS;
	}
	if (c->tokens == BURST)
		c->refilled_ms = now;
}

static int plan(struct coherence *c, bool at_once, struct error *err)
{
	int64_t now = now_ms(), due = now + SETTLE_MS;

	refill(c, now);
	if (!c->tokens && due < c->refilled_ms + REFILL_MS)
		due = c->refilled_ms + REFILL_MS;
	if (!at_once && due < c->dropped_ms + WRITTEN_MS)
		due = c->dropped_ms + WRITTEN_MS;
	return set_timer(c, due, err);
}

static int on_timer(struct loop *loop, int fd, uint32_t events, void *data, struct error *err)
{
	struct side *sides[2];
	struct coherence *c = data;
	uint64_t ticks;
	int r = 0;

	(void)loop;
	(void)events;
	if (read(fd, &ticks, sizeof(ticks)) != (ssize_t)sizeof(ticks))
		return 0; /* it was set anew meanwhile */
	c->due_ms = 0;
	c->dropped_ms = now_ms();
	refill(c, c->dropped_ms);
	c->tokens -= c->tokens > 0;
	sides[0] = &c->engine;
	sides[1] = &c->twin;
	for (size_t i = 0; i < 2 && r == 0; i++)
		r = watch(sides[i], err);
	for (size_t i = 0; i < 2; i++) {
		if (sides[i]->is_stale)
			drop(sides[i]);
		sides[i]->is_stale = false;
	}
	return r;
}

/* ---- what happens ----------------------------------------------------------------------------------------- */

/* Nothing comes after them any more: the watch is gone. An event whose file cannot be opened is an error of read(2). */
static void drain(int fan_fd)
{
	_Alignas(struct fanotify_event_metadata) char buf[4096];

	for (;;) {
		ssize_t n = read(fan_fd, buf, sizeof(buf));
		const struct fanotify_event_metadata *event = (const void *)buf;

		if (n < 0 && errno == EAGAIN)
			break;
		for (; n > 0 && FAN_EVENT_OK(event, n); event = FAN_EVENT_NEXT(event, n))
			if (event->fd >= 0)
				fd_close(event->fd);
	}
}

static int on_event(struct loop *loop, int fd, uint32_t events, void *data, struct error *err)
{
	struct side *side = data;
	struct coherence *c = side->owner;
	bool by_host = side == &c->engine;

	(void)loop;
	(void)events;
	unwatch(side);
	drain(fd);
	c->engine.is_stale = true;
	c->twin.is_stale |= by_host;
	return plan(c, by_host, err);
}

/* ---- set-up ----------------------------------------------------------------------------------------------- */

static int make_group(struct coherence *c, struct side *side, uint64_t events, struct error *err)
{
	side->owner = c;
	side->mount_fd = -EBADF;
	side->events = events;
	side->fan_fd = fanotify_init(FAN_CLASS_NOTIF | FAN_CLOEXEC | FAN_NONBLOCK,
				     O_RDONLY | O_NONBLOCK | O_NOATIME | O_CLOEXEC);
	return side->fan_fd < 0 ? error_set(err, errno, "cannot make a fanotify group") : 0;
}

/* As @uid in the kernel's books, with our rights. */
static int make_groups(struct coherence *c, uid_t uid, struct error *err)
{
	int r = acting_begin(uid, err), ended;

	if (r == 0)
		r = make_group(c, &c->engine, ENGINE_EVENTS, err);
	if (r == 0)
		r = make_group(c, &c->twin, TWIN_EVENTS, err);
	ended = acting_end(r < 0 ? NULL : err);
	return r < 0 ? r : ended;
}

int coherence_new(struct loop *loop, uid_t uid, struct coherence **ret, struct error *err)
{
	struct coherence *c = calloc(1, sizeof(*c));
	int r;

	if (!c)
		return error_set(err, ENOMEM, "overlays");
	c->loop = loop;
	c->tokens = BURST;
	c->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	r = c->timer_fd < 0 ? error_set(err, errno, "timerfd") : make_groups(c, uid, err);
	if (r == 0)
		r = loop_watch(loop, c->timer_fd, EPOLLIN, on_timer, c, err);
	if (r == 0)
		r = loop_watch(loop, c->engine.fan_fd, EPOLLIN, on_event, &c->engine, err);
	if (r == 0)
		r = loop_watch(loop, c->twin.fan_fd, EPOLLIN, on_event, &c->twin, err);
	if (r < 0)
		return r;
	*ret = c;
	return 0;
}

int coherence_begin(struct coherence *c, int engine_fd, int twin_fd, struct error *err)
{
	int r;

	c->engine.mount_fd = engine_fd;
	c->twin.mount_fd = twin_fd;
	r = watch(&c->engine, err);
	return r < 0 ? r : watch(&c->twin, err);
}
