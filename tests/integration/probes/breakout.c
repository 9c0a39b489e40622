/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * breakout [MOUNT] - what root of a --privileged container may try against the host, each step harmless where it works.
 *
 *   BROKEN WHAT     one line for each that worked
 *   TRIED N         the last line
 * MOUNT is a folder of the host that was bound into the container: its file system is searched beyond it.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/io.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/swap.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <unistd.h>

static int tried;

static void verdict(int broken, const char *what, const char *detail)
{
	tried++;
	if (broken)
		printf("BROKEN %s %s\n", what, detail);
}

/* A value of the container's own, served by bulwark-monitor; tests show that the host's is another. */
static int is_emulated(int fd)
{
	struct statfs fs;

	return fd >= 0 && fstatfs(fd, &fs) == 0 && fs.f_type == FUSE_SUPER_MAGIC;
}

/* Opening is enough: nothing is ever written. */
static void try_open(const char *path, int flags)
{
	int fd = open(path, flags | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

	verdict(fd >= 0 && !is_emulated(fd),
		flags == O_WRONLY ? "open-for-writing" : "open-for-reading", path);
	if (fd >= 0)
		close(fd);
}

static void try_device(const char *name, mode_t type, unsigned int major, unsigned int minor)
{
	char path[64];
	int fd = -1;

	snprintf(path, sizeof(path), "/tmp/breakout-%u-%u", major, minor);
	if (mknod(path, type | 0600, makedev(major, minor)) == 0)
		fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	verdict(fd >= 0, "mknod-and-open", name);
	if (fd >= 0)
		close(fd);
	unlink(path);
}

/* Every disk the kernel knows, under its own number. */
static void try_disks(void)
{
	FILE *f = fopen("/proc/partitions", "re");
	char line[256], name[64];
	unsigned int major, minor;

	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "%u %u %*u %63s", &major, &minor, name) == 3)
			try_device(name, S_IFBLK, major, minor);
	if (f)
		fclose(f);
}

/* Nodes that are in /dev already. */
static void try_nodes(const char *dir)
{
	static const char *const harmless[] = { "null", "zero", "full", "random",  "urandom", "tty",
						"ptmx", "tun",	"fuse", "console", NULL };
	DIR *d = opendir(dir);
	struct dirent *e;
	struct stat st;
	char path[512];

	while (d && (e = readdir(d))) {
		int known = 0;

		snprintf(path, sizeof(path), "%s/%s", dir, e->d_name);
		if (lstat(path, &st) < 0 || !(S_ISBLK(st.st_mode) || S_ISCHR(st.st_mode)))
			continue;
		for (int i = 0; harmless[i]; i++)
			known |= strcmp(harmless[i], e->d_name) == 0;
		if (!known)
			try_open(path, O_RDONLY);
	}
	if (d)
		closedir(d);
}

/* open_by_handle_at(2) of inode 2, the root of an ext4, whatever folder of it was bound ("shocker"). */
static void try_handle(const char *mount_path)
{
	union {
		struct file_handle handle;
		unsigned char bytes[sizeof(struct file_handle) + 8];
	} u = { .handle = { .handle_bytes = 8, .handle_type = 1 } };
	const unsigned int root_inode[2] = { 2, 0 };
	int mount_fd = open(mount_path, O_RDONLY | O_DIRECTORY | O_CLOEXEC), fd;

	memcpy(u.handle.f_handle, root_inode, sizeof(root_inode));
	fd = open_by_handle_at(mount_fd, &u.handle, O_RDONLY | O_DIRECTORY);
	verdict(fd >= 0 && faccessat(fd, "etc", F_OK, 0) == 0, "open_by_handle_at", mount_path);
	if (fd >= 0)
		close(fd);
	close(mount_fd);
}

/* CVE-2022-0492: a hierarchy of our own, whose release_agent the kernel runs as root of the host. */
static void try_release_agent(void)
{
	static const char *const controllers[] = { "memory", "pids", "rdma", "none,name=breakout",
						   NULL };

	mkdir("/tmp/breakout-cg", 0700);
	for (int i = 0; controllers[i]; i++) {
		if (mount("cgroup", "/tmp/breakout-cg", "cgroup", 0, controllers[i]) < 0) {
			verdict(0, "release_agent", controllers[i]);
			continue;
		}
		try_open("/tmp/breakout-cg/release_agent", O_WRONLY);
		umount2("/tmp/breakout-cg", MNT_DETACH);
	}
	rmdir("/tmp/breakout-cg");
}

int main(int argc, char **argv)
{
	static const char *const writable[] = {
		"/proc/sysrq-trigger",
		"/proc/sys/kernel/core_pattern",
		"/proc/sys/kernel/modprobe",
		"/proc/sys/kernel/sysrq",
		"/proc/sys/vm/drop_caches",
		"/proc/sys/vm/panic_on_oom",
		"/proc/sys/fs/suid_dumpable",
		"/sys/kernel/uevent_helper",
		"/sys/power/state",
		"/sys/kernel/mm/ksm/run",
		"/proc/irq/default_smp_affinity",
		"/sys/kernel/profiling",
		"/sys/fs/cgroup/memory/release_agent",
		NULL,
	};
	static const char *const readable[] = { "/proc/kcore", "/proc/kmsg", "/dev/mem",
						"/dev/kmsg",   "/dev/port",  NULL };

	setvbuf(stdout, NULL, _IOLBF, 0);
	for (int i = 0; writable[i]; i++)
		try_open(writable[i], O_WRONLY);
	for (int i = 0; readable[i]; i++)
		try_open(readable[i], O_RDONLY);
	try_disks();
	try_device("mem", S_IFCHR, 1, 1);
	try_device("kmsg", S_IFCHR, 1, 11);
	try_device("tty1", S_IFCHR, 4, 1);
	try_device("loop-control", S_IFCHR, 10, 237);
	try_nodes("/dev");
	try_release_agent();
	if (argc > 1)
		try_handle(argv[1]);
	/* Each is refused for want of a capability before it looks at its senseless argument. */
	verdict(swapoff("/nonexistent") < 0 && errno != EPERM, "swapoff", strerror(errno));
	verdict(syscall(SYS_init_module, NULL, 0UL, "") < 0 && errno != EPERM && errno != ENOSYS,
		"init_module", strerror(errno));
	verdict(ioperm(0x80, 1, 1) == 0, "ioperm", "");
	printf("TRIED %d\n", tried);
	return 0;
}
