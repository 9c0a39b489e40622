/* SPDX-License-Identifier: GPL-2.0-or-later */
/* sandbox - see sandbox.h. */
#include "sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/audit.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "error.h"
#include "fd.h"
#include "mount_api.h"
#include "sys.h"

#define EMPTY_ATTR (MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC)

/* ---- mounts ----------------------------------------------------------------------------------------------- */

int sandbox_leave_mounts(struct error *err)
{
	_cleanup_close_ int fs_fd = -EBADF, root_fd = -EBADF;

	if (unshare(CLONE_NEWNS) < 0)
		return error_set(err, errno, "cannot make a mount namespace");
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return error_set(err, errno, "cannot cut the mount namespace off the host's");
	fs_fd = mount_fs_open("tmpfs", err);
	if (fs_fd < 0)
		return fs_fd;
	root_fd = mount_fs_create(fs_fd, EMPTY_ATTR, err);
	if (root_fd < 0)
		return root_fd;
	if (move_mount(root_fd, "", AT_FDCWD, "/", MOVE_MOUNT_F_EMPTY_PATH) < 0)
		return error_set(err, errno, "cannot attach the empty root");
	if (fchdir(root_fd) < 0 || sys_pivot_root(".", ".") < 0 || umount2(".", MNT_DETACH) < 0 ||
	    chdir("/") < 0)
		return error_set(err, errno, "cannot leave the host's mounts");
	return 0;
}

/* ---- credentials ------------------------------------------------------------------------------------------ */

/*
 * Drops caches of overlays, whose root may be closed to it; ends workers, who are somebody else; makes them so; writes the
 * answers of system calls into the memory of who called: /proc/PID/mem is a file of mode 0600, and takes ptrace's right.
 */
#define KEEPER_CAPS                                                                                \
	(1ULL << CAP_SYS_ADMIN | 1ULL << CAP_KILL | 1ULL << CAP_SETUID | 1ULL << CAP_SETGID |      \
	 1ULL << CAP_DAC_OVERRIDE | 1ULL << CAP_SYS_PTRACE)

static int set_caps(uint64_t caps, struct error *err)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	const struct __user_cap_data_struct data[2] = {
		{ .effective = (uint32_t)caps, .permitted = (uint32_t)caps },
		{ .effective = (uint32_t)(caps >> 32), .permitted = (uint32_t)(caps >> 32) },
	};

	if (syscall(SYS_capset, &header, data) < 0)
		return error_set(err, errno, "cannot give up capabilities");
	return 0;
}

int sandbox_bound(struct error *err)
{
	for (int cap = 0; cap < 64; cap++) {
		if (KEEPER_CAPS >> cap & 1 || prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) == 0)
			continue;
		if (errno == EINVAL) /* the first that the kernel does not know */
			break;
		return error_set(err, errno, "cannot give up capability %d", cap);
	}
	return 0;
}

int sandbox_keeper(struct error *err)
{
	return set_caps(KEEPER_CAPS, err);
}

int sandbox_worker(uid_t uid, gid_t gid, pid_t keeper, struct error *err)
{
	int r;

	if (setgroups(0, NULL) < 0 || setresgid(gid, gid, gid) < 0 || setresuid(uid, uid, uid) < 0)
		return error_set(err, errno, "cannot become user %u", uid);
	r = set_caps(0, err);
	if (r < 0)
		return r;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
		return error_set(err, errno, "prctl");
	/* last: a change of ids takes it away */
	if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0)
		return error_set(err, errno, "PR_SET_PDEATHSIG");
	return getppid() == keeper ? 0 : error_text(err, ESRCH, "the keeper died");
}

/* ---- system calls ----------------------------------------------------------------------------------------- */

#ifdef __x86_64__
#define OUR_ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define OUR_ARCH AUDIT_ARCH_AARCH64
#else
/* cppcheck-suppress preprocessorErrorDirective */
#error "no filter for this architecture"
#endif

/* Nothing here makes a descriptor of anything but files, or reaches another process. */
static const int allowed[] = {
	SYS_read,
	SYS_write,
	SYS_writev,
	SYS_readv,
	SYS_pread64,
	SYS_openat,
	SYS_close,
	SYS_fstat,
	SYS_newfstatat,
	SYS_statx,
	SYS_lseek,
	SYS_getdents64,
	SYS_readlinkat,
	SYS_ppoll,
	SYS_clock_gettime,
	SYS_clock_nanosleep,
	SYS_mmap,
	SYS_munmap,
	SYS_mremap,
	SYS_madvise,
	SYS_brk,
	SYS_futex,
	SYS_getpid,
	SYS_gettid,
	SYS_getrandom,
	SYS_rt_sigprocmask,
	SYS_rt_sigreturn,
	SYS_rt_sigaction,
	SYS_restart_syscall,
	SYS_exit,
	SYS_exit_group,
	SYS_fcntl,
#ifdef SYS_poll
	SYS_poll,
	SYS_open,
#endif
};
#define N_ALLOWED (sizeof(allowed) / sizeof(allowed[0]))

/* Jumps of a filter reach 255 instructions. */
_Static_assert(N_ALLOWED < 200, "the filter needs more than one jump");

int sandbox_filter(struct error *err)
{
	const size_t arch = offsetof(struct seccomp_data, arch),
		     nr = offsetof(struct seccomp_data, nr);
	struct sock_filter code[N_ALLOWED + 6];
	struct sock_fprog program = { .filter = code };
	unsigned short n = 0;

	code[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)arch);
	code[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, OUR_ARCH, 1, 0);
	code[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS);
	code[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)nr);
	for (size_t i = 0; i < N_ALLOWED; i++) /* over the refusal, which comes after the list */
		code[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K,
							 (uint32_t)allowed[i],
							 (uint8_t)(N_ALLOWED - i), 0);
	code[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM);
	code[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	program.len = n;
	if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0) < 0)
		return error_set(err, errno, "cannot load the filter of system calls");
	return 0;
}
