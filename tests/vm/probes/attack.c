/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * attack - owns the attempts that the BPF layer is there to refuse, one system call each, and those that it must let pass.
 * From inside a container.
 *
 *   attack NAME[=ARGUMENT]...
 *
 * One line for each: "NAME ok", or "NAME" and the name of the errno. The exit status is 0. Names that end in -fd act below
 * the folder at descriptor 100, those that end in -cwd below the current folder.
 */
#include "attack.h"

#include "attack_files.h"
#include "attack_mounts.h"
#include "attack_work.h"

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

/* A pin that its file mode gives to everybody. */
static long try_bpf_get(const char *a)
{
	union bpf_attr attr = { .pathname = (uint64_t)(uintptr_t)a, .file_flags = BPF_F_RDONLY };

	return closed(syscall(SYS_bpf, BPF_OBJ_GET, &attr, sizeof(attr)));
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
static long socket32(uint32_t family, uint32_t type)
{
	const uint32_t args[] = { family, type, 0 };

	return closed(call32(102, 1, low(args, sizeof(args)), 0, 0, 0));
}

static long try_alg32(const char *a)
{
	(void)a;
	return socket32(AF_ALG, SOCK_SEQPACKET);
}

static long try_vsock32(const char *a)
{
	(void)a;
	return socket32(AF_VSOCK, SOCK_STREAM);
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
	(void)a;
	if (unshare(CLONE_NEWUSER) < 0)
		return -1;
	become_root();
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

static long try_nice(const char *a)
{
	return setpriority(PRIO_PROCESS, (id_t)atoi(a), 19);
}

static long try_ioprio(const char *a)
{
	return syscall(SYS_ioprio_set, 1 /* IOPRIO_WHO_PROCESS */, atoi(a), 3 << 13 /* idle */);
}

static long try_affinity(const char *a)
{
	cpu_set_t cpus;

	CPU_ZERO(&cpus);
	CPU_SET(0, &cpus);
	return sched_setaffinity(atoi(a), sizeof(cpus), &cpus);
}

static long try_scheduler(const char *a)
{
	const struct sched_param none = { 0 };

	return sched_setscheduler(atoi(a), SCHED_IDLE, &none);
}

static long try_prlimit(const char *a)
{
	const struct rlimit limit = { 16, 16 };

	return prlimit(atoi(a), RLIMIT_NOFILE, &limit, NULL);
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

/* What must keep working: the same of a process of one's own. */
static long try_tune_own(const char *a)
{
	static attempt *const each[] = { try_nice, try_ioprio, try_affinity, try_scheduler,
					 try_prlimit };
	pid_t pid = own_child();
	char text[16];
	long r = 0;

	(void)a;
	(void)snprintf(text, sizeof(text), "%d", pid);
	for (size_t i = 0; r >= 0 && i < sizeof(each) / sizeof(each[0]); i++)
		r = each[i](text);
	(void)kill(pid, SIGKILL);
	(void)waitpid(pid, NULL, 0);
	return r;
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
	{ "vsock32", try_vsock32 },
	{ "bpf-get", try_bpf_get },
	{ "userns", try_userns },
	{ "userns2", try_userns2 },
	{ "kill", try_kill },
	{ "term", try_term },
	{ "ptrace", try_ptrace },
	{ "nice", try_nice },
	{ "ioprio", try_ioprio },
	{ "affinity", try_affinity },
	{ "scheduler", try_scheduler },
	{ "prlimit", try_prlimit },
	{ "debug-own", try_debug_own },
	{ "tune-own", try_tune_own },
	{ "remount-bind", try_remount_bind },
	{ "remount", try_remount },
	{ "fspick", try_fspick },
	{ "move_mount", try_move_mount },
	{ "ms_move", try_ms_move },
	{ "umount", try_umount },
	{ "umount-lazy", try_umount_lazy },
	{ "setattr", try_setattr },
	{ "setattr32", try_setattr32 },
	{ "fspick-among-many", try_fspick_among_many },
	{ "fspick-own-among-many", try_fspick_own_among_many },
	{ "fspick32", try_fspick32 },
	{ "umount32", try_umount32 },
	{ "remount-bind32", try_remount32 },
	{ "ms_move32", try_ms_move32 },
	{ "move_mount32", try_move_mount32 },
	{ "pivot32", try_pivot32 },
	{ "setattr-all", try_setattr_all },
	{ "clone-setattr", try_clone_setattr },
	{ "bind-remount", try_bind_remount },
	{ "rbind-umount", try_rbind_umount },
	{ "bind-below", try_bind_below },
	{ "pivot", try_pivot },
	{ "unshare-remount", try_unshare_remount },
	{ "remount-atime", try_remount_atime },
	{ "remount-same", try_remount_same },
	{ "mount-type", try_mount_type },
	{ "fsopen-type", try_fsopen_type },
	{ "bind-leaked", try_bind_leaked },
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
	{ "connect-bind", try_connect_bind },
	{ "send", try_send },
	{ "hold", hold },
	{ "receive", try_receive },
	{ "serve", serve },
	{ "own-files", try_own_files },
	{ "own-overlay", try_own_overlay },
	{ "overlay-suid", try_overlay_suid },
	{ "overlay-upper", try_overlay_upper },
	{ "memfd-exec", try_memfd_exec },
	{ "pass-own", try_pass_own },
	{ "inner", try_inner },
	{ "read", try_read },
	{ "write", try_write },
	{ "empty", try_empty },
	{ "write-bound", try_write_bound },
	{ "chmod-bound", try_chmod_bound },
	{ "write-bound-below", try_write_bound_below },
	{ "read-fresh", try_read_fresh },
	{ "write-fresh", try_write_fresh },
	{ "read-fresh-sys", try_read_fresh_sys },
	{ "read-bind", try_read_bind },
	{ "suid", try_suid },
	{ "create-suid", try_create_suid },
	{ "tmpfile-suid", try_tmpfile_suid },
	{ "sgid-dir", try_sgid_dir },
	{ "setcap", try_setcap },
	{ "create", try_create },
	{ "mkdir", try_mkdir },
	{ "rmdir", try_rmdir },
	{ "mkfifo", try_mkfifo },
	{ "symlink", try_symlink },
	{ "chmod", try_chmod },
	{ "chown", try_chown },
	{ "truncate", try_truncate },
	{ "listen", try_listen },
	{ "link", try_link },
	{ "rename-to", try_rename_to },
	{ "mount-on", try_mount_on },
	{ "move-on", try_move_on },
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
