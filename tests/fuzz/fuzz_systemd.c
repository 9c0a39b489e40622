/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fuzzes what a specification says to systemd: linux.cgroupsPath, a NUL, an annotation's name, a NUL, its value. Whatever
 * they hold, a unit's name stays one component, and a property one line that the table knows.
 */
#include "fuzz.h"

#include "str.h"
#include "systemd_annotations.h"
#include "systemd_unit.h"

static bool is_plain(const char *text)
{
	for (; *text; text++)
		if (*text <= ' ' || *text > '~')
			return false;
	return true;
}

static void check_unit(const char *cgroups_path, const void *data, size_t size)
{
	struct error err = ERROR_INIT;
	struct systemd_unit unit;
	int r = systemd_unit_parse(cgroups_path, "web", &unit, &err);
	size_t len;

	fuzz_check_answer(r, &err, data, size, NULL);
	if (r < 0)
		return;
	len = strlen(unit.name);
	FUZZ_CHECK(len > 7 && str_eq(unit.name + len - 6, ".scope") && !strchr(unit.name, '/'));
	FUZZ_CHECK(is_plain(unit.name) && is_plain(unit.slice) && is_plain(unit.path));
	FUZZ_CHECK(unit.path[0] == '/' && str_eq(strrchr(unit.path, '/') + 1, unit.name));
	FUZZ_CHECK(!strstr(unit.path, "//") && !strstr(unit.path, "/../"));
}

static void check_line(const char *line)
{
	static const char *const starts[] = {
		"0 After as",	       "0 DefaultDependencies b ", "0 KillSignal i ",
		"0 RuntimeMaxUSec t ", "0 TimeoutStopUSec t ",
	};
	const char *end = strchr(line, '\n');

	if (!*line)
		return;
	FUZZ_CHECK(end && !end[1]);
	for (const char *p = line; p < end; p++)
		FUZZ_CHECK(*p >= ' ' && *p <= '~');
	for (size_t i = 0; i < sizeof(starts) / sizeof(starts[0]); i++)
		if (str_after(line, starts[i]))
			return;
	FUZZ_CHECK(!"a property that is not allowed");
}

static void check_annotation(const char *key, const char *value, const void *data, size_t size)
{
	struct json_pair pair = { key, value };
	const struct json_strmap annotations = { &pair, 1 };
	struct error err = ERROR_INIT;
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);
	int r;

	FUZZ_CHECK(out);
	r = systemd_annotations_write(out, &annotations, &err);
	FUZZ_CHECK(fclose(out) == 0);
	fuzz_check_answer(r, &err, data, size, NULL);
	FUZZ_CHECK(r == 0 || !*text);
	check_line(text);
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_free_ char *text = malloc(size + 3);
	const char *key, *value;

	FUZZ_CHECK(text);
	memcpy(text, data, size);
	memset(text + size, 0, 3); /* three strings, whatever the input has */
	key = text + strlen(text) + 1;
	value = key + strlen(key) + 1;
	check_unit(text, data, size);
	check_annotation(key, value, data, size);
	return 0;
}
