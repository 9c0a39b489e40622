/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * source - see source.h.
 *
 * How a decision is made, in this order; the first rule that speaks ends it:
 *
 *  1. kind of file, type of file system, name of a socket: refused by table (restricted.c)
 *  2. an engine's init program: shown read-only
 *  3. below a data root of an engine: allowed or refused by table (engine_storage.c)
 *  4. a restricted place, what contains it, what is in it: refused (restricted.c)
 *  5. beside the root of a bundle that no other user can reach: as the bundle's root
 *  6. a tmpfs the engine mounted at its own place: allowed by table (engine_storage.c)
 *  7. by owner: root's is refused, a user's is mapped to him (owner_map.c)
 *
 * Then what is mounted below, if it comes along. "Below" and "in" are said of places in file systems, not of names:
 * location.c. What is mapped 0 to 0 must be out of every user's reach: reach.c.
 */
#include "source.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "engine_storage.h"
#include "error.h"
#include "fd.h"
#include "idmap.h"
#include "idrange.h"
#include "location.h"
#include "mount_api.h"
#include "mountinfo.h"
#include "owner_map.h"
#include "path.h"
#include "reach.h"
#include "restricted.h"
#include "sockets.h"
#include "str.h"
#include "sys.h"

#define FIRST_USER_UID 1000 /* login.defs(5) UID_MIN: below are accounts of the system */
#define PATH_SHOWN 160	    /* bytes of a path in a message */
#define OWNERS_MAX 64	    /* owners of one container's sources: each needs a user namespace */

struct owner {
	uid_t uid;
	gid_t gid;
	int userns_fd;
};

struct source_view {
	struct mountinfo mounts;
	struct restricted *restricted;
	struct engine_storage storage;
	const char *storage_paths[ENGINE_STORAGE_MAX + 1]; /* as seen; ends with NULL */
	struct sockets *sockets;			   /* read when first asked for */
	const struct idmap *map;			   /* the container's */
	bool foreign;					   /* who made the bundle chose it */
	struct owner owners[OWNERS_MAX];
	size_t n_owners;
	int probe_userns_fd; /* made when first asked for */
};

/* What a decision is about. */
struct candidate {
	const char *what;  /* "bind source", "root file system", "layer" */
	const char *given; /* as the spec has it */
	int fd;
	struct stat st;
	struct location location;
	bool recursive;
};

/* ---- view ------------------------------------------------------------------------------------- */

static int fill_view(struct source_view *view, const char *rootfs_path, const char *bundle_path,
		     struct error *err)
{
	int r = mountinfo_read(&view->mounts, err);

	if (r == 0)
		r = restricted_open(&view->mounts, &view->restricted, err);
	if (r == 0)
		r = engine_storage_find(&view->mounts, rootfs_path, bundle_path, &view->storage, err);
	for (size_t i = 0, n = 0; r == 0 && i < view->storage.n; i++)
		if (!view->storage.roots[i].bundle)
			view->storage_paths[n++] = view->storage.roots[i].seen;
	return r;
}

int source_view_open(const char *rootfs_path, const char *bundle_path, const struct idmap *map,
		     bool foreign, struct source_view **ret, struct error *err)
{
	struct source_view *view = calloc(1, sizeof(*view));
	int r;

	if (!view)
		return error_set(err, ENOMEM, "bind sources");
	view->map = map;
	view->foreign = foreign;
	view->probe_userns_fd = -EBADF;
	r = fill_view(view, rootfs_path, bundle_path, err);
	if (r < 0) {
		source_view_free(view);
		return r;
	}
	*ret = view;
	return 0;
}

void source_view_free(struct source_view *view)
{
	if (!view)
		return;
	for (size_t i = 0; i < view->n_owners; i++)
		fd_close(view->owners[i].userns_fd);
	fd_close(view->probe_userns_fd);
	sockets_free(view->sockets);
	engine_storage_done(&view->storage);
	restricted_free(view->restricted);
	mountinfo_done(&view->mounts);
	free(view);
}

/* ---- refusals --------------------------------------------------------------------------------- */

static int refuse(const struct candidate *c, struct error *err, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* "bind source '/home/u/link', which is '/etc', REASON"; long paths are cut, so that the reason is not. */
static int refuse(const struct candidate *c, struct error *err, const char *fmt, ...)
{
	char reason[ERROR_MSG_MAX], seen[PATH_SHOWN], given[PATH_SHOWN];
	va_list args;

	va_start(args, fmt);
	(void)vsnprintf(reason, sizeof(reason), fmt, args); /* the line is cut there anyway */
	va_end(args);
	(void)str_quote(c->location.seen, seen, sizeof(seen));
	if (!c->given || str_eq(c->given, c->location.seen))
		return error_text(err, EPERM, "%s '%s' %s", c->what, seen, reason);
	(void)str_quote(c->given, given, sizeof(given));
	return error_text(err, EPERM, "%s '%s', which is '%s', %s", c->what, given, seen, reason);
}

static int refuse_place(const struct candidate *c, const char *place,
			enum location_relation relation, struct error *err)
{
	static const char *const words[] = {
		[LOCATION_EQUAL] = "is",
		[LOCATION_BELOW] = "lies in",
		[LOCATION_ABOVE] = "contains",
	};

	if (relation == LOCATION_EQUAL && str_eq(c->location.seen, place))
		return refuse(c, err,
			      "is a restricted path of the host: no container gets to see it");
	return refuse(c, err, "%s '%s', a restricted path of the host: no container gets to see it",
		      words[relation], place);
}

/* ---- rules ------------------------------------------------------------------------------------ */

static int check_fs_type(const struct candidate *c, const struct location *location, struct error *err)
{
	const char *why = restricted_fs_type(location->mount->fs_type);

	if (!why)
		return 0;
	if (location == &c->location)
		return refuse(c, err, "is on a file system of type '%s', which %s",
			      location->mount->fs_type, why);
	return refuse(c, err, "has below it '%s', a file system of type '%s', which %s",
		      location->seen, location->mount->fs_type, why);
}

static int check_file_kind(const struct candidate *c, struct error *err)
{
	const char *name = strrchr(c->location.seen, '/') + 1;

	if (S_ISCHR(c->st.st_mode) || S_ISBLK(c->st.st_mode))
		return refuse(c, err, "is a device: ask for it as a device (docker: --device)");
	if (S_ISSOCK(c->st.st_mode) && restricted_is_engine_socket(name))
		return refuse(c, err,
			      "is the socket of an engine or of a service that runs as root: whoever may talk to it "
			      "is root on the host");
	return 0;
}

static int check_restricted(const struct source_view *view, const struct candidate *c,
			    const struct location *location, bool below, struct error *err)
{
	enum location_relation relation = LOCATION_ELSEWHERE;
	const char *place = restricted_find(view->restricted, location, below, &relation);

	if (!place && below) {
		place = restricted_find_tree(&view->mounts, location->dev, view->storage_paths);
		relation = LOCATION_BELOW;
	}
	if (!place)
		return 0;
	if (location == &c->location)
		return refuse_place(c, place, relation, err);
	return refuse(c, err,
		      "has '%s' mounted below it, which belongs to '%s', a restricted path of the host",
		      location->seen, place);
}

static int require_private(const struct source_view *view, const struct candidate *c,
			   struct error *err)
{
	int r = reach_is_private(&view->mounts, &c->location, c->fd, err);

	if (r != 0)
		return r < 0 ? r : 0;
	return refuse(c, err,
		      "can be reached by other users of this host, who could run what a container leaves there with its "
		      "set-user-ID bits: chmod 0700 a folder above it that belongs to root");
}

/* A user namespace in which the owner is the container's root, made once. */
static int owner_userns(struct source_view *view, uid_t uid, gid_t gid, struct error *err)
{
	struct idmap map;
	struct owner *owner;
	int r;

	for (size_t i = 0; i < view->n_owners; i++)
		if (view->owners[i].uid == uid && view->owners[i].gid == gid)
			return view->owners[i].userns_fd;
	if (view->n_owners == OWNERS_MAX)
		return error_text(err, E2BIG, "bind sources of more than %d owners", OWNERS_MAX);
	r = owner_map_make("/etc", uid, gid, view->map, &map, err);
	if (r < 0)
		return r;
	r = idmap_make_userns(&map, err);
	if (r < 0) {
		(void)error_wrap(err, "id mapping for the owner %u", uid);
		return r;
	}
	owner = &view->owners[view->n_owners++];
	*owner = (struct owner){ uid, gid, r };
	return r;
}

/* Who brought mappings has given the files to the container's ids already. */
static bool is_shifted(const struct source_view *view, const struct candidate *c)
{
	return view->foreign && idmap_has_host_uid(view->map, c->st.st_uid);
}

static int decide_by_owner(struct source_view *view, const struct candidate *c, struct source *ret,
			   struct error *err)
{
	int r;

	if (c->st.st_uid == 0 && S_ISSOCK(c->st.st_mode))
		return refuse(c, err,
			      "is a socket of root: it could be an engine's, and whoever may talk to one is root on the "
			      "host");
	if (c->st.st_uid == 0)
		return refuse(c, err,
			      "belongs to root: a container that writes there could leave files that act as root on the host: "
			      "give it to a user (chown), or use a named volume");
	if (c->st.st_uid < FIRST_USER_UID)
		return refuse(c, err,
			      "belongs to the system account %u: what its services read and run could be changed: give it to "
			      "a user (chown), or use a named volume",
			      c->st.st_uid);
	if (is_shifted(view, c)) {
		ret->kind = SOURCE_AS_IS;
		return 0;
	}
	if (idmap_has_host_uid(view->map, c->st.st_uid))
		return refuse(c, err,
			      "belongs to id %u, which is one of this container's own: its files must have the ids that "
			      "they have inside",
			      c->st.st_uid);
	ret->kind = SOURCE_OWNER;
	r = owner_userns(view, c->st.st_uid, c->st.st_gid, err);
	return r < 0 ? r : 0;
}

/* Whether the kernel id-maps this file system: asked by doing it. */
static int can_idmap(struct source_view *view, const struct candidate *c, struct error *err)
{
	_cleanup_close_ int mount_fd = -EBADF;
	int r;

	if (view->probe_userns_fd < 0)
		view->probe_userns_fd = idmap_make_userns(view->map, err);
	if (view->probe_userns_fd < 0)
		return view->probe_userns_fd;
	mount_fd = mount_clone(c->fd, false, err);
	if (mount_fd < 0)
		return mount_fd;
	r = mount_idmap(mount_fd, view->probe_userns_fd, false, err);
	return r == -EINVAL ? 0 : r < 0 ? r : 1;
}

static int decide_engine(struct source_view *view, const struct candidate *c,
			 const struct engine_path *row, struct source *ret, struct error *err)
{
	int r;

	if (is_shifted(view, c)) {
		ret->kind = SOURCE_AS_IS;
		return 0;
	}
	/* one file that others can reach: nobody changes it, so that nobody can leave anything in it */
	if (row->made && !row->tree &&
	    reach_is_private(&view->mounts, &c->location, c->fd, NULL) == 0) {
		ret->kind = SOURCE_PLAIN;
		ret->force_readonly = true;
		return 0;
	}
	r = require_private(view, c, err);
	if (r < 0)
		return r;
	ret->kind = SOURCE_ENGINE;
	if (!row->made || str_eq(c->location.mount->fs_type, "ext4") ||
	    str_eq(c->location.mount->fs_type, "xfs"))
		return 0; /* those can; a volume that cannot is refused when it is cloned */
	r = can_idmap(view, c, err);
	if (r != 0)
		return r < 0 ? r : 0;
	ret->kind = SOURCE_PLAIN;
	ret->force_readonly = !row->writable;
	return 0;
}

/* ---- what is mounted below -------------------------------------------------------------------- */

/* With ids mapped 0 to 0, all of it must be out of users' reach. */
static int check_private_mount(const struct source_view *view, const struct candidate *c,
			       const struct location *location, struct error *err)
{
	_cleanup_close_ int fd = open(location->seen, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	struct candidate below = { .what = "mount", .fd = fd };
	int r;

	if (fd < 0)
		return error_set(err, errno, "cannot open '%s'", location->seen);
	r = location_of_fd(&view->mounts, fd, &below.location, err);
	if (r < 0)
		return r;
	if (below.location.mount != location->mount)
		return refuse(c, err, "has a mount at '%s' that is hidden by another",
			      location->seen);
	return require_private(view, &below, err);
}

static int check_mount_below(struct source_view *view, const struct candidate *c,
			     const struct source *source, const struct mountinfo_entry *mount,
			     struct error *err)
{
	const struct engine_path *row;
	enum engine_verdict verdict;
	struct location location;
	int r = location_of_mount(mount, &location, err);

	if (r == 0)
		r = check_fs_type(c, &location, err);
	if (r < 0)
		return r;
	verdict = engine_storage_judge(&view->storage, &location, false, &row);
	if (verdict == ENGINE_ELSEWHERE)
		r = check_restricted(view, c, &location, true, err);
	else if (verdict == ENGINE_FORBIDDEN || source->kind == SOURCE_OWNER)
		r = refuse(c, err, "has '%s' mounted below it, which is an engine's own storage",
			   location.seen);
	if (r == 0 && source->kind != SOURCE_OWNER)
		r = check_private_mount(view, c, &location, err);
	return r;
}

static int check_mounts_below(struct source_view *view, const struct candidate *c,
			      const struct source *source, struct error *err)
{
	int r = 0;

	if (!c->recursive || !S_ISDIR(c->st.st_mode))
		return 0;
	for (size_t i = 0; r == 0 && i < view->mounts.n; i++) {
		const struct mountinfo_entry *mount = &view->mounts.items[i];

		if (mount != c->location.mount && path_is_below(mount->target, c->location.seen))
			r = check_mount_below(view, c, source, mount, err);
	}
	return r;
}

/* ---- sockets below ---------------------------------------------------------------------------- */

static int check_sockets_at(const struct source_view *view, const struct candidate *c,
			    const struct location *location, struct error *err)
{
	const char *path = sockets_find_below(view->sockets, location);

	if (!path)
		return 0;
	return refuse(c, err,
		      "contains '%s', a socket that a program of root listens on: it could be an engine's, and whoever may "
		      "talk to one is root on the host",
		      path);
}

static int check_sockets(struct source_view *view, const struct candidate *c, struct error *err)
{
	struct location location;
	int r = 0;

	if (!S_ISDIR(c->st.st_mode))
		return 0;
	if (!view->sockets)
		r = sockets_read(&view->mounts, &view->sockets, err);
	if (r == 0)
		r = check_sockets_at(view, c, &c->location, err);
	for (size_t i = 0; r == 0 && c->recursive && i < view->mounts.n; i++) {
		const struct mountinfo_entry *mount = &view->mounts.items[i];

		if (mount == c->location.mount || !path_is_below(mount->target, c->location.seen))
			continue;
		r = location_of_mount(mount, &location, err);
		if (r == 0)
			r = check_sockets_at(view, c, &location, err);
	}
	return r;
}

/* ---- sources ---------------------------------------------------------------------------------- */

static bool is_init_program(const struct source_view *view, const struct candidate *c)
{
	return S_ISREG(c->st.st_mode) && c->st.st_uid == 0 &&
	       !(c->st.st_mode & (S_IWGRP | S_IWOTH)) &&
	       restricted_is_init_program(&view->mounts, &c->location);
}

static int decide(struct source_view *view, const struct candidate *c, struct source *ret,
		  struct error *err)
{
	const struct engine_path *row = NULL;
	enum engine_verdict verdict;
	int r = check_file_kind(c, err);

	if (r == 0)
		r = check_fs_type(c, &c->location, err);
	if (r < 0)
		return r;
	if (is_init_program(view, c)) {
		ret->kind = SOURCE_PLAIN;
		ret->force_readonly = true;
		return 0;
	}
	verdict = engine_storage_judge(&view->storage, &c->location, false, &row);
	if (verdict == ENGINE_FORBIDDEN) {
		r = check_restricted(view, c, &c->location, false, err); /* "/" has a better name */
		return r < 0 ? r :
			       refuse(c, err, "is or contains an engine's own storage: use a volume");
	}
	if (verdict == ENGINE_ALLOWED)
		return decide_engine(view, c, row, ret, err);
	r = check_restricted(view, c, &c->location, true, err);
	if (r < 0)
		return r;
	if (engine_storage_judge(&view->storage, &c->location, true, &row) == ENGINE_ALLOWED &&
	    c->st.st_uid == 0)
		return decide_engine(view, c, row, ret, err);
	row = engine_storage_tmpfs(&view->storage, &view->mounts, &c->location);
	if (row)
		return decide_engine(view, c, row, ret, err);
	r = decide_by_owner(view, c, ret, err);
	return r < 0 ? r : check_sockets(view, c, err);
}

/* These words must not be the kernel's: engines take some of those for a missing program. */
static int refuse_lookup(const char *what, const char *path, int errnum, struct error *err)
{
	char shown[PATH_SHOWN];

	(void)str_quote(path, shown, sizeof(shown));
	switch (errnum) {
	case ENOENT:
		return error_text(err, ENOENT, "%s '%s' does not exist", what, shown);
	case ENOTDIR:
		return error_text(err, ENOTDIR,
				  "%s '%s' is no folder, or leads through something that is none",
				  what, shown);
	case ELOOP:
		return error_text(err, EPERM,
				  "%s '%s' leads through a link of /proc, or through too many links",
				  what, shown);
	case EACCES: /* /proc of another user's process, a network share */
		return error_text(err, EPERM, "%s '%s' is closed to root, too", what, shown);
	default:
		return error_set(err, errnum, "cannot open %s '%s'", what, shown);
	}
}

static int look_up(const char *what, const char *path, int flags, struct error *err)
{
	const struct open_how how = {
		.flags = (uint64_t)(O_PATH | O_CLOEXEC | flags),
		.resolve = RESOLVE_NO_MAGICLINKS,
	};
	int fd;

	if (path[0] != '/')
		return error_text(err, EINVAL, "%s '%s' is not an absolute path", what, path);
	fd = sys_openat2(AT_FDCWD, path, &how);
	return fd < 0 ? refuse_lookup(what, path, errno, err) : fd;
}

/* The last of the checks; then the descriptor becomes @ret's. */
static int finish(struct source_view *view, const struct candidate *c, struct source *ret,
		  struct error *err)
{
	int r = check_mounts_below(view, c, ret, err);

	if (r < 0)
		return r;
	ret->is_dir = S_ISDIR(c->st.st_mode);
	ret->uid = c->st.st_uid;
	ret->gid = c->st.st_gid;
	ret->path = strdup(c->location.seen);
	if (!ret->path)
		return error_set(err, ENOMEM, "%s '%s'", c->what, c->given);
	ret->fd = c->fd;
	return 0;
}

static int open_candidate(struct source_view *view, struct candidate *c, int flags, struct error *err)
{
	int r;

	c->fd = look_up(c->what, c->given, flags, err);
	if (c->fd < 0)
		return c->fd;
	if (fstat(c->fd, &c->st) < 0)
		return error_set(err, errno, "cannot stat %s '%s'", c->what, c->given);
	r = location_of_fd(&view->mounts, c->fd, &c->location, err);
	if (r < 0)
		(void)error_wrap(err, "%s '%s'", c->what, c->given);
	return r;
}

int source_open(struct source_view *view, const char *path, bool recursive, bool readonly,
		struct source *ret, struct error *err)
{
	struct candidate c = {
		.what = "bind source", .given = path, .fd = -EBADF, .recursive = recursive
	};
	struct source source = { .fd = -EBADF };
	int r = open_candidate(view, &c, 0, err);

	(void)readonly; /* what is refused is refused read-only, too: it could be read */
	if (r == 0)
		r = decide(view, &c, &source, err);
	if (r == 0)
		r = finish(view, &c, &source, err);
	if (r < 0) {
		fd_close(c.fd);
		return r;
	}
	*ret = source;
	return 0;
}

/* ---- root file systems and layers ------------------------------------------------------------- */

/* The engine, which is host root, chose these: they may lie where a bind source may not, but not be the host itself. */
static int check_storage_place(const struct source_view *view, const struct candidate *c,
			       struct error *err)
{
	int r = check_fs_type(c, &c->location, err);

	return r < 0 ? r : check_restricted(view, c, &c->location, false, err);
}

static int decide_rootfs(struct source_view *view, const struct candidate *c, struct source *ret,
			 struct error *err)
{
	int r;

	/* An overlay of id-mapped layers, whose names are gone: nothing of it is mapped to the container's root here. */
	if (is_shifted(view, c)) {
		ret->kind = SOURCE_AS_IS;
		return check_restricted(view, c, &c->location, false, err);
	}
	r = check_storage_place(view, c, err);
	if (r < 0)
		return r;
	if (c->st.st_uid != 0)
		return decide_by_owner(view, c, ret, err);
	ret->kind = SOURCE_ENGINE;
	return require_private(view, c, err);
}

int source_open_rootfs(struct source_view *view, const char *path, struct source *ret,
		       struct error *err)
{
	struct candidate c = {
		.what = "root file system", .given = path, .fd = -EBADF, .recursive = true
	};
	struct source source = { .fd = -EBADF };
	int r = open_candidate(view, &c, O_DIRECTORY, err);

	if (r == 0)
		r = decide_rootfs(view, &c, &source, err);
	if (r == 0)
		r = finish(view, &c, &source, err);
	if (r < 0) {
		fd_close(c.fd);
		return r;
	}
	*ret = source;
	return 0;
}

int source_check_layer(struct source_view *view, int fd, struct error *err)
{
	struct candidate c = { .what = "layer", .fd = fd };
	int r = location_of_fd(&view->mounts, fd, &c.location, err);

	if (r == 0)
		r = check_storage_place(view, &c, err);
	return r < 0 ? r : require_private(view, &c, err);
}

/* ---- clones ----------------------------------------------------------------------------------- */

static int userns_for(struct source_view *view, const struct source *source,
		      int container_userns_fd, struct error *err)
{
	switch (source->kind) {
	case SOURCE_ENGINE:
		return container_userns_fd;
	case SOURCE_OWNER:
		return owner_userns(view, source->uid, source->gid, err);
	case SOURCE_AS_IS:
	case SOURCE_PLAIN:
		break;
	}
	return -EBADF;
}

static const char *fs_type_of(const struct source_view *view, int fd)
{
	const struct mountinfo_entry *mount = NULL;
	struct statx stx;

	if (statx(fd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_MNT_ID, &stx) == 0)
		mount = mountinfo_by_id(&view->mounts, (int)stx.stx_mnt_id);
	return mount ? mount->fs_type : "unknown";
}

static int map_clone(struct source_view *view, const struct source *source, int mount_fd,
		     bool recursive, int userns_fd, struct error *err)
{
	int r = userns_for(view, source, userns_fd, err);

	if (source->kind == SOURCE_PLAIN || source->kind == SOURCE_AS_IS)
		return 0;
	if (r < 0)
		return r;
	r = mount_idmap(mount_fd, r, recursive, err);
	if (r != -EINVAL)
		return r;
	return error_text(err, EPERM,
			  "bind source '%s' is on a file system of type '%s'%s, whose ids this kernel cannot map: move it to "
			  "ext4, xfs or btrfs",
			  source->path, fs_type_of(view, source->fd),
			  recursive ? ", or has one mounted below it" : "");
}

int source_clone(struct source_view *view, const struct source *source, bool recursive,
		 int userns_fd, struct error *err)
{
	uint64_t attr = MOUNT_ATTR_NODEV; /* a node on disk would be the host's device */
	_cleanup_close_ int mount_fd = mount_clone(source->fd, recursive, err);
	int r;

	if (mount_fd < 0) {
		(void)error_wrap(err, "bind source '%s'", source->path);
		return mount_fd;
	}
	if (source->kind == SOURCE_PLAIN)
		attr |= MOUNT_ATTR_NOSUID;
	r = mount_change(mount_fd, attr, 0, MS_PRIVATE, recursive, err);
	if (r < 0) {
		(void)error_wrap(err, "bind source '%s'", source->path);
		return r;
	}
	r = map_clone(view, source, mount_fd, recursive, userns_fd, err);
	return r < 0 ? r : take_fd(&mount_fd);
}

void source_done(struct source *source)
{
	source->fd = fd_close(source->fd);
	free(source->path);
	source->path = NULL;
}
