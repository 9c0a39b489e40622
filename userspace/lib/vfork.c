/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vfork - see vfork.h. */
#include "vfork.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "asan.h"
#include "sys.h"

#define STACK_SIZE 65536
#define GUARD_SIZE 4096

/* The child has a copy of all, and nobody waits. */
static pid_t copy(const struct clone_args *args, void (*main)(void *), void *data)
{
	pid_t pid = sys_clone3(args);

	if (pid == 0) {
		main(data);
		abort();
	}
	return pid < 0 ? -errno : pid;
}

/* gcov's execve(2) writes its counters into what we share. */
#if defined(__x86_64__) && !UNDER_ASAN && !defined(COVERAGE)
/* The child begins on the other stack, where nothing is to return to. */
static long clone_onto(const struct clone_args *args, void (*main)(void *), void *data)
{
	long r;

	__asm__ volatile("syscall\n\t"
			 "test %%rax, %%rax\n\t"
			 "jnz 1f\n\t"
			 "xor %%ebp, %%ebp\n\t" /* the end of the frames, for who unwinds */
			 "mov %%rdx, %%rdi\n\t"
			 "call *%%rbx\n\t"
			 "ud2\n"
			 "1:"
			 : "=a"(r)
			 : "a"((long)SYS_clone3), "D"(args), "S"(sizeof(*args)), "b"(main), "d"(data)
			 : "rcx", "r11", "cc", "memory");
	return r;
}

static pid_t borrow(const struct clone_args *args, void (*main)(void *), void *data)
{
	char *stack = mmap(NULL, GUARD_SIZE + STACK_SIZE, PROT_NONE,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
	struct clone_args sharing = *args;
	long r = -ENOMEM;

	if (stack == MAP_FAILED)
		return -errno;
	if (mprotect(stack + GUARD_SIZE, STACK_SIZE, PROT_READ | PROT_WRITE) == 0) {
		sharing.flags |= CLONE_VM | CLONE_VFORK;
		sharing.stack = (uint64_t)(uintptr_t)(stack + GUARD_SIZE);
		sharing.stack_size = STACK_SIZE;
		r = clone_onto(&sharing, main, data);
	}
	(void)munmap(stack, GUARD_SIZE + STACK_SIZE);
	return r == -EINVAL ? copy(args, main, data) : (pid_t)r;
}
#else
#define borrow copy
#endif

pid_t vfork_child(uint64_t flags, int cgroup_fd, void (*main)(void *), void *data)
{
	struct clone_args args = { .flags = flags, .exit_signal = SIGCHLD };
	sigset_t all, before;
	pid_t pid;

	if (flags & CLONE_INTO_CGROUP)
		args.cgroup = (uint64_t)cgroup_fd;
	(void)sigfillset(&all);
	(void)sigprocmask(SIG_SETMASK, &all, &before);
	pid = borrow(&args, main, data);
	(void)sigprocmask(SIG_SETMASK, &before, NULL);
	return pid;
}
