/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * contain - owns a container made by hand, for the tests of the BPF layer: a user namespace, a cgroup, locked mounts, and an
 * entry in the maps through the same library as the runtime's. What a runtime must never leak, this leaks when told to.
 *
 *   contain [OPTION...] -- COMMAND [ARGUMENT...]
 *
 *   --mode M        off, audit, enforce: from COMMAND's execve(2) on; off unless given. none: as if there were no BPF layer
 *   --id ID         of the container, and of its cgroup /sys/fs/cgroup/bpf-test-ID; "c1" unless given
 *   --allow NAME    may be repeated
 *   --first N       host id of the container's root, and of 65535 more behind it; 100000 unless given
 *   --lines N       its uid_map has N lines more, and so has the mapping of --owner; at most 9
 *   --depth N       user namespaces that may be nested; 0 unless given
 *   --leak N=PATH   descriptor N is this file or folder of the host, opened before the mounts are the container's
 *   --cwd N         the current folder is descriptor N (CVE-2024-21626)
 *   --inherit N     descriptor N may be opened again
 *   --mqueue PATH   mount the container's message queues there: a superblock that belongs to its user namespace
 *   --owner PATH=N  id-map PATH so that N, its owner on disk, is the container's root, and nobody else is anybody
 *   --join PID      share the user namespace of that process (a pod)
 *   --members N     N more containers of the pod, which are never started, with the same masks; they end with this one
 *   --enter PID     no new container: enter that process's namespaces and cgroup, and say what happens before execve(2)
 *   --guard PATH    that socket, file or folder is guarded; may be repeated. Guards end with the container
 *   --guard-in PATH the last part of PATH is guarded in the folder before it, there or not
 *   --guard-name N  the abstract socket N of this network namespace is guarded
 *   --mask PATH     hidden below /proc or /sys, on every instance; may be repeated
 *   --readonly PATH the same, read-only
 *   --fs TYPE       may be mounted, and nothing else; may be repeated
 *   --unmarked      with --join and --enter: without saying that this is the runtime
 *
 * The session keyring is leaked always. Its exit status is COMMAND's; 125: the container could not be made.
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/keyctl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "error.h"
#include "fd.h"
#include "lsm.h"
#include "str.h"
#include "sys.h"

#define CGROUPS "/sys/fs/cgroup"
#define LEAKS_MAX 8
#define MASKS_MAX 16
#define MEMBERS_MAX 64
#define MAP_ROOM 512 /* bytes */

enum guard_kind { GUARD_PATH, GUARD_IN, GUARD_NAME };

struct options {
	bool registered;
	enum lsm_mode mode;
	const char *id;
	uint32_t allow, first, lines, depth, fs_allowed;
	struct {
		int as, fd;
		bool inherit;
	} leaks[LEAKS_MAX];
	size_t n_leaks;
	int cwd;
	struct lsm_mask masks[MASKS_MAX];
	size_t n_masks;
	struct {
		const char *text;
		enum guard_kind kind;
		int fd;
	} guards[MASKS_MAX];
	size_t n_guards;
	const char *mqueue, *owner;
	pid_t join, enter;
	uint32_t n_members;
	uint64_t members[MEMBERS_MAX];
	bool unmarked;
	char **command;
};

static void die(const char *what)
{
	fprintf(stderr, "contain: %s: %m\n", what);
	exit(125);
}

static void die_err(const struct error *err)
{
	fprintf(stderr, "contain: %s\n", err->msg);
	exit(125);
}

static int open_ns(pid_t pid, const char *name)
{
	char path[64];
	int fd;

	(void)str_format(path, sizeof(path), "/proc/%d/ns/%s", pid, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		die(path);
	return fd;
}

static void write_file(const char *path, const char *text)
{
	struct error err = ERROR_INIT;

	if (fd_write_file(AT_FDCWD, path, text, &err) < 0)
		die_err(&err);
}

static void write_maps(pid_t pid, const char *map)
{
	char path[64];

	(void)str_format(path, sizeof(path), "/proc/%d/uid_map", pid);
	write_file(path, map);
	(void)str_format(path, sizeof(path), "/proc/%d/gid_map", pid);
	write_file(path, map);
}

/* ---- the command line ---- */

static void add_leak(struct options *o, const char *text)
{
	const char *equals = strchr(text, '=');

	if (!equals || o->n_leaks == LEAKS_MAX)
		die("--leak N=PATH");
	o->leaks[o->n_leaks].as = atoi(text);
	/* Not close-on-exec until it has its number: that is the point. */
	o->leaks[o->n_leaks].fd = fcntl(open(equals + 1, O_RDONLY), F_DUPFD, 200);
	if (o->leaks[o->n_leaks].fd < 0)
		die(text);
	o->n_leaks++;
}

static void add_mask(struct options *o, const char *path, uint32_t node)
{
	if (o->n_masks == MASKS_MAX)
		die("--mask");
	o->masks[o->n_masks++] = (struct lsm_mask){ .path = path, .node = node };
}

static void add_guard(struct options *o, const char *text, enum guard_kind kind)
{
	if (o->n_guards == MASKS_MAX)
		die("--guard");
	o->guards[o->n_guards].text = text;
	o->guards[o->n_guards++].kind = kind;
}

static void mark_inherited(struct options *o, const char *text)
{
	int as = atoi(text);

	for (size_t i = 0; i < o->n_leaks; i++)
		if (o->leaks[i].as == as)
			o->leaks[i].inherit = true;
}

static void take_mode(struct options *o, const char *name)
{
	o->registered = !str_eq(name, "none");
	if (o->registered && !lsm_mode_parse(name, &o->mode))
		die("--mode");
}

static void take_allow(struct options *o, const char *name)
{
	uint32_t bit = lsm_allow_parse(name);

	if (!bit)
		die("--allow");
	o->allow |= bit;
}

static void take_id(struct options *o, const char *text)
{
	o->id = text;
}

static void take_first(struct options *o, const char *text)
{
	o->first = (uint32_t)atoi(text);
}

static void take_lines(struct options *o, const char *text)
{
	o->lines = (uint32_t)atoi(text);
}

static void take_depth(struct options *o, const char *text)
{
	o->depth = (uint32_t)atoi(text);
}

static void take_cwd(struct options *o, const char *text)
{
	o->cwd = atoi(text);
}

static void take_mqueue(struct options *o, const char *text)
{
	o->mqueue = text;
}

static void take_owner(struct options *o, const char *text)
{
	o->owner = text;
}

static void take_join(struct options *o, const char *text)
{
	o->join = atoi(text);
}

static void take_enter(struct options *o, const char *text)
{
	o->enter = atoi(text);
}

static void take_members(struct options *o, const char *text)
{
	o->n_members = (uint32_t)atoi(text);
	if (o->n_members > MEMBERS_MAX)
		die("--members");
}

static void take_fs(struct options *o, const char *text)
{
	o->fs_allowed |= lsm_fs_parse(text);
}

static void take_mask(struct options *o, const char *text)
{
	add_mask(o, text, LSM_NODE_DENY);
}

static void take_readonly(struct options *o, const char *text)
{
	add_mask(o, text, LSM_NODE_READ_ONLY);
}

static void take_guard(struct options *o, const char *text)
{
	add_guard(o, text, GUARD_PATH);
}

static void take_guard_in(struct options *o, const char *text)
{
	add_guard(o, text, GUARD_IN);
}

static void take_guard_name(struct options *o, const char *text)
{
	add_guard(o, text, GUARD_NAME);
}

static void parse(char **argv, struct options *o)
{
	static const struct {
		const char *name;
		void (*take)(struct options *o, const char *text);
	} words[] = {
		{ "--mode", take_mode },	 { "--id", take_id },
		{ "--allow", take_allow },	 { "--first", take_first },
		{ "--lines", take_lines },	 { "--depth", take_depth },
		{ "--leak", add_leak },		 { "--cwd", take_cwd },
		{ "--inherit", mark_inherited }, { "--mqueue", take_mqueue },
		{ "--owner", take_owner },	 { "--join", take_join },
		{ "--enter", take_enter },	 { "--guard", take_guard },
		{ "--guard-in", take_guard_in }, { "--guard-name", take_guard_name },
		{ "--members", take_members },	 { "--fs", take_fs },
		{ "--mask", take_mask },	 { "--readonly", take_readonly },
	};
	char **at = argv + 1;

	for (; *at && str_after(*at, "--") && !str_eq(*at, "--"); at++) {
		size_t k = 0;

		if (str_eq(*at, "--unmarked")) {
			o->unmarked = true;
			continue;
		}
		while (k < sizeof(words) / sizeof(words[0]) && !str_eq(*at, words[k].name))
			k++;
		if (k == sizeof(words) / sizeof(words[0]) || !at[1])
			die(*at);
		words[k].take(o, *++at);
	}
	o->command = at + (*at && str_eq(*at, "--"));
}

/* ---- the container ---- */

static void wait_for_parent(int sock)
{
	char byte;

	if (write(sock, "1", 1) != 1 || read(sock, &byte, 1) != 1)
		_exit(125);
}

static void become_root(void)
{
	if (setgroups(0, NULL) < 0 || setresgid(0, 0, 0) < 0 || setresuid(0, 0, 0) < 0)
		die("setresuid");
}

static void say_before_exec(void)
{
	int fd = socket(AF_ALG, SOCK_SEQPACKET, 0);

	printf("before-exec: %s\n", fd >= 0 ? "ok" : strerrorname_np(errno));
	(void)fflush(stdout);
	(void)fd_close(fd);
}

/* The namespaces of its own, in the steps that the parent has something to do between. */
static void child(const struct options *o, const int socks[2])
{
	const int sock = socks[1];

	(void)close(socks[0]); /* or it would wait for ever for a parent that died */
	if (o->join || o->enter)
		wait_for_parent(sock); /* it marks us */
	if (o->join || o->enter) {
		int user = open_ns(o->join ? o->join : o->enter, "user");
		int mnt = o->enter ? open_ns(o->enter, "mnt") : -EBADF;

		if (setns(user, CLONE_NEWUSER) < 0 || (mnt >= 0 && setns(mnt, CLONE_NEWNS) < 0))
			die("setns");
		(void)fd_close(user);
		(void)fd_close(mnt);
	} else if (unshare(CLONE_NEWUSER | CLONE_NEWIPC | CLONE_NEWUTS) < 0) {
		die("unshare");
	}
	(void)prctl(PR_SET_DUMPABLE, 1); /* or its maps could not be written by the parent */
	wait_for_parent(sock);
	become_root();
	/* Of another user namespace than the one it is copied from: each mount is locked. */
	if (!o->enter && unshare(CLONE_NEWNS) < 0)
		die("unshare");
	if (o->enter || o->join)
		say_before_exec();
	for (size_t i = 0; i < o->n_leaks; i++)
		if (dup2(o->leaks[i].fd, o->leaks[i].as) < 0)
			die("dup2");
	if (o->cwd >= 0 && fchdir(o->cwd) < 0)
		die("fchdir");
	(void)close(sock);
	execvp(o->command[0], o->command);
	fprintf(stderr, "contain: execve: %s\n", strerrorname_np(errno));
	_exit(126);
}

/* @n ids from @from on, and as many lines with one id each before and behind them as are asked for. */
static void make_map(char map[MAP_ROOM], uint32_t from, uint32_t to, uint32_t n, uint32_t lines)
{
	size_t used;

	(void)str_format(map, MAP_ROOM, "%u %u %u\n", from + lines, to + lines, n);
	for (uint32_t i = 0; i < lines; i++) {
		used = strlen(map);
		(void)str_format(map + used, MAP_ROOM - used, "%u %u 1\n", from + i, to + i);
	}
}

/* A user namespace that maps one id on disk to the container's root, for an id-mapped mount. */
static int owner_userns(uint32_t owner, const struct options *o)
{
	int socks[2], fd;
	char map[MAP_ROOM], byte;
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, socks) < 0 || (pid = fork()) < 0)
		die("fork");
	if (pid == 0) {
		if (unshare(CLONE_NEWUSER) < 0)
			die("unshare");
		(void)close(socks[0]);
		wait_for_parent(socks[1]);
		_exit(0);
	}
	(void)close(socks[1]);
	if (read(socks[0], &byte, 1) != 1)
		die("child");
	make_map(map, owner, o->first, 1, o->lines);
	write_maps(pid, map);
	fd = open_ns(pid, "user");
	(void)close(socks[0]);
	(void)waitpid(pid, NULL, 0);
	return fd;
}

static void map_owner(const char *text, const struct options *o)
{
	const char *equals = strchr(text, '=');
	struct mount_attr attr = { .attr_set = MOUNT_ATTR_IDMAP };
	char path[256];
	int tree;

	if (!equals || str_format(path, sizeof(path), "%.*s", (int)(equals - text), text) < 0)
		die("--owner PATH=N");
	attr.userns_fd = (uint64_t)owner_userns((uint32_t)atoi(equals + 1), o);
	tree = open_tree(AT_FDCWD, path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
	if (tree < 0 || mount_setattr(tree, "", AT_EMPTY_PATH, &attr, sizeof(attr)) < 0 ||
	    move_mount(tree, "", AT_FDCWD, path, MOVE_MOUNT_F_EMPTY_PATH) < 0)
		die("id-mapped mount");
	(void)close(tree);
	(void)close((int)attr.userns_fd);
}

static void move_to_cgroup(const char *folder, pid_t pid)
{
	char path[256], text[16];

	(void)str_format(path, sizeof(path), "%s/cgroup.procs", folder);
	(void)str_format(text, sizeof(text), "%d", pid);
	write_file(path, text);
}

static void register_child(const struct options *o, struct lsm *lsm, const char *cgroup, pid_t pid,
			   uint64_t *ret_cgroup_id)
{
	struct lsm_registration registration = { .id = o->id,
						 .first_uid = o->first,
						 .allow = o->allow,
						 .userns_depth = o->depth,
						 .fs_refused = o->fs_allowed ? ~o->fs_allowed : 0 };
	struct error err = ERROR_INIT;
	int r;

	registration.cgroup_fd = open(cgroup, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	registration.userns_fd = open_ns(pid, "user");
	r = lsm_register(lsm, &registration, ret_cgroup_id, &err);
	for (size_t i = 0; r == 0 && i < o->n_leaks; i++)
		if (o->leaks[i].inherit)
			r = lsm_allow_inherited(lsm, *ret_cgroup_id, o->leaks[i].fd, &err);
	if (r == 0 && o->n_masks > 0)
		r = lsm_set_masks(lsm, *ret_cgroup_id, o->masks, o->n_masks, &err);
	if (r >= 0 && o->mode != LSM_MODE_OFF)
		r = lsm_set_mode(lsm, *ret_cgroup_id, LSM_MODE_ARM_ON_EXEC, o->mode, (uint32_t)pid,
				 &err);
	if (r < 0)
		die_err(&err);
	(void)close(registration.cgroup_fd);
	(void)close(registration.userns_fd);
}

static void member_cgroup(const struct options *o, uint32_t i, char path[256])
{
	(void)str_format(path, 256, CGROUPS "/bpf-test-%s-%u", o->id, i);
}

static void register_members(struct options *o, struct lsm *lsm, pid_t pid)
{
	struct lsm_registration registration = { .id = "member", .first_uid = o->first };
	struct error err = ERROR_INIT;
	char path[256];

	registration.userns_fd = open_ns(pid, "user");
	for (uint32_t i = 0; i < o->n_members; i++) {
		member_cgroup(o, i, path);
		if (mkdir(path, 0755) < 0)
			die(path);
		registration.cgroup_fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (lsm_register(lsm, &registration, &o->members[i], &err) < 0 ||
		    lsm_set_masks(lsm, o->members[i], o->masks, o->n_masks, &err) < 0)
			die_err(&err);
		(void)close(registration.cgroup_fd);
	}
	(void)close(registration.userns_fd);
}

static void unregister_members(const struct options *o, struct lsm *lsm)
{
	struct error err = ERROR_INIT;
	char path[256];

	for (uint32_t i = 0; i < o->n_members; i++) {
		member_cgroup(o, i, path);
		if (lsm_unregister(lsm, o->members[i], &err) < 0)
			die_err(&err);
		(void)rmdir(path);
	}
}

static void mount_mqueue(const char *path, pid_t pid)
{
	int ipc = open_ns(pid, "ipc");

	if (setns(ipc, CLONE_NEWIPC) < 0 || mount("mqueue", path, "mqueue", 0, NULL) < 0)
		die("mqueue");
	(void)close(ipc);
}

static void cgroup_of(pid_t pid, char *buf, size_t size)
{
	struct error err = ERROR_INIT;
	_cleanup_free_ char *text = NULL;
	char path[64];

	(void)str_format(path, sizeof(path), "/proc/%d/cgroup", pid);
	if (fd_read_file(AT_FDCWD, path, 4096, &text, NULL, &err) < 0)
		die_err(&err);
	text[strcspn(text, "\n")] = '\0';
	if (!str_after(text, "0::") || str_format(buf, size, CGROUPS "%s", text + 3) < 0)
		die("cgroup");
}

static void choose_cgroup(const struct options *o, char *buf, size_t size)
{
	if (o->enter) {
		cgroup_of(o->enter, buf, size);
		return;
	}
	(void)str_format(buf, size, CGROUPS "/bpf-test-%s", o->id);
	if (mkdir(buf, 0755) < 0)
		die(buf);
}

static void mark(struct lsm *lsm, pid_t pid)
{
	struct error err = ERROR_INIT;

	if (lsm_mark_setup(lsm, pid, &err) < 0)
		die_err(&err);
}

/* Opened once: the container may put something else in its place. */
static void open_guards(struct options *o)
{
	char folder[256];

	for (size_t i = 0; i < o->n_guards; i++) {
		const char *text = o->guards[i].text;

		if (o->guards[i].kind == GUARD_IN) {
			o->guards[i].text = strrchr(text, '/') + 1;
			(void)str_format(folder, sizeof(folder), "%.*s",
					 (int)(o->guards[i].text - text), text);
			text = folder;
		}
		o->guards[i].fd = o->guards[i].kind == GUARD_NAME ? open_ns(getpid(), "net") :
								    open(text, O_PATH | O_CLOEXEC);
		if (o->guards[i].fd < 0)
			die(text);
	}
}

static void set_guards(const struct options *o, struct lsm *lsm, bool on)
{
	struct error err = ERROR_INIT;

	for (size_t i = 0; i < o->n_guards; i++) {
		const char *text = o->guards[i].text;
		int r = o->guards[i].kind == GUARD_NAME ?
				lsm_guard_abstract(lsm, o->guards[i].fd, text, strlen(text), on,
						   &err) :
				lsm_guard(lsm, o->guards[i].fd,
					  o->guards[i].kind == GUARD_IN ? text : NULL, on, &err);

		if (r < 0)
			die_err(&err);
	}
}

static void await(int sock)
{
	char byte;

	if (read(sock, &byte, 1) != 1)
		die("child");
}

static void let_go(int sock)
{
	if (write(sock, "2", 1) != 1)
		die("child");
}

int main(int argc, char **argv)
{
	struct options o = { .id = "c1", .cwd = -1, .first = 100000, .registered = true };
	struct error err = ERROR_INIT;
	struct lsm lsm = LSM_INIT;
	uint64_t cgroup_id = 0;
	int socks[2], status;
	char cgroup[256], map[MAP_ROOM];
	pid_t pid;

	(void)argc;
	parse(argv, &o);
	if (!*o.command)
		die("no command");
	if (o.registered && lsm_open(&lsm, &err) < 0)
		die_err(&err);
	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		die("unshare");
	if (syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, NULL) < 0)
		die("keyctl");
	if (o.owner)
		map_owner(o.owner, &o);
	open_guards(&o);
	set_guards(&o, &lsm, true);
	choose_cgroup(&o, cgroup, sizeof(cgroup));
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, socks) < 0 || (pid = fork()) < 0)
		die("fork");
	if (pid == 0)
		child(&o, socks);
	(void)close(socks[1]);
	if (o.join || o.enter) {
		await(socks[0]);
		if (!o.unmarked)
			mark(&lsm, pid);
		let_go(socks[0]);
	}
	await(socks[0]);
	if (!o.join && !o.enter) {
		make_map(map, 0, o.first, 65536 - o.lines, o.lines);
		write_maps(pid, map);
	}
	if (o.mqueue)
		mount_mqueue(o.mqueue, pid);
	move_to_cgroup(cgroup, pid);
	if (!o.enter && o.registered)
		register_child(&o, &lsm, cgroup, pid, &cgroup_id);
	register_members(&o, &lsm, pid);
	let_go(socks[0]);
	if (waitpid(pid, &status, 0) < 0)
		die("waitpid");
	set_guards(&o, &lsm, false);
	unregister_members(&o, &lsm);
	if (!o.enter) {
		if (o.registered && lsm_unregister(&lsm, cgroup_id, &err) < 0)
			die_err(&err);
		(void)rmdir(cgroup);
	}
	lsm_done(&lsm);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 124;
}
