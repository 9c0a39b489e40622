/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * bpf_lsm - owns a container's place in the BPF LSM layer: whether the layer is there or policy lets a container do without,
 * what it is told of the container, and when. How its maps are written: userspace/lib/lsm.h.
 */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "lsm.h"

struct cgroup;
struct container;
struct error;
struct policy;
struct state;

/**
 * bpf_lsm_open() - Find the layer, for create; have bulwarkctl load it where nobody did
 * @ret:	LSM_INIT, or for lsm_done()
 *
 * Return: 0; then bpf_lsm_is_there() tells whether policy had to make do without. Where policy requires it: -ENOTSUP with
 * what is missing and what to do about it on this host.
 */
int bpf_lsm_open(const struct policy *policy, struct lsm *ret, struct error *err);
bool bpf_lsm_is_there(const struct lsm *lsm);

/*
 * What bpf_lsm_register() will write goes on record first: the id of the container's cgroup, which exists by now. Or, that
 * the container is degraded.
 */
int bpf_lsm_plan(struct container *c, struct error *err);

/**
 * bpf_lsm_register() - Tell the layer about a container: nothing is refused to it yet
 *
 * Once its init is in its cgroup, with its ids mapped, and before it does anything: in a pod the policies of others hold
 * for whoever is in no registered cgroup. Where policy only prefers the layer, a failure makes the container degraded.
 */
int bpf_lsm_register(struct container *c, struct error *err);

/**
 * bpf_lsm_arm() - For start: enforce from init's next execve(2) on
 *
 * Return: 0; -ENOTSUP when the layer is gone since create, and policy requires it.
 */
int bpf_lsm_arm(int state_fd, struct state *state, struct error *err);

/* What exec needs: LSM_INIT where there is nothing to mark. The standard input, output and error may be opened again. */
int bpf_lsm_open_for_exec(const struct state *state, struct lsm *ret, struct error *err);

/* @pid (0: the caller), of one thread, is looked at only from its execve(2) on. */
int bpf_lsm_mark(struct lsm *lsm, pid_t pid, struct error *err);

/* At the end, when the container's processes are dead. Where the layer is gone, so is what it knew. */
int bpf_lsm_forget(const struct state *state, struct error *err);
