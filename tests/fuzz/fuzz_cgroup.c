/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fuzzes where a container's cgroup is put: linux.cgroupsPath, a NUL, mountinfo, a NUL, and /proc/self/cgroup. An
 * accepted path stays below where the hierarchy is mounted.
 */
#include "fuzz.h"

#include "cgroup.c" /* check_path() and what follows it: their caller reads /proc */

#define ID "web"

static void check_hierarchy(const struct hierarchy *h, const struct membership *own,
			    const char *cgroups_path)
{
	FUZZ_CHECK(h->path[0] && h->path[0] != '/');
	FUZZ_CHECK(!path_has_dots(h->path));
	if (!*cgroups_path || cgroups_path[strspn(cgroups_path, "/")] == '\0')
		FUZZ_CHECK(str_eq(h->path, ID) || *cgroups_path != '/');
	FUZZ_CHECK(h->is_v2 == (own->controllers[0] == '\0') && !strchr(h->name, '/'));
}

static void check_json(const struct cgroup *cgroup)
{
	_cleanup_json_ json_t *tree = cgroup_to_json(cgroup), *reread = NULL;

	if (!tree) /* a path that is not UTF-8 */
		return;
	reread = fuzz_reread(tree);
	FUZZ_CHECK(json_array_size(json_object_get(reread, "hierarchies")) == cgroup->n);
}

static void plan(const char *cgroups_path, const struct mountinfo *info, char *memberships)
{
	struct membership own[CGROUP_HIERARCHIES_MAX];
	struct cgroup *cgroup = calloc(1, sizeof(*cgroup));
	size_t n = cgroup_parse_memberships(memberships, own, CGROUP_HIERARCHIES_MAX);
	struct error err = ERROR_INIT;
	int r;

	FUZZ_CHECK(cgroup && n <= CGROUP_HIERARCHIES_MAX);
	for (size_t i = 0; i < n; i++) {
		for (size_t k = 0; k < info->n; k++) {
			if (!is_mount_of(&info->items[k], &own[i]))
				continue;
			r = add_hierarchy(cgroup, &info->items[k], &own[i], cgroups_path, ID, &err);
			/* "/.." is what the kernel says of a folder outside of the cgroup namespace */
			FUZZ_CHECK(r == 0 || path_has_dots(own[i].path));
			if (r < 0)
				break;
			check_hierarchy(&cgroup->list[cgroup->n - 1], &own[i], cgroups_path);
			break;
		}
	}
	check_json(cgroup);
	cgroup_free(cgroup);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_free_ char *text = malloc(size + 3);
	struct error err = ERROR_INIT, info_err = ERROR_INIT;
	struct mountinfo info = { 0 };
	char *mounts, *memberships;
	int r;

	FUZZ_CHECK(text);
	memcpy(text, data, size);
	memset(text + size, 0, 3); /* three strings, whatever the input has */
	mounts = text + strlen(text) + 1;
	memberships = mounts + strlen(mounts) + 1;
	r = check_path(text, &err);
	fuzz_check_answer(r, &err, data, size, NULL);
	FUZZ_CHECK(r < 0 || !path_has_dots(text));
	if (r == 0 && mountinfo_parse(strdup(mounts), &info, &info_err) == 0)
		plan(text, &info, memberships);
	mountinfo_done(&info);
	return 0;
}
