/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * paths - owns the compiled-in places. No flag or variable moves them: policy that could be moved is no policy.
 *
 * The test build (build/test/, never installed) lives below a prefix of its own, so that tests can say what the
 * policy is without touching the host's.
 */
#pragma once

#ifdef BULWARK_TEST_BUILD
#define PATHS_PREFIX "/run/bulwark-test"
#define PATHS_RUN PATHS_PREFIX "/run"
#else
#define PATHS_PREFIX ""
#define PATHS_RUN "/run/bulwark"
#endif

/* Below the root of each hierarchy: where monitors live. */
#ifdef BULWARK_TEST_BUILD
#define PATHS_SLICE "bulwark-test.slice"
#else
#define PATHS_SLICE "bulwark.slice"
#endif

#define PATHS_POLICY_DIR PATHS_PREFIX "/etc/bulwark"
#define PATHS_POLICY_FILE PATHS_POLICY_DIR "/admin-settings.json"
#define PATHS_CONTAINERS PATHS_RUN "/containers" /* state, unless --root says otherwise */
#define PATHS_IDS PATHS_RUN "/ids"		 /* id ranges: one table for every --root */
#define PATHS_LIB PATHS_PREFIX "/var/lib/bulwark"
#define PATHS_CACHE PATHS_PREFIX "/var/cache/bulwark"
#define PATHS_SECCOMP_CACHE PATHS_CACHE "/seccomp"

/* Programs of ours that are run: the Makefile says where, for the test build the folder they are built in. */
#ifndef BULWARK_LIBEXEC
#define BULWARK_LIBEXEC "/usr/local/libexec/bulwark"
#endif
#define PATHS_SYSTEMD BULWARK_LIBEXEC "/bulwark-systemd"
#define PATHS_MONITOR BULWARK_LIBEXEC "/bulwark-monitor"

#ifndef BULWARK_SBIN
#define BULWARK_SBIN "/usr/local/sbin"
#endif
#define PATHS_CTL BULWARK_SBIN "/bulwarkctl"

/* Where criu(8) is looked for. The caller's PATH says nothing: what runs as root is found in root's folders. */
#ifdef BULWARK_TEST_BUILD
#define PATHS_CRIU_FOLDERS PATHS_PREFIX "/usr/sbin"
#else
#define PATHS_CRIU_FOLDERS "/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin"
#endif
