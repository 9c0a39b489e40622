/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * calls - see calls.h. How a call is answered:
 *
 *  1. the kernel says who calls, and with which arguments (SECCOMP_IOCTL_NOTIF_RECV, into the keeper's own memory)
 *  2. a worker is asked for the container's numbers: a message of fixed size, one question at a time
 *  3. the keeper opens the caller's memory, then asks the kernel whether the call still waits: so that memory is the
 *     caller's, whoever has its number by then
 *  4. it writes as many bytes as the call has, where the call says, and lets it go
 *
 * So a worker that was taken over chooses values, and nothing else: not whose memory, not where, not how much. When a worker
 * dies over a question the next one is asked; nothing was written by then.
 *
 * A call goes on in the kernel (CONTINUE) in two cases, and never because of what a pointer pointed to: it is about a
 * process that is none of ours to translate (emu_find_task(), by number), or nobody may write to another's memory on this
 * host (Yama's scope 3).
 */
#include "calls.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "emulated_calls.h"
#include "error.h"
#include "fd.h"
#include "loop.h"
#include "shared.h"
#include "str.h"
#include "trim.h"

#define IDLE_S 1	 /* without a call: then our memory is not in use */
#define CRASHES_MAX 10	 /* workers that crashed over one question: then it is why */
#define NOTIF_ROOM 256	 /* of struct seccomp_notif, which may grow */
#define MASK_WORDS 128	 /* 8192 cpus, the most that the kernel can be built for */
#define SYNC_WAKE_UP 1UL /* SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP, Linux 6.6 */

#ifndef SECCOMP_IOCTL_NOTIF_SET_FLAGS
#define SECCOMP_IOCTL_NOTIF_SET_FLAGS SECCOMP_IOW(4, __u64)
#endif

struct calls {
	struct loop *loop;
	const pid_t *worker;
	int proc_fd;
	int sock_fd;	       /* where listeners come from; -EBADF before COMMIT */
	int epoll_fd;	       /* of all listeners */
	int ask_fd, worker_fd; /* both ends: what a dead worker left is taken out of either */
	int listeners[CALLS_LISTENERS_MAX];
	size_t n;
	bool ended;
	bool muted; /* listeners are not looked at until the question is answered */
	int idle_fd;
	bool active, armed; /* something happened since its last look; it will look again */

	bool asked;	  /* what follows is with a worker */
	int listener;	  /* -EBADF: all its processes are gone */
	uint64_t number;  /* of the question */
	unsigned crashes; /* of workers that it was put to */
	struct question question;
	union {
		struct seccomp_notif notif;
		char room[NOTIF_ROOM];
	};
};

/* ---- rest ------------------------------------------------------------------------------------------------- */

static void look_later(struct calls *c)
{
	const struct itimerspec when = { .it_value.tv_sec = IDLE_S };

	c->active = false;
	c->armed = timerfd_settime(c->idle_fd, 0, &when, NULL) == 0;
}

static void note_activity(struct calls *c)
{
	c->active = true;
	if (!c->armed)
		look_later(c);
}

static int on_idle(struct loop *loop, int fd, uint32_t events, void *data, struct error *err)
{
	struct calls *c = data;
	uint64_t ticks;

	(void)loop;
	(void)events;
	(void)err;
	(void)!read(fd, &ticks, sizeof(ticks));
	if (c->active) {
		look_later(c);
		return 0;
	}
	c->armed = false;
	trim_program();
	return 0;
}

static void watch_listeners(struct calls *c, bool on)
{
	c->muted = !on;
	(void)loop_change(c->loop, c->epoll_fd, on ? EPOLLIN : 0, NULL);
}

/* ---- the answer ------------------------------------------------------------------------------------------- */

static void done(struct calls *c)
{
	c->asked = false;
	if (c->muted && !c->ended)
		watch_listeners(c, true);
}

static void send_answer(struct calls *c, int error, int64_t value, uint32_t flags)
{
	struct seccomp_notif_resp answer = {
		.id = c->notif.id, .error = -error, .val = value, .flags = flags
	};

	if (c->listener >= 0)
		(void)ioctl(c->listener, SECCOMP_IOCTL_NOTIF_SEND, &answer); /* ENOENT: it is dead */
	done(c);
}

/* 0: they are there. EFAULT, as the kernel's own copy would say; EPERM: none is to write there; ESRCH: it is gone. */
static int write_to_caller(const struct calls *c, uint64_t address, const void *data, size_t len)
{
	_cleanup_close_ int fd = -EBADF;
	uint64_t id = c->notif.id;
	char path[32];

	if (c->listener < 0 || str_format(path, sizeof(path), "%u/mem", c->notif.pid) < 0)
		return ESRCH;
	fd = openat(c->proc_fd, path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return errno == EACCES || errno == EPERM ? EPERM : ESRCH;
	/* it called before we opened, and waits: the memory is that of who called */
	if (ioctl(c->listener, SECCOMP_IOCTL_NOTIF_ID_VALID, &id) < 0)
		return ESRCH;
	return pwrite(fd, data, len, (off_t)address) == (ssize_t)len ? 0 : EFAULT;
}

static void give(struct calls *c, uint64_t address, const void *data, size_t len, int64_t value)
{
	int error = write_to_caller(c, address, data, len);

	if (error == EPERM)
		send_answer(c, 0, 0, SECCOMP_USER_NOTIF_FLAG_CONTINUE);
	else
		send_answer(c, error, error ? 0 : value, 0);
}

/*
 * The kernel's own answer for that task, in as many bytes as the caller has room for, cut to what it is shown. Of 32 bits a
 * mask may be half a word longer: the call is made with the whole word, and what has no room must be empty.
 */
static void give_affinity(struct calls *c, const struct answer *a)
{
	uint64_t mask[MASK_WORDS] = { 0 };
	uint32_t len = (uint32_t)c->notif.data.args[1], unit = c->question.is_32 ? 4 : 8, room;
	pid_t whom = c->question.whom ? a->whom : (pid_t)c->notif.pid;
	long n;

	if (whom <= 0) {
		send_answer(c, 0, 0, SECCOMP_USER_NOTIF_FLAG_CONTINUE);
		return;
	}
	if (len % unit) {
		send_answer(c, EINVAL, 0, 0);
		return;
	}
	room = len < sizeof(mask) ? (len + 7) / 8 * 8 : sizeof(mask);
	n = syscall(SYS_sched_getaffinity, whom, room, mask);
	if (n < 0) {
		send_answer(c, errno, 0, 0);
		return;
	}
	if (len < n && mask[len / 8] >> 32) {
		send_answer(c, EINVAL, 0, 0);
		return;
	}
	emulated_affinity_cut(mask, (size_t)n, a->cpus, EMU_CPUS_MAX / 64);
	n = len < n ? len : n;
	give(c, c->notif.data.args[2], mask, (size_t)n, n);
}

static void finish(struct calls *c, const struct answer *a)
{
	if (a->error)
		send_answer(c, ENOSYS, 0, 0);
	else if (c->question.call == EMULATED_AFFINITY)
		give_affinity(c, a);
	else
		give(c, c->notif.data.args[0], a->sysinfo,
		     c->question.is_32 ? EMULATED_SYSINFO_SIZE32 : EMULATED_SYSINFO_SIZE, 0);
}

static int on_answer(struct loop *loop, int fd, uint32_t events, void *data, struct error *err)
{
	struct calls *c = data;
	struct answer a;
	ssize_t n = recv(fd, &a, sizeof(a), MSG_DONTWAIT | MSG_TRUNC);

	(void)loop;
	(void)events;
	(void)err;
	if (n < 0)
		return 0;
	if (n == sizeof(a) && c->asked && a.number == c->number)
		finish(c, &a);
	else if (*c->worker)
		(void)kill(*c->worker, SIGKILL); /* our child, not reaped yet */
	return 0;
}

/* ---- the question ----------------------------------------------------------------------------------------- */

static void ask(struct calls *c)
{
	c->question.number = ++c->number;
	/* there is room: one question at a time; without a worker it stays where it is, and is asked again */
	(void)send(c->ask_fd, &c->question, sizeof(c->question), MSG_DONTWAIT | MSG_NOSIGNAL);
}

static void receive(struct calls *c, int listener)
{
	bool is_32 = false;
	enum emulated_call call;

	memset(c->room, 0, sizeof(c->room));
	if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &c->notif) < 0)
		return; /* it is dead, or has a signal to see to */
	call = emulated_call_of(c->notif.data.arch, c->notif.data.nr, &is_32);
	c->asked = true;
	c->listener = listener;
	c->crashes = 0;
	c->question = (struct question){
		.call = call,
		.caller = (int32_t)c->notif.pid,
		.whom = call == EMULATED_AFFINITY ? (int32_t)c->notif.data.args[0] : 0,
		.is_32 = is_32,
	};
	if (call == EMULATED_NONE)
		send_answer(c, ENOSYS, 0, 0);
	else
		ask(c);
}

/* ---- listeners -------------------------------------------------------------------------------------------- */

static void drop(struct calls *c, int listener)
{
	for (size_t i = 0; i < c->n; i++) {
		if (c->listeners[i] != listener)
			continue;
		c->listeners[i] = c->listeners[--c->n];
		if (c->listener == listener)
			c->listener = -EBADF;
		fd_close(listener);
		return;
	}
}

/* One at a time; the kernel puts it behind the others afterwards. */
static int on_listeners(struct loop *loop, int fd, uint32_t events, void *data, struct error *err)
{
	struct epoll_event event;
	struct calls *c = data;

	(void)loop;
	(void)events;
	(void)err;
	if (c->asked) {
		watch_listeners(c, false);
		return 0;
	}
	note_activity(c);
	if (epoll_wait(fd, &event, 1, 0) != 1)
		return 0;
	if (event.events & EPOLLIN)
		receive(c, event.data.fd);
	else
		drop(c, event.data.fd); /* EPOLLHUP: nobody has that filter any more */
	return 0;
}

/* ENOENT: no such question. Anything else: no listener. */
static bool is_listener(int fd)
{
	uint64_t id = 0;

	return ioctl(fd, SECCOMP_IOCTL_NOTIF_ID_VALID, &id) < 0 && errno == ENOENT;
}

/* Takes the descriptor over. */
static void add(struct calls *c, int fd)
{
	struct epoll_event event = { .events = EPOLLIN, .data.fd = fd };

	if (c->ended || c->n == CALLS_LISTENERS_MAX || !is_listener(fd) ||
	    epoll_ctl(c->epoll_fd, EPOLL_CTL_ADD, fd, &event) < 0) {
		fd_close(fd); /* the kernel says ENOSYS */
		return;
	}
	(void)ioctl(fd, SECCOMP_IOCTL_NOTIF_SET_FLAGS, SYNC_WAKE_UP); /* a hint */
	c->listeners[c->n++] = fd;
}

/* The first; others, as many as there happens to be room for, are closed. */
static int take_listener(struct cmsghdr *h)
{
	size_t n = (h->cmsg_len - CMSG_LEN(0)) / sizeof(int);
	int fd, first = -EBADF;

	for (size_t i = 0; i < n; i++) {
		memcpy(&fd, CMSG_DATA(h) + i * sizeof(fd), sizeof(fd));
		if (i == 0)
			first = fd;
		else
			fd_close(fd);
	}
	return first;
}

/* From the host's root, who alone reaches the socket. */
static int on_listener_sent(struct loop *loop, int fd, uint32_t events, void *data, struct error *err)
{
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(struct ucred)) + CMSG_SPACE(sizeof(int))];
	char byte;
	struct iovec iov = { .iov_base = &byte, .iov_len = 1 };
	struct msghdr m = { .msg_iov = &iov,
			    .msg_iovlen = 1,
			    .msg_control = control,
			    .msg_controllen = sizeof(control) };
	struct ucred who = { .uid = (uid_t)-1 };
	_cleanup_close_ int listener = -EBADF;

	(void)loop;
	(void)events;
	(void)err;
	if (recvmsg(fd, &m, MSG_DONTWAIT | MSG_CMSG_CLOEXEC) < 0)
		return 0;
	for (struct cmsghdr *h = CMSG_FIRSTHDR(&m); h; h = CMSG_NXTHDR(&m, h)) {
		if (h->cmsg_level != SOL_SOCKET)
			continue;
		if (h->cmsg_type == SCM_RIGHTS && listener < 0)
			listener = take_listener(h); /* there is one such part at most */
		if (h->cmsg_type == SCM_CREDENTIALS && h->cmsg_len == CMSG_LEN(sizeof(who)))
			memcpy(&who, CMSG_DATA(h), sizeof(who));
	}
	if (listener >= 0 && who.uid == 0)
		add(data, take_fd(&listener));
	return 0;
}

/* ---- life ------------------------------------------------------------------------------------------------- */

static int make(struct calls *c, struct error *err)
{
	struct seccomp_notif_sizes sizes;
	int pair[2], r;

	if (syscall(SYS_seccomp, SECCOMP_GET_NOTIF_SIZES, 0, &sizes) < 0 ||
	    sizes.seccomp_notif > NOTIF_ROOM)
		return error_text(err, ENOTSUP, "the kernel's seccomp notifications are unknown");
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return error_set(err, errno, "cannot make a socket to workers");
	c->ask_fd = pair[0];
	c->worker_fd = pair[1];
	c->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	c->idle_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (c->epoll_fd < 0 || c->idle_fd < 0)
		return error_set(err, errno, "cannot watch listeners");
	r = loop_watch(c->loop, c->idle_fd, EPOLLIN, on_idle, c, err);
	if (r < 0)
		return r;
	r = loop_watch(c->loop, c->ask_fd, EPOLLIN, on_answer, c, err);
	return r < 0 ? r : loop_watch(c->loop, c->epoll_fd, EPOLLIN, on_listeners, c, err);
}

int calls_new(struct loop *loop, int proc_fd, const pid_t *worker, struct calls **ret,
	      struct error *err)
{
	struct calls *c = calloc(1, sizeof(*c));
	int r;

	if (!c)
		return error_set(err, ENOMEM, "system calls");
	c->loop = loop;
	c->proc_fd = proc_fd;
	c->worker = worker;
	c->listener = c->sock_fd = -EBADF;
	r = make(c, err);
	if (r == 0)
		*ret = c;
	return r; /* else it is the end of the process */
}

int calls_worker_fd(const struct calls *c)
{
	return c->worker_fd;
}

int calls_begin(struct calls *c, int sock_fd, struct error *err)
{
	c->sock_fd = sock_fd; /* with SO_PASSCRED, by who made it */
	return loop_watch(c->loop, sock_fd, EPOLLIN, on_listener_sent, c, err);
}

static void empty(int fd)
{
	char byte;

	while (recv(fd, &byte, 1, MSG_DONTWAIT) >= 0)
		; /* one message each, whatever its size */
}

void calls_next_worker(struct calls *c, bool crashed)
{
	empty(c->ask_fd);
	empty(c->worker_fd);
	if (!c->asked)
		return;
	c->crashes += crashed;
	if (c->crashes < CRASHES_MAX)
		ask(c);
	else
		send_answer(c, ENOSYS, 0, 0);
}

void calls_end(struct calls *c)
{
	c->ended = true;
	watch_listeners(c, false);
	while (c->n > 0)
		drop(c, c->listeners[0]); /* the last holder: the kernel answers for us */
}
