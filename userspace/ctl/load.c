/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * load - owns `bulwarkctl load` and `reload`.
 *
 * load: probe the kernel; under the lock, unless it is done already: load, attach, self-test, stamp, pin in a folder of
 * its own, rename(2) that to LSM_PIN_DIR. Whoever sees the folder sees all of it, tested.
 *
 * reload: a second set of programs on the maps that are there. Attached beside the first set it is tested; then the folders
 * of the two sets' links change places in one step, the first set goes, and the second is tested once more, alone. Killed
 * anywhere in between, one of the two sets is pinned in whole where it belongs, and enforces; the other, should it be there
 * still, refuses the same, until the next load or reload clears it away. While both are attached the kernel asks the second
 * only what the first let pass: each refusal of a hook is counted and recorded once. What mode audit lets pass is counted by
 * both, and so is what the kernel refuses by itself, by both witnesses: a record too many for an instant, and never one too few.
 */
#include <errno.h>
#include <linux/bpf.h>
#include <stdio.h>
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
#include "status.h"
#include "str.h"

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
	{ PROC, "sys/net/netfilter/nf_hooks_lwtunnel", LSM_NODE_READ_ONLY }, /* one for all networks */
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

/* What programs of any version keep containers from, and engines. */
static int set_host(struct lsm *lsm, struct error *err)
{
	int r = set_rules(lsm, err);

	if (r == 0)
		r = lsm_guard_host(lsm, err);
	if (r == 0)
		r = lsm_set_engine_files(lsm, LSM_MODE_ENFORCE, err);
	return r < 0 ? r : lsm_know_engines(lsm, err);
}

static int write_state(struct lsm *lsm, const struct lsm_state *state, struct error *err)
{
	uint32_t key = 0;

	if (lsm_map_update(lsm->map_fds[LSM_MAP_STATE], &key, state, BPF_ANY) < 0)
		return error_set(err, errno, "cannot stamp the state");
	return 0;
}

static int stamp(const struct object *object, struct lsm *lsm, struct error *err)
{
	struct lsm_state state = { .abi = LSM_ABI, .self_test_passed = 1 };
	struct timespec now;

	(void)clock_gettime(CLOCK_BOOTTIME, &now);
	state.loaded_ns = (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
	(void)str_format(state.version, sizeof(state.version), "%s", ctl_version);
	for (int i = 0; i < LSM_HOOK_COUNT; i++)
		state.hooks[i] = object->links[i] ? LSM_HOOK_ATTACHED : LSM_HOOK_MISSING;
	return write_state(lsm, &state, err);
}

static void print_loaded(const char *verb, const struct object *object)
{
	int attached = 0;

	for (int i = 0; i < LSM_HOOK_COUNT; i++)
		attached += object->links[i] != NULL;
	printf("%s: %d programs, self-test passed\n", verb, attached);
	for (int i = 0; i < LSM_HOOK_COUNT; i++)
		if (!object->links[i])
			status_print_missing(&lsm_hooks[i]);
}

/* Programs and maps of their own, tested and pinned in PINS_NEW. */
static int prepare(const struct ctl_options *options, struct object *ret, struct error *err)
{
	struct lsm lsm;
	int r = object_load(NULL, options->debug, ret, err);

	if (r < 0)
		return r;
	r = object_maps(ret, &lsm, err);
	if (r == 0)
		r = selftest_run(&lsm, 1, err);
	if (r == 0)
		r = set_host(&lsm, err);
	if (r == 0)
		r = stamp(ret, &lsm, err);
	if (r == 0)
		r = pins_make_folder(PINS_NEW, err);
	if (r == 0)
		r = object_pin_maps(ret, PINS_NEW, err);
	if (r == 0)
		r = object_pin_links(ret, PINS_NEW CTL_LINKS, err);
	return r;
}

static int load_new(const struct ctl_options *options, const char *verb, struct error *err)
{
	struct object object = { 0 };
	int r = prepare(options, &object, err);

	if (r == 0 && rename(PINS_NEW, LSM_PIN_DIR) < 0)
		r = error_set(err, errno, "cannot move the pins to '%s'", LSM_PIN_DIR);
	if (r == 0)
		print_loaded(verb, &object);
	object_done(&object);
	return r;
}

static void say_loaded(struct lsm *lsm)
{
	struct lsm_state state;

	if (lsm_read_state(lsm, &state, NULL) < 0)
		return;
	state.version[sizeof(state.version) - 1] = '\0';
	if (str_eq(state.version, ctl_version))
		printf("loaded already\n");
	else
		printf("loaded already, by version %s: 'bulwarkctl reload' brings %s\n",
		       state.version, ctl_version);
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
		selftest_clear(&lsm);
		say_loaded(&lsm);
	} else if (r == -ENOENT && access(LSM_PIN_DIR, F_OK) < 0) {
		r = load_new(options, "loaded", err);
	} else {
		*err = before;
	}
	lsm_done(&lsm);
	pins_unlock(lock_fd);
	return r;
}

/* ---- reload ---- */

/* The old set is gone. Should the new one alone not pass, no container is started under it any more. */
static int test_alone(struct lsm *lsm, struct error *err)
{
	static const struct lsm_state none = { .abi = LSM_ABI };
	int r = selftest_run(lsm, 1, err);

	if (r < 0) {
		(void)write_state(lsm, &none, NULL); /* the failure itself is what is told */
		return error_wrap(err,
				  "the new programs do not enforce, and no container is started under "
				  "them: end all containers, run 'bulwarkctl unload' and 'bulwarkctl load'");
	}
	return 0;
}

static int take_over(struct object *object, struct lsm *live, struct error *err)
{
	struct pins_programs old = { .n = 0 };
	int r = selftest_run(live, 2, err);

	if (r == 0)
		r = set_host(live, err);
	if (r == 0)
		r = pins_make_folder(PINS_NEW, err);
	if (r == 0)
		r = object_pin_links(object, PINS_NEW CTL_LINKS, err);
	if (r == 0)
		r = pins_exchange(PINS_NEW CTL_LINKS, LSM_PIN_DIR CTL_LINKS, err);
	if (r == 0)
		r = stamp(object, live, err);
	if (r == 0)
		r = pins_remove(PINS_NEW, &old, err);
	if (r == 0)
		r = pins_await(&old, err);
	return r == 0 ? test_alone(live, err) : r;
}

/*
 * Maps that the new programs cannot use: they get their own, which is only possible while no container is in the old ones.
 * Who would register one meanwhile waits for the lock, and then finds the old folder gone.
 */
static int replace(const struct ctl_options *options, const struct error *why, struct error *err)
{
	struct object object = { 0 };
	struct pins_programs old = { .n = 0 };
	unsigned int n = 0;
	int lock_fd = -EBADF, r;

	r = pins_count_containers(&n, err);
	if (r == 0 && n == 0)
		r = prepare(options, &object, err);
	if (r == 0 && n == 0) {
		r = lock_fd = pins_lock_maps(err);
		if (r >= 0)
			r = pins_count_containers(&n, err);
	}
	if (r == 0 && n > 0)
		r = error_text(err, EBUSY,
			       "what is loaded cannot be kept (%s), and %u container%s under it: end %s, then "
			       "run 'bulwarkctl unload' and 'bulwarkctl load'",
			       why->msg, n, n == 1 ? " is" : "s are", n == 1 ? "it" : "them");
	if (r == 0)
		r = pins_exchange(PINS_NEW, LSM_PIN_DIR, err);
	if (r == 0)
		r = pins_remove(PINS_NEW, &old, err);
	(void)fd_close(lock_fd);
	if (r == 0)
		r = pins_await(&old, err);
	if (r == 0)
		print_loaded("loaded anew, as the layout of the maps is another", &object);
	object_done(&object);
	return r;
}

static int reload_locked(const struct ctl_options *options, struct error *err)
{
	struct object object = { 0 };
	struct error why = ERROR_INIT;
	struct lsm live = LSM_INIT;
	int r = lsm_open(&live, &why);
	bool usable = r == 0;

	if (r == -ENOENT && access(LSM_PIN_DIR, F_OK) < 0)
		return load_new(options, "loaded", err);
	if (usable) {
		r = object_load(&live, options->debug, &object, &why);
		usable = r != -EPROTO;
	}
	if (!usable) {
		r = replace(options, &why, err);
	} else if (r < 0) {
		*err = why;
	} else {
		r = take_over(&object, &live, err);
		if (r == 0)
			print_loaded("reloaded", &object);
	}
	object_done(&object);
	lsm_done(&live);
	return r;
}

int ctl_reload(const struct ctl_options *options, struct error *err)
{
	int r = probe_kernel(err), lock_fd;

	if (r < 0)
		return r;
	lock_fd = pins_lock(err);
	if (lock_fd < 0)
		return lock_fd;
	r = reload_locked(options, err);
	pins_unlock(lock_fd);
	return r;
}
