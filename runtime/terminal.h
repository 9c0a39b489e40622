/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * terminal - owns pseudo-terminals: making them, handing the master to the engine, relaying in the
 * foreground.
 */
#pragma once

#include <stdint.h>
#include <sys/types.h>

#include "loop.h"

struct error;

/**
 * terminal_open() - A pseudo-terminal of the container's own devpts
 * @root_fd:	the container's root; /dev/pts below it is checked to be a devpts,
 *		/dev/pts/ptmx to be 5:2
 * @rows,@cols:	0: leave
 * @ret_name:	128 bytes: "/dev/pts/0" as the container sees it
 *
 * The slave is opened with TIOCGPTPEER, never by name. Both are owned by the caller, close-on-exec.
 */
int terminal_open(int root_fd, uint32_t rows, uint32_t cols, int *ret_master_fd, int *ret_slave_fd,
		  char *ret_name, struct error *err);

/* Connects to the engine's --console-socket and sends the master with @name as data. */
int terminal_send_master(const char *socket_path, int master_fd, const char *name, struct error *err);

/* In the container's process: own session, controlling terminal, stdio. Allocates nothing. */
int terminal_become(int slave_fd, struct error *err);

/**
 * foreground_block_signals() - Keep signals for foreground_wait()
 *
 * Called before the child is made, so that none is lost; the child has to unblock them. Signals
 * that tell of a bug of our own (SIGSEGV and its kin) and SIGCHLD stay as they are.
 */
int foreground_block_signals(struct error *err);

/**
 * foreground_prepare() - Give a terminal the size of ours, and leave "\n" as it is
 * @master_fd:	of the child's terminal; -EBADF: nothing to do
 *
 * Before the child runs, so that the first thing it sees is right. Nothing here is worth failing
 * for.
 */
void foreground_prepare(int master_fd);

/**
 * foreground_wait() - Stay until a child ends: pass signals on, relay its terminal
 * @pid:	a child of the caller
 * @pidfd:	of it
 * @master_fd:	its pseudo-terminal's master, or -EBADF: it has our stdio
 * @ret_status:	as wait(2)
 *
 * Signals (blocked by foreground_block_signals()) arrive through a signalfd and go to the child;
 * SIGWINCH resizes. If our standard input is a terminal it is in raw mode meanwhile, and restored
 * whatever happens. A reader that is slow, or does not read at all, stops the side that writes and
 * nothing else. After the child's end what is left in the terminal is still copied.
 */
int foreground_wait(pid_t pid, int pidfd, int master_fd, int *ret_status, struct error *err);

/* The same, and calls @handler meanwhile when there is something to read at @fd; -EBADF: there is nothing like that. */
int foreground_wait_with(pid_t pid, int pidfd, int master_fd, int fd, loop_handler handler,
			 void *data, int *ret_status, struct error *err);
