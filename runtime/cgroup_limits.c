/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cgroup_limits - owns limits that both versions of cgroups are told in the same words: huge pages and RDMA. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <unistd.h>

#include "cgroup_internal.h"
#include "error.h"
#include "fd.h"
#include "resources.h"
#include "str.h"

static int write_u64(int fd, const char *file, uint64_t value, struct error *err)
{
	char text[32];

	(void)str_format(text, sizeof(text), "%" PRIu64, value);
	return fd_write_file(fd, file, text, err);
}

/*
 * What is reserved, where the kernel counts that (Linux 5.7): mmap(2) then fails, where a fault would kill. What is
 * faulted in as well, as under runc: stats and other tools look there.
 */
static int limit_pages(int fd, const struct resources_hugepage *limit, const char *suffix,
		       struct error *err)
{
	char file[64], reserved[64];
	int r = 0;

	/* the parser has seen to it that a size is short, and digits with a unit */
	(void)str_format(file, sizeof(file), "hugetlb.%s.%s", limit->page_size, suffix);
	(void)str_format(reserved, sizeof(reserved), "hugetlb.%s.rsvd.%s", limit->page_size, suffix);
	if (faccessat(fd, file, F_OK, 0) < 0)
		return error_text(err, ENOTSUP, ".pageSize: this host has no huge pages of '%s'",
				  limit->page_size);
	if (faccessat(fd, reserved, F_OK, 0) == 0)
		r = write_u64(fd, reserved, limit->limit, err);
	if (r == 0)
		r = write_u64(fd, file, limit->limit, err);
	return r < 0 ? error_prefix(err, ": ") : 0;
}

int cgroup_limit_hugepages(int fd, const struct json_array *list, const char *suffix,
			   struct error *err)
{
	const struct resources_hugepage *items = list->items;
	char prefix[64];

	for (size_t i = 0; i < list->n; i++) {
		int r = limit_pages(fd, &items[i], suffix, err);

		if (r < 0) {
			(void)str_format(prefix, sizeof(prefix),
					 "linux.resources.hugepageLimits[%zu]", i);
			return error_prefix(err, prefix);
		}
	}
	return 0;
}

static const char *count_text(const struct opt_u32 *count, char *buf, size_t size)
{
	if (!count->set)
		return "max";
	(void)str_format(buf, size, "%" PRIu32, count->value);
	return buf;
}

int cgroup_limit_rdma(int fd, const struct json_array *list, struct error *err)
{
	const struct resources_rdma *items = list->items;
	char line[128], handles[16], objects[16];

	for (size_t i = 0; i < list->n; i++) {
		int r;

		(void)str_format(line, sizeof(line), "%s hca_handle=%s hca_object=%s",
				 items[i].device,
				 count_text(&items[i].hca_handles, handles, sizeof(handles)),
				 count_text(&items[i].hca_objects, objects, sizeof(objects)));
		r = fd_write_file(fd, "rdma.max", line, err);
		if (r == -ENODEV)
			return error_text(err, ENODEV,
					  "linux.resources.rdma['%s']: this host has no such device",
					  items[i].device);
		if (r < 0)
			return error_wrap(err, "linux.resources.rdma['%s']", items[i].device);
	}
	return 0;
}
