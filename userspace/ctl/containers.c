/* SPDX-License-Identifier: GPL-2.0-or-later */
/* containers - see containers.h. */
#include "containers.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "error.h"
#include "fd.h"
#include "str.h"

/* -ENOENT: there is none. */
static int find_runtime(char *buf, size_t size)
{
	char self[PATH_MAX], *slash;
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);

	if (n < 0)
		return -errno;
	self[n] = 0;
	slash = strrchr(self, '/');
	if (!slash)
		return -ENOENT;
	*slash = 0;
	if (str_format(buf, size, "%s/bulwark", self) < 0)
		return -ENAMETOOLONG;
	return access(buf, X_OK) < 0 ? -errno : 0;
}

static int spawn(const char *path, pid_t *ret_pid, int *ret_fd, struct error *err)
{
	char *const args[] = { (char *)"bulwark",  (char *)"list", (char *)"--all-roots",
			       (char *)"--format", (char *)"json", NULL };
	char *const env[] = { NULL };
	_cleanup_close_ int read_fd = -EBADF, write_fd = -EBADF;
	posix_spawn_file_actions_t actions;
	int pair[2], r;

	if (pipe2(pair, O_CLOEXEC) < 0)
		return error_set(err, errno, "cannot make a pipe");
	read_fd = pair[0];
	write_fd = pair[1];
	r = posix_spawn_file_actions_init(&actions);
	if (r == 0)
		r = posix_spawn_file_actions_adddup2(&actions, write_fd, STDOUT_FILENO);
	if (r == 0)
		r = posix_spawn(ret_pid, path, &actions, NULL, args, env);
	(void)posix_spawn_file_actions_destroy(&actions);
	if (r)
		return error_set(err, r, "cannot run '%s'", path);
	*ret_fd = take_fd(&read_fd);
	return 0;
}

static json_t *list_all(const char *path, struct error *err)
{
	_cleanup_close_ int fd = -EBADF;
	json_error_t why;
	json_t *all;
	int status;
	pid_t pid;

	if (spawn(path, &pid, &fd, err) < 0)
		return NULL;
	all = json_loadfd(fd, JSON_REJECT_DUPLICATES, &why);
	fd_closep(&fd); /* or it might wait for us */
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (!all || !json_is_array(all) || status != 0) {
		(void)error_text(err, EIO, "'%s list' said nothing that could be read", path);
		json_decref(all);
		return NULL;
	}
	return all;
}

json_t *containers_list(struct error *err)
{
	char path[PATH_MAX];

	if (find_runtime(path, sizeof(path)) < 0)
		return json_array();
	return list_all(path, err);
}
