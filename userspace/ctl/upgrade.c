/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * upgrade - owns `bulwarkctl upgrade`: gives the keeper of each container's bulwark-monitor the one that is installed now, to
 * run its worker from. Which that is, is compiled in. The keepers do the rest, one after the other: monitor/upgrade.c.
 */
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "containers.h"
#include "ctl.h"
#include "error.h"
#include "fd.h"
#include "monitor_abi.h"
#include "str.h"

#ifndef BULWARK_LIBEXEC /* the Makefile says it */
#define BULWARK_LIBEXEC "/usr/local/libexec/bulwark"
#endif

#define ANSWER_S 10 /* a keeper tries for three */
#define DEPTH_MAX 32

/* Who may write to one of these folders chooses what runs as root. */
static int check_folders(int folder_fd, struct error *err)
{
	_cleanup_close_ int fd = fcntl(folder_fd, F_DUPFD_CLOEXEC, 0);
	struct stat st, last = { 0 };

	for (int i = 0; i < DEPTH_MAX; i++) {
		int up;

		if (fd < 0 || fstat(fd, &st) < 0)
			return error_set(err, errno,
					 "cannot look at the folders of '" BULWARK_LIBEXEC "'");
		if (i > 0 && st.st_dev == last.st_dev && st.st_ino == last.st_ino)
			return 0;
		if (st.st_uid != 0 || (st.st_mode & (S_IWGRP | S_IWOTH) && !(st.st_mode & S_ISVTX)))
			return error_text(err, EPERM,
					  "others than root may write to a folder of '" BULWARK_LIBEXEC
					  "', so what lies there is not run: take that right away");
		last = st;
		up = openat(fd, "..", O_PATH | O_DIRECTORY | O_CLOEXEC);
		fd_close(fd);
		fd = up;
	}
	return error_text(err, ELOOP, "'" BULWARK_LIBEXEC "' is too deep");
}

static int open_program(struct error *err)
{
	_cleanup_close_ int folder_fd = open(BULWARK_LIBEXEC, O_PATH | O_DIRECTORY | O_CLOEXEC);
	_cleanup_close_ int fd = -EBADF;
	int r;

	if (folder_fd >= 0)
		fd = openat(folder_fd, "bulwark-monitor",
			    O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return error_text(err, errno,
				  "'" BULWARK_LIBEXEC
				  "/bulwark-monitor' cannot be opened: 'make install' puts it there");
	r = check_folders(folder_fd, err);
	return r < 0 ? r : take_fd(&fd);
}

/* -ENOENT: no monitor that could be asked. */
static int connect_keeper(const char *root, const char *id, struct error *err)
{
	const struct timeval limit = { .tv_sec = ANSWER_S };
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	_cleanup_close_ int folder_fd = -EBADF, sock_fd = -EBADF, root_fd = -EBADF;

	root_fd = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (root_fd >= 0) /* an address holds 107 bytes, and a path may be longer */
		folder_fd = openat(root_fd, id, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (folder_fd < 0)
		return -ENOENT;
	(void)str_format(address.sun_path, sizeof(address.sun_path),
			 "/proc/self/fd/%d/" MONITOR_SOCKET, folder_fd);
	sock_fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (sock_fd < 0)
		return error_set(err, errno, "cannot make a socket");
	if (connect(sock_fd, (const struct sockaddr *)&address, sizeof(address)) < 0)
		return errno == ENOENT || errno == ECONNREFUSED ?
			       -ENOENT :
			       error_set(err, errno, "cannot connect to its monitor");
	if (setsockopt(sock_fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)) < 0)
		return error_set(err, errno, "SO_RCVTIMEO");
	return take_fd(&sock_fd);
}

static int ask(int sock_fd, int exe_fd, struct error *err)
{
	const struct monitor_request m = { .word = MONITOR_REQUEST_UPGRADE };
	struct monitor_answer answer = { 0 };
	char quoted[sizeof(answer.why)];
	int r = fd_send(sock_fd, &m, sizeof(m), &exe_fd, 1, err);
	ssize_t n;

	if (r < 0)
		return r;
	n = recv(sock_fd, &answer, sizeof(answer), 0);
	if (n < 0 && errno == EAGAIN)
		return error_text(err, ETIMEDOUT, "its monitor does not answer");
	if (n != sizeof(answer))
		return error_text(err, EPROTO, "its monitor gave no answer");
	answer.why[sizeof(answer.why) - 1] = 0;
	return answer.code ? error_text(err, answer.code > 0 ? answer.code : EIO, "%s",
					str_quote(answer.why, quoted, sizeof(quoted))) :
			     0;
}

struct tally {
	size_t moved, without, failed;
};

static void upgrade_one(const json_t *container, int exe_fd, struct tally *tally)
{
	const char *id = json_string_value(json_object_get(container, "id")),
		   *root = json_string_value(json_object_get(container, "root")),
		   *status = json_string_value(json_object_get(container, "status"));
	_cleanup_close_ int sock_fd = -EBADF;
	struct error err = ERROR_INIT;
	char quoted[256];

	if (!id || !root || !status || str_eq(status, "stopped"))
		return;
	sock_fd = connect_keeper(root, id, &err);
	if (sock_fd == -ENOENT) {
		tally->without++;
		printf("%s: it has no monitor that could be upgraded\n",
		       str_quote(id, quoted, sizeof(quoted)));
	} else if (sock_fd < 0 || ask(sock_fd, exe_fd, &err) < 0) {
		tally->failed++;
		fprintf(stderr, "bulwarkctl: upgrade: container '%s': %s\n",
			str_quote(id, quoted, sizeof(quoted)), err.msg);
	} else {
		tally->moved++;
	}
}

int ctl_upgrade(const struct ctl_options *options, struct error *err)
{
	_cleanup_close_ int exe_fd = open_program(err);
	struct tally tally = { 0 };
	json_t *all, *at;
	size_t i;

	(void)options;
	if (exe_fd < 0)
		return exe_fd;
	all = containers_list(err);
	if (!all)
		return -err->code;
	json_array_foreach(all, i, at) {
		upgrade_one(at, exe_fd, &tally);
	}
	json_decref(all);
	printf("%zu containers have the monitor that is installed, %zu have none that could be upgraded, %zu kept theirs\n",
	       tally.moved, tally.without, tally.failed);
	return tally.failed ? 1 : 0;
}
