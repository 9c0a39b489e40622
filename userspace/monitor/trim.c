/* SPDX-License-Identifier: GPL-2.0-or-later */
/* trim - see trim.h. */
#include "trim.h"

#include <link.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

/* Only what is never written to: a page that was (relocations) has no other copy. */
static int trim_segments(struct dl_phdr_info *info, size_t size, void *data)
{
	const uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);

	(void)size;
	(void)data;
	for (int i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *segment = &info->dlpi_phdr[i];
		uintptr_t begin = info->dlpi_addr + segment->p_vaddr;
		uintptr_t end = begin + segment->p_memsz;

		if (segment->p_type != PT_LOAD || segment->p_flags & PF_W)
			continue;
		begin &= ~(page - 1);
		(void)madvise((void *)begin, end - begin, MADV_DONTNEED); /* a wish, no more */
	}
	return 1; /* the program itself comes first; a dynamic build's libraries are others', too */
}

void trim_program(void)
{
	(void)dl_iterate_phdr(trim_segments, NULL);
}
