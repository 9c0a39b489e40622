/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Unit tests of checkpoint: what is refused, and the words that criu gets. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "arena.h"
#include "checkpoint.h"
#include "error.h"
#include "str.h"

static void assert_refused(const struct checkpoint_options *options, int errnum, const char *word)
{
	struct error err = ERROR_INIT;

	assert_int_equal(checkpoint_check(options, &err), -errnum);
	if (!strstr(err.msg, word))
		fail_msg("'%s' does not name '%s'", err.msg, word);
}

static void test_checkpoint_check_refuses_what_ends_the_container(void **state)
{
	struct checkpoint_options o = { .image_path = "/i" };

	(void)state;
	assert_refused(&o, ENOTSUP, "--leave-running");
	o.leave_running = true;
	assert_int_equal(checkpoint_check(&o, NULL), 0);
	o = (struct checkpoint_options){ .image_path = "/i", .pre_dump = true };
	assert_int_equal(checkpoint_check(&o, NULL), 0);
	o.lazy_pages = true;
	assert_refused(&o, ENOTSUP, "--lazy-pages");
	o.lazy_pages = false;
	o.status_fd = true;
	assert_refused(&o, ENOTSUP, "--status-fd");
}

static void test_checkpoint_check_refuses_bad_words(void **state)
{
	static const char *const servers[] = { "",	 "host",    ":1",	  "host:", "host:0",
					       "host:x", "host:-1", "host:65536", "--x:1" };
	struct option_list user = { .items = { "user" }, .n = 1 };
	struct checkpoint_options o = { .image_path = "/i", .leave_running = true };

	(void)state;
	for (size_t i = 0; i < sizeof(servers) / sizeof(servers[0]); i++) {
		o.page_server = servers[i];
		assert_refused(&o, EINVAL, "--page-server");
	}
	o.page_server = "[::1]:65535";
	assert_int_equal(checkpoint_check(&o, NULL), 0);
	o.manage_cgroups_mode = "none";
	assert_refused(&o, EINVAL, "--manage-cgroups-mode");
	o.manage_cgroups_mode = "strict";
	o.parent_path = "/abs";
	assert_refused(&o, EINVAL, "--parent-path");
	o.parent_path = "../parent";
	o.empty_ns = &user;
	assert_refused(&o, EINVAL, "--empty-ns");
}

static void assert_words(const struct checkpoint_options *options, const char *freezer,
			 const char *expected)
{
	struct arena arena = ARENA_INIT;
	const char *words[CHECKPOINT_ARGS_MAX];
	char text[2048] = "";

	assert_int_equal(checkpoint_args(options, 42, freezer, &arena, words, NULL), 0);
	for (size_t i = 0; words[i]; i++) {
		strcat(text, i ? " " : "");
		strcat(text, words[i]);
	}
	assert_string_equal(text, expected);
	arena_done(&arena);
}

static void test_checkpoint_args_says_what_was_asked(void **state)
{
	const struct option_list network = { .items = { "network" }, .n = 1 };
	struct checkpoint_options o = { .image_path = "/i", .leave_running = true };

	(void)state;
	assert_words(&o, NULL,
		     "criu dump --tree 42 --images-dir /i --log-file dump.log -v4 --leave-running "
		     "--manage-cgroups=soft --external mnt[]");
	o = (struct checkpoint_options){
		.image_path = "/i",
		.work_path = "/w",
		.parent_path = "../p",
		.leave_running = true,
		.tcp_established = true,
		.ext_unix_sk = true,
		.shell_job = true,
		.file_locks = true,
		.auto_dedup = true,
		.page_server = "::1:900",
		.manage_cgroups_mode = "full",
		.empty_ns = &network,
	};
	assert_words(&o, "/f",
		     "criu dump --tree 42 --images-dir /i --work-dir /w --log-file dump.log -v4 --leave-running "
		     "--track-mem --prev-images-dir ../p --tcp-established --ext-unix-sk --shell-job --file-locks "
		     "--auto-dedup --empty-ns=net --page-server --address ::1 --port 900 --manage-cgroups=full "
		     "--freeze-cgroup /f --external mnt[]");
	o = (struct checkpoint_options){ .image_path = "/i", .pre_dump = true };
	assert_words(&o, NULL,
		     "criu pre-dump --tree 42 --images-dir /i --log-file dump.log -v4 --track-mem "
		     "--manage-cgroups=soft --external mnt[]");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_checkpoint_check_refuses_what_ends_the_container),
		cmocka_unit_test(test_checkpoint_check_refuses_bad_words),
		cmocka_unit_test(test_checkpoint_args_says_what_was_asked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
