/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lsm_map - owns the bpf(2) calls on maps; -1 and errno on failure, as a libc wrapper would. For lsm.c. */
#pragma once

#include <linux/bpf.h>
#include <stdint.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static inline uint64_t lsm_map_pointer(const void *p)
{
	return (uint64_t)(uintptr_t)p;
}

static inline int lsm_bpf(enum bpf_cmd cmd, union bpf_attr *attr)
{
	return (int)syscall(SYS_bpf, cmd, attr, sizeof(*attr));
}

/* BPF_OBJ_GET: the descriptor is close-on-exec. */
static inline int lsm_map_open(const char *path)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.pathname = lsm_map_pointer(path);
	return lsm_bpf(BPF_OBJ_GET, &attr);
}

static inline int lsm_map_element(enum bpf_cmd cmd, int fd, const void *key, const void *value,
				  uint64_t flags)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.map_fd = (uint32_t)fd;
	attr.key = lsm_map_pointer(key);
	attr.value = lsm_map_pointer(value); /* next_key is in the same place */
	attr.flags = flags;
	return lsm_bpf(cmd, &attr);
}

static inline int lsm_map_lookup(int fd, const void *key, void *ret_value)
{
	return lsm_map_element(BPF_MAP_LOOKUP_ELEM, fd, key, ret_value, 0);
}

static inline int lsm_map_update(int fd, const void *key, const void *value, uint64_t flags)
{
	return lsm_map_element(BPF_MAP_UPDATE_ELEM, fd, key, value, flags);
}

static inline int lsm_map_delete(int fd, const void *key)
{
	return lsm_map_element(BPF_MAP_DELETE_ELEM, fd, key, NULL, 0);
}

/* Several at once, Linux 5.6: all of them, or -1 and in @ret_done how many. */
static inline int lsm_map_update_batch(int fd, const void *keys, const void *values, uint32_t n,
				       uint32_t *ret_done)
{
	union bpf_attr attr;
	int r;

	memset(&attr, 0, sizeof(attr));
	attr.batch.map_fd = (uint32_t)fd;
	attr.batch.keys = lsm_map_pointer(keys);
	attr.batch.values = lsm_map_pointer(values);
	attr.batch.count = n;
	r = lsm_bpf(BPF_MAP_UPDATE_BATCH, &attr);
	*ret_done = attr.batch.count;
	return r;
}

/* Linux 5.14 */
static inline int lsm_map_take(int fd, const void *key, void *ret_value)
{
	return lsm_map_element(BPF_MAP_LOOKUP_AND_DELETE_ELEM, fd, key, ret_value, 0);
}

/* @key NULL: the first. ENOENT behind the last. */
static inline int lsm_map_next(int fd, const void *key, void *ret_key)
{
	return lsm_map_element(BPF_MAP_GET_NEXT_KEY, fd, key, ret_key, 0);
}
