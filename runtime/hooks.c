/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hooks - see hooks.h.
 *
 * How a hook runs: the child gets three pipes (state, output, and one that is close-on-exec and carries a struct error
 * when execve(2) was not reached), and the parent serves them and the pidfd in one poll(2) loop with a deadline. The
 * pidfd alone ends the loop: a grandchild may keep the pipes open for as long as it likes. Nothing is allocated,
 * because startContainer hooks are run by the container's init.
 */
#include "hooks.h"

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

#define OUTPUT_MAX 4096	 /* bytes of a hook's output that are kept: the last ones */
#define PIPE_BYTES 65536 /* capacity of a pipe: pipe(7) */

static const struct json_field hook_fields[] = {
	JSON_F_REQUIRED(struct hook, path, "path", JSON_STRING_FIELD),
	JSON_F(struct hook, args, "args", JSON_STRV_FIELD),
	JSON_F(struct hook, env, "env", JSON_STRV_FIELD),
	JSON_F(struct hook, timeout, "timeout", JSON_OPT_I64_FIELD),
	JSON_F_END,
};

const struct json_field hooks_fields[] = {
	JSON_F_ARRAY(struct hooks, prestart, "prestart", hook_fields, struct hook),
	JSON_F_ARRAY(struct hooks, create_runtime, "createRuntime", hook_fields, struct hook),
	JSON_F_ARRAY(struct hooks, create_container, "createContainer", hook_fields, struct hook),
	JSON_F_ARRAY(struct hooks, start_container, "startContainer", hook_fields, struct hook),
	JSON_F_ARRAY(struct hooks, poststart, "poststart", hook_fields, struct hook),
	JSON_F_ARRAY(struct hooks, poststop, "poststop", hook_fields, struct hook),
	JSON_F_END,
};

static int check_list(const char *name, const struct json_array *list, struct error *err)
{
	const struct hook *hooks = list->items;
	char quoted[160];

	for (size_t i = 0; i < list->n; i++) {
		if (hooks[i].path[0] != '/')
			return error_text(err, EINVAL, "hooks.%s[%zu].path: '%s' is not absolute",
					  name, i, str_quote(hooks[i].path, quoted, sizeof(quoted)));
		if (hooks[i].timeout.set && hooks[i].timeout.value < 1)
			return error_text(err, EINVAL,
					  "hooks.%s[%zu].timeout: %lld is not a number of seconds above 0",
					  name, i, (long long)hooks[i].timeout.value);
	}
	return 0;
}

int hooks_check(const struct hooks *hooks, struct error *err)
{
	const struct {
		const char *name;
		const struct json_array *list;
	} lists[] = {
		{ "prestart", &hooks->prestart },
		{ "createRuntime", &hooks->create_runtime },
		{ "createContainer", &hooks->create_container },
		{ "startContainer", &hooks->start_container },
		{ "poststart", &hooks->poststart },
		{ "poststop", &hooks->poststop },
	};
	int r = 0;

	for (size_t i = 0; r == 0 && i < sizeof(lists) / sizeof(lists[0]); i++)
		r = check_list(lists[i].name, lists[i].list, err);
	return r;
}

/* One running hook; descriptors are the parent's ends. */
struct run {
	const struct hook *hook;
	const char *bundle;
	int (*enter)(void *data, struct error *err);
	void *data;

	pid_t parent; /* we */
	pid_t pid;
	int pidfd;
	int stdin_fd;	   /* state goes in here; -EBADF once it is out */
	int output_fd;	   /* what the hook says */
	int error_fd;	   /* a struct error, or nothing when execve(2) succeeded */
	const char *state; /* what is left to write */
	size_t state_len;
	int64_t deadline_ms; /* CLOCK_MONOTONIC; INT64_MAX: none */

	char output[OUTPUT_MAX + 1];
	size_t output_len;
};

static void run_done(struct run *run)
{
	fd_closep(&run->pidfd);
	fd_closep(&run->stdin_fd);
	fd_closep(&run->output_fd);
	fd_closep(&run->error_fd);
}

static int64_t now_ms(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now); /* cannot fail for this clock */
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int64_t deadline_of(const struct hook *hook)
{
	int64_t deadline;

	if (!hook->timeout.set || __builtin_mul_overflow(hook->timeout.value, 1000, &deadline) ||
	    __builtin_add_overflow(deadline, now_ms(), &deadline))
		return INT64_MAX;
	return deadline;
}

/* The child's ends become 0, 1 and 2, wherever they are now: the caller may have started with those closed. */
static int move_stdio(int stdin_fd, int output_fd, struct error *err)
{
	int in = fcntl(stdin_fd, F_DUPFD_CLOEXEC, 3), out = fcntl(output_fd, F_DUPFD_CLOEXEC, 3);

	if (in < 0 || out < 0 || dup2(in, STDIN_FILENO) < 0 || dup2(out, STDOUT_FILENO) < 0 ||
	    dup2(out, STDERR_FILENO) < 0)
		return error_set(err, errno, "cannot set up its standard streams");
	return 0;
}

/*
 * A hook whose runtime was killed has nobody to report to, and what it prepares is about to be deleted: it ends, too. What
 * it started in the background is not concerned. Set after the last change of ids, which clears it: prctl(2).
 */
static int die_with_parent(const struct run *run, struct error *err)
{
	if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0)
		return error_set(err, errno, "PR_SET_PDEATHSIG");
	if (getppid() != run->parent) /* died before we asked */
		return error_text(err, ESRCH, "the runtime died");
	return 0;
}

static int child(const struct run *run, int stdin_fd, int output_fd, struct error *err)
{
	static const char *const no_env[] = { NULL };
	const char *const own_name[] = { run->hook->path, NULL };
	const char *const *args = run->hook->args && run->hook->args[0] ? run->hook->args : own_name;
	const char *const *env = run->hook->env ? run->hook->env : no_env;
	int r;

	proc_reset_signals();
	if (setsid() < 0)
		return error_set(err, errno, "cannot start a session");
	r = move_stdio(stdin_fd, output_fd, err);
	if (r == 0 && run->enter)
		r = run->enter(run->data, err);
	if (r < 0)
		return r;
	if (run->bundle && chdir(run->bundle) < 0)
		return error_set(err, errno, "cannot change to the bundle '%s'", run->bundle);
	r = fd_cloexec_from(3, err);
	if (r == 0)
		r = die_with_parent(run, err);
	if (r < 0)
		return r;
	(void)execve(run->hook->path, (char *const *)args, (char *const *)env);
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
	_cleanup_close_ int child_stdin = -EBADF, child_output = -EBADF, child_error = -EBADF;
	struct clone_args args = { .flags = CLONE_PIDFD, .exit_signal = SIGCHLD };
	int pidfd = -EBADF, r;
	pid_t pid;

	r = make_pipe(&child_stdin, &run->stdin_fd, err);
	if (r == 0)
		r = make_pipe(&run->output_fd, &child_output, err);
	if (r == 0)
		r = make_pipe(&run->error_fd, &child_error, err);
	if (r < 0)
		return r;
	/* Only our ends: the hook's own are the ordinary, blocking kind. */
	if (fcntl(run->stdin_fd, F_SETFL, O_NONBLOCK) < 0 ||
	    fcntl(run->output_fd, F_SETFL, O_NONBLOCK) < 0 ||
	    fcntl(run->error_fd, F_SETFL, O_NONBLOCK) < 0)
		return error_set(err, errno, "cannot set up its pipes");

	args.pidfd = (uint64_t)(uintptr_t)&pidfd;
	pid = sys_clone3(&args);
	if (pid < 0)
		return error_set(err, errno, "cannot start a process");
	if (pid == 0) {
		struct error child_err = ERROR_INIT;

		(void)child(run, child_stdin, child_output, &child_err);
		(void)!write(child_error, &child_err, sizeof(child_err));
		_exit(127);
	}
	run->pid = pid;
	run->pidfd = pidfd;
	return 0;
}

static void write_state(struct run *run)
{
	ssize_t n = write(run->stdin_fd, run->state, run->state_len);

	if (n > 0) {
		run->state += n;
		run->state_len -= (size_t)n;
	}
	/* EPIPE: the hook does not care for its state, which is its right. */
	if (run->state_len == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
		fd_closep(&run->stdin_fd);
}

/* Takes what is there; false: the end. Keeps the last OUTPUT_MAX bytes. */
static bool read_output(struct run *run)
{
	char chunk[OUTPUT_MAX];
	ssize_t n = read(run->output_fd, chunk, sizeof(chunk));

	if (n < 0)
		return errno == EINTR;
	if (n == 0)
		return false;
	if (run->output_len + (size_t)n > OUTPUT_MAX) {
		size_t drop = run->output_len + (size_t)n - OUTPUT_MAX;

		memmove(run->output, run->output + drop, run->output_len - drop);
		run->output_len -= drop;
	}
	memcpy(run->output + run->output_len, chunk, (size_t)n);
	run->output_len += (size_t)n;
	return true;
}

/* Until the hook's process is dead: 0; -ETIMEDOUT when the deadline came first. */
static int serve(struct run *run, struct error *err)
{
	for (;;) {
		struct pollfd fds[] = {
			{ .fd = run->pidfd, .events = POLLIN },
			{ .fd = run->stdin_fd, .events = POLLOUT }, /* negative ones are passed over */
			{ .fd = run->output_fd, .events = POLLIN },
		};
		int timeout = -1;

		if (run->deadline_ms != INT64_MAX) {
			int64_t left = run->deadline_ms - now_ms();

			if (left <= 0)
				return error_text(err, ETIMEDOUT,
						  "killed after its time-out of %lld seconds",
						  (long long)run->hook->timeout.value);
			timeout = left > INT_MAX ? INT_MAX : (int)left;
		}
		if (poll(fds, sizeof(fds) / sizeof(fds[0]), timeout) < 0) {
			if (errno == EINTR)
				continue;
			return error_set(err, errno, "cannot wait for it");
		}
		if (fds[1].revents)
			write_state(run);
		if (fds[2].revents && !read_output(run))
			fd_closep(&run->output_fd);
		if (fds[0].revents)
			return 0;
	}
}

/* The hook's last line as ": TEXT", or nothing. */
static const char *last_line(struct run *run, char *buf, size_t size)
{
	char *line;

	buf[0] = '\0';
	while (run->output_len > 0 && strchr("\r\n\t ", run->output[run->output_len - 1]))
		run->output_len--;
	run->output[run->output_len] = '\0';
	line = memrchr(run->output, '\n', run->output_len);
	line = line ? line + 1 : run->output;
	if (*line) {
		memcpy(buf, ": ", 2);
		(void)str_quote(line, buf + 2, size - 2);
	}
	return buf;
}

static int verdict(struct run *run, const siginfo_t *info, struct error *err)
{
	struct error child_err = ERROR_INIT;
	char line[300];

	/* Written in one piece or not at all; a hook cannot forge it, for the pipe is closed by its execve(2). */
	if (read(run->error_fd, &child_err, sizeof(child_err)) == (ssize_t)sizeof(child_err)) {
		child_err.msg[sizeof(child_err.msg) - 1] = '\0';
		return error_text(err, child_err.code > 0 ? child_err.code : EIO, "%s",
				  child_err.msg);
	}
	if (info->si_code == CLD_EXITED && info->si_status == 0)
		return 0;
	(void)last_line(run, line, sizeof(line));
	if (info->si_code == CLD_EXITED)
		return error_text(err, EIO, "exit status %d%s", info->si_status, line);
	return error_text(err, EIO, "killed by signal %d%s", info->si_status, line);
}

static int run_one(const struct hook *hook, const char *state_json, const char *bundle,
		   int (*enter)(void *data, struct error *err), void *data, struct error *err)
{
	__attribute__((cleanup(run_done))) struct run run = {
		.hook = hook,
		.bundle = bundle,
		.enter = enter,
		.data = data,
		.parent = getpid(),
		.pidfd = -EBADF,
		.stdin_fd = -EBADF,
		.output_fd = -EBADF,
		.error_fd = -EBADF,
		.state = state_json,
		.state_len = strlen(state_json),
		.deadline_ms = deadline_of(hook),
	};
	siginfo_t info = { 0 };
	int r, served;

	r = start(&run, err);
	if (r < 0)
		return r;
	served = serve(&run, err);
	if (served < 0) {
		(void)syscall(SYS_pidfd_send_signal, run.pidfd, SIGKILL, NULL, 0);
		(void)kill(-run.pid,
			   SIGKILL); /* its session, too: the number is ours until waitid(2) below */
	}
	do
		r = waitid(P_PIDFD, (id_t)run.pidfd, &info, WEXITED);
	while (r < 0 && errno == EINTR);
	if (served < 0)
		return served;
	if (r < 0)
		return error_set(err, errno, "cannot learn how it ended");
	/* What it said last: a pipe full of it, and no waiting, for a grandchild may hold the pipe and write on. */
	for (int i = 0; i < PIPE_BYTES / OUTPUT_MAX && run.output_fd >= 0 && read_output(&run); i++)
		;
	return verdict(&run, &info, err);
}

int hooks_run(const char *name, const struct json_array *list, const char *state_json,
	      const char *bundle, int (*enter)(void *data, struct error *err), void *data,
	      struct error *err)
{
	const struct sigaction ignore = { .sa_handler = SIG_IGN }, dfl = { .sa_handler = SIG_DFL };
	const struct hook *hooks = list->items;
	struct sigaction old_pipe, old_chld;
	char quoted[160];
	int r = 0;

	if (list->n == 0)
		return 0;
	/* A hook may leave its state unread; and where SIGCHLD is ignored, waitid(2) learns nothing. */
	if (sigaction(SIGPIPE, &ignore, &old_pipe) < 0 || sigaction(SIGCHLD, &dfl, &old_chld) < 0)
		return error_set(err, errno, "hooks.%s: cannot set signal handlers", name);
	for (size_t i = 0; r == 0 && i < list->n; i++) {
		r = run_one(&hooks[i], state_json, bundle, enter, data, err);
		if (r < 0)
			r = error_wrap(err, "hooks.%s[%zu] '%s'", name, i,
				       str_quote(hooks[i].path, quoted, sizeof(quoted)));
	}
	(void)sigaction(SIGPIPE, &old_pipe, NULL);
	(void)sigaction(SIGCHLD, &old_chld, NULL);
	return r;
}
