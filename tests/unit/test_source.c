/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Unit tests of source: what may appear in a container, decided about real files and mounts.
 *
 * Mounts need root: without it every test is skipped. With it they are made in a mount namespace of the test's own.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "error.h"
#include "fd.h"
#include "idmap.h"
#include "path.h"
#include "source.h"
#include "str.h"

#define BASE 700000000U /* a range that nobody has */
#define USER 4321	/* an owner without an account */

/*
 * TOP, 0755, which everybody can reach, with
 *   home/            a user's
 *   data/            0710, an engine's data root: overlay2/ID/merged, volumes/V/_data, containers/ID/hosts, ...
 *   bundle/          0700: rootfs/, other/
 */
struct scratch {
	char top[64];
	char path[512]; /* of at() */
	char other[512];
	int userns_fd;
	struct idmap map;
	struct source_view *view;
	struct error err;
};

static const char *at(struct scratch *s, const char *name)
{
	assert_int_equal(str_format(s->path, sizeof(s->path), "%s/%s", s->top, name), 0);
	return s->path;
}

static const char *other_at(struct scratch *s, const char *name)
{
	assert_int_equal(str_format(s->other, sizeof(s->other), "%s/%s", s->top, name), 0);
	return s->other;
}

static void make_dir(struct scratch *s, const char *name, mode_t mode, uid_t uid)
{
	assert_int_equal(mkdir(at(s, name), 0700), 0);
	assert_int_equal(chmod(s->path, mode), 0);
	assert_int_equal(chown(s->path, uid, uid), 0);
}

static void make_file(struct scratch *s, const char *name, mode_t mode, uid_t uid)
{
	int fd = open(at(s, name), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(fchown(fd, uid, uid), 0);
	assert_int_equal(fchmod(fd, mode), 0);
	close(fd);
}

static void bind_mount(struct scratch *s, const char *from, const char *to)
{
	assert_int_equal(mount(from[0] == '/' ? from : at(s, from), other_at(s, to), NULL, MS_BIND,
			       NULL),
			 0);
}

static void mount_tmpfs(struct scratch *s, const char *name, const char *options)
{
	assert_int_equal(mount("tmpfs", at(s, name), "tmpfs", 0, options), 0);
}

static int setup_group(void **state)
{
	(void)state;
	if (geteuid() != 0)
		return 0;
	return unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ?
		       -1 :
		       0;
}

static int setup(void **state)
{
	static const struct {
		const char *name;
		mode_t mode;
		uid_t uid;
	} folders[] = {
		{ "home", 0755, USER },
		{ "home/sub", 0755, USER },
		{ "data", 0710, 0 },
		{ "data/overlay2", 0755, 0 },
		{ "data/overlay2/x", 0755, 0 },
		{ "data/overlay2/x/merged", 0755, 0 },
		{ "data/overlay2/x/diff", 0755, 0 },
		{ "data/volumes", 0755, 0 },
		{ "data/volumes/v", 0755, 0 },
		{ "data/volumes/v/_data", 0755, 0 },
		{ "data/containers", 0755, 0 },
		{ "data/containers/x", 0755, 0 },
		{ "data/containers/x/mounts", 0755, 0 },
		{ "data/containers/x/mounts/shm", 0755, 0 },
		{ "bundle", 0700, 0 },
		{ "bundle/rootfs", 0755, 0 },
		{ "bundle/other", 0755, 0 },
		{ "open", 0755, 0 },
		{ "closed", 0700, 0 },
		{ "closed/in", 0755, 0 },
	};
	struct scratch *s = calloc(1, sizeof(*s));

	if (!s)
		return -1;
	*state = s;
	s->userns_fd = -EBADF;
	if (geteuid() != 0)
		return 0;
	if (str_format(s->top, sizeof(s->top), "/tmp/test_source.XXXXXX") < 0 || !mkdtemp(s->top) ||
	    chmod(s->top, 0755))
		return -1;
	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++)
		make_dir(s, folders[i].name, folders[i].mode, folders[i].uid);
	make_file(s, "data/containers/x/hosts", 0644, 0);
	make_file(s, "data/containers/x/config.v2.json", 0644, 0);
	idmap_set_block(&s->map, BASE);
	s->userns_fd = idmap_make_userns(&s->map, &s->err);
	return s->userns_fd < 0 ? -1 : 0;
}

static int teardown(void **state)
{
	struct scratch *s = *state;
	int r = 0, tmp_fd;

	source_view_free(s->view);
	fd_close(s->userns_fd);
	if (*s->top) {
		for (FILE *f = NULL;
		     !f;) { /* deepest first: the kernel's list is in order of mounting */
			_cleanup_free_ char *last = NULL;
			char line[4096], target[1024];

			f = fopen("/proc/self/mountinfo", "re");
			while (f && fgets(line, sizeof(line), f))
				if (sscanf(line, "%*s %*s %*s %*s %1023s", target) == 1 &&
				    path_is_below(target, s->top)) {
					free(last);
					last = strdup(target);
				}
			if (f)
				fclose(f);
			if (!last || umount2(last, MNT_DETACH) < 0)
				break;
			f = NULL;
		}
		tmp_fd = open("/tmp", O_PATH | O_DIRECTORY | O_CLOEXEC);
		r = path_remove_tree(tmp_fd, s->top + strlen("/tmp/"), NULL);
		close(tmp_fd);
	}
	free(s);
	return r;
}

static struct scratch *need_root(void **state)
{
	if (geteuid() != 0) {
		print_message("skip: mounts need root\n");
		skip();
	}
	return *state;
}

/* Decisions of a container whose root is @rootfs. */
static void view_for(struct scratch *s, const char *rootfs)
{
	source_view_free(s->view);
	s->view = NULL;
	s->err = ERROR_INIT;
	if (source_view_open(at(s, rootfs), "/nowhere", &s->map, false, &s->view, &s->err) < 0)
		fail_msg("%s", s->err.msg);
}

static int open_path(struct scratch *s, const char *path, bool recursive, struct source *ret)
{
	s->err = ERROR_INIT;
	return source_open(s->view, path, recursive, false, ret, &s->err);
}

static void assert_kind(struct scratch *s, const char *name, enum source_kind kind)
{
	struct source source;
	int fd;

	if (open_path(s, at(s, name), true, &source) < 0)
		fail_msg("%s", s->err.msg);
	assert_int_equal(source.kind, kind);
	fd = source_clone(s->view, &source, true, s->userns_fd, &s->err);
	if (fd < 0)
		fail_msg("%s", s->err.msg);
	close(fd);
	source_done(&source);
}

static void assert_refused_path(struct scratch *s, const char *path, bool recursive, const char *why)
{
	struct source source = { .fd = -77 };

	assert_int_equal(open_path(s, path, recursive, &source), -EPERM);
	if (!strstr(s->err.msg, why))
		fail_msg("'%s' does not say '%s'", s->err.msg, why);
	assert_int_equal(source.fd, -77); /* outputs change only on success */
}

static void assert_refused(struct scratch *s, const char *name, const char *why)
{
	assert_refused_path(s, at(s, name), true, why);
}

/* ---- restricted paths --------------------------------------------------------------------------------------- */

static void test_source_open_refuses_restricted_paths(void **state)
{
	static const char *const paths[] = { "/",	 "/etc",     "/etc/passwd",  "/usr",
					     "/usr/bin", "/root",    "/var",	     "/var/lib",
					     "/run",	 "/proc",    "/proc/1/root", "/sys",
					     "/dev",	 "/dev/shm", "/bin",	     "//etc/" };
	struct scratch *s = need_root(state);
	struct source source;

	view_for(s, "nowhere");
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		if (open_path(s, paths[i], true, &source) != -EPERM)
			fail_msg("'%s' was not refused: %s", paths[i], s->err.msg);
		assert_true(strstr(s->err.msg, "restricted path") ||
			    strstr(s->err.msg, "shows the state") ||
			    strstr(s->err.msg, "leads through a link of /proc") ||
			    strstr(s->err.msg, "is closed to root"));
	}
}

static void test_source_open_refuses_restricted_paths_by_other_names(void **state)
{
	struct scratch *s = need_root(state);

	assert_int_equal(symlink("/etc", at(s, "home/link")), 0);
	make_dir(s, "home/etc", 0755, USER);
	make_dir(s, "home/var", 0755, USER);
	make_dir(s, "home/slash", 0755, USER);
	bind_mount(s, "/etc", "home/etc");
	bind_mount(s, "/var", "home/var");
	bind_mount(s, "/", "home/slash");
	view_for(s, "nowhere");
	assert_refused(s, "home/link", "which is '/etc', is a restricted path");
	assert_refused(s, "home/link/passwd", "lies in '/etc'");
	assert_refused(s, "home/etc", "is '/etc'");
	assert_refused(s, "home/etc/passwd", "lies in '/etc'");
	assert_refused(s, "home/var", "contains");
	assert_refused(s, "home/slash", "is '/'");
	assert_refused(s, "home/slash/usr", "is '/usr'");
	assert_refused_path(s, "/proc/self/root/etc", true, "leads through a link of /proc");
}

static void test_source_open_judges_a_folder_behind_a_bind_of_the_root(void **state)
{
	struct scratch *s = need_root(state);
	struct source source;

	make_dir(s, "slash", 0755, 0);
	bind_mount(s, "/", "slash");
	view_for(s, "nowhere");
	assert_int_equal(str_format(s->other, sizeof(s->other), "%s/slash%s/home", s->top, s->top),
			 0);
	if (open_path(s, s->other, true, &source) < 0)
		fail_msg("%s", s->err.msg);
	assert_int_equal(source.kind, SOURCE_OWNER);
	source_done(&source);
}

static void test_source_open_looks_at_what_is_mounted_below(void **state)
{
	struct scratch *s = need_root(state);
	struct source source;

	bind_mount(s, "/etc", "home/sub");
	view_for(s, "nowhere");
	assert_refused(s, "home", "mounted below");
	assert_int_equal(open_path(s, at(s, "home"), false, &source),
			 0); /* not recursive: it does not come along */
	source_done(&source);
	assert_int_equal(umount(at(s, "home/sub")), 0);
	assert_int_equal(mount("proc", at(s, "home/sub"), "proc", 0, NULL), 0);
	view_for(s, "nowhere");
	assert_refused(s, "home", "type 'proc'");
	assert_refused(s, "home/sub/1", "type 'proc'");
}

static void test_source_open_refuses_another_mount_namespace(void **state)
{
	struct scratch *s = need_root(state);
	struct source source;

	view_for(s, "nowhere");
	assert_int_equal(unshare(CLONE_NEWNS),
			 0); /* the view's mount ids are no longer this process's */
	assert_int_equal(open_path(s, at(s, "home"), true, &source), -EPERM);
	assert_non_null(strstr(s->err.msg, "another mount namespace"));
}

static void test_source_open_names_what_is_missing(void **state)
{
	struct scratch *s = need_root(state);
	struct source source;

	view_for(s, "nowhere");
	assert_int_equal(open_path(s, at(s, "home/none"), true, &source), -ENOENT);
	assert_non_null(strstr(s->err.msg, "home/none' does not exist"));
	assert_null(strstr(s->err.msg, "No such file")); /* engines would take it for a missing program */
	assert_int_equal(open_path(s, "home", true, &source), -EINVAL);
}

static void test_source_open_shows_the_reason_after_a_long_path(void **state)
{
	struct scratch *s = need_root(state);
	char name[256] = "open/";

	memset(name + 5, 'x', 240);
	name[10] = '\n';
	make_dir(s, name, 0755, 0);
	assert_int_equal(symlink(s->path, other_at(s, "home/link")), 0);
	view_for(s, "nowhere");
	assert_refused(s, "home/link", "chown");
	assert_null(strchr(s->err.msg, '\n'));
}

/* ---- owners ------------------------------------------------------------------------------------------------- */

static void test_source_open_maps_a_users_folder_to_him(void **state)
{
	struct scratch *s = need_root(state);
	struct source source;
	struct stat st;
	int fd;

	make_file(s, "home/mine", 0600, USER);
	make_file(s, "home/roots", 0600, 0);
	view_for(s, "nowhere");
	assert_int_equal(open_path(s, at(s, "home"), true, &source), 0);
	assert_int_equal(source.kind, SOURCE_OWNER);
	assert_true(source.is_dir);
	assert_int_equal(source.uid, USER);
	assert_string_equal(source.path, s->path);
	fd = source_clone(s->view, &source, true, s->userns_fd, &s->err);
	if (fd < 0)
		fail_msg("%s", s->err.msg);
	assert_int_equal(fstatat(fd, "mine", &st, 0), 0);
	assert_int_equal(st.st_uid, BASE); /* the container's root */
	assert_int_equal(st.st_gid, BASE);
	assert_int_equal(fstatat(fd, "roots", &st, 0), 0);
	assert_int_equal(st.st_uid, 65534); /* nobody's: not to be had */
	close(fd);
	source_done(&source);
}

static void test_source_open_maps_a_users_file_and_other_names_of_it(void **state)
{
	struct scratch *s = need_root(state);

	make_file(s, "home/mine", 0600, USER);
	assert_int_equal(symlink("home/mine", at(s, "link")), 0);
	view_for(s, "nowhere");
	assert_kind(s, "home/mine", SOURCE_OWNER);
	assert_kind(s, "link", SOURCE_OWNER);
}

static void test_source_open_refuses_what_is_roots(void **state)
{
	struct scratch *s = need_root(state);

	make_file(s, "open/file", 0644, 0);
	make_file(s, "home/roots", 0644, 0);
	assert_int_equal(link(at(s, "open/file"), other_at(s, "home/hard")), 0);
	view_for(s, "nowhere");
	assert_refused(s, "open", "belongs to root");
	assert_refused(s, "open/file", "belongs to root");
	assert_refused(s, "home/roots", "belongs to root");
	assert_refused(s, "home/hard", "belongs to root");
	assert_refused(s, "closed/in", "belongs to root"); /* out of users' reach, but no engine's */
}

static void test_source_open_refuses_ids_of_the_container(void **state)
{
	struct scratch *s = need_root(state);

	make_dir(s, "shifted", 0755, BASE + 7);
	view_for(s, "nowhere");
	assert_refused(s, "shifted", "one of this container's own");
}

static void test_source_open_refuses_devices_and_sockets_of_root(void **state)
{
	struct scratch *s = need_root(state);
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_int_equal(mknod(at(s, "home/null"), S_IFCHR | 0666, makedev(1, 3)), 0);
	assert_int_equal(chown(s->path, USER, USER), 0);
	assert_int_equal(mknod(at(s, "home/docker.sock"), S_IFSOCK | 0666, 0), 0);
	assert_int_equal(chown(s->path, USER, USER), 0);
	assert_int_equal(mknod(at(s, "home/my.sock"), S_IFSOCK | 0666, 0), 0);
	assert_int_equal(chown(s->path, USER, USER), 0);
	assert_int_equal(symlink("docker.sock", at(s, "home/innocent")), 0);
	assert_int_equal(str_format(address.sun_path, sizeof(address.sun_path), "%s",
				    at(s, "home/sub/renamed")),
			 0);
	assert_int_equal(bind(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
	view_for(s, "nowhere");
	assert_refused(s, "home/null", "is a device");
	assert_refused(s, "home/docker.sock", "socket of an engine");
	assert_refused(s, "home/innocent", "socket of an engine");
	assert_refused(s, "home/sub/renamed", "socket of root");
	assert_kind(s, "home/my.sock", SOURCE_OWNER);
	assert_kind(s, "home", SOURCE_OWNER); /* nobody listens yet */
	assert_int_equal(listen(fd, 1), 0);
	view_for(s, "nowhere");
	assert_refused(s, "home", "home/sub/renamed', a socket that a program of root listens on");
	close(fd);
}

/* ---- engines ------------------------------------------------------------------------------------------------ */

static void test_source_open_knows_the_engines_storage_by_its_root(void **state)
{
	struct scratch *s = need_root(state);

	view_for(s, "data/overlay2/x/merged");
	assert_kind(s, "data/volumes/v/_data", SOURCE_ENGINE);
	assert_kind(s, "data/containers/x/hosts", SOURCE_ENGINE);
	view_for(s, "nowhere");
	assert_refused(s, "data/volumes/v/_data", "belongs to root");
}

static void test_source_open_refuses_the_rest_of_the_engines_storage(void **state)
{
	static const char *const names[] = { "data",
					     "data/overlay2",
					     "data/overlay2/x/diff",
					     "data/volumes",
					     "data/volumes/v",
					     "data/containers/x",
					     "data/containers/x/mounts",
					     "data/containers/x/config.v2.json" };
	struct scratch *s = need_root(state);

	view_for(s, "data/overlay2/x/merged");
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		assert_refused(s, names[i], "engine's own storage");
}

static void test_source_open_wants_engine_storage_out_of_reach(void **state)
{
	struct scratch *s = need_root(state);

	assert_int_equal(chmod(at(s, "data"), 0711), 0);
	view_for(s, "data/overlay2/x/merged");
	assert_refused(s, "data/volumes/v/_data", "can be reached by other users");
	/* Podman's graph root is 0755, and the folders in it are closed. */
	assert_int_equal(chmod(at(s, "data"), 0755), 0);
	assert_int_equal(chmod(at(s, "data/volumes"), 0700), 0);
	view_for(s, "data/overlay2/x/merged");
	assert_kind(s, "data/volumes/v/_data", SOURCE_ENGINE);
}

static void test_source_open_wants_engine_storage_to_be_roots_alone(void **state)
{
	struct scratch *s = need_root(state);

	assert_int_equal(chmod(at(s, "data"), 0770), 0);
	view_for(s, "data/overlay2/x/merged");
	assert_refused(s, "data/volumes/v/_data", "belongs to root");
}

static void test_source_open_wants_engine_storage_out_of_reach_by_every_mount(void **state)
{
	struct scratch *s = need_root(state);

	bind_mount(s, "data/volumes", "open");
	view_for(s, "data/overlay2/x/merged");
	assert_refused(s, "data/volumes/v/_data", "can be reached by other users");
	assert_int_equal(chmod(at(s, "data/volumes"), 0700), 0);
	view_for(s, "data/overlay2/x/merged");
	assert_kind(s, "data/volumes/v/_data", SOURCE_ENGINE);
}

static void test_source_open_judges_a_volume_by_its_device(void **state)
{
	struct scratch *s = need_root(state);
	struct source source;

	bind_mount(s, "home", "data/volumes/v/_data"); /* docker volume create -o o=bind -o device=... */
	view_for(s, "data/overlay2/x/merged");
	assert_int_equal(open_path(s, at(s, "data/volumes/v/_data"), true, &source), 0);
	assert_int_equal(source.kind, SOURCE_OWNER);
	source_done(&source);
	bind_mount(s, "/etc", "data/volumes/v/_data");
	view_for(s, "data/overlay2/x/merged");
	assert_refused(s, "data/volumes/v/_data", "is '/etc'");
	bind_mount(s, "open", "data/volumes/v/_data");
	view_for(s, "data/overlay2/x/merged");
	assert_refused(s, "data/volumes/v/_data", "belongs to root");
	bind_mount(s, "data/overlay2", "data/volumes/v/_data");
	view_for(s, "data/overlay2/x/merged");
	assert_refused(s, "data/volumes/v/_data", "engine's own storage");
}

static void test_source_open_judges_a_link_in_a_volume_by_where_it_leads(void **state)
{
	struct scratch *s = need_root(state);

	assert_int_equal(symlink("/etc", at(s, "data/volumes/v/_data/etc")), 0);
	assert_int_equal(symlink("../../../overlay2", at(s, "data/volumes/v/_data/layers")), 0);
	view_for(s, "data/overlay2/x/merged");
	assert_refused(s, "data/volumes/v/_data/etc", "is '/etc'");
	assert_refused(s, "data/volumes/v/_data/layers", "engine's own storage");
}

static void test_source_open_accepts_a_tmpfs_of_the_engine(void **state)
{
	struct scratch *s = need_root(state);
	struct source source;

	mount_tmpfs(s, "data/containers/x/mounts/shm", "mode=1777");
	mount_tmpfs(s, "data/volumes/v/_data", "mode=755");
	view_for(s, "data/overlay2/x/merged");
	assert_kind(s, "data/volumes/v/_data", SOURCE_ENGINE);
	assert_int_equal(open_path(s, at(s, "data/containers/x/mounts/shm"), true, &source), 0);
	/* tmpfs can be id-mapped since Linux 6.3; before, shm is shown as it is and stays writable */
	assert_true(source.kind == SOURCE_ENGINE || source.kind == SOURCE_PLAIN);
	assert_false(source.force_readonly);
	source_done(&source);
}

static void test_source_open_refuses_a_tmpfs_that_is_not_the_engines(void **state)
{
	struct scratch *s = need_root(state);

	mount_tmpfs(s, "open", "mode=755");
	bind_mount(s, "open", "data/volumes/v/_data"); /* device=, of a whole tmpfs */
	view_for(s, "data/overlay2/x/merged");
	assert_refused(s, "data/volumes/v/_data", "belongs to root");
	mount_tmpfs(s, "data/overlay2/x/diff", "mode=755");
	view_for(s, "data/overlay2/x/merged");
	assert_refused(s, "data/overlay2/x/diff", "belongs to root");
	bind_mount(s, "/dev/shm", "data/volumes/v/_data");
	view_for(s, "data/overlay2/x/merged");
	assert_refused(s, "data/volumes/v/_data", "lies in '/dev'");
}

static void test_source_open_refuses_an_overlay(void **state)
{
	struct scratch *s = need_root(state);

	assert_int_equal(mount("o", at(s, "data/volumes/v/_data"), "overlay", MS_RDONLY,
			       "lowerdir=/etc:/usr"),
			 0);
	view_for(s, "data/overlay2/x/merged");
	assert_refused(s, "data/volumes/v/_data", "type 'overlay'");
	assert_refused(s, "data/volumes/v/_data/passwd", "type 'overlay'");
}

static void test_source_open_of_storage_wants_mounts_below_out_of_reach(void **state)
{
	struct scratch *s = need_root(state);

	make_dir(s, "data/volumes/v/_data/sub", 0755, 0);
	bind_mount(s, "home", "data/volumes/v/_data/sub");
	view_for(s, "data/overlay2/x/merged");
	assert_refused(s, "data/volumes/v/_data", "can be reached by other users");
	assert_int_equal(umount(at(s, "data/volumes/v/_data/sub")), 0);
	mount_tmpfs(s, "data/volumes/v/_data/sub", "mode=755");
	view_for(s, "data/overlay2/x/merged");
	assert_kind(s, "data/volumes/v/_data", SOURCE_ENGINE);
}

static void test_source_open_accepts_what_lies_beside_a_bundles_root(void **state)
{
	struct scratch *s = need_root(state);

	view_for(s, "bundle/rootfs");
	assert_kind(s, "bundle/other", SOURCE_ENGINE);
	assert_refused(s, "bundle", "belongs to root");
	assert_refused(s, "closed/in", "belongs to root");
	assert_int_equal(chmod(at(s, "bundle"), 0755), 0);
	view_for(s, "bundle/rootfs");
	assert_refused(s, "bundle/other", "belongs to root");
}

/* ---- root file systems and layers --------------------------------------------------------------------------- */

static int open_rootfs(struct scratch *s, const char *path, struct source *ret)
{
	s->err = ERROR_INIT;
	return source_open_rootfs(s->view, path, ret, &s->err);
}

static void test_source_open_rootfs_accepts_what_is_out_of_reach(void **state)
{
	struct scratch *s = need_root(state);
	struct source source;

	view_for(s, "bundle/rootfs");
	assert_int_equal(open_rootfs(s, at(s, "bundle/rootfs"), &source), 0);
	assert_int_equal(source.kind, SOURCE_ENGINE);
	source_done(&source);
	assert_int_equal(open_rootfs(s, at(s, "home"), &source), 0);
	assert_int_equal(source.kind, SOURCE_OWNER);
	source_done(&source);
}

static void test_source_open_rootfs_refuses_what_users_can_reach(void **state)
{
	struct scratch *s = need_root(state);
	struct source source;

	view_for(s, "open");
	assert_int_equal(open_rootfs(s, at(s, "open"), &source), -EPERM);
	assert_non_null(strstr(s->err.msg, "can be reached by other users"));
	assert_non_null(strstr(s->err.msg, "chmod 0700"));
	assert_int_equal(chmod(at(s, "open"), 0700), 0);
	assert_int_equal(open_rootfs(s, at(s, "open"), &source), 0);
	source_done(&source);
}

static void test_source_open_rootfs_refuses_the_host(void **state)
{
	static const char *const paths[] = { "/",     "/etc", "/usr", "/root",
					     "/proc", "/var", "/dev", "/proc/1/root" };
	struct scratch *s = need_root(state);
	struct source source;

	view_for(s, "bundle/rootfs");
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
		if (open_rootfs(s, paths[i], &source) != -EPERM)
			fail_msg("'%s' was not refused: %s", paths[i], s->err.msg);
	bind_mount(s, "/", "closed/in");
	view_for(s, "bundle/rootfs");
	assert_int_equal(open_rootfs(s, at(s, "closed/in"), &source), -EPERM);
}

static int check_layer(struct scratch *s, const char *path)
{
	_cleanup_close_ int fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);

	assert_true(fd >= 0);
	s->err = ERROR_INIT;
	return source_check_layer(s->view, fd, &s->err);
}

static void test_source_check_layer_wants_layers_out_of_reach(void **state)
{
	struct scratch *s = need_root(state);

	view_for(s, "data/overlay2/x/merged");
	assert_int_equal(check_layer(s, at(s, "data/overlay2/x/diff")), 0);
	assert_int_equal(check_layer(s, at(s, "open")), -EPERM);
	assert_non_null(strstr(s->err.msg, "can be reached by other users"));
	assert_int_equal(check_layer(s, at(s, "home")), -EPERM); /* mapped 0 to 0, whoever owns it */
	assert_int_equal(check_layer(s, "/usr"), -EPERM);
	assert_non_null(strstr(s->err.msg, "restricted path"));
	assert_int_equal(check_layer(s, "/usr/bin"), -EPERM);
}

/* ---- clones ------------------------------------------------------------------------------------------------- */

static void test_source_clone_maps_storage_and_allows_no_devices(void **state)
{
	struct scratch *s = need_root(state);
	struct source source;
	struct stat st;
	int fd;

	make_file(s, "data/volumes/v/_data/f", 0644, 33);
	assert_int_equal(mknod(at(s, "data/volumes/v/_data/null"), S_IFCHR | 0666, makedev(1, 3)), 0);
	view_for(s, "data/overlay2/x/merged");
	assert_int_equal(open_path(s, at(s, "data/volumes/v/_data"), true, &source), 0);
	fd = source_clone(s->view, &source, true, s->userns_fd, &s->err);
	assert_true(fd >= 0);
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(st.st_uid, BASE);
	assert_int_equal(fstatat(fd, "f", &st, 0), 0);
	assert_int_equal(st.st_uid, BASE + 33);
	assert_int_equal(openat(fd, "null", O_RDONLY | O_CLOEXEC), -1);
	assert_int_equal(errno, EACCES);
	close(fd);
	source_done(&source);
}

static void test_source_clone_names_a_file_system_that_cannot_be_mapped(void **state)
{
	struct scratch *s = need_root(state);
	struct source source;

	if (mount("r", at(s, "home/sub"), "ramfs", 0, "mode=755") < 0)
		skip();
	assert_int_equal(chown(s->path, USER, USER), 0);
	view_for(s, "nowhere");
	assert_int_equal(open_path(s, at(s, "home/sub"), true, &source), 0);
	s->err = ERROR_INIT;
	assert_int_equal(source_clone(s->view, &source, true, s->userns_fd, &s->err), -EPERM);
	assert_non_null(strstr(s->err.msg, "type 'ramfs'"));
	source_done(&source);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_source_open_refuses_restricted_paths),
		T(test_source_open_refuses_restricted_paths_by_other_names),
		T(test_source_open_judges_a_folder_behind_a_bind_of_the_root),
		T(test_source_open_looks_at_what_is_mounted_below),
		T(test_source_open_refuses_another_mount_namespace),
		T(test_source_open_names_what_is_missing),
		T(test_source_open_shows_the_reason_after_a_long_path),
		T(test_source_open_maps_a_users_folder_to_him),
		T(test_source_open_maps_a_users_file_and_other_names_of_it),
		T(test_source_open_refuses_what_is_roots),
		T(test_source_open_refuses_ids_of_the_container),
		T(test_source_open_refuses_devices_and_sockets_of_root),
		T(test_source_open_knows_the_engines_storage_by_its_root),
		T(test_source_open_refuses_the_rest_of_the_engines_storage),
		T(test_source_open_wants_engine_storage_out_of_reach),
		T(test_source_open_wants_engine_storage_to_be_roots_alone),
		T(test_source_open_wants_engine_storage_out_of_reach_by_every_mount),
		T(test_source_open_judges_a_volume_by_its_device),
		T(test_source_open_judges_a_link_in_a_volume_by_where_it_leads),
		T(test_source_open_accepts_a_tmpfs_of_the_engine),
		T(test_source_open_refuses_a_tmpfs_that_is_not_the_engines),
		T(test_source_open_refuses_an_overlay),
		T(test_source_open_of_storage_wants_mounts_below_out_of_reach),
		T(test_source_open_accepts_what_lies_beside_a_bundles_root),
		T(test_source_open_rootfs_accepts_what_is_out_of_reach),
		T(test_source_open_rootfs_refuses_what_users_can_reach),
		T(test_source_open_rootfs_refuses_the_host),
		T(test_source_check_layer_wants_layers_out_of_reach),
		T(test_source_clone_maps_storage_and_allows_no_devices),
		T(test_source_clone_names_a_file_system_that_cannot_be_mapped),
	};

	return cmocka_run_group_tests(tests, setup_group, NULL);
}
