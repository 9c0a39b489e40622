/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Fuzzes what a hook writes: the last line of it becomes a part of an error, whatever it holds. */
#include "fuzz.h"

#include "hooks.c" /* last_line(): its caller runs the hook */

static void check(const char *line, size_t size)
{
	FUZZ_CHECK(strlen(line) < size);
	FUZZ_CHECK(!*line || (strlen(line) > 2 && memcmp(line, ": ", 2) == 0));
	for (const char *p = line; *p; p++)
		FUZZ_CHECK(*p >= ' ' && *p <= '~');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct run run;
	char line[300];

	if (size > 2 * OUTPUT_MAX)
		return -1;
	run.output_len = size < OUTPUT_MAX ? size : OUTPUT_MAX;
	memcpy(run.output, data + size - run.output_len, run.output_len);
	check(last_line(&run, line, sizeof(line)), sizeof(line));
	return 0;
}
