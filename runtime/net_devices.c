/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * net_devices - see net_devices.h.
 *
 * An interface that is moved is gone from the host: whoever talks to an engine could cut the machine off its network, or
 * take a line that others use. So only those are moved that the administrator's policy names (netDevices), by the name
 * that the kernel shows first, not by another one (altname).
 */
#include "net_devices.h"

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "arena.h"
#include "error.h"
#include "fd.h"
#include "log.h"
#include "policy.h"
#include "proc.h"
#include "rtnetlink.h"
#include "str.h"

#define ADDRESSES_MAX 1024 /* of one interface */
#define DUMP_TRIES 10	   /* what changes each time while it is read is not for us to wait for */

#ifndef IFLA_NEW_IFINDEX
#define IFLA_NEW_IFINDEX 49 /* Linux 5.12 */
#endif

/* ---- config.json ------------------------------------------------------------------------------------------- */

struct device_text {
	const char *name;
};

static const struct json_field device_fields[] = {
	JSON_F(struct device_text, name, "name", JSON_STRING_FIELD),
	JSON_F_END,
};

/* As the kernel's dev_valid_name(), without what is not printable. @template: "%d" may stand at the end. */
static bool is_valid_name(const char *name, bool template)
{
	size_t len = strlen(name), plain = len;

	if (len == 0 || len >= IF_NAMESIZE || str_eq(name, ".") || str_eq(name, ".."))
		return false;
	if (template && len > 2 && str_eq(name + len - 2, "%d"))
		plain -= 2;
	for (size_t i = 0; i < plain; i++)
		if (name[i] <= ' ' || name[i] > '~' || strchr("/:%", name[i]))
			return false;
	return true;
}

static int parse_one(struct arena *arena, const char *key, json_t *value, struct net_device *ret,
		     struct error *err)
{
	struct device_text text = { 0 };
	char quoted[64];
	int r;

	if (!is_valid_name(key, false))
		return error_text(err, EINVAL, ": that is no name of an interface");
	if (!json_is_object(value))
		return error_text(err, EINVAL, ": expected an object, got %s", json_type_text(value));
	r = json_parse_object(arena, value, device_fields, &text, err);
	if (r < 0)
		return error_prefix(err, ".");
	if (text.name && *text.name && !is_valid_name(text.name, true))
		return error_text(err, EINVAL, ".name: '%s' is no name of an interface",
				  str_quote(text.name, quoted, sizeof(quoted)));
	ret->host_name = key;
	ret->name = text.name && *text.name ? text.name : NULL;
	return 0;
}

static const char *inside_name(const struct net_device *device)
{
	return device->name ? device->name : device->host_name;
}

static int check_twice(const struct net_device *devices, size_t n, struct error *err)
{
	for (size_t k = 0; k < n; k++)
		if (str_eq(inside_name(&devices[k]), inside_name(&devices[n])) &&
		    !strchr(inside_name(&devices[n]), '%'))
			return error_text(err, EINVAL,
					  ".name: '%s' would be the name of two interfaces inside",
					  inside_name(&devices[n]));
	return 0;
}

int net_devices_parse(struct arena *arena, json_t *value, void *out, struct error *err)
{
	struct net_device *devices;
	const char *key;
	json_t *item;
	size_t n = 0;

	if (!json_is_object(value))
		return error_text(err, EINVAL, ": expected an object, got %s", json_type_text(value));
	if (json_object_size(value) > NET_DEVICES_MAX)
		return error_text(err, E2BIG, ": more than %d interfaces", NET_DEVICES_MAX);
	devices = arena_alloc(arena, json_object_size(value), sizeof(*devices));
	if (!devices)
		return error_set(err, ENOMEM, ": no memory");
	json_object_foreach(value, key, item) {
		char quoted[64], prefix[80];
		int r = parse_one(arena, key, item, &devices[n], err);

		if (r == 0)
			r = check_twice(devices, n, err);
		if (r < 0) {
			(void)str_format(prefix, sizeof(prefix), "['%s']",
					 str_quote(key, quoted, sizeof(quoted)));
			return error_prefix(err, prefix);
		}
		n++;
	}
	*(struct json_array *)out = (struct json_array){ devices, n };
	return 0;
}

int net_devices_check(const struct json_array *devices, const struct policy *policy, struct error *err)
{
	const struct net_device *items = devices->items;

	for (size_t i = 0; i < devices->n; i++)
		if (!policy_allows_net_device(policy, items[i].host_name))
			return error_text(err, EPERM,
					  "linux.netDevices: the interface '%s' cannot be moved into a container, because the host "
					  "would lose it: the administrator can allow it by name, see netDevices in bulwark(8)",
					  items[i].host_name);
	return 0;
}

/* ---- interfaces and addresses ------------------------------------------------------------------------------ */

struct address {
	struct ifaddrmsg fixed;
	uint32_t flags;
	uint8_t local_len, remote_len, broadcast_len; /* 0: none */
	char local[16], remote[16], broadcast[16];
	bool has_metric;
	uint32_t metric; /* IFA_RT_PRIORITY */
};

struct link {
	int index;
	bool is_up;
	char name[IF_NAMESIZE];
};

struct moved_device {
	struct link link;	   /* as it was */
	int index;		   /* inside */
	bool is_inside;		   /* the move itself is done */
	struct address *addresses; /* malloc'ed */
	size_t n_addresses;
};

struct net_devices_moved {
	int host_sock, inside_sock; /* each keeps its namespace alive */
	int host_ns_fd, inside_ns_fd;
	struct moved_device devices[NET_DEVICES_MAX];
	size_t n;
};

static int read_link(const struct nlmsghdr *answer, void *data)
{
	const struct ifinfomsg *fixed = NLMSG_DATA(answer);
	struct rtnetlink_attributes a;
	struct link *link = data;
	const struct rtattr *name;
	int r;

	if (answer->nlmsg_type != RTM_NEWLINK)
		return 0;
	r = rtnetlink_read(answer, sizeof(*fixed), &a);
	if (r < 0)
		return r;
	name = a.at[IFLA_IFNAME];
	if (!name || RTA_PAYLOAD(name) == 0)
		return -EBADMSG;
	link->index = fixed->ifi_index;
	link->is_up = fixed->ifi_flags & IFF_UP;
	return str_format(link->name, sizeof(link->name), "%.*s", (int)RTA_PAYLOAD(name),
			  (const char *)RTA_DATA(name));
}

/* -ENODEV: there is none of that name. */
static int find_link(int sock, const char *name, struct link *ret)
{
	struct rtnetlink_request request;
	int r;

	rtnetlink_begin(&request, RTM_GETLINK, 0, AF_UNSPEC);
	r = rtnetlink_put(&request, IFLA_IFNAME, name, strlen(name) + 1);
	return r < 0 ? r : rtnetlink_talk(sock, &request, read_link, ret);
}

static int read_index(const struct nlmsghdr *answer, void *data)
{
	const struct ifinfomsg *fixed = NLMSG_DATA(answer);
	int *highest = data;

	if (answer->nlmsg_type == RTM_NEWLINK &&
	    answer->nlmsg_len >= NLMSG_LENGTH(sizeof(*fixed)) && fixed->ifi_index > *highest)
		*highest = fixed->ifi_index;
	return 0;
}

/* A number for an interface that no other has in that namespace. */
static int free_index(int sock, int *ret)
{
	struct rtnetlink_request request;
	int highest = 0, r = -EINTR;

	for (int i = 0; r == -EINTR && i < DUMP_TRIES; i++) {
		rtnetlink_begin(&request, RTM_GETLINK, NLM_F_DUMP, AF_UNSPEC);
		r = rtnetlink_talk(sock, &request, read_index, &highest);
	}
	if (r == 0)
		*ret = highest + 1;
	return r;
}

struct address_list {
	int index;
	struct address *items;
	size_t n;
};

static uint8_t keep(const struct rtattr *a, char *ret, size_t size)
{
	size_t len = a ? RTA_PAYLOAD(a) : 0;

	if (len == 0 || len > size)
		return 0;
	memcpy(ret, RTA_DATA(a), len);
	return (uint8_t)len;
}

static int read_address(const struct nlmsghdr *answer, void *data)
{
	const struct ifaddrmsg *fixed = NLMSG_DATA(answer);
	struct address_list *list = data;
	struct address address = { 0 }, *more;
	struct rtnetlink_attributes a;
	int r;

	if (answer->nlmsg_type != RTM_NEWADDR)
		return 0;
	r = rtnetlink_read(answer, sizeof(*fixed), &a);
	if (r < 0 || (int)fixed->ifa_index != list->index || fixed->ifa_scope != RT_SCOPE_UNIVERSE)
		return r;
	address.fixed = *fixed;
	address.flags = fixed->ifa_flags;
	if (a.at[IFA_FLAGS] && RTA_PAYLOAD(a.at[IFA_FLAGS]) == sizeof(address.flags))
		memcpy(&address.flags, RTA_DATA(a.at[IFA_FLAGS]), sizeof(address.flags));
	if (!(address.flags & IFA_F_PERMANENT))
		return 0;
	address.local_len = keep(a.at[IFA_LOCAL], address.local, sizeof(address.local));
	address.remote_len = keep(a.at[IFA_ADDRESS], address.remote, sizeof(address.remote));
	address.broadcast_len =
		keep(a.at[IFA_BROADCAST], address.broadcast, sizeof(address.broadcast));
	address.has_metric = a.at[IFA_RT_PRIORITY] &&
			     RTA_PAYLOAD(a.at[IFA_RT_PRIORITY]) == sizeof(address.metric);
	if (address.has_metric)
		memcpy(&address.metric, RTA_DATA(a.at[IFA_RT_PRIORITY]), sizeof(address.metric));

	if (list->n == ADDRESSES_MAX)
		return -E2BIG;
	more = reallocarray(list->items, list->n + 1, sizeof(*more));
	if (!more)
		return -ENOMEM;
	list->items = more;
	list->items[list->n++] = address;
	return 0;
}

/* The move takes all addresses off an interface. */
static int save_addresses(int sock, struct moved_device *device)
{
	struct address_list list = { .index = device->link.index };
	struct rtnetlink_request request;
	int r = -EINTR;

	for (int i = 0; r == -EINTR && i < DUMP_TRIES; i++) {
		list.n = 0;
		rtnetlink_begin(&request, RTM_GETADDR, NLM_F_DUMP, AF_UNSPEC);
		r = rtnetlink_talk(sock, &request, read_address, &list);
	}
	device->addresses = list.items;
	device->n_addresses = list.n;
	return r;
}

/* Flags that somebody chose; the others say what the kernel found out. */
#define CHOSEN_FLAGS                                                                               \
	(IFA_F_NODAD | IFA_F_HOMEADDRESS | IFA_F_MANAGETEMPADDR | IFA_F_NOPREFIXROUTE |            \
	 IFA_F_MCAUTOJOIN)

static int add_address(int sock, int index, const struct address *address)
{
	struct rtnetlink_request request;
	int r;

	rtnetlink_begin(&request, RTM_NEWADDR, NLM_F_CREATE | NLM_F_REPLACE,
			address->fixed.ifa_family);
	request.fixed.address.ifa_prefixlen = address->fixed.ifa_prefixlen;
	request.fixed.address.ifa_scope = address->fixed.ifa_scope;
	request.fixed.address.ifa_index = (uint32_t)index;
	r = rtnetlink_put_u32(&request, IFA_FLAGS, address->flags & CHOSEN_FLAGS);
	if (r == 0 && address->local_len)
		r = rtnetlink_put(&request, IFA_LOCAL, address->local, address->local_len);
	if (r == 0 && address->remote_len)
		r = rtnetlink_put(&request, IFA_ADDRESS, address->remote, address->remote_len);
	if (r == 0 && address->broadcast_len)
		r = rtnetlink_put(&request, IFA_BROADCAST, address->broadcast,
				  address->broadcast_len);
	if (r == 0 && address->has_metric)
		r = rtnetlink_put_u32(&request, IFA_RT_PRIORITY, address->metric);
	return r < 0 ? r : rtnetlink_talk(sock, &request, NULL, NULL);
}

static int set_up(int sock, int index)
{
	struct rtnetlink_request request;

	rtnetlink_begin(&request, RTM_NEWLINK, 0, AF_UNSPEC);
	request.fixed.link.ifi_index = index;
	request.fixed.link.ifi_flags = IFF_UP;
	request.fixed.link.ifi_change = IFF_UP;
	return rtnetlink_talk(sock, &request, NULL, NULL);
}

/* One request: the kernel moves it, then names it. @name: NULL: as it is called now. */
static int send_to(int sock, int index, int ns_fd, const char *name, int new_index)
{
	struct rtnetlink_request request;
	int r;

	rtnetlink_begin(&request, RTM_NEWLINK, 0, AF_UNSPEC);
	request.fixed.link.ifi_index = index;
	r = rtnetlink_put_u32(&request, IFLA_NET_NS_FD, (uint32_t)ns_fd);
	if (r == 0)
		r = rtnetlink_put_u32(&request, IFLA_NEW_IFINDEX, (uint32_t)new_index);
	if (r == 0 && name)
		r = rtnetlink_put(&request, IFLA_IFNAME, name, strlen(name) + 1);
	return r < 0 ? r : rtnetlink_talk(sock, &request, NULL, NULL);
}

/* ---- moving ------------------------------------------------------------------------------------------------ */

/* Everything that can be known before the first interface is touched. */
static int look_at(struct net_devices_moved *m, const struct net_device *device, struct error *err)
{
	struct moved_device *moved = &m->devices[m->n];
	struct link other;
	int r = find_link(m->host_sock, device->host_name, &moved->link);

	if (r == -ENODEV)
		return error_text(err, ENODEV, "there is no interface of that name");
	if (r < 0)
		return error_set(err, -r, "cannot find it");
	if (!str_eq(moved->link.name, device->host_name))
		return error_text(err, EPERM,
				  "that is another name of the interface '%s': use this one",
				  moved->link.name);
	if (strchr(inside_name(device), '%'))
		return 0;
	r = find_link(m->inside_sock, inside_name(device), &other);
	if (r == -ENODEV)
		return 0;
	if (r < 0)
		return error_set(err, -r, "cannot look for its name inside");
	return error_text(err, EEXIST,
			  "the container has an interface '%s' already: choose another name",
			  inside_name(device));
}

static int move_one(struct net_devices_moved *m, struct moved_device *moved,
		    const struct net_device *device, struct error *err)
{
	struct link link;
	int r = save_addresses(m->host_sock, moved);

	if (r < 0)
		return error_set(err, -r, "cannot read its addresses");
	r = free_index(m->inside_sock, &moved->index);
	if (r < 0)
		return error_set(err, -r, "cannot list the container's interfaces");
	r = send_to(m->host_sock, moved->link.index, m->inside_ns_fd, device->name, moved->index);
	/* of the two things asked for, the move may be done though naming it failed */
	moved->is_inside = r == 0 || find_link(m->host_sock, device->host_name, &link) == -ENODEV;
	if (r == -EINVAL || r == -EOPNOTSUPP) /* NETIF_F_NETNS_LOCAL: lo, bridges, tunnels' fallbacks */
		return error_text(err, ENOTSUP, "the kernel does not move an interface of this kind");
	if (r < 0)
		return error_set(err, -r, "cannot move it");
	for (size_t i = 0; i < moved->n_addresses; i++) {
		r = add_address(m->inside_sock, moved->index, &moved->addresses[i]);
		if (r < 0)
			return error_set(err, -r, "cannot give it its addresses back");
	}
	r = set_up(m->inside_sock, moved->index);
	return r < 0 ? error_set(err, -r, "cannot set it up") : 0;
}

static int open_inside(struct net_devices_moved *m, struct error *err)
{
	if (setns(m->inside_ns_fd, CLONE_NEWNET) < 0)
		return error_set(err, errno, "cannot join the container's network namespace");
	m->inside_sock = rtnetlink_open(err);
	if (setns(m->host_ns_fd, CLONE_NEWNET) < 0)
		return error_set(err, errno, "cannot go back to the host's network namespace");
	return m->inside_sock < 0 ? m->inside_sock : 0;
}

static int open_both(struct net_devices_moved *m, pid_t pid, struct error *err)
{
	m->host_ns_fd = proc_open_ns(0, "net", err);
	if (m->host_ns_fd < 0)
		return m->host_ns_fd;
	m->inside_ns_fd = proc_open_ns(pid, "net", err);
	if (m->inside_ns_fd < 0)
		return m->inside_ns_fd;
	m->host_sock = rtnetlink_open(err);
	return m->host_sock < 0 ? m->host_sock : open_inside(m, err);
}

static int move_all(struct net_devices_moved *m, const struct json_array *devices, struct error *err)
{
	const struct net_device *items = devices->items;
	int r;

	for (; m->n < devices->n; m->n++) {
		r = look_at(m, &items[m->n], err);
		if (r < 0)
			return error_wrap(err, "linux.netDevices['%s']", items[m->n].host_name);
	}
	for (size_t i = 0; i < m->n; i++) {
		r = move_one(m, &m->devices[i], &items[i], err);
		if (r < 0)
			return error_wrap(err, "linux.netDevices['%s']", items[i].host_name);
	}
	return 0;
}

int net_devices_move(const struct json_array *devices, pid_t pid, struct net_devices_moved **ret,
		     struct error *err)
{
	struct net_devices_moved *m;
	int r;

	if (!devices->n)
		return 0;
	m = calloc(1, sizeof(*m));
	if (!m)
		return error_set(err, ENOMEM, "linux.netDevices");
	m->host_sock = m->inside_sock = m->host_ns_fd = m->inside_ns_fd = -EBADF;
	*ret = m;
	r = open_both(m, pid, err);
	return r < 0 ? error_wrap(err, "linux.netDevices") : move_all(m, devices, err);
}

/* ---- giving back ------------------------------------------------------------------------------------------- */

static int restore_one(struct net_devices_moved *m, struct moved_device *moved)
{
	int r = send_to(m->inside_sock, moved->index, m->host_ns_fd, moved->link.name,
			moved->link.index);

	if (r < 0)
		return r;
	moved->is_inside = false;
	for (size_t i = 0; r == 0 && i < moved->n_addresses; i++)
		r = add_address(m->host_sock, moved->link.index, &moved->addresses[i]);
	if (r == 0 && moved->link.is_up)
		r = set_up(m->host_sock, moved->link.index);
	return r;
}

void net_devices_restore(struct net_devices_moved *m)
{
	if (!m)
		return;
	for (size_t i = m->n; i-- > 0;) {
		struct moved_device *moved = &m->devices[i];
		int r = moved->is_inside ? restore_one(m, moved) : 0;

		if (r < 0)
			log_warning("linux.netDevices: the interface '%s' could not be given back as it was: %s",
				    moved->link.name, strerror(-r));
	}
}

void net_devices_free(struct net_devices_moved *m)
{
	if (!m)
		return;
	for (size_t i = 0; i < NET_DEVICES_MAX; i++)
		free(m->devices[i].addresses);
	fd_close(m->host_sock);
	fd_close(m->inside_sock);
	fd_close(m->host_ns_fd);
	fd_close(m->inside_ns_fd);
	free(m);
}
