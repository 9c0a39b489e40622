/* SPDX-License-Identifier: GPL-2.0-or-later */
/* events - owns a record of the ring as text that is safe to print. */
#pragma once

#include "abi.h"

/* Names are a container's words: quoted, so without control characters. */
struct event_text {
	const struct lsm_event *event;
	char time[48]; /* RFC 3339, UTC */
	char id[4 * LSM_ID_MAX];
	char comm[64];
	char object[4 * LSM_OBJECT_MAX];
	const char *hook, *topic, *verdict, *mode;
};
