/* SPDX-License-Identifier: GPL-2.0-or-later */
/* journal - see journal.h. The protocol: https://systemd.io/JOURNAL_NATIVE_PROTOCOL/ */
#include "journal.h"

#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "error.h"
#include "lsm.h"
#include "events.h"
#include "fd.h"
#include "str.h"

#define ENTRY_MAX 4096 /* a whole entry: the largest record makes less than half of it */
#define RETRY_MS 200

/* Of our entries: `journalctl MESSAGE_ID=...`. In the manual page too. */
#define MESSAGE_ID "6725661611fb40e1adb773d748de7cb4"

int journal_open(struct error *err)
{
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	return fd < 0 ? error_set(err, errno, "cannot make a socket") : fd;
}

/* No value has a newline, so that each field is a line. */
static int format_entry(const struct event_text *t, char *buf, size_t size)
{
	const struct lsm_event *e = t->event;
	const bool refused = e->mode == LSM_MODE_ENFORCE;

	return str_format(buf, size,
			  "MESSAGE=%s %s in container %s: %s%sby %s (pid %u, uid %u)\n"
			  "MESSAGE_ID=" MESSAGE_ID "\n"
			  "PRIORITY=%d\nSYSLOG_IDENTIFIER=bulwark\n"
			  "BULWARK_ID=%s\nBULWARK_HOOK=%s\nBULWARK_TOPIC=%s\nBULWARK_VERDICT=%s\nBULWARK_MODE=%s\n"
			  "BULWARK_ERRNO=%u\nBULWARK_OBJECT=%s\nBULWARK_PID=%u\nBULWARK_TID=%u\nBULWARK_UID=%u\n"
			  "BULWARK_COMM=%s\nBULWARK_TARGET_PID=%u\nBULWARK_DETAIL=%llu\nBULWARK_DEVICE=%u:%u\n"
			  "BULWARK_INODE=%llu\nBULWARK_CGROUP=%llu\nBULWARK_TIME=%s\n",
			  t->hook, t->verdict, t->id, t->object, t->object[0] ? ", " : "", t->comm,
			  e->pid, e->uid, refused ? 4 : 5, t->id, t->hook, t->topic, t->verdict,
			  t->mode, e->error, t->object, e->pid, e->tid, e->uid, t->comm,
			  e->target_pid, (unsigned long long)e->detail, e->device >> 20,
			  e->device & 0xfffff, (unsigned long long)e->inode,
			  (unsigned long long)lsm_cgroup_shown(e->cgroup_id), t->time);
}

/* The journal is full, or is being started again. */
static bool comes_back(int errnum)
{
	return errnum == EAGAIN || errnum == ENOBUFS || errnum == ECONNREFUSED ||
	       errnum == ENOENT || errnum == ECONNRESET || errnum == EINTR;
}

int journal_send(int fd, const struct event_text *event, const volatile int *stopped,
		 struct error *err)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX, .sun_path = JOURNAL_SOCKET };
	char entry[ENTRY_MAX];

	if (format_entry(event, entry, sizeof(entry)) < 0)
		return error_set(err, EMSGSIZE, "cannot put a record into words");
	while (sendto(fd, entry, strlen(entry), MSG_NOSIGNAL | MSG_DONTWAIT, (struct sockaddr *)&to,
		      sizeof(to)) < 0) {
		if (!comes_back(errno))
			return error_set(err, errno, "cannot send a record to the journal");
		if (*stopped)
			return -EINTR;
		(void)poll(NULL, 0, RETRY_MS);
	}
	return 0;
}
