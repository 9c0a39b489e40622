/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tests of runtime/sysctl.c, writing below a folder that looks like a procfs. */
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
#include <sys/stat.h>
#include <unistd.h>

#include "error.h"
#include "fd.h"
#include "idmap.h"
#include "sysctl.h"

static int check(const char *key, struct error *err)
{
	struct json_pair pair = { key, "1" };
	const struct json_strmap map = { &pair, 1 };

	return sysctl_check(&map, err);
}

static void test_sysctl_check_takes_what_namespaces_own(void **state)
{
	static const char *const keys[] = {
		"kernel.msgmax",
		"kernel.msgmnb",
		"kernel.msgmni",
		"kernel.sem",
		"kernel.shmall",
		"kernel.shmmax",
		"kernel.shmmni",
		"kernel.shm_rmid_forced",
		"kernel.domainname",
		"fs.mqueue.msg_max",
		"net.ipv4.ip_forward",
		"net/ipv4/ip_forward",
		"net.ipv4.conf.eth0/1.rp_filter",
		"net/ipv4/conf/eth0.1/rp_filter",
		"kernel/sem",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		struct error err = ERROR_INIT;

		if (check(keys[i], &err) < 0)
			fail_msg("%s", err.msg);
	}
}

static void test_sysctl_check_refuses_what_is_the_hosts(void **state)
{
	static const char *const keys[] = {
		"kernel.core_pattern",
		"kernel.pid_max",
		"vm.overcommit_memory",
		"fs.file-max",
		"fs.mqueue",
		"net",
		"kernel.semx",
		"kernel.sem.x",
		"network.x",
		"kernel/core_pattern",
		"user.max_user_namespaces",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		struct error err = ERROR_INIT;

		if (check(keys[i], &err) != -EPERM)
			fail_msg("%s: %s", keys[i], err.msg);
		assert_ptr_equal(strstr(err.msg, "linux.sysctl \""), err.msg);
		assert_non_null(strstr(err.msg, "does not keep this setting per container"));
	}
}

static void test_sysctl_check_refuses_tricks(void **state)
{
	static const char *const keys[] = {
		"",
		".",
		"/",
		"net.",
		"net..x",
		"/net/x",
		"net/../kernel/core_pattern",
		"net/./x",
		"net.//.kernel.x",
		"net//x",
		"net.x.",
		".net.x",
		"net/x/..",
	};
	char overlong[600];

	(void)state;
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		struct error err = ERROR_INIT;

		if (check(keys[i], &err) != -EINVAL)
			fail_msg("%s: %s", keys[i], err.msg);
	}
	memset(overlong, 'x', sizeof(overlong));
	memcpy(overlong, "net.", 4);
	overlong[sizeof(overlong) - 1] = '\0';
	assert_int_equal(check(overlong, &(struct error){ 0 }), -EINVAL);
}

static void test_sysctl_check_points_from_hostname_to_its_field(void **state)
{
	struct error err = ERROR_INIT;

	(void)state;
	assert_int_equal(check("kernel.hostname", &err), -EINVAL);
	assert_string_equal(err.msg,
			    "linux.sysctl \"kernel.hostname\": set the field 'hostname' of the specification "
			    "instead");
}

static char folder[] = "/tmp/test-sysctl-XXXXXX";
static int proc_fd = -EBADF;

static int setup(void **state)
{
	char command[256];

	(void)state;
	memcpy(strrchr(folder, '-'), "-XXXXXX", 7);
	if (!mkdtemp(folder))
		return -1;
	(void)snprintf(command, sizeof(command),
		       "cd %s && mkdir -p sys/net/ipv4/conf/eth0.1 sys/kernel && "
		       "touch sys/net/ipv4/ip_forward sys/net/ipv4/conf/eth0.1/rp_filter secret && "
		       "ln -s ../../../secret sys/net/ipv4/link && ln -s . sys/net/loop",
		       folder);
	if (system(command) != 0)
		return -1;
	proc_fd = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
	return proc_fd < 0 ? -1 : 0;
}

static int teardown(void **state)
{
	char command[64];

	(void)state;
	proc_fd = fd_close(proc_fd);
	(void)snprintf(command, sizeof(command), "rm -rf %s", folder);
	return system(command);
}

static int apply(const char *key, const char *value, struct error *err)
{
	struct json_pair pair = { key, value };
	const struct json_strmap map = { &pair, 1 };

	struct idmap ids;

	idmap_set_block(&ids, 300000);
	return sysctl_apply(proc_fd, &map, &ids, err);
}

static void assert_content(const char *path, const char *expected)
{
	char buf[64] = "";
	int fd = openat(proc_fd, path, O_RDONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	assert_true(read(fd, buf, sizeof(buf) - 1) >= 0);
	(void)close(fd);
	assert_string_equal(buf, expected);
}

static void test_sysctl_apply_writes_the_value_as_it_is(void **state)
{
	struct error err = ERROR_INIT;

	(void)state;
	assert_int_equal(apply("net.ipv4.ip_forward", " 1\t2 ", &err), 0);
	assert_content("sys/net/ipv4/ip_forward", " 1\t2 ");
}

static void test_sysctl_apply_knows_interfaces_with_dots(void **state)
{
	struct error err = ERROR_INIT;

	(void)state;
	assert_int_equal(apply("net.ipv4.conf.eth0/1.rp_filter", "2", &err), 0);
	assert_content("sys/net/ipv4/conf/eth0.1/rp_filter", "2");
	assert_int_equal(apply("net/ipv4/conf/eth0.1/rp_filter", "3", &err), 0);
	assert_content("sys/net/ipv4/conf/eth0.1/rp_filter", "3");
}

static void test_sysctl_apply_follows_no_link(void **state)
{
	struct error err = ERROR_INIT;

	(void)state;
	assert_int_equal(apply("net.ipv4.link", "x", &err), -ELOOP);
	assert_int_equal(apply("net.loop.ipv4.ip_forward", "x", &err), -ELOOP);
	assert_content("secret", "");
}

static void test_sysctl_apply_names_what_does_not_exist(void **state)
{
	struct error err = ERROR_INIT;

	(void)state;
	assert_int_equal(apply("net.ipv4.nothing", "1", &err), -ENOENT);
	assert_ptr_equal(strstr(err.msg, "linux.sysctl \"net.ipv4.nothing\": "), err.msg);
	assert_int_equal(apply("net.\n", "1", &err), -ENOENT);
	assert_non_null(strstr(err.msg, "'/proc/sys/net/\\x0a'"));
}

static void test_sysctl_apply_leaves_domainname_to_init_and_refuses_the_hosts(void **state)
{
	struct error err = ERROR_INIT;

	(void)state;
	assert_int_equal(apply("kernel.domainname", "example.org", &err),
			 0); /* there is no such file here */
	assert_int_equal(apply("kernel.core_pattern", "|/bin/x", &err), -EPERM);
}

#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sysctl_check_takes_what_namespaces_own),
		cmocka_unit_test(test_sysctl_check_refuses_what_is_the_hosts),
		cmocka_unit_test(test_sysctl_check_refuses_tricks),
		cmocka_unit_test(test_sysctl_check_points_from_hostname_to_its_field),
		IN_FOLDER(test_sysctl_apply_writes_the_value_as_it_is),
		IN_FOLDER(test_sysctl_apply_knows_interfaces_with_dots),
		IN_FOLDER(test_sysctl_apply_follows_no_link),
		IN_FOLDER(test_sysctl_apply_names_what_does_not_exist),
		IN_FOLDER(test_sysctl_apply_leaves_domainname_to_init_and_refuses_the_hosts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
