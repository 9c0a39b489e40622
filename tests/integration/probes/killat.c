/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * killat - owns killing one process of a command with SIGKILL at one of its system calls.
 *
 *   killat [--out FILE] [--timeout MS] --process K [--call NAME] --syscall N [--exit-of] -- COMMAND...
 *   killat [--out FILE] [--timeout MS] --count -- COMMAND...
 *
 * K counts the processes of the command in the order in which they came to be: 0 is the command itself, counted from its
 * execve(2) on. N counts from 1, with --call only those of that name. SIGKILL is sent at the entry of the call, which is then not made, or with --exit-of
 * after it. Everybody else is let go at once and goes on alone; killat ends when the command itself has ended.
 * With --count nobody is killed: a line for each process says how many calls it made.
 *
 * Exit status: 0 killed, or counted; 3 the process ended, or the command did, before the Nth call; 4 the command did not
 * end in time: it is killed, and what its processes hung in is printed; 2 anything else.
 *
 * Only the process that is to be killed stops at its system calls, the others where they fork. Without
 * PTRACE_O_EXITKILL: whatever becomes of killat, those who live on are detached by the kernel.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

enum status { KILLED = 0, FAILED = 2, ENDED = 3, HUNG = 4 };

#define TRACEES_MAX 256 /* processes and threads of one command */
#define OPTIONS                                                                                    \
	(PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE |  \
	 PTRACE_O_TRACEEXEC)

struct tracee {
	pid_t pid;
	bool traced;
	unsigned long calls;
};

static struct tracee tracees[TRACEES_MAX]; /* by number */
static int n_tracees;

static struct {
	const char *out;
	long timeout_ms;
	long process, syscall;
	long call_nr; /* -1: every call counts */
	bool count, exit_of;
} args = { .timeout_ms = 30000, .process = -1, .call_nr = -1 };

static bool begun;     /* the command's execve(2) succeeded */
static bool releasing; /* nobody is traced any longer than it takes */
static bool killed;
static long long killed_nr;
static bool main_ended;
static int main_status;
static volatile sig_atomic_t timed_out;

static _Noreturn __attribute__((format(printf, 1, 2))) void die(const char *format, ...)
{
	va_list ap;

	fputs("killat: ", stderr);
	va_start(ap, format);
	vfprintf(stderr, format, ap);
	va_end(ap);
	fprintf(stderr, ": %s\n", strerror(errno));
	exit(FAILED);
}

/* Those that the runtime and its tests make; others are told by their number. */
#define CALL(name)                                                                                 \
	{                                                                                          \
		SYS_##name, #name                                                                  \
	}
static const struct {
	long nr;
	const char *name;
} calls[] = {
	CALL(access),
	CALL(bpf),
	CALL(brk),
	CALL(capget),
	CALL(capset),
	CALL(chdir),
	CALL(clock_nanosleep),
	CALL(clone),
	CALL(clone3),
	CALL(close),
	CALL(close_range),
	CALL(connect),
	CALL(dup),
	CALL(dup2),
	CALL(dup3),
	CALL(epoll_ctl),
	CALL(epoll_wait),
	CALL(execve),
	CALL(exit_group),
	CALL(faccessat2),
	CALL(fchdir),
	CALL(fchmod),
	CALL(fchmodat),
	CALL(fchown),
	CALL(fchownat),
	CALL(fcntl),
	CALL(flock),
	CALL(fork),
	CALL(fsconfig),
	CALL(fsmount),
	CALL(fsopen),
	CALL(fspick),
	CALL(fstat),
	CALL(fstatfs),
	CALL(fsync),
	CALL(ftruncate),
	CALL(futex),
	CALL(getcwd),
	CALL(getdents64),
	CALL(getegid),
	CALL(geteuid),
	CALL(getgid),
	CALL(getpid),
	CALL(getppid),
	CALL(getrandom),
	CALL(getrlimit),
	CALL(gettid),
	CALL(getuid),
	CALL(getxattr),
	CALL(ioctl),
	CALL(keyctl),
	CALL(kill),
	CALL(lgetxattr),
	CALL(link),
	CALL(linkat),
	CALL(listxattr),
	CALL(lseek),
	CALL(lstat),
	CALL(madvise),
	CALL(mkdir),
	CALL(mkdirat),
	CALL(mknod),
	CALL(mknodat),
	CALL(mmap),
	CALL(mount),
	CALL(mount_setattr),
	CALL(move_mount),
	CALL(mprotect),
	CALL(mremap),
	CALL(munmap),
	CALL(nanosleep),
	CALL(newfstatat),
	CALL(open),
	CALL(open_tree),
	CALL(openat),
	CALL(openat2),
	CALL(pidfd_open),
	CALL(pidfd_send_signal),
	CALL(pipe),
	CALL(pipe2),
	CALL(pivot_root),
	CALL(poll),
	CALL(ppoll),
	CALL(prctl),
	CALL(pread64),
	CALL(prlimit64),
	CALL(pwrite64),
	CALL(read),
	CALL(readlink),
	CALL(readlinkat),
	CALL(recvmsg),
	CALL(rename),
	CALL(renameat),
	CALL(renameat2),
	CALL(rmdir),
	CALL(rseq),
	CALL(rt_sigaction),
	CALL(rt_sigprocmask),
	CALL(rt_sigreturn),
	CALL(seccomp),
	CALL(sendmsg),
	CALL(sendto),
	CALL(set_robust_list),
	CALL(set_tid_address),
	CALL(setfsgid),
	CALL(setfsuid),
	CALL(setgid),
	CALL(setgroups),
	CALL(sethostname),
	CALL(setns),
	CALL(setresgid),
	CALL(setresuid),
	CALL(setreuid),
	CALL(setregid),
	CALL(setsid),
	CALL(setuid),
	CALL(signalfd4),
	CALL(socket),
	CALL(socketpair),
	CALL(stat),
	CALL(statfs),
	CALL(statx),
	CALL(symlinkat),
	CALL(umask),
	CALL(umount2),
	CALL(uname),
	CALL(unlink),
	CALL(unlinkat),
	CALL(unshare),
	CALL(utimensat),
	CALL(vfork),
	CALL(wait4),
	CALL(waitid),
	CALL(write),
	CALL(writev),
	CALL(arch_prctl),
};

static long call_number(const char *name)
{
	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++)
		if (strcmp(calls[i].name, name) == 0)
			return calls[i].nr;
	errno = EINVAL;
	die("--call %s", name);
}

static const char *call_name(long long nr)
{
	static char number[24];

	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++)
		if (calls[i].nr == nr)
			return calls[i].name;
	snprintf(number, sizeof(number), "%lld", nr);
	return number;
}

/* ---- the processes ---- */

static int find(pid_t pid)
{
	for (int i = 0; i < n_tracees; i++)
		if (tracees[i].pid == pid)
			return i;
	return -1;
}

/*
 * A child is known from its parent's stop or from its own first one, whichever is reported first; it may even have ended
 * before its parent's is. Numbers of processes are not used twice in so short a time.
 */
static int number_of(pid_t pid)
{
	int i = find(pid);

	if (i >= 0)
		return i;
	if (n_tracees == TRACEES_MAX) {
		errno = E2BIG;
		die("more than %d processes", TRACEES_MAX);
	}
	tracees[n_tracees] = (struct tracee){ .pid = pid, .traced = true };
	return n_tracees++;
}

static bool is_anybody_traced(void)
{
	for (int i = 0; i < n_tracees; i++)
		if (tracees[i].traced)
			return true;
	return false;
}

/* ESRCH from ptrace(2) is a process that somebody killed meanwhile: waitpid(2) will tell. */
static void resume(int number, int signal)
{
	bool every_call = args.count || number == args.process;
	int request = releasing		  ? PTRACE_DETACH :
		      begun && every_call ? PTRACE_SYSCALL :
					    PTRACE_CONT;

	if (ptrace(request, tracees[number].pid, 0, signal) < 0) {
		if (errno != ESRCH)
			die("cannot resume process %d", number);
		return;
	}
	if (releasing)
		tracees[number].traced = false;
}

/* Those that sleep in the kernel stop at once, a vfork(2)'s parent when its child lets it; then resume() detaches. */
static void release_all(void)
{
	releasing = true;
	for (int i = 0; i < n_tracees; i++)
		if (tracees[i].traced)
			(void)ptrace(PTRACE_INTERRUPT, tracees[i].pid, 0, 0); /* ESRCH: dead */
}

/* Returns whether the process was killed. */
static bool at_syscall(int number)
{
	struct tracee *t = &tracees[number];
	struct __ptrace_syscall_info info;
	static long long entered_nr;

	if (ptrace(PTRACE_GET_SYSCALL_INFO, t->pid, sizeof(info), &info) < 0)
		return false; /* dead */
	if (info.op == PTRACE_SYSCALL_INFO_ENTRY) {
		entered_nr = (long long)info.entry.nr;
		if (args.call_nr < 0 || entered_nr == args.call_nr)
			t->calls++;
	}
	if (args.call_nr >= 0 && entered_nr != args.call_nr)
		return false;
	if (args.count || releasing || (long)t->calls != args.syscall || number != args.process ||
	    info.op != (args.exit_of ? PTRACE_SYSCALL_INFO_EXIT : PTRACE_SYSCALL_INFO_ENTRY))
		return false;
	if (kill(t->pid, SIGKILL) < 0)
		die("cannot kill process %d", number);
	killed = true;
	killed_nr = entered_nr;
	release_all();
	return true;
}

static void at_stop(pid_t pid, int status)
{
	int number = number_of(pid), signal = WSTOPSIG(status), event = status >> 16;
	unsigned long child = 0;

	if (signal == (SIGTRAP | 0x80)) {
		if (!at_syscall(number))
			resume(number, 0);
		return;
	}
	switch (event) {
	case PTRACE_EVENT_FORK:
	case PTRACE_EVENT_VFORK:
	case PTRACE_EVENT_CLONE:
		if (ptrace(PTRACE_GETEVENTMSG, pid, 0, &child) == 0)
			(void)number_of((pid_t)child);
		resume(number, 0);
		return;
	case PTRACE_EVENT_EXEC:
		begun = begun || number == 0;
		resume(number, 0);
		return;
	case PTRACE_EVENT_STOP:
		if (signal != SIGTRAP && !releasing) /* stopped by a signal, and stays so */
			(void)ptrace(PTRACE_LISTEN, pid, 0, 0);
		else
			resume(number, 0);
		return;
	default:
		resume(number, signal);
	}
}

static void at_end(pid_t pid, int status)
{
	int number = find(pid);

	if (number >= 0)
		tracees[number].traced = false;
	if (pid != tracees[0].pid)
		return;
	main_ended = true;
	main_status = status;
	if (!releasing) /* those that outlive the command are nobody's to count any more */
		release_all();
}

/* ---- the command ---- */

static void on_alarm(int signal)
{
	(void)signal;
	timed_out = 1;
}

static void child_main(int gate_fd, char **argv)
{
	char byte;

	if (args.out) {
		int in = open("/dev/null", O_RDONLY), out;

		out = open(args.out, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND, 0644);
		if (in < 0 || out < 0 || dup2(in, 0) < 0 || dup2(out, 1) < 0 || dup2(out, 2) < 0)
			_exit(126);
		close(in);
		close(out);
	}
	if (read(gate_fd, &byte, 1) != 0) /* until the tracer is there and has closed its end */
		_exit(126);
	execvp(argv[0], argv);
	_exit(127);
}

static void start(char **argv)
{
	const struct sigaction action = { .sa_handler = on_alarm }; /* no SA_RESTART: ends waitpid(2) */
	const struct itimerval timer = { .it_value = { .tv_sec = args.timeout_ms / 1000,
						       .tv_usec = args.timeout_ms % 1000 * 1000 },
					 .it_interval = { .tv_sec = 1 } };
	int gate[2];
	pid_t pid;

	if (pipe2(gate, O_CLOEXEC) < 0)
		die("pipe2");
	pid = fork();
	if (pid < 0)
		die("fork");
	if (pid == 0) {
		close(gate[1]);
		child_main(gate[0], argv);
	}
	(void)number_of(pid);
	if (ptrace(PTRACE_SEIZE, pid, 0, OPTIONS) < 0)
		die("PTRACE_SEIZE");
	if (sigaction(SIGALRM, &action, NULL) < 0 || setitimer(ITIMER_REAL, &timer, NULL) < 0)
		die("timer");
	close(gate[0]);
	close(gate[1]);
}

/* "process 1: poll": what /proc says each is in. */
static void print_hung(void)
{
	for (int i = 0; i < n_tracees; i++) {
		char path[64], text[64] = "";
		FILE *file;

		snprintf(path, sizeof(path), "/proc/%d/syscall", (int)tracees[i].pid);
		file = fopen(path, "re");
		if (!file) /* ended */
			continue;
		if (fgets(text, sizeof(text), file) && *text != '-') /* "-1": dead, not reaped */
			printf("process %d hangs in %s\n", i,
			       *text >= '0' && *text <= '9' ? call_name(strtoll(text, NULL, 10)) :
							      text);
		fclose(file);
	}
}

static enum status hung(void)
{
	printf("HUNG: the command did not end within %ld ms", args.timeout_ms);
	if (killed)
		printf(" after process %ld was killed at %ld (%s)", args.process, args.syscall,
		       call_name(killed_nr));
	printf("\n");
	print_hung();
	kill(tracees[0].pid, SIGKILL);
	return HUNG;
}

static enum status follow(void)
{
	while (!main_ended || is_anybody_traced()) {
		int status;
		pid_t pid = waitpid(-1, &status, __WALL);

		if (timed_out)
			return hung();
		if (pid < 0 && errno == EINTR)
			continue;
		if (pid < 0 && errno == ECHILD)
			break;
		if (pid < 0)
			die("waitpid");
		if (WIFSTOPPED(status))
			at_stop(pid, status);
		else
			at_end(pid, status);
	}
	return killed || args.count ? KILLED : ENDED;
}

static void print_end(void)
{
	if (WIFSIGNALED(main_status))
		printf("the command ended with signal %d\n", WTERMSIG(main_status));
	else
		printf("the command ended with status %d\n", WEXITSTATUS(main_status));
}

static void print_result(enum status status)
{
	if (args.count) {
		for (int i = 0; i < n_tracees; i++)
			printf("process %d: %lu\n", i, tracees[i].calls);
	} else if (status == KILLED) {
		printf("process %ld %s %ld (%s)\n", args.process,
		       args.exit_of ? "exit of syscall" : "syscall", args.syscall,
		       call_name(killed_nr));
	} else if (status == ENDED) {
		printf("process %ld made %lu system calls\n", args.process,
		       args.process < n_tracees ? tracees[args.process].calls : 0);
	}
	if (status != HUNG)
		print_end();
}

static void parse(int argc, char **argv)
{
	static const struct option options[] = {
		{ "out", required_argument, NULL, 'o' },
		{ "timeout", required_argument, NULL, 't' },
		{ "process", required_argument, NULL, 'p' },
		{ "syscall", required_argument, NULL, 's' },
		{ "exit-of", no_argument, NULL, 'e' },
		{ "call", required_argument, NULL, 'n' },
		{ "count", no_argument, NULL, 'c' },
		{ NULL, 0, NULL, 0 },
	};

	for (int c; (c = getopt_long(argc, argv, "+", options, NULL)) >= 0;) {
		switch (c) {
		case 'o':
			args.out = optarg;
			break;
		case 't':
			args.timeout_ms = atol(optarg);
			break;
		case 'p':
			args.process = atol(optarg);
			break;
		case 's':
			args.syscall = atol(optarg);
			break;
		case 'n':
			args.call_nr = call_number(optarg);
			break;
		case 'e':
			args.exit_of = true;
			break;
		case 'c':
			args.count = true;
			break;
		default:
			exit(FAILED);
		}
	}
	if (optind < argc && args.timeout_ms > 0 &&
	    (args.count || (args.process >= 0 && args.syscall > 0)))
		return;
	fprintf(stderr,
		"usage: killat [--out FILE] [--timeout MS] --process K [--call NAME] --syscall N [--exit-of] -- COMMAND...\n"
		"       killat [--out FILE] [--timeout MS] --count -- COMMAND...\n");
	exit(FAILED);
}

int main(int argc, char **argv)
{
	enum status status;

	parse(argc, argv);
	start(argv + optind);
	status = follow();
	if (!begun) {
		errno = ENOENT;
		die("cannot run '%s'", argv[optind]);
	}
	print_result(status);
	return status;
}
