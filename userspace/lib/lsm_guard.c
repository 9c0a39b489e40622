/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * lsm_guard - owns the maps `guarded` and `guarded_names`: what of the host no container may touch. See lsm.h.
 *
 * How this works: a folder's own entry says whether all of its entries are guarded, and whether some are by name, so that
 * the programs look for names only where there are any.
 */
#include <errno.h>
#include <linux/magic.h>
#include <linux/nsfs.h>
#include <sched.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>

#include "error.h"
#include "fd.h"
#include "lsm_map.h"
#include "lsm_private.h"
#include "str.h"

uint32_t lsm_guard_name_hash(const char *name)
{
	uint32_t hash = LSM_GUARD_START;
	size_t len = strlen(name);

	if (len == 0 || len >= LSM_GUARD_NAME || strchr(name, '/') || str_eq(name, ".") ||
	    str_eq(name, ".."))
		return 0;
	for (const char *c = name; *c; c++)
		hash = LSM_GUARD_STEP(hash, *c);
	return hash;
}

int lsm_guard_key_of(int fd, struct lsm_guard_key *ret, bool *ret_is_folder, struct error *err)
{
	struct statfs fs;
	struct stat st;

	if (fstat(fd, &st) < 0 || fstatfs(fd, &fs) < 0)
		return error_set(err, errno, "cannot stat what is to be guarded");
	if ((unsigned long)fs.f_type == BTRFS_SUPER_MAGIC)
		return error_text(err, ENOTSUP,
				  "what lies on Btrfs cannot be guarded by device and inode: its "
				  "subvolumes show other numbers than the kernel's");
	*ret_is_folder = S_ISDIR(st.st_mode);
	*ret = (struct lsm_guard_key){ .inode = st.st_ino,
				       .device = major(st.st_dev) << 20 | minor(st.st_dev) };
	return 0;
}

/* Sets and clears bits of an entry; without any it goes. Under the lock. */
static int change(struct lsm *lsm, const struct lsm_guard_key *key, uint32_t set, uint32_t clear,
		  struct error *err)
{
	int fd = lsm->map_fds[LSM_MAP_GUARDED];
	uint32_t value = 0;

	if (lsm_map_lookup(fd, key, &value) < 0 && errno != ENOENT)
		return error_set(err, errno, "cannot read a guard");
	value = (value | set) & ~clear;
	if (value ? lsm_map_update(fd, key, &value, BPF_ANY) < 0 :
		    lsm_map_delete(fd, key) < 0 && errno != ENOENT)
		return errno == E2BIG ?
			       error_text(err, ENOSPC, "the BPF LSM layer has room for %d guards",
					  LSM_GUARDS_MAX) :
			       error_set(err, errno, "cannot change a guard");
	return 0;
}

/* Bits of @set and @clear are SELF and ENGINES; a folder's entries go with itself. */
static int guard(struct lsm *lsm, int fd, const char *name, uint32_t set, uint32_t clear,
		 struct error *err)
{
	_cleanup_close_ int lock_fd = -EBADF;
	uint32_t hash = name ? lsm_guard_name_hash(name) : 0;
	struct lsm_guard_key key;
	char quoted[64];
	bool is_folder;
	int r;

	if (name && hash == 0)
		return error_text(err, EINVAL,
				  "'%s' cannot be guarded: it is not one name of less than %d bytes",
				  str_quote(name, quoted, sizeof(quoted)), LSM_GUARD_NAME);
	r = lsm_guard_key_of(fd, &key, &is_folder, err);
	if (r == 0 && name && !is_folder)
		r = error_text(err, EINVAL, "an entry can be guarded in a folder only");
	if (r == 0)
		r = lsm_lock_maps(lsm, &lock_fd, err);
	if (r < 0)
		return r;
	if (!name) {
		set |= is_folder && (set & LSM_GUARD_SELF) ? LSM_GUARD_ENTRIES : 0;
		clear |= is_folder && (clear & LSM_GUARD_SELF) ? LSM_GUARD_ENTRIES : 0;
		return change(lsm, &key, set, clear, err);
	}
	/* That there are names stays said when the last is gone: it costs a look, and guards nothing. */
	if (set)
		r = change(lsm, &key, LSM_GUARD_NAMES, 0, err);
	key.name = hash;
	return r < 0 ? r : change(lsm, &key, set, clear, err);
}

int lsm_guard(struct lsm *lsm, int fd, const char *name, bool on, struct error *err)
{
	return on ? guard(lsm, fd, name, LSM_GUARD_SELF, 0, err) :
		    guard(lsm, fd, name, 0, LSM_GUARD_SELF | LSM_GUARD_ENGINES, err);
}

int lsm_guard_from_engines(struct lsm *lsm, int fd, const char *name, bool on, struct error *err)
{
	return on ? guard(lsm, fd, name, LSM_GUARD_SELF | LSM_GUARD_ENGINES, 0, err) :
		    guard(lsm, fd, name, 0, LSM_GUARD_ENGINES, err);
}

int lsm_guard_abstract(struct lsm *lsm, int netns_fd, const char *name, size_t len, bool on,
		       struct error *err)
{
	int fd = lsm->map_fds[LSM_MAP_GUARDED_NAMES];
	struct lsm_socket_name key = { 0 };
	uint32_t value = LSM_GUARD_SELF;
	struct stat st;

	if (len == 0 || len > LSM_SOCKET_NAME_MAX)
		return error_text(err, EINVAL,
				  "the name of an abstract socket has 1 to %d bytes, not %zu",
				  LSM_SOCKET_NAME_MAX, len);
	if (ioctl(netns_fd, NS_GET_NSTYPE) != CLONE_NEWNET || fstat(netns_fd, &st) < 0)
		return error_text(err, EINVAL, "a descriptor is not that of a network namespace");
	key.netns = (uint32_t)st.st_ino;
	memcpy(key.name, name, len);
	if (on ? lsm_map_update(fd, &key, &value, BPF_ANY) < 0 :
		 lsm_map_delete(fd, &key) < 0 && errno != ENOENT)
		return errno == E2BIG ?
			       error_text(err, ENOSPC,
					  "the BPF LSM layer has room for %d abstract sockets",
					  LSM_GUARDS_MAX) :
			       error_set(err, errno, "cannot change a guard");
	return 0;
}
