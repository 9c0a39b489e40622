/* SPDX-License-Identifier: GPL-2.0-or-later */
/* questions - see questions.h. */
#include "questions.h"

#include <errno.h>
#include <unistd.h>

#include "emulated_calls.h"
#include "emulation.h"
#include "error.h"
#include "shared.h"

static int answer_sysinfo(struct emu *emu, const struct question *q, struct answer *a)
{
	struct emu_reader reader;
	struct emu_sysinfo info;
	int r;

	emu_reader_of(emu, q->caller, &reader);
	r = emu_sysinfo(emu, &reader, &info, NULL);
	if (r == 0)
		emu_sysinfo_layout(&info, q->is_32, a->sysinfo);
	return r;
}

/* Which cpus are shown is a question of who asks, not of whom. */
static int answer_affinity(struct emu *emu, const struct question *q, struct answer *a)
{
	struct emu_reader reader;
	struct emu_cpuset cpus;
	int r;

	emu_reader_of(emu, q->caller, &reader);
	r = emu_cpus(emu, &reader, &cpus, NULL);
	for (size_t i = 0; r == 0 && i < EMU_CPUS_MAX / 64; i++)
		a->cpus[i] = cpus.word[i];
	if (r == 0 && q->whom)
		a->whom = emu_find_task(emu, q->caller, q->whom);
	return r;
}

void questions_answer(int ask_fd, struct emu *emu, struct shared *shared)
{
	struct answer a = { 0 };
	struct question q;
	int r = -ENOSYS;

	if (read(ask_fd, &q, sizeof(q)) != sizeof(q))
		return;
	a.number = q.number;
	if (q.call == EMULATED_SYSINFO)
		r = answer_sysinfo(emu, &q, &a);
	else if (q.call == EMULATED_AFFINITY)
		r = answer_affinity(emu, &q, &a);
	a.error = -r;
	shared->served++;
	(void)!write(ask_fd, &a, sizeof(a)); /* the keeper has read the last one */
}
