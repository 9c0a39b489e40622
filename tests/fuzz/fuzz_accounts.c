/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fuzzes passwd(5), group(5), subuid(5) and subgid(5): the host's, and the passwd(5) of an image, which is read with a
 * buffer of its own. The latter is compared with a plain reading of the same text.
 */
#include "fuzz.h"

#include <sys/mman.h>

#include "accounts.h"
#include "process.c" /* search_passwd(): its caller opens /etc/passwd */

#define SPANS_MAX 64

static int passwd_fd = -EBADF;

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	passwd_fd = memfd_create("passwd", MFD_CLOEXEC);
	FUZZ_CHECK(passwd_fd >= 0);
	return 0;
}

/* ---- the image's ------------------------------------------------------------------------------ */

/* @line is NUL-terminated, as a NUL in the file ends what is looked at of its line. */
static bool expect_home(char *line, uint32_t uid, char *ret_home)
{
	char *fields[6] = { line };
	uint32_t found;

	for (size_t i = 1; i < 6; i++) {
		char *colon = strchr(fields[i - 1], ':');

		if (!colon)
			return false;
		*colon = '\0';
		fields[i] = colon + 1;
	}
	fields[5][strcspn(fields[5], ":")] = '\0';
	if (!*fields[0] || parse_u32(fields[2], &found) < 0 || found != uid)
		return false;
	memcpy(ret_home, fields[5][0] == '/' ? fields[5] : "/",
	       fields[5][0] == '/' ? strlen(fields[5]) + 1 : 2);
	return true;
}

static void expect_search(const uint8_t *data, size_t size, uint32_t uid, char *ret_home)
{
	while (size > 0) {
		const uint8_t *newline = memchr(data, '\n', size);
		size_t len = newline ? (size_t)(newline - data) : size, taken = len + !!newline;
		char line[PROCESS_HOME_MAX];

		if (len < sizeof(line) - 1) {
			memcpy(line, data, len);
			line[len] = '\0';
			if (expect_home(line, uid, ret_home))
				return;
		}
		data += taken;
		size -= taken;
	}
}

static void check_image(const uint8_t *data, size_t size, uint32_t uid)
{
	char home[PROCESS_HOME_MAX] = "/", expected[PROCESS_HOME_MAX] = "/";

	FUZZ_CHECK(lseek(passwd_fd, 0, SEEK_SET) == 0);
	search_passwd(passwd_fd, uid, home);
	expect_search(data, size, uid, expected);
	FUZZ_CHECK(home[0] == '/' && str_eq(home, expected));
}

/* ---- the host's ------------------------------------------------------------------------------- */

static void check_fields(const struct accounts_file *file, size_t n_fields)
{
	struct accounts_field f[8];
	size_t lines = 0;

	for (size_t cursor = 0; accounts_next(file, &cursor, f, n_fields); lines++) {
		struct id_span span;
		uint32_t id;

		for (size_t i = 0; i < n_fields; i++) {
			FUZZ_CHECK(f[i].text >= file->text);
			FUZZ_CHECK(f[i].text + f[i].len <= file->text + file->len);
			FUZZ_CHECK(!memchr(f[i].text, '\n', f[i].len));
			FUZZ_CHECK(!memchr(f[i].text, ':', f[i].len));
			if (accounts_field_u32(&f[i], &id))
				FUZZ_CHECK(f[i].len > 0 && f[i].len < 16);
		}
		if (n_fields == 3 && accounts_span(f, &span))
			FUZZ_CHECK(span.size && (uint64_t)span.first + span.size <= UINT32_MAX);
		if (n_fields == 3 && lines < 16)
			FUZZ_CHECK(accounts_has(file, &f[0]));
	}
	FUZZ_CHECK(lines <= file->len);
}

static void check_account(const struct accounts_file *file, uint32_t id)
{
	struct account account = { .uid = ~id };

	if (accounts_find(file, id, &account))
		FUZZ_CHECK(account.uid == id && strlen(account.name) < ACCOUNTS_NAME_MAX &&
			   accounts_has_gid(file, id)); /* the same field of the same text */
	else
		FUZZ_CHECK(account.uid == ~id);
}

static void check_spans(const struct accounts_file *file, uint32_t uid, const char *name, uint32_t min)
{
	struct id_span spans[SPANS_MAX];
	size_t n = accounts_subids(file, uid, name, min, spans, SPANS_MAX);

	FUZZ_CHECK(n <= SPANS_MAX);
	for (size_t i = 0; i < n; i++) {
		uint64_t end = (uint64_t)spans[i].first + spans[i].size;

		FUZZ_CHECK(spans[i].first >= min && spans[i].size && end <= UINT32_MAX);
		for (size_t k = 0; k < i; k++)
			FUZZ_CHECK(end <= spans[k].first ||
				   (uint64_t)spans[k].first + spans[k].size <= spans[i].first);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint32_t ids[] = { 0, 1000, 65534, UINT32_MAX };
	struct accounts_file file = { malloc(size + !size), size };

	FUZZ_CHECK(file.text);
	memcpy(file.text, data, size);
	FUZZ_CHECK(ftruncate(passwd_fd, 0) == 0 && pwrite(passwd_fd, data, size, 0) == (ssize_t)size);
	for (size_t n = 1; n <= 8; n++)
		check_fields(&file, n);
	for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
		check_image(data, size, ids[i]);
		check_account(&file, ids[i]);
		check_spans(&file, ids[i], i % 2 ? "user" : NULL, i < 2 ? 0 : 65536);
	}
	accounts_done(&file);
	return 0;
}
