/* SPDX-License-Identifier: GPL-2.0-or-later */
/* manager - see manager.h. */
#include "manager.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "fd.h"
#include "str.h"

#define MANAGER_PATH "/org/freedesktop/systemd1"
#define MANAGER_INTERFACE "org.freedesktop.systemd1.Manager"
#define PRIVATE_SOCKET                                                                             \
	"unix:path=/run/systemd/private" /* root's way to systemd while no bus is up */

static int open_private(sd_bus **ret)
{
	sd_bus *bus = NULL;
	int r = sd_bus_new(&bus);

	if (r >= 0)
		r = sd_bus_set_address(bus, PRIVATE_SOCKET);
	if (r >= 0)
		r = sd_bus_start(bus);
	if (r < 0) {
		sd_bus_unref(bus);
		return r;
	}
	*ret = bus;
	return 0;
}

static int take_job_removed(sd_bus_message *m, void *data, sd_bus_error *ret_error)
{
	struct manager *manager = data;
	const char *job, *unit, *result;
	uint32_t id;

	(void)ret_error;
	if (sd_bus_message_read(m, "uoss", &id, &job, &unit, &result) < 0)
		return 0; /* not the signal that we know: the job it may be about will seem to take for ever */
	if (manager->job && !manager->result && str_eq(job, manager->job))
		manager->result = strdup(result);
	return 0;
}

/* Signals are sent to who asked for them, and before the job is made: it may be done before we look. */
static int subscribe(struct manager *manager, struct error *err)
{
	sd_bus_error why = SD_BUS_ERROR_NULL;
	int r = sd_bus_match_signal(manager->bus, NULL, NULL, MANAGER_PATH, MANAGER_INTERFACE,
				    "JobRemoved", take_job_removed, manager);

	if (r >= 0)
		r = sd_bus_call_method(manager->bus, MANAGER_NAME, MANAGER_PATH, MANAGER_INTERFACE,
				       "Subscribe", &why, NULL, NULL);
	if (r < 0)
		r = error_text(err, -r, "cannot listen to it: %s",
			       why.message ? why.message : strerror(-r));
	sd_bus_error_free(&why);
	return r < 0 ? r : 0;
}

int manager_open(struct manager *ret, struct error *err)
{
	struct manager manager = { 0 };
	int r = sd_bus_open_system(&manager.bus);

	if (r == -ENOENT || r == -ECONNREFUSED)
		r = open_private(&manager.bus);
	if (r == -ENOENT || r == -ECONNREFUSED)
		return error_text(err, -r,
				  "nobody answers on the system bus, nor at systemd's own socket");
	if (r < 0)
		return error_set(err, -r, "cannot reach it");
	*ret = manager;
	r = subscribe(ret, err);
	if (r < 0)
		manager_done(ret);
	return r;
}

void manager_done(struct manager *manager)
{
	sd_bus_flush_close_unref(manager->bus);
	free(manager->job);
	free(manager->result);
	*manager = (struct manager){ 0 };
}

int manager_version(struct manager *manager, uint32_t *ret, struct error *err)
{
	sd_bus_error why = SD_BUS_ERROR_NULL;
	_cleanup_free_ char *text = NULL;
	int r = sd_bus_get_property_string(manager->bus, MANAGER_NAME, MANAGER_PATH,
					   MANAGER_INTERFACE, "Version", &why, &text);
	char *digits = text;

	if (r < 0)
		r = error_text(err, -r, "it does not tell its version: %s",
			       why.message ? why.message : strerror(-r));
	sd_bus_error_free(&why);
	if (r < 0)
		return r;
	digits += strcspn(digits, "0123456789"); /* "252.38-1~deb12u1", "v256" */
	digits[strspn(digits, "0123456789")] = '\0';
	if (parse_u32(digits, ret) < 0)
		*ret = 0; /* what only newer ones know is not worth a failure */
	return 0;
}

int manager_new_call(struct manager *manager, const char *method, sd_bus_message **ret,
		     struct error *err)
{
	int r = sd_bus_message_new_method_call(manager->bus, ret, MANAGER_NAME, MANAGER_PATH,
					       MANAGER_INTERFACE, method);

	return r < 0 ? error_set(err, -r, "cannot make a call") : 0;
}

/* What the caller tells apart; the library has one errno for many. */
static int code_of(const sd_bus_error *why, int r)
{
	if (sd_bus_error_has_name(why, "org.freedesktop.systemd1.UnitExists"))
		return EEXIST;
	if (sd_bus_error_has_name(why, "org.freedesktop.systemd1.NoSuchUnit"))
		return ENOENT;
	return r == -EEXIST || r == -ENOENT ? EIO : -r;
}

int manager_call(struct manager *manager, sd_bus_message *call, sd_bus_message **ret_reply,
		 struct error *err)
{
	sd_bus_error why = SD_BUS_ERROR_NULL;
	int r = sd_bus_call(manager->bus, call, 0, &why, ret_reply);

	if (r < 0)
		r = error_text(err, code_of(&why, r), "%s", why.message ? why.message : strerror(-r));
	sd_bus_error_free(&why);
	return r < 0 ? r : 0;
}

static int wait_for_job(struct manager *manager, struct error *err)
{
	while (!manager->result) {
		int r = sd_bus_process(manager->bus, NULL);

		if (r == 0)
			r = sd_bus_wait(manager->bus, UINT64_MAX);
		if (r < 0 && r != -EINTR)
			return error_set(err, -r, "the connection broke");
	}
	if (str_eq(manager->result, "done"))
		return 0;
	return error_text(err, EIO, "the job for it ended with '%s'", manager->result);
}

int manager_call_job(struct manager *manager, sd_bus_message *call, struct error *err)
{
	sd_bus_message *reply = NULL;
	const char *job;
	int r = manager_call(manager, call, &reply, err);

	if (r < 0)
		return r;
	r = sd_bus_message_read_basic(reply, 'o', &job);
	free(manager->job);
	free(manager->result);
	manager->result = NULL;
	manager->job = r < 0 ? NULL : strdup(job);
	sd_bus_message_unref(reply);
	if (!manager->job)
		return error_set(err, r < 0 ? -r : ENOMEM, "an answer without a job");
	return wait_for_job(manager, err);
}
