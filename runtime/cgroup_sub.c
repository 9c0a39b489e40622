/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cgroup_sub - see cgroup_sub.h. */
#include "cgroup_sub.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "cgroup_internal.h"
#include "error.h"
#include "fd.h"
#include "str.h"
#include "sys.h"

/* What is wanted of each hierarchy; NULL: its process stays where the container is. */
struct wish {
	const char *path[CGROUP_HIERARCHIES_MAX];
};

static const char *skip_slashes(const char *path)
{
	return path + strspn(path, "/");
}

/* "cpu", "name=systemd" */
static struct hierarchy *find_controller(struct cgroup *cgroup, const char *controller)
{
	for (size_t i = 0; i < cgroup->n; i++) {
		const char *name = str_after(cgroup->list[i].options, "none,");

		if (!cgroup->list[i].is_v2 && name && str_eq(name, controller))
			return &cgroup->list[i];
	}
	return cgroup_v1_find(cgroup, controller);
}

static int wish_for(struct cgroup *cgroup, const char *controller, const char *path,
		    const char *word, struct wish *wish, struct error *err)
{
	struct hierarchy *h = *controller ? find_controller(cgroup, controller) : NULL;
	const char **wanted;

	if (!h)
		return error_text(err, EINVAL,
				  "--cgroup '%s': the container has no cgroup v1 controller '%s'",
				  word, controller);
	wanted = &wish->path[h - cgroup->list];
	if (*wanted && !str_eq(*wanted, path)) /* cpu and cpuacct are one hierarchy */
		return error_text(err, EINVAL,
				  "--cgroup '%s': controller '%s' is to be at '%s' already", word,
				  controller, *wanted);
	*wanted = path;
	return 0;
}

/* "CONTROLLER[,CONTROLLER...]:PATH" */
static int parse_controllers(struct cgroup *cgroup, const char *word, const char *colon,
			     struct wish *wish, struct error *err)
{
	_cleanup_free_ char *list = strndup(word, (size_t)(colon - word));
	char *rest = list;
	int r = list ? 0 : error_set(err, ENOMEM, "--cgroup");

	while (r == 0 && rest)
		r = wish_for(cgroup, strsep(&rest, ","), skip_slashes(colon + 1), word, wish, err);
	return r;
}

static int parse(struct cgroup *cgroup, const char *const *words, size_t n, struct wish *wish,
		 struct error *err)
{
	for (size_t i = 0; i < n; i++) {
		const char *colon = strchr(words[i], ':');
		int r;

		if (!colon && n > 1)
			return error_text(err, EINVAL,
					  "--cgroup '%s': more than one need 'CONTROLLER:' in front",
					  words[i]);
		if (!colon) {
			for (size_t h = 0; h < cgroup->n; h++)
				wish->path[h] = skip_slashes(words[i]);
			continue;
		}
		r = parse_controllers(cgroup, words[i], colon, wish, err);
		if (r < 0)
			return r;
	}
	return 0;
}

/* @shown: how a message calls it */
static int open_below(const struct hierarchy *h, const char *path, const char *shown,
		      struct error *err)
{
	const struct open_how how = {
		.flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV,
	};
	int fd = h->fd < 0 ? -EBADF : sys_openat2(h->fd, path, &how);

	if (fd >= 0)
		return fd;
	if (h->fd >= 0 && (errno == EXDEV || errno == ELOOP))
		return error_text(err, EPERM, "%s: is not below the container's cgroup", shown);
	return error_text(err, ENOENT, "%s: there is no such cgroup below '%s/%s'", shown, h->mount,
			  h->path);
}

static int go_below(struct hierarchy *h, const char *path, const char *shown, struct error *err)
{
	_cleanup_close_ int fd = open_below(h, path, shown, err);
	char *whole;

	if (fd < 0)
		return fd;
	whole = str_dupf("%s/%s", h->path, path);
	if (!whole)
		return error_set(err, ENOMEM, "%s", shown);
	free(h->path);
	h->path = whole;
	(void)fd_close(h->fd);
	h->fd = take_fd(&fd);
	return 0;
}

int cgroup_descend(struct cgroup *cgroup, const char *const *words, size_t n, struct error *err)
{
	struct wish wish = { 0 };
	int r = parse(cgroup, words, n, &wish, err);

	for (size_t i = 0; r == 0 && i < cgroup->n; i++) {
		char quoted[160], shown[180];

		if (!wish.path[i] || !*wish.path[i])
			continue;
		(void)str_format(shown, sizeof(shown), "--cgroup '%s'",
				 str_quote(wish.path[i], quoted, sizeof(quoted)));
		r = go_below(&cgroup->list[i], wish.path[i], shown, err);
	}
	return r;
}

int cgroup_follow(struct cgroup *cgroup, pid_t pid, struct error *err)
{
	struct hierarchy *h = cgroup_v2_find(cgroup);
	struct membership memberships[CGROUP_HIERARCHIES_MAX];
	_cleanup_free_ char *text = NULL;
	const char *below = NULL;
	char name[64];
	size_t n;
	int r;

	(void)str_format(name, sizeof(name), "/proc/%d/cgroup", pid);
	r = fd_read_file(AT_FDCWD, name, CGROUP_FILE_MAX, &text, NULL, err);
	if (r < 0)
		return r;
	n = cgroup_parse_memberships(text, memberships, CGROUP_HIERARCHIES_MAX);
	for (size_t i = 0; h && i < n; i++)
		if (!*memberships[i].controllers && memberships[i].path[0] == '/')
			below = str_after(memberships[i].path + 1, h->path);
	if (!below || *below != '/')
		return error_text(err, EBUSY,
				  "the container's cgroup takes no process, as it has controllers for cgroups below it, and its init is in none of those");
	return go_below(h, below + 1, "the cgroup of the container's init", err);
}
