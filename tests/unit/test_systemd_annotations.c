/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Unit tests of systemd_annotations: what an annotation may set, in which words, and all that it may not. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "error.h"
#include "systemd_annotations.h"

/* What comes of one annotation; malloc'ed. */
static char *write_one(const char *key, const char *value, int *ret, struct error *err)
{
	struct json_pair pair = { key, value };
	const struct json_strmap annotations = { &pair, 1 };
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	assert_non_null(out);
	*ret = systemd_annotations_write(out, &annotations, err);
	(void)fclose(out);
	return text;
}

static void test_systemd_annotations_write_takes(void **state)
{
	static const struct {
		const char *key, *value, *line;
	} rows[] = {
		{ "org.systemd.property.TimeoutStopUSec", "uint64 123456789",
		  "0 TimeoutStopUSec t 123456789\n" },
		{ "org.systemd.property.TimeoutStopUSec", "5", "0 TimeoutStopUSec t 5\n" },
		{ "org.systemd.property.TimeoutStopSec", "90", "0 TimeoutStopUSec t 90000000\n" },
		{ "org.systemd.property.TimeoutStopSec", "1.5", "0 TimeoutStopUSec t 1500000\n" },
		{ "org.systemd.property.TimeoutStopSec", "86400",
		  "0 TimeoutStopUSec t 86400000000\n" },
		{ "org.systemd.property.RuntimeMaxSec", "2", "0 RuntimeMaxUSec t 2000000\n" },
		{ "org.systemd.property.CollectMode", "'inactive-or-failed'", "" },
		{ "org.systemd.property.Delegate", "true", "" },
		{ "org.systemd.property.DefaultDependencies", "true",
		  "0 DefaultDependencies b true\n" },
		{ "org.systemd.property.KillSignal", "37", "0 KillSignal i 37\n" },
		{ "org.systemd.property.After", "['crio.service', 'a-b@c.service']",
		  "0 After as crio.service a-b@c.service\n" },
		/* not for us */
		{ "org.systemd.propertyMemoryMax", "5", "" },
		{ "org.opencontainers.image.title", "uint64", "" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct error err = ERROR_INIT;
		int r;
		char *text = write_one(rows[i].key, rows[i].value, &r, &err);

		if (r < 0)
			fail_msg("%s", err.msg);
		assert_string_equal(text, rows[i].line);
		free(text);
	}
}

static void test_systemd_annotations_write_refuses_values(void **state)
{
	static const struct {
		const char *name, *value;
	} rows[] = {
		{ "TimeoutStopUSec", "0" },
		{ "TimeoutStopUSec", "-5" },
		{ "TimeoutStopUSec", "true" },
		{ "TimeoutStopUSec", "'5'" },
		{ "TimeoutStopUSec", "1.5" },
		{ "TimeoutStopUSec", "" },
		{ "TimeoutStopUSec", "uint64 18446744073709551615" }, /* infinity: a shutdown would wait */
		{ "TimeoutStopUSec", "uint64 86400000001" },
		{ "TimeoutStopSec", "86401" },
		{ "TimeoutStopSec", "-1" },
		{ "TimeoutStopSec", "-1.5" },
		{ "TimeoutStopSec", "1e300" },
		{ "TimeoutStopSec", "uint64 18446744073709551615" },
		{ "TimeoutStopSec", "uint64 18446744073710" }, /* times a million, it is small again */
		{ "CollectMode", "'inactive'" },
		{ "CollectMode", "true" },
		{ "Delegate", "false" },
		{ "DefaultDependencies", "1" },
		{ "KillSignal", "0" },
		{ "KillSignal", "65" },
		{ "KillSignal", "-9" },
		{ "After", "'crio.service'" },
		{ "After", "['shutdown.target']" },
		{ "After", "['.service']" },
		{ "After", "['a b.service']" },
		{ "After", "['../x.service']" },
	};
	char key[128];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct error err = ERROR_INIT;
		int r;
		char *text;

		(void)snprintf(key, sizeof(key), "org.systemd.property.%s", rows[i].name);
		text = write_one(key, rows[i].value, &r, &err);
		if (r != -EINVAL || !strstr(err.msg, key))
			fail_msg("%s %s: %d %s", rows[i].name, rows[i].value, r, err.msg);
		assert_string_equal(text, "");
		free(text);
	}
}

/* What systemd would take from root, and names that are nearly one of the list. */
static const char *const others[] = {
	"MemoryMax",
	"MemoryLow",
	"CPUQuotaPerSecUSec",
	"CPUWeight",
	"TasksMax",
	"AllowedCPUs",
	"IOWeight",
	"DevicePolicy",
	"DeviceAllow",
	"PIDs",
	"Slice",
	"ControlGroup",
	"KillMode",
	"SendSIGKILL",
	"FinalKillSignal",
	"Before",
	"Wants",
	"Requires",
	"BindsTo",
	"PartOf",
	"Conflicts",
	"OnFailure",
	"OnSuccess",
	"Upholds",
	"PropagatesStopTo",
	"BPFProgram",
	"IPAddressDeny",
	"FailureAction",
	"SuccessAction",
	"OOMPolicy",
	"User",
	"ExecStart",
	"Description",
	"ManagedOOMSwap",
	"JobTimeoutAction",
	"",
	"Sec",
	"USec",
	"timeoutstopusec",
	"TimeoutStopUSecs",
	"TimeoutStop",
	"TimeoutStopU",
	"TimeoutStopUSec ",
	"After\n",
	"XSec",
};

static void test_systemd_annotations_write_refuses_other_properties(void **state)
{
	char key[128];

	(void)state;
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		struct error err = ERROR_INIT;
		int r;
		char *text;

		(void)snprintf(key, sizeof(key), "org.systemd.property.%s", others[i]);
		text = write_one(key, "true", &r, &err);
		if (r != -EPERM || !strstr(err.msg, "annotations.org.systemd.property."))
			fail_msg("'%s': %d %s", others[i], r, err.msg);
		assert_null(strchr(err.msg, '\n'));
		assert_string_equal(text, "");
		free(text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_systemd_annotations_write_takes),
		cmocka_unit_test(test_systemd_annotations_write_refuses_values),
		cmocka_unit_test(test_systemd_annotations_write_refuses_other_properties),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
