/* SPDX-License-Identifier: GPL-2.0-or-later */
/* manager - owns the conversation with systemd: reaching it, calling it, waiting for its jobs. */
#pragma once

#include <stdint.h>
#include <systemd/sd-bus.h>

struct error;

#define MANAGER_NAME "org.freedesktop.systemd1"

struct manager {
	sd_bus *bus;
	char *job;    /* the one waited for: an object's path */
	char *result; /* how it ended: "done", "failed", ...; NULL: not yet */
};

/*
 * By the system bus; where there is none, by systemd's own socket. Whoever uses this is killed when it takes too long:
 * nothing here has a time limit of its own but what the library has.
 */
int manager_open(struct manager *ret, struct error *err);
void manager_done(struct manager *manager);

int manager_version(struct manager *manager, uint32_t *ret, struct error *err);

/* A call of org.freedesktop.systemd1.Manager, to be filled in. */
int manager_new_call(struct manager *manager, const char *method, sd_bus_message **ret,
		     struct error *err);

/**
 * manager_call() - Send it and wait for the answer
 * @ret_reply:	may be NULL
 *
 * Return: 0; -EEXIST when a unit of that name is there, -ENOENT when there is none; others as the library has them, and
 * systemd's own words in @err.
 */
int manager_call(struct manager *manager, sd_bus_message *call, sd_bus_message **ret_reply,
		 struct error *err);

/* The same for a call that is answered with a job: until that is done. -EIO: it was not. */
int manager_call_job(struct manager *manager, sd_bus_message *call, struct error *err);
