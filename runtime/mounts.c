/* SPDX-License-Identifier: GPL-2.0-or-later */
/* mounts - see mounts.h. */
#include "mounts.h"

#include <errno.h>
#include <string.h>
#include <sys/mount.h>

#include "arena.h"
#include "error.h"
#include "idmap.h"
#include "str.h"

const struct json_field spec_mount_fields[] = {
	JSON_F_REQUIRED(struct spec_mount, destination, "destination", JSON_STRING_FIELD),
	JSON_F(struct spec_mount, type, "type", JSON_STRING_FIELD),
	JSON_F(struct spec_mount, source, "source", JSON_STRING_FIELD),
	JSON_F(struct spec_mount, options, "options", JSON_STRV_FIELD),
	JSON_F_ARRAY(struct spec_mount, uid_mappings, "uidMappings", idmap_fields, struct id_mapping),
	JSON_F_ARRAY(struct spec_mount, gid_mappings, "gidMappings", idmap_fields, struct id_mapping),
	JSON_F_END,
};

enum option_effect {
	EFFECT_ATTR,	    /* bits of MOUNT_ATTR_* */
	EFFECT_ATTR_ALL,    /* the same, recursively */
	EFFECT_BIND,	    /* bits: 1 for rbind */
	EFFECT_PROPAGATION, /* bits: MS_*, MS_REC */
	EFFECT_SUPERBLOCK,  /* a word every file system context takes: passed on */
	EFFECT_NONE,	    /* says what is so anyway */
	EFFECT_COPY_UP,
	EFFECT_REMOUNT,
	EFFECT_IDMAP,
};

struct option_row {
	const char *name;
	enum option_effect effect;
	uint64_t set;
	uint64_t clear;
};

#define ATIME MOUNT_ATTR__ATIME

/*
 * config.md "Linux mount options", one row each.
 *
 * The access-time words are one value: a word sets it, and its opposite takes back that word alone. "norelatime" takes
 * nothing back, because relatime is what a mount has when nothing is said.
 */
static const struct option_row option_rows[] = {
	{ "ro", EFFECT_ATTR, MOUNT_ATTR_RDONLY, 0 },
	{ "rw", EFFECT_ATTR, 0, MOUNT_ATTR_RDONLY },
	{ "nosuid", EFFECT_ATTR, MOUNT_ATTR_NOSUID, 0 },
	{ "suid", EFFECT_ATTR, 0, MOUNT_ATTR_NOSUID },
	{ "nodev", EFFECT_ATTR, MOUNT_ATTR_NODEV, 0 },
	{ "dev", EFFECT_ATTR, 0, MOUNT_ATTR_NODEV },
	{ "noexec", EFFECT_ATTR, MOUNT_ATTR_NOEXEC, 0 },
	{ "exec", EFFECT_ATTR, 0, MOUNT_ATTR_NOEXEC },
	{ "noatime", EFFECT_ATTR, MOUNT_ATTR_NOATIME, ATIME },
	{ "atime", EFFECT_ATTR, 0, MOUNT_ATTR_NOATIME },
	{ "relatime", EFFECT_ATTR, MOUNT_ATTR_RELATIME, ATIME },
	{ "norelatime", EFFECT_ATTR, 0, 0 },
	{ "strictatime", EFFECT_ATTR, MOUNT_ATTR_STRICTATIME, ATIME },
	{ "nostrictatime", EFFECT_ATTR, 0, MOUNT_ATTR_STRICTATIME },
	{ "nodiratime", EFFECT_ATTR, MOUNT_ATTR_NODIRATIME, 0 },
	{ "diratime", EFFECT_ATTR, 0, MOUNT_ATTR_NODIRATIME },
	{ "nosymfollow", EFFECT_ATTR, MOUNT_ATTR_NOSYMFOLLOW, 0 },
	{ "symfollow", EFFECT_ATTR, 0, MOUNT_ATTR_NOSYMFOLLOW },
	{ "rro", EFFECT_ATTR_ALL, MOUNT_ATTR_RDONLY, 0 },
	{ "rrw", EFFECT_ATTR_ALL, 0, MOUNT_ATTR_RDONLY },
	{ "rnosuid", EFFECT_ATTR_ALL, MOUNT_ATTR_NOSUID, 0 },
	{ "rsuid", EFFECT_ATTR_ALL, 0, MOUNT_ATTR_NOSUID },
	{ "rnodev", EFFECT_ATTR_ALL, MOUNT_ATTR_NODEV, 0 },
	{ "rdev", EFFECT_ATTR_ALL, 0, MOUNT_ATTR_NODEV },
	{ "rnoexec", EFFECT_ATTR_ALL, MOUNT_ATTR_NOEXEC, 0 },
	{ "rexec", EFFECT_ATTR_ALL, 0, MOUNT_ATTR_NOEXEC },
	{ "rnoatime", EFFECT_ATTR_ALL, MOUNT_ATTR_NOATIME, ATIME },
	{ "ratime", EFFECT_ATTR_ALL, 0, MOUNT_ATTR_NOATIME },
	{ "rrelatime", EFFECT_ATTR_ALL, MOUNT_ATTR_RELATIME, ATIME },
	{ "rnorelatime", EFFECT_ATTR_ALL, 0, 0 },
	{ "rstrictatime", EFFECT_ATTR_ALL, MOUNT_ATTR_STRICTATIME, ATIME },
	{ "rnostrictatime", EFFECT_ATTR_ALL, 0, MOUNT_ATTR_STRICTATIME },
	{ "rnodiratime", EFFECT_ATTR_ALL, MOUNT_ATTR_NODIRATIME, 0 },
	{ "rdiratime", EFFECT_ATTR_ALL, 0, MOUNT_ATTR_NODIRATIME },
	{ "rnosymfollow", EFFECT_ATTR_ALL, MOUNT_ATTR_NOSYMFOLLOW, 0 },
	{ "rsymfollow", EFFECT_ATTR_ALL, 0, MOUNT_ATTR_NOSYMFOLLOW },
	{ "bind", EFFECT_BIND, 0, 0 },
	{ "rbind", EFFECT_BIND, 1, 0 },
	{ "private", EFFECT_PROPAGATION, MS_PRIVATE, 0 },
	{ "rprivate", EFFECT_PROPAGATION, MS_PRIVATE | MS_REC, 0 },
	{ "shared", EFFECT_PROPAGATION, MS_SHARED, 0 },
	{ "rshared", EFFECT_PROPAGATION, MS_SHARED | MS_REC, 0 },
	{ "slave", EFFECT_PROPAGATION, MS_SLAVE, 0 },
	{ "rslave", EFFECT_PROPAGATION, MS_SLAVE | MS_REC, 0 },
	{ "unbindable", EFFECT_PROPAGATION, MS_UNBINDABLE, 0 },
	{ "runbindable", EFFECT_PROPAGATION, MS_UNBINDABLE | MS_REC, 0 },
	{ "sync", EFFECT_SUPERBLOCK, 0, 0 },
	{ "async", EFFECT_SUPERBLOCK, 0, 0 },
	{ "dirsync", EFFECT_SUPERBLOCK, 0, 0 },
	{ "lazytime", EFFECT_SUPERBLOCK, 0, 0 },
	{ "nolazytime", EFFECT_SUPERBLOCK, 0, 0 },
	{ "mand", EFFECT_SUPERBLOCK, 0, 0 },
	{ "nomand", EFFECT_SUPERBLOCK, 0, 0 },
	{ "defaults", EFFECT_NONE, 0, 0 },
	{ "loud", EFFECT_NONE, 0, 0 },
	{ "silent", EFFECT_NONE, 0, 0 }, /* of mount(2)'s complaints in the kernel's log */
	{ "acl", EFFECT_NONE, 0, 0 },
	/* i_version: tmpfs always counts (Linux 5.18), our other file systems have nothing to count, and a bind has no say */
	{ "iversion", EFFECT_NONE, 0, 0 },
	{ "noiversion", EFFECT_NONE, 0, 0 },
	{ "remount", EFFECT_REMOUNT, 0, 0 },
	{ "tmpcopyup", EFFECT_COPY_UP, 0, 0 },
	{ "idmap", EFFECT_IDMAP, 0, 0 },
	{ "ridmap", EFFECT_IDMAP, 0, 0 },
};

#define N_OPTION_ROWS (sizeof(option_rows) / sizeof(option_rows[0]))

/* File systems whose content is the container's own. */
static const char *const own_fs_types[] = { "proc",   "sysfs",	"tmpfs",  "devpts",
					    "mqueue", "cgroup", "cgroup2" };

static const struct option_row *option_find(const char *name)
{
	for (size_t i = 0; i < N_OPTION_ROWS; i++)
		if (str_eq(option_rows[i].name, name))
			return &option_rows[i];
	return NULL;
}

static void option_apply(const struct option_row *row, struct mount_options *ret)
{
	switch (row->effect) {
	case EFFECT_ATTR: /* the last word wins, as with mount(8) */
		ret->set = (ret->set & ~row->clear) | row->set;
		ret->clear = (ret->clear & ~row->set) | row->clear;
		break;
	case EFFECT_ATTR_ALL:
		ret->set_all = (ret->set_all & ~row->clear) | row->set;
		ret->clear_all = (ret->clear_all & ~row->set) | row->clear;
		break;
	case EFFECT_BIND:
		ret->bind = true;
		ret->recursive = ret->recursive || row->set;
		break;
	case EFFECT_PROPAGATION:
		ret->propagation = row->set & ~(uint64_t)MS_REC;
		ret->propagate_all = row->set & MS_REC;
		break;
	case EFFECT_COPY_UP:
		ret->copy_up = true;
		break;
	case EFFECT_REMOUNT:
		ret->remount = true;
		break;
	case EFFECT_IDMAP:
		ret->idmap = true;
		break;
	case EFFECT_SUPERBLOCK:
	case EFFECT_NONE:
		break;
	}
}

/* mount_setattr(2) takes the access-time bits all or none. */
static uint64_t whole_atime(uint64_t clear)
{
	return clear & ATIME ? clear | ATIME : clear;
}

int mount_options_parse(struct arena *arena, const struct spec_mount *mount,
			struct mount_options *ret, const char ***ret_data, struct error *err)
{
	struct mount_options options = { 0 };
	const char **data;
	size_t n = 0, n_data = 0;

	while (mount->options && mount->options[n])
		n++;
	data = arena_alloc(arena, n + 1, sizeof(*data));
	if (!data)
		return error_set(err, ENOMEM, "options");

	options.bind = mount->type && str_eq(mount->type, "bind");
	for (size_t i = 0; i < n; i++) {
		const struct option_row *row = option_find(mount->options[i]);

		if (row)
			option_apply(row, &options);
		if (!row || row->effect == EFFECT_SUPERBLOCK)
			data[n_data++] = mount->options[i];
	}
	options.clear = whole_atime(options.clear);
	options.clear_all = whole_atime(options.clear_all);
	*ret = options;
	*ret_data = data;
	return 0;
}

static bool type_is_own(const char *type)
{
	for (size_t i = 0; i < sizeof(own_fs_types) / sizeof(own_fs_types[0]); i++)
		if (str_eq(own_fs_types[i], type))
			return true;
	return false;
}

static int check_bind(const struct spec_mount *mount, const struct mount_options *options,
		      struct error *err)
{
	char quoted[160];

	if (!mount->source || mount->source[0] != '/')
		return error_text(err, EINVAL, "a bind mount needs an absolute source");
	if (options->propagation == MS_SHARED || options->propagation == MS_SLAVE)
		return error_text(err, EPERM,
				  "'%s' cannot be bound with %s propagation, because mounts would travel between "
				  "the container and the host: use private or rprivate",
				  str_quote(mount->source, quoted, sizeof(quoted)),
				  options->propagation == MS_SHARED ? "shared" : "slave");
	return 0;
}

static int check_mapping(const char *name, const struct json_array *maps, struct error *err)
{
	int r = idmap_check(maps->items, maps->n, err);

	return r < 0 ? error_wrap(err, "%s", name) : 0;
}

static int check_idmap(const struct spec_mount *mount, const struct mount_options *options,
		       struct error *err)
{
	int r;

	if (!options->bind || options->remount)
		return error_text(err, EINVAL,
				  "idmap, ridmap, uidMappings and gidMappings are for bind mounts: what a file system of "
				  "the container's own holds has the container's ids anyway");
	if (!mount->uid_mappings.n && !mount->gid_mappings.n)
		return 0;
	if (!mount->uid_mappings.n || !mount->gid_mappings.n)
		return error_text(err, EINVAL,
				  "uidMappings and gidMappings go together: give both or neither");
	r = check_mapping("uidMappings", &mount->uid_mappings, err);
	return r < 0 ? r : check_mapping("gidMappings", &mount->gid_mappings, err);
}

static int check_type(const struct spec_mount *mount, struct error *err)
{
	char quoted[64];

	if (mount->type && type_is_own(mount->type))
		return 0;
	return error_text(err, EPERM,
			  "file system type '%s' cannot be mounted for a container, because the runtime would "
			  "mount it with the host's rights: use a volume",
			  str_quote(mount->type ? mount->type : "", quoted, sizeof(quoted)));
}

static int check_one(struct arena *arena, const struct spec_mount *mount, struct error *err)
{
	struct mount_options options;
	const char **data;
	int r;

	if (!*mount->destination)
		return error_text(err, EINVAL, "destination is empty");
	r = mount_options_parse(arena, mount, &options, &data, err);
	if (r < 0)
		return r;
	if (options.idmap || mount->uid_mappings.n || mount->gid_mappings.n) {
		r = check_idmap(mount, &options, err);
		if (r < 0)
			return r;
	}
	if (options.remount)
		return options.copy_up ? error_text(err, EINVAL,
						    "remount makes no tmpfs that tmpcopyup "
						    "could fill") :
					 0;
	return options.bind ? check_bind(mount, &options, err) : check_type(mount, err);
}

int mounts_check(struct arena *arena, const struct json_array *mounts, struct error *err)
{
	const struct spec_mount *items = mounts->items;

	for (size_t i = 0; i < mounts->n; i++) {
		int r = check_one(arena, &items[i], err);

		if (r < 0)
			return error_wrap(err, "mounts[%zu]", i);
	}
	return 0;
}

json_t *mounts_option_names(void)
{
	json_t *names = json_array();

	for (size_t i = 0; names && i < N_OPTION_ROWS; i++)
		json_array_append_new(names, json_string(option_rows[i].name));
	return names;
}
