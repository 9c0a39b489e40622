/* SPDX-License-Identifier: GPL-2.0-or-later */
/* devices - see devices.h. */
#include "devices.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "error.h"
#include "fd.h"
#include "idmap.h"
#include "path.h"
#include "str.h"
#include "sys.h"

#define IDS 65536 /* of a container */

const struct json_field device_node_fields[] = {
	JSON_F_REQUIRED(struct device_node, path, "path", JSON_STRING_FIELD),
	JSON_F_REQUIRED(struct device_node, type, "type", JSON_STRING_FIELD),
	JSON_F(struct device_node, major, "major", JSON_I64_FIELD),
	JSON_F(struct device_node, minor, "minor", JSON_I64_FIELD),
	JSON_F(struct device_node, file_mode, "fileMode", JSON_OPT_U32_FIELD),
	JSON_F(struct device_node, uid, "uid", JSON_OPT_U32_FIELD),
	JSON_F(struct device_node, gid, "gid", JSON_OPT_U32_FIELD),
	JSON_F_END,
};

const struct json_field device_rule_fields[] = {
	JSON_F_REQUIRED(struct device_rule, allow, "allow", JSON_BOOL_FIELD),
	JSON_F(struct device_rule, type, "type", JSON_STRING_FIELD),
	JSON_F(struct device_rule, major, "major", JSON_OPT_I64_FIELD),
	JSON_F(struct device_rule, minor, "minor", JSON_OPT_I64_FIELD),
	JSON_F(struct device_rule, access, "access", JSON_STRING_FIELD),
	JSON_F_END,
};

enum when {
	ALWAYS,	   /* node and rule */
	RULE_ONLY, /* made by a file system of the container's own: devpts */
	NEVER, /* engines name it, and the container has its own: a pts bound over it. The number is the host's */
	ON_REQUEST,
};

/* The one allow-list: what of the host's devices a container may have. All are character devices. */
static const struct allowed {
	const char *path;
	uint32_t major, minor; /* DEVICE_ANY: any */
	enum when when;
} allowed[] = {
	{ "/dev/null", 1, 3, ALWAYS },
	{ "/dev/zero", 1, 5, ALWAYS },
	{ "/dev/full", 1, 7, ALWAYS },
	{ "/dev/random", 1, 8, ALWAYS },
	{ "/dev/urandom", 1, 9, ALWAYS },
	{ "/dev/tty", 5, 0, ALWAYS },
	{ "/dev/console", 5, 1, NEVER },
	{ "/dev/ptmx", 5, 2, RULE_ONLY },
	{ "/dev/pts", 136, DEVICE_ANY, RULE_ONLY },
	{ "/dev/net/tun", 10, 200, ON_REQUEST },
	{ "/dev/fuse", 10, 229, ON_REQUEST },
};

#define N_ALLOWED (sizeof(allowed) / sizeof(allowed[0]))

/* ---- plan ------------------------------------------------------------------------------------------------------ */

static const struct allowed *find_allowed(int64_t major, int64_t minor)
{
	for (size_t i = 0; i < N_ALLOWED; i++)
		if (allowed[i].major == major &&
		    (allowed[i].minor == minor || allowed[i].minor == DEVICE_ANY))
			return &allowed[i];
	return NULL;
}

static bool is_char(const char *type)
{
	return str_eq(type, "c") || str_eq(type, "u");
}

static bool is_any(const struct opt_i64 *number)
{
	return !number->set || number->value == -1;
}

static bool rule_is_all(const struct device_rule *rule)
{
	return !rule->type || !*rule->type || str_eq(rule->type, "a");
}

/* "allow a *:* rwm": nobody writes that but `--privileged`. */
static bool is_privileged(const struct json_array *rules)
{
	const struct device_rule *items = rules->items;

	for (size_t i = 0; i < rules->n; i++)
		if (items[i].allow && rule_is_all(&items[i]) && is_any(&items[i].major) &&
		    is_any(&items[i].minor))
			return true;
	return false;
}

static int add_rule(struct device_plan *plan, const struct allowed *row, struct error *err)
{
	for (size_t i = 0; i < plan->n_rules; i++)
		if (plan->rules[i].major == row->major && plan->rules[i].minor == row->minor)
			return 0;
	if (plan->n_rules == DEVICE_RULES_MAX)
		return error_text(err, E2BIG, "linux.resources.devices: more than %d rules",
				  DEVICE_RULES_MAX);
	plan->rules[plan->n_rules++] =
		(struct device_entry){ .type = 'c', .major = row->major, .minor = row->minor };
	return 0;
}

static int add_node(struct device_plan *plan, const struct device_entry *entry, struct error *err)
{
	for (size_t i = 0; i < plan->n_nodes; i++)
		if (str_eq(plan->nodes[i].path,
			   entry->path)) { /* the spec's word on a default one: mode and owner */
			plan->nodes[i] = *entry;
			return 0;
		}
	if (plan->n_nodes == DEVICE_NODES_MAX)
		return error_text(err, E2BIG, "linux.devices: more than %d nodes", DEVICE_NODES_MAX);
	plan->nodes[plan->n_nodes++] = *entry;
	return 0;
}

static int add_defaults(struct device_plan *plan, struct error *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < N_ALLOWED; i++) {
		struct device_entry entry = { .type = 'c', .mode = 0666 };

		if (allowed[i].when == ON_REQUEST || allowed[i].when == NEVER)
			continue;
		r = add_rule(plan, &allowed[i], err);
		if (r < 0 || allowed[i].when == RULE_ONLY)
			continue;
		entry.major = allowed[i].major;
		entry.minor = allowed[i].minor;
		(void)str_format(entry.path, sizeof(entry.path), "%s", allowed[i].path);
		r = add_node(plan, &entry, err);
	}
	return r;
}

static int check_node(const struct device_node *node, size_t i, struct error *err)
{
	static const char *const types[] = { "c", "u", "b", "p" };
	bool known = false;
	char quoted[160];

	for (size_t k = 0; k < sizeof(types) / sizeof(types[0]); k++)
		known = known || str_eq(node->type, types[k]);
	if (!known)
		return error_text(err, EINVAL, "linux.devices[%zu].type: '%s' is none of c, u, b, p",
				  i, str_quote(node->type, quoted, sizeof(quoted)));
	if (!str_after(node->path, "/dev/") || path_has_dots(node->path) ||
	    strlen(node->path) >= sizeof(((struct device_entry *)NULL)->path))
		return error_text(err, EINVAL,
				  "linux.devices[%zu].path: '%s' is not a path below /dev", i,
				  str_quote(node->path, quoted, sizeof(quoted)));
	return 0;
}

static int refuse_node(const struct device_node *node, size_t i, struct error *err)
{
	char quoted[160];

	return error_text(err, EPERM,
			  "linux.devices[%zu]: device '%s' (%s %lld:%lld) is not one that a container may have, because "
			  "it acts on the host: leave it out; containers get null, zero, full, random, urandom, tty and, "
			  "when asked for, net/tun and fuse",
			  i, str_quote(node->path, quoted, sizeof(quoted)), node->type,
			  (long long)node->major, (long long)node->minor);
}

/*
 * For --privileged, engines list the host's devices with the host's owners, which say nothing in here; crun leaves even
 * /dev/null to a container's root, as one of its standard streams.
 */
static int check_owner(struct device_entry *entry, size_t i, bool privileged, struct error *err)
{
	if (entry->uid < IDS && entry->gid < IDS)
		return 0;
	if (!privileged)
		return error_text(err, EINVAL,
				  "linux.devices[%zu]: owner %u:%u is not an id of the container",
				  i, entry->uid, entry->gid);
	entry->uid = 0;
	entry->gid = 0;
	return 0;
}

static int plan_node(const struct device_node *node, size_t i, bool privileged,
		     struct device_plan *plan, struct error *err)
{
	struct device_entry entry = {
		.type = str_eq(node->type, "p") ? 'p' : 'c',
		.mode = node->file_mode.set ? node->file_mode.value & 0777 : 0666,
		.uid = node->uid.value,
		.gid = node->gid.value,
	};
	const struct allowed *row;
	int r = check_node(node, i, err);

	if (r == 0)
		r = check_owner(&entry, i, privileged, err);
	if (r < 0)
		return r;
	(void)str_format(entry.path, sizeof(entry.path), "%s", node->path);
	if (entry.type == 'p')
		return add_node(plan, &entry, err);
	row = is_char(node->type) ? find_allowed(node->major, node->minor) : NULL;
	if (!row) {
		plan->dropped += privileged;
		return privileged ? 0 : refuse_node(node, i, err);
	}
	if (row->when == RULE_ONLY || row->when == NEVER) /* the container has its own */
		return 0;
	entry.major = row->major;
	entry.minor = row->minor;
	r = add_rule(plan, row, err);
	return r < 0 ? r : add_node(plan, &entry, err);
}

static int plan_rule(const struct device_rule *rule, size_t i, bool privileged,
		     struct device_plan *plan, struct error *err)
{
	const struct allowed *row;
	char quoted[32];

	if (!rule->allow || privileged)
		return 0; /* all that is not in the plan is denied anyway */
	if (rule->access && !strpbrk(rule->access, "rw"))
		return 0; /* mknod(2) of devices does not exist in a user namespace */
	row = rule->type && is_char(rule->type) && rule->major.set && rule->minor.set ?
		      find_allowed(rule->major.value, rule->minor.value) :
		      NULL;
	if (!row && rule->type && is_char(rule->type) && rule->major.set && rule->major.value == 136)
		return 0; /* every pts */
	if (!row)
		return error_text(err, EPERM,
				  "linux.resources.devices[%zu]: access to %s %lld:%lld cannot be allowed, because it acts "
				  "on the host: leave the rule out",
				  i, str_quote(rule->type ? rule->type : "a", quoted, sizeof(quoted)),
				  rule->major.set ? (long long)rule->major.value : -1,
				  rule->minor.set ? (long long)rule->minor.value : -1);
	return row->when == NEVER ? 0 : add_rule(plan, row, err);
}

int devices_plan(const struct json_array *nodes, const struct json_array *rules,
		 struct device_plan *ret, struct error *err)
{
	const struct device_node *node = nodes->items;
	const struct device_rule *rule = rules->items;
	bool privileged = is_privileged(rules);
	struct device_plan plan = { 0 };
	int r = add_defaults(&plan, err);

	for (size_t i = 0; r == 0 && i < nodes->n; i++)
		r = plan_node(&node[i], i, privileged, &plan, err);
	for (size_t i = 0; r == 0 && i < rules->n; i++)
		r = plan_rule(&rule[i], i, privileged, &plan, err);
	if (r == 0)
		*ret = plan;
	return r;
}

/* ---- make ---------------------------------------------------------------------------------- */

/* One folder further, made if missing. Never across a mount: what a volume holds is not ours to write device nodes to. */
static int open_folder(int dir_fd, const char *name, struct error *err)
{
	const struct open_how how = {
		.flags = O_PATH | O_DIRECTORY | O_CLOEXEC,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV,
	};
	int fd;

	if (mkdirat(dir_fd, name, 0755) < 0 && errno != EEXIST)
		return error_set(err, errno, "cannot make the folder '%s'", name);
	fd = sys_openat2(dir_fd, name, &how);
	if (fd < 0 && errno == EXDEV)
		return error_text(err, EPERM,
				  "something is mounted on '%s', where a device node should be made",
				  name);
	return fd < 0 ? error_set(err, errno, "cannot open the folder '%s'", name) : fd;
}

/* The folder of a path below /dev, and its last component. */
static int open_parent(int dev_fd, const char *path, const char **ret_name, struct error *err)
{
	_cleanup_close_ int fd = fcntl(dev_fd, F_DUPFD_CLOEXEC, 0);
	char copy[sizeof(((struct device_entry *)NULL)->path)], *save = NULL;
	const char *rest = str_after(path, "/dev/");
	char *name, *next;

	if (fd < 0)
		return error_set(err, errno, "/dev");
	(void)str_format(copy, sizeof(copy), "%s", rest);
	name = strtok_r(copy, "/", &save);
	for (; name && (next = strtok_r(NULL, "/", &save)); name = next) {
		int folder = open_folder(fd, name, err);

		if (folder < 0)
			return folder;
		fd_close(fd);
		fd = folder;
	}
	if (!name)
		return error_text(err, EINVAL, "'%s' names no device", path);
	*ret_name = path + strlen(path) - strlen(name);
	return take_fd(&fd);
}

static bool is_right(int fd, mode_t format, dev_t number)
{
	struct stat st;

	return fstat(fd, &st) == 0 && (st.st_mode & S_IFMT) == format &&
	       (format == S_IFIFO || st.st_rdev == number);
}

/* By descriptor from the moment it exists: a name may be somebody else's by the next call. */
static int make_node(int dev_fd, const struct device_entry *entry, const struct idmap *map,
		     struct error *err)
{
	mode_t format = entry->type == 'p' ? S_IFIFO : S_IFCHR;
	dev_t number = makedev(entry->major, entry->minor);
	_cleanup_close_ int dir_fd = -EBADF, fd = -EBADF;
	char by_fd[64];
	const char *name = NULL;
	uint32_t uid, gid;
	bool is_new;

	if (!idmap_host_uid(map, entry->uid, &uid) || !idmap_host_gid(map, entry->gid, &gid))
		return error_text(err, EINVAL,
				  "linux.devices: the owner %u:%u of '%s' is no id of the container",
				  entry->uid, entry->gid, entry->path);
	dir_fd = open_parent(dev_fd, entry->path, &name, err);
	if (dir_fd < 0)
		return error_wrap(err, "%s", entry->path);
	is_new = mknodat(dir_fd, name, format | entry->mode, number) == 0;
	if (!is_new && errno != EEXIST)
		return error_set(err, errno, "cannot make '%s'", entry->path);
	fd = openat(dir_fd, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return error_set(err, errno, "cannot open '%s'", entry->path);
	if (!is_right(fd, format, number))
		return error_text(err, EEXIST, "'%s' is there already, and is something else",
				  entry->path);
	if (!is_new)
		return 0;
	(void)str_format(by_fd, sizeof(by_fd), "/proc/self/fd/%d", fd);
	if (chmod(by_fd, entry->mode) < 0 || /* past the umask */
	    fchownat(fd, "", uid, gid, AT_EMPTY_PATH) < 0)
		return error_set(err, errno, "cannot set the mode and owner of '%s'", entry->path);
	return 0;
}

/* config-linux.md "Dev symbolic links"; ptmx must be the container's own devpts. */
static const struct {
	const char *name;
	const char *target;
} links[] = {
	{ "fd", "/proc/self/fd" },	 { "stdin", "/proc/self/fd/0" },
	{ "stdout", "/proc/self/fd/1" }, { "stderr", "/proc/self/fd/2" },
	{ "ptmx", "pts/ptmx" },
};

static int make_links(int dev_fd, struct error *err)
{
	for (size_t i = 0; i < sizeof(links) / sizeof(links[0]); i++)
		if (symlinkat(links[i].target, dev_fd, links[i].name) < 0 && errno != EEXIST)
			return error_set(err, errno, "cannot make the link '/dev/%s'", links[i].name);
	return 0;
}

/* An image's own /dev: its nodes may serve, and nothing is written into it. */
static int check_existing(int root_fd, const struct device_plan *plan, struct error *err)
{
	for (size_t i = 0; i < plan->n_nodes; i++) {
		const struct device_entry *entry = &plan->nodes[i];
		_cleanup_close_ int fd =
			path_open_in_root(root_fd, entry->path, O_PATH | O_NOFOLLOW, err);
		struct stat st;

		if (fd < 0 || fstat(fd, &st) < 0 || !S_ISCHR(st.st_mode) ||
		    st.st_rdev != makedev(entry->major, entry->minor))
			return error_text(err, EINVAL,
					  "'%s' is missing: mount a tmpfs on /dev, so that the runtime can make it",
					  entry->path);
	}
	return 0;
}

int devices_make(int root_fd, const struct device_plan *plan, bool dev_is_ours,
		 const struct idmap *map, struct error *err)
{
	_cleanup_close_ int dev_fd = path_make_dir_in_root(root_fd, "/dev", 0755, err);
	int r = 0;

	if (dev_fd < 0)
		return dev_fd;
	if (!dev_is_ours)
		return check_existing(root_fd, plan, err);
	for (size_t i = 0; r == 0 && i < plan->n_nodes; i++)
		r = make_node(dev_fd, &plan->nodes[i], map, err);
	return r < 0 ? r : make_links(dev_fd, err);
}
