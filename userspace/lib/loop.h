/* SPDX-License-Identifier: GPL-2.0-or-later */
/* loop - owns one epoll(7) instance: descriptors and what to call when they are ready. */
#pragma once

#include <stdint.h>

struct error;
struct loop;

#define LOOP_WATCHES_MAX 64

/* @events as epoll_wait(2) gives them. A negative return ends loop_run() with that value. */
typedef int (*loop_handler)(struct loop *loop, int fd, uint32_t events, void *data,
			    struct error *err);

int loop_new(struct loop **ret, struct error *err);
void loop_free(struct loop *loop); /* accepts NULL; watched descriptors stay the callers' */

static inline void loop_freep(struct loop **loop)
{
	loop_free(*loop);
}

/* The descriptor is borrowed until loop_unwatch(). -EEXIST when it is watched already, -ENOSPC at the maximum. */
int loop_watch(struct loop *loop, int fd, uint32_t events, loop_handler handler, void *data,
	       struct error *err);
int loop_change(struct loop *loop, int fd, uint32_t events, struct error *err);
int loop_unwatch(struct loop *loop, int fd, struct error *err);

/* Makes loop_run() return @result once the handler that calls this is done. */
void loop_stop(struct loop *loop, int result);

/* Until a handler fails or loop_stop(); -EDEADLK when no descriptor is watched, as nothing could end it then. */
int loop_run(struct loop *loop, struct error *err);
