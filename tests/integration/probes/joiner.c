/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * joiner SECONDS [signals] - root of a container, after whoever enters it (exec): tries to get hold of every process but
 * its own, over and over. With "signals" it stops, continues and kills those who enter, too.
 * joiner sibling           - the same, once, at a process of its own making: what may be had of an ordinary process.
 *
 *   MET N                  looks at processes whose program may not be seen: those that have not executed one yet
 *   GOT NAME N             how often this worked at a process that is not the container's own program
 */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define WORKERS 2

static int open_file(int pid, const char *name, int flags)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/%s", pid, name);
	fd = open(path, flags | O_CLOEXEC);
	if (fd >= 0)
		close(fd);
	return fd;
}

static int read_file(int pid, const char *name)
{
	char path[64], byte;
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/%s", pid, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	n = read(fd, &byte, 1); /* some are opened by anybody, and say nothing */
	close(fd);
	return n > 0 ? 0 : -1;
}

static int read_link(int pid, const char *name)
{
	char path[64], target[4096];

	snprintf(path, sizeof(path), "/proc/%d/%s", pid, name);
	return readlink(path, target, sizeof(target)) > 0 ? 0 : -1;
}

#define OPEN(id, file, flags)                                                                      \
	static int try_##id(int pid)                                                               \
	{                                                                                          \
		return open_file(pid, file, flags);                                                \
	}
#define READ(id, file)                                                                             \
	static int try_##id(int pid)                                                               \
	{                                                                                          \
		return read_file(pid, file);                                                       \
	}
#define LINK(id, file)                                                                             \
	static int try_##id(int pid)                                                               \
	{                                                                                          \
		return read_link(pid, file);                                                       \
	}
OPEN(exe, "exe", O_RDONLY)
OPEN(mem, "mem", O_RDWR)
OPEN(root, "root", O_RDONLY | O_DIRECTORY)
OPEN(cwd, "cwd", O_RDONLY | O_DIRECTORY)
OPEN(fd, "fd", O_RDONLY | O_DIRECTORY)
OPEN(fdinfo, "fdinfo", O_RDONLY | O_DIRECTORY)
OPEN(stdin, "fd/0", O_PATH)
OPEN(mntns, "ns/mnt", O_RDONLY)
OPEN(userns, "ns/user", O_RDONLY)
READ(environ, "environ")
READ(maps, "maps")
READ(auxv, "auxv")
LINK(exe_link, "exe")
LINK(cwd_link, "cwd")
LINK(root_link, "root")

static int try_getfd(int pid)
{
	int pidfd = (int)syscall(SYS_pidfd_open, pid, 0), fd = -1;

	for (int i = 0; pidfd >= 0 && fd < 0 && i < 12; i++)
		fd = (int)syscall(SYS_pidfd_getfd, pidfd, i, 0);
	if (fd >= 0)
		close(fd);
	if (pidfd >= 0)
		close(pidfd);
	return fd;
}

static int try_seize(int pid)
{
	int r = (int)ptrace(PTRACE_SEIZE, pid, NULL, NULL);

	if (r == 0) { /* or its end would be told to nobody but us */
		(void)ptrace(PTRACE_INTERRUPT, pid, NULL, NULL);
		(void)waitpid(pid, NULL, __WALL);
		(void)ptrace(PTRACE_DETACH, pid, NULL, NULL);
	}
	return r;
}

static int try_attach(int pid)
{
	int r = (int)ptrace(PTRACE_ATTACH, pid, NULL, NULL);

	if (r == 0) {
		(void)waitpid(pid, NULL, __WALL);
		(void)ptrace(PTRACE_DETACH, pid, NULL, NULL);
		(void)kill(pid, SIGCONT); /* it executed its program just now, and that must not stay stopped */
	}
	return r;
}

/* Where every static program has something, and our sibling has its own stack. */
static unsigned long address = 0x400000;

static int try_vm_read(int pid)
{
	char byte;
	struct iovec local = { &byte, 1 }, remote = { (void *)address, 1 };

	errno = 0;
	/* EFAULT: it was let in, and there is nothing at that address */
	return process_vm_readv(pid, &local, 1, &remote, 1, 0) >= 0 || errno == EFAULT ? 0 : -1;
}

static const struct {
	const char *name;
	int (*attempt)(int pid);
} attempts[] = {
	{ "exe", try_exe },
	{ "mem", try_mem },
	{ "root", try_root },
	{ "cwd", try_cwd },
	{ "fd", try_fd },
	{ "fdinfo", try_fdinfo },
	{ "fd/0", try_stdin },
	{ "ns/mnt", try_mntns },
	{ "ns/user", try_userns },
	{ "environ", try_environ },
	{ "maps", try_maps },
	{ "auxv", try_auxv },
	{ "exe-link", try_exe_link },
	{ "cwd-link", try_cwd_link },
	{ "root-link", try_root_link },
	{ "pidfd_getfd", try_getfd },
	{ "ptrace-seize", try_seize },
	{ "ptrace-attach", try_attach },
	{ "process_vm_readv", try_vm_read },
};
#define ATTEMPTS (sizeof(attempts) / sizeof(attempts[0]))

/* Shared by the workers. */
static struct {
	unsigned long met, signals, got[ATTEMPTS];
} * counts;

/* Whether it has memory: what is dying has none any more, and then Linux (2026) hides it, whatever it executed. */
static int has_memory(int pid)
{
	char path[64], text[1024];
	const char *at;
	unsigned long vsize = 0;
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return 0;
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	text[n > 0 ? n : 0] = '\0';
	at = strrchr(text, ')'); /* field 2; vsize is field 23 */
	for (int field = 2; at && field < 23; field++) {
		at = strchr(at, ' ');
		at += at != NULL;
	}
	return at && sscanf(at, "%lu", &vsize) == 1 && vsize > 0;
}

/* Has it executed a program of the container's? 1: yes. 0: no, it hides. -1: it is gone, or about to be. */
static int is_ours(int pid)
{
	char path[64], exe[4096];
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%d/exe", pid);
	n = readlink(path, exe, sizeof(exe) - 1);
	if (n < 0)
		return (errno == EACCES || errno == EPERM) && has_memory(pid) ? 0 : -1;
	exe[n] = '\0';
	return strncmp(exe, "/bin/", 5) == 0;
}

/* What worked counts if it is none of ours afterwards: in between it may have executed its program. */
static void look(int pid, int with_signals)
{
	if (is_ours(pid) != 0)
		return;
	__atomic_add_fetch(&counts->met, 1, __ATOMIC_RELAXED);
	for (size_t i = 0; i < ATTEMPTS; i++)
		if (attempts[i].attempt(pid) >= 0 && is_ours(pid) == 0)
			__atomic_add_fetch(&counts->got[i], 1, __ATOMIC_RELAXED);
	if (with_signals) {
		static const int signals[] = { SIGSTOP, SIGCONT, SIGTERM, SIGKILL };

		(void)kill(pid, signals[counts->met % 4]);
	}
}

static void hammer(time_t end, int with_signals)
{
	DIR *d = opendir("/proc");
	struct dirent *e;

	/* on a slow machine somebody comes late */
	while (d && (time(NULL) < end || (!counts->met && time(NULL) < end + 60))) {
		rewinddir(d);
		while ((e = readdir(d)))
			if (isdigit((unsigned char)e->d_name[0]) && atoi(e->d_name) != getpid())
				look(atoi(e->d_name), with_signals);
	}
}

static void report(void)
{
	printf("MET %lu\n", counts->met);
	for (size_t i = 0; i < ATTEMPTS; i++)
		printf("GOT %s %lu\n", attempts[i].name, counts->got[i]);
}

static int sibling(void)
{
	int pid = fork();

	if (pid == 0) {
		for (;;)
			pause();
	}
	address = (unsigned long)&pid;
	for (size_t i = 0; i < ATTEMPTS; i++)
		counts->got[i] = attempts[i].attempt(pid) >= 0;
	counts->met = 1;
	kill(pid, SIGKILL);
	report();
	return 0;
}

int main(int argc, char **argv)
{
	time_t end;

	counts = mmap(NULL, sizeof(*counts), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		      0);
	if (argc < 2 || counts == MAP_FAILED)
		return 2;
	if (strcmp(argv[1], "sibling") == 0)
		return sibling();
	end = time(NULL) + atoi(argv[1]);
	for (int i = 0; i < WORKERS; i++)
		if (fork() == 0) {
			hammer(end, argc > 2);
			_exit(0);
		}
	while (wait(NULL) > 0)
		;
	(void)kill(-1, SIGCONT); /* whoever was stopped last: nobody else would let him go on */
	report();
	return 0;
}
