/* SPDX-License-Identifier: GPL-2.0-or-later */
/* mount_tree - see mount_tree.h. */
#include "mount_tree.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "container.h"
#include "copy_up.h"
#include "error.h"
#include "fd.h"
#include "mount_api.h"
#include "path.h"
#include "procfs.h"
#include "str.h"
#include "sys.h"
#include "terminal.h"

/* ---- plan ------------------------------------------------------------------------------------------------- */

static int plan_one(struct container *c, const struct spec_mount *mount, struct planned_mount *ret,
		    struct error *err)
{
	bool readonly;
	int r;

	ret->spec = mount;
	ret->source.fd = -EBADF;
	r = mount_options_parse(&c->spec->arena, mount, &ret->options, &ret->data, err);
	if (r < 0 || !ret->options.bind)
		return r;
	readonly = (ret->options.set | ret->options.set_all) & MOUNT_ATTR_RDONLY;
	return source_open(c->view, mount->source, ret->options.recursive, readonly, &ret->source,
			   err);
}

int mount_tree_plan(struct container *c, struct error *err)
{
	const struct spec_mount *mounts = c->spec->mounts.items;

	c->mounts.items = calloc(c->spec->mounts.n + 1, sizeof(*c->mounts.items));
	if (!c->mounts.items)
		return error_set(err, ENOMEM, "mounts");
	for (size_t i = 0; i < c->spec->mounts.n; i++) {
		int r = plan_one(c, &mounts[i], &c->mounts.items[i], err);

		c->mounts.n = i + 1;
		if (r < 0)
			return error_wrap(err, "mounts[%zu]", i);
	}
	return 0;
}

void mount_tree_done(struct container *c)
{
	for (size_t i = 0; i < c->mounts.n; i++)
		if (c->mounts.items[i].source.fd >= 0)
			source_done(&c->mounts.items[i].source);
	free(c->mounts.items);
	c->mounts = (struct mount_plan){ 0 };
}

/* ---- file systems of the container's own ------------------------------------------------------------------ */

/* uid= and gid= of an option are the container's; the superblock is made in the initial user namespace. */
static int set_option(const struct container *c, int fs_fd, const char *option, struct error *err)
{
	char key[64], number[16];
	const char *value = strchr(option, '=');
	uint32_t id;
	int r;

	if (!value)
		return mount_fs_set(fs_fd, option, NULL, err);
	r = str_format(key, sizeof(key), "%.*s", (int)(value - option), option);
	if (r < 0)
		return error_text(err, EINVAL, "mount option '%s' is too long", option);
	value++;
	if (str_eq(key, "uid") || str_eq(key, "gid")) {
		if (parse_u32(value, &id) < 0 ||
		    !(str_eq(key, "uid") ? idmap_host_uid(&c->state.map, id, &id) :
					   idmap_host_gid(&c->state.map, id, &id)))
			return error_text(err, EINVAL,
					  "mount option '%s' is not an id of the container", option);
		(void)str_format(number, sizeof(number), "%u", id);
		value = number;
	}
	return mount_fs_set(fs_fd, key, value, err);
}

static int new_fs(const struct container *c, const struct planned_mount *mount, uint64_t attr,
		  struct error *err)
{
	const char *type = mount->spec->type;
	_cleanup_close_ int fs_fd = mount_fs_open(type, err);
	int r;

	if (fs_fd < 0)
		return fs_fd;
	for (size_t i = 0; mount->data[i]; i++) {
		r = set_option(c, fs_fd, mount->data[i], err);
		if (r < 0)
			return r;
	}
	if (mount->spec->source && *mount->spec->source)
		(void)mount_fs_set(fs_fd, "source", mount->spec->source,
				   NULL); /* a name for mountinfo, no more */
	r = mount_fs_create(fs_fd, attr, err);
	if (r >= 0 && str_eq(type, "devpts")) /* its root belongs to the host's root, whoever makes it */
		(void)!fchownat(r, "", c->root_uid, c->root_gid, AT_EMPTY_PATH);
	return r;
}

/* Flags that a mount of its own starts without need no clearing. */
static uint64_t fs_attr(const struct planned_mount *mount)
{
	return mount->options.set | mount->options.set_all;
}

/* proc and sysfs belong on ordinary folders: an image that puts a link there wants labels and masks to go astray. */
static int open_target(const struct container *c, const char *destination, bool is_dir, bool follow,
		       struct error *err)
{
	const struct open_how how = {
		.flags = O_PATH | O_CLOEXEC,
		.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_SYMLINKS,
	};
	int fd;

	if (!follow) {
		fd = sys_openat2(c->root_fd, destination, &how);
		if (fd >= 0)
			return fd;
		if (errno == ELOOP)
			return error_text(err, EPERM,
					  "'%s' is a symbolic link in the image: the runtime mounts only on "
					  "ordinary folders there",
					  destination);
		if (errno != ENOENT) /* a look-up that a rename disturbs is no reason to follow links */
			return error_set(err, errno, "cannot open '%s' in the rootfs", destination);
	}
	if (is_dir)
		return path_make_dir_in_root(c->root_fd, destination, 0755, err);
	return path_make_file_in_root(c->root_fd, destination, 0755, err);
}

static int attach(const struct container *c, int mount_fd, const char *destination, bool is_dir,
		  bool follow, struct error *err)
{
	_cleanup_close_ int target_fd = open_target(c, destination, is_dir, follow, err);

	if (target_fd < 0)
		return target_fd;
	return mount_attach(mount_fd, target_fd, err);
}

/* ---- cgroup ----------------------------------------------------------------------------------------------- */

static int mount_one_hierarchy(const struct cgroup_hierarchy *h, uint64_t attr, struct error *err)
{
	_cleanup_close_ int fs_fd = mount_fs_open(h->is_v2 ? "cgroup2" : "cgroup", err);
	_cleanup_free_ char *options = strdup(h->options);
	char *save = NULL;
	int r;

	if (fs_fd < 0)
		return fs_fd;
	if (!options)
		return error_set(err, ENOMEM, "cgroup");
	(void)mount_fs_set(fs_fd, "source", "cgroup", NULL); /* a name for mountinfo, no more */
	for (char *word = strtok_r(options, ",", &save); word; word = strtok_r(NULL, ",", &save)) {
		char *value = strchr(word, '=');

		if (value)
			*value++ = 0;
		r = mount_fs_set(fs_fd, word, value, err);
		if (r < 0)
			return r;
	}
	return mount_fs_create(fs_fd, attr, err);
}

/* v1 and hybrid hosts: a tmpfs with one mount for each hierarchy, as the host has it. */
static int mount_cgroup_tree(const struct container *c, const struct planned_mount *mount,
			     const struct cgroup_hierarchy *list, size_t n, struct error *err)
{
	uint64_t attr = fs_attr(mount) & ~(uint64_t)MOUNT_ATTR_RDONLY;
	const char *destination = mount->spec->destination;
	_cleanup_close_ int fs_fd = mount_fs_open("tmpfs", err);
	_cleanup_close_ int tree_fd = -EBADF;
	int r;

	if (fs_fd < 0)
		return fs_fd;
	(void)mount_fs_set(fs_fd, "source", "cgroup", NULL);
	r = mount_fs_set(fs_fd, "mode", "755", err);
	if (r == 0)
		r = tree_fd = mount_fs_create(fs_fd, attr, err);
	if (r >= 0)
		r = attach(c, tree_fd, destination, true, true, err);
	for (size_t i = 0; r >= 0 && i < n; i++) {
		_cleanup_close_ int mount_fd = mount_one_hierarchy(&list[i], fs_attr(mount), err);
		_cleanup_close_ int target_fd = -EBADF;

		if (mount_fd < 0)
			return error_wrap(err, "hierarchy '%s'", list[i].name);
		if (mkdirat(tree_fd, list[i].name, 0755) < 0)
			return error_set(err, errno, "cannot make '%s/%s'", destination,
					 list[i].name);
		target_fd =
			openat(tree_fd, list[i].name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (target_fd < 0)
			return error_set(err, errno, "cannot open '%s/%s'", destination,
					 list[i].name);
		r = mount_attach(mount_fd, target_fd, err);
	}
	if (r >= 0 && fs_attr(mount) & MOUNT_ATTR_RDONLY)
		r = mount_change(tree_fd, MOUNT_ATTR_RDONLY, 0, 0, false, err);
	return r < 0 ? r : 0;
}

static int mount_cgroup(const struct container *c, const struct planned_mount *mount,
			struct error *err)
{
	struct cgroup_hierarchy list[CGROUP_HIERARCHIES_MAX];
	size_t n = cgroup_hierarchies(c->cgroup, list, CGROUP_HIERARCHIES_MAX);
	_cleanup_close_ int mount_fd = -EBADF;

	if (n != 1 || !list[0].is_v2)
		return mount_cgroup_tree(c, mount, list, n, err);
	mount_fd = mount_one_hierarchy(&list[0], fs_attr(mount), err);
	if (mount_fd < 0)
		return mount_fd;
	return attach(c, mount_fd, mount->spec->destination, true, true, err);
}

/* ---- one mount -------------------------------------------------------------------------------------------- */

int mount_tree_new_proc(struct container *c, struct error *err)
{
	int fd = procfs_new(c->pidns_fd, NULL, 0, err);

	return fd < 0 ? error_wrap(err, "proc") : fd;
}

static int mount_bind(const struct container *c, struct planned_mount *mount, struct error *err)
{
	const struct mount_options *o = &mount->options;
	_cleanup_close_ int fd =
		source_clone(c->view, &mount->source, o->recursive, c->userns_fd, err);
	uint64_t set = o->set,
		 kept = MOUNT_ATTR_NODEV; /* "dev" would open device nodes in a user's folder */
	int r;

	if (fd < 0)
		return fd;
	if (mount->source.kind == SOURCE_PLAIN) /* its files have the host's ids */
		kept |= MOUNT_ATTR_NOSUID;
	if (mount->source.force_readonly) {
		set |= MOUNT_ATTR_RDONLY;
		kept |= MOUNT_ATTR_RDONLY;
	}
	if (o->set_all || o->clear_all & ~kept) {
		r = mount_change(fd, o->set_all, o->clear_all & ~kept, 0, true, err);
		if (r < 0)
			return r;
	}
	if (set || o->clear & ~kept) {
		r = mount_change(fd, set, o->clear & ~kept, 0, false, err);
		if (r < 0)
			return r;
	}
	return attach(c, fd, mount->spec->destination, mount->source.is_dir, true, err);
}

/* A tmpfs that starts with what the image has there, and is read-only only then. */
static int mount_copied_up(const struct container *c, const struct planned_mount *mount,
			   struct error *err)
{
	_cleanup_close_ int target_fd = open_target(c, mount->spec->destination, true, true, err);
	_cleanup_close_ int from_fd = -EBADF, fd = -EBADF, to_fd = -EBADF;
	int r;

	if (target_fd < 0)
		return target_fd;
	from_fd = openat(target_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (from_fd < 0)
		return error_set(err, errno, "cannot open the folder below");
	fd = new_fs(c, mount, fs_attr(mount) & ~(uint64_t)MOUNT_ATTR_RDONLY, err);
	if (fd < 0)
		return fd;
	to_fd = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (to_fd < 0)
		return error_set(err, errno, "cannot open the new file system");
	r = copy_up(from_fd, to_fd, err);
	if (r == 0 && fs_attr(mount) & MOUNT_ATTR_RDONLY)
		r = mount_change(fd, MOUNT_ATTR_RDONLY, 0, 0, false, err);
	return r < 0 ? r : mount_attach(fd, target_fd, err);
}

static int mount_fs(struct container *c, const struct planned_mount *mount, struct error *err)
{
	bool is_proc = str_eq(mount->spec->type, "proc"),
	     is_sysfs = str_eq(mount->spec->type, "sysfs");
	_cleanup_close_ int fd = -EBADF;

	if (str_eq(mount->spec->type, "cgroup") || str_eq(mount->spec->type, "cgroup2"))
		return mount_cgroup(c, mount, err);
	if (mount->options.copy_up && str_eq(mount->spec->type, "tmpfs"))
		return mount_copied_up(c, mount, err);
	if (is_proc)
		fd = procfs_new(c->pidns_fd, mount->data, fs_attr(mount), err);
	else
		fd = new_fs(c, mount, fs_attr(mount), err);
	if (fd < 0)
		return fd;
	return attach(c, fd, mount->spec->destination, true, !is_proc && !is_sysfs, err);
}

/* ---- /dev ------------------------------------------------------------------------------------------------- */

/* The slave by its descriptor, on a file of our own tmpfs: no name an image chose is involved. */
static int mount_console(const struct container *c, struct error *err)
{
	_cleanup_close_ int mount_fd = -EBADF, target_fd = -EBADF;

	target_fd = path_make_file_in_root(c->root_fd, "/dev/console", 0755, err);
	if (target_fd < 0)
		return error_wrap(err, "/dev/console");
	mount_fd = mount_clone(c->slave_fd, false, err);
	if (mount_fd < 0)
		return error_wrap(err, "/dev/console");
	return mount_attach(mount_fd, target_fd, err);
}

static int make_terminal(struct container *c, struct error *err)
{
	const struct process *process = c->spec->process;
	char name[128];
	int r;

	r = terminal_open(c->root_fd, process->console_size.height, process->console_size.width,
			  &c->master_fd, &c->slave_fd, name, err);
	if (r < 0)
		return r;
	if (c->options->console_socket) {
		r = terminal_send_master(c->options->console_socket, c->master_fd, name, err);
		if (r < 0)
			return r;
		c->master_fd = fd_close(c->master_fd);
	}
	return mount_console(c, err);
}

/* Whether the last mount on /dev is a tmpfs that we made; a volume there is somebody else's folder. */
static bool dev_is_ours(const struct container *c)
{
	bool ours = false;

	for (size_t i = 0; i < c->mounts.n; i++) {
		const struct planned_mount *mount = &c->mounts.items[i];
		const char *rest = str_after(mount->spec->destination, "/dev");

		if (rest && strspn(rest, "/") == strlen(rest))
			ours = !mount->options.bind && str_eq(mount->spec->type, "tmpfs");
	}
	return ours;
}

int mount_tree_build(struct container *c, struct error *err)
{
	int r;

	for (size_t i = 0; i < c->mounts.n; i++) {
		struct planned_mount *mount = &c->mounts.items[i];

		r = mount->options.bind ? mount_bind(c, mount, err) : mount_fs(c, mount, err);
		if (r < 0)
			return error_wrap(err, "mounts[%zu] on '%s'", i, mount->spec->destination);
	}
	r = devices_make(c->root_fd, &c->devices, dev_is_ours(c), &c->state.map, err);
	if (r < 0)
		return error_wrap(err, "/dev");
	if (c->spec->process && c->spec->process->terminal) {
		r = make_terminal(c, err);
		if (r < 0)
			return error_wrap(err, "process.terminal");
	}
	return 0;
}
