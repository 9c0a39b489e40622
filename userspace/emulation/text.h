/* SPDX-License-Identifier: GPL-2.0-or-later */
/* text - owns growing a struct emu_text: an append that fails is remembered, and later ones do nothing. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "emulation.h"

/* Empties it, keeps its memory, forgets a failure. */
void emu_text_clear(struct emu_text *text);

void emu_text_bytes(struct emu_text *text, const char *bytes, size_t len);
void emu_text_str(struct emu_text *text, const char *s);
void emu_text_add(struct emu_text *text, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Decimal, at least @width wide, padded on the left: most of what /proc says, without printf(3)'s price. */
void emu_text_u64(struct emu_text *text, uint64_t value, unsigned width);
