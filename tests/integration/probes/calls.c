/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * calls NUMBER... - makes these system calls without arguments, and says what came of each.
 * calls list      - prints the names of those that this program was built with, one a line.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static const char *const names[] = {
#define NAME(name) #name
	NAME(read),
	NAME(write),
	NAME(open),
	NAME(close),
	NAME(stat),
	NAME(fstat),
	NAME(lstat),
	NAME(poll),
	NAME(lseek),
	NAME(mmap),
	NAME(mprotect),
	NAME(munmap),
	NAME(brk),
	NAME(rt_sigaction),
	NAME(rt_sigprocmask),
	NAME(ioctl),
	NAME(access),
	NAME(exit),
	NAME(uname),
	NAME(fcntl),
	NAME(getuid),
	NAME(geteuid),
	NAME(getpid),
	NAME(writev),
	NAME(execve),
	NAME(capset),
	NAME(arch_prctl),
	NAME(set_tid_address),
	NAME(set_robust_list),
	NAME(rseq),
	NAME(prlimit64),
	NAME(readlink),
	NAME(readlinkat),
	NAME(getrandom),
	NAME(newfstatat),
	NAME(exit_group),
	NAME(futex),
	NAME(prctl),
	NAME(acct),
	NAME(faccessat2),
};

int main(int argc, char **argv)
{
	if (argc == 2 && strcmp(argv[1], "list") == 0) {
		for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
			puts(names[i]);
		return 0;
	}
	for (int i = 1; i < argc; i++) {
		long r = syscall(atol(argv[i]), 0, 0, 0, 0, 0, 0);

		printf("%s: %s\n", argv[i], r < 0 ? strerror(errno) : "done");
	}
	return 0;
}
