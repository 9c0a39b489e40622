/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ctl - owns what the commands of bulwarkctl share: their table, and the names of what they make. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "abi.h"

struct error;
struct lsm;

#define CTL_BPFFS "/sys/fs/bpf"
#define CTL_WORK_DIR CTL_BPFFS "/bulwark_load" /* while something is loaded or unloaded; its lock */
#define CTL_LINKS                                                                                  \
	"/links" /* in a folder of pins: those of the programs' links, named after their hooks */
#define CTL_READER_DIR LSM_PIN_DIR "/reader" /* flock(2): the one who reads the ring */

extern const char ctl_version[];

struct ctl_options {
	bool json;
	bool follow;
	bool journal;
	bool force;
	bool debug;
};

/* Each returns the exit status of the program, or -errno with @err set. */
int ctl_load(const struct ctl_options *options, struct error *err);
int ctl_reload(const struct ctl_options *options, struct error *err);
int ctl_unload(const struct ctl_options *options, struct error *err);
int ctl_status(const struct ctl_options *options, struct error *err);
int ctl_upgrade(const struct ctl_options *options, struct error *err);
int ctl_events(const struct ctl_options *options, struct error *err);
