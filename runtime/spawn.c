/* SPDX-License-Identifier: GPL-2.0-or-later */
/* spawn - see spawn.h. */
#include "spawn.h"

#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "acting.h"
#include "bpf_lsm.h"
#include "channel.h"
#include "claim.h"
#include "container.h"
#include "error.h"
#include "fd.h"
#include "idmap.h"
#include "idrange.h"
#include "init.h"
#include "intel_rdt.h"
#include "paths.h"
#include "str.h"
#include "sys.h"

/* A child, in the container's v2 folder from its birth. systemd starts a scope around a process that is there already. */
static pid_t clone_into_cgroup(const struct container *c, uint64_t flags)
{
	struct clone_args args = { .flags = flags, .exit_signal = SIGCHLD };
	int v2_fd = cgroup_has_unit(c->cgroup) ? -EBADF : cgroup_v2_fd(c->cgroup);

	if (v2_fd >= 0) {
		args.flags |= CLONE_INTO_CGROUP;
		args.cgroup = (__u64)v2_fd;
	}
	return sys_clone3(&args);
}

/* In the middle process, while it is the host's root still: it moves itself, which nobody has to wait for. */
static int enter_cgroup(const struct container *c, struct error *err)
{
	return cgroup_has_unit(c->cgroup) ? 0 : cgroup_enter(c->cgroup, 0, err);
}

/*
 * A user namespace is its maker's, and what is used up in it is used up of its maker's own limits as well: instances of
 * inotify(7), namespaces, message queues (struct ucounts). So R makes it as the container's root, whom nobody else is. As
 * that user I may open nothing that is the host root's, while R keeps its capabilities. The effective uid alone: the real one
 * of root is what keeps R's own RLIMIT_NPROC from being that of the whole container.
 *
 * NEWPID together with NEWUSER, so that the pid namespace belongs to the user namespace and I is its pid 1. Nobody else is in
 * either, so I may keep the host's root until it enters the container's.
 */
static int clone_own(struct container *c, struct error *err)
{
	int entries[CGROUP_HIERARCHIES_MAX], r = 0, ended;
	size_t n = 0;
	pid_t pid;

	if (!cgroup_has_unit(c->cgroup))
		r = cgroup_open_entries(c->cgroup, entries, &n, err);
	if (r == 0)
		r = acting_begin(c->root_uid, err);
	pid = r < 0 ? r : clone_into_cgroup(c, CLONE_NEWUSER | CLONE_NEWPID);
	if (pid == 0) {
		/* before it makes its cgroup namespace, whose root is where it then is */
		if (cgroup_enter_opened(entries, n, err) < 0 || init_close_inherited(c, err) < 0) {
			channel_fail(c->init_sock, err);
			_exit(1);
		}
		init_main(c);
	}
	if (r == 0 && pid < 0)
		r = error_set(err, errno, "cannot make the container's first process");
	c->init_pid = pid < 0 ? 0 : pid;
	ended = acting_end(r < 0 ? NULL : err);
	while (n > 0)
		fd_close(entries[--n]);
	return r < 0 ? r : ended;
}

/* The middle process; I is born where it is. */
static _Noreturn void join_and_clone(struct container *c)
{
	const struct clone_args args = {
		.flags = CLONE_PARENT | (join_has(&c->joined, NS_PID) ? 0 : CLONE_NEWPID),
	};
	struct error err = ERROR_INIT;
	int r = enter_cgroup(c, &err);
	pid_t pid;

	if (r == 0)
		r = init_leave_root(c, &err);
	if (r == 0)
		r = join_enter(&c->joined, &err);
	if (r == 0)
		r = init_close_inherited(c, &err);
	pid = r < 0 ? r : sys_clone3(&args);

	if (pid == 0)
		init_main(c);
	if (pid < 0 && r == 0)
		(void)error_set(&err, errno, "cannot make the container's first process");
	if (pid < 0)
		channel_fail(c->init_sock, &err);
	else
		(void)channel_say(c->init_sock, CHANNEL_JOINED, pid, -EBADF, NULL);
	_exit(pid < 0);
}

static int clone_joined(struct container *c, struct error *err)
{
	pid_t middle = clone_into_cgroup(c, 0);
	int32_t value = 0;
	int r;

	if (middle < 0)
		return error_set(err, errno, "cannot make a process");
	if (middle == 0)
		join_and_clone(c);
	c->init_sock = fd_close(c->init_sock);
	r = channel_hear_middle(c->sock, middle, CHANNEL_JOINED, &value, NULL, err);
	if (r < 0)
		c->sock = fd_close(c->sock); /* a I that was not heard of ends with it */
	(void)waitpid(middle, NULL, 0);
	c->init_pid = r < 0 ? 0 : value;
	return r;
}

static int clone_init(struct container *c, struct error *err)
{
	int pair[2], r = channel_make(pair, err);

	if (r < 0)
		return r;
	c->sock = pair[0];
	c->init_sock = pair[1];
	if (join_has(&c->joined, NS_USER))
		return clone_joined(c, err);
	r = clone_own(c, err);
	c->init_sock = fd_close(c->init_sock);
	return r;
}

/* So that others can join it, and nobody takes another's namespace for it. */
static int note_userns(const struct container *c, struct error *err)
{
	struct stat st;

	if (join_has(&c->joined, NS_USER))
		return 0; /* on record when it was joined */
	if (fstat(c->userns_fd, &st) < 0)
		return error_set(err, errno, "cannot stat the user namespace");
	return idrange_note_userns(PATHS_IDS, c->state.id_base, c->scratch, st.st_ino, err);
}

int spawn_init(struct container *c, struct error *err)
{
	_cleanup_close_ int folder_fd = -EBADF;
	int r = clone_init(c, err);

	if (r < 0)
		return r;
	c->init_pidfd = (int)syscall(SYS_pidfd_open, c->init_pid, 0);
	if (c->init_pidfd < 0)
		return error_set(err, errno, "pidfd_open");
	c->state.init.pid = c->init_pid;
	r = proc_stat(c->init_pid, &c->state.init.start, NULL, err);
	if (r == 0)
		r = state_save(c->state_fd, &c->state, err);
	if (r == 0 && !join_has(&c->joined, NS_USER))
		r = idmap_write(c->init_pid, &c->state.map, err);
	if (r == 0 && cgroup_has_unit(c->cgroup)) {
		r = claim_make_cgroup(c, err);
		if (r == 0)
			r = cgroup_enter(c->cgroup, c->init_pid, err);
	}
	if (r == 0)
		r = intel_rdt_enter(c->state.rdt_group, c->state.rdt_monitor, c->init_pid, err);
	if (r < 0)
		return r;
	c->userns_fd = proc_open_ns(c->init_pid, "user", err);
	c->pidns_fd = c->userns_fd < 0 ? -EBADF : proc_open_ns(c->init_pid, "pid", err);
	if (c->pidns_fd < 0)
		return -EIO;
	r = bpf_lsm_register(c, err); /* in a pod I is its siblings' until then, and only waits */
	if (r < 0)
		return r;
	folder_fd = proc_clone_folder(c->init_pid, err);
	if (folder_fd < 0)
		return folder_fd;
	r = channel_say(c->sock, CHANNEL_MAPPED, 0, folder_fd, err);
	return r < 0 ? r : note_userns(c, err); /* while I makes its namespaces */
}

/* Unless the spec says otherwise the container's clocks start at zero: uptime, btime, ps agree with its life. */
static int write_time_offsets(const struct container *c, struct error *err)
{
	const struct time_offsets *o = &c->spec->linux_.time_offsets;
	struct timespec boot = { 0 };
	char path[64], text[160];
	int r;

	(void)str_format(path, sizeof(path), "/proc/%d/timens_offsets", c->init_pid);
	if (access(path, F_OK) < 0)
		return 0; /* Linux without time namespaces */
	(void)clock_gettime(CLOCK_BOOTTIME, &boot);
	r = str_format(text, sizeof(text), "monotonic %lld %u\nboottime %lld %u\n",
		       (long long)o->monotonic.secs.value, o->monotonic.nanosecs.value,
		       (long long)(o->boottime.secs.set ? o->boottime.secs.value :
							  -(int64_t)boot.tv_sec),
		       o->boottime.nanosecs.value);
	if (r < 0)
		return error_text(err, EINVAL, "linux.timeOffsets: out of range");
	r = fd_write_file(AT_FDCWD, path, text, err);
	return r < 0 ? error_wrap(err, "linux.timeOffsets") : 0;
}

int spawn_finish_namespaces(struct container *c, struct error *err)
{
	int r = channel_hear(c->sock, CHANNEL_NAMESPACES, NULL, NULL, err);

	if (r == 0 && !join_has(&c->joined, NS_TIME))
		r = write_time_offsets(c, err);
	if (r == 0)
		r = channel_say(c->sock, CHANNEL_OFFSETS, 0, -EBADF, err);
	if (r == 0)
		r = channel_hear(c->sock, CHANNEL_NAMED, NULL, NULL, err);
	return r;
}
