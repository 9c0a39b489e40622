/* SPDX-License-Identifier: GPL-2.0-or-later */
/* arena - owns memory that lives as long as one parsed document, freed in one go. */
#pragma once

#include <stddef.h>

struct arena_block;

struct arena {
	struct arena_block *blocks; /* newest first */
};

#define ARENA_INIT ((struct arena){ NULL })

/* Zeroed memory aligned for any type; NULL when memory is short or @n * @size overflows. @n may be 0. */
void *arena_alloc(struct arena *arena, size_t n, size_t size);

char *arena_strdup(struct arena *arena, const char *s);
char *arena_format(struct arena *arena, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Frees everything; the arena can be used again. */
void arena_done(struct arena *arena);
