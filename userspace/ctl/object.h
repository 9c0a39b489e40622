/* SPDX-License-Identifier: GPL-2.0-or-later */
/* object - owns the BPF object that bulwarkctl carries, and its way into the kernel. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "abi.h"

struct bpf_object;
struct error;
struct lsm;

struct object {
	struct bpf_object *bpf;
	struct bpf_link *links[LSM_HOOK_COUNT]; /* NULL: the kernel has no such hook */
};

/**
 * object_load() - Load the programs that this kernel has hooks for, and attach them
 * @reuse:	use these maps, which other programs use, too; NULL: new ones
 * @debug:	print what libbpf and the verifier say
 * @ret:	for object_done(), which detaches what was not pinned
 *
 * Return: 0, or -errno; -EPROTO when a map of @reuse has another layout than these programs want.
 */
int object_load(const struct lsm *reuse, bool debug, struct object *ret, struct error *err);

/* The maps of a loaded object, for the functions of lsm.h; descriptors are borrowed from it. */
int object_maps(const struct object *object, struct lsm *ret, struct error *err);

/* Pin into a folder that exists. */
int object_pin_maps(const struct object *object, const char *folder, struct error *err);
int object_pin_links(const struct object *object, const char *folder, struct error *err);

void object_done(struct object *object);
