/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cmd_spec - owns the words of `spec`: a config.json to start from. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "command.h"
#include "error.h"
#include "fd.h"
#include "json.h"

struct options {
	const char *bundle;
	bool rootless;
};

static const struct option options_table[] = {
	{ "bundle", 'b', OPTION_STRING, offsetof(struct options, bundle), "FOLDER",
	  "where to write config.json" },
	{ "rootless", 0, OPTION_FLAG, offsetof(struct options, rootless), NULL,
	  "refused: not supported" },
	{ NULL },
};

#define LIST_MAX 12
typedef const char *const string_list[LIST_MAX + 1]; /* NULL-terminated */

static string_list args = { "sh" };
static string_list env = { "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
			   "TERM=xterm" };
static string_list capabilities = { "CAP_AUDIT_WRITE", "CAP_KILL", "CAP_NET_BIND_SERVICE" };
/* user and time are left out: bulwark makes them always. */
static string_list namespaces = { "pid", "network", "ipc", "uts", "mount", "cgroup" };
static string_list masked_paths = {
	"/proc/acpi",	       "/proc/asound",	   "/proc/kcore",	"/proc/keys",
	"/proc/latency_stats", "/proc/timer_list", "/proc/timer_stats", "/proc/sched_debug",
	"/sys/firmware",       "/proc/scsi",
};
static string_list readonly_paths = { "/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys",
				      "/proc/sysrq-trigger" };

static const struct mount_row {
	const char *destination;
	const char *type;
	const char *source;
	string_list options;
} mount_rows[] = {
	{ "/proc", "proc", "proc", { NULL } },
	{ "/dev", "tmpfs", "tmpfs", { "nosuid", "strictatime", "mode=755", "size=65536k" } },
	{ "/dev/pts",
	  "devpts",
	  "devpts",
	  { "nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5" } },
	{ "/dev/shm", "tmpfs", "shm", { "nosuid", "noexec", "nodev", "mode=1777", "size=65536k" } },
	{ "/dev/mqueue", "mqueue", "mqueue", { "nosuid", "noexec", "nodev" } },
	{ "/sys", "sysfs", "sysfs", { "nosuid", "noexec", "nodev", "ro" } },
	{ "/sys/fs/cgroup", "cgroup", "cgroup", { "nosuid", "noexec", "nodev", "relatime", "ro" } },
};

/*
 * Short of memory each of these is NULL, which json_pack(3) turns into NULL for the whole document.
 */
static json_t *strings(string_list list)
{
	json_t *array = json_array();

	for (size_t i = 0; array && list[i]; i++)
		(void)json_array_append_new(array, json_string(list[i]));
	return array;
}

static json_t *mounts(void)
{
	json_t *array = json_array();

	for (size_t i = 0; array && i < sizeof(mount_rows) / sizeof(mount_rows[0]); i++) {
		const struct mount_row *row = &mount_rows[i];

		(void)json_array_append_new(array, json_pack("{s:s, s:s, s:s, s:o*}", "destination",
							     row->destination, "type", row->type,
							     "source", row->source, "options",
							     row->options[0] ? strings(row->options) :
									       NULL));
	}
	return array;
}

static json_t *namespace_entries(void)
{
	json_t *array = json_array();

	for (size_t i = 0; array && namespaces[i]; i++)
		(void)json_array_append_new(array, json_pack("{s:s}", "type", namespaces[i]));
	return array;
}

/*
 * Without inheritable and ambient sets: they only matter to processes that drop root
 * (CVE-2022-29162).
 */
static json_t *process(void)
{
	return json_pack("{s:b, s:{s:i, s:i}, s:o, s:o, s:s, s:{s:o, s:o, s:o}, s:[{s:s, s:i, s:i}], s:b}",
			 "terminal", 1, "user", "uid", 0, "gid", 0, "args", strings(args), "env",
			 strings(env), "cwd", "/", "capabilities", "bounding",
			 strings(capabilities), "effective", strings(capabilities), "permitted",
			 strings(capabilities), "rlimits", "type", "RLIMIT_NOFILE", "hard", 1024,
			 "soft", 1024, "noNewPrivileges", 1);
}

static json_t *document(void)
{
	return json_pack("{s:s, s:o, s:{s:s, s:b}, s:s, s:o, s:{s:{s:[{s:b, s:s}]}, s:o, s:o, s:o}}",
			 "ociVersion", BULWARK_SPEC_VERSION, "process", process(), "root", "path",
			 "rootfs", "readonly", 1, "hostname", "bulwark", "mounts", mounts(),
			 "linux", "resources", "devices", "allow", 0, "access", "rwm", "namespaces",
			 namespace_entries(), "maskedPaths", strings(masked_paths), "readonlyPaths",
			 strings(readonly_paths));
}

/* A file that is there already is somebody's work: O_EXCL. */
static int write_new(const char *bundle, const char *text, struct error *err)
{
	_cleanup_close_ int dir_fd = open(bundle, O_PATH | O_DIRECTORY | O_CLOEXEC);
	_cleanup_close_ int fd = -EBADF;
	int r;

	if (dir_fd < 0)
		return error_set(err, errno, "spec: cannot open the bundle '%s'", bundle);
	fd = openat(dir_fd, "config.json", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	if (fd < 0 && errno == EEXIST)
		return error_text(err, EEXIST, "spec: config.json exists already: remove it first");
	if (fd < 0)
		return error_set(err, errno, "spec: cannot make config.json");
	r = fd_write_all(fd, text, strlen(text), err);
	if (r < 0) {
		(void)unlinkat(dir_fd, "config.json", 0); /* half of one is worse than none */
		return error_wrap(err, "spec: config.json");
	}
	return 0;
}

static int run(const struct globals *globals, const void *options, int argc, char **argv,
	       struct error *err)
{
	const struct options *o = options;
	_cleanup_json_ json_t *tree = NULL;
	_cleanup_free_ char *text = NULL;

	(void)globals;
	(void)argc;
	(void)argv;
	if (o->rootless)
		return error_text(err, ENOTSUP,
				  "spec: rootless containers are not supported: run bulwark as root");
	tree = document();
	text = tree ? json_dumps(tree, JSON_INDENT(4)) : NULL;
	if (!text)
		return error_set(err, ENOMEM, "spec");
	return write_new(o->bundle ? o->bundle : ".", text, err);
}

const struct command command_spec = {
	.name = "spec",
	.usage = "",
	.summary = "write a config.json to start from",
	.options = options_table,
	.options_size = sizeof(struct options),
	.min_args = 0,
	.max_args = 0,
	.run = run,
	.fail_status = 1,
};
