/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Fuzzes what a hook writes: the last line of it becomes a part of an error, whatever it holds. */
#include "fuzz.h"

#include "hooks.c" /* verdict(): its caller runs the hook */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct program_end end;
	struct error err = ERROR_INIT;

	if (size > 2 * PROGRAM_OUTPUT_MAX)
		return -1;
	end.exited = true;
	end.status = 1;
	end.output_len = size < PROGRAM_OUTPUT_MAX ? size : PROGRAM_OUTPUT_MAX;
	memcpy(end.output, data + size - end.output_len, end.output_len);
	FUZZ_CHECK(verdict(&end, &err) == -EIO);
	FUZZ_CHECK(str_eq(err.msg, "exit status 1") || str_after(err.msg, "exit status 1: "));
	for (const char *p = err.msg; *p; p++)
		FUZZ_CHECK(*p >= ' ' && *p <= '~');
	return 0;
}
