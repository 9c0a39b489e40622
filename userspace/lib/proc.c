/* SPDX-License-Identifier: GPL-2.0-or-later */
/* proc - see proc.h. */
#include "proc.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/syscall.h>
#include <signal.h>
#include <string.h>
#include <sys/pidfd.h>
#include <time.h>
#include <unistd.h>

#include "error.h"
#include "fd.h"
#include "mount_api.h"
#include "str.h"

#define STAT_MAX 4096	      /* bytes of /proc/PID/stat: 52 numbers and a name, proc(5) */
#define STAT_FIELD_STATE 3    /* first field behind the name */
#define STAT_FIELD_THREADS 20 /* num_threads */
#define STAT_FIELD_START 22   /* starttime */

static int no_process(pid_t pid, struct error *err)
{
	return error_text(err, ESRCH, "process %d does not exist", pid);
}

/* The whole file in one read(2): the kernel renders it once, so that the fields belong together. */
static int read_stat(pid_t pid, char *buf, size_t size, struct error *err)
{
	_cleanup_close_ int fd = -EBADF;
	char path[32];
	ssize_t n;
	int r;

	r = str_format(path, sizeof(path), "/proc/%d/stat", pid);
	if (r < 0)
		return error_set(err, -r, "process %d", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT)
		return no_process(pid, err);
	if (fd < 0)
		return error_set(err, errno, "cannot open '%s'", path);
	do
		n = read(fd, buf, size - 1);
	while (n < 0 && errno == EINTR);
	if (n < 0 && errno == ESRCH) /* it died in between */
		return no_process(pid, err);
	if (n < 0)
		return error_set(err, errno, "cannot read '%s'", path);
	buf[n] = '\0';
	return 0;
}

/*
 * The name is whatever the process likes, ") Z 1 (" too, but it is the only field that is: the last parenthesis
 * of the line is its end.
 */
static int parse_stat(char *line, uint64_t *ret_start, char *ret_state)
{
	char *p = strrchr(line, ')'), *end;
	bool has_threads = false;
	char state;

	if (!p || p[1] != ' ' || !p[2] || p[3] != ' ')
		return -EINVAL;
	state = p[2];
	p += 2;
	for (int field = STAT_FIELD_STATE; field < STAT_FIELD_START; field++) {
		p = strchr(p, ' ');
		if (!p)
			return -EINVAL;
		p++;
		if (field + 1 == STAT_FIELD_THREADS)
			has_threads = strncmp(p, "0 ", 2) != 0 && strncmp(p, "1 ", 2) != 0;
	}
	end = strchr(p, ' ');
	if (!end)
		return -EINVAL;
	*end = '\0';
	if (parse_u64(p, ret_start) < 0)
		return -EINVAL;
	*ret_state = state == 'Z' && has_threads ? 'S' : state;
	return 0;
}

int proc_stat(pid_t pid, uint64_t *ret_start, char *ret_state, struct error *err)
{
	char line[STAT_MAX];
	uint64_t start;
	char state;
	int r;

	if (pid <= 0)
		return no_process(pid, err);
	r = read_stat(pid, line, sizeof(line), err);
	if (r < 0)
		return r;
	if (parse_stat(line, &start, &state) < 0)
		return error_text(err, EINVAL, "cannot understand /proc/%d/stat", pid);
	if (ret_start)
		*ret_start = start;
	if (ret_state)
		*ret_state = state;
	return 0;
}

/* 0, or -ESRCH when the number stands for nothing, for another process, or for one that is dead. */
static int check_alive(const struct proc_id *id, struct error *err)
{
	uint64_t start;
	char state;
	int r = proc_stat(id->pid, &start, &state, err);

	if (r < 0)
		return r;
	if (start != id->start)
		return error_text(err, ESRCH, "process %d is gone, its number is in use again",
				  id->pid);
	if (strchr("ZXx", state)) /* zombie, dead */
		return error_text(err, ESRCH, "process %d is dead", id->pid);
	return 0;
}

bool proc_is_alive(const struct proc_id *id)
{
	return check_alive(id, NULL) == 0;
}

int proc_open(const struct proc_id *id, struct error *err)
{
	_cleanup_close_ int fd = -EBADF;
	int r;

	if (id->pid <= 0)
		return no_process(id->pid, err);
	fd = pidfd_open(id->pid, 0);
	/* The number may belong to a thread by now: EINVAL, or ENOENT since Linux 6.15. */
	if (fd < 0 && (errno == ESRCH || errno == EINVAL || errno == ENOENT))
		return no_process(id->pid, err);
	if (fd < 0)
		return error_set(err, errno, "pidfd_open %d", id->pid);
	r = check_alive(id, err);
	if (r < 0)
		return r;
	return take_fd(&fd);
}

static int64_t now_ms(void)
{
	struct timespec ts = { 0 };

	(void)clock_gettime(CLOCK_MONOTONIC, &ts); /* cannot fail */
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

int proc_open_ns(pid_t pid, const char *name, struct error *err)
{
	char path[64];
	int fd, r;

	r = pid ? str_format(path, sizeof(path), "/proc/%d/ns/%s", (int)pid, name) :
		  str_format(path, sizeof(path), "/proc/self/ns/%s", name);
	if (r < 0)
		return error_set(err, ENAMETOOLONG, "namespace '%s'", name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	return fd < 0 ? error_set(err, errno, "cannot open '%s'", path) : fd;
}

int proc_clone_folder(pid_t pid, struct error *err)
{
	_cleanup_close_ int fd = -EBADF;
	char path[32];

	(void)str_format(path, sizeof(path), "/proc/%d", (int)pid); /* cannot be too long */
	fd = open(path, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return error_set(err, errno, "cannot open '%s'", path);
	return mount_clone(fd, false, err);
}

int proc_wait_dead(int pidfd, int timeout_ms, struct error *err)
{
	struct pollfd poll_fd = { .fd = pidfd, .events = POLLIN };
	int64_t deadline = now_ms() + timeout_ms;
	int left = timeout_ms;

	for (;;) {
		int r = poll(&poll_fd, 1, left);

		if (r > 0 && (poll_fd.revents & POLLNVAL))
			return error_set(err, EBADF, "cannot wait for a process");
		if (r > 0)
			return 0;
		if (r == 0)
			return error_text(err, ETIMEDOUT, "the process is still there after %d ms",
					  timeout_ms);
		if (errno != EINTR)
			return error_set(err, errno, "cannot wait for a process");
		if (timeout_ms >= 0) { /* a signal came: wait for what is left */
			int64_t rest = deadline - now_ms();

			left = rest > 0 ? (int)rest : 0;
		}
	}
}

void proc_reset_signals(void)
{
	/* the kernel's struct, not the C library's: sigaction(2), "C library/kernel differences" */
	const struct {
		unsigned long handler, flags, restorer, mask;
	} standard = { 0 };
	sigset_t none;

	for (int sig = 1; sig < NSIG; sig++) /* SIGKILL and SIGSTOP refuse, and need it not */
		(void)syscall(SYS_rt_sigaction, sig, &standard, NULL, sizeof(standard.mask));
	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
}
