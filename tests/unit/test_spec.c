/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Unit tests of spec and namespaces: documents that parse, and what is said of those that do not. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "error.h"
#include "json.h"
#include "mounts.h"
#include "namespaces.h"
#include "spec.h"

#define PROCESS "\"process\":{\"cwd\":\"/\",\"args\":[\"sh\"],\"user\":{\"uid\":0,\"gid\":0}}"

static int parse(const char *text, struct spec **ret, struct error *err)
{
	json_t *document;
	int r = json_read_text(text, strlen(text), "config.json", &document, err);

	if (r < 0)
		return r;
	r = spec_parse(document, ret, err);
	json_decref(document);
	return r;
}

static void assert_refused(const char *text, int errnum, const char *says)
{
	struct error err = ERROR_INIT;
	struct spec *spec = NULL;

	assert_int_equal(parse(text, &spec, &err), -errnum);
	assert_null(spec);
	if (!strstr(err.msg, says))
		fail_msg("expected '%s' in '%s'", says, err.msg);
}

static void test_spec_parse_takes_the_smallest_document(void **state)
{
	struct error err = ERROR_INIT;
	struct spec *spec;

	(void)state;
	assert_int_equal(parse("{\"ociVersion\":\"1.0.2\",\"root\":{\"path\":\"rootfs\"}}", &spec,
			       &err),
			 0);
	assert_null(spec->process);
	assert_string_equal(spec->root->path, "rootfs");
	spec_free(spec);
}

static void test_spec_parse_ignores_unknown_keys_and_null(void **state)
{
	struct error err = ERROR_INIT;
	struct spec *spec;

	(void)state;
	assert_int_equal(parse("{\"ociVersion\":\"1.9.0\",\"new\":[1],\"root\":{\"path\":\"r\",\"x\":1},"
			       "\"mounts\":null,\"linux\":{\"maskedPaths\":null,\"future\":{}}}",
			       &spec, &err),
			 0);
	assert_int_equal(spec->mounts.n, 0);
	assert_null(spec->linux_.masked_paths);
	spec_free(spec);
}

static void test_spec_parse_fills_nested_sections(void **state)
{
	const struct spec_mount *mount;
	struct error err = ERROR_INIT;
	struct spec *spec;

	(void)state;
	assert_int_equal(parse("{\"ociVersion\":\"1.0.2\",\"root\":{\"path\":\"r\",\"readonly\":true}," PROCESS
			       ",\"mounts\":[{\"destination\":\"/proc\",\"type\":\"proc\",\"source\":\"proc\"}],"
			       "\"linux\":{\"resources\":{\"memory\":{\"limit\":65536}},\"namespaces\":[{\"type\":\"pid\"},"
			       "{\"type\":\"network\",\"path\":\"/x\"}],\"maskedPaths\":[\"/proc/kcore\"]}}",
			       &spec, &err),
			 0);
	assert_true(spec->root->readonly);
	assert_string_equal(spec->process->args[0], "sh");
	mount = spec->mounts.items;
	assert_int_equal(spec->mounts.n, 1);
	assert_string_equal(mount->type, "proc");
	assert_true(spec->linux_.resources.memory.limit.set);
	assert_int_equal(spec->linux_.resources.memory.limit.value, 65536);
	assert_true(spec->linux_.namespaces.named[NS_PID]);
	assert_string_equal(spec->linux_.namespaces.path[NS_NETWORK], "/x");
	assert_false(spec->linux_.namespaces.named[NS_IPC]);
	spec_free(spec);
}

static void test_spec_parse_reads_the_version(void **state)
{
	static const struct {
		const char *version;
		int64_t zero; /* what a pids limit of 0 comes to; -1: no such version */
	} rows[] = {
		{ "1.0.0", 0 },	    { "1.0.2-dev", 0 },
		{ "1.2.1", 0 },	    { "1.3.0", 1 },
		{ "1.3.0+dev", 1 }, { "1.10.0", 1 },
		{ "1.4", 1 },	    { "1.", -1 },
		{ "1", -1 },	    { "1.x", -1 },
		{ "2.0.0", -1 },    { "11.0.0", -1 },
		{ "", -1 },	    { "1.99999999999.0", -1 },
	};
	char text[256];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct error err = ERROR_INIT;
		struct spec *spec = NULL;

		(void)snprintf(text, sizeof(text),
			       "{\"ociVersion\":\"%s\",\"root\":{\"path\":\"r\"},"
			       "\"linux\":{\"resources\":{\"pids\":{\"limit\":0}}}}",
			       rows[i].version);
		assert_int_equal(parse(text, &spec, &err), rows[i].zero < 0 ? -EINVAL : 0);
		if (!spec)
			continue;
		assert_int_equal(spec->linux_.resources.pids.limit.value, rows[i].zero);
		assert_int_equal(json_integer_value(json_object_get(
					 json_object_get(json_object_get(json_object_get(spec->json,
											 "linux"),
									 "resources"),
							 "pids"),
					 "limit")),
				 rows[i].zero);
		spec_free(spec);
	}
}

static void test_spec_parse_names_the_path_of_a_mistake(void **state)
{
	(void)state;
	assert_refused("{}", EINVAL, "ociVersion: missing");
	assert_refused("[]", EINVAL, "expected an object, got an array");
	assert_refused("{\"ociVersion\":1}", EINVAL, "ociVersion: expected a string, got an integer");
	assert_refused("{\"ociVersion\":\"2.0\",\"root\":{\"path\":\"r\"}}", EINVAL,
		       "ociVersion: '2.0'");
	assert_refused("{\"ociVersion\":\"1.0.2\"}", EINVAL, "root: missing");
	assert_refused("{\"ociVersion\":\"1.0.2\",\"root\":{}}", EINVAL, "root.path: missing");
	assert_refused("{\"ociVersion\":\"1.0.2\",\"root\":{\"path\":\"\"}}", EINVAL,
		       "root.path: empty");
	assert_refused("{\"ociVersion\":\"1.0.2\",\"root\":{\"path\":\"r\"},\"mounts\":[{\"type\":\"proc\"}]}",
		       EINVAL, "mounts[0].destination: missing");
	assert_refused("{\"ociVersion\":\"1.0.2\",\"root\":{\"path\":\"r\"},\"linux\":{\"resources\":{\"memory\":"
		       "{\"limit\":\"1g\"}}}}",
		       EINVAL, "linux.resources.memory.limit: expected an integer, got a string");
	assert_refused("{\"ociVersion\":\"1.0.2\",\"root\":{\"path\":\"r\"},\"linux\":{\"maskedPaths\":[\"/a\",7]}}",
		       EINVAL, "linux.maskedPaths[1]: expected a string");
	assert_refused("{\"ociVersion\":\"1.0.2\",\"root\":{\"path\":\"r\"},\"linux\":{\"readonlyPaths\":[\"a\"]}}",
		       EINVAL, "linux.readonlyPaths[0]: 'a' is not absolute");
}

static void test_namespaces_parse_refuses_doubles_and_strangers(void **state)
{
	(void)state;
	assert_refused("{\"ociVersion\":\"1.0.2\",\"root\":{\"path\":\"r\"},\"linux\":{\"namespaces\":[{\"type\":\"pid\"},"
		       "{\"type\":\"pid\"}]}}",
		       EINVAL, "linux.namespaces[1]: 'pid' is named twice");
	assert_refused("{\"ociVersion\":\"1.0.2\",\"root\":{\"path\":\"r\"},\"linux\":{\"namespaces\":[{\"type\":\"x\"}]}}",
		       EINVAL, "linux.namespaces[0]: unknown namespace type 'x'");
	assert_refused("{\"ociVersion\":\"1.0.2\",\"root\":{\"path\":\"r\"},\"linux\":{\"namespaces\":[{}]}}",
		       EINVAL, "linux.namespaces[0].type: missing");
}

/* What a document holds must not start a line of its own in a log, nor an escape sequence on a terminal. */
static void test_spec_parse_quotes_what_the_document_says(void **state)
{
	(void)state;
	assert_refused("{\"ociVersion\":\"2\\n\",\"root\":{\"path\":\"r\"}}", EINVAL,
		       "ociVersion: '2\\x0a' is not a 1.x version");
	assert_refused("{\"ociVersion\":\"1.0\",\"root\":{\"path\":\"r\"},\"linux\":{\"maskedPaths\":[\"a\\u001b\"]}}",
		       EINVAL, "linux.maskedPaths[0]: 'a\\x1b' is not absolute");
	assert_refused("{\"ociVersion\":\"1.0\",\"root\":{\"path\":\"r\"},\"linux\":{\"namespaces\":[{\"type\":\"\\r\"}]}}",
		       EINVAL, "linux.namespaces[0]: unknown namespace type '\\x0d'");
}

static struct namespaces all_named(void)
{
	struct namespaces ns = { 0 };

	for (int i = 0; i < NS_TYPES; i++)
		ns.named[i] = true;
	return ns;
}

static void test_namespaces_check_refuses_a_missing_entry(void **state)
{
	static const enum ns_type wanted[] = { NS_MOUNT, NS_PID, NS_NETWORK, NS_IPC, NS_UTS };
	static const enum ns_type forced[] = { NS_USER, NS_CGROUP, NS_TIME };
	struct namespaces ns;
	struct error err;

	(void)state;
	for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
		err = ERROR_INIT;
		ns = all_named();
		ns.named[wanted[i]] = false;
		assert_int_equal(namespaces_check(&ns, &err), -EPERM);
		assert_non_null(strstr(err.msg, ns_infos[wanted[i]].oci_name));
		assert_non_null(strstr(err.msg, "with the host"));
	}
	for (size_t i = 0; i < sizeof(forced) / sizeof(forced[0]); i++) {
		ns = all_named();
		ns.named[forced[i]] = false;
		assert_int_equal(namespaces_check(&ns, &err), 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_spec_parse_takes_the_smallest_document),
		cmocka_unit_test(test_spec_parse_ignores_unknown_keys_and_null),
		cmocka_unit_test(test_spec_parse_fills_nested_sections),
		cmocka_unit_test(test_spec_parse_reads_the_version),
		cmocka_unit_test(test_spec_parse_names_the_path_of_a_mistake),
		cmocka_unit_test(test_spec_parse_quotes_what_the_document_says),
		cmocka_unit_test(test_namespaces_parse_refuses_doubles_and_strangers),
		cmocka_unit_test(test_namespaces_check_refuses_a_missing_entry),
	};

	return cmocka_run_group_tests_name("spec", tests, NULL, NULL);
}
