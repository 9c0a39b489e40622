/* SPDX-License-Identifier: GPL-2.0-or-later */
/* asan - owns the question whether this is a build with AddressSanitizer: UNDER_ASAN, 1 or 0. */
#pragma once

#ifdef __has_feature
#define UNDER_ASAN __has_feature(address_sanitizer) /* clang, which does not define gcc's macro */
#elif defined(__SANITIZE_ADDRESS__)
#define UNDER_ASAN 1
#else
#define UNDER_ASAN 0
#endif
