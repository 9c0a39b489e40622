/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * log - see log.h.
 *
 * A line is built in one buffer and leaves in one write(2), so that lines of several processes never mix in
 * an O_APPEND file. Nothing is allocated and no stdio stream or time zone file is touched: this works after clone(2).
 */
#include "log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "error.h"
#include "fd.h"
#include "str.h"

#define LOG_TEXT_MAX 2048 /* bytes of a message with the NUL; longer text ends in "..." */
#define LOG_LINE_MAX (6 * LOG_TEXT_MAX + 128) /* each byte may become \u00NN; plus level and time */

static struct {
	int fd; /* of the log file, negative: none */
	enum log_format format;
	bool debug;
	bool no_stderr;
} the_log = { .fd = -EBADF };

static const struct {
	const char *name; /* in the log file: what logrus calls it, because engines look for these */
	const char *prefix; /* on standard error */
} levels[] = {
	[LOG_LEVEL_ERROR] = { "error", "" },
	[LOG_LEVEL_WARNING] = { "warning", "warning: " },
	[LOG_LEVEL_INFO] = { "info", "" },
	[LOG_LEVEL_DEBUG] = { "debug", "debug: " },
};

struct line {
	char text[LOG_LINE_MAX];
	size_t len;
};

/* A FIFO is held open for reading too: the reader's end must not become our SIGPIPE, nor its sleep our stall. */
static int reopen_fifo(int fd, struct error *err)
{
	char path[64];
	int both;

	(void)str_format(path, sizeof(path), "/proc/self/fd/%d", fd); /* always fits */
	both = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
	if (both < 0)
		return error_set(err, errno, "cannot open the log FIFO again");
	return both;
}

static int open_log_file(const char *path, struct error *err)
{
	_cleanup_close_ int fd = -EBADF;
	_cleanup_close_ int fifo = -EBADF;
	struct stat st;
	int moved;

	fd = open(path,
		  O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_CLOEXEC | O_NOCTTY | O_NONBLOCK,
		  0600);
	if (fd < 0)
		return error_set(err, errno, "cannot open the log file '%s'", path);
	if (fstat(fd, &st) < 0)
		return error_set(err, errno, "cannot stat the log file '%s'", path);
	if (!S_ISREG(st.st_mode) && !S_ISFIFO(st.st_mode) && !S_ISCHR(st.st_mode))
		return error_text(err, EINVAL,
				  "the log file '%s' is no regular file, FIFO or character device",
				  path);
	if (S_ISFIFO(st.st_mode)) {
		fifo = reopen_fifo(fd, err);
		if (fifo < 0)
			return fifo;
		fd_close(fd);
		fd = take_fd(&fifo);
	}
	if (fd > STDERR_FILENO)
		return take_fd(&fd);
	/* We were started without standard descriptors: nothing else may take the log for one. */
	moved = fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
	if (moved < 0)
		return error_set(err, errno, "cannot open the log file '%s'", path);
	return moved;
}

int log_open(const struct log_settings *settings, struct error *err)
{
	int fd = -EBADF;

	if (settings->path) {
		fd = open_log_file(settings->path, err);
		if (fd < 0)
			return fd;
	}
	fd_close(the_log.fd);
	the_log.fd = fd;
	the_log.format = settings->format;
	the_log.debug = settings->debug;
	return 0;
}

void log_close(void)
{
	the_log.fd = -EBADF;
}

void log_leave_stderr(void)
{
	the_log.no_stderr = true;
}

static void line_add(struct line *line, const char *s, size_t n)
{
	size_t room = sizeof(line->text) - line->len;

	if (n > room) /* cannot happen: LOG_LINE_MAX is made for the worst case */
		n = room;
	memcpy(line->text + line->len, s, n);
	line->len += n;
}

static void line_add_text(struct line *line, const char *s)
{
	line_add(line, s, strlen(s));
}

/*
 * UTC with microseconds. Not gmtime_r(3): it reads the time zone's file, which allocates. The date from the day
 * number is counted in years that start on March 1, so that the leap day is a year's last; 146097 days are 400 years.
 */
static void line_add_time(struct line *line)
{
	struct timespec now = { 0 };
	uint64_t days, seconds, era, day, year, month;
	char text[64];

	(void)clock_gettime(CLOCK_REALTIME, &now);    /* cannot fail */
	days = (uint64_t)now.tv_sec / 86400 + 719468; /* since 0000-03-01 */
	seconds = (uint64_t)now.tv_sec % 86400;
	era = days / 146097;
	day = days % 146097;
	year = (day - day / 1460 + day / 36524 - day / 146096) / 365;
	day -= 365 * year + year / 4 - year / 100;
	month = (5 * day + 2) / 153;
	day -= (153 * month + 2) / 5;
	year += era * 400 + (month >= 10);
	month = month < 10 ? month + 3 : month - 9;

	(void)str_format(text, sizeof(text), "%04u-%02u-%02uT%02u:%02u:%02u.%06uZ",
			 (unsigned int)year, (unsigned int)month, (unsigned int)day + 1,
			 (unsigned int)(seconds / 3600), (unsigned int)(seconds / 60 % 60),
			 (unsigned int)(seconds % 60),
			 (unsigned int)(now.tv_nsec / 1000)); /* always fits */
	line_add_text(line, text);
}

/* Bytes of the UTF-8 character at @s, 1 to 4; 0 when it is none (overlong, surrogate, cut off, above U+10FFFF). */
static size_t utf8_len(const unsigned char *s)
{
	size_t n = s[0] < 0x80 ? 1 :
		   s[0] < 0xc2 ? 0 :
		   s[0] < 0xe0 ? 2 :
		   s[0] < 0xf0 ? 3 :
		   s[0] < 0xf5 ? 4 :
				 0;

	for (size_t i = 1; i < n; i++)
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	if ((s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xed && s[1] > 0x9f) ||
	    (s[0] == 0xf0 && s[1] < 0x90) || (s[0] == 0xf4 && s[1] > 0x8f))
		return 0;
	return n;
}

/* The inside of a JSON string, which logfmt quotes the same way; a byte that is no UTF-8 is shown as \u00NN. */
static void line_add_escaped(struct line *line, const char *text)
{
	const unsigned char *s = (const unsigned char *)text;
	char escape[8];

	while (*s) {
		size_t n = utf8_len(s);

		if (*s == '"' || *s == '\\') {
			line_add(line, "\\", 1);
		} else if (*s == '\n') {
			line_add_text(line, "\\n");
			s++;
			continue;
		} else if (n == 0 || *s < ' ' || *s == 0x7f) {
			(void)str_format(escape, sizeof(escape), "\\u%04x", *s); /* always fits */
			line_add_text(line, escape);
			s++;
			continue;
		}
		line_add(line, (const char *)s, n);
		s += n;
	}
}

static void format_json(struct line *line, enum log_level level, const char *text)
{
	line_add_text(line, "{\"level\":\"");
	line_add_text(line, levels[level].name);
	line_add_text(line, "\",\"msg\":\"");
	line_add_escaped(line, text);
	line_add_text(line, "\",\"time\":\"");
	line_add_time(line);
	line_add_text(line, "\"}\n");
}

static void format_logfmt(struct line *line, enum log_level level, const char *text)
{
	line_add_text(line, "time=\"");
	line_add_time(line);
	line_add_text(line, "\" level=");
	line_add_text(line, levels[level].name);
	line_add_text(line, " msg=\"");
	line_add_escaped(line, text);
	line_add_text(line, "\"\n");
}

/* For people: no time, and no character that could steer a terminal or pretend to be a line of its own. */
static void format_stderr(struct line *line, enum log_level level, const char *text)
{
	const unsigned char *s = (const unsigned char *)text;
	char escape[8];

	line_add_text(line, program_invocation_short_name);
	line_add_text(line, ": ");
	line_add_text(line, levels[level].prefix);
	while (*s) {
		size_t n = utf8_len(s);

		/* No UTF-8, C0, DEL, C1. */
		if (n == 0 || *s < ' ' || *s == 0x7f || (*s == 0xc2 && s[1] < 0xa0)) {
			(void)str_format(escape, sizeof(escape), "\\x%02x", *s); /* always fits */
			line_add_text(line, escape);
			s++;
			continue;
		}
		line_add(line, (const char *)s, n);
		s += n;
	}
	line_add(line, "\n", 1);
}

static bool line_write(const struct line *line, int fd)
{
	ssize_t n;

	do
		n = write(fd, line->text, line->len);
	while (n < 0 && errno == EINTR);
	return n == (ssize_t)line->len;
}

void log_message(enum log_level level, const char *fmt, ...)
{
	int saved = errno;
	char text[LOG_TEXT_MAX];
	bool stored = false;
	struct line line;
	va_list ap;
	int n;

	if (level == LOG_LEVEL_DEBUG && !the_log.debug)
		return;
	va_start(ap, fmt);
	n = vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (n < 0)
		text[0] = '\0';
	else if ((size_t)n >= sizeof(text))
		memcpy(text + sizeof(text) - 4, "...", 4);

	if (the_log.fd >= 0) {
		line.len = 0;
		if (the_log.format == LOG_FORMAT_JSON)
			format_json(&line, level, text);
		else
			format_logfmt(&line, level, text);
		stored = line_write(&line, the_log.fd);
	}
	/* What the file would not take must not get lost either. */
	if (!the_log.no_stderr && (level == LOG_LEVEL_ERROR ||
				   (!stored && (level == LOG_LEVEL_WARNING || the_log.debug)))) {
		line.len = 0;
		format_stderr(&line, level, text);
		(void)line_write(&line, STDERR_FILENO); /* there is nobody left to tell */
	}
	errno = saved;
}
