/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * state_json - state.json to struct state and back, and what the kernel says of the container: see
 * state.h.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "arena.h"
#include "cgroup.h"
#include "error.h"
#include "fd.h"
#include "json.h"
#include "state.h"
#include "str.h"

#define STATE_FILE "state.json"
#define STATE_VERSION 2 /* of the file; raised when older programs would misread it */

static const char *const status_texts[] = {
	[CONTAINER_CREATING] = "creating", [CONTAINER_CREATED] = "created",
	[CONTAINER_RUNNING] = "running",   [CONTAINER_PAUSED] = "paused",
	[CONTAINER_STOPPED] = "stopped",
};

const char *container_status_text(enum container_status status)
{
	return status_texts[status];
}

void state_done(struct state *state)
{
	free(state->id);
	free(state->oci_version);
	free(state->bundle);
	free(state->rootfs);
	free(state->created);
	free(state->config);
	free(state->twin_work);
	free(state->rdt_group);
	free(state->rdt_monitor);
	json_decref(state->cgroup);
	json_decref(state->annotations);
	json_decref(state->poststart);
	json_decref(state->poststop);
	*state = (struct state){ 0 };
}

/* The file as parsed: strings and values are borrowed from its tree. */
struct state_file {
	uint32_t version;
	const char *id, *oci_version, *bundle, *config, *rootfs, *created, *twin_work;
	const char *rdt_group, *rdt_monitor;
	bool rdt_own;
	uint32_t pid;
	uint64_t start;
	uint32_t monitor_pid;
	uint64_t monitor_start;
	bool no_emulation;
	bool no_calls;
	uint32_t id_base;
	struct json_array uid_mappings, gid_mappings;
	uint32_t owner;
	bool degraded;
	uint32_t emulation;
	uint64_t bpf_cgroup;
	json_t *cgroup, *annotations, *poststart, *poststop;
};

static int keep_value(struct arena *arena, json_t *value, void *out, struct error *err)
{
	(void)arena;
	(void)err;
	*(json_t **)out = value;
	return 0;
}

#define F(member, key, kind) JSON_F(struct state_file, member, key, kind)
#define REQUIRED(member, key, kind) JSON_F_REQUIRED(struct state_file, member, key, kind)
#define VALUE(member, key) JSON_F_CUSTOM(struct state_file, member, key, keep_value)
static const struct json_field state_fields[] = {
	REQUIRED(version, "version", JSON_U32_FIELD),
	REQUIRED(id, "id", JSON_STRING_FIELD),
	REQUIRED(oci_version, "ociVersion", JSON_STRING_FIELD),
	REQUIRED(bundle, "bundle", JSON_STRING_FIELD),
	F(rootfs, "rootfs", JSON_STRING_FIELD),
	REQUIRED(created, "created", JSON_STRING_FIELD),
	F(pid, "pid", JSON_U32_FIELD),
	F(start, "startTime", JSON_U64_FIELD),
	F(id_base, "idBase", JSON_U32_FIELD),
	JSON_F_ARRAY(struct state_file, uid_mappings, "uidMappings", idmap_fields, struct id_mapping),
	JSON_F_ARRAY(struct state_file, gid_mappings, "gidMappings", idmap_fields, struct id_mapping),
	F(owner, "owner", JSON_U32_FIELD),
	F(config, "config", JSON_STRING_FIELD),
	F(twin_work, "twinWork", JSON_STRING_FIELD),
	F(rdt_group, "rdtGroup", JSON_STRING_FIELD),
	F(rdt_monitor, "rdtMonitor", JSON_STRING_FIELD),
	F(rdt_own, "rdtOwn", JSON_BOOL_FIELD),
	F(degraded, "degraded", JSON_BOOL_FIELD),
	F(monitor_pid, "monitorPid", JSON_U32_FIELD),
	F(monitor_start, "monitorStartTime", JSON_U64_FIELD),
	F(no_emulation, "noEmulation", JSON_BOOL_FIELD),
	F(no_calls, "noCalls", JSON_BOOL_FIELD),
	F(emulation, "emulation", JSON_U32_FIELD),
	F(bpf_cgroup, "bpfCgroup", JSON_U64_FIELD),
	VALUE(cgroup, "cgroup"),
	VALUE(annotations, "annotations"),
	VALUE(poststart, "poststart"),
	VALUE(poststop, "poststop"),
	JSON_F_END,
};

/* New reference; NULL with @err set. */
static json_t *state_to_tree(const struct state *state, struct error *err)
{
	json_error_t why;
	json_t *tree =
		json_pack_ex(&why, 0,
			     "{s:i, s:s, s:s, s:s, s:s*, s:s, s:i, s:I, s:I, s:o, s:o, s:I, s:s*, s:s*, s:s*, s:s*, s:b, s:b, s:i, s:I, s:b, s:b, s:I, s:I, s:O*, s:O*, s:O*, s:O*}",
			     "version", STATE_VERSION, "id", state->id, "ociVersion",
			     state->oci_version, "bundle", state->bundle, "rootfs", state->rootfs,
			     "created", state->created, "pid", (int)state->init.pid, "startTime",
			     (json_int_t)state->init.start, "idBase", (json_int_t)state->id_base,
			     "uidMappings", idmap_to_json(state->map.uids, state->map.n_uids),
			     "gidMappings", idmap_to_json(state->map.gids, state->map.n_gids),
			     "owner", (json_int_t)state->owner, "config", state->config, "twinWork",
			     state->twin_work, "rdtGroup", state->rdt_group, "rdtMonitor",
			     state->rdt_monitor, "rdtOwn", (int)state->rdt_own, "degraded",
			     (int)state->degraded, "monitorPid", (int)state->monitor.pid,
			     "monitorStartTime", (json_int_t)state->monitor.start, "noEmulation",
			     (int)state->no_emulation, "noCalls", (int)state->no_calls, "emulation",
			     (json_int_t)state->emulation, "bpfCgroup", (json_int_t)state->bpf_cgroup,
			     "cgroup", state->cgroup, "annotations", state->annotations,
			     "poststart", state->poststart, "poststop", state->poststop);

	if (!tree) /* a path that is not UTF-8, or memory */
		(void)error_text(err, EINVAL, "cannot describe the container's state: %s", why.text);
	return tree;
}

int state_save(int state_fd, const struct state *state, struct error *err)
{
	_cleanup_json_ json_t *tree = state_to_tree(state, err);
	_cleanup_free_ char *text = NULL;
	int r;

	if (!tree)
		return -EINVAL;
	text = json_to_text(tree);
	if (!text)
		return error_set(err, ENOMEM, "cannot describe the container's state");
	r = fd_replace_file(state_fd, STATE_FILE, text, strlen(text), 0600, err);
	return r < 0 ? error_wrap(err, "cannot save the container's state") : 0;
}

static int dup_string(char **ret, const char *s)
{
	if (!s)
		return 0;
	*ret = strdup(s);
	return *ret ? 0 : -ENOMEM;
}

/* A state of its own, which outlives the tree. */
static int state_from_file(const struct state_file *file, struct state *ret)
{
	struct state s = {
		.init = { (pid_t)file->pid, file->start },
		.id_base = file->id_base,
		.owner = file->owner,
		.rdt_own = file->rdt_own,
		.degraded = file->degraded,
		.monitor = { (pid_t)file->monitor_pid, file->monitor_start },
		.no_emulation = file->no_emulation,
		.no_calls = file->no_calls,
		.emulation = file->emulation,
		.bpf_cgroup = file->bpf_cgroup,
		.cgroup = json_incref(file->cgroup),
		.annotations = json_incref(file->annotations),
		.poststart = json_incref(file->poststart),
		.poststop = json_incref(file->poststop),
	};

	(void)idmap_set(&s.map, &file->uid_mappings, &file->gid_mappings); /* their number was checked */
	if (dup_string(&s.id, file->id) < 0 || dup_string(&s.oci_version, file->oci_version) < 0 ||
	    dup_string(&s.bundle, file->bundle) < 0 || dup_string(&s.rootfs, file->rootfs) < 0 ||
	    dup_string(&s.created, file->created) < 0 || dup_string(&s.config, file->config) < 0 ||
	    dup_string(&s.twin_work, file->twin_work) < 0 ||
	    dup_string(&s.rdt_group, file->rdt_group) < 0 ||
	    dup_string(&s.rdt_monitor, file->rdt_monitor) < 0) {
		state_done(&s);
		return -ENOMEM;
	}
	*ret = s;
	return 0;
}

static int parse_state(json_t *tree, struct state *ret, struct error *err)
{
	struct arena arena = ARENA_INIT;
	struct state_file file = { 0 };
	int r = json_parse_object(&arena, tree, state_fields, &file, err);

	if (r < 0)
		r = error_wrap(err, STATE_FILE);
	else if (file.version != STATE_VERSION)
		r = error_text(err, EINVAL,
			       "the container was made by another version of bulwark (state %u, ours is %d)",
			       file.version, STATE_VERSION);
	else if (file.monitor_pid > INT32_MAX || file.monitor_start > INT64_MAX)
		r = error_text(err, EINVAL, STATE_FILE ": monitorPid: no process");
	else if (file.pid > INT32_MAX)
		r = error_text(err, EINVAL, STATE_FILE ": pid: %u is no process", file.pid);
	else if (file.start > INT64_MAX) /* more than a state.json can hold: we never wrote it */
		r = error_text(err, EINVAL, STATE_FILE ": startTime: %" PRIu64 " is no time",
			       file.start);
	else if (idmap_set(&ret->map, &file.uid_mappings, &file.gid_mappings) < 0)
		r = error_text(err, EINVAL, STATE_FILE ": more id mappings than the kernel takes");
	else if (state_from_file(&file, ret) < 0)
		r = error_set(err, ENOMEM, STATE_FILE);
	arena_done(&arena);
	return r;
}

int state_load(int state_fd, struct state *ret, struct error *err)
{
	_cleanup_json_ json_t *tree = NULL;
	int r = json_read_file(state_fd, STATE_FILE, &tree, err);

	if (r == -ENOENT)
		return error_text(err, ENOENT,
				  "the container was created only in part: 'delete --force' removes it");
	return r < 0 ? r : parse_state(tree, ret, err);
}

/*
 * Init holds the FIFO open both ways until its execve(2). One that nobody reads from is what a start left that was killed
 * after its byte was read: the process runs.
 */
static bool waits_for_start(int state_fd)
{
	_cleanup_close_ int fd =
		openat(state_fd, STATE_FIFO, O_WRONLY | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC);

	return fd >= 0 || (errno != ENOENT && errno != ENXIO);
}

enum container_status state_status(int state_fd, const struct state *state)
{
	if (state->init.pid == 0)
		return CONTAINER_CREATING;
	if (!proc_is_alive(&state->init))
		return CONTAINER_STOPPED;
	if (state->cgroup && cgroup_json_is_frozen(state->cgroup))
		return CONTAINER_PAUSED;
	if (waits_for_start(state_fd))
		return CONTAINER_CREATED;
	return CONTAINER_RUNNING;
}

/*
 * The account's name as runc prints it, "#UID" without one. fgetpwent(3) reads the one file:
 * getpwuid(3) would load the host's NSS modules into a static program.
 */
static void owner_name(uid_t uid, char *buf, size_t size)
{
	FILE *passwd = fopen("/etc/passwd", "re");
	const struct passwd *entry;

	(void)str_format(buf, size, "#%u", uid);
	while (passwd && (entry = fgetpwent(passwd))) {
		if (entry->pw_uid == uid) {
			if (str_format(buf, size, "%s", entry->pw_name) < 0)
				(void)str_format(buf, size, "#%u", uid);
			break;
		}
	}
	if (passwd)
		(void)fclose(passwd); /* opened for reading: nothing can be lost */
}

/* Of one that runs: it was not to be had, or died. */
static bool lacks_emulation(const struct state *state, enum container_status status)
{
	return state->no_emulation || (status != CONTAINER_STOPPED && state->monitor.pid &&
				       !proc_is_alive(&state->monitor));
}

/* The spec's annotations and ours; NULL with none. */
static json_t *annotations_of(const struct state *state, enum container_status status)
{
	bool no_emulation = lacks_emulation(state, status);
	const struct {
		bool missing;
		const char *name;
	} rows[] = {
		{ state->degraded, "bpf-lsm" },
		{ state->no_calls && !no_emulation, "emulated-calls" },
		{ no_emulation, "emulation" },
	};
	json_t *annotations = json_is_object(state->annotations) ? json_copy(state->annotations) :
								   NULL;
	char missing[64] = "";
	size_t len = 0;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (rows[i].missing && str_format(missing + len, sizeof(missing) - len, "%s%s",
						  len ? "," : "", rows[i].name) == 0)
			len = strlen(missing);
	if (!len)
		return annotations;
	if (!annotations)
		annotations = json_object();
	/* short of memory, all fails below */
	(void)json_object_set_new(annotations, "io.bulwark.degraded", json_string(missing));
	return annotations;
}

json_t *state_to_oci(const struct state *state, enum container_status status, pid_t pid)
{
	json_t *annotations = annotations_of(state, status);
	char owner[64];

	if (pid == 0 && status != CONTAINER_STOPPED)
		pid = state->init.pid;
	owner_name(state->owner, owner, sizeof(owner));
	return json_pack("{s:s, s:s, s:i, s:s, s:s, s:s?, s:s, s:o*, s:s}", "ociVersion",
			 state->oci_version, "id", state->id, "pid", (int)pid, "status",
			 container_status_text(status), "bundle", state->bundle, "rootfs",
			 state->rootfs, "created", state->created, "annotations", annotations,
			 "owner", owner);
}
