/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * create - owns the order in which a container comes to be. `create_container()` reads like the list; each step's reason
 * for standing where it stands is beside it.
 *
 * Two processes take part: R, this one, host root; I, its child, which becomes the container's pid 1 (init.c). R builds
 * the mount tree in a mount namespace M1 that belongs to the host, so that I's copy of it, M2, has every mount locked.
 * What must be undone on the host is written down in state.json before it is done, so that `delete --force` can undo it
 * after a crash at any point.
 */
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/securebits.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

#include "bpf_lsm.h"
#include "cgroup.h"
#include "channel.h"
#include "claim.h"
#include "container.h"
#include "error.h"
#include "fd.h"
#include "idmap.h"
#include "idrange.h"
#include "intel_rdt.h"
#include "lifecycle.h"
#include "listen_fds.h"
#include "log.h"
#include "masks.h"
#include "monitor.h"
#include "monitor_calls.h"
#include "mount_tree.h"
#include "net_devices.h"
#include "notify_socket.h"
#include "path.h"
#include "paths.h"
#include "rootfs.h"
#include "seccomp_notify.h"
#include "selinux.h"
#include "spawn.h"
#include "str.h"
#include "sys.h"
#include "sysctl.h"
#include "twin.h"
#include "undo.h"
#include "unix_socket.h"

/* ---- 1: read and check, nothing made yet ------------------------------------------------------------------- */

static int resolve_bundle(struct container *c, int *ret_fd, struct error *err)
{
	_cleanup_close_ int fd = open(c->options->bundle, O_PATH | O_DIRECTORY | O_CLOEXEC);
	int r;

	if (fd < 0)
		return error_set(err, errno, "cannot open the bundle '%s'", c->options->bundle);
	r = path_of_fd(fd, c->bundle, err);
	if (r < 0)
		return error_wrap(err, "bundle");
	*ret_fd = take_fd(&fd);
	return 0;
}

static int resolve_rootfs(struct container *c, int bundle_fd, struct error *err)
{
	const char *path = c->spec->root->path;
	_cleanup_close_ int fd = openat(bundle_fd, path, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;
	int r;

	if (fd < 0 || fstat(fd, &st) < 0)
		return error_set(err, errno, "root.path: cannot open '%s'", path);
	if (!S_ISDIR(st.st_mode)) /* a link: whoever can put one into the bundle chooses what is written to */
		return error_text(err, EINVAL, "root.path: '%s' is %s: name the folder itself",
				  path, S_ISLNK(st.st_mode) ? "a symbolic link" : "no folder");
	r = path_of_fd(fd, c->rootfs, err);
	if (r < 0)
		return error_wrap(err, "root.path");
	if (str_eq(c->rootfs, "/"))
		return error_text(err, EPERM,
				  "root.path: the host's own root cannot be a container's: name a folder");
	return 0;
}

static int check_console(const struct container *c, struct error *err)
{
	bool terminal = c->spec->process && c->spec->process->terminal;

	if (terminal && !c->options->console_socket && !c->options->foreground)
		return error_text(err, EINVAL, "process.terminal is set: --console-socket is needed");
	if (!terminal && c->options->console_socket)
		return error_text(err, EINVAL,
				  "--console-socket is of no use: process.terminal is not set");
	return 0;
}

static int add_env(struct container *c, struct error *err)
{
	struct process *process = c->spec->process;
	int r;

	if (!process)
		return 0;
	r = listen_fds_add_env(&c->spec->arena, process, c->options->listen_fds, err);
	if (r == 0 && c->options->notify)
		r = process_add_env(&c->spec->arena, process, "NOTIFY_SOCKET", NOTIFY_SOCKET_INSIDE,
				    err);
	return r;
}

static int load(struct container *c, struct error *err)
{
	_cleanup_close_ int bundle_fd = -EBADF;
	json_t *linux_;
	int r = resolve_bundle(c, &bundle_fd, err);

	if (r == 0)
		r = spec_load(bundle_fd, c->options->config ? c->options->config : "config.json",
			      &c->spec, err);
	if (r == 0)
		r = resolve_rootfs(c, bundle_fd, err);
	if (r == 0)
		r = add_env(c, err);
	if (r == 0)
		r = policy_load(&c->policy, err);
	if (r == 0)
		r = namespaces_check(&c->spec->linux_.namespaces, err);
	if (r == 0)
		r = join_open(&c->spec->linux_.namespaces, &c->joined, err);
	if (r == 0)
		r = net_devices_check(&c->spec->linux_.net_devices, &c->policy, err);
	if (r == 0 && c->spec->linux_.net_devices.n && join_has(&c->joined, NS_NETWORK))
		r = error_text(err, EINVAL,
			       "linux.netDevices: the network namespace is joined: who made it moves devices into it");
	if (r == 0)
		r = devices_plan(&c->spec->linux_.devices, &c->spec->linux_.resources.devices,
				 &c->devices, err);
	if (r == 0 && c->spec->process)
		r = process_check_labels(c->spec->process, err);
	if (r == 0)
		r = selinux_check("linux.mountLabel", c->spec->linux_.mount_label, err);
	if (r == 0)
		r = check_console(c, err);
	if (r == 0)
		r = bpf_lsm_open(&c->policy, &c->lsm, err);
	if (r < 0 || !c->spec->linux_.seccomp)
		return r;
	c->listener = seccomp_listener(c->spec->linux_.seccomp);
	if (c->listener)
		r = seccomp_notify_check(c->listener, &c->policy, err);
	if (r < 0)
		return r;
	linux_ = json_object_get(c->spec->json, "linux");
	return seccomp_compile(c->spec->linux_.seccomp, json_object_get(linux_, "seccomp"), true,
			       &c->filter, err);
}

/* ---- 2: what I waits at ------------------------------------------------------------------------------------- */

/* I keeps it open both ways: then a start that finds no reader knows that I is dead (ENXIO, fifo(7)). */
static int make_fifo(struct container *c, struct error *err)
{
	if (mkfifoat(c->state_fd, STATE_FIFO, 0600) < 0)
		return error_set(err, errno, "cannot make the start FIFO");
	c->fifo_fd = openat(c->state_fd, STATE_FIFO, O_RDWR | O_NOFOLLOW | O_CLOEXEC);
	if (c->fifo_fd < 0)
		return error_set(err, errno, "cannot open the start FIFO");
	if (!c->listener)
		return 0;
	c->listener_fd = seccomp_notify_listen(c->state_fd, err);
	return c->listener_fd < 0 ? c->listener_fd : 0;
}

/* ---- 3: M1, and every decision about the host's files ------------------------------------------------------ */

/* Before I is cloned: later it could not enter a namespace that belongs to the host. */
static int make_m1(struct container *c, struct error *err)
{
	c->host_net_fd = proc_open_ns(0, "net", err);
	if (c->host_net_fd < 0)
		return c->host_net_fd;
	c->cwd_fd = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (c->cwd_fd < 0)
		return error_set(err, errno, "cannot open the current folder");
	c->host_mnt_fd = proc_open_ns(0, "mnt", err); /* last of the three: leave_m1() goes by it */
	if (c->host_mnt_fd < 0)
		return c->host_mnt_fd;
	if (unshare(CLONE_NEWNS) < 0)
		return error_set(err, errno, "cannot make a mount namespace");
	/* private, not slave: what is decided about must not change by a mount that arrives from the host meanwhile */
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return error_set(err, errno, "cannot cut the mount namespace off the host's");
	return 0;
}

static int make_notify_folder(struct container *c, struct error *err)
{
	if (!c->options->notify)
		return 0;
	c->notify_fd = notify_socket_make(c->state_fd, c->scratch, err);
	return c->notify_fd < 0 ? c->notify_fd : 0;
}

static int plan_files(struct container *c, struct error *err)
{
	int r = source_view_open(c->rootfs, c->bundle, &c->state.map, c->foreign_ids, &c->view, err);

	if (r == 0)
		r = rootfs_plan(c, err);
	if (r == 0)
		r = mount_tree_plan(c, err);
	if (r == 0)
		monitor_keep_engine(c); /* before the root is mounted there */
	if (r < 0 || !c->twin || !twin_work_path(c->twin))
		return r;
	c->state.twin_work = strdup(twin_work_path(c->twin));
	if (!c->state.twin_work)
		return error_set(err, ENOMEM, "state");
	return state_save(c->state_fd, &c->state, err);
}

/*
 * I is born in it. Not before the host's files are decided about: /proc/net/unix, which tells root's sockets among them, is
 * of the network namespace of who reads it.
 */
static int join_network(struct container *c, struct error *err)
{
	if (join_has(&c->joined, NS_NETWORK) && setns(c->joined.fds[NS_NETWORK], CLONE_NEWNET) < 0)
		return error_set(err, errno, "linux.namespaces: cannot join the network namespace");
	return 0;
}

/* ---- 4: the mount tree -------------------------------------------------------------------------------------- */

/* From here on every inode R makes belongs to the container's root; SECBIT_NO_SETUID_FIXUP lets R keep its capabilities. */
static void act_as(uint32_t uid, uint32_t gid)
{
	(void)setfsgid(gid); /* setfsuid(2) has no error to look at */
	(void)setfsuid(uid);
}

/* What R keeps its capabilities with is not for a hook to inherit. */
static int drop_securebits(struct error *err)
{
	return prctl(PR_SET_SECUREBITS, 0, 0, 0, 0) < 0 ? error_set(err, errno, "PR_SET_SECUREBITS") :
							  0;
}

static int enter_runtime_ns(void *data, struct error *err)
{
	const struct container *c = data;

	act_as(0, 0);
	if (setns(c->host_mnt_fd, CLONE_NEWNS) < 0 || setns(c->host_net_fd, CLONE_NEWNET) < 0)
		return error_set(err, errno, "cannot go back to the runtime's namespaces");
	return drop_securebits(err);
}

/* In the container's namespaces with its root's credentials, but with M1's view of the files: before the pivot. */
static int enter_container_ns(void *data, struct error *err)
{
	const struct container *c = data;

	act_as(0, 0);
	if (chdir(c->bundle) < 0) /* while we may: it is root's alone */
		return error_set(err, errno, "cannot change to the bundle '%s'", c->bundle);
	/* in a pod the BPF LSM layer tells its containers apart by their cgroups, and this one is not armed yet */
	if (c->host_cgroup_ns_fd >= 0) {
		if (setns(c->host_cgroup_ns_fd, CLONE_NEWCGROUP) <
		    0) /* that it is moved from: nsdelegate */
			return error_set(err, errno,
					 "cannot go back to the runtime's cgroup namespace");
		if (cgroup_enter(c->cgroup, 0, err) < 0)
			return -EIO;
	}
	if (setns(c->init_pidfd,
		  CLONE_NEWUSER | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP) < 0)
		return error_set(err, errno, "cannot join the container's namespaces");
	if (setresgid(0, 0, 0) < 0 || setresuid(0, 0, 0) < 0)
		return error_set(err, errno, "cannot become the container's root");
	if (drop_securebits(err) < 0)
		return -EPERM;
	return process_join_keyring(c->options->id, err);
}

static int run_hooks(struct container *c, const char *name, const struct json_array *list,
		     const char *bundle, int (*enter)(void *, struct error *), struct error *err)
{
	_cleanup_json_ json_t *oci = NULL;
	_cleanup_free_ char *text = NULL;

	if (!list->n)
		return 0;
	oci = state_to_oci(&c->state, CONTAINER_CREATING, c->init_pid);
	text = oci ? json_to_text(oci) : NULL;
	if (!text)
		return error_set(err, ENOMEM, "state");
	return hooks_run(name, list, text, bundle, enter, c, err);
}

static int run_runtime_hooks(struct container *c, struct error *err)
{
	int r = run_hooks(c, "prestart", &c->spec->hooks.prestart, c->bundle, enter_runtime_ns, err);

	if (r == 0)
		r = run_hooks(c, "createRuntime", &c->spec->hooks.create_runtime, c->bundle,
			      enter_runtime_ns, err);
	return r;
}

static int apply_sysctls(struct container *c, struct error *err)
{
	_cleanup_close_ int proc_fd = -EBADF;
	int r;

	if (!c->spec->linux_.sysctl.n && !c->joined.network_is_hosts)
		return 0;
	proc_fd = mount_tree_new_proc(c, err);
	if (proc_fd < 0)
		return proc_fd;
	if (c->joined.network_is_hosts)
		sysctl_open_network(proc_fd, &c->spec->linux_.sysctl, &c->state.map);
	r = sysctl_apply(proc_fd, &c->spec->linux_.sysctl, &c->state.map, err);
	if (r != -EACCES && r != -EPERM)
		return r;
	/* ipc's files belong to the root of the namespace since Linux 6.11, and to the host's before */
	if (seteuid(c->root_uid) < 0)
		return error_set(err, errno, "linux.sysctl: cannot act as the container's root");
	r = sysctl_apply(proc_fd, &c->spec->linux_.sysctl, &c->state.map, err);
	if (seteuid(0) < 0)
		return error_set(err, errno, "linux.sysctl: cannot act as the host's root again");
	act_as(c->root_uid, c->root_gid); /* seteuid(2) sets the file system's uid too */
	return r;
}

/* As runc: an engine may leave it to the runtime. */
static int make_cwd(const struct container *c, struct error *err)
{
	_cleanup_close_ int fd = path_make_dir_in_root(c->root_fd, c->spec->process->cwd, 0755, err);

	/* a file system that even root may not enter (FUSE): the container's own chdir(2) decides */
	if (fd < 0 && fd != -EACCES && fd != -EPERM)
		return error_wrap(err, "process.cwd");
	return 0;
}

static int build_tree(struct container *c, struct error *err)
{
	const struct spec_linux *l = &c->spec->linux_;
	int r;

	if (join_has(&c->joined, NS_USER) && c->spec->hooks.create_container.n) {
		c->host_cgroup_ns_fd = proc_open_ns(0, "cgroup", err);
		if (c->host_cgroup_ns_fd < 0)
			return c->host_cgroup_ns_fd;
	}
	/* sysfs, mqueue, cgroup and the sysctl files take their maker's namespaces; the user namespace stays the host's */
	if (setns(c->init_pidfd, CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWCGROUP) < 0)
		return error_set(err, errno, "cannot join the container's namespaces");
	r = mount_tree_build(c, err);
	if (r == 0 && c->notify_fd >= 0)
		r = notify_socket_mount(c->notify_fd, c->root_fd, err);
	if (r == 0)
		r = apply_sysctls(c, err);
	if (r == 0)
		r = masks_apply(c->root_fd, c->scratch, &c->spec->mounts, l->mount_label,
				l->masked_paths, l->readonly_paths, err);
	if (r == 0)
		r = monitor_mount(c, err);
	if (r == 0)
		r = run_hooks(c, "createContainer", &c->spec->hooks.create_container, NULL,
			      enter_container_ns, err);
	if (r == 0 && c->spec->process)
		r = make_cwd(c, err);
	if (r == 0)
		r = mount_tree_finish(c, err);
	if (r == 0)
		r = rootfs_pivot(c, err);
	if (r == 0)
		r = monitor_commit(c, err);
	return r;
}

static int make_root(struct container *c, struct error *err)
{
	/* set before the twin overlay: see twin.h */
	if (prctl(PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP, 0, 0, 0) < 0)
		return error_set(err, errno, "PR_SET_SECUREBITS");
	act_as(c->root_uid, c->root_gid);
	return rootfs_mount(c, err);
}

/* ---- 5: the seal, and what is left on the host -------------------------------------------------------------- */

/* With the last process that stands in it M1 vanishes. */
static int leave_m1(const struct container *c, struct error *err)
{
	if (c->host_mnt_fd < 0)
		return 0;
	if (setns(c->host_mnt_fd, CLONE_NEWNS) < 0 || setns(c->host_net_fd, CLONE_NEWNET) < 0 ||
	    fchdir(c->cwd_fd) < 0)
		return error_set(err, errno, "cannot go back to the host's namespaces");
	return 0;
}

static int seal(struct container *c, struct error *err)
{
	_cleanup_close_ int listener_fd = -EBADF;
	int32_t value = 0;
	int r = channel_say(c->sock, CHANNEL_ROOT, 0, c->root_fd, err);

	if (r == 0)
		r = channel_say(c->sock, CHANNEL_PIVOTED, (int32_t)monitor_calls_plan(c),
				c->slave_fd, err);
	if (r == 0)
		r = channel_hear(c->sock, CHANNEL_SEALED, &value, &listener_fd, err);
	act_as(0, 0);
	c->slave_fd = fd_close(c->slave_fd);
	if (r == 0)
		r = leave_m1(c, err);
	if (r == 0)
		r = monitor_calls_begin(c, value, listener_fd, err);
	/* last: a limit could hit I's own work; and here /proc is the host's again */
	if (r == 0 && c->spec->process)
		r = process_prepare(c->spec->process, c->init_pid, c->root_uid, err);
	if (r == 0 && c->spec->process && !c->spec->process->terminal)
		process_own_stdio(&c->state.map, c->spec->process->user.uid);
	return r;
}

/*
 * A new file gets its name when it is whole, and has none before: killed on the way, nothing of it is left in a folder
 * that is the engine's. False: there is a file already, or a file system without O_TMPFILE.
 */
static bool link_new_file(int dir_fd, const char *name, const char *text)
{
	_cleanup_close_ int fd = openat(dir_fd, ".", O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600);

	return fd >= 0 && fd_write_all(fd, text, strlen(text), NULL) == 0 &&
	       fchmod(fd, 0644) == 0 && linkat(fd, "", dir_fd, name, AT_EMPTY_PATH) == 0;
}

int create_write_pid_file(const char *path, pid_t pid, struct error *err)
{
	_cleanup_close_ int dir_fd = -EBADF;
	_cleanup_free_ char *dir = strdup(path);
	char text[16], *slash = dir ? strrchr(dir, '/') : NULL;
	const char *name = slash ? path + (slash - dir) + 1 : path;
	int r;

	if (!dir)
		return error_set(err, ENOMEM, "pid file");
	if (slash)
		*slash = 0;
	dir_fd = open(!slash ? "." : *dir ? dir : "/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (dir_fd < 0)
		return error_set(err, errno, "cannot open the folder of the pid file '%s'", path);
	(void)str_format(text, sizeof(text), "%d", pid);
	if (link_new_file(dir_fd, name, text))
		return 0;
	r = fd_replace_file(dir_fd, name, text, strlen(text), 0644, err);
	return r < 0 ? error_wrap(err, "pid file") : 0;
}

static int publish(struct container *c, struct error *err)
{
	int r;

	if (c->spec->linux_.intel_rdt.clos_id) /* from now on it may have others, and stays as under runc */
		c->state.rdt_own = false;
	r = state_save(c->state_fd, &c->state, err);

	if (r == 0 && c->options->pidfd_socket)
		r = unix_socket_send_fd("--pidfd-socket", c->options->pidfd_socket, c->init_pidfd,
					"standard", err);
	if (r == 0 && c->options->pid_file)
		r = create_write_pid_file(c->options->pid_file, c->init_pid, err);
	return r;
}

/* ---- the list ----------------------------------------------------------------------------------------------- */

static int build(struct container *c, struct error *err)
{
	int r = load(c, err); /* bad input leaves nothing behind, as nothing was made */

	if (r == 0)
		r = claim_container(c, err); /* the state folder is the lock; the id range is on record before it is used */
	if (r == 0)
		r = make_fifo(c, err); /* before I, which inherits it */
	if (r == 0)
		monitor_start(c); /* while R is where the host is; it needs a while */
	if (r == 0)
		r = make_m1(c, err); /* before I, which could not enter it later */
	if (r == 0)
		r = make_notify_folder(c, err); /* in M1, which it is mounted from, and before that is built upon */
	if (r == 0)
		r = plan_files(c, err); /* every refusal about the host's files comes before anything is mounted */
	if (r == 0)
		r = claim_plan_cgroup(c, err);
	if (r == 0 &&
	    !cgroup_has_unit(c->cgroup)) /* systemd starts a scope around a process: then I waits for it */
		r = claim_make_cgroup(c, err); /* limits hold before the first process */
	if (r == 0)
		r = intel_rdt_claim(&c->spec->linux_.intel_rdt, c->state_fd, &c->state, err);
	if (r == 0)
		r = join_network(c, err);
	if (r == 0)
		r = spawn_init(c, err); /* id-mapping needs its user namespace, proc its pid namespace */
	if (r == 0)
		monitor_build(c); /* while we make the root */
	if (r == 0)
		r = make_root(c, err); /* while I makes its namespaces */
	if (r == 0)
		r = spawn_finish_namespaces(c, err);
	if (r == 0) /* while R is in the namespace they come from */
		r = net_devices_move(&c->spec->linux_.net_devices, c->init_pid, &c->net_devices, err);
	if (r == 0)
		r = run_runtime_hooks(c, err); /* all namespaces exist, the root is mounted where the spec says */
	if (r == 0)
		r = build_tree(c, err);
	if (r == 0)
		r = seal(c, err); /* after it, nothing can be added to what is locked */
	if (r == 0)
		r = publish(c, err);
	return r;
}

/* Kills I and undoes what was made, in the reverse order; the state says what. */
static void undo(struct container *c)
{
	struct error ignored = ERROR_INIT;

	act_as(0, 0);
	net_devices_restore(c->net_devices);
	if (c->init_pid > 0) {
		(void)kill(c->init_pid,
			   SIGKILL); /* our own child, not reaped yet: the number is still its */
		(void)waitpid(c->init_pid, NULL, 0);
	}
	c->monitor_fd = fd_close(c->monitor_fd); /* with it the monitor ends */
	if (leave_m1(c, &ignored) < 0)
		log_warning("cleaning up after a failed create: %s", ignored.msg);
	if (c->state_fd >= 0 &&
	    undo_container(c->globals->root, c->state_fd, &c->state, c->cgroup, &ignored) < 0)
		log_warning("cleaning up after a failed create: %s", ignored.msg);
}

#define FD(member) offsetof(struct container, member)
static const size_t fds[] = {
	FD(state_fd),  FD(fifo_fd),   FD(listener_fd), FD(notify_fd),	FD(monitor_fd),
	FD(engine_fd), FD(calls_fd),  FD(host_mnt_fd), FD(host_net_fd), FD(host_cgroup_ns_fd),
	FD(cwd_fd),    FD(init_sock), FD(sock),	       FD(init_pidfd),	FD(userns_fd),
	FD(pidns_fd),  FD(label_fd),  FD(root_fd),     FD(master_fd),	FD(slave_fd),
};

static int *fd_member(struct container *c, size_t i)
{
	return (int *)((char *)c + fds[i]);
}

static void init(struct container *c, const struct globals *globals,
		 const struct create_options *options)
{
	for (size_t i = 0; i < sizeof(fds) / sizeof(fds[0]); i++)
		*fd_member(c, i) = -EBADF;
	c->globals = globals;
	c->options = options;
	c->root_source.fd = -EBADF;
	c->joined = (struct joined)JOINED_INIT;
	c->lsm = LSM_INIT;
}

/*
 * But for the spec: to free its thousand pieces would copy the pages that I still shares with us, and give none of them back
 * to the kernel.
 */
static void done(struct container *c)
{
	mount_tree_done(c);
	if (c->root_source.fd >= 0)
		source_done(&c->root_source);
	source_view_free(c->view);
	twin_free(c->twin);
	net_devices_free(c->net_devices);
	seccomp_program_done(&c->filter);
	cgroup_free(c->cgroup);
	state_done(&c->state);
	join_done(&c->joined);
	lsm_done(&c->lsm);
	for (size_t i = 0; i < sizeof(fds) / sizeof(fds[0]); i++)
		*fd_member(c, i) = fd_close(*fd_member(c, i));
}

int create_container(const struct globals *globals, const struct create_options *options,
		     struct created *ret, struct error *err)
{
	/* One in a process. Not on the stack: pages of its buffers that nobody writes to are none. */
	static struct container container;
	struct container *c = &container;
	int r = state_check_id(options->id, err);

	if (r == 0)
		r = fd_check_preserved(options->preserve_fds, err); /* before anything of ours is open */
	if (r < 0)
		return r;
	/* the joiner of a hostile container's namespaces, and what it forks, show nothing of themselves */
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
		return error_set(err, errno, "PR_SET_DUMPABLE");
	assert(!c->globals);
	init(c, globals, options);
	r = build(c, err);
	if (r < 0) {
		undo(c);
	} else if (ret) {
		ret->pid = c->init_pid;
		ret->pidfd = take_fd(&c->init_pidfd);
		ret->master_fd = take_fd(&c->master_fd);
	}
	done(c);
	return r;
}
