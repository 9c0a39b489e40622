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
	char *base = data;

	(void)size;
	for (int i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *segment = &info->dlpi_phdr[i];
		uintptr_t offset = segment->p_vaddr & (page - 1);
		uintptr_t begin = info->dlpi_addr + segment->p_vaddr - offset;

		if (segment->p_type != PT_LOAD || segment->p_flags & PF_W)
			continue;
		/* a wish, no more */
		(void)madvise(base + (begin - (uintptr_t)base), segment->p_memsz + offset,
			      MADV_DONTNEED);
	}
	return 1; /* the program itself comes first; a dynamic build's libraries are others', too */
}

extern char __executable_start; /* of the linker: the program's first byte */

void trim_program(void)
{
	(void)dl_iterate_phdr(trim_segments, &__executable_start);
}
