/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * foreground - owns the wait for a child in the foreground: signals, and the two directions of its
 * terminal.
 *
 * How this works: one epoll loop over a signalfd, the child's pidfd, and with a terminal three
 * more: our standard input, our standard output, the master. Each direction is a pump with one
 * buffer. A pump reads only when its buffer is empty and writes only when it is not, and each
 * descriptor is watched for exactly what its pumps wait for, or not at all: so a slow reader stops
 * its writer, and nothing spins. The streams are shared with whoever started us, who would be
 * surprised by O_NONBLOCK, so they are opened anew where that is possible.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "error.h"
#include "fd.h"
#include "loop.h"
#include "str.h"
#include "terminal.h"

#define PUMP_BYTES 16384
#define CHUNK_MAX 4096 /* PIPE_BUF: what a pipe that is ready takes without blocking, pipe(7) */
#define DRAIN_MAX                                                                                  \
	(1024 * 1024) /* bytes copied after the child's end; something else may write for ever */

struct pump {
	int in_fd;  /* borrowed; -EBADF: closed for good */
	int out_fd; /* borrowed; -EBADF: what is read is thrown away */
	size_t start, end;
	char *bytes; /* PUMP_BYTES of them; NULL: no terminal, so nothing is pumped */
};

/*
 * A descriptor and what it is watched for; epoll(7) refuses regular files, which are always ready.
 */
struct watched {
	int fd;
	uint32_t events; /* 0: not watched */
	bool always_ready;
};

struct relay {
	pid_t pid;
	int pidfd;
	bool ended; /* then @status is true, and only what is left in the terminal is copied */
	int status;
	size_t drained; /* bytes, since the end */
	struct watched in, out, master;
	struct pump to_child, from_child;
	int also_fd; /* the caller's business, which goes on meanwhile; -EBADF */
	loop_handler also;
	void *also_data;
};

/* Those that tell of a bug in this very program, and the ones that cannot be blocked. */
static const int unblocked[] = { SIGSEGV, SIGBUS, SIGFPE,  SIGILL,  SIGTRAP,
				 SIGABRT, SIGSYS, SIGCHLD, SIGKILL, SIGSTOP };

static sigset_t passed_on(void)
{
	sigset_t set;

	(void)sigfillset(&set); /* these fail for bad numbers only */
	for (size_t i = 0; i < sizeof(unblocked) / sizeof(unblocked[0]); i++)
		(void)sigdelset(&set, unblocked[i]);
	return set;
}

int foreground_block_signals(struct error *err)
{
	sigset_t set = passed_on();

	return sigprocmask(SIG_BLOCK, &set, NULL) < 0 ?
		       error_set(err, errno, "cannot block signals") :
		       0;
}

/* ---- pumps ----------------------------------------------------------------------------------- */

static bool would_block(void)
{
	return errno == EAGAIN || errno == EINTR;
}

/* True when something was read. EIO: the other side of a terminal is closed. */
static bool pump_read(struct pump *p)
{
	ssize_t n;

	if (p->in_fd < 0 || p->end > 0)
		return false;
	n = read(p->in_fd, p->bytes, PUMP_BYTES);
	if (n < 0 && would_block())
		return false;
	if (n <= 0) {
		p->in_fd = -EBADF;
		return false;
	}
	p->start = 0;
	p->end = (size_t)n;
	return true;
}

/*
 * Output that nobody takes any more is thrown away: the child must not stop because a reader went.
 */
static void pump_write(struct pump *p)
{
	size_t len = p->end - p->start;
	ssize_t n;

	if (len == 0)
		return;
	n = p->out_fd < 0 ? (ssize_t)len :
			    write(p->out_fd, p->bytes + p->start, len < CHUNK_MAX ? len : CHUNK_MAX);
	if (n < 0 && would_block())
		return;
	if (n < 0) {
		p->out_fd = -EBADF;
		n = (ssize_t)len;
	}
	p->start += (size_t)n;
	if (p->start == p->end)
		p->start = p->end = 0;
}

static bool pump_wants_input(const struct pump *p)
{
	return p->in_fd >= 0 && p->end == 0;
}

static bool pump_wants_output(const struct pump *p)
{
	return p->end > 0;
}

/* ---- what is watched ------------------------------------------------------------------------- */

static int relay_step(struct loop *loop, int fd, uint32_t events, void *data, struct error *err);

static int watch(struct loop *loop, struct relay *relay, struct watched *w, uint32_t events,
		 struct error *err)
{
	int r;

	if (w->fd < 0 || w->always_ready || w->events == events)
		return 0;
	/* Watched for nothing epoll still reports a hang-up, again and again. */
	if (events == 0)
		r = loop_unwatch(loop, w->fd, err);
	else if (w->events == 0)
		r = loop_watch(loop, w->fd, events, relay_step, relay, err);
	else
		r = loop_change(loop, w->fd, events, err);
	if (r == 0)
		w->events = events;
	return r;
}

static int probe(struct loop *loop, struct relay *relay, struct watched *w, struct error *err)
{
	int r = loop_watch(loop, w->fd, 0, relay_step, relay, NULL);

	if (r == 0)
		return loop_unwatch(loop, w->fd, err);
	if (r != -EPERM)
		return error_set(err, -r, "cannot watch descriptor %d", w->fd);
	w->always_ready = true;
	return 0;
}

static uint32_t when(bool wanted, uint32_t events)
{
	return wanted ? events : 0;
}

static int watch_all(struct loop *loop, struct relay *relay, struct error *err)
{
	struct pump *to = &relay->to_child, *from = &relay->from_child;
	/* Input that is always ready waits for room in the terminal. */
	bool pushes = pump_wants_output(to) || (relay->in.always_ready && pump_wants_input(to));
	int r = watch(loop, relay, &relay->in, when(pump_wants_input(to), EPOLLIN), err);

	if (r == 0)
		r = watch(loop, relay, &relay->out, when(pump_wants_output(from), EPOLLOUT), err);
	if (r == 0)
		r = watch(loop, relay, &relay->master,
			  when(pump_wants_input(from), EPOLLIN) | when(pushes, EPOLLOUT), err);
	return r;
}

/*
 * After the child's end. A read flushes what the kernel still carries to the master
 * (tty_buffer_flush_work()), so when there is nothing to read all that the child wrote has been
 * seen.
 */
static int drain(struct loop *loop, struct relay *relay, struct error *err)
{
	struct pump *p = &relay->from_child;

	while (relay->drained < DRAIN_MAX && (pump_wants_output(p) || pump_read(p))) {
		size_t before = p->end - p->start;

		pump_write(p);
		relay->drained += before - (p->end - p->start);
		if (p->end - p->start == before)
			return watch(loop, relay, &relay->out, EPOLLOUT, err); /* a slow reader */
	}
	loop_stop(loop, 0);
	return 0;
}

/*
 * One read and one write a turn, so that a child that never stops writing does not keep signals
 * waiting.
 */
static int relay_step(struct loop *loop, int fd, uint32_t events, void *data, struct error *err)
{
	struct relay *relay = data;
	bool gone = events & (EPOLLHUP | EPOLLERR);

	if (relay->ended)
		return drain(loop, relay, err);
	if (fd == relay->in.fd || (fd == relay->master.fd && relay->in.always_ready))
		(void)pump_read(&relay->to_child); /* nothing to read: nothing to do */
	if (fd == relay->master.fd && ((events & EPOLLIN) || gone))
		(void)pump_read(&relay->from_child);
	if (fd == relay->out.fd || relay->from_child.out_fd < 0)
		pump_write(&relay->from_child);
	while (relay->out.always_ready && pump_wants_output(&relay->from_child))
		pump_write(&relay->from_child); /* no event would come for the rest */
	if (fd == relay->master.fd && ((events & EPOLLOUT) || gone))
		pump_write(&relay->to_child);
	return watch_all(loop, relay, err);
}

/* ---- the caller's terminal ------------------------------------------------------------------- */

/*
 * So that reads and writes of ours never block, without changing the open file that others share:
 * open(2). Not for regular files, where position and O_APPEND would be lost. Negative: the stream
 * itself has to do.
 */
static int reopen(int fd, int access)
{
	char path[64];
	struct stat st;

	if (fstat(fd, &st) < 0 || !(S_ISFIFO(st.st_mode) || isatty(fd)))
		return -EBADF;
	if (str_format(path, sizeof(path), "/proc/self/fd/%d", fd) < 0)
		return -ENAMETOOLONG;
	return open(path, access | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
}

static void copy_size(int from_fd, int master_fd)
{
	struct winsize size;

	if (ioctl(from_fd, TIOCGWINSZ, &size) == 0 && (size.ws_row || size.ws_col))
		(void)ioctl(master_fd, TIOCSWINSZ,
			    &size); /* a wrong size is not worth more than a wrong size */
}

/*
 * "\r\n" for "\n" is made by our own terminal, where there is one, and has no place in a file or a
 * pipe. That is why make_raw() leaves output processing on.
 */
void foreground_prepare(int master_fd)
{
	struct termios settings;

	if (master_fd < 0)
		return;
	copy_size(STDIN_FILENO, master_fd);
	if (tcgetattr(master_fd, &settings) < 0)
		return;
	settings.c_oflag &= ~(tcflag_t)ONLCR;
	(void)tcsetattr(master_fd, TCSANOW, &settings); /* cosmetic */
}

static bool make_raw(struct termios *ret_before)
{
	struct termios raw;

	if (tcgetattr(STDIN_FILENO, ret_before) < 0)
		return false; /* no terminal */
	raw = *ret_before;
	cfmakeraw(&raw);
	raw.c_oflag |= ret_before->c_oflag & OPOST;
	return tcsetattr(STDIN_FILENO, TCSANOW, &raw) == 0;
}

/* ---- signals and the end --------------------------------------------------------------------- */

static int on_signal(struct loop *loop, int fd, uint32_t events, void *data, struct error *err)
{
	const struct relay *relay = data;
	struct signalfd_siginfo info;

	(void)events;
	if (read(fd, &info, sizeof(info)) != sizeof(info))
		return would_block() ? 0 : error_set(err, errno, "cannot read a signal");
	if (info.ssi_signo == SIGWINCH && relay->master.fd >= 0) {
		copy_size(STDIN_FILENO, relay->master.fd);
		return 0;
	}
	if (relay->ended) { /* nobody is left to send it to; whoever sent it wants us to end */
		loop_stop(loop, 0);
		return 0;
	}
	if (syscall(SYS_pidfd_send_signal, relay->pidfd, (int)info.ssi_signo, NULL, 0) < 0 &&
	    errno != ESRCH)
		return error_set(err, errno, "cannot pass on signal %u", info.ssi_signo);
	return 0;
}

static int on_end(struct loop *loop, int fd, uint32_t events, void *data, struct error *err)
{
	struct relay *relay = data;
	int r;

	(void)events;
	while (waitpid(relay->pid, &relay->status, 0) < 0)
		if (errno != EINTR)
			return error_set(err, errno, "cannot wait for process %d", (int)relay->pid);
	relay->ended = true;
	r = loop_unwatch(loop, fd, err);
	if (r == 0)
		r = watch(loop, relay, &relay->in, 0, err);
	if (r == 0)
		r = watch(loop, relay, &relay->master, 0, err);
	return r < 0 ? r : drain(loop, relay, err);
}

static int run_loop(struct relay *relay, struct error *err)
{
	__attribute__((cleanup(loop_freep))) struct loop *loop = NULL;
	_cleanup_close_ int signal_fd = -EBADF;
	sigset_t set = passed_on();
	int r = loop_new(&loop, err);

	if (r < 0)
		return r;
	signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (signal_fd < 0)
		return error_set(err, errno, "cannot watch signals");
	r = loop_watch(loop, signal_fd, EPOLLIN, on_signal, relay, err);
	if (r == 0)
		r = loop_watch(loop, relay->pidfd, EPOLLIN, on_end, relay, err);
	if (r == 0 && relay->also_fd >= 0)
		r = loop_watch(loop, relay->also_fd, EPOLLIN, relay->also, relay->also_data, err);
	if (r == 0 && relay->master.fd >= 0) {
		r = probe(loop, relay, &relay->in, err);
		if (r == 0)
			r = probe(loop, relay, &relay->out, err);
		if (r == 0)
			r = watch_all(loop, relay, err);
	}
	return r < 0 ? r : loop_run(loop, err);
}

static int relay_terminal(struct relay *relay, int master_fd, struct error *err)
{
	_cleanup_close_ int in_fd = reopen(STDIN_FILENO, O_RDONLY);
	_cleanup_close_ int out_fd = reopen(STDOUT_FILENO, O_WRONLY);
	/*
	 * Held so that a container may close its terminal and open it again, as init programs do;
	 * else reads end (EIO).
	 */
	_cleanup_close_ int slave_fd = ioctl(master_fd, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
	/* Not on the stack, whose pages would be made for every wait, with a terminal or without. */
	static char to_bytes[PUMP_BYTES], from_bytes[PUMP_BYTES];
	struct termios before;
	bool raw;
	int r;

	(void)slave_fd; /* may be none: then reads end early, as with runc */
	if (fcntl(master_fd, F_SETFL, O_RDWR | O_NONBLOCK) < 0)
		return error_set(err, errno, "cannot use the terminal");
	relay->in.fd = relay->to_child.in_fd = in_fd >= 0 ? in_fd : STDIN_FILENO;
	relay->out.fd = relay->from_child.out_fd = out_fd >= 0 ? out_fd : STDOUT_FILENO;
	relay->master.fd = relay->to_child.out_fd = relay->from_child.in_fd = master_fd;
	relay->to_child.bytes = to_bytes;
	relay->from_child.bytes = from_bytes;
	foreground_prepare(master_fd); /* the size may have changed since */
	raw = make_raw(&before);
	r = run_loop(relay, err);
	if (raw)
		(void)tcsetattr(STDIN_FILENO, TCSANOW,
				&before); /* there is no second way to restore it */
	return r;
}

int foreground_wait_with(pid_t pid, int pidfd, int master_fd, int fd, loop_handler handler,
			 void *data, int *ret_status, struct error *err)
{
	struct relay relay = {
		.also_fd = fd,
		.also = handler,
		.also_data = data,
		.pid = pid,
		.pidfd = pidfd,
		.in = { .fd = -EBADF },
		.out = { .fd = -EBADF },
		.master = { .fd = -EBADF },
		/* Zero would be standard input, which without a terminal is the child's alone. */
		.to_child = { .in_fd = -EBADF, .out_fd = -EBADF },
		.from_child = { .in_fd = -EBADF, .out_fd = -EBADF },
	};
	int r = master_fd >= 0 ? relay_terminal(&relay, master_fd, err) : run_loop(&relay, err);

	if (r < 0)
		return r;
	*ret_status = relay.status;
	return 0;
}

int foreground_wait(pid_t pid, int pidfd, int master_fd, int *ret_status, struct error *err)
{
	return foreground_wait_with(pid, pidfd, master_fd, -EBADF, NULL, NULL, ret_status, err);
}
