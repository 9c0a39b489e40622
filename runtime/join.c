/* SPDX-License-Identifier: GPL-2.0-or-later */
/* join - see join.h. */
#include "join.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/nsfs.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "error.h"
#include "fd.h"
#include "str.h"

#define QUOTED_MAX 160

/* Identity in nsfs; several descriptors may be open for one namespace. */
static bool is_same(int fd, const struct stat *other)
{
	struct stat st;

	return fstat(fd, &st) == 0 && st.st_dev == other->st_dev && st.st_ino == other->st_ino;
}

/* Whether @fd is the namespace that a process is in. One that must not be looked into (Yama, capabilities) is not. */
static bool is_that_of(int fd, const char *process, enum ns_type type)
{
	struct stat st;
	char path[64];

	(void)str_format(path, sizeof(path), "/proc/%s/ns/%s", process, ns_infos[type].proc_name);
	return stat(path, &st) == 0 && is_same(fd, &st);
}

static int open_one(enum ns_type type, const char *path, struct error *err)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	int errnum = errno;
	char quoted[QUOTED_MAX];

	(void)str_quote(path, quoted, sizeof(quoted));
	if (fd < 0)
		return error_set(err, errnum, "linux.namespaces: cannot open the %s namespace '%s'",
				 ns_infos[type].oci_name, quoted);
	if (ioctl(fd, NS_GET_NSTYPE) != ns_infos[type].clone_flag)
		return error_text(err, EINVAL, "linux.namespaces: '%s' is no %s namespace", quoted,
				  ns_infos[type].oci_name);
	if (is_that_of(fd, "1", type))
		return namespaces_refuse_host(type, "its path leads to the host's", err);
	if (is_that_of(fd, "self", type))
		return namespaces_refuse_host(type, "its path leads to the engine's own", err);
	return take_fd(&fd);
}

static int refuse_owner(enum ns_type type, const char *path, const char *why, struct error *err)
{
	char quoted[QUOTED_MAX];

	return error_text(err, EPERM,
			  "linux.namespaces: the %s namespace '%s' cannot be joined, because %s: join a container that runs "
			  "under bulwark, or leave it private",
			  ns_infos[type].oci_name, str_quote(path, quoted, sizeof(quoted)), why);
}

/* The user namespace that @fd belongs to; for one of that kind, itself. */
static int owner_of(int fd, enum ns_type type)
{
	return type == NS_USER ? fcntl(fd, F_DUPFD_CLOEXEC, 3) : ioctl(fd, NS_GET_USERNS);
}

/* Not a child of one: only root of the host makes a direct child, and maps ids into it that are nobody else's. */
static bool is_child_of_ours(int userns_fd)
{
	_cleanup_close_ int parent_fd = ioctl(userns_fd, NS_GET_PARENT);

	return parent_fd >= 0 && is_that_of(parent_fd, "self", NS_USER);
}

static int check_owner(struct joined *joined, enum ns_type type, const char *path, struct error *err)
{
	_cleanup_close_ int owner_fd = owner_of(joined->fds[type], type);
	struct stat st;

	if (owner_fd < 0)
		return refuse_owner(type, path,
				    "it belongs to a user namespace above the runtime's", err);
	if (is_that_of(owner_fd, "self", NS_USER)) {
		if (type != NS_NETWORK)
			return refuse_owner(type, path,
					    "it belongs to the host's user namespace, where its owner is root of the host",
					    err);
		joined->network_is_hosts = true;
		return 0;
	}
	if (!is_child_of_ours(owner_fd))
		return refuse_owner(type, path,
				    "it was made inside a container, by a nested user namespace",
				    err);
	if (fstat(owner_fd, &st) < 0)
		return error_set(err, errno, "cannot stat a user namespace");
	if (!join_has(joined, NS_USER)) {
		joined->fds[NS_USER] = take_fd(&owner_fd);
		joined->userns_inode = st.st_ino;
		return 0;
	}
	if (!is_same(joined->fds[NS_USER], &st))
		return refuse_owner(type, path,
				    "it belongs to another container than the others that are named",
				    err);
	joined->userns_inode = st.st_ino;
	return 0;
}

int join_open(const struct namespaces *ns, struct joined *ret, struct error *err)
{
	for (int type = 0; type < NS_TYPES; type++) {
		if (!ns->path[type])
			continue;
		ret->fds[type] = open_one(type, ns->path[type], err);
		if (ret->fds[type] < 0)
			return ret->fds[type];
		if (type == NS_MOUNT || type == NS_CGROUP)
			return error_text(err, ENOTSUP,
					  "linux.namespaces: a %s namespace cannot be joined: each container has its own, built "
					  "and locked for it",
					  ns_infos[type].oci_name);
	}
	for (int type = 0; type < NS_TYPES; type++) {
		int r = ns->path[type] ? check_owner(ret, type, ns->path[type], err) : 0;

		if (r < 0)
			return r;
	}
	return 0;
}

void join_done(struct joined *joined)
{
	for (int type = 0; type < NS_TYPES; type++)
		joined->fds[type] = fd_close(joined->fds[type]);
}

/* The user namespace last: the others want privileges that are lost there. The network is R's, and so its children's. */
int join_enter(const struct joined *joined, struct error *err)
{
	static const enum ns_type order[] = { NS_IPC, NS_UTS, NS_PID, NS_TIME, NS_USER };

	for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++) {
		enum ns_type type = order[i];

		if (join_has(joined, type) && setns(joined->fds[type], ns_infos[type].clone_flag) < 0)
			return error_set(err, errno, "linux.namespaces: cannot join the %s namespace",
					 ns_infos[type].oci_name);
	}
	return 0;
}
