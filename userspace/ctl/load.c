/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * load - owns `bulwarkctl load` and `unload`.
 *
 * load: probe the kernel; under the lock, unless it is done already: load, attach, self-test, stamp, pin in a folder of
 * its own, rename(2) that to LSM_PIN_DIR. Whoever sees the folder sees all of it, tested.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "ctl.h"
#include "error.h"
#include "fd.h"
#include "lsm.h"
#include "lsm_map.h"
#include "object.h"
#include "pins.h"
#include "probe.h"
#include "selftest.h"
#include "str.h"

#define DETACH_SECONDS 60 /* for a grace period of the kernel for each program, under emulation */

/* What no container writes, and what gives the host away. The runtime hides these by mounts, too. */
static const struct {
	uint64_t magic;
	const char *path;
	uint32_t node;
} node_rules[] = {
#define PROC 0x9fa0
#define SYSFS 0x62656572
	{ PROC, "kcore", LSM_NODE_DENY },
	{ PROC, "keys", LSM_NODE_DENY },
	{ PROC, "key-users", LSM_NODE_DENY },
	{ PROC, "latency_stats", LSM_NODE_DENY },
	{ PROC, "timer_list", LSM_NODE_DENY },
	{ PROC, "timer_stats", LSM_NODE_DENY },
	{ PROC, "sched_debug", LSM_NODE_DENY },
	{ PROC, "scsi", LSM_NODE_DENY },
	{ PROC, "acpi", LSM_NODE_DENY },
	{ PROC, "kmsg", LSM_NODE_DENY },
	{ PROC, "sysrq-trigger", LSM_NODE_DENY },
	{ PROC, "kallsyms", LSM_NODE_READ_ONLY },
	{ PROC, "bus", LSM_NODE_READ_ONLY },
	{ PROC, "fs", LSM_NODE_READ_ONLY },
	{ PROC, "irq", LSM_NODE_READ_ONLY },
	{ PROC, "sys/fs/binfmt_misc", LSM_NODE_READ_ONLY },
	{ PROC, "sys/kernel/core_pattern", LSM_NODE_READ_ONLY },
	{ PROC, "sys/kernel/modprobe", LSM_NODE_READ_ONLY },
	{ PROC, "sys/vm", LSM_NODE_READ_ONLY },
	{ SYSFS, "firmware", LSM_NODE_DENY },
	{ SYSFS, "devices/virtual/powercap", LSM_NODE_DENY },
	{ SYSFS, "kernel/debug", LSM_NODE_DENY },
	{ SYSFS, "kernel/uevent_helper", LSM_NODE_READ_ONLY },
};

static int set_rules(struct lsm *lsm, struct error *err)
{
	for (size_t i = 0; i < sizeof(node_rules) / sizeof(node_rules[0]); i++) {
		int r = lsm_set_proc_rule(lsm, node_rules[i].magic, node_rules[i].path,
					  node_rules[i].node, err);

		if (r < 0)
			return r;
	}
	return 0;
}

static int stamp(const struct object *object, struct lsm *lsm, struct error *err)
{
	struct lsm_state state = { .abi = LSM_ABI, .self_test_passed = 1 };
	struct timespec now;
	uint32_t key = 0;

	(void)clock_gettime(CLOCK_BOOTTIME, &now);
	state.loaded_ns = (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
	(void)str_format(state.version, sizeof(state.version), "%s", ctl_version);
	for (int i = 0; i < LSM_HOOK_COUNT; i++)
		state.hooks[i] = object->links[i] ? LSM_HOOK_ATTACHED : LSM_HOOK_MISSING;
	if (lsm_map_update(lsm->map_fds[LSM_MAP_STATE], &key, &state, BPF_ANY) < 0)
		return error_set(err, errno, "cannot stamp the state");
	return 0;
}

static int publish(const struct object *object, struct error *err)
{
	int r;

	if (mkdir(PINS_NEW, 0700) < 0 || mkdir(PINS_NEW "/reader", 0700) < 0)
		return error_set(err, errno, "cannot make '%s'", PINS_NEW);
	r = object_pin(object, PINS_NEW, err);
	if (r == 0 && rename(PINS_NEW, LSM_PIN_DIR) < 0)
		r = error_set(err, errno, "cannot move the pins to '%s'", LSM_PIN_DIR);
	return r;
}

static void print_missing(const struct object *object)
{
	for (int i = 0; i < LSM_HOOK_COUNT; i++)
		if (!object->links[i])
			printf("not enforced on this kernel, which has no hook %s: %s\n",
			       lsm_hooks[i].name, lsm_hooks[i].lost);
}

static int load_locked(const struct ctl_options *options, struct error *err)
{
	struct object object = { 0 };
	struct lsm lsm;
	int r, attached = 0;

	r = object_load(options->debug, &object, err);
	if (r < 0)
		return r;
	r = object_maps(&object, &lsm, err);
	if (r == 0)
		r = selftest_run(&lsm, err);
	if (r == 0)
		r = set_rules(&lsm, err);
	if (r == 0)
		r = stamp(&object, &lsm, err);
	if (r == 0)
		r = publish(&object, err);
	if (r == 0) {
		for (int i = 0; i < LSM_HOOK_COUNT; i++)
			attached += object.links[i] != NULL;
		printf("loaded: %d programs, self-test passed\n", attached);
		print_missing(&object);
	}
	object_done(&object);
	return r;
}

int ctl_load(const struct ctl_options *options, struct error *err)
{
	struct error before = ERROR_INIT;
	struct lsm lsm = LSM_INIT;
	int lock_fd, r;

	r = probe_kernel(err);
	if (r < 0)
		return r;
	lock_fd = pins_lock(err);
	if (lock_fd < 0)
		return lock_fd;
	r = lsm_open(&lsm, &before);
	if (r == 0) {
		printf("loaded already\n");
	} else if (r == -ENOENT && access(LSM_PIN_DIR, F_OK) < 0) {
		r = load_locked(options, err);
	} else {
		*err = before;
	}
	lsm_done(&lsm);
	pins_unlock(lock_fd);
	return r;
}

/* ---- unload ---- */

static int count_one(const struct lsm_container *container, void *data)
{
	(void)container;
	++*(unsigned int *)data;
	return 0;
}

static int refuse_while_used(const struct ctl_options *options, struct error *err)
{
	struct lsm lsm = LSM_INIT;
	unsigned int n = 0;
	int r = 0;

	if (options->force || lsm_open(&lsm, NULL) < 0)
		return 0; /* what cannot be opened protects nobody, or is of another version */
	if (lsm_each_container(&lsm, count_one, &n, err) == 0 && n > 0)
		r = error_text(err, EBUSY,
			       "%u container%s would lose the BPF LSM layer: end %s first, or say --force",
			       n, n == 1 ? "" : "s", n == 1 ? "it" : "them");
	lsm_done(&lsm);
	return r;
}

/* The kernel's numbers of our programs: once they are gone, nothing of ours is called or left. */
static size_t list_programs(const char *folder, uint32_t *ids, size_t max)
{
	struct dirent *entry;
	DIR *dir = opendir(folder);
	size_t n = 0;

	while (dir && n < max && (entry = readdir(dir))) {
		struct bpf_link_info info = { 0 };
		uint32_t len = sizeof(info);
		char path[320];
		int fd;

		if (!str_after(entry->d_name, CTL_LINK_PREFIX) ||
		    str_format(path, sizeof(path), "%s/%s", folder, entry->d_name) < 0)
			continue;
		fd = bpf_obj_get(path);
		if (fd >= 0 && bpf_obj_get_info_by_fd(fd, &info, &len) == 0)
			ids[n++] = info.prog_id;
		(void)fd_close(fd);
	}
	if (dir)
		(void)closedir(dir);
	return n;
}

static int wait_detached(const uint32_t *ids, size_t n, struct error *err)
{
	const struct timespec pause = { .tv_nsec = 10 * 1000000 };

	for (size_t tries = 0; tries < DETACH_SECONDS * 100; tries++) {
		bool left = false;

		for (size_t i = 0; i < n && !left; i++) {
			int fd = bpf_prog_get_fd_by_id(ids[i]);

			left = fd >= 0;
			(void)fd_close(fd);
		}
		if (!left)
			return 0;
		(void)nanosleep(&pause, NULL); /* the kernel tells nobody when it is done */
	}
	return error_text(err, EBUSY, "the pins are gone, but somebody else holds a program");
}

int ctl_unload(const struct ctl_options *options, struct error *err)
{
	uint32_t ids[LSM_HOOK_COUNT];
	size_t n = 0;
	int lock_fd, r;

	if (access(LSM_PIN_DIR, F_OK) < 0) {
		printf("nothing is loaded\n");
		return 0;
	}
	lock_fd = pins_lock(err);
	if (lock_fd < 0)
		return lock_fd;
	r = refuse_while_used(options, err);
	if (r == 0) {
		n = list_programs(LSM_PIN_DIR, ids, LSM_HOOK_COUNT);
		if (rename(LSM_PIN_DIR, PINS_OLD) < 0 && errno != ENOENT)
			r = error_set(err, errno, "cannot move '%s' away", LSM_PIN_DIR);
	}
	if (r == 0)
		r = pins_remove(PINS_OLD, err);
	if (r == 0)
		r = wait_detached(ids, n, err);
	pins_unlock(lock_fd);
	if (r == 0)
		printf("unloaded\n");
	return r;
}
