/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * worker - owns what a worker does that a container has taken over: everything that it can think of.
 *
 * Linked in front of the real one (-Wl,--wrap), as bulwark-monitor of monitor.bats. The first worker is the real one, so that
 * there is a container; the second, with the same rights, tries its luck, writes what came of it into the memory it shares with
 * its keeper, spoils the rest of that, and says what nobody asked for; the third says too much. Both are to be killed for that.
 * From then on it is the real one again.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "sandbox.h"
#include "shared.h"
#include "worker.h"

#define MARK "HOSTILE"
#define AGAIN "TOO MUCH"

int __real_worker_main(const struct settings *settings, bool first);
int __wrap_worker_main(const struct settings *settings, bool first);

/* At the end of the memory, which no worker uses for as long as a container is quiet. */
#define REPORT_MAX 8192
static char *report;
static size_t used;

static __attribute__((format(printf, 1, 2))) void say(const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	used += (size_t)vsnprintf(report + used, REPORT_MAX - used, format, ap);
	va_end(ap);
}

static void try_file(const char *what, int dir_fd, const char *path, int flags)
{
	int fd = openat(dir_fd, path, flags | O_NONBLOCK | O_CLOEXEC, 0600);

	if (fd >= 0)
		say("GAINED open %s %s\n", what, path);
}

static void try_files(const struct settings *s)
{
	static const char *const secret[] = { "../../../../etc/shadow",
					      "/etc/shadow",
					      "../etc/passwd",
					      "1/environ",
					      "1/root/etc/passwd",
					      "self/root/etc/passwd",
					      "1/mem",
					      "sys/../../etc/passwd",
					      "kcore",
					      "kmsg" };
	static const char *const switches[] = { "sysrq-trigger",      "sys/kernel/core_pattern",
						"sys/vm/drop_caches", "cpu/cpu0/online",
						"cgroup.procs",	      "memory.limit_in_bytes",
						"memory.max",	      "../cgroup.procs",
						"release_agent",      "../release_agent" };
	int fds[2 + EMU_CGROUPS] = { s->sources.proc_fd, s->sources.sys_fd };
	char path[64];

	for (size_t i = 0; i < EMU_CGROUPS; i++)
		fds[2 + i] = s->sources.cgroup_fd[i];
	for (size_t i = 0; i < 2 + EMU_CGROUPS; i++) {
		for (size_t k = 0; k < sizeof(secret) / sizeof(secret[0]); k++)
			try_file("secret", fds[i], secret[k], O_RDONLY);
		/* a container's cgroup may be its root's own, and so is what is in it: v2, delegated */
		for (size_t k = 0; k < sizeof(switches) / sizeof(switches[0]); k++)
			if (i < 2 || (strcmp(switches[k], "cgroup.procs") && switches[k][0] != 'm'))
				try_file("switch", fds[i], switches[k], O_WRONLY);
		try_file("new", fds[i], "hostile", O_CREAT | O_WRONLY);
	}
	for (int i = 0; i < 3; i++) {
		static const char *const of[] = { "mem", "environ", "fd/0" };

		snprintf(path, sizeof(path), "%d/%s", s->keeper_pid, of[i]);
		try_file("keeper", s->sources.proc_fd, path, i ? O_RDONLY : O_RDWR);
	}
	try_file("root", AT_FDCWD, "/proc", O_RDONLY);
	try_file("root", AT_FDCWD, "/hostile", O_CREAT | O_WRONLY);
}

/* Every number, also those of the future, with arguments that make none of the allowed ones do anything. */
static void try_calls(void)
{
	static const int harmless[] = {
		SYS_read,
		SYS_write,
		SYS_writev,
		SYS_readv,
		SYS_pread64,
		SYS_openat,
		SYS_close,
		SYS_fstat,
		SYS_newfstatat,
		SYS_statx,
		SYS_lseek,
		SYS_getdents64,
		SYS_readlinkat,
		SYS_ppoll,
		SYS_clock_gettime,
		SYS_clock_nanosleep,
		SYS_mmap,
		SYS_munmap,
		SYS_mremap,
		SYS_madvise,
		SYS_brk,
		SYS_futex,
		SYS_getpid,
		SYS_gettid,
		SYS_getrandom,
		SYS_rt_sigprocmask,
		SYS_rt_sigreturn,
		SYS_rt_sigaction,
		SYS_restart_syscall,
		SYS_exit,
		SYS_exit_group,
		SYS_fcntl,
#ifdef __x86_64__
		SYS_open,
		SYS_poll,
		335,
		336 /* u(ret)probe: past any filter, and SIGILL to who is none */
#endif
	};
	unsigned long refused = 0;

	for (long nr = 0; nr < 1024; nr++) {
		size_t i = 0;

		while (i < sizeof(harmless) / sizeof(harmless[0]) && harmless[i] != nr)
			i++;
		if (i < sizeof(harmless) / sizeof(harmless[0]))
			continue;
		errno = 0;
		if (syscall(nr, -1L, -1L, -1L, -1L, -1L, -1L) != -1 || errno != EPERM)
			say("GAINED system call %ld: errno %d\n", nr, errno);
		else
			refused++;
	}
	say("refused %lu system calls\n", refused);
}

static void try_memory(const struct settings *s)
{
	if (fcntl(WORKER_SETTINGS_FD, F_ADD_SEALS, 0) == 0)
		say("GAINED seals of the settings\n");
	if (pwrite(WORKER_SETTINGS_FD, s, sizeof(*s), 0) >= 0 || write(WORKER_SETTINGS_FD, s, 1) >= 0)
		say("GAINED writing to the settings\n");
	if (mmap(NULL, sizeof(*s), PROT_READ | PROT_WRITE, MAP_SHARED, WORKER_SETTINGS_FD, 0) !=
	    MAP_FAILED)
		say("GAINED a map of the settings\n");
	if (fcntl(s->shared_fd, F_ADD_SEALS, F_SEAL_WRITE) == 0)
		say("GAINED a seal of the memory\n");
}

/* Of a process that asks all the time (`figures guard`), which looks at the memory around. */
static bool answer_one(const struct settings *s, struct answer *ret)
{
	struct pollfd fd = { .fd = s->ask_fd, .events = POLLIN };
	struct question q;

	do {
		if (poll(&fd, 1, 60000) != 1 || read(fd.fd, &q, sizeof(q)) != sizeof(q))
			return false;
		memset(ret, 0xee, sizeof(*ret)); /* @whom, too */
		ret->number = q.number;
		ret->error = q.call == EMULATED_SYSINFO ? 0 : ENOSYS;
		if (write(fd.fd, ret, sizeof(*ret)) != sizeof(*ret))
			return false;
	} while (q.call != EMULATED_SYSINFO);
	return true;
}

/* It should not come back from this. */
static _Noreturn void await_death(const char *what)
{
	const struct timespec nap = { .tv_sec = 5 };

	(void)clock_nanosleep(CLOCK_MONOTONIC, 0, &nap, NULL);
	say("GAINED %s\n", what);
	_exit(EXIT_FAILURE);
}

static _Noreturn void say_too_much(const struct settings *s)
{
	static char junk[2 * sizeof(struct answer)];

	if (sandbox_worker(s->uid, s->gid, s->keeper_pid, NULL) < 0 || sandbox_filter(NULL) < 0)
		_exit(EXIT_FAILURE);
	(void)!write(s->ask_fd, junk, sizeof(junk));
	await_death("a message of another size");
}

static int attack(const struct settings *s, struct shared *shared)
{
	struct answer answer;

	say("%s\n", MARK);
	if (sandbox_worker(s->uid, s->gid, s->keeper_pid, NULL) < 0 || sandbox_filter(NULL) < 0)
		return EXIT_FAILURE;
	try_files(s);
	try_calls();
	try_memory(s);
	if (!answer_one(s, &answer))
		say("nobody asked\n");
	say("END\n");
	memset(shared, 0xff, offsetof(struct shared, state)); /* its journal, too */
	for (size_t i = 0; i < sizeof(shared->state) - REPORT_MAX; i += 3)
		shared->state[i] = (char)(i * 2654435761U >> 7);
	(void)!write(s->ask_fd, &answer, sizeof(answer)); /* once more */
	await_death("an answer nobody asked for");
}

int __wrap_worker_main(const struct settings *settings, bool first)
{
	struct shared *shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED,
				     settings->shared_fd, 0);

	if (shared == MAP_FAILED)
		return EXIT_FAILURE;
	report = shared->state + sizeof(shared->state) - REPORT_MAX;
	used = strnlen(report, REPORT_MAX - 1);
	if (first || strstr(report, AGAIN))
		return __real_worker_main(settings, first);
	if (!strstr(report, MARK))
		return attack(settings, shared);
	say("%s\n", AGAIN);
	say_too_much(settings);
}
