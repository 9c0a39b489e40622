/* SPDX-License-Identifier: GPL-2.0-or-later */
/* seccomp_notify - see seccomp_notify.h. */
#include "seccomp_notify.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "channel.h"
#include "command.h"
#include "error.h"
#include "fd.h"
#include "json.h"
#include "path.h"
#include "policy.h"
#include "seccomp.h"
#include "str.h"
#include "sys.h"
#include "unix_socket.h"

#define WHERE "linux.seccomp.listenerPath"
#define AGENT_TIMEOUT_S 30 /* for an agent that neither accepts nor reads */

/* ---- the agent ------------------------------------------------------------------------------------------------ */

static bool is_in_folder_of_policy(const char *path, const struct policy *policy)
{
	for (size_t i = 0; policy->seccomp_listener_folders[i][0]; i++)
		if (path_is_below(path, policy->seccomp_listener_folders[i]))
			return true;
	return false;
}

/* O_PATH of the socket, which nobody but root can exchange: -errno otherwise. */
static int open_socket(const struct seccomp_listener *listener, const struct policy *policy,
		       struct error *err)
{
	const struct open_how how = {
		.flags = O_PATH | O_NOFOLLOW | O_CLOEXEC,
		.resolve = RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS,
	};
	_cleanup_close_ int fd = -EBADF;
	char shown[160];
	struct stat st;
	int r;

	(void)str_quote(listener->path, shown, sizeof(shown));
	if (listener->path[0] != '/' || path_has_dots(listener->path))
		return error_text(err, EINVAL, WHERE ": '%s' is not an absolute path without '..'",
				  shown);
	if (!is_in_folder_of_policy(listener->path, policy))
		return error_text(err, EPERM,
				  WHERE
				  ": '%s' is in no folder that the administrator's policy has in "
				  "seccompListenerFolders: who listens there decides about the "
				  "container's system calls",
				  shown);
	fd = sys_openat2(AT_FDCWD, listener->path, &how);
	if (fd < 0 && (errno == ELOOP || errno == ENOTDIR))
		return error_text(err, EPERM,
				  WHERE ": '%s' leads through a link, or a file: name it without",
				  shown);
	if (fd < 0 && errno == ENOENT)
		return error_text(err, ENOENT,
				  WHERE ": nobody listens at '%s': start its agent first", shown);
	if (fd < 0 || fstat(fd, &st) < 0)
		return error_set(err, errno, WHERE ": cannot open '%s'", shown);
	if (!S_ISSOCK(st.st_mode))
		return error_text(err, EINVAL, WHERE ": '%s' is no socket", shown);
	r = policy_check_folders(listener->path, err);
	if (r < 0)
		return error_wrap(err, WHERE);
	return take_fd(&fd);
}

int seccomp_notify_check(const struct seccomp_listener *listener, const struct policy *policy,
			 struct error *err)
{
	int fd = open_socket(listener, policy, err);

	if (fd < 0)
		return fd;
	(void)fd_close(fd);
	return 0;
}

int seccomp_notify_connect(const struct seccomp_listener *listener, const struct policy *policy,
			   struct error *err)
{
	_cleanup_close_ int fd = open_socket(listener, policy, err);

	return fd < 0 ? fd : unix_socket_connect_fd(WHERE, fd, SOCK_STREAM, err);
}

/* OCI config-linux.md, "The Container Process State". */
static char *process_state(const struct seccomp_listener *listener, const struct state *state,
			   enum container_status status, pid_t pid)
{
	_cleanup_json_ json_t *json = json_pack("{s:s, s:[s], s:i, s:s*, s:o}", "ociVersion",
						BULWARK_SPEC_VERSION, "fds", "seccompFd", "pid",
						(int)pid, "metadata", listener->metadata, "state",
						state_to_oci(state, status, state->init.pid));

	return json ? json_to_text(json) : NULL;
}

/* The descriptor goes with the first byte; more than fits at once follows. */
static int send_state(int agent_fd, const char *text, int listener_fd, struct error *err)
{
	const struct timeval timeout = { .tv_sec = AGENT_TIMEOUT_S };
	int r;

	if (setsockopt(agent_fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof(timeout)) < 0)
		return error_set(err, errno, "SO_SNDTIMEO");
	r = fd_send(agent_fd, text, 1, &listener_fd, 1, err);
	return r < 0 ? r : fd_write_all(agent_fd, text + 1, strlen(text) - 1, err);
}

int seccomp_notify_deliver(int channel, int agent_fd, const struct seccomp_listener *listener,
			   const struct state *state, enum container_status status, pid_t pid,
			   struct error *err)
{
	_cleanup_close_ int listener_fd = -EBADF;
	_cleanup_free_ char *text = process_state(listener, state, status, pid);
	int r;

	if (!text)
		return error_set(err, ENOMEM, WHERE ": the state of the process");
	r = channel_hear(channel, CHANNEL_LISTENER, NULL, &listener_fd, err);
	if (r == -EPIPE)
		return error_text(err, EPIPE,
				  "the process ended before its seccomp filter was loaded");
	if (r < 0)
		return r;
	r = send_state(agent_fd, text, listener_fd, err);
	return r < 0 ? error_wrap(err, WHERE ": cannot hand the listener to the agent") : 0;
}

/* ---- init and start ------------------------------------------------------------------------------------------- */

int seccomp_notify_listen(int state_fd, struct error *err)
{
	_cleanup_close_ int fd = unix_socket_bind(state_fd, SECCOMP_NOTIFY_SOCKET,
						  SOCK_SEQPACKET | SOCK_NONBLOCK, err);

	if (fd < 0)
		return fd;
	if (listen(fd, SOMAXCONN) < 0)
		return error_set(err, errno, "cannot listen at '" SECCOMP_NOTIFY_SOCKET "'");
	return take_fd(&fd);
}

int seccomp_notify_meet(int state_fd, struct error *err)
{
	_cleanup_close_ int fd =
		openat(state_fd, SECCOMP_NOTIFY_SOCKET, O_PATH | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0)
		return error_set(err, errno, "cannot open '" SECCOMP_NOTIFY_SOCKET "'");
	return unix_socket_connect_fd("init", fd, SOCK_SEQPACKET, err);
}

int seccomp_notify_accept(int listen_fd, struct error *err)
{
	_cleanup_close_ int last = -EBADF;
	int fd;

	for (;;) {
		fd = accept4(listen_fd, NULL, NULL, SOCK_CLOEXEC);
		if (fd < 0 && errno != EINTR)
			break;
		if (fd >= 0) {
			last = fd_close(last);
			last = fd;
		}
	}
	if (last < 0)
		return error_set(err, errno, "nobody waits for the seccomp listener");
	return take_fd(&last);
}

/* ---- the process that loads the filter ------------------------------------------------------------------------ */

#define STACK_SIZE (64U << 10)
#define NAP_NS 20000 /* between two looks whether seccomp(2) is done */
#define PATIENCE                                                                                   \
	(UINT64_C(1) << 28) /* looks without a system call between: seconds, where microseconds are the rule */
#define NOT_LOADED (-1)
#define GAVE_UP (-2)

struct handover {
	atomic_int listener; /* the descriptor; NOT_LOADED, GAVE_UP */
	atomic_int sender; /* not 0 while the thread lives: the kernel clears it, CLONE_CHILD_CLEARTID */
	atomic_bool sent;
	int channel;
};

/* A thread that has no thread-local storage of its own: it must leave errno alone while its maker uses it. */
static int send_listener(void *data)
{
	const struct timespec nap = { .tv_nsec = NAP_NS };
	struct handover *h = data;
	int fd;

	while ((fd = atomic_load(&h->listener)) == NOT_LOADED)
		(void)nanosleep(&nap, NULL);
	if (fd >= 0 && channel_say(h->channel, CHANNEL_LISTENER, 0, fd, NULL) == 0)
		atomic_store(&h->sent, true);
	return 0;
}

/* No system call from here until the thread is gone, as each might be what the filter asks about. */
static bool await_sender(struct handover *h)
{
	for (uint64_t i = 0; i < PATIENCE && atomic_load(&h->sender) != 0; i++) {
#if defined(__x86_64__) || defined(__i386__)
		__builtin_ia32_pause();
#elif defined(__aarch64__)
		__asm__ volatile("yield");
#endif
	}
	return atomic_load(&h->sender) == 0 && atomic_load(&h->sent);
}

int seccomp_notify_install(const struct seccomp_program *program, int channel, struct error *err)
{
	/* a thread, not a process: execve(2) ends it for certain, and leaves nothing that had to be waited for */
	const int flags = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD |
			  CLONE_SYSVSEM | CLONE_CHILD_CLEARTID;
	static _Alignas(16) char stack[STACK_SIZE];
	static struct handover h;
	int fd;

	atomic_store(&h.listener, NOT_LOADED);
	atomic_store(&h.sender, 1);
	atomic_store(&h.sent, false);
	h.channel = channel;
	if (clone(send_listener, stack + sizeof(stack), flags, &h, NULL, NULL, &h.sender) < 0)
		return error_set(err, errno,
				 "cannot make the thread that sends the seccomp listener (pids limit, "
				 "RLIMIT_NPROC)");
	fd = seccomp_install(program, err);
	if (fd < 0) {
		atomic_store(&h.listener, GAVE_UP);
		return fd;
	}
	atomic_store(&h.listener, fd);
	if (!await_sender(&h))
		__builtin_trap();
	return 0;
}
