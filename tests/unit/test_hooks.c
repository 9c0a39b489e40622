/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tests of runtime/hooks.c with real hooks: /bin/sh and a few lines. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "arena.h"
#include "error.h"
#include "fd.h"
#include "hooks.h"

static char folder[] = "/tmp/test-hooks-XXXXXX";

static int setup(void **state)
{
	(void)state;
	memcpy(strrchr(folder, '-'), "-XXXXXX", 7);
	return mkdtemp(folder) ? 0 : -1;
}

static int teardown(void **state)
{
	char command[64];

	(void)state;
	(void)snprintf(command, sizeof(command), "rm -rf %s", folder);
	return system(command);
}

static int run_with(const char *script, const char *state_json, const char **env, int64_t timeout,
		    int (*enter)(void *data, struct error *err), void *data, struct error *err)
{
	const char *args[] = { "sh", "-c", script, NULL };
	struct hook hook = {
		.path = "/bin/sh", .args = args, .env = env, .timeout = { timeout > 0, timeout }
	};
	const struct json_array list = { &hook, 1 };

	return hooks_run("prestart", &list, state_json, folder, enter, data, err);
}

static int run(const char *script, struct error *err)
{
	return run_with(script, "{}", NULL, 0, NULL, NULL, err);
}

/* What a hook left in @name below the folder that is its current one. */
static char *content(const char *name)
{
	struct error err = ERROR_INIT;
	char path[96], *text = NULL;

	(void)snprintf(path, sizeof(path), "%s/%s", folder, name);
	if (fd_read_file(AT_FDCWD, path, 1 << 20, &text, NULL, &err) < 0)
		fail_msg("%s", err.msg);
	return text;
}

static void assert_content(const char *name, const char *expected)
{
	char *text = content(name);

	assert_string_equal(text, expected);
	free(text);
}

static int parse_and_check(const char *text, struct error *err)
{
	json_t *value = json_loads(text, 0, NULL);
	struct arena arena = ARENA_INIT;
	struct hooks hooks = { 0 };
	int r;

	assert_non_null(value);
	r = json_parse_object(&arena, value, hooks_fields, &hooks, err);
	if (r == 0)
		r = hooks_check(&hooks, err);
	json_decref(value);
	arena_done(&arena);
	return r;
}

static void test_hooks_check_takes_all_lists(void **state)
{
	struct error err = ERROR_INIT;

	(void)state;
	assert_int_equal(parse_and_check("{\"prestart\":[{\"path\":\"/a\"}],\"createRuntime\":[],\"createContainer\":[],"
					 "\"startContainer\":[],\"poststart\":[{\"path\":\"/b\",\"args\":[\"b\"],"
					 "\"env\":[\"A=b\"],\"timeout\":1}],\"poststop\":null}",
					 &err),
			 0);
}

static void test_hooks_check_names_the_entry_at_fault(void **state)
{
	struct error err = ERROR_INIT;

	(void)state;
	assert_int_equal(parse_and_check("{\"poststop\":[{\"path\":\"/a\"},{\"path\":\"b\"}]}", &err),
			 -EINVAL);
	assert_string_equal(err.msg, "hooks.poststop[1].path: 'b' is not absolute");
	assert_int_equal(parse_and_check("{\"createRuntime\":[{\"path\":\"/a\",\"timeout\":0}]}",
					 &err),
			 -EINVAL);
	assert_string_equal(err.msg,
			    "hooks.createRuntime[0].timeout: 0 is not a number of seconds above 0");
	assert_int_equal(parse_and_check("{\"prestart\":[{}]}", &err), -EINVAL);
	assert_string_equal(err.msg, "prestart[0].path: missing");
}

static void test_hooks_run_feeds_the_state(void **state)
{
	struct error err = ERROR_INIT;

	(void)state;
	assert_int_equal(run_with("cat > out", "{\"id\":\"x\"}", NULL, 0, NULL, NULL, &err), 0);
	assert_content("out", "{\"id\":\"x\"}");
}

/* More than a pipe holds, both ways at once, and a reader that starts late. */
static void test_hooks_run_does_not_deadlock_on_a_large_state(void **state)
{
	struct error err = ERROR_INIT;
	size_t len = 300000;
	char *big = malloc(len + 1), *out;

	(void)state;
	assert_non_null(big);
	memset(big, 'x', len);
	big[len] = '\0';
	assert_int_equal(run_with("head -c 200000 /dev/zero; cat > out; head -c 200000 /dev/zero",
				  big, NULL, 0, NULL, NULL, &err),
			 0);
	out = content("out");
	assert_string_equal(out, big);
	free(out);
	/* And nobody reads at all: neither a deadlock nor a SIGPIPE. */
	assert_int_equal(run_with("exec 0<&-; sleep 0.1", big, NULL, 0, NULL, NULL, &err), 0);
	free(big);
}

static void test_hooks_run_gives_only_the_hooks_environment(void **state)
{
	const char *env[] = { "A=1", "B=two words", NULL };
	struct error err = ERROR_INIT;

	(void)state;
	assert_int_equal(setenv("SECRET_OF_THE_RUNTIME", "x", 1), 0);
	/* The kernel's view: a shell may add variables of its own. */
	assert_int_equal(run_with("tr '\\0' '\\n' < /proc/$$/environ > out", "{}", env, 0, NULL,
				  NULL, &err),
			 0);
	assert_content("out", "A=1\nB=two words\n");
	assert_int_equal(run_with("/usr/bin/wc -c < /proc/$$/environ > out", "{}", NULL, 0, NULL,
				  NULL, &err),
			 0);
	assert_content("out", "0\n");
}

static void test_hooks_run_hands_down_no_descriptor(void **state)
{
	struct error err = ERROR_INIT;
	int fd = dup(STDERR_FILENO); /* not close-on-exec */

	(void)state;
	assert_true(fd > 2);
	assert_int_equal(run("exec > out; for f in /proc/$$/fd/*; do [ ${f##*/} -gt 2 ] && readlink $f; done; true",
			     &err),
			 0);
	(void)close(fd);
	assert_content("out", "");
}

static void test_hooks_run_resets_signals_and_starts_a_session(void **state)
{
	struct error err = ERROR_INIT;
	sigset_t mask, old;

	(void)state;
	(void)signal(SIGHUP, SIG_IGN);
	(void)sigemptyset(&mask);
	(void)sigaddset(&mask, SIGTERM);
	(void)sigprocmask(SIG_BLOCK, &mask, &old);
	assert_int_equal(run("grep -E '^Sig(Blk|Ign)' /proc/self/status > out; "
			     "[ \"$(cut -d' ' -f6 /proc/$$/stat)\" = $$ ]",
			     &err),
			 0);
	(void)sigprocmask(SIG_SETMASK, &old, NULL);
	(void)signal(SIGHUP, SIG_DFL);
	assert_content("out", "SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\n");
}

static void test_hooks_run_uses_the_path_as_name_without_args(void **state)
{
	struct hook hook = { .path = "/bin/true" };
	const struct json_array list = { &hook, 1 };
	struct error err = ERROR_INIT;

	(void)state;
	assert_int_equal(hooks_run("poststop", &list, "{}", NULL, NULL, NULL, &err), 0);
}

static void test_hooks_run_reports_status_and_last_line(void **state)
{
	struct error err = ERROR_INIT;

	(void)state;
	assert_int_equal(run("echo first; echo; printf 'it \\033 broke\\n\\n' >&2; exit 2", &err),
			 -EIO);
	assert_string_equal(err.msg, "hooks.prestart[0] '/bin/sh': exit status 2: it \\x1b broke");
	assert_int_equal(run("exit 3", &err), -EIO);
	assert_string_equal(err.msg, "hooks.prestart[0] '/bin/sh': exit status 3");
	assert_int_equal(run("kill -9 $$", &err), -EIO);
	assert_string_equal(err.msg, "hooks.prestart[0] '/bin/sh': killed by signal 9");
}

static void test_hooks_run_survives_endless_output(void **state)
{
	struct error err = ERROR_INIT;

	(void)state;
	assert_int_equal(run("head -c 1000000 /dev/zero | tr '\\0' y; echo; echo last; exit 1", &err),
			 -EIO);
	assert_string_equal(err.msg, "hooks.prestart[0] '/bin/sh': exit status 1: last");
}

static int64_t ms_since(const struct timespec *start)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (now.tv_sec - start->tv_sec) * 1000 + (now.tv_nsec - start->tv_nsec) / 1000000;
}

static void test_hooks_run_kills_at_the_time_out(void **state)
{
	struct error err = ERROR_INIT;
	struct timespec start;

	(void)state;
	(void)clock_gettime(CLOCK_MONOTONIC, &start);
	assert_int_equal(run_with("trap '' TERM; sleep 100 & echo $! > child; sleep 100", "{}",
				  NULL, 1, NULL, NULL, &err),
			 -ETIMEDOUT);
	assert_true(ms_since(&start) >= 1000 && ms_since(&start) < 20000);
	assert_string_equal(err.msg,
			    "hooks.prestart[0] '/bin/sh': killed after its time-out of 1 seconds");
}

/* A daemon that a hook leaves behind keeps the pipes: that must not hold the container up. */
static void test_hooks_run_does_not_wait_for_grandchildren(void **state)
{
	struct error err = ERROR_INIT;
	struct timespec start;
	char *pid;

	(void)state;
	(void)clock_gettime(CLOCK_MONOTONIC, &start);
	assert_int_equal(run("sleep 100 & echo $! > pid; exit 0", &err), 0);
	assert_true(ms_since(&start) < 20000);
	pid = content("pid");
	(void)kill(atoi(pid), SIGKILL);
	free(pid);
}

static void test_hooks_run_says_why_it_cannot_execute(void **state)
{
	struct hook hook = { .path = "/no/such/hook" };
	const struct json_array list = { &hook, 1 };
	struct error err = ERROR_INIT;

	(void)state;
	assert_int_equal(hooks_run("poststart", &list, "{}", NULL, NULL, NULL, &err), -ENOENT);
	assert_string_equal(err.msg,
			    "hooks.poststart[0] '/no/such/hook': cannot execute it: No such file or directory");
	assert_int_equal(hooks_run("poststart", &list, "{}", "/no/bundle", NULL, NULL, &err),
			 -ENOENT);
	assert_non_null(strstr(err.msg, "cannot change to the bundle '/no/bundle'"));
}

static void test_hooks_run_stops_at_the_first_failure(void **state)
{
	const char *good[] = { "sh", "-c", "echo good >> out", NULL },
		   *bad[] = { "sh", "-c", "exit 1", NULL };
	struct hook hooks[] = {
		{ .path = "/bin/sh", .args = good },
		{ .path = "/bin/sh", .args = bad },
		{ .path = "/bin/sh", .args = good },
	};
	const struct json_array list = { hooks, 3 };
	struct error err = ERROR_INIT;

	(void)state;
	assert_int_equal(hooks_run("createRuntime", &list, "{}", folder, NULL, NULL, &err), -EIO);
	assert_string_equal(err.msg, "hooks.createRuntime[1] '/bin/sh': exit status 1");
	assert_content("out", "good\n");
}

static int enter(void *data, struct error *err)
{
	if (*(pid_t *)data == getpid())
		return error_text(err, EPERM, "not in the child");
	if (chdir("/") < 0) /* the bundle comes after */
		return error_set(err, errno, "chdir");
	return *(pid_t *)data ? 0 : error_text(err, EACCES, "no entry");
}

static void test_hooks_run_enters_in_the_child(void **state)
{
	struct error err = ERROR_INIT;
	pid_t self = getpid();

	(void)state;
	assert_int_equal(run_with("pwd > out", "{}", NULL, 0, enter, &self, &err), 0);
	self = 0;
	assert_int_equal(run_with("true", "{}", NULL, 0, enter, &self, &err), -EACCES);
	assert_string_equal(err.msg, "hooks.prestart[0] '/bin/sh': no entry");
}

static void test_hooks_run_restores_the_callers_signals(void **state)
{
	struct sigaction pipe_action, chld_action;
	struct error err = ERROR_INIT;

	(void)state;
	(void)signal(SIGCHLD, SIG_IGN); /* the kernel would reap behind our back */
	assert_int_equal(run("exit 4", &err), -EIO);
	assert_non_null(strstr(err.msg, "exit status 4"));
	assert_int_equal(sigaction(SIGPIPE, NULL, &pipe_action), 0);
	assert_int_equal(sigaction(SIGCHLD, NULL, &chld_action), 0);
	(void)signal(SIGCHLD, SIG_DFL);
	assert_ptr_equal(pipe_action.sa_handler, SIG_DFL);
	assert_ptr_equal(chld_action.sa_handler, SIG_IGN);
}

#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_hooks_check_takes_all_lists),
		cmocka_unit_test(test_hooks_check_names_the_entry_at_fault),
		IN_FOLDER(test_hooks_run_feeds_the_state),
		IN_FOLDER(test_hooks_run_does_not_deadlock_on_a_large_state),
		IN_FOLDER(test_hooks_run_gives_only_the_hooks_environment),
		IN_FOLDER(test_hooks_run_hands_down_no_descriptor),
		IN_FOLDER(test_hooks_run_resets_signals_and_starts_a_session),
		cmocka_unit_test(test_hooks_run_uses_the_path_as_name_without_args),
		IN_FOLDER(test_hooks_run_reports_status_and_last_line),
		IN_FOLDER(test_hooks_run_survives_endless_output),
		IN_FOLDER(test_hooks_run_kills_at_the_time_out),
		IN_FOLDER(test_hooks_run_does_not_wait_for_grandchildren),
		cmocka_unit_test(test_hooks_run_says_why_it_cannot_execute),
		IN_FOLDER(test_hooks_run_stops_at_the_first_failure),
		IN_FOLDER(test_hooks_run_enters_in_the_child),
		IN_FOLDER(test_hooks_run_restores_the_callers_signals),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
