/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lifecycle - owns the operations behind the verbs: create, start, exec, kill, pause, delete. One .c file each. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "command.h"

struct error;
struct state;

struct create_options {
	const char *id;
	const char *bundle; /* folder of config.json */
	const char *config; /* absolute; NULL: that of the bundle */
	const char *console_socket;
	const char *pidfd_socket; /* where init's pidfd goes, with "standard" as data, as runc does it */
	const char *pid_file;
	bool no_pivot;
	bool no_new_keyring; /* taken and ignored: the caller's keyring is the host's */
	uint32_t preserve_fds;
	uint32_t listen_fds; /* how many of them are sockets to listen at: listen_fds.h */
	bool notify;	     /* the container gets a NOTIFY_SOCKET: notify_socket.h */
	bool foreground; /* `run`: hand the terminal's master back instead of wanting a console socket */
};

struct created {   /* for `run`; descriptors are the caller's */
	pid_t pid; /* init, a child of the caller */
	int pidfd;
	int master_fd; /* -EBADF: no terminal, or it went to the console socket */
};

/**
 * create_container() - Everything up to an init that waits for `start`
 *
 * On failure nothing is left behind. With @ret NULL descriptors are closed.
 */
int create_container(const struct globals *globals, const struct create_options *options,
		     struct created *ret, struct error *err);

/* Decimal, without a newline, atomically: engines read it as soon as it is there. */
int create_write_pid_file(const char *path, pid_t pid, struct error *err);

/**
 * start_container() - Let a created container run
 * @ret_notify_sock: where the container says that it is ready, for a caller that stays; -EBADF where nobody wants to
 *		know. NULL: this function waits for it
 */
int start_container(const struct globals *globals, const char *id, int *ret_notify_sock,
		    struct error *err);

struct exec_options {
	const char *id;
	const char *process_path; /* --process; NULL: from the bundle's config, with what follows laid over it */
	char **args;		  /* NULL-terminated; ignored with process_path */
	const char *cwd;
	const struct option_list *env; /* NAME=VALUE */
	const char *user;	       /* UID[:GID] */
	const struct option_list *additional_gids;
	const struct option_list *caps;
	const char *apparmor;		   /* profile */
	const char *label;		   /* of SELinux */
	const struct option_list *cgroups; /* cgroup_sub.h */
	bool tty;
	bool no_new_privs;
	const char *console_socket;
	const char *pidfd_socket; /* as in create_options, with "setns" */
	const char *pid_file;
	bool detach;
	bool ignore_paused;
	uint32_t preserve_fds;
};

/* @ret_status: exit status of the process (128 + N for a signal), 0 with detach. */
int exec_container(const struct globals *globals, const struct exec_options *options,
		   int *ret_status, struct error *err);

/* @all: every process of the container. "container not running" when init is dead. */
int kill_container(const struct globals *globals, const char *id, int signal, bool all,
		   struct error *err);

/*
 * After a SIGKILL: a process that a v1 freezer holds dies only when it is thawed, one that waits for a FUSE server of the
 * container only when that connection ends. Returns when init is dead, or after a second and some.
 */
void kill_let_die(const struct state *state);

/* @pause: freeze it, or let it go on. "container not running", "container not paused", as runc. */
int pause_container(const struct globals *globals, const char *id, bool pause, struct error *err);

/* Lines of JSON on standard output, as runc's, until the container ends; @once: its figures of now. */
int events_container(const struct globals *globals, const char *id, uint64_t interval_ms, bool once,
		     struct error *err);

/**
 * delete_container() - Undo create, whatever state it was left in
 * @force:	kill first; an unknown id is success; what a crash at any step left is cleaned up
 */
int delete_container(const struct globals *globals, const char *id, bool force, struct error *err);
