/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Unit tests of loop: dispatch, and handlers that change the loop they are called from. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/time.h>
#include <unistd.h>

#include <cmocka.h>

#include "error.h"
#include "loop.h"

struct fixture {
	struct loop *loop;
	struct error err;
	int a, b; /* eventfds */
	int calls_a, calls_b;
	uint32_t events;
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	if (!f || loop_new(&f->loop, &f->err) < 0)
		return -1;
	f->a = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	f->b = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	*state = f;
	alarm(20); /* a test that hangs fails */
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	alarm(0);
	loop_free(f->loop);
	close(f->a);
	close(f->b);
	free(f);
	return 0;
}

static void fire(int fd)
{
	assert_int_equal(eventfd_write(fd, 1), 0);
}

static int count_and_stop(struct loop *loop, int fd, uint32_t events, void *data, struct error *err)
{
	struct fixture *f = data;

	(void)err;
	f->events = events;
	if (fd == f->a)
		f->calls_a++;
	else
		f->calls_b++;
	loop_stop(loop, 7);
	return 0;
}

static int fail_handler(struct loop *loop, int fd, uint32_t events, void *data, struct error *err)
{
	(void)loop;
	(void)fd;
	(void)events;
	(void)data;
	return error_text(err, ENOTTY, "handler failed");
}

static void test_loop_run_calls_the_handler_and_stops(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(loop_watch(f->loop, f->a, EPOLLIN, count_and_stop, f, &f->err), 0);
	assert_int_equal(loop_watch(f->loop, f->b, EPOLLIN, count_and_stop, f, &f->err), 0);
	fire(f->a);
	assert_int_equal(loop_run(f->loop, &f->err), 7);
	assert_int_equal(f->calls_a, 1);
	assert_int_equal(f->calls_b, 0);
	assert_int_equal(f->events, EPOLLIN);
	assert_int_equal(loop_run(f->loop, &f->err), 7); /* again: the event is still there */
	assert_int_equal(f->calls_a, 2);
}

static void test_loop_run_ends_when_a_handler_fails(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(loop_watch(f->loop, f->a, EPOLLIN, fail_handler, f, &f->err), 0);
	fire(f->a);
	assert_int_equal(loop_run(f->loop, &f->err), -ENOTTY);
	assert_string_equal(f->err.msg, "handler failed");
}

static int stop_after_ten(struct loop *loop, int fd, uint32_t events, void *data, struct error *err)
{
	struct fixture *f = data;

	(void)events;
	(void)err;
	if (fd == f->a)
		f->calls_a++;
	else
		f->calls_b++;
	if (f->calls_a + f->calls_b == 10)
		loop_stop(loop, 0);
	return 0;
}

/* Neither is read, so both are ready all the time. */
static void test_loop_run_serves_all_that_are_ready(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(loop_watch(f->loop, f->a, EPOLLIN, stop_after_ten, f, &f->err), 0);
	assert_int_equal(loop_watch(f->loop, f->b, EPOLLIN, stop_after_ten, f, &f->err), 0);
	fire(f->a);
	fire(f->b);
	assert_int_equal(loop_run(f->loop, &f->err), 0);
	assert_int_equal(f->calls_a, 5);
	assert_int_equal(f->calls_b, 5);
}

static void test_loop_run_refuses_to_wait_for_nothing(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(loop_run(f->loop, &f->err), -EDEADLK);
	assert_int_equal(loop_watch(f->loop, f->a, EPOLLIN, count_and_stop, f, &f->err), 0);
	assert_int_equal(loop_unwatch(f->loop, f->a, &f->err), 0);
	assert_int_equal(loop_run(f->loop, &f->err), -EDEADLK);
}

static void test_loop_watch_refuses_a_descriptor_twice(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(loop_watch(f->loop, f->a, EPOLLIN, count_and_stop, f, &f->err), 0);
	assert_int_equal(loop_watch(f->loop, f->a, EPOLLOUT, count_and_stop, f, &f->err), -EEXIST);
	assert_int_equal(loop_unwatch(f->loop, f->a, &f->err), 0);
	assert_int_equal(loop_watch(f->loop, f->a, EPOLLIN, count_and_stop, f, &f->err), 0);
}

static void test_loop_watch_takes_the_maximum_and_no_more(void **state)
{
	struct fixture *f = *state;
	int fds[LOOP_WATCHES_MAX + 1];

	for (int i = 0; i <= LOOP_WATCHES_MAX; i++) {
		fds[i] = eventfd(0, EFD_CLOEXEC);
		assert_int_equal(loop_watch(f->loop, fds[i], EPOLLIN, count_and_stop, f, &f->err),
				 i < LOOP_WATCHES_MAX ? 0 : -ENOSPC);
	}
	assert_int_equal(loop_unwatch(f->loop, fds[5], &f->err), 0);
	assert_int_equal(loop_watch(f->loop, fds[LOOP_WATCHES_MAX], EPOLLIN, count_and_stop, f,
				    &f->err),
			 0);
	for (int i = 0; i <= LOOP_WATCHES_MAX; i++)
		close(fds[i]);
}

static void test_loop_watch_refuses_what_epoll_refuses(void **state)
{
	struct fixture *f = *state;
	int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);

	assert_int_equal(loop_watch(f->loop, fd, EPOLLIN, count_and_stop, f, &f->err), -EPERM);
	assert_int_equal(loop_watch(f->loop, -1, EPOLLIN, count_and_stop, f, &f->err), -EBADF);
	assert_int_equal(loop_unwatch(f->loop, fd, &f->err), -ENOENT);
	close(fd);
}

static void test_loop_change_sets_other_events(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(loop_watch(f->loop, f->a, EPOLLIN, fail_handler, f, &f->err), 0);
	assert_int_equal(loop_watch(f->loop, f->b, EPOLLIN, count_and_stop, f, &f->err), 0);
	fire(f->a);
	assert_int_equal(loop_change(f->loop, f->a, 0, &f->err), 0);
	assert_int_equal(loop_change(f->loop, f->b, EPOLLOUT, &f->err), 0);
	assert_int_equal(loop_run(f->loop, &f->err), 7);
	assert_int_equal(f->events, EPOLLOUT);
	assert_int_equal(loop_change(f->loop, STDIN_FILENO, EPOLLIN, &f->err), -ENOENT);
}

static void test_loop_unwatch_silences_a_descriptor(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(loop_watch(f->loop, f->a, EPOLLIN, fail_handler, f, &f->err), 0);
	assert_int_equal(loop_watch(f->loop, f->b, EPOLLIN, count_and_stop, f, &f->err), 0);
	fire(f->a);
	fire(f->b);
	assert_int_equal(loop_unwatch(f->loop, f->a, &f->err), 0);
	assert_int_equal(loop_run(f->loop, &f->err), 7);
	assert_int_equal(loop_unwatch(f->loop, f->a, &f->err), -ENOENT);
}

/* Whichever of the two comes first takes the other one out; its event, already fetched, must not arrive. */
static int unwatch_the_other(struct loop *loop, int fd, uint32_t events, void *data, struct error *err)
{
	struct fixture *f = data;

	(void)events;
	f->calls_a++;
	loop_stop(loop, 0);
	return loop_unwatch(loop, fd == f->a ? f->b : f->a, err);
}

static void test_loop_unwatch_drops_events_already_fetched(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(loop_watch(f->loop, f->a, EPOLLIN, unwatch_the_other, f, &f->err), 0);
	assert_int_equal(loop_watch(f->loop, f->b, EPOLLIN, unwatch_the_other, f, &f->err), 0);
	fire(f->a);
	fire(f->b);
	assert_int_equal(loop_run(f->loop, &f->err), 0);
	assert_int_equal(f->calls_a, 1);
}

/* As above, but the other number is closed and watched anew: the old event must not reach the new watch. */
static int replace_the_other(struct loop *loop, int fd, uint32_t events, void *data, struct error *err)
{
	struct fixture *f = data;
	int other = fd == f->a ? f->b : f->a, r;
	eventfd_t value;

	(void)events;
	if (f->calls_a++) {
		loop_stop(loop, 0);
		return 0;
	}
	assert_int_equal(eventfd_read(fd, &value), 0);
	r = loop_unwatch(loop, other, err);
	if (r < 0)
		return r;
	close(other);
	assert_int_equal(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), other);
	r = loop_watch(loop, other, EPOLLIN, fail_handler, f, err);
	if (r < 0)
		return r;
	return loop_change(loop, fd, EPOLLOUT, err); /* so that the next round comes */
}

static void test_loop_watch_does_not_see_events_of_a_former_watch(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(loop_watch(f->loop, f->a, EPOLLIN, replace_the_other, f, &f->err), 0);
	assert_int_equal(loop_watch(f->loop, f->b, EPOLLIN, replace_the_other, f, &f->err), 0);
	fire(f->a);
	fire(f->b);
	assert_int_equal(loop_run(f->loop, &f->err), 0);
	assert_int_equal(f->calls_a, 2);
}

static int on_timer_count;

static void on_timer(int signal)
{
	(void)signal;
	on_timer_count++;
}

static int stop_after_signals(struct loop *loop, int fd, uint32_t events, void *data,
			      struct error *err)
{
	(void)fd;
	(void)events;
	(void)data;
	(void)err;
	loop_stop(loop, 3);
	return 0;
}

static void write_after_three(int signal)
{
	const uint64_t one = 1;

	on_timer(signal);
	if (on_timer_count == 3)
		(void)!write(STDIN_FILENO, &one, sizeof(one));
}

static void test_loop_run_goes_on_after_signals(void **state)
{
	const struct itimerval often = { { 0, 5000 }, { 0, 5000 } }, never = { 0 };
	const struct sigaction action = { .sa_handler = write_after_three }; /* no SA_RESTART */
	struct fixture *f = *state;
	struct sigaction saved;
	int stdin_copy = dup(STDIN_FILENO);

	assert_int_equal(dup2(f->a, STDIN_FILENO), STDIN_FILENO);
	sigaction(SIGALRM, &action, &saved);
	assert_int_equal(loop_watch(f->loop, f->a, EPOLLIN, stop_after_signals, f, &f->err), 0);
	setitimer(ITIMER_REAL, &often, NULL);
	assert_int_equal(loop_run(f->loop, &f->err), 3);
	setitimer(ITIMER_REAL, &never, NULL);
	sigaction(SIGALRM, &saved, NULL);
	assert_true(on_timer_count >= 3);
	dup2(stdin_copy, STDIN_FILENO);
	close(stdin_copy);
}

static void test_loop_free_leaves_watched_descriptors_open(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(loop_watch(f->loop, f->a, EPOLLIN, count_and_stop, f, &f->err), 0);
	loop_free(f->loop);
	f->loop = NULL;
	assert_int_equal(fcntl(f->a, F_GETFD), FD_CLOEXEC);
	loop_free(NULL);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(test_loop_run_calls_the_handler_and_stops),
		T(test_loop_run_ends_when_a_handler_fails),
		T(test_loop_run_serves_all_that_are_ready),
		T(test_loop_run_refuses_to_wait_for_nothing),
		T(test_loop_watch_refuses_a_descriptor_twice),
		T(test_loop_watch_takes_the_maximum_and_no_more),
		T(test_loop_watch_refuses_what_epoll_refuses),
		T(test_loop_change_sets_other_events),
		T(test_loop_unwatch_silences_a_descriptor),
		T(test_loop_unwatch_drops_events_already_fetched),
		T(test_loop_watch_does_not_see_events_of_a_former_watch),
		T(test_loop_run_goes_on_after_signals),
		T(test_loop_free_leaves_watched_descriptors_open),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
