/* SPDX-License-Identifier: GPL-2.0-or-later */
/* sysctl - see sysctl.h. */
#include "sysctl.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "error.h"
#include "fd.h"
#include "idmap.h"
#include "str.h"
#include "sys.h"

#define SYSCTL_NAME_MAX 512 /* bytes of "sys/" and the key with the NUL */

enum sysctl_rule {
	SYSCTL_ALLOWED,
	SYSCTL_TREE,	 /* this folder and all below */
	SYSCTL_HOSTNAME, /* the spec has a field of its own for it */
	SYSCTL_BY_INIT, /* allowed, but set by the container's init: it belongs to its uts namespace */
	SYSCTL_GLOBAL, /* in every namespace the one switch of all, which root of any may turn */
};

/* What the kernel keeps per namespace, as of ipc_namespaces(7), network_namespaces(7), uts_namespaces(7). */
static const struct {
	const char *path;
	enum sysctl_rule rule;
} rules[] = {
	{ "kernel/domainname", SYSCTL_BY_INIT },
	{ "kernel/hostname", SYSCTL_HOSTNAME },
	{ "kernel/msgmax", SYSCTL_ALLOWED },
	{ "kernel/msgmnb", SYSCTL_ALLOWED },
	{ "kernel/msgmni", SYSCTL_ALLOWED },
	{ "kernel/sem", SYSCTL_ALLOWED },
	{ "kernel/shmall", SYSCTL_ALLOWED },
	{ "kernel/shmmax", SYSCTL_ALLOWED },
	{ "kernel/shmmni", SYSCTL_ALLOWED },
	{ "kernel/shm_rmid_forced", SYSCTL_ALLOWED },
	{ "fs/mqueue", SYSCTL_TREE },
	{ "net/netfilter/nf_hooks_lwtunnel", SYSCTL_GLOBAL },
	{ "net", SYSCTL_TREE },
};
#define N_RULES (sizeof(rules) / sizeof(rules[0]))

/*
 * Key to path below /proc/sys. Whichever of '.' and '/' comes first separates, and the other one stands for a '.'
 * inside a name: "net.ipv4.conf.eth0/1.rp_filter" and "net/ipv4/conf/eth0.1/rp_filter" are the same, sysctl(8).
 */
static int key_to_path(const char *key, char *ret_path, size_t size)
{
	size_t first = strcspn(key, "./");
	char separator = key[first];

	if (str_format(ret_path, size, "%s", key) < 0)
		return -ENAMETOOLONG;
	if (separator == '.') {
		for (char *p = ret_path; *p; p++) {
			if (*p == '.')
				*p = '/';
			else if (*p == '/')
				*p = '.';
		}
	}
	return 0;
}

/* Every component is a plain name: not empty, not "." or "..". */
static bool is_plain_path(const char *path)
{
	for (;;) {
		size_t len = strcspn(path, "/");

		if (len == 0 || (len == 1 && path[0] == '.') ||
		    (len == 2 && path[0] == '.' && path[1] == '.'))
			return false;
		if (!path[len])
			return true;
		path += len + 1;
	}
}

/* The rule for a path, or -1. */
static int find_rule(const char *path)
{
	for (size_t i = 0; i < N_RULES; i++) {
		const char *rest = str_after(path, rules[i].path);

		if (rest && (rules[i].rule == SYSCTL_TREE ? *rest == '/' : *rest == '\0'))
			return (int)rules[i].rule;
	}
	return -1;
}

const char *sysctl_global(size_t i)
{
	for (size_t k = 0; k < N_RULES; k++)
		if (rules[k].rule == SYSCTL_GLOBAL && i-- == 0)
			return rules[k].path;
	return NULL;
}

static int check_key(const char *key, struct error *err)
{
	char path[SYSCTL_NAME_MAX], quoted[128];

	(void)str_quote(key, quoted, sizeof(quoted));
	if (key_to_path(key, path, sizeof(path)) < 0)
		return error_text(err, EINVAL, "linux.sysctl \"%s\": the name is too long", quoted);
	if (!is_plain_path(path))
		return error_text(err, EINVAL,
				  "linux.sysctl \"%s\": not a name of a kernel setting", quoted);
	switch (find_rule(path)) {
	case SYSCTL_ALLOWED:
	case SYSCTL_TREE:
	case SYSCTL_BY_INIT:
		return 0;
	case SYSCTL_HOSTNAME:
		return error_text(err, EINVAL,
				  "linux.sysctl \"%s\": set the field 'hostname' of the specification "
				  "instead",
				  quoted);
	case SYSCTL_GLOBAL:
	default:
		return error_text(err, EPERM,
				  "linux.sysctl \"%s\": the kernel does not keep this setting per "
				  "container, so it would change the host's: set it on the host",
				  quoted);
	}
}

int sysctl_check(const struct json_strmap *sysctls, struct error *err)
{
	for (size_t i = 0; i < sysctls->n; i++) {
		int r = check_key(sysctls->items[i].key, err);

		if (r < 0)
			return r;
	}
	return 0;
}

static int write_setting(int proc_fd, const char *key, const char *value, struct error *err)
{
	const struct open_how how = {
		.flags = O_WRONLY | O_CLOEXEC | O_NOCTTY,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV,
	};
	char path[SYSCTL_NAME_MAX] = "sys/", quoted[128], quoted_path[128];
	const size_t prefix = strlen(path), len = strlen(value);
	_cleanup_close_ int fd = -EBADF;
	ssize_t n;

	if (key_to_path(key, path + prefix, sizeof(path) - prefix) == 0 &&
	    find_rule(path + prefix) == SYSCTL_BY_INIT)
		return 0;
	(void)str_quote(key, quoted, sizeof(quoted));

	fd = sys_openat2(proc_fd, path, &how);
	if (fd < 0)
		return error_set(err, errno, "linux.sysctl \"%s\": cannot open '/proc/%s'", quoted,
				 str_quote(path, quoted_path, sizeof(quoted_path)));
	n = write(fd, value, len);
	if (n < 0)
		return error_set(err, errno, "linux.sysctl \"%s\": the kernel refuses the value",
				 quoted);
	if ((size_t)n != len)
		return error_text(err, EINVAL,
				  "linux.sysctl \"%s\": the kernel took only a part of the value",
				  quoted);
	return 0;
}

#define PING_GROUPS "net/ipv4/ping_group_range"
#define PORT_START "net/ipv4/ip_unprivileged_port_start"

static bool is_key(const char *key, const char *path)
{
	char own[SYSCTL_NAME_MAX];

	return key_to_path(key, own, sizeof(own)) == 0 && str_eq(own, path);
}

/* The kernel takes a writer's ids, and the writer is the host's root. False: left as it is, to be refused or "1 0". */
static bool translate_groups(const char *value, const struct idmap *map, char *buf, size_t size)
{
	unsigned int low, high;

	if (sscanf(value, "%u %u", &low, &high) != 2 || low > high)
		return false;
	for (size_t i = 0; i < map->n_gids; i++) {
		const struct id_mapping *m = &map->gids[i];
		uint32_t last = m->container_id + (m->size - 1);

		if (low < m->container_id || low > last)
			continue;
		return str_format(buf, size, "%u %u", m->host_id + (low - m->container_id),
				  m->host_id + ((high < last ? high : last) - m->container_id)) >= 0;
	}
	return false;
}

static int apply(int proc_fd, const struct json_pair *pair, const struct idmap *map, struct error *err)
{
	char groups[32];

	if (is_key(pair->key, PING_GROUPS) &&
	    translate_groups(pair->value, map, groups, sizeof(groups)))
		return write_setting(proc_fd, pair->key, groups, err);
	return write_setting(proc_fd, pair->key, pair->value, err);
}

int sysctl_apply(int proc_fd, const struct json_strmap *sysctls, const struct idmap *map,
		 struct error *err)
{
	/* Once more, because the caller is privileged and the check may have been for another document. */
	int r = sysctl_check(sysctls, err);

	for (size_t i = 0; r == 0 && i < sysctls->n; i++)
		r = apply(proc_fd, &sysctls->items[i], map, err);
	return r;
}

void sysctl_open_network(int proc_fd, const struct json_strmap *sysctls, const struct idmap *map)
{
	bool ports = true, groups = true;
	char value[32];

	for (size_t i = 0; i < sysctls->n; i++) {
		ports = ports && !is_key(sysctls->items[i].key, PORT_START);
		groups = groups && !is_key(sysctls->items[i].key, PING_GROUPS);
	}
	if (ports)
		(void)write_setting(proc_fd, PORT_START, "0", NULL);
	if (groups && translate_groups("0 4294967294", map, value, sizeof(value)))
		(void)write_setting(proc_fd, PING_GROUPS, value, NULL);
}
