/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * readers - owns reading files of /proc and /sys as many do, and saying how often that went wrong.
 *
 *   readers read N SECONDS FILE...   N processes that open, read to the end and close, again and again; one line at the end:
 *                                    "ok=COUNT failed=COUNT short=COUNT slowest_ms=MS". Short: it is empty, does not end in a
 *                                    newline, or has a NUL in it.
 *   readers open N FILE              opens FILE N times and keeps them: "opened=COUNT ERRNO-NAME"
 *   readers write MIB FILE           one write(2) after the other of that many MiB in all: "written=BYTES ERRNO-NAME"
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define READERS_MAX 64

struct count {
	unsigned long ok, failed, cut;
	double slowest_ms;
	char first[128]; /* what went wrong first */
};

static double now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

static void note(struct count *count, const char *file, const char *what)
{
	if (!*count->first)
		snprintf(count->first, sizeof(count->first), "%s: %s", file, what);
}

static void read_one(const char *file, struct count *count)
{
	static char buf[1 << 20];
	double begin = now_ms(), took;
	size_t len = 0;
	ssize_t n = 0;
	int fd = open(file, O_RDONLY | O_CLOEXEC);

	while (fd >= 0 && len < sizeof(buf) && (n = read(fd, buf + len, 4096)) > 0)
		len += (size_t)n;
	if (fd < 0 || n < 0) {
		count->failed++;
		note(count, file, strerror(errno));
	} else if (len == 0 || buf[len - 1] != '\n' || memchr(buf, 0, len)) {
		count->cut++;
		note(count, file, len == 0 ? "empty" : buf[len - 1] != '\n' ? "cut off" : "a NUL");
	} else {
		count->ok++;
	}
	if (fd >= 0)
		close(fd);
	took = now_ms() - begin;
	if (took > count->slowest_ms)
		count->slowest_ms = took;
}

static int do_read(int n, double seconds, char **files)
{
	struct count *counts = mmap(NULL, READERS_MAX * sizeof(*counts), PROT_READ | PROT_WRITE,
				    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	struct count sum = { 0 };
	double end = now_ms() + seconds * 1000;

	if (counts == MAP_FAILED || n < 1 || n > READERS_MAX)
		return 2;
	for (int i = 0; i < n; i++) {
		if (fork() > 0)
			continue;
		for (size_t file = (size_t)i; now_ms() < end; file++) {
			size_t n_files = 0;

			while (files[n_files])
				n_files++;
			read_one(files[file % n_files], &counts[i]);
		}
		_exit(0);
	}
	while (wait(NULL) > 0)
		;
	for (int i = 0; i < n; i++) {
		sum.ok += counts[i].ok;
		sum.failed += counts[i].failed;
		sum.cut += counts[i].cut;
		if (counts[i].slowest_ms > sum.slowest_ms)
			sum.slowest_ms = counts[i].slowest_ms;
		if (*counts[i].first)
			printf("%s\n", counts[i].first);
	}
	printf("ok=%lu failed=%lu short=%lu slowest_ms=%.0f\n", sum.ok, sum.failed, sum.cut,
	       sum.slowest_ms);
	return 0;
}

static int do_open(long n, const char *file)
{
	struct rlimit limit;
	long opened = 0;
	int error = 0;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
		limit.rlim_cur = limit.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &limit);
	}
	/* as many processes as it takes: a single one may not have so many descriptors */
	while (opened < n && !error) {
		while (opened < n && open(file, O_RDONLY | O_CLOEXEC) >= 0)
			opened++;
		error = opened < n ? errno : 0;
		if (error == EMFILE && fork() == 0) {
			(void)close_range(3, ~0U, 0);
			error = 0;
			continue;
		}
		if (error == EMFILE) {
			wait(NULL);
			return 0;
		}
	}
	printf("opened=%ld %s\n", opened, error ? strerrorname_np(error) : "all");
	return 0;
}

static int do_write(long mib, const char *file)
{
	static char buf[1 << 20];
	int fd = open(file, O_WRONLY | O_CLOEXEC);
	unsigned long written = 0;
	ssize_t n = 0;

	memset(buf, '1', sizeof(buf));
	if (fd < 0)
		return 2;
	for (long i = 0; i < mib && (n = write(fd, buf, sizeof(buf))) > 0; i++)
		written += (unsigned long)n;
	printf("written=%lu %s\n", written, n < 0 ? strerrorname_np(errno) : "all");
	return 0;
}

int main(int argc, char **argv)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (argc > 4 && !strcmp(argv[1], "read"))
		return do_read(atoi(argv[2]), atof(argv[3]), argv + 4);
	if (argc == 4 && !strcmp(argv[1], "open"))
		return do_open(atol(argv[2]), argv[3]);
	if (argc == 4 && !strcmp(argv[1], "write"))
		return do_write(atol(argv[2]), argv[3]);
	return 2;
}
