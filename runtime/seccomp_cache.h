/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * seccomp_cache - owns a folder of compiled seccomp filters: finding one by what it was compiled from, trusting it only
 * when nobody but us can have written it, and keeping the folder small.
 */
#pragma once

#include <jansson.h>

#include "sha256.h"

struct error;
struct seccomp_program; /* seccomp.h */

#define SECCOMP_CACHE_ENTRIES_MAX 256

/**
 * seccomp_cache_key() - What a filter depends on, as a file name
 * @section:	linux.seccomp; keys in any order give the same key
 *
 * SHA-256 over the canonical text of the section, the version of libseccomp, the native architecture, the build.
 * Return: 0, or -ENOMEM.
 */
int seccomp_cache_key(const json_t *section, char ret_key[SHA256_HEX_SIZE], struct error *err);

/**
 * seccomp_cache_open() - Open the folder, made 0700 if it is missing
 *
 * Return: a descriptor owned by the caller; -EPERM when it belongs to another user or others may write to it.
 */
int seccomp_cache_open(const char *path, struct error *err);

/**
 * seccomp_cache_load() - Take a filter out
 * @ret:	insns malloc'ed, seccomp_program_done() frees; flags are left as they are
 *
 * Return: 0; -ENOENT: not there; -EPERM: not a regular file of ours alone; -EBADMSG: damaged.
 */
int seccomp_cache_load(int dir_fd, const char *key, struct seccomp_program *ret, struct error *err);

/* Puts a filter in; at SECCOMP_CACHE_ENTRIES_MAX the oldest ones go first. */
int seccomp_cache_store(int dir_fd, const char *key, const struct seccomp_program *program,
			struct error *err);
