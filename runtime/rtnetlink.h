/* SPDX-License-Identifier: GPL-2.0-or-later */
/* rtnetlink - owns the talk with the kernel about network interfaces: requests, answers, dumps. rtnetlink(7). */
#pragma once

#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <stddef.h>
#include <stdint.h>

struct error;

/* One request: the header, the fixed part of its type, then attributes. */
struct rtnetlink_request {
	struct nlmsghdr header;
	union {
		struct ifinfomsg link;
		struct ifaddrmsg address;
	} fixed;
	char attributes[512];
};

/* Attributes of an answer by type, NULL where there is none; they point into the answer. */
struct rtnetlink_attributes {
	const struct rtattr *at[64];
};

/* A socket in the network namespace the caller is in now; it stays there. Owned by the caller. */
int rtnetlink_open(struct error *err);

/* @type: RTM_*; @flags: NLM_F_*, NLM_F_REQUEST and NLM_F_ACK are added. The fixed part is zero but for its family. */
void rtnetlink_begin(struct rtnetlink_request *request, uint16_t type, uint16_t flags,
		     uint8_t family);

/* -EMSGSIZE: more than a request of ours ever needs. */
int rtnetlink_put(struct rtnetlink_request *request, uint16_t type, const void *data, size_t len);
int rtnetlink_put_u32(struct rtnetlink_request *request, uint16_t type, uint32_t value);

/**
 * rtnetlink_talk() - Send the request and hear the answers to it
 * @on_answer:	called with each message; what it returns below 0 ends the talk and is returned. NULL: none is expected
 *
 * Return: 0, or -errno as the kernel says it, without a text: the caller knows what was asked. -EINTR: a dump that was
 * changed meanwhile and must be asked for again.
 */
int rtnetlink_talk(int fd, struct rtnetlink_request *request,
		   int (*on_answer)(const struct nlmsghdr *answer, void *data), void *data);

/* @fixed_len: size of the answer's fixed part. -EBADMSG if it is shorter than that. */
int rtnetlink_read(const struct nlmsghdr *answer, size_t fixed_len, struct rtnetlink_attributes *ret);
