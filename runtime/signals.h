/* SPDX-License-Identifier: GPL-2.0-or-later */
/* signals - owns the names of signals: "SIGTERM", "TERM", "15", "RTMIN+3". */
#pragma once

struct error;

#define SIGNALS_MAX 64 /* highest number on Linux, signal(7) */

/**
 * signals_parse() - A name or number as engines and people write it
 * @text:	name with or without SIG, in any case; RTMIN, RTMIN+N, RTMAX, RTMAX-N; or 0 (only
 *		check) to SIGNALS_MAX
 *
 * Return: 0, or -EINVAL; @ret_signal changes on success only.
 */
int signals_parse(const char *text, int *ret_signal, struct error *err);
