/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * terminal - see terminal.h. The relay for `run` and `exec` in the foreground is in foreground.c.
 */
#include "terminal.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <stdbool.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>

#include "error.h"
#include "fd.h"
#include "path.h"
#include "str.h"
#include "sys.h"
#include "unix_socket.h"

#define TERMINAL_NAME_MAX 128
#define PTMX_MAJOR 5 /* Documentation/admin-guide/devices.txt */
#define PTMX_MINOR 2

/*
 * The image may have put anything at /dev/pts (CVE-2025-52565): only a devpts will do, since nobody
 * can make a file in one, and only its own ptmx, with nothing mounted on it.
 */
static int open_ptmx(int root_fd, struct error *err)
{
	const struct open_how how = {
		.flags = O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_XDEV | RESOLVE_NO_SYMLINKS,
	};
	_cleanup_close_ int pts_fd = path_open_in_root(root_fd, "dev/pts", O_PATH, err);
	_cleanup_close_ int fd = -EBADF;
	struct statfs fs;
	struct stat st;

	if (pts_fd < 0)
		return error_wrap(err, "terminal: /dev/pts");
	if (fstatfs(pts_fd, &fs) < 0)
		return error_set(err, errno, "terminal: cannot look at /dev/pts");
	if (fs.f_type != DEVPTS_SUPER_MAGIC)
		return error_text(err, EINVAL,
				  "terminal: /dev/pts of the container is no devpts: mount one there");
	fd = sys_openat2(pts_fd, "ptmx", &how);
	if (fd < 0)
		return error_set(err, errno, "terminal: cannot open /dev/pts/ptmx of the container");
	if (fstat(fd, &st) < 0)
		return error_set(err, errno, "terminal: cannot stat /dev/pts/ptmx");
	if (!S_ISCHR(st.st_mode) || st.st_rdev != makedev(PTMX_MAJOR, PTMX_MINOR))
		return error_text(err, EINVAL,
				  "terminal: /dev/pts/ptmx of the container is not the device %d:%d",
				  PTMX_MAJOR, PTMX_MINOR);
	return take_fd(&fd);
}

static int set_size(int master_fd, uint32_t rows, uint32_t cols, struct error *err)
{
	struct winsize size = { .ws_row = (unsigned short)rows, .ws_col = (unsigned short)cols };

	if (rows == 0 && cols == 0)
		return 0;
	if (rows > UINT16_MAX || cols > UINT16_MAX)
		return error_text(err, EINVAL,
				  "process.consoleSize: %u x %u is more than a terminal can have",
				  rows, cols);
	if (ioctl(master_fd, TIOCSWINSZ, &size) < 0)
		return error_set(err, errno, "process.consoleSize: cannot set it");
	return 0;
}

int terminal_open(int root_fd, uint32_t rows, uint32_t cols, int *ret_master_fd, int *ret_slave_fd,
		  char *ret_name, struct error *err)
{
	_cleanup_close_ int master_fd = open_ptmx(root_fd, err);
	_cleanup_close_ int slave_fd = -EBADF;
	unsigned int number;
	int unlocked = 0;
	int r;

	if (master_fd < 0)
		return master_fd;
	if (ioctl(master_fd, TIOCGPTN, &number) < 0 || ioctl(master_fd, TIOCSPTLCK, &unlocked) < 0)
		return error_set(err, errno, "terminal: cannot unlock the pseudo-terminal");
	/* Linux 4.13; a name could be looked up in the wrong devpts. */
	slave_fd = ioctl(master_fd, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (slave_fd < 0)
		return error_set(err, errno, "terminal: cannot open the container's side");
	r = set_size(master_fd, rows, cols, err);
	if (r < 0)
		return r;
	/* The engine decides for itself whether its side blocks. */
	if (fcntl(master_fd, F_SETFL, O_RDWR) < 0)
		return error_set(err, errno, "terminal");
	if (str_format(ret_name, TERMINAL_NAME_MAX, "/dev/pts/%u", number) < 0)
		return error_set(err, ENAMETOOLONG, "terminal");
	*ret_master_fd = take_fd(&master_fd);
	*ret_slave_fd = take_fd(&slave_fd);
	return 0;
}

int terminal_send_master(const char *socket_path, int master_fd, const char *name, struct error *err)
{
	return unix_socket_send_fd("--console-socket", socket_path, master_fd, name, err);
}

int terminal_become(int slave_fd, struct error *err)
{
	if (setsid() < 0 && getsid(0) != getpid()) /* EPERM for who leads a session already */
		return error_set(err, errno, "terminal: cannot make a session");
	if (ioctl(slave_fd, TIOCSCTTY, 0) < 0)
		return error_set(err, errno, "terminal: cannot make it the controlling terminal");
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
		if (slave_fd == fd) { /* dup3(2) would leave close-on-exec set */
			if (fcntl(fd, F_SETFD, 0) < 0)
				return error_set(err, errno, "terminal: cannot keep descriptor %d",
						 fd);
		} else if (dup3(slave_fd, fd, 0) < 0) {
			return error_set(err, errno, "terminal: cannot make it descriptor %d", fd);
		}
	}
	return 0;
}
