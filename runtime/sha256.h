/* SPDX-License-Identifier: GPL-2.0-or-later */
/* sha256 - owns the digest of FIPS 180-4 that names and guards files in our caches. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#define SHA256_BYTES 32
#define SHA256_HEX_SIZE (2 * SHA256_BYTES + 1) /* with the NUL */

struct sha256 {
	uint32_t state[8];
	uint64_t len;	   /* bytes taken so far */
	uint8_t block[64]; /* what does not fill a block yet */
};

void sha256_init(struct sha256 *ctx);
void sha256_update(struct sha256 *ctx, const void *data, size_t len);

/* @ctx is used up. */
void sha256_final(struct sha256 *ctx, uint8_t ret_digest[SHA256_BYTES]);

/* Lower-case hexadecimal digits. */
void sha256_to_hex(const uint8_t digest[SHA256_BYTES], char ret_hex[SHA256_HEX_SIZE]);
