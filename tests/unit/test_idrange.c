/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Unit tests of idrange: exclusive blocks, also between processes that are killed at any moment. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "error.h"
#include "fd.h"
#include "idrange.h"
#include "path.h"
#include "str.h"

#define BASE(block) (IDRANGE_FIRST + (block)*IDRANGE_SIZE)
#define BLOCKS ((IDRANGE_LAST - IDRANGE_FIRST) / IDRANGE_SIZE)

/* /tmp/test_idrange.XXXXXX/ with etc/, states and the table; the clock is what a test says. */
struct scratch {
	char path[64];
	char table[96];
	char etc[96];
	char kubelet[96];
	struct idrange_host host;
};

static uint64_t clock_ms;

static uint64_t now_ms(void)
{
	return clock_ms;
}

static int setup(void **state)
{
	struct scratch *s = calloc(1, sizeof(*s));

	if (!s || str_format(s->path, sizeof(s->path), "/tmp/test_idrange.XXXXXX") < 0 ||
	    !mkdtemp(s->path))
		return -1;
	(void)str_format(s->table, sizeof(s->table), "%s/run/ids", s->path);
	(void)str_format(s->etc, sizeof(s->etc), "%s/etc", s->path);
	(void)str_format(s->kubelet, sizeof(s->kubelet), "%s/kubelet", s->path);
	s->host = (struct idrange_host){ s->etc, s->kubelet, now_ms };
	clock_ms = 1000000;
	*state = s;
	return mkdir(s->etc, 0755);
}

static int teardown(void **state)
{
	struct scratch *s = *state;
	int tmp_fd = open("/tmp", O_PATH | O_DIRECTORY | O_CLOEXEC);
	int r = path_remove_tree(tmp_fd, s->path + strlen("/tmp/"), NULL);

	close(tmp_fd);
	free(s);
	return r;
}

static void write_etc(const struct scratch *s, const char *name, const char *text)
{
	int fd = open(s->etc, O_PATH | O_DIRECTORY | O_CLOEXEC);

	assert_int_equal(fd_replace_file(fd, name, text, strlen(text), 0644, NULL), 0);
	close(fd);
}

/* The path of a state folder, made if @make. */
static const char *folder(const struct scratch *s, const char *name, bool make)
{
	static char path[160];

	(void)str_format(path, sizeof(path), "%s/%s", s->path, name);
	if (make)
		assert_true(mkdir(path, 0700) == 0 || errno == EEXIST);
	return path;
}

static int take(const struct scratch *s, const char *name, uint32_t *ret)
{
	return idrange_take_on(&s->host, s->table, folder(s, name, true), ret, NULL);
}

static uint32_t taken(const struct scratch *s, const char *name)
{
	uint32_t base = 0;
	struct error err = ERROR_INIT;

	if (idrange_take_on(&s->host, s->table, folder(s, name, true), &base, &err) < 0)
		fail_msg("%s", err.msg);
	return base;
}

static int give_back(const struct scratch *s, const char *name, uint32_t base)
{
	return idrange_free_on(&s->host, s->table, base, folder(s, name, false), NULL);
}

static size_t held(const struct scratch *s)
{
	struct idrange_entry *entries;
	size_t n;

	assert_int_equal(idrange_list(s->table, &entries, &n, NULL), 0);
	free(entries);
	return n;
}

/* Takes in a process of its own, which is dead afterwards, as a runtime that made a container is. */
static uint32_t taken_by_another(const struct scratch *s, const char *name)
{
	int status, pipe_fds[2];
	uint32_t base = 0;
	pid_t pid;

	assert_int_equal(pipe(pipe_fds), 0);
	pid = fork();
	if (pid == 0) {
		if (take(s, name, &base) < 0 ||
		    write(pipe_fds[1], &base, sizeof(base)) != sizeof(base))
			_exit(1);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_int_equal(read(pipe_fds[0], &base, sizeof(base)), sizeof(base));
	close(pipe_fds[0]);
	close(pipe_fds[1]);
	return base;
}

/* ---- first fit ---------------------------------------------------------------------------------------------- */

static void test_idrange_take_starts_at_100000(void **state)
{
	const struct scratch *s = *state;

	assert_int_equal(taken(s, "a"), 100000);
	assert_int_equal(taken(s, "b"), 165536);
	assert_int_equal(taken(s, "c"), 231072);
	assert_int_equal(held(s), 3);
}

static void test_idrange_take_makes_its_folder_private(void **state)
{
	const struct scratch *s = *state;
	struct stat st;

	(void)taken(s, "a");
	assert_int_equal(stat(s->table, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
}

static void test_idrange_take_refuses_other_paths(void **state)
{
	const struct scratch *s = *state;
	char path[402];
	uint32_t base = 7;

	memset(path, 'x', sizeof(path));
	path[0] = '/';
	path[401] = '\0';
	assert_int_equal(idrange_take_on(&s->host, s->table, path, &base, NULL), -ENAMETOOLONG);
	path[400] = '\0';
	assert_int_equal(idrange_take_on(&s->host, s->table, "relative", &base, NULL), -EINVAL);
	assert_int_equal(base, 7);
	assert_int_equal(idrange_take_on(&s->host, s->table, path, &base, NULL), 0);
}

static void test_idrange_take_avoids_subordinate_ids(void **state)
{
	const struct scratch *s = *state;

	write_etc(s, "subuid", "user:100000:65536\n");
	write_etc(s, "subgid", "# comment\nuser:231071:2\nbroken:1\nbad:x:y\n:::\n");
	/* block 0 by subuid; 1 and 2 by the two gids around their border */
	assert_int_equal(taken(s, "a"), BASE(3));
}

static void test_idrange_take_avoids_accounts(void **state)
{
	const struct scratch *s = *state;

	write_etc(s, "passwd",
		  "root:x:0:0::/root:/bin/sh\nldap:x:100000:500::/:/bin/sh\nb:x:5:165536::/:/bin/sh");
	write_etc(s, "group", "big:x:231072:a,b\n");
	assert_int_equal(taken(s, "a"), BASE(3));
}

static void test_idrange_take_may_touch_accounts_ids(void **state)
{
	const struct scratch *s = *state;

	write_etc(s, "passwd", "a:x:99999:99999::/:/bin/sh\nb:x:165536:165536::/:/bin/sh\n");
	assert_int_equal(taken(s, "a"), BASE(0));
	assert_int_equal(taken(s, "b"), BASE(2));
}

static void test_idrange_take_avoids_the_kubelets_ranges(void **state)
{
	const struct scratch *s = *state;

	assert_int_equal(mkdir(s->kubelet, 0755), 0);
	assert_true(taken(s, "a") >= 65536 + 1024 * 65536);
}

static void test_idrange_take_survives_hostile_files(void **state)
{
	const struct scratch *s = *state;
	static const char text[] =
		"a:0:4294967295\nb:4294967295:1\nc:1:4294967296\nd:-1:5\ne:100000:0\n"
		"f:18446744073709551616:1\n::::::::\n\n:\nlong";

	write_etc(s, "subuid", text + strlen("a:0:4294967295\n"));
	assert_int_equal(taken(s, "a"), BASE(0));
	write_etc(s, "subuid", text);
	assert_int_equal(idrange_take_on(&s->host, s->table, folder(s, "b", true), &(uint32_t){ 0 },
					 NULL),
			 -ENOSPC);
}

/* ---- rest and reuse ----------------------------------------------------------------------------------------- */

static void test_idrange_free_lets_a_block_rest(void **state)
{
	const struct scratch *s = *state;

	assert_int_equal(taken(s, "a"), BASE(0));
	assert_int_equal(give_back(s, "a", BASE(0)), 0);
	clock_ms += IDRANGE_REST_MS - 1;
	assert_int_equal(taken(s, "b"), BASE(1));
	clock_ms += 1;
	assert_int_equal(taken(s, "c"), BASE(0));
}

static void test_idrange_free_accepts_only_the_holder(void **state)
{
	const struct scratch *s = *state;

	assert_int_equal(taken(s, "a"), BASE(0));
	assert_int_equal(give_back(s, "b", BASE(0)), 0);
	assert_int_equal(give_back(s, "a", BASE(0) + 1), 0);
	assert_int_equal(give_back(s, "a", BASE(1)), 0);
	assert_int_equal(give_back(s, "a", 0), 0);
	assert_int_equal(give_back(s, "a", UINT32_MAX), 0);
	assert_int_equal(held(s), 1);
	assert_int_equal(give_back(s, "a", BASE(0)), 0);
	assert_int_equal(held(s), 0);
	assert_int_equal(give_back(s, "a", BASE(0)), 0);
}

static void test_idrange_free_without_a_table_is_nothing(void **state)
{
	const struct scratch *s = *state;
	struct stat st;

	assert_int_equal(give_back(s, "a", BASE(0)), 0);
	assert_int_equal(held(s), 0);
	assert_int_equal(stat(s->table, &st), -1);
}

/* Fills the whole table at once: 32,000 calls would take long. Record layout: state, pid, start, freed_ms, path. */
static void fill_table(const struct scratch *s, uint64_t freed_ms, uint32_t longest)
{
	int fd = open(s->table, O_WRONLY | O_CLOEXEC);
	char record[512] = { 0 };

	assert_true(fd >= 0);
	for (uint32_t i = 0; i < BLOCKS; i++) {
		uint64_t freed = i == longest ? freed_ms - 5 : freed_ms;

		memcpy(record + 16, &freed, sizeof(freed));
		assert_int_equal(pwrite(fd, record, 512, 512 + (off_t)i * 512), 512);
	}
	close(fd);
}

static void test_idrange_take_uses_what_rests_when_nothing_else_is_left(void **state)
{
	const struct scratch *s = *state;
	uint32_t base = 0;

	assert_int_equal(take(s, "a", &base), 0);
	fill_table(s, clock_ms, 12345);
	assert_int_equal(taken(s, "b"), BASE(12345)); /* the one that rested longest */
	assert_int_equal(taken(s, "c"), BASE(0));
}

static void test_idrange_take_ends_below_2_31(void **state)
{
	const struct scratch *s = *state;
	char text[64];

	(void)str_format(text, sizeof(text), "u:%u:%u\n", IDRANGE_FIRST, (BLOCKS - 1) * IDRANGE_SIZE);
	write_etc(s, "subuid", text);
	assert_int_equal(taken(s, "a"), BASE(BLOCKS - 1));
	assert_true(BASE(BLOCKS) <= IDRANGE_LAST);
	assert_int_equal(take(s, "b", &(uint32_t){ 0 }), -ENOSPC);
}

/* ---- crashes ------------------------------------------------------------------------------------------------ */

static void test_idrange_take_sweeps_what_crashes_left(void **state)
{
	const struct scratch *s = *state;

	assert_int_equal(taken_by_another(s, "a"), BASE(0));
	assert_int_equal(rmdir(folder(s, "a", false)), 0); /* folder and creator are gone */
	assert_int_equal(taken(s, "b"), BASE(1));	   /* swept here; now it rests */
	assert_int_equal(held(s), 1);
	clock_ms += IDRANGE_REST_MS;
	assert_int_equal(taken(s, "c"), BASE(0));
}

static void test_idrange_take_sweeps_no_living_container(void **state)
{
	const struct scratch *s = *state;

	assert_int_equal(taken_by_another(s, "a"), BASE(0)); /* creator gone, folder there */
	assert_int_equal(taken(s, "b"), BASE(1));
	clock_ms += 10 * IDRANGE_REST_MS;
	assert_int_equal(taken(s, "c"), BASE(2));
	assert_int_equal(held(s), 3);
}

static void test_idrange_take_sweeps_no_living_creator(void **state)
{
	const struct scratch *s = *state;

	assert_int_equal(taken(s, "a"), BASE(0));
	assert_int_equal(rmdir(folder(s, "a", false)), 0); /* this process is its creator */
	clock_ms += 10 * IDRANGE_REST_MS;
	assert_int_equal(taken(s, "b"), BASE(1));
	assert_int_equal(held(s), 2);
}

static void test_idrange_take_frees_what_the_same_name_held(void **state)
{
	const struct scratch *s = *state;

	assert_int_equal(taken_by_another(s, "a"), BASE(0));
	assert_int_equal(taken(s, "a"), BASE(1));
	assert_int_equal(held(s), 1);
}

static void test_idrange_take_refuses_a_damaged_table(void **state)
{
	const struct scratch *s = *state;
	struct error err = ERROR_INIT;
	uint32_t base = 0;
	int fd;

	assert_int_equal(take(s, "a", &base), 0);
	fd = open(s->table, O_WRONLY | O_CLOEXEC);
	assert_int_equal(pwrite(fd, "\x05", 1, 512), 1); /* no such state */
	assert_int_equal(idrange_take_on(&s->host, s->table, "/b", &base, &err), -EUCLEAN);
	assert_non_null(strstr(err.msg, "damaged at block 0"));
	assert_int_equal(pwrite(fd, "x", 1, 0), 1);
	assert_int_equal(idrange_take_on(&s->host, s->table, "/b", &base, &err), -EUCLEAN);
	assert_int_equal(ftruncate(fd, 100), 0);
	assert_int_equal(idrange_take_on(&s->host, s->table, "/b", &base, &err), -EUCLEAN);
	close(fd);
}

static void test_idrange_take_ignores_a_record_that_was_cut_off(void **state)
{
	const struct scratch *s = *state;

	assert_int_equal(taken(s, "a"), BASE(0));
	assert_int_equal(truncate(s->table, 512 + 300), 0);
	assert_int_equal(taken(s, "b"), BASE(0));
}

static void test_idrange_take_refuses_a_link_and_a_fifo(void **state)
{
	const struct scratch *s = *state;
	uint32_t base = 0;

	assert_int_equal(take(s, "a", &base), 0);
	assert_int_equal(unlink(s->table), 0);
	assert_int_equal(symlink("/dev/null", s->table), 0);
	assert_int_equal(take(s, "b", &base), -ELOOP);
	assert_int_equal(unlink(s->table), 0);
	assert_int_equal(mkfifo(s->table, 0600), 0);
	assert_int_equal(take(s, "b", &base), -EPERM);
}

/* ---- many at once ------------------------------------------------------------------------------------------- */

#define PROCESSES 20
#define ROUNDS 25

/* One counter for each block: who takes it adds one, and must be alone. */
static int take_and_free(const struct scratch *s, int number, unsigned char *owners, bool forever)
{
	char name[32];
	uint32_t base;

	for (int i = 0; forever || i < ROUNDS; i++) {
		(void)str_format(name, sizeof(name), "p%d-%d", number, i);
		if (take(s, name, &base) < 0)
			return 2;
		if (owners && __atomic_add_fetch(&owners[(base - IDRANGE_FIRST) / IDRANGE_SIZE], 1,
						 __ATOMIC_SEQ_CST) != 1)
			return 3;
		if (owners)
			__atomic_sub_fetch(&owners[(base - IDRANGE_FIRST) / IDRANGE_SIZE], 1,
					   __ATOMIC_SEQ_CST);
		if (give_back(s, name, base) < 0)
			return 4;
		if (rmdir(folder(s, name, false)) < 0)
			return 5;
	}
	return 0;
}

static void test_idrange_take_gives_no_block_twice(void **state)
{
	const struct scratch *s = *state;
	unsigned char *owners =
		mmap(NULL, BLOCKS, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t pids[PROCESSES];
	int status;

	assert_true(owners != MAP_FAILED);
	for (int i = 0; i < PROCESSES; i++) {
		pids[i] = fork();
		if (pids[i] == 0)
			_exit(take_and_free(s, i, owners, false));
	}
	for (int i = 0; i < PROCESSES; i++) {
		assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
		assert_int_equal(status, 0);
	}
	assert_int_equal(held(s), 0);
	munmap(owners, BLOCKS);
}

/* Whatever the moment of death, the table stays readable, and sweeping gets everything back. */
static void test_idrange_take_survives_sigkill(void **state)
{
	const struct scratch *s = *state;
	struct error err = ERROR_INIT;
	char name[32];
	int status;

	srand(1);
	for (int i = 0; i < 60; i++) {
		pid_t pid = fork();

		if (pid == 0)
			_exit(take_and_free(s, 1000 + i, NULL, true));
		usleep((useconds_t)(rand() % 4000));
		assert_int_equal(kill(pid, SIGKILL), 0);
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_true(WIFSIGNALED(status));
		(void)str_format(name, sizeof(name), "after%d", i);
		if (idrange_take_on(&s->host, s->table, folder(s, name, true), &(uint32_t){ 0 },
				    &err) < 0)
			fail_msg("%s", err.msg);
	}
	assert_true(held(s) >= 60);
	clock_ms += IDRANGE_REST_MS;
	(void)taken(s, "sweeper");
	assert_true(held(s) <= 60 + 60 + 1); /* at most one folder is left by each that was killed */
}

/* ---- other mappings ----------------------------------------------------------------------------------------- */

/* 1: a block; 0: ids that are in none. */
static int share(const struct scratch *s, const char *name, uint32_t first, uint32_t size,
		 uint64_t userns, struct error *err)
{
	const struct id_span span = { first, size };

	bool foreign = false;
	int r = idrange_share_on(&s->host, s->table, &span, 1, userns, folder(s, name, true),
				 &foreign, err);

	return r == 0 && !foreign ? 1 : r;
}

static int leave(const struct scratch *s, const char *name)
{
	return idrange_leave_on(&s->host, s->table, folder(s, name, false), NULL);
}

/* Whether a spec of its own may bring these ids; nothing is left on record. */
static int check_foreign(const struct scratch *s, uint32_t host_id, uint32_t size, struct error *err)
{
	int r = share(s, "foreign", host_id, size, 0, err);

	assert_int_equal(leave(s, "foreign"), 0);
	return r;
}

static void test_idrange_share_accepts_free_ids(void **state)
{
	const struct scratch *s = *state;

	write_etc(s, "passwd", "a:x:70000:70000::/:/bin/sh\n");
	assert_int_equal(check_foreign(s, 65536, 70000 - 65536, NULL), 0);
	assert_int_equal(check_foreign(s, 70001, 65536, NULL), 0);
	assert_int_equal(check_foreign(s, 1900000000, 65536, NULL), 0);
}

static void test_idrange_share_refuses_the_hosts_ids(void **state)
{
	const struct scratch *s = *state;
	struct error err = ERROR_INIT;

	assert_int_equal(check_foreign(s, 0, 65536, &err), -EPERM);
	assert_int_equal(check_foreign(s, 65535, 1, &err), -EPERM);
	assert_non_null(strstr(err.msg, "65535"));
	assert_int_equal(check_foreign(s, 65536, 1, &err), 0);
}

static void test_idrange_share_refuses_accounts(void **state)
{
	const struct scratch *s = *state;
	struct error err = ERROR_INIT;

	write_etc(s, "passwd", "a:x:70000:5::/:/bin/sh\n");
	write_etc(s, "group", "g:x:80000:\n");
	write_etc(s, "subuid",
		  "a:1000000:65536\nkubelet:2000000:65536\ncontainers:3000000:65536\n70000:4000000:1\n");
	assert_int_equal(check_foreign(s, 69999, 2, &err), -EPERM);
	assert_non_null(strstr(err.msg, "/etc/passwd"));
	assert_int_equal(check_foreign(s, 80000, 1, &err), -EPERM);
	assert_int_equal(check_foreign(s, 1065535, 10, &err), -EPERM);
	assert_non_null(strstr(err.msg, "/etc/subuid"));
	assert_int_equal(check_foreign(s, 3900000, 100001, &err), -EPERM);
	assert_int_equal(check_foreign(s, 2000000, 65536, &err), 0); /* what Kubernetes maps */
	assert_int_equal(check_foreign(s, 3000000, 65536, &err), 0); /* what Podman's userns=auto maps */
}

static void test_idrange_share_refuses_a_held_block(void **state)
{
	const struct scratch *s = *state;
	struct error err = ERROR_INIT;
	uint32_t base = taken(s, "a");

	assert_int_equal(check_foreign(s, base + 10, 65536, &err), -EPERM);
	assert_non_null(strstr(err.msg, "100010"));
	assert_int_equal(check_foreign(s, base - 1, 1, &err), 0);
	assert_int_equal(check_foreign(s, base - 1, 2, &err), -EPERM);
	assert_int_equal(give_back(s, "a", base), 0);
	assert_int_equal(check_foreign(s, base + 10, 65536, &err), 0);
}

static void test_idrange_share_refuses_what_is_no_range(void **state)
{
	const struct scratch *s = *state;

	assert_int_equal(check_foreign(s, 100000, 0, NULL), -EINVAL);
	assert_int_equal(check_foreign(s, UINT32_MAX, 1, NULL), -EINVAL);
	assert_int_equal(check_foreign(s, 100000, UINT32_MAX, NULL), -EINVAL);
}

/* ---- sharing ------------------------------------------------------------------------------------------------- */

#define USERNS 4026531999ULL

static int note(const struct scratch *s, const char *name, uint32_t base, uint64_t userns)
{
	return idrange_note_userns_on(&s->host, s->table, base, folder(s, name, false), userns, NULL);
}

static uint32_t taken_with_userns(const struct scratch *s, const char *name)
{
	uint32_t base = taken(s, name);

	assert_int_equal(note(s, name, base, USERNS), 0);
	return base;
}

static void test_idrange_share_keeps_a_block_until_the_last_leaves(void **state)
{
	const struct scratch *s = *state;
	uint32_t base = taken_with_userns(s, "a");

	assert_int_equal(share(s, "b", base, IDRANGE_SIZE, USERNS, NULL), 1);
	assert_int_equal(share(s, "c", base, IDRANGE_SIZE, USERNS, NULL), 1);
	assert_int_equal(give_back(s, "a", base), 0);
	assert_int_equal(held(s), 1); /* b's or c's */
	clock_ms += IDRANGE_REST_MS;
	assert_int_not_equal(taken(s, "d"), base);
	assert_int_equal(leave(s, "b"), 0);
	assert_int_equal(held(s), 2);
	assert_int_equal(leave(s, "c"), 0);
	assert_int_equal(held(s), 1);
	clock_ms += IDRANGE_REST_MS;
	assert_int_equal(taken(s, "e"), base);
}

static void test_idrange_share_ends_before_the_blocks_own(void **state)
{
	const struct scratch *s = *state;
	uint32_t base = taken_with_userns(s, "a");

	assert_int_equal(share(s, "b", base, IDRANGE_SIZE, USERNS, NULL), 1);
	assert_int_equal(leave(s, "b"), 0);
	assert_int_equal(held(s), 1);
	assert_int_equal(give_back(s, "a", base), 0);
	assert_int_equal(held(s), 0);
}

static void test_idrange_share_of_a_block_only_by_joining_and_whole(void **state)
{
	const struct scratch *s = *state;
	struct error err = ERROR_INIT;
	uint32_t base = taken_with_userns(s, "a");

	assert_int_equal(share(s, "b", base, IDRANGE_SIZE, 0, &err), -EPERM);
	assert_int_equal(share(s, "b", base, IDRANGE_SIZE - 1, USERNS, &err), -EPERM);
	assert_int_equal(share(s, "b", base + 1, IDRANGE_SIZE, USERNS, &err), -EPERM);
	assert_int_equal(share(s, "b", base, IDRANGE_SIZE, USERNS + 1, &err), -EPERM);
	assert_int_equal(share(s, "b", base, IDRANGE_SIZE, USERNS, &err), 1);
}

static void test_idrange_share_of_foreign_ids_only_in_one_user_namespace(void **state)
{
	const struct scratch *s = *state;
	struct error err = ERROR_INIT;
	uint32_t first = IDRANGE_FIRST + 77;

	assert_int_equal(share(s, "a", first, 1000, 0, &err), 0);
	assert_int_equal(share(s, "b", first + 999, 1000, 0, &err), -EPERM);
	assert_non_null(strstr(err.msg, "/a'"));
	assert_int_equal(share(s, "b", first, 1000, USERNS, &err), -EPERM);
	assert_int_equal(note(s, "a", 0, USERNS), 0); /* it is made */
	assert_int_equal(share(s, "b", first, 1000, USERNS, &err), 0);
	assert_int_equal(share(s, "c", first, 1000, USERNS + 1, &err), -EPERM);
	assert_int_equal(taken(s, "d"),
			 BASE(1)); /* not what is in use, though in no record of a block */
}

static void test_idrange_share_sweeps_what_crashes_left(void **state)
{
	const struct scratch *s = *state;
	int status;
	pid_t pid = fork();

	if (pid == 0)
		_exit(share(s, "a", 3000000, 65536, 0, NULL) < 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_int_equal(share(s, "b", 3000000, 65536, 0, NULL), -EPERM); /* its folder is there */
	assert_int_equal(rmdir(folder(s, "a", false)), 0);
	assert_int_equal(share(s, "b", 3000000, 65536, 0, NULL), 0);
}

static void test_idrange_share_refuses_a_damaged_file(void **state)
{
	const struct scratch *s = *state;
	char path[128], garbage[512];
	struct error err = ERROR_INIT;
	uint32_t base;
	int fd;

	assert_int_equal(share(s, "a", 3000000, 65536, 0, NULL), 0);
	(void)str_format(path, sizeof(path), "%s.shared", s->table);
	memset(garbage, 'x', sizeof(garbage));
	fd = open(path, O_WRONLY | O_CLOEXEC);
	assert_int_equal(write(fd, garbage, sizeof(garbage)), sizeof(garbage));
	close(fd);
	assert_int_equal(idrange_take_on(&s->host, s->table, folder(s, "b", true), &base, &err),
			 -EUCLEAN);
	assert_non_null(strstr(err.msg, ".shared' is damaged"));
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_idrange_take_starts_at_100000),
		T(test_idrange_take_makes_its_folder_private),
		T(test_idrange_take_refuses_other_paths),
		T(test_idrange_take_avoids_subordinate_ids),
		T(test_idrange_take_avoids_accounts),
		T(test_idrange_take_may_touch_accounts_ids),
		T(test_idrange_take_avoids_the_kubelets_ranges),
		T(test_idrange_take_survives_hostile_files),
		T(test_idrange_free_lets_a_block_rest),
		T(test_idrange_free_accepts_only_the_holder),
		T(test_idrange_free_without_a_table_is_nothing),
		T(test_idrange_take_uses_what_rests_when_nothing_else_is_left),
		T(test_idrange_take_ends_below_2_31),
		T(test_idrange_take_sweeps_what_crashes_left),
		T(test_idrange_take_sweeps_no_living_container),
		T(test_idrange_take_sweeps_no_living_creator),
		T(test_idrange_take_frees_what_the_same_name_held),
		T(test_idrange_take_refuses_a_damaged_table),
		T(test_idrange_take_ignores_a_record_that_was_cut_off),
		T(test_idrange_take_refuses_a_link_and_a_fifo),
		T(test_idrange_take_gives_no_block_twice),
		T(test_idrange_take_survives_sigkill),
		T(test_idrange_share_accepts_free_ids),
		T(test_idrange_share_refuses_the_hosts_ids),
		T(test_idrange_share_refuses_accounts),
		T(test_idrange_share_refuses_a_held_block),
		T(test_idrange_share_refuses_what_is_no_range),
		T(test_idrange_share_keeps_a_block_until_the_last_leaves),
		T(test_idrange_share_ends_before_the_blocks_own),
		T(test_idrange_share_of_a_block_only_by_joining_and_whole),
		T(test_idrange_share_of_foreign_ids_only_in_one_user_namespace),
		T(test_idrange_share_sweeps_what_crashes_left),
		T(test_idrange_share_refuses_a_damaged_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
