/* SPDX-License-Identifier: GPL-2.0-or-later */
/* idrange_host - see idrange_host.h. */
#include "idrange_host.h"

#include <errno.h>
#include <sys/stat.h>

#include "accounts.h"
#include "error.h"
#include "idrange.h"

#define LOCAL_IDS_FIRST                                                                            \
	65536U /* below are the host's own accounts, whether passwd(5) names them or not */

/* Kubernetes, "User Namespaces": pods get 64K blocks from 65536 on unless /etc/subuid names the kubelet. */
#define KUBELET_FIRST 65536U
#define KUBELET_SIZE                                                                               \
	(1024U * 65536U) /* --max-pods is 110 by default; a thousand is the largest in practice */

/* ---- ids that are somebody's ------------------------------------------------------------------ */

void taken_mark(struct taken *taken, uint64_t first, uint64_t size)
{
	uint64_t end = first + size;

	if (size == 0 || end <= IDRANGE_FIRST)
		return;
	first = first < IDRANGE_FIRST ? 0 : (first - IDRANGE_FIRST) / IDRANGE_SIZE;
	end = (end - 1 - IDRANGE_FIRST) / IDRANGE_SIZE;
	for (uint64_t block = first; block <= end && block < BLOCKS; block++)
		taken->bits[block / 8] |= (uint8_t)(1U << (block % 8));
}

bool taken_has(const struct taken *taken, size_t block)
{
	return taken->bits[block / 8] & (1U << (block % 8));
}

/* Files of accounts, and in which fields of them there are ids. */
static const struct id_file {
	const char *name;
	size_t fields[2]; /* 0: none */
	bool spans;	  /* "owner:first:size" instead */
} id_files[] = {
	{ "passwd", { 2, 3 }, false },
	{ "group", { 2, 0 }, false },
	{ "subuid", { 0, 0 }, true },
	{ "subgid", { 0, 0 }, true },
};

static void mark_file(struct taken *taken, const struct id_file *kind,
		      const struct accounts_file *file)
{
	struct accounts_field f[4] = { 0 };
	size_t n_fields = kind->fields[1] ? kind->fields[1] + 1 : 3;
	struct id_span span;
	uint32_t id;

	for (size_t cursor = 0; accounts_next(file, &cursor, f, n_fields);) {
		if (kind->spans && accounts_span(f, &span))
			taken_mark(taken, span.first, span.size);
		for (size_t i = 0; !kind->spans && i < 2; i++)
			if (kind->fields[i] && accounts_field_u32(&f[kind->fields[i]], &id))
				taken_mark(taken, id, 1);
	}
}

int taken_mark_host(struct taken *taken, const struct idrange_host *host, struct error *err)
{
	struct stat st;

	*taken = (struct taken){ 0 };
	for (size_t i = 0; i < sizeof(id_files) / sizeof(id_files[0]); i++) {
		struct accounts_file file = { 0 };
		int r = accounts_read(host->etc_path, id_files[i].name, &file, err);

		if (r < 0)
			return r;
		mark_file(taken, &id_files[i], &file);
		accounts_done(&file);
	}
	if (stat(host->kubelet_path, &st) == 0)
		taken_mark(taken, KUBELET_FIRST, KUBELET_SIZE);
	return 0;
}

/* ---- mappings that a spec brings -------------------------------------------------------------- */

bool foreign_touches(const struct foreign *foreign, uint64_t first, uint64_t size)
{
	return first < foreign->end && foreign->first < first + size;
}

/* Ranges of "containers" and "kubelet" are there to be mapped by Podman and the kubelet; those of people are not. */
static int check_line(const struct foreign *foreign, const struct id_file *kind,
		      const struct accounts_field *f, const struct accounts_file *passwd,
		      struct error *err)
{
	struct id_span span;
	uint32_t id;

	for (size_t i = 0; !kind->spans && i < 2; i++)
		if (kind->fields[i] && accounts_field_u32(&f[kind->fields[i]], &id) &&
		    foreign_touches(foreign, id, 1))
			return error_text(err, EPERM,
					  "host ids from %ju on cannot be mapped: id %u is in /etc/%s of this host",
					  (uintmax_t)foreign->first, id, kind->name);
	if (!kind->spans || !accounts_span(f, &span) ||
	    !foreign_touches(foreign, span.first, span.size))
		return 0;
	if (accounts_field_is(&f[0], "kubelet") || !accounts_has(passwd, &f[0]))
		return 0;
	return error_text(err, EPERM,
			  "host ids from %ju on cannot be mapped: /etc/%s gives %u and up to a local account",
			  (uintmax_t)foreign->first, kind->name, span.first);
}

int foreign_check(const struct idrange_host *host, const struct foreign *foreign, struct error *err)
{
	struct accounts_file passwd = { 0 };
	int r;

	if (foreign->first == foreign->end || foreign->end > UINT32_MAX)
		return error_text(err, EINVAL, "%ju host ids from %ju on are no range",
				  (uintmax_t)(foreign->end - foreign->first),
				  (uintmax_t)foreign->first);
	if (foreign->first < LOCAL_IDS_FIRST)
		return error_text(err, EPERM,
				  "host ids from %ju on cannot be mapped: those below %u are the host's own accounts",
				  (uintmax_t)foreign->first, LOCAL_IDS_FIRST);
	r = accounts_read(host->etc_path, "passwd", &passwd, err);

	for (size_t i = 0; r == 0 && i < sizeof(id_files) / sizeof(id_files[0]); i++) {
		const struct id_file *kind = &id_files[i];
		size_t cursor = 0, n_fields = kind->fields[1] ? kind->fields[1] + 1 : 3;
		struct accounts_field f[4] = { 0 };
		struct accounts_file file = { 0 };

		r = accounts_read(host->etc_path, kind->name, &file, err);
		while (r == 0 && accounts_next(&file, &cursor, f, n_fields))
			r = check_line(foreign, kind, f, &passwd, err);
		accounts_done(&file);
	}
	accounts_done(&passwd);
	return r;
}
