/* SPDX-License-Identifier: GPL-2.0-or-later */
/* selftest - owns the proof that what is attached refuses: attaching alone proves nothing. */
#pragma once

#include <stdint.h>

struct error;
struct lsm;

#define SELFTEST_CGROUP                                                                            \
	UINT64_MAX /* no cgroup has this id: the child's entries and records are known by it */

/**
 * selftest_run() - A child in a user namespace of its own is registered, and must be refused what it may not have
 * @lsm:	the maps of programs that are attached
 * @sets:	of programs that are attached to these maps: 2 while one set takes the place of another
 *
 * With two sets a refusal proves nothing of the new one, as the kernel asks no further once the old one refused. In mode
 * audit all are asked, and each counts.
 *
 * It asks for a socket of AF_ALG and for a second user namespace: with nothing enforced it gets both, once in mode audit
 * (which must only count), then in mode enforce. Return: 0, or -EACCES saying what was not refused.
 */
int selftest_run(struct lsm *lsm, unsigned int sets, struct error *err);

/* Forgets the child of a self-test that was killed. */
void selftest_clear(struct lsm *lsm);
