/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * reads - owns how fast a file of /proc can be read: open, read to its end, close, as programs do it.
 *
 *   reads PROCESSES MS FILE	after a warm-up; one line: wall-clock us per read of all processes together, the median us of a
 *				read, the number of reads
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PROCESSES_MAX 32
#define SLOTS 100000 /* of 100 ns each; what takes longer counts in the last one */

struct counts {
	uint64_t reads;
	uint32_t slot[SLOTS];
};

static double now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

static void read_whole(const char *file)
{
	static char buf[65536];
	int fd = open(file, O_RDONLY | O_CLOEXEC);
	ssize_t n, all = 0;

	if (fd < 0)
		exit(1);
	while ((n = read(fd, buf, 8192)) > 0)
		all += n;
	if (n < 0 || !all)
		exit(1);
	close(fd);
}

static void count(const char *file, double end, struct counts *counts)
{
	double before = now_us();

	while (before < end) {
		double after, slot;

		read_whole(file);
		after = now_us();
		slot = (after - before) * 10;
		counts->slot[slot < SLOTS ? (int)slot : SLOTS - 1]++;
		counts->reads++;
		before = after;
	}
}

int main(int argc, char **argv)
{
	struct counts *counts = mmap(NULL, PROCESSES_MAX * sizeof(*counts), PROT_READ | PROT_WRITE,
				     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int n = argc == 4 ? atoi(argv[1]) : 0, failed = 0, status;
	uint64_t all = 0, below = 0;
	double begin, end;
	int median = 0;

	if (n < 1 || n > PROCESSES_MAX || counts == MAP_FAILED)
		return 2;
	for (int i = 0; i < 20; i++)
		read_whole(argv[3]);
	begin = now_us();
	end = begin + atof(argv[2]) * 1000;
	for (int i = 0; i < n; i++)
		if (fork() == 0) {
			count(argv[3], end, &counts[i]);
			_exit(0);
		}
	while (wait(&status) > 0)
		failed |= status;
	end = now_us();
	for (int i = 0; i < n; i++)
		all += counts[i].reads;
	while (median < SLOTS && below * 2 < all) {
		for (int i = 0; i < n; i++)
			below += counts[i].slot[median];
		median++;
	}
	printf("%.3f %.1f %lu\n", (end - begin) / (double)all, median / 10.0, (unsigned long)all);
	return failed || !all;
}
