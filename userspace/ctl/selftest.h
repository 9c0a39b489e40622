/* SPDX-License-Identifier: GPL-2.0-or-later */
/* selftest - owns the proof that what is attached refuses: attaching alone proves nothing. */
#pragma once

struct error;
struct lsm;

/**
 * selftest_run() - A child in a user namespace of its own is registered, and must be refused what it may not have
 * @lsm:	the maps of programs that are attached
 *
 * It asks for a socket of AF_ALG and for a second user namespace: with nothing enforced it gets both, once in mode audit
 * (which must only count), then in mode enforce. Return: 0, or -EACCES saying what was not refused.
 */
int selftest_run(struct lsm *lsm, struct error *err);
