/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fusehang FOLDER - mounts a FUSE file system there, looks a name up in it by one thread, and takes the question by another
 * without ever giving an answer: "HELD". Neither can be killed then, without help.
 */
#include <fcntl.h>
#include <linux/fuse.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

static char name[4096];

static void *look_up(void *unused)
{
	struct stat st;

	(void)stat(name, &st);
	return unused;
}

static int answer_init(int fd, const struct fuse_in_header *in)
{
	struct {
		struct fuse_out_header header;
		struct fuse_init_out init;
	} out = {
		.header = { .len = sizeof(out), .unique = in->unique },
		.init = { .major = FUSE_KERNEL_VERSION,
			  .minor = FUSE_KERNEL_MINOR_VERSION,
			  .max_write = 4096 },
	};

	return write(fd, &out, sizeof(out)) == sizeof(out) ? 0 : -1;
}

int main(int argc, char **argv)
{
	union {
		struct fuse_in_header in;
		char bytes[FUSE_MIN_READ_BUFFER * 2];
	} request;
	char options[128];
	pthread_t thread;
	int fd = open("/dev/fuse", O_RDWR | O_CLOEXEC);

	if (argc != 2 || fd < 0) {
		perror("fusehang: /dev/fuse");
		return 2;
	}
	snprintf(options, sizeof(options), "fd=%d,rootmode=40000,user_id=0,group_id=0", fd);
	snprintf(name, sizeof(name), "%s/x", argv[1]);
	if (mount("hang", argv[1], "fuse", 0, options) < 0 ||
	    read(fd, &request, sizeof(request)) < 0 || request.in.opcode != FUSE_INIT ||
	    answer_init(fd, &request.in) < 0 || pthread_create(&thread, NULL, look_up, NULL) != 0 ||
	    read(fd, &request, sizeof(request)) < 0) {
		perror("fusehang");
		return 1;
	}
	printf("HELD %u\n", request.in.opcode);
	fflush(stdout);
	for (;;)
		pause();
}
