/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Unit tests of state: folders, locks, state.json, and what is said of a container. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "error.h"
#include "fd.h"
#include "path.h"
#include "proc.h"
#include "state.h"
#include "str.h"

static char top[64];   /* a folder of our own for each test */
static char root[128]; /* below it, not made yet */

static int setup(void **state)
{
	(void)state;
	(void)str_format(top, sizeof(top), "/tmp/test_state.XXXXXX");
	if (!mkdtemp(top))
		return -1;
	return str_format(root, sizeof(root), "%s/a/root", top);
}

static int teardown(void **state)
{
	_cleanup_close_ int tmp_fd = open("/tmp", O_PATH | O_DIRECTORY | O_CLOEXEC);

	(void)state;
	return path_remove_tree(tmp_fd, top + strlen("/tmp/"), NULL);
}

static int create(const char *id)
{
	struct error err = ERROR_INIT;
	int fd = -EBADF;

	assert_int_equal(state_create(root, id, &fd, &err), 0);
	assert_true(fd >= 0);
	return fd;
}

static struct state sample(void)
{
	struct state s = {
		.id = strdup("c1"),
		.oci_version = strdup("1.0.2"),
		.bundle = strdup("/b \"quoted\""),
		.rootfs = strdup("/b/rootfs"),
		.created = strdup("2026-11-21T10:00:00.000000001Z"),
		.id_base = 4000000000,
		.map = { .uids = { { 0, 4000000000, 65536 } },
			 .gids = { { 7, 9, 1 }, { 0, 1, 2 } },
			 .n_uids = 1,
			 .n_gids = 2 },
		.owner = 0,
	};

	return s;
}

static void assert_no_such(const char *id)
{
	struct error err = ERROR_INIT;
	int fd = -EBADF;

	assert_int_equal(state_open(root, id, true, &fd, &err), -ENOENT);
	assert_string_equal(err.msg, "container does not exist");
	assert_int_equal(fd, -EBADF);
}

static void write_state(int fd, const char *text)
{
	assert_int_equal(fd_replace_file(fd, "state.json", text, strlen(text), 0600, NULL), 0);
}

static void refuse_load(int fd, const char *text, int code, const char *words)
{
	struct state loaded = { 0 };
	struct error err = ERROR_INIT;

	write_state(fd, text);
	assert_int_equal(state_load(fd, &loaded, &err), code);
	assert_non_null(strstr(err.msg, words));
	assert_null(loaded.id);
}

/* ---- ids ---- */

static void test_state_check_id_takes_what_runc_takes(void **state)
{
	char longest[STATE_ID_MAX + 1];

	(void)state;
	memset(longest, 'a', STATE_ID_MAX);
	longest[STATE_ID_MAX] = '\0';
	assert_int_equal(state_check_id(longest, NULL), 0);
	assert_int_equal(state_check_id("a", NULL), 0);
	assert_int_equal(state_check_id("A_b+c.d-9", NULL), 0);
	assert_int_equal(state_check_id("...", NULL), 0);
	assert_int_equal(state_check_id(".hidden", NULL), 0);
}

static void test_state_check_id_refuses_what_could_leave_the_folder(void **state)
{
	static const char *const bad[] = { "",	  ".",	  "..",	      "../x", "a/b", "/x",
					   "a b", "a\nb", "\xc3\xa9", "a%2f", "~" };
	char too_long[STATE_ID_MAX + 2];
	struct error err = ERROR_INIT;

	(void)state;
	memset(too_long, 'a', STATE_ID_MAX + 1);
	too_long[STATE_ID_MAX + 1] = '\0';
	assert_int_equal(state_check_id(too_long, NULL), -EINVAL);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(state_check_id(bad[i], &err), -EINVAL);
		assert_non_null(strstr(err.msg, "invalid container id"));
	}
}

/* ---- folders ---- */

static void test_state_create_makes_a_private_folder(void **state)
{
	int fd = create("c1");
	struct stat st;

	(void)state;
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(st.st_mode, S_IFDIR | 0700);
	assert_int_equal(stat(root, &st), 0);
	assert_int_equal(st.st_mode, S_IFDIR | 0700);
	fd_close(fd);
}

static void test_state_create_refuses_an_id_that_is_taken(void **state)
{
	struct error err = ERROR_INIT;
	int fd = create("c1"), second = -EBADF;

	(void)state;
	assert_int_equal(state_create(root, "c1", &second, &err), -EEXIST);
	assert_non_null(strstr(err.msg, "container with given ID already exists"));
	assert_int_equal(second, -EBADF);
	fd_close(fd);
}

static void test_state_create_refuses_a_bad_id_and_leaves_nothing(void **state)
{
	struct error err = ERROR_INIT;
	int fd = -EBADF;

	(void)state;
	assert_int_equal(state_create(root, "../c1", &fd, &err), -EINVAL);
	assert_int_equal(access(root, F_OK), -1);
}

static void test_state_create_refuses_a_root_that_others_may_write(void **state)
{
	struct error err = ERROR_INIT;
	char path[256];
	int fd;

	(void)state;
	fd_close(create("c1"));
	assert_int_equal(chmod(root, 0720), 0);
	assert_int_equal(state_create(root, "c2", &fd, &err), -EPERM);
	assert_non_null(strstr(err.msg, "may be written by others"));
	assert_int_equal(str_format(path, sizeof(path), "%s/c2", root), 0);
	assert_int_equal(access(path, F_OK), -1);
	assert_int_equal(state_open(root, "c1", false, &fd, &err), -EPERM);
	assert_int_equal(chmod(root, 0711), 0);
	fd_close(create("c2"));
}

static void test_state_create_refuses_a_root_of_another_user(void **state)
{
	struct error err = ERROR_INIT;
	int fd;

	(void)state;
	if (geteuid() != 0)
		skip(); /* only root can give a folder away */
	fd_close(create("c1"));
	assert_int_equal(chown(root, 1000, 1000), 0);
	assert_int_equal(state_create(root, "c2", &fd, &err), -EPERM);
	assert_non_null(strstr(err.msg, "belongs to user 1000"));
}

static void test_state_open_finds_what_was_created(void **state)
{
	int fd = -EBADF;

	(void)state;
	fd_close(create("c1"));
	assert_int_equal(state_open(root, "c1", true, &fd, NULL), 0);
	assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	fd_close(fd);
}

static void test_state_open_says_that_a_container_does_not_exist(void **state)
{
	(void)state;
	assert_no_such("c1"); /* nor does the root */
	fd_close(create("c1"));
	assert_no_such("c2");
}

static void test_state_open_does_not_follow_links(void **state)
{
	struct error err = ERROR_INIT;
	char path[256];
	int fd = -EBADF;

	(void)state;
	fd_close(create("c1"));
	assert_int_equal(str_format(path, sizeof(path), "%s/c2", root), 0);
	assert_int_equal(symlink("c1", path), 0);
	assert_true(state_open(root, "c2", false, &fd, &err) < 0);
	assert_int_equal(fd, -EBADF);
}

/*
 * Waits for the lock in a process of its own; its exit status tells how that ended. It must not
 * keep @held_fd, which it inherits: the lock would be its own too.
 */
static pid_t open_in_child(const char *id, int held_fd, int *ret_ready_fd)
{
	int ends[2];
	pid_t pid;

	assert_int_equal(pipe(ends), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		int fd = -EBADF, r;

		fd_close(held_fd);
		if (write(ends[1], "r", 1) != 1)
			_exit(2);
		r = state_open(root, id, true, &fd, NULL);
		_exit(r == 0 ? 0 : r == -ENOENT ? 10 : 11);
	}
	close(ends[1]);
	*ret_ready_fd = ends[0];
	return pid;
}

/* From its word on it can sleep in flock(2) alone. */
static void await_sleep(pid_t pid, int ready_fd)
{
	char byte, letter = '?';
	uint64_t start;

	assert_int_equal(read(ready_fd, &byte, 1), 1);
	close(ready_fd);
	while (letter != 'S') {
		assert_int_equal(proc_stat(pid, &start, &letter, NULL), 0);
		assert_int_not_equal(letter, 'Z');
	}
}

static void test_state_open_waits_for_the_verb_that_holds_the_lock(void **state)
{
	int fd = create("c1"), ready_fd, status;
	pid_t pid = open_in_child("c1", fd, &ready_fd);

	(void)state;
	await_sleep(pid, ready_fd);
	assert_int_equal(waitpid(pid, &status, WNOHANG), 0);
	fd_close(fd);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static void test_state_open_notices_that_the_folder_went_while_it_waited(void **state)
{
	int fd = create("c1"), ready_fd, status;
	pid_t pid = open_in_child("c1", fd, &ready_fd);

	(void)state;
	await_sleep(pid, ready_fd);
	assert_int_equal(state_remove(root, "c1", NULL), 0);
	fd_close(fd);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(WEXITSTATUS(status), 10);
}

static void test_state_open_takes_the_new_folder_of_an_id_made_again(void **state)
{
	int fd = create("c1"), again, ready_fd, status;
	pid_t pid = open_in_child("c1", fd, &ready_fd);

	(void)state;
	await_sleep(pid, ready_fd);
	assert_int_equal(state_remove(root, "c1", NULL), 0);
	again = create("c1");
	fd_close(fd);
	fd_close(again);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static void test_state_remove_removes_what_is_inside(void **state)
{
	int fd = create("c1");

	(void)state;
	write_state(fd, "{}");
	assert_int_equal(mkfifoat(fd, STATE_FIFO, 0600), 0);
	fd_close(fd);
	assert_int_equal(state_remove(root, "c1", NULL), 0);
	assert_no_such("c1");
	assert_int_equal(state_remove(root, "c1", NULL), 0); /* gone is gone */
	assert_int_equal(state_remove(root, "..", NULL), -EINVAL);
}

static void test_state_list_gives_folders_in_order(void **state)
{
	char path[256];
	char **ids = NULL;

	(void)state;
	fd_close(create("b"));
	fd_close(create("a"));
	fd_close(create("c"));
	assert_int_equal(str_format(path, sizeof(path), "%s/file", root), 0);
	fd_close(open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
	assert_int_equal(str_format(path, sizeof(path), "%s/no id", root), 0);
	assert_int_equal(mkdir(path, 0700), 0);
	assert_int_equal(state_list(root, &ids, NULL), 0);
	assert_string_equal(ids[0], "a");
	assert_string_equal(ids[1], "b");
	assert_string_equal(ids[2], "c");
	assert_null(ids[3]);
	state_list_free(ids);
}

static void test_state_list_of_a_missing_root_is_empty(void **state)
{
	struct error err = ERROR_INIT;
	char **ids = NULL;

	(void)state;
	assert_int_equal(state_list(root, &ids, &err), 0);
	assert_non_null(ids);
	assert_null(ids[0]);
	state_list_free(ids);
	state_list_free(NULL);
}

/* ---- state.json ---- */

static void test_state_load_gives_back_what_was_saved(void **state)
{
	struct state saved = sample(), loaded = { 0 };
	int fd = create("c1");
	struct stat st;

	(void)state;
	saved.init = (struct proc_id){ 1234, 18446744073ULL };
	saved.twin_work = strdup("/w");
	saved.rdt_group = strdup("/sys/fs/resctrl/c");
	saved.rdt_monitor = strdup("/sys/fs/resctrl/c/mon_groups/c");
	saved.rdt_own = true;
	saved.degraded = true;
	saved.bpf_cgroup = 281474976710656;
	saved.monitor = (struct proc_id){ 4321, 18446744074ULL };
	saved.no_emulation = true;
	saved.cgroup = json_pack("{s:[s]}", "paths", "/x");
	saved.annotations = json_pack("{s:s}", "k", "v");
	saved.poststop = json_array();
	assert_int_equal(state_save(fd, &saved, NULL), 0);
	assert_int_equal(fstatat(fd, "state.json", &st, 0), 0);
	assert_int_equal(st.st_mode, S_IFREG | 0600);
	assert_int_equal(state_load(fd, &loaded, NULL), 0);
	assert_string_equal(loaded.id, "c1");
	assert_string_equal(loaded.oci_version, "1.0.2");
	assert_string_equal(loaded.bundle, "/b \"quoted\"");
	assert_string_equal(loaded.rootfs, "/b/rootfs");
	assert_string_equal(loaded.created, saved.created);
	assert_string_equal(loaded.twin_work, "/w");
	assert_string_equal(loaded.rdt_group, "/sys/fs/resctrl/c");
	assert_string_equal(loaded.rdt_monitor, "/sys/fs/resctrl/c/mon_groups/c");
	assert_true(loaded.rdt_own);
	assert_int_equal(loaded.init.pid, 1234);
	assert_int_equal(loaded.init.start, 18446744073ULL);
	assert_int_equal(loaded.id_base, 4000000000);
	assert_true(idmap_equal(&loaded.map, &saved.map));
	assert_true(loaded.degraded);
	assert_int_equal(loaded.bpf_cgroup, 281474976710656);
	assert_int_equal(loaded.monitor.pid, 4321);
	assert_int_equal(loaded.monitor.start, 18446744074ULL);
	assert_true(loaded.no_emulation);
	assert_true(json_equal(loaded.cgroup, saved.cgroup));
	assert_true(json_equal(loaded.annotations, saved.annotations));
	assert_true(json_equal(loaded.poststop, saved.poststop));
	assert_null(loaded.poststart);
	state_done(&saved);
	state_done(&loaded);
	state_done(&loaded); /* empty is fine */
	fd_close(fd);
}

static void test_state_load_says_when_a_create_was_cut_short(void **state)
{
	struct state loaded = { 0 };
	struct error err = ERROR_INIT;
	int fd = create("c1");

	(void)state;
	assert_int_equal(state_load(fd, &loaded, &err), -ENOENT);
	assert_non_null(strstr(err.msg, "only in part"));
	fd_close(fd);
}

static void test_state_load_refuses_damage(void **state)
{
	int fd = create("c1");

	(void)state;
	refuse_load(fd, "", -EINVAL, "state.json");
	refuse_load(fd, "{\"version\":2,\"id\":\"c1\"", -EINVAL, "state.json");
	refuse_load(fd, "[]", -EINVAL, "state.json");
	refuse_load(fd, "{\"version\":2}", -EINVAL, "id");
	refuse_load(fd,
		    "{\"version\":2,\"id\":\"c1\",\"ociVersion\":\"1\",\"bundle\":3,\"rootfs\":\"/\",\"created\":\"x\"}",
		    -EINVAL, "bundle");
	refuse_load(fd,
		    "{\"version\":2,\"id\":\"c1\",\"ociVersion\":\"1\",\"bundle\":\"/\",\"created\":\"x\","
		    "\"pid\":2147483648}",
		    -EINVAL, "pid");
	refuse_load(fd,
		    "{\"version\":2,\"id\":\"c1\",\"ociVersion\":\"1\",\"bundle\":\"/\",\"created\":\"x\","
		    "\"startTime\":9223372036854775808}", /* read, but it could not be written again */
		    -EINVAL, "startTime: 9223372036854775808");
	fd_close(fd);
}

static void test_state_load_refuses_a_file_of_another_version(void **state)
{
	int fd = create("c1");

	(void)state;
	refuse_load(fd,
		    "{\"version\":1,\"id\":\"c1\",\"ociVersion\":\"1\",\"bundle\":\"/\",\"created\":\"x\"}",
		    -EINVAL, "another version of bulwark");
	fd_close(fd);
}

static void test_state_save_refuses_a_path_that_is_not_utf8(void **state)
{
	struct state saved = sample();
	struct error err = ERROR_INIT;
	int fd = create("c1");

	(void)state;
	free(saved.bundle);
	saved.bundle = strdup("/\xff");
	assert_int_equal(state_save(fd, &saved, &err), -EINVAL);
	assert_int_equal(faccessat(fd, "state.json", F_OK, 0), -1);
	state_done(&saved);
	fd_close(fd);
}

/* ---- status ---- */

static void test_state_status_follows_init_and_fifo(void **state)
{
	struct state s = sample();
	int fd = create("c1"), fifo_fd;

	(void)state;
	assert_int_equal(state_status(fd, &s), CONTAINER_CREATING);
	s.init.pid = getpid();
	assert_int_equal(proc_stat(s.init.pid, &s.init.start, NULL, NULL), 0);
	assert_int_equal(state_status(fd, &s), CONTAINER_RUNNING);
	assert_int_equal(mkfifoat(fd, STATE_FIFO, 0600), 0);
	assert_int_equal(state_status(fd, &s), CONTAINER_RUNNING); /* nobody waits at it */
	fifo_fd = openat(fd, STATE_FIFO, O_RDWR | O_CLOEXEC);
	assert_int_equal(state_status(fd, &s), CONTAINER_CREATED);
	s.init.start++; /* the number is another process's now */
	assert_int_equal(state_status(fd, &s), CONTAINER_STOPPED);
	fd_close(fifo_fd);
	state_done(&s);
	fd_close(fd);
}

static void test_state_status_of_a_zombie_is_stopped(void **state)
{
	struct state s = sample();
	int fd = create("c1");
	siginfo_t info;

	(void)state;
	s.init.pid = fork();
	assert_true(s.init.pid >= 0);
	if (s.init.pid == 0)
		_exit(0);
	assert_int_equal(proc_stat(s.init.pid, &s.init.start, NULL, NULL), 0);
	assert_int_equal(waitid(P_PID, (id_t)s.init.pid, &info, WEXITED | WNOWAIT), 0);
	assert_int_equal(state_status(fd, &s), CONTAINER_STOPPED);
	assert_int_equal(waitpid(s.init.pid, NULL, 0), s.init.pid);
	state_done(&s);
	fd_close(fd);
}

static void assert_keys(json_t *object, const char *const *keys)
{
	const char *key;
	json_t *value;

	json_object_foreach(object, key, value) {
		assert_non_null(value);
		assert_non_null(*keys);
		assert_string_equal(key, *keys++);
	}
	assert_null(*keys);
}

static void test_state_to_oci_has_runcs_keys_in_runcs_order(void **state)
{
	static const char *const keys[] = { "ociVersion", "id",	     "pid",   "status", "bundle",
					    "rootfs",	  "created", "owner", NULL };
	struct state s = sample();
	json_t *oci;

	(void)state;
	s.init.pid = 77;
	oci = state_to_oci(&s, CONTAINER_RUNNING, 0);
	assert_keys(oci, keys);
	assert_int_equal(json_integer_value(json_object_get(oci, "pid")), 77);
	assert_string_equal(json_string_value(json_object_get(oci, "status")), "running");
	assert_string_equal(json_string_value(json_object_get(oci, "owner")), "root");
	json_decref(oci);
	state_done(&s);
}

static void test_state_to_oci_shows_no_pid_of_what_has_stopped(void **state)
{
	struct state s = sample();
	json_t *oci;

	(void)state;
	s.init.pid = 77;
	oci = state_to_oci(&s, CONTAINER_STOPPED, 0);
	assert_int_equal(json_integer_value(json_object_get(oci, "pid")), 0);
	json_decref(oci);
	oci = state_to_oci(&s, CONTAINER_CREATING, 1); /* for hooks: as they see it */
	assert_int_equal(json_integer_value(json_object_get(oci, "pid")), 1);
	json_decref(oci);
	state_done(&s);
}

static void test_state_to_oci_marks_a_degraded_container(void **state)
{
	static const char *const keys[] = { "ociVersion", "id",	    "pid",     "status",
					    "bundle",	  "rootfs", "created", "annotations",
					    "owner",	  NULL };
	struct state s = sample();
	json_t *oci, *annotations;

	(void)state;
	s.degraded = true;
	s.annotations = json_pack("{s:s}", "k", "v");
	oci = state_to_oci(&s, CONTAINER_CREATED, 0);
	assert_keys(oci, keys);
	annotations = json_object_get(oci, "annotations");
	assert_string_equal(json_string_value(json_object_get(annotations, "k")), "v");
	assert_string_equal(json_string_value(json_object_get(annotations, "io.bulwark.degraded")),
			    "bpf-lsm");
	assert_null(json_object_get(s.annotations,
				    "io.bulwark.degraded")); /* the spec's own stay as they are */
	json_decref(oci);
	state_done(&s);
}

static void assert_degraded(const struct state *s, enum container_status status, const char *what)
{
	json_t *oci = state_to_oci(s, status, 0);
	const char *value = json_string_value(
		json_object_get(json_object_get(oci, "annotations"), "io.bulwark.degraded"));

	if (what)
		assert_string_equal(value, what);
	else
		assert_null(value);
	json_decref(oci);
}

static void test_state_to_oci_names_each_layer_that_is_missing(void **state)
{
	struct state s = sample();

	(void)state;
	assert_degraded(&s, CONTAINER_RUNNING, NULL);
	s.no_emulation = true;
	assert_degraded(&s, CONTAINER_RUNNING, "emulation");
	s.degraded = true;
	assert_degraded(&s, CONTAINER_RUNNING, "bpf-lsm,emulation");
	s.degraded = s.no_emulation = false;
	s.monitor.pid = getpid(); /* of another start time: that one is dead */
	assert_degraded(&s, CONTAINER_RUNNING, "emulation");
	assert_degraded(&s, CONTAINER_STOPPED, NULL); /* it ends with the container */
	assert_int_equal(proc_stat(getpid(), &s.monitor.start, NULL, NULL), 0);
	assert_degraded(&s, CONTAINER_RUNNING, NULL);
	state_done(&s);
}

static void test_state_to_oci_names_an_owner_without_account_by_number(void **state)
{
	struct state s = sample();
	json_t *oci;

	(void)state;
	s.owner = 3999999999;
	oci = state_to_oci(&s, CONTAINER_CREATED, 0);
	assert_string_equal(json_string_value(json_object_get(oci, "owner")), "#3999999999");
	json_decref(oci);
	state_done(&s);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_state_check_id_takes_what_runc_takes),
		TEST(test_state_check_id_refuses_what_could_leave_the_folder),
		TEST(test_state_create_makes_a_private_folder),
		TEST(test_state_create_refuses_an_id_that_is_taken),
		TEST(test_state_create_refuses_a_bad_id_and_leaves_nothing),
		TEST(test_state_create_refuses_a_root_that_others_may_write),
		TEST(test_state_create_refuses_a_root_of_another_user),
		TEST(test_state_open_finds_what_was_created),
		TEST(test_state_open_says_that_a_container_does_not_exist),
		TEST(test_state_open_does_not_follow_links),
		TEST(test_state_open_waits_for_the_verb_that_holds_the_lock),
		TEST(test_state_open_notices_that_the_folder_went_while_it_waited),
		TEST(test_state_open_takes_the_new_folder_of_an_id_made_again),
		TEST(test_state_remove_removes_what_is_inside),
		TEST(test_state_list_gives_folders_in_order),
		TEST(test_state_list_of_a_missing_root_is_empty),
		TEST(test_state_load_gives_back_what_was_saved),
		TEST(test_state_load_says_when_a_create_was_cut_short),
		TEST(test_state_load_refuses_damage),
		TEST(test_state_load_refuses_a_file_of_another_version),
		TEST(test_state_save_refuses_a_path_that_is_not_utf8),
		TEST(test_state_status_follows_init_and_fifo),
		TEST(test_state_status_of_a_zombie_is_stopped),
		TEST(test_state_to_oci_has_runcs_keys_in_runcs_order),
		TEST(test_state_to_oci_shows_no_pid_of_what_has_stopped),
		TEST(test_state_to_oci_marks_a_degraded_container),
		TEST(test_state_to_oci_names_each_layer_that_is_missing),
		TEST(test_state_to_oci_names_an_owner_without_account_by_number),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
