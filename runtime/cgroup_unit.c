/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cgroup_unit - owns the container's cgroup as a scope of systemd: starting it, changing it, stopping it.
 *
 * This program is static, and D-Bus takes a library: the program bulwark-systemd (userspace/systemd/) does what is said to
 * systemd, for one verb at a time, "start", "set", "stop" or "collect". It is given the unit's name as an argument, properties on its
 * standard input (systemd_properties.h), no environment and no descriptor; its last line is the answer, or the sentence
 * that says what failed.
 */
#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cgroup_internal.h"
#include "error.h"
#include "fd.h"
#include "paths.h"
#include "program.h"
#include "resources.h"
#include "str.h"
#include "systemd_annotations.h"
#include "systemd_properties.h"
#include "systemd_unit.h"

#define TIMEOUT_S 30 /* of a verb: systemd may have other jobs first, or hang */

/* systemd's controllers are v2's where nothing else is mounted. */
static bool is_unified(const struct cgroup *cgroup)
{
	return cgroup->n == 1 && cgroup->list[0].is_v2;
}

/* ---- properties ------------------------------------------------------------------------------- */

static int write_properties(FILE *out, const struct cgroup *cgroup, const char *id,
			    const struct systemd_unit *unit, const struct resources *resources,
			    const struct device_plan *devices,
			    const struct json_strmap *annotations, struct error *err)
{
	bool v2 = is_unified(cgroup);
	int r;

	(void)fprintf(out, "0 Description s bulwark container %s\n0 Slice s %s\n", id, unit->slice);
	/* folders below are the container's; the scope ends with it, not with the host's services */
	(void)fputs("0 Delegate b true\n0 DefaultDependencies b false\n", out);
	/* one that failed, for a time-out say, would keep its name */
	(void)fputs("236 CollectMode s inactive-or-failed\n", out);
	(void)fprintf(out,
		      "0 CPUAccounting b true\n0 MemoryAccounting b true\n0 TasksAccounting b true\n"
		      "0 %sAccounting b true\n",
		      v2 ? "IO" : "BlockIO");
	r = systemd_properties_write(out, resources, v2, err);
	systemd_properties_write_devices(out, devices);
	return r < 0 ? r : systemd_annotations_write(out, annotations, err);
}

/* A stream into memory is whole, or memory was short. */
static int close_text(FILE *out, int r, struct error *err)
{
	bool failed = ferror(out) != 0;

	if (fclose(out) != 0 || failed)
		return r < 0 ? r : error_set(err, ENOMEM, "properties of the scope");
	return r;
}

int cgroup_plan_unit(const char *cgroups_path, const char *id, const struct resources *resources,
		     const struct device_plan *devices, const struct json_strmap *annotations,
		     struct cgroup **ret, struct error *err)
{
	__attribute__((cleanup(cgroup_freep))) struct cgroup *cgroup = NULL;
	struct systemd_unit unit;
	size_t len;
	FILE *out;
	int r;

	if (access("/run/systemd/system", F_OK) < 0) /* sd_booted(3) */
		return error_text(err, ENOTSUP,
				  "the systemd cgroup driver needs systemd, which is not this host's init: use the "
				  "cgroupfs driver (dockerd --exec-opt native.cgroupdriver=cgroupfs, podman "
				  "--cgroup-manager cgroupfs)");
	r = systemd_unit_parse(cgroups_path, id, &unit, err);
	if (r == 0)
		r = cgroup_plan(unit.path, id, &cgroup, err);
	if (r < 0)
		return r;
	assert(cgroup); /* or the plan had failed */
	cgroup->unit = strdup(unit.name);
	out = cgroup->unit ? open_memstream(&cgroup->unit_properties, &len) : NULL;
	if (!out)
		return error_set(err, ENOMEM, "properties of the scope");
	r = write_properties(out, cgroup, id, &unit, resources, devices, annotations, err);
	r = close_text(out, r, err);
	if (r == 0)
		*ret = take_ptr(cgroup);
	return r;
}

/* ---- bulwark-systemd -------------------------------------------------------------------------- */

static int ask(const struct cgroup *cgroup, const char *verb, const char *properties,
	       struct program_end *end, struct error *err)
{
	const char *const args[] = { "bulwark-systemd", verb, cgroup->unit, NULL };
	const struct program program = {
		.path = PATHS_SYSTEMD, .args = args, .input = properties, .timeout_s = TIMEOUT_S
	};
	char quoted[320];
	int r = program_run(&program, end, err);

	if (r == -ENOENT)
		return error_text(err, ENOENT,
				  "the systemd cgroup driver needs '" PATHS_SYSTEMD
				  "', which is not installed: 'make install' does it");
	if (r == -ETIMEDOUT)
		return error_text(err, ETIMEDOUT, "systemd: no answer within %d seconds to '%s %s'",
				  TIMEOUT_S, verb, cgroup->unit);
	if (r < 0)
		return error_wrap(err, "'" PATHS_SYSTEMD "'");
	if (!end->exited)
		return error_text(err, EIO, "'" PATHS_SYSTEMD "' was killed by signal %d",
				  end->status);
	if (end->status != 0)
		return error_text(err, EIO, "systemd: %s",
				  str_quote(program_last_line(end), quoted, sizeof(quoted)));
	return 0;
}

/* systemd and we must mean the same folder, or its limits and ours would be on two. */
static int check_place(const struct cgroup *cgroup, const char *place, struct error *err)
{
	const char *path = cgroup->list[0].path;
	size_t len = strlen(place), n = strlen(path);
	char quoted[160];

	/* within a container without a cgroup namespace its path starts further up */
	if (len > n && place[len - n - 1] == '/' && str_eq(place + len - n, path))
		return 0;
	return error_text(err, EIO, "systemd: the scope '%s' is in '%s', and not in '/%s'",
			  cgroup->unit, str_quote(place, quoted, sizeof(quoted)), path);
}

int cgroup_start_unit(struct cgroup *cgroup, pid_t pid, struct error *err)
{
	_cleanup_free_ char *properties = NULL;
	struct program_end end;
	int r;

	if (!cgroup->unit)
		return 0;
	properties = str_dupf("%s0 PIDs au %d\n", cgroup->unit_properties, pid);
	if (!properties)
		return error_set(err, ENOMEM, "properties of the scope");
	r = ask(cgroup, "start", properties, &end, err);
	if (r < 0)
		return r;
	cgroup->unit_started = true;
	cgroup->unit_pid = pid;
	return check_place(cgroup, program_last_line(&end), err);
}

/* As text: what systemd is to know of new limits. */
static int set_unit(const struct cgroup *cgroup, const struct resources *resources, struct error *err)
{
	_cleanup_free_ char *properties = NULL;
	struct program_end end;
	size_t len;
	FILE *out = open_memstream(&properties, &len);
	int r;

	if (!out)
		return error_set(err, ENOMEM, "properties of the scope");
	r = systemd_properties_write(out, resources, is_unified(cgroup), err);
	r = close_text(out, r, err);
	if (r < 0 || !*properties)
		return r;
	return ask(cgroup, "set", properties, &end, err);
}

int cgroup_update(struct cgroup *cgroup, const struct resources *resources, struct error *err)
{
	int r = cgroup_apply(cgroup, resources, NULL, err);

	if (r < 0 || !cgroup->unit)
		return r;
	r = set_unit(cgroup, resources, err);
	return r < 0 ? r : cgroup_apply(cgroup, resources, NULL, err); /* exactly: systemd rounds */
}

static const struct hierarchy *systemds_own(const struct cgroup *cgroup)
{
	for (size_t i = 0; i < cgroup->n; i++)
		if (str_eq(cgroup->list[i].options, CGROUP_SYSTEMD_OPTIONS))
			return &cgroup->list[i];
	return cgroup_v2_find((struct cgroup *)cgroup);
}

int cgroup_stop_unit(const struct cgroup *cgroup, struct error *err)
{
	const struct hierarchy *h = systemds_own(cgroup);
	struct program_end end;

	if (!cgroup->unit)
		return 0;
	/* of a record, it may have been started by a create that died; if something runs in it, it is another's */
	if (!cgroup->unit_started)
		return cgroup->unit_properties ? 0 : ask(cgroup, "collect", "", &end, err);
	/* with its last process systemd takes it down by itself, and then the name may be another's, too */
	if (cgroup->made && (!h || h->fd < 0))
		return 0;
	return ask(cgroup, "stop", "", &end, err);
}

bool cgroup_has_unit(const struct cgroup *cgroup)
{
	return cgroup->unit != NULL;
}
