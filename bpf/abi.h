/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * abi - owns what the BPF programs and user space share: the values of the pinned maps, and the records.
 *
 * Fixed widths, no pointers, each size asserted. A change of any of it is a new LSM_ABI: a runtime that finds another
 * number in the map `state` does not touch the other maps.
 */
#pragma once

#include <linux/types.h>

#define LSM_ABI 3
#define LSM_PIN_DIR "/sys/fs/bpf/bulwark" /* pins; no name below it may hold a dot */

#define LSM_ID_MAX 72		 /* bytes of a container id with the NUL; a longer one is cut */
#define LSM_OBJECT_MAX 64	 /* bytes of the name of what was asked for, with the NUL */
#define LSM_CONTAINERS_MAX 16384 /* entries of `containers`, `namespaces`, `counters` */
#define LSM_UID_LINES 5		 /* of a uid_map that the kernel keeps in their order */
#define LSM_CGROUP_LEVEL_MAX 16 /* the deepest cgroup that can be registered; the root is level 0 */
#define LSM_NO_CGROUP                                                                              \
	(1ULL << 62) /* and its first uid: the id of a container without a cgroup (v2) of its own */
#define LSM_RECORDS_PER_SECOND 100 /* per container; what is above is counted as lost */
#define LSM_RING_BYTES (256 * 1024)
#define LSM_INHERITED_MAX 8  /* containers that may reopen one inherited file */
#define LSM_MASKS_MAX 1024   /* rules that one container may have for nodes of procfs and sysfs */
#define LSM_MASKS_ALL 131072 /* and all of them */

/*
 * What there are programs for, in the order of struct lsm_counters, of the records and of struct lsm_state: append only, at
 * the end, whichever of the two kinds it is. Then `bulwarkctl reload` brings the new program under containers that run;
 * anything else is a new LSM_ABI.
 *
 * HOOK: one of the kernel's LSM hooks, with its topic, and what is not enforced on a kernel that lacks it.
 *
 * WITNESS: what the kernel refuses by itself before any hook is reached, with a program behind the function that does: it
 * records the refusal, and has no say in it. The function, how many arguments of it are looked at, and what is not recorded
 * on a kernel whose function has another name, or was inlined.
 */
#define LSM_HOOKS(HOOK, WITNESS)                                                                         \
	HOOK(bprm_creds_for_exec, "gate", "containers cannot be armed at execve(2)")                     \
	HOOK(bpf, "surface", "bpf(2)")                                                                   \
	HOOK(perf_event_open, "surface", "perf_event_open(2)")                                           \
	HOOK(key_alloc, "surface", "add_key(2) and request_key(2)")                                      \
	HOOK(key_permission, "surface", "keyctl(2) on keys that exist")                                  \
	HOOK(inode_init_security_anon, "surface", "io_uring_setup(2) and userfaultfd(2)")                \
	HOOK(socket_create, "surface", "sockets of AF_ALG and AF_VSOCK")                                 \
	HOOK(userns_create, "surface", "the depth of user namespaces")                                   \
	HOOK(kernel_module_request, "surface", "loading of kernel modules on demand")                    \
	HOOK(ptrace_access_check, "tasks", "ptrace(2), pidfd_getfd(2) and /proc/PID across a border")    \
	HOOK(task_kill, "tasks", "signals across a border")                                              \
	HOOK(task_setnice, "tasks", "setpriority(2) across a border")                                    \
	HOOK(task_setioprio, "tasks", "ioprio_set(2) across a border")                                   \
	HOOK(task_setscheduler, "tasks", "schedulers and affinities of tasks across a border")           \
	HOOK(task_prlimit, "tasks", "prlimit(2) across a border")                                        \
	HOOK(sb_mount, "mounts",                                                                         \
	     "remounts by mount(2) of the initial mounts; mounts on what is guarded")                    \
	HOOK(sb_kern_mount, "mounts",                                                                    \
	     "which types of file systems may be mounted; overlays that write to folders of users")      \
	HOOK(sb_remount, "mounts", "fsconfig(2) on superblocks of the initial mounts")                   \
	HOOK(move_mount, "mounts", "move_mount(2) of the initial mounts, and on what is guarded")        \
	HOOK(sb_pivotroot, "mounts", "pivot_root(2) onto an initial mount")                              \
	HOOK(file_open, "confine",                                                                       \
	     "open(2) through leaked files and folders; /proc and /sys; writing to what is guarded")     \
	HOOK(file_receive, "confine", "folders of other mount namespaces that are sent over sockets")    \
	HOOK(path_unlink, "confine", "unlink(2) through leaked folders, and of what is guarded")         \
	HOOK(path_rmdir, "confine", "rmdir(2) through leaked folders, and of what is guarded")           \
	HOOK(path_mkdir, "confine", "mkdir(2) through leaked folders, and of what is guarded")           \
	HOOK(path_mknod, "confine",                                                                      \
	     "mknod(2) through leaked folders, in guarded ones; setuid files of users")                  \
	HOOK(path_symlink, "confine", "symlink(2) through leaked folders, and of what is guarded")       \
	HOOK(path_link, "confine", "link(2) through leaked folders, and of what is guarded")             \
	HOOK(path_rename, "confine", "rename(2) through leaked folders, and of what is guarded")         \
	HOOK(path_chmod, "confine",                                                                      \
	     "chmod(2) through leaked folders, of what is guarded; setuid files of users")               \
	HOOK(path_chown, "confine", "chown(2) through leaked folders, and of what is guarded")           \
	HOOK(path_truncate, "confine", "truncate(2) through leaked folders, and of what is guarded")     \
	HOOK(path_chroot, "confine", "chroot(2) to leaked folders")                                      \
	HOOK(inode_setxattr, "userdata",                                                                 \
	     "file capabilities in folders of users; and by engines outside of their storage")           \
	HOOK(inode_unlink, "self", "removal of pins in /sys/fs/bpf")                                     \
	HOOK(inode_rename, "self",                                                                       \
	     "renaming of pins in /sys/fs/bpf; what engines move out of their storage")                  \
	HOOK(task_alloc, "engine", "engines' children, which are not known as theirs")                   \
	HOOK(socket_listen, "engine", "engines that listen on TCP")                                      \
	HOOK(unix_stream_connect, "paths", "connections to guarded sockets")                             \
	HOOK(unix_may_send, "paths", "datagrams to guarded sockets")                                     \
	WITNESS(witness_umount, path_umount, 2, "records of umount(2) of the initial mounts")            \
	WITNESS(witness_move, do_move_mount, 1, "records of moves of the initial mounts by mount(2)")    \
	WITNESS(witness_bind, __do_loopback, 2,                                                          \
		"records of binds that would uncover what is mounted")                                   \
	WITNESS(witness_setattr, __x64_sys_mount_setattr, 1, "records of mount_setattr(2)")              \
	WITNESS(witness_tree, __x64_sys_open_tree_attr, 1,                                               \
		"records of open_tree_attr(2), Linux 6.15")                                              \
	WITNESS(witness_fsconfig, __x64_sys_fsconfig, 1,                                                 \
		"records of fsconfig(2) on the host's superblocks")                                      \
	WITNESS(witness_reveal, mount_too_revealing, 1,                                                  \
		"records of fresh mounts that would uncover /proc")                                      \
	WITNESS(witness_setattr32, __ia32_sys_mount_setattr, 1,                                          \
		"records of mount_setattr(2) of 32 bits")                                                \
	WITNESS(witness_tree32, __ia32_sys_open_tree_attr, 1,                                            \
		"records of open_tree_attr(2) of 32 bits, Linux 6.15")                                   \
	WITNESS(witness_fsconfig32, __ia32_sys_fsconfig, 1,                                              \
		"records of fsconfig(2) of 32 bits on the host's superblocks")                           \
	HOOK(inode_create, "storage", "setuid files that engines make outside of their storage")         \
	HOOK(inode_mknod, "storage", "devices that engines make outside of their storage")               \
	HOOK(inode_setattr, "storage",                                                                   \
	     "chmod(2) by engines: setuid files outside of their storage, folders that keep others out") \
	HOOK(inode_link, "storage", "hard links by which engines take files out of their storage")       \
	LSM_HOOKS_LATER(HOOK, WITNESS)

/* What tests/vm/newer appends, to see that the next version can take over from this one. */
#ifndef LSM_HOOKS_LATER
#define LSM_HOOKS_LATER(HOOK, WITNESS)
#endif

#define LSM_HOOKS_MAX 64 /* room for those to come, wherever there is something for each */

enum lsm_hook {
#define LSM_HOOK_ENUM(hook, topic, lost) LSM_HOOK_##hook,
#define LSM_WITNESS_ENUM(witness, function, args, lost) LSM_HOOK_##witness,
	LSM_HOOKS(LSM_HOOK_ENUM, LSM_WITNESS_ENUM)
#undef LSM_HOOK_ENUM
#undef LSM_WITNESS_ENUM
		LSM_HOOK_COUNT,
};
/* One is kept free, so that the room in struct lsm_counters is never an array of none. */
_Static_assert(LSM_HOOK_COUNT < LSM_HOOKS_MAX, "more hooks than there is room for: a new LSM_ABI");

/* In the order of strictness. */
enum lsm_mode {
	LSM_MODE_OFF,	      /* nothing is looked at: the runtime is at work */
	LSM_MODE_ARM_ON_EXEC, /* as off; the next execve(2) of the container's init makes it `armed_mode` */
	LSM_MODE_AUDIT, /* what would be refused is recorded, and happens */
	LSM_MODE_ENFORCE,
};

/* What a container may do all the same. */
enum lsm_allow {
	LSM_ALLOW_BPF = 1 << 0,
	LSM_ALLOW_PERF_EVENTS = 1 << 1,
	LSM_ALLOW_KEYS = 1 << 2,
	LSM_ALLOW_IO_URING = 1 << 3,
	LSM_ALLOW_USERFAULTFD = 1 << 4,
	LSM_ALLOW_AF_ALG = 1 << 5,
	LSM_ALLOW_AF_VSOCK = 1 << 6,
	LSM_ALLOW_MODULES = 1 << 7,    /* modules that the kernel asks for on its behalf */
	LSM_ALLOW_PROC_NODES = 1 << 8, /* no rules of the map `proc_rules` */
};

/* Types of file systems that a user namespace may mount, Linux 7.2; what is none of them is LSM_FS_OTHER. */
#define LSM_FS_TYPES(X)                                                                            \
	X(proc)                                                                                    \
	X(sysfs)                                                                                   \
	X(tmpfs) X(ramfs) X(devpts) X(mqueue) X(overlay) X(cgroup) X(cgroup2) X(fuse) X(bpf)

enum lsm_fs_bit {
#define LSM_FS_ENUM(type) LSM_FS_BIT_##type,
	LSM_FS_TYPES(LSM_FS_ENUM)
#undef LSM_FS_ENUM
};
#define LSM_FS(type) (1U << LSM_FS_BIT_##type)
#define LSM_FS_OTHER (1U << 31)

/* Value of `containers` (key: cgroup id) and, as the strictest of all of a namespace, of `namespaces`. */
struct lsm_container {
	__u64 cgroup_id;
	__u32 userns; /* inode number of the registered user namespace */
	/*
	 * Host id of the first line of its uid_map, or, with more than LSM_UID_LINES, of the line with the lowest id inside: as
	 * the kernel has it. The kernel gives a free inode number to the next namespace at once, and that of a
	 * container that has stopped must not make a container of it. The ids are its own until it is deleted.
	 */
	__u32 first_uid;
	enum lsm_mode mode;	  /* now */
	enum lsm_mode armed_mode; /* after an execve(2), where mode is arm-on-exec */
	__u32 arm_pid;	    /* whose execve(2) arms, in the first pid namespace; 0: anyone's */
	__u32 allow;	    /* enum lsm_allow */
	__u32 userns_depth; /* user namespaces that may be nested below the container's own */
	__u32 fs_refused;   /* LSM_FS(type): of what type it mounts nothing new */
	__u64 first_mask; /* lsm_path_hash() of the first of its entries in `masks`; 0: it has none */
	char id[LSM_ID_MAX];
};
_Static_assert(sizeof(struct lsm_container) == 120, "shared with pinned maps");

/* Of a pod's strictest policy, `first_mask` is one of these, which no hash is, or 0. */
#define LSM_MASKS_OF_POD 1ULL /* the masks of all that `masked` lists hold */
#define LSM_MASKS_TOO_MANY                                                                         \
	2ULL /* containers with masks: procfs and sysfs are hidden, but for processes */
#define LSM_POD_MASKED_MAX 32 /* containers of a pod that may have masks before it comes to that */

/* Value of `namespaces`, key: inode number of a user namespace. */
struct lsm_namespace {
	__u32 members; /* containers that are in it: more than one in a pod */
	__u32 level;   /* of the namespace; the host's is 0 */
	/*
	 * With more than one: the policy of a task that is in none of their cgroups. Its id and cgroup id, which counters and
	 * records have, are those of the one container without a cgroup, or else of any.
	 */
	struct lsm_container strictest;
	__u64 masked[LSM_POD_MASKED_MAX]; /* cgroup ids of those that have masks; 0 behind the last */
};
_Static_assert(sizeof(struct lsm_namespace) == 128 + LSM_POD_MASKED_MAX * 8,
	       "shared with pinned maps");

/* Value of `counters`, key: cgroup id. Refusals by hook, also those that audit let pass; exact. */
struct lsm_counters {
#define LSM_HOOK_FIELD(hook, topic, lost) __u64 hook;
#define LSM_WITNESS_FIELD(witness, function, args, lost) __u64 witness;
	LSM_HOOKS(LSM_HOOK_FIELD, LSM_WITNESS_FIELD)
#undef LSM_HOOK_FIELD
#undef LSM_WITNESS_FIELD
	__u64 later[LSM_HOOKS_MAX - LSM_HOOK_COUNT]; /* of hooks to come, whose programs a reload may bring */
	__u64 records_lost;			     /* above the limit, or the ring was full */
	__u64 rate;				     /* second << 32 | records in it */
};
_Static_assert(sizeof(struct lsm_counters) == (LSM_HOOKS_MAX + 2) * 8, "shared with pinned maps");

/* A container's user namespace, by both of its numbers: see struct lsm_container. */
struct lsm_heir {
	__u32 userns; /* 0: nobody */
	__u32 first_uid;
};

/* Value of `inherited`, storage of an inode: who may reopen it although its mount is not theirs. */
struct lsm_inherited {
	struct lsm_heir by[LSM_INHERITED_MAX]; /* the newest first */
};
_Static_assert(sizeof(struct lsm_inherited) == 64, "shared with pinned maps");

/* Keys of `guarded`: what of the host no container may touch, whatever its path. */
struct lsm_guard_key {
	__u64 inode;
	__u32 device; /* as the kernel has it: major << 20 | minor */
	__u32 name; /* LSM_GUARD_STEP() over the name of an entry of that folder; 0: what the inode is */
};
_Static_assert(sizeof(struct lsm_guard_key) == 16, "shared with pinned maps");

/* Values of `guarded`. */
enum lsm_guard {
	LSM_GUARD_SELF = 1 << 0,
	LSM_GUARD_ENTRIES = 1 << 1, /* a folder: whatever lies directly in it, now or later */
	LSM_GUARD_NAMES = 1 << 2,   /* a folder: there are keys with names of its entries */
	LSM_GUARD_ENGINES = 1 << 3, /* engines must not touch it either */
};

#define LSM_GUARDS_MAX 1024 /* entries of `guarded`, and of `guarded_names` */
#define LSM_GUARD_NAME 64   /* bytes of an entry's name with the NUL */
#define LSM_GUARD_START 0x811c9dc5U
#define LSM_GUARD_STEP(hash, byte) (((hash) ^ (__u8)(byte)) * 0x01000193U) /* FNV-1a */

/* Values of `engine_files`; keys are those of `guarded`: a file without a name, or a name alone, wherever it lies. */
enum lsm_engine_role {
	LSM_ENGINE_DAEMON =
		1 << 0, /* who executes it is an engine: it and its descendants are in the domain */
	LSM_ENGINE_MAY_EXEC = 1 << 1, /* may be executed in the domain, where the list is asked */
	LSM_ENGINE_SERVICE =
		1 << 2, /* as DAEMON, where process 1 starts it: others use the program by hand */
};

/* The mark of a task of the domain, in `engine_tasks`. */
enum lsm_engine_task {
	LSM_ENGINE_IN_DOMAIN = 1 << 0,
	LSM_ENGINE_IS_DAEMON = 1 << 1, /* and it still runs the daemon's program */
};

/* The one value of `engine`: all zero is off, both of its policies. */
struct lsm_engine {
	__u32 restrict_exec; /* nothing but LSM_ENGINE_MAY_EXEC is executed in the domain */
	__u32 refuse_tcp;    /* the daemon itself does not listen on TCP; what it starts may */
	struct lsm_container policy; /* its mode, and the id and cgroup id that counters and records have: of no container */
	struct lsm_container files; /* the same for what a daemon leaves outside of its storage, which is another's to switch */
};
_Static_assert(sizeof(struct lsm_engine) == 248, "shared with pinned maps");

#define LSM_ENGINE_ID "engines"
#define LSM_ENGINE_CGROUP (~1ULL) /* of no cgroup */

/* Keys of `guarded_names`: an abstract unix(7) socket. */
#define LSM_SOCKET_NAME_MAX 107 /* bytes, without the NUL in front of it: unix(7) */
struct lsm_socket_name {
	__u32 netns;	/* inode number of its network namespace */
	char name[128]; /* and NULs behind it */
};
_Static_assert(sizeof(struct lsm_socket_name) == 132, "shared with pinned maps");

/* Values of `proc_rules`; keys are lsm_path_hash() of paths below the root of procfs or sysfs. */
enum lsm_node {
	LSM_NODE_DENY = 1 << 0,
	LSM_NODE_READ_ONLY = 1 << 1,
};

/* Keys of `masks`: a container's own rules, beside those for all. */
struct lsm_mask_key {
	__u64 cgroup_id;
	__u64 path; /* lsm_path_hash() */
};
_Static_assert(sizeof(struct lsm_mask_key) == 16, "shared with pinned maps");

struct lsm_mask_value {
	__u64 next; /* path of the container's next entry; 0 behind the last */
	__u32 node; /* enum lsm_node */
	__u32 padding;
};
_Static_assert(sizeof(struct lsm_mask_value) == 16, "shared with pinned maps");

#define LSM_PATH_DEPTH 6 /* components that rules may have */
#define LSM_PATH_NAME 32 /* bytes of a component with the NUL */
#define LSM_PATH_PRIME 0x100000001b3ULL
/* FNV-1a, started with the file system's magic; '/' is added after each component. */
#define LSM_PATH_STEP(hash, byte) (((hash) ^ (__u8)(byte)) * LSM_PATH_PRIME)

/* One refusal, in the ring `events`. */
struct lsm_event {
	__u64 time_ns; /* CLOCK_MONOTONIC */
	__u64 cgroup_id;
	__u64 inode;  /* of what was asked for; 0: it is no file */
	__u64 detail; /* by hook: command, address family, signal, level; 0 otherwise */
	__u32 device;
	__u32 pid; /* in the first pid namespace */
	__u32 tid;
	__u32 uid;	  /* in the first user namespace */
	__u32 target_pid; /* of tasks; 0 otherwise */
	enum lsm_hook hook;
	enum lsm_mode mode; /* enforce: it was refused, for witnesses always; audit: it happened */
	__u32 error;	    /* errno that the caller saw, or would have */
	char comm[16];
	char id[LSM_ID_MAX];
	char object[LSM_OBJECT_MAX]; /* last component of a path, or a name */
};
_Static_assert(sizeof(struct lsm_event) == 216, "shared with the ring");

enum lsm_hook_state {
	LSM_HOOK_MISSING = 1, /* the kernel has no such hook */
	LSM_HOOK_ATTACHED,
};

/* The one value of `state`: the stamp of the loader. It is pinned after the self-test, so it lives as long as the pins. */
struct lsm_state {
	__u32 abi; /* LSM_ABI */
	__u32 self_test_passed;
	__u64 loaded_ns; /* CLOCK_BOOTTIME */
	char version[24];
	__u8 hooks[LSM_HOOKS_MAX]; /* enum lsm_hook_state */
};
_Static_assert(sizeof(struct lsm_state) == 104, "shared with pinned maps");
