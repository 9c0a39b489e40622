/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Fuzzes config.json: every section's table and check, and the plans that are made from it without the host. */
#include "fuzz.h"

#include <sys/mount.h>

#include "arena.h"
#include "devices.h"
#include "idmap.h"
#include "mounts.h"
#include "namespaces.h"
#include "rlimit.h"
#include "spec.h"
#include "str.h"
#include "sysctl.h"

static bool is_absolute(const char *path)
{
	return path && path[0] == '/';
}

static void check_process(const struct process *process)
{
	const uint32_t *gids = process->user.additional_gids.items;
	const struct rlimit_entry *limits = process->rlimits.items;

	FUZZ_CHECK(process->args && process->args[0] && is_absolute(process->cwd));
	FUZZ_CHECK(process->user.uid < 65536 && process->user.gid < 65536);
	for (size_t i = 0; i < process->user.additional_gids.n; i++)
		FUZZ_CHECK(gids[i] < 65536);
	for (size_t i = 0; process->env && process->env[i]; i++)
		FUZZ_CHECK(strchr(process->env[i], '=') > process->env[i]);
	for (size_t i = 0; i < process->rlimits.n; i++)
		FUZZ_CHECK(limits[i].soft <= limits[i].hard);
}

/* Set or cleared. Only atime is a number and not a bit: the kernel wants all of it cleared before one is set. */
static void check_attributes(uint64_t set, uint64_t clear)
{
	const uint64_t atime = set & MOUNT_ATTR__ATIME;

	FUZZ_CHECK(!(set & clear & ~(uint64_t)MOUNT_ATTR__ATIME));
	FUZZ_CHECK(atime == MOUNT_ATTR_RELATIME || atime == MOUNT_ATTR_NOATIME ||
		   atime == MOUNT_ATTR_STRICTATIME);
	FUZZ_CHECK(!atime || (clear & MOUNT_ATTR__ATIME) == MOUNT_ATTR__ATIME);
}

/* Whatever the words, what passed is either a bind of an absolute path or a file system of the container's own. */
static void check_mounts(struct spec *spec)
{
	static const char *const own[] = { "proc",   "sysfs",  "tmpfs",	 "devpts",
					   "mqueue", "cgroup", "cgroup2" };
	const struct spec_mount *mounts = spec->mounts.items;

	for (size_t i = 0; i < spec->mounts.n; i++) {
		struct error err = ERROR_INIT;
		struct mount_options options;
		const char **data;
		size_t n = 0;
		bool known = false;

		FUZZ_CHECK(mount_options_parse(&spec->arena, &mounts[i], &options, &data, &err) == 0);
		FUZZ_CHECK(mounts[i].destination[0]);
		check_attributes(options.set, options.clear);
		check_attributes(options.set_all, options.clear_all);
		while (mounts[i].options && mounts[i].options[n])
			n++;
		for (size_t k = 0; data[k]; k++)
			FUZZ_CHECK(k < n);
		for (size_t k = 0; !options.bind && k < sizeof(own) / sizeof(own[0]); k++)
			known = known || (mounts[i].type && str_eq(mounts[i].type, own[k]));
		FUZZ_CHECK(options.remount || (options.bind ? is_absolute(mounts[i].source) : known));
		FUZZ_CHECK(options.bind || !options.idmap);
		FUZZ_CHECK(!mounts[i].uid_mappings.n == !mounts[i].gid_mappings.n);
	}
}

static void check_hooks(const struct json_array *list)
{
	const struct hook *hooks = list->items;

	for (size_t i = 0; i < list->n; i++) {
		FUZZ_CHECK(is_absolute(hooks[i].path));
		FUZZ_CHECK(!hooks[i].timeout.set || hooks[i].timeout.value > 0);
	}
}

/* Which of the two comes first separates names, and the other is a '.' in one: sysctl(8). */
static bool separates(char c, char first)
{
	return first == '/' ? c == '/' : c == '.';
}

/* No accepted name leaves the trees that are the container's own: no part of it is empty, "." or "..". */
static void check_sysctls(const struct json_strmap *sysctls)
{
	for (size_t i = 0; i < sysctls->n; i++) {
		const char *key = sysctls->items[i].key;
		const char first = key[strcspn(key, "./")];
		size_t len = 0, dots = 0;

		FUZZ_CHECK(str_after(key, "kernel") || str_after(key, "net") || str_after(key, "fs"));
		for (const char *p = key;; p++) {
			if (*p && !separates(*p, first)) {
				dots += first == '/' ? *p == '.' : *p == '/';
				len++;
				continue;
			}
			FUZZ_CHECK(len > 2 || len > dots);
			if (!*p)
				break;
			len = dots = 0;
		}
	}
}

static void check_spec(struct spec *spec)
{
	const struct hooks *hooks = &spec->hooks;

	FUZZ_CHECK(str_after(spec->oci_version, "1.") && spec->root && spec->root->path[0]);
	if (spec->process)
		check_process(spec->process);
	check_mounts(spec);
	check_hooks(&hooks->prestart);
	check_hooks(&hooks->create_runtime);
	check_hooks(&hooks->create_container);
	check_hooks(&hooks->start_container);
	check_hooks(&hooks->poststart);
	check_hooks(&hooks->poststop);
	check_sysctls(&spec->linux_.sysctl);
	for (const char **path = spec->linux_.masked_paths; path && *path; path++)
		FUZZ_CHECK(is_absolute(*path));
	for (const char **path = spec->linux_.readonly_paths; path && *path; path++)
		FUZZ_CHECK(is_absolute(*path));
}

/* The plan is a part of the allow-list, whatever was asked for. */
static void check_devices(const struct spec *spec, const void *data, size_t size)
{
	struct error err = ERROR_INIT;
	struct device_plan plan = { 0 };
	int r = devices_plan(&spec->linux_.devices, &spec->linux_.resources.devices, &plan, &err);

	fuzz_check_answer(r, &err, data, size, spec->json);
	if (r < 0)
		return;
	FUZZ_CHECK(plan.n_nodes <= DEVICE_NODES_MAX && plan.n_rules <= DEVICE_RULES_MAX);
	for (size_t i = 0; i < plan.n_nodes; i++) {
		const struct device_entry *node = &plan.nodes[i];

		FUZZ_CHECK(str_after(node->path, "/dev/") && !strstr(node->path, "/../"));
		FUZZ_CHECK(node->uid < 65536 && node->gid < 65536 && node->mode <= 0777);
		FUZZ_CHECK(node->type == 'p' ||
			   (node->type == 'c' &&
			    (node->major == 1 || node->major == 5 || node->major == 10)));
	}
	for (size_t i = 0; i < plan.n_rules; i++)
		FUZZ_CHECK(plan.rules[i].type == 'c' && plan.rules[i].minor != 1 /* mem, console */);
}

/* Only without paths: those are opened. */
static void check_namespaces(const struct namespaces *ns, const json_t *document, const void *data,
			     size_t size)
{
	struct error err = ERROR_INIT;

	for (int type = 0; type < NS_TYPES; type++) {
		FUZZ_CHECK(!ns->path[type] || (ns->named[type] && ns->path[type][0]));
		if (ns->path[type])
			return;
	}
	fuzz_check_answer(namespaces_check(ns, &err), &err, data, size, document);
}

/* Refused in config.json by this version, so the check is reached from here alone. */
static void check_mappings(json_t *document, const void *data, size_t size)
{
	static const struct json_field fields[] = {
		JSON_F_ARRAY(struct json_array, items, "uidMappings", idmap_fields, struct id_mapping),
		JSON_F_END,
	};
	json_t *section = json_object_get(document, "linux");
	struct error err = ERROR_INIT, check_err = ERROR_INIT;
	struct json_array maps = { 0 };
	struct arena arena = ARENA_INIT;
	int r = section ? json_parse_object(&arena, section, fields, &maps, &err) : 0;

	if (section)
		fuzz_check_answer(r, &err, data, size, document);
	if (r == 0 && maps.n < 400) { /* it compares each with each */
		r = idmap_check(maps.items, maps.n, &check_err);
		fuzz_check_answer(r, &check_err, data, size, document);
	}
	arena_done(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_json_ json_t *document = fuzz_read(data, size, "config.json");
	_cleanup_json_ json_t *reread = NULL;
	struct error err = ERROR_INIT, again_err = ERROR_INIT;
	struct spec *spec = NULL, *again = NULL;
	int r;

	if (!document)
		return 0;
	r = spec_parse(document, &spec, &err);
	fuzz_check_answer(r, &err, data, size, document);
	FUZZ_CHECK(r < 0 ? !spec : spec != NULL);

	reread = fuzz_reread(document);
	fuzz_check_same(r, &err, spec_parse(reread, &again, &again_err), &again_err);
	if (r == 0) {
		check_spec(spec);
		check_devices(spec, data, size);
		check_namespaces(&spec->linux_.namespaces, document, data, size);
	}
	check_mappings(document, data, size);
	spec_free(spec);
	spec_free(again);
	return 0;
}
