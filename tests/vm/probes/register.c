/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * register - owns what a container's start pays to the BPF layer: the calls of lsm.h that a runtime makes, and no more.
 *
 *   register LOOPS
 *
 *   register-open     lsm_open: the pinned maps become descriptors, and the stamp is read
 *   register          lsm_register, lsm_allow_inherited for three descriptors, lsm_arm: what is written to the maps
 *   unregister        lsm_unregister
 *
 * The lines are those of tests/bench/operations.c: name, loops, median, 90th percentile, least and most, in ns.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "error.h"
#include "fd.h"
#include "lsm.h"
#include "proc.h"

#define CGROUP "/sys/fs/cgroup/bpf-test-register"
#define LOOPS_MAX 10000
#define WARM_UP 10
#define FILES 3

static void __attribute__((noreturn)) die(const char *what)
{
	fprintf(stderr, "register: %s: %m\n", what);
	exit(1);
}

static void check(int r, const struct error *err)
{
	if (r < 0) {
		fprintf(stderr, "register: %s\n", err->msg);
		exit(1);
	}
}

static int64_t now_ns(void)
{
	struct timespec ts;

	if (clock_gettime(CLOCK_MONOTONIC, &ts) < 0)
		die("clock_gettime");
	return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

/* Of a process that lives until its standard input, a pipe, is closed. */
static int make_userns(int *ret_alive_fd)
{
	struct error err = ERROR_INIT;
	int to[2], from[2], fd;
	char byte = 0;
	pid_t pid;

	if (pipe2(to, O_CLOEXEC) < 0 || pipe2(from, O_CLOEXEC) < 0 || (pid = fork()) < 0)
		die("fork");
	if (pid == 0) {
		(void)close(to[1]);
		if (unshare(CLONE_NEWUSER) < 0 || write(from[1], &byte, 1) != 1)
			_exit(1);
		_exit(read(to[0], &byte, 1) == 0 ? 0 : 1);
	}
	(void)close(from[1]);
	if (read(from[0], &byte, 1) != 1)
		die("unshare");
	fd = proc_open_ns(pid, "user", &err);
	check(fd, &err);
	*ret_alive_fd = to[1];
	return fd;
}

enum step {
	STEP_OPEN,
	STEP_REGISTER,
	STEP_UNREGISTER,
	STEPS,
};
static const char *const step_names[STEPS] = { "register-open", "register", "unregister" };

/* Files that no container has inherited yet, as a container's pipes are. */
static void open_files(int files[FILES])
{
	for (int i = 0; i < FILES; i++) {
		files[i] = memfd_create("inherited", MFD_CLOEXEC);
		if (files[i] < 0)
			die("memfd_create");
	}
}

static void one_life(const struct lsm_registration *registration, int64_t *ret_ns[STEPS], long at)
{
	struct error err = ERROR_INIT;
	struct lsm lsm = LSM_INIT;
	int64_t times[STEPS + 1];
	uint64_t cgroup_id = 0;
	int files[FILES];

	open_files(files);
	times[STEP_OPEN] = now_ns();
	check(lsm_open(&lsm, &err), &err);
	times[STEP_REGISTER] = now_ns();
	check(lsm_register(&lsm, registration, &cgroup_id, &err), &err);
	for (int i = 0; i < FILES; i++)
		check(lsm_allow_inherited(&lsm, cgroup_id, files[i], &err), &err);
	check(lsm_arm(&lsm, cgroup_id, 1, &err), &err);
	times[STEP_UNREGISTER] = now_ns();
	check(lsm_unregister(&lsm, cgroup_id, &err), &err);
	times[STEPS] = now_ns();
	lsm_done(&lsm);
	for (int i = 0; i < FILES; i++)
		(void)close(files[i]);
	for (int i = 0; i < STEPS; i++)
		ret_ns[i][at] = times[i + 1] - times[i];
}

static int compare(const void *a, const void *b)
{
	const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return x < y ? -1 : x > y;
}

static void print(const char *name, int64_t *ns, size_t n)
{
	qsort(ns, n, sizeof(*ns), compare);
	printf("%s\t%zu\t%" PRId64 "\t%" PRId64 "\t%" PRId64 "\t%" PRId64 "\n", name, n, ns[n / 2],
	       ns[(n * 9 + 9) / 10 - 1], ns[0], ns[n - 1]);
}

int main(int argc, char **argv)
{
	static int64_t room[STEPS][LOOPS_MAX];
	int64_t *ns[STEPS] = { room[0], room[1], room[2] };
	struct lsm_registration registration = { .id = "register",
						 .first_uid = 100000,
						 .armed_mode = LSM_MODE_ENFORCE };
	const long loops = argc > 1 ? atol(argv[1]) : 0;
	int alive_fd;

	if (loops < 1 || loops > LOOPS_MAX) {
		fprintf(stderr, "usage: register LOOPS\n");
		return 2;
	}
	registration.userns_fd = make_userns(&alive_fd);
	if (mkdir(CGROUP, 0755) < 0)
		die(CGROUP);
	registration.cgroup_fd = open(CGROUP, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (registration.cgroup_fd < 0)
		die(CGROUP);
	for (long i = -WARM_UP; i < loops; i++)
		one_life(&registration, ns, i < 0 ? 0 : i);
	for (int i = 0; i < STEPS; i++)
		print(step_names[i], ns[i], (size_t)loops);
	(void)close(alive_fd);
	(void)wait(NULL);
	if (rmdir(CGROUP) < 0)
		die(CGROUP);
	return fflush(stdout) == 0 ? 0 : 1;
}
