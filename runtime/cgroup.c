/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cgroup - see cgroup.h. */
#include "cgroup.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cgroup_internal.h"
#include "error.h"
#include "fd.h"
#include "path.h"
#include "mountinfo.h"
#include "paths.h"
#include "str.h"
#include "sys.h"

#define DELEGATED_DEPTH_MAX "32" /* an engine in an engine in a container needs some ten */
#define DELEGATED_FOLDERS_MAX "8192"

/* ---- plan: which hierarchies there are, and where in them the container belongs ------------------------------ */

static void hierarchy_done(struct hierarchy *h)
{
	free(h->name);
	free(h->options);
	free(h->mount);
	free(h->path);
	fd_close(h->fd);
}

void cgroup_free(struct cgroup *cgroup)
{
	if (!cgroup)
		return;
	for (size_t i = 0; i < cgroup->n; i++)
		hierarchy_done(&cgroup->list[i]);
	free(cgroup->unit);
	free(cgroup->unit_properties);
	free(cgroup);
}

size_t cgroup_parse_memberships(char *text, struct membership *ret, size_t max)
{
	char *save = NULL;
	size_t n = 0;

	for (char *line = strtok_r(text, "\n", &save); line && n < max;
	     line = strtok_r(NULL, "\n", &save)) {
		char *first = strchr(line, ':'), *second = first ? strchr(first + 1, ':') : NULL;

		if (!second)
			continue;
		*second = 0;
		ret[n++] = (struct membership){ first + 1, second + 1 };
	}
	return n;
}

/* Whether the superblock options of a v1 mount name the first controller of a membership. */
static bool is_mount_of(const struct mountinfo_entry *mount, const struct membership *m)
{
	bool is_v2 = !*m->controllers;
	char key[64];
	_cleanup_free_ char *value = NULL;
	const char *name = str_after(m->controllers, "name=");

	if (is_v2)
		return str_eq(mount->fs_type, "cgroup2");
	if (!str_eq(mount->fs_type, "cgroup"))
		return false;
	if (str_format(key, sizeof(key), "%.*s", (int)strcspn(m->controllers, ",="),
		       m->controllers) < 0)
		return false;
	value = mountinfo_option(mount->fs_options, key);
	return value && (!name || str_eq(value, name));
}

/* cgroupsPath "/a/b" counts from the mounted root, "a/b" from the caller's own folder. */
static char *container_path(const char *cgroups_path, const char *id, const char *own)
{
	if (!cgroups_path || !*cgroups_path)
		return strdup(id);
	if (cgroups_path[0] == '/') {
		while (*cgroups_path == '/')
			cgroups_path++;
		return strdup(*cgroups_path ? cgroups_path : id);
	}
	while (*own == '/')
		own++;
	return str_dupf("%s%s%s", own, *own ? "/" : "", cgroups_path);
}

static int check_path(const char *path, struct error *err)
{
	char quoted[160];
	size_t colons = 0;

	if (!path)
		return 0;
	for (const char *p = path; *p; p++)
		colons += *p == ':';
	if (path[0] != '/' && colons == 2)
		return error_text(err, EINVAL,
				  "linux.cgroupsPath: '%s' is of the systemd driver: give --systemd-cgroup, or a folder",
				  str_quote(path, quoted, sizeof(quoted)));
	if (path_has_dots(path))
		return error_text(err, EINVAL, "linux.cgroupsPath: '%s' has a '.' or '..' in it",
				  str_quote(path, quoted, sizeof(quoted)));
	return 0;
}

static int add_hierarchy(struct cgroup *cgroup, const struct mountinfo_entry *mount,
			 const struct membership *m, const char *cgroups_path, const char *id,
			 struct error *err)
{
	struct hierarchy *h = &cgroup->list[cgroup->n];
	const char *slash = strrchr(mount->target, '/');

	if (cgroup->n == CGROUP_HIERARCHIES_MAX)
		return error_text(err, E2BIG, "the host has more than %d cgroup hierarchies",
				  CGROUP_HIERARCHIES_MAX);
	cgroup->n++;
	*h = (struct hierarchy){ .is_v2 = !*m->controllers, .fd = -EBADF };
	h->name = strdup(slash ? slash + 1 : mount->target);
	h->options =
		str_dupf("%s%s", str_after(m->controllers, "name=") ? "none," : "", m->controllers);
	h->mount = strdup(mount->target);
	h->path = container_path(cgroups_path, id, m->path);
	if (!h->name || !h->options || !h->mount || !h->path)
		return error_set(err, ENOMEM, "cgroup");
	if (path_has_dots(h->path)) /* proc_pid_cgroup(5): "/../x" is what a caller outside of its namespace's root sees */
		return error_text(err, EINVAL,
				  "linux.cgroupsPath: a relative one counts from the runtime's own cgroup, which its "
				  "cgroup namespace does not show: give an absolute one");
	return 0;
}

int cgroup_plan(const char *cgroups_path, const char *id, struct cgroup **ret, struct error *err)
{
	__attribute__((cleanup(mountinfo_done))) struct mountinfo info = { 0 };
	__attribute__((cleanup(cgroup_freep))) struct cgroup *cgroup = calloc(1, sizeof(*cgroup));
	_cleanup_free_ char *text = NULL;
	struct membership own[CGROUP_HIERARCHIES_MAX];
	size_t n;
	int r = check_path(cgroups_path, err);

	if (r == 0 && !cgroup)
		r = error_set(err, ENOMEM, "cgroup");
	if (r == 0)
		r = fd_read_file(AT_FDCWD, "/proc/self/cgroup", CGROUP_FILE_MAX, &text, NULL, err);
	if (r == 0)
		r = mountinfo_read(&info, err);
	if (r < 0)
		return r;
	n = cgroup_parse_memberships(text, own, CGROUP_HIERARCHIES_MAX);
	for (size_t i = 0; i < n; i++) {
		const struct mountinfo_entry *mount = NULL;

		for (size_t k = 0; k < info.n && !mount; k++)
			if (is_mount_of(&info.items[k], &own[i]))
				mount = &info.items[k];
		if (!mount) /* a hierarchy nobody mounted: no process of the container can be told apart there */
			continue;
		r = add_hierarchy(cgroup, mount, &own[i], cgroups_path, id, err);
		if (r < 0)
			return r;
	}
	if (!cgroup->n)
		return error_text(err, ENOENT, "no cgroup file system is mounted on this host");
	*ret = take_ptr(cgroup);
	return 0;
}

/* ---- state ----------------------------------------------------------------------------------------------------- */

/* Of a folder, which names it for good: one that was removed and made again has another. 0: not known. */
static uint64_t inode_of(int fd)
{
	struct stat st;

	return fd >= 0 && fstat(fd, &st) == 0 ? st.st_ino : 0;
}

json_t *cgroup_to_json(const struct cgroup *cgroup)
{
	json_t *list = json_array();

	for (size_t i = 0; list && i < cgroup->n; i++) {
		const struct hierarchy *h = &cgroup->list[i];
		json_t *item = json_pack("{s:b, s:s, s:s, s:s, s:s, s:I}", "v2", h->is_v2, "name",
					 h->name, "options", h->options, "mount", h->mount, "path",
					 h->path, "inode", (json_int_t)inode_of(h->fd));

		/* a path that is not UTF-8: one that is not on record could never be removed */
		if (!item || json_array_append_new(list, item) < 0) {
			json_decref(list);
			return NULL;
		}
	}
	return json_pack("{s:s, s:s*, s:b, s:b, s:o}", "driver",
			 cgroup->unit ? "systemd" : "cgroupfs", "unit", cgroup->unit, "unitStarted",
			 cgroup->unit_started, "made", cgroup->made, "hierarchies", list);
}

int cgroup_open_folder(const char *mount, const char *path, struct error *err)
{
	const struct open_how how = {
		.flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS,
	};
	_cleanup_close_ int root_fd = open(mount, O_PATH | O_DIRECTORY | O_CLOEXEC);
	int fd;

	if (root_fd < 0)
		return error_set(err, errno, "cannot open '%s'", mount);
	fd = sys_openat2(root_fd, path, &how);
	return fd < 0 ? error_set(err, errno, "cannot open '%s/%s'", mount, path) : fd;
}

/* What reads of the record: all of it, or only what tells whether the container is frozen. */
enum reading { READ_ALL, READ_FREEZER };

static bool is_wanted(const struct hierarchy *h, enum reading reading)
{
	_cleanup_free_ char *freezer = NULL;

	if (reading == READ_ALL || h->is_v2)
		return true;
	freezer = mountinfo_option(h->options, "freezer");
	return freezer != NULL;
}

static int hierarchy_from_json(json_t *value, enum reading reading, struct hierarchy *h,
			       struct error *err)
{
	const char *name, *options, *mount, *path;
	json_t *inode = json_object_get(value, "inode");
	int is_v2;

	if (json_unpack(value, "{s:b, s:s, s:s, s:s, s:s}", "v2", &is_v2, "name", &name, "options",
			&options, "mount", &mount, "path", &path) < 0)
		return error_text(err, EINVAL, "state.json: cgroup: unknown form");
	*h = (struct hierarchy){ .is_v2 = is_v2, .fd = -EBADF };
	h->name = strdup(name);
	h->options = strdup(options);
	h->mount = strdup(mount);
	h->path = strdup(path);
	if (!h->name || !h->options || !h->mount || !h->path)
		return error_set(err, ENOMEM, "cgroup");
	if (!is_wanted(h, reading))
		return 0;
	h->fd = cgroup_open_folder(mount, path, err);
	if (h->fd >= 0 && inode && json_integer_value(inode) &&
	    (uint64_t)json_integer_value(inode) != inode_of(h->fd))
		h->fd = fd_close(
			h->fd); /* another's: systemd removes a scope's folder when its processes end */
	return h->fd < 0 && h->fd != -ENOENT && h->fd != -EBADF ? h->fd : 0;
}

static int read_record(json_t *value, enum reading reading, struct cgroup **ret, struct error *err)
{
	__attribute__((cleanup(cgroup_freep))) struct cgroup *cgroup = calloc(1, sizeof(*cgroup));
	json_t *list = json_object_get(value, "hierarchies"), *item;
	const char *unit;
	size_t i;

	if (!cgroup)
		return error_set(err, ENOMEM, "cgroup");
	if (!json_is_array(list) || json_array_size(list) > CGROUP_HIERARCHIES_MAX)
		return error_text(err, EINVAL, "state.json: cgroup: unknown form");
	cgroup->made = json_is_true(json_object_get(value, "made"));
	cgroup->unit_started = json_is_true(json_object_get(value, "unitStarted"));
	unit = json_string_value(json_object_get(value, "unit"));
	if (unit) {
		cgroup->unit = strdup(unit);
		if (!cgroup->unit)
			return error_set(err, ENOMEM, "cgroup");
	}
	json_array_foreach(list, i, item) {
		int r;

		cgroup->list[cgroup->n] = (struct hierarchy){ .fd = -EBADF };
		r = hierarchy_from_json(item, reading, &cgroup->list[cgroup->n++], err);
		if (r < 0)
			return r;
	}
	*ret = take_ptr(cgroup);
	return 0;
}

int cgroup_from_json(json_t *value, struct cgroup **ret, struct error *err)
{
	return read_record(value, READ_ALL, ret, err);
}

bool cgroup_json_is_frozen(json_t *value)
{
	__attribute__((cleanup(cgroup_freep))) struct cgroup *cgroup = NULL;

	return read_record(value, READ_FREEZER, &cgroup, NULL) == 0 && cgroup_is_frozen(cgroup);
}

int cgroup_membership(const struct cgroup *cgroup, char *buf, size_t size)
{
	size_t len = 0;

	*buf = 0;
	for (size_t i = 0; i < cgroup->n; i++) {
		const struct hierarchy *h = &cgroup->list[i];
		const char *named = str_after(h->options, "none,");
		int r = str_format(buf + len, size - len, "%zu:%s:/%s\n", h->is_v2 ? 0 : i + 1,
				   named ? named : h->options, h->path);

		if (r < 0)
			return r;
		len += strlen(buf + len);
	}
	return 0;
}

size_t cgroup_hierarchies(const struct cgroup *cgroup, struct cgroup_hierarchy *ret, size_t max)
{
	size_t n = cgroup->n < max ? cgroup->n : max;
	bool only_v2 = cgroup->n == 1 && cgroup->list[0].is_v2;

	for (size_t i = 0; i < n; i++)
		ret[i] = (struct cgroup_hierarchy){
			.is_v2 = cgroup->list[i].is_v2,
			.name = only_v2 ? "" : cgroup->list[i].name,
			.options = cgroup->list[i].options,
		};
	return n;
}

struct hierarchy *cgroup_v1_find(struct cgroup *cgroup, const char *controller)
{
	for (size_t i = 0; i < cgroup->n; i++) {
		_cleanup_free_ char *found = NULL;

		if (!cgroup->list[i].is_v2)
			found = mountinfo_option(cgroup->list[i].options, controller);
		if (found)
			return &cgroup->list[i];
	}
	return NULL;
}

struct hierarchy *cgroup_v2_find(struct cgroup *cgroup)
{
	for (size_t i = 0; i < cgroup->n; i++)
		if (cgroup->list[i].is_v2)
			return &cgroup->list[i];
	return NULL;
}

int cgroup_v2_fd(const struct cgroup *cgroup)
{
	const struct hierarchy *h = cgroup_v2_find((struct cgroup *)cgroup);

	return h ? h->fd : -EBADF;
}

/* ---- make ------------------------------------------------------------------------------------------------------ */

/*
 * A folder that holds folders is somebody's parent ("/docker"), without a process of its own: it would be killed, emptied
 * and removed with the container. With a unit init is there already. Links of a cgroup folder: 2, and one for each folder below.
 */
static int is_in_use(int fd, pid_t unit_pid, struct error *err)
{
	_cleanup_free_ char *text = NULL;
	char own[16];
	struct stat st;
	int r = fd_read_file(fd, "cgroup.procs", CGROUP_FILE_MAX, &text, NULL, err);

	if (r < 0)
		return r;
	if (fstat(fd, &st) < 0)
		return error_set(err, errno, "cannot stat a cgroup");
	(void)str_format(own, sizeof(own), "%d\n", unit_pid);
	return (*text && !str_eq(text, own)) || st.st_nlink > 2;
}

/* One component; on the way down each parent hands its controllers on. @last: it is the container's own. */
static int make_component(const struct hierarchy *h, int parent_fd, const char *name,
			  struct error *err)
{
	_cleanup_close_ int fd = -EBADF;
	int r = 0;

	if (h->is_v2)
		cgroup_v2_enable_controllers(parent_fd);
	if (mkdirat(parent_fd, name, 0755) < 0 && errno != EEXIST)
		return error_set(err, errno, "cannot make '%s' in '%s'", name, h->mount);
	fd = openat(parent_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return error_set(err, errno, "cannot open '%s' in '%s'", name, h->mount);
	if (!h->is_v2 && strstr(h->options, "cpuset"))
		r = cgroup_v1_inherit_cpuset(parent_fd, fd, err);
	return r < 0 ? r : take_fd(&fd);
}

static int make_folder(struct hierarchy *h, pid_t unit_pid, struct error *err)
{
	_cleanup_close_ int fd = open(h->mount, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	_cleanup_free_ char *copy = strdup(h->path);
	char *save = NULL;
	int r;

	if (fd < 0)
		return error_set(err, errno, "cannot open '%s'", h->mount);
	if (!copy)
		return error_set(err, ENOMEM, "cgroup");
	for (char *name = strtok_r(copy, "/", &save); name; name = strtok_r(NULL, "/", &save)) {
		int next = make_component(h, fd, name, err);

		if (next < 0)
			return next;
		fd_close(fd);
		fd = next;
	}
	r = is_in_use(fd, unit_pid, err);
	if (r > 0)
		return error_text(err, EBUSY,
				  "'%s/%s' is in use already: it has processes or folders of another's",
				  h->mount, h->path);
	if (r < 0)
		return r;
	h->fd = take_fd(&fd);
	return 0;
}

int cgroup_make(struct cgroup *cgroup, struct error *err)
{
	for (size_t i = 0; i < cgroup->n; i++) {
		int r = make_folder(&cgroup->list[i], cgroup->unit_pid, err);

		if (r < 0)
			return r;
	}
	cgroup->made = true;
	return 0;
}

int cgroup_apply(struct cgroup *cgroup, const struct resources *resources,
		 const struct device_plan *devices, struct error *err)
{
	int r = 0;

	if (resources) {
		r = cgroup_v1_apply(cgroup, resources, err);
		if (r == 0)
			r = cgroup_v2_apply(cgroup, resources, err);
	}
	if (r < 0 || !devices)
		return r;
	if (cgroup_v1_find(cgroup, "devices"))
		return cgroup_v1_allow_devices(cgroup, devices, err);
	return cgroup_v2_allow_devices(cgroup, devices, err);
}

int cgroup_delegate(struct cgroup *cgroup, uid_t uid, gid_t gid, struct error *err)
{
	struct hierarchy *h = cgroup_v2_find(cgroup);
	_cleanup_free_ char *names = NULL;
	char *save = NULL;

	if (!h || h->fd < 0)
		return 0;
	/* the kernel says which files a delegatee may own: cgroups(7) */
	if (fd_read_file(AT_FDCWD, "/sys/kernel/cgroup/delegate", CGROUP_FILE_MAX, &names, NULL,
			 NULL) < 0)
		names = strdup("cgroup.procs\ncgroup.threads\ncgroup.subtree_control\n");
	if (!names)
		return error_set(err, ENOMEM, "cgroup");
	/* or a container could build a tree that nobody can take down; these two files stay root's */
	(void)fd_write_file(h->fd, "cgroup.max.depth", DELEGATED_DEPTH_MAX, NULL);
	(void)fd_write_file(h->fd, "cgroup.max.descendants", DELEGATED_FOLDERS_MAX, NULL);
	if (fchown(h->fd, uid, gid) < 0)
		return error_set(err, errno, "cannot delegate '%s/%s'", h->mount, h->path);
	for (char *name = strtok_r(names, "\n", &save); name; name = strtok_r(NULL, "\n", &save))
		if (fchownat(h->fd, name, uid, gid, AT_SYMLINK_NOFOLLOW) < 0 && errno != ENOENT)
			return error_set(err, errno, "cannot delegate '%s/%s/%s'", h->mount,
					 h->path, name);
	return 0;
}

/* ---- enter ----------------------------------------------------------------------------------------------------- */

/* A process that was cloned into the folder is there; moving it again would cost an RCU grace period. */
static bool is_in(const struct membership *memberships, size_t n, const struct hierarchy *h)
{
	const char *controllers = str_after(h->options, "none,");

	if (!controllers)
		controllers = h->options;
	for (size_t i = 0; i < n; i++)
		if (str_eq(memberships[i].controllers, controllers) &&
		    memberships[i].path[0] == '/' && str_eq(memberships[i].path + 1, h->path))
			return true;
	return false;
}

int cgroup_enter(struct cgroup *cgroup, pid_t pid, struct error *err)
{
	struct membership memberships[CGROUP_HIERARCHIES_MAX];
	_cleanup_free_ char *text = NULL;
	char path[64], number[16];
	size_t n = 0;

	(void)str_format(path, sizeof(path), pid ? "/proc/%d/cgroup" : "/proc/self/cgroup", pid);
	if (fd_read_file(AT_FDCWD, path, CGROUP_FILE_MAX, &text, NULL, NULL) == 0)
		n = cgroup_parse_memberships(text, memberships, CGROUP_HIERARCHIES_MAX);
	(void)str_format(number, sizeof(number), "%d", pid);
	for (size_t i = 0; i < cgroup->n; i++) {
		const struct hierarchy *h = &cgroup->list[i];
		int r;

		if (h->fd < 0)
			return error_text(err, ENOENT, "'%s/%s' is gone", h->mount, h->path);
		if (is_in(memberships, n, h))
			continue;
		r = fd_write_file(h->fd, pid || h->is_v2 ? "cgroup.procs" : "tasks", number, err);
		if (r < 0)
			return error_wrap(err, "cannot move a process into '%s/%s'", h->mount,
					  h->path);
	}
	return 0;
}

int cgroup_open_entries(const struct cgroup *cgroup, int *ret_fds, size_t *ret_n, struct error *err)
{
	*ret_n = 0;
	for (size_t i = 0; i < cgroup->n; i++) {
		const struct hierarchy *h = &cgroup->list[i];
		int fd;

		if (h->is_v2)
			continue;
		fd = openat(h->fd, "tasks", O_WRONLY | O_CLOEXEC);
		if (fd < 0) {
			int r = error_set(err, errno, "cannot open '%s/%s/tasks'", h->mount, h->path);

			while (*ret_n > 0)
				fd_close(ret_fds[--*ret_n]);
			return r;
		}
		ret_fds[(*ret_n)++] = fd;
	}
	return 0;
}

int cgroup_enter_opened(const int *fds, size_t n, struct error *err)
{
	for (size_t i = 0; i < n; i++) {
		int r = fd_write_all(fds[i], "0", 1, err);

		if (r < 0)
			return error_wrap(err, "cannot move into a cgroup");
	}
	return 0;
}

json_t *cgroup_features(void)
{
	int systemd = access(PATHS_SYSTEMD, X_OK) == 0; /* a build may leave it out: SYSTEMD=0 */

	return json_pack("{s:b, s:b, s:b, s:b, s:b}", "v1", 1, "v2", 1, "systemd", systemd,
			 "systemdUser", 0, "rdma", 1);
}

int cgroup_write_i64(int fd, const char *file, int64_t value, const char *unlimited, struct error *err)
{
	char text[32];

	if (value < 0 && unlimited)
		return fd_write_file(fd, file, unlimited, err);
	(void)str_format(text, sizeof(text), "%lld", (long long)value);
	return fd_write_file(fd, file, text, err);
}
