/* SPDX-License-Identifier: GPL-2.0-or-later */
/* program - owns running another program of the host: what it is given, what it says, how long it may take, how it ended. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct error;

#define PROGRAM_OUTPUT_MAX 4096 /* bytes of output that are kept: the last ones */

struct program {
	const char *path;
	const char *const *args; /* NULL or empty: the path alone */
	const char *const *env;	 /* all of its environment; NULL: none */
	const char *input;	 /* for its standard input; NULL: nothing */
	const char *bundle;	 /* its current folder; NULL: ours */
	/* called in the child before execve(2), to join namespaces or change credentials; may be NULL */
	int (*enter)(void *data, struct error *err);
	void *data;
	int64_t timeout_s; /* seconds; 0: none */
};

struct program_end {
	bool exited; /* false: a signal killed it */
	int status;  /* exit status, or the signal */
	char output[PROGRAM_OUTPUT_MAX + 1];
	size_t output_len;
};

/**
 * program_run() - Run a program to its end
 * @end:	set on success: how it ended, and the end of what it wrote to standard output and standard error
 *
 * It inherits no descriptor but 0, 1 and 2, has default signal handling and a session of its own, and dies with us. On
 * time-out it is killed. Nothing is allocated, because a container's init runs hooks with this.
 * Return: 0, or -errno when it could not be run or took too long.
 */
int program_run(const struct program *program, struct program_end *end, struct error *err);

/* The last line of the output, without what ends it; lives as long as @end, which it shortens. */
const char *program_last_line(struct program_end *end);
