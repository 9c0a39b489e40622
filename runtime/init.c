/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * init - see init.h. Stages, and what is given up at each:
 *
 *  1. cloned into a new user and pid namespace, no ids mapped yet: gives up R's descriptors and the host's root, waits for R
 *  2. becomes root of the user namespace: from here on nothing on the host belongs to it
 *  3. network, ipc, uts, cgroup, time namespaces; only then, or what the kernel makes with them would belong to nobody
 *  4. waits until R has built the mount tree and pivoted, and takes the new root from it
 *  5. unshare(CLONE_NEWNS): the seal. The copy of the tree belongs to the user namespace, the original to its parent, so
 *     the kernel locks every mount in it, mount_namespaces(7). R is free to go
 *  6. waits for `start`: a byte in a FIFO, which it holds O_RDWR, so that start's open tells whether it is alive
 *  7. startContainer hooks, then user, capabilities, no_new_privs, seccomp, execve(2)
 *
 * It is a copy of R: what R read is there. Only the end of the socket is shared with R, so the death of either is seen.
 */
#include "init.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "channel.h"
#include "container.h"
#include "error.h"
#include "fd.h"
#include "label.h"
#include "log.h"
#include "monitor_calls.h"
#include "mount_tree.h"
#include "seccomp_notify.h"
#include "str.h"
#include "sys.h"
#include "terminal.h"

static int become_root(struct error *err)
{
	if (setgroups(0, NULL) < 0 || setresgid(0, 0, 0) < 0 || setresuid(0, 0, 0) < 0)
		return error_set(err, errno, "cannot become root of the user namespace");
	/* nobody in the container may look into this process before execve(2): it is the runtime's image */
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
		return error_set(err, errno, "PR_SET_DUMPABLE");
	return 0;
}

static int make_namespaces(const struct container *c, struct error *err)
{
	static const enum ns_type types[] = { NS_UTS, NS_IPC, NS_NETWORK };
	int flags = CLONE_NEWCGROUP;

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (!join_has(&c->joined, types[i]))
			flags |= ns_infos[types[i]].clone_flag;
	if (unshare(flags) < 0)
		return error_set(err, errno, "cannot make the container's namespaces");
	if (join_has(&c->joined, NS_TIME))
		return 0;
	if (unshare(CLONE_NEWTIME) < 0 && errno != EINVAL) /* EINVAL: Linux built without it */
		return error_set(err, errno, "cannot make the time namespace");
	return 0;
}

/* The offsets are fixed when the first process enters, time_namespaces(7). @folder_fd: its own in /proc. */
static int enter_time_namespace(const struct container *c, int folder_fd, struct error *err)
{
	_cleanup_close_ int fd = -EBADF;

	if (join_has(&c->joined, NS_TIME))
		return 0;
	fd = openat(folder_fd, "ns/time_for_children", O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? 0 : error_set(err, errno, "cannot open the time namespace");
	if (setns(fd, CLONE_NEWTIME) < 0)
		return error_set(err, errno, "cannot enter the time namespace");
	return 0;
}

static int bring_up_loopback(struct error *err)
{
	_cleanup_close_ int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ifreq request = { .ifr_name = "lo" };

	if (fd < 0)
		return error_set(err, errno, "cannot open a socket for the loopback interface");
	if (ioctl(fd, SIOCGIFFLAGS, &request) < 0)
		return error_set(err, errno, "cannot find the loopback interface");
	request.ifr_flags |= IFF_UP;
	if (ioctl(fd, SIOCSIFFLAGS, &request) < 0)
		return error_set(err, errno, "cannot bring up the loopback interface");
	return 0;
}

static int set_names(const struct spec *spec, struct error *err)
{
	const char *domain = spec->domainname;

	for (size_t i = 0; !domain && i < spec->linux_.sysctl.n; i++)
		if (str_eq(spec->linux_.sysctl.items[i].key, "kernel.domainname"))
			domain = spec->linux_.sysctl.items[i].value;
	if (spec->hostname && *spec->hostname &&
	    sethostname(spec->hostname, strlen(spec->hostname)) < 0)
		return error_set(err, errno, "hostname: cannot set '%s'", spec->hostname);
	if (domain && *domain && setdomainname(domain, strlen(domain)) < 0)
		return error_set(err, errno, "domainname: cannot set '%s'", domain);
	return 0;
}

static int set_propagation(const struct spec *spec, struct error *err)
{
	static const struct {
		const char *name;
		unsigned long flags;
	} rows[] = {
		{ "shared", MS_SHARED },	 { "rshared", MS_SHARED | MS_REC },
		{ "slave", MS_SLAVE },		 { "rslave", MS_SLAVE | MS_REC },
		{ "private", MS_PRIVATE },	 { "rprivate", MS_PRIVATE | MS_REC },
		{ "unbindable", MS_UNBINDABLE }, { "runbindable", MS_UNBINDABLE | MS_REC },
	};
	const char *name = spec->linux_.rootfs_propagation;

	if (!name || !*name)
		return 0;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (!str_eq(rows[i].name, name))
			continue;
		if (mount(NULL, "/", NULL, rows[i].flags, NULL) < 0)
			return error_set(err, errno, "linux.rootfsPropagation '%s'", name);
		return 0;
	}
	return error_text(err, EINVAL, "linux.rootfsPropagation: unknown value '%s'", name);
}

/* The tree of M1, which R has pivoted to. */
static int enter_root(const struct container *c, struct error *err)
{
	_cleanup_close_ int fd = -EBADF;
	int r = channel_hear(c->init_sock, CHANNEL_ROOT, NULL, &fd, err);

	if (r < 0)
		return r;
	if (fchdir(fd) < 0 || chroot(".") < 0)
		return error_set(err, errno, "cannot enter the new root");
	return 0;
}

static int seal(const struct container *c, struct error *err)
{
	int r;

	if (unshare(CLONE_NEWNS) < 0)
		return error_set(err, errno, "cannot seal the mounts");
	/* a peer group of this namespace alone: the tree it was copied from is about to vanish */
	r = set_propagation(c->spec, err);
	return r < 0 ? r : mount_tree_propagate(c, err);
}

/*
 * What R had is here too: the state folder, whose lock would live as long as the container, the host's namespaces, folders
 * of the host, its root. I gives that up at once, and not only before something of the container runs (but for the root, where
 * it is alone in its user namespace: see spawn.c): in a pod with one pid
 * namespace the siblings' root can kill it, and Linux without "user_dumpable" (task_struct, 2026) lets him have the
 * descriptors, the root and the current folder of who is dying and has no memory any more whose owner would refuse it.
 */
int init_close_inherited(struct container *c, struct error *err)
{
	int kept[] = { c->init_sock, c->fifo_fd, c->listener_fd };

	log_close();
	return fd_close_all_but(3 + (int)c->options->preserve_fds, kept,
				sizeof(kept) / sizeof(kept[0]), err);
}

int init_leave_root(const struct container *c, struct error *err)
{
	if (fchdir(c->state_fd) < 0 || chroot(".") < 0)
		return error_set(err, errno, "cannot leave the host's root");
	return 0;
}

static int open_label(struct container *c, int folder_fd, struct error *err)
{
	if (!c->spec->process || !label_is_asked(c->spec->process))
		return 0;
	return label_open(folder_fd, c->spec->process, &c->label_fd, err);
}

/* Stages 1 to 5. */
static int set_up(struct container *c, char *ret_path, struct error *err)
{
	_cleanup_close_ int slave_fd = -EBADF, folder_fd = -EBADF;
	int32_t calls = 0;
	int r = channel_hear(c->init_sock, CHANNEL_MAPPED, NULL, &folder_fd, err);

	if (r == 0)
		r = become_root(err);
	if (r == 0)
		r = open_label(c, folder_fd, err);
	if (r == 0)
		r = memory_policy_apply(&c->spec->linux_.memory_policy, err);
	if (r == 0)
		r = make_namespaces(c, err);
	if (r == 0)
		r = channel_say(c->init_sock, CHANNEL_NAMESPACES, 0, -EBADF, err);
	if (r == 0)
		r = channel_hear(c->init_sock, CHANNEL_OFFSETS, NULL, NULL, err);
	if (r == 0)
		r = enter_time_namespace(c, folder_fd, err);
	folder_fd = fd_close(folder_fd);
	if (r == 0 && !join_has(&c->joined, NS_NETWORK))
		r = bring_up_loopback(err);
	if (r == 0)
		r = set_names(c->spec, err);
	if (r == 0)
		r = process_join_keyring(c->options->id, err);
	if (r == 0)
		r = channel_say(c->init_sock, CHANNEL_NAMED, 0, -EBADF, err);
	if (r == 0)
		r = enter_root(c, err);
	if (r == 0)
		r = channel_hear(c->init_sock, CHANNEL_PIVOTED, &calls, &slave_fd, err);
	if (r == 0)
		r = seal(c, err);
	if (r == 0 && slave_fd >= 0)
		r = terminal_become(slave_fd, err); /* makes the session */
	else
		(void)setsid(); /* fails only where there is a session already */
	slave_fd = fd_close(slave_fd);
	if (r == 0 && c->spec->process)
		r = process_find_executable(c->spec->process, ret_path, err);
	c->asks = calls == MONITOR_CALLS_ASK;
	return r;
}

/* Stage 6. A signal that is handled by nobody cannot interrupt this: pid 1 ignores what it has no handler for. */
static int wait_for_start(const struct container *c, struct error *err)
{
	char byte;
	ssize_t n;

	do
		n = read(c->fifo_fd, &byte, 1);
	while (n < 0 && errno == EINTR);
	return n == 1 ? 0 : error_set(err, n < 0 ? errno : EPIPE, "cannot wait for start");
}

/* "pid" is what it is inside: 1, unless the container joined another's pid namespace. */
static int run_start_hooks(const struct container *c, struct error *err)
{
	const struct json_array *hooks = &c->spec->hooks.start_container;
	_cleanup_json_ json_t *oci = NULL;
	_cleanup_free_ char *text = NULL;

	if (!hooks->n)
		return 0;
	oci = state_to_oci(&c->state, CONTAINER_CREATED, getpid());
	text = oci ? json_to_text(oci) : NULL;
	if (!text)
		return error_set(err, ENOMEM, "state");
	return hooks_run("startContainer", hooks, text, NULL, NULL, NULL, err);
}

/* Stage 7. */
static int become_process(const struct container *c, const char *path, struct error *err)
{
	_cleanup_close_ int channel = -EBADF;
	char home[PROCESS_HOME_MAX];
	int r;

	r = run_start_hooks(c, err);
	if (r == 0)
		r = fd_keep_preserved(c->options->preserve_fds, err);
	if (r == 0 && c->listener) {
		channel = seccomp_notify_accept(c->listener_fd, err);
		r = channel < 0 ? channel : 0;
	}
	if (r == 0)
		process_find_home(c->spec->process, home);
	if (r == 0) /* after the hooks, whose execve(2) it would be otherwise */
		r = label_change_on_exec(c->label_fd, c->spec->process, err);
	if (r == 0)
		r = personality_apply(&c->spec->linux_.personality, err);
	if (r == 0)
		r = process_become(c->spec->process, c->filter.insns ? &c->filter : NULL, channel,
				   err);
	if (r == 0)
		r = process_exec(c->spec->process, path, home, err);
	if (channel >= 0)
		channel_fail(channel, err); /* `start` may be waiting there */
	return r;
}

/* Nobody listens on the socket any more: the container's own standard error is what is left. */
static _Noreturn void die(const struct error *err)
{
	(void)!write(STDERR_FILENO, err->msg, strlen(err->msg));
	(void)!write(STDERR_FILENO, "\n", 1);
	_exit(255); /* as runc; a program's own failure is seldom that */
}

/* With the listener, if there is one; it matters to R alone why there is none. Nothing here calls what it asks about. */
static int say_sealed(const struct container *c, struct error *err)
{
	_cleanup_close_ int listener_fd = -EBADF;
	int r = monitor_calls_load(c->asks ? MONITOR_CALLS_ASK : MONITOR_CALLS_NONE, &listener_fd,
				   NULL);

	return channel_say(c->init_sock, CHANNEL_SEALED, r, listener_fd, err);
}

_Noreturn void init_main(struct container *c)
{
	static char path[PATH_MAX];
	struct error err = ERROR_INIT;

	c->sock = fd_close(c->sock); /* so that the end of R is the end of the stream */
	if (set_up(c, path, &err) < 0) {
		channel_fail(c->init_sock, &err);
		_exit(1);
	}
	proc_reset_signals();
	if (say_sealed(c, &err) < 0)
		_exit(1);
	c->init_sock = fd_close(c->init_sock);

	if (wait_for_start(c, &err) < 0 || become_process(c, path, &err) < 0)
		die(&err);
	_exit(1);
}
