/* SPDX-License-Identifier: GPL-2.0-or-later */
/* listen_fds - see listen_fds.h. */
#include "listen_fds.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "arena.h"
#include "error.h"
#include "process.h"
#include "str.h"

#define LISTEN_FDS_MAX 1024

int listen_fds_count(uint32_t *ret, struct error *err)
{
	const char *fds = getenv("LISTEN_FDS"), *pid = getenv("LISTEN_PID");
	char shown[64];
	uint32_t n;

	*ret = 0;
	if (!fds || !pid || parse_u32(pid, &n) < 0 || n != (uint32_t)getpid())
		return 0;
	if (parse_u32(fds, &n) < 0)
		return error_text(err, EINVAL, "LISTEN_FDS: '%s' is not a number",
				  str_quote(fds, shown, sizeof(shown)));
	if (n > LISTEN_FDS_MAX)
		return error_text(err, E2BIG, "LISTEN_FDS: %u is more than %d", n, LISTEN_FDS_MAX);
	*ret = n;
	return 0;
}

int listen_fds_add_env(struct arena *arena, struct process *process, uint32_t count, struct error *err)
{
	const char *names = getenv("LISTEN_FDNAMES");
	char number[16];
	int r;

	if (count == 0)
		return 0;
	(void)str_format(number, sizeof(number), "%u", count);
	r = process_add_env(arena, process, "LISTEN_FDS", number, err);
	if (r == 0) /* it is the container's first process: of what it has of it here, nothing matters */
		r = process_add_env(arena, process, "LISTEN_PID", "1", err);
	if (r == 0 && names)
		r = process_add_env(arena, process, "LISTEN_FDNAMES", names, err);
	return r;
}
