/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * monitor - owns the runtime's side of bulwark-monitor: starting it, mounting its files, ending it.
 *
 * A host that cannot have it (no /dev/fuse, the program is not installed) gets a container without, which is marked as
 * degraded: what these files say protects nobody.
 */
#pragma once

struct container;
struct error;
struct state;

/**
 * monitor_start() - Execute it, in the host's namespaces and without any descriptor of ours
 *
 * Before R is anywhere else. It ends when R dies before monitor_commit(), and with the container's init after it.
 */
void monitor_start(struct container *c);

/* Of an engine's overlay: what the twin is to be kept in step with. */
void monitor_keep_engine(struct container *c);

/* As soon as there are a user namespace and a cgroup: it builds its file system there and serves it, while R mounts. */
void monitor_build(struct container *c);

/**
 * monitor_mount() - Put its files over those of the container's procfs and sysfs, read-only where these are
 *
 * After masks: what is masked, or is not procfs or sysfs at all, is left as it is.
 */
int monitor_mount(struct container *c, struct error *err);

/* Before the seal: from now on it is the container's. -EPIPE: it died, and its files with it. */
int monitor_commit(struct container *c, struct error *err);

/* It ends by itself when init is dead: waits for that, and kills it if it takes too long. */
void monitor_end(const struct state *state);
