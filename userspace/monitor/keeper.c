/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * keeper - see keeper.h. Stages, and what is given up at each:
 *
 *  1. executed by `bulwark create`, as the host's root: makes what needs no container, while that is being made
 *  2. at USERNS: opens the container's cgroups, has the FUSE superblock built (superblock.c), starts a worker
 *  3. at COMMIT: leaves the host's mounts, gives up all capabilities but six; waits for the worker's death, and for init's
 *
 * It is the only process here that is privileged for long, so it parses nothing that comes from the container: what it is
 * sent are messages of fixed size, from `create` and, of system calls, from the kernel and the worker (calls.c); and what it
 * reads in shared memory is one counter.
 *
 * Nobody has to end it. Before COMMIT it ends with its peer on the socket, after it with the container's init, and its worker
 * ends with it, however it ends (PR_SET_PDEATHSIG).
 */
#include "keeper.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "calls.h"
#include "coherence.h"
#include "emulation.h"
#include "error.h"
#include "fd.h"
#include "loop.h"
#include "monitor_abi.h"
#include "proc.h"
#include "sandbox.h"
#include "shared.h"
#include "slice.h"
#include "str.h"
#include "superblock.h"
#include "trim.h"
#include "upgrade.h"
#include "worker.h"

#define FAST_RESTARTS 8	   /* without one request served in between; then with a pause */
#define PAUSE_MAX_MS 1000  /* which doubles up to this */
#define KILLED_PAUSE_MS 20 /* or to this, when somebody else kills them */
#define RESTARTS_MAX                                                                               \
	20 /* then the connection ends, or its readers would wait where no signal reaches them */
#define CREATE_RESTARTS 10 /* before COMMIT: then there is no emulation */
#define FALLBACK_RESTARTS                                                                          \
	4 /* of a program that was given later: fewer than ATTEMPTS_MAX of worker.c */
#define TRIAL_STEP_MS 2
#define TRIAL_STEPS 1500 /* then a new program is one that does not come to life */

struct keeper {
	struct loop *loop;
	int control_fd; /* -EBADF after COMMIT */
	int dev_fd, exe_fd;
	int old_exe_fd; /* what workers were before an upgrade, and are again when that is no good; -EBADF */
	int empty_ns_fd; /* mount namespace that it goes to; -EBADF: it is there */
	int init_pidfd;
	int builder_sock;
	int fuse_fd;	 /* -EBADF: the connection is gone */
	int settings_fd; /* of workers to come; -EBADF: not known yet */
	int signal_fd, timer_fd;
	struct settings settings;
	struct shared *shared;
	struct calls *calls;
	struct coherence *coherence; /* NULL: no twin overlay */
	struct upgrade *upgrade;     /* NULL: nobody can ask for one */
	uint64_t began;		     /* when the one on trial began */
	unsigned int trial;	     /* steps that it has left; 0: none is on trial */
	pid_t builder, worker;	     /* 0: none */
	uint64_t n_workers;	     /* so far */
	uint64_t served;	     /* when the last worker began */
	unsigned int failures;	     /* workers in a row that served nothing */
	bool crashed;		     /* the last one ended by its own doing */
};

/* ---- the worker ------------------------------------------------------------------------------------------- */

#define KEPT_MAX (EMU_CGROUPS + 5)

static void list_kept(const struct keeper *k, int kept[KEPT_MAX])
{
	const struct emu_sources *sources = &k->settings.sources;

	kept[0] = k->fuse_fd;
	kept[1] = k->settings.shared_fd;
	kept[2] = k->settings.ask_fd;
	kept[3] = sources->proc_fd;
	kept[4] = sources->sys_fd;
	for (size_t i = 0; i < EMU_CGROUPS; i++)
		kept[5 + i] = sources->cgroup_fd[i];
}

static bool stay_open(const int kept[KEPT_MAX])
{
	for (size_t i = 0; i < KEPT_MAX; i++)
		if (kept[i] >= 0 && fcntl(kept[i], F_SETFD, 0) < 0)
			return false;
	return true;
}

/*
 * The first is a copy of us, which takes half the time; from the second on each is executed anew, so that who makes them
 * crash in order to learn their addresses learns nothing.
 */
static _Noreturn void become_worker(const struct keeper *k, bool first)
{
	static char name[] = "bulwark-monitor", word[] = "worker";
	char *const argv[] = { name, word, NULL }, *const env[] = { NULL };

	int kept[KEPT_MAX];

	list_kept(k, kept);
	proc_reset_signals();
	if (k->empty_ns_fd >= 0 && setns(k->empty_ns_fd, CLONE_NEWNS) < 0)
		_exit(EXIT_FAILURE);
	if (first)
		_exit(fd_close_all_but(3, kept, KEPT_MAX, NULL) == 0 ?
			      worker_main(&k->settings, true) :
			      EXIT_FAILURE);
	if (stay_open(kept) && dup2(k->settings_fd, WORKER_SETTINGS_FD) == WORKER_SETTINGS_FD)
		(void)syscall(SYS_execveat, k->exe_fd, "", argv, env, AT_EMPTY_PATH);
	_exit(EXIT_FAILURE);
}

static int start_worker(struct keeper *k, struct error *err)
{
	bool first = k->n_workers == 0;

	k->served = k->shared->served;
	calls_next_worker(k->calls, k->crashed);
	k->worker = fork();
	if (k->worker == 0)
		become_worker(k, first);
	if (k->worker < 0) {
		k->worker = 0;
		return error_set(err, errno, "cannot start a worker");
	}
	k->n_workers++;
	return 0;
}

static int wake_up_in(const struct keeper *k, unsigned int ms, struct error *err)
{
	struct itimerspec when = { 0 };

	when.it_value.tv_sec = ms / 1000;
	when.it_value.tv_nsec = (long)(ms % 1000) * 1000000 + 1; /* zero would disarm it */
	if (timerfd_settime(k->timer_fd, 0, &when, NULL) < 0)
		return error_set(err, errno, "timerfd_settime");
	return 0;
}

static int pause_first(const struct keeper *k, unsigned int most_ms, struct error *err)
{
	unsigned int shift = k->failures > FAST_RESTARTS ? k->failures - FAST_RESTARTS : 0;

	return wake_up_in(k, shift < 10 && (1U << shift) < most_ms ? 1U << shift : most_ms, err);
}

/* Its death ends the connection, unless it is the first of the two to die. */
static void end_worker(struct keeper *k)
{
	if (!k->worker)
		return;
	(void)kill(k->worker, SIGKILL); /* our child, not reaped yet */
	(void)waitpid(k->worker, NULL, 0);
	k->worker = 0;
}

/* ---- another program for it ------------------------------------------------------------------------------- */

static void fall_back(struct keeper *k)
{
	fd_close(k->exe_fd);
	k->exe_fd = take_fd(&k->old_exe_fd);
}

/* Readers wait meanwhile, as over any death of a worker. */
static int end_trial(struct keeper *k, const struct error *why, struct error *err)
{
	k->trial = 0;
	upgrade_answer(k->upgrade, why);
	if (!why)
		return 0;
	end_worker(k);
	fall_back(k);
	return start_worker(k, NULL) == 0 ? 0 : wake_up_in(k, PAUSE_MAX_MS, err);
}

static int watch_trial(struct keeper *k, struct error *err)
{
	struct error why = ERROR_INIT;

	if (k->shared->began != k->began)
		return end_trial(k, NULL, err);
	if (--k->trial > 0)
		return wake_up_in(k, TRIAL_STEP_MS, err);
	(void)error_text(&why, ETIMEDOUT,
			 "the new program does nothing, so its workers go on with the old one");
	return end_trial(k, &why, err);
}

/* See upgrade.h. The keeper itself stays what it is: it is the one that must not die. */
static int begin_trial(void *data, int exe_fd, struct error *err)
{
	struct keeper *k = data;

	if (k->fuse_fd < 0 || k->control_fd >= 0 || k->trial) {
		fd_close(exe_fd);
		return error_text(err, ESRCH,
				  "its emulated files have come to an end, or are just made");
	}
	end_worker(k);
	fd_close(k->old_exe_fd);
	k->old_exe_fd = k->exe_fd;
	k->exe_fd = exe_fd;
	k->failures = 0;
	k->began = k->shared->began;
	k->trial = TRIAL_STEPS;
	(void)start_worker(k, NULL); /* no process to be had: then the time is over some day */
	return wake_up_in(k, TRIAL_STEP_MS, err);
}

/* ---- its death -------------------------------------------------------------------------------------------- */

static int on_timer(struct loop *loop, int fd, uint32_t events, void *data, struct error *err)
{
	struct keeper *k = data;
	uint64_t ticks;

	(void)loop;
	(void)events;
	(void)!read(fd, &ticks, sizeof(ticks));
	if (k->trial)
		return watch_trial(k, err);
	if (k->worker || k->fuse_fd < 0)
		return 0;
	(void)start_worker(k, err); /* no process to be had: the next time */
	return k->worker ? 0 : pause_first(k, PAUSE_MAX_MS, err);
}

/* The connection ends, and with it all that a worker is for. */
static void give_up(struct keeper *k)
{
	k->fuse_fd = fd_close(k->fuse_fd);
	calls_end(k->calls);
}

/* It ends by itself when there is nothing to serve any more; otherwise something killed it. */
static int worker_died(struct keeper *k, int status, struct error *err)
{
	/* out of memory, or an administrator: not its own doing, and no reason to give up */
	bool killed = WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
	struct error why = ERROR_INIT;

	k->worker = 0;
	k->crashed = !killed;
	if (k->trial && k->shared->began == k->began) {
		(void)error_text(&why, ENOEXEC,
				 "the new program's worker died at once, so its workers go on with the old one");
		return end_trial(k, &why, err);
	}
	if (WIFEXITED(status) && WEXITSTATUS(status) == EXIT_SUCCESS) {
		give_up(k);
		return 0;
	}
	k->failures = k->shared->served == k->served ? k->failures + 1 : 0;
	if (k->control_fd >= 0 && k->failures > CREATE_RESTARTS)
		return error_text(err, EIO, "its workers die before they have served anything");
	if (k->failures > FALLBACK_RESTARTS && k->old_exe_fd >= 0) {
		fall_back(k);
		k->failures = 0;
	}
	if (killed && k->failures > FAST_RESTARTS)
		return pause_first(k, KILLED_PAUSE_MS, err);
	if (k->failures > RESTARTS_MAX) {
		give_up(k);
		return 0;
	}
	if (k->failures <= FAST_RESTARTS && start_worker(k, NULL) == 0)
		return 0;
	return pause_first(k, PAUSE_MAX_MS, err);
}

static int reap(struct keeper *k, struct error *err)
{
	int status, r = 0;
	pid_t pid;

	while (r == 0 && (pid = waitpid(-1, &status, WNOHANG)) > 0) {
		if (pid == k->worker)
			r = worker_died(k, status, err);
		if (pid != k->builder)
			continue;
		k->builder = 0;
		if (!WIFEXITED(status) || WEXITSTATUS(status) != EXIT_SUCCESS)
			r = error_text(err, EIO, "the builder of the FUSE file system failed");
	}
	return r;
}

static int on_signal(struct loop *loop, int fd, uint32_t events, void *data, struct error *err)
{
	struct signalfd_siginfo info;

	(void)events;
	if (read(fd, &info, sizeof(info)) != (ssize_t)sizeof(info))
		return 0;
	if (info.ssi_signo == SIGCHLD)
		return reap(data, err);
	loop_stop(loop, 0); /* SIGTERM */
	return 0;
}

/* ---- create ----------------------------------------------------------------------------------------------- */

static int on_init(struct loop *loop, int fd, uint32_t events, void *data, struct error *err)
{
	(void)fd;
	(void)events;
	(void)data;
	(void)err;
	loop_stop(loop, 0);
	return 0;
}

/* What could not be known before: its clocks are set back when it has a time namespace. */
static void read_clocks(struct keeper *k, pid_t init)
{
	const struct emu_places places = { .proc = "/proc",
					   .sys = "/sys/devices/system",
					   .cgroup = "/sys/fs/cgroup",
					   .membership = "",
					   .init_pid = init };
	struct emu_sources sources = EMU_SOURCES_INIT;

	if (emu_sources_open(&sources, &places, NULL) == 0)
		k->shared->boottime_offset_ns = sources.boottime_offset_ns;
	emu_sources_done(&sources);
}

/* Descriptors are taken over. A container whose overlays are not watched is one with a limit, and no failure. */
static int commit(struct keeper *k, const struct monitor_commit *m, const int *fds, size_t n_fds,
		  struct error *err)
{
	int r;

	k->init_pidfd = fds[0];
	read_clocks(k, m->init_pid);
	if (n_fds == 4 && k->coherence)
		(void)coherence_begin(k->coherence, fds[2], fds[3], NULL);
	for (size_t i = 2; i < n_fds && !k->coherence; i++)
		fd_close(fds[i]); /* or the engine's overlay could not end before us */
	if (setns(k->empty_ns_fd, CLONE_NEWNS) < 0)
		return error_set(err, errno, "cannot leave the host's mounts");
	k->empty_ns_fd = fd_close(k->empty_ns_fd);
	r = sandbox_keeper(err);
	if (r == 0)
		r = calls_begin(k->calls, fds[1], err);
	if (r == 0)
		r = loop_watch(k->loop, k->init_pidfd, EPOLLIN, on_init, k, err);
	(void)loop_unwatch(k->loop, k->control_fd, NULL);
	k->control_fd = fd_close(k->control_fd);
	trim_program();
	return r;
}

static int on_control(struct loop *loop, int fd, uint32_t events, void *data, struct error *err)
{
	struct monitor_message m;
	int fds[4];
	size_t n_fds = 0;
	ssize_t n = fd_recv(fd, &m, sizeof(m), fds, 4, &n_fds, err);

	(void)events;
	if (n < 0)
		return (int)n;
	if (n == 0) { /* create is dead, or gave up */
		loop_stop(loop, 0);
		return 0;
	}
	if (n != sizeof(m) || m.word != MONITOR_COMMIT || (n_fds != 2 && n_fds != 4))
		return error_text(err, EPROTO,
				  "not a COMMIT"); /* and this is the end of all descriptors */
	return commit(data, &m.commit, fds, n_fds, err);
}

/* 1: it came, with its descriptors; the second is -EBADF where there is none. 0: create ended before. */
static int wait_for_userns(const struct keeper *k, struct monitor_message *ret, int ret_fds[2],
			   struct error *err)
{
	size_t n_fds = 0;
	ssize_t n = fd_recv(k->control_fd, ret, sizeof(*ret), ret_fds, 2, &n_fds, err);

	if (n <= 0)
		return (int)n;
	for (size_t i = n_fds; i < 2; i++)
		ret_fds[i] = -EBADF;
	if (n != sizeof(*ret) || ret->word != MONITOR_USERNS || n_fds < 1)
		return error_text(err, EPROTO, "not a USERNS"); /* the end of all descriptors */
	if (ret->version != MONITOR_VERSION)
		return error_text(err, EPROTO,
				  "bulwark and bulwark-monitor are of different versions");
	return 1;
}

/* ---- making it -------------------------------------------------------------------------------------------- */

static int open_sources(struct emu_sources *ret, const char *membership, struct error *err)
{
	const struct emu_places places = {
		.proc = "/proc",
		.sys = "/sys/devices/system",
		.cgroup = "/sys/fs/cgroup",
		.membership = membership,
		.detach = true,
	};
	struct timespec now = { 0 };
	int r = emu_sources_open(ret, &places, err);

	(void)clock_gettime(CLOCK_BOOTTIME, &now);
	ret->start_ns = (int64_t)now.tv_sec * 1000000000 +
			now.tv_nsec; /* the container is just being made */
	return r;
}

#define SIZE_SEALS (F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL)

static int make_shared(struct keeper *k, struct error *err)
{
	int fd = memfd_create("bulwark-monitor", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	k->settings.shared_fd = fd;
	if (fd < 0 || ftruncate(fd, sizeof(*k->shared)) < 0 || fcntl(fd, F_ADD_SEALS, SIZE_SEALS) < 0)
		return error_set(err, errno, "cannot make memory for workers");
	k->shared = mmap(NULL, sizeof(*k->shared), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (k->shared == MAP_FAILED)
		return error_set(err, errno, "cannot map memory for workers");
	return 0;
}

/* From here on nobody changes them. */
static int seal_settings(struct keeper *k, struct error *err)
{
	int fd = memfd_create("bulwark-monitor", MFD_CLOEXEC | MFD_ALLOW_SEALING), r;

	if (fd < 0)
		return error_set(err, errno, "cannot make memory for workers");
	k->settings_fd = fd;
	r = fd_write_all(fd, &k->settings, sizeof(k->settings), err);
	if (r == 0 && fcntl(fd, F_ADD_SEALS, SIZE_SEALS | F_SEAL_WRITE) < 0)
		r = error_set(err, errno, "cannot seal the settings of workers");
	return r;
}

/* Makes the empty mount namespace, and comes back: what is to be opened has paths on the host. */
static int make_empty_ns(struct keeper *k, struct error *err)
{
	_cleanup_close_ int proc_fd = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
	_cleanup_close_ int host_ns_fd = proc_open_ns(0, "mnt", err);
	int r;

	if (host_ns_fd < 0)
		return host_ns_fd;
	r = sandbox_leave_mounts(err);
	if (r < 0)
		return r;
	k->empty_ns_fd = openat(proc_fd, "self/ns/mnt", O_RDONLY | O_CLOEXEC);
	if (k->empty_ns_fd < 0 || setns(host_ns_fd, CLONE_NEWNS) < 0)
		return error_set(err, errno, "cannot come back to the host's mounts");
	return 0;
}

static int open_host(struct keeper *k, struct error *err)
{
	if (access("/dev/fuse", F_OK) < 0)
		fd_close(fsopen("fuse",
				FSOPEN_CLOEXEC)); /* the kernel loads its module, which makes the node */
	k->dev_fd = open("/dev", O_PATH | O_DIRECTORY | O_CLOEXEC);
	k->exe_fd = open("/proc/self/exe", O_PATH | O_CLOEXEC);
	if (k->dev_fd < 0 || k->exe_fd < 0)
		return error_set(err, errno, "cannot open /dev and the program itself");
	return 0;
}

static int start_builder(struct keeper *k, struct error *err)
{
	const struct superblock superblock = {
		.dev_fd = k->dev_fd,
		.empty_ns_fd = k->empty_ns_fd,
		.control_fd = k->control_fd,
	};
	int r = superblock_start(&superblock, &k->builder, &k->builder_sock, err);

	k->dev_fd = fd_close(k->dev_fd);
	return r;
}

static int make_loop(struct keeper *k, struct error *err)
{
	sigset_t set;
	int r = loop_new(&k->loop, err);

	if (r < 0)
		return r;
	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGCHLD);
	(void)sigaddset(&set, SIGTERM);
	(void)sigprocmask(SIG_BLOCK, &set, NULL);
	k->signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	k->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (k->signal_fd < 0 || k->timer_fd < 0)
		return error_set(err, errno, "cannot make signalfd and timerfd");
	r = loop_watch(k->loop, k->signal_fd, EPOLLIN, on_signal, k, err);
	if (r == 0)
		r = loop_watch(k->loop, k->timer_fd, EPOLLIN, on_timer, k, err);
	if (r == 0)
		r = loop_watch(k->loop, k->control_fd, EPOLLIN, on_control, k, err);
	return r;
}

/* Stage 1: `create` has other things to do meanwhile. */
static int make(struct keeper *k, struct error *err)
{
	int r = open_host(k, err);

	if (r == 0)
		r = make_empty_ns(k, err);
	if (r == 0)
		r = start_builder(k, err);
	if (r == 0)
		r = make_loop(k, err);
	if (r == 0)
		r = make_shared(k, err);
	return r < 0 ? r : sandbox_bound(err);
}

/* Stage 2. */
static int begin(struct keeper *k, struct monitor_userns *m, struct error *err)
{
	int r;

	m->membership[sizeof(m->membership) - 1] = 0;
	r = open_sources(&k->settings.sources, m->membership, err);
	if (r == 0)
		r = superblock_hear(k->builder_sock, &k->fuse_fd, err);
	if (r < 0)
		return r;
	k->builder_sock = fd_close(k->builder_sock);
	k->settings.version = SHARED_VERSION;
	k->settings.size = sizeof(*k->shared);
	/* workers wait for more than requests: read(2) must not wait for one that was taken back */
	if (fcntl(k->fuse_fd, F_SETFL, O_RDWR | O_NONBLOCK) < 0)
		return error_set(err, errno, "O_NONBLOCK of /dev/fuse");
	r = calls_new(k->loop, k->settings.sources.proc_fd, &k->worker, &k->calls, err);
	if (r < 0)
		return r;
	k->settings.fuse_fd = k->fuse_fd;
	k->settings.ask_fd = calls_worker_fd(k->calls);
	k->settings.uid = m->root_uid;
	k->settings.gid = m->root_gid;
	k->settings.keeper_pid = getpid();
	r = seal_settings(k, err);
	if (r == 0)
		r = start_worker(k, err);
	if (r == 0 && m->has_twin)
		(void)coherence_new(k->loop, m->root_uid, &k->coherence, NULL);
	return r;
}

/* 1: it is at work. 0: create ended before. */
static int set_up(struct keeper *k, struct error *err)
{
	struct monitor_message m;
	int fds[2] = { -EBADF, -EBADF }, r = make(k, err);

	if (r == 0)
		r = wait_for_userns(k, &m, fds, err);
	if (r <= 0)
		return r;
	r = superblock_go(k->builder_sock, &m, fds[0], err);
	fd_close(fds[0]);
	if (r == 0)
		r = begin(k, &m.userns, err);
	if (r == 0 && fds[1] >= 0) /* without it there is no upgrade, and that is all */
		(void)upgrade_new(k->loop, fds[1], begin_trial, k, &k->upgrade, NULL);
	return r < 0 ? r : 1;
}

static void tell(const struct keeper *k, const struct error *err)
{
	const struct monitor_message m = { .word = MONITOR_FAILED,
					   .version = MONITOR_VERSION,
					   .error = *err };

	if (k->control_fd >= 0)
		(void)fd_send(k->control_fd, &m, sizeof(m), NULL, 0, NULL);
}

int keeper_main(const char *slice)
{
	struct keeper k = {
		.control_fd = MONITOR_SOCK_FD,
		.dev_fd = -EBADF,
		.exe_fd = -EBADF,
		.old_exe_fd = -EBADF,
		.empty_ns_fd = -EBADF,
		.init_pidfd = -EBADF,
		.builder_sock = -EBADF,
		.fuse_fd = -EBADF,
		.settings_fd = -EBADF,
		.settings = { .sources = EMU_SOURCES_INIT,
			      .fuse_fd = -EBADF,
			      .shared_fd = -EBADF,
			      .ask_fd = -EBADF },
		.signal_fd = -EBADF,
		.timer_fd = -EBADF,
	};
	struct error err = ERROR_INIT;
	int r;

	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0 || fd_cloexec_from(MONITOR_SOCK_FD, &err) < 0)
		return EXIT_FAILURE;
	slice_enter_v1(slice); /* before there is a second process of ours */
	r = set_up(&k, &err);
	if (r > 0)
		r = loop_run(k.loop, &err);
	if (r < 0)
		tell(&k, &err);
	end_worker(&k);
	return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
