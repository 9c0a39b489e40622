/* SPDX-License-Identifier: GPL-2.0-or-later */
/* selinux - see selinux.h. proc_pid_attr(5), selinux(8); Linux, security/selinux/selinuxfs.c. */
#include "selinux.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdbool.h>
#include <string.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "error.h"
#include "fd.h"
#include "str.h"

#define SELINUX_FS "/sys/fs/selinux"

/* user:role:type, and with MLS a range behind it, which has more colons. */
static bool is_label(const char *label)
{
	size_t colons = 0;

	if (strlen(label) >= SELINUX_LABEL_MAX)
		return false;
	for (const char *p = label; *p; p++) {
		if (*p < ' ' || *p > '~' || *p == '"')
			return false;
		colons += *p == ':';
	}
	return colons >= 2;
}

/* Also where no policy is loaded: then no label is known, see ask_policy(). */
static bool is_enabled(const char *fs_path)
{
	_cleanup_close_ int fd = open(fs_path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct statfs fs;

	if (fd < 0 || fstatfs(fd, &fs) < 0)
		return false;
	if (str_eq(fs_path, SELINUX_FS) && fs.f_type != SELINUX_MAGIC)
		return false;
	return faccessat(fd, "context", F_OK, 0) == 0;
}

/* The kernel says whether its policy knows the label: selinuxfs's "context". */
static int ask_policy(const char *fs_path, const char *label)
{
	_cleanup_close_ int fd = -EBADF;
	char path[128];

	if (str_format(path, sizeof(path), "%s/context", fs_path) < 0)
		return -ENAMETOOLONG;
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	return write(fd, label, strlen(label) + 1) < 0 ? -errno : 0;
}

int selinux_check_at(const char *fs_path, const char *key, const char *label, struct error *err)
{
	char quoted[160];
	int r;

	if (!label || !*label)
		return 0;
	(void)str_quote(label, quoted, sizeof(quoted));
	if (!is_label(label))
		return error_text(err, EINVAL,
				  "%s: '%s' is no SELinux label, such as user:role:type:level", key,
				  quoted);
	if (!is_enabled(fs_path))
		return error_text(err, ENOTSUP,
				  "%s: '%s' is asked for, but this host has no SELinux: start the engine without "
				  "--selinux-enabled",
				  key, quoted);
	r = ask_policy(fs_path, label);
	if (r == -EINVAL)
		return error_text(err, EINVAL, "%s: this host's SELinux policy does not know '%s'",
				  key, quoted);
	return r < 0 ? error_set(err, -r, "%s: cannot ask SELinux about '%s'", key, quoted) : 0;
}

int selinux_check(const char *key, const char *label, struct error *err)
{
	return selinux_check_at(SELINUX_FS, key, label, err);
}

int selinux_open(int folder_fd, int *ret_fd, struct error *err)
{
	_cleanup_close_ int fd = openat(folder_fd, "attr/exec", O_WRONLY | O_CLOEXEC);
	struct statfs fs;

	if (fd < 0)
		return error_set(err, errno, "process.selinuxLabel: cannot open the process's label");
	if (fstatfs(fd, &fs) < 0)
		return error_set(err, errno,
				 "process.selinuxLabel: cannot look at the process's label");
	if (fs.f_type !=
	    PROC_SUPER_MAGIC) /* a label that goes to another file confines nobody: CVE-2019-16884 */
		return error_text(err, EPERM,
				  "process.selinuxLabel: the file of the process's label is not the kernel's");
	*ret_fd = take_fd(&fd);
	return 0;
}

int selinux_change_on_exec(int fd, const char *label, struct error *err)
{
	char quoted[160];

	if (write(fd, label, strlen(label)) >= 0)
		return 0;
	return error_set(err, errno, "process.selinuxLabel: cannot change to '%s'",
			 str_quote(label, quoted, sizeof(quoted)));
}
