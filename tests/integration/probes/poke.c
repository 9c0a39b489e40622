/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * poke - owns doing to files whatever system calls can do to them, at random and as fast as can be, from several processes.
 *
 *   poke SECONDS PROCESSES FILE...	one line at the end: "calls=COUNT ok=COUNT lost=COUNT". Lost: a call that says that whoever
 *					serves the file is gone.
 *
 * Numbers are drawn from a fixed start, so that a run can be repeated as far as its timing can.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/fs.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <time.h>
#include <unistd.h>

#define PROCESSES_MAX 16
#define FDS 12 /* that a process keeps open */
#define BUF (64 * 1024)

static uint64_t seed;
static char buf[BUF];
static int null_fd;

static uint64_t draw(uint64_t below)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed % below;
}

static off_t draw_offset(void)
{
	static const off_t odd[] = { 0,	       0, 0, 1, 4095, 4096, 65536, INT_MAX, (off_t)1 << 40,
				     LONG_MAX, -1 };

	return draw(2) ? odd[draw(sizeof(odd) / sizeof(odd[0]))] : (off_t)draw(9000);
}

static size_t draw_size(void)
{
	return draw(4) ? draw(300) : draw(BUF);
}

/* A number, a list of them, a name, or noise. */
static size_t draw_text(void)
{
	static const char *const words[] = {
		"0",	 "-1", "1\n",	   "18446744073709551616",     "0x7fffffff", "\t",
		"1 2 3", "a",  "core.%p|", "99999999999999999999999\n"
	};
	size_t n = draw_size();

	if (draw(3)) {
		const char *word = words[draw(sizeof(words) / sizeof(words[0]))];

		return (size_t)snprintf(buf, sizeof(buf), "%s%s", word, draw(4) ? "" : "\n\n");
	}
	for (size_t i = 0; i < n; i++)
		buf[i] = draw(3) ? (char)('0' + draw(10)) : (char)draw(256);
	return n;
}

/* ---- one call each: what it says is of interest only when it says that nobody is there ---- */

typedef long (*call)(int fd, const char *path);

static long do_read(int fd, const char *path)
{
	(void)path;
	return read(fd, buf, draw_size());
}

static long do_pread(int fd, const char *path)
{
	(void)path;
	return pread(fd, buf, draw_size(), draw_offset());
}

static long do_readv(int fd, const char *path)
{
	struct iovec iov[3] = { { buf, draw(100) }, { buf + 1000, 0 }, { buf + 2000, draw(9000) } };

	(void)path;
	return preadv(fd, iov, 3, draw_offset());
}

static long do_write(int fd, const char *path)
{
	size_t n = draw_text();

	(void)path;
	return write(fd, buf, n);
}

static long do_pwrite(int fd, const char *path)
{
	size_t n = draw_text();

	(void)path;
	return pwrite(fd, buf, n, draw_offset());
}

static long do_seek(int fd, const char *path)
{
	(void)path;
	return lseek(fd, draw_offset(), (int)draw(5));
}

static long do_stat(int fd, const char *path)
{
	struct statx stx;
	struct statfs fs;

	return draw(2) ? statx(AT_FDCWD, path, (int)draw(2) * AT_STATX_FORCE_SYNC, STATX_ALL, &stx) :
			 fstatfs(fd, &fs);
}

static long do_times(int fd, const char *path)
{
	const struct timespec times[2] = { { .tv_nsec = UTIME_NOW },
					   { .tv_sec = (time_t)draw(1000) } };

	return draw(2) ? futimens(fd, draw(2) ? NULL : times) : chmod(path, (mode_t)draw(07777));
}

static long do_truncate(int fd, const char *path)
{
	return draw(2) ? ftruncate(fd, draw_offset()) : truncate(path, draw_offset());
}

static long do_owner(int fd, const char *path)
{
	(void)path;
	return fchown(fd, (uid_t)draw(70000), (gid_t)draw(70000));
}

static long do_xattr(int fd, const char *path)
{
	switch (draw(4)) {
	case 0:
		return getxattr(path, "user.a", buf, draw_size());
	case 1:
		return setxattr(path, "security.capability", buf, draw(64), (int)draw(3));
	case 2:
		return flistxattr(fd, buf, draw_size());
	default:
		return fremovexattr(fd, "trusted.b");
	}
}

static long do_lock(int fd, const char *path)
{
	struct flock lock = { .l_type = (short)draw(3), .l_start = draw_offset(), .l_len = 5 };

	(void)path;
	return draw(2) ? flock(fd, (draw(2) ? LOCK_SH : LOCK_UN) | LOCK_NB) :
			 fcntl(fd, F_SETLK, &lock);
}

static long do_ioctl(int fd, const char *path)
{
	static const unsigned long requests[] = { FS_IOC_GETFLAGS, FS_IOC_SETFLAGS, FIONREAD,
						  0x5401, BLKGETSIZE };

	(void)path;
	return ioctl(fd, requests[draw(5)], buf);
}

static long do_map(int fd, const char *path)
{
	void *at = mmap(NULL, 8192, (int)draw(4), draw(2) ? MAP_SHARED : MAP_PRIVATE, fd, 0);

	(void)path;
	return at == MAP_FAILED ? -1 : munmap(at, 8192);
}

static long do_sync(int fd, const char *path)
{
	struct pollfd poll_fd = { .fd = fd, .events = POLLIN | POLLPRI };

	(void)path;
	switch (draw(4)) {
	case 0:
		return fsync(fd);
	case 1:
		return fallocate(fd, (int)draw(4), draw_offset(), 100);
	case 2:
		return posix_fadvise(fd, 0, 0, (int)draw(6));
	default:
		return poll(&poll_fd, 1, 0);
	}
}

static long do_splice(int fd, const char *path)
{
	int pair[2];
	long r = -1;

	(void)path;
	if (draw(2))
		return sendfile(null_fd, fd, NULL, draw_size());
	if (pipe2(pair, O_CLOEXEC | O_NONBLOCK) < 0)
		return 0;
	if (draw(2)) {
		r = splice(fd, NULL, pair[1], NULL, draw(40000), SPLICE_F_NONBLOCK);
	} else if (write(pair[1], buf, 100) == 100) {
		r = splice(pair[0], NULL, fd, NULL, 100, SPLICE_F_NONBLOCK);
	}
	close(pair[0]);
	close(pair[1]);
	return r;
}

static long do_names(int fd, const char *path)
{
	snprintf(buf, sizeof(buf), "%s/%c%c", path, (int)('a' + draw(26)), (int)('!' + draw(90)));
	switch (draw(8)) {
	case 0:
		return open(buf, O_CREAT | O_RDWR | O_CLOEXEC, 0666);
	case 1:
		return mkdir(buf, 0777);
	case 2:
		return symlink("/", buf);
	case 3:
		return link(path, buf);
	case 4:
		return mknod(buf, S_IFREG | 0666, 0);
	case 5:
		return access(buf, (int)draw(8));
	case 6:
		return readlink(path, buf, 100);
	default:
		return syscall(SYS_getdents64, fd, buf, draw(4096));
	}
}

static const call calls[] = { do_read,	do_read,   do_pread,  do_readv,	   do_write,
			      do_write, do_pwrite, do_seek,   do_stat,	   do_times,
			      do_owner, do_xattr,  do_lock,   do_truncate, do_ioctl,
			      do_map,	do_sync,   do_splice, do_names };

/* ---- processes -------------------------------------------------------------------------------------------- */

struct count {
	unsigned long calls, ok, lost;
};

static double now_s(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static int open_one(const char *path)
{
	static const int modes[] = { O_RDONLY,
				     O_RDONLY,
				     O_RDWR,
				     O_WRONLY,
				     O_RDWR | O_APPEND,
				     O_WRONLY | O_TRUNC,
				     O_RDONLY | O_DIRECTORY,
				     O_RDWR | O_DIRECT };

	return open(path, modes[draw(8)] | (draw(8) ? O_NONBLOCK : O_SYNC) | O_CLOEXEC);
}

static void poke(int me, double end, char **files, size_t n_files, struct count *count)
{
	const char *paths[FDS] = { NULL };
	int fds[FDS];

	seed = 0x9e3779b97f4a7c15u * (uint64_t)(me + 1);
	while (now_s() < end) {
		size_t i = draw(FDS);

		errno = 0;
		if (!paths[i] || !draw(16)) {
			if (paths[i])
				close(fds[i]);
			paths[i] = files[draw(n_files)];
			fds[i] = open_one(paths[i]);
			if (fds[i] < 0)
				paths[i] = NULL;
		} else if (calls[draw(sizeof(calls) / sizeof(calls[0]))](fds[i], paths[i]) >= 0) {
			count->ok++;
		}
		count->calls++;
		count->lost += errno == ENOTCONN || errno == ECONNABORTED || errno == EIO;
	}
}

int main(int argc, char **argv)
{
	struct count *counts = mmap(NULL, PROCESSES_MAX * sizeof(*counts), PROT_READ | PROT_WRITE,
				    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int n = argc > 3 ? atoi(argv[2]) : 0;
	struct count sum = { 0 };
	double end;

	if (n < 1 || n > PROCESSES_MAX || counts == MAP_FAILED)
		return 2;
	end = now_s() + atof(argv[1]);
	null_fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
	for (int i = 0; i < n; i++)
		if (fork() == 0) {
			poke(i, end, argv + 3, (size_t)argc - 3, &counts[i]);
			_exit(0);
		}
	while (wait(NULL) > 0)
		;
	for (int i = 0; i < n; i++) {
		sum.calls += counts[i].calls;
		sum.ok += counts[i].ok;
		sum.lost += counts[i].lost;
	}
	printf("calls=%lu ok=%lu lost=%lu\n", sum.calls, sum.ok, sum.lost);
	return 0;
}
