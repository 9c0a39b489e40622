/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * spy COMM FILE - root of a container, after whoever enters it: CVE-2019-5736, CVE-2016-9962.
 *
 * Until FILE appears it looks for processes named COMM (the runtime's, before their execve) and tries to get at their
 * program, memory, descriptors and root, and to trace them.
 *   BROKEN WHAT PID     one line for each that worked
 *   SAW N               the last line: how many looks met such a process
 */
#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static int is_named(const char *pid, const char *comm)
{
	char path[64], name[64] = "";
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%.16s/comm", pid);
	f = fopen(path, "re");
	if (f) {
		if (fgets(name, sizeof(name), f))
			name[strcspn(name, "\n")] = '\0';
		fclose(f);
	}
	return strcmp(name, comm) == 0;
}

/*
 * Only what is proven afterwards counts. In the middle of its execve(2) a process has its old name for a moment and is
 * the container's own program already, whose descriptors are closed: then it is fair game.
 */
static void report(const char *what, const char *pid, const char *comm)
{
	char path[64], exe[256];
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%.16s/exe", pid);
	n = readlink(path, exe, sizeof(exe) - 1);
	exe[n > 0 ? n : 0] = '\0';
	if (is_named(pid, comm) && (n < 0 || strstr(exe, comm)))
		printf("BROKEN %s %s %s\n", what, pid, exe);
}

static void look(const char *pid, const char *comm)
{
	static const struct {
		const char *name;
		int flags;
	} files[] = { { "exe", O_RDONLY },
		      { "mem", O_RDWR },
		      { "fd", O_RDONLY | O_DIRECTORY },
		      { "root", O_RDONLY | O_DIRECTORY },
		      { "environ", O_RDONLY } };
	char path[64];
	int fd, got;

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		snprintf(path, sizeof(path), "/proc/%.16s/%s", pid, files[i].name);
		fd = open(path, files[i].flags | O_CLOEXEC);
		if (fd >= 0) {
			report(files[i].name, pid, comm);
			close(fd);
		}
	}
	fd = (int)syscall(SYS_pidfd_open, atoi(pid), 0);
	got = (int)syscall(SYS_pidfd_getfd, fd, 0, 0);
	if (got >= 0) {
		report("pidfd_getfd", pid, comm);
		close(got);
	}
	if (fd >= 0)
		close(fd);
	if (ptrace(PTRACE_SEIZE, atoi(pid), NULL, NULL) == 0) {
		report("ptrace", pid, comm);
		(void)ptrace(PTRACE_DETACH, atoi(pid), NULL, NULL);
	}
}

int main(int argc, char **argv)
{
	struct stat st;
	long saw = 0;

	if (argc != 3)
		return 2;
	setvbuf(stdout, NULL, _IOLBF, 0);
	while (stat(argv[2], &st) < 0) {
		DIR *d = opendir("/proc");
		struct dirent *e;

		while (d && (e = readdir(d))) {
			if (!isdigit((unsigned char)e->d_name[0]) || !is_named(e->d_name, argv[1]))
				continue;
			saw++;
			look(e->d_name, argv[1]);
		}
		if (d)
			closedir(d);
		while (waitpid(-1, NULL, WNOHANG | __WALL) > 0)
			; /* orphans, when this is pid 1 */
	}
	printf("SAW %ld\n", saw);
	return 0;
}
