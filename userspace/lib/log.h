/* SPDX-License-Identifier: GPL-2.0-or-later */
/* log - owns where messages go: a log file in text or JSON lines, and standard error. */
#pragma once

#include <stdbool.h>

struct error;

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARNING, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };

enum log_format { LOG_FORMAT_TEXT, LOG_FORMAT_JSON };

struct log_settings {
	const char *path;	/* log file, appended to; NULL: standard error only */
	enum log_format format; /* of the log file; standard error gets text */
	bool debug;		/* emit LOG_LEVEL_DEBUG too */
};

/**
 * log_open() - Direct the messages of this process
 *
 * The file is created 0600 if missing and opened O_APPEND|O_NOFOLLOW|O_CLOEXEC; what is not a regular file,
 * FIFO or character device is refused. Each line leaves in one write(2).
 */
int log_open(const struct log_settings *settings, struct error *err);

/* Forgets the log file, whose descriptor the caller is about to close with others; errors go to standard error. */
void log_close(void);

/* Standard error is about to belong to a container: from now on only the log file is written to. */
void log_leave_stderr(void);

/*
 * One line: with a log file it goes there, and errors go to standard error too; without one, all but info and debug
 * (unless debug is set) go to standard error. JSON lines are
 * {"level":"error","msg":"...","time":"RFC 3339"} in that order: engines show the last one of level "error".
 */
void log_message(enum log_level level, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#define log_error(...) log_message(LOG_LEVEL_ERROR, __VA_ARGS__)
#define log_warning(...) log_message(LOG_LEVEL_WARNING, __VA_ARGS__)
#define log_info(...) log_message(LOG_LEVEL_INFO, __VA_ARGS__)
#define log_debug(...) log_message(LOG_LEVEL_DEBUG, __VA_ARGS__)
