/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Unit tests of mountinfo: the text of proc_pid_mountinfo(5), and options of a mount. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <cmocka.h>

#include "error.h"
#include "mountinfo.h"

static int parse(const char *text, struct mountinfo *ret, struct error *err)
{
	return mountinfo_parse(strdup(text), ret, err);
}

static void test_mountinfo_parse_reads_every_field(void **state)
{
	struct mountinfo info;

	(void)state;
	assert_int_equal(parse("36 35 98:7 /mnt1 /mnt2 rw,noatime master:1 propagate_from:2 - ext3 /dev/root "
			       "rw,errors=continue\n"
			       "37 36 0:5 / /x ro - tmpfs tmpfs rw\n",
			       &info, NULL),
			 0);
	assert_int_equal(info.n, 2);
	assert_int_equal(info.items[0].id, 36);
	assert_int_equal(info.items[0].parent, 35);
	assert_int_equal(info.items[0].dev, makedev(98, 7));
	assert_string_equal(info.items[0].root, "/mnt1");
	assert_string_equal(info.items[0].target, "/mnt2");
	assert_string_equal(info.items[0].options, "rw,noatime");
	assert_string_equal(info.items[0].fs_type, "ext3");
	assert_string_equal(info.items[0].source, "/dev/root");
	assert_string_equal(info.items[0].fs_options, "rw,errors=continue");
	assert_string_equal(info.items[1].target, "/x");
	mountinfo_done(&info);
	assert_null(info.items);
}

static void test_mountinfo_parse_unescapes(void **state)
{
	struct mountinfo info;

	(void)state;
	assert_int_equal(parse("1 0 0:5 /a\\040b /c\\011d\\012e\\134f\\043 rw - overlay over\\040lay "
			       "rw,lowerdir=/x\\134:y:/z\\040z\n",
			       &info, NULL),
			 0);
	assert_string_equal(info.items[0].root, "/a b");
	assert_string_equal(info.items[0].target, "/c\td\ne\\f#");
	assert_string_equal(info.items[0].source, "over lay");
	assert_string_equal(info.items[0].fs_options, "rw,lowerdir=/x\\:y:/z z");
	mountinfo_done(&info);
}

static void test_mountinfo_parse_leaves_what_is_no_escape(void **state)
{
	struct mountinfo info;

	(void)state;
	assert_int_equal(parse("1 0 0:5 /\\ /\\04 rw - a \\999 \\400\n", &info, NULL), 0);
	assert_string_equal(info.items[0].root, "/\\");
	assert_string_equal(info.items[0].target, "/\\04");
	assert_string_equal(info.items[0].source, "\\999");
	assert_string_equal(info.items[0].fs_options, "\\400");
	mountinfo_done(&info);
}

static void test_mountinfo_parse_accepts_an_empty_source_and_odd_roots(void **state)
{
	struct mountinfo info;

	(void)state;
	assert_int_equal(parse("1 0 0:4 net:[4026531840] /run/netns/x rw shared:1 - nsfs nsfs rw\n"
			       "2 0 0:5 /gone//deleted /x rw - tmpfs  rw",
			       &info, NULL),
			 0);
	assert_string_equal(info.items[0].root, "net:[4026531840]");
	assert_string_equal(info.items[1].source, "");
	assert_string_equal(info.items[1].fs_options, "rw");
	mountinfo_done(&info);
}

static void test_mountinfo_parse_refuses_what_is_cut_off(void **state)
{
	static const char *const lines[] = {
		"1 0 0:5 / /x rw - tmpfs",
		"1 0 0:5 / /x rw shared:1",
		"1 0 0:5 / /x",
		"x 0 0:5 / /x rw - a b c",
		"1 -1 0:5 / /x rw - a b c",
		"1 0 05 / /x rw - a b c",
		"1 0 0:5x / /x rw - a b c",
		"4294967295 0 0:5 / /x rw - a b c",
	};
	struct error err = ERROR_INIT;
	struct mountinfo info;
	char text[256];

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		(void)stpcpy(stpcpy(text, "7 6 0:1 / / rw - ext4 /dev/x rw\n"), lines[i]);
		assert_int_equal(parse(text, &info, &err), -EINVAL);
		assert_non_null(strstr(err.msg, "line 2"));
	}
}

static void test_mountinfo_parse_accepts_nothing(void **state)
{
	struct mountinfo info;

	(void)state;
	assert_int_equal(parse("", &info, NULL), 0);
	assert_int_equal(info.n, 0);
	mountinfo_done(&info);
}

static void test_mountinfo_by_id_finds_the_mount_of_a_file(void **state)
{
	const struct mountinfo_entry *entry;
	struct mountinfo info;
	struct statx stx;

	(void)state;
	assert_int_equal(mountinfo_read(&info, NULL), 0);
	assert_int_equal(statx(AT_FDCWD, "/proc", 0, STATX_MNT_ID, &stx), 0);
	entry = mountinfo_by_id(&info, (int)stx.stx_mnt_id);
	assert_non_null(entry);
	assert_string_equal(entry->target, "/proc");
	assert_string_equal(entry->fs_type, "proc");
	assert_int_equal(entry->dev, makedev(stx.stx_dev_major, stx.stx_dev_minor));
	assert_null(mountinfo_by_id(&info, -1));
	mountinfo_done(&info);
}

static void assert_option(const char *options, const char *key, const char *value)
{
	char *found = mountinfo_option(options, key);

	if (!value) {
		assert_null(found);
	} else {
		assert_non_null(found);
		assert_string_equal(found, value);
	}
	free(found);
}

static void test_mountinfo_option_finds_the_value(void **state)
{
	(void)state;
	assert_option("rw,lowerdir=/a:/b,upperdir=/c", "lowerdir", "/a:/b");
	assert_option("rw,lowerdir=/a:/b,upperdir=/c", "upperdir", "/c");
	assert_option("rw,volatile", "volatile", "");
	assert_option("x=", "x", "");
	assert_option("x=a=b", "x", "a=b");
}

static void test_mountinfo_option_takes_no_other_key(void **state)
{
	(void)state;
	assert_option("rw,lowerdir+=/a,datadir=/b", "lowerdir", NULL);
	assert_option("xlowerdir=/a", "lowerdir", NULL);
	assert_option("lower=/a", "lowerdir", NULL);
	assert_option("", "x", NULL);
}

static void test_mountinfo_option_knows_escaped_commas(void **state)
{
	(void)state;
	assert_option("lowerdir=/a\\,upperdir=/evil,upperdir=/c", "lowerdir", "/a\\,upperdir=/evil");
	assert_option("lowerdir=/a\\,upperdir=/evil,upperdir=/c", "upperdir", "/c");
	assert_option("lowerdir=/a\\", "lowerdir", "/a\\");
}

static void test_mountinfo_label_stands_in_quotes_or_not(void **state)
{
	static const struct {
		const char *options, *want;
	} rows[] = {
		{ "rw,context=\"u:r:t:s0:c1,c2\",lowerdir=/a", "u:r:t:s0:c1,c2" },
		{ "context=u:r:t:s0,rw", "u:r:t:s0" },
		{ "rw,context=u:r:t:s0", "u:r:t:s0" },
		{ "rw,rootcontext=u:r:t:s0", NULL },
		{ "rw,rootcontext=u:r:t:s0,context=a:b:c", "a:b:c" },
		{ "rw,seclabel,lowerdir=/context=x", NULL },
		{ "context=\"open", "open" },
		{ "", NULL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char *label = mountinfo_label(rows[i].options);

		if (!rows[i].want != !label || (label && strcmp(label, rows[i].want) != 0))
			fail_msg("'%s': got '%s'", rows[i].options, label);
		free(label);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_mountinfo_parse_reads_every_field),
		cmocka_unit_test(test_mountinfo_parse_unescapes),
		cmocka_unit_test(test_mountinfo_parse_leaves_what_is_no_escape),
		cmocka_unit_test(test_mountinfo_parse_accepts_an_empty_source_and_odd_roots),
		cmocka_unit_test(test_mountinfo_parse_refuses_what_is_cut_off),
		cmocka_unit_test(test_mountinfo_parse_accepts_nothing),
		cmocka_unit_test(test_mountinfo_by_id_finds_the_mount_of_a_file),
		cmocka_unit_test(test_mountinfo_option_finds_the_value),
		cmocka_unit_test(test_mountinfo_option_takes_no_other_key),
		cmocka_unit_test(test_mountinfo_option_knows_escaped_commas),
		cmocka_unit_test(test_mountinfo_label_stands_in_quotes_or_not),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
