/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * emulation - owns what a container reads in emulated files of /proc and /sys, and what it may write there.
 *
 * No FUSE, no process, no thread, no clock of its own beyond clock_gettime(2): a tree of nodes, and for each node
 * collect -> compute -> render. A value is the container's, an honest zero, or absent.
 *
 * How a worker uses it:
 *	keeper, once:	emu_sources_open(); memory of EMU_STATE_SIZE bytes that outlives workers (a memfd)
 *	worker:		emu_new() on both
 *	LOOKUP		emu_reader_of(pid), emu_lookup()
 *	GETATTR		emu_node_of(id)
 *	OPENDIR		emu_reader_of(pid), emu_list() until it returns 0; keep the answer for the handle
 *	OPEN		emu_reader_of(pid), emu_render(): the whole content; READ serves from it. O_TRUNC means nothing
 *	WRITE		emu_write()
 *	timer		armed while emu_tick_ms() > 0; then emu_tick()
 */
#pragma once

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct error;

#define EMU_CPUS_MAX 1024		  /* what has a higher number is never shown */
#define EMU_NODES_MAX 64		  /* the same for memory nodes */
#define EMU_PATH_MAX 512		  /* a cgroup's path; emu_reader_of() says what is longer */
#define EMU_CONTENT_MAX (4 * 1024 * 1024) /* bytes of a file: cpuinfo of 1024 cpus is 2 MB */
#define EMU_NAME_MAX 48			  /* one component of a node's path */
#define EMU_STATE_SIZE (512 * 1024) /* mostly never touched, so of pages that come when written */

/* ---- sources: what the privileged keeper opens once ---- */

/* A folder per role. In v1, controllers mounted together ("cpu,cpuacct") are the same folder twice. */
enum emu_cgroup {
	EMU_CGROUP_V2, /* also on hybrid hosts: cpu.stat and pressure need no controller */
	EMU_CGROUP_MEMORY,
	EMU_CGROUP_CPU,
	EMU_CGROUP_CPUACCT,
	EMU_CGROUP_CPUSET,
	EMU_CGROUP_BLKIO,
	EMU_CGROUPS,
};

/*
 * Plain data: a worker that was exec'ed gets these bytes and the descriptors under the same numbers. A missing source is
 * -EBADF, and the values that would come from it are zero or absent.
 *
 * The worker has no capability and no host mount. All it opens is openat(2) below these descriptors, of files with mode
 * 0444; so a descriptor must not lead to anywhere else: each is (below) the root of a detached copy of the mount, made with
 * open_tree(OPEN_TREE_CLONE), where ".." ends at the copy's root. emu_sources_open() does that when told to.
 */
struct emu_sources {
	/* Folder: root of a procfs of the initial pid namespace, as FUSE requests have host pids. */
	int proc_fd;
	/* Folder: the host's /sys/devices/system. */
	int sys_fd;
	/* Folder of the container in each hierarchy. ".." from there leads through its ancestors, whose limits count. */
	int cgroup_fd[EMU_CGROUPS];
	/* Its path below the hierarchy's root as the initial cgroup namespace has it: "/docker/ID"; "" when missing. */
	char cgroup_path[EMU_CGROUPS][EMU_PATH_MAX];
	/* When the container started: CLOCK_BOOTTIME of the initial time namespace, in which the worker has to be. */
	int64_t start_ns;
	/* Of the container's time namespace; 0: it has none of its own. time_namespaces(7) */
	int64_t boottime_offset_ns;
	/* Which cpus of the cpuset a quota leaves. 0: the lowest; else turned by so many, to spread containers. */
	uint32_t cpu_seed;
	uint32_t pad;
};

#define EMU_SOURCES_INIT                                                                           \
	((struct emu_sources){                                                                     \
		.proc_fd = -EBADF,                                                                 \
		.sys_fd = -EBADF,                                                                  \
		.cgroup_fd = { -EBADF, -EBADF, -EBADF, -EBADF, -EBADF, -EBADF },                   \
	})

/* Where emu_sources_open() looks. Host's paths; tests give folders of their own. */
struct emu_places {
	const char *proc;   /* "/proc" */
	const char *sys;    /* "/sys/devices/system" */
	const char *cgroup; /* "/sys/fs/cgroup" */
	/*
	 * What /proc/PID/cgroup says of the container's init when it is in the container's own cgroup (not later: an init
	 * such as systemd moves itself below it), read in the initial cgroup namespace.
	 */
	const char *membership;
	pid_t init_pid; /* for start_ns and boottime_offset_ns; 0: both stay 0 */
	bool detach; /* descriptors on detached copies, or failure; false: plain open(2), for tests */
};

/**
 * emu_sources_open() - Open everything once, close-on-exec
 *
 * Needs root (CAP_SYS_ADMIN for @places->detach). A hierarchy that is not there is no error; no procfs is. One in whose
 * root the container is counts as not there: its numbers are the host's.
 * Return: 0, or -errno with nothing left open; emu_sources_done() then.
 */
int emu_sources_open(struct emu_sources *sources, const struct emu_places *places, struct error *err);

/* Closes all; the struct is EMU_SOURCES_INIT afterwards. */
void emu_sources_done(struct emu_sources *sources);

/* ---- one container's emulation, in the worker ---- */

struct emu;

/*
 * kernel.hostname and kernel.domainname are the uts namespace's: what reads and sets them is the worker's business. 0 or
 * -errno. @buf has @size bytes, NUL-terminated text without the newline.
 */
struct emu_uts {
	int (*get)(void *arg, bool domain, char *buf, size_t size);
	int (*set)(void *arg, bool domain, const char *name);
	void *arg;
};

/**
 * emu_new() - Begin, or go on where a dead worker was
 * @sources:	borrowed, with its descriptors, until emu_free()
 * @state:	EMU_STATE_SIZE bytes, 8-aligned, borrowed and written to: written sysctls, counters that must not go
 *		back, load averages. Zeroed, of another version or damaged: begins anew (damaged parts alone).
 *		Each change is one atomic store at the end, so a worker may be killed at any instruction.
 * @fresh:	it is known to be zeroed, and nobody has had it: then its pages are not touched before they are needed
 * @uts:	NULL: there are no nodes for hostname and domainname; copied
 * @ret:	owned by the caller, emu_free()
 */
int emu_new(const struct emu_sources *sources, void *state, bool fresh, const struct emu_uts *uts,
	    struct emu **ret, struct error *err);
void emu_free(struct emu *emu);

/* Where a reader is below the container's folder, per hierarchy: "" or "a/b". Nested cgroups have their own limits. */
struct emu_reader {
	pid_t pid;
	char path[EMU_CGROUPS][EMU_PATH_MAX];
};

/**
 * emu_reader_of() - Find where a process is
 * @pid:	host pid as in the FUSE request; 0 (unknown) is the container's init
 *
 * Never fails: who is gone, or outside the container's cgroups, is shown the container's own values. Of a path that is
 * too long, the part that fits is taken. Answers are kept for 10 ms.
 */
void emu_reader_of(struct emu *emu, pid_t pid, struct emu_reader *ret);

/* ---- nodes ---- */

#define EMU_ROOT_ID 1 /* FUSE_ROOT_ID: holds "proc" and "sys" */

struct emu_node {
	uint64_t id; /* the same in every worker and version, so kernels may cache it; never 0 */
	uint64_t parent_id; /* of the root: its own */
	mode_t mode;	    /* S_IFREG or S_IFDIR and permission bits; owner is 0:0 inside */
	bool varies; /* there or not by reader and limits (cpuN, nodeN): entry timeout 0, nothing negative cached */
	char name[EMU_NAME_MAX]; /* last component; "" of the root */
};

/* 0, or -ESTALE for a number that is no node. Says nothing of whether a cpuN is still there. */
int emu_node_of(const struct emu *emu, uint64_t id, struct emu_node *ret);

/* 0, -ENOENT, -ENOTDIR, -ESTALE. In a folder that varies, as @reader sees it. */
int emu_lookup(struct emu *emu, uint64_t parent_id, const char *name,
	       const struct emu_reader *reader, struct emu_node *ret);

/**
 * emu_list() - The entries of a folder one by one, without "." and ".."
 * @pos:	0 at first; set to the next
 *
 * Return: 1 with an entry, 0 at the end, -ENOTDIR, -ESTALE.
 */
int emu_list(struct emu *emu, uint64_t id, const struct emu_reader *reader, uint64_t *pos,
	     struct emu_node *ret);

/**
 * emu_mounts() - What to bind over the container's own /proc and /sys: emu_mounts()[i] until NULL
 *
 * Absolute paths in the container, at the same path in this tree: files, and the folders /sys/devices/system/cpu and
 * .../node. One that the container's procfs or sysfs does not have is left out by who binds.
 */
const char *const *emu_mounts(void);

/* The node of an absolute path, "/proc/meminfo": 0 or -ENOENT. For what is in emu_mounts(). */
int emu_find(struct emu *emu, const char *path, struct emu_node *ret);

/* ---- content ---- */

/* Grows up to a limit, and says so afterwards: append what you like, look at @failed once. */
struct emu_text {
	char *data; /* not NUL-terminated; NULL when empty */
	size_t len;
	size_t room;
	size_t max;
	int failed; /* 0, -ENOMEM, -EFBIG */
};

#define EMU_TEXT_INIT ((struct emu_text){ .max = EMU_CONTENT_MAX })

void emu_text_done(struct emu_text *text);

/**
 * emu_render() - The whole content of a file as @reader sees it now
 * @out:	emptied first, its memory used again; emu_text_done() by the caller
 *
 * Return: 0, -EISDIR, -ESTALE, -ENOENT (that cpu is gone), -ENOMEM, -EIO (no procfs). A missing or garbled cgroup file
 * is no failure.
 */
int emu_render(struct emu *emu, const struct emu_node *node, const struct emu_reader *reader,
	       struct emu_text *out, struct error *err);

/**
 * emu_write() - write(2) to a sysctl, as the kernel's own would take it (sysctl_writes_strict = 1)
 * @pos:	offset of the write; numbers are only taken at 0, what comes later is swallowed
 * @data:	a container's bytes
 *
 * Return: bytes consumed, which may be fewer than @len; -EINVAL, -ERANGE, -EPERM as the kernel has it for that sysctl;
 * -EACCES for what is no sysctl; -EFBIG beyond 1 MiB.
 */
ssize_t emu_write(struct emu *emu, const struct emu_node *node, off_t pos, const void *data,
		  size_t len, struct error *err);

/* ---- the same model for system calls ---- */

/* As sysinfo(2) has them; the procs field is the container's tasks (threads), bytes are bytes. */
struct emu_sysinfo {
	int64_t uptime_s; /* by the container's time namespace, rounded up as the kernel does */
	uint64_t load[3]; /* 16-bit fixed point: SI_LOAD_SHIFT */
	uint64_t total_bytes, free_bytes, shared_bytes, buffer_bytes;
	uint64_t swap_total_bytes, swap_free_bytes;
	uint32_t procs;
};

int emu_sysinfo(struct emu *emu, const struct emu_reader *reader, struct emu_sysinfo *ret,
		struct error *err);

/**
 * emu_sysinfo_layout() - The struct sysinfo that a caller of the system call expects
 * @is_32:	longs of the caller have 32 bits; then memory is counted in pages where bytes would not fit
 * @buf:	EMULATED_SYSINFO_SIZE bytes, or EMULATED_SYSINFO_SIZE32: emulated_calls.h
 */
void emu_sysinfo_layout(const struct emu_sysinfo *info, bool is_32, void *buf);

/**
 * emu_find_task() - Whom a process means by a number
 * @caller:	host's number of one of the container's tasks
 * @number:	of a task, in the caller's pid namespace; not 0
 *
 * Return: the host's number; 0 where that cannot be told: there is no such task, it is another container's, or it is another
 * process in a pid namespace that the container made itself.
 */
pid_t emu_find_task(struct emu *emu, pid_t caller, int32_t number);

struct emu_cpuset {
	uint64_t word[EMU_CPUS_MAX / 64]; /* bit n % 64 of word n / 64, as sched_getaffinity(2) on 64 bits */
};

/* The cpus that all views show: those of the cpuset, ceil(quota / period) of them at most, one at least. */
int emu_cpus(struct emu *emu, const struct emu_reader *reader, struct emu_cpuset *ret,
	     struct error *err);

/* ---- load average ---- */

/*
 * Load is sampled every 5 s only while somebody reads it. After each request, and after each emu_tick(): milliseconds
 * until emu_tick() is due, or 0: nobody has read it for a minute, so disarm the timer.
 */
uint32_t emu_tick_ms(const struct emu *emu);
void emu_tick(struct emu *emu);
