/* SPDX-License-Identifier: GPL-2.0-or-later */
/* journal - owns the way of a record to systemd's journal: its native protocol, which takes no library. */
#pragma once

struct error;
struct event_text;

#define JOURNAL_SOCKET "/run/systemd/journal/socket"

/* A socket for journal_send(). */
int journal_open(struct error *err);

/**
 * journal_send() - One entry with a field for each member of a record
 *
 * Waits while the journal has no room, or is not there: the ring keeps what comes meanwhile. @stopped ends the wait.
 * Return: 0; -EINTR when @stopped; -errno when this entry cannot be sent.
 */
int journal_send(int fd, const struct event_text *event, const volatile int *stopped,
		 struct error *err);
