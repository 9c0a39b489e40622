/* SPDX-License-Identifier: GPL-2.0-or-later */
/* questions - owns a worker's answers to what its keeper asks: calls.h. */
#pragma once

struct emu;
struct shared;

/* One that waits there. A worker that dies over it leaves nothing: its successor is asked again. */
void questions_answer(int ask_fd, struct emu *emu, struct shared *shared);
