/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fuzz - owns what every target asserts of an answer: a failure is told in one clean line, a success says nothing. */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "error.h"
#include "fd.h"
#include "json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);

/* Not assert(3): it has to hold however the build is made. libFuzzer keeps the input of whatever aborts. */
#define FUZZ_CHECK(condition)                                                                      \
	do {                                                                                       \
		if (!(condition))                                                                  \
			fuzz_fail(__FILE__, __LINE__, #condition, NULL);                           \
	} while (0)

static inline _Noreturn void fuzz_fail(const char *file, int line, const char *what, const char *text)
{
	fprintf(stderr, "%s:%d: does not hold: %s%s%s\n", file, line, what, text ? ": " : "",
		text ? text : "");
	abort();
}

/* @phrase begins with a small letter. */
static inline bool fuzz_contains(const char *text, size_t len, const char *phrase)
{
	size_t n = strlen(phrase);

	for (size_t i = 0; i + n <= len; i++)
		if ((text[i] | 0x20) == phrase[0] && /* strncasecmp(3) is slow under ASan */
		    strncasecmp(text + i, phrase, n) == 0)
			return true;
	return false;
}

/* Whether the phrase comes from the input: as it stands, or behind \u escapes. */
static inline bool fuzz_quotes(const void *data, size_t size, const json_t *document,
			       const char *phrase)
{
	_cleanup_free_ char *text = NULL;

	if (fuzz_contains(data, size, phrase))
		return true;
	if (document)
		text = json_dumps(document, JSON_ENCODE_ANY);
	return text && fuzz_contains(text, strlen(text), phrase);
}

/*
 * What engines read in a runtime's message decides how they report it ("permission denied": exit status 126). A parse
 * says none of it, unless it quotes a document that does. Printable ASCII: text from a document that reaches a terminal
 * or a log must not be able to start a line of its own, or an escape sequence.
 */
static inline void fuzz_check_message(const struct error *err, const void *data, size_t size,
				      const json_t *document)
{
	static const char *const phrases[] = { "permission denied", "no such file or directory",
					       "not a directory", "is a directory" };
	size_t len = strnlen(err->msg, sizeof(err->msg));

	if (len == 0 || len >= sizeof(err->msg) || strchr(" :.[", err->msg[0]))
		fuzz_fail(__FILE__, __LINE__, "a message, and of one part at least", err->msg);
	for (size_t i = 0; i < len; i++)
		if (err->msg[i] < ' ' || err->msg[i] > '~')
			fuzz_fail(__FILE__, __LINE__, "printable ASCII", err->msg);
	for (size_t i = 0; i < sizeof(phrases) / sizeof(phrases[0]); i++)
		if (fuzz_contains(err->msg, len, phrases[i]) &&
		    !fuzz_quotes(data, size, document, phrases[i]))
			fuzz_fail(__FILE__, __LINE__, "no words that engines look for", err->msg);
}

/* @err was ERROR_INIT before. @document may be NULL: what was parsed is no JSON, or is not there yet. */
static inline void fuzz_check_answer(int r, const struct error *err, const void *data, size_t size,
				     const json_t *document)
{
	FUZZ_CHECK(r <= 0);
	if (r == 0) {
		FUZZ_CHECK(err->code == 0 && err->msg[0] == '\0');
		return;
	}
	FUZZ_CHECK(err->code == -r);
	fuzz_check_message(err, data, size, document);
}

/* A second look at the same thing says the same. */
static inline void fuzz_check_same(int r, const struct error *err, int again_r,
				   const struct error *again_err)
{
	FUZZ_CHECK(r == again_r);
	FUZZ_CHECK(strcmp(err->msg, again_err->msg) == 0);
}

/* The document, or NULL when there is none. */
static inline json_t *fuzz_read(const void *data, size_t size, const char *what)
{
	struct error err = ERROR_INIT;
	json_t *document = NULL;
	int r = json_read_text(data, size, what, &document, &err);

	fuzz_check_answer(r, &err, data, size, NULL);
	FUZZ_CHECK(r < 0 ? !document : document != NULL);
	return document;
}

/* The runtime keeps documents as text and reads them again: nothing may be lost. New reference. */
static inline json_t *fuzz_reread(const json_t *document)
{
	struct error err = ERROR_INIT;
	char *text = json_to_text(document);
	json_t *again = NULL;

	FUZZ_CHECK(text);
	if (json_read_text(text, strlen(text), "again", &again, &err) < 0)
		fuzz_fail(__FILE__, __LINE__, "what was written can be read", err.msg);
	FUZZ_CHECK(json_equal((json_t *)document, again));
	free(text);
	return again;
}
