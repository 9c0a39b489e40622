/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Unit tests of log: what arrives in the log file and on standard error. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>
#include <jansson.h>

#include "error.h"
#include "fd.h"
#include "log.h"
#include "str.h"

/* The module has one state per process and no way back from log_leave_stderr(): each test logs in a child. */
struct scratch {
	char path[64];
	char log_path[96];
	char stderr_path[96];
};

static int setup(void **state)
{
	struct scratch *s = calloc(1, sizeof(*s));

	if (!s || str_format(s->path, sizeof(s->path), "/tmp/test_log.XXXXXX") < 0 ||
	    !mkdtemp(s->path) || str_format(s->log_path, sizeof(s->log_path), "%s/log", s->path) < 0 ||
	    str_format(s->stderr_path, sizeof(s->stderr_path), "%s/stderr", s->path) < 0)
		return -1;
	*state = s;
	return 0;
}

static int teardown(void **state)
{
	struct scratch *s = *state;

	unlink(s->log_path);
	unlink(s->stderr_path);
	rmdir(s->path);
	free(s);
	return 0;
}

/* Runs @body with standard error in a file; it returns 0 when all is well. */
static void in_child(struct scratch *s, int (*body)(const struct scratch *s))
{
	int status;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		int fd = open(s->stderr_path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

		program_invocation_short_name = (char *)"bulwark";
		dup2(fd, STDERR_FILENO);
		alarm(20);
		_exit(body(s));
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static char *content(const char *path)
{
	struct error err = ERROR_INIT;
	char *text = NULL;

	if (fd_read_file(AT_FDCWD, path, 1 << 20, &text, NULL, &err) < 0)
		fail_msg("%s", err.msg);
	return text;
}

static void expect_content(const char *path, const char *expected)
{
	char *text = content(path);

	assert_string_equal(text, expected);
	free(text);
}

/* Line @n of the log, parsed as JSON. */
static json_t *json_line(const char *path, int n)
{
	char *text = content(path), *line = text;
	json_t *value;

	while (n-- > 0) {
		line = strchr(line, '\n');
		assert_non_null(line);
		line++;
	}
	value = json_loads(line, JSON_DISABLE_EOF_CHECK, NULL);
	assert_non_null(value);
	free(text);
	return value;
}

static int start(const struct scratch *s, enum log_format format, bool debug)
{
	const struct log_settings settings = { s->log_path, format, debug };

	return log_open(&settings, NULL);
}

static int log_one_of_each(const struct scratch *s)
{
	if (start(s, LOG_FORMAT_JSON, false) < 0)
		return 1;
	log_error("e %d", 1);
	log_warning("w");
	log_info("i");
	log_debug("d");
	return 0;
}

static void test_log_message_writes_json_lines(void **state)
{
	struct scratch *s = *state;
	char *text;
	json_t *line;
	struct tm tm;
	struct stat st;

	in_child(s, log_one_of_each);
	text = content(s->log_path);
	assert_non_null(str_after(text, "{\"level\":\"error\",\"msg\":\"e 1\",\"time\":\"2"));
	assert_null(strstr(text, "debug"));
	free(text);

	line = json_line(s->log_path, 1);
	assert_string_equal(json_string_value(json_object_get(line, "level")), "warning");
	assert_string_equal(json_string_value(json_object_get(line, "msg")), "w");
	json_decref(line);
	line = json_line(s->log_path, 2);
	assert_string_equal(json_string_value(json_object_get(line, "level")), "info");

	/* The C library agrees with our calendar. */
	memset(&tm, 0, sizeof(tm));
	text = strptime(json_string_value(json_object_get(line, "time")), "%Y-%m-%dT%H:%M:%S", &tm);
	assert_non_null(text);
	assert_int_equal(text[0], '.');
	assert_string_equal(text + 7, "Z");
	assert_in_range(timegm(&tm), time(NULL) - 30, time(NULL) + 1);
	json_decref(line);
	assert_int_equal(stat(s->log_path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
}

static void test_log_message_repeats_errors_on_stderr_only(void **state)
{
	struct scratch *s = *state;

	in_child(s, log_one_of_each);
	expect_content(s->stderr_path, "bulwark: e 1\n");
}

static int log_text(const struct scratch *s)
{
	if (start(s, LOG_FORMAT_TEXT, true) < 0)
		return 1;
	log_debug("say \"%s\"", "x\\y\nz");
	return 0;
}

static void test_log_message_writes_text_lines(void **state)
{
	struct scratch *s = *state;
	char *text;

	in_child(s, log_text);
	text = content(s->log_path);
	assert_non_null(str_after(text, "time=\"2"));
	assert_non_null(strstr(text, "Z\" level=debug msg=\"say \\\"x\\\\y\\nz\\\"\"\n"));
	free(text);
}

static int log_hostile(const struct scratch *s)
{
	if (start(s, LOG_FORMAT_JSON, false) < 0)
		return 1;
	log_error("%s", "\",\"level\":\"info\n{}\x1b[2J\x01\x7f\xff\xc3\xa4\xed\xa0\x80\xc2\x9b");
	return 0;
}

/* One line, one object, valid UTF-8, and nothing that a terminal obeys. */
static void test_log_message_escapes_what_is_hostile(void **state)
{
	struct scratch *s = *state;
	json_t *line;

	in_child(s, log_hostile);
	line = json_line(s->log_path, 0);
	assert_int_equal(json_object_size(line), 3);
	assert_string_equal(json_string_value(json_object_get(line, "level")), "error");
	assert_non_null(str_after(json_string_value(json_object_get(line, "msg")),
				  "\",\"level\":\"info\n{}\x1b"));
	json_decref(line);
	expect_content(s->stderr_path,
		       "bulwark: \",\"level\":\"info\\x0a{}\\x1b[2J\\x01\\x7f\\xff\xc3\xa4"
		       "\\xed\\xa0\\x80\\xc2\\x9b\n");
}

static int log_long(const struct scratch *s)
{
	char text[5000];

	if (start(s, LOG_FORMAT_JSON, false) < 0)
		return 1;
	memset(text, 1, sizeof(text)); /* six characters each */
	text[sizeof(text) - 1] = '\0';
	log_error("%s", text);
	log_error("next");
	return 0;
}

static void test_log_message_cuts_long_text(void **state)
{
	struct scratch *s = *state;
	const char *msg;
	json_t *line;

	in_child(s, log_long);
	line = json_line(s->log_path, 0);
	msg = json_string_value(json_object_get(line, "msg"));
	assert_int_equal(strlen(msg), 2047);
	assert_string_equal(msg + 2043, "\x01...");
	json_decref(line);
	line = json_line(s->log_path, 1);
	assert_string_equal(json_string_value(json_object_get(line, "msg")), "next");
	json_decref(line);
}

static int log_after_leaving_stderr(const struct scratch *s)
{
	if (start(s, LOG_FORMAT_TEXT, false) < 0)
		return 1;
	log_leave_stderr();
	log_error("quiet");
	return 0;
}

static void test_log_leave_stderr_keeps_the_file(void **state)
{
	struct scratch *s = *state;
	char *text;

	in_child(s, log_after_leaving_stderr);
	expect_content(s->stderr_path, "");
	text = content(s->log_path);
	assert_non_null(strstr(text, "level=error msg=\"quiet\"\n"));
	free(text);
}

static int log_without_file(const struct scratch *s)
{
	(void)s;
	log_error("e");
	log_warning("w");
	log_info("i");
	log_debug("d");
	return 0;
}

static void test_log_message_without_a_file_shows_errors_and_warnings(void **state)
{
	struct scratch *s = *state;

	in_child(s, log_without_file);
	expect_content(s->stderr_path, "bulwark: e\nbulwark: warning: w\n");
}

static int log_debug_without_file(const struct scratch *s)
{
	const struct log_settings settings = { .debug = true };

	(void)s;
	if (log_open(&settings, NULL) < 0)
		return 1;
	log_info("i");
	log_debug("d");
	return 0;
}

static void test_log_message_without_a_file_shows_all_when_debugging(void **state)
{
	struct scratch *s = *state;

	in_child(s, log_debug_without_file);
	expect_content(s->stderr_path, "bulwark: i\nbulwark: debug: d\n");
}

static int log_to_a_full_disk(const struct scratch *s)
{
	const struct log_settings settings = { .path = "/dev/full" };

	(void)s;
	if (log_open(&settings, NULL) < 0)
		return 1;
	errno = ENOTTY;
	log_warning("lost?");
	return errno == ENOTTY ? 0 : 2;
}

static void test_log_message_falls_back_when_the_file_is_full(void **state)
{
	struct scratch *s = *state;

	in_child(s, log_to_a_full_disk);
	expect_content(s->stderr_path, "bulwark: warning: lost?\n");
}

static int log_after_close(const struct scratch *s)
{
	if (start(s, LOG_FORMAT_TEXT, false) < 0)
		return 1;
	log_close();
	log_error("e");
	return 0;
}

static void test_log_close_forgets_the_file(void **state)
{
	struct scratch *s = *state;

	in_child(s, log_after_close);
	expect_content(s->log_path, "");
	expect_content(s->stderr_path, "bulwark: e\n");
}

static int log_twice(const struct scratch *s)
{
	if (start(s, LOG_FORMAT_TEXT, false) < 0)
		return 1;
	log_error("one");
	if (start(s, LOG_FORMAT_TEXT, false) < 0)
		return 2;
	log_error("two");
	return 0;
}

static void test_log_open_appends(void **state)
{
	struct scratch *s = *state;
	char *text;

	in_child(s, log_twice);
	text = content(s->log_path);
	assert_non_null(strstr(text, "msg=\"one\"\n"));
	assert_non_null(strstr(text, "msg=\"two\"\n"));
	free(text);
}

static int open_link(const struct scratch *s)
{
	return start(s, LOG_FORMAT_TEXT, false) == -ELOOP ? 0 : 1;
}

static void test_log_open_refuses_a_link(void **state)
{
	struct scratch *s = *state;

	assert_int_equal(symlink("stderr", s->log_path), 0);
	in_child(s, open_link);
	expect_content(s->stderr_path, "");
}

static void test_log_open_refuses_a_folder(void **state)
{
	struct scratch *s = *state;
	const struct log_settings settings = { .path = s->path };
	struct error err = ERROR_INIT;

	assert_int_equal(log_open(&settings, &err), -EISDIR);
	assert_non_null(strstr(err.msg, s->path));
}

static int open_fifo(const struct scratch *s)
{
	int reader;

	if (start(s, LOG_FORMAT_TEXT, false) != -ENXIO)
		return 1;
	reader = open(s->log_path, O_RDONLY | O_NONBLOCK);
	if (reader < 0 || start(s, LOG_FORMAT_TEXT, false) < 0)
		return 2;
	close(reader); /* no SIGPIPE, and no stall when it is full */
	for (int i = 0; i < 5000; i++)
		log_info("a line that somebody should have read");
	return 0;
}

static void test_log_open_takes_a_fifo_without_depending_on_its_reader(void **state)
{
	struct scratch *s = *state;

	assert_int_equal(mkfifo(s->log_path, 0600), 0);
	in_child(s, open_fifo);
}

static int open_without_stdio(const struct scratch *s)
{
	close(STDIN_FILENO);
	close(STDOUT_FILENO);
	if (start(s, LOG_FORMAT_TEXT, false) < 0)
		return 1;
	/* The numbers are still free for whom they belong to. */
	if (open("/dev/null", O_RDONLY) != STDIN_FILENO)
		return 2;
	return open("/dev/null", O_WRONLY) == STDOUT_FILENO ? 0 : 3;
}

static void test_log_open_leaves_standard_descriptors_alone(void **state)
{
	in_child(*state, open_without_stdio);
}

static int log_many(const struct scratch *s)
{
	const char *filler = "0123456789012345678901234567890123456789012345678901234567890123456789";

	if (start(s, LOG_FORMAT_JSON, false) < 0)
		return 1;
	for (int child = 0; child < 4; child++) {
		if (fork() > 0)
			continue;
		for (int i = 0; i < 200; i++)
			log_info("%d %d %s", child, i, filler);
		_exit(0);
	}
	while (wait(NULL) > 0)
		;
	return 0;
}

/* Several processes, one file: every line is whole. */
static void test_log_message_does_not_mix_lines(void **state)
{
	struct scratch *s = *state;
	char *text, *line;
	int lines = 0;

	in_child(s, log_many);
	text = content(s->log_path);
	for (line = text; *line; line = strchr(line, '\n') + 1) {
		json_t *value = json_loads(line, JSON_DISABLE_EOF_CHECK, NULL);

		assert_non_null(value);
		json_decref(value);
		lines++;
	}
	assert_int_equal(lines, 800);
	free(text);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(test_log_message_writes_json_lines),
		T(test_log_message_repeats_errors_on_stderr_only),
		T(test_log_message_writes_text_lines),
		T(test_log_message_escapes_what_is_hostile),
		T(test_log_message_cuts_long_text),
		T(test_log_leave_stderr_keeps_the_file),
		T(test_log_message_without_a_file_shows_errors_and_warnings),
		T(test_log_message_without_a_file_shows_all_when_debugging),
		T(test_log_message_falls_back_when_the_file_is_full),
		T(test_log_close_forgets_the_file),
		T(test_log_open_appends),
		T(test_log_open_refuses_a_link),
		T(test_log_open_refuses_a_folder),
		T(test_log_open_takes_a_fifo_without_depending_on_its_reader),
		T(test_log_open_leaves_standard_descriptors_alone),
		T(test_log_message_does_not_mix_lines),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
