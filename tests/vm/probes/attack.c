/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * attack - owns the attempts that the BPF layer is there to refuse, one system call each. From inside a container.
 *
 *   attack NAME[=ARGUMENT]...
 *
 * One line for each: "NAME ok", or "NAME" and the name of the errno. The exit status is 0. Names that end in -fd act below
 * the folder at descriptor 100, those that end in -cwd below the current folder.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/io_uring.h>
#include <linux/keyctl.h>
#include <linux/perf_event.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#define LEAKED_FD 100

/* Each returns a negative number and errno, or anything else for success. */
typedef long attempt(const char *argument);

static long closed(long fd)
{
	if (fd >= 0)
		(void)close((int)fd);
	return fd;
}

/* In a child, whose namespaces are gone with it. */
static long in_child(attempt *try, const char *argument)
{
	pid_t pid = fork();
	int status = 0;

	if (pid == 0)
		_exit(try(argument) < 0 ? errno : 0);
	if (waitpid(pid, &status, 0) < 0)
		return -1;
	errno = WEXITSTATUS(status);
	return errno ? -1 : 0;
}

/* ---- surface ---- */

static long try_bpf(const char *a)
{
	union bpf_attr attr = {
		.map_type = BPF_MAP_TYPE_ARRAY, .key_size = 4, .value_size = 4, .max_entries = 1
	};

	(void)a;
	return closed(syscall(SYS_bpf, BPF_MAP_CREATE, &attr, sizeof(attr)));
}

static long try_perf(const char *a)
{
	struct perf_event_attr attr = { .type = PERF_TYPE_SOFTWARE,
					.size = sizeof(attr),
					.config = PERF_COUNT_SW_CPU_CLOCK,
					.exclude_kernel = 1 };

	(void)a;
	return closed(syscall(SYS_perf_event_open, &attr, 0, -1, -1, 0));
}

static long try_add_key(const char *a)
{
	(void)a;
	return syscall(SYS_add_key, "user", "bulwark-test", "x", 1, KEY_SPEC_PROCESS_KEYRING);
}

/* The session keyring of whoever started the container. */
static long try_keyctl(const char *a)
{
	(void)a;
	return syscall(SYS_keyctl, KEYCTL_DESCRIBE, KEY_SPEC_SESSION_KEYRING, NULL, 0, 0);
}

static long try_io_uring(const char *a)
{
	struct io_uring_params params = { 0 };

	(void)a;
	return closed(syscall(SYS_io_uring_setup, 1, &params));
}

static long try_userfaultfd(const char *a)
{
	(void)a;
	return closed(syscall(SYS_userfaultfd, 1 /* UFFD_USER_MODE_ONLY */ | O_CLOEXEC));
}

static long try_alg(const char *a)
{
	(void)a;
	return closed(socket(AF_ALG, SOCK_SEQPACKET, 0));
}

static long try_vsock(const char *a)
{
	(void)a;
	return closed(socket(AF_VSOCK, SOCK_STREAM, 0));
}

/* socketcall(2) of 32-bit programs: its arguments are in memory, where a seccomp filter does not see them. */
static long try_alg32(const char *a)
{
	uint32_t *args = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
			      MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
	long r;

	(void)a;
	if (args == MAP_FAILED)
		return -1;
	args[0] = AF_ALG;
	args[1] = SOCK_SEQPACKET;
	args[2] = 0;
	__asm__ volatile("int $0x80"
			 : "=a"(r)
			 : "a"(102), "b"(1), "c"((uint32_t)(uintptr_t)args)
			 : "memory", "r8", "r9", "r10", "r11");
	r = (int32_t)r;
	if (r < 0) {
		errno = (int)-r;
		return -1;
	}
	return closed(r);
}

static long unshare_user(const char *a)
{
	(void)a;
	return unshare(CLONE_NEWUSER);
}

static long try_userns(const char *a)
{
	return in_child(unshare_user, a);
}

/* Two levels: the ids of the first come from the parent, who is root here. */
static long nest_twice(const char *a)
{
	int fd;

	(void)a;
	if (unshare(CLONE_NEWUSER) < 0)
		return -1;
	fd = open("/proc/self/setgroups", O_WRONLY);
	if (fd < 0 || write(fd, "deny", 4) != 4 || close(fd) < 0)
		_exit(251);
	fd = open("/proc/self/gid_map", O_WRONLY);
	if (fd < 0 || write(fd, "0 0 1", 5) != 5 || close(fd) < 0)
		_exit(252);
	fd = open("/proc/self/uid_map", O_WRONLY);
	if (fd < 0 || write(fd, "0 0 1", 5) != 5 || close(fd) < 0)
		_exit(253);
	return unshare(CLONE_NEWUSER);
}

static long try_userns2(const char *a)
{
	return in_child(nest_twice, a);
}

/* ---- tasks ---- */

static long try_kill(const char *a)
{
	return kill(atoi(a), 0);
}

static long try_term(const char *a)
{
	return kill(atoi(a), SIGTERM);
}

static long try_ptrace(const char *a)
{
	long r = ptrace(PTRACE_SEIZE, atoi(a), NULL, NULL);

	if (r == 0)
		(void)ptrace(PTRACE_DETACH, atoi(a), NULL, NULL);
	return r;
}

static pid_t own_child(void)
{
	pid_t pid = fork();

	if (pid == 0) {
		(void)pause();
		_exit(0);
	}
	return pid;
}

/* What must keep working: a debugger of one's own process, its descriptors, its end. */
static long try_debug_own(const char *a)
{
	pid_t pid = own_child();
	long r = ptrace(PTRACE_SEIZE, pid, NULL, NULL);

	(void)a;
	if (r == 0)
		r = closed(syscall(SYS_pidfd_getfd, syscall(SYS_pidfd_open, pid, 0), 1, 0));
	if (r >= 0)
		r = kill(pid, SIGKILL);
	(void)waitpid(pid, NULL, 0);
	return r;
}

/* ---- mounts ---- */

static long try_remount_bind(const char *a)
{
	return mount(NULL, a, NULL, MS_REMOUNT | MS_BIND, NULL);
}

static long try_remount(const char *a)
{
	return mount(NULL, a, NULL, MS_REMOUNT | MS_NOEXEC, NULL);
}

static long try_fspick(const char *a)
{
	int fd = fspick(AT_FDCWD, a, 0);
	long r;

	if (fd < 0)
		return -1;
	r = fsconfig(fd, FSCONFIG_SET_FLAG, "sync", NULL, 0);
	if (r == 0)
		r = fsconfig(fd, FSCONFIG_CMD_RECONFIGURE, NULL, NULL, 0);
	(void)close(fd);
	return r;
}

static long try_move_mount(const char *a)
{
	return move_mount(AT_FDCWD, a, AT_FDCWD, "/mnt", 0);
}

static long try_ms_move(const char *a)
{
	return mount(a, "/mnt", NULL, MS_MOVE, NULL);
}

static long try_umount(const char *a)
{
	return umount2(a, 0);
}

static long try_umount_lazy(const char *a)
{
	return umount2(a, MNT_DETACH);
}

static long try_setattr(const char *a)
{
	struct mount_attr attr = { .attr_clr = MOUNT_ATTR_RDONLY };

	return mount_setattr(AT_FDCWD, a, 0, &attr, sizeof(attr));
}

static long try_setattr_all(const char *a)
{
	struct mount_attr attr = { .attr_clr = MOUNT_ATTR_RDONLY };

	(void)a;
	return mount_setattr(AT_FDCWD, "/", AT_RECURSIVE, &attr, sizeof(attr));
}

static long try_clone_setattr(const char *a)
{
	struct mount_attr attr = { .attr_clr = MOUNT_ATTR_RDONLY };
	int fd = open_tree(AT_FDCWD, a, OPEN_TREE_CLONE);
	long r = fd < 0 ? -1 : mount_setattr(fd, "", AT_EMPTY_PATH, &attr, sizeof(attr));

	(void)closed(fd);
	return r;
}

static long bind_and_remount(const char *a)
{
	if (mount(a, "/mnt", NULL, MS_BIND, NULL) < 0)
		_exit(250);
	return mount(NULL, "/mnt", NULL, MS_REMOUNT | MS_BIND, NULL);
}

static long try_bind_remount(const char *a)
{
	long r = bind_and_remount(a);
	int saved = errno;

	(void)umount2("/mnt", MNT_DETACH);
	errno = saved;
	return r;
}

static long rbind_and_umount(const char *a)
{
	char path[256];

	if (unshare(CLONE_NEWNS) < 0 || mount("/", "/mnt", NULL, MS_BIND | MS_REC, NULL) < 0)
		_exit(250);
	(void)snprintf(path, sizeof(path), "/mnt%s", a);
	return umount2(path, MNT_DETACH);
}

static long try_rbind_umount(const char *a)
{
	return in_child(rbind_and_umount, a);
}

static long try_bind_below(const char *a)
{
	(void)a;
	return mount("/", "/mnt", NULL, MS_BIND, NULL);
}

static long try_pivot(const char *a)
{
	return syscall(SYS_pivot_root, a, a);
}

static long remount_in_copy(const char *a)
{
	if (unshare(CLONE_NEWNS) < 0)
		_exit(250);
	return try_remount_bind(a);
}

static long try_unshare_remount(const char *a)
{
	return in_child(remount_in_copy, a);
}

/* What must keep working: mounts of one's own, with every flag, moved and taken away. */
static long own_mounts(const char *a)
{
	(void)a;
	if (unshare(CLONE_NEWNS) < 0 || mount("t", "/mnt", "tmpfs", MS_RDONLY | MS_NOSUID, NULL) < 0)
		return -1;
	if (mount(NULL, "/mnt", NULL, MS_REMOUNT | MS_BIND, NULL) < 0 ||
	    mount(NULL, "/mnt", NULL, MS_REMOUNT, "size=1m") < 0)
		return -1;
	if (mkdir("/mnt/a", 0755) < 0 || mkdir("/mnt/b", 0755) < 0 ||
	    mount("t", "/mnt/a", "tmpfs", 0, NULL) < 0)
		return -1;
	if (mount("/mnt/a", "/mnt/b", NULL, MS_MOVE, NULL) < 0 || try_fspick("/mnt/b") < 0 ||
	    umount2("/mnt/b", 0) < 0)
		return -1;
	return umount2("/mnt", 0);
}

static long try_own_mounts(const char *a)
{
	return in_child(own_mounts, a);
}

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

static int connect_to(const char *path, int type)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, type, 0);

	(void)snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		return -1;
	return fd;
}

static long try_connect(const char *a)
{
	return closed(connect_to(a, SOCK_STREAM));
}

static long try_send(const char *a)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	(void)snprintf(address.sun_path, sizeof(address.sun_path), "%s", a);
	return sendto(socket(AF_UNIX, SOCK_DGRAM, 0), "x", 1, MSG_DONTWAIT,
		      (struct sockaddr *)&address, sizeof(address));
}

/* On the host: a datagram socket at PATH. */
static long hold(const char *a)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	(void)snprintf(address.sun_path, sizeof(address.sun_path), "%s", a);
	if (bind(socket(AF_UNIX, SOCK_DGRAM, 0), (struct sockaddr *)&address, sizeof(address)) < 0 ||
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
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	const char *equals = strchr(a, '=');
	int sock = socket(AF_UNIX, SOCK_STREAM, 0), file = open(equals + 1, O_RDONLY), peer;

	(void)snprintf(address.sun_path, sizeof(address.sun_path), "%.*s", (int)(equals - a), a);
	if (file < 0 || bind(sock, (struct sockaddr *)&address, sizeof(address)) < 0 ||
	    chmod(address.sun_path, 0666) < 0 || listen(sock, 8) < 0)
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
	if (mount(type, "/mnt", type, 0, NULL) < 0)
		_exit(249);
	return chdir("/mnt");
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

/* Through a bind of the folder that a file is in. */
static long bind_and_read(const char *a)
{
	char folder[128];
	const char *name = strrchr(a, '/') + 1;

	(void)snprintf(folder, sizeof(folder), "%.*s", (int)(name - a), a);
	if (unshare(CLONE_NEWNS) < 0 || mount(folder, "/mnt", NULL, MS_BIND | MS_REC, NULL) < 0 ||
	    chdir("/mnt") < 0)
		_exit(250);
	return try_read(name);
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

static const struct {
	const char *name;
	attempt *try;
} attempts[] = {
	{ "bpf", try_bpf },
	{ "perf", try_perf },
	{ "add_key", try_add_key },
	{ "keyctl", try_keyctl },
	{ "io_uring", try_io_uring },
	{ "userfaultfd", try_userfaultfd },
	{ "alg", try_alg },
	{ "alg32", try_alg32 },
	{ "vsock", try_vsock },
	{ "userns", try_userns },
	{ "userns2", try_userns2 },
	{ "kill", try_kill },
	{ "term", try_term },
	{ "ptrace", try_ptrace },
	{ "debug-own", try_debug_own },
	{ "remount-bind", try_remount_bind },
	{ "remount", try_remount },
	{ "fspick", try_fspick },
	{ "move_mount", try_move_mount },
	{ "ms_move", try_ms_move },
	{ "umount", try_umount },
	{ "umount-lazy", try_umount_lazy },
	{ "setattr", try_setattr },
	{ "setattr-all", try_setattr_all },
	{ "clone-setattr", try_clone_setattr },
	{ "bind-remount", try_bind_remount },
	{ "rbind-umount", try_rbind_umount },
	{ "bind-below", try_bind_below },
	{ "pivot", try_pivot },
	{ "unshare-remount", try_unshare_remount },
	{ "own-mounts", try_own_mounts },
	{ "open-fd", try_open_fd },
	{ "reopen-fd", try_reopen_fd },
	{ "create-fd", try_create_fd },
	{ "mkdir-fd", try_mkdir_fd },
	{ "mknod-fd", try_mknod_fd },
	{ "symlink-fd", try_symlink_fd },
	{ "link-fd", try_link_fd },
	{ "rename-fd", try_rename_fd },
	{ "unlink-fd", try_unlink_fd },
	{ "rmdir-fd", try_rmdir_fd },
	{ "chmod-fd", try_chmod_fd },
	{ "chown-fd", try_chown_fd },
	{ "open-cwd", try_open_cwd },
	{ "truncate-cwd", try_truncate_cwd },
	{ "chroot-cwd", try_chroot_cwd },
	{ "exec", try_exec },
	{ "connect", try_connect },
	{ "send", try_send },
	{ "hold", hold },
	{ "receive", try_receive },
	{ "serve", serve },
	{ "own-files", try_own_files },
	{ "read", try_read },
	{ "write", try_write },
	{ "read-fresh", try_read_fresh },
	{ "write-fresh", try_write_fresh },
	{ "read-fresh-sys", try_read_fresh_sys },
	{ "read-bind", try_read_bind },
	{ "suid", try_suid },
	{ "create-suid", try_create_suid },
	{ "sgid-dir", try_sgid_dir },
	{ "setcap", try_setcap },
	{ "unlink", try_unlink },
	{ "rename", try_rename },
};

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		size_t len = strcspn(argv[i], "="), k = 0;
		const char *argument = argv[i][len] ? argv[i] + len + 1 : "";

		while (k < sizeof(attempts) / sizeof(attempts[0]) &&
		       (strlen(attempts[k].name) != len ||
			strncmp(attempts[k].name, argv[i], len) != 0))
			k++;
		if (k == sizeof(attempts) / sizeof(attempts[0])) {
			fprintf(stderr, "attack: no attempt '%s'\n", argv[i]);
			return 2;
		}
		if (attempts[k].try(argument) >= 0)
			printf("%s ok\n", attempts[k].name);
		else
			printf("%s %s\n", attempts[k].name,
			       strerrorname_np(errno) ? strerrorname_np(errno) : "?");
		(void)fflush(stdout);
	}
	return 0;
}
