/* SPDX-License-Identifier: GPL-2.0-or-later */
/* attack_files - owns the attempts on files, folders and sockets. For attack.c alone, which has the table. */
#pragma once

#include "attack.h"

/* ---- confine ---- */

static long try_open_fd(const char *a)
{
	return closed(openat(LEAKED_FD, a, O_RDONLY));
}

static long try_reopen_fd(const char *a)
{
	char path[64];

	(void)snprintf(path, sizeof(path), "/proc/self/fd/%s", a);
	return closed(open(path, O_RDONLY));
}

static long try_create_fd(const char *a)
{
	return closed(openat(LEAKED_FD, a, O_CREAT | O_WRONLY | O_EXCL, 0644));
}

static long try_mkdir_fd(const char *a)
{
	return mkdirat(LEAKED_FD, a, 0755);
}

static long try_mknod_fd(const char *a)
{
	return mknodat(LEAKED_FD, a, S_IFIFO | 0644, 0);
}

static long try_symlink_fd(const char *a)
{
	return symlinkat("x", LEAKED_FD, a);
}

static long try_link_fd(const char *a)
{
	return linkat(LEAKED_FD, "secret", LEAKED_FD, a, 0);
}

static long try_rename_fd(const char *a)
{
	return renameat(LEAKED_FD, a, LEAKED_FD, "renamed");
}

static long try_unlink_fd(const char *a)
{
	return unlinkat(LEAKED_FD, a, 0);
}

static long try_rmdir_fd(const char *a)
{
	return unlinkat(LEAKED_FD, a, AT_REMOVEDIR);
}

static long try_chmod_fd(const char *a)
{
	return fchmodat(LEAKED_FD, a, 0666, 0);
}

static long try_chown_fd(const char *a)
{
	return fchownat(LEAKED_FD, a, 0, 0, 0);
}

static long try_open_cwd(const char *a)
{
	return closed(open(a, O_RDONLY));
}

static long try_truncate_cwd(const char *a)
{
	return truncate(a, 1);
}

static long chroot_here(const char *a)
{
	(void)a;
	return chroot(".");
}

static long try_chroot_cwd(const char *a)
{
	return in_child(chroot_here, a);
}

static long execute(const char *a)
{
	(void)execl(a, a, NULL);
	return -1;
}

static long try_exec(const char *a)
{
	return in_child(execute, a);
}

/* A path, or after '@' an abstract name. */
static socklen_t address_of(const char *text, size_t len, struct sockaddr_un *ret)
{
	*ret = (struct sockaddr_un){ .sun_family = AF_UNIX };
	(void)snprintf(ret->sun_path, sizeof(ret->sun_path), "%.*s", (int)len, text);
	if (*text != '@')
		return sizeof(*ret);
	ret->sun_path[0] = '\0';
	return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len);
}

static int connect_to(const char *path, int type)
{
	struct sockaddr_un address;
	socklen_t size = address_of(path, strlen(path), &address);
	int fd = socket(AF_UNIX, type, 0);

	if (connect(fd, (struct sockaddr *)&address, size) < 0)
		return -1;
	return fd;
}

static long try_connect(const char *a)
{
	return closed(connect_to(a, SOCK_STREAM));
}

static void bind_folder_of(const char *a);

static long bind_and_connect(const char *a)
{
	bind_folder_of(a);
	return try_connect(strrchr(a, '/') + 1);
}

static long try_connect_bind(const char *a)
{
	return in_child(bind_and_connect, a);
}

static long try_send(const char *a)
{
	struct sockaddr_un address;
	socklen_t size = address_of(a, strlen(a), &address);

	return sendto(socket(AF_UNIX, SOCK_DGRAM, 0), "x", 1, MSG_DONTWAIT,
		      (struct sockaddr *)&address, size);
}

/* On the host: a datagram socket at PATH. */
static long hold(const char *a)
{
	struct sockaddr_un address;
	socklen_t size = address_of(a, strlen(a), &address);

	if (bind(socket(AF_UNIX, SOCK_DGRAM, 0), (struct sockaddr *)&address, size) < 0 ||
	    chmod(a, 0666) < 0)
		return -1;
	return pause();
}

/* A descriptor that a process of the host sends: it comes, or the message arrives without it. */
static long try_receive(const char *a)
{
	char byte, control[CMSG_SPACE(sizeof(int))];
	struct iovec iov = { &byte, 1 };
	struct msghdr msg = { .msg_iov = &iov,
			      .msg_iovlen = 1,
			      .msg_control = control,
			      .msg_controllen = sizeof(control) };
	int fd = connect_to(a, SOCK_STREAM);
	struct cmsghdr *cmsg;

	if (fd < 0 || recvmsg(fd, &msg, 0) != 1)
		return -1;
	(void)close(fd);
	cmsg = CMSG_FIRSTHDR(&msg);
	if (!cmsg || cmsg->cmsg_len < CMSG_LEN(sizeof(int))) {
		errno = EACCES; /* MSG_CTRUNC: it was taken out */
		return -1;
	}
	return closed(*(int *)(void *)CMSG_DATA(cmsg));
}

/* On the host: PATH=FILE, listens at PATH and sends FILE's descriptor to each who comes. */
static long serve(const char *a)
{
	struct sockaddr_un address;
	const char *equals = strchr(a, '=');
	socklen_t size = address_of(a, (size_t)(equals - a), &address);
	int sock = socket(AF_UNIX, SOCK_STREAM, 0), file = open(equals + 1, O_RDONLY), peer;

	if (file < 0 || bind(sock, (struct sockaddr *)&address, size) < 0 ||
	    (*address.sun_path && chmod(address.sun_path, 0666) < 0) || listen(sock, 8) < 0)
		return -1;
	while ((peer = accept(sock, NULL, NULL)) >= 0) {
		char control[CMSG_SPACE(sizeof(int))] = { 0 };
		struct iovec iov = { (char[]){ 'x' }, 1 };
		struct msghdr msg = { .msg_iov = &iov,
				      .msg_iovlen = 1,
				      .msg_control = control,
				      .msg_controllen = sizeof(control) };
		struct cmsghdr *cmsg = CMSG_FIRSTHDR(&msg);

		cmsg->cmsg_level = SOL_SOCKET;
		cmsg->cmsg_type = SCM_RIGHTS;
		cmsg->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(cmsg), &file, sizeof(file));
		(void)sendmsg(peer, &msg, MSG_NOSIGNAL);
		(void)close(peer);
	}
	return -1;
}

/* What must keep working, all of it on files of the container's own. */
static long own_files(const char *a)
{
	char path[64];
	int fd, pipes[2];

	if (unshare(CLONE_NEWNS) < 0 || mount("t", "/mnt", "tmpfs", 0, NULL) < 0 || chdir("/mnt") < 0)
		return -1;
	fd = open(a, O_CREAT | O_RDWR, 0644);
	if (fd < 0 || chmod(a, 04755) < 0 || rename(a, "r") < 0 || link("r", "l") < 0 ||
	    truncate("l", 1) < 0)
		return -1;
	if (unlink("r") < 0 || symlink("l", "s") < 0 || mkdir("d", 0755) < 0 || rmdir("d") < 0)
		return -1;
	(void)close(fd);
	if (closed(open(".", O_TMPFILE | O_RDWR, 0600)) < 0 || pipe(pipes) < 0)
		return -1;
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", pipes[1]);
	if (closed(open(path, O_WRONLY)) < 0)
		return -1;
	fd = memfd_create("m", 0);
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (closed(open(path, O_RDWR)) < 0)
		return -1;
	fd = open_tree(AT_FDCWD, "/mnt", OPEN_TREE_CLONE);
	return closed(openat(fd, "l", O_RDONLY));
}

static long try_own_files(const char *a)
{
	return in_child(own_files, a);
}

/* ---- procguard, user data, self ---- */

static long try_read(const char *a)
{
	return closed(open(a, O_RDONLY));
}

static long try_write(const char *a)
{
	return closed(open(a, O_WRONLY));
}

/* Emptied, and never opened for writing. */
static long try_empty(const char *a)
{
	return closed(open(a, O_RDONLY | O_TRUNC));
}

/* The same file at /mnt/f, which is the root of a mount there. */
static void bind_file(const char *a)
{
	if (unshare(CLONE_NEWNS) < 0 || mount("t", "/mnt", "tmpfs", 0, NULL) < 0 ||
	    closed(creat("/mnt/f", 0666)) < 0 || mount(a, "/mnt/f", NULL, MS_BIND, NULL) < 0)
		_exit(250);
}

static long write_bound(const char *a)
{
	bind_file(a);
	return try_write("/mnt/f");
}

static long chmod_bound(const char *a)
{
	bind_file(a);
	return chmod("/mnt/f", 0644);
}

/* In a user namespace below, whose mounts are locked, and were not given to the container all the same. */
static long write_bound_below(const char *a)
{
	bind_file(a);
	if (unshare(CLONE_NEWUSER | CLONE_NEWNS) < 0)
		_exit(250);
	become_root();
	return try_write("/mnt/f");
}

static long try_write_bound(const char *a)
{
	return in_child(write_bound, a);
}

static long try_chmod_bound(const char *a)
{
	return in_child(chmod_bound, a);
}

static long try_write_bound_below(const char *a)
{
	return in_child(write_bound_below, a);
}

/* A fresh one may only be mounted where nothing covers the old one: nothing does here. */
static long mount_fresh(const char *type)
{
	pid_t pid;
	int status;

	/* Its network is its own, so that it may write the settings of that. */
	if (unshare(CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWNET) < 0)
		_exit(250);
	pid = fork();
	if (pid != 0) {
		(void)waitpid(pid, &status, 0);
		_exit(WEXITSTATUS(status));
	}
	return mount(type, "/mnt", type, 0, NULL) < 0 ? -1 : chdir("/mnt");
}

static long read_of_fresh_proc(const char *a)
{
	return mount_fresh("proc") < 0 ? -1 : try_read(a);
}

static long write_of_fresh_proc(const char *a)
{
	return mount_fresh("proc") < 0 ? -1 : try_write(a);
}

static long read_of_fresh_sys(const char *a)
{
	return mount_fresh("sysfs") < 0 ? -1 : try_read(a);
}

static long try_read_fresh(const char *a)
{
	return in_child(read_of_fresh_proc, a);
}

static long try_write_fresh(const char *a)
{
	return in_child(write_of_fresh_proc, a);
}

static long try_read_fresh_sys(const char *a)
{
	return in_child(read_of_fresh_sys, a);
}

/* The current folder becomes a bind of the folder that a file is in. */
static void bind_folder_of(const char *a)
{
	char folder[128];

	(void)snprintf(folder, sizeof(folder), "%.*s", (int)(strrchr(a, '/') + 1 - a), a);
	if (unshare(CLONE_NEWNS) < 0 || mount(folder, "/mnt", NULL, MS_BIND | MS_REC, NULL) < 0 ||
	    chdir("/mnt") < 0)
		_exit(250);
}

static long bind_and_read(const char *a)
{
	bind_folder_of(a);
	return try_read(strrchr(a, '/') + 1);
}

static long try_read_bind(const char *a)
{
	return in_child(bind_and_read, a);
}

static long try_suid(const char *a)
{
	int fd = open(a, O_CREAT | O_RDWR, 0755);
	long r = fd < 0 ? -1 : fchmod(fd, 04755);

	(void)closed(fd);
	return r;
}

static long try_create_suid(const char *a)
{
	mode_t old = umask(0);
	long r = closed(open(a, O_CREAT | O_EXCL | O_RDWR, 06755));

	(void)umask(old);
	return r;
}

/* A file without a name, which gets one. */
static long try_tmpfile_suid(const char *a)
{
	char folder[256], path[64];
	int fd;
	long r;

	(void)snprintf(folder, sizeof(folder), "%.*s", (int)(strrchr(a, '/') - a), a);
	fd = open(folder, O_TMPFILE | O_RDWR, 04755);
	if (fd < 0)
		return -1;
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	r = linkat(AT_FDCWD, path, AT_FDCWD, a, AT_SYMLINK_FOLLOW);
	(void)closed(fd);
	return r;
}

static long try_sgid_dir(const char *a)
{
	return mkdir(a, 0755) < 0 ? -1 : chmod(a, 02755);
}

static long try_setcap(const char *a)
{
	/* VFS_CAP_REVISION_2, effective, CAP_NET_RAW. */
	static const uint32_t caps[] = { 0x02000001, 1 << 13, 0, 0, 0 };

	(void)closed(open(a, O_CREAT | O_RDWR, 0755));
	return setxattr(a, "security.capability", caps, sizeof(caps), 0);
}

/* ---- paths: of the host, by name ---- */

static long try_create(const char *a)
{
	return closed(open(a, O_CREAT | O_EXCL | O_WRONLY, 0644));
}

static long try_mkdir(const char *a)
{
	return mkdir(a, 0755);
}

static long try_rmdir(const char *a)
{
	return rmdir(a);
}

static long try_mkfifo(const char *a)
{
	return mkfifo(a, 0644);
}

static long try_symlink(const char *a)
{
	return symlink("x", a);
}

static long try_chmod(const char *a)
{
	return chmod(a, 0666);
}

static long try_chown(const char *a)
{
	return chown(a, 0, 0);
}

static long try_truncate(const char *a)
{
	return truncate(a, 1);
}

/* TCP, at any port. */
static long try_listen(const char *a)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	long r = fd < 0 ? -1 : listen(fd, 1);

	(void)a;
	(void)closed(fd);
	return r;
}

/* FROM:TO */
static long with_both(const char *a, int (*call)(const char *from, const char *to))
{
	char from[256];
	const char *colon = strchr(a, ':');

	(void)snprintf(from, sizeof(from), "%.*s", (int)(colon - a), a);
	return call(from, colon + 1);
}

static long try_link(const char *a)
{
	return with_both(a, link);
}

static long try_rename_to(const char *a)
{
	return with_both(a, rename);
}

static long mount_on(const char *a)
{
	return unshare(CLONE_NEWNS) < 0 ? -1 : mount("t", a, "tmpfs", 0, NULL);
}

static long try_mount_on(const char *a)
{
	return in_child(mount_on, a);
}

static long move_on(const char *a)
{
	int fs = fsopen("tmpfs", 0), fd;

	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
		_exit(250);
	fd = fsmount(fs, 0, 0);
	return fd < 0 ? -1 : move_mount(fd, "", AT_FDCWD, a, MOVE_MOUNT_F_EMPTY_PATH);
}

static long try_move_on(const char *a)
{
	return in_child(move_on, a);
}

static long try_unlink(const char *a)
{
	return unlink(a);
}

static long try_rename(const char *a)
{
	char path[256];

	(void)snprintf(path, sizeof(path), "%s_moved", a);
	return rename(a, path);
}
