/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * lint - owns what clang-tidy cannot see from one source alone; scripts/lint includes it before each.
 *
 * That the functions of error.h return a negative number: without it, the analyzer walks on after each
 * `if (failed) return error_set(...)` of a helper as if the helper had succeeded, and sees garbage everywhere.
 */
#pragma once

#include "error.h"

#define error_set(...) ((error_set)(__VA_ARGS__), -1)
#define error_text(...) ((error_text)(__VA_ARGS__), -1)
#define error_wrap(...) ((error_wrap)(__VA_ARGS__), -1)
