/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * program - see program.h.
 *
 * The child gets three pipes (input, output, and one that is close-on-exec and carries a struct error when execve(2) was
 * not reached), and the parent serves them and the pidfd in one poll(2) loop with a deadline. The pidfd alone ends the
 * loop: a grandchild may keep the pipes open for as long as it likes.
 */
#include "program.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "error.h"
#include "fd.h"
#include "proc.h"
#include "str.h"
#include "sys.h"

#define PIPE_BYTES 65536 /* capacity of a pipe: pipe(7) */

/* One that runs; descriptors are the parent's ends. */
struct run {
	const struct program *program;
	struct program_end *end;
	pid_t parent; /* we */
	pid_t pid;
	int pidfd;
	int input_fd;	   /* -EBADF once the input is out */
	int output_fd;	   /* what it says */
	int error_fd;	   /* a struct error, or nothing when execve(2) succeeded */
	const char *input; /* what is left to write */
	size_t input_len;
	int64_t deadline_ms; /* CLOCK_MONOTONIC; INT64_MAX: none */
};

static void run_done(struct run *run)
{
	fd_closep(&run->pidfd);
	fd_closep(&run->input_fd);
	fd_closep(&run->output_fd);
	fd_closep(&run->error_fd);
}

static int64_t now_ms(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now); /* cannot fail for this clock */
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int64_t deadline_of(const struct program *program)
{
	int64_t deadline;

	if (!program->timeout_s || __builtin_mul_overflow(program->timeout_s, 1000, &deadline) ||
	    __builtin_add_overflow(deadline, now_ms(), &deadline))
		return INT64_MAX;
	return deadline;
}

/* The child's ends become 0, 1 and 2, wherever they are now: the caller may have started with those closed. */
static int move_stdio(int input_fd, int output_fd, struct error *err)
{
	int in = fcntl(input_fd, F_DUPFD_CLOEXEC, 3), out = fcntl(output_fd, F_DUPFD_CLOEXEC, 3);

	if (in < 0 || out < 0 || dup2(in, STDIN_FILENO) < 0 || dup2(out, STDOUT_FILENO) < 0 ||
	    dup2(out, STDERR_FILENO) < 0)
		return error_set(err, errno, "cannot set up its standard streams");
	return 0;
}

/*
 * One whose runtime was killed has nobody to report to: it ends, too. What it started in the background is not concerned.
 * Set after the last change of ids, which clears it: prctl(2).
 */
static int die_with_parent(const struct run *run, struct error *err)
{
	if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0)
		return error_set(err, errno, "PR_SET_PDEATHSIG");
	if (getppid() != run->parent) /* died before we asked */
		return error_text(err, ESRCH, "the runtime died");
	return 0;
}

static int child(const struct run *run, int input_fd, int output_fd, struct error *err)
{
	static const char *const no_env[] = { NULL };
	const struct program *p = run->program;
	const char *const own_name[] = { p->path, NULL };
	const char *const *args = p->args && p->args[0] ? p->args : own_name;
	const char *const *env = p->env ? p->env : no_env;
	int r;

	proc_reset_signals();
	if (setsid() < 0)
		return error_set(err, errno, "cannot start a session");
	r = move_stdio(input_fd, output_fd, err);
	if (r == 0 && p->enter)
		r = p->enter(p->data, err);
	if (r < 0)
		return r;
	if (p->bundle && chdir(p->bundle) < 0)
		return error_set(err, errno, "cannot change to the bundle '%s'", p->bundle);
	r = fd_cloexec_from(3, err);
	if (r == 0)
		r = die_with_parent(run, err);
	if (r < 0)
		return r;
	(void)execve(p->path, (char *const *)args, (char *const *)env);
	return error_set(err, errno, "cannot execute it");
}

static int make_pipe(int *ret_read, int *ret_write, struct error *err)
{
	int fds[2];

	if (pipe2(fds, O_CLOEXEC) < 0)
		return error_set(err, errno, "cannot make a pipe");
	*ret_read = fds[0];
	*ret_write = fds[1];
	return 0;
}

static int start(struct run *run, struct error *err)
{
	_cleanup_close_ int child_input = -EBADF, child_output = -EBADF, child_error = -EBADF;
	struct clone_args args = { .flags = CLONE_PIDFD, .exit_signal = SIGCHLD };
	int pidfd = -EBADF, r;
	pid_t pid;

	r = make_pipe(&child_input, &run->input_fd, err);
	if (r == 0)
		r = make_pipe(&run->output_fd, &child_output, err);
	if (r == 0)
		r = make_pipe(&run->error_fd, &child_error, err);
	if (r < 0)
		return r;
	/* Only our ends: the program's own are the ordinary, blocking kind. */
	if (fcntl(run->input_fd, F_SETFL, O_NONBLOCK) < 0 ||
	    fcntl(run->output_fd, F_SETFL, O_NONBLOCK) < 0 ||
	    fcntl(run->error_fd, F_SETFL, O_NONBLOCK) < 0)
		return error_set(err, errno, "cannot set up its pipes");

	args.pidfd = (uint64_t)(uintptr_t)&pidfd;
	pid = sys_clone3(&args);
	if (pid < 0)
		return error_set(err, errno, "cannot start a process");
	if (pid == 0) {
		struct error child_err = ERROR_INIT;

		(void)child(run, child_input, child_output, &child_err);
		(void)!write(child_error, &child_err, sizeof(child_err));
		_exit(127);
	}
	run->pid = pid;
	run->pidfd = pidfd;
	return 0;
}

static void write_input(struct run *run)
{
	ssize_t n = write(run->input_fd, run->input, run->input_len);

	if (n > 0) {
		run->input += n;
		run->input_len -= (size_t)n;
	}
	/* EPIPE: it does not care for its input, which is its right. */
	if (run->input_len == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
		fd_closep(&run->input_fd);
}

/* Takes what is there; false: the end. Keeps the last PROGRAM_OUTPUT_MAX bytes. */
static bool read_output(struct run *run)
{
	struct program_end *end = run->end;
	char chunk[PROGRAM_OUTPUT_MAX];
	ssize_t n = read(run->output_fd, chunk, sizeof(chunk));

	if (n < 0)
		return errno == EINTR;
	if (n == 0)
		return false;
	if (end->output_len + (size_t)n > PROGRAM_OUTPUT_MAX) {
		size_t drop = end->output_len + (size_t)n - PROGRAM_OUTPUT_MAX;

		memmove(end->output, end->output + drop, end->output_len - drop);
		end->output_len -= drop;
	}
	memcpy(end->output + end->output_len, chunk, (size_t)n);
	end->output_len += (size_t)n;
	return true;
}

/* Until the process is dead: 0; -ETIMEDOUT when the deadline came first. */
static int serve(struct run *run, struct error *err)
{
	for (;;) {
		struct pollfd fds[] = {
			{ .fd = run->pidfd, .events = POLLIN },
			{ .fd = run->input_fd, .events = POLLOUT }, /* negative ones are passed over */
			{ .fd = run->output_fd, .events = POLLIN },
		};
		int timeout = -1;

		if (run->deadline_ms != INT64_MAX) {
			int64_t left = run->deadline_ms - now_ms();

			if (left <= 0)
				return error_text(err, ETIMEDOUT,
						  "killed after its time-out of %lld seconds",
						  (long long)run->program->timeout_s);
			timeout = left > INT_MAX ? INT_MAX : (int)left;
		}
		if (poll(fds, sizeof(fds) / sizeof(fds[0]), timeout) < 0) {
			if (errno == EINTR)
				continue;
			return error_set(err, errno, "cannot wait for it");
		}
		if (fds[1].revents)
			write_input(run);
		if (fds[2].revents && !read_output(run))
			fd_closep(&run->output_fd);
		if (fds[0].revents)
			return 0;
	}
}

/* What kept it from running; written in one piece or not at all, and the pipe is closed by its execve(2): not forged. */
static int read_error(const struct run *run, struct error *err)
{
	struct error child_err = ERROR_INIT;

	if (read(run->error_fd, &child_err, sizeof(child_err)) != (ssize_t)sizeof(child_err))
		return 0;
	child_err.msg[sizeof(child_err.msg) - 1] = '\0';
	return error_text(err, child_err.code > 0 ? child_err.code : EIO, "%s", child_err.msg);
}

static int run_to_end(struct run *run, struct error *err)
{
	siginfo_t info = { 0 };
	int r = start(run, err), served;

	if (r < 0)
		return r;
	served = serve(run, err);
	if (served < 0) {
		(void)syscall(SYS_pidfd_send_signal, run->pidfd, SIGKILL, NULL, 0);
		(void)kill(-run->pid,
			   SIGKILL); /* its session, too: the number is ours until waitid(2) below */
	}
	do
		r = waitid(P_PIDFD, (id_t)run->pidfd, &info, WEXITED);
	while (r < 0 && errno == EINTR);
	if (served < 0)
		return served;
	if (r < 0)
		return error_set(err, errno, "cannot learn how it ended");
	/* What it said last: a pipe full of it, and no waiting, for a grandchild may hold the pipe and write on. */
	for (int i = 0;
	     i < PIPE_BYTES / PROGRAM_OUTPUT_MAX && run->output_fd >= 0 && read_output(run); i++)
		;
	run->end->exited = info.si_code == CLD_EXITED;
	run->end->status = info.si_status;
	return read_error(run, err);
}

int program_run(const struct program *program, struct program_end *end, struct error *err)
{
	const struct sigaction ignore = { .sa_handler = SIG_IGN }, dfl = { .sa_handler = SIG_DFL };
	struct sigaction old_pipe, old_chld;
	struct run run = {
		.program = program,
		.end = end,
		.parent = getpid(),
		.pidfd = -EBADF,
		.input_fd = -EBADF,
		.output_fd = -EBADF,
		.error_fd = -EBADF,
		.input = program->input,
		.input_len = program->input ? strlen(program->input) : 0,
		.deadline_ms = deadline_of(program),
	};
	int r;

	end->output_len = 0;
	/* It may leave its input unread; and where SIGCHLD is ignored, waitid(2) learns nothing. */
	if (sigaction(SIGPIPE, &ignore, &old_pipe) < 0 || sigaction(SIGCHLD, &dfl, &old_chld) < 0)
		return error_set(err, errno, "cannot set signal handlers");
	r = run_to_end(&run, err);
	run_done(&run);
	end->output[end->output_len] = '\0';
	(void)sigaction(SIGPIPE, &old_pipe, NULL);
	(void)sigaction(SIGCHLD, &old_chld, NULL);
	return r;
}

const char *program_last_line(struct program_end *end)
{
	char *line;

	while (end->output_len > 0 && strchr("\r\n\t ", end->output[end->output_len - 1]))
		end->output_len--;
	end->output[end->output_len] = '\0';
	line = memrchr(end->output, '\n', end->output_len);
	return line ? line + 1 : end->output;
}
