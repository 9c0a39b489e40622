/* SPDX-License-Identifier: GPL-2.0-or-later */
/* restricted - see restricted.h. */
#include "restricted.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "error.h"
#include "fd.h"
#include "mountinfo.h"
#include "path.h"
#include "paths.h"
#include "str.h"

/* ---- tables ----------------------------------------------------------------------------------- */

enum place_kind {
	PLACE_TREE, /* it, what contains it, what is in it, and file systems that are mounted below it only */
	PLACE_FOLDER, /* without the last: an engine mounts below what its users ask for */
	PLACE_ROOT,   /* it and what contains it; not what is in it */
};

/* Folders that would give a container the host, its engines, or other containers. */
static const struct place_row {
	const char *path;
	enum place_kind kind;
} place_rows[] = {
	{ "/", PLACE_ROOT },
	/* the system */
	{ "/bin", PLACE_TREE },
	{ "/boot", PLACE_TREE },
	{ "/dev", PLACE_TREE },
	{ "/efi", PLACE_TREE },
	{ "/etc", PLACE_TREE },
	{ "/gnu", PLACE_TREE },
	{ "/lib", PLACE_TREE },
	{ "/lib32", PLACE_TREE },
	{ "/lib64", PLACE_TREE },
	{ "/libx32", PLACE_TREE },
	{ "/nix", PLACE_TREE },
	{ "/ostree", PLACE_TREE },
	{ "/proc", PLACE_TREE },
	{ "/root", PLACE_TREE },
	{ "/run", PLACE_TREE },
	{ "/sbin", PLACE_TREE },
	{ "/snap", PLACE_TREE },
	{ "/sys", PLACE_TREE },
	{ "/sysroot", PLACE_TREE },
	{ "/usr", PLACE_TREE },
	{ "/var/run", PLACE_TREE },
	/* what root's programs read and run */
	{ "/var/backups", PLACE_TREE },
	{ "/var/cache/apt", PLACE_TREE },
	{ "/var/cache/ldconfig", PLACE_TREE },
	{ "/var/db", PLACE_TREE },
	{ "/var/lib/AccountsService", PLACE_TREE },
	{ "/var/lib/NetworkManager", PLACE_TREE },
	{ "/var/lib/apt", PLACE_TREE },
	{ "/var/lib/cloud", PLACE_TREE },
	{ "/var/lib/dbus", PLACE_TREE },
	{ "/var/lib/dpkg", PLACE_TREE },
	{ "/var/lib/libvirt", PLACE_TREE },
	{ "/var/lib/machines", PLACE_TREE },
	{ "/var/lib/pam", PLACE_TREE },
	{ "/var/lib/polkit-1", PLACE_TREE },
	{ "/var/lib/portables", PLACE_TREE },
	{ "/var/lib/private", PLACE_TREE },
	{ "/var/lib/rpm", PLACE_TREE },
	{ "/var/lib/snapd", PLACE_TREE },
	{ "/var/lib/sss", PLACE_TREE },
	{ "/var/lib/sudo", PLACE_TREE },
	{ "/var/lib/systemd", PLACE_TREE },
	{ "/var/log/audit", PLACE_TREE },
	{ "/var/spool/at", PLACE_TREE },
	{ "/var/spool/anacron", PLACE_TREE },
	{ "/var/spool/cron", PLACE_TREE },
	/* engines: programs, configuration, data */
	{ "/etc/cni", PLACE_FOLDER },
	{ "/etc/containerd", PLACE_FOLDER },
	{ "/etc/containers", PLACE_FOLDER },
	{ "/etc/crio", PLACE_FOLDER },
	{ "/etc/docker", PLACE_FOLDER },
	{ "/etc/kubernetes", PLACE_FOLDER },
	{ "/etc/rancher", PLACE_FOLDER },
	{ "/opt/cni", PLACE_FOLDER },
	{ "/opt/containerd", PLACE_FOLDER },
	{ "/var/lib/buildkit", PLACE_FOLDER },
	{ "/var/lib/cni", PLACE_FOLDER },
	{ "/var/lib/containerd", PLACE_FOLDER },
	{ "/var/lib/containers", PLACE_FOLDER },
	{ "/var/lib/crio", PLACE_FOLDER },
	{ "/var/lib/docker", PLACE_FOLDER },
	{ "/var/lib/docker-engine", PLACE_FOLDER },
	{ "/var/lib/etcd", PLACE_FOLDER },
	{ "/var/lib/incus", PLACE_FOLDER },
	{ "/var/lib/k0s", PLACE_FOLDER },
	{ "/var/lib/kubelet", PLACE_FOLDER },
	{ "/var/lib/lxc", PLACE_FOLDER },
	{ "/var/lib/lxcfs", PLACE_TREE },
	{ "/var/lib/lxd", PLACE_FOLDER },
	{ "/var/lib/nerdctl", PLACE_FOLDER },
	{ "/var/lib/rancher", PLACE_FOLDER },
	{ "/var/lib/sysbox", PLACE_FOLDER },
	/* ourselves: the installed places too, when this is the test build */
	{ "/etc/bulwark", PLACE_FOLDER },
	{ "/var/cache/bulwark", PLACE_FOLDER },
	{ "/var/lib/bulwark", PLACE_FOLDER },
	{ PATHS_POLICY_DIR, PLACE_FOLDER },
	{ PATHS_RUN, PLACE_FOLDER },
	{ PATHS_LIB, PLACE_FOLDER },
	{ PATHS_CACHE, PLACE_FOLDER },
};
#define PLACES (sizeof(place_rows) / sizeof(place_rows[0]))

#define HOST_STATE "shows the state of the host"
#define ANY_FOLDERS "may be made of any folders of the host and cannot be id-mapped"

static const struct type_row {
	const char *fs_type;
	const char *why;
} type_rows[] = {
	{ "binder", HOST_STATE },     { "binfmt_misc", HOST_STATE }, { "bpf", HOST_STATE },
	{ "cgroup", HOST_STATE },     { "cgroup2", HOST_STATE },     { "configfs", HOST_STATE },
	{ "cpuset", HOST_STATE },     { "debugfs", HOST_STATE },     { "devpts", HOST_STATE },
	{ "devtmpfs", HOST_STATE },   { "efivarfs", HOST_STATE },    { "fusectl", HOST_STATE },
	{ "mqueue", HOST_STATE },     { "nfsd", HOST_STATE },	     { "nsfs", HOST_STATE },
	{ "proc", HOST_STATE },	      { "pstore", HOST_STATE },	     { "resctrl", HOST_STATE },
	{ "rpc_pipefs", HOST_STATE }, { "securityfs", HOST_STATE },  { "selinuxfs", HOST_STATE },
	{ "smackfs", HOST_STATE },    { "sysfs", HOST_STATE },	     { "tracefs", HOST_STATE },
	{ "aufs", ANY_FOLDERS },      { "overlay", ANY_FOLDERS },
};

static const char *const engine_sockets[] = {
	"buildkitd.sock",    "containerd-debug.sock",
	"containerd.sock",   "containerd.sock.ttrpc",
	"cri-dockerd.sock",  "crio.sock",
	"docker-cli.sock",   "docker.raw.sock",
	"docker.sock",	     "dockerd.sock",
	"dockershim.sock",   "incus.socket",
	"kubelet.sock",	     "libvirt-sock",
	"lxd.socket",	     "nri.sock",
	"podman.sock",	     "snapd.socket",
	"system_bus_socket",
};

/* Engines bind these into a container that is started with --init. */
static const char *const init_programs[] = {
	"/usr/bin/catatonit",
	"/usr/bin/docker-init",
	"/usr/bin/tini",
	"/usr/bin/tini-static",
	"/usr/lib/podman/catatonit",
	"/usr/libexec/catatonit/catatonit",
	"/usr/libexec/docker/docker-init",
	"/usr/libexec/podman/catatonit",
	"/usr/local/bin/docker-init",
	"/usr/sbin/docker-init",
};

/* ---- places on this host ---------------------------------------------------------------------- */

struct place {
	const struct place_row *row;
	dev_t dev;
	char *path; /* inside the file system */
};

struct restricted {
	struct place places[PLACES];
	size_t n;
};

/* Missing ones are skipped: nobody but root could make them. */
static int find_place(const struct mountinfo *info, const struct place_row *row, struct place *ret,
		      struct error *err)
{
	struct location location;
	int r = location_of_path(info, row->path, &location, err);

	if (r <= 0)
		return r;
	*ret = (struct place){ row, location.dev, strdup(location.path) };
	return ret->path ? 1 : error_set(err, ENOMEM, "restricted paths");
}

int restricted_open(const struct mountinfo *info, struct restricted **ret, struct error *err)
{
	struct restricted *restricted = calloc(1, sizeof(*restricted));

	if (!restricted)
		return error_set(err, ENOMEM, "restricted paths");
	for (size_t i = 0; i < PLACES; i++) {
		int r = find_place(info, &place_rows[i], &restricted->places[restricted->n], err);

		if (r < 0) {
			restricted_free(restricted);
			(void)error_wrap(err, "restricted paths");
			return r;
		}
		restricted->n += (size_t)r;
	}
	*ret = restricted;
	return 0;
}

void restricted_free(struct restricted *restricted)
{
	if (!restricted)
		return;
	for (size_t i = 0; i < restricted->n; i++)
		free(restricted->places[i].path);
	free(restricted);
}

/* The place itself is the better name: "/etc" rather than "/", which contains it, or "/etc/docker", which it contains. */
const char *restricted_find(const struct restricted *restricted, const struct location *location,
			    bool below, enum location_relation *ret_relation)
{
	const char *found = NULL;

	for (size_t i = 0; i < restricted->n; i++) {
		const struct place *place = &restricted->places[i];
		enum location_relation relation = location_relate(location, place->dev, place->path);

		if (relation == LOCATION_BELOW && (!below || place->row->kind == PLACE_ROOT))
			continue;
		if (relation == LOCATION_ELSEWHERE || (found && relation != LOCATION_EQUAL))
			continue;
		found = place->row->path;
		*ret_relation = relation;
		if (relation == LOCATION_EQUAL)
			break;
	}
	return found;
}

static const char *tree_of(const char *target)
{
	for (size_t i = 0; i < PLACES; i++)
		if (place_rows[i].kind == PLACE_TREE && path_is_below(target, place_rows[i].path))
			return place_rows[i].path;
	return NULL;
}

static bool is_below_any(const char *path, const char *const *folders)
{
	for (; *folders; folders++)
		if (path_is_below(path, *folders))
			return true;
	return false;
}

const char *restricted_find_tree(const struct mountinfo *info, dev_t dev, const char *const *ignored)
{
	const char *found = NULL;

	for (size_t i = 0; i < info->n; i++) {
		const struct mountinfo_entry *mount = &info->items[i];
		const char *tree;

		if (mount->dev != dev || is_below_any(mount->target, ignored))
			continue;
		tree = tree_of(mount->target);
		if (!tree)
			return NULL;
		found = tree;
	}
	return found;
}

/* ---- names ------------------------------------------------------------------------------------ */

const char *restricted_fs_type(const char *fs_type)
{
	for (size_t i = 0; i < sizeof(type_rows) / sizeof(type_rows[0]); i++)
		if (str_eq(type_rows[i].fs_type, fs_type))
			return type_rows[i].why;
	return NULL;
}

bool restricted_is_engine_socket(const char *name)
{
	for (size_t i = 0; i < sizeof(engine_sockets) / sizeof(engine_sockets[0]); i++)
		if (str_eq(engine_sockets[i], name))
			return true;
	return false;
}

bool restricted_is_init_program(const struct mountinfo *info, const struct location *location)
{
	for (size_t i = 0; i < sizeof(init_programs) / sizeof(init_programs[0]); i++) {
		_cleanup_close_ int fd = -EBADF;
		struct location program;

		if (strcmp(strrchr(init_programs[i], '/'), strrchr(location->seen, '/')) != 0)
			continue; /* saves the look-up for nearly every source */
		fd = open(init_programs[i], O_PATH | O_CLOEXEC);
		if (fd >= 0 && location_of_fd(info, fd, &program, NULL) == 0 &&
		    location_relate(location, program.dev, program.path) == LOCATION_EQUAL)
			return true;
	}
	return false;
}
