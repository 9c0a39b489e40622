/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * main - owns the program `bulwark-systemd`: what the static runtime has to say to systemd, said over D-Bus.
 *
 *   bulwark-systemd start UNIT   start a transient scope; then its cgroup is the last line of output
 *   bulwark-systemd set UNIT     change properties of a unit, until it ends
 *   bulwark-systemd stop UNIT    stop it and forget it; one that is not there is fine
 *   bulwark-systemd collect UNIT stop it if nothing runs in it
 *
 * Properties are lines on standard input, property.h. What failed is one line on standard error, and exit status 1. The
 * program keeps root's rights throughout: systemd listens to nobody else. It is run by bulwark alone, which gives it no
 * environment and no descriptor but the three, and kills it when it takes too long.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "error.h"
#include "fd.h"
#include "manager.h"
#include "property.h"
#include "str.h"

#define INPUT_MAX (1U << 20) /* bytes; a scope has some 3 KiB */
#define PROPERTIES_MAX 256

struct request {
	const char *unit;
	char *input; /* where the properties' texts are */
	struct property properties[PROPERTIES_MAX];
	size_t n;
};

static int read_properties(struct request *request, struct error *err)
{
	char *save = NULL;
	int r = fd_read_all(STDIN_FILENO, INPUT_MAX, &request->input, NULL, err);

	if (r < 0)
		return error_wrap(err, "properties");
	for (char *line = strtok_r(request->input, "\n", &save); line;
	     line = strtok_r(NULL, "\n", &save)) {
		if (request->n == PROPERTIES_MAX)
			return error_text(err, E2BIG, "more than %d properties", PROPERTIES_MAX);
		r = property_parse(line, &request->properties[request->n++], err);
		if (r < 0)
			return r;
	}
	return 0;
}

/* Those that this systemd knows, as a(sv). */
static int append_properties(struct manager *manager, const struct request *request,
			     sd_bus_message *call, struct error *err)
{
	uint32_t version;
	int r = manager_version(manager, &version, err);

	if (r < 0)
		return r;
	r = sd_bus_message_open_container(call, 'a', "(sv)");
	if (r < 0)
		return error_set(err, -r, "properties");
	for (size_t i = 0; i < request->n; i++) {
		if (request->properties[i].since > version)
			continue;
		r = property_append(call, &request->properties[i], err);
		if (r < 0)
			return r;
	}
	r = sd_bus_message_close_container(call);
	return r < 0 ? error_set(err, -r, "properties") : 0;
}

/* ---- verbs ----------------------------------------------------------------------------------------------------- */

static int forget_failure(struct manager *manager, const char *unit, struct error *err)
{
	sd_bus_message *call = NULL;
	int r = manager_new_call(manager, "ResetFailedUnit", &call, err);

	if (r == 0 && sd_bus_message_append(call, "s", unit) < 0)
		r = error_set(err, ENOMEM, "'%s'", unit);
	if (r == 0)
		r = manager_call(manager, call, NULL, err);
	sd_bus_message_unref(call);
	return r;
}

static int start_once(struct manager *manager, const struct request *request, struct error *err)
{
	sd_bus_message *call = NULL;
	int r = manager_new_call(manager, "StartTransientUnit", &call, err);

	if (r == 0 && sd_bus_message_append(call, "ss", request->unit, "fail") < 0)
		r = error_set(err, ENOMEM, "'%s'", request->unit);
	if (r == 0)
		r = append_properties(manager, request, call, err);
	if (r == 0 && sd_bus_message_append(call, "a(sa(sv))", 0) < 0) /* no units along with it */
		r = error_set(err, ENOMEM, "'%s'", request->unit);
	if (r == 0)
		r = manager_call_job(manager, call, err);
	sd_bus_message_unref(call);
	return r;
}

static int print_cgroup(struct manager *manager, const char *unit, struct error *err)
{
	_cleanup_free_ char *path = NULL, *cgroup = NULL;
	sd_bus_error why = SD_BUS_ERROR_NULL;
	int r = sd_bus_path_encode("/org/freedesktop/systemd1/unit", unit, &path);

	if (r >= 0)
		r = sd_bus_get_property_string(manager->bus, MANAGER_NAME, path,
					       "org.freedesktop.systemd1.Scope", "ControlGroup",
					       &why, &cgroup);
	if (r < 0)
		r = error_text(err, -r, "its cgroup is not told: %s",
			       why.message ? why.message : strerror(-r));
	else if (printf("%s\n", cgroup) < 0 || fflush(stdout) != 0)
		r = error_set(err, errno, "cannot answer");
	sd_bus_error_free(&why);
	return r < 0 ? r : 0;
}

static int start(struct manager *manager, const struct request *request, struct error *err)
{
	int r = start_once(manager, request, err);

	/* one that failed keeps its name until somebody has seen it; one that runs is not affected */
	if (r == -EEXIST && forget_failure(manager, request->unit, NULL) == 0)
		r = start_once(manager, request, err);
	return r < 0 ? r : print_cgroup(manager, request->unit, err);
}

static int set(struct manager *manager, const struct request *request, struct error *err)
{
	sd_bus_message *call = NULL;
	int r = manager_new_call(manager, "SetUnitProperties", &call, err);

	if (r == 0 && sd_bus_message_append(call, "sb", request->unit, 1) < 0)
		r = error_set(err, ENOMEM, "'%s'", request->unit);
	if (r == 0)
		r = append_properties(manager, request, call, err);
	if (r == 0)
		r = manager_call(manager, call, NULL, err);
	sd_bus_message_unref(call);
	return r;
}

static int stop(struct manager *manager, const struct request *request, struct error *err)
{
	sd_bus_message *call = NULL;
	int r = manager_new_call(manager, "StopUnit", &call, err);

	if (r == 0 && sd_bus_message_append(call, "ss", request->unit, "replace") < 0)
		r = error_set(err, ENOMEM, "'%s'", request->unit);
	if (r == 0)
		r = manager_call_job(manager, call, err);
	sd_bus_message_unref(call);
	if (r < 0 && r != -ENOENT)
		return r;
	(void)forget_failure(manager, request->unit, NULL); /* as a rule it is gone, or has not failed */
	return 0;
}

/* Whether systemd knows the unit, and no process in it. */
static int is_empty(struct manager *manager, const char *unit, struct error *err)
{
	sd_bus_message *call = NULL, *reply = NULL;
	int r = manager_new_call(manager, "GetUnitProcesses", &call, err);

	if (r == 0 && sd_bus_message_append(call, "s", unit) < 0)
		r = error_set(err, ENOMEM, "'%s'", unit);
	if (r == 0)
		r = manager_call(manager, call, &reply, err);
	sd_bus_message_unref(call);
	if (r < 0)
		return r == -ENOENT ? 0 : r;
	r = sd_bus_message_enter_container(reply, 'a', "(sus)");
	if (r >= 0)
		r = sd_bus_message_at_end(reply, 0);
	sd_bus_message_unref(reply);
	return r < 0 ? error_set(err, -r, "its processes are not told") : r > 0;
}

/*
 * systemd takes a process that is a zombie already, and then waits for ever for the scope's last process to end. The call
 * of a program that was killed comes before ours: all go through one queue.
 */
static int collect(struct manager *manager, const struct request *request, struct error *err)
{
	int r = is_empty(manager, request->unit, err);

	return r <= 0 ? r : stop(manager, request, err);
}

static const struct {
	const char *name;
	int (*run)(struct manager *manager, const struct request *request, struct error *err);
} verbs[] = { { "start", start }, { "set", set }, { "stop", stop }, { "collect", collect } };

static int run(size_t verb, struct request *request, struct error *err)
{
	struct manager manager = { 0 };
	int r = read_properties(request, err);

	if (r == 0)
		r = manager_open(&manager, err);
	if (r == 0)
		r = verbs[verb].run(&manager, request, err);
	manager_done(&manager);
	return r;
}

int main(int argc, char **argv)
{
	struct request request = { 0 };
	struct error err = ERROR_INIT;
	int r = -EINVAL;

	for (size_t i = 0; argc == 3 && i < sizeof(verbs) / sizeof(verbs[0]); i++) {
		if (!str_eq(argv[1], verbs[i].name))
			continue;
		request.unit = argv[2];
		r = run(i, &request, &err);
		free(request.input);
		if (r < 0)
			(void)fprintf(stderr, "%s '%s': %s\n", argv[1], argv[2], err.msg);
		return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
	}
	(void)fputs("usage: bulwark-systemd start|set|stop|collect UNIT; bulwark runs it\n", stderr);
	return 2;
}
