/* SPDX-License-Identifier: GPL-2.0-or-later */
/* attack_work - owns what is no attack and must keep working in a container. For attack.c alone, which has the table. */
#pragma once

#include "attack.h"

static int put(const char *path, const char *text)
{
	int fd = open(path, O_CREAT | O_WRONLY | O_TRUNC, 0755);

	return fd < 0 || write(fd, text, strlen(text)) < 0 ? -1 : close(fd);
}

/* An overlay of one's own: copy-up by writing, by chmod, by link, whiteouts, and what was renamed. */
static long own_overlay(const char *a)
{
	static const char *const dirs[] = { "/mnt/lower", "/mnt/upper", "/mnt/work", "/mnt/merged" };
	int fd;

	(void)a;
	if (unshare(CLONE_NEWNS) < 0 || mount("t", "/mnt", "tmpfs", 0, NULL) < 0)
		return -1;
	for (size_t i = 0; i < sizeof(dirs) / sizeof(dirs[0]); i++)
		if (mkdir(dirs[i], 0755) < 0)
			return -1;
	if (put("/mnt/lower/a", "a") < 0 || put("/mnt/lower/b", "b") < 0 ||
	    put("/mnt/lower/c", "c") < 0)
		return -1;
	if (mount("o", "/mnt/merged", "overlay", 0,
		  "lowerdir=/mnt/lower,upperdir=/mnt/upper,workdir=/mnt/work,userxattr") < 0 ||
	    chdir("/mnt/merged") < 0)
		return -1;
	fd = open("a", O_RDWR | O_APPEND);
	if (fd < 0 || write(fd, "more", 4) != 4 || close(fd) < 0)
		return -1;
	if (chmod("b", 0700) < 0 || link("c", "d") < 0 || unlink("c") < 0 || rename("b", "e") < 0)
		return -1;
	if (closed(open("a", O_RDONLY)) < 0)
		return -1;
	return access("/mnt/upper/a", F_OK);
}

/* An overlay at /mnt/o, with a setuid program in its lower layer, whose upper layer is a folder of somebody else. */
static void overlay_upon(const char *upper, const char *work)
{
	char options[512];

	if (unshare(CLONE_NEWNS) < 0 || mount("t", "/mnt", "tmpfs", 0, NULL) < 0 ||
	    mkdir("/mnt/l", 0755) < 0 || mkdir("/mnt/o", 0755) < 0 || put("/mnt/l/a", "a") < 0 ||
	    chmod("/mnt/l/a", 04755) < 0)
		_exit(250);
	(void)snprintf(options, sizeof(options), "lowerdir=/mnt/l,upperdir=%s,workdir=%s,userxattr",
		       upper, work);
	if (mount("o", "/mnt/o", "overlay", 0, options) < 0)
		_exit(errno);
}

/* It is copied up as it is: by the kernel, which asks no hook that knows whose folder that is. */
static long overlay_suid(const char *a)
{
	char upper[128], work[128], copy[160];
	struct stat st;

	(void)snprintf(upper, sizeof(upper), "%s/upper", a);
	(void)snprintf(work, sizeof(work), "%s/work", a);
	(void)snprintf(copy, sizeof(copy), "%s/a", upper);
	if (mkdir(upper, 0755) < 0 || mkdir(work, 0755) < 0)
		_exit(250);
	overlay_upon(upper, work);
	if (utimensat(AT_FDCWD, "/mnt/o/a", NULL, 0) < 0 || stat(copy, &st) < 0)
		_exit(250);
	errno = ENOTSUP;
	return st.st_mode & S_ISUID ? 0 : -1;
}

static long try_overlay_suid(const char *a)
{
	return in_child(overlay_suid, a);
}

/* A folder is made in one that is guarded. */
static long overlay_upper(const char *a)
{
	char work[128];

	(void)snprintf(work, sizeof(work), "%s.work", a);
	if (mkdir(work, 0755) < 0)
		_exit(250);
	overlay_upon(a, work);
	return mkdir("/mnt/o/made", 0755);
}

static long try_overlay_upper(const char *a)
{
	return in_child(overlay_upper, a);
}

static long try_own_overlay(const char *a)
{
	return in_child(own_overlay, a);
}

/* A program that exists in memory alone. */
static long memfd_exec(const char *a)
{
	static char *const argv[] = { "true", NULL };
	char buf[65536];
	int from = open("/bin/true", O_RDONLY), to = memfd_create("true", 0);
	ssize_t n;

	(void)a;
	while ((n = read(from, buf, sizeof(buf))) > 0)
		if (write(to, buf, (size_t)n) != n)
			return -1;
	(void)fexecve(to, argv, environ);
	return -1;
}

static long try_memfd_exec(const char *a)
{
	return in_child(memfd_exec, a);
}

/* A pipe, a file and a folder of one's own go over a socket to another process, and are opened again there. */
static long pass_own(const char *a)
{
	int pipes[2], socks[2], fds[3];
	char byte = 'x', path[64], control[CMSG_SPACE(sizeof(fds))] = { 0 };
	struct iovec iov = { &byte, 1 };
	struct msghdr msg = { .msg_iov = &iov,
			      .msg_iovlen = 1,
			      .msg_control = control,
			      .msg_controllen = sizeof(control) };
	struct cmsghdr *cmsg = CMSG_FIRSTHDR(&msg);

	(void)a;
	if (unshare(CLONE_NEWNS) < 0 || mount("t", "/mnt", "tmpfs", 0, NULL) < 0 ||
	    put("/mnt/f", "f") < 0 || pipe(pipes) < 0 ||
	    socketpair(AF_UNIX, SOCK_STREAM, 0, socks) < 0)
		return -1;
	fds[0] = pipes[1];
	fds[1] = open("/mnt/f", O_RDONLY);
	fds[2] = open("/mnt", O_RDONLY | O_DIRECTORY);
	cmsg->cmsg_level = SOL_SOCKET;
	cmsg->cmsg_type = SCM_RIGHTS;
	cmsg->cmsg_len = CMSG_LEN(sizeof(fds));
	memcpy(CMSG_DATA(cmsg), fds, sizeof(fds));
	if (sendmsg(socks[0], &msg, 0) != 1)
		return -1;
	memset(control, 0, sizeof(control));
	if (recvmsg(socks[1], &msg, 0) != 1 || (msg.msg_flags & MSG_CTRUNC))
		return -1;
	memcpy(fds, CMSG_DATA(CMSG_FIRSTHDR(&msg)), sizeof(fds));
	for (size_t i = 0; i < 2; i++) {
		(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fds[i]);
		if (closed(open(path, i == 0 ? O_WRONLY : O_RDWR)) < 0)
			return -1;
	}
	return closed(openat(fds[2], "f", O_RDONLY));
}

static long try_pass_own(const char *a)
{
	return in_child(pass_own, a);
}

/* What an inner engine does first: namespaces of its own, all of them, a root of its own, and out of the old one. */
static long inner(const char *a)
{
	(void)a;
	if (unshare(CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC |
		    CLONE_NEWUTS | CLONE_NEWCGROUP) < 0)
		return -1;
	become_root();
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount("t", "/mnt", "tmpfs", 0, NULL) < 0 || mkdir("/mnt/bin", 0755) < 0 ||
	    mkdir("/mnt/old", 0755) < 0)
		return -1;
	if (mount("/bin", "/mnt/bin", NULL, MS_BIND | MS_REC, NULL) < 0 || chdir("/mnt") < 0 ||
	    syscall(SYS_pivot_root, ".", "old") < 0 || umount2("/old", MNT_DETACH) < 0)
		return -1;
	return access("/bin/sh", X_OK);
}

static long try_inner(const char *a)
{
	return in_child(inner, a);
}
