/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Unit tests of policy: the document, and whose file is believed. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "error.h"
#include "fd.h"
#include "path.h"
#include "policy.h"
#include "str.h"

static int parse(const char *text, struct policy *ret, struct error *err)
{
	*ret = (struct policy){ .bpf_lsm = (enum policy_bpf_lsm)77 };
	return policy_parse(text, strlen(text), ret, err);
}

static void test_policy_parse_reads_the_setting(void **state)
{
	struct policy policy;

	(void)state;
	assert_int_equal(parse("{\"configurationFileVersion\": 2, \"bpfLsm\": {\"value\": \"preferred\", \"locked\": true}}",
			       &policy, NULL),
			 0);
	assert_int_equal(policy.bpf_lsm, POLICY_BPF_LSM_PREFERRED);
	assert_int_equal(parse("{\"configurationFileVersion\": 2, \"bpfLsm\": {\"value\": \"required\"}}",
			       &policy, NULL),
			 0);
	assert_int_equal(policy.bpf_lsm, POLICY_BPF_LSM_REQUIRED);
}

static void test_policy_parse_defaults_to_required(void **state)
{
	struct policy policy;

	(void)state;
	assert_int_equal(parse("{}", &policy, NULL), 0);
	assert_int_equal(policy.bpf_lsm, POLICY_BPF_LSM_REQUIRED);
	assert_int_equal(policy.bpf_lsm_mode, LSM_MODE_ENFORCE);
	assert_int_equal(policy.bpf_lsm_allow, 0);
	assert_int_equal(parse("{\"configurationFileVersion\": 2, \"bpfLsm\": null}", &policy, NULL),
			 0);
	assert_int_equal(policy.bpf_lsm, POLICY_BPF_LSM_REQUIRED);
}

static void test_policy_parse_reads_mode_and_allowances(void **state)
{
	struct policy policy;

	(void)state;
	assert_int_equal(parse("{\"bpfLsmMode\": {\"value\": \"audit\"}, "
			       "\"bpfLsmAllow\": {\"value\": [\"io_uring\", \"keys\"], \"locked\": true}}",
			       &policy, NULL),
			 0);
	assert_int_equal(policy.bpf_lsm_mode, LSM_MODE_AUDIT);
	assert_int_equal(policy.bpf_lsm_allow, LSM_ALLOW_IO_URING | LSM_ALLOW_KEYS);
	assert_int_equal(parse("{\"bpfLsmMode\": {\"value\": \"enforce\"}}", &policy, NULL), 0);
	assert_int_equal(policy.bpf_lsm_mode, LSM_MODE_ENFORCE);
}

static void test_policy_parse_refuses_other_versions(void **state)
{
	struct error err = ERROR_INIT;
	struct policy policy;

	(void)state;
	assert_int_equal(parse("{\"configurationFileVersion\": 3}", &policy, &err), -EINVAL);
	assert_non_null(strstr(err.msg, "configurationFileVersion: 3"));
	assert_int_equal(parse("{\"configurationFileVersion\": -2}", &policy, NULL), -EINVAL);
	assert_int_equal(parse("{\"configurationFileVersion\": \"2\"}", &policy, NULL), -EINVAL);
	assert_int_equal(policy.bpf_lsm, 77); /* outputs change only on success */
}

static void test_policy_parse_refuses_what_is_broken(void **state)
{
	static const char *const texts[] = {
		"",
		"[]",
		"{",
		"{\"bpfLsm\": \"preferred\"}",
		"{\"bpfLsm\": {}}",
		"{\"bpfLsm\": {\"value\": \"off\"}}",
		"{\"bpfLsm\": {\"value\": \"Preferred\"}}",
		"{\"bpfLsm\": {\"value\": true}}",
		"{\"bpfLsm\": {\"value\": \"preferred\", \"locked\": 1}}",
		"{\"bpfLsm\": {\"value\": \"required\"}, \"bpfLsm\": {\"value\": \"preferred\"}}",
		"{\"bpfLsmMode\": {\"value\": \"off\"}}",
		"{\"bpfLsmMode\": {\"value\": \"arm-on-exec\"}}",
		"{\"bpfLsmMode\": {\"value\": [\"audit\"]}}",
		"{\"bpfLsmAllow\": {\"value\": \"bpf\"}}",
		"{\"bpfLsmAllow\": {\"value\": [\"everything\"]}}",
		"{} trailing",
	};
	struct policy policy;

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (parse(texts[i], &policy, NULL) != -EINVAL)
			fail_msg("'%s' was accepted", texts[i]);
}

static void test_policy_parse_goes_on_at_unknown_keys(void **state)
{
	struct policy policy;

	(void)state;
	assert_int_equal(parse("{\"newer\": 1, \"bpfLsm\": {\"value\": \"preferred\", \"more\": []}}",
			       &policy, NULL),
			 0);
	assert_int_equal(policy.bpf_lsm, POLICY_BPF_LSM_PREFERRED);
}

static void test_policy_parse_reads_net_devices(void **state)
{
	struct policy policy;

	(void)state;
	assert_int_equal(parse("{}", &policy, NULL), 0);
	assert_false(policy_allows_net_device(&policy, "eth0"));
	assert_int_equal(parse("{\"netDevices\": {\"value\": []}}", &policy, NULL), 0);
	assert_false(policy_allows_net_device(&policy, ""));
	assert_int_equal(parse("{\"netDevices\": {\"value\": [\"eth1\", \"fifteen-letters\"], \"locked\": true}}",
			       &policy, NULL),
			 0);
	assert_true(policy_allows_net_device(&policy, "eth1"));
	assert_true(policy_allows_net_device(&policy, "fifteen-letters"));
	assert_false(policy_allows_net_device(&policy, "eth"));
	assert_false(policy_allows_net_device(&policy, "eth10"));
	assert_int_equal(policy.bpf_lsm, POLICY_BPF_LSM_REQUIRED);
}

static void test_policy_parse_refuses_broken_net_devices(void **state)
{
	static const char *const texts[] = {
		"{\"netDevices\": [\"eth1\"]}",
		"{\"netDevices\": {}}",
		"{\"netDevices\": {\"value\": \"eth1\"}}",
		"{\"netDevices\": {\"value\": [1]}}",
		"{\"netDevices\": {\"value\": [\"\"]}}",
		"{\"netDevices\": {\"value\": [\"sixteen-letters-\"]}}",
	};
	struct policy policy;
	size_t len_of_list;
	char text[1024] = "{\"netDevices\": {\"value\": [\"a\"";

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (parse(texts[i], &policy, NULL) != -EINVAL)
			fail_msg("'%s' was accepted", texts[i]);
	for (int i = 1; i < POLICY_NET_DEVICES_MAX; i++)
		strcat(text, ",\"a\"");
	len_of_list = strlen(text);
	strcat(text, "]}}");
	assert_int_equal(parse(text, &policy, NULL), 0);
	strcpy(text + len_of_list, ",\"b\"]}}");
	assert_int_equal(parse(text, &policy, NULL), -E2BIG);
}

static void test_policy_parse_reads_folders_for_listeners(void **state)
{
	struct policy policy;

	(void)state;
	assert_int_equal(parse("{}", &policy, NULL), 0);
	assert_string_equal(policy.seccomp_listener_folders[0], "");
	assert_int_equal(parse("{\"seccompListenerFolders\": {\"value\": [\"/run/a\", \"/run/b/c\"]}}",
			       &policy, NULL),
			 0);
	assert_int_equal(policy.bpf_lsm, POLICY_BPF_LSM_REQUIRED);
	assert_string_equal(policy.seccomp_listener_folders[0], "/run/a");
	assert_string_equal(policy.seccomp_listener_folders[1], "/run/b/c");
	assert_string_equal(policy.seccomp_listener_folders[2], "");
}

static void test_policy_parse_refuses_folders_that_are_none(void **state)
{
	static const char *const lists[] = {
		"\"/run/a\"",  "[1]",		"[\"\"]",	  "[\"/\"]",	     "[\"run\"]",
		"[\"/run/\"]", "[\"/run//a\"]", "[\"/run/./a\"]", "[\"/run/../a\"]", "[\"/run/..\"]"
	};
	char text[1024], list[900] = "[\"/x\"";
	struct error err = ERROR_INIT;
	struct policy policy;

	(void)state;
	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
		(void)str_format(text, sizeof(text),
				 "{\"seccompListenerFolders\": {\"value\": %s}}", lists[i]);
		if (parse(text, &policy, NULL) != -EINVAL)
			fail_msg("%s was accepted", lists[i]);
	}
	for (int i = 0; i < POLICY_FOLDERS_MAX; i++)
		strcat(list, ", \"/x\"");
	(void)str_format(text, sizeof(text), "{\"seccompListenerFolders\": {\"value\": %s]}}", list);
	assert_int_equal(parse(text, &policy, &err), -E2BIG);
	memset(list, 'a', 300);
	list[300] = '\0';
	(void)str_format(text, sizeof(text), "{\"seccompListenerFolders\": {\"value\": [\"/%s\"]}}",
			 list);
	assert_int_equal(parse(text, &policy, NULL), -EINVAL);
}

static int owner(mode_t mode, uid_t uid, gid_t gid)
{
	const struct stat st = { .st_mode = mode, .st_uid = uid, .st_gid = gid };

	return policy_check_owner(&st, "/x", NULL);
}

static void test_policy_check_owner_wants_root_alone(void **state)
{
	(void)state;
	assert_int_equal(owner(S_IFREG | 0600, 0, 0), 0);
	assert_int_equal(owner(S_IFREG | 0644, 0, 5), 0);
	assert_int_equal(owner(S_IFDIR | 0755, 0, 5), 0);
	assert_int_equal(owner(S_IFREG | 0600, 1000, 0), -EPERM);
	assert_int_equal(owner(S_IFREG | 0620, 0, 0), -EPERM);
	assert_int_equal(owner(S_IFREG | 0602, 0, 0), -EPERM);
	assert_int_equal(owner(S_IFDIR | S_ISVTX | 0777, 0, 0), -EPERM);
}

/* ---- files -------------------------------------------------------------------------------------------------- */

/* Below /run, whose folders are root's: below /tmp no policy is believed. */
static char folder[64], file[96];

static int setup(void **state)
{
	(void)state;
	if (geteuid() != 0)
		return 0;
	if (str_format(folder, sizeof(folder), "/run/test_policy.XXXXXX") < 0 || !mkdtemp(folder))
		return -1;
	return str_format(file, sizeof(file), "%s/policy.json", folder);
}

static int teardown(void **state)
{
	int run_fd = open("/run", O_PATH | O_DIRECTORY | O_CLOEXEC);
	int r = *folder ? path_remove_tree(run_fd, folder + strlen("/run/"), NULL) : 0;

	(void)state;
	close(run_fd);
	*folder = '\0';
	return r;
}

static void need_root(void)
{
	if (geteuid() != 0) {
		print_message("skip: only root's files are believed\n");
		skip();
	}
}

static void write_policy(const char *text)
{
	assert_int_equal(fd_replace_file(AT_FDCWD, file, text, strlen(text), 0600, NULL), 0);
}

static const char preferred[] = "{\"bpfLsm\": {\"value\": \"preferred\"}}";

static void test_policy_load_reads_roots_file(void **state)
{
	struct policy policy;

	(void)state;
	need_root();
	assert_int_equal(policy_load_from(file, &policy, NULL), 0); /* none */
	assert_int_equal(policy.bpf_lsm, POLICY_BPF_LSM_REQUIRED);
	write_policy(preferred);
	assert_int_equal(policy_load_from(file, &policy, NULL), 0);
	assert_int_equal(policy.bpf_lsm, POLICY_BPF_LSM_PREFERRED);
	assert_int_equal(policy_load_from("/run/test_policy/none/at/all", &policy, NULL), 0);
	assert_int_equal(policy.bpf_lsm, POLICY_BPF_LSM_REQUIRED);
}

static void test_policy_load_refuses_what_others_can_change(void **state)
{
	struct error err = ERROR_INIT;
	struct policy policy;

	(void)state;
	need_root();
	write_policy(preferred);
	assert_int_equal(chmod(file, 0660), 0);
	assert_int_equal(policy_load_from(file, &policy, &err), -EPERM);
	assert_non_null(strstr(err.msg, "can be written by others"));
	assert_int_equal(chmod(file, 0600), 0);
	assert_int_equal(chown(file, 1000, 0), 0);
	assert_int_equal(policy_load_from(file, &policy, NULL), -EPERM);
	assert_int_equal(chown(file, 0, 0), 0);
	assert_int_equal(chmod(folder, 0770), 0);
	assert_int_equal(policy_load_from(file, &policy, NULL), -EPERM);
	assert_int_equal(unlink(file), 0); /* whoever may write there may have removed it */
	assert_int_equal(policy_load_from(file, &policy, NULL), -EPERM);
	assert_int_equal(policy_load_from("/tmp/none", &policy, NULL), -EPERM);
}

static void test_policy_load_refuses_links_and_other_kinds(void **state)
{
	struct policy policy;

	(void)state;
	need_root();
	assert_int_equal(symlink("/etc/hostname", file), 0);
	assert_int_equal(policy_load_from(file, &policy, NULL), -ELOOP);
	assert_int_equal(unlink(file), 0);
	assert_int_equal(mkfifo(file, 0600), 0);
	assert_int_equal(policy_load_from(file, &policy, NULL), -EPERM);
	assert_int_equal(unlink(file), 0);
	assert_int_equal(mkdir(file, 0700), 0);
	assert_int_equal(policy_load_from(file, &policy, NULL), -EPERM);
}

static void test_policy_load_names_the_broken_file(void **state)
{
	struct error err = ERROR_INIT;
	struct policy policy;

	(void)state;
	need_root();
	write_policy("{\"bpfLsm\":");
	assert_int_equal(policy_load_from(file, &policy, &err), -EINVAL);
	assert_non_null(strstr(err.msg, file));
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_policy_parse_reads_the_setting),
		cmocka_unit_test(test_policy_parse_defaults_to_required),
		cmocka_unit_test(test_policy_parse_reads_mode_and_allowances),
		cmocka_unit_test(test_policy_parse_refuses_other_versions),
		cmocka_unit_test(test_policy_parse_refuses_what_is_broken),
		cmocka_unit_test(test_policy_parse_goes_on_at_unknown_keys),
		cmocka_unit_test(test_policy_parse_reads_net_devices),
		cmocka_unit_test(test_policy_parse_refuses_broken_net_devices),
		cmocka_unit_test(test_policy_parse_reads_folders_for_listeners),
		cmocka_unit_test(test_policy_parse_refuses_folders_that_are_none),
		cmocka_unit_test(test_policy_check_owner_wants_root_alone),
		T(test_policy_load_reads_roots_file),
		T(test_policy_load_refuses_what_others_can_change),
		T(test_policy_load_refuses_links_and_other_kinds),
		T(test_policy_load_names_the_broken_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
