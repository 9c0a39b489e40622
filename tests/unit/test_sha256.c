/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tests of runtime/sha256.c with the examples of FIPS 180-4 and NIST's CAVP. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "sha256.h"

static void check(const char *message, size_t len, size_t times, const char *expected)
{
	uint8_t digest[SHA256_BYTES];
	char hex[SHA256_HEX_SIZE];
	struct sha256 ctx;

	sha256_init(&ctx);
	for (size_t i = 0; i < times; i++)
		sha256_update(&ctx, message, len);
	sha256_final(&ctx, digest);
	sha256_to_hex(digest, hex);
	assert_string_equal(hex, expected);
}

static void test_sha256_hashes_the_empty_message(void **state)
{
	(void)state;
	check("", 0, 1, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

static void test_sha256_hashes_one_block(void **state)
{
	(void)state;
	check("abc", 3, 1, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

static void test_sha256_hashes_two_blocks(void **state)
{
	const char *message = "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";

	(void)state;
	check(message, 56, 1, "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
}

static void test_sha256_hashes_a_million_bytes_in_pieces(void **state)
{
	(void)state;
	check("aaaaaaaaaa", 10, 100000,
	      "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

/* The padding changes shape around 55, 56, 63 and 64 bytes: pieces must give what the whole gives. */
static void test_sha256_update_may_be_cut_anywhere(void **state)
{
	uint8_t data[200], whole[SHA256_BYTES], pieces[SHA256_BYTES];
	struct sha256 ctx;

	(void)state;
	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)(i * 7);
	for (size_t len = 0; len <= sizeof(data); len++) {
		sha256_init(&ctx);
		sha256_update(&ctx, data, len);
		sha256_final(&ctx, whole);
		sha256_init(&ctx);
		sha256_update(&ctx, data, len / 3);
		sha256_update(&ctx, data + len / 3, len - len / 3);
		sha256_final(&ctx, pieces);
		assert_memory_equal(whole, pieces, sizeof(whole));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sha256_hashes_the_empty_message),
		cmocka_unit_test(test_sha256_hashes_one_block),
		cmocka_unit_test(test_sha256_hashes_two_blocks),
		cmocka_unit_test(test_sha256_hashes_a_million_bytes_in_pieces),
		cmocka_unit_test(test_sha256_update_may_be_cut_anywhere),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
