/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Fuzzes a file of the seccomp cache: what was stored comes back, and a file with any other byte in it is refused. */
#include "fuzz.h"

#include "seccomp_cache.c" /* decode(): its caller trusts owner and mode of a file on disk */

#define KEY "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static int read_back(const char *file, size_t len, struct seccomp_program *ret, const void *data,
		     size_t size)
{
	struct error err = ERROR_INIT;
	int r = decode(KEY, file, len, ret, &err);

	fuzz_check_answer(r, &err, data, size, NULL);
	FUZZ_CHECK(r < 0 ? r == -EBADMSG && !ret->insns : ret->insns && ret->n > 0);
	return r;
}

/* The same bytes as the instructions of a file that is whole; @data[0] says which byte breaks then. */
static void check_whole(const uint8_t *data, size_t size)
{
	const uint32_t n = (uint32_t)((size - 1) / sizeof(struct sock_filter));
	const size_t bytes = n * sizeof(struct sock_filter),
		     len = sizeof(struct cache_header) + bytes;
	struct cache_header header = { .magic = CACHE_MAGIC, .n = n };
	struct seccomp_program program = { 0 };
	char *file = malloc(len);

	FUZZ_CHECK(file);
	memcpy(file + sizeof(header), data + 1, bytes);
	digest_program(KEY, (const struct sock_filter *)(const void *)(file + sizeof(header)), n,
		       header.digest);
	memcpy(file, &header, sizeof(header));
	FUZZ_CHECK(read_back(file, len, &program, data, size) == 0);
	FUZZ_CHECK(program.n == n && memcmp(program.insns, file + sizeof(header), bytes) == 0);
	seccomp_program_done(&program);

	file[(data[0] * 7919U) % len] ^= 1;
	FUZZ_CHECK(read_back(file, len, &program, data, size) < 0);
	free(file);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct seccomp_program program = { 0 };

	if (size > CACHE_FILE_MAX)
		return -1;
	(void)read_back((const char *)data, size, &program, data, size);
	seccomp_program_done(&program);
	if (size > sizeof(struct sock_filter))
		check_whole(data, size);
	return 0;
}
