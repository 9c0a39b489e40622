/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * events - owns `bulwarkctl events`: takes the records out of the ring, and prints them. Names in them are a container's
 * words, and quoted. The ring has one reader: what it has read is gone.
 */
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include "ctl.h"
#include "error.h"
#include "fd.h"
#include "lsm.h"
#include "selftest.h"
#include "str.h"

#define POLL_MS 1000

static volatile sig_atomic_t stopped;

static void stop(int signal)
{
	(void)signal;
	stopped = 1;
}

struct reader {
	bool json;
	int64_t realtime_offset_ns; /* from CLOCK_MONOTONIC */
};

static int64_t now_ns(clockid_t clock)
{
	struct timespec now = { 0 };

	(void)clock_gettime(clock, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static void format_time(const struct reader *reader, uint64_t time_ns, char *buf, size_t size)
{
	int64_t at = (int64_t)time_ns + reader->realtime_offset_ns;
	time_t seconds = at / 1000000000;
	struct tm tm;
	char text[32];

	if (!gmtime_r(&seconds, &tm) || strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &tm) == 0)
		text[0] = '\0';
	(void)str_format(buf, size, "%s.%06dZ", text, (int)(at % 1000000000 / 1000));
}

static int print_event(void *data, void *record, size_t size)
{
	const struct reader *reader = data;
	const struct lsm_event *e = record;
	char id[4 * LSM_ID_MAX], comm[64], object[4 * LSM_OBJECT_MAX], time[48];
	const char *hook, *verdict;

	if (size < sizeof(*e) || e->cgroup_id == SELFTEST_CGROUP)
		return 0;
	hook = e->hook < LSM_HOOK_COUNT ? lsm_hooks[e->hook].name : "unknown";
	verdict = e->mode == LSM_MODE_ENFORCE ? "refused" : "audited";
	format_time(reader, e->time_ns, time, sizeof(time));
	(void)str_quote(e->id, id, sizeof(id));
	(void)str_quote(e->comm, comm, sizeof(comm));
	(void)str_quote(e->object, object, sizeof(object));
	if (reader->json) {
		json_t *line =
			json_pack("{s:s, s:s, s:I, s:s, s:s, s:s, s:I, s:I, s:s, s:I, s:s, s:I, s:I, s:I, s:I}",
				  "time", time, "id", id, "cgroup", (json_int_t)e->cgroup_id,
				  "hook", hook, "verdict", verdict, "mode", lsm_mode_name(e->mode),
				  "errno", (json_int_t)e->error, "pid", (json_int_t)e->pid, "comm",
				  comm, "uid", (json_int_t)e->uid, "object", object, "device",
				  (json_int_t)e->device, "inode", (json_int_t)e->inode, "targetPid",
				  (json_int_t)e->target_pid, "detail", (json_int_t)e->detail);

		if (!line)
			return -ENOMEM;
		(void)json_dumpf(line, stdout, JSON_COMPACT);
		(void)putchar('\n');
		json_decref(line);
	} else {
		printf("%s %s %s %s pid=%u comm=%s uid=%u object=%s detail=%llu\n", time, id,
		       verdict, hook, e->pid, comm, e->uid, object, (unsigned long long)e->detail);
	}
	return fflush(stdout) == EOF ? -errno : 0;
}

/* Two readers would each see half of the records. */
static int lock_reader(struct error *err)
{
	_cleanup_close_ int fd = open(CTL_READER_DIR, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return error_set(err, errno, "cannot open '%s'", CTL_READER_DIR);
	if (flock(fd, LOCK_EX | LOCK_NB) < 0)
		return errno == EWOULDBLOCK ?
			       error_text(err, EBUSY,
					  "another process reads the records; each goes to one reader") :
			       error_set(err, errno, "cannot lock '%s'", CTL_READER_DIR);
	return take_fd(&fd);
}

static int read_ring(struct ring_buffer *ring, bool follow, struct error *err)
{
	int r = ring_buffer__consume(ring);

	while (r >= 0 && follow && !stopped) {
		r = ring_buffer__poll(ring, POLL_MS);
		if (r == -EINTR)
			r = 0;
	}
	return r < 0 ? error_set(err, -r, "cannot read the records") : 0;
}

int ctl_events(const struct ctl_options *options, struct error *err)
{
	const struct sigaction action = { .sa_handler = stop };
	struct reader reader = { .json = options->json };
	_cleanup_close_ int lock_fd = -EBADF;
	struct ring_buffer *ring;
	struct lsm lsm;
	int r = lsm_open(&lsm, err);

	if (r < 0)
		return r;
	lock_fd = lock_reader(err);
	if (lock_fd < 0) {
		lsm_done(&lsm);
		return lock_fd;
	}
	(void)sigaction(SIGINT, &action, NULL);
	(void)sigaction(SIGTERM, &action, NULL);
	reader.realtime_offset_ns = now_ns(CLOCK_REALTIME) - now_ns(CLOCK_MONOTONIC);
	ring = ring_buffer__new(lsm.map_fds[LSM_MAP_EVENTS], print_event, &reader, NULL);
	r = ring ? read_ring(ring, options->follow, err) :
		   error_set(err, errno, "cannot map the ring");
	ring_buffer__free(ring);
	lsm_done(&lsm);
	return r;
}
