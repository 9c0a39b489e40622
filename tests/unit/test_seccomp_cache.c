/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tests of runtime/seccomp_cache.c in a folder of their own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <linux/seccomp.h>
#include <sys/stat.h>
#include <unistd.h>

#include "error.h"
#include "fd.h"
#include "seccomp.h"
#include "seccomp_cache.h"

#define KEY "00112233"

static char folder[64];
static int dir_fd = -EBADF;

static int setup(void **state)
{
	struct error err = ERROR_INIT;
	char parent[] = "/tmp/test-seccomp-cache-XXXXXX";

	(void)state;
	if (!mkdtemp(parent))
		return -1;
	(void)snprintf(folder, sizeof(folder), "%s/cache", parent);
	dir_fd = seccomp_cache_open(folder, &err);
	return dir_fd < 0 ? -1 : 0;
}

static int teardown(void **state)
{
	char command[128];

	(void)state;
	dir_fd = fd_close(dir_fd);
	*strrchr(folder, '/') = '\0';
	(void)snprintf(command, sizeof(command), "rm -rf '%s'", folder);
	return system(command);
}

static struct sock_filter allow = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
static const struct seccomp_program program = { .insns = &allow, .n = 1 };

static void store(const char *key)
{
	struct error err = ERROR_INIT;

	assert_int_equal(seccomp_cache_store(dir_fd, key, &program, &err), 0);
}

static int load(const char *key, struct error *err)
{
	struct seccomp_program loaded = { 0 };
	int r = seccomp_cache_load(dir_fd, key, &loaded, err);

	if (r == 0) {
		assert_int_equal(loaded.n, 1);
		assert_memory_equal(loaded.insns, &allow, sizeof(allow));
	}
	seccomp_program_done(&loaded);
	return r;
}

static void test_seccomp_cache_open_makes_a_private_folder(void **state)
{
	struct stat st;

	(void)state;
	assert_int_equal(fstat(dir_fd, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
}

static void test_seccomp_cache_open_refuses_a_folder_others_may_write_to(void **state)
{
	struct error err = ERROR_INIT;

	(void)state;
	assert_int_equal(chmod(folder, 0770), 0);
	assert_int_equal(seccomp_cache_open(folder, &err), -EPERM);
	assert_non_null(strstr(err.msg, "with mode 0770"));
}

static void test_seccomp_cache_open_refuses_a_link(void **state)
{
	struct error err = ERROR_INIT;
	char link[80];

	(void)state;
	(void)snprintf(link, sizeof(link), "%s.link", folder);
	assert_int_equal(symlink(folder, link), 0);
	assert_true(seccomp_cache_open(link, &err) < 0);
}

static void test_seccomp_cache_load_gives_what_was_stored(void **state)
{
	struct error err = ERROR_INIT;

	(void)state;
	store(KEY);
	assert_int_equal(load(KEY, &err), 0);
}

static void test_seccomp_cache_load_tells_when_there_is_nothing(void **state)
{
	struct error err = ERROR_INIT;

	(void)state;
	assert_int_equal(load(KEY, &err), -ENOENT);
}

static void test_seccomp_cache_load_refuses_a_file_others_may_write_to(void **state)
{
	struct error err = ERROR_INIT;

	(void)state;
	store(KEY);
	assert_int_equal(fchmodat(dir_fd, KEY, 0620, 0), 0);
	assert_int_equal(load(KEY, &err), -EPERM);
}

static void test_seccomp_cache_load_refuses_links(void **state)
{
	struct error err = ERROR_INIT;

	(void)state;
	store("other");
	assert_int_equal(symlinkat("other", dir_fd, KEY), 0);
	assert_int_equal(load(KEY, &err), -EPERM);
	assert_int_equal(unlinkat(dir_fd, KEY, 0), 0);
	assert_int_equal(linkat(dir_fd, "other", dir_fd, KEY, 0), 0);
	assert_int_equal(load(KEY, &err), -EPERM);
}

static void test_seccomp_cache_load_refuses_a_fifo_without_blocking(void **state)
{
	struct error err = ERROR_INIT;

	(void)state;
	assert_int_equal(mkfifoat(dir_fd, KEY, 0600), 0);
	assert_int_equal(load(KEY, &err), -EPERM);
}

/* Each byte in turn: magic, length, checksum and instructions are all covered. */
static void test_seccomp_cache_load_finds_every_changed_byte(void **state)
{
	struct stat st;
	int fd;

	(void)state;
	store(KEY);
	fd = openat(dir_fd, KEY, O_RDWR | O_CLOEXEC);
	assert_true(fd >= 0 && fstat(fd, &st) == 0);
	for (off_t i = 0; i < st.st_size; i++) {
		struct error err = ERROR_INIT;
		unsigned char byte;

		assert_int_equal(pread(fd, &byte, 1, i), 1);
		byte ^= 0x10;
		assert_int_equal(pwrite(fd, &byte, 1, i), 1);
		assert_int_equal(load(KEY, &err), -EBADMSG);
		byte ^= 0x10;
		assert_int_equal(pwrite(fd, &byte, 1, i), 1);
	}
	(void)close(fd);
}

static void test_seccomp_cache_load_finds_wrong_lengths(void **state)
{
	struct error err = ERROR_INIT;
	char path[96];

	(void)state;
	store(KEY);
	(void)snprintf(path, sizeof(path), "%s/" KEY, folder);
	for (off_t len = 47; len >= 0; len--) {
		assert_int_equal(truncate(path, len), 0);
		assert_int_equal(load(KEY, &err), -EBADMSG);
	}
	assert_int_equal(truncate(path, 1 << 20), 0);
	assert_int_equal(load(KEY, &err), -EBADMSG);
}

static void test_seccomp_cache_load_finds_a_renamed_file(void **state)
{
	struct error err = ERROR_INIT;

	(void)state;
	store("other");
	assert_int_equal(renameat(dir_fd, "other", dir_fd, KEY), 0);
	assert_int_equal(load(KEY, &err), -EBADMSG);
}

static void test_seccomp_cache_store_evicts_the_oldest(void **state)
{
	struct error err = ERROR_INIT;
	struct dirent *entry;
	size_t n = 0;
	char key[16];
	DIR *dir;

	(void)state;
	for (int i = 0; i < SECCOMP_CACHE_ENTRIES_MAX; i++) {
		const struct timespec times[2] = { { .tv_sec = 1000 + i }, { .tv_sec = 1000 + i } };

		(void)snprintf(key, sizeof(key), "%08d", i);
		store(key);
		assert_int_equal(utimensat(dir_fd, key, times, 0), 0);
	}
	assert_int_equal(load("00000000", &err), 0);
	store(KEY);
	assert_int_equal(load("00000000", &err), -ENOENT);
	assert_int_equal(load("00000001", &err), 0);
	assert_int_equal(load(KEY, &err), 0);

	dir = opendir(folder);
	assert_non_null(dir);
	while ((entry = readdir(dir)))
		n += entry->d_name[0] != '.';
	(void)closedir(dir);
	assert_int_equal(n, SECCOMP_CACHE_ENTRIES_MAX);
}

static void key_of(const char *text, char key[SHA256_HEX_SIZE])
{
	json_t *section = json_loads(text, 0, NULL);
	struct error err = ERROR_INIT;

	assert_non_null(section);
	assert_int_equal(seccomp_cache_key(section, key, &err), 0);
	json_decref(section);
}

static void test_seccomp_cache_key_knows_content_but_not_order(void **state)
{
	char a[SHA256_HEX_SIZE], b[SHA256_HEX_SIZE], c[SHA256_HEX_SIZE];

	(void)state;
	key_of("{\"defaultAction\": \"SCMP_ACT_ALLOW\", \"flags\": [ ]}", a);
	key_of("{\"flags\": [], \"defaultAction\":\"SCMP_ACT_ALLOW\"}", b);
	key_of("{\"flags\": [], \"defaultAction\":\"SCMP_ACT_LOG\"}", c);
	assert_string_equal(a, b);
	assert_string_not_equal(a, c);
	assert_int_equal(strlen(a), 64);
}

#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_FOLDER(test_seccomp_cache_open_makes_a_private_folder),
		IN_FOLDER(test_seccomp_cache_open_refuses_a_folder_others_may_write_to),
		IN_FOLDER(test_seccomp_cache_open_refuses_a_link),
		IN_FOLDER(test_seccomp_cache_load_gives_what_was_stored),
		IN_FOLDER(test_seccomp_cache_load_tells_when_there_is_nothing),
		IN_FOLDER(test_seccomp_cache_load_refuses_a_file_others_may_write_to),
		IN_FOLDER(test_seccomp_cache_load_refuses_links),
		IN_FOLDER(test_seccomp_cache_load_refuses_a_fifo_without_blocking),
		IN_FOLDER(test_seccomp_cache_load_finds_every_changed_byte),
		IN_FOLDER(test_seccomp_cache_load_finds_wrong_lengths),
		IN_FOLDER(test_seccomp_cache_load_finds_a_renamed_file),
		IN_FOLDER(test_seccomp_cache_store_evicts_the_oldest),
		cmocka_unit_test(test_seccomp_cache_key_knows_content_but_not_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
