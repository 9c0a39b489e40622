/* SPDX-License-Identifier: GPL-2.0-or-later */
/* policy - owns what the administrator decided: PATHS_POLICY_FILE, read afresh by every create. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "abi.h"

struct error;
struct stat;

enum policy_bpf_lsm {
	POLICY_BPF_LSM_REQUIRED, /* the default */
	POLICY_BPF_LSM_PREFERRED,
};

#define POLICY_NET_DEVICES_MAX 64
#define POLICY_NET_DEVICE_SIZE 16 /* IF_NAMESIZE */
#define POLICY_FOLDERS_MAX 8
#define POLICY_FOLDER_SIZE 256 /* bytes with the NUL */

/* Flat: nothing to free. */
struct policy {
	enum policy_bpf_lsm bpf_lsm;
	enum lsm_mode bpf_lsm_mode; /* bpfLsmMode: enforce, the default, or audit */
	uint32_t bpf_lsm_allow;	    /* bpfLsmAllow: enum lsm_allow */
	/* netDevices: interfaces of the host that may be moved into containers; "" ends the list */
	char net_devices[POLICY_NET_DEVICES_MAX + 1][POLICY_NET_DEVICE_SIZE];
	/* seccompListenerFolders: where a linux.seccomp.listenerPath may lie; absolute, normal; "" ends the list */
	char seccomp_listener_folders[POLICY_FOLDERS_MAX + 1][POLICY_FOLDER_SIZE];
};

bool policy_allows_net_device(const struct policy *policy, const char *name);

/**
 * policy_load() - Read and check the policy
 *
 * No file: the defaults. A file that is not root's, or that others may write (nor any folder above it), that is broken
 * or of an unknown major version: an error, and no container is made. Unknown keys warn.
 * {"configurationFileVersion": 2, "bpfLsm": {"value": "preferred", "locked": true}, "bpfLsmMode": {"value": "audit"},
 *  "bpfLsmAllow": {"value": ["io_uring"]}, "netDevices": {"value": ["eth1"]},
 *  "seccompListenerFolders": {"value": ["/run/seccomp-agent"]}}
 */
int policy_load(struct policy *ret, struct error *err);

/* Of a document; @text need not end with a NUL. policy_load() is this after all checks of the file. */
int policy_parse(const char *text, size_t len, struct policy *ret, struct error *err);

/* Whether whoever is not root could change a file, or what is in a folder, with these bits: -EPERM with the reason. */
int policy_check_owner(const struct stat *st, const char *path, struct error *err);

/*
 * policy_check_folders() - Whether anybody but root could put something else in the place of @path
 *
 * Every folder above it has to be root's, no link, and not writable by others. Then names may be looked up again.
 * Return: 0; -EPERM; -ENOENT without a message: one is missing.
 */
int policy_check_folders(const char *path, struct error *err);

/* policy_load() from another path; for tests, which are root. */
int policy_load_from(const char *path, struct policy *ret, struct error *err);
