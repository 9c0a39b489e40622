/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "emu.h"

#include <string.h>

/* Beyond 1,000 years is no time that a clock showed. */
#define TIME_MAX (UINT64_C(1) << 62)

static bool times_are_sound(const struct emu_times *times)
{
	if (times->n > EMU_CPUS_MAX || (uint64_t)times->now_ns > TIME_MAX)
		return false;
	for (uint32_t i = 0; i < times->n; i++) {
		const struct emu_times_cpu *t = &times->cpu[i];

		if (t->user_ns > TIME_MAX || t->system_ns > TIME_MAX || t->idle_ns > TIME_MAX ||
		    t->wall_ns > TIME_MAX)
			return false;
	}
	return true;
}

static void begin_slot(struct emu_slot *slot, const char *path, int64_t start_ns)
{
	__atomic_store_n(&slot->valid, 0, __ATOMIC_RELEASE);
	/* Not the whole: most of its pages were never touched. */
	for (int i = 0; i < 2; i++) {
		uint32_t n = slot->bank[i].n <= EMU_CPUS_MAX ? slot->bank[i].n : EMU_CPUS_MAX;

		memset(&slot->bank[i], 0,
		       offsetof(struct emu_times, cpu) + n * sizeof(slot->bank[i].cpu[0]));
		slot->bank[i].now_ns = start_ns;
	}
	slot->active = 0;
	memset(slot->path, 0, sizeof(slot->path));
	memcpy(slot->path, path, strnlen(path, sizeof(slot->path) - 1));
	__atomic_store_n(&slot->valid, 1, __ATOMIC_RELEASE);
}

static void begin_load(struct emu_state *state, int64_t start_ns)
{
	state->load_active = 0;
	state->load[0] = (struct emu_load){ .now_ns = start_ns };
	state->load_valid = 1;
}

void emu_state_begin(struct emu_state *state, int64_t start_ns)
{
	state->version = EMU_STATE_VERSION;
	state->size = sizeof(*state);
	begin_load(state, start_ns);
	__atomic_store_n(&state->magic, EMU_STATE_MAGIC, __ATOMIC_RELEASE);
}

void emu_state_check(struct emu_state *state, int64_t start_ns)
{
	const struct emu_load *load;

	if (state->magic != EMU_STATE_MAGIC || state->version != EMU_STATE_VERSION ||
	    state->size != sizeof(*state)) {
		/* Memory that was never touched is zero, and need not be touched to become so. */
		if (state->magic != 0)
			memset(state, 0, sizeof(*state));
		emu_state_begin(state, start_ns);
	}
	if ((uint64_t)state->btime_ns > TIME_MAX)
		state->btime_ns = 0;
	emu_sysctl_check_store(&state->sysctls);
	for (size_t i = 0; i < EMU_SLOTS; i++) {
		struct emu_slot *slot = &state->slots[i];

		if (slot->valid && (slot->valid > 1 || slot->active > 1 ||
				    !memchr(slot->path, '\0', sizeof(slot->path)) ||
				    !times_are_sound(&slot->bank[slot->active])))
			slot->valid = 0;
	}
	load = &state->load[state->load_active & 1];
	if (state->load_valid != 1 || state->load_active > 1 || (uint64_t)load->now_ns > TIME_MAX ||
	    load->average[0] > UINT32_MAX || load->average[1] > UINT32_MAX ||
	    load->average[2] > UINT32_MAX)
		begin_load(state, start_ns);
}

/* The slot of a path, made in the place of the one that nobody looked at for longest. [0] is the container's. */
static struct emu_slot *slot_of(struct emu_state *state, const char *path, int64_t start_ns)
{
	struct emu_slot *oldest = &state->slots[1];
	uint64_t newest = 0;

	for (size_t i = 0; i < EMU_SLOTS; i++)
		newest = state->slots[i].used > newest ? state->slots[i].used : newest;
	if (!*path) {
		if (!state->slots[0].valid || *state->slots[0].path)
			begin_slot(&state->slots[0], path, start_ns);
		state->slots[0].used = newest + 1;
		return &state->slots[0];
	}
	for (size_t i = 1; i < EMU_SLOTS; i++) {
		struct emu_slot *slot = &state->slots[i];

		if (slot->valid && strcmp(slot->path, path) == 0) {
			slot->used = newest + 1;
			return slot;
		}
		if (!slot->valid || (oldest->valid && slot->used < oldest->used))
			oldest = slot;
	}
	begin_slot(oldest, path, start_ns);
	oldest->used = newest + 1;
	return oldest;
}

const struct emu_times *emu_state_times(struct emu_state *state, const char *path, int64_t start_ns,
					const struct emu_usage *usage,
					const struct emu_cpuset *visible, int64_t now_ns)
{
	struct emu_slot *slot = slot_of(state, path, start_ns);
	const struct emu_times *from = &slot->bank[slot->active];
	struct emu_times *to = &slot->bank[slot->active ^ 1];
	uint32_t n = from->n, need = n;

	emu_cpuset_each(cpu, visible) need = cpu >= need ? cpu + 1 : need;
	if (usage->per_cpu && usage->n > need)
		need = usage->n;
	memcpy(to, from, offsetof(struct emu_times, cpu) + n * sizeof(from->cpu[0]));
	/* A worker that died here may have left something. */
	memset(&to->cpu[n], 0, (need - n) * sizeof(to->cpu[0]));
	emu_times_step(to, usage, visible, now_ns);
	__atomic_store_n(&slot->active, slot->active ^ 1, __ATOMIC_RELEASE);
	return to;
}

const struct emu_load *emu_state_load(const struct emu_state *state)
{
	return &state->load[state->load_active & 1];
}

void emu_state_set_load(struct emu_state *state, const struct emu_load *load)
{
	uint32_t next = (state->load_active & 1) ^ 1;

	state->load[next] = *load;
	__atomic_store_n(&state->load_active, next, __ATOMIC_RELEASE);
}
