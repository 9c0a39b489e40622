/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What needs no kernel that loads programs; the rest is tests/vm/bpf.bats. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include "error.h"
#include "fd.h"
#include "lsm.h"
#include "lsm_map.h"
#include "lsm_private.h"
#include "str.h"

#define MAGIC 0x9fa0

static void test_lsm_path_hash_tells_paths_apart(void **state)
{
	(void)state;
	assert_true(lsm_path_hash(MAGIC, "sys/kernel") != 0);
	assert_true(lsm_path_hash(MAGIC, "sys/kernel") != lsm_path_hash(MAGIC, "syskernel"));
	assert_true(lsm_path_hash(MAGIC, "sys/kernel") != lsm_path_hash(MAGIC, "sysk/ernel"));
	assert_true(lsm_path_hash(MAGIC, "sys/kernel") != lsm_path_hash(MAGIC + 1, "sys/kernel"));
}

/* The program hashes component by component, each with a '/' behind it: the same number, or no rule ever matches. */
static void test_lsm_path_hash_is_that_of_the_program(void **state)
{
	uint64_t hash = MAGIC;

	(void)state;
	for (const char *c = "sys/kernel/"; *c; c++)
		hash = LSM_PATH_STEP(hash, *c);
	assert_true(lsm_path_hash(MAGIC, "sys/kernel") == hash);
}

static void test_lsm_path_hash_refuses_what_the_program_cannot_see(void **state)
{
	(void)state;
	assert_true(lsm_path_hash(MAGIC, "") == 0);
	assert_true(lsm_path_hash(MAGIC, "/sys") == 0);
	assert_true(lsm_path_hash(MAGIC, "sys/") == 0);
	assert_true(lsm_path_hash(MAGIC, "a//b") == 0);
	assert_true(lsm_path_hash(MAGIC, "a/b/c/d/e/f") != 0);
	assert_true(lsm_path_hash(MAGIC, "a/b/c/d/e/f/g") == 0);
	assert_true(lsm_path_hash(MAGIC, "1234567890123456789012345678901") != 0);
	assert_true(lsm_path_hash(MAGIC, "12345678901234567890123456789012") == 0);
}

static void test_lsm_set_proc_rule_says_what_is_wrong(void **state)
{
	struct lsm lsm = LSM_INIT;
	struct error err = ERROR_INIT;

	(void)state;
	assert_int_equal(lsm_set_proc_rule(&lsm, MAGIC, "a//\033", LSM_NODE_DENY, &err), -EINVAL);
	assert_non_null(strstr(err.msg, "a//\\x1b"));
}

static void test_lsm_modes_and_allowances_have_names(void **state)
{
	enum lsm_mode mode = LSM_MODE_OFF;

	(void)state;
	assert_true(lsm_mode_parse("enforce", &mode));
	assert_int_equal(mode, LSM_MODE_ENFORCE);
	assert_string_equal(lsm_mode_name(LSM_MODE_ARM_ON_EXEC), "arm-on-exec");
	assert_false(lsm_mode_parse("on", &mode));
	assert_int_equal(mode, LSM_MODE_ENFORCE);
	assert_null(lsm_mode_name((enum lsm_mode)77));
	assert_int_equal(lsm_allow_parse("keys"), LSM_ALLOW_KEYS);
	assert_int_equal(lsm_allow_parse("everything"), 0);
}

static void test_lsm_hooks_are_in_the_order_of_the_counters(void **state)
{
	(void)state;
	assert_string_equal(lsm_hooks[LSM_HOOK_file_open].name, "file_open");
	assert_int_equal(offsetof(struct lsm_counters, file_open), LSM_HOOK_file_open * 8);
	assert_int_equal(offsetof(struct lsm_counters, unix_may_send), LSM_HOOK_unix_may_send * 8);
	assert_string_equal(lsm_hooks[LSM_HOOK_file_open].program, "lsm_file_open");
	assert_string_equal(lsm_hooks[LSM_HOOK_file_open].function, "bpf_lsm_file_open");
	assert_int_equal(lsm_hooks[LSM_HOOK_file_open].witness_args, 0);
	assert_string_equal(lsm_hooks[LSM_HOOK_witness_umount].function, "path_umount");
	assert_int_equal(offsetof(struct lsm_counters, witness_reveal), LSM_HOOK_witness_reveal * 8);
	/* What a reload must find where the programs before left it: never another number without a new LSM_ABI. */
	assert_int_equal(LSM_HOOK_bprm_creds_for_exec, 0);
	assert_int_equal(LSM_HOOK_unix_may_send, 39);
	assert_int_equal(LSM_HOOK_witness_umount, 40);
	assert_int_equal(LSM_HOOK_witness_reveal, 46);
	assert_int_equal(offsetof(struct lsm_counters, records_lost), LSM_HOOKS_MAX * 8);
	assert_int_equal(offsetof(struct lsm_state, hooks), 40);
	assert_int_equal(LSM_HOOKS_MAX, 64);
	assert_int_equal(LSM_ABI, 3);
	/* bpffs takes no dots, and the kernel 15 bytes. */
	for (size_t i = 0; i < LSM_MAP_COUNT; i++) {
		assert_null(strchr(lsm_map_names[i], '.'));
		assert_true(strlen(lsm_map_names[i]) <= 15);
	}
}

static void test_lsm_register_refuses_what_is_no_container(void **state)
{
	struct lsm_registration registration = { .id = "x" };
	struct lsm lsm = LSM_INIT;
	struct error err = ERROR_INIT;
	uint64_t id = 7;

	(void)state;
	registration.cgroup_fd = open("/", O_PATH | O_CLOEXEC);
	registration.userns_fd = open("/proc/self/ns/user", O_RDONLY | O_CLOEXEC);
	assert_int_equal(lsm_register(&lsm, &registration, &id, &err), -EINVAL);
	assert_non_null(strstr(err.msg, "cgroup v2"));
	assert_int_equal(id, 7);
	(void)fd_close(registration.cgroup_fd);
	(void)fd_close(registration.userns_fd);
}

static void test_lsm_userns_of_takes_user_namespaces_only(void **state)
{
	int user = open("/proc/self/ns/user", O_RDONLY | O_CLOEXEC);
	int uts = open("/proc/self/ns/uts", O_RDONLY | O_CLOEXEC);
	struct error err = ERROR_INIT;
	uint32_t inum = 0;

	(void)state;
	assert_int_equal(lsm_userns_of(user, &inum, &err), 0);
	assert_true(inum != 0);
	assert_int_equal(lsm_userns_of(uts, &inum, &err), -EINVAL);
	(void)fd_close(user);
	(void)fd_close(uts);
}

static void test_lsm_open_says_that_nothing_is_loaded(void **state)
{
	struct lsm lsm = LSM_INIT;
	struct error err = ERROR_INIT;

	(void)state;
	if (access(LSM_PIN_DIR, F_OK) == 0 || errno != ENOENT) {
		print_message("skip: '%s' is there, or cannot be looked for\n", LSM_PIN_DIR);
		skip();
	}
	assert_int_equal(lsm_open(&lsm, &err), -ENOENT);
	assert_non_null(strstr(err.msg, "bulwarkctl load"));
	assert_int_equal(lsm.dir_fd, -EBADF);
}

/* ---- with maps of the kernel, but no programs ---- */

#define CGROUP 4711
#define USERNS 815

static int make_map(uint32_t key_size, uint32_t value_size, uint32_t max_entries)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.map_type = BPF_MAP_TYPE_HASH;
	attr.map_flags = BPF_F_NO_PREALLOC;
	attr.key_size = key_size;
	attr.value_size = value_size;
	attr.max_entries = max_entries;
	return lsm_bpf(BPF_MAP_CREATE, &attr);
}

/* The maps that lsm_set_masks() writes, and one container. */
static void make_maps(struct lsm *lsm, uint32_t masks)
{
	struct lsm_container container = { .cgroup_id = CGROUP, .userns = USERNS, .id = "x" };
	struct lsm_namespace ns = { .members = 1, .level = 1, .strictest = container };

	*lsm = LSM_INIT;
	lsm->map_fds[LSM_MAP_CONTAINERS] = make_map(8, sizeof(container), 8);
	if (lsm->map_fds[LSM_MAP_CONTAINERS] < 0) {
		print_message("skip: no BPF maps here: %s\n", strerror(errno));
		skip();
	}
	lsm->map_fds[LSM_MAP_NAMESPACES] = make_map(4, sizeof(ns), 8);
	lsm->map_fds[LSM_MAP_COUNTERS] = make_map(8, sizeof(struct lsm_counters), 8);
	lsm->map_fds[LSM_MAP_MASKS] =
		make_map(sizeof(struct lsm_mask_key), sizeof(struct lsm_mask_value), masks);
	assert_true(lsm->map_fds[LSM_MAP_MASKS] >= 0);
	assert_int_equal(lsm_map_update(lsm->map_fds[LSM_MAP_CONTAINERS], &container.cgroup_id,
					&container, BPF_ANY),
			 0);
	assert_int_equal(lsm_map_update(lsm->map_fds[LSM_MAP_NAMESPACES], &container.userns, &ns,
					BPF_ANY),
			 0);
}

/* The rule of a path, 0 for none. */
static uint32_t mask_of(struct lsm *lsm, uint64_t magic, const char *path)
{
	struct lsm_mask_key key = { .cgroup_id = CGROUP, .path = lsm_path_hash(magic, path) };
	struct lsm_mask_value value;

	assert_true(key.path != 0);
	if (lsm_map_lookup(lsm->map_fds[LSM_MAP_MASKS], &key, &value) < 0)
		return 0;
	return value.node;
}

static size_t count_masks(struct lsm *lsm)
{
	struct lsm_mask_key key = { 0 };
	size_t n = 0;

	for (void *at = NULL; lsm_map_next(lsm->map_fds[LSM_MAP_MASKS], at, &key) == 0; at = &key)
		n++;
	return n;
}

static void test_lsm_set_masks_sets_and_unregister_removes(void **state)
{
	static const struct lsm_mask masks[] = {
		{ "/proc/keys", LSM_NODE_DENY },
		{ "/proc/sys", LSM_NODE_READ_ONLY },
		{ "//proc/./sys/", LSM_NODE_DENY }, /* the same once more */
		{ "/sys/firmware", LSM_NODE_DENY },
		{ "/sys/fs/../firmware2", LSM_NODE_DENY },
		{ "/proc/self/mountinfo", LSM_NODE_DENY },
		{ "/proc/1/mem", LSM_NODE_DENY },
		{ "/proc", LSM_NODE_READ_ONLY },
		{ "/etc/shadow", LSM_NODE_DENY },
		{ "proc/acpi", LSM_NODE_DENY },
		{ "/sys/1/2/3/4/5/6/7", LSM_NODE_DENY },
		{ "/sys/a.component.of.thirty-two.bytes.", LSM_NODE_DENY },
		{ "", LSM_NODE_DENY },
	};
	struct lsm_container container;
	struct error err = ERROR_INIT;
	struct lsm lsm;

	(void)state;
	make_maps(&lsm, 64);
	assert_int_equal(lsm_set_masks(&lsm, CGROUP, masks, sizeof(masks) / sizeof(masks[0]), &err),
			 3);
	assert_int_equal(count_masks(&lsm), 3);
	assert_int_equal(mask_of(&lsm, PROC_SUPER_MAGIC, "keys"), LSM_NODE_DENY);
	assert_int_equal(mask_of(&lsm, PROC_SUPER_MAGIC, "sys"), LSM_NODE_DENY | LSM_NODE_READ_ONLY);
	assert_int_equal(mask_of(&lsm, SYSFS_MAGIC, "firmware"), LSM_NODE_DENY);
	assert_int_equal(lsm_read_container(&lsm, CGROUP, &container, &err), 0);
	assert_true(container.first_mask != 0);
	assert_int_equal(lsm_set_masks(&lsm, CGROUP, masks, 1, &err), -EEXIST);
	assert_int_equal(count_masks(&lsm), 3);
	assert_int_equal(lsm_unregister(&lsm, CGROUP, &err), 0);
	assert_int_equal(count_masks(&lsm), 0);
	assert_int_equal(lsm_set_masks(&lsm, CGROUP, masks, 1, &err), -ENOENT);
	lsm_done(&lsm);
}

static void test_lsm_set_masks_is_bounded(void **state)
{
	static char paths[LSM_MASKS_MAX + 1][32];
	static struct lsm_mask masks[LSM_MASKS_MAX + 1];
	struct lsm_container container;
	struct error err = ERROR_INIT;
	struct lsm lsm;

	(void)state;
	for (size_t i = 0; i <= LSM_MASKS_MAX; i++) {
		(void)str_format(paths[i], sizeof(paths[i]), "/sys/x%zu", i);
		masks[i] = (struct lsm_mask){ paths[i], LSM_NODE_DENY };
	}
	make_maps(&lsm, LSM_MASKS_MAX);
	assert_int_equal(lsm_set_masks(&lsm, CGROUP, masks, LSM_MASKS_MAX + 1, &err), -E2BIG);
	assert_non_null(strstr(err.msg, "1025 paths"));
	assert_int_equal(count_masks(&lsm), 0);
	assert_int_equal(lsm_set_masks(&lsm, CGROUP, masks, LSM_MASKS_MAX, &err), LSM_MASKS_MAX);
	assert_int_equal(lsm_unregister(&lsm, CGROUP, &err), 0);
	assert_int_equal(count_masks(&lsm), 0);
	lsm_done(&lsm);

	/* The map is full: the container has none of its rules, and its entry says so. */
	make_maps(&lsm, 4);
	err = ERROR_INIT;
	assert_int_equal(lsm_set_masks(&lsm, CGROUP, masks, 200, &err), -ENOSPC);
	assert_non_null(strstr(err.msg, "room for"));
	assert_int_equal(count_masks(&lsm), 0);
	assert_int_equal(lsm_read_container(&lsm, CGROUP, &container, &err), 0);
	assert_true(container.first_mask == 0);
	assert_int_equal(lsm_set_masks(&lsm, CGROUP, masks, 0, &err), 0);
	lsm_done(&lsm);
}

/* The guard of what @fd is, or of the entry @name in it; 0 for none. */
static uint32_t guard_of(struct lsm *lsm, int fd, const char *name)
{
	struct lsm_guard_key key = { 0 };
	uint32_t value = 0;
	struct stat st;

	assert_int_equal(fstat(fd, &st), 0);
	key.inode = st.st_ino;
	key.device = major(st.st_dev) << 20 | minor(st.st_dev);
	if (name) {
		key.name = LSM_GUARD_START;
		for (const char *c = name; *c; c++)
			key.name = LSM_GUARD_STEP(key.name, *c);
	}
	(void)lsm_map_lookup(lsm->map_fds[LSM_MAP_GUARDED], &key, &value);
	return value;
}

static void test_lsm_guard_tells_folders_files_and_names_apart(void **state)
{
	int folder = open("/proc/self", O_PATH | O_CLOEXEC);
	int file = open("/proc/self/stat", O_PATH | O_CLOEXEC);
	struct error err = ERROR_INIT;
	struct lsm lsm;

	(void)state;
	make_maps(&lsm, 4);
	lsm.map_fds[LSM_MAP_GUARDED] = make_map(sizeof(struct lsm_guard_key), 4, 3);
	assert_int_equal(lsm_guard(&lsm, folder, NULL, true, &err), 0);
	assert_int_equal(guard_of(&lsm, folder, NULL), LSM_GUARD_SELF | LSM_GUARD_ENTRIES);
	assert_int_equal(lsm_guard(&lsm, folder, "docker.sock", true, &err), 0);
	assert_int_equal(guard_of(&lsm, folder, NULL),
			 LSM_GUARD_SELF | LSM_GUARD_ENTRIES | LSM_GUARD_NAMES);
	assert_int_equal(guard_of(&lsm, folder, "docker.sock"), LSM_GUARD_SELF);
	/* The folder's own guard goes, that of the name stays. */
	assert_int_equal(lsm_guard(&lsm, folder, NULL, false, &err), 0);
	assert_int_equal(guard_of(&lsm, folder, NULL), LSM_GUARD_NAMES);
	assert_int_equal(guard_of(&lsm, folder, "docker.sock"), LSM_GUARD_SELF);
	assert_int_equal(lsm_guard(&lsm, folder, "docker.sock", false, &err), 0);
	assert_int_equal(guard_of(&lsm, folder, "docker.sock"), 0);
	assert_int_equal(lsm_guard(&lsm, folder, "docker.sock", false, &err), 0);
	assert_int_equal(lsm_guard(&lsm, file, NULL, true, &err), 0);
	assert_int_equal(guard_of(&lsm, file, NULL), LSM_GUARD_SELF);
	assert_int_equal(lsm_guard(&lsm, folder, "a", true, &err), 0);
	assert_int_equal(lsm_guard(&lsm, folder, "b", true, &err), -ENOSPC);
	assert_non_null(strstr(err.msg, "room for"));
	(void)fd_close(folder);
	(void)fd_close(file);
	lsm_done(&lsm);
}

static void test_lsm_guard_refuses_what_is_no_name(void **state)
{
	static const char *const names[] = {
		"", ".", "..", "a/b", "0123456789012345678901234567890123456789012345678901234567890123"
	};
	int folder = open("/", O_PATH | O_CLOEXEC),
	    file = open("/proc/self/stat", O_PATH | O_CLOEXEC);
	struct lsm lsm = LSM_INIT;
	struct error err = ERROR_INIT;

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		assert_int_equal(lsm_guard(&lsm, folder, names[i], true, &err), -EINVAL);
	assert_int_equal(lsm_guard(&lsm, file, "name", true, &err), -EINVAL);
	assert_non_null(strstr(err.msg, "in a folder only"));
	(void)fd_close(folder);
	(void)fd_close(file);
}

static void test_lsm_guard_abstract_knows_names_by_namespace(void **state)
{
	int net = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	int uts = open("/proc/self/ns/uts", O_RDONLY | O_CLOEXEC);
	struct lsm_socket_name key = { .name = "a\0b" };
	struct error err = ERROR_INIT;
	char longest[LSM_SOCKET_NAME_MAX + 1] = { 0 };
	uint32_t value = 0;
	struct stat st;
	struct lsm lsm;

	(void)state;
	make_maps(&lsm, 4);
	lsm.map_fds[LSM_MAP_GUARDED_NAMES] = make_map(sizeof(key), 4, 8);
	assert_int_equal(lsm_guard_abstract(&lsm, net, "a\0b", 3, true, &err), 0);
	assert_int_equal(fstat(net, &st), 0);
	key.netns = (uint32_t)st.st_ino;
	assert_int_equal(lsm_map_lookup(lsm.map_fds[LSM_MAP_GUARDED_NAMES], &key, &value), 0);
	assert_int_equal(lsm_guard_abstract(&lsm, net, "a\0b", 3, false, &err), 0);
	assert_true(lsm_map_lookup(lsm.map_fds[LSM_MAP_GUARDED_NAMES], &key, &value) < 0);
	assert_int_equal(lsm_guard_abstract(&lsm, net, longest, sizeof(longest) - 1, true, &err), 0);
	assert_int_equal(lsm_guard_abstract(&lsm, net, longest, sizeof(longest), true, &err),
			 -EINVAL);
	assert_int_equal(lsm_guard_abstract(&lsm, net, "", 0, true, &err), -EINVAL);
	assert_int_equal(lsm_guard_abstract(&lsm, uts, "a", 1, true, &err), -EINVAL);
	(void)fd_close(net);
	(void)fd_close(uts);
	lsm_done(&lsm);
}

/* A process that calls itself so, until its pipe is closed. */
static pid_t start_named(const char *name, int *ret_pipe)
{
	int fds[2], ready[2];
	char byte;
	pid_t pid;

	assert_int_equal(pipe(fds), 0);
	assert_int_equal(pipe(ready), 0);
	pid = fork();
	if (pid == 0) {
		(void)close(fds[1]);
		(void)prctl(PR_SET_NAME, name);
		(void)!write(ready[1], "", 1);
		(void)!read(fds[0], &byte, 1);
		_exit(0);
	}
	assert_true(pid > 0);
	assert_int_equal(read(ready[0], &byte, 1), 1);
	(void)close(ready[0]);
	(void)close(ready[1]);
	(void)close(fds[0]);
	*ret_pipe = fds[1];
	return pid;
}

static size_t count_keys(int map)
{
	uint32_t key = 0, next;
	size_t n = 0;

	for (int r = lsm_map_next(map, NULL, &next); r == 0; r = lsm_map_next(map, &key, &next)) {
		key = next;
		n++;
	}
	return n;
}

/* By pidfd, whose number is the key of a plain map: a freed one is used again, so that all have the same. */
static void test_lsm_know_engines_finds_those_that_run(void **state)
{
	struct lsm_guard_key key = { .name = lsm_guard_name_hash("dockerd") };
	struct error err = ERROR_INIT;
	uint32_t role = 0;
	struct lsm lsm;
	int fd;
	pid_t pid;

	(void)state;
	make_maps(&lsm, 4);
	lsm.map_fds[LSM_MAP_ENGINE_FILES] = make_map(sizeof(key), 4, 8);
	lsm.map_fds[LSM_MAP_ENGINE_TASKS] = make_map(4, 4, 8);
	pid = start_named("dockerd", &fd);
	assert_int_equal(lsm_know_engines(&lsm, &err), 0);
	assert_int_equal(count_keys(lsm.map_fds[LSM_MAP_ENGINE_TASKS]), 1);
	assert_int_equal(lsm_map_lookup(lsm.map_fds[LSM_MAP_ENGINE_FILES], &key, &role), 0);
	assert_int_equal(role, LSM_ENGINE_DAEMON);
	key.name = lsm_guard_name_hash("podman");
	assert_int_equal(lsm_map_lookup(lsm.map_fds[LSM_MAP_ENGINE_FILES], &key, &role), 0);
	assert_int_equal(role, LSM_ENGINE_SERVICE);
	(void)close(fd);
	(void)waitpid(pid, NULL, 0);
	lsm_done(&lsm);
}

static void test_lsm_engine_guard_is_off_until_it_is_set(void **state)
{
	struct lsm_engine_guard guard = { .mode = LSM_MODE_ENFORCE, .refuse_tcp = true };
	uint64_t id = LSM_ENGINE_CGROUP;
	struct error err = ERROR_INIT;
	struct lsm_counters counts;
	struct lsm_engine engine;
	uint32_t key = 0;
	struct lsm lsm;

	(void)state;
	make_maps(&lsm, 4);
	memset(&engine, 0, sizeof(engine));
	lsm.map_fds[LSM_MAP_ENGINE] = make_map(4, sizeof(engine), 1);
	assert_int_equal(lsm_map_update(lsm.map_fds[LSM_MAP_ENGINE], &key, &engine, BPF_ANY),
			 0); /* an array has it */
	assert_int_equal(lsm_set_engine_guard(&lsm, &guard, &err), 0);
	assert_int_equal(lsm_map_lookup(lsm.map_fds[LSM_MAP_ENGINE], &key, &engine), 0);
	assert_int_equal(engine.policy.mode, LSM_MODE_ENFORCE);
	assert_string_equal(engine.policy.id, LSM_ENGINE_ID);
	assert_int_equal(engine.refuse_tcp, 1);
	assert_int_equal(engine.restrict_exec, 0);
	assert_int_equal(lsm_map_lookup(lsm.map_fds[LSM_MAP_COUNTERS], &id, &counts), 0);
	guard.mode = LSM_MODE_ARM_ON_EXEC;
	assert_int_equal(lsm_set_engine_guard(&lsm, &guard, &err), -EINVAL);
	guard.mode = LSM_MODE_OFF;
	assert_int_equal(lsm_set_engine_guard(&lsm, &guard, &err), 0);
	assert_int_equal(lsm_map_lookup(lsm.map_fds[LSM_MAP_ENGINE], &key, &engine), 0);
	assert_int_equal(engine.policy.mode, LSM_MODE_OFF);

	/* What daemons leave where is switched apart. */
	assert_int_equal(engine.files.mode, LSM_MODE_OFF);
	assert_int_equal(lsm_set_engine_files(&lsm, LSM_MODE_ARM_ON_EXEC, &err), -EINVAL);
	assert_int_equal(lsm_set_engine_files(&lsm, LSM_MODE_ENFORCE, &err), 0);
	guard.mode = LSM_MODE_AUDIT;
	assert_int_equal(lsm_set_engine_guard(&lsm, &guard, &err), 0);
	assert_int_equal(lsm_map_lookup(lsm.map_fds[LSM_MAP_ENGINE], &key, &engine), 0);
	assert_int_equal(engine.files.mode, LSM_MODE_ENFORCE);
	assert_string_equal(engine.files.id, LSM_ENGINE_ID);
	assert_int_equal(engine.policy.mode, LSM_MODE_AUDIT);
	lsm_done(&lsm);
}

static void test_lsm_engine_files_and_guards_against_engines(void **state)
{
	int folder = open("/", O_PATH | O_CLOEXEC),
	    file = open("/proc/self/stat", O_PATH | O_CLOEXEC);
	struct error err = ERROR_INIT;
	struct lsm_guard_key file_key;
	uint32_t role = 0;
	bool is_folder;
	struct lsm lsm;

	(void)state;
	make_maps(&lsm, 4);
	lsm.map_fds[LSM_MAP_ENGINE_FILES] = make_map(sizeof(file_key), 4, 1);
	lsm.map_fds[LSM_MAP_GUARDED] = make_map(sizeof(file_key), 4, 4);
	assert_int_equal(lsm_set_engine_file(&lsm, folder, LSM_ENGINE_DAEMON, &err), -EINVAL);
	assert_int_equal(lsm_set_engine_file(&lsm, file, LSM_ENGINE_DAEMON, &err), 0);
	assert_int_equal(lsm_guard_key_of(file, &file_key, &is_folder, &err), 0);
	assert_int_equal(lsm_map_lookup(lsm.map_fds[LSM_MAP_ENGINE_FILES], &file_key, &role), 0);
	assert_int_equal(role, LSM_ENGINE_DAEMON);
	assert_int_equal(lsm_set_engine_file(&lsm, file, 0, &err), 0);
	assert_int_equal(lsm_set_engine_file(&lsm, file, 0, &err), 0);

	/* For engines too, then for containers alone, then for nobody. */
	assert_int_equal(lsm_guard_from_engines(&lsm, folder, NULL, true, &err), 0);
	assert_int_equal(guard_of(&lsm, folder, NULL),
			 LSM_GUARD_SELF | LSM_GUARD_ENTRIES | LSM_GUARD_ENGINES);
	assert_int_equal(lsm_guard_from_engines(&lsm, folder, NULL, false, &err), 0);
	assert_int_equal(guard_of(&lsm, folder, NULL), LSM_GUARD_SELF | LSM_GUARD_ENTRIES);
	assert_int_equal(lsm_guard_from_engines(&lsm, folder, "name", true, &err), 0);
	assert_int_equal(guard_of(&lsm, folder, "name"), LSM_GUARD_SELF | LSM_GUARD_ENGINES);
	assert_int_equal(lsm_guard(&lsm, folder, "name", false, &err), 0);
	assert_int_equal(guard_of(&lsm, folder, "name"), 0);
	(void)fd_close(folder);
	(void)fd_close(file);
	lsm_done(&lsm);
}

static void test_lsm_file_system_types_have_bits(void **state)
{
	(void)state;
	assert_true(lsm_fs_parse("proc") == LSM_FS(proc));
	assert_true(lsm_fs_parse("cgroup2") == LSM_FS(cgroup2));
	assert_true(lsm_fs_parse("bpf") == LSM_FS(bpf));
	assert_true(lsm_fs_parse("ext4") == LSM_FS_OTHER);
	assert_true(lsm_fs_parse("") == LSM_FS_OTHER);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lsm_path_hash_tells_paths_apart),
		cmocka_unit_test(test_lsm_path_hash_is_that_of_the_program),
		cmocka_unit_test(test_lsm_path_hash_refuses_what_the_program_cannot_see),
		cmocka_unit_test(test_lsm_set_proc_rule_says_what_is_wrong),
		cmocka_unit_test(test_lsm_modes_and_allowances_have_names),
		cmocka_unit_test(test_lsm_hooks_are_in_the_order_of_the_counters),
		cmocka_unit_test(test_lsm_register_refuses_what_is_no_container),
		cmocka_unit_test(test_lsm_userns_of_takes_user_namespaces_only),
		cmocka_unit_test(test_lsm_set_masks_sets_and_unregister_removes),
		cmocka_unit_test(test_lsm_set_masks_is_bounded),
		cmocka_unit_test(test_lsm_guard_tells_folders_files_and_names_apart),
		cmocka_unit_test(test_lsm_guard_refuses_what_is_no_name),
		cmocka_unit_test(test_lsm_guard_abstract_knows_names_by_namespace),
		cmocka_unit_test(test_lsm_know_engines_finds_those_that_run),
		cmocka_unit_test(test_lsm_engine_guard_is_off_until_it_is_set),
		cmocka_unit_test(test_lsm_engine_files_and_guards_against_engines),
		cmocka_unit_test(test_lsm_file_system_types_have_bits),
		cmocka_unit_test(test_lsm_open_says_that_nothing_is_loaded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
