/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Unit tests of arena: alignment, zeroing, overflow, reuse. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "arena.h"

static void test_arena_alloc_is_zeroed_and_aligned(void **state)
{
	struct arena arena = ARENA_INIT;

	(void)state;
	for (size_t size = 1; size < 300; size++) {
		unsigned char *p = arena_alloc(&arena, 1, size);

		assert_non_null(p);
		assert_int_equal((uintptr_t)p % _Alignof(max_align_t), 0);
		for (size_t i = 0; i < size; i++)
			assert_int_equal(p[i], 0);
		memset(p, 0xff, size); /* a neighbour that overlaps would not be zero */
	}
	arena_done(&arena);
}

static void test_arena_alloc_keeps_allocations_apart(void **state)
{
	enum { N = 3000 };
	struct arena arena = ARENA_INIT;
	unsigned char *all[N];
	size_t sizes[N];

	(void)state;
	srandom(2);
	for (size_t i = 0; i < N; i++) {
		sizes[i] = (size_t)random() % (i % 50 ? 100 : 20000);
		all[i] = arena_alloc(&arena, sizes[i], 1);
		assert_non_null(all[i]);
		memset(all[i], (int)(i & 0xff), sizes[i]);
	}
	for (size_t i = 0; i < N; i++)
		for (size_t k = 0; k < sizes[i]; k++)
			assert_int_equal(all[i][k], i & 0xff);
	arena_done(&arena);
}

static void test_arena_alloc_of_nothing_is_an_address(void **state)
{
	struct arena arena = ARENA_INIT;
	char *a = arena_alloc(&arena, 0, 8), *b = arena_alloc(&arena, 8, 0);

	(void)state;
	assert_non_null(a);
	assert_non_null(b);
	assert_ptr_not_equal(a, b);
	arena_done(&arena);
}

static void test_arena_alloc_refuses_overflow(void **state)
{
	struct arena arena = ARENA_INIT;

	(void)state;
	assert_null(arena_alloc(&arena, SIZE_MAX / 2, 3));
	assert_null(arena_alloc(&arena, SIZE_MAX, 1));
	assert_null(arena_alloc(&arena, SIZE_MAX - 16, 1));
	assert_null(arena_alloc(&arena, SIZE_MAX - 40, 1));
	assert_non_null(arena_alloc(&arena, 1, 1));
	arena_done(&arena);
}

static void test_arena_strdup_and_format_copy(void **state)
{
	struct arena arena = ARENA_INIT;
	char original[] = "abc";
	char *copy = arena_strdup(&arena, original);
	char *text = arena_format(&arena, "%s-%05000d", original, 1);

	(void)state;
	original[0] = 'X';
	assert_string_equal(copy, "abc");
	assert_int_equal(strlen(text), 5004);
	assert_memory_equal(text, "abc-000", 7);
	assert_string_equal(arena_format(&arena, "%s", ""), "");
	arena_done(&arena);
}

static void test_arena_done_leaves_it_ready(void **state)
{
	struct arena arena = ARENA_INIT;

	(void)state;
	arena_done(&arena);
	assert_non_null(arena_alloc(&arena, 10, 10));
	arena_done(&arena);
	assert_null(arena.blocks);
	assert_non_null(arena_alloc(&arena, 10, 10));
	arena_done(&arena);
	arena_done(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_arena_alloc_is_zeroed_and_aligned),
		cmocka_unit_test(test_arena_alloc_keeps_allocations_apart),
		cmocka_unit_test(test_arena_alloc_of_nothing_is_an_address),
		cmocka_unit_test(test_arena_alloc_refuses_overflow),
		cmocka_unit_test(test_arena_strdup_and_format_copy),
		cmocka_unit_test(test_arena_done_leaves_it_ready),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
