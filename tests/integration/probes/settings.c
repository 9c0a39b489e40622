/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * settings - owns listing what files of /proc and /sys say, and writing to all of them.
 *
 *   settings read [-w] DIR...	one line for each regular file below, sorted: its path, a tab, the first KiB of what it says with
 *				blanks in place of line ends. -w: only files that somebody may write to. Not entered: other
 *				mounts, but for DIR itself; folders of processes.
 *   settings write DIR...	writes several values to each of them; "files=COUNT opened=COUNT taken=COUNT": of the writes
 */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define LIST_MAX 65536

static char *list[LIST_MAX];
static size_t n_list;
static bool only_writable;

/* Of a process, or of what reads it: all of it its own. What blocks or has an end only when somebody ends it is no setting. */
static int is_aside(const char *path)
{
	static const char *const aside[] = { "/proc/self",	    "/proc/thread-self",
					     "/proc/kmsg",	    "/proc/kcore",
					     "/proc/kpage",	    "/sys/kernel/debug",
					     "/proc/sysrq-trigger", "/sys/kernel/tracing" };

	if (!strncmp(path, "/proc/", 6) && isdigit((unsigned char)path[6]))
		return 1;
	for (size_t i = 0; i < sizeof(aside) / sizeof(aside[0]); i++)
		if (!strncmp(path, aside[i], strlen(aside[i])))
			return 1;
	return 0;
}

static int add(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)at;
	if (is_aside(path))
		return type == FTW_D ? FTW_SKIP_SUBTREE : FTW_CONTINUE;
	if (type != FTW_F || !S_ISREG(st->st_mode) || (only_writable && !(st->st_mode & 0222)))
		return FTW_CONTINUE;
	if (n_list < LIST_MAX)
		list[n_list++] = strdup(path);
	return FTW_CONTINUE;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static ssize_t read_one(const char *path, char *buf, size_t size)
{
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, buf, size);

	if (fd >= 0)
		close(fd);
	return n;
}

static void show(const char *path)
{
	char buf[1024];
	ssize_t n = read_one(path, buf, sizeof(buf));

	if (n < 0)
		return;
	while (n > 0 && (buf[n - 1] == '\n' || !buf[n - 1]))
		n--;
	printf("%s\t", path);
	for (ssize_t i = 0; i < n; i++)
		putchar(isprint((unsigned char)buf[i]) ? buf[i] : ' ');
	putchar('\n');
}

static unsigned opened, taken;

static void write_one(const char *path, const char *value)
{
	int fd = open(path, O_WRONLY | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0)
		return;
	opened++;
	taken += write(fd, value, strlen(value)) > 0;
	close(fd);
}

static void write_all(const char *path)
{
	char old[64] = "", next[64];
	ssize_t n = read_one(path, old, sizeof(old) - 1);

	old[n > 0 ? n : 0] = 0;
	(void)snprintf(next, sizeof(next), "%lld", strtoll(old, NULL, 0) + 1);
	write_one(path, next);
	write_one(path, "1");
	write_one(path, "77 77 77 77");
	write_one(path, "changed");
	write_one(path, "0");
}

int main(int argc, char **argv)
{
	bool writes = argc > 2 && !strcmp(argv[1], "write");
	int first = 2;

	if (argc < 3 || (!writes && strcmp(argv[1], "read") != 0))
		return 2;
	only_writable = writes || !strcmp(argv[2], "-w");
	if (!writes && only_writable)
		first++;
	for (int i = first; i < argc; i++)
		(void)nftw(argv[i], add, 64, FTW_PHYS | FTW_ACTIONRETVAL | (writes ? 0 : FTW_MOUNT));
	qsort(list, n_list, sizeof(list[0]), by_name);
	for (size_t i = 0; i < n_list; i++)
		(writes ? write_all : show)(list[i]);
	if (writes)
		printf("files=%zu opened=%u taken=%u\n", n_list, opened, taken);
	return 0;
}
