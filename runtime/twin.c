/* SPDX-License-Identifier: GPL-2.0-or-later */
/* twin - see twin.h. */
#include "twin.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/vfs.h>

#include "error.h"
#include "fd.h"
#include "mount_api.h"
#include "mountinfo.h"
#include "path.h"
#include "source.h"
#include "str.h"

struct twin {
	int lower_fds[TWIN_LAYERS_MAX]; /* O_PATH, topmost first */
	size_t n_lowers;
	int upper_parent_fd; /* -EBADF: no upper layer */
	char upper_name[NAME_MAX + 1];
	char work_path[PATH_MAX];
	char *options; /* of the engine's overlay, to copy from */
};

/* Options that change what is on disk or how it reads: the twin must agree with the original. */
static const char *const copied_options[] = { "redirect_dir", "metacopy", "xino", "uuid", "verity" };
static const char *const copied_flags[] = { "userxattr", "volatile" };

/* ---- plan ------------------------------------------------------------------------------------------------- */

/* Layers may be given relative to the folder the engine mounted from: for Docker the parent of ID/merged. */
static int resolve_layer(const char *layer, const char *target, char *buf, struct error *err)
{
	char base[PATH_MAX];
	int r;

	if (layer[0] == '/') {
		r = str_format(buf, PATH_MAX, "%s", layer);
	} else {
		r = str_format(base, sizeof(base), "%s", target);
		for (int i = 0; r == 0 && i < 2; i++) {
			char *slash = strrchr(base, '/');

			if (!slash)
				return error_text(err, EINVAL,
						  "the overlay's layer '%s' is relative", layer);
			*slash = 0;
		}
		r = r < 0 ? r : str_format(buf, PATH_MAX, "%s/%s", base, layer);
	}
	return r < 0 ? error_set(err, -r, "the overlay's layer '%s'", layer) : 0;
}

static int open_layer(const char *path, struct source_view *view, struct error *err)
{
	_cleanup_close_ int fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	int r;

	if (fd < 0)
		return error_set(err, errno, "cannot open the overlay's layer '%s'", path);
	r = source_check_layer(view, fd, err);
	if (r < 0)
		return r;
	return take_fd(&fd);
}

static int add_lower(struct twin *twin, const char *layer, const char *target,
		     struct source_view *view, struct error *err)
{
	char path[PATH_MAX];
	int r;

	if (twin->n_lowers == TWIN_LAYERS_MAX)
		return error_text(err, E2BIG, "the overlay has more than %d layers", TWIN_LAYERS_MAX);
	r = resolve_layer(layer, target, path, err);
	if (r < 0)
		return r;
	r = open_layer(path, view, err);
	if (r < 0)
		return r;
	twin->lower_fds[twin->n_lowers++] = r;
	return 0;
}

/* Takes the next item of a list in place; "\:" and "\\" are overlayfs's escapes. Returns what follows, or NULL. */
static char *next_item(char *list, char separator)
{
	char *out = list, *in = list;

	for (; *in && *in != separator; in++) {
		if (*in == '\\' && in[1])
			in++;
		*out++ = *in;
	}
	if (!*in) {
		*out = 0;
		return NULL;
	}
	*out = 0;
	return in + 1;
}

/* The classic form: lowerdir=TOP:NEXT:..., "::" starting data-only layers. */
static int add_lower_list(struct twin *twin, char *list, const char *target,
			  struct source_view *view, struct error *err)
{
	for (char *item = list, *next; item; item = next) {
		int r;

		next = next_item(item, ':');
		if (!*item)
			return error_text(err, ENOTSUP,
					  "the overlay has data-only layers, which this version of "
					  "bulwark cannot id-map");
		r = add_lower(twin, item, target, view, err);
		if (r < 0)
			return r;
	}
	return 0;
}

/* The form of fsconfig(2), Linux 6.5: one lowerdir+= for each layer. */
static int add_lower_each(struct twin *twin, const char *options, const char *target,
			  struct source_view *view, struct error *err)
{
	_cleanup_free_ char *copy = strdup(options);

	if (!copy)
		return error_set(err, ENOMEM, "overlay options");
	for (char *item = copy, *next; item; item = next) {
		char *comma = item;
		const char *layer;
		int r;

		while (*comma && *comma != ',')
			comma += *comma == '\\' && comma[1] ? 2 : 1;
		next = *comma ? comma + 1 : NULL;
		*comma = 0;
		if (str_after(item, "datadir+="))
			return error_text(err, ENOTSUP,
					  "the overlay has data-only layers, which this version of "
					  "bulwark cannot id-map");
		layer = str_after(item, "lowerdir+=");
		if (!layer)
			continue;
		(void)next_item((char *)layer, 0);
		r = add_lower(twin, layer, target, view, err);
		if (r < 0)
			return r;
	}
	return 0;
}

static int plan_upper(struct twin *twin, char *upper, const char *target, struct source_view *view,
		      struct error *err)
{
	char path[PATH_MAX], *slash;
	int r;

	(void)next_item(upper, 0);
	r = resolve_layer(upper, target, path, err);
	if (r < 0)
		return r;
	slash = strrchr(path, '/');
	if (slash == path || !slash[1])
		return error_text(err, EINVAL,
				  "the overlay's upper folder '%s' has no parent to map", path);
	if (str_format(twin->upper_name, sizeof(twin->upper_name), "%s", slash + 1) < 0)
		return error_text(err, ENAMETOOLONG, "the overlay's upper folder '%s'", path);
	*slash = 0;
	r = open_layer(path, view, err);
	if (r < 0)
		return r;
	twin->upper_parent_fd = r;
	r = path_of_fd(twin->upper_parent_fd, path, err);
	if (r < 0)
		return r;
	if (str_format(twin->work_path, sizeof(twin->work_path), "%s/%s", path, TWIN_WORK_NAME) < 0)
		return error_text(err, ENAMETOOLONG, "the overlay's folder '%s'", path);
	return 0;
}

static int plan_layers(struct twin *twin, const struct mountinfo_entry *overlay,
		       struct source_view *view, struct error *err)
{
	_cleanup_free_ char *lower = mountinfo_option(overlay->fs_options, "lowerdir");
	_cleanup_free_ char *upper = mountinfo_option(overlay->fs_options, "upperdir");
	int r;

	if (lower)
		r = add_lower_list(twin, lower, overlay->target, view, err);
	else
		r = add_lower_each(twin, overlay->fs_options, overlay->target, view, err);
	if (r < 0)
		return r;
	if (!twin->n_lowers)
		return error_text(err, EINVAL, "the overlay at '%s' names no lower layer",
				  overlay->target);
	return upper ? plan_upper(twin, upper, overlay->target, view, err) : 0;
}

int twin_plan(const struct mountinfo_entry *overlay, struct source_view *view, struct twin **ret,
	      struct error *err)
{
	struct twin *twin = calloc(1, sizeof(*twin));
	int r;

	if (!twin)
		return error_set(err, ENOMEM, "overlay");
	twin->upper_parent_fd = -EBADF;
	twin->options = strdup(overlay->fs_options);
	r = twin->options ? plan_layers(twin, overlay, view, err) : error_set(err, ENOMEM, "overlay");
	if (r < 0) {
		twin_free(twin);
		return r;
	}
	*ret = twin;
	return 0;
}

const char *twin_work_path(const struct twin *twin)
{
	return *twin->work_path ? twin->work_path : NULL;
}

void twin_free(struct twin *twin)
{
	if (!twin)
		return;
	for (size_t i = 0; i < twin->n_lowers; i++)
		fd_close(twin->lower_fds[i]);
	fd_close(twin->upper_parent_fd);
	free(twin->options);
	free(twin);
}

/* ---- mount ------------------------------------------------------------------------------------------------ */

static int clone_mapped(int fd, int userns_fd, struct error *err)
{
	_cleanup_close_ int mount_fd = mount_clone(fd, false, err);
	int r;

	if (mount_fd < 0)
		return mount_fd;
	r = mount_change(mount_fd, 0, 0, MS_PRIVATE, false, err);
	if (r == 0)
		r = mount_idmap(mount_fd, userns_fd, false, err);
	return r < 0 ? r : take_fd(&mount_fd);
}

/* Replaces each layer's descriptor by an id-mapped clone; a detached clone lives as long as its descriptor. */
static int map_layers(struct twin *twin, int userns_fd, struct error *err)
{
	for (size_t i = 0; i < twin->n_lowers; i++) {
		int fd = clone_mapped(twin->lower_fds[i], userns_fd, err);

		if (fd < 0)
			return error_wrap(err, "layer %zu of the overlay", i);
		fd_close(twin->lower_fds[i]);
		twin->lower_fds[i] = fd;
	}
	if (twin->upper_parent_fd >= 0) {
		int fd = clone_mapped(twin->upper_parent_fd, userns_fd, err);

		if (fd < 0)
			return error_wrap(err, "the overlay's upper layer");
		fd_close(twin->upper_parent_fd);
		twin->upper_parent_fd = fd;
		if (mkdirat(fd, TWIN_WORK_NAME, 0700) < 0 && errno != EEXIST)
			return error_set(err, errno, "cannot make the work folder '%s'",
					 twin->work_path);
	}
	return 0;
}

static int copy_options(const struct twin *twin, int fs_fd, struct error *err)
{
	_cleanup_free_ char *label = mountinfo_label(twin->options);
	int r;

	if (label) {
		r = mount_fs_set(fs_fd, "context", label, err);
		if (r < 0)
			return r;
	}

	for (size_t i = 0; i < sizeof(copied_options) / sizeof(copied_options[0]); i++) {
		_cleanup_free_ char *value = mountinfo_option(twin->options, copied_options[i]);

		if (!value)
			continue;
		r = mount_fs_set(fs_fd, copied_options[i], value, err);
		if (r < 0)
			return r;
	}
	for (size_t i = 0; i < sizeof(copied_flags) / sizeof(copied_flags[0]); i++) {
		_cleanup_free_ char *value = mountinfo_option(twin->options, copied_flags[i]);

		if (!value)
			continue;
		r = mount_fs_set(fs_fd, copied_flags[i], NULL, err);
		if (r < 0)
			return r;
	}
	return mount_fs_set(fs_fd, "index", "off", err);
}

static int set_upper_fds(const struct twin *twin, int fs_fd, struct error *err)
{
	_cleanup_close_ int upper_fd = -EBADF, work_fd = -EBADF;
	int r;

	upper_fd = openat(twin->upper_parent_fd, twin->upper_name,
			  O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	work_fd = openat(twin->upper_parent_fd, TWIN_WORK_NAME,
			 O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (upper_fd < 0 || work_fd < 0)
		return error_set(err, errno, "cannot open the overlay's upper and work folders");
	r = mount_fs_set_fd(fs_fd, "upperdir", upper_fd, err);
	return r < 0 ? r : mount_fs_set_fd(fs_fd, "workdir", work_fd, err);
}

/* Layers handed over as descriptors: Linux 6.13. -EINVAL at the first one means an older kernel. */
static int mount_by_fds(const struct twin *twin, struct error *err)
{
	_cleanup_close_ int fs_fd = mount_fs_open("overlay", err);
	int r;

	if (fs_fd < 0)
		return fs_fd;
	for (size_t i = 0; i < twin->n_lowers; i++) {
		r = mount_fs_set_fd(fs_fd, "lowerdir+", twin->lower_fds[i], err);
		if (r < 0)
			return i ? error_wrap(err, "layer %zu", i) : -EOPNOTSUPP;
	}
	if (twin->upper_parent_fd >= 0) {
		r = set_upper_fds(twin, fs_fd, err);
		if (r < 0)
			return r;
	}
	r = copy_options(twin, fs_fd, err);
	if (r < 0)
		return r;
	(void)mount_fs_set(fs_fd, "source", "overlay", NULL); /* a name for mountinfo, nothing else */
	return mount_fs_create(fs_fd, MOUNT_ATTR_NODEV, err);
}

/* A growing option string for mount(2): one page, mount(2). */
struct option_text {
	char text[4096];
	size_t len;
};

static int add_text(struct option_text *options, struct error *err, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
static int add_text(struct option_text *options, struct error *err, const char *fmt, ...)
{
	va_list args;
	int n;

	va_start(args, fmt);
	n = vsnprintf(options->text + options->len, sizeof(options->text) - options->len, fmt, args);
	va_end(args);
	if (n < 0 || (size_t)n >= sizeof(options->text) - options->len)
		return error_text(err, E2BIG,
				  "the overlay has too many layers for mount(2) on this kernel");
	options->len += (size_t)n;
	return 0;
}

static int attach_below(int scratch_fd, const char *name, int mount_fd, struct error *err)
{
	_cleanup_close_ int target_fd = -EBADF;

	if (mkdirat(scratch_fd, name, 0700) < 0)
		return error_set(err, errno, "scratch folder");
	target_fd = openat(scratch_fd, name, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (target_fd < 0)
		return error_set(err, errno, "scratch folder");
	return mount_attach(mount_fd, target_fd, err);
}

static int classic_options(const struct twin *twin, int scratch_fd, struct option_text *options,
			   struct error *err)
{
	char name[16];
	_cleanup_free_ char *label = NULL;
	int r = add_text(options, err, "lowerdir=");

	for (size_t i = 0; r == 0 && i < twin->n_lowers; i++) {
		(void)str_format(name, sizeof(name), "%zu", i);
		r = attach_below(scratch_fd, name, twin->lower_fds[i], err);
		if (r == 0)
			r = add_text(options, err, "%s%s", i ? ":" : "", name);
	}
	if (r == 0 && twin->upper_parent_fd >= 0) {
		r = attach_below(scratch_fd, "u", twin->upper_parent_fd, err);
		if (r == 0)
			r = add_text(options, err, ",upperdir=u/%s,workdir=u/%s", twin->upper_name,
				     TWIN_WORK_NAME);
	}
	for (size_t i = 0; r == 0 && i < sizeof(copied_options) / sizeof(copied_options[0]); i++) {
		_cleanup_free_ char *value = mountinfo_option(twin->options, copied_options[i]);

		if (value)
			r = add_text(options, err, ",%s=%s", copied_options[i], value);
	}
	for (size_t i = 0; r == 0 && i < sizeof(copied_flags) / sizeof(copied_flags[0]); i++) {
		_cleanup_free_ char *value = mountinfo_option(twin->options, copied_flags[i]);

		if (value)
			r = add_text(options, err, ",%s", copied_flags[i]);
	}
	label = mountinfo_label(twin->options);
	if (r == 0 && label)
		r = add_text(options, err, ",context=\"%s\"", label);
	return r < 0 ? r : add_text(options, err, ",index=off");
}

/*
 * FIXME: remove when Linux 6.13 is the oldest supported. Older kernels want layers that are attached somewhere in the
 * caller's mount namespace, and paths; these are short and relative, because mount(2) takes one page of them.
 */
static int mount_classic(const struct twin *twin, const char *scratch_path, struct error *err)
{
	_cleanup_close_ int cwd_fd = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	_cleanup_close_ int fs_fd = mount_fs_open("tmpfs", err);
	_cleanup_close_ int scratch_fd = -EBADF, at_fd = -EBADF, merged_fd = -EBADF;
	struct option_text options = { .len = 0 };
	int r;

	if (fs_fd < 0)
		return fs_fd;
	scratch_fd = mount_fs_create(fs_fd, 0, err);
	at_fd = open(scratch_path, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (scratch_fd < 0 || at_fd < 0 || cwd_fd < 0)
		return error_set(err, errno, "scratch mount on '%s'", scratch_path);
	r = mount_attach(scratch_fd, at_fd, err);
	if (r < 0)
		return r;
	r = classic_options(twin, scratch_fd, &options, err);
	if (r == 0 && (mkdirat(scratch_fd, "m", 0700) < 0 || fchdir(scratch_fd) < 0))
		r = error_set(err, errno, "scratch folder");
	if (r == 0 && mount("overlay", "m", "overlay", MS_NODEV, options.text) < 0)
		r = error_set(err, errno, "cannot mount the twin overlay");
	if (r == 0) {
		merged_fd = open_tree(AT_FDCWD, "m", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
		if (merged_fd < 0)
			r = error_set(err, errno, "cannot clone the twin overlay");
	}
	if (fchdir(cwd_fd) < 0 && r == 0)
		r = error_set(err, errno, "cannot go back to the current folder");
	(void)umount2(scratch_path, MNT_DETACH);
	return r < 0 ? r : take_fd(&merged_fd);
}

/* overlayfs turns read-only, without a word, where its maker cannot use the work folder. */
static int check_writable(int mount_fd, struct error *err)
{
	struct statfs fs;

	if (fstatfs(mount_fd, &fs) < 0)
		return error_set(err, errno, "cannot stat the twin overlay");
	if (fs.f_flags & ST_RDONLY)
		return error_text(err, EROFS,
				  "the kernel made the twin overlay read-only; see its log (dmesg)");
	return 0;
}

int twin_mount(struct twin *twin, int userns_fd, const char *scratch_path, struct error *err)
{
	_cleanup_close_ int fd = -EBADF;
	int r = map_layers(twin, userns_fd, err);

	if (r < 0)
		return r;
	fd = mount_by_fds(twin, err);
	if (fd == -EOPNOTSUPP)
		fd = mount_classic(twin, scratch_path, err);
	if (fd < 0)
		return fd;
	if (twin->upper_parent_fd >= 0) {
		r = check_writable(fd, err);
		if (r < 0)
			return r;
	}
	return take_fd(&fd);
}

int twin_remove_work(const char *work_path, struct error *err)
{
	_cleanup_close_ int parent_fd = -EBADF;
	char parent[PATH_MAX], *slash;

	if (str_format(parent, sizeof(parent), "%s", work_path) < 0)
		return error_text(err, ENAMETOOLONG, "'%s'", work_path);
	slash = strrchr(parent, '/');
	if (!slash || slash == parent || !str_eq(slash + 1, TWIN_WORK_NAME))
		return error_text(err, EINVAL, "'%s' is not a work folder of ours", work_path);
	*slash = 0;
	parent_fd = open(parent, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (parent_fd < 0)
		return errno == ENOENT ? 0 : error_set(err, errno, "cannot open '%s'", parent);
	return path_remove_tree(parent_fd, TWIN_WORK_NAME, err);
}
