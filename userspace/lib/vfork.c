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

#if defined(__x86_64__) && !UNDER_ASAN
/* The child begins on the other stack, where nothing is to return to. */
static long clone_onto(struct clone_args *args, void (*main)(void *), void *data)
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

static pid_t borrow(struct clone_args *args, void (*main)(void *), void *data)
{
	char *stack = mmap(NULL, GUARD_SIZE + STACK_SIZE, PROT_NONE,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
	long r = -ENOMEM;

	if (stack == MAP_FAILED)
		return -errno;
	if (mprotect(stack + GUARD_SIZE, STACK_SIZE, PROT_READ | PROT_WRITE) == 0) {
		args->flags |= CLONE_VM | CLONE_VFORK;
		args->stack = (uint64_t)(uintptr_t)(stack + GUARD_SIZE);
		args->stack_size = STACK_SIZE;
		r = clone_onto(args, main, data);
	}
	(void)munmap(stack, GUARD_SIZE + STACK_SIZE);
	return (pid_t)r;
}
#else
static pid_t borrow(struct clone_args *args, void (*main)(void *), void *data)
{
	pid_t pid = sys_clone3(args);

	if (pid == 0) {
		main(data);
		abort();
	}
	return pid < 0 ? -errno : pid;
}
#endif

pid_t vfork_child(uint64_t flags, int cgroup_fd, void (*main)(void *), void *data)
{
	struct clone_args args = { .flags = flags, .exit_signal = SIGCHLD };

	if (flags & CLONE_INTO_CGROUP)
		args.cgroup = (uint64_t)cgroup_fd;
	return borrow(&args, main, data);
}
