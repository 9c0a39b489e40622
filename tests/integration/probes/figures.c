/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * figures sysinfo WAY          - what sysinfo(2) says
 * figures affinity WAY [PID]   - what sched_getaffinity(2) says of a task; 0: itself
 * figures edges                - what both do with memory and sizes that are not as usual: prints what is wrong
 * figures load SECONDS THREADS - both, all the time, from many threads; all answers have to be the same
 * figures wait                 - sysinfo(2) once, and says so before and after
 * figures listener             - what comes of a filter of its own that has one, and of one that has none
 * figures listeners N SOCKET   - N processes with a filter each, whose listeners go there; until it is killed
 * figures junk SOCKET          - what is no listener goes there
 * figures guard                - asks until the answer is all 0xee: which bytes are written to?
 * figures has32                - whether this kernel runs 32-bit programs
 *
 * WAY: 64, x32, 32 (int 0x80; needs a kernel that runs such programs).
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define X32 0x40000000L
#define SIZE64 112
#define SIZE32 64
#define MASK_BYTES 1024

enum way { WAY_64, WAY_X32, WAY_32 };

static long call(enum way way, long nr64, long nr32, long a, long b, void *c)
{
	long r = -ENOSYS;

	if (way != WAY_32) {
		r = syscall(nr64 | (way == WAY_X32 ? X32 : 0), a, b, c);
		return r < 0 ? -errno : r;
	}
#ifdef __x86_64__
	__asm__ volatile("int $0x80"
			 : "=a"(r)
			 : "a"(nr32), "b"(a), "c"(b), "d"(c)
			 : "memory", "r8", "r9", "r10", "r11");
#else
	(void)nr32;
#endif
	return r;
}

static long get_sysinfo(enum way way, void *buf)
{
	return call(way, SYS_sysinfo, 116, (long)buf, 0, NULL);
}

static long get_affinity(enum way way, long pid, long len, void *buf)
{
	return call(way, SYS_sched_getaffinity, 242, pid, len, buf);
}

/* Pages that 32 bits can name. */
static unsigned char *pages(size_t n, int protection)
{
	void *p = mmap(NULL, n * 4096, protection, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);

	if (p == MAP_FAILED) {
		perror("mmap");
		exit(EXIT_FAILURE);
	}
	return p;
}

static uint64_t number(const unsigned char *buf, size_t at, size_t size)
{
	uint64_t n = 0;

	memcpy(&n, buf + at, size);
	return n;
}

static int show_sysinfo(enum way way)
{
	unsigned char *buf = pages(1, PROT_READ | PROT_WRITE);
	long r = get_sysinfo(way, buf);
	size_t word = way == WAY_32 ? 4 : 8, at = 4 * word, end = 10 * word;
	uint64_t unit = number(buf, way == WAY_32 ? 52 : 104, 4);

	if (r < 0) {
		printf("%s\n", strerrorname_np((int)-r));
		return EXIT_FAILURE;
	}
	printf("total=%llu free=%llu swap=%llu procs=%u\n",
	       (unsigned long long)(number(buf, at, word) * unit),
	       (unsigned long long)(number(buf, at + word, word) * unit),
	       (unsigned long long)(number(buf, at + 4 * word, word) * unit),
	       (unsigned int)number(buf, end, 2));
	return EXIT_SUCCESS;
}

static int show_affinity(enum way way, long pid)
{
	unsigned char *buf = pages(1, PROT_READ | PROT_WRITE);
	long n = get_affinity(way, pid, MASK_BYTES, buf);
	const char *separator = "";

	if (n < 0) {
		printf("%s\n", strerrorname_np((int)-n));
		return EXIT_FAILURE;
	}
	printf("cpus=");
	for (long cpu = 0; cpu < n * 8; cpu++) {
		if (!(buf[cpu / 8] >> (cpu % 8) & 1))
			continue;
		printf("%s%ld", separator, cpu);
		separator = ",";
	}
	printf("\n");
	return EXIT_SUCCESS;
}

/* ---- edges ---- */

static int wrong;

static void expect(const char *what, enum way way, long got, long wanted)
{
	if (got == wanted)
		return;
	printf("%s (way %d): %ld, not %ld\n", what, way, got, wanted);
	wrong = 1;
}

static bool is_only(const unsigned char *p, size_t n, unsigned char byte)
{
	for (size_t i = 0; i < n; i++)
		if (p[i] != byte)
			return false;
	return true;
}

/* As many bytes as the call has, where it says, and no other. */
static void check_bytes(enum way way)
{
	size_t size = way == WAY_32 ? SIZE32 : SIZE64;
	unsigned char *p = pages(2, PROT_READ | PROT_WRITE);

	memset(p, 0xa5, 8192);
	expect("sysinfo", way, get_sysinfo(way, p + 4096 - 8), 0); /* across two pages */
	expect("bytes before", way, is_only(p, 4096 - 8, 0xa5), true);
	expect("bytes behind", way, is_only(p + 4096 - 8 + size, 4096 - size, 0xa5), true);
	expect("bytes", way, is_only(p + 4096 - 8, size, 0xa5), false);

	memset(p, 0xa5, 8192);
	expect("mask", way, get_affinity(way, 0, 8, p + 4096 - 4), 8);
	expect("bytes before", way, is_only(p, 4096 - 4, 0xa5), true);
	expect("bytes behind", way, is_only(p + 4096 + 4, 4092, 0xa5), true);
}

static void check_errors(enum way way)
{
	unsigned char *p = pages(2, PROT_READ | PROT_WRITE);
	void *shared = mmap(NULL, 4096, PROT_READ, MAP_SHARED | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
	long unit = way == WAY_32 ? 4 : 8;

	if (munmap(p + 4096, 4096) < 0)
		exit(EXIT_FAILURE);
	expect("sysinfo of nothing", way, get_sysinfo(way, NULL), -EFAULT);
	expect("sysinfo beyond the end", way, get_sysinfo(way, p + 4096 - 16), -EFAULT);
	expect("sysinfo of what is read-only", way, get_sysinfo(way, shared), -EFAULT);
	expect("mask of nothing", way, get_affinity(way, 0, 128, NULL), -EFAULT);
	expect("no room", way, get_affinity(way, 0, 0, p), -EINVAL);
	expect("half a word", way, get_affinity(way, 0, 128 + unit / 2, p), -EINVAL);
	if (way != WAY_X32) { /* the kernel's answer, and it may have no x32 */
		expect("no such task", way, get_affinity(way, 4194303, 128, p), -ESRCH);
		expect("no such task", way, get_affinity(way, -1, 128, p), -ESRCH);
	}
	if (way != WAY_32)
		expect("the kernel's half", way, get_sysinfo(way, (void *)-4096L), -EFAULT);
	if (way == WAY_32)
		expect("a word and a half", way, get_affinity(way, 0, 12, p) > 0, true);
}

static bool has_32(void)
{
	int status = 0;
	pid_t pid = fork();

	if (pid == 0)
		_exit(call(WAY_32, 0, 20, 0, 0, NULL) > 0 ? 0 : 1); /* getpid(2) */
	return waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static int edges(void)
{
	for (enum way way = WAY_64; way <= WAY_32; way++) {
		if (way == WAY_32 && !has_32())
			continue;
		check_bytes(way);
		check_errors(way);
	}
	printf("%s\n", wrong ? "wrong" : "right");
	return wrong;
}

/* ---- load ---- */

static unsigned long good, bad;
static time_t until;

static void *work(void *data)
{
	unsigned char info[SIZE64], mask[MASK_BYTES], first_mask[MASK_BYTES] = { 0 };
	uint64_t total = 0;
	long size = 0;

	(void)data;
	while (time(NULL) < until) {
		long r = get_sysinfo(WAY_64, info), n = get_affinity(WAY_64, 0, MASK_BYTES, mask);

		if (!total && r == 0 && n > 0) {
			total = number(info, 32, 8);
			size = n;
			memcpy(first_mask, mask, (size_t)n);
		}
		if (r == 0 && n == size && total && number(info, 32, 8) == total &&
		    memcmp(mask, first_mask, (size_t)n) == 0)
			__atomic_add_fetch(&good, 1, __ATOMIC_RELAXED);
		else
			__atomic_add_fetch(&bad, 1, __ATOMIC_RELAXED);
	}
	return NULL;
}

static void on_alarm(int signal)
{
	(void)signal;
}

/* With a signal now and then, which must not show in any answer. */
static int load(int seconds, int threads)
{
	const struct itimerval often = { { 0, 3000 }, { 0, 3000 } };
	struct sigaction action = { .sa_handler = on_alarm, .sa_flags = SA_RESTART };
	pthread_t ids[64];

	until = time(NULL) + seconds;
	(void)sigaction(SIGALRM, &action, NULL);
	(void)setitimer(ITIMER_REAL, &often, NULL);
	for (int i = 0; i < threads && i < 64; i++)
		if (pthread_create(&ids[i], NULL, work, NULL) != 0)
			return EXIT_FAILURE;
	for (int i = 0; i < threads && i < 64; i++)
		(void)pthread_join(ids[i], NULL);
	printf("ok=%lu failed=%lu\n", good, bad);
	return bad ? EXIT_FAILURE : EXIT_SUCCESS;
}

/* ---- filters ---- */

static int load_filter(unsigned int flags)
{
	struct sock_filter code[] = { BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW) };
	struct sock_fprog program = { 1, code };

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return -1;
	return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program);
}

static int own_listener(void)
{
	int fd;

	if (load_filter(0) < 0) {
		perror("without a listener");
		return EXIT_FAILURE;
	}
	fd = load_filter(SECCOMP_FILTER_FLAG_NEW_LISTENER);
	printf("%s\n", fd < 0 ? strerrorname_np(errno) : "gained");
	return EXIT_SUCCESS;
}

static int connect_to(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	(void)snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0) {
		perror(path);
		exit(EXIT_FAILURE);
	}
	return fd;
}

static int send_fds(int sock, size_t len, const int *fds, size_t n)
{
	static char data[65536];
	char control[CMSG_SPACE(sizeof(int) * 8)] = { 0 };
	struct iovec iov = { data, len };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1 };
	struct cmsghdr *h;

	if (n) {
		m.msg_control = control;
		m.msg_controllen = CMSG_SPACE(sizeof(int) * n);
		h = CMSG_FIRSTHDR(&m);
		h->cmsg_level = SOL_SOCKET;
		h->cmsg_type = SCM_RIGHTS;
		h->cmsg_len = CMSG_LEN(sizeof(int) * n);
		memcpy(CMSG_DATA(h), fds, sizeof(int) * n);
	}
	return sendmsg(sock, &m, 0) < 0 ? -1 : 0;
}

static int many_listeners(int n, const char *path)
{
	int sock = connect_to(path), ready[2];
	char byte;

	if (pipe(ready) < 0)
		return EXIT_FAILURE;
	for (int i = 0; i < n; i++) {
		if (fork() == 0) {
			int fd = load_filter(SECCOMP_FILTER_FLAG_NEW_LISTENER);

			if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0 || fd < 0 ||
			    send_fds(sock, 1, &fd, 1) < 0)
				_exit(EXIT_FAILURE);
			close(fd);
			(void)!write(ready[1], "", 1);
			for (;;)
				(void)pause();
		}
		if (read(ready[0], &byte, 1) != 1)
			return EXIT_FAILURE;
	}
	printf("sent %d\n", n);
	(void)fflush(stdout);
	for (;;)
		(void)pause();
}

static int junk(const char *path)
{
	int sock = connect_to(path), fds[8];

	for (size_t i = 0; i < 8; i++)
		fds[i] = open("/dev/null", O_RDWR);
	if (send_fds(sock, 0, NULL, 0) < 0 || send_fds(sock, 1, NULL, 0) < 0 ||
	    send_fds(sock, 1, fds, 1) < 0 || send_fds(sock, 1, fds, 8) < 0 ||
	    send_fds(sock, 65536, fds, 2) < 0 || send_fds(sock, 1, &sock, 1) < 0) {
		perror("send");
		return EXIT_FAILURE;
	}
	return EXIT_SUCCESS;
}

/* Until somebody answers with 0xee: where that is, and where it is not. */
static int guard(void)
{
	unsigned char *p = pages(3, PROT_READ | PROT_WRITE), *info = p + 4096 + 100;
	long r;

	do {
		memset(p, 0xa5, 12288);
		r = get_sysinfo(WAY_64, info);
	} while (r == 0 && !is_only(info, SIZE64, 0xee));
	if (r < 0)
		printf("%s\n", strerrorname_np((int)-r));
	else if (is_only(p, 4096 + 100, 0xa5) && is_only(info + SIZE64, 12288 - 4196 - SIZE64, 0xa5))
		printf("its own bytes\n");
	else
		printf("others' bytes\n");
	return EXIT_SUCCESS;
}

static int wait_for_answer(void)
{
	unsigned char info[SIZE64];
	long r;

	printf("asks\n");
	(void)fflush(stdout);
	r = get_sysinfo(WAY_64, info);
	printf("%s\n", r < 0 ? strerrorname_np((int)-r) : "answered");
	return r < 0;
}

static enum way way_of(const char *name)
{
	return strcmp(name, "32") == 0 ? WAY_32 : strcmp(name, "x32") == 0 ? WAY_X32 : WAY_64;
}

int main(int argc, char **argv)
{
	if (argc == 3 && strcmp(argv[1], "sysinfo") == 0)
		return show_sysinfo(way_of(argv[2]));
	if (argc >= 3 && strcmp(argv[1], "affinity") == 0)
		return show_affinity(way_of(argv[2]), argc > 3 ? atol(argv[3]) : 0);
	if (argc == 2 && strcmp(argv[1], "edges") == 0)
		return edges();
	if (argc == 4 && strcmp(argv[1], "load") == 0)
		return load(atoi(argv[2]), atoi(argv[3]));
	if (argc == 2 && strcmp(argv[1], "wait") == 0)
		return wait_for_answer();
	if (argc == 2 && strcmp(argv[1], "guard") == 0)
		return guard();
	if (argc == 2 && strcmp(argv[1], "listener") == 0)
		return own_listener();
	if (argc == 4 && strcmp(argv[1], "listeners") == 0)
		return many_listeners(atoi(argv[2]), argv[3]);
	if (argc == 3 && strcmp(argv[1], "junk") == 0)
		return junk(argv[2]);
	if (argc == 2 && strcmp(argv[1], "has32") == 0)
		return has_32() ? EXIT_SUCCESS : EXIT_FAILURE;
	(void)fputs("figures: see its source\n", stderr);
	return EXIT_FAILURE;
}
