/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Fuzzes mountinfo, whose paths whoever may mount chooses, and the tables that such paths are looked up in. */
#include "fuzz.h"

#include "engine_storage.h"
#include "location.h"
#include "mountinfo.h"
#include "str.h"

static void check_option(const struct mountinfo_entry *e, const char *key)
{
	_cleanup_free_ char *value = mountinfo_option(e->fs_options, key);

	if (value) {
		FUZZ_CHECK(strstr(e->fs_options, key));
		FUZZ_CHECK(strlen(value) + strlen(key) <= strlen(e->fs_options));
		FUZZ_CHECK(!*value || strstr(e->fs_options, value));
	}
}

/* As resolved paths are: what callers pass, and the kernel writes. */
static bool is_plain(const char *path)
{
	return path[0] == '/' && !strstr(path, "//") && (!path[1] || path[strlen(path) - 1] != '/');
}

static void check_tables(const char *path)
{
	bool bundle = false;
	size_t len;

	if (!is_plain(path))
		return;
	(void)engine_storage_match(path);
	len = engine_storage_root_of(path, &bundle);
	FUZZ_CHECK(len < strlen(path));
	FUZZ_CHECK(len == 0 || path[len] == '/');
	FUZZ_CHECK(!bundle || str_eq(path + len, "/rootfs"));
	(void)engine_storage_match(path + len);
}

/* Two places of one file system: each as the other sees it. */
static void check_relation(const struct mountinfo_entry *a, const struct mountinfo_entry *b)
{
	static struct location at;
	enum location_relation ab, ba;
	struct error err = ERROR_INIT;

	if (location_of_mount(a, &at, &err) < 0)
		return;
	ab = location_relate(&at, a->dev, b->root);
	if (location_of_mount(b, &at, &err) < 0)
		return;
	ba = location_relate(&at, a->dev, a->root);
	if (a->dev != b->dev || !is_plain(a->root) || !is_plain(b->root))
		return;
	FUZZ_CHECK((ab == LOCATION_EQUAL) == (ba == LOCATION_EQUAL));
	FUZZ_CHECK((ab == LOCATION_BELOW) == (ba == LOCATION_ABOVE));
	if (str_eq(a->root, b->root))
		FUZZ_CHECK(ab == LOCATION_EQUAL);
}

/* A data root at @root: what lies outside is not judged, and the root itself is never allowed. */
static void check_storage(const struct mountinfo *info, const struct mountinfo_entry *root,
			  const struct mountinfo_entry *e)
{
	struct engine_storage storage = {
		{ { root->dev, (char *)root->root, (char *)root->target, false } }, 1
	};
	const struct engine_path *row = NULL;
	struct error err = ERROR_INIT;
	static struct location at;
	enum engine_verdict verdict;
	char seen[PATH_MAX];

	if (!is_plain(root->root) || !is_plain(e->root) || !is_plain(e->target) ||
	    !is_plain(root->target) || location_of_mount(e, &at, &err) < 0)
		return;
	verdict = engine_storage_judge(&storage, &at, false, &row);
	FUZZ_CHECK((verdict == ENGINE_ALLOWED) == (row != NULL));
	FUZZ_CHECK(verdict != ENGINE_ALLOWED ||
		   (e->dev == root->dev && !str_eq(e->root, root->root)));
	row = engine_storage_tmpfs(&storage, info, &at);
	FUZZ_CHECK(!row || (str_eq(e->fs_type, "tmpfs") && row->tmpfs));
	if (location_through(&at, root, seen))
		FUZZ_CHECK(e->dev == root->dev && seen[0] == '/');
}

static bool is_of(const char *text, size_t len, const char *s)
{
	return s >= text && s + strlen(s) <= text + len;
}

static void check_entries(const struct mountinfo *info, size_t len)
{
	for (size_t i = 0; i < info->n; i++) {
		const struct mountinfo_entry *e = &info->items[i];

		FUZZ_CHECK(e->id >= 0 && e->parent >= 0);
		FUZZ_CHECK(is_of(info->text, len, e->root) && is_of(info->text, len, e->target));
		FUZZ_CHECK(is_of(info->text, len, e->options) && is_of(info->text, len, e->fs_type));
		FUZZ_CHECK(is_of(info->text, len, e->source) && is_of(info->text, len, e->fs_options));
		FUZZ_CHECK(mountinfo_by_id(info, e->id) <= e);
		check_option(e, "lowerdir");
		check_option(e, "upperdir");
		check_option(e, "memory");
		check_tables(e->target);
		check_tables(e->root);
		if (i > 0)
			check_relation(e, e - 1);
		check_storage(info, &info->items[0], e);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = strndup((const char *)data, size); /* the kernel writes no NUL */
	struct error err = ERROR_INIT;
	struct mountinfo info = { 0 };
	size_t len, lines = 0;
	int r;

	FUZZ_CHECK(text);
	len = strlen(text);
	for (size_t i = 0; i < len; i++)
		lines += text[i] == '\n' || i + 1 == len;
	r = mountinfo_parse(text, &info, &err);
	fuzz_check_answer(r, &err, data, size, NULL);
	FUZZ_CHECK(r < 0 ? !info.items : info.n == lines);
	if (r == 0)
		check_entries(&info, len);
	mountinfo_done(&info);
	return 0;
}
