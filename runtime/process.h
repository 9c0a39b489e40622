/* SPDX-License-Identifier: GPL-2.0-or-later */
/* process - owns the process section: what it says, and turning the calling process into that. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "caps.h"
#include "cpu_affinity.h"
#include "json.h"
#include "scheduler.h"

struct error;
struct idmap;
struct seccomp_program;

#define PROCESS_HOME_MAX 4096 /* bytes with the NUL: PATH_MAX */

struct process_user {
	uint32_t uid;
	uint32_t gid;
	struct opt_u32 umask;
	struct json_array additional_gids; /* uint32_t */
};

struct process_console_size {
	uint32_t height; /* rows */
	uint32_t width;	 /* columns */
};

/* OCI config.md, "Process". Ids are those inside the container. */
struct process {
	bool terminal;
	struct process_console_size console_size;
	struct process_user user;
	const char *cwd;
	const char **args;
	const char **env;
	struct caps *capabilities; /* NULL: none named, all sets empty */
	struct json_array rlimits; /* struct rlimit_entry */
	bool no_new_privileges;
	struct opt_i64 oom_score_adj;
	struct scheduler *scheduler;		/* NULL: as it is; so with the next two */
	struct io_priority *io_priority;	/* ioPriority */
	struct cpu_affinity *exec_cpu_affinity; /* execCPUAffinity */
	const char *apparmor_profile;		/* apparmor.h */
	const char *selinux_label;
};

extern const struct json_field process_fields[];

/* NAME=VALUE behind what the spec says, so that it counts; copied into @arena. */
int process_add_env(struct arena *arena, struct process *process, const char *name,
		    const char *value, struct error *err);

/* What tables cannot say: args not empty, cwd absolute, no NUL or '=' trouble in env, ids below 65536. */
int process_check(const struct process *process, struct error *err);

/* A confinement that this host cannot give is refused, not dropped: AppArmor profile, SELinux label. -ENOTSUP. */
int process_check_labels(const struct process *process, struct error *err);

/**
 * process_prepare() - What is set from outside on the future container process: rlimits, oom_score_adj, scheduling
 * @pid:	the process, in the caller's pid namespace
 * @owner:	host uid of the container's root, to whom the user namespace belongs
 *
 * By the runtime with host credentials. oom_score_adj is written only where it differs.
 */
int process_prepare(const struct process *process, pid_t pid, uid_t owner, struct error *err);

/**
 * process_find_executable() - Resolve args[0] as execvp(3) would, in the caller's root
 * @ret_path:	PATH_MAX bytes
 *
 * Messages are those that engines match (dockerd, Podman; lower-case Go errno words):
 *	exec: "x": executable file not found in $PATH		-ENOENT
 *	exec: "/x": stat /x: no such file or directory		-ENOENT
 *	exec: "/x": permission denied				-EACCES (no execute bit, or a folder)
 * Checks for the user of @process, PATH from its env, relative names below its cwd. Best called before
 * process_become(), which may load a filter. Magic links are refused. Allocates nothing.
 */
int process_find_executable(const struct process *process, char *ret_path, struct error *err);

/**
 * process_join_keyring() - Leave the caller's session keyring for the container's
 * @id:		of the container
 *
 * As root of the container's user namespace. Otherwise root inside would read and change keys of the engine's session,
 * keyrings(7). The name, "_ses.ID", is looked up in the user namespace: init makes it, exec finds it.
 */
int process_join_keyring(const char *id, struct error *err);

/**
 * process_own_stdio() - Give the pipes of descriptors 0, 1 and 2 to the container's user
 * @host_uid:	what process.user.uid is on the host
 *
 * Otherwise a process that opens /dev/stdout gets EACCES. Only pipes that belong to root are changed: a terminal,
 * a file or a socket that the caller passed stays as it is. By the runtime with host credentials; failing is no error.
 */
void process_own_stdio(const struct idmap *map, uint32_t uid);

/**
 * process_find_home() - The value HOME gets when the spec does not set it: from /etc/passwd, in the caller's root
 * @ret_home:	PROCESS_HOME_MAX bytes; "/" where the user is not listed; empty where env has HOME
 *
 * Before process_become(). A file that cannot be read or parsed counts as one that lists nobody: as in runc, it is
 * no error. Allocates nothing.
 */
void process_find_home(const struct process *process, char *ret_home);

/**
 * process_become() - From root of the container's user namespace to what @process says
 * @filter:	compiled seccomp filter, or NULL
 * @listener_channel: where the filter's listener goes, if it has one: seccomp_notify.h
 *
 * In this order: securebits, bounding set, groups, gid, umask, chdir(cwd) (as root; on EACCES again as the user),
 * uid, capabilities, no_new_privs, seccomp; without no_new_privs CAP_SYS_ADMIN is kept for the latter and
 * dropped after it. So a filter needs to allow no more than capset(2) and execve(2).
 * PR_SET_DUMPABLE stays 0 until execve(2). cwd must lie inside the root: a current folder that is "(unreachable)"
 * is refused (CVE-2024-21626). Allocates nothing, uses no stdio.
 */
int process_become(const struct process *process, const struct seccomp_program *filter,
		   int listener_channel, struct error *err);

/**
 * process_exec() - execve(2) of @path with the process's args and env
 * @home:	from process_find_home(); not empty: added as HOME
 *
 * Of variables named twice the last one counts, as in runc. Allocates nothing.
 * Return: only on failure: `exec PATH: lower-case errno text`.
 */
int process_exec(const struct process *process, const char *path, const char *home,
		 struct error *err);
