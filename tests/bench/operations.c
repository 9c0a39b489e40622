/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * operations - owns what single operations cost where it runs: on a host, or inside a container.
 *
 *   operations FOLDER LOOPS OPERATION...
 *
 *   open   open(2) of a file, not its close(2)
 *   stat   stat(2) of it
 *   mount  mount(2) of a tmpfs and umount2(2)
 *   exec   fork(2), execve(2) of a static program that does nothing, wait
 *   loop   20,000 instructions of this program, no system call: shows what a nanosecond is
 *
 * What takes long, mount and exec, is done for a quarter of LOOPS. FOLDER holds the program `tiny` and the folder `point`; both are named relative to it, so that the length of the way
 * there does not count. Prints operation, loops, median, 90th percentile, least and most, in ns of CLOCK_MONOTONIC less
 * what reading that clock takes. In a guest of `scripts/vm --icount` a nanosecond is an instruction.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define LOOPS_MAX 10000
#define WARM_UP 10

static void __attribute__((noreturn)) die(const char *what)
{
	(void)fprintf(stderr, "operations: %s: %s\n", what, strerror(errno));
	exit(1);
}

static int64_t now_ns(void)
{
	struct timespec ts;

	if (clock_gettime(CLOCK_MONOTONIC, &ts) < 0)
		die("clock_gettime");
	return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

static int64_t time_nothing(void)
{
	const int64_t start = now_ns();

	return now_ns() - start;
}

static int64_t time_loop(void)
{
	const int64_t start = now_ns();
	long turns = 10000;

#if defined(__x86_64__)
	__asm__ volatile("1: dec %0\n\tjnz 1b" : "+r"(turns) : : "cc");
#elif defined(__aarch64__)
	__asm__ volatile("1: subs %0, %0, #1\n\tbne 1b" : "+r"(turns) : : "cc");
#else
	errno = ENOSYS;
	die("loop");
#endif
	return now_ns() - start;
}

static int64_t time_open(void)
{
	const int64_t start = now_ns();
	const int fd = open("tiny", O_RDONLY | O_CLOEXEC);
	const int64_t end = now_ns();

	if (fd < 0)
		die("open");
	(void)close(fd);
	return end - start;
}

static int64_t time_stat(void)
{
	struct stat st;
	const int64_t start = now_ns();
	const int r = stat("tiny", &st);
	const int64_t end = now_ns();

	if (r < 0)
		die("stat");
	return end - start;
}

static int64_t time_mount(void)
{
	const int64_t start = now_ns();

	if (mount("tmpfs", "point", "tmpfs", 0, NULL) < 0)
		die("mount");
	if (umount2("point", 0) < 0)
		die("umount2");
	return now_ns() - start;
}

static int64_t time_exec(void)
{
	char *const argv[] = { "tiny", NULL };
	const int64_t start = now_ns();
	const pid_t pid = fork();
	int status;

	if (pid == 0) {
		(void)execv("./tiny", argv);
		_exit(127);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		die("fork");
	if (status != 0) {
		errno = ENOEXEC;
		die("exec");
	}
	return now_ns() - start;
}

static const struct operation {
	const char *name;
	int64_t (*time)(void);
	size_t share; /* of LOOPS: one in so many */
} operations[] = {
	{ "open", time_open, 1 }, { "stat", time_stat, 1 }, { "mount", time_mount, 4 },
	{ "exec", time_exec, 4 }, { "loop", time_loop, 1 },
};

static int compare(const void *a, const void *b)
{
	const int64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

/* Sorted times of @n loops. */
static void measure(int64_t (*time)(void), int64_t *ret_ns, size_t n)
{
	size_t i;

	for (i = 0; i < WARM_UP; i++)
		(void)time();
	for (i = 0; i < n; i++)
		ret_ns[i] = time();
	qsort(ret_ns, n, sizeof(*ret_ns), compare);
}

static const struct operation *find(const char *name)
{
	size_t i;

	for (i = 0; i < sizeof(operations) / sizeof(operations[0]); i++)
		if (strcmp(operations[i].name, name) == 0)
			return &operations[i];
	errno = EINVAL;
	die(name);
}

int main(int argc, char **argv)
{
	static int64_t ns[LOOPS_MAX];
	int64_t clock_ns;
	char *end;
	size_t n;
	int i;

	n = argc < 4 ? 0 : strtoul(argv[2], &end, 10);
	if (n < 1 || n > LOOPS_MAX || *end) {
		(void)fputs("usage: operations FOLDER LOOPS open|stat|mount|exec|loop...\n", stderr);
		return 2;
	}
	if (chdir(argv[1]) < 0)
		die(argv[1]);
	measure(time_nothing, ns, n);
	clock_ns = ns[n / 2];
	for (i = 3; i < argc; i++) {
		const struct operation *operation = find(argv[i]);
		const size_t loops = (n + operation->share - 1) / operation->share;

		measure(operation->time, ns, loops);
		printf("%s\t%zu\t%lld\t%lld\t%lld\t%lld\n", argv[i], loops,
		       (long long)(ns[loops / 2] - clock_ns),
		       (long long)(ns[(loops * 9 + 9) / 10 - 1] - clock_ns),
		       (long long)(ns[0] - clock_ns), (long long)(ns[loops - 1] - clock_ns));
	}
	return fflush(stdout) == 0 ? 0 : 1;
}
