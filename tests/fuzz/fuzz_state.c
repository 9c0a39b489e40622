/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Fuzzes state.json as verbs read it back: what was accepted can be written and read again, and nothing is lost. */
#include "fuzz.h"

#include "hooks.h"
#include "state_json.c" /* the two steps between text and struct state are behind state_save() and state_load() */

static void check_equal(const struct state *a, const struct state *b)
{
	FUZZ_CHECK(str_eq(a->id, b->id) && str_eq(a->oci_version, b->oci_version));
	FUZZ_CHECK(str_eq(a->bundle, b->bundle) && str_eq(a->created, b->created));
	FUZZ_CHECK(!a->rootfs == !b->rootfs && (!a->rootfs || str_eq(a->rootfs, b->rootfs)));
	FUZZ_CHECK(!a->twin_work == !b->twin_work &&
		   (!a->twin_work || str_eq(a->twin_work, b->twin_work)));
	FUZZ_CHECK(!a->rdt_group == !b->rdt_group &&
		   (!a->rdt_group || str_eq(a->rdt_group, b->rdt_group)));
	FUZZ_CHECK(!a->rdt_monitor == !b->rdt_monitor &&
		   (!a->rdt_monitor || str_eq(a->rdt_monitor, b->rdt_monitor)));
	FUZZ_CHECK(a->rdt_own == b->rdt_own);
	FUZZ_CHECK(a->init.pid == b->init.pid && a->init.start == b->init.start);
	FUZZ_CHECK(a->id_base == b->id_base && idmap_equal(&a->map, &b->map));
	FUZZ_CHECK(a->owner == b->owner && a->degraded == b->degraded);
	FUZZ_CHECK(!a->cgroup == !b->cgroup && (!a->cgroup || json_equal(a->cgroup, b->cgroup)));
	FUZZ_CHECK(!a->annotations == !b->annotations &&
		   (!a->annotations || json_equal(a->annotations, b->annotations)));
	FUZZ_CHECK(!a->poststart == !b->poststart &&
		   (!a->poststart || json_equal(a->poststart, b->poststart)));
	FUZZ_CHECK(!a->poststop == !b->poststop &&
		   (!a->poststop || json_equal(a->poststop, b->poststop)));
}

static void check_string(const json_t *document, const char *key, const char *read)
{
	const char *text = json_string_value(json_object_get(document, key));

	FUZZ_CHECK(!text == !read && (!text || str_eq(text, read)));
}

static void check_number(const json_t *document, const char *key, uint64_t read)
{
	FUZZ_CHECK((uint64_t)json_integer_value(json_object_get(document, key)) == read);
}

/* Of what the document says nothing is left out. */
static void check_read(const json_t *document, const struct state *state)
{
	check_string(document, "id", state->id);
	check_string(document, "ociVersion", state->oci_version);
	check_string(document, "bundle", state->bundle);
	check_string(document, "rootfs", state->rootfs);
	check_string(document, "created", state->created);
	check_string(document, "twinWork", state->twin_work);
	check_string(document, "rdtGroup", state->rdt_group);
	check_string(document, "rdtMonitor", state->rdt_monitor);
	check_number(document, "pid", (uint64_t)state->init.pid);
	check_number(document, "startTime", state->init.start);
	check_number(document, "idBase", state->id_base);
	check_number(document, "owner", state->owner);
	FUZZ_CHECK(state->map.n_uids == json_array_size(json_object_get(document, "uidMappings")));
	FUZZ_CHECK(state->degraded == json_is_true(json_object_get(document, "degraded")));
	FUZZ_CHECK(!state->cgroup || state->cgroup == json_object_get(document, "cgroup"));
}

static void check_round_trip(const struct state *state)
{
	struct error err = ERROR_INIT;
	_cleanup_json_ json_t *tree = state_to_tree(state, &err), *reread = NULL;
	struct state again = { 0 };

	if (!tree)
		fuzz_fail(__FILE__, __LINE__, "what was read can be written", err.msg);
	reread = fuzz_reread(tree);
	if (parse_state(reread, &again, &err) < 0)
		fuzz_fail(__FILE__, __LINE__, "what was written can be read", err.msg);
	check_equal(state, &again);
	state_done(&again);
}

/* As start and delete read the hooks. */
static void check_hooks(const char *name, json_t *value, const void *data, size_t size)
{
	_cleanup_json_ json_t *section = value ? json_pack("{s:O}", name, value) : NULL;
	struct error err = ERROR_INIT;
	struct arena arena = ARENA_INIT;
	struct hooks hooks = { 0 };
	int r;

	if (!section)
		return;
	r = json_parse_object(&arena, section, hooks_fields, &hooks, &err);
	if (r == 0)
		r = hooks_check(&hooks, &err);
	fuzz_check_answer(r, &err, data, size, section);
	arena_done(&arena);
}

static void check_oci(const struct state *state, enum container_status status)
{
	_cleanup_json_ json_t *oci = state_to_oci(state, status, 0);
	const char *degraded;

	FUZZ_CHECK(oci);
	FUZZ_CHECK(str_eq(json_string_value(json_object_get(oci, "id")), state->id));
	FUZZ_CHECK(str_eq(json_string_value(json_object_get(oci, "status")),
			  container_status_text(status)));
	FUZZ_CHECK(json_integer_value(json_object_get(oci, "pid")) ==
		   (status == CONTAINER_STOPPED ? 0 : state->init.pid));
	degraded = json_string_value(
		json_object_get(json_object_get(oci, "annotations"), "io.bulwark.degraded"));
	FUZZ_CHECK(!state->degraded || (degraded && str_eq(degraded, "bpf-lsm")));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_json_ json_t *document = fuzz_read(data, size, "state.json");
	struct error err = ERROR_INIT;
	struct state state = { 0 };
	int r;

	if (!document)
		return 0;
	r = parse_state(document, &state, &err);
	fuzz_check_answer(r, &err, data, size, document);
	if (r == 0) {
		check_read(document, &state);
		check_round_trip(&state);
		check_hooks("poststart", state.poststart, data, size);
		check_hooks("poststop", state.poststop, data, size);
		check_oci(&state, size % 2 ? CONTAINER_RUNNING : CONTAINER_STOPPED);
	}
	state_done(&state);
	return 0;
}
