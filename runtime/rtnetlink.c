/* SPDX-License-Identifier: GPL-2.0-or-later */
/* rtnetlink - see rtnetlink.h. netlink(7). */
#include "rtnetlink.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "error.h"

#define ANSWER_MAX                                                                                 \
	32768 /* bytes the kernel puts into one datagram of a dump: NLMSG_GOODSIZE and more */

int rtnetlink_open(struct error *err)
{
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);

	return fd < 0 ? error_set(err, errno, "cannot open a netlink socket") : fd;
}

void rtnetlink_begin(struct rtnetlink_request *request, uint16_t type, uint16_t flags, uint8_t family)
{
	size_t fixed = type >= RTM_NEWADDR && type <= RTM_GETADDR ? sizeof(request->fixed.address) :
								    sizeof(request->fixed.link);

	*request = (struct rtnetlink_request){ 0 };
	request->header.nlmsg_len = (uint32_t)NLMSG_LENGTH(fixed);
	request->header.nlmsg_type = type;
	request->header.nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | flags;
	request->fixed.link.ifi_family = family; /* the first byte of either */
}

int rtnetlink_put(struct rtnetlink_request *request, uint16_t type, const void *data, size_t len)
{
	size_t at = NLMSG_ALIGN(request->header.nlmsg_len);
	struct rtattr attribute = { .rta_len = (uint16_t)RTA_LENGTH(len), .rta_type = type };

	if (len > UINT16_MAX - RTA_LENGTH(0) || at + RTA_SPACE(len) > sizeof(*request))
		return -EMSGSIZE;
	memcpy((char *)request + at, &attribute, sizeof(attribute));
	memcpy((char *)request + at + RTA_LENGTH(0), data, len);
	request->header.nlmsg_len = (uint32_t)(at + RTA_LENGTH(len));
	return 0;
}

int rtnetlink_put_u32(struct rtnetlink_request *request, uint16_t type, uint32_t value)
{
	return rtnetlink_put(request, type, &value, sizeof(value));
}

/* The messages of one datagram. Return: 1: that was all, 0: more will come, or -errno. */
static int hear(const char *buf, size_t len, uint32_t sequence,
		int (*on_answer)(const struct nlmsghdr *, void *), void *data, int *interrupted)
{
	const struct nlmsghdr *m = (const void *)buf;

	for (; NLMSG_OK(m, len); m = NLMSG_NEXT(m, len)) {
		int r = 0;

		if (m->nlmsg_seq != sequence)
			continue;
		if (m->nlmsg_flags & NLM_F_DUMP_INTR)
			*interrupted = 1;
		if (m->nlmsg_type == NLMSG_ERROR) {
			if (m->nlmsg_len < NLMSG_LENGTH(sizeof(struct nlmsgerr)))
				return -EBADMSG;
			r = ((const struct nlmsgerr *)NLMSG_DATA(m))->error;
			return r < 0 ? r : 1;
		}
		if (m->nlmsg_type == NLMSG_DONE)
			return 1;
		if (on_answer)
			r = on_answer(m, data);
		if (r < 0)
			return r;
	}
	return 0;
}

int rtnetlink_talk(int fd, struct rtnetlink_request *request,
		   int (*on_answer)(const struct nlmsghdr *answer, void *data), void *data)
{
	static uint32_t sequence;
	char buf[ANSWER_MAX] __attribute__((aligned(NLMSG_ALIGNTO)));
	int interrupted = 0, r = 0;

	request->header.nlmsg_seq = ++sequence;
	if (send(fd, request, request->header.nlmsg_len, 0) < 0)
		return -errno;
	while (r == 0) {
		struct sockaddr_nl from = { 0 };
		struct iovec iov = { buf, sizeof(buf) };
		struct msghdr message = { .msg_name = &from,
					  .msg_namelen = sizeof(from),
					  .msg_iov = &iov,
					  .msg_iovlen = 1 };
		ssize_t n = recvmsg(fd, &message, 0);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (message.msg_flags & MSG_TRUNC)
			return -EMSGSIZE;
		if (from.nl_pid == 0) /* the kernel's, and nobody else's */
			r = hear(buf, (size_t)n, request->header.nlmsg_seq, on_answer, data,
				 &interrupted);
	}
	return r < 0 ? r : interrupted ? -EINTR : 0;
}

int rtnetlink_read(const struct nlmsghdr *answer, size_t fixed_len, struct rtnetlink_attributes *ret)
{
	const struct rtattr *a;
	size_t len;

	*ret = (struct rtnetlink_attributes){ 0 };
	if (answer->nlmsg_len < NLMSG_LENGTH(fixed_len))
		return -EBADMSG;
	len = answer->nlmsg_len - NLMSG_SPACE(fixed_len);
	a = (const void *)((const char *)answer + NLMSG_SPACE(fixed_len));
	for (; RTA_OK(a, len); a = RTA_NEXT(a, len)) {
		uint16_t type = a->rta_type & NLA_TYPE_MASK;

		if (type < sizeof(ret->at) / sizeof(ret->at[0]))
			ret->at[type] = a;
	}
	return 0;
}
