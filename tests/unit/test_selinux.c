/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Unit tests of selinux and label: what is a label, who is asked, and that it goes to procfs and nowhere else. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "error.h"
#include "fd.h"
#include "label.h"
#include "path.h"
#include "process.h"
#include "selinux.h"
#include "str.h"

#define LABEL "system_u:system_r:container_t:s0:c124,c675"

static char folder[64];
static int folder_fd = -EBADF;

static int setup(void **state)
{
	(void)state;
	(void)str_format(folder, sizeof(folder), "/tmp/test_selinux.XXXXXX");
	if (!mkdtemp(folder))
		return -1;
	folder_fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return folder_fd < 0 ? -1 : 0;
}

static int teardown(void **state)
{
	int tmp_fd = open("/tmp", O_PATH | O_DIRECTORY | O_CLOEXEC);
	int r = path_remove_tree(tmp_fd, folder + strlen("/tmp/"), NULL);

	(void)state;
	folder_fd = fd_close(folder_fd);
	fd_close(tmp_fd);
	return r;
}

static void make_file(const char *name)
{
	int fd = openat(folder_fd, name, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	fd_close(fd);
}

static void test_selinux_check_needs_selinux_only_when_asked(void **state)
{
	struct error err = ERROR_INIT;

	(void)state;
	assert_int_equal(selinux_check_at("/nowhere", "k", NULL, &err), 0);
	assert_int_equal(selinux_check_at("/nowhere", "k", "", &err), 0);
	assert_int_equal(selinux_check_at("/nowhere", "process.selinuxLabel", LABEL, &err), -ENOTSUP);
	assert_non_null(strstr(err.msg, "process.selinuxLabel: '" LABEL "'"));
	assert_non_null(strstr(err.msg, "has no SELinux"));
	assert_int_equal(selinux_check_at(folder, "k", LABEL, &err),
			 -ENOTSUP); /* a folder that is none */
}

static void test_selinux_check_asks_the_policy(void **state)
{
	char *text = NULL;
	size_t len = 0;

	(void)state;
	make_file("context");
	assert_int_equal(selinux_check_at(folder, "k", LABEL, NULL), 0);
	assert_int_equal(fd_read_file(folder_fd, "context", 4096, &text, &len, NULL), 0);
	assert_int_equal(len, strlen(LABEL) + 1); /* with its NUL, as the kernel wants it */
	assert_string_equal(text, LABEL);
	free(text);
}

static void test_selinux_check_refuses_what_is_no_label(void **state)
{
	static const char *const bad[] = { "unconfined",  "a:b",     "u:r:t\n",
					   "u:r:t\x1b[m", "u:r:\"t", "u:r:t\xc3\xa9" };
	char large[SELINUX_LABEL_MAX + 1];
	struct error err = ERROR_INIT;

	(void)state;
	make_file("context");
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (selinux_check_at(folder, "linux.mountLabel", bad[i], &err) != -EINVAL)
			fail_msg("'%s' was accepted", bad[i]);
	assert_non_null(strstr(err.msg, "linux.mountLabel: 'u:r:t\\xc3\\xa9'"));
	memset(large, ':', sizeof(large));
	large[SELINUX_LABEL_MAX] = '\0';
	assert_int_equal(selinux_check_at(folder, "k", large, &err), -EINVAL);
	large[SELINUX_LABEL_MAX - 1] = '\0';
	assert_int_equal(selinux_check_at(folder, "k", large, &err), 0);
}

static void test_selinux_open_takes_procfs_alone(void **state)
{
	_cleanup_close_ int own_fd = open("/proc/self", O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct error err = ERROR_INIT;
	int fd = -EBADF;

	(void)state;
	assert_int_equal(selinux_open(folder_fd, &fd, &err), -ENOENT);
	assert_int_equal(mkdirat(folder_fd, "attr", 0700), 0);
	make_file("attr/exec");
	assert_int_equal(selinux_open(folder_fd, &fd, &err), -EPERM);
	assert_non_null(strstr(err.msg, "is not the kernel's"));
	assert_int_equal(fd, -EBADF);
	if (faccessat(own_fd, "attr/exec", W_OK, 0) < 0) {
		print_message("skip: this kernel has no LSM attributes\n");
		skip();
	}
	assert_int_equal(selinux_open(own_fd, &fd, &err), 0);
	assert_true(fd >= 0);
	fd_close(fd);
}

static void test_selinux_change_on_exec_writes_the_label(void **state)
{
	char *text = NULL;
	int fd;

	(void)state;
	fd = openat(folder_fd, "exec", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	assert_int_equal(selinux_change_on_exec(fd, LABEL, NULL), 0);
	fd_close(fd);
	assert_int_equal(fd_read_file(folder_fd, "exec", 4096, &text, NULL, NULL), 0);
	assert_string_equal(text, LABEL);
	free(text);
	fd = openat(folder_fd, "exec", O_RDONLY | O_CLOEXEC);
	assert_int_equal(selinux_change_on_exec(fd, LABEL, NULL), -EBADF);
	fd_close(fd);
}

static void test_label_is_that_of_one_of_the_two(void **state)
{
	const struct process none = { 0 }, empty = { .selinux_label = "" },
			     apparmor = { .apparmor_profile = "p" },
			     selinux = { .selinux_label = LABEL };
	char *text = NULL;
	int fd;

	(void)state;
	assert_false(label_is_asked(&none));
	assert_false(label_is_asked(&empty));
	assert_true(label_is_asked(&apparmor));
	assert_true(label_is_asked(&selinux));
	assert_int_equal(label_open(-EBADF, &none, &fd, NULL), 0);
	assert_int_equal(fd, -EBADF);
	assert_int_equal(label_change_on_exec(-EBADF, &selinux, NULL), 0);
	fd = openat(folder_fd, "exec", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	assert_int_equal(label_change_on_exec(fd, &apparmor, NULL), 0);
	fd_close(fd);
	assert_int_equal(fd_read_file(folder_fd, "exec", 4096, &text, NULL, NULL), 0);
	assert_string_equal(text, "exec p");
	free(text);
}

int main(void)
{
#define ON_FOLDER(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		ON_FOLDER(test_selinux_check_needs_selinux_only_when_asked),
		ON_FOLDER(test_selinux_check_asks_the_policy),
		ON_FOLDER(test_selinux_check_refuses_what_is_no_label),
		ON_FOLDER(test_selinux_open_takes_procfs_alone),
		ON_FOLDER(test_selinux_change_on_exec_writes_the_label),
		ON_FOLDER(test_label_is_that_of_one_of_the_two),
	};

	return cmocka_run_group_tests_name("selinux", tests, NULL, NULL);
}
