/* SPDX-License-Identifier: GPL-2.0-or-later */
/* error - owns the one way a function tells its caller what went wrong: an errno and a line of text. */
#pragma once

#include <stdarg.h>
#include <stdint.h>

#define ERROR_MSG_MAX 508 /* bytes with the NUL; longer text ends in "..." */

/* Flat, so that it needs no allocation, works after clone(2), and crosses a pipe in one write(2). */
struct error {
	int32_t code; /* errno value, positive; 0: nothing went wrong */
	char msg[ERROR_MSG_MAX];
};
_Static_assert(sizeof(struct error) == 512, "crosses process borders");

#define ERROR_INIT ((struct error){ 0 })

/**
 * error_set() - Start the line where the cause is known: "TEXT: strerror(errnum)"
 * @err:	filled in; NULL is accepted, then only the return value tells
 * @errnum:	errno value, positive
 *
 * For failures of the kernel or the C library. Allocates nothing.
 * Return: -errnum.
 */
int error_set(struct error *err, int errnum, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/**
 * error_text() - As error_set(), but the line is the text alone, without strerror(3)
 *
 * For refusals and for bad input, whose reason is ours and not the kernel's. A refusal says what was
 * refused, why, and what to do.
 * Return: -errnum.
 */
int error_text(struct error *err, int errnum, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/**
 * error_wrap() - Put the caller's intent in front: "TEXT: OLD LINE"
 *
 * Return: minus the code @err already holds (-EIO where it holds none).
 */
int error_wrap(struct error *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/**
 * error_prefix() - As error_wrap(), but nothing is put between @prefix and the old line
 *
 * Return: minus the code @err already holds (-EIO where it holds none).
 */
int error_prefix(struct error *err, const char *prefix);
