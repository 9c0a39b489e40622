/* SPDX-License-Identifier: GPL-2.0-or-later */
/* arena - see arena.h. Allocations are cut from the front of the newest block until it is used up. */
#include "arena.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "asan.h"

/* Under ASan each allocation is a block of its own, so that a write past its end is found. */
#if UNDER_ASAN
#define ARENA_BLOCK_SIZE 0
#else
#define ARENA_BLOCK_SIZE 4000 /* bytes; with both headers, ours and malloc's, below one page */
#endif

struct arena_block {
	struct arena_block *next; /* older */
	size_t size, used;	  /* bytes of data */
	_Alignas(max_align_t) char data[];
};

static struct arena_block *block_new(size_t size)
{
	struct arena_block *block;
	size_t total;

	if (__builtin_add_overflow(sizeof(*block), size, &total) || total > PTRDIFF_MAX)
		return NULL;
	block = calloc(1, total);
	if (block)
		block->size = size;
	return block;
}

void *arena_alloc(struct arena *arena, size_t n, size_t size)
{
	struct arena_block *newest = arena->blocks, *block;
	const size_t align = _Alignof(max_align_t);
	size_t bytes, rounded;

	if (__builtin_mul_overflow(n, size, &bytes) ||
	    __builtin_add_overflow(bytes, align - 1, &rounded))
		return NULL;
	rounded &= ~(align - 1);
	if (!rounded) /* still an address of its own */
		bytes = rounded = align;

	if (newest && rounded <= newest->size - newest->used) {
		newest->used += rounded;
		return newest->data + newest->used - rounded;
	}

	/* What is large gets a block of its size, behind the newest one, whose rest stays in use. */
	block = block_new(rounded > ARENA_BLOCK_SIZE / 4 ? (ARENA_BLOCK_SIZE ? rounded : bytes) :
							   ARENA_BLOCK_SIZE);
	if (!block)
		return NULL;
	block->used = rounded < block->size ? rounded : block->size;
	if (newest && block->used == block->size) {
		block->next = newest->next;
		newest->next = block;
	} else {
		block->next = newest;
		arena->blocks = block;
	}
	return block->data;
}

char *arena_strdup(struct arena *arena, const char *s)
{
	size_t size = strlen(s) + 1;
	char *copy = arena_alloc(arena, size, 1);

	if (copy)
		memcpy(copy, s, size);
	return copy;
}

char *arena_format(struct arena *arena, const char *fmt, ...)
{
	va_list ap, again;
	char *s = NULL;
	int n;

	va_start(ap, fmt);
	va_copy(again, ap);
	n = vsnprintf(NULL, 0, fmt, ap);
	if (n >= 0)
		s = arena_alloc(arena, (size_t)n + 1, 1);
	if (s)
		(void)vsnprintf(s, (size_t)n + 1, fmt, again); /* as long as the first time */
	va_end(again);
	va_end(ap);
	return s;
}

void arena_done(struct arena *arena)
{
	struct arena_block *next;

	for (struct arena_block *block = arena->blocks; block; block = next) {
		next = block->next;
		free(block);
	}
	arena->blocks = NULL;
}
