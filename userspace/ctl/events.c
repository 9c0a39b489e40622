/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * events - owns `bulwarkctl events`: takes the records out of the ring, and prints them or hands them to the journal. The ring
 * has one reader: what it has read is gone.
 *
 * --journal, for bulwark-audit.service: waits until the layer is loaded; opens the ring and the journal's socket as root; then
 * gives up root for good. All that it does from then on is to read its mapping of the ring, and to send. It ends when the
 * folder of pins is gone, for it could not open the next one: whoever started it starts it again.
 */
#include "events.h"

#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <jansson.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "ctl.h"
#include "error.h"
#include "fd.h"
#include "journal.h"
#include "lsm.h"
#include "selftest.h"
#include "str.h"

#define POLL_MS 1000
#define NOBODY 65534

static volatile sig_atomic_t stopped;

static void stop(int signal)
{
	(void)signal;
	stopped = 1;
}

struct reader {
	int (*print)(struct reader *reader, const struct event_text *text);
	int64_t realtime_offset_ns; /* from CLOCK_MONOTONIC */
	int journal_fd;
	struct error *err;
};

static int64_t now_ns(clockid_t clock)
{
	struct timespec now = { 0 };

	(void)clock_gettime(clock, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* ---- a record as text ---- */

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

static void make_text(const struct reader *reader, const struct lsm_event *e, struct event_text *ret)
{
	bool known = e->hook < LSM_HOOK_COUNT;
	const char *mode = lsm_mode_name(e->mode);

	ret->event = e;
	ret->hook = known ? lsm_hooks[e->hook].name : "unknown";
	ret->topic = known ? lsm_hooks[e->hook].topic : "unknown";
	ret->mode = mode ? mode : "unknown";
	ret->verdict = e->mode == LSM_MODE_ENFORCE ? "refused" : "audited";
	format_time(reader, e->time_ns, ret->time, sizeof(ret->time));
	(void)str_quote(e->id, ret->id, sizeof(ret->id));
	(void)str_quote(e->comm, ret->comm, sizeof(ret->comm));
	(void)str_quote(e->object, ret->object, sizeof(ret->object));
}

static int print_text(struct reader *reader, const struct event_text *t)
{
	(void)reader;
	printf("%s %s %s %s pid=%u comm=%s uid=%u object=%s detail=%llu\n", t->time, t->id,
	       t->verdict, t->hook, t->event->pid, t->comm, t->event->uid, t->object,
	       (unsigned long long)t->event->detail);
	return fflush(stdout) == EOF ? -errno : 0;
}

static int print_json(struct reader *reader, const struct event_text *t)
{
	const struct lsm_event *e = t->event;
	json_t *line =
		json_pack("{s:s, s:s, s:I, s:s, s:s, s:s, s:I, s:I, s:s, s:I, s:s, s:I, s:I, s:I, s:I}",
			  "time", t->time, "id", t->id, "cgroup",
			  (json_int_t)lsm_cgroup_shown(e->cgroup_id), "hook", t->hook, "verdict",
			  t->verdict, "mode", t->mode, "errno", (json_int_t)e->error, "pid",
			  (json_int_t)e->pid, "comm", t->comm, "uid", (json_int_t)e->uid, "object",
			  t->object, "device", (json_int_t)e->device, "inode", (json_int_t)e->inode,
			  "targetPid", (json_int_t)e->target_pid, "detail", (json_int_t)e->detail);

	(void)reader;
	if (!line)
		return -ENOMEM;
	(void)json_dumpf(line, stdout, JSON_COMPACT);
	(void)putchar('\n');
	json_decref(line);
	return fflush(stdout) == EOF ? -errno : 0;
}

static int print_journal(struct reader *reader, const struct event_text *text)
{
	return journal_send(reader->journal_fd, text, &stopped, reader->err);
}

static int take_event(void *data, void *record, size_t size)
{
	struct reader *reader = data;
	const struct lsm_event *e = record;
	struct event_text text;

	if (size < sizeof(*e) || e->cgroup_id == SELFTEST_CGROUP)
		return 0;
	make_text(reader, e, &text);
	return reader->print(reader, &text);
}

/* ---- the ring ---- */

/* Two readers would each see half of the records. */
static int lock_reader(struct error *err)
{
	_cleanup_close_ int fd = open(CTL_READER_DIR, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return error_set(err, errno, "cannot open '%s'", CTL_READER_DIR);
	if (flock(fd, LOCK_EX | LOCK_NB) < 0)
		return errno == EWOULDBLOCK ?
			       error_text(err, EBUSY,
					  "another process reads the records (bulwark-audit.service does, for the "
					  "journal); each goes to one reader") :
			       error_set(err, errno, "cannot lock '%s'", CTL_READER_DIR);
	return take_fd(&fd);
}

/* Nothing comes out of a ring whose pins are gone. */
static bool was_unloaded(int lock_fd)
{
	struct stat st;

	return fstat(lock_fd, &st) == 0 && st.st_nlink == 0;
}

static int read_ring(struct ring_buffer *ring, int lock_fd, bool follow, struct error *err)
{
	int r = ring_buffer__consume(ring);

	while (r >= 0 && follow && !stopped) {
		r = ring_buffer__poll(ring, POLL_MS);
		if (r == -EINTR)
			r = 0;
		if (r == 0 && was_unloaded(lock_fd))
			break;
	}
	if (r >= 0 || stopped)
		return 0;
	return err->code ? r : error_set(err, -r, "cannot read the records");
}

/* ---- the journal ---- */

static void wait_until_loaded(void)
{
	while (!stopped && access(LSM_PIN_DIR "/events", F_OK) < 0)
		(void)poll(NULL, 0, POLL_MS);
}

/* What is open stays; nothing else can be had any more. */
static int give_up_root(struct error *err)
{
	if (setgroups(0, NULL) < 0 || setresgid(NOBODY, NOBODY, NOBODY) < 0 ||
	    setresuid(NOBODY, NOBODY, NOBODY) < 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
	    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
		return error_set(err, errno, "cannot give up root");
	return 0;
}

static int read_events(const struct ctl_options *options, struct lsm *lsm, struct error *err)
{
	struct reader reader = { .print = options->json ? print_json : print_text,
				 .journal_fd = -EBADF,
				 .err = err };
	_cleanup_close_ int lock_fd = lock_reader(err);
	struct ring_buffer *ring;
	int r = 0;

	if (lock_fd < 0)
		return lock_fd;
	reader.realtime_offset_ns = now_ns(CLOCK_REALTIME) - now_ns(CLOCK_MONOTONIC);
	ring = ring_buffer__new(lsm->map_fds[LSM_MAP_EVENTS], take_event, &reader, NULL);
	if (!ring)
		return error_set(err, errno, "cannot map the ring");
	/* All that is needed from here on; what reads records must not be able to write policy. */
	for (int i = 0; i < LSM_MAP_COUNT; i++)
		if (i != LSM_MAP_EVENTS)
			lsm->map_fds[i] = fd_close(lsm->map_fds[i]);
	if (options->journal) {
		reader.print = print_journal;
		reader.journal_fd = journal_open(err);
		r = reader.journal_fd < 0 ? reader.journal_fd : give_up_root(err);
	}
	if (r == 0)
		r = read_ring(ring, lock_fd, options->follow || options->journal, err);
	ring_buffer__free(ring);
	(void)fd_close(reader.journal_fd);
	return r;
}

int ctl_events(const struct ctl_options *options, struct error *err)
{
	const struct sigaction action = { .sa_handler = stop };
	struct lsm lsm = LSM_INIT;
	int r;

	(void)sigaction(SIGINT, &action, NULL);
	(void)sigaction(SIGTERM, &action, NULL);
	if (options->journal)
		wait_until_loaded();
	if (stopped)
		return 0;
	r = lsm_open(&lsm, err);
	if (r == 0)
		r = read_events(options, &lsm, err);
	lsm_done(&lsm);
	return r;
}
