/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * floor - owns the physical limit: the fewest system calls that put a program into a container of its own.
 *
 *   floor ROOT BASE PROGRAM [ARGUMENT]...
 *
 * One clone3(2) into new user, pid, mount, ipc, uts, network, cgroup and time namespaces; id maps of 65,536 ids from
 * BASE on; ROOT made the root with pivot_root(2); execve(2); wait4(2). There is no config, no cgroup, no mount, no
 * mask, no device, no seccomp filter and no state: what a runtime takes longer than this, it does itself.
 */
#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x00000080
#endif

#define NAMESPACES                                                                                 \
	(CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWNET | \
	 CLONE_NEWCGROUP | CLONE_NEWTIME)

static void __attribute__((noreturn)) die(const char *what)
{
	perror(what);
	_exit(1);
}

static void __attribute__((noreturn)) child(const char *root, char **argv, int maps_written_fd)
{
	char byte;

	if (read(maps_written_fd, &byte, 1) != 1)
		die("wait for the id maps");
	if (setresgid(0, 0, 0) < 0 || setresuid(0, 0, 0) < 0)
		die("setresuid");
	/* A new root has to be a mount; the copies of a new mount namespace that another user owns are slaves. */
	if (mount(root, root, NULL, MS_BIND | MS_REC, NULL) < 0 || chdir(root) < 0)
		die(root);
	if (syscall(SYS_pivot_root, ".", ".") < 0 || umount2(".", MNT_DETACH) < 0)
		die("pivot_root");
	(void)execv(argv[0], argv);
	die(argv[0]);
}

static void write_map(pid_t pid, const char *name, const char *base)
{
	char path[64], text[64];
	int fd, len;

	(void)snprintf(path, sizeof(path), "/proc/%d/%s", pid, name);
	len = snprintf(text, sizeof(text), "0 %s 65536\n", base);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, text, (size_t)len) != len)
		die(path);
	(void)close(fd);
}

int main(int argc, char **argv)
{
	struct clone_args args = { .flags = NAMESPACES, .exit_signal = SIGCHLD };
	int fds[2], status;
	pid_t pid;

	if (argc < 4) {
		(void)fputs("usage: floor ROOT BASE PROGRAM [ARGUMENT]...\n", stderr);
		return 2;
	}
	if (pipe2(fds, O_CLOEXEC) < 0)
		die("pipe2");
	pid = (pid_t)syscall(SYS_clone3, &args, sizeof(args));
	if (pid == 0)
		child(argv[1], argv + 3, fds[0]);
	if (pid < 0)
		die("clone3");
	write_map(pid, "gid_map", argv[2]);
	write_map(pid, "uid_map", argv[2]);
	if (write(fds[1], "", 1) != 1)
		die("write");
	if (waitpid(pid, &status, 0) != pid)
		die("waitpid");
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
