/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * usedup hold N - holds N instances of inotify(7) and N uts namespaces, as many as it is given: "HELD INSTANCES NAMESPACES"
 * usedup count  - how many instances its user is given
 */
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/resource.h>
#include <unistd.h>

static long take_instances(long most)
{
	long n = 0;

	while (n < most && inotify_init1(IN_CLOEXEC) >= 0)
		n++;
	return n;
}

static long take_namespaces(long most)
{
	long n = 0;

	while (n < most && unshare(CLONE_NEWUTS) == 0 &&
	       open("/proc/self/ns/uts", O_RDONLY | O_CLOEXEC) >= 0)
		n++;
	return n;
}

int main(int argc, char **argv)
{
	struct rlimit limit;

	/* what stops it is to be the kernel's limit of instances */
	if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
		limit.rlim_cur = limit.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &limit);
	}
	if (argc == 3 && strcmp(argv[1], "hold") == 0) {
		long n = strtol(argv[2], NULL, 10);
		long instances = take_instances(n), namespaces = take_namespaces(n);

		printf("HELD %ld %ld\n", instances, namespaces);
		fflush(stdout);
		for (;;)
			pause();
	}
	if (argc == 2 && strcmp(argv[1], "count") == 0) {
		printf("%ld\n", take_instances(100000));
		return 0;
	}
	fprintf(stderr, "usage: usedup hold N | usedup count\n");
	return 2;
}
