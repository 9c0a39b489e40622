/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>
#include <linux/ioprio.h>
#include <sched.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "arena.h"
#include "error.h"
#include "scheduler.h"

typedef int (*parser)(struct arena *arena, json_t *value, void *out, struct error *err);

static int parse(parser fn, const char *text, struct arena *arena, void *out, struct error *err)
{
	json_t *value = json_loads(text, JSON_DECODE_ANY, NULL);
	int r;

	assert_non_null(value);
	r = fn(arena, value, out, err);
	json_decref(value); /* numbers are copied; words were looked up */
	return r;
}

static void assert_refused(parser fn, const char *text, const char *message)
{
	struct arena arena = ARENA_INIT;
	struct error err = ERROR_INIT;
	void *out = NULL;

	assert_int_equal(parse(fn, text, &arena, &out, &err), -EINVAL);
	assert_string_equal(err.msg, message);
	assert_null(out);
	arena_done(&arena);
}

static void test_scheduler_parse_reads_every_key(void **state)
{
	struct arena arena = ARENA_INIT;
	struct scheduler *s = NULL;

	(void)state;
	assert_int_equal(parse(scheduler_parse,
			       "{\"policy\":\"SCHED_DEADLINE\",\"nice\":-5,\"priority\":7,"
			       "\"flags\":[\"SCHED_FLAG_RESET_ON_FORK\",\"SCHED_FLAG_RECLAIM\"],"
			       "\"runtime\":1,\"deadline\":2,\"period\":3}",
			       &arena, &s, NULL),
			 0);
	assert_int_equal(s->policy, 6);
	assert_int_equal(s->nice, -5);
	assert_int_equal(s->priority, 7);
	assert_int_equal(s->flags, 3);
	assert_int_equal(s->runtime, 1);
	assert_int_equal(s->deadline, 2);
	assert_int_equal(s->period, 3);
	arena_done(&arena);
}

static void test_scheduler_parse_refuses_what_it_does_not_know(void **state)
{
	(void)state;
	assert_refused(scheduler_parse, "{\"policy\":\"SCHED_FAIR\"}",
		       ".policy: unknown value 'SCHED_FAIR'");
	assert_refused(scheduler_parse, "{\"policy\":\"SCHED_RR\",\"flags\":[\"X\"]}",
		       ".flags: unknown value 'X'");
	assert_refused(scheduler_parse, "{\"policy\":\"SCHED_OTHER\",\"nice\":20}",
		       ".nice: 20 is not between -20 and 19");
	assert_refused(scheduler_parse, "{\"policy\":\"SCHED_RR\",\"priority\":100}",
		       ".priority: 100 is not between 0 and 99");
	assert_refused(scheduler_parse, "[]", ": expected an object, got an array");
	assert_refused(io_priority_parse, "{\"class\":\"IOPRIO_CLASS_NONE\"}",
		       ".class: unknown value 'IOPRIO_CLASS_NONE'");
	assert_refused(io_priority_parse, "{\"class\":\"IOPRIO_CLASS_BE\",\"priority\":8}",
		       ".priority: 8 is not between 0 and 7");
}

static pid_t sleeper(void)
{
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		(void)pause();
		_exit(0);
	}
	return pid;
}

static void end(pid_t pid)
{
	(void)kill(pid, SIGKILL);
	(void)waitpid(pid, NULL, 0);
}

static void test_scheduler_apply_changes_another_process(void **state)
{
	const struct scheduler batch = { .policy = SCHED_BATCH, .nice = 7 };
	const struct io_priority best_effort = { IOPRIO_CLASS_BE, 6 };
	struct error err = ERROR_INIT;
	pid_t pid = sleeper();

	(void)state;
	assert_int_equal(scheduler_apply(pid, NULL, &err), 0);
	assert_int_equal(sched_getscheduler(pid), SCHED_OTHER);
	assert_int_equal(scheduler_apply(pid, &batch, &err), 0);
	assert_int_equal(sched_getscheduler(pid), SCHED_BATCH);
	assert_int_equal(getpriority(PRIO_PROCESS, (id_t)pid), 7);
	assert_int_equal(io_priority_apply(pid, NULL, &err), 0);
	assert_int_equal(io_priority_apply(pid, &best_effort, &err), 0);
	assert_int_equal(syscall(SYS_ioprio_get, IOPRIO_WHO_PROCESS, pid),
			 IOPRIO_PRIO_VALUE(IOPRIO_CLASS_BE, 6));
	end(pid);
}

static void test_scheduler_apply_says_what_the_kernel_refuses(void **state)
{
	const struct scheduler iso = { .policy = 4 };
	struct error err = ERROR_INIT;
	pid_t pid = sleeper();

	(void)state;
	assert_int_equal(scheduler_apply(pid, &iso, &err), -EINVAL);
	assert_non_null(strstr(err.msg, "process.scheduler"));
	end(pid);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_scheduler_parse_reads_every_key),
		cmocka_unit_test(test_scheduler_parse_refuses_what_it_does_not_know),
		cmocka_unit_test(test_scheduler_apply_changes_another_process),
		cmocka_unit_test(test_scheduler_apply_says_what_the_kernel_refuses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
