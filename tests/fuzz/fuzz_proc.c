/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fuzzes /proc/PID/stat: as any bytes, and as the kernel writes it for a process whose name is the input. No name may
 * change what is read: by the start time the runtime tells a container's init from another process with its number.
 */
#include "fuzz.h"

#include "proc.c" /* parse_stat(): its caller opens /proc/PID/stat */

static void check_any(const uint8_t *data, size_t size)
{
	char *line = strndup((const char *)data, size);
	uint64_t start = 7;
	char shown = 'x';

	FUZZ_CHECK(line);
	if (parse_stat(line, &start, &shown) < 0)
		FUZZ_CHECK(start == 7 && shown == 'x');
	else
		FUZZ_CHECK(memchr(data, shown, size) || (shown == 'S' && memchr(data, 'Z', size)));
	free(line);
}

/* prctl(2) PR_SET_NAME takes 15 bytes, any but NUL; a kernel thread's name may be longer. */
static void check_name(const uint8_t *data, size_t size)
{
	_cleanup_free_ char *name = strndup((const char *)data, size);
	_cleanup_free_ char *line = NULL;
	uint64_t start = 0;
	char shown = 0;

	FUZZ_CHECK(name);
	line = str_dupf("42 (%s) S 1 42 42 0 -1 4194560 99 0 0 0 1 2 0 0 20 0 1 0 %zu 2371584 133 "
			"18446744073709551615 1 1 0 0 0 0 0 0 0 0 0 0 17 1 0 0 0 0 0\n",
			name, size);
	FUZZ_CHECK(line);
	FUZZ_CHECK(parse_stat(line, &start, &shown) == 0 && start == size && shown == 'S');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size > STAT_MAX)
		return -1;
	check_any(data, size);
	check_name(data, size);
	return 0;
}
