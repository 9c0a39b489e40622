/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * lsm - see lsm.h.
 *
 * How this works: `containers` holds each container's policy, `namespaces` one entry per user namespace, with how many
 * containers are in it and the strictest of their policies. Both are changed under one lock, flock(2) on the folder of the
 * pins, in an order that never leaves a contained task without a policy: `containers` first when a container comes,
 * `namespaces` first when it goes.
 */
#include "lsm.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/nsfs.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "error.h"
#include "fd.h"
#include "lsm_map.h"
#include "lsm_private.h"
#include "str.h"

#define USERNS_LEVELS 33
#define STATE_ROOM 1024	   /* what struct lsm_state may grow to, for ever */
#define FILEID_KERNFS 0xfe /* type of a file handle that holds a cgroup id: linux/exportfs.h */

const char *const lsm_map_names[LSM_MAP_COUNT] = {
	[LSM_MAP_CONTAINERS] = "containers",
	[LSM_MAP_NAMESPACES] = "namespaces",
	[LSM_MAP_COUNTERS] = "counters",
	[LSM_MAP_SETUP_TASKS] = "setup_tasks",
	[LSM_MAP_INHERITED] = "inherited",
	[LSM_MAP_PROC_RULES] = "proc_rules",
	[LSM_MAP_MASKS] = "masks",
	[LSM_MAP_GUARDED] = "guarded",
	[LSM_MAP_GUARDED_NAMES] = "guarded_names",
	[LSM_MAP_ENGINE] = "engine",
	[LSM_MAP_ENGINE_FILES] = "engine_files",
	[LSM_MAP_ENGINE_TASKS] = "engine_tasks",
	[LSM_MAP_EVENTS] = "events",
	[LSM_MAP_STATE] = "state",
};

const struct lsm_hook_info lsm_hooks[LSM_HOOK_COUNT] = {
#define LSM_HOOK_INFO(hook, topic, lost) { #hook, topic, lost, "lsm_" #hook, "bpf_lsm_" #hook, 0 },
#define LSM_WITNESS_INFO(witness, function, args, lost)                                            \
	{ #witness, "witness", lost, #witness, #function, args },
	LSM_HOOKS(LSM_HOOK_INFO, LSM_WITNESS_INFO)
#undef LSM_HOOK_INFO
#undef LSM_WITNESS_INFO
};

static const char *const mode_names[] = {
	[LSM_MODE_OFF] = "off",
	[LSM_MODE_ARM_ON_EXEC] = "arm-on-exec",
	[LSM_MODE_AUDIT] = "audit",
	[LSM_MODE_ENFORCE] = "enforce",
};

static const struct {
	const char *name;
	uint32_t bit;
} allow_names[] = {
	{ "bpf", LSM_ALLOW_BPF },
	{ "perf_events", LSM_ALLOW_PERF_EVENTS },
	{ "keys", LSM_ALLOW_KEYS },
	{ "io_uring", LSM_ALLOW_IO_URING },
	{ "userfaultfd", LSM_ALLOW_USERFAULTFD },
	{ "af_alg", LSM_ALLOW_AF_ALG },
	{ "af_vsock", LSM_ALLOW_AF_VSOCK },
	{ "modules", LSM_ALLOW_MODULES },
	{ "proc_nodes", LSM_ALLOW_PROC_NODES },
};

const char *lsm_mode_name(enum lsm_mode mode)
{
	return (unsigned int)mode <= LSM_MODE_ENFORCE ? mode_names[mode] : NULL;
}

bool lsm_mode_parse(const char *name, enum lsm_mode *ret_mode)
{
	for (unsigned int i = 0; i <= LSM_MODE_ENFORCE; i++) {
		if (str_eq(name, mode_names[i])) {
			*ret_mode = (enum lsm_mode)i;
			return true;
		}
	}
	return false;
}

uint32_t lsm_allow_parse(const char *name)
{
	for (size_t i = 0; i < sizeof(allow_names) / sizeof(allow_names[0]); i++)
		if (str_eq(name, allow_names[i].name))
			return allow_names[i].bit;
	return 0;
}

uint32_t lsm_fs_parse(const char *type)
{
	static const char *const names[] = {
#define LSM_FS_NAME(type) #type,
		LSM_FS_TYPES(LSM_FS_NAME)
#undef LSM_FS_NAME
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (str_eq(type, names[i]))
			return 1U << i;
	return LSM_FS_OTHER;
}

void lsm_done(struct lsm *lsm)
{
	for (size_t i = 0; i < LSM_MAP_COUNT; i++)
		lsm->map_fds[i] = fd_close(lsm->map_fds[i]);
	lsm->dir_fd = fd_close(lsm->dir_fd);
}

/* Who could write there could have pinned anything. */
static int open_pin_dir(struct error *err)
{
	_cleanup_close_ int fd = open(LSM_PIN_DIR, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;

	if (fd < 0 && errno == ENOENT)
		return error_text(err, ENOENT,
				  "the BPF LSM layer is not loaded: run 'bulwarkctl load'");
	if (fd < 0)
		return error_set(err, errno, "cannot open '%s'", LSM_PIN_DIR);
	if (fstat(fd, &st) < 0)
		return error_set(err, errno, "cannot stat '%s'", LSM_PIN_DIR);
	if (st.st_uid != 0 || (st.st_mode & 077))
		return error_text(err, EPERM,
				  "'%s' is not root's alone: remove it and run 'bulwarkctl load'",
				  LSM_PIN_DIR);
	return take_fd(&fd);
}

static int check_state(struct lsm *lsm, struct error *err)
{
	struct lsm_state state;
	int r = lsm_read_state(lsm, &state, err);

	if (r < 0)
		return r;
	if (state.abi != LSM_ABI)
		return error_text(err, EPROTO,
				  "the BPF LSM layer that is loaded speaks version %u of the maps, this program %d: "
				  "run 'bulwarkctl unload' and 'bulwarkctl load'",
				  state.abi, LSM_ABI);
	if (!state.self_test_passed)
		return error_text(err, EPROTO,
				  "the BPF LSM layer that is loaded has not passed its self-test: "
				  "run 'bulwarkctl unload' and 'bulwarkctl load'");
	return 0;
}

int lsm_open(struct lsm *ret_lsm, struct error *err)
{
	struct lsm lsm = LSM_INIT;
	char path[sizeof(LSM_PIN_DIR) + 32];
	int r;

	lsm.dir_fd = open_pin_dir(err);
	if (lsm.dir_fd < 0)
		return lsm.dir_fd;
	for (size_t i = 0; i < LSM_MAP_COUNT; i++) {
		(void)str_format(path, sizeof(path), "%s/%s", LSM_PIN_DIR, lsm_map_names[i]);
		lsm.map_fds[i] = lsm_map_open(path);
		if (lsm.map_fds[i] < 0) {
			r = error_set(err, errno, "cannot open the pinned map '%s'", path);
			goto fail;
		}
	}
	r = check_state(&lsm, err);
	if (r < 0)
		goto fail;
	*ret_lsm = lsm;
	return 0;
fail:
	lsm_done(&lsm);
	return r;
}

int lsm_lock_maps(struct lsm *lsm, int *ret_fd, struct error *err)
{
	_cleanup_close_ int fd = -EBADF;
	struct stat st;

	*ret_fd = -EBADF;
	if (lsm->dir_fd < 0)
		return 0;
	/* An open file description of our own: two threads, or a forked child, must not share the lock. */
	fd = openat(lsm->dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return error_set(err, errno, "cannot open '%s'", LSM_PIN_DIR);
	while (flock(fd, LOCK_EX) < 0)
		if (errno != EINTR)
			return error_set(err, errno, "cannot lock '%s'", LSM_PIN_DIR);
	/* The loader takes the folder away under this lock: what is written to its maps then protects nobody. */
	if (fstat(fd, &st) < 0)
		return error_set(err, errno, "cannot stat '%s'", LSM_PIN_DIR);
	if (st.st_nlink == 0)
		return error_text(err, ESTALE, "the BPF LSM layer was unloaded meanwhile: try again");
	*ret_fd = take_fd(&fd);
	return 0;
}

int lsm_read_container(struct lsm *lsm, uint64_t cgroup_id, struct lsm_container *ret,
		       struct error *err)
{
	if (lsm_map_lookup(lsm->map_fds[LSM_MAP_CONTAINERS], &cgroup_id, ret) < 0)
		return error_set(err, errno, "cannot read the BPF policy of cgroup %llu",
				 (unsigned long long)cgroup_id);
	return 0;
}

int lsm_read_counters(struct lsm *lsm, uint64_t cgroup_id, struct lsm_counters *ret, struct error *err)
{
	if (lsm_map_lookup(lsm->map_fds[LSM_MAP_COUNTERS], &cgroup_id, ret) < 0)
		return error_set(err, errno, "cannot read the BPF counters of cgroup %llu",
				 (unsigned long long)cgroup_id);
	return 0;
}

int lsm_read_state(struct lsm *lsm, struct lsm_state *ret, struct error *err)
{
	/* The kernel writes as much as the map has, and another version's may have more. */
	union {
		struct lsm_state state;
		char room[STATE_ROOM];
	} u = { 0 };
	uint32_t key = 0;

	if (lsm_map_lookup(lsm->map_fds[LSM_MAP_STATE], &key, &u) < 0)
		return error_set(err, errno, "cannot read the state of the BPF LSM layer");
	*ret = u.state;
	return 0;
}

int lsm_each_container(struct lsm *lsm,
		       int (*visit)(const struct lsm_container *container, void *data), void *data,
		       struct error *err)
{
	int fd = lsm->map_fds[LSM_MAP_CONTAINERS], r;
	struct lsm_container container;
	uint64_t key, next;
	int end = lsm_map_next(fd, NULL, &next) < 0 ? errno : 0;

	/* The next key is asked for before @visit may remove this one. A key that vanished makes the kernel start anew. */
	for (uint32_t i = 0; end == 0 && i < 2 * LSM_CONTAINERS_MAX; i++) {
		key = next;
		end = lsm_map_next(fd, &key, &next) < 0 ? errno : 0;
		if (lsm_map_lookup(fd, &key, &container) < 0)
			continue;
		r = visit(&container, data);
		if (r != 0)
			return r;
	}
	if (end != 0 && end != ENOENT)
		return error_set(err, end, "cannot list the containers of the BPF LSM layer");
	return 0;
}

int lsm_userns_of(int userns_fd, uint32_t *ret_userns, struct error *err)
{
	struct stat st;

	if (ioctl(userns_fd, NS_GET_NSTYPE) != CLONE_NEWUSER)
		return error_text(err, EINVAL, "a descriptor is not that of a user namespace");
	if (fstat(userns_fd, &st) < 0)
		return error_set(err, errno, "cannot stat a user namespace");
	*ret_userns = (uint32_t)st.st_ino;
	return 0;
}

/* Levels below the host's namespace, whose parent nobody may see: EPERM. */
static int userns_level_of(int userns_fd, uint32_t *ret_level, struct error *err)
{
	_cleanup_close_ int fd = fcntl(userns_fd, F_DUPFD_CLOEXEC, 0);
	uint32_t level = 0;

	if (fd < 0)
		return error_set(err, errno, "cannot duplicate a descriptor");
	for (; level < USERNS_LEVELS; level++) {
		int parent = ioctl(fd, NS_GET_PARENT);

		if (parent < 0 && errno != EPERM)
			return error_set(err, errno, "cannot find the parent of a user namespace");
		if (parent < 0)
			break;
		fd_closep(&fd);
		fd = parent;
	}
	if (level == 0)
		return error_text(err, EINVAL,
				  "a container cannot be registered with the user namespace of the host");
	*ret_level = level;
	return 0;
}

/* A cgroup's id is its inode number; its level is how often ".." leads somewhere else on the same file system. */
static int cgroup_id_of(int cgroup_fd, uint32_t first_uid, uint64_t *ret_id, struct error *err)
{
	_cleanup_close_ int fd = -EBADF;
	struct stat first, at, up;
	struct statfs fs;

	if (cgroup_fd == -EBADF) {
		*ret_id = LSM_NO_CGROUP | first_uid;
		return 0;
	}
	if (fstatfs(cgroup_fd, &fs) < 0 || fstat(cgroup_fd, &first) < 0)
		return error_set(err, errno, "cannot stat a cgroup");
	if (fs.f_type != CGROUP2_SUPER_MAGIC || !S_ISDIR(first.st_mode))
		return error_text(err, EINVAL, "a descriptor is not that of a cgroup v2 folder");
	at = first;
	fd = fcntl(cgroup_fd, F_DUPFD_CLOEXEC, 0);
	for (int level = 0; level <= LSM_CGROUP_LEVEL_MAX; level++) {
		int parent = openat(fd, "..", O_PATH | O_DIRECTORY | O_CLOEXEC);

		if (parent < 0 || fstat(parent, &up) < 0) {
			(void)fd_close(parent);
			return error_set(err, errno, "cannot open the parent of a cgroup");
		}
		fd_closep(&fd);
		fd = parent;
		if (up.st_dev != at.st_dev || up.st_ino == at.st_ino) {
			*ret_id = first.st_ino;
			return 0;
		}
		at = up;
	}
	return error_text(err, EINVAL,
			  "the container's cgroup is more than %d levels below the root: "
			  "give it a shorter cgroupsPath",
			  LSM_CGROUP_LEVEL_MAX);
}

/* Whether the cgroup of an entry is gone: an id is never used again. What cannot be told counts as alive. */
static bool cgroup_is_gone(int cgroup_root_fd, uint64_t cgroup_id)
{
	union {
		struct file_handle handle;
		char room[sizeof(struct file_handle) + sizeof(uint64_t)];
	} u = { 0 };
	int fd;

	u.handle.handle_bytes = sizeof(cgroup_id);
	u.handle.handle_type = FILEID_KERNFS;
	memcpy(u.handle.f_handle, &cgroup_id, sizeof(cgroup_id));
	fd = open_by_handle_at(cgroup_root_fd, &u.handle, O_PATH | O_CLOEXEC);
	if (fd < 0)
		return errno == ESTALE;
	(void)fd_close(fd);
	return false;
}

struct merge {
	struct lsm *lsm;
	struct lsm_namespace ns;
	enum lsm_mode mode;		  /* the strictest */
	uint32_t masked;		  /* how many have masks */
	const struct lsm_container *like; /* one of those that belong together */
	int cgroup_fd; /* anywhere in cgroup v2: entries whose cgroup is gone are dropped; -EBADF: they are kept */
};

/* Not by the inode number alone: that of a container that has stopped may be another's by now. */
static bool shares_namespace(const struct lsm_container *a, const struct lsm_container *b)
{
	return a->userns == b->userns && a->first_uid == b->first_uid;
}

/* The masks of a container hold for whoever is in none of the cgroups of its pod. */
static void add_masks_of(const struct lsm_container *c, struct merge *merge)
{
	if (c->first_mask == 0)
		return;
	if (merge->masked < LSM_POD_MASKED_MAX)
		merge->ns.masked[merge->masked] = c->cgroup_id;
	merge->masked++;
}

static void add_to_strictest(const struct lsm_container *c, struct merge *merge)
{
	struct lsm_container *to = &merge->ns.strictest;
	bool has_cgroup = !(c->cgroup_id & LSM_NO_CGROUP);
	enum lsm_mode mode = c->mode;

	/*
	 * The programs change the mode of a container alone, when its init executes something. Nobody but the init of a
	 * container without a cgroup is meant to be in none of them, so that there is nobody to wait for.
	 */
	if (has_cgroup && mode == LSM_MODE_ARM_ON_EXEC)
		mode = c->armed_mode;
	if (mode > merge->mode)
		merge->mode = mode;
	to->allow &= c->allow;
	to->fs_refused |= c->fs_refused;
	if (c->userns_depth < to->userns_depth)
		to->userns_depth = c->userns_depth;
	add_masks_of(c, merge);
	if (has_cgroup)
		return;
	to->cgroup_id = c->cgroup_id;
	to->armed_mode = c->armed_mode;
	to->arm_pid = c->arm_pid;
	memcpy(to->id, c->id, sizeof(to->id));
}

static int merge_one(const struct lsm_container *c, void *data)
{
	struct merge *merge = data;
	struct lsm_container *to = &merge->ns.strictest;

	if (!shares_namespace(c, merge->like))
		return 0;
	if (merge->cgroup_fd >= 0 && !(c->cgroup_id & LSM_NO_CGROUP) &&
	    cgroup_is_gone(merge->cgroup_fd, c->cgroup_id)) {
		(void)lsm_map_delete(merge->lsm->map_fds[LSM_MAP_CONTAINERS], &c->cgroup_id);
		(void)lsm_map_delete(merge->lsm->map_fds[LSM_MAP_COUNTERS], &c->cgroup_id);
		lsm_forget_masks(merge->lsm, c);
		return 0;
	}
	if (merge->ns.members++ == 0)
		*to = *c;
	add_to_strictest(c, merge);
	return 0;
}

static void finish_strictest(struct merge *merge)
{
	struct lsm_container *to = &merge->ns.strictest;

	to->mode = merge->mode;
	if (merge->masked > LSM_POD_MASKED_MAX)
		to->first_mask = LSM_MASKS_TOO_MANY;
	else
		to->first_mask = merge->masked > 0 ? LSM_MASKS_OF_POD : 0;
}

/* Whether the programs armed the container without a cgroup since it was merged. */
static bool is_armed_since(struct lsm *lsm, const struct lsm_container *strictest)
{
	struct lsm_container now = { 0 };

	return strictest->mode == LSM_MODE_ARM_ON_EXEC &&
	       lsm_map_lookup(lsm->map_fds[LSM_MAP_CONTAINERS], &strictest->cgroup_id, &now) == 0 &&
	       now.mode != LSM_MODE_ARM_ON_EXEC;
}

/* Writes the entry of a container's namespace anew; without a member it goes. */
static int update_namespace(struct lsm *lsm, const struct lsm_container *like, uint32_t level,
			    int cgroup_fd, struct error *err)
{
	struct merge merge = { .lsm = lsm, .like = like, .cgroup_fd = cgroup_fd };
	int fd = lsm->map_fds[LSM_MAP_NAMESPACES], r;

	r = lsm_each_container(lsm, merge_one, &merge, err);
	if (r < 0)
		return r;
	if (merge.ns.members == 0)
		return lsm_map_delete(fd, &like->userns) < 0 && errno != ENOENT ?
			       error_set(err, errno, "cannot forget a user namespace") :
			       0;
	merge.ns.level = level;
	if (merge.ns.members > 1) /* a single one is asked itself */
		finish_strictest(&merge);
	if (lsm_map_update(fd, &like->userns, &merge.ns, BPF_ANY) < 0)
		return error_set(err, errno, "cannot register a user namespace");
	/* Once: nothing ever waits for an execve(2) again. */
	return is_armed_since(lsm, &merge.ns.strictest) ?
		       update_namespace(lsm, like, level, cgroup_fd, err) :
		       0;
}

static int insert(struct lsm *lsm, const struct lsm_namespace *ns, int cgroup_fd, struct error *err)
{
	static const struct lsm_counters none;
	const struct lsm_container *container = &ns->strictest;
	int r = 0;

	if (lsm_map_update(lsm->map_fds[LSM_MAP_CONTAINERS], &container->cgroup_id, container,
			   BPF_NOEXIST) < 0)
		return errno == E2BIG ? error_text(err, ENOSPC,
						   "the BPF LSM layer has room for %d containers",
						   LSM_CONTAINERS_MAX) :
					error_set(err, errno, "cannot register the container");
	if (lsm_map_update(lsm->map_fds[LSM_MAP_COUNTERS], &container->cgroup_id, &none, BPF_ANY) < 0)
		r = error_set(err, errno, "cannot register the container's counters");
	/* A namespace of its own is the usual case, and costs one call however many containers there are. */
	else if (lsm_map_update(lsm->map_fds[LSM_MAP_NAMESPACES], &container->userns, ns,
				BPF_NOEXIST) < 0)
		r = errno == EEXIST ? update_namespace(lsm, container, ns->level, cgroup_fd, err) :
				      error_set(err, errno, "cannot register a user namespace");
	if (r < 0) {
		(void)lsm_map_delete(lsm->map_fds[LSM_MAP_CONTAINERS], &container->cgroup_id);
		(void)lsm_map_delete(lsm->map_fds[LSM_MAP_COUNTERS], &container->cgroup_id);
	}
	return r;
}

int lsm_register(struct lsm *lsm, const struct lsm_registration *registration,
		 uint64_t *ret_cgroup_id, struct error *err)
{
	struct lsm_namespace ns = {
		.members = 1,
		.strictest = { .first_uid = registration->first_uid,
			       .mode = LSM_MODE_OFF,
			       .armed_mode = registration->armed_mode,
			       .allow = registration->allow,
			       .userns_depth = registration->userns_depth,
			       .fs_refused = registration->fs_refused },
	};
	struct lsm_container *container = &ns.strictest;
	_cleanup_close_ int lock_fd = -EBADF;
	size_t len = strnlen(registration->id, sizeof(container->id) - 1);
	int r;

	memcpy(container->id, registration->id, len);
	r = cgroup_id_of(registration->cgroup_fd, registration->first_uid,
			 (uint64_t *)&container->cgroup_id, err);
	if (r == 0)
		r = lsm_userns_of(registration->userns_fd, &container->userns, err);
	if (r == 0)
		r = userns_level_of(registration->userns_fd, &ns.level, err);
	if (r == 0)
		r = lsm_lock_maps(lsm, &lock_fd, err);
	if (r == 0)
		r = insert(lsm, &ns, registration->cgroup_fd, err);
	if (r < 0)
		return error_wrap(err, "BPF LSM layer");
	*ret_cgroup_id = container->cgroup_id;
	return 0;
}

/* The entry of a container's own namespace; -ENOENT: there is none, or the number is another's by now. */
static int find_namespace(struct lsm *lsm, const struct lsm_container *container,
			  struct lsm_namespace *ret, struct error *err)
{
	if (lsm_map_lookup(lsm->map_fds[LSM_MAP_NAMESPACES], &container->userns, ret) < 0 &&
	    errno != ENOENT)
		return error_set(err, errno, "cannot read the entry of a user namespace");
	return ret->members && shares_namespace(&ret->strictest, container) ? 0 : -ENOENT;
}

/* With its namespace's; ns->strictest is not looked at. */
int lsm_find_container(struct lsm *lsm, uint64_t cgroup_id, struct lsm_container *ret,
		       struct lsm_namespace *ret_ns, struct error *err)
{
	int r = lsm_read_container(lsm, cgroup_id, ret, err);

	if (r == 0)
		r = find_namespace(lsm, ret, ret_ns, err);
	return r == -ENOENT ? error_text(err, ENOENT,
					 "the container is not registered with the BPF LSM layer") :
			      r;
}

int lsm_write_container(struct lsm *lsm, const struct lsm_container *container,
			struct lsm_namespace *ns, struct error *err)
{
	if (lsm_map_update(lsm->map_fds[LSM_MAP_CONTAINERS], &container->cgroup_id, container,
			   BPF_EXIST) < 0)
		return error_set(err, errno, "cannot write the container's BPF policy");
	/* With one container in it that one is asked, and not the entry, which stays readable all the same. */
	if (ns->members > 1)
		return update_namespace(lsm, container, ns->level, -EBADF, err);
	ns->strictest = *container;
	if (lsm_map_update(lsm->map_fds[LSM_MAP_NAMESPACES], &container->userns, ns, BPF_EXIST) < 0)
		return error_set(err, errno, "cannot write the entry of a user namespace");
	return 0;
}

int lsm_set_mode(struct lsm *lsm, uint64_t cgroup_id, enum lsm_mode mode, enum lsm_mode armed_mode,
		 uint32_t arm_pid, struct error *err)
{
	_cleanup_close_ int lock_fd = -EBADF;
	struct lsm_namespace ns = { 0 };
	struct lsm_container container = { 0 };
	int r = lsm_lock_maps(lsm, &lock_fd, err);

	if (r == 0)
		r = lsm_find_container(lsm, cgroup_id, &container, &ns, err);
	if (r < 0)
		return r;
	container.mode = mode;
	container.armed_mode = mode == LSM_MODE_ARM_ON_EXEC ? armed_mode : mode;
	container.arm_pid = mode == LSM_MODE_ARM_ON_EXEC ? arm_pid : 0;
	return lsm_write_container(lsm, &container, &ns, err);
}

int lsm_arm(struct lsm *lsm, uint64_t cgroup_id, uint32_t arm_pid, struct error *err)
{
	_cleanup_close_ int lock_fd = -EBADF;
	struct lsm_namespace ns = { 0 };
	struct lsm_container container = { 0 };
	int r = lsm_lock_maps(lsm, &lock_fd, err);

	if (r == 0)
		r = lsm_find_container(lsm, cgroup_id, &container, &ns, err);
	if (r < 0 || container.mode != LSM_MODE_OFF)
		return r;
	container.mode = LSM_MODE_ARM_ON_EXEC;
	container.arm_pid = arm_pid;
	return lsm_write_container(lsm, &container, &ns, err);
}

int lsm_unregister(struct lsm *lsm, uint64_t cgroup_id, struct error *err)
{
	_cleanup_close_ int lock_fd = -EBADF;
	struct lsm_container container = { 0 };
	struct lsm_namespace ns = { 0 };
	int r = lsm_lock_maps(lsm, &lock_fd, err);

	if (r < 0)
		return r;
	if (lsm_map_lookup(lsm->map_fds[LSM_MAP_CONTAINERS], &cgroup_id, &container) < 0)
		return errno == ENOENT ?
			       0 :
			       error_set(err, errno, "cannot find the container's BPF policy");
	r = find_namespace(lsm, &container, &ns, err);
	if (r < 0 && r != -ENOENT)
		return r;
	if (r == 0 && ns.members == 1)
		(void)lsm_map_delete(lsm->map_fds[LSM_MAP_NAMESPACES], &container.userns);
	if (lsm_map_delete(lsm->map_fds[LSM_MAP_CONTAINERS], &cgroup_id) < 0)
		return error_set(err, errno, "cannot remove the container's BPF policy");
	(void)lsm_map_delete(lsm->map_fds[LSM_MAP_COUNTERS], &cgroup_id);
	lsm_forget_masks(lsm, &container);
	return r == 0 && ns.members > 1 ? update_namespace(lsm, &container, ns.level, -EBADF, err) :
					  0;
}

int lsm_mark_setup(struct lsm *lsm, pid_t pid, struct error *err)
{
	_cleanup_close_ int pidfd = (int)syscall(SYS_pidfd_open, pid ? pid : getpid(), 0);
	uint32_t mark = 1;

	if (pidfd < 0)
		return error_set(err, errno, "pidfd_open");
	if (lsm_map_update(lsm->map_fds[LSM_MAP_SETUP_TASKS], &pidfd, &mark, BPF_ANY) < 0)
		return error_set(err, errno, "cannot mark a process as the runtime's");
	return 0;
}

int lsm_allow_inherited(struct lsm *lsm, uint64_t cgroup_id, int fd, struct error *err)
{
	_cleanup_close_ int lock_fd = -EBADF;
	struct lsm_container container = { 0 };
	struct lsm_heir heir;
	struct lsm_inherited by;
	int map = lsm->map_fds[LSM_MAP_INHERITED];
	int r = lsm_lock_maps(lsm, &lock_fd, err);

	if (r == 0)
		r = lsm_read_container(lsm, cgroup_id, &container, err);
	if (r < 0)
		return r;
	heir = (struct lsm_heir){ container.userns, container.first_uid };
	if (lsm_map_lookup(map, &fd, &by) < 0) {
		if (errno != ENOENT)
			return error_set(err, errno, "cannot ask who inherited a file");
		memset(&by, 0, sizeof(by));
	}
	for (size_t i = 0; i < LSM_INHERITED_MAX; i++)
		if (by.by[i].userns == heir.userns && by.by[i].first_uid == heir.first_uid)
			return 0;
	/* The newest first; the oldest falls out. */
	memmove(by.by + 1, by.by, sizeof(by.by) - sizeof(by.by[0]));
	by.by[0] = heir;
	if (lsm_map_update(map, &fd, &by, BPF_ANY) < 0)
		return error_set(err, errno, "cannot let the container reopen a file it inherits");
	return 0;
}

uint64_t lsm_path_hash(uint64_t magic, const char *path)
{
	uint64_t hash = magic;
	size_t len = 0, depth = 0;

	for (;; path++) {
		if (*path && *path != '/') {
			hash = LSM_PATH_STEP(hash, *path);
			if (++len >= LSM_PATH_NAME)
				return 0;
			continue;
		}
		if (len == 0 || ++depth > LSM_PATH_DEPTH)
			return 0;
		hash = LSM_PATH_STEP(hash, '/');
		len = 0;
		if (!*path)
			return hash;
	}
}

int lsm_set_proc_rule(struct lsm *lsm, uint64_t magic, const char *path, uint32_t node,
		      struct error *err)
{
	uint64_t key = lsm_path_hash(magic, path);
	char quoted[64];

	if (key == 0)
		return error_text(err, EINVAL,
				  "'%s' cannot be a rule of the BPF LSM layer: components are not empty, "
				  "shorter than %d bytes, and at most %d",
				  str_quote(path, quoted, sizeof(quoted)), LSM_PATH_NAME,
				  LSM_PATH_DEPTH);
	if (node ? lsm_map_update(lsm->map_fds[LSM_MAP_PROC_RULES], &key, &node, BPF_ANY) < 0 :
		   lsm_map_delete(lsm->map_fds[LSM_MAP_PROC_RULES], &key) < 0 && errno != ENOENT)
		return error_set(err, errno, "cannot change the rule of '%s'",
				 str_quote(path, quoted, sizeof(quoted)));
	return 0;
}
