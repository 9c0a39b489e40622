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
#include <sys/xattr.h>
#include <unistd.h>

#include "container.h"
#include "copy_up.h"
#include "error.h"
#include "fd.h"
#include "mount_api.h"
#include "mount_idmap.h"
#include "path.h"
#include "procfs.h"
#include "str.h"
#include "sys.h"
#include "terminal.h"

/* ---- plan ------------------------------------------------------------------------------------------------- */

static int check_idmap(const struct container *c, const struct planned_mount *mount, struct error *err)
{
	const struct spec_mount *spec = mount->spec;

	if (!mount->options.idmap && !spec->uid_mappings.n)
		return 0;
	return mount_idmap_check(spec, &mount->source, &c->state.map, err);
}

static int plan_one(struct container *c, const struct spec_mount *mount, struct planned_mount *ret,
		    struct error *err)
{
	bool readonly;
	int r;

	ret->spec = mount;
	ret->source.fd = ret->readonly_fd = -EBADF;
	r = mount_options_parse(&c->spec->arena, mount, &ret->options, &ret->data, err);
	if (r < 0 || !ret->options.bind || ret->options.remount)
		return r;
	readonly = (ret->options.set | ret->options.set_all) & MOUNT_ATTR_RDONLY;
	r = source_open(c->view, mount->source, ret->options.recursive, readonly, &ret->source, err);
	return r < 0 ? r : check_idmap(c, ret, err);
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
	for (size_t i = 0; i < c->mounts.n; i++) {
		if (c->mounts.items[i].source.fd >= 0)
			source_done(&c->mounts.items[i].source);
		fd_close(c->mounts.items[i].readonly_fd);
	}
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

/* What has no labels of its own gets one; proc and sysfs have the policy's. An option of the spec's own comes first. */
static int set_label(const struct container *c, const struct planned_mount *mount, int fs_fd,
		     struct error *err)
{
	const char *label = c->spec->linux_.mount_label, *type = mount->spec->type;

	if (!label || !*label || str_eq(type, "proc") || str_eq(type, "sysfs") ||
	    str_eq(type, "mqueue") || str_eq(type, "cgroup2"))
		return 0;
	for (size_t i = 0; mount->data[i]; i++)
		if (str_after(mount->data[i], "context="))
			return 0;
	return mount_fs_set(fs_fd, "context", label, err);
}

/* mqueue keeps a label, but takes none as an option. */
static int label_root(const struct container *c, int mount_fd, struct error *err)
{
	const char *label = c->spec->linux_.mount_label;
	_cleanup_close_ int fd = -EBADF;

	if (!label || !*label)
		return 0;
	fd = openat(mount_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || fsetxattr(fd, "security.selinux", label, strlen(label) + 1, 0) < 0)
		return error_set(err, errno, "linux.mountLabel: cannot label the file system");
	return 0;
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
	r = set_label(c, mount, fs_fd, err);
	if (r < 0)
		return r;
	if (mount->spec->source && *mount->spec->source)
		(void)mount_fs_set(fs_fd, "source", mount->spec->source,
				   NULL); /* a name for mountinfo, no more */
	r = mount_fs_create(fs_fd, attr, err);
	if (r >= 0 && str_eq(type, "devpts")) /* its root belongs to the host's root, whoever makes it */
		(void)!fchownat(r, "", c->root_uid, c->root_gid, AT_EMPTY_PATH);
	return r;
}

/* Flags that a mount of its own starts without need no clearing. What is said of all below it is said of it last. */
static uint64_t fs_attr(const struct planned_mount *mount)
{
	return (mount->options.set & ~mount->options.clear_all) | mount->options.set_all;
}

/* As under runc, such a file system is filled first: mount points, device nodes, whatever hooks put there. */
static bool is_filled_first(const struct planned_mount *mount)
{
	return !mount->options.bind && str_eq(mount->spec->type, "tmpfs");
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

/* On what @target_fd points to. The id stays what it is, and tells a remount whose mount it has found. */
static int attach_at(struct planned_mount *mount, int mount_fd, int target_fd, struct error *err)
{
	int r = mount_id(mount_fd, &mount->id, err);

	return r < 0 ? r : mount_attach(mount_fd, target_fd, err);
}

static int attach(const struct container *c, struct planned_mount *mount, int mount_fd, bool is_dir,
		  bool follow, struct error *err)
{
	_cleanup_close_ int target_fd = open_target(c, mount->spec->destination, is_dir, follow, err);

	return target_fd < 0 ? target_fd : attach_at(mount, mount_fd, target_fd, err);
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
static int mount_cgroup_tree(const struct container *c, struct planned_mount *mount,
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
		r = set_label(c, mount, fs_fd, err);
	if (r == 0)
		r = tree_fd = mount_fs_create(fs_fd, attr, err);
	if (r >= 0)
		r = attach(c, mount, tree_fd, true, true, err);
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

static int mount_cgroup(const struct container *c, struct planned_mount *mount, struct error *err)
{
	struct cgroup_hierarchy list[CGROUP_HIERARCHIES_MAX];
	size_t n = cgroup_hierarchies(c->cgroup, list, CGROUP_HIERARCHIES_MAX);
	_cleanup_close_ int mount_fd = -EBADF;

	if (n != 1 || !list[0].is_v2)
		return mount_cgroup_tree(c, mount, list, n, err);
	mount_fd = mount_one_hierarchy(&list[0], fs_attr(mount), err);
	if (mount_fd < 0)
		return mount_fd;
	return attach(c, mount, mount_fd, true, true, err);
}

/* ---- one mount -------------------------------------------------------------------------------------------- */

int mount_tree_new_proc(struct container *c, struct error *err)
{
	int fd = procfs_new(c->pidns_fd, NULL, 0, err);

	return fd < 0 ? error_wrap(err, "proc") : fd;
}

/* What no option takes off: these flags are there for the host's sake. */
static uint64_t kept_attr(const struct planned_mount *mount)
{
	uint64_t kept = 0;

	if (!mount->options.bind)
		return kept;
	kept |= MOUNT_ATTR_NODEV; /* "dev" would open device nodes in a user's folder */
	if (mount->source.kind == SOURCE_PLAIN) /* its files have the host's ids */
		kept |= MOUNT_ATTR_NOSUID;
	if (mount->source.force_readonly)
		kept |= MOUNT_ATTR_RDONLY;
	return kept;
}

/* First the mount itself, then what is said recursively, as runc: {"rw", "rro"} is read-only. */
static int change_attr(int fd, const struct mount_options *o, uint64_t kept, struct error *err)
{
	int r = 0;

	if (o->set || o->clear & ~kept)
		r = mount_change(fd, o->set, o->clear & ~kept, 0, false, err);
	if (r == 0 && (o->set_all || o->clear_all & ~kept))
		r = mount_change(fd, o->set_all, o->clear_all & ~kept, 0, true, err);
	return r;
}

static int mount_bind(const struct container *c, struct planned_mount *mount, struct error *err)
{
	_cleanup_close_ int fd =
		source_clone(c->view, &mount->source, mount->options.recursive, c->userns_fd, err);
	int r;

	if (fd < 0)
		return fd;
	r = change_attr(fd, &mount->options, kept_attr(mount), err);
	if (r == 0 && mount->source.force_readonly)
		r = mount_change(fd, MOUNT_ATTR_RDONLY, 0, 0, false, err);
	return r < 0 ? r : attach(c, mount, fd, mount->source.is_dir, true, err);
}

/* A tmpfs that starts with what the image has there. */
static int mount_copied_up(const struct container *c, struct planned_mount *mount, uint64_t attr,
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
	fd = new_fs(c, mount, attr, err);
	if (fd < 0)
		return fd;
	to_fd = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (to_fd < 0)
		return error_set(err, errno, "cannot open the new file system");
	r = copy_up(from_fd, to_fd, err);
	if (r == 0)
		r = attach_at(mount, fd, target_fd, err);
	return r < 0 ? r : take_fd(&fd);
}

static int mount_tmpfs(const struct container *c, struct planned_mount *mount, struct error *err)
{
	uint64_t attr = fs_attr(mount) & ~(uint64_t)MOUNT_ATTR_RDONLY;
	_cleanup_close_ int fd = -EBADF;
	int r = 0;

	if (mount->options.copy_up) {
		r = fd = mount_copied_up(c, mount, attr, err);
	} else {
		r = fd = new_fs(c, mount, attr, err);
		if (r >= 0)
			r = attach(c, mount, fd, true, true, err);
	}
	if (r >= 0 && fs_attr(mount) & MOUNT_ATTR_RDONLY)
		mount->readonly_fd = take_fd(&fd);
	return r < 0 ? r : 0;
}

static int mount_fs(struct container *c, struct planned_mount *mount, struct error *err)
{
	bool is_proc = str_eq(mount->spec->type, "proc"),
	     is_sysfs = str_eq(mount->spec->type, "sysfs");
	_cleanup_close_ int fd = -EBADF;
	int r = 0;

	if (str_eq(mount->spec->type, "cgroup") || str_eq(mount->spec->type, "cgroup2"))
		return mount_cgroup(c, mount, err);
	if (is_filled_first(mount))
		return mount_tmpfs(c, mount, err);
	if (is_proc)
		fd = procfs_new(c->pidns_fd, mount->data, fs_attr(mount), err);
	else
		fd = new_fs(c, mount, fs_attr(mount), err);
	if (fd < 0)
		return fd;
	if (str_eq(mount->spec->type, "mqueue"))
		r = label_root(c, fd, err);
	return r < 0 ? r : attach(c, mount, fd, true, !is_proc && !is_sysfs, err);
}

/* ---- remount ---------------------------------------------------------------------------------------------- */

static struct planned_mount *find_mounted(struct container *c, uint64_t id)
{
	for (size_t i = 0; i < c->mounts.n; i++)
		if (c->mounts.items[i].id == id)
			return &c->mounts.items[i];
	return NULL;
}

static bool is_root_mount(const struct container *c, uint64_t id)
{
	uint64_t root_id;

	return mount_id(c->root_fd, &root_id, NULL) == 0 && root_id == id;
}

/* Superblocks that are shared with the host (cgroup, what a bind shows) are not a container's to change. */
static bool has_own_superblock(const struct planned_mount *mount)
{
	static const char *const types[] = { "tmpfs", "proc", "devpts" };

	for (size_t i = 0; !mount->options.bind && i < sizeof(types) / sizeof(types[0]); i++)
		if (str_eq(types[i], mount->spec->type))
			return true;
	return false;
}

static int reconfigure(const struct container *c, const struct planned_mount *mount,
		       const struct planned_mount *target, int target_fd, struct error *err)
{
	_cleanup_close_ int fs_fd = -EBADF;
	char quoted[64];

	if (!mount->data[0])
		return 0;
	if (!has_own_superblock(target))
		return error_text(err, EPERM,
				  "remount changes flags of this mount alone, because its file system is not the "
				  "container's own: leave '%s' out",
				  str_quote(mount->data[0], quoted, sizeof(quoted)));
	fs_fd = mount_fs_pick(target_fd, err);
	if (fs_fd < 0)
		return fs_fd;
	for (size_t i = 0; mount->data[i]; i++) {
		int r = set_option(c, fs_fd, mount->data[i], err);

		if (r < 0)
			return r;
	}
	return mount_fs_reconfigure(fs_fd, err);
}

/* The container's root: never less than it has, and read-only only when everything is in it, as root.readonly. */
static int remount_root(struct container *c, const struct planned_mount *mount, struct error *err)
{
	struct mount_options o = mount->options;
	char quoted[64];

	if (mount->data[0])
		return error_text(err, EPERM,
				  "remount of the root changes its flags alone: leave '%s' out",
				  str_quote(mount->data[0], quoted, sizeof(quoted)));
	if (o.set_all & MOUNT_ATTR_RDONLY) /* /dev among them, which is not ready yet */
		return error_text(err, EPERM,
				  "remount of the root cannot be 'rro': use 'ro', and 'ro' at the mounts below");
	if (o.set & MOUNT_ATTR_RDONLY)
		c->spec->root->readonly = true;
	o.set &= ~(uint64_t)MOUNT_ATTR_RDONLY;
	return change_attr(c->root_fd, &o, ~(uint64_t)MOUNT_ATTR__ATIME, err);
}

/* As when it was made: read-only when all is in it; for what is mounted below by now, "rro" holds at once. */
static int remount_tmpfs(const struct mount_options *o, struct planned_mount *target, int *fd,
			 struct error *err)
{
	const uint64_t ro = MOUNT_ATTR_RDONLY;
	int r;

	if ((o->set | o->set_all | o->clear | o->clear_all) & ro)
		target->readonly_fd = fd_close(target->readonly_fd);
	r = change_attr(*fd, o, kept_attr(target), err);
	if (r < 0 || !((o->set & ~o->clear_all) & ro || o->set_all & ro))
		return r;
	r = mount_change(*fd, 0, ro, 0, false, err);
	if (r == 0)
		target->readonly_fd = take_fd(fd);
	return r;
}

static int remount_own(struct container *c, const struct planned_mount *mount,
		       struct planned_mount *target, int *target_fd, struct error *err)
{
	const struct mount_options *o = &mount->options;
	int r = reconfigure(c, mount, target, *target_fd, err);

	if (r < 0)
		return r;
	return is_filled_first(target) ? remount_tmpfs(o, target, target_fd, err) :
					 change_attr(*target_fd, o, kept_attr(target), err);
}

/* As mount(8): what is named is changed, the rest stays. mount(2) alone would drop a flag that is not repeated. */
static int remount(struct container *c, const struct planned_mount *mount, struct error *err)
{
	_cleanup_close_ int fd = path_open_in_root(c->root_fd, mount->spec->destination, O_PATH, err);
	struct planned_mount *target = NULL;
	uint64_t id = 0;
	int r = fd;

	if (fd == -ENOENT || fd == -ENOTDIR)
		return error_text(err, ENOENT, "remount: there is nothing of that name");
	if (fd >= 0)
		r = mount_id(fd, &id, err);
	if (r == 0 && is_root_mount(c, id))
		return remount_root(c, mount, err);
	if (r == 0)
		target = find_mounted(c, id);
	if (target)
		return remount_own(c, mount, target, &fd, err);
	if (r < 0 && r != -EINVAL)
		return r;
	return error_text(err, EINVAL,
			  "remount changes what an earlier entry of mounts[] has mounted, and none has mounted this");
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

/*
 * Whether what is on /dev now is a tmpfs that we made; a volume there is somebody else's folder, however it got there: by a
 * link of the image, too.
 */
static bool dev_is_ours(const struct container *c)
{
	_cleanup_close_ int fd = path_open_in_root(c->root_fd, "/dev", O_PATH, NULL);
	bool ours = false;
	uint64_t id;

	if (fd < 0 || mount_id(fd, &id, NULL) < 0)
		return false;
	for (size_t i = 0; i < c->mounts.n; i++) {
		const struct planned_mount *mount = &c->mounts.items[i];
		const char *rest = str_after(mount->spec->destination, "/dev");

		if (mount->options.remount)
			continue;
		if (rest && strspn(rest, "/") == strlen(rest))
			ours = !mount->options.bind && str_eq(mount->spec->type, "tmpfs") &&
			       mount->id == id;
	}
	return ours;
}

int mount_tree_build(struct container *c, struct error *err)
{
	int r;

	for (size_t i = 0; i < c->mounts.n; i++) {
		struct planned_mount *mount = &c->mounts.items[i];

		if (mount->options.remount)
			r = remount(c, mount, err);
		else
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

int mount_tree_finish(struct container *c, struct error *err)
{
	for (size_t i = 0; i < c->mounts.n; i++) {
		struct planned_mount *mount = &c->mounts.items[i];
		int r;

		if (mount->readonly_fd < 0)
			continue;
		r = mount_change(mount->readonly_fd, MOUNT_ATTR_RDONLY, 0, 0, false, err);
		if (r < 0)
			return error_wrap(err, "mounts[%zu] on '%s'", i, mount->spec->destination);
		mount->readonly_fd = fd_close(mount->readonly_fd);
	}
	return 0;
}

/* ---- propagation ------------------------------------------------------------------------------------------ */

/* Everything is private until somebody says otherwise. */
static bool says_propagation(const struct container *c, const struct mount_options *o)
{
	const char *root = c->spec->linux_.rootfs_propagation;

	return o->propagation && (o->propagation != MS_PRIVATE || (root && *root));
}

int mount_tree_propagate(const struct container *c, struct error *err)
{
	_cleanup_close_ int root_fd = -EBADF;
	uint64_t id;

	for (size_t i = 0; i < c->mounts.n; i++) {
		const struct planned_mount *mount = &c->mounts.items[i];
		const struct mount_options *o = &mount->options;
		_cleanup_close_ int fd = -EBADF;
		int r = 0;

		if (!says_propagation(c, o))
			continue;
		if (root_fd < 0)
			root_fd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
		if (root_fd < 0)
			return error_set(err, errno, "cannot open the root");
		fd = path_open_in_root(root_fd, mount->spec->destination, O_PATH, NULL);
		if (fd >= 0 && mount_id(fd, &id, NULL) == 0) /* else a later mount hides it */
			r = mount_change(fd, 0, 0, o->propagation, o->propagate_all, err);
		if (r < 0)
			return error_wrap(err, "mounts[%zu] on '%s'", i, mount->spec->destination);
	}
	return 0;
}
