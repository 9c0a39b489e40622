/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Fuzzes linux.resources as a document of its own, which is what `update --resources` reads. */
#include "fuzz.h"

#include "arena.h"
#include "cgroup_internal.h"
#include "devices.h"
#include "resources.h"
#include "systemd_properties.h"

/* A host without any controller: what is asked for is told by name, and nothing asked for is nothing refused. */
static void check_apply(const struct resources *resources, const void *data, size_t size,
			const json_t *document)
{
	struct cgroup none = { .n = 0 };
	struct error v1_err = ERROR_INIT, v2_err = ERROR_INIT;

	fuzz_check_answer(cgroup_v1_apply(&none, resources, &v1_err), &v1_err, data, size, document);
	fuzz_check_answer(cgroup_v2_apply(&none, resources, &v2_err), &v2_err, data, size, document);
}

/* Each line is a property by its name, a type and digits, whatever text the document has for a limit. */
static void check_properties(const struct resources *resources, bool v2, const void *data,
			     size_t size, const json_t *document)
{
	struct error err = ERROR_INIT;
	char *text = NULL, name[64], type[3], digits[2100], *save = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);
	unsigned int since;

	FUZZ_CHECK(out);
	fuzz_check_answer(systemd_properties_write(out, resources, v2, &err), &err, data, size,
			  document);
	FUZZ_CHECK(fclose(out) == 0);
	for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		int end = 0;

		FUZZ_CHECK(sscanf(line, "%u %63[A-Za-z] %2[aty] %2099[0-9a-f]%n", &since, name,
				  type, digits, &end) == 4);
		FUZZ_CHECK(!line[end]);
	}
	free(text);
}

static void check_conversions(const struct resources *resources)
{
	FUZZ_CHECK(cgroup_shares_to_weight(resources->cpu.shares.value) <= 10000);
	if (resources->block_io.weight.value <= 1000)
		FUZZ_CHECK(cgroup_blkio_to_io_weight(resources->block_io.weight.value) <= 10000);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_json_ json_t *document = fuzz_read(data, size, "resources");
	_cleanup_json_ json_t *reread = NULL;
	const struct json_array no_nodes = { 0 };
	struct resources resources = { 0 }, again = { 0 };
	struct error err = ERROR_INIT, again_err = ERROR_INIT, plan_err = ERROR_INIT;
	struct arena arena = ARENA_INIT;
	struct device_plan plan;
	int r;

	if (!document)
		return 0;
	r = json_parse_object(&arena, document, resources_fields, &resources, &err);
	fuzz_check_answer(r, &err, data, size, document);
	reread = fuzz_reread(document);
	fuzz_check_same(r, &err,
			json_parse_object(&arena, reread, resources_fields, &again, &again_err),
			&again_err);
	if (r == 0) {
		FUZZ_CHECK(resources.memory.limit.value == again.memory.limit.value);
		FUZZ_CHECK(resources.cpu.shares.value == again.cpu.shares.value);
		r = devices_plan(&no_nodes, &resources.devices, &plan, &plan_err);
		fuzz_check_answer(r, &plan_err, data, size, document);
		check_apply(&resources, data, size, document);
		check_conversions(&resources);
		check_properties(&resources, true, data, size, document);
		check_properties(&resources, false, data, size, document);
	}
	arena_done(&arena);
	return 0;
}
