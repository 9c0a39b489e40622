/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Unit tests of exec_process: the words of `exec` laid over the bundle's process, and what is said of bad ones. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "arena.h"
#include "error.h"
#include "exec_process.h"
#include "fd.h"
#include "json.h"
#include "lifecycle.h"
#include "path.h"
#include "process.h"
#include "str.h"

static char bundle[64];

static int setup(void **state)
{
	static const char config[] =
		"{\"process\":{\"cwd\":\"/\",\"args\":[\"sh\"],\"user\":{\"uid\":1,\"gid\":2},\"env\":[\"A=b\"],"
		"\"capabilities\":{\"bounding\":[\"CAP_KILL\"],\"inheritable\":[\"CAP_KILL\"]}}}";
	_cleanup_close_ int fd = -EBADF;

	(void)state;
	(void)str_format(bundle, sizeof(bundle), "/tmp/test_exec_process.XXXXXX");
	if (!mkdtemp(bundle))
		return -1;
	fd = open(bundle, O_PATH | O_DIRECTORY | O_CLOEXEC);
	return fd_replace_file(fd, "config.json", config, strlen(config), 0600, NULL);
}

static int teardown(void **state)
{
	_cleanup_close_ int tmp_fd = open("/tmp", O_PATH | O_DIRECTORY | O_CLOEXEC);

	(void)state;
	return path_remove_tree(tmp_fd, bundle + strlen("/tmp/"), NULL);
}

static struct exec_options options(void)
{
	static char *args[] = { (char *)"id", (char *)"-u", NULL };

	return (struct exec_options){ .args = args };
}

static void assert_refused(const struct exec_options *o, const char *message)
{
	struct arena arena = ARENA_INIT;
	struct error err = ERROR_INIT;
	struct process *process = NULL;
	json_t *json = NULL;

	assert_int_equal(exec_process_load(o, bundle, NULL, &arena, &json, &process, &err), -EINVAL);
	assert_string_equal(err.msg, message);
	assert_null(json);
	arena_done(&arena);
}

static void test_exec_process_load_lays_the_words_over_the_bundle(void **state)
{
	const struct option_list env = { { "C=d" }, 1 }, gids = { { "7" }, 1 };
	const struct option_list caps = { { "CAP_CHOWN" }, 1 };
	struct exec_options o = options();
	struct arena arena = ARENA_INIT;
	struct error err = ERROR_INIT;
	struct process *process;
	json_t *json;

	(void)state;
	o.cwd = "/tmp";
	o.user = "5";
	o.env = &env;
	o.additional_gids = &gids;
	o.caps = &caps;
	assert_int_equal(exec_process_load(&o, bundle, NULL, &arena, &json, &process, &err), 0);
	assert_string_equal(process->args[1], "-u");
	assert_string_equal(process->cwd, "/tmp");
	assert_int_equal(process->user.uid, 5);
	assert_int_equal(process->user.gid, 2);
	assert_string_equal(process->env[1], "C=d");
	assert_int_equal(process->user.additional_gids.n, 1);
	assert_int_equal(process->capabilities->permitted, 1); /* CAP_CHOWN is 0 */
	assert_int_equal(process->capabilities->inheritable, 1 << 5);
	json_decref(json);
	arena_done(&arena);
}

static void test_exec_process_load_says_which_word_is_not_utf8(void **state)
{
	static char *bad_args[] = { (char *)"\xff", NULL };
	struct exec_options o = options();

	(void)state;
	o.cwd = "/\xff"; /* was reported as a lack of memory */
	assert_refused(&o, "--cwd is not valid UTF-8");
	o = options();
	o.args = bad_args;
	assert_refused(&o, "process.args[0] is not valid UTF-8");
}

static void test_exec_process_load_quotes_bad_words(void **state)
{
	const struct option_list gids = { { "1\n" }, 1 };
	struct exec_options o = options();

	(void)state;
	o.user = "0\n1";
	assert_refused(&o, "--user '0\\x0a1': expected UID or UID:GID, as numbers");
	o = options();
	o.additional_gids = &gids;
	assert_refused(&o, "--additional-gids '1\\x0a': expected a number");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_exec_process_load_lays_the_words_over_the_bundle),
		cmocka_unit_test(test_exec_process_load_says_which_word_is_not_utf8),
		cmocka_unit_test(test_exec_process_load_quotes_bad_words),
	};

	return cmocka_run_group_tests_name("exec_process", tests, setup, teardown);
}
