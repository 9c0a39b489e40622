/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Fuzzes the command line: NUL-separated words through the options of every verb, and each word as what verbs take. */
#include "fuzz.h"

#include "caps.h"
#include "command.c" /* commands[], so that a new verb is fuzzed from its first day */
#include "signals.h"
#include "state.h"
#include "str.h"

#define WORDS_MAX 600 /* more than OPTION_LIST_MAX pairs */

struct line {
	char *text;
	size_t len; /* with the last NUL */
	char *words[WORDS_MAX];
	int n;
};

static void line_split(struct line *line, const uint8_t *data, size_t size)
{
	line->text = malloc(size + 1);
	FUZZ_CHECK(line->text);
	memcpy(line->text, data, size);
	line->text[size] = '\0';
	line->len = size + 1;
	line->n = 0;
	for (size_t i = 0; i < size && line->n < WORDS_MAX; i += strlen(line->text + i) + 1)
		line->words[line->n++] = line->text + i;
}

static bool is_of_line(const struct line *line, const char *s)
{
	return s >= line->text && s < line->text + line->len;
}

/* Every value is text that the caller wrote. */
static void check_options(const struct line *line, const struct command *command, const void *out)
{
	for (const struct option *o = command->options; o && o->name; o++) {
		const char *at = (const char *)out + o->offset;
		const struct option_list *list = (const struct option_list *)(const void *)at;
		const char *text = NULL;

		FUZZ_CHECK(o->offset < command->options_size);
		switch (o->kind) {
		case OPTION_FLAG:
			FUZZ_CHECK(*at == 0 || *at == 1);
			break;
		case OPTION_STRING:
			memcpy(&text, at, sizeof(text));
			FUZZ_CHECK(!text || is_of_line(line, text));
			break;
		case OPTION_LIST:
			FUZZ_CHECK(list->n <= OPTION_LIST_MAX);
			for (size_t i = 0; i < list->n; i++)
				FUZZ_CHECK(is_of_line(line, list->items[i]));
			break;
		case OPTION_U32:
			break;
		}
	}
}

/* What is left are words of the line, in its order. */
static void check_rest(const struct line *line, const struct command *command, int argc, char **argv)
{
	int from = 0;

	FUZZ_CHECK(argc >= command->min_args && argc <= line->n && !argv[argc]);
	FUZZ_CHECK(command->max_args < 0 || argc <= command->max_args);
	for (int i = 0; i < argc; i++) {
		while (from < line->n && line->words[from] != argv[i])
			from++;
		FUZZ_CHECK(from++ < line->n);
	}
}

static int parse(const struct line *line, const struct command *command, struct error *err)
{
	/* of that size exactly, so that ASan sees a write behind the NULL */
	_cleanup_free_ char **argv = calloc((size_t)line->n + 1, sizeof(*argv));
	_cleanup_free_ void *options = NULL;
	int argc = line->n, r;

	FUZZ_CHECK(argv && command_find(command->name) == command);
	if (argc > 0)
		memcpy(argv, line->words, (size_t)argc * sizeof(*argv));
	r = command_parse(command, &argc, argv, &options, err);
	FUZZ_CHECK(r == 0 ? options != NULL : !options);
	if (r == 0) {
		check_options(line, command, options);
		check_rest(line, command, argc, argv);
	}
	return r;
}

static void check_verb(const struct line *line, const struct command *command, const void *data,
		       size_t size)
{
	struct error err = ERROR_INIT, again_err = ERROR_INIT;
	int r = parse(line, command, &err);

	if (r == OPTION_HELP)
		FUZZ_CHECK(err.code == 0);
	else
		fuzz_check_answer(r, &err, data, size, NULL);
	fuzz_check_same(r, &err, parse(line, command, &again_err), &again_err);
}

static void check_id(const char *word, const void *data, size_t size)
{
	struct error err = ERROR_INIT;
	int r = state_check_id(word, &err);

	fuzz_check_answer(r, &err, data, size, NULL);
	if (r == 0) /* it becomes the name of a folder */
		FUZZ_CHECK(*word && strlen(word) <= 255 && !strchr(word, '/') &&
			   !str_eq(word, ".") && !str_eq(word, ".."));
}

static void check_names(const char *word, const void *data, size_t size)
{
	struct error signal_err = ERROR_INIT, cap_err = ERROR_INIT;
	int signal = -1;
	uint64_t bit = 0;
	int r = signals_parse(word, &signal, &signal_err);

	fuzz_check_answer(r, &signal_err, data, size, NULL);
	FUZZ_CHECK(r < 0 || (signal >= 0 && signal <= 64));
	r = caps_parse_name(word, &bit, &cap_err);
	fuzz_check_answer(r, &cap_err, data, size, NULL);
	FUZZ_CHECK(r < 0 || (bit && !(bit & (bit - 1))));
}

static void check_numbers(const char *word)
{
	int64_t i64 = 7;
	uint64_t u64 = 7;
	uint32_t u32 = 7, mode = 7;
	char text[32];

	if (parse_i64(word, &i64) == 0 && word[0] != '0' && strncmp(word, "-0", 2) != 0) {
		FUZZ_CHECK(str_format(text, sizeof(text), "%lld", (long long)i64) == 0);
		FUZZ_CHECK(str_eq(text, word));
	}
	if (parse_u64(word, &u64) == 0 && word[0] != '0') {
		FUZZ_CHECK(str_format(text, sizeof(text), "%llu", (unsigned long long)u64) == 0);
		FUZZ_CHECK(str_eq(text, word));
	}
	FUZZ_CHECK(parse_u32(word, &u32) == 0 ? u32 == u64 : u32 == 7);
	FUZZ_CHECK(parse_mode(word, &mode) == 0 ? mode <= 07777 : mode == 7);
}

/* Cut where it has to be, never inside a \xNN. */
static void check_quote(const char *word, size_t size)
{
	_cleanup_free_ char *buf = malloc(size);
	const char *shown = str_quote(word, buf, size);
	size_t len = strlen(shown);

	FUZZ_CHECK(size == 0 || len < size);
	for (size_t i = 0; i < len; i++)
		FUZZ_CHECK(shown[i] >= ' ' && shown[i] <= '~');
	if (len == strlen(word) && !strchr(word, '\\') && !strstr(word, "..."))
		FUZZ_CHECK(str_eq(shown, word) || (len >= 3 && str_eq(shown + len - 3, "...")) ||
			   size < 4);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct line line;

	if (size > 65536)
		return -1;
	line_split(&line, data, size);
	for (size_t i = 0; i < COMMANDS; i++)
		check_verb(&line, commands[i], data, size);
	for (int i = 0; i < line.n && i < 32; i++) { /* a few words say as much as many */
		check_id(line.words[i], data, size);
		check_names(line.words[i], data, size);
		check_numbers(line.words[i]);
		check_quote(line.words[i], (size_t)i % 40);
	}
	free(line.text);
	return 0;
}
