/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fuzzes what `exec` runs: a process.json, and after a NUL the words of the command line that are laid over it. A word's
 * first byte says which option it is.
 */
#include "fuzz.h"

#include "arena.h"
#include "exec_process.c" /* lay_over() is reached from no header: its caller reads a bundle */
#include "process.c"	  /* is_replaced(): its caller executes */

struct words {
	struct exec_options options;
	struct option_list env, gids, caps;
	char *args[64];
	size_t n_args;
};

static void add(struct option_list *list, const char *word)
{
	if (list->n < OPTION_LIST_MAX)
		list->items[list->n++] = word;
}

static void take_word(struct words *w, char *word)
{
	switch (word[0]) {
	case 'c':
		w->options.cwd = word + 1;
		break;
	case 'u':
		w->options.user = word + 1;
		break;
	case 'e':
		add(&w->env, word + 1);
		break;
	case 'g':
		add(&w->gids, word + 1);
		break;
	case 'p':
		add(&w->caps, word + 1);
		break;
	case 't':
		w->options.tty = true;
		break;
	case 'n':
		w->options.no_new_privs = true;
		break;
	default:
		if (w->n_args + 1 < sizeof(w->args) / sizeof(w->args[0]))
			w->args[w->n_args++] = word;
	}
}

/* @text ends with a NUL. */
static void take_words(struct words *w, char *text, size_t len)
{
	*w = (struct words){ 0 };
	w->options.env = &w->env;
	w->options.additional_gids = &w->gids;
	w->options.caps = &w->caps;
	w->options.args = w->args;
	for (size_t i = 0; i < len; i += strlen(text + i) + 1)
		take_word(w, text + i);
}

/* What the command line says is what runs. */
static void check_laid(const struct words *w, const struct process *process, const struct caps *before)
{
	const struct caps *caps = process->capabilities;
	size_t n_env = 0;
	uint32_t uid;
	uint64_t bit;

	for (size_t i = 0; i <= w->n_args; i++)
		FUZZ_CHECK(i < w->n_args ? str_eq(process->args[i], w->args[i]) : !process->args[i]);
	FUZZ_CHECK(process->terminal == w->options.tty);
	FUZZ_CHECK(!w->options.no_new_privs || process->no_new_privileges);
	FUZZ_CHECK(!w->options.cwd || str_eq(process->cwd, w->options.cwd));
	if (w->options.user) {
		_cleanup_free_ char *digits = strndup(w->options.user, strcspn(w->options.user, ":"));

		FUZZ_CHECK(parse_u32(digits, &uid) == 0 && process->user.uid == uid);
	}
	if (w->gids.n)
		FUZZ_CHECK(process->user.additional_gids.n == w->gids.n);
	while (process->env && process->env[n_env])
		n_env++;
	FUZZ_CHECK(n_env >= w->env.n);
	for (size_t i = 0; i < w->env.n; i++)
		FUZZ_CHECK(str_eq(process->env[n_env - w->env.n + i], w->env.items[i]));
	/* CVE-2022-29162: never inheritable, never ambient */
	FUZZ_CHECK(!w->caps.n || caps);
	for (size_t i = 0; i < w->caps.n; i++)
		FUZZ_CHECK(caps_parse_name(w->caps.items[i], &bit, NULL) == 0 &&
			   (caps->bounding & caps->effective & caps->permitted & bit));
	if (caps)
		FUZZ_CHECK(caps->inheritable == (before ? before->inheritable : 0) &&
			   caps->ambient == (before ? before->ambient : 0));
}

/* Of variables named twice the last one counts, for whoever looks one up and for what is executed. */
static void check_env_names(const char **env)
{
	for (size_t i = 0; env && env[i] && i < 64; i++) {
		_cleanup_free_ char *name = strndup(env[i], strcspn(env[i], "="));
		const char *value;

		FUZZ_CHECK(name);
		value = find_env(env, name);
		FUZZ_CHECK(value);
		FUZZ_CHECK(is_replaced(env, i, "") == (value != env[i] + strlen(name) + 1));
		FUZZ_CHECK(is_replaced(env, i, "/") ==
			   (is_replaced(env, i, "") || str_eq(name, "HOME")));
	}
}

/* OCI config.md: what the kernel would not grant is left out, and nothing is added. */
static void check_limit(const struct caps *caps)
{
	struct caps limited = *caps;

	caps_limit(&limited);
	FUZZ_CHECK(limited.bounding == caps->bounding && limited.permitted == caps->permitted);
	FUZZ_CHECK(!(limited.effective & ~(caps->effective & limited.permitted)));
	FUZZ_CHECK(!(limited.inheritable & ~(caps->inheritable & limited.bounding)));
	FUZZ_CHECK(!(limited.ambient & ~(caps->ambient & limited.permitted & limited.inheritable)));
}

static void check_words(json_t *document, const struct words *w, const void *data, size_t size,
			const struct caps *before)
{
	_cleanup_json_ json_t *process = json_deep_copy(document);
	struct error err = ERROR_INIT;
	struct arena arena = ARENA_INIT;
	struct process *laid = NULL;
	int r = lay_over(process, &w->options, &err);

	if (r == 0)
		r = spec_parse_process(&arena, process, &laid, &err);
	fuzz_check_answer(r, &err, data, size, process);
	if (r == 0)
		check_laid(w, laid, before);
	arena_done(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *nul = memchr(data, '\0', size);
	size_t len = nul ? (size_t)(nul - data) : size;
	_cleanup_json_ json_t *document = fuzz_read(data, len, "process.json");
	_cleanup_json_ json_t *reread = NULL;
	struct error err = ERROR_INIT, again_err = ERROR_INIT;
	struct process *process = NULL, *again = NULL;
	struct arena arena = ARENA_INIT;
	_cleanup_free_ char *text = NULL;
	static struct words words;
	int r;

	if (!document)
		return 0;
	r = spec_parse_process(&arena, document, &process, &err);
	fuzz_check_answer(r, &err, data, size, document);
	FUZZ_CHECK(r < 0 ? !process : process && process->cwd[0] == '/' && process->args[0]);
	if (r == 0)
		check_env_names(process->env);
	if (r == 0 && process->capabilities)
		check_limit(process->capabilities);
	reread = fuzz_reread(document);
	fuzz_check_same(r, &err, spec_parse_process(&arena, reread, &again, &again_err), &again_err);

	if (nul && r == 0) { /* the base is a container's own config, so it was accepted once */
		text = malloc(size - len + 1);
		FUZZ_CHECK(text);
		memcpy(text, nul, size - len);
		text[size - len] = '\0';
		take_words(&words, text + 1, size - len - 1);
		check_words(document, &words, data, size, process->capabilities);
	}
	arena_done(&arena);
	return 0;
}
