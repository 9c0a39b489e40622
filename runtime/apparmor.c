/* SPDX-License-Identifier: GPL-2.0-or-later */
/* apparmor - see apparmor.h. Linux, Documentation/admin-guide/LSM/apparmor.rst; aa_change_profile(2). */
#include "apparmor.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "error.h"
#include "fd.h"
#include "str.h"

#define PROFILE_MAX 1024    /* bytes; the kernel takes a page */
#define LIST_MAX (4U << 20) /* bytes of the list of profiles */
#define UNCONFINED "unconfined"

static bool is_enabled(void)
{
	_cleanup_close_ int fd =
		open("/sys/module/apparmor/parameters/enabled", O_RDONLY | O_CLOEXEC);
	char enabled = 'N';

	return fd >= 0 && read(fd, &enabled, 1) == 1 && enabled == 'Y';
}

static bool is_asked_for(const char *profile)
{
	return profile && *profile;
}

/* A line of the list is "NAME (MODE)". */
static bool list_has(const char *list, const char *profile)
{
	size_t len = strlen(profile);

	for (const char *line = list; *line; line += strcspn(line, "\n"), line += *line == '\n')
		if (strncmp(line, profile, len) == 0 && strncmp(line + len, " (", 2) == 0)
			return true;
	return false;
}

/* In doubt it is: the kernel has the last word, but later, when there is a container already. */
static bool is_loaded(const char *profile)
{
	_cleanup_free_ char *list = NULL;

	if (*profile == ':' ||
	    strstr(profile, "//&")) /* of another policy namespace, or several at once */
		return true;
	return fd_read_file(AT_FDCWD, "/sys/kernel/security/apparmor/profiles", LIST_MAX, &list,
			    NULL, NULL) < 0 ||
	       list_has(list, profile);
}

static int refuse_unknown(const char *profile, struct error *err)
{
	char quoted[160];

	return error_text(err, ENOENT,
			  "process.apparmorProfile: the profile '%s' is not loaded on this host: see "
			  "apparmor_parser(8)",
			  str_quote(profile, quoted, sizeof(quoted)));
}

int apparmor_check(const char *profile, struct error *err)
{
	char quoted[160];

	if (!is_asked_for(profile) || str_eq(profile, UNCONFINED))
		return 0;
	if (!is_enabled())
		return error_text(err, ENOTSUP,
				  "process.apparmorProfile: '%s' is asked for, but this host has no "
				  "AppArmor",
				  str_quote(profile, quoted, sizeof(quoted)));
	return is_loaded(profile) ? 0 : refuse_unknown(profile, err);
}

int apparmor_open(int folder_fd, const char *profile, int *ret_fd, struct error *err)
{
	int fd;

	*ret_fd = -EBADF;
	if (!is_asked_for(profile))
		return 0;
	fd = openat(folder_fd, "attr/apparmor/exec", O_WRONLY | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT) /* Linux before 5.1, or no AppArmor at all */
		fd = openat(folder_fd, "attr/exec", O_WRONLY | O_CLOEXEC);
	if (fd < 0 && !str_eq(profile, UNCONFINED)) /* which is what it is where nobody confines it */
		return error_set(err, errno,
				 "process.apparmorProfile: cannot open the process's label");
	*ret_fd = fd < 0 ? -EBADF : fd;
	return 0;
}

int apparmor_change_on_exec(int fd, const char *profile, struct error *err)
{
	char text[PROFILE_MAX], quoted[160];
	ssize_t n;

	if (fd < 0)
		return 0;
	if (str_format(text, sizeof(text), "exec %s", profile) < 0)
		return error_text(err, ENAMETOOLONG, "process.apparmorProfile: too long");
	n = write(fd, text, strlen(text));
	if (n >= 0)
		return 0;
	if (str_eq(profile, UNCONFINED) && (errno == EINVAL || errno == EOPNOTSUPP))
		return 0; /* AppArmor is built in, and off */
	if (errno == ENOENT)
		return refuse_unknown(profile, err);
	return error_set(err, errno, "process.apparmorProfile: cannot change to '%s'",
			 str_quote(profile, quoted, sizeof(quoted)));
}
