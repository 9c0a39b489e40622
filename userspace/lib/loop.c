/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * loop - see loop.h.
 *
 * One epoll_wait(2) may report several descriptors, and the handler of the first may unwatch, close and watch anew
 * any of the others. Each watch therefore has a number that is never used again; the kernel hands it back with the
 * event, and an event whose number is not in the table any more is dropped.
 */
#include "loop.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/epoll.h>

#include "error.h"
#include "fd.h"

#define LOOP_BATCH 16 /* events taken at a time */

struct watch {
	uint64_t number; /* 0: this entry is free */
	int fd;
	loop_handler handler;
	void *data;
};

struct loop {
	int epoll_fd;
	uint64_t last_number;
	unsigned int n; /* entries in use */
	bool stopped;
	int result; /* of loop_stop() */
	struct watch watches[LOOP_WATCHES_MAX];
};

int loop_new(struct loop **ret, struct error *err)
{
	_cleanup_close_ int epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	struct loop *loop;

	if (epoll_fd < 0)
		return error_set(err, errno, "cannot make an event loop");
	loop = calloc(1, sizeof(*loop));
	if (!loop)
		return error_set(err, ENOMEM, "cannot make an event loop");
	loop->epoll_fd = take_fd(&epoll_fd);
	*ret = loop;
	return 0;
}

void loop_free(struct loop *loop)
{
	if (!loop)
		return;
	fd_close(loop->epoll_fd);
	free(loop);
}

static struct watch *find_fd(struct loop *loop, int fd)
{
	for (size_t i = 0; i < LOOP_WATCHES_MAX; i++)
		if (loop->watches[i].number && loop->watches[i].fd == fd)
			return &loop->watches[i];
	return NULL;
}

/* 0 finds a free entry. */
static struct watch *find_number(struct loop *loop, uint64_t number)
{
	for (size_t i = 0; i < LOOP_WATCHES_MAX; i++)
		if (loop->watches[i].number == number)
			return &loop->watches[i];
	return NULL;
}

int loop_watch(struct loop *loop, int fd, uint32_t events, loop_handler handler, void *data,
	       struct error *err)
{
	struct epoll_event event = { .events = events, .data.u64 = loop->last_number + 1 };
	struct watch *watch;

	if (find_fd(loop, fd))
		return error_set(err, EEXIST, "cannot watch descriptor %d", fd);
	watch = find_number(loop, 0);
	if (!watch)
		return error_text(err, ENOSPC, "cannot watch more than %d descriptors",
				  LOOP_WATCHES_MAX);
	if (epoll_ctl(loop->epoll_fd, EPOLL_CTL_ADD, fd, &event) < 0)
		return error_set(err, errno, "cannot watch descriptor %d", fd);
	*watch = (struct watch){ ++loop->last_number, fd, handler, data };
	loop->n++;
	return 0;
}

int loop_change(struct loop *loop, int fd, uint32_t events, struct error *err)
{
	struct watch *watch = find_fd(loop, fd);
	struct epoll_event event = { .events = events };

	if (!watch)
		return error_text(err, ENOENT, "descriptor %d is not watched", fd);
	event.data.u64 = watch->number;
	if (epoll_ctl(loop->epoll_fd, EPOLL_CTL_MOD, fd, &event) < 0)
		return error_set(err, errno, "cannot change the watch of descriptor %d", fd);
	return 0;
}

int loop_unwatch(struct loop *loop, int fd, struct error *err)
{
	struct watch *watch = find_fd(loop, fd);

	if (!watch)
		return error_text(err, ENOENT, "descriptor %d is not watched", fd);
	/* The entry goes in any case: a handler must not be called for a descriptor its owner is done with. */
	*watch = (struct watch){ 0 };
	loop->n--;
	if (epoll_ctl(loop->epoll_fd, EPOLL_CTL_DEL, fd, NULL) < 0)
		return error_set(err, errno, "cannot stop watching descriptor %d", fd);
	return 0;
}

void loop_stop(struct loop *loop, int result)
{
	loop->stopped = true;
	loop->result = result;
}

static int dispatch(struct loop *loop, const struct epoll_event *event, struct error *err)
{
	struct watch *watch = find_number(loop, event->data.u64);
	int r;

	if (!watch)
		return 0;
	r = watch->handler(loop, watch->fd, event->events, watch->data, err);
	return r < 0 ? r : 0;
}

int loop_run(struct loop *loop, struct error *err)
{
	struct epoll_event events[LOOP_BATCH];

	while (!loop->stopped) {
		int n, r = 0;

		if (loop->n == 0) /* nobody is left who could end it */
			return error_text(err, EDEADLK, "an event loop has nothing to wait for");
		n = epoll_wait(loop->epoll_fd, events, LOOP_BATCH, -1);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return error_set(err, errno, "cannot wait for events");
		for (int i = 0; i < n && r == 0 && !loop->stopped; i++)
			r = dispatch(loop, &events[i], err);
		if (r < 0) {
			loop->stopped = false;
			return r;
		}
	}
	loop->stopped = false; /* it can run again */
	return loop->result;
}
