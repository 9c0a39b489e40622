/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * exec - owns running one more process in a container.
 *
 * Three processes: J, this one, stays outside and waits; M, its child, enters the container's cgroup and namespaces and
 * makes C, with CLONE_PARENT, so that C is J's child; M ends. C becomes the process. Nothing of J can be seen from
 * inside. M and C are not dumpable from before setns(2) until execve(2): a container's root that ptraces, opens
 * /proc/PID/{mem,fd,root,exe} or asks pidfd_getfd(2) gets EPERM, as their memory belongs to the host's user namespace.
 * He can kill C, though, and a dying process has no memory that would refuse him: C is born without descriptors of the
 * host.
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "arena.h"
#include "bpf_lsm.h"
#include "cgroup.h"
#include "cgroup_sub.h"
#include "channel.h"
#include "error.h"
#include "exec_process.h"
#include "fd.h"
#include "intel_rdt.h"
#include "json.h"
#include "label.h"
#include "lifecycle.h"
#include "log.h"
#include "memory_policy.h"
#include "monitor_calls.h"
#include "personality.h"
#include "policy.h"
#include "process.h"
#include "seccomp.h"
#include "seccomp_notify.h"
#include "spec.h"
#include "state.h"
#include "str.h"
#include "sys.h"
#include "terminal.h"
#include "unix_socket.h"

#define JOIN_FLAGS                                                                                 \
	(CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS | \
	 CLONE_NEWCGROUP)

struct exec {
	const struct exec_options *options;
	struct arena arena;
	json_t *process_json, *config;
	struct process *process;
	struct seccomp_program filter;
	const struct seccomp_listener *listener; /* of the filter; NULL: none */
	int agent_fd;				 /* where that goes */
	enum monitor_calls calls;
	int calls_fd; /* where its listener goes; -EBADF */
	struct personality personality;
	struct memory_policy memory_policy;
	struct state state;
	struct cgroup *cgroup;
	struct lsm lsm;
	int state_fd, init_pidfd;
	int sock, peer_sock; /* J's end; M's and C's */
	int master_fd;
	pid_t pid; /* C */
	int pidfd;
};

/* ---- M and C ------------------------------------------------------------------------------------------------- */

static int enter_cgroup(struct exec *e, struct error *err)
{
	bool asked = e->options->cgroups && e->options->cgroups->n;
	int r = cgroup_enter(e->cgroup, 0, err);

	if (r != -EBUSY || asked)
		return r;
	r = cgroup_follow(e->cgroup, e->state.init.pid, err);
	return r < 0 ? r : cgroup_enter(e->cgroup, 0, err);
}

static int join(struct exec *e, struct error *err)
{
	int r;

	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
		return error_set(err, errno, "PR_SET_DUMPABLE");
	r = bpf_lsm_mark(&e->lsm, 0, err); /* or what follows would be judged as the container's doing */
	if (r == 0)
		r = cpu_affinity_set_initial(0, e->process->exec_cpu_affinity, err);
	if (r == 0)
		r = enter_cgroup(e, err); /* before entering: its limits must bind us too */
	if (r < 0)
		return r;
	if (setns(e->init_pidfd, JOIN_FLAGS | CLONE_NEWTIME) < 0 &&
	    (errno != EINVAL ||
	     setns(e->init_pidfd, JOIN_FLAGS) < 0)) /* EINVAL: Linux without time namespaces */
		return error_set(err, errno == ESRCH ? ESRCH : errno,
				 "cannot join the container's namespaces");
	if (setgroups(0, NULL) < 0 || setresgid(0, 0, 0) < 0 || setresuid(0, 0, 0) < 0)
		return error_set(err, errno, "cannot become root of the container");
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0) /* setresuid(2) may have changed it */
		return error_set(err, errno, "PR_SET_DUMPABLE");
	return process_join_keyring(e->options->id, err);
}

/* C. Failures up to the last travel to J: it is they that an engine shows its user. */
static _Noreturn void child_main(struct exec *e, int slave_fd)
{
	static char path[PATH_MAX], home[PROCESS_HOME_MAX];
	struct error err = ERROR_INIT;
	int folder_fd = -EBADF, label_fd = -EBADF;
	int r = channel_hear(e->peer_sock, CHANNEL_GO, NULL, &folder_fd, &err);

	(void)setsid();
	if (r == 0 && slave_fd >= 0)
		r = terminal_become(slave_fd, &err);
	if (r == 0)
		r = label_open(folder_fd, e->process, &label_fd, &err);
	folder_fd = fd_close(folder_fd);
	if (r == 0)
		r = fd_keep_preserved(e->options->preserve_fds, &err);
	if (r == 0)
		r = process_find_executable(e->process, path, &err);
	if (r == 0)
		process_find_home(e->process, home);
	if (r == 0)
		r = label_change_on_exec(label_fd, e->process, &err);
	proc_reset_signals(); /* before a filter is loaded, which may refuse it */
	if (r == 0)
		r = personality_apply(&e->personality, &err);
	if (r == 0)
		r = memory_policy_apply(&e->memory_policy, &err);
	if (r == 0)
		r = process_become(e->process, e->filter.insns ? &e->filter : NULL, e->peer_sock,
				   &err);
	if (r == 0)
		r = process_exec(e->process, path, home, &err);
	channel_fail(e->peer_sock, &err);
	_exit(255);
}

/* Before there is a C, which has it from its maker. */
static int ask_monitor(struct exec *e, struct error *err)
{
	_cleanup_close_ int listener_fd = -EBADF;
	int r = monitor_calls_load(e->calls, &listener_fd, err);

	if (e->calls != MONITOR_CALLS_ASK)
		return r;
	/* one could not be loaded: as for init, of which `create` said so */
	return channel_say(e->peer_sock, CHANNEL_LISTENER, r, listener_fd, err);
}

/*
 * In M, which nobody inside can name. The kernel that refuses a container's root what is left of a process without memory
 * keeps "user_dumpable" in task_struct (2026); others hand him each descriptor that C has when he kills it.
 */
static int close_inherited(struct exec *e, int master_fd, int slave_fd, struct error *err)
{
	int kept[] = { e->peer_sock, master_fd, slave_fd };

	log_close();
	return fd_close_all_but(3 + (int)e->options->preserve_fds, kept,
				sizeof(kept) / sizeof(kept[0]), err);
}

/* M. */
static int join_and_clone(struct exec *e, struct error *err)
{
	const struct clone_args args = { .flags = CLONE_PARENT };
	_cleanup_close_ int master_fd = -EBADF, slave_fd = -EBADF;
	char name[128] = "";
	pid_t pid;
	int r = join(e, err);

	if (r == 0)
		r = ask_monitor(e, err);
	if (r == 0 && e->process->terminal) {
		_cleanup_close_ int root_fd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);

		r = terminal_open(root_fd, e->process->console_size.height,
				  e->process->console_size.width, &master_fd, &slave_fd, name, err);
	}
	if (r == 0)
		r = close_inherited(e, master_fd, slave_fd, err);
	if (r < 0)
		return r;
	pid = sys_clone3(&args);
	if (pid < 0)
		return error_set(err, errno, "cannot make the process");
	if (pid == 0)
		child_main(e, slave_fd);
	return channel_say(e->peer_sock, CHANNEL_JOINED, pid, master_fd, err);
}

static _Noreturn void middle_main(struct exec *e)
{
	struct error err = ERROR_INIT;

	e->sock = fd_close(e->sock);
	e->agent_fd = fd_close(e->agent_fd); /* whose end the agent waits for */
	e->calls_fd = fd_close(e->calls_fd);
	if (join_and_clone(e, &err) < 0) {
		channel_fail(e->peer_sock, &err);
		_exit(1);
	}
	_exit(0);
}

/* ---- J ------------------------------------------------------------------------------------------------------- */

static int check_running(struct exec *e, struct error *err)
{
	switch (state_status(e->state_fd, &e->state)) {
	case CONTAINER_RUNNING:
	case CONTAINER_CREATED:
		return 0;
	case CONTAINER_PAUSED:
		if (e->options->ignore_paused)
			return 0;
		return error_text(err, EBUSY,
				  "cannot exec in a paused container (use --ignore-paused to override)");
	default:
		return error_text(err, ESRCH,
				  "cannot exec in a stopped container: container not running");
	}
}

static int connect_to_agent(struct exec *e, struct error *err)
{
	struct policy policy;
	int r = policy_load(&policy, err);

	if (r < 0)
		return r;
	e->agent_fd = seccomp_notify_connect(e->listener, &policy, err);
	return e->agent_fd < 0 ? e->agent_fd : 0;
}

/* What the container was created with and its process section does not say. */
static int load_container(struct exec *e, struct error *err)
{
	struct seccomp *seccomp = NULL;
	json_t *section;
	int r = json_read_file(e->state_fd, STATE_CONFIG, &e->config, err);

	if (r < 0)
		return r;
	section = json_object_get(json_object_get(e->config, "linux"), "personality");
	if (section && !json_is_null(section)) {
		r = personality_parse(&e->arena, section, &e->personality, err);
		if (r < 0)
			return error_prefix(err, "linux.personality");
	}
	section = json_object_get(json_object_get(e->config, "linux"), "memoryPolicy");
	if (section && !json_is_null(section)) {
		r = memory_policy_parse(&e->arena, section, &e->memory_policy, err);
		if (r < 0)
			return error_prefix(err, "linux.memoryPolicy");
	}
	section = json_object_get(json_object_get(e->config, "linux"), "seccomp");
	if (!section || json_is_null(section))
		return 0;
	r = seccomp_parse(&e->arena, section, &seccomp, err);
	if (r < 0)
		return error_wrap(err, "linux.seccomp");
	r = seccomp_compile(seccomp, section, true, &e->filter, err);
	e->listener = seccomp_listener(seccomp);
	return r < 0 || !e->listener ? r : connect_to_agent(e, err);
}

static int prepare(struct exec *e, const struct globals *globals, struct error *err)
{
	int r = state_open(globals->root, e->options->id, false, &e->state_fd, err);

	if (r == 0)
		r = state_load(e->state_fd, &e->state, err);
	if (r == 0)
		r = check_running(e, err);
	if (r == 0)
		r = exec_process_load(e->options, e->state.bundle, e->state.config, &e->arena,
				      &e->process_json, &e->process, err);
	if (r == 0 && e->process->terminal && e->options->detach && !e->options->console_socket)
		r = error_text(err, EINVAL,
			       "a detached process with a terminal needs --console-socket");
	if (r == 0)
		r = process_check_labels(e->process, err);
	if (r == 0)
		r = load_container(e, err);
	if (r == 0)
		r = cgroup_from_json(e->state.cgroup, &e->cgroup, err);
	if (r == 0 && e->options->cgroups && e->options->cgroups->n)
		r = cgroup_descend(e->cgroup, e->options->cgroups->items, e->options->cgroups->n,
				   err);
	if (r < 0)
		return r;
	r = bpf_lsm_open_for_exec(&e->state, &e->lsm, err);
	if (r < 0)
		return r;
	e->calls = monitor_calls_meet(e->state_fd, &e->state, e->listener != NULL, &e->calls_fd);
	e->init_pidfd = proc_open(&e->state.init, err);
	return e->init_pidfd < 0 ? error_text(err, ESRCH, "container not running") : 0;
}

/* On v2 born in the container's cgroup: a move would wait for a grace period of RCU. Where it cannot be, join() tells why. */
static pid_t clone_middle(const struct exec *e)
{
	int v2_fd = cgroup_v2_fd(e->cgroup);
	const struct clone_args args = {
		.flags = CLONE_INTO_CGROUP,
		.cgroup = (__u64)v2_fd,
		.exit_signal = SIGCHLD,
	};
	pid_t pid = -1;

	if (v2_fd >= 0 &&
	    !e->process->exec_cpu_affinity) /* which has a value for the time before it is there */
		pid = sys_clone3(&args);
	return pid < 0 ? fork() : pid;
}

/* What M says: of its filter, if it has one, and whom it made. */
static int hear_middle(struct exec *e, pid_t middle, struct error *err)
{
	_cleanup_close_ int listener_fd = -EBADF;
	int r = 0;

	if (e->calls == MONITOR_CALLS_ASK)
		r = channel_hear_middle(e->sock, middle, CHANNEL_LISTENER, NULL, &listener_fd, err);
	if (r < 0)
		return r;
	if (listener_fd >= 0)
		monitor_calls_hand_over(e->calls_fd, listener_fd);
	return channel_hear_middle(e->sock, middle, CHANNEL_JOINED, &e->pid, &e->master_fd, err);
}

static int spawn(struct exec *e, struct error *err)
{
	int pair[2], status, r = channel_make(pair, err);
	pid_t middle;

	if (r < 0)
		return r;
	e->sock = pair[0];
	e->peer_sock = pair[1];
	middle = clone_middle(e);
	if (middle < 0)
		return error_set(err, errno, "fork");
	if (middle == 0)
		middle_main(e);
	e->peer_sock = fd_close(e->peer_sock);
	r = hear_middle(e, middle, err);
	if (r < 0)
		e->sock = fd_close(e->sock); /* a M that we do not hear must not wait for us either */
	(void)waitpid(middle, &status, 0);
	if (r < 0) {
		e->pid = 0;
		return r;
	}
	e->pidfd = (int)syscall(SYS_pidfd_open, e->pid, 0);
	return e->pidfd < 0 ? error_set(err, errno, "pidfd_open") : 0;
}

/* C's end of the stream closes at execve(2); an error that comes first is why there was none. */
static int wait_for_execve(struct exec *e, struct error *err)
{
	int r = channel_hear(e->sock, CHANNEL_GO, NULL, NULL, err);

	return r == -EPIPE ? 0 : r;
}

/* C opens the file by which its label is changed itself, or could not write to it. */
static int say_go(const struct exec *e, struct error *err)
{
	_cleanup_close_ int folder_fd = -EBADF;

	if (label_is_asked(e->process)) {
		folder_fd = proc_clone_folder(e->pid, err);
		if (folder_fd < 0)
			return folder_fd;
	}
	return channel_say(e->sock, CHANNEL_GO, 0, folder_fd, err);
}

static int let_go(struct exec *e, struct error *err)
{
	uint32_t owner = 0;
	int r = bpf_lsm_mark(&e->lsm, e->pid, err); /* C waits, and has done nothing yet */

	(void)idmap_host_uid(&e->state.map, 0, &owner);
	if (r == 0)
		r = process_prepare(e->process, e->pid, owner, err);
	if (r == 0)
		r = intel_rdt_enter(e->state.rdt_group, e->state.rdt_monitor, e->pid, err);
	if (r == 0)
		r = cpu_affinity_set_final(e->pid, e->process->exec_cpu_affinity, err);
	if (r == 0 && !e->process->terminal)
		process_own_stdio(&e->state.map, e->process->user.uid);
	if (r == 0 && e->master_fd >= 0 && e->options->console_socket) {
		r = terminal_send_master(e->options->console_socket, e->master_fd, "/dev/console",
					 err);
		e->master_fd = fd_close(e->master_fd);
	}
	foreground_prepare(e->master_fd);
	if (r == 0 && e->options->pidfd_socket)
		r = unix_socket_send_fd("--pidfd-socket", e->options->pidfd_socket, e->pidfd,
					"setns", err);
	if (r == 0 && e->options->pid_file)
		r = create_write_pid_file(e->options->pid_file, e->pid, err);
	if (r == 0)
		r = say_go(e, err);
	if (r == 0 && e->listener)
		r = seccomp_notify_deliver(e->sock, e->agent_fd, e->listener, &e->state,
					   state_status(e->state_fd, &e->state), e->pid, err);
	e->agent_fd = fd_close(e->agent_fd); /* one message, OCI says */
	if (r == 0)
		r = wait_for_execve(e, err);
	return r;
}

static int wait_for_end(struct exec *e, int *ret_status, struct error *err)
{
	int status, r;

	if (e->options->detach) {
		*ret_status = 0;
		return 0;
	}
	r = foreground_wait(e->pid, e->pidfd, e->master_fd, &status, err);
	if (r == 0)
		*ret_status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
	return r;
}

int exec_container(const struct globals *globals, const struct exec_options *options,
		   int *ret_status, struct error *err)
{
	/*
	 * Static, and never freed: the process ends with this verb. After fork(2) each page that is written to, as
	 * free(3) does, is a fault that costs more than all else that is left to do here.
	 */
	static struct exec e = {
		.lsm = LSM_INIT,
		.state_fd = -EBADF,
		.agent_fd = -EBADF,
		.calls_fd = -EBADF,
		.init_pidfd = -EBADF,
		.sock = -EBADF,
		.peer_sock = -EBADF,
		.master_fd = -EBADF,
		.pidfd = -EBADF,
	};
	int r = state_check_id(options->id, err);

	e.options = options;
	if (r == 0)
		r = fd_check_preserved(options->preserve_fds, err);
	if (r < 0)
		return r;
	r = options->detach ?
		    0 :
		    foreground_block_signals(err); /* before there is a process they should go to */
	if (r == 0)
		r = prepare(&e, globals, err);
	if (r == 0)
		r = spawn(&e, err);
	if (r == 0)
		r = let_go(&e, err);
	if (r < 0 && e.pid > 0) {
		(void)kill(e.pid, SIGKILL); /* our own child, not reaped yet */
		(void)waitpid(e.pid, NULL, 0);
	}
	return r < 0 ? r : wait_for_end(&e, ret_status, err);
}
