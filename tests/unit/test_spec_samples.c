/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Unit test of config.json as a whole, by samples: for each section of version 1.3 that has little of its own to show one
 * that is right, and beside it those that differ from it in one thing and are wrong. tests/fuzz/corpus has their like.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "error.h"
#include "json.h"
#include "spec.h"
#include "str.h"

/* What stands in the document beside ociVersion and root; says: NULL where it is right, else what the refusal names. */
struct sample {
	const char *text;
	const char *says;
};

#define LINUX(section) "\"linux\":{" section "}"
#define RESOURCES(section) LINUX("\"resources\":{" section "}")
#define MOUNT(rest) "\"mounts\":[{\"destination\":\"/v\"," rest "}]"
#define BIND(rest) MOUNT("\"type\":\"bind\",\"source\":\"/v\"," rest)
#define MAP(name, id, size) "\"" name "\":[{\"containerID\":0,\"hostID\":" id ",\"size\":" size "}]"

static const struct sample samples[] = {
	/* mounts */
	{ MOUNT("\"options\":[\"remount\",\"ro\"]"), NULL },
	{ MOUNT("\"options\":[\"ro\"]"), "mounts[0]: file system type ''" },
	{ MOUNT("\"options\":\"remount\""), "mounts[0].options" },
	{ MOUNT("\"options\":[\"remount\",7]"), "mounts[0].options[1]" },
	{ MOUNT("\"options\":[\"remount\",\"idmap\"]"), "mounts[0]: idmap" },
	{ "\"mounts\":[{\"options\":[\"remount\"]}]", "mounts[0].destination: missing" },
	{ BIND("\"options\":[\"idmap\"]"), NULL },
	{ BIND(MAP("uidMappings", "100000", "1") "," MAP("gidMappings", "100000", "1")), NULL },
	{ BIND(MAP("uidMappings", "100000", "1")), "go together" },
	{ BIND(MAP("uidMappings", "100000", "0") "," MAP("gidMappings", "100000", "1")),
	  "mounts[0]: uidMappings: id mapping 0 is empty" },
	{ BIND(MAP("uidMappings", "4294967295", "2") "," MAP("gidMappings", "0", "1")), "go beyond" },
	{ BIND(MAP("uidMappings", "-1", "1") "," MAP("gidMappings", "0", "1")),
	  "uidMappings[0].hostID" },
	{ BIND("\"uidMappings\":{}"), "mounts[0].uidMappings" },

	/* linux.memoryPolicy */
	{ LINUX("\"memoryPolicy\":{\"mode\":\"MPOL_BIND\",\"nodes\":\"0-1\"}"), NULL },
	{ LINUX("\"memoryPolicy\":null"), NULL },
	{ LINUX("\"memoryPolicy\":\"MPOL_BIND\""), "linux.memoryPolicy: expected an object" },
	{ LINUX("\"memoryPolicy\":{\"mode\":\"MPOL_BIND\",\"nodes\":0}"), "linux.memoryPolicy.nodes" },
	{ LINUX("\"memoryPolicy\":{\"mode\":\"MPOL_BIND\",\"nodes\":\"0-1\",\"flags\":\"x\"}"),
	  "linux.memoryPolicy.flags" },
	{ LINUX("\"memoryPolicy\":{\"mode\":\"bind\",\"nodes\":\"0-1\"}"), "linux.memoryPolicy.mode" },

	/* linux.netDevices */
	{ LINUX("\"netDevices\":{\"eth1\":{\"name\":\"eth0\"}}"), NULL },
	{ LINUX("\"netDevices\":{\"eth1\":{}}"), NULL },
	{ LINUX("\"netDevices\":{\"eth1\":null}"), "linux.netDevices['eth1']" },
	{ LINUX("\"netDevices\":{\"eth1\":{\"name\":23}}"), "linux.netDevices['eth1'].name" },
	{ LINUX("\"netDevices\":[\"eth1\"]"), "linux.netDevices: expected an object" },

	/* linux.intelRdt */
	{ LINUX("\"intelRdt\":{\"closID\":\"gold\",\"schemata\":[\"L3:0=f\"]}"), NULL },
	{ LINUX("\"intelRdt\":{\"closID\":\"gold\",\"schemata\":\"L3:0=f\"}"),
	  "linux.intelRdt.schemata" },
	{ LINUX("\"intelRdt\":{\"closID\":\"a/b\"}"), "linux.intelRdt.closID" },

	/* linux.resources */
	{ RESOURCES("\"rdma\":{\"mlx5_1\":{\"hcaHandles\":3}}"), NULL },
	{ RESOURCES("\"rdma\":{\"mlx5_1\":{\"hcaHandles\":\"three\"}}"),
	  "linux.resources.rdma['mlx5_1'].hcaHandles" },
	{ RESOURCES("\"rdma\":{\"mlx5_1\":{}}"), "linux.resources.rdma['mlx5_1']: needs" },
	{ RESOURCES("\"hugepageLimits\":[{\"pageSize\":\"64KB\",\"limit\":1}]"), NULL },
	{ RESOURCES("\"hugepageLimits\":[{\"pageSize\":\"64kB\",\"limit\":1}]"),
	  "linux.resources.hugepageLimits[0].pageSize" },
	{ RESOURCES("\"hugepageLimits\":[{\"pageSize\":\"64KB\",\"limit\":\"1\"}]"),
	  "linux.resources.hugepageLimits[0].limit" },
	{ RESOURCES("\"network\":{\"classID\":1048577}"), NULL },
	{ RESOURCES("\"network\":{\"classID\":\"1:1\"}"), "linux.resources.network.classID" },

	/* labels: whether the host can is for later */
	{ LINUX("\"mountLabel\":\"system_u:object_r:container_file_t:s0\""), NULL },
	{ LINUX("\"mountLabel\":7"), "linux.mountLabel" },
};

static void test_spec_samples(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(samples) / sizeof(samples[0]); i++) {
		const struct sample *s = &samples[i];
		struct error err = ERROR_INIT;
		struct spec *spec = NULL;
		json_t *document;
		char text[512];
		int r;

		assert_int_equal(str_format(text, sizeof(text),
					    "{\"ociVersion\":\"1.3.0\",\"root\":{\"path\":\"r\"},%s}",
					    s->text),
				 0);
		if (json_read_text(text, strlen(text), "sample", &document, &err) < 0)
			fail_msg("'%s': %s", s->text, err.msg);
		r = spec_parse(document, &spec, &err);
		json_decref(document);
		if (!s->says && r < 0)
			fail_msg("'%s' was refused: %s", s->text, err.msg);
		if (s->says && r == 0)
			fail_msg("'%s' was accepted", s->text);
		if (s->says && !strstr(err.msg, s->says))
			fail_msg("'%s': '%s' is not in '%s'", s->text, s->says, err.msg);
		spec_free(spec);
	}
}

/* Documents that are none. */
static void test_spec_samples_that_are_no_json(void **state)
{
	static const char *const texts[] = {
		"{]",	      "",	 "{\"linux\":",		"{\"a\":1}{",
		"{\"a\":1,}", "{'a':1}", "{\"a\":\"\\u0000\"}", "{\"a\":1,\"a\":2}"
	};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct error err = ERROR_INIT;
		json_t *document = NULL;

		if (json_read_text(texts[i], strlen(texts[i]), "config.json", &document, &err) == 0)
			fail_msg("'%s' was accepted", texts[i]);
		assert_non_null(strstr(err.msg, "config.json"));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_spec_samples),
		cmocka_unit_test(test_spec_samples_that_are_no_json),
	};

	return cmocka_run_group_tests_name("spec_samples", tests, NULL, NULL);
}
