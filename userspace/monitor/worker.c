/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * worker - see worker.h. Stages, and what is given up at each:
 *
 *  1. executed by the keeper, as root with what capabilities that has left, in a mount namespace with nothing in it
 *  2. maps what it shares with its predecessors; becomes the container's root, without capabilities: sandbox.c
 *  3. takes the connection over, and serves it under a filter of system calls
 *
 * How a dead worker's work is gone on with. The keeper has /dev/fuse open, too, so the connection lives. What the kernel
 * has agreed with the first worker (FUSE_INIT) is told to libfuse once more, and its answer is swallowed. A request is read
 * straight into shared memory: whoever finds one there that has no answer yet answers it. An answer that was given already,
 * by one who died before he could note it down, is refused by the kernel with ENOENT, and that is all. This needs no help of
 * the kernel's (FUSE_NOTIFY_RESEND, Linux 6.9).
 *
 * One request is worked on at a time. So one that the kernel wants interrupted is either answered or lost; it is answered
 * again with EINTR, or its process would wait for ever, out of the reach of SIGKILL.
 */
#define FUSE_USE_VERSION 314
#include "worker.h"

#include <errno.h>
#include <fuse3/fuse_lowlevel.h>
#include <linux/fuse.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "emulation.h"
#include "error.h"
#include "files.h"
#include "questions.h"
#include "sandbox.h"
#include "shared.h"
#include "trim.h"

#define IDLE_MS 1000	/* without a request: then it is not in use */
#define ATTEMPTS_MAX 10 /* at one request: then it is what kills us */

static struct {
	struct shared *shared;
	struct emu_sources sources; /* ours, for its clock is set late */
	bool replay_init;	    /* libfuse is about to read it */
	bool swallow;		    /* the answer to it */
	bool pending;		    /* the predecessor's request is about to be read */
} worker;

static const struct fuse_in_header *request(void)
{
	return (const struct fuse_in_header *)worker.shared->request;
}

static void note_answer(uint64_t unique)
{
	worker.shared->answered = unique;
	worker.shared->served++;
}

/* Not for libfuse: see above. */
static bool is_interrupt(void)
{
	return request()->opcode == FUSE_INTERRUPT;
}

static void answer_error(int fd, uint64_t unique, int errnum)
{
	struct fuse_out_header out = { .len = sizeof(out), .error = -errnum, .unique = unique };

	(void)!write(fd, &out, sizeof(out)); /* ENOENT: it has an answer */
}

static void answer_interrupt(int fd)
{
	answer_error(fd, ((const struct fuse_interrupt_in *)(request() + 1))->unique, EINTR);
}

/* One from the kernel, into shared memory. */
static ssize_t next_request(int fd)
{
	struct shared *s = worker.shared;
	ssize_t n;

	((struct fuse_in_header *)s->request)->unique =
		0; /* nothing is there, until the kernel wrote it */
	s->attempts = 1;
	n = read(fd, s->request, sizeof(s->request));
	s->request_len = n > 0 ? (uint32_t)n : 0;
	return n;
}

static ssize_t on_read(int fd, void *buf, size_t size, void *data)
{
	struct shared *s = worker.shared;
	ssize_t n;

	(void)data;
	if (worker.replay_init) {
		worker.replay_init = false;
		worker.swallow = true;
		memcpy(buf, s->init, s->init_len);
		return s->init_len;
	}
	if (worker.pending) {
		worker.pending = false;
		s->attempts++;
		/* its length is what the header says: we may have been killed before we noted it */
		memcpy(buf, s->request, request()->len);
		return request()->len;
	}
	for (;;) {
		n = next_request(fd);
		if (n < (ssize_t)sizeof(struct fuse_in_header))
			return n;
		if (!is_interrupt())
			break;
		answer_interrupt(fd);
	}
	if (request()->opcode == FUSE_INIT && n <= SHARED_INIT_MAX) {
		memcpy(s->init, s->request, (size_t)n);
		s->init_len = (uint32_t)n;
	}
	if ((size_t)n > size) {
		errno = EMSGSIZE;
		return -1;
	}
	memcpy(buf, s->request, (size_t)n);
	return n;
}

static ssize_t on_writev(int fd, struct iovec *iov, int count, void *data)
{
	const struct fuse_out_header *out = iov[0].iov_base;
	uint64_t unique = out->unique;
	ssize_t n = 0;

	(void)data;
	if (worker.swallow) {
		worker.swallow = false;
		for (int i = 0; i < count; i++)
			n += (ssize_t)iov[i].iov_len;
		return n;
	}
	n = writev(fd, iov, count);
	if (unique) /* 0: a notification */
		note_answer(unique);
	return n;
}

/* What the predecessor left. False: nothing can be done with it. */
static bool take_over(int fd)
{
	struct shared *s = worker.shared;
	uint64_t unique = request()->unique;

	if (s->init_len > sizeof(s->init))
		return false;
	if (unique &&
	    (request()->len < sizeof(struct fuse_in_header) || request()->len > sizeof(s->request)))
		return false;
	if (unique && unique != s->answered) {
		if (is_interrupt()) {
			answer_interrupt(fd);
		} else if (s->attempts >= ATTEMPTS_MAX) {
			answer_error(fd, unique, EIO);
			note_answer(unique);
		} else {
			worker.pending = true;
		}
	}
	if (worker.pending && request()->opcode == FUSE_INIT) /* it never was answered */
		return true;
	worker.replay_init = s->init_len > 0;
	return true;
}

static int64_t now_ms(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now); /* cannot fail for this clock */
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

enum { REQUESTS, QUESTIONS, WAITED_FOR };

/* As poll(2); what is not in use goes when nothing comes for a second. */
static int poll_until(struct pollfd fds[WAITED_FOR], int64_t due_ms)
{
	int64_t left = due_ms - now_ms();
	int n = 0;

	if (left > IDLE_MS) {
		n = poll(fds, WAITED_FOR, IDLE_MS);
		if (n == 0)
			trim_program();
		left = due_ms - now_ms();
	}
	return n == 0 && left > 0 ? poll(fds, WAITED_FOR, (int)left) : n;
}

/* Load averages are sampled while somebody reads them; then there is a time to wake up at. False: there is none to wait for. */
static bool wait_or_tick(struct emu *emu, struct pollfd fds[WAITED_FOR], int64_t *due_ms)
{
	uint32_t ms = emu_tick_ms(emu);
	int64_t now;

	if (!ms) {
		*due_ms = 0;
		if (poll(fds, WAITED_FOR, IDLE_MS) == 0) {
			trim_program();
			(void)poll(fds, WAITED_FOR, -1);
		}
		return true;
	}
	now = now_ms();
	if (!*due_ms)
		*due_ms = now + ms;
	if (now < *due_ms && poll_until(fds, *due_ms) != 0)
		return true; /* or a signal, which nobody sends */
	emu_tick(emu);
	ms = emu_tick_ms(emu);
	*due_ms = ms ? now_ms() + ms : 0;
	return false;
}

/* Until there is a FUSE request; questions meanwhile are answered. False: look again. */
static bool wait_for_request(struct emu *emu, const struct settings *settings, int64_t *due_ms)
{
	struct pollfd fds[WAITED_FOR] = {
		[REQUESTS] = { .fd = settings->fuse_fd, .events = POLLIN },
		[QUESTIONS] = { .fd = settings->ask_fd, .events = POLLIN },
	};

	if (!wait_or_tick(emu, fds, due_ms))
		return false;
	if (fds[QUESTIONS].revents & POLLIN)
		questions_answer(settings->ask_fd, emu, worker.shared);
	return fds[REQUESTS].revents != 0;
}

static void serve(struct fuse_session *session, struct emu *emu, const struct settings *settings)
{
	struct fuse_buf buf = { 0 };
	int64_t due_ms = 0;

	while (!fuse_session_exited(session)) {
		int r;

		worker.sources.boottime_offset_ns = worker.shared->boottime_offset_ns;
		if (!worker.replay_init && !worker.pending &&
		    !wait_for_request(emu, settings, &due_ms))
			continue;
		r = fuse_session_receive_buf(session, &buf);
		if (r == -EINTR || r == -EAGAIN)
			continue;
		if (r <= 0) /* ENODEV: it is gone */
			break;
		fuse_session_process_buf(session, &buf);
	}
}

static int connect_session(struct files *files, int fd, struct fuse_session **ret, struct error *err)
{
	static const struct fuse_custom_io io = { .read = on_read, .writev = on_writev };
	struct fuse_session *session = files_session(files);

	if (!session)
		return error_set(err, ENOMEM, "FUSE session");
	if (fuse_session_custom_io(session, &io, fd) < 0)
		return error_text(err, EINVAL, "FUSE session: no custom input and output");
	*ret = session;
	return 0;
}

int worker_main(const struct settings *settings, bool first)
{
	struct fuse_session *session = NULL;
	struct error err = ERROR_INIT;
	struct files *files = NULL;
	struct emu *emu = NULL;
	struct shared *s;
	int r;

	(void)prctl(PR_SET_NAME, "bulwark-worker", 0, 0, 0); /* execveat(2) took a number for it */
	/* present at once: a page fault with a signal pending makes read(2) fail, and the request with it */
	s = mmap(NULL, sizeof(*s), PROT_READ | PROT_WRITE, MAP_SHARED, settings->shared_fd, 0);
	if (s == MAP_FAILED || madvise(s->request, sizeof(s->request), MADV_POPULATE_WRITE) < 0)
		return EXIT_FAILURE;
	worker.shared = s;
	worker.sources = settings->sources;
	r = sandbox_worker(settings->uid, settings->gid, settings->keeper_pid, &err);
	if (r == 0)
		r = emu_new(&worker.sources, s->state, first, NULL, &emu, &err);
	if (r == 0)
		r = files_new(emu, s, &files, &err);
	if (r == 0)
		r = connect_session(files, settings->fuse_fd, &session, &err);
	if (r == 0)
		r = sandbox_filter(&err);
	if (r < 0)
		return EXIT_FAILURE;
	if (!take_over(settings->fuse_fd)) /* no successor could, either: an end is better than a wait without one */
		return EXIT_SUCCESS;
	s->began++;
	serve(session, emu, settings);
	return EXIT_SUCCESS;
}
