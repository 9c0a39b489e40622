/* SPDX-License-Identifier: GPL-2.0-or-later */
/* attack - owns what the files of attempts have in common. See attack.c. */
#pragma once

#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/io_uring.h>
#include <linux/keyctl.h>
#include <linux/perf_event.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#define LEAKED_FD 100

/* Each returns a negative number and errno, or anything else for success. */
typedef long attempt(const char *argument);

static inline long closed(long fd)
{
	if (fd >= 0)
		(void)close((int)fd);
	return fd;
}

/* A system call of a 32-bit program, by the number that it has there: seccomp filters and the kernel's tables know it by another. */
static inline long call32(uint32_t nr, uint32_t a, uint32_t b, uint32_t c, uint32_t d, uint32_t e)
{
	long r;

	__asm__ volatile("int $0x80"
			 : "=a"(r)
			 : "a"(nr), "b"(a), "c"(b), "d"(c), "S"(d), "D"(e)
			 : "memory", "r8", "r9", "r10", "r11");
	r = (int32_t)r;
	if (r < 0) {
		errno = (int)-r;
		return -1;
	}
	return r;
}

/* A copy where such a call can point to. It stays. */
static inline uint32_t low(const void *data, size_t size)
{
	void *at = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT,
			-1, 0);

	if (at == MAP_FAILED)
		_exit(250);
	memcpy(at, data, size);
	return (uint32_t)(uintptr_t)at;
}

/* In a child, whose namespaces are gone with it. */
static inline long in_child(attempt *try, const char *argument)
{
	pid_t pid = fork();
	int status = 0;

	if (pid == 0)
		_exit(try(argument) < 0 ? errno : 0);
	if (waitpid(pid, &status, 0) < 0)
		return -1;
	errno = WEXITSTATUS(status);
	return errno ? -1 : 0;
}

/* In a user namespace that was made just now by root of the one above. */
static inline void become_root(void)
{
	static const char *const maps[][2] = { { "/proc/self/setgroups", "deny" },
					       { "/proc/self/gid_map", "0 0 1" },
					       { "/proc/self/uid_map", "0 0 1" } };

	for (size_t i = 0; i < sizeof(maps) / sizeof(maps[0]); i++) {
		int fd = open(maps[i][0], O_WRONLY);

		if (fd < 0 || write(fd, maps[i][1], strlen(maps[i][1])) < 0 || close(fd) < 0)
			_exit(251);
	}
}
