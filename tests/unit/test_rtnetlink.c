/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Unit tests of rtnetlink: what a request looks like, and answers that are cut off. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>

#include <cmocka.h>

#include "error.h"
#include "fd.h"
#include "rtnetlink.h"

static void test_rtnetlink_put_appends_what_read_finds(void **state)
{
	struct rtnetlink_attributes a;
	struct rtnetlink_request r;
	uint32_t value;

	(void)state;
	rtnetlink_begin(&r, RTM_NEWLINK, 0, AF_UNSPEC);
	assert_int_equal(rtnetlink_put(&r, IFLA_IFNAME, "eth0", 5), 0);
	assert_int_equal(rtnetlink_put_u32(&r, IFLA_NET_NS_FD, 7), 0);
	assert_int_equal(rtnetlink_read(&r.header, sizeof(r.fixed.link), &a), 0);
	assert_string_equal(RTA_DATA(a.at[IFLA_IFNAME]), "eth0");
	memcpy(&value, RTA_DATA(a.at[IFLA_NET_NS_FD]), sizeof(value));
	assert_int_equal(value, 7);
	assert_null(a.at[IFLA_MTU]);

	rtnetlink_begin(&r, RTM_NEWADDR, NLM_F_CREATE, AF_INET6);
	assert_int_equal(r.fixed.address.ifa_family, AF_INET6);
	assert_int_equal(rtnetlink_put_u32(&r, IFA_FLAGS, 1), 0);
	assert_int_equal(rtnetlink_read(&r.header, sizeof(r.fixed.address), &a), 0);
	assert_non_null(a.at[IFA_FLAGS]);
}

static void test_rtnetlink_put_refuses_what_does_not_fit(void **state)
{
	struct rtnetlink_request r;
	char large[4096] = { 0 };
	int n = 0;

	(void)state;
	rtnetlink_begin(&r, RTM_NEWLINK, 0, AF_UNSPEC);
	assert_int_equal(rtnetlink_put(&r, 1, large, sizeof(large)), -EMSGSIZE);
	assert_int_equal(rtnetlink_put(&r, 1, large, 65536), -EMSGSIZE);
	while (rtnetlink_put_u32(&r, 1, 0) == 0)
		n++;
	assert_true(n > 60 && n < 70);
	assert_true(r.header.nlmsg_len <= sizeof(r));
}

static void test_rtnetlink_read_bears_what_is_cut_off(void **state)
{
	struct rtnetlink_attributes a;
	struct rtnetlink_request r;
	struct rtattr *attribute;

	(void)state;
	rtnetlink_begin(&r, RTM_NEWLINK, 0, AF_UNSPEC);
	assert_int_equal(rtnetlink_put(&r, IFLA_IFNAME, "eth0", 5), 0);
	attribute = (struct rtattr *)r.attributes;
	attribute->rta_len = 200; /* more than there is */
	assert_int_equal(rtnetlink_read(&r.header, sizeof(r.fixed.link), &a), 0);
	assert_null(a.at[IFLA_IFNAME]);
	attribute->rta_len = 1; /* less than its own header */
	assert_int_equal(rtnetlink_read(&r.header, sizeof(r.fixed.link), &a), 0);
	assert_null(a.at[IFLA_IFNAME]);
	attribute->rta_len = 4;
	attribute->rta_type = 16383; /* a kind of the future */
	assert_int_equal(rtnetlink_read(&r.header, sizeof(r.fixed.link), &a), 0);
	r.header.nlmsg_len = NLMSG_LENGTH(sizeof(r.fixed.link)) - 1;
	assert_int_equal(rtnetlink_read(&r.header, sizeof(r.fixed.link), &a), -EBADMSG);
}

static int count(const struct nlmsghdr *answer, void *data)
{
	if (answer->nlmsg_type == RTM_NEWLINK)
		++*(int *)data;
	return 0;
}

static int stop(const struct nlmsghdr *answer, void *data)
{
	(void)answer;
	(void)data;
	return -ECANCELED;
}

static void test_rtnetlink_talk_hears_the_kernel(void **state)
{
	_cleanup_close_ int fd = rtnetlink_open(NULL);
	struct rtnetlink_request r;
	int n = 0;

	(void)state;
	assert_true(fd >= 0);
	rtnetlink_begin(&r, RTM_GETLINK, NLM_F_DUMP, AF_UNSPEC);
	assert_int_equal(rtnetlink_talk(fd, &r, count, &n), 0);
	assert_true(n >= 1); /* lo */
	rtnetlink_begin(&r, RTM_GETLINK, 0, AF_UNSPEC);
	assert_int_equal(rtnetlink_put(&r, IFLA_IFNAME, "nosuchdevice", 13), 0);
	assert_int_equal(rtnetlink_talk(fd, &r, count, &n), -ENODEV);
	rtnetlink_begin(&r, RTM_GETLINK, NLM_F_DUMP, AF_UNSPEC);
	assert_int_equal(rtnetlink_talk(fd, &r, stop, NULL), -ECANCELED);
	n = 0; /* what is left of that answer is not taken for the next one */
	rtnetlink_begin(&r, RTM_GETLINK, 0, AF_UNSPEC);
	assert_int_equal(rtnetlink_put(&r, IFLA_IFNAME, "lo", 3), 0);
	assert_int_equal(rtnetlink_talk(fd, &r, count, &n), 0);
	assert_int_equal(n, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rtnetlink_put_appends_what_read_finds),
		cmocka_unit_test(test_rtnetlink_put_refuses_what_does_not_fit),
		cmocka_unit_test(test_rtnetlink_read_bears_what_is_cut_off),
		cmocka_unit_test(test_rtnetlink_talk_hears_the_kernel),
	};

	return cmocka_run_group_tests_name("rtnetlink", tests, NULL, NULL);
}
